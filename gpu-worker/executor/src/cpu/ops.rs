// SPDX-License-Identifier: Apache-2.0
//! The operators on whole tensors: loops that the compiler turns into vector instructions, on all cores where it pays.

// The loops of `each!` are written once for three types.
#![allow(clippy::useless_conversion)]

use super::{
    matmul::matmuls_nt,
    simd::{vectorized, Simd},
    window,
};
use bytemuck::Pod;
use bytes::Bytes;
use quern_program::{
    ops::{
        bit_length, broadcast, divide, exp_q16, permuted, shift_round, shift_stochastic, softmax_q15_by, sqrt,
        Broadcast,
    },
    DType, OpKind, Shape, Tensor, TensorType, Window2d,
};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;
use std::{
    borrow::Cow,
    iter::{once, Chain, Once},
    slice::ChunksMut,
    sync::Arc,
};

/// Elements that one task of the thread pool computes at least. A multiple of the 16 words of a ChaCha block.
pub(super) const CHUNK: usize = 16_384;

/// Elements that are computed at a time, operator after operator: they stay in the first cache.
const AT_ONCE: usize = 2_048;
/// Most operators that are computed one after the other for some elements: each has room for some on the stack.
const MAX_DEPTH: usize = 8;
/// Rows of a transpose that are written at a time.
const BLOCK: usize = 16;
/// Columns that one task sums where a row has more than [`CHUNK`].
const COLUMNS_OF_TASK: usize = 512;

/// The elements of a tensor. Borrowed from the caller where its bytes are aligned.
#[derive(Clone, Debug)]
pub(super) enum Elements<'a> {
    I8(Cow<'a, [i8]>),
    I16(Cow<'a, [i16]>),
    I32(Cow<'a, [i32]>),
}

/// Evaluates an expression on the slice of elements, whatever their type is.
macro_rules! each {
    ($elements:expr, $slice:ident => $body:expr) => {
        match $elements {
            Elements::I8($slice) => $body,
            Elements::I16($slice) => $body,
            Elements::I32($slice) => $body,
        }
    };
}

/// Evaluates an expression that makes a vector of the same type and wraps it.
macro_rules! map {
    ($elements:expr, $slice:ident => $body:expr) => {
        match $elements {
            Elements::I8($slice) => Elements::I8(Cow::Owned($body)),
            Elements::I16($slice) => Elements::I16(Cow::Owned($body)),
            Elements::I32($slice) => Elements::I32(Cow::Owned($body)),
        }
    };
}

/// One number for each row: `f` of the iterator over its elements.
macro_rules! rows {
    ($simd:expr, $x:expr, $shape:expr, $row:ident => $body:expr) => {{
        let columns = $shape.last() as usize;
        let mut out = vec![0i32; $shape.dim(0) as usize];
        let x = match $x {
            Operand::Later(x) if columns <= AT_ONCE => {
                let rows = AT_ONCE / columns;
                let chunks = out.par_chunks_mut(rows).enumerate().with_min_len(CHUNK / AT_ONCE);
                chunks.for_each(|(chunk, out)| {
                    let mut elements = [0i32; AT_ONCE];
                    let elements = &mut elements[..out.len() * columns];
                    x.load(chunk * rows * columns, elements);
                    $simd.vectorize(|| {
                        for (out, row) in out.iter_mut().zip(elements.chunks_exact(columns)) {
                            let $row = row.iter().copied();
                            *out = $body;
                        }
                    });
                });
                None
            }
            x => Some(x.now($simd)),
        };
        if let Some(x) = x {
            each!(&*x, x => {
                let rows = out.par_iter_mut().zip(x.par_chunks_exact(columns));
                rows.with_min_len((CHUNK / columns).max(1)).for_each(|(out, row)| $simd.vectorize(|| {
                    let $row = row.iter().map(|x| i32::from(*x));
                    *out = $body;
                }));
            });
        }
        Elements::i32(out)
    }};
}

/// What an operator reads.
#[derive(Clone)]
pub(super) enum Operand<'a> {
    /// Elements that are there.
    Now(Arc<Elements<'a>>),
    /// Elements that are computed where they are read, as they have one reader.
    Later(Arc<Later<'a>>),
}

/// Elements as a function of their place.
pub(super) struct Later<'a> {
    dtype: DType,
    len: usize,
    /// Such functions in a row.
    depth: usize,
    load: Load<'a>,
}

/// Writes the elements from a place on.
type Load<'a> = Box<dyn Fn(usize, &mut [i32]) + Send + Sync + 'a>;

impl<'a> Operand<'a> {
    /// The elements, computed where they are not there.
    pub fn now(&self, simd: Simd) -> Arc<Elements<'a>> {
        match self {
            Self::Now(elements) => Arc::clone(elements),
            Self::Later(later) => Arc::new(later.now(simd)),
        }
    }

    /// The tensor of the elements, copied only where somebody else has them too.
    pub fn into_tensor(self, simd: Simd, ty: TensorType) -> Tensor {
        let elements = match self {
            Self::Now(elements) => Arc::try_unwrap(elements).unwrap_or_else(|shared| (*shared).clone()),
            Self::Later(later) => later.now(simd),
        };
        Tensor { ty, bytes: elements.into_bytes() }
    }

    fn depth(&self) -> usize {
        match self {
            Self::Now(_) => 0,
            Self::Later(later) => later.depth,
        }
    }

    /// Writes the elements from `start` on.
    fn load(&self, simd: Simd, start: usize, to: &mut [i32]) {
        match self {
            Self::Now(elements) => load(simd, elements, start, to),
            Self::Later(later) => later.load(start, to),
        }
    }
}

impl Later<'_> {
    fn load(&self, start: usize, to: &mut [i32]) {
        (self.load)(start, to)
    }

    fn now(&self, simd: Simd) -> Elements<'static> {
        match self.dtype {
            DType::I8 => Elements::I8(Cow::Owned(self.narrow(simd, |x| x as i8))),
            DType::I16 => Elements::I16(Cow::Owned(self.narrow(simd, |x| x as i16))),
            DType::I32 => Elements::i32(parallel(simd, self.len, |start, out| {
                for (index, out) in out.chunks_mut(AT_ONCE).enumerate() {
                    self.load(start + index * AT_ONCE, out);
                }
            })),
        }
    }

    /// The elements in a type that has them.
    fn narrow<T: Copy + Default + Send>(&self, simd: Simd, narrow: impl Fn(i32) -> T + Sync) -> Vec<T> {
        parallel(simd, self.len, |start, out| {
            let mut wide = [0i32; AT_ONCE];
            for (index, out) in out.chunks_mut(AT_ONCE).enumerate() {
                let wide = &mut wide[..out.len()];
                self.load(start + index * AT_ONCE, wide);
                out.iter_mut().zip(wide).for_each(|(out, x)| *out = narrow(*x));
            }
        })
    }
}

