// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::models::{
    llama::{
        tests::{small, Random},
        Part, Rope, RopeScaling, Source,
    },
    local, ModelError, Terms, Text,
};
use half::{bf16, f16};
use proptest::prelude::*;
use quern_executor::{cpu::CpuExecutor, Executor, ExecutorError};
use safetensors::{tensor::TensorView, Dtype};
use serde_json::{json, Value};
use tokenizers::{
    models::{bpe::BpeTrainer, bpe::BPE, TrainerWrapper},
    pre_tokenizers::byte_level::ByteLevel,
    AddedToken, Tokenizer,
};

/// Grouped-query attention, a tied head, 300 symbols, 16 positions.
fn model() -> Llama {
    Llama { tied: true, ..small() }
}

fn config(model: &Llama) -> Value {
    json!({
        "model_type": "llama",
        "hidden_size": model.width,
        "intermediate_size": model.hidden,
        "num_hidden_layers": model.layers,
        "num_attention_heads": model.heads,
        "num_key_value_heads": model.kv_heads,
        "head_dim": model.head_width,
        "vocab_size": model.vocabulary,
        "max_position_embeddings": 16,
        "rms_norm_eps": model.norm_eps,
        "rope_theta": model.rope.theta,
        "tie_word_embeddings": model.tied,
        "hidden_act": "silu",
    })
}

/// A tokenizer of so many symbols, learned from the text, that puts a symbol of its own before each text.
fn tokenizer(symbols: u32) -> Value {
    let mut tokenizer = Tokenizer::new(BPE::default());
    tokenizer.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
    tokenizer.with_decoder(Some(ByteLevel::default()));
    let trainer = BpeTrainer::builder()
        .vocab_size(symbols as usize)
        .show_progress(false)
        .special_tokens(vec![AddedToken::from("<s>", true)])
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build();
    let text = String::from_utf8_lossy(&Text::embedded().train[..20_000]).into_owned();
    tokenizer.train(&mut TrainerWrapper::from(trainer), text.lines()).unwrap();
    let mut value: Value = serde_json::from_str(&tokenizer.to_string(false).unwrap()).unwrap();
    let start = json!({ "SpecialToken": { "id": "<s>", "type_id": 0 } });
    let text = json!({ "Sequence": { "id": "A", "type_id": 0 } });
    value["post_processor"] = json!({
        "type": "TemplateProcessing",
        "single": [start, text],
        "pair": [start, text],
        "special_tokens": { "<s>": { "id": "<s>", "ids": [0], "tokens": ["<s>"] } },
    });
    value
}

type Named = (String, Vec<usize>, Vec<f32>);

fn weights(model: Llama) -> Vec<Named> {
    let mut source = Random { model, embedding: 1.0 };
    let named = |part: Part| {
        let shape = part.shape(&model).map(|size| size as usize);
        let shape = if part.is_vector() { vec![shape[1]] } else { shape.to_vec() };
        (name_of(part), shape, source.tensor(part).unwrap())
    };
    Part::all(&model).into_iter().map(named).collect()
}

fn bytes_of(numbers: &[f32], dtype: Dtype) -> Vec<u8> {
    let numbers = numbers.iter();
    match dtype {
        Dtype::F16 => numbers.flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect(),
        Dtype::BF16 => numbers.flat_map(|x| bf16::from_f32(*x).to_le_bytes()).collect(),
        _ => numbers.flat_map(|x| x.to_le_bytes()).collect(),
    }
}

fn safetensors_of(tensors: &[Named], dtype: Dtype) -> Vec<u8> {
    let data: Vec<Vec<u8>> = tensors.iter().map(|(.., numbers)| bytes_of(numbers, dtype)).collect();
    let views = tensors
        .iter()
        .zip(&data)
        .map(|((name, shape, _), data)| (name.as_str(), TensorView::new(dtype, shape.clone(), data).unwrap()));
    safetensors::serialize(views, None).unwrap()
}

