// SPDX-License-Identifier: Apache-2.0
//! The program as data: types, values, operators, blocks and segments.

use alloc::{vec, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, EncodeLike, Error, Input, MaxEncodedLen, Output};
use core::fmt;
use quern_primitives::{tagged, tags, BlobId};
use scale_info::{Type, TypeInfo};

/// Most dimensions of a tensor.
pub const MAX_RANK: usize = 4;

/// The type of a tensor's elements. Stored little-endian.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum DType {
    /// 8 bits, values -127..=127. A stored -128 reads as -127.
    #[codec(index = 0)]
    I8,
    /// 16 bits, all values.
    #[codec(index = 1)]
    I16,
    /// 32 bits, all values.
    #[codec(index = 2)]
    I32,
}

impl DType {
    /// Bytes of one element.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::I8 => 1,
            Self::I16 => 2,
            Self::I32 => 4,
        }
    }

    /// Smallest value.
    pub const fn min(self) -> i32 {
        match self {
            Self::I8 => -127,
            Self::I16 => i16::MIN as i32,
            Self::I32 => i32::MIN,
        }
    }

    /// Largest value.
    pub const fn max(self) -> i32 {
        match self {
            Self::I8 => 127,
            Self::I16 => i16::MAX as i32,
            Self::I32 => i32::MAX,
        }
    }
}

/// The sizes of a tensor's dimensions, outermost first: one to [`MAX_RANK`] of them. Encoded as `Vec<u32>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shape {
    rank: u8,
    dims: [u32; MAX_RANK],
}

impl Shape {
    /// The shape of these dimensions; none when there are no dimensions or more than [`MAX_RANK`].
    pub fn new(dims: &[u32]) -> Option<Self> {
        if dims.is_empty() || dims.len() > MAX_RANK {
            return None;
        }
        let mut shape = Self { rank: dims.len() as u8, dims: [1; MAX_RANK] };
        for (to, from) in shape.dims.iter_mut().zip(dims) {
            *to = *from;
        }
        Some(shape)
    }

    /// One dimension.
    pub const fn vector(len: u32) -> Self {
        Self { rank: 1, dims: [len, 1, 1, 1] }
    }

    /// Two dimensions.
    pub const fn matrix(rows: u32, columns: u32) -> Self {
        Self { rank: 2, dims: [rows, columns, 1, 1] }
    }

    /// The dimensions, outermost first.
    pub fn dims(&self) -> &[u32] {
        self.dims.get(..usize::from(self.rank)).unwrap_or(&self.dims)
    }

    /// Number of dimensions.
    pub const fn rank(&self) -> usize {
        self.rank as usize
    }

    /// One dimension; 1 when there is no such axis.
    pub fn dim(&self, axis: usize) -> u32 {
        self.dims().get(axis).copied().unwrap_or(1)
    }

    /// The innermost dimension.
    pub fn last(&self) -> u32 {
        self.dims().last().copied().unwrap_or(1)
    }

    /// Rows and columns, when there are two dimensions.
    pub fn as_matrix(&self) -> Option<(u32, u32)> {
        match *self.dims() {
            [rows, columns] => Some((rows, columns)),
            _ => None,
        }
    }

    /// This shape with one dimension replaced; unchanged when there is no such axis.
    pub fn with_dim(mut self, axis: usize, len: u32) -> Self {
        if axis < self.rank() {
            if let Some(dim) = self.dims.get_mut(axis) {
                *dim = len;
            }
        }
        self
    }

    /// Number of elements, saturating.
    pub fn elements(&self) -> u64 {
        self.dims().iter().fold(1u64, |product, dim| product.saturating_mul(u64::from(*dim)))
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.dims(), f)
    }
}

impl Encode for Shape {
    fn size_hint(&self) -> usize {
        self.dims().size_hint()
    }

    fn encode_to<O: Output + ?Sized>(&self, output: &mut O) {
        self.dims().encode_to(output)
    }
}

impl EncodeLike for Shape {}

impl Decode for Shape {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        let rank = codec::Compact::<u32>::decode(input)?.0;
        if rank == 0 || rank as usize > MAX_RANK {
            return Err("a shape has one to four dimensions".into());
        }
        let mut shape = Self { rank: rank as u8, dims: [1; MAX_RANK] };
        for dim in shape.dims.iter_mut().take(rank as usize) {
            *dim = u32::decode(input)?;
        }
        Ok(shape)
    }
}

