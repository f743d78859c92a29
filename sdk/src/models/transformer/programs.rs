// SPDX-License-Identifier: Apache-2.0
//! The programs: local training, merge, evaluation.

use super::{
    super::{mlp::ModelError, numbers::shift_right},
    forward::{Pass, P},
    LmTraining, Transformer, MAX_SIZE,
};
use quern_program::{ops::random_word, Checked, Context, DType, ProgramBuilder, SegmentKind, Var};

impl Transformer {
    /// Local training. Inputs: a checkpoint; the task's text, `i16 [bytes]`. Output: parameters and momentum after all steps,
    /// `i32 [2 rows, width]`.
    pub fn local_training(&self, training: &LmTraining) -> Result<Checked, ModelError> {
        self.check()?;
        training.check(self)?;
        let rows = self.rows();
        let mut b = ProgramBuilder::new();
        let checkpoint = b.input(DType::I32, &[3 * rows, self.width]);
        let text = b.input(DType::I16, &[training.text_bytes]);
        let state = [0, rows].map(|start| b.slice(checkpoint, 0, start, rows));
        let state = b.begin_body(&state);
        let (w, m) = (state[0], state[1]);

        let pass = Pass::new(&mut b, self, training.batch);
        let windows = pass.random_windows(&mut b, text, training.starts(self));
        let [bytes, next] = pass.bytes_and_next(&mut b, windows);
        let forward = pass.forward(&mut b, w, bytes);
        let gradient = pass.gradient(&mut b, &forward, bytes, next);
        let (w, m) = training.update(&mut b, w, m, gradient);

        let state = b.begin_finish(&[w, m], training.steps);
        let output = b.concat(0, &state);
        Ok(b.build(output)?)
    }

    /// Where the windows of a step of local training begin in the task's text.
    pub fn windows(&self, training: &LmTraining, program: &Checked, context: &Context) -> Vec<usize> {
        let starts = training.starts(self) as i32;
        // The random words are the body's first operator.
        let key = context.key(program.program().operator_number(SegmentKind::Body, 0));
        let word = |index| random_word(&key, u64::from(index)) as i32;
        (0..training.batch).map(|index| (word(index) % starts).unsigned_abs() as usize).collect()
    }

    /// The merge of a round. Inputs: the checkpoint that the tasks started from; their outputs, `i32 [tasks, 2 rows width]`.
    /// Output: the next checkpoint, `i32 [3 rows, width]`. With `d` the mean of the tasks' changes and `k = 2^-outer_shift`,
    /// the velocity becomes `v' = k v + d` and the parameters `w' = w + d + k v'`; momentum becomes the tasks' mean.
    pub fn merge(&self, training: &LmTraining) -> Result<Checked, ModelError> {
        self.check()?;
        training.check(self)?;
        let parameters = self.parameters();
        let mut b = ProgramBuilder::new();
        let checkpoint = b.input(DType::I32, &[3 * parameters]);
        let results = b.input(DType::I32, &[training.tasks, 2 * parameters]);

        let before = b.slice(checkpoint, 0, 0, 2 * parameters);
        let v = b.slice(checkpoint, 0, 2 * parameters, parameters);
        let changes = b.sub(results, before);
        let sum = b.col_sum(changes);
        let mean = shift_right(&mut b, sum, training.tasks.ilog2() as i32);
        let moved = b.add(before, mean);
        let mean = b.slice(mean, 0, 0, parameters);
        let kept = shift_right(&mut b, v, i32::from(training.outer_shift));
        let v = b.add(kept, mean);
        let ahead = shift_right(&mut b, v, i32::from(training.outer_shift));
        let [w, m] = [0, parameters].map(|start| b.slice(moved, 0, start, parameters));
        let w = b.add(w, ahead);
        let next = b.concat(0, &[w, m, v]);
        let next = b.reshape(next, &[3 * self.rows(), self.width]);
        Ok(b.build(next)?)
    }

    /// Evaluation. Inputs: a checkpoint; windows of text, `i16 [windows, context + 1]`. Output: the probability of each byte
    /// but the first of each window, `i16 [windows * context]` with 15 fractional bits.
    pub fn evaluation(&self, windows: u32) -> Result<Checked, ModelError> {
        self.check()?;
        if !(1..=MAX_SIZE).contains(&windows) {
            return Err(ModelError::SampleCount);
        }
        let mut b = ProgramBuilder::new();
        let checkpoint = b.input(DType::I32, &[3 * self.rows(), self.width]);
        let text = b.input(DType::I16, &[windows, self.context + 1]);
        let w = b.slice(checkpoint, 0, 0, self.rows());
        let pass = Pass::new(&mut b, self, windows);
        let [bytes, next] = pass.bytes_and_next(&mut b, text);
        let forward = pass.forward(&mut b, w, bytes);
        let right = pass.right_probabilities(&mut b, forward.logits, next);
        let right = b.cast(right, DType::I16);
        Ok(b.build(right)?)
    }
}

impl LmTraining {
    /// Parameters and momentum after a step.
    fn update(&self, b: &mut ProgramBuilder, w: Var, m: Var, gradient: Var) -> (Var, Var) {
        let new = b.sub(gradient, m);
        let part = shift_right(b, new, i32::from(self.gradient_shift));
        let direction = b.add(m, part);
        let direction = b.clamp(direction, -1, 1);
        let change = shift_right(b, direction, i32::from(self.rate_shift) - P);
        let next = b.sub(w, change);
        let next = match self.decay_shift {
            31 => next,
            shift => {
                let by = b.scalar(i32::from(shift + self.rate_shift).min(31));
                let lost = b.shift_stochastic(w, by);
                b.sub(next, lost)
            }
        };
        let by = b.scalar(i32::from(self.momentum_shift));
        let part = b.shift_stochastic(new, by);
        (next, b.add(m, part))
    }
}
