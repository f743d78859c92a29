// SPDX-License-Identifier: Apache-2.0
//! Benchmarks of the call.

use super::*;
use frame_benchmarking::v2::*;
use frame_system::RawOrigin;

#[benchmarks]
mod benches {
    use super::*;

    /// The claim that creates the payee's account.
    #[benchmark]
    fn claim() -> Result<(), BenchmarkError> {
        let who: AccountId32 = whitelisted_caller();
        let amount = T::Currency::minimum_balance().saturating_mul(10);
        T::Currency::mint_into(&Pallet::<T>::pot_account(), amount.saturating_mul(2))?;
        let shard = ShardId { job: 0, stage: 0, index: 0 };
        Pallet::<T>::credit(who.clone().into(), shard, amount, 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()));

        assert_eq!(T::Currency::balance(&who), amount);
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::tests::mock::new_test_ext(), crate::tests::mock::Test);
}
