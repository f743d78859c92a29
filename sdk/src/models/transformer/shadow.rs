// SPDX-License-Identifier: Apache-2.0
//! The network on floats: what the integer programs are measured against. `f32` for training, `f64` for checks. No hash depends
//! on it.

use super::{
    super::mlp::{ModelError, PARAMETER_FRAC_BITS},
    forward::rotation,
    LmTraining, Rows, Transformer, VOCABULARY,
};
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// A float.
pub trait Real:
    Copy
    + Default
    + PartialOrd
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Send
    + Sync
{
    /// The nearest.
    fn of(x: f64) -> Self;
    /// As `f64`.
    fn wide(self) -> f64;
    /// e to this.
    fn exp(self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
}

macro_rules! real {
    ($float:ty) => {
        impl Real for $float {
            fn of(x: f64) -> Self {
                x as $float
            }
            fn wide(self) -> f64 {
                f64::from(self)
            }
            fn exp(self) -> Self {
                <$float>::exp(self)
            }
            fn sqrt(self) -> Self {
                <$float>::sqrt(self)
            }
        }
    };
}
real!(f32);
real!(f64);

impl LmTraining {
    /// Parameters and momentum after a step: what the programs do, on `f32`. The gradient is that of the summed loss.
    pub fn update_f32(&self, w: &mut [f32], m: &mut [f32], gradient: &[f32]) {
        let power = |shift: u8| (-f32::from(shift)).exp2();
        let (rate, gradient_part, momentum_part) =
            (power(self.rate_shift), power(self.gradient_shift), power(self.momentum_shift));
        let decay = if self.decay_shift == 31 { 0.0 } else { power(self.decay_shift) * rate };
        for ((w, m), g) in w.iter_mut().zip(m).zip(gradient) {
            let direction = *m + gradient_part * (*g - *m);
            let sign = f32::from(i8::from(direction > 0.0) - i8::from(direction < 0.0));
            *w -= rate * sign + decay * *w;
            *m += momentum_part * (*g - *m);
        }
    }
}

/// A network with its parameters, in the layout of a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct LmShadow<T> {
    model: Transformer,
    /// The parameters.
    pub parameters: Vec<T>,
}

struct LayerTape<T> {
    before_attention: Norm<T>,
    qkv: Vec<T>,
    probabilities: Vec<T>,
    heads: Vec<T>,
    before_hidden: Norm<T>,
    inner: Vec<T>,
    hidden: Vec<T>,
}

struct Norm<T> {
    y: Vec<T>,
    root: Vec<T>,
}

struct Tape<T> {
    layers: Vec<LayerTape<T>>,
    last: Norm<T>,
    probabilities: Vec<T>,
    loss: f64,
}

impl<T: Real> LmShadow<T> {
    /// The parameters of a checkpoint, or of a local result.
    pub fn new(model: Transformer, checkpoint: &[u8]) -> Result<Self, ModelError> {
        model.check()?;
        let count = model.parameters() as usize;
        let found = checkpoint.len();
        if found < count * 4 {
            return Err(ModelError::Checkpoint { expected: model.checkpoint_bytes(), found });
        }
        let one = f64::from(1u32 << PARAMETER_FRAC_BITS);
        let values = checkpoint.as_chunks::<4>().0.iter().take(count);
        let parameters = values.map(|bytes| T::of(f64::from(i32::from_le_bytes(*bytes)) / one)).collect();
        Ok(Self { model, parameters })
    }

    fn tensor(&self, rows: Rows) -> &[T] {
        let width = self.model.width as usize;
        &self.parameters[rows.start as usize * width..][..rows.len as usize * width]
    }

    /// The mean loss over all bytes but the first of each window of `context + 1` bytes, in nats.
    pub fn loss(&self, windows: &[&[u8]]) -> f64 {
        self.forward(windows).loss / (windows.len() * self.model.context as usize) as f64
    }