impl<'a> Elements<'a> {
    /// The elements of a tensor.
    pub fn of(tensor: &'a Tensor) -> Self {
        match tensor.ty.dtype {
            DType::I8 => Self::I8(Cow::Borrowed(bytemuck::cast_slice(&tensor.bytes))),
            DType::I16 => Self::I16(little_endian(&tensor.bytes, i16::from_le)),
            DType::I32 => Self::I32(little_endian(&tensor.bytes, i32::from_le)),
        }
    }

    fn i32(values: Vec<i32>) -> Self {
        Self::I32(Cow::Owned(values))
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::I8(values) => bytes(values, |x| x),
            Self::I16(values) => bytes(values, i16::to_le),
            Self::I32(values) => bytes(values, i32::to_le),
        }
    }

    fn len(&self) -> usize {
        each!(self, x => x.len())
    }

    fn get(&self, index: usize) -> i32 {
        each!(self, x => i32::from(x[index]))
    }
}

vectorized! {
    /// Copies the elements from `start` on.
    fn load(elements: &Elements<'_>, start: usize, to: &mut [i32]) {
        each!(elements, x => {
            for (to, x) in to.iter_mut().zip(&x[start..]) {
                *to = i32::from(*x);
            }
        })
    }
}

fn little_endian<T: Pod>(bytes: &[u8], convert: fn(T) -> T) -> Cow<'_, [T]> {
    let mut elements = match bytemuck::try_cast_slice(bytes) {
        Ok(elements) => Cow::Borrowed(elements),
        Err(_) => Cow::Owned(bytemuck::pod_collect_to_vec(bytes)),
    };
    if cfg!(target_endian = "big") {
        elements.to_mut().iter_mut().for_each(|x| *x = convert(*x));
    }
    elements
}

/// The bytes of these elements, which are moved where they are not borrowed.
fn bytes<T: Pod + Send>(values: Cow<'_, [T]>, convert: fn(T) -> T) -> Bytes {
    struct Owner<T>(Vec<T>);

    impl<T: Pod> AsRef<[u8]> for Owner<T> {
        fn as_ref(&self) -> &[u8] {
            bytemuck::cast_slice(&self.0)
        }
    }

    let mut values = values.into_owned();
    if cfg!(target_endian = "big") {
        values.iter_mut().for_each(|x| *x = convert(*x));
    }
    Bytes::from_owner(Owner(values))
}

