// SPDX-License-Identifier: Apache-2.0
//! A runtime of system, balances, staking and slashing.

use crate as slashing;
use frame_support::{
    assert_ok, derive_impl, parameter_types,
    traits::{ConstU128, ConstU32, Hooks},
};
use frame_system::EnsureRoot;
use quern_primitives::{
    job::Endpoint,
    offence::{ConsensusOffence, OffenceId},
    plant::{ConvictedResult, PlantedResult},
    traits::{
        Collateral as _, ConsensusOffences, Offence, OffenceKind, Offences, ReadyWorker, Registry, Results, ShardEnd,
    },
    Account, Balance, BlobId, ShardId,
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

parameter_types! {
    /// Steps of a block; few where a test wants slashes to wait.
    pub static SlashesPerBlock: u32 = 100;
    /// Whose convictions were taken back, and when they had been noted.
    pub static Pardons: Vec<(Account, u32)> = vec![];
    /// Results that are never paid.
    pub static Void: Vec<PlantedResult> = vec![];
}

/// The registry, and what became of results.
pub struct World;

impl Registry for World {
    fn ready_workers() -> Vec<ReadyWorker> {
        unreachable!("slashing assigns nothing")
    }
    fn take_slot(_: &Account) {
        unreachable!("slashing assigns nothing")
    }
    fn shard_ended(_: &Account, _: ShardEnd) {
        unreachable!("slashing ends no shard")
    }
    fn pardon(who: &Account, at: u32) {
        Pardons::mutate(|pardons| pardons.push((*who, at)));
    }
    fn validators() -> Vec<Account> {
        unreachable!("slashing draws nobody")
    }
    fn validators_before(_: u32) -> Vec<Account> {
        unreachable!("slashing draws nobody")
    }
    fn endpoint(_: &Account) -> Option<Endpoint> {
        unreachable!("slashing calls nobody")
    }
}

impl Results for World {
    fn is_void(result: &PlantedResult) -> bool {
        Void::get().contains(result)
    }
}

impl quern_pallet_staking::Config for Test {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Era = ConstU32<0>;
    type DrawMemory = ConstU32<0>;
    type Author = ();
    type SessionKeys = frame_support::traits::Everything;
    type Unclaimed = ();
    type Offences = Slashing;
    type Disabling = ();
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = ();
}

impl slashing::Config for Test {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Collateral = Collateral;
    type GovernanceOrigin = EnsureRoot<AccountId32>;
    type SlashesPerBlock = SlashesPerBlock;
    type Registry = World;
    type Results = World;
    type MaxPlants = ConstU32<4>;
    type MaxPlantsOfAccount = ConstU32<3>;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Helper;
}

/// Funds and bonds accounts for benchmarks.
#[cfg(feature = "runtime-benchmarks")]
pub struct Helper;

#[cfg(feature = "runtime-benchmarks")]
impl slashing::benchmarking::BenchmarkHelper for Helper {
    fn lock(who: &AccountId32, amount: Balance) {
        let funds = <Balances as frame_support::traits::fungible::Inspect<_>>::minimum_balance() + 2 * amount;
        assert_ok!(<Balances as frame_support::traits::fungible::Mutate<_>>::mint_into(who, funds));
        assert_ok!(Collateral::bond(RuntimeOrigin::signed(who.clone()), amount));
        assert_ok!(Collateral::lock(&who.clone().into(), amount));
    }

    fn candidate() -> Result<AccountId32, frame_benchmarking::BenchmarkError> {
        quern_pallet_staking::benchmarking::backed_candidate::<Test>()
    }

    fn bar(_: &AccountId32) {}

    fn make_void(planted: &PlantedResult) {
        Void::set(vec![*planted]);
    }
}

/// What accounts 1 to 4 own; accounts 3 and 4 bonded half of it.
pub const RICH: Balance = 100_000;
/// The bond of account 4, the offender.
pub const BOND: Balance = RICH / 2;
pub const OFFENDER: u8 = 4;
pub const REQUESTER: u8 = 1;
pub const REPORTER: u8 = 2;
/// May put slashes off.
pub const GUARDIAN: u8 = 3;
/// Blocks of the process, and what an appeal holds.
pub const DEFER: u32 = 10;
pub const DELAY: u32 = 7;
pub const APPEAL: u32 = 20;
pub const APPEAL_BOND: Balance = 500;

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

/// Locks what an offence of account 4 names, and reports it. Its number comes back.
pub fn report(offence: Offence) -> OffenceId {
    lock(offence.locked);
    <Slashing as Offences>::report(offence);
    slashing::NextOffence::<Test>::get() - 1
}

/// Reports an equivocation of account 4, alone among four, that costs a share of its stake. Its number comes back.
pub fn equivocation(share_ppm: u32) -> OffenceId {
    let offence = ConsensusOffence {
        kind: OffenceKind::Equivocation,
        offender: raw(OFFENDER),
        session: 5,
        offenders: 1,
        validators: 4,
        before_ppm: 0,
        reporter: Some(raw(REPORTER)),
        evidence: [8; 32],
    };
    <Slashing as ConsensusOffences>::report(offence, share_ppm)
}

/// Reports a wrong result for which 1,000 are locked: all of that is due.
pub fn wrong_result() -> OffenceId {
    report(offence(OffenceKind::WrongResult, 1_000))
}

/// The salt of plants.
pub const SALT: [u8; 32] = [0x44; 32];
/// What a plant for a shard with 1,000 locked must hold.
pub const DEPOSIT: Balance = 4_000;
/// What an opened plant for a shard with 1,000 locked pays the requester: a twentieth.
pub const FEE: Balance = 50;
/// Posts plants.
pub const PLANTER: u8 = 3;
/// Blocks until a plant expires.
pub const PLANT_BLOCKS: u32 = 50;

/// The result that account 4 plants.
pub fn planted() -> PlantedResult {
    let shard = ShardId { job: 1, stage: 2, index: 3 };
    PlantedResult { shard, attempt: 1, worker: raw(OFFENDER), root: BlobId([7; 32]) }
}

/// Posts the plant of [`planted`] in this block.
pub fn plant(deposit: Balance) {
    assert_ok!(Slashing::plant(signed(PLANTER), planted().hash(&raw(PLANTER), &SALT), deposit));
}

/// The commitment of [`planted`], made in the next block.
pub fn committed() -> ConvictedResult {
    let committed_at = System::block_number() + 1;
    let PlantedResult { attempt, root, .. } = planted();
    ConvictedResult { requester: raw(REQUESTER), attempt, root, committed_at, breaks_job: false, fees: 0 }
}

/// Locks what the offence names and convicts account 4 of a result. The offence's number comes back.
pub fn convict(offence: Offence, result: ConvictedResult) -> OffenceId {
    lock(offence.locked);
    <Slashing as Offences>::report_result(offence, result);
    slashing::NextOffence::<Test>::get() - 1
}

/// Convicts account 4 of [`committed`], for which 1,000 are locked.
pub fn convict_planted() -> OffenceId {
    convict(offence(OffenceKind::WrongResult, 1_000), committed())
}

/// What is held of an account for plants.
pub fn planted_by(who: u8) -> Balance {
    use frame_support::traits::fungible::InspectHold;
    Balances::balance_on_hold(&slashing::HoldReason::Plant.into(), &account(who))
}

/// Begins blocks up to a height.
pub fn run_to(height: u32) {
    while System::block_number() < height {
        System::set_block_number(System::block_number() + 1);
        Slashing::on_initialize(System::block_number());
    }
}

/// The origin of an account.
pub fn signed(who: u8) -> RuntimeOrigin {
    RuntimeOrigin::signed(account(who))
}

/// What an account has, without its bond.
pub fn balance(who: u8) -> Balance {
    Balances::free_balance(account(who))
}

/// The bond of the offender: all of it, and what of it is free.
pub fn bond() -> (Balance, Balance) {
    (Collateral::bonded(&raw(OFFENDER)), Collateral::free(&raw(OFFENDER)))
}

/// The default shares and short times.
pub fn genesis() -> slashing::GenesisConfig<Test> {
    slashing::GenesisConfig {
        defer_blocks: DEFER,
        delay_blocks: DELAY,
        appeal_blocks: APPEAL,
        appeal_bond: APPEAL_BOND,
        guardian: Some(account(GUARDIAN)),
        plant_minimum_deposit: 500,
        plant_blocks: PLANT_BLOCKS,
        ..Default::default()
    }
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
            minimum_nomination: 100,
            ..Default::default()
        },
        slashing,
        ..Default::default()
    }
    .build_storage()
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| {
        SlashesPerBlock::set(100);
        Pardons::set(vec![]);
        Void::set(vec![]);
        System::set_block_number(1);
    });
    ext
}

/// A chain at height 1, with the default shares and short times.
pub fn new_test_ext() -> sp_io::TestExternalities {
    new_test_ext_with(genesis())
}

/// Runs a test and then checks the invariants.
pub fn run(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        Collateral::do_try_state().unwrap();
        Slashing::do_try_state().unwrap();
    });
}
