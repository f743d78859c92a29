// SPDX-License-Identifier: Apache-2.0
//! Tensors as bytes: row-major, little-endian. Reading is defined for every byte string.

use crate::{DType, TensorType};
use alloc::{vec, vec::Vec};
use bytes::Bytes;
use quern_primitives::BlobId;

/// Element `index` of a tensor stored as `bytes`: missing bytes read as 0, a stored -128 of an `i8` reads as -127.
pub fn decode_element(dtype: DType, bytes: &[u8], index: u64) -> i32 {
    let Some(start) = index.checked_mul(dtype.bytes()).and_then(|start| usize::try_from(start).ok()) else {
        return 0;
    };
    let rest = bytes.get(start..).unwrap_or(&[]);
    let byte = |at: usize| rest.get(at).copied().unwrap_or(0);
    match dtype {
        DType::I8 => i32::from((byte(0) as i8).max(-127)),
        DType::I16 => i32::from(i16::from_le_bytes([byte(0), byte(1)])),
        DType::I32 => i32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)]),
    }
}

/// Appends one element, limited to what its type holds.
pub fn encode_element(dtype: DType, value: i32, to: &mut Vec<u8>) {
    let value = saturate(dtype, value);
    match dtype {
        DType::I8 => to.push(value as i8 as u8),
        DType::I16 => to.extend_from_slice(&(value as i16).to_le_bytes()),
        DType::I32 => to.extend_from_slice(&value.to_le_bytes()),
    }
}

/// The value of `dtype` nearest to `value`.
pub fn saturate(dtype: DType, value: i32) -> i32 {
    value.clamp(dtype.min(), dtype.max())
}

/// A tensor in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Its type.
    pub ty: TensorType,
    /// Exactly `ty.bytes()` bytes. An `i8` is never -128. Clones share them.
    pub bytes: Bytes,
}

impl Tensor {
    /// The tensor that `bytes` mean: cut or filled with zeros to the type's length, every `i8` of -128 replaced by -127.
    /// What is a tensor already is not copied.
    pub fn new(ty: TensorType, bytes: impl Into<Bytes>) -> Self {
        let (len, mut bytes) = (usize::try_from(ty.bytes()).unwrap_or(0), bytes.into());
        bytes.truncate(len);
        let is_canonical = ty.dtype != DType::I8 || !bytes.contains(&0x80);
        if is_canonical && bytes.len() == len {
            return Self { ty, bytes };
        }
        let mut owned = Vec::from(bytes);
        owned.resize(len, 0);
        if !is_canonical {
            owned.iter_mut().filter(|byte| **byte == 0x80).for_each(|byte| *byte = 0x81);
        }
        Self { ty, bytes: owned.into() }
    }

    /// A tensor of zeros.
    pub fn zeros(ty: TensorType) -> Self {
        Self { ty, bytes: vec![0; usize::try_from(ty.bytes()).unwrap_or(0)].into() }
    }

    /// The tensor of these values, each limited to what the type holds; missing ones are 0.
    pub fn from_values(ty: TensorType, values: &[i32]) -> Self {
        let mut bytes = Vec::with_capacity(usize::try_from(ty.bytes()).unwrap_or(0));
        values.iter().for_each(|value| encode_element(ty.dtype, *value, &mut bytes));
        Self::new(ty, bytes)
    }

    /// The loop step as a tensor.
    pub fn step(step: u32) -> Self {
        Self { ty: TensorType::i32_vector(1), bytes: Bytes::copy_from_slice(&step.to_le_bytes()) }
    }

    /// One element; 0 when there is none.
    pub fn get(&self, index: u64) -> i32 {
        decode_element(self.ty.dtype, &self.bytes, index)
    }

    /// All elements.
    pub fn values(&self) -> Vec<i32> {
        (0..self.ty.elements()).map(|index| self.get(index)).collect()
    }

    /// The id of its bytes.
    pub fn id(&self) -> BlobId {
        BlobId::of(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shape;

    #[test]
    fn decode_should_be_defined_when_bytes_are_missing() {
        assert_eq!(decode_element(DType::I32, &[1, 2], 0), 0x0201);
        assert_eq!(decode_element(DType::I32, &[1, 2], 1), 0);
        assert_eq!(decode_element(DType::I16, &[0xff], 0), 0xff);
        assert_eq!(decode_element(DType::I8, &[], 0), 0);
        assert_eq!(decode_element(DType::I32, &[1], u64::MAX), 0);
    }

    #[test]
    fn decode_should_read_minus_127_when_an_i8_holds_minus_128() {
        assert_eq!(decode_element(DType::I8, &[0x80], 0), -127);
        assert_eq!(decode_element(DType::I16, &[0x00, 0x80], 0), i32::from(i16::MIN));
    }

    #[test]
    fn encode_should_saturate_when_a_value_is_too_wide() {
        for dtype in [DType::I8, DType::I16, DType::I32] {
            for value in [i32::MIN, -32769, -129, -128, -127, 0, 127, 128, 32768, i32::MAX] {
                let mut bytes = Vec::new();
                encode_element(dtype, value, &mut bytes);
                assert_eq!(bytes.len() as u64, dtype.bytes());
                assert_eq!(decode_element(dtype, &bytes, 0), value.clamp(dtype.min(), dtype.max()));
            }
        }
    }

    #[test]
    fn tensor_should_share_its_bytes_when_they_are_canonical() {
        let ty = TensorType::new(DType::I8, Shape::vector(3));
        let bytes = Bytes::from(vec![1, 2, 3]);
        assert_eq!(Tensor::new(ty, bytes.clone()).bytes.as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn tensor_should_be_canonical_when_made_of_any_bytes() {
        let ty = TensorType::new(DType::I8, Shape::vector(3));
        assert_eq!(Tensor::new(ty, vec![0x80, 5]).bytes[..], [0x81, 5, 0]);
        assert_eq!(Tensor::new(ty, vec![1, 2, 3, 4]).bytes[..], [1, 2, 3]);
    }
}