/// The output of an operator, of which the elements need not be there if it is read `later`.
pub(super) fn run<'a>(
    simd: Simd,
    kind: &OpKind,
    args: &[(TensorType, Operand<'a>)],
    output: TensorType,
    key: &[u8; 32],
    later: bool,
) -> Operand<'a> {
    if let OpKind::Reshape { .. } = kind {
        return args[0].1.clone();
    }
    let Some(load) = each_element(simd, kind, args, key) else {
        return Operand::Now(Arc::new(whole(simd, kind, args, output, key)));
    };
    let depth = 1 + args.iter().map(|(_, operand)| operand.depth()).max().unwrap_or(0);
    let result = Later { dtype: output.dtype, len: output.elements() as usize, depth, load };
    if later && depth < MAX_DEPTH {
        Operand::Later(Arc::new(result))
    } else {
        Operand::Now(Arc::new(result.now(simd)))
    }
}

/// Whether an operator reads its first argument once and in order, so that it need not be there.
pub(super) fn reads_in_order(kind: &OpKind) -> bool {
    use OpKind::*;
    matches!(kind, Add | Sub | Mul | Div | Min | Max | ShiftRound | ShiftStochastic)
        || matches!(kind, Clamp { .. } | BitLength | Sqrt | Cast { .. } | Table)
        || matches!(kind, RowSum | RowMax | RowMaxAbs | RowArgmax | Softmax { .. })
}

/// The elements of an operator that computes each for itself.
fn each_element<'a>(simd: Simd, kind: &OpKind, args: &[(TensorType, Operand<'a>)], key: &[u8; 32]) -> Option<Load<'a>> {
    let x = || args[0].1.clone();
    let two = || both(simd, args);
    Some(match *kind {
        OpKind::Add => binary(simd, two(), i32::wrapping_add),
        OpKind::Sub => binary(simd, two(), i32::wrapping_sub),
        OpKind::Mul => binary(simd, two(), i32::wrapping_mul),
        OpKind::Div => divided(simd, two()),
        OpKind::Min => binary(simd, two(), |a, b| a.min(b)),
        OpKind::Max => binary(simd, two(), |a, b| a.max(b)),
        OpKind::ShiftRound => binary(simd, two(), shift_round),
        OpKind::ShiftStochastic => stochastic(simd, two(), *key),
        OpKind::Clamp { lo, hi } => unary(simd, x(), move |x| x.max(lo).min(hi)),
        OpKind::BitLength => unary(simd, x(), bit_length),
        OpKind::Sqrt => unary(simd, x(), sqrt),
        OpKind::Cast { dtype } => {
            let (lo, hi) = (dtype.min(), dtype.max());
            unary(simd, x(), move |x| x.clamp(lo, hi))
        }
        OpKind::Table => {
            let mut table = [0; 256];
            args[1].1.load(simd, 0, &mut table);
            unary(simd, x(), move |x| table[(x + 128) as usize & 255])
        }
        _ => return None,
    })
}

