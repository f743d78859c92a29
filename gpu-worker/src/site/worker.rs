// SPDX-License-Identifier: Apache-2.0
//! What a worker does: execute, show, defend, publish.

use super::{compute, execution::run_and_keep, tasks, Site, SiteError};
use crate::{
    core::{
        defend_trace,
        planter::{Kind, Plan, Progress},
        Attempt, Defence, Event, Promise, Stage,
    },
    misbehave::Misbehaving,
};
use quern_executor::Executor;
use quern_primitives::{
    commitment::leaf_list,
    job::Blob,
    slice::{open_subtrees, Node},
    Account, Balance, BlobId, DisputeId, Height,
};
use quern_program::{reference, Segment, SegmentKind, Tensor, Value};
use quern_protocol::{
    dispute::{Defendant, Dispute, Move},
    shard::Phase,
    view::ShardView,
};
use quern_sdk::net::{messages::Commitment, Checkpoint, PeerId};
use std::{collections::HashSet, sync::Arc};
use tokio::sync::SemaphorePermit;

impl Site {
    /// Runs all tasks of a shard. All checkpoints and outputs are stored, and the promise kept, before this returns.
    pub(super) async fn execute(&self, view: &ShardView) -> Result<Event, SiteError> {
        let Phase::Running { by, .. } = view.shard.phase else {
            return Err(SiteError::Inconsistent("the shard is not running"));
        };
        let attempt = Attempt::of(&view.shard);
        if let Some(promise) = self.db.promise(attempt)? {
            return Ok(Event::Executed(attempt, promise));
        }
        let ids = self.run_tasks(view, tasks(view), self.executor.clone()).await?;
        self.new_promise(attempt, by, ids)
    }

    /// Runs all tasks of a shard as it is planned. The promise and the plan are kept, both or neither, before this returns. A shard of
    /// which not every segment can be wrong is run as it should be.
    pub(super) async fn plan(&self, view: &ShardView, kind: Kind, deposit: Balance) -> Result<Event, SiteError> {
        let Phase::Running { by, .. } = view.shard.phase else {
            return Err(SiteError::Inconsistent("the shard is not running"));
        };
        let attempt = Attempt::of(&view.shard);
        let program = self.program(view.context.stage.program).await?;
        let is_planned = self.db.promise(attempt)?.is_some() || self.db.plan(attempt)?.is_some();
        if is_planned || (kind == Kind::Error && !Misbehaving::corrupts_all(&program)) {
            return self.execute(view).await;
        }
        let salt = self.db.fresh_secret();
        let executor = match kind {
            Kind::Error => self.planting(&salt),
            Kind::Decoy => self.executor.clone(),
        };
        let ids = self.run_tasks(view, tasks(view), executor).await?;
        let promise = self.draft(attempt, by, ids);
        let plan = Plan { kind, root: promise.root, salt, deposit, by, progress: Progress::Drafted };
        self.db.keep_plan(attempt, &plan, &promise)?;
        Ok(Event::Planned(attempt, promise, plan))
    }

    /// What a planted error is computed on: where it is wrong follows from the salt.
    fn planting(&self, salt: &[u8; 32]) -> Arc<dyn Executor> {
        Arc::new(Misbehaving::planting(self.executor.clone(), *salt))
    }

    /// What the own result of an attempt was computed on.
    fn executor_of(&self, attempt: Attempt) -> Result<Arc<dyn Executor>, SiteError> {
        let plan = self.db.plan(attempt)?.filter(Plan::lies);
        Ok(plan.map_or_else(|| self.executor.clone(), |plan| self.planting(&plan.salt)))
    }

    /// Promises a result, and keeps the promise before this returns. Only where none is kept for this attempt: a second secret
    /// would give it a second root.
    pub(super) fn new_promise(&self, attempt: Attempt, by: Height, ids: Vec<BlobId>) -> Result<Event, SiteError> {
        let promise = self.draft(attempt, by, ids);
        self.db.keep_promise(attempt, &promise)?;
        Ok(Event::Executed(attempt, promise))
    }

    /// A promise of these ids with a new secret, which is not kept yet.
    fn draft(&self, attempt: Attempt, by: Height, ids: Vec<BlobId>) -> Promise {
        let secret = self.db.fresh_secret();
        let root = BlobId::of(&leaf_list(&secret, &self.me, &attempt.shard, &ids));
        Promise { by, secret, ids, root }
    }

