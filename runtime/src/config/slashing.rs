// SPDX-License-Identifier: Apache-2.0

use crate::{Collateral, Runtime};

impl quern_pallet_slashing::Config for Runtime {
    type Collateral = Collateral;
    type WeightInfo = quern_pallet_slashing::weights::SubstrateWeight<Self>;
}
