// SPDX-License-Identifier: Apache-2.0
//! The int8 product on one thread beside `rten-gemm`'s of u8 and i8, which serves the same models, and `gemm`'s of f32.

use anyhow::{Context as _, Result};
use quern_executor::{
    bench::{factors, fastest_of, gemm_f32, Measurement},
    cpu::{matmul_nt, Simd},
};

/// Size of the square product.
const SIZE: usize = 1024;

macro_rules! peer {
    ($name:ident, $gemm:ident, $tensor:ident, |$n:ident, $a:ident, $b:ident| $($options:expr),+) => {
        /// A product of u8 and i8, the second matrix given transposed; and the name of the kernel that it takes here.
        struct $name {
            executor: $gemm::GemmExecutor<u8, i8, i32>,
            a: $tensor::NdTensor<u8, 2>,
            b: $tensor::NdTensor<i8, 2>,
        }

        impl $name {
            fn new(a: &[u8], b: &[i8], n: usize) -> Self {
                let (a, b) = (a.to_vec(), b.to_vec());
                Self {
                    executor: $gemm::GemmExecutor::new(),
                    a: $tensor::NdTensor::from_data([n, n], a),
                    b: $tensor::NdTensor::from_data([n, n], b),
                }
            }

            /// Like ours into memory that was not set to zero before.
            fn run(&self, $n: usize) -> Result<()> {
                let mut out = Box::new_uninit_slice($n * $n);
                let (a, b) = (self.a.view(), self.b.view());
                let ($a, $b) = ($gemm::GemmInputA::Unpacked(a), $gemm::GemmInputB::Unpacked(b.transposed()));
                let done = self.executor.gemm_uninit(&mut out, $($options),+);
                std::hint::black_box(done.ok().context("rten-gemm refused the product")?);
                Ok(())
            }
        }
    };
}

use rten_tensor::prelude::*;
peer!(Rten, rten_gemm, rten_tensor, |n, a, b| a, b, rten_gemm::GemmUninitOptions::default());
mod avx2 {
    use anyhow::{Context as _, Result};
    use rten_tensor_avx2::prelude::*;
    peer!(Rten, rten_gemm_avx2, rten_tensor_avx2, |n, a, b| a, b, 1.0, None, None, None);
    pub(super) fn run(a: &[u8], b: &[i8], n: usize) -> (String, impl Fn() -> Result<()>) {
        let rten = Rten::new(a, b, n);
        (rten.executor.kernel_name().to_owned(), move || rten.run(n))
    }
}

/// The product with AVX2, and with the best instructions, each beside the peer with the same.
pub fn measure() -> Result<Vec<Measurement>> {
    let n = SIZE;
    let ([a, b], [a_f32, b_f32]) = factors(n);
    let a_unsigned: Vec<u8> = a.iter().map(|x| x.unsigned_abs()).collect();
    let (avx2_name, avx2) = avx2::run(&a_unsigned, &b, n);
    let newest = Rten::new(&a_unsigned, &b, n);
    let newest_name = newest.executor.kernel_name().to_owned();
    let own = |simd| move |a: &[i8], b: &[i8]| drop(std::hint::black_box(matmul_nt(simd, a, b, [n; 3])));
    let (own_avx2, own_best) = (own(Simd::Avx2), own(Simd::best()));
    avx2()?;
    newest.run(n)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let two = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    let mut candidates: Vec<Box<dyn FnMut() + '_>> = vec![
        Box::new(|| pool.install(|| own_avx2(&a, &b))),
        Box::new(|| drop(pool.install(&avx2))),
        Box::new(|| pool.install(|| own_best(&a, &b))),
        Box::new(|| drop(pool.install(|| newest.run(n)))),
        Box::new(|| drop(std::hint::black_box(gemm_f32(&a_f32, &b_f32, n)))),
    ];
    // One thread beside two without the others in between, which leave the caches to the first one alone.
    let mut threads: Vec<Box<dyn FnMut() + '_>> = vec![
        Box::new(|| pool.install(|| own_avx2(&a, &b))),
        Box::new(|| two.install(|| own_avx2(&a, &b))),
        Box::new(|| pool.install(|| own_best(&a, &b))),
        Box::new(|| two.install(|| own_best(&a, &b))),
    ];
    let (seconds, threads) = (fastest_of(&mut candidates), fastest_of(&mut threads));
    let gops = |seconds: f64| 2.0 * (n as f64).powi(3) / seconds / 1e9;
    let row = |simd: Simd, threads: &str, own: f64, peer: String, other: f64| Measurement {
        name: format!("matmul_nt i8 {n}x{n}x{n}, {}, {threads}", simd.name()),
        value: gops(own),
        unit: "GOP/s",
        peer,
        peer_value: gops(other),
        ratio: other / own,
    };
    let rten = |name: &str| format!("rten-gemm u8 x i8 ({name}), 1 thread");
    Ok(vec![
        row(Simd::Avx2, "1 thread", seconds[0], "gemm f32, 1 thread".into(), seconds[4]),
        row(Simd::Avx2, "1 thread", seconds[0], rten(&avx2_name), seconds[1]),
        row(Simd::best(), "1 thread", seconds[2], rten(&newest_name), seconds[3]),
        row(Simd::Avx2, "2 threads", threads[1], "1 thread".into(), threads[0]),
        row(Simd::best(), "2 threads", threads[3], "1 thread".into(), threads[2]),
    ])
}
