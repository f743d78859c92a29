// SPDX-License-Identifier: Apache-2.0
//! Which kernel computes an operator, and its source: files of `shaders/` put together.

use crate::cpu::stretch;
use bytemuck::{Pod, Zeroable};
use quern_program::{
    ops::{broadcast, permuted, Broadcast},
    DType, OpKind, Shape, TensorType, Window2d,
};
use std::{
    hash::{Hash, Hasher},
    sync::Arc,
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
    pub by_rows: [u32; 2],
    pub by_columns: [u32; 2],
    pub by_depth: [u32; 2],
    pub by_whole: [u32; 2],
    pub by_first: [u32; 2],
    pub channels: u32,
    /// A uniform's size is a multiple of 16 bytes.
    pub unused: [u32; 3],
}

/// What divides numbers below 2^31 by this one: the factor `2^(31 + bits) / by`, rounded up, and the bits that the number has less
/// one. It is too much by less than `1 / by`.
fn divisor(by: u32) -> [u32; 2] {
    let bits = by.max(1).next_power_of_two().ilog2();
    [(1u64 << (31 + bits)).div_ceil(u64::from(by.max(1))) as u32, bits]
}

/// A file of `shaders/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    name: &'static str,
    wgsl: &'static str,
}

impl Hash for Part {
    // Files of different names are different, and the text is long.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

macro_rules! shader {
    ($name:literal) => {
        Part { name: $name, wgsl: include_str!(concat!("../../shaders/", $name, ".wgsl")) }
    };
}

/// How a kernel reads its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Arguments {
    /// Element by element, of these types.
    Elements(Vec<DType>),
    /// Word by word; the kernel declares them, this many.
    Words(usize),
    /// Lines of words, for a product in tiles; or columns, where it reads a transposed matrix in the place of this one.
    Lines([bool; 2]),
}

/// Where a step of a kernel reads an argument of its operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// In an argument of the kernel, anywhere.
    Argument(usize),
    /// What an earlier step computes.
    Step(usize),
}

/// Where a step of a kernel is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum At {
    /// Once for all places: its output has one element.
    Once,
    /// At each place that the kernel computes.
    Each,
    /// At whatever place another step reads it, each time anew.
    Read,
}

/// An operator on elements, as part of a kernel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Step {
    parts: Vec<Part>,
    reads: Vec<Source>,
    is_random: bool,
    at: At,
}

/// What a kernel does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Body {
    /// These files, of which the last writes the only output.
    Whole(Vec<Part>),
    /// Steps one after the other at each place; what some of them compute is stored, as these types, and the largest absolute values
    /// of some are found, in outputs that are 0 before.
    Elements { steps: Vec<Step>, stores: Vec<(usize, DType)>, largest: Vec<usize> },
}

/// A kernel: the parts of its source.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kernel {
    arguments: Arguments,
    body: Body,
}

/// A kernel with what it is told and how many workgroups it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The kernel.
    pub kernel: Arc<Kernel>,
    pub(super) params: Vec<Params>,
    pub(super) workgroups: u64,
}

impl Call {
    /// What the kernel is told: the bytes of its uniform buffer, binding 0.
    pub fn params(&self) -> &[u8] {
        bytemuck::cast_slice(&self.params)
    }

    /// Workgroups along x and y, within WebGPU's default limits.
    pub fn grid(&self) -> [u32; 2] {
        let rows = self.workgroups.div_ceil(MAX_WORKGROUPS).max(1);
        [self.workgroups.div_ceil(rows) as u32, rows as u32]
    }

    /// Gives a step the key of its random words.
    pub(super) fn set_key(&mut self, step: usize, key: &[u8; 32]) {
        if let Some(params) = self.params.get_mut(step) {
            params.key = key_words(key);
        }
    }
}

fn key_words(key: &[u8; 32]) -> [u32; 8] {
    let mut words = [0; 8];
    for (word, bytes) in words.iter_mut().zip(key.chunks_exact(4)) {
        *word = bytes.iter().rev().fold(0, |word, byte| (word << 8) | u32::from(*byte));
    }
    words
}

/// The product of matrices in tiles, of whatever the part before it multiplies.
const PRODUCT: Part = shader!("matmul_nt");
/// The same, row by row.
const PRODUCT_BY_ROWS: Part = shader!("matvec_nt");

