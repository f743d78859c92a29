// SPDX-License-Identifier: Apache-2.0
//! The backward pass: gradients of the summed loss of all positions.

use super::{
    super::numbers::{shift_right, Rounding},
    arithmetic::{by_weights, product, Scaled},
    forward::{gate_table, Forward, Layer, Norm, Pass, INNER, LOGIT, PROBABILITY, RESIDUAL, SILU},
    VOCABULARY,
};
use quern_program::{DType, ProgramBuilder, Var};

/// Fractional bits of the gradients by activations.
const GRADIENT: i32 = 16;
/// Fractional bits of the gradients by parameters, and so of momentum.
pub(super) const PARAMETER_GRADIENT: i32 = 16;
/// Fractional bits of a slope times an activation.
const SLOPE: i32 = 8;

use Rounding::Stochastic;

/// The derivative of the SiLU.
fn silu_slope(x: f64) -> f64 {
    let sigmoid = 1.0 / (1.0 + (-x).exp());
    sigmoid * (1.0 + x * (1.0 - sigmoid))
}

impl Pass<'_> {
    /// The gradient by the parameters, in their layout, with [`PARAMETER_GRADIENT`] fractional bits.
    pub fn gradient(&self, b: &mut ProgramBuilder, forward: &Forward, bytes: Var, next: Var) -> Var {
        let probabilities = b.softmax(forward.logits, LOGIT as u8);
        let right = b.one_hot(next, VOCABULARY);
        let right = shift_right(b, right, -PROBABILITY);
        let error = b.sub(probabilities, right);
        let error = Scaled::fixed(error, PROBABILITY).i8(b, Stochastic);
        let by_head = self.by_parameters(b, error, forward.last.y);
        let head_t = forward.head.transposed(b);
        let by_norm = product(b, error, head_t).to_fixed(b, GRADIENT, Stochastic);
        let mut by_x = self.through_norm(b, by_norm, &forward.last);

        let mut layers = Vec::new();
        for layer in forward.layers.iter().rev() {
            let (before, gradients) = self.layer_gradient(b, layer, by_x);
            by_x = before;
            layers.push(b.concat(0, &gradients));
        }

        let by_x = Scaled::fixed(by_x, GRADIENT).i8(b, Stochastic);
        let one_hot = Scaled::fixed(b.one_hot(bytes, VOCABULARY), 0);
        let mut all = self.by_parameters(b, one_hot, by_x);
        for layer in layers.into_iter().rev() {
            all = b.concat(0, &[all, layer]);
        }
        b.concat(0, &[all, by_head])
    }

    /// The gradient of the weights of a product from those of its result and its left argument.
    fn by_parameters(&self, b: &mut ProgramBuilder, result: Scaled, left: Scaled) -> Var {
        by_weights(b, result, left).to_fixed(b, PARAMETER_GRADIENT, Stochastic)
    }

    /// From the gradient by a normalised tensor the one by the tensor: `(g - y mean(g y)) / root`.
    fn through_norm(&self, b: &mut ProgramBuilder, by_norm: Var, norm: &Norm) -> Var {
        let rows = by_norm.shape().dim(0);
        let y = norm.y;
        let along = b.mul(by_norm, y.x);
        let sum = y.map(|_| b.row_sum(along));
        let mean = sum.halved(self.model.width.ilog2() as i32).to_fixed(b, 0, Rounding::Nearest);
        let mean = b.reshape(mean, &[rows, 1]);
        let along = y.map(|y| b.mul(y, mean)).to_fixed(b, 0, Rounding::Nearest);
        let across = b.sub(by_norm, along);
        let across = shift_right(b, across, -RESIDUAL);
        b.div(across, norm.root)
    }

    /// The gradients by a layer's input and by its weights: qkv, out, gate and up, down.
    fn layer_gradient(&self, b: &mut ProgramBuilder, layer: &Layer, by_x: Var) -> (Var, [Var; 4]) {
        let weights = &layer.weights;
        let (heads, t, head) = (self.model.heads, self.model.context, self.model.head_width());

        let by_change = Scaled::fixed(by_x, GRADIENT).i8(b, Stochastic);
        let by_down = self.by_parameters(b, layer.inner.hidden, by_change);
        let by_hidden = product(b, by_change, weights.down).i16(b, Stochastic);
        let by_up = by_hidden.map(|x| b.mul(x, layer.inner.silu));
        let by_up = by_up.map(|x| shift_right(b, x, SILU - SLOPE));
        let slopes = b.constant(DType::I16, &[256], &gate_table(silu_slope));
        let slope = b.table(layer.inner.gate, slopes);
        let slope = b.mul(layer.inner.up, slope);
        let slope = shift_right(b, slope, INNER + SILU - SLOPE);
        let by_gate = b.mul(by_hidden.x, slope);
        let by_inner = by_up.map(|by_up| b.concat(1, &[by_gate, by_up])).halved(SLOPE);
        let by_inner = by_inner.i8(b, Stochastic);
        let by_gate_up = self.by_parameters(b, by_inner, layer.inner.norm.y);
        let gate_up_t = weights.gate_up.transposed(b);
        let by_norm = product(b, by_inner, gate_up_t).to_fixed(b, GRADIENT, Stochastic);
        let through = self.through_norm(b, by_norm, &layer.inner.norm);
        let by_x = b.add(by_x, through);

        let by_change = Scaled::fixed(by_x, GRADIENT).i8(b, Stochastic);
        let by_out = self.by_parameters(b, by_change, layer.heads_out);
        let out_t = weights.out.transposed(b);
        let by_heads = product(b, by_change, out_t).i8(b, Stochastic).map(|x| {
            let x = b.reshape(x, &[self.batch, t, heads, head]);
            b.permute(x, &[0, 2, 1, 3])
        });
        let by_v = by_weights(b, layer.attention, by_heads).to_fixed(b, GRADIENT, Stochastic);
        let by_attention = product(b, by_heads, layer.v).i16(b, Stochastic);
        let by_scores = self.through_softmax(b, by_attention, layer.probabilities).i8(b, Stochastic);
        let by_scores = by_scores.map(|x| b.reshape(x, &[self.batch, heads, t, t]));
        let k_t = layer.k.transposed(b);
        let by_q = product(b, by_scores, k_t).to_fixed(b, GRADIENT, Stochastic);
        let by_k = by_weights(b, by_scores, layer.q).to_fixed(b, GRADIENT, Stochastic);
        let by_qk = b.concat(1, &[by_q, by_k]);
        let by_qk = self.rotate(b, by_qk, true);
        let by_qkv = b.concat(1, &[by_qk, by_v]);
        let by_qkv = b.permute(by_qkv, &[0, 2, 1, 3]);
        let by_qkv = b.reshape(by_qkv, &[self.tokens(), 3 * self.model.width]);
        let by_qkv = Scaled::fixed(by_qkv, GRADIENT).i8(b, Stochastic);
        let by_weights = self.by_parameters(b, by_qkv, layer.before_attention.y);
        let qkv_t = weights.qkv.transposed(b);
        let by_norm = product(b, by_qkv, qkv_t).to_fixed(b, GRADIENT, Stochastic);
        let through = self.through_norm(b, by_norm, &layer.before_attention);
        (b.add(by_x, through), [by_weights, by_out, by_gate_up, by_down])
    }

    /// From the gradient by attention's weights the one by its scores before they were divided by the root of the head's
    /// width: `p (g - sum(g p))`.
    fn through_softmax(&self, b: &mut ProgramBuilder, by_attention: Scaled, probabilities: Var) -> Scaled {
        let by = b.reshape(by_attention.x, probabilities.shape().dims());
        let along = b.mul(by, probabilities);
        let sum = b.row_sum(along);
        let sum = shift_right(b, sum, PROBABILITY);
        let sum = b.reshape(sum, &[probabilities.shape().dim(0), 1]);
        let across = b.sub(by, sum);
        let by_scores = b.mul(across, probabilities);
        by_attention.map(|_| by_scores).halved(PROBABILITY + self.model.root_of_head_bits())
    }
}
