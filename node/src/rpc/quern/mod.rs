// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The methods `quern_*`: a thin face of the runtime API `QuernApi` at the best block. Every list is paged; every method
//! but `quern_checkInvariants` reads a bounded part of the state.

mod error;
mod params;
#[cfg(test)]
mod tests;
mod watch;

use self::{
    error::Error,
    watch::{Newest, Places},
};
use crate::service::{Block, Client};
use futures::{stream::BoxStream, StreamExt};
use jsonrpsee::{
    core::{async_trait, SubscriptionResult},
    proc_macros::rpc,
    Extensions, PendingSubscriptionSink,
};
use quern_primitives::JobId;
use quern_protocol::{
    json::{Account, Job, JobPage, Network, Participant, Quote, Receipt, WorkerPage},
    view::JobView,
};
use quern_runtime::{quern_api::QuernApi, Hash};
use sc_client_api::BlockchainEvents;
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_runtime::traits::Block as BlockT;
use std::{future::ready, sync::Arc};

/// Most jobs that clients of this node may follow at a time. Each job costs a call into the runtime for every new best block, however
/// many follow it.
pub const MAX_SUBSCRIPTIONS: usize = 128;
/// Most of these that one connection may have: a stranger needs several to take all.
pub const MAX_SUBSCRIPTIONS_OF_CONNECTION: usize = 16;

/// What the methods need of the client. Bounds on the runtime's own block type are too deep for the compiler, hence `B`.
pub trait Chain<B: BlockT>: ProvideRuntimeApi<B> + Send + Sync + 'static {
    /// The best block.
    fn best(&self) -> B::Hash;
    /// One item for each block that becomes the best.
    fn new_heads(&self) -> BoxStream<'static, ()>;
}

impl Chain<Block> for Client {
    fn best(&self) -> Hash {
        self.info().best_hash
    }

    fn new_heads(&self) -> BoxStream<'static, ()> {
        self.import_notification_stream().filter_map(|block| ready(block.is_new_best.then_some(()))).boxed()
    }
}

/// Jobs, workers, accounts and the network.
#[rpc(server)]
pub trait QuernRpc {
    /// A job.
    #[method(name = "quern_job", blocking)]
    fn job(&self, id: JobId) -> Result<Job, Error>;

    /// Up to `limit` (64 unless told, and at most) jobs with ids from `from` on.
    #[method(name = "quern_jobs", blocking)]
    fn jobs(&self, from: Option<JobId>, limit: Option<u32>) -> Result<JobPage, Error>;

    /// What a job would cost.
    #[method(name = "quern_quote", blocking)]
    fn quote(&self, spec: serde_json::Value) -> Result<Quote, Error>;

    /// What outputs of a job are checked against.
    #[method(name = "quern_receipt", blocking)]
    fn receipt(&self, job: JobId) -> Result<Receipt, Error>;

    /// Up to `limit` (64 unless told, and at most) registered workers, then validators, then apprentices, after
    /// skipping `from`.
    #[method(name = "quern_workers", blocking)]
    fn workers(&self, from: Option<u32>, limit: Option<u32>) -> Result<WorkerPage, Error>;

    /// What an account has.
    #[method(name = "quern_account", blocking)]
    fn account(&self, address: String) -> Result<Account, Error>;

    /// The network in numbers.
    #[method(name = "quern_network", blocking)]
    fn network(&self) -> Result<Network, Error>;

    /// The first thing that is not as it must always be, if there is one. Unsafe: it walks the whole state.
    #[method(name = "quern_checkInvariants", blocking, with_extensions)]
    fn check_invariants(&self) -> Result<Option<String>, Error>;

    /// A job, now and whenever it changes with a best block, until it is over.
    #[subscription(name = "quern_subscribeJob" => "quern_jobChanged", unsubscribe = "quern_unsubscribeJob", item = Job)]
    async fn subscribe_job(&self, id: JobId) -> SubscriptionResult;
}

