// SPDX-License-Identifier: Apache-2.0

use super::{super::Text, shadow::LmShadow, LmTraining, Transformer};
use crate::models::ModelError;
use quern_executor::{
    cpu::{CpuExecutor, Simd},
    gpu::GpuExecutor,
    Executor,
};
use quern_program::{reference, Checked, Context, Program, Tensor, MAX_CONVICTION_BYTES};

/// A network and a training that the reference runs in a moment.
fn small() -> (Transformer, LmTraining) {
    (
        Transformer { width: 32, layers: 2, heads: 2, hidden: 24, context: 12 },
        LmTraining {
            tasks: 2,
            text_bytes: 2_000,
            batch: 4,
            steps: 2,
            rate_shift: 8,
            gradient_shift: 3,
            momentum_shift: 6,
            decay_shift: 31,
            outer_shift: 1,
        },
    )
}

fn text() -> Vec<u8> {
    Text::embedded().train[10_000..12_000].to_vec()
}

fn context() -> Context {
    Context { index: 1, seed: [9; 32], step: 0 }
}

fn tensors(program: &Checked, bytes: &[&[u8]]) -> Vec<Tensor> {
    let types = &program.program().inputs;
    assert_eq!(types.len(), bytes.len());
    let tensors = types.iter().zip(bytes).map(|(ty, bytes)| {
        assert_eq!(ty.bytes(), bytes.len() as u64);
        Tensor::new(*ty, bytes.to_vec())
    });
    tensors.collect()
}

fn run(program: &Checked, inputs: &[Tensor]) -> Tensor {
    CpuExecutor::new().run_task(program, &context(), inputs, &mut |_, _| {}).unwrap()
}

fn windows<'a>(model: &Transformer, text: &'a [u8], starts: &[usize]) -> Vec<&'a [u8]> {
    starts.iter().map(|start| &text[*start..=start + model.context as usize]).collect()
}

#[test]
fn shadow_gradient_should_be_the_slope_of_its_loss() {
    let (model, _) = small();
    let text = text();
    let windows = windows(&model, &text, &[0, 100]);
    let shadow = LmShadow::<f64>::new(model, &model.initial_checkpoint([3; 32]).unwrap()).unwrap();
    let (loss, gradient) = shadow.gradient(&windows);
    let positions = 24.0;
    assert!((shadow.loss(&windows) * positions - loss).abs() < 1e-9);
    let mut checked = 0;
    for index in (0..shadow.parameters.len()).step_by(97) {
        let slope = {
            let at = |change: f64| {
                let mut moved = shadow.clone();
                moved.parameters[index] += change;
                moved.loss(&windows) * positions
            };
            (at(1e-5) - at(-1e-5)) / 2e-5
        };
        assert!((slope - gradient[index]).abs() < 1e-5 * (1.0 + slope.abs()), "{index}: {slope} {}", gradient[index]);
        checked += i32::from(slope.abs() > 1e-3);
    }
    assert!(checked > 50, "{checked}");
}

/// The exact gradient of one batch: the momentum after one step that keeps nothing of the momentum before.
fn exact_gradient(model: &Transformer, training: LmTraining, checkpoint: &[u8], text: &[u8]) -> Vec<f64> {
    let training = LmTraining { steps: 1, momentum_shift: 0, ..training };
    let local = model.local_training(&training).unwrap();
    let output = run(&local, &tensors(&local, &[checkpoint, &Text::to_i16(text)])).values();
    output[model.parameters() as usize..].iter().map(|g| f64::from(*g) / 65_536.0).collect()
}

#[test]
fn exact_gradient_should_point_where_the_real_one_does() {
    let (model, training) = small();
    let text = text();
    let checkpoint = model.initial_checkpoint([3; 32]).unwrap();
    let exact = exact_gradient(&model, training, &checkpoint, &text);
    let local = model.local_training(&training).unwrap();
    let starts = model.windows(&training, &local, &context());
    let shadow = LmShadow::<f64>::new(model, &checkpoint).unwrap();
    let (_, real) = shadow.gradient(&windows(&model, &text, &starts));
    for (name, range) in model.tensors() {
        let (exact, real) = (&exact[range.clone()], &real[range]);
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        let cosine = dot(exact, real) / (dot(exact, exact) * dot(real, real)).sqrt();
        let length = (dot(exact, exact) / dot(real, real)).sqrt();
        assert!(cosine > 0.98, "{name}: {cosine}");
        assert!((0.95..1.05).contains(&length), "{name}: {length}");
    }
}

#[test]
fn evaluation_should_be_close_to_the_real_loss() {
    let (model, _) = small();
    let text = text();
    let checkpoint = model.initial_checkpoint([4; 32]).unwrap();
    let evaluation = model.evaluation(4).unwrap();
    let windows = windows(&model, &text, &[5, 300, 800, 1500]);
    let output = run(&evaluation, &tensors(&evaluation, &[&checkpoint, &Text::to_i16(&windows.concat())])).values();
    let exact = output.iter().map(|p| -(f64::from(*p).max(0.5) / 32_768.0).ln()).sum::<f64>() / output.len() as f64;
    let real = LmShadow::<f64>::new(model, &checkpoint).unwrap().loss(&windows);
    assert!((exact / real - 1.0).abs() < 0.01, "{exact} {real}");
}

