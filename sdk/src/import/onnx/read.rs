// SPDX-License-Identifier: Apache-2.0
//! Bytes to messages and tensors, with every size checked before anything of that size is allocated.

use super::{
    proto::{data_type, ModelProto, TensorProto, EXTERNAL},
    OnnxError, TensorProblem,
};
use bytes::Bytes;
use prost::{
    encoding::{decode_key, decode_varint, skip_field, DecodeContext, WireType},
    Message,
};
use std::{
    fs::File,
    path::{Component, Path},
};

/// Most bytes of a file: protobuf allows no more. Weights beyond it are in an external data file.
pub const MAX_FILE_BYTES: u64 = 2 << 30;
/// Most fields of messages, and bytes of short lists, in a file: each takes less than 512 bytes of memory once decoded.
const MAX_PARTS: usize = 1 << 20;

/// The bytes of a file, mapped into memory and not read before they are needed.
pub(super) fn map(path: &Path) -> Result<Bytes, OnnxError> {
    let failed = |error| OnnxError::File { path: path.to_owned(), error };
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(failed(std::io::Error::other("it is not a file")));
    }
    if metadata.len() == 0 {
        return Ok(Bytes::new());
    }
    // SAFETY: the map is only read. Who cuts the file short meanwhile stops this process and harms nobody else.
    let map = unsafe { memmap2::Mmap::map(&file) }.map_err(failed)?;
    Ok(Bytes::from_owner(map))
}

/// The messages of a file.
pub(super) fn decode(bytes: Bytes) -> Result<ModelProto, OnnxError> {
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(OnnxError::FileBytes { found: bytes.len() as u64 });
    }
    let mut parts = MAX_PARTS;
    count(&mut bytes.clone(), Kind::Model, &mut parts)?;
    ModelProto::decode(bytes).map_err(|error| OnnxError::Protobuf(error.to_string()))
}

/// A message, by what its fields cost.
#[derive(Clone, Copy)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
}

/// What a field of bytes costs.
enum Cost {
    /// It is one thing, whatever its length: a text, raw data, a packed list of floats, or something that is skipped.
    One,
    /// Its length: a list of small things.
    Length,
    /// What its fields cost.
    Message(Kind),
}

impl Kind {
    fn cost(self, tag: u32) -> Cost {
        match (self, tag) {
            (Self::Model, 7) => Cost::Message(Self::Graph),
            (Self::Graph, 1) => Cost::Message(Self::Node),
            (Self::Graph, 5) | (Self::Attribute, 5) => Cost::Message(Self::Tensor),
            (Self::Node, 5) => Cost::Message(Self::Attribute),
            (Self::Model, 8) | (Self::Graph, 11 | 12) | (Self::Attribute, 8) | (Self::Tensor, 1 | 5 | 7 | 13) => {
                Cost::Length
            }
            _ => Cost::One,
        }
    }
}

/// Counts the fields of a message down from `parts`.
fn count(bytes: &mut Bytes, kind: Kind, parts: &mut usize) -> Result<(), OnnxError> {
    let broken = |error: prost::DecodeError| OnnxError::Protobuf(error.to_string());
    while !bytes.is_empty() {
        let (tag, wire) = decode_key(bytes).map_err(broken)?;
        spend(parts, 1)?;
        if wire != WireType::LengthDelimited {
            skip_field(wire, tag, bytes, DecodeContext::default()).map_err(broken)?;
            continue;
        }
        let len = decode_varint(bytes).map_err(broken)?;
        let len = usize::try_from(len).ok().filter(|len| *len <= bytes.len());
        let mut field = bytes.split_to(len.ok_or_else(|| OnnxError::Protobuf("a field ends beyond the file".into()))?);
        match kind.cost(tag) {
            Cost::One => (),
            Cost::Length => spend(parts, field.len())?,
            Cost::Message(kind) => count(&mut field, kind, parts)?,
        }
    }
    Ok(())
}

fn spend(parts: &mut usize, count: usize) -> Result<(), OnnxError> {
    *parts = parts.checked_sub(count).ok_or(OnnxError::TooManyParts)?;
    Ok(())
}

/// Dimensions and elements.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Array<T> {
    pub dims: Vec<usize>,
    pub values: Vec<T>,
}

fn failed(tensor: &TensorProto, problem: TensorProblem) -> OnnxError {
    OnnxError::Tensor { tensor: tensor.name.clone(), problem }
}

/// The dimensions, and how many elements they make.
pub(super) fn dimensions(tensor: &TensorProto) -> Result<(Vec<usize>, usize), OnnxError> {
    let impossible = || failed(tensor, TensorProblem::Dimensions(tensor.dims.iter().copied().take(8).collect()));
    let mut dims = Vec::new();
    let mut elements = 1usize;
    for dim in &tensor.dims {
        let dim = usize::try_from(*dim).ok().filter(|dim| *dim > 0).ok_or_else(impossible)?;
        // Eight bytes an element are countable then too.
        elements = elements.checked_mul(dim).filter(|elements| *elements <= usize::MAX >> 4).ok_or_else(impossible)?;
        dims.push(dim);
    }
    Ok((dims, elements))
}

