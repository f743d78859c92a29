// SPDX-License-Identifier: Apache-2.0
//! `quern explain`: what an account earned, paid and lost, read from the events of past blocks, in words and with the numbers that
//! each amount follows from.

use crate::{
    args::{ExplainArgs, Global},
    client,
    output::{self, qrn, Output},
};
use anyhow::{ensure, Context};
use futures::{stream, StreamExt, TryStreamExt};
use indicatif::ProgressBar;
use quern_primitives::{offence::OffenceId, Account, Balance, Height, JobId, ShardId};
use quern_sdk::chain::{
    parse_account,
    runtime::{collateral, jobs, rewards, slashing, transaction_payment, Event},
    Chain,
};
use serde::Serialize;
use std::{
    collections::{HashMap, HashSet},
    process::ExitCode,
};

/// Blocks that are asked for at the same time.
const AT_ONCE: usize = 16;

/// What an era gave to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct EraTotals {
    budget: Balance,
    points: Balance,
    blocks: u32,
    work: Balance,
    authoring: Balance,
}

/// Something that concerns an account. Amounts are in 10^-12 QRN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Fact {
    /// A shard that it ran was accepted.
    Worked { shard: String, macs: u64, earned: Balance, burned: Balance, points: Balance, era: u32 },
    /// A shard that it audited was accepted.
    Audited {
        shard: String,
        audit_fee: Balance,
        protocol_fee: Balance,
        auditors: u32,
        earned: Balance,
        burned: Balance,
        points: Balance,
        era: u32,
    },
    /// It was late with a shard.
    Late { shard: String },
    /// It took its credit.
    Claimed { amount: Balance },
    /// It took its emission of an era.
    EmissionClaimed {
        era: u32,
        points: Balance,
        blocks: u32,
        for_work: Balance,
        for_authoring: Balance,
        of: Option<EraTotals>,
    },
    /// It submitted a job.
    JobSubmitted { job: JobId, macs: u64, escrow: Balance, price: Balance, audit_fee: Balance, protocol_fee: Balance },
    /// A shard of its job was paid.
    ShardPaid { shard: String, macs: u64, price: Balance, audit_fee: Balance, protocol_fee: Balance, refund: Balance },
    /// An offence of it was reported.
    Reported {
        offence: OffenceId,
        offence_kind: String,
        shard: String,
        locked: Balance,
        due: Balance,
        due_at: Height,
        evidence: Option<String>,
    },
    /// It appealed.
    Appealed { offence: OffenceId, bond: Balance, due_at: Height },
    /// The guardian put its slash off.
    Delayed { offence: OffenceId, due_at: Height },
    /// Governance cancelled its slash.
    Cancelled { offence: OffenceId, released: Balance, appeal_bond: Balance },
    /// Governance rejected its appeal.
    AppealRejected { offence: OffenceId, bond: Balance },
    /// Nobody decided its appeal.
    AppealLapsed { offence: OffenceId, bond: Balance },
    /// It was slashed.
    Slashed {
        offence: OffenceId,
        offence_kind: String,
        shard: String,
        locked: Balance,
        share_ppm: u32,
        due: Balance,
        amount: Balance,
        restitution: Balance,
        reporter_reward: Balance,
        burned: Balance,
        dry_run: bool,
    },
    /// It showed what somebody else did.
    Rewarded { offence: OffenceId, shard: String, amount: Balance, slashed: Balance },
    /// It paid for a transaction.
    TransactionFee { fee: Balance, tip: Balance },
    /// It bonded.
    Bonded { amount: Balance, bonded: Balance },
    /// It began to unbond.
    Unbonding { amount: Balance, release_at: Height },
    /// It took out what had unbonded.
    Withdrawn { amount: Balance },
}

