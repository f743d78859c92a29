// SPDX-License-Identifier: Apache-2.0
//! What a person sees while the network works: bars on a terminal, lines elsewhere. Always on stderr.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::{
    io::IsTerminal,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The state of the network and of the job under way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The best block.
    pub best: u32,
    /// The last finalised block.
    pub finalized: u32,
    /// The job under way.
    pub job: &'static str,
    /// Its accepted shards.
    pub accepted: u32,
    /// All its shards.
    pub shards: u32,
    /// What the others are doing.
    pub phases: String,
    /// Revealed audits.
    pub audits: u32,
    /// Opened disputes.
    pub disputes: u32,
    /// Disputes that the worker lost.
    pub convicted: u32,
    /// Shards that were put back.
    pub requeued: u32,
    /// The last round.
    pub round: String,
}

impl Snapshot {
    fn chain(&self) -> String {
        format!("block {} ({} finalised)", self.best, self.finalized)
    }

    fn checks(&self) -> String {
        format!(
            "{} audits, {} disputes, {} convictions, {} shards redone",
            self.audits, self.disputes, self.convicted, self.requeued
        )
    }

    /// All of it in a line.
    pub fn line(&self) -> String {
        let mut parts = vec![self.chain()];
        if !self.job.is_empty() {
            parts.push(format!("{}: {}/{} shards accepted", self.job, self.accepted, self.shards));
        }
        if !self.phases.is_empty() {
            parts.push(self.phases.clone());
        }
        parts.push(self.checks());
        parts.join("; ")
    }

    /// What has to change before another plain line is worth it.
    fn key(&self) -> (&'static str, u32, u32, u32) {
        (self.job, self.accepted, self.disputes, self.convicted)
    }
}

struct Bars {
    all: MultiProgress,
    chain: ProgressBar,
    shards: ProgressBar,
    checks: ProgressBar,
    round: ProgressBar,
}

/// Shows progress.
pub struct Progress {
    bars: Option<Bars>,
    last: Mutex<Snapshot>,
}

impl Progress {
    /// Bars if stderr is a terminal, else lines.
    pub fn new() -> Self {
        let bars = std::io::stderr().is_terminal().then(Bars::new);
        Self { bars, last: Mutex::default() }
    }

    /// A line of its own, above the bars.
    pub fn say(&self, text: impl std::fmt::Display) {
        match &self.bars {
            Some(bars) => drop(bars.all.println(text.to_string())),
            None => eprintln!("{text}"),
        }
    }

    /// Shows how things are.
    pub fn show(&self, snapshot: Snapshot) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.bars {
            Some(bars) => bars.show(&snapshot),
            None if snapshot.key() != last.key() => eprintln!("{}", snapshot.line()),
            None => {}
        }
        *last = snapshot;
    }

    /// What was shown last.
    pub fn last(&self) -> Snapshot {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the bars away.
    pub fn clear(&self) {
        if let Some(bars) = &self.bars {
            drop(bars.all.clear());
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Bars {
    fn new() -> Self {
        let all = MultiProgress::new();
        let style =
            |template: &str| ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let line = || all.add(ProgressBar::new_spinner().with_style(style("  {wide_msg}")));
        let chain = all.add(ProgressBar::new_spinner().with_style(style("{spinner} {wide_msg}")));
        chain.enable_steady_tick(Duration::from_millis(120));
        let shards =
            all.add(ProgressBar::new(1).with_style(style("  {prefix} [{bar:30}] {pos}/{len} shards  {wide_msg}")));
        Self { chain, shards, checks: line(), round: line(), all }
    }

    fn show(&self, snapshot: &Snapshot) {
        self.chain.set_message(snapshot.chain());
        self.shards.set_prefix(snapshot.job);
        self.shards.set_length(u64::from(snapshot.shards));
        self.shards.set_position(u64::from(snapshot.accepted));
        self.shards.set_message(snapshot.phases.clone());
        self.checks.set_message(snapshot.checks());
        self.round.set_message(snapshot.round.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_should_have_blocks_shards_and_checks() {
        let snapshot = Snapshot {
            best: 12,
            finalized: 10,
            job: "training",
            accepted: 3,
            shards: 30,
            phases: "2 running, 1 DISPUTED".into(),
            audits: 6,
            disputes: 1,
            ..Default::default()
        };
        assert_eq!(
            snapshot.line(),
            "block 12 (10 finalised); training: 3/30 shards accepted; 2 running, 1 DISPUTED; \
             6 audits, 1 disputes, 0 convictions, 0 shards redone"
        );
    }
}
