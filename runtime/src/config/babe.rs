// SPDX-License-Identifier: Apache-2.0

use super::offences::ReportLongevity;
use crate::{Collateral, Historical, Runtime, Session};
use frame_support::traits::ConstU32;
use quern_pallet_clock::{EpochDuration, ExpectedBlockTime};

/// The most authorities that author or finalise blocks at a time.
pub const MAX_AUTHORITIES: u32 = 1_000;

impl pallet_babe::Config for Runtime {
    type EpochDuration = EpochDuration<Self>;
    type ExpectedBlockTime = ExpectedBlockTime<Self>;
    type EpochChangeTrigger = pallet_babe::ExternalTrigger;
    type DisabledValidators = Session;
    type WeightInfo = ();
    type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
    type MaxNominators = ConstU32<0>;
    type KeyOwnerProof = sp_session::MembershipProof;
    type EquivocationReportSystem =
        pallet_babe::EquivocationReportSystem<Self, Collateral, Historical, ReportLongevity>;
}
