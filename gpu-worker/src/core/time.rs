// SPDX-License-Identifier: Apache-2.0
//! Until when work is of use: what it fetches need not come later, and what is over need not be begun.

use super::{
    prosecution::CHALLENGE_MARGIN_BLOCKS, Action, Attempt, Round, CLAIM_MARGIN_BLOCKS, HOLD_BLOCKS, START_MARGIN_BLOCKS,
};
use quern_primitives::{Account, DisputeId, Height};
use quern_protocol::{shard::Phase, view::ShardView};

impl Action {
    /// The last block at which its result is of use, for an action that begins at this one; none where it fetches nothing or has any
    /// time. After it the core does something else: it declines, claims, or lets the deadline pass.
    pub fn of_use_until(&self, best: Height) -> Option<Height> {
        match self {
            Self::FetchInputs(view) => {
                let is_asked = matches!(view.shard.phase, Phase::Probing { .. });
                deadline(view, if is_asked { CLAIM_MARGIN_BLOCKS } else { START_MARGIN_BLOCKS })
            }
            Self::Audit(view) | Self::Rerun(view) => deadline(view, CLAIM_MARGIN_BLOCKS),
            Self::Execute(view) | Self::Plan(view, ..) | Self::CheckResults(view) => deadline(view, 0),
            Self::Compare(view, _) | Self::Recompute(view, _) => match &view.shard.phase {
                Phase::Accepted { window, .. } => Some(window.closes.saturating_sub(CHALLENGE_MARGIN_BLOCKS)),
                Phase::Accused { accused, .. } => Some(accused.by.saturating_sub(CHALLENGE_MARGIN_BLOCKS)),
                _ => None,
            },
            Self::Defend(view, id) | Self::ShowTrace(view, id) | Self::Prosecute(view, id) => move_of(view, *id),
            // Nothing waits for it, but others wait for its place.
            Self::Hold(_) => Some(best.saturating_add(HOLD_BLOCKS)),
            Self::ShowOpening(_) | Self::ShowResults(_) | Self::Publish(_) | Self::FindLeaf(..) => None,
            Self::Confirm(_) | Self::Abandon(_) => None,
            Self::Submit(_) | Self::Post(_) | Self::Forget(_) | Self::ForgetPlan(_) => None,
        }
    }

    /// Whether it waits for its place until it has what it runs on from its peers.
    pub fn is_prefetched(&self) -> bool {
        matches!(self, Self::Audit(_) | Self::Rerun(_) | Self::Compare(..) | Self::Recompute(..))
    }

    /// Whether `me` owes it no more, by what the last block says: a run that has waited for its place until then is not begun.
    pub fn is_over(&self, views: &[ShardView], me: &Account) -> bool {
        let (Self::Execute(view) | Self::Plan(view, ..) | Self::Audit(view) | Self::Rerun(view)) = self else {
            return false;
        };
        let same = |now: &&ShardView| Attempt::of(&now.shard) == Attempt::of(&view.shard);
        !views.iter().filter(same).any(|now| match (&view.shard.phase, &now.shard.phase) {
            (Phase::Running { .. }, Phase::Running { .. }) => true,
            (Phase::Auditing { .. }, Phase::Auditing { audit, .. }) => {
                let is_owed = audit.seats.iter().any(|seat| seat.auditor == *me && seat.seal.is_none());
                is_owed && Round::of_sample(&now.shard) == Round::of_sample(&view.shard)
            }
            _ => false,
        })
    }
}

/// The last height of what the shard waits for, less a margin.
fn deadline(view: &ShardView, margin: Height) -> Option<Height> {
    Some(view.shard.expires()?.saturating_sub(1).saturating_sub(margin))
}

fn move_of(view: &ShardView, id: DisputeId) -> Option<Height> {
    view.disputes.iter().find(|(of, _)| *of == id).map(|(_, dispute)| dispute.by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{accepted, assigned, audited, overturned, running, ME, OTHER};

    #[test]
    fn fetch_should_end_while_there_is_time_to_decline_or_to_claim() {
        // Both views say that block 60 is the last.
        assert_eq!(Action::FetchInputs(assigned(ME)).of_use_until(10), Some(60 - START_MARGIN_BLOCKS));
        let audited = audited(OTHER, ME, None);
        let by = audited.shard.expires().unwrap() - 1;
        assert_eq!(Action::Audit(audited.clone()).of_use_until(10), Some(by - CLAIM_MARGIN_BLOCKS));
        assert_eq!(Action::Rerun(audited.clone()).of_use_until(10), Some(by - CLAIM_MARGIN_BLOCKS));
        assert_eq!(Action::CheckResults(audited).of_use_until(10), Some(by));
    }

    #[test]
    fn comparison_should_end_while_there_is_time_to_challenge_or_to_accuse() {
        assert_eq!(Action::Compare(accepted(OTHER), 0).of_use_until(10), Some(120 - CHALLENGE_MARGIN_BLOCKS));
        assert_eq!(Action::Compare(overturned(OTHER, ME), 0).of_use_until(10), Some(130 - CHALLENGE_MARGIN_BLOCKS));
    }

    #[test]
    fn run_should_be_over_when_its_round_is() {
        let view = audited(OTHER, ME, None);
        let audit = Action::Audit(view.clone());
        assert!(!audit.is_over(&[assigned(OTHER), view.clone()], &ME));
        assert!(audit.is_over(std::slice::from_ref(&view), &OTHER), "who has left the seat owes nothing");
        assert!(audit.is_over(&[audited(OTHER, ME, Some([1; 32]))], &ME), "it is sealed");
        assert!(audit.is_over(&[], &ME));
        let mut drawn_anew = view.clone();
        let Phase::Auditing { audit: next, .. } = &mut drawn_anew.shard.phase else { unreachable!() };
        next.sampled_at += 1;
        assert!(audit.is_over(&[drawn_anew], &ME));
        let mut issued_again = view;
        issued_again.shard.attempt += 1;
        assert!(audit.is_over(&[issued_again], &ME));
        let execute = Action::Execute(running(ME));
        assert!(!execute.is_over(&[running(ME)], &ME) && execute.is_over(&[assigned(ME)], &ME));
        assert!(!Action::Hold(Attempt::of(&accepted(OTHER).shard)).is_over(&[], &ME));
    }

    #[test]
    fn holding_should_make_room_for_others_after_a_while() {
        let attempt = Attempt::of(&accepted(OTHER).shard);
        assert_eq!(Action::Hold(attempt).of_use_until(10), Some(10 + HOLD_BLOCKS));
    }

    #[test]
    fn deadline_should_be_none_when_nothing_is_fetched() {
        assert_eq!(Action::ShowOpening(audited(ME, OTHER, None)).of_use_until(10), None);
        assert_eq!(Action::Prosecute(accepted(OTHER), 7).of_use_until(10), None, "there is no such dispute");
    }
}
