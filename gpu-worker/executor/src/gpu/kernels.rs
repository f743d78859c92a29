// SPDX-License-Identifier: Apache-2.0
//! Which kernel computes an operator, and its source: files of `shaders/` put together.

use crate::cpu::stretch;
use bytemuck::{Pod, Zeroable};
use quern_program::{
    ops::{broadcast, permuted, Broadcast},
    DType, OpKind, Shape, TensorType, Window2d,
};

/// Invocations of a workgroup.
const WORKGROUP: u64 = 256;
/// Workgroups along one dimension: WebGPU's default limit.
const MAX_WORKGROUPS: u64 = 65_535;

/// What a kernel is told; `shaders/params.wgsl` says what the fields mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Params {
    pub len: u32,
    pub rows: u32,
    pub columns: u32,
    pub depth: u32,
    pub whole: u32,
    pub start: u32,
    pub first: u32,
    pub second: u32,
    pub lo: i32,
    pub hi: i32,
    pub frac_bits: u32,
    pub matrices: u32,
    pub key: [u32; 8],
    pub image: [u32; 2],
    pub places: [u32; 2],
    pub kernel: [u32; 2],
    pub stride: [u32; 2],
    pub padding: [u32; 2],
    pub channels: u32,
    /// A uniform's size is a multiple of 16 bytes.
    pub unused: u32,
}

/// How a kernel reads its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Arguments {
    /// Element by element, of these types.
    Elements(Vec<DType>),
    /// Word by word; the kernel declares them, this many.
    Words(usize),
}

/// A kernel: the parts of its source.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kernel {
    parts: Vec<&'static str>,
    arguments: Arguments,
}

/// A kernel with what it is told and how many workgroups it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The kernel.
    pub kernel: Kernel,
    pub(super) params: Params,
    pub(super) workgroups: u64,
}

impl Call {
    /// What the kernel is told: the bytes of its uniform buffer, binding 0.
    pub fn params(&self) -> &[u8] {
        bytemuck::bytes_of(&self.params)
    }

    /// Workgroups along x and y, within WebGPU's default limits.
    pub fn grid(&self) -> [u32; 2] {
        let rows = self.workgroups.div_ceil(MAX_WORKGROUPS).max(1);
        [self.workgroups.div_ceil(rows) as u32, rows as u32]
    }
}

macro_rules! shader {
    ($name:literal) => {
        include_str!(concat!("../../shaders/", $name, ".wgsl"))
    };
}

/// The product of matrices in tiles, of whatever the part before it multiplies.
const PRODUCT: &str = shader!("matmul_nt");
/// The same, row by row.
const PRODUCT_BY_ROWS: &str = shader!("matvec_nt");

impl Kernel {
    /// Number of arguments: storage buffers that it reads, at the bindings from 2 on.
    pub fn arguments(&self) -> usize {
        match &self.arguments {
            Arguments::Elements(types) => types.len(),
            Arguments::Words(count) => *count,
        }
    }

    /// Whether it multiplies matrices.
    pub fn is_product(&self) -> bool {
        self.parts.iter().any(|part| [PRODUCT, PRODUCT_BY_ROWS].contains(part))
    }

    /// WGSL, whose entry point is `main`.
    pub fn source(&self) -> String {
        let mut source = String::from(shader!("params"));
        if let Arguments::Elements(types) = &self.arguments {
            for ((dtype, name), binding) in types.iter().zip(["a", "b"]).zip(["2", "3"]) {
                let load = match dtype {
                    DType::I8 => shader!("load_i8"),
                    DType::I16 => shader!("load_i16"),
                    DType::I32 => shader!("load_i32"),
                };
                source.push_str(&load.replace("NAME", name).replace("BINDING", binding));
            }
        }
        for part in &self.parts {
            source.push_str(part);
        }
        source
    }
}

