// SPDX-License-Identifier: Apache-2.0
//! `submit_job`.

use super::mock::*;
use crate::{
    types::{At, Cost},
    Error, Event, HoldReason, JobFault, Jobs as JobsOf, NextJob, OpenJobs, Waiting,
};
use frame_support::{
    assert_noop, assert_ok,
    traits::fungible::{Inspect, Mutate},
};
use quern_primitives::{
    job::{AuditLevel, Input, JobSpec, OutputMap, MAX_TASKS},
    BlobId,
};
use quern_program::DType;
use quern_protocol::{
    collateral,
    shard::{segment_work, MACS_PER_MOVED_BYTE},
    traits::Shards as _,
    view::JobStatus,
};
use sp_runtime::TokenError;

const FIRST: At = At { stage: 0, input: 0 };
const SECOND: At = At { stage: 1, input: 0 };

/// [`simple`] with its stage changed.
fn with_stage(change: impl FnOnce(&mut quern_primitives::job::Stage)) -> JobSpec {
    let mut spec = simple(8, 4);
    change(&mut spec.stages[0]);
    spec
}

/// [`simple`] with its input changed.
fn with_input(input: Input) -> JobSpec {
    with_stage(|stage| stage.inputs[0] = input)
}

/// Two stages of `adder`, the second reading the first.
fn reading(stage_read: u16, map: OutputMap, tasks: u32) -> JobSpec {
    let mut spec = simple(8, 4);
    let program = spec.stages[0].program;
    spec.stages.try_push(stage(program, tasks, 4, &[Input::Output { stage: stage_read, map }])).unwrap();
    spec
}

#[test]
fn submit_job_should_hold_all_that_the_job_can_cost_when_it_is_valid() {
    run(|| {
        // 8 tasks of 4 elements, twice added: two shards of 4 tasks.
        let spec = simple(8, 4);
        let macs = crate::Programs::<Test>::get(spec.stages[0].program).unwrap().summary;
        let macs = u64::try_from(segment_work(&macs).task()).unwrap() * 4;
        // Every one of the 4 leaves is sampled by both auditors.
        let cost = Cost::at_price(collateral::price(macs, BID), 2_000_000, PROTOCOL_PPM);
        assert_ok!(Jobs::submit_job(signed(1), spec));
        assert_eq!(held(HoldReason::Escrow, 1), cost.total() * 2);
        let job = JobsOf::<Test>::get(0).unwrap();
        assert_eq!((job.status, job.escrow, job.spent), (JobStatus::Waiting, cost.total() * 2, 0));
        assert_eq!((NextJob::<Test>::get(), OpenJobs::<Test>::get()), (1, 1));
        assert_eq!(Waiting::<Test>::get().to_vec(), vec![(0, 1)]);
        assert!(has_event(Event::JobSubmitted {
            job: 0,
            requester: account(1),
            escrow: cost.total() * 2,
            price: cost.price * 2,
            audit_fee: cost.audit_fee * 2,
            protocol_fee: cost.protocol_fee * 2,
            macs: macs * 2,
        }));
    });
}

#[test]
fn submit_job_should_charge_more_for_the_audit_of_the_last_shard_when_it_is_smaller() {
    run(|| {
        let quote = Jobs::quote(&simple(9, 8)).unwrap();
        // The samples are half of the first shard, and all of the last one; two auditors.
        // A task adds twice: 8 MACs, but 96 bytes are moved, and work is the larger of both.
        let work = 96 * MACS_PER_MOVED_BYTE;
        let price = |tasks: u64| collateral::price(work * tasks, BID);
        assert_eq!(quote.price, price(9));
        assert_eq!(quote.audit_fee, price(8) + price(1) * 2);
        assert_eq!(quote.audit_macs, work * 8 + work * 2);
        assert_eq!((quote.shards, quote.macs, quote.work_macs), (2, 72, 9 * work));
        assert_eq!(quote.escrow, quote.price + quote.audit_fee + quote.protocol_fee);
    });
}

#[test]
fn submit_job_should_fail_when_the_escrow_is_not_there() {
    run(|| {
        let spec = simple(8, 4);
        assert_noop!(Jobs::submit_job(signed(9), spec), TokenError::FundsUnavailable);
    });
}

#[test]
fn submit_job_should_fail_when_unsigned() {
    run(|| {
        let spec = simple(8, 4);
        assert_noop!(Jobs::submit_job(RuntimeOrigin::none(), spec), sp_runtime::DispatchError::BadOrigin);
    });
}

#[test]
fn submit_job_should_fail_when_too_many_jobs_are_open() {
    run(|| {
        for _ in 0..OPEN_JOBS {
            submit(simple(8, 4));
        }
        assert_noop!(Jobs::submit_job(signed(1), simple(8, 4)), Error::<Test>::TooManyOpenJobs);
    });
}