/// The raw bytes of a tensor, `element` bytes for each element; none when its elements are in a list of their type.
fn raw(
    tensor: &TensorProto,
    elements: usize,
    element: usize,
    folder: Option<&Path>,
) -> Result<Option<Bytes>, OnnxError> {
    let expected = (elements * element) as u64;
    let bytes = if tensor.data_location == EXTERNAL {
        external(tensor, expected, folder)?
    } else if tensor.raw_data.is_empty() {
        return Ok(None);
    } else {
        tensor.raw_data.clone()
    };
    let found = bytes.len() as u64;
    if found != expected {
        return Err(failed(tensor, TensorProblem::Length { expected, found }));
    }
    Ok(Some(bytes))
}

/// What another file holds of a tensor.
fn external(tensor: &TensorProto, expected: u64, folder: Option<&Path>) -> Result<Bytes, OnnxError> {
    let entry =
        |key: &str| tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
    let missing = |reason: String| failed(tensor, TensorProblem::External(reason));
    let number = |key: &'static str, default: u64| match entry(key) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| missing(format!("{key} is {text:?}, not a number"))),
    };
    let location = entry("location").ok_or_else(|| missing("no location is given".into()))?;
    let unsafe_name = || failed(tensor, TensorProblem::Location(location.into()));
    let folder = folder.ok_or_else(|| missing("the model was not read from a folder".into()))?;
    let mut components = Path::new(location).components();
    if !matches!((components.next(), components.next()), (Some(Component::Normal(_)), None)) {
        return Err(unsafe_name());
    }
    let path = folder.join(location);
    if path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(unsafe_name());
    }
    let (offset, len) = (number("offset", 0)?, number("length", expected)?);
    let bytes = map(&path)?;
    let end = offset.checked_add(len).filter(|end| *end <= bytes.len() as u64);
    let end = end.ok_or_else(|| {
        missing(format!("{location} has {} bytes, bytes {offset} to {offset} + {len} are asked for", bytes.len()))
    })?;
    Ok(bytes.slice(offset as usize..end as usize))
}

/// A tensor of real numbers, all of them finite.
pub(super) fn reals(tensor: &TensorProto, folder: Option<&Path>) -> Result<Array<f32>, OnnxError> {
    let (dims, elements) = dimensions(tensor)?;
    let element = match tensor.data_type {
        data_type::FLOAT => 4,
        data_type::DOUBLE => 8,
        data_type::FLOAT16 | data_type::BFLOAT16 => 2,
        other => return Err(failed(tensor, TensorProblem::Type(other))),
    };
    let half = |bits: u16| match tensor.data_type {
        data_type::FLOAT16 => half::f16::from_bits(bits).to_f32(),
        _ => half::bf16::from_bits(bits).to_f32(),
    };
    let values: Vec<f32> = match (raw(tensor, elements, element, folder)?, element) {
        (Some(bytes), 4) => bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        (Some(bytes), 8) => bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect(),
        (Some(bytes), _) => bytes.as_chunks::<2>().0.iter().map(|bytes| half(u16::from_le_bytes(*bytes))).collect(),
        (None, 4) => tensor.float_data.clone(),
        (None, 8) => tensor.double_data.iter().map(|value| *value as f32).collect(),
        (None, _) => tensor.int32_data.iter().map(|bits| half(*bits as u16)).collect(),
    };
    if values.len() != elements {
        let (expected, found) = (elements as u64, values.len() as u64);
        return Err(failed(tensor, TensorProblem::Length { expected, found }));
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(failed(tensor, TensorProblem::NotFinite(index))),
        None => Ok(Array { dims, values }),
    }
}

/// A tensor of integers, such as a shape.
pub(super) fn integers(tensor: &TensorProto, folder: Option<&Path>) -> Result<Array<i64>, OnnxError> {
    // An empty shape is allowed here: that of a scalar.
    if tensor.dims == [0] {
        return Ok(Array { dims: vec![0], values: Vec::new() });
    }
    let (dims, elements) = dimensions(tensor)?;
    let (element, list) = match tensor.data_type {
        data_type::INT64 => (8, tensor.int64_data.clone()),
        data_type::INT32 => (4, tensor.int32_data.iter().map(|value| i64::from(*value)).collect()),
        other => return Err(failed(tensor, TensorProblem::Type(other))),
    };
    let values: Vec<i64> = match (raw(tensor, elements, element, folder)?, element) {
        (Some(bytes), 8) => bytes.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect(),
        (Some(bytes), _) => bytes.as_chunks::<4>().0.iter().map(|bytes| i32::from_le_bytes(*bytes).into()).collect(),
        (None, _) => list,
    };
    if values.len() != elements {
        let (expected, found) = (elements as u64, values.len() as u64);
        return Err(failed(tensor, TensorProblem::Length { expected, found }));
    }
    Ok(Array { dims, values })
}