/// A product's argument that is transposed in memory.
const COLUMNS: Part = shader!("columns");

/// What the largest absolute value is.
const LARGEST: Part = shader!("row_max_abs");
/// The largest of all elements.
const REDUCE_ALL: Part = shader!("reduce_all");

/// Names that a step's files define or read; in a kernel of several steps each has its own.
const NAMES: [&str; 8] = ["element(", "second(", "load_a(", "load_b(", "load_c(", "load_d(", "chacha8(", "rotate("];

impl Kernel {
    /// Number of outputs: storage buffers that it writes, at the bindings from 1 on.
    pub fn outputs(&self) -> usize {
        match &self.body {
            Body::Whole(_) => 1,
            Body::Elements { stores, largest, .. } => stores.len() + largest.len(),
        }
    }

    /// Number of arguments: storage buffers that it reads, at the bindings after those of its outputs.
    pub fn arguments(&self) -> usize {
        match &self.arguments {
            Arguments::Elements(types) => types.len(),
            Arguments::Words(count) => *count,
            Arguments::Lines(columns) => columns.len(),
        }
    }

    /// Whether it multiplies matrices.
    pub fn is_product(&self) -> bool {
        matches!(&self.body, Body::Whole(parts) if parts.iter().any(|part| [PRODUCT, PRODUCT_BY_ROWS].contains(part)))
    }

    /// Whether it computes more than one operator.
    pub fn is_fused(&self) -> bool {
        match &self.body {
            Body::Whole(parts) => parts.contains(&REDUCE_ALL) || self.loads().contains(&COLUMNS),
            Body::Elements { steps, largest, .. } => steps.len() + largest.len() > 1,
        }
    }

    /// What it computes, for people: the files that it is made of.
    pub fn name(&self) -> String {
        let names: Vec<&str> = match &self.body {
            Body::Whole(parts) => {
                let columns = self.loads().into_iter().filter(|load| *load == COLUMNS);
                parts.iter().copied().chain(columns).map(|part| part.name).collect()
            }
            Body::Elements { steps, largest, .. } => {
                let steps = steps.iter().filter_map(|step| Some(step.parts.last()?.name));
                steps.chain(largest.iter().map(|_| LARGEST.name)).collect()
            }
        };
        names.join("+")
    }

    /// The same, wrong about -128: in sums, and among absolute values; and about odd words in products.
    #[cfg(test)]
    pub(super) fn spoiled(&self) -> Self {
        let spoil = |part: &mut Part| match part.name {
            "add" => {
                part.wgsl =
                    "fn element(i: u32) -> i32 { return load_a(i) + second(i) + select(0, 1, load_a(i) == -128); }\n";
            }
            "dot_i8" => {
                part.wgsl = "alias Word = u32;
                    alias Sum = i32;
                    fn multiply(a: Word, b: Word) -> Sum { return dot4I8Packed(a, b) + i32(a & 1u); }\n";
            }
            "row_max_abs" => {
                part.wgsl = "const IDENTITY: i32 = 0;
                    fn lift(x: i32) -> i32 { return select(abs(max(x, -2147483647)), 0, x == -128); }
                    fn combine(x: i32, y: i32) -> i32 { return max(x, y); }\n";
            }
            _ => {}
        };
        let mut kernel = self.clone();
        match &mut kernel.body {
            Body::Whole(parts) => parts.iter_mut().for_each(spoil),
            Body::Elements { steps, .. } => steps.iter_mut().flat_map(|step| &mut step.parts).for_each(spoil),
        }
        kernel
    }

    /// WGSL, whose entry point is `main`.
    pub fn source(&self) -> String {
        let mut source = String::from(shader!("params").wgsl);
        match &self.body {
            Body::Whole(parts) => {
                source.push_str("@group(0) @binding(0) var<uniform> params: Params;\n");
                self.load(&mut source, |argument| ["a", "b"].get(argument).copied().unwrap_or("c").into());
                parts.iter().for_each(|part| source.push_str(part.wgsl));
            }
            Body::Elements { steps, stores, largest } => {
                let count = steps.len();
                source.push_str(&format!("@group(0) @binding(0) var<uniform> steps: array<Params, {count}>;\n"));
                self.load(&mut source, |argument| format!("x{argument}"));
                elements(&mut source, steps, stores, largest);
            }
        }
        source
    }

