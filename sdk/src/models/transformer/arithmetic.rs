// SPDX-License-Identifier: Apache-2.0
//! Tensors with a scale, so that the passes read as formulas.

use super::super::numbers::{mantissas, mantissas_16, shift_right, to_frac_bits, Mantissas, Rounding};
use quern_program::{ProgramBuilder, Var};

/// A tensor that stands for `x * 2^(exponent - frac_bits)`, or `x * 2^-frac_bits` without an exponent.
#[derive(Clone, Copy)]
pub(super) struct Scaled {
    pub x: Var,
    pub exponent: Option<Var>,
    pub frac_bits: i32,
}

impl Scaled {
    /// Fixed point.
    pub fn fixed(x: Var, frac_bits: i32) -> Self {
        Self { x, exponent: None, frac_bits }
    }

    /// The same scale on what `f` makes of the tensor.
    pub fn map(self, f: impl FnOnce(Var) -> Var) -> Self {
        Self { x: f(self.x), ..self }
    }

    /// This divided by `2^bits`.
    pub fn halved(self, bits: i32) -> Self {
        Self { frac_bits: self.frac_bits + bits, ..self }
    }

    /// Rows become columns.
    pub fn transposed(self, b: &mut ProgramBuilder) -> Self {
        self.map(|x| if x.shape().rank() == 2 { b.transpose(x) } else { b.permute(x, &[0, 1, 3, 2]) })
    }

    fn with(self, b: &mut ProgramBuilder, Mantissas { x, exponent }: Mantissas) -> Self {
        let exponent = match self.exponent {
            Some(before) => b.add(exponent, before),
            None => exponent,
        };
        Self { x, exponent: Some(exponent), ..self }
    }

    /// As `i8` mantissas.
    pub fn i8(self, b: &mut ProgramBuilder, rounding: Rounding) -> Self {
        let mantissas = mantissas(b, self.x, rounding);
        self.with(b, mantissas)
    }

    /// As `i16` mantissas.
    pub fn i16(self, b: &mut ProgramBuilder, rounding: Rounding) -> Self {
        let mantissas = mantissas_16(b, self.x, rounding);
        self.with(b, mantissas)
    }

    /// As `i32` with `to` fractional bits.
    pub fn to_fixed(self, b: &mut ProgramBuilder, to: i32, rounding: Rounding) -> Var {
        match self.exponent {
            Some(exponent) => to_frac_bits(b, self.x, exponent, self.frac_bits, to, rounding),
            None => shift_right(b, self.x, self.frac_bits - to),
        }
    }
}

/// `a` times the transpose of `b`.
pub(super) fn product(builder: &mut ProgramBuilder, a: Scaled, b: Scaled) -> Scaled {
    let exponent = match (a.exponent, b.exponent) {
        (Some(a), Some(b)) => Some(builder.add(a, b)),
        (a, b) => a.or(b),
    };
    Scaled { x: builder.matmul_nt(a.x, b.x), exponent, frac_bits: a.frac_bits + b.frac_bits }
}

/// The gradient of a product's right argument `w [n, k]`, from that of the result `[m, n]` and the left argument `[m, k]`.
pub(super) fn by_weights(builder: &mut ProgramBuilder, result: Scaled, left: Scaled) -> Scaled {
    let (result, left) = (result.transposed(builder), left.transposed(builder));
    product(builder, result, left)
}
