// SPDX-License-Identifier: Apache-2.0
//! What the processor's executor takes of the memory, beside what a program is said to need.

use quern_executor::{
    cpu::{CpuExecutor, Simd},
    Executor,
};
use quern_program::{Context, DType, DType::*, OpKind, ProgramBuilder, Tensor, Var, Window2d};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

/// Bytes that are allocated now, and that were at most.
struct Counting {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Counting {
    fn took(&self, bytes: usize) {
        self.most.fetch_max(self.now.fetch_add(bytes, Relaxed) + bytes, Relaxed);
    }
}

// SAFETY: all is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.took(layout.size());
        System.alloc(layout)
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.took(layout.size());
        System.alloc_zeroed(layout)
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.now.fetch_sub(layout.size(), Relaxed);
        System.dealloc(pointer, layout);
    }
}

#[global_allocator]
static MEMORY: Counting = Counting { now: AtomicUsize::new(0), most: AtomicUsize::new(0) };

/// Most bytes that are allocated in `run` beside those of `before`.
fn most_of<R>(before: usize, run: impl FnOnce() -> R) -> u64 {
    MEMORY.most.store(MEMORY.now.load(Relaxed), Relaxed);
    run();
    (MEMORY.most.load(Relaxed) - before) as u64
}

/// What is not reckoned: what the tasks of threads have for themselves.
const MORE: u64 = 1 << 20;
/// And what a product packs and sums at a time.
const OF_PRODUCT: u64 = 16 << 20;
/// Threads, which multiply one matrix each where there are many.
const THREADS: u64 = 2;

/// A layer of attention and one of two products, over and over.
fn transformer(b: &mut ProgramBuilder) -> Var {
    let (tokens, wide, wider) = (512, 256, 1024);
    let x = b.input(I8, &[tokens, wide]);
    let weights = [[wide; 2], [wide; 2], [wide; 2], [wide; 2], [wider, wide], [wide, wider]];
    let [query, key, value, mixed, up, down] = weights.map(|dims| b.input(I8, &dims));
    let x = b.cast(x, I32);
    let state = b.begin_body(&[x]);
    let shift = b.scalar(9);
    let narrow = |b: &mut ProgramBuilder, x| {
        let x = b.shift_round(x, shift);
        let x = b.clamp(x, -127, 127);
        b.cast(x, I8)
    };
    let small = narrow(b, state[0]);
    let [query, key, value] = [query, key, value].map(|weights| {
        let product = b.matmul_nt(small, weights);
        narrow(b, product)
    });
    let scores = b.matmul_nt(query, key);
    let odds = b.softmax(scores, 8);
    let odds = narrow(b, odds);
    let value = b.transpose(value);
    let attended = b.matmul_nt(odds, value);
    let attended = narrow(b, attended);
    let attended = b.matmul_nt(attended, mixed);
    let x = b.add(state[0], attended);
    let small = narrow(b, x);
    let inner = b.matmul_nt(small, up);
    let inner = narrow(b, inner);
    let outer = b.matmul_nt(inner, down);
    let next = b.add(x, outer);
    let end = b.begin_finish(&[next], 3);
    b.row_sum(end[0])
}

/// A state of which one tensor is there twice, one is carried on and one is shared by a reshape.
fn carried(b: &mut ProgramBuilder) -> Var {
    let x = b.input(I16, &[1 << 20]);
    let double = b.add(x, x);
    let state = b.begin_body(&[double, double, double]);
    let sum = b.add(state[0], state[2]);
    let rows = b.reshape(sum, &[1 << 10, 1 << 10]);
    let flat = b.reshape(rows, &[1 << 20]);
    let end = b.begin_finish(&[sum, state[1], flat], 3);
    b.sub(end[0], end[2])
}

fn million(b: &mut ProgramBuilder, dtype: DType) -> Var {
    b.input(dtype, &[1 << 10, 1 << 10])
}

type Build = fn(&mut ProgramBuilder) -> Var;

