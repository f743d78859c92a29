// SPDX-License-Identifier: Apache-2.0
//! The known-answer run: every kernel against the reference on edge values, before an executor is trusted with stake.

use crate::{Executor, ExecutorError};
use quern_program::{
    reference, Checked, Context, DType, Op, OpKind, Program, ProgramError, SegmentKind, Shape, Tensor, TensorType,
    Value,
};

/// Values at the edges of types, shifts and tables.
pub(crate) const EDGES: [i32; 32] = [
    0,
    1,
    -1,
    2,
    -2,
    3,
    7,
    15,
    -15,
    30,
    31,
    32,
    -31,
    -32,
    126,
    127,
    128,
    -126,
    -127,
    -128,
    255,
    -256,
    32_767,
    32_768,
    -32_768,
    -32_769,
    65_536,
    0x0123_4567,
    i32::MAX - 1,
    i32::MAX,
    i32::MIN,
    i32::MIN + 1,
];

/// How an executor differs from the reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It computed another element.
    #[error("{kernel}: element {element} is {found}, should be {expected}")]
    Element {
        /// The operator, with the types of its arguments.
        kernel: String,
        /// Index of the first such element.
        element: u64,
        /// What the reference says.
        expected: i32,
        /// What the executor says.
        found: i32,
    },
    /// It returned another number of tensors or bytes.
    #[error("{kernel}: the result has the wrong form")]
    Form {
        /// The operator, with the types of its arguments.
        kernel: String,
    },
    /// It could not run the operator.
    #[error("{kernel}: {error}")]
    Failed {
        /// The operator, with the types of its arguments.
        kernel: String,
        /// Why.
        error: ExecutorError,
    },
    /// The known-answer run itself is wrong.
    #[error("{kernel}: {error}")]
    Invalid {
        /// The operator, with the types of its arguments.
        kernel: String,
        /// Why.
        error: ProgramError,
    },
}

/// A program of one operator and edge values for it.
#[derive(Clone, Debug)]
pub struct EdgeCase {
    /// The operator, with the types of its arguments.
    pub kernel: String,
    /// The program.
    pub program: Checked,
    /// The context that it is run in.
    pub context: Context,
    /// Its inputs.
    pub inputs: Vec<Tensor>,
}

/// The known-answer run's programs: every operator, with every way its kernel is put together that could make a difference.
pub fn edge_cases() -> Result<Vec<EdgeCase>, Mismatch> {
    let case = |(kind, types): (OpKind, Vec<TensorType>)| {
        let named: Vec<_> = types.iter().map(|ty| format!("{:?} {:?}", ty.dtype, ty.shape)).collect();
        let kernel = format!("{kind:?} of {}", named.join(", "));
        let inputs = (0..).zip(&types).map(|(arg, ty)| edges(arg, *ty)).collect();
        let context = Context { index: 1, seed: [0xa5; 32], step: 0 };
        match program(kind, &types) {
            Ok(program) => Ok(EdgeCase { kernel, program, context, inputs }),
            Err(error) => Err(Mismatch::Invalid { kernel, error }),
        }
    };
    cases().into_iter().map(case).collect()
}

/// Compares each kernel with the reference on edge values.
pub fn self_test(executor: &dyn Executor) -> Result<(), Mismatch> {
    edge_cases()?.into_iter().try_for_each(|case| compare(executor, case))
}

fn compare(executor: &dyn Executor, case: EdgeCase) -> Result<(), Mismatch> {
    let EdgeCase { kernel, program, context, inputs } = case;
    let expected = reference::run_block(&program, SegmentKind::Finish, &context, &inputs, &[]);
    let found = match executor.run_block(&program, SegmentKind::Finish, &context, &inputs, &[]) {
        Ok(found) => found,
        Err(error) => return Err(Mismatch::Failed { kernel, error }),
    };
    let ([expected], [found]) = (expected.as_slice(), found.as_slice()) else {
        return Err(Mismatch::Form { kernel });
    };
    if expected == found {
        return Ok(());
    }
    let different = (0..expected.ty.elements()).find(|element| expected.get(*element) != found.get(*element));
    Err(match different {
        Some(element) => {
            Mismatch::Element { kernel, element, expected: expected.get(element), found: found.get(element) }
        }
        None => Mismatch::Form { kernel },
    })
}

