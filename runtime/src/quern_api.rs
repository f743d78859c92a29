// SPDX-License-Identifier: Apache-2.0

//! The runtime API of Quern: what a client may ask of the chain's state. Reads only; every list is paged.

// The macro writes public items without documentation.
#![allow(missing_docs)]

use crate::{
    AccountId, Balances, Clock, Collateral, Duties, Jobs, Rewards, Runtime, Session, Slashing, System, Verification,
    Workers,
};
use alloc::{format, string::String, vec::Vec};
use codec::Decode;
use frame_support::traits::{
    fungible::{Inspect, InspectHold},
    Get, PalletInfoAccess,
};
use quern_primitives::{
    job::JobSpec,
    offence::{DeferredSlash, OffenceId},
    traits::{Collateral as _, Randomness as _},
    Account, Balance, BlobId, Height, JobId, ShardId,
};
use quern_protocol::{
    shard::Shard,
    view::{
        AccountView, CandidateView, JobView, NetworkView, NominationView, ParticipantView, Quote, ShardView, MAX_PAGE,
    },
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
        /// Shards in which an account has something to do, after the shard `after` or from the first: at most 64, and about
        /// 1 MiB. And the shard to go on after, if there may be more.
        fn duties(account: Account, after: Option<ShardId>) -> (Vec<ShardView>, Option<ShardId>);
        /// The bytes of a published program.
        fn program(id: BlobId) -> Option<Vec<u8>>;
        /// The 32 bytes that stay of a completed job.
        fn job_root(id: JobId) -> Option<BlobId>;
        /// Stages of a job whose results were overturned, or stand on such results: for a completed job for ever.
        fn tainted_stages(id: JobId) -> Vec<u16>;
        /// The network in numbers.
        fn network() -> NetworkView;
        /// Up to `limit` (at most 64) registered workers, validators and apprentices, after skipping `from`.
        fn workers(from: u32, limit: u32) -> Vec<ParticipantView>;
        /// A registered worker, validator or apprentice.
        fn participant(account: Account) -> Option<ParticipantView>;
        /// What an account has.
        fn account(account: Account) -> AccountView;
        /// Up to `limit` (at most 64) candidates for authoring blocks, the best first, after skipping `from`.
        fn candidates(from: u32, limit: u32) -> Vec<CandidateView>;
        /// A candidate, chilled or not.
        fn candidate(account: Account) -> Option<CandidateView>;
        /// Up to 64 candidates that an account backs.
        fn nominations(account: Account) -> Vec<NominationView>;
        /// Checks what must always be true; the first thing that is not.
        fn check_invariants() -> Result<(), String>;
        /// What a job would cost if these programs were published too, and the deposit for those that are not; or why it
        /// would be refused. Nothing is published.
        fn dry_quote(spec: JobSpec, programs: Vec<Vec<u8>>) -> Result<(Quote, Balance), String>;
        /// A slash that is not carried out yet.
        fn deferred_slash(offence: OffenceId) -> Option<DeferredSlash>;
        /// Up to `limit` (at most 64) slashes that are not carried out yet, in the order of storage, after the one of offence
        /// `after`, or from the first.
        fn deferred_slashes(after: Option<OffenceId>, limit: u32) -> Vec<(OffenceId, DeferredSlash)>;
        /// How many offences were reported so far: the next one's number.
        fn offences() -> OffenceId;
        /// The era under way, and the blocks of an era.
        fn era() -> (u32, Height);
        /// Finished eras of which an account can claim emission, oldest first: for its work, and for the blocks that it authored.
        fn claimable(account: Account) -> Vec<(u32, Balance, Balance)>;
        /// Up to 256 shards that an account only serves, after the shard `after` or from the first. And the shard to go on
        /// after, if there may be more.
        fn served(account: Account, after: Option<ShardId>) -> (Vec<Shard>, Option<ShardId>);
        /// Up to `limit` (at most 64) registered accounts that are barred, which `workers` leaves out, in the order of storage, after
        /// the account `after` or from the first.
        fn barred(after: Option<Account>, limit: u32) -> Vec<ParticipantView>;
    }
}

/// A shard with everything that its parties need.
pub fn shard_view(id: &ShardId) -> Option<ShardView> {
    Jobs::shard_view(id, |id| Verification::disputes_of(*id)).map(with_answer)
}

/// A page of the shards in which an account has something to do.
pub fn duties(account: &Account, after: Option<ShardId>) -> (Vec<ShardView>, Option<ShardId>) {
    let (page, next) = Jobs::duties(account, after, |id| Verification::disputes_of(*id));
    (page.into_iter().map(with_answer).collect(), next)
}

fn with_answer(view: ShardView) -> ShardView {
    let answered = quern_pallet_verification::Answers::<Runtime>::get(view.shard.id).into_inner();
    ShardView { answered, ..view }
}

