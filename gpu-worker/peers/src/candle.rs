// SPDX-License-Identifier: Apache-2.0
//! The transformer of `quern_sdk::models` as candle computes it, in f32 or with q8_0 weights.

use anyhow::Result;
use candle_core::{
    quantized::{GgmlDType, QMatMul, QTensor},
    DType, Device, Module, Tensor, D,
};
use candle_nn::{
    kv_cache::KvCache,
    ops::{rms_norm, silu, softmax_last_dim},
    rotary_emb::rope,
};
use quern_sdk::models::{transformer::VOCABULARY, Transformer};
use std::sync::Arc;

/// What divides by zero otherwise.
const EPSILON: f32 = 1e-5;

struct Layer {
    qkv: QMatMul,
    out: QMatMul,
    gate_up: QMatMul,
    down: QMatMul,
    cache: KvCache,
}

/// The network.
pub struct Candle {
    model: Transformer,
    embedding: Tensor,
    gains: Tensor,
    cosine: Tensor,
    sine: Tensor,
    layers: Vec<Layer>,
    head: QMatMul,
}

impl Candle {
    /// With random weights, `i8` blocks of 32 with a scale each where `quantized`.
    pub fn new(model: Transformer, quantized: bool) -> Result<Self> {
        let device = &Device::Cpu;
        let weights = |outputs: u32, inputs: u32| -> Result<QMatMul> {
            let deviation = f64::from(inputs).sqrt().recip();
            let shape = (outputs as usize, inputs as usize);
            let weights = Tensor::randn(0f32, deviation as f32, shape, device)?;
            Ok(match quantized {
                true => QMatMul::from_arc(Arc::new(QTensor::quantize(&weights, GgmlDType::Q8_0)?))?,
                false => QMatMul::Tensor(weights),
            })
        };
        let (width, hidden) = (model.width, model.hidden);
        let layer = |_| -> Result<Layer> {
            Ok(Layer {
                qkv: weights(3 * width, width)?,
                out: weights(width, width)?,
                gate_up: weights(2 * hidden, width)?,
                down: weights(width, hidden)?,
                cache: KvCache::new(2, model.context as usize),
            })
        };
        let half = model.head_width() / 2;
        let angles = (0..model.context).flat_map(|position| {
            let turn = move |place| position as f32 * 10_000f32.powf(-(place as f32) / half as f32);
            (0..half).map(turn)
        });
        let angles = Tensor::from_vec(angles.collect(), (model.context as usize, half as usize), device)?;
        Ok(Self {
            model,
            embedding: Tensor::randn(0f32, 0.25, (VOCABULARY as usize, width as usize), device)?,
            gains: Tensor::ones(width as usize, DType::F32, device)?,
            cosine: angles.cos()?,
            sine: angles.sin()?,
            layers: (0..model.layers).map(layer).collect::<Result<_>>()?,
            head: weights(VOCABULARY, width)?,
        })
    }

    /// Forgets all positions.
    pub fn forget(&mut self) {
        self.layers.iter_mut().for_each(|layer| layer.cache.reset());
    }

    /// The logits of these bytes, which stand at the positions from `start` on.
    pub fn forward(&mut self, bytes: &[u8], start: usize) -> Result<Tensor> {
        let ids: Vec<u32> = bytes.iter().map(|byte| u32::from(*byte)).collect();
        let tokens = ids.len();
        let ids = Tensor::from_vec(ids, tokens, &Device::Cpu)?;
        let (heads, width, head) =
            (self.model.heads as usize, self.model.width as usize, self.model.head_width() as usize);
        let hidden = self.model.hidden as usize;
        let [cosine, sine] = [&self.cosine, &self.sine].map(|table| table.narrow(0, start, tokens));
        let (cosine, sine) = (cosine?, sine?);
        let unseen = (tokens > 1).then(|| {
            let seen = |row, column| if column > start + row { f32::NEG_INFINITY } else { 0.0 };
            let mask = (0..tokens).flat_map(|row| (0..start + tokens).map(move |column| seen(row, column)));
            Tensor::from_vec(mask.collect(), (tokens, start + tokens), &Device::Cpu)
        });
        let unseen = unseen.transpose()?;
        let mut x = self.embedding.index_select(&ids, 0)?.unsqueeze(0)?;
        for layer in &mut self.layers {
            let qkv = layer.qkv.forward(&rms_norm(&x, &self.gains, EPSILON)?)?;
            let by_head =
                |part: usize| qkv.narrow(2, part * width, width)?.reshape((1, tokens, heads, head))?.transpose(1, 2);
            let q = rope(&by_head(0)?.contiguous()?, &cosine, &sine)?;
            let k = rope(&by_head(1)?.contiguous()?, &cosine, &sine)?;
            let v = by_head(2)?.contiguous()?;
            let (k, v) = layer.cache.append(&k, &v)?;
            let scores = (q.matmul(&k.t()?)? * (head as f64).sqrt().recip())?;
            let scores = match &unseen {
                Some(unseen) => scores.broadcast_add(unseen)?,
                None => scores,
            };
            let heads_out = softmax_last_dim(&scores)?.matmul(&v.contiguous()?)?;
            let heads_out = heads_out.transpose(1, 2)?.reshape((1, tokens, width))?;
            x = (x + layer.out.forward(&heads_out)?)?;
            let gate_up = layer.gate_up.forward(&rms_norm(&x, &self.gains, EPSILON)?)?;
            let (gate, up) = (gate_up.narrow(D::Minus1, 0, hidden)?, gate_up.narrow(D::Minus1, hidden, hidden)?);
            x = (x + layer.down.forward(&(silu(&gate)? * up)?)?)?;
        }
        Ok(self.head.forward(&rms_norm(&x, &self.gains, EPSILON)?)?)
    }
}
