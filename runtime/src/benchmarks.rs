// SPDX-License-Identifier: Apache-2.0

//! The pallets that can be benchmarked in this runtime, and what their benchmarks find in the pallets around them.

use crate::{
    AccountId, Balance, Balances, BlockNumber, Collateral, Jobs, Runtime, RuntimeCall, RuntimeOrigin, System, QRN,
};
use frame_benchmarking::account;
use frame_support::{
    traits::{fungible::Mutate, Get},
    BoundedVec,
};
use quern_pallet_clock::SEEDS_KEPT;
use quern_pallet_jobs::types::MAX_COMMITS;
use quern_pallet_staking::{Candidate, Candidates, Ledgers, Order, Pool};
use quern_pallet_workers::{
    Apprentices, Entries, Entry, FormerRest, FormerRests, OpenShards, Validators, ValidatorsSince, Workers,
    MAX_FORMER_RESTS, REPUTATION_FLOOR,
};
use quern_primitives::{draw::SegmentCosts, job::Endpoint, traits::Role, Account, BlobId, ShardId};
use quern_program::{Checked, Segment};
use quern_protocol::{
    dispute::{Defendant, Dispute, Move},
    inputs::StageContext,
    shard::{Deal, Phase},
    Shard,
};

frame_benchmarking::define_benchmarks!(
    [frame_system, SystemBench::<Runtime>]
    [pallet_balances, Balances]
    [pallet_sudo, Sudo]
    [pallet_timestamp, Timestamp]
    [pallet_utility, Utility]
    [quern_pallet_clock, Clock]
    [quern_pallet_staking, Collateral]
    [quern_pallet_workers, Workers]
    [quern_pallet_jobs, Jobs]
    [quern_pallet_verification, Verification]
    [quern_pallet_slashing, Slashing]
    [quern_pallet_rewards, Rewards]
    [quern_pallet_duties, Duties]
);

impl frame_system_benchmarking::Config for Runtime {}

/// The bond of every account here: enough for the last of eight challenges.
const BOND: Balance = 100_000 * QRN;

/// Puts accounts, bonds, shards and seeds into place.
pub struct Helper;

impl Helper {
    fn bond(who: &AccountId, locked: Balance) {
        if !Ledgers::<Runtime>::contains_key(who) {
            Balances::set_balance(who, BOND.saturating_mul(2));
            Collateral::bond(RuntimeOrigin::signed(who.clone()), BOND).expect("the account can bond");
        }
        Ledgers::<Runtime>::mutate_extant(who, |ledger| {
            ledger.locked = locked;
            // Since long ago: what was bonded in a period is not drawn by its seed.
            ledger.grown_at = 0;
        });
    }

    /// Registers an account that has `open` shards.
    fn register(who: &AccountId, role: Role, open: u32) {
        let entry = Entry {
            role,
            endpoint: Endpoint::default(),
            profile: quern_pallet_jobs::benchmarking::profile(),
            ask: 1,
            slots: open.saturating_add(1),
            ready_at: 0,
            open,
            reputation: REPUTATION_FLOOR,
            barred: false,
            retiring: false,
            era: 0,
            standing: 0,
            proved_at: 0,
            rests_until: 0,
            rests: 0,
            rest_causes: Default::default(),
        };
        match Entries::<Runtime>::get(who) {
            Some(former) => OpenShards::<Runtime>::mutate(|shards| shards.0 = shards.0.saturating_sub(former.open)),
            None => {
                System::inc_sufficients(who);
            }
        }
        OpenShards::<Runtime>::mutate(|shards| shards.0 = shards.0.saturating_add(open));
        Entries::<Runtime>::insert(who, entry);
    }

    /// Registers bonded accounts of a role.
    fn put(name: &'static str, role: Role, count: u32) -> alloc::vec::Vec<Account> {
        let accounts = (0..count).map(|number| {
            let who: AccountId = account(name, number, 0);
            Self::bond(&who, 0);
            Self::register(&who, role, 0);
            who.into()
        });
        accounts.collect()
    }

