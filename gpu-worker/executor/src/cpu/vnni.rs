// SPDX-License-Identifier: Apache-2.0
//! The product with VNNI: `vpdpbusd` multiplies unsigned by signed bytes and adds four products to a sum of 32 bits.
//!
//! Signed bytes become unsigned ones by adding 128. What that adds to a product is the other factor's alone, and taken off again.

#![allow(unsafe_code)]

use super::simd::{dot, Tile};
use core::{arch::x86_64::*, mem::transmute};

/// A tile by one encoding of the instruction: the features that it needs, its vectors, as many rows as registers hold the sums of, and
/// the intrinsics.
macro_rules! tile {
    (
        $(#[$doc:meta])* $name:ident: [$($feature:tt),+], $vector:ty: $bytes:literal bytes, $rows:literal rows,
        $zero:ident, $splat:ident, $dot:ident
    ) => {
        $(#[$doc])*
        /// A value exists only where the processor has it.
        pub(crate) struct $name(());

        impl $name {
            /// It, if the processor has it.
            pub fn new() -> Option<Self> {
                ($(is_x86_feature_detected!($feature))&&+).then_some(Self(()))
            }

            #[target_feature($(enable = $feature),+)]
            fn products(a: &[[[u8; 4]; $rows]], b: &[[[u8; $bytes]; 2]], out: &mut [i32]) {
                let mut sums = [[$zero(); 2]; $rows];
                for (a, b) in a.iter().zip(b) {
                    // SAFETY: all bytes are values of both types, which are equally long.
                    let b = b.map(|b| unsafe { transmute::<[u8; $bytes], $vector>(b) });
                    for (a, sums) in a.iter().zip(&mut sums) {
                        let four = $splat(i32::from_ne_bytes(*a));
                        sums[0] = $dot(sums[0], four, b[0]);
                        sums[1] = $dot(sums[1], four, b[1]);
                    }
                }
                for (out, sums) in out.as_chunks_mut().0.iter_mut().zip(sums) {
                    // SAFETY: as above.
                    *out = unsafe { transmute::<[$vector; 2], [i32; $bytes / 2]>(sums) };
                }
            }
        }

        impl Tile for $name {
            const GROUP: usize = 4;
            const ROWS: usize = $rows;
            const COLUMNS: usize = $bytes / 2;

            /// `x + 128`.
            #[inline(always)]
            fn a(x: i8) -> u8 {
                x as u8 ^ 0x80
            }

            /// What the 128 in every element of `a` adds too much.
            #[inline(always)]
            fn correction(row: &[i8]) -> i32 {
                row.iter().fold(0i32, |sum, x| sum.wrapping_add(i32::from(*x))).wrapping_mul(-128)
            }

            fn tile(&self, a: &[u8], b: &[u8], out: &mut [i32]) {
                // SAFETY: a value of this type exists only where the processor has the instructions.
                unsafe { Self::products(a.as_chunks().0.as_chunks().0, b.as_chunks().0.as_chunks().0, out) }
            }
        }
    };
}

tile! {
    /// AVX-512 F, BW and VNNI.
    Avx512Vnni: ["avx2", "avx512f", "avx512bw", "avx512vnni"], __m512i: 64 bytes, 12 rows,
    _mm512_setzero_si512, _mm512_set1_epi32, _mm512_dpbusd_epi32
}

tile! {
    /// AVX-VNNI.
    AvxVnni: ["avx2", "avxvnni"], __m256i: 32 bytes, 6 rows,
    _mm256_setzero_si256, _mm256_set1_epi32, _mm256_dpbusd_avx_epi32
}

impl Avx512Vnni {
    /// The sums of the products of a row with four others.
    pub fn dots(&self, rows: [&[i8]; 4], with: &[i8]) -> [i32; 4] {
        // SAFETY: a value of this type exists only where the processor has the instructions.
        unsafe { row_dots(rows, with) }
    }
}

/// Row after row, as with AVX2.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn row_dots(rows: [&[i8]; 4], with: &[i8]) -> [i32; 4] {
    let (with, with_rest) = with.as_chunks::<64>();
    // What 128 in every element of the row adds too much.
    let mut extra = _mm512_setzero_si512();
    let sign = _mm512_set1_epi8(-128);
    for with in with {
        // SAFETY: all bytes are values of both types, which are equally long.
        extra = _mm512_dpbusd_epi32(extra, sign, unsafe { transmute::<[i8; 64], __m512i>(*with) });
    }
    let mut dots = [0i32; 4];
    for (to, row) in dots.iter_mut().zip(rows) {
        let (row, rest) = row.as_chunks::<64>();
        let mut sum = _mm512_setzero_si512();
        for (row, with) in row.iter().zip(with) {
            // SAFETY: as above.
            let row = unsafe { transmute::<[i8; 64], __m512i>(*row) };
            // SAFETY: as above.
            let with = unsafe { transmute::<[i8; 64], __m512i>(*with) };
            sum = _mm512_dpbusd_epi32(sum, _mm512_xor_si512(row, sign), with);
        }
        let sum = _mm512_reduce_add_epi32(_mm512_sub_epi32(sum, extra));
        *to = dot(rest, with_rest).wrapping_add(sum);
    }
    dots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::{
        matmul::{matmul_nt, packed, tests::bytes},
        Simd,
    };

    tile! {
        /// What is AVX-VNNI to the letter, but in the encoding that processors with AVX-512 have.
        Avx512Vl: ["avx2", "avx512f", "avx512vl", "avx512vnni"], __m256i: 32 bytes, 6 rows,
        _mm256_setzero_si256, _mm256_set1_epi32, _mm256_dpbusd_epi32
    }

    #[test]
    fn product_should_be_exact_when_avx_512_runs_the_tile_of_avx_vnni() {
        let Some(tile) = Avx512Vl::new() else { return };
        for shape in [[4, 1, 7], [5, 13, 64], [6, 16, 4], [77, 50, 1537], [200, 33, 1024]] {
            let [m, n, k] = shape;
            let (a, b) = (bytes(m * k, 1), bytes(n * k, 2));
            let expected = matmul_nt(Simd::Scalar, &a, &b, shape);
            let mut out = Box::new_uninit_slice(m * n);
            packed(Simd::Avx2, &tile, &a, &b, shape, &mut out);
            // SAFETY: all is written.
            let out = unsafe { out.assume_init() };
            assert_eq!(*out, *expected, "{shape:?}");
        }
    }
}
