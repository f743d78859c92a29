// SPDX-License-Identifier: Apache-2.0
//! Offences against consensus: equivocations, and validators that author nothing.
//!
//! A report chills its offender at once, keeps an equivocator from authoring, and goes on to the pallet that slashes: deferral,
//! appeals and dry run are its business.

use crate::{
    Candidates, ChillReason, Config, Disabling, ElectionDue, Elections, Event, ForgottenTo, HoldReason, Ledgers, Noted,
    Pallet, Reported, Reports, ReportsBySession, ReportsOfMoment, ShownFrom, ONE_PPM,
};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use core::marker::PhantomData;
use frame_support::{traits::Get, Blake2_256, StorageHasher};
use quern_primitives::{
    offence::{idleness_ppm, report_evidence, ConsensusOffence},
    traits::{ConsensusOffences, OffenceKind, StakeSlash, Stakes},
    Account, Balance,
};
use sp_runtime::{AccountId32, Perbill, Permill};
use sp_staking::{
    offence::{Kind, Offence, OffenceError, ReportOffence},
    SessionIndex,
};

/// Sessions after which a reported voter votes no more.
const SESSIONS_TO_LEAVE: SessionIndex = 2;
/// Reports that a block forgets at most. A session has hardly more moments of which there can be one than blocks.
pub const FORGOTTEN_PER_BLOCK: u32 = 4;

/// How the session pallet names an offender: the account. Bonds and what backs them are looked up when they are slashed.
pub type Offender = (AccountId32, ());

/// Validators that authored nothing in a session in which they were expected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdleOffence {
    session: SessionIndex,
    validators: u32,
    idle: Vec<AccountId32>,
}

impl IdleOffence {
    /// `idle` of the `validators` of a session authored nothing.
    pub fn new(session: SessionIndex, validators: u32, idle: Vec<AccountId32>) -> Self {
        Self { session, validators, idle }
    }
}

impl Offence<Offender> for IdleOffence {
    const ID: Kind = *b"quern:idle-autho";
    type Slot = SessionIndex;

    fn offenders(&self) -> Vec<Offender> {
        self.idle.iter().cloned().map(|who| (who, ())).collect()
    }

    fn session_index(&self) -> SessionIndex {
        self.session
    }

    fn validator_set_count(&self) -> u32 {
        self.validators
    }

    fn slot(&self) -> SessionIndex {
        self.session
    }

    fn slash_fraction(&self, offenders: u32) -> Perbill {
        perbill(idleness_ppm(offenders, self.validators))
    }
}

/// Two votes of an authority in one round of GRANDPA, whichever round of its set it was: who is slashed anyway signs for any
/// number of rounds, and one report for each voter of a set is enough. Voters of a set count together, so that nobody hides
/// among rounds how many they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoteOffence {
    set_id: u64,
    session: SessionIndex,
    validators: u32,
    voters: Vec<AccountId32>,
}

impl VoteOffence {
    /// `voters` of the set `set_id`, which has so many `validators` and votes in `session`, voted twice.
    pub fn new(set_id: u64, session: SessionIndex, validators: u32, voters: Vec<AccountId32>) -> Self {
        Self { set_id, session, validators, voters }
    }
}

impl Offence<Offender> for VoteOffence {
    const ID: Kind = *b"quern:two-votes-";
    type Slot = u64;

    fn offenders(&self) -> Vec<Offender> {
        self.voters.iter().cloned().map(|who| (who, ())).collect()
    }

    fn session_index(&self) -> SessionIndex {
        self.session
    }

    fn validator_set_count(&self) -> u32 {
        self.validators
    }

    fn slot(&self) -> u64 {
        self.set_id
    }

    /// `min((3 k / n)^2, 1)` for `k` offenders of `n` validators, as for blocks.
    fn slash_fraction(&self, offenders: u32) -> Perbill {
        Perbill::from_rational(offenders.saturating_mul(3), self.validators).square()
    }
}

/// Sessions for which an equivocation can be shown: GRANDPA remembers as many sets.
pub struct EvidenceSessions<T>(PhantomData<T>);
impl<T: Config> Get<u64> for EvidenceSessions<T> {
    fn get() -> u64 {
        Elections::<T>::get().evidence_sessions.into()
    }
}

/// The number under which the reports of a kind at a moment (a slot, a set of voters, a session) are kept.
fn moment<O: Offence<Offender>>(slot: &O::Slot) -> [u8; 32] {
    (O::ID, slot.encode()).using_encoded(Blake2_256::hash)
}

