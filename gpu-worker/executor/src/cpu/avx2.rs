// SPDX-License-Identifier: Apache-2.0
//! The product with AVX2, with fewer multiplications than its definition has. AVX2 multiplies in two of the four vector pipes of
//! common processors and adds in all of them, so it pays to trade one for the other, twice:
//!
//! - **Winograd's inner product** (IEEE Trans. Comp. C-17, 1968): `a0 b0 + a1 b1 = (a0 + b1)(a1 + b0) - a0 a1 - b0 b1`. The last two
//!   terms are of one row alone and are summed when it is packed.
//! - **Strassen's product** (Numer. Math. 13, 1969) of large matrices: seven products of their quarters instead of eight. Sums of
//!   quarters are made while they are packed, and each product is added to all quarters that it is part of, as Huang et al. do
//!   (SC 2016), so nothing is stored in between.
//!
//! Both only use that numbers form a commutative ring. Integers modulo 2^32 do, so the result is the same to the bit. Sums of two
//! quarters lie in [-256, 254], factors in [-512, 508], and two products of factors in 32 bits.

#![allow(unsafe_code)]

use super::simd::dot;
use core::{arch::x86_64::*, mem::transmute};
use rayon::prelude::*;

/// Rows of `a` in a tile, and columns: rows of `b`.
const ROWS: usize = 4;
const COLUMNS: usize = 16;
/// Rows that are packed at a time, and bytes of each.
const STRIP: usize = 8;
const STRIP_BYTES: usize = 32;
/// Bytes along K that a step of the tile takes.
const GROUP: usize = 4;
/// Bytes along K that are packed at a time: a panel of `b` then takes half of the first cache.
const K_BLOCK: usize = 512;
/// Most rows of `a` that are packed at a time: they stay in the second cache.
const ROW_BLOCK: usize = 256;
/// Matrices whose sizes are all at least this are multiplied by quarters; below, packing seven times costs more than a product saves.
const MIN_QUARTERED: usize = 512;

/// A group of four bytes of `ROWS` rows: of each row the bytes 0 and 2, then the bytes 1 and 3.
type AGroup = [[[i16; 2]; 2]; ROWS];
/// A group of four bytes of `COLUMNS` rows: of eight rows the bytes 1 and 3, the bytes 0 and 2; then of the other eight.
type BGroup = [[[i16; 16]; 2]; 2];

/// A block of a matrix, or the sum or difference of two.
#[derive(Clone, Copy)]
struct Block<'a> {
    first: &'a [i8],
    second: Option<(&'a [i8], bool)>,
}

/// A product and the quarters of the result that it is part of: for each what it is multiplied by, 1, 0 or -1.
struct Product<'a> {
    a: Block<'a>,
    b: Block<'a>,
    to: [[i32; 2]; 2],
}

/// Rows of a block of `a`, `stride` bytes apart, of which so many bytes are multiplied.
struct Panels<'a> {
    block: Block<'a>,
    rows: usize,
    stride: usize,
    bytes: usize,
}

/// Where products go: rows of the upper and the lower half of the result, `width` numbers each, of which `columns` are of a quarter;
/// and the quarters, each with its half, its place there, and 1 or -1.
struct Target<'a> {
    out: [&'a mut [i32]; 2],
    width: usize,
    columns: usize,
    quarters: &'a [(usize, usize, i32)],
}

