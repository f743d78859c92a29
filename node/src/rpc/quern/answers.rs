// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Answers as clients read them: the names of `quern_protocol::view`; ids are 0x and 64 hexadecimal digits, accounts are
//! addresses. Amounts and counts of MACs can exceed what a JSON number holds exactly, so they are strings of decimal
//! digits; an amount is in the smallest unit, 10^-12 QRN.

use quern_primitives::{
    job::{Endpoint, SocketAddress},
    traits::Role,
    Account, BlobId, Height, JobId,
};
use quern_protocol::view::{
    AccountView, JobStatus, JobView, NetworkView, ParticipantView, PhaseCounts, Quote as QuoteView, StageProgress,
};
use quern_runtime::{AccountId, SS58_PREFIX};
use serde::{Serialize, Serializer};
use sp_core::{crypto::Ss58Codec, H256};
use std::net::{Ipv6Addr, SocketAddr};

/// A count that a JSON number may not hold exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Big(pub u128);

impl Serialize for Big {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

fn id(id: BlobId) -> H256 {
    H256(id.0)
}

fn address(account: Account) -> String {
    AccountId::from(account).to_ss58check_with_version(SS58_PREFIX.into())
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Who pays.
    pub requester: String,
    /// `waiting`, `running`, `completed`, `failed` or `cancelled`.
    pub status: &'static str,
    /// Its stages, in order.
    pub stages: Vec<Stage>,
    /// What is still held for it.
    pub escrow_left: Big,
    /// What was paid.
    pub spent: Big,
    /// Highest price per GMAC.
    pub bid: Big,
    /// Height of its submission.
    pub submitted_at: Height,
    /// BLAKE3 of the list of stage roots, once it is completed.
    pub root: Option<H256>,
    /// Accepted shards that wait for their window to close before they are paid.
    pub maturing: u32,
    /// Stages whose results were overturned after they were accepted, or stand on such results.
    pub tainted: Vec<u16>,
    /// The job that it is a fork of.
    pub parent: Option<JobId>,
}

impl From<JobView> for Job {
    fn from(view: JobView) -> Self {
        let status = match view.status {
            JobStatus::Waiting => "waiting",
            JobStatus::Running => "running",
            JobStatus::Completed { .. } => "completed",
            JobStatus::Failed => "failed",
            JobStatus::Cancelled => "cancelled",
        };
        Self {
            id: view.id,
            requester: address(view.requester),
            status,
            stages: view.stages.into_iter().map(Stage::from).collect(),
            escrow_left: Big(view.escrow_left),
            spent: Big(view.spent),
            bid: Big(view.bid),
            submitted_at: view.submitted_at,
            root: view.root.map(id),
            maturing: view.maturing,
            tainted: view.tainted,
            parent: view.parent,
        }
    }
}

/// How far a stage is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// Its program.
    pub program: H256,
    /// Number of its tasks.
    pub tasks: u32,
    /// Number of its shards.
    pub shards: u32,
    /// Those that exist so far, by phase.
    pub phases: PhaseCounts,
    /// Those that are accepted.
    pub accepted: u32,
    /// BLAKE3 of the list of shard roots, once all are accepted.
    pub root: Option<H256>,
}

impl From<StageProgress> for Stage {
    fn from(view: StageProgress) -> Self {
        let StageProgress { program, tasks, shards, phases, accepted, root } = view;
        Self { program: id(program), tasks, shards, phases, accepted, root: root.map(id) }
    }
}

/// A page of jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JobPage {
    /// The jobs; those whose details are removed are left out.
    pub jobs: Vec<Job>,
    /// Where the next page starts, if there may be more.
    pub next: Option<JobId>,
}

/// What a job would cost, at its bid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quote {
    /// What would be held: the sum of the following three.
    pub escrow: Big,
    /// The work.
    pub price: Big,
    /// What the auditors share.
    pub audit_fee: Big,
    /// The protocol fee.
    pub protocol_fee: Big,
    /// Multiply-accumulates of useful work.
    pub macs: Big,
    /// Multiply-accumulates of verification work, as expected.
    pub audit_macs: Big,
    /// Number of shards.
    pub shards: u32,
    /// Most collateral that a worker locks for one shard.
    pub collateral: Big,
}

impl From<QuoteView> for Quote {
    fn from(view: QuoteView) -> Self {
        Self {
            escrow: Big(view.escrow),
            price: Big(view.price),
            audit_fee: Big(view.audit_fee),
            protocol_fee: Big(view.protocol_fee),
            macs: Big(view.macs.into()),
            audit_macs: Big(view.audit_macs.into()),
            shards: view.shards,
            collateral: Big(view.collateral),
        }
    }
}

/// What outputs of a job are checked against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The job.
    pub job: JobId,
    /// BLAKE3 of the list of stage roots; none until the job is completed. It stays for ever.
    pub root: Option<H256>,
    /// The stage roots, each none until the stage is accepted. None as a whole once the job's details are removed.
    pub stages: Option<Vec<Option<H256>>>,
    /// Stages whose results were overturned after they were accepted, or stand on such results. It stays for ever.
    pub tainted: Vec<u16>,
}