/// Parts per billion of a part per million.
const PER_PPM: u32 = 1_000;

/// A share in parts per million, rounded up: against the offender.
fn ppm(share: Perbill) -> u32 {
    share.deconstruct().div_ceil(PER_PPM).min(ONE_PPM)
}

fn perbill(share_ppm: u32) -> Perbill {
    Perbill::from_parts(share_ppm.saturating_mul(PER_PPM))
}

/// What the reports of one moment say of each offender.
struct Severity {
    kind: OffenceKind,
    session: SessionIndex,
    offenders: u32,
    validators: u32,
    share_ppm: u32,
    reporter: Option<AccountId32>,
    evidence: [u8; 32],
}

impl<T: Config, O: Offence<Offender>> ReportOffence<AccountId32, Offender, O> for Pallet<T> {
    fn report_offence(reporters: Vec<AccountId32>, offence: O) -> Result<(), OffenceError> {
        let id = moment::<O>(&offence.slot());
        // A set may vote for longer than its first report is kept.
        let known = Self::reports(id);
        let named = offence.session_index();
        let mut reports = known.unwrap_or_else(|| ReportsOfMoment {
            session: named,
            last_session: Self::last_session::<O>(named),
            offenders: Default::default(),
        });
        // A set may vote in several sessions, and the reporter names one: all count in the session of the first report, so that
        // nobody pays twice. What is known of that session may have been forgotten already: then who was reported is done with.
        let is_shown = reports.session >= ShownFrom::<T>::get();
        let session = if is_shown { reports.session } else { named };
        let before = reports.offenders.len();
        for (who, ()) in offence.offenders() {
            if !reports.offenders.contains(&who) {
                // There is room for a whole set.
                reports.offenders.try_push(who).map_err(|_| OffenceError::Other(0))?;
            }
        }
        if reports.offenders.len() == before {
            return Err(OffenceError::DuplicateReport);
        }
        if let Some(old) = Reports::<T>::get(id).filter(|old| old.last_session != reports.last_session) {
            ReportsBySession::<T>::remove(old.last_session, id);
        }
        Reports::<T>::insert(id, &reports);
        ReportsBySession::<T>::insert(reports.last_session, id, ());
        let idle = O::ID == <IdleOffence as Offence<Offender>>::ID;
        let offenders = reports.offenders.len() as u32;
        let severity = Severity {
            kind: if idle { OffenceKind::Idleness } else { OffenceKind::Equivocation },
            session,
            offenders,
            validators: offence.validator_set_count(),
            share_ppm: ppm(offence.slash_fraction(offenders)),
            reporter: reporters.into_iter().next(),
            evidence: if idle { [0; 32] } else { Self::evidence() },
        };
        // When more offenders make an offence graver, it is so for all.
        let noted = if is_shown { 0 } else { before };
        reports.offenders.iter().skip(noted).for_each(|who| Self::note_offence(who, &severity));
        Ok(())
    }

    fn is_known_offence(offenders: &[Offender], slot: &O::Slot) -> bool {
        let reports = Self::reports(moment::<O>(slot));
        reports.is_some_and(|reports| offenders.iter().all(|(who, ())| reports.offenders.contains(who)))
    }
}

impl<T: Config> Pallet<T> {
    /// The reports of a moment, while it can be shown.
    fn reports(id: [u8; 32]) -> Option<ReportsOfMoment> {
        Reports::<T>::get(id).filter(|reports| reports.last_session >= ShownFrom::<T>::get())
    }

    /// The last session of which an offence can be shown whose reporter names `session`. A set of voters stays for many, of which a
    /// reporter may name any: until its offenders are out of the next set but one.
    fn last_session<O: Offence<Offender>>(session: SessionIndex) -> SessionIndex {
        if O::ID != <VoteOffence as Offence<Offender>>::ID {
            return session;
        }
        let now = ShownFrom::<T>::get().saturating_add(Elections::<T>::get().evidence_sessions);
        session.max(now.saturating_add(SESSIONS_TO_LEAVE))
    }

    /// The hash of the transaction that is carried out: it has the evidence.
    fn evidence() -> [u8; 32] {
        let index = frame_system::Pallet::<T>::extrinsic_index();
        let bytes = index.map(frame_system::Pallet::<T>::extrinsic_data).unwrap_or_default();
        // With its length in front, as every transaction is encoded.
        Vec::<u8>::decode(&mut bytes.as_slice()).map_or([0; 32], |extrinsic| report_evidence(&extrinsic))
    }

