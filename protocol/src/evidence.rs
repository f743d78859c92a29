// SPDX-License-Identifier: Apache-2.0
//! What a challenger needs besides the rules: where its results differ from the worker's, and the proofs that the referee
//! wants to see. Builds proofs only; [`crate::dispute`] and [`crate::referee`] judge them.

use crate::{
    dispute::{Play, Shown},
    inputs::{Link, Located, Origin, Part, StageContext},
    referee::ReadProof,
};
use alloc::{borrow::Cow, vec::Vec};
use quern_primitives::{
    slice::{self, Node, SliceProof, CHUNK_LEN},
    Account, BlobId,
};
use quern_program::{decode_element, Checked, Segment, TensorType, Value};

/// What a challenger holds of a disputed segment: the bytes as they are served, not made canonical.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The program.
    pub program: &'a Checked,
    /// The stage and what it reads.
    pub stage: &'a StageContext,
    /// The task.
    pub task: u32,
    /// The segment.
    pub segment: Segment,
    /// The state tensors that the segment starts from.
    pub state: &'a [&'a [u8]],
    /// The challenger's own outputs of the segment's operators, in order. Before the first that differs they are the
    /// worker's too.
    pub outputs: &'a [&'a [u8]],
}

/// How a conviction is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conviction {
    /// An element differs.
    Element {
        /// The element of the operator's output.
        element: u64,
        /// Proof of the worker's element; none when its chunk is on chain.
        output: Option<SliceProof>,
        /// Proofs of what the element reads.
        reads: Vec<ReadProof>,
    },
    /// The output has another length.
    Length {
        /// Its real length in bytes.
        len: u64,
        /// Proof of its final chunk.
        proof: SliceProof,
    },
}

impl Conviction {
    /// The move of the challenger `by`.
    pub fn play(self, by: Account) -> Play {
        match self {
            Self::Element { element, output, reads } => Play::Convict { by, element, output, reads },
            Self::Length { len, proof } => Play::ConvictLength { by, len, proof },
        }
    }
}

/// Why no evidence could be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceError {
    /// There is no such operator or element.
    NoSuchElement,
    /// A tensor of the state or of the trace is missing or has another length than the program gives it.
    Tensor(Value),
    /// The blob behind a part of this input was not supplied.
    Input(u16),
    /// The blob behind a part of this input does not belong to the link that came with it.
    WrongBlob(u16),
    /// Nothing differs.
    NothingDiffers,
}

impl core::fmt::Display for EvidenceError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NoSuchElement => f.write_str("there is no such operator or element"),
            Self::Tensor(value) => write!(f, "{value:?} is missing or has another length than the program gives it"),
            Self::Input(slot) => write!(f, "a blob behind input {slot} is missing"),
            Self::WrongBlob(slot) => write!(f, "a blob behind input {slot} is not the one that its link shows"),
            Self::NothingDiffers => f.write_str("nothing differs"),
        }
    }
}

impl core::error::Error for EvidenceError {}

/// The first operator of a trace whose output differs.
pub fn differing_operator(worker: &[BlobId], own: &[BlobId]) -> Option<u16> {
    (0u16..).zip(worker.iter().zip(own)).find_map(|(op, (worker, own))| (worker != own).then_some(op))
}

/// Which of the nodes that are shown of an output (of consecutive chunks, as in a dispute) differs from `own`.
pub fn differing_node(own: &[u8], shown: &[Shown]) -> Option<u32> {
    let first = shown.first()?;
    if shown.len() == 1 {
        return Some(0);
    }
    let chunks = shown.iter().fold(0u64, |sum, node| sum.saturating_add(node.chunks));
    let values = slice::open_subtrees(own, Node { first_chunk: first.first_chunk, chunks }).ok()?;
    (0u32..).zip(shown.iter().zip(&values)).find_map(|(index, (shown, own))| (shown.value != *own).then_some(index))
}

/// The first element within chunk `chunk` whose bytes in `worker` (that chunk alone) differ from those in `own` (the whole
/// output).
pub fn differing_element(ty: TensorType, own: &[u8], chunk: u64, worker: &[u8]) -> Option<u64> {
    let start = chunk.checked_mul(CHUNK_LEN)?;
    let own = own.get(usize::try_from(start).ok()?..)?;
    let at = own.iter().zip(worker).position(|(own, worker)| own != worker)?;
    start.checked_add(at as u64)?.checked_div(ty.dtype.bytes())
}

