// SPDX-License-Identifier: Apache-2.0
//! A dispute about one segment: a constant number of moves that ends in one recomputed element. Silence loses.

mod search;
mod trace;

pub use search::{Claimed, Search};
pub use trace::{
    differing_in_part, open_part, Named, Outline, Posted, Trace, MAX_NAMED, MAX_PARTS, MAX_TRACE, PART_IDS,
};

use crate::{
    referee::{Agreed, ReadProof, RefereeError},
    shard::{work, Event, Shard},
    traits::worker_offence,
    Moment, Params,
};
use alloc::vec::Vec;
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use quern_primitives::{
    commitment::{LeafError, LeafProof},
    job::Input,
    slice::{self, Cv, Node, SliceError, SliceProof},
    traits::OffenceKind,
    Account, BlobId, Height, ShardId,
};
use quern_program::{encode_element, Checked, Segment};
use scale_info::TypeInfo;

/// Most tensors of a checkpoint.
pub const MAX_STATE: u32 = quern_program::check::MAX_STATE as u32;
/// Most subtree hashes a move.
pub const MAX_SUBTREES: u32 = 64;
/// Most checkpoint ids a move: a task of 65,536 segments is searched in three moves.
pub const MAX_IDS: u32 = 64;

/// A node of the tree of a disputed output, and the hash that the worker's own moves have fixed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Shown {
    /// First chunk of the node.
    pub first_chunk: u64,
    /// Number of its chunks.
    pub chunks: u64,
    /// Its chaining value (the blob's id for the root).
    pub value: Cv,
}

impl Shown {
    fn node(&self) -> Node {
        Node { first_chunk: self.first_chunk, chunks: self.chunks }
    }
}

/// Who owes what.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Move {
    /// The worker owes the trace.
    #[codec(index = 0)]
    Trace,
    /// The challenger owes the name of the first operator whose output differs.
    #[codec(index = 1)]
    Name,
    /// The challenger owes a conviction, or asks for the output on chain.
    #[codec(index = 2)]
    Convict {
        /// The operator.
        op: u16,
        /// Subtrees shown so far under the node asked for last; one entry, the root, before the first opening.
        shown: BoundedVec<Shown, ConstU32<MAX_SUBTREES>>,
        /// The chunk shown on chain, if it came to that: its index and bytes.
        chunk: Option<(u64, BoundedVec<u8, ConstU32<1024>>)>,
    },
    /// The worker owes the subtrees of a node of the operator's output, or, for a single chunk, its bytes.
    #[codec(index = 3)]
    Output {
        /// The operator.
        op: u16,
        /// The node.
        node: Shown,
    },
    /// The worker owes the ids at the probes of the search.
    #[codec(index = 4)]
    Ids(Search),
    /// The challenger owes the first of these ids that differs from its own.
    #[codec(index = 5)]
    Pick {
        /// The search.
        search: Search,
        /// What the worker has at the probes.
        ids: BoundedVec<BlobId, ConstU32<MAX_IDS>>,
    },
    /// The worker owes the proof of the segment's ends, which it has only named so far.
    #[codec(index = 6)]
    Prove,
    /// The challenger owes the first part of the outlined trace that it has something against.
    #[codec(index = 10)]
    NamePart,
    /// The worker owes the ids of a part.
    #[codec(index = 11)]
    Part {
        /// Its index.
        part: u16,
    },
    /// The challenger owes the name of the first operator in the opened part whose output differs, with the other parts that it
    /// reads from.
    #[codec(index = 12)]
    NameInPart {
        /// The part.
        part: u16,
        /// Its ids.
        ids: BoundedVec<BlobId, ConstU32<PART_IDS>>,
    },
}

