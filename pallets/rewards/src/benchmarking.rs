// SPDX-License-Identifier: Apache-2.0
//! Benchmarks of the calls and of the hook.

use super::*;
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_system::RawOrigin;

/// Supplies who is paid in benchmarks.
pub trait BenchmarkHelper {
    /// Makes `who` an author that shares what it earns, as dearly as possible.
    fn back(who: &AccountId32);
    /// Makes `who` the author of the block.
    fn set_author(_who: &AccountId32) {}
}

#[benchmarks]
mod benches {
    use super::*;

    /// An era of `contributors` and of `mine` that ends now: all of them have worked and authored.
    fn finished_era<T: Config>(mine: &AccountId32, contributors: u32) -> u32 {
        let era = CurrentEra::<T>::get();
        let points = T::Currency::minimum_balance().saturating_mul(10);
        for number in 0..contributors {
            Pallet::<T>::contribute(account::<AccountId32>("contributor", number, 0).into(), points, 1);
        }
        Pallet::<T>::contribute(mine.clone().into(), points, 1);
        Pallet::<T>::turn_era(&Settings::<T>::get(), Height::MAX);
        era
    }

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

    /// The claim of `e` eras by an author that shares it with those who back it.
    #[benchmark]
    fn claim_emission(e: Linear<1, MAX_ERAS_PER_CLAIM>) {
        let who: AccountId32 = whitelisted_caller();
        T::BenchmarkHelper::back(&who);
        let before = T::Currency::balance(&who);
        let eras: Vec<u32> = (0..e).map(|_| finished_era::<T>(&who, 1)).collect();

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), BoundedVec::truncate_from(eras));

        assert!(T::Currency::balance(&who) > before);
    }

    /// The same, for an author that somebody else claims for.
    #[benchmark]
    fn claim_emission_for(e: Linear<1, MAX_ERAS_PER_CLAIM>) {
        let (caller, who): (AccountId32, AccountId32) = (whitelisted_caller(), account("author", 0, 0));
        T::BenchmarkHelper::back(&who);
        let before = T::Currency::balance(&who);
        let eras: Vec<u32> = (0..e).map(|_| finished_era::<T>(&who, 1)).collect();

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), who.clone(), BoundedVec::truncate_from(eras));

        assert!(T::Currency::balance(&who) > before);
    }

    /// A block in which an era ends and `p` contributions of authors to another one are pruned; its author has done nothing before. With
    /// the most that are pruned it is not noted that nothing is left, so these are not measured: they count as one more than the rest.
    #[benchmark]
    fn on_block(p: Linear<1, { PRUNED_PER_BLOCK - 1 }>) {
        let parameters = Settings::<T>::get();
        let last: AccountId32 = account("contributor", PRUNED_PER_BLOCK, 0);
        for _ in 0..=parameters.history_eras {
            finished_era::<T>(&last, p.saturating_sub(1));
        }
        let era = CurrentEra::<T>::get();
        let begins = parameters.era_blocks.saturating_mul(era.saturating_add(1));
        frame_system::Pallet::<T>::set_block_number(begins.into());
        T::BenchmarkHelper::set_author(&account("author", 0, 0));

        #[block]
        {
            Pallet::<T>::on_initialize(begins.into());
        }

        assert_eq!(CurrentEra::<T>::get(), era.saturating_add(1));
    }

    impl_benchmark_test_suite!(Pallet, crate::tests::mock::new_test_ext(), crate::tests::mock::Test);
}
