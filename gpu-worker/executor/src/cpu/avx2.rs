// SPDX-License-Identifier: Apache-2.0
//! The product with AVX2, with fewer multiplications than its definition has. AVX2 multiplies in two of the four vector pipes of
//! common processors and adds in all of them, so it pays to trade one for the other, twice:
//!
//! - **Winograd's inner product** (IEEE Trans. Comp. C-17, 1968): `a0 b0 + a1 b1 = (a0 + b1)(a1 + b0) - a0 a1 - b0 b1`. The last two
//!   terms are of one row alone and are summed when it is widened.
//! - **Strassen's product** of large matrices (`strassen.rs`). Sums of blocks are made while they are widened, and each product is
//!   added to all blocks that it is part of, as Huang et al. do (SC 2016), so nothing is stored in between.
//!
//! Both only use that numbers form a commutative ring. Integers modulo 2^32 do, so the result is the same to the bit. Sums of four
//! blocks lie in [-512, 512], factors in twice that, and two products of factors in 32 bits.
//!
//! Bytes are put into the order in which tiles read them once; they are widened to 16 bits a few panels at a time, for each product
//! anew, because bytes take half of the caches.

#![allow(unsafe_code)]

use super::{
    simd::dot,
    strassen::{products, Product, Term},
};
use core::{
    arch::{asm, x86_64::*},
    mem::transmute,
    ops::Range,
};
use rayon::prelude::*;

/// Rows of `a` in a panel, and rows of `b`: the rows and columns of a tile.
const ROWS: usize = 4;
const COLUMNS: usize = 16;
/// Bytes along K of each row that a step of the tile takes.
const GROUP: usize = 4;
/// Rows that are packed at a time, and bytes of each.
const STRIP: usize = 8;
const STRIP_BYTES: usize = 32;
/// Most groups that are widened at a time: a panel of `b` then takes half of the first cache.
const GROUPS: usize = 128;
/// Most panels of `a` that a thread widens at a time: they stay in the second cache.
const PANELS: usize = 64;
/// Panels of the result that are unpacked at a time: their tiles lie one after the other.
const RUN: usize = 16;
/// Least size of a block: with smaller ones more is added than is saved in multiplications.
const MIN_BLOCK: usize = 192;
/// Most halvings.
const MAX_HALVINGS: u32 = 2;
/// Bytes that are packed of `b` at a time, and of `a` and as sums; more where their rows are so long.
const SCRATCH_BYTES: usize = 1 << 23;
/// Panels of `b` that a thread multiplies with at least, where panels of `a` can be shared out too: it widens those of `a` on its own.
const MIN_PANELS: usize = 4;

/// A group of four rows.
type Bytes = [i8; 16];

/// The same, or the sum of some, in 16 bits. Of `a`: of each row the bytes 0 and 2, then the bytes 1 and 3.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Wide([i16; 16]);

/// A group of a panel of `b`: the bytes 1 and 3 of eight rows, their bytes 0 and 2; then of the other eight.
type WideB = [[Wide; 2]; 2];

/// Sums of a tile.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Sums([[i32; COLUMNS]; ROWS]);

/// Sums of a tile in registers.
type Tile = [[__m256i; 2]; ROWS];

/// A matrix in blocks, as many in a row as in a column: of each block its panels, of each panel its groups. Zeros where blocks reach
/// over the matrix.
struct Packed {
    bytes: Vec<Bytes>,
    /// Blocks in a row.
    side: usize,
    /// Panels of a block.
    panels: usize,
    /// Groups of a panel.
    groups: usize,
    /// Elements of `bytes` of a group: one for each four rows of a panel.
    width: usize,
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

    /// Writes `a [m, k]` times the transpose of `b [n, k]`.
    pub fn product(self, a: &[i8], b: &[i8], [m, n, k]: [usize; 3], out: &mut [i32]) {
        if m * n * k == 0 {
            return;
        }
        // So much is packed at a time, and so many sums are kept, however large the matrices are.
        let columns = even_share(n, SCRATCH_BYTES / k);
        let rows = even_share(m, SCRATCH_BYTES / (k + 4 * columns.next_multiple_of(COLUMNS)));
        let halvings = (rows.min(columns).min(k) / MIN_BLOCK).max(1).ilog2().min(MAX_HALVINGS);
        let products = products(halvings);
        for (band, b) in b.chunks(columns * k).enumerate() {
            let b = self.packed(b, k, halvings, COLUMNS);
            for (out, a) in out.chunks_mut(rows * n).zip(a.chunks(rows * k)) {
                let a = self.packed(a, k, halvings, ROWS);
                self.multiply(&a, &b, &products, out, n, band * columns..n.min((band + 1) * columns));
            }
        }
    }

