// SPDX-License-Identifier: Apache-2.0
//! Seeded random words.

use super::{elementwise::RANDOM_MACS, Call, Operator, Run, TypeError};
use crate::{DType, Shape, TensorType};
use alloc::vec::Vec;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

/// Word `element` of the ChaCha8 stream of a key: word `element % 16` of the block with counter `element / 16` (64 bits,
/// state words 12 and 13) and nonce 0 (state words 14 and 15).
pub fn random_word(key: &[u8; 32], element: u64) -> u32 {
    let mut stream = ChaCha8Rng::from_seed(*key);
    stream.set_word_pos(u128::from(element));
    stream.next_u32()
}

/// Raw random words.
pub(super) struct Random {
    pub shape: Shape,
}

impl Operator for Random {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        if !args.is_empty() {
            return Err(TypeError::Arity);
        }
        Ok(TensorType::new(DType::I32, self.shape))
    }

    fn element<E>(
        &self,
        call: &Call<'_>,
        index: u64,
        _read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        Ok(random_word(&call.key, index) as i32)
    }

    fn runs(&self, _args: &[TensorType]) -> Vec<Run> {
        Vec::new()
    }

    fn cost_macs(&self, _args: &[TensorType], output: TensorType) -> u64 {
        output.elements().saturating_mul(RANDOM_MACS)
    }
}