    /// The probability of each byte after each byte but the last of each window, `[windows context, 256]`.
    pub fn probabilities(&self, windows: &[&[u8]]) -> Vec<T> {
        self.forward(windows).probabilities
    }

    /// The largest absolute values of what the programs hold in few bits: the last residual stream, the normalised rows, and
    /// each layer's queries with keys, values, gate and up.
    pub fn ranges(&self, windows: &[&[u8]]) -> Vec<(String, f64)> {
        let tape = self.forward(windows);
        let d = self.model.width as usize;
        let f = self.model.hidden as usize;
        fn most<'a, T: Real + 'a>(values: impl Iterator<Item = &'a T>) -> f64 {
            values.fold(0.0, |most, x| most.max(x.wide().abs()))
        }
        let residual = tape.last.y.chunks_exact(d).zip(&tape.last.root);
        let residual = residual.fold(0.0f64, |largest, (row, root)| largest.max(most(row.iter()) * root.wide()));
        let mut ranges = vec![("residual".to_string(), residual), ("norm".to_string(), most(tape.last.y.iter()))];
        for (index, layer) in tape.layers.iter().enumerate() {
            let columns = |x: &[T], width: usize, from: usize, to: usize| {
                x.chunks_exact(width).fold(0.0f64, |largest, row| largest.max(most(row[from..to].iter())))
            };
            for (name, value) in [
                ("norm", most(layer.before_attention.y.iter())),
                ("queries, keys", columns(&layer.qkv, 3 * d, 0, 2 * d)),
                ("values", columns(&layer.qkv, 3 * d, 2 * d, 3 * d)),
                ("second norm", most(layer.before_hidden.y.iter())),
                ("gate", columns(&layer.inner, 2 * f, 0, f)),
                ("up", columns(&layer.inner, 2 * f, f, 2 * f)),
            ] {
                ranges.push((format!("{index} {name}"), value));
            }
        }
        ranges
    }

    /// The summed loss and its gradient by the parameters.
    pub fn gradient(&self, windows: &[&[u8]]) -> (f64, Vec<T>) {
        let tape = self.forward(windows);
        (tape.loss, self.backward(windows, &tape))
    }

    fn forward(&self, windows: &[&[u8]]) -> Tape<T> {
        let model = &self.model;
        let (d, t, f) = (model.width as usize, model.context as usize, model.hidden as usize);
        let m = windows.len() * t;
        let embedding = self.tensor(model.embedding());
        let mut x: Vec<T> = Vec::with_capacity(m * d);
        for window in windows {
            for byte in &window[..t] {
                x.extend_from_slice(&embedding[usize::from(*byte) * d..][..d]);
            }
        }
        let mut layers = Vec::new();
        for index in 0..model.layers {
            let rows = model.layer(index);
            let before_attention = norm(&x, d);
            let mut qkv = times_transposed(&before_attention.y, self.tensor(rows.qkv), [m, 3 * d, d]);
            self.rotate(&mut qkv, false);
            let (probabilities, heads) = self.attention(&qkv, windows.len());
            add(&mut x, &times_transposed(&heads, self.tensor(rows.out), [m, d, d]));
            let before_hidden = norm(&x, d);
            let inner = times_transposed(&before_hidden.y, self.tensor(rows.gate_up), [m, 2 * f, d]);
            let hidden = inner
                .chunks_exact(2 * f)
                .flat_map(|row| row[..f].iter().zip(&row[f..]).map(|(gate, up)| silu_of(*gate) * *up))
                .collect::<Vec<T>>();
            add(&mut x, &times(&hidden, self.tensor(rows.down), [m, d, f]));
            layers.push(LayerTape { before_attention, qkv, probabilities, heads, before_hidden, inner, hidden });
        }
        let last = norm(&x, d);
        let v = VOCABULARY as usize;
        let mut probabilities = times_transposed(&last.y, self.tensor(model.head()), [m, v, d]);
        let mut loss = 0.0;
        let next = windows.iter().flat_map(|window| &window[1..=t]);
        for (row, next) in probabilities.chunks_exact_mut(v).zip(next) {
            let right = row[usize::from(*next)].wide();
            loss += softmax(row) - right;
        }
        Tape { layers, last, probabilities, loss }
    }

