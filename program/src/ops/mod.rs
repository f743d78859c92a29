// SPDX-License-Identifier: Apache-2.0
//! The operators: one file for each family. Each operator is a type that implements `Operator`; `dispatch!` is the
//! one place that knows them all.

mod elementwise;
mod matmul;
mod random;
mod rows;
mod shape;
mod softmax;
mod window;

pub use elementwise::{bit_length, broadcast, divide, shift_round, shift_stochastic, sqrt, Broadcast};
pub use random::random_word;
pub use shape::permuted;
pub(crate) use shape::MAX_CONCAT;
pub use softmax::{exp_q16, softmax_q15, softmax_q15_by, MAX_SOFTMAX_COLUMNS, MAX_SOFTMAX_FRAC_BITS};
pub use window::Window2d;

use crate::{proof::MERGED_GAP_BYTES, Context, DType, OpKind, TensorType};
use alloc::vec::Vec;
use core::{fmt, ops::Range};

/// Why an operator does not accept its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeError {
    /// The number of arguments is wrong.
    Arity,
    /// The argument has the wrong element type.
    DType(u8),
    /// The argument has the wrong number of dimensions.
    Rank(u8),
    /// The argument's shape does not fit the first one's.
    Shape(u8),
    /// There is no such axis.
    Axis,
    /// An attribute is out of its range.
    Attribute,
    /// The new shape has another number of elements.
    ElementCount,
    /// The stride of windows is zero.
    Stride,
    /// The padding is as large as the windows: some would hold nothing of the image.
    Padding,
    /// The windows are empty, or larger than the padded image.
    Window,
    /// The groups are none, or do not divide the channels.
    Groups,
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arity => f.write_str("the number of arguments is wrong"),
            Self::DType(arg) => write!(f, "argument {arg} has the wrong element type"),
            Self::Rank(arg) => write!(f, "argument {arg} has the wrong number of dimensions"),
            Self::Shape(arg) => write!(f, "the shape of argument {arg} does not fit"),
            Self::Axis => f.write_str("there is no such axis"),
            Self::Attribute => f.write_str("an attribute is out of its range"),
            Self::ElementCount => f.write_str("the new shape has another number of elements"),
            Self::Stride => f.write_str("the stride of windows is zero; it is at least 1"),
            Self::Padding => f.write_str("the padding is not smaller than the window"),
            Self::Window => f.write_str("the window is empty, or larger than the padded image"),
            Self::Groups => f.write_str("the groups are none, or do not divide the channels"),
        }
    }
}

/// What one output element reads of one argument, at most: `count` runs of `len` elements, `stride` elements apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Index of the argument.
    pub arg: usize,
    /// Elements of a run.
    pub len: u64,
    /// Number of runs.
    pub count: u64,
    /// Elements from the start of a run to the start of the next.
    pub stride: u64,
}

impl Run {
    /// One run.
    pub const fn one(arg: usize, len: u64) -> Self {
        Self { arg, len, count: 1, stride: 0 }
    }

    /// As many such runs, each proven by itself.
    const fn times(self, count: u64) -> Self {
        Self { count, stride: u64::MAX, ..self }
    }

    /// This as one run, when the gaps are so small that proving them costs no more.
    fn merged(self, dtype: DType) -> Self {
        let gap = self.stride.saturating_sub(self.len).saturating_mul(dtype.bytes());
        if self.count > 1 && gap < MERGED_GAP_BYTES {
            let len = self.stride.saturating_mul(self.count.saturating_sub(1)).saturating_add(self.len);
            Self::one(self.arg, len)
        } else {
            self
        }
    }
}

/// The meaning of one operator. To add one: a variant of [`OpKind`], an implementation of this, a line in `dispatch!`.
pub(crate) trait Operator {
    /// The type of the output.
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError>;

