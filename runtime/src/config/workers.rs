// SPDX-License-Identifier: Apache-2.0

use super::collateral::CurrentEra;
use crate::{Collateral, Runtime};
use frame_support::traits::ConstU32;

impl quern_pallet_workers::Config for Runtime {
    type Collateral = Collateral;
    // Every assignment reads each active worker once, every draw each active validator.
    type MaxWorkers = ConstU32<256>;
    type MaxValidators = ConstU32<128>;
    // As many as a tenth of the shards of a busy network needs; each is read by every assignment too.
    type MaxApprentices = ConstU32<64>;
    // A day's newcomers. Four a block let nobody take them all at once.
    type MaxEnrolments = ConstU32<64>;
    type EnrolmentsPerBlock = ConstU32<4>;
    // Four million hashes: a second or two of one core.
    type EnrolmentWork = ConstU32<22>;
    // That of emission: enrolments are counted and reputation fades by it.
    type Era = CurrentEra;
    type WeightInfo = quern_pallet_workers::weights::SubstrateWeight<Self>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Helper;
}