    fn backward(&self, windows: &[&[u8]], tape: &Tape<T>) -> Vec<T> {
        let model = &self.model;
        let (d, t, f, v) = (model.width as usize, model.context as usize, model.hidden as usize, VOCABULARY as usize);
        let m = windows.len() * t;
        let mut gradient = vec![T::default(); self.parameters.len()];
        let mut put = |rows: Rows, values: Vec<T>| {
            gradient[rows.start as usize * d..][..values.len()].copy_from_slice(&values);
        };
        let mut error = tape.probabilities.clone();
        let next = windows.iter().flat_map(|window| &window[1..=t]);
        for (row, next) in error.chunks_exact_mut(v).zip(next) {
            row[usize::from(*next)] = row[usize::from(*next)] - T::of(1.0);
        }
        put(model.head(), transposed_times(&error, &tape.last.y, [v, d, m]));
        let by_norm = times(&error, self.tensor(model.head()), [m, d, v]);
        let mut by_x = through_norm(&by_norm, &tape.last, d);
        for (index, layer) in (0..model.layers).zip(&tape.layers).rev() {
            let rows = model.layer(index);
            put(rows.down, transposed_times(&layer.hidden, &by_x, [f, d, m]));
            let by_hidden = times_transposed(&by_x, self.tensor(rows.down), [m, f, d]);
            let mut by_inner = vec![T::default(); m * 2 * f];
            for ((by_inner, inner), by_hidden) in
                by_inner.chunks_exact_mut(2 * f).zip(layer.inner.chunks_exact(2 * f)).zip(by_hidden.chunks_exact(f))
            {
                for i in 0..f {
                    let (gate, up) = (inner[i], inner[f + i]);
                    let sigmoid = T::of(1.0) / (T::of(1.0) + (-gate).exp());
                    let slope = sigmoid * (T::of(1.0) + gate * (T::of(1.0) - sigmoid));
                    by_inner[i] = by_hidden[i] * up * slope;
                    by_inner[f + i] = by_hidden[i] * gate * sigmoid;
                }
            }
            put(rows.gate_up, transposed_times(&by_inner, &layer.before_hidden.y, [2 * f, d, m]));
            let by_norm = times(&by_inner, self.tensor(rows.gate_up), [m, d, 2 * f]);
            add(&mut by_x, &through_norm(&by_norm, &layer.before_hidden, d));

            put(rows.out, transposed_times(&by_x, &layer.heads, [d, d, m]));
            let by_heads = times(&by_x, self.tensor(rows.out), [m, d, d]);
            let mut by_qkv = self.through_attention(layer, &by_heads, windows.len());
            self.rotate(&mut by_qkv, true);
            put(rows.qkv, transposed_times(&by_qkv, &layer.before_attention.y, [3 * d, d, m]));
            let by_norm = times(&by_qkv, self.tensor(rows.qkv), [m, d, 3 * d]);
            add(&mut by_x, &through_norm(&by_norm, &layer.before_attention, d));
        }
        let mut by_embedding = vec![T::default(); v * d];
        let bytes = windows.iter().flat_map(|window| &window[..t]);
        for (row, byte) in by_x.chunks_exact(d).zip(bytes) {
            add(&mut by_embedding[usize::from(*byte) * d..][..d], row);
        }
        put(model.embedding(), by_embedding);
        gradient
    }

