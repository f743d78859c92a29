// SPDX-License-Identifier: Apache-2.0

use super::babe::MAX_AUTHORITIES;
use crate::{Runtime, RuntimeEvent};
use frame_support::traits::{ConstU32, ConstU64};

impl pallet_grandpa::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
    type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
    type MaxNominators = ConstU32<0>;
    type MaxSetIdSessionEntries = ConstU64<0>;
    type KeyOwnerProof = sp_core::Void;
    type EquivocationReportSystem = ();
}
