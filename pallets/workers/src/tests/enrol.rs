// SPDX-License-Identifier: Apache-2.0
//! `enrol`

use super::mock::*;
use crate::{
    Apprentices, Enrolments, Entries, Error, Event, Refusal, APPRENTICE_PATIENCE_BLOCKS, ENROLMENT_BLOCKS,
    REPUTATION_FLOOR,
};
use frame_support::{
    assert_noop, assert_ok,
    pallet_prelude::{InvalidTransaction, TransactionSource, TransactionValidityError},
    traits::Authorize,
};
use proptest::prelude::*;
use quern_primitives::{
    enrol::{leading_zeros, Enrolment},
    traits::{Registry as _, Role, ShardEnd},
};
use sp_runtime::{AccountId32, DispatchError, MultiSignature};

fn refused(refusal: Refusal) -> Result<(), TransactionValidityError> {
    Err(refusal.into())
}

fn id(seed: u8) -> AccountId32 {
    apprentice(seed).into()
}

#[test]
fn enrol_should_make_a_ready_apprentice_of_an_account_without_a_balance() {
    run(|| {
        MaxValidators::set(4);
        (1..=4).for_each(|who| register(who, Role::Validator));
        assert_ok!(enrol(enrolment(1)));
        let entry = Entries::<Test>::get(id(1)).unwrap();
        assert_eq!((entry.role, entry.slots, entry.reputation), (Role::Apprentice, 1, REPUTATION_FLOOR));
        assert_eq!(System::sufficients(&id(1)), 1);
        System::assert_has_event(Event::Registered { who: id(1), role: Role::Apprentice, ask: ASK }.into());
        let ready = Registry::ready_workers();
        assert_eq!((ready.len(), ready[0].account, ready[0].apprentice), (1, apprentice(1), true));
    });
}

#[test]
fn enrol_should_tell_the_pool_whom_it_is_about_and_how_long() {
    run(|| {
        System::set_block_number(10);
        let (enrolment, signature) = enrolment(1);
        let work = leading_zeros(&enrolment.message(hash(9).as_fixed_bytes()));
        let call = RuntimeCall::from(crate::Call::enrol { enrolment, signature });
        let (valid, _) = call.authorize(TransactionSource::External).unwrap().unwrap();
        assert_eq!((valid.priority, valid.longevity), (work.into(), u64::from(ENROLMENT_BLOCKS)));
        assert_eq!(valid.provides.len(), 1);
    });
}

#[test]
fn enrol_should_fail_when_it_was_not_authorized() {
    run(|| {
        let (enrolment, signature) = enrolment(1);
        for origin in [RuntimeOrigin::none(), signed(1), RuntimeOrigin::root()] {
            assert_noop!(Registry::enrol(origin, enrolment.clone(), signature.clone()), DispatchError::BadOrigin);
        }
    });
}

#[test]
fn enrol_should_be_refused_when_its_block_is_unknown_or_old() {
    run(|| {
        System::set_block_number(70);
        let at = |block: u32| {
            let enrolment = Enrolment { block, ..enrolment(1).0 };
            enrol(sign(&pair(1), hash(block).as_fixed_bytes(), enrolment))
        };
        assert_eq!(at(70), refused(Refusal::Block));
        assert_eq!(at(71), refused(Refusal::Block));
        assert_eq!(at(5), refused(Refusal::Block));
        frame_system::BlockHash::<Test>::remove(60);
        assert_eq!(at(60), refused(Refusal::Block));
        assert_ok!(at(6));
    });
}

#[test]
fn enrol_should_be_refused_when_the_work_is_for_another_block() {
    run(|| {
        System::set_block_number(10);
        // One of them has too little work by chance: the message is another one for each block.
        let (enrolment, signature) = enrolment(1);
        let mut other = (1..9).map(|block| Enrolment { block, ..enrolment.clone() });
        let lazy = other.find(|e| leading_zeros(&e.message(hash(e.block).as_fixed_bytes())) < WORK).unwrap();
        assert_eq!(enrol((lazy, signature)), refused(Refusal::Work));
    });
}

#[test]
fn enrol_should_be_refused_when_another_account_signed() {
    run(|| {
        let enrolment = enrolment(1).0;
        let bad = Err(InvalidTransaction::BadProof.into());
        assert_eq!(enrol(sign(&pair(2), hash(0).as_fixed_bytes(), enrolment)), bad);
    });
}

#[test]
fn enrol_should_be_refused_when_the_account_is_registered() {
    run(|| {
        assert_ok!(enrol(enrolment(1)));
        assert_eq!(enrol(enrolment(1)), refused(Refusal::Registered));
    });
}

