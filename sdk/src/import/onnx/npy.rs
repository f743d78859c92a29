// SPDX-License-Identifier: Apache-2.0
//! Samples as NumPy writes them with `numpy.save` (NEP 1, versions 1 to 3 of the format): `float32`, `float64` or `uint8`, in C order.

use std::{fs, io, path::Path};

const MAGIC: &[u8] = b"\x93NUMPY";
/// Most bytes of a file.
const MAX_BYTES: u64 = 4 << 30;
/// Most bytes of a header.
const MAX_HEADER_BYTES: usize = 1 << 16;

/// Why a file is no array of samples.
#[derive(Debug, thiserror::Error)]
pub enum NpyError {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The file is too long.
    #[error("it has {0} bytes, more than {MAX_BYTES}: give fewer samples")]
    TooLong(u64),
    /// It does not begin as such a file does, or ends within its header.
    #[error("it is not an array as numpy.save writes it (.npy)")]
    Format,
    /// The header does not say what an array is.
    #[error("its header has no {0} that can be read")]
    Header(&'static str),
    /// The elements are of another type.
    #[error("its elements are {0:?}: save them as float32, float64 or uint8")]
    Type(String),
    /// The array is column by column.
    #[error("it is in Fortran order: save numpy.ascontiguousarray of it")]
    FortranOrder,
    /// The array has no samples, or too many elements.
    #[error("its shape {0:?} is not samples by their sizes")]
    Shape(Vec<usize>),
    /// There are more or fewer bytes than the shape says.
    #[error("its shape says {expected} bytes of elements, there are {found}")]
    Length {
        /// What the shape says.
        expected: usize,
        /// What there is.
        found: usize,
    },
}

/// An array.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Its dimensions: samples first.
    pub shape: Vec<usize>,
    /// Its elements, row-major.
    pub values: Vec<f32>,
}

impl Array {
    /// The array of a file.
    pub fn open(path: &Path) -> Result<Self, NpyError> {
        let len = fs::metadata(path)?.len();
        if len > MAX_BYTES {
            return Err(NpyError::TooLong(len));
        }
        Self::parse(&fs::read(path)?)
    }

    /// The array of a file's bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, NpyError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(NpyError::Format)?;
        let (len, rest) = match *rest {
            [1, _, a, b, ref rest @ ..] => (usize::from(u16::from_le_bytes([a, b])), rest),
            [2 | 3, _, a, b, c, d, ref rest @ ..] => (u32::from_le_bytes([a, b, c, d]) as usize, rest),
            _ => return Err(NpyError::Format),
        };
        if len > MAX_HEADER_BYTES {
            return Err(NpyError::Format);
        }
        let (header, data) = rest.split_at_checked(len).ok_or(NpyError::Format)?;
        let header = std::str::from_utf8(header).map_err(|_| NpyError::Format)?;
        let descr = value(header, "descr").and_then(|text| quoted(text)).ok_or(NpyError::Header("descr"))?;
        let order = value(header, "fortran_order").ok_or(NpyError::Header("fortran_order"))?;
        if !order.starts_with("False") {
            return Err(NpyError::FortranOrder);
        }
        let shape = value(header, "shape").and_then(tuple).ok_or(NpyError::Header("shape"))?;
        let elements = shape.iter().try_fold(1usize, |product, dim| product.checked_mul(*dim));
        let elements = elements.filter(|elements| *elements > 0 && !shape.is_empty() && *elements <= usize::MAX >> 4);
        let elements = elements.ok_or_else(|| NpyError::Shape(shape.clone()))?;
        let element = match descr {
            "<f4" => 4,
            "<f8" => 8,
            "|u1" => 1,
            other => return Err(NpyError::Type(other.into())),
        };
        let (expected, found) = (elements * element, data.len());
        if expected != found {
            return Err(NpyError::Length { expected, found });
        }
        let values = match element {
            4 => data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            8 => data.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect(),
            _ => data.iter().map(|byte| f32::from(*byte)).collect(),
        };
        Ok(Self { shape, values })
    }

    /// The bytes of a file with this array, in `float32`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let shape: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({},), }}", shape.join(", "));
        // The elements begin at a multiple of 64.
        let total = (MAGIC.len() + 4 + header.len() + 1).next_multiple_of(64);
        let spaces = total - MAGIC.len() - 4 - header.len() - 1;
        header.extend(std::iter::repeat_n(' ', spaces));
        header.push('\n');
        let mut bytes = [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes()].concat();
        bytes.extend(self.values.iter().flat_map(|value| value.to_le_bytes()));
        bytes
    }
}

/// What follows a key of the header.
fn value<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = header.split_once(&format!("'{key}'"))?;
    Some(rest.trim_start().strip_prefix(':')?.trim_start())
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('\'')?.split_once('\'').map(|(quoted, _)| quoted)
}

fn tuple(text: &str) -> Option<Vec<usize>> {
    let (numbers, _) = text.strip_prefix('(')?.split_once(')')?;
    let numbers = numbers.split(',').map(str::trim).filter(|number| !number.is_empty());
    numbers.map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn array() -> Array {
        Array { shape: vec![2, 3], values: vec![0.0, 1.5, -2.0, 3.0, f32::MIN, f32::MAX] }
    }

    #[test]
    fn array_should_be_read_as_it_was_written() {
        let bytes = array().to_bytes();
        assert_eq!(Array::parse(&bytes).unwrap(), array());
        assert_eq!((bytes.len() - 24) % 64, 0);
    }

    #[test]
    fn array_should_be_read_when_its_elements_are_bytes() {
        let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }\n";
        let bytes =
            [MAGIC, &[2, 0], &(header.len() as u32).to_le_bytes(), header.as_bytes(), &[0, 1, 127, 255]].concat();
        assert_eq!(Array::parse(&bytes).unwrap(), Array { shape: vec![2, 2], values: vec![0.0, 1.0, 127.0, 255.0] });
    }

    #[test]
    fn array_should_be_refused_when_its_header_is_wrong() {
        let refused = |from: &str, to: &str| {
            let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n".replace(from, to);
            let bytes = [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes(), &[0; 4]].concat();
            Array::parse(&bytes).map_err(|error| error.to_string())
        };
        assert!(refused("", "").is_ok());
        assert!(refused("<f4", "<c8").unwrap_err().contains("<c8"));
        assert!(refused("False", "True").unwrap_err().contains("Fortran"));
        assert!(refused("(1,)", "(2,)").unwrap_err().contains("8 bytes"));
        assert!(refused("(1,)", "(0,)").unwrap_err().contains("[0]"));
        assert!(refused("(1,)", "()").unwrap_err().contains("[]"));
        assert!(refused("(1,)", "(9223372036854775807, 9)").unwrap_err().contains("shape"));
        assert!(refused("shape", "form").unwrap_err().contains("shape"));
        assert!(Array::parse(b"text").unwrap_err().to_string().contains("numpy.save"));
    }

    proptest! {
        #[test]
        fn parsing_should_not_panic_when_bytes_are_arbitrary(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Array::parse(&bytes);
            let _ = Array::parse(&[MAGIC, &[1, 0], &bytes].concat());
        }

        #[test]
        fn parsing_should_not_panic_when_a_file_is_changed(at in 0usize..152, to: u8, cut in 0usize..153) {
            let mut bytes = array().to_bytes();
            let at = at % bytes.len();
            bytes[at] = to;
            let _ = Array::parse(&bytes);
            let _ = Array::parse(&bytes[..cut.min(bytes.len())]);
        }
    }
}
