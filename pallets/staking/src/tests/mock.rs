// SPDX-License-Identifier: Apache-2.0
//! A runtime of system, balances and staking.

use crate as staking;
use frame_support::{derive_impl, traits::ConstU128};
use quern_primitives::{Account, Balance};
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage};

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Staking: staking,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlockU32<Test>;
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId32>;
    type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<ED>;
    type AccountStore = System;
}

impl staking::Config for Test {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type WeightInfo = ();
}

pub const ED: Balance = 10;
pub const MINIMUM: Balance = 100;
pub const UNBONDING: u32 = 20;
/// What accounts 1 to 4 own.
pub const RICH: Balance = 10_000;

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

/// What an account has on hold for its bond.
pub fn held(who: u8) -> Balance {
    use frame_support::traits::fungible::InspectHold;
    Balances::balance_on_hold(&staking::HoldReason::Bond.into(), &account(who))
}

/// A chain at height 1.
pub fn new_test_ext() -> sp_io::TestExternalities {
    let storage = RuntimeGenesisConfig {
        balances: pallet_balances::GenesisConfig {
            balances: (1..=4).map(|who| (account(who), RICH)).collect(),
            ..Default::default()
        },
        staking: staking::GenesisConfig {
            minimum_bond: MINIMUM,
            unbonding_blocks: UNBONDING,
            bonds: vec![(account(4), 500)],
            ..Default::default()
        },
        ..Default::default()
    }
    .build_storage()
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Runs a test and then checks the invariants.
pub fn run(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        Staking::do_try_state().unwrap();
    });
}
