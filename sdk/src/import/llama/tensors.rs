// SPDX-License-Identifier: Apache-2.0
//! The files of tensors: one, or several with an index. They are mapped into memory, and one tensor at a time is read.

use crate::{
    import::ImportError,
    models::llama::{Llama, Part, Source},
};
use half::{bf16, f16};
use memmap2::Mmap;
use safetensors::{tensor::Metadata, Dtype, SafeTensors};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// The file of all tensors.
pub const WHOLE: &str = "model.safetensors";
/// The index of several files.
pub const INDEX: &str = "model.safetensors.index.json";
/// Weights above this are none.
const LARGEST_WEIGHT: f32 = (1u32 << 20) as f32;

/// The index of several files.
#[derive(Debug, Deserialize)]
struct Index {
    /// The file of each tensor.
    weight_map: BTreeMap<String, String>,
}

/// A mapped file.
#[derive(Debug)]
struct Shard {
    path: PathBuf,
    bytes: Mmap,
    /// Where the tensors begin.
    start: usize,
    metadata: Metadata,
}

impl Shard {
    fn open(path: PathBuf) -> Result<Self, ImportError> {
        let file = std::fs::File::open(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => {
                ImportError::Missing { file: path.clone(), what: "a file of tensors that the index names" }
            }
            _ => ImportError::File { file: path.clone(), source },
        })?;
        // SAFETY: the map is only read, as bytes of which any are valid. Whoever changes the file meanwhile gets other weights, or is
        // stopped by the system.
        let bytes = unsafe { Mmap::map(&file) }.map_err(|source| ImportError::File { file: path.clone(), source })?;
        let (start, metadata) =
            read_header(&bytes).map_err(|reason| ImportError::Tensors { file: path.clone(), reason })?;
        Ok(Self { path, bytes, start, metadata })
    }
}

/// Where the tensors begin, and which there are: they cover the rest of the file, each byte once.
pub fn read_header(bytes: &[u8]) -> Result<(usize, Metadata), String> {
    check_ends(bytes)?;
    let (header, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
    // The length of the header comes before it.
    Ok((header + 8, metadata))
}

/// Refuses tensors that end beyond the file. The parser adds such ends up, and must not be led to overflow.
fn check_ends(bytes: &[u8]) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Ends {
        data_offsets: Option<(u64, u64)>,
    }
    let len = bytes.first_chunk().map(|len| u64::from_le_bytes(*len)).and_then(|len| usize::try_from(len).ok());
    let header = len.and_then(|len| bytes.get(8..)?.get(..len)).ok_or("its header is cut off")?;
    let ends: BTreeMap<String, Ends> =
        serde_json::from_slice(header).map_err(|error| format!("its header: {error}"))?;
    let most = bytes.len() as u64;
    match ends.iter().find(|(_, ends)| ends.data_offsets.is_some_and(|(from, to)| from > most || to > most)) {
        Some((name, _)) => Err(format!("{name} lies beyond its end")),
        None => Ok(()),
    }
}

/// The files of each tensor by the text of an index.
pub fn read_index(text: &str) -> Result<BTreeMap<String, String>, ImportError> {
    let index: Index = serde_json::from_str(text).map_err(|source| ImportError::Json { file: INDEX.into(), source })?;
    for file in index.weight_map.values() {
        let is_plain = Path::new(file).file_name().is_some_and(|name| name == file.as_str());
        if !is_plain || file.contains(['/', '\\']) {
            return Err(ImportError::ShardName { file: file.clone() });
        }
    }
    Ok(index.weight_map)
}

/// The tensors of a folder.
#[derive(Debug)]
pub struct Tensors {
    model: Llama,
    shards: Vec<Shard>,
    /// The shard of each tensor.
    places: BTreeMap<String, usize>,
}

impl Tensors {
    /// Maps the files of a folder and checks that they hold the tensors of the model, and no others. No weight is read.
    pub fn open(folder: &Path, model: Llama) -> Result<Self, ImportError> {
        let index = folder.join(INDEX);
        let mut tensors = Self { model, shards: Vec::new(), places: BTreeMap::new() };
        if folder.join(WHOLE).exists() {
            let shard = Shard::open(folder.join(WHOLE))?;
            tensors.places = shard.metadata.tensors().into_keys().map(|name| (name, 0)).collect();
            tensors.shards.push(shard);
        } else if index.exists() {
            let text = std::fs::read_to_string(&index).map_err(|source| ImportError::File { file: index, source })?;
            let map = read_index(&text)?;
            let files: BTreeSet<&String> = map.values().collect();
            for file in &files {
                tensors.shards.push(Shard::open(folder.join(file))?);
            }
            let number = |file: &String| files.iter().position(|known| *known == file).unwrap_or(0);
            tensors.places = map.iter().map(|(name, file)| (name.clone(), number(file))).collect();
        } else {
            return Err(ImportError::Missing { file: folder.join(WHOLE), what: "the weights, or their index" });
        }
        tensors.check()?;
        Ok(tensors)
    }

