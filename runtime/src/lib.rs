// SPDX-License-Identifier: Apache-2.0

//! The Quern runtime: the pallets, wired together.
//!
//! This file lists the pallets. Each pallet's configuration has a file of its own in [`config`], the runtime APIs stand in
//! [`apis`], the genesis presets in [`genesis`].

#![cfg_attr(not(feature = "std"), no_std)]
// The macros that assemble a runtime recurse deeply, and write public items without documentation.
#![recursion_limit = "512"]
#![allow(missing_docs)]

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

extern crate alloc;

pub mod apis;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;
pub mod config;
pub mod duties;
pub mod genesis;
pub mod quern_api;

use alloc::vec::Vec;
use sp_runtime::{
    generic, impl_opaque_keys,
    traits::{BlakeTwo256, IdentifyAccount, Verify},
    MultiAddress, MultiSignature,
};
use sp_version::RuntimeVersion;

/// A signature of a transaction.
pub type Signature = MultiSignature;
/// An account: 32 bytes, a public key or the hash of one.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// An amount of QRN, in units of 10^-12.
pub type Balance = u128;
/// How many transactions an account has sent.
pub type Nonce = u32;
/// A height.
pub type BlockNumber = u32;
/// A hash of a block, a transaction or a state.
pub type Hash = sp_core::H256;
/// What a transaction may name an account by.
pub type Address = MultiAddress<AccountId, ()>;
/// A block header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// A block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// A transaction as it comes from the wire.
pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// What every transaction carries and is checked for, in order.
pub type TxExtension = (
    frame_system::AuthorizeCall<Runtime>,
    frame_system::CheckNonZeroSender<Runtime>,
    frame_system::CheckSpecVersion<Runtime>,
    frame_system::CheckTxVersion<Runtime>,
    frame_system::CheckGenesis<Runtime>,
    frame_system::CheckMortality<Runtime>,
    frame_system::CheckNonce<Runtime>,
    // Last, because whoever calls for free must have passed everything else.
    quern_pallet_duties::PayUnlessOwed<
        Runtime,
        (
            frame_system::CheckWeight<Runtime>,
            pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
            frame_system::WeightReclaim<Runtime>,
        ),
    >,
);
/// Executes blocks.
pub type Executive =
    frame_executive::Executive<Runtime, Block, frame_system::ChainContext<Runtime>, Runtime, AllPalletsWithSystem>;

/// Decimals of the native token.
pub const DECIMALS: u32 = 12;
/// One QRN, the native token.
pub const QRN: Balance = 10_u128.pow(DECIMALS);
/// A thousandth of a [`QRN`].
pub const MILLI_QRN: Balance = QRN / 1_000;
/// Prefix of addresses in SS58: the generic one.
pub const SS58_PREFIX: u16 = 42;

impl_opaque_keys! {
    /// The keys with which a validator authors and finalises blocks.
    pub struct SessionKeys {
        /// Authors blocks.
        pub babe: Babe,
        /// Finalises blocks.
        pub grandpa: Grandpa,
    }
}

/// The version of this runtime. `spec_version` rises with every change of behaviour, `transaction_version` with every
/// change of how a transaction is encoded.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
    spec_name: alloc::borrow::Cow::Borrowed("quern"),
    impl_name: alloc::borrow::Cow::Borrowed("quern"),
    authoring_version: 1,
    spec_version: 1,
    impl_version: 1,
    apis: apis::RUNTIME_API_VERSIONS,
    transaction_version: 1,
    system_version: 1,
};

impl<C> frame_system::offchain::CreateTransactionBase<C> for Runtime
where
    RuntimeCall: From<C>,
{
    type Extrinsic = UncheckedExtrinsic;
    type RuntimeCall = RuntimeCall;
}

/// Reports of equivocations are submitted without a signature, by the node that saw one.
impl<C> frame_system::offchain::CreateBare<C> for Runtime
where
    RuntimeCall: From<C>,
{
    fn create_bare(call: RuntimeCall) -> UncheckedExtrinsic {
        UncheckedExtrinsic::new_bare(call)
    }
}

// Genesis and hooks go in the order of this list and not of the indices: balances and bonds must be there when the session
// pallet asks for the first validators.
#[frame_support::runtime(legacy_ordering)]
mod runtime {
    /// The runtime.
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask,
        RuntimeViewFunction
    )]
    pub struct Runtime;

    // The chain.
    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    #[runtime::pallet_index(1)]
    pub type Timestamp = pallet_timestamp;
    #[runtime::pallet_index(2)]
    pub type Babe = pallet_babe;
    #[runtime::pallet_index(3)]
    pub type Authorship = pallet_authorship;

    // Money.
    #[runtime::pallet_index(10)]
    pub type Balances = pallet_balances;
    #[runtime::pallet_index(11)]
    pub type TransactionPayment = pallet_transaction_payment;
    #[runtime::pallet_index(12)]
    pub type Duties = quern_pallet_duties;

    // Validators.
    #[runtime::pallet_index(21)]
    pub type Collateral = quern_pallet_staking;
    #[runtime::pallet_index(6)]
    pub type Historical = pallet_session::historical;
    #[runtime::pallet_index(4)]
    pub type Session = pallet_session;
    #[runtime::pallet_index(5)]
    pub type Grandpa = pallet_grandpa;

    // Administration.
    #[runtime::pallet_index(15)]
    pub type Sudo = pallet_sudo;
    #[runtime::pallet_index(16)]
    pub type Utility = pallet_utility;
    #[runtime::pallet_index(17)]
    pub type Proxy = pallet_proxy;

    // Verified work, 20..=29.
    #[runtime::pallet_index(20)]
    pub type Clock = quern_pallet_clock;
    #[runtime::pallet_index(22)]
    pub type Workers = quern_pallet_workers;
    #[runtime::pallet_index(23)]
    pub type Jobs = quern_pallet_jobs;
    #[runtime::pallet_index(24)]
    pub type Verification = quern_pallet_verification;
    #[runtime::pallet_index(25)]
    pub type Slashing = quern_pallet_slashing;
    #[runtime::pallet_index(26)]
    pub type Rewards = quern_pallet_rewards;
}
