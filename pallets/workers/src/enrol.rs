// SPDX-License-Identifier: Apache-2.0
//! Apprentices: how they enrol without a balance, what they may do for free, and how they graduate.

use crate::{
    Apprentices, Config, Enrolments, Entries, Entry, Error, Event, OpenShards, Pallet, Validators, Workers,
    APPRENTICE_PATIENCE_BLOCKS, APPRENTICE_SHARE_PERCENT, ENROLMENT_BLOCKS, FREE_TURN_BLOCKS,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    pallet_prelude::{
        Get, InvalidTransaction, TransactionValidityError, TransactionValidityWithRefund, ValidTransaction, Weight,
    },
    traits::ConstU32,
    BoundedVec,
};
use frame_system::pallet_prelude::BlockNumberFor;
use quern_primitives::{
    enrol::{leading_zeros, Enrolment},
    traits::{Role, APPRENTICE_AUDITORS},
    Account, Height,
};
use scale_info::TypeInfo;
use sp_runtime::{traits::Verify, AccountId32, MultiSignature};

/// Most enrolments of an era that any configuration allows: bounds what every enrolment rewrites (two lists of 8 KiB).
pub const MAX_ENROLMENTS: u32 = 256;

/// Who enrolled lately: an account does once in two eras, so that nobody enrols it again with its old message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Recent {
    /// The era of `now`.
    pub era: u32,
    /// Who enrolled in that era.
    pub now: BoundedVec<Account, ConstU32<MAX_ENROLMENTS>>,
    /// Who enrolled in the era before it.
    pub before: BoundedVec<Account, ConstU32<MAX_ENROLMENTS>>,
    /// Height of the last enrolment.
    pub at: Height,
    /// Enrolments at that height.
    pub in_block: u32,
}

impl Recent {
    /// What of this counts in an era and a block.
    pub fn at(self, era: u32, height: Height) -> Self {
        let mut recent = self;
        if recent.era != era {
            let is_next = recent.era.checked_add(1) == Some(era);
            let before = core::mem::take(&mut recent.now);
            recent.before = if is_next { before } else { Default::default() };
            recent.era = era;
        }
        if recent.at != height {
            recent.at = height;
            recent.in_block = 0;
        }
        recent
    }
}

/// Why an enrolment is no valid transaction, as `InvalidTransaction::Custom`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Refusal {
    /// The block that it names is unknown here, or too old: take a newer one and do the work again.
    Block = 1,
    /// The work is too little.
    Work = 2,
    /// The account is registered already.
    Registered = 3,
    /// The account enrolled in this era or the last one.
    Again = 4,
    /// As many as possible enrolled in this era or block: wait for the next one.
    Full = 5,
    /// There is no place for one more apprentice.
    NoPlace = 6,
}

impl From<Refusal> for TransactionValidityError {
    fn from(refusal: Refusal) -> Self {
        InvalidTransaction::Custom(refusal as u8).into()
    }
}

impl<T: Config> Pallet<T> {
    /// Who enrolled lately, as of now.
    fn recent() -> Recent {
        Enrolments::<T>::get().at(T::Era::get(), Self::now())
    }

    /// What an enrolment is refused for besides its work, its signature and want of a place.
    fn refusal(account: &Account, recent: &Recent) -> Result<(), Refusal> {
        ensure!(!Entries::<T>::contains_key(AccountId32::from(*account)), Refusal::Registered);
        ensure!(!recent.now.contains(account) && !recent.before.contains(account), Refusal::Again);
        let full = recent.now.len() as u32 >= T::MaxEnrolments::get().min(MAX_ENROLMENTS)
            || recent.in_block >= T::EnrolmentsPerBlock::get();
        ensure!(!full, Refusal::Full);
        Ok(())
    }

    /// Who has to make room for one more apprentice: nobody where a place is free.
    fn place() -> Result<Option<Account>, Refusal> {
        if (Apprentices::<T>::decode_len().unwrap_or(0) as u32) < T::MaxApprentices::get() {
            return Ok(None);
        }
        Self::idlest_apprentice().map(Some).ok_or(Refusal::NoPlace)
    }

    /// The apprentice that makes room when all places are taken: of those of whom no shard was accepted for
    /// [`APPRENTICE_PATIENCE_BLOCKS`] and who have none, the one that has waited longest.
    fn idlest_apprentice() -> Option<Account> {
        let idle = Apprentices::<T>::get().into_iter().filter_map(|account| {
            let entry = Entries::<T>::get(AccountId32::from(account))?;
            let waited = Self::now().saturating_sub(entry.proved_at);
            (entry.is_free() && waited > APPRENTICE_PATIENCE_BLOCKS).then_some((entry.proved_at, account))
        });
        // The first of several: they stand in order of enrolment.
        idle.min_by_key(|(proved_at, _)| *proved_at).map(|(_, account)| account)
    }

