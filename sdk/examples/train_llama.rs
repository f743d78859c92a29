// SPDX-License-Identifier: Apache-2.0
//! Trains a small decoder of the Llama family on `f32` on Newton's *Opticks* and writes it as a folder of the Hugging Face form: what
//! `data/opticks-llama` is made by.
//!
//! ```sh
//! cargo run --release -p quern-sdk --no-default-features --features import --example train_llama -- DIR [STEPS] [SHARDS]
//! ```
//!
//! One file of `bf16`, or so many shards of `f32` with an index. A token is a byte.

use half::bf16;
use quern_primitives::draw::Draw;
use quern_sdk::{
    import::llama::{name_of, INDEX, WHOLE},
    models::{llama::Part, transformer::shadow::LmShadow, LmTraining, Text, Transformer},
};
use safetensors::{tensor::TensorView, Dtype};
use serde_json::json;
use std::{collections::BTreeMap, error::Error, path::Path};

const MODEL: Transformer = Transformer { width: 32, layers: 2, heads: 2, hidden: 64, context: 64 };
/// Windows of a step.
const WINDOWS: usize = 16;

struct Tensor {
    name: String,
    shape: Vec<usize>,
    numbers: Vec<f32>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("say which folder to write")?;
    let mut number = |default: usize| arguments.next().map_or(Ok(default), |text| text.parse());
    let (steps, shards) = (number(600)?, number(1)?.max(1));
    let network = train(steps)?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("config.json"), format!("{:#}\n", config()))?;
    std::fs::write(folder.join("tokenizer.json"), format!("{:#}\n", tokenizer()))?;
    let tensors = tensors(&network);
    if shards == 1 {
        write(&folder.join(WHOLE), &tensors, Dtype::BF16)?;
        return Ok(());
    }
    let mut weight_map = BTreeMap::new();
    for (index, part) in tensors.chunks(tensors.len().div_ceil(shards)).enumerate() {
        let file = format!("model-{:05}-of-{shards:05}.safetensors", index + 1);
        write(&folder.join(&file), part, Dtype::F32)?;
        weight_map.extend(part.iter().map(|tensor| (tensor.name.clone(), file.clone())));
    }
    let total: usize = tensors.iter().map(|tensor| tensor.numbers.len() * 4).sum();
    let index = json!({ "metadata": { "total_size": total }, "weight_map": weight_map });
    std::fs::write(folder.join(INDEX), format!("{index:#}\n"))?;
    Ok(())
}

fn train(steps: usize) -> Result<LmShadow<f32>, Box<dyn Error>> {
    let text = Text::embedded();
    let window = MODEL.context as usize + 1;
    let held_out = text.held_out(64, window);
    let mut network = LmShadow::<f32>::new(MODEL, &MODEL.initial_checkpoint([0; 32])?)?;
    let mut momentum = vec![0f32; network.parameters.len()];
    let mut draw = Draw::new([1; 32]);
    let places = (text.train.len() - window) as u64;
    for step in 0..steps {
        // The rate halves after a half, three quarters and seven eighths of the steps.
        let halvings = [4, 6, 7].iter().filter(|part| step * 8 >= steps * **part).count() as u8;
        let training = LmTraining {
            tasks: 1,
            text_bytes: places as u32,
            batch: WINDOWS as u32,
            steps: steps as u32,
            rate_shift: 8 + halvings,
            gradient_shift: 3,
            momentum_shift: 6,
            decay_shift: 31,
            outer_shift: 31,
        };
        let starts: Vec<usize> = (0..WINDOWS).map(|_| draw.below(places) as usize).collect();
        let windows: Vec<&[u8]> = starts.iter().map(|start| &text.train[*start..start + window]).collect();
        let (_, gradient) = network.gradient(&windows);
        training.update_f32(&mut network.parameters, &mut momentum, &gradient);
        if step % 50 == 0 || step + 1 == steps {
            println!("step {step}: {:.4} nats a byte on held-out text", network.loss(&held_out));
        }
    }
    Ok(network)
}

