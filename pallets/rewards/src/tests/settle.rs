// SPDX-License-Identifier: Apache-2.0
//! The trait by which accepted shards are paid.

use super::mock::*;
use crate::{
    Contribution, Contributions, CurrentEra, Eras, Event, GenesisConfig, TotalBurned, TotalCredits, TotalEmitted,
};
use quern_primitives::{traits::Rewards as _, Balance};

/// Points of an account in the era under way.
fn points(who: u8) -> Balance {
    let contribution = Contributions::<Test>::get(CurrentEra::<Test>::get(), account(who));
    contribution.map_or(0, |contribution| contribution.points)
}

#[test]
fn settle_should_credit_the_worker_its_price() {
    run(|| {
        settle(&settlement(1_000, 0, 0), &[3]);
        assert_eq!((credit(WORKER), credit(3)), (1_000, 0));
    });
}

#[test]
fn settle_should_split_the_fees() {
    run(|| {
        let issuance = Balances::total_issuance();
        settle(&settlement(1_000, 100, 200), &[3, 4]);
        // Auditors share 100 + 30 % of 200; the treasury gets 20 % of 200; 50 % of 200 are burned.
        assert_eq!((credit(3), credit(4)), (80, 80));
        assert_eq!(Balances::free_balance(account(TREASURY)), RICH + 40);
        assert_eq!(Balances::total_issuance(), issuance - 100);
        assert_eq!((TotalBurned::<Test>::get(), TotalEmitted::<Test>::get()), (100, 0));
        assert_eq!(TotalCredits::<Test>::get(), 1_160);
    });
}

#[test]
fn settle_should_burn_what_does_not_divide() {
    run(|| {
        settle(&settlement(0, 101, 0), &[3, 4]);
        assert_eq!((credit(3), credit(4), TotalBurned::<Test>::get()), (50, 50, 1));
    });
}

#[test]
fn settle_should_burn_the_auditors_part_when_there_are_none() {
    run(|| {
        settle(&settlement(1_000, 100, 200), &[]);
        assert_eq!(TotalBurned::<Test>::get(), 100 + 100 + 60);
    });
}

#[test]
fn settle_should_burn_the_treasury_part_when_it_cannot_receive() {
    new_test_ext_with(Default::default(), false).execute_with(|| {
        // 20 % of 40 are below the existential deposit.
        settle(&settlement(0, 0, 40), &[3]);
        assert_eq!(Balances::free_balance(account(TREASURY)), 0);
        assert_eq!(TotalBurned::<Test>::get(), 28);
        Rewards::do_try_state().unwrap();
    });
}

#[test]
fn settle_should_mint_nothing() {
    run(|| {
        let issuance = Balances::total_issuance();
        settle(&settlement(1_000, 0, 2_000), &[3, 4]);
        assert_eq!(Balances::total_issuance(), issuance - 1_000);
        assert_eq!((TotalBurned::<Test>::get(), TotalEmitted::<Test>::get()), (1_000, 0));
    });
}

#[test]
fn settle_should_give_points_for_at_most_kappa_of_what_it_burned() {
    run(|| {
        settle(&settlement(1_000, 0, 2_000), &[3, 4]);
        // 1,000 are burned; 90 % of that are points: half for the worker, half shared by the auditors.
        assert_eq!((points(WORKER), points(3), points(4)), (450, 225, 225));
        assert_eq!(Eras::<Test>::get(0).points, 900);
    });
}

#[test]
fn settle_should_give_only_the_workers_half_of_the_points_when_there_are_no_auditors() {
    run(|| {
        settle(&settlement(0, 0, 2_000), &[]);
        assert_eq!(TotalBurned::<Test>::get(), 1_600);
        assert_eq!((points(WORKER), Eras::<Test>::get(0).points), (720, 720));
    });
}

#[test]
fn settle_should_add_points_up_when_an_account_does_more_than_one_thing() {
    run(|| {
        settle(&settlement(0, 0, 2_000), &[WORKER, 3]);
        settle(&settlement(0, 0, 2_000), &[3, 3]);
        assert_eq!(Contributions::<Test>::get(0, account(3)), Some(Contribution { points: 3 * 225, blocks: 0 }));
        assert_eq!(points(WORKER), 450 + 225 + 450);
    });
}

#[test]
fn settle_should_count_in_the_era_under_way() {
    run_with(GenesisConfig { era_blocks: 10, ..Default::default() }, || {
        settle(&settlement(0, 0, 2_000), &[3]);
        run_to(10);
        settle(&settlement(0, 0, 1_000), &[3]);
        assert_eq!((Eras::<Test>::get(0).points, Eras::<Test>::get(1).points), (900, 450));
    });
}

#[test]
fn settle_should_tell_its_inputs() {
    run(|| {
        settle(&settlement(1_000, 100, 200), &[3, 4]);
        let shard = settlement(0, 0, 0).shard;
        let settled = Event::Settled {
            shard,
            worker: account(WORKER),
            macs: 77,
            price: 1_000,
            audit_fee: 100,
            protocol_fee: 200,
            auditors: 2,
            each_auditor: 80,
            treasury: 40,
            burned: 100,
            points: 45 + 2 * 22,
            era: 0,
        };
        System::assert_last_event(settled.into());
        System::assert_has_event(Event::Credited { who: account(3), shard, earned: 80, points: 22 }.into());
    });
}

#[test]
fn settle_should_change_nothing_when_the_pot_holds_too_little() {
    run(|| {
        settle(&settlement(1_000, 0, 0), &[]);
        let unpaid = settlement(500, 0, 0);
        Rewards::settle(&unpaid, &[]);
        assert_eq!(credit(WORKER), 1_000);
        System::assert_last_event(Event::Unfunded { shard: unpaid.shard, missing: 500 - ED }.into());
    });
}

#[test]
fn pot_should_exist_from_genesis() {
    run(|| {
        assert_eq!(Balances::free_balance(Rewards::pot_account()), ED);
        assert_eq!(Rewards::pot(), <[u8; 32]>::from(Rewards::pot_account()));
    });
}

#[test]
fn compensate_should_credit_without_any_part_in_the_emission_and_burn_the_protocol_fee() {
    run(|| {
        let issuance = Balances::total_issuance();
        compensate(&settlement(1_000, 100, 200), &[3, 4]);
        assert_eq!((credit(WORKER), credit(3), credit(4)), (1_000, 50, 50));
        assert_eq!((points(WORKER), points(3), points(4)), (0, 0, 0));
        assert_eq!((Balances::total_issuance(), TotalBurned::<Test>::get()), (issuance - 200, 200));
        assert_eq!(crate::TotalMacs::<Test>::get(), 0, "it is no accepted work");
    });
}

#[test]
fn compensate_should_credit_nobody_when_the_pot_lacks_the_money() {
    run(|| {
        Rewards::compensate(&settlement(1_000, 100, 200), &[raw(3)]);
        assert_eq!((credit(WORKER), credit(3), TotalBurned::<Test>::get()), (0, 0, 0));
    });
}
