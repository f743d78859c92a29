// SPDX-License-Identifier: Apache-2.0
//! Which operators of a block become one kernel: neighbours that compute elements one by one, and write as many of each output. What
//! none but they read is never in memory: where it is read at other places, it is computed there, each time anew. Numbers, tensors of
//! one element, are computed by each kernel that reads them, and a transpose that only products read is read as it was before.

use super::kernels::{self, At, Member, Source};
use quern_program::{
    ops::{broadcast, is_random, Broadcast},
    Checked, Context, DType, Op, OpKind, SegmentKind, Shape, TensorType, Value,
};
use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap, HashMap},
};

/// Storage buffers of a kernel: WebGPU's default limit.
const MAX_BUFFERS: usize = 8;
/// Steps of a kernel: more take long to compile.
const MAX_STEPS: usize = 32;
/// Steps that a kernel computes for a place, those counted each time that are computed where they are read.
const MAX_COMPUTED: usize = 96;
/// Steps by which a kernel computes a number for itself, and tensors that it reads for it: so few that two numbers always fit a kernel.
const MAX_NUMBER_STEPS: usize = 12;
const MAX_NUMBER_READS: usize = 3;
/// How far apart in a block operators may be that have nothing to do with each other: what they read waits for both.
const NEAR: usize = 32;
/// How often chains and readers are looked through: what is merged lets more be merged.
const PASSES: usize = 3;
/// Rows and columns of the tensors that kernels are tried on: not whole words, nor whole blocks of random words.
const SMALL: [u32; 2] = [17, 31];

/// What is run for a block, one after the other.
pub(super) struct Plan {
    pub units: Vec<Unit>,
}

/// Operators that are run together.
pub(super) struct Unit {
    /// The operators in order, those of numbers included that are computed for them.
    pub ops: Vec<u16>,
    /// All of them as one kernel; else one by one.
    pub fused: Option<Fused>,
    /// The operators whose outputs nobody needs afterwards.
    pub unused: Vec<u16>,
}

/// Several operators as one kernel.
pub(super) struct Fused {
    /// The kernel, but for the keys of random words.
    pub call: kernels::Call,
    /// What it reads.
    pub args: Vec<Value>,
    /// The operators whose outputs it writes.
    pub outputs: Vec<u16>,
    /// How many of these, the last ones, must be 0 before.
    pub zeros: usize,
    /// Steps with random words, and the numbers of their operators in the program.
    pub keys: Vec<(usize, u32)>,
    /// Work, in MACs.
    pub work: u64,
    /// By what the kernel is tried.
    pub trial: Trial,
}

/// By what a kernel is tried.
pub(super) enum Trial {
    /// It computes elements: the same kernel on small tensors.
    Elements(Recipe),
    /// It finds the largest absolute value of a tensor of such elements. Its output must be 0 before.
    MaxAbs(DType),
    /// It multiplies matrices of which these are transposed in memory.
    Product([bool; 2]),
}

/// A kernel of steps, by what it computes.
#[derive(Clone, Default)]
pub(super) struct Recipe {
    pub arguments: Vec<TensorType>,
    pub steps: Vec<Step>,
    /// The steps that are stored.
    pub stores: Vec<usize>,
    /// Those whose largest absolute values are found.
    pub largest: Vec<usize>,
}

/// A step of a kernel.
#[derive(Clone)]
pub(super) struct Step {
    pub what: What,
    pub args: Vec<TensorType>,
    pub output: TensorType,
    pub reads: Vec<Source>,
    at: At,
}

/// What a step computes.
#[derive(Clone)]
pub(super) enum What {
    /// A constant of one element.
    Number(i32),
    Operator(OpKind),
}

impl Recipe {
    /// The kernel. Keys of random words are missing.
    pub fn call(&self) -> Option<kernels::Call> {
        let member = |step: &Step| {
            let alone = match (&step.what, step.args.as_slice()) {
                (What::Number(value), _) => kernels::number(*value),
                (What::Operator(OpKind::Concat { axis }), [a, b]) => kernels::concat(*axis, *a, *b, step.output),
                (What::Operator(kind), args) => kernels::operator(kind, args, step.output, &[0; 32])?,
            };
            Some(Member { alone, reads: step.reads.clone(), at: step.at })
        };
        let members = self.steps.iter().map(member).collect::<Option<_>>()?;
        let arguments = self.arguments.iter().map(|ty| ty.dtype).collect();
        let store = |step: &usize| Some((*step, self.steps.get(*step)?.output.dtype));
        let stores = self.stores.iter().map(store).collect::<Option<_>>()?;
        kernels::fused(members, arguments, stores, self.largest.clone(), self.elements())
    }

    fn elements(&self) -> u64 {
        self.steps.iter().find(|step| step.at == At::Each).map_or(1, |step| step.output.elements())
    }
}

/// These types in other shapes, if there are as many.
fn in_shapes(types: &[TensorType], shapes: &[&[u32]]) -> Option<Vec<TensorType>> {
    if types.len() != shapes.len() {
        return None;
    }
    types.iter().zip(shapes).map(|(ty, dims)| Some(TensorType::new(ty.dtype, Shape::new(dims)?))).collect()
}

