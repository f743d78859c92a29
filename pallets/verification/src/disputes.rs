// SPDX-License-Identifier: Apache-2.0
//! Disputes: opening, moves, deadlines, ends. `Dispute::step` decides; this keeps what it returns.

use crate::{
    Agenda, Answers, Config, Disputes, DisputesOf, Error, Event, Evidence, NextDispute, Pallet, PendingDrawCount,
    PendingDraws, Resting, Totals, MAX_LINK_BYTES,
};
use alloc::vec::Vec;
use frame_support::{
    dispatch::{DispatchResultWithPostInfo, Pays},
    ensure,
    storage::with_storage_layer,
    traits::Get,
};
use quern_primitives::{
    commitment::LeafProof, slice::SliceProof, traits::Collateral, Account, Balance, DisputeId, Height, ShardId,
};
use quern_program::{Segment, MAX_CONVICTION_BYTES};
use quern_protocol::{
    dispute::{Defendant, Next, Outcome, Play},
    inputs::Link,
    record::evidence_hash,
    referee::ReadProof,
    shard::{Event as ShardEvent, Phase, Verdict},
    traits::{Audits, Shards},
    Dispute, DisputeError, Shard,
};
use sp_runtime::{DispatchError, TryRuntimeError};

/// Disputes under way for which the bond of the next challenge or accusation grows by once what it is on an empty chain: whoever would
/// fill all places, so that nobody else finds one, has to lock 64 times that for the last of them.
pub(crate) const DISPUTES_PER_BOND: u32 = 64;

/// Blocks after which the end of a dispute that failed is tried again.
const RETRY_BLOCKS: Height = 10;

/// Who has a dispute about a shard under way, as the shard says.
fn disputing(shard: &Shard) -> Vec<Account> {
    let seats = shard.audit().into_iter().flat_map(|audit| audit.seats.iter());
    let seats = seats.filter(|seat| seat.verdict == Some(Verdict::Disputing)).map(|seat| seat.auditor);
    let stakes = shard.window().into_iter().flat_map(|window| window.challenges.iter().copied());
    let accusers = shard.liable().iter().filter_map(|liable| liable.accuser);
    seats.chain(stakes.chain(accusers).map(|stake| stake.challenger)).collect()
}

impl<T: Config> Audits for Pallet<T> {
    fn committed(shard: &ShardId, period: Height) {
        Answers::<T>::remove(shard);
        Self::enqueue(shard, period);
    }

    fn close(shard: &ShardId) {
        Answers::<T>::remove(shard);
        for dispute in DisputesOf::<T>::take(shard) {
            Disputes::<T>::remove(dispute);
            Totals::<T>::mutate(|stats| stats.moot = stats.moot.saturating_add(1));
            Self::deposit_event(Event::DisputeMoot { dispute, shard: *shard });
        }
    }

    fn has_room() -> bool {
        PendingDrawCount::<T>::get() < T::MaxPendingDraws::get()
    }

    fn refuted(validator: &Account) {
        Self::rest(validator);
    }

    fn evidence() -> [u8; 32] {
        Evidence::<T>::get()
    }
}

impl<T: Config> Pallet<T> {
    /// Opens a dispute: the shard notes the challenge and the dispute exists, or neither.
    pub(crate) fn do_open_dispute(
        id: &ShardId,
        challenger: Account,
        position: u32,
        start: Option<LeafProof>,
        end: LeafProof,
    ) -> Result<(), Error<T>> {
        Self::check_ends(start.as_ref(), &end)?;
        let shard = Self::shard(id)?;
        let params = T::Params::get();
        // Anybody may challenge an accepted shard; half of the places are left to drawn validators.
        let bond = shard.challenge_bond(&params);
        let most = if bond.is_some() { T::MaxDisputes::get().div_ceil(2) } else { T::MaxDisputes::get() };
        ensure!(Disputes::<T>::count() < most, Error::<T>::TooManyDisputes);
        let segment = Self::segment(&shard, position)?;
        let now = Self::now();
        let dispute = Dispute::open(&shard, segment, challenger, position, start.as_ref(), &end, now, &params)?;
        let bond = Self::crowded(bond.unwrap_or(0));
        if bond > 0 {
            T::Collateral::lock(&challenger, bond).map_err(|_| Error::NoBond)?;
        }
        Self::apply(id, ShardEvent::Challenge { by: challenger, position, bond })?;
        Self::begin(dispute)
    }

    /// A bond of the shard's, as it grows with the disputes under way on the whole chain.
    fn crowded(bond: Balance) -> Balance {
        bond.saturating_mul(Balance::from(Disputes::<T>::count() / DISPUTES_PER_BOND).saturating_add(1))
    }