/// The output of any other operator.
fn whole<'a>(
    simd: Simd,
    kind: &OpKind,
    args: &[(TensorType, Operand<'a>)],
    output: TensorType,
    key: &[u8; 32],
) -> Elements<'a> {
    let operand = args.first().map(|(_, operand)| operand);
    let operand = || operand.expect("operators of no argument do not ask");
    let types: Vec<_> = args.iter().map(|(ty, _)| *ty).collect();
    // What reads its argument in order does not need it to be there.
    let args: Vec<_> = match reads_in_order(kind) {
        true => Vec::new(),
        false => args.iter().map(|(ty, operand)| (*ty, operand.now(simd))).collect(),
    };
    let shape = |arg: usize| types[arg].shape;
    let rows_columns = |arg: usize| shape(arg).as_matrix().map_or((1, 1), |(m, n)| (m as usize, n as usize));
    let x = args.first().map(|(_, elements)| &**elements);
    let x = || x.expect("operators of no argument do not ask");
    let y = || &*args[1].1;
    let len = output.elements() as usize;
    let result = match *kind {
        OpKind::MatmulNt => match (x(), y()) {
            (Elements::I8(a), Elements::I8(b)) => {
                let [m, n, k] = [output.shape.dim(output.shape.rank() - 2), output.shape.last(), shape(0).last()];
                Elements::i32(matmuls_nt(simd, a, b, [m, n, k].map(|size| size as usize)))
            }
            _ => unreachable!("a checked product is of i8"),
        },
        OpKind::Transpose => {
            let (m, n) = rows_columns(0);
            map!(x(), x => {
                let mut out = vec![Default::default(); len];
                transpose(x, m, n, &mut out);
                out
            })
        }
        OpKind::Gather => {
            let (rows, columns) = rows_columns(0);
            map!(x(), x => gather(x, rows, columns, y()))
        }
        OpKind::OneHot { columns } => Elements::I8(Cow::Owned(one_hot(x(), columns as usize))),
        OpKind::Unfold2d { kernel, stride, padding, fill } => {
            let windows = window::Windows::new(Window2d { kernel, stride, padding }, shape(0), output.shape);
            let fill = fill.clamp(output.dtype.min(), output.dtype.max());
            match x() {
                Elements::I8(x) => Elements::I8(Cow::Owned(windows.unfold(x, fill as i8))),
                Elements::I16(x) => Elements::I16(Cow::Owned(windows.unfold(x, fill as i16))),
                Elements::I32(x) => Elements::I32(Cow::Owned(windows.unfold(x, fill))),
            }
        }
        OpKind::Fold2d { kernel, stride, padding, .. } => {
            let windows = window::Windows::new(Window2d { kernel, stride, padding }, output.shape, shape(0));
            each!(x(), x => Elements::i32(windows.fold(x)))
        }
        OpKind::Permute { axes } => {
            let places = permuted(shape(0), axes).unwrap_or_default();
            map!(x(), x => permute(x, places.map(|(places, stride)| (places as usize, stride as usize))))
        }
        OpKind::RowSum => rows!(simd, operand(), shape(0), row => row.fold(0, i32::wrapping_add)),
        OpKind::RowMax => rows!(simd, operand(), shape(0), row => row.max().unwrap_or(0)),
        OpKind::RowMaxAbs => rows!(simd, operand(), shape(0), row => row.map(i32::saturating_abs).max().unwrap_or(0)),
        OpKind::RowArgmax => rows!(simd, operand(), shape(0), row => {
            let first = row.zip(0i32..).reduce(|best, next| if next.0 > best.0 { next } else { best });
            first.map_or(0, |(_, index)| index)
        }),
        OpKind::ColSum => each!(x(), x => Elements::i32(column_sums(x, rows_columns(0).1))),
        OpKind::Softmax { frac_bits } => Elements::i32(softmax(simd, operand(), len, rows_columns(0).1, frac_bits)),
        OpKind::Slice { axis, start, len } => {
            let (inner, width) = stretch(shape(0), axis);
            let (whole, start, len) = (inner * width, inner * start as usize, inner * len as usize);
            match x() {
                Elements::I8(x) => Elements::I8(slice(x, whole, start, len)),
                Elements::I16(x) => Elements::I16(slice(x, whole, start, len)),
                Elements::I32(x) => Elements::I32(slice(x, whole, start, len)),
            }
        }
        OpKind::Concat { axis } => match x() {
            Elements::I8(_) => Elements::I8(Cow::Owned(concat(&args, axis, len, |x| match x {
                Elements::I8(x) => x,
                _ => &[],
            }))),
            Elements::I16(_) => Elements::I16(Cow::Owned(concat(&args, axis, len, |x| match x {
                Elements::I16(x) => x,
                _ => &[],
            }))),
            Elements::I32(_) => Elements::I32(Cow::Owned(concat(&args, axis, len, |x| match x {
                Elements::I32(x) => x,
                _ => &[],
            }))),
        },
        OpKind::Random { .. } => Elements::i32(parallel(simd, len, |start, out| {
            let mut stream = stream(key, start);
            out.iter_mut().for_each(|out| *out = stream.next_u32() as i32);
        })),
        _ => unreachable!("handled above"),
    };
    debug_assert_eq!(result.len(), len);
    result
}

/// A vector whose chunks are written by `write(start, chunk)`.
fn parallel<T: Copy + Default + Send>(simd: Simd, len: usize, write: impl Fn(usize, &mut [T]) + Sync) -> Vec<T> {
    let mut out = vec![T::default(); len];
    let write = |(chunk, out): (usize, &mut [T])| simd.vectorize(|| write(chunk * CHUNK, out));
    if len <= CHUNK {
        write((0, &mut out));
    } else {
        out.par_chunks_mut(CHUNK).enumerate().for_each(write);
    }
    out
}

fn unary<'a>(simd: Simd, x: Operand<'a>, f: impl Fn(i32) -> i32 + Send + Sync + 'a) -> Load<'a> {
    Box::new(move |start, out| {
        x.load(simd, start, out);
        map(simd, out, &f);
    })
}

vectorized! {
    fn map(out: &mut [i32], f: &impl Fn(i32) -> i32) {
        out.iter_mut().for_each(|x| *x = f(*x));
    }
}

