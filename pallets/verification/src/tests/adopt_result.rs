// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Error, Event};
use frame_support::{assert_noop, assert_ok, BoundedVec};
use quern_primitives::{BlobId, ShardId};
use quern_protocol::shard::Phase;
use sp_runtime::DispatchResult;

const SECRET: [u8; 32] = [77; 32];

/// A worker that was convicted of a shard of which both drawn validators ran all segments, and who convicted it.
fn convicted() -> (Case, u8) {
    let (case, challenger, dispute, op) = Case::flipped().named();
    let (element, output, reads) = case.element(op);
    assert_ok!(Verification::convict(signed(challenger), dispute, element, Some(output), reads.try_into().unwrap()));
    (case, challenger)
}

/// What the validators computed of all segments.
fn truth(case: &Case) -> Vec<BlobId> {
    case.honest.ids(&(0..case.shard().leaves()).collect::<Vec<_>>())
}

fn adopt(case: &Case, who: u8, ids: Vec<BlobId>) -> DispatchResult {
    Verification::adopt_result(signed(who), case.id(), BoundedVec::truncate_from(ids), SECRET)
}

#[test]
fn adopt_result_should_accept_the_shard_when_all_validators_came_to_the_same() {
    test(|| {
        let (case, challenger) = convicted();
        assert!(matches!(case.shard().phase, Phase::Adopting { .. }));
        assert_ok!(adopt(&case, challenger, truth(&case)));
        assert!(case.shard().is_accepted());
        assert_eq!(case.shard().deal().unwrap().worker, raw(challenger));
        assert_eq!(Bonds::of(&raw(challenger)), (RICH, BOND));
        let event = Event::ResultAdopted { shard: case.id(), auditor: account(challenger), bond: BOND };
        assert_eq!(last_event(), event);
    });
}

#[test]
fn adopt_result_should_fail_when_the_ids_are_not_what_was_revealed() {
    test(|| {
        let (case, challenger) = convicted();
        let mut ids = truth(&case);
        ids.swap(0, 1);
        assert_noop!(adopt(&case, challenger, ids), Error::<Test>::DigestMismatch);
        assert_noop!(adopt(&case, challenger, vec![]), Error::<Test>::DigestMismatch);
        let lie = case.worker.ids(&(0..case.shard().leaves()).collect::<Vec<_>>());
        assert_noop!(adopt(&case, challenger, lie), Error::<Test>::DigestMismatch);
    });
}

#[test]
fn adopt_result_should_fail_when_it_is_somebody_elses_or_too_late() {
    test(|| {
        let (case, challenger) = convicted();
        assert_noop!(adopt(&case, STRANGER, truth(&case)), Error::<Test>::NotYours);
        System::set_block_number(System::block_number() + PARAMS.move_blocks + 1);
        assert_noop!(adopt(&case, challenger, truth(&case)), Error::<Test>::TooLate);
    });
}

#[test]
fn adopt_result_should_fail_when_the_validator_has_left_the_registry() {
    test(|| {
        let (case, challenger) = convicted();
        Registered::mutate(|listed| listed.retain(|who| *who != raw(challenger)));
        assert_noop!(adopt(&case, challenger, truth(&case)), Error::<Test>::NotYours);
    });
}

#[test]
fn adopt_result_should_fail_when_the_validator_has_no_free_bond() {
    test(|| {
        let (case, challenger) = convicted();
        Bonds::set(challenger, BOND - 1);
        assert_noop!(adopt(&case, challenger, truth(&case)), Error::<Test>::NoBond);
    });
}

#[test]
fn adopt_result_should_fail_when_there_is_nothing_to_adopt() {
    test(|| {
        let case = Case::honest().opened();
        assert_noop!(adopt(&case, case.auditors()[0], vec![]), Error::<Test>::WrongPhase);
        let unknown = ShardId { job: 99, ..case.id() };
        let refused = Verification::adopt_result(signed(STRANGER), unknown, BoundedVec::new(), SECRET);
        assert_eq!(refused, Err(Error::<Test>::UnknownShard.into()));
    });
}

#[test]
fn shard_should_start_again_when_its_result_is_not_adopted() {
    test(|| {
        let (case, challenger) = convicted();
        blocks(PARAMS.move_blocks + 1);
        assert_eq!(case.shard().phase, Phase::Queued);
        assert_eq!(Bonds::of(&raw(challenger)), (RICH, 0));
    });
}
