// SPDX-License-Identifier: Apache-2.0
//! What the integer program computes, and how near it comes to `f32`.

use super::*;
use crate::models::local;
use quern_program::{reference, Program, MAX_CONVICTION_BYTES};

fn everything_imported(images: Option<u32>) -> (Network, Imported) {
    let network = parsed(&everything()).unwrap();
    let options = Options { images, ..Options::default() };
    let imported = imported(&network, &samples(&network, 256), &options).unwrap();
    (network, imported)
}

#[test]
fn program_should_come_near_to_f32_when_it_has_every_operator() {
    let (_, imported) = everything_imported(None);
    let fidelity = imported.fidelity;
    assert_eq!((imported.calibration_samples, fidelity.predictions), (192, 64));
    assert!(fidelity.top1_agreement >= 0.9, "{fidelity:?}");
    assert!(fidelity.rms_logit_error <= 0.1 * fidelity.rms_logit, "{fidelity:?}");
}

#[test]
fn programs_should_be_publishable_and_agree_with_the_reference() {
    let (network, imported) = everything_imported(Some(3));
    let images: Vec<u8> = samples(&network, 3).values.chunks(162).flat_map(|image| imported.image(image)).collect();
    for program in [&imported.program, &imported.logits_program] {
        let again = Program::decode_checked(&codec::Encode::encode(program.program())).unwrap();
        assert_eq!(again.id(), program.id());
        assert!(u64::from(again.summary().conviction_bytes) <= MAX_CONVICTION_BYTES);
        let inputs = imported.inputs(&images);
        assert_eq!(run(program, &inputs).unwrap(), reference::run(program, &Context::default(), &inputs));
    }
}

#[test]
fn classes_should_be_those_of_the_largest_logits() {
    let (network, imported) = everything_imported(Some(16));
    let images: Vec<u8> = samples(&network, 16).values.chunks(162).flat_map(|image| imported.image(image)).collect();
    let logits = run(&imported.logits_program, &imported.inputs(&images)).unwrap().values();
    let classes = run(&imported.program, &imported.inputs(&images)).unwrap().values();
    assert_eq!(classes.len(), 16);
    for (logits, class) in logits.chunks(5).zip(classes) {
        assert_eq!(logits.iter().max(), Some(&logits[class as usize]));
    }
}

#[test]
fn import_should_be_the_same_twice() {
    let (a, b) = (everything_imported(None).1, everything_imported(None).1);
    assert_eq!((a.program.id(), a.blobs, a.fidelity), (b.program.id(), b.blobs, b.fidelity));
}

#[test]
fn images_of_a_task_should_be_as_many_as_fit_when_none_are_asked_for() {
    let network = parsed(&everything()).unwrap();
    let samples = samples(&network, 32);
    let all = imported(&network, &samples, &Options::default()).unwrap();
    assert_eq!(all.images, 64);
    let most = all.memory_mib() - 1;
    let fewer = imported(&network, &samples, &Options { images: None, max_memory_mib: most }).unwrap();
    assert!(fewer.images < 64 && fewer.memory_mib() <= most);
}

#[test]
fn job_should_classify_all_images_when_the_last_task_is_filled_up() {
    let (network, imported) = everything_imported(Some(4));
    let images: Vec<u8> = samples(&network, 10).values.chunks(162).flat_map(|image| imported.image(image)).collect();
    let built = imported.job(&images, 2, &Terms::default()).unwrap();
    assert_eq!(built.spec.stages[0].tasks, 3);
    assert!(built.spec.requirements.memory_mib >= imported.memory_mib());
    let outputs = local::run(&built, [0; 32], |program, _, inputs| run(program, inputs)).unwrap();
    let classes: Vec<i32> = outputs[0].iter().flat_map(Tensor::values).collect();
    let one = |image: &[u8]| run(&imported.program, &imported.inputs(image)).unwrap().values()[0];
    assert_eq!(classes[..10], images.chunks(162).map(one).collect::<Vec<i32>>());
    assert_eq!(classes[10..], classes[..2]);
    assert_eq!(imported.job(&images[1..], 2, &Terms::default()).unwrap_err(), ModelError::Samples);
    assert_eq!(imported.job(&[], 2, &Terms::default()).unwrap_err(), ModelError::Samples);
}

#[test]
fn products_should_be_split_when_they_are_longer_than_a_conviction_allows() {
    let mut draw = Draw::new([2; 32]);
    let network = matrix(12_000, 3, random(&mut draw, 36_000), 1.0);
    let imported = imported(&network, &samples(&network, 32), &Options::default()).unwrap();
    assert!(imported.fidelity.rms_logit_error < 0.02 * imported.fidelity.rms_logit, "{:?}", imported.fidelity);
}

#[test]
fn classes_should_have_sixteen_bits_when_there_are_more_than_127() {
    let network = matrix(2, 200, (0..400).map(|at| f64::from(at / 2 * (at % 2))), 0.0);
    let mut samples = samples(&network, 32);
    samples.values.fill(1.0);
    let imported = imported(&network, &samples, &Options::default()).unwrap();
    let ty = imported.program.program().inputs[0];
    assert_eq!(ty.shape.dims(), [64, 2]);
    let classes = run(&imported.program, &imported.inputs(&imported.image(&[1.0, 1.0]))).unwrap();
    assert_eq!((classes.ty.dtype, classes.values()[0]), (quern_program::DType::I16, 199));
}

#[test]
fn biases_should_be_kept_when_weights_are_much_smaller_or_zero() {
    for weight in [0.0, 1e-12, 1e-3] {
        let network = matrix(2, 2, [weight, weight, -weight, -weight].into_iter(), 3.25);
        let imported = imported(&network, &samples(&network, 32), &Options::default()).unwrap();
        assert!(imported.fidelity.worst_logit_error < 1e-4, "{weight}: {:?}", imported.fidelity);
    }
}

#[test]
fn layer_should_be_refused_when_its_sums_could_overflow() {
    let network = matrix(70_000, 1, (0..70_000).map(|_| 1.0), 0.0);
    let error = imported(&network, &samples(&network, 32), &Options::default()).unwrap_err();
    assert!(matches!(error, OnnxError::Depth { depth: 70_000, .. }), "{error}");
}
