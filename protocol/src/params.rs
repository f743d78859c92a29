// SPDX-License-Identifier: Apache-2.0
//! The numbers of the protocol. All of them are set at genesis; each stands with its reason.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use quern_primitives::Height;
use scale_info::TypeInfo;

/// Blocks before its deadline at which a validator that has not sealed, or not said whether it has the inputs, gives up and says that
/// it cannot: silence is fined. Enough to send it four times.
pub const CLAIM_MARGIN_BLOCKS: Height = 32;
/// Least `audit_blocks` and `probe_blocks` of a chain: a validator has as long to fetch and to run as it has to give up. With less it would
/// give up what it could do.
pub const MIN_AUDIT_BLOCKS: Height = CLAIM_MARGIN_BLOCKS.saturating_mul(2);
/// Blocks before a deadline at which a digest or an answer that is owed goes out whatever it has waited for, because silence costs what
/// is locked. Enough to send it four times.
pub const PRESSING_BLOCKS: Height = 32;
/// Least `open_blocks` and `reveal_blocks` of a chain: before it presses a daemon waits until what it answers to is final.
pub const MIN_REVEAL_BLOCKS: Height = PRESSING_BLOCKS.saturating_add(8);

/// Deadlines, samples and economics of a chain.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct Params {
    /// Blocks from assignment to start: fetching the inputs.
    pub start_blocks: Height,
    /// Blocks from start to commitment, for any shard: launch, hashing, submission.
    pub execute_floor_blocks: Height,
    /// Further blocks for each GMAC of the shard's work: the slowest device that is worth assigning to.
    pub execute_blocks_per_gmac: Height,
    /// Further blocks for each GiB that is fetched or stored: the slowest line that is worth assigning to.
    pub transfer_blocks_per_gib: Height,
    /// Most blocks by which a requester lengthens the start, the execution and the audit of each shard of a job: that long is a
    /// stake locked for longer.
    pub max_extra_blocks: Height,
    /// Blocks in which the worker must open the checkpoints after a draw.
    pub open_blocks: Height,
    /// Blocks in which drawn validators must seal their audits.
    pub audit_blocks: Height,
    /// Blocks for each further reveal: the worker's results, then the auditors' seals.
    pub reveal_blocks: Height,
    /// Blocks for opening a dispute after the reveals, and for each move in it.
    pub move_blocks: Height,
    /// Blocks from acceptance in which anybody may challenge a shard, or ask for an id of it, which gives time to challenge after
    /// the answer: long enough to fetch its outputs and to run some of it again, and more than finality lags behind.
    pub window_blocks: Height,
    /// Further blocks in which the requester or an auditor must say that the outputs are delivered, for the shard to be paid.
    pub delivery_blocks: Height,
    /// Segments drawn from a shard (m).
    pub samples: u8,
    /// Validators drawn for a shard (k).
    pub auditors: u8,
    /// Validators drawn for a stage of one task, whose every segment is audited.
    pub single_task_auditors: u8,
    /// Share of the stake that is assumed to collude (gamma), in parts per million.
    pub colluding_ppm: u32,
    /// Share of a slash that the cheat's friends cannot recover (beta), in parts per million.
    pub unrecoverable_ppm: u32,
    /// Bond that a drawn validator locks for one audit.
    pub audit_bond: u128,
    /// Bond that a challenger of an accepted shard locks: more than what the fees of both sides' moves come to.
    pub challenge_bond: u128,
    /// What an id of an accepted shard costs who asks for it on chain, if it is the first of the shard: a few times the fees
    /// of question and answer, so that whoever is not served can always pay it, and with its doublings dear for who takes
    /// places from others: ten cost a thousand times as much.
    pub demand_price: u128,
    /// Different workers that decline a shard because they cannot fetch its inputs, before drawn validators are asked: two, so that
    /// one that is cut off from the requester troubles nobody.
    pub declines_before_probe: u8,
    /// Validators that are asked whether they can fetch the inputs; only all of them together can pause a job. As many as audit
    /// a merge, so a chain that can audit one can ask: with a third of the stake against a job all are friends once in 27.
    pub probe_seats: u8,
    /// Blocks in which they must say so: several attempts to fetch.
    pub probe_blocks: Height,
    /// Blocks for which a job of missing inputs waits for its requester before it fails.
    pub pause_blocks: Height,
    /// How often a job may be paused; the next time it fails.
    pub max_pauses: u8,
    /// Blocks for which a validator whose claim of missing inputs was refuted is drawn for audits only where others are too few:
    /// some hundred audits that it earns nothing by.
    pub claim_rest_blocks: Height,
    /// Least bid per GMAC: places for jobs and shards are few, and are not to be had for nothing.
    pub min_bid: u128,
    /// Burned for each shard of a job when it is submitted, however little work it has and whatever becomes of the job: everything
    /// else comes back to who cancels, or bids what nobody takes, and had places that others wanted. A hundredth of a QRN makes
    /// all 1,024 places cost ten, for as long as a shard waits for a worker at most; it is a hundredth of what a GMAC costs. As much is held for the
    /// place of a job until it is closed, and doubles for each sixteen that are open.
    pub shard_fee: u128,
}

