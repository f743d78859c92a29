// SPDX-License-Identifier: Apache-2.0
//! The product with AVX2, with fewer instructions than its definition has multiplications, twice over, and exact:
//!
//! - **Winograd's inner product** (IEEE Trans. Comp. C-17, 1968): `a0 b0 + a1 b1 = (a0 + b1)(a1 + b0) - a0 a1 - b0 b1`. The last two
//!   terms are of one row alone and are summed when it is packed. AVX2 multiplies in two of the four vector pipes of common processors
//!   and adds in all of them, so it pays to trade one for the other.
//! - **Three sums for four columns.** Instructions multiply 16 bits where bytes have 8, so two rows of `b` are put into one: `b + 256 b'`.
//!   The sum of products with it, `p + 256 p'` in 32 bits, does not tell `p` from `p'`, but three such sums tell four columns: of
//!   `x = p0 + 256 p1`, `y = p1 + 256 p2` and `z = p2 + 256 p3` it is `x - 256 y + 256^2 z = p0 + 256^3 p3`. So `p0` is the lower three
//!   bytes of that, as it lies in [-2^23, 2^23) for as many products as [`CHUNK`]; then `p1 = (x - p0) / 256`, and so on.
//!
//! The first only uses that integers modulo 2^32 are a commutative ring, the second that no sum of a chunk is larger than `CHUNK * 2^14`,
//! so the result is the same to the bit. `a + (b + 256 b')` fits 16 bits unless `b'` is -128, which no program's `i8` is: columns of a
//! matrix that has it are summed each alone.

#![allow(unsafe_code)]

use super::{
    matmul::{row_block, written},
    simd::dot,
};
use core::{
    arch::{asm, x86_64::*},
    mem::{transmute, MaybeUninit},
    ops::Range,
};
use rayon::prelude::*;

/// Rows of `a` in a panel: of a tile.
const ROWS: usize = 4;
/// Vectors of 32-bit sums in a row of a tile, and sums in a vector.
const VECTORS: usize = 2;
const LANES: usize = 8;
/// Rows of `b` in a panel.
const COLUMNS: usize = 64;
/// Tiles of a panel whose columns are summed by fours.
const TILES_OF_FOURS: usize = 3;
/// Bytes along K of each row in a group, and groups that a step of the tile takes.
const GROUP: usize = 4;
const STEP: usize = 2;
/// Most bytes along K of each row in a chunk: `CHUNK * 128 * 127 < 2^23`, and what a tile reads of `b` takes half of the first cache.
const CHUNK: usize = 512;
/// Most chunks that are packed at a time.
const CHUNKS: usize = 3;
/// Bytes of `a` that a thread packs at a time, about: they stay in the second cache. And rows, at least and at most.
const BLOCK_BYTES: usize = 1 << 17;
const BLOCK_ROWS: [usize; 2] = [128, 512];
/// Most rows of `b` that are packed at a time, and where there are few rows of `a`, for which they are read once.
const COLUMN_BLOCK: usize = 4096;
const COLUMN_BLOCK_OF_FEW: usize = 256;
const FEW: usize = 64;
/// Bytes of a line of the caches.
const LINE_BYTES: usize = 64;
/// Panels of the result whose memory is asked for before they are written.
const AHEAD: usize = 4;
/// Rows that are packed at a time, and bytes of each.
const STRIP: usize = 8;
const STRIP_BYTES: usize = 32;

/// 16 numbers of 16 bits. Of `a`: of each row of a panel the bytes 0 and 2 of a group, then 1 and 3.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Wide([i16; 16]);

/// A group of `b` for a tile: for each vector the bytes 1 and 3 of eight rows, then their bytes 0 and 2.
type WideB = [[Wide; 2]; VECTORS];

/// Sums of a tile.
type Tile = [[__m256i; VECTORS]; ROWS];

/// No sums yet.
// SAFETY: all bytes are values of both types, which are equally long.
const ZERO: __m256i = unsafe { transmute([0i32; LANES]) };

/// Rows of `a` along a chunk: of each panel its groups, and what is added to the sums of its rows.
struct PackedA {
    groups: Vec<Wide>,
    terms: Vec<[i32; ROWS]>,
}

