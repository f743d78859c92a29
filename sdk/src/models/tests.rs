// SPDX-License-Identifier: Apache-2.0

use super::{
    digits::{DigitsError, CLASSES, IMAGES, PIXELS},
    local, Digits, InferenceJob, Mlp, ModelError, Samples, Shadow, Terms, Training, TrainingJob,
};
use quern_executor::{cpu::CpuExecutor, Executor};
use quern_primitives::{
    job::{Input, OutputMap},
    BlobId,
};
use quern_program::{
    ops::random_word, reference, Checked, Context, DType, Program, SegmentKind, Shape, Tensor, TensorType,
    MAX_CONVICTION_BYTES,
};
use std::convert::Infallible;

fn digits() -> Digits {
    Digits::embedded().unwrap()
}

/// A network and a training that the reference runs in a moment.
fn small() -> (Mlp, Training) {
    (
        Mlp { inputs: 64, hidden: 16, outputs: 10, input_frac_bits: 4 },
        Training { tasks: 2, samples: 48, batch: 16, steps: 12, rate_shift: 3, friction_shift: 3, outer_shift: 1 },
    )
}

fn on_reference(program: &Checked, context: &Context, inputs: &[Tensor]) -> Result<Tensor, Infallible> {
    Ok(reference::run(program, context, inputs))
}

fn tensors(program: &Checked, bytes: &[&[u8]]) -> Vec<Tensor> {
    let types = &program.program().inputs;
    assert_eq!(types.len(), bytes.len());
    types
        .iter()
        .zip(bytes)
        .map(|(ty, bytes)| {
            assert_eq!(ty.bytes(), bytes.len() as u64);
            Tensor::new(*ty, bytes.to_vec())
        })
        .collect()
}

