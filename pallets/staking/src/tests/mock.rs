// SPDX-License-Identifier: Apache-2.0
//! A runtime of system, balances, staking and slashing.

use crate as staking;
use frame_support::{
    assert_ok, derive_impl, parameter_types,
    traits::{ConstU128, ConstU32, Contains},
};
use quern_primitives::{
    job::Endpoint,
    offence::{DeferredSlash, OffenceId},
    plant::PlantedResult,
    traits::{ReadyWorker, Registry, Results, ShardEnd, Unclaimed},
    Account, Balance,
};
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage, Perbill};
use sp_staking::offence::{Kind, Offence, OffenceError, ReportOffence};

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Staking: staking,
        Slashing: quern_pallet_slashing,
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
    type DrawMemory = ConstU32<DRAW_MEMORY>;
    type Author = Author;
    type SessionKeys = Keys;
    type Unclaimed = NotClaimed;
    type Offences = Slashing;
    type Disabling = Told;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = ();
}

impl quern_pallet_slashing::Config for Test {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Collateral = Staking;
    type GovernanceOrigin = frame_system::EnsureRoot<AccountId32>;
    type SlashesPerBlock = ConstU32<STEPS>;
    type Registry = Elsewhere;
    type Results = Elsewhere;
    type MaxPlants = ConstU32<1>;
    type MaxPlantsOfAccount = ConstU32<1>;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = NoHelper;
}

/// Shards and those who work on them: there are none here.
pub struct Elsewhere;

impl Registry for Elsewhere {
    fn ready_workers() -> Vec<ReadyWorker> {
        unreachable!("nothing is assigned")
    }
    fn take_slot(_: &Account) {
        unreachable!("nothing is assigned")
    }
    fn shard_ended(_: &Account, _: ShardEnd) {
        unreachable!("there is no shard")
    }
    fn validators() -> Vec<Account> {
        unreachable!("nobody is drawn")
    }
    fn validators_before(_: u32) -> Vec<Account> {
        unreachable!("nobody is drawn")
    }
    fn endpoint(_: &Account) -> Option<Endpoint> {
        unreachable!("nobody is called")
    }
}

impl Results for Elsewhere {
    fn is_void(_: &PlantedResult) -> bool {
        unreachable!("nothing is planted")
    }
}

/// The other pallet's benchmarks run with its own tests.
#[cfg(feature = "runtime-benchmarks")]
pub struct NoHelper;

#[cfg(feature = "runtime-benchmarks")]
impl quern_pallet_slashing::benchmarking::BenchmarkHelper for NoHelper {
    fn lock(_: &AccountId32, _: Balance) {}
    fn bar(_: &AccountId32) {}
    fn make_void(_: &PlantedResult) {}
    fn candidate() -> Result<AccountId32, frame_benchmarking::BenchmarkError> {
        Err(frame_benchmarking::BenchmarkError::Weightless)
    }
}

/// Who has not claimed is as tests say.
pub struct NotClaimed;
impl Unclaimed for NotClaimed {
    fn has_unclaimed(who: &Account) -> bool {
        Claimable::get().contains(who)
    }
}

/// Remembers who was kept from authoring.
pub struct Told;
impl staking::Disabling for Told {
    fn disable(who: &AccountId32, share: Perbill) {
        Disabled::mutate(|disabled| disabled.push((who.clone(), share)));
    }
}

