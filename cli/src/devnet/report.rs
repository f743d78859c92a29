// SPDX-License-Identifier: Apache-2.0
//! How the main job came out.

use super::story::{Deeds, Slash};
use crate::output;
use quern_primitives::JobId;
use quern_sdk::chain::json::Big;
use serde::Serialize;

/// The least share of the test images that must be classified right.
pub const REQUIRED_ACCURACY: f64 = 0.95;
/// The largest ratio of the loss of a language model to that of the same training on `f32`.
pub const ALLOWED_LOSS_RATIO: f64 = 1.03;
/// The jobs of the main job: training, and the use of what was learned.
pub const JOBS: u32 = 2;

/// The model after a round of training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Round {
    /// The round, counted from 1; 0 is before training.
    pub round: u16,
    /// Mean cross-entropy in nats: of the training images, or a byte of the validation text.
    pub loss: f64,
    /// Share of the test images that are classified right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// The loss of the same training on `f32` in one process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_f32: Option<f64>,
}

impl std::fmt::Display for Round {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "round {}: loss {:.4}", self.round, self.loss)?;
        if let Some(accuracy) = self.accuracy {
            write!(f, ", accuracy {:.2} %", 100.0 * accuracy)?;
        }
        match self.loss_f32 {
            Some(on_f32) => write!(f, ", on f32 in one process {on_f32:.4} (ratio {:.4})", self.loss / on_f32),
            None => Ok(()),
        }
    }
}

/// A text that the network wrote.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Written {
    /// What it was given.
    pub prompt: String,
    /// What it wrote after that.
    pub text: String,
}

/// A language model that was trained over the chain.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Language {
    /// The last loss, in nats a byte of the validation text.
    pub loss: f64,
    /// That of the same training on `f32` in one process.
    pub loss_f32: f64,
    /// The first by the second.
    pub ratio: f64,
    /// Whether a text came out the same when it was generated again on this machine.
    pub verified: bool,
    /// What it wrote.
    pub texts: Vec<Written>,
}

/// What one account did and has.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Who.
    pub name: String,
    /// Its account.
    pub account: String,
    /// What it did.
    #[serde(flatten)]
    pub deeds: Deeds,
    /// What it can spend now, earnings claimed.
    pub free: Big,
    /// Its bond now.
    pub bonded: Big,
}

/// The last line of `quern devnet --json`. Amounts and MACs are strings of digits, amounts in 10^-12 QRN.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Whether everything is as it must be.
    pub success: bool,
    /// What is not.
    pub failures: Vec<String>,
    /// Share of the 360 test images that the network classified right; with `--task digits`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// The language model; with `--task lm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// The jobs that were submitted: training, then the use of what was learned.
    pub jobs: Vec<JobId>,
    /// Jobs that were completed.
    pub jobs_completed: u32,
    /// Accepted shards.
    pub shards_settled: u64,
    /// Shards that were put back and done again.
    pub shards_redone: u32,
    /// Audits that drawn validators revealed.
    pub audits: u32,
    /// Disputes.
    pub disputes: u64,
    /// Disputes that ended undecided, because another one had decided the shard.
    pub moot: u32,
    /// Disputes that the worker lost.
    pub convicted: u64,
    /// Of these, those in which the chain recomputed an element of the lying worker.
    pub convicted_by_element: u32,
    /// Slashes of accounts that do not lie.
    pub honest_slashed: usize,
    /// Fees burned.
    pub fees_burned: Big,
    /// Work of accepted shards.
    pub useful_macs: Big,
    /// Work of audits.
    pub audit_macs: Big,
    /// The model, round by round.
    pub rounds: Vec<Round>,
    /// Who earned.
    pub accounts: Vec<Line>,
    /// Who was slashed.
    pub slashed: Vec<Slash>,
    /// Those who did wrong on purpose and lost nothing.
    pub unpunished: Vec<String>,
    /// Honest daemons killed on purpose.
    pub kills: u32,
    /// Steps of the protocol at which none was killed, though that was asked for.
    pub steps_missing: Vec<String>,
    /// What must always be true and is not.
    pub invariants_broken: Option<String>,
    /// From the first process to the last check.
    pub seconds: f64,
    /// The node.
    pub rpc: String,
}