/// Why a job is refused, with the stage and the input where there is one.
pub fn refusal(error: DispatchError) -> String {
    if let DispatchError::Module(ModuleError { index, error, .. }) = &error {
        let of_jobs = (usize::from(*index) == Jobs::index()).then(|| Decode::decode(&mut &error[..]).ok()).flatten();
        match of_jobs {
            Some(quern_pallet_jobs::Error::<Runtime>::InvalidJob(fault)) => return format!("InvalidJob({fault:?})"),
            Some(quern_pallet_jobs::Error::<Runtime>::InvalidProgram(fault)) => {
                return format!("InvalidProgram({fault:?})")
            }
            _ => {}
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
        draws: stats.drawn,
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
    let reputation = entry.reputation_at(crate::config::CurrentEra::get());
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

/// A page of barred accounts, in the order of storage.
pub fn barred(after: Option<Account>, limit: u32) -> Vec<ParticipantView> {
    // Whoever is barred has convictions there, and nobody else.
    type Convictions = quern_pallet_workers::ConvictionsOf<Runtime>;
    let accounts = match after {
        Some(after) => Convictions::iter_keys_from(Convictions::hashed_key_for(AccountId::from(after))),
        None => Convictions::iter_keys(),
    };
    accounts.take(limit.min(MAX_PAGE) as usize).filter_map(|who| participant(who.into())).collect()
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

/// A page of candidates, the best first.
pub fn candidates(from: u32, limit: u32) -> Vec<CandidateView> {
    let order = quern_pallet_staking::Order::<Runtime>::get();
    let page = order.into_iter().skip(from as usize).take(limit.min(MAX_PAGE) as usize);
    page.filter_map(|(_, who)| candidate(who.into())).collect()
}

/// A candidate, chilled or not.
pub fn candidate(account: Account) -> Option<CandidateView> {
    let who = AccountId::from(account);
    let candidate = quern_pallet_staking::Candidates::<Runtime>::get(&who)?;
    Some(CandidateView {
        account,
        commission_ppm: candidate.commission.of_era(quern_pallet_rewards::CurrentEra::<Runtime>::get()),
        bonded: Collateral::bonded(&account),
        backing: candidate.active(),
        score: candidate.listed.unwrap_or_default(),
        authors: Session::validators().contains(&who),
        has_keys: pallet_session::NextKeys::<Runtime>::contains_key(&who),
    })
}

/// What an account backs candidates with.
pub fn nominations(account: Account) -> Vec<NominationView> {
    let who = AccountId::from(account);
    let candidates = quern_pallet_staking::Nominations::<Runtime>::iter_key_prefix(&who);
    let view = |candidate: AccountId| {
        let (amount, unbonding, release_at) = Collateral::backing_of(&who, &candidate);
        NominationView { candidate: candidate.into(), amount, unbonding, release_at }
    };
    candidates.take(MAX_PAGE as usize).map(view).collect()
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

/// Entries of the state that may be walked for anybody who asks: many times as many as a development network has, and read in a moment.
pub const MAX_WALKED: u32 = 16_384;

/// Checks what must always be true, where the state is small: a call into the runtime is free, and open to everybody.
pub fn check_small() -> Result<(), String> {
    check_up_to(MAX_WALKED)
}

fn check_up_to(most: u32) -> Result<(), String> {
    let mut key = Vec::new();
    for _ in 0..most {
        match sp_io::storage::next_key(&key) {
            Some(next) => key = next,
            None => return check_invariants(),
        }
    }
    Err(format!("not checked: the state has {most} entries or more; check a copy of it (try-runtime)"))
}

/// The era under way, and the blocks of an era.
pub fn era() -> (u32, Height) {
    let blocks = quern_pallet_rewards::Settings::<Runtime>::get().era_blocks;
    (quern_pallet_rewards::CurrentEra::<Runtime>::get(), blocks)
}

/// Finished eras of which an account can claim emission.
pub fn claimable(account: Account) -> Vec<(u32, Balance, Balance)> {
    let eras = Rewards::claimable(account.into()).into_iter();
    eras.map(|(era, claim)| (era, claim.work, claim.authoring)).collect()
}

/// Locked collateral is the sum over open shards and deferred slashes.
fn locks_match() -> Result<(), sp_runtime::TryRuntimeError> {
    use alloc::collections::BTreeMap;
    let mut owed: BTreeMap<Account, Balance> = Slashing::locks();
    for shard in quern_pallet_jobs::Shards::<Runtime>::iter_values() {
        for (who, amount) in shard.locks().into_iter().filter(|(_, amount)| *amount > 0) {
            let sum = owed.entry(who).or_default();
            *sum = sum.saturating_add(amount);
        }
    }
    for (who, ledger) in quern_pallet_staking::Ledgers::<Runtime>::iter() {
        if ledger.locked != owed.remove(&Account::from(who)).unwrap_or_default() {
            return Err(
                "the locked bond of an account differs from what its open shards and deferred slashes lock".into()
            );
        }
    }
    owed.is_empty().then_some(()).ok_or_else(|| "a shard or a slash locks the bond of an account that has none".into())
}
