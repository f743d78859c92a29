// SPDX-License-Identifier: Apache-2.0
//! Fault injection: daemons that lie, withhold, or do not compute. They exist so that a network can be seen to catch them.

use crate::{
    core::{Action, Call, Event},
    shell::Core,
};
use quern_executor::{Executor, ExecutorError};
use quern_program::{Checked, Context, SegmentKind, Tensor, Value};
use std::sync::Arc;

/// Corrupts one element of the result of every segment, and says the same when it is asked for a trace.
pub struct Misbehaving {
    honest: Arc<dyn Executor>,
    name: String,
    /// Which element follows from it; without one it is the first.
    seed: Option<[u8; 32]>,
}

impl Misbehaving {
    /// A liar that computes on `honest`.
    pub fn new(honest: Arc<dyn Executor>) -> Self {
        let name = format!("{} (MISBEHAVING)", honest.name());
        Self { honest, name, seed: None }
    }

    /// Somebody who plants errors, on purpose and openly in the end. Where they are, nobody foresees who does not know the seed.
    pub fn planting(honest: Arc<dyn Executor>, seed: [u8; 32]) -> Self {
        let name = format!("{} (PLANTING AN ERROR)", honest.name());
        Self { honest, name, seed: Some(seed) }
    }

    /// Whether every segment of a program has a result that can be corrupted: one that is computed in it.
    pub fn corrupts_all(checked: &Checked) -> bool {
        let segments = checked.program().segments();
        // All repetitions are alike.
        let ends = [Some(0), Some(1).filter(|middle| *middle < segments), segments.checked_sub(1)];
        let mut kinds = ends.into_iter().flatten().filter_map(|index| checked.program().segment(index));
        kinds.all(|segment| target(checked, segment.kind()).is_some())
    }

    fn corrupt(&self, tensor: &mut Tensor, kind: SegmentKind, context: &Context) {
        let len = tensor.bytes.len() as u64;
        let at = self.seed.map_or(0, |seed| {
            let kind: u8 = match kind {
                SegmentKind::Init => 0,
                SegmentKind::Body => 1,
                SegmentKind::Finish => 2,
            };
            let mut hasher = blake3::Hasher::new_keyed(&seed);
            hasher.update(&context.index.to_le_bytes()).update(&context.step.to_le_bytes()).update(&[kind]);
            let [a, b, c, d, ..] = *hasher.finalize().as_bytes();
            u64::from(u32::from_le_bytes([a, b, c, d])).checked_rem(len).unwrap_or(0)
        });
        corrupt(tensor, at as usize);
    }
}

/// A worker that commits to results and then falls silent: nothing of them is shown, on chain or to peers.
pub struct Withholding<C>(pub C);

impl<C: Core> Core for Withholding<C> {
    fn on(&mut self, event: Event) -> Vec<Action> {
        let mut actions = self.0.on(event);
        actions.retain(|action| match action {
            Action::FetchInputs(_) | Action::Execute(_) | Action::Forget(_) => true,
            Action::Submit(call) => matches!(call, Call::Start(_) | Call::Decline(_) | Call::Commit(_)),
            _ => false,
        });
        actions
    }

    fn plans(&self) -> usize {
        self.0.plans()
    }
}

/// Computes nothing and says that everything is zero.
pub struct Lazy {
    name: String,
}

impl Lazy {
    /// Somebody who has a machine that could compute.
    pub fn new(honest: &dyn Executor) -> Self {
        Self { name: format!("{} (LAZY)", honest.name()) }
    }
}

impl Executor for Lazy {
    fn name(&self) -> &str {
        &self.name
    }

    fn run_block(
        &self,
        checked: &Checked,
        kind: SegmentKind,
        context: &Context,
        inputs: &[Tensor],
        state: &[Tensor],
    ) -> Result<Vec<Tensor>, ExecutorError> {
        let outputs = self.trace(checked, kind, context, inputs, state)?;
        let pick = |value: Value| match value {
            Value::Op(op) => outputs.get(usize::from(op)).cloned(),
            Value::State(at) => state.get(usize::from(at)).cloned(),
            _ => None,
        };
        Ok(checked.program().results(kind).into_iter().filter_map(pick).collect())
    }

