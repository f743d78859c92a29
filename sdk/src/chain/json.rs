// SPDX-License-Identifier: Apache-2.0
//! The one JSON dialect of Quern, the same as that of the node's methods `quern_*`: accounts are SS58 addresses, ids and roots
//! `0x` and 64 hexadecimal digits, amounts (in the smallest unit, 10^-12 QRN) and counts of MACs strings of decimal digits,
//! heights and other numbers JSON numbers.

use super::address;
use crate::net::address::to_socket;
use quern_primitives::{job::Endpoint, traits::Role, BlobId, Height, JobId};
use quern_protocol::view::{AccountView, JobStatus, JobView, NetworkView, ParticipantView, PhaseCounts, StageProgress};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::net::SocketAddr;

/// A number that a JSON number may not hold exactly, as a string of decimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Big(pub u128);

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

impl std::fmt::Display for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
}

/// A status in a word.
pub fn status(status: &JobStatus) -> &'static str {
    match status {
        JobStatus::Waiting => "waiting",
        JobStatus::Running => "running",
        JobStatus::Completed { .. } => "completed",
        JobStatus::Failed => "failed",
        JobStatus::Cancelled => "cancelled",
    }
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

impl From<&quern_protocol::view::Quote> for Quote {
    fn from(view: &quern_protocol::view::Quote) -> Self {
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

/// Where a participant serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Peer {
    /// Its public key.
    pub id: Hex,
    /// Where it can be reached directly.
    pub addresses: Vec<SocketAddr>,
}

impl From<&Endpoint> for Peer {
    fn from(endpoint: &Endpoint) -> Self {
        Self { id: Hex(endpoint.id), addresses: endpoint.addresses.iter().map(|at| to_socket(*at)).collect() }
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

    #[test]
    fn job_should_be_in_the_dialect_of_the_node() {
        let view = JobView {
            id: 3,
            requester: super::super::Keypair::from_suri("//Alice").unwrap().account(),
            status: JobStatus::Completed { root: BlobId([1; 32]) },
            maturing: 0,
            tainted: vec![],
            parent: None,
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
        });
        assert_eq!(serde_json::to_value(Job::from(&view)).unwrap(), expected);
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
