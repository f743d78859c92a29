// SPDX-License-Identifier: Apache-2.0
//! Writing programs. Every operator is a method that infers its type at once; the first mistake is kept and reported by
//! [`ProgramBuilder::build`], so that a model reads as plain code.

use crate::{
    check::{check_operator, TypedValue},
    encode_element,
    ops::Window2d,
    Checked, Constant, DType, Op, OpKind, OperatorError, Program, ProgramError, SegmentKind, Shape, TensorType,
    TypeError, Value,
};
use alloc::{vec, vec::Vec};
use core::fmt;

/// A value of the program that is being built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Var {
    block: u8,
    value: Value,
    ty: TensorType,
}

impl Var {
    /// Its type.
    pub fn ty(&self) -> TensorType {
        self.ty
    }

    /// Its shape.
    pub fn shape(&self) -> Shape {
        self.ty.shape
    }

    /// How operators name it.
    pub fn value(&self) -> Value {
        self.value
    }
}

/// Why a program could not be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildError {
    /// An operator was not valid: the `count`-th that was added, counted from 0.
    Operator {
        /// Its number, over all blocks.
        number: usize,
        /// Why.
        error: OperatorError,
    },
    /// An operator read a value of another block.
    OtherBlock {
        /// Its number, over all blocks.
        number: usize,
    },
    /// A shape had no dimensions or too many.
    Shape,
    /// A constant had another number of elements than its shape.
    Constant,
    /// The loop was begun twice, or ended without having begun.
    Loop,
    /// The whole program is not valid.
    Program(ProgramError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator { number, error } => write!(f, "operator {number}: {error}"),
            Self::OtherBlock { number } => write!(f, "operator {number} reads a value of another block"),
            Self::Shape => f.write_str("a shape has one to four dimensions"),
            Self::Constant => f.write_str("a constant does not have as many elements as its shape"),
            Self::Loop => f.write_str("a program has one loop: begin_body, then begin_finish"),
            Self::Program(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for BuildError {}

/// Builds a program, one operator after the other. See the crate's documentation for an example.
#[derive(Clone, Debug)]
pub struct ProgramBuilder {
    program: Program,
    ops: Vec<Op>,
    block: u8,
    added: usize,
    error: Option<BuildError>,
}

impl Default for ProgramBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// Block of the values that every block has.
const ANY: u8 = u8::MAX;
/// Blocks in order. Operators before a loop is begun are of the first; without a loop it becomes finish.
const FIRST: u8 = 0;
const BODY: u8 = 1;
const FINISH: u8 = 2;

impl ProgramBuilder {
    /// An empty program.
    pub fn new() -> Self {
        let program = Program {
            inputs: Vec::new(),
            constants: Vec::new(),
            init: Vec::new(),
            state: Vec::new(),
            body: Vec::new(),
            next: Vec::new(),
            steps: 0,
            finish: Vec::new(),
            output: Value::Op(0),
        };
        Self { program, ops: Vec::new(), block: FIRST, added: 0, error: None }
    }

    /// The first mistake so far.
    pub fn error(&self) -> Option<BuildError> {
        self.error
    }

    fn fail(&mut self, error: BuildError) {
        self.error.get_or_insert(error);
    }

    /// Keeps it as a mistake of the operator that would come next.
    pub(crate) fn refuse(&mut self, error: TypeError) {
        self.fail(BuildError::Operator { number: self.added, error: OperatorError::Type(error) });
    }

    fn shape(&mut self, dims: &[u32]) -> Shape {
        Shape::new(dims).unwrap_or_else(|| {
            self.fail(BuildError::Shape);
            Shape::vector(1)
        })
    }

    /// A new input of the task.
    pub fn input(&mut self, dtype: DType, dims: &[u32]) -> Var {
        let ty = TensorType::new(dtype, self.shape(dims));
        let value = Value::Input(self.program.inputs.len() as u16);
        self.program.inputs.push(ty);
        Var { block: ANY, value, ty }
    }

    /// A constant. Equal constants are stored once.
    pub fn constant(&mut self, dtype: DType, dims: &[u32], values: &[i32]) -> Var {
        let ty = TensorType::new(dtype, self.shape(dims));
        if ty.elements() != values.len() as u64 {
            self.fail(BuildError::Constant);
            return Var { block: ANY, value: Value::Const(0), ty };
        }
        let mut bytes = Vec::new();
        values.iter().for_each(|value| encode_element(dtype, *value, &mut bytes));
        let constant = Constant { ty, bytes };
        let known = self.program.constants.iter().position(|known| *known == constant);
        let index = known.unwrap_or_else(|| {
            self.program.constants.push(constant);
            self.program.constants.len().saturating_sub(1)
        });
        Var { block: ANY, value: Value::Const(index as u16), ty }
    }

    /// A constant of one `i32`.
    pub fn scalar(&mut self, value: i32) -> Var {
        self.constant(DType::I32, &[1], &[value])
    }

    /// Any operator.
    pub fn op(&mut self, kind: OpKind, args: &[Var]) -> Var {
        let number = self.added;
        self.added = number.saturating_add(1);
        if args.iter().any(|arg| arg.block != ANY && arg.block != self.block) {
            self.fail(BuildError::OtherBlock { number });
        }
        let typed: Vec<TypedValue> = args.iter().map(|arg| (arg.value, arg.ty)).collect();
        let ty = match check_operator(&kind, &typed) {
            Ok((ty, _)) => ty,
            Err(error) => {
                self.fail(BuildError::Operator { number, error });
                args.first().map_or(TensorType::i32_vector(1), |arg| arg.ty)
            }
        };
        let value = Value::Op(self.ops.len() as u16);
        self.ops.push(Op { kind, args: args.iter().map(|arg| arg.value).collect() });
        Var { block: self.block, value, ty }
    }

    /// An operator's output that equals `x`: `x` itself where it is one.
    fn output_of(&mut self, x: Var) -> Var {
        match x.value {
            Value::Op(_) if x.block == self.block => x,
            _ => self.op(OpKind::Reshape { shape: x.ty.shape }, &[x]),
        }
    }

    /// Ends init, with these as the first state, and begins the body of the loop. Gives the state as the body sees it.
    pub fn begin_body(&mut self, state: &[Var]) -> Vec<Var> {
        if self.block != FIRST {
            self.fail(BuildError::Loop);
        }
        let state: Vec<Var> = state.iter().map(|var| self.output_of(*var)).collect();
        self.program.state = state.iter().map(|var| var.value).collect();
        self.program.init = core::mem::take(&mut self.ops);
        self.block = BODY;
        self.state_vars(&state)
    }

    /// Ends the body, with these as the next state (as many as the state, of the same types), to be run `steps` times. Gives
    /// the state as finish sees it.
    pub fn begin_finish(&mut self, next: &[Var], steps: u32) -> Vec<Var> {
        if self.block != BODY {
            self.fail(BuildError::Loop);
        }
        let next: Vec<Var> = next
            .iter()
            .map(|var| match var.value {
                Value::State(_) if var.block == self.block => *var,
                _ => self.output_of(*var),
            })
            .collect();
        self.program.next = next.iter().map(|var| var.value).collect();
        self.program.steps = steps;
        self.program.body = core::mem::take(&mut self.ops);
        self.block = FINISH;
        self.state_vars(&next)
    }

    fn state_vars(&self, state: &[Var]) -> Vec<Var> {
        (0u16..)
            .zip(state)
            .map(|(index, var)| Var { block: self.block, value: Value::State(index), ty: var.ty })
            .collect()
    }

    /// The number of the loop step, in the body.
    pub fn step(&mut self) -> Var {
        if self.block != BODY {
            self.fail(BuildError::Loop);
        }
        Var { block: BODY, value: Value::Step, ty: TensorType::i32_vector(1) }
    }

    /// Ends the program with this output and checks it.
    pub fn build(mut self, output: Var) -> Result<Checked, BuildError> {
        let output = self.output_of(output);
        if self.block == BODY {
            self.fail(BuildError::Loop);
        }
        if let Some(error) = self.error {
            return Err(error);
        }
        self.program.finish = self.ops;
        self.program.output = output.value;
        self.program.check().map_err(BuildError::Program)
    }

    /// Number of operators of the block so far.
    pub fn operators(&self) -> usize {
        self.ops.len()
    }

    /// The block that operators are added to; before a loop is begun, init.
    pub fn block(&self) -> SegmentKind {
        match self.block {
            FIRST => SegmentKind::Init,
            BODY => SegmentKind::Body,
            _ => SegmentKind::Finish,
        }
    }

    /// [`OpKind::MatmulNt`].
    pub fn matmul_nt(&mut self, a: Var, b: Var) -> Var {
        self.op(OpKind::MatmulNt, &[a, b])
    }

    /// [`OpKind::Transpose`].
    pub fn transpose(&mut self, x: Var) -> Var {
        self.op(OpKind::Transpose, &[x])
    }

    /// [`OpKind::Gather`].
    pub fn gather(&mut self, table: Var, indices: Var) -> Var {
        self.op(OpKind::Gather, &[table, indices])
    }

    /// [`OpKind::Add`].
    pub fn add(&mut self, a: Var, b: Var) -> Var {
        self.op(OpKind::Add, &[a, b])
    }

    /// [`OpKind::Sub`].
    pub fn sub(&mut self, a: Var, b: Var) -> Var {
        self.op(OpKind::Sub, &[a, b])
    }

    /// [`OpKind::Mul`].
    pub fn mul(&mut self, a: Var, b: Var) -> Var {
        self.op(OpKind::Mul, &[a, b])
    }

    /// [`OpKind::Div`].
    pub fn div(&mut self, a: Var, b: Var) -> Var {
        self.op(OpKind::Div, &[a, b])
    }

    /// [`OpKind::Min`].
    pub fn min(&mut self, a: Var, b: Var) -> Var {
        self.op(OpKind::Min, &[a, b])
    }

    /// [`OpKind::Max`].
    pub fn max(&mut self, a: Var, b: Var) -> Var {
        self.op(OpKind::Max, &[a, b])
    }

    /// [`OpKind::ShiftRound`].
    pub fn shift_round(&mut self, x: Var, s: Var) -> Var {
        self.op(OpKind::ShiftRound, &[x, s])
    }

    /// [`OpKind::ShiftStochastic`].
    pub fn shift_stochastic(&mut self, x: Var, s: Var) -> Var {
        self.op(OpKind::ShiftStochastic, &[x, s])
    }

    /// [`OpKind::Clamp`].
    pub fn clamp(&mut self, x: Var, lo: i32, hi: i32) -> Var {
        self.op(OpKind::Clamp { lo, hi }, &[x])
    }

    /// [`OpKind::Cast`].
    pub fn cast(&mut self, x: Var, dtype: DType) -> Var {
        self.op(OpKind::Cast { dtype }, &[x])
    }

    /// [`OpKind::Table`].
    pub fn table(&mut self, x: Var, table: Var) -> Var {
        self.op(OpKind::Table, &[x, table])
    }

    /// [`OpKind::BitLength`].
    pub fn bit_length(&mut self, x: Var) -> Var {
        self.op(OpKind::BitLength, &[x])
    }

    /// [`OpKind::RowSum`].
    pub fn row_sum(&mut self, x: Var) -> Var {
        self.op(OpKind::RowSum, &[x])
    }

    /// [`OpKind::RowMax`].
    pub fn row_max(&mut self, x: Var) -> Var {
        self.op(OpKind::RowMax, &[x])
    }

    /// [`OpKind::RowMaxAbs`].
    pub fn row_max_abs(&mut self, x: Var) -> Var {
        self.op(OpKind::RowMaxAbs, &[x])
    }

    /// [`OpKind::RowArgmax`].
    pub fn row_argmax(&mut self, x: Var) -> Var {
        self.op(OpKind::RowArgmax, &[x])
    }

    /// [`OpKind::ColSum`].
    pub fn col_sum(&mut self, x: Var) -> Var {
        self.op(OpKind::ColSum, &[x])
    }

    /// [`OpKind::Softmax`].
    pub fn softmax(&mut self, x: Var, frac_bits: u8) -> Var {
        self.op(OpKind::Softmax { frac_bits }, &[x])
    }

    /// [`OpKind::Reshape`].
    pub fn reshape(&mut self, x: Var, dims: &[u32]) -> Var {
        let shape = self.shape(dims);
        self.op(OpKind::Reshape { shape }, &[x])
    }

    /// [`OpKind::Slice`].
    pub fn slice(&mut self, x: Var, axis: u8, start: u32, len: u32) -> Var {
        self.op(OpKind::Slice { axis, start, len }, &[x])
    }

    /// [`OpKind::Concat`].
    pub fn concat(&mut self, axis: u8, args: &[Var]) -> Var {
        self.op(OpKind::Concat { axis }, args)
    }

    /// [`OpKind::Random`].
    pub fn random(&mut self, dims: &[u32]) -> Var {
        let shape = self.shape(dims);
        self.op(OpKind::Random { shape }, &[])
    }

    /// [`OpKind::Permute`]: axis `i` of the output is axis `axes[i]` of x. Axes that are not named stay.
    pub fn permute(&mut self, x: Var, axes: &[u8]) -> Var {
        let mut all = [0, 1, 2, 3];
        all.iter_mut().zip(axes).for_each(|(to, axis)| *to = *axis);
        self.op(OpKind::Permute { axes: all }, &[x])
    }

    /// [`OpKind::OneHot`].
    pub fn one_hot(&mut self, x: Var, columns: u32) -> Var {
        self.op(OpKind::OneHot { columns }, &[x])
    }

    /// [`OpKind::Sqrt`].
    pub fn sqrt(&mut self, x: Var) -> Var {
        self.op(OpKind::Sqrt, &[x])
    }

    /// [`OpKind::Unfold2d`].
    pub fn unfold2d(&mut self, x: Var, window: Window2d, fill: i32) -> Var {
        let Window2d { kernel, stride, padding } = window;
        self.op(OpKind::Unfold2d { kernel, stride, padding, fill }, &[x])
    }

    /// [`OpKind::Fold2d`].
    pub fn fold2d(&mut self, x: Var, window: Window2d, image: [u32; 2]) -> Var {
        let Window2d { kernel, stride, padding } = window;
        self.op(OpKind::Fold2d { kernel, stride, padding, image }, &[x])
    }

    /// The largest absolute value of a whole tensor, as one `i32`: by rows, in as many levels as keep proofs short.
    pub fn max_abs(&mut self, x: Var) -> Var {
        /// Longest row of a level: 4 KiB of `i32`.
        const LONGEST: u32 = 1024;
        /// Shortest row: what does not divide into such rows is filled up with a part of itself.
        const SHORTEST: u32 = 64;
        let mut x = x;
        loop {
            let elements = u32::try_from(x.ty.elements()).unwrap_or(u32::MAX);
            let (rows, columns) = match longest_row(elements, LONGEST) {
                columns if columns >= SHORTEST || columns == elements => {
                    (elements.checked_div(columns).unwrap_or(1), columns)
                }
                _ => {
                    let rows = elements.div_ceil(LONGEST);
                    let columns = elements.div_ceil(rows);
                    let missing = rows.saturating_mul(columns).saturating_sub(elements);
                    x = self.reshape(x, &[elements]);
                    if missing > 0 {
                        let filling = self.slice(x, 0, 0, missing);
                        x = self.concat(0, &[x, filling]);
                    }
                    (rows, columns)
                }
            };
            x = self.reshape(x, &[rows, columns]);
            x = self.row_max_abs(x);
            if rows <= 1 || self.error.is_some() {
                return x;
            }
        }
    }

    /// A tensor scaled to `i8` mantissas by the power of two that just makes it fit, and the exponent (one `i32`, never
    /// negative) by which they were shifted right.
    pub fn quantize(&mut self, x: Var) -> (Var, Var) {
        let most = self.max_abs(x);
        let bits = self.bit_length(most);
        let seven = self.scalar(7);
        let above = self.sub(bits, seven);
        let exponent = self.clamp(above, 0, 31);
        let shifted = self.shift_round(x, exponent);
        (self.cast(shifted, DType::I8), exponent)
    }

    /// Zeros.
    pub fn zeros(&mut self, dtype: DType, dims: &[u32]) -> Var {
        let shape = self.shape(dims);
        let one = self.constant(dtype, &[1], &[0]);
        if shape == one.ty.shape {
            return one;
        }
        // A product with zero has the shape without the bytes of a constant.
        let any = self.op(OpKind::Random { shape }, &[]);
        let zero = self.mul(any, one);
        self.cast(zero, dtype)
    }
}

/// The largest divisor of `elements` that is at most `limit`.
fn longest_row(elements: u32, limit: u32) -> u32 {
    (1..=limit.min(elements)).rev().find(|columns| elements.checked_rem(*columns) == Some(0)).unwrap_or(1)
}

/// The values 0, 1, .. below `len`, for constants.
pub fn iota(len: u32) -> Vec<i32> {
    (0..len).map(|index| index as i32).collect()
}

/// The identity matrix times `value`, for constants.
pub fn diagonal(len: u32, value: i32) -> Vec<i32> {
    let len = len as usize;
    let mut values = vec![0; len.saturating_mul(len)];
    values.iter_mut().step_by(len.saturating_add(1)).for_each(|entry| *entry = value);
    values
}
