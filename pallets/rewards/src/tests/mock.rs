// SPDX-License-Identifier: Apache-2.0
//! A runtime of system, balances and rewards.

use crate as rewards;
use frame_support::{
    derive_impl, parameter_types,
    traits::{fungible::Mutate, tokens::Preservation, ConstU128, Hooks},
    PalletId,
};
use quern_primitives::{
    traits::{Backing, Rewards as _, Settlement},
    Account, Balance, ShardId,
};
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage};

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Rewards: rewards,
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

parameter_types! {
    /// Who authors the blocks that [`run_to`] begins.
    pub static Author: Option<Account> = None;
    /// What those who back authors get of what they earn, in parts per million.
    pub static BackersPpm: u32 = 0;
    pub const RewardsId: PalletId = PalletId(*b"qrn/rwds");
    pub Treasury: AccountId32 = account(TREASURY);
}

/// Pays an author, and [`BACKERS`] their part.
pub struct Shared;
impl Backing for Shared {
    fn reward(who: &Account, from: &Account, amount: Balance, _era: u32) -> Option<(Balance, Balance)> {
        let backing = amount * Balance::from(BackersPpm::get()) / 1_000_000;
        for (to, part) in [((*who).into(), amount - backing), (account(BACKERS), backing)] {
            if part > 0 {
                let from = (*from).into();
                <Balances as Mutate<_>>::transfer(&from, &to, part, Preservation::Expendable).ok()?;
            }
        }
        Some((amount - backing, backing))
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl rewards::BenchmarkHelper for Shared {
    fn back(_: &AccountId32) {
        BackersPpm::set(250_000);
    }
}

impl rewards::Config for Test {
    type Currency = Balances;
    type PalletId = RewardsId;
    type Treasury = Treasury;
    type Author = Author;
    type Backing = Shared;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Shared;
}

pub const ED: Balance = 10;
/// What accounts 1 to 4, the backers and the treasury own.
pub const RICH: Balance = 1_000_000;
pub const REQUESTER: u8 = 1;
pub const WORKER: u8 = 2;
/// Who backs authors, in tests in which somebody does.
pub const BACKERS: u8 = 7;
pub const TREASURY: u8 = 8;

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

/// A shard's money.
pub fn settlement(price: Balance, audit_fee: Balance, protocol_fee: Balance) -> Settlement {
    let shard = ShardId { job: 1, stage: 0, index: 2 };
    Settlement { shard, worker: raw(WORKER), price, audit_fee, protocol_fee, macs: 77 }
}

/// Moves a shard's money to the pot, as the jobs pallet does, and settles.
pub fn settle(settlement: &Settlement, auditors: &[u8]) {
    Rewards::settle(settlement, &fund(settlement, auditors));
}

/// Moves what a result costs that nobody can audit to the pot and pays it.
pub fn compensate(settlement: &Settlement, auditors: &[u8]) {
    Rewards::compensate(settlement, &fund(settlement, auditors));
}

fn fund(settlement: &Settlement, auditors: &[u8]) -> Vec<Account> {
    let sum = settlement.price + settlement.audit_fee + settlement.protocol_fee;
    let pot = Rewards::pot_account();
    <Balances as Mutate<_>>::transfer(&account(REQUESTER), &pot, sum, Preservation::Preserve).unwrap();
    auditors.iter().copied().map(raw).collect()
}

/// Begins blocks up to a height.
pub fn run_to(height: u32) {
    while System::block_number() < height {
        System::set_block_number(System::block_number() + 1);
        Rewards::on_initialize(System::block_number());
    }
}

/// What an account can claim of its credit.
pub fn credit(who: u8) -> Balance {
    Rewards::credit_of(&account(who))
}

/// A chain at height 1, with a treasury or without.
pub fn new_test_ext_with(rewards: rewards::GenesisConfig<Test>, treasury: bool) -> sp_io::TestExternalities {
    let rich = (1..=4).chain([BACKERS]).chain(treasury.then_some(TREASURY));
    let storage = RuntimeGenesisConfig {
        balances: pallet_balances::GenesisConfig {
            balances: rich.map(|who| (account(who), RICH)).collect(),
            ..Default::default()
        },
        rewards,
        ..Default::default()
    }
    .build_storage()
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| {
        Author::set(None);
        BackersPpm::set(0);
        System::set_block_number(1);
    });
    ext
}

/// A chain at height 1, with the default parameters.
#[cfg(feature = "runtime-benchmarks")]
pub fn new_test_ext() -> sp_io::TestExternalities {
    new_test_ext_with(Default::default(), true)
}

/// Runs a test and then checks the invariants.
pub fn run(test: impl FnOnce()) {
    run_with(Default::default(), test);
}

/// Runs a test on certain parameters and then checks the invariants.
pub fn run_with(genesis: rewards::GenesisConfig<Test>, test: impl FnOnce()) {
    new_test_ext_with(genesis, true).execute_with(|| {
        test();
        Rewards::do_try_state().unwrap();
    });
}
