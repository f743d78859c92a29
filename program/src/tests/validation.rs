// SPDX-License-Identifier: Apache-2.0
//! Each way in which a program is refused.

use super::ty;
use crate::{
    check::{MAX_ARGUMENTS, MAX_CONSTANTS, MAX_INPUTS, MAX_OPERATORS, MAX_STATE, MAX_STEPS},
    Constant, DType, Op, OpKind, OperatorError, Program, ProgramBuilder, ProgramError, SegmentKind, Shape, TypeError,
    Value, MAX_PROGRAM_BYTES,
};
use codec::Encode;
use DType::{I16, I32, I8};

fn op(kind: OpKind, args: &[Value]) -> Op {
    Op { kind, args: args.to_vec() }
}

/// `input 0 + input 0`.
fn simple() -> Program {
    Program {
        inputs: vec![ty(I32, &[4])],
        constants: vec![],
        init: vec![],
        state: vec![],
        body: vec![],
        next: vec![],
        steps: 0,
        finish: vec![op(OpKind::Add, &[Value::Input(0), Value::Input(0)])],
        output: Value::Op(0),
    }
}

/// State = input; each step adds the step number; output = state doubled.
fn looped() -> Program {
    Program {
        init: vec![op(OpKind::Add, &[Value::Input(0), Value::Input(0)])],
        state: vec![Value::Op(0)],
        body: vec![op(OpKind::Add, &[Value::State(0), Value::Step])],
        next: vec![Value::Op(0)],
        steps: 3,
        finish: vec![op(OpKind::Add, &[Value::State(0), Value::State(0)])],
        ..simple()
    }
}

fn refused(change: impl FnOnce(&mut Program)) -> ProgramError {
    let mut program = looped();
    change(&mut program);
    program.check().unwrap_err()
}

fn operator(block: SegmentKind, op: u16, error: OperatorError) -> ProgramError {
    ProgramError::Operator { block, op, error }
}

#[test]
fn program_should_be_accepted_when_it_is_valid() {
    for program in [simple(), looped()] {
        let bytes = program.encode();
        let checked = Program::decode_checked(&bytes).unwrap();
        assert_eq!(checked.program(), &program);
        assert_eq!(checked.id(), quern_primitives::BlobId::of(&bytes));
        assert_eq!(checked.output_type(), ty(I32, &[4]));
    }
}

#[test]
fn summary_should_count_a_tensor_that_is_carried_on_once_when_blobs_are_kept() {
    let mut b = crate::ProgramBuilder::new();
    let x = b.input(I32, &[4]);
    let (first, second) = (b.add(x, x), b.mul(x, x));
    let state = b.begin_body(&[first, second]);
    let next = b.add(state[0], state[1]);
    let state = b.begin_finish(&[next, state[1]], 10);
    let output = b.add(state[0], state[1]);
    // Eleven lists, an output, eleven times the first tensor and once the second.
    assert_eq!(b.build(output).unwrap().summary().kept_blobs, 12 + 11 + 1);
}

#[test]
fn summary_should_count_cost_and_bytes() {
    let summary = looped().check().unwrap().summary();
    assert_eq!((summary.steps, summary.segments, summary.inputs), (3, 5, 1));
    assert_eq!((summary.macs_init, summary.macs_body, summary.macs_finish), (4, 4, 4));
    assert_eq!((summary.moved_init, summary.moved_body, summary.moved_finish), (48, 36, 48));
    assert_eq!((summary.fixed_bytes, summary.state_bytes, summary.output_bytes), (16, 16, 16));
    assert_eq!(summary.memory_bytes, 16 + 2 * 16 + 16);
    // Four lists and an output; the state's one tensor is new in each list.
    assert_eq!(summary.kept_blobs, 5 + 4);
    assert_eq!(summary.task_macs(), 20);
    assert_eq!((0..6).map(|index| summary.segment_macs(index)).collect::<Vec<_>>(), [4, 4, 4, 4, 4, 0]);
    // Two inputs of at most 1 GiB (20 parents each) and the output's one short chunk.
    assert_eq!(summary.conviction_bytes, 2 * (1024 + 20 * 64) + 16);
}

#[test]
fn decode_should_fail_when_bytes_are_no_program() {
    assert_eq!(Program::decode_checked(&[]), Err(ProgramError::Encoding));
    let mut bytes = simple().encode();
    bytes.push(0);
    assert_eq!(Program::decode_checked(&bytes), Err(ProgramError::Encoding));
    assert_eq!(Program::decode_checked(&vec![0; MAX_PROGRAM_BYTES + 1]), Err(ProgramError::TooLong));
}

#[test]
fn check_should_fail_when_the_encoding_is_too_long() {
    let bytes = vec![0; MAX_PROGRAM_BYTES];
    let constant = Constant { ty: ty(I8, &[MAX_PROGRAM_BYTES as u32]), bytes };
    assert_eq!(refused(|p| p.constants = vec![constant]), ProgramError::TooLong);
}

