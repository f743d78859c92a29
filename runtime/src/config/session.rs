// SPDX-License-Identifier: Apache-2.0

use crate::{AccountId, Babe, Balance, Balances, Runtime, RuntimeEvent, SessionKeys, MILLI_QRN};
use frame_support::parameter_types;
use sp_runtime::traits::{ConvertInto, OpaqueKeys};

parameter_types! {
    /// Held while session keys are registered: it pays for the 64 bytes of keys and their two index entries.
    pub const KeyDeposit: Balance = 100 * MILLI_QRN;
}

impl pallet_session::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type ValidatorId = AccountId;
    type ValidatorIdOf = ConvertInto;
    type ShouldEndSession = Babe;
    type NextSessionRotation = Babe;
    type SessionManager = ();
    type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
    type Keys = SessionKeys;
    type DisablingStrategy = ();
    type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
    type Currency = Balances;
    type KeyDeposit = KeyDeposit;
}
