// SPDX-License-Identifier: Apache-2.0
//! Where each tensor of a model lies in its blobs.

use super::Llama;
use crate::models::ModelError;
use quern_program::{MAX_INPUTS, MAX_TENSOR_BYTES};

/// Inputs beside the weights: the vectors, and the text.
const OTHER_INPUTS: usize = 2;

/// A matrix in a blob of weights, or a vector in that of vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The blob of weights, counted from 0; 0 for vectors.
    pub blob: usize,
    /// The first number.
    pub start: u32,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
}

impl Place {
    /// Number of numbers.
    pub fn len(&self) -> u32 {
        self.rows.saturating_mul(self.columns)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The tensors of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LayerPlaces {
    /// `i8 [query_width + 2 key_width, width]`, `[width, query_width]`, `[2 hidden, width]`, `[width, hidden]`.
    pub weights: [Place; 4],
    /// The shifts of the products' rows.
    pub shifts: [Place; 4],
    /// Gains of the norms before attention and before gate and up.
    pub gains: [Place; 2],
    /// Shifts of the heads of queries, keys and values, `[all heads, 1]`.
    pub heads: Place,
    /// Shifts of the heads' scores, `[heads, 1]`.
    pub scores: Place,
}

/// Where each tensor lies. The order is that of the fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packing {
    /// The embedding, `i8 [vocabulary, width]`: in slabs of the vocabulary where it is larger than a blob.
    pub embedding: Vec<Place>,
    pub(crate) layers: Vec<LayerPlaces>,
    /// The head, as the embedding; the same places where it is tied.
    pub head: Vec<Place>,
    pub(crate) embedding_shifts: Place,
    pub(crate) head_shifts: Place,
    pub(crate) last_gains: Place,
    /// Cosines and sines, `[positions, head_width]` each.
    pub(crate) rotations: [Place; 2],
    /// Bytes of each blob of weights.
    pub weights_bytes: Vec<u32>,
    /// Numbers of the blob of vectors.
    pub vectors: u32,
    /// Of these, those of the layers: the first ones.
    pub(crate) layer_vectors: u32,
}

struct Packer {
    /// Most bytes of a blob.
    most: u64,
    weights: Vec<u32>,
    vectors: u32,
}

impl Packer {
    fn matrix(&mut self, rows: u32, columns: u32) -> Result<Place, ModelError> {
        let bytes = u64::from(rows) * u64::from(columns);
        if bytes > self.most {
            return Err(ModelError::TensorTooLarge { rows, columns, most: self.most });
        }
        let fits = self.weights.last().is_some_and(|used| u64::from(*used) + bytes <= self.most);
        if !fits {
            self.weights.push(0);
        }
        let blob = self.weights.len() - 1;
        let used = &mut self.weights[blob];
        let place = Place { blob, start: *used, rows, columns };
        *used += bytes as u32;
        Ok(place)
    }

    /// A matrix whose rows may lie in several blobs: as many in each as there is room for, where it is larger than a blob.
    fn slabs(&mut self, rows: u32, columns: u32) -> Result<Vec<Place>, ModelError> {
        if u64::from(rows) * u64::from(columns) <= self.most {
            return Ok(vec![self.matrix(rows, columns)?]);
        }
        let (mut places, mut left) = (Vec::new(), rows);
        while left > 0 {
            let room = self.most.saturating_sub(self.weights.last().copied().unwrap_or(0).into());
            // Where not a row fits any more, the next blob holds some. A row that no blob holds is refused.
            let bytes = if room < u64::from(columns) { self.most } else { room };
            let rows = u32::try_from(bytes / u64::from(columns)).unwrap_or(u32::MAX).max(1);
            places.push(self.matrix(rows.min(left), columns)?);
            left = left.saturating_sub(rows);
        }
        Ok(places)
    }

    fn vector(&mut self, rows: u32, columns: u32) -> Result<Place, ModelError> {
        let place = Place { blob: 0, start: self.vectors, rows, columns };
        let len = rows.checked_mul(columns).and_then(|len| len.checked_add(self.vectors));
        self.vectors = len.filter(|len| u64::from(*len) * 2 <= MAX_TENSOR_BYTES).ok_or(ModelError::TooLong)?;
        Ok(place)
    }
}

impl Llama {
    /// The packing for texts of so many positions.
    pub fn packing(&self, positions: u32) -> Result<Packing, ModelError> {
        self.packing_in(positions, MAX_TENSOR_BYTES)
    }

    /// The same in blobs of at most so many bytes.
    pub(crate) fn packing_in(&self, positions: u32, most: u64) -> Result<Packing, ModelError> {
        self.check()?;
        let (d, q, k, f) = (self.width, self.query_width(), self.key_width(), self.hidden);
        let mut packer = Packer { most, weights: Vec::new(), vectors: 0 };
        let embedding = packer.slabs(self.vocabulary, d)?;
        let none = Place { blob: 0, start: 0, rows: 0, columns: 0 };
        let mut layers = Vec::new();
        for _ in 0..self.layers {
            let shapes = [[q + 2 * k, d], [d, q], [2 * f, d], [d, f]];
            let mut weights = [none; 4];
            let mut shifts = [none; 4];
            for (index, [rows, columns]) in shapes.into_iter().enumerate() {
                weights[index] = packer.matrix(rows, columns)?;
                shifts[index] = packer.vector(1, rows)?;
            }
            let gains = [packer.vector(1, d)?, packer.vector(1, d)?];
            let heads = packer.vector(self.all_heads(), 1)?;
            layers.push(LayerPlaces { weights, shifts, gains, heads, scores: packer.vector(self.heads, 1)? });
        }
        let layer_vectors = packer.vectors;
        let head = if self.tied { embedding.clone() } else { packer.slabs(self.vocabulary, d)? };
        let packing = Packing {
            embedding,
            layers,
            head,
            embedding_shifts: packer.vector(self.vocabulary, 1)?,
            head_shifts: packer.vector(1, self.vocabulary)?,
            last_gains: packer.vector(1, d)?,
            rotations: [packer.vector(positions, self.head_width)?, packer.vector(positions, self.head_width)?],
            weights_bytes: packer.weights,
            vectors: packer.vectors,
            layer_vectors,
        };
        let most_blobs = MAX_INPUTS - OTHER_INPUTS;
        if packing.weights_bytes.len() > most_blobs {
            let bytes = packing.weights_bytes.iter().map(|bytes| u64::from(*bytes)).sum();
            return Err(ModelError::WeightsTooLarge { bytes, most: most_blobs as u64 * most });
        }
        Ok(packing)
    }
}
