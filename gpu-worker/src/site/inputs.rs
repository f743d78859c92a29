// SPDX-License-Identifier: Apache-2.0
//! The inputs of a task, as [`Inputs`] fetches them. What this account made itself, or has audited from before, is asked of
//! nobody.

use super::{Site, SiteError};
use crate::db::{Db, DbError};
use bytes::Bytes;
use quern_primitives::{job::Blob, Account, BlobId};
use quern_program::{Checked, Tensor};
use quern_protocol::{
    inputs::{AcceptedShard, Link, Part},
    view::ShardView,
};
use quern_sdk::net::{messages::Commitment, Inputs};
use std::sync::Arc;

impl Site {
    /// The input tensors of a task.
    pub async fn inputs(&self, view: &ShardView, program: &Checked, task: u32) -> Result<Vec<Tensor>, SiteError> {
        self.recall(view)?;
        Ok(self.inputs.tensors(view, program, task).await?)
    }

    /// The whole blob that a part lies in, and what links its id to the chain.
    pub(super) async fn part_blob(&self, view: &ShardView, part: &Part) -> Result<(Link, Bytes), SiteError> {
        self.recall(view)?;
        Ok(self.inputs.blob(view, part).await?)
    }

    /// A blob from the account that made it, or else from any other party of the shard.
    pub(super) async fn fetch_from_all(
        &self,
        view: &ShardView,
        first: &[u8; 32],
        blob: Blob,
    ) -> Result<Bytes, SiteError> {
        Ok(self.inputs.of_parties(view, first, blob).await?)
    }

    /// What is behind the root of an accepted shard.
    pub(super) async fn commitment(
        &self,
        view: &ShardView,
        shard: &AcceptedShard,
    ) -> Result<Arc<Commitment>, SiteError> {
        Ok(self.inputs.commitment(view, shard).await?)
    }

    /// What is behind the roots that were read for a shard.
    pub(super) fn read(&self, view: &ShardView) -> Vec<(BlobId, Arc<Commitment>)> {
        let read = view.context.outputs.iter().flat_map(|outputs| &outputs.shards);
        read.filter_map(|shard| Some((shard.root, self.inputs.recall(&shard.root)?))).collect()
    }

    /// Tells what is behind the roots that a shard reads, as far as it was kept here.
    fn recall(&self, view: &ShardView) -> Result<(), SiteError> {
        Ok(recall(&self.inputs, &self.db, &self.me, view)?)
    }
}

/// Own commitments are promises; others were kept when an answer was computed from them.
fn recall(inputs: &Inputs, db: &Db, me: &Account, view: &ShardView) -> Result<(), DbError> {
    let read = view.context.outputs.iter().flat_map(|outputs| &outputs.shards);
    let unknown: Vec<&AcceptedShard> = read.filter(|shard| inputs.recall(&shard.root).is_none()).collect();
    for shard in &unknown {
        if let Some(kept) = db.commitment(&shard.root)? {
            inputs.know(shard.root, Arc::new(kept));
        }
    }
    let own: Vec<BlobId> = unknown.iter().filter(|shard| shard.worker == *me).map(|shard| shard.root).collect();
    if own.is_empty() {
        return Ok(());
    }
    for (_, promise) in db.promises()?.into_iter().filter(|(_, promise)| own.contains(&promise.root)) {
        inputs.know(promise.root, Arc::new(Commitment { secret: promise.secret, ids: promise.ids }));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::{Attempt, Sealed},
        testing::{running, ME, OTHER},
    };
    use quern_primitives::{
        commitment::leaf_list,
        job::{Input, OutputMap},
        ShardId,
    };
    use quern_program::{DType, ProgramBuilder};
    use quern_protocol::inputs::StageOutputs;
    use quern_sdk::net::{Config, FolderStore, Peer};

    /// A shard whose only input is the output of a shard of another worker, with what is behind the root of that.
    fn reader(output: BlobId) -> (ShardView, BlobId, Commitment) {
        let (source, secret) = (ShardId { job: 1, stage: 0, index: 0 }, [7; 32]);
        let root = BlobId::of(&leaf_list(&secret, &OTHER, &source, &[output]));
        let shard = AcceptedShard { id: source, worker: OTHER, root, first_task: 0, tasks: 1, segments_per_task: 1 };
        let mut view = running(ME);
        view.context.stage.inputs = vec![Input::Output { stage: 0, map: OutputMap::Fixed(0) }].try_into().unwrap();
        view.context.outputs = vec![StageOutputs { stage: 0, output_bytes: 2, tasks: 1, shards: vec![shard] }];
        (view, root, Commitment { secret, ids: vec![output] })
    }

    #[tokio::test]
    async fn auditor_should_have_its_inputs_after_a_kill_although_nobody_shows_what_is_behind_their_root_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::open(folder.path().join("blobs")).unwrap();
        let peer = Peer::bind(Config::new([9; 32], ([127, 0, 0, 1], 0).into()), store).await.unwrap();
        let (view, root, commitment) = reader(peer.store().put(vec![3, 4].into()).await.unwrap());
        let mut b = ProgramBuilder::new();
        let input = b.input(DType::I8, &[2]);
        let output = b.add(input, input);
        let program = b.build(output).unwrap();
        // What is on disk while a daemon runs is what a kill leaves.
        let path = folder.path().join("db");
        let db = Db::open(&path, &ME, &[2; 32]).unwrap();
        let killed = |name: &str| {
            let copy = folder.path().join(name);
            std::fs::copy(&path, &copy).unwrap();
            let (db, inputs) = (Db::open(&copy, &ME, &[2; 32]).unwrap(), Inputs::new(peer.clone(), Some(ME)));
            recall(&inputs, &db, &ME, &view).unwrap();
            inputs
        };
        let before = killed("before");
        let sealed = Sealed { sampled_at: 5, salt: [6; 32], ids: vec![], starts: vec![], tasks: vec![] };
        db.keep_seal(Attempt::of(&view.shard), sealed, &[(root, Arc::new(commitment))]).unwrap();
        let after = killed("after");
        assert!(before.tensors(&view, &program, 0).await.is_err(), "nothing was kept yet");
        assert_eq!(*after.tensors(&view, &program, 0).await.unwrap()[0].bytes, [3, 4]);
    }
}
