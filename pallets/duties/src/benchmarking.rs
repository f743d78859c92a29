// SPDX-License-Identifier: Apache-2.0
//! Benchmarks of what the extension does beside the extensions that it wraps, and of a look of `on_idle`.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::dispatch::{DispatchInfo, GetDispatchInfo, PostDispatchInfo};
use frame_system::RawOrigin;
use sp_runtime::traits::{AsSystemOriginSigner, AsTransactionAuthorizedOrigin, DispatchTransaction, Dispatchable};

/// Most moves of a call: the shards of a commitment.
const MAX_MOVES: u32 = 16;

/// Supplies calls for benchmarks.
pub trait BenchmarkHelper<Call> {
    /// Makes `who` owe a call of this many moves, and returns it.
    fn owed(who: &AccountId32, moves: u32) -> Call;
    /// Makes `who` owe a call of this many moves and `signer` the last of as many proxies as it may have, and returns the call by
    /// which that one makes it.
    fn owed_by_proxy(signer: &AccountId32, who: &AccountId32, moves: u32) -> Call;
}

#[benchmarks(where
    T: Send + Sync,
    T::RuntimeCall: Dispatchable<Info = DispatchInfo, PostInfo = PostDispatchInfo> + GetDispatchInfo,
    T::RuntimeOrigin: AsTransactionAuthorizedOrigin + AsSystemOriginSigner<AccountId32>,
)]
mod benches {
    use super::*;

    #[benchmark]
    fn judge(n: Linear<1, MAX_MOVES>) -> Result<(), BenchmarkError> {
        let who: AccountId32 = whitelisted_caller();
        let call = T::BenchmarkHelper::owed(&who, n);
        let info = call.get_dispatch_info();
        let extension = PayUnlessOwed::<T, ()>::from(());

        #[block]
        {
            extension
                .test_run(RawOrigin::Signed(who.clone()).into(), &call, &info, 0, 0, |_| Ok(().into()))
                .map_err(|_| BenchmarkError::Stop("the transaction is not valid"))?
                .map_err(|_| BenchmarkError::Stop("the call failed"))?;
        }

        Ok(())
    }

    /// Nothing is carried out within, so that the failure is counted too.
    #[benchmark]
    fn judge_proxied(n: Linear<1, MAX_MOVES>) -> Result<(), BenchmarkError> {
        let signer: AccountId32 = whitelisted_caller();
        let who: AccountId32 = account("who", 0, 0);
        let call = T::BenchmarkHelper::owed_by_proxy(&signer, &who, n);
        let info = call.get_dispatch_info();
        let extension = PayUnlessOwed::<T, ()>::from(());

        #[block]
        {
            extension
                .test_run(RawOrigin::Signed(signer.clone()).into(), &call, &info, 0, 0, |_| Ok(().into()))
                .map_err(|_| BenchmarkError::Stop("the transaction is not valid"))?
                .map_err(|_| BenchmarkError::Stop("the call failed"))?;
        }

        assert_eq!(Pallet::<T>::failures(who), 1);
        Ok(())
    }

    #[benchmark]
    fn failure() {
        let who: AccountId32 = whitelisted_caller();

        #[block]
        {
            Pallet::<T>::note_failure(who.clone());
        }

        assert_eq!(Pallet::<T>::failures(who), 1);
    }

    #[benchmark]
    fn pass() -> Result<(), BenchmarkError> {
        let who: AccountId32 = whitelisted_caller();
        let call: T::RuntimeCall = frame_system::Call::<T>::remark { remark: alloc::vec![] }.into();
        let info = call.get_dispatch_info();
        let extension = PayUnlessOwed::<T, ()>::from(());

        #[block]
        {
            extension
                .test_run(RawOrigin::Signed(who.clone()).into(), &call, &info, 0, 0, |_| Ok(().into()))
                .map_err(|_| BenchmarkError::Stop("the transaction is not valid"))?
                .map_err(|_| BenchmarkError::Stop("the call failed"))?;
        }

        Ok(())
    }

    #[benchmark]
    fn forgive() {
        let who: AccountId32 = whitelisted_caller();
        Records::<T>::insert(&who, Record { failures: 1, at: 0 });
        let later = T::ForgiveBlocks::get();

        #[block]
        {
            Pallet::<T>::forgive_next(later);
        }

        assert!(!Records::<T>::contains_key(&who));
    }

    impl_benchmark_test_suite!(Pallet, crate::tests::mock::new_test_ext(), crate::tests::mock::Test);
}