    /// By which files its arguments are read; by none where it declares them.
    fn loads(&self) -> Vec<Part> {
        let of_type = |dtype: &DType| match dtype {
            DType::I8 => shader!("load_i8"),
            DType::I16 => shader!("load_i16"),
            DType::I32 => shader!("load_i32"),
        };
        match &self.arguments {
            Arguments::Elements(types) => types.iter().map(of_type).collect(),
            Arguments::Lines(columns) => {
                columns.iter().map(|is| if *is { COLUMNS } else { shader!("lines") }).collect()
            }
            Arguments::Words(_) => Vec::new(),
        }
    }

    /// How arguments of such names are read.
    fn load(&self, source: &mut String, name: impl Fn(usize) -> String) {
        for (argument, load) in self.loads().into_iter().enumerate() {
            let binding = (1 + self.outputs() + argument).to_string();
            source.push_str(&load.wgsl.replace("NAME", &name(argument)).replace("BINDING", &binding));
        }
    }
}

/// Steps one after the other. Each computes its `value` from those of others and from arguments, by the very files that say what its
/// operator means.
fn elements(source: &mut String, steps: &[Step], stores: &[(usize, DType)], largest: &[usize]) {
    for (output, (_, dtype)) in stores.iter().enumerate() {
        let store = match dtype {
            DType::I8 => shader!("store_i8"),
            DType::I16 => shader!("store_i16"),
            DType::I32 => shader!("store_i32"),
        };
        let binding = (1 + output).to_string();
        source.push_str(&store.wgsl.replace("NAME", &format!("y{output}")).replace("BINDING", &binding));
    }
    let (mut once, mut each) = (String::new(), String::new());
    for (index, Step { parts, reads, is_random, at }) in steps.iter().enumerate() {
        for (name, read) in ["a", "b", "c", "d"].iter().zip(reads) {
            let value = match read {
                Source::Argument(argument) => format!("load_x{argument}(i)"),
                Source::Step(step) if steps.get(*step).is_some_and(|step| step.at == At::Read) => {
                    format!("element_{step}(i)")
                }
                Source::Step(step) => format!("value_{step}"),
            };
            source.push_str(&format!("fn load_{name}_{index}(i: u32) -> i32 {{\n    return {value};\n}}\n"));
        }
        for part in parts {
            let named =
                |wgsl: String, name: &&str| wgsl.replace(*name, &format!("{}_{index}(", name.trim_end_matches('(')));
            let wgsl = NAMES.iter().fold(part.wgsl.to_string(), named);
            source.push_str(&wgsl.replace("params.", &format!("steps[{index}].")));
        }
        if *at == At::Read {
            continue;
        }
        source.push_str(&format!("var<private> value_{index}: i32;\n"));
        if *is_random {
            source.push_str(&format!("var<private> words_{index}: array<vec4<u32>, 4>;\n"));
            once.push_str(&format!("    words_{index} = chacha8_{index}(block);\n"));
            let word = format!("words_{index}[(i >> 2u) & 3u][i & 3u]");
            each.push_str(&format!("    value_{index} = random_element_{index}(i, {word});\n"));
        } else if *at == At::Once {
            once.push_str(&format!("    value_{index} = element_{index}(0u);\n"));
        } else {
            each.push_str(&format!("    value_{index} = element_{index}(i);\n"));
        }
    }
    for (output, (step, _)) in stores.iter().enumerate() {
        each.push_str(&format!("    store_y{output}(i, value_{step}, is_last);\n"));
    }
    let mut end = String::new();
    if !largest.is_empty() {
        source.push_str(LARGEST.wgsl);
    }
    for (index, step) in largest.iter().enumerate() {
        let binding = (1 + stores.len() + index).to_string();
        source.push_str(&shader!("largest").wgsl.replace("NAME", &format!("z{index}")).replace("BINDING", &binding));
        once.push_str(&format!("    largest_z{index} = IDENTITY;\n"));
        each.push_str(&format!("    largest_z{index} = combine(largest_z{index}, lift(value_{step}));\n"));
        end.push_str(&format!("    store_z{index}();\n"));
    }
    source.push_str(&format!("fn end() {{\n{end}}}\n"));
    source.push_str(&format!("fn begin(block: u32) {{\n{once}}}\nfn place(i: u32, is_last: bool) {{\n{each}}}\n"));
    source.push_str(&shader!("elements").wgsl.replace("EACH", &format!("{}u", each_invocation(steps, stores))));
}