vectorized! {
    fn map_two(out: &mut [i32], with: &[i32], f: &mut impl FnMut(i32, i32) -> i32) {
        out.iter_mut().zip(with).for_each(|(x, y)| *x = f(*x, *y));
    }
}

vectorized! {
    /// The same with one number for each row.
    fn map_rows(rows: Rows<'_>, with: &[i32], f: &mut impl FnMut(i32, i32) -> i32) {
        for (row, y) in rows.zip(with) {
            row.iter_mut().for_each(|x| *x = f(*x, *y));
        }
    }
}

/// The second argument of an operator: `y[i / stretch % period]` for its element `i`. It is there if it is read again and again.
struct Second<'a> {
    y: Operand<'a>,
    stretch: usize,
    period: usize,
}

/// Some elements of rows: the first and the last row need not be whole.
type Rows<'a> = Chain<Once<&'a mut [i32]>, ChunksMut<'a, i32>>;

impl Second<'_> {
    /// Calls `f(x, y)` for every element of a chunk that starts at `start`, where `out` holds x on entry.
    fn each(&self, simd: Simd, start: usize, out: &mut [i32], mut f: impl FnMut(i32, i32) -> i32) {
        if self.stretch > 1 {
            return self.rows(simd, start, out, |rows, ys| map_rows(simd, rows, ys, &mut f));
        }
        let mut ys = [0i32; AT_ONCE / 2];
        let (mut at, mut rest) = (start, out);
        while !rest.is_empty() {
            let from = at % self.period;
            let count = rest.len().min(self.period - from).min(ys.len());
            let (now, later) = rest.split_at_mut(count);
            self.y.load(simd, from, &mut ys[..count]);
            map_two(simd, now, &ys[..count], &mut f);
            (at, rest) = (at + count, later);
        }
    }

    /// Calls `f` for rows that have one second number each, and these numbers.
    fn rows(&self, simd: Simd, start: usize, out: &mut [i32], mut f: impl FnMut(Rows<'_>, &[i32])) {
        let mut ys = [0i32; AT_ONCE / 16];
        let (mut at, mut rest) = (start, out);
        while !rest.is_empty() {
            let first = rest.len().min(self.stretch - at % self.stretch);
            let more = (rest.len() - first).div_ceil(self.stretch).min(ys.len() - 1);
            let count = rest.len().min(first + more * self.stretch.min(rest.len()));
            let (now, later) = rest.split_at_mut(count);
            self.y.load(simd, at / self.stretch, &mut ys[..1 + more]);
            let (first, others) = now.split_at_mut(first);
            f(once(first).chain(others.chunks_mut(self.stretch)), &ys[..1 + more]);
            (at, rest) = (at + count, later);
        }
    }
}

/// The two arguments of an operator.
fn both<'a>(simd: Simd, args: &[(TensorType, Operand<'a>)]) -> (Operand<'a>, Second<'a>) {
    let [(a, x), (b, y)] = args else { unreachable!("a checked operator has its arguments") };
    let last = a.shape.last() as usize;
    let how = broadcast(*a, *b).unwrap_or(Broadcast::One);
    let (stretch, period) = match how {
        Broadcast::Same => (1, usize::MAX),
        Broadcast::Last => (1, last),
        Broadcast::AllButLast => (last, usize::MAX),
        Broadcast::One => (usize::MAX, usize::MAX),
    };
    let y = if how == Broadcast::Same { y.clone() } else { Operand::Now(y.now(simd)) };
    (x.clone(), Second { y, stretch, period })
}

fn binary<'a>(
    simd: Simd,
    (x, second): (Operand<'a>, Second<'a>),
    f: impl Fn(i32, i32) -> i32 + Send + Sync + 'a,
) -> Load<'a> {
    Box::new(move |start, out| {
        x.load(simd, start, out);
        second.each(simd, start, out, &f);
    })
}

/// Quotients. Where a divisor is that of many elements it is turned into a multiplication.
fn divided<'a>(simd: Simd, (x, second): (Operand<'a>, Second<'a>)) -> Load<'a> {
    if second.stretch == 1 {
        return binary(simd, (x, second), divide);
    }
    Box::new(move |start, out| {
        x.load(simd, start, out);
        second.rows(simd, start, out, |rows, divisors| quotients(simd, rows, divisors));
    })
}

vectorized! {
    fn quotients(rows: Rows<'_>, divisors: &[i32]) {
        for (row, divisor) in rows.zip(divisors) {
            let reciprocal = Reciprocal::of(divisor.unsigned_abs());
            for x in row {
                let quotient = reciprocal.quotient(x.unsigned_abs()) as i32;
                *x = if (*x ^ divisor) < 0 { quotient.wrapping_neg() } else { quotient };
            }
        }
    }
}

