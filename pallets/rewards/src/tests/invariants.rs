// SPDX-License-Identifier: Apache-2.0
//! Random settlements, claims and blocks against a model of plain numbers, over thousands of eras.

use super::mock::*;
use crate::{Contributions, CurrentEra, GenesisConfig, TotalBurned, TotalEmitted};
use frame_support::BoundedVec;
use proptest::prelude::*;
use quern_primitives::Balance;
use std::collections::BTreeMap;

/// Blocks of an era, eras between halvings, finished eras that can be claimed.
const ERA: u32 = 4;
const HALVING: u32 = 300;
const HISTORY: u32 = 5;
const BUDGET: Balance = 1_500;

#[derive(Clone, Debug)]
enum Op {
    Settle {
        price: Balance,
        audit_fee: Balance,
        protocol_fee: Balance,
        auditors: Vec<u8>,
    },
    Claim(u8),
    /// The last so many eras.
    ClaimEmission(u8, u32),
    /// Blocks, and who authors them.
    Wait(u32, Option<u8>),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (0 as Balance..9_000, 0 as Balance..900, 0 as Balance..900, prop::collection::vec(3u8..7, 0..4))
            .prop_map(|(price, audit_fee, protocol_fee, auditors)| Op::Settle { price, audit_fee, protocol_fee, auditors }),
        2 => (2u8..7).prop_map(Op::Claim),
        2 => (2u8..7, 1u32..8).prop_map(|(who, eras)| Op::ClaimEmission(who, eras)),
        3 => (1u32..200, prop::option::of(2u8..7)).prop_map(|(blocks, author)| Op::Wait(blocks, author)),
    ]
}

/// What the model knows of an era: (points, blocks) by account.
type Done = BTreeMap<u8, (Balance, Balance)>;

/// The money, as the documentation tells it.
#[derive(Default)]
struct Model {
    cap: Balance,
    start: Balance,
    burned: Balance,
    emitted: Balance,
    treasury: Balance,
    credits: BTreeMap<u8, Balance>,
    current: Done,
    /// Finished eras: what was done, emission for work and for blocks, and what of it was claimed.
    finished: BTreeMap<u32, (Done, Balance, Balance, Balance)>,
}

impl Model {
    fn issuance(&self) -> Balance {
        self.start + self.emitted - self.burned
    }

    fn settle(&mut self, price: Balance, audit_fee: Balance, protocol_fee: Balance, auditors: &[u8]) {
        let n = auditors.len() as Balance;
        let to_treasury = protocol_fee * 20 / 100;
        let each = (audit_fee + protocol_fee * 30 / 100).checked_div(n).unwrap_or(0);
        let burn = audit_fee + protocol_fee - to_treasury - each * n;
        let worker = burn * 90 / 100 / 2;
        self.burned += burn;
        self.treasury += to_treasury;
        *self.credits.entry(WORKER).or_default() += price;
        self.current.entry(WORKER).or_default().0 += worker;
        for who in auditors {
            *self.credits.entry(*who).or_default() += each;
            self.current.entry(*who).or_default().0 += worker.checked_div(n).unwrap_or(0);
        }
    }

    fn promised(&self) -> Balance {
        self.finished.values().map(|(_, work, authoring, claimed)| work + authoring - claimed).sum()
    }

    fn finish(&mut self, era: u32) {
        let budget = BUDGET >> (era / HALVING).min(127);
        let limit = budget.min(self.cap - self.issuance() - self.promised());
        let done = std::mem::take(&mut self.current);
        let points: Balance = done.values().map(|(points, _)| points).sum();
        let work = points.min(limit);
        let authoring = if done.values().any(|(_, blocks)| *blocks > 0) { limit - work } else { 0 };
        self.finished.insert(era, (done, work, authoring, 0));
        self.finished.retain(|old, _| old + HISTORY > era);
    }

    /// What an account gets for an era, and that it did.
    fn claim(&mut self, who: u8, era: u32) -> Balance {
        let Some((done, work, authoring, claimed)) = self.finished.get_mut(&era) else { return 0 };
        let Some(own) = done.get_mut(&who).map(std::mem::take) else { return 0 };
        // The shares are of what everybody did at first: the model keeps it apart by adding it back as nobody's.
        let nobody = done.entry(0).or_default();
        *nobody = (nobody.0 + own.0, nobody.1 + own.1);
        let points: Balance = done.values().map(|(points, _)| points).sum();
        let blocks: Balance = done.values().map(|(_, blocks)| blocks).sum();
        let due =
            (*work * own.0).checked_div(points).unwrap_or(0) + (*authoring * own.1).checked_div(blocks).unwrap_or(0);
        *claimed += due;
        due
    }
}

