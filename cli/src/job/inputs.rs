// SPDX-License-Identifier: Apache-2.0
//! The inputs of a task, fetched as its worker and its auditors fetched them.

use super::results::Results;
use anyhow::Context;
use quern_primitives::{BlobId, ShardId};
use quern_program::{Checked, Tensor};
use quern_protocol::{
    inputs::{Origin, Part},
    view::ShardView,
};

impl Results<'_> {
    /// The input tensors of a task, every byte verified against an id that the chain pins.
    pub async fn inputs(&mut self, view: &ShardView, program: &Checked, task: u32) -> anyhow::Result<Vec<Tensor>> {
        let mut tensors = Vec::new();
        for (slot, ty) in (0u16..).zip(&program.program().inputs) {
            let mut bytes = Vec::new();
            for part in view.context.parts(slot, task, ty.bytes()) {
                // Parts follow each other; what none covers is missing and reads as zero.
                bytes.resize(part.start as usize, 0);
                bytes.extend_from_slice(&self.part(view, &part).await.with_context(|| format!("input {slot}"))?);
            }
            tensors.push(Tensor::new(*ty, bytes));
        }
        Ok(tensors)
    }

    async fn part(&mut self, view: &ShardView, part: &Part) -> anyhow::Result<Vec<u8>> {
        let (bytes, offset) = match &part.origin {
            Origin::Inline(bytes) => (bytes.clone(), 0),
            Origin::Blob { blob, offset } => (self.input(view, blob.id, blob.len).await?.to_vec(), *offset as usize),
            Origin::Listed { list, entry, len } => {
                let ids = self.input(view, list.id, list.len).await?;
                let start = *entry as usize * 32;
                let id = ids.get(start..start + 32).and_then(|id| id.try_into().ok()).map(BlobId);
                let id = id.context("the list has no entry for this task")?;
                (self.input(view, id, *len).await?.to_vec(), 0)
            }
            Origin::Output { shard, task, len } => {
                let id: ShardId = shard.id;
                let source = self.shard(id).await?;
                anyhow::ensure!(source.root == shard.root, "the stage was pinned to another result of shard {id}");
                let output = source.output(*task)?;
                (self.blob(view, output, *len, shard.worker).await?.to_vec(), 0)
            }
        };
        let bytes = bytes.get(offset..).unwrap_or_default();
        Ok(bytes.get(..part.len as usize).unwrap_or(bytes).to_vec())
    }
}