/// What a multiplication and two corrections divide by, exactly; by zero to zero.
#[derive(Clone, Copy)]
struct Reciprocal {
    divisor: u32,
    /// `2^32 / divisor`, rounded down, or the largest number.
    factor: u32,
}

impl Reciprocal {
    fn of(divisor: u32) -> Self {
        let factor = (1u64 << 32).checked_div(divisor.into()).unwrap_or(0);
        Self { divisor, factor: u32::try_from(factor).unwrap_or(u32::MAX) }
    }

    /// `number / divisor`, rounded down. The factor is less than one too small, so the first guess is at most two too small.
    #[inline(always)]
    fn quotient(self, number: u32) -> u32 {
        let guess = ((u64::from(number) * u64::from(self.factor)) >> 32) as u32;
        let rest = number.wrapping_sub(guess.wrapping_mul(self.divisor));
        let more = u32::from(rest >= self.divisor);
        let rest = rest.wrapping_sub(more.wrapping_mul(self.divisor));
        let quotient = guess.wrapping_add(more).wrapping_add(u32::from(rest >= self.divisor));
        if self.divisor == 0 {
            0
        } else {
            quotient
        }
    }
}

fn stream(key: &[u8; 32], start: usize) -> ChaCha8Rng {
    let mut stream = ChaCha8Rng::from_seed(*key);
    stream.set_word_pos(start as u128);
    stream
}

fn stochastic<'a>(simd: Simd, (x, second): (Operand<'a>, Second<'a>), key: [u8; 32]) -> Load<'a> {
    Box::new(move |start, out| {
        x.load(simd, start, out);
        let mut stream = stream(&key, start);
        second.each(simd, start, out, |x, s| shift_stochastic(x, s, stream.next_u32()));
    })
}

/// Writes the transpose of `x [m, n]`.
pub(super) fn transpose<T: Copy + Send + Sync>(x: &[T], m: usize, n: usize, out: &mut [T]) {
    if m > 0 && n > 0 {
        strided(x, [1, n], m, out);
    }
}

/// Writes rows of `columns` elements: in row i and column j there is `x[i * row + j * column]`.
fn strided<T: Copy + Send + Sync>(x: &[T], [row, column]: [usize; 2], columns: usize, out: &mut [T]) {
    let strip = BLOCK * columns;
    let write = |(index, out): (usize, &mut [T])| {
        let x = &x[index * BLOCK * row..];
        if columns <= BLOCK {
            for at in 0..columns {
                let from = x[at * column..].iter().step_by(row);
                out[at..].iter_mut().step_by(columns).zip(from).for_each(|(to, x)| *to = *x);
            }
        } else {
            let mut rows: [&mut [T]; BLOCK] = Default::default();
            let height = rows.iter_mut().zip(out.chunks_exact_mut(columns)).map(|(row, out)| *row = out).count();
            strided_rows(x, [row, column], &mut rows[..height]);
        }
    };
    if out.len() <= CHUNK {
        out.chunks_mut(strip).enumerate().for_each(write);
    } else {
        out.par_chunks_mut(strip).enumerate().with_min_len((CHUNK / strip).max(1)).for_each(write);
    }
}

/// The same for some rows, and as many columns as these slices of them have.
pub(super) fn strided_rows<T: Copy + Send + Sync>(x: &[T], [row, column]: [usize; 2], rows: &mut [&mut [T]]) {
    let columns = rows.first().map_or(0, |row| row.len());
    if columns > BLOCK && columns * rows.len() > CHUNK {
        let at = (columns / 2).next_multiple_of(BLOCK);
        let (mut left, mut right): (Vec<_>, Vec<_>) = rows.iter_mut().map(|row| row.split_at_mut(at)).unzip();
        rayon::join(
            || strided_rows(x, [row, column], &mut left),
            || strided_rows(&x[at * column..], [row, column], &mut right),
        );
        return;
    }
    // In blocks, so that what is read of a line of memory is used before it is gone.
    for at in (0..columns).step_by(BLOCK) {
        for (index, out) in rows.iter_mut().enumerate() {
            let from = x[index * row + at * column..].iter().step_by(column);
            out[at..columns.min(at + BLOCK)].iter_mut().zip(from).for_each(|(to, x)| *to = *x);
        }
    }
}