#[test]
fn submit_job_should_name_the_fault_when_the_job_as_a_whole_is_wrong() {
    run(|| {
        assert_eq!(fault(spec(vec![])), JobFault::NoStages);
        assert_eq!(fault(JobSpec { bid: 0, ..simple(8, 4) }), JobFault::NoBid);
        assert_eq!(fault(JobSpec { endpoints: Default::default(), ..simple(8, 4) }), JobFault::NoEndpoints);
        assert_eq!(fault(JobSpec { bid: u128::MAX, ..simple(8, 4) }), JobFault::CostOverflow);
    });
}

#[test]
fn submit_job_should_need_no_endpoints_when_no_input_is_a_blob() {
    run(|| {
        let program = publish(&adder(DType::I32, &[1], 1, 0));
        let spec = JobSpec { endpoints: Default::default(), ..spec(vec![stage(program, 4, 4, &[Input::Index])]) };
        assert_ok!(Jobs::submit_job(signed(1), spec));
    });
}

#[test]
fn submit_job_should_name_the_fault_when_the_shards_are_wrong() {
    run(|| {
        assert_eq!(fault(with_stage(|stage| stage.program = BlobId::of(b"?"))), JobFault::UnknownProgram(FIRST));
        assert_eq!(fault(with_stage(|stage| stage.tasks = 0)), JobFault::NoTasks(FIRST));
        assert_eq!(fault(with_stage(|stage| stage.tasks = MAX_TASKS + 1)), JobFault::TooManyTasks(FIRST));
        assert_eq!(fault(with_stage(|stage| stage.shard_size = 0)), JobFault::NoShardSize(FIRST));
        assert_eq!(
            fault(with_stage(|stage| (stage.tasks, stage.shard_size) = (257, 1))),
            JobFault::TooManyShards(FIRST)
        );
        let long = publish(&adder(DType::I32, &[4], 1, 60_000));
        let change = |stage: &mut quern_primitives::job::Stage| (stage.program, stage.shard_size) = (long, 2);
        assert_eq!(fault(with_stage(change)), JobFault::TooManyLeaves(FIRST));
        let full = |size| JobSpec { audit: AuditLevel::Full, ..simple(32, size) };
        assert_eq!(fault(full(17)), JobFault::TooManyLeavesToAudit(FIRST));
        assert_ok!(Jobs::submit_job(signed(1), full(16)));
    });
}

#[test]
fn submit_job_should_name_the_fault_when_a_stage_reads_too_many_shards() {
    run(|| {
        let read = |shard_size| {
            let mut job = simple(8, 4);
            let (first, second) = (job.stages[0].program, publish(&adder(DType::I32, &[4], 2, 0)));
            let one = stage(first, 256, shard_size, &[Input::Blob(blob(16))]);
            let fixed = |stage| Input::Output { stage, map: OutputMap::Fixed(0) };
            job.stages = vec![one.clone(), one, stage(second, 1, 1, &[fixed(0), fixed(1)])].try_into().unwrap();
            job
        };
        let third = crate::types::At { stage: 2, input: 0 };
        assert_eq!(fault(read(1)), JobFault::TooManyReadShards(third));
        assert_ok!(Jobs::submit_job(signed(1), read(2)));
    });
}

#[test]
fn submit_job_should_name_the_fault_when_its_checkpoints_fill_a_disk() {
    run(|| {
        // 16 MiB of state, kept at 301 checkpoints.
        let program = publish(&adder(DType::I32, &[4 << 20], 1, 300));
        let job = spec(vec![stage(program, 1, 1, &[Input::Blob(blob(16 << 20))])]);
        assert_eq!(fault(job), JobFault::TooManyCheckpointBytes(FIRST));
    });
}

/// A loop over `tensors` tensors of one element, each new at every step.
fn scattered(tensors: usize, steps: u32) -> quern_program::Checked {
    let mut builder = quern_program::ProgramBuilder::new();
    let x = builder.input(DType::I32, &[1]);
    let first: Vec<_> = (0..tensors).map(|_| builder.add(x, x)).collect();
    let state = builder.begin_body(&first);
    let next: Vec<_> = state.iter().map(|tensor| builder.add(*tensor, *tensor)).collect();
    let state = builder.begin_finish(&next, steps);
    let output = builder.add(state[0], state[0]);
    builder.build(output).unwrap()
}

#[test]
fn submit_job_should_name_the_fault_when_its_checkpoints_are_too_many_blobs() {
    run(|| {
        let job = |tensors| {
            let program = publish(&scattered(tensors, 16_384));
            spec(vec![stage(program, 1, 1, &[Input::Blob(blob(4))])])
        };
        // A list and so many tensors for each of 16,385 checkpoints, and an output: 2^18 blobs are too many.
        assert_eq!(fault(job(15)), JobFault::TooManyCheckpointBytes(FIRST));
        assert!(Jobs::plan(&job(14)).is_ok());
    });
}

