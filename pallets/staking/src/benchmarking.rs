// SPDX-License-Identifier: Apache-2.0
//! Benchmarks of the calls.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::fungible::Mutate;
use frame_system::RawOrigin;

/// What a runtime does for the benchmarks.
pub trait BenchmarkHelper {
    /// Registers session keys for an account.
    fn set_session_keys(who: &AccountId32);
    /// Has an era be the one under way; blocks may pass by that.
    fn set_era(era: u32);
}

impl BenchmarkHelper for () {
    fn set_session_keys(_who: &AccountId32) {}
    fn set_era(_era: u32) {
        #[cfg(test)]
        crate::tests::mock::Era::set(_era);
    }
}

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

/// Fills the order but for `room` places, with scores around that of [`bonded`].
fn fill_order<T: Config>(room: u32) -> Result<(), BenchmarkError> {
    for index in room..MAX_CANDIDATES {
        let who: AccountId32 = account("candidate", index, 0);
        T::Currency::set_balance(&who, amount::<T>().saturating_mul(4));
        let score = if index % 2 == 0 { amount::<T>() } else { amount::<T>().saturating_mul(2) };
        Pallet::<T>::do_bond(&who, score)?;
        Pallet::<T>::do_validate(&who, 0)?;
    }
    Ok(())
}

/// A candidate, the last of a full order.
fn candidate<T: Config>() -> Result<AccountId32, BenchmarkError> {
    fill_order::<T>(1)?;
    let who: AccountId32 = account("candidate", 0, 0);
    T::Currency::set_balance(&who, amount::<T>().saturating_mul(40));
    Pallet::<T>::do_bond(&who, amount::<T>())?;
    Pallet::<T>::do_validate(&who, 0)?;
    Ok(who)
}

/// An account that backs a candidate with half of the most, and can back it with as much again.
fn nominator<T: Config>() -> Result<(AccountId32, AccountId32, Balance), BenchmarkError> {
    let candidate = candidate::<T>()?;
    let who: AccountId32 = whitelisted_caller();
    let part = amount::<T>().max(Elections::<T>::get().minimum_nomination.saturating_add(MAX_UNBONDING.into()));
    T::Currency::set_balance(&who, part.saturating_mul(4));
    Pallet::<T>::nominate(RawOrigin::Signed(who.clone()).into(), candidate.clone(), part)?;
    Ok((who, candidate, part))
}

/// What came to back a candidate lately.
fn young<T: Config>(candidate: &AccountId32) -> Pool {
    let young = Candidates::<T>::get(candidate).and_then(|candidate| candidate.young);
    young.map_or_else(Pool::default, |young| young.pool)
}

/// What backs a candidate, but for that.
fn pool<T: Config>(candidate: &AccountId32) -> Pool {
    Candidates::<T>::get(candidate).map_or_else(Pool::default, |candidate| candidate.pool)
}

/// What the next call about a nomination has most to do with: the shares of `who` are of a young pool that has become a part of the
/// candidate's, and another young pool waits for that. `chunks` amounts of `who` unbond, from heights 1 on.
fn aged<T: Config>(chunks: u32) -> Result<(AccountId32, AccountId32, Balance), BenchmarkError> {
    let (who, candidate, part) = nominator::<T>()?;
    let origin = RawOrigin::Signed(who.clone());
    for height in 1..=chunks {
        frame_system::Pallet::<T>::set_block_number(height.into());
        Pallet::<T>::unbond_nomination(origin.clone().into(), candidate.clone(), 1)?;
    }
    let other: AccountId32 = account("nominator", 0, 0);
    T::Currency::set_balance(&other, part.saturating_mul(4));
    T::BenchmarkHelper::set_era(1);
    Pallet::<T>::nominate(RawOrigin::Signed(other).into(), candidate.clone(), part)?;
    T::BenchmarkHelper::set_era(2);
    // As if rounding had changed what backs the candidate, which the merge does again: it gets another place in the order.
    Order::<T>::mutate(|order| {
        order
            .iter_mut()
            .filter(|(_, listed)| *listed == candidate)
            .for_each(|(score, _)| *score = score.saturating_add(1));
    });
    Candidates::<T>::mutate_extant(&candidate, |entry| {
        entry.listed = entry.listed.map(|score| score.saturating_add(1))
    });
    Ok((who, candidate, part))
}

