// SPDX-License-Identifier: Apache-2.0
//! The trace of a disputed segment: the ids of its operators' outputs, posted whole, or as an outline of which a part is opened.
//!
//! The parts of a long trace are the chunks of the list of its ids, as BLAKE3 cuts it: [`PART_IDS`] ids each, of which the
//! outline has the chaining values. The outline also names the segment's results, because the end of the segment must follow
//! from what is posted: a part can only be opened with ids that agree with them.

use super::DisputeError;
use alloc::{collections::BTreeSet, vec::Vec};
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use quern_primitives::{
    slice::{self, Cv, CHUNK_LEN, LIST_ENTRY_LEN},
    BlobId,
};
use quern_program::{
    check::{MAX_ARGUMENTS, MAX_OPERATORS, MAX_STATE as MOST_STATES},
    reference, Checked, SegmentKind, Value,
};
use scale_info::TypeInfo;

/// Most ids of a trace that is posted whole. An outline of it would be shorter, but the dispute two moves longer, and the 32 KiB
/// are no more than what a conviction may take.
pub const MAX_TRACE: u32 = 1_024;
/// Ids of a part of a longer trace.
pub const PART_IDS: u32 = (CHUNK_LEN / LIST_ENTRY_LEN) as u32;
/// Most parts of a trace.
pub const MAX_PARTS: u32 = (MAX_OPERATORS as u32).div_ceil(PART_IDS);
/// Most ids that a named operator of a long trace leaves known: its own and those of what it reads.
pub const MAX_NAMED: u32 = 1 + MAX_ARGUMENTS as u32;

/// Ids of the tensors of a checkpoint.
type State = BoundedVec<BlobId, ConstU32<{ MOST_STATES as u32 }>>;

/// The whole trace of a segment of at most [`MAX_TRACE`] operators.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Trace {
    /// Ids of the tensors of the checkpoint that the segment starts from.
    pub state: State,
    /// Ids of the outputs of the segment's operators, in order.
    pub outputs: BoundedVec<BlobId, ConstU32<MAX_TRACE>>,
}

/// The outline of the trace of a segment of more than [`MAX_TRACE`] operators.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Outline {
    /// Ids of the tensors of the checkpoint that the segment starts from.
    pub state: State,
    /// Ids of the segment's results, in order: the tensors of the next checkpoint, or the output alone.
    pub results: State,
    /// Chaining values of the chunks of the list of the ids of the outputs of the segment's operators, in order.
    pub parts: BoundedVec<Cv, ConstU32<MAX_PARTS>>,
}

/// What a named operator of a long trace leaves to be known.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Named {
    /// Ids of the tensors of the checkpoint that the segment starts from.
    pub state: State,
    /// Operators and the ids of their outputs: the named one, and those that it reads.
    pub outputs: BoundedVec<(u16, BlobId), ConstU32<MAX_NAMED>>,
}

/// What is posted of a segment's trace.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Posted {
    /// All of it.
    #[codec(index = 0)]
    Whole(Trace),
    /// Its outline, of which a part is to be opened.
    #[codec(index = 1)]
    Outline(Outline),
    /// What is needed of a part that was opened.
    #[codec(index = 2)]
    Named(Named),
}

impl Posted {
    /// Ids of the tensors of the checkpoint that the segment starts from.
    pub fn state(&self) -> &[BlobId] {
        match self {
            Self::Whole(trace) => &trace.state,
            Self::Outline(outline) => &outline.state,
            Self::Named(named) => &named.state,
        }
    }

    /// The whole trace, if it is posted so.
    pub fn whole(&self) -> Option<&Trace> {
        match self {
            Self::Whole(trace) => Some(trace),
            Self::Outline(_) | Self::Named(_) => None,
        }
    }

    /// The id of the output of an operator, if it is known.
    pub fn output(&self, op: u16) -> Option<BlobId> {
        match self {
            Self::Whole(trace) => trace.outputs.get(usize::from(op)).copied(),
            Self::Outline(_) => None,
            Self::Named(named) => named.outputs.iter().find(|(known, _)| *known == op).map(|(_, id)| *id),
        }
    }
}

/// The part that an operator's id is in, and its place there.
fn place(op: u16) -> (u16, usize) {
    let width = PART_IDS as u16;
    (op.checked_div(width).unwrap_or(0), usize::from(op.checked_rem(width).unwrap_or(0)))
}

fn ids_of(bytes: &[u8]) -> Vec<BlobId> {
    bytes.chunks_exact(LIST_ENTRY_LEN as usize).filter_map(|id| id.try_into().ok()).map(BlobId).collect()
}

