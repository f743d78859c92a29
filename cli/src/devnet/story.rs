// SPDX-License-Identifier: Apache-2.0
//! What happened on the chain, told as it happens and added up: events are the ledger.

use super::cast::Part;
use crate::output;
use quern_primitives::{
    draw::SegmentCosts, offence::OffenceId, traits::OffenceKind, Account, Balance, Height, JobId, ShardId,
};
use quern_protocol::dispute::Outcome;
use quern_sdk::chain::json::Big;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// An event that the story tells or counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A shard waits for a worker again.
    Requeued(ShardId),
    /// A shard is accepted.
    Accepted {
        /// The shard.
        shard: ShardId,
        /// Its worker.
        worker: Account,
        /// Its work.
        macs: u64,
    },
    /// Segments and validators were drawn.
    Drawn {
        /// The shard.
        shard: ShardId,
        /// Leaf positions of the segments.
        sample: Vec<u32>,
        /// How many validators.
        auditors: usize,
    },
    /// A validator revealed what it computed.
    Audited {
        /// The validator.
        auditor: Account,
    },
    /// A dispute was opened.
    DisputeOpened {
        /// The shard.
        shard: ShardId,
        /// Who committed to the result.
        worker: Account,
        /// Who disputes it.
        challenger: Account,
    },
    /// A dispute ended.
    DisputeClosed {
        /// The shard.
        shard: ShardId,
        /// Who committed to the result.
        worker: Account,
        /// Who disputed it.
        challenger: Account,
        /// How.
        outcome: Outcome,
    },
    /// A dispute ended undecided: another one had decided the shard.
    DisputeMoot,
    /// An offence was reported: the slash follows later.
    Reported {
        /// The offence.
        offence: OffenceId,
        /// By whom.
        offender: Account,
        /// On which shard.
        shard: ShardId,
        /// What will be taken.
        due: Balance,
        /// Height at which it is.
        due_at: Height,
    },
    /// A slash was cancelled.
    Cancelled {
        /// The offence.
        offence: OffenceId,
    },
    /// An offence is over.
    Slashed {
        /// The offence.
        offence: OffenceId,
        /// What was done.
        kind: OffenceKind,
        /// By whom.
        offender: Account,
        /// On which shard.
        shard: ShardId,
        /// What was taken.
        amount: Balance,
    },
    /// An account earned something.
    Credited {
        /// The account.
        who: Account,
        /// What was paid for it. Emission follows at the end of the era.
        amount: Balance,
    },
}

/// What one account did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Deeds {
    /// Shards of it that were accepted.
    pub shards: u32,
    /// Audits that it revealed.
    pub audits: u32,
    /// What it earned.
    pub earned: Big,
    /// What it lost.
    pub slashed: Big,
}

/// A slash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Slash {
    /// The offence's number.
    pub offence: OffenceId,
    /// Who.
    pub name: String,
    /// Its account.
    pub account: String,
    /// For what.
    pub kind: String,
    /// On which shard.
    pub shard: String,
    /// How much.
    pub amount: Big,
    /// Whether it runs with `--misbehave`.
    pub misbehaves: bool,
}

/// The story so far.
#[derive(Debug, Default)]
pub struct Story {
    names: HashMap<Account, String>,
    misbehaving: HashMap<Account, Part>,
    costs: HashMap<(JobId, u16), SegmentCosts>,
    deferred: BTreeSet<OffenceId>,
    /// What everybody did.
    pub deeds: BTreeMap<Account, Deeds>,
    /// All slashes.
    pub slashes: Vec<Slash>,
    /// Accepted shards.
    pub accepted: u32,
    /// Shards that were put back.
    pub requeued: u32,
    /// Revealed audits.
    pub audits: u32,
    /// Opened disputes.
    pub disputes: u32,
    /// Disputes that ended undecided.
    pub moot: u32,
    /// Disputes that the worker lost.
    pub convicted: u32,
    /// Of these, disputes of the liar that the referee decided by one element.
    pub liar_convicted_by_element: u32,
    /// Work of accepted shards.
    pub useful_macs: u128,
    /// Work of drawn segments, for every drawn validator.
    pub audit_macs: u128,
}