impl<'a> Evidence<'a> {
    /// The conviction of the worker's output of operator `op`, the first that differs from the challenger's own. `blob` is
    /// asked as by [`Self::reads`].
    pub fn convict<'b, F>(&self, op: u16, worker: &[u8], blob: F) -> Result<Conviction, EvidenceError>
    where
        F: FnMut(u16, &Part) -> Option<(Link, Cow<'b, [u8]>)>,
    {
        let (ty, own) = self.own(op)?;
        let len = worker.len() as u64;
        if len != ty.bytes() {
            return Ok(Conviction::Length { len, proof: slice::prove_length(worker) });
        }
        let at = own.iter().zip(worker).position(|(own, worker)| own != worker);
        let at = at.ok_or(EvidenceError::NothingDiffers)? as u64;
        let element = at.checked_div(ty.dtype.bytes()).ok_or(EvidenceError::NoSuchElement)?;
        let start = element.saturating_mul(ty.dtype.bytes());
        let output = slice::prove(worker, start..start.saturating_add(ty.dtype.bytes()));
        Ok(Conviction::Element { element, output: Some(output), reads: self.reads(op, element, blob)? })
    }

    /// The conviction when the worker has shown a chunk of its output on chain.
    pub fn convict_chunk<'b, F>(&self, op: u16, chunk: u64, worker: &[u8], blob: F) -> Result<Conviction, EvidenceError>
    where
        F: FnMut(u16, &Part) -> Option<(Link, Cow<'b, [u8]>)>,
    {
        let (ty, own) = self.own(op)?;
        let element = differing_element(ty, own, chunk, worker).ok_or(EvidenceError::NothingDiffers)?;
        Ok(Conviction::Element { element, output: None, reads: self.reads(op, element, blob)? })
    }

    /// Proofs of everything that element `element` of operator `op` reads and the chain does not know. `blob(input, part)`
    /// gives the whole blob that a part of an input lies in, with what links its id to the chain; it is asked once for
    /// each part.
    pub fn reads<'b, F>(&self, op: u16, element: u64, blob: F) -> Result<Vec<ReadProof>, EvidenceError>
    where
        F: FnMut(u16, &Part) -> Option<(Link, Cow<'b, [u8]>)>,
    {
        let kind = self.segment.kind();
        let operator = self.program.program().block(kind).get(usize::from(op)).ok_or(EvidenceError::NoSuchElement)?;
        let context = self.stage.context(self.task).at(self.segment);
        let call = self.program.call(kind, op, &context).ok_or(EvidenceError::NoSuchElement)?;
        if element >= call.output.elements() {
            return Err(EvidenceError::NoSuchElement);
        }
        let mut source = Source { evidence: self, blob, known: Vec::new() };
        let runs = call.reads(element, &mut |arg, index| {
            let (value, ty) = operator.args.get(arg).zip(call.args.get(arg)).ok_or(EvidenceError::NoSuchElement)?;
            source.element(*value, *ty, index)
        })?;
        let mut proofs = Vec::new();
        for (arg, run) in runs {
            let (value, ty) = operator.args.get(arg).zip(call.args.get(arg)).ok_or(EvidenceError::NoSuchElement)?;
            let width = ty.dtype.bytes();
            let (start, end) = (run.start.saturating_mul(width), run.end.saturating_mul(width));
            let arg = u8::try_from(arg).map_err(|_| EvidenceError::NoSuchElement)?;
            source.prove(arg, *value, *ty, start, end, &mut proofs)?;
        }
        Ok(proofs)
    }

    fn own(&self, op: u16) -> Result<(TensorType, &'a [u8]), EvidenceError> {
        let ty = self.program.types(self.segment.kind()).get(usize::from(op)).ok_or(EvidenceError::NoSuchElement)?;
        Ok((*ty, self.tensor(Value::Op(op), *ty)?))
    }

    fn tensor(&self, value: Value, ty: TensorType) -> Result<&'a [u8], EvidenceError> {
        let tensor = match value {
            Value::State(index) => self.state.get(usize::from(index)),
            Value::Op(index) => self.outputs.get(usize::from(index)),
            _ => None,
        };
        tensor.copied().filter(|bytes| bytes.len() as u64 == ty.bytes()).ok_or(EvidenceError::Tensor(value))
    }
}

/// A part of an input and the blob that it lies in.
struct Known<'b> {
    slot: u16,
    part: Part,
    link: Link,
    located: Located,
    blob: Cow<'b, [u8]>,
}

/// Reads elements, and keeps the blobs of inputs that it was given.
struct Source<'s, 'a, 'b, F> {
    evidence: &'s Evidence<'a>,
    blob: F,
    known: Vec<Known<'b>>,
}

