// SPDX-License-Identifier: Apache-2.0
//! Operators that only move elements and keep the element type, and the one that marks a place.

use super::{at, binary, matrix, matrix_of, split, unary, Call, Operator, Run, TypeError};
use crate::{ir::MAX_RANK, DType, Shape, TensorType};
use alloc::{vec, vec::Vec};

/// Most arguments of a concatenation, and so of any operator.
pub(crate) const MAX_CONCAT: usize = 8;

/// Rows become columns.
pub(super) struct Transpose;

impl Operator for Transpose {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        let x = unary(args)?;
        let (rows, columns) = matrix(x, 0)?;
        Ok(TensorType::new(x.dtype, Shape::matrix(columns, rows)))
    }

    fn element<E>(
        &self,
        call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        let (rows, columns) = matrix_of(call, 0);
        let (column, row) = split(index, rows);
        read(0, at(row, columns, column))
    }

    fn runs(&self, _args: &[TensorType]) -> Vec<Run> {
        vec![Run::one(0, 1)]
    }
}

/// Rows of a table by index.
pub(super) struct Gather;

impl Operator for Gather {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        let (table, indices) = binary(args)?;
        let (_, columns) = matrix(table, 0)?;
        match *indices.shape.dims() {
            [rows] => Ok(TensorType::new(table.dtype, Shape::matrix(rows, columns))),
            _ => Err(TypeError::Rank(1)),
        }
    }

    fn element<E>(
        &self,
        call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        let (rows, columns) = matrix_of(call, 0);
        let (at_index, column) = split(index, columns);
        let row = u64::try_from(read(1, at_index)?).unwrap_or(0).min(rows.saturating_sub(1));
        read(0, at(row, columns, column))
    }

    fn runs(&self, _args: &[TensorType]) -> Vec<Run> {
        vec![Run::one(0, 1), Run::one(1, 1)]
    }
}

/// Another shape of as many elements.
pub(super) struct Reshape {
    pub shape: Shape,
}

impl Operator for Reshape {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        let x = unary(args)?;
        if x.elements() != self.shape.elements() {
            return Err(TypeError::ElementCount);
        }
        Ok(TensorType::new(x.dtype, self.shape))
    }

    fn element<E>(
        &self,
        _call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        read(0, index)
    }

    fn runs(&self, _args: &[TensorType]) -> Vec<Run> {
        vec![Run::one(0, 1)]
    }
}

/// Number of elements of one place of an axis.
fn inner(shape: Shape, axis: u8) -> u64 {
    let after = usize::from(axis).saturating_add(1);
    shape.dims().iter().skip(after).fold(1, |product, dim| product.saturating_mul(u64::from(*dim)))
}

/// A stretch along an axis.
pub(super) struct Slice {
    pub axis: u8,
    pub start: u32,
    pub len: u32,
}

impl Operator for Slice {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        let x = unary(args)?;
        let axis = usize::from(self.axis);
        if axis >= x.shape.rank() {
            return Err(TypeError::Axis);
        }
        match self.start.checked_add(self.len) {
            Some(end) if self.len > 0 && end <= x.shape.dim(axis) => {
                Ok(TensorType::new(x.dtype, x.shape.with_dim(axis, self.len)))
            }
            _ => Err(TypeError::Attribute),
        }
    }

    fn element<E>(
        &self,
        call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        let shape = call.args.first().map_or(call.output.shape, |x| x.shape);
        let inner = inner(shape, self.axis);
        let (outer, rest) = split(index, inner.saturating_mul(u64::from(self.len)));
        let whole = inner.saturating_mul(u64::from(shape.dim(usize::from(self.axis))));
        let start = inner.saturating_mul(u64::from(self.start));
        read(0, at(outer, whole, start.saturating_add(rest)))
    }

    fn runs(&self, _args: &[TensorType]) -> Vec<Run> {
        vec![Run::one(0, 1)]
    }
}

/// One after the other along an axis.
pub(super) struct Concat {
    pub axis: u8,
}

