// SPDX-License-Identifier: Apache-2.0
//! The network on `f32`, tensor by tensor: what the exact programs are calibrated by and compared with. Only one layer's
//! parameters are in memory at a time. No hash depends on it.

use super::Llama;

/// A tensor of a model as it is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// `[vocabulary, width]`.
    Embedding,
    /// Gains before attention, `[width]`.
    AttentionNorm(u32),
    /// `[query_width, width]`.
    Query(u32),
    /// `[key_width, width]`.
    Key(u32),
    /// `[key_width, width]`.
    Value(u32),
    /// `[width, query_width]`.
    Output(u32),
    /// Gains before gate and up, `[width]`.
    HiddenNorm(u32),
    /// `[hidden, width]`.
    Gate(u32),
    /// `[hidden, width]`.
    Up(u32),
    /// `[width, hidden]`.
    Down(u32),
    /// The last gains, `[width]`.
    LastNorm,
    /// `[vocabulary, width]`; there is none where it is tied.
    Head,
}

impl Part {
    /// All tensors of a model.
    pub fn all(model: &Llama) -> Vec<Self> {
        let mut parts = vec![Self::Embedding];
        for layer in 0..model.layers {
            let of_layer =
                [Self::AttentionNorm, Self::Query, Self::Key, Self::Value, Self::Output, Self::HiddenNorm, Self::Gate];
            parts.extend(of_layer.iter().chain(&[Self::Up, Self::Down]).map(|part| part(layer)));
        }
        parts.push(Self::LastNorm);
        parts.extend((!model.tied).then_some(Self::Head));
        parts
    }

    /// Its shape; a vector has one row.
    pub fn shape(&self, model: &Llama) -> [u32; 2] {
        let (d, f) = (model.width, model.hidden);
        match self {
            Self::Embedding | Self::Head => [model.vocabulary, d],
            Self::AttentionNorm(_) | Self::HiddenNorm(_) | Self::LastNorm => [1, d],
            Self::Query(_) => [model.query_width(), d],
            Self::Key(_) | Self::Value(_) => [model.key_width(), d],
            Self::Output(_) => [d, model.query_width()],
            Self::Gate(_) | Self::Up(_) => [f, d],
            Self::Down(_) => [d, f],
        }
    }

    /// Whether it is a vector.
    pub fn is_vector(&self) -> bool {
        matches!(self, Self::AttentionNorm(_) | Self::HiddenNorm(_) | Self::LastNorm)
    }
}

/// Where a model's tensors come from.
pub trait Source {
    /// Why one cannot be had.
    type Error;

    /// The numbers of a tensor, row by row: as many as its shape says.
    fn tensor(&mut self, part: Part) -> Result<Vec<f32>, Self::Error>;
}

/// The largest absolute values of a layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObservedLayer {
    /// Of queries (divided by the root of a head's width), keys and values before they are turned.
    pub qkv: f32,
    /// Of each head of queries, keys and values after it.
    pub heads: Vec<f32>,
    /// Of the gate.
    pub gate: f32,
    /// Of what it gates.
    pub up: f32,
}

/// The largest absolute values on samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Of the residual stream.
    pub residual: f32,
    /// Of each layer.
    pub layers: Vec<ObservedLayer>,
}

/// Windows of text on the way through the network.
struct Pass<'a> {
    model: &'a Llama,
    windows: &'a [&'a [u32]],
    /// Tokens of the windows that are observed: the first ones.
    observed: usize,
}

/// Runs the network on windows of text: what was observed on the first `calibration` windows, and the logits `[tokens, vocabulary]` of
/// each of the others.
pub fn run<S: Source>(
    model: &Llama,
    source: &mut S,
    windows: &[&[u32]],
    calibration: usize,
) -> Result<(Observed, Vec<Vec<f32>>), S::Error> {
    let d = model.width as usize;
    let observed = windows.iter().take(calibration).map(|window| window.len()).sum();
    let pass = Pass { model, windows, observed };
    let embedding = source.tensor(Part::Embedding)?;
    let mut x = Vec::new();
    for token in windows.iter().copied().flatten() {
        x.extend_from_slice(embedding.chunks_exact(d).nth(*token as usize).unwrap_or(&vec![0.0; d]));
    }
    let head = if model.tied { Some(embedding) } else { None };
    let mut seen = Observed { residual: pass.largest(&x, d, 0, d), layers: Vec::new() };
    for layer in 0..model.layers {
        seen.layers.push(pass.layer(source, layer, &mut x)?);
        seen.residual = seen.residual.max(pass.largest(&x, d, 0, d));
    }
    let gains = source.tensor(Part::LastNorm)?;
    let head = match head {
        Some(head) => head,
        None => source.tensor(Part::Head)?,
    };
    let y = norm(&x, &gains, model.norm_eps);
    let mut logits = Vec::new();
    let mut start = observed;
    for window in windows.iter().skip(calibration) {
        logits.push(times_transposed(&y[start * d..][..window.len() * d], &head, d));
        start += window.len();
    }
    Ok((seen, logits))
}

