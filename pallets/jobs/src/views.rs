// SPDX-License-Identifier: Apache-2.0
//! What the runtime API shows. Everything is bounded: pages hold at most [`MAX_PAGE`] entries.

use crate::{settle::parties, types::bit, *};
use alloc::collections::BTreeSet;
use quern_primitives::{job::MAX_STAGES, DisputeId};
use quern_protocol::{
    view::{JobView, PhaseCounts, ShardView, StageProgress, MAX_PAGE},
    Dispute,
};

impl<T: Config> Pallet<T> {
    /// A job, until it is pruned.
    pub fn job(id: JobId) -> Option<JobView> {
        let job = Jobs::<T>::get(id)?;
        let stages = (0u16..).zip(&job.reads).filter_map(|(index, _)| Self::progress(id, index)).collect();
        let root = match job.status {
            JobStatus::Completed { root } => Some(root),
            _ => None,
        };
        Some(JobView {
            id,
            requester: job.requester.into(),
            status: job.status,
            stages,
            escrow_left: job.escrow,
            spent: job.spent,
            bid: job.bid,
            submitted_at: job.submitted_at,
            root,
            maturing: job.maturing,
            tainted: Self::tainted_stages(id),
            parent: job.parent,
        })
    }

    /// Up to `limit` jobs with ids from `from` on, and the id to go on from, if there may be more.
    pub fn jobs(from: JobId, limit: u32) -> (Vec<JobView>, Option<JobId>) {
        let next = NextJob::<T>::get();
        let mut page = Vec::new();
        let mut id = from;
        // Ids of pruned jobs are skipped; a page of them is bounded too.
        for _ in 0..limit.min(MAX_PAGE) {
            if id >= next {
                return (page, None);
            }
            page.extend(Self::job(id));
            id = id.saturating_add(1);
        }
        (page, Some(id).filter(|id| *id < next))
    }

    /// Up to `limit` shards of a stage with indices from `from` on. Those that a fork takes over keep the id that they have.
    pub fn shards(job: JobId, stage: u16, from: u32, limit: u32) -> Vec<Shard> {
        let Some(record) = Stages::<T>::get(job, stage) else { return Vec::new() };
        let end = from.saturating_add(limit.min(MAX_PAGE)).min(MAX_SHARDS);
        (from..end).filter_map(|index| Self::shard_of(job, &record, stage, index)).collect()
    }

    /// Stages of a job whose results were overturned or stand on such a result: for a completed job for ever.
    pub fn tainted_stages(job: JobId) -> Vec<u16> {
        let now = Jobs::<T>::get(job).map(|job| job.overturned | job.tainted);
        let stages = now.or_else(|| Tainted::<T>::get(job)).unwrap_or(0);
        (0..MAX_STAGES as u16).filter(|stage| stages & bit(*stage) != 0).collect()
    }

    /// The root of a completed job, for ever.
    pub fn job_root(job: JobId) -> Option<BlobId> {
        JobRoots::<T>::get(job)
    }

    /// The bytes of a published program.
    pub fn code(program: &BlobId) -> Option<Vec<u8>> {
        Codes::<T>::get(program).map(|code| code.into_inner())
    }

    /// Every shard that concerns an account: those that it runs or is drawn to audit, and those of its accepted ones that it
    /// still serves. `disputes_of` gives a shard's disputes, which another pallet keeps.
    pub fn duties(account: &Account, disputes_of: impl Fn(&ShardId) -> Vec<(DisputeId, Dispute)>) -> Vec<ShardView> {
        let mut shards: Vec<ShardId> = Duties::<T>::iter_key_prefix(account).collect();
        shards.sort_unstable();
        shards.iter().filter_map(|id| Self::shard_view(id, &disputes_of)).collect()
    }

    /// A shard as its parties need it. What was answered on chain is kept by another pallet.
    pub fn shard_view(id: &ShardId, disputes_of: impl Fn(&ShardId) -> Vec<(DisputeId, Dispute)>) -> Option<ShardView> {
        let shard = match Shards::<T>::get(id) {
            Some(shard) => shard,
            None => Self::shard_of(id.job, &Stages::<T>::get(id.job, id.stage)?, id.stage, id.index)?,
        };
        // What a fork takes over was computed for the job that it comes from.
        let id = &shard.id;
        let context = Self::context(id)?;
        let disputes = disputes_of(id);
        let mut accounts: BTreeSet<Account> = parties(&shard);
        let read = context.outputs.iter().flat_map(|outputs| outputs.shards.iter());
        accounts.extend(read.filter_map(|shard| Shards::<T>::get(shard.id)).flat_map(|shard| shard.parties()));
        accounts.extend(disputes.iter().map(|(_, dispute)| dispute.challenger));
        let endpoints = accounts.into_iter().filter_map(|of| T::Registry::endpoint(&of).map(|at| (of, at))).collect();
        let requester = Jobs::<T>::get(id.job)?.endpoints.into_inner();
        Some(ShardView { shard, context, requester, endpoints, disputes, answered: Vec::new() })
    }

    fn progress(job: JobId, index: u16) -> Option<StageProgress> {
        let record = Stages::<T>::get(job, index)?;
        let mut phases = PhaseCounts::default();
        if record.root.is_some() {
            phases.accepted = record.accepted;
        } else {
            for number in 0..record.created {
                if let Some(shard) = Shards::<T>::get(ShardId { job, stage: index, index: number }) {
                    phases.count(&shard.phase);
                }
            }
        }
        Some(StageProgress {
            program: record.stage.program,
            tasks: record.stage.tasks,
            shards: record.stage.shards(),
            phases,
            accepted: record.accepted,
            root: record.root,
        })
    }
}
