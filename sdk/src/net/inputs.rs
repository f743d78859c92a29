// SPDX-License-Identifier: Apache-2.0
//! The inputs of a task: fetched from whoever serves them, each byte verified against an id that the chain pins.
//!
//! Workers, auditors and strangers who check a result read the same inputs in the same way.

use super::{
    messages::{Commitment, Committed, Unproven},
    FetchError, NetError, Peer, Recent, Request, Response,
};
use bytes::Bytes;
use quern_primitives::{
    commitment::{leaf_list, secret_hash, LeafProof},
    job::{Blob, Endpoint},
    slice::prove_list_entry,
    Account, BlobId, JobId,
};
use quern_program::{Checked, Tensor, TensorType};
use quern_protocol::{
    inputs::{AcceptedShard, Link, Origin, Part},
    view::ShardView,
};
use std::sync::{Arc, Mutex, PoisonError};

/// Why an input is not here.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// Neither the requester nor anybody with a part in the shard serves it.
    #[error("an input of the job is served by nobody; is its requester still running? {0}")]
    Requester(#[source] FetchError),
    /// Nobody serves an output of an earlier stage.
    #[error("an output of shard {shard}: {error}")]
    Output {
        /// The shard.
        shard: quern_primitives::ShardId,
        /// What went wrong.
        #[source]
        error: FetchError,
    },
    /// Nobody shows what is behind the root of an accepted shard.
    #[error("nobody shows what is behind the root of shard {shard}: {failure}")]
    Commitment {
        /// The shard.
        shard: quern_primitives::ShardId,
        /// What went wrong with the last one that was asked.
        failure: CommitmentError,
    },
    /// The list has no entry for the task.
    #[error("the list of inputs has no entry for task {0}")]
    NoEntry(u32),
    /// The shard has no output of the task.
    #[error("shard {0} has no output of task {1}")]
    NoOutput(quern_primitives::ShardId, u32),
}