/// An operator on small tensors whose output has so many rows and columns, with the same kernel. None when it is no operator that
/// becomes a step.
fn small(kind: &OpKind, args: &[TensorType], [rows, columns]: [u32; 2]) -> Option<(OpKind, Vec<TensorType>)> {
    let of = |dims: &[&[u32]]| in_shapes(args, dims);
    let whole: &[u32] = &[rows, columns];
    Some(match kind {
        OpKind::Clamp { .. } | OpKind::Cast { .. } | OpKind::BitLength | OpKind::Sqrt => (kind.clone(), of(&[whole])?),
        OpKind::Table => (kind.clone(), of(&[whole, &[256]])?),
        kind if kernels::is_of_two(kind) => {
            let [a, b] = args else { return None };
            let b = match broadcast(*a, *b)? {
                _ if a.elements() == b.elements() => whole.to_vec(),
                Broadcast::Last => vec![columns],
                Broadcast::AllButLast => vec![rows, 1],
                Broadcast::Same | Broadcast::One => vec![1, 1],
            };
            let small = of(&[whole, &b])?;
            // Of one row or column more than one way to read can be the same.
            if !kernels::second_is_same(args, &small) {
                return None;
            }
            (kind.clone(), small)
        }
        OpKind::Random { .. } => (OpKind::Random { shape: Shape::matrix(rows, columns) }, of(&[])?),
        OpKind::Transpose => (OpKind::Transpose, of(&[&[columns, rows]])?),
        OpKind::Permute { .. } => (OpKind::Permute { axes: [1, 0, 2, 3] }, of(&[&[columns, rows]])?),
        OpKind::Slice { .. } => (OpKind::Slice { axis: 1, start: 2, len: columns }, of(&[&[rows, columns + 5]])?),
        // Each part has a column at least, so that both are read.
        OpKind::Concat { .. } if columns < 2 => return None,
        OpKind::Concat { .. } => {
            let first = columns.div_ceil(3);
            (OpKind::Concat { axis: 1 }, of(&[&[rows, first], &[rows, columns - first]])?)
        }
        OpKind::Gather => (OpKind::Gather, of(&[&[7, columns], &[rows]])?),
        OpKind::OneHot { .. } => (OpKind::OneHot { columns }, of(&[&[rows]])?),
        _ => return None,
    })
}

impl Plan {
    /// What is run for these results; for all outputs when there are none.
    pub fn new(checked: &Checked, kind: SegmentKind, results: Option<&[Value]>) -> Self {
        match results {
            Some(results) => Block::new(checked, kind, results).plan(),
            None => {
                let ops = 0..checked.program().block(kind).len() as u16;
                Self { units: ops.map(|op| Unit { ops: vec![op], fused: None, unused: Vec::new() }).collect() }
            }
        }
    }
}

/// What is known of an operator.
#[derive(Clone, Default)]
struct Known {
    /// Those that read it, which are needed.
    users: Vec<u16>,
    is_result: bool,
    is_needed: bool,
    /// Where it reads its arguments: reshapes are looked through.
    args: Vec<Value>,
    arg_types: Vec<TensorType>,
    /// Whether it becomes a step of a kernel.
    is_step: bool,
    /// Which arguments it reads at the place of the element that it computes.
    in_place: [bool; 2],
    /// Of a number that each kernel computes for itself, and of a transpose that products read as it is in memory: how many steps it
    /// takes, and what it reads for it.
    number: Option<(usize, BTreeSet<Value>)>,
    /// The operators whose outputs must be in memory, or in the same kernel.
    after: BTreeSet<u16>,
}

/// A block whose operators are grouped.
struct Block<'a> {
    checked: &'a Checked,
    kind: SegmentKind,
    ops: &'a [Op],
    types: &'a [TensorType],
    known: Vec<Known>,
    /// For each operator the group that it is in, by its first member.
    group: Vec<usize>,
    /// For each group its operators in order.
    members: Vec<Vec<u16>>,
}

/// The operator before a reshape, or what else it reads.
fn base(ops: &[Op], mut value: Value) -> Value {
    while let Value::Op(op) = value {
        match ops.get(usize::from(op)) {
            Some(Op { kind: OpKind::Reshape { .. }, args }) => match args.first() {
                Some(x) => value = *x,
                None => break,
            },
            _ => break,
        }
    }
    value
}

impl<'a> Block<'a> {
    fn new(checked: &'a Checked, kind: SegmentKind, results: &[Value]) -> Self {
        let ops = checked.program().block(kind);
        let types = checked.types(kind);
        let mut known = vec![Known::default(); ops.len()];
        for result in results {
            if let Value::Op(op) = base(ops, *result) {
                let known = &mut known[usize::from(op)];
                (known.is_result, known.is_needed) = (true, true);
            }
        }
        for (index, op) in ops.iter().enumerate().rev() {
            if !known[index].is_needed {
                continue;
            }
            let args: Vec<_> = op.args.iter().map(|value| base(ops, *value)).collect();
            let arg_types = op.args.iter().filter_map(|value| checked.value_type(kind, *value));
            let arg_types: Vec<_> = arg_types.collect();
            for arg in &args {
                if let Value::Op(arg) = arg {
                    let arg = &mut known[usize::from(*arg)];
                    arg.is_needed = true;
                    arg.users.push(index as u16);
                }
            }
            let is_step = small(&op.kind, &arg_types, SMALL).is_some();
            let in_place = kernels::reads_in_place(&op.kind, &arg_types);
            known[index] = Known { args, arg_types, is_step, in_place, ..std::mem::take(&mut known[index]) };
        }
        let group = (0..ops.len()).collect();
        let members = (0..ops.len()).map(|op| vec![op as u16]).collect();
        let mut block = Self { checked, kind, ops, types, known, group, members };
        for op in 0..ops.len() {
            block.known[op].number = block.number(op);
            block.known[op].after = block.after(op);
        }
        block
    }

