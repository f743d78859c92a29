// SPDX-License-Identifier: Apache-2.0

use crate::{Balances, Clock, Collateral, Jobs, Runtime, Workers};
use frame_support::traits::{ConstU32, Get};
use quern_protocol::Params;

/// The numbers of the protocol, as genesis set them.
pub struct ProtocolParams;

impl Get<Params> for ProtocolParams {
    fn get() -> Params {
        Jobs::params()
    }
}

impl quern_pallet_verification::Config for Runtime {
    type Shards = Jobs;
    type Collateral = Collateral;
    type Registry = Workers;
    type Randomness = Clock;
    type Currency = Balances;
    type Deadlines = Clock;
    type Params = ProtocolParams;
    type MaxPendingDraws = ConstU32<1_024>;
    // With these two all hooks together stay below three quarters of a block: `tests/blocks.rs`.
    type DrawsPerBlock = ConstU32<22>;
    type MaxDisputes = ConstU32<8_192>;
    type ExpiriesPerBlock = ConstU32<10>;
    type WeightInfo = quern_pallet_verification::weights::SubstrateWeight<Self>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Helper;
}