/// Answers the methods.
pub struct Quern<B: BlockT, C> {
    chain: Arc<C>,
    places: Places,
    newest: Arc<Newest<B>>,
}

impl<B: BlockT, C: Chain<B>> Quern<B, C> {
    /// Answers from this chain.
    pub fn new(chain: Arc<C>) -> Self {
        Self { chain, places: Places::new(MAX_SUBSCRIPTIONS, MAX_SUBSCRIPTIONS_OF_CONNECTION), newest: Arc::default() }
    }
}

/// A job at a block.
fn job_view<B: BlockT, C: Chain<B>>(chain: &C, best: B::Hash, id: JobId) -> Result<JobView, Error>
where
    C::Api: QuernApi<B>,
{
    let api = chain.runtime_api();
    if let Some(view) = api.job(best, id)? {
        return Ok(view);
    }
    let root = api.job_root(best, id)?;
    Err(root.map_or(Error::UnknownJob(id), |_| Error::PrunedJob(id)))
}

#[async_trait]
impl<B: BlockT, C: Chain<B>> QuernRpcServer for Quern<B, C>
where
    C::Api: QuernApi<B>,
{
    fn job(&self, id: JobId) -> Result<Job, Error> {
        job_view(&*self.chain, self.chain.best(), id).map(|view| Job::from(&view))
    }

    fn jobs(&self, from: Option<JobId>, limit: Option<u32>) -> Result<JobPage, Error> {
        let limit = params::limit(limit)?;
        let (page, next) = self.chain.runtime_api().jobs(self.chain.best(), from.unwrap_or(0), limit)?;
        Ok(JobPage { jobs: page.iter().map(Job::from).collect(), next })
    }

    fn quote(&self, spec: serde_json::Value) -> Result<Quote, Error> {
        let spec = params::spec(spec)?;
        let quote = self.chain.runtime_api().quote(self.chain.best(), spec)?;
        quote.map(|view| Quote::from(&view)).map_err(Error::RefusedJob)
    }

    fn receipt(&self, job: JobId) -> Result<Receipt, Error> {
        let (api, best) = (self.chain.runtime_api(), self.chain.best());
        if let Some(view) = api.job(best, job)? {
            return Ok(Receipt::from(&view));
        }
        let root = api.job_root(best, job)?.ok_or(Error::UnknownJob(job))?;
        Ok(Receipt::pruned(job, root, api.tainted_stages(best, job)?))
    }

    fn workers(&self, from: Option<u32>, limit: Option<u32>) -> Result<WorkerPage, Error> {
        let (from, limit) = (from.unwrap_or(0), params::limit(limit)?);
        let (api, best) = (self.chain.runtime_api(), self.chain.best());
        let workers = api.workers(best, from, limit)?.iter().map(Participant::from).collect();
        let next = match from.checked_add(limit) {
            // Whether somebody follows only the list itself knows: the numbers of the network leave apprentices out.
            Some(next) if !api.workers(best, next, 1)?.is_empty() => Some(next),
            _ => None,
        };
        Ok(WorkerPage { workers, next })
    }

    fn account(&self, address: String) -> Result<Account, Error> {
        let account = params::account(&address)?;
        let (api, best) = (self.chain.runtime_api(), self.chain.best());
        let participant = api.participant(best, account)?;
        Ok(Account::new(&account, &api.account(best, account)?, participant.as_ref()))
    }

    fn network(&self) -> Result<Network, Error> {
        Ok(Network::from(&self.chain.runtime_api().network(self.chain.best())?))
    }

    fn check_invariants(&self, extensions: &Extensions) -> Result<Option<String>, Error> {
        sc_rpc_api::check_if_safe(extensions).map_err(Error::Unsafe)?;
        Ok(self.chain.runtime_api().check_invariants(self.chain.best())?.err())
    }

    async fn subscribe_job(&self, pending: PendingSubscriptionSink, id: JobId) -> SubscriptionResult {
        watch::serve(self.chain.clone(), self.newest.clone(), &self.places, pending, id).await
    }
}
