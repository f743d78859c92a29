// SPDX-License-Identifier: Apache-2.0
//! The int8 product `a [M, K] x b [N, K]^T`, packed and blocked for the caches.
//!
//! Memory for results and for what is packed is not set to zero before it is written, which small products would feel.

#![allow(unsafe_code)]

#[cfg(target_arch = "aarch64")]
use super::neon::{Dotprod, Neon};
use super::simd::{dot, vectorized, Simd, Tile};
#[cfg(target_arch = "x86_64")]
use super::{
    avx2::Avx2,
    vnni::{Avx512Vnni, AvxVnni},
};
use core::{mem::MaybeUninit, ops::Range};
use rayon::prelude::*;

/// Positions along K that are packed at a time: a panel of `b` fits into the first cache.
const K_BLOCK: usize = 1024;
/// Most rows of `a` that are packed at a time: they stay in the second cache.
const ROW_BLOCK: usize = 192;
/// A product is not packed where its second matrix has at most so many rows, of at least so many bytes: packing would cost more than it
/// saves.
const FEW: [(usize, usize); 3] = [(FEWEST, 0), (4, 64), (8, 256)];
const FEWEST: usize = 3;
/// Nor is one whose second matrix has so few rows and bytes: no vectors are filled by it.
const FEW_ROWS_AND_BYTES: [usize; 2] = [8, 32];
/// Sums that are computed column by column at a time, and columns at least: there is memory for the result once.
const SUMS_OF_COLUMNS: usize = 1 << 21;
const MIN_ROWS_OF_COLUMNS: usize = 1 << 10;
/// Bytes of a word.
#[cfg(target_arch = "x86_64")]
const WORD: usize = 4;
/// Products of elements that one task of the thread pool sums at least, where nothing is packed.
const DOTS_OF_TASK: usize = 1 << 18;

/// `a [m, k]` times the transpose of `b [n, k]`: `[m, n]`, row-major.
///
/// # Panics
///
/// If `a` or `b` is shorter than its shape says.
pub fn matmul_nt(simd: Simd, a: &[i8], b: &[i8], [m, n, k]: [usize; 3]) -> Vec<i32> {
    // SAFETY: all is written.
    unsafe { written(m * n, |out| write_matmul_nt(simd, &a[..m * k], &b[..n * k], [m, n, k], out)) }
}

/// The products of as many matrices `[m, k]` as there are in `a` with as many `[n, k]`, one after the other. None of these is 0.
pub(super) fn matmuls_nt(simd: Simd, a: &[i8], b: &[i8], [m, n, k]: [usize; 3]) -> Vec<i32> {
    let matrices = a.par_chunks_exact(m * k).zip(b.par_chunks_exact(n * k));
    // SAFETY: all is written, as there are as many results as pairs of matrices.
    unsafe {
        written(matrices.len() * m * n, |out| {
            let all = matrices.zip(out.par_chunks_exact_mut(m * n));
            all.for_each(|((a, b), out)| write_matmul_nt(simd, a, b, [m, n, k], out));
        })
    }
}

/// So many elements, which `write` writes.
///
/// # Safety
///
/// It writes all.
pub(super) unsafe fn written<T>(len: usize, write: impl FnOnce(&mut [MaybeUninit<T>])) -> Vec<T> {
    let mut all = Vec::with_capacity(len);
    write(&mut all.spare_capacity_mut()[..len]);
    // SAFETY: the caller says so.
    unsafe { all.set_len(len) }
    all
}

