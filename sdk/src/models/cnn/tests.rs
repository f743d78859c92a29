// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::models::{local, Digits};
use quern_executor::{cpu::CpuExecutor, Executor};
use quern_program::{ops::random_word, reference, Context, Program, SegmentKind, Tensor, MAX_CONVICTION_BYTES};

fn digits() -> Digits {
    Digits::embedded().unwrap()
}

/// A network and a training of a moment.
fn small() -> (Cnn, Training) {
    let cnn = Cnn { channels: vec![4, 6], ..Cnn::digits() };
    let training =
        Training { tasks: 2, samples: 48, batch: 16, steps: 2, rate_shift: 4, friction_shift: 3, outer_shift: 1 };
    (cnn, training)
}

fn tensors(program: &Checked, bytes: &[&[u8]]) -> Vec<Tensor> {
    let types = program.program().inputs.iter();
    types.zip(bytes).map(|(ty, bytes)| Tensor::new(*ty, bytes.to_vec())).collect()
}

fn run(program: &Checked, context: &Context, inputs: &[Tensor]) -> Tensor {
    CpuExecutor::new().run_task(program, context, inputs, &mut |_, _| ()).unwrap()
}

#[test]
fn programs_should_be_publishable_when_they_are_those_of_the_digits() {
    let (cnn, training) = (Cnn::digits(), CnnTrainingJob::digits().training);
    for program in [cnn.local_training(&training), cnn.merge(&training), cnn.inference(60)] {
        let program = program.unwrap();
        let again = Program::decode_checked(&codec::Encode::encode(program.program())).unwrap();
        assert_eq!(again.id(), program.id());
        assert!(u64::from(again.summary().conviction_bytes) <= MAX_CONVICTION_BYTES);
    }
}

#[test]
fn programs_should_be_valid_when_there_are_one_or_three_convolutions() {
    let (cnn, training) = small();
    for (side, channels, pool) in [(8, vec![4], 2), (8, vec![3, 4, 5], 2), (8, vec![3, 4, 5], 1), (9, vec![4], 3)] {
        let cnn = Cnn { side, channels, pool, ..cnn.clone() };
        assert!(cnn.local_training(&training).is_ok(), "{cnn:?}");
        assert!(cnn.inference(3).is_ok(), "{cnn:?}");
    }
}

#[test]
fn programs_should_be_refused_when_the_configuration_is_wrong() {
    let (cnn, training) = small();
    let refused = |change: &dyn Fn(&mut Cnn)| {
        let mut cnn = cnn.clone();
        change(&mut cnn);
        let error = cnn.local_training(&training).unwrap_err();
        assert_eq!(cnn.inference(1).unwrap_err(), error);
        assert_eq!(cnn.initial_checkpoint([0; 32]).unwrap_err(), error);
        error
    };
    assert_eq!(refused(&|cnn| cnn.channels.clear()), ModelError::Layers);
    assert_eq!(refused(&|cnn| cnn.channels = vec![1; 4]), ModelError::Layers);
    assert_eq!(refused(&|cnn| cnn.kernel = 2), ModelError::Kernel);
    assert_eq!(refused(&|cnn| cnn.kernel = 9), ModelError::Kernel);
    assert_eq!(refused(&|cnn| cnn.side = u32::MAX), ModelError::Kernel);
    assert_eq!(refused(&|cnn| cnn.pool = 0), ModelError::Pool);
    assert_eq!(refused(&|cnn| cnn.pool = 4), ModelError::Pool);
    assert_eq!(refused(&|cnn| cnn.channels = vec![4, 0]), ModelError::Units);
    assert_eq!(refused(&|cnn| cnn.channels = vec![4, u32::MAX]), ModelError::Units);
    assert_eq!(refused(&|cnn| cnn.classes = 128), ModelError::Classes);
    assert_eq!(refused(&|cnn| cnn.input_frac_bits = 32), ModelError::Shift);
    assert_eq!(cnn.inference(0).unwrap_err(), ModelError::SampleCount);
    assert_eq!(cnn.local_training(&Training { batch: 3, ..training }).unwrap_err(), ModelError::Batch);
}

