// SPDX-License-Identifier: Apache-2.0
//! Benchmarks of the calls and of the hook.

use super::*;
use frame_benchmarking::v2::*;
use frame_system::RawOrigin;
use quern_primitives::{
    offence::ConsensusOffence,
    plant::{decoy_hash, ConvictedResult},
    traits::{ConsensusOffences, Offence, Offences},
    BlobId, QRN,
};

/// Bonds accounts.
pub trait BenchmarkHelper {
    /// Gives `who` at least `amount` of free balance and a bond of which `amount` is locked.
    fn lock(who: &AccountId32, amount: Balance);
    /// An account with funds whose stake costs most to slash: it has a bond, is a candidate among as many as there may be, and is
    /// backed.
    fn candidate() -> Result<AccountId32, BenchmarkError>;
    /// Registers `who` as a worker and has it convicted once.
    fn bar(who: &AccountId32);
    /// Makes it certain that a result is never paid.
    fn make_void(planted: &PlantedResult);
}

/// The salt of plants.
const SALT: [u8; 32] = [3; 32];

/// What a plant holds: enough for the offence of [`planted_offence`].
fn deposit<T: Config>() -> Balance {
    Terms::<T>::get().deposit(QRN.saturating_mul(1_000))
}

/// Who plants.
fn owner() -> AccountId32 {
    account("planter", 0, 0)
}

/// An account with a plant or decoy under way.
fn planter<T: Config>(hash: [u8; 32]) -> Result<AccountId32, BenchmarkError> {
    let owner = owner();
    T::BenchmarkHelper::lock(&owner, deposit::<T>());
    Pallet::<T>::plant(RawOrigin::Signed(owner.clone()).into(), hash, deposit::<T>())?;
    Ok(owner)
}

fn planted(worker: &AccountId32) -> PlantedResult {
    let shard = ShardId { job: 0, stage: 0, index: 0 };
    PlantedResult { shard, attempt: 0, worker: worker.clone().into(), root: BlobId([5; 32]) }
}

/// The conviction of a barred worker for a planted error, under appeal.
fn planted_offence<T: Config>() -> Result<OffenceId, BenchmarkError> {
    let locked = QRN.saturating_mul(1_000);
    let offender: AccountId32 = account("worker", 0, 0);
    let (requester, reporter): (AccountId32, AccountId32) = (account("requester", 0, 0), account("reporter", 0, 0));
    for who in [&offender, &requester, &reporter] {
        T::BenchmarkHelper::lock(who, locked);
    }
    T::BenchmarkHelper::bar(&offender);
    let PlantedResult { shard, attempt, root, .. } = planted(&offender);
    planter::<T>(planted(&offender).hash(&owner().into(), &SALT))?;
    let id = NextOffence::<T>::get();
    let offence = Offence {
        kind: OffenceKind::WrongResult,
        offender: offender.clone().into(),
        shard,
        locked,
        reporter: Some(reporter.into()),
        restitution: Some((requester.clone().into(), QRN)),
        evidence: [1; 32],
    };
    let committed_at = Pallet::<T>::now().saturating_add(1);
    let result =
        ConvictedResult { requester: requester.into(), attempt, root, committed_at, breaks_job: true, fees: 0 };
    <Pallet<T> as Offences>::report_result(offence, result);
    Pallet::<T>::appeal(RawOrigin::Signed(offender).into(), id, [2; 32])?;
    Ok(id)
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

/// The most expensive offence against consensus: a reward to an account that exists, and too little of the bond is left for a candidate.
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
    let id = <Pallet<T> as ConsensusOffences>::report(offence, ONE_PPM.saturating_div(10).saturating_mul(9));
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

    #[benchmark]
    fn plant() {
        let owner: AccountId32 = whitelisted_caller();
        T::BenchmarkHelper::lock(&owner, deposit::<T>());

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), [4; 32], deposit::<T>());

        assert!(Plants::<T>::contains_key([4; 32]));
    }

    #[benchmark]
    fn open_plant() -> Result<(), BenchmarkError> {
        let id = planted_offence::<T>()?;

        #[extrinsic_call]
        _(RawOrigin::Signed(owner()), id, SALT);

        assert_eq!((Plants::<T>::count(), Deferred::<T>::contains_key(id)), (0, false));
        Ok(())
    }

    #[benchmark]
    fn open_decoy() -> Result<(), BenchmarkError> {
        planter::<T>(decoy_hash(&owner().into(), &SALT))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(owner()), SALT);

        assert_eq!(Plants::<T>::count(), 0);
        Ok(())
    }

    #[benchmark]
    fn withdraw_plant() -> Result<(), BenchmarkError> {
        let planted = planted(&account("worker", 0, 0));
        planter::<T>(planted.hash(&owner().into(), &SALT))?;
        T::BenchmarkHelper::make_void(&planted);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner()), SALT, planted);

        assert_eq!(Plants::<T>::count(), 0);
        Ok(())
    }

    #[benchmark]
    fn expire_plant() -> Result<(), BenchmarkError> {
        planter::<T>([4; 32])?;
        Plants::<T>::mutate([4; 32], |found| found.iter_mut().for_each(|found| found.expires_at = 0));

        #[extrinsic_call]
        _(RawOrigin::Signed(whitelisted_caller()), [4; 32]);

        assert_eq!(Plants::<T>::count(), 0);
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::tests::mock::new_test_ext(), crate::tests::mock::Test);
}
