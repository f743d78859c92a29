// SPDX-License-Identifier: Apache-2.0
//! Vector instructions: which there are, chosen when the program runs, and what a product with them has to have.
//!
//! All is exact: products are summed in 32 bits that wrap, never in 16 bits that saturate.

#[cfg(target_arch = "aarch64")]
use super::neon::{Dotprod, Neon};
#[cfg(target_arch = "x86_64")]
use super::{
    avx2::Avx2,
    vnni::{Avx512Vnni, AvxVnni},
};

/// The instructions that the product uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Simd {
    /// None in particular.
    Scalar,
    /// NEON of 64-bit Arm: `smull` and `sadalp`.
    Neon,
    /// NEON with dot products: `sdot`.
    Dotprod,
    /// AVX2: `vpmaddwd` on sums of bytes widened to 16 bits.
    Avx2,
    /// AVX-VNNI: `vpdpbusd` on 256 bits.
    AvxVnni,
    /// AVX-512 with VNNI: `vpdpbusd` on 512 bits.
    Avx512Vnni,
}

impl Simd {
    /// All that there are.
    const ALL: [Self; 6] = [Self::Scalar, Self::Neon, Self::Dotprod, Self::Avx2, Self::AvxVnni, Self::Avx512Vnni];

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
            #[cfg(target_arch = "aarch64")]
            Self::Neon => Neon::new().is_some(),
            #[cfg(target_arch = "aarch64")]
            Self::Dotprod => Dotprod::new().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Avx2::new().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni => AvxVnni::new().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => Avx512Vnni::new().is_some(),
            _ => false,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Neon => "neon",
            Self::Dotprod => "dotprod",
            Self::Avx2 => "avx2",
            Self::AvxVnni => "avxvnni",
            Self::Avx512Vnni => "avx512vnni",
        }
    }
}

impl Simd {
    /// Calls `f` where the compiler may use AVX2 for what it puts in line, if this is AVX2 or more and the processor has it. NEON it
    /// may use anywhere.
    #[inline(always)]
    pub(crate) fn vectorize<R>(self, f: impl FnOnce() -> R) -> R {
        #[cfg(target_arch = "x86_64")]
        if self >= Self::Avx2 {
            if let Some(avx2) = Avx2::new() {
                return avx2.run(f);
            }
        }
        f()
    }

    /// The sums of the products of a row with four others, wrapping. All are equally long.
    pub(crate) fn dots(self, rows: [&[i8]; 4], with: &[i8]) -> [i32; 4] {
        let dots = match self {
            #[cfg(target_arch = "aarch64")]
            Self::Dotprod => Dotprod::new().map(|dotprod| dotprod.dots(rows, with)),
            // Rows that are read once wait for memory: VNNI of as many bits would gain nothing.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 | Self::AvxVnni => Avx2::new().map(|avx2| avx2.dots(rows, with)),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => Avx512Vnni::new().map(|vnni| vnni.dots(rows, with)),
            _ => None,
        };
        dots.unwrap_or_else(|| rows.map(|row| dot(row, with)))
    }
}

/// Defines a function that takes [`Simd`] first, compiled for any processor and for those with AVX2. (A closure that is called for both
/// would be put in line for neither, if it is long.)
macro_rules! vectorized {
    ($(#[$meta:meta])* $visibility:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $body:block) => {
        $(#[$meta])*
        $visibility fn $name(simd: Simd, $($arg: $ty),*) {
            #[inline(always)]
            fn anywhere($($arg: $ty),*) $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn with_avx2($($arg: $ty),*) {
                anywhere($($arg),*)
            }

            #[cfg(target_arch = "x86_64")]
            if simd >= Simd::Avx2 && is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has it.
                #[allow(unsafe_code)]
                return unsafe { with_avx2($($arg),*) };
            }
            #[cfg(not(target_arch = "x86_64"))]
            let _ = simd;
            anywhere($($arg),*)
        }
    };
}
pub(crate) use vectorized;

/// The sum of products, wrapping.
pub(crate) fn dot(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).fold(0i32, |sum, (a, b)| sum.wrapping_add(i32::from(*a).wrapping_mul(i32::from(*b))))
}

/// A product of a panel of rows of `a` with a panel of rows of `b`, both packed: for each group of `GROUP` positions along K,
/// for each row of the panel, the group's elements.
pub(crate) trait Tile: Send + Sync {
    /// Positions along K in a group.
    const GROUP: usize;
    /// Rows of `a` in a panel.
    const ROWS: usize;
    /// Rows of `b` in a panel: columns of the tile.
    const COLUMNS: usize;
    /// What an element of `a` is packed as. One of `b` is packed as it is.
    #[inline(always)]
    fn a(x: i8) -> u8 {
        x as u8
    }
    /// What is to be added to the products with a row of `b`.
    fn correction(_row: &[i8]) -> i32 {
        0
    }
    /// Writes the `ROWS * COLUMNS` products, row-major.
    fn tile(&self, a: &[u8], b: &[u8], out: &mut [i32]);
}
