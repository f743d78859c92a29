// SPDX-License-Identifier: Apache-2.0
//! The programs: a loop with a token a step.

use super::{
    layer::{LayerVars, Step, SQUARED},
    packing::{Packing, Place},
    quantise::Scales,
    sampling::Sampling,
    Llama,
};
use crate::models::{numbers::add_number, ModelError};
use quern_program::{builder::iota, Checked, DType, ProgramBuilder, Var};

/// Longest row in which one operator finds the largest logit.
const LONGEST_ROW: u32 = 2_048;

/// How a text is generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LlamaGeneration {
    /// Tokens of the prompt, at least one.
    pub prompt: u32,
    /// Tokens to be generated after it, at least one.
    pub tokens: u32,
    /// How each is drawn; the likeliest is taken where nothing is drawn.
    pub sampling: Option<Sampling>,
}

/// The tensors of the state.
struct State {
    /// `i32 [positions]`.
    text: Var,
    /// The logits of each position, `i32 [positions, vocabulary]`, where they are asked for.
    logits: Option<Var>,
    layers: Vec<LayerVars>,
    /// The slabs of the embedding, and those of the head.
    embedding: Vec<Var>,
    head: Vec<Var>,
    /// The vectors of all layers, the same as columns, shifts of the embedding, of the head, last gains, cosines, sines,
    /// `[2 kv_heads, positions]` the numbers of the cache's rows.
    others: [Var; 8],
}

impl State {
    fn vars(&self) -> Vec<Var> {
        let first = [self.text].into_iter().chain(self.logits);
        let slabs = self.embedding.iter().chain(&self.head).copied();
        first.chain(self.layers.iter().flatten().copied()).chain(slabs).chain(self.others).collect()
    }

    /// The same with the variables of another block.
    fn with(&self, vars: Vec<Var>) -> Option<Self> {
        let mut vars = vars.into_iter();
        let text = vars.next()?;
        let logits = match self.logits {
            Some(_) => Some(vars.next()?),
            None => None,
        };
        let mut layers = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let mut of_layer = *layer;
            for var in &mut of_layer {
                *var = vars.next()?;
            }
            layers.push(of_layer);
        }
        let mut slabs = |count: usize| -> Vec<Var> { vars.by_ref().take(count).collect() };
        let (embedding, head) = (slabs(self.embedding.len()), slabs(self.head.len()));
        let mut others = self.others;
        for var in &mut others {
            *var = vars.next()?;
        }
        Some(Self { text, logits, layers, embedding, head, others })
    }
}

/// What both programs are.
struct Texts<'a> {
    model: &'a Llama,
    packing: &'a Packing,
    scales: &'a Scales,
    /// Positions of the text.
    positions: u32,
}

impl Llama {
    /// Generation. Inputs: the blobs of weights and that of vectors, as [`Packing`] has them; a prompt, `i32 [prompt]`. Output: the tokens after
    /// it, `i32 [tokens]`.
    pub fn generation(
        &self,
        packing: &Packing,
        scales: &Scales,
        generation: &LlamaGeneration,
    ) -> Result<Checked, ModelError> {
        let LlamaGeneration { prompt, tokens, sampling } = *generation;
        sampling.map_or(Ok(()), |sampling| sampling.check())?;
        let positions = prompt.checked_add(tokens).filter(|_| prompt > 0 && tokens > 0).ok_or(ModelError::Generated)?;
        let texts = Texts::new(self, packing, scales, positions)?;
        let mut b = ProgramBuilder::new();
        let inputs = texts.inputs(&mut b);
        let prompt_text = b.input(DType::I32, &[prompt]);
        let after = b.zeros(DType::I32, &[tokens]);
        let text = b.concat(0, &[prompt_text, after]);

        let first = texts.first_state(&mut b, &inputs, text, false);
        let state = first.with(b.begin_body(&first.vars())).ok_or(ModelError::TooLong)?;
        let (logits, caches) = texts.token(&mut b, &state);
        let picked = match sampling {
            Some(sampling) => sampling.pick(&mut b, logits),
            None => likeliest(&mut b, logits),
        };
        // A token of the prompt stays.
        let next = b.step();
        let next = add_number(&mut b, next, 1);
        let is_free = add_number(&mut b, next, 1 - prompt as i32);
        let is_free = b.clamp(is_free, 0, 1);
        let picked = b.mul(picked, is_free);
        let at = b.one_hot(next, positions);
        let at = b.reshape(at, &[positions]);
        let written = b.mul(at, picked);
        let text = b.add(written, state.text);
        let next = state.after(text, None, caches);
        let last = next.with(b.begin_finish(&next.vars(), positions - 1)).ok_or(ModelError::TooLong)?;
        let output = b.slice(last.text, 0, prompt, tokens);
        self.build(b, output)
    }

