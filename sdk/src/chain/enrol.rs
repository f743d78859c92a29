// SPDX-License-Identifier: Apache-2.0
//! Enrolment of apprentices: the one thing that an account can send which owns nothing and which the chain does not know.
//!
//! A general transaction: no account signs it and nobody pays. The chain authorizes it by the work in the enrolment and by the
//! account's signature beside it.

use super::{
    runtime::{self, runtime_types::sp_runtime::MultiSignature},
    Chain, ChainError, Sender,
};
use quern_primitives::enrol::{leading_zeros, Enrolment};
use subxt::{config::DefaultExtrinsicParamsBuilder, utils::Static};

/// What the pool answers when the enrolment is there already. (Codes of the node's JSON-RPC.)
const ALREADY_THERE: [i32; 2] = [1012, 1013];
/// Hashes between two questions whether to go on.
const STRIDE: u64 = 1 << 16;

/// Why an enrolment is no valid transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnrolRefusal {
    /// Code 1.
    #[error("the block that it names is unknown to the node, or too old")]
    Block,
    /// Code 2.
    #[error("the work is too little")]
    Work,
    /// Code 3.
    #[error("the account is registered already")]
    Registered,
    /// Code 4.
    #[error("the account enrolled in this era or the last one: it can again when they have ended")]
    Again,
    /// Code 5.
    #[error("as many as possible have enrolled in this era or block")]
    Full,
    /// Code 6.
    #[error("there is no place for one more apprentice until one leaves or becomes a worker")]
    NoPlace,
}

impl EnrolRefusal {
    /// From what a node's pool says.
    fn of(message: &str) -> Option<Self> {
        let (_, code) = message.split_once("Custom error: ")?;
        let digits: String = code.chars().take_while(char::is_ascii_digit).collect();
        Some(match digits.parse().ok()? {
            1 => Self::Block,
            2 => Self::Work,
            3 => Self::Registered,
            4 => Self::Again,
            5 => Self::Full,
            6 => Self::NoPlace,
            _ => return None,
        })
    }
}

/// Why an enrolment was not taken.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The node did not answer, or refused for another reason.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// It is not valid now.
    #[error("the enrolment was refused: {0}")]
    Refused(EnrolRefusal),
}

impl Chain {
    /// The work of an enrolment: zero bits with which its message begins.
    pub async fn enrolment_work(&self) -> Result<u32, ChainError> {
        let at = self.api().at_current_block().await.map_err(ChainError::block)?;
        let work = at.constants().entry(runtime::constants().workers().enrolment_work());
        work.map_err(|_| ChainError::Malformed("Workers.EnrolmentWork".into()))
    }

    /// The least that an account must keep to exist, in the smallest unit of QRN.
    pub async fn existential_deposit(&self) -> Result<quern_primitives::Balance, ChainError> {
        let at = self.api().at_current_block().await.map_err(ChainError::block)?;
        let deposit = at.constants().entry(runtime::constants().balances().existential_deposit());
        deposit.map_err(|_| ChainError::Malformed("Balances.ExistentialDeposit".into()))
    }
}

impl Sender {
    /// Hands the enrolment of this account to the node's pool. `block_hash` is that of the block that it names, to which its work
    /// is bound. A block takes it later, or none does: [`Chain::participant`] says.
    pub async fn enrol(&self, enrolment: &Enrolment, block_hash: &[u8; 32]) -> Result<(), EnrolError> {
        let signer = &self.keys.signer;
        let signature = MultiSignature::Sr25519(signer.sign(&enrolment.message(block_hash)).0);
        let call = runtime::transactions().workers().enrol(Static(enrolment.clone()), signature);
        let at = self.chain.api().at_current_block().await.map_err(ChainError::block)?;
        let params = DefaultExtrinsicParamsBuilder::new().build();
        let transactions = at.transactions();
        let mut general = transactions.create_v5_signable_offline(&call, params).map_err(ChainError::extrinsic)?;
        // No extension of this chain takes a signature, so that none is in the transaction: its sender is nobody.
        let general = general.sign(signer).map_err(ChainError::extrinsic)?;
        match self.chain.rpc.pool(format!("0x{}", hex::encode(general.encoded()))).await {
            Ok(()) => Ok(()),
            Err((Some(code), _)) if ALREADY_THERE.contains(&code) => Ok(()),
            Err((None, reason)) => Err(ChainError::Rpc { method: "author_submitExtrinsic".into(), reason }.into()),
            Err((Some(_), message)) => Err(match EnrolRefusal::of(&message) {
                Some(refusal) => EnrolError::Refused(refusal),
                None => ChainError::Refused(super::errors::in_words(&message)).into(),
            }),
        }
    }
}

/// Searches the work of an enrolment: nonces from the present one on, until its message starts with `bits` zero bits. On average
/// that takes `2^bits` hashes, on this thread. Asks now and then, with the hashes tried so far, whether to go on; none when not.
pub fn search(
    mut enrolment: Enrolment,
    block_hash: &[u8; 32],
    bits: u32,
    mut goes_on: impl FnMut(u64) -> bool,
) -> Option<Enrolment> {
    let mut hashes: u64 = 0;
    while leading_zeros(&enrolment.message(block_hash)) < bits {
        enrolment.nonce = enrolment.nonce.wrapping_add(1);
        hashes = hashes.wrapping_add(1);
        if hashes.is_multiple_of(STRIDE) && !goes_on(hashes) {
            return None;
        }
    }
    Some(enrolment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_primitives::job::{Endpoint, Profile};

    fn enrolment() -> Enrolment {
        let profile = Profile::new(1, "", false);
        Enrolment { account: [1; 32], endpoint: Endpoint::default(), profile, ask: 1, block: 1, nonce: 0 }
    }

    #[test]
    fn search_should_find_the_first_work_that_is_enough() {
        let found = search(enrolment(), &[2; 32], 10, |_| true).expect("nobody stops it");
        assert_eq!(found, enrolment().with_work(&[2; 32], 10));
    }

    #[test]
    fn search_should_end_without_work_when_it_is_told_to() {
        let mut asked = Vec::new();
        let found = search(enrolment(), &[2; 32], 256, |hashes| {
            asked.push(hashes);
            asked.len() < 3
        });
        assert_eq!((found, asked), (None, vec![STRIDE, 2 * STRIDE, 3 * STRIDE]));
    }

    #[test]
    fn refusal_should_be_read_from_what_the_pool_says() {
        let said = |code: u32| EnrolRefusal::of(&format!("Invalid Transaction: Custom error: {code}"));
        let all = [
            EnrolRefusal::Block,
            EnrolRefusal::Work,
            EnrolRefusal::Registered,
            EnrolRefusal::Again,
            EnrolRefusal::Full,
            EnrolRefusal::NoPlace,
        ];
        assert_eq!((1..=6).filter_map(said).collect::<Vec<_>>(), all);
        assert_eq!((said(0), said(7), EnrolRefusal::of("Invalid Transaction: Custom error: ")), (None, None, None));
        assert_eq!(EnrolRefusal::of("Invalid Transaction: Transaction has a bad signature"), None);
    }
}
