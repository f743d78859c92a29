// SPDX-License-Identifier: Apache-2.0
//! The arithmetic of a settlement, without storage. Every division of money rounds down, and what it leaves is burned or not
//! minted.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use quern_primitives::{traits::Settlement, Balance, Height, QRN};
use scale_info::TypeInfo;
use sp_runtime::Permill;

/// One, in parts per million.
pub const ONE_PPM: u32 = 1_000_000;
/// Most finished eras that can be claimable at a time: bounds what a view of one account reads (two items an era).
pub const MAX_HISTORY_ERAS: u32 = 256;

/// What genesis decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Parameters {
    /// Protocol fee, of the price.
    pub protocol_fee_ppm: u32,
    /// What each auditor gets for its presence, of the price.
    pub audit_base_ppm: u32,
    /// What each auditor gets for the work that it re-runs, of that work's price.
    pub audit_rate_ppm: u32,
    /// Share of the protocol fee that is burned.
    pub burned_ppm: u32,
    /// Share of the protocol fee that goes to the treasury.
    pub treasury_ppm: u32,
    /// Share of the protocol fee that goes to the auditors.
    pub auditors_ppm: u32,
    /// Most emission of a shard, of what it burned.
    pub kappa_ppm: u32,
    /// Most total issuance.
    pub cap: Balance,
    /// Budget of an era before the first halving.
    pub initial_emission: Balance,
    /// Blocks of an era.
    pub era_blocks: Height,
    /// Eras between halvings.
    pub halving_eras: u32,
    /// Finished eras whose emission can still be claimed.
    pub history_eras: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            protocol_fee_ppm: 50_000,
            audit_base_ppm: 1_000,
            audit_rate_ppm: 1_250_000,
            burned_ppm: 500_000,
            treasury_ppm: 200_000,
            auditors_ppm: 300_000,
            kappa_ppm: 900_000,
            cap: QRN.saturating_mul(1_000_000_000),
            initial_emission: QRN.saturating_mul(100_000),
            era_blocks: 86_400,
            halving_eras: 1_460,
            history_eras: 84,
        }
    }
}

impl Parameters {
    /// Whether money can be split by these: the shares of the fee are the whole, and emission is less than what was burned.
    pub fn is_sound(&self) -> bool {
        let shares = self.burned_ppm.checked_add(self.treasury_ppm).and_then(|sum| sum.checked_add(self.auditors_ppm));
        shares == Some(ONE_PPM)
            && self.kappa_ppm < ONE_PPM
            && self.protocol_fee_ppm <= ONE_PPM
            && self.era_blocks >= 1
            && self.halving_eras >= 1
            && (1..=MAX_HISTORY_ERAS).contains(&self.history_eras)
    }

    /// The era that `height` lies in.
    pub fn era_of(&self, height: Height) -> u32 {
        height.checked_div(self.era_blocks).unwrap_or(0)
    }

    /// The oldest era that can be claimed while `current` is under way.
    pub fn oldest_era(&self, current: u32) -> u32 {
        current.saturating_sub(self.history_eras)
    }

    /// Most that is emitted in an era.
    pub fn era_budget(&self, era: u32) -> Balance {
        let halvings = era.checked_div(self.halving_eras).unwrap_or(0);
        self.initial_emission.checked_shr(halvings).unwrap_or(0)
    }

    /// Share of the price that pays each auditor when it re-runs `audited_ppm` of the work. Rounded up, so that an audit is
    /// never unpaid.
    pub fn audit_fee_ppm(&self, audited_ppm: u32) -> u32 {
        let scaled = u64::from(audited_ppm).saturating_mul(u64::from(self.audit_rate_ppm));
        let work = u32::try_from(scaled.div_ceil(u64::from(ONE_PPM))).unwrap_or(u32::MAX);
        self.audit_base_ppm.saturating_add(work)
    }

    /// Splits the fees of a shard among `auditors`.
    pub fn split(&self, settlement: &Settlement, auditors: u32) -> Split {
        let fee = settlement.protocol_fee;
        let treasury = Permill::from_parts(self.treasury_ppm).mul_floor(fee);
        let auditors_fee = Permill::from_parts(self.auditors_ppm).mul_floor(fee);
        let each_auditor = share(settlement.audit_fee.saturating_add(auditors_fee), auditors);
        let paid = each_auditor.saturating_mul(auditors.into()).saturating_add(treasury);
        let burned = settlement.audit_fee.saturating_add(fee).saturating_sub(paid);
        Split { treasury, each_auditor, burned }
    }

    /// Contribution points of a shard that burned `burned`: half of kappa times that for the worker, half for the auditors
    /// together. Rounded down, so that all points of a shard stay within kappa of what it burned.
    pub fn points(&self, burned: Balance, auditors: u32) -> Points {
        let worker = share(Permill::from_parts(self.kappa_ppm).mul_floor(burned), 2);
        Points { worker, each_auditor: share(worker, auditors) }
    }
}

/// An equal share, rounded down; zero of nobody.
fn share(amount: Balance, parts: u32) -> Balance {
    amount.checked_div(parts.into()).unwrap_or(0)
}

/// How fees are split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// For the treasury.
    pub treasury: Balance,
    /// For each auditor.
    pub each_auditor: Balance,
    /// The rest.
    pub burned: Balance,
}

/// Contribution points of a shard. A point is the right to at most one smallest unit of QRN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Points {
    /// For the worker.
    pub worker: Balance,
    /// For each auditor.
    pub each_auditor: Balance,
}

impl Points {
    /// All of them, for `auditors`.
    pub fn total(&self, auditors: u32) -> Balance {
        self.each_auditor.saturating_mul(auditors.into()).saturating_add(self.worker)
    }
}