    /// Scoring. Inputs: as of [`Llama::generation`], with a text `i32 [tokens]`. Output: the logits after each of its tokens, `i32 [tokens,
    /// vocabulary]` with 12 fractional bits.
    pub fn scoring(&self, packing: &Packing, scales: &Scales, tokens: u32) -> Result<Checked, ModelError> {
        let texts = Texts::new(self, packing, scales, tokens)?;
        let mut b = ProgramBuilder::new();
        let inputs = texts.inputs(&mut b);
        let text = b.input(DType::I32, &[tokens]);
        let first = texts.first_state(&mut b, &inputs, text, true);
        let state = first.with(b.begin_body(&first.vars())).ok_or(ModelError::TooLong)?;
        let (logits, caches) = texts.token(&mut b, &state);
        let all = match state.logits {
            Some(before) => {
                let position = b.step();
                let all = b.concat(0, &[before, logits]);
                let rows = b.constant(DType::I32, &[tokens], &iota(tokens));
                let new = b.one_hot(position, tokens);
                let new = b.reshape(new, &[tokens]);
                let distance = add_number(&mut b, rows, -(tokens as i32));
                let change = b.mul(distance, new);
                let rows = b.sub(rows, change);
                b.gather(all, rows)
            }
            None => logits,
        };
        let next = state.after(state.text, Some(all), caches);
        let last = next.with(b.begin_finish(&next.vars(), tokens)).ok_or(ModelError::TooLong)?;
        let output = last.logits.unwrap_or(last.text);
        self.build(b, output)
    }

    fn build(&self, b: ProgramBuilder, output: Var) -> Result<Checked, ModelError> {
        use quern_program::{builder::BuildError, ProgramError};
        b.build(output).map_err(|error| match error {
            BuildError::Program(
                ProgramError::TooLong
                | ProgramError::TooManyOperators
                | ProgramError::TooManyStates
                | ProgramError::TooManyConstants,
            ) => ModelError::TooDeep { layers: self.layers },
            error => ModelError::Program(error),
        })
    }
}

impl State {
    fn after(&self, text: Var, logits: Option<Var>, caches: Vec<Var>) -> Self {
        let mut layers = self.layers.clone();
        for (layer, cache) in layers.iter_mut().zip(caches) {
            let [.., last] = layer;
            *last = cache;
        }
        Self { text, logits, layers, embedding: self.embedding.clone(), head: self.head.clone(), others: self.others }
    }
}

impl<'a> Texts<'a> {
    fn new(model: &'a Llama, packing: &'a Packing, scales: &'a Scales, positions: u32) -> Result<Self, ModelError> {
        model.check()?;
        let most = packing.rotations[0].rows;
        if positions == 0 || positions > most {
            return Err(ModelError::Positions { found: positions, most });
        }
        let layers = model.layers as usize;
        if scales.layers.len() != layers || packing.layers.len() != layers {
            return Err(ModelError::Scales);
        }
        Ok(Self { model, packing, scales, positions })
    }

