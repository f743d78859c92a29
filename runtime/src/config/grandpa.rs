// SPDX-License-Identifier: Apache-2.0

use super::{babe::MAX_AUTHORITIES, offences::ReportLongevity};
use crate::{Collateral, Historical, Runtime, RuntimeEvent};
use frame_support::traits::ConstU32;
use quern_pallet_staking::EvidenceSessions;

impl pallet_grandpa::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
    type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
    type MaxNominators = ConstU32<0>;
    type MaxSetIdSessionEntries = EvidenceSessions<Self>;
    type KeyOwnerProof = sp_session::MembershipProof;
    type EquivocationReportSystem =
        pallet_grandpa::EquivocationReportSystem<Self, Collateral, Historical, ReportLongevity>;
}