impl Operator for Concat {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        let first = match args {
            [first, _, ..] if args.len() <= MAX_CONCAT => *first,
            _ => return Err(TypeError::Arity),
        };
        let axis = usize::from(self.axis);
        if axis >= first.shape.rank() {
            return Err(TypeError::Axis);
        }
        let mut len = 0u32;
        for (arg, ty) in (0u8..).zip(args) {
            if ty.dtype != first.dtype {
                return Err(TypeError::DType(arg));
            }
            if ty.shape.rank() != first.shape.rank() || ty.shape.with_dim(axis, 1) != first.shape.with_dim(axis, 1) {
                return Err(TypeError::Shape(arg));
            }
            len = len.saturating_add(ty.shape.dim(axis));
        }
        Ok(TensorType::new(first.dtype, first.shape.with_dim(axis, len)))
    }

    fn element<E>(
        &self,
        call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        let shape = call.output.shape;
        let inner = inner(shape, self.axis);
        let axis = usize::from(self.axis);
        let (outer, mut rest) = split(index, inner.saturating_mul(u64::from(shape.dim(axis))));
        for (arg, ty) in call.args.iter().enumerate() {
            let width = inner.saturating_mul(u64::from(ty.shape.dim(axis)));
            match rest.checked_sub(width) {
                Some(after) => rest = after,
                None => return read(arg, at(outer, width, rest)),
            }
        }
        Ok(0)
    }

    fn runs(&self, args: &[TensorType]) -> Vec<Run> {
        (0..args.len()).map(|arg| Run::one(arg, 1)).collect()
    }
}

/// Elements from one place of each output axis to the next, in x, for output axes `axes` of x; none when `axes` is no order
/// of x's axes.
pub fn permuted(shape: Shape, axes: [u8; MAX_RANK]) -> Option<[(u32, u64); MAX_RANK]> {
    let mut seen = [false; MAX_RANK];
    let mut places = [(1u32, 0u64); MAX_RANK];
    for (output, (place, axis)) in places.iter_mut().zip(axes).enumerate() {
        let axis = usize::from(axis);
        let seen = seen.get_mut(axis)?;
        let stays = output < shape.rank() && axis < shape.rank() || output == axis;
        if *seen || !stays {
            return None;
        }
        *seen = true;
        *place = (shape.dim(axis), inner(shape, axis as u8));
    }
    Some(places)
}

/// Axes in another order.
pub(super) struct Permute {
    pub axes: [u8; MAX_RANK],
}

impl Operator for Permute {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        let x = unary(args)?;
        let places = permuted(x.shape, self.axes).ok_or(TypeError::Attribute)?;
        let shape = (0..x.shape.rank()).zip(places).fold(x.shape, |shape, (axis, (dim, _))| shape.with_dim(axis, dim));
        Ok(TensorType::new(x.dtype, shape))
    }

    fn element<E>(
        &self,
        call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        let shape = call.args.first().map_or(call.output.shape, |x| x.shape);
        let mut from = 0u64;
        let mut rest = index;
        for (dim, stride) in permuted(shape, self.axes).unwrap_or_default().into_iter().rev() {
            let (outer, place) = split(rest, u64::from(dim));
            from = at(place, stride, from);
            rest = outer;
        }
        read(0, from)
    }

    fn runs(&self, _args: &[TensorType]) -> Vec<Run> {
        vec![Run::one(0, 1)]
    }
}

/// A row for each element, with 1 in the column that it names.
pub(super) struct OneHot {
    pub columns: u32,
}

impl Operator for OneHot {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        match *unary(args)?.shape.dims() {
            [rows] => Ok(TensorType::new(DType::I8, Shape::matrix(rows, self.columns))),
            _ => Err(TypeError::Rank(0)),
        }
    }

    fn element<E>(
        &self,
        _call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        let (row, column) = split(index, u64::from(self.columns));
        Ok(i32::from(u64::try_from(read(0, row)?) == Ok(column)))
    }

    fn runs(&self, _args: &[TensorType]) -> Vec<Run> {
        vec![Run::one(0, 1)]
    }
}