/// Whose result is disputed: who owes the moves of the worker.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Defendant {
    /// The worker, who committed to it.
    #[default]
    #[codec(index = 0)]
    Worker,
    /// An auditor that confirmed it, and computed it from the checkpoint before it.
    #[codec(index = 1)]
    Auditor,
    /// An auditor that confirmed it and had said that it runs the task from its inputs: that checkpoint may be none of its own, so
    /// instead of a trace it may show its own ids, and the first segment that differs is searched for.
    #[codec(index = 2)]
    Rerunner,
}

/// A dispute under way.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Dispute {
    /// The shard.
    pub shard: ShardId,
    /// Leaf position of the segment's end; while the first difference is searched for, that of the end that differs.
    pub position: u32,
    /// The task.
    pub task: u32,
    /// The segment.
    pub segment: Segment,
    /// Who defends the result: the worker that committed to it, or an auditor that confirmed it.
    pub worker: Account,
    /// Who disputes it.
    pub challenger: Account,
    /// BLAKE3 of the list of blinded leaves.
    pub root: BlobId,
    /// Leaves of the shard.
    pub leaves: u32,
    /// The checkpoint that the segment starts from; none for a segment that starts from the inputs.
    pub start: Option<BlobId>,
    /// The worker's result of the segment.
    pub end: BlobId,
    /// The trace, once it is posted.
    pub trace: Option<Posted>,
    /// Who owes what.
    pub turn: Move,
    /// Last height for that.
    pub by: Height,
    /// In what capacity it is defended.
    pub defendant: Defendant,
}

/// How a dispute ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Outcome {
    /// The referee computed another element than the worker's.
    #[codec(index = 0)]
    WrongElement {
        /// The operator.
        op: u16,
        /// The element.
        element: u64,
        /// The bytes that the worker has there, as a little-endian number.
        claimed: u32,
        /// What it has to be.
        expected: i32,
    },
    /// The worker's output has another length than the program gives it.
    #[codec(index = 1)]
    WrongLength {
        /// The operator.
        op: u16,
        /// Its real length in bytes.
        len: u64,
        /// What it has to be.
        expected: u64,
    },
    /// The worker did not move in time.
    #[codec(index = 2)]
    WorkerSilent,
    /// The referee computed the worker's element: the challenger was wrong.
    #[codec(index = 3)]
    Refuted {
        /// The operator.
        op: u16,
        /// The element.
        element: u64,
        /// Its value.
        value: i32,
    },
    /// The challenger did not move in time.
    #[codec(index = 4)]
    ChallengerSilent,
}

impl Outcome {
    /// Whether the worker lost.
    pub fn worker_lost(&self) -> bool {
        matches!(self, Self::WrongElement { .. } | Self::WrongLength { .. } | Self::WorkerSilent)
    }
}

/// A move in a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Play {
    /// The worker posts the trace.
    Trace {
        /// Who.
        by: Account,
        /// The trace.
        trace: Trace,
    },
    /// The worker posts the outline of a long trace.
    Outline {
        /// Who.
        by: Account,
        /// The outline.
        outline: Outline,
    },
    /// The challenger names an operator of an opened part.
    NameInPart {
        /// Who.
        by: Account,
        /// The operator.
        op: u16,
        /// The bytes of the other parts that it reads from, in order.
        earlier: Vec<Vec<u8>>,
    },
    /// The challenger names an operator.
    Name {
        /// Who.
        by: Account,
        /// The operator.
        op: u16,
    },
    /// The challenger asks for one of the shown nodes of the operator's output, or for a part of the outlined trace.
    Demand {
        /// Who.
        by: Account,
        /// Index into what is shown, or of the part.
        index: u32,
    },
    /// Somebody shows the worker's subtrees: their hash says that they are.
    Subtrees {
        /// Chaining values of up to 64 subtrees, left to right.
        values: Vec<Cv>,
    },
    /// Somebody shows the worker's chunk, of an output or of the list of its ids: its hash says that it is.
    Chunk {
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// The worker names the ids at the probes of the search.
    Ids {
        /// Who.
        by: Account,
        /// The ids, in order.
        ids: Vec<BlobId>,
    },
    /// The challenger picks the first of them that differs.
    Pick {
        /// Who.
        by: Account,
        /// Its index, or their number if none does.
        index: u32,
    },
    /// Somebody proves the ends of the segment against the worker's root.
    Prove {
        /// The checkpoint before the segment; none for a segment that starts from the inputs.
        start: Option<LeafProof>,
        /// The end of the segment.
        end: LeafProof,
    },
    /// The challenger has an element recomputed.
    Convict {
        /// Who.
        by: Account,
        /// The element of the named operator's output.
        element: u64,
        /// Slice proof of the element's bytes in the worker's output; none when the chunk is on chain.
        output: Option<SliceProof>,
        /// Proofs of what the element reads.
        reads: Vec<ReadProof>,
    },
    /// The challenger shows that the operator's output has another length.
    ConvictLength {
        /// Who.
        by: Account,
        /// Its real length in bytes.
        len: u64,
        /// Proof of its final chunk.
        proof: SliceProof,
    },
    /// Time passed.
    Expire,
}