#[test]
fn training_should_be_the_same_on_every_executor() {
    let (model, training) = small();
    let local = model.local_training(&training).unwrap();
    let inputs = tensors(&local, &[&model.initial_checkpoint([5; 32]).unwrap(), &Text::to_i16(&text())]);
    let expected = reference::run(&local, &context(), &inputs);
    let mut executors: Vec<Box<dyn Executor>> = vec![Box::new(GpuExecutor::new().unwrap())];
    executors.extend(Simd::available().into_iter().map(|simd| Box::new(CpuExecutor::with_simd(simd)) as Box<_>));
    for executor in executors {
        let found = executor.run_task(&local, &context(), &inputs, &mut |_, _| {}).unwrap();
        assert!(found == expected, "{}", executor.name());
    }
}

#[test]
fn loss_should_fall_as_that_of_the_same_network_on_f32() {
    let (model, training) = small();
    let training = LmTraining { steps: 60, ..training };
    let text = text();
    let checkpoint = model.initial_checkpoint([6; 32]).unwrap();
    let local = model.local_training(&training).unwrap();
    let trained = run(&local, &tensors(&local, &[&checkpoint, &Text::to_i16(&text)]));
    let exact = LmShadow::<f32>::new(model, &trained.bytes).unwrap();
    let mut real = LmShadow::<f32>::new(model, &checkpoint).unwrap();
    let mut momentum = vec![0f32; real.parameters.len()];
    let all: Vec<usize> = (0..100).map(|index| index * 19).collect();
    let all = windows(&model, &text, &all);
    let before = real.loss(&all);
    for step in 0..training.steps {
        let starts = model.windows(&training, &local, &Context { step, ..context() });
        let (_, gradient) = real.gradient(&windows(&model, &text, &starts));
        training.update_f32(&mut real.parameters, &mut momentum, &gradient);
    }
    let (exact, real) = (exact.loss(&all), real.loss(&all));
    assert!(real < 0.7 * before, "{before} {real}");
    assert!((exact / real - 1.0).abs() < 0.03, "{exact} {real}");
}

#[test]
fn merge_should_add_mean_and_momentum_when_run() {
    let (model, training) = small();
    let parameters = model.parameters() as usize;
    let merge = model.merge(&training).unwrap();
    let bytes = |values: &[i32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let fill = |parts: &[i32]| bytes(&parts.iter().flat_map(|value| vec![*value; parameters]).collect::<Vec<_>>());
    // Parameters 100, momentum 7, velocity 8; the tasks' results 110 and 130 with momenta 1 and 5.
    let output = run(&merge, &tensors(&merge, &[&fill(&[100, 7, 8]), &fill(&[110, 1, 130, 5])]));
    assert_eq!(output.bytes, fill(&[100 + 20 + 12, 3, 24]));
}

#[test]
fn programs_should_be_publishable_when_they_have_up_to_two_layers() {
    for (layers, width) in [(1, 64), (2, 64), (2, 128)] {
        let model = Transformer { width, layers, heads: width / 16, hidden: 2 * width, context: 64 };
        let training = LmTraining { tasks: 4, text_bytes: 100_000, batch: 16, steps: 32, ..small().1 };
        let programs =
            [model.local_training(&training).unwrap(), model.merge(&training).unwrap(), model.evaluation(16).unwrap()];
        for program in programs {
            let bytes = codec::Encode::encode(program.program());
            assert_eq!(Program::decode_checked(&bytes).unwrap().id(), program.id());
            assert!(u64::from(program.summary().conviction_bytes) <= MAX_CONVICTION_BYTES);
        }
        let piece = |input| (input == 1).then_some(2 * u64::from(model.parameters()) * 4);
        assert!(model.merge(&training).unwrap().conviction_bytes_with(piece) <= MAX_CONVICTION_BYTES);
    }
}

#[test]
fn programs_should_be_refused_when_the_configuration_is_wrong() {
    let (model, training) = small();
    let local = |model: Transformer, training: LmTraining| model.local_training(&training).unwrap_err();
    assert_eq!(local(Transformer { layers: 0, ..model }, training), ModelError::Units);
    assert_eq!(local(Transformer { width: 48, heads: 3, ..model }, training), ModelError::Width);
    assert_eq!(local(Transformer { heads: 3, ..model }, training), ModelError::Width);
    assert_eq!(local(Transformer { heads: 1, ..model }, training), ModelError::HeadWidth);
    assert_eq!(local(Transformer { heads: 0, ..model }, training), ModelError::Units);
    assert_eq!(local(model, LmTraining { batch: 3, ..training }), ModelError::Batch);
    assert_eq!(local(model, LmTraining { tasks: 0, ..training }), ModelError::Tasks);
    assert_eq!(local(model, LmTraining { steps: 0, ..training }), ModelError::Steps);
    assert_eq!(local(model, LmTraining { rate_shift: 21, ..training }), ModelError::Shift);
    let error = ModelError::Text { expected: 13, found: 12 };
    assert_eq!(local(model, LmTraining { text_bytes: 12, ..training }), error);
    assert!(matches!(local(Transformer { layers: 12, ..model }, training), ModelError::Program(_)));
    assert_eq!(model.evaluation(0).unwrap_err(), ModelError::SampleCount);
}

#[test]
fn text_should_be_split_block_by_block() {
    let text = Text::embedded();
    assert_eq!((text.train.len(), text.validation.len()), (567_198 - 13 * 4_096, 13 * 4_096));
    let split = Text::split(&[vec![0; 9 * 4_096], vec![1; 4_096], vec![2; 10]].concat());
    assert_eq!(split.validation, vec![1; 4_096]);
    assert_eq!(split.train[9 * 4_096..], [2; 10]);
    assert_eq!(Text::to_i16(&[1, 255]), [1, 0, 255, 0]);
}