    /// Accuses an auditor: the shard notes it and the dispute exists, or neither.
    pub(crate) fn do_accuse(
        id: &ShardId,
        by: Account,
        auditor: Account,
        position: u32,
        start: Option<LeafProof>,
        end: LeafProof,
    ) -> Result<(), Error<T>> {
        Self::check_ends(start.as_ref(), &end)?;
        let shard = Self::shard(id)?;
        let params = T::Params::get();
        let bond = Self::crowded(shard.accusation_bond(&params).ok_or(Error::WrongPhase)?);
        ensure!(Disputes::<T>::count() < T::MaxDisputes::get().div_ceil(2), Error::<T>::TooManyDisputes);
        let segment = Self::segment(&shard, position)?;
        let (start, now) = (start.as_ref(), Self::now());
        let dispute = Dispute::accuse(&shard, segment, by, auditor, position, start, &end, now, &params)?;
        T::Collateral::lock(&by, bond).map_err(|_| Error::NoBond)?;
        Self::apply(id, ShardEvent::Accuse { by, auditor, position, bond })?;
        Self::begin(dispute)
    }

    /// The segment that ends at a leaf position.
    fn segment(shard: &Shard, position: u32) -> Result<Segment, Error<T>> {
        let program = T::Shards::program(&shard.id).ok_or(Error::UnknownShard)?;
        let (_, index) = shard.locate(position).ok_or(Error::NoSuchSegment)?;
        program.program().segment(index).ok_or(Error::NoSuchSegment)
    }

    fn begin(dispute: Dispute) -> Result<(), Error<T>> {
        let (id, position, challenger) = (&dispute.shard, dispute.position, dispute.challenger);
        let number = NextDispute::<T>::get();
        NextDispute::<T>::put(number.saturating_add(1));
        DisputesOf::<T>::try_append(id, number).map_err(|_| Error::TooManyDisputes)?;
        Self::watch(number, dispute.by);
        Totals::<T>::mutate(|stats| stats.opened = stats.opened.saturating_add(1));
        Self::deposit_event(Event::DisputeOpened {
            dispute: number,
            shard: *id,
            position,
            worker: dispute.worker.into(),
            challenger: challenger.into(),
        });
        Disputes::<T>::insert(number, dispute);
        Ok(())
    }

    /// A party's move.
    pub(crate) fn play(id: DisputeId, by: Account, play: Play) -> DispatchResultWithPostInfo {
        let dispute = Disputes::<T>::get(id).ok_or(Error::<T>::UnknownDispute)?;
        // Before the program and the stage are read: strangers and latecomers cost one read.
        dispute.admits(&play, Self::moment().reached()).map_err(Error::<T>::from)?;
        let (next, evidence) = Self::step(id, &dispute, play).map_err(Error::<T>::from)?;
        match next {
            Next::Open(next) => {
                let (owed_by, deadline) = ((*next.owed_by()).into(), next.by);
                Disputes::<T>::insert(id, next);
                Self::deposit_event(Event::DisputeMoved { dispute: id, by: by.into(), owed_by, deadline });
            }
            Next::Closed(outcome) => Self::end(id, dispute, outcome, evidence)?,
        }
        Ok(Pays::No.into())
    }

    /// What follows from a move, and the hash of the evidence if it decides.
    fn step(id: DisputeId, dispute: &Dispute, play: Play) -> Result<(Next, Option<[u8; 32]>), DisputeError> {
        let program = T::Shards::program(&dispute.shard).ok_or(DisputeError::NoSuchSegment)?;
        let stage = T::Shards::context(&dispute.shard).ok_or(DisputeError::NoSuchSegment)?;
        let evidence = evidence_hash(id, dispute, &stage, &play);
        Ok((dispute.step_at(play, Self::moment(), &T::Params::get(), &program, &stage)?, evidence))
    }

    /// Removes a decided dispute and tells the keeper of the shard, who moves the money.
    fn end(id: DisputeId, dispute: Dispute, outcome: Outcome, evidence: Option<[u8; 32]>) -> Result<(), Error<T>> {
        Self::remove(id, &dispute.shard);
        Evidence::<T>::set(evidence.unwrap_or_default());
        let event = dispute.verdict(&outcome);
        let Dispute { shard, position, worker, challenger, .. } = dispute;
        Self::apply(&shard, event)?;
        Evidence::<T>::kill();
        Totals::<T>::mutate(|stats| {
            let count = match outcome {
                Outcome::WrongElement { .. } | Outcome::WrongLength { .. } => &mut stats.convicted,
                Outcome::Refuted { .. } => &mut stats.refuted,
                Outcome::WorkerSilent => &mut stats.worker_silent,
                Outcome::ChallengerSilent => &mut stats.challenger_silent,
            };
            *count = count.saturating_add(1);
        });
        let (worker, challenger) = (worker.into(), challenger.into());
        Self::deposit_event(Event::DisputeClosed { dispute: id, shard, position, worker, challenger, outcome });
        Ok(())
    }

