// SPDX-License-Identifier: Apache-2.0
//! What of a block's events concerns an account.

use super::fact::Fact;
use crate::{job::watch::why, output};
use quern_primitives::{offence::OffenceId, Account, JobId, ShardId};
use quern_sdk::chain::{
    json::Big,
    runtime::{collateral, jobs, rewards, slashing, transaction_payment, verification, Event},
};
use std::collections::{HashMap, HashSet};

/// What is known of an account while its blocks are read in order.
pub struct Ledger {
    account: Account,
    /// Whether it submitted a job, for the jobs that were looked at.
    pub jobs: HashMap<JobId, bool>,
    /// Its offences.
    pub offences: HashSet<OffenceId>,
}

impl Ledger {
    pub fn new(account: Account) -> Self {
        Self { account, jobs: HashMap::new(), offences: HashSet::new() }
    }

    /// Jobs that a block says something about and whose requester is not known.
    pub fn unknown_jobs(&self, events: &[Event]) -> HashSet<JobId> {
        let paid = events.iter().filter_map(|event| match event {
            Event::Jobs(
                jobs::Event::ShardSettled { shard, .. }
                | jobs::Event::ShardCompensated { shard, .. }
                | jobs::Event::JobFailed { shard, .. }
                | jobs::Event::JobPaused { shard, .. },
            ) => Some(shard.job),
            Event::Jobs(jobs::Event::JobResumed { job, .. }) => Some(*job),
            _ => None,
        });
        paid.filter(|job| !self.jobs.contains_key(job)).collect()
    }

    /// What of a block concerns the account.
    pub fn read(&mut self, events: &[Event]) -> Vec<Fact> {
        events.iter().filter_map(|event| self.fact(event, events)).collect()
    }

    fn fact(&mut self, event: &Event, block: &[Event]) -> Option<Fact> {
        let me = self.account;
        match event {
            Event::Rewards(event) => self.reward(event, block),
            Event::Slashing(event) => self.offence(event),
            Event::Jobs(jobs::Event::ShardLate { shard, worker }) if worker.0 == me => {
                Some(Fact::Late { shard: name(shard) })
            }
            Event::Jobs(jobs::Event::ShardDeclined { shard, worker }) if worker.0 == me => {
                Some(Fact::Declined { shard: name(shard) })
            }
            Event::Jobs(jobs::Event::DeclineRefuted { shard, worker }) if worker.0 == me => {
                Some(Fact::DeclineRefuted { shard: name(shard) })
            }
            Event::Jobs(jobs::Event::ShardFeeBurned { job, by, shards, burned }) if by.0 == me => {
                Some(Fact::ShardFeeBurned { job: *job, shards: *shards, burned: Big(*burned) })
            }
            Event::Jobs(jobs::Event::JobSubmitted { job, requester, escrow, price, audit_fee, protocol_fee, macs }) => {
                self.jobs.insert(*job, requester.0 == me);
                let (job, macs, escrow, price) = (*job, Big::from(*macs), Big(*escrow), Big(*price));
                let (audit_fee, protocol_fee) = (Big(*audit_fee), Big(*protocol_fee));
                (requester.0 == me).then_some(Fact::JobSubmitted { job, macs, escrow, price, audit_fee, protocol_fee })
            }
            Event::Jobs(jobs::Event::ShardSettled { shard, worker, paid: 0, refund }) => {
                let is_requester = self.jobs.get(&shard.job) == Some(&true);
                let (shard, refund) = (name(shard), Big(*refund));
                match worker.0 == me {
                    true => Some(Fact::Undelivered { shard }),
                    false => is_requester.then_some(Fact::ShardUnpaid { shard, refund }),
                }
            }
            Event::Jobs(jobs::Event::ShardSettled { shard, refund, paid, .. })
                if self.jobs.get(&shard.job) == Some(&true) =>
            {
                // What was paid for what stands in the settlement of the same shard; what an apprentice was paid into its bond
                // does not.
                block.iter().find_map(|other| match other {
                    Event::Rewards(rewards::Event::Settled { shard: of, macs, audit_fee, protocol_fee, .. })
                        if **of == **shard =>
                    {
                        Some(Fact::ShardPaid {
                            shard: name(shard),
                            macs: Big::from(*macs),
                            price: Big(paid.saturating_sub(audit_fee.saturating_add(*protocol_fee))),
                            audit_fee: Big(*audit_fee),
                            protocol_fee: Big(*protocol_fee),
                            refund: Big(*refund),
                        })
                    }
                    _ => None,
                })
            }
            Event::Jobs(jobs::Event::ShardCompensated { shard, price, audit_fee, burned, .. })
                if self.jobs.get(&shard.job) == Some(&true) =>
            {
                let (price, audit_fee, burned) = (Big(*price), Big(*audit_fee), Big(*burned));
                Some(Fact::ShardCompensated { shard: name(shard), price, audit_fee, burned })
            }
            Event::Jobs(jobs::Event::JobPaused { job, shard, until, pauses }) if self.jobs.get(job) == Some(&true) => {
                Some(Fact::JobPaused { job: *job, shard: name(shard), until: *until, pauses: *pauses })
            }
            Event::Jobs(jobs::Event::JobResumed { job, held }) if self.jobs.get(job) == Some(&true) => {
                Some(Fact::JobResumed { job: *job, held: Big(*held) })
            }
            Event::Jobs(jobs::Event::JobFailed { job, shard, reason }) if self.jobs.get(job) == Some(&true) => {
                Some(Fact::JobFailed { job: *job, shard: name(shard), reason: why(reason).into() })
            }
            Event::Verification(verification::Event::ClaimRefuted { auditor, until }) if auditor.0 == me => {
                Some(Fact::ClaimRefuted { until: *until })
            }
            Event::Collateral(collateral::Event::Bonded { who, amount, bonded }) if who.0 == me => {
                Some(Fact::Bonded { amount: Big(*amount), bonded: Big(*bonded) })
            }
            Event::Collateral(collateral::Event::RewardShared {
                candidate,
                own,
                backing,
                commission_ppm,
                bonded,
                backed,
            }) if candidate.0 == me && *backing > 0 => Some(Fact::RewardShared {
                own: Big(*own),
                backing: Big(*backing),
                commission_ppm: *commission_ppm,
                bonded: Big(*bonded),
                backed: Big(*backed),
            }),
            Event::Collateral(collateral::Event::Unbonding { who, amount, release_at, .. }) if who.0 == me => {
                Some(Fact::Unbonding { amount: Big(*amount), release_at: *release_at })
            }
            Event::Collateral(collateral::Event::Withdrawn { who, amount }) if who.0 == me => {
                Some(Fact::Withdrawn { amount: Big(*amount) })
            }
            Event::TransactionPayment(transaction_payment::Event::TransactionFeePaid { who, actual_fee, tip })
                if who.0 == me && *actual_fee > 0 =>
            {
                Some(Fact::TransactionFee { fee: Big(*actual_fee), tip: Big(*tip) })
            }
            _ => None,
        }
    }

