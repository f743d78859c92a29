// SPDX-License-Identifier: Apache-2.0
//! Random valid programs and inputs, for differential tests of executors.

use crate::{
    check::check_operator, ops, Checked, DType, OpKind, ProgramBuilder, SegmentKind, Shape, Tensor, TensorType, Value,
    Var, Window2d,
};
use alloc::{vec, vec::Vec};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

/// Largest tensor, in elements.
const MAX_ELEMENTS: u64 = 1 << 14;
/// Most work of one operator.
const MAX_MACS: u64 = 1 << 20;
/// Most bytes of all constants.
const MAX_CONSTANT_BYTES: u64 = 16 << 10;
/// Most operators of a block, about.
const MOST_OPERATORS: usize = 512;
/// Most inputs.
const MAX_INPUTS: usize = 10;
/// Sizes around the widths of vectors, tiles and workgroups.
const SIZES: [u32; 24] = [1, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 20, 31, 32, 33, 48, 63, 64, 65, 100, 128, 257];
/// Values at the edges of types and shifts.
const EDGES: [i32; 24] = [
    0,
    1,
    -1,
    2,
    -2,
    7,
    15,
    31,
    32,
    -31,
    -32,
    126,
    127,
    128,
    -127,
    -128,
    255,
    256,
    32767,
    -32768,
    65536,
    i32::MAX,
    i32::MIN,
    i32::MIN + 1,
];

/// A valid program that is a function of `seed`, with canonical inputs for it. Every operator occurs; half of the programs
/// have a loop.
pub fn random_program(seed: u64) -> (Checked, Vec<Tensor>) {
    let mut generator = Generator {
        rng: ChaCha8Rng::seed_from_u64(seed),
        builder: ProgramBuilder::new(),
        pool: Vec::new(),
        inputs: 0,
        constant_bytes: 0,
    };
    let checked = generator.program();
    let inputs = random_inputs(&checked, seed)
        .into_iter()
        .zip(&checked.program().inputs)
        .map(|(bytes, ty)| Tensor::new(*ty, bytes))
        .collect();
    (checked, inputs)
}

/// Input bytes for a program, a function of `seed`: of the right length, but with any bit pattern, -128 included.
pub fn random_inputs(checked: &Checked, seed: u64) -> Vec<Vec<u8>> {
    let mut rng = ChaCha8Rng::seed_from_u64(!seed);
    checked.program().inputs.iter().map(|ty| random_bytes(&mut rng, *ty)).collect()
}

/// Bytes of a tensor: uniform, edge values, small numbers, or zeros.
pub fn random_bytes(rng: &mut impl RngCore, ty: TensorType) -> Vec<u8> {
    let mode = rng.next_u32() % 8;
    let mut bytes = Vec::new();
    for _ in 0..ty.elements() {
        let word = rng.next_u32() as i32;
        let value = match mode {
            0..=2 => word,
            3 | 4 => EDGES.get((word & 31) as usize).copied().unwrap_or(-128),
            5 | 6 => word >> 24,
            _ => 0,
        };
        bytes.extend(value.to_le_bytes().into_iter().take(ty.dtype.bytes() as usize));
    }
    bytes
}

struct Generator {
    rng: ChaCha8Rng,
    builder: ProgramBuilder,
    pool: Vec<Var>,
    inputs: usize,
    constant_bytes: u64,
}

impl Generator {
    fn below(&mut self, bound: u32) -> u32 {
        self.rng.next_u32().checked_rem(bound).unwrap_or(0)
    }

