// SPDX-License-Identifier: Apache-2.0
//! Random plants, decoys, convictions and openings against a model: every deposit ends once, no money appears or disappears, and
//! nothing is taken of the collateral of who planted in time and opens in time.

use super::mock::*;
use crate::{DryRun, PlantTerms, Plants, PlantsOf};
use frame_support::traits::fungible::Inspect;
use proptest::prelude::*;
use quern_primitives::{
    offence::OffenceId,
    plant::{decoy_hash, ConvictedResult, PlantedResult},
    traits::{Collateral as _, Offence, OffenceKind},
    Balance, BlobId,
};
use std::collections::BTreeMap;

/// A plant is about one of few results, so that it is often the one that is convicted.
#[derive(Clone, Copy, Debug)]
enum Op {
    Plant { owner: u8, root: u8, decoy: bool, deposit: Balance },
    Convict { root: u8, locked: Balance, reporter: Option<u8>, breaks_job: bool },
    Open { offence: OffenceId },
    OpenDecoy { root: u8 },
    Withdraw { root: u8, void: bool },
    Expire { root: u8, decoy: bool },
    DryRun(bool),
    Wait(u32),
}

fn op() -> impl Strategy<Value = Op> {
    let root = || 0u8..3;
    prop_oneof![
        4 => (1u8..4, root(), any::<bool>(), 0 as Balance..6_000)
            .prop_map(|(owner, root, decoy, deposit)| Op::Plant { owner, root, decoy, deposit }),
        4 => (root(), 1 as Balance..1_500, prop::option::of(1u8..5), any::<bool>())
            .prop_map(|(root, locked, reporter, breaks_job)| Op::Convict { root, locked, reporter, breaks_job }),
        4 => (0u64..6).prop_map(|offence| Op::Open { offence }),
        1 => root().prop_map(|root| Op::OpenDecoy { root }),
        1 => (root(), any::<bool>()).prop_map(|(root, void)| Op::Withdraw { root, void }),
        1 => (root(), any::<bool>()).prop_map(|(root, decoy)| Op::Expire { root, decoy }),
        1 => any::<bool>().prop_map(Op::DryRun),
        4 => (1u32..20).prop_map(Op::Wait),
    ]
}

/// Who the hashes are about; whoever else posts one has copied it.
const OPENER: u8 = 1;

fn about(root: u8) -> PlantedResult {
    PlantedResult { root: BlobId([root; 32]), ..planted() }
}

fn hash(root: u8, decoy: bool) -> [u8; 32] {
    if decoy {
        decoy_hash(&raw(OPENER), &[root; 32])
    } else {
        about(root).hash(&raw(OPENER), &[root; 32])
    }
}

#[derive(Clone, Copy, Debug)]
struct Slash {
    root: u8,
    locked: Balance,
    committed_at: u32,
    due_at: u32,
}

#[derive(Default)]
struct Model {
    /// Owner, deposit and height, by root and whether it is a decoy.
    plants: BTreeMap<(u8, bool), (u8, Balance, u32)>,
    slashes: BTreeMap<OffenceId, Slash>,
    offences: OffenceId,
    /// What slashes have taken of the bond.
    taken: Balance,
}

impl Model {
    /// Takes a plant out that its owner ends; says whether it could.
    fn take(&mut self, plant: (u8, bool)) -> bool {
        let is_owned = self.plants.get(&plant).is_some_and(|(owner, ..)| *owner == OPENER);
        is_owned && self.plants.remove(&plant).is_some()
    }
}

