// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Error, Event, HoldReason, JobRoots, Jobs as JobsOf, NextJob, Opening, Stages, Waiting};
use frame_support::{
    assert_noop, assert_ok,
    storage::{with_transaction, TransactionOutcome},
    traits::fungible::{Inspect, Mutate},
    BoundedVec,
};
use quern_primitives::{
    job::{Input, JobSpec},
    plant::PlantedResult,
    traits::Results as _,
    BlobId, JobId, ShardId,
};
use quern_program::DType;
use quern_protocol::{shard::Phase, traits::Shards as _, view::JobStatus};
use sp_runtime::DispatchError;

/// A job of two shards and a merge. The first shard is overturned after the merge has begun; all that is under way is paid.
fn tainted() -> JobId {
    worker(10, BID / 2, 8);
    let job = submit(two_stages(8, 4));
    next_period();
    next_period();
    let (bad, good, merge) = (at(job, 0, 0), at(job, 0, 1), at(job, 1, 0));
    accept_all(&[bad, good]);
    next_period();
    next_period();
    overturn_when_read(bad, merge);
    settle(good);
    settle(merge);
    worker(11, BID / 2, 8);
    job
}

/// Takes assigned shards to acceptance, all of which are under way together.
fn accept_all(shards: &[ShardId]) {
    shards.iter().copied().for_each(commit);
    for id in shards {
        draw(*id, 2);
        audit(*id, &[]);
    }
}

/// Somebody has an accepted shard convicted after its reader, which is accepted, has committed.
fn overturn_when_read(bad: ShardId, reader: ShardId) {
    commit(reader);
    convict(bad);
    draw(reader, 2);
    audit(reader, &[]);
}

/// A shard, one that reads it, and a stage of `shards` on its own.
fn three_stages(shard_size: u32, shards: u32) -> JobSpec {
    let mut spec = two_stages(8, shard_size);
    let other = publish(&adder(DType::I32, &[4], 1, 0));
    spec.stages.try_push(stage(other, 8, 8 / shards, &[Input::Blob(blob(16))])).unwrap();
    spec
}

/// A fork of a job whose first shard was overturned, as its own was again. Of its last stage it was to take over two shards, but there was
/// no place to look at them.
fn overturned_twice() -> JobId {
    worker(10, BID / 2, 8);
    let job = submit(three_stages(8, 2));
    next_period();
    next_period();
    let good = [0, 1].map(|index| at(job, 2, index));
    accept_all(&[first(job), good[0], good[1]]);
    next_period();
    next_period();
    overturn_when_read(first(job), at(job, 1, 0));
    for id in good {
        shard(id).expires().into_iter().for_each(|_| settle(id));
    }
    settle(at(job, 1, 0));
    worker(11, BID / 2, 8);
    MaxLive::set(1);
    assert_ok!(fork(1, job));
    let forked = job + 1;
    next_period();
    next_period();
    accept(first(forked));
    next_period();
    next_period();
    overturn_when_read(first(forked), at(forked, 1, 0));
    settle(at(forked, 1, 0));
    assert_eq!(Stages::<Test>::get(forked, 2).unwrap().created, 0);
    worker(12, BID / 2, 8);
    MaxLive::set(8);
    forked
}

fn fork(who: u8, job: JobId) -> sp_runtime::DispatchResult {
    Jobs::fork_job(signed(who), job)
}

#[test]
fn fork_job_should_run_again_only_what_does_not_stand() {
    run(|| {
        let job = tainted();
        let (bad, good) = (at(job, 0, 0), at(job, 0, 1));
        assert!(matches!(shard(bad).phase, Phase::Overturned { .. }));
        assert_ok!(fork(1, job));
        let forked = job + 1;
        let escrow = held(HoldReason::Escrow, 1);
        assert!(has_event(Event::JobForked { job: forked, from: job, requester: account(1), escrow }));
        let whole = Jobs::quote(&two_stages(8, 4)).unwrap().escrow;
        assert!(escrow > 0 && escrow < whole);
        let burned = 2 * params().shard_fee;
        assert!(has_event(Event::ShardFeeBurned { job: forked, by: account(1), shards: 2, burned }));
        next_period();
        next_period();
        // Half of the first stage is taken over, the merge is not.
        let again = at(forked, 0, 0);
        assert_eq!(worker_of(again), 11);
        assert!(Jobs::shard(&at(forked, 0, 1)).is_none());
        accept(again);
        next_period();
        next_period();
        let merge = at(forked, 1, 0);
        let context = Jobs::context(&merge).unwrap();
        let read: Vec<_> = context.outputs[0].shards.iter().map(|shard| (shard.id, shard.worker[0])).collect();
        assert_eq!(read, vec![(again, 11), (good, 10)]);
        accept(merge);
        let stages = [BlobId::of_list(&[root_of(again), root_of(good)]), BlobId::of_list(&[root_of(merge)])];
        assert_eq!(JobRoots::<Test>::get(forked), Some(BlobId::of_list(&stages)));
        assert!(Jobs::tainted_stages(forked).is_empty());
        settle(again);
        settle(merge);
        assert_eq!(held(HoldReason::Escrow, 1), 0);
        assert_eq!(Jobs::shards(forked, 0, 0, 8).iter().map(|shard| shard.id).collect::<Vec<_>>(), vec![again, good]);
        assert_eq!(Jobs::shard_view(&at(forked, 0, 1), |_| Vec::new()).unwrap().shard.id, good);
    });
}