#[test]
fn submit_job_should_name_the_fault_when_an_input_does_not_fit() {
    run(|| {
        let slice = |len, stride| with_input(Input::Slice { blob: blob(len), stride });
        assert_eq!(fault(with_stage(|stage| stage.inputs.clear())), JobFault::InputCount(FIRST));
        assert_eq!(fault(with_input(Input::Blob(blob(15)))), JobFault::InputSize(FIRST));
        assert_eq!(fault(with_input(Input::Index)), JobFault::InputSize(FIRST));
        assert_eq!(fault(with_input(Input::Seed)), JobFault::InputSize(FIRST));
        assert_eq!(fault(slice(8 * 15, 15)), JobFault::InputSize(FIRST));
        assert_eq!(fault(slice(7 * 16, 16)), JobFault::SliceBeyondBlob(FIRST));
        assert_eq!(fault(slice((1 << 30) + 1, 16)), JobFault::BlobTooLong(FIRST));
        assert_eq!(fault(with_input(Input::List(blob(7 * 32)))), JobFault::ListTooShort(FIRST));
        assert_eq!(fault(with_input(Input::List(blob(8 * 32 + 1)))), JobFault::ListTooShort(FIRST));
        assert_ok!(Jobs::submit_job(signed(1), slice(7 * 16 + 1, 16)));
        assert_ok!(Jobs::submit_job(signed(1), with_input(Input::List(blob(8 * 32)))));
        assert_ok!(Jobs::submit_job(signed(1), with_input(Input::Blob(blob(16)))));
    });
}

#[test]
fn submit_job_should_name_the_fault_when_an_output_does_not_fit() {
    run(|| {
        assert_eq!(fault(reading(1, OutputMap::Same, 8)), JobFault::NotEarlier(SECOND));
        assert_eq!(fault(reading(7, OutputMap::Same, 8)), JobFault::NotEarlier(SECOND));
        assert_eq!(fault(reading(0, OutputMap::Same, 7)), JobFault::TasksDiffer(SECOND));
        assert_eq!(fault(reading(0, OutputMap::Fixed(8), 7)), JobFault::NoSuchTask(SECOND));
        assert_eq!(fault(reading(0, OutputMap::All, 1)), JobFault::InputSize(SECOND));
        assert_ok!(Jobs::submit_job(signed(1), reading(0, OutputMap::Same, 8)));
        assert_ok!(Jobs::submit_job(signed(1), reading(0, OutputMap::Fixed(7), 3)));
        assert_ok!(Jobs::submit_job(signed(1), two_stages(8, 4)));
    });
}

#[test]
fn submit_job_should_refuse_when_an_element_would_lie_in_two_outputs() {
    run(|| {
        let mut builder = quern_program::ProgramBuilder::new();
        let x = builder.input(DType::I8, &[3]);
        let output = builder.cast(x, DType::I8);
        let bytes = publish(&builder.build(output).unwrap());
        let words = publish(&adder(DType::I32, &[3], 1, 0));
        let all = Input::Output { stage: 0, map: OutputMap::All };
        let job = spec(vec![stage(bytes, 4, 4, &[Input::Blob(blob(3))]), stage(words, 1, 1, &[all])]);
        assert_eq!(fault(job), JobFault::ElementAcrossOutputs(SECOND));
    });
}

#[test]
fn submit_job_should_refuse_when_a_run_lies_in_too_many_outputs() {
    run(|| {
        // One row of 4,096 elements is made of 4,096 outputs of one element.
        let one = publish(&adder(DType::I32, &[1], 1, 0));
        let merge = publish(&row_sum([1, 4_096]));
        let all = Input::Output { stage: 0, map: OutputMap::All };
        let job = spec(vec![stage(one, 4_096, 64, &[Input::Index]), stage(merge, 1, 1, &[all])]);
        assert_eq!(fault(job), JobFault::TooWide(SECOND));
    });
}

#[test]
fn submit_job_should_burn_the_fee_of_every_shard_beside_what_it_holds() {
    run(|| {
        let (issuance, before) = (Balances::total_issuance(), Balances::total_balance(&account(1)));
        let quote = Jobs::quote(&simple(9, 4)).unwrap();
        assert_eq!(quote.shard_fee, 3 * params().shard_fee);
        let job = submit(simple(9, 4));
        assert!(has_event(Event::ShardFeeBurned { job, by: account(1), shards: 3, burned: quote.shard_fee }));
        assert_eq!(Balances::total_balance(&account(1)), before - quote.shard_fee);
        assert_eq!(Balances::total_issuance(), issuance - quote.shard_fee);
        // It is for the places, whatever becomes of the job.
        assert_ok!(Jobs::cancel_job(signed(1), job));
        assert_eq!((held(HoldReason::Escrow, 1), Balances::total_balance(&account(1))), (0, before - quote.shard_fee));
    });
}

