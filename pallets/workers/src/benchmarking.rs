// SPDX-License-Identifier: Apache-2.0
//! Benchmarks of the calls, with the list of workers as full as it gets.

use super::*;
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_system::RawOrigin;
use quern_primitives::job::{SocketAddress, MAX_ADDRESSES};
use sp_runtime::{
    app_crypto::{sp_core::sr25519, RuntimePublic},
    KeyTypeId,
};

/// Bonds an account, so that it can register.
pub trait BenchmarkHelper {
    /// Gives `who` a free bond of at least the minimum.
    fn bond(who: &AccountId32);
    /// Takes the bond of `who` away, as an exit does.
    fn unbond(who: &AccountId32);
}

/// Of the key of a newcomer, in the keystore of benchmarks.
const KEY: KeyTypeId = KeyTypeId(*b"enrl");

fn endpoint() -> Endpoint {
    let address = SocketAddress { ip: [1; 16], port: 1 };
    Endpoint { id: [1; 32], addresses: vec![address; MAX_ADDRESSES as usize].try_into().unwrap_or_default() }
}

fn profile() -> Profile {
    let device = vec![b'x'; MAX_DEVICE_NAME as usize].try_into().unwrap_or_default();
    Profile { memory_mib: 1, device, accelerator: true, gmacs_per_second: 1, region: Region::new(*b"DE") }
}

/// Fills all places for workers but one.
fn fill<T: Config>() -> Result<(), BenchmarkError> {
    for index in 1..T::MaxWorkers::get() {
        let who: AccountId32 = account("worker", index, 0);
        Workers::<T>::try_append(Account::from(who)).map_err(|_| BenchmarkError::Stop("no place"))?;
    }
    Ok(())
}

/// Takes all places for apprentices; all have waited for too long.
fn fill_apprentices<T: Config>() -> Result<(), BenchmarkError> {
    for index in 0..T::MaxApprentices::get() {
        let who: AccountId32 = account("apprentice", index, 0);
        Apprentices::<T>::try_append(Account::from(who.clone())).map_err(|_| BenchmarkError::Stop("no place"))?;
        let entry = Entry { slots: 1, ..Pallet::<T>::new_entry(Role::Apprentice, endpoint(), profile(), 1) };
        Pallet::<T>::add_entry(&who, entry);
    }
    let later = Pallet::<T>::now().saturating_add(APPRENTICE_PATIENCE_BLOCKS).saturating_add(1);
    frame_system::Pallet::<T>::set_block_number(later.into());
    Ok(())
}

/// Fills all places for validators but one.
fn fill_validators<T: Config>() -> Result<(), BenchmarkError> {
    for index in 1..T::MaxValidators::get() {
        let who: AccountId32 = account("validator", index, 0);
        Validators::<T>::try_append(Account::from(who))
            .and_then(|()| ValidatorsSince::<T>::try_append(0))
            .map_err(|_| BenchmarkError::Stop("no place"))?;
    }
    Ok(())
}

/// The last validator for which there is place: two lists are longer than that of the workers.
fn validator<T: Config>(who: &AccountId32) -> Result<RawOrigin<AccountId32>, BenchmarkError> {
    fill_validators::<T>()?;
    T::BenchmarkHelper::bond(who);
    let origin = RawOrigin::Signed(who.clone());
    Pallet::<T>::register(origin.clone().into(), Role::Validator, endpoint(), profile(), 1)?;
    Ok(origin)
}

/// The last worker for which there is place.
fn worker<T: Config>() -> Result<RawOrigin<AccountId32>, BenchmarkError> {
    fill::<T>()?;
    let who: AccountId32 = whitelisted_caller();
    T::BenchmarkHelper::bond(&who);
    let origin = RawOrigin::Signed(who);
    Pallet::<T>::register(origin.clone().into(), Role::Worker, endpoint(), profile(), 1)?;
    Ok(origin)
}

/// Takes all places for accounts that left; `who` is the last of them.
fn fill_former<T: Config>(who: &AccountId32) {
    let kept_until = Pallet::<T>::now().saturating_add(FORMER_REST_BLOCKS);
    let others = (1..MAX_FORMER_RESTS).map(|index| account("former", index, 0)).chain([who.clone()]);
    let rest = |who: AccountId32| FormerRest { who: who.into(), rests_until: 0, rests: 1, kept_until };
    FormerRests::<T>::put(BoundedVec::truncate_from(others.map(rest).collect::<Vec<_>>()));
}

