// SPDX-License-Identifier: Apache-2.0
//! The operators on whole tensors: loops that the compiler turns into vector instructions, on all cores where it pays.

// The loops of `each!` are written once for three types.
#![allow(clippy::useless_conversion)]

use super::{matmul::matmul_nt, simd::Simd, window};
use bytemuck::Pod;
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
use std::{borrow::Cow, sync::Arc};

/// Elements that one task of the thread pool computes at least. A multiple of the 16 words of a ChaCha block.
pub(super) const CHUNK: usize = 16_384;

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
    ($simd:expr, $elements:expr, $shape:expr, $row:ident => $body:expr) => {{
        let columns = $shape.last() as usize;
        let mut out = vec![0i32; $shape.dim(0) as usize];
        each!($elements, x => {
            let rows = out.par_iter_mut().zip(x.par_chunks_exact(columns));
            rows.with_min_len((CHUNK / columns).max(1)).for_each(|(out, row)| $simd.vectorize(|| {
                let $row = row.iter().map(|x| i32::from(*x));
                *out = $body;
            }));
        });
        Elements::i32(out)
    }};
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

    /// The tensor of these elements.
    pub fn to_tensor(&self, ty: TensorType) -> Tensor {
        let bytes = match self {
            Self::I8(values) => bytemuck::cast_slice(values).to_vec(),
            Self::I16(values) if cfg!(target_endian = "little") => bytemuck::cast_slice(values).to_vec(),
            Self::I32(values) if cfg!(target_endian = "little") => bytemuck::cast_slice(values).to_vec(),
            Self::I16(values) => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Self::I32(values) => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
        };
        Tensor { ty, bytes: bytes.into() }
    }

    fn len(&self) -> usize {
        each!(self, x => x.len())
    }

    fn get(&self, index: usize) -> i32 {
        each!(self, x => i32::from(x[index]))
    }

    /// Copies the elements from `start` on.
    fn load(&self, start: usize, to: &mut [i32]) {
        each!(self, x => {
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

/// The output of an operator.
pub(super) fn run<'a>(
    simd: Simd,
    kind: &OpKind,
    args: &[(TensorType, Arc<Elements<'a>>)],
    output: TensorType,
    key: &[u8; 32],
) -> Arc<Elements<'a>> {
    if let OpKind::Reshape { .. } = kind {
        return Arc::clone(&args[0].1);
    }
    let shape = |arg: usize| args[arg].0.shape;
    let rows_columns = |arg: usize| shape(arg).as_matrix().map_or((1, 1), |(m, n)| (m as usize, n as usize));
    let x = args.first().map(|(_, elements)| &**elements);
    let x = || x.expect("operators of no argument do not ask");
    let y = || &*args[1].1;
    let len = output.elements() as usize;
    let result = match *kind {
        OpKind::MatmulNt => match (x(), y()) {
            (Elements::I8(a), Elements::I8(b)) => {
                let [m, n, k] = [output.shape.dim(output.shape.rank() - 2), output.shape.last(), shape(0).last()];
                Elements::i32(products(simd, a, b, [m, n, k].map(|size| size as usize)))
            }
            _ => unreachable!("a checked product is of i8"),
        },
        OpKind::Transpose => {
            let (m, n) = rows_columns(0);
            map!(x(), x => transposed(x, m, n))
        }
        OpKind::Gather => {
            let (rows, columns) = rows_columns(0);
            map!(x(), x => gather(x, rows, columns, y()))
        }
        OpKind::Add => binary(simd, args, i32::wrapping_add),
        OpKind::Sub => binary(simd, args, i32::wrapping_sub),
        OpKind::Mul => binary(simd, args, i32::wrapping_mul),
        OpKind::Div => divided(simd, args),
        OpKind::Min => binary(simd, args, |a, b| a.min(b)),
        OpKind::Max => binary(simd, args, |a, b| a.max(b)),
        OpKind::ShiftRound => binary(simd, args, shift_round),
        OpKind::ShiftStochastic => stochastic(simd, args, key),
        OpKind::Clamp { lo, hi } => unary(simd, x(), |x| x.max(lo).min(hi)),
        OpKind::BitLength => unary(simd, x(), bit_length),
        OpKind::Sqrt => unary(simd, x(), sqrt),
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
        OpKind::Cast { dtype } => cast(simd, x(), dtype),
        OpKind::Table => match x() {
            Elements::I8(x) => map!(y(), table => parallel(simd, len, |start, out| {
                for (out, x) in out.iter_mut().zip(&x[start..]) {
                    *out = table[(i32::from(*x) + 128) as usize];
                }
            })),
            _ => unreachable!("a checked table is looked up by i8"),
        },
        OpKind::RowSum => rows!(simd, x(), shape(0), row => row.fold(0, i32::wrapping_add)),
        OpKind::RowMax => rows!(simd, x(), shape(0), row => row.max().unwrap_or(0)),
        OpKind::RowMaxAbs => rows!(simd, x(), shape(0), row => row.map(i32::saturating_abs).max().unwrap_or(0)),
        OpKind::RowArgmax => rows!(simd, x(), shape(0), row => {
            let first = row.zip(0i32..).reduce(|best, next| if next.0 > best.0 { next } else { best });
            first.map_or(0, |(_, index)| index)
        }),
        OpKind::ColSum => each!(x(), x => Elements::i32(column_sums(x, rows_columns(0).1))),
        OpKind::Softmax { frac_bits } => match x() {
            Elements::I32(x) => Elements::i32(softmax(simd, x, rows_columns(0).1, frac_bits)),
            _ => unreachable!("a checked softmax is of i32"),
        },
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
            Elements::I8(_) => Elements::I8(Cow::Owned(concat(args, axis, len, |x| match x {
                Elements::I8(x) => x,
                _ => &[],
            }))),
            Elements::I16(_) => Elements::I16(Cow::Owned(concat(args, axis, len, |x| match x {
                Elements::I16(x) => x,
                _ => &[],
            }))),
            Elements::I32(_) => Elements::I32(Cow::Owned(concat(args, axis, len, |x| match x {
                Elements::I32(x) => x,
                _ => &[],
            }))),
        },
        OpKind::Random { .. } => Elements::i32(parallel(simd, len, |start, out| {
            let mut stream = stream(key, start);
            out.iter_mut().for_each(|out| *out = stream.next_u32() as i32);
        })),
        OpKind::Reshape { .. } => unreachable!("handled above"),
    };
    debug_assert_eq!(result.len(), len);
    Arc::new(result)
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

fn unary(simd: Simd, x: &Elements<'_>, f: impl Fn(i32) -> i32 + Sync) -> Elements<'static> {
    Elements::i32(parallel(simd, x.len(), |start, out| {
        each!(x, x => {
            for (out, x) in out.iter_mut().zip(&x[start..]) {
                *out = f(i32::from(*x));
            }
        })
    }))
}

fn cast(simd: Simd, x: &Elements<'_>, dtype: DType) -> Elements<'static> {
    let (lo, hi) = (dtype.min(), dtype.max());
    match dtype {
        DType::I8 => each!(x, x => Elements::I8(Cow::Owned(parallel(simd, x.len(), |start, out| {
            for (out, x) in out.iter_mut().zip(&x[start..]) {
                *out = i32::from(*x).clamp(lo, hi) as i8;
            }
        })))),
        DType::I16 => each!(x, x => Elements::I16(Cow::Owned(parallel(simd, x.len(), |start, out| {
            for (out, x) in out.iter_mut().zip(&x[start..]) {
                *out = i32::from(*x).clamp(lo, hi) as i16;
            }
        })))),
        DType::I32 => unary(simd, x, |x| x),
    }
}

/// Calls `f(x, y)` for every element of a chunk that starts at `start`, where `out` holds x on entry.
fn with_second(
    y: &Elements<'_>,
    how: Broadcast,
    last: usize,
    start: usize,
    out: &mut [i32],
    mut f: impl FnMut(i32, i32) -> i32,
) {
    let mut buffer = [0i32; 1024];
    let mut done = 0;
    while done < out.len() {
        let at = start + done;
        let left = out.len() - done;
        let (from, count, scalar) = match how {
            Broadcast::Same => (at, left, false),
            Broadcast::One => (0, left, true),
            Broadcast::Last => (at % last, left.min(last - at % last), false),
            Broadcast::AllButLast => (at / last, left.min(last - at % last), true),
        };
        if scalar {
            let y = y.get(from);
            out[done..done + count].iter_mut().for_each(|x| *x = f(*x, y));
            done += count;
        } else {
            let count = count.min(buffer.len());
            let buffer = &mut buffer[..count];
            y.load(from, buffer);
            out[done..done + count].iter_mut().zip(&*buffer).for_each(|(x, y)| *x = f(*x, *y));
            done += count;
        }
    }
}

fn binary(
    simd: Simd,
    args: &[(TensorType, Arc<Elements<'_>>)],
    f: impl Fn(i32, i32) -> i32 + Sync,
) -> Elements<'static> {
    let [(a, x), (b, y)] = args else { unreachable!("a checked operator has its arguments") };
    let how = broadcast(*a, *b).unwrap_or(Broadcast::One);
    Elements::i32(parallel(simd, x.len(), |start, out| {
        x.load(start, out);
        with_second(y, how, a.shape.last() as usize, start, out, &f);
    }))
}

/// Quotients. Where a divisor is that of many elements it is turned into a multiplication.
fn divided(simd: Simd, args: &[(TensorType, Arc<Elements<'_>>)]) -> Elements<'static> {
    let [(a, x), (b, y)] = args else { unreachable!("a checked operator has its arguments") };
    let last = a.shape.last() as usize;
    let stretch = match broadcast(*a, *b) {
        Some(Broadcast::AllButLast) => last,
        Some(Broadcast::One) => x.len(),
        _ => return binary(simd, args, divide),
    };
    Elements::i32(parallel(simd, x.len(), |start, out| {
        x.load(start, out);
        let mut at = start;
        let mut rest = out;
        while !rest.is_empty() {
            let (now, later) = rest.split_at_mut(rest.len().min(stretch - at % stretch));
            let divisor = y.get(at / stretch);
            let reciprocal = Reciprocal::of(divisor.unsigned_abs());
            for x in &mut *now {
                let quotient = reciprocal.quotient(x.unsigned_abs()) as i32;
                *x = if (*x ^ divisor) < 0 { quotient.wrapping_neg() } else { quotient };
            }
            at += now.len();
            rest = later;
        }
    }))
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

fn stochastic(simd: Simd, args: &[(TensorType, Arc<Elements<'_>>)], key: &[u8; 32]) -> Elements<'static> {
    let [(a, x), (b, y)] = args else { unreachable!("a checked operator has its arguments") };
    let how = broadcast(*a, *b).unwrap_or(Broadcast::One);
    Elements::i32(parallel(simd, x.len(), |start, out| {
        x.load(start, out);
        let mut stream = stream(key, start);
        with_second(y, how, a.shape.last() as usize, start, out, |x, s| shift_stochastic(x, s, stream.next_u32()));
    }))
}

/// The transpose of `x [m, n]`.
pub(super) fn transposed<T: Copy + Default + Send + Sync>(x: &[T], m: usize, n: usize) -> Vec<T> {
    const BLOCK: usize = 16;
    let mut out = vec![T::default(); m * n];
    if m == 0 || n == 0 {
        return out;
    }
    let block = |(strip, out): (usize, &mut [T])| {
        for row0 in (0..m).step_by(BLOCK) {
            for (column, out) in out.chunks_exact_mut(m).enumerate() {
                let from = x[row0 * n + strip * BLOCK + column..].iter().step_by(n);
                out[row0..m.min(row0 + BLOCK)].iter_mut().zip(from).for_each(|(out, x)| *out = *x);
            }
        }
    };
    if m * n <= CHUNK {
        out.chunks_mut(BLOCK * m).enumerate().for_each(block);
    } else {
        out.par_chunks_mut(BLOCK * m).enumerate().for_each(block);
    }
    out
}

/// The products of as many matrices as there are.
fn products(simd: Simd, a: &[i8], b: &[i8], [m, n, k]: [usize; 3]) -> Vec<i32> {
    if a.len() == m * k {
        return matmul_nt(simd, a, b, [m, n, k]);
    }
    let mut out = vec![0i32; a.len() / (m * k) * m * n];
    let matrices = a.par_chunks_exact(m * k).zip(b.par_chunks_exact(n * k));
    out.par_chunks_exact_mut(m * n)
        .zip(matrices)
        .for_each(|(out, (a, b))| out.copy_from_slice(&matmul_nt(simd, a, b, [m, n, k])));
    out
}

/// Places of each output axis and elements of x from one to the next.
fn permute<T: Copy + Default + Send + Sync>(x: &[T], places: [(usize, usize); 4]) -> Vec<T> {
    let [(_, stride0), (places1, stride1), (places2, stride2), (places3, stride3)] = places;
    let mut out = vec![T::default(); x.len()];
    let per_task = (CHUNK / places3.max(1)).max(1);
    out.par_chunks_exact_mut(places3).enumerate().with_min_len(per_task).for_each(|(row, out)| {
        let (outer, at2) = (row / places2, row % places2);
        let start = outer / places1 * stride0 + outer % places1 * stride1 + at2 * stride2;
        if stride3 == 1 {
            out.copy_from_slice(&x[start..start + places3]);
        } else {
            out.iter_mut().zip(x[start..].iter().step_by(stride3)).for_each(|(out, x)| *out = *x);
        }
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

fn softmax(simd: Simd, x: &[i32], columns: usize, frac_bits: u8) -> Vec<i32> {
    let mut out = vec![0i32; x.len()];
    let per_task = (CHUNK / 8 / columns.max(1)).max(1);
    let row = |(out, row): (&mut [i32], &[i32])| {
        simd.vectorize(|| {
            let max = row.iter().copied().max().unwrap_or(0);
            let mut sum = 0u32;
            for (out, x) in out.iter_mut().zip(row) {
                let exp = exp_q16(max.wrapping_sub(*x) as u32, frac_bits);
                sum = sum.wrapping_add(exp);
                *out = exp as i32;
            }
            let reciprocal = Reciprocal::of(sum);
            out.iter_mut().for_each(|out| *out = softmax_q15_by(*out as u32, sum, |n| reciprocal.quotient(n)));
        });
    };
    out.par_chunks_exact_mut(columns).zip(x.par_chunks_exact(columns)).with_min_len(per_task).for_each(row);
    out
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

    /// Numbers of every length, so that small ones and those at powers of two are as frequent as large ones.
    fn number() -> impl Strategy<Value = u32> {
        (any::<u32>(), 0u32..33, 0u32..3).prop_map(|(x, bits, less)| match less {
            0 => x.checked_shr(bits).unwrap_or(0),
            less => 1u32.checked_shl(bits).unwrap_or(0).wrapping_sub(less),
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn reciprocal_should_divide_when_numbers_are_of_any_length(x in number(), divisor in number()) {
            prop_assert_eq!(Reciprocal::of(divisor).quotient(x), x.checked_div(divisor).unwrap_or(0));
        }
    }
}
