// SPDX-License-Identifier: Apache-2.0
//! Offences against consensus go the same way as all others: deferral, appeal, delay, cancel, dry run.

use super::mock::*;
use crate::{Deferred, Error, Event, ONE_PPM, STEPS_OF_A_STAKE};
use frame_support::{assert_noop, assert_ok};
use proptest::prelude::*;
use quern_primitives::{
    offence::{AnyOffence, OffenceId, SlashStage},
    traits::{Collateral as _, ConsensusOffences, OffenceKind},
};
use sp_runtime::traits::BadOrigin;
use std::collections::BTreeMap;

/// Half of a stake, in parts per million.
const HALF: u32 = ONE_PPM / 2;
/// The reporter's part of a slash of a stake.
const REPORTER_PPM: u128 = 100_000;

/// Account 1 backs the offender with as much as it has bonded.
fn backed() {
    assert_ok!(Collateral::validate(signed(OFFENDER), 0));
    assert_ok!(Collateral::nominate(signed(REQUESTER), account(OFFENDER), BOND));
}

fn backing() -> u128 {
    Collateral::backing(&account(OFFENDER))
}

#[test]
fn report_should_defer_the_slash_and_tell_every_input_of_it() {
    run(|| {
        backed();
        System::set_extrinsic_index(6);
        assert_eq!(equivocation(HALF), 0);
        let event = Event::ConsensusReported {
            offence: 0,
            kind: OffenceKind::Equivocation,
            offender: account(OFFENDER),
            session: 5,
            offenders: 1,
            validators: 4,
            before_ppm: 0,
            share_ppm: HALF,
            due: BOND / 2,
            reporter: Some(account(REPORTER)),
            evidence: [8; 32],
            extrinsic: Some(6),
            due_at: 1 + DEFER,
        };
        System::assert_last_event(event.into());
        run_to(DEFER);
        assert_eq!((bond(), backing()), ((BOND, BOND), BOND));
        let slash = Slashing::deferred(0).unwrap();
        assert!(matches!(slash.offence, AnyOffence::Consensus(_)));
        assert_eq!((slash.share_ppm, slash.due, slash.extrinsic), (HALF, BOND / 2, Some(6)));
        assert!(Slashing::locks().is_empty(), "nothing is locked for it");
    });
}

#[test]
fn slash_should_take_the_share_of_stake_and_backing_and_tell_where_it_went() {
    run(|| {
        backed();
        let issuance = Balances::total_issuance();
        equivocation(HALF);
        run_to(1 + DEFER);
        assert_eq!((bond(), backing()), ((BOND / 2, BOND / 2), BOND / 2));
        let reward = BOND / 2 * REPORTER_PPM / u128::from(ONE_PPM);
        assert_eq!(balance(REPORTER), RICH + reward);
        assert_eq!(Balances::total_issuance(), issuance - BOND + reward);
        let event = Event::StakeSlashed {
            offence: 0,
            kind: OffenceKind::Equivocation,
            offender: account(OFFENDER),
            session: 5,
            at_stake: BOND,
            share_ppm: HALF,
            amount: BOND / 2,
            owed: 0,
            backing: BOND / 2,
            reporter: Some(account(REPORTER)),
            reporter_reward: reward,
            burned: BOND - reward,
            evidence: [8; 32],
            dry_run: false,
        };
        System::assert_last_event(event.into());
        assert_eq!(Deferred::<Test>::count(), 0);
    });
}

#[test]
fn slash_should_reckon_with_what_is_at_stake_when_it_is_carried_out() {
    run(|| {
        equivocation(HALF);
        // What unbonds still answers; what is locked is owed.
        assert_ok!(Collateral::unbond(signed(OFFENDER), BOND / 2));
        lock(BOND / 2);
        run_to(1 + DEFER);
        assert_eq!(bond(), (BOND / 2, 0));
        let told = |event: &RuntimeEvent| matches!(event, RuntimeEvent::Slashing(Event::StakeSlashed { amount, owed: 0, .. }) if *amount == BOND / 2);
        assert!(System::events().iter().any(|record| told(&record.event)));
        equivocation(HALF);
        run_to(1 + 2 * DEFER);
        Collateral::release(&raw(OFFENDER), BOND / 2);
        assert_eq!(bond().0, BOND / 4);
    });
}

#[test]
fn appeal_should_hold_a_bond_and_put_the_slash_off() {
    run(|| {
        let id = equivocation(HALF);
        assert_noop!(Slashing::appeal(signed(REPORTER), id, [1; 32]), Error::<Test>::NotOffender);
        assert_ok!(Slashing::appeal(signed(OFFENDER), id, [1; 32]));
        let slash = Slashing::deferred(id).unwrap();
        assert_eq!(slash.stage, SlashStage::Appealed { bond: APPEAL_BOND, statement: [1; 32] });
        run_to(APPEAL);
        assert_eq!(bond().0, BOND);
        // Nobody decides: the bond comes back.
        run_to(1 + APPEAL);
        assert_eq!((bond().0, balance(OFFENDER)), (BOND / 2, RICH - BOND));
    });
}

