// SPDX-License-Identifier: Apache-2.0
//! Random valid programs: every executor against the reference, and single elements as the chain's referee computes them.

use crate::Executor;
use quern_program::{
    arbitrary::random_program, reference, Checked, Context, Segment, SegmentKind, Tensor, TensorType, Value,
};

/// What was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Programs.
    pub programs: u64,
    /// Segments of these programs.
    pub segments: u64,
    /// Operators of these segments, each with its whole output on every executor.
    pub operators: u64,
    /// Elements that were computed from nothing but what they are said to read.
    pub elements: u64,
}

impl std::ops::AddAssign for Compared {
    fn add_assign(&mut self, other: Self) {
        self.programs += other.programs;
        self.segments += other.segments;
        self.operators += other.operators;
        self.elements += other.elements;
    }
}

/// Where two results differ.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("program {seed}, {segment:?}, operator {operator:?}: {who} is not the reference")]
pub struct Difference {
    /// The program: `random_program(seed)`.
    pub seed: u64,
    /// The segment; none when it is the result of the whole task.
    pub segment: Option<Segment>,
    /// The operator of the segment's block; none when it is the segment's result.
    pub operator: Option<usize>,
    /// The executor's name, with its error if it had one, or the referee.
    pub who: String,
}

/// Runs a random program on the reference and on executors, operator by operator, segment by segment and as a whole.
pub fn compare(seed: u64, executors: &[&dyn Executor]) -> Result<Compared, Difference> {
    let (checked, inputs) = random_program(seed);
    let program = checked.program();
    let context = Context { index: seed as u32, seed: [seed as u8; 32], step: 0 };
    let mut compared = Compared { programs: 1, ..Compared::default() };
    let mut ends: Vec<Vec<Tensor>> = Vec::new();
    let mut state: Vec<Tensor> = Vec::new();
    for segment in (0..program.segments()).filter_map(|index| program.segment(index)) {
        let at = context.at(segment);
        let differs = |operator: Option<usize>, who: String| Difference { seed, segment: Some(segment), operator, who };
        let trace = reference::run_block(&checked, segment.kind(), &at, &inputs, &state);
        for executor in executors {
            let found = executor
                .trace(&checked, segment.kind(), &at, &inputs, &state)
                .map_err(|error| differs(None, format!("{}: {error}", executor.name())))?;
            if found != trace {
                let operator = trace.iter().zip(&found).position(|(expected, found)| expected != found);
                return Err(differs(operator, executor.name().to_owned()));
            }
        }
        let values = Values { checked: &checked, inputs: &inputs, state: &state, trace: &trace, step: at.step };
        for operator in 0..trace.len() {
            compared.elements += values
                .compare_elements(segment.kind(), operator, &at, seed)
                .ok_or_else(|| differs(Some(operator), "the referee".into()))?;
        }
        compared.segments += 1;
        compared.operators += trace.len() as u64;
        state = reference::segment_result(&checked, segment.kind(), &trace, &state);
        ends.push(state.clone());
    }
    for executor in executors {
        let mut found: Vec<Vec<Tensor>> = Vec::new();
        let output = executor.run_task(&checked, &context, &inputs, &mut |_, state| found.push(state.to_vec()));
        match output {
            Ok(output) => found.push(vec![output]),
            Err(error) => {
                let who = format!("{}: {error}", executor.name());
                return Err(Difference { seed, segment: None, operator: None, who });
            }
        }
        if found != ends {
            let at = ends.iter().zip(&found).position(|(expected, found)| expected != found);
            let segment = at.and_then(|at| program.segment(at as u32));
            return Err(Difference { seed, segment, operator: None, who: executor.name().to_owned() });
        }
    }
    Ok(compared)
}

/// The values of a segment.
struct Values<'a> {
    checked: &'a Checked,
    inputs: &'a [Tensor],
    state: &'a [Tensor],
    trace: &'a [Tensor],
    step: u32,
}

impl Values<'_> {
    fn get(&self, value: Value) -> Option<Tensor> {
        match value {
            Value::Input(index) => self.inputs.get(usize::from(index)).cloned(),
            Value::State(index) => self.state.get(usize::from(index)).cloned(),
            Value::Op(index) => self.trace.get(usize::from(index)).cloned(),
            Value::Const(index) => {
                let constant = self.checked.program().constants.get(usize::from(index))?;
                Some(Tensor::new(constant.ty, constant.bytes.clone()))
            }
            Value::Step => Some(Tensor::step(self.step)),
        }
    }

    /// Computes the ends and some elements between of an operator's output from nothing but what they say that they read, as
    /// proofs would show it. The number of elements, if they are those of the trace.
    fn compare_elements(&self, kind: SegmentKind, operator: usize, context: &Context, seed: u64) -> Option<u64> {
        let call = self.checked.call(kind, operator as u16, context)?;
        let op = self.checked.program().block(kind).get(operator)?;
        let args = op.args.iter().map(|value| self.get(*value)).collect::<Option<Vec<Tensor>>>()?;
        let expected = self.trace.get(operator)?;
        let last = expected.ty.elements().saturating_sub(1);
        let elements = [0, last, seed % (last + 1), (seed >> 8).wrapping_mul(31) % (last + 1)];
        for element in elements {
            let reads = call.reads(element, &mut |arg, at| args.get(arg).map(|tensor| tensor.get(at)).ok_or(()));
            let reads = reads.ok()?;
            let shown = call.element(element, &mut |arg, at| {
                let is_shown = reads.iter().any(|(of, range)| *of == arg && range.contains(&at));
                let tensor = args.get(arg).filter(|_| is_shown).ok_or(())?;
                Ok::<i32, ()>(tensor.get(at))
            });
            if narrowed(call.output, shown.ok()?) != expected.get(element) {
                return None;
            }
        }
        Some(elements.len() as u64)
    }
}

/// A value as its type stores it.
fn narrowed(ty: TensorType, value: i32) -> i32 {
    Tensor::from_values(TensorType::new(ty.dtype, quern_program::Shape::vector(1)), &[value]).get(0)
}
