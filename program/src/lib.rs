// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)
)]

extern crate alloc;

pub mod builder;
pub mod check;
mod images;
pub mod ir;
pub mod ops;
pub mod proof;
pub mod reference;
pub mod tensor;

#[cfg(feature = "std")]
pub mod arbitrary;
#[cfg(test)]
mod tests;

pub use builder::{ProgramBuilder, Var};
pub use check::{
    Checked, OperatorError, ProgramError, Summary, MAX_CONVICTION_BYTES, MAX_INPUTS, MAX_PROGRAM_BYTES,
    MAX_TENSOR_BYTES,
};
pub use ir::{
    segment, segments, Constant, Context, DType, Op, OpKind, Program, Segment, SegmentKind, Shape, TensorType, Value,
    MAX_RANK,
};
pub use ops::{Call, Run, TypeError, Window2d};
pub use tensor::{decode_element, encode_element, Tensor};