impl Story {
    /// A story about accounts with these names, some of which do wrong on purpose.
    pub fn new(
        names: impl IntoIterator<Item = (Account, String)>,
        misbehaving: impl IntoIterator<Item = (Account, Part)>,
    ) -> Self {
        Self { names: names.into_iter().collect(), misbehaving: misbehaving.into_iter().collect(), ..Self::default() }
    }

    /// Those who do wrong on purpose and have lost nothing yet.
    pub fn unpunished(&self) -> Vec<String> {
        let lost = |account: &Account| self.deeds.get(account).is_some_and(|deeds| deeds.slashed.0 > 0);
        let mut names: Vec<String> =
            self.misbehaving.keys().filter(|account| !lost(account)).map(|account| self.name(account)).collect();
        names.sort();
        names
    }

    fn lies(&self, account: &Account) -> bool {
        self.misbehaving.get(account) == Some(&Part::Liar)
    }

    /// A job whose stages have these costs joins the story.
    pub fn add_job(&mut self, job: JobId, costs: impl IntoIterator<Item = SegmentCosts>) {
        self.costs.extend((0u16..).zip(costs).map(|(stage, costs)| ((job, stage), costs)));
    }

    /// An account as people know it.
    pub fn name(&self, account: &Account) -> String {
        self.names.get(account).cloned().unwrap_or_else(|| output::address(account))
    }

    /// Whether a slash is still to be carried out.
    pub fn has_deferred_slashes(&self) -> bool {
        !self.deferred.is_empty()
    }

    /// Slashes of accounts that do nothing wrong.
    pub fn honest_slashed(&self) -> usize {
        self.slashes.iter().filter(|slash| !slash.misbehaves && slash.amount.0 > 0).count()
    }

    /// Takes in a block; what is worth a line of its own comes back.
    pub fn block(&mut self, events: &[Happening]) -> Vec<String> {
        let mut lines = Vec::new();
        for event in events {
            match event {
                Happening::Requeued(_) => self.requeued += 1,
                Happening::Accepted { worker, macs, .. } => {
                    self.accepted += 1;
                    self.useful_macs += u128::from(*macs);
                    self.deeds.entry(*worker).or_default().shards += 1;
                }
                Happening::Drawn { shard, sample, auditors } => self.drawn(shard, sample, *auditors),
                Happening::Audited { auditor } => {
                    self.audits += 1;
                    self.deeds.entry(*auditor).or_default().audits += 1;
                }
                Happening::DisputeOpened { shard, worker, challenger } => {
                    self.disputes += 1;
                    let (worker, challenger) = (self.name(worker), self.name(challenger));
                    lines.push(format!("{challenger} disputes what {worker} committed to for shard {shard}"));
                }
                Happening::DisputeClosed { shard, worker, challenger, outcome } => {
                    if outcome.worker_lost() {
                        self.convicted += 1;
                    }
                    if self.lies(worker) && matches!(outcome, Outcome::WrongElement { .. }) {
                        self.liar_convicted_by_element += 1;
                    }
                    let lost = |loser: &Account| due(events, loser, shard);
                    lines.push(self.verdict(shard, worker, challenger, outcome, lost));
                }
                Happening::DisputeMoot => self.moot += 1,
                Happening::Reported { offence, .. } => drop(self.deferred.insert(*offence)),
                Happening::Cancelled { offence } => drop(self.deferred.remove(offence)),
                Happening::Slashed { offence, kind, offender, shard, amount } => {
                    self.deferred.remove(offence);
                    self.deeds.entry(*offender).or_default().slashed += Big(*amount);
                    let slash = Slash {
                        offence: *offence,
                        name: self.name(offender),
                        account: output::address(offender),
                        kind: format!("{kind:?}"),
                        shard: shard.to_string(),
                        amount: Big(*amount),
                        misbehaves: self.misbehaving.contains_key(offender),
                    };
                    if *amount > 0 {
                        let Slash { name, kind, .. } = &slash;
                        lines.push(format!("{name} lost {} for {kind} on shard {shard}", output::qrn(*amount)));
                    }
                    self.slashes.push(slash);
                }
                Happening::Credited { who, amount } => self.deeds.entry(*who).or_default().earned += Big(*amount),
            }
        }
        lines
    }