/// A fork of two stages, of which the second one is taken over as soon as there is a place: the first one is accepted. Returns both
/// shards.
fn taken_over_last() -> (ShardId, ShardId) {
    worker(10, BID / 2, 8);
    let program = publish(&adder(DType::I32, &[4], 1, 0));
    let one = || stage(program, 8, 8, &[Input::Blob(blob(16))]);
    let job = submit(spec(vec![one(), one()]));
    next_period();
    next_period();
    let (bad, good) = (at(job, 0, 0), at(job, 1, 0));
    accept_all(&[bad, good]);
    overturn(bad);
    settle(good);
    worker(11, BID / 2, 8);
    MaxLive::set(1);
    assert_ok!(fork(1, job));
    let again = at(job + 1, 0, 0);
    next_period();
    next_period();
    accept(again);
    (again, good)
}

#[test]
fn fork_should_run_again_what_reads_a_stage_of_which_it_runs_something_again() {
    run(|| {
        worker(10, BID / 2, 8);
        let job = submit(three_stages(4, 1));
        next_period();
        next_period();
        let (paid, unpaid, reader, bad) = (at(job, 0, 0), at(job, 0, 1), at(job, 1, 0), at(job, 2, 0));
        accept_all(&[bad, paid, unpaid]);
        next_period();
        next_period();
        accept(reader);
        assert_ok!(Jobs::acknowledge_shards(signed(1), vec![paid, reader].try_into().unwrap()));
        overturn(bad);
        for id in [paid, unpaid, reader] {
            shard(id).expires().into_iter().for_each(run_to);
        }
        assert!(matches!(shard(unpaid).phase, Phase::Settled { paid: false, .. }));
        assert_ok!(fork(1, job));
        let inherits = |index| Stages::<Test>::get(job + 1, index).unwrap().inherits;
        assert_eq!([0, 1, 2].map(inherits), [Some(job), None, None]);
    });
}

#[test]
fn fork_of_a_fork_should_take_over_what_the_first_one_had_not_looked_at() {
    run(|| {
        let forked = overturned_twice();
        let (job, again) = (forked - 1, forked + 1);
        assert_ok!(fork(1, forked));
        let burned = 2 * params().shard_fee;
        assert!(has_event(Event::ShardFeeBurned { job: again, by: account(1), shards: 2, burned }));
        next_period();
        next_period();
        assert_eq!(Stages::<Test>::get(again, 2).unwrap().origins.into_inner(), [job, job]);
        accept(first(again));
        next_period();
        next_period();
        accept(at(again, 1, 0));
        let roots: Vec<_> = [vec![first(again)], vec![at(again, 1, 0)], vec![at(job, 2, 0), at(job, 2, 1)]]
            .map(|shards| BlobId::of_list(&shards.into_iter().map(root_of).collect::<Vec<_>>()))
            .to_vec();
        assert_eq!(JobRoots::<Test>::get(again), Some(BlobId::of_list(&roots)));
        run_for(RETENTION * 8);
        assert!(JobsOf::<Test>::iter().next().is_none(), "all are pruned in the end");
    });
}

#[test]
fn fork_of_a_fork_should_go_on_from_the_job_of_which_more_stands() {
    run(|| {
        let forked = overturned_twice();
        let job = forked - 1;
        for (looked_at, source) in [(1, job), (2, forked)] {
            Stages::<Test>::mutate(forked, 2, |stage| {
                let stage = stage.as_mut().unwrap();
                (stage.created, stage.accepted, stage.standing) = (looked_at, looked_at, looked_at);
                stage.origins = vec![job; looked_at as usize].try_into().unwrap();
                stage.root = (looked_at == 2).then_some(BlobId([9; 32]));
            });
            assert_ok!(fork(1, forked));
            let record = Stages::<Test>::get(crate::NextJob::<Test>::get() - 1, 2).unwrap();
            assert_eq!(record.inherits, Some(source));
        }
        JobsOf::<Test>::mutate(forked, |job| job.as_mut().unwrap().complete |= 0b100);
    });
}