impl Default for Params {
    /// For a network of one-second blocks on one machine: deadlines that a loaded machine still meets.
    fn default() -> Self {
        Self {
            start_blocks: 60,
            execute_floor_blocks: 120,
            execute_blocks_per_gmac: 60,
            // 100 Mbit/s.
            transfer_blocks_per_gib: 90,
            max_extra_blocks: 600,
            open_blocks: 60,
            audit_blocks: 120,
            reveal_blocks: 60,
            move_blocks: 60,
            window_blocks: 30,
            delivery_blocks: 120,
            samples: 8,
            auditors: 2,
            single_task_auditors: 3,
            colluding_ppm: 333_333,
            unrecoverable_ppm: 500_000,
            audit_bond: 10 * quern_primitives::QRN,
            challenge_bond: 10 * quern_primitives::QRN,
            demand_price: quern_primitives::QRN / 100,
            declines_before_probe: 2,
            probe_seats: 3,
            probe_blocks: 120,
            pause_blocks: 3_600,
            max_pauses: 3,
            claim_rest_blocks: 1_200,
            min_bid: quern_primitives::QRN / 1_000,
            shard_fee: quern_primitives::QRN / 100,
        }
    }
}

impl Params {
    /// Whether the numbers make sense together; the reason when they do not.
    pub fn check(&self) -> Result<(), &'static str> {
        let deadlines = [
            self.start_blocks,
            self.execute_floor_blocks,
            self.open_blocks,
            self.audit_blocks,
            self.reveal_blocks,
            self.move_blocks,
            self.window_blocks,
            self.delivery_blocks,
            self.probe_blocks,
            self.pause_blocks,
        ];
        if deadlines.contains(&0) {
            return Err("every deadline must be at least one block");
        }
        if self.samples == 0 || u32::from(self.samples) > crate::shard::MAX_SAMPLES {
            return Err("samples must be between 1 and MAX_SAMPLES");
        }
        if [self.auditors, self.single_task_auditors]
            .iter()
            .any(|k| *k == 0 || u32::from(*k) > crate::shard::MAX_AUDITORS)
        {
            return Err("auditors must be between 1 and MAX_AUDITORS");
        }
        if self.probe_seats == 0 || u32::from(self.probe_seats) > crate::shard::MAX_AUDITORS {
            return Err("probe_seats must be between 1 and MAX_AUDITORS");
        }
        if self.declines_before_probe == 0 || u32::from(self.declines_before_probe) > crate::shard::MAX_DECLINES {
            return Err("declines_before_probe must be between 1 and MAX_DECLINES");
        }
        if u32::from(self.max_pauses) >= crate::shard::MAX_COMPENSATED {
            return Err("max_pauses must be below MAX_COMPENSATED");
        }
        if [self.audit_bond, self.challenge_bond].contains(&0) {
            return Err("audit_bond and challenge_bond must be above zero: who has nothing at stake is silent, or accuses, for nothing");
        }
        if self.colluding_ppm >= 1_000_000 {
            return Err("colluding_ppm must be below one million");
        }
        if self.unrecoverable_ppm == 0 || self.unrecoverable_ppm > 1_000_000 {
            return Err("unrecoverable_ppm must be between 1 and one million");
        }
        Ok(())
    }

    /// Blocks in which the slowest device that is worth assigning to does this work, rounded up.
    pub fn work_blocks(&self, work_macs: u64) -> Height {
        let blocks = u128::from(work_macs).saturating_mul(self.execute_blocks_per_gmac.into()).div_ceil(1_000_000_000);
        Height::try_from(blocks).unwrap_or(Height::MAX)
    }

    /// Blocks in which the slowest line that is worth assigning to moves so many bytes, rounded down: the floors beside it are
    /// longer than a block.
    pub fn transfer_blocks(&self, bytes: u64) -> Height {
        let blocks = u128::from(bytes).saturating_mul(self.transfer_blocks_per_gib.into()) >> 30;
        Height::try_from(blocks).unwrap_or(Height::MAX)
    }

    /// Blocks a worker has, without those for bytes, for a shard of so much work, in MACs.
    pub fn execute_blocks(&self, work_macs: u64) -> Height {
        self.execute_floor_blocks.saturating_add(self.work_blocks(work_macs))
    }

    /// Blocks drawn validators have, without those for bytes, for segments of so much work together, in MACs.
    pub fn audit_blocks(&self, work_macs: u64) -> Height {
        self.audit_blocks.saturating_add(self.work_blocks(work_macs))
    }

    /// Blocks in which draws for a shard of so much work, in MACs, may find too few validators with a free bond before
    /// the shard is given up: four times the longest round of audits of such a shard, in which the bonds of others come free.
    pub fn seat_blocks(&self, work_macs: u64) -> Height {
        let reveals = self.reveal_blocks.saturating_mul(2);
        let round = self.open_blocks.saturating_add(self.audit_blocks(work_macs)).saturating_add(reveals);
        round.saturating_add(self.move_blocks).saturating_mul(4)
    }

    /// Blocks after which the price of asking for an id of a shard is half of what it was, as long as no more than `window_blocks` have
    /// passed since the shard was accepted. Whoever takes all four places and holds them until the last block doubles it four times
    /// while it is halved twice at most: keeping others away costs four times as much every round, and sixteen times after that.
    pub fn halving_blocks(&self) -> Height {
        (self.reveal_blocks / 2).max(1)
    }

    /// Blocks for a move in a dispute about a segment of so much work, in MACs: either party may have to run it again.
    pub fn move_blocks(&self, work_macs: u64) -> Height {
        self.move_blocks.saturating_add(self.work_blocks(work_macs))
    }
}