/// Writes all elements of a product.
fn write_matmul_nt(simd: Simd, a: &[i8], b: &[i8], [m, n, k]: [usize; 3], out: &mut [MaybeUninit<i32>]) {
    if m == 0 || n == 0 || k == 0 {
        out.fill(MaybeUninit::new(0));
        return;
    }
    // Work is divided by rows of the result: give the longer side to them when the other would not feed all cores.
    let threads = rayon::current_num_threads();
    if m < n && (m <= FEWEST || (threads > 1 && m < 16 * threads)) {
        let rows = (SUMS_OF_COLUMNS / m).max(MIN_ROWS_OF_COLUMNS);
        for (start, b) in (0..n).step_by(rows).zip(b.chunks(rows * k)) {
            let rows = b.len() / k;
            let mut columns = Box::new_uninit_slice(rows * m);
            rows_divided(simd, b, a, [rows, m, k], &mut columns);
            let mut out: Vec<_> = out.chunks_exact_mut(n).map(|row| &mut row[start..start + rows]).collect();
            super::ops::strided_rows(&columns, [1, m], &mut out);
        }
    } else {
        rows_divided(simd, a, b, [m, n, k], out);
    }
}

/// Whether a second matrix of so many rows is not packed.
fn are_few(rows: usize, bytes: usize) -> bool {
    FEW.iter().any(|(most_rows, least_bytes)| rows <= *most_rows && bytes >= *least_bytes)
}

/// Rows of a block, which one thread packs and multiplies: whole panels of so many, at most so many rows; as many as let all threads end
/// soonest, where a block takes as long as one panel more than it has.
pub(super) fn row_block(rows: usize, panel: usize, most: usize) -> usize {
    let threads = rayon::current_num_threads();
    let panels = rows.div_ceil(panel);
    let time = |block: &usize| panels.div_ceil(*block).div_ceil(threads) * (block + 1);
    (1..=(most / panel).clamp(1, panels)).rev().min_by_key(time).unwrap_or(1) * panel
}

fn rows_divided(simd: Simd, a: &[i8], b: &[i8], shape: [usize; 3], out: &mut [MaybeUninit<i32>]) {
    let [_, n, k] = shape;
    if [n, n * k].into_iter().zip(FEW_ROWS_AND_BYTES).all(|(size, most)| size <= most) {
        return dots(Simd::Scalar, a, b, shape, out);
    }
    let product = match simd {
        _ if are_few(n, k) => None,
        #[cfg(target_arch = "aarch64")]
        Simd::Neon => Neon::new().map(|tile| packed(simd, &tile, a, b, shape, out)),
        #[cfg(target_arch = "aarch64")]
        Simd::Dotprod => Dotprod::new().map(|tile| packed(simd, &tile, a, b, shape, out)),
        #[cfg(target_arch = "x86_64")]
        Simd::Avx2 => Avx2::new().map(|avx2| avx2.product(a, b, shape, out)),
        #[cfg(target_arch = "x86_64")]
        Simd::AvxVnni => AvxVnni::new().map(|tile| packed(simd, &tile, a, b, shape, out)),
        #[cfg(target_arch = "x86_64")]
        Simd::Avx512Vnni => Avx512Vnni::new().map(|tile| packed(simd, &tile, a, b, shape, out)),
        _ => None,
    };
    product.unwrap_or_else(|| dots(simd, a, b, shape, out));
}

/// One dot product after the other.
fn dots(simd: Simd, a: &[i8], b: &[i8], [_, n, k]: [usize; 3], out: &mut [MaybeUninit<i32>]) {
    let rows = (DOTS_OF_TASK / (n * k)).max(1).next_multiple_of(4);
    out.par_chunks_mut(rows * n).zip(a.par_chunks(rows * k)).for_each(|(out, a)| {
        let mut fours = a.chunks_exact(4 * k);
        let mut out_fours = out.chunks_exact_mut(4 * n);
        for (out, a) in out_fours.by_ref().zip(fours.by_ref()) {
            let rows = [0, 1, 2, 3].map(|row| &a[row * k..][..k]);
            for (column, b) in b.chunks_exact(k).enumerate() {
                for (row, sum) in simd.dots(rows, b).into_iter().enumerate() {
                    out[row * n + column].write(sum);
                }
            }
        }
        for (out, a) in out_fours.into_remainder().chunks_exact_mut(n).zip(fours.remainder().chunks_exact(k)) {
            for (out, b) in out.iter_mut().zip(b.chunks_exact(k)) {
                out.write(dot(a, b));
            }
        }
    });
}

