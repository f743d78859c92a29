// SPDX-License-Identifier: Apache-2.0
//! A runtime of system, balances, fees and duties. What is owed is a list that tests fill: a remark, of any bytes.

use crate::{self as duties, PayUnlessOwed};
use codec::Encode;
use frame_support::{
    derive_impl,
    dispatch::{DispatchClass, GetDispatchInfo, PostDispatchInfo},
    parameter_types,
    traits::{ConstU128, ConstU32, ConstU8, Contains},
    weights::{FixedFee, Weight},
};
use frame_system::limits::BlockWeights;
use pallet_transaction_payment::{ChargeTransactionPayment, FungibleAdapter};
use quern_primitives::{traits::Duty, Account, Balance, Height};
use sp_runtime::{
    traits::{DispatchTransaction, IdentityLookup},
    transaction_validity::{TransactionSource, TransactionValidity, TransactionValidityError},
    AccountId32, BuildStorage, DispatchError, Perbill,
};
use std::collections::BTreeMap;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Fees: pallet_transaction_payment,
        Duties: duties,
        Proxy: pallet_proxy,
    }
);

/// What a block has room for.
pub const BLOCK: Weight = Weight::from_parts(1_000_000_000_000, u64::MAX);
/// What a call that pays costs.
pub const FEE: Balance = 7;
/// What account 1 and the administrator own; account 2 owns nothing.
pub const RICH: Balance = 1_000;
pub const FORGIVE: Height = 10;
pub const ADMINISTRATOR: u8 = 9;

parameter_types! {
    pub Weights: BlockWeights = BlockWeights::with_sensible_defaults(BLOCK, Perbill::from_percent(75));
    /// Accounts that owe a remark, and until when.
    pub static Owed: BTreeMap<(Account, Vec<u8>), Height> = BTreeMap::new();
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlockU32<Test>;
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId32>;
    type AccountData = pallet_balances::AccountData<Balance>;
    type BlockWeights = Weights;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<1>;
    type AccountStore = System;
}

#[derive_impl(pallet_transaction_payment::config_preludes::TestDefaultConfig)]
impl pallet_transaction_payment::Config for Test {
    type OnChargeTransaction = FungibleAdapter<Balances, ()>;
    type OperationalFeeMultiplier = ConstU8<5>;
    type WeightToFee = FixedFee<{ FEE as u32 }, Balance>;
    type LengthToFee = FixedFee<0, Balance>;
}

impl pallet_proxy::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type Currency = Balances;
    type ProxyType = ();
    type ProxyDepositBase = ConstU128<1>;
    type ProxyDepositFactor = ConstU128<1>;
    type MaxProxies = ConstU32<4>;
    type WeightInfo = ();
    type MaxPending = ConstU32<2>;
    type CallHasher = sp_runtime::traits::BlakeTwo256;
    type AnnouncementDepositBase = ConstU128<1>;
    type AnnouncementDepositFactor = ConstU128<1>;
    type BlockNumberProvider = System;
}

/// What [`Owed`] says.
pub struct Listed;
impl quern_primitives::traits::Duties<RuntimeCall> for Listed {
    fn moves(call: &RuntimeCall) -> u32 {
        matches!(call, RuntimeCall::System(frame_system::Call::remark { .. })).into()
    }
    fn owed(who: &Account, call: &RuntimeCall) -> Option<Duty> {
        let RuntimeCall::System(frame_system::Call::remark { remark }) = call else { return None };
        let by = *Owed::get().get(&(*who, remark.clone()))?;
        (System::block_number() <= by).then(|| Duty { subjects: vec![remark.clone()], by })
    }
    fn proxied(call: &RuntimeCall) -> Option<(Account, &RuntimeCall)> {
        let RuntimeCall::Proxy(pallet_proxy::Call::proxy { real, call, .. }) = call else { return None };
        Some((real.clone().into(), call))
    }
    fn may_act(signer: &Account, call: &RuntimeCall) -> bool {
        let Some((real, _)) = Self::proxied(call) else { return false };
        Proxy::find_proxy(&real.into(), &(*signer).into(), None).is_ok_and(|proxy| proxy.delay == 0)
    }
}

