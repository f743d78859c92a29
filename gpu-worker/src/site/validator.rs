// SPDX-License-Identifier: Apache-2.0
//! What a validator does: audit, check what is shown, prosecute, hold.

use super::{compute, evidence::Lookup, tasks, unless_full, worker::result_id, Prefetched, Site, SiteError};
use crate::core::{name_difference, Attempt, Event, Prosecution, Sealed, ShownResults};
use bytes::Bytes;
use quern_primitives::{
    job::{Blob, Endpoint},
    BlobId, DisputeId,
};
use quern_program::{Checked, Segment, SegmentKind, Tensor};
use quern_protocol::{
    dispute::{Dispute, Move},
    evidence::{differing_node, Conviction, Evidence},
    inputs::AcceptedShard,
    shard::Shard,
    view::ShardView,
};
use quern_sdk::net::{messages::Committed, Checkpoint, NetError, Request, Response};
use std::{ops::Range, sync::Arc};

/// How long a worker may take to serve a disputed output before it is demanded on chain: well within a move's blocks.
const DISPUTE_PATIENCE: std::time::Duration = std::time::Duration::from_secs(15);
/// Bytes that a tensor of a wrong length may be longer than the right one and still be fetched for its conviction.
const MAX_EXCESS_BYTES: u64 = 1 << 20;

impl Site {
    /// Fetches what the worker opened, its checkpoints, and the inputs of the drawn tasks.
    pub(super) async fn prefetch_audit(&self, view: &ShardView) -> Result<Prefetched, SiteError> {
        let program = self.program(view.context.stage.program).await?;
        let opening = self.opening(view).await?;
        for checkpoint in &opening {
            self.checkpoint(view, &program, &checkpoint.tensors).await?;
        }
        for (first, _) in view.shard.runs() {
            let (task, _) = view.shard.locate(first).ok_or(SiteError::Inconsistent("no such segment"))?;
            self.inputs(view, &program, task).await?;
        }
        Ok(Prefetched { opening })
    }

    /// Re-runs the drawn segments from what the worker opened, all of which is here. The answer is kept before this returns.
    pub(super) async fn audit(&self, view: &ShardView, opened: Vec<Checkpoint>) -> Result<Event, SiteError> {
        let audit = view.shard.audit().ok_or(SiteError::Inconsistent("the shard is not audited"))?;
        let program = self.program(view.context.stage.program).await?;
        let starts = opened.iter().map(|checkpoint| checkpoint.leaf.clone()).collect();
        let mut opened = opened.into_iter();
        let mut ids = Vec::new();
        for (first, count) in view.shard.runs() {
            let (task, index) = view.shard.locate(first).ok_or(SiteError::Inconsistent("no such segment"))?;
            let (mut before, mut state) = (Vec::new(), Vec::new());
            if index > 0 {
                let checkpoint = opened.next().ok_or(SiteError::Inconsistent("too few checkpoints were opened"))?;
                state = self.checkpoint(view, &program, &checkpoint.tensors).await?;
                self.keep_list(&checkpoint.tensors).await?;
                before = checkpoint.tensors;
            }
            let run = index..index.saturating_add(count);
            ids.extend(self.run_segments(view, &program, task, run, before, state).await?);
        }
        let (attempt, sampled_at, salt) = (Attempt::of(&view.shard), audit.sampled_at, self.db.fresh_secret());
        let sealed = Sealed { sampled_at, salt, ids, starts, tasks: Vec::new() };
        Ok(Event::Audited(attempt, self.db.keep_seal(attempt, sealed, &self.read(view))?))
    }

    /// Runs the drawn tasks from their inputs, up to the last drawn segment of each. The answer is kept before this returns.
    pub(super) async fn rerun(&self, view: &ShardView) -> Result<Event, SiteError> {
        let audit = view.shard.audit().ok_or(SiteError::Inconsistent("the shard is not audited"))?;
        let program = self.program(view.context.stage.program).await?;
        let mut tasks = Vec::new();
        for (task, last) in view.shard.reruns() {
            let run = 0..last.saturating_add(1);
            tasks.push((task, self.run_segments(view, &program, task, run, Vec::new(), Vec::new()).await?));
        }
        let drawn = audit.sample.iter().map(|position| {
            let (task, segment) = view.shard.locate(*position)?;
            let (_, ids) = tasks.iter().find(|(of, _)| *of == task)?;
            ids.get(segment as usize).copied()
        });
        let ids = drawn.collect::<Option<_>>().ok_or(SiteError::Inconsistent("no such segment"))?;
        let (attempt, sampled_at, salt) = (Attempt::of(&view.shard), audit.sampled_at, self.db.fresh_secret());
        let sealed = Sealed { sampled_at, salt, ids, starts: Vec::new(), tasks };
        Ok(Event::Audited(attempt, self.db.keep_seal(attempt, sealed, &self.read(view))?))
    }

