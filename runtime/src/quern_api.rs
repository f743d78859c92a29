// SPDX-License-Identifier: Apache-2.0

//! The runtime API of Quern: what a client may ask of the chain's state. Reads only; every list is paged.

// The macro writes public items without documentation.
#![allow(missing_docs)]

use crate::{
    AccountId, Balances, Clock, Collateral, Duties, Jobs, Rewards, Runtime, Slashing, System, Verification, Workers,
};
use alloc::{format, string::String, vec::Vec};
use codec::Decode;
use frame_support::traits::{
    fungible::{Inspect, InspectHold},
    Get, PalletInfoAccess,
};
use quern_primitives::{
    job::JobSpec,
    traits::{Collateral as _, Randomness as _},
    Account, BlobId, JobId, ShardId,
};
use quern_protocol::{
    shard::Shard,
    view::{AccountView, JobView, NetworkView, ParticipantView, Quote, ShardView, MAX_PAGE},
};
use sp_runtime::{DispatchError, ModuleError};

sp_api::decl_runtime_apis! {
    /// What a client may ask of the chain's state.
    pub trait QuernApi {
        /// A job; none when it never was or is pruned.
        fn job(id: JobId) -> Option<JobView>;
        /// Up to `limit` (at most 64) jobs with ids from `from` on, and the id to go on from, if there may be more.
        fn jobs(from: JobId, limit: u32) -> (Vec<JobView>, Option<JobId>);
        /// What a job would cost, or why it would be refused.
        fn quote(spec: JobSpec) -> Result<Quote, String>;
        /// Up to 64 shards of a stage of a job, from index `from` on.
        fn shards(job: JobId, stage: u16, from: u32) -> Vec<Shard>;
        /// A shard with everything that its parties need.
        fn shard(id: ShardId) -> Option<ShardView>;
        /// All shards in which an account is worker or drawn validator.
        fn duties(account: Account) -> Vec<ShardView>;
        /// The bytes of a published program.
        fn program(id: BlobId) -> Option<Vec<u8>>;
        /// The 32 bytes that stay of a completed job.
        fn job_root(id: JobId) -> Option<BlobId>;
        /// The network in numbers.
        fn network() -> NetworkView;
        /// Up to `limit` (at most 64) registered workers and validators, after skipping `from`.
        fn workers(from: u32, limit: u32) -> Vec<ParticipantView>;
        /// A registered worker or validator.
        fn participant(account: Account) -> Option<ParticipantView>;
        /// What an account has.
        fn account(account: Account) -> AccountView;
        /// Checks what must always be true; the first thing that is not.
        fn check_invariants() -> Result<(), String>;
    }
}

/// A shard with everything that its parties need.
pub fn shard_view(id: &ShardId) -> Option<ShardView> {
    Jobs::shard_view(id, |id| Verification::disputes_of(*id)).map(with_answer)
}

/// All shards in which an account is worker or drawn validator.
pub fn duties(account: &Account) -> Vec<ShardView> {
    Jobs::duties(account, |id| Verification::disputes_of(*id)).into_iter().map(with_answer).collect()
}

fn with_answer(view: ShardView) -> ShardView {
    let answered = quern_pallet_verification::Answers::<Runtime>::get(view.shard.id).into_inner();
    ShardView { answered, ..view }
}

/// Why a job is refused, with the stage and the input where there is one.
pub fn refusal(error: DispatchError) -> String {
    if let DispatchError::Module(ModuleError { index, error, .. }) = &error {
        let of_jobs = (usize::from(*index) == Jobs::index()).then(|| Decode::decode(&mut &error[..]).ok()).flatten();
        if let Some(quern_pallet_jobs::Error::<Runtime>::InvalidJob(fault)) = of_jobs {
            return format!("InvalidJob({fault:?})");
        }
    }
    format!("{error:?}")
}