/// Account 9.
pub struct Nine;
impl Contains<AccountId32> for Nine {
    fn contains(who: &AccountId32) -> bool {
        *who == account(ADMINISTRATOR)
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl duties::BenchmarkHelper<RuntimeCall> for Listed {
    fn owed(who: &AccountId32, _: u32) -> RuntimeCall {
        owe(who.clone().into(), b"move", 1);
        remark(b"move")
    }
    fn owed_by_proxy(signer: &AccountId32, who: &AccountId32, _: u32) -> RuntimeCall {
        use frame_support::traits::fungible::Mutate;
        Balances::set_balance(who, RICH);
        Proxy::add_proxy_delegate(who, signer.clone(), (), 0).unwrap();
        owe(who.clone().into(), b"move", 1);
        proxied(who.clone(), remark(b"move"))
    }
}

impl duties::Config for Test {
    type Duties = Listed;
    type Administrators = Nine;
    type ForgiveBlocks = ConstU32<FORGIVE>;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Listed;
}

/// What a transaction of the mock carries.
pub type Extension = PayUnlessOwed<
    Test,
    (frame_system::CheckWeight<Test>, ChargeTransactionPayment<Test>, frame_system::WeightReclaim<Test>),
>;

/// An extension without a tip.
pub fn extension() -> Extension {
    (frame_system::CheckWeight::new(), ChargeTransactionPayment::from(0), frame_system::WeightReclaim::new()).into()
}

/// An account.
pub fn account(who: u8) -> AccountId32 {
    [who; 32].into()
}

/// A call that may be owed.
pub fn remark(bytes: &[u8]) -> RuntimeCall {
    frame_system::Call::remark { remark: bytes.to_vec() }.into()
}

/// A call that another account makes for this one.
pub fn proxied(real: AccountId32, call: RuntimeCall) -> RuntimeCall {
    pallet_proxy::Call::proxy { real, force_proxy_type: None, call: Box::new(call) }.into()
}

/// Another call that says it is operational.
pub fn operational() -> RuntimeCall {
    frame_system::Call::set_heap_pages { pages: 1 }.into()
}

/// Makes an account owe a remark.
pub fn owe(who: Account, bytes: &[u8], by: Height) {
    Owed::mutate(|owed| owed.insert((who, bytes.to_vec()), by));
}

/// What the pool learns of a signed transaction.
pub fn validate(who: u8, call: &RuntimeCall) -> TransactionValidity {
    let origin = RuntimeOrigin::signed(account(who));
    let (info, len) = (call.get_dispatch_info(), call.encoded_size());
    let valid = extension().validate_only(origin, call, &info, len, TransactionSource::External, 0)?;
    Ok(valid.0)
}

/// Runs a signed transaction whose call weighs `weight` and ends as `result`.
pub fn send_with(
    who: u8,
    call: &RuntimeCall,
    weight: Weight,
    result: Result<(), DispatchError>,
) -> Result<Result<(), DispatchError>, TransactionValidityError> {
    let origin = RuntimeOrigin::signed(account(who));
    let mut info = call.get_dispatch_info();
    info.call_weight = weight;
    // What the executive does before each transaction.
    frame_system::ExtrinsicWeightReclaimed::<Test>::kill();
    let ended = extension().test_run(origin, call, &info, call.encoded_size(), 0, |_| match result {
        Ok(()) => Ok(PostDispatchInfo::default()),
        Err(error) => Err(error.into()),
    })?;
    Ok(ended.map(|_| ()).map_err(|error| error.error))
}

/// Runs a signed transaction whose call declares `weight` and needs none of it.
pub fn send_unspent(who: u8, call: &RuntimeCall, weight: Weight) -> Result<(), TransactionValidityError> {
    let origin = RuntimeOrigin::signed(account(who));
    let mut info = call.get_dispatch_info();
    info.call_weight = weight;
    frame_system::ExtrinsicWeightReclaimed::<Test>::kill();
    let unspent = PostDispatchInfo { actual_weight: Some(Weight::zero()), ..Default::default() };
    extension().test_run(origin, call, &info, call.encoded_size(), 0, |_| Ok(unspent)).map(|_| ())
}

/// Runs a signed transaction whose call ends as `result`.
pub fn send(
    who: u8,
    call: &RuntimeCall,
    result: Result<(), DispatchError>,
) -> Result<Result<(), DispatchError>, TransactionValidityError> {
    send_with(who, call, Weight::zero(), result)
}

/// Runs a signed transaction whose call makes what an account owed no more owed, or not, and is itself a success.
pub fn send_proxied(who: u8, real: u8, call: &RuntimeCall, succeeds: bool) -> Result<(), TransactionValidityError> {
    let origin = RuntimeOrigin::signed(account(who));
    let info = call.get_dispatch_info();
    frame_system::ExtrinsicWeightReclaimed::<Test>::kill();
    let run = extension().test_run(origin, call, &info, call.encoded_size(), 0, |_| {
        if succeeds {
            Owed::mutate(|owed| owed.retain(|(account, _), _| *account != [real; 32]));
        }
        Ok(PostDispatchInfo::default())
    });
    run.map(|ended| assert!(ended.is_ok()))
}

/// A failing end.
pub fn failed() -> Result<(), DispatchError> {
    Err(DispatchError::Other("a wrong proof"))
}

/// What an account owns.
pub fn balance(who: u8) -> Balance {
    Balances::free_balance(account(who))
}

/// What a class of calls weighs in this block.
pub fn weighed(class: DispatchClass) -> Weight {
    *System::block_weight().get(class)
}

/// A chain at height 1.
pub fn new_test_ext() -> sp_io::TestExternalities {
    let balances = vec![(account(1), RICH), (account(ADMINISTRATOR), RICH)];
    let storage = RuntimeGenesisConfig {
        balances: pallet_balances::GenesisConfig { balances, ..Default::default() },
        ..Default::default()
    }
    .build_storage()
    .unwrap();
    Owed::set(BTreeMap::new());
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Runs a test and then checks the invariants.
pub fn run(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        Duties::do_try_state().unwrap();
    });
}
