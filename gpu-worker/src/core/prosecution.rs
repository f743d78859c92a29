// SPDX-License-Identifier: Apache-2.0
//! A challenger's part in its disputes, and in what follows from one that was won.

use super::*;
use quern_protocol::shard::{Liable, Phase};

/// Blocks before the last height for a challenge or an accusation at which none is begun: one that is late would cost a fee for
/// nothing.
pub const CHALLENGE_MARGIN_BLOCKS: Height = 4;

/// The moves that were worked out for disputes, each for the dispute as it stood then.
#[derive(Debug, Default)]
pub(super) struct Prosecutions(HashMap<DisputeId, (Box<Dispute>, Prosecution)>);

impl Prosecutions {
    /// Takes in a move that was worked out.
    pub fn take_in(&mut self, id: DisputeId, dispute: Box<Dispute>, next: Prosecution) {
        self.0.insert(id, (dispute, next));
    }

    /// Plays, or has worked out, what `me` owes as challenger in the disputes about a shard.
    pub fn play(&self, me: &Account, view: &ShardView, pending: &mut Pending, best: Height, out: &mut Vec<Action>) {
        for (id, dispute) in view.disputes.iter().filter(|(_, dispute)| dispute.challenger == *me) {
            if dispute.owed_by() != me {
                continue;
            }
            match self.0.get(id) {
                Some((of, next)) if **of == *dispute => {
                    pending.play(*id, dispute, Call::Prosecute(*id, next.clone()), best, out)
                }
                _ if pending.start(Subject::Dispute(*id, dispute.by, "prosecute"), best, UNTIL_REPORTED) => {
                    out.push(Action::Prosecute(view.clone(), *id))
                }
                _ => {}
            }
        }
    }

    /// Drops what is about disputes that are over.
    pub fn forget(&mut self, live: &Live) {
        self.0.retain(|id, _| live.disputes.contains(id));
    }
}

/// Accusations of auditors that confirmed what came out differently here.
#[derive(Debug, Default)]
pub(super) struct Accusations {
    /// Who was accused already: a second accusation would only be lost once more.
    made: HashSet<(Attempt, Account)>,
}

impl Accusations {
    /// Accuses whoever is meant of those that confirmed this segment of an overturned or convicted shard, and is not accused by anybody.
    #[allow(clippy::too_many_arguments)]
    pub fn play(
        &mut self,
        me: &Account,
        shard: &Shard,
        difference: &Difference,
        is_meant: impl Fn(&Liable) -> bool,
        pending: &mut Pending,
        best: Height,
        out: &mut Vec<Action>,
    ) {
        let Phase::Accused { accused, .. } = &shard.phase else { return };
        let attempt = Attempt::of(shard);
        let is_open = best.saturating_add(CHALLENGE_MARGIN_BLOCKS) <= accused.by;
        for liable in &accused.confirmed.liable {
            if liable.accuser.is_some_and(|stake| stake.challenger == *me) {
                self.made.insert((attempt, liable.auditor));
            }
            let is_mine = liable.auditor == *me || self.made.contains(&(attempt, liable.auditor));
            if !is_open || is_mine || liable.accuser.is_some() || !is_meant(liable) {
                continue;
            }
            if pending.start(Subject::Auditor(attempt, liable.auditor), best, RESEND_BLOCKS) {
                let Difference { position, start, end } = difference.clone();
                out.push(Action::Submit(Call::AccuseAuditor(shard.id, liable.auditor, position, start, end)));
            }
        }
    }

    /// Drops what is about attempts that are over.
    pub fn forget(&mut self, live: &Live) {
        self.made.retain(|(attempt, _)| live.attempts.contains(attempt));
    }
}
