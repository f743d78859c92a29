// SPDX-License-Identifier: Apache-2.0
//! Hundreds of eras, from a seed: bonds, nominations, offences, idleness and elections, with all invariants.

use super::mock::*;
use crate::{Ledgers, Order, Reported};
use frame_support::traits::fungible::Inspect;
use quern_primitives::{
    draw::{self, Draw},
    traits::{Backing, Collateral},
    Balance,
};
use sp_runtime::AccountId32;
use sp_staking::offence::{Offence, ReportOffence};

/// What happens is drawn from a seed.
struct Seeded(Draw);

impl Seeded {
    fn new(seed: u64) -> Self {
        Self(Draw::new(draw::seed(b"eras", &[0; 32], &seed)))
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    fn who(&mut self, from: u8, count: u8) -> u8 {
        from + self.below(count.into()) as u8
    }
}

/// Refusals are the business of the calls' own tests.
fn ignore<T>(_: T) {}

/// Accounts 10 to 29 are candidates, 30 to 59 nominators, 60 pays the rewards.
fn step(seed: &mut Seeded) {
    let (candidate, nominator) = (seed.who(10, 20), seed.who(30, 30));
    let amount = Balance::from(seed.below(900)) + 1;
    match seed.below(12) {
        0 | 1 => ignore(Staking::bond(signed(candidate), amount)),
        2 => ignore(Staking::unbond(signed(candidate), amount)),
        3 => ignore(Staking::withdraw_unbonded(signed(candidate))),
        4 | 5 => ignore(Staking::validate(signed(candidate), seed.below(200_000) as u32)),
        6 if seed.below(4) == 0 => ignore(Staking::chill(signed(candidate))),
        7 | 8 => ignore(Staking::nominate(signed(nominator), account(candidate), amount)),
        9 => ignore(Staking::unbond_nomination(signed(nominator), account(candidate), amount)),
        10 => ignore(Staking::withdraw_nomination(signed(nominator), account(candidate))),
        11 => {
            if Staking::lock(&raw(candidate), amount).is_ok() && seed.below(3) > 0 {
                Staking::release(&raw(candidate), amount);
            } else {
                Staking::slash_pro_rata(&raw(candidate), amount, &[(raw(60), amount / 5)]);
            }
        }
        _ => {}
    }
}

/// What eras of this seed elected, and how many validators were idle in them.
fn simulate(seed: u64, eras: u32) -> (u32, u32) {
    let (mut elections, mut idle) = (0, 0);
    new_test_ext().execute_with(|| {
        let mut seed = Seeded::new(seed);
        let mut set: Vec<AccountId32> = Vec::new();
        for session in 0..eras * 2 {
            Era::set(session / 2);
            Staking::start_session(session);
            if let Some(elected) = Staking::plan_session() {
                let best: Vec<_> = Order::<Test>::get().into_iter().take(4).map(|(_, who)| who).collect();
                assert_eq!(elected, best);
                assert!((2..=4).contains(&elected.len()));
                set = elected;
                elections += 1;
            }
            for _ in 0..12 {
                step(&mut seed);
            }
            if seed.below(20) == 0 && !set.is_empty() {
                let offender = raw_of(&set[seed.below(set.len() as u64) as usize]);
                offend(offender, seed.below(60) as u32, session, Some(60));
            }
            // Each of the set authors with a chance of 15 in 16.
            let able: Vec<_> = set.iter().filter(|_| seed.below(16) > 0).cloned().collect();
            for who in &able {
                (0..64).for_each(|_| Staking::note_author(who));
                let _ = Staking::reward(&who.clone().into(), &raw(60), 20, 0);
            }
            let bonds: Vec<_> = able.iter().map(|who| (who.clone(), is_listed(raw_of(who)))).collect();
            if let Some(offence) = Staking::end_session(session, &set, &[]) {
                assert!(offence.offenders().iter().all(|(who, ())| !able.contains(who)), "who authored is not idle");
                idle += offence.offenders().len() as u32;
                Staking::report_offence(Vec::new(), offence).unwrap();
            }
            for (who, listed) in bonds {
                assert_eq!(is_listed(raw_of(&who)), listed, "who authored is not chilled");
            }
            go_to(System::block_number() + 5);
            // No money appears: what all accounts own is what was issued.
            let owned: Balance =
                frame_system::Account::<Test>::iter_keys().map(|who| Balances::total_balance(&who)).sum();
            assert_eq!(owned, Balances::total_issuance());
            assert!(
                Reported::<Test>::iter().all(|(reported, _, _)| reported + EVIDENCE + 1 >= session),
                "forgotten too late"
            );
            Staking::do_try_state().unwrap();
        }
        // In the end everybody gets out what is left.
        go_to(System::block_number() + DEFER + 20);
        for who in 10..30 {
            let ledger = Ledgers::<Test>::get(account(who)).unwrap_or_default();
            Staking::release(&raw(who), ledger.locked);
            let bonded = Staking::bonded(&raw(who));
            if bonded > 0 {
                Staking::unbond(signed(who), bonded).unwrap();
            }
            for nominator in 30..60 {
                let _ = Staking::withdraw_nomination(signed(nominator), account(who));
                let _ = Staking::unbond_nomination(signed(nominator), account(who), Balance::MAX);
            }
        }
        go_to(System::block_number() + UNBONDING);
        for who in 10..30 {
            let _ = Staking::withdraw_unbonded(signed(who));
            for nominator in 30..60 {
                let _ = Staking::withdraw_nomination(signed(nominator), account(who));
            }
        }
        assert_eq!(pot(), 0);
        assert_eq!(crate::Candidates::<Test>::iter().count() + crate::Nominations::<Test>::iter().count(), 0);
        assert_eq!(Ledgers::<Test>::iter_keys().collect::<Vec<_>>(), [account(4)]);
        Staking::do_try_state().unwrap();
    });
    (elections, idle)
}

fn raw_of(who: &AccountId32) -> u8 {
    let bytes: &[u8; 32] = who.as_ref();
    bytes[0]
}

#[test]
fn elections_should_keep_all_invariants_over_hundreds_of_eras() {
    for seed in 1..=2 {
        let (elections, idle) = simulate(seed, 250);
        assert!(elections >= 200, "only {elections} elections in 250 eras");
        assert!(idle > 20, "only {idle} idle validators");
    }
}
