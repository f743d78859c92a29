// SPDX-License-Identifier: Apache-2.0
//! Vector instructions: which there are, chosen when the program runs, and the inner tile of the int8 product with VNNI.
//!
//! All is exact: products are summed in 32 bits that wrap, never in 16 bits that saturate.

#![allow(unsafe_code)]

/// The instructions that the product uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Simd {
    /// None in particular.
    Scalar,
    /// AVX2: `vpmaddwd` on sums of bytes widened to 16 bits.
    Avx2,
    /// AVX-512 with VNNI: `vpdpbusd`.
    Avx512Vnni,
}

impl Simd {
    /// All that there are.
    pub const ALL: [Self; 3] = [Self::Scalar, Self::Avx2, Self::Avx512Vnni];

    /// The best that this processor has.
    pub fn best() -> Self {
        Self::available().into_iter().max().unwrap_or(Self::Scalar)
    }

    /// All that this processor has.
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|simd| simd.is_available()).collect()
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => {
                Self::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512Vnni => "avx512vnni",
        }
    }
}

impl Simd {
    /// Calls `f` where the compiler may use AVX2 for what it puts in line, if this is AVX2 or more and the processor has it.
    #[inline(always)]
    pub(crate) fn vectorize<R>(self, f: impl FnOnce() -> R) -> R {
        #[cfg(target_arch = "x86_64")]
        if self >= Self::Avx2 && self.is_available() {
            // SAFETY: the processor has AVX2.
            return unsafe { x86::with_avx2(f) };
        }
        f()
    }

    /// The sums of the products of a row with four others, wrapping. All are equally long.
    pub(crate) fn dots(self, rows: [&[i8]; 4], with: &[i8]) -> [i32; 4] {
        #[cfg(target_arch = "x86_64")]
        match self {
            Self::Scalar => {}
            // SAFETY: the processor has the instructions.
            Self::Avx2 if self.is_available() => return unsafe { x86::dots_avx2(rows, with) },
            // SAFETY: as above.
            Self::Avx512Vnni if self.is_available() => return unsafe { x86::dots_vnni(rows, with) },
            _ => {}
        }
        rows.map(|row| dot(row, with))
    }
}

/// The sum of products, wrapping.
pub(crate) fn dot(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).fold(0i32, |sum, (a, b)| sum.wrapping_add(i32::from(*a).wrapping_mul(i32::from(*b))))
}

/// A product of a panel of rows of `a` with a panel of rows of `b`, both packed: for each group of `GROUP` positions along K,
/// for each row of the panel, the group's elements.
pub(crate) trait Tile: Send + Sync {
    /// A packed element.
    type Element: Copy + Default + Send + Sync;
    /// Positions along K in a group.
    const GROUP: usize;
    /// Rows of `a` in a panel.
    const ROWS: usize;
    /// Rows of `b` in a panel: columns of the tile.
    const COLUMNS: usize;
    /// What one element of `a` is packed as.
    fn a(x: i8) -> Self::Element;
    /// What one element of `b` is packed as.
    fn b(x: i8) -> Self::Element;
    /// What is to be added to the products with a row of `b`.
    fn correction(row: &[i8]) -> i32;
    /// Writes the `ROWS * COLUMNS` products, row-major.
    fn tile(&self, a: &[Self::Element], b: &[Self::Element], out: &mut [i32]);
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::VnniTile;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{dot, Simd, Tile};
    use core::{arch::x86_64::*, mem::transmute};

    #[target_feature(enable = "avx2")]
    pub(super) fn with_avx2<R>(f: impl FnOnce() -> R) -> R {
        f()
    }

    /// Row after row, not all at a time: rows lie one after the other, and memory is fastest when it is read in order.
    #[target_feature(enable = "avx2")]
    pub(super) fn dots_avx2(rows: [&[i8]; 4], with: &[i8]) -> [i32; 4] {
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

    /// As with AVX2.
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    pub(super) fn dots_vnni(rows: [&[i8]; 4], with: &[i8]) -> [i32; 4] {
        let (with, with_rest) = with.as_chunks::<64>();
        // The instruction multiplies unsigned by signed bytes: what 128 in every element of the row adds too much.
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

    /// The tile by `vpdpbusd`. Exists only where the processor has AVX-512 F, BW and VNNI.
    pub(crate) struct VnniTile(());

    impl VnniTile {
        /// The tile, if the processor has the instructions.
        pub(crate) fn new() -> Option<Self> {
            Simd::Avx512Vnni.is_available().then_some(Self(()))
        }
    }

    impl Tile for VnniTile {
        type Element = u8;
        const GROUP: usize = 4;
        const ROWS: usize = 12;
        const COLUMNS: usize = 32;

        /// `x + 128`: the instruction multiplies unsigned by signed bytes.
        #[inline(always)]
        fn a(x: i8) -> u8 {
            x as u8 ^ 0x80
        }

        #[inline(always)]
        fn b(x: i8) -> u8 {
            x as u8
        }

        /// What the 128 in every element of `a` adds too much.
        fn correction(row: &[i8]) -> i32 {
            row.iter().fold(0i32, |sum, x| sum.wrapping_add(i32::from(*x))).wrapping_mul(-128)
        }

        fn tile(&self, a: &[u8], b: &[u8], out: &mut [i32]) {
            // SAFETY: a value of this type exists only where the processor has the instructions.
            unsafe { tile_vnni(a.as_chunks().0.as_chunks().0, b.as_chunks().0.as_chunks().0, out) }
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn tile_vnni(a: &[[[u8; 4]; 12]], b: &[[[u8; 64]; 2]], out: &mut [i32]) {
        let mut sums = [[_mm512_setzero_si512(); 2]; 12];
        for (a, b) in a.iter().zip(b) {
            // SAFETY: all bytes are values of both types, which are equally long.
            let b = b.map(|b| unsafe { transmute::<[u8; 64], __m512i>(b) });
            for (a, sums) in a.iter().zip(&mut sums) {
                let four = _mm512_set1_epi32(i32::from_ne_bytes(*a));
                sums[0] = _mm512_dpbusd_epi32(sums[0], four, b[0]);
                sums[1] = _mm512_dpbusd_epi32(sums[1], four, b[1]);
            }
        }
        for (out, sums) in out.as_chunks_mut::<32>().0.iter_mut().zip(sums) {
            // SAFETY: as above.
            *out = unsafe { transmute::<[__m512i; 2], [i32; 32]>(sums) };
        }
    }
}
