// SPDX-License-Identifier: Apache-2.0
//! Small jobs, and the requester who submits them through the SDK.

use crate::network::{Network, REQUESTER};
use codec::Encode;
use quern_primitives::{
    job::{Blob, Input, JobSpec, Stage},
    Account, BlobId, JobId, QRN,
};
use quern_program::{Checked, DType, ProgramBuilder};
use quern_sdk::{
    chain::{calls, runtime, Chain, Keypair, Sender},
    models::BuiltJob,
    net::{Config, MemoryStore, Peer},
};

/// Rows and columns of the small program's matrices.
pub const SIDE: u32 = 32;
/// Repetitions of the small program's loop.
const STEPS: u32 = 3;

/// A program with a loop: rows of numbers, again and again multiplied by a matrix and narrowed. Its inputs are the matrix
/// and the rows, [`SIDE`] x [`SIDE`] of `i8` each.
pub fn small_program() -> Checked {
    let mut b = ProgramBuilder::new();
    let matrix = b.input(DType::I8, &[SIDE, SIDE]);
    let rows = b.input(DType::I8, &[SIDE, SIDE]);
    let eight = b.scalar(8);
    let narrowed = |b: &mut ProgramBuilder, x| {
        let product = b.matmul_nt(x, matrix);
        let product = b.shift_round(product, eight);
        b.cast(product, DType::I8)
    };
    let first = narrowed(&mut b, rows);
    let state = b.begin_body(&[first]);
    let next = narrowed(&mut b, state[0]);
    let last = b.begin_finish(&[next], STEPS);
    let output = b.add(last[0], rows);
    b.build(output).expect("the small program is valid")
}

/// A job of one stage of the small program. Its endpoints are still to be named.
pub fn small_job(tasks: u32, shard_size: u32) -> BuiltJob {
    let program = small_program();
    let bytes = |len: u32, seed: u32| -> Vec<u8> {
        (0..len).map(|index| (index.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 11) as u8).collect()
    };
    let size = SIDE * SIDE;
    let (matrix, rows) = (bytes(size, 1), bytes(size * tasks, 2));
    let blob = |bytes: &[u8]| Blob { id: BlobId::of(bytes), len: bytes.len() as u64 };
    let inputs = vec![Input::Blob(blob(&matrix)), Input::Slice { blob: blob(&rows), stride: size.into() }];
    let inputs = inputs.try_into().expect("two inputs are allowed");
    let stage = Stage { program: program.id(), tasks, shard_size, inputs };
    let spec = JobSpec {
        stages: vec![stage].try_into().expect("one stage is allowed"),
        bid: QRN,
        audit: Default::default(),
        requirements: Default::default(),
        endpoints: Default::default(),
        extra_blocks: 0,
    };
    BuiltJob { spec, programs: vec![program], blobs: vec![matrix, rows] }
}

/// Who pays for jobs and serves their inputs.
pub struct Requester {
    keys: Keypair,
    chain: Chain,
    peer: Peer,
}

impl Requester {
    /// The requester of a network.
    pub async fn of(network: &Network) -> Self {
        let keys = Keypair::from_suri(REQUESTER).expect("a development path");
        let config = Config::new(keys.derive(b"quern/tests"), ([127, 0, 0, 1], 0).into());
        let peer = Peer::bind(config, MemoryStore::default()).await.expect("loopback can be served on");
        Self { keys, chain: network.chain.clone(), peer }
    }

    /// Its account.
    pub fn account(&self) -> Account {
        self.keys.account()
    }

    /// Signs and sends. A sender counts the account's extrinsics, so each use has its own: the user's command may have sent
    /// others in between.
    pub fn sender(&self) -> Sender {
        self.chain.sender(self.keys.clone())
    }

    /// Serves a job's blobs, publishes what is missing of its programs, and submits it.
    pub async fn submit(&self, mut job: BuiltJob) -> JobId {
        let sender = self.sender();
        for blob in &job.blobs {
            let id = self.peer.store().put(blob.clone().into()).await.expect("memory holds it");
            self.peer.access().publish(id);
        }
        for program in &job.programs {
            if self.chain.program(program.id()).await.expect("the node answers").is_none() {
                let published = sender.send_and_wait(&calls::publish_program(program.program().encode())).await;
                published.expect("a valid program is published");
            }
        }
        job.spec.endpoints = vec![self.peer.endpoint()].try_into().expect("one endpoint is allowed");
        let included = sender.send_and_wait(&calls::submit_job(job.spec)).await.expect("a valid job is taken");
        let id = included.events.iter().find_map(|event| match event {
            runtime::Event::Jobs(runtime::jobs::Event::JobSubmitted { job, .. }) => Some(*job),
            _ => None,
        });
        id.expect("the chain says the job's number")
    }
}

/// Writes [`small_job`] as `job.json` with its files into a folder, as `quern job submit` reads it.
pub fn write_small_job(folder: &std::path::Path, tasks: u32, shard_size: u32) {
    let job = small_job(tasks, shard_size);
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).expect("it can be written");
    write("small.quern", &job.programs[0].program().encode());
    write("matrix.bin", &job.blobs[0]);
    write("rows.bin", &job.blobs[1]);
    let stage = serde_json::json!({
        "program": "small.quern",
        "tasks": tasks,
        "shard_size": shard_size,
        "inputs": [{ "blob": "matrix.bin" }, { "slice": { "file": "rows.bin", "stride": SIDE * SIDE } }],
    });
    write("job.json", serde_json::json!({ "memory_mib": 1, "stages": [stage] }).to_string().as_bytes());
}
