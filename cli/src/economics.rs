// SPDX-License-Identifier: Apache-2.0
//! `quern economics`: what a lie costs, by the formula that the chain locks collateral by and by draws that are played.

use crate::{
    args::{EconomicsArgs, Global},
    client,
    output::{self, Output},
};
use quern_primitives::{draw::SegmentCosts, QRN};
use quern_protocol::{collateral::collateral, Params};
use quern_sdk::{
    chain::plants::PlantTerms,
    economics::{Estimate, Formula, Planting, Rerolls, Simulator},
};
use serde::Serialize;
use std::process::ExitCode;

/// Shares of a shard's cost that are falsified.
const SHARES: [f64; 6] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0];
/// Shares of the auditors that confirm unseen.
const LAZY: [f64; 4] = [0.0, 0.25, 0.5, 1.0];
/// What a finder gets of a slash, and an opened plant pays the requester of what is locked, by the defaults of genesis.
const REPORTER: f64 = 0.2;
const PLANT_FEE_PPM: u32 = 50_000;
/// Numbers of auditors that are compared.
const AUDITORS: std::ops::RangeInclusive<u32> = 1..=4;

/// A probability by the formula, and as it was played, with bounds of four standard deviations.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Compared {
    formula: f64,
    played: f64,
    low: f64,
    high: f64,
    agrees: bool,
}

impl Compared {
    fn new(formula: f64, played: Estimate) -> Self {
        let (low, high) = played.bounds();
        Self { formula, played: played.mean(), low, high, agrees: played.agrees_with(formula) }
    }

    fn formula(&self) -> String {
        percent(self.formula)
    }

    fn played(&self) -> String {
        let mark = match (self.agrees, self.low > self.formula) {
            (true, _) => "",
            (false, true) => " +",
            (false, false) => " !",
        };
        format!("{} (+- {:.2}){mark}", percent(self.played), 50.0 * (self.high - self.low))
    }
}

/// What so many auditors give. Collateral is in multiples of the shard's value at the bid.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct ByAuditors {
    auditors: u32,
    collusion: Compared,
    /// S1 = S2: what must be locked at least.
    break_even: f64,
    break_even_low: f64,
    break_even_high: f64,
    /// What the chain locks.
    collateral: f64,
}

/// What falsifying a share of the cost gives.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct ByShare {
    falsified: f64,
    detection: Compared,
    /// The same when colluding authors forfeit blocks for the sake of the drawn segments too.
    detection_segments_rerolled: Compared,
    /// Mean gain over honest work with the chain's collateral, in multiples of the shard's value; the better of the two for the cheat.
    gain: f64,
}

/// What planting gives where so many auditors confirm unseen. Amounts are in multiples of the shard's value.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct ByLaziness {
    lazy: f64,
    /// A planted error that an auditor finds, for each shard of the worker; one that all of them confirm.
    found: Compared,
    missed: Compared,
    /// What planting costs the worker for each of its shards, as played. Negative where it gains.
    cost: f64,
    /// What an audit costs an auditor that confirms unseen, in the mean.
    lazy_loss: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Report {
    colluding: f64,
    unrecoverable: f64,
    samples: u32,
    segments: u32,
    trials: u64,
    seed: u64,
    by_auditors: Vec<ByAuditors>,
    auditors: u32,
    by_share: Vec<ByShare>,
    planted: f64,
    by_laziness: Vec<ByLaziness>,
    /// Whether the formula lies within the bounds of every probability that was played.
    agrees: bool,
    /// Whether it is, or is more careful than what was played: no lie is found less often than it says.
    careful: bool,
}

/// Compares and shows.
pub async fn run(global: &Global, args: EconomicsArgs) -> anyhow::Result<ExitCode> {
    let (params, fee_ppm) = match args.chain {
        true => {
            let chain = client::connect(global).await?;
            let PlantTerms { fee_ppm, .. } = chain.plant_terms().await?;
            (chain.params().await?, fee_ppm)
        }
        false => (Params::default(), PLANT_FEE_PPM),
    };
    let report = tokio::task::spawn_blocking(move || play(&params, fee_ppm, &args)).await?;
    Output { json: global.json }.result(&report, text(&report))?;
    Ok(if report.careful { ExitCode::SUCCESS } else { ExitCode::from(crate::exit::DIFFERS) })
}

/// The chain's collateral in multiples of a shard's value.
fn locked(params: &Params, auditors: u32) -> f64 {
    collateral(QRN, params, auditors) as f64 / QRN as f64
}