/// Elements that follow each other which an invocation computes: whole words of all outputs, and of random words a block.
fn each_invocation(steps: &[Step], stores: &[(usize, DType)]) -> u64 {
    match steps.iter().any(|step| step.is_random) {
        true => 16,
        false => stores.iter().map(|(_, dtype)| per_word(*dtype)).max().unwrap_or(1),
    }
}

/// Elements in a word of memory.
pub(super) fn per_word(dtype: DType) -> u64 {
    4 / dtype.bytes()
}

/// A kernel of elements that are computed one by one.
fn elementwise(parts: Vec<Part>, args: &[TensorType], output: TensorType, params: Params) -> Call {
    let is_random = parts.contains(&shader!("chacha8"));
    let step = Step { parts, reads: (0..args.len()).map(Source::Argument).collect(), is_random, at: At::Each };
    let arguments = args.iter().map(|ty| ty.dtype).collect();
    of_steps(vec![step], vec![params], arguments, vec![(0, output.dtype)], vec![], output.elements())
}

fn of_steps(
    steps: Vec<Step>,
    mut params: Vec<Params>,
    arguments: Vec<DType>,
    stores: Vec<(usize, DType)>,
    largest: Vec<usize>,
    elements: u64,
) -> Call {
    for params in &mut params {
        let Params { rows, columns, depth, whole, first, .. } = *params;
        let [by_rows, by_columns, by_depth] = [rows, columns, depth].map(divisor);
        let [by_whole, by_first] = [whole, first].map(divisor);
        *params = Params { len: elements as u32, by_rows, by_columns, by_depth, by_whole, by_first, ..*params };
    }
    let workgroups = elements.div_ceil(each_invocation(&steps, &stores)).div_ceil(WORKGROUP);
    let kernel = Kernel { arguments: Arguments::Elements(arguments), body: Body::Elements { steps, stores, largest } };
    Call { kernel: Arc::new(kernel), params, workgroups }
}

/// A number that a kernel is told.
pub(super) fn number(value: i32) -> Call {
    let output = TensorType::i32_vector(1);
    elementwise(vec![shader!("number")], &[], output, Params { lo: value, ..Params::default() })
}

/// An operator that becomes a step of a kernel.
pub(super) struct Member {
    /// The kernel that would compute it alone.
    pub alone: Call,
    /// Where it reads its arguments.
    pub reads: Vec<Source>,
    /// Where it is computed.
    pub at: At,
}

/// These operators as one kernel over so many elements, of such arguments; what some of them compute is stored, and the largest absolute
/// values of some are found. None when one of them does not compute elements one by one.
pub(super) fn fused(
    members: Vec<Member>,
    arguments: Vec<DType>,
    stores: Vec<(usize, DType)>,
    largest: Vec<usize>,
    elements: u64,
) -> Option<Call> {
    let (mut steps, mut params) = (Vec::new(), Vec::new());
    for Member { alone, reads, at } in members {
        match &alone.kernel.body {
            // Its words are those of the place.
            Body::Elements { steps: own, .. } if at != At::Each && own.iter().any(|step| step.is_random) => {
                return None
            }
            Body::Elements { steps: own, .. } => {
                steps.extend(own.iter().map(|step| Step { reads: reads.clone(), at, ..step.clone() }))
            }
            Body::Whole(_) => return None,
        }
        params.extend(alone.params);
    }
    Some(of_steps(steps, params, arguments, stores, largest, elements))
}

/// A kernel that writes its output by itself.
fn whole(parts: Vec<Part>, args: &[TensorType], params: Params, workgroups: u64) -> Call {
    let arguments = Arguments::Elements(args.iter().map(|ty| ty.dtype).collect());
    Call { kernel: Arc::new(Kernel { arguments, body: Body::Whole(parts) }), params: vec![params], workgroups }
}

