// SPDX-License-Identifier: Apache-2.0
//! What makes a program valid, and what it costs.

use crate::{
    ops::{self, Call, TypeError},
    proof::{link_bytes, worst_proof_bytes, MAX_INPUT_BLOB_BYTES},
    segment, segments, Constant, Context, DType, Op, OpKind, Program, Segment, SegmentKind, Shape, TensorType, Value,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeAll, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use quern_primitives::{job::MAX_STAGE_INPUTS, BlobId};
use scale_info::TypeInfo;

/// Most bytes of an encoded program: what a publication puts into a block and under a deposit.
pub const MAX_PROGRAM_BYTES: usize = 64 << 10;
/// Most operators of a program, which may all be in one block: the outline of a longer trace would be longer.
pub const MAX_OPERATORS: usize = 4_096;
/// Most values that an operator reads.
pub const MAX_ARGUMENTS: usize = ops::MAX_CONCAT;
/// Most inputs: as many as a stage may name.
pub const MAX_INPUTS: usize = MAX_STAGE_INPUTS as usize;
/// Most constants.
pub const MAX_CONSTANTS: usize = 1_024;
/// Most tensors of a carried state.
pub const MAX_STATE: usize = 256;
/// Most loop steps: the segments of a task fit the leaves of a shard.
pub const MAX_STEPS: u32 = quern_primitives::job::MAX_LEAVES - 2;
/// Most bytes of a tensor: half of what WebGPU binds by default.
pub const MAX_TENSOR_BYTES: u64 = 64 << 20;
/// Most bytes of all tensors of a segment together.
pub const MAX_MEMORY_BYTES: u64 = 8 << 30;
/// Most bytes of all slice proofs by which one element is recomputed on chain.
pub const MAX_CONVICTION_BYTES: u64 = 32 << 10;

/// Why an operator is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorError {
    /// It reads a value that does not exist or comes later.
    UnknownValue(Value),
    /// It reads a value that its block does not have: a state in init, the step outside the body.
    ValueNotInBlock(Value),
    /// It does not accept its arguments.
    Type(TypeError),
    /// Its output has an empty dimension.
    EmptyDimension,
    /// Its output is larger than [`MAX_TENSOR_BYTES`].
    TooLarge,
    /// The proofs for one element take this many bytes, more than [`MAX_CONVICTION_BYTES`].
    TooWide(u64),
}

impl fmt::Display for OperatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownValue(value) => write!(f, "{value:?} does not exist here"),
            Self::ValueNotInBlock(value) => write!(f, "{value:?} cannot be read in this block"),
            Self::Type(error) => error.fmt(f),
            Self::EmptyDimension => f.write_str("the output has an empty dimension"),
            Self::TooLarge => write!(f, "the output is larger than {MAX_TENSOR_BYTES} bytes"),
            Self::TooWide(bytes) => {
                write!(f, "one element needs {bytes} bytes of proofs, more than {MAX_CONVICTION_BYTES}")
            }
        }
    }
}