/// Why a move is refused. The dispute stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeError {
    /// Another move is owed.
    WrongMove,
    /// Another account owes it.
    NotYours,
    /// The deadline has passed.
    TooLate,
    /// The deadline has not passed.
    NothingDue,
    /// The shard has no commitment or no such segment.
    NoSuchSegment,
    /// A start checkpoint is missing, or given where the segment starts from the inputs.
    WrongStart,
    /// Another number of ids is owed.
    IdCount,
    /// What is proven is not what the worker has named.
    IdMismatch,
    /// A leaf proof fails.
    BadLeaf(LeafError),
    /// The trace has another number of entries than the segment has operators.
    TraceLength,
    /// The state tensors do not give the checkpoint that the segment starts from.
    StateMismatch,
    /// The segment's result does not follow from the trace.
    ResultMismatch,
    /// A trace of this length is posted in the other form: whole, or as an outline.
    TraceForm,
    /// The operator reads from another number of earlier parts.
    PartCount,
    /// There is no such operator, node or element.
    NoSuchElement,
    /// A proof of the worker's output fails.
    BadOutput(SliceError),
    /// The element's bytes are not in what is shown.
    NotShown,
    /// The output has the length that the program gives it.
    RightLength,
    /// The recomputation is refused.
    Referee(RefereeError),
}

/// The next state, or how it ended.
// Lives on the stack of one call: a box would only cost an allocation.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It goes on.
    Open(Dispute),
    /// It is over.
    Closed(Outcome),
}

impl Dispute {
    /// Opens a dispute on a segment of a committed shard: both of its ids are opened first. Without the checkpoint before it
    /// the challenger says that its own run from the task's inputs ends otherwise here, and the first segment that differs
    /// is searched for. `Shard::step` decides whether this account may challenge.
    #[allow(clippy::too_many_arguments)]
    pub fn open(
        shard: &Shard,
        segment: Segment,
        challenger: Account,
        position: u32,
        start: Option<&LeafProof>,
        end: &LeafProof,
        height: Height,
        params: &Params,
    ) -> Result<Self, DisputeError> {
        let (deal, commitment) = shard.deal().zip(shard.commitment()).ok_or(DisputeError::NoSuchSegment)?;
        let (task, index) = shard.locate(position).ok_or(DisputeError::NoSuchSegment)?;
        let id = |proof: &LeafProof, position: u32| {
            proof
                .verify(&commitment.root, shard.leaves(), &deal.worker, &shard.id, position)
                .map_err(DisputeError::BadLeaf)
        };
        let end = id(end, position)?;
        let (start, turn) = match (index.checked_sub(1), start) {
            (None, None) => (None, Move::Trace),
            (Some(_), Some(proof)) => (Some(id(proof, position.saturating_sub(1))?), Move::Trace),
            (Some(_), None) => (None, Move::Ids(Search { agreed: None, differs: Claimed { segment: index, id: end } })),
            (None, Some(_)) => return Err(DisputeError::WrongStart),
        };
        Ok(Self {
            shard: shard.id,
            position,
            task,
            segment,
            worker: deal.worker,
            challenger,
            root: commitment.root,
            leaves: shard.leaves(),
            start,
            end,
            trace: None,
            turn,
            by: height.saturating_add(shard.move_blocks(index, params)),
            defendant: Defendant::Worker,
        })
    }