fn play(op: Op, model: &mut Model) {
    let now = System::block_number();
    match op {
        Op::Plant { owner, root, decoy, deposit } => {
            let of_owner = model.plants.values().filter(|plant| plant.0 == owner).count();
            let possible =
                deposit >= 500 && !model.plants.contains_key(&(root, decoy)) && model.plants.len() < 4 && of_owner < 3;
            assert_eq!(Slashing::plant(signed(owner), hash(root, decoy), deposit).is_ok(), possible);
            if possible {
                model.plants.insert((root, decoy), (owner, deposit, now));
            }
        }
        Op::Convict { root, locked, reporter, breaks_job } => {
            // Committed in the block before.
            let result = ConvictedResult { root: about(root).root, committed_at: now - 1, breaks_job, ..committed() };
            let locked = locked.min(Collateral::free(&raw(OFFENDER)));
            let work = Offence { reporter: reporter.map(raw), ..offence(OffenceKind::WrongResult, locked) };
            let id = convict(work, result);
            model.offences += 1;
            if locked > 0 && !DryRun::<Test>::get() {
                model.slashes.insert(id, Slash { root, locked, committed_at: now - 1, due_at: now + DEFER });
            }
        }
        Op::Open { offence } => {
            let slash = model.slashes.get(&offence).copied();
            let plant = slash.and_then(|slash| model.plants.get(&(slash.root, false)).copied());
            let possible = slash.zip(plant).is_some_and(|(slash, (owner, deposit, at))| {
                owner == OPENER && at < slash.committed_at && deposit >= 4 * slash.locked
            });
            let salt = [slash.map_or(0, |slash| slash.root); 32];
            assert_eq!(Slashing::open_plant(signed(OPENER), offence, salt).is_ok(), possible, "{slash:?} {plant:?}");
            if possible {
                let slash = model.slashes.remove(&offence).unwrap();
                model.plants.remove(&(slash.root, false));
            }
        }
        Op::OpenDecoy { root } => {
            let possible = model.take((root, true));
            assert_eq!(Slashing::open_decoy(signed(OPENER), [root; 32]).is_ok(), possible);
        }
        Op::Withdraw { root, void } => {
            Void::set(if void { vec![about(root)] } else { vec![] });
            let possible = void && model.take((root, false));
            assert_eq!(Slashing::withdraw_plant(signed(OPENER), [root; 32], about(root)).is_ok(), possible);
        }
        Op::Expire { root, decoy } => {
            let plant = model.plants.get(&(root, decoy)).copied();
            let possible = plant.is_some_and(|(_, _, at)| now >= at + PLANT_BLOCKS);
            assert_eq!(Slashing::expire_plant(signed(1), hash(root, decoy)).is_ok(), possible);
            if possible {
                model.plants.remove(&(root, decoy));
            }
        }
        Op::DryRun(on) => DryRun::<Test>::put(on),
        Op::Wait(blocks) => {
            for height in now + 1..=now + blocks {
                let due: Vec<_> =
                    model.slashes.iter().filter(|(_, slash)| slash.due_at <= height).map(|(id, _)| *id).collect();
                for id in due {
                    let slash = model.slashes.remove(&id).unwrap();
                    model.taken += if DryRun::<Test>::get() { 0 } else { slash.locked };
                }
                run_to(height);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn plants_should_end_once_and_spare_who_planted_in_time(ops in prop::collection::vec(op(), 1..80)) {
        new_test_ext().execute_with(|| {
            let total = |who: u8| Balances::total_balance(&account(who));
            let (issuance, owned) = (Balances::total_issuance(), (1..=4).map(total).sum::<Balance>());
            let mut model = Model::default();
            run_to(2);
            for op in ops {
                play(op, &mut model);
                let locked: Balance = model.slashes.values().map(|slash| slash.locked).sum();
                assert_eq!(bond(), (BOND - model.taken, BOND - model.taken - locked), "{op:?}");
                assert_eq!(Plants::<Test>::count() as usize, model.plants.len(), "{op:?}");
                for who in 1..=4 {
                    let of = model.plants.values().filter(|plant| plant.0 == who);
                    assert_eq!(planted_by(who), of.clone().map(|plant| plant.1).sum::<Balance>(), "{op:?}");
                    assert_eq!(PlantsOf::<Test>::get(account(who)) as usize, of.count(), "{op:?}");
                }
                let burned = issuance - Balances::total_issuance();
                assert_eq!((1..=4).map(total).sum::<Balance>() + burned, owned, "{op:?}");
                Collateral::do_try_state().unwrap();
                Slashing::do_try_state().unwrap();
            }
        });
    }

    #[test]
    fn plant_terms_should_never_make_a_plant_cost_more_than_its_deposit(
        factor in 2u32..10,
        fee_ppm in 0u32..=1_000_000,
        locked in 0u128..1_000_000_000_000_000,
        due_ppm in 0u32..=1_000_000,
        paid in 0u128..1_000_000_000_000_000,
        breaks_job in any::<bool>(),
    ) {
        let terms = PlantTerms { deposit_factor: factor, fee_ppm, ..Default::default() };
        prop_assert!(terms.is_sound());
        let due = (locked * due_ppm as Balance).div_ceil(1_000_000);
        let offence = Offence { restitution: Some((raw(REQUESTER), paid)), ..offence(OffenceKind::WrongResult, locked) };
        let split = crate::Shares::default().split(&offence, due);
        let fee = terms.fee(&offence, due, &split, &ConvictedResult { breaks_job, fees: 0, root: BlobId([0; 32]), requester: raw(1), attempt: 0, committed_at: 0 });
        let parts = split.restitution.map_or(0, |(_, part)| part) + split.reward.map_or(0, |(_, part)| part);
        prop_assert!(parts + fee <= terms.deposit(locked));
    }

    /// The formulas of `docs/economics.md`, in units of `value / 1,000,000`.
    #[test]
    fn lying_under_a_plant_should_gain_less_than_honest_work_whoever_finds_it(
        value in 1i128..1_000_000_000,
        cost_ppm in 0i128..=1_000_000,
        locked_factor in 3i128..30,
        falsified_ppm in 0i128..=1_000_000,
    ) {
        const ONE: i128 = 1_000_000;
        let cost = value * cost_ppm / ONE;
        let locked = (value * locked_factor) as Balance;
        let terms = PlantTerms { minimum_deposit: 1, ..Default::default() };
        let offence = Offence { reporter: Some(raw(REPORTER)), ..offence(OffenceKind::WrongResult, locked) };
        let split = crate::Shares::default().split(&offence, locked);
        let fee = terms.fee(&offence, locked, &split, &committed_at_genesis()) as i128;
        let reward = split.reward.map_or(0, |(_, part)| part) as i128;
        let deposit = terms.deposit(locked) as i128;
        let honest = (value - cost) * ONE;
        let work_done = cost * (ONE - falsified_ppm);
        let found_by_a_friend = -work_done - fee * ONE;
        let found = found_by_a_friend - reward * ONE;
        let kept = value * ONE - work_done - deposit * ONE;
        for gain in [found_by_a_friend, found, kept] {
            prop_assert!(gain < honest);
        }
    }
}

#[test]
fn planting_should_not_make_sabotage_cheaper_when_two_auditors_are_drawn() {
    // Chance that both collude, re-rolls included, in ppm, at a third of the stake: 1/9 / (1 - 1/3 * 8/9).
    let q = 157_895;
    let odds = |amount: Balance| amount * (1_000_000 - q) / q;
    let locked = 1_000_000;
    let terms = PlantTerms { minimum_deposit: 1, ..Default::default() };
    let offence = offence(OffenceKind::WrongResult, locked);
    let split = crate::Shares::default().split(&offence, locked);
    let fee = terms.fee(&offence, locked, &split, &committed_at_genesis());
    let reward = split.reward.unwrap().1;
    // The least gain outside the chain that pays: a friend finds what is found; then a stranger does.
    for reward in [reward, 0] {
        let without = odds(locked - reward);
        let lost = split.reward.unwrap().1 - reward;
        let planted = terms.deposit(locked) + odds(fee + lost);
        assert!(planted + 5 * locked / 1_000 >= without, "{planted} {without}");
    }
}

fn committed_at_genesis() -> ConvictedResult {
    ConvictedResult {
        requester: raw(REQUESTER),
        attempt: 0,
        root: BlobId([0; 32]),
        committed_at: 0,
        breaks_job: false,
        fees: 0,
    }
}
