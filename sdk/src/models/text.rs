// SPDX-License-Identifier: Apache-2.0
//! A text to learn from: Newton's *Opticks* (see `data/text/README.md`).

/// Bytes of a block: every tenth block is for validation.
const BLOCK_BYTES: usize = 4_096;
/// How many blocks there are to one for validation, with it.
const BLOCKS: usize = 10;

/// A text's bytes, split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// For training.
    pub train: Vec<u8>,
    /// For validation.
    pub validation: Vec<u8>,
}

impl Text {
    /// The text of this crate.
    pub fn embedded() -> Self {
        Self::split(include_bytes!("../../../data/text/opticks.txt"))
    }

    /// The tenth of each ten blocks of 4,096 bytes for validation, the rest for training.
    pub fn split(bytes: &[u8]) -> Self {
        let (mut train, mut validation) = (Vec::new(), Vec::new());
        for (index, block) in bytes.chunks(BLOCK_BYTES).enumerate() {
            let to = if index % BLOCKS == BLOCKS - 1 { &mut validation } else { &mut train };
            to.extend_from_slice(block);
        }
        Self { train, validation }
    }

    /// Bytes as the programs read them: `i16`.
    pub fn to_i16(bytes: &[u8]) -> Vec<u8> {
        bytes.iter().flat_map(|byte| i16::from(*byte).to_le_bytes()).collect()
    }

    /// Bytes that a program yields as `i16`; what is none is left out.
    pub fn from_i16(values: &[u8]) -> Vec<u8> {
        let values = values.as_chunks::<2>().0.iter().map(|value| i16::from_le_bytes(*value));
        values.filter_map(|value| u8::try_from(value).ok()).collect()
    }

    /// Evenly spread windows of the validation text, of so many bytes each.
    pub fn held_out(&self, windows: usize, bytes: usize) -> Vec<&[u8]> {
        let stride = self.validation.len().saturating_sub(bytes) / windows.max(1);
        (0..windows).filter_map(|index| self.validation.get(index * stride..index * stride + bytes)).collect()
    }
}
