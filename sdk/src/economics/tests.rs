// SPDX-License-Identifier: Apache-2.0

use super::*;
use quern_primitives::draw::SegmentCosts;
use quern_protocol::collateral;

const TRIALS: u64 = 200_000;
const VALUE: u128 = 1_000_000_000_000;

/// A shard of so many tasks without a loop.
fn flat(tasks: u32, formula: Formula, seed: u8) -> Simulator {
    let costs = SegmentCosts { finish: 7, ..SegmentCosts::default() };
    Simulator::new([seed; 32], formula, tasks, costs)
}

fn formula(auditors: u32) -> Formula {
    Formula::of(&Params::default(), auditors)
}

#[test]
fn chain_should_lock_what_the_formula_says() {
    for auditors in 1..=8 {
        let params = Params::default();
        let (chain, real) = (collateral::collateral(VALUE, &params, auditors) as f64 / VALUE as f64, formula(auditors));
        let q = f64::from(collateral::collusion_ppm(params.colluding_ppm, auditors)) / 1e6;
        // The chain rounds up in parts per million, against the worker.
        assert!((0.0..2e-5).contains(&(q - real.collusion())), "{auditors} auditors: {q} and {}", real.collusion());
        assert!((0.0..1e-4).contains(&(chain - real.collateral())), "{chain} and {}", real.collateral());
    }
}

#[test]
fn collusion_should_be_what_draws_give_when_colluding_authors_forfeit_their_blocks() {
    for colluding in [0.1, 1.0 / 3.0, 0.45] {
        for auditors in 1..=4 {
            let formula = Formula { colluding, ..formula(auditors) };
            let played = flat(64, formula, 1).collusion(Rerolls::ForValidators, TRIALS);
            assert!(played.agrees_with(formula.collusion()), "{formula:?}: {played:?} {:?}", played.bounds());
            let never = flat(64, formula, 2).collusion(Rerolls::Never, TRIALS);
            assert!(never.agrees_with(formula.collusion_of_one_draw()), "{formula:?}: {never:?}");
        }
    }
}

#[test]
fn formula_should_be_on_the_safe_side_when_only_one_block_can_be_forfeited() {
    let formula = formula(1);
    let (q0, gamma) = (formula.collusion_of_one_draw(), formula.colluding);
    let once = flat(64, formula, 3).collusion(Rerolls::Once, TRIALS);
    assert!(once.agrees_with(q0 + (1.0 - q0) * gamma * q0), "{once:?}");
    assert!(once.bounds().1 < formula.collusion(), "{once:?}");
}

#[test]
fn detection_should_be_what_draws_give_when_a_share_is_falsified() {
    for auditors in [1, 2, 3] {
        let formula = formula(auditors);
        for f in [0.0, 0.01, 0.1, 0.5, 1.0] {
            // So many segments that drawing without replacement is drawing with it.
            let mut simulator = flat(100_000, formula, 4);
            let played = simulator.detection(f, Rerolls::ForValidators, TRIALS);
            assert!(played.agrees_with(formula.detection(f)), "{auditors} auditors, f = {f}: {:?}", played.bounds());
        }
    }
}

#[test]
fn detection_should_be_at_least_the_formulas_when_a_shard_has_few_segments() {
    for tasks in [8, 9, 16, 64] {
        let formula = formula(2);
        let mut simulator = flat(tasks, formula, 5);
        let f = simulator.falsified_share(0.25);
        let played = simulator.detection(0.25, Rerolls::ForValidators, TRIALS);
        assert!(played.bounds().1 >= formula.detection(f), "{tasks} tasks, f = {f}: {played:?}");
    }
    let all_drawn = flat(8, formula(2), 6).detection(0.125, Rerolls::ForValidators, TRIALS);
    assert!(all_drawn.agrees_with(1.0 - formula(2).collusion()), "one of eight segments, all of which are drawn");
}

#[test]
fn detection_should_follow_cost_and_not_number_when_segments_differ() {
    let costs = SegmentCosts { init: 1, body: 1_000, steps: 1_000, finish: 1, has_loop: true };
    let formula = formula(2);
    let mut simulator = Simulator::new([7; 32], formula, 32, costs);
    let f = simulator.falsified_share(0.1);
    let played = simulator.detection(0.1, Rerolls::ForValidators, TRIALS);
    assert!(played.agrees_with(formula.detection(f)), "f = {f}: {:?}, {}", played.bounds(), formula.detection(f));
}

#[test]
fn detection_should_be_lower_for_a_part_when_authors_forfeit_for_segments_too() {
    let formula = formula(2);
    for f in [0.05, 0.2, 1.0] {
        let played = flat(100_000, formula, 8).detection(f, Rerolls::ForValidatorsAndSegments, TRIALS);
        let expected = formula.detection_when_segments_are_rerolled(f);
        assert!(played.agrees_with(expected), "f = {f}: {:?} {expected}", played.bounds());
        assert!(expected <= formula.detection(f) + 1e-12);
    }
    assert!((formula.detection_when_segments_are_rerolled(1.0) - formula.detection(1.0)).abs() < 1e-12);
}

