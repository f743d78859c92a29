// SPDX-License-Identifier: Apache-2.0
//! What happens to an account's shards, as a log tells it: one line for each step, none for blocks in which nothing changes.

use crate::duty::{Duty, Part};
use quern_primitives::{Account, Height, ShardId};
use quern_protocol::{view::ShardView, Shard};
use std::collections::BTreeMap;

/// What was last told of each shard.
#[derive(Debug, Default)]
pub struct Journal {
    told: BTreeMap<ShardId, Duty>,
}

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The shard.
    pub shard: ShardId,
    /// What happened.
    pub text: String,
    /// Whether it may cost money.
    pub is_warning: bool,
}

impl Journal {
    /// What is new at a block.
    pub fn note(&mut self, me: &Account, best: Height, views: &[ShardView], served: &[Shard]) -> Vec<Line> {
        let owed = views.iter().filter_map(|view| Duty::of(view, me));
        let all = served.iter().filter_map(|shard| Duty::served(shard, me)).chain(owed);
        let now: BTreeMap<ShardId, Duty> = all.map(|duty| (duty.shard, duty)).collect();
        let mut lines = Vec::new();
        for (shard, duty) in &now {
            let before = self.told.get(shard);
            let is_same = |before: &Duty| {
                (before.attempt, before.part, before.phase, before.owes)
                    == (duty.attempt, duty.part, duty.phase, duty.owes)
            };
            if !before.is_some_and(is_same) {
                lines.push(Line { shard: *shard, text: duty.text(), is_warning: is_warning(duty) });
            }
        }
        for (shard, duty) in &self.told {
            if !now.contains_key(shard) {
                let (text, is_warning) = match duty.by.filter(|by| duty.owes.is_some() && *by < best) {
                    Some(_) => (format!("{}: too late, the chain has taken it back", duty.phase), true),
                    None => (format!("{}: over, nothing more is owed", duty.phase), false),
                };
                lines.push(Line { shard: *shard, text, is_warning });
            }
        }
        self.told = now;
        lines
    }
}

/// Whether what an account has to do with a shard may cost money.
fn is_warning(duty: &Duty) -> bool {
    let is_disputed = duty.phase == "disputed" || (matches!(duty.phase, "accepted" | "accused") && duty.owes.is_some());
    is_disputed || (duty.part == Part::Worker && matches!(duty.phase, "unpaid" | "overturned" | "accused"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{accepted, assigned, running, settled, ME};

    #[test]
    fn each_step_should_be_told_once() {
        let mut journal = Journal::default();
        let texts = |lines: Vec<Line>| lines.into_iter().map(|line| line.text).collect::<Vec<_>>();
        let told = journal.note(&ME, 1, &[assigned(ME)], &[]);
        assert_eq!(texts(told), ["assigned: the start, with all inputs fetched, is owed, until block 60"]);
        assert_eq!(journal.note(&ME, 2, &[assigned(ME)], &[]), []);
        let told = journal.note(&ME, 3, &[running(ME)], &[]);
        assert_eq!(texts(told), ["running: the commitment is owed, until block 50"]);
    }

    #[test]
    fn unpaid_shard_should_be_told_as_a_warning() {
        let warns = |view| Journal::default().note(&ME, 1, &[view], &[])[0].is_warning;
        assert!(warns(settled(ME, false)));
        assert!(!warns(settled(ME, true)) && !warns(accepted(ME)));
    }

    #[test]
    fn lateness_should_be_told_as_a_warning_when_the_chain_takes_a_shard_back() {
        let mut journal = Journal::default();
        journal.note(&ME, 1, &[running(ME)], &[]);
        let told = journal.note(&ME, 51, &[], &[]);
        assert!(told[0].is_warning && told[0].text.contains("too late"), "{told:?}");
        journal.note(&ME, 52, &[running(ME)], &[]);
        assert!(!journal.note(&ME, 40, &[], &[])[0].is_warning);
    }
}
