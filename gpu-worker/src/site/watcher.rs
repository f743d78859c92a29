// SPDX-License-Identifier: Apache-2.0
//! What a watcher does: runs a task of an accepted shard from its inputs and compares it with what its worker committed to.

use super::{
    validator::{accepted, committed},
    Site, SiteError,
};
use crate::core::{Attempt, Difference, Event};
use quern_primitives::{
    commitment::{leaf_list, LeafProof},
    Height,
};
use quern_protocol::view::ShardView;

impl Site {
    /// Runs a task and finds the first segment whose end is not the worker's: its start is agreed.
    pub(super) async fn compare(&self, view: &ShardView, task: u32) -> Result<Event, SiteError> {
        let program = self.program(view.context.stage.program).await?;
        let shard = accepted(&view.shard)?;
        let theirs = self.commitment(view, &shard).await?;
        let segments = view.shard.segments_per_task();
        let no_task = || SiteError::Inconsistent("the shard has no such task");
        let last = view.shard.output_position(task).ok_or_else(no_task)?;
        let first = last.checked_sub(segments.saturating_sub(1)).ok_or_else(no_task)?;
        let own = self.run_segments(view, &program, task, 0..segments, Vec::new(), Vec::new()).await?;
        let differs = (first..=last).zip(&own).find(|(at, id)| theirs.ids.get(*at as usize) != Some(id));
        let difference = differs.and_then(|(position, _)| {
            let leaves = leaf_list(&theirs.secret, &shard.worker, &shard.id, &theirs.ids);
            let proven = |at: u32| Some(LeafProof::new(&leaves, &theirs.secret, at, *theirs.ids.get(at as usize)?));
            let start = if position == first { None } else { Some(proven(position.checked_sub(1)?)?) };
            Some(Difference { position, start, end: proven(position)? })
        });
        if let Some(Difference { position, .. }) = &difference {
            tracing::warn!(shard = %shard.id, task, position, "an accepted result is wrong: challenging it");
        }
        Ok(Event::Compared(Attempt::of(&view.shard), task, difference))
    }

    /// Runs a task from its inputs up to the segment that ends at this leaf position. Gives the id of its end.
    pub(super) async fn recompute(&self, view: &ShardView, position: u32) -> Result<Event, SiteError> {
        let program = self.program(view.context.stage.program).await?;
        let no_segment = SiteError::Inconsistent("the shard has no such segment");
        let Some((task, segment)) = view.shard.locate(position) else { return Err(no_segment) };
        let run = 0..segment.saturating_add(1);
        let ids = self.run_segments(view, &program, task, run, Vec::new(), Vec::new()).await?;
        let id = ids.last().ok_or(no_segment)?;
        Ok(Event::Recomputed(Attempt::of(&view.shard), position, *id))
    }

    /// Finds the leaf that was shown on chain since this height.
    pub(super) async fn find_leaf(&self, view: &ShardView, position: u32, since: Height) -> Result<Event, SiteError> {
        let (chain, of) = (self.chain(), committed(&view.shard)?);
        for height in since..=chain.best().await?.0 {
            let block = chain.block_hash(height).await?;
            let Some(leaf) = chain.shown_leaf(block, of.shard, position).await? else { continue };
            if leaf.verify(&of.root, of.leaves, &of.worker, &of.shard, position).is_ok() {
                return Ok(Event::LeafShown(Attempt::of(&view.shard), position, leaf));
            }
        }
        Err(SiteError::Inconsistent("the id that is asked for is not shown on chain yet"))
    }
}