/// A folder with a model.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("config.json", config(&model()).to_string().as_bytes());
        folder.write("tokenizer.json", tokenizer(model().vocabulary).to_string().as_bytes());
        folder.write(WHOLE, &safetensors_of(&weights(model()), Dtype::F32));
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        std::fs::write(self.path().join(file), bytes).unwrap();
    }

    /// The weights in two files with an index.
    fn shard(&self) {
        std::fs::remove_file(self.path().join(WHOLE)).unwrap();
        let tensors = weights(model());
        let mut map = serde_json::Map::new();
        for (file, part) in ["a.safetensors", "b.safetensors"].into_iter().zip(tensors.chunks(10)) {
            self.write(file, &safetensors_of(part, Dtype::F32));
            map.extend(part.iter().map(|(name, ..)| (name.clone(), file.into())));
        }
        self.write(INDEX, json!({ "metadata": {}, "weight_map": map }).to_string().as_bytes());
    }

    fn import(&self) -> Result<Imported, ImportError> {
        self.import_with(&text(), &Options::default())
    }

    fn import_with(&self, text: &str, options: &Options) -> Result<Imported, ImportError> {
        LlamaFolder::open(self.path())?.import(text, options, run_cpu)
    }

    fn refused(&self) -> ImportError {
        self.import().unwrap_err()
    }
}

fn run_cpu(program: &Checked, context: &Context, inputs: &[Tensor]) -> Result<Tensor, ExecutorError> {
    CpuExecutor::new().run_task(program, context, inputs, &mut |_, _| {})
}

fn text() -> String {
    String::from_utf8_lossy(&Text::embedded().validation[..4_000]).into_owned()
}

#[test]
fn folder_should_be_imported_and_write_its_likeliest_tokens() {
    let imported = Folder::new().import().unwrap();
    let fidelity = *imported.fidelity();
    assert_eq!(fidelity.predictions, 16 * 15);
    assert!(fidelity.top1_agreement > 0.85, "{fidelity:?}");
    assert!(fidelity.rms_logit_error < 0.06 * fidelity.rms_logit, "{fidelity:?}");
    let perplexities = fidelity.perplexity_exact.unwrap() / fidelity.perplexity_f32.unwrap();
    assert!((perplexities - 1.0).abs() < 0.03, "{fidelity:?}");

    let parent = tempfile::tempdir().unwrap();
    let out = parent.path().join("model");
    let report = imported.write(&out).unwrap();
    assert_eq!(report.files.len(), 5);
    assert!(report.files.iter().all(|file| file.is_file()));
    let exact = ExactLlama::open(&out).unwrap();
    let job = exact.job("The Rays", 6, None, &Terms::default()).unwrap();
    let output = local::run(&job, [0; 32], run_cpu).unwrap().remove(0).remove(0);
    assert_eq!(output.values().len(), 6);
    assert!(output.values().iter().all(|token| (0..300).contains(token)));
    let written: Vec<u32> = output.values().into_iter().map(|token| token as u32).collect();
    assert_eq!(exact.text(&output.bytes).unwrap(), exact.tokens().decode(&written).unwrap());
    // The prompt has its symbol before it.
    let tokens = exact.tokens().encode("The Rays").unwrap();
    assert_eq!((tokens[0], job.blobs.last().unwrap()), (0, &text_bytes(&tokens)));
    assert_eq!(exact.tokens().decode(&tokens).unwrap(), "The Rays");
}

#[test]
fn shards_should_be_the_same_model_as_one_file() {
    let folder = Folder::new();
    let whole = folder.import().unwrap();
    folder.shard();
    let sharded = folder.import().unwrap();
    assert_eq!((whole.blobs, whole.manifest), (sharded.blobs, sharded.manifest));
}

#[test]
fn tensors_should_be_read_as_stored_when_they_are_halves() {
    let folder = Folder::new();
    let expected = weights(model()).remove(0).2;
    for (dtype, error) in [(Dtype::F32, 0.0), (Dtype::F16, 0.001), (Dtype::BF16, 0.005)] {
        folder.write(WHOLE, &safetensors_of(&weights(model()), dtype));
        let found = Tensors::open(folder.path(), model()).unwrap().tensor(Part::Embedding).unwrap();
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() <= error), "{dtype:?}");
        assert_eq!(bytes_of(&found, dtype), bytes_of(&expected, dtype));
    }
}