    /// Writes the products of all rows with all columns to these columns of `out`, whose rows have `n` numbers.
    fn multiply(self, a: &Packed, b: &Packed, products: &[Product], out: &mut [i32], n: usize, columns: Range<usize>) {
        // Threads take all products of some panels with some: if they shared each product they would wait for each other in each.
        let threads = rayon::current_num_threads();
        let by_columns = (b.panels / MIN_PANELS).clamp(1, threads);
        let b_part = b.panels.div_ceil(by_columns);
        let a_part = a.panels.div_ceil(threads.div_ceil(by_columns)).min(PANELS);
        let [a_parts, b_parts] = [(a.panels, a_part), (b.panels, b_part)].map(|(panels, part)| panels.div_ceil(part));
        let sums: Vec<Vec<Sums>> = (0..a_parts * b_parts)
            .into_par_iter()
            .map(|part| {
                let [a_start, b_start] = [part / b_parts * a_part, part % b_parts * b_part];
                let a_panels = a_start..a.panels.min(a_start + a_part);
                let b_panels = b_start..b.panels.min(b_start + b_part);
                self.products_of(products, (a, a_panels), (b, b_panels))
            })
            .collect();
        // Rows of a block, then of a part of it.
        for (y, out) in out.chunks_mut(a.panels * ROWS * n).enumerate() {
            let parts = out.par_chunks_mut(a_part * ROWS * n).zip(sums.par_chunks(b_parts));
            parts.for_each(|(out, sums)| unpack(sums, [y, a.side], [b_part, b.panels], out, n, columns.clone()));
        }
    }

    /// Packs these bytes of the first rows by fours: for each four those of each row, and of rows that are missing up to `width`; each
    /// byte with these bits turned.
    pub fn pack_words(
        self,
        from: &[i8],
        stride: usize,
        [rows, width]: [usize; 2],
        bytes: Range<usize>,
        turned: u8,
        to: &mut [u8],
    ) {
        // SAFETY: as above.
        unsafe { pack_words(from, stride, [rows, width], bytes, turned, to) }
    }

    /// Packs rows of `k` bytes into panels of so many rows.
    fn packed(self, from: &[i8], k: usize, halvings: u32, panel: usize) -> Packed {
        let rows = from.len() / k;
        let side = 1 << halvings;
        let of_chunk = panel.max(STRIP);
        let chunks = rows.div_ceil(side).div_ceil(of_chunk);
        let groups = k.div_ceil(side).div_ceil(GROUP);
        let mut bytes = vec![[0; 16]; side * side * chunks * of_chunk / ROWS * groups];
        let each = bytes.par_chunks_exact_mut(of_chunk / ROWS * groups).with_min_len(8).enumerate();
        each.for_each(|(chunk, to)| {
            let (block, chunk) = (chunk / chunks, chunk % chunks);
            let row = (block / side * chunks + chunk) * of_chunk;
            let byte = block % side * groups * GROUP;
            let rows = row.min(rows)..rows.min(row + of_chunk);
            let bytes = byte.min(k)..k.min(byte + groups * GROUP);
            // SAFETY: a value of this type exists only where the processor has AVX2.
            unsafe { pack(from, k, rows, bytes, panel, to) }
        });
        Packed { bytes, side, panels: chunks * of_chunk / panel, groups, width: panel / ROWS }
    }

