// SPDX-License-Identifier: Apache-2.0
//! Faults on purpose: honest daemons are killed at every step of the protocol, an authority is stopped for a while.

use super::{
    cast::{Cast, Node, Part},
    processes::Order,
    progress::Progress,
};
use quern_primitives::{Account, Height};
use quern_protocol::{
    shard::{Phase, Verdict},
    view::ShardView,
};
use quern_sdk::chain::{Chain, ChainError, Head};
use std::{collections::BTreeSet, fmt};
use tokio::sync::mpsc::UnboundedSender;

/// Blocks for which a killed daemon stays dead: long enough to miss something, short of every deadline.
const DEAD_BLOCKS: Height = 5;
/// Blocks between a restart and the next kill, so that the network gets on.
const PAUSE_BLOCKS: Height = 3;
/// Height at which an authority is stopped.
const STOP_AT: Height = 24;
/// Blocks for which it is stopped.
const STOPPED_BLOCKS: Height = 60;

/// Where a daemon is in the life of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A worker that was drawn.
    Assigned,
    /// A worker that runs the shard.
    Running,
    /// A worker that has committed.
    Committed,
    /// A worker that owes the opening.
    Opening,
    /// A worker whose auditors compute.
    Audited,
    /// A worker that owes its results.
    Revealing,
    /// A worker whose auditors compare.
    Compared,
    /// A worker in a dispute.
    Accused,
    /// A worker whose shard is accepted.
    Accepted,
    /// A validator that was drawn and waits for the opening.
    Drawn,
    /// A validator that owes its seal.
    Auditing,
    /// A validator that has sealed.
    Sealed,
    /// A validator that owes its reveal.
    Comparing,
    /// A validator in a dispute.
    Accusing,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 14] = [
        Self::Assigned,
        Self::Running,
        Self::Committed,
        Self::Opening,
        Self::Audited,
        Self::Revealing,
        Self::Compared,
        Self::Accused,
        Self::Accepted,
        Self::Drawn,
        Self::Auditing,
        Self::Sealed,
        Self::Comparing,
        Self::Accusing,
    ];

    /// Whether it may not come again: only somebody who does wrong starts a dispute, and is then soon gone.
    fn is_rare(self) -> bool {
        matches!(self, Self::Accused | Self::Accusing)
    }

    /// The step that an account is in with a shard, if there is one.
    fn of(view: &ShardView, account: &Account) -> Option<Self> {
        let shard = &view.shard;
        if shard.deal().is_some_and(|deal| deal.worker == *account) {
            return Some(match &shard.phase {
                Phase::Assigned { .. } => Self::Assigned,
                Phase::Running { .. } => Self::Running,
                Phase::Committed { .. } => Self::Committed,
                Phase::Opening { .. } => Self::Opening,
                Phase::Auditing { .. } => Self::Audited,
                Phase::Revealing { .. } => Self::Revealing,
                Phase::Comparing { .. } => Self::Compared,
                Phase::Disputed { .. } => Self::Accused,
                Phase::Accepted { .. } => Self::Accepted,
                Phase::Queued
                | Phase::Settled { .. }
                | Phase::Overturned { .. }
                | Phase::Accused { .. }
                | Phase::Doubted { .. }
                | Phase::Probing { .. } => return None,
            });
        }
        let seat = shard.audit()?.seats.iter().find(|seat| seat.auditor == *account)?;
        Some(match (&shard.phase, seat.seal, seat.verdict) {
            (Phase::Opening { .. }, ..) => Self::Drawn,
            (Phase::Auditing { .. }, None, _) => Self::Auditing,
            (Phase::Auditing { .. } | Phase::Revealing { .. }, Some(_), _) => Self::Sealed,
            (Phase::Comparing { .. }, _, None) => Self::Comparing,
            (Phase::Disputed { .. }, _, Some(Verdict::Differs | Verdict::Disputing)) => Self::Accusing,
            _ => return None,
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Assigned => "it was drawn as a worker",
            Self::Running => "it ran a shard",
            Self::Committed => "it had committed",
            Self::Opening => "it owed an opening",
            Self::Audited => "its auditors computed",
            Self::Revealing => "it owed its results",
            Self::Compared => "its auditors compared",
            Self::Accused => "it was in a dispute as a worker",
            Self::Accepted => "its shard was accepted",
            Self::Drawn => "it was drawn as a validator",
            Self::Auditing => "it owed a seal",
            Self::Sealed => "it had sealed its answer",
            Self::Comparing => "it owed a reveal",
            Self::Accusing => "it was in a dispute as a validator",
        })
    }
}

