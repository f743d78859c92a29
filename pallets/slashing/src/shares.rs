// SPDX-License-Identifier: Apache-2.0
//! What genesis decides, and the arithmetic of a slash, without storage.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use quern_primitives::{
    traits::{Offence, OffenceKind},
    Account, Balance, Height, QRN,
};
use scale_info::TypeInfo;
use sp_runtime::Permill;

/// One, in parts per million.
pub const ONE_PPM: u32 = 1_000_000;
/// Most that a reporter can get of a slash: self-accusation must not launder stake.
pub const MAX_REPORTER_PPM: u32 = 200_000;

/// What genesis decides: shares in parts per million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Shares {
    /// Of `locked`, for a wrong result.
    pub wrong_result_ppm: u32,
    /// Of `locked`, for confirming a wrong result.
    pub wrong_audit_ppm: u32,
    /// Of `locked`, for a silence.
    pub withheld_ppm: u32,
    /// Of `locked`, for being late.
    pub late_ppm: u32,
    /// Of `locked`, for a lost dispute or an audit that was never revealed.
    pub false_alarm_ppm: u32,
    /// Of `locked`, for not auditing when drawn.
    pub audit_no_show_ppm: u32,
    /// Most of a slash that the reporter gets.
    pub reporter_cap_ppm: u32,
}

impl Default for Shares {
    fn default() -> Self {
        Self {
            wrong_result_ppm: ONE_PPM,
            wrong_audit_ppm: ONE_PPM,
            withheld_ppm: ONE_PPM,
            late_ppm: 0,
            false_alarm_ppm: 500_000,
            // Whoever was not shown the bytes to be audited can say so without cost: who says nothing was not there.
            audit_no_show_ppm: 100_000,
            reporter_cap_ppm: MAX_REPORTER_PPM,
        }
    }
}

impl Shares {
    /// The share of `locked` that an offence of this kind costs.
    pub fn of(&self, kind: OffenceKind) -> u32 {
        match kind {
            OffenceKind::WrongResult => self.wrong_result_ppm,
            OffenceKind::WrongAudit => self.wrong_audit_ppm,
            OffenceKind::Withheld => self.withheld_ppm,
            OffenceKind::Late => self.late_ppm,
            OffenceKind::FalseAlarm => self.false_alarm_ppm,
            OffenceKind::AuditNoShow => self.audit_no_show_ppm,
            // These cost a share of the whole stake that depends on how many committed them, and nothing is locked for them.
            OffenceKind::Equivocation | OffenceKind::Idleness => 0,
        }
    }

    /// Whether no share exceeds the whole, nor the reporter's its cap; whether silence is no cheaper than a lie, and nothing but lateness
    /// is free.
    pub fn is_sound(&self) -> bool {
        let shares = [
            self.wrong_result_ppm,
            self.wrong_audit_ppm,
            self.withheld_ppm,
            self.late_ppm,
            self.false_alarm_ppm,
            self.audit_no_show_ppm,
        ];
        let is_at_most_all = shares.into_iter().all(|ppm| ppm <= ONE_PPM) && self.reporter_cap_ppm <= MAX_REPORTER_PPM;
        let costs = [self.wrong_result_ppm, self.wrong_audit_ppm, self.false_alarm_ppm, self.audit_no_show_ppm];
        is_at_most_all && costs.into_iter().all(|ppm| ppm > 0) && self.withheld_ppm >= self.wrong_result_ppm
    }

    /// What an offence on a shard costs. Rounded up, against the offender.
    pub fn due(&self, offence: &Offence) -> Balance {
        Permill::from_parts(self.of(offence.kind)).mul_ceil(offence.locked)
    }

    /// Who gets what of a slash of `due`, in this order: the requester what it paid, the reporter its capped part, and the rest is
    /// burned. The offender gets nothing back, whatever its part in it: self-accusation must not launder stake.
    pub fn split(&self, offence: &Offence, due: Balance) -> Split {
        let others = |who: &Account| *who != offence.offender;
        let restitution = offence.restitution.filter(|(requester, _)| others(requester));
        let restitution = restitution.map(|(requester, paid)| (requester, paid.min(due))).filter(|(_, part)| *part > 0);
        let left = due.saturating_sub(restitution.map_or(0, |(_, part)| part));
        // Down, against the reporter.
        let cap = Permill::from_parts(self.reporter_cap_ppm).mul_floor(due).min(left);
        let reward = offence.reporter.filter(others).map(|reporter| (reporter, cap)).filter(|(_, part)| *part > 0);
        Split { restitution, reward }
    }
}

/// Who gets what of a slash. The rest of it is burned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// The requester, and its part.
    pub restitution: Option<(Account, Balance)>,
    /// The reporter, and its part.
    pub reward: Option<(Account, Balance)>,
}

/// What genesis decides about the way from an offence to a slash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Process {
    /// Blocks from the report to the slash: time to look at the evidence, and to appeal.
    pub defer_blocks: Height,
    /// Blocks by which the guardian can put a slash off, once.
    pub delay_blocks: Height,
    /// Blocks from an appeal until it lapses, at least.
    pub appeal_blocks: Height,
    /// What an appeal holds, and loses when it is rejected.
    pub appeal_bond: Balance,
}

impl Default for Process {
    /// For one-second blocks: an hour each.
    fn default() -> Self {
        let appeal_bond = QRN.saturating_mul(10);
        Self { defer_blocks: 3_600, delay_blocks: 3_600, appeal_blocks: 3_600, appeal_bond }
    }
}

impl Process {
    /// Whether everybody has time for what it may do, and a slash an end.
    pub fn is_sound(&self) -> bool {
        let blocks = [self.defer_blocks, self.delay_blocks, self.appeal_blocks];
        blocks.iter().all(|blocks| *blocks > 0) && blocks.into_iter().try_fold(0, Height::checked_add).is_some()
    }

    /// Most blocks from a report to its slash, as long as no more slashes are due at once than a block carries out.
    pub fn longest_blocks(&self) -> Height {
        self.defer_blocks.saturating_add(self.delay_blocks).saturating_add(self.appeal_blocks)
    }
}
