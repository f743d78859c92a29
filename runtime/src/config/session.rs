// SPDX-License-Identifier: Apache-2.0

use crate::{
    AccountId, Babe, Balance, Balances, Collateral, Historical, Runtime, RuntimeEvent, Session, SessionKeys, MILLI_QRN,
};
use alloc::vec::Vec;
use frame_support::parameter_types;
use pallet_session::{
    disabling::UpToLimitWithReEnablingDisablingStrategy, historical, historical::NoteHistoricalRoot, SessionManager,
};
use sp_runtime::traits::{Convert, ConvertInto, OpaqueKeys};
use sp_staking::{offence::ReportOffence, SessionIndex};

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
    type SessionManager = NoteHistoricalRoot<Self, Elected>;
    type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
    type Keys = SessionKeys;
    // An equivocator is chilled, and a set without it is elected when the next session is planned. Until then BABE refuses its blocks;
    // of a third of the set at most, the gravest, so that the others go on.
    type DisablingStrategy = UpToLimitWithReEnablingDisablingStrategy;
    type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
    type Currency = Balances;
    type KeyDeposit = KeyDeposit;
}

impl historical::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type FullIdentification = ();
    type FullIdentificationOf = Anybody;
}

/// A validator is named by its account alone: its bond and what backs it are looked up when it is slashed.
pub struct Anybody;

impl Convert<AccountId, Option<()>> for Anybody {
    fn convert(_: AccountId) -> Option<()> {
        Some(())
    }
}

/// Asks the bonds who authors.
pub struct Elected;

impl Elected {
    /// Whether a validator has new keys since the last session was planned. Its session needs a new historical root then, or
    /// an equivocation with the new keys could not be shown.
    fn keys_changed() -> bool {
        Session::queued_keys()
            .into_iter()
            .any(|(who, keys)| pallet_session::NextKeys::<Runtime>::get(who).is_some_and(|next| next != keys))
    }
}

impl SessionManager<AccountId> for Elected {
    fn new_session(index: SessionIndex) -> Option<Vec<AccountId>> {
        let validators = <Self as historical::SessionManager<_, _>>::new_session(index)?;
        Some(validators.into_iter().map(|(who, ())| who).collect())
    }

    fn start_session(index: SessionIndex) {
        let first = Collateral::start_session(index);
        if first > 0 {
            Historical::prune_up_to(first);
        }
    }

    fn end_session(index: SessionIndex) {
        let disabled = Session::disabled_validators();
        if let Some(offence) = Collateral::end_session(index, &Session::validators(), &disabled) {
            // A session ends once, so the report is not known.
            let _ = Collateral::report_offence(Vec::new(), offence);
        }
    }
}

impl historical::SessionManager<AccountId, ()> for Elected {
    fn new_session(_: SessionIndex) -> Option<Vec<(AccountId, ())>> {
        let validators = Collateral::plan_session().or_else(|| Self::keys_changed().then(Session::validators))?;
        Some(validators.into_iter().map(|who| (who, ())).collect())
    }

    fn start_session(index: SessionIndex) {
        <Self as SessionManager<_>>::start_session(index)
    }

    fn end_session(index: SessionIndex) {
        <Self as SessionManager<_>>::end_session(index)
    }
}

/// Registers keys that nobody else has.
#[cfg(feature = "runtime-benchmarks")]
pub struct BenchmarkKeys;

#[cfg(feature = "runtime-benchmarks")]
impl quern_pallet_staking::BenchmarkHelper for BenchmarkKeys {
    fn set_session_keys(who: &AccountId) {
        use sp_core::crypto::UncheckedFrom;
        let seed: [u8; 32] = who.clone().into();
        let keys = SessionKeys {
            babe: sp_core::sr25519::Public::unchecked_from(seed).into(),
            grandpa: sp_core::ed25519::Public::unchecked_from(seed).into(),
        };
        pallet_session::NextKeys::<Runtime>::insert(who, keys);
    }

    fn set_era(era: u32) {
        let era_blocks = quern_pallet_rewards::Settings::<Runtime>::get().era_blocks;
        crate::System::set_block_number(era.saturating_mul(era_blocks));
    }
}