#[test]
fn jobs_should_be_refused_when_samples_or_checkpoint_do_not_fit() {
    let job = CnnTrainingJob::digits();
    let inference = CnnInferenceJob::digits();
    let train = digits().train;
    let initial = job.cnn.initial_checkpoint([0; 32]).unwrap();
    let other = Samples { pixels: 32, ..train.clone() };
    assert_eq!(job.build(initial.clone(), &other, &Terms::default()).unwrap_err(), ModelError::Samples);
    assert_eq!(inference.build(initial.clone(), &other, &Terms::default()).unwrap_err(), ModelError::Samples);
    let error = ModelError::Checkpoint { expected: initial.len(), found: 4 };
    assert_eq!(job.build(vec![0; 4], &train, &Terms::default()).unwrap_err(), error);
    assert_eq!(inference.build(vec![0; 4], &train, &Terms::default()).unwrap_err(), error);
    let job = CnnTrainingJob { rounds: 0, ..job };
    assert_eq!(job.build(initial, &train, &Terms::default()).unwrap_err(), ModelError::Rounds);
}

#[test]
fn inference_should_agree_with_the_shadow_when_checkpoints_are_random() {
    let (cnn, _) = small();
    let test = digits().test;
    let program = cnn.inference(360).unwrap();
    for seed in 0..3 {
        let checkpoint = cnn.initial_checkpoint([seed; 32]).unwrap();
        let classes = run(&program, &Context::default(), &tensors(&program, &[&checkpoint, &test.images])).bytes;
        let agreed = Samples { labels: classes.into(), ..test.clone() };
        let accuracy = CnnShadow::new(cnn.clone(), &checkpoint).unwrap().evaluate(&agreed).accuracy;
        assert!(accuracy > 0.95, "{accuracy}");
    }
}

/// The batch that the first step of a local training draws.
fn first_batch(program: &Checked, context: &Context, samples: &Samples, batch: u32) -> Samples {
    let key = context.key(program.program().operator_number(SegmentKind::Body, 0));
    let count = samples.len() as i64;
    let mut drawn = Samples { pixels: samples.pixels, ..Samples::default() };
    for element in 0..u64::from(batch) {
        let half = (i64::from(random_word(&key, element) as i32) + (1 << 15)) >> 16;
        let index = ((((half + (1 << 15)) * count) >> 16) as usize).min(samples.len() - 1);
        let one = samples.range(index..index + 1);
        drawn.images.extend(one.images);
        drawn.labels.extend(one.labels);
    }
    drawn
}

#[test]
fn shadow_gradient_should_be_the_slope_when_measured() {
    let (cnn, _) = small();
    let samples = digits().train.range(0..10);
    let shadow = CnnShadow::new(cnn.clone(), &cnn.initial_checkpoint([3; 32]).unwrap()).unwrap();
    // Without biases all sums of blank windows are at the bend of the ReLU, where there is no slope.
    let mut parameters = shadow.parameters().to_vec();
    for range in cnn.layout().into_iter().filter(|range| range.columns.is_none()) {
        (0..range.len()).for_each(|at| parameters[(range.start + at) as usize] = 0.03 * f64::from(at + 1));
    }
    let shadow = shadow.with_parameters(parameters);
    let gradient = shadow.gradient(&samples);
    for index in (0..gradient.len()).step_by(13) {
        let loss = |by: f64| {
            let mut parameters = shadow.parameters().to_vec();
            parameters[index] += by;
            shadow.with_parameters(parameters).evaluate(&samples).loss
        };
        let slope = (loss(1e-6) - loss(-1e-6)) / 2e-6;
        assert!((slope - gradient[index]).abs() < 1e-4, "{index}: {slope} {}", gradient[index]);
    }
}

/// The network with the weights that products see: `i8` mantissas by the power of two that makes the largest fit.
fn as_multiplied(shadow: &CnnShadow, layout: &[Range]) -> CnnShadow {
    let one = f64::from(1u32 << PARAMETER_FRAC_BITS);
    let mut parameters = shadow.parameters().to_vec();
    for range in layout.iter().filter(|range| range.columns.is_some()) {
        let weights = &mut parameters[range.start as usize..(range.start + range.len()) as usize];
        let largest = weights.iter().fold(0.0f64, |most, w| most.max(w.abs() * one));
        let scale = f64::from((largest as u32).checked_ilog2().unwrap_or(0) as i32 - 6).exp2() / one;
        weights.iter_mut().for_each(|w| *w = (*w / scale).round().clamp(-127.0, 127.0) * scale);
    }
    shadow.with_parameters(parameters)
}