    /// Runs segments of a task one after the other, from this state (tensor ids and tensors), and stores what each ends in.
    /// Gives the ids of their ends.
    pub(super) async fn run_segments(
        &self,
        view: &ShardView,
        program: &Arc<Checked>,
        task: u32,
        run: Range<u32>,
        mut before: Vec<BlobId>,
        mut state: Vec<Tensor>,
    ) -> Result<Vec<BlobId>, SiteError> {
        let inputs = self.inputs(view, program, task).await?;
        let mut ids = Vec::new();
        for index in run {
            let segment = program.program().segment(index).ok_or(SiteError::Inconsistent("no such segment"))?;
            let (executor, checked, inputs) = (self.executor.clone(), program.clone(), inputs.clone());
            let context = view.context.context(task);
            state = compute(move || Ok(executor.run_segment(&checked, segment, &context, &inputs, &state)?)).await?;
            let results = program.program().results(segment.kind());
            let id;
            (before, id) = result_id(&results, segment, &state, &before);
            ids.push(id);
            // A dispute about the next segment starts from these: the worker serves them to nobody, and it needs them when it is
            // accused itself.
            if segment != Segment::Finish {
                self.keep_list(&before).await?;
            }
            for tensor in &state {
                self.peer.store().put(tensor.bytes.clone()).await?;
            }
        }
        Ok(ids)
    }

    /// Keeps the list behind a checkpoint's id.
    async fn keep_list(&self, tensors: &[BlobId]) -> Result<(), SiteError> {
        self.peer.store().put(tensors.iter().flat_map(|id| id.0).collect::<Vec<u8>>().into()).await?;
        Ok(())
    }

    /// Fetches and proves what the worker shows of the drawn results, or takes what it had to show on chain, which is proven. They are
    /// kept before this returns, where there is room: without it they are fetched again after a restart.
    pub(super) async fn check_results(&self, view: &ShardView) -> Result<Event, SiteError> {
        let audit = view.shard.audit().ok_or(SiteError::Inconsistent("the shard is not audited"))?;
        let digest = audit.results.ok_or(SiteError::Inconsistent("the results are not revealed"))?;
        let leaves = if view.answered.is_empty() {
            let request = Request::Results { shard: view.shard.id };
            let Response::Results(leaves) = self.peer.ask(worker(view)?, &request).await? else {
                return Err(NetError::Malformed.into());
            };
            leaves
        } else {
            view.answered.clone()
        };
        committed(&view.shard)?.verify_results(&leaves, &audit.sample, &digest)?;
        let (attempt, shown) = (Attempt::of(&view.shard), ShownResults { drawn_at: audit.drawn_at, leaves });
        let lost = "what the worker has shown is not kept: it is lost when this daemon ends";
        unless_full(self.db.keep_results(attempt, &shown), &attempt.shard, lost)?;
        Ok(Event::Checked(attempt, shown))
    }