#[test]
fn fork_should_be_complete_when_what_it_takes_over_is_looked_at_last() {
    run(|| {
        let (again, good) = taken_over_last();
        assert_eq!(JobsOf::<Test>::get(again.job).unwrap().status, JobStatus::Running, "there was no place");
        run_for(1);
        let root = BlobId::of_list(&[again, good].map(|id| BlobId::of_list(&[root_of(id)])));
        assert_eq!(JobsOf::<Test>::get(again.job).unwrap().status, JobStatus::Completed { root });
        assert!(has_event(Event::JobCompleted { job: again.job, root }) && Jobs::job_root(again.job) == Some(root));
        settle(again);
        assert!(JobsOf::<Test>::get(again.job).unwrap().is_over());
    });
}

#[test]
fn what_a_fork_takes_over_should_be_counted_with_what_is_read_to_complete_it() {
    run(|| {
        taken_over_last();
        let (looked_at, of_stage, of_job) = (1, 1, 2);
        assert_eq!(Jobs::open_stages(Jobs::now(), 4), (looked_at + of_stage + of_job, 0));
    });
}

#[test]
fn fork_should_be_complete_in_a_block_of_its_own_when_that_reads_too_much() {
    run(|| {
        let (again, _) = taken_over_last();
        assert_eq!(Jobs::open_stages(Jobs::now(), 3), (1, 1));
        assert!(matches!(JobsOf::<Test>::get(again.job).unwrap().status, JobStatus::Completed { .. }));
    });
}

#[test]
fn fork_should_wait_for_a_block_of_its_own_when_other_jobs_are_opened_before_it() {
    run(|| {
        let (again, _) = taken_over_last();
        MaxLive::set(8);
        let program = publish(&adder(DType::I32, &[8], 1, 0));
        let other = submit(spec(vec![stage(program, 8, 8, &[Input::Blob(blob(32))])]));
        Waiting::<Test>::kill();
        Opening::<Test>::put(BoundedVec::truncate_from(vec![other, again.job]));
        JobsOf::<Test>::mutate(other, |job| job.as_mut().unwrap().status = JobStatus::Running);
        assert_eq!(Jobs::open_stages(Jobs::now(), 3), (1, 0), "the other job's shard");
        assert_eq!(Opening::<Test>::get().into_inner(), [again.job], "it is the first one now");
        assert_eq!(Jobs::open_stages(Jobs::now(), 3), (1, 1));
    });
}

#[test]
fn fork_should_take_over_what_stands_when_there_is_no_place_for_more() {
    run(|| {
        let job = tainted();
        MaxLive::set(1);
        assert_ok!(fork(1, job));
        next_period();
        next_period();
        assert_eq!(crate::Live::<Test>::get(), 1);
        assert!(has_event(Event::StageOpened { job: job + 1, stage: 0, shards: 2 }));
    });
}

#[test]
fn result_should_be_void_when_its_shard_of_a_fork_was_dropped() {
    run(|| {
        let job = tainted();
        assert_ok!(fork(1, job));
        next_period();
        next_period();
        let again = at(job + 1, 0, 0);
        let planted = PlantedResult { shard: again, attempt: 0, worker: raw(worker_of(again)), root: root_of(again) };
        assert!(!Jobs::is_void(&planted));
        assert_ok!(Jobs::cancel_job(signed(1), again.job));
        run_for(params().start_blocks + 1);
        assert!(has_event(Event::ShardDropped { shard: again }) && Jobs::is_void(&planted));
    });
}

#[test]
fn forked_job_should_be_kept_as_long_as_its_fork() {
    run(|| {
        let job = tainted();
        let prune_at = JobsOf::<Test>::get(job).unwrap().prune_at.unwrap();
        assert_ok!(fork(1, job));
        run_to(prune_at);
        assert!(JobsOf::<Test>::get(job).is_some_and(|job| job.prune_at == Some(prune_at + RETENTION)));
        // Its worker was late again and again meanwhile.
        run_to(JobsOf::<Test>::get(job + 1).unwrap().prune_at.unwrap() - 1);
        assert!(JobsOf::<Test>::get(job).is_some());
        run_for(RETENTION);
        assert!(JobsOf::<Test>::iter().next().is_none(), "both are pruned in the end");
    });
}

#[test]
fn what_a_fork_took_over_should_not_be_counted_when_it_is_pruned() {
    run(|| {
        let (again, _) = taken_over_last();
        run_for(1);
        settle(again);
        let due = JobsOf::<Test>::get(again.job).unwrap().prune_at.unwrap();
        run_to(due - 1);
        System::set_block_number(due);
        let (own, stages, of_job) = (1, 2, 1);
        assert_eq!(Jobs::prune(due, 16), own + stages + of_job);
        assert!(!JobsOf::<Test>::contains_key(again.job));
    });
}

