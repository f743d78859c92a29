// SPDX-License-Identifier: Apache-2.0
//! What can happen to an account's money, and how it is said.

use crate::output;
use quern_primitives::{offence::OffenceId, Height, JobId};
use quern_sdk::chain::json::Big;
use serde::Serialize;

/// What an era gave to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct EraTotals {
    pub budget: Big,
    pub points: Big,
    pub blocks: u32,
    pub work: Big,
    pub authoring: Big,
}

/// Something that concerns an account. Amounts and points are in 10^-12 QRN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fact {
    /// A shard that it ran was paid.
    Worked { shard: String, macs: Big, earned: Big, burned: Big, points: Big, era: u32 },
    /// A shard that it audited was paid.
    Audited {
        shard: String,
        audit_fee: Big,
        protocol_fee: Big,
        auditors: u32,
        earned: Big,
        burned: Big,
        points: Big,
        era: u32,
    },
    /// It was paid for a result, or for auditing one, that nobody could audit for want of inputs.
    Compensated { shard: String, earned: Big, as_worker: bool },
    /// It said that inputs are missing, and others had them.
    ClaimRefuted { until: Height },
    /// Its job was paused.
    JobPaused { job: JobId, shard: String, until: Height, pauses: u8 },
    /// It resumed its job.
    JobResumed { job: JobId, held: Big },
    /// Its job failed.
    JobFailed { job: JobId, shard: String, reason: String },
    /// A result of its job was paid that nobody could audit.
    ShardCompensated { shard: String, price: Big, audit_fee: Big, burned: Big },
    /// It was late with a shard.
    Late { shard: String },
    /// It declined a shard.
    Declined { shard: String },
    /// It had declined a shard that another worker could run.
    DeclineRefuted { shard: String },
    /// It took its credit.
    Claimed { amount: Big },
    /// It took its emission of an era.
    EmissionClaimed { era: u32, points: Big, blocks: u32, for_work: Big, for_authoring: Big, of: Option<EraTotals> },
    /// What it took for blocks was shared with those who back it.
    RewardShared { own: Big, backing: Big, commission_ppm: u32, bonded: Big, backed: Big },
    /// It submitted a job.
    JobSubmitted { job: JobId, macs: Big, escrow: Big, price: Big, audit_fee: Big, protocol_fee: Big },
    /// The fee for the shards of its job was burned.
    ShardFeeBurned { job: JobId, shards: u32, burned: Big },
    /// A shard of its job was paid.
    ShardPaid { shard: String, macs: Big, price: Big, audit_fee: Big, protocol_fee: Big, refund: Big },
    /// Nobody said that the outputs of a shard of its job were delivered.
    ShardUnpaid { shard: String, refund: Big },
    /// Nobody said that the outputs of a shard that it ran were delivered.
    Undelivered { shard: String },
    /// An offence of it was reported.
    Reported {
        offence: OffenceId,
        offence_kind: String,
        shard: String,
        locked: Big,
        due: Big,
        due_at: Height,
        evidence: Option<String>,
    },
    /// It appealed.
    Appealed { offence: OffenceId, bond: Big, due_at: Height },
    /// The guardian put its slash off.
    Delayed { offence: OffenceId, due_at: Height },
    /// Governance cancelled its slash.
    Cancelled { offence: OffenceId, released: Big, appeal_bond: Big },
    /// Governance rejected its appeal.
    AppealRejected { offence: OffenceId, bond: Big },
    /// Nobody decided its appeal.
    AppealLapsed { offence: OffenceId, bond: Big },
    /// It was slashed.
    Slashed {
        offence: OffenceId,
        offence_kind: String,
        shard: String,
        locked: Big,
        share_ppm: u32,
        due: Big,
        amount: Big,
        restitution: Big,
        reporter_reward: Big,
        burned: Big,
        dry_run: bool,
    },
    /// An offence of it against consensus was reported.
    ConsensusReported {
        offence: OffenceId,
        offence_kind: String,
        session: u32,
        offenders: u32,
        validators: u32,
        share_ppm: u32,
        due: Big,
        due_at: Height,
        evidence: Option<String>,
    },
    /// More validators did the same: its offence became graver.
    Raised { offence: OffenceId, offenders: u32, share_ppm: u32, due: Big },
    /// A share of its stake was slashed.
    StakeSlashed {
        offence: OffenceId,
        offence_kind: String,
        session: u32,
        at_stake: Big,
        share_ppm: u32,
        amount: Big,
        owed: Big,
        backing: Big,
        reporter_reward: Big,
        burned: Big,
        dry_run: bool,
    },
    /// It showed what somebody else did to consensus.
    ConsensusRewarded { offence: OffenceId, session: u32, amount: Big, slashed: Big },
    /// It showed what somebody else did.
    Rewarded { offence: OffenceId, shard: String, amount: Big, slashed: Big },
    /// It posted a planted error or a decoy.
    Planted { hash: String, deposit: Big, expires_at: Height },
    /// A planted error of it was found, and opened.
    PlantOpened {
        offence: OffenceId,
        shard: String,
        reporter_reward: Big,
        compensation: Big,
        burned: Big,
        released: Big,
    },
    /// What it was convicted of had been planted.
    Pardoned { offence: OffenceId, shard: String, released: Big, appeal_bond: Big },
    /// It waited for a result that had been planted.
    PlantCompensated { offence: OffenceId, shard: String, amount: Big },
    /// A decoy of it was opened, or a plant of it withdrawn.
    PlantReturned { hash: String, is_decoy: bool, deposit: Big },
    /// A plant or decoy of it was not opened in time.
    PlantExpired { hash: String, burned: Big },
    /// It paid for a transaction.
    TransactionFee { fee: Big, tip: Big },
    /// It bonded.
    Bonded { amount: Big, bonded: Big },
    /// It began to unbond.
    Unbonding { amount: Big, release_at: Height },
    /// It took out what had unbonded.
    Withdrawn { amount: Big },
}