    /// The sums of all products of panels of `a` with panels of `b`: of each panel of `b`, for each block, the tiles of the panels of `a`.
    fn products_of(
        self,
        products: &[Product],
        (a, a_panels): (&Packed, Range<usize>),
        (b, b_panels): (&Packed, Range<usize>),
    ) -> Vec<Sums> {
        let column = a.side * a.side * a_panels.len();
        let mut sums = vec![Sums([[0; COLUMNS]; ROWS]); b_panels.len() * column];
        let mut a_wide = vec![Wide([0; 16]); a_panels.len() * a.groups.min(GROUPS)];
        let mut a_terms = vec![[0i32; ROWS]; a_panels.len()];
        let mut b_wide = vec![[[Wide([0; 16]); 2]; 2]; a.groups.min(GROUPS)];
        for product in products {
            let to = product.to.iter().map(|to| ((to.y * a.side + to.x) * a_panels.len(), to.minus));
            let to: Vec<_> = to.collect();
            for start in (0..a.groups).step_by(GROUPS) {
                let groups = start..a.groups.min(start + GROUPS);
                let b_wide = &mut b_wide[..groups.len()];
                for (panel, (to, terms)) in
                    a_panels.clone().zip(a_wide.chunks_exact_mut(groups.len()).zip(&mut a_terms))
                {
                    // SAFETY: a value of this type exists only where the processor has AVX2.
                    *terms = unsafe { widen_a(a, &product.a, panel, groups.clone(), to) };
                }
                let a_wide = &a_wide[..a_terms.len() * groups.len()];
                for (panel, sums) in b_panels.clone().zip(sums.chunks_exact_mut(column)) {
                    // SAFETY: as above.
                    let b_terms = unsafe { widen_b(b, &product.b, panel, groups.clone(), b_wide) };
                    // SAFETY: as above.
                    unsafe { add(a_wide, &a_terms, b_wide, b_terms, &to, sums) }
                }
            }
        }
        sums
    }
}

/// `len`, or an even share of it: so much, or what can be halved, and less than twice that.
fn even_share(len: usize, most: usize) -> usize {
    len.div_ceil((len / most.max(MIN_BLOCK << MAX_HALVINGS)).max(1))
}

/// Writes these columns of rows of `n` numbers of a row `y` of blocks, of which there are `side`. The tiles are those of
/// `Avx2::products_of` for so many panels of `b` each, of so many of a block.
fn unpack(
    sums: &[Vec<Sums>],
    [y, side]: [usize; 2],
    [b_part, b_panels]: [usize; 2],
    out: &mut [i32],
    n: usize,
    columns: Range<usize>,
) {
    let a_panels = sums.first().map_or(0, |sums| sums.len() / (side * side * b_part.min(b_panels)));
    out.par_chunks_mut(RUN * ROWS * n).enumerate().for_each(|(run, out)| {
        for (place, first) in columns.clone().step_by(COLUMNS).enumerate() {
            let (x, panel) = (place / b_panels, place % b_panels);
            let block = (panel % b_part * side + y) * side + x;
            let tiles = &sums[panel / b_part][block * a_panels + run * RUN..];
            for (out, tile) in out.chunks_mut(ROWS * n).zip(tiles) {
                for (out, sums) in out.chunks_exact_mut(n).zip(&tile.0) {
                    let out = &mut out[first..columns.end];
                    match out.first_chunk_mut() {
                        Some(out) => *out = *sums,
                        None => out.copy_from_slice(&sums[..out.len()]),
                    }
                }
            }
        }
    });
}

impl Packed {
    /// Groups of a panel of a block.
    fn panel(&self, block: &Term, panel: usize, groups: Range<usize>) -> &[Bytes] {
        let panel = (block.y * self.side + block.x) * self.panels + panel;
        &self.bytes[(panel * self.groups + groups.start) * self.width..][..groups.len() * self.width]
    }
}

impl Wide {
    #[inline(always)]
    fn vector(self) -> __m256i {
        // SAFETY: all bytes are values of both types, which are equally long.
        unsafe { transmute::<Self, __m256i>(self) }
    }
}