    fn reward(&self, event: &rewards::Event, block: &[Event]) -> Option<Fact> {
        let me = self.account;
        match event {
            rewards::Event::Credited { who, shard, earned, points } if who.0 == me => {
                // What cannot be audited is paid by another event of the same block.
                let compensated = block.iter().find_map(|other| match other {
                    Event::Jobs(jobs::Event::ShardCompensated { shard: of, worker, .. }) if **of == **shard => {
                        Some(worker.0 == me)
                    }
                    _ => None,
                });
                if let Some(as_worker) = compensated {
                    return Some(Fact::Compensated { shard: name(shard), earned: Big(*earned), as_worker });
                }
                // The formula's inputs stand in the settlement of the same shard. Credits of the worker come before those of the
                // auditors, and one account is never both.
                let (worker, macs, audit_fee, protocol_fee, auditors, burned, era) =
                    block.iter().find_map(|other| match other {
                        Event::Rewards(rewards::Event::Settled {
                            shard: of,
                            worker,
                            macs,
                            audit_fee,
                            protocol_fee,
                            auditors,
                            burned,
                            era,
                            ..
                        }) if **of == **shard => {
                            let (audit_fee, protocol_fee) = (Big(*audit_fee), Big(*protocol_fee));
                            Some((worker.0, Big::from(*macs), audit_fee, protocol_fee, *auditors, Big(*burned), *era))
                        }
                        _ => None,
                    })?;
                let (shard, earned, points) = (name(shard), Big(*earned), Big(*points));
                Some(if worker == me {
                    Fact::Worked { shard, macs, earned, burned, points, era }
                } else {
                    Fact::Audited { shard, audit_fee, protocol_fee, auditors, earned, burned, points, era }
                })
            }
            rewards::Event::Claimed { who, amount } if who.0 == me => Some(Fact::Claimed { amount: Big(*amount) }),
            rewards::Event::EmissionClaimed { who, era, points, blocks, for_work, for_authoring } if who.0 == me => {
                Some(Fact::EmissionClaimed {
                    era: *era,
                    points: Big(*points),
                    blocks: *blocks,
                    for_work: Big(*for_work),
                    for_authoring: Big(*for_authoring),
                    of: None,
                })
            }
            _ => None,
        }
    }