#[test]
fn shape_should_not_decode_when_its_rank_is_wrong() {
    use codec::Decode;
    assert!(Shape::decode(&mut &Vec::<u32>::new().encode()[..]).is_err());
    assert!(Shape::decode(&mut &vec![1u32; 5].encode()[..]).is_err());
    let shape = Shape::new(&[1, 2, 3, 4]).unwrap();
    assert_eq!(shape.encode(), vec![1u32, 2, 3, 4].encode());
    assert_eq!(Shape::decode(&mut &shape.encode()[..]), Ok(shape));
}

#[test]
fn check_should_pass_when_all_operators_that_there_can_be_are_in_one_block() {
    let mut b = ProgramBuilder::new();
    let mut x = b.input(I32, &[1]);
    for _ in 0..MAX_OPERATORS {
        x = b.add(x, x);
    }
    let checked = b.build(x).unwrap();
    assert_eq!(checked.types(SegmentKind::Finish).len(), MAX_OPERATORS);
    assert_eq!(Program::decode_checked(&checked.program().encode()), Ok(checked));
}

#[test]
fn check_should_fail_when_an_operator_reads_more_than_it_can() {
    let concat = |count| op(OpKind::Concat { axis: 0 }, &vec![Value::Input(0); count]);
    let error = OperatorError::Type(TypeError::Arity);
    let refusal = ProgramError::Operator { block: SegmentKind::Finish, op: 0, error };
    assert_eq!(refused(|p| p.finish = vec![concat(MAX_ARGUMENTS + 1)]), refusal);
    assert!(Program { finish: vec![concat(MAX_ARGUMENTS)], ..simple() }.check().is_ok());
}

#[test]
fn check_should_fail_when_there_are_too_many_parts() {
    let tiny = op(OpKind::Random { shape: Shape::vector(1) }, &[]);
    let tiny = |count| vec![tiny.clone(); count];
    assert_eq!(refused(|p| p.init = tiny(MAX_OPERATORS + 1)), ProgramError::TooManyOperators);
    assert_eq!(refused(|p| p.finish = tiny(MAX_OPERATORS + 1)), ProgramError::TooManyOperators);
    assert_eq!(refused(|p| (p.init, p.body) = (tiny(2_048), tiny(2_048))), ProgramError::TooManyOperators);
    assert_eq!(refused(|p| p.inputs = vec![ty(I8, &[1]); MAX_INPUTS + 1]), ProgramError::TooManyInputs);
    let constant = Constant { ty: ty(I8, &[1]), bytes: vec![1] };
    assert_eq!(refused(|p| p.constants = vec![constant; MAX_CONSTANTS + 1]), ProgramError::TooManyConstants);
    assert_eq!(refused(|p| p.state = vec![Value::Op(0); MAX_STATE + 1]), ProgramError::TooManyStates);
    assert_eq!(refused(|p| p.steps = MAX_STEPS + 1), ProgramError::TooManySteps);
}

#[test]
fn check_should_fail_when_an_input_is_empty_or_too_large() {
    assert_eq!(refused(|p| p.inputs.push(ty(I8, &[3, 0]))), ProgramError::InputSize(1));
    assert_eq!(refused(|p| p.inputs.push(ty(I8, &[(64 << 20) + 1]))), ProgramError::InputSize(1));
    assert_eq!(refused(|p| p.inputs.push(ty(I32, &[u32::MAX; 4]))), ProgramError::InputSize(1));
}

#[test]
fn check_should_fail_when_a_constant_does_not_match_its_type() {
    let constant = |dims: &[u32], len| Constant { ty: ty(I16, dims), bytes: vec![0; len] };
    assert_eq!(refused(|p| p.constants = vec![constant(&[2], 3)]), ProgramError::ConstantLength(0));
    assert_eq!(refused(|p| p.constants = vec![constant(&[0], 0)]), ProgramError::ConstantSize(0));
}

#[test]
fn check_should_fail_when_the_loop_is_not_whole() {
    assert_eq!(refused(|p| p.steps = 0), ProgramError::LoopWithoutSteps);
    assert_eq!(refused(|p| p.body.clear()), ProgramError::LoopWithoutBody);
    assert_eq!(
        refused(|p| {
            p.state.clear();
            p.next.clear();
        }),
        ProgramError::LoopWithoutBody
    );
    assert_eq!(refused(|p| p.next.push(Value::Op(0))), ProgramError::StateCount);
}

#[test]
fn check_should_fail_when_a_result_is_no_output() {
    for value in [Value::Input(0), Value::Op(1), Value::State(0), Value::Step] {
        assert_eq!(refused(|p| p.state = vec![value]), ProgramError::StateNotOutput(0));
    }
    for value in [Value::Input(0), Value::Op(1), Value::State(1), Value::Step] {
        assert_eq!(refused(|p| p.next = vec![value]), ProgramError::NextNotOutput(0));
    }
    for value in [Value::Input(0), Value::Op(1), Value::State(0), Value::Step] {
        assert_eq!(refused(|p| p.output = value), ProgramError::OutputNotOutput);
    }
}