impl Pass<'_> {
    /// The largest absolute value in some columns of what is observed.
    fn largest(&self, x: &[f32], width: usize, from: usize, to: usize) -> f32 {
        let rows = x.chunks_exact(width).take(self.observed);
        rows.flat_map(|row| &row[from..to]).fold(0.0, |most, x| most.max(x.abs()))
    }

    fn layer<S: Source>(&self, source: &mut S, layer: u32, x: &mut [f32]) -> Result<ObservedLayer, S::Error> {
        let model = self.model;
        let (d, f) = (model.width as usize, model.hidden as usize);
        let (q_width, k_width, head) =
            (model.query_width() as usize, model.key_width() as usize, model.head_width as usize);
        let y = norm(x, &source.tensor(Part::AttentionNorm(layer))?, model.norm_eps);
        let mut q = times_transposed(&y, &source.tensor(Part::Query(layer))?, d);
        let scale = (model.head_width as f32).sqrt().recip();
        q.iter_mut().for_each(|x| *x *= scale);
        let mut k = times_transposed(&y, &source.tensor(Part::Key(layer))?, d);
        let v = times_transposed(&y, &source.tensor(Part::Value(layer))?, d);
        let widths = [(&q, q_width), (&k, k_width), (&v, k_width)];
        let qkv = widths.iter().fold(0.0f32, |most, (x, width)| most.max(self.largest(x, *width, 0, *width)));
        self.rotate(&mut q, q_width);
        self.rotate(&mut k, k_width);
        let mut heads = Vec::new();
        for (x, width) in [(&q, q_width), (&k, k_width), (&v, k_width)] {
            heads.extend((0..width / head).map(|index| self.largest(x, width, index * head, (index + 1) * head)));
        }
        let attended = self.attention(&q, &k, &v);
        add(x, &times_transposed(&attended, &source.tensor(Part::Output(layer))?, q_width));

        let y = norm(x, &source.tensor(Part::HiddenNorm(layer))?, model.norm_eps);
        let mut gate = times_transposed(&y, &source.tensor(Part::Gate(layer))?, d);
        let up = times_transposed(&y, &source.tensor(Part::Up(layer))?, d);
        let [of_gate, of_up] = [&gate, &up].map(|x| self.largest(x, f, 0, f));
        gate.iter_mut().zip(&up).for_each(|(gate, up)| *gate *= up / (1.0 + (-*gate).exp()));
        add(x, &times_transposed(&gate, &source.tensor(Part::Down(layer))?, f));
        Ok(ObservedLayer { qkv, heads, gate: of_gate, up: of_up })
    }

    /// Turns the heads of each token by its place in its window.
    fn rotate(&self, x: &mut [f32], width: usize) {
        let head = self.model.head_width as usize;
        let places = self.windows.iter().flat_map(|window| 0..window.len());
        for (place, row) in places.zip(x.chunks_exact_mut(width)) {
            for pair in 0..head / 2 {
                let angle = place as f64 * self.model.rope.frequency(pair as u32, self.model.head_width);
                let (sine, cosine) = (angle.sin() as f32, angle.cos() as f32);
                for x in row.chunks_exact_mut(head) {
                    let (a, b) = (x[pair], x[pair + head / 2]);
                    x[pair] = a * cosine - b * sine;
                    x[pair + head / 2] = b * cosine + a * sine;
                }
            }
        }
    }

    fn attention(&self, q: &[f32], k: &[f32], v: &[f32]) -> Vec<f32> {
        let model = self.model;
        let (q_width, k_width, head) =
            (model.query_width() as usize, model.key_width() as usize, model.head_width as usize);
        let mut out = vec![0f32; q.len()];
        let mut start = 0;
        for window in self.windows {
            for (token, index) in (0..window.len()).flat_map(|t| (0..model.heads as usize).map(move |h| (t, h))) {
                let of_key = index / model.group().max(1) as usize * head;
                let query = &q[(start + token) * q_width + index * head..][..head];
                let row =
                    |x: &[f32], other: usize| -> Vec<f32> { x[(start + other) * k_width + of_key..][..head].to_vec() };
                let mut weights: Vec<f32> =
                    (0..=token).map(|other| row(k, other).iter().zip(query).map(|(a, b)| a * b).sum()).collect();
                let most = weights.iter().copied().fold(f32::MIN, f32::max);
                weights.iter_mut().for_each(|x| *x = (*x - most).exp());
                let sum: f32 = weights.iter().sum();
                let to = &mut out[(start + token) * q_width + index * head..][..head];
                for (other, weight) in weights.iter().enumerate() {
                    to.iter_mut().zip(row(v, other)).for_each(|(to, v)| *to += weight / sum * v);
                }
            }
            start += window.len();
        }
        out
    }
}

fn add(x: &mut [f32], change: &[f32]) {
    x.iter_mut().zip(change).for_each(|(x, change)| *x += change);
}

fn norm(x: &[f32], gains: &[f32], eps: f64) -> Vec<f32> {
    let mut y = Vec::with_capacity(x.len());
    for row in x.chunks_exact(gains.len()) {
        let mean = row.iter().map(|x| x * x).sum::<f32>() / row.len() as f32;
        let factor = (mean + eps as f32).sqrt().recip();
        y.extend(row.iter().zip(gains).map(|(x, gain)| x * factor * gain));
    }
    y
}

/// `[m, k]` times the transpose of `[n, k]`, by blocks of rows on all cores.
fn times_transposed(a: &[f32], b: &[f32], k: usize) -> Vec<f32> {
    let (m, n) = (a.len() / k, b.len() / k);
    let mut out = vec![0f32; m * n];
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let rows = m.div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        for (a, out) in a.chunks(rows * k).zip(out.chunks_mut(rows * n)) {
            scope.spawn(move || {
                for (a, out) in a.chunks_exact(k).zip(out.chunks_exact_mut(n)) {
                    for (b, out) in b.chunks_exact(k).zip(out) {
                        *out = dot(a, b);
                    }
                }
            });
        }
    });
    out
}

/// In eight sums, so that a compiler can use wide registers.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; 8];
    let ((a, rest_of_a), (b, rest_of_b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        for i in 0..8 {
            sums[i] += a[i] * b[i];
        }
    }
    let rest: f32 = rest_of_a.iter().zip(rest_of_b).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}
