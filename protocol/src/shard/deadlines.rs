// SPDX-License-Identifier: Apache-2.0
//! How long a shard's parties have: floors, and more for work, for bytes, and where the requester gives more.

use super::{Audit, Shard};
use crate::Params;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use quern_primitives::{
    draw::{join_runs, SegmentCosts},
    Height,
};
use quern_program::Summary;
use scale_info::TypeInfo;

/// Bytes that the tasks of a shard fetch and leave behind, from its stage and its program alone.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Traffic {
    /// Fetched once, however many tasks are run: blobs, lists, and outputs that all tasks read.
    pub shared_bytes: u64,
    /// Fetched for each task besides.
    pub task_bytes: u64,
    /// Of a checkpoint.
    pub state_bytes: u64,
    /// Of a task's output.
    pub output_bytes: u64,
}

impl Traffic {
    /// Bytes of the inputs of so many tasks.
    pub fn inputs(&self, tasks: u32) -> u64 {
        self.shared_bytes.saturating_add(self.task_bytes.saturating_mul(tasks.into()))
    }

    /// Bytes of the outputs of so many tasks.
    pub fn outputs(&self, tasks: u32) -> u64 {
        self.output_bytes.saturating_mul(tasks.into())
    }

    /// Bytes of so many checkpoints.
    pub fn states(&self, checkpoints: u32) -> u64 {
        self.state_bytes.saturating_mul(checkpoints.into())
    }
}

/// Multiply-accumulates that count as much as one byte that an operator reads or writes: the unit in which programs that compute and
/// programs that move are measured alike. A device's two rates are further apart or nearer; `cargo run -p quern-executor --example
/// bench` prints its rate in products, and who finds moving dearer asks more.
pub const MACS_PER_MOVED_BYTE: u64 = 4;

/// The work of a segment of `macs` multiply-accumulates whose operators move `moved_bytes`, in MACs: the larger of the two.
pub fn work(macs: u64, moved_bytes: u64) -> u64 {
    macs.max(moved_bytes.saturating_mul(MACS_PER_MOVED_BYTE))
}

/// Work of each segment of a task, in MACs: what audits are drawn by, deadlines follow and prices are made of. Nobody computes it
/// otherwise.
pub fn segment_work(summary: &Summary) -> SegmentCosts {
    SegmentCosts {
        init: work(summary.macs_init, summary.moved_init),
        body: work(summary.macs_body, summary.moved_body),
        steps: summary.steps,
        finish: work(summary.macs_finish, summary.moved_finish),
        has_loop: summary.steps > 0,
    }
}

impl Shard {
    /// Work of the whole shard, in MACs: what is paid for.
    pub fn work_macs(&self) -> u64 {
        u64::try_from(self.work.task().saturating_mul(u128::from(self.tasks))).unwrap_or(u64::MAX)
    }

    /// Blocks from assignment to start: the inputs are fetched.
    pub fn start_blocks(&self, params: &Params) -> Height {
        let bytes = params.transfer_blocks(self.traffic.inputs(self.tasks));
        params.start_blocks.saturating_add(bytes).saturating_add(self.extra_blocks)
    }

    /// Blocks from start to commitment: the tasks are run, and each checkpoint and output is hashed and stored.
    pub fn execute_blocks(&self, params: &Params) -> Height {
        let checkpoints = self.leaves().saturating_sub(self.tasks);
        let stored = self.traffic.states(checkpoints).saturating_add(self.traffic.outputs(self.tasks));
        let bytes = params.transfer_blocks(stored);
        params.execute_blocks(self.work_macs()).saturating_add(bytes).saturating_add(self.extra_blocks)
    }

    /// Blocks in which the drawn validators seal an audit that is under way. Where one of those who still owe a seal runs the
    /// tasks from their inputs, all have the time for that.
    pub(super) fn audit_blocks(&self, audit: &Audit, params: &Params) -> Height {
        let bytes = params.transfer_blocks(self.bytes_to_audit(&audit.sample));
        params.audit_blocks(self.work_to_audit(audit)).saturating_add(bytes).saturating_add(self.extra_blocks)
    }

    /// Blocks in which drawn validators say whether they can fetch the inputs: several attempts, and the bytes themselves.
    pub(super) fn probe_blocks(&self, params: &Params) -> Height {
        let bytes = params.transfer_blocks(self.traffic.inputs(self.tasks));
        params.probe_blocks.saturating_add(bytes).saturating_add(self.extra_blocks)
    }

    /// Blocks in which draws may find too few validators with a free bond before the shard is given up: four times the
    /// longest round of audits of it, in which the bonds of others come free.
    pub fn seat_blocks(&self, params: &Params) -> Height {
        let whole = self.traffic.inputs(self.tasks).saturating_add(self.traffic.states(self.leaves()));
        let further = params.transfer_blocks(whole).saturating_add(self.extra_blocks);
        params.seat_blocks(self.work_macs()).saturating_add(further.saturating_mul(4))
    }

    /// Blocks from the close of the window in which somebody says that the outputs are delivered: they are fetched.
    pub(super) fn delivery_blocks(&self, params: &Params) -> Height {
        params.delivery_blocks.saturating_add(params.transfer_blocks(self.traffic.outputs(self.tasks)))
    }

    /// Blocks for a move in a dispute about a segment: either party may have to fetch what it reads and run it again.
    pub fn move_blocks(&self, segment: u32, params: &Params) -> Height {
        let bytes = params.transfer_blocks(self.traffic.inputs(1).saturating_add(self.traffic.states(1)));
        params.move_blocks(self.work.segment(segment)).saturating_add(bytes)
    }

    /// Bytes that an auditor of these leaf positions (ascending) fetches: the inputs of their tasks, and the checkpoint before
    /// each run of segments.
    fn bytes_to_audit(&self, positions: &[u32]) -> u64 {
        let segments = self.segments_per_task();
        let runs = join_runs(positions, segments);
        let inner = runs.iter().filter(|(first, _)| first.checked_rem(segments).is_some_and(|segment| segment > 0));
        let mut tasks: alloc::vec::Vec<Option<u32>> =
            runs.iter().map(|(first, _)| first.checked_div(segments)).collect();
        tasks.dedup();
        self.traffic.inputs(tasks.len() as u32).saturating_add(self.traffic.states(inner.count() as u32))
    }
}
