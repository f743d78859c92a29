// SPDX-License-Identifier: Apache-2.0
//! Vector instructions: the inner tiles of the int8 product, chosen when the program runs. The only unsafe code of the crate.
//!
//! All tiles are exact: products of two bytes are summed in 32 bits that wrap, never in 16 bits that saturate.

#![allow(unsafe_code)]

/// The instructions that the product uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Simd {
    /// None in particular.
    Scalar,
    /// AVX2: `vpmaddwd` on bytes widened to 16 bits.
    Avx2,
    /// AVX-512 with VNNI: `vpdpbusd`.
    Avx512Vnni,
}

impl Simd {
    /// The best that this processor has.
    pub fn best() -> Self {
        Self::available().into_iter().max().unwrap_or(Self::Scalar)
    }

    /// All that this processor has.
    pub fn available() -> Vec<Self> {
        [Self::Scalar, Self::Avx2, Self::Avx512Vnni].into_iter().filter(|simd| simd.is_available()).collect()
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => {
                is_x86_feature_detected!("avx512f")
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
pub(crate) use x86::{Avx2Tile, VnniTile};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Simd, Tile};
    use core::arch::x86_64::*;

    /// The tile by `vpmaddwd`. Exists only where the processor has AVX2.
    pub(crate) struct Avx2Tile(());

    impl Avx2Tile {
        /// The tile, if the processor has AVX2.
        pub(crate) fn new() -> Option<Self> {
            Simd::Avx2.is_available().then_some(Self(()))
        }
    }

    impl Tile for Avx2Tile {
        type Element = i16;
        const GROUP: usize = 2;
        const ROWS: usize = 6;
        const COLUMNS: usize = 16;

        #[inline(always)]
        fn a(x: i8) -> i16 {
            i16::from(x)
        }

        #[inline(always)]
        fn b(x: i8) -> i16 {
            i16::from(x)
        }

        fn correction(_: &[i8]) -> i32 {
            0
        }

        fn tile(&self, a: &[i16], b: &[i16], out: &mut [i32]) {
            let groups = a.len() / (Self::ROWS * Self::GROUP);
            assert!(b.len() / (Self::COLUMNS * Self::GROUP) >= groups && out.len() >= Self::ROWS * Self::COLUMNS);
            // SAFETY: a value of this type exists only where the processor has AVX2. The pointers stay in bounds: `groups` whole
            // groups of both panels and a whole tile of `out` were checked above.
            unsafe { tile_avx2(groups, a.as_ptr(), b.as_ptr(), out.as_mut_ptr()) }
        }
    }

    /// # Safety
    ///
    /// The processor has AVX2; `a` is readable for `groups * 12` elements, `b` for `groups * 32`, `out` writable for 96.
    #[target_feature(enable = "avx2")]
    unsafe fn tile_avx2(groups: usize, a: *const i16, b: *const i16, out: *mut i32) {
        const ROWS: usize = Avx2Tile::ROWS;
        let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
        for group in 0..groups {
            // SAFETY: group < groups; unaligned loads of 32 and 4 bytes inside what the caller promised.
            let (b0, b1) = unsafe {
                let b = b.add(group * 32).cast::<__m256i>();
                (_mm256_loadu_si256(b), _mm256_loadu_si256(b.add(1)))
            };
            for (row, sum) in sums.iter_mut().enumerate() {
                // SAFETY: as above.
                let pair = unsafe { a.add((group * ROWS + row) * 2).cast::<i32>().read_unaligned() };
                let pair = _mm256_set1_epi32(pair);
                sum[0] = _mm256_add_epi32(sum[0], _mm256_madd_epi16(pair, b0));
                sum[1] = _mm256_add_epi32(sum[1], _mm256_madd_epi16(pair, b1));
            }
        }
        for (row, sum) in sums.iter().enumerate() {
            // SAFETY: 6 rows of 16 values, unaligned stores of 8 values each.
            unsafe {
                let out = out.add(row * 16).cast::<__m256i>();
                _mm256_storeu_si256(out, sum[0]);
                _mm256_storeu_si256(out.add(1), sum[1]);
            }
        }
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
            let groups = a.len() / (Self::ROWS * Self::GROUP);
            assert!(b.len() / (Self::COLUMNS * Self::GROUP) >= groups && out.len() >= Self::ROWS * Self::COLUMNS);
            // SAFETY: a value of this type exists only where the processor has the instructions. The pointers stay in bounds:
            // `groups` whole groups of both panels and a whole tile of `out` were checked above.
            unsafe { tile_vnni(groups, a.as_ptr(), b.as_ptr(), out.as_mut_ptr()) }
        }
    }

    /// # Safety
    ///
    /// The processor has AVX-512 F and VNNI; `a` is readable for `groups * 48` bytes, `b` for `groups * 128`, `out` writable for 384
    /// values.
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    unsafe fn tile_vnni(groups: usize, a: *const u8, b: *const u8, out: *mut i32) {
        const ROWS: usize = VnniTile::ROWS;
        let mut sums = [[_mm512_setzero_si512(); 2]; ROWS];
        for group in 0..groups {
            // SAFETY: group < groups; unaligned loads of 64 and 4 bytes inside what the caller promised.
            let (b0, b1) = unsafe {
                let b = b.add(group * 128).cast::<__m512i>();
                (_mm512_loadu_si512(b), _mm512_loadu_si512(b.add(1)))
            };
            for (row, sum) in sums.iter_mut().enumerate() {
                // SAFETY: as above.
                let four = unsafe { a.add((group * ROWS + row) * 4).cast::<i32>().read_unaligned() };
                let four = _mm512_set1_epi32(four);
                sum[0] = _mm512_dpbusd_epi32(sum[0], four, b0);
                sum[1] = _mm512_dpbusd_epi32(sum[1], four, b1);
            }
        }
        for (row, sum) in sums.iter().enumerate() {
            // SAFETY: 12 rows of 32 values, unaligned stores of 16 values each.
            unsafe {
                let out = out.add(row * 32).cast::<__m512i>();
                _mm512_storeu_si512(out, sum[0]);
                _mm512_storeu_si512(out.add(1), sum[1]);
            }
        }
    }
}