impl Fact {
    /// The fact in words.
    fn text(&self) -> String {
        match self {
            Self::Worked { shard, macs, earned, burned, points, era } => format!(
                "earned {} for running shard {shard}: {} at an ask of {} a GMAC. It burned {} of the fees, which makes {} points \
                 in era {era}, worth at most {}",
                qrn(*earned),
                output::macs(u128::from(*macs)),
                qrn(ask(*earned, *macs)),
                qrn(*burned),
                output::grouped(*points),
                qrn(*points)
            ),
            Self::Audited { shard, audit_fee, protocol_fee, auditors, earned, burned, points, era } => format!(
                "earned {} for auditing shard {shard}: a part of {auditors} of the audit fee of {} and of the auditors' share of the \
                 protocol fee of {}. It burned {} of the fees, which makes {} points in era {era}, worth at most {}",
                qrn(*earned),
                qrn(*audit_fee),
                qrn(*protocol_fee),
                qrn(*burned),
                output::grouped(*points),
                qrn(*points)
            ),
            Self::Late { shard } => format!("was late with shard {shard}, or declined it: no pay, less reputation, no stake lost"),
            Self::Claimed { amount } => format!("claimed {} that had been earned", qrn(*amount)),
            Self::EmissionClaimed { era, points, blocks, for_work, for_authoring, of } => {
                let formula = of.map_or(String::new(), |of| {
                    format!(
                        ": {} x {} of {} points, and {} x {blocks} of {} blocks, out of a budget of {}",
                        qrn(of.work),
                        output::grouped(*points),
                        output::grouped(of.points),
                        qrn(of.authoring),
                        of.blocks,
                        qrn(of.budget)
                    )
                });
                format!("claimed emission of era {era}, {} for work and {} for blocks{formula}", qrn(*for_work), qrn(*for_authoring))
            }
            Self::JobSubmitted { job, macs, escrow, price, audit_fee, protocol_fee } => format!(
                "submitted job {job}: {} held, for {} at the bid {}, for audits {}, for the protocol {}",
                qrn(*escrow),
                output::macs(u128::from(*macs)),
                qrn(*price),
                qrn(*audit_fee),
                qrn(*protocol_fee)
            ),
            Self::ShardPaid { shard, macs, price, audit_fee, protocol_fee, refund } => format!(
                "paid {} for shard {shard}: {} for {} at the worker's ask, {} for audits, {} for the protocol; {} that the bid had \
                 held came back",
                qrn(price + audit_fee + protocol_fee),
                qrn(*price),
                output::macs(u128::from(*macs)),
                qrn(*audit_fee),
                qrn(*protocol_fee),
                qrn(*refund)
            ),
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
                if *appeal_bond > 0 { format!(", and the {} of the appeal", qrn(*appeal_bond)) } else { String::new() }
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
            Self::Rewarded { offence, shard, amount, slashed } => format!(
                "received {} of the {} that offence {offence} on shard {shard} cost, for showing it",
                qrn(*amount),
                qrn(*slashed)
            ),
            Self::TransactionFee { fee, tip } => format!(
                "paid {} for a transaction{}",
                qrn(*fee),
                if *tip > 0 { format!(", {} of it as a tip", qrn(*tip)) } else { String::new() }
            ),
            Self::Bonded { amount, bonded } => format!("bonded {}; the bond is {} then", qrn(*amount), qrn(*bonded)),
            Self::Unbonding { amount, release_at } => {
                format!("began to unbond {}, which can be withdrawn from block {release_at} on", qrn(*amount))
            }
            Self::Withdrawn { amount } => format!("withdrew {} that had unbonded", qrn(*amount)),
        }
    }
}

/// Price of a GMAC that gives this price for this work, without the rounding.
fn ask(price: Balance, macs: u64) -> Balance {
    price.checked_mul(1_000_000_000).and_then(|scaled| scaled.checked_div(u128::from(macs))).unwrap_or(0)
}

/// Parts per million as a percentage.
fn percent(ppm: u32) -> f64 {
    f64::from(ppm) / 10_000.0
}

fn name(shard: &ShardId) -> String {
    shard.to_string()
}

/// What is known of an account while its blocks are read in order.
struct Ledger {
    account: Account,
    /// Whether it submitted a job, for the jobs that were looked at.
    jobs: HashMap<JobId, bool>,
    /// Its offences.
    offences: HashSet<OffenceId>,
}

impl Ledger {
    fn new(account: Account) -> Self {
        Self { account, jobs: HashMap::new(), offences: HashSet::new() }
    }

    /// Jobs of which a shard was paid in a block and whose requester is not known.
    fn unknown_jobs(&self, events: &[Event]) -> HashSet<JobId> {
        let paid = events.iter().filter_map(|event| match event {
            Event::Jobs(jobs::Event::ShardAccepted { shard, .. }) => Some(shard.job),
            _ => None,
        });
        paid.filter(|job| !self.jobs.contains_key(job)).collect()
    }