impl Fact {
    /// The fact in words.
    pub fn text(&self) -> String {
        match self {
            Self::Worked { shard, macs, earned, burned, points, era } => format!(
                "earned {} for running shard {shard}: {} at an ask of {} a GMAC. It burned {} of the fees, which makes {} points \
                 in era {era}, worth at most {}",
                qrn(*earned),
                output::macs(macs.0),
                qrn(ask(*earned, *macs)),
                qrn(*burned),
                output::grouped(points.0),
                qrn(*points)
            ),
            Self::Audited { shard, audit_fee, protocol_fee, auditors, earned, burned, points, era } => format!(
                "earned {} for auditing shard {shard}: a part of {auditors} of the audit fee of {} and of the auditors' share of the \
                 protocol fee of {}. It burned {} of the fees, which makes {} points in era {era}, worth at most {}",
                qrn(*earned),
                qrn(*audit_fee),
                qrn(*protocol_fee),
                qrn(*burned),
                output::grouped(points.0),
                qrn(*points)
            ),
            Self::Compensated { shard, earned, as_worker } => format!(
                "earned {} for {} shard {shard}, whose result nobody can audit because inputs of the job are missing: out of the \
                 escrow alone, without points, and the result is not accepted",
                qrn(*earned),
                if *as_worker { "running" } else { "auditing" }
            ),
            Self::ClaimRefuted { until } => format!(
                "said that inputs of a shard are missing, and others had them: until block {until} others are drawn for audits before \
                 this account; no stake lost"
            ),
            Self::JobPaused { job, shard, until, pauses } => format!(
                "job {job} was paused (for the {pauses}. time): validators confirmed that nobody serves the inputs of shard {shard}; it \
                 fails after block {until} unless it is resumed (`quern job resume {job}`)"
            ),
            Self::JobResumed { job, held } => format!("resumed job {job}, and held {} anew", qrn(*held)),
            Self::JobFailed { job, shard, reason } => format!("job {job} failed at shard {shard}: {reason}"),
            Self::ShardCompensated { shard, price, audit_fee, burned } => format!(
                "paid {} for shard {shard}, whose result nobody can audit because the job's inputs are missing: {} to the worker at its \
                 ask, {} to who had audited, {} burned; its escrow is held anew when the job is resumed",
                qrn([*price, *audit_fee, *burned].into_iter().sum()),
                qrn(*price),
                qrn(*audit_fee),
                qrn(*burned)
            ),
            Self::Late { shard } => format!("was late with shard {shard}: no pay, less reputation, no stake lost"),
            Self::Declined { shard } => format!(
                "declined shard {shard}, whose inputs it could not fetch: no pay, a rest, and less reputation only if another \
                 worker's result is accepted"
            ),
            Self::DeclineRefuted { shard } => {
                format!("had declined shard {shard}, of which another worker's result is accepted now: less reputation")
            }
            Self::Claimed { amount } => format!("claimed {} that had been earned", qrn(*amount)),
            Self::EmissionClaimed { era, points, blocks, for_work, for_authoring, of } => {
                let formula = of.map_or(String::new(), |of| {
                    format!(
                        ": {} x {} of {} points, and {} x {blocks} of {} blocks, out of a budget of {}",
                        qrn(of.work),
                        output::grouped(points.0),
                        output::grouped(of.points.0),
                        qrn(of.authoring),
                        of.blocks,
                        qrn(of.budget)
                    )
                });
                format!("claimed emission of era {era}, {} for work and {} for blocks{formula}", qrn(*for_work), qrn(*for_authoring))
            }
            Self::RewardShared { own, backing, commission_ppm, bonded, backed } => format!(
                "of {} for blocks {} went to those who back it with {}, and stays at stake: after a commission of {} %, by that and the \
                 own bond of {}. It kept {}",
                qrn([*own, *backing].into_iter().sum()),
                qrn(*backing),
                qrn(*backed),
                f64::from(*commission_ppm) / 10_000.0,
                qrn(*bonded),
                qrn(*own)
            ),
            Self::JobSubmitted { job, macs, escrow, price, audit_fee, protocol_fee } => format!(
                "submitted job {job}: {} held, for {} at the bid {}, for audits {}, for the protocol {}",
                qrn(*escrow),
                output::macs(macs.0),
                qrn(*price),
                qrn(*audit_fee),
                qrn(*protocol_fee)
            ),
            Self::ShardFeeBurned { job, shards, burned } => {
                let (places, shards) = (if *shards == 1 { "place" } else { "places" }, output::count((*shards).into(), "shard"));
                format!("burned {} for the {places} of {shards} of job {job}", qrn(*burned))
            }
            Self::ShardPaid { shard, macs, price, audit_fee, protocol_fee, refund } => format!(
                "paid {} for shard {shard}: {} for {} at the worker's ask, {} for audits, {} for the protocol; {} that the bid had \
                 held came back",
                qrn([*price, *audit_fee, *protocol_fee].into_iter().sum()),
                qrn(*price),
                output::macs(macs.0),
                qrn(*audit_fee),
                qrn(*protocol_fee),
                qrn(*refund)
            ),
            Self::ShardUnpaid { shard, refund } => format!(
                "paid nothing for shard {shard}: nobody said that its outputs were delivered; the {} that were held came back",
                qrn(*refund)
            ),
            Self::Undelivered { shard } => {
                format!("was not paid for shard {shard}: nobody said that its outputs were delivered")
            }
            Self::Reported { offence, offence_kind, shard, locked, due, due_at, evidence } => format!(
                "was reported for {offence_kind} on shard {shard} (offence {offence}): of {} that were locked for it, {} will be taken \
                 at block {due_at} unless somebody intervenes; {}",
                qrn(*locked),
                qrn(*due),
                match evidence {
                    Some(_) => format!("`quern offence verify {offence}` checks the evidence"),
                    None => "a silence, which needs no evidence".into(),
                }
            ),
            Self::Appealed { offence, bond, due_at } => {
                format!("appealed against offence {offence}: {} held; the appeal lapses at block {due_at}", qrn(*bond))
            }
            Self::Delayed { offence, due_at } => {
                format!("the guardian put the slash for offence {offence} off to block {due_at}")
            }
            Self::Cancelled { offence, released, appeal_bond } => format!(
                "the slash for offence {offence} was cancelled: {} are free again{}",
                qrn(*released),
                if appeal_bond.0 > 0 { format!(", and the {} of the appeal", qrn(*appeal_bond)) } else { String::new() }
            ),
            Self::AppealRejected { offence, bond } => {
                format!("the appeal against offence {offence} was rejected: its {} were burned", qrn(*bond))
            }
            Self::AppealLapsed { offence, bond } => {
                format!("nobody decided the appeal against offence {offence}: its {} came back", qrn(*bond))
            }
            Self::Slashed { offence, offence_kind, shard, locked, share_ppm, dry_run: true, due, .. } => format!(
                "would have lost {} for {offence_kind} on shard {shard} (offence {offence}): {} x {} %. It was a dry run",
                qrn(*due),
                qrn(*locked),
                percent(*share_ppm)
            ),
            Self::Slashed {
                offence,
                offence_kind,
                shard,
                locked,
                share_ppm,
                amount,
                restitution,
                reporter_reward,
                burned,
                ..
            } => format!(
                "lost {} for {offence_kind} on shard {shard} (offence {offence}): {} x {} %; {} went to the requester, {} to who showed \
                 it, {} were burned",
                qrn(*amount),
                qrn(*locked),
                percent(*share_ppm),
                qrn(*restitution),
                qrn(*reporter_reward),
                qrn(*burned)
            ),
            Self::ConsensusReported {
                offence,
                offence_kind,
                session,
                offenders,
                validators,
                share_ppm,
                due,
                due_at,
                evidence,
            } => format!(
                "was reported for {offence_kind} in session {session} (offence {offence}): with {offenders} of {validators} validators \
                 that costs {} % of the stake, {} now, at block {due_at} unless somebody intervenes; {}",
                percent(*share_ppm),
                qrn(*due),
                match evidence {
                    Some(_) => format!("`quern offence verify {offence}` checks the evidence"),
                    None => format!("`quern offence verify {offence}` counts the blocks"),
                }
            ),
            Self::Raised { offence, offenders, share_ppm, due } => format!(
                "{offenders} validators did the same as in offence {offence}: it costs {} % of the stake, {} now",
                percent(*share_ppm),
                qrn(*due)
            ),
            Self::StakeSlashed { offence, offence_kind, session, at_stake, share_ppm, dry_run: true, .. } => format!(
                "would have lost {} % of {} for {offence_kind} in session {session} (offence {offence}). It was a dry run",
                percent(*share_ppm),
                qrn(*at_stake)
            ),
            Self::StakeSlashed {
                offence,
                offence_kind,
                session,
                at_stake,
                share_ppm,
                amount,
                owed,
                backing,
                reporter_reward,
                burned,
                ..
            } => format!(
                "lost {} for {offence_kind} in session {session} (offence {offence}): {} x {} %, of which {} are owed out of locked bond; what \
                 backs it lost {}; {} went to who showed it, {} were burned",
                qrn(*amount),
                qrn(*at_stake),
                percent(*share_ppm),
                qrn(*owed),
                qrn(*backing),
                qrn(*reporter_reward),
                qrn(*burned)
            ),
            Self::ConsensusRewarded { offence, session, amount, slashed } => format!(
                "received {} of the {} that offence {offence} in session {session} cost, for showing it",
                qrn(*amount),
                qrn(*slashed)
            ),
            Self::Rewarded { offence, shard, amount, slashed } => format!(
                "received {} of the {} that offence {offence} on shard {shard} cost, for showing it",
                qrn(*amount),
                qrn(*slashed)
            ),
            Self::Planted { hash, deposit, expires_at } => format!(
                "posted the plant or decoy {hash}: {} held until it is opened, and burned if it is not before block {expires_at}",
                qrn(*deposit)
            ),
            Self::PlantOpened { offence, shard, reporter_reward, compensation, burned, released } => format!(
                "opened its plant on shard {shard} (offence {offence}): of the deposit {} went to who found the error, {} to the \
                 requester, {} were burned, and {} came back",
                qrn(*reporter_reward),
                qrn(*compensation),
                qrn(*burned),
                qrn(*released)
            ),
            Self::Pardoned { offence, shard, released, appeal_bond } => format!(
                "what it was convicted of on shard {shard} (offence {offence}) had been planted: nothing was taken, {} are free again{}",
                qrn(*released),
                if appeal_bond.0 > 0 { format!(", and the {} of the appeal", qrn(*appeal_bond)) } else { String::new() }
            ),
            Self::PlantCompensated { offence, shard, amount } => {
                format!("received {} because shard {shard} had a planted error (offence {offence})", qrn(*amount))
            }
            Self::PlantReturned { hash, is_decoy: true, deposit } => {
                format!("opened the decoy {hash}: its {} came back", qrn(*deposit))
            }
            Self::PlantReturned { hash, is_decoy: false, deposit } => {
                format!("withdrew the plant {hash}, whose result is never paid: its {} came back", qrn(*deposit))
            }
            Self::PlantExpired { hash, burned } => {
                format!("did not open the plant or decoy {hash} in time: {} were burned", qrn(*burned))
            }
            Self::TransactionFee { fee, tip } => format!(
                "paid {} for a transaction{}",
                qrn(*fee),
                if tip.0 > 0 { format!(", {} of it as a tip", qrn(*tip)) } else { String::new() }
            ),
            Self::Bonded { amount, bonded } => format!("bonded {}; the bond is {} then", qrn(*amount), qrn(*bonded)),
            Self::Unbonding { amount, release_at } => {
                format!("began to unbond {}, which can be withdrawn from block {release_at} on", qrn(*amount))
            }
            Self::Withdrawn { amount } => format!("withdrew {} that had unbonded", qrn(*amount)),
        }
    }
}

/// An amount for people.
fn qrn(amount: Big) -> String {
    output::qrn(amount.0)
}

/// Price of a GMAC that gives this price for this work, without the rounding.
fn ask(price: Big, macs: Big) -> Big {
    Big(price.0.checked_mul(1_000_000_000).and_then(|scaled| scaled.checked_div(macs.0)).unwrap_or(0))
}

/// Parts per million as a percentage.
fn percent(ppm: u32) -> f64 {
    f64::from(ppm) / 10_000.0
}