#[test]
fn submit_job_should_hold_a_deposit_for_the_place_until_the_job_is_closed() {
    run(|| {
        let quote = Jobs::quote(&simple(9, 4)).unwrap();
        let deposit = params().shard_fee;
        assert_eq!(quote.place_deposit, deposit, "one for the job, not for each of its shards");
        let job = submit(simple(9, 4));
        assert!(has_event(Event::PlaceDepositHeld { job, by: account(1), deposit }));
        assert_eq!((held(HoldReason::PlaceDeposit, 1), held(HoldReason::Escrow, 1)), (deposit, quote.escrow));
        let other = submit(simple(9, 4));
        assert_eq!(held(HoldReason::PlaceDeposit, 1), 2 * deposit);
        assert_ok!(Jobs::cancel_job(signed(1), job));
        assert_eq!(held(HoldReason::PlaceDeposit, 1), deposit);
        assert_ok!(Jobs::cancel_job(signed(1), other));
        assert_eq!(held(HoldReason::PlaceDeposit, 1), 0);
    });
}

#[test]
fn place_deposit_should_double_for_each_sixteen_jobs_that_are_open_and_leave_the_fee_as_it_is() {
    run(|| {
        let of = |others: u32| {
            OpenJobs::<Test>::put(others);
            let quote = Jobs::quote(&simple(9, 4)).unwrap();
            (quote.place_deposit, quote.shard_fee)
        };
        let fee = params().shard_fee;
        for (others, times) in [(0, 1), (15, 1), (16, 2), (31, 2), (32, 4), (255, 1 << 15)] {
            assert_eq!(of(others), (times * fee, 3 * fee));
        }
        // What all 256 places of a network take that are had one by one.
        assert_eq!((0..256).map(|others| of(others).0).sum::<u128>(), 16 * ((1 << 16) - 1) * fee);
        OpenJobs::<Test>::kill();
    });
}

#[test]
fn submit_job_should_fail_when_the_deposit_for_its_place_is_not_covered() {
    run(|| {
        let quote = Jobs::quote(&simple(9, 4)).unwrap();
        Balances::set_balance(&account(1), quote.escrow + quote.place_deposit + Balances::minimum_balance() - 1);
        assert_noop!(Jobs::submit_job(signed(1), simple(9, 4)), Error::<Test>::CannotHoldPlaceDeposit);
    });
}

#[test]
fn submit_job_should_fail_when_the_fee_of_its_shards_is_not_covered() {
    run(|| {
        let quote = Jobs::quote(&simple(9, 4)).unwrap();
        let needed = quote.escrow + quote.place_deposit + quote.shard_fee + Balances::minimum_balance();
        Balances::set_balance(&account(1), needed - 1);
        assert_noop!(Jobs::submit_job(signed(1), simple(9, 4)), Error::<Test>::CannotPayShardFee);
        Balances::set_balance(&account(1), needed);
        assert_ok!(Jobs::submit_job(signed(1), simple(9, 4)));
    });
}

#[test]
fn quote_should_count_the_validators_whose_bond_covers_an_audit_of_the_dearest_shard() {
    run(|| {
        let of = |spec: &JobSpec| {
            let quote = Jobs::quote(spec).unwrap();
            (quote.audit_bond, quote.auditors, quote.validators)
        };
        let (all, bond) = (AUDITORS.len() as u32, params().audit_bond);
        let set_bonds = |bonded| {
            books(|books| AUDITORS.iter().for_each(|who| _ = books.bonds.insert(raw(*who), (bonded, bonded))));
        };
        // What is locked counts too: it comes free.
        set_bonds(bond);
        assert_eq!(of(&JobSpec { bid: 1, ..simple(8, 4) }), (bond, u32::from(params().auditors), all));
        set_bonds(bond - 1);
        assert_eq!(of(&JobSpec { bid: 1, ..simple(8, 4) }).2, 0);
        // Of a shard that is worth more than that each answers with what it is worth.
        let dear = JobSpec { bid: 1_000_000_000 * bond, ..simple(8, 8) };
        let price = Jobs::quote(&dear).unwrap().audit_bond;
        set_bonds(price);
        assert!(price > bond);
        assert_eq!(of(&dear), (price, u32::from(params().auditors), all));
        assert_eq!(of(&two_stages(8, 8)).1, u32::from(params().single_task_auditors));
        books(|books| books.bonds.insert(raw(AUDITORS[0]), (price - 1, 0)));
        assert_eq!(of(&dear).2, all - 1);
        // What an auditor locks is what the quote says.
        let job = submit(dear);
        next_period();
        next_period();
        assert_eq!(Jobs::audit_plan(&first(job)).unwrap().bond, price);
    });
}