    /// What of a block concerns the account.
    fn read(&mut self, events: &[Event]) -> Vec<Fact> {
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
            Event::Jobs(jobs::Event::JobSubmitted { job, requester, escrow, price, audit_fee, protocol_fee, macs }) => {
                self.jobs.insert(*job, requester.0 == me);
                let (job, macs, escrow, price) = (*job, *macs, *escrow, *price);
                let (audit_fee, protocol_fee) = (*audit_fee, *protocol_fee);
                (requester.0 == me).then_some(Fact::JobSubmitted { job, macs, escrow, price, audit_fee, protocol_fee })
            }
            Event::Jobs(jobs::Event::ShardAccepted { shard, price, audit_fee, protocol_fee, macs, refund, .. })
                if self.jobs.get(&shard.job) == Some(&true) =>
            {
                Some(Fact::ShardPaid {
                    shard: name(shard),
                    macs: *macs,
                    price: *price,
                    audit_fee: *audit_fee,
                    protocol_fee: *protocol_fee,
                    refund: *refund,
                })
            }
            Event::Collateral(collateral::Event::Bonded { who, amount, bonded }) if who.0 == me => {
                Some(Fact::Bonded { amount: *amount, bonded: *bonded })
            }
            Event::Collateral(collateral::Event::Unbonding { who, amount, release_at, .. }) if who.0 == me => {
                Some(Fact::Unbonding { amount: *amount, release_at: *release_at })
            }
            Event::Collateral(collateral::Event::Withdrawn { who, amount }) if who.0 == me => {
                Some(Fact::Withdrawn { amount: *amount })
            }
            Event::TransactionPayment(transaction_payment::Event::TransactionFeePaid { who, actual_fee, tip })
                if who.0 == me && *actual_fee > 0 =>
            {
                Some(Fact::TransactionFee { fee: *actual_fee, tip: *tip })
            }
            _ => None,
        }
    }

    fn reward(&self, event: &rewards::Event, block: &[Event]) -> Option<Fact> {
        let me = self.account;
        match event {
            rewards::Event::Credited { who, shard, earned, points } if who.0 == me => {
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
                            Some((worker.0, *macs, *audit_fee, *protocol_fee, *auditors, *burned, *era))
                        }
                        _ => None,
                    })?;
                let (shard, earned, points) = (name(shard), *earned, *points);
                Some(if worker == me {
                    Fact::Worked { shard, macs, earned, burned, points, era }
                } else {
                    Fact::Audited { shard, audit_fee, protocol_fee, auditors, earned, burned, points, era }
                })
            }
            rewards::Event::Claimed { who, amount } if who.0 == me => Some(Fact::Claimed { amount: *amount }),
            rewards::Event::EmissionClaimed { who, era, points, blocks, for_work, for_authoring } if who.0 == me => {
                Some(Fact::EmissionClaimed {
                    era: *era,
                    points: *points,
                    blocks: *blocks,
                    for_work: *for_work,
                    for_authoring: *for_authoring,
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
                    locked: *locked,
                    due: *due,
                    due_at: *due_at,
                    evidence: (*evidence != [0; 32]).then(|| output::full(evidence)),
                })
            }
            slashing::Event::Appealed { offence, offender, bond, due_at, .. } if offender.0 == me => {
                self.offences.insert(*offence);
                Some(Fact::Appealed { offence: *offence, bond: *bond, due_at: *due_at })
            }
            slashing::Event::Delayed { offence, due_at } if self.offences.contains(offence) => {
                Some(Fact::Delayed { offence: *offence, due_at: *due_at })
            }
            slashing::Event::Cancelled { offence, offender, released, appeal_bond } if offender.0 == me => {
                Some(Fact::Cancelled { offence: *offence, released: *released, appeal_bond: *appeal_bond })
            }
            slashing::Event::AppealRejected { offence, offender, bond } if offender.0 == me => {
                Some(Fact::AppealRejected { offence: *offence, bond: *bond })
            }
            slashing::Event::AppealLapsed { offence, offender, bond } if offender.0 == me => {
                Some(Fact::AppealLapsed { offence: *offence, bond: *bond })
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
                        locked: *locked,
                        share_ppm: *share_ppm,
                        due: *due,
                        amount: *amount,
                        restitution: *restitution,
                        reporter_reward: *reporter_reward,
                        burned: *burned,
                        dry_run: *dry_run,
                    });
                }
                let (offence, amount, slashed) = (*offence, *reporter_reward, *amount);
                let mine = reporter.as_ref().is_some_and(|reporter| reporter.0 == me) && amount > 0;
                mine.then(|| Fact::Rewarded { offence, shard: name(shard), amount, slashed })
            }
            _ => None,
        }
    }
}