parameter_types! {
    /// Candidates that have not claimed what is over.
    pub static Claimable: Vec<Account> = Vec::new();
    /// The era.
    pub static Era: u32 = 0;
    /// The author of the block.
    pub static Author: Option<AccountId32> = None;
    /// Accounts without session keys; all others have some.
    pub static Keyless: Vec<AccountId32> = Vec::new();
    /// Who was kept from authoring, for which share.
    pub static Disabled: Vec<(AccountId32, Perbill)> = Vec::new();
    /// The moment of the next act.
    pub static Moment: u64 = 0;
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
/// Blocks for which a growth is told apart.
pub const DRAW_MEMORY: u32 = 10;
pub const MINIMUM_NOMINATION: Balance = 50;
pub const RATIO: u32 = 3;
pub const EVIDENCE: u32 = 3;
pub const DEFER: u32 = 10;
/// Steps of slashes in a block: two whole stakes.
pub const STEPS: u32 = 2 * quern_pallet_slashing::STEPS_OF_A_STAKE;
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

/// What came to back a candidate lately; where nothing did, what backs it.
pub fn pool(who: u8) -> staking::Pool {
    let candidate = staking::Candidates::<Test>::get(account(who));
    candidate.map(|candidate| candidate.young.map_or(candidate.pool, |young| young.pool)).unwrap_or_default()
}

/// What an account backs a candidate with, unbonding or not, is worth.
pub fn worth(who: u8, candidate: u8) -> Balance {
    let (active, unbonding, _) = Staking::backing_of(&account(who), &account(candidate));
    active + unbonding
}

/// Whether a candidate is in the order.
pub fn is_listed(who: u8) -> bool {
    Staking::listed(&account(who)).is_ok()
}

/// Two votes in one round, each with a severity of its own.
pub struct Act {
    pub moment: u64,
    pub session: u32,
    pub who: u8,
    /// What it costs, by the number of those who did it.
    pub share: fn(u32) -> Perbill,
}

impl Offence<staking::Offender> for Act {
    const ID: Kind = *b"test:equivocatio";
    type Slot = u64;

    fn offenders(&self) -> Vec<staking::Offender> {
        vec![(account(self.who), ())]
    }

    fn session_index(&self) -> u32 {
        self.session
    }

    fn validator_set_count(&self) -> u32 {
        4
    }

    fn slot(&self) -> u64 {
        self.moment
    }

    fn slash_fraction(&self, offenders: u32) -> Perbill {
        (self.share)(offenders)
    }
}

/// An act that costs a share, whoever else did it.
struct Percent(Act, u32);

impl Offence<staking::Offender> for Percent {
    const ID: Kind = Act::ID;
    type Slot = u64;

    fn offenders(&self) -> Vec<staking::Offender> {
        self.0.offenders()
    }

    fn session_index(&self) -> u32 {
        self.0.session
    }

    fn validator_set_count(&self) -> u32 {
        self.0.validator_set_count()
    }

    fn slot(&self) -> u64 {
        self.0.moment
    }

    fn slash_fraction(&self, _: u32) -> Perbill {
        Perbill::from_percent(self.1)
    }
}

/// Reports an act.
pub fn report(act: Act, reporter: Option<u8>) -> Result<(), OffenceError> {
    Staking::report_offence(reporter.into_iter().map(account).collect(), act)
}

/// Reports a consensus offence that costs so many per cent, at a moment of its own.
pub fn offend(who: u8, percent: u32, session: u32, reporter: Option<u8>) {
    let moment = Moment::mutate(|moment| {
        *moment += 1;
        *moment
    });
    let act = Percent(Act { moment, session, who, share: |_| Perbill::zero() }, percent);
    Staking::report_offence(reporter.into_iter().map(account).collect(), act).unwrap();
}

/// The slashes that wait, by number.
pub fn waiting() -> Vec<(OffenceId, DeferredSlash)> {
    let mut waiting: Vec<_> = quern_pallet_slashing::Deferred::<Test>::iter().collect();
    waiting.sort_by_key(|(id, _)| *id);
    waiting
}

/// Goes to a height, carrying out the slashes that come due.
pub fn go_to(height: u32) {
    use frame_support::traits::Hooks;
    while System::block_number() < height {
        Staking::on_finalize(System::block_number());
        System::set_block_number(System::block_number() + 1);
        Staking::on_initialize(System::block_number());
        Slashing::on_initialize(System::block_number());
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
            reporter_ppm: 100_000,
            ..Default::default()
        },
        slashing: quern_pallet_slashing::GenesisConfig { defer_blocks: DEFER, ..Default::default() },
        ..Default::default()
    }
    .build_storage()
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| {
        System::set_block_number(1);
        Disabled::set(Vec::new());
    });
    ext
}

/// Runs a test and then checks the invariants.
pub fn run(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        Staking::do_try_state().unwrap();
        Slashing::do_try_state().unwrap();
    });
}
