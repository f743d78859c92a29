// SPDX-License-Identifier: Apache-2.0
//! Results over the network: every id proven against a root that stands on chain, every byte against its id.

use super::receipt::{Lists, OutputPath};
use crate::output;
use anyhow::{ensure, Context};
use bytes::Bytes;
use quern_primitives::{commitment::leaf_list, job::Blob, Balance, BlobId, JobId, ShardId};
use quern_program::{Checked, Program, Tensor};
use quern_protocol::{
    inputs::AcceptedShard,
    shard::Shard,
    view::{JobView, ShardView},
};
use quern_sdk::{
    chain::Chain,
    net::{messages::Commitment, Inputs, Peer},
};
use std::{collections::HashMap, sync::Arc};

/// An accepted shard and everything that is behind its root.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The shard and its context.
    pub view: ShardView,
    /// Its root, as it stands on chain.
    pub root: BlobId,
    /// Its worker.
    pub worker: [u8; 32],
    /// Secret and ids: proven.
    pub shown: Arc<Commitment>,
}

impl Accepted {
    /// The id at a leaf position.
    pub fn id(&self, position: u32) -> anyhow::Result<BlobId> {
        self.shown.ids.get(position as usize).copied().context("the shard has no such leaf")
    }

    /// The id of a task's output.
    pub fn output(&self, task: u32) -> anyhow::Result<BlobId> {
        self.id(self.view.shard.output_position(task).context("the shard has no such task")?)
    }
}

/// Fetches results.
pub struct Results<'a> {
    chain: &'a Chain,
    inputs: Inputs,
    programs: HashMap<BlobId, Checked>,
    shards: HashMap<ShardId, Accepted>,
}

impl<'a> Results<'a> {
    /// Results as `chain` accepted them, fetched by `peer`.
    pub fn new(chain: &'a Chain, peer: &Peer) -> Self {
        Self { chain, inputs: Inputs::new(peer.clone(), None), programs: HashMap::new(), shards: HashMap::new() }
    }

    /// A published program.
    pub async fn program(&mut self, id: BlobId) -> anyhow::Result<&Checked> {
        if !self.programs.contains_key(&id) {
            let bytes = self.chain.program(id).await?.with_context(|| format!("program {id} is not published"))?;
            let program = Program::decode_checked(&bytes).map_err(|error| anyhow::anyhow!("program {id}: {error}"))?;
            self.programs.insert(id, program);
        }
        self.programs.get(&id).context("the program is gone")
    }

    /// An accepted shard with what is behind its root.
    pub async fn shard(&mut self, id: ShardId) -> anyhow::Result<&Accepted> {
        if !self.shards.contains_key(&id) {
            let accepted = self.ask(id).await.with_context(|| format!("shard {id}"))?;
            self.shards.insert(id, accepted);
        }
        self.shards.get(&id).context("the shard is gone")
    }

    async fn ask(&self, id: ShardId) -> anyhow::Result<Accepted> {
        let view = self.chain.shard_view(id).await?.context("there is no such shard on chain, or it is pruned")?;
        ensure!(view.shard.is_accepted(), "it is not accepted yet");
        let (deal, commitment) = (view.shard.deal(), view.shard.commitment());
        let (Some(deal), Some(commitment)) = (deal, commitment) else { anyhow::bail!("it has no commitment") };
        let (worker, root) = (deal.worker, commitment.root);
        let accepted = AcceptedShard {
            id,
            worker,
            root,
            first_task: view.shard.first_task,
            tasks: view.shard.tasks,
            segments_per_task: view.shard.segments_per_task(),
        };
        let shown = self.inputs.commitment(&view, &accepted).await;
        let shown = shown.with_context(|| not_shown(id, accepted.leaves(), view.demand_price))?;
        Ok(Accepted { view, root, worker, shown })
    }

    /// The shard that a task of a job belongs to.
    pub async fn shard_of(&mut self, job: JobId, stage: u16, task: u32) -> anyhow::Result<ShardId> {
        let shards = all_shards(self.chain, job, stage).await?;
        let found = shards.into_iter().find(|shard| shard.output_position(task).is_some());
        Ok(found.with_context(|| format!("stage {stage} has no shard with task {task} yet"))?.id)
    }

