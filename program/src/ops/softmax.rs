// SPDX-License-Identifier: Apache-2.0
//! Softmax with I-BERT's integer exponential (arXiv 2101.01321): `u32` arithmetic only, and nothing in it overflows.

use super::{at, matrix, matrix_of, split, unary, Call, Operator, Run, TypeError};
use crate::{DType, TensorType};
use alloc::{vec, vec::Vec};

/// Most fractional bits of the input.
pub const MAX_SOFTMAX_FRAC_BITS: u8 = 24;
/// Longest row: the sum of as many exponentials stays below 2^32.
pub const MAX_SOFTMAX_COLUMNS: u32 = 32_768;
/// Cost of one element against a multiplication.
const SOFTMAX_MACS: u64 = 8;

/// ln 2 with 16 fractional bits.
const LN_2: u32 = 45_426;
/// 1.353 with 16 fractional bits.
const ROOT: u32 = 88_670;
/// 0.3585 with 15 fractional bits.
const FACTOR: u32 = 11_747;
/// 0.344 with 16 fractional bits.
const OFFSET: u32 = 22_544;

/// `exp(-distance)` with 16 fractional bits, where `distance` has `frac_bits` (at most 24) of them. All on `u32`:
///
/// ```text
/// 0                                     if distance >= 16 << frac_bits
/// d = distance << (16 - frac_bits)      (>> (frac_bits - 16) if frac_bits > 16)
/// z = d / 45426                         whole multiples of ln 2
/// t = (88670 - (d - z * 45426)) >> 1    below 2^16
/// e = ((((t * t) >> 14) * 11747) >> 15) + 22544
/// e >> z
/// ```
#[inline]
pub fn exp_q16(distance: u32, frac_bits: u8) -> u32 {
    let frac_bits = u32::from(frac_bits.min(MAX_SOFTMAX_FRAC_BITS));
    if distance >= 16u32.wrapping_shl(frac_bits) {
        return 0;
    }
    let d = match 16u32.checked_sub(frac_bits) {
        Some(left) => distance.wrapping_shl(left),
        None => distance.wrapping_shr(frac_bits.wrapping_sub(16)),
    };
    let z = d.checked_div(LN_2).unwrap_or(0);
    let t = ROOT.wrapping_sub(d.wrapping_sub(z.wrapping_mul(LN_2))).wrapping_shr(1);
    let e = t.wrapping_mul(t).wrapping_shr(14).wrapping_mul(FACTOR).wrapping_shr(15).wrapping_add(OFFSET);
    e.wrapping_shr(z)
}

/// An exponential's part of a row's sum of them, with 15 fractional bits: `((e << 15) + (sum >> 1)) / sum`; 0 when the sum is 0.
#[inline]
pub fn softmax_q15(e: u32, sum: u32) -> i32 {
    softmax_q15_by(e, sum, |numerator| numerator.checked_div(sum).unwrap_or(0))
}

/// The same where the caller divides by the sum: it may know a faster way to do so for a whole row.
#[inline]
pub fn softmax_q15_by(e: u32, sum: u32, divide: impl FnOnce(u32) -> u32) -> i32 {
    divide(e.wrapping_shl(15).wrapping_add(sum.wrapping_shr(1))) as i32
}

/// Softmax of each row.
pub(super) struct Softmax {
    pub frac_bits: u8,
}

impl Operator for Softmax {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        let x = unary(args)?;
        if x.dtype != DType::I32 {
            return Err(TypeError::DType(0));
        }
        let (_, columns) = matrix(x, 0)?;
        if self.frac_bits > MAX_SOFTMAX_FRAC_BITS || columns > MAX_SOFTMAX_COLUMNS {
            return Err(TypeError::Attribute);
        }
        Ok(x)
    }

    fn element<E>(
        &self,
        call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        let (_, columns) = matrix_of(call, 0);
        let (row, column) = split(index, columns);
        let mut values = Vec::new();
        for i in 0..columns {
            values.push(read(0, at(row, columns, i))?);
        }
        let max = values.iter().copied().max().unwrap_or(0);
        // The difference of two i32 fits a u32 exactly.
        let exp = |x: i32| exp_q16(max.wrapping_sub(x) as u32, self.frac_bits);
        let sum = values.iter().fold(0u32, |sum, x| sum.wrapping_add(exp(*x)));
        let own = usize::try_from(column).ok().and_then(|column| values.get(column)).map_or(0, |x| exp(*x));
        Ok(softmax_q15(own, sum))
    }

    fn runs(&self, args: &[TensorType]) -> Vec<Run> {
        vec![Run::one(0, args.first().map_or(0, |x| u64::from(x.shape.last())))]
    }

    fn cost_macs(&self, _args: &[TensorType], output: TensorType) -> u64 {
        output.elements().saturating_mul(SOFTMAX_MACS)
    }
}