/// The seed of a row's stream.
fn seed(seed: u64, row: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    let (first, rest) = bytes.split_at_mut(8);
    first.copy_from_slice(&seed.to_le_bytes());
    rest.iter_mut().zip(row.to_le_bytes()).for_each(|(to, from)| *to = from);
    bytes
}

fn play(params: &Params, fee_ppm: u32, args: &EconomicsArgs) -> Report {
    // Each row has a stream of its own, so that rows do not depend on each other.
    let simulator = |formula, row: u64| {
        Simulator::new(
            seed(args.seed, row),
            formula,
            args.segments,
            SegmentCosts { finish: 1, ..SegmentCosts::default() },
        )
    };
    let by_auditors: Vec<ByAuditors> = AUDITORS
        .map(|auditors| {
            let formula = Formula::of(params, auditors);
            let played = simulator(formula, u64::from(auditors)).collusion(Rerolls::ForValidators, args.trials);
            let (low, high) = played.bounds();
            let break_even = |collusion: f64| formula.break_even(1.0, 1.0 - collusion);
            ByAuditors {
                auditors,
                collusion: Compared::new(formula.collusion(), played),
                break_even: break_even(formula.collusion()),
                break_even_low: break_even(low),
                break_even_high: break_even(high),
                collateral: locked(params, auditors),
            }
        })
        .collect();
    let auditors = u32::from(params.auditors);
    let formula = Formula::of(params, auditors);
    let by_share: Vec<ByShare> = (100u64..)
        .zip(SHARES)
        .map(|(row, share)| {
            let mut simulator = simulator(formula, row);
            let falsified = simulator.falsified_share(share);
            let rerolled = formula.detection_when_segments_are_rerolled(falsified);
            ByShare {
                falsified,
                detection: Compared::new(
                    formula.detection(falsified),
                    simulator.detection(share, Rerolls::ForValidators, args.trials),
                ),
                detection_segments_rerolled: Compared::new(
                    rerolled,
                    simulator.detection(share, Rerolls::ForValidatorsAndSegments, args.trials),
                ),
                gain: formula.gain(falsified, rerolled, locked(params, auditors)),
            }
        })
        .collect();
    let by_laziness: Vec<ByLaziness> = (200u64..)
        .zip(LAZY)
        .map(|(row, lazy)| {
            let planting = Planting {
                planted: f64::from(args.plant) / 100.0,
                lazy,
                auditors,
                collateral: locked(params, auditors),
                // What an auditor locks is the shard's value, or more where shards are small.
                bond: 1.0,
                reporter: REPORTER,
                fee: f64::from(fee_ppm) / 1e6,
            };
            let played = planting.play(seed(args.seed, row), args.trials);
            ByLaziness {
                lazy,
                found: Compared::new(planting.found(), played.found),
                missed: Compared::new(planting.missed(), played.missed),
                cost: planting.cost(played.found.mean(), played.missed.mean()),
                lazy_loss: planting.loss(planting.lost()),
            }
        })
        .collect();
    let planted = || by_laziness.iter().flat_map(|row| [row.found, row.missed]);
    let collusion = || by_auditors.iter().map(|row| row.collusion);
    let detection = || by_share.iter().flat_map(|row| [row.detection, row.detection_segments_rerolled]);
    let agrees = collusion().chain(detection()).chain(planted()).all(|compared| compared.agrees);
    let careful = collusion().all(|compared| compared.formula >= compared.low)
        && detection().all(|compared| compared.formula <= compared.high)
        && planted().all(|compared| compared.agrees);
    Report {
        colluding: formula.colluding,
        unrecoverable: formula.unrecoverable,
        samples: formula.samples,
        segments: args.segments,
        trials: args.trials,
        seed: args.seed,
        by_auditors,
        auditors,
        by_share,
        planted: f64::from(args.plant) / 100.0,
        by_laziness,
        agrees,
        careful,
    }
}

fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    // What rounds to nothing is written without a sign.
    format!("{:.2} %", if percent.abs() < 0.005 { 0.0 } else { percent })
}

