// SPDX-License-Identifier: Apache-2.0
//! The evidence that a challenger builds convinces the referee, for every element of every operator.
use crate::fixture::{Tamper, World};
use quern_program::{reference::run_with_leaves, Tensor};
use quern_protocol::{dispute::Posted, evidence::EvidenceError, referee::Agreed};

#[test]
fn reads_should_convince_the_referee_when_they_are_of_any_element() {
    let world = World::looped();
    let party = world.honest([1; 32]);
    for position in 0..world.leaves() {
        let trace = Posted::Whole(world.trace(&party, position));
        let (_, outputs) = world.segment_of(&party, position);
        world.with_evidence(&party, position, |evidence| {
            let agreed = Agreed {
                program: &world.program,
                stage: &world.context,
                task: evidence.task,
                segment: evidence.segment,
                trace: &trace,
            };
            for op in 0..outputs.len() as u16 {
                let ty = agreed.output_type(op).unwrap();
                for element in (0..ty.elements()).step_by(61) {
                    let reads = evidence.reads(op, element, |_, part| world.blob(part)).unwrap();
                    let computed = agreed.recompute(op, element, &reads).unwrap();
                    let stored = quern_program::decode_element(ty.dtype, &outputs[usize::from(op)], element);
                    assert_eq!(computed, stored, "position {position} operator {op} element {element}");
                }
            }
        });
    }
}

#[test]
fn run_should_agree_with_the_reference_when_it_is_honest() {
    let world = World::looped();
    let types = world.program.program().inputs.iter();
    let inputs: Vec<Tensor> = (0u16..).zip(types).map(|(slot, ty)| Tensor::new(*ty, world.input(slot, 1))).collect();
    let (_, leaves) = run_with_leaves(&world.program, &world.context.context(1), &inputs);
    assert_eq!(world.run(1, &mut |_, _, _, _| ()).ids, leaves);
}

#[test]
fn reads_should_fail_when_a_blob_is_missing_or_another_one() {
    let world = World::looped();
    let party = world.honest([1; 32]);
    world.with_evidence(&party, 0, |evidence| {
        assert_eq!(evidence.reads(0, 0, |_, _| None), Err(EvidenceError::Input(0)));
        let other = |_, part: &_| world.blob(part).map(|(link, _)| (link, vec![0].into()));
        assert_eq!(evidence.reads(0, 0, other), Err(EvidenceError::WrongBlob(0)));
        assert_eq!(evidence.reads(9, 0, |_, part| world.blob(part)), Err(EvidenceError::NoSuchElement));
        assert_eq!(evidence.reads(0, 1_024, |_, part| world.blob(part)), Err(EvidenceError::NoSuchElement));
    });
}

#[test]
fn convict_should_find_nothing_when_outputs_are_equal() {
    let world = World::looped();
    let party = world.honest([1; 32]);
    let same = world.segment_of(&party, 0).1[0].clone();
    world.with_evidence(&party, 0, |evidence| {
        let found = evidence.convict(0, &same, |_, part| world.blob(part));
        assert_eq!(found, Err(EvidenceError::NothingDiffers));
    });
}

#[test]
fn widest_conviction_should_fit_when_the_product_is_as_wide_as_allowed() {
    let world = World::widest();
    let lie: Tamper<'_> = &mut |_, _, _, bytes| bytes[0] ^= 1;
    let (worker, honest) = (world.party([1; 32], lie), world.honest([1; 32]));
    let claimed = world.segment_of(&worker, 0).1[0].clone();
    let conviction =
        world.with_evidence(&honest, 0, |evidence| evidence.convict(0, &claimed, |_, part| world.blob(part)).unwrap());
    let quern_protocol::evidence::Conviction::Element { output: Some(output), reads, .. } = conviction else {
        panic!("an element")
    };
    let bytes = output.0.len() + reads.iter().map(|read| read.proof.0.len()).sum::<usize>();
    assert!((22 << 10..=32 << 10).contains(&bytes), "{bytes}");
}