    /// The challenger's next move in a dispute.
    pub(super) async fn prosecute(
        &self,
        view: &ShardView,
        id: DisputeId,
        dispute: &Dispute,
    ) -> Result<Event, SiteError> {
        if let Move::Pick { search, ids } = &dispute.turn {
            let next = Prosecution::Pick(self.first_difference(view, dispute.task, &search.probes(), ids).await?);
            return Ok(Event::Prosecuted(id, Box::new(dispute.clone()), next));
        }
        let program = self.program(view.context.stage.program).await?;
        let trace = dispute.trace.as_ref().ok_or(SiteError::Inconsistent("there is no trace yet"))?;
        // What peers send is fetched before there is a place, so that a slow one holds up this move alone; what is fetched is stored.
        self.raw_checkpoint(view, &program, dispute.segment, trace.state()).await?;
        self.inputs(view, &program, dispute.task).await?;
        let theirs = match &dispute.turn {
            Move::Convict { op, chunk: None, .. } => {
                Some(self.defendant_tensor(view, id, dispute, *op, &program).await)
            }
            _ => None,
        };
        let _place = self.place_for_move(&program).await?;
        let raw_state = self.raw_checkpoint(view, &program, dispute.segment, trace.state()).await?;
        let types = if dispute.segment.kind() == SegmentKind::Init { &[][..] } else { program.state_types() };
        let state: Vec<Tensor> =
            types.iter().zip(&raw_state).map(|(ty, bytes)| Tensor::new(*ty, bytes.clone())).collect();
        let inputs = self.inputs(view, &program, dispute.task).await?;
        let (executor, checked, segment) = (self.executor.clone(), program.clone(), dispute.segment);
        let context = view.context.context(dispute.task).at(segment);
        let own = compute(move || Ok(executor.trace(&checked, segment.kind(), &context, &inputs, &state)?)).await?;

        let next = match &dispute.turn {
            Move::Name | Move::NamePart | Move::NameInPart { .. } => {
                name_difference(&program, dispute, &own).ok_or(SiteError::Inconsistent("the trace is right"))?
            }
            Move::Convict { op, shown, chunk } => {
                let raw: Vec<&[u8]> = raw_state.iter().map(Bytes::as_ref).collect();
                let outputs: Vec<&[u8]> = own.iter().map(|tensor| tensor.bytes.as_ref()).collect();
                let evidence = Evidence {
                    program: &program,
                    stage: &view.context,
                    task: dispute.task,
                    segment,
                    state: &raw,
                    outputs: &outputs,
                };
                match (chunk, theirs) {
                    (Some((index, bytes)), _) => {
                        let convict = |blob: &mut Lookup<'_, '_>| evidence.convict_chunk(*op, *index, bytes, blob);
                        conviction(self.with_blobs(view, convict).await?)
                    }
                    (None, Some(Ok(theirs))) => {
                        let convict = |blob: &mut Lookup<'_, '_>| evidence.convict(*op, &theirs, blob);
                        conviction(self.with_blobs(view, convict).await?)
                    }
                    // It does not serve the tensor: it has to show it on chain.
                    (None, failure) => {
                        let error = failure.and_then(Result::err).map(|error| error.to_string());
                        tracing::info!(
                            error,
                            dispute = id,
                            "the defendant does not serve the disputed output; demanding it on chain"
                        );
                        let mine = outputs.get(usize::from(*op)).copied().unwrap_or_default();
                        let node = differing_node(mine, shown);
                        Prosecution::Demand(node.ok_or(SiteError::Inconsistent("what is shown is right"))?)
                    }
                }
            }
            _ => return Err(SiteError::Inconsistent("the defendant owes this move")),
        };
        Ok(Event::Prosecuted(id, Box::new(dispute.clone()), next))
    }

    /// The first of the defendant's ids at these segments of a task that differs from what came out of the own run, or their
    /// number. Whoever has not run the task from its inputs as an auditor does so now.
    async fn first_difference(
        &self,
        view: &ShardView,
        task: u32,
        probes: &[u32],
        theirs: &[BlobId],
    ) -> Result<u32, SiteError> {
        let sealed = self.db.seal(Attempt::of(&view.shard))?;
        let known = sealed.and_then(|sealed| sealed.tasks.into_iter().find(|(of, _)| *of == task));
        let own = match known {
            Some((_, own)) => own,
            None => {
                let program = self.program(view.context.stage.program).await?;
                let run = 0..probes.last().map_or(0, |last| last.saturating_add(1));
                self.run_segments(view, &program, task, run, Vec::new(), Vec::new()).await?
            }
        };
        let differs = |(segment, id): (&u32, &BlobId)| own.get(*segment as usize) != Some(id);
        let first = probes.iter().zip(theirs).position(differs).unwrap_or(theirs.len());
        u32::try_from(first).map_err(|_| SiteError::Inconsistent("too many ids"))
    }

    /// Fetches the outputs of an accepted shard and serves them too.
    pub(super) async fn hold(&self, view: &ShardView) -> Result<Event, SiteError> {
        let program = self.program(view.context.stage.program).await?;
        let shard = accepted(&view.shard)?;
        let commitment = self.commitment(view, &shard).await?;
        for position in tasks(view).filter_map(|task| view.shard.output_position(task)) {
            if let Some(id) = commitment.ids.get(position as usize) {
                let blob = Blob { id: *id, len: program.output_type().bytes() };
                self.fetch_from_all(view, &shard.worker, blob).await?;
                self.peer.access().publish(*id);
            }
        }
        self.desk.publish(Attempt::of(&view.shard), commitment.as_ref().clone());
        Ok(Event::Held(Attempt::of(&view.shard)))
    }

    /// The opened checkpoints before the drawn runs, proven.
    async fn opening(&self, view: &ShardView) -> Result<Vec<Checkpoint>, SiteError> {
        let positions = view.shard.opened_positions();
        if positions.is_empty() {
            return Ok(Vec::new());
        }
        let digest = view.shard.audit().and_then(|audit| audit.opened);
        let digest = digest.ok_or(SiteError::Inconsistent("the checkpoints are not opened"))?;
        let request = Request::Opening { shard: view.shard.id };
        let Response::Opening(checkpoints) = self.peer.ask(worker(view)?, &request).await? else {
            return Err(NetError::Malformed.into());
        };
        committed(&view.shard)?.verify_opening(&checkpoints, &positions, &digest)?;
        Ok(checkpoints)
    }

