// SPDX-License-Identifier: Apache-2.0
//! Audits of a lie with friends among the drawn validators, played by the protocol's own rules.

use super::Simulator;
use quern_primitives::{
    commitment::{audit_seal, opened_digest},
    draw::draw_segments,
    traits::OffenceKind,
    Account, BlobId, Height, ShardId,
};
use quern_protocol::{
    shard::{Audit, Deal, Effect, Event, Phase, ProbeSeat, Seat},
    Params, Shard, ShardError,
};

const WORKER: Account = [1; 32];
const ID: ShardId = ShardId { job: 1, stage: 0, index: 0 };
const SALT: [u8; 32] = [7; 32];
const TRUTH: [u8; 32] = [8; 32];
const LIE: [u8; 32] = [9; 32];
/// Blocks of a draw period.
const PERIOD_BLOCKS: Height = 2;

/// How friends of the worker try to get rid of an audit that would find its lie. Each that does so loses its seat, so one does it
/// at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Friends {
    /// They confirm whatever the worker says.
    Confirm,
    /// One that sits beside an honest validator does not seal, and is fined; the others seal, or they would be too.
    FallSilent,
    /// One that sits beside an honest validator says that it gets nothing: no checkpoints, and no inputs either. The others wait for
    /// their turn. Those who are asked about the inputs then say that they are missing.
    Claim,
}

/// How audits of a lie ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// An honest validator disputes the result.
    pub found: u64,
    /// The result was accepted.
    pub accepted: u64,
    /// Friends have spoiled so many rounds that the worker was released, unpaid and without loss.
    pub released: u64,
    /// The same, and everybody who was asked about the inputs confirmed that they are missing: it was paid, out of the escrow alone.
    pub paid: u64,
    /// Validators that were fined.
    pub fined: u64,
}

impl Simulator {
    /// Plays `trials` audits of a shard of which the share `f` of the cost is falsified, and nobody forfeits a block.
    pub fn audits(&mut self, f: f64, friends: Friends, trials: u64) -> Outcomes {
        let falsified = self.falsified(f);
        let mut outcomes = Outcomes::default();
        for _ in 0..trials {
            // Every event is one that its phase allows, at a height at which it is due.
            let played = self.audit(falsified, friends, &mut outcomes);
            debug_assert!(played.is_ok(), "{played:?}");
        }
        outcomes
    }