    /// Opens a dispute with an auditor that confirmed a drawn segment of a shard that was overturned: both ids of the
    /// segment are opened, and the auditor owes a trace of its own between them. A conviction of the worker says nothing about the
    /// auditor, because a trace binds the result of a segment and not the operators before it. `Shard::step` decides whether this
    /// account may accuse.
    #[allow(clippy::too_many_arguments)]
    pub fn accuse(
        shard: &Shard,
        segment: Segment,
        challenger: Account,
        auditor: Account,
        position: u32,
        start: Option<&LeafProof>,
        end: &LeafProof,
        height: Height,
        params: &Params,
    ) -> Result<Self, DisputeError> {
        let liable = shard.liable().iter().find(|liable| liable.auditor == auditor);
        let liable = liable.ok_or(DisputeError::NoSuchSegment)?;
        let dispute = Self::open(shard, segment, challenger, position, start, end, height, params)?;
        if dispute.turn != Move::Trace {
            return Err(DisputeError::WrongStart);
        }
        let defendant = if liable.from_inputs { Defendant::Rerunner } else { Defendant::Auditor };
        Ok(Self { worker: auditor, defendant, ..dispute })
    }

    /// What the defendant has done, if the dispute ends like this and it lost.
    pub fn offence(&self, outcome: &Outcome) -> Option<OffenceKind> {
        match self.defendant {
            Defendant::Worker => worker_offence(outcome),
            Defendant::Auditor | Defendant::Rerunner => outcome.worker_lost().then_some(OffenceKind::WrongAudit),
        }
    }

    /// What its end is to the shard.
    pub fn verdict(&self, outcome: &Outcome) -> Event {
        match self.defendant {
            Defendant::Worker => Event::Resolved { challenger: self.challenger, worker_lost: worker_offence(outcome) },
            Defendant::Auditor | Defendant::Rerunner => {
                Event::Judged { auditor: self.worker, lost: outcome.worker_lost() }
            }
        }
    }

    /// The search of an auditor that runs the task from its inputs: up to the end that it confirmed.
    fn own_search(&self, program: &Checked) -> Option<Search> {
        let differs = Claimed { segment: self.index(program), id: self.end };
        let search = Search { agreed: None, differs };
        (self.defendant == Defendant::Rerunner && !search.probes().is_empty()).then_some(search)
    }