    /// The output of a task: its id from the chain's roots, its bytes from whoever serves them.
    pub async fn output(&mut self, shard: ShardId, task: u32) -> anyhow::Result<Bytes> {
        let accepted = self.shard(shard).await?.clone();
        let program = accepted.view.context.stage.program;
        let len = self.program(program).await?.summary().output_bytes;
        let blob = Blob { id: accepted.output(task)?, len };
        Ok(self.inputs.of_parties(&accepted.view, &accepted.worker, blob).await?)
    }

    /// The input tensors of a task, fetched as its worker and its auditors fetched them.
    pub async fn inputs(&self, view: &ShardView, program: &Checked, task: u32) -> anyhow::Result<Vec<Tensor>> {
        Ok(self.inputs.tensors(view, program, task).await?)
    }

    /// The way from the job's root to the output of a task.
    pub async fn path(&mut self, roots: &Roots, shard: ShardId, task: u32) -> anyhow::Result<OutputPath> {
        let accepted = self.shard(shard).await?;
        let position = accepted.view.shard.output_position(task).context("the shard has no such task")?;
        let id = accepted.id(position)?;
        let leaves = leaf_list(&accepted.shown.secret, &accepted.worker, &shard, &accepted.shown.ids);
        let shard_roots = roots.shards.get(usize::from(shard.stage)).context("the job has no such stage")?;
        let lists = Lists { stage_roots: &roots.stages, shard_roots, leaves: &leaves };
        OutputPath::new(shard, accepted.worker, &lists, &accepted.shown.secret, position, id)
    }
}

/// What to do where nobody shows what is behind a root of `leaves` ids. They can be asked for on chain while they have a price.
fn not_shown(id: ShardId, leaves: u32, demand_price: Option<Balance>) -> String {
    match demand_price {
        Some(price) => format!(
            "nobody shows what its worker committed to; for {} `quern dispute demand-leaf {id} POSITION` has the worker show an id \
             on chain (POSITION 0 to {}), or lose its collateral",
            output::qrn(price),
            leaves.saturating_sub(1)
        ),
        None => "nobody shows what its worker committed to, and its challenge window is not open: its ids can be asked for no more".into(),
    }
}

/// The roots of a completed job, checked against each other.
#[derive(Clone, Debug)]
pub struct Roots {
    /// The job's root.
    pub job: BlobId,
    /// The roots of its stages.
    pub stages: Vec<BlobId>,
    /// For each stage the roots of its shards.
    pub shards: Vec<Vec<BlobId>>,
}

impl Roots {
    /// Reads them from the chain and checks that each follows from those below it.
    pub async fn read(chain: &Chain, job: &JobView) -> anyhow::Result<Self> {
        let root = job.root.with_context(|| format!("job {} is not completed", job.id))?;
        let mut roots = Self { job: root, stages: Vec::new(), shards: Vec::new() };
        for (index, stage) in (0u16..).zip(&job.stages) {
            let shards = all_shards(chain, job.id, index).await?;
            let shard_roots: Option<Vec<BlobId>> =
                shards.iter().map(|shard| shard.commitment().map(|commitment| commitment.root)).collect();
            let shard_roots = shard_roots.context("a shard of a completed job has no commitment")?;
            let stage_root = stage.root.context("a stage of a completed job has no root")?;
            ensure!(
                BlobId::of_list(&shard_roots) == stage_root,
                "the root of stage {index} does not follow from its shards"
            );
            roots.stages.push(stage_root);
            roots.shards.push(shard_roots);
        }
        ensure!(BlobId::of_list(&roots.stages) == root, "the root of job {} does not follow from its stages", job.id);
        Ok(roots)
    }
}

/// All shards of a stage that exist so far.
pub async fn all_shards(chain: &Chain, job: JobId, stage: u16) -> anyhow::Result<Vec<Shard>> {
    let mut shards = Vec::new();
    loop {
        let page = chain.shards(job, stage, shards.len() as u32).await?;
        if page.is_empty() {
            return Ok(shards);
        }
        shards.extend(page);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARD: ShardId = ShardId { job: 1, stage: 0, index: 2 };

    #[test]
    fn not_shown_should_name_the_command_while_ids_have_a_price() {
        let text = not_shown(SHARD, 8, Some(quern_primitives::QRN / 100));
        assert!(
            text.contains("`quern dispute demand-leaf 1.0.2 POSITION`") && text.contains("POSITION 0 to 7"),
            "{text}"
        );
        assert!(!not_shown(SHARD, 8, None).contains("quern dispute"));
    }
}
