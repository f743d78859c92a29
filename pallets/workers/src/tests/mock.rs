// SPDX-License-Identifier: Apache-2.0
//! A runtime of system and workers, with bonds that tests set.

use crate as workers;
use crate::{Entries, Entry, Profile};
use frame_support::{
    assert_ok, derive_impl,
    pallet_prelude::{TransactionSource, TransactionValidityError},
    parameter_types,
    traits::{Authorize, ConstU32},
};
use quern_primitives::{
    enrol::Enrolment,
    job::Endpoint,
    traits::{Collateral, CollateralError, Role},
    Account, Balance, Height, ShardId,
};
use sp_core::{sr25519, Pair as _};
use sp_keystore::{testing::MemoryKeystore, KeystoreExt};
use sp_runtime::traits::Dispatchable;
use sp_runtime::{traits::IdentityLookup, AccountId32, MultiSignature};
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
    /// The era.
    pub static Era: u32 = 0;
    /// Places for validators.
    pub static MaxValidators: u32 = 2;
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
    fn bonded_before(who: &Account, _: Height) -> Balance {
        Self::bonded(who)
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
    fn unbond(who: &AccountId32) {
        Bonds::mutate(|bonds| bonds.remove(&Account::from(who.clone())));
    }
}

impl workers::Config for Test {
    type Collateral = MockCollateral;
    type MaxWorkers = ConstU32<3>;
    type MaxValidators = MaxValidators;
    type MaxApprentices = ConstU32<3>;
    type MaxEnrolments = ConstU32<4>;
    type EnrolmentsPerBlock = ConstU32<2>;
    type EnrolmentWork = ConstU32<WORK>;
    type Era = Era;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = MockCollateral;
}

pub const MINIMUM: Balance = 100;
pub const ASK: Balance = 7;
/// Zero bits of an enrolment's message.
pub const WORK: u32 = 4;

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
    Profile { gmacs_per_second: 20, region: "DE".parse().ok(), ..Profile::new(4_096, "mill", true) }
}

/// Registers an account.
pub fn register(who: u8, role: Role) {
    assert_ok!(Registry::register(signed(who), role, endpoint(who), profile(), ASK));
}

/// A shard.
pub fn shard(index: u32) -> ShardId {
    ShardId { job: 1, stage: 0, index }
}

/// The entry of a registered account.
pub fn entry(who: u8) -> Entry {
    Entries::<Test>::get(account(who)).unwrap()
}

/// A chain at height 1 where accounts 1 to 6 have the minimum bond.
pub fn new_test_ext() -> sp_io::TestExternalities {
    let mut ext = sp_io::TestExternalities::default();
    // A benchmark signs as a newcomer.
    ext.register_extension(KeystoreExt::new(MemoryKeystore::new()));
    ext.execute_with(|| {
        System::set_block_number(1);
        Bonds::set((1..=6).map(|who| (raw(who), (MINIMUM, 0))).collect());
        Era::set(0);
        MaxValidators::set(2);
        (0..100u32).for_each(|block| frame_system::BlockHash::<Test>::insert(block, hash(block)));
    });
    ext
}

/// The hash of a block of the mock.
pub fn hash(block: u32) -> sp_core::H256 {
    [block as u8 + 1; 32].into()
}

/// The key pair of an apprentice.
pub fn pair(seed: u8) -> sr25519::Pair {
    sr25519::Pair::from_seed(&[seed; 32])
}

/// The account of an apprentice.
pub fn apprentice(seed: u8) -> Account {
    pair(seed).public().0
}

/// Does the work and signs.
pub fn sign(pair: &sr25519::Pair, hash: &[u8; 32], enrolment: Enrolment) -> (Enrolment, MultiSignature) {
    let enrolment = enrolment.with_work(hash, WORK);
    let signature = pair.sign(&enrolment.message(hash));
    (enrolment, signature.into())
}

/// A good enrolment of an apprentice, of the last block.
pub fn enrolment(seed: u8) -> (Enrolment, MultiSignature) {
    let block = System::block_number() - 1;
    let enrolment = Enrolment {
        account: apprentice(seed),
        endpoint: endpoint(seed),
        profile: profile(),
        ask: ASK,
        block,
        nonce: 0,
    };
    sign(&pair(seed), hash(block).as_fixed_bytes(), enrolment)
}

/// Sends an enrolment as the executive does: it is authorized, and then dispatched.
pub fn enrol(enrolment: (Enrolment, MultiSignature)) -> Result<(), TransactionValidityError> {
    let (enrolment, signature) = enrolment;
    let call = RuntimeCall::from(workers::Call::enrol { enrolment, signature });
    call.authorize(TransactionSource::External).expect("can be authorized")?;
    let authorized: RuntimeOrigin = frame_system::Origin::<Test>::Authorized.into();
    assert_ok!(call.dispatch(authorized));
    Ok(())
}

/// Runs a test and then checks the invariants.
pub fn run(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        Registry::do_try_state().unwrap();
    });
}