    /// The ids that the defendant owes or may show now are those of its ends of these segments of the task.
    pub fn probes(&self, program: &Checked) -> Vec<u32> {
        match self.turn {
            Move::Ids(search) => search.probes(),
            Move::Trace => self.own_search(program).map(|search| search.probes()).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// The segment's index in its task.
    fn index(&self, program: &Checked) -> u32 {
        match self.segment {
            Segment::Init => 0,
            Segment::Body(step) => step.saturating_add(1),
            Segment::Finish => program.program().segments().saturating_sub(1),
        }
    }

    /// Who owes the next move.
    pub fn owed_by(&self) -> &Account {
        match self.turn {
            Move::Trace | Move::Output { .. } | Move::Ids(_) | Move::Prove | Move::Part { .. } => &self.worker,
            Move::Name | Move::Convict { .. } | Move::Pick { .. } | Move::NamePart | Move::NameInPart { .. } => {
                &self.challenger
            }
        }
    }

    /// Applies a move at a height, where no deadline lags. What both parties agree on, see [`Self::agreed`].
    pub fn step(
        &self,
        play: Play,
        height: Height,
        params: &Params,
        program: &Checked,
        stage: &crate::inputs::StageContext,
    ) -> Result<Next, DisputeError> {
        self.step_at(play, height.into(), params, program, stage)
    }

    /// Applies a move.
    pub fn step_at(
        &self,
        play: Play,
        now: Moment,
        params: &Params,
        program: &Checked,
        stage: &crate::inputs::StageContext,
    ) -> Result<Next, DisputeError> {
        let (height, reached) = (now.height, now.reached());
        let next_by = height.saturating_add(self.move_blocks(program, stage, params));
        let goes_on = |turn: Move| Ok(Next::Open(Self { turn, by: next_by, ..self.clone() }));
        self.admits(&play, reached)?;
        match (&self.turn, play) {
            (_, Play::Expire) => self.expire(reached).map(Next::Closed),
            (Move::Trace, Play::Trace { trace, .. }) => {
                trace.check(program, self.segment.kind(), self.start, self.end)?;
                let trace = Some(Posted::Whole(trace));
                Ok(Next::Open(Self { trace, turn: Move::Name, by: next_by, ..self.clone() }))
            }
            (Move::Trace, Play::Outline { outline, .. }) => {
                outline.check(program, self.segment.kind(), self.start, self.end)?;
                let trace = Some(Posted::Outline(outline));
                Ok(Next::Open(Self { trace, turn: Move::NamePart, by: next_by, ..self.clone() }))
            }
            (Move::NamePart, Play::Demand { index, .. }) => {
                let parts = self.outline()?.parts.len();
                let part = u16::try_from(index).ok().filter(|part| usize::from(*part) < parts);
                goes_on(Move::Part { part: part.ok_or(DisputeError::NoSuchElement)? })
            }
            (Move::Part { part }, Play::Chunk { bytes }) => {
                let ids = self.outline()?.open(program, self.segment.kind(), *part, &bytes)?;
                goes_on(Move::NameInPart { part: *part, ids })
            }
            (Move::NameInPart { part, ids }, Play::NameInPart { op, earlier, .. }) => {
                let named = self.outline()?.name(program, self.segment.kind(), (*part, ids), op, &earlier)?;
                Self { trace: Some(Posted::Named(named)), by: next_by, ..self.clone() }
                    .named(op, program)
                    .map(Next::Open)
            }
            (Move::Ids(search), Play::Ids { ids, .. }) => {
                if ids.len() != search.probes().len() {
                    return Err(DisputeError::IdCount);
                }
                let ids = ids.try_into().map_err(|_| DisputeError::IdCount)?;
                let (turn, by) =
                    (Move::Pick { search: *search, ids }, self.by_after_rerun(search, next_by, program, params));
                Ok(Next::Open(Self { turn, by, ..self.clone() }))
            }
            (Move::Trace, Play::Ids { ids, .. }) => {
                let search = self.own_search(program).ok_or(DisputeError::WrongMove)?;
                if ids.len() != search.probes().len() {
                    return Err(DisputeError::IdCount);
                }
                let ids = ids.try_into().map_err(|_| DisputeError::IdCount)?;
                let (turn, by) = (Move::Pick { search, ids }, self.by_after_rerun(&search, next_by, program, params));
                Ok(Next::Open(Self { turn, by, ..self.clone() }))
            }
            (Move::Pick { search, ids }, Play::Pick { index, .. }) => {
                let search = search.narrowed(ids, index).ok_or(DisputeError::NoSuchElement)?;
                if !search.probes().is_empty() {
                    return goes_on(Move::Ids(search));
                }
                self.found(&search, program).map(|found| Next::Open(Self { by: next_by, ..found }))
            }
            (Move::Prove, Play::Prove { start, end }) => {
                self.check_ends(start.as_ref(), &end)?;
                goes_on(Move::Trace)
            }
            (Move::Name, Play::Name { op, .. }) => {
                Self { by: next_by, ..self.clone() }.named(op, program).map(Next::Open)
            }
            // Once a chunk is on chain there is nothing left to ask for: the challenger convicts or loses.
            (Move::Convict { op, shown, chunk: None }, Play::Demand { index, .. }) => {
                let node = *shown.get(index as usize).ok_or(DisputeError::NoSuchElement)?;
                goes_on(Move::Output { op: *op, node })
            }
            (Move::Output { op, node }, Play::Subtrees { values, .. }) => {
                let (_, len) = self.output(*op, program).ok_or(DisputeError::NoSuchElement)?;
                if node.chunks <= 1 {
                    return Err(DisputeError::WrongMove);
                }
                let shown = slice::verify_subtrees(len, node.node(), &node.value, &values);
                let shown = shown.map_err(DisputeError::BadOutput)?.into_iter().map(|(node, value)| Shown {
                    first_chunk: node.first_chunk,
                    chunks: node.chunks,
                    value,
                });
                let shown = shown.collect::<Vec<_>>().try_into().map_err(|_| DisputeError::NoSuchElement)?;
                goes_on(Move::Convict { op: *op, shown, chunk: None })
            }
            (Move::Output { op, node }, Play::Chunk { bytes, .. }) => {
                let (_, len) = self.output(*op, program).ok_or(DisputeError::NoSuchElement)?;
                if node.chunks > 1 {
                    return Err(DisputeError::WrongMove);
                }
                slice::verify_chunk(len, node.first_chunk, &node.value, &bytes).map_err(DisputeError::BadOutput)?;
                let bytes = bytes.try_into().map_err(|_| DisputeError::NoSuchElement)?;
                goes_on(Move::Convict {
                    op: *op,
                    shown: BoundedVec::truncate_from(alloc::vec![*node]),
                    chunk: Some((node.first_chunk, bytes)),
                })
            }
            (Move::Convict { op, chunk, .. }, Play::Convict { element, output, reads, .. }) => {
                let agreed = self.agreed(program, stage)?;
                let ty = agreed.output_type(*op).ok_or(DisputeError::NoSuchElement)?;
                let width = ty.dtype.bytes();
                let first = element.checked_mul(width).filter(|_| element < ty.elements());
                let first = first.ok_or(DisputeError::NoSuchElement)?;
                let range = first..first.saturating_add(width);
                let claimed = match (output, chunk) {
                    (Some(proof), _) => {
                        let (id, len) = self.output(*op, program).ok_or(DisputeError::NoSuchElement)?;
                        let slice = slice::verify(&id, len, range.clone(), &proof).map_err(DisputeError::BadOutput)?;
                        slice.bytes(range).ok_or(DisputeError::NotShown)?.to_vec()
                    }
                    (None, Some((chunk, bytes))) => {
                        let start = first.checked_sub(chunk.saturating_mul(slice::CHUNK_LEN));
                        let start =
                            start.and_then(|start| usize::try_from(start).ok()).ok_or(DisputeError::NotShown)?;
                        let end = start.saturating_add(width as usize);
                        bytes.get(start..end).ok_or(DisputeError::NotShown)?.to_vec()
                    }
                    (None, None) => return Err(DisputeError::NotShown),
                };
                let expected = agreed.recompute(*op, element, &reads).map_err(DisputeError::Referee)?;
                let mut canonical = Vec::with_capacity(width as usize);
                encode_element(ty.dtype, expected, &mut canonical);
                // Bytes, not values: an i8 stored as -128 reads like -127 but gives another id, and an honest auditor who
                // noticed it must not be the one who pays.
                Ok(Next::Closed(if claimed == canonical {
                    Outcome::Refuted { op: *op, element, value: expected }
                } else {
                    let claimed = claimed.iter().rev().fold(0u32, |word, byte| (word << 8) | u32::from(*byte));
                    Outcome::WrongElement { op: *op, element, claimed, expected }
                }))
            }
            (Move::Convict { op, .. }, Play::ConvictLength { len, proof, .. }) => {
                let (id, expected) = self.output(*op, program).ok_or(DisputeError::NoSuchElement)?;
                if len == expected {
                    return Err(DisputeError::RightLength);
                }
                slice::verify_length(&id, len, &proof).map_err(DisputeError::BadOutput)?;
                Ok(Next::Closed(Outcome::WrongLength { op: *op, len, expected }))
            }
            _ => Err(DisputeError::WrongMove),
        }
    }

    /// What both parties agree on once the trace is posted.
    pub fn agreed<'a>(
        &'a self,
        program: &'a Checked,
        stage: &'a crate::inputs::StageContext,
    ) -> Result<Agreed<'a>, DisputeError> {
        let trace = self.trace.as_ref().ok_or(DisputeError::WrongMove)?;
        Ok(Agreed { program, stage, task: self.task, segment: self.segment, trace })
    }