    /// Turns queries and keys by their positions, or back.
    fn rotate(&self, qkv: &mut [T], back: bool) {
        let (d, t) = (self.model.width as usize, self.model.context as usize);
        let head = self.model.head_width() as usize;
        let half = head / 2;
        let table: Vec<(T, T)> = (0..t * half)
            .map(|i| {
                let (cosine, sine) = rotation((i / half) as u32, (i % half) as u32, head as u32);
                (T::of(cosine), T::of(if back { -sine } else { sine }))
            })
            .collect();
        for (row, qkv) in qkv.chunks_exact_mut(3 * d).enumerate() {
            let table = &table[row % t * half..][..half];
            for x in qkv[..2 * d].chunks_exact_mut(head) {
                for (i, (cosine, sine)) in table.iter().enumerate() {
                    let (a, b) = (x[i], x[half + i]);
                    x[i] = a * *cosine - b * *sine;
                    x[half + i] = b * *cosine + a * *sine;
                }
            }
        }
    }

    /// Queries, keys and values of one head.
    fn head(&self, qkv: &[T], window: usize, part: usize, head: usize) -> Vec<T> {
        let (d, t, width) = (self.model.width as usize, self.model.context as usize, self.model.head_width() as usize);
        let rows = qkv.chunks_exact(3 * d).skip(window * t).take(t);
        rows.flat_map(|row| &row[part * d + head * width..][..width]).copied().collect()
    }

    fn attention(&self, qkv: &[T], windows: usize) -> (Vec<T>, Vec<T>) {
        let (d, t, width) = (self.model.width as usize, self.model.context as usize, self.model.head_width() as usize);
        let scale = T::of(1.0 / f64::from(self.model.head_width()).sqrt());
        let mut all = Vec::new();
        let mut out = vec![T::default(); windows * t * d];
        for window in 0..windows {
            for head in 0..self.model.heads as usize {
                let [q, k, v] = [0, 1, 2].map(|part| self.head(qkv, window, part, head));
                let mut p = times_transposed(&q, &k, [t, t, width]);
                for (row, p) in p.chunks_exact_mut(t).enumerate() {
                    p[..=row].iter_mut().for_each(|x| *x = *x * scale);
                    softmax(&mut p[..=row]);
                    p[row + 1..].fill(T::default());
                }
                let o = times(&p, &v, [t, width, t]);
                for (row, o) in o.chunks_exact(width).enumerate() {
                    out[(window * t + row) * d + head * width..][..width].copy_from_slice(o);
                }
                all.extend(p);
            }
        }
        (all, out)
    }

    fn through_attention(&self, layer: &LayerTape<T>, by_heads: &[T], windows: usize) -> Vec<T> {
        let (d, t, width) = (self.model.width as usize, self.model.context as usize, self.model.head_width() as usize);
        let heads = self.model.heads as usize;
        let scale = T::of(1.0 / f64::from(self.model.head_width()).sqrt());
        let mut by_qkv = vec![T::default(); windows * t * 3 * d];
        for window in 0..windows {
            for head in 0..heads {
                let [q, k, v] = [0, 1, 2].map(|part| self.head(&layer.qkv, window, part, head));
                let p = &layer.probabilities[(window * heads + head) * t * t..][..t * t];
                let rows = by_heads.chunks_exact(d).skip(window * t).take(t);
                let by_o: Vec<T> = rows.flat_map(|row| &row[head * width..][..width]).copied().collect();
                let by_v = transposed_times(p, &by_o, [t, width, t]);
                let mut by_p = times_transposed(&by_o, &v, [t, t, width]);
                for (by, p) in by_p.chunks_exact_mut(t).zip(p.chunks_exact(t)) {
                    let along = by.iter().zip(p).fold(T::default(), |sum, (by, p)| sum + *by * *p);
                    by.iter_mut().zip(p).for_each(|(by, p)| *by = (*by - along) * *p * scale);
                }
                let by_q = times(&by_p, &k, [t, width, t]);
                let by_k = transposed_times(&by_p, &q, [t, width, t]);
                for (part, by) in [by_q, by_k, by_v].iter().enumerate() {
                    for (row, by) in by.chunks_exact(width).enumerate() {
                        let start = (window * t + row) * 3 * d + part * d + head * width;
                        by_qkv[start..][..width].copy_from_slice(by);
                    }
                }
            }
        }
        by_qkv
    }
}