    /// Whether a step can read this argument without memory, if it is computed by the kernel.
    fn is_read_as_number(&self, user: &Known, arg: usize, kind: &OpKind, elements: u64) -> bool {
        if elements == 1 {
            return user.in_place.get(arg) == Some(&true);
        }
        let small = small(kind, &user.arg_types, SMALL);
        small.and_then(|(_, args)| Some(args.get(arg)?.elements())) == Some(1)
    }

    /// How an operator is computed by each kernel that reads it, if it is cheap, its output is a number, and all who read it can.
    fn number(&self, op: usize) -> Option<(usize, BTreeSet<Value>)> {
        let known = &self.known[op];
        if self.is_read_as_columns(op) {
            return Some((1, known.args.iter().copied().collect()));
        }
        let is_alone = self.types[op].elements() == 1 && known.is_step && known.is_needed && !known.is_result;
        if !is_alone || is_random(&self.ops[op].kind) {
            return None;
        }
        for user in known.users.iter().map(|user| usize::from(*user)) {
            let by = &self.known[user];
            for (arg, _) in by.args.iter().enumerate().filter(|(_, value)| **value == Value::Op(op as u16)) {
                if !by.is_step || !self.is_read_as_number(by, arg, &self.ops[user].kind, self.types[user].elements()) {
                    return None;
                }
            }
        }
        let (mut steps, mut reads) = (1, BTreeSet::new());
        for (arg, value) in known.args.iter().enumerate() {
            let number = match value {
                Value::Op(arg) => self.known[usize::from(*arg)].number.as_ref(),
                _ => None,
            };
            match (number, value) {
                (Some((more, read)), _) => {
                    steps += more;
                    reads.extend(read.iter().copied());
                }
                (None, Value::Const(_)) if known.in_place.get(arg) == Some(&true) => steps += 1,
                (None, value) => {
                    reads.insert(*value);
                }
            }
        }
        (steps <= MAX_NUMBER_STEPS && reads.len() <= MAX_NUMBER_READS).then_some((steps, reads))
    }

    /// Whether an operator transposes matrices that only products read, which can read them as they are.
    fn is_read_as_columns(&self, op: usize) -> bool {
        let known = &self.known[op];
        let (value, ty) = (Value::Op(op as u16), self.types[op]);
        let rank = ty.shape.rank();
        let is_transpose = match &self.ops[op].kind {
            OpKind::Transpose => true,
            OpKind::Permute { axes } => {
                let swapped = (0..rank).map(|axis| if axis + 2 < rank { axis } else { 2 * rank - 3 - axis });
                rank > 1 && swapped.eq(axes.iter().take(rank).map(|axis| usize::from(*axis)))
            }
            _ => false,
        };
        let can_read = |user: &u16| {
            let by = &self.known[usize::from(*user)];
            let are_columns = [0, 1].map(|arg| by.args.get(arg) == Some(&value));
            let as_it_is = by.args.iter().zip(&by.arg_types).all(|(arg, of)| *arg != value || of.shape == ty.shape);
            as_it_is && self.product(usize::from(*user), are_columns).is_some()
        };
        is_transpose && known.is_needed && !known.is_result && known.users.iter().all(can_read)
    }

    /// A product of which these arguments are transposed in memory.
    fn product(&self, op: usize, are_columns: [bool; 2]) -> Option<kernels::Call> {
        let [a, b] = self.known[op].arg_types.as_slice() else { return None };
        let shape = self.types[op].shape;
        let is_product = self.ops[op].kind == OpKind::MatmulNt;
        let matrices = shape.dims().iter().rev().skip(2).product();
        let lines = |x: &TensorType| x.shape.dim(x.shape.rank().wrapping_sub(2));
        let sizes = [lines(a), lines(b), a.shape.last()];
        is_product.then(|| kernels::Product::of_columns(matrices, sizes, are_columns)).flatten()
    }

    /// A product with transposes that it reads as they are in memory.
    fn product_of_columns(&self, op: u16) -> Option<Fused> {
        let known = &self.known[usize::from(op)];
        let as_read = known.args.iter().map(|value| match value {
            Value::Op(arg) if self.known[usize::from(*arg)].number.is_some() => {
                Some((*self.known[usize::from(*arg)].args.first()?, true))
            }
            value => Some((*value, false)),
        });
        let (args, are_columns): (Vec<_>, Vec<_>) = as_read.collect::<Option<Vec<_>>>()?.into_iter().unzip();
        let are_columns: [bool; 2] = are_columns.try_into().ok()?;
        let call = are_columns.contains(&true).then(|| self.product(usize::from(op), are_columns)).flatten()?;
        let work = self.checked.call(self.kind, op, &Context::default())?.cost_macs();
        let trial = Trial::Product(are_columns);
        Some(Fused { call, args, outputs: vec![op], zeros: 0, keys: Vec::new(), work, trial })
    }