    /// Id and length in bytes of the output of an operator, as the trace and the program have it.
    pub fn output(&self, op: u16, program: &Checked) -> Option<(BlobId, u64)> {
        let id = self.trace.as_ref()?.output(op)?;
        Some((id, program.types(self.segment.kind()).get(usize::from(op))?.bytes()))
    }

    /// This operator is named: the challenger goes on.
    fn named(self, op: u16, program: &Checked) -> Result<Self, DisputeError> {
        let (id, len) = self.output(op, program).ok_or(DisputeError::NoSuchElement)?;
        let root = Node::root(len);
        let shown = Shown { first_chunk: root.first_chunk, chunks: root.chunks, value: id.0 };
        let shown = BoundedVec::truncate_from(alloc::vec![shown]);
        Ok(Self { turn: Move::Convict { op, shown, chunk: None }, ..self })
    }

    fn outline(&self) -> Result<&Outline, DisputeError> {
        match &self.trace {
            Some(Posted::Outline(outline)) => Ok(outline),
            _ => Err(DisputeError::WrongMove),
        }
    }

    /// How the dispute ends because its deadline has passed: `height` is that of a block where no deadline lags, or
    /// [`Moment::reached`].
    pub fn expire(&self, height: Height) -> Result<Outcome, DisputeError> {
        if height <= self.by {
            return Err(DisputeError::NothingDue);
        }
        let worker = *self.owed_by() == self.worker;
        Ok(if worker { Outcome::WorkerSilent } else { Outcome::ChallengerSilent })
    }