#[test]
fn check_should_fail_when_the_next_state_has_another_type() {
    let error = refused(|p| {
        p.body.push(op(OpKind::Cast { dtype: I16 }, &[Value::State(0)]));
        p.next = vec![Value::Op(1)];
    });
    assert_eq!(error, ProgramError::StateType(0));
}

#[test]
fn check_should_fail_when_an_operator_reads_what_is_not_there() {
    let reads = |kind, value: Value| {
        refused(|p| {
            let ops = match kind {
                SegmentKind::Init => &mut p.init,
                SegmentKind::Body => &mut p.body,
                SegmentKind::Finish => &mut p.finish,
            };
            ops.push(op(OpKind::BitLength, &[value]));
        })
    };
    for value in [Value::Op(1), Value::Op(2), Value::Input(1), Value::Const(0), Value::State(1)] {
        let error = OperatorError::UnknownValue(value);
        assert_eq!(reads(SegmentKind::Body, value), operator(SegmentKind::Body, 1, error));
    }
    for (block, value) in
        [(SegmentKind::Init, Value::State(0)), (SegmentKind::Init, Value::Step), (SegmentKind::Finish, Value::Step)]
    {
        let error = OperatorError::ValueNotInBlock(value);
        assert_eq!(reads(block, value), operator(block, 1, error));
    }
}

#[test]
fn check_should_fail_when_an_operator_does_not_take_its_arguments() {
    let error = OperatorError::Type(TypeError::Arity);
    assert_eq!(refused(|p| p.finish[0].args.clear()), operator(SegmentKind::Finish, 0, error));
    let error = OperatorError::Type(TypeError::DType(0));
    assert_eq!(refused(|p| p.init[0].kind = OpKind::MatmulNt), operator(SegmentKind::Init, 0, error));
}

#[test]
fn check_should_fail_when_an_output_is_empty_or_too_large() {
    let random = |dims: &[u32]| {
        let kind = OpKind::Random { shape: Shape::new(dims).unwrap() };
        refused(|p| p.finish.insert(0, op(kind, &[])))
    };
    assert_eq!(random(&[2, 0]), operator(SegmentKind::Finish, 0, OperatorError::EmptyDimension));
    assert_eq!(random(&[(16 << 20) + 1]), operator(SegmentKind::Finish, 0, OperatorError::TooLarge));
    assert_eq!(random(&[u32::MAX; 4]), operator(SegmentKind::Finish, 0, OperatorError::TooLarge));
}

#[test]
fn check_should_fail_when_one_element_needs_too_many_proofs() {
    let product = |k: u32| {
        Program {
            inputs: vec![ty(I8, &[1, k]), ty(I8, &[1, k])],
            finish: vec![op(OpKind::MatmulNt, &[Value::Input(0), Value::Input(1)])],
            ..simple()
        }
        .check()
    };
    assert!(product(11_008).is_ok());
    assert!(matches!(
        product(16_384),
        Err(ProgramError::Operator { error: OperatorError::TooWide(bytes), .. }) if bytes > 32 << 10
    ));
    let columns = |rows| {
        let sum = op(OpKind::ColSum, &[Value::Input(0)]);
        Program { inputs: vec![ty(I32, &[rows, 4096])], finish: vec![sum], ..simple() }.check()
    };
    assert!(columns(12).is_ok());
    assert!(columns(16).is_err());
    // Narrow rows lie next to each other and are proven as one run.
    let sum = op(OpKind::ColSum, &[Value::Input(0)]);
    assert!(Program { inputs: vec![ty(I8, &[512, 10])], finish: vec![sum], ..simple() }.check().is_ok());
}

#[test]
fn conviction_bytes_should_grow_when_an_input_is_made_of_linked_blobs() {
    let sum = op(OpKind::RowSum, &[Value::Input(0)]);
    let checked = Program { inputs: vec![ty(I32, &[1, 64])], finish: vec![sum], ..simple() }.check().unwrap();
    // An entry of the longest list: one chunk under 11 parents.
    let link = 1024 + 11 * 64 + 128;
    assert_eq!(checked.conviction_bytes_with(|_| None), u64::from(checked.summary().conviction_bytes));
    assert_eq!(checked.conviction_bytes_with(|_| Some(4)), 64 * (4 + link) + 4);
    assert_eq!(checked.conviction_bytes_with(|_| Some(256)), 2 * (256 + link) + 4);
}

#[test]
fn check_should_fail_when_a_segment_takes_too_much_memory() {
    let random = op(OpKind::Random { shape: Shape::vector(16 << 20) }, &[]);
    assert_eq!(refused(|p| p.finish = vec![random; 129]), ProgramError::TooMuchMemory);
}

#[test]
fn errors_should_name_the_operator() {
    let error = refused(|p| p.finish[0].args.clear());
    assert_eq!(error.to_string(), "operator 0 of Finish: the number of arguments is wrong");
}