#[test]
fn break_even_should_be_what_draws_give() {
    for auditors in [1, 2, 3] {
        let formula = formula(auditors);
        let played = flat(64, formula, 9).detection(1.0, Rerolls::ForValidators, TRIALS);
        let (low, high) = played.bounds();
        let (s1, s2) =
            (formula.break_even(1.0, formula.detection(1.0)), formula.garbage_break_even(formula.detection(1.0)));
        assert!((formula.break_even(1.0, high)..=formula.break_even(1.0, low)).contains(&s1), "{auditors} auditors");
        assert!((formula.garbage_break_even(high)..=formula.garbage_break_even(low)).contains(&s2));
        let (gain, error) = flat(64, formula, 10).gain(1.0, s1, Rerolls::ForValidators, TRIALS);
        assert!(gain.abs() < 4.0 * error, "{auditors} auditors: {gain} +- {error} at the break-even");
    }
}

#[test]
fn no_share_should_pay_when_the_chains_collateral_is_locked() {
    for auditors in [1, 2, 3] {
        let formula = formula(auditors);
        let stake = collateral::collateral(VALUE, &Params::default(), auditors) as f64 / VALUE as f64;
        for rerolls in [Rerolls::ForValidators, Rerolls::ForValidatorsAndSegments] {
            for f in [0.02, 0.1, 0.3, 0.6, 1.0] {
                let (gain, error) = flat(1_024, formula, 11).gain(f, stake, rerolls, 20_000);
                assert!(gain + 4.0 * error < 0.0, "{auditors} auditors, f = {f}, {rerolls:?}: {gain} +- {error}");
            }
        }
    }
}

#[test]
fn cheating_should_pay_when_too_little_is_locked() {
    let formula = formula(1);
    let (gain, error) = flat(64, formula, 12).gain(1.0, 0.5, Rerolls::ForValidators, TRIALS);
    assert!(gain - 4.0 * error > 0.0, "the simulation can tell: {gain} +- {error}");
}

#[test]
fn the_same_seed_should_give_the_same_numbers() {
    let play = |seed| flat(64, formula(2), seed).detection(0.1, Rerolls::ForValidators, 5_000);
    assert_eq!(play(13), play(13));
    assert_ne!(play(13), play(14));
}

#[test]
fn nobody_should_escape_by_a_claim_or_a_silence_when_friends_are_among_the_drawn() {
    for auditors in [1, 2, 4] {
        let formula = formula(auditors);
        for friends in [Friends::Confirm, Friends::FallSilent, Friends::Claim] {
            let trials = 20_000;
            let played = flat(16, formula, 14).audits(1.0, friends, trials);
            let share = |hits| Estimate { hits, trials };
            assert!(share(played.accepted).agrees_with(formula.collusion_of_one_draw()), "{friends:?}: {played:?}");
            assert_eq!(played.found + played.accepted + played.released + played.paid, trials);
            match friends {
                Friends::Confirm => assert_eq!((played.released, played.fined), (0, 0)),
                Friends::FallSilent => {
                    assert!(share(played.released).bounds().0 <= formula.released(), "{played:?}");
                    assert!(played.fined >= u64::from(quern_protocol::shard::MAX_AUDIT_ROUNDS) * played.released);
                }
                Friends::Claim => {
                    // The formula counts what too few had sealed as paid: it goes on, and may be released later.
                    let (paid, released) = (formula.paid_by_claims(), formula.released_by_claims());
                    assert!(share(played.paid).bounds().0 <= paid, "{played:?} {paid}");
                    assert!(share(played.released).bounds().0 <= released + paid, "{played:?} {released}");
                    assert_eq!(played.fined, 0);
                }
            }
        }
    }
}

#[test]
fn part_of_a_lie_should_be_found_as_often_when_friends_spoil_rounds_as_when_they_confirm() {
    let formula = formula(2);
    for f in [0.1, 0.5] {
        for friends in [Friends::Confirm, Friends::FallSilent, Friends::Claim] {
            let trials = 20_000;
            let played = flat(1_000, formula, 15).audits(f, friends, trials);
            let hit = 1.0 - (1.0 - f).powf(f64::from(formula.samples));
            let expected = (1.0 - formula.collusion_of_one_draw()) * hit;
            let low = expected - formula.released() - formula.paid_by_claims();
            let (from, to) = Estimate { hits: played.found, trials }.bounds();
            assert!(to >= low && from <= expected, "f = {f}, {friends:?}: {played:?} {expected}");
        }
    }
}

#[test]
fn lie_should_gain_less_than_honest_work_although_friends_may_have_it_paid_by_claims() {
    for auditors in [2, 3, 4] {
        let formula = formula(auditors);
        // As if whoever is released were paid too.
        let escapes = formula.released_by_claims() + formula.paid_by_claims();
        let found = 1.0 - formula.collusion() - escapes;
        let gain = formula.gain(1.0, found, formula.collateral());
        assert!(gain < 0.0, "{auditors} auditors: {gain}");
        assert!(formula.paid_by_claims() < 0.001, "{auditors} auditors: {}", formula.paid_by_claims());
        assert!(formula.released_by_claims() < formula.released(), "a refuted claim makes it worse");
    }
}