impl DecodeWithMemTracking for Shape {}

impl MaxEncodedLen for Shape {
    fn max_encoded_len() -> usize {
        17
    }
}

impl TypeInfo for Shape {
    type Identity = Vec<u32>;

    fn type_info() -> Type {
        Vec::<u32>::type_info()
    }
}

/// Element type and shape.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct TensorType {
    /// Type of the elements.
    pub dtype: DType,
    /// Dimensions.
    pub shape: Shape,
}

impl TensorType {
    /// The type of these elements in this shape.
    pub const fn new(dtype: DType, shape: Shape) -> Self {
        Self { dtype, shape }
    }

    /// A vector of `i32`.
    pub const fn i32_vector(len: u32) -> Self {
        Self::new(DType::I32, Shape::vector(len))
    }

    /// Number of elements, saturating.
    pub fn elements(&self) -> u64 {
        self.shape.elements()
    }

    /// Bytes of the tensor, saturating.
    pub fn bytes(&self) -> u64 {
        self.elements().saturating_mul(self.dtype.bytes())
    }
}

/// A tensor that is part of the program.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Constant {
    /// Its type.
    pub ty: TensorType,
    /// Exactly `ty.bytes()` bytes, row-major, little-endian.
    pub bytes: Vec<u8>,
}

/// What an operator reads.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Value {
    /// An input of the task. In every block.
    #[codec(index = 0)]
    Input(u16),
    /// A constant of the program. In every block.
    #[codec(index = 1)]
    Const(u16),
    /// A tensor of the carried state, as it was before this segment. In the body and in finish.
    #[codec(index = 2)]
    State(u16),
    /// The output of an earlier operator of the same block.
    #[codec(index = 3)]
    Op(u16),
    /// The number of the loop step, counted from 0: one `i32`. In the body only.
    #[codec(index = 4)]
    Step,
}

