// SPDX-License-Identifier: Apache-2.0
//! The referee: recomputes one output element of one operator from proven inputs.

use crate::{
    dispute::Posted,
    inputs::{Link, LinkError, Located, Origin, StageContext},
};
use alloc::vec::Vec;
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode};
use quern_primitives::{
    job::Blob,
    slice::{self, SliceError, SliceProof},
    BlobId,
};
use quern_program::{decode_element, Checked, Segment, TensorType, Value};
use scale_info::TypeInfo;

/// Most contiguous runs of input bytes that are proven for one element. The widest operator is a column sum over the
/// outputs of a stage, one run a task.
pub const MAX_READS: u32 = 64;

/// Proof of a contiguous run of bytes of one argument of an operator.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct ReadProof {
    /// Which argument of the operator.
    pub arg: u8,
    /// First byte, counted in the argument's tensor.
    pub start: u64,
    /// Number of bytes.
    pub len: u32,
    /// How the id of the blob is known.
    pub link: Link,
    /// Slice proof of the bytes in that blob.
    pub proof: SliceProof,
}

/// The input proofs of one element.
pub type ReadProofs = BoundedVec<ReadProof, ConstU32<MAX_READS>>;

/// Why a recomputation is refused. Nothing was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefereeError {
    /// The segment, operator, argument or element does not exist.
    NoSuchElement,
    /// An input proof fails.
    BadProof(SliceError),
    /// The blob behind an input is not shown.
    BadLink(LinkError),
    /// The element reads a byte that no proof shows.
    NotProven,
    /// A proof is for bytes that lie outside its argument or span two of its parts.
    OutOfRange,
}

/// What both parties of a dispute agree on.
pub struct Agreed<'a> {
    /// The program.
    pub program: &'a Checked,
    /// The stage and what it reads.
    pub stage: &'a StageContext,
    /// The task.
    pub task: u32,
    /// The segment.
    pub segment: Segment,
    /// Ids of the tensors of the checkpoint that the segment starts from, and of the outputs of its operators.
    pub trace: &'a Posted,
}

impl Agreed<'_> {
    /// The type of the output of an operator of the segment.
    pub fn output_type(&self, op: u16) -> Option<TensorType> {
        self.program.types(self.segment.kind()).get(usize::from(op)).copied()
    }

    /// What element `index` of the output of operator `op` has to be.
    pub fn recompute(&self, op: u16, index: u64, proofs: &[ReadProof]) -> Result<i32, RefereeError> {
        let kind = self.segment.kind();
        let operator = self.program.program().block(kind).get(usize::from(op)).ok_or(RefereeError::NoSuchElement)?;
        let output = self.output_type(op).ok_or(RefereeError::NoSuchElement)?;
        if index >= output.elements() {
            return Err(RefereeError::NoSuchElement);
        }
        let args = operator.args.iter().map(|value| Some((*value, self.program.value_type(kind, *value)?)));
        let args: Vec<(Value, TensorType)> = args.collect::<Option<_>>().ok_or(RefereeError::NoSuchElement)?;
        let windows = proofs.iter().map(|proof| self.window(&args, proof)).collect::<Result<Vec<_>, _>>()?;
        let context = self.stage.context(self.task).at(self.segment);
        let mut read = |arg: usize, element: u64| {
            let (value, ty) = args.get(arg).ok_or(RefereeError::NoSuchElement)?;
            let width = ty.dtype.bytes();
            let first = element.checked_mul(width).ok_or(RefereeError::NoSuchElement)?;
            let mut bytes = [0u8; 4];
            for (byte, at) in bytes.iter_mut().zip(first..first.saturating_add(width)) {
                *byte = self.byte(arg, *value, ty, at, &windows)?;
            }
            Ok(decode_element(ty.dtype, &bytes, 0))
        };
        let call = self.program.call(kind, op, &context).ok_or(RefereeError::NoSuchElement)?;
        call.element(index, &mut read)
    }

    fn window(&self, args: &[(Value, TensorType)], proof: &ReadProof) -> Result<Window, RefereeError> {
        let (value, ty) = args.get(usize::from(proof.arg)).ok_or(RefereeError::NoSuchElement)?;
        let end = proof.start.checked_add(u64::from(proof.len)).ok_or(RefereeError::OutOfRange)?;
        let whole = |id: &BlobId| Located { blob: Blob { id: *id, len: ty.bytes() }, offset: 0 };
        let (located, part_start, part_end) = match *value {
            Value::Op(op) => (self.trace.output(op).as_ref().map(whole), 0, ty.bytes()),
            Value::State(state) => (self.trace.state().get(usize::from(state)).map(whole), 0, ty.bytes()),
            Value::Input(slot) => {
                let part = self.stage.part(slot, self.task, ty.bytes(), proof.start).ok_or(RefereeError::OutOfRange)?;
                let located = part.origin.locate(&proof.link).map_err(RefereeError::BadLink)?;
                (Some(located), part.start, part.end())
            }
            Value::Const(_) | Value::Step => return Err(RefereeError::OutOfRange),
        };
        let located = located.ok_or(RefereeError::NoSuchElement)?;
        if end > part_end {
            return Err(RefereeError::OutOfRange);
        }
        let start = proof.start.saturating_sub(part_start).saturating_add(located.offset);
        let range = start..start.saturating_add(u64::from(proof.len));
        let slice = slice::verify(&located.blob.id, located.blob.len, range.clone(), &proof.proof);
        let bytes = slice.map_err(RefereeError::BadProof)?.bytes(range).ok_or(RefereeError::NotProven)?.to_vec();
        Ok(Window { arg: usize::from(proof.arg), start: proof.start, bytes })
    }

    fn byte(&self, arg: usize, value: Value, ty: &TensorType, at: u64, windows: &[Window]) -> Result<u8, RefereeError> {
        let inline =
            |bytes: &[u8], at: u64| usize::try_from(at).ok().and_then(|at| bytes.get(at).copied()).unwrap_or(0);
        match value {
            Value::Const(index) => {
                let constant = self.program.program().constants.get(usize::from(index));
                return Ok(inline(&constant.ok_or(RefereeError::NoSuchElement)?.bytes, at));
            }
            Value::Step => return Ok(inline(&self.segment.step().to_le_bytes(), at)),
            Value::Input(slot) => match self.stage.part(slot, self.task, ty.bytes(), at) {
                None => return Ok(0),
                Some(part) => {
                    if let Origin::Inline(bytes) = part.origin {
                        return Ok(inline(&bytes, at.saturating_sub(part.start)));
                    }
                }
            },
            Value::Op(_) | Value::State(_) => {}
        }
        windows.iter().find_map(|window| window.byte(arg, at)).ok_or(RefereeError::NotProven)
    }
}

struct Window {
    arg: usize,
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    fn byte(&self, arg: usize, at: u64) -> Option<u8> {
        let offset = usize::try_from(at.checked_sub(self.start)?).ok()?;
        (self.arg == arg).then(|| self.bytes.get(offset).copied()).flatten()
    }
}
