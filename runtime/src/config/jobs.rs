// SPDX-License-Identifier: Apache-2.0

use crate::{
    Balance, Balances, Clock, Collateral, Rewards, Runtime, RuntimeHoldReason, Slashing, Verification, Workers,
    MILLI_QRN,
};
use frame_support::traits::{ConstU128, ConstU16, ConstU32};

/// Held for each byte of a published program: a program of the largest size costs 65 QRN while it is there.
const DEPOSIT_PER_BYTE: Balance = MILLI_QRN;

impl quern_pallet_jobs::Config for Runtime {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Randomness = Clock;
    type Deadlines = Clock;
    type Collateral = Collateral;
    type Registry = Workers;
    type Offences = Slashing;
    type Rewards = Rewards;
    type Audits = Verification;
    type MaxLive = ConstU32<1_024>;
    // Eight windows' worth of live shards: more wait to be created.
    type MaxUnsettled = ConstU32<8_192>;
    // Fifteen times the deposit for a place doubles before they are all taken.
    type MaxOpenJobs = ConstU32<256>;
    // As many as there are before it doubles.
    type MaxOpenJobsOfAccount = ConstU32<16>;
    type ShardsPerBlock = ConstU32<32>;
    type MaxAttempts = ConstU16<16>;
    // Half an hour of one-second blocks.
    type PatienceBlocks = ConstU32<1_800>;
    // An hour of one-second blocks.
    type RetentionBlocks = ConstU32<3_600>;
    type DepositPerByte = ConstU128<DEPOSIT_PER_BYTE>;
    type WeightInfo = quern_pallet_jobs::weights::SubstrateWeight<Self>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Helper;
}