    /// Runs tasks of a shard and stores their checkpoints and outputs. Gives their ids in leaf order.
    async fn run_tasks(
        &self,
        view: &ShardView,
        tasks: impl Iterator<Item = u32>,
        on: Arc<dyn Executor>,
    ) -> Result<Vec<BlobId>, SiteError> {
        let program = self.program(view.context.stage.program).await?;
        let mut ids = Vec::new();
        for task in tasks {
            let inputs = self.inputs(view, &program, task).await?;
            let (executor, context) = (on.clone(), view.context.context(task));
            ids.extend(run_and_keep(self.peer.store(), executor, program.clone(), context, inputs).await?);
        }
        Ok(ids)
    }

    /// Sees to it that what stands behind these positions of a promise is in the store: what a power cut or a damaged disk
    /// has taken is computed again.
    async fn restore(&self, view: &ShardView, promise: &Promise, positions: &[u32]) -> Result<(), SiteError> {
        // A task that was run again is whole.
        let mut restored = HashSet::new();
        for position in positions {
            let (Some(id), Some((task, _))) = (promise.ids.get(*position as usize), view.shard.locate(*position))
            else {
                continue;
            };
            let is_output = view.shard.output_position(task) == Some(*position);
            let is_whole = match self.peer.store().get(*id).await? {
                Some(_) if is_output => true,
                Some(_) => self.has_all(&self.tensors_of(*id).await?).await?,
                None => false,
            };
            if is_whole || !restored.insert(task) {
                continue;
            }
            tracing::warn!(shard = %view.shard.id, task, "own results are gone from the disk; computing them again");
            let ids = self.run_tasks(view, std::iter::once(task), self.executor_of(Attempt::of(&view.shard))?).await?;
            if promise.ids_of(&view.shard, task) != Some(&ids[..]) {
                return Err(SiteError::Inconsistent("own results are gone and come out otherwise now"));
            }
        }
        Ok(())
    }