    fn put_seed(period: BlockNumber) {
        let place = period.checked_rem(SEEDS_KEPT).unwrap_or_default();
        quern_pallet_clock::Seeds::<Runtime>::insert(place, (period, [1; 32]));
    }
}

impl quern_pallet_workers::BenchmarkHelper for Helper {
    fn bond(who: &AccountId) {
        Self::bond(who, 0);
    }
    fn unbond(who: &AccountId) {
        Ledgers::<Runtime>::remove(who);
    }
}

impl quern_pallet_rewards::BenchmarkHelper for Helper {
    /// The last candidate of a full order, which goes to its front when its backing grows.
    fn back(who: &AccountId) {
        Self::bond(who, 0);
        let value = 10 * QRN;
        let others = (1..quern_pallet_staking::MAX_CANDIDATES).map(|index| (value, account("candidate", index, 0)));
        let order: alloc::vec::Vec<_> = others.chain([(1, who.clone())]).collect();
        Order::<Runtime>::put(BoundedVec::truncate_from(order));
        let pool = Pool { value, shares: value, unbonding: 0, generation: 0 };
        Candidates::<Runtime>::insert(
            who,
            Candidate { commission: quern_pallet_staking::Commission::new(50_000), listed: Some(1), pool, young: None },
        );
    }

    fn set_author(who: &AccountId) {
        let mut key = sp_io::hashing::twox_128(b"Authorship").to_vec();
        key.extend(sp_io::hashing::twox_128(b"Author"));
        frame_support::storage::unhashed::put(&key, who);
    }
}

impl quern_pallet_jobs::benchmarking::BenchmarkHelper for Helper {
    fn put_party(who: &Account, locked: Balance) {
        let who = AccountId::from(*who);
        Self::bond(&who, locked);
        Self::register(&who, Role::Worker, 1);
    }

    fn put_apprentice(who: &Account) {
        let apprentice = AccountId::from(*who);
        Self::register(&apprentice, Role::Apprentice, 0);
        Entries::<Runtime>::mutate_extant(&apprentice, |entry| entry.slots = 1);
        if Workers::<Runtime>::decode_len().is_none() {
            let places: u32 = <Runtime as quern_pallet_workers::Config>::MaxWorkers::get();
            let others =
                (0..places.saturating_sub(MAX_COMMITS)).map(|number| account::<AccountId>("worker", number, 0).into());
            Workers::<Runtime>::put(BoundedVec::truncate_from(others.collect()));
            let places: u32 = <Runtime as quern_pallet_workers::Config>::MaxApprentices::get();
            let others = (0..places.saturating_sub(MAX_COMMITS))
                .map(|number| account::<AccountId>("apprentice", number, 0).into());
            Apprentices::<Runtime>::put(BoundedVec::truncate_from(others.collect()));
        }
        Apprentices::<Runtime>::try_append(*who).expect("there is a place for each shard");
    }

    fn put_workers(count: u32) {
        Workers::<Runtime>::put(BoundedVec::truncate_from(Self::put("worker", Role::Worker, count)));
    }

    fn put_seed(period: BlockNumber) {
        Self::put_seed(period);
    }

    fn retire(who: &Account, standing: u32) {
        Entries::<Runtime>::mutate_extant(AccountId::from(*who), |entry| {
            (entry.retiring, entry.rests) = (true, 1);
            (entry.open, entry.standing) = (1u32.saturating_sub(standing), standing);
        });
        let former = (0..MAX_FORMER_RESTS).map(|number| FormerRest {
            who: account::<AccountId>("former", number, 0).into(),
            rests_until: 0,
            rests: 1,
            kept_until: BlockNumber::MAX,
        });
        FormerRests::<Runtime>::put(BoundedVec::truncate_from(former.collect()));
    }

