// SPDX-License-Identifier: Apache-2.0

use crate::{AccountId, Balances, Collateral, Runtime, RuntimeHoldReason};
use frame_support::traits::ConstU32;
use frame_system::EnsureRoot;

impl quern_pallet_slashing::Config for Runtime {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Collateral = Collateral;
    type GovernanceOrigin = EnsureRoot<AccountId>;
    type SlashesPerBlock = ConstU32<32>;
    type WeightInfo = quern_pallet_slashing::weights::SubstrateWeight<Self>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Bonds;
}

/// Bonds accounts for benchmarks.
#[cfg(feature = "runtime-benchmarks")]
pub struct Bonds;

#[cfg(feature = "runtime-benchmarks")]
impl quern_pallet_slashing::benchmarking::BenchmarkHelper for Bonds {
    fn lock(who: &AccountId, amount: crate::Balance) {
        use frame_support::{assert_ok, traits::fungible::Mutate};
        use quern_primitives::traits::Collateral as _;
        assert_ok!(Balances::mint_into(who, crate::QRN + 2 * amount));
        assert_ok!(Collateral::bond(crate::RuntimeOrigin::signed(who.clone()), amount));
        assert_ok!(Collateral::lock(&who.clone().into(), amount));
    }

    fn candidate() -> Result<AccountId, frame_benchmarking::BenchmarkError> {
        quern_pallet_staking::benchmarking::backed_candidate::<Runtime>()
    }
}
