// SPDX-License-Identifier: Apache-2.0

use super::{
    program::text_bytes,
    quantise::{quantise, Quantised, Scales},
    shadow::{run, Part, Source},
    *,
};
use proptest::prelude::*;
use quern_executor::{
    cpu::{CpuExecutor, Simd},
    gpu::GpuExecutor,
    Executor,
};
use quern_primitives::draw::Draw;
use quern_program::{reference, Checked, Context, Program, Tensor, MAX_CONVICTION_BYTES};
use std::convert::Infallible;

/// A model with uniform random parameters.
pub(crate) struct Random {
    pub model: Llama,
    /// What every parameter of the embedding is multiplied by.
    pub embedding: f32,
}

impl Source for Random {
    type Error = Infallible;

    fn tensor(&mut self, part: Part) -> Result<Vec<f32>, Infallible> {
        let [rows, columns] = part.shape(&self.model);
        let mut draw = Draw::new(quern_primitives::tagged(b"test", &format!("{part:?}")));
        let mut uniform = || draw.below(2_000_001) as f32 / 1_000_000.0 - 1.0;
        let bound = (3.0 / columns as f32).sqrt();
        Ok((0..rows * columns)
            .map(|_| match part {
                Part::Embedding => self.embedding * uniform(),
                part if part.is_vector() => 1.0 + 0.7 * uniform(),
                _ => bound * uniform(),
            })
            .collect())
    }
}

/// Two layers of six heads, three of which share one of keys; no size but that of a head is a power of two.
pub(crate) fn small() -> Llama {
    Llama {
        width: 48,
        layers: 2,
        heads: 6,
        kv_heads: 2,
        head_width: 8,
        hidden: 80,
        vocabulary: 300,
        tied: false,
        norm_eps: 1e-5,
        rope: Rope { theta: 10_000.0, scaling: RopeScaling::None },
    }
}

fn text(model: &Llama, seed: u8, len: usize) -> Vec<u32> {
    let mut draw = Draw::new([seed; 32]);
    (0..len).map(|_| draw.below(model.vocabulary.into()) as u32).collect()
}

struct Ready {
    model: Llama,
    packing: Packing,
    scales: Scales,
    blobs: Quantised,
    /// Logits on `f32` of the text with seed 9.
    logits: Vec<f32>,
}

const POSITIONS: u32 = 24;

fn ready(model: Llama, embedding: f32) -> Ready {
    ready_in(model, embedding, model.packing(POSITIONS).unwrap())
}

fn ready_in(model: Llama, embedding: f32, packing: Packing) -> Ready {
    let mut source = Random { model, embedding };
    let texts: Vec<Vec<u32>> = (0..8).chain([9]).map(|seed| text(&model, seed, POSITIONS as usize)).collect();
    let windows: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
    let (observed, mut logits) = run(&model, &mut source, &windows, 8).unwrap();
    let scales = Scales::new(&observed, &model);
    let blobs = quantise(&model, &mut source, &packing, &scales).unwrap();
    Ready { model, packing, scales, blobs, logits: logits.remove(0) }
}

impl Ready {
    fn inputs(&self, program: &Checked, text: &[u32]) -> Vec<Tensor> {
        let text = text_bytes(text);
        let blobs = self.blobs.weights.iter().chain([&self.blobs.vectors, &text]);
        let inputs: Vec<Tensor> =
            program.program().inputs.iter().zip(blobs).map(|(ty, bytes)| Tensor::new(*ty, bytes.clone())).collect();
        assert_eq!(inputs.len(), program.program().inputs.len());
        assert!(inputs.iter().all(|input| input.bytes.len() as u64 == input.ty.bytes()));
        inputs
    }

    fn exact(&self, text: &[u32]) -> Vec<f64> {
        let program = self.model.scoring(&self.packing, &self.scales, text.len() as u32).unwrap();
        let output = run_cpu(&program, &self.inputs(&program, text));
        output.values().into_iter().map(|logit| f64::from(logit) / 4_096.0).collect()
    }

    /// The root of the mean square of the logits' errors by that of the logits.
    fn error(&self) -> f64 {
        let exact = self.exact(&text(&self.model, 9, POSITIONS as usize));
        assert_eq!(exact.len(), self.logits.len());
        let square = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>();
        let error = square(&mut exact.iter().zip(&self.logits).map(|(exact, real)| exact - f64::from(*real)));
        (error / square(&mut self.logits.iter().map(|x| f64::from(*x)))).sqrt()
    }
}

fn run_cpu(program: &Checked, inputs: &[Tensor]) -> Tensor {
    CpuExecutor::new().run_task(program, &Context::default(), inputs, &mut |_, _| {}).unwrap()
}