/// The bytes of a part of the list of these ids; none when there is no such part.
fn part_of(ids: &[BlobId], part: u16) -> Option<Vec<u8>> {
    let part = ids.chunks(PART_IDS as usize).nth(usize::from(part))?;
    Some(part.iter().flat_map(|id| id.0).collect())
}

/// The ids of a checkpoint's tensors must give its id.
fn check_state(start: Option<BlobId>, state: &[BlobId]) -> Result<(), DisputeError> {
    match start {
        Some(start) if BlobId::of_list(state) != start => Err(DisputeError::StateMismatch),
        None if !state.is_empty() => Err(DisputeError::StateMismatch),
        _ => Ok(()),
    }
}

impl Trace {
    /// Whether the trace of a segment of so many operators is posted whole.
    pub const fn is_whole(operators: usize) -> bool {
        operators <= MAX_TRACE as usize
    }

    /// The segment's result must follow from the trace, and the trace's state from the opened start.
    pub(super) fn check(
        &self,
        program: &Checked,
        kind: SegmentKind,
        start: Option<BlobId>,
        end: BlobId,
    ) -> Result<(), DisputeError> {
        let operators = program.program().block(kind).len();
        if !Self::is_whole(operators) {
            return Err(DisputeError::TraceForm);
        }
        if self.outputs.len() != operators {
            return Err(DisputeError::TraceLength);
        }
        check_state(start, &self.state)?;
        if reference::result_id_of_trace(program, kind, &self.outputs, &self.state) != Some(end) {
            return Err(DisputeError::ResultMismatch);
        }
        Ok(())
    }
}

impl Outline {
    /// The outline of a segment's trace: of the ids of the state tensors before it and of the outputs of all its operators. None
    /// when these are too few or too many, or are posted whole.
    pub fn of(program: &Checked, kind: SegmentKind, state: &[BlobId], outputs: &[BlobId]) -> Option<Self> {
        if Trace::is_whole(outputs.len()) {
            return None;
        }
        let list: Vec<u8> = outputs.iter().flat_map(|id| id.0).collect();
        let results = program.program().results(kind).into_iter().map(|value| match value {
            Value::Op(op) => outputs.get(usize::from(op)).copied(),
            Value::State(index) => state.get(usize::from(index)).copied(),
            Value::Input(_) | Value::Const(_) | Value::Step => None,
        });
        Some(Self {
            state: state.to_vec().try_into().ok()?,
            results: results.collect::<Option<Vec<_>>>()?.try_into().ok()?,
            parts: slice::chunk_values(&list).try_into().ok()?,
        })
    }

    /// The results must give the segment's end, those that are state must be what they were, and the state must give the start.
    pub(super) fn check(
        &self,
        program: &Checked,
        kind: SegmentKind,
        start: Option<BlobId>,
        end: BlobId,
    ) -> Result<(), DisputeError> {
        let operators = program.program().block(kind).len();
        if Trace::is_whole(operators) {
            return Err(DisputeError::TraceForm);
        }
        if self.parts.len() != operators.div_ceil(PART_IDS as usize) {
            return Err(DisputeError::TraceLength);
        }
        check_state(start, &self.state)?;
        let results = program.program().results(kind);
        let carried = |(value, id): (&Value, &BlobId)| match value {
            Value::State(index) => self.state.get(usize::from(*index)) == Some(id),
            _ => true,
        };
        let agrees = results.len() == self.results.len() && results.iter().zip(&self.results).all(carried);
        if !agrees || reference::result_id(kind, &self.results) != end {
            return Err(DisputeError::ResultMismatch);
        }
        Ok(())
    }

    /// The ids of a part from its bytes: they must hash to what the outline has, and be the results where they are results.
    pub(super) fn open(
        &self,
        program: &Checked,
        kind: SegmentKind,
        part: u16,
        bytes: &[u8],
    ) -> Result<BoundedVec<BlobId, ConstU32<PART_IDS>>, DisputeError> {
        let ids = self.ids(program, kind, part, bytes)?;
        if self.contradicted(program, kind, part, &ids) {
            return Err(DisputeError::ResultMismatch);
        }
        ids.try_into().map_err(|_| DisputeError::TraceLength)
    }