    /// Element `index` of the output. Total: defined whatever the elements are that `read` returns.
    fn element<E>(
        &self,
        call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E>;

    /// What one element reads.
    fn runs(&self, args: &[TensorType]) -> Vec<Run>;

    /// The operator's static cost.
    fn cost_macs(&self, _args: &[TensorType], output: TensorType) -> u64 {
        output.elements()
    }
}

macro_rules! dispatch {
    ($kind:expr, $op:ident => $body:expr) => {{
        use elementwise::{Binary, Stochastic, Table, Unary};
        macro_rules! with {
            ($operator:expr) => {{
                let $op = &$operator;
                $body
            }};
        }
        match *$kind {
            OpKind::MatmulNt => with!(matmul::MatmulNt),
            OpKind::Transpose => with!(shape::Transpose),
            OpKind::Gather => with!(shape::Gather),
            OpKind::Add => with!(Binary(i32::wrapping_add)),
            OpKind::Sub => with!(Binary(i32::wrapping_sub)),
            OpKind::Mul => with!(Binary(i32::wrapping_mul)),
            OpKind::Div => with!(Binary(divide)),
            OpKind::Min => with!(Binary(|a, b| a.min(b))),
            OpKind::Max => with!(Binary(|a, b| a.max(b))),
            OpKind::ShiftRound => with!(Binary(shift_round)),
            OpKind::ShiftStochastic => with!(Stochastic),
            OpKind::Clamp { lo, hi } => with!(Unary::Clamp(lo, hi)),
            OpKind::Cast { dtype } => with!(Unary::Cast(dtype)),
            OpKind::Table => with!(Table),
            OpKind::BitLength => with!(Unary::BitLength),
            OpKind::RowSum => with!(rows::RowReduce::Sum),
            OpKind::RowMax => with!(rows::RowReduce::Max),
            OpKind::RowMaxAbs => with!(rows::RowReduce::MaxAbs),
            OpKind::RowArgmax => with!(rows::RowReduce::Argmax),
            OpKind::ColSum => with!(rows::ColSum),
            OpKind::Softmax { frac_bits } => with!(softmax::Softmax { frac_bits }),
            OpKind::Reshape { shape } => with!(shape::Reshape { shape }),
            OpKind::Slice { axis, start, len } => with!(shape::Slice { axis, start, len }),
            OpKind::Concat { axis } => with!(shape::Concat { axis }),
            OpKind::Random { shape } => with!(random::Random { shape }),
            OpKind::Permute { axes } => with!(shape::Permute { axes }),
            OpKind::OneHot { columns } => with!(shape::OneHot { columns }),
            OpKind::Sqrt => with!(Unary::Sqrt),
            OpKind::Unfold2d { kernel, stride, padding, fill } => {
                with!(window::Unfold2d { window: Window2d { kernel, stride, padding }, fill })
            }
            OpKind::Fold2d { kernel, stride, padding, image } => {
                with!(window::Fold2d { window: Window2d { kernel, stride, padding }, image })
            }
        }
    }};
}

/// The type of the operator's output.
pub fn infer(kind: &OpKind, args: &[TensorType]) -> Result<TensorType, TypeError> {
    dispatch!(kind, op => op.infer(args))
}

/// An operator ready to be computed: what it is, the types of its arguments and output, and its ChaCha8 key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    /// The operator.
    pub kind: &'a OpKind,
    /// Types of its arguments.
    pub args: Vec<TensorType>,
    /// Type of its output.
    pub output: TensorType,
    /// Key of its random words; zeros where it uses none.
    pub key: [u8; 32],
}

impl<'a> Call<'a> {
    /// The call of an operator of number `operator` (see [`crate::Program::operator_number`]) in a context.
    pub fn new(kind: &'a OpKind, args: Vec<TensorType>, context: &Context, operator: u32) -> Result<Self, TypeError> {
        let output = infer(kind, &args)?;
        let key = if is_random(kind) { context.key(operator) } else { [0; 32] };
        Ok(Self { kind, args, output, key })
    }

