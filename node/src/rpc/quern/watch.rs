// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Follows a job.

use super::{error::Error, job_view, Chain};
use futures::{stream, stream::BoxStream, Stream, StreamExt};
use jsonrpsee::{core::SubscriptionResult, PendingSubscriptionSink};
use quern_primitives::JobId;
use quern_protocol::{json::Job, view::JobView};
use quern_runtime::quern_api::QuernApi;
use sc_rpc::utils::{RingBuffer, Subscription};
use sp_api::ApiError;
use sp_runtime::traits::Block as BlockT;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The jobs that somebody follows, as the newest best block shows them: each is read once a block, however many follow it.
pub struct Newest<B: BlockT>(tokio::sync::Mutex<Read<B::Hash>>);

/// The jobs that were read at a block.
struct Read<H> {
    at: Option<H>,
    jobs: BTreeMap<JobId, JobView>,
}

impl<B: BlockT> Default for Newest<B> {
    fn default() -> Self {
        Self(tokio::sync::Mutex::new(Read { at: None, jobs: BTreeMap::new() }))
    }
}

impl<B: BlockT> Newest<B> {
    /// A job at the best block. There are at most as many as places for subscriptions: the others are forgotten with each block. The
    /// runtime runs beside the threads that the node's other tasks need.
    async fn job<C: Chain<B>>(&self, chain: &Arc<C>, id: JobId) -> Result<JobView, Error>
    where
        C::Api: QuernApi<B>,
    {
        let mut newest = self.0.lock().await;
        let best = chain.best();
        if newest.at != Some(best) {
            *newest = Read { at: Some(best), jobs: BTreeMap::new() };
        }
        if let Some(job) = newest.jobs.get(&id) {
            return Ok(job.clone());
        }
        let chain = chain.clone();
        let read = tokio::task::spawn_blocking(move || job_view(&*chain, best, id)).await;
        let job = read.map_err(|error| ApiError::Application(error.into()))??;
        newest.jobs.insert(id, job.clone());
        Ok(job)
    }
}

/// As many places as jobs may be followed at a time, and as one connection may have of them.
pub struct Places {
    taken: Arc<Mutex<Taken>>,
    most: usize,
    most_of_one: usize,
}

/// Places that are taken, by connection.
type Taken = HashMap<usize, usize>;

/// A place, given back when dropped.
pub struct Place {
    taken: Arc<Mutex<Taken>>,
    connection: usize,
}

impl Places {
    /// So many places, and so many of one connection.
    pub fn new(most: usize, most_of_one: usize) -> Self {
        Self { taken: Arc::default(), most, most_of_one }
    }

    /// A place for a connection, if one is left for it.
    pub fn take(&self, connection: usize) -> Result<Place, Error> {
        let mut taken = lock(&self.taken);
        if taken.get(&connection).is_some_and(|own| *own >= self.most_of_one) {
            return Err(Error::TooManyOfConnection(self.most_of_one));
        }
        if taken.values().sum::<usize>() >= self.most {
            return Err(Error::TooManySubscriptions(self.most));
        }
        *taken.entry(connection).or_default() += 1;
        Ok(Place { taken: self.taken.clone(), connection })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        let left = taken.get(&self.connection).map_or(0, |own| own.saturating_sub(1));
        if left == 0 {
            taken.remove(&self.connection);
        } else {
            taken.insert(self.connection, left);
        }
    }
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
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
    let start = match places.take(pending.connection_id().0) {
        Ok(place) => newest.job(&chain, id).await.map(|first| (place, first)),
        Err(error) => Err(error),
    };
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
            let now = newest.job(&chain, last.id).await?;
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