impl From<__m256i> for Wide {
    #[inline(always)]
    fn from(vector: __m256i) -> Self {
        // SAFETY: all bytes are values of both types, which are equally long.
        unsafe { transmute::<__m256i, Self>(vector) }
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

/// Packs these bytes of these rows, at most as many as a panel has and at least `STRIP`, into panels of so many rows.
#[target_feature(enable = "avx2")]
fn pack(from: &[i8], stride: usize, rows: Range<usize>, bytes: Range<usize>, panel: usize, to: &mut [Bytes]) {
    let of_a = _mm_setr_epi8(0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
    let of_b = _mm_setr_epi8(1, 3, 5, 7, 9, 11, 13, 15, 0, 2, 4, 6, 8, 10, 12, 14);
    let [of_a, of_b] = [of_a, of_b].map(|order| _mm256_broadcastsi128_si256(order));
    // SAFETY: all bytes are values of both types, which are equally long.
    let halves = |vector: __m256i| unsafe { transmute::<__m256i, [Bytes; 2]>(vector) };
    let groups = bytes.len().div_ceil(GROUP);
    for (strip, first) in rows.clone().step_by(STRIP).enumerate() {
        let rows = first..rows.end.min(first + STRIP);
        for (index, start) in bytes.clone().step_by(STRIP_BYTES).enumerate() {
            let words = words(from, stride, rows.clone(), start..bytes.end.min(start + STRIP_BYTES));
            for (group, words) in (index * STRIP_BYTES / GROUP..groups).zip(words) {
                if panel == ROWS {
                    let (upper, lower) = to.split_at_mut(to.len() / 2);
                    [upper[group], lower[group]] = halves(_mm256_shuffle_epi8(words, of_a));
                } else {
                    let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_shuffle_epi8(words, of_b));
                    to[group * COLUMNS / ROWS + 2 * strip..][..2].copy_from_slice(&halves(words));
                }
            }
        }
    }
}

/// [`Avx2::pack_words`].
#[target_feature(enable = "avx2")]
fn pack_words(from: &[i8], stride: usize, [rows, width]: [usize; 2], bytes: Range<usize>, turned: u8, to: &mut [u8]) {
    let turned = _mm256_set1_epi8(turned as i8);
    for first in (0..width).step_by(STRIP) {
        let strip = first * GROUP..width.min(first + STRIP) * GROUP;
        for (index, start) in bytes.clone().step_by(STRIP_BYTES).enumerate() {
            let bytes = start..bytes.end.min(start + STRIP_BYTES);
            let words = words(from, stride, first.min(rows)..rows.min(first + STRIP), bytes);
            let to = to[index * STRIP_BYTES * width..].chunks_exact_mut(width * GROUP);
            for (to, words) in to.zip(words) {
                // SAFETY: all bytes are values of both types, which are equally long.
                let words = unsafe { transmute::<__m256i, [u8; 32]>(_mm256_xor_si256(words, turned)) };
                let to = &mut to[strip.clone()];
                match to.first_chunk_mut() {
                    Some(to) => *to = words,
                    None => to.copy_from_slice(&words[..to.len()]),
                }
            }
        }
    }
}

/// At most `STRIP_BYTES` bytes of at most `STRIP` rows, as vectors of their words: vector `i` has the word `i` of each row. Rows and
/// bytes that are missing are zero.
#[target_feature(enable = "avx2")]
#[inline]
fn words(from: &[i8], stride: usize, rows: Range<usize>, bytes: Range<usize>) -> [__m256i; STRIP] {
    let mut lines = [_mm256_setzero_si256(); STRIP];
    for (row, line) in rows.zip(&mut lines) {
        let from = &from[row * stride..][bytes.clone()];
        let mut whole = [0i8; STRIP_BYTES];
        let from = match from.first_chunk::<STRIP_BYTES>() {
            Some(from) => from,
            None => {
                whole[..from.len()].copy_from_slice(from);
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

/// Widens the sum of a panel of these blocks: of one, or of pairs, of which those that count negatively come last.
#[target_feature(enable = "avx2")]
fn widen(from: &Packed, terms: &[Term], panel: usize, groups: Range<usize>, to: &mut [Wide]) {
    let bytes = |term: &Term| from.panel(term, panel, groups.clone());
    let (pairs, single) = terms.as_chunks::<2>();
    for term in single {
        widen_pairs(bytes(term), bytes(term), to, |_, x, _| x);
    }
    for (index, [one, other]) in pairs.iter().enumerate() {
        let (one, minus, other) = (bytes(one), other.minus, bytes(other));
        match (index, minus) {
            (0, false) => widen_pairs(one, other, to, |_, x, y| _mm256_add_epi16(x, y)),
            (0, true) => widen_pairs(one, other, to, |_, x, y| _mm256_sub_epi16(x, y)),
            (_, false) => widen_pairs(one, other, to, |sum, x, y| _mm256_add_epi16(sum, _mm256_add_epi16(x, y))),
            (_, true) => widen_pairs(one, other, to, |sum, x, y| _mm256_sub_epi16(sum, _mm256_add_epi16(x, y))),
        }
    }
}

/// Sets each vector to what `f` makes of it and of two of bytes.
#[target_feature(enable = "avx2")]
#[inline]
fn widen_pairs(one: &[Bytes], other: &[Bytes], to: &mut [Wide], f: impl Fn(__m256i, __m256i, __m256i) -> __m256i) {
    for (to, (x, y)) in to.iter_mut().zip(one.iter().zip(other)) {
        // SAFETY: all bytes are values of both types, which are equally long.
        let [x, y] = unsafe { transmute::<[Bytes; 2], [__m128i; 2]>([*x, *y]) };
        *to = f(to.vector(), _mm256_cvtepi8_epi16(x), _mm256_cvtepi8_epi16(y)).into();
    }
}

/// Widens a panel of `a`, and has its rows' terms.
#[target_feature(enable = "avx2")]
fn widen_a(a: &Packed, terms: &[Term], panel: usize, groups: Range<usize>, to: &mut [Wide]) -> [i32; ROWS] {
    widen(a, terms, panel, groups, to);
    let mut sums = _mm256_setzero_si256();
    for pairs in to {
        let pairs = pairs.vector();
        // Pairs of a row lie beside each other: their products come twice.
        let products = _mm256_madd_epi16(pairs, _mm256_shuffle_epi32::<0b10_11_00_01>(pairs));
        sums = _mm256_sub_epi32(sums, products);
    }
    // SAFETY: all bytes are values of both types, which are equally long.
    let [rows, ..] = unsafe { transmute::<__m256i, [[i32; 8]; 1]>(sums) };
    [rows[0], rows[2], rows[4], rows[6]]
}

/// Widens a panel of `b`, and has its rows' terms.
#[target_feature(enable = "avx2")]
fn widen_b(b: &Packed, terms: &[Term], panel: usize, groups: Range<usize>, to: &mut [WideB]) -> [__m256i; 2] {
    widen(b, terms, panel, groups, to.as_flattened_mut().as_flattened_mut());
    let mut sums = [_mm256_setzero_si256(); 2];
    for group in to {
        for (sum, [odd, even]) in sums.iter_mut().zip(group) {
            *sum = _mm256_sub_epi32(*sum, _mm256_madd_epi16(odd.vector(), even.vector()));
        }
    }
    sums
}

/// Adds the products of panels of `a` with a panel of `b` to tiles, or subtracts them: those from these places on.
#[target_feature(enable = "avx2")]
fn add(
    a: &[Wide],
    a_terms: &[[i32; ROWS]],
    b: &[WideB],
    b_terms: [__m256i; 2],
    to: &[(usize, bool)],
    sums: &mut [Sums],
) {
    for (panel, (a, a_terms)) in a.chunks_exact(b.len()).zip(a_terms).enumerate() {
        for (start, _) in to {
            prefetch(&sums[start + panel]);
        }
        let tile = tile(a, a_terms, b, b_terms);
        for (start, minus) in to {
            let sums = &mut sums[start + panel];
            // SAFETY: all bytes are values of both types, which are equally long.
            let mut new = unsafe { transmute::<Sums, Tile>(*sums) };
            let each = new.iter_mut().flatten().zip(tile.iter().flatten());
            if *minus {
                each.for_each(|(new, sum)| *new = _mm256_sub_epi32(*new, *sum));
            } else {
                each.for_each(|(new, sum)| *new = _mm256_add_epi32(*new, *sum));
            }
            // SAFETY: as above.
            *sums = unsafe { transmute::<Tile, Sums>(new) };
        }
    }
}

/// Asks for a tile's lines of memory, which are needed after the next one is computed.
#[inline(always)]
fn prefetch(sums: &Sums) {
    for row in &sums.0 {
        // SAFETY: it has no effect but on caches, and every processor with AVX2 has it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(row.as_ptr().cast()) }
    }
}

/// The products of a panel of `a` with a panel of `b`.
#[target_feature(enable = "avx2")]
#[inline]
fn tile(a: &[Wide], a_terms: &[i32; ROWS], b: &[WideB], b_terms: [__m256i; 2]) -> Tile {
    let mut sums = [b_terms; ROWS];
    for (sums, term) in sums.iter_mut().zip(a_terms) {
        let term = _mm256_set1_epi32(*term);
        *sums = [_mm256_add_epi32(sums[0], term), _mm256_add_epi32(sums[1], term)];
    }
    for (a, b) in a.iter().zip(b) {
        // SAFETY: all bytes are values of both types, which are equally long.
        let b = unsafe { transmute::<WideB, [[__m256i; 2]; 2]>(*b) };
        row::<0>(a, b, &mut sums[0]);
        row::<8>(a, b, &mut sums[1]);
        row::<16>(a, b, &mut sums[2]);
        row::<24>(a, b, &mut sums[3]);
    }
    sums
}

/// A row's step of the tile, whose pairs of `a` are so many bytes into the group. In assembly for the order of its instructions, which
/// decides how well all four pipes are used: compilers begin a sum as soon as its product is there, which takes 3 % longer.
#[target_feature(enable = "avx2")]
#[inline]
fn row<const BYTES: usize>(a: &Wide, [[odd_0, even_0], [odd_1, even_1]]: [[__m256i; 2]; 2], sums: &mut [__m256i; 2]) {
    let [sum_0, sum_1] = sums;
    // SAFETY: it reads eight bytes of `a`, which has 32, and writes registers alone.
    unsafe {
        asm!(
            "vpbroadcastd {even}, dword ptr [{a} + {at}]",
            "vpbroadcastd {odd}, dword ptr [{a} + {at} + 4]",
            "vpaddw {x}, {even}, {odd_0}",
            "vpaddw {y}, {odd}, {even_0}",
            "vpaddw {even}, {even}, {odd_1}",
            "vpaddw {odd}, {odd}, {even_1}",
            "vpmaddwd {x}, {x}, {y}",
            "vpmaddwd {even}, {even}, {odd}",
            "vpaddd {sum_0}, {sum_0}, {x}",
            "vpaddd {sum_1}, {sum_1}, {even}",
            a = in(reg) a,
            at = const BYTES,
            even = out(ymm_reg) _,
            odd = out(ymm_reg) _,
            x = out(ymm_reg) _,
            y = out(ymm_reg) _,
            odd_0 = in(ymm_reg) odd_0,
            even_0 = in(ymm_reg) even_0,
            odd_1 = in(ymm_reg) odd_1,
            even_1 = in(ymm_reg) even_1,
            sum_0 = inout(ymm_reg) *sum_0,
            sum_1 = inout(ymm_reg) *sum_1,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{super::matmul::tests::bytes, *};

    /// Freivalds's check (1977), modulo 2^32.
    #[test]
    fn product_should_take_a_vector_where_its_factors_take_it_when_matrices_are_halved_twice() {
        let Some(avx2) = Avx2::new() else { return };
        let [m, n, k] = [1033, 1042, 1027];
        for (a, b) in [(bytes(m * k, 1), bytes(n * k, 2)), (vec![-128; m * k], vec![-128; n * k])] {
            let mut out = vec![0; m * n];
            avx2.product(&a, &b, [m, n, k], &mut out);
            let x: Vec<i32> = (1..).map(|i: i32| i.wrapping_mul(-1_640_531_527)).take(n).collect();
            let mut of_b = vec![0i32; k];
            for (row, x) in b.chunks(k).zip(&x) {
                of_b.iter_mut().zip(row).for_each(|(sum, b)| *sum = sum.wrapping_add(i32::from(*b).wrapping_mul(*x)));
            }
            for (row, (a, out)) in a.chunks(k).zip(out.chunks(n)).enumerate() {
                let expected =
                    a.iter().zip(&of_b).fold(0i32, |sum, (a, x)| sum.wrapping_add(i32::from(*a).wrapping_mul(*x)));
                let sum = out.iter().zip(&x).fold(0i32, |sum, (out, x)| sum.wrapping_add(out.wrapping_mul(*x)));
                assert_eq!(sum, expected, "row {row}");
            }
        }
    }
}
