// SPDX-License-Identifier: Apache-2.0
//! How near an exact program comes to the model on `f32`, on samples that no calibration saw. For people: no hash depends on it.

use serde::Serialize;

/// The comparison of predictions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Fidelity {
    /// Predictions that were compared: tokens, or images.
    pub predictions: u64,
    /// Share of them in which both name the same likeliest.
    pub top1_agreement: f64,
    /// Perplexity (e to the mean cross-entropy) of the model on `f32`; none where the right answers are not known.
    pub perplexity_f32: Option<f64>,
    /// The same of the exact program.
    pub perplexity_exact: Option<f64>,
    /// The largest difference of a logit.
    pub worst_logit_error: f64,
    /// The root of the mean square of the differences of logits.
    pub rms_logit_error: f64,
    /// The root of the mean square of the logits on `f32`, less their mean in each prediction: what the error is to be compared with.
    pub rms_logit: f64,
}

impl Fidelity {
    /// Names and values, for a table.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let perplexity = |value: Option<f64>| value.map_or_else(|| "-".to_string(), |value| format!("{value:.4}"));
        vec![
            ("predictions compared", self.predictions.to_string()),
            ("same likeliest", format!("{:.2} %", 100.0 * self.top1_agreement)),
            ("perplexity on f32", perplexity(self.perplexity_f32)),
            ("perplexity, exact", perplexity(self.perplexity_exact)),
            ("worst logit error", format!("{:.4}", self.worst_logit_error)),
            ("rms logit error", format!("{:.4} of {:.4}", self.rms_logit_error, self.rms_logit)),
        ]
    }
}

/// Gathers predictions for a [`Fidelity`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Comparison {
    predictions: u64,
    agreed: u64,
    /// Predictions with a known right answer.
    answered: u64,
    losses: [f64; 2],
    worst: f64,
    squares: f64,
    of_logits: f64,
    logits: u64,
}

impl Comparison {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A prediction: the logits of both, as many of each, and the index of the right answer where it is known.
    pub fn add(&mut self, on_f32: &[f64], exact: &[f64], right: Option<usize>) {
        self.predictions += 1;
        self.agreed += u64::from(likeliest(on_f32) == likeliest(exact));
        let mean = on_f32.iter().sum::<f64>() / on_f32.len().max(1) as f64;
        for (real, exact) in on_f32.iter().zip(exact) {
            let error = (real - exact).abs();
            self.worst = self.worst.max(error);
            self.squares += error * error;
            self.of_logits += (real - mean) * (real - mean);
            self.logits += 1;
        }
        let losses = right.and_then(|right| Some([loss(on_f32, right)?, loss(exact, right)?]));
        if let Some(losses) = losses {
            self.answered += 1;
            self.losses.iter_mut().zip(losses).for_each(|(sum, loss)| *sum += loss);
        }
    }

    /// What it comes to.
    pub fn finish(&self) -> Fidelity {
        let root = |sum: f64| (sum / self.logits.max(1) as f64).sqrt();
        let perplexity = |sum: f64| (self.answered > 0).then(|| (sum / self.answered as f64).exp());
        Fidelity {
            predictions: self.predictions,
            top1_agreement: self.agreed as f64 / self.predictions.max(1) as f64,
            perplexity_f32: perplexity(self.losses[0]),
            perplexity_exact: perplexity(self.losses[1]),
            worst_logit_error: self.worst,
            rms_logit_error: root(self.squares),
            rms_logit: root(self.of_logits),
        }
    }
}

/// The index of the largest, the first of equals.
fn likeliest(logits: &[f64]) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (index, logit) in logits.iter().enumerate() {
        if best.is_none_or(|(_, most)| *logit > most) {
            best = Some((index, *logit));
        }
    }
    best.map(|(index, _)| index)
}

/// The cross-entropy of a prediction, in nats.
fn loss(logits: &[f64], right: usize) -> Option<f64> {
    let most = logits.iter().copied().fold(f64::MIN, f64::max);
    let sum: f64 = logits.iter().map(|logit| (logit - most).exp()).sum();
    Some(sum.ln() + most - logits.get(right)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fidelity_should_be_perfect_when_both_are_equal() {
        let mut comparison = Comparison::new();
        comparison.add(&[0.0, 0.0], &[0.0, 0.0], Some(1));
        let fidelity = comparison.finish();
        assert_eq!((fidelity.predictions, fidelity.top1_agreement, fidelity.worst_logit_error), (1, 1.0, 0.0));
        assert!((fidelity.perplexity_f32.unwrap() - 2.0).abs() < 1e-12);
        assert_eq!(fidelity.perplexity_f32, fidelity.perplexity_exact);
    }

    #[test]
    fn fidelity_should_tell_how_far_apart_they_are() {
        let mut comparison = Comparison::new();
        comparison.add(&[1.0, 3.0], &[1.0, 3.5], None);
        comparison.add(&[1.0, 3.0], &[4.0, 3.0], None);
        let fidelity = comparison.finish();
        assert_eq!((fidelity.top1_agreement, fidelity.worst_logit_error), (0.5, 3.0));
        assert!((fidelity.rms_logit_error - (9.25f64 / 4.0).sqrt()).abs() < 1e-12);
        assert_eq!((fidelity.rms_logit, fidelity.perplexity_f32, fidelity.perplexity_exact), (1.0, None, None));
    }
}