/// AVX2. A value exists only where the processor has it.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    /// AVX2, if the processor has it.
    pub fn new() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    /// Calls `f` where the compiler may use AVX2 for what it puts in line.
    #[inline(always)]
    pub fn run<R>(self, f: impl FnOnce() -> R) -> R {
        // SAFETY: a value of this type exists only where the processor has AVX2.
        unsafe { run(f) }
    }

    /// The sums of the products of a row with four others.
    pub fn dots(self, rows: [&[i8]; 4], with: &[i8]) -> [i32; 4] {
        // SAFETY: as above.
        unsafe { row_dots(rows, with) }
    }

    /// `a [m, k]` times the transpose of `b [n, k]`.
    pub fn product(self, a: &[i8], b: &[i8], [m, n, k]: [usize; 3]) -> Vec<i32> {
        let mut out = vec![0i32; m * n];
        if m * n * k == 0 {
            return out;
        }
        // Threads that have rows enough each multiply on their own: they then wait for each other once and not in each product.
        let threads = (m / MIN_QUARTERED).clamp(1, rayon::current_num_threads());
        let rows = m.div_ceil(threads).next_multiple_of(2);
        let parts = out.par_chunks_mut(rows * n).zip(a.par_chunks(rows * k));
        parts.for_each(|(out, a)| self.add_product(a, b, [out.len() / n, n, k], out));
        out
    }

    /// Adds a product to `out [m, n]`.
    fn add_product(self, a: &[i8], b: &[i8], [m, n, k]: [usize; 3], out: &mut [i32]) {
        let even = |size: usize| size >= MIN_QUARTERED && size.is_multiple_of(2);
        if [m, n, k].into_iter().all(even) {
            self.quartered(a, b, [m, n, k], out);
        } else {
            let whole = |first| Block { first, second: None };
            let product = Product { a: whole(a), b: whole(b), to: [[1, 0], [0, 0]] };
            self.add(&product, k, [m, n, k], &mut Vec::new(), out, n);
        }
    }

    /// Strassen's seven products.
    fn quartered(self, a: &[i8], b: &[i8], [m, n, k]: [usize; 3], out: &mut [i32]) {
        let half = [m / 2, n / 2, k / 2];
        let [a11, a12, a21, a22] = [a, &a[half[2]..], &a[half[0] * k..], &a[half[0] * k + half[2]..]];
        // b is transposed: its rows are columns.
        let [b11, b21, b12, b22] = [b, &b[half[2]..], &b[half[1] * k..], &b[half[1] * k + half[2]..]];
        let one = |first| Block { first, second: None };
        let sum = |first, second| Block { first, second: Some((second, false)) };
        let difference = |first, second| Block { first, second: Some((second, true)) };
        let products = [
            Product { a: sum(a11, a22), b: sum(b11, b22), to: [[1, 0], [0, 1]] },
            Product { a: sum(a21, a22), b: one(b11), to: [[0, 0], [1, -1]] },
            Product { a: one(a11), b: difference(b12, b22), to: [[0, 1], [0, 1]] },
            Product { a: one(a22), b: difference(b21, b11), to: [[1, 0], [1, 0]] },
            Product { a: sum(a11, a12), b: one(b22), to: [[-1, 1], [0, 0]] },
            Product { a: difference(a21, a11), b: sum(b11, b12), to: [[0, 0], [0, 1]] },
            Product { a: difference(a12, a22), b: sum(b21, b22), to: [[1, 0], [0, 0]] },
        ];
        let mut b_packed = Vec::new();
        for product in &products {
            self.add(product, k, half, &mut b_packed, out, n);
        }
    }

    /// Adds a product of `m x n x k` to the quarters of `out`, whose rows have `width` numbers. Rows of `a` and `b` are `stride` bytes
    /// apart.
    fn add(
        self,
        product: &Product<'_>,
        stride: usize,
        [m, n, k]: [usize; 3],
        b_packed: &mut Vec<BGroup>,
        out: &mut [i32],
        width: usize,
    ) {
        let quarters = [[0, 0], [0, 1], [1, 0], [1, 1]].map(|[y, x]| (y, x, product.to[y][x]));
        let quarters: Vec<_> = quarters.into_iter().filter(|(_, _, factor)| *factor != 0).collect();
        let share = m.div_ceil(rayon::current_num_threads()).next_multiple_of(STRIP);
        let rows = share.min(ROW_BLOCK);
        let panels = n.div_ceil(COLUMNS);
        b_packed.resize(panels * k.min(K_BLOCK).div_ceil(GROUP), BGroup::default());
        let mut b_terms = vec![[0i32; COLUMNS]; panels];
        for k0 in (0..k).step_by(K_BLOCK) {
            let bytes = (k - k0).min(K_BLOCK);
            let groups = bytes.div_ceil(GROUP);
            let b_packed = &mut b_packed[..panels * groups];
            let packed = b_packed.par_chunks_exact_mut(groups).zip(&mut b_terms).with_min_len(4);
            packed.enumerate().for_each(|(panel, (to, terms))| {
                let rows = n - panel * COLUMNS;
                // SAFETY: a value of this type exists only where the processor has AVX2.
                unsafe { pack_b(&product.b.from(panel * COLUMNS * stride + k0), stride, rows, bytes, to, terms) }
            });
            let (top, bottom) = out.split_at_mut(m * width);
            let mut bottom = bottom.chunks_mut(rows * width);
            let blocks: Vec<_> =
                top.chunks_mut(rows * width).map(|top| [top, bottom.next().unwrap_or_default()]).collect();
            blocks.into_par_iter().enumerate().for_each_init(Vec::new, |a_packed, (block, out)| {
                let rows = block * rows..m.min((block + 1) * rows);
                let a = Panels { block: product.a.from(rows.start * stride + k0), rows: rows.len(), stride, bytes };
                let to = Target { out, width, columns: n, quarters: &quarters };
                // SAFETY: as above.
                unsafe { add_rows(a, a_packed, b_packed, &b_terms, to) }
            });
        }
    }
}