    fn remove(id: DisputeId, shard: &ShardId) {
        Disputes::<T>::remove(id);
        let left = DisputesOf::<T>::mutate(shard, |ids| {
            ids.retain(|other| *other != id);
            ids.len()
        });
        if left == 0 {
            DisputesOf::<T>::remove(shard);
        }
    }

    /// Looks at a dispute again at the first height at which its deadline has passed, or as soon after it as there is room.
    fn watch(id: DisputeId, by: Height) {
        Self::watch_at(id, by.saturating_add(1));
    }

    fn watch_at(id: DisputeId, mut at: Height) {
        // There are at most `MaxDisputes`, so a height with room is near.
        while Agenda::<T>::try_append(at, id).is_err() {
            at = at.saturating_add(1);
        }
    }

    /// Ends the disputes whose deadline has passed. A move puts the deadline off without touching the agenda, so a dispute
    /// that is not due is watched again. Returns how many were looked at.
    pub(crate) fn expire_due(now: Height) -> u32 {
        let due = Agenda::<T>::take(now);
        let looked_at = due.len() as u32;
        for id in due {
            let Some(dispute) = Disputes::<T>::get(id) else {
                continue;
            };
            let moment = Self::moment();
            if moment.reached() <= dispute.by {
                Self::watch_at(id, moment.look_again(dispute.by.saturating_add(1)));
                continue;
            }
            let (shard, challenger) = (dispute.shard, dispute.challenger);
            let ended = with_storage_layer(|| -> Result<(), DispatchError> {
                let outcome = dispute.expire(moment.reached()).map_err(Error::<T>::from)?;
                Ok(Self::end(id, dispute, outcome, None)?)
            });
            if ended.is_ok() {
                continue;
            }
            if T::Shards::shard(&shard).is_some_and(|shard| disputing(&shard).contains(&challenger)) {
                // What is at stake waits for this dispute, so it stays, and everybody sees it.
                Self::watch_at(id, now.saturating_add(RETRY_BLOCKS));
                Self::deposit_event(Event::DisputeStuck { dispute: id, shard });
            } else {
                // The keeper no longer has the shard in dispute: nothing is left to decide.
                Self::remove(id, &shard);
                Totals::<T>::mutate(|stats| stats.moot = stats.moot.saturating_add(1));
                Self::deposit_event(Event::DisputeMoot { dispute: id, shard });
            }
        }
        looked_at
    }

    /// Refuses leaf proofs that are longer than any honest one.
    pub(crate) fn check_ends(start: Option<&LeafProof>, end: &LeafProof) -> Result<(), Error<T>> {
        let long = start.into_iter().chain([end]).any(|leaf| leaf.proof.0.len() > MAX_LINK_BYTES);
        ensure!(!long, Error::<T>::ProofsTooLong);
        Ok(())
    }

    /// Refuses proofs that no honest conviction needs, before anything is hashed. A valid program's convictions fit
    /// [`MAX_CONVICTION_BYTES`] without links.
    pub(crate) fn check_conviction(output: Option<&SliceProof>, reads: &[ReadProof]) -> Result<(), Error<T>> {
        let long = |proof: &SliceProof| proof.0.len() > MAX_LINK_BYTES;
        let long_link = reads.iter().any(|read| match &read.link {
            Link::Known => false,
            Link::Listed { proof, .. } => long(proof),
            Link::Leaf(leaf) => long(&leaf.proof),
        });
        let proofs = output.into_iter().chain(reads.iter().map(|read| &read.proof));
        let bytes = proofs.fold(0u64, |sum, proof| sum.saturating_add(proof.0.len() as u64));
        ensure!(!long_link && bytes <= MAX_CONVICTION_BYTES, Error::<T>::ProofsTooLong);
        Ok(())
    }