    /// What must be run before an operator, or with it.
    fn after(&self, op: usize) -> BTreeSet<u16> {
        let mut after = BTreeSet::new();
        for value in &self.known[op].args {
            let Value::Op(arg) = value else { continue };
            match &self.known[usize::from(*arg)].number {
                Some((_, reads)) => after.extend(reads.iter().filter_map(|read| match read {
                    Value::Op(op) => Some(*op),
                    _ => None,
                })),
                None => {
                    after.insert(*arg);
                }
            }
        }
        after
    }

    fn plan(mut self) -> Plan {
        let runs: Vec<usize> =
            (0..self.ops.len()).filter(|op| self.known[*op].is_needed && self.known[*op].number.is_none()).collect();
        runs.iter().for_each(|op| self.join_max_abs(*op));
        // Chains first, which save memory too; then those who read the same, and at last those who are only of one size. What is moved
        // by several can be computed by these when they are together.
        for _ in 0..PASSES {
            if !(self.join_chains(&runs) | self.join_readers(&runs)) {
                break;
            }
        }
        let mut sizes: HashMap<u64, usize> = HashMap::new();
        for op in runs.into_iter().filter(|op| self.known[*op].is_step).collect::<Vec<_>>() {
            match sizes.insert(self.types[op].elements(), op) {
                Some(before) if op - before <= NEAR => {
                    self.join(before, op);
                }
                _ => {}
            }
        }
        let largest: Vec<usize> = (0..self.ops.len()).filter(|op| self.max_abs(&self.members[*op]).is_some()).collect();
        for group in largest {
            self.join_largest(group);
        }
        let mut units: Vec<Unit> = self.in_order().into_iter().map(|group| self.unit(group)).collect();
        self.release(&mut units);
        Plan { units }
    }

    /// Puts operators together with what they read, where that makes one kernel. Whether it did for any.
    fn join_chains(&mut self, runs: &[usize]) -> bool {
        let mut any = false;
        for op in runs {
            for value in self.known[*op].args.clone() {
                if let Value::Op(arg) = value {
                    any |= self.join(usize::from(arg), *op);
                }
            }
        }
        any
    }

    /// Puts operators together that read the same, likewise.
    fn join_readers(&mut self, runs: &[usize]) -> bool {
        let mut any = false;
        let mut readers: HashMap<Value, usize> = HashMap::new();
        for op in runs {
            for value in self.known[*op].args.clone() {
                let is_number = matches!(value, Value::Op(arg) if self.known[usize::from(arg)].number.is_some());
                if !is_number && !matches!(value, Value::Const(_)) && self.known[*op].is_step {
                    match readers.insert(value, *op) {
                        Some(before) if self.types[before].elements() == self.types[*op].elements() => {
                            any |= self.join(before, *op);
                        }
                        _ => {}
                    }
                }
            }
        }
        any
    }

    /// Puts the groups of two operators together, if they can be one kernel.
    fn join(&mut self, a: usize, b: usize) -> bool {
        let [group_a, group_b] = [self.group[a], self.group[b]];
        let are_steps = [a, b].iter().all(|op| self.known[*op].is_step && self.known[*op].number.is_none());
        group_a != group_b && are_steps && self.merge(group_a.min(group_b), group_a.max(group_b))
    }

    /// Makes one group of two, if they can be one kernel.
    fn merge(&mut self, to: usize, from: usize) -> bool {
        let mut both = [self.members[to].as_slice(), self.members[from].as_slice()].concat();
        both.sort_unstable();
        let can_be = self.draft(&both).is_some() && self.is_apart(&both);
        if can_be {
            both.iter().for_each(|op| self.group[usize::from(*op)] = to);
            self.members[from].clear();
            self.members[to] = both;
        }
        can_be
    }

    /// Whether no way leads from one of these operators to another through one that is not of them.
    fn is_apart(&self, both: &[u16]) -> bool {
        let is_of = |op: &u16| both.binary_search(op).is_ok();
        let before = |members: &[u16]| {
            members.iter().flat_map(|op| &self.known[usize::from(*op)].after).copied().collect::<Vec<u16>>()
        };
        let mut stack = before(both);
        stack.retain(|op| !is_of(op));
        let mut seen = vec![false; self.ops.len()];
        while let Some(op) = stack.pop() {
            let group = self.group[usize::from(op)];
            if std::mem::replace(&mut seen[group], true) {
                continue;
            }
            let next = before(&self.members[group]);
            if next.iter().any(is_of) {
                return false;
            }
            stack.extend(next);
        }
        true
    }

    /// The groups, each after those that it reads, else in the order of their last operators.
    fn in_order(&self) -> Vec<usize> {
        let is_run = |group: &usize| self.known[*group].is_needed && self.known[*group].number.is_none();
        let groups: Vec<usize> =
            (0..self.ops.len()).filter(|group| !self.members[*group].is_empty()).filter(is_run).collect();
        let mut waits = vec![0usize; self.ops.len()];
        let mut next = vec![Vec::new(); self.ops.len()];
        for group in &groups {
            let after = self.members[*group].iter().flat_map(|op| &self.known[usize::from(*op)].after);
            let after: BTreeSet<usize> =
                after.map(|op| self.group[usize::from(*op)]).filter(|of| of != group).collect();
            waits[*group] = after.len();
            after.into_iter().for_each(|of| next[of].push(*group));
        }
        let ready = |group: usize| Reverse((self.members[group].last().copied(), group));
        let mut heap: BinaryHeap<_> =
            groups.iter().filter(|group| waits[**group] == 0).map(|group| ready(*group)).collect();
        let mut order = Vec::with_capacity(groups.len());
        while let Some(Reverse((_, group))) = heap.pop() {
            order.push(group);
            for group in &next[group] {
                waits[*group] -= 1;
                if waits[*group] == 0 {
                    heap.push(ready(*group));
                }
            }
        }
        order
    }

