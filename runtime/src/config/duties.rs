// SPDX-License-Identifier: Apache-2.0

use crate::{duties::Owed, AccountId, Runtime};
use frame_support::traits::{ConstU32, Contains};

/// The administrator, until governance has one.
pub struct Administrator;

impl Contains<AccountId> for Administrator {
    fn contains(who: &AccountId) -> bool {
        pallet_sudo::Key::<Runtime>::get().as_ref() == Some(who)
    }
}

impl quern_pallet_duties::Config for Runtime {
    type Duties = Owed;
    type Administrators = Administrator;
    // Ten minutes of one-second blocks: an account that fails all the time has 147 free calls a day.
    type ForgiveBlocks = ConstU32<600>;
    type WeightInfo = quern_pallet_duties::weights::SubstrateWeight<Self>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Helper;
}
