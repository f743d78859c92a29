// SPDX-License-Identifier: Apache-2.0
//! Benchmarks of the calls.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::fungible::Mutate;
use frame_system::RawOrigin;

/// A bond well above the minimum.
fn amount<T: Config>() -> Balance {
    MinimumBond::<T>::get().saturating_mul(4).max(QRN)
}

/// An account that owns twice the amount and has bonded it.
fn bonded<T: Config>() -> Result<AccountId32, BenchmarkError> {
    let who: AccountId32 = whitelisted_caller();
    T::Currency::set_balance(&who, amount::<T>().saturating_mul(4));
    Pallet::<T>::bond(RawOrigin::Signed(who.clone()).into(), amount::<T>())?;
    Ok(who)
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn bond() -> Result<(), BenchmarkError> {
        let who = bonded::<T>()?;

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), amount::<T>());

        assert_eq!(Ledgers::<T>::get(&who).unwrap_or_default().bonded, amount::<T>().saturating_mul(2));
        Ok(())
    }

    /// The last amount that fits.
    #[benchmark]
    fn unbond() -> Result<(), BenchmarkError> {
        let who = bonded::<T>()?;
        for height in 1..MAX_UNBONDING {
            frame_system::Pallet::<T>::set_block_number(height.into());
            Pallet::<T>::unbond(RawOrigin::Signed(who.clone()).into(), 1)?;
        }
        frame_system::Pallet::<T>::set_block_number(MAX_UNBONDING.into());

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), 1);

        assert_eq!(Ledgers::<T>::get(&who).unwrap_or_default().unbonding.len() as u32, MAX_UNBONDING);
        Ok(())
    }

    /// All amounts have matured.
    #[benchmark]
    fn withdraw_unbonded() -> Result<(), BenchmarkError> {
        let who = bonded::<T>()?;
        for height in 1..=MAX_UNBONDING {
            frame_system::Pallet::<T>::set_block_number(height.into());
            Pallet::<T>::unbond(RawOrigin::Signed(who.clone()).into(), 1)?;
        }
        let matured = UnbondingBlocks::<T>::get().saturating_add(MAX_UNBONDING);
        frame_system::Pallet::<T>::set_block_number(matured.into());

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()));

        assert!(Ledgers::<T>::get(&who).unwrap_or_default().unbonding.is_empty());
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::tests::mock::new_test_ext(), crate::tests::mock::Test);
}
