// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)
)]

extern crate alloc;

pub mod ir;

pub use ir::{
    segment, segments, Constant, Context, DType, Op, OpKind, Program, Segment, SegmentKind, Shape, TensorType, Value, MAX_RANK,
};