impl<'b, F> Source<'_, '_, 'b, F>
where
    F: FnMut(u16, &Part) -> Option<(Link, Cow<'b, [u8]>)>,
{
    fn element(&mut self, value: Value, ty: TensorType, index: u64) -> Result<i32, EvidenceError> {
        let program = self.evidence.program.program();
        let slot = match value {
            Value::Const(constant) => {
                let constant = program.constants.get(usize::from(constant)).ok_or(EvidenceError::NoSuchElement)?;
                return Ok(decode_element(ty.dtype, &constant.bytes, index));
            }
            Value::Step => {
                return Ok(decode_element(ty.dtype, &self.evidence.segment.step().to_le_bytes(), index));
            }
            Value::State(_) | Value::Op(_) => {
                return Ok(decode_element(ty.dtype, self.evidence.tensor(value, ty)?, index));
            }
            Value::Input(slot) => slot,
        };
        let width = ty.dtype.bytes();
        let first = index.checked_mul(width).ok_or(EvidenceError::NoSuchElement)?;
        let mut bytes = [0u8; 4];
        for (byte, at) in bytes.iter_mut().zip(first..first.saturating_add(width)) {
            *byte = self.input_byte(slot, ty, at)?;
        }
        Ok(decode_element(ty.dtype, &bytes, 0))
    }

    fn input_byte(&mut self, slot: u16, ty: TensorType, at: u64) -> Result<u8, EvidenceError> {
        let byte = |bytes: &[u8], at: u64| usize::try_from(at).ok().and_then(|at| bytes.get(at).copied());
        let near = self.known.iter().find(|known| known.slot == slot && holds(&known.part, at));
        if let Some(known) = near {
            let at = at.saturating_sub(known.part.start).saturating_add(known.located.offset);
            return Ok(byte(&known.blob, at).unwrap_or(0));
        }
        let Some(part) = self.evidence.stage.part(slot, self.evidence.task, ty.bytes(), at) else {
            return Ok(0);
        };
        if let Origin::Inline(bytes) = &part.origin {
            return Ok(byte(bytes, at.saturating_sub(part.start)).unwrap_or(0));
        }
        let known = self.open(slot, part)?;
        let at = at.saturating_sub(known.part.start).saturating_add(known.located.offset);
        Ok(byte(&known.blob, at).unwrap_or(0))
    }

    fn open(&mut self, slot: u16, part: Part) -> Result<&Known<'b>, EvidenceError> {
        let known = self.known.iter().position(|known| known.slot == slot && known.part.start == part.start);
        let index = match known {
            Some(index) => index,
            None => {
                let (link, blob) = (self.blob)(slot, &part).ok_or(EvidenceError::Input(slot))?;
                let located = part.origin.locate(&link).map_err(|_| EvidenceError::WrongBlob(slot))?;
                if located.blob.len != blob.len() as u64 {
                    return Err(EvidenceError::WrongBlob(slot));
                }
                self.known.push(Known { slot, part, link, located, blob });
                self.known.len().saturating_sub(1)
            }
        };
        self.known.get(index).ok_or(EvidenceError::Input(slot))
    }

    /// Proves bytes `start..end` of an argument, each part of an input apart.
    fn prove(
        &mut self,
        arg: u8,
        value: Value,
        ty: TensorType,
        start: u64,
        end: u64,
        proofs: &mut Vec<ReadProof>,
    ) -> Result<(), EvidenceError> {
        let len = |len: u64| u32::try_from(len).map_err(|_| EvidenceError::NoSuchElement);
        match value {
            Value::Const(_) | Value::Step => {}
            Value::State(_) | Value::Op(_) => {
                let proof = slice::prove(self.evidence.tensor(value, ty)?, start..end);
                let len = len(end.saturating_sub(start))?;
                proofs.push(ReadProof { arg, start, len, link: Link::Known, proof });
            }
            Value::Input(slot) => {
                let mut at = start;
                while at < end {
                    let Some(part) = self.evidence.stage.part(slot, self.evidence.task, ty.bytes(), at) else {
                        break;
                    };
                    let until = part.end().min(end);
                    if !matches!(part.origin, Origin::Inline(_)) {
                        let known = self.open(slot, part)?;
                        let first = at.saturating_sub(known.part.start).saturating_add(known.located.offset);
                        let run = until.saturating_sub(at);
                        let proof = slice::prove(&known.blob, first..first.saturating_add(run));
                        proofs.push(ReadProof { arg, start: at, len: len(run)?, link: known.link.clone(), proof });
                    }
                    at = until;
                }
            }
        }
        Ok(())
    }
}

fn holds(part: &Part, at: u64) -> bool {
    part.start <= at && at < part.end()
}