    fn drawn(&mut self, shard: &ShardId, sample: &[u32], auditors: usize) {
        let Some(costs) = self.costs.get(&(shard.job, shard.stage)) else { return };
        let segments = costs.segments_per_task().max(1);
        let each: u128 = sample.iter().map(|position| u128::from(costs.segment(position % segments))).sum();
        self.audit_macs += each * auditors as u128;
    }

    fn verdict(
        &self,
        shard: &ShardId,
        worker: &Account,
        challenger: &Account,
        outcome: &Outcome,
        lost: impl Fn(&Account) -> String,
    ) -> String {
        let (worker_name, challenger_name) = (self.name(worker), self.name(challenger));
        match outcome {
            Outcome::WrongElement { op, element, claimed, expected } => format!(
                "*** {worker_name} LIED on shard {shard}, element {element} of operator {op}: it has {claimed:#x}, the chain \
                 computes {expected:#x}. CONVICTED, loses {}",
                lost(worker)
            ),
            Outcome::WrongLength { op, len, expected } => format!(
                "*** {worker_name} LIED on shard {shard}: operator {op} has {len} bytes, not {expected}. CONVICTED, loses {}",
                lost(worker)
            ),
            Outcome::WorkerSilent => {
                format!("*** {worker_name} fell silent in a dispute about shard {shard}: it loses {}", lost(worker))
            }
            Outcome::Refuted { op, element, .. } => format!(
                "{challenger_name} was wrong about shard {shard}, element {element} of operator {op}: it loses {}",
                lost(challenger)
            ),
            Outcome::ChallengerSilent => {
                format!("{challenger_name} fell silent in a dispute about shard {shard}: it loses {}", lost(challenger))
            }
        }
    }
}