/// Why a program is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramError {
    /// Its encoding is longer than [`MAX_PROGRAM_BYTES`].
    TooLong,
    /// The bytes are no encoding of a program, or more follow.
    Encoding,
    /// More than [`MAX_OPERATORS`].
    TooManyOperators,
    /// More than [`MAX_INPUTS`].
    TooManyInputs,
    /// More than [`MAX_CONSTANTS`].
    TooManyConstants,
    /// More than [`MAX_STATE`].
    TooManyStates,
    /// More than [`MAX_STEPS`].
    TooManySteps,
    /// The input has an empty dimension or is larger than [`MAX_TENSOR_BYTES`].
    InputSize(u16),
    /// The constant has an empty dimension or is larger than [`MAX_TENSOR_BYTES`].
    ConstantSize(u16),
    /// The constant's bytes are not as many as its type says.
    ConstantLength(u16),
    /// There are no loop steps, but parts of a loop.
    LoopWithoutSteps,
    /// There are loop steps, but no state or no body.
    LoopWithoutBody,
    /// `state` and `next` differ in length.
    StateCount,
    /// This value of `state` is no output of init.
    StateNotOutput(u16),
    /// This value of `next` is neither an output of the body nor a state.
    NextNotOutput(u16),
    /// This value of `next` has another type than that of `state`.
    StateType(u16),
    /// `output` is no output of finish.
    OutputNotOutput,
    /// An operator is not valid.
    Operator {
        /// Its block.
        block: SegmentKind,
        /// Its index in the block.
        op: u16,
        /// Why.
        error: OperatorError,
    },
    /// The tensors of a segment take more than [`MAX_MEMORY_BYTES`].
    TooMuchMemory,
    /// The cost does not fit 64 bits.
    CostOverflow,
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "the program is longer than {MAX_PROGRAM_BYTES} bytes"),
            Self::Encoding => f.write_str("the bytes are not the encoding of a program"),
            Self::TooManyOperators => write!(f, "more than {MAX_OPERATORS} operators"),
            Self::TooManyInputs => write!(f, "more than {MAX_INPUTS} inputs"),
            Self::TooManyConstants => write!(f, "more than {MAX_CONSTANTS} constants"),
            Self::TooManyStates => write!(f, "more than {MAX_STATE} state tensors"),
            Self::TooManySteps => write!(f, "more than {MAX_STEPS} loop steps"),
            Self::InputSize(input) => write!(f, "input {input} is empty or larger than {MAX_TENSOR_BYTES} bytes"),
            Self::ConstantSize(constant) => {
                write!(f, "constant {constant} is empty or larger than {MAX_TENSOR_BYTES} bytes")
            }
            Self::ConstantLength(constant) => write!(f, "the bytes of constant {constant} do not match its type"),
            Self::LoopWithoutSteps => f.write_str("parts of a loop, but no steps"),
            Self::LoopWithoutBody => f.write_str("loop steps, but no state or no body"),
            Self::StateCount => f.write_str("state and next differ in length"),
            Self::StateNotOutput(index) => write!(f, "state {index} is not an output of init"),
            Self::NextNotOutput(index) => write!(f, "next {index} is neither an output of the body nor a state"),
            Self::StateType(index) => write!(f, "next {index} has another type than state {index}"),
            Self::OutputNotOutput => f.write_str("the output is not an output of finish"),
            Self::Operator { block, op, error } => write!(f, "operator {op} of {block:?}: {error}"),
            Self::TooMuchMemory => write!(f, "the tensors of a segment take more than {MAX_MEMORY_BYTES} bytes"),
            Self::CostOverflow => f.write_str("the cost does not fit 64 bits"),
        }
    }
}

impl core::error::Error for ProgramError {}

/// What the chain keeps of a valid program.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Summary {
    /// Number of loop steps.
    pub steps: u32,
    /// Number of segments of a task.
    pub segments: u32,
    /// Cost of init.
    pub macs_init: u64,
    /// Cost of one loop step.
    pub macs_body: u64,
    /// Cost of finish.
    pub macs_finish: u64,
    /// Bytes that the operators of init read and write.
    pub moved_init: u64,
    /// Bytes that the operators of one loop step read and write.
    pub moved_body: u64,
    /// Bytes that the operators of finish read and write.
    pub moved_finish: u64,
    /// Number of inputs.
    pub inputs: u16,
    /// Bytes of all inputs and constants: what a task needs however many steps it has.
    pub fixed_bytes: u64,
    /// Bytes of the carried state: of a checkpoint.
    pub state_bytes: u64,
    /// Bytes of the output.
    pub output_bytes: u64,
    /// Most bytes of proofs by which one element is recomputed.
    pub conviction_bytes: u32,
    /// Most bytes of all tensors of a segment, with the states before and after it.
    pub memory_bytes: u64,
    /// Blobs that a task leaves with its worker: the list of each checkpoint, the tensors that are new in it, and the output.
    pub kept_blobs: u32,
}

impl Summary {
    /// Cost of the `index`-th segment; 0 when there is none.
    pub fn segment_macs(&self, index: u32) -> u64 {
        match segment(self.steps, index) {
            Some(Segment::Init) => self.macs_init,
            Some(Segment::Body(_)) => self.macs_body,
            Some(Segment::Finish) => self.macs_finish,
            None => 0,
        }
    }

    /// Cost of a task.
    pub fn task_macs(&self) -> u64 {
        // A valid program's cost fits.
        self.macs_body
            .saturating_mul(u64::from(self.steps))
            .saturating_add(self.macs_init)
            .saturating_add(self.macs_finish)
    }
}

/// A valid program and the types of all its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    id: BlobId,
    program: Program,
    constants: Vec<TensorType>,
    state: Vec<TensorType>,
    init: Vec<TensorType>,
    body: Vec<TensorType>,
    finish: Vec<TensorType>,
    output: TensorType,
    summary: Summary,
}

