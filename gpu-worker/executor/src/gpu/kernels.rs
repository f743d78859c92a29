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

/// Products of matrices, of whatever the part before it multiplies.
const PRODUCT: &str = shader!("matmul_nt");

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
        self.parts.contains(&PRODUCT)
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

/// `a [matrices, m, words]` times the transposes of `b [matrices, n, words]`.
pub(super) fn matmul(matrices: u32, [m, n, words]: [u32; 3]) -> Call {
    product(shader!("dot_i8"), matrices, [m, n, words])
}

/// The product of `f32` in the same blocks, to measure against.
pub(super) fn matmul_f32([m, n, k]: [u32; 3]) -> Call {
    product(shader!("dot_f32"), 1, [m, n, k])
}

fn product(dot: &'static str, matrices: u32, [rows, columns, depth]: [u32; 3]) -> Call {
    Call {
        kernel: Kernel { parts: vec![dot, PRODUCT], arguments: Arguments::Words(2) },
        params: Params { rows, columns, depth, matrices, ..Params::default() },
        workgroups: u64::from(matrices) * u64::from(rows.div_ceil(64)) * u64::from(columns.div_ceil(64)),
    }
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
