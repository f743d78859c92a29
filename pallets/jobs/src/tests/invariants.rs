// SPDX-License-Identifier: Apache-2.0
//! Random calls: the invariants hold after each, money is neither made nor lost, and state returns to its baseline.

use super::mock::*;
use crate::{
    types::StageRecord, Agenda, Due, Duties, HoldReason, Jobs as JobsOf, Live, OpenJobs, OpenJobsOf, ProgramUses,
    Programs, Queue, Served, Shards, Stages,
};
use frame_support::{storage::with_storage_layer, traits::fungible::Inspect};
use proptest::prelude::*;
use quern_primitives::{
    job::JobSpec,
    traits::{Collateral, OffenceKind},
    ShardId, QRN,
};
use quern_protocol::{
    shard::{Event as ShardEvent, Phase, ProbeSeat},
    traits::Shards as _,
};

#[derive(Clone, Debug)]
enum Op {
    Submit {
        who: u8,
        tasks: u32,
        size: u32,
        merge: bool,
        low: bool,
    },
    Cancel(u8, usize),
    Resume(u8, usize),
    Fork(u8, usize),
    Retire(usize),
    Worker {
        who: u8,
        ask: u128,
        slots: u32,
    },
    /// Takes a shard one step on: `how` decides in which way.
    Step {
        shard: usize,
        how: u8,
    },
    Wait(u32),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (1u8..4, 1u32..20, 1u32..8, any::<bool>(), prop::bool::weighted(0.1))
            .prop_map(|(who, tasks, size, merge, low)| Op::Submit { who, tasks, size, merge, low }),
        1 => (1u8..4, 0usize..8).prop_map(|(who, job)| Op::Cancel(who, job)),
        3 => (1u8..4, 0usize..8).prop_map(|(who, job)| Op::Resume(who, job)),
        3 => (1u8..4, 0usize..8).prop_map(|(who, job)| Op::Fork(who, job)),
        1 => (0usize..8).prop_map(Op::Retire),
        3 => (10u8..16, 1u128..BID, 1u32..5).prop_map(|(who, ask, slots)| Op::Worker { who, ask, slots }),
        20 => (0usize..40, any::<u8>()).prop_map(|(shard, how)| Op::Step { shard, how }),
        10 => (1u32..9).prop_map(Op::Wait),
    ]
}

/// Does what is next for a shard.
fn step(id: ShardId, how: u8) {
    let before = shard(id);
    let worker = before.deal().map(|deal| deal.worker[0]).unwrap_or_default();
    match before.phase {
        Phase::Assigned { .. } if how < 80 => {
            let _ = Jobs::decline_shard(signed(worker), id);
        }
        Phase::Assigned { .. } => {
            let _ = Jobs::start_shard(signed(worker), id);
        }
        Phase::Running { .. } => {
            let _ = with_storage_layer(|| {
                Jobs::commit_shards(signed(worker), vec![(id, root_of(id), [0; 32])].try_into().unwrap())
            });
        }
        Phase::Committed { .. } => {
            if before.audit().is_some() {
                // It has been audited before, and nobody is found for the vacant seat.
                let _ = Jobs::apply(&id, ShardEvent::Unseated);
                return;
            }
            draw(id, 2);
            // One in eight audits comes to nothing for want of inputs, and one in eight workers stays silent.
            if (224..240).contains(&how) {
                lack_inputs(id);
            } else if how >= 32 {
                let differ = if how < 96 { vec![AUDITORS[1]] } else { vec![] };
                audit(id, &differ);
            }
        }
        Phase::Doubted { .. } => ask(id),
        Phase::Probing { .. } => answer(id, how),
        Phase::Accepted { window, .. } if how < 64 && window.closes >= System::block_number() => convict(id),
        Phase::Accused { accused, .. } if how < 160 && accused.by >= System::block_number() => {
            accuse(id, accused.confirmed.liable[0].auditor, how < 80)
        }
        Phase::Accepted { .. } if how < 224 => {
            let requester = if how < 144 { AUDITORS[0] } else { AUDITORS[1] };
            Jobs::acknowledge_shards(signed(requester), vec![id].try_into().unwrap()).unwrap();
        }
        Phase::Disputed { .. } if how >= 32 => {
            let challenger = raw(AUDITORS[1]);
            if Jobs::apply(&id, ShardEvent::Challenge { by: challenger, position: 0, bond: 0 }).is_ok() {
                let worker_lost = (how < 128).then_some(OffenceKind::WrongResult);
                Jobs::apply(&id, ShardEvent::Resolved { challenger, worker_lost }).unwrap();
            }
        }
        _ => {}
    }
}

/// Shards of a fork that has just been made and that it does not take over.
fn to_run(fork: u64) -> u32 {
    let of_stage = |(index, record): (u16, StageRecord)| {
        let former = Jobs::former(&record, index);
        let stands =
            |number| former.as_ref().is_some_and(|(from, of)| Jobs::standing(*from, of, index, number).is_some());
        (0..record.stage.shards()).filter(|number| !stands(*number)).count() as u32
    };
    Stages::<Test>::iter_prefix(fork).map(of_stage).sum()
}

/// Draws whoever may be asked for the inputs, if there are enough.
fn ask(id: ShardId) {
    next_period();
    next_period();
    let (doubted, bond) = (shard(id), Jobs::params().audit_bond);
    let vacant = doubted.probe().unwrap().vacancies() as usize;
    let may_say = AUDITORS.iter().map(|who| raw(*who)).filter(|who| !doubted.is_biased(who));
    let seats: Vec<_> = may_say.take(vacant).map(|who| ProbeSeat::new(who, bond)).collect();
    if seats.len() < vacant {
        let _ = Jobs::apply(&id, ShardEvent::Unseated);
        return;
    }
    for seat in &seats {
        books(|books| books.bonds.entry(seat.auditor).or_insert((QRN, 0)).1 += bond);
    }
    Jobs::apply(&id, ShardEvent::Probe(seats)).unwrap();
}

