// SPDX-License-Identifier: Apache-2.0
//! Every operator, before the referee: one flipped bit of an output is convicted, from proofs of what that element reads.

use codec::Encode;
use quern_primitives::{
    job::{Blob, Input, Stage},
    slice, BlobId,
};
use quern_program::{arbitrary::random_program, decode_element, reference, Segment, Tensor};
use quern_protocol::{
    dispute::{Posted, Trace},
    evidence::{Conviction, Evidence},
    inputs::{Link, Origin, Part, StageContext},
    referee::Agreed,
};
use std::{borrow::Cow, collections::BTreeSet};

/// Flips one bit of each operator of a random program and has it convicted. Adds the operators' indices to `seen`.
fn convict_each(seed: u64, seen: &mut BTreeSet<u8>) {
    let (program, inputs) = random_program(seed);
    let blob = |tensor: &Tensor| Blob { id: tensor.id(), len: tensor.bytes.len() as u64 };
    let slots: Vec<Input> = inputs.iter().map(|tensor| Input::Blob(blob(tensor))).collect();
    let stage = Stage { program: program.id(), tasks: 1, shard_size: 1, inputs: slots.try_into().unwrap() };
    let stage = StageContext { genesis: [1; 32], job: 5, index: 0, stage, randomness: [2; 32], outputs: Vec::new() };
    let served = |_: u16, part: &Part| {
        let Origin::Blob { blob, .. } = &part.origin else { return None };
        let found = inputs.iter().find(|tensor| tensor.id() == blob.id)?;
        Some((Link::Known, Cow::Borrowed(found.bytes.as_ref())))
    };
    let mut state: Vec<Tensor> = Vec::new();
    let segments: Vec<Segment> =
        (0..program.program().segments()).filter_map(|index| program.program().segment(index)).collect();
    for segment in segments {
        let kind = segment.kind();
        let trace = reference::run_block(&program, kind, &stage.context(0).at(segment), &inputs, &state);
        let ids = |tensors: &[Tensor]| tensors.iter().map(Tensor::id).collect::<Vec<BlobId>>();
        let (before, after) = (ids(&state).try_into().unwrap(), ids(&trace).try_into().unwrap());
        let posted = Posted::Whole(Trace { state: before, outputs: after });
        let outputs: Vec<&[u8]> = trace.iter().map(|tensor| tensor.bytes.as_ref()).collect();
        let states: Vec<&[u8]> = state.iter().map(|tensor| tensor.bytes.as_ref()).collect();
        let evidence =
            Evidence { program: &program, stage: &stage, task: 0, segment, state: &states, outputs: &outputs };
        for (op, own) in (0u16..).zip(&trace) {
            let mut lie = own.bytes.to_vec();
            let at = (seed as usize).wrapping_mul(31).wrapping_add(usize::from(op) * 7) % lie.len();
            lie[at] ^= 1 << (seed % 8);
            let Ok(Conviction::Element { element, output, reads }) = evidence.convict(op, &lie, served) else {
                panic!("{seed} {segment:?} {op}: no conviction");
            };
            let width = own.ty.dtype.bytes();
            let range = element * width..(element + 1) * width;
            let shown = slice::verify(&BlobId::of(&lie), lie.len() as u64, range.clone(), &output.unwrap()).unwrap();
            let agreed = Agreed { program: &program, stage: &stage, task: 0, segment, trace: &posted };
            let right = agreed.recompute(op, element, &reads).unwrap();
            assert_eq!(right, own.get(element), "{seed} {segment:?} {op}");
            let bytes = shown.bytes(range.clone()).unwrap();
            assert_ne!(bytes, &own.bytes[range.start as usize..range.end as usize]);
            assert!(own.ty.dtype.bytes() == 1 || decode_element(own.ty.dtype, bytes, 0) != right);
            seen.insert(program.program().block(kind)[usize::from(op)].kind.encode()[0]);
        }
        state = reference::segment_result(&program, kind, &trace, &state);
    }
}

#[test]
fn one_flipped_bit_should_be_convicted_whatever_the_operator() {
    let mut seen = BTreeSet::new();
    (0..300).for_each(|seed| convict_each(seed, &mut seen));
    assert_eq!(seen, (0..=29).collect());
}