    async fn has_all(&self, ids: &[BlobId]) -> Result<bool, SiteError> {
        for id in ids {
            if self.peer.store().get(*id).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) async fn show_opening(&self, view: &ShardView) -> Result<Event, SiteError> {
        let (promise, peers, drawn_at) = self.case(view)?;
        let positions = view.shard.opened_positions();
        self.restore(view, &promise, &positions).await?;
        let leaves = promise.leaf_proofs(&self.me, &view.shard.id, &positions);
        let mut checkpoints = Vec::new();
        for leaf in leaves.ok_or(SiteError::Inconsistent("the draw names a position that does not exist"))? {
            let tensors = self.tensors_of(leaf.id).await?;
            for id in tensors.iter().chain([&leaf.id]) {
                peers.iter().for_each(|peer| self.peer.access().allow(*id, *peer));
            }
            checkpoints.push(Checkpoint { leaf, tensors });
        }
        self.desk.show_opening(Attempt::of(&view.shard), peers, checkpoints);
        Ok(Event::Shown(Attempt::of(&view.shard), Stage::Opening(drawn_at)))
    }

    pub(super) async fn show_results(&self, view: &ShardView) -> Result<Event, SiteError> {
        let (promise, peers, drawn_at) = self.case(view)?;
        let sample = view.shard.audit().map(|audit| audit.sample.to_vec()).unwrap_or_default();
        let leaves = promise.leaf_proofs(&self.me, &view.shard.id, &sample);
        let leaves = leaves.ok_or(SiteError::Inconsistent("the draw names a position that does not exist"))?;
        self.desk.show_results(Attempt::of(&view.shard), peers, leaves);
        Ok(Event::Shown(Attempt::of(&view.shard), Stage::Results(drawn_at)))
    }

    /// Shows everybody the outputs of an accepted shard.
    pub(super) async fn publish(&self, view: &ShardView) -> Result<(), SiteError> {
        let promise = self.promise(Attempt::of(&view.shard))?;
        let outputs: Vec<u32> = tasks(view).filter_map(|task| view.shard.output_position(task)).collect();
        self.restore(view, &promise, &outputs).await?;
        for id in outputs.iter().filter_map(|position| promise.ids.get(*position as usize)) {
            self.peer.access().publish(*id);
        }
        self.desk.publish(Attempt::of(&view.shard), Commitment { secret: promise.secret, ids: promise.ids });
        Ok(())
    }

    /// The worker's next move in a dispute.
    pub(super) async fn defend(&self, view: &ShardView, id: DisputeId, dispute: &Dispute) -> Result<Event, SiteError> {
        if let Some(defence) = self.own_ids(view, dispute).await? {
            return Ok(Event::Defended(id, Box::new(dispute.clone()), defence));
        }
        let (_place, ids, outputs) = self.own_trace(view, dispute).await?;
        let defence = match &dispute.turn {
            Move::Trace | Move::Part { .. } => {
                // The move is owed even where nothing can be stored: the challenger has to ask on chain then.
                if let Err(error) = self.serve_trace(view, id, dispute, &outputs).await {
                    tracing::warn!(%error, dispute = id, "the tensors of the trace cannot be served");
                }
                let program = self.program(view.context.stage.program).await?;
                let defence = defend_trace(&program, dispute, &ids, &outputs);
                defence.ok_or(SiteError::Inconsistent("no program has such a trace"))?
            }
            Move::Output { op, node } => {
                let tensor = outputs.get(usize::from(*op)).ok_or(SiteError::Inconsistent("no such operator"))?;
                let node = Node { first_chunk: node.first_chunk, chunks: node.chunks };
                if node.chunks <= 1 {
                    let range = node.bytes(tensor.bytes.len() as u64);
                    let bytes = tensor.bytes.get(range.start as usize..range.end as usize);
                    Defence::Chunk(bytes.unwrap_or_default().to_vec())
                } else {
                    let values = open_subtrees(&tensor.bytes, node);
                    Defence::Subtrees(values.map_err(|_| SiteError::Inconsistent("no such node"))?)
                }
            }
            _ => return Err(SiteError::Inconsistent("the challenger owes this move")),
        };
        Ok(Event::Defended(id, Box::new(dispute.clone()), defence))
    }

    /// The ids that a search asks for, or the proof of those that it has found.
    async fn own_ids(&self, view: &ShardView, dispute: &Dispute) -> Result<Option<Defence>, SiteError> {
        let missing = || SiteError::Inconsistent("the dispute is about a position that does not exist");
        if dispute.defendant != Defendant::Worker {
            return self.confirmed_ids(view, dispute).await;
        }
        match &dispute.turn {
            Move::Ids(search) => {
                let promise = self.promise(Attempt::of(&view.shard))?;
                let task = dispute.task.saturating_sub(view.shard.first_task);
                let first = task.saturating_mul(view.shard.segments_per_task());
                let own = |segment: u32| promise.ids.get(first.saturating_add(segment) as usize).copied();
                let ids = search.probes().into_iter().map(own).collect::<Option<Vec<_>>>();
                Ok(Some(Defence::Ids(ids.ok_or_else(missing)?)))
            }
            Move::Prove => {
                let promise = self.promise(Attempt::of(&view.shard))?;
                let before = dispute.start.and_then(|_| dispute.position.checked_sub(1));
                let positions: Vec<u32> = before.into_iter().chain([dispute.position]).collect();
                let leaves = promise.leaf_proofs(&self.me, &view.shard.id, &positions);
                let mut leaves = leaves.ok_or_else(missing)?;
                let end = leaves.pop().ok_or_else(missing)?;
                Ok(Some(Defence::Prove { start: leaves.pop(), end }))
            }
            _ => Ok(None),
        }
    }

    /// The ids that an accused auditor came to from the task's inputs, if it ran it from there: the start of the disputed segment may
    /// be none of its own.
    async fn confirmed_ids(&self, view: &ShardView, dispute: &Dispute) -> Result<Option<Defence>, SiteError> {
        let program = self.program(view.context.stage.program).await?;
        let probes = dispute.probes(&program);
        let sealed = self.db.seal(Attempt::of(&view.shard))?;
        let sealed = sealed.ok_or(SiteError::Inconsistent("there is no own answer for this shard"))?;
        let own = sealed.tasks.iter().find(|(task, _)| *task == dispute.task);
        let Some((_, own)) = own.filter(|_| !probes.is_empty()) else { return Ok(None) };
        let ids = probes.iter().map(|segment| own.get(*segment as usize).copied()).collect::<Option<Vec<_>>>();
        let ids = ids.ok_or(SiteError::Inconsistent("the dispute is about a segment that was not run"))?;
        Ok(Some(Defence::Ids(ids)))
    }

    /// Serves the tensors of a trace that was posted before a restart.
    pub(super) async fn show_trace(
        &self,
        view: &ShardView,
        id: DisputeId,
        dispute: &Dispute,
    ) -> Result<Event, SiteError> {
        let _turn = self.turn_to_show().await?;
        let (_place, _, outputs) = self.own_trace(view, dispute).await?;
        self.serve_trace(view, id, dispute, &outputs).await?;
        Ok(Event::Traced(id))
    }

    /// Lets the challenger of a dispute fetch the outputs of the segment's operators.
    async fn serve_trace(
        &self,
        view: &ShardView,
        id: DisputeId,
        dispute: &Dispute,
        outputs: &[Tensor],
    ) -> Result<(), SiteError> {
        // A challenger that cannot be reached has to ask on chain.
        let Some(challenger) = view.endpoint(&dispute.challenger).map(|endpoint| endpoint.id) else { return Ok(()) };
        let mut blobs = Vec::new();
        for tensor in outputs {
            let id = self.peer.store().put(tensor.bytes.clone()).await?;
            blobs.push(Blob { id, len: tensor.bytes.len() as u64 });
            self.peer.access().allow(id, challenger);
        }
        self.desk.show_trace(view.shard.id, id, challenger, blobs);
        Ok(())
    }

    /// The own trace of the disputed segment: ids of the state before it, and the outputs of its operators, with the place that they
    /// take.
    pub(super) async fn own_trace(
        &self,
        view: &ShardView,
        dispute: &Dispute,
    ) -> Result<(SemaphorePermit<'_>, Vec<BlobId>, Vec<Tensor>), SiteError> {
        let program = self.program(view.context.stage.program).await?;
        let ids = match dispute.start {
            Some(start) => {
                // An auditor has kept what it started from and what it came to.
                if dispute.defendant == Defendant::Worker {
                    let before = [dispute.position.saturating_sub(1)];
                    self.restore(view, &self.promise(Attempt::of(&view.shard))?, &before).await?;
                }
                self.tensors_of(start).await?
            }
            None => Vec::new(),
        };
        let types = if dispute.segment.kind() == SegmentKind::Init { &[][..] } else { program.state_types() };
        // What is no longer here is fetched before there is a place.
        self.inputs(view, &program, dispute.task).await?;
        let place = self.place_for_move(&program).await?;
        let state = self.stored_tensors(&ids, types).await?;
        let inputs = self.inputs(view, &program, dispute.task).await?;
        let executor = match dispute.defendant {
            Defendant::Worker => self.executor_of(Attempt::of(&view.shard))?,
            _ => self.executor.clone(),
        };
        let segment = dispute.segment;
        let context = view.context.context(dispute.task).at(segment);
        let outputs = compute(move || Ok(executor.trace(&program, segment.kind(), &context, &inputs, &state)?)).await?;
        Ok((place, ids, outputs))
    }

    /// The tensor ids of an own checkpoint.
    pub(super) async fn tensors_of(&self, checkpoint: BlobId) -> Result<Vec<BlobId>, SiteError> {
        let list =
            self.peer.store().get(checkpoint).await?.ok_or(SiteError::Inconsistent("an own checkpoint is gone"))?;
        Ok(list.chunks_exact(32).filter_map(|id| id.try_into().ok()).map(BlobId).collect())
    }

    async fn stored_tensors(
        &self,
        ids: &[BlobId],
        types: &[quern_program::TensorType],
    ) -> Result<Vec<Tensor>, SiteError> {
        let mut tensors = Vec::new();
        for (id, ty) in ids.iter().zip(types) {
            let bytes =
                self.peer.store().get(*id).await?.ok_or(SiteError::Inconsistent("an own checkpoint is gone"))?;
            tensors.push(Tensor::new(*ty, bytes));
        }
        Ok(tensors)
    }

    fn promise(&self, attempt: Attempt) -> Result<Promise, SiteError> {
        let found = self.db.promise(attempt)?;
        found.ok_or(SiteError::Inconsistent("there is no promise for this shard"))
    }

    fn case(&self, view: &ShardView) -> Result<(Promise, HashSet<PeerId>, u32), SiteError> {
        let audit = view.shard.audit().ok_or(SiteError::Inconsistent("the shard is not audited"))?;
        let drawn: HashSet<Account> = audit.seats.iter().map(|seat| seat.auditor).collect();
        let peers = view.endpoints.iter().filter(|(account, _)| drawn.contains(account)).map(|(_, peer)| peer.id);
        Ok((self.promise(Attempt::of(&view.shard))?, peers.collect(), audit.drawn_at))
    }
}

/// Ids of a segment's results, where state that is carried unchanged keeps the id that it has.
pub(super) fn result_id(
    results: &[Value],
    segment: Segment,
    tensors: &[Tensor],
    before: &[BlobId],
) -> (Vec<BlobId>, BlobId) {
    let ids: Vec<BlobId> = results
        .iter()
        .zip(tensors)
        .map(|(value, tensor)| match value {
            Value::State(index) => before.get(usize::from(*index)).copied().unwrap_or_else(|| tensor.id()),
            _ => tensor.id(),
        })
        .collect();
    let id = reference::result_id(segment.kind(), &ids);
    (ids, id)
}