/// Elements in a word of memory.
pub(super) fn per_word(dtype: DType) -> u64 {
    4 / dtype.bytes()
}

/// A kernel of elements that are computed one by one and stored as words.
fn elementwise(parts: &[&'static str], args: &[TensorType], output: TensorType, params: Params) -> Call {
    let store = match output.dtype {
        DType::I8 => shader!("store_i8"),
        DType::I16 => shader!("store_i16"),
        DType::I32 => shader!("store_i32"),
    };
    let words = output.elements().div_ceil(per_word(output.dtype));
    whole([parts, &[store]].concat(), args, params, words.div_ceil(WORKGROUP))
}

/// A kernel that writes its output by itself.
fn whole(parts: Vec<&'static str>, args: &[TensorType], params: Params, workgroups: u64) -> Call {
    let arguments = Arguments::Elements(args.iter().map(|ty| ty.dtype).collect());
    Call { kernel: Kernel { parts, arguments }, params, workgroups }
}

fn second(args: &[TensorType]) -> &'static str {
    match args {
        [a, b] => match broadcast(*a, *b) {
            Some(Broadcast::Same) => shader!("second_same"),
            Some(Broadcast::Last) => shader!("second_last"),
            Some(Broadcast::AllButLast) => shader!("second_all_but_last"),
            Some(Broadcast::One) | None => shader!("second_one"),
        },
        _ => "",
    }
}

/// Rows of i8 filled to as many columns as the output has.
pub(super) fn pad(x: TensorType, output: TensorType) -> Call {
    let (len, columns, depth) = (output.elements() as u32, x.shape.last(), output.shape.last());
    let params = Params { len, columns, depth, ..Params::default() };
    elementwise(&[shader!("pad")], &[x], output, params)
}

/// Rows up to which a product is computed row by row: tiles would be empty for the most part.
const FEW_ROWS: u32 = 16;
/// Bytes that a kernel can read of a buffer: WebGPU's default limit.
const MAX_BINDING_BYTES: u64 = 1 << 27;

/// A product of `a [matrices, rows, columns]` and the transposes of `b`: how it is computed, and how long lines are filled up to for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Product {
    in_tiles: bool,
    /// Elements of a line of both arguments, filled up.
    pub line: u32,
}

impl Product {
    /// The product of so many matrices of `rows x depth` and of `columns x depth`.
    pub fn new(matrices: u32, [rows, columns, depth]: [u32; 3]) -> Self {
        // Four words, which tiles are loaded by.
        let line = depth.next_multiple_of(16);
        let bytes = u64::from(matrices) * u64::from(rows.max(columns)) * u64::from(line);
        match rows > FEW_ROWS && bytes <= MAX_BINDING_BYTES {
            true => Self { in_tiles: true, line },
            false => Self { in_tiles: false, line: depth.next_multiple_of(4) },
        }
    }

    /// Of `i8`: `a [matrices, rows, line]` times the transposes of `b [matrices, columns, line]`.
    pub fn call(self, matrices: u32, [rows, columns]: [u32; 2]) -> Call {
        self.of_words(shader!("dot_i8"), matrices, [rows, columns, self.line / 4])
    }

    fn of_words(self, dot: &'static str, matrices: u32, [rows, columns, depth]: [u32; 3]) -> Call {
        let (parts, [rows_each, columns_each]) = match self.in_tiles {
            true => (vec![dot, shader!("four"), PRODUCT], [64, 64]),
            false => (vec![dot, PRODUCT_BY_ROWS], [1, 16]),
        };
        let groups = [rows.div_ceil(rows_each), columns.div_ceil(columns_each)];
        Call {
            kernel: Kernel { parts, arguments: Arguments::Words(2) },
            params: Params { rows, columns, depth, matrices, ..Params::default() },
            workgroups: groups.into_iter().map(u64::from).product::<u64>() * u64::from(matrices),
        }
    }
}

