// SPDX-License-Identifier: Apache-2.0

use crate::{Balances, Runtime, RuntimeHoldReason};

impl quern_pallet_staking::Config for Runtime {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type WeightInfo = quern_pallet_staking::weights::SubstrateWeight<Self>;
}