    async fn checkpoint(&self, view: &ShardView, program: &Checked, ids: &[BlobId]) -> Result<Vec<Tensor>, SiteError> {
        let raw = self.raw_checkpoint(view, program, Segment::Finish, ids).await?;
        Ok(program.state_types().iter().zip(raw).map(|(ty, bytes)| Tensor::new(*ty, bytes)).collect())
    }

    /// The tensors of a worker's checkpoint, as they are served.
    async fn raw_checkpoint(
        &self,
        view: &ShardView,
        program: &Checked,
        segment: Segment,
        ids: &[BlobId],
    ) -> Result<Vec<Bytes>, SiteError> {
        if segment.kind() == SegmentKind::Init || program.program().steps == 0 {
            return Ok(Vec::new());
        }
        let types = program.state_types();
        if ids.len() != types.len() {
            return Err(SiteError::Inconsistent(
                "the checkpoint has another number of tensors than the program's state",
            ));
        }
        let worker = [worker(view)?.clone()];
        let mut tensors = Vec::new();
        for (id, ty) in ids.iter().zip(types) {
            // Unchanged tensors and own results are here already; the store knows them by id.
            tensors.push(self.peer.fetch(*id, ty.bytes(), &worker).await?);
        }
        Ok(tensors)
    }

    /// The defendant's own output of an operator, if it serves it soon: else it has to show it on chain, where silence loses.
    async fn defendant_tensor(
        &self,
        view: &ShardView,
        id: DisputeId,
        dispute: &Dispute,
        op: u16,
        program: &Checked,
    ) -> Result<Bytes, SiteError> {
        // A planter convicts itself: it is on both sides.
        if dispute.worker == self.me {
            let (_place, _, outputs) = self.own_trace(view, dispute).await?;
            let output = outputs.get(usize::from(op)).ok_or(SiteError::Inconsistent("no such operator"))?;
            return Ok(output.bytes.clone());
        }
        let served = async {
            let defendant = view.endpoint(&dispute.worker);
            let defendant = defendant.ok_or(SiteError::Inconsistent("the defendant has no endpoint"))?;
            let request = Request::TraceTensor { dispute: id, op };
            let Response::TraceTensor(blob) = self.peer.ask(defendant, &request).await? else {
                return Err(NetError::Malformed.into());
            };
            let named = dispute.trace.as_ref().and_then(|trace| trace.output(op));
            if named.ok_or(SiteError::Inconsistent("no such operator"))? != blob.id {
                return Err(SiteError::Inconsistent("the defendant serves another tensor than its trace names"));
            }
            let ty = program.types(dispute.segment.kind()).get(usize::from(op));
            let expected = ty.ok_or(SiteError::Inconsistent("no such operator"))?.bytes();
            if blob.len > expected.saturating_add(MAX_EXCESS_BYTES) {
                return Err(SiteError::Inconsistent("the defendant's tensor is far too long to be fetched"));
            }
            Ok(self.peer.fetch(blob.id, blob.len, std::slice::from_ref(defendant)).await?)
        };
        let served = tokio::time::timeout(DISPUTE_PATIENCE, served).await;
        served.unwrap_or(Err(SiteError::Inconsistent("the defendant serves the disputed output too slowly")))
    }
}

fn conviction(conviction: Conviction) -> Prosecution {
    match conviction {
        Conviction::Element { element, output, reads } => Prosecution::Convict { element, output, reads },
        Conviction::Length { len, proof } => Prosecution::ConvictLength { len, proof },
    }
}

fn worker(view: &ShardView) -> Result<&Endpoint, SiteError> {
    let worker = view.shard.deal().and_then(|deal| view.endpoint(&deal.worker));
    worker.ok_or(SiteError::Inconsistent("the worker has no endpoint"))
}

/// An accepted shard as those see it who read its outputs.
pub(super) fn accepted(shard: &Shard) -> Result<AcceptedShard, SiteError> {
    let Committed { shard: id, worker, root, .. } = committed(shard)?;
    let (first_task, tasks, segments_per_task) = (shard.first_task, shard.tasks, shard.segments_per_task());
    Ok(AcceptedShard { id, worker, root, first_task, tasks, segments_per_task })
}

pub(super) fn committed(shard: &Shard) -> Result<Committed, SiteError> {
    let found = shard.deal().zip(shard.commitment());
    let (deal, commitment) = found.ok_or(SiteError::Inconsistent("the shard is not committed"))?;
    Ok(Committed { shard: shard.id, worker: deal.worker, root: commitment.root, leaves: shard.leaves() })
}