    fn choose<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let index = self.below(from.len() as u32);
        from.get(index as usize).copied()
    }

    fn size(&mut self) -> u32 {
        self.choose(&SIZES).unwrap_or(1)
    }

    fn dtype(&mut self) -> DType {
        self.choose(&[DType::I8, DType::I16, DType::I32]).unwrap_or(DType::I8)
    }

    /// A shape of few enough elements.
    fn dims(&mut self, rank: u32) -> Vec<u32> {
        loop {
            let dims: Vec<u32> = (0..rank).map(|_| self.size()).collect();
            if Shape::new(&dims).is_some_and(|shape| shape.elements() <= MAX_ELEMENTS) {
                return dims;
            }
        }
    }

    fn any_dims(&mut self) -> Vec<u32> {
        let rank = self.choose(&[1, 2, 2, 2, 2, 3, 4]).unwrap_or(2);
        self.dims(rank)
    }

    /// A new tensor: an input, a constant, or random words.
    fn fresh(&mut self, dtype: DType, dims: &[u32]) -> Var {
        let shape = Shape::new(dims).unwrap_or(Shape::vector(1));
        let ty = TensorType::new(dtype, shape);
        let how = self.below(3);
        let after = self.constant_bytes.saturating_add(ty.bytes());
        let var = if how == 0 && self.inputs < MAX_INPUTS {
            self.inputs = self.inputs.saturating_add(1);
            self.builder.input(dtype, dims)
        } else if how == 1 && after <= MAX_CONSTANT_BYTES {
            self.constant_bytes = after;
            let values = Tensor::new(ty, random_bytes(&mut self.rng, ty)).values();
            self.builder.constant(dtype, dims, &values)
        } else {
            let words = self.builder.random(dims);
            let bits = self.builder.scalar(32i32.saturating_sub(dtype.bytes().saturating_mul(8) as i32));
            let narrow = self.builder.shift_round(words, bits);
            self.builder.cast(narrow, dtype)
        };
        self.pool.push(var);
        var
    }

    /// A tensor of the pool that fits, or now and then, or else, a new one.
    fn pick(&mut self, fits: impl Fn(TensorType) -> bool, dtype: DType, dims: &[u32]) -> Var {
        let fitting: Vec<Var> = self.pool.iter().copied().filter(|var| fits(var.ty())).collect();
        // Later values more often, so that programs grow deep.
        let recent = fitting.get(fitting.len().saturating_sub(6)..).unwrap_or(&[]).to_vec();
        let from = if self.below(3) == 0 { fitting } else { recent };
        match self.choose(&from) {
            Some(var) if self.below(8) != 0 => var,
            _ => self.fresh(dtype, dims),
        }
    }

    fn any(&mut self) -> Var {
        let (dtype, dims) = (self.dtype(), self.any_dims());
        self.pick(|_| true, dtype, &dims)
    }

    fn matrix(&mut self, dtype: Option<DType>) -> Var {
        let dims = self.dims(2);
        let new = match dtype {
            Some(dtype) => dtype,
            None => self.dtype(),
        };
        self.pick(move |ty| ty.shape.rank() == 2 && dtype.is_none_or(|dtype| dtype == ty.dtype), new, &dims)
    }

    /// Adds an operator if it is valid and small.
    fn add(&mut self, kind: OpKind, args: &[Var]) -> Option<Var> {
        let typed: Vec<_> = args.iter().map(|arg| (arg.value(), arg.ty())).collect();
        let types: Vec<TensorType> = args.iter().map(Var::ty).collect();
        let (output, _) = check_operator(&kind, &typed).ok()?;
        if output.elements() > MAX_ELEMENTS || ops::cost_macs(&kind, &types, output) > MAX_MACS {
            return None;
        }
        let var = self.builder.op(kind, args);
        self.pool.push(var);
        Some(var)
    }

    fn elementwise(&mut self, kind: OpKind, a: Var) -> Option<Var> {
        let shape = a.shape();
        let last = shape.rank().saturating_sub(1);
        let dtype = self.dtype();
        let dims = match self.below(4) {
            0 => shape.dims().to_vec(),
            1 => vec![1],
            2 => vec![shape.last()],
            _ => shape.with_dim(last, 1).dims().to_vec(),
        };
        let b = self.pick(|ty| ty.shape.dims() == dims, dtype, &dims);
        self.add(kind, &[a, b])
    }

    /// Small windows, most of them valid.
    fn window(&mut self) -> Window2d {
        let kernel = [0; 2].map(|_| self.below(5).saturating_add(1) as u8);
        let stride = [0; 2].map(|_| self.below(4).saturating_add(1) as u8);
        Window2d { kernel, stride, padding: kernel.map(|kernel| self.below(u32::from(kernel)) as u8) }
    }

    /// Tries to add one operator.
    fn operator(&mut self) -> Option<Var> {
        match self.below(31) {
            0 | 1 => {
                let rank = self.choose(&[2, 2, 3, 4])?;
                let dims = self.dims(rank);
                let a = self.pick(|ty| ty.dtype == DType::I8 && ty.shape.rank() > 1, DType::I8, &dims);
                let axis = a.shape().rank().saturating_sub(2);
                let other = a.shape().with_dim(axis, self.size());
                let fits =
                    |ty: TensorType| ty.dtype == DType::I8 && ty.shape.with_dim(axis, 1) == a.shape().with_dim(axis, 1);
                let b = self.pick(fits, DType::I8, other.dims());
                self.add(OpKind::MatmulNt, &[a, b])
            }
            2 => {
                let x = self.matrix(None);
                self.add(OpKind::Transpose, &[x])
            }
            3 => {
                let (table, dtype, dims) = (self.matrix(None), self.dtype(), self.dims(1));
                let indices = self.pick(|ty| ty.shape.rank() == 1, dtype, &dims);
                self.add(OpKind::Gather, &[table, indices])
            }
            at @ 4..=11 => {
                let kinds = [
                    OpKind::Add,
                    OpKind::Sub,
                    OpKind::Mul,
                    OpKind::Div,
                    OpKind::Min,
                    OpKind::Max,
                    OpKind::ShiftRound,
                    OpKind::ShiftStochastic,
                ];
                let kind = kinds.get(at.saturating_sub(4) as usize)?.clone();
                let a = self.any();
                self.elementwise(kind, a)
            }
            12 => {
                let (a, b) = (self.choose(&EDGES)?, self.choose(&EDGES)?);
                let x = self.any();
                self.add(OpKind::Clamp { lo: a.min(b), hi: a.max(b) }, &[x])
            }
            13 | 14 => {
                let x = self.any();
                // Mostly to i8: products need it.
                let dtype = self.choose(&[DType::I8, DType::I8, DType::I16, DType::I32])?;
                self.add(OpKind::Cast { dtype }, &[x])
            }
            15 => {
                let (dims, dtype) = (self.any_dims(), self.dtype());
                let x = self.pick(|ty| ty.dtype == DType::I8, DType::I8, &dims);
                let table = self.pick(|ty| *ty.shape.dims() == [256], dtype, &[256]);
                self.add(OpKind::Table, &[x, table])
            }
            16 => {
                let x = self.any();
                self.add(OpKind::BitLength, &[x])
            }
            at @ 17..=21 => {
                let kinds = [OpKind::RowSum, OpKind::RowMax, OpKind::RowMaxAbs, OpKind::RowArgmax, OpKind::ColSum];
                let kind = kinds.get(at.saturating_sub(17) as usize)?.clone();
                let x = self.matrix(None);
                self.add(kind, &[x])
            }
            22 => {
                let x = self.matrix(Some(DType::I32));
                let frac_bits = self.below(25) as u8;
                self.add(OpKind::Softmax { frac_bits }, &[x])
            }
            23 => {
                let x = self.any();
                let elements = x.ty().elements() as u32;
                let first = self.choose(&SIZES)?;
                let rest = elements.checked_div(first)?;
                let shape = if rest.saturating_mul(first) == elements {
                    Shape::matrix(rest, first)
                } else {
                    Shape::new(&[1, elements, 1])?
                };
                self.add(OpKind::Reshape { shape }, &[x])
            }
            24 => {
                let x = self.any();
                let axis = self.below(x.shape().rank() as u32) as u8;
                let dim = x.shape().dim(usize::from(axis));
                let start = self.below(dim);
                let len = self.below(dim.saturating_sub(start)).saturating_add(1);
                self.add(OpKind::Slice { axis, start, len }, &[x])
            }
            25 => {
                let rank = self.choose(&[2, 3, 4])?;
                let dims = self.dims(rank);
                let dtype = self.dtype();
                let x = self.pick(|ty| ty.shape.rank() > 1, dtype, &dims);
                let mut axes = [0u8, 1, 2, 3];
                for from in 0..x.shape().rank() {
                    let to = self.below(x.shape().rank() as u32) as usize;
                    axes.swap(from, to);
                }
                self.add(OpKind::Permute { axes }, &[x])
            }
            26 => {
                let (dtype, dims) = (self.dtype(), self.dims(1));
                let x = self.pick(|ty| ty.shape.rank() == 1, dtype, &dims);
                let columns = self.size();
                self.add(OpKind::OneHot { columns }, &[x])
            }
            27 => {
                let x = self.any();
                self.add(OpKind::Sqrt, &[x])
            }
            28 => {
                let dims = self.dims(4);
                let dtype = self.dtype();
                let x = self.pick(|ty| ty.shape.rank() == 4, dtype, &dims);
                let Window2d { kernel, stride, padding } = self.window();
                let fill = self.choose(&EDGES)?;
                self.add(OpKind::Unfold2d { kernel, stride, padding, fill }, &[x])
            }
            29 => {
                let image = [self.size(), self.size()];
                let window = self.window();
                let [down, across] = window.places(image).ok()?;
                let depth = window.area().saturating_mul(self.below(4).saturating_add(1));
                let dims = [self.below(3).saturating_add(1), down, across, depth];
                if Shape::new(&dims)?.elements() > MAX_ELEMENTS {
                    return None;
                }
                let dtype = self.dtype();
                let fits = |ty: TensorType| ty.shape.with_dim(0, 1).dims() == [1, down, across, depth];
                let x = self.pick(fits, dtype, &dims);
                let Window2d { kernel, stride, padding } = window;
                self.add(OpKind::Fold2d { kernel, stride, padding, image }, &[x])
            }
            _ => {
                let x = self.any();
                let axis = self.below(x.shape().rank() as u32);
                let count = self.below(4).saturating_add(1);
                let mut args = vec![x];
                for _ in 0..count {
                    let ty = x.ty();
                    let dims = ty.shape.with_dim(axis as usize, self.below(9).saturating_add(1)).dims().to_vec();
                    let fits = |other: TensorType| {
                        other.dtype == ty.dtype
                            && other.shape.rank() == ty.shape.rank()
                            && other.shape.with_dim(axis as usize, 1) == ty.shape.with_dim(axis as usize, 1)
                    };
                    args.push(self.pick(fits, ty.dtype, &dims));
                }
                self.add(OpKind::Concat { axis: axis as u8 }, &args)
            }
        }
    }

    /// Adds operators, at least one.
    fn operators(&mut self, most: u32) {
        let mut left = self.below(most).saturating_add(1);
        // An attempt adds at most two dozen operators.
        while left > 0 && (self.builder.operators() < MOST_OPERATORS || self.builder.operators() == 0) {
            if self.operator().is_some() {
                left = left.saturating_sub(1);
            }
        }
    }

    fn begin(&mut self, state: Vec<Var>) {
        self.pool.retain(|var| matches!(var.value(), Value::Input(_) | Value::Const(_)));
        self.pool.extend(state);
    }

    fn program(&mut self) -> Checked {
        if self.below(2) == 0 {
            self.operators(6);
            let count = self.below(4).saturating_add(1);
            let state: Vec<Var> = (0..count).filter_map(|_| self.choose(&self.pool.clone())).collect();
            let state = self.builder.begin_body(&state);
            self.begin(state.clone());
            let step = self.builder.step();
            self.pool.push(step);
            self.operators(12);
            let next: Vec<Var> = state.iter().map(|old| self.next(*old)).collect();
            let steps = self.below(4).saturating_add(1);
            let state = self.builder.begin_finish(&next, steps);
            self.begin(state);
        }
        self.operators(if self.builder.block() == SegmentKind::Finish { 6 } else { 24 });
        let output = self.pool.last().copied().unwrap_or_else(|| self.builder.scalar(0));
        match core::mem::take(&mut self.builder).build(output) {
            Ok(checked) => checked,
            Err(error) => panic!("the generator made an invalid program: {error}"),
        }
    }

    /// The next state tensor after `old`: itself, another of its type, or an update of it.
    fn next(&mut self, old: Var) -> Var {
        let fitting: Vec<Var> = self.pool.iter().copied().filter(|var| var.ty() == old.ty()).collect();
        match self.below(4) {
            0 => old,
            1 => self.choose(&fitting).unwrap_or(old),
            _ => {
                let updated = self.elementwise(OpKind::Add, old).unwrap_or(old);
                self.builder.cast(updated, old.ty().dtype)
            }
        }
    }
}