fn i32_bytes(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

mod data {
    use super::*;

    fn with_line(line: usize, text: &str) -> Result<Digits, DigitsError> {
        let row = vec!["0"; PIXELS + 1].join(",");
        let mut rows = vec![row.as_str(); IMAGES];
        rows[line - 1] = text;
        Digits::parse(&rows.join("\n"))
    }

    fn row(field: usize, text: &str) -> String {
        let mut fields = vec!["1"; PIXELS + 1];
        fields[field - 1] = text;
        fields.join(",")
    }

    #[test]
    fn embedded_should_be_split_1437_to_360_when_parsed() {
        let Digits { train, test } = digits();
        assert_eq!((train.len(), test.len()), (1_437, 360));
        assert_eq!((train.images.len(), test.images.len()), (1_437 * 64, 360 * 64));
        assert!(train.labels.iter().chain(&test.labels).all(|label| *label < CLASSES));
    }

    #[test]
    fn embedded_should_be_in_the_pinned_order_when_shuffled() {
        let Digits { train, test } = digits();
        let all = [train.images, train.labels, test.images, test.labels].concat();
        assert_eq!(BlobId::of(&all).to_string(), "2c0f3c188f83ec03bdb395c032b0fff414fdb63fae44935805d86d63f9c48bcf");
    }

    #[test]
    fn parse_should_name_the_line_when_a_field_is_missing() {
        assert_eq!(with_line(3, "1,2,3"), Err(DigitsError::Fields { line: 3, found: 3 }));
        assert_eq!(with_line(3, ""), Err(DigitsError::Fields { line: 3, found: 1 }));
    }

    #[test]
    fn parse_should_name_the_line_when_there_is_a_field_too_many() {
        assert_eq!(with_line(1, &(row(1, "0") + ",0")), Err(DigitsError::Fields { line: 1, found: 66 }));
    }

    #[test]
    fn parse_should_name_the_field_when_it_is_no_number() {
        for text in ["x", "", "-1", "1.5", "256", " 1"] {
            let error = DigitsError::Number { line: 2, field: 7, text: text.into() };
            assert_eq!(with_line(2, &row(7, text)), Err(error));
        }
    }

    #[test]
    fn parse_should_name_the_field_when_a_pixel_is_too_dark() {
        assert_eq!(with_line(9, &row(64, "17")), Err(DigitsError::Pixel { line: 9, field: 64, value: 17 }));
    }

    #[test]
    fn parse_should_name_the_line_when_a_label_is_no_digit() {
        assert_eq!(with_line(1_797, &row(65, "10")), Err(DigitsError::Label { line: 1_797, value: 10 }));
    }

    #[test]
    fn parse_should_fail_when_lines_are_missing() {
        assert_eq!(Digits::parse(&row(1, "0")), Err(DigitsError::Lines { found: 1 }));
        assert_eq!(Digits::parse(""), Err(DigitsError::Lines { found: 0 }));
    }

    #[test]
    fn cycled_should_begin_again_when_longer() {
        let samples = Samples { pixels: 2, images: vec![1, 2, 3, 4], labels: vec![5, 6] };
        let longer = Samples { pixels: 2, images: vec![1, 2, 3, 4, 1, 2], labels: vec![5, 6, 5] };
        assert_eq!(samples.cycled(3), longer);
        assert_eq!(longer.range(1..3), Samples { pixels: 2, images: vec![3, 4, 1, 2], labels: vec![6, 5] });
    }

    #[test]
    fn accuracy_should_count_what_is_right_when_there_are_more_predictions() {
        let samples = Samples { pixels: 1, images: vec![0; 4], labels: vec![1, 2, 3, 4] };
        assert_eq!(samples.accuracy_of(&[1, 2, 3, 0, 9, 9]), 0.75);
    }
}

mod programs {
    use super::*;

    #[test]
    fn programs_should_be_publishable_when_they_are_those_of_the_digits() {
        let (mlp, training) = (Mlp::digits(), Training::digits());
        for program in
            [mlp.local_training(&training).unwrap(), mlp.merge(&training).unwrap(), mlp.inference(60).unwrap()]
        {
            let bytes = codec::Encode::encode(program.program());
            let again = Program::decode_checked(&bytes).unwrap();
            assert_eq!(again.id(), program.id());
            assert!(u64::from(again.summary().conviction_bytes) <= MAX_CONVICTION_BYTES);
        }
    }

    #[test]
    fn merge_should_stay_provable_when_the_results_are_single_blobs() {
        let (mlp, training) = (Mlp::digits(), Training::digits());
        let piece = |input| (input == 1).then_some(u64::from(mlp.parameters()) * 4);
        let bytes = mlp.merge(&training).unwrap().conviction_bytes_with(piece);
        assert!(bytes <= MAX_CONVICTION_BYTES, "{bytes}");
    }

    #[test]
    fn programs_should_be_refused_when_the_configuration_is_wrong() {
        let (mlp, training) = small();
        let local = |mlp: Mlp, training: Training| mlp.local_training(&training).unwrap_err();
        assert_eq!(local(Mlp { hidden: 0, ..mlp }, training), ModelError::Units);
        assert_eq!(local(Mlp { inputs: 1 << 17, ..mlp }, training), ModelError::Units);
        assert_eq!(local(Mlp { outputs: 128, ..mlp }, training), ModelError::Classes);
        assert_eq!(local(Mlp { input_frac_bits: 32, ..mlp }, training), ModelError::Shift);
        assert_eq!(local(mlp, Training { batch: 24, ..training }), ModelError::Batch);
        assert_eq!(local(mlp, Training { samples: 0, ..training }), ModelError::SampleCount);
        assert_eq!(local(mlp, Training { samples: 1 << 15, ..training }), ModelError::SampleCount);
        assert_eq!(local(mlp, Training { tasks: 3, ..training }), ModelError::Tasks);
        assert_eq!(local(mlp, Training { steps: 0, ..training }), ModelError::Steps);
        assert_eq!(local(mlp, Training { rate_shift: 32, ..training }), ModelError::Shift);
        assert_eq!(mlp.inference(0).unwrap_err(), ModelError::SampleCount);
    }

    #[test]
    fn initial_checkpoint_should_be_within_its_bounds_when_drawn() {
        let mlp = Mlp::digits();
        let bytes = mlp.initial_checkpoint([7; 32]).unwrap();
        assert_eq!(bytes.len(), mlp.checkpoint_bytes());
        assert_ne!(bytes, mlp.initial_checkpoint([8; 32]).unwrap());
        let shadow = Shadow::new(mlp, &bytes).unwrap();
        let weights = &shadow.parameters()[..128 * 64];
        let bound = (6.0f64 / 64.0).sqrt();
        let variance = weights.iter().map(|w| w * w).sum::<f64>() / weights.len() as f64;
        assert!(weights.iter().all(|w| w.abs() <= bound));
        assert!((variance / (bound * bound / 3.0) - 1.0).abs() < 0.05);
        let velocity = &bytes[mlp.checkpoint_bytes() / 2..];
        assert!(velocity.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn shadow_should_be_refused_when_a_checkpoint_has_another_length() {
        let mlp = Mlp::digits();
        let expected = mlp.checkpoint_bytes();
        assert_eq!(Shadow::new(mlp, &[0; 8]).unwrap_err(), ModelError::Checkpoint { expected, found: 8 });
    }

    #[test]
    fn merge_should_add_mean_and_momentum_when_run() {
        let mlp = Mlp { inputs: 1, hidden: 1, outputs: 1, input_frac_bits: 0 };
        let training = Training { tasks: 2, outer_shift: 1, ..small().1 };
        let program = mlp.merge(&training).unwrap();
        // w1, b1, w2, b2, then their velocities.
        let checkpoint = i32_bytes(&[100, -100, 0, 7, 10, -10, 0, 3]);
        let results = i32_bytes(&[104, -100, 1, 7, 108, -104, 0, 7]);
        let output = reference::run(&program, &Context::default(), &tensors(&program, &[&checkpoint, &results]));
        // Means 6, -2, 0.5 -> 1, 0; velocities 5+6, -5-2, 0+1, 1.5 -> 2; ahead 5.5 -> 6, -3.5 -> -3, 0.5 -> 1, 1.
        assert_eq!(output.values(), [112, -105, 2, 8, 11, -7, 1, 2]);
    }

    #[test]
    fn inference_should_agree_with_the_shadow_when_checkpoints_are_random() {
        let (mlp, _) = small();
        let test = digits().test;
        let program = mlp.inference(360).unwrap();
        for seed in 0..3 {
            let checkpoint = mlp.initial_checkpoint([seed; 32]).unwrap();
            let inputs = tensors(&program, &[&checkpoint, &test.images]);
            let classes = reference::run(&program, &Context::default(), &inputs).bytes;
            // What the shadow thinks of the integer classes: they are its own but for near ties.
            let agreed = Samples { labels: classes.into(), ..test.clone() };
            let accuracy = Shadow::new(mlp, &checkpoint).unwrap().evaluate(&agreed).accuracy;
            assert!(accuracy > 0.97, "{accuracy}");
        }
    }
}

mod training {
    use super::*;

    /// The batch that the first step of a local training draws.
    fn first_batch(program: &Checked, context: &Context, samples: &Samples, batch: u32) -> Samples {
        let key = context.key(program.program().operator_number(SegmentKind::Body, 0));
        let count = samples.len() as i64;
        let indices = (0..u64::from(batch)).map(|element| {
            let word = i64::from(random_word(&key, element) as i32);
            let half = (word + (1 << 15)) >> 16;
            ((((half + (1 << 15)) * count) >> 16) as usize).min(samples.len() - 1)
        });
        let mut drawn = Samples { pixels: samples.pixels, ..Samples::default() };
        for index in indices {
            let one = samples.range(index..index + 1);
            drawn.images.extend(one.images);
            drawn.labels.extend(one.labels);
        }
        drawn
    }

    fn f64s(shadow: &Shadow) -> Vec<f64> {
        shadow.parameters().to_vec()
    }

    /// Cosine, and the ratio of lengths.
    fn compare(a: &[f64], b: &[f64]) -> (f64, f64) {
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        (dot(a, b) / (dot(a, a) * dot(b, b)).sqrt(), (dot(a, a) / dot(b, b)).sqrt())
    }

    #[test]
    fn shadow_gradient_should_be_the_slope_when_measured() {
        let (mlp, _) = small();
        let samples = digits().train.range(0..20);
        let shadow = Shadow::new(mlp, &mlp.initial_checkpoint([3; 32]).unwrap()).unwrap();
        let gradient = shadow.gradient(&samples);
        for index in (0..gradient.len()).step_by(37) {
            let loss = |by: f64| {
                let mut parameters = f64s(&shadow);
                parameters[index] += by;
                shadow.with_parameters(parameters).evaluate(&samples).loss
            };
            let slope = (loss(1e-5) - loss(-1e-5)) / 2e-5;
            assert!((slope - gradient[index]).abs() < 1e-4, "{index}: {slope} {}", gradient[index]);
        }
    }

    #[test]
    fn one_step_should_follow_the_shadow_gradient_when_run() {
        let (mlp, training) = small();
        let training = Training { steps: 1, rate_shift: 0, ..training };
        let program = mlp.local_training(&training).unwrap();
        for (seed, at) in [(1u8, 0usize), (2, 300), (3, 900)] {
            let samples = digits().train.range(at..at + training.samples as usize);
            let checkpoint = mlp.initial_checkpoint([seed; 32]).unwrap();
            let context = Context { seed: [seed; 32], ..Context::default() };
            let inputs = tensors(&program, &[&checkpoint, &samples.images, &samples.labels]);
            let after = Shadow::new(mlp, &reference::run(&program, &context, &inputs).bytes).unwrap();
            let before = Shadow::new(mlp, &checkpoint).unwrap();
            let step: Vec<f64> = f64s(&before).iter().zip(f64s(&after)).map(|(before, after)| before - after).collect();
            let batch = first_batch(&program, &context, &samples, training.batch);
            let gradient = before.gradient(&batch);
            for range in mlp.layout() {
                let range = range.start as usize..(range.start + range.len()) as usize;
                let (cosine, ratio) = compare(&step[range.clone()], &gradient[range.clone()]);
                assert!(cosine > 0.995 && (ratio - 1.0).abs() < 0.03, "{range:?}: {cosine} {ratio}");
            }
        }
    }

    #[test]
    fn local_training_should_reduce_the_loss_when_run() {
        let (mlp, training) = small();
        let samples = digits().train.range(0..training.samples as usize);
        let program = mlp.local_training(&training).unwrap();
        let checkpoint = mlp.initial_checkpoint([5; 32]).unwrap();
        let inputs = tensors(&program, &[&checkpoint, &samples.images, &samples.labels]);
        let output = reference::run(&program, &Context::default(), &inputs);
        let loss = |bytes: &[u8]| Shadow::new(mlp, bytes).unwrap().evaluate(&samples).loss;
        let (before, after) = (loss(&checkpoint), loss(&output.bytes));
        assert!(after < 0.75 * before, "{before} -> {after}");
    }

    #[test]
    fn local_training_should_depend_on_the_seed_alone_when_inputs_are_the_same() {
        let (mlp, training) = small();
        let training = Training { steps: 2, ..training };
        let samples = digits().train.range(0..training.samples as usize);
        let program = mlp.local_training(&training).unwrap();
        let checkpoint = mlp.initial_checkpoint([5; 32]).unwrap();
        let inputs = tensors(&program, &[&checkpoint, &samples.images, &samples.labels]);
        let run =
            |seed: u8, index: u32| reference::run(&program, &Context { seed: [seed; 32], index, step: 0 }, &inputs);
        assert_eq!(run(1, 0), run(1, 1));
        assert_ne!(run(1, 0), run(2, 0));
    }

    #[test]
    fn digits_should_be_learned_when_both_jobs_run() {
        let Digits { train, test } = digits();
        let (a, b) = (TrainingJob::digits(), InferenceJob::digits());
        let built = a.build(a.mlp.initial_checkpoint([0; 32]).unwrap(), &train, &Terms::default()).unwrap();
        let executor = CpuExecutor::new();
        let run = |program: &Checked, context: &Context, inputs: &[Tensor]| {
            executor.run_task(program, context, inputs, &mut |_, _| ())
        };
        let mut outputs = local::run(&built, [0; 32], run).unwrap();
        let checkpoint = outputs.pop().unwrap().pop().unwrap().bytes;

        let loss = Shadow::new(a.mlp, &checkpoint).unwrap().evaluate(&train).loss;
        assert!(loss < 0.1, "{loss}");
        let built = b.build(checkpoint.into(), &test, &Terms::default()).unwrap();
        let outputs = local::run(&built, [0; 32], run).unwrap();
        let classes: Vec<u8> = outputs.concat().into_iter().flat_map(|output| output.bytes).collect();
        let accuracy = test.accuracy_of(&classes);
        assert!(accuracy >= 0.96, "{accuracy}");
    }
}

mod jobs {
    use super::*;

    fn initial(job: &TrainingJob) -> Vec<u8> {
        job.mlp.initial_checkpoint([0; 32]).unwrap()
    }

    fn small_job() -> TrainingJob {
        let (mlp, training) = small();
        TrainingJob { mlp, training, rounds: 2, shard_size: 1 }
    }

    #[test]
    fn training_should_be_rounds_of_eight_tasks_and_a_merge_when_built() {
        let job = TrainingJob::digits();
        let built = job.build(initial(&job), &digits().train, &Terms::default()).unwrap();
        let stages = &built.spec.stages;
        assert_eq!(stages.len(), 8);
        for round in 0..job.rounds {
            let merge = TrainingJob::merge_stage(round);
            let (local, merged) = (&stages[usize::from(merge) - 1], &stages[usize::from(merge)]);
            assert_eq!((local.tasks, local.shards(), merged.tasks, merged.shards()), (8, 4, 1, 1));
            assert_eq!((local.program, merged.program), (built.programs[0].id(), built.programs[1].id()));
            assert_eq!(local.inputs[0], merged.inputs[0]);
            match (round, local.inputs[0]) {
                (0, Input::Blob(blob)) => assert_eq!(built.blob(blob.id), Some(built.blobs[0].as_slice())),
                (_, Input::Output { stage, map }) => assert_eq!((stage, map), (merge - 2, OutputMap::Fixed(0))),
                (_, input) => panic!("{input:?}"),
            }
            assert_eq!(merged.inputs[1], Input::Output { stage: merge - 1, map: OutputMap::All });
            assert_eq!(TrainingJob::merged_round(merge), Some(round));
            assert_eq!(TrainingJob::merged_round(merge - 1), None);
        }
    }

    #[test]
    fn training_should_give_every_image_to_a_task_when_built() {
        let job = TrainingJob::digits();
        let train = digits().train;
        let built = job.build(initial(&job), &train, &Terms::default()).unwrap();
        let [Input::Slice { blob: images, stride }, Input::Slice { blob: labels, stride: label_stride }] =
            built.spec.stages[0].inputs[1..]
        else {
            panic!("the data is cut");
        };
        assert_eq!((images.len, stride), (8 * 180 * 64, 180 * 64));
        assert_eq!((labels.len, label_stride), (8 * 180, 180));
        let images = built.blob(images.id).unwrap();
        assert_eq!(images[..1_437 * 64], train.images);
        assert_eq!(images[1_437 * 64..], train.images[..3 * 64]);
    }

    #[test]
    fn inference_should_be_six_tasks_in_three_shards_when_built() {
        let job = InferenceJob::digits();
        let built = job.build(initial(&TrainingJob::digits()), &digits().test, &Terms::default()).unwrap();
        assert_eq!(built.spec.stages.len(), 1);
        assert_eq!((built.spec.stages[0].tasks, built.spec.stages[0].shards()), (6, 3));
        assert!(built.work_macs() > 0);
    }

    #[test]
    fn inference_should_classify_every_image_when_the_last_task_is_not_full() {
        let job = small_job();
        let inference = InferenceJob { mlp: job.mlp, images: 7, shard_size: 2 };
        let test = digits().test.range(0..10);
        let built = inference.build(initial(&job), &test, &Terms::default()).unwrap();
        let outputs = local::run(&built, [0; 32], on_reference).unwrap().concat();
        let classes: Vec<u8> = outputs.into_iter().flat_map(|output| output.bytes).collect();
        assert_eq!(classes.len(), 14);
        assert!(classes.iter().all(|class| *class < CLASSES));
    }

    #[test]
    fn training_should_lower_the_loss_round_by_round_when_run() {
        let job = small_job();
        let train = digits().train.range(0..96);
        let built = job.build(initial(&job), &train, &Terms::default()).unwrap();
        let outputs = local::run(&built, [1; 32], on_reference).unwrap();
        let loss = |bytes: &[u8]| Shadow::new(job.mlp, bytes).unwrap().evaluate(&train).loss;
        let losses = [loss(&built.blobs[0]), loss(&outputs[1][0].bytes), loss(&outputs[3][0].bytes)];
        assert!(losses[1] < 0.8 * losses[0] && losses[2] < 0.8 * losses[1], "{losses:?}");
    }

    #[test]
    fn jobs_should_be_refused_when_samples_or_checkpoint_do_not_fit() {
        let job = TrainingJob::digits();
        let train = digits().train;
        let terms = Terms::default();
        let build = |initial: Vec<u8>, samples: &Samples| job.build(initial, samples, &terms).unwrap_err();
        let expected = job.mlp.checkpoint_bytes();
        assert_eq!(build(vec![0; 4], &train), ModelError::Checkpoint { expected, found: 4 });
        assert_eq!(build(initial(&job), &Samples { pixels: 32, ..train.clone() }), ModelError::Samples);
        assert_eq!(build(initial(&job), &Samples { pixels: 64, ..Samples::default() }), ModelError::Samples);
        assert_eq!(build(initial(&job), &Samples { labels: vec![0; 5], ..train.clone() }), ModelError::Samples);
        assert_eq!(build(initial(&job), &Samples { labels: vec![10; 1_437], ..train }), ModelError::Samples);
    }

    #[test]
    fn training_should_be_refused_when_rounds_do_not_fit() {
        let train = digits().train;
        for rounds in [0, 33] {
            let job = TrainingJob { rounds, ..small_job() };
            let error = job.build(initial(&job), &train, &Terms::default()).unwrap_err();
            assert_eq!(error, ModelError::Rounds);
        }
    }

    #[test]
    fn local_run_should_name_the_blob_when_it_is_missing() {
        let job = small_job();
        let mut built = job.build(initial(&job), &digits().train, &Terms::default()).unwrap();
        let lost = BlobId::of(&built.blobs.remove(1));
        assert_eq!(local::run(&built, [0; 32], on_reference).unwrap_err(), local::LocalError::Missing(lost));
    }

    #[test]
    fn local_run_should_name_the_stage_when_an_input_has_another_length() {
        let job = small_job();
        let mut built = job.build(initial(&job), &digits().train, &Terms::default()).unwrap();
        let Input::Slice { blob, stride } = built.spec.stages[0].inputs[1] else { panic!("the data is cut") };
        let stages = std::mem::take(&mut built.spec.stages);
        let mut stages = stages.into_inner();
        stages[0].inputs[1] = Input::Slice { blob, stride: stride - 1 };
        built.spec.stages = stages.try_into().unwrap();
        assert_eq!(local::run(&built, [0; 32], on_reference).unwrap_err(), local::LocalError::Inputs { stage: 0 });
    }

    #[test]
    fn output_of_a_task_should_be_of_the_programs_type_when_run() {
        let (mlp, training) = small();
        let ty = TensorType::new(DType::I32, Shape::vector(mlp.parameters()));
        assert_eq!(mlp.local_training(&training).unwrap().output_type(), ty);
        let ty = TensorType::new(DType::I32, Shape::vector(mlp.checkpoint_len()));
        assert_eq!(mlp.merge(&training).unwrap().output_type(), ty);
        assert_eq!(mlp.inference(7).unwrap().output_type(), TensorType::new(DType::I8, Shape::vector(7)));
    }
}