    fn audit(&mut self, falsified: u32, friends: Friends, outcomes: &mut Outcomes) -> Result<(), ShardError> {
        let params = Params::default();
        let mut height: Height = 1;
        let mut drawn = 0;
        let before = outcomes.paid;
        let mut shard = Shard::new(ID, 0, self.tasks, self.costs);
        let step = |shard: &mut Shard, event: Event, height: Height, outcomes: &mut Outcomes| {
            let (next, effects) = shard.step(event, height, height / PERIOD_BLOCKS, &params)?;
            let is_fine = |effect: &&Effect| matches!(effect, Effect::Offence { kind: OffenceKind::AuditNoShow, .. });
            outcomes.fined += effects.iter().filter(is_fine).count() as u64;
            let is_pay = |effect: &&Effect| matches!(effect, Effect::Compensate { .. });
            outcomes.paid += effects.iter().filter(is_pay).count() as u64;
            *shard = next;
            Ok::<(), ShardError>(())
        };
        let deal = Deal { worker: WORKER, price: 1, collateral: 1 };
        let commit = Event::Commit { by: WORKER, root: BlobId([2; 32]), secret_hash: [3; 32] };
        for event in [Event::Assign(deal), Event::Start(WORKER), commit] {
            step(&mut shard, event, height, outcomes)?;
        }
        loop {
            match shard.phase.clone() {
                Phase::Committed { held, .. } => {
                    height = height.saturating_add(2 * PERIOD_BLOCKS);
                    let sample = held.as_ref().map(|audit| audit.sample.to_vec());
                    let sample = sample.unwrap_or_else(|| {
                        draw_segments(&mut self.draw, self.tasks, &self.costs, self.formula.samples)
                    });
                    let needed = held.map_or(self.formula.auditors, |audit| audit.vacancies());
                    let seats = (0..needed).map(|_| {
                        drawn += 1;
                        Seat::new(account(drawn, self.colludes()), 1)
                    });
                    let seats = seats.collect();
                    step(&mut shard, Event::Draw { sample, seats }, height, outcomes)?;
                }
                Phase::Opening { .. } => {
                    let digest = opened_digest(&ID, &[]);
                    step(&mut shard, Event::Open { by: WORKER, digest }, height, outcomes)?;
                }
                Phase::Auditing { audit, .. } => {
                    let spoiler = spoiler(&audit, falsified).filter(|_| friends != Friends::Confirm);
                    let unsealed = audit.seats.iter().filter(|seat| seat.seal.is_none()).map(|seat| seat.auditor);
                    let waits = |who: &Account| match friends {
                        Friends::Claim => spoiler.is_some() && is_friend(who),
                        _ => spoiler == Some(*who),
                    };
                    for by in unsealed.filter(|who| !waits(who)) {
                        let opened = audit.opened.unwrap_or_default();
                        let seal = audit_seal(&SALT, &by, &ID, &opened, &answer(&by, &audit, falsified));
                        step(&mut shard, Event::Seal { by, seal }, height, outcomes)?;
                    }
                    match spoiler {
                        Some(by) if friends == Friends::Claim => {
                            for inputs_missing in [false, true] {
                                step(&mut shard, Event::Unavailable { by, inputs_missing }, height, outcomes)?;
                            }
                        }
                        Some(_) => {
                            height = shard.expires().unwrap_or(height);
                            step(&mut shard, Event::Expire, height, outcomes)?;
                        }
                        None => {}
                    }
                }
                Phase::Revealing { audit, .. } => {
                    let digest = if hits(&audit, falsified) { LIE } else { TRUTH };
                    step(&mut shard, Event::Results { by: WORKER, digest }, height, outcomes)?;
                }
                Phase::Comparing { audit, .. } => {
                    for by in audit.seats.iter().map(|seat| seat.auditor) {
                        let results = answer(&by, &audit, falsified);
                        let reveal = Event::Reveal { by, salt: SALT, results, holds_outputs: false };
                        step(&mut shard, reveal, height, outcomes)?;
                    }
                }
                Phase::Doubted { probe, .. } => {
                    height = height.saturating_add(2 * PERIOD_BLOCKS);
                    let seats = (0..probe.vacancies()).map(|_| {
                        drawn += 1;
                        ProbeSeat::new(account(drawn, self.colludes()), 1)
                    });
                    let seats = seats.collect();
                    step(&mut shard, Event::Probe(seats), height, outcomes)?;
                }
                Phase::Probing { probe, .. } => {
                    for by in probe.seats.iter().map(|seat| seat.auditor) {
                        if shard.probe().is_some() {
                            step(&mut shard, Event::Inputs { by, available: !is_friend(&by) }, height, outcomes)?;
                        }
                    }
                }
                Phase::Disputed { .. } => {
                    outcomes.found += 1;
                    return Ok(());
                }
                Phase::Accepted { .. } => {
                    outcomes.accepted += 1;
                    return Ok(());
                }
                _ => {
                    // Paid or not, the shard waits for another worker.
                    outcomes.released += 1;
                    outcomes.released -= outcomes.paid - before;
                    return Ok(());
                }
            }
        }
    }
}

/// The account of the validator that was drawn as the `number`-th.
fn account(number: u32, colludes: bool) -> Account {
    let mut account = [u8::from(colludes); 32];
    account[28..].copy_from_slice(&number.to_be_bytes());
    account
}

fn is_friend(who: &Account) -> bool {
    who[0] == 1
}

fn hits(audit: &Audit, falsified: u32) -> bool {
    audit.sample.iter().any(|position| *position < falsified)
}

/// What a validator says: friends what the worker says, others what they computed.
fn answer(who: &Account, audit: &Audit, falsified: u32) -> [u8; 32] {
    if is_friend(who) && hits(audit, falsified) {
        LIE
    } else {
        TRUTH
    }
}

/// The friend that gives its seat away: only where the lie would be found, and a seal is still owed by a friend.
fn spoiler(audit: &Audit, falsified: u32) -> Option<Account> {
    let finds = audit.seats.iter().any(|seat| !is_friend(&seat.auditor)) && hits(audit, falsified);
    let owing = audit.seats.iter().find(|seat| is_friend(&seat.auditor) && seat.seal.is_none());
    owing.filter(|_| finds).map(|seat| seat.auditor)
}
