// SPDX-License-Identifier: Apache-2.0
//! The one JSON dialect of Quern, in which the node's methods `quern_*`, the commands and the SDK answer: accounts are SS58
//! addresses, ids and roots `0x` and 64 hexadecimal digits, amounts (in the smallest unit, 10^-12 QRN) and counts of MACs strings
//! of decimal digits, because a JSON number may not hold them exactly; heights and other numbers are JSON numbers.

use crate::view::{
    AccountView, JobFailure, JobStatus, JobView, NetworkView, ParticipantView, PhaseCounts, StageProgress,
};
use alloc::{format, string::String, vec::Vec};
use blake2::{Blake2b512, Digest};
use quern_primitives::{
    job::{Endpoint, SocketAddress},
    traits::Role,
    BlobId, Height, JobId,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::net::{Ipv6Addr, SocketAddr};

/// The prefix of addresses.
pub const SS58_PREFIX: u8 = 42;

/// An account's address as text: SS58 with [`SS58_PREFIX`].
///
/// The format is that of the [Substrate address format](https://docs.polkadot.com/reference/parachains/accounts/): base58 of the
/// prefix, the account, and the first two bytes of the BLAKE2b-512 of `SS58PRE` and both.
pub fn address(account: &quern_primitives::Account) -> String {
    let mut bytes = Vec::from([SS58_PREFIX]);
    bytes.extend_from_slice(account);
    let hash = Blake2b512::new().chain_update(b"SS58PRE").chain_update(&bytes).finalize();
    bytes.extend(hash.iter().take(2));
    bs58::encode(bytes).into_string()
}

/// A number that a JSON number may not hold exactly, as a string of decimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Big(pub u128);

impl From<u128> for Big {
    fn from(number: u128) -> Self {
        Self(number)
    }
}

impl From<u64> for Big {
    fn from(number: u64) -> Self {
        Self(number.into())
    }
}

impl core::fmt::Display for Big {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

impl core::ops::AddAssign for Big {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

impl core::iter::Sum for Big {
    fn sum<I: Iterator<Item = Self>>(numbers: I) -> Self {
        numbers.fold(Self(0), |sum, number| Self(sum.0.saturating_add(number.0)))
    }
}

impl Serialize for Big {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Big {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| serde::de::Error::custom(format!("{text:?} is no number of decimal digits")))
    }
}

/// 32 bytes as `0x` and 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hex(pub [u8; 32]);

impl From<BlobId> for Hex {
    fn from(id: BlobId) -> Self {
        Self(id.0)
    }
}

impl core::fmt::Display for Hex {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(&text), &mut bytes)
            .map_err(|_| serde::de::Error::custom(format!("{text:?} is not 0x and 64 hexadecimal digits")))?;
        Ok(Self(bytes))
    }
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
    pub root: Option<Hex>,
    /// Accepted shards that wait for their window to close before they are paid.
    pub maturing: u32,
    /// Stages whose results were overturned after they were accepted, or stand on such results.
    pub tainted: Vec<u16>,
    /// The job that it is a fork of.
    pub parent: Option<JobId>,
    /// Why it failed.
    pub failure: Option<&'static str>,
    /// Whose inputs it waits for, while it is paused.
    pub pause: Option<Pause>,
    /// How often it was paused.
    pub pauses: u8,
    /// What is held anew when it is resumed.
    pub unfunded: Big,
}

/// A status in a word.
pub fn status(status: &JobStatus) -> &'static str {
    match status {
        JobStatus::Waiting => "waiting",
        JobStatus::Running => "running",
        JobStatus::Completed { .. } => "completed",
        JobStatus::Failed => "failed",
        JobStatus::Cancelled => "cancelled",
        JobStatus::Paused { .. } => "paused",
    }
}

/// Why a job failed, in a word.
pub fn failure(failure: &JobFailure) -> &'static str {
    match failure {
        JobFailure::NoWorker => "no_worker",
        JobFailure::InputsUnavailable => "inputs_unavailable",
        JobFailure::Overturned => "overturned",
    }
}

/// Why a job is paused, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// Stage of the shard whose inputs cannot be fetched.
    pub stage: u16,
    /// Its index.
    pub shard: u32,
    /// Last height at which its requester can resume it.
    pub until: u32,
}