/// Rows of `b` along a chunk: of each tile of each panel its groups, and what is added to the sums of its columns.
struct PackedB {
    groups: Vec<WideB>,
    terms: Vec<[__m256i; VECTORS]>,
    can_be_fours: bool,
}

/// How the columns of a panel are summed.
struct Tiles {
    by_fours: bool,
    count: usize,
}

impl Tiles {
    /// By fours where they can be, and where that is fewer tiles.
    fn of(columns: usize, can_be_fours: bool) -> Self {
        let count = columns.div_ceil(VECTORS * LANES);
        let by_fours = can_be_fours && count > TILES_OF_FOURS;
        Self { by_fours, count: if by_fours { TILES_OF_FOURS } else { count } }
    }
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

    /// Packs these bytes of the first rows by fours: for each four those of each row, and of rows that are missing up to `width`; each
    /// byte with these bits turned.
    pub fn pack_words(
        self,
        from: &[i8],
        stride: usize,
        [rows, width]: [usize; 2],
        bytes: Range<usize>,
        turned: u8,
        to: &mut [MaybeUninit<u8>],
    ) {
        // SAFETY: as above.
        unsafe { pack_words(from, stride, [rows, width], bytes, turned, to) }
    }

    /// Writes `a [m, k]` times the transpose of `b [n, k]`; none of these is 0.
    pub fn product(self, a: &[i8], b: &[i8], [m, n, k]: [usize; 3], out: &mut [MaybeUninit<i32>]) {
        let chunks = k.div_ceil(CHUNK);
        let pass = chunks.div_ceil(chunks.div_ceil(CHUNKS)) * CHUNK;
        let [least, most] = BLOCK_ROWS;
        let row_block = row_block(m, ROWS, (BLOCK_BYTES / k.min(pass)).clamp(least, most));
        let column_block = if m <= FEW { COLUMN_BLOCK_OF_FEW } else { COLUMN_BLOCK };
        for (b, start) in b.chunks(column_block * k).zip((0..n).step_by(column_block)) {
            let columns = start..start + b.len() / k;
            let can_be_fours = self.run(|| b.iter().fold(true, |can, b| can & (*b != i8::MIN)));
            for start in (0..k).step_by(pass) {
                let chunks = (start..k.min(start + pass)).step_by(CHUNK).map(|start| start..k.min(start + CHUNK));
                let b: Vec<_> = chunks.clone().map(|bytes| self.pack_b(b, k, bytes, can_be_fours)).collect();
                out.par_chunks_mut(row_block * n).zip(a.par_chunks(row_block * k)).for_each(|(out, a)| {
                    let a: Vec<_> = chunks.clone().map(|bytes| self.pack_a(a, k, bytes)).collect();
                    self.multiply(&a, &b, out, n, columns.clone(), start == 0);
                });
            }
        }
    }

    /// Packs these bytes of all rows, which have `k`.
    fn pack_a(self, from: &[i8], k: usize, bytes: Range<usize>) -> PackedA {
        let (rows, groups) = (from.len() / k, groups(&bytes));
        let panels = rows.div_ceil(STRIP) * STRIP / ROWS;
        let mut terms = vec![[0; ROWS]; panels];
        let write = |to: &mut [MaybeUninit<Wide>]| {
            let to = to.chunks_exact_mut(STRIP / ROWS * groups).zip(terms.chunks_exact_mut(STRIP / ROWS));
            for ((to, terms), start) in to.zip((0..rows).step_by(STRIP)) {
                // SAFETY: a value of this type exists only where the processor has AVX2.
                unsafe { pack_a(from, k, start..rows.min(start + STRIP), bytes.clone(), to, terms) }
            }
        };
        // SAFETY: there are as many strips as pairs of panels, and all groups of each are written.
        let groups = unsafe { written(panels * groups, write) };
        PackedA { groups, terms }
    }