/// An honest daemon that may be killed.
struct Victim {
    name: String,
    process: String,
    account: Account,
}

/// Faults as they are injected, block by block.
pub struct Faults {
    orders: UnboundedSender<Order>,
    victims: Vec<Victim>,
    /// Steps at which nobody was killed yet.
    missing: BTreeSet<Step>,
    /// Dead processes, and when they are started again.
    dead: Vec<(String, Height)>,
    /// No kill before this height.
    rests_until: Height,
    /// Where the authority that is stopped answers, what it is called, and what comes next for it.
    authority: (String, String),
    stopped: Authority,
    /// Kills so far.
    pub kills: u32,
}

/// What has been done to the authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Authority {
    Running,
    Stopped,
    Restarted,
}

impl Faults {
    /// Faults for the honest among the cast and for the last node.
    pub fn new(cast: &Cast, nodes: &[Node], orders: UnboundedSender<Order>) -> Option<Self> {
        let honest = cast.daemons().filter(|member| matches!(member.part, Part::Worker | Part::Validator));
        let victims = honest.map(|member| Victim {
            name: member.name.clone(),
            process: member.slug(),
            account: member.account(),
        });
        let authority = nodes.last()?;
        Some(Self {
            orders,
            victims: victims.collect(),
            missing: Step::ALL.into(),
            dead: Vec::new(),
            rests_until: 0,
            authority: (authority.name.clone(), authority.rpc.clone()),
            stopped: Authority::Running,
            kills: 0,
        })
    }

    /// Steps at which nobody was killed yet.
    pub fn missing(&self) -> &BTreeSet<Step> {
        &self.missing
    }

    /// Whether everything that was stopped runs again, and the authority was stopped once.
    pub fn is_over(&self) -> bool {
        self.dead.is_empty() && self.stopped == Authority::Restarted
    }

    /// Where the authority that was stopped answers.
    pub fn authority_rpc(&self) -> &str {
        &self.authority.1
    }

    /// Takes in a block: kills, and starts again.
    pub async fn on(&mut self, head: Head, chain: &Chain, progress: &Progress) -> Result<(), ChainError> {
        self.stop_authority(head.height, progress);
        let due = |(_, until): &mut (String, Height)| head.height >= *until;
        for (process, _) in self.dead.extract_if(.., due).collect::<Vec<_>>() {
            self.order(Order::Restart(process));
            self.rests_until = head.height.saturating_add(PAUSE_BLOCKS);
        }
        if self.missing.is_empty() {
            return Ok(());
        }
        // One death at a time, but for what may not come again.
        let busy = !self.dead.is_empty() || head.height < self.rests_until;
        let mut chosen: Option<(Step, usize)> = None;
        for (index, victim) in self.victims.iter().enumerate() {
            if self.dead.iter().any(|(process, _)| *process == victim.process) {
                continue;
            }
            let views = chain.duties(head.hash, &victim.account).await?;
            let steps = views.iter().filter_map(|view| Step::of(view, &victim.account));
            let wanted = steps.filter(|step| self.missing.contains(step) && (step.is_rare() || !busy));
            // The latest step of those that are left: late ones are rarer.
            let best = wanted.max_by_key(|step| (step.is_rare(), *step)).map(|step| (step, index));
            chosen = chosen.into_iter().chain(best).max_by_key(|(step, _)| (step.is_rare(), *step));
        }
        let Some((step, index)) = chosen else { return Ok(()) };
        let victim = &self.victims[index];
        progress.say(format_args!("block {}: kill -9 of {} while {step}", head.height, victim.name));
        self.missing.remove(&step);
        self.kills += 1;
        self.dead.push((victim.process.clone(), head.height.saturating_add(DEAD_BLOCKS)));
        self.order(Order::Kill(victim.process.clone()));
        // Somebody else comes first next time.
        self.victims.rotate_left(index + 1);
        Ok(())
    }

    fn stop_authority(&mut self, height: Height, progress: &Progress) {
        let name = self.authority.0.clone();
        match self.stopped {
            Authority::Running if height >= STOP_AT => {
                progress.say(format_args!("block {height}: kill -9 of the authority {name}, one of four"));
                self.stopped = Authority::Stopped;
                self.order(Order::Kill(name));
            }
            Authority::Stopped if height >= STOP_AT.saturating_add(STOPPED_BLOCKS) => {
                progress.say(format_args!("block {height}: the authority {name} starts again"));
                self.stopped = Authority::Restarted;
                self.order(Order::Restart(name));
            }
            _ => {}
        }
    }

    fn order(&self, order: Order) {
        // Who carries orders out lives as long as the network.
        let _ = self.orders.send(order);
    }
}