    fn unit(&self, group: usize) -> Unit {
        let members = &self.members[group];
        let mut ops: BTreeSet<u16> = members.iter().copied().collect();
        let mut stack = members.clone();
        while let Some(op) = stack.pop() {
            for value in &self.known[usize::from(op)].args {
                if let Value::Op(arg) = value {
                    if self.known[usize::from(*arg)].number.is_some() && ops.insert(*arg) {
                        stack.push(*arg);
                    }
                }
            }
        }
        let fused = match self.known[group].is_step {
            true => self
                .draft(members)
                .filter(|draft| draft.real.steps.len() + draft.largest.len() > 1)
                .and_then(|draft| self.fused(draft)),
            false => self.max_abs(members).or_else(|| self.product_of_columns(*members.first()?)),
        };
        Unit { ops: ops.into_iter().collect(), fused, unused: Vec::new() }
    }

    fn fused(&self, draft: Draft) -> Option<Fused> {
        let number = |op: u16| self.checked.program().operator_number(self.kind, op);
        let call = |op: &u16| self.checked.call(self.kind, *op, &Context::default());
        let outputs = draft.real.stores.iter().filter_map(|step| draft.step_ops.get(*step).copied().flatten());
        let keys = draft.step_ops.iter().enumerate().filter_map(|(step, op)| {
            let op = (*op)?;
            is_random(&self.ops[usize::from(op)].kind).then(|| (step, number(op)))
        });
        let each = draft.real.steps.iter().zip(&draft.computed).filter(|(step, _)| step.at == At::Each);
        let again = each.fold(0, |sum: u64, (_, computed)| sum.saturating_add(*computed as u64));
        let work: u64 = draft.ops.iter().filter_map(call).map(|call| call.cost_macs()).sum();
        Some(Fused {
            outputs: outputs.chain(draft.largest.iter().copied()).collect(),
            zeros: draft.largest.len(),
            keys: keys.collect(),
            // What is computed where it is read is so again and again.
            work: work.max(again.saturating_mul(draft.elements)),
            call: draft.real.call()?,
            args: draft.args,
            trial: Trial::Elements(draft.small),
        })
    }

    /// The largest absolute value of all elements, which takes a row of rows of them.
    fn max_abs(&self, ops: &[u16]) -> Option<Fused> {
        let [first, last] = [ops.first()?, ops.last()?].map(|op| usize::from(*op));
        let is_all = self.is_max_abs(first) && self.types[last].elements() == 1 && first != last;
        let (value, x) = (*self.known[first].args.first()?, *self.known[first].arg_types.first()?);
        is_all.then(|| Fused {
            outputs: vec![last as u16],
            zeros: 1,
            keys: Vec::new(),
            work: x.elements(),
            call: kernels::max_abs(x),
            args: vec![value],
            trial: Trial::MaxAbs(x.dtype),
        })
    }

    fn is_max_abs(&self, op: usize) -> bool {
        self.ops[op].kind == OpKind::RowMaxAbs
    }

    /// Puts those together that find the largest absolute value by rows, and the largest of these, to the last one.
    fn join_max_abs(&mut self, op: usize) {
        let Some(Value::Op(before)) = self.known[op].args.first().copied() else { return };
        let (before, from) = (usize::from(before), self.group[op]);
        let known = &self.known[before];
        if self.is_max_abs(op) && self.is_max_abs(before) && known.users.len() == 1 && !known.is_result {
            let to = self.group[before];
            self.group[op] = to;
            let own = std::mem::take(&mut self.members[from]);
            self.members[to].extend(own);
        }
    }

    /// Has the largest absolute value found by the kernel that computes the elements, if that can do so.
    fn join_largest(&mut self, group: usize) {
        let Some(Value::Op(x)) = self.known[group].args.first().copied() else { return };
        let to = self.group[usize::from(x)];
        let is_read_there = |op: &u16| {
            self.known[usize::from(*op)].after.iter().any(|before| self.group[usize::from(*before)] == group)
        };
        let known = &self.known[usize::from(x)];
        let is_step = known.is_step && known.number.is_none() && self.types[usize::from(x)].elements() > 1;
        if is_step && !self.members[to].iter().any(is_read_there) {
            self.merge(to, group);
        }
    }

    /// Says after which units outputs are not needed any more.
    fn release(&self, units: &mut [Unit]) {
        let mut last: Vec<Option<usize>> = vec![None; self.ops.len()];
        for (index, unit) in units.iter().enumerate() {
            for op in &unit.ops {
                last[usize::from(*op)] = Some(index);
                for arg in &self.known[usize::from(*op)].args {
                    if let Value::Op(arg) = arg {
                        last[usize::from(*arg)] = Some(index);
                    }
                }
            }
        }
        for (op, last) in last.into_iter().enumerate() {
            if let (Some(last), false) = (last, self.known[op].is_result) {
                units[last].unused.push(op as u16);
            }
        }
    }

