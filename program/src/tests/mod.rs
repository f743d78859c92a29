// SPDX-License-Identifier: Apache-2.0
//! Tests of the operators, of validation, and of properties that hold for every program.

mod builder;
mod images;
mod operators;
mod properties;
mod validation;
mod vectors;

use crate::{encode_element, Call, Context, DType, OpKind, Shape, Tensor, TensorType};
use core::convert::Infallible;

pub(crate) fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, Shape::new(dims).unwrap())
}

pub(crate) fn tensor(dtype: DType, dims: &[u32], values: &[i32]) -> Tensor {
    let ty = ty(dtype, dims);
    assert_eq!(ty.elements(), values.len() as u64);
    Tensor::from_values(ty, values)
}

/// The operator's output, element by element.
pub(crate) fn apply_with(kind: &OpKind, args: &[Tensor], context: &Context) -> Tensor {
    let call = Call::new(kind, args.iter().map(|arg| arg.ty).collect(), context, 0).unwrap();
    let mut bytes = Vec::new();
    for index in 0..call.output.elements() {
        let Ok(value) = call.element(index, &mut |arg, element| Ok::<_, Infallible>(args[arg].get(element)));
        encode_element(call.output.dtype, value, &mut bytes);
    }
    Tensor { ty: call.output, bytes: bytes.into() }
}

pub(crate) fn apply(kind: &OpKind, args: &[Tensor]) -> Tensor {
    apply_with(kind, args, &Context::default())
}
