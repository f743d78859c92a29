// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Error, Event};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::traits::OffenceKind;
use quern_protocol::shard::{Phase, MAX_LEAF_DEMANDS};

fn demand(case: &Case, position: u32) -> sp_runtime::DispatchResult {
    Verification::demand_leaf(signed(STRANGER), case.id(), position)
}

#[test]
fn demand_leaf_should_oblige_the_worker_of_an_accepted_shard() {
    test(|| {
        let case = Case::honest().revealed();
        assert_ok!(demand(&case, 3));
        assert_eq!(last_event(), Event::LeafDemanded { shard: case.id(), position: 3, by: account(STRANGER) });
        blocks(PARAMS.reveal_blocks);
        assert!(case.shard().is_accepted());
        block();
        assert!(matches!(case.shard().phase, Phase::Overturned { .. }));
        assert_eq!(Bonds::of(&raw(WORKER)), (RICH - COLLATERAL, 0));
        assert_eq!(Keeper::offences(), vec![(OffenceKind::Withheld as u8, raw(WORKER), None)]);
    });
}

#[test]
fn demand_leaf_should_fail_when_it_was_done_there_are_too_many_or_there_is_no_such_leaf() {
    test(|| {
        let case = Case::honest().revealed();
        assert_noop!(demand(&case, case.world.leaves()), Error::<Test>::NoSuchLeaf);
        (0..MAX_LEAF_DEMANDS).for_each(|position| demand(&case, position).unwrap());
        assert_noop!(demand(&case, 0), Error::<Test>::Duplicate);
        assert_noop!(demand(&case, MAX_LEAF_DEMANDS), Error::<Test>::Full);
    });
}

#[test]
fn demand_leaf_should_fail_when_the_window_is_not_open() {
    test(|| {
        let case = Case::honest().opened();
        assert_noop!(demand(&case, 0), Error::<Test>::WrongPhase);
    });
    test(|| {
        let case = Case::honest().revealed();
        System::set_block_number(System::block_number() + PARAMS.window_blocks + 1);
        assert_noop!(demand(&case, 0), Error::<Test>::TooLate);
        block();
        assert_noop!(demand(&case, 0), Error::<Test>::WrongPhase);
    });
}