/// A fact and where it stands.
#[derive(Debug, Serialize)]
struct Entry {
    block: Height,
    #[serde(flatten)]
    fact: Fact,
    text: String,
}

/// Sums over everything that was read.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Sums {
    /// Earned for work and audits.
    earned: Balance,
    /// Emission that was claimed.
    emission: Balance,
    /// Rewards for showing offences.
    rewarded: Balance,
    /// Paid for shards.
    paid: Balance,
    /// Paid for transactions.
    transaction_fees: Balance,
    /// Lost by slashes and rejected appeals.
    lost: Balance,
}

impl Sums {
    fn add(&mut self, fact: &Fact) {
        match fact {
            Fact::Worked { earned, .. } | Fact::Audited { earned, .. } => self.earned += earned,
            Fact::EmissionClaimed { for_work, for_authoring, .. } => self.emission += for_work + for_authoring,
            Fact::Rewarded { amount, .. } => self.rewarded += amount,
            Fact::ShardPaid { price, audit_fee, protocol_fee, .. } => self.paid += price + audit_fee + protocol_fee,
            Fact::TransactionFee { fee, .. } => self.transaction_fees += fee,
            Fact::Slashed { amount, .. } => self.lost += amount,
            Fact::AppealRejected { bond, .. } => self.lost += bond,
            _ => {}
        }
    }

    fn text(&self) -> String {
        let mut table = output::plain_table();
        for (name, amount) in [
            ("earned for work and audits", self.earned),
            ("emission claimed", self.emission),
            ("for showing offences", self.rewarded),
            ("paid for shards", self.paid),
            ("paid for transactions", self.transaction_fees),
            ("lost", self.lost),
        ] {
            table.add_row([name.to_owned(), qrn(amount)]);
        }
        table.to_string()
    }
}

#[derive(Serialize)]
struct Report {
    account: String,
    from: Height,
    to: Height,
    entries: Vec<Entry>,
    sums: Sums,
}

/// Explains an account.
pub async fn run(global: &Global, args: ExplainArgs) -> anyhow::Result<ExitCode> {
    let account = match &args.account {
        Some(account) => parse_account(account).with_context(|| format!("{account:?} is no account"))?,
        None => client::keys(global)?.account(),
    };
    let chain = client::connect(global).await?;
    let (era, era_blocks) = chain.era().await?;
    let (finalized, _) = chain.finalized().await?;
    let (from, to) = range(&args, era, era_blocks, finalized)?;

    let bar = ProgressBar::new(u64::from(to - from) + 1);
    let mut blocks = stream::iter(from..=to)
        .map(|height| {
            let chain = &chain;
            async move { anyhow::Ok((height, chain.events(chain.block_hash(height).await?).await?)) }
        })
        .buffered(AT_ONCE);
    let mut ledger = Ledger::new(account);
    let mut entries = Vec::new();
    let mut sums = Sums::default();
    while let Some((block, events)) = blocks.try_next().await? {
        for job in ledger.unknown_jobs(&events) {
            let requester = chain.job(job).await?.map(|job| job.requester);
            ledger.jobs.insert(job, requester == Some(account));
        }
        for mut fact in ledger.read(&events) {
            if let Fact::EmissionClaimed { era, of, .. } = &mut fact {
                *of = totals(&chain, *era, era_blocks).await?;
            }
            sums.add(&fact);
            entries.push(Entry { block, text: fact.text(), fact });
        }
        bar.inc(1);
    }
    bar.finish_and_clear();

    let address = output::address(&account);
    let mut lines: Vec<String> = entries.iter().map(|entry| format!("block {}: {}", entry.block, entry.text)).collect();
    if lines.is_empty() {
        lines.push("nothing happened to this account".into());
    }
    let text = format!("{address}, blocks {from} to {to}\n{}\n{}", lines.join("\n"), sums.text());
    Output { json: global.json }.result(&Report { account: address, from, to, entries, sums }, text)?;
    Ok(ExitCode::SUCCESS)
}