    /// Whether an enrolment is a valid transaction: the cheapest checks first, then the signature. The look for a place, which is
    /// dear when all are taken, comes last: whoever signs anew has not done the work anew.
    pub(crate) fn authorize_enrolment(
        enrolment: &Enrolment,
        signature: &MultiSignature,
    ) -> TransactionValidityWithRefund {
        let age = Self::now().checked_sub(enrolment.block).ok_or(Refusal::Block)?;
        ensure!((1..=ENROLMENT_BLOCKS).contains(&age), Refusal::Block);
        let hash = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::from(enrolment.block));
        let hash = <[u8; 32]>::try_from(hash.as_ref()).map_err(|_| Refusal::Block)?;
        // An unknown block's hash is zero: anybody could have worked for it long ago.
        ensure!(hash != [0; 32], Refusal::Block);
        let message = enrolment.message(&hash);
        let work = leading_zeros(&message);
        ensure!(work >= T::EnrolmentWork::get(), Refusal::Work);
        Self::refusal(&enrolment.account, &Self::recent())?;
        ensure!(
            signature.verify(&message[..], &AccountId32::from(enrolment.account)),
            TransactionValidityError::from(InvalidTransaction::BadProof)
        );
        Self::place()?;
        let valid = ValidTransaction::with_tag_prefix("quern/enrol")
            .and_provides(enrolment.account)
            .priority(work.into())
            .longevity(ENROLMENT_BLOCKS.saturating_sub(age).saturating_add(1).into())
            .propagate(true)
            .build()?;
        Ok((valid, Weight::zero()))
    }

    /// Makes an account an apprentice that is ready for a shard.
    pub(crate) fn do_enrol(enrolment: Enrolment) -> DispatchResult {
        let Enrolment { account, endpoint, profile, ask, .. } = enrolment;
        let mut recent = Self::recent();
        Self::refusal(&account, &recent).map_err(|_| Error::<T>::EnrolmentRefused)?;
        let makes_room = Self::place().map_err(|_| Error::<T>::EnrolmentRefused)?;
        recent.now.try_push(account).map_err(|_| Error::<T>::EnrolmentRefused)?;
        recent.in_block = recent.in_block.saturating_add(1);
        if let Some(who) = makes_room.map(AccountId32::from) {
            Self::unlist(&who, Role::Apprentice);
            Self::remove_entry(&who);
            Self::deposit_event(Event::Retired { who });
        }
        Apprentices::<T>::try_append(account).map_err(|_| Error::<T>::RegistryFull)?;
        Enrolments::<T>::put(recent);
        let who = AccountId32::from(account);
        let entry = Entry { slots: 1, ..Self::new_entry(Role::Apprentice, endpoint, profile, ask) };
        Self::add_entry(&who, entry);
        Self::deposit_event(Event::Registered { who: who.clone(), role: Role::Apprentice, ask });
        Self::deposit_event(Event::Ready { who, slots: 1 });
        Ok(())
    }

    /// Whether an apprentice or a worker may send `set_ready`, `update` or `retire` for free now: an apprentice may own nothing
    /// that could pay, nor the worker that it becomes, whose bond is all that it has. Each of them uses the turn up.
    pub fn has_free_turn(who: &AccountId32) -> bool {
        let entry = Entries::<T>::get(who).filter(|entry| entry.role != Role::Validator && entry.is_active());
        entry.is_some_and(|entry| Self::now().saturating_sub(entry.ready_at) >= FREE_TURN_BLOCKS)
    }

    /// Makes a worker of an apprentice whose bond has reached the minimum, where there is a place for one more worker. Says
    /// whether it did; the caller writes the entry.
    pub(crate) fn graduate(who: &AccountId32, entry: &mut Entry) -> bool {
        let account: Account = who.clone().into();
        let is_due = entry.role == Role::Apprentice && entry.is_active() && entry.open == 0;
        if !is_due || !Self::is_bonded(&account) || Workers::<T>::try_append(account).is_err() {
            return false;
        }
        Self::unlist(who, Role::Apprentice);
        entry.role = Role::Worker;
        true
    }

    /// Further shards that apprentices may take: a share of all open shards, but one in any case, and none where there are too
    /// few validators to audit it.
    pub(crate) fn free_apprentice_places() -> u32 {
        if (Validators::<T>::decode_len().unwrap_or(0) as u32) < APPRENTICE_AUDITORS {
            return 0;
        }
        let (all, theirs) = OpenShards::<T>::get();
        let cap = all.saturating_mul(APPRENTICE_SHARE_PERCENT).checked_div(100).unwrap_or(0).max(1);
        cap.saturating_sub(theirs)
    }
}
