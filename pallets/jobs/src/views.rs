// SPDX-License-Identifier: Apache-2.0
//! What the runtime API shows. Everything is bounded: pages hold at most [`MAX_PAGE`] entries.

use crate::{settle::parties, types::bit, *};
use alloc::collections::BTreeSet;
use quern_primitives::{job::MAX_STAGES, DisputeId};
use quern_protocol::{
    shard::Phase,
    view::{JobView, PhaseCounts, ShardView, StageProgress, DUTIES_PAGE_BYTES, MAX_PAGE, MAX_SERVED_PAGE},
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
            failure: job.failure,
            pauses: job.pauses,
            unfunded: job.unfunded,
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

    /// Shards in which an account has something to do, in the order of storage, after the shard `after` or from the first:
    /// up to [`MAX_PAGE`] of them and little more than [`DUTIES_PAGE_BYTES`]. And the shard to go on after, if there may be
    /// more. `disputes_of` gives a shard's disputes, which another pallet keeps.
    pub fn duties(
        account: &Account,
        after: Option<ShardId>,
        disputes_of: impl Fn(&ShardId) -> Vec<(DisputeId, Dispute)>,
    ) -> (Vec<ShardView>, Option<ShardId>) {
        let ids = match after {
            Some(after) => Duties::<T>::iter_key_prefix_from(account, Duties::<T>::hashed_key_for(account, after)),
            None => Duties::<T>::iter_key_prefix(account),
        };
        let (mut page, mut bytes, mut last) = (Vec::new(), 0usize, None);
        for (number, id) in ids.enumerate() {
            if number >= MAX_PAGE as usize || bytes >= DUTIES_PAGE_BYTES {
                return (page, last);
            }
            if let Some(view) = Self::shard_view(&id, &disputes_of) {
                bytes = bytes.saturating_add(view.encoded_size());
                page.push(view);
            }
            last = Some(id);
        }
        (page, None)
    }

    /// Up to [`MAX_SERVED_PAGE`] shards that an account only serves, in the order of storage, after the shard `after` or from
    /// the first. And the shard to go on after, if there may be more.
    pub fn served(account: &Account, after: Option<ShardId>) -> (Vec<Shard>, Option<ShardId>) {
        let ids = match after {
            Some(after) => Served::<T>::iter_key_prefix_from(account, Served::<T>::hashed_key_for(account, after)),
            None => Served::<T>::iter_key_prefix(account),
        };
        let ids: Vec<ShardId> = ids.take(MAX_SERVED_PAGE as usize).collect();
        let next = ids.last().copied().filter(|_| ids.len() == MAX_SERVED_PAGE as usize);
        (ids.iter().filter_map(Shards::<T>::get).collect(), next)
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
        accounts.extend(shard.holder);
        let read = context.outputs.iter().flat_map(|outputs| outputs.shards.iter());
        accounts.extend(read.filter_map(|shard| Shards::<T>::get(shard.id)).flat_map(|shard| shard.parties()));
        accounts.extend(disputes.iter().map(|(_, dispute)| dispute.challenger));
        let endpoints = accounts.into_iter().filter_map(|of| T::Registry::endpoint(&of).map(|at| (of, at))).collect();
        let requester = Jobs::<T>::get(id.job)?.endpoints.into_inner();
        let demand_price = shard.demand_price(Self::now(), &Self::params());
        Some(ShardView { shard, context, requester, endpoints, disputes, answered: Vec::new(), demand_price })
    }

    fn progress(job: JobId, index: u16) -> Option<StageProgress> {
        let record = Stages::<T>::get(job, index)?;
        let mut phases = PhaseCounts::default();
        if record.root.is_some() {
            phases.accepted = record.accepted;
        } else {
            // What nobody is drawn for any more does not wait: it is dropped, or kept for what was paid.
            let is_open = Jobs::<T>::get(job).is_some_and(|job| job.status.is_open());
            for number in 0..record.created {
                let shard = Shards::<T>::get(ShardId { job, stage: index, index: number });
                if let Some(shard) = shard.filter(|shard| is_open || shard.phase != Phase::Queued) {
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
