// SPDX-License-Identifier: Apache-2.0
//! Sharing what a candidate earned with those who back it.

use super::mock::*;
use crate::{Event, Nominations, Order};
use frame_support::assert_ok;
use proptest::prelude::*;
use quern_primitives::{traits::Backing, Balance};

#[test]
fn reward_should_be_shared_by_stake_after_the_commission() {
    run(|| {
        candidate(1, 400);
        assert_ok!(Staking::validate(signed(1), 100_000));
        assert_ok!(Staking::nominate(signed(2), account(1), 600));
        // 100 of commission; of the rest two fifths to the bond, three fifths to the backing.
        assert_eq!(Staking::reward(&raw(1), &raw(3), 1_000, 1), Some((460, 540)));
        assert_eq!(Balances::free_balance(account(1)), RICH - 400 + 460);
        assert_eq!((pot(), pool(1).value, pool(1).shares), (1_140, 1_140, 600));
        let shared = Event::RewardShared {
            candidate: account(1),
            own: 460,
            backing: 540,
            commission_ppm: 100_000,
            bonded: 400,
            backed: 600,
        };
        System::assert_last_event(shared.into());
        assert_eq!(Order::<Test>::get()[0].0, 400 + 1_140);
        assert_eq!(Balances::free_balance(account(3)), RICH - 1_000);
    });
}

#[test]
fn reward_should_go_to_the_candidate_alone_when_nobody_backs_it() {
    run(|| {
        candidate(1, 400);
        assert_eq!(Staking::reward(&raw(1), &raw(3), 1_000, 1), Some((1_000, 0)));
        assert_eq!(Staking::reward(&raw(2), &raw(3), 1_000, 1), Some((1_000, 0)));
    });
}

#[test]
fn reward_should_move_nothing_when_it_cannot_be_paid() {
    run(|| {
        candidate(1, 400);
        assert_ok!(Staking::nominate(signed(2), account(1), 600));
        assert_eq!(Staking::reward(&raw(1), &raw(3), RICH + 1, 1), None);
        assert_eq!((pot(), Balances::free_balance(account(3))), (600, RICH));
    });
}

#[test]
fn reward_should_be_shared_when_a_part_is_below_the_existential_deposit() {
    run(|| {
        candidate(1, 400);
        assert_ok!(Staking::nominate(signed(2), account(1), 600));
        assert_eq!(Staking::reward(&raw(1), &raw(3), 10, 1), Some((4, 6)));
        assert_eq!(pot(), 606);
    });
}

#[test]
fn reward_should_be_shared_with_those_who_still_back_a_chilled_candidate() {
    run(|| {
        candidate(1, 400);
        assert_ok!(Staking::nominate(signed(2), account(1), 600));
        assert_ok!(Staking::chill(signed(1)));
        assert_eq!(Staking::reward(&raw(1), &raw(3), 1_000, 1), Some((400, 600)));
    });
}

#[test]
fn reward_should_go_to_the_candidate_alone_when_it_is_chilled_and_nobody_is_left() {
    run(|| {
        candidate(1, 400);
        assert_ok!(Staking::nominate(signed(2), account(1), 600));
        assert_ok!(Staking::chill(signed(1)));
        assert_ok!(Staking::unbond_nomination(signed(2), account(1), 600));
        System::set_block_number(1 + UNBONDING);
        assert_ok!(Staking::withdraw_nomination(signed(2), account(1)));
        assert_eq!(Staking::reward(&raw(1), &raw(3), 1_000, 1), Some((1_000, 0)));
    });
}

/// Pays the rewards.
const PAYER: u8 = 60;

#[test]
fn reward_should_not_be_shared_with_who_came_in_its_era_or_after_it() {
    run(|| {
        candidate(1, 400);
        Era::set(3);
        assert_ok!(Staking::nominate(signed(2), account(1), 200));
        Era::set(4);
        assert_eq!(Staking::reward(&raw(1), &raw(PAYER), 600, 3), Some((600, 0)));
        assert_ok!(Staking::nominate(signed(2), account(1), 200));
        assert_ok!(Staking::nominate(signed(3), account(1), 200));
        // Whatever the order in which eras are claimed.
        assert_eq!(Staking::reward(&raw(1), &raw(PAYER), 1_000, 5), Some((400, 600)));
        assert_eq!((worth(2, 1), worth(3, 1)), (800, 400));
        assert_eq!(Staking::reward(&raw(1), &raw(PAYER), 800, 4), Some((400, 400)));
        assert_eq!(
            (worth(2, 1), worth(3, 1)),
            (1_200, 400),
            "what was added gains nothing, what is older loses nothing"
        );
    });
}

proptest! {
    #[test]
    fn reward_should_be_paid_whole_and_pro_rata(
        bond in MINIMUM..2_000,
        commission_ppm in 0u32..=1_000_000,
        nominations in prop::collection::vec(MINIMUM_NOMINATION..900, 0..4),
        rewards in prop::collection::vec(0 as Balance..2_000, 1..5),
        chilled in any::<bool>(),
    ) {
        new_test_ext().execute_with(|| {
            candidate(1, bond);
            assert_ok!(Staking::validate(signed(1), commission_ppm));
            let backers: Vec<u8> = (10..).zip(&nominations)
                .filter(|(who, amount)| Staking::nominate(signed(*who), account(1), **amount).is_ok())
                .map(|(who, _)| who)
                .collect();
            if chilled {
                assert_ok!(Staking::chill(signed(1)));
            }
            let payer = account(PAYER);
            for amount in rewards {
                let before = pool(1);
                let worth_before: Vec<Balance> = backers.iter().map(|who| worth(*who, 1)).collect();
                let issuance = Balances::total_issuance();
                let (free, paid_from) = (Balances::free_balance(account(1)), Balances::free_balance(&payer));
                let (own, backing) = Staking::reward(&raw(1), &raw(PAYER), amount, 1).unwrap();
                let after = pool(1);
                // All of it arrives, and nothing else does.
                assert_eq!(own + backing, amount);
                assert_eq!(Balances::free_balance(account(1)), free + own);
                assert_eq!(Balances::free_balance(&payer), paid_from - amount);
                assert_eq!(Balances::total_issuance(), issuance);
                assert_eq!((after.value, after.shares, pot()), (before.value + backing, before.shares, after.value));
                // After the commission, rounded up, each unit at stake earns the same; the bond gets what rounding leaves.
                let shared = amount - (amount * Balance::from(commission_ppm)).div_ceil(1_000_000);
                assert_eq!(backing, shared * before.value / (bond + before.value));
                for (who, worth_before) in backers.iter().zip(worth_before) {
                    let gain = worth(*who, 1) - worth_before;
                    let shares = Nominations::<Test>::get(account(*who), account(1)).unwrap().young.unwrap().total();
                    let due = backing * shares / before.shares;
                    assert!(gain.abs_diff(due) <= 1, "{who}: {gain} instead of {due}");
                }
                assert!(backers.iter().map(|who| worth(*who, 1)).sum::<Balance>() <= after.value);
            }
            Staking::do_try_state().unwrap();
        });
    }
}
