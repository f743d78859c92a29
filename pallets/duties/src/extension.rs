// SPDX-License-Identifier: Apache-2.0
//! The transaction extension that lets owed moves pass for free.

use crate::{Config, Pallet, WeightInfo, FREE_FAILURES};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};
use core::{fmt, marker::PhantomData};
use frame_support::{
    dispatch::{DispatchClass, DispatchInfo, Pays, PostDispatchInfo},
    pallet_prelude::{TransactionSource, Weight},
    traits::Contains,
    CloneNoBound, EqNoBound, PartialEqNoBound,
};
use quern_primitives::{
    traits::{Duties, Duty},
    Account,
};
use scale_info::{StaticTypeInfo, Type, TypeInfo};
use sp_runtime::{
    traits::{
        AsSystemOriginSigner, DispatchInfoOf, DispatchOriginOf, Dispatchable, Implication, PostDispatchInfoOf,
        RefundWeight, TransactionExtension, TransactionExtensionMetadata, ValidateResult,
    },
    transaction_validity::{TransactionPriority, TransactionValidity, TransactionValidityError, ValidTransaction},
    AccountId32, DispatchResult,
};

/// Marks the tags of owed moves in the pool, so that they are no nonce's.
const TAG: &[u8] = b"quern/duty";

/// Wraps the extensions `S` that weigh and charge a transaction: what its signer owes is operational, free and first. Encodes
/// as `S` does, and looks like `S` in the metadata.
#[derive(Encode, Decode, DecodeWithMemTracking, CloneNoBound, EqNoBound, PartialEqNoBound)]
#[codec(encode_bound(S: Encode))]
#[codec(decode_bound(S: Decode))]
#[codec(decode_with_mem_tracking_bound(S: DecodeWithMemTracking))]
pub struct PayUnlessOwed<T, S>(pub S, PhantomData<T>)
where
    S: Clone + Eq;

impl<T, S: Clone + Eq> From<S> for PayUnlessOwed<T, S> {
    fn from(inner: S) -> Self {
        Self(inner, PhantomData)
    }
}

impl<T, S: fmt::Debug + Clone + Eq> fmt::Debug for PayUnlessOwed<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PayUnlessOwed").field(&self.0).finish()
    }
}

impl<T: 'static, S: StaticTypeInfo + Clone + Eq> TypeInfo for PayUnlessOwed<T, S> {
    type Identity = S;

    fn type_info() -> Type {
        S::type_info()
    }
}

/// How a transaction's signer stands to its call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It owes the call, and has it for free.
    Owes(AccountId32, Duty),
    /// It may use the operational share without owing anything.
    Administers,
    /// It is like anybody.
    Ordinary,
    /// There is no signer.
    Unsigned,
}

impl Standing {
    /// What the wrapped extensions are to see.
    fn info(&self, info: &DispatchInfo) -> DispatchInfo {
        match self {
            Self::Owes(..) => DispatchInfo { class: DispatchClass::Operational, pays_fee: Pays::No, ..*info },
            Self::Ordinary if info.class == DispatchClass::Operational => {
                DispatchInfo { class: DispatchClass::Normal, ..*info }
            }
            _ => *info,
        }
    }
}

/// What validation passes on to preparation.
pub struct Val<V> {
    standing: Standing,
    inner: V,
}

/// What preparation passes on to the end.
pub struct Pre<P> {
    /// Whose free call it is.
    owes: Option<AccountId32>,
    /// What was weighed for a failure.
    failure: Weight,
    info: DispatchInfo,
    inner: P,
}

impl<T: Config, S: Clone + Eq> PayUnlessOwed<T, S> {
    /// How a signer stands to a call. Its failures are looked at first: they are the cheapest to know.
    fn standing(signer: Option<&AccountId32>, call: &T::RuntimeCall, class: DispatchClass) -> Standing {
        let Some(who) = signer else { return Standing::Unsigned };
        if T::Duties::moves(call) > 0 && Pallet::<T>::failures(who.clone()) < FREE_FAILURES {
            if let Some(duty) = T::Duties::owed(&Account::from(who.clone()), call) {
                return Standing::Owes(who.clone(), duty);
            }
        }
        if class == DispatchClass::Operational && T::Administrators::contains(who) {
            return Standing::Administers;
        }
        Standing::Ordinary
    }

    /// The greatest priority, one place in the pool for each subject, and no longer life than the duty's.
    fn validity(who: &AccountId32, duty: &Duty) -> ValidTransaction {
        let tag = |subject: &Vec<u8>| (TAG, who, subject).encode();
        ValidTransaction {
            priority: TransactionPriority::MAX,
            provides: duty.subjects.iter().map(tag).collect(),
            longevity: duty.by.saturating_sub(Pallet::<T>::now()).saturating_add(1).into(),
            ..Default::default()
        }
    }
}