/// Programs, and how many products each computes at a time.
const PROGRAMS: &[(&str, u64, Build)] = &[
    ("a sum", 0, |b| {
        let x = b.input(I32, &[1 << 22]);
        b.add(x, x)
    }),
    ("elements one after the other", 0, |b| {
        let x = million(b, I32);
        let x = b.mul(x, x);
        let x = b.clamp(x, -1000, 1000);
        let x = b.bit_length(x);
        b.cast(x, I8)
    }),
    ("a divisor of each row", 0, |b| {
        let x = million(b, I32);
        let sums = b.row_sum(x);
        let sums = b.bit_length(sums);
        b.div(x, sums)
    }),
    ("shifts by chance", 0, |b| {
        let (x, shift) = (b.random(&[1 << 10, 1 << 10]), b.scalar(3));
        b.shift_stochastic(x, shift)
    }),
    ("a softmax", 0, |b| {
        let x = million(b, I32);
        let odds = b.softmax(x, 8);
        let max = b.row_max(odds);
        b.sub(odds, max)
    }),
    ("sums of many columns", 0, |b| {
        let x = b.input(I8, &[4, 1 << 20]);
        b.col_sum(x)
    }),
    ("orders of axes", 0, |b| {
        let x = million(b, I16);
        let x = b.transpose(x);
        let x = b.reshape(x, &[1 << 5, 1 << 5, 1 << 5, 1 << 5]);
        b.permute(x, &[2, 0, 3, 1])
    }),
    ("a reshape", 0, |b| {
        let x = million(b, I32);
        let y = b.add(x, x);
        b.reshape(y, &[1 << 20])
    }),
    ("parts", 0, |b| {
        let x = million(b, I32);
        let (upper, lower) = (b.slice(x, 0, 512, 512), b.slice(x, 0, 0, 512));
        b.concat(0, &[upper, lower, upper])
    }),
    ("rows of a table", 0, |b| {
        let (table, places) = (million(b, I8), b.input(I32, &[1 << 12]));
        b.gather(table, places)
    }),
    ("places", 0, |b| {
        let places = b.input(I32, &[1 << 12]);
        b.one_hot(places, 1 << 11)
    }),
    ("windows", 0, |b| {
        let window = Window2d { kernel: [3, 3], stride: [1, 1], padding: [1, 1] };
        let x = b.input(I8, &[1, 256, 256, 16]);
        let windows = b.unfold2d(x, window, 0);
        b.fold2d(windows, window, [256, 256])
    }),
    ("a product", 1, |b| {
        let [x, y] = [(); 2].map(|()| b.input(I8, &[1 << 12, 1 << 6]));
        b.matmul_nt(x, y)
    }),
    ("a product of few rows", 1, |b| {
        let [x, y] = [2, 1 << 22].map(|rows| b.input(I8, &[rows, 8]));
        b.matmul_nt(x, y)
    }),
    ("many products", THREADS, |b| {
        let [x, y] = [(); 2].map(|()| b.input(I8, &[4, 1 << 11, 1 << 6]));
        b.op(OpKind::MatmulNt, &[x, y])
    }),
    ("products of long rows", THREADS, |b| {
        let [x, y] = [64, 1 << 12].map(|rows| b.input(I8, &[4, rows, 1 << 10]));
        b.op(OpKind::MatmulNt, &[x, y])
    }),
    ("a state", 0, carried),
    ("a transformer", 1, transformer),
];

#[test]
fn memory_should_be_what_is_reckoned_when_programs_run_and_are_traced() {
    let context = Context::default();
    for simd in Simd::available() {
        let executor = CpuExecutor::with_simd(simd).with_threads(THREADS as usize).unwrap();
        for (name, products, build) in PROGRAMS {
            let mut b = ProgramBuilder::new();
            let output = build(&mut b);
            let checked = &b.build(output).unwrap();
            let reckoned = checked.summary().memory_bytes;
            let bound = reckoned + MORE + products * OF_PRODUCT;
            let before = MEMORY.now.load(Relaxed);
            let types = &checked.program().inputs;
            let inputs: Vec<Tensor> = types.iter().map(|ty| Tensor::new(*ty, vec![1; ty.bytes() as usize])).collect();
            let most = most_of(before, || executor.run_task(checked, &context, &inputs, &mut |_, _| {}).unwrap());
            assert!(most <= bound, "{simd:?}: {name}, run: {most} for {reckoned}");
            let mut state = Vec::new();
            for index in 0..checked.program().segments().min(3) {
                let segment = checked.program().segment(index).unwrap();
                let at = context.at(segment);
                let trace = || executor.trace(checked, segment.kind(), &at, &inputs, &state).unwrap();
                let most = most_of(before, trace);
                assert!(most <= bound, "{simd:?}: {name}, trace of {segment:?}: {most} for {reckoned}");
                state = executor.run_segment(checked, segment, &context, &inputs, &state).unwrap();
            }
        }
    }
}
