// SPDX-License-Identifier: Apache-2.0

use super::{super::Text, shadow::LmShadow, Generation, LmTraining, Transformer, INVERSE_TEMPERATURE_ONE};
use crate::models::{lm::OneProcess, local, GenerationJob, LmTrainingJob, ModelError, Terms};
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
fn programs_should_be_publishable_when_they_have_up_to_eleven_layers() {
    for (layers, width) in [(1, 64), (2, 64), (2, 128), (11, 64)] {
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

/// Greedy generation of `bytes` after a prompt.
fn likeliest(prompt: u32, bytes: u32) -> Generation {
    Generation { prompt, bytes, inverse_temperature: INVERSE_TEMPERATURE_ONE, top_k: 1 }
}

fn generate(model: &Transformer, generation: &Generation, checkpoint: &[u8], prompt: &[u8]) -> Vec<u8> {
    let program = model.generation(generation).unwrap();
    let output = run(&program, &tensors(&program, &[checkpoint, &Text::to_i16(prompt)])).values();
    output.into_iter().map(|byte| u8::try_from(byte).unwrap()).collect()
}

/// Asserts that on `f64` no byte is much likelier than the last one of each window.
fn assert_likely(model: &Transformer, checkpoint: &[u8], windows: &[&[u8]]) {
    let shadow = LmShadow::<f64>::new(*model, checkpoint).unwrap();
    let probabilities = shadow.probabilities(windows);
    let rows = probabilities.chunks_exact(256).skip(model.context as usize - 1).step_by(model.context as usize);
    for (window, row) in windows.iter().zip(rows) {
        let most = row.iter().fold(0.0, |most: f64, p| most.max(*p));
        let picked = row[usize::from(*window.last().unwrap())];
        assert!(picked > 0.95 * most, "{picked} {most}");
    }
}

#[test]
fn generated_byte_should_be_the_likeliest_when_only_one_may_be_picked() {
    let (model, _) = small();
    let checkpoint = model.initial_checkpoint([7; 32]).unwrap();
    let text = text();
    let texts: Vec<Vec<u8>> = [0, 70, 200, 500]
        .into_iter()
        .map(|start| {
            let prompt = &text[start..start + model.context as usize];
            [prompt, &generate(&model, &likeliest(model.context, 1), &checkpoint, prompt)].concat()
        })
        .collect();
    assert_likely(&model, &checkpoint, &texts.iter().map(Vec::as_slice).collect::<Vec<_>>());
}

#[test]
fn text_should_go_on_when_it_is_longer_than_the_context() {
    // In one layer a position sees no further back than the context.
    let model = Transformer { layers: 1, ..small().0 };
    let context = model.context as usize;
    let checkpoint = model.initial_checkpoint([8; 32]).unwrap();
    let prompt = &text()[..5];
    let written = generate(&model, &likeliest(5, 40), &checkpoint, prompt);
    assert_eq!(written.len(), 40);
    let whole = [prompt, &written].concat();
    let windows: Vec<&[u8]> = whole.windows(context + 1).collect();
    assert_eq!(windows.len(), 45 - context);
    assert_likely(&model, &checkpoint, &windows);
}

#[test]
fn generation_should_be_the_same_on_every_executor() {
    let (model, _) = small();
    let generation = Generation { top_k: 40, inverse_temperature: 300, ..likeliest(6, 14) };
    let program = model.generation(&generation).unwrap();
    let inputs = tensors(&program, &[&model.initial_checkpoint([5; 32]).unwrap(), &Text::to_i16(&text()[..6])]);
    let expected = reference::run(&program, &context(), &inputs);
    let mut executors: Vec<Box<dyn Executor>> = vec![Box::new(GpuExecutor::new().unwrap())];
    executors.extend(Simd::available().into_iter().map(|simd| Box::new(CpuExecutor::with_simd(simd)) as Box<_>));
    for executor in executors {
        let found = executor.run_task(&program, &context(), &inputs, &mut |_, _| {}).unwrap();
        assert!(found == expected, "{}", executor.name());
    }
}

#[test]
fn bytes_should_be_picked_as_often_as_they_are_likely() {
    let (model, _) = small();
    let checkpoint = model.initial_checkpoint([9; 32]).unwrap();
    let text = text();
    let prompt = &text[..model.context as usize];
    let generation =
        Generation { top_k: 4, inverse_temperature: INVERSE_TEMPERATURE_ONE, ..likeliest(model.context, 1) };
    let program = model.generation(&generation).unwrap();
    let inputs = tensors(&program, &[&checkpoint, &Text::to_i16(prompt)]);
    const DRAWS: u32 = 400;
    let mut picked = [0u32; 256];
    for seed in 0..DRAWS {
        let context = Context { index: 0, seed: quern_primitives::tagged(b"test", &seed), step: 0 };
        let output = CpuExecutor::new().run_task(&program, &context, &inputs, &mut |_, _| {}).unwrap();
        picked[output.values()[0] as usize] += 1;
    }
    let shadow = LmShadow::<f64>::new(model, &checkpoint).unwrap();
    let row = shadow.probabilities(&[&text[..=model.context as usize]]).split_off(256 * (model.context as usize - 1));
    let mut likeliest: Vec<usize> = (0..256).collect();
    likeliest.sort_by(|a, b| row[*b].total_cmp(&row[*a]));
    let sum: f64 = likeliest[..4].iter().map(|byte| row[*byte]).sum();
    for byte in &likeliest[..4] {
        let (expected, found) = (row[*byte] / sum, f64::from(picked[*byte]) / f64::from(DRAWS));
        // Four standard deviations, and what rounding moves.
        let allowed = 4.0 * (expected * (1.0 - expected) / f64::from(DRAWS)).sqrt() + 0.02;
        assert!((expected - found).abs() < allowed, "{byte}: {expected} {found}");
    }
    assert!(picked.iter().filter(|count| **count > 0).count() >= 3);
    assert!(f64::from(likeliest[..6].iter().map(|byte| picked[*byte]).sum::<u32>()) >= f64::from(DRAWS));
}

#[test]
fn generation_should_be_publishable_when_the_text_has_some_hundred_bytes() {
    let model = Transformer { width: 64, layers: 2, heads: 4, hidden: 128, context: 64 };
    let program = model.generation(&Generation { top_k: 20, ..likeliest(32, 256) }).unwrap();
    let bytes = codec::Encode::encode(program.program());
    assert_eq!(Program::decode_checked(&bytes).unwrap().id(), program.id());
    assert!(program.program().body.len() < 512, "{}", program.program().body.len());
}

#[test]
fn generation_should_be_refused_when_it_is_wrong() {
    let (model, _) = small();
    let refused = |generation| model.generation(&generation).unwrap_err();
    assert_eq!(refused(likeliest(0, 5)), ModelError::Generated);
    assert_eq!(refused(likeliest(5, 0)), ModelError::Generated);
    assert_eq!(refused(Generation { top_k: 0, ..likeliest(5, 5) }), ModelError::Sampling);
    assert_eq!(refused(Generation { inverse_temperature: 0, ..likeliest(5, 5) }), ModelError::Sampling);
    assert_eq!(refused(Generation { inverse_temperature: 4_097, ..likeliest(5, 5) }), ModelError::Sampling);
    // The rotations of so many positions do not fit into a program.
    assert!(matches!(refused(likeliest(5, 3_000)), ModelError::Program(_)));
}

/// A training job of three rounds on a piece of the text.
fn small_job() -> (LmTrainingJob, Text) {
    let (model, training) = small();
    let text = Text { train: Text::embedded().train[10_000..14_100].to_vec(), validation: text() };
    let training = LmTraining { steps: 12, outer_shift: 31, ..training };
    (LmTrainingJob { model, training, rounds: 3, shard_size: 1 }, text)
}

fn last_checkpoint(job: &LmTrainingJob, text: &Text, initial: Vec<u8>, seed: [u8; 32]) -> Vec<u8> {
    let built = job.build(initial, text, &Terms::default()).unwrap();
    let run = |program: &Checked, context: &Context, inputs: &[Tensor]| {
        CpuExecutor::new().run_task(program, context, inputs, &mut |_, _| {})
    };
    local::run(&built, seed, run).unwrap().pop().unwrap().remove(0).bytes.into()
}

#[test]
fn job_should_learn_as_one_process_on_f32_does() {
    let (job, text) = small_job();
    let initial = job.model.initial_checkpoint([1; 32]).unwrap();
    let trained = last_checkpoint(&job, &text, initial.clone(), [2; 32]);
    let mut one = OneProcess::new(job, &initial).unwrap();
    let windows = text.held_out(40, job.model.context as usize + 1);
    let before = one.loss(&windows);
    for round in 0..job.rounds {
        let stage = u32::from(2 * round);
        let seeds = [0u32, 1].map(|task| quern_primitives::tagged(b"quern/local-seed/v1", &([2u8; 32], stage, task)));
        one.round(round, &text, &seeds);
    }
    let exact = LmShadow::<f32>::new(job.model, &trained).unwrap().loss(&windows);
    let real = one.loss(&windows);
    assert!(real < 0.9 * before, "{before} {real}");
    assert!((exact / real - 1.0).abs() < 0.05, "{exact} {real}");
}

#[test]
fn job_should_have_a_program_for_each_rate_and_fit_its_stages() {
    let (job, text) = small_job();
    let job = LmTrainingJob { rounds: 16, ..job };
    let initial = job.model.initial_checkpoint([1; 32]).unwrap();
    let built = job.build(initial.clone(), &text, &Terms::default()).unwrap();
    assert_eq!((built.spec.stages.len(), built.programs.len()), (32, 5));
    let rates = [0, 7, 8, 12, 14].map(|round| job.in_round(round).rate_shift);
    assert_eq!(rates, [8, 8, 9, 10, 11]);
    let refused =
        |job: LmTrainingJob, initial: &[u8]| job.build(initial.to_vec(), &text, &Terms::default()).unwrap_err();
    assert_eq!(refused(LmTrainingJob { rounds: 0, ..job }, &initial), ModelError::Rounds);
    assert_eq!(refused(LmTrainingJob { rounds: 33, ..job }, &initial), ModelError::Rounds);
    assert!(matches!(refused(job, &initial[1..]), ModelError::Checkpoint { .. }));
    let training = LmTraining { text_bytes: 3_000, ..job.training };
    assert!(matches!(refused(LmTrainingJob { training, ..job }, &initial), ModelError::Text { .. }));
}

#[test]
fn texts_should_be_written_one_a_task() {
    let (model, _) = small();
    let checkpoint = model.initial_checkpoint([1; 32]).unwrap();
    let job = GenerationJob {
        generation: Generation { prompt: 4, bytes: 9, ..GenerationJob::new(model).generation },
        model,
        shard_size: 1,
    };
    let built = job.build(checkpoint.clone(), &[b"what", b"is a"], &Terms::default()).unwrap();
    let outputs = local::run(&built, [3; 32], |program, context, inputs| {
        CpuExecutor::new().run_task(program, context, inputs, &mut |_, _| {})
    });
    let texts: Vec<Vec<u8>> = outputs.unwrap()[0].iter().map(|output| Text::from_i16(&output.bytes)).collect();
    assert_eq!(texts.iter().map(Vec::len).collect::<Vec<_>>(), [9, 9]);
    assert_ne!(texts[0], texts[1]);
    let refused = |prompts: &[&[u8]]| job.build(checkpoint.clone(), prompts, &Terms::default()).unwrap_err();
    assert_eq!(refused(&[]), ModelError::Generated);
    assert_eq!(refused(&[b"what", b"is"]), ModelError::Generated);
    let short = job.build(checkpoint[4..].to_vec(), &[b"what"], &Terms::default()).unwrap_err();
    assert!(matches!(short, ModelError::Checkpoint { .. }));
}

#[test]
fn held_out_windows_should_be_spread_over_the_validation_text() {
    let text = Text { train: vec![], validation: (0..100).collect() };
    assert_eq!(text.held_out(3, 10), [&text.validation[..10], &text.validation[30..40], &text.validation[60..70]]);
    assert_eq!(Text::from_i16(&[65, 0, 255, 255, 66, 0]), b"AB");
}