    /// Packs these bytes of all rows, which have `k`.
    fn pack_b(self, from: &[i8], k: usize, bytes: Range<usize>, can_be_fours: bool) -> PackedB {
        let (rows, groups) = (from.len() / k, groups(&bytes));
        let whole = Tiles::of(COLUMNS, can_be_fours).count;
        let tiles = rows / COLUMNS * whole + Tiles::of(rows % COLUMNS, can_be_fours).count;
        let mut terms = vec![[ZERO; VECTORS]; tiles];
        let write = |to: &mut [MaybeUninit<WideB>]| {
            let to = to.par_chunks_mut(whole * groups).zip(terms.par_chunks_mut(whole));
            to.enumerate().for_each(|(panel, (to, terms))| {
                let rows = panel * COLUMNS..rows.min((panel + 1) * COLUMNS);
                // SAFETY: a value of this type exists only where the processor has AVX2.
                unsafe { pack_b(from, k, rows, bytes.clone(), can_be_fours, to, terms) }
            });
        };
        // SAFETY: all panels' tiles are there, and all groups of each are written.
        let groups = unsafe { written(tiles * groups, write) };
        PackedB { groups, terms, can_be_fours }
    }

    /// Sets these columns of rows of `n` numbers to the sums of the products along all chunks, or adds them.
    fn multiply(
        self,
        a: &[PackedA],
        b: &[PackedB],
        out: &mut [MaybeUninit<i32>],
        n: usize,
        columns: Range<usize>,
        is_first: bool,
    ) {
        let can_be_fours = b.iter().all(|b| b.can_be_fours);
        let whole = Tiles::of(COLUMNS.min(columns.len()), can_be_fours).count;
        let panels = out.len().div_ceil(ROWS * n);
        let mut sums = vec![[[ZERO; VECTORS]; ROWS]; a.len() * panels * whole];
        for (panel, start) in columns.clone().step_by(COLUMNS).enumerate() {
            let columns = start..columns.end.min(start + COLUMNS);
            let tiles = Tiles::of(columns.len(), can_be_fours);
            // Of each chunk, of each panel of `a`, the tiles.
            let sums = &mut sums[..a.len() * panels * tiles.count];
            for (sums, (a, b)) in sums.chunks_exact_mut(panels * tiles.count).zip(a.iter().zip(b)) {
                let groups = a.groups.len() / a.terms.len();
                for tile in 0..tiles.count {
                    let at = panel * whole + tile;
                    let (b_groups, next) = b.groups[at * groups..].split_at(groups);
                    let b_terms = &b.terms[at];
                    // What the next tile reads comes while this one is computed.
                    let mut next = next.chunks(groups.div_ceil(panels)).take(panels);
                    let a = a.groups.chunks_exact(groups).zip(&a.terms);
                    for (sums, (a, a_terms)) in sums[tile..].iter_mut().step_by(tiles.count).zip(a) {
                        next.next().into_iter().for_each(prefetch);
                        // SAFETY: a value of this type exists only where the processor has AVX2.
                        unsafe { multiply(a, a_terms, b_groups, b_terms, sums) }
                    }
                }
            }
            let mut rest = &mut *out;
            for panel in 0..panels {
                let (out, later) = rest.split_at_mut(rest.len().min(ROWS * n));
                later.chunks(n).skip((AHEAD - 1) * ROWS).take(ROWS).for_each(|row| prefetch(&row[columns.clone()]));
                let of_chunks = sums[panel * tiles.count..].chunks(panels * tiles.count);
                let of_chunks = of_chunks.map(|sums| &sums[..tiles.count]);
                // SAFETY: as above.
                unsafe { finish(of_chunks, tiles.by_fours, out, n, columns.clone(), is_first) }
                rest = later;
            }
        }
    }
}