/// How the second of these arguments is read where the first is read element by element.
fn second(args: &[TensorType]) -> Part {
    match args {
        [a, b] if a.elements() == b.elements() => shader!("second_same"),
        [a, b] => match broadcast(*a, *b) {
            Some(Broadcast::Last) => shader!("second_last"),
            Some(Broadcast::AllButLast) => shader!("second_all_but_last"),
            Some(Broadcast::Same | Broadcast::One) | None => shader!("second_one"),
        },
        _ => shader!("second_one"),
    }
}

/// Whether the second of these arguments is read as it is of those.
pub(super) fn second_is_same(args: &[TensorType], others: &[TensorType]) -> bool {
    second(args) == second(others)
}

/// Whether an operator makes each element of one of its first argument and one of its second.
pub(super) fn is_of_two(kind: &OpKind) -> bool {
    use OpKind::*;
    matches!(kind, Add | Sub | Mul | Div | Min | Max | ShiftRound | ShiftStochastic)
}

/// Which arguments an operator reads at the very place of the element that it computes, so that they need not be in memory.
pub(super) fn reads_in_place(kind: &OpKind, args: &[TensorType]) -> [bool; 2] {
    match kind {
        OpKind::Clamp { .. } | OpKind::Cast { .. } | OpKind::BitLength | OpKind::Sqrt | OpKind::Table => [true, false],
        kind if is_of_two(kind) => [true, second(args) == shader!("second_same")],
        _ => [false, false],
    }
}

/// Rows of i8 filled to as many columns as the output has.
pub(super) fn pad(x: TensorType, output: TensorType) -> Call {
    let (len, columns, depth) = (output.elements() as u32, x.shape.last(), output.shape.last());
    let params = Params { len, columns, depth, ..Params::default() };
    elementwise(vec![shader!("pad")], &[x], output, params)
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
        self.of_words(shader!("dot_i8"), matrices, [rows, columns, self.line / 4], [false; 2])
    }

    /// The same of matrices of which these are transposed in memory, if it can be: then its lines are not filled up.
    pub fn of_columns(matrices: u32, [rows, columns, depth]: [u32; 3], are_columns: [bool; 2]) -> Option<Call> {
        let product = Self::new(matrices, [rows, columns, depth]);
        let are_words = [rows, columns].iter().zip(are_columns).all(|(count, is)| !is || count.is_multiple_of(4));
        let fits = product.in_tiles && product.line == depth && are_words;
        fits.then(|| product.of_words(shader!("dot_i8"), matrices, [rows, columns, depth / 4], are_columns))
    }

    fn of_words(self, dot: Part, matrices: u32, [rows, columns, depth]: [u32; 3], are_columns: [bool; 2]) -> Call {
        let (parts, arguments, [rows_each, columns_each]) = match self.in_tiles {
            true => (vec![dot, shader!("four"), PRODUCT], Arguments::Lines(are_columns), [64, 64]),
            false => (vec![dot, PRODUCT_BY_ROWS], Arguments::Words(2), [1, 16]),
        };
        let groups = [rows.div_ceil(rows_each), columns.div_ceil(columns_each)];
        Call {
            kernel: Arc::new(Kernel { arguments, body: Body::Whole(parts) }),
            params: vec![Params { rows, columns, depth, matrices, ..Params::default() }],
            workgroups: groups.into_iter().map(u64::from).product::<u64>() * u64::from(matrices),
        }
    }
}

/// The product of two `f32` matrices of `n x n` in the same tiles, to measure against.
pub(super) fn matmul_f32(n: u32) -> Call {
    Product { in_tiles: true, line: n }.of_words(shader!("dot_f32"), 1, [n; 3], [false; 2])
}

/// Words of each argument of [`dots`].
const DOTS_WORDS: u32 = 256;
/// Bytes of each argument of [`dots`].
pub(super) const DOTS_ARGUMENT_BYTES: u64 = 4 * DOTS_WORDS as u64;
/// Workgroups of [`dots`]: enough for any GPU.
const DOTS_WORKGROUPS: u64 = 1 << 13;