fn text(report: &Report) -> String {
    let mut auditors = output::table(&["k", "q", "q, played", "S1 = S2", "S1, played", "collateral"]);
    for row in &report.by_auditors {
        auditors.add_row([
            row.auditors.to_string(),
            row.collusion.formula(),
            row.collusion.played(),
            format!("{:.3} R", row.break_even),
            format!("{:.3} to {:.3} R", row.break_even_low, row.break_even_high),
            format!("{:.2} R", row.collateral),
        ]);
    }
    let mut shares = output::table(&["f", "P(f)", "P(f), played", "segments too", "segments too, played", "gain"]);
    for row in &report.by_share {
        shares.add_row([
            percent(row.falsified),
            row.detection.formula(),
            row.detection.played(),
            row.detection_segments_rerolled.formula(),
            row.detection_segments_rerolled.played(),
            format!("{:.2} R", row.gain),
        ]);
    }
    let mut planted =
        output::table(&["lazy", "found", "found, played", "missed", "missed, played", "cost", "lazy loses"]);
    for row in &report.by_laziness {
        planted.add_row([
            percent(row.lazy),
            row.found.formula(),
            row.found.played(),
            row.missed.formula(),
            row.missed.played(),
            format!("{:.3} R", row.cost),
            format!("{:.3} R", row.lazy_loss),
        ]);
    }
    format!(
        "{} of the stake colludes, {} of a slash cannot be recovered, {} of {} segments are drawn; {} draws a number, seed {}\n\
         chance q that all k drawn validators collude, and what must be locked, in multiples of a shard's value R:\n{auditors}\n\
         chance P(f) that falsifying a share f of the cost is found with k = {}, also when colluding authors forfeit blocks for the \
         sake of the segments too, and what the cheat then gains:\n{shares}\n\
         errors planted in {} of a worker's shards, where so many auditors confirm unseen: what an auditor finds and what all confirm, \
         what that costs the planter a shard, and a lazy auditor an audit:\n{planted}\n{}",
        percent(report.colluding),
        percent(report.unrecoverable),
        report.samples,
        report.segments,
        output::grouped(report.trials.into()),
        report.seed,
        report.auditors,
        percent(report.planted),
        match (report.agrees, report.careful) {
            (true, _) => "the formula lies within four standard deviations of every number that was played",
            (false, true) => {
                "the formula is careful: what is marked with + is found more often than it says, as where segments are few"
            }
            (false, false) => "DIFFERS: what is marked with ! lies more than four standard deviations from the formula",
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> EconomicsArgs {
        EconomicsArgs { segments: 16_384, trials: 20_000, seed: 7, plant: 5, chain: false }
    }

    #[test]
    fn table_should_agree_with_the_formula_and_show_no_gain() {
        let report = play(&Params::default(), PLANT_FEE_PPM, &args());
        assert!(report.agrees, "{}", text(&report));
        assert!(report.by_share.iter().all(|row| row.gain < 0.0), "{}", text(&report));
        assert_eq!(play(&Params::default(), PLANT_FEE_PPM, &args()), report, "the same seed gives the same table");
    }

    #[test]
    fn planting_should_cost_a_worker_and_a_lazy_auditor_more_when_more_is_planted() {
        let rows = |plant| play(&Params::default(), PLANT_FEE_PPM, &EconomicsArgs { plant, ..args() }).by_laziness;
        let (few, many) = (rows(5), rows(50));
        assert!(many[0].cost > few[0].cost && few[0].cost > 0.0, "{few:?}");
        assert!(many[3].lazy_loss > few[3].lazy_loss && few[3].lazy_loss > 0.0, "{few:?}");
        assert_eq!(few[0].lazy_loss, few[3].lazy_loss, "an attentive colleague accuses who confirmed it");
    }

    #[test]
    fn share_should_be_without_a_sign_when_it_rounds_to_nothing() {
        assert_eq!([-1e-9, -0.0, 0.0, -0.001, 0.5].map(percent), ["0.00 %", "0.00 %", "0.00 %", "-0.10 %", "50.00 %"]);
    }

    #[test]
    fn table_should_be_careful_when_segments_are_few() {
        let report = play(&Params::default(), PLANT_FEE_PPM, &EconomicsArgs { segments: 16, ..args() });
        assert!(!report.agrees && report.careful, "{}", text(&report));
        assert!(text(&report).contains(" +") && !text(&report).contains(" !"), "{}", text(&report));
    }

    #[test]
    fn table_should_say_that_it_differs_when_a_number_does() {
        let mut report = play(&Params::default(), PLANT_FEE_PPM, &EconomicsArgs { trials: 2_000, ..args() });
        report.by_auditors[0].collusion = Compared::new(0.9, Estimate { hits: 10, trials: 1_000 });
        (report.agrees, report.careful) = (false, false);
        let text = text(&report);
        assert!(text.contains("!") && text.contains("DIFFERS"), "{text}");
    }
}
