// SPDX-License-Identifier: Apache-2.0
//! A runtime of system, balances, staking and slashing.

use crate as slashing;
use frame_support::{
    assert_ok, derive_impl,
    traits::{ConstU128, ConstU32},
};
use quern_primitives::{
    traits::{Collateral as _, Offence, OffenceKind},
    Account, Balance, ShardId,
};
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage};

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Collateral: quern_pallet_staking,
        Slashing: slashing,
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
    type ExistentialDeposit = ConstU128<10>;
    type AccountStore = System;
}

impl quern_pallet_staking::Config for Test {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Era = ConstU32<0>;
    type Author = ();
    type SessionKeys = frame_support::traits::Everything;
    type CancelOrigin = frame_system::EnsureRoot<AccountId32>;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = ();
}

impl slashing::Config for Test {
    type Collateral = Collateral;
    type WeightInfo = ();
}

/// What accounts 1 to 4 own; accounts 3 and 4 bonded half of it.
pub const RICH: Balance = 100_000;
/// The bond of account 4, the offender.
pub const BOND: Balance = RICH / 2;
pub const OFFENDER: u8 = 4;
pub const REQUESTER: u8 = 1;
pub const REPORTER: u8 = 2;

/// The bytes of an account.
pub fn raw(who: u8) -> Account {
    [who; 32]
}

/// An account.
pub fn account(who: u8) -> AccountId32 {
    raw(who).into()
}

/// An offence of account 4 by a reporter, with nothing to restitute.
pub fn offence(kind: OffenceKind, locked: Balance) -> Offence {
    Offence {
        kind,
        offender: raw(OFFENDER),
        shard: ShardId { job: 1, stage: 2, index: 3 },
        locked,
        reporter: Some(raw(REPORTER)),
        restitution: None,
        evidence: [9; 32],
    }
}

/// Locks what the offences name.
pub fn lock(amount: Balance) {
    assert_ok!(Collateral::lock(&raw(OFFENDER), amount));
}

/// A chain at height 1.
pub fn new_test_ext_with(slashing: slashing::GenesisConfig<Test>) -> sp_io::TestExternalities {
    let storage = RuntimeGenesisConfig {
        balances: pallet_balances::GenesisConfig {
            balances: (1..=4).map(|who| (account(who), RICH)).collect(),
            ..Default::default()
        },
        collateral: quern_pallet_staking::GenesisConfig {
            minimum_bond: 100,
            unbonding_blocks: 20,
            bonds: vec![(account(3), BOND), (account(OFFENDER), BOND)],
            ..Default::default()
        },
        slashing,
        ..Default::default()
    }
    .build_storage()
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// A chain at height 1, with the default shares.
pub fn new_test_ext() -> sp_io::TestExternalities {
    new_test_ext_with(Default::default())
}

/// Runs a test and then checks the invariants.
pub fn run(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        Collateral::do_try_state().unwrap();
        Slashing::do_try_state().unwrap();
    });
}