    /// What is known once an operator of an opened part is named. `earlier` are the bytes of the other parts that it reads from, in
    /// order: the challenger has nothing against them.
    pub(super) fn name(
        &self,
        program: &Checked,
        kind: SegmentKind,
        opened: (u16, &[BlobId]),
        op: u16,
        earlier: &[Vec<u8>],
    ) -> Result<Named, DisputeError> {
        let (part, ids) = opened;
        let needed = earlier_parts(program, kind, op);
        if place(op).0 != part {
            return Err(DisputeError::NoSuchElement);
        }
        if needed.len() != earlier.len() {
            return Err(DisputeError::PartCount);
        }
        let mut shown = alloc::vec![(part, ids.to_vec())];
        for (part, bytes) in needed.into_iter().zip(earlier) {
            shown.push((part, self.ids(program, kind, part, bytes)?));
        }
        let known = |op: u16| {
            let (part, at) = place(op);
            let (_, ids) = shown.iter().find(|(of, _)| *of == part)?;
            Some((op, *ids.get(at)?))
        };
        let read = read_by(program, kind, op);
        let outputs = [op].into_iter().chain(read).map(known).collect::<Option<Vec<_>>>();
        let outputs = outputs.ok_or(DisputeError::NoSuchElement)?;
        Ok(Named { state: self.state.clone(), outputs: outputs.try_into().map_err(|_| DisputeError::NoSuchElement)? })
    }

    fn ids(&self, program: &Checked, kind: SegmentKind, part: u16, bytes: &[u8]) -> Result<Vec<BlobId>, DisputeError> {
        let len = (program.program().block(kind).len() as u64).saturating_mul(LIST_ENTRY_LEN);
        let value = self.parts.get(usize::from(part)).ok_or(DisputeError::NoSuchElement)?;
        slice::verify_chunk(len, part.into(), value, bytes).map_err(DisputeError::BadOutput)?;
        Ok(ids_of(bytes))
    }

    /// Whether a part of these ids has other ids than the results.
    fn contradicted(&self, program: &Checked, kind: SegmentKind, part: u16, ids: &[BlobId]) -> bool {
        let results = program.program().results(kind);
        results.iter().zip(&self.results).any(|(value, id)| match value {
            Value::Op(op) if place(*op).0 == part => ids.get(place(*op).1) != Some(id),
            _ => false,
        })
    }

    /// The first part that a challenger has something against, whose own ids of all operators' outputs are these: it has other ids,
    /// or they cannot be those of the results. It has nothing against the parts before it.
    pub fn differing_part(&self, program: &Checked, kind: SegmentKind, own: &[BlobId]) -> Option<u32> {
        let list: Vec<u8> = own.iter().flat_map(|id| id.0).collect();
        let parts = own.chunks(PART_IDS as usize).zip(slice::chunk_values(&list)).zip(&self.parts);
        let differs = |(part, ((ids, value), posted)): (u16, ((&[BlobId], Cv), &Cv))| {
            value != *posted || self.contradicted(program, kind, part, ids)
        };
        (0u16..).zip(parts).find(|(part, parts)| differs((*part, *parts))).map(|(part, _)| part.into())
    }
}

/// The operators whose outputs an operator reads, each once.
fn read_by(program: &Checked, kind: SegmentKind, op: u16) -> BTreeSet<u16> {
    let read = program.program().block(kind).get(usize::from(op)).into_iter().flat_map(|operator| &operator.args);
    read.filter_map(|value| match value {
        Value::Op(op) => Some(*op),
        _ => None,
    })
    .collect()
}

/// The parts before its own that an operator reads from, in order.
fn earlier_parts(program: &Checked, kind: SegmentKind, op: u16) -> BTreeSet<u16> {
    let own = place(op).0;
    read_by(program, kind, op).into_iter().map(|op| place(op).0).filter(|part| *part != own).collect()
}

/// The bytes by which a worker opens a part of its trace; none when it has no such part.
pub fn open_part(outputs: &[BlobId], part: u16) -> Option<Vec<u8>> {
    part_of(outputs, part)
}

/// The first operator of an opened part that differs from the challenger's own ids, and the bytes of the earlier parts that it reads
/// from. None when nothing differs.
pub fn differing_in_part(
    program: &Checked,
    kind: SegmentKind,
    part: u16,
    ids: &[BlobId],
    own: &[BlobId],
) -> Option<(u16, Vec<Vec<u8>>)> {
    let first = part.checked_mul(PART_IDS as u16)?;
    let own_ids = own.get(usize::from(first)..)?;
    let at = ids.iter().zip(own_ids).position(|(theirs, own)| theirs != own)?;
    let op = first.checked_add(u16::try_from(at).ok()?)?;
    let earlier = earlier_parts(program, kind, op).into_iter().map(|part| part_of(own, part));
    Some((op, earlier.collect::<Option<_>>()?))
}
