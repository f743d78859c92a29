// SPDX-License-Identifier: Apache-2.0

use crate::{Collateral, Runtime};
use frame_support::traits::ConstU32;

impl quern_pallet_workers::Config for Runtime {
    type Collateral = Collateral;
    // Every assignment reads each active worker once, every draw each active validator.
    type MaxWorkers = ConstU32<256>;
    type MaxValidators = ConstU32<128>;
    type WeightInfo = quern_pallet_workers::weights::SubstrateWeight<Self>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Helper;
}