pub(super) fn packed<T: Tile>(
    simd: Simd,
    tile: &T,
    a: &[i8],
    b: &[i8],
    [m, n, k]: [usize; 3],
    out: &mut [MaybeUninit<i32>],
) {
    let corrections: Vec<i32> =
        b.par_chunks(k).with_min_len(64).map(|row| simd.vectorize(|| T::correction(row))).collect();
    let row_block = row_block(m, T::ROWS, ROW_BLOCK);
    for k0 in (0..k).step_by(K_BLOCK) {
        let k1 = k.min(k0 + K_BLOCK);
        let [a_panel, b_panel] = [T::ROWS, T::COLUMNS].map(|width| (k1 - k0).div_ceil(T::GROUP) * T::GROUP * width);
        // SAFETY: all panels are written.
        let b_packed = unsafe {
            written(b_panel * n.div_ceil(T::COLUMNS), |to| {
                to.par_chunks_mut(b_panel).enumerate().for_each(|(panel, to)| {
                    let row = panel * T::COLUMNS;
                    pack::<T>(|x| x as u8, &b[row * k..], k, [k0, k1], T::COLUMNS.min(n - row), T::COLUMNS, to);
                });
            })
        };
        out.par_chunks_mut(row_block * n).enumerate().for_each(|(block, out)| {
            let rows = out.len() / n;
            // SAFETY: all panels are written.
            let a_packed = unsafe {
                written(a_panel * rows.div_ceil(T::ROWS), |to| {
                    for (panel, to) in to.chunks_mut(a_panel).enumerate() {
                        let row = panel * T::ROWS;
                        let from = &a[(block * row_block + row) * k..];
                        pack::<T>(T::a, from, k, [k0, k1], T::ROWS.min(rows - row), T::ROWS, to);
                    }
                })
            };
            let mut sums = [0i32; 512];
            let sums = &mut sums[..T::ROWS * T::COLUMNS];
            for (b_panel, b) in b_packed.chunks(b_panel).enumerate() {
                let column = b_panel * T::COLUMNS;
                let columns = column..n.min(column + T::COLUMNS);
                for (a, out) in a_packed.chunks(a_panel).zip(out.chunks_mut(T::ROWS * n)) {
                    tile.tile(a, b, sums);
                    if k0 == 0 {
                        set(simd, sums, T::COLUMNS, out, n, columns.clone(), &corrections[columns.clone()]);
                    } else {
                        // SAFETY: the first positions' sums were written to all.
                        add(simd, sums, T::COLUMNS, unsafe { out.assume_init_mut() }, n, columns.clone());
                    }
                }
            }
        });
    }
}

vectorized! {
    /// Sets these columns of rows of `n` to a tile's sums, `in_row` of a row, and to corrections.
    fn set(
        sums: &[i32],
        in_row: usize,
        out: &mut [MaybeUninit<i32>],
        n: usize,
        columns: Range<usize>,
        corrections: &[i32],
    ) {
        for (out, sums) in out.chunks_exact_mut(n).zip(sums.chunks_exact(in_row)) {
            let out = out[columns.clone()].iter_mut().zip(sums.iter().zip(corrections));
            out.for_each(|(out, (sum, correction))| *out = MaybeUninit::new(sum.wrapping_add(*correction)));
        }
    }
}

vectorized! {
    /// Adds a tile's sums, `in_row` of a row, to these columns of rows of `n`.
    fn add(sums: &[i32], in_row: usize, out: &mut [i32], n: usize, columns: Range<usize>) {
        for (out, sums) in out.chunks_exact_mut(n).zip(sums.chunks_exact(in_row)) {
            out[columns.clone()].iter_mut().zip(sums).for_each(|(out, sum)| *out = out.wrapping_add(*sum));
        }
    }
}

