// SPDX-License-Identifier: Apache-2.0
//! `publish_program`.

use super::mock::*;
use crate::{Codes, Error, Event, HoldReason, ProgramFault, Programs};
use codec::Encode;
use frame_support::{assert_noop, assert_ok};
use quern_primitives::BlobId;
use quern_program::{DType, Program, TensorType, Value};
use sp_runtime::TokenError;

fn broken(change: impl FnOnce(&mut Program)) -> crate::types::Code {
    let mut program = adder(DType::I8, &[4], 1, 2).program().clone();
    change(&mut program);
    program.encode().try_into().unwrap()
}

#[track_caller]
fn refuses(change: impl FnOnce(&mut Program), fault: ProgramFault) {
    assert_noop!(Jobs::publish_program(signed(1), broken(change)), Error::<Test>::InvalidProgram(fault));
}

#[test]
fn publish_program_should_keep_the_program_and_hold_the_deposit_when_it_is_valid() {
    run(|| {
        let program = adder(DType::I8, &[4], 2, 3);
        let bytes = code(&program);
        let deposit = bytes.len() as u128 * DEPOSIT;
        assert_ok!(Jobs::publish_program(signed(1), bytes.clone()));
        let kept = Programs::<Test>::get(program.id()).unwrap();
        assert_eq!((kept.summary, kept.deposit, kept.inputs.len()), (program.summary(), deposit, 2));
        assert_eq!(Codes::<Test>::get(program.id()).unwrap(), bytes);
        assert_eq!(held(HoldReason::ProgramDeposit, 1), deposit);
        assert!(has_event(Event::ProgramPublished { program: BlobId::of(&bytes), publisher: account(1), deposit }));
    });
}

#[test]
fn publish_program_should_fail_when_it_is_published_already() {
    run(|| {
        let program = adder(DType::I8, &[4], 1, 0);
        publish(&program);
        assert_noop!(Jobs::publish_program(signed(1), code(&program)), Error::<Test>::AlreadyPublished);
    });
}

#[test]
fn publish_program_should_fail_when_the_deposit_is_not_there() {
    run(|| {
        let bytes = code(&adder(DType::I8, &[4], 1, 0));
        assert_noop!(Jobs::publish_program(signed(9), bytes), TokenError::FundsUnavailable);
    });
}

#[test]
fn publish_program_should_fail_when_unsigned() {
    run(|| {
        let bytes = code(&adder(DType::I8, &[4], 1, 0));
        assert_noop!(Jobs::publish_program(RuntimeOrigin::none(), bytes), sp_runtime::DispatchError::BadOrigin);
    });
}

#[test]
fn publish_program_should_name_the_fault_when_the_bytes_are_not_a_program() {
    run(|| {
        let bytes = vec![1, 2, 3].try_into().unwrap();
        assert_noop!(Jobs::publish_program(signed(1), bytes), Error::<Test>::InvalidProgram(ProgramFault::Encoding));
    });
}

#[test]
fn publish_program_should_name_the_fault_when_the_program_is_not_valid() {
    run(|| {
        refuses(|program| program.steps = 0, ProgramFault::Loop);
        refuses(|program| program.steps = u32::MAX, ProgramFault::TooManySteps);
        refuses(|program| program.next.clear(), ProgramFault::State);
        refuses(|program| program.output = Value::Input(0), ProgramFault::Output);
        refuses(|program| program.inputs[0] = TensorType::i32_vector(0), ProgramFault::InputSize(0));
        refuses(|program| program.body[0].args[0] = Value::Op(7), ProgramFault::OperatorValue(0));
        refuses(|program| program.init[0].args.truncate(1), ProgramFault::OperatorType(0));
    });
}
