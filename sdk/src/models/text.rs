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
}