fn check(model: &mut Model, op: &Op) {
    match op.clone() {
        Op::Settle { price, audit_fee, protocol_fee, auditors } => {
            if Balances::free_balance(account(REQUESTER)) < price + audit_fee + protocol_fee + ED {
                return;
            }
            model.settle(price, audit_fee, protocol_fee, &auditors);
            settle(&settlement(price, audit_fee, protocol_fee), &auditors);
        }
        Op::Claim(who) => {
            let owed = model.credits.get(&who).copied().unwrap_or(0);
            let before = Balances::free_balance(account(who));
            let possible = owed > 0 && (before > 0 || owed >= ED);
            assert_eq!(Rewards::claim(signed(who)).is_ok(), possible, "{op:?}");
            if possible {
                model.credits.remove(&who);
                assert_eq!(Balances::free_balance(account(who)), before + owed);
            }
        }
        Op::ClaimEmission(who, eras) => {
            let current = CurrentEra::<Test>::get();
            let eras: Vec<u32> = (current.saturating_sub(eras.min(HISTORY))..current).collect();
            let before = Balances::free_balance(account(who));
            let claims: Vec<_> = Rewards::claimable(account(who))
                .into_iter()
                .filter_map(|(era, claim)| eras.contains(&era).then_some(claim))
                .collect();
            let work: Balance = claims.iter().map(|claim| claim.work).sum();
            let expected = claims.iter().map(|claim| claim.total()).sum();
            let backers = Balances::free_balance(account(BACKERS));
            // The parts of the blocks are paid first, era by era, and each part creates the account where there is none.
            let has_done = eras.iter().any(|era| Contributions::<Test>::contains_key(era, account(who)));
            let (mut backing, mut exists, mut possible) = (0, before > 0, has_done);
            for authoring in claims.iter().map(|claim| claim.authoring) {
                let shared = authoring * Balance::from(BackersPpm::get()) / 1_000_000;
                let own = authoring - shared;
                exists |= own >= ED;
                possible &= own == 0 || exists;
                backing += shared;
            }
            possible &= work == 0 || exists || work >= ED;
            let claimed = frame_support::storage::with_storage_layer(|| {
                Rewards::claim_emission(signed(who), BoundedVec::truncate_from(eras.clone()))
            });
            assert_eq!(claimed.is_ok(), possible, "{op:?}");
            if possible {
                let owed: Balance = eras.into_iter().map(|era| model.claim(who, era)).sum();
                assert_eq!(owed, expected, "{op:?}");
                model.emitted += owed;
                assert_eq!(Balances::free_balance(account(who)), before + owed - backing);
                assert_eq!(Balances::free_balance(account(BACKERS)), backers + backing);
            }
        }
        Op::Wait(blocks, author) => {
            Author::set(author.map(raw));
            for _ in 0..blocks {
                let next = System::block_number() + 1;
                if next.is_multiple_of(ERA) {
                    model.finish(next / ERA - 1);
                }
                if let Some(author) = author {
                    model.current.entry(author).or_default().1 += 1;
                }
                run_to(next);
            }
            System::reset_events();
        }
    }
    for who in 2..7 {
        assert_eq!(credit(who), model.credits.get(&who).copied().unwrap_or(0), "{op:?}");
    }
    assert_eq!((TotalBurned::<Test>::get(), TotalEmitted::<Test>::get()), (model.burned, model.emitted), "{op:?}");
    assert_eq!(crate::Promised::<Test>::get(), model.promised(), "{op:?}");
    assert_eq!(Balances::total_issuance(), model.issuance(), "{op:?}");
    assert!(model.issuance() + model.promised() <= model.cap, "{op:?}");
    assert_eq!(Balances::free_balance(account(TREASURY)), model.treasury, "{op:?}");
    let pot = Balances::free_balance(Rewards::pot_account());
    assert_eq!(pot, ED + model.credits.values().sum::<Balance>(), "{op:?}");
    Rewards::do_try_state().unwrap();
}

/// Plays a list of things on a chain whose cap leaves `room` above its genesis.
fn play(room: Balance, backers_ppm: u32, ops: &[Op]) -> u32 {
    let start = 6 * RICH + ED;
    let genesis = GenesisConfig {
        initial_emission: BUDGET,
        era_blocks: ERA,
        halving_eras: HALVING,
        history_eras: HISTORY,
        cap: start + room,
        ..Default::default()
    };
    new_test_ext_with(genesis, true).execute_with(|| {
        assert_eq!(Balances::total_issuance(), start);
        BackersPpm::set(backers_ppm);
        let mut model = Model { cap: start + room, start, treasury: RICH, ..Default::default() };
        for op in ops {
            check(&mut model, op);
        }
        CurrentEra::<Test>::get()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn money_should_follow_the_model_over_thousands_of_eras(
        room in prop_oneof![Just(0), 1 as Balance..BUDGET, 1 as Balance..600_000, Just(Balance::MAX >> 64)],
        backers_ppm in prop_oneof![Just(0), 0u32..1_000_000],
        ops in prop::collection::vec(op(), 300..500),
        last in op(),
    ) {
        // Every list of things is played on until the schedule has halved often.
        let mut ops = ops;
        while ops.iter().map(|op| if let Op::Wait(blocks, _) = op { *blocks } else { 0 }).sum::<u32>() < 2_000 * ERA {
            ops.extend([Op::Wait(197, Some(3)), last.clone()]);
        }
        prop_assert!(play(room, backers_ppm, &ops) >= 2_000);
    }
}