    fn check(&self) -> Result<(), ImportError> {
        let mut known = BTreeSet::new();
        for part in Part::all(&self.model) {
            let name = name_of(part);
            let info = self.info(&name)?;
            let expected: Vec<usize> = shape_of(part, &self.model);
            if info.shape != expected {
                return Err(ImportError::Shape { name, expected, found: info.shape.clone() });
            }
            if !matches!(info.dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16) {
                return Err(ImportError::DType { name, found: format!("{:?}", info.dtype) });
            }
            known.insert(name);
        }
        // Older files hold the angles of positions; a tied head may be stored too.
        let is_ignored =
            |name: &str| name.ends_with(".rotary_emb.inv_freq") || (self.model.tied && name == name_of(Part::Head));
        match self.places.keys().find(|name| !known.contains(*name) && !is_ignored(name)) {
            Some(name) => Err(ImportError::UnknownTensor { name: name.clone() }),
            None => Ok(()),
        }
    }

    fn shard(&self, name: &str) -> Result<&Shard, ImportError> {
        let shard = self.places.get(name).and_then(|place| self.shards.get(*place));
        shard.ok_or_else(|| ImportError::MissingTensor { name: name.to_owned() })
    }

    fn info(&self, name: &str) -> Result<&safetensors::tensor::TensorInfo, ImportError> {
        self.shard(name)?.metadata.info(name).ok_or_else(|| ImportError::MissingTensor { name: name.to_owned() })
    }
}

impl Source for Tensors {
    type Error = ImportError;

    fn tensor(&mut self, part: Part) -> Result<Vec<f32>, ImportError> {
        let name = name_of(part);
        let (shard, info) = (self.shard(&name)?, self.info(&name)?);
        let (from, to) = info.data_offsets;
        let bytes = shard.bytes.get(shard.start..).and_then(|data| data.get(from..to));
        let bytes = bytes.ok_or_else(|| ImportError::Tensors {
            file: shard.path.clone(),
            reason: format!("{name} lies beyond its end"),
        })?;
        let numbers: Vec<f32> = match info.dtype {
            Dtype::F32 => bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            Dtype::F16 => bytes.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect(),
            _ => bytes.as_chunks().0.iter().map(|bytes| bf16::from_le_bytes(*bytes).to_f32()).collect(),
        };
        match numbers.iter().position(|number| number.is_nan() || number.abs() > LARGEST_WEIGHT) {
            Some(index) => Err(ImportError::Weight { name, index, found: numbers[index] }),
            None => Ok(numbers),
        }
    }
}

fn shape_of(part: Part, model: &Llama) -> Vec<usize> {
    let [rows, columns] = part.shape(model).map(|size| size as usize);
    match part.is_vector() {
        true => vec![columns],
        false => vec![rows, columns],
    }
}

/// The name of a tensor in the files.
pub fn name_of(part: Part) -> String {
    let of_layer = |layer: u32, name: &str| format!("model.layers.{layer}.{name}.weight");
    match part {
        Part::Embedding => "model.embed_tokens.weight".into(),
        Part::AttentionNorm(layer) => of_layer(layer, "input_layernorm"),
        Part::Query(layer) => of_layer(layer, "self_attn.q_proj"),
        Part::Key(layer) => of_layer(layer, "self_attn.k_proj"),
        Part::Value(layer) => of_layer(layer, "self_attn.v_proj"),
        Part::Output(layer) => of_layer(layer, "self_attn.o_proj"),
        Part::HiddenNorm(layer) => of_layer(layer, "post_attention_layernorm"),
        Part::Gate(layer) => of_layer(layer, "mlp.gate_proj"),
        Part::Up(layer) => of_layer(layer, "mlp.up_proj"),
        Part::Down(layer) => of_layer(layer, "mlp.down_proj"),
        Part::LastNorm => "model.norm.weight".into(),
        Part::Head => "lm_head.weight".into(),
    }
}
