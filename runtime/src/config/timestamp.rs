// SPDX-License-Identifier: Apache-2.0

use crate::{Babe, Runtime};

impl pallet_timestamp::Config for Runtime {
    type Moment = u64;
    type OnTimestampSet = Babe;
    type MinimumPeriod = quern_pallet_clock::MinimumPeriod<Self>;
    type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
}
