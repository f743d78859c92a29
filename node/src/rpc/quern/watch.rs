// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Follows a job.

use super::{error::Error, job_view, Chain};
use futures::{stream, stream::BoxStream, Stream, StreamExt};
use jsonrpsee::{core::SubscriptionResult, PendingSubscriptionSink};
use quern_primitives::JobId;
use quern_protocol::{json::Job, view::JobView};
use quern_runtime::quern_api::QuernApi;
use sc_rpc::utils::{RingBuffer, Subscription};
use sp_runtime::traits::Block as BlockT;
use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc, Mutex, PoisonError,
    },
};

/// The jobs that somebody follows, as the newest best block shows them: each is read once a block, however many follow it.
pub struct Newest<B: BlockT>(Mutex<Read<B::Hash>>);

/// The jobs that were read at a block.
struct Read<H> {
    at: Option<H>,
    jobs: BTreeMap<JobId, JobView>,
}

impl<B: BlockT> Default for Newest<B> {
    fn default() -> Self {
        Self(Mutex::new(Read { at: None, jobs: BTreeMap::new() }))
    }
}

impl<B: BlockT> Newest<B> {
    /// A job at the best block. There are at most as many as places for subscriptions: the others are forgotten with each block.
    fn job<C: Chain<B>>(&self, chain: &C, id: JobId) -> Result<JobView, Error>
    where
        C::Api: QuernApi<B>,
    {
        let best = chain.best();
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.at != Some(best) {
            *newest = Read { at: Some(best), jobs: BTreeMap::new() };
        }
        if let Some(job) = newest.jobs.get(&id) {
            return Ok(job.clone());
        }
        let job = job_view(chain, best, id)?;
        newest.jobs.insert(id, job.clone());
        Ok(job)
    }
}

/// As many places as jobs may be followed at a time.
pub struct Places {
    taken: Arc<AtomicUsize>,
    most: usize,
}

/// A place, given back when dropped.
pub struct Place(Arc<AtomicUsize>);

impl Places {
    /// So many places.
    pub fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }

    /// A place, if one is left.
    pub fn take(&self) -> Result<Place, Error> {
        let more = |taken| (taken < self.most).then_some(taken + 1);
        let taken = self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        taken.map_err(|_| Error::TooManySubscriptions(self.most)).map(|_| Place(self.taken.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Serves one subscription to its end.
pub async fn serve<B: BlockT, C: Chain<B>>(
    chain: Arc<C>,
    newest: Arc<Newest<B>>,
    places: &Places,
    pending: PendingSubscriptionSink,
    id: JobId,
) -> SubscriptionResult
where
    C::Api: QuernApi<B>,
{
    // Listen before the first read, so that no change falls between the two.
    let heads = chain.new_heads();
    let start = places.take().and_then(|place| Ok((place, newest.job(&*chain, id)?)));
    let (_place, first) = match start {
        Ok(start) => start,
        Err(error) => {
            pending.reject(error).await;
            return Ok(());
        }
    };
    let sink = pending.accept().await?;
    // A client that reads slowly misses what was in between, never the newest.
    let buffer = RingBuffer::new(1);
    Subscription::from(sink).pipe_from_try_stream(changes(chain, newest, heads, first).boxed(), buffer).await?;
    Ok(())
}

/// The job as it is first, then whenever it differs at a new best block, until it is over.
pub fn changes<B: BlockT, C: Chain<B>>(
    chain: Arc<C>,
    newest: Arc<Newest<B>>,
    heads: BoxStream<'static, ()>,
    first: JobView,
) -> impl Stream<Item = Result<Job, Error>> + Send
where
    C::Api: QuernApi<B>,
{
    let start = (chain, newest, heads, first.clone());
    let later = stream::try_unfold(start, |(chain, newest, mut heads, last)| async move {
        while !is_over(&last) && heads.next().await.is_some() {
            let now = newest.job(&*chain, last.id)?;
            if now != last {
                return Ok(Some((Job::from(&now), (chain, newest, heads, now))));
            }
        }
        Ok(None)
    });
    stream::iter([Ok(Job::from(&first))]).chain(later)
}

/// Whether nothing about the job changes any more: shards under way of one that failed or was cancelled are still paid.
fn is_over(job: &JobView) -> bool {
    !job.status.is_open() && job.escrow_left == 0
}