impl Report {
    /// Decides whether everything is as it must be.
    pub fn judge(mut self) -> Self {
        let mut failures = Vec::new();
        let jobs = JOBS.max(self.jobs.len() as u32);
        if self.jobs_completed != jobs {
            failures.push(format!("{} of {jobs} jobs are complete", self.jobs_completed));
        }
        if let Some(accuracy) = self.accuracy.filter(|accuracy| *accuracy < REQUIRED_ACCURACY) {
            let required = 100.0 * REQUIRED_ACCURACY;
            failures.push(format!("the accuracy is {:.1} %, below {required:.0} %", 100.0 * accuracy));
        }
        if let Some(Language { ratio, verified, .. }) = &self.language {
            if ratio.is_nan() || *ratio > ALLOWED_LOSS_RATIO {
                failures.push(format!("the loss is {ratio:.3} times that on f32, more than {ALLOWED_LOSS_RATIO}"));
            }
            if !verified {
                failures.push("a text came out differently when it was generated again here".into());
            }
        }
        if self.accuracy.is_none() && self.language.is_none() {
            failures.push("nothing was learned".into());
        }
        if self.convicted_by_element == 0 {
            failures.push("the lying worker was not convicted by an element".into());
        }
        if self.honest_slashed > 0 {
            failures.push(format!("{} honest accounts were slashed", self.honest_slashed));
        }
        if !self.unpunished.is_empty() {
            failures.push(format!("nothing was taken from {}", self.unpunished.join(", ")));
        }
        if !self.steps_missing.is_empty() {
            failures.push(format!("no daemon was killed while {}", self.steps_missing.join("; while ")));
        }
        if let Some(broken) = &self.invariants_broken {
            failures.push(format!("an invariant does not hold: {broken}"));
        }
        self.success = failures.is_empty();
        self.failures = failures;
        self
    }

