// SPDX-License-Identifier: Apache-2.0
//! Benchmarks of the calls and of the hook.

use super::*;
use frame_benchmarking::v2::*;
use frame_system::RawOrigin;
use quern_primitives::{
    offence::ConsensusOffence,
    traits::{ConsensusOffences, Offence, Offences},
    QRN,
};

/// Bonds accounts.
pub trait BenchmarkHelper {
    /// Gives `who` at least `amount` of free balance and a bond of which `amount` is locked.
    fn lock(who: &AccountId32, amount: Balance);
    /// An account with funds whose stake costs most to slash: it has a bond, is a candidate among as many as there may be, and is
    /// backed.
    fn candidate() -> Result<AccountId32, BenchmarkError>;
}

/// The most expensive offence: restitution and a reward, both to accounts that exist.
fn report<T: Config>() -> (AccountId32, OffenceId) {
    let locked = QRN.saturating_mul(1_000);
    let offender: AccountId32 = whitelisted_caller();
    for who in [offender.clone(), account("requester", 0, 0), account("reporter", 0, 0)] {
        T::BenchmarkHelper::lock(&who, locked);
    }
    let id = NextOffence::<T>::get();
    let requester: AccountId32 = account("requester", 0, 0);
    let reporter: AccountId32 = account("reporter", 0, 0);
    <Pallet<T> as Offences>::report(Offence {
        kind: OffenceKind::WrongResult,
        offender: offender.clone().into(),
        shard: ShardId { job: 0, stage: 0, index: 0 },
        locked,
        reporter: Some(reporter.into()),
        restitution: Some((requester.into(), QRN)),
        evidence: [1; 32],
    });
    (offender, id)
}

/// The most expensive offence against consensus: a reward to an account that exists.
fn report_stake<T: Config>() -> Result<(AccountId32, OffenceId), BenchmarkError> {
    let (offender, reporter) = (T::BenchmarkHelper::candidate()?, account::<AccountId32>("reporter", 0, 0));
    T::BenchmarkHelper::lock(&reporter, QRN.saturating_mul(1_000));
    let offence = ConsensusOffence {
        kind: OffenceKind::Equivocation,
        offender: offender.clone().into(),
        session: 0,
        offenders: 1,
        validators: 4,
        before_ppm: 0,
        reporter: Some(reporter.into()),
        evidence: [1; 32],
    };
    let id = <Pallet<T> as ConsensusOffences>::report(offence, ONE_PPM.saturating_div(2));
    Ok((offender, id))
}

fn appealed<T: Config>() -> Result<(AccountId32, OffenceId), BenchmarkError> {
    let (offender, id) = report::<T>();
    Pallet::<T>::appeal(RawOrigin::Signed(offender.clone()).into(), id, [2; 32])?;
    Ok((offender, id))
}

fn governance<T: Config>() -> Result<T::RuntimeOrigin, BenchmarkError> {
    T::GovernanceOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn set_dry_run() -> Result<(), BenchmarkError> {
        let origin = governance::<T>()?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, true);

        assert!(DryRun::<T>::get());
        Ok(())
    }

    #[benchmark]
    fn appeal() {
        let (offender, id) = report::<T>();

        #[extrinsic_call]
        _(RawOrigin::Signed(offender), id, [2; 32]);

        assert!(Deferred::<T>::get(id).is_some_and(|slash| matches!(slash.stage, SlashStage::Appealed { .. })));
    }

    #[benchmark]
    fn cancel() -> Result<(), BenchmarkError> {
        let (_, id) = appealed::<T>()?;
        let origin = governance::<T>()?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, id);

        assert!(!Deferred::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn reject_appeal() -> Result<(), BenchmarkError> {
        let (_, id) = appealed::<T>()?;
        let origin = governance::<T>()?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, id);

        assert!(!Deferred::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn delay() {
        let (_, id) = report::<T>();
        let guardian: AccountId32 = account("guardian", 0, 0);
        Guardian::<T>::put(&guardian);

        #[extrinsic_call]
        _(RawOrigin::Signed(guardian), id);

        assert!(Deferred::<T>::get(id).is_some_and(|slash| slash.stage == SlashStage::Delayed));
    }

    #[benchmark]
    fn set_guardian() -> Result<(), BenchmarkError> {
        let guardian: AccountId32 = account("guardian", 0, 0);
        let origin = governance::<T>()?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, Some(guardian.clone()));

        assert_eq!(Guardian::<T>::get(), Some(guardian));
        Ok(())
    }

    #[benchmark]
    fn idle() {
        #[block]
        {
            Pallet::<T>::carry_out_due(1);
        }
    }

    #[benchmark]
    fn carry_out() -> Result<(), BenchmarkError> {
        let (_, id) = appealed::<T>()?;
        let due_at = Deferred::<T>::get(id).map_or(0, |slash| slash.due_at);
        AgendaCursor::<T>::put(due_at);

        #[block]
        {
            Pallet::<T>::carry_out_due(due_at);
        }

        assert!(!Deferred::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn carry_out_stake() -> Result<(), BenchmarkError> {
        let (offender, id) = report_stake::<T>()?;
        Pallet::<T>::appeal(RawOrigin::Signed(offender).into(), id, [2; 32])?;
        let due_at = Deferred::<T>::get(id).map_or(0, |slash| slash.due_at);
        AgendaCursor::<T>::put(due_at);

        #[block]
        {
            Pallet::<T>::carry_out_due(due_at);
        }

        assert!(!Deferred::<T>::contains_key(id));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::tests::mock::new_test_ext(), crate::tests::mock::Test);
}
