// SPDX-License-Identifier: Apache-2.0
//! Operators that compute each element from the elements at the same place.

use super::{binary, split, unary, Call, Operator, Run, TypeError};
use crate::{ops::random::random_word, tensor::saturate, DType, TensorType};
use alloc::{vec, vec::Vec};

/// Cost of a random word against a multiplication.
pub(super) const RANDOM_MACS: u64 = 8;

/// How the second argument of an elementwise operator is repeated to the shape of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broadcast {
    /// Same shape.
    Same,
    /// One element for all.
    One,
    /// One element for each place of the last axis: b is `[N]` and a is `[.., N]`.
    Last,
    /// One element for each place of all axes but the last: b is as a with a last axis of 1.
    AllButLast,
}

impl Broadcast {
    /// The element of b that belongs to element `index` of a, where the last axis of a has `last` places.
    pub fn index(self, index: u64, last: u64) -> u64 {
        match self {
            Self::Same => index,
            Self::One => 0,
            Self::Last => split(index, last).1,
            Self::AllButLast => split(index, last).0,
        }
    }
}

/// How b is repeated to the shape of a; none when it does not fit. Where several ways fit they mean the same.
pub fn broadcast(a: TensorType, b: TensorType) -> Option<Broadcast> {
    if a.shape == b.shape {
        Some(Broadcast::Same)
    } else if b.elements() == 1 {
        Some(Broadcast::One)
    } else if b.shape.rank() == 1 && b.shape.last() == a.shape.last() {
        Some(Broadcast::Last)
    } else if b.shape == a.shape.with_dim(a.shape.rank().saturating_sub(1), 1) {
        Some(Broadcast::AllButLast)
    } else {
        None
    }
}

/// `a / b` rounded towards zero; 0 when b is 0, `MIN` for `MIN / -1`.
#[inline]
pub fn divide(a: i32, b: i32) -> i32 {
    if b == 0 {
        0
    } else {
        a.checked_div(b).unwrap_or(i32::MIN)
    }
}

/// Number of bits of `|x|`.
#[inline]
pub fn bit_length(x: i32) -> i32 {
    u32::BITS.saturating_sub(x.unsigned_abs().leading_zeros()) as i32
}

/// The square root of x, rounded down; 0 when x is negative.
#[inline]
pub fn sqrt(x: i32) -> i32 {
    x.max(0).unsigned_abs().isqrt() as i32
}

/// `x / 2^s` rounded to nearest, halves up. s is clamped to -31..=31; a negative one shifts left, wrapping.
#[inline]
pub fn shift_round(x: i32, s: i32) -> i32 {
    shift(x, s, |x, s| x.wrapping_shr(s.wrapping_sub(1)) & 1)
}

/// `x / 2^s` rounded down, and up instead when the bits cut off exceed the same number of low bits of `random`: with a
/// probability equal to the fraction cut off. s as in [`shift_round`].
#[inline]
pub fn shift_stochastic(x: i32, s: i32, random: u32) -> i32 {
    shift(x, s, |x, s| {
        let mask = 1u32.wrapping_shl(s).wrapping_sub(1);
        i32::from((x as u32 & mask) > (random & mask))
    })
}

#[inline]
fn shift(x: i32, s: i32, up: impl FnOnce(i32, u32) -> i32) -> i32 {
    let s = s.clamp(-31, 31);
    if s <= 0 {
        x.wrapping_shl(s.unsigned_abs())
    } else {
        let s = s.unsigned_abs();
        x.wrapping_shr(s).wrapping_add(up(x, s))
    }
}

fn infer_binary(args: &[TensorType]) -> Result<TensorType, TypeError> {
    let (a, b) = binary(args)?;
    broadcast(a, b).ok_or(TypeError::Shape(1))?;
    Ok(TensorType::new(DType::I32, a.shape))
}

fn read_binary<E>(
    call: &Call<'_>,
    index: u64,
    read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
) -> Result<(i32, i32), E> {
    let second = match *call.args.as_slice() {
        [a, b] => broadcast(a, b).map_or(0, |b| b.index(index, u64::from(a.shape.last()))),
        _ => 0,
    };
    Ok((read(0, index)?, read(1, second)?))
}

/// An operator on two numbers.
pub(super) struct Binary(pub fn(i32, i32) -> i32);

impl Operator for Binary {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        infer_binary(args)
    }

    fn element<E>(
        &self,
        call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        let (a, b) = read_binary(call, index, read)?;
        Ok((self.0)(a, b))
    }

    fn runs(&self, _args: &[TensorType]) -> Vec<Run> {
        vec![Run::one(0, 1), Run::one(1, 1)]
    }
}

/// The stochastic rounding shift.
pub(super) struct Stochastic;

impl Operator for Stochastic {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        infer_binary(args)
    }

    fn element<E>(
        &self,
        call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        let (x, s) = read_binary(call, index, read)?;
        Ok(shift_stochastic(x, s, random_word(&call.key, index)))
    }

    fn runs(&self, _args: &[TensorType]) -> Vec<Run> {
        vec![Run::one(0, 1), Run::one(1, 1)]
    }

    fn cost_macs(&self, _args: &[TensorType], output: TensorType) -> u64 {
        output.elements().saturating_mul(RANDOM_MACS)
    }
}

/// An operator on one number.
pub(super) enum Unary {
    /// Limits to a range.
    Clamp(i32, i32),
    /// Limits to a type.
    Cast(DType),
    /// Counts bits.
    BitLength,
    /// Square root.
    Sqrt,
}

impl Operator for Unary {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        let x = unary(args)?;
        let dtype = match *self {
            Self::Clamp(lo, hi) if lo > hi => return Err(TypeError::Attribute),
            Self::Cast(dtype) => dtype,
            Self::Clamp(..) | Self::BitLength | Self::Sqrt => DType::I32,
        };
        Ok(TensorType::new(dtype, x.shape))
    }

    fn element<E>(
        &self,
        _call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        let x = read(0, index)?;
        Ok(match *self {
            Self::Clamp(lo, hi) => x.max(lo).min(hi),
            Self::Cast(dtype) => saturate(dtype, x),
            Self::BitLength => bit_length(x),
            Self::Sqrt => sqrt(x),
        })
    }

    fn runs(&self, _args: &[TensorType]) -> Vec<Run> {
        vec![Run::one(0, 1)]
    }
}

/// A function of an `i8` by its 256 values.
pub(super) struct Table;

impl Operator for Table {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        let (x, table) = binary(args)?;
        if x.dtype != DType::I8 {
            return Err(TypeError::DType(0));
        }
        if *table.shape.dims() != [256] {
            return Err(TypeError::Shape(1));
        }
        Ok(TensorType::new(table.dtype, x.shape))
    }

    fn element<E>(
        &self,
        _call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        let entry = read(0, index)?.saturating_add(128).clamp(0, 255);
        read(1, u64::from(entry.unsigned_abs()))
    }

    fn runs(&self, _args: &[TensorType]) -> Vec<Run> {
        vec![Run::one(0, 1), Run::one(1, 1)]
    }
}