    /// The blobs of weights, in rows of the stream's width, and that of vectors last.
    fn inputs(&self, b: &mut ProgramBuilder) -> Vec<Var> {
        let width = self.model.width;
        let rows = self.packing.weights_bytes.iter().map(|bytes| bytes / width);
        let mut inputs: Vec<Var> = rows.map(|rows| b.input(DType::I8, &[rows, width])).collect();
        inputs.push(b.input(DType::I16, &[self.packing.vectors]));
        inputs
    }

    fn first_state(&self, b: &mut ProgramBuilder, inputs: &[Var], text: Var, with_logits: bool) -> State {
        let (model, packing) = (self.model, self.packing);
        let (kv_rows, positions) = (2 * model.kv_heads, self.positions);
        let vectors = inputs[packing.weights_bytes.len()];
        // Every matrix has a multiple of the width of numbers.
        let mut weights = |place: &Place| {
            let (start, rows) = (place.start / model.width, place.len() / model.width);
            let x = b.slice(inputs[place.blob], 0, start, rows);
            match place.columns == model.width {
                true => x,
                false => b.reshape(x, &[place.rows, place.columns]),
            }
        };
        let embedding: Vec<Var> = packing.embedding.iter().map(&mut weights).collect();
        let head = match model.tied {
            true => embedding.clone(),
            false => packing.head.iter().map(&mut weights).collect(),
        };
        let of_layers: Vec<[Var; 4]> =
            packing.layers.iter().map(|layer| layer.weights.each_ref().map(&mut weights)).collect();
        let of_all = b.slice(vectors, 0, 0, packing.layer_vectors);
        let columns = b.reshape(of_all, &[packing.layer_vectors, 1]);
        let mut part = |place: Place, is_matrix: bool| {
            let x = b.slice(vectors, 0, place.start, place.len());
            match is_matrix {
                true => b.reshape(x, &[place.rows, place.columns]),
                false => x,
            }
        };
        let embedding_shifts = part(packing.embedding_shifts, true);
        let [head_shifts, last_gains] = [packing.head_shifts, packing.last_gains].map(|place| part(place, false));
        let [cosines, sines] = packing.rotations.map(|place| part(place, true));

        let numbers = b.constant(DType::I32, &[kv_rows], &iota(kv_rows));
        let zeros = b.one_hot(numbers, positions);
        let zeros = b.clamp(zeros, 0, 0);
        let places = b.constant(DType::I16, &[positions], &iota(positions));
        let cache_rows = b.add(zeros, places);
        let starts: Vec<i32> = (0..kv_rows).map(|row| (row * positions) as i32).collect();
        let starts = b.constant(DType::I32, &[kv_rows, 1], &starts);
        let cache_rows = b.add(cache_rows, starts);
        let cache = b.zeros(DType::I8, &[kv_rows * positions, model.head_width]);
        let layers = of_layers.into_iter().map(|[qkv, out, gate_up, down]| [qkv, out, gate_up, down, cache]).collect();
        let logits = with_logits.then(|| b.zeros(DType::I32, &[positions, model.vocabulary]));
        let others = [of_all, columns, embedding_shifts, head_shifts, last_gains, cosines, sines, cache_rows];
        State { text, logits, layers, embedding, head, others }
    }