impl From<&JobView> for Job {
    fn from(view: &JobView) -> Self {
        Self {
            id: view.id,
            requester: address(&view.requester),
            status: status(&view.status),
            stages: view.stages.iter().map(Stage::from).collect(),
            escrow_left: Big(view.escrow_left),
            spent: Big(view.spent),
            bid: Big(view.bid),
            submitted_at: view.submitted_at,
            root: view.root.map(Hex::from),
            maturing: view.maturing,
            tainted: view.tainted.clone(),
            parent: view.parent,
            failure: view.failure.as_ref().map(failure),
            pause: match view.status {
                JobStatus::Paused { shard, until } => Some(Pause { stage: shard.stage, shard: shard.index, until }),
                _ => None,
            },
            pauses: view.pauses,
            unfunded: Big(view.unfunded),
        }
    }
}

/// How far a stage is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// Its program.
    pub program: Hex,
    /// Number of its tasks.
    pub tasks: u32,
    /// Number of its shards.
    pub shards: u32,
    /// Those that exist so far, by phase.
    pub phases: PhaseCounts,
    /// Those that are accepted.
    pub accepted: u32,
    /// BLAKE3 of the list of shard roots, once all are accepted.
    pub root: Option<Hex>,
}

impl From<&StageProgress> for Stage {
    fn from(view: &StageProgress) -> Self {
        let StageProgress { program, tasks, shards, phases, accepted, root } = *view;
        Self { program: program.into(), tasks, shards, phases, accepted, root: root.map(Hex::from) }
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

/// What outputs of a job are checked against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The job.
    pub job: JobId,
    /// BLAKE3 of the list of stage roots; none until the job is completed. It stays for ever.
    pub root: Option<Hex>,
    /// The stage roots, each none until the stage is accepted. None as a whole once the job's details are removed.
    pub stages: Option<Vec<Option<Hex>>>,
    /// Stages whose results were overturned after they were accepted, or stand on such results. It stays for ever.
    pub tainted: Vec<u16>,
}

impl From<&JobView> for Receipt {
    fn from(view: &JobView) -> Self {
        let stages = view.stages.iter().map(|stage| stage.root.map(Hex::from)).collect();
        Self { job: view.id, root: view.root.map(Hex::from), stages: Some(stages), tainted: view.tainted.clone() }
    }
}

impl Receipt {
    /// Of a job whose details are removed.
    pub fn pruned(job: JobId, root: BlobId, tainted: Vec<u16>) -> Self {
        Self { job, root: Some(root.into()), stages: None, tainted }
    }
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
    /// Verification work in MACs, as expected.
    pub audit_macs: Big,
    /// Number of shards.
    pub shards: u32,
    /// Most collateral that a worker locks for one shard.
    pub collateral: Big,
    /// Registered workers, busy ones included, that could run every shard.
    pub workers: u32,
    /// Work in MACs, for which the price is: `macs`, or more where many bytes are moved.
    pub work_macs: Big,
    /// What is burned at submission beside what is held: the chain's `shard_fee` for each shard.
    pub shard_fee: Big,
    /// Most that each validator locks for one audit.
    pub audit_bond: Big,
    /// Most validators that audit one shard.
    pub auditors: u32,
    /// Registered validators whose whole bond, locked or not, covers that.
    pub validators: u32,
    /// What is held beside the escrow for the job's place until the job is closed.
    pub place_deposit: Big,
}

impl From<&crate::view::Quote> for Quote {
    fn from(view: &crate::view::Quote) -> Self {
        Self {
            escrow: Big(view.escrow),
            price: Big(view.price),
            audit_fee: Big(view.audit_fee),
            protocol_fee: Big(view.protocol_fee),
            macs: Big(view.macs.into()),
            audit_macs: Big(view.audit_macs.into()),
            shards: view.shards,
            collateral: Big(view.collateral),
            workers: view.workers,
            work_macs: Big(view.work_macs.into()),
            shard_fee: Big(view.shard_fee),
            audit_bond: Big(view.audit_bond),
            auditors: view.auditors,
            validators: view.validators,
            place_deposit: Big(view.place_deposit),
        }
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
    /// Its rate in GMAC a second, as its daemon measured it; 0 where nothing was measured.
    pub gmacs_per_second: u32,
    /// Its region, as its operator states it: a country's two letters.
    pub region: Option<String>,
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

/// A role in a word.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Worker => "worker",
        Role::Validator => "validator",
        Role::Apprentice => "apprentice",
    }
}

impl From<&ParticipantView> for Participant {
    fn from(view: &ParticipantView) -> Self {
        Self {
            address: address(&view.account),
            role: role(view.role),
            endpoint: Peer::from(&view.endpoint),
            memory_mib: view.profile.memory_mib,
            device: String::from_utf8_lossy(&view.profile.device).into_owned(),
            accelerator: view.profile.accelerator,
            gmacs_per_second: view.profile.gmacs_per_second,
            region: view.profile.region.map(|region| region.to_string()),
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

/// A page of registered workers, then validators, then apprentices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkerPage {
    /// They.
    pub workers: Vec<Participant>,
    /// Where the next page starts, if there is more.
    pub next: Option<u32>,
}

/// Where a participant serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Peer {
    /// Its public key.
    pub id: Hex,
    /// Where it can be reached directly.
    pub addresses: Vec<SocketAddr>,
}

/// The socket address that the chain's record means: IPv4, which it maps into IPv6, is IPv4 again.
fn socket(address: &SocketAddress) -> SocketAddr {
    SocketAddr::new(Ipv6Addr::from(address.ip).to_canonical(), address.port)
}

impl From<&Endpoint> for Peer {
    fn from(endpoint: &Endpoint) -> Self {
        Self { id: Hex(endpoint.id), addresses: endpoint.addresses.iter().map(socket).collect() }
    }
}

/// What an account has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
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

impl Account {
    /// Puts together what is known of an account.
    pub fn new(account: &quern_primitives::Account, view: &AccountView, participant: Option<&ParticipantView>) -> Self {
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
    /// Draws for audits: one for each round of a commitment.
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

impl From<&NetworkView> for Network {
    fn from(view: &NetworkView) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The development key `//Alice`, as every Substrate tool knows it.
    const ALICE: quern_primitives::Account = [
        0xd4, 0x35, 0x93, 0xc7, 0x15, 0xfd, 0xd3, 0x1c, 0x61, 0x14, 0x1a, 0xbd, 0x04, 0xa9, 0x9f, 0xd6, 0x82, 0x2c,
        0x85, 0x58, 0x85, 0x4c, 0xcd, 0xe3, 0x9a, 0x56, 0x84, 0xe7, 0xa5, 0x6d, 0xa2, 0x7d,
    ];

    #[test]
    fn address_should_be_that_of_other_substrate_tools() {
        assert_eq!(address(&ALICE), "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
        assert_eq!(address(&[0; 32]), "5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM");
    }

    #[test]
    fn amount_should_be_shown_and_added_as_a_number() {
        let mut sum = Big(1);
        sum += Big::from(2u64);
        assert_eq!((sum.to_string(), [Big(1), Big(2)].into_iter().sum()), ("3".into(), Big(3)));
    }

    #[test]
    fn job_should_be_in_the_dialect_of_the_node() {
        let view = JobView {
            id: 3,
            requester: ALICE,
            status: JobStatus::Completed { root: BlobId([1; 32]) },
            maturing: 0,
            tainted: vec![],
            parent: None,
            failure: None,
            pauses: 1,
            unfunded: 0,
            stages: Vec::new(),
            escrow_left: 0,
            spent: u128::MAX,
            bid: 1_000_000_000_000,
            submitted_at: 7,
            root: Some(BlobId([1; 32])),
        };
        let expected = serde_json::json!({
            "id": 3,
            "requester": "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
            "status": "completed",
            "stages": [],
            "escrow_left": "0",
            "spent": "340282366920938463463374607431768211455",
            "bid": "1000000000000",
            "submitted_at": 7,
            "root": format!("0x{}", "01".repeat(32)),
            "maturing": 0,
            "tainted": [],
            "parent": null,
            "failure": null,
            "pause": null,
            "pauses": 1,
            "unfunded": "0",
        });
        assert_eq!(serde_json::to_value(Job::from(&view)).unwrap(), expected);
        let shard = quern_primitives::ShardId { job: 3, stage: 1, index: 2 };
        let paused = Job::from(&JobView { status: JobStatus::Paused { shard, until: 9 }, unfunded: 5, ..view });
        let pause = serde_json::json!({ "stage": 1, "shard": 2, "until": 9 });
        assert_eq!((paused.status, serde_json::to_value(paused.pause).unwrap()), ("paused", pause));
    }

    proptest! {
        #[test]
        fn big_numbers_and_ids_should_survive_when_written_and_read(number: u128, bytes: [u8; 32]) {
            let text = serde_json::to_string(&(Big(number), Hex(bytes))).unwrap();
            prop_assert_eq!(serde_json::from_str::<(Big, Hex)>(&text).unwrap(), (Big(number), Hex(bytes)));
        }

        #[test]
        fn any_text_should_be_read_or_refused_as_an_id(text: String) {
            let text = serde_json::to_string(&text).unwrap();
            let _ = serde_json::from_str::<Hex>(&text);
            let _ = serde_json::from_str::<Big>(&text);
        }
    }
}