    /// These operators as one kernel, within its limits.
    fn draft(&self, members: &[u16]) -> Option<Draft> {
        let mut draft = Draft::default();
        let [steps, largest] =
            [false, true].map(|is| members.iter().copied().filter(move |op| self.is_max_abs(usize::from(*op)) == is));
        draft.stored = steps
            .filter(|op| {
                let Known { users, is_result, .. } = &self.known[usize::from(*op)];
                *is_result || users.iter().any(|user| members.binary_search(user).is_err())
            })
            .collect();
        draft.largest = largest.filter(|op| self.types[usize::from(*op)].elements() == 1).collect();
        let measured: Vec<u16> = draft.largest.iter().map(|op| self.measured(*op)).collect::<Option<_>>()?;
        draft.elements = self.types[usize::from(*draft.stored.first().or(measured.first())?)].elements();
        let stored = draft.stored.clone();
        for (op, is_stored) in stored.iter().map(|op| (op, true)).chain(measured.iter().map(|op| (op, false))) {
            if members.binary_search(op).is_err() || self.types[usize::from(*op)].elements() != draft.elements {
                return None;
            }
            let step = self.add(&mut draft, members, *op, None)?;
            for recipe in [&mut draft.real, &mut draft.small] {
                if is_stored { &mut recipe.stores } else { &mut recipe.largest }.push(step);
            }
        }
        let outputs = draft.real.stores.len() + draft.real.largest.len();
        let computed = draft.real.steps.iter().zip(&draft.computed).filter(|(step, _)| step.at != At::Read);
        // The largest of what is stored is found here too, if that can be.
        let is_sought = |op: &&u16| {
            let users = &self.known[usize::from(**op)].users;
            users.iter().any(|user| self.is_max_abs(usize::from(*user))) && !measured.contains(*op)
        };
        let sought = draft.stored.iter().filter(is_sought).count();
        let fits = draft.args.len() + outputs + sought <= MAX_BUFFERS
            && draft.real.steps.len() <= MAX_STEPS
            && computed.map(|(_, steps)| *steps).sum::<usize>() <= MAX_COMPUTED;
        fits.then_some(draft)
    }

    /// Of what an operator is the largest absolute value, by rows first.
    fn measured(&self, mut op: u16) -> Option<u16> {
        loop {
            match self.known[usize::from(op)].args.first()? {
                Value::Op(x) if self.is_max_abs(usize::from(*x)) => op = *x,
                Value::Op(x) => return Some(*x),
                _ => return None,
            }
        }
    }

    /// The step of an operator, and of all that it reads: at the places of the kernel, or at those of a tensor that in the trial
    /// has this shape.
    fn add(&self, draft: &mut Draft, members: &[u16], op: u16, elsewhere: Option<[u32; 2]>) -> Option<usize> {
        let Op { kind, .. } = &self.ops[usize::from(op)];
        let known = &self.known[usize::from(op)];
        let output = self.types[usize::from(op)];
        let (at, shape) = match elsewhere {
            _ if draft.elements > 1 && output.elements() == 1 => (At::Once, [1, 1]),
            Some(shape) => (At::Read, shape),
            None => (At::Each, SMALL),
        };
        if draft.real.steps.len() > MAX_STEPS {
            return None;
        }
        let elsewhere = elsewhere.filter(|_| at == At::Read);
        if let Some(step) = draft.step_of.get(&(Value::Op(op), elsewhere)) {
            return Some(*step);
        }
        // What is in memory too is read there, and what takes long is computed once. Random words are those of each place.
        let takes_long = matches!(kind, OpKind::Div | OpKind::Sqrt);
        if at == At::Read && (takes_long || draft.stored.contains(&op)) || at != At::Each && is_random(kind) {
            return None;
        }
        let (small_kind, small_args) = small(kind, &known.arg_types, shape)?;
        let mut reads = Vec::with_capacity(known.args.len());
        for (arg, value) in known.args.iter().enumerate() {
            let (ty, small) = (*known.arg_types.get(arg)?, *small_args.get(arg)?);
            let is_in_place = known.in_place.get(arg) == Some(&true);
            let there = match (is_in_place, small.shape.dims()) {
                (true, _) => elsewhere,
                (false, [rows, columns]) => Some([*rows, *columns]),
                (false, _) => Some([1, small.elements() as u32]),
            };
            let is_computed =
                |op: &u16| members.binary_search(op).is_ok() || self.known[usize::from(*op)].number.is_some();
            let step = match value {
                Value::Op(op) if is_computed(op) => Some(self.add(draft, members, *op, there)?),
                Value::Const(_)
                    if ty.elements() == 1 && (is_in_place || draft.elements > 1 && small.elements() == 1) =>
                {
                    self.number_step(draft, *value)
                }
                _ => None,
            };
            let computed = step.and_then(|step| Some((step, draft.small.steps.get(step)?.output.elements())));
            reads.push(match computed {
                Some((step, elements)) if small.elements() == elements => Source::Step(step),
                Some(_) if matches!(value, Value::Op(_)) => return None,
                _ => Source::Argument(draft.argument(*value, ty, small)),
            });
        }
        let small_output = TensorType::new(output.dtype, Shape::new(&shape)?);
        let step = Step { what: What::Operator(kind.clone()), args: known.arg_types.clone(), output, reads, at };
        let small_step =
            Step { what: What::Operator(small_kind), args: small_args, output: small_output, ..step.clone() };
        draft.ops.push(op);
        Some(draft.push((Value::Op(op), elsewhere), Some(op), step, small_step))
    }

