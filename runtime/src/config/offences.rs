// SPDX-License-Identifier: Apache-2.0

use crate::{Clock, Collateral, Runtime, RuntimeEvent};
use frame_support::traits::Get;
use pallet_session::historical::IdentificationTuple;

impl pallet_offences::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type IdentificationTuple = IdentificationTuple<Self>;
    type OnOffenceHandler = Collateral;
}

/// Blocks for which a report of an equivocation is worth keeping: as long as its session can be shown.
pub struct ReportLongevity;

impl Get<u64> for ReportLongevity {
    fn get() -> u64 {
        quern_pallet_staking::EvidenceSessions::<Runtime>::get().saturating_mul(Clock::epoch_slots())
    }
}
