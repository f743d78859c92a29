// SPDX-License-Identifier: Apache-2.0
//! A challenger's part in its disputes.

use super::*;

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