    fn offence(&mut self, event: &slashing::Event) -> Option<Fact> {
        let me = self.account;
        match event {
            slashing::Event::Reported { offence, kind, offender, shard, locked, due, evidence, due_at, .. }
                if offender.0 == me =>
            {
                self.offences.insert(*offence);
                Some(Fact::Reported {
                    offence: *offence,
                    offence_kind: format!("{:?}", **kind),
                    shard: name(shard),
                    locked: Big(*locked),
                    due: Big(*due),
                    due_at: *due_at,
                    evidence: (*evidence != [0; 32]).then(|| output::full(evidence)),
                })
            }
            slashing::Event::Appealed { offence, offender, bond, due_at, .. } if offender.0 == me => {
                self.offences.insert(*offence);
                Some(Fact::Appealed { offence: *offence, bond: Big(*bond), due_at: *due_at })
            }
            slashing::Event::Delayed { offence, due_at } if self.offences.contains(offence) => {
                Some(Fact::Delayed { offence: *offence, due_at: *due_at })
            }
            slashing::Event::Cancelled { offence, offender, released, appeal_bond } if offender.0 == me => {
                Some(Fact::Cancelled { offence: *offence, released: Big(*released), appeal_bond: Big(*appeal_bond) })
            }
            slashing::Event::AppealRejected { offence, offender, bond } if offender.0 == me => {
                Some(Fact::AppealRejected { offence: *offence, bond: Big(*bond) })
            }
            slashing::Event::AppealLapsed { offence, offender, bond } if offender.0 == me => {
                Some(Fact::AppealLapsed { offence: *offence, bond: Big(*bond) })
            }
            slashing::Event::Slashed {
                offence,
                kind,
                offender,
                shard,
                locked,
                share_ppm,
                due,
                amount,
                restitution,
                reporter,
                reporter_reward,
                burned,
                dry_run,
                ..
            } => {
                if offender.0 == me {
                    return Some(Fact::Slashed {
                        offence: *offence,
                        offence_kind: format!("{:?}", **kind),
                        shard: name(shard),
                        locked: Big(*locked),
                        share_ppm: *share_ppm,
                        due: Big(*due),
                        amount: Big(*amount),
                        restitution: Big(*restitution),
                        reporter_reward: Big(*reporter_reward),
                        burned: Big(*burned),
                        dry_run: *dry_run,
                    });
                }
                let (offence, amount, slashed) = (*offence, Big(*reporter_reward), Big(*amount));
                let mine = reporter.as_ref().is_some_and(|reporter| reporter.0 == me) && amount.0 > 0;
                mine.then(|| Fact::Rewarded { offence, shard: name(shard), amount, slashed })
            }
            slashing::Event::ConsensusReported {
                offence,
                kind,
                offender,
                session,
                offenders,
                validators,
                share_ppm,
                due,
                evidence,
                due_at,
                ..
            } if offender.0 == me => {
                self.offences.insert(*offence);
                Some(Fact::ConsensusReported {
                    offence: *offence,
                    offence_kind: format!("{:?}", **kind),
                    session: *session,
                    offenders: *offenders,
                    validators: *validators,
                    share_ppm: *share_ppm,
                    due: Big(*due),
                    due_at: *due_at,
                    evidence: (*evidence != [0; 32]).then(|| output::full(evidence)),
                })
            }
            slashing::Event::Raised { offence, offenders, share_ppm, due } if self.offences.contains(offence) => {
                let (offence, offenders, share_ppm) = (*offence, *offenders, *share_ppm);
                Some(Fact::Raised { offence, offenders, share_ppm, due: Big(*due) })
            }
            slashing::Event::StakeSlashed {
                offence,
                kind,
                offender,
                session,
                at_stake,
                share_ppm,
                amount,
                owed,
                backing,
                reporter,
                reporter_reward,
                burned,
                dry_run,
                ..
            } => {
                let (offence, session) = (*offence, *session);
                if offender.0 == me {
                    return Some(Fact::StakeSlashed {
                        offence,
                        offence_kind: format!("{:?}", **kind),
                        session,
                        at_stake: Big(*at_stake),
                        share_ppm: *share_ppm,
                        amount: Big(*amount),
                        owed: Big(*owed),
                        backing: Big(*backing),
                        reporter_reward: Big(*reporter_reward),
                        burned: Big(*burned),
                        dry_run: *dry_run,
                    });
                }
                let (reward, slashed) = (Big(*reporter_reward), Big(*amount));
                let mine = reporter.as_ref().is_some_and(|reporter| reporter.0 == me) && reward.0 > 0;
                mine.then_some(Fact::ConsensusRewarded { offence, session, amount: reward, slashed })
            }
            event => self.plant(event),
        }
    }