    /// The report for people.
    pub fn text(&self) -> String {
        let mut facts = output::plain_table();
        let mut fact = |name: &str, value: String| {
            facts.add_row([name.to_owned(), value]);
        };
        if let Some(accuracy) = self.accuracy {
            fact("accuracy", format!("{:.2} % of 360 test images", 100.0 * accuracy));
        }
        if let Some(Language { loss, loss_f32, ratio, verified, .. }) = &self.language {
            fact("loss", format!("{loss:.4} nats a byte; on f32 in one process {loss_f32:.4} (ratio {ratio:.4})"));
            let verified = if *verified { "the first text came out the same" } else { "the first text DIFFERS" };
            fact("generated again here", verified.into());
        }
        for round in &self.rounds {
            fact("", round.to_string());
        }
        fact("jobs completed", format!("{} of {}", self.jobs_completed, JOBS.max(self.jobs.len() as u32)));
        fact("shards settled", format!("{} ({} redone)", self.shards_settled, self.shards_redone));
        fact("audits", self.audits.to_string());
        let Self { disputes, convicted_by_element, moot, .. } = self;
        fact("disputes", format!("{disputes} ({convicted_by_element} convicted by one element, {moot} then moot)"));
        fact("honest accounts slashed", self.honest_slashed.to_string());
        if self.kills > 0 {
            fact("daemons killed and back", self.kills.to_string());
        }
        fact("burned, of fees for accepted shards", output::qrn(self.fees_burned.0));
        fact("useful work", output::macs(self.useful_macs.0));
        let share = 100.0 * self.audit_macs.0 as f64 / (self.useful_macs.0 as f64).max(1.0);
        fact(
            "verification work",
            format!("{} ({share:.0} % of it: the smaller the shards, the more)", output::macs(self.audit_macs.0)),
        );
        fact("time", format!("{:.0} s", self.seconds));

        let mut accounts = output::table(&["who", "shards", "audits", "earned", "slashed", "bond left"]);
        for line in &self.accounts {
            accounts.add_row([
                line.name.clone(),
                line.deeds.shards.to_string(),
                line.deeds.audits.to_string(),
                output::qrn(line.deeds.earned.0),
                if line.deeds.slashed.0 > 0 { format!("-{}", output::qrn(line.deeds.slashed.0)) } else { "-".into() },
                output::qrn(line.bonded.0),
            ]);
        }
        let mut slashed = output::table(&["slashed", "for", "shard", "lost"]);
        for slash in &self.slashed {
            slashed.add_row([slash.name.clone(), slash.kind.clone(), slash.shard.clone(), output::qrn(slash.amount.0)]);
        }
        let verdict = match self.success {
            true if self.kills > 0 => {
                "OK: all jobs are complete, everybody who did wrong paid, nobody honest lost anything.".into()
            }
            true => {
                "OK: both jobs are complete, the liar was convicted by arithmetic, nobody honest lost anything.".into()
            }
            false => format!("FAILED: {}", self.failures.join("; ")),
        };
        let texts = self.language.iter().flat_map(|language| &language.texts);
        let texts: String = texts.map(|Written { prompt, text }| format!("\n--- {prompt}|{text}\n")).collect();
        let tables = if self.slashed.is_empty() { accounts.to_string() } else { format!("{accounts}\n{slashed}") };
        format!("{facts}\n{tables}\n{texts}{verdict}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Report {
        Report { accuracy: Some(0.96), jobs_completed: 2, convicted_by_element: 1, ..Report::default() }
    }

    fn written(ratio: f64, verified: bool) -> Report {
        let texts = vec![Written { prompt: "Light".into(), text: " is refracted".into() }];
        let language = Some(Language { loss: 2.0 * ratio, loss_f32: 2.0, ratio, verified, texts });
        Report { accuracy: None, language, ..good() }
    }

    #[test]
    fn report_should_be_a_success_when_everything_is_as_it_must_be() {
        for report in [good(), written(1.03, true)] {
            let report = report.judge();
            assert!(report.success, "{:?}", report.failures);
        }
    }

    #[test]
    fn report_should_show_what_was_written() {
        let text = written(1.01, true).judge().text();
        assert!(text.contains("--- Light| is refracted"), "{text}");
        assert!(text.contains("(ratio 1.0100)"), "{text}");
    }

    #[test]
    fn report_should_be_a_failure_when_any_condition_is_not_met() {
        let bad = [
            Report { accuracy: Some(0.949), ..good() },
            Report { accuracy: None, ..good() },
            written(1.031, true),
            written(f64::NAN, true),
            written(1.0, false),
            Report { jobs_completed: 1, ..good() },
            Report { convicted_by_element: 0, ..good() },
            Report { honest_slashed: 1, ..good() },
            Report { unpunished: vec!["worker 5".into()], ..good() },
            Report { steps_missing: vec!["it ran a shard".into()], ..good() },
            Report { invariants_broken: Some("issuance".into()), ..good() },
        ];
        for report in bad {
            let report = report.judge();
            assert!(!report.success);
            assert_eq!(report.failures.len(), 1);
            assert!(report.text().contains("FAILED"));
        }
    }

    #[test]
    fn report_should_have_the_promised_keys_when_it_is_json() {
        let json = serde_json::to_string(&good()).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        for key in [
            "accuracy",
            "jobs_completed",
            "shards_settled",
            "audits",
            "disputes",
            "convicted",
            "honest_slashed",
            "fees_burned",
            "seconds",
            "rpc",
            "rounds",
            "useful_macs",
            "audit_macs",
            "slashed",
        ] {
            assert!(json.get(key).is_some(), "{key}");
        }
        for key in ["fees_burned", "useful_macs", "audit_macs"] {
            assert_eq!(json[key], "0", "{key} is a string of digits");
        }
    }
}