    fn trace(
        &self,
        checked: &Checked,
        kind: SegmentKind,
        _context: &Context,
        _inputs: &[Tensor],
        _state: &[Tensor],
    ) -> Result<Vec<Tensor>, ExecutorError> {
        Ok(checked.types(kind).iter().map(|ty| Tensor::new(*ty, vec![0; ty.bytes() as usize])).collect())
    }
}

/// Changes an element by its byte at this place, so that it means something else: an `i8` of -128 would read as -127.
fn corrupt(tensor: &mut Tensor, at: usize) {
    let mut bytes = tensor.bytes.to_vec();
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= if *byte == 0x82 { 4 } else { 2 };
    }
    tensor.bytes = bytes.into();
}

/// The operator whose output is corrupted: the first result that the block computes.
fn target(checked: &Checked, kind: SegmentKind) -> Option<Value> {
    checked.program().results(kind).into_iter().find(|value| matches!(value, Value::Op(_)))
}

impl Executor for Misbehaving {
    fn name(&self) -> &str {
        &self.name
    }

    fn run_block(
        &self,
        checked: &Checked,
        kind: SegmentKind,
        context: &Context,
        inputs: &[Tensor],
        state: &[Tensor],
    ) -> Result<Vec<Tensor>, ExecutorError> {
        let mut results = self.honest.run_block(checked, kind, context, inputs, state)?;
        let target = target(checked, kind);
        for (value, tensor) in checked.program().results(kind).iter().zip(&mut results) {
            if Some(*value) == target {
                self.corrupt(tensor, kind, context);
            }
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
        let mut outputs = self.honest.trace(checked, kind, context, inputs, state)?;
        if let Some(Value::Op(op)) = target(checked, kind) {
            if let Some(tensor) = outputs.get_mut(usize::from(op)) {
                self.corrupt(tensor, kind, context);
            }
        }
        Ok(outputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_executor::cpu::CpuExecutor;
    use quern_program::{reference, DType, ProgramBuilder};

    /// A program whose body carries one state tensor unchanged and computes the other from two operators.
    fn program() -> Checked {
        let mut b = ProgramBuilder::new();
        let x = b.input(DType::I32, &[3]);
        let first = b.add(x, x);
        let [kept, state] = b.begin_body(&[x, first])[..] else { unreachable!() };
        let doubled = b.add(state, state);
        let next = b.add(doubled, kept);
        let [_, state] = b.begin_finish(&[kept, next], 2)[..] else { unreachable!() };
        let output = b.add(state, state);
        b.build(output).expect("the program is valid")
    }

    /// A segment as the liar runs it.
    struct Lie {
        kind: SegmentKind,
        state: Vec<Tensor>,
        trace: Vec<Tensor>,
        results: Vec<Tensor>,
        /// What the results have to be.
        right: Vec<Tensor>,
    }

    /// All segments of a task, each from the liar's own state.
    fn segments() -> Vec<Lie> {
        segments_of(Misbehaving::new(Arc::new(CpuExecutor::new())))
    }

    fn segments_of(liar: Misbehaving) -> Vec<Lie> {
        let (checked, honest) = (program(), CpuExecutor::new());
        let inputs = [Tensor::from_values(checked.program().inputs[0], &[1, 2, 3])];
        let context = Context { index: 0, seed: [0; 32], step: 0 };
        let mut state = Vec::new();
        let mut all = Vec::new();
        for index in 0..checked.program().segments() {
            let segment = checked.program().segment(index).unwrap();
            let (kind, at) = (segment.kind(), context.at(segment));
            let results = liar.run_segment(&checked, segment, &context, &inputs, &state).unwrap();
            let right = honest.run_segment(&checked, segment, &context, &inputs, &state).unwrap();
            let trace = liar.trace(&checked, kind, &at, &inputs, &state).unwrap();
            let before = std::mem::replace(&mut state, results.clone());
            all.push(Lie { kind, state: before, trace, results, right });
        }
        all
    }

    fn planting(seed: [u8; 32]) -> Vec<Lie> {
        segments_of(Misbehaving::planting(Arc::new(CpuExecutor::new()), seed))
    }

    #[test]
    fn planted_error_should_be_one_byte_of_every_segment_that_nobody_foresees() {
        let places = |seed| -> Vec<usize> {
            let place = |lie: Lie| {
                let pairs = lie.results.iter().zip(&lie.right);
                let differing = pairs.flat_map(|(lied, right)| lied.bytes.iter().zip(right.bytes.iter()).enumerate());
                let places: Vec<usize> =
                    differing.filter(|(_, (lied, right))| lied != right).map(|(at, _)| at).collect();
                let [place] = places[..] else { panic!("{places:?}") };
                place
            };
            planting(seed).into_iter().map(place).collect()
        };
        assert_eq!(places([1; 32]), places([1; 32]), "what is computed again comes out the same");
        let all: std::collections::HashSet<_> = (0..32u8).map(|seed| places([seed; 32])).collect();
        assert!(all.len() > 16, "{all:?}");
    }

    #[test]
    fn error_should_never_be_one_that_reads_the_same() {
        for byte in 0..=255u8 {
            let ty = quern_program::TensorType { dtype: DType::I8, ..quern_program::TensorType::i32_vector(1) };
            let right = Tensor::new(ty, vec![byte]);
            let mut wrong = right.clone();
            corrupt(&mut wrong, 0);
            let read = |tensor: &Tensor| quern_program::decode_element(DType::I8, &tensor.bytes, 0);
            assert!(read(&right) != read(&wrong) && wrong.bytes[0] != 0x80, "{byte}");
        }
    }

    #[test]
    fn error_should_be_planted_only_where_every_segment_computes_something() {
        assert!(Misbehaving::corrupts_all(&program()));
        let mut b = ProgramBuilder::new();
        let x = b.input(DType::I32, &[3]);
        let first = b.add(x, x);
        let [state] = b.begin_body(&[first])[..] else { unreachable!() };
        // What it computes is not carried on.
        b.add(state, state);
        let [state] = b.begin_finish(&[state], 2)[..] else { unreachable!() };
        let output = b.add(state, state);
        assert!(!Misbehaving::corrupts_all(&b.build(output).expect("the program is valid")));
    }

    #[test]
    fn trace_should_give_the_committed_result_when_a_worker_lies() {
        let checked = program();
        for Lie { kind, results, trace, state, .. } in segments().into_iter().chain(planting([7; 32])) {
            let ids = reference::trace_ids(&results);
            let (trace, state) = (reference::trace_ids(&trace), reference::trace_ids(&state));
            let follows = reference::result_id_of_trace(&checked, kind, &trace, &state);
            assert_eq!(follows, Some(reference::result_id(kind, &ids)), "{kind:?}");
        }
    }

    /// A core that asks for everything at once.
    struct Busy(Vec<Action>);

    impl Core for Busy {
        fn on(&mut self, _: Event) -> Vec<Action> {
            self.0.clone()
        }
    }

    #[test]
    fn nothing_should_be_shown_when_a_worker_withholds() {
        let shard = quern_primitives::ShardId { job: 1, stage: 0, index: 0 };
        let commit = Action::Submit(Call::Commit(vec![(shard, Default::default(), [0; 32])]));
        let open = Action::Submit(Call::OpenCheckpoints(shard, [0; 32]));
        let results = Action::Submit(Call::RevealResults(shard, [0; 32]));
        let mut core = Withholding(Busy(vec![commit.clone(), open, results]));
        assert_eq!(
            core.on(Event::Block { best: 1, finalized: 1, views: Default::default(), served: Default::default() }),
            vec![commit]
        );
    }

    #[test]
    fn results_should_have_the_right_types_when_nobody_computed() {
        let checked = program();
        let (honest, lazy) = (CpuExecutor::new(), Lazy::new(&CpuExecutor::new()));
        let inputs = [Tensor::from_values(checked.program().inputs[0], &[1, 2, 3])];
        let context = Context { index: 0, seed: [0; 32], step: 0 };
        let mut state = Vec::new();
        for index in 0..checked.program().segments() {
            let segment = checked.program().segment(index).unwrap();
            let right = honest.run_segment(&checked, segment, &context, &inputs, &state).unwrap();
            let idle = lazy.run_segment(&checked, segment, &context, &inputs, &state).unwrap();
            let types = |tensors: &[Tensor]| tensors.iter().map(|tensor| tensor.ty).collect::<Vec<_>>();
            assert_eq!(types(&idle), types(&right));
            assert_ne!(idle, right);
            state = right;
        }
    }

    #[test]
    fn one_tensor_of_every_segment_should_differ_when_a_worker_lies() {
        for Lie { kind, results, right, .. } in segments() {
            let differ = results.iter().zip(&right).filter(|(lied, right)| lied.bytes != right.bytes).count();
            assert_eq!(differ, 1, "{kind:?}");
        }
    }
}