    /// The logits after the step's token, and the layers' caches with it.
    fn token(&self, b: &mut ProgramBuilder, state: &State) -> (Var, Vec<Var>) {
        let (model, positions) = (self.model, self.positions);
        let [vectors, columns, embedding_shifts, head_shifts, last_gains, cosines, sines, rows] = state.others;
        let position = b.step();
        let text = b.reshape(state.text, &[positions, 1]);
        let token = b.gather(text, position);
        let token = b.reshape(token, &[1]);
        let x = Step::embedded(b, &state.embedding, token);
        let shift = b.gather(embedding_shifts, token);
        let shift = b.reshape(shift, &[1]);
        let mut x = b.shift_round(x, shift);

        let [cosine, sine] = [cosines, sines].map(|table| {
            let row = b.gather(table, position);
            b.reshape(row, &[model.head_width])
        });
        let places = b.constant(DType::I16, &[positions], &iota(positions));
        let empty = Step::hidden_positions(b, places, position);
        let cache_rows = self.cache_rows(b, rows, position);
        let eps = b.constant(DType::I32, &[33, 1], &self.eps());
        let zeros = b.zeros(DType::I32, &[model.hidden, 1]);
        let scales = self.scales;
        let step = Step { model, scales, positions, cosine, sine, empty, cache_rows, eps, zeros, vectors, columns };
        let mut caches = Vec::new();
        for (index, (layer, places)) in state.layers.iter().zip(&self.packing.layers).enumerate() {
            let (next, cache) = step.layer(b, index, places, *layer, x);
            x = next;
            caches.push(cache);
        }
        (step.logits(b, x, last_gains, &state.head, head_shifts), caches)
    }

    /// For each row of a cache its number, but for those of the step's position: the numbers of the new rows, which come after all.
    fn cache_rows(&self, b: &mut ProgramBuilder, rows: Var, position: Var) -> Var {
        let (kv_rows, positions) = (2 * self.model.kv_heads, self.positions);
        let new: Vec<i32> = (0..kv_rows).map(|row| (kv_rows * positions + row) as i32).collect();
        let new = b.constant(DType::I32, &[kv_rows, 1], &new);
        let at = b.one_hot(position, positions);
        let at = b.reshape(at, &[positions]);
        let change = b.sub(rows, new);
        let change = b.mul(change, at);
        let rows = b.sub(rows, change);
        b.reshape(rows, &[kv_rows * positions])
    }

    /// By the bits of a row's largest number, what `norm_eps` adds to the sum of its mantissas' squares.
    fn eps(&self) -> Vec<i32> {
        const MOST: f64 = ((1u32 << 30) - 1) as f64;
        let model = self.model;
        let one = model.norm_eps * f64::from(model.width) * f64::from(-model.square_shift()).exp2();
        let exponent = |bits: i32| 2 * (self.scales.residual_frac_bits + SQUARED - bits);
        (0..=32).map(|bits| (one * f64::from(exponent(bits)).exp2()).round().min(MOST) as i32).collect()
    }
}

/// Numbers in rows, each short enough for one operator. What fills the last row is made of as many first ones.
pub(super) fn in_rows(b: &mut ProgramBuilder, x: Var, filling: impl FnOnce(&mut ProgramBuilder, Var) -> Var) -> Var {
    let count = x.shape().elements() as u32;
    let rows = count.div_ceil(LONGEST_ROW);
    let columns = count.div_ceil(rows);
    let mut x = b.reshape(x, &[count]);
    let missing = rows * columns - count;
    if missing > 0 {
        let part = b.slice(x, 0, 0, missing);
        let filling = filling(b, part);
        x = b.concat(0, &[x, filling]);
    }
    b.reshape(x, &[rows, columns])
}

/// The likeliest symbol, `i32 [1]`, the first of equals.
pub(super) fn likeliest(b: &mut ProgramBuilder, logits: Var) -> Var {
    // Of equals the first counts, which is never one of those that fill the last row.
    let x = in_rows(b, logits, |_, part| part);
    let [rows, columns] = [0, 1].map(|axis| x.shape().dim(axis));
    let most = b.row_max(x);
    let most = b.reshape(most, &[1, rows]);
    let row = b.row_argmax(most);
    let column = b.row_argmax(x);
    let column = b.reshape(column, &[rows, 1]);
    let column = b.gather(column, row);
    let column = b.reshape(column, &[1]);
    let width = b.scalar(columns as i32);
    let start = b.mul(row, width);
    b.add(start, column)
}

/// A text as the programs read it.
pub fn text_bytes(tokens: &[u32]) -> Vec<u8> {
    tokens.iter().flat_map(|token| token.to_le_bytes()).collect()
}
