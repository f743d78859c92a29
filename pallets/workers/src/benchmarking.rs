// SPDX-License-Identifier: Apache-2.0
//! Benchmarks of the calls, with the list of workers as full as it gets.

use super::*;
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_system::RawOrigin;
use quern_primitives::job::{SocketAddress, MAX_ADDRESSES};

/// Bonds an account, so that it can register.
pub trait BenchmarkHelper {
    /// Gives `who` a free bond of at least the minimum.
    fn bond(who: &AccountId32);
}

fn endpoint() -> Endpoint {
    let address = SocketAddress { ip: [1; 16], port: 1 };
    Endpoint { id: [1; 32], addresses: vec![address; MAX_ADDRESSES as usize].try_into().unwrap_or_default() }
}

fn profile() -> Profile {
    let device = vec![b'x'; MAX_DEVICE_NAME as usize].try_into().unwrap_or_default();
    Profile { memory_mib: 1, device, accelerator: true }
}

/// Fills all places for workers but one.
fn fill<T: Config>() -> Result<(), BenchmarkError> {
    for index in 1..T::MaxWorkers::get() {
        let who: AccountId32 = account("worker", index, 0);
        Workers::<T>::try_append(Account::from(who)).map_err(|_| BenchmarkError::Stop("no place"))?;
    }
    Ok(())
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

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn register() -> Result<(), BenchmarkError> {
        fill::<T>()?;
        let who: AccountId32 = whitelisted_caller();
        T::BenchmarkHelper::bond(&who);

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), Role::Worker, endpoint(), profile(), 1);

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
    fn retire() -> Result<(), BenchmarkError> {
        let origin = worker::<T>()?;

        #[extrinsic_call]
        _(origin);

        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::tests::mock::new_test_ext(), crate::tests::mock::Test);
}