    /// Blocks for a move: either party may have to fetch what the segment reads and run it again.
    fn move_blocks(&self, program: &Checked, stage: &crate::inputs::StageContext, params: &Params) -> Height {
        let cut = |input: &Input| match input {
            Input::Slice { blob, .. } | Input::List(blob) => blob.len,
            _ => 0,
        };
        let summary = program.summary();
        let read = summary.fixed_bytes.saturating_add(summary.state_bytes);
        let bytes = stage.stage.inputs.iter().map(cut).fold(read, u64::saturating_add);
        params.move_blocks(self.work(program)).saturating_add(params.transfer_blocks(bytes))
    }

    /// Last height for picking an id. Who accuses an auditor has run no more than what was drawn, so it has time for all that leads
    /// to the end that differs; a worker's challenger has run the task already.
    fn by_after_rerun(&self, search: &Search, by: Height, program: &Checked, params: &Params) -> Height {
        if self.defendant == Defendant::Worker {
            return by;
        }
        let summary = program.summary();
        let body = work(summary.macs_body, summary.moved_body).saturating_mul(search.differs.segment.into());
        let before = work(summary.macs_init, summary.moved_init).saturating_add(body);
        by.saturating_add(params.work_blocks(before))
    }

    fn work(&self, program: &Checked) -> u64 {
        let summary = program.summary();
        match self.segment {
            Segment::Init => work(summary.macs_init, summary.moved_init),
            Segment::Body(_) => work(summary.macs_body, summary.moved_body),
            Segment::Finish => work(summary.macs_finish, summary.moved_finish),
        }
    }