impl<'a> Block<'a> {
    /// What is from this byte on.
    fn from(&self, start: usize) -> Self {
        Self { first: &self.first[start..], second: self.second.map(|(second, minus)| (&second[start..], minus)) }
    }
}

#[target_feature(enable = "avx2")]
fn run<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// Row after row, not all at a time: rows lie one after the other, and memory is fastest when it is read in order.
#[target_feature(enable = "avx2")]
fn row_dots(rows: [&[i8]; 4], with: &[i8]) -> [i32; 4] {
    let (with, with_rest) = with.as_chunks::<32>();
    let mut dots = [0i32; 4];
    for (to, row) in dots.iter_mut().zip(rows) {
        let (row, rest) = row.as_chunks::<32>();
        let mut sums = [_mm256_setzero_si256(); 2];
        for (row, with) in row.iter().zip(with) {
            // SAFETY: all bytes are values of both types, which are equally long.
            let row = unsafe { transmute::<[i8; 32], [__m128i; 2]>(*row) };
            // SAFETY: as above.
            let with = unsafe { transmute::<[i8; 32], [__m128i; 2]>(*with) };
            for (sum, (row, with)) in sums.iter_mut().zip(row.into_iter().zip(with)) {
                let products = _mm256_madd_epi16(_mm256_cvtepi8_epi16(row), _mm256_cvtepi8_epi16(with));
                *sum = _mm256_add_epi32(*sum, products);
            }
        }
        // SAFETY: as above.
        let sums = unsafe { transmute::<__m256i, [i32; 8]>(_mm256_add_epi32(sums[0], sums[1])) };
        *to = sums.into_iter().fold(dot(rest, with_rest), i32::wrapping_add);
    }
    dots
}

/// Asks for a number's line of memory, which is needed after the next tile.
fn prefetch(number: &i32) {
    // SAFETY: it has no effect but on caches, and every processor with AVX2 has it.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(core::ptr::from_ref(number).cast()) }
}

/// Adds the products of some rows of `a` with all of `b` to where they belong.
#[target_feature(enable = "avx2")]
fn add_rows(
    a: Panels<'_>,
    a_packed: &mut Vec<AGroup>,
    b_packed: &[BGroup],
    b_terms: &[[i32; COLUMNS]],
    to: Target<'_>,
) {
    let groups = a.bytes.div_ceil(GROUP);
    let strips = a.rows.div_ceil(STRIP);
    a_packed.resize(strips * 2 * groups, AGroup::default());
    let mut a_terms = vec![[0i32; ROWS]; strips * 2];
    let packed = a_packed.chunks_exact_mut(2 * groups).zip(a_terms.as_chunks_mut::<2>().0);
    for (strip, (to, terms)) in packed.enumerate() {
        pack_a(&a.block.from(strip * STRIP * a.stride), a.stride, a.rows - strip * STRIP, a.bytes, to, terms);
    }
    for (panel, (b, b_terms)) in b_packed.chunks_exact(groups).zip(b_terms).enumerate() {
        let columns = COLUMNS.min(to.columns - panel * COLUMNS);
        for (strip, (a_panel, a_terms)) in a_packed.chunks_exact(groups).zip(&a_terms).enumerate() {
            let rows = ROWS.min(a.rows.saturating_sub(strip * ROWS));
            let start = strip * ROWS * to.width + panel * COLUMNS;
            for (y, x, _) in to.quarters {
                for row in 0..rows {
                    let start = start + row * to.width + x * to.columns;
                    prefetch(&to.out[*y][start]);
                    prefetch(&to.out[*y][start + columns - 1]);
                }
            }
            let sums = tile(a_panel, b, a_terms, b_terms);
            for (y, x, factor) in to.quarters {
                for (row, sums) in sums[..rows].iter().enumerate() {
                    let out = &mut to.out[*y][start + row * to.width + x * to.columns..][..columns];
                    if *factor > 0 {
                        out.iter_mut().zip(sums).for_each(|(out, sum)| *out = out.wrapping_add(*sum));
                    } else {
                        out.iter_mut().zip(sums).for_each(|(out, sum)| *out = out.wrapping_sub(*sum));
                    }
                }
            }
        }
    }
}