/// The parameters by the names and shapes of the Llama family. The network's own order: embedding, for each layer queries, keys,
/// values, output, gate, up, down (transposed), and the head.
fn tensors(network: &LmShadow<f32>) -> Vec<Tensor> {
    let (d, f) = (MODEL.width as usize, MODEL.hidden as usize);
    let mut rest = network.parameters.as_slice();
    let mut take = |part: Part, rows: usize| {
        let (numbers, after) = rest.split_at(rows * d);
        rest = after;
        Tensor { name: name_of(part), shape: vec![rows, d], numbers: numbers.to_vec() }
    };
    let gains = |part: Part| Tensor { name: name_of(part), shape: vec![d], numbers: vec![1.0; d] };
    let mut tensors = vec![take(Part::Embedding, 256)];
    for layer in 0..MODEL.layers {
        tensors.push(gains(Part::AttentionNorm(layer)));
        for part in [Part::Query(layer), Part::Key(layer), Part::Value(layer), Part::Output(layer)] {
            tensors.push(take(part, d));
        }
        tensors.push(gains(Part::HiddenNorm(layer)));
        tensors.extend([Part::Gate(layer), Part::Up(layer)].map(|part| take(part, f)));
        let down = take(Part::Down(layer), f);
        let numbers = (0..d).flat_map(|row| down.numbers.iter().skip(row).step_by(d).copied()).collect();
        tensors.push(Tensor { shape: vec![d, f], numbers, ..down });
    }
    tensors.push(gains(Part::LastNorm));
    tensors.push(take(Part::Head, 256));
    tensors
}

fn write(file: &Path, tensors: &[Tensor], dtype: Dtype) -> Result<(), Box<dyn Error>> {
    let bytes = |tensor: &Tensor| -> Vec<u8> {
        let numbers = tensor.numbers.iter();
        match dtype {
            Dtype::BF16 => numbers.flat_map(|number| bf16::from_f32(*number).to_le_bytes()).collect(),
            _ => numbers.flat_map(|number| number.to_le_bytes()).collect(),
        }
    };
    let data: Vec<Vec<u8>> = tensors.iter().map(bytes).collect();
    let views = tensors
        .iter()
        .zip(&data)
        .map(|(tensor, data)| Ok((tensor.name.as_str(), TensorView::new(dtype, tensor.shape.clone(), data)?)));
    let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    let metadata = [("format".to_string(), "pt".to_string())].into();
    std::fs::write(file, safetensors::serialize(views, Some(metadata))?)?;
    Ok(())
}

fn config() -> serde_json::Value {
    json!({
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": MODEL.width,
        "intermediate_size": MODEL.hidden,
        "num_hidden_layers": MODEL.layers,
        "num_attention_heads": MODEL.heads,
        "num_key_value_heads": MODEL.heads,
        "vocab_size": 256,
        "max_position_embeddings": MODEL.context,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10_000.0,
        "tie_word_embeddings": false,
        "hidden_act": "silu",
        "attention_bias": false,
        "mlp_bias": false,
        "torch_dtype": "bfloat16",
    })
}

/// A byte is a token, numbered by its value. The form has a letter for each byte: that of the same number where it can be printed, else
/// one of those after the 255th, in order.
fn tokenizer() -> serde_json::Value {
    let is_printed = |byte: &u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let mut others = 256u32..;
    let mut vocabulary = BTreeMap::new();
    for byte in 0..=255u8 {
        let letter = if is_printed(&byte) { u32::from(byte) } else { others.next().unwrap_or(0) };
        vocabulary.extend(char::from_u32(letter).map(|letter| (letter.to_string(), byte)));
    }
    let bytes = json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false });
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [],
        "normalizer": null,
        "pre_tokenizer": bytes,
        "post_processor": null,
        "decoder": bytes,
        "model": {
            "type": "BPE",
            "dropout": null,
            "unk_token": null,
            "continuing_subword_prefix": null,
            "end_of_word_suffix": null,
            "fuse_unk": false,
            "byte_fallback": false,
            "vocab": vocabulary,
            "merges": [],
        },
    })
}