    /// The step of a constant of one element.
    fn number_step(&self, draft: &mut Draft, value: Value) -> Option<usize> {
        if let Some(step) = draft.step_of.get(&(value, None)) {
            return Some(*step);
        }
        let Value::Const(index) = value else { return None };
        let constant = self.checked.program().constants.get(usize::from(index))?;
        let number = quern_program::decode_element(constant.ty.dtype, &constant.bytes, 0);
        let (at, shape) = if draft.elements > 1 { (At::Once, [1, 1]) } else { (At::Each, SMALL) };
        let shape = Shape::new(&shape)?;
        let step = Step { what: What::Number(number), args: vec![], output: constant.ty, reads: vec![], at };
        let small = Step { output: TensorType::new(constant.ty.dtype, shape), ..step.clone() };
        Some(draft.push((value, None), None, step, small))
    }
}

/// A kernel that is put together.
#[derive(Default)]
struct Draft {
    elements: u64,
    real: Recipe,
    small: Recipe,
    args: Vec<Value>,
    ops: Vec<u16>,
    /// The operators whose outputs are stored.
    stored: Vec<u16>,
    /// The operators that give the largest absolute values.
    largest: Vec<u16>,
    /// How many steps are computed for each.
    computed: Vec<usize>,
    /// Which operator each step is; none for constants.
    step_ops: Vec<Option<u16>>,
    /// The steps of values, at the places of the kernel or at those of a tensor that has this shape in the trial.
    step_of: HashMap<(Value, Option<[u32; 2]>), usize>,
}

impl Draft {
    fn push(&mut self, value: (Value, Option<[u32; 2]>), op: Option<u16>, real: Step, small: Step) -> usize {
        let step = self.real.steps.len();
        let again = real.reads.iter().filter_map(|read| match read {
            Source::Step(step) if self.real.steps.get(*step)?.at == At::Read => self.computed.get(*step).copied(),
            _ => None,
        });
        let computed = again.fold(1usize, usize::saturating_add);
        self.computed.push(computed);
        self.step_of.insert(value, step);
        self.step_ops.push(op);
        self.real.steps.push(real);
        self.small.steps.push(small);
        step
    }

