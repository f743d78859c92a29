// SPDX-License-Identifier: Apache-2.0
//! `open_plant`

use super::mock::*;
use crate::{Agenda, Deferred, Error, Event, Plants, PlantsOf};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::{
    plant::{decoy_hash, ConvictedResult},
    traits::{Offence, OffenceKind, Offences as _},
    BlobId, ShardId,
};
use sp_runtime::traits::BadOrigin;

#[test]
fn open_plant_should_pay_the_finder_and_the_requester_out_of_the_deposit_when_planted_before_the_commitment() {
    run(|| {
        let before = (balance(PLANTER), balance(REPORTER), balance(REQUESTER));
        let issuance = Balances::total_issuance();
        plant(DEPOSIT);
        let id = convict_planted();
        assert_eq!(bond(), (BOND, BOND - 1_000));
        assert_ok!(Slashing::open_plant(signed(PLANTER), id, SALT));
        assert_eq!(bond(), (BOND, BOND), "nothing is taken of the collateral");
        let after = (balance(PLANTER), balance(REPORTER), balance(REQUESTER));
        assert_eq!(after, (before.0 - 200 - FEE, before.1 + 200, before.2 + FEE));
        assert_eq!(Balances::total_issuance(), issuance, "nothing is burned");
        assert_eq!(Pardons::get(), vec![(raw(OFFENDER), 1)]);
        assert_eq!((Deferred::<Test>::count(), Agenda::<Test>::iter().count()), (0, 0));
        assert_eq!((Plants::<Test>::count(), PlantsOf::<Test>::iter().count(), planted_by(PLANTER)), (0, 0, 0));
        let event = Event::PlantOpened {
            offence: id,
            hash: planted().hash(&raw(PLANTER), &SALT),
            owner: account(PLANTER),
            worker: account(OFFENDER),
            shard: planted().shard,
            reporter: Some(account(REPORTER)),
            reporter_reward: 200,
            requester: account(REQUESTER),
            compensation: FEE,
            burned: 0,
            deposit_released: DEPOSIT - 200 - FEE,
            collateral_released: 1_000,
            appeal_bond: 0,
        };
        System::assert_last_event(event.into());
        run_to(2 * DEFER);
        assert_eq!(bond(), (BOND, BOND), "the slash is over");
    });
}

#[test]
fn open_plant_should_restitute_what_a_slash_would_have() {
    run(|| {
        let before = balance(REQUESTER);
        plant(DEPOSIT);
        let offence = Offence { restitution: Some((raw(REQUESTER), 300)), ..offence(OffenceKind::WrongResult, 1_000) };
        let id = convict(offence, committed());
        assert_ok!(Slashing::open_plant(signed(PLANTER), id, SALT));
        assert_eq!(balance(REQUESTER), before + 300 + FEE);
    });
}

#[test]
fn open_plant_should_pay_the_requester_all_that_would_have_been_burned_when_others_computed_from_the_result() {
    run(|| {
        let before = balance(REQUESTER);
        plant(DEPOSIT);
        let result = ConvictedResult { breaks_job: true, ..committed() };
        let id = convict(offence(OffenceKind::WrongResult, 1_000), result);
        assert_ok!(Slashing::open_plant(signed(PLANTER), id, SALT));
        assert_eq!(balance(REQUESTER), before + 800);
    });
}

#[test]
fn open_plant_should_burn_what_cannot_be_received() {
    run(|| {
        plant(DEPOSIT);
        let issuance = Balances::total_issuance();
        // Too little to make a new account exist.
        let id = convict(
            Offence { reporter: Some(raw(9)), ..offence(OffenceKind::WrongResult, 40) },
            ConvictedResult { requester: raw(8), ..committed() },
        );
        assert_ok!(Slashing::open_plant(signed(PLANTER), id, SALT));
        assert_eq!(issuance - Balances::total_issuance(), 8 + 2);
        assert_eq!((balance(8), balance(9)), (0, 0));
    });
}

#[test]
fn open_plant_should_give_the_bond_of_an_appeal_back() {
    run(|| {
        let before = balance(OFFENDER);
        plant(DEPOSIT);
        let id = convict_planted();
        assert_ok!(Slashing::appeal(signed(OFFENDER), id, [0; 32]));
        assert_ok!(Slashing::open_plant(signed(PLANTER), id, SALT));
        assert_eq!(balance(OFFENDER), before);
    });
}

#[test]
fn open_plant_should_cost_the_fee_alone_when_the_planter_has_convicted_itself() {
    run(|| {
        let before = balance(PLANTER);
        plant(DEPOSIT);
        let own = Offence { reporter: Some(raw(PLANTER)), ..offence(OffenceKind::WrongResult, 1_000) };
        let id = convict(own, committed());
        assert_ok!(Slashing::open_plant(signed(PLANTER), id, SALT));
        assert_eq!(balance(PLANTER), before - FEE);
    });
}

