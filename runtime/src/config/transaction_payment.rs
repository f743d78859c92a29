// SPDX-License-Identifier: Apache-2.0

use crate::{Balance, Balances, Runtime, RuntimeEvent};
use frame_support::{
    parameter_types,
    traits::{ConstU128, ConstU8},
    weights::{ConstantMultiplier, IdentityFee},
};
use pallet_transaction_payment::{FungibleAdapter, Multiplier, TargetedFeeAdjustment};
use sp_runtime::{traits::Bounded, FixedPointNumber, Perquintill};

parameter_types! {
    /// Fees rise while blocks are fuller than this, and fall while they are emptier.
    pub const TargetBlockFullness: Perquintill = Perquintill::from_percent(25);
    /// How fast they do: by about 23 % a day at most.
    pub AdjustmentVariable: Multiplier = Multiplier::saturating_from_rational(75, 1_000_000);
    /// An idle chain stays cheap, but a spammer has to pay.
    pub MinimumMultiplier: Multiplier = Multiplier::saturating_from_rational(1, 10);
    /// No upper bound.
    pub MaximumMultiplier: Multiplier = Bounded::max_value();
}

/// One QRN buys a second of execution, or a million bytes of block.
impl pallet_transaction_payment::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type OnChargeTransaction = FungibleAdapter<Balances, ()>;
    type WeightToFee = IdentityFee<Balance>;
    type LengthToFee = ConstantMultiplier<Balance, ConstU128<1_000_000>>;
    type FeeMultiplierUpdate =
        TargetedFeeAdjustment<Self, TargetBlockFullness, AdjustmentVariable, MinimumMultiplier, MaximumMultiplier>;
    type OperationalFeeMultiplier = ConstU8<5>;
    type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
}
