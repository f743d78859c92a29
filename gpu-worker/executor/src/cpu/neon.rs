// SPDX-License-Identifier: Apache-2.0
//! The product on 64-bit Arm: by NEON alone, and by the dot products of newer processors.

#![allow(unsafe_code)]

use super::simd::{dot, Tile};
use core::{
    arch::{aarch64::*, asm},
    mem::transmute,
};
use std::arch::is_aarch64_feature_detected;

/// NEON. A value exists only where the processor has it.
pub(crate) struct Neon(());

/// NEON with dot products. A value exists only where the processor has them.
pub(crate) struct Dotprod(());

impl Neon {
    /// NEON, if the processor has it.
    pub fn new() -> Option<Self> {
        is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

impl Tile for Neon {
    const GROUP: usize = 2;
    const ROWS: usize = 4;
    const COLUMNS: usize = 16;

    fn tile(&self, a: &[u8], b: &[u8], out: &mut [i32]) {
        // SAFETY: a value of this type exists only where the processor has NEON.
        unsafe { by_pairs(a.as_chunks().0.as_chunks().0, b.as_chunks().0.as_chunks().0, out) }
    }
}

impl Dotprod {
    /// NEON with dot products, if the processor has them.
    pub fn new() -> Option<Self> {
        is_aarch64_feature_detected!("dotprod").then_some(Self(()))
    }

    /// The sums of the products of a row with four others.
    pub fn dots(&self, rows: [&[i8]; 4], with: &[i8]) -> [i32; 4] {
        // SAFETY: a value of this type exists only where the processor has dot products.
        unsafe { row_dots(rows, with) }
    }
}

impl Tile for Dotprod {
    const GROUP: usize = 4;
    const ROWS: usize = 8;
    const COLUMNS: usize = 12;

    fn tile(&self, a: &[u8], b: &[u8], out: &mut [i32]) {
        // SAFETY: a value of this type exists only where the processor has dot products.
        unsafe { by_fours(a.as_chunks().0.as_chunks().0, b.as_chunks().0.as_chunks().0, out) }
    }
}

#[target_feature(enable = "neon")]
fn by_pairs(a: &[[[u8; 2]; 4]], b: &[[[u8; 16]; 2]], out: &mut [i32]) {
    let mut sums = [[[vdupq_n_s32(0); 2]; 2]; 4];
    for (a, b) in a.iter().zip(b) {
        let b = b.map(vector);
        for (a, sums) in a.iter().zip(&mut sums) {
            let pair = vreinterpretq_s8_s16(vdupq_n_s16(i16::from_ne_bytes(*a)));
            add_pairs(&mut sums[0], pair, b[0]);
            add_pairs(&mut sums[1], pair, b[1]);
        }
    }
    for (out, sums) in out.as_chunks_mut().0.iter_mut().zip(sums) {
        // SAFETY: all bytes are values of both types, which are equally long.
        *out = unsafe { transmute::<[[int32x4_t; 2]; 2], [i32; 16]>(sums) };
    }
}

/// Adds products of bytes in pairs to eight sums. Each is widened by itself, though `smlal2` would save an instruction: two products
/// of -128 with itself are 2^15, one more than 16 bits hold.
#[target_feature(enable = "neon")]
#[inline]
fn add_pairs(sums: &mut [int32x4_t; 2], a: int8x16_t, b: int8x16_t) {
    sums[0] = vpadalq_s16(sums[0], vmull_s8(vget_low_s8(a), vget_low_s8(b)));
    sums[1] = vpadalq_s16(sums[1], vmull_high_s8(a, b));
}

#[target_feature(enable = "dotprod")]
fn by_fours(a: &[[[u8; 16]; 2]], b: &[[[u8; 16]; 3]], out: &mut [i32]) {
    let mut sums = [[[vdupq_n_s32(0); 3]; 4]; 2];
    for (a, b) in a.iter().zip(b) {
        let b = b.map(vector);
        for (a, sums) in a.map(vector).into_iter().zip(&mut sums) {
            for (column, b) in b.into_iter().enumerate() {
                add_fours::<0>(&mut sums[0][column], a, b);
                add_fours::<1>(&mut sums[1][column], a, b);
                add_fours::<2>(&mut sums[2][column], a, b);
                add_fours::<3>(&mut sums[3][column], a, b);
            }
        }
    }
    for (out, sums) in out.as_chunks_mut().0.iter_mut().zip(sums) {
        // SAFETY: all bytes are values of both types, which are equally long.
        *out = unsafe { transmute::<[[int32x4_t; 3]; 4], [i32; 48]>(sums) };
    }
}

/// Adds products of bytes in fours to four sums: of the four of `a` in this lane with all of `b`. The intrinsic is not stable yet.
#[target_feature(enable = "dotprod")]
#[inline]
fn add_fours<const LANE: usize>(sums: &mut int32x4_t, a: int8x16_t, b: int8x16_t) {
    // SAFETY: it computes with registers alone, where the processor has dot products.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {b:v}.16b, {a:v}.4b[{lane}]",
            sums = inout(vreg) *sums, a = in(vreg) a, b = in(vreg) b, lane = const LANE,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
}

/// The compiler finds the dot products.
#[target_feature(enable = "dotprod")]
fn row_dots(rows: [&[i8]; 4], with: &[i8]) -> [i32; 4] {
    rows.map(|row| dot(row, with))
}

/// Sixteen bytes as a vector.
#[inline(always)]
fn vector(bytes: [u8; 16]) -> int8x16_t {
    // SAFETY: all bytes are values of both types, which are equally long.
    unsafe { transmute::<[u8; 16], int8x16_t>(bytes) }
}
