// SPDX-License-Identifier: Apache-2.0

use crate::{AccountId, Clock, Runtime, Session};
use frame_support::traits::Get;
use sp_runtime::Perbill;
use sp_staking::offence::OffenceSeverity;

/// Blocks for which a report of an equivocation is worth keeping: as long as its session can be shown.
pub struct ReportLongevity;

impl Get<u64> for ReportLongevity {
    fn get() -> u64 {
        quern_pallet_staking::EvidenceSessions::<Runtime>::get().saturating_mul(Clock::epoch_slots())
    }
}

/// Has the session pallet disable equivocators: fewer than a third of the set, the gravest.
pub struct Disabled;

impl quern_pallet_staking::Disabling for Disabled {
    fn disable(who: &AccountId, share: Perbill) {
        Session::report_offence(who.clone(), OffenceSeverity(share));
    }
}
