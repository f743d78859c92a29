// SPDX-License-Identifier: Apache-2.0
//! A chain in memory, signed transactions, and shards in every phase.
#![allow(dead_code)]

use bounded_collections::{BoundedVec, TryCollect};
use codec::Encode;
use quern_primitives::{commitment::audit_seal, draw::SegmentCosts, BlobId, Height, ShardId};
use quern_protocol::{
    shard::{Audit, Commitment, Deal, Demand, LeafDemand, Phase, Seat, Verdict, Window},
    Shard,
};
use quern_runtime::{
    genesis::EPOCH_CONFIG, AccountId, Address, BabeConfig, Balance, BalancesConfig, Executive, Runtime, RuntimeCall,
    RuntimeGenesisConfig, Signature, SudoConfig, System, TxExtension, UncheckedExtrinsic, QRN,
};
use sp_core::Pair;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
    generic::{Era, SignedPayload},
    transaction_validity::{TransactionSource, TransactionValidity, TransactionValidityError},
    ApplyExtrinsicResult, BuildStorage, DispatchResult,
};

/// The worker of every shard, without a balance.
pub const WORKER: Sr25519Keyring = Sr25519Keyring::Eve;
/// The drawn validator of every shard, without a balance.
pub const AUDITOR: Sr25519Keyring = Sr25519Keyring::Ferdie;
/// Owns a lot and owes nothing.
pub const RICH: Sr25519Keyring = Sr25519Keyring::Bob;
/// The height at which tests begin.
pub const NOW: Height = 1;
/// Last height of every move.
pub const BY: Height = 20;
/// What the auditor computed, and its salt.
pub const RESULTS: [u8; 32] = [7; 32];
pub const SALT: [u8; 32] = [8; 32];

/// A chain in its first block, where Alice administers and the rich one is rich; the worker and the validator exist, as
/// registered accounts do, and own nothing.
pub fn chain() -> sp_io::TestExternalities {
    let rich = [Sr25519Keyring::Alice, RICH].map(|key| (key.to_account_id(), 1_000_000 * QRN));
    let storage = RuntimeGenesisConfig {
        balances: BalancesConfig { balances: rich.to_vec(), ..Default::default() },
        babe: BabeConfig { epoch_config: EPOCH_CONFIG, ..Default::default() },
        sudo: SudoConfig { key: Some(Sr25519Keyring::Alice.to_account_id()) },
        ..Default::default()
    }
    .build_storage()
    .unwrap();
    let mut chain = sp_io::TestExternalities::new(storage);
    chain.execute_with(|| {
        begin_block();
        System::inc_sufficients(&WORKER.to_account_id());
        System::inc_sufficients(&AUDITOR.to_account_id());
    });
    chain
}

/// Begins the next block, empty.
pub fn begin_block() {
    let number = System::block_number() + 1;
    System::reset_events();
    System::initialize(&number, &System::parent_hash(), &Default::default());
    System::note_finished_initialize();
}

/// What a transaction with this nonce carries.
pub fn extension(nonce: u32) -> TxExtension {
    (
        frame_system::AuthorizeCall::new(),
        frame_system::CheckNonZeroSender::new(),
        frame_system::CheckSpecVersion::new(),
        frame_system::CheckTxVersion::new(),
        frame_system::CheckGenesis::new(),
        frame_system::CheckMortality::from(Era::Immortal),
        frame_system::CheckNonce::from(nonce),
        (
            frame_system::CheckWeight::new(),
            pallet_transaction_payment::ChargeTransactionPayment::from(0),
            frame_system::WeightReclaim::new(),
        )
            .into(),
    )
}

/// A transaction signed by a test key, with its account's nonce.
pub fn signed(key: Sr25519Keyring, call: RuntimeCall) -> UncheckedExtrinsic {
    let extension = extension(System::account_nonce(key.to_account_id()));
    let payload = SignedPayload::new(call, extension).unwrap();
    let signature = payload.using_encoded(|bytes| key.pair().sign(bytes));
    let (call, extension, _) = payload.deconstruct();
    UncheckedExtrinsic::new_signed(call, Address::Id(key.to_account_id()), Signature::Sr25519(signature), extension)
}

/// Applies a transaction to the block under way.
pub fn send(key: Sr25519Keyring, call: RuntimeCall) -> ApplyExtrinsicResult {
    Executive::apply_extrinsic(signed(key, call))
}

/// Applies a transaction that must be valid, and says how its call ended.
pub fn included(key: Sr25519Keyring, call: RuntimeCall) -> DispatchResult {
    send(key, call).expect("the transaction is valid")
}