/// Why somebody's answer does not show what is behind a root.
#[derive(Debug, thiserror::Error)]
pub enum CommitmentError {
    /// None of those who could know has an endpoint.
    #[error("none of those who hold its outputs has an endpoint")]
    NoEndpoint,
    /// The peer did not answer.
    #[error("a peer {0}")]
    Net(#[from] NetError),
    /// The answer is not proven.
    #[error("a peer's answer is not proven: {0}")]
    Unproven(#[from] Unproven),
}

/// Most bytes of ids that are remembered of what is behind roots: 32 of the largest shards. What is forgotten is asked for again.
const MAX_KNOWN_BYTES: usize = 64 << 20;

/// Fetches inputs of tasks, and what is behind the roots that they come from.
pub struct Inputs {
    peer: Peer,
    me: Option<Account>,
    commitments: Mutex<Recent<BlobId, Arc<Commitment>>>,
    last: Mutex<Vec<Assembled>>,
}

/// An input of the task that was asked for last. Tasks share weights: what the next one reads too is neither fetched nor copied again,
/// and its tensor shares the bytes of this one, by which an executor knows it.
struct Assembled {
    job: JobId,
    ty: TensorType,
    parts: Vec<Part>,
    tensor: Tensor,
}

impl Inputs {
    /// Inputs fetched by `peer`. `me` is asked for nothing over the network; it has a part in the network, so what it fetches of a job's
    /// own blobs it serves to everybody.
    pub fn new(peer: Peer, me: Option<Account>) -> Self {
        Self { peer, me, commitments: Mutex::new(Recent::new(MAX_KNOWN_BYTES)), last: Mutex::default() }
    }

    /// The input tensors of a task.
    pub async fn tensors(&self, view: &ShardView, program: &Checked, task: u32) -> Result<Vec<Tensor>, InputError> {
        let job = view.context.job;
        let wanted: Vec<(TensorType, Vec<Part>)> = (0u16..)
            .zip(&program.program().inputs)
            .map(|(slot, ty)| (*ty, view.context.parts(slot, task, ty.bytes())))
            .collect();
        let mut last = std::mem::take(&mut *self.last.lock().unwrap_or_else(PoisonError::into_inner));
        // What nobody reads makes room first.
        last.retain(|was| was.job == job && wanted.iter().any(|(ty, parts)| was.ty == *ty && was.parts == *parts));
        let mut assembled = Vec::with_capacity(wanted.len());
        for (ty, parts) in wanted {
            let known = last.iter().find(|was| was.ty == ty && was.parts == parts).map(|was| was.tensor.clone());
            let tensor = match known {
                Some(tensor) => tensor,
                None => self.assemble(view, ty, &parts).await?,
            };
            assembled.push(Assembled { job, ty, parts, tensor });
        }
        let tensors = assembled.iter().map(|input| input.tensor.clone()).collect();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = assembled;
        Ok(tensors)
    }

    async fn assemble(&self, view: &ShardView, ty: TensorType, parts: &[Part]) -> Result<Tensor, InputError> {
        let mut bytes = Vec::new();
        for part in parts {
            let (_, blob) = self.blob(view, part).await?;
            let covered = covered(part, &blob);
            if parts.len() == 1 && part.start == 0 && covered.len() == blob.len() {
                return Ok(Tensor::new(ty, blob));
            }
            // Parts follow each other; what none covers is missing and reads as zero.
            bytes.resize(part.start as usize, 0);
            bytes.extend_from_slice(covered);
        }
        Ok(Tensor::new(ty, bytes))
    }

    /// The whole blob that a part lies in, and what links its id to the chain.
    pub async fn blob(&self, view: &ShardView, part: &Part) -> Result<(Link, Bytes), InputError> {
        match &part.origin {
            Origin::Inline(bytes) => Ok((Link::Known, bytes.clone().into())),
            Origin::Blob { blob, .. } => Ok((Link::Known, self.of_requester(view, *blob).await?)),
            Origin::Listed { list, entry, len } => {
                let ids = self.of_requester(view, *list).await?;
                let start = *entry as usize * 32;
                let id = ids.get(start..start + 32).and_then(|id| id.try_into().ok()).map(BlobId);
                let id = id.ok_or(InputError::NoEntry(*entry))?;
                let proof = prove_list_entry(&ids, u64::from(*entry));
                Ok((Link::Listed { id, proof }, self.of_requester(view, Blob { id, len: *len }).await?))
            }
            Origin::Output { shard, task, len } => {
                let commitment = self.commitment(view, shard).await?;
                let missing = InputError::NoOutput(shard.id, *task);
                let Some(position) = shard.output_position(*task) else { return Err(missing) };
                let Some(id) = commitment.ids.get(position as usize).copied() else { return Err(missing) };
                let list = leaf_list(&commitment.secret, &shard.worker, &shard.id, &commitment.ids);
                let leaf = LeafProof::new(&list, &commitment.secret, position, id);
                let fetched = self.of_parties(view, &shard.worker, Blob { id, len: *len }).await;
                let bytes = fetched.map_err(|error| InputError::Output { shard: shard.id, error })?;
                Ok((Link::Leaf(leaf), bytes))
            }
        }
    }

    /// A blob from the account that made it, or else from any other party of the shard.
    pub async fn of_parties(&self, view: &ShardView, first: &Account, blob: Blob) -> Result<Bytes, FetchError> {
        self.peer.fetch(blob.id, blob.len, &self.parties(view, first)).await
    }

    /// What is behind the root of an accepted shard, from its worker or from anybody else who holds its outputs.
    pub async fn commitment(&self, view: &ShardView, shard: &AcceptedShard) -> Result<Arc<Commitment>, InputError> {
        if let Some(known) = self.known().get(&shard.root) {
            return Ok(known);
        }
        let committed = Committed { shard: shard.id, worker: shard.worker, root: shard.root, leaves: shard.leaves() };
        let mut failure = CommitmentError::NoEndpoint;
        for endpoint in self.parties(view, &shard.worker) {
            match self.ask(&endpoint, &committed).await {
                Ok(shown) => {
                    let shown = Arc::new(shown);
                    self.know(shard.root, shown.clone());
                    return Ok(shown);
                }
                Err(error) => failure = error,
            }
        }
        Err(InputError::Commitment { shard: shard.id, failure })
    }

    /// Remembers what is behind a root, for a while: it is asked of nobody.
    pub fn know(&self, root: BlobId, commitment: Arc<Commitment>) {
        let bytes = 32 * commitment.ids.len().saturating_add(2);
        self.known().insert(root, commitment, bytes);
    }

    /// What is behind a root, if it is known still.
    pub fn recall(&self, root: &BlobId) -> Option<Arc<Commitment>> {
        self.known().get(root)
    }

    /// Whether what is behind a root is known still.
    pub fn knows(&self, root: &BlobId) -> bool {
        self.known().contains(root)
    }

    async fn ask(&self, endpoint: &Endpoint, committed: &Committed) -> Result<Commitment, CommitmentError> {
        let Response::Secret(shown) = self.peer.ask(endpoint, &Request::Secret { shard: committed.shard }).await?
        else {
            return Err(NetError::Malformed.into());
        };
        // The root alone fixes secret and ids.
        committed.verify_secret(&shown, &secret_hash(&shown.secret))?;
        Ok(shown)
    }

    async fn of_requester(&self, view: &ShardView, blob: Blob) -> Result<Bytes, InputError> {
        let mut from = view.requester.clone();
        // Those who have fetched it serve it too.
        let others = view.endpoints.iter().filter(|(account, _)| Some(*account) != self.me);
        from.extend(others.map(|(_, endpoint)| endpoint.clone()));
        let bytes = self.peer.fetch(blob.id, blob.len, &from).await.map_err(InputError::Requester)?;
        // The job names it, so it is no secret.
        if self.me.is_some() {
            self.peer.access().publish(blob.id);
        }
        Ok(bytes)
    }

    /// Endpoints of the other parties: `first` before those that only may hold what it made.
    fn parties(&self, view: &ShardView, first: &Account) -> Vec<Endpoint> {
        let others = view.endpoints.iter().filter(|(account, _)| Some(*account) != self.me).cloned();
        let (mut from, others): (Vec<_>, Vec<_>) = others.partition(|(account, _)| account == first);
        from.extend(others);
        from.into_iter().map(|(_, endpoint)| endpoint).collect()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Recent<BlobId, Arc<Commitment>>> {
        self.commitments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes of a part in the blob that it lies in.
fn covered<'a>(part: &Part, blob: &'a [u8]) -> &'a [u8] {
    let offset = match part.origin {
        Origin::Blob { offset, .. } => usize::try_from(offset).unwrap_or(usize::MAX),
        _ => 0,
    };
    let bytes = blob.get(offset..).unwrap_or_default();
    bytes.get(..part.len as usize).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            messages::{Answer, Answering},
            Config, MemoryStore, PeerId,
        },
        *,
    };
    use quern_primitives::{
        draw::SegmentCosts,
        job::{Input, OutputMap, Stage},
        ShardId,
    };
    use quern_program::{DType, ProgramBuilder};
    use quern_protocol::{
        inputs::{StageContext, StageOutputs},
        shard::Shard,
    };

    const WORKER: Account = [1; 32];
    const AUDITOR: Account = [2; 32];
    const SOURCE: ShardId = ShardId { job: 1, stage: 0, index: 0 };
    const SECRET: [u8; 32] = [7; 32];

    async fn peer() -> Peer {
        let config = Config::new(iroh::SecretKey::generate().to_bytes(), ([127, 0, 0, 1], 0).into());
        Peer::bind(config, MemoryStore::default()).await.unwrap()
    }

    async fn serve(peer: &Peer, bytes: &[u8]) -> Blob {
        let id = peer.store().put(bytes.to_vec().into()).await.unwrap();
        peer.access().publish(id);
        Blob { id, len: bytes.len() as u64 }
    }

    struct Shows(Commitment);

    impl Answer for Shows {
        async fn answer(&self, _: PeerId, _: Request) -> Result<Response, String> {
            Ok(Response::Secret(self.0.clone()))
        }
    }

    /// An accepted shard of two tasks without a loop, whose outputs are these.
    fn accepted(outputs: &[Blob]) -> (AcceptedShard, Commitment) {
        let ids: Vec<BlobId> = outputs.iter().map(|blob| blob.id).collect();
        let root = BlobId::of(&leaf_list(&SECRET, &WORKER, &SOURCE, &ids));
        let shard = AcceptedShard { id: SOURCE, worker: WORKER, root, first_task: 0, tasks: 2, segments_per_task: 1 };
        (shard, Commitment { secret: SECRET, ids })
    }

    fn view(inputs: Vec<Input>, outputs: Vec<StageOutputs>, requester: &Peer, holder: &Peer) -> ShardView {
        let stage = Stage { program: BlobId([3; 32]), tasks: 2, shard_size: 2, inputs: inputs.try_into().unwrap() };
        let costs = SegmentCosts { init: 1, body: 0, steps: 0, finish: 0, has_loop: false };
        ShardView {
            shard: Shard::new(ShardId { job: 1, stage: 1, index: 0 }, 0, 2, costs),
            context: StageContext { genesis: [0; 32], job: 1, index: 1, stage, randomness: [5; 32], outputs },
            requester: vec![requester.endpoint()],
            endpoints: vec![(AUDITOR, holder.endpoint())],
            disputes: Vec::new(),
            answered: Vec::new(),
            demand_price: None,
        }
    }

    #[tokio::test]
    async fn tensors_should_be_assembled_from_every_kind_of_input_when_only_an_auditor_still_serves_the_outputs() {
        let (requester, auditor, reader) = (peer().await, peer().await, peer().await);
        let slices = serve(&requester, &[1, 2, 3, 4, 5, 6]).await;
        let listed = [serve(&requester, &[10, 11]).await, serve(&requester, &[20, 21]).await];
        let list = serve(&requester, &[listed[0].id.0, listed[1].id.0].concat()).await;
        let outputs = [serve(&auditor, &[30, 31]).await, serve(&auditor, &[40, 41]).await];
        let (shard, commitment) = accepted(&outputs);
        auditor.answer_with(Arc::new(Answering(Shows(commitment))));
        let stage = StageOutputs { stage: 0, output_bytes: 2, tasks: 2, shards: vec![shard] };
        let view = view(
            vec![
                Input::Slice { blob: slices, stride: 4 },
                Input::List(list),
                Input::Output { stage: 0, map: OutputMap::All },
                Input::Index,
            ],
            vec![stage],
            &requester,
            &auditor,
        );
        let mut b = ProgramBuilder::new();
        let x = b.input(DType::I8, &[4]);
        b.input(DType::I8, &[2]);
        b.input(DType::I8, &[4]);
        b.input(DType::I32, &[1]);
        let output = b.add(x, x);
        let program = b.build(output).unwrap();

        let tensors = Inputs::new(reader, None).tensors(&view, &program, 1).await.unwrap();
        let bytes: Vec<&[u8]> = tensors.iter().map(|tensor| tensor.bytes.as_ref()).collect();
        // The slice of task 1 ends with its blob; what is missing reads as zero.
        assert_eq!(&bytes[0][..2], [5, 6]);
        assert_eq!(bytes[1..], [&[20, 21][..], &[30, 31, 40, 41], &[1, 0, 0, 0]]);
    }

    #[tokio::test]
    async fn tensors_should_share_their_bytes_when_tasks_read_the_same() {
        let (requester, reader) = (peer().await, peer().await);
        let (weights, slices) = (serve(&requester, &[1, 2]).await, serve(&requester, &[3, 4, 5, 6]).await);
        let view = view(
            vec![Input::Blob(weights), Input::Slice { blob: slices, stride: 2 }],
            Vec::new(),
            &requester,
            &requester,
        );
        let mut b = ProgramBuilder::new();
        let [x, y] = [(); 2].map(|()| b.input(DType::I8, &[2]));
        let output = b.add(x, y);
        let program = b.build(output).unwrap();

        let inputs = Inputs::new(reader, None);
        let first = inputs.tensors(&view, &program, 0).await.unwrap();
        let second = inputs.tensors(&view, &program, 1).await.unwrap();
        assert_eq!(first[0].bytes.as_ptr(), second[0].bytes.as_ptr());
        assert_eq!([&first[1].bytes[..], &second[1].bytes[..]], [[3, 4], [5, 6]]);
    }

    #[tokio::test]
    async fn commitment_should_be_refused_when_it_is_not_behind_the_root() {
        let (requester, auditor, reader) = (peer().await, peer().await, peer().await);
        let (shard, mut commitment) =
            accepted(&[Blob { id: BlobId([8; 32]), len: 1 }, Blob { id: BlobId([9; 32]), len: 1 }]);
        commitment.ids.swap(0, 1);
        auditor.answer_with(Arc::new(Answering(Shows(commitment))));
        let view = view(Vec::new(), Vec::new(), &requester, &auditor);
        let refused = Inputs::new(reader, None).commitment(&view, &shard).await;
        assert!(
            matches!(refused, Err(InputError::Commitment { failure: CommitmentError::Unproven(Unproven::Root), .. })),
            "{refused:?}"
        );
    }

    #[tokio::test]
    async fn input_should_be_served_by_who_has_fetched_it_when_the_requester_is_gone() {
        let (requester, auditor, reader) = (peer().await, peer().await, peer().await);
        let blob = serve(&requester, &[1, 2, 3]).await;
        let view = view(Vec::new(), Vec::new(), &requester, &auditor);
        let part = Part { start: 0, len: 3, origin: Origin::Blob { blob, offset: 0 } };
        Inputs::new(auditor.clone(), Some(AUDITOR)).blob(&view, &part).await.unwrap();
        requester.shutdown().await;
        let (_, bytes) = Inputs::new(reader, Some(WORKER)).blob(&view, &part).await.unwrap();
        assert_eq!(bytes[..], [1, 2, 3]);
    }

    #[tokio::test]
    async fn commitments_should_be_forgotten_when_they_take_too_much_memory() {
        let inputs = Inputs::new(peer().await, None);
        let largest = Arc::new(Commitment { secret: [0; 32], ids: vec![BlobId([8; 32]); 65_536] });
        let roots: Vec<BlobId> = (0u8..40).map(|root| BlobId([root; 32])).collect();
        roots.iter().for_each(|root| inputs.know(*root, largest.clone()));
        let known = roots.iter().filter(|root| inputs.knows(root)).count();
        assert!((16..=32).contains(&known), "{known}");
        assert!(inputs.knows(&roots[39]));
    }

    #[tokio::test]
    async fn commitment_should_be_asked_of_nobody_when_it_is_known() {
        let (requester, silent, reader) = (peer().await, peer().await, peer().await);
        let (shard, commitment) =
            accepted(&[Blob { id: BlobId([8; 32]), len: 1 }, Blob { id: BlobId([9; 32]), len: 1 }]);
        let view = view(Vec::new(), Vec::new(), &requester, &silent);
        let inputs = Inputs::new(reader, Some(WORKER));
        inputs.know(shard.root, Arc::new(commitment.clone()));
        assert_eq!(*inputs.commitment(&view, &shard).await.unwrap(), commitment);
    }
}
