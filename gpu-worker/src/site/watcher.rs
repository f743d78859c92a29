// SPDX-License-Identifier: Apache-2.0
//! What a watcher does: runs a task of an accepted shard from its inputs and compares it with what its worker committed to.

use super::{validator::accepted, Site, SiteError};
use crate::core::{Attempt, Difference, Event};
use quern_primitives::commitment::{leaf_list, LeafProof};
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
}