/// Of each output axis its places, and elements of x from one place to the next.
fn permute<T: Copy + Default + Send + Sync>(x: &[T], axes: [(usize, usize); 4]) -> Vec<T> {
    // Neighbours that stay neighbours are one axis, and what is left comes last: rows are as long as can be.
    let mut places = [(1, 0); 4];
    let mut first = places.len();
    for &(axis, stride) in axes.iter().rev().filter(|(axis, _)| *axis > 1) {
        match places.get_mut(first) {
            Some((inner, step)) if *inner * *step == stride => *inner *= axis,
            _ => {
                first -= 1;
                places[first] = (axis, stride);
            }
        }
    }
    let [(_, stride0), (places1, stride1), (rows, row), (columns, column)] = places;
    let mut out = vec![T::default(); x.len()];
    let per_task = (CHUNK / (rows * columns)).max(1);
    out.par_chunks_exact_mut(rows * columns).enumerate().with_min_len(per_task).for_each(|(matrix, out)| {
        let x = &x[matrix / places1 * stride0 + matrix % places1 * stride1..];
        if column > 1 {
            return strided(x, [row, column], columns, out);
        }
        let copies = out.par_chunks_exact_mut(columns).enumerate().with_min_len((CHUNK / columns).max(1));
        copies.for_each(|(index, out)| out.copy_from_slice(&x[index * row..][..columns]));
    });
    out
}

fn one_hot(x: &Elements<'_>, columns: usize) -> Vec<i8> {
    let mut out = vec![0i8; x.len() * columns];
    for (i, row) in out.chunks_exact_mut(columns).enumerate() {
        if let Some(place) = usize::try_from(x.get(i)).ok().and_then(|column| row.get_mut(column)) {
            *place = 1;
        }
    }
    out
}

fn gather<T: Copy>(table: &[T], rows: usize, columns: usize, indices: &Elements<'_>) -> Vec<T> {
    let mut out = Vec::with_capacity(indices.len() * columns);
    for i in 0..indices.len() {
        let row = (indices.get(i).max(0) as usize).min(rows.saturating_sub(1));
        out.extend_from_slice(&table[row * columns..(row + 1) * columns]);
    }
    out
}

fn column_sums<T: Copy + Sync + Into<i32>>(x: &[T], columns: usize) -> Vec<i32> {
    if columns > CHUNK {
        // Sums of whole rows would be as large as the tensor.
        let mut out = vec![0i32; columns];
        out.par_chunks_mut(COLUMNS_OF_TASK).enumerate().for_each(|(index, sums)| {
            for row in x.chunks_exact(columns) {
                let row = &row[index * COLUMNS_OF_TASK..];
                sums.iter_mut().zip(row).for_each(|(sum, x)| *sum = sum.wrapping_add((*x).into()));
            }
        });
        return out;
    }
    let per_task = (CHUNK / columns.max(1)).max(1) * columns;
    let add = |mut sums: Vec<i32>, row: &[i32]| {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum = sum.wrapping_add(*x));
        sums
    };
    x.par_chunks(per_task)
        .map(|rows| {
            let mut sums = vec![0i32; columns];
            for row in rows.chunks_exact(columns) {
                sums.iter_mut().zip(row).for_each(|(sum, x)| *sum = sum.wrapping_add((*x).into()));
            }
            sums
        })
        .reduce(|| vec![0; columns], |a, b| add(a, &b))
}

fn softmax(simd: Simd, x: &Operand<'_>, len: usize, columns: usize, frac_bits: u8) -> Vec<i32> {
    let mut out = vec![0i32; len];
    let chunk = (AT_ONCE / columns.max(1)).max(1) * columns;
    out.par_chunks_mut(chunk).enumerate().for_each(|(index, out)| {
        x.load(simd, index * chunk, out);
        softmaxes(simd, out, columns, frac_bits);
    });
    out
}

vectorized! {
    fn softmaxes(rows: &mut [i32], columns: usize, frac_bits: u8) {
        for row in rows.chunks_exact_mut(columns) {
            let max = row.iter().copied().max().unwrap_or(0);
            let mut sum = 0u32;
            for x in row.iter_mut() {
                let exp = exp_q16(max.wrapping_sub(*x) as u32, frac_bits);
                sum = sum.wrapping_add(exp);
                *x = exp as i32;
            }
            let reciprocal = Reciprocal::of(sum);
            row.iter_mut().for_each(|x| *x = softmax_q15_by(*x as u32, sum, |n| reciprocal.quotient(n)));
        }
    }
}

/// Elements of one place of an axis, and places of the axis.
pub(crate) fn stretch(shape: Shape, axis: u8) -> (usize, usize) {
    let axis = usize::from(axis);
    let inner = shape.dims().iter().skip(axis + 1).map(|dim| *dim as usize).product();
    (inner, shape.dim(axis) as usize)
}