    /// The argument of the kernel with this value. What is read in several ways has in the trial as many elements as one of them needs.
    fn argument(&mut self, value: Value, real: TensorType, small: TensorType) -> usize {
        if let Some(argument) = self.args.iter().position(|of| *of == value) {
            if let Some(known) = self.small.arguments.get_mut(argument).filter(|ty| ty.elements() < small.elements()) {
                *known = small;
            }
            return argument;
        }
        self.args.push(value);
        self.real.arguments.push(real);
        self.small.arguments.push(small);
        self.args.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_program::{ProgramBuilder, Var};

    /// The operators of each unit, and those that are written where it is one kernel.
    fn units(builder: ProgramBuilder, output: Var) -> Vec<(Vec<u16>, Option<Vec<u16>>)> {
        let checked = builder.build(output).unwrap();
        let results = checked.program().results(SegmentKind::Finish);
        let units = Plan::new(&checked, SegmentKind::Finish, Some(&results)).units;
        units.into_iter().map(|unit| (unit.ops, unit.fused.map(|fused| fused.outputs))).collect()
    }

    #[test]
    fn operators_should_be_one_kernel_when_each_reads_the_one_before_through_reshapes() {
        let mut b = ProgramBuilder::new();
        let x = b.input(DType::I32, &[4, 8]);
        let sum = b.add(x, x);
        let by = b.scalar(3);
        let sum = b.shift_round(sum, by);
        let sum = b.reshape(sum, &[8, 4]);
        let sum = b.cast(sum, DType::I8);
        assert_eq!(units(b, sum), [(vec![0, 1, 3], Some(vec![3]))]);
    }

    #[test]
    fn operators_should_be_kernels_of_their_own_when_another_lies_between_them() {
        let mut b = ProgramBuilder::new();
        let x = b.input(DType::I32, &[4, 8]);
        let sum = b.add(x, x);
        let largest = b.row_max(sum);
        let largest = b.reshape(largest, &[4, 1]);
        let rest = b.sub(sum, largest);
        assert_eq!(units(b, rest), [(vec![0], None), (vec![1], None), (vec![3], None)]);
    }

    #[test]
    fn number_should_be_computed_by_each_kernel_that_reads_it() {
        let mut b = ProgramBuilder::new();
        let [x, y] = [7, 9].map(|columns| b.input(DType::I32, &[3, columns]));
        let largest = b.row_max_abs(y);
        let largest = b.reshape(largest, &[1, 3]);
        let largest = b.row_max_abs(largest);
        let bits = b.bit_length(largest);
        let [x, y] = [x, y].map(|x| b.shift_round(x, bits));
        let y = b.row_sum(y);
        let y = b.reshape(y, &[3, 1]);
        let z = b.add(x, y);
        let expected =
            [(vec![0, 2], Some(vec![2])), (vec![3, 5], Some(vec![5])), (vec![6], None), (vec![3, 4, 8], Some(vec![8]))];
        assert_eq!(units(b, z), expected);
    }

    #[test]
    fn largest_should_be_found_where_the_elements_are_computed_when_they_wait_for_nothing_of_it() {
        let mut b = ProgramBuilder::new();
        let x = b.input(DType::I32, &[4, 8]);
        let sum = b.add(x, x);
        let largest = b.row_max_abs(sum);
        let largest = b.reshape(largest, &[1, 4]);
        let largest = b.row_max_abs(largest);
        let bits = b.bit_length(largest);
        let sum = b.shift_round(sum, bits);
        assert_eq!(units(b, sum), [(vec![0, 1, 3], Some(vec![0, 3])), (vec![4, 5], Some(vec![5]))]);
    }

    #[test]
    fn operators_should_be_one_kernel_when_elements_are_moved_between_them() {
        let mut b = ProgramBuilder::new();
        let x = b.input(DType::I32, &[4, 8]);
        let sum = b.add(x, x);
        let [left, right] = [0, 4].map(|start| b.slice(sum, 1, start, 4));
        let swapped = b.concat(1, &[right, left]);
        let both = b.mul(sum, swapped);
        let turned = b.transpose(both);
        assert_eq!(units(b, turned), [((0..6).collect(), Some(vec![5]))]);
    }

    #[test]
    fn operators_should_be_kernels_of_their_own_when_what_is_moved_is_in_memory_too_or_random() {
        let mut b = ProgramBuilder::new();
        let x = b.input(DType::I32, &[4, 8]);
        let sum = b.add(x, x);
        let largest = b.row_max(sum);
        let turned = b.transpose(sum);
        let rest = b.sub(turned, largest);
        let expected = [(vec![0], None), (vec![1], None), (vec![2, 3], Some(vec![3]))];
        assert_eq!(units(b, rest), expected);
        let mut b = ProgramBuilder::new();
        let random = b.random(&[4, 8]);
        let turned = b.transpose(random);
        assert_eq!(units(b, turned), [(vec![0], None), (vec![1], None)]);
    }

    #[test]
    fn operators_should_be_kernels_of_their_own_when_they_draw_one_number_for_many_elements() {
        let mut b = ProgramBuilder::new();
        let x = b.input(DType::I32, &[4, 8]);
        let random = b.random(&[1]);
        let sum = b.add(x, random);
        assert_eq!(units(b, sum), [(vec![0], None), (vec![1], None)]);
        let mut b = ProgramBuilder::new();
        let (x, y) = (b.input(DType::I32, &[4, 8]), b.input(DType::I32, &[1]));
        let shift = b.scalar(3);
        let rounded = b.shift_stochastic(y, shift);
        let sum = b.add(x, rounded);
        assert_eq!(units(b, sum), [(vec![0], Some(vec![0])), (vec![1], None)]);
    }

    #[test]
    fn operators_should_be_kernels_of_their_own_when_one_kernel_would_compute_the_same_again_and_again() {
        let mut b = ProgramBuilder::new();
        let x = b.input(DType::I32, &[4, 8]);
        let power = (0..10).fold(x, |x, _| b.mul(x, x));
        let turned = b.transpose(power);
        assert_eq!(units(b, turned), [((0..10).collect(), Some(vec![9])), (vec![10], None)]);
    }

    #[test]
    fn transposes_should_be_no_kernels_when_only_products_read_them() {
        let mut b = ProgramBuilder::new();
        let [x, y] = [20, 24].map(|columns| b.input(DType::I8, &[32, columns]));
        let [x, y] = [x, y].map(|x| b.transpose(x));
        let product = b.matmul_nt(x, y);
        assert_eq!(units(b, product), [(vec![0, 1, 2], Some(vec![2]))]);
        // Lines that are no whole words, and a reader that is no product.
        let mut other = ProgramBuilder::new();
        let [x, y] = [22, 24].map(|columns| other.input(DType::I8, &[32, columns]));
        let [x, y] = [x, y].map(|x| other.transpose(x));
        let product = other.matmul_nt(x, y);
        let sum = other.row_sum(y);
        let product = other.add(product, sum);
        assert_eq!(units(other, product), [0, 1, 2, 3, 4].map(|op| (vec![op], None)));
    }

    #[test]
    fn operators_should_not_run_when_nobody_needs_them() {
        let mut b = ProgramBuilder::new();
        let x = b.input(DType::I32, &[4, 8]);
        let sum = b.add(x, x);
        b.sub(sum, x);
        assert_eq!(units(b, sum), [(vec![0], None)]);
    }

    #[test]
    fn kernels_should_keep_to_the_limit_of_buffers_when_a_sum_is_long() {
        let mut b = ProgramBuilder::new();
        let inputs: Vec<_> = (0..16).map(|_| b.input(DType::I32, &[4, 8])).collect();
        let sum = inputs.iter().skip(1).fold(inputs[0], |sum, x| b.add(sum, *x));
        let checked = b.build(sum).unwrap();
        let results = checked.program().results(SegmentKind::Finish);
        let units = Plan::new(&checked, SegmentKind::Finish, Some(&results)).units;
        let kernels: Vec<_> = units.iter().map(|unit| &unit.fused.as_ref().unwrap().call.kernel).collect();
        let buffers = kernels.iter().map(|kernel| kernel.outputs() + kernel.arguments());
        assert_eq!(buffers.collect::<Vec<_>>(), [8, 8, 5]);
    }
}
