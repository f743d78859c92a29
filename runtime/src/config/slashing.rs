// SPDX-License-Identifier: Apache-2.0

use crate::{AccountId, Balances, Collateral, Jobs, Runtime, RuntimeHoldReason, Workers};
use frame_support::traits::ConstU32;
use frame_system::EnsureRoot;

impl quern_pallet_slashing::Config for Runtime {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Collateral = Collateral;
    type GovernanceOrigin = EnsureRoot<AccountId>;
    type SlashesPerBlock = ConstU32<32>;
    type Registry = Workers;
    type Results = Jobs;
    // 4,096 times the least deposit is what it takes to keep everybody else from planting.
    type MaxPlants = ConstU32<4_096>;
    type MaxPlantsOfAccount = ConstU32<64>;
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

    fn bar(who: &AccountId) {
        use frame_support::{assert_ok, traits::fungible::Mutate};
        use quern_primitives::{
            job::{Endpoint, Profile},
            traits::{Collateral as _, Registry, Role, ShardEnd},
        };
        let minimum = Collateral::minimum();
        assert_ok!(Balances::mint_into(who, minimum));
        assert_ok!(Collateral::bond(crate::RuntimeOrigin::signed(who.clone()), minimum));
        let (endpoint, profile) = (Endpoint::default(), Profile::new(0, "", false));
        assert_ok!(Workers::register(crate::RuntimeOrigin::signed(who.clone()), Role::Worker, endpoint, profile, 1));
        Workers::take_slot(&who.clone().into());
        Workers::shard_ended(&who.clone().into(), ShardEnd::Convicted);
    }

    fn make_void(planted: &quern_primitives::plant::PlantedResult) {
        // It was dropped: that its job and stage are still there has to be looked up.
        Jobs::drop_for_benchmark(planted.shard.job);
    }
}