/// Has a worker have rested, and takes all places for accounts that left.
fn rested<T: Config>(who: &AccountId32) {
    fill_former::<T>(&account("former", 0, 0));
    Entries::<T>::mutate_extant(who, |entry| entry.rests = 1);
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn register() -> Result<(), BenchmarkError> {
        fill_validators::<T>()?;
        let who: AccountId32 = whitelisted_caller();
        T::BenchmarkHelper::bond(&who);
        fill_former::<T>(&who);

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), Role::Validator, endpoint(), profile(), 1);

        assert!(Entries::<T>::contains_key(&who));
        Ok(())
    }

    #[benchmark]
    fn update() -> Result<(), BenchmarkError> {
        let origin = worker::<T>()?;

        #[extrinsic_call]
        _(origin, endpoint(), profile(), 2);

        Ok(())
    }

    #[benchmark]
    fn set_ready() -> Result<(), BenchmarkError> {
        let origin = worker::<T>()?;

        #[extrinsic_call]
        _(origin, MAX_SLOTS);

        Ok(())
    }

    #[benchmark]
    fn enrol() -> Result<(), BenchmarkError> {
        fill_apprentices::<T>()?;
        // Nobody pays, so its account is read and written too.
        let who: AccountId32 = account("newcomer", 0, 0);
        let account = Account::from(who.clone());
        fill_former::<T>(&who);
        if let Some(first) = Apprentices::<T>::get().first() {
            Entries::<T>::mutate_extant(AccountId32::from(*first), |entry| entry.rests = 1);
        }
        let enrolment = Enrolment { account, endpoint: endpoint(), profile: profile(), ask: 1, block: 0, nonce: 0 };
        let signature = MultiSignature::Sr25519([0; 64].into());

        #[extrinsic_call]
        _(RawOrigin::Authorized, enrolment, signature);

        assert!(Entries::<T>::contains_key(&who));
        Ok(())
    }

    #[benchmark]
    fn authorize_enrol() -> Result<(), BenchmarkError> {
        fill_apprentices::<T>()?;
        let (block, hash) = (Pallet::<T>::now(), [1; 32]);
        let mut bytes = T::Hash::default();
        bytes.as_mut().copy_from_slice(&hash);
        frame_system::BlockHash::<T>::insert(BlockNumberFor::<T>::from(block), bytes);
        frame_system::Pallet::<T>::set_block_number(block.saturating_add(1).into());
        let key = sr25519::Public::generate_pair(KEY, None);
        let account = key.0;
        let enrolment = Enrolment { account, endpoint: endpoint(), profile: profile(), ask: 1, block, nonce: 0 };
        let enrolment = enrolment.with_work(&hash, T::EnrolmentWork::get());
        let signature = key.sign(KEY, &enrolment.message(&hash));
        let signature = MultiSignature::Sr25519(signature.ok_or(BenchmarkError::Stop("no key to sign with"))?);
        let call = Call::<T>::enrol { enrolment, signature };
        let result;

        #[block]
        {
            result = frame_support::traits::Authorize::authorize(&call, TransactionSource::External);
        }

        assert!(result.is_some_and(|result| result.is_ok()));
        Ok(())
    }

    #[benchmark]
    fn retire() -> Result<(), BenchmarkError> {
        let who: AccountId32 = whitelisted_caller();
        let origin = validator::<T>(&who)?;
        rested::<T>(&who);

        #[extrinsic_call]
        _(origin);

        Ok(())
    }

    #[benchmark]
    fn evict() -> Result<(), BenchmarkError> {
        let (who, caller): (AccountId32, AccountId32) = (account("evicted", 0, 0), whitelisted_caller());
        validator::<T>(&who)?;
        T::BenchmarkHelper::unbond(&who);
        rested::<T>(&who);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), who.clone());

        assert!(!Entries::<T>::contains_key(&who));
        Ok(())
    }

    #[benchmark]
    fn forget_rests() -> Result<(), BenchmarkError> {
        worker::<T>()?;
        rested::<T>(&whitelisted_caller());
        let full = FormerRests::<T>::get();
        let now = full.last().map_or(0, |rest| rest.kept_until);

        #[block]
        {
            Pallet::<T>::forget_rests(now);
        }

        assert!(FormerRests::<T>::get().len() <= full.len());
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::tests::mock::new_test_ext(), crate::tests::mock::Test);
}
