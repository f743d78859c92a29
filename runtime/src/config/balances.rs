// SPDX-License-Identifier: Apache-2.0

use crate::{Balance, Runtime, RuntimeEvent, RuntimeFreezeReason, RuntimeHoldReason, System, MILLI_QRN};
use frame_support::{
    parameter_types,
    traits::{ConstU32, VariantCountOf},
};

parameter_types! {
    /// An account below this is removed.
    pub const ExistentialDeposit: Balance = MILLI_QRN;
}

impl pallet_balances::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type WeightInfo = pallet_balances::weights::SubstrateWeight<Runtime>;
    type Balance = Balance;
    type DustRemoval = ();
    type ExistentialDeposit = ExistentialDeposit;
    type AccountStore = System;
    // Holds and freezes replace reserves and locks.
    type ReserveIdentifier = ();
    type MaxReserves = ConstU32<0>;
    type MaxLocks = ConstU32<0>;
    type FreezeIdentifier = RuntimeFreezeReason;
    type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
    type DoneSlashHandler = ();
}
