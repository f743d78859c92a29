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
    /// It owes the call, or this account does whose proxy it is, and has it for free.
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
pub struct Pre<C, P> {
    /// Whose free call it is.
    owes: Option<AccountId32>,
    /// What that account does, where its proxy has signed: a proxy's call succeeds whatever becomes of this.
    proxied: Option<C>,
    /// What was weighed for a failure.
    failure: Weight,
    info: DispatchInfo,
    inner: P,
}

impl<T: Config, S: Clone + Eq> PayUnlessOwed<T, S> {
    /// How a signer stands to a call. Its failures are looked at first: they are the cheapest to know.
    fn standing(signer: Option<&AccountId32>, call: &T::RuntimeCall, class: DispatchClass) -> Standing {
        let Some(who) = signer else { return Standing::Unsigned };
        if T::Duties::moves(Self::made(call)) > 0 {
            let signer = Account::from(who.clone());
            let proxied = T::Duties::proxied(call);
            let (account, made) = proxied.unwrap_or((signer, call));
            let has_failed = Pallet::<T>::failures(account.into()) >= FREE_FAILURES;
            if !has_failed && (proxied.is_none() || T::Duties::may_act(&signer, call)) {
                if let Some(duty) = T::Duties::owed(&account, made) {
                    return Standing::Owes(account.into(), duty);
                }
            }
        }
        if class == DispatchClass::Operational && T::Administrators::contains(who) {
            return Standing::Administers;
        }
        Standing::Ordinary
    }

    /// What a call does: what it makes another account do, if it does that, else the call itself.
    fn made(call: &T::RuntimeCall) -> &T::RuntimeCall {
        T::Duties::proxied(call).map_or(call, |(_, made)| made)
    }

    /// What is weighed for the failure of a call that may be owed.
    fn failure_weight(call: &T::RuntimeCall) -> Weight {
        if T::Duties::moves(Self::made(call)) > 0 {
            T::WeightInfo::failure()
        } else {
            Weight::zero()
        }
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
    type Pre = Pre<T::RuntimeCall, S::Pre>;

    fn implicit(&self) -> Result<Self::Implicit, TransactionValidityError> {
        self.0.implicit()
    }

    fn metadata() -> Vec<TransactionExtensionMetadata> {
        S::metadata()
    }

    fn weight(&self, call: &T::RuntimeCall) -> Weight {
        let own = match (T::Duties::moves(Self::made(call)), T::Duties::proxied(call)) {
            (0, _) => T::WeightInfo::pass(),
            (moves, None) => T::WeightInfo::judge(moves),
            (moves, Some(_)) => T::WeightInfo::judge_proxied(moves),
        };
        self.0.weight(call).saturating_add(own).saturating_add(Self::failure_weight(call))
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
        let proxied = owes.is_some().then(|| T::Duties::proxied(call)).flatten().map(|(_, made)| made.clone());
        Ok(Pre { owes, proxied, failure: Self::failure_weight(call), info, inner })
    }

    fn post_dispatch_details(
        pre: Self::Pre,
        _: &DispatchInfoOf<T::RuntimeCall>,
        post_info: &PostDispatchInfoOf<T::RuntimeCall>,
        len: usize,
        result: &DispatchResult,
    ) -> Result<Weight, TransactionValidityError> {
        let own = note::<T>(pre.owes, pre.proxied, pre.failure, result);
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
        post_info.refund(note::<T>(pre.owes, pre.proxied, pre.failure, result));
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
///
/// A proxy's call succeeds whatever becomes of the call within. That one has failed if it is owed as before: a call that fails
/// changes nothing, and no owed move can be made twice.
fn note<T: Config>(
    owes: Option<AccountId32>,
    proxied: Option<T::RuntimeCall>,
    failure: Weight,
    result: &DispatchResult,
) -> Weight {
    let Some(who) = owes else { return failure };
    let is_owed_still = |made| T::Duties::owed(&Account::from(who.clone()), &made).is_some();
    if result.is_err() || proxied.is_some_and(is_owed_still) {
        Pallet::<T>::note_failure(who);
        return Weight::zero();
    }
    failure
}