    fn put_disputes(shard: &Shard) {
        let challenges = shard.window().into_iter().flat_map(|window| window.challenges.iter());
        let worker = shard.deal().map(|deal| deal.worker).unwrap_or_default();
        for stake in challenges {
            let dispute = Dispute {
                shard: shard.id,
                position: 0,
                task: 0,
                segment: Segment::Finish,
                worker,
                challenger: stake.challenger,
                root: BlobId::default(),
                leaves: 1,
                start: None,
                end: BlobId::default(),
                trace: None,
                turn: Move::Trace,
                by: BlockNumber::MAX,
                defendant: Defendant::Worker,
            };
            let number = quern_pallet_verification::Disputes::<Runtime>::count().into();
            quern_pallet_verification::Disputes::<Runtime>::insert(number, dispute);
            quern_pallet_verification::DisputesOf::<Runtime>::mutate(shard.id, |disputes| {
                disputes.try_push(number).expect("a shard has no more challenges")
            });
        }
    }
}

impl quern_pallet_verification::benchmarking::BenchmarkHelper for Helper {
    /// The worker is the last one on the longest list.
    fn put_shard(shard: &Shard, context: &StageContext, program: &Checked) {
        use quern_pallet_jobs::benchmarking::BenchmarkHelper as _;
        Jobs::put_for_benchmark(shard, context, program);
        shard.locks().iter().for_each(|(who, locked)| Self::put_party(who, *locked));
        shard.unjudged.iter().for_each(|who| Self::put_party(who, 0));
        let places = <Runtime as quern_pallet_workers::Config>::MaxWorkers::get();
        let others = (1..places).map(|number| account::<AccountId>("worker", number, 0).into());
        let list = others.chain(shard.deal().map(|deal| deal.worker)).collect();
        Workers::<Runtime>::put(BoundedVec::truncate_from(list));
    }

    fn put_validators(count: u32) {
        Validators::<Runtime>::put(BoundedVec::truncate_from(Self::put("validator", Role::Validator, count)));
        ValidatorsSince::<Runtime>::put(BoundedVec::truncate_from(alloc::vec![0; count as usize]));
    }

    fn put_seed(period: BlockNumber) {
        Self::put_seed(period);
    }

    fn put_unfinished_stage(shard: &ShardId) {
        Jobs::unfinish_for_benchmark(shard);
    }

    fn put_readers(shard: &ShardId, kept: bool) {
        Jobs::read_for_benchmark(shard, kept);
    }

    fn put_pauses(shard: &ShardId) {
        Jobs::pauses_for_benchmark(shard);
    }

    fn put_paused(shard: &ShardId) {
        Jobs::pause_for_benchmark(shard);
    }
}

impl quern_pallet_duties::BenchmarkHelper<RuntimeCall> for Helper {
    fn owed(who: &AccountId, moves: u32) -> RuntimeCall {
        let by = System::block_number().saturating_add(1);
        let commit = |index| {
            let id = ShardId { job: 0, stage: 0, index };
            let deal = Deal { worker: who.clone().into(), price: 0, collateral: 0 };
            let costs = SegmentCosts { finish: 1, ..Default::default() };
            let shard = Shard { phase: Phase::Running { deal, by }, ..Shard::new(id, 0, 1, costs) };
            quern_pallet_jobs::Shards::<Runtime>::insert(id, shard);
            (id, BlobId([1; 32]), [2; 32])
        };
        let commits = (0..moves).map(commit).collect::<alloc::vec::Vec<_>>();
        quern_pallet_jobs::Call::commit_shards { commits: BoundedVec::truncate_from(commits) }.into()
    }

    fn owed_by_proxy(signer: &AccountId, who: &AccountId, moves: u32) -> RuntimeCall {
        let others = (1..<Runtime as pallet_proxy::Config>::MaxProxies::get()).map(|number| [number as u8; 32].into());
        let definition = |delegate| pallet_proxy::ProxyDefinition {
            delegate,
            proxy_type: crate::config::proxy::ProxyType::Daemon,
            delay: 0,
        };
        // Sorted, as the pallet keeps them.
        let mut proxies: alloc::vec::Vec<_> = others.chain([signer.clone()]).map(definition).collect();
        proxies.sort();
        pallet_proxy::Proxies::<Runtime>::insert(who, (BoundedVec::truncate_from(proxies), 0));
        let call = <Self as quern_pallet_duties::BenchmarkHelper<RuntimeCall>>::owed(who, moves);
        let real = who.clone().into();
        pallet_proxy::Call::proxy { real, force_proxy_type: None, call: alloc::boxed::Box::new(call) }.into()
    }
}