/// Groups of so many bytes: whole steps of a tile.
fn groups(bytes: &Range<usize>) -> usize {
    bytes.len().div_ceil(GROUP).next_multiple_of(STEP)
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

/// [`Avx2::pack_words`].
#[target_feature(enable = "avx2")]
fn pack_words(
    from: &[i8],
    stride: usize,
    [rows, width]: [usize; 2],
    bytes: Range<usize>,
    turned: u8,
    to: &mut [MaybeUninit<u8>],
) {
    let turned = _mm256_set1_epi8(turned as i8);
    for first in (0..width).step_by(STRIP) {
        let strip = first * GROUP..width.min(first + STRIP) * GROUP;
        for (index, start) in bytes.clone().step_by(STRIP_BYTES).enumerate() {
            let bytes = start..bytes.end.min(start + STRIP_BYTES);
            let words = words(from, stride, first.min(rows)..rows.min(first + STRIP), bytes);
            let to = to[index * STRIP_BYTES * width..].chunks_exact_mut(width * GROUP);
            for (to, words) in to.zip(words) {
                // SAFETY: all bytes are values of both types, which are equally long.
                let words = unsafe { transmute::<__m256i, [MaybeUninit<u8>; 32]>(_mm256_xor_si256(words, turned)) };
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

/// Packs these bytes of at most `STRIP` rows into panels, and has their rows' terms.
#[target_feature(enable = "avx2")]
fn pack_a(
    from: &[i8],
    k: usize,
    rows: Range<usize>,
    bytes: Range<usize>,
    to: &mut [MaybeUninit<Wide>],
    terms: &mut [[i32; ROWS]],
) {
    let (upper, lower) = to.split_at_mut(to.len() / 2);
    let mut sums = ZERO;
    for (to, start) in upper.chunks_mut(STRIP).zip(lower.chunks_mut(STRIP)).zip(bytes.clone().step_by(STRIP_BYTES)) {
        let words = words(from, k, rows.clone(), start..bytes.end.min(start + STRIP_BYTES));
        for (words, (upper, lower)) in words.into_iter().zip(to.0.iter_mut().zip(to.1)) {
            let [odd, even] = widened(words);
            sums = _mm256_sub_epi32(sums, _mm256_madd_epi16(odd, even));
            let (low, high) = (_mm256_unpacklo_epi32(even, odd), _mm256_unpackhi_epi32(even, odd));
            upper.write(_mm256_permute2x128_si256::<0x20>(low, high).into());
            lower.write(_mm256_permute2x128_si256::<0x31>(low, high).into());
        }
    }
    // SAFETY: all bytes are values of both types, which are equally long.
    terms.copy_from_slice(&unsafe { transmute::<__m256i, [[i32; ROWS]; 2]>(sums) });
}

/// Packs these bytes of a panel's rows, and has their terms.
#[target_feature(enable = "avx2")]
fn pack_b(
    from: &[i8],
    k: usize,
    rows: Range<usize>,
    bytes: Range<usize>,
    can_be_fours: bool,
    to: &mut [MaybeUninit<WideB>],
    terms: &mut [[__m256i; VECTORS]],
) {
    let tiles = Tiles::of(rows.len(), can_be_fours);
    let groups = to.len() / tiles.count;
    for (index, start) in bytes.clone().step_by(STRIP_BYTES).enumerate() {
        let mut strips = [[ZERO; STRIP]; COLUMNS / STRIP];
        for (strip, start_row) in strips.iter_mut().zip(rows.clone().step_by(STRIP)) {
            *strip =
                words(from, k, start_row..rows.end.min(start_row + STRIP), start..bytes.end.min(start + STRIP_BYTES));
        }
        for (word, group) in (index * STRIP..groups.min((index + 1) * STRIP)).enumerate() {
            for (tile, terms) in terms.iter_mut().enumerate() {
                let column = |strip: usize| widened(strips[strip][word]);
                let columns = if tiles.by_fours {
                    let right = tile + COLUMNS / STRIP / VECTORS;
                    [two(column(tile), column(tile + 1)), two(column(right), column(right + 1))]
                } else {
                    [column(tile * VECTORS), column(tile * VECTORS + 1)]
                };
                for (term, [odd, even]) in terms.iter_mut().zip(columns) {
                    *term = _mm256_sub_epi32(*term, _mm256_madd_epi16(odd, even));
                }
                // SAFETY: all bytes are values of both types, which are equally long.
                to[tile * groups + group].write(unsafe { transmute::<[[__m256i; 2]; VECTORS], WideB>(columns) });
            }
        }
    }
}

/// Columns and 256 times others.
#[target_feature(enable = "avx2")]
#[inline]
fn two([odd, even]: [__m256i; 2], [other_odd, other_even]: [__m256i; 2]) -> [__m256i; 2] {
    [
        _mm256_add_epi16(odd, _mm256_slli_epi16::<8>(other_odd)),
        _mm256_add_epi16(even, _mm256_slli_epi16::<8>(other_even)),
    ]
}

/// The bytes 1 and 3 of words in 16 bits each, and their bytes 0 and 2.
#[target_feature(enable = "avx2")]
#[inline]
fn widened(words: __m256i) -> [__m256i; 2] {
    [_mm256_srai_epi16::<8>(words), _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(words))]
}

/// A row of a tile's step with a group. In assembly for the order: both products are begun before one is added, so that all four pipes
/// have work.
macro_rules! row {
    ($group:literal, $row:literal, $left:literal, $right:literal) => {
        concat!(
            concat!("vpbroadcastd {even}, dword ptr [{a} + 32 * ", $group, " + 8 * ", $row, "]\n"),
            concat!("vpbroadcastd {odd}, dword ptr [{a} + 32 * ", $group, " + 8 * ", $row, " + 4]\n"),
            "vpaddw {x}, {even}, {left_odd}\n",
            "vpaddw {y}, {odd}, {left_even}\n",
            "vpaddw {even}, {even}, {right_odd}\n",
            "vpaddw {odd}, {odd}, {right_even}\n",
            "vpmaddwd {x}, {x}, {y}\n",
            "vpmaddwd {even}, {even}, {odd}\n",
            concat!("vpaddd {", $left, "}, {", $left, "}, {x}\n"),
            concat!("vpaddd {", $right, "}, {", $right, "}, {even}\n"),
        )
    };
}

/// A tile's step with one of its groups.
macro_rules! group {
    ($group:literal) => {
        concat!(
            concat!("vmovdqa {left_odd}, ymmword ptr [{b} + 128 * ", $group, "]\n"),
            concat!("vmovdqa {left_even}, ymmword ptr [{b} + 128 * ", $group, " + 32]\n"),
            concat!("vmovdqa {right_odd}, ymmword ptr [{b} + 128 * ", $group, " + 64]\n"),
            concat!("vmovdqa {right_even}, ymmword ptr [{b} + 128 * ", $group, " + 96]\n"),
            row!($group, 0, "s0", "s1"),
            row!($group, 1, "s2", "s3"),
            row!($group, 2, "s4", "s5"),
            row!($group, 3, "s6", "s7"),
        )
    };
}

/// Writes the sums of the products of a panel of `a` with a tile's columns.
#[target_feature(enable = "avx2")]
#[inline]
fn multiply(a: &[Wide], a_terms: &[i32; ROWS], b: &[WideB], b_terms: &[__m256i; VECTORS], to: &mut Tile) {
    let mut sums = [*b_terms; ROWS];
    for (sums, term) in sums.iter_mut().zip(a_terms) {
        let term = _mm256_set1_epi32(*term);
        *sums = [_mm256_add_epi32(sums[0], term), _mm256_add_epi32(sums[1], term)];
    }
    let steps = a.len().min(b.len()) / STEP;
    assert_ne!(steps, 0);
    let [[s0, s1], [s2, s3], [s4, s5], [s6, s7]] = &mut sums;
    // SAFETY: it reads as many groups of `a` and of `b` as they have, and writes registers alone.
    unsafe {
        asm!(
            "2:",
            group!(0),
            group!(1),
            "add {a}, 64",
            "add {b}, 256",
            "dec {steps}",
            "jnz 2b",
            a = inout(reg) a.as_ptr() => _,
            b = inout(reg) b.as_ptr() => _,
            steps = inout(reg) steps => _,
            even = out(ymm_reg) _,
            odd = out(ymm_reg) _,
            x = out(ymm_reg) _,
            y = out(ymm_reg) _,
            left_odd = out(ymm_reg) _,
            left_even = out(ymm_reg) _,
            right_odd = out(ymm_reg) _,
            right_even = out(ymm_reg) _,
            s0 = inout(ymm_reg) *s0,
            s1 = inout(ymm_reg) *s1,
            s2 = inout(ymm_reg) *s2,
            s3 = inout(ymm_reg) *s3,
            s4 = inout(ymm_reg) *s4,
            s5 = inout(ymm_reg) *s5,
            s6 = inout(ymm_reg) *s6,
            s7 = inout(ymm_reg) *s7,
            options(pure, readonly, nostack),
        );
    }
    *to = sums;
}

/// Asks for the lines of memory of these values.
fn prefetch<T>(values: &[T]) {
    for offset in (0..size_of_val(values)).step_by(LINE_BYTES) {
        // SAFETY: it has no effect but on caches, and every processor with AVX2 has it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(values.as_ptr().cast::<i8>().wrapping_add(offset)) }
    }
}

/// What four columns' products sum to, of the three sums of two each.
#[target_feature(enable = "avx2")]
#[inline]
fn four([x, y, z]: [__m256i; TILES_OF_FOURS]) -> [__m256i; TILES_OF_FOURS + 1] {
    let first_and_last = _mm256_sub_epi32(_mm256_slli_epi32::<8>(z), y);
    let first_and_last = _mm256_add_epi32(_mm256_slli_epi32::<8>(first_and_last), x);
    let p0 = _mm256_srai_epi32::<8>(_mm256_slli_epi32::<8>(first_and_last));
    let p1 = _mm256_srai_epi32::<8>(_mm256_sub_epi32(x, p0));
    let p2 = _mm256_srai_epi32::<8>(_mm256_sub_epi32(y, p1));
    let p3 = _mm256_srai_epi32::<8>(_mm256_sub_epi32(z, p2));
    [p0, p1, p2, p3]
}

/// Sets these columns of the rows of a panel to what the tiles of all chunks sum to, or adds that.
#[target_feature(enable = "avx2")]
fn finish<'a>(
    chunks: impl Iterator<Item = &'a [Tile]> + Clone,
    by_fours: bool,
    out: &mut [MaybeUninit<i32>],
    n: usize,
    columns: Range<usize>,
    is_first: bool,
) {
    for (row, out) in out.chunks_exact_mut(n).enumerate() {
        let mut sums = [ZERO; COLUMNS / LANES];
        for tiles in chunks.clone() {
            match tiles {
                [x, y, z] if by_fours => {
                    for (vector, sums) in sums.chunks_exact_mut(TILES_OF_FOURS + 1).enumerate() {
                        let products = four([x[row][vector], y[row][vector], z[row][vector]]);
                        for (sum, product) in sums.iter_mut().zip(products) {
                            *sum = _mm256_add_epi32(*sum, product);
                        }
                    }
                }
                _ => {
                    for (sum, product) in sums.iter_mut().zip(tiles.iter().flat_map(|tile| &tile[row])) {
                        *sum = _mm256_add_epi32(*sum, *product);
                    }
                }
            }
        }
        let out = &mut out[columns.clone()];
        if is_first {
            // SAFETY: all bytes are values of both types, which are equally long.
            let sums = unsafe { transmute::<[__m256i; COLUMNS / LANES], [MaybeUninit<i32>; COLUMNS]>(sums) };
            match out.first_chunk_mut() {
                Some(out) => *out = sums,
                None => out.copy_from_slice(&sums[..out.len()]),
            }
        } else {
            // SAFETY: as above.
            let sums = unsafe { transmute::<[__m256i; COLUMNS / LANES], [i32; COLUMNS]>(sums) };
            // SAFETY: the first chunks' sums were written to all.
            let out = unsafe { out.assume_init_mut() };
            out.iter_mut().zip(sums).for_each(|(out, sum)| *out = out.wrapping_add(sum));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::cpu::{
        matmul::{matmul_nt, tests::bytes},
        Simd,
    };

    /// Freivalds's check (1977), modulo 2^32.
    #[test]
    fn product_should_take_a_vector_where_its_factors_take_it_when_matrices_are_large() {
        let [m, n, k] = [1033, 1042, 1027];
        let extremes = [[-128, -128], [-128, 127], [-128, -127], [127, -128], [127, -127]];
        let extremes = extremes.map(|[a, b]| (vec![a; m * k], vec![b; n * k]));
        let [a, b] = [bytes(m * k, 1), bytes(n * k, 2)];
        let by_fours = b.iter().map(|b| b.max(&-127)).copied().collect();
        for (a, b) in [(a.clone(), b), (a, by_fours)].into_iter().chain(extremes) {
            let out = matmul_nt(Simd::Avx2, &a, &b, [m, n, k]);
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
