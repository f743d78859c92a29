// SPDX-License-Identifier: Apache-2.0

use super::clock::Author;
use crate::{AccountId, Balances, Collateral, Runtime};
use frame_support::{parameter_types, PalletId};
use sp_runtime::traits::AccountIdConversion;

/// The treasury, until governance has one.
const TREASURY: PalletId = PalletId(*b"qn/trsry");

parameter_types! {
    /// Names the pot of unclaimed credits.
    pub const RewardsPalletId: PalletId = PalletId(*b"qn/rwrds");
    /// The treasury's account.
    pub TreasuryAccount: AccountId = TREASURY.into_account_truncating();
}

impl quern_pallet_rewards::Config for Runtime {
    type Currency = Balances;
    type PalletId = RewardsPalletId;
    type Treasury = TreasuryAccount;
    type Author = Author;
    type Backing = Collateral;
    type WeightInfo = quern_pallet_rewards::weights::SubstrateWeight<Self>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Helper;
}