#[test]
fn open_plant_should_fail_when_there_is_no_such_slash() {
    run(|| {
        plant(DEPOSIT);
        assert_noop!(Slashing::open_plant(signed(PLANTER), 0, SALT), Error::<Test>::NoSuchSlash);
        let id = convict_planted();
        run_to(1 + DEFER);
        assert_noop!(Slashing::open_plant(signed(PLANTER), id, SALT), Error::<Test>::NoSuchSlash);
    });
}

#[test]
fn open_plant_should_fail_when_the_offence_is_no_conviction_of_a_result() {
    run(|| {
        plant(DEPOSIT);
        let withheld = report(offence(OffenceKind::Withheld, 1_000));
        let stake = equivocation(10_000);
        for id in [withheld, stake] {
            assert_noop!(Slashing::open_plant(signed(PLANTER), id, SALT), Error::<Test>::NotPlantable);
        }
    });
}

#[test]
fn open_plant_should_fail_when_the_plant_is_about_anything_else() {
    run(|| {
        plant(DEPOSIT);
        let work = || offence(OffenceKind::WrongResult, 1_000);
        let others = [
            convict(work(), ConvictedResult { root: BlobId([8; 32]), ..committed() }),
            convict(work(), ConvictedResult { attempt: 2, ..committed() }),
            convict(Offence { shard: ShardId { job: 1, stage: 2, index: 4 }, ..work() }, committed()),
        ];
        for id in others {
            assert_noop!(Slashing::open_plant(signed(PLANTER), id, SALT), Error::<Test>::NoSuchPlant);
        }
        let id = convict_planted();
        assert_noop!(Slashing::open_plant(signed(PLANTER), id, [0x45; 32]), Error::<Test>::NoSuchPlant);
    });
}

#[test]
fn open_plant_should_fail_when_the_hash_is_a_decoys() {
    run(|| {
        assert_ok!(Slashing::plant(signed(PLANTER), decoy_hash(&raw(PLANTER), &SALT), DEPOSIT));
        let id = convict_planted();
        assert_noop!(Slashing::open_plant(signed(PLANTER), id, SALT), Error::<Test>::NoSuchPlant);
    });
}

#[test]
fn open_plant_should_fail_when_planted_in_the_block_of_the_commitment_or_later() {
    for late in [0, 1] {
        run(|| {
            let result = committed();
            run_to(result.committed_at + late);
            plant(DEPOSIT);
            let id = convict(offence(OffenceKind::WrongResult, 1_000), result);
            assert_noop!(Slashing::open_plant(signed(PLANTER), id, SALT), Error::<Test>::PlantedTooLate);
        });
    }
}

#[test]
fn open_plant_should_fail_when_the_deposit_is_below_the_multiple_of_what_is_locked() {
    run(|| {
        plant(DEPOSIT - 1);
        let id = convict_planted();
        assert_noop!(Slashing::open_plant(signed(PLANTER), id, SALT), Error::<Test>::DepositTooLow);
    });
}

#[test]
fn open_plant_should_fail_when_it_was_opened_already() {
    run(|| {
        plant(DEPOSIT);
        let first = convict_planted();
        let second = convict_planted();
        assert_ok!(Slashing::open_plant(signed(PLANTER), first, SALT));
        assert_noop!(Slashing::open_plant(signed(PLANTER), second, SALT), Error::<Test>::NoSuchPlant);
    });
}

#[test]
fn open_plant_should_fail_when_the_slash_was_over_in_a_dry_run() {
    run(|| {
        plant(DEPOSIT);
        assert_ok!(Slashing::set_dry_run(RuntimeOrigin::root(), true));
        lock(1_000);
        Slashing::report_result(offence(OffenceKind::WrongResult, 1_000), committed());
        assert_noop!(Slashing::open_plant(signed(PLANTER), 0, SALT), Error::<Test>::NoSuchSlash);
    });
}

#[test]
fn open_plant_should_fail_when_the_origin_is_not_signed() {
    run(|| {
        plant(DEPOSIT);
        let id = convict_planted();
        assert_noop!(Slashing::open_plant(RuntimeOrigin::root(), id, SALT), BadOrigin);
    });
}

#[test]
fn open_plant_should_fail_when_another_account_has_copied_the_hash_before() {
    run(|| {
        assert_ok!(Slashing::plant(signed(REPORTER), planted().hash(&raw(PLANTER), &SALT), DEPOSIT));
        let id = convict_planted();
        for who in [REPORTER, PLANTER] {
            assert_noop!(Slashing::open_plant(signed(who), id, SALT), Error::<Test>::NoSuchPlant);
        }
    });
}

#[test]
fn open_plant_should_fail_when_another_account_has_seen_the_salt() {
    run(|| {
        plant(DEPOSIT);
        let id = convict_planted();
        assert_noop!(Slashing::open_plant(signed(REPORTER), id, SALT), Error::<Test>::NoSuchPlant);
    });
}