impl Program {
    /// The valid program that `bytes` encode.
    pub fn decode_checked(bytes: &[u8]) -> Result<Checked, ProgramError> {
        if bytes.len() > MAX_PROGRAM_BYTES {
            return Err(ProgramError::TooLong);
        }
        let program = Self::decode_all(&mut &*bytes).map_err(|_| ProgramError::Encoding)?;
        Checked::with_id(program, BlobId::of(bytes))
    }

    /// This program, if it is valid.
    pub fn check(self) -> Result<Checked, ProgramError> {
        let bytes = self.encode();
        if bytes.len() > MAX_PROGRAM_BYTES {
            return Err(ProgramError::TooLong);
        }
        Checked::with_id(self, BlobId::of(&bytes))
    }
}

/// Where a value comes from, with its type: what the proofs for an operator's elements depend on.
pub(crate) type TypedValue = (Value, TensorType);

/// The output type of an operator, and most bytes of proofs for one of its elements.
pub(crate) fn check_operator(kind: &OpKind, args: &[TypedValue]) -> Result<(TensorType, u64), OperatorError> {
    let types: Vec<TensorType> = args.iter().map(|(_, ty)| *ty).collect();
    let output = ops::infer(kind, &types).map_err(OperatorError::Type)?;
    check_size(output)?;
    let bytes = conviction_bytes(kind, args, &types, output, &|_| None);
    if bytes > MAX_CONVICTION_BYTES {
        return Err(OperatorError::TooWide(bytes));
    }
    Ok((output, bytes))
}

fn check_size(ty: TensorType) -> Result<(), OperatorError> {
    if ty.shape.dims().contains(&0) {
        Err(OperatorError::EmptyDimension)
    } else if ty.bytes() > MAX_TENSOR_BYTES {
        Err(OperatorError::TooLarge)
    } else {
        Ok(())
    }
}

/// Most bytes of proofs for one element: of what it reads and of the worker's chunk that holds it. Constants and the step
/// are known to the referee. `piece(input)` is the length of the linked blobs that an input consists of, if it does.
fn conviction_bytes(
    kind: &OpKind,
    args: &[TypedValue],
    types: &[TensorType],
    output: TensorType,
    piece: &impl Fn(u16) -> Option<u64>,
) -> u64 {
    let own = worst_proof_bytes(output.bytes(), 1, 1);
    ops::runs(kind, types).iter().fold(own, |sum, run| {
        let Some((value, ty)) = args.get(run.arg) else { return sum };
        let element = ty.dtype.bytes();
        let bytes = run.len.saturating_mul(element);
        let proof = match value {
            Value::Const(_) | Value::Step => 0,
            Value::State(_) | Value::Op(_) => worst_proof_bytes(ty.bytes(), bytes, element),
            Value::Input(input) => match piece(*input) {
                None => worst_proof_bytes(MAX_INPUT_BLOB_BYTES, bytes, element),
                Some(piece) => {
                    let distance = bytes.saturating_sub(element);
                    let more = distance.saturating_add(piece.saturating_sub(1)).checked_div(piece);
                    let each = worst_proof_bytes(piece, bytes.min(piece), element).saturating_add(link_bytes());
                    more.unwrap_or(u64::MAX).saturating_add(1).saturating_mul(each)
                }
            },
        };
        sum.saturating_add(proof.saturating_mul(run.count))
    })
}

/// What a block adds to the summary.
#[derive(Default)]
struct BlockCost {
    macs: u64,
    moved: u64,
    memory: u64,
}