/// What the pool learns of a transaction.
pub fn pooled(key: Sr25519Keyring, call: RuntimeCall) -> TransactionValidity {
    let transaction = signed(key, call);
    // The pool asks about the state after a block: the next one is initialized for it and dropped.
    frame_support::storage::with_transaction(|| {
        let validity = Executive::validate_transaction(TransactionSource::External, transaction, System::parent_hash());
        sp_runtime::TransactionOutcome::Rollback(Ok::<_, sp_runtime::DispatchError>(validity))
    })
    .unwrap()
}

/// Whether a transaction is refused because its fee cannot be paid.
pub fn is_unpaid(result: &ApplyExtrinsicResult) -> bool {
    use sp_runtime::transaction_validity::InvalidTransaction::Payment;
    matches!(result, Err(TransactionValidityError::Invalid(Payment)))
}

/// Whether a transaction is refused because the block is full.
pub fn is_exhausted(result: &ApplyExtrinsicResult) -> bool {
    use sp_runtime::transaction_validity::InvalidTransaction::ExhaustsResources;
    matches!(result, Err(TransactionValidityError::Invalid(ExhaustsResources)))
}

/// What an account owns.
pub fn balance(key: Sr25519Keyring) -> Balance {
    quern_runtime::Balances::free_balance(key.to_account_id())
}

/// The account of a key as the protocol writes it.
pub fn raw(key: Sr25519Keyring) -> [u8; 32] {
    AccountId::from(key.public()).into()
}

/// The id of a shard.
pub fn id(index: u32) -> ShardId {
    ShardId { job: 0, stage: 0, index }
}

/// A deal with the worker that locks nothing.
pub fn deal() -> Deal {
    Deal { worker: raw(WORKER), price: 0, collateral: 0 }
}

/// A commitment of the worker.
pub fn commitment() -> Commitment {
    Commitment { root: BlobId([1; 32]), secret_hash: [2; 32], at: 0 }
}

/// An audit by the validator and a stranger; where there are seals they are for the first shard.
pub fn audit(seal: bool, verdict: Option<Verdict>, demand: Demand) -> Audit {
    let opened = [5; 32];
    let seal = seal.then(|| audit_seal(&SALT, &raw(AUDITOR), &id(0), &opened, &RESULTS));
    let seat = |auditor| Seat { seal, verdict, ..Seat::new(auditor, 0) };
    Audit {
        sample: BoundedVec::truncate_from(vec![0, 1]),
        seats: [raw(AUDITOR), [9; 32]].map(seat).into_iter().try_collect().unwrap(),
        drawn_at: 0,
        opened: Some(opened),
        results: Some([6; 32]),
        demand,
        sampled_at: 0,
        needed: 2,
        left: BoundedVec::new(),
        without_inputs: BoundedVec::new(),
    }
}

/// Puts a shard in a phase.
pub fn put(index: u32, phase: Phase) -> ShardId {
    let costs = SegmentCosts { finish: 1, ..Default::default() };
    let shard = Shard { phase, ..Shard::new(id(index), 0, 4, costs) };
    quern_pallet_jobs::Shards::<Runtime>::insert(id(index), shard);
    id(index)
}

/// A shard that was assigned to the worker.
pub fn assigned(index: u32) -> ShardId {
    put(index, Phase::Assigned { deal: deal(), by: BY })
}

/// An accepted shard whose window is open until the last height of every move, with demands of these leaves until then.
pub fn accepted(index: u32, demands: &[u32]) -> ShardId {
    let demand = |position: &u32| LeafDemand { position: *position, by: BY };
    let window = Window {
        closes: BY,
        deliver_by: BY,
        delivered: false,
        challenges: Default::default(),
        refuted: 0,
        demands: demands.iter().map(demand).try_collect().unwrap(),
        asked: 0,
        asked_at: 0,
        confirmed: Default::default(),
    };
    let auditors = BoundedVec::truncate_from(vec![raw(AUDITOR)]);
    put(index, Phase::Accepted { deal: deal(), commitment: commitment(), auditors, at: 0, window })
}

/// A shard whose worker must show ids on chain: any answer without proofs is owed and fails.
pub fn demanded(index: u32) -> ShardId {
    let audit = audit(false, None, Demand::Owed(BY));
    put(index, Phase::Auditing { deal: deal(), commitment: commitment(), audit, by: BY })
}

/// An answer without proofs.
pub fn wrong_answer(shard: ShardId) -> RuntimeCall {
    quern_pallet_verification::Call::answer_opening { shard, leaves: Default::default() }.into()
}

/// Says that the inputs are there.
pub fn start(shard: ShardId) -> RuntimeCall {
    quern_pallet_jobs::Call::start_shard { shard }.into()
}