/// A candidate of a full order that is backed by what came lately and by what came before: the stake that costs most to slash.
pub fn backed_candidate<T: Config>() -> Result<AccountId32, BenchmarkError> {
    let (_, candidate, part) = nominator::<T>()?;
    let other: AccountId32 = account("nominator", 0, 0);
    T::Currency::set_balance(&other, part.saturating_mul(4));
    T::BenchmarkHelper::set_era(1);
    Pallet::<T>::nominate(RawOrigin::Signed(other).into(), candidate.clone(), part)?;
    Ok(candidate)
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

    /// Displaces the last of a full order.
    #[benchmark]
    fn validate() -> Result<(), BenchmarkError> {
        fill_order::<T>(0)?;
        let who = bonded::<T>()?;
        Pallet::<T>::do_bond(&who, amount::<T>())?;
        T::BenchmarkHelper::set_session_keys(&who);

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), 50_000);

        assert!(Pallet::<T>::listed(&who).is_ok());
        Ok(())
    }

    #[benchmark]
    fn chill() -> Result<(), BenchmarkError> {
        let who = candidate::<T>()?;

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()));

        assert!(Pallet::<T>::listed(&who).is_err());
        Ok(())
    }

    #[benchmark]
    fn nominate() -> Result<(), BenchmarkError> {
        let (who, candidate, part) = aged::<T>(MAX_UNBONDING)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), candidate.clone(), part);

        assert!(Nominations::<T>::get(&who, &candidate).is_some_and(|nomination| nomination.old.total() > 0));
        assert_eq!(young::<T>(&candidate).value, part);
        Ok(())
    }

    /// The last part that fits.
    #[benchmark]
    fn unbond_nomination() -> Result<(), BenchmarkError> {
        let (who, candidate, part) = aged::<T>(MAX_UNBONDING.saturating_sub(1))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), candidate.clone(), part);

        assert_eq!(pool::<T>(&candidate).unbonding, part);
        Ok(())
    }

    /// All parts have matured.
    #[benchmark]
    fn withdraw_nomination() -> Result<(), BenchmarkError> {
        let (who, candidate, _) = aged::<T>(MAX_UNBONDING)?;
        let matured = Pallet::<T>::now().saturating_add(UnbondingBlocks::<T>::get());
        frame_system::Pallet::<T>::set_block_number(matured.into());

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), candidate.clone());

        let left = Nominations::<T>::get(&who, &candidate).unwrap_or_default();
        assert_eq!((left.chunks(), pool::<T>(&candidate).unbonding), (0, 0));
        Ok(())
    }

    #[benchmark]
    fn on_block() -> Result<(), BenchmarkError> {
        let author: AccountId32 = whitelisted_caller();
        // Heights without a report, as far as a block goes.
        ShownFrom::<T>::put(u32::MAX);

        #[block]
        {
            Pallet::<T>::forget_reports();
            Pallet::<T>::note_author(&author);
        }

        assert_eq!(SessionBlocks::<T>::get(), 1);
        Ok(())
    }

    /// One report of a whole set.
    #[benchmark]
    fn forget_report() -> Result<(), BenchmarkError> {
        let offenders = (0..MAX_CANDIDATES).map(|index| account::<AccountId32>("candidate", index, 0));
        let offenders = BoundedVec::truncate_from(offenders.collect());
        Reports::<T>::insert([1; 32], ReportsOfMoment { session: 0, last_session: 0, offenders });
        ReportsBySession::<T>::insert(0, [1; 32], ());
        ShownFrom::<T>::put(1);

        #[block]
        {
            Pallet::<T>::forget_reports();
        }

        assert!(!Reports::<T>::contains_key([1; 32]));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::tests::mock::new_test_ext(), crate::tests::mock::Test);
}
