// SPDX-License-Identifier: Apache-2.0
//! The number scheme of the models: `i8` mantissas that share one exponent, the least that makes the largest of them fit, found
//! by a max-abs reduction; fixed point everywhere else.

use quern_program::{DType, ProgramBuilder, Var};

/// Mantissas and their exponent, one `i32`.
#[derive(Clone, Copy)]
pub(crate) struct Mantissas {
    pub x: Var,
    pub exponent: Var,
}

/// How a shift rounds.
#[derive(Clone, Copy)]
pub(crate) enum Rounding {
    Nearest,
    Stochastic,
}

impl Rounding {
    pub fn shift(self, b: &mut ProgramBuilder, x: Var, by: Var) -> Var {
        match self {
            Self::Nearest => b.shift_round(x, by),
            Self::Stochastic => b.shift_stochastic(x, by),
        }
    }
}

/// The `i8` mantissas of a tensor. Small numbers are shifted left: an exponent may be negative.
pub(crate) fn mantissas(b: &mut ProgramBuilder, x: Var, rounding: Rounding) -> Mantissas {
    scaled(b, x, DType::I8, rounding)
}

/// The `i16` mantissas of a tensor, for products of elements.
pub(crate) fn mantissas_16(b: &mut ProgramBuilder, x: Var, rounding: Rounding) -> Mantissas {
    scaled(b, x, DType::I16, rounding)
}

fn scaled(b: &mut ProgramBuilder, x: Var, dtype: DType, rounding: Rounding) -> Mantissas {
    let largest = b.max_abs(x);
    let bits = b.bit_length(largest);
    let without_sign = dtype.bytes() as i32 * 8 - 1;
    let exponent = add_number(b, bits, -without_sign);
    let x = rounding.shift(b, x, exponent);
    Mantissas { x: b.cast(x, dtype), exponent }
}

/// `x`, which stands for `x * 2^(exponent - from)`, as a number with `to` fractional bits.
pub(crate) fn to_frac_bits(
    b: &mut ProgramBuilder,
    x: Var,
    exponent: Var,
    from: i32,
    to: i32,
    rounding: Rounding,
) -> Var {
    let all = b.scalar(from - to);
    let shift = b.sub(all, exponent);
    rounding.shift(b, x, shift)
}

pub(crate) fn shift_right(b: &mut ProgramBuilder, x: Var, by: i32) -> Var {
    let by = b.scalar(by);
    b.shift_round(x, by)
}

pub(crate) fn add_number(b: &mut ProgramBuilder, x: Var, number: i32) -> Var {
    let number = b.scalar(number);
    b.add(x, number)
}