#[test]
fn cancel_should_leave_stake_and_backing_alone_and_give_the_bond_of_the_appeal_back() {
    run(|| {
        backed();
        let id = equivocation(HALF);
        assert_ok!(Slashing::appeal(signed(OFFENDER), id, [1; 32]));
        assert_noop!(Slashing::cancel(signed(GUARDIAN), id), BadOrigin);
        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), id));
        let event =
            Event::Cancelled { offence: id, offender: account(OFFENDER), released: 0, appeal_bond: APPEAL_BOND };
        System::assert_last_event(event.into());
        run_to(2 * APPEAL);
        assert_eq!((bond(), backing(), balance(OFFENDER)), ((BOND, BOND), BOND, RICH - BOND));
    });
}

#[test]
fn reject_appeal_should_burn_its_bond_and_slash_at_once() {
    run(|| {
        let id = equivocation(HALF);
        assert_noop!(Slashing::reject_appeal(RuntimeOrigin::root(), id), Error::<Test>::NotAppealed);
        assert_ok!(Slashing::appeal(signed(OFFENDER), id, [1; 32]));
        assert_ok!(Slashing::reject_appeal(RuntimeOrigin::root(), id));
        assert_eq!((bond().0, balance(OFFENDER)), (BOND / 2, RICH - BOND - APPEAL_BOND));
    });
}

#[test]
fn delay_should_be_all_that_the_guardian_can_do() {
    run(|| {
        let id = equivocation(HALF);
        assert_ok!(Slashing::delay(signed(GUARDIAN), id));
        assert_noop!(Slashing::delay(signed(GUARDIAN), id), Error::<Test>::NotDelayable);
        run_to(DEFER + DELAY);
        assert_eq!(bond().0, BOND);
        run_to(1 + DEFER + DELAY);
        assert_eq!(bond().0, BOND / 2);
    });
}

#[test]
fn dry_run_should_tell_and_take_nothing() {
    run(|| {
        backed();
        let waiting = equivocation(HALF);
        assert_ok!(Slashing::set_dry_run(RuntimeOrigin::root(), true));
        // One that is reported then is over at once.
        equivocation(HALF);
        assert_eq!(Deferred::<Test>::iter_keys().collect::<Vec<_>>(), [waiting]);
        run_to(1 + DEFER);
        assert_eq!((bond(), backing()), ((BOND, BOND), BOND));
        let dry = |event: &RuntimeEvent| {
            matches!(
                event,
                RuntimeEvent::Slashing(Event::StakeSlashed { amount: 0, backing: 0, burned: 0, dry_run: true, .. })
            )
        };
        assert_eq!(System::events().iter().filter(|record| dry(&record.event)).count(), 2);
    });
}

#[test]
fn report_should_be_over_at_once_when_it_costs_nothing() {
    run(|| {
        equivocation(0);
        assert_eq!(Deferred::<Test>::count(), 0);
        let over = |event: &RuntimeEvent| {
            matches!(event, RuntimeEvent::Slashing(Event::StakeSlashed { share_ppm: 0, amount: 0, dry_run: false, .. }))
        };
        assert!(System::events().iter().any(|record| over(&record.event)));
    });
}

#[test]
fn raise_should_make_a_slash_under_way_graver() {
    run(|| {
        let id = equivocation(HALF / 2);
        assert!(Slashing::raise(id, 2, HALF / 2));
        System::assert_last_event(Event::Raised { offence: id, offenders: 2, share_ppm: HALF, due: BOND / 2 }.into());
        run_to(1 + DEFER);
        assert_eq!(bond().0, BOND / 2);
    });
}

#[test]
fn raise_should_change_nothing_when_the_slash_is_over_or_another() {
    run(|| {
        let id = equivocation(HALF);
        run_to(1 + DEFER);
        assert!(!Slashing::raise(id, 2, HALF));
        let work = wrong_result();
        assert!(!Slashing::raise(work, 2, HALF));
        assert!(!Slashing::raise(99, 2, HALF));
    });
}

#[test]
fn slash_should_reach_what_backs_the_offender_when_it_has_no_bond_left() {
    run(|| {
        backed();
        lock(BOND);
        Collateral::slash(&raw(OFFENDER), BOND, &[]);
        equivocation(HALF);
        run_to(1 + DEFER);
        assert_eq!(backing(), BOND / 2);
    });
}

#[test]
fn slashes_of_stakes_should_take_more_of_a_blocks_steps() {
    run(|| {
        SlashesPerBlock::set(2 * STEPS_OF_A_STAKE);
        run_to(2);
        (0..5).for_each(|_| {
            equivocation(1_000);
        });
        run_to(2 + DEFER);
        assert_eq!(Deferred::<Test>::count(), 3);
        run_to(4 + DEFER);
        assert_eq!(Deferred::<Test>::count(), 0);
    });
}

