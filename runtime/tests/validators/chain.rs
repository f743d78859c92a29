// SPDX-License-Identifier: Apache-2.0
//! A chain of four authorities whose blocks are built by hand.

use codec::Encode;
use frame_support::traits::BuildGenesisConfig;
use quern_runtime::{
    genesis::{check_sound, EPOCH_CONFIG},
    AccountId, BabeConfig, Balance, BalancesConfig, ClockConfig, CollateralConfig, Executive, Header, RewardsConfig,
    Runtime, RuntimeCall, RuntimeEvent, RuntimeGenesisConfig, RuntimeOrigin, SessionConfig, SessionKeys,
    SlashingConfig, System, UncheckedExtrinsic, QRN,
};
use sp_consensus_babe::{
    digests::{CompatibleDigestItem, PreDigest, SecondaryPlainPreDigest},
    AuthorityId, Slot,
};
use sp_core::offchain::{testing::TestTransactionPoolExt, TransactionPoolExt};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use sp_keystore::{testing::MemoryKeystore, KeystoreExt};
use sp_runtime::{traits::Header as _, Digest, DigestItem};

pub const AUTHORITIES: [Sr25519Keyring; 4] =
    [Sr25519Keyring::Alice, Sr25519Keyring::Bob, Sr25519Keyring::Charlie, Sr25519Keyring::Dave];
/// Slots of a session: enough that idleness of one of four is no chance.
pub const SESSION: u32 = 160;
/// Blocks of an era: two sessions.
pub const ERA: u32 = 2 * SESSION;
/// Blocks from a report to its slash.
pub const DEFER: u32 = 20;
/// What each authority has bonded.
pub const BOND: Balance = 1_000 * QRN;

pub fn account(who: Sr25519Keyring) -> AccountId {
    who.to_account_id()
}

pub fn signed(who: Sr25519Keyring) -> RuntimeOrigin {
    RuntimeOrigin::signed(account(who))
}

fn session_keys(who: Sr25519Keyring) -> SessionKeys {
    let grandpa = Ed25519Keyring::iter().find(|key| key.to_string() == who.to_string()).expect("the rings match");
    SessionKeys { babe: who.public().into(), grandpa: grandpa.public().into() }
}

/// A chain before its first block, and what its nodes would send off chain.
pub struct Chain {
    externalities: sp_io::TestExternalities,
    take_pool: Box<dyn Fn() -> Vec<Vec<u8>>>,
}

impl Chain {
    pub fn new() -> Self {
        let config = RuntimeGenesisConfig {
            balances: BalancesConfig {
                balances: Sr25519Keyring::iter().map(|who| (account(who), 100_000 * QRN)).collect(),
                ..Default::default()
            },
            clock: ClockConfig { epoch_slots: SESSION.into(), min_authors: 2, ..Default::default() },
            babe: BabeConfig { epoch_config: EPOCH_CONFIG, ..Default::default() },
            rewards: RewardsConfig { era_blocks: ERA, ..Default::default() },
            collateral: CollateralConfig {
                bonds: AUTHORITIES.map(|who| (account(who), BOND)).into(),
                candidates: AUTHORITIES.map(|who| (account(who), 0)).into(),
                min_validators: 2,
                max_validators: 4,
                evidence_sessions: 3,
                ..Default::default()
            },
            slashing: SlashingConfig {
                defer_blocks: DEFER,
                guardian: Some(account(Sr25519Keyring::Charlie)),
                ..Default::default()
            },
            session: SessionConfig {
                keys: AUTHORITIES.map(|who| (account(who), account(who), session_keys(who))).into(),
                ..Default::default()
            },
            ..Default::default()
        };
        let mut externalities = sp_io::TestExternalities::default();
        let (pool, state) = TestTransactionPoolExt::new();
        externalities.register_extension(TransactionPoolExt::new(pool));
        externalities.register_extension(KeystoreExt::new(MemoryKeystore::new()));
        externalities.execute_with(|| {
            config.build();
            check_sound().expect("the parameters are sound");
        });
        Self { externalities, take_pool: Box::new(move || state.write().transactions.drain(..).collect()) }
    }

    /// Runs code in the state of the last block, and then checks the invariants.
    pub fn run<T>(&mut self, code: impl FnOnce() -> T) -> T {
        self.externalities.execute_with(|| {
            let result = code();
            quern_runtime::quern_api::check_invariants().expect("invariants");
            result
        })
    }

    /// Takes what the nodes have sent to their pools.
    pub fn take_pool(&self) -> Vec<UncheckedExtrinsic> {
        (self.take_pool)().iter().map(|bytes| codec::Decode::decode(&mut &bytes[..]).expect("an extrinsic")).collect()
    }
}

/// The slot of a height: the first block fixes the first slot.
pub fn slot(height: u32) -> Slot {
    Slot::from(1_000 + u64::from(height))
}

/// The digest of a block of an authority, by its index in the set.
pub fn pre_digest(slot: Slot, authority_index: u32) -> DigestItem {
    DigestItem::babe_pre_digest(PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index, slot }))
}

/// A block by the authority with this index, with extrinsics that succeed.
pub fn block(authority_index: u32, extrinsics: Vec<UncheckedExtrinsic>) {
    let height = System::block_number() + 1;
    let parent = sp_core::H256::from_low_u64_be(height.into());
    let slot = slot(height);
    let digest = Digest { logs: vec![pre_digest(slot, authority_index)] };
    let header = Header::new(height, Default::default(), Default::default(), parent, digest);
    Executive::initialize_block(&header);
    let now = *slot * 1_000;
    let time = UncheckedExtrinsic::new_bare(RuntimeCall::Timestamp(pallet_timestamp::Call::set { now }));
    for extrinsic in std::iter::once(time).chain(extrinsics) {
        Executive::apply_extrinsic(extrinsic).expect("valid").expect("successful");
    }
    Executive::finalize_block();
}

/// The keys of the set that a slot's block is authored under: in the first block of a session that of the session.
fn authors(slot: Slot) -> Vec<AuthorityId> {
    let begins = *slot >= *quern_runtime::Babe::current_epoch_start() + u64::from(SESSION);
    let authorities = if begins && System::block_number() > 0 {
        pallet_babe::NextAuthorities::<Runtime>::get()
    } else {
        pallet_babe::Authorities::<Runtime>::get()
    };
    authorities.into_iter().map(|(id, _)| id).collect()
}

/// Blocks to a height by the authorities in turn, but for those that are idle.
pub fn blocks_to(height: u32, idle: &[Sr25519Keyring]) {
    let idle: Vec<AuthorityId> = idle.iter().map(|who| who.public().into()).collect();
    while System::block_number() < height {
        let authors = authors(slot(System::block_number() + 1));
        let able: Vec<u32> = (0..).zip(&authors).filter(|(_, id)| !idle.contains(id)).map(|(index, _)| index).collect();
        block(able[System::block_number() as usize % able.len()], Vec::new());
    }
}

/// Whether an event was told in the current block, or since the events were last reset.
pub fn told(predicate: impl Fn(&RuntimeEvent) -> bool) -> bool {
    System::events().iter().any(|record| predicate(&record.event))
}

/// The bytes of something, decoded as something else.
pub fn recoded<T: codec::Decode>(value: impl Encode) -> T {
    T::decode(&mut &value.encode()[..]).expect("the same encoding")
}