fn slice<'a, T: Copy>(x: &Cow<'a, [T]>, whole: usize, start: usize, len: usize) -> Cow<'a, [T]> {
    // One stretch of what the caller lent, as weights are that several layers share an input for, is lent on.
    if let (Cow::Borrowed(x), true) = (x, x.len() == whole) {
        return Cow::Borrowed(&x[start..start + len]);
    }
    let mut out = Vec::with_capacity(x.len() / whole.max(1) * len);
    for x in x.chunks_exact(whole) {
        out.extend_from_slice(&x[start..start + len]);
    }
    Cow::Owned(out)
}

fn concat<T: Copy>(
    args: &[(TensorType, Arc<Elements<'_>>)],
    axis: u8,
    len: usize,
    slice: impl for<'x> Fn(&'x Elements<'_>) -> &'x [T],
) -> Vec<T> {
    let mut parts: Vec<_> = args
        .iter()
        .map(|(ty, elements)| {
            let (inner, width) = stretch(ty.shape, axis);
            slice(elements).chunks_exact(inner * width)
        })
        .collect();
    let mut out = Vec::with_capacity(len);
    'outer: loop {
        for part in &mut parts {
            let Some(part) = part.next() else { break 'outer };
            out.extend_from_slice(part);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Numbers of every length, so that small ones and those at powers of two are as frequent as large ones.
    fn number() -> impl Strategy<Value = u32> {
        (any::<u32>(), 0u32..33, 0u32..3).prop_map(|(x, bits, less)| match less {
            0 => x.checked_shr(bits).unwrap_or(0),
            less => 1u32.checked_shl(bits).unwrap_or(0).wrapping_sub(less),
        })
    }

    #[test]
    fn permute_should_move_what_the_operator_says_when_axes_have_any_order_and_length() {
        let orders = (0..4u8)
            .flat_map(|a| (0..4).flat_map(move |b| (0..4).flat_map(move |c| (0..4).map(move |d| [a, b, c, d]))));
        for axes in orders {
            let small = [[2, 3, 4, 5], [1, 40, 1, 33], [17, 1, 1, 1], [1, 1, 1, 1], [5, 18, 19, 1], [3, 1, 70, 2]];
            let in_pieces =
                [[2, 1, 20_011, 1], [17, 1, 2_003, 1], [3, 2, 9_001, 1], [40, 1_000, 1, 1], [2, 2, 3, 5_003]];
            for dims in small.into_iter().chain(in_pieces) {
                let Some(places) = Shape::new(&dims).and_then(|shape| permuted(shape, axes)) else { continue };
                let places = places.map(|(places, stride)| (places as usize, stride as usize));
                let x: Vec<i32> = (0..dims.iter().product::<u32>() as i32).collect();
                let mut expected = vec![0usize];
                for (places, stride) in places {
                    expected =
                        expected.iter().flat_map(|at| (0..places).map(move |place| at + place * stride)).collect();
                }
                assert!(permute(&x, places).iter().zip(&expected).all(|(x, at)| *x == *at as i32), "{axes:?} {dims:?}");
            }
        }
    }

    #[test]
    fn divisor_should_be_computed_once_when_it_is_repeated() {
        let simd = Simd::best();
        let shape = |rows, columns| TensorType::new(DType::I32, Shape::matrix(rows, columns));
        let dividends = (shape(3, 8), Operand::Now(Arc::new(Elements::i32(vec![840; 24]))));
        for (ty, last) in [(TensorType::i32_vector(8), 8), (shape(3, 1), 3)] {
            let computed = AtomicUsize::new(0);
            let load: Load<'_> = Box::new(|start, to| {
                computed.fetch_add(to.len(), Ordering::Relaxed);
                to.iter_mut().zip(start as i32 + 1..).for_each(|(to, x)| *to = x);
            });
            let divisors = Later { dtype: DType::I32, len: ty.elements() as usize, depth: 1, load };
            let args = [dividends.clone(), (ty, Operand::Later(Arc::new(divisors)))];
            let quotients = run(simd, &OpKind::Div, &args, dividends.0, &[0; 32], false).now(simd);
            assert_eq!((quotients.get(0), quotients.get(23)), (840, 840 / last));
            assert_eq!(computed.load(Ordering::Relaxed), ty.elements() as usize);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn reciprocal_should_divide_when_numbers_are_of_any_length(x in number(), divisor in number()) {
            prop_assert_eq!(Reciprocal::of(divisor).quotient(x), x.checked_div(divisor).unwrap_or(0));
        }
    }
}