fn silu_of<T: Real>(x: T) -> T {
    x / (T::of(1.0) + (-x).exp())
}

fn add<T: Real>(to: &mut [T], from: &[T]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += *from);
}

/// Makes probabilities of logits; the logarithm of the sum of their exponentials.
fn softmax<T: Real>(row: &mut [T]) -> f64 {
    let most = row.iter().copied().fold(row[0], |most, x| if x > most { x } else { most });
    let mut sum = T::default();
    for x in row.iter_mut() {
        *x = (*x - most).exp();
        sum += *x;
    }
    row.iter_mut().for_each(|x| *x = *x / sum);
    most.wide() + sum.wide().ln()
}

fn norm<T: Real>(x: &[T], width: usize) -> Norm<T> {
    let mut y = Vec::with_capacity(x.len());
    let mut root = Vec::with_capacity(x.len() / width);
    for row in x.chunks_exact(width) {
        let mean = row.iter().fold(T::default(), |sum, x| sum + *x * *x) / T::of(width as f64);
        let r = (mean + T::of(1e-12)).sqrt();
        y.extend(row.iter().map(|x| *x / r));
        root.push(r);
    }
    Norm { y, root }
}

fn through_norm<T: Real>(by_norm: &[T], norm: &Norm<T>, width: usize) -> Vec<T> {
    let mut out = Vec::with_capacity(by_norm.len());
    for ((by, y), root) in by_norm.chunks_exact(width).zip(norm.y.chunks_exact(width)).zip(&norm.root) {
        let mean = by.iter().zip(y).fold(T::default(), |sum, (by, y)| sum + *by * *y) / T::of(width as f64);
        out.extend(by.iter().zip(y).map(|(by, y)| (*by - *y * mean) / *root));
    }
    out
}

/// `a [m, k]` times `b [k, n]`.
fn times<T: Real>(a: &[T], b: &[T], [m, n, k]: [usize; 3]) -> Vec<T> {
    /// Positions along k whose rows of b stay in the cache.
    const BLOCK: usize = 64;
    let mut out = vec![T::default(); m * n];
    for start in (0..k).step_by(BLOCK) {
        let end = k.min(start + BLOCK);
        for (out, a) in out.chunks_exact_mut(n).zip(a.chunks_exact(k)) {
            let mut i = start;
            while i + 4 <= end {
                let [x0, x1, x2, x3] = [a[i], a[i + 1], a[i + 2], a[i + 3]];
                let [b0, b1, b2, b3] = [i, i + 1, i + 2, i + 3].map(|i| &b[i * n..][..n]);
                for j in 0..n {
                    out[j] += (x0 * b0[j] + x1 * b1[j]) + (x2 * b2[j] + x3 * b3[j]);
                }
                i += 4;
            }
            for i in i..end {
                out.iter_mut().zip(&b[i * n..][..n]).for_each(|(out, b)| *out += a[i] * *b);
            }
        }
    }
    out
}

fn transposed<T: Real>(x: &[T], m: usize, n: usize) -> Vec<T> {
    let mut out = vec![T::default(); m * n];
    for (row, x) in x.chunks_exact(n).enumerate() {
        x.iter().enumerate().for_each(|(column, x)| out[column * m + row] = *x);
    }
    out
}

/// `a [m, k]` times the transpose of `b [n, k]`.
fn times_transposed<T: Real>(a: &[T], b: &[T], [m, n, k]: [usize; 3]) -> Vec<T> {
    times(a, &transposed(b, n, k), [m, n, k])
}

/// The transpose of `a [k, m]` times `b [k, n]`.
fn transposed_times<T: Real>(a: &[T], b: &[T], [m, n, k]: [usize; 3]) -> Vec<T> {
    times(&transposed(a, k, m), b, [m, n, k])
}