impl Checked {
    fn with_id(program: Program, id: BlobId) -> Result<Self, ProgramError> {
        check_counts(&program)?;
        for (index, ty) in (0u16..).zip(&program.inputs) {
            check_size(*ty).map_err(|_| ProgramError::InputSize(index))?;
        }
        for (index, Constant { ty, bytes }) in (0u16..).zip(&program.constants) {
            check_size(*ty).map_err(|_| ProgramError::ConstantSize(index))?;
            if bytes.len() as u64 != ty.bytes() {
                return Err(ProgramError::ConstantLength(index));
            }
        }
        let constants = program.constants.iter().map(|constant| constant.ty).collect();
        let placeholder = TensorType::new(DType::I32, Shape::vector(1));
        let mut checked = Self {
            id,
            program,
            constants,
            state: Vec::new(),
            init: Vec::new(),
            body: Vec::new(),
            finish: Vec::new(),
            output: placeholder,
            summary: Summary::default(),
        };
        let mut conviction = 0u64;
        let (init, init_cost) = checked.check_block(SegmentKind::Init, &mut conviction)?;
        checked.init = init;
        checked.state = checked.check_state()?;
        let (body, body_cost) = checked.check_block(SegmentKind::Body, &mut conviction)?;
        checked.body = body;
        checked.check_next()?;
        let (finish, finish_cost) = checked.check_block(SegmentKind::Finish, &mut conviction)?;
        checked.finish = finish;
        checked.output = match checked.program.output {
            output @ Value::Op(_) => checked.value_type(SegmentKind::Finish, output),
            _ => None,
        }
        .ok_or(ProgramError::OutputNotOutput)?;

        let bytes = |types: &[TensorType]| types.iter().fold(0u64, |sum, ty| sum.saturating_add(ty.bytes()));
        let fixed_bytes = bytes(&checked.program.inputs).saturating_add(bytes(&checked.constants));
        let state_bytes = bytes(&checked.state);
        let block_bytes = init_cost.memory.max(body_cost.memory).max(finish_cost.memory);
        let memory_bytes = fixed_bytes.saturating_add(state_bytes.saturating_mul(2)).saturating_add(block_bytes);
        if memory_bytes > MAX_MEMORY_BYTES {
            return Err(ProgramError::TooMuchMemory);
        }
        let steps = checked.program.steps;
        body_cost
            .macs
            .checked_mul(u64::from(steps))
            .and_then(|sum| sum.checked_add(init_cost.macs))
            .and_then(|sum| sum.checked_add(finish_cost.macs))
            .ok_or(ProgramError::CostOverflow)?;
        // Init makes the whole state anew, a step what it does not carry on.
        let anew = checked.program.next.iter().filter(|next| !matches!(next, Value::State(_))).count() as u32;
        let kept_blobs = segments(steps)
            .saturating_add(checked.program.state.len() as u32)
            .saturating_add(anew.saturating_mul(steps));
        checked.summary = Summary {
            steps,
            segments: segments(steps),
            macs_init: init_cost.macs,
            macs_body: body_cost.macs,
            macs_finish: finish_cost.macs,
            moved_init: init_cost.moved,
            moved_body: body_cost.moved,
            moved_finish: finish_cost.moved,
            inputs: checked.program.inputs.len() as u16,
            fixed_bytes,
            state_bytes,
            output_bytes: checked.output.bytes(),
            conviction_bytes: u32::try_from(conviction).unwrap_or(u32::MAX),
            memory_bytes,
            kept_blobs,
        };
        Ok(checked)
    }

    fn check_block(
        &self,
        block: SegmentKind,
        conviction: &mut u64,
    ) -> Result<(Vec<TensorType>, BlockCost), ProgramError> {
        let mut types = Vec::new();
        let mut cost = BlockCost::default();
        for (index, op) in (0u16..).zip(self.program.block(block)) {
            let at = |error| ProgramError::Operator { block, op: index, error };
            let args = self.typed_args(block, op, &types).map_err(at)?;
            let (output, bytes) = check_operator(&op.kind, &args).map_err(at)?;
            *conviction = bytes.max(*conviction);
            let arg_types: Vec<TensorType> = args.iter().map(|(_, ty)| *ty).collect();
            let moved = arg_types.iter().fold(output.bytes(), |sum, ty| sum.saturating_add(ty.bytes()));
            let macs = ops::cost_macs(&op.kind, &arg_types, output);
            cost.macs = cost.macs.checked_add(macs).ok_or(ProgramError::CostOverflow)?;
            cost.moved = cost.moved.saturating_add(moved);
            cost.memory = cost.memory.saturating_add(output.bytes());
            types.push(output);
        }
        Ok((types, cost))
    }

    fn typed_args(&self, block: SegmentKind, op: &Op, before: &[TensorType]) -> Result<Vec<TypedValue>, OperatorError> {
        op.args
            .iter()
            .map(|value| {
                match (value, block) {
                    (Value::State(_), SegmentKind::Init) => Err(OperatorError::ValueNotInBlock(*value)),
                    (Value::Step, SegmentKind::Init | SegmentKind::Finish) => {
                        Err(OperatorError::ValueNotInBlock(*value))
                    }
                    _ => self.lookup(*value, before).ok_or(OperatorError::UnknownValue(*value)),
                }
                .map(|ty| (*value, ty))
            })
            .collect()
    }

    fn lookup(&self, value: Value, outputs: &[TensorType]) -> Option<TensorType> {
        let (list, index) = match value {
            Value::Input(index) => (self.program.inputs.as_slice(), index),
            Value::Const(index) => (self.constants.as_slice(), index),
            Value::State(index) => (self.state.as_slice(), index),
            Value::Op(index) => (outputs, index),
            Value::Step => return Some(TensorType::i32_vector(1)),
        };
        list.get(usize::from(index)).copied()
    }

