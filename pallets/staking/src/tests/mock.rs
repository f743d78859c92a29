// SPDX-License-Identifier: Apache-2.0
//! A runtime of system, balances and staking.

use crate as staking;
use frame_support::{
    assert_ok, derive_impl, parameter_types,
    traits::{ConstU128, Contains},
};
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
    type Era = Era;
    type Author = Author;
    type SessionKeys = Keys;
    type CancelOrigin = frame_system::EnsureRoot<AccountId32>;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = ();
}

parameter_types! {
    /// The era.
    pub static Era: u32 = 0;
    /// The author of the block.
    pub static Author: Option<AccountId32> = None;
    /// Accounts without session keys; all others have some.
    pub static Keyless: Vec<AccountId32> = Vec::new();
}

pub struct Keys;
impl Contains<AccountId32> for Keys {
    fn contains(who: &AccountId32) -> bool {
        !Keyless::get().contains(who)
    }
}

pub const ED: Balance = 10;
pub const MINIMUM: Balance = 100;
pub const UNBONDING: u32 = 20;
pub const MINIMUM_NOMINATION: Balance = 50;
pub const RATIO: u32 = 3;
pub const EVIDENCE: u32 = 3;
pub const DEFER: u32 = 10;
/// What accounts 1 to 4 and 10 to 60 own.
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

/// What the pot holds for nominators.
pub fn pot() -> Balance {
    use frame_support::traits::fungible::InspectHold;
    Balances::balance_on_hold(&staking::HoldReason::Nomination.into(), &Staking::pot())
}

/// Bonds for an account and makes it a candidate.
pub fn candidate(who: u8, bond: Balance) {
    assert_ok!(Staking::bond(signed(who), bond));
    assert_ok!(Staking::validate(signed(who), 0));
}

/// What backs a candidate.
pub fn pool(who: u8) -> staking::Pool {
    Staking::pool(&account(who)).unwrap_or_default()
}

/// Whether a candidate is in the order.
pub fn is_listed(who: u8) -> bool {
    Staking::listed(&account(who)).is_ok()
}

/// Reports a consensus offence.
pub fn offend(who: u8, percent: u32, session: u32, reporter: Option<u8>) {
    use sp_staking::offence::{OffenceDetails, OnOffenceHandler};
    let details =
        OffenceDetails { offender: (account(who), ()), reporters: reporter.into_iter().map(account).collect() };
    Staking::on_offence(&[details], &[sp_runtime::Perbill::from_percent(percent)], session);
}

/// Goes to a height, carrying out the slashes that come due.
pub fn go_to(height: u32) {
    use frame_support::traits::Hooks;
    while System::block_number() < height {
        Staking::on_finalize(System::block_number());
        System::set_block_number(System::block_number() + 1);
        Staking::on_initialize(System::block_number());
    }
}

/// A chain at height 1.
pub fn new_test_ext() -> sp_io::TestExternalities {
    let storage = RuntimeGenesisConfig {
        balances: pallet_balances::GenesisConfig {
            balances: (1..=4).chain(10..=60).map(|who| (account(who), RICH)).collect(),
            ..Default::default()
        },
        staking: staking::GenesisConfig {
            minimum_bond: MINIMUM,
            unbonding_blocks: UNBONDING,
            bonds: vec![(account(4), 500)],
            min_validators: 2,
            max_validators: 4,
            max_backing_ratio: RATIO,
            minimum_nomination: MINIMUM_NOMINATION,
            evidence_sessions: EVIDENCE,
            defer_blocks: DEFER,
            reporter_ppm: 100_000,
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