#[test]
fn configuration_should_have_defaults_when_fields_are_missing() {
    let text = r#"{"model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 1,
        "num_attention_heads": 4, "vocab_size": 100, "some_other": [1]}"#;
    let Config { model, positions } = Config::parse(text).unwrap();
    assert_eq!((model.kv_heads, model.head_width, model.tied, positions), (4, 16, false, 2_048));
    assert_eq!((model.norm_eps, model.rope), (1e-6, Rope { theta: 10_000.0, scaling: RopeScaling::None }));
}

#[test]
fn configuration_should_be_read_in_its_old_and_new_forms() {
    let with = |field: &str, value: Value| {
        let mut config = config(&model());
        config[field] = value;
        Config::parse(&config.to_string()).unwrap()
    };
    let new = with("rope_parameters", json!({ "rope_type": "default", "rope_theta": 5e5 }));
    assert_eq!(new.model.rope, Rope { theta: 5e5, scaling: RopeScaling::None });
    let linear = with("rope_scaling", json!({ "type": "linear", "factor": 2.0 }));
    assert_eq!(linear.model.rope.scaling, RopeScaling::Linear { factor: 2.0 });
    let llama3 = json!({ "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192 });
    let RopeScaling::Llama3 { original_positions, .. } = with("rope_scaling", llama3).model.rope.scaling else {
        panic!("llama3")
    };
    assert_eq!(original_positions, 8_192.0);
    assert_eq!(with("sliding_window", json!(8)).positions, 8);
    assert_eq!(with("sliding_window", json!(null)).positions, 16);
    assert_eq!(with("model_type", json!("mistral")).model, model());
}

#[test]
fn configuration_should_be_refused_by_field_when_it_is_of_another_network() {
    for (field, value) in [
        ("model_type", json!("qwen2")),
        ("hidden_act", json!("gelu")),
        ("attention_bias", json!(true)),
        ("mlp_bias", json!(true)),
        ("rope_scaling", json!({ "rope_type": "yarn", "factor": 2.0 })),
        ("rope_scaling", json!({ "rope_type": "linear", "factor": 0.0 })),
        (
            "rope_scaling",
            json!({ "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 8192 }),
        ),
    ] {
        let mut config = config(&model());
        config[field] = value;
        let error = Config::parse(&config.to_string()).unwrap_err();
        assert!(matches!(error, ImportError::Unsupported { field: found, .. } if found == field), "{error}");
    }
    for (field, value) in [("hidden_size", json!(0)), ("vocab_size", json!(4_000_000_000u32)), ("head_dim", json!(3))] {
        let mut config = config(&model());
        config[field] = value;
        assert!(matches!(Config::parse(&config.to_string()), Err(ImportError::Model(_))), "{field}");
    }
    for text in ["", "[]", r#"{"model_type": "llama"}"#, &config(&model()).to_string().replace("48", "-48")] {
        assert!(matches!(Config::parse(text), Err(ImportError::Json { .. })), "{text}");
    }
}

#[test]
fn folder_should_be_refused_when_a_file_is_missing() {
    for file in ["config.json", "tokenizer.json", WHOLE] {
        let folder = Folder::new();
        std::fs::remove_file(folder.path().join(file)).unwrap();
        let error = folder.refused();
        assert!(matches!(&error, ImportError::Missing { file: found, .. } if found.ends_with(file)), "{error}");
    }
    let folder = Folder::new();
    folder.shard();
    std::fs::remove_file(folder.path().join("b.safetensors")).unwrap();
    let error = folder.refused();
    assert!(matches!(&error, ImportError::Missing { file, .. } if file.ends_with("b.safetensors")), "{error}");
}

#[test]
fn fault_of_the_configuration_should_name_the_file_of_the_folder_and_speak_no_code() {
    let folder = Folder::new();
    let file = folder.path().join("config.json");
    let refused = |text: &str| {
        folder.write("config.json", text.as_bytes());
        let error = folder.refused().to_string();
        assert!(error.starts_with(&file.display().to_string()), "{error}");
        error
    };
    let mut scaled = config(&model());
    scaled["rope_scaling"] = json!({ "rope_type": "yarn", "factor": 2.5 });
    let error = refused(&scaled.to_string());
    assert!(error.contains(": rope_scaling is yarn, factor 2.5; what can be imported has default, linear"), "{error}");
    let mut empty = config(&model());
    empty["hidden_size"] = json!(0);
    refused(&empty.to_string());
    assert!(refused("[]").contains("cannot be understood"));
}

#[test]
fn folder_should_be_refused_when_the_index_leads_elsewhere() {
    let folder = Folder::new();
    std::fs::remove_file(folder.path().join(WHOLE)).unwrap();
    for file in ["../a.safetensors", "/a", "..", "", "a\\b"] {
        folder.write(INDEX, json!({ "weight_map": { "x": file } }).to_string().as_bytes());
        assert!(matches!(folder.refused(), ImportError::ShardName { .. }), "{file}");
    }
    folder.write(INDEX, b"{}");
    assert!(matches!(folder.refused(), ImportError::Json { .. }));
}

#[test]
fn folder_should_be_refused_when_tensors_are_damaged() {
    let folder = Folder::new();
    let whole = std::fs::read(folder.path().join(WHOLE)).unwrap();
    let longer = [whole.clone(), vec![0]].concat();
    for bytes in [&whole[..whole.len() - 1], &whole[..100], &whole[..4], &[], &longer] {
        folder.write(WHOLE, bytes);
        let error = folder.refused();
        assert!(matches!(error, ImportError::Tensors { .. } | ImportError::File { .. }), "{error}");
    }
    let header =
        |json: &str, data: usize| [&(json.len() as u64).to_le_bytes()[..], json.as_bytes(), &vec![0; data]].concat();
    for (json, data) in [
        // Two tensors of the same bytes.
        (
            r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
            12,
        ),
        // A hole.
        (r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8),
        // Sizes that overflow.
        (r#"{"a":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807],"data_offsets":[0,8]}}"#, 8),
        (r#"{"a":{"dtype":"I8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615]}}"#, 8),
        // Another shape than its bytes.
        (r#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8),
    ] {
        folder.write(WHOLE, &header(json, data));
        assert!(matches!(folder.refused(), ImportError::Tensors { .. }), "{json}");
    }
}

#[test]
fn folder_should_be_refused_when_tensors_are_not_those_of_the_configuration() {
    let folder = Folder::new();
    let refused = |change: &dyn Fn(&mut Vec<Named>)| {
        let mut tensors = weights(model());
        change(&mut tensors);
        folder.write(WHOLE, &safetensors_of(&tensors, Dtype::F32));
        folder.refused()
    };
    let error = refused(&|tensors| drop(tensors.pop()));
    assert!(matches!(&error, ImportError::MissingTensor { name } if name == "model.norm.weight"), "{error}");
    let error = refused(&|tensors| tensors.push(("model.layers.0.self_attn.q_proj.bias".into(), vec![1], vec![0.0])));
    assert!(matches!(error, ImportError::UnknownTensor { .. }), "{error}");
    let error = refused(&|tensors| tensors[0].1.reverse());
    assert!(matches!(error, ImportError::Shape { .. }), "{error}");
    for weight in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e9] {
        let error = refused(&|tensors| tensors[5].2[7] = weight);
        assert!(matches!(error, ImportError::Weight { index: 7, .. }), "{error}");
    }
    // What a tied model stores twice, and what older files hold, is nothing wrong.
    let mut tensors = weights(model());
    tensors.push(("lm_head.weight".into(), vec![1], vec![0.0]));
    tensors.push(("model.layers.0.self_attn.rotary_emb.inv_freq".into(), vec![1], vec![0.0]));
    folder.write(WHOLE, &safetensors_of(&tensors, Dtype::F32));
    assert!(LlamaFolder::open(folder.path()).is_ok());
    let one = TensorView::new(Dtype::I32, vec![300, 48], &[0; 300 * 48 * 4]);
    let mut views: Vec<(String, TensorView<'_>)> = vec![("model.embed_tokens.weight".into(), one.unwrap())];
    let data: Vec<Vec<u8>> = tensors.iter().map(|(.., numbers)| bytes_of(numbers, Dtype::F32)).collect();
    for ((name, shape, _), data) in tensors.iter().zip(&data).skip(1) {
        views.push((name.clone(), TensorView::new(Dtype::F32, shape.clone(), data).unwrap()));
    }
    folder.write(WHOLE, &safetensors::serialize(views, None).unwrap());
    assert!(matches!(folder.refused(), ImportError::DType { .. }));
}

#[test]
fn folder_should_be_refused_when_the_tokenizer_is_of_another_model() {
    let folder = Folder::new();
    folder.write("tokenizer.json", tokenizer(400).to_string().as_bytes());
    let error = folder.refused();
    assert!(matches!(error, ImportError::Vocabulary { highest: 399, vocabulary: 300, .. }), "{error}");
    assert!(matches!(
        Tokens::new(tokenizer(300).to_string().into_bytes(), 20_000),
        Err(ImportError::Vocabulary { .. })
    ));
    for bytes in [&b""[..], b"{}", b"[1"] {
        folder.write("tokenizer.json", bytes);
        assert!(matches!(folder.refused(), ImportError::Tokenizer(_)));
    }
}

#[test]
fn prompt_should_be_refused_when_a_symbol_of_it_has_no_token() {
    let words = |unknown: Value| {
        let vocab = json!({ "[UNK]": 0, "the": 1, "Rays": 2, "of": 3 });
        let model = json!({ "type": "WordLevel", "vocab": vocab, "unk_token": unknown });
        let file = json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
            "pre_tokenizer": { "type": "WhitespaceSplit" }, "post_processor": null, "decoder": null, "model": model,
        });
        Tokens::new(file.to_string().into_bytes(), 8).unwrap()
    };
    let tokens = words("[UNK]".into());
    assert_eq!(tokens.encode_prompt("the Rays  of").unwrap(), [1, 2, 3]);
    let error = tokens.encode_prompt("the Rays of Light").unwrap_err().to_string();
    assert!(error.contains("no symbol for 'L'"), "{error}");
    // Where nothing stands for what is unknown, some tokenizers leave it out without a word.
    let bytes = tokenizer(300);
    let mut few = bytes.clone();
    few["model"]["vocab"].as_object_mut().unwrap().remove("Z");
    few["model"]["merges"] = json!([]);
    let few = Tokens::new(few.to_string().into_bytes(), 300).unwrap();
    assert!(few.encode_prompt("Zero").unwrap_err().to_string().contains("no symbol for 'Z'"));
    assert_eq!(few.encode_prompt("ero").unwrap(), few.encode("ero").unwrap());
    let all = Tokens::new(bytes.to_string().into_bytes(), 300).unwrap();
    assert_eq!(all.encode_prompt("Zero \u{2603}").unwrap(), all.encode("Zero \u{2603}").unwrap());
}

#[test]
fn import_should_be_refused_when_there_are_too_few_samples() {
    let error = Folder::new().import_with("Too short.", &Options::default()).unwrap_err();
    assert!(matches!(error, ImportError::TooFewSamples { needed: 128, .. }), "{error}");
    let options = Options { positions: 3, ..Options::default() };
    let error = Folder::new().import_with(&text(), &options).unwrap_err();
    assert!(matches!(error, ImportError::TooFewSamples { .. }), "{error}");
}

#[test]
fn import_should_be_refused_when_no_worker_has_the_memory() {
    let options = Options { max_memory_mib: 63, ..Options::default() };
    let error = Folder::new().import_with(&text(), &options).unwrap_err();
    assert!(matches!(error, ImportError::Memory { needed_mib: 64, most_mib: 63 }), "{error}");
}

#[test]
fn import_should_be_refused_when_the_model_has_too_many_layers() {
    let folder = Folder::new();
    let model = Llama { layers: 60, ..model() };
    folder.write("config.json", config(&model).to_string().as_bytes());
    folder.write(WHOLE, &safetensors_of(&weights(model), Dtype::F32));
    let error = folder.refused();
    assert!(matches!(error, ImportError::Model(ModelError::TooDeep { layers: 60 })), "{error}");
}

#[test]
fn imported_model_should_be_refused_when_it_was_changed() {
    let parent = tempfile::tempdir().unwrap();
    let out = parent.path().join("model");
    let imported = Folder::new().import().unwrap();
    imported.write(&out).unwrap();
    let manifest = std::fs::read_to_string(out.join("model.json")).unwrap();
    std::fs::write(out.join("model.json"), manifest.replace("\"format\": 2", "\"format\": 1")).unwrap();
    assert!(matches!(ExactLlama::open(&out), Err(ImportError::Format { .. })));
    std::fs::write(out.join("model.json"), &manifest).unwrap();
    assert!(ExactLlama::open(&out).is_ok());
    let file = out.join("weights-0.bin");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[3] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let error = ExactLlama::open(&out).unwrap_err();
    assert!(matches!(error, ImportError::Changed { file } if file.ends_with("weights-0.bin")));
    std::fs::remove_file(&file).unwrap();
    assert!(matches!(ExactLlama::open(&out), Err(ImportError::Missing { .. })));
    let model = json!({ "family": "llama", "format": 2 });
    std::fs::write(out.join("model.json"), model.to_string()).unwrap();
    assert!(matches!(ExactLlama::open(&out), Err(ImportError::Json { .. })));
}

#[test]
fn nothing_should_be_overwritten_when_the_folder_exists() {
    let out = tempfile::tempdir().unwrap();
    std::fs::write(out.path().join("mine"), b"kept").unwrap();
    assert!(matches!(Folder::new().import().unwrap().write(out.path()), Err(ImportError::File { .. })));
    assert_eq!(std::fs::read(out.path().join("mine")).unwrap(), b"kept");
}

proptest! {
    #[test]
    fn header_should_be_refused_or_cover_the_file_whatever_the_bytes_are(
        at in 0usize..200, byte in any::<u8>(), cut in 0usize..400, random in prop::collection::vec(any::<u8>(), 0..64)
    ) {
        let _ = read_header(&random);
        let valid = safetensors_of(&weights(model())[1..2], Dtype::F32);
        let mut bytes = valid.clone();
        bytes[at.min(valid.len() - 1)] = byte;
        bytes.truncate(valid.len().saturating_sub(cut));
        if let Ok((start, metadata)) = read_header(&bytes) {
            prop_assert_eq!(start + metadata.data_len(), bytes.len());
        }
    }

    #[test]
    fn index_should_name_only_files_beside_it_whatever_it_says(name in "[a./\\\\]{0,6}", text in ".{0,40}") {
        let _ = read_index(&text);
        if let Ok(files) = read_index(&json!({ "weight_map": { "x": name } }).to_string()) {
            let file = &files["x"];
            prop_assert!(Path::new("folder").join(file).parent() == Some(Path::new("folder")) && file != "..");
        }
    }

    #[test]
    fn configuration_should_be_refused_or_be_a_network_whatever_its_numbers_are(
        field in 0usize..8, value in prop_oneof![any::<i64>().prop_map(|x| json!(x)), any::<f64>().prop_map(|x| json!(x)),
            Just(json!(null)), Just(json!("x")), Just(json!([])), (0u32..5_000).prop_map(|x| json!(x))]
    ) {
        let fields = ["hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
            "num_key_value_heads", "head_dim", "vocab_size", "rms_norm_eps"];
        let mut config = config(&model());
        config[fields[field]] = value;
        if let Ok(config) = Config::parse(&config.to_string()) {
            prop_assert!(config.model.check().is_ok());
            // Whether it fits the inputs is another matter; to ask never fails otherwise.
            let _ = config.model.packing(config.positions);
        }
    }
}