impl<T, S> TransactionExtension<T::RuntimeCall> for PayUnlessOwed<T, S>
where
    T: Config + Send + Sync,
    S: TransactionExtension<T::RuntimeCall>,
    T::RuntimeCall: Dispatchable<Info = DispatchInfo, PostInfo = PostDispatchInfo>,
    DispatchOriginOf<T::RuntimeCall>: AsSystemOriginSigner<AccountId32>,
{
    // Never shown: see `metadata`.
    const IDENTIFIER: &'static str = "PayUnlessOwed";
    type Implicit = S::Implicit;
    type Val = Val<S::Val>;
    type Pre = Pre<S::Pre>;

    fn implicit(&self) -> Result<Self::Implicit, TransactionValidityError> {
        self.0.implicit()
    }

    fn metadata() -> Vec<TransactionExtensionMetadata> {
        S::metadata()
    }

    fn weight(&self, call: &T::RuntimeCall) -> Weight {
        let own = match T::Duties::moves(call) {
            0 => T::WeightInfo::pass(),
            moves => T::WeightInfo::judge(moves).saturating_add(T::WeightInfo::failure()),
        };
        self.0.weight(call).saturating_add(own)
    }

    fn validate(
        &self,
        origin: DispatchOriginOf<T::RuntimeCall>,
        call: &T::RuntimeCall,
        info: &DispatchInfoOf<T::RuntimeCall>,
        len: usize,
        self_implicit: Self::Implicit,
        inherited_implication: &impl Implication,
        source: TransactionSource,
    ) -> ValidateResult<Self::Val, T::RuntimeCall> {
        let standing = Self::standing(origin.as_system_origin_signer(), call, info.class);
        let seen = standing.info(info);
        let (mut validity, inner, origin) =
            self.0.validate(origin, call, &seen, len, self_implicit, inherited_implication, source)?;
        if let Standing::Owes(who, duty) = &standing {
            validity = validity.combine_with(Self::validity(who, duty));
        }
        Ok((validity, Val { standing, inner }, origin))
    }

    fn prepare(
        self,
        val: Self::Val,
        origin: &DispatchOriginOf<T::RuntimeCall>,
        call: &T::RuntimeCall,
        info: &DispatchInfoOf<T::RuntimeCall>,
        len: usize,
    ) -> Result<Self::Pre, TransactionValidityError> {
        let info = val.standing.info(info);
        let inner = self.0.prepare(val.inner, origin, call, &info, len)?;
        let owes = match val.standing {
            Standing::Owes(who, _) => Some(who),
            _ => None,
        };
        let failure = if T::Duties::moves(call) > 0 { T::WeightInfo::failure() } else { Weight::zero() };
        Ok(Pre { owes, failure, info, inner })
    }

    fn post_dispatch_details(
        pre: Self::Pre,
        _: &DispatchInfoOf<T::RuntimeCall>,
        post_info: &PostDispatchInfoOf<T::RuntimeCall>,
        len: usize,
        result: &DispatchResult,
    ) -> Result<Weight, TransactionValidityError> {
        let own = note::<T>(pre.owes, pre.failure, result);
        let inner = S::post_dispatch_details(pre.inner, &pre.info, post_info, len, result)?;
        Ok(inner.saturating_add(own))
    }

    // The wrapped extensions correct the weight one after the other, so each must see what those before it have corrected.
    fn post_dispatch(
        pre: Self::Pre,
        _: &DispatchInfoOf<T::RuntimeCall>,
        post_info: &mut PostDispatchInfoOf<T::RuntimeCall>,
        len: usize,
        result: &DispatchResult,
    ) -> Result<(), TransactionValidityError> {
        post_info.refund(note::<T>(pre.owes, pre.failure, result));
        S::post_dispatch(pre.inner, &pre.info, post_info, len, result)
    }

    fn bare_validate(call: &T::RuntimeCall, info: &DispatchInfoOf<T::RuntimeCall>, len: usize) -> TransactionValidity {
        S::bare_validate(call, info, len)
    }

    fn bare_validate_and_prepare(
        call: &T::RuntimeCall,
        info: &DispatchInfoOf<T::RuntimeCall>,
        len: usize,
    ) -> Result<(), TransactionValidityError> {
        S::bare_validate_and_prepare(call, info, len)
    }

    fn bare_post_dispatch(
        info: &DispatchInfoOf<T::RuntimeCall>,
        post_info: &mut PostDispatchInfoOf<T::RuntimeCall>,
        len: usize,
        result: &DispatchResult,
    ) -> Result<(), TransactionValidityError> {
        S::bare_post_dispatch(info, post_info, len, result)
    }
}

/// Counts the failure of a free call. Returns the weight that was not needed.
fn note<T: Config>(owes: Option<AccountId32>, failure: Weight, result: &DispatchResult) -> Weight {
    match (owes, result) {
        (Some(who), Err(_)) => {
            Pallet::<T>::note_failure(who);
            Weight::zero()
        }
        _ => failure,
    }
}