/// The product of two `f32` matrices of `n x n` in the same tiles, to measure against.
pub(super) fn matmul_f32(n: u32) -> Call {
    Product { in_tiles: true, line: n }.of_words(shader!("dot_f32"), 1, [n; 3])
}

/// Words of each argument of [`dots`].
const DOTS_WORDS: u32 = 256;
/// Bytes of each argument of [`dots`].
pub(super) const DOTS_ARGUMENT_BYTES: u64 = 4 * DOTS_WORDS as u64;
/// Workgroups of [`dots`]: enough for any GPU.
const DOTS_WORKGROUPS: u64 = 1 << 13;

/// Nothing but products of words in registers, words of its output, and its multiply-accumulates.
pub(super) fn dots(rounds: u32) -> (Call, u64, u64) {
    let call = Call {
        kernel: Kernel {
            parts: vec![shader!("dot_i8"), shader!("four"), shader!("dots")],
            arguments: Arguments::Words(2),
        },
        params: Params { len: DOTS_WORDS, depth: rounds, ..Params::default() },
        workgroups: DOTS_WORKGROUPS,
    };
    let invocations = DOTS_WORKGROUPS * WORKGROUP;
    (call, invocations, invocations * u64::from(rounds) * 64 * 4)
}

/// The concatenation of two tensors.
pub(super) fn concat(axis: u8, a: TensorType, b: TensorType, output: TensorType) -> Call {
    let width = |ty: TensorType| {
        let (inner, places) = stretch(ty.shape, axis);
        (inner * places) as u32
    };
    let params = Params {
        len: output.elements() as u32,
        whole: width(output),
        first: width(a),
        second: width(b),
        ..Params::default()
    };
    elementwise(&[shader!("concat")], &[a, b], output, params)
}

/// What a kernel is told of windows over images of the shape `images`, whose contents have the shape `unfolded`.
fn windows(params: Params, window: Window2d, images: Shape, unfolded: Shape) -> Params {
    Params {
        image: [images.dim(1), images.dim(2)],
        places: [unfolded.dim(1), unfolded.dim(2)],
        kernel: window.kernel.map(u32::from),
        stride: window.stride.map(u32::from),
        padding: window.padding.map(u32::from),
        channels: images.last(),
        depth: unfolded.last(),
        ..params
    }
}

