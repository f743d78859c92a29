// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)
)]

extern crate alloc;

pub mod collateral;
pub mod dispute;
pub mod evidence;
pub mod inputs;
#[cfg(feature = "json")]
pub mod json;
mod moment;
pub mod params;
pub mod record;
pub mod referee;
pub mod shard;
pub mod traits;
pub mod view;

pub use dispute::{Dispute, DisputeError};
pub use moment::Moment;
pub use params::Params;
pub use shard::{Shard, ShardError};
