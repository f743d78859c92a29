// SPDX-License-Identifier: Apache-2.0
//! Random offences, appeals, decisions and blocks against a model: every lock ends exactly once, on time, and no money appears or
//! disappears.

use super::mock::*;
use crate::{Deferred, GenesisConfig, NextOffence};
use frame_support::{assert_ok, traits::fungible::Inspect};
use proptest::prelude::*;
use quern_primitives::{
    offence::OffenceId,
    traits::{Collateral as _, Offence, OffenceKind},
    Balance,
};
use std::collections::BTreeMap;

const KINDS: [OffenceKind; 6] = [
    OffenceKind::WrongResult,
    OffenceKind::WrongAudit,
    OffenceKind::Withheld,
    OffenceKind::Late,
    OffenceKind::FalseAlarm,
    OffenceKind::AuditNoShow,
];

#[derive(Clone, Debug)]
enum Op {
    Report { kind: usize, locked: Balance, reporter: Option<u8>, restitution: Option<(u8, Balance)> },
    Appeal(OffenceId),
    Cancel(OffenceId),
    Reject(OffenceId),
    Delay(OffenceId),
    DryRun(bool),
    Wait(u32),
}

fn op() -> impl Strategy<Value = Op> {
    let id = || 0u64..20;
    prop_oneof![
        5 => (0usize..6, 0 as Balance..3_000, prop::option::of(1u8..5), prop::option::of((1u8..5, 0 as Balance..3_000)))
            .prop_map(|(kind, locked, reporter, restitution)| Op::Report { kind, locked, reporter, restitution }),
        2 => id().prop_map(Op::Appeal),
        1 => id().prop_map(Op::Cancel),
        1 => id().prop_map(Op::Reject),
        1 => id().prop_map(Op::Delay),
        1 => any::<bool>().prop_map(Op::DryRun),
        4 => (1u32..9).prop_map(Op::Wait),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Deferred,
    Delayed,
    Appealed,
}

/// A lock under way: what is locked, what is due, when, and where it stands.
#[derive(Clone, Copy, Debug)]
struct Open {
    locked: Balance,
    due: Balance,
    due_at: u32,
    stage: Stage,
}

#[derive(Default)]
struct Model {
    open: BTreeMap<OffenceId, Open>,
    dry_run: bool,
    taken: Balance,
    lost_appeals: Balance,
}

impl Model {
    fn carry_out(&mut self, id: OffenceId) {
        let open = self.open.remove(&id).unwrap();
        self.taken += if self.dry_run { 0 } else { open.due };
    }

    fn begin_block(&mut self, now: u32) {
        let due: Vec<_> = self.open.iter().filter(|(_, open)| open.due_at <= now).map(|(id, _)| *id).collect();
        due.into_iter().for_each(|id| self.carry_out(id));
    }
}

fn play(op: &Op, model: &mut Model, shares: &[u32]) {
    let now = System::block_number();
    match op.clone() {
        Op::Report { kind, locked, reporter, restitution } => {
            let locked = locked.min(Collateral::free(&raw(OFFENDER)));
            let id = report(Offence {
                reporter: reporter.map(raw),
                restitution: restitution.map(|(who, amount)| (raw(who), amount)),
                ..offence(KINDS[kind], locked)
            });
            let due = (locked * shares[kind] as Balance).div_ceil(1_000_000);
            if due > 0 && !model.dry_run {
                model.open.insert(id, Open { locked, due, due_at: now + DEFER, stage: Stage::Deferred });
            }
        }
        Op::Appeal(id) => {
            let open = model.open.get_mut(&id).filter(|open| open.stage != Stage::Appealed);
            let possible = open.is_some() && balance(OFFENDER) >= APPEAL_BOND + 10;
            assert_eq!(Slashing::appeal(signed(OFFENDER), id, [0; 32]).is_ok(), possible);
            if let Some(open) = open.filter(|_| possible) {
                (open.stage, open.due_at) = (Stage::Appealed, open.due_at.max(now + APPEAL));
            }
        }
        Op::Cancel(id) => {
            let possible = model.open.remove(&id).is_some();
            assert_eq!(Slashing::cancel(RuntimeOrigin::root(), id).is_ok(), possible);
        }
        Op::Reject(id) => {
            let possible = model.open.get(&id).is_some_and(|open| open.stage == Stage::Appealed);
            assert_eq!(Slashing::reject_appeal(RuntimeOrigin::root(), id).is_ok(), possible);
            if possible {
                model.lost_appeals += APPEAL_BOND;
                model.carry_out(id);
            }
        }
        Op::Delay(id) => {
            let open = model.open.get_mut(&id).filter(|open| open.stage == Stage::Deferred);
            assert_eq!(Slashing::delay(signed(GUARDIAN), id).is_ok(), open.is_some());
            if let Some(open) = open {
                (open.stage, open.due_at) = (Stage::Delayed, open.due_at + DELAY);
            }
        }
        Op::DryRun(on) => {
            assert_ok!(Slashing::set_dry_run(RuntimeOrigin::root(), on));
            model.dry_run = on;
        }
        Op::Wait(blocks) => {
            for height in now + 1..=now + blocks {
                model.begin_block(height);
                run_to(height);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn offences_should_end_once_and_on_time(
        shares in prop::collection::vec(1u32..=1_000_000, 6),
        reporter_cap_ppm in 0u32..=200_000,
        ops in prop::collection::vec(op(), 1..60),
    ) {
        // A silence costs no less than a lie; lateness may be free.
        let shares = { let mut shares = shares; shares[0] = shares[0].min(shares[2]); shares[3] -= 1; shares };
        let genesis = GenesisConfig {
            wrong_result_ppm: shares[0],
            wrong_audit_ppm: shares[1],
            withheld_ppm: shares[2],
            late_ppm: shares[3],
            false_alarm_ppm: shares[4],
            audit_no_show_ppm: shares[5],
            reporter_cap_ppm,
            ..genesis()
        };
        new_test_ext_with(genesis).execute_with(|| {
            let issuance = Balances::total_issuance();
            let total = |who: u8| Balances::total_balance(&account(who));
            let owned: Balance = (1..=4).map(total).sum();
            let mut model = Model::default();
            // What is still open at the end is carried out in the wait.
            for op in ops.iter().chain(&[Op::Wait(DEFER + DELAY + APPEAL)]) {
                play(op, &mut model, &shares);
                let locked: Balance = model.open.values().map(|open| open.locked).sum();
                assert_eq!(bond(), (BOND - model.taken, BOND - model.taken - locked), "{op:?}");
                assert_eq!(Deferred::<Test>::iter_keys().count(), model.open.len(), "{op:?}");
                let burned = issuance - Balances::total_issuance();
                assert_eq!((1..=4).map(total).sum::<Balance>() + burned, owned, "{op:?}");
                assert!(burned <= model.taken + model.lost_appeals, "{op:?}");
                Collateral::do_try_state().unwrap();
                Slashing::do_try_state().unwrap();
            }
            assert_eq!(Deferred::<Test>::count(), 0);
            assert_eq!(bond(), (BOND - model.taken, BOND - model.taken));
            assert!(NextOffence::<Test>::get() <= ops.len() as OffenceId);
        });
    }
}
