// SPDX-License-Identifier: Apache-2.0

use super::{babe::MAX_AUTHORITIES, offences::ReportLongevity};
use crate::{AccountId, Collateral, Historical, Runtime, RuntimeEvent};
use alloc::vec::Vec;
use frame_support::traits::ConstU32;
use pallet_grandpa::{EquivocationOffence, TimeSlot};
use quern_pallet_staking::{EvidenceSessions, Offender, VoteOffence};
use sp_staking::offence::{Offence, OffenceError, ReportOffence};

/// Reports votes by their set, whatever their round.
pub struct Votes;

impl ReportOffence<AccountId, Offender, EquivocationOffence<Offender>> for Votes {
    fn report_offence(reporters: Vec<AccountId>, votes: EquivocationOffence<Offender>) -> Result<(), OffenceError> {
        let voters = votes.offenders().into_iter().map(|(who, ())| who).collect();
        let TimeSlot { set_id, .. } = votes.time_slot;
        Collateral::report_offence(
            reporters,
            VoteOffence::new(set_id, votes.session_index, votes.validator_set_count, voters),
        )
    }

    fn is_known_offence(offenders: &[Offender], slot: &TimeSlot) -> bool {
        <Collateral as ReportOffence<_, _, VoteOffence>>::is_known_offence(offenders, &slot.set_id)
    }
}

impl pallet_grandpa::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
    type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
    type MaxNominators = ConstU32<0>;
    type MaxSetIdSessionEntries = EvidenceSessions<Self>;
    type KeyOwnerProof = sp_session::MembershipProof;
    type EquivocationReportSystem = pallet_grandpa::EquivocationReportSystem<Self, Votes, Historical, ReportLongevity>;
}