    /// The search has ended: the dispute is about the segment between the two ends, which the worker has to prove.
    fn found(&self, search: &Search, program: &Checked) -> Result<Self, DisputeError> {
        let Search { agreed, differs } = *search;
        let behind = self.index(program).checked_sub(differs.segment).ok_or(DisputeError::NoSuchSegment)?;
        Ok(Self {
            position: self.position.checked_sub(behind).ok_or(DisputeError::NoSuchSegment)?,
            segment: program.program().segment(differs.segment).ok_or(DisputeError::NoSuchSegment)?,
            start: agreed.map(|agreed| agreed.id),
            end: differs.id,
            // What an auditor has named it committed to nowhere: there is nothing that could prove it, and its trace must lead from
            // the one to the other.
            turn: if self.defendant == Defendant::Worker { Move::Prove } else { Move::Trace },
            defendant: if self.defendant == Defendant::Worker { Defendant::Worker } else { Defendant::Auditor },
            ..self.clone()
        })
    }

    /// The ends that the worker has named are those behind its root.
    fn check_ends(&self, start: Option<&LeafProof>, end: &LeafProof) -> Result<(), DisputeError> {
        let proven = |proof: &LeafProof, position: u32, named: BlobId| {
            let id = proof.verify(&self.root, self.leaves, &self.worker, &self.shard, position);
            match id.map_err(DisputeError::BadLeaf)? {
                id if id == named => Ok(()),
                _ => Err(DisputeError::IdMismatch),
            }
        };
        match (self.start, start) {
            (None, None) => {}
            (Some(named), Some(proof)) => proven(proof, self.position.saturating_sub(1), named)?,
            _ => return Err(DisputeError::WrongStart),
        }
        proven(end, self.position, self.end)
    }

    /// Whether this move may be made now, by this account: cheap, and to be asked before anything is read for the move.
    /// What a proof authenticates may come from anybody. `height` as in [`Self::expire`].
    pub fn admits(&self, play: &Play, height: Height) -> Result<(), DisputeError> {
        let by = match (&self.turn, play) {
            (_, Play::Expire) => return self.expire(height).map(drop),
            (Move::Output { .. }, Play::Subtrees { .. } | Play::Chunk { .. }) | (Move::Prove, Play::Prove { .. }) => {
                self.owed_by()
            }
            (Move::Part { .. }, Play::Chunk { .. }) => self.owed_by(),
            (Move::Trace, Play::Outline { by, .. })
            | (Move::NamePart, Play::Demand { by, .. })
            | (Move::NameInPart { .. }, Play::NameInPart { by, .. }) => by,
            (Move::Trace, Play::Ids { by, .. }) if self.defendant == Defendant::Rerunner => by,
            (Move::Ids(_), Play::Ids { by, .. }) | (Move::Pick { .. }, Play::Pick { by, .. }) => by,
            (Move::Trace, Play::Trace { by, .. })
            | (Move::Name, Play::Name { by, .. })
            | (Move::Convict { chunk: None, .. }, Play::Demand { by, .. })
            | (Move::Convict { .. }, Play::Convict { by, .. } | Play::ConvictLength { by, .. }) => by,
            _ => return Err(DisputeError::WrongMove),
        };
        self.owed(by, height)
    }

    fn owed(&self, who: &Account, height: Height) -> Result<(), DisputeError> {
        if self.owed_by() != who {
            return Err(DisputeError::NotYours);
        }
        if height > self.by {
            return Err(DisputeError::TooLate);
        }
        Ok(())
    }
}