    /// What became of planted errors and decoys.
    fn plant(&self, event: &slashing::Event) -> Option<Fact> {
        let me = self.account;
        match event {
            slashing::Event::Planted { hash, owner, deposit, expires_at } if owner.0 == me => {
                Some(Fact::Planted { hash: output::full(hash), deposit: Big(*deposit), expires_at: *expires_at })
            }
            slashing::Event::PlantOpened {
                offence,
                owner,
                worker,
                shard,
                reporter,
                reporter_reward,
                requester,
                compensation,
                burned,
                deposit_released,
                collateral_released,
                appeal_bond,
                ..
            } => {
                let (offence, shard) = (*offence, name(shard));
                let cost = reporter_reward.saturating_add(*compensation).saturating_add(*burned);
                if owner.0 == me {
                    Some(Fact::PlantOpened {
                        offence,
                        shard,
                        reporter_reward: Big(*reporter_reward),
                        compensation: Big(*compensation),
                        burned: Big(*burned),
                        released: Big(*deposit_released),
                    })
                } else if worker.0 == me {
                    let (released, appeal_bond) = (Big(*collateral_released), Big(*appeal_bond));
                    Some(Fact::Pardoned { offence, shard, released, appeal_bond })
                } else if reporter.as_ref().is_some_and(|reporter| reporter.0 == me) && *reporter_reward > 0 {
                    Some(Fact::Rewarded { offence, shard, amount: Big(*reporter_reward), slashed: Big(cost) })
                } else {
                    let mine = requester.0 == me && *compensation > 0;
                    mine.then_some(Fact::PlantCompensated { offence, shard, amount: Big(*compensation) })
                }
            }
            slashing::Event::DecoyOpened { hash, owner, deposit } if owner.0 == me => {
                Some(Fact::PlantReturned { hash: output::full(hash), is_decoy: true, deposit: Big(*deposit) })
            }
            slashing::Event::PlantWithdrawn { hash, owner, deposit } if owner.0 == me => {
                Some(Fact::PlantReturned { hash: output::full(hash), is_decoy: false, deposit: Big(*deposit) })
            }
            slashing::Event::PlantExpired { hash, owner, burned } if owner.0 == me => {
                Some(Fact::PlantExpired { hash: output::full(hash), burned: Big(*burned) })
            }
            _ => None,
        }
    }
}