    /// Chills an offender and reports it. Of several offences of a kind in a session the gravest counts: what is graver than before
    /// is added to the slash, or reported anew where that is over.
    fn note_offence(who: &AccountId32, severity: &Severity) {
        let Severity { kind, session, offenders, validators, share_ppm, ref reporter, evidence } = *severity;
        let known = Reported::<T>::get(session, (who, kind));
        let before_ppm = known.map_or(0, |noted| noted.share_ppm);
        let by_ppm = share_ppm.saturating_sub(before_ppm);
        if known.is_some() && by_ppm == 0 {
            return;
        }
        if kind == OffenceKind::Equivocation {
            T::Disabling::disable(who, perbill(share_ppm));
        }
        if known.is_none() {
            match Candidates::<T>::get(who).filter(|candidate| candidate.listed.is_some()) {
                Some(candidate) => Self::do_chill(who, candidate, ChillReason::Offence),
                // It may have left the order itself, and author until the next election.
                None => ElectionDue::<T>::put(true),
            }
        }
        let raised = known.map(|noted| noted.offence).filter(|id| T::Offences::raise(*id, offenders, by_ppm));
        let offence = raised.unwrap_or_else(|| {
            let (offender, reporter) = (who.clone().into(), reporter.clone().map(Into::into));
            let offence =
                ConsensusOffence { kind, offender, session, offenders, validators, before_ppm, reporter, evidence };
            T::Offences::report(offence, by_ppm)
        });
        Reported::<T>::insert(session, (who, kind), Noted { share_ppm, offence });
    }

    /// Forgets reports of sessions that can no longer be shown, a few a block; returns how many.
    pub(crate) fn forget_reports() -> u32 {
        let (first, shown) = (ForgottenTo::<T>::get(), ShownFrom::<T>::get());
        let (mut at, mut forgotten) = (first, 0u32);
        for _ in 0..FORGOTTEN_PER_BLOCK {
            if at >= shown {
                break;
            }
            match ReportsBySession::<T>::iter_key_prefix(at).next() {
                Some(id) => {
                    ReportsBySession::<T>::remove(at, id);
                    Reports::<T>::remove(id);
                    forgotten = forgotten.saturating_add(1);
                }
                None => at = at.saturating_add(1),
            }
        }
        if at != first {
            ForgottenTo::<T>::put(at);
        }
        forgotten
    }
}

impl<T: Config> Stakes for Pallet<T> {
    fn at_stake(who: &Account) -> Balance {
        Ledgers::<T>::get(AccountId32::from(*who)).map_or(0, |ledger| ledger.at_stake())
    }

    /// Locked bond answers for the obligations that it was locked for. Where the rest does not suffice, what is missing is owed,
    /// and taken as soon as locked bond is released.
    fn slash_share(who: &Account, share_ppm: u32, reporter: Option<&Account>) -> StakeSlash {
        let (offender, share) = (AccountId32::from(*who), perbill(share_ppm));
        let mut slash = StakeSlash::default();
        if let Some(mut ledger) = Ledgers::<T>::get(&offender) {
            let before = ledger.owed;
            // Up, against the offender; what it owes already is as good as taken.
            slash.own = ledger.seize(share.mul_ceil(ledger.at_stake()));
            slash.owed = ledger.owed.saturating_sub(before);
            if let Some(reporter) = reporter.filter(|reporter| *reporter != who) {
                // Down, against the reporter.
                let part = Permill::from_parts(Elections::<T>::get().reporter_ppm).mul_floor(slash.own);
                slash.reward = Self::pay_from_hold(HoldReason::Bond, &offender, &AccountId32::from(*reporter), part);
            }
            Self::burn_from_hold(HoldReason::Bond, &offender, slash.own.saturating_sub(slash.reward));
            Self::store(&offender, ledger);
            Self::sync(&offender);
        }
        slash.backing = Self::take_backing(&offender, share);
        let StakeSlash { own, owed, backing, reward } = slash;
        let reporter = reporter.map(|reporter| AccountId32::from(*reporter));
        Self::deposit_event(Event::StakeSlashed { who: offender, share_ppm, own, owed, backing, reporter, reward });
        slash
    }
}