/// Nothing but products of words in registers, words of its output, and its multiply-accumulates.
pub(super) fn dots(rounds: u32) -> (Call, u64, u64) {
    let parts = vec![shader!("dot_i8"), shader!("four"), shader!("dots")];
    let call = Call {
        kernel: Arc::new(Kernel { arguments: Arguments::Words(2), body: Body::Whole(parts) }),
        params: vec![Params { len: DOTS_WORDS, depth: rounds, ..Params::default() }],
        workgroups: DOTS_WORKGROUPS,
    };
    let invocations = DOTS_WORKGROUPS * WORKGROUP;
    (call, invocations, invocations * u64::from(rounds) * 64 * 4)
}

/// Elements of a stretch of a concatenation that are of this tensor, or of all.
fn width(ty: TensorType, axis: u8) -> u32 {
    let (inner, places) = stretch(ty.shape, axis);
    (inner * places) as u32
}

/// The concatenation of three or four tensors.
pub(super) fn concat_four(axis: u8, parts: &[TensorType], output: TensorType) -> Call {
    let widths = [0, 1, 2, 3].map(|part| parts.get(part).map_or(0, |ty| width(*ty, axis)));
    let [a, b, c, d] = widths;
    let params = Params { whole: width(output, axis), key: [a, b, c, d, 0, 0, 0, 0], ..Params::default() };
    // Of three the last is read in the place of a fourth that has nothing.
    let parts = [0, 1, 2, 3].map(|part| parts.get(part).or(parts.last()).copied().unwrap_or(output));
    elementwise(vec![shader!("concat_four")], &parts, output, params)
}

