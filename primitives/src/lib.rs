// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)
)]

extern crate alloc;

pub mod commitment;
pub mod device;
pub mod draw;
pub mod enrol;
pub mod hash;
pub mod ids;
pub mod job;
pub mod offence;
pub mod plant;
pub mod slice;
pub mod traits;

pub use hash::{tagged, tags};
pub use ids::{Account, Balance, BlobId, BlockNumber, DisputeId, Height, JobId, ShardId, QRN};