    /// Element `index` of the output. `read(argument, element)` gives an element of an argument, as [`crate::decode_element`]
    /// does. Total: defined for every value of what is read.
    pub fn element<E>(&self, index: u64, read: &mut impl FnMut(usize, u64) -> Result<i32, E>) -> Result<i32, E> {
        dispatch!(self.kind, op => op.element(self, index, read))
    }

    /// The runs of elements that output element `index` reads, in order of argument and position. Runs with a gap that is
    /// cheaper to prove than to leave out are joined, so they are never more than [`Call::runs`] says.
    pub fn reads<E>(
        &self,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<Vec<(usize, Range<u64>)>, E> {
        let mut seen = Vec::new();
        self.element(index, &mut |arg, element| {
            seen.push((arg, element));
            read(arg, element)
        })?;
        seen.sort_unstable();
        let mut runs: Vec<(usize, Range<u64>)> = Vec::new();
        for (arg, element) in seen {
            let size = self.args.get(arg).map_or(1, |ty| ty.dtype.bytes());
            let end = element.saturating_add(1);
            match runs.last_mut() {
                Some((last, run))
                    if *last == arg && element.saturating_sub(run.end).saturating_mul(size) < MERGED_GAP_BYTES =>
                {
                    run.end = run.end.max(end);
                }
                _ => runs.push((arg, element..end)),
            }
        }
        Ok(runs)
    }

    /// What any one element reads, at most.
    pub fn runs(&self) -> Vec<Run> {
        runs(self.kind, &self.args)
    }

    /// The operator's static cost in MACs.
    pub fn cost_macs(&self) -> u64 {
        dispatch!(self.kind, op => op.cost_macs(&self.args, self.output))
    }
}

/// Whether the operator uses random words.
pub fn is_random(kind: &OpKind) -> bool {
    matches!(kind, OpKind::ShiftStochastic | OpKind::Random { .. })
}

/// What any one element of the operator's output reads, at most.
pub fn runs(kind: &OpKind, args: &[TensorType]) -> Vec<Run> {
    let mut runs = dispatch!(kind, op => op.runs(args));
    for run in &mut runs {
        if let Some(ty) = args.get(run.arg) {
            *run = run.merged(ty.dtype);
        }
    }
    runs
}

/// The operator's static cost in MACs.
pub fn cost_macs(kind: &OpKind, args: &[TensorType], output: TensorType) -> u64 {
    dispatch!(kind, op => op.cost_macs(args, output))
}

/// The one argument.
fn unary(args: &[TensorType]) -> Result<TensorType, TypeError> {
    match *args {
        [x] => Ok(x),
        _ => Err(TypeError::Arity),
    }
}

/// The two arguments.
fn binary(args: &[TensorType]) -> Result<(TensorType, TensorType), TypeError> {
    match *args {
        [a, b] => Ok((a, b)),
        _ => Err(TypeError::Arity),
    }
}

/// Rows and columns of argument `arg`.
fn matrix(ty: TensorType, arg: u8) -> Result<(u32, u32), TypeError> {
    ty.shape.as_matrix().ok_or(TypeError::Rank(arg))
}

/// Rows and columns of argument `arg` in an operator that was inferred.
fn matrix_of(call: &Call<'_>, arg: usize) -> (u64, u64) {
    let (rows, columns) = call.args.get(arg).and_then(|ty| ty.shape.as_matrix()).unwrap_or((1, 1));
    (u64::from(rows), u64::from(columns))
}

/// Quotient and remainder; zeros when `by` is zero.
fn split(index: u64, by: u64) -> (u64, u64) {
    (index.checked_div(by).unwrap_or(0), index.checked_rem(by).unwrap_or(0))
}

/// Element at `row`, `column` of a matrix with `columns` columns.
fn at(row: u64, columns: u64, column: u64) -> u64 {
    row.saturating_mul(columns).saturating_add(column)
}