#[test]
fn logits_should_be_those_on_f32_when_heads_share_keys() {
    let error = ready(small(), 1.0).error();
    assert!(error < 0.06, "{error}");
}

#[test]
fn logits_should_be_those_on_f32_when_every_head_has_keys_of_its_own() {
    let error = ready(Llama { kv_heads: 6, ..small() }, 1.0).error();
    assert!(error < 0.06, "{error}");
}

#[test]
fn logits_should_be_those_on_f32_when_the_head_is_the_embedding() {
    let model = Llama { tied: true, ..small() };
    let ready = ready(model, 1.0);
    assert_eq!(ready.packing.head, ready.packing.embedding);
    let error = ready.error();
    assert!(error < 0.06, "{error}");
}

#[test]
fn logits_should_be_those_on_f32_when_eps_is_not_small_beside_the_stream() {
    // The mean square of the embedding is a third of the eps.
    let model = Llama { norm_eps: 1e-3, ..small() };
    let mut ready = ready(model, 0.03);
    let error = ready.error();
    assert!(error < 0.09, "{error}");
    // A program without the eps would be further away.
    ready.model.norm_eps = 0.0;
    assert!(ready.error() > 2.0 * error, "{} {error}", ready.error());
}

#[test]
fn logits_should_be_those_on_f32_when_angles_are_stretched() {
    let scaling =
        RopeScaling::Llama3 { factor: 8.0, low_freq_factor: 1.0, high_freq_factor: 4.0, original_positions: 16.0 };
    let stretched = Llama { rope: Rope { theta: 500.0, scaling }, ..small() };
    let [stretched, plain] = [stretched, small()].map(|model| ready(model, 1.0));
    let error = stretched.error();
    assert!(error < 0.06, "{error}");
    assert_ne!(stretched.logits, plain.logits);
}

#[test]
fn angles_should_be_stretched_as_llama_3_has_it() {
    let scaling =
        RopeScaling::Llama3 { factor: 8.0, low_freq_factor: 1.0, high_freq_factor: 4.0, original_positions: 8_192.0 };
    let rope = Rope { theta: 500_000.0, scaling };
    let plain = Rope { scaling: RopeScaling::None, ..rope };
    assert_eq!(rope.frequency(0, 128), 1.0);
    let slowest = plain.frequency(63, 128);
    assert_eq!(rope.frequency(63, 128), slowest / 8.0);
    let linear = Rope { scaling: RopeScaling::Linear { factor: 4.0 }, ..rope };
    assert_eq!(linear.frequency(63, 128), slowest / 4.0);
}

#[test]
fn generated_tokens_should_be_the_likeliest_of_the_scores() {
    let ready = ready(small(), 1.0);
    let generation = LlamaGeneration { prompt: 5, tokens: 9, sampling: None };
    let program = ready.model.generation(&ready.packing, &ready.scales, &generation).unwrap();
    let prompt = text(&ready.model, 9, 5);
    let written: Vec<u32> =
        run_cpu(&program, &ready.inputs(&program, &prompt)).values().into_iter().map(|token| token as u32).collect();
    assert_eq!(written.len(), 9);
    let whole = [prompt, written].concat();
    let scores = ready.exact(&whole);
    for (position, row) in scores.chunks_exact(300).enumerate().take(13).skip(4) {
        let most = row.iter().copied().fold(f64::MIN, f64::max);
        let likeliest = row.iter().position(|logit| *logit == most).unwrap();
        assert_eq!(whole[position + 1] as usize, likeliest);
    }
}