/// Bytes `start..start + 32` of eight rows, as eight vectors of their words: vector `i` has the word `i` of each row. Rows and bytes
/// that are missing are others or zero.
#[target_feature(enable = "avx2")]
#[inline]
fn words(from: &[i8], stride: usize, rows: usize, start: usize, bytes: usize) -> [__m256i; STRIP] {
    let mut lines = [_mm256_setzero_si256(); STRIP];
    let len = STRIP_BYTES.min(bytes - start);
    for (row, line) in lines.iter_mut().enumerate() {
        let from = &from[row.min(rows - 1) * stride + start..][..len];
        let mut whole = [0i8; STRIP_BYTES];
        let from = match from.first_chunk::<STRIP_BYTES>() {
            Some(from) => from,
            None => {
                whole[..len].copy_from_slice(from);
                &whole
            }
        };
        // SAFETY: all bytes are values of both types, which are equally long.
        *line = unsafe { transmute::<[i8; STRIP_BYTES], __m256i>(*from) };
    }
    // Transposed in pairs, in fours, and by halves.
    let mut pairs = lines;
    for i in 0..4 {
        pairs[2 * i] = _mm256_unpacklo_epi32(lines[2 * i], lines[2 * i + 1]);
        pairs[2 * i + 1] = _mm256_unpackhi_epi32(lines[2 * i], lines[2 * i + 1]);
    }
    let mut fours = pairs;
    for i in 0..2 {
        for j in 0..2 {
            fours[4 * i + 2 * j] = _mm256_unpacklo_epi64(pairs[4 * i + j], pairs[4 * i + j + 2]);
            fours[4 * i + 2 * j + 1] = _mm256_unpackhi_epi64(pairs[4 * i + j], pairs[4 * i + j + 2]);
        }
    }
    let mut words = fours;
    for i in 0..4 {
        words[i] = _mm256_permute2x128_si256::<0x20>(fours[i], fours[i + 4]);
        words[i + 4] = _mm256_permute2x128_si256::<0x31>(fours[i], fours[i + 4]);
    }
    words
}

/// The bytes 0 and 2 of each word, and the bytes 1 and 3, as 16 bits.
#[target_feature(enable = "avx2")]
#[inline]
fn widened(words: __m256i) -> [__m256i; 2] {
    [_mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(words)), _mm256_srai_epi16::<8>(words)]
}

/// Bytes `start..start + 32` of eight rows of a block as groups: for each the bytes 0 and 2, and the bytes 1 and 3.
#[target_feature(enable = "avx2")]
#[inline]
fn strip(from: &Block<'_>, stride: usize, rows: usize, start: usize, bytes: usize) -> [[__m256i; 2]; STRIP] {
    let mut groups = [[_mm256_setzero_si256(); 2]; STRIP];
    let first = words(from.first, stride, rows, start, bytes);
    for (group, words) in groups.iter_mut().zip(first) {
        *group = widened(words);
    }
    if let Some((second, minus)) = from.second {
        let second = words(second, stride, rows, start, bytes);
        for ([even, odd], words) in groups.iter_mut().zip(second) {
            let [second_even, second_odd] = widened(words);
            if minus {
                *even = _mm256_sub_epi16(*even, second_even);
                *odd = _mm256_sub_epi16(*odd, second_odd);
            } else {
                *even = _mm256_add_epi16(*even, second_even);
                *odd = _mm256_add_epi16(*odd, second_odd);
            }
        }
    }
    groups
}