/// The kernel of an operator; none for those that take several or no kernel: products, concatenations and reshapes.
pub(super) fn operator(kind: &OpKind, args: &[TensorType], output: TensorType, key: &[u8; 32]) -> Option<Call> {
    let shape = args.first().unwrap_or(&output).shape;
    let mut params =
        Params { len: output.elements() as u32, rows: shape.dim(0), columns: shape.last(), ..Params::default() };
    for (word, bytes) in params.key.iter_mut().zip(key.chunks_exact(4)) {
        *word = bytes.iter().rev().fold(0, |word, byte| (word << 8) | u32::from(*byte));
    }
    let params = params;
    let reduce = |lift| whole(vec![lift, shader!("row_reduce")], args, params, u64::from(params.rows));
    let second = || second(args);
    let blocks = output.elements().div_ceil(16).div_ceil(WORKGROUP);
    Some(match *kind {
        OpKind::MatmulNt | OpKind::Concat { .. } | OpKind::Reshape { .. } => return None,
        OpKind::Transpose => elementwise(&[shader!("transpose")], args, output, params),
        OpKind::Gather => elementwise(&[shader!("gather")], args, output, params),
        OpKind::Add => elementwise(&[second(), shader!("add")], args, output, params),
        OpKind::Sub => elementwise(&[second(), shader!("sub")], args, output, params),
        OpKind::Mul => elementwise(&[second(), shader!("mul")], args, output, params),
        OpKind::Div => elementwise(&[second(), shader!("div")], args, output, params),
        OpKind::Min => elementwise(&[second(), shader!("min")], args, output, params),
        OpKind::Max => elementwise(&[second(), shader!("max")], args, output, params),
        OpKind::ShiftRound => elementwise(&[second(), shader!("shift_round")], args, output, params),
        OpKind::ShiftStochastic => {
            let parts = vec![second(), shader!("chacha8"), shader!("shift_stochastic"), shader!("store_random")];
            whole(parts, args, params, blocks)
        }
        OpKind::Random { .. } => {
            whole(vec![shader!("chacha8"), shader!("random"), shader!("store_random")], args, params, blocks)
        }
        OpKind::Clamp { lo, hi } => elementwise(&[shader!("clamp")], args, output, Params { lo, hi, ..params }),
        OpKind::Cast { dtype } => {
            let (lo, hi) = (dtype.min(), dtype.max());
            elementwise(&[shader!("clamp")], args, output, Params { lo, hi, ..params })
        }
        OpKind::Table => elementwise(&[shader!("table")], args, output, params),
        OpKind::BitLength => elementwise(&[shader!("bit_length")], args, output, params),
        OpKind::Sqrt => elementwise(&[shader!("sqrt")], args, output, params),
        OpKind::OneHot { columns } => elementwise(&[shader!("one_hot")], args, output, Params { columns, ..params }),
        OpKind::Unfold2d { kernel, stride, padding, fill } => {
            let window = Window2d { kernel, stride, padding };
            let lo = fill.clamp(output.dtype.min(), output.dtype.max());
            let params = Params { lo, ..windows(params, window, shape, output.shape) };
            elementwise(&[shader!("unfold2d")], args, output, params)
        }
        OpKind::Fold2d { kernel, stride, padding, .. } => {
            let window = Window2d { kernel, stride, padding };
            elementwise(&[shader!("fold2d")], args, output, windows(params, window, output.shape, shape))
        }
        OpKind::Permute { axes } => {
            let places = permuted(shape, axes).unwrap_or_default();
            let [whole, start, first, second] = places.map(|(_, stride)| stride as u32);
            let [_, rows, columns, depth] = places.map(|(places, _)| places);
            let params = Params { rows, columns, depth, whole, start, first, second, ..params };
            elementwise(&[shader!("permute")], args, output, params)
        }
        OpKind::RowSum => reduce(shader!("row_sum")),
        OpKind::RowMax => reduce(shader!("row_max")),
        OpKind::RowMaxAbs => reduce(shader!("row_max_abs")),
        OpKind::RowArgmax => whole(vec![shader!("row_argmax")], args, params, u64::from(params.rows)),
        OpKind::ColSum => whole(vec![shader!("col_sum")], args, params, u64::from(params.columns).div_ceil(16)),
        OpKind::Softmax { frac_bits } => {
            let params = Params { frac_bits: u32::from(frac_bits), ..params };
            whole(vec![shader!("softmax")], args, params, u64::from(params.rows))
        }
        OpKind::Slice { axis, start, len } => {
            let (inner, places) = stretch(shape, axis);
            let inner = inner as u32;
            let params = Params { whole: inner * places as u32, start: inner * start, first: inner * len, ..params };
            elementwise(&[shader!("slice")], args, output, params)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn product_should_be_computed_row_by_row_when_it_has_few_rows() {
        assert_eq!(Product::new(3, [FEW_ROWS, 500, 30]), Product { in_tiles: false, line: 32 });
        assert_eq!(Product::new(3, [FEW_ROWS + 1, 500, 30]), Product { in_tiles: true, line: 32 });
    }

    #[test]
    fn product_should_be_computed_row_by_row_when_its_lines_filled_up_for_tiles_would_not_fit() {
        assert_eq!(Product::new(1, [1 << 23, 1, 3]), Product { in_tiles: true, line: 16 });
        assert_eq!(Product::new(1, [(1 << 23) + 1, 1, 3]), Product { in_tiles: false, line: 4 });
    }
}
