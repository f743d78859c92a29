// SPDX-License-Identifier: Apache-2.0
//! `config.json`.

use crate::{
    import::ImportError,
    models::llama::{Llama, Rope, RopeScaling},
};
use serde::Deserialize;

/// What of the file counts. Other fields say nothing about the network.
#[derive(Debug, Deserialize)]
struct File {
    model_type: String,
    hidden_size: u32,
    intermediate_size: u32,
    num_hidden_layers: u32,
    num_attention_heads: u32,
    num_key_value_heads: Option<u32>,
    head_dim: Option<u32>,
    vocab_size: u32,
    max_position_embeddings: Option<u32>,
    rms_norm_eps: Option<f64>,
    rope_theta: Option<f64>,
    rope_scaling: Option<Scaling>,
    rope_parameters: Option<Scaling>,
    tie_word_embeddings: Option<bool>,
    hidden_act: Option<String>,
    attention_bias: Option<bool>,
    mlp_bias: Option<bool>,
    sliding_window: Option<u32>,
}

#[derive(Debug, Deserialize)]
struct Scaling {
    #[serde(alias = "type")]
    rope_type: Option<String>,
    rope_theta: Option<f64>,
    factor: Option<f64>,
    low_freq_factor: Option<f64>,
    high_freq_factor: Option<f64>,
    original_max_position_embeddings: Option<f64>,
}

/// A network, and how many positions it was made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Config {
    /// The network.
    pub model: Llama,
    /// Most positions.
    pub positions: u32,
}

/// What a configuration without such fields means.
const DEFAULT_POSITIONS: u32 = 2_048;
const DEFAULT_EPS: f64 = 1e-6;
const DEFAULT_THETA: f64 = 10_000.0;

impl Config {
    /// Reads the text of `config.json`.
    pub fn parse(text: &str) -> Result<Self, ImportError> {
        let file: File =
            serde_json::from_str(text).map_err(|source| ImportError::Json { file: "config.json".into(), source })?;
        let unsupported = |field, found: String, supported| Err(ImportError::Unsupported { field, found, supported });
        if !["llama", "mistral"].contains(&file.model_type.as_str()) {
            return unsupported("model_type", file.model_type, "llama or mistral");
        }
        match &file.hidden_act {
            Some(act) if act != "silu" => return unsupported("hidden_act", act.clone(), "silu"),
            _ => (),
        }
        for (field, has) in [("attention_bias", file.attention_bias), ("mlp_bias", file.mlp_bias)] {
            if has == Some(true) {
                return unsupported(field, "true".into(), "no biases");
            }
        }
        let theta = [&file.rope_parameters, &file.rope_scaling].into_iter().flatten().find_map(|rope| rope.rope_theta);
        let scaling = match file.rope_scaling.as_ref().or(file.rope_parameters.as_ref()) {
            Some(scaling) => scaling.read()?,
            None => RopeScaling::None,
        };
        let model = Llama {
            width: file.hidden_size,
            layers: file.num_hidden_layers,
            heads: file.num_attention_heads,
            kv_heads: file.num_key_value_heads.unwrap_or(file.num_attention_heads),
            head_width: match file.head_dim {
                Some(width) => width,
                None if file.hidden_size.checked_rem(file.num_attention_heads) == Some(0) => {
                    file.hidden_size / file.num_attention_heads
                }
                None => {
                    let found = file.num_attention_heads.to_string();
                    return unsupported("num_attention_heads", found, "a divisor of hidden_size, or head_dim");
                }
            },
            hidden: file.intermediate_size,
            vocabulary: file.vocab_size,
            tied: file.tie_word_embeddings.unwrap_or(false),
            norm_eps: file.rms_norm_eps.unwrap_or(DEFAULT_EPS),
            rope: Rope { theta: theta.or(file.rope_theta).unwrap_or(DEFAULT_THETA), scaling },
        };
        model.check()?;
        let positions = file.max_position_embeddings.unwrap_or(DEFAULT_POSITIONS);
        // Within its window, sliding attention is attention.
        Ok(Self { model, positions: positions.min(file.sliding_window.unwrap_or(u32::MAX)) })
    }
}

impl Scaling {
    /// Its kind and the numbers that it has.
    fn told(&self, kind: &str) -> String {
        let numbers = [
            ("factor", self.factor),
            ("low_freq_factor", self.low_freq_factor),
            ("high_freq_factor", self.high_freq_factor),
            ("original_max_position_embeddings", self.original_max_position_embeddings),
        ];
        let there = numbers.into_iter().filter_map(|(name, number)| Some(format!(", {name} {}", number?)));
        there.fold(kind.to_owned(), |told, number| told + &number)
    }

    fn read(&self) -> Result<RopeScaling, ImportError> {
        let kind = self.rope_type.as_deref().unwrap_or("default");
        let wrong = || ImportError::Unsupported {
            field: "rope_scaling",
            found: self.told(kind),
            supported: "default, linear or llama3, with positive factors",
        };
        let positive = |value: Option<f64>| value.filter(|value| *value > 0.0 && value.is_finite()).ok_or_else(wrong);
        match kind {
            "default" => Ok(RopeScaling::None),
            "linear" => Ok(RopeScaling::Linear { factor: positive(self.factor)? }),
            "llama3" => {
                let low_freq_factor = positive(self.low_freq_factor)?;
                let high_freq_factor = positive(self.high_freq_factor)?;
                if high_freq_factor <= low_freq_factor {
                    return Err(wrong());
                }
                Ok(RopeScaling::Llama3 {
                    factor: positive(self.factor)?,
                    low_freq_factor,
                    high_freq_factor,
                    original_positions: positive(self.original_max_position_embeddings)?,
                })
            }
            _ => Err(wrong()),
        }
    }
}
