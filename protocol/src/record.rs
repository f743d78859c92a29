// SPDX-License-Identifier: Apache-2.0
//! What a dispute was decided by, as one hash. It goes into the offence and its event, so that anybody who fetches the block of
//! the decisive move and the state before it can check that they are the ones meant, and have the referee decide again.

use crate::{
    dispute::{Dispute, Next, Outcome, Play},
    inputs::StageContext,
    shard::{Effect, Event, Shard},
    DisputeError, Moment, Params,
};
use alloc::vec::Vec;
use quern_primitives::{tagged, tags, traits::OffenceKind, Account, DisputeId, Height};
use quern_program::Checked;

/// The evidence hash of a decisive move: of the dispute as it stood before it, what decides the segment's inputs (which names the
/// program), and the call's arguments. None for moves that leave the decision to others.
pub fn evidence_hash(id: DisputeId, dispute: &Dispute, stage: &StageContext, play: &Play) -> Option<[u8; 32]> {
    let case = (id, dispute, stage);
    match play {
        Play::Convict { element, output, reads, .. } => {
            Some(tagged(tags::EVIDENCE, &(case, 0u8, element, output, reads)))
        }
        Play::ConvictLength { len, proof, .. } => Some(tagged(tags::EVIDENCE, &(case, 1u8, len, proof))),
        _ => None,
    }
}

/// Decides a dispute again by its decisive move.
pub fn decide_again(
    dispute: &Dispute,
    stage: &StageContext,
    program: &Checked,
    play: Play,
    height: Height,
) -> Result<Option<Outcome>, DisputeError> {
    // Parameters only set the deadline of a next move, and there is none.
    // And that the move was in time, the chain has seen: deadlines may have lagged.
    let now = Moment { height, lag_blocks: height };
    match dispute.step_at(play, now, &Params::default(), program, stage)? {
        Next::Closed(outcome) => Ok(Some(outcome)),
        Next::Open(_) => Ok(None),
    }
}

/// Who commits which offence by a silence: what happens at `height` to a shard and the disputes about it, in the state before, when
/// nobody moves. Where deadlines lag it may happen later.
pub fn silences(shard: &Shard, disputes: &[(DisputeId, Dispute)], height: Height) -> Vec<(OffenceKind, Account)> {
    let of_dispute = |dispute: &Dispute| {
        let outcome = dispute.expire(height).ok()?;
        Some(match dispute.offence(&outcome) {
            Some(kind) => (kind, dispute.worker),
            None => (OffenceKind::FalseAlarm, dispute.challenger),
        })
    };
    let in_disputes = disputes.iter().filter_map(|(_, dispute)| of_dispute(dispute));
    // Parameters and the period decide what comes after an offence, not whether there is one.
    let effects =
        shard.step(Event::Expire, height, height, &Params::default()).map_or(Vec::new(), |(_, effects)| effects);
    let in_shard = effects.into_iter().filter_map(|effect| match effect {
        Effect::Offence { kind, offender, .. } => Some((kind, offender)),
        _ => None,
    });
    in_disputes.chain(in_shard).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispute::{Defendant, Move, Posted, Trace};
    use alloc::vec;
    use bounded_collections::BoundedVec;
    use quern_primitives::{job::Stage, slice::SliceProof, BlobId, ShardId};
    use quern_program::Segment;

    fn dispute() -> Dispute {
        Dispute {
            shard: ShardId { job: 1, stage: 2, index: 3 },
            position: 4,
            task: 5,
            segment: Segment::Finish,
            worker: [6; 32],
            challenger: [7; 32],
            root: BlobId([12; 32]),
            leaves: 13,
            start: Some(BlobId([8; 32])),
            end: BlobId([9; 32]),
            trace: Some(Posted::Whole(Trace {
                state: BoundedVec::new(),
                outputs: BoundedVec::truncate_from(vec![BlobId([10; 32])]),
            })),
            turn: Move::Convict { op: 0, shown: BoundedVec::new(), chunk: None },
            by: 11,
            defendant: Default::default(),
        }
    }

    fn stage() -> StageContext {
        StageContext {
            genesis: [1; 32],
            job: 1,
            index: 2,
            stage: Stage { program: BlobId([2; 32]), tasks: 3, shard_size: 1, inputs: Default::default() },
            randomness: [3; 32],
            outputs: Vec::new(),
        }
    }

    fn convict() -> Play {
        Play::Convict { by: [7; 32], element: 1, output: Some(SliceProof(vec![1])), reads: Vec::new() }
    }

    fn length() -> Play {
        Play::ConvictLength { by: [7; 32], len: 1, proof: SliceProof(vec![1]) }
    }

    #[test]
    fn evidence_hash_should_be_pinned() {
        let hash = |play| BlobId(evidence_hash(12, &dispute(), &stage(), &play).unwrap()).to_string();
        assert_eq!(hash(convict()), "86d7eeb928dfed3e8e2cf7aa96d92dd1c38dd5b648117e275b1c87257eb2c1e5");
        assert_eq!(hash(length()), "51b870928efd81706a67af30b963014a7ec67435bdda82c5f4f84b248deb7250");
    }

    #[test]
    fn evidence_hash_should_differ_when_anything_differs() {
        let mut hashes = vec![evidence_hash(12, &dispute(), &stage(), &convict())];
        hashes.push(evidence_hash(13, &dispute(), &stage(), &convict()));
        hashes.push(evidence_hash(12, &Dispute { position: 5, ..dispute() }, &stage(), &convict()));
        hashes.push(evidence_hash(12, &Dispute { trace: None, ..dispute() }, &stage(), &convict()));
        hashes.push(evidence_hash(12, &dispute(), &StageContext { randomness: [4; 32], ..stage() }, &convict()));
        let plays = [
            Play::Convict { by: [7; 32], element: 2, output: Some(SliceProof(vec![1])), reads: Vec::new() },
            Play::Convict { by: [7; 32], element: 1, output: None, reads: Vec::new() },
            length(),
        ];
        hashes.extend(plays.map(|play| evidence_hash(12, &dispute(), &stage(), &play)));
        assert!(hashes.iter().all(Option::is_some));
        let count = hashes.len();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), count);
    }

    #[test]
    fn silence_should_be_an_offence_of_whoever_owed_the_move() {
        use crate::shard::Deal;
        let shard = Shard::new(dispute().shard, 0, 1, Default::default());
        let disputes = [(12, dispute()), (13, Dispute { turn: Move::Trace, ..dispute() })];
        assert_eq!(silences(&shard, &disputes, 11), vec![]);
        let expected = vec![(OffenceKind::FalseAlarm, [7; 32]), (OffenceKind::Withheld, [6; 32])];
        assert_eq!(silences(&shard, &disputes, 12), expected);
        let accused = Dispute { turn: Move::Trace, defendant: Defendant::Auditor, ..dispute() };
        assert_eq!(silences(&shard, &[(14, accused)], 12), vec![(OffenceKind::WrongAudit, [6; 32])]);

        let deal = Deal { worker: [6; 32], price: 1, collateral: 2 };
        let late = Shard { phase: crate::shard::Phase::Running { deal, by: 11 }, ..shard };
        assert_eq!(silences(&late, &[], 12), vec![], "lateness is no offence");
    }

    #[test]
    fn evidence_hash_should_be_none_when_the_move_decides_nothing() {
        assert_eq!(evidence_hash(12, &dispute(), &stage(), &Play::Expire), None);
        assert_eq!(evidence_hash(12, &dispute(), &stage(), &Play::Name { by: [7; 32], op: 1 }), None);
    }
}