    /// Checks what is always true of the pallet's storage.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        let pending = PendingDraws::<T>::iter_keys().count();
        ensure!(pending as u32 == PendingDrawCount::<T>::get(), "the number of pending draws is wrong");
        ensure!(!Evidence::<T>::exists(), "the evidence of a decided dispute is kept");
        for (_, id) in PendingDraws::<T>::iter_keys() {
            let shard = T::Shards::shard(&id);
            let Some(Phase::Committed { held: Some(audit), .. }) = shard.map(|shard| shard.phase) else { continue };
            ensure!(audit.vacancies() > 0, "an audit without a vacant seat waits for a draw");
            ensure!(audit.opened.is_some() && audit.results.is_none(), "an audit is held in which no seal is owed");
            ensure!(audit.left.iter().all(|who| !audit.has_seat(who)), "who has left a seat sits");
        }
        let resting = Resting::<T>::get();
        let is_once = |who: &Account| resting.iter().filter(|(of, _)| of == who).nth(1).is_none();
        ensure!(resting.iter().all(|(who, _)| is_once(who)), "a validator rests twice");
        for shard in T::Shards::all() {
            if let Phase::Doubted { period, .. } = shard.phase {
                let mut waits = PendingDraws::<T>::iter_keys().filter(|(at, id)| *id == shard.id && *at >= period);
                ensure!(waits.next().is_some(), "a shard whose inputs are in doubt waits for no draw");
            }
            let Some(probe) = shard.probe() else { continue };
            let is_drawn = matches!(shard.phase, Phase::Probing { .. });
            ensure!(is_drawn == (probe.vacancies() == 0), "a seat is vacant while validators are asked");
            ensure!(probe.seats.iter().any(|seat| !seat.missing) == is_drawn, "nobody is asked for the inputs");
            ensure!(probe.left.iter().all(|who| !probe.has_seat(who)), "who was silent is asked again");
            let partial =
                |who: &Account| shard.audit().is_some_and(|audit| audit.has_seat(who) || audit.left.contains(who));
            ensure!(!probe.seats.iter().any(|seat| partial(&seat.auditor)), "a claimer is asked about its claim");
        }
        let mut watched: alloc::vec::Vec<DisputeId> = Agenda::<T>::iter_values().flatten().collect();
        let listed = DisputesOf::<T>::iter_values().map(|ids| ids.len()).fold(0, usize::saturating_add);
        ensure!(listed as u32 == Disputes::<T>::count(), "a dispute is not listed at its shard, or a closed one is");
        ensure!(Disputes::<T>::count() <= T::MaxDisputes::get(), "too many disputes");
        watched.retain(|id| Disputes::<T>::contains_key(id));
        ensure!(watched.len() as u32 == Disputes::<T>::count(), "a dispute is watched twice or not at all");
        for id in Answers::<T>::iter_keys() {
            let phase = T::Shards::shard(&id).map(|shard| shard.phase);
            ensure!(
                matches!(phase, Some(Phase::Comparing { .. } | Phase::Disputed { .. })),
                "an answer is kept for a shard that is not compared"
            );
        }
        for shard in T::Shards::all() {
            let ids = DisputesOf::<T>::get(shard.id);
            let mut found: Vec<Account> =
                ids.iter().filter_map(Disputes::<T>::get).map(|dispute| dispute.challenger).collect();
            let mut expected = disputing(&shard);
            found.sort_unstable();
            expected.sort_unstable();
            ensure!(found == expected, "a shard waits for a dispute that there is not, or has one too many");
        }
        for (id, dispute) in Disputes::<T>::iter() {
            ensure!(id < NextDispute::<T>::get(), "a dispute has a number that was not given");
            ensure!(DisputesOf::<T>::get(dispute.shard).contains(&id), "a dispute is not listed at its shard");
            ensure!(watched.contains(&id), "a dispute is not watched");
            let shard = T::Shards::shard(&dispute.shard).ok_or("a dispute is about no shard")?;
            if let Some(window) = shard.window() {
                let stake = window.challenges.iter().find(|stake| stake.challenger == dispute.challenger);
                ensure!(stake.is_some(), "a challenger has nothing at stake");
                continue;
            }
            if dispute.defendant != Defendant::Worker {
                let liable = shard.liable().iter().find(|liable| liable.auditor == dispute.worker);
                let accuser = liable.and_then(|liable| liable.accuser).map(|stake| stake.challenger);
                ensure!(accuser == Some(dispute.challenger), "an auditor is not accused by who disputes with it");
                continue;
            }
            ensure!(matches!(shard.phase, Phase::Disputed { .. }), "a dispute is about a shard that is not disputed");
            let seats = shard.audit().map(|audit| audit.seats.as_slice()).unwrap_or_default();
            let seat = seats.iter().find(|seat| seat.auditor == dispute.challenger);
            ensure!(
                seat.is_some_and(|seat| seat.verdict == Some(Verdict::Disputing)),
                "a challenger does not sit where it disputes"
            );
        }
        Ok(())
    }
}
