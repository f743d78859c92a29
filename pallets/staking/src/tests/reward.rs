// SPDX-License-Identifier: Apache-2.0
//! Sharing what a candidate earned with those who back it.

use super::mock::*;
use crate::{Event, Order};
use frame_support::assert_ok;
use quern_primitives::traits::Backing;

#[test]
fn reward_should_be_shared_by_stake_after_the_commission() {
    run(|| {
        candidate(1, 400);
        assert_ok!(Staking::validate(signed(1), 100_000));
        assert_ok!(Staking::nominate(signed(2), account(1), 600));
        // 100 of commission; of the rest two fifths to the bond, three fifths to the backing.
        assert_eq!(Staking::reward(&raw(1), &raw(3), 1_000), Some((460, 540)));
        assert_eq!(Balances::free_balance(account(1)), RICH - 400 + 460);
        assert_eq!((pot(), pool(1).value, pool(1).shares), (1_140, 1_140, 600));
        System::assert_last_event(Event::RewardShared { candidate: account(1), own: 460, backing: 540 }.into());
        assert_eq!(Order::<Test>::get()[0].0, 400 + 1_140);
        assert_eq!(Balances::free_balance(account(3)), RICH - 1_000);
    });
}

#[test]
fn reward_should_go_to_the_candidate_alone_when_nobody_backs_it() {
    run(|| {
        candidate(1, 400);
        assert_eq!(Staking::reward(&raw(1), &raw(3), 1_000), Some((1_000, 0)));
        assert_eq!(Staking::reward(&raw(2), &raw(3), 1_000), Some((1_000, 0)));
    });
}

#[test]
fn reward_should_move_nothing_when_it_cannot_be_paid() {
    run(|| {
        candidate(1, 400);
        assert_ok!(Staking::nominate(signed(2), account(1), 600));
        assert_eq!(Staking::reward(&raw(1), &raw(3), RICH + 1), None);
        assert_eq!((pot(), Balances::free_balance(account(3))), (600, RICH));
    });
}

#[test]
fn reward_should_be_shared_when_a_part_is_below_the_existential_deposit() {
    run(|| {
        candidate(1, 400);
        assert_ok!(Staking::nominate(signed(2), account(1), 600));
        assert_eq!(Staking::reward(&raw(1), &raw(3), 10), Some((4, 6)));
        assert_eq!(pot(), 606);
    });
}
