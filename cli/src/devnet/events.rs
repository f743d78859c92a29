// SPDX-License-Identifier: Apache-2.0
//! The chain's events as the story knows them.

use super::story::Happening;
use quern_sdk::chain::runtime::{jobs, rewards, slashing, verification, Event};

/// What an event means to the story, if it does.
pub fn happening(event: Event) -> Option<Happening> {
    Some(match event {
        Event::Jobs(jobs::Event::ShardRequeued { shard, .. }) => Happening::Requeued(*shard),
        Event::Jobs(jobs::Event::ShardAccepted { shard, worker, macs, .. }) => {
            Happening::Accepted { shard: *shard, worker: worker.0, macs }
        }
        Event::Verification(verification::Event::Drawn { shard, sample, auditors, .. }) => {
            Happening::Drawn { shard: *shard, sample: sample.0, auditors: auditors.0.len() }
        }
        Event::Verification(verification::Event::AuditRevealed { auditor, .. }) => {
            Happening::Audited { auditor: auditor.0 }
        }
        Event::Verification(verification::Event::DisputeOpened { shard, worker, challenger, .. }) => {
            Happening::DisputeOpened { shard: *shard, worker: worker.0, challenger: challenger.0 }
        }
        Event::Verification(verification::Event::DisputeClosed { shard, worker, challenger, outcome, .. }) => {
            Happening::DisputeClosed { shard: *shard, worker: worker.0, challenger: challenger.0, outcome: *outcome }
        }
        Event::Verification(verification::Event::DisputeMoot { .. }) => Happening::DisputeMoot,
        Event::Slashing(slashing::Event::Reported { offence, offender, shard, due, due_at, .. }) => {
            Happening::Reported { offence, offender: offender.0, shard: *shard, due, due_at }
        }
        Event::Slashing(slashing::Event::Slashed { offence, kind, offender, shard, amount, .. }) => {
            Happening::Slashed { offence, kind: *kind, offender: offender.0, shard: *shard, amount }
        }
        Event::Slashing(slashing::Event::Cancelled { offence, .. }) => Happening::Cancelled { offence },
        Event::Rewards(rewards::Event::Credited { who, earned, .. }) => {
            Happening::Credited { who: who.0, amount: earned }
        }
        _ => return None,
    })
}