#[test]
fn enrol_should_be_refused_when_the_account_enrolled_lately() {
    run(|| {
        let first = enrolment(1);
        assert_ok!(enrol(first.clone()));
        assert_ok!(Registry::retire(RuntimeOrigin::signed(id(1))));
        assert_eq!(System::sufficients(&id(1)), 0);
        assert_eq!(enrol(first.clone()), refused(Refusal::Again));
        Era::set(1);
        assert_eq!(enrol(first.clone()), refused(Refusal::Again));
        Era::set(2);
        assert_ok!(enrol(first));
    });
}

#[test]
fn enrol_should_be_bounded_in_a_block_and_in_an_era() {
    run(|| {
        System::set_block_number(2);
        assert_ok!(enrol(enrolment(1)));
        assert_ok!(enrol(enrolment(2)));
        assert_eq!(enrol(enrolment(3)), refused(Refusal::Full));
        System::set_block_number(3);
        assert_ok!(Registry::retire(RuntimeOrigin::signed(id(1))));
        assert_ok!(enrol(enrolment(3)));
        assert_ok!(enrol(enrolment(4)));
        System::set_block_number(4);
        assert_ok!(Registry::retire(RuntimeOrigin::signed(id(2))));
        assert_eq!(enrol(enrolment(5)), refused(Refusal::Full));
        Era::set(1);
        assert_ok!(enrol(enrolment(5)));
        assert_eq!(Enrolments::<Test>::get().before.len(), 4);
    });
}

#[test]
fn enrol_should_be_refused_when_there_is_no_place() {
    run(|| {
        for seed in 1..=3 {
            System::set_block_number(u32::from(seed) + 1);
            assert_ok!(enrol(enrolment(seed)));
        }
        System::set_block_number(5);
        assert_eq!(enrol(enrolment(4)), refused(Refusal::NoPlace));
        assert_eq!(Apprentices::<Test>::get().len(), 3);
    });
}

#[test]
fn enrol_should_take_the_place_of_the_apprentice_that_has_waited_longest() {
    run(|| {
        for seed in 1..=3 {
            System::set_block_number(u32::from(seed) * 10);
            assert_ok!(enrol(enrolment(seed)));
        }
        // The first one works, the second had a shard accepted since.
        Registry::take_slot(&apprentice(1));
        Registry::take_slot(&apprentice(2));
        System::set_block_number(40);
        Registry::shard_ended(&apprentice(2), ShardEnd::Accepted);
        Registry::window_closed(&apprentice(2));
        let last = 30 + APPRENTICE_PATIENCE_BLOCKS;
        (last - 1..=last).for_each(|block| frame_system::BlockHash::<Test>::insert(block, hash(block)));
        System::set_block_number(last);
        Era::set(3);
        assert_eq!(enrol(enrolment(4)), refused(Refusal::NoPlace));
        System::set_block_number(last + 1);
        assert_ok!(enrol(enrolment(4)));
        assert!(Entries::<Test>::get(id(3)).is_none());
        System::assert_has_event(Event::Retired { who: id(3) }.into());
        assert_eq!(Apprentices::<Test>::get().to_vec(), [1, 2, 4].map(apprentice));
        Registry::do_try_state().unwrap();
    });
}

#[test]
fn enrol_should_fail_when_the_last_place_was_taken_since_it_was_authorized() {
    run(|| {
        let (enrolment, signature) = enrolment(1);
        assert_ok!(enrol((enrolment.clone(), signature.clone())));
        let authorized: RuntimeOrigin = frame_system::Origin::<Test>::Authorized.into();
        assert_noop!(Registry::enrol(authorized, enrolment, signature), Error::<Test>::EnrolmentRefused);
    });
}

#[test]
fn register_should_fail_when_the_role_is_an_apprentices() {
    run(|| {
        assert_noop!(
            Registry::register(signed(1), Role::Apprentice, endpoint(1), profile(), ASK),
            Error::<Test>::EnrolInstead
        );
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever comes from outside as an enrolment is judged without a panic, and never valid without its signature.
    #[test]
    fn authorize_should_refuse_noise(block: u32, nonce: u64, ask: u128, account: [u8; 32], bytes: [u8; 32]) {
        new_test_ext().execute_with(|| {
            System::set_block_number(50);
            let (good, _) = enrolment(1);
            let enrolment = Enrolment { block: block % 60, nonce, ask, account, ..good };
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(&bytes);
            let signature = MultiSignature::Sr25519(signature.into());
            let call = RuntimeCall::from(crate::Call::enrol { enrolment, signature });
            prop_assert!(call.authorize(TransactionSource::External).unwrap().is_err());
            Ok(())
        })?;
    }
}