/// The network in numbers.
pub fn network() -> NetworkView {
    let stats = Verification::stats();
    NetworkView {
        height: System::block_number(),
        slot_ms: Clock::slot_ms(),
        draw_period_blocks: Clock::period_blocks(),
        workers: quern_pallet_workers::Workers::<Runtime>::get().len() as u32,
        validators: quern_pallet_workers::Validators::<Runtime>::get().len() as u32,
        shards_settled: stats.settled,
        audits: stats.drawn,
        disputes: stats.opened,
        convicted: stats.convicted,
        refuted: stats.refuted,
        useful_macs: quern_pallet_rewards::TotalMacs::<Runtime>::get(),
        burned: quern_pallet_rewards::TotalBurned::<Runtime>::get(),
        emitted: quern_pallet_rewards::TotalEmitted::<Runtime>::get(),
        issuance: Balances::total_issuance(),
    }
}

/// A registered worker or validator.
pub fn participant(account: Account) -> Option<ParticipantView> {
    let entry = quern_pallet_workers::Entries::<Runtime>::get(AccountId::from(account))?;
    let bonded = Collateral::bonded(&account);
    let reputation = entry.reputation_at(crate::config::Era::get());
    Some(ParticipantView {
        account,
        role: entry.role,
        endpoint: entry.endpoint,
        profile: entry.profile,
        ask: entry.ask,
        slots: entry.slots,
        open: entry.open,
        reputation,
        barred: entry.barred,
        bonded,
        locked: bonded.saturating_sub(Collateral::free(&account)),
    })
}

/// A page of registered workers, then validators, then apprentices.
pub fn participants(from: u32, limit: u32) -> Vec<ParticipantView> {
    let workers = quern_pallet_workers::Workers::<Runtime>::get();
    let validators = quern_pallet_workers::Validators::<Runtime>::get();
    let apprentices = quern_pallet_workers::Apprentices::<Runtime>::get();
    let all = workers.into_iter().chain(validators).chain(apprentices);
    all.skip(from as usize).take(limit.min(MAX_PAGE) as usize).filter_map(participant).collect()
}

/// What an account has.
pub fn account(account: Account) -> AccountView {
    let who = AccountId::from(account);
    let ledger = quern_pallet_staking::Ledgers::<Runtime>::get(&who);
    AccountView {
        free: Balances::balance(&who),
        held: Balances::total_balance_on_hold(&who),
        bonded: ledger.as_ref().map_or(0, |ledger| ledger.bonded),
        locked: ledger.as_ref().map_or(0, |ledger| ledger.locked),
        unbonding: ledger.as_ref().map_or(0, |ledger| ledger.unbonding_total()),
        credits: Rewards::credit_of(&who),
    }
}

/// Checks what must always be true.
pub fn check_invariants() -> Result<(), String> {
    let checks = [
        ("collateral", Collateral::do_try_state()),
        ("workers", Workers::do_try_state()),
        ("jobs", Jobs::do_try_state()),
        ("verification", Verification::do_try_state()),
        ("slashing", Slashing::do_try_state()),
        ("rewards", Rewards::do_try_state()),
        ("duties", Duties::do_try_state()),
        ("locks", locks_match()),
    ];
    for (name, check) in checks {
        check.map_err(|error| format!("{name}: {}", <&'static str>::from(error)))?;
    }
    Ok(())
}

/// Locked collateral is the sum over open shards.
fn locks_match() -> Result<(), sp_runtime::TryRuntimeError> {
    use alloc::collections::BTreeMap;
    let mut owed = BTreeMap::<Account, u128>::new();
    for shard in quern_pallet_jobs::Shards::<Runtime>::iter_values() {
        for (who, amount) in shard.locks().into_iter().filter(|(_, amount)| *amount > 0) {
            let sum = owed.entry(who).or_default();
            *sum = sum.saturating_add(amount);
        }
    }
    for (who, ledger) in quern_pallet_staking::Ledgers::<Runtime>::iter() {
        if ledger.locked != owed.remove(&Account::from(who)).unwrap_or_default() {
            return Err("the locked bond of an account differs from what its open shards lock".into());
        }
    }
    owed.is_empty().then_some(()).ok_or_else(|| "a shard locks the bond of an account that has none".into())
}