#[test]
fn fork_job_should_fail_when_there_is_no_such_job_or_it_is_anothers() {
    run(|| {
        let job = tainted();
        assert_noop!(fork(1, job + 1), Error::<Test>::NoSuchJob);
        assert_noop!(fork(2, job), Error::<Test>::NotRequester);
        run_for(RETENTION + 1);
        assert_noop!(fork(1, job), Error::<Test>::NoSuchJob);
    });
}

#[test]
fn fork_job_should_fail_when_nothing_was_overturned() {
    run(|| {
        let id = assigned();
        accept(id);
        assert_noop!(fork(1, id.job), Error::<Test>::NotTainted);
    });
}

#[test]
fn fork_job_should_fail_when_shards_are_under_way() {
    run(|| {
        worker(10, BID / 2, 8);
        let job = submit(two_stages(8, 8));
        next_period();
        next_period();
        accept(first(job));
        next_period();
        next_period();
        convict(first(job));
        assert_eq!(JobsOf::<Test>::get(job).unwrap().status, JobStatus::Failed);
        assert_noop!(fork(1, job), Error::<Test>::NotOver);
    });
}

#[test]
fn fork_job_should_fail_when_too_many_jobs_of_the_account_are_open() {
    run(|| {
        let job = tainted();
        MaxOpenJobsOfAccount::set(1);
        submit(simple(8, 8));
        assert_noop!(fork(1, job), Error::<Test>::TooManyJobsOfAccount);
    });
}

#[test]
fn fork_job_should_fail_when_too_many_jobs_are_open() {
    run(|| {
        let job = tainted();
        for _ in 0..OPEN_JOBS {
            submit(simple(8, 8));
        }
        assert_noop!(fork(1, job), Error::<Test>::TooManyOpenJobs);
    });
}

#[test]
fn fork_job_should_fail_when_the_account_has_too_little() {
    run(|| {
        let job = tainted();
        let left = Balances::free_balance(account(1)) - ED;
        Balances::transfer_allow_death(signed(1), account(2), left).unwrap();
        assert_noop!(fork(1, job), sp_runtime::TokenError::FundsUnavailable);
    });
}

#[test]
fn fork_job_should_burn_the_fee_of_what_it_runs_again_and_hold_a_deposit_for_its_place() {
    run(|| {
        let job = tainted();
        let (issuance, before) = (Balances::total_issuance(), Balances::total_balance(&account(1)));
        assert_eq!(held(HoldReason::PlaceDeposit, 1), 0, "the job that it goes on from has left its place");
        assert_ok!(fork(1, job));
        assert!(has_event(Event::PlaceDepositHeld { job: job + 1, by: account(1), deposit: params().shard_fee }));
        assert_eq!(held(HoldReason::PlaceDeposit, 1), params().shard_fee);
        // Of two shards and a merge the second shard is taken over.
        let fee = 2 * params().shard_fee;
        assert!(fee > 0);
        assert_eq!(Balances::total_issuance(), issuance - fee);
        assert_eq!(Balances::total_balance(&account(1)), before - fee);
        // Each further fork costs as much.
        assert_ok!(fork(1, job));
        assert_eq!(Balances::total_issuance(), issuance - 2 * fee);
    });
}

#[test]
fn fork_job_should_fail_when_the_deposit_or_the_fee_of_what_it_runs_again_is_not_covered() {
    run(|| {
        let job = tainted();
        let escrow = with_transaction(|| {
            fork(1, job).unwrap();
            TransactionOutcome::Rollback(Ok::<_, DispatchError>(held(HoldReason::Escrow, 1)))
        });
        let deposit = params().shard_fee;
        let needed = escrow.unwrap() + deposit + 2 * params().shard_fee + ED;
        Balances::set_balance(&account(1), needed - 1);
        assert_noop!(fork(1, job), Error::<Test>::CannotPayShardFee);
        Balances::set_balance(&account(1), escrow.unwrap() + deposit + ED - 1);
        assert_noop!(fork(1, job), Error::<Test>::CannotHoldPlaceDeposit);
        Balances::set_balance(&account(1), needed);
        assert_ok!(fork(1, job));
    });
}

#[test]
fn fork_job_should_fail_when_it_descends_from_too_many() {
    run(|| {
        worker(10, BID / 2, 8);
        let mut job = submit(simple(8, 8));
        for who in 11..20 {
            next_period();
            next_period();
            accept(first(job));
            overturn(first(job));
            worker(who, BID / 2, 8);
            match fork(1, job) {
                Ok(()) => job = NextJob::<Test>::get() - 1,
                Err(error) => {
                    assert_eq!((who, error), (14, Error::<Test>::TooManyForks.into()));
                    return;
                }
            }
        }
        panic!("forks of forks without an end");
    });
}
