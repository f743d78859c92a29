// SPDX-License-Identifier: Apache-2.0
//! The matrix product, of one matrix or of many.

use super::{at, binary, split, Call, Operator, Run, TypeError};
use crate::{DType, TensorType};
use alloc::{vec, vec::Vec};

/// `a [.., M, K]` times the transpose of `b [.., N, K]`, for each place of the axes before the last two.
pub(super) struct MatmulNt;

/// Rows and columns of the matrices that a tensor consists of.
fn matrices(ty: TensorType) -> Option<(u32, u32)> {
    match *ty.shape.dims() {
        [.., rows, columns] => Some((rows, columns)),
        _ => None,
    }
}

impl Operator for MatmulNt {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        let (a, b) = binary(args)?;
        for (arg, ty) in [(0, a), (1, b)] {
            if ty.dtype != DType::I8 {
                return Err(TypeError::DType(arg));
            }
        }
        matrices(a).ok_or(TypeError::Rank(0))?;
        let (n, _) = matrices(b).ok_or(TypeError::Rank(1))?;
        if a.shape.rank() != b.shape.rank() {
            return Err(TypeError::Rank(1));
        }
        // Equal but for their rows.
        let rows = a.shape.rank().saturating_sub(2);
        if a.shape.with_dim(rows, n) != b.shape {
            return Err(TypeError::Shape(1));
        }
        Ok(TensorType::new(DType::I32, a.shape.with_dim(a.shape.rank().saturating_sub(1), n)))
    }

    fn element<E>(
        &self,
        call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        let k = call.args.first().map_or(1, |a| u64::from(a.shape.last()));
        let (m, n) = matrices(call.output).map_or((1, 1), |(m, n)| (u64::from(m), u64::from(n)));
        // The row of a, counted through all matrices.
        let (row, column) = split(index, n);
        let (matrix, _) = split(row, m);
        let column = at(matrix, n, column);
        let mut sum = 0i32;
        for i in 0..k {
            let product = read(0, at(row, k, i))?.wrapping_mul(read(1, at(column, k, i))?);
            sum = sum.wrapping_add(product);
        }
        Ok(sum)
    }

    fn runs(&self, args: &[TensorType]) -> Vec<Run> {
        let k = args.first().map_or(0, |a| u64::from(a.shape.last()));
        vec![Run::one(0, k), Run::one(1, k)]
    }

    fn cost_macs(&self, args: &[TensorType], output: TensorType) -> u64 {
        let k = args.first().map_or(0, |a| u64::from(a.shape.last()));
        output.elements().saturating_mul(k)
    }
}