#[test]
fn one_step_should_follow_the_shadow_gradient_when_run() {
    let (cnn, training) = small();
    let training = Training { steps: 1, rate_shift: 0, ..training };
    let program = cnn.local_training(&training).unwrap();
    for (seed, at) in [(1u8, 0usize), (2, 300), (3, 900)] {
        let samples = digits().train.range(at..at + training.samples as usize);
        let checkpoint = cnn.initial_checkpoint([seed; 32]).unwrap();
        let inputs = tensors(&program, &[&checkpoint, &samples.images, &samples.labels]);
        let shadow = |bytes: &[u8]| CnnShadow::new(cnn.clone(), bytes).unwrap();
        let before = shadow(&checkpoint);
        let multiplied = as_multiplied(&before, &cnn.layout());
        // Rounding is stochastic: the sum of several steps shows what it is on average.
        let mut steps = vec![0.0; before.parameters().len()];
        let mut gradients = steps.clone();
        for draw in 0..16 {
            let context = Context { seed: [seed * 16 + draw; 32], ..Context::default() };
            let after = shadow(&run(&program, &context, &inputs).bytes);
            let gradient = multiplied.gradient(&first_batch(&program, &context, &samples, training.batch));
            for (at, step) in steps.iter_mut().enumerate() {
                *step += before.parameters()[at] - after.parameters()[at];
                gradients[at] += gradient[at];
            }
        }
        for range in cnn.layout() {
            let range = range.start as usize..(range.start + range.len()) as usize;
            let step = &steps[range.clone()];
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let wanted = &gradients[range.clone()];
            let (own, other) = (dot(step, step).sqrt(), dot(wanted, wanted).sqrt());
            let (cosine, ratio) = (dot(step, wanted) / own / other, own / other);
            assert!(cosine > 0.99 && (ratio - 1.0).abs() < 0.05, "{range:?}: {cosine} {ratio}");
        }
    }
}

#[test]
fn executors_should_agree_with_the_reference_when_a_step_is_run() {
    let (cnn, training) = small();
    let cnn = Cnn { channels: vec![2, 3], ..cnn };
    let training = Training { steps: 1, batch: 2, ..training };
    let samples = digits().train.range(0..training.samples as usize);
    let program = cnn.local_training(&training).unwrap();
    let checkpoint = cnn.initial_checkpoint([5; 32]).unwrap();
    let inputs = tensors(&program, &[&checkpoint, &samples.images, &samples.labels]);
    let context = Context { seed: [9; 32], ..Context::default() };
    assert_eq!(run(&program, &context, &inputs), reference::run(&program, &context, &inputs));
}

#[test]
fn digits_should_be_learned_when_both_jobs_run() {
    let Digits { train, test } = digits();
    let (training, inference) = (CnnTrainingJob::digits(), CnnInferenceJob::digits());
    let initial = training.cnn.initial_checkpoint([0; 32]).unwrap();
    let built = training.build(initial, &train, &Terms::default()).unwrap();
    let executor = CpuExecutor::new();
    let run = |program: &Checked, context: &Context, inputs: &[Tensor]| {
        executor.run_task(program, context, inputs, &mut |_, _| ())
    };
    let checkpoint = local::run(&built, [0; 32], run).unwrap().pop().unwrap().pop().unwrap().bytes;
    let loss = CnnShadow::new(training.cnn, &checkpoint).unwrap().evaluate(&train).loss;
    let built = inference.build(checkpoint.into(), &test, &Terms::default()).unwrap();
    let outputs = local::run(&built, [0; 32], run).unwrap();
    let classes: Vec<u8> = outputs.concat().into_iter().flat_map(|output| output.bytes).collect();
    let accuracy = test.accuracy_of(&classes);
    assert!(loss < 0.2 && accuracy >= 0.95, "{loss} {accuracy}");
}