#[test]
fn likeliest_should_be_found_when_the_vocabulary_takes_many_rows() {
    // 5,003 symbols are three rows of 1,668, the last filled up.
    let model = Llama { vocabulary: 5_003, layers: 1, ..small() };
    let ready = ready(model, 1.0);
    let prompt = text(&model, 9, 6);
    let program = model
        .generation(&ready.packing, &ready.scales, &LlamaGeneration { prompt: 6, tokens: 1, sampling: None })
        .unwrap();
    let written = run_cpu(&program, &ready.inputs(&program, &prompt)).values()[0];
    let scores = ready.exact(&prompt);
    let row = scores.chunks_exact(5_003).last().unwrap();
    assert!(row.iter().all(|logit| *logit <= row[written as usize]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn texts_should_be_the_same_when_the_vocabulary_is_in_slabs(
        vocabulary in 80u32..300,
        rows_of_a_blob in 33u64..80,
        tied: bool,
        seed: u8,
    ) {
        // No matrix of a layer has more than 32 rows of the stream's width.
        let model = Llama { heads: 2, kv_heads: 1, hidden: 16, layers: 1, vocabulary, tied, ..small() };
        let whole = ready(model, 1.0);
        let packing = match model.packing_in(POSITIONS, rows_of_a_blob * 48) {
            Err(ModelError::WeightsTooLarge { .. }) => return Err(TestCaseError::reject("more than 14 blobs")),
            packing => packing.unwrap(),
        };
        prop_assert!(packing.embedding.len() > 1 && packing.head.len() > 1);
        let slabs = ready_in(model, 1.0, packing);
        prop_assert_eq!(slabs.blobs.weights.concat(), whole.blobs.weights.concat());
        prop_assert_eq!(&slabs.blobs.vectors, &whole.blobs.vectors);
        // The last symbols too, which the last slab holds.
        let mut prompt = text(&model, seed, 5);
        prompt[4] = vocabulary - 1;
        prop_assert_eq!(slabs.exact(&prompt), whole.exact(&prompt));
        let generation = LlamaGeneration { prompt: 5, tokens: 4, sampling: None };
        let written = [slabs, whole].map(|ready| {
            let program = model.generation(&ready.packing, &ready.scales, &generation).unwrap();
            run_cpu(&program, &ready.inputs(&program, &prompt)).values()
        });
        prop_assert_eq!(&written[0], &written[1]);
    }
}

#[test]
fn generation_should_be_the_same_on_every_executor_when_the_vocabulary_is_in_slabs() {
    // Nine slabs are more than one operator puts together.
    let model = Llama { heads: 2, kv_heads: 1, hidden: 16, layers: 1, tied: true, ..small() };
    let packing = model.packing_in(POSITIONS, 36 * 48).unwrap();
    assert_eq!(packing.head.len(), 9);
    same_on_every_executor(&ready_in(model, 1.0, packing));
}

#[test]
fn embedding_should_be_in_slabs_when_it_is_larger_than_a_blob() {
    // That of Llama 3, at width 2,048: 128,256 rows of which 32,768 fit a blob.
    let model = Llama { width: 2_048, vocabulary: 128_256, heads: 32, head_width: 64, layers: 8, ..stories() };
    let packing = model.packing(256).unwrap();
    let rows: Vec<u32> = packing.embedding.iter().map(|slab| slab.rows).collect();
    assert_eq!(rows, [32_768, 32_768, 32_768, 29_952]);
    let generation = LlamaGeneration { prompt: 32, tokens: 200, sampling: None };
    let program = model.generation(&packing, &scales_of(&model), &generation).unwrap();
    assert!(u64::from(program.summary().conviction_bytes) <= MAX_CONVICTION_BYTES);
}

#[test]
fn generation_should_be_the_same_on_every_executor() {
    same_on_every_executor(&ready(small(), 1.0));
}

fn same_on_every_executor(ready: &Ready) {
    let generation = LlamaGeneration { prompt: 3, tokens: 4, sampling: None };
    let program = ready.model.generation(&ready.packing, &ready.scales, &generation).unwrap();
    let inputs = ready.inputs(&program, &text(&ready.model, 9, 3));
    let expected = reference::run(&program, &Context::default(), &inputs);
    let mut executors: Vec<Box<dyn Executor>> = vec![Box::new(GpuExecutor::new().unwrap())];
    executors.extend(Simd::available().into_iter().map(|simd| Box::new(CpuExecutor::with_simd(simd)) as Box<_>));
    for executor in executors {
        let found = executor.run_task(&program, &Context::default(), &inputs, &mut |_, _| {}).unwrap();
        assert!(found == expected, "{}", executor.name());
    }
}

/// The shape of a published model of 42 million parameters: eight layers, width 512, 32,000 symbols.
fn stories() -> Llama {
    Llama {
        width: 512,
        layers: 8,
        heads: 8,
        kv_heads: 8,
        head_width: 64,
        hidden: 1_376,
        vocabulary: 32_000,
        tied: true,
        ..small()
    }
}

fn scales_of(model: &Llama) -> Scales {
    let layer = shadow::ObservedLayer { qkv: 4.0, heads: vec![3.0; model.all_heads() as usize], gate: 5.0, up: 4.0 };
    Scales::new(&Observed { residual: 20.0, layers: vec![layer; model.layers as usize] }, model)
}

#[test]
fn programs_should_be_publishable_when_they_have_many_layers_and_32_000_symbols() {
    let model = stories();
    let packing = model.packing(256).unwrap();
    let generation = LlamaGeneration { prompt: 32, tokens: 200, sampling: None };
    let program = model.generation(&packing, &scales_of(&model), &generation).unwrap();
    let bytes = codec::Encode::encode(program.program());
    assert_eq!(Program::decode_checked(&bytes).unwrap().id(), program.id());
    assert!(u64::from(program.summary().conviction_bytes) <= MAX_CONVICTION_BYTES);
    let deepest = |sampling| {
        let fits = |layers: &u32| {
            let (model, generation) = (Llama { layers: *layers, ..model }, LlamaGeneration { sampling, ..generation });
            model.generation(&model.packing(256).unwrap(), &scales_of(&model), &generation).is_ok()
        };
        (1..60).take_while(fits).last()
    };
    assert_eq!(deepest(None), Some(33));
    assert_eq!(deepest(Some(Sampling { inverse_temperature: INVERSE_TEMPERATURE_ONE, top_k: 40 })), Some(31));
    assert_eq!(packing.weights_bytes.iter().sum::<u32>(), 41_680_896);
    assert_eq!(model.parameters(), 41_680_896 + 17 * 512);
}

#[test]
fn generation_should_be_the_same_when_a_step_has_a_long_trace() {
    let ready = ready(Llama { layers: 24, ..small() }, 1.0);
    let generation = LlamaGeneration { prompt: 2, tokens: 2, sampling: None };
    let program = ready.model.generation(&ready.packing, &ready.scales, &generation).unwrap();
    assert!(
        !quern_protocol::dispute::Trace::is_whole(program.program().body.len()),
        "{}",
        program.program().body.len()
    );
    let inputs = ready.inputs(&program, &text(&ready.model, 9, 2));
    let expected = reference::run(&program, &Context::default(), &inputs);
    assert!(run_cpu(&program, &inputs) == expected);
    let scores = ready.exact(&text(&ready.model, 9, 2));
    let row = scores.chunks_exact(ready.model.vocabulary as usize).last().unwrap();
    assert!(row.iter().all(|logit| *logit <= row[expected.values()[0] as usize]));
}

#[test]
fn programs_should_be_refused_by_name_when_the_model_is_over_a_limit() {
    let deep = Llama { layers: 60, ..stories() };
    let packing = deep.packing(64).unwrap();
    let generation = LlamaGeneration { prompt: 4, tokens: 4, sampling: None };
    let error = deep.generation(&packing, &scales_of(&deep), &generation).unwrap_err();
    assert_eq!(error, ModelError::TooDeep { layers: 60 });
    let wide = Llama { width: 4_096, hidden: 11_008, heads: 64, kv_heads: 64, ..stories() };
    assert!(matches!(wide.packing(64), Err(ModelError::TensorTooLarge { rows: 22_016, columns: 4_096, .. })));
    let huge = Llama { width: 4_096, heads: 32, hidden: 8_000, vocabulary: 16_000, head_width: 128, ..stories() };
    assert!(matches!(huge.packing(64), Err(ModelError::WeightsTooLarge { .. })));
    let model = small();
    let packing = model.packing(8).unwrap();
    let refused = |generation| model.generation(&packing, &scales_of(&model), &generation).unwrap_err();
    assert_eq!(
        refused(LlamaGeneration { prompt: 4, tokens: 5, sampling: None }),
        ModelError::Positions { found: 9, most: 8 }
    );
    assert_eq!(refused(LlamaGeneration { prompt: 0, tokens: 5, sampling: None }), ModelError::Generated);
    assert_eq!(refused(LlamaGeneration { prompt: 4, tokens: 0, sampling: None }), ModelError::Generated);
    let scales = scales_of(&Llama { layers: 1, ..model });
    let generation = LlamaGeneration { prompt: 4, tokens: 4, sampling: None };
    assert_eq!(model.generation(&packing, &scales, &generation).unwrap_err(), ModelError::Scales);
}

#[test]
fn network_should_be_refused_when_its_sizes_do_not_fit() {
    let refused = |model: Llama| model.check().unwrap_err();
    for model in [
        Llama { width: 0, ..small() },
        Llama { width: 4_097, ..small() },
        Llama { layers: 0, ..small() },
        Llama { kv_heads: 0, ..small() },
        Llama { hidden: 11_009, ..small() },
        Llama { vocabulary: 1, ..small() },
        Llama { heads: u32::MAX, ..small() },
    ] {
        assert_eq!(refused(model), ModelError::Units, "{model:?}");
    }
    assert_eq!(refused(Llama { kv_heads: 4, ..small() }), ModelError::Heads);
    assert_eq!(refused(Llama { head_width: 7, ..small() }), ModelError::Heads);
    assert_eq!(refused(Llama { norm_eps: f64::NAN, ..small() }), ModelError::Constants);
    assert_eq!(refused(Llama { norm_eps: -1.0, ..small() }), ModelError::Constants);
    let rope = Rope { theta: 0.5, scaling: RopeScaling::None };
    assert_eq!(refused(Llama { rope, ..small() }), ModelError::Constants);
}