#[derive(Clone, Debug)]
enum Op {
    Report(u32),
    Raise(OffenceId, u32),
    Appeal(OffenceId),
    Cancel(OffenceId),
    Reject(OffenceId),
    Delay(OffenceId),
    DryRun(bool),
    Wait(u32),
}

fn op() -> impl Strategy<Value = Op> {
    let id = || 0u64..12;
    prop_oneof![
        4 => (1u32..200_000).prop_map(Op::Report),
        2 => (id(), 1u32..100_000).prop_map(|(id, by)| Op::Raise(id, by)),
        2 => id().prop_map(Op::Appeal),
        1 => id().prop_map(Op::Cancel),
        1 => id().prop_map(Op::Reject),
        1 => id().prop_map(Op::Delay),
        1 => any::<bool>().prop_map(Op::DryRun),
        4 => (1u32..9).prop_map(Op::Wait),
    ]
}

/// A slash under way, as the model has it: its share, its height, and how far it was put off.
#[derive(Clone, Copy, Debug)]
struct Open {
    share_ppm: u32,
    due_at: u32,
    appealed: bool,
    delayed: bool,
}

/// Slashes under way, the bond that is left, and whether this is a dry run.
struct Model {
    open: BTreeMap<OffenceId, Open>,
    left: u128,
    dry_run: bool,
}

impl Model {
    fn carry_out(&mut self, id: OffenceId) {
        let share_ppm = self.open.remove(&id).unwrap().share_ppm;
        if !self.dry_run {
            self.left -= (self.left * u128::from(share_ppm)).div_ceil(u128::from(ONE_PPM));
        }
    }

    fn play(&mut self, op: Op) {
        let now = System::block_number();
        match op {
            Op::Report(share_ppm) => {
                let id = equivocation(share_ppm);
                if !self.dry_run {
                    let open = Open { share_ppm, due_at: now + DEFER, appealed: false, delayed: false };
                    self.open.insert(id, open);
                }
            }
            Op::Raise(id, by_ppm) => {
                assert_eq!(Slashing::raise(id, 2, by_ppm), self.open.contains_key(&id));
                self.open.entry(id).and_modify(|open| open.share_ppm = (open.share_ppm + by_ppm).min(ONE_PPM));
            }
            Op::Appeal(id) => {
                let open = self.open.get_mut(&id).filter(|open| !open.appealed && balance(OFFENDER) > APPEAL_BOND + 10);
                assert_eq!(Slashing::appeal(signed(OFFENDER), id, [0; 32]).is_ok(), open.is_some());
                if let Some(open) = open {
                    (open.appealed, open.due_at) = (true, open.due_at.max(now + APPEAL));
                }
            }
            Op::Cancel(id) => {
                let possible = self.open.remove(&id).is_some();
                assert_eq!(Slashing::cancel(RuntimeOrigin::root(), id).is_ok(), possible);
            }
            Op::Reject(id) => {
                let possible = self.open.get(&id).is_some_and(|open| open.appealed);
                assert_eq!(Slashing::reject_appeal(RuntimeOrigin::root(), id).is_ok(), possible);
                if possible {
                    self.carry_out(id);
                }
            }
            Op::Delay(id) => {
                let open = self.open.get_mut(&id).filter(|open| !open.appealed && !open.delayed);
                assert_eq!(Slashing::delay(signed(GUARDIAN), id).is_ok(), open.is_some());
                if let Some(open) = open {
                    (open.delayed, open.due_at) = (true, open.due_at + DELAY);
                }
            }
            Op::DryRun(dry_run) => {
                assert_ok!(Slashing::set_dry_run(RuntimeOrigin::root(), dry_run));
                self.dry_run = dry_run;
            }
            Op::Wait(blocks) => {
                for height in now + 1..=now + blocks {
                    let due = self.open.iter().filter(|(_, open)| open.due_at <= height);
                    due.map(|(id, _)| *id).collect::<Vec<_>>().into_iter().for_each(|id| self.carry_out(id));
                    run_to(height);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn offences_against_consensus_should_end_once_and_on_time(ops in prop::collection::vec(op(), 1..50)) {
        new_test_ext().execute_with(|| {
            SlashesPerBlock::set(1_000);
            let mut model = Model { open: BTreeMap::new(), left: BOND, dry_run: false };
            let mut carried_out = 0u128;
            for op in ops.into_iter().chain([Op::Wait(DEFER + DELAY + APPEAL)]) {
                let before = model.open.len();
                model.play(op.clone());
                carried_out += before.saturating_sub(model.open.len()) as u128;
                let mut open: Vec<_> = Deferred::<Test>::iter_keys().collect();
                open.sort_unstable();
                assert_eq!(open, model.open.keys().copied().collect::<Vec<_>>(), "{op:?}");
                // Slashes of one block are taken in no order that means anything: each may round by a unit.
                assert!(bond().0.abs_diff(model.left) <= carried_out, "{op:?}: {} is not {}", bond().0, model.left);
                Collateral::do_try_state().unwrap();
                Slashing::do_try_state().unwrap();
            }
            assert!(model.open.is_empty());
        });
    }
}
