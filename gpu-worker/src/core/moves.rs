// SPDX-License-Identifier: Apache-2.0
//! The moves about a segment's trace, worked out from what a party has computed.

use super::{Defence, Prosecution};
use quern_primitives::BlobId;
use quern_program::{reference, Checked, Tensor};
use quern_protocol::{
    dispute::{differing_in_part, open_part, Dispute, Move, Outline, Posted, Trace},
    evidence::differing_operator,
};

/// What a worker posts of its trace, or the part of it that it is asked for. `state` are the ids of the tensors before the segment,
/// `outputs` those of its operators. None for other moves, and for what no program has.
pub fn defend_trace(program: &Checked, dispute: &Dispute, state: &[BlobId], outputs: &[Tensor]) -> Option<Defence> {
    let ids = reference::trace_ids(outputs);
    match dispute.turn {
        Move::Trace if Trace::is_whole(ids.len()) => {
            let (state, outputs) = (state.to_vec().try_into().ok()?, ids.try_into().ok()?);
            Some(Defence::Trace(Trace { state, outputs }))
        }
        Move::Trace => Outline::of(program, dispute.segment.kind(), state, &ids).map(Defence::Outline),
        Move::Part { part } => open_part(&ids, part).map(Defence::Chunk),
        _ => None,
    }
}

/// What a challenger names of a trace: the first part or operator that differs from its own outputs. None for other moves, and when
/// nothing differs.
pub fn name_difference(program: &Checked, dispute: &Dispute, own: &[Tensor]) -> Option<Prosecution> {
    let (ids, kind) = (reference::trace_ids(own), dispute.segment.kind());
    match (&dispute.turn, &dispute.trace) {
        (Move::Name, Some(Posted::Whole(trace))) => differing_operator(&trace.outputs, &ids).map(Prosecution::Name),
        (Move::NamePart, Some(Posted::Outline(outline))) => {
            outline.differing_part(program, kind, &ids).map(Prosecution::Demand)
        }
        (Move::NameInPart { part, ids: theirs }, _) => {
            let (op, earlier) = differing_in_part(program, kind, *part, theirs, &ids)?;
            Some(Prosecution::NameInPart { op, earlier })
        }
        _ => None,
    }
}
