// SPDX-License-Identifier: Apache-2.0
//! What an owed call is spared, and nobody else.

use super::mock::*;
use codec::Encode;
use frame_support::{assert_ok, dispatch::DispatchClass, weights::Weight};
use sp_runtime::{
    traits::TransactionExtension as _,
    transaction_validity::{InvalidTransaction, TransactionPriority, TransactionValidityError},
};

#[test]
fn an_owed_call_should_be_free_when_its_signer_has_nothing() {
    run(|| {
        owe([2; 32], b"move", 5);
        assert_eq!(send(2, &remark(b"move"), Ok(())), Ok(Ok(())));
        assert_eq!(balance(2), 0);
    });
}

#[test]
fn an_owed_call_should_be_free_when_its_signer_is_rich() {
    run(|| {
        owe([1; 32], b"move", 5);
        assert_eq!(send(1, &remark(b"move"), Ok(())), Ok(Ok(())));
        assert_eq!(balance(1), RICH);
    });
}

#[test]
fn a_call_should_pay_when_it_is_not_owed() {
    run(|| {
        owe([1; 32], b"move", 5);
        assert_ok!(send(1, &remark(b"another"), Ok(())));
        assert!(balance(1) < RICH);
        // What another account owes is nobody else's.
        let payment = TransactionValidityError::Invalid(InvalidTransaction::Payment);
        assert_eq!(send(2, &remark(b"move"), Ok(())), Err(payment));
    });
}

#[test]
fn an_owed_call_should_pay_when_its_time_has_passed() {
    run(|| {
        owe([1; 32], b"move", 5);
        System::set_block_number(6);
        assert_ok!(send(1, &remark(b"move"), Ok(())));
        assert!(balance(1) < RICH);
    });
}

#[test]
fn an_owed_call_should_go_first_and_take_one_place() {
    run(|| {
        owe([2; 32], b"move", 5);
        let owed = validate(2, &remark(b"move")).unwrap();
        assert_eq!((owed.priority, owed.longevity), (TransactionPriority::MAX, 5));
        assert_eq!(owed.provides, [(b"quern/duty".as_slice(), account(2), b"move".to_vec()).encode()]);
        let other = validate(1, &remark(b"move")).unwrap();
        assert!(other.priority < owed.priority && other.provides.is_empty());
    });
}

#[test]
fn an_owed_call_should_fit_when_the_block_is_full_of_normal_ones() {
    run(|| {
        owe([2; 32], b"move", 5);
        while send_with(1, &remark(b"another"), BLOCK / 20, Ok(())).is_ok() {}
        let full = weighed(DispatchClass::Normal);
        assert_eq!(send_with(2, &remark(b"move"), BLOCK / 20, Ok(())), Ok(Ok(())));
        assert_eq!(weighed(DispatchClass::Normal), full);
        assert!(weighed(DispatchClass::Operational).all_gte(BLOCK / 20));
    });
}

#[test]
fn an_operational_call_should_not_take_the_share_of_owed_ones() {
    run(|| {
        let before = weighed(DispatchClass::Operational);
        assert_ok!(send_with(1, &operational(), BLOCK / 20, Ok(())));
        assert_eq!(weighed(DispatchClass::Operational), before);
        while send_with(1, &remark(b"another"), BLOCK / 20, Ok(())).is_ok() {}
        let exhausted = TransactionValidityError::Invalid(InvalidTransaction::ExhaustsResources);
        assert_eq!(send_with(1, &operational(), BLOCK / 20, Ok(())), Err(exhausted));
    });
}

#[test]
fn an_operational_call_should_stay_operational_when_it_is_the_administrators() {
    run(|| {
        assert_ok!(send_with(ADMINISTRATOR, &operational(), BLOCK / 20, Ok(())));
        assert!(weighed(DispatchClass::Operational).all_gte(BLOCK / 20));
        assert!(balance(ADMINISTRATOR) < RICH);
    });
}

#[test]
fn weight_should_be_given_back_to_the_class_that_it_was_taken_from() {
    run(|| {
        let call = operational();
        let before = (weighed(DispatchClass::Normal), weighed(DispatchClass::Operational));
        // The call says that it used nothing of what it declared.
        assert_ok!(send_unspent(1, &call, Weight::from_parts(1_000, 0)));
        assert_eq!(weighed(DispatchClass::Operational), before.1);
        let base = Weights::get().get(DispatchClass::Normal).base_extrinsic;
        assert_eq!(weighed(DispatchClass::Normal).ref_time(), before.0.saturating_add(base).ref_time());
    });
}

#[test]
fn the_extension_should_be_invisible() {
    type Wrapped = (
        frame_system::CheckWeight<Test>,
        pallet_transaction_payment::ChargeTransactionPayment<Test>,
        frame_system::WeightReclaim<Test>,
    );
    let names = Extension::metadata().into_iter().map(|entry| entry.identifier).collect::<Vec<_>>();
    assert_eq!(
        names,
        <Wrapped as sp_runtime::traits::TransactionExtension<RuntimeCall>>::metadata()
            .into_iter()
            .map(|entry| entry.identifier)
            .collect::<Vec<_>>()
    );
    assert_eq!(extension().encode(), extension().0.encode());
}
