// SPDX-License-Identifier: Apache-2.0
//! What transactions cost.

use super::{Chain, ChainError};
use codec::{Compact, Decode};
use quern_primitives::Balance;
use subxt::transactions::Payload;

/// About how many bytes the address, the signature and the extensions add to a call.
const SIGNED_BYTES: u32 = 110;

/// The runtime's answer about a call.
#[derive(Debug, Decode)]
struct CallInfo {
    _ref_time_ps: Compact<u64>,
    _proof_bytes: Compact<u64>,
    _class: u8,
    fee: Balance,
}

impl Chain {
    /// What a signed transaction with this call costs at the best block, without a tip. It rises and falls with how full blocks are.
    pub async fn fee(&self, call: &(impl Payload + Sync)) -> Result<Balance, ChainError> {
        let at = self.api().at_current_block().await.map_err(ChainError::block)?;
        let bytes = at.transactions().call_data(call).map_err(ChainError::extrinsic)?;
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX).saturating_add(SIGNED_BYTES);
        // The call goes as it is, not as a list of bytes.
        let info: CallInfo =
            self.state_call("TransactionPaymentCallApi_query_call_info", None, (Encoded(bytes), len)).await?;
        Ok(info.fee)
    }
}

/// Bytes that are encoded already.
struct Encoded(Vec<u8>);

impl codec::Encode for Encoded {
    fn encode_to<T: codec::Output + ?Sized>(&self, to: &mut T) {
        to.write(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use codec::Encode;

    #[test]
    fn call_should_be_asked_about_without_a_length_before_it() {
        assert_eq!((Encoded(vec![7, 8]), 9u32).encode(), [7, 8, 9, 0, 0, 0]);
    }

    #[test]
    fn fee_should_be_read_from_the_runtimes_answer() {
        let answer = (Compact(5_000_000_000u64), Compact(3u64), 1u8, 77u128).encode();
        assert_eq!(CallInfo::decode(&mut &answer[..]).unwrap().fee, 77);
    }
}