/// A program of one operator.
fn program(kind: OpKind, types: &[TensorType]) -> Result<Checked, ProgramError> {
    Program {
        inputs: types.to_vec(),
        constants: vec![],
        init: vec![],
        state: vec![],
        body: vec![],
        next: vec![],
        steps: 0,
        finish: vec![Op { kind, args: (0..types.len() as u16).map(Value::Input).collect() }],
        output: Value::Op(0),
    }
    .check()
}

/// Edge values, arranged so that two tensors of 1,024 elements show every pair of them.
fn edges(arg: usize, ty: TensorType) -> Tensor {
    let count = EDGES.len();
    let place = |i: usize| match arg {
        0 if ty.shape.last() as usize == count => i + i / count / count,
        0 => i + i / 7,
        _ if ty.elements() as usize == count * count => i / count,
        _ => i * 5 + i / 11,
    };
    let values: Vec<i32> = (0..ty.elements() as usize).map(|i| EDGES[place(i) % count]).collect();
    Tensor::from_values(ty, &values)
}

/// Operators and the types of their arguments.
fn cases() -> Vec<(OpKind, Vec<TensorType>)> {
    use DType::{I16, I32, I8};
    let ty = |dtype, dims: &[u32]| TensorType::new(dtype, Shape::new(dims).unwrap_or(Shape::vector(1)));
    let mut cases = Vec::new();
    for kind in [
        OpKind::Add,
        OpKind::Sub,
        OpKind::Mul,
        OpKind::Div,
        OpKind::Min,
        OpKind::Max,
        OpKind::ShiftRound,
        OpKind::ShiftStochastic,
    ] {
        cases.push((kind.clone(), vec![ty(I32, &[32, 32]), ty(I32, &[32, 32])]));
        cases.push((kind.clone(), vec![ty(I8, &[3, 5, 31]), ty(I16, &[31])]));
        cases.push((kind.clone(), vec![ty(I16, &[77, 32]), ty(I8, &[77, 1])]));
        cases.push((kind.clone(), vec![ty(I32, &[333]), ty(I8, &[1])]));
    }
    for k in [1, 64, 67, 130] {
        cases.push((OpKind::MatmulNt, vec![ty(I8, &[70, k]), ty(I8, &[65, k])]));
    }
    cases.push((OpKind::MatmulNt, vec![ty(I8, &[1, 1000]), ty(I8, &[3, 1000])]));
    cases.push((OpKind::MatmulNt, vec![ty(I8, &[3, 5, 67, 18]), ty(I8, &[3, 5, 2, 18])]));
    cases.push((OpKind::MatmulNt, vec![ty(I8, &[7, 3, 64]), ty(I8, &[7, 65, 64])]));
    // The processor multiplies large matrices by quarters.
    cases.push((OpKind::MatmulNt, vec![ty(I8, &[512, 512]), ty(I8, &[512, 512])]));
    cases.push((OpKind::ColSum, vec![ty(I32, &[9, 300])]));
    cases.push((OpKind::Random { shape: Shape::matrix(3, 111) }, vec![]));
    for frac_bits in [0, 8, 16, 24] {
        cases.push((OpKind::Softmax { frac_bits }, vec![ty(I32, &[40, 19])]));
    }
    cases.push((OpKind::Softmax { frac_bits: 8 }, vec![ty(I32, &[2, 700])]));
    for dtype in [I8, I16, I32] {
        let matrix = ty(dtype, &[33, 29]);
        cases.push((OpKind::Transpose, vec![matrix]));
        cases.push((OpKind::Gather, vec![matrix, ty(I32, &[37])]));
        cases.push((OpKind::Clamp { lo: -3, hi: 1000 }, vec![matrix]));
        cases.push((OpKind::Cast { dtype }, vec![ty(I32, &[35])]));
        cases.push((OpKind::Table, vec![ty(I8, &[5, 77]), ty(dtype, &[256])]));
        cases.push((OpKind::BitLength, vec![matrix]));
        cases.push((OpKind::Sqrt, vec![matrix]));
        cases.push((OpKind::OneHot { columns: 130 }, vec![ty(dtype, &[37])]));
        cases.push((OpKind::Permute { axes: [2, 0, 1, 3] }, vec![ty(dtype, &[5, 7, 6])]));
        cases.push((OpKind::Permute { axes: [0, 2, 1, 3] }, vec![ty(dtype, &[3, 7, 5, 6])]));
        cases.push((OpKind::Permute { axes: [3, 1, 0, 2] }, vec![ty(dtype, &[3, 7, 5, 6])]));
        let (kernel, stride, padding) = ([3, 2], [2, 1], [2, 0]);
        cases.push((OpKind::Unfold2d { kernel, stride, padding, fill: i32::MIN }, vec![ty(dtype, &[2, 6, 5, 3])]));
        cases.push((OpKind::Fold2d { kernel, stride, padding, image: [6, 5] }, vec![ty(dtype, &[2, 4, 4, 18])]));
        let (kernel, stride, padding) = ([3, 3], [1, 1], [1, 1]);
        cases.push((OpKind::Unfold2d { kernel, stride, padding, fill: 7 }, vec![ty(dtype, &[1, 4, 7, 5])]));
        cases.push((OpKind::Fold2d { kernel, stride, padding, image: [4, 7] }, vec![ty(dtype, &[1, 4, 7, 45])]));
        for kind in [OpKind::RowSum, OpKind::RowMax, OpKind::RowMaxAbs, OpKind::RowArgmax] {
            cases.push((kind.clone(), vec![matrix]));
            cases.push((kind.clone(), vec![ty(dtype, &[3, 777])]));
            // Rows in which each edge stands alone.
            cases.push((kind, vec![ty(dtype, &[33, 1])]));
        }
        cases.push((OpKind::ColSum, vec![matrix]));
        cases.push((OpKind::Reshape { shape: Shape::matrix(29, 33) }, vec![matrix]));
        cases.push((OpKind::Slice { axis: 1, start: 3, len: 7 }, vec![ty(dtype, &[5, 11, 3])]));
        cases.push((OpKind::Slice { axis: 0, start: 2, len: 3 }, vec![ty(dtype, &[5, 13])]));
        let parts = vec![ty(dtype, &[3, 5, 3]), ty(dtype, &[3, 1, 3]), ty(dtype, &[3, 2, 3])];
        cases.push((OpKind::Concat { axis: 1 }, parts));
    }
    cases
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::{CpuExecutor, Simd};

    #[test]
    fn self_test_should_pass_when_the_executor_is_exact() {
        for simd in Simd::available() {
            assert_eq!(self_test(&CpuExecutor::with_simd(simd)), Ok(()), "{simd:?}");
        }
    }

    /// An executor with a wrong product.
    struct Wrong(CpuExecutor);

    impl Executor for Wrong {
        fn name(&self) -> &str {
            "wrong"
        }

        fn run_block(
            &self,
            checked: &Checked,
            kind: SegmentKind,
            context: &Context,
            inputs: &[Tensor],
            state: &[Tensor],
        ) -> Result<Vec<Tensor>, ExecutorError> {
            let mut results = self.0.run_block(checked, kind, context, inputs, state)?;
            if checked.program().finish[0].kind == OpKind::MatmulNt {
                let mut bytes = results[0].bytes.to_vec();
                bytes[8] ^= 1;
                results[0].bytes = bytes.into();
            }
            Ok(results)
        }

        fn trace(
            &self,
            checked: &Checked,
            kind: SegmentKind,
            context: &Context,
            inputs: &[Tensor],
            state: &[Tensor],
        ) -> Result<Vec<Tensor>, ExecutorError> {
            self.0.trace(checked, kind, context, inputs, state)
        }
    }

    #[test]
    fn self_test_should_name_the_kernel_when_one_element_is_wrong() {
        match self_test(&Wrong(CpuExecutor::new())) {
            Err(Mismatch::Element { kernel, element, .. }) => {
                assert!(kernel.starts_with("MatmulNt"), "{kernel}");
                assert_eq!(element, 2);
            }
            other => panic!("{other:?}"),
        }
    }
}
