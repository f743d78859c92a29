// SPDX-License-Identifier: Apache-2.0
//! The trait by which accepted shards are paid.

use super::mock::*;
use crate::{EraEmitted, Event, GenesisConfig, TotalBurned, TotalCredits, TotalEmitted};
use quern_primitives::traits::Rewards as _;

/// No emission, so that fees can be seen alone.
fn without_emission() -> GenesisConfig<Test> {
    GenesisConfig { kappa_ppm: 0, ..Default::default() }
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
    run_with(without_emission(), || {
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
    run_with(without_emission(), || {
        settle(&settlement(0, 101, 0), &[3, 4]);
        assert_eq!((credit(3), credit(4), TotalBurned::<Test>::get()), (50, 50, 1));
    });
}

#[test]
fn settle_should_burn_the_auditors_part_when_there_are_none() {
    run_with(without_emission(), || {
        settle(&settlement(1_000, 100, 200), &[]);
        assert_eq!(TotalBurned::<Test>::get(), 100 + 100 + 60);
    });
}

#[test]
fn settle_should_burn_the_treasury_part_when_it_cannot_receive() {
    new_test_ext_with(without_emission(), false).execute_with(|| {
        // 20 % of 40 are below the existential deposit.
        settle(&settlement(0, 0, 40), &[3]);
        assert_eq!(Balances::free_balance(account(TREASURY)), 0);
        assert_eq!(TotalBurned::<Test>::get(), 28);
        Rewards::do_try_state().unwrap();
    });
}

#[test]
fn settle_should_emit_at_most_kappa_of_what_it_burned() {
    run(|| {
        let issuance = Balances::total_issuance();
        settle(&settlement(1_000, 0, 2_000), &[3, 4]);
        // 1,000 are burned; 90 % of it is minted: half for the worker, half shared.
        assert_eq!((credit(WORKER), credit(3), credit(4)), (1_450, 300 + 225, 300 + 225));
        assert_eq!(Balances::total_issuance(), issuance - 1_000 + 900);
        assert_eq!((TotalBurned::<Test>::get(), TotalEmitted::<Test>::get()), (1_000, 900));
    });
}

#[test]
fn settle_should_emit_only_the_workers_half_when_there_are_no_auditors() {
    run(|| {
        settle(&settlement(0, 0, 2_000), &[]);
        assert_eq!(TotalBurned::<Test>::get(), 1_600);
        assert_eq!((credit(WORKER), TotalEmitted::<Test>::get()), (720, 720));
    });
}

#[test]
fn settle_should_not_exceed_the_budget_of_the_era() {
    let genesis = GenesisConfig { initial_emission: 1_000, era_blocks: 10, halving_eras: 2, ..Default::default() };
    run_with(genesis, || {
        settle(&settlement(0, 0, 2_000), &[3]);
        settle(&settlement(0, 0, 2_000), &[3]);
        assert_eq!(EraEmitted::<Test>::get(), (0, 1_000));
        settle(&settlement(0, 0, 2_000), &[3]);
        assert_eq!(TotalEmitted::<Test>::get(), 1_000);
        // The next era has a budget of its own; the one after that half of it.
        System::set_block_number(10);
        settle(&settlement(0, 0, 2_000), &[3]);
        assert_eq!(EraEmitted::<Test>::get(), (1, 900));
        System::set_block_number(20);
        settle(&settlement(0, 0, 2_000), &[3]);
        assert_eq!(EraEmitted::<Test>::get(), (2, 500));
    });
}

#[test]
fn settle_should_not_exceed_the_cap() {
    // 1,000 are burned below the cap before anything is minted.
    let cap = 5 * RICH + ED;
    new_test_ext_with(Default::default(), true).execute_with(|| {
        let mut parameters = crate::Settings::<Test>::get();
        parameters.cap = cap - 500;
        crate::Settings::<Test>::put(parameters);
        settle(&settlement(0, 0, 2_000), &[3]);
        assert_eq!(TotalEmitted::<Test>::get(), 500);
        assert_eq!(Balances::total_issuance(), cap - 500);
        Rewards::do_try_state().unwrap();
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
            emitted: 45 + 2 * 22,
            era: 0,
        };
        System::assert_last_event(settled.into());
        System::assert_has_event(Event::Credited { who: account(3), shard, earned: 80, emission: 22 }.into());
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
