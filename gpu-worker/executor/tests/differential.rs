// SPDX-License-Identifier: Apache-2.0
//! The reference against every executor: random programs, edge values, long loops and large shapes.

use proptest::prelude::*;
use quern_executor::{
    best,
    cpu::{CpuExecutor, Simd},
    gpu::GpuExecutor,
    random_programs, self_test, Executor, ExecutorError,
};
use quern_program::{
    arbitrary::{random_bytes, random_program},
    reference, Checked, Context, DType, OpKind, ProgramBuilder, Shape, Tensor, TensorType,
};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use std::{ops::ControlFlow, sync::LazyLock};

/// The device of all tests. They fail where there is none: a test that skips itself proves nothing.
static GPU: LazyLock<GpuExecutor> = LazyLock::new(|| match GpuExecutor::new() {
    Ok(executor) => executor,
    Err(error) => panic!("these tests need a Vulkan device: {error}"),
});

fn cpus() -> Vec<CpuExecutor> {
    Simd::available().into_iter().map(CpuExecutor::with_simd).collect()
}

fn context(seed: u64) -> Context {
    Context { index: seed as u32, seed: [seed as u8; 32], step: 0 }
}

/// Runs a whole task and compares every checkpoint, the output, and the trace of every block.
fn compare(executor: &dyn Executor, checked: &Checked, context: &Context, inputs: &[Tensor]) {
    let name = executor.name();
    let program = checked.program();
    let mut checkpoints = Vec::new();
    let output = executor
        .run_task(checked, context, inputs, &mut |segment, state| {
            assert_eq!(segment as usize, checkpoints.len());
            checkpoints.push(state.to_vec());
        })
        .unwrap();
    let mut state = Vec::new();
    for index in 0..program.segments() {
        let segment = program.segment(index).unwrap();
        let trace = reference::run_block(checked, segment.kind(), &context.at(segment), inputs, &state);
        // Body steps differ in nothing but their state: the trace of the first is enough.
        if index < 2 || index + 1 == program.segments() {
            let found = executor.trace(checked, segment.kind(), &context.at(segment), inputs, &state).unwrap();
            assert_eq!(found.len(), trace.len(), "{name}");
            for (op, (found, expected)) in found.iter().zip(&trace).enumerate() {
                assert!(found == expected, "{name}: {segment:?} {:?}", program.block(segment.kind())[op]);
            }
            let results = executor.run_segment(checked, segment, context, inputs, &state).unwrap();
            assert_eq!(results, reference::segment_result(checked, segment.kind(), &trace, &state), "{name}");
        }
        state = reference::segment_result(checked, segment.kind(), &trace, &state);
        match checkpoints.get(index as usize) {
            Some(checkpoint) => assert!(*checkpoint == state, "{name}: {segment:?}"),
            None => assert!(state == [output.clone()], "{name}: output"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cpu_should_agree_with_the_reference_when_programs_are_random(seed: u64) {
        let (checked, inputs) = random_program(seed);
        for executor in cpus() {
            compare(&executor, &checked, &context(seed), &inputs);
        }
    }

    #[test]
    fn all_should_agree_on_every_operator_and_element_when_programs_are_random(seed: u64) {
        let cpus = cpus();
        let mut executors: Vec<&dyn Executor> = cpus.iter().map(|cpu| cpu as &dyn Executor).collect();
        if seed % 8 == 0 {
            executors.push(&*GPU);
        }
        let compared = random_programs::compare(seed, &executors);
        prop_assert!(compared.is_ok(), "{:?}", compared);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn gpu_should_agree_with_the_reference_when_programs_are_random(seed: u64) {
        let (checked, inputs) = random_program(seed);
        compare(&*GPU, &checked, &context(seed), &inputs);
    }
}

#[test]
fn gpu_should_agree_with_the_reference_when_values_are_at_the_edges() {
    self_test(&*GPU).unwrap();
}

#[test]
fn task_should_end_when_no_more_checkpoints_are_wanted() {
    let mut b = ProgramBuilder::new();
    let x = b.input(DType::I32, &[4]);
    let state = b.begin_body(&[x]);
    let next = b.add(state[0], state[0]);
    let end = b.begin_finish(&[next], 9);
    let checked = b.build(end[0]).unwrap();
    let inputs = [Tensor::new(checked.program().inputs[0], vec![1; 16])];
    let cpus = cpus();
    for executor in cpus.iter().map(|cpu| cpu as &dyn Executor).chain([&*GPU as &dyn Executor]) {
        let mut made = Vec::new();
        let stopped = executor.run_task_while(&checked, &context(0), &inputs, &mut |segment, _| {
            made.push(segment);
            match segment {
                3 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        });
        assert_eq!((stopped, made), (Err(ExecutorError::Stopped), vec![0, 1, 2, 3]), "{}", executor.name());
    }
}

/// Runs one operator on random values.
fn compare_operator(executors: &[&dyn Executor], kind: OpKind, types: &[TensorType]) {
    let mut builder = ProgramBuilder::new();
    let args: Vec<_> = types.iter().map(|ty| builder.input(ty.dtype, ty.shape.dims())).collect();
    let output = builder.op(kind.clone(), &args);
    let checked = builder.build(output).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(types.len() as u64);
    let inputs: Vec<Tensor> = types.iter().map(|ty| Tensor::new(*ty, random_bytes(&mut rng, *ty))).collect();
    let expected = reference::run(&checked, &context(3), &inputs);
    for executor in executors {
        let found = executor.run_task(&checked, &context(3), &inputs, &mut |_, _| {}).unwrap();
        assert!(found == expected, "{}: {kind:?} of {types:?}", executor.name());
    }
}

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, Shape::new(dims).unwrap())
}

/// Shapes that are divided among threads, chunks and several rows of workgroups.
fn large() -> Vec<(OpKind, Vec<TensorType>)> {
    use DType::{I16, I32, I8};
    vec![
        (OpKind::MatmulNt, vec![ty(I8, &[200, 530]), ty(I8, &[70, 530])]),
        (OpKind::MatmulNt, vec![ty(I8, &[512, 516]), ty(I8, &[514, 516])]),
        (OpKind::MatmulNt, vec![ty(I8, &[3, 1031]), ty(I8, &[900, 1031])]),
        (OpKind::MatmulNt, vec![ty(I8, &[20, 64]), ty(I8, &[2000, 64])]),
        (OpKind::MatmulNt, vec![ty(I8, &[16, 43]), ty(I8, &[33, 43])]),
        (OpKind::MatmulNt, vec![ty(I8, &[17, 43]), ty(I8, &[33, 43])]),
        (OpKind::MatmulNt, vec![ty(I8, &[9, 8, 100, 33]), ty(I8, &[9, 8, 70, 33])]),
        (OpKind::MatmulNt, vec![ty(I8, &[66_000, 1, 2]), ty(I8, &[66_000, 1, 2])]),
        (OpKind::Transpose, vec![ty(I16, &[333, 257])]),
        (OpKind::Permute { axes: [0, 2, 1, 3] }, vec![ty(I8, &[17, 33, 9, 16])]),
        (OpKind::Permute { axes: [2, 1, 0, 3] }, vec![ty(I32, &[60, 41, 33])]),
        (OpKind::OneHot { columns: 256 }, vec![ty(I16, &[500])]),
        (OpKind::Sqrt, vec![ty(I32, &[50_003])]),
        (OpKind::Gather, vec![ty(I8, &[500, 100]), ty(I16, &[999])]),
        (OpKind::Add, vec![ty(I32, &[50_001]), ty(I8, &[50_001])]),
        (OpKind::Mul, vec![ty(I8, &[40, 1025]), ty(I32, &[1025])]),
        (OpKind::Div, vec![ty(I16, &[1025, 41]), ty(I32, &[1025, 1])]),
        (OpKind::ShiftRound, vec![ty(I32, &[50_000]), ty(I8, &[1])]),
        (OpKind::ShiftStochastic, vec![ty(I32, &[123, 456]), ty(I8, &[123, 1])]),
        (OpKind::Clamp { lo: -5, hi: 77 }, vec![ty(I16, &[50_003])]),
        (OpKind::Cast { dtype: I8 }, vec![ty(I32, &[50_003])]),
        (OpKind::Cast { dtype: I16 }, vec![ty(I32, &[50_003])]),
        (OpKind::Table, vec![ty(I8, &[50_003]), ty(I16, &[256])]),
        (OpKind::RowSum, vec![ty(I8, &[70_000, 3])]),
        (OpKind::RowMax, vec![ty(I32, &[300, 100])]),
        (OpKind::RowMaxAbs, vec![ty(I32, &[2, 2000])]),
        (OpKind::RowMaxAbs, vec![ty(I32, &[65, 1024])]),
        (OpKind::RowSum, vec![ty(I16, &[7, 1999])]),
        (OpKind::RowArgmax, vec![ty(I8, &[300, 120])]),
        (OpKind::ColSum, vec![ty(I8, &[9000, 3])]),
        (OpKind::Softmax { frac_bits: 20 }, vec![ty(I32, &[200, 150])]),
        (OpKind::Slice { axis: 1, start: 7, len: 99 }, vec![ty(I8, &[30, 111, 11])]),
        (OpKind::Concat { axis: 2 }, vec![ty(I8, &[70, 20, 7]), ty(I8, &[70, 20, 9]), ty(I8, &[70, 20, 1])]),
        (OpKind::Random { shape: Shape::matrix(321, 123) }, vec![]),
        (OpKind::Unfold2d { kernel: [3, 3], stride: [1, 1], padding: [1, 1], fill: 0 }, vec![ty(I8, &[5, 33, 31, 17])]),
        (
            OpKind::Unfold2d { kernel: [2, 5], stride: [3, 2], padding: [1, 4], fill: i32::MIN },
            vec![ty(I16, &[3, 40, 61, 9])],
        ),
        (
            OpKind::Fold2d { kernel: [3, 3], stride: [1, 1], padding: [1, 1], image: [33, 31] },
            vec![ty(I32, &[5, 33, 31, 9 * 5])],
        ),
        (
            OpKind::Fold2d { kernel: [7, 2], stride: [2, 3], padding: [6, 1], image: [52, 40] },
            vec![ty(I8, &[4, 29, 14, 14 * 6])],
        ),
    ]
}

#[test]
fn cpu_should_agree_with_the_reference_when_shapes_are_large() {
    let cpus = cpus();
    let cpus: Vec<&dyn Executor> = cpus.iter().map(|cpu| cpu as &dyn Executor).collect();
    large().into_iter().for_each(|(kind, types)| compare_operator(&cpus, kind, &types));
}

#[test]
fn gpu_should_agree_with_the_reference_when_shapes_are_large() {
    large().into_iter().for_each(|(kind, types)| compare_operator(&[&*GPU], kind, &types));
}

#[test]
fn cpu_should_agree_with_the_reference_when_it_has_one_thread() {
    let cpu = CpuExecutor::new().with_threads(1).unwrap();
    large().into_iter().for_each(|(kind, types)| compare_operator(&[&cpu], kind, &types));
}

/// Operators on elements that are read once, by each way of reading; more elements than are computed at a time or by one thread.
fn chains() -> Checked {
    let mut b = ProgramBuilder::new();
    let dims = [321, 123];
    let [x, y, z] = [DType::I32, DType::I16, DType::I8].map(|dtype| b.input(dtype, &dims));
    let table = b.input(DType::I16, &[256]);
    let [one, three] = [1, 3].map(|value| b.scalar(value));

    // Both arguments, then narrower types, and rows that are longer than what is computed at a time.
    let (left, right) = (b.add(x, y), b.mul(x, z));
    let both = b.sub(left, right);
    let shift = b.add(three, one);
    let shifted = b.shift_stochastic(both, shift);
    let narrow = b.cast(shifted, DType::I8);
    let looked_up = b.table(narrow, table);
    let long = b.reshape(looked_up, &[3, 321 * 41]);
    let long = b.row_sum(long);

    // A second argument that is a row, a column or a number.
    let row = b.slice(y, 0, 5, 1);
    let row = b.reshape(row, &[123]);
    let row = b.max(row, one);
    let by_row = b.div(x, row);
    let column = b.row_sum(z);
    let column = b.reshape(column, &[321, 1]);
    let column = b.add(column, one);
    let by_column = b.div(by_row, column);
    let largest = b.row_max_abs(by_column);
    let by_number = b.shift_round(x, shift);
    let probabilities = b.softmax(by_number, 20);
    let first = b.clamp(probabilities, 0, 9);
    let first = b.row_argmax(first);

    // As many as an author likes.
    let mut deep = b.min(y, three);
    for _ in 0..1_500 {
        deep = b.add(deep, one);
    }
    let deep = b.row_max(deep);
    let output = b.concat(0, &[long, largest, first, deep]);
    b.build(output).unwrap()
}

#[test]
fn executors_should_agree_with_the_reference_when_elements_are_read_once() {
    let checked = chains();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let inputs = checked.program().inputs.iter().map(|ty| Tensor::new(*ty, random_bytes(&mut rng, *ty)));
    let inputs: Vec<Tensor> = inputs.collect();
    let cpus = cpus();
    let one_thread = CpuExecutor::new().with_threads(1).unwrap();
    for executor in cpus.iter().chain([&one_thread]).map(|cpu| cpu as &dyn Executor).chain([&*GPU as &dyn Executor]) {
        compare(executor, &checked, &context(5), &inputs);
    }
}

#[test]
fn executors_should_refuse_inputs_when_they_are_not_of_the_programs_types() {
    let mut builder = ProgramBuilder::new();
    let x = builder.input(DType::I8, &[4]);
    let output = builder.op(OpKind::BitLength, &[x]);
    let checked = builder.build(output).unwrap();
    let cpu = CpuExecutor::new();
    for executor in [&cpu as &dyn Executor, &*GPU] {
        let run = |inputs: &[Tensor]| executor.run_task(&checked, &context(0), inputs, &mut |_, _| {});
        assert!(matches!(run(&[]), Err(ExecutorError::Count { expected: 1, found: 0, .. })));
        let wrong = Tensor::zeros(ty(DType::I8, &[5]));
        assert!(matches!(run(&[wrong]), Err(ExecutorError::Type { index: 0, .. })));
        let short = Tensor { ty: ty(DType::I8, &[4]), bytes: vec![0; 3].into() };
        assert!(matches!(run(&[short]), Err(ExecutorError::Type { bytes: 3, .. })));
    }
}

#[test]
fn best_should_be_exact_when_asked_for() {
    self_test(&*best()).unwrap();
}
