// SPDX-License-Identifier: Apache-2.0
//! `retire_program`.

use super::mock::*;
use crate::{Codes, Error, Event, HoldReason, ProgramUses, Programs};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::BlobId;
use quern_program::DType;

#[test]
fn retire_program_should_give_the_deposit_back_when_no_job_uses_it() {
    run(|| {
        let program = publish(&adder(DType::I8, &[4], 1, 0));
        let deposit = held(HoldReason::ProgramDeposit, 4);
        assert!(deposit > 0);
        assert_ok!(Jobs::retire_program(signed(4), program));
        assert_eq!(held(HoldReason::ProgramDeposit, 4), 0);
        assert!(!Programs::<Test>::contains_key(program) && !Codes::<Test>::contains_key(program));
        assert!(has_event(Event::ProgramRetired { program, publisher: account(4), deposit }));
    });
}

#[test]
fn retire_program_should_leave_its_name_free_when_it_is_done() {
    run(|| {
        let program = adder(DType::I8, &[4], 1, 0);
        publish(&program);
        assert_ok!(Jobs::retire_program(signed(4), program.id()));
        assert_ok!(Jobs::publish_program(signed(1), code(&program)));
    });
}

#[test]
fn retire_program_should_fail_until_the_last_job_that_runs_it_is_pruned() {
    run(|| {
        let job = submit(two_stages(8, 8));
        let program = crate::Stages::<Test>::get(job, 0).unwrap().stage.program;
        submit(simple(8, 8));
        assert_eq!(ProgramUses::<Test>::get(program), 2);
        assert_noop!(Jobs::retire_program(signed(4), program), Error::<Test>::ProgramInUse);
        assert_ok!(Jobs::cancel_job(signed(1), job));
        run_for(RETENTION);
        assert_eq!(ProgramUses::<Test>::get(program), 1, "the other one");
        assert_noop!(Jobs::retire_program(signed(4), program), Error::<Test>::ProgramInUse);
        assert_ok!(Jobs::cancel_job(signed(1), job + 1));
        assert_noop!(Jobs::retire_program(signed(4), program), Error::<Test>::ProgramInUse);
        // Its shard is dropped with the next block.
        run_for(RETENTION + 1);
        assert_ok!(Jobs::retire_program(signed(4), program));
    });
}

#[test]
fn retire_program_should_fail_when_it_is_anothers_or_not_there() {
    run(|| {
        let program = publish(&adder(DType::I8, &[4], 1, 0));
        assert_noop!(Jobs::retire_program(signed(1), program), Error::<Test>::NotPublisher);
        assert_noop!(Jobs::retire_program(signed(4), BlobId::of(b"?")), Error::<Test>::NoSuchProgram);
        assert_noop!(Jobs::retire_program(RuntimeOrigin::none(), program), sp_runtime::DispatchError::BadOrigin);
    });
}
