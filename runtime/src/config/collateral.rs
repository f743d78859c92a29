// SPDX-License-Identifier: Apache-2.0

use crate::{AccountId, Balances, Clock, Runtime, RuntimeHoldReason, Slashing, System};
use frame_support::traits::{Contains, FindAuthor, Get};
use pallet_session::FindAccountFromAuthorIndex;
use quern_primitives::{traits::Randomness, Height};

/// The era of the current block, by which emission is counted too.
pub struct CurrentEra;

impl Get<u32> for CurrentEra {
    fn get() -> u32 {
        quern_pallet_rewards::Settings::<Runtime>::get().era_of(System::block_number())
    }
}

/// Blocks for which a bond's growth is told apart: no seed is drawn by any more when the periods have passed whose seeds are kept.
pub struct DrawMemory;

impl Get<Height> for DrawMemory {
    fn get() -> Height {
        quern_pallet_clock::SEEDS_KEPT.saturating_add(1).saturating_mul(Clock::period_blocks())
    }
}

/// The author of the current block, looked up in the set of the session that the block belongs to: in the first block of a
/// session that is known only when the session pallet has rotated.
pub struct Author;

impl Get<Option<AccountId>> for Author {
    fn get() -> Option<AccountId> {
        let digest = System::digest();
        let logs = digest.logs().iter().filter_map(|log| log.as_pre_runtime());
        FindAccountFromAuthorIndex::<Runtime, crate::Babe>::find_author(logs)
    }
}

/// Accounts that have registered session keys.
pub struct WithSessionKeys;

impl Contains<AccountId> for WithSessionKeys {
    fn contains(who: &AccountId) -> bool {
        pallet_session::NextKeys::<Runtime>::contains_key(who)
    }
}

impl quern_pallet_staking::Config for Runtime {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Era = CurrentEra;
    type DrawMemory = DrawMemory;
    type Author = Author;
    type SessionKeys = WithSessionKeys;
    type Unclaimed = crate::Rewards;
    type Offences = Slashing;
    type Disabling = super::offences::Disabled;
    type WeightInfo = quern_pallet_staking::weights::SubstrateWeight<Self>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = super::session::BenchmarkKeys;
}
