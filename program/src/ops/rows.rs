// SPDX-License-Identifier: Apache-2.0
//! Reductions of the rows or columns of a matrix.

use super::{at, matrix, matrix_of, unary, Call, Operator, Run, TypeError};
use crate::{DType, TensorType};
use alloc::{vec, vec::Vec};

/// A reduction of each row to one number.
pub(super) enum RowReduce {
    /// Wrapping sum.
    Sum,
    /// Largest.
    Max,
    /// Largest absolute value.
    MaxAbs,
    /// First index of the largest.
    Argmax,
}

impl Operator for RowReduce {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        let (rows, _) = matrix(unary(args)?, 0)?;
        Ok(TensorType::i32_vector(rows))
    }

    fn element<E>(
        &self,
        call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        let (_, columns) = matrix_of(call, 0);
        let (mut result, mut argmax) = (0i32, 0u64);
        for i in 0..columns {
            let x = read(0, at(index, columns, i))?;
            match self {
                Self::Sum => result = result.wrapping_add(x),
                Self::MaxAbs => result = result.max(x.saturating_abs()),
                Self::Max | Self::Argmax if i == 0 || x > result => (result, argmax) = (x, i),
                Self::Max | Self::Argmax => {}
            }
        }
        Ok(match self {
            Self::Argmax => i32::try_from(argmax).unwrap_or(i32::MAX),
            Self::Sum | Self::Max | Self::MaxAbs => result,
        })
    }

    fn runs(&self, args: &[TensorType]) -> Vec<Run> {
        vec![Run::one(0, args.first().map_or(0, |x| u64::from(x.shape.last())))]
    }

    fn cost_macs(&self, args: &[TensorType], _output: TensorType) -> u64 {
        args.first().map_or(0, TensorType::elements)
    }
}

/// Wrapping sum of each column.
pub(super) struct ColSum;

impl Operator for ColSum {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        let (_, columns) = matrix(unary(args)?, 0)?;
        Ok(TensorType::new(DType::I32, crate::Shape::vector(columns)))
    }

    fn element<E>(
        &self,
        call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        let (rows, columns) = matrix_of(call, 0);
        let mut sum = 0i32;
        for row in 0..rows {
            sum = sum.wrapping_add(read(0, at(row, columns, index))?);
        }
        Ok(sum)
    }

    fn runs(&self, args: &[TensorType]) -> Vec<Run> {
        let (rows, columns) = args.first().and_then(|x| x.shape.as_matrix()).unwrap_or((0, 0));
        vec![Run { arg: 0, len: 1, count: u64::from(rows), stride: u64::from(columns) }]
    }

    fn cost_macs(&self, args: &[TensorType], _output: TensorType) -> u64 {
        args.first().map_or(0, TensorType::elements)
    }
}
