// SPDX-License-Identifier: Apache-2.0

use crate::{Collateral, Runtime, System};
use frame_support::traits::{ConstU32, Get};

/// The era of emission is that of reputation and of enrolments too.
pub struct Era;

impl Get<u32> for Era {
    fn get() -> u32 {
        quern_pallet_rewards::Settings::<Runtime>::get().era_of(System::block_number())
    }
}

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
    type Era = Era;
    type WeightInfo = quern_pallet_workers::weights::SubstrateWeight<Self>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Bonds;
}
