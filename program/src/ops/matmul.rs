// SPDX-License-Identifier: Apache-2.0
//! The matrix product.

use super::{at, binary, matrix, matrix_of, split, Call, Operator, Run, TypeError};
use crate::{DType, Shape, TensorType};
use alloc::{vec, vec::Vec};

/// `a [M, K]` times the transpose of `b [N, K]`.
pub(super) struct MatmulNt;

impl Operator for MatmulNt {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        let (a, b) = binary(args)?;
        for (arg, ty) in [(0, a), (1, b)] {
            if ty.dtype != DType::I8 {
                return Err(TypeError::DType(arg));
            }
        }
        let ((m, k), (n, k_b)) = (matrix(a, 0)?, matrix(b, 1)?);
        if k != k_b {
            return Err(TypeError::Shape(1));
        }
        Ok(TensorType::new(DType::I32, Shape::matrix(m, n)))
    }

    fn element<E>(
        &self,
        call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        let (_, k) = matrix_of(call, 0);
        let (n, _) = matrix_of(call, 1);
        let (row, column) = split(index, n);
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