/// Has everybody who is asked say whether it has the inputs, but for one in eight.
fn answer(id: ShardId, how: u8) {
    let seats = shard(id).probe().unwrap().seats.to_vec();
    for (seat, available) in seats.iter().filter(|seat| !seat.missing).zip([how < 64, how < 96]) {
        if shard(id).probe().is_some() && (how < 224 || how == 255) {
            Jobs::apply(&id, ShardEvent::Inputs { by: seat.auditor, available }).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn jobs_should_keep_the_invariants_whatever_happens(ops in prop::collection::vec(op(), 1..80)) {
        new_test_ext().execute_with(|| {
            let mut issuance = Balances::total_issuance();
            MaxOpenJobsOfAccount::set(OPEN_JOBS / 2);
            for op in ops {
                match op.clone() {
                    Op::Submit { who, tasks, size, merge, low } => {
                        let spec = if merge { two_stages(tasks, size) } else { simple(tasks, size) };
                        let bid = if low { 1 } else { BID };
                        let theirs = OpenJobsOf::<Test>::get(account(who));
                        let open = OpenJobs::<Test>::get() < OPEN_JOBS && theirs < OPEN_JOBS / 2;
                        let shards: u32 = spec.stages.iter().map(|stage| stage.shards()).sum();
                        let done = Jobs::submit_job(signed(who), JobSpec { bid, ..spec });
                        assert_eq!(done.is_ok(), open, "{op:?}: {done:?}");
                        if open {
                            issuance -= u128::from(shards) * params().shard_fee;
                        }
                    }
                    Op::Cancel(who, job) => {
                        let _ = Jobs::cancel_job(signed(who), job as u64);
                    }
                    Op::Resume(who, job) => {
                        let _ = with_storage_layer(|| Jobs::resume_job(signed(who), job as u64, None));
                    }
                    Op::Fork(who, job) => {
                        let forked = with_storage_layer(|| Jobs::fork_job(signed(who), job as u64));
                        if forked.is_ok() {
                            issuance -= u128::from(to_run(crate::NextJob::<Test>::get() - 1)) * params().shard_fee;
                        }
                    }
                    Op::Retire(program) => {
                        let mut ids: Vec<_> = Programs::<Test>::iter_keys().collect();
                        ids.sort_unstable();
                        if let Some(id) = ids.get(program % ids.len().max(1)) {
                            let used = Stages::<Test>::iter_values().any(|record| record.stage.program == *id);
                            let done = Jobs::retire_program(signed(4), *id);
                            assert_eq!(done.is_ok(), !used, "{op:?}: {done:?}");
                        }
                    }
                    Op::Worker { who, ask, slots } => {
                        if World::bonded(&raw(who)) == World::free(&raw(who)) {
                            worker(who, ask, slots);
                        }
                    }
                    Op::Step { shard, how } => {
                        let mut ids: Vec<ShardId> = Shards::<Test>::iter_keys().collect();
                        ids.sort_unstable();
                        if let Some(id) = ids.get(shard % ids.len().max(1)) {
                            step(*id, how);
                        }
                    }
                    Op::Wait(blocks) => run_for(blocks),
                }
                Jobs::do_try_state().unwrap();
                let settled: u128 = books(|books| {
                    let paid = books.settled.iter().chain(&books.compensated);
                    paid.map(|(paid, _)| paid.price + paid.audit_fee + paid.protocol_fee).sum()
                });
                assert_eq!(Balances::balance(&POT.into()), ED + settled, "{op:?}");
                assert_eq!(Balances::total_issuance(), issuance, "{op:?}");
            }
            // Every job ends in the end: what is not taken fails.
            for job in 0..crate::NextJob::<Test>::get() {
                for who in 1..4 {
                    let _ = Jobs::cancel_job(signed(who), job);
                }
            }
            for _ in 0..200 {
                let ids: Vec<ShardId> = Shards::<Test>::iter_keys().collect();
                ids.into_iter().filter(|id| Shards::<Test>::contains_key(id)).for_each(|id| step(id, 255));
                run_for(4);
                if OpenJobs::<Test>::get() == 0 {
                    break;
                }
            }
            // Forks of forks are kept for as long as those are.
            run_for(RETENTION * 8 + 40);
            assert_eq!((OpenJobs::<Test>::get(), Live::<Test>::get(), Queue::<Test>::get().len()), (0, 0, 0));
            assert_eq!(crate::Parked::<Test>::iter().count(), 0);
            assert_eq!(JobsOf::<Test>::iter().count() + Stages::<Test>::iter().count(), 0);
            assert_eq!(Shards::<Test>::iter().count() + Duties::<Test>::iter().count() + Served::<Test>::iter().count(), 0);
            assert_eq!(Agenda::<Test>::iter().count() + Due::<Test>::iter().count(), 0);
            for who in 1..4 {
                assert_eq!((held(HoldReason::Escrow, who), held(HoldReason::PlaceDeposit, who)), (0, 0));
            }
            for id in Programs::<Test>::iter_keys().collect::<Vec<_>>() {
                Jobs::retire_program(signed(4), id).unwrap();
            }
            assert_eq!(held(HoldReason::ProgramDeposit, 4), 0);
            assert_eq!(OpenJobsOf::<Test>::iter().count() + ProgramUses::<Test>::iter().count(), 0);
            let locked: u128 = books(|books| books.bonds.values().map(|(_, locked)| *locked).sum());
            assert_eq!(locked, 0);
            Jobs::do_try_state().unwrap();
        });
    }
}
