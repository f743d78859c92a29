// SPDX-License-Identifier: Apache-2.0
//! Shards for the tests of this crate.

use crate::status::Facts;
use quern_primitives::{
    draw::SegmentCosts,
    job::{Profile, Stage},
    traits::Role,
    Account, BlobId, ShardId, QRN,
};
use quern_protocol::{
    inputs::StageContext,
    shard::{Accused, Audit, Commitment, Confirmed, Deal, Demand, Liable, Phase, Seat, Shard, Window},
    view::{AccountView, ParticipantView, ShardView},
};

pub const ME: Account = [1; 32];
pub const OTHER: Account = [2; 32];
pub const ID: ShardId = ShardId { job: 1, stage: 0, index: 0 };

/// A shard of one task in this phase.
pub fn view(phase: Phase) -> ShardView {
    let costs = SegmentCosts { init: 1, body: 1, steps: 2, finish: 1, has_loop: true };
    let stage = Stage { program: BlobId([3; 32]), tasks: 1, shard_size: 1, inputs: Default::default() };
    ShardView {
        shard: Shard { phase, ..Shard::new(ID, 0, 1, costs) },
        context: StageContext { genesis: [0; 32], job: 1, index: 0, stage, randomness: [5; 32], outputs: Vec::new() },
        requester: Vec::new(),
        endpoints: Vec::new(),
        disputes: Vec::new(),
        answered: Vec::new(),
        demand_price: None,
    }
}

fn deal(worker: Account) -> Deal {
    Deal { worker, price: 7, collateral: 3 }
}

/// Assigned to a worker until block 60.
pub fn assigned(worker: Account) -> ShardView {
    view(Phase::Assigned { deal: deal(worker), by: 60 })
}

/// Run by a worker until block 50.
pub fn running(worker: Account) -> ShardView {
    view(Phase::Running { deal: deal(worker), by: 50 })
}

/// Audited by one validator until block 90.
pub fn audited(worker: Account, auditor: Account, seal: Option<[u8; 32]>) -> ShardView {
    let commitment = Commitment { root: BlobId([8; 32]), secret_hash: [9; 32], at: 12 };
    let seat = Seat { seal, ..Seat::new(auditor, 5) };
    let audit = Audit {
        sample: vec![2].try_into().unwrap_or_default(),
        seats: vec![seat].try_into().unwrap_or_default(),
        drawn_at: 20,
        opened: None,
        results: None,
        demand: Demand::None,
        sampled_at: 20,
        needed: 1,
        left: Default::default(),
        without_inputs: Default::default(),
    };
    view(Phase::Auditing { deal: deal(worker), commitment, audit, by: 90 })
}

/// Accepted, with a window that closes at block 120.
pub fn accepted(worker: Account) -> ShardView {
    let commitment = Commitment { root: BlobId([8; 32]), secret_hash: [9; 32], at: 12 };
    let window = Window {
        closes: 120,
        deliver_by: 150,
        delivered: true,
        challenges: Default::default(),
        refuted: 0,
        demands: Default::default(),
        asked: 0,
        asked_at: 0,
        confirmed: Default::default(),
    };
    view(Phase::Accepted { deal: deal(worker), commitment, auditors: Default::default(), at: 99, window })
}

/// Accepted, with one auditor that confirmed it and answers for it until its window closes at block 120.
pub fn confirmed(worker: Account, auditor: Account) -> ShardView {
    let mut view = accepted(worker);
    if let Phase::Accepted { auditors, window, .. } = &mut view.shard.phase {
        let liable = Liable { auditor, bond: 5, from_inputs: false, accuser: None };
        *auditors = vec![auditor].try_into().unwrap_or_default();
        window.confirmed.liable = vec![liable].try_into().unwrap_or_default();
    }
    view
}

/// Overturned, with one auditor that answers for it until block 130.
pub fn overturned(worker: Account, auditor: Account) -> ShardView {
    let commitment = Commitment { root: BlobId([8; 32]), secret_hash: [9; 32], at: 12 };
    let liable = Liable { auditor, bond: 5, from_inputs: false, accuser: None };
    let (sample, liable) = (vec![2].try_into().unwrap_or_default(), vec![liable].try_into().unwrap_or_default());
    let dissenting = Default::default();
    let accused = Accused { confirmed: Confirmed { sample, liable }, by: 130, refuted: 0, reissue: true, dissenting };
    let auditors = vec![auditor].try_into().unwrap_or_default();
    view(Phase::Accused { deal: deal(worker), commitment, auditors, at: 99, accused })
}

/// Settled: its outputs were delivered, or nobody said so.
pub fn settled(worker: Account, paid: bool) -> ShardView {
    let commitment = Commitment { root: BlobId([8; 32]), secret_hash: [9; 32], at: 12 };
    view(Phase::Settled { deal: deal(worker), commitment, auditors: Default::default(), at: 99, paid })
}

/// A participant with a bond of 1,000 QRN, of which nothing is locked, that asks 1 QRN.
pub fn participant(role: Role) -> ParticipantView {
    ParticipantView {
        account: ME,
        role,
        endpoint: Default::default(),
        profile: Profile::new(4_096, "a device", false),
        ask: QRN,
        slots: 4,
        open: 0,
        reputation: 100,
        barred: false,
        bonded: 1_000 * QRN,
        locked: 0,
    }
}

/// A chain at block 10 with an account that is not registered, and no demand.
pub fn facts() -> Facts {
    Facts {
        account: ME,
        height: 10,
        slot_ms: 1_000,
        is_syncing: false,
        participant: None,
        is_retiring: false,
        ready_at: None,
        rests_until: 0,
        money: AccountView { free: 50 * QRN, bonded: 1_000 * QRN, ..Default::default() },
        minimum_bond: 100 * QRN,
        audit_bond: 10 * QRN,
        plants: Vec::new(),
        duties: Vec::new(),
        queued: 0,
        wanted: Vec::new(),
        cheaper: 0,
        validators: 8,
    }
}