/// What an operator does. The exact meaning of each is in the operator table of the crate's documentation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum OpKind {
    /// `(a: i8 [.., M, K], b: i8 [.., N, K]) -> i32 [.., M, N]`: each matrix of a times the transpose of the same one of b.
    #[codec(index = 0)]
    MatmulNt,
    /// `(x [M, N]) -> [N, M]`.
    #[codec(index = 1)]
    Transpose,
    /// `(table [V, D], indices [M]) -> [M, D]`: rows of the table, indices clamped.
    #[codec(index = 2)]
    Gather,
    /// `(a, b) -> i32`: wrapping sum, b broadcast.
    #[codec(index = 3)]
    Add,
    /// `(a, b) -> i32`: wrapping difference, b broadcast.
    #[codec(index = 4)]
    Sub,
    /// `(a, b) -> i32`: wrapping product, b broadcast.
    #[codec(index = 5)]
    Mul,
    /// `(a, b) -> i32`: quotient rounded towards zero, b broadcast; `x / 0 = 0`, `MIN / -1 = MIN`.
    #[codec(index = 6)]
    Div,
    /// `(a, b) -> i32`: the smaller, b broadcast.
    #[codec(index = 7)]
    Min,
    /// `(a, b) -> i32`: the larger, b broadcast.
    #[codec(index = 8)]
    Max,
    /// `(x, s) -> i32`: `x / 2^s` rounded to nearest, halves up; s broadcast, clamped to -31..=31, negative is left.
    #[codec(index = 9)]
    ShiftRound,
    /// `(x, s) -> i32`: `x / 2^s` rounded up with a probability equal to the fraction cut off; s as in `ShiftRound`.
    #[codec(index = 10)]
    ShiftStochastic,
    /// `(x) -> i32`: limited to `lo..=hi`.
    #[codec(index = 11)]
    Clamp {
        /// Lower limit.
        lo: i32,
        /// Upper limit, not below the lower one.
        hi: i32,
    },
    /// `(x) -> dtype`: limited to what the type holds.
    #[codec(index = 12)]
    Cast {
        /// The new type.
        dtype: DType,
    },
    /// `(x: i8, table [256]) -> the table's type`: entry `x + 128`.
    #[codec(index = 13)]
    Table,
    /// `(x) -> i32`: number of bits of `|x|`; 0 for 0, 32 for `MIN`.
    #[codec(index = 14)]
    BitLength,
    /// `(x [M, N]) -> i32 [M]`: wrapping sum of each row.
    #[codec(index = 15)]
    RowSum,
    /// `(x [M, N]) -> i32 [M]`: largest of each row.
    #[codec(index = 16)]
    RowMax,
    /// `(x [M, N]) -> i32 [M]`: largest absolute value of each row; `|MIN|` counts as `2^31 - 1`.
    #[codec(index = 17)]
    RowMaxAbs,
    /// `(x [M, N]) -> i32 [M]`: index of the largest of each row, the lowest such index.
    #[codec(index = 18)]
    RowArgmax,
    /// `(x [M, N]) -> i32 [N]`: wrapping sum of each column.
    #[codec(index = 19)]
    ColSum,
    /// `(x: i32 [M, N]) -> i32 [M, N]`: softmax of each row, from fixed point with `frac_bits` to fixed point with 15.
    #[codec(index = 20)]
    Softmax {
        /// Fractional bits of x, 0..=24.
        frac_bits: u8,
    },
    /// `(x) -> x` in another shape of as many elements.
    #[codec(index = 21)]
    Reshape {
        /// The new shape.
        shape: Shape,
    },
    /// `(x) -> x` cut to `start..start + len` along an axis.
    #[codec(index = 22)]
    Slice {
        /// The axis.
        axis: u8,
        /// First index kept.
        start: u32,
        /// Number of indices kept.
        len: u32,
    },
    /// `(x0, x1, ..)`, 2 to 8 of them, of one type: one after the other along an axis.
    #[codec(index = 23)]
    Concat {
        /// The axis.
        axis: u8,
    },
    /// `() -> i32 shape`: element `i` is word `i` of the operator's ChaCha8 stream.
    #[codec(index = 24)]
    Random {
        /// Shape of the output.
        shape: Shape,
    },
    /// `(x) -> x` with its axes in another order.
    #[codec(index = 25)]
    Permute {
        /// Axis `i` of the output is axis `axes[i]` of x. Entries that x has no axis for are their own index.
        axes: [u8; MAX_RANK],
    },
    /// `(x [M]) -> i8 [M, N]`: 1 in the column that x names, 0 elsewhere.
    #[codec(index = 26)]
    OneHot {
        /// Number of columns.
        columns: u32,
    },
    /// `(x) -> i32`: the square root, rounded down; 0 for negative numbers.
    #[codec(index = 27)]
    Sqrt,
    /// `(x [B, H, W, C]) -> [B, OH, OW, KH * KW * C]`: what stands in each window of the images, row by row.
    #[codec(index = 28)]
    Unfold2d {
        /// Rows and columns of a window, 1 to 255.
        kernel: [u8; 2],
        /// Pixels from a window to the next, down and across.
        stride: [u8; 2],
        /// Pixels added above and below, and left and right; fewer than the window has.
        padding: [u8; 2],
        /// What the added pixels hold; limited to what the type holds.
        fill: i32,
    },
    /// `(x [B, OH, OW, KH * KW * C]) -> i32 [B, H, W, C]`: wrapping sum of all that stands in the windows for each pixel.
    #[codec(index = 29)]
    Fold2d {
        /// Rows and columns of a window, 1 to 255.
        kernel: [u8; 2],
        /// Pixels from a window to the next, down and across.
        stride: [u8; 2],
        /// Pixels added above and below, and left and right; fewer than the window has.
        padding: [u8; 2],
        /// Rows and columns of the images.
        image: [u32; 2],
    },
}

/// One operator and what it reads.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Op {
    /// What it does.
    pub kind: OpKind,
    /// What it reads, in order.
    pub args: Vec<Value>,
}