/// First and last block to read: block 0 has no events.
fn range(args: &ExplainArgs, era: u32, era_blocks: Height, finalized: Height) -> anyhow::Result<(Height, Height)> {
    let (from, to) = match (args.era, args.from, args.to) {
        (None, None, None) => (era.saturating_mul(era_blocks), finalized),
        (Some(asked), ..) => {
            ensure!(asked <= era, "era {asked} has not begun: era {era} is under way");
            let first = asked.saturating_mul(era_blocks);
            (first, first.saturating_add(era_blocks - 1).min(finalized))
        }
        (None, from, to) => (from.unwrap_or(1), to.unwrap_or(finalized)),
    };
    let from = from.max(1);
    ensure!(to <= finalized, "block {to} is not final: the last one that is, is block {finalized}");
    ensure!(from <= to, "there are no blocks from {from} to {to}");
    Ok((from, to))
}

/// What an era gave: told in the first block after it.
async fn totals(chain: &Chain, era: u32, era_blocks: Height) -> anyhow::Result<Option<EraTotals>> {
    let block = era.saturating_add(1).saturating_mul(era_blocks);
    let events = chain.events(chain.block_hash(block).await?).await?;
    Ok(events.iter().find_map(|event| match event {
        Event::Rewards(rewards::Event::EraFinished { era: of, budget, points, blocks, work, authoring })
            if *of == era =>
        {
            let (budget, points, blocks, work, authoring) = (*budget, *points, *blocks, *work, *authoring);
            Some(EraTotals { budget, points, blocks, work, authoring })
        }
        _ => None,
    }))
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
            Event::Jobs(jobs::Event::ShardAccepted {
                shard: shard(),
                worker: id(WORKER),
                price: 6 * QRN,
                audit_fee: QRN,
                protocol_fee: QRN / 2,
                macs: 2_000_000_000,
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
        let mut sums = Sums::default();
        facts.iter().for_each(|fact| sums.add(fact));
        assert_eq!(sums, Sums { paid: 7 * QRN + QRN / 2, ..Sums::default() });
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
    fn delay_should_be_told_when_the_offence_is_ones_own() {
        let delayed = Event::Slashing(slashing::Event::Delayed { offence: 9, due_at: 70 });
        let mut ledger = Ledger::new(WORKER);
        assert_eq!(ledger.read(std::slice::from_ref(&delayed)), vec![]);
        ledger.offences.insert(9);
        assert_eq!(ledger.read(&[delayed]), vec![Fact::Delayed { offence: 9, due_at: 70 }]);
    }

    #[test]
    fn entry_should_be_flat_when_it_is_json() {
        let fact = read(WORKER, &[slashed()]).remove(0);
        let entry = Entry { block: 5, text: fact.text(), fact };
        let json: serde_json::Value = serde_json::from_str(&serde_json::to_string(&entry).unwrap()).unwrap();
        assert_eq!((&json["block"], &json["kind"], &json["offence"]), (&5.into(), &"slashed".into(), &9.into()));
        assert_eq!(json["amount"].as_u64(), Some(10 * QRN as u64));
    }

    #[test]
    fn range_should_be_the_era_or_the_blocks_that_are_asked_for() {
        let args = |era, from, to| ExplainArgs { account: None, era, from, to };
        assert_eq!(range(&args(None, None, None), 0, 100, 50).unwrap(), (1, 50));
        assert_eq!(range(&args(None, None, None), 3, 100, 350).unwrap(), (300, 350));
        assert_eq!(range(&args(Some(2), None, None), 3, 100, 350).unwrap(), (200, 299));
        assert_eq!(range(&args(None, Some(7), Some(9)), 3, 100, 350).unwrap(), (7, 9));
        assert!(range(&args(Some(4), None, None), 3, 100, 350).is_err());
        assert!(range(&args(None, Some(7), Some(351)), 3, 100, 350).is_err());
        assert!(range(&args(None, Some(9), Some(7)), 3, 100, 350).is_err());
    }
}
