// SPDX-License-Identifier: Apache-2.0
//! What the checks of the state must see.

use super::mock::*;
use crate::{HoldReason, JobStatus, Jobs as JobsOf};
use frame_support::{
    assert_ok,
    traits::{fungible::MutateHold, tokens::Precision},
};

#[test]
fn state_should_be_refused_when_something_is_held_whose_reason_is_gone() {
    run(|| {
        for reason in [HoldReason::Escrow, HoldReason::ProgramDeposit, HoldReason::PlaceDeposit] {
            assert_ok!(Balances::hold(&reason.into(), &account(3), 5));
            assert!(Jobs::do_try_state().is_err(), "{reason:?}");
            assert_ok!(Balances::release(&reason.into(), &account(3), 5, Precision::Exact));
            assert_ok!(Jobs::do_try_state());
        }
    });
}

#[test]
fn state_should_be_refused_when_a_complete_job_goes_on() {
    run(|| {
        let id = assigned();
        accept(id);
        let complete = JobsOf::<Test>::get(id.job).unwrap();
        JobsOf::<Test>::mutate_extant(id.job, |job| job.status = JobStatus::Running);
        assert_eq!(Jobs::do_try_state(), Err("jobs: a job that is complete goes on".into()));
        JobsOf::<Test>::insert(id.job, complete);
    });
}