/// Packs positions `k0..k1` of `rows` rows into a panel `width` rows wide, and writes all of it; `convert` turns bits. Nothing is read of
/// rows that are missing.
#[inline(always)]
fn pack<T: Tile>(
    convert: impl Fn(i8) -> u8,
    from: &[i8],
    k: usize,
    [k0, k1]: [usize; 2],
    rows: usize,
    width: usize,
    to: &mut [MaybeUninit<u8>],
) {
    #[cfg(target_arch = "x86_64")]
    if let (WORD, Some(avx2)) = (T::GROUP, Avx2::new()) {
        return avx2.pack_words(from, k, [rows, width], k0..k1, convert(0), to);
    }
    to.fill(MaybeUninit::new(0));
    for row in 0..rows {
        let from = from[row * k + k0..row * k + k1].chunks(T::GROUP);
        let to = to[row * T::GROUP..].chunks_mut(width * T::GROUP);
        for (from, to) in from.zip(to) {
            if let (Some(from), Some(to)) = (from.get(..T::GROUP), to.get_mut(..T::GROUP)) {
                for i in 0..T::GROUP {
                    to[i].write(convert(from[i]));
                }
            } else {
                for (to, from) in to.iter_mut().zip(from) {
                    to.write(convert(*from));
                }
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Bytes, of which half are extreme.
    pub fn bytes(len: usize, seed: u32) -> Vec<i8> {
        let mut x = seed.wrapping_mul(2_654_435_761).wrapping_add(12345);
        (0..len)
            .map(|_| {
                x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                match x >> 30 {
                    0 => 127,
                    1 => -128,
                    _ => (x >> 16) as i8,
                }
            })
            .collect()
    }

    #[test]
    fn product_should_be_exact_when_shapes_do_not_fit_the_tiles() {
        for (i, shape) in [
            [1, 1, 1],
            [1, 300, 7],
            [5, 3, 800],
            [6, 16, 2],
            [7, 17, 3],
            [13, 33, 769],
            [100, 50, 1537],
            [4, 500, 64],
            [300, 4, 64],
            [3, 0, 5],
            [2, 3, 0],
            [3, 700_017, 3],
            [15, 141_000, 5],
            [17, 40, 31],
            [33, 16, 513],
            [512, 512, 512],
            [514, 520, 1030],
            [600, 514, 1101],
            [1025, 512, 514],
            [1026, 1025, 1031],
        ]
        .into_iter()
        .enumerate()
        {
            let [m, n, k] = shape;
            let (a, b) = (bytes(m * k, i as u32), bytes(n * k, 100 + i as u32));
            // What programs can have, and what they cannot.
            for least in [-127, -128] {
                let b: Vec<i8> = b.iter().map(|b| *b.max(&least)).collect();
                let mut expected = Vec::new();
                for row in 0..m {
                    for column in 0..n {
                        let pairs = a[row * k..][..k].iter().zip(&b[column * k..][..k]);
                        expected.push(pairs.map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>());
                    }
                }
                for simd in Simd::available() {
                    assert_eq!(matmul_nt(simd, &a, &b, shape), expected, "{simd:?} {shape:?}");
                }
            }
        }
    }

    #[test]
    fn blocks_should_let_threads_end_together_when_there_are_few_rows() {
        let blocks = |threads, rows: [usize; 5]| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| rows.map(|rows| row_block(rows, 4, 128)))
        };
        assert_eq!(blocks(1, [1, 66, 100, 257, 1024]), [4, 68, 100, 88, 128]);
        assert_eq!(blocks(2, [1, 66, 100, 257, 1024]), [4, 36, 52, 68, 128]);
        assert_eq!(blocks(16, [1, 66, 100, 257, 1024]), [4, 8, 8, 20, 64]);
    }

    #[test]
    fn product_should_not_saturate_when_all_values_are_extreme() {
        for (x, y) in [(127, 127), (-127, 127), (127, -127), (-127, -127), (-128, 127), (-128, -127), (-128, -128)] {
            for (rows, k) in [(8, 4096), (512, 1024)] {
                for simd in Simd::available() {
                    let out = matmul_nt(simd, &vec![x; rows * k], &vec![y; rows * k], [rows, rows, k]);
                    assert!(out.iter().all(|sum| *sum == i32::from(x) * i32::from(y) * k as i32), "{simd:?}");
                }
            }
        }
    }
}