/// Packs a panel of `b`, and sums the terms of its rows.
#[target_feature(enable = "avx2")]
fn pack_b(from: &Block<'_>, stride: usize, rows: usize, bytes: usize, to: &mut [BGroup], terms: &mut [i32; COLUMNS]) {
    for (half, terms) in terms.as_chunks_mut::<STRIP>().0.iter_mut().enumerate() {
        // Where no row is left the rows before are packed again.
        let skipped = if half * STRIP < rows { half * STRIP } else { 0 };
        let (from, rows) = (from.from(skipped * stride), rows - skipped);
        let mut sums = _mm256_setzero_si256();
        for (index, to) in to.chunks_mut(STRIP).enumerate() {
            let groups = strip(&from, stride, rows, index * STRIP_BYTES, bytes);
            for (to, [even, odd]) in to.iter_mut().zip(groups) {
                sums = _mm256_add_epi32(sums, _mm256_madd_epi16(even, odd));
                // SAFETY: all bytes are values of both types, which are equally long.
                to[half] = unsafe { transmute::<[__m256i; 2], [[i16; 16]; 2]>([odd, even]) };
            }
        }
        // SAFETY: as above.
        *terms = unsafe { transmute::<__m256i, [i32; STRIP]>(sums) };
    }
}

/// Packs two panels of `a`, and sums the terms of their rows.
#[target_feature(enable = "avx2")]
fn pack_a(from: &Block<'_>, stride: usize, rows: usize, bytes: usize, to: &mut [AGroup], terms: &mut [[i32; ROWS]; 2]) {
    let mut sums = _mm256_setzero_si256();
    let (first, second) = to.split_at_mut(to.len() / 2);
    for (index, (first, second)) in first.chunks_mut(STRIP).zip(second.chunks_mut(STRIP)).enumerate() {
        let groups = strip(from, stride, rows, index * STRIP_BYTES, bytes);
        for ((first, second), [even, odd]) in first.iter_mut().zip(second).zip(groups) {
            sums = _mm256_add_epi32(sums, _mm256_madd_epi16(even, odd));
            let (low, high) = (_mm256_unpacklo_epi32(even, odd), _mm256_unpackhi_epi32(even, odd));
            // SAFETY: all bytes are values of both types, which are equally long.
            *first = unsafe { transmute::<__m256i, AGroup>(_mm256_permute2x128_si256::<0x20>(low, high)) };
            // SAFETY: as above.
            *second = unsafe { transmute::<__m256i, AGroup>(_mm256_permute2x128_si256::<0x31>(low, high)) };
        }
    }
    // SAFETY: as above.
    *terms = unsafe { transmute::<__m256i, [[i32; ROWS]; 2]>(sums) };
}

/// The products of a panel of `a` with a panel of `b`.
#[target_feature(enable = "avx2")]
fn tile(a: &[AGroup], b: &[BGroup], a_terms: &[i32; ROWS], b_terms: &[i32; COLUMNS]) -> [[i32; COLUMNS]; ROWS] {
    let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
    for (a, b) in a.iter().zip(b) {
        // SAFETY: all bytes are values of both types, which are equally long.
        let b = unsafe { transmute::<BGroup, [[__m256i; 2]; 2]>(*b) };
        for ([even, odd], sums) in a.iter().zip(&mut sums) {
            // SAFETY: as above.
            let even = _mm256_set1_epi32(unsafe { transmute::<[i16; 2], i32>(*even) });
            // SAFETY: as above.
            let odd = _mm256_set1_epi32(unsafe { transmute::<[i16; 2], i32>(*odd) });
            for (sum, [b_odd, b_even]) in sums.iter_mut().zip(b) {
                let products = _mm256_madd_epi16(_mm256_add_epi16(even, b_odd), _mm256_add_epi16(odd, b_even));
                *sum = _mm256_add_epi32(*sum, products);
            }
        }
    }
    // SAFETY: as above.
    let b_terms = unsafe { transmute::<[i32; COLUMNS], [__m256i; 2]>(*b_terms) };
    for (sums, a_term) in sums.iter_mut().zip(a_terms) {
        for (sum, b_terms) in sums.iter_mut().zip(b_terms) {
            *sum = _mm256_sub_epi32(*sum, _mm256_add_epi32(b_terms, _mm256_set1_epi32(*a_term)));
        }
    }
    // SAFETY: as above.
    unsafe { transmute::<[[__m256i; 2]; ROWS], [[i32; COLUMNS]; ROWS]>(sums) }
}
