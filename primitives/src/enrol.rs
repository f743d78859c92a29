// SPDX-License-Identifier: Apache-2.0
//! The enrolment of an apprentice: no balance and no stake, but a little work and a signature.

use crate::{
    hash::{tagged, tags},
    job::{Endpoint, Profile},
    Account, Balance, Height,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Most blocks that the block may be old which an enrolment names: time enough for the work and for getting into a block.
pub const ENROLMENT_BLOCKS: Height = 64;
/// Blocks between two calls that an apprentice, or the worker that it has become, makes for free beside its duties.
pub const FREE_TURN_BLOCKS: Height = 300;

/// What an apprentice enrols with.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Enrolment {
    /// Who enrols.
    pub account: Account,
    /// Where it serves blobs and answers.
    pub endpoint: Endpoint,
    /// What it runs on.
    pub profile: Profile,
    /// Its price per GMAC, in the smallest unit of QRN.
    pub ask: Balance,
    /// Height of a recent block, to whose hash the work is bound.
    pub block: Height,
    /// What makes the message start with zeros.
    pub nonce: u64,
}

impl Enrolment {
    /// The message that the account signs, and whose leading zeros are the work. `block_hash` is the hash of the block at
    /// `block`, so that the work is of this chain and of this hour.
    pub fn message(&self, block_hash: &[u8; 32]) -> [u8; 32] {
        tagged(tags::ENROL, &(block_hash, self))
    }

    /// Does the work: tries nonces from the present one until the message starts with `bits` zero bits. On average it takes
    /// `2^bits` hashes.
    pub fn with_work(mut self, block_hash: &[u8; 32], bits: u32) -> Self {
        while leading_zeros(&self.message(block_hash)) < bits {
            self.nonce = self.nonce.wrapping_add(1);
        }
        self
    }
}

/// Zero bits at the beginning of a message, the most significant bit of a byte first.
pub fn leading_zeros(message: &[u8; 32]) -> u32 {
    let zeros = message.iter().take_while(|byte| **byte == 0).count();
    let rest = message.get(zeros).map_or(0, |byte| byte.leading_zeros());
    (zeros as u32).saturating_mul(8).saturating_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enrolment() -> Enrolment {
        let profile = Profile::new(1, "", false);
        Enrolment { account: [1; 32], endpoint: Endpoint::default(), profile, ask: 1, block: 1, nonce: 0 }
    }

    #[test]
    fn leading_zeros_should_count_bits_when_bytes_are_zero() {
        assert_eq!(leading_zeros(&[0xFF; 32]), 0);
        let mut message = [0; 32];
        assert_eq!(leading_zeros(&message), 256);
        message[2] = 0x10;
        assert_eq!(leading_zeros(&message), 19);
    }

    #[test]
    fn work_should_be_found_and_be_bound_to_the_block() {
        let worked = enrolment().with_work(&[2; 32], 8);
        assert!(leading_zeros(&worked.message(&[2; 32])) >= 8);
        assert_ne!(worked.message(&[2; 32]), worked.message(&[3; 32]));
    }

    #[test]
    fn message_should_change_with_everything_that_is_enrolled() {
        let message = enrolment().message(&[2; 32]);
        let others = [
            Enrolment { account: [2; 32], ..enrolment() },
            Enrolment { endpoint: Endpoint { id: [1; 32], ..Default::default() }, ..enrolment() },
            Enrolment { ask: 2, ..enrolment() },
            Enrolment { block: 2, ..enrolment() },
            Enrolment { nonce: 1, ..enrolment() },
        ];
        assert!(others.iter().all(|other| other.message(&[2; 32]) != message));
    }
}