/// The concatenation of two tensors.
pub(super) fn concat(axis: u8, a: TensorType, b: TensorType, output: TensorType) -> Call {
    let width = |ty| width(ty, axis);
    let params = Params {
        len: output.elements() as u32,
        whole: width(output),
        first: width(a),
        second: width(b),
        ..Params::default()
    };
    elementwise(vec![shader!("concat")], &[a, b], output, params)
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

/// Invocations that share a row of a reduction: each has some 32 elements, or there would be more waiting than work; more where the
/// rows are too few for a workgroup.
fn invocations_of_row(rows: u32, columns: u32) -> u32 {
    const ALL: u32 = WORKGROUP as u32;
    let by_length = columns.div_ceil(32).clamp(4, ALL);
    by_length.max(ALL / rows.clamp(1, ALL)).next_power_of_two()
}

/// The largest absolute value of all elements, as `RowMaxAbs` of `RowMaxAbs` has it. What it is written to is 0 before.
pub(super) fn max_abs(x: TensorType) -> Call {
    // Sixteen for each invocation.
    const DEPTH: u64 = 16 * WORKGROUP;
    let params = Params { len: x.elements() as u32, depth: DEPTH as u32, ..Params::default() };
    whole(vec![shader!("row_max_abs"), REDUCE_ALL], &[x], params, x.elements().div_ceil(DEPTH))
}

/// The kernel of an operator; none for those that take several or no kernel: products, concatenations and reshapes.
pub(super) fn operator(kind: &OpKind, args: &[TensorType], output: TensorType, key: &[u8; 32]) -> Option<Call> {
    let shape = args.first().unwrap_or(&output).shape;
    let params = Params { rows: shape.dim(0), columns: shape.last(), key: key_words(key), ..Params::default() };
    let by_rows = |parts, params: Params| {
        let depth = invocations_of_row(params.rows, params.columns);
        let rows_each = WORKGROUP as u32 / depth;
        whole(parts, args, Params { depth, ..params }, params.rows.div_ceil(rows_each).into())
    };
    let reduce = |lift| by_rows(vec![lift, shader!("row_reduce")], params);
    let two = |element| elementwise(vec![second(args), element], args, output, params);
    let elementwise = |element, params| elementwise(vec![element], args, output, params);
    Some(match *kind {
        OpKind::MatmulNt | OpKind::Concat { .. } | OpKind::Reshape { .. } => return None,
        OpKind::Transpose => elementwise(shader!("transpose"), params),
        OpKind::Gather => elementwise(shader!("gather"), params),
        OpKind::Add => two(shader!("add")),
        OpKind::Sub => two(shader!("sub")),
        OpKind::Mul => two(shader!("mul")),
        OpKind::Div => two(shader!("div")),
        OpKind::Min => two(shader!("min")),
        OpKind::Max => two(shader!("max")),
        OpKind::ShiftRound => two(shader!("shift_round")),
        OpKind::ShiftStochastic => {
            let parts = vec![second(args), shader!("chacha8"), shader!("shift_stochastic")];
            self::elementwise(parts, args, output, params)
        }
        OpKind::Random { .. } => self::elementwise(vec![shader!("chacha8"), shader!("random")], args, output, params),
        OpKind::Clamp { lo, hi } => elementwise(shader!("clamp"), Params { lo, hi, ..params }),
        OpKind::Cast { dtype } => {
            let (lo, hi) = (dtype.min(), dtype.max());
            elementwise(shader!("clamp"), Params { lo, hi, ..params })
        }
        OpKind::Table => elementwise(shader!("table"), params),
        OpKind::BitLength => elementwise(shader!("bit_length"), params),
        OpKind::Sqrt => elementwise(shader!("sqrt"), params),
        OpKind::OneHot { columns } => elementwise(shader!("one_hot"), Params { columns, ..params }),
        OpKind::Unfold2d { kernel, stride, padding, fill } => {
            let window = Window2d { kernel, stride, padding };
            let lo = fill.clamp(output.dtype.min(), output.dtype.max());
            let params = Params { lo, ..windows(params, window, shape, output.shape) };
            elementwise(shader!("unfold2d"), params)
        }
        OpKind::Fold2d { kernel, stride, padding, .. } => {
            let window = Window2d { kernel, stride, padding };
            elementwise(shader!("fold2d"), windows(params, window, output.shape, shape))
        }
        OpKind::Permute { axes } => {
            let places = permuted(shape, axes).unwrap_or_default();
            let [whole, start, first, second] = places.map(|(_, stride)| stride as u32);
            let [_, rows, columns, depth] = places.map(|(places, _)| places);
            let params = Params { rows, columns, depth, whole, start, first, second, ..params };
            elementwise(shader!("permute"), params)
        }
        OpKind::RowSum => reduce(shader!("row_sum")),
        OpKind::RowMax => reduce(shader!("row_max")),
        OpKind::RowMaxAbs => reduce(shader!("row_max_abs")),
        OpKind::RowArgmax => by_rows(vec![shader!("row_argmax")], params),
        OpKind::ColSum => whole(vec![shader!("col_sum")], args, params, u64::from(params.columns).div_ceil(16)),
        OpKind::Softmax { frac_bits } => {
            let params = Params { frac_bits: u32::from(frac_bits), ..params };
            by_rows(vec![shader!("softmax")], params)
        }
        OpKind::Slice { axis, start, len } => {
            let (inner, places) = stretch(shape, axis);
            let inner = inner as u32;
            let params = Params { whole: inner * places as u32, start: inner * start, first: inner * len, ..params };
            elementwise(shader!("slice"), params)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divisor_should_give_the_quotient_when_numbers_are_at_the_edge_of_one() {
        let numbers =
            (1..200).chain((8..31).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1, 3 << (bit - 2)]));
        for by in numbers.clone() {
            let [factor, bits] = divisor(by);
            let edges = numbers.clone().flat_map(|times: u32| [times.saturating_mul(by), times]);
            for number in
                edges.flat_map(|edge| [edge - 1, edge, edge.saturating_add(1)]).filter(|number| *number < 1 << 31)
            {
                let product = u64::from(number << 1) * u64::from(factor);
                assert_eq!((product >> 32 >> bits) as u32, number / by, "{number} {by}");
            }
        }
    }

    #[test]
    fn rows_should_share_a_workgroup_when_they_are_short_and_many() {
        let cases = [([512, 32], 4), ([16, 32], 16), ([15, 1], 32), ([64, 1024], 32), ([1, 1024], 256), ([1, 1], 256)];
        for ([rows, columns], invocations) in cases {
            assert_eq!(invocations_of_row(rows, columns), invocations, "{rows} {columns}");
        }
        assert_eq!(invocations_of_row(1 << 20, 1 << 20), 256);
    }

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