/// What an account will lose for a shard by what was reported in the same block, and when.
fn due(events: &[Happening], loser: &Account, shard: &ShardId) -> String {
    let reported = events.iter().find_map(|event| match event {
        Happening::Reported { offence, offender, shard: of, due, due_at } if offender == loser && of == shard => {
            Some(format!("{} at block {due_at} (offence {offence})", output::qrn(*due)))
        }
        _ => None,
    });
    reported.unwrap_or_else(|| output::qrn(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_primitives::QRN;

    const HONEST: Account = [1; 32];
    const LIAR: Account = [4; 32];
    const AUDITOR: Account = [5; 32];
    const SHARD: ShardId = ShardId { job: 0, stage: 2, index: 1 };

    fn story() -> Story {
        let names = [(HONEST, "worker 1".into()), (LIAR, "worker 4".into()), (AUDITOR, "validator 1".into())];
        Story::new(names, [(LIAR, Part::Liar)])
    }

    fn conviction() -> Vec<Happening> {
        let outcome = Outcome::WrongElement { op: 3, element: 17, claimed: 0x2a, expected: 43 };
        vec![
            Happening::Reported { offence: 0, offender: LIAR, shard: SHARD, due: 30 * QRN, due_at: 55 },
            Happening::Requeued(SHARD),
            Happening::DisputeClosed { shard: SHARD, worker: LIAR, challenger: AUDITOR, outcome },
        ]
    }

    #[test]
    fn conviction_should_name_element_and_loss_when_it_is_told() {
        let mut story = story();
        let lines = story.block(&conviction());
        assert_eq!(lines.len(), 1);
        let expected = "worker 4 LIED on shard 0.2.1, element 17 of operator 3: it has 0x2a, the chain computes 0x2b. \
                        CONVICTED, loses 30 QRN at block 55 (offence 0)";
        assert!(lines[0].contains(expected), "{}", lines[0]);
        assert_eq!((story.convicted, story.liar_convicted_by_element, story.requeued), (1, 1, 1));
        assert!(story.has_deferred_slashes());
        assert!(story.slashes.is_empty());
    }

    #[test]
    fn slash_should_be_told_and_counted_when_it_is_carried_out() {
        let mut story = story();
        story.block(&conviction());
        let (kind, amount) = (OffenceKind::WrongResult, 30 * QRN);
        let lines = story.block(&[Happening::Slashed { offence: 0, kind, offender: LIAR, shard: SHARD, amount }]);
        assert_eq!(lines, ["worker 4 lost 30 QRN for WrongResult on shard 0.2.1"]);
        assert!(!story.has_deferred_slashes());
        assert_eq!(story.honest_slashed(), 0);
        assert_eq!(story.deeds[&LIAR].slashed, Big(30 * QRN));
    }

    #[test]
    fn cancelled_slash_should_not_be_waited_for() {
        let mut story = story();
        story.block(&conviction());
        story.block(&[Happening::Cancelled { offence: 0 }]);
        assert!(!story.has_deferred_slashes());
        assert!(story.slashes.is_empty());
    }

    #[test]
    fn honest_slashes_should_be_counted_when_somebody_else_loses() {
        let mut story = story();
        story.block(&[
            Happening::Slashed { offence: 0, kind: OffenceKind::Late, offender: HONEST, shard: SHARD, amount: 0 },
            Happening::Slashed {
                offence: 1,
                kind: OffenceKind::AuditNoShow,
                offender: AUDITOR,
                shard: SHARD,
                amount: 1,
            },
        ]);
        assert_eq!(story.honest_slashed(), 1);
    }

    #[test]
    fn who_misbehaves_should_be_unpunished_until_it_loses_something() {
        let mut story = story();
        assert_eq!(story.unpunished(), ["worker 4"]);
        let (kind, offender) = (OffenceKind::WrongResult, LIAR);
        story.block(&[Happening::Slashed { offence: 0, kind, offender, shard: SHARD, amount: 1 }]);
        assert!(story.unpunished().is_empty());
    }

    #[test]
    fn conviction_should_not_count_as_the_liars_when_another_worker_is_convicted() {
        let mut story = story();
        let outcome = Outcome::WrongElement { op: 0, element: 0, claimed: 0, expected: 1 };
        story.block(&[Happening::DisputeClosed { shard: SHARD, worker: HONEST, challenger: AUDITOR, outcome }]);
        assert_eq!((story.convicted, story.liar_convicted_by_element), (1, 0));
    }

    #[test]
    fn silence_should_not_count_as_an_element_when_the_liar_falls_silent() {
        let mut story = story();
        let outcome = Outcome::WorkerSilent;
        story.block(&[Happening::DisputeClosed { shard: SHARD, worker: LIAR, challenger: AUDITOR, outcome }]);
        assert_eq!((story.convicted, story.liar_convicted_by_element), (1, 0));
    }

    #[test]
    fn verification_work_should_be_that_of_the_drawn_segments_for_every_auditor() {
        let mut story = story();
        let costs = SegmentCosts { init: 1, body: 100, steps: 2, finish: 10, has_loop: true };
        story.add_job(0, [costs, costs, costs]);
        // Positions 0 (init), 1 and 6 (body), 7 (finish of the second task).
        story.block(&[Happening::Drawn { shard: SHARD, sample: vec![0, 1, 6, 7], auditors: 3 }]);
        assert_eq!(story.audit_macs, 3 * (1 + 100 + 100 + 10));
    }

    #[test]
    fn deeds_should_add_up_when_shards_are_accepted() {
        let mut story = story();
        story.block(&[
            Happening::Accepted { shard: SHARD, worker: HONEST, macs: 7 },
            Happening::Audited { auditor: AUDITOR },
            Happening::Credited { who: HONEST, amount: 5 },
            Happening::Credited { who: HONEST, amount: 6 },
        ]);
        assert_eq!(story.deeds[&HONEST], Deeds { shards: 1, audits: 0, earned: Big(11), slashed: Big(0) });
        assert_eq!((story.accepted, story.audits, story.useful_macs), (1, 1, 7));
    }
}
