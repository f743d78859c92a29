// SPDX-License-Identifier: Apache-2.0
//! The trial of a kernel of several operators, before it is used: a compiler may take a combination for something else though it gets
//! each operator right.

use super::{
    fuse::{Fused, Recipe, Step, Trial, What},
    kernels::{self, Source},
    memory::{Command, Device, Pool},
};
use crate::{self_test::EDGES, ExecutorError};
use quern_program::{Call, DType, OpKind, Shape, Tensor, TensorType};

/// How often a kernel is run, each time on other values.
const ROUNDS: u64 = 8;

/// A run of a kernel, and what it should write.
struct Run {
    call: kernels::Call,
    arguments: Vec<Tensor>,
    expected: Vec<Tensor>,
}

/// Whether a kernel computes what its operators mean, on edge values and on random ones.
pub(super) fn agrees<D: Device>(pool: &Pool<D>, fused: &Fused) -> Result<bool, ExecutorError> {
    let runs: Option<Vec<Run>> = match &fused.trial {
        Trial::Elements(recipe) => (0..ROUNDS).map(|round| of_elements(fused, recipe.clone(), round)).collect(),
        Trial::MaxAbs(dtype) => (0..MAX_ABS_LENGTHS.len()).map(|round| of_max_abs(*dtype, round)).collect(),
        Trial::Product(are_columns) => {
            PRODUCTS.iter().enumerate().map(|(round, sizes)| of_product(*are_columns, *sizes, round as u64)).collect()
        }
    };
    let Some(runs) = runs.filter(|runs| runs.iter().all(|run| run.call.kernel == fused.call.kernel)) else {
        return Ok(false);
    };
    let (mut commands, mut held, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
    for Run { call, arguments, expected } in &runs {
        let args: Vec<_> = arguments.iter().map(|tensor| pool.upload(&tensor.bytes)).collect();
        let outs: Vec<_> = expected.iter().map(|tensor| pool.upload(&vec![0; tensor.bytes.len()])).collect();
        wanted.extend(outs.iter().zip(expected).map(|(memory, tensor)| (memory.buffer(), tensor.ty.bytes())));
        commands.push(Command {
            call: call.clone(),
            outs: outs.iter().map(|memory| memory.buffer()).collect(),
            args: args.iter().map(|memory| memory.buffer()).collect(),
            work: 0,
        });
        held.extend(args.into_iter().chain(outs));
    }
    pool.device.submit(&commands)?;
    let found = pool.device.read(&wanted)?;
    let expected = runs.iter().flat_map(|run| &run.expected);
    Ok(expected.map(|tensor| &tensor.bytes[..]).eq(found.iter().map(|bytes| &bytes[..])))
}

/// A round with a kernel of elements.
fn of_elements(fused: &Fused, mut recipe: Recipe, round: u64) -> Option<Run> {
    // The numbers of the program itself come in every other round.
    if round % 2 == 1 {
        for (index, step) in recipe.steps.iter_mut().enumerate() {
            if let What::Number(number) = &mut step.what {
                *number = value(step.output.dtype, [round, index as u64, u64::MAX]);
            }
        }
    }
    let arguments = recipe.arguments.iter().enumerate().map(|(index, ty)| argument(round, index as u64, *ty));
    let arguments: Vec<Tensor> = arguments.collect();
    let key = [round as u8 ^ 0xa5; 32];
    let expected = meaning(&recipe, &arguments, &key)?;
    let mut call = recipe.call()?;
    fused.keys.iter().for_each(|(step, _)| call.set_key(*step, &key));
    Some(Run { call, arguments, expected })
}

/// Lengths of the tensors whose largest absolute value is looked for: one for each edge, which stands alone in it, then some that take
/// several workgroups.
const MAX_ABS_LENGTHS: [u32; EDGES.len() + 4] = {
    let mut lengths = [300; EDGES.len() + 4];
    (lengths[0], lengths[EDGES.len()], lengths[EDGES.len() + 1]) = (1, 4_096, 10_001);
    lengths
};

/// A round with the kernel that finds the largest absolute value.
fn of_max_abs(dtype: DType, round: usize) -> Option<Run> {
    let length = *MAX_ABS_LENGTHS.get(round)?;
    let ty = TensorType::new(dtype, Shape::matrix(1, length));
    let x = match EDGES.get(round) {
        Some(edge) => {
            let mut values = vec![0; length as usize];
            *values.get_mut(round * 7 % length as usize)? = *edge;
            Tensor::from_values(ty, &values)
        }
        None => argument(round as u64, 0, ty),
    };
    let expected = vec![largest(&x)?];
    Some(Run { call: kernels::max_abs(ty), arguments: vec![x], expected })
}

/// Rows, columns and depth of the products that are computed: more than a tile of lines, and less.
const PRODUCTS: [[u32; 3]; 2] = [[68, 20, 80], [24, 132, 16]];

/// A round with a product of two matrices each, of which these are transposed in memory.
fn of_product(are_columns: [bool; 2], [rows, columns, depth]: [u32; 3], round: u64) -> Option<Run> {
    const MATRICES: u32 = 2;
    let of = |dtype, lines, depth| Some(TensorType::new(dtype, Shape::new(&[MATRICES, lines, depth])?));
    let args = [of(DType::I8, rows, depth)?, of(DType::I8, columns, depth)?];
    let arguments = [0, 1].map(|index| argument(round, index as u64, args[index]));
    let product =
        Call { kind: &OpKind::MatmulNt, args: args.to_vec(), output: of(DType::I32, rows, columns)?, key: [0; 32] };
    // Where lines are columns, an element is elsewhere in memory.
    let place = |arg: usize, at: u64| {
        let (lines, depth) = (u64::from([rows, columns][arg]), u64::from(depth));
        let (matrix, line, of_line) = (at / (lines * depth), at / depth % lines, at % depth);
        if are_columns[arg] {
            (matrix * depth + of_line) * lines + line
        } else {
            at
        }
    };
    let mut read = |arg: usize, at: u64| arguments.get(arg).map(|tensor| tensor.get(place(arg, at))).ok_or(());
    let elements = 0..product.output.elements();
    let expected = elements.map(|index| product.element(index, &mut read)).collect::<Result<Vec<i32>, ()>>().ok()?;
    Some(Run {
        call: kernels::Product::of_columns(MATRICES, [rows, columns, depth], are_columns)?,
        expected: vec![Tensor::from_values(product.output, &expected)],
        arguments: arguments.into(),
    })
}

/// The largest absolute value of all elements.
fn largest(x: &Tensor) -> Option<Tensor> {
    let ty = TensorType::new(x.ty.dtype, Shape::matrix(1, x.ty.elements() as u32));
    let call = Call { kind: &OpKind::RowMaxAbs, args: vec![ty], output: TensorType::i32_vector(1), key: [0; 32] };
    let largest = call.element(0, &mut |_, at| Ok::<_, ()>(x.get(at))).ok()?;
    Some(Tensor::from_values(call.output, &[largest]))
}

/// What is stored, by the meaning of each operator.
fn meaning(recipe: &Recipe, arguments: &[Tensor], key: &[u8; 32]) -> Option<Vec<Tensor>> {
    let mut computed: Vec<Tensor> = Vec::new();
    for Step { what, args, output, reads, .. } in &recipe.steps {
        let values = match what {
            What::Number(number) => vec![*number; output.elements() as usize],
            What::Operator(kind) => {
                let tensors = reads.iter().map(|read| match read {
                    Source::Argument(index) => arguments.get(*index),
                    Source::Step(index) => computed.get(*index),
                });
                let tensors = tensors.collect::<Option<Vec<&Tensor>>>()?;
                let call = Call { kind, args: args.clone(), output: *output, key: *key };
                let mut read = |arg: usize, at: u64| tensors.get(arg).map(|tensor| tensor.get(at)).ok_or(());
                let elements = 0..output.elements();
                elements.map(|index| call.element(index, &mut read)).collect::<Result<_, ()>>().ok()?
            }
        };
        computed.push(Tensor::from_values(*output, &values));
    }
    let stored = recipe.stores.iter().map(|step| computed.get(*step).cloned());
    let largest = recipe.largest.iter().map(|step| largest(computed.get(*step)?));
    stored.chain(largest).collect()
}

fn argument(round: u64, argument: u64, ty: TensorType) -> Tensor {
    let values: Vec<i32> = (0..ty.elements()).map(|place| value(ty.dtype, [round, argument, place])).collect();
    Tensor::from_values(ty, &values)
}

/// A value of a type: at the edges of types, shifts and tables, or a random one of any size.
fn value(dtype: DType, place: [u64; 3]) -> i32 {
    let word = place.iter().fold(0, |word, part| mixed(word ^ part));
    let bits = 8 * dtype.bytes();
    let value = match word % 2 {
        0 => EDGES.get((word >> 8) as usize % EDGES.len()).copied().unwrap_or(0),
        _ => ((word >> 32) as i32) >> (32 - bits + (word >> 8) % bits),
    };
    value.clamp(dtype.min(), dtype.max())
}

/// SplitMix64.
fn mixed(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