impl From<JobView> for Receipt {
    fn from(view: JobView) -> Self {
        let stages = view.stages.iter().map(|stage| stage.root.map(id)).collect();
        Self { job: view.id, root: view.root.map(id), stages: Some(stages), tainted: view.tainted }
    }
}

impl Receipt {
    /// Of a job whose details are removed.
    pub fn pruned(job: JobId, root: BlobId, tainted: Vec<u16>) -> Self {
        Self { job, root: Some(id(root)), stages: None, tainted }
    }
}

/// A registered worker or validator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Participant {
    /// The account.
    pub address: String,
    /// `worker` or `validator`.
    pub role: &'static str,
    /// Where it serves blobs and answers.
    pub endpoint: Peer,
    /// Memory of its device.
    pub memory_mib: u32,
    /// Name of its device.
    pub device: String,
    /// Whether the device is an accelerator (and not the CPU).
    pub accelerator: bool,
    /// Price per GMAC.
    pub ask: Big,
    /// Shards that it holds at the same time.
    pub slots: u32,
    /// Shards that it holds now.
    pub open: u32,
    /// Reputation.
    pub reputation: u32,
    /// Whether it was convicted.
    pub barred: bool,
    /// Its bond.
    pub bonded: Big,
    /// What of the bond is locked.
    pub locked: Big,
}

impl From<ParticipantView> for Participant {
    fn from(view: ParticipantView) -> Self {
        Self {
            address: address(view.account),
            role: match view.role {
                Role::Worker => "worker",
                Role::Validator => "validator",
                Role::Apprentice => "apprentice",
            },
            endpoint: view.endpoint.into(),
            memory_mib: view.profile.memory_mib,
            device: String::from_utf8_lossy(&view.profile.device).into_owned(),
            accelerator: view.profile.accelerator,
            ask: Big(view.ask),
            slots: view.slots,
            open: view.open,
            reputation: view.reputation,
            barred: view.barred,
            bonded: Big(view.bonded),
            locked: Big(view.locked),
        }
    }
}

/// A page of registered workers, then validators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkerPage {
    /// They.
    pub workers: Vec<Participant>,
    /// Where the next page starts, if there is more.
    pub next: Option<u32>,
}

/// An iroh endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Peer {
    /// Its public key.
    pub id: H256,
    /// Where it can be reached directly.
    pub addresses: Vec<SocketAddr>,
}

impl From<Endpoint> for Peer {
    fn from(endpoint: Endpoint) -> Self {
        let socket = |address: &SocketAddress| SocketAddr::new(Ipv6Addr::from(address.ip).to_canonical(), address.port);
        Self { id: H256(endpoint.id), addresses: endpoint.addresses.iter().map(socket).collect() }
    }
}

/// What an account has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountAnswer {
    /// The account.
    pub address: String,
    /// What it can spend.
    pub free: Big,
    /// What is held of it, for whatever reason.
    pub held: Big,
    /// Its bond.
    pub bonded: Big,
    /// What of the bond is locked.
    pub locked: Big,
    /// What is unbonding.
    pub unbonding: Big,
    /// What it has earned and not claimed.
    pub credits: Big,
    /// What it does for the network, if it is registered.
    pub participant: Option<Participant>,
}

impl AccountAnswer {
    /// Puts together what is known of an account.
    pub fn new(account: Account, view: AccountView, participant: Option<ParticipantView>) -> Self {
        Self {
            address: address(account),
            free: Big(view.free),
            held: Big(view.held),
            bonded: Big(view.bonded),
            locked: Big(view.locked),
            unbonding: Big(view.unbonding),
            credits: Big(view.credits),
            participant: participant.map(Participant::from),
        }
    }
}

/// The network in numbers, since genesis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Network {
    /// Height of the best block.
    pub height: Height,
    /// Length of a slot in milliseconds.
    pub slot_ms: u64,
    /// Blocks of a draw period.
    pub draw_period_blocks: Height,
    /// Active workers.
    pub workers: u32,
    /// Active validators.
    pub validators: u32,
    /// Accepted shards.
    pub shards_settled: u64,
    /// Draws of segments and validators: one for each round of audits.
    pub draws: u64,
    /// Disputes opened.
    pub disputes: u64,
    /// Disputes that the worker lost.
    pub convicted: u64,
    /// Disputes that the challenger lost.
    pub refuted: u64,
    /// Useful work that was accepted, in MACs.
    pub useful_macs: Big,
    /// Fees burned.
    pub burned: Big,
    /// Emitted.
    pub emitted: Big,
    /// Total issuance.
    pub issuance: Big,
}

impl From<NetworkView> for Network {
    fn from(view: NetworkView) -> Self {
        Self {
            height: view.height,
            slot_ms: view.slot_ms,
            draw_period_blocks: view.draw_period_blocks,
            workers: view.workers,
            validators: view.validators,
            shards_settled: view.shards_settled,
            draws: view.draws,
            disputes: view.disputes,
            convicted: view.convicted,
            refuted: view.refuted,
            useful_macs: Big(view.useful_macs),
            burned: Big(view.burned),
            emitted: Big(view.emitted),
            issuance: Big(view.issuance),
        }
    }
}