    fn check_state(&self) -> Result<Vec<TensorType>, ProgramError> {
        (0u16..)
            .zip(&self.program.state)
            .map(|(index, value)| {
                match value {
                    Value::Op(_) => self.lookup(*value, &self.init),
                    _ => None,
                }
                .ok_or(ProgramError::StateNotOutput(index))
            })
            .collect()
    }

    fn check_next(&self) -> Result<(), ProgramError> {
        for ((index, value), state) in (0u16..).zip(&self.program.next).zip(&self.state) {
            let ty = match value {
                Value::Op(_) | Value::State(_) => self.lookup(*value, &self.body),
                _ => None,
            };
            if ty.ok_or(ProgramError::NextNotOutput(index))? != *state {
                return Err(ProgramError::StateType(index));
            }
        }
        Ok(())
    }

    /// The program's name.
    pub fn id(&self) -> BlobId {
        self.id
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Types of the outputs of a block's operators.
    pub fn types(&self, kind: SegmentKind) -> &[TensorType] {
        match kind {
            SegmentKind::Init => &self.init,
            SegmentKind::Body => &self.body,
            SegmentKind::Finish => &self.finish,
        }
    }

    /// Type of a value in a block; none when there is no such value.
    pub fn value_type(&self, kind: SegmentKind, value: Value) -> Option<TensorType> {
        self.lookup(value, self.types(kind))
    }

    /// Types of the carried state.
    pub fn state_types(&self) -> &[TensorType] {
        &self.state
    }

    /// Type of the output.
    pub fn output_type(&self) -> TensorType {
        self.output
    }

    /// What the chain keeps.
    pub fn summary(&self) -> Summary {
        self.summary
    }

    /// Operator `op` of a block, ready to be computed in a context; none when there is no such operator.
    pub fn call(&self, kind: SegmentKind, op: u16, context: &Context) -> Option<Call<'_>> {
        let operator = self.program.block(kind).get(usize::from(op))?;
        let args = operator.args.iter().map(|value| self.value_type(kind, *value)).collect::<Option<_>>()?;
        Call::new(&operator.kind, args, context, self.program.operator_number(kind, op)).ok()
    }

    /// Most bytes of proofs by which one element is recomputed, when some inputs consist of blobs whose ids need a proof of
    /// their own (entries of a list, outputs of an earlier stage), one or several one after the other: `piece(input)` is the
    /// length of each of them, none for an input whose blob the chain knows.
    pub fn conviction_bytes_with(&self, piece: impl Fn(u16) -> Option<u64>) -> u64 {
        let mut most = 0;
        for block in [SegmentKind::Init, SegmentKind::Body, SegmentKind::Finish] {
            let outputs = self.types(block);
            for (op, output) in self.program.block(block).iter().zip(outputs) {
                let Ok(args) = self.typed_args(block, op, outputs) else { return u64::MAX };
                let types: Vec<TensorType> = args.iter().map(|(_, ty)| *ty).collect();
                most = conviction_bytes(&op.kind, &args, &types, *output, &piece).max(most);
            }
        }
        most
    }
}

fn check_counts(program: &Program) -> Result<(), ProgramError> {
    let blocks = [&program.init, &program.body, &program.finish];
    let operators = blocks.iter().fold(0usize, |sum, ops| sum.saturating_add(ops.len()));
    if operators > MAX_OPERATORS {
        return Err(ProgramError::TooManyOperators);
    }
    if program.inputs.len() > MAX_INPUTS {
        return Err(ProgramError::TooManyInputs);
    }
    if program.constants.len() > MAX_CONSTANTS {
        return Err(ProgramError::TooManyConstants);
    }
    if program.state.len() > MAX_STATE {
        return Err(ProgramError::TooManyStates);
    }
    if program.steps > MAX_STEPS {
        return Err(ProgramError::TooManySteps);
    }
    if program.state.len() != program.next.len() {
        return Err(ProgramError::StateCount);
    }
    if program.steps == 0 {
        if !(program.init.is_empty() && program.state.is_empty() && program.body.is_empty()) {
            return Err(ProgramError::LoopWithoutSteps);
        }
    } else if program.state.is_empty() || program.body.is_empty() {
        return Err(ProgramError::LoopWithoutBody);
    }
    Ok(())
}