fn name(shard: &ShardId) -> String {
    shard.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_primitives::{traits::OffenceKind, QRN};
    use quern_sdk::chain::runtime::{AccountId32, Static};

    const WORKER: Account = [1; 32];
    const AUDITOR: Account = [2; 32];
    const REQUESTER: Account = [3; 32];
    const SHARD: ShardId = ShardId { job: 4, stage: 1, index: 2 };

    fn id(account: Account) -> AccountId32 {
        AccountId32(account)
    }

    fn shard() -> Static<ShardId> {
        Static(SHARD)
    }

    /// A shard that is paid: 2 GMAC at 3 QRN.
    fn paid() -> Vec<Event> {
        let credited = |who, earned, points| {
            Event::Rewards(rewards::Event::Credited { who: id(who), shard: shard(), earned, points })
        };
        vec![
            credited(WORKER, 6 * QRN, 40),
            credited(AUDITOR, QRN, 20),
            Event::Rewards(rewards::Event::Settled {
                shard: shard(),
                worker: id(WORKER),
                macs: 2_000_000_000,
                price: 6 * QRN,
                audit_fee: QRN,
                protocol_fee: QRN / 2,
                auditors: 1,
                each_auditor: QRN,
                treasury: 0,
                burned: 100,
                points: 60,
                era: 7,
            }),
            Event::Jobs(jobs::Event::ShardSettled {
                shard: shard(),
                worker: id(WORKER),
                paid: 15 * QRN / 2,
                refund: QRN,
            }),
        ]
    }

    fn slashed() -> Event {
        Event::Slashing(slashing::Event::Slashed {
            offence: 9,
            kind: Static(OffenceKind::WrongResult),
            offender: id(WORKER),
            shard: shard(),
            locked: 10 * QRN,
            share_ppm: 1_000_000,
            due: 10 * QRN,
            amount: 10 * QRN,
            restitution: 0,
            reporter: Some(id(AUDITOR)),
            reporter_reward: 2 * QRN,
            burned: 8 * QRN,
            evidence: [1; 32],
            dry_run: false,
        })
    }

    #[test]
    fn opened_plant_should_be_told_to_everybody_who_has_a_part_in_it() {
        let (owner, requester) = ([71; 32], [72; 32]);
        let events = [Event::Slashing(slashing::Event::PlantOpened {
            offence: 9,
            hash: [5; 32],
            owner: id(owner),
            worker: id(WORKER),
            shard: shard(),
            reporter: Some(id(AUDITOR)),
            reporter_reward: 2 * QRN,
            requester: id(requester),
            compensation: QRN,
            burned: 0,
            deposit_released: 37 * QRN,
            collateral_released: 10 * QRN,
            appeal_bond: 0,
        })];
        let told = |who| read(who, &events).iter().map(Fact::text).collect::<String>();
        assert!(told(owner).contains("2 QRN went to who found the error, 1 QRN to the requester"), "{}", told(owner));
        assert!(told(WORKER).contains("nothing was taken, 10 QRN are free again"), "{}", told(WORKER));
        assert!(told(AUDITOR).contains("received 2 QRN of the 3 QRN"), "{}", told(AUDITOR));
        assert!(told(requester).contains("received 1 QRN because shard 4.1.2"), "{}", told(requester));
        assert_eq!(told([73; 32]), "");
    }

    #[test]
    fn plant_should_be_told_to_its_owner_until_it_is_over() {
        let (hash, owner, deposit) = ([5; 32], id(WORKER), 40 * QRN);
        let events = [
            slashing::Event::Planted { hash, owner, deposit, expires_at: 70 },
            slashing::Event::DecoyOpened { hash, owner, deposit },
            slashing::Event::PlantWithdrawn { hash, owner, deposit },
            slashing::Event::PlantExpired { hash, owner, burned: deposit },
        ];
        let events = events.map(Event::Slashing);
        let facts = read(WORKER, &events);
        let words = ["40 QRN held until it is opened", "opened the decoy", "withdrew the plant", "40 QRN were burned"];
        assert!(facts.iter().zip(words).all(|(fact, words)| fact.text().contains(words)), "{facts:?}");
        assert_eq!((facts.len(), read(AUDITOR, &events).len()), (4, 0));
    }

    fn read(account: Account, events: &[Event]) -> Vec<Fact> {
        Ledger::new(account).read(events)
    }

    #[test]
    fn work_should_be_explained_by_its_price_and_what_it_burned() {
        let facts = read(WORKER, &paid());
        assert_eq!(facts.len(), 1);
        let text = facts[0].text();
        assert!(text.contains("earned 6 QRN for running shard 4.1.2: 2.00 GMAC at an ask of 3 QRN a GMAC"), "{text}");
        assert!(text.contains("40 points in era 7"), "{text}");
    }

    #[test]
    fn audit_should_be_explained_by_the_fees_and_the_number_of_auditors() {
        let text = read(AUDITOR, &paid())[0].text();
        assert!(
            text.contains("earned 1 QRN for auditing shard 4.1.2: a part of 1 of the audit fee of 1 QRN"),
            "{text}"
        );
    }

    #[test]
    fn payment_should_be_explained_to_the_requester_alone() {
        let mut ledger = Ledger::new(REQUESTER);
        assert_eq!(ledger.unknown_jobs(&paid()), HashSet::from([4]));
        assert_eq!(ledger.read(&paid()), vec![]);
        ledger.jobs.insert(4, true);
        assert_eq!(ledger.unknown_jobs(&paid()), HashSet::new());
        let facts = ledger.read(&paid());
        assert!(facts[0].text().starts_with("paid 7.5 QRN for shard 4.1.2"), "{}", facts[0].text());
    }

    #[test]
    fn undelivered_shard_should_be_explained_to_its_worker_and_to_its_requester() {
        let settled =
            Event::Jobs(jobs::Event::ShardSettled { shard: shard(), worker: id(WORKER), paid: 0, refund: 8 * QRN });
        let text = read(WORKER, std::slice::from_ref(&settled))[0].text();
        assert!(text.starts_with("was not paid for shard 4.1.2"), "{text}");
        let mut ledger = Ledger::new(REQUESTER);
        ledger.jobs.insert(4, true);
        let text = ledger.read(std::slice::from_ref(&settled))[0].text();
        assert!(text.starts_with("paid nothing for shard 4.1.2") && text.contains("8 QRN"), "{text}");
        assert_eq!(read(AUDITOR, &[settled]), vec![]);
    }

    #[test]
    fn slash_should_be_explained_to_the_offender_and_to_who_showed_it() {
        let text = read(WORKER, &[slashed()])[0].text();
        let expected = "lost 10 QRN for WrongResult on shard 4.1.2 (offence 9): 10 QRN x 100 %; 0 QRN went to the requester, 2 QRN to \
                        who showed it, 8 QRN were burned";
        assert_eq!(text, expected);
        let text = read(AUDITOR, &[slashed()])[0].text();
        assert_eq!(text, "received 2 QRN of the 10 QRN that offence 9 on shard 4.1.2 cost, for showing it");
        assert_eq!(read(REQUESTER, &[slashed()]), vec![]);
    }

    #[test]
    fn slash_of_a_stake_should_be_explained_to_the_offender_and_to_who_showed_it() {
        let slashed = [Event::Slashing(slashing::Event::StakeSlashed {
            offence: 9,
            kind: Static(OffenceKind::Equivocation),
            offender: id(WORKER),
            session: 5,
            at_stake: 16 * QRN,
            share_ppm: 562_500,
            amount: 8 * QRN,
            owed: QRN,
            backing: 3 * QRN,
            reporter: Some(id(AUDITOR)),
            reporter_reward: QRN,
            burned: 10 * QRN,
            evidence: [1; 32],
            dry_run: false,
        })];
        let expected = "lost 8 QRN for Equivocation in session 5 (offence 9): 16 QRN x 56.25 %, of which 1 QRN are owed out of locked bond; \
                        what backs it lost 3 QRN; 1 QRN went to who showed it, 10 QRN were burned";
        assert_eq!(read(WORKER, &slashed)[0].text(), expected);
        let text = read(AUDITOR, &slashed)[0].text();
        assert_eq!(text, "received 1 QRN of the 8 QRN that offence 9 in session 5 cost, for showing it");
        assert_eq!(read(REQUESTER, &slashed), vec![]);
    }

    #[test]
    fn graver_offence_should_be_told_when_it_is_ones_own() {
        let reported = slashing::Event::ConsensusReported {
            offence: 9,
            kind: Static(OffenceKind::Idleness),
            offender: id(WORKER),
            session: 5,
            offenders: 2,
            validators: 4,
            before_ppm: 0,
            share_ppm: 52_500,
            due: 2 * QRN,
            reporter: None,
            evidence: [0; 32],
            extrinsic: None,
            due_at: 70,
        };
        let raised = slashing::Event::Raised { offence: 9, offenders: 3, share_ppm: 70_000, due: 3 * QRN };
        let events = [Event::Slashing(reported), Event::Slashing(raised)];
        let texts: Vec<_> = read(WORKER, &events).iter().map(Fact::text).collect();
        assert!(texts[0].contains("with 2 of 4 validators that costs 5.25 % of the stake, 2 QRN now"), "{}", texts[0]);
        assert!(texts[1].contains("3 validators did the same as in offence 9: it costs 7 %"), "{}", texts[1]);
        assert_eq!(read(AUDITOR, &events), vec![]);
    }

    #[test]
    fn delay_should_be_told_when_the_offence_is_ones_own() {
        let delayed = Event::Slashing(slashing::Event::Delayed { offence: 9, due_at: 70 });
        let mut ledger = Ledger::new(WORKER);
        assert_eq!(ledger.read(std::slice::from_ref(&delayed)), vec![]);
        ledger.offences.insert(9);
        assert_eq!(ledger.read(&[delayed]), vec![Fact::Delayed { offence: 9, due_at: 70 }]);
    }
}
