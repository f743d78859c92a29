// SPDX-License-Identifier: Apache-2.0
//! A runtime of system and workers, with bonds that tests set.

use crate as workers;
use crate::{Entries, Entry, Profile};
use frame_support::{assert_ok, derive_impl, parameter_types, traits::ConstU32};
use quern_primitives::{
    job::Endpoint,
    traits::{Collateral, CollateralError, Role},
    Account, Balance,
};
use sp_runtime::{traits::IdentityLookup, AccountId32};
use std::collections::BTreeMap;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Registry: workers,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlockU32<Test>;
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId32>;
}

parameter_types! {
    /// Bonds, and what of them is locked.
    pub static Bonds: BTreeMap<Account, (Balance, Balance)> = BTreeMap::new();
}

/// Bonds out of [`Bonds`].
pub struct MockCollateral;
impl Collateral for MockCollateral {
    fn free(who: &Account) -> Balance {
        Bonds::get().get(who).map_or(0, |(bonded, locked)| bonded - locked)
    }
    fn bonded(who: &Account) -> Balance {
        Bonds::get().get(who).map_or(0, |(bonded, _)| *bonded)
    }
    fn lock(_: &Account, _: Balance) -> Result<(), CollateralError> {
        unreachable!("the registry locks nothing")
    }
    fn release(_: &Account, _: Balance) {
        unreachable!("the registry releases nothing")
    }
    fn slash(_: &Account, _: Balance, _: &[(Account, Balance)]) -> Balance {
        unreachable!("the registry slashes nothing")
    }
    fn minimum() -> Balance {
        MINIMUM
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl workers::BenchmarkHelper for MockCollateral {
    fn bond(who: &AccountId32) {
        Bonds::mutate(|bonds| bonds.insert(who.clone().into(), (MINIMUM, 0)));
    }
}

impl workers::Config for Test {
    type Collateral = MockCollateral;
    type MaxWorkers = ConstU32<3>;
    type MaxValidators = ConstU32<2>;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = MockCollateral;
}

pub const MINIMUM: Balance = 100;
pub const ASK: Balance = 7;

/// The bytes of an account.
pub fn raw(who: u8) -> Account {
    [who; 32]
}

/// An account.
pub fn account(who: u8) -> AccountId32 {
    raw(who).into()
}

/// The origin of an account.
pub fn signed(who: u8) -> RuntimeOrigin {
    RuntimeOrigin::signed(account(who))
}

/// Sets a bond and what of it is locked.
pub fn set_bond(who: u8, bonded: Balance, locked: Balance) {
    Bonds::mutate(|bonds| bonds.insert(raw(who), (bonded, locked)));
}

/// An endpoint that differs by `id`.
pub fn endpoint(id: u8) -> Endpoint {
    Endpoint { id: [id; 32], ..Default::default() }
}

/// A profile.
pub fn profile() -> Profile {
    Profile { memory_mib: 4_096, device: b"mill".to_vec().try_into().unwrap(), accelerator: true }
}

/// Registers an account.
pub fn register(who: u8, role: Role) {
    assert_ok!(Registry::register(signed(who), role, endpoint(who), profile(), ASK));
}

/// The entry of a registered account.
pub fn entry(who: u8) -> Entry {
    Entries::<Test>::get(account(who)).unwrap()
}

/// A chain at height 1 where accounts 1 to 6 have the minimum bond.
pub fn new_test_ext() -> sp_io::TestExternalities {
    let mut ext = sp_io::TestExternalities::default();
    ext.execute_with(|| {
        System::set_block_number(1);
        Bonds::set((1..=6).map(|who| (raw(who), (MINIMUM, 0))).collect());
    });
    ext
}

/// Runs a test and then checks the invariants.
pub fn run(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        Registry::do_try_state().unwrap();
    });
}