/// A tensor program. Without a loop `steps` is 0 and `init`, `state`, `body` and `next` are empty.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Program {
    /// Types of the task's inputs.
    pub inputs: Vec<TensorType>,
    /// Tensors that are part of the program.
    pub constants: Vec<Constant>,
    /// Operators that make the first state.
    pub init: Vec<Op>,
    /// The first state: outputs of `init`.
    pub state: Vec<Value>,
    /// Operators of one loop step.
    pub body: Vec<Op>,
    /// The next state: outputs of `body`, or state tensors that stay as they are.
    pub next: Vec<Value>,
    /// Number of loop steps.
    pub steps: u32,
    /// Operators that make the output.
    pub finish: Vec<Op>,
    /// The output: an output of `finish`.
    pub output: Value,
}

impl Program {
    /// Number of segments of a task.
    pub fn segments(&self) -> u32 {
        segments(self.steps)
    }

    /// The `index`-th segment of a task; none when there are fewer.
    pub fn segment(&self, index: u32) -> Option<Segment> {
        segment(self.steps, index)
    }

    /// The operators of a block.
    pub fn block(&self, kind: SegmentKind) -> &[Op] {
        match kind {
            SegmentKind::Init => &self.init,
            SegmentKind::Body => &self.body,
            SegmentKind::Finish => &self.finish,
        }
    }

    /// The values that are the result of a block: a state, or the output alone.
    pub fn results(&self, kind: SegmentKind) -> Vec<Value> {
        match kind {
            SegmentKind::Init => self.state.clone(),
            SegmentKind::Body => self.next.clone(),
            SegmentKind::Finish => vec![self.output],
        }
    }

    /// Number of an operator in the whole program: blocks follow each other as init, body, finish.
    pub fn operator_number(&self, kind: SegmentKind, op: u16) -> u32 {
        let before = match kind {
            SegmentKind::Init => 0,
            SegmentKind::Body => self.init.len(),
            SegmentKind::Finish => self.init.len().saturating_add(self.body.len()),
        };
        (before as u32).saturating_add(u32::from(op))
    }

    /// The program's name: the id of its encoding.
    pub fn id(&self) -> BlobId {
        BlobId::of(&self.encode())
    }
}

/// Number of segments of a task whose program has `steps` loop steps.
pub fn segments(steps: u32) -> u32 {
    match steps {
        0 => 1,
        steps => steps.saturating_add(2),
    }
}

/// The `index`-th segment of a task whose program has `steps` loop steps.
pub fn segment(steps: u32, index: u32) -> Option<Segment> {
    let last = segments(steps).saturating_sub(1);
    if index > last {
        None
    } else if index == last {
        Some(Segment::Finish)
    } else {
        Some(index.checked_sub(1).map_or(Segment::Init, Segment::Body))
    }
}

/// A block of a program.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum SegmentKind {
    /// Makes the first state.
    #[codec(index = 0)]
    Init,
    /// One loop step.
    #[codec(index = 1)]
    Body,
    /// Makes the output.
    #[codec(index = 2)]
    Finish,
}

/// A stretch of a task between two checkpoints.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Segment {
    /// From the inputs to the first state.
    #[codec(index = 0)]
    Init,
    /// One loop step, counted from 0.
    #[codec(index = 1)]
    Body(u32),
    /// From the last state (or, without a loop, the inputs) to the output.
    #[codec(index = 2)]
    Finish,
}

impl Segment {
    /// The block it runs.
    pub const fn kind(self) -> SegmentKind {
        match self {
            Self::Init => SegmentKind::Init,
            Self::Body(_) => SegmentKind::Body,
            Self::Finish => SegmentKind::Finish,
        }
    }

    /// The loop step; 0 outside the body.
    pub const fn step(self) -> u32 {
        match self {
            Self::Body(step) => step,
            Self::Init | Self::Finish => 0,
        }
    }
}

/// What a segment knows besides its inputs and state.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Context {
    /// Index of the task in its stage.
    pub index: u32,
    /// Seed of the task.
    pub seed: [u8; 32],
    /// The loop step; 0 outside the body.
    pub step: u32,
}

impl Context {
    /// This context in a segment.
    pub fn at(self, segment: Segment) -> Self {
        Self { step: segment.step(), ..self }
    }

    /// The ChaCha8 key of an operator, numbered as by [`Program::operator_number`].
    pub fn key(&self, operator: u32) -> [u8; 32] {
        tagged(tags::RANDOM, &(self.seed, self.step, operator))
    }
}
