// SPDX-License-Identifier: Apache-2.0
//! `quern explain`: what an account earned, paid and lost, read from the events of past blocks, in words and with the numbers that
//! each amount follows from.

mod fact;
mod ledger;

use crate::{
    args::{ExplainArgs, Global},
    client,
    output::{self, qrn, Output},
};
use anyhow::{ensure, Context};
use fact::{EraTotals, Fact};
use futures::{stream, StreamExt, TryStreamExt};
use indicatif::ProgressBar;
use ledger::Ledger;
use quern_primitives::Height;
use quern_sdk::chain::{
    json::Big,
    runtime::{rewards, Event},
    Chain,
};
use serde::Serialize;
use std::process::ExitCode;

/// Blocks that are asked for at the same time.
const AT_ONCE: usize = 16;

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
    earned: Big,
    /// Emission that was claimed.
    emission: Big,
    /// What of that went to those who back it.
    shared: Big,
    /// Rewards for showing offences.
    rewarded: Big,
    /// Paid for shards.
    paid: Big,
    /// Burned for the places of shards.
    shard_fees: Big,
    /// Paid for transactions.
    transaction_fees: Big,
    /// Lost by slashes and rejected appeals.
    lost: Big,
}

impl Sums {
    fn add(&mut self, fact: &Fact) {
        match fact {
            Fact::Worked { earned, .. } | Fact::Audited { earned, .. } | Fact::Compensated { earned, .. } => {
                self.earned += *earned
            }
            Fact::EmissionClaimed { for_work, for_authoring, .. } => {
                self.emission += [*for_work, *for_authoring].into_iter().sum()
            }
            Fact::RewardShared { backing, .. } => self.shared += *backing,
            Fact::Rewarded { amount, .. } | Fact::ConsensusRewarded { amount, .. } => self.rewarded += *amount,
            Fact::ShardPaid { price, audit_fee, protocol_fee, .. } => {
                self.paid += [*price, *audit_fee, *protocol_fee].into_iter().sum()
            }
            Fact::ShardCompensated { price, audit_fee, burned, .. } => {
                self.paid += [*price, *audit_fee, *burned].into_iter().sum()
            }
            Fact::ShardFeeBurned { burned, .. } => self.shard_fees += *burned,
            Fact::TransactionFee { fee, .. } => self.transaction_fees += *fee,
            Fact::Slashed { amount, .. } | Fact::StakeSlashed { amount, .. } => self.lost += *amount,
            Fact::AppealRejected { bond, .. } => self.lost += *bond,
            _ => {}
        }
    }

    fn text(&self) -> String {
        let mut table = output::plain_table();
        for (name, amount) in [
            ("earned for work and audits", self.earned),
            ("emission claimed", self.emission),
            ("of that, to those who back it", self.shared),
            ("for showing offences", self.rewarded),
            ("paid for shards", self.paid),
            ("burned for places of shards", self.shard_fees),
            ("paid for transactions", self.transaction_fees),
            ("lost", self.lost),
        ] {
            table.add_row([name.to_owned(), qrn(amount.0)]);
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
    /// What is held now for jobs and deposits: it is neither paid nor lost.
    held: Big,
}

/// Explains an account.
pub async fn run(global: &Global, args: ExplainArgs) -> anyhow::Result<ExitCode> {
    let account = match &args.account {
        Some(account) => client::account(account)?,
        None => client::keys_or_account(global, "quern explain")?.account(),
    };
    let chain = client::connect(global).await?;
    let (era, era_blocks) = chain.era().await?;
    let (finalized, _) = chain.finalized().await?;
    let (from, to) = range(&args, era, era_blocks, finalized)?;

    let bar = ProgressBar::new(u64::from(to - from) + 1);
    let mut blocks = stream::iter(from..=to)
        .map(|height| {
            let chain = &chain;
            async move {
                let events = chain.events(chain.block_hash(height).await?).await;
                let kept = || format!("block {height} cannot be read: ask a node that keeps the states of old blocks");
                anyhow::Ok((height, events.with_context(kept)?))
            }
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
    let held = crate::stake::held_now(&chain, &account).await?;
    let text = format!(
        "{address}, blocks {from} to {to}\n{}\n{}\nheld now for jobs and deposits: {}",
        lines.join("\n"),
        sums.text(),
        qrn(held)
    );
    Output { json: global.json }
        .result(&Report { account: address, from, to, entries, sums, held: Big(held) }, text)?;
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
            let (budget, points, work, authoring) = (Big(*budget), Big(*points), Big(*work), Big(*authoring));
            Some(EraTotals { budget, points, blocks: *blocks, work, authoring })
        }
        _ => None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_should_add_up_by_what_the_money_was_for() {
        let mut sums = Sums::default();
        let shard = || "4.1.2".to_owned();
        let paid = Fact::ShardPaid {
            shard: shard(),
            macs: Big(1),
            price: Big(6),
            audit_fee: Big(2),
            protocol_fee: Big(1),
            refund: Big(5),
        };
        let worked =
            Fact::Worked { shard: shard(), macs: Big(1), earned: Big(6), burned: Big(1), points: Big(1), era: 0 };
        let rewarded = Fact::Rewarded { offence: 0, shard: shard(), amount: Big(3), slashed: Big(9) };
        let facts = [
            paid,
            worked,
            rewarded,
            Fact::Compensated { shard: shard(), earned: Big(20), as_worker: true },
            Fact::ShardCompensated { shard: shard(), price: Big(20), audit_fee: Big(3), burned: Big(2) },
            Fact::ShardFeeBurned { job: 4, shards: 1, burned: Big(11) },
            Fact::TransactionFee { fee: Big(4), tip: Big(0) },
            Fact::AppealRejected { offence: 0, bond: Big(8) },
            Fact::EmissionClaimed {
                era: 0,
                points: Big(1),
                blocks: 1,
                for_work: Big(5),
                for_authoring: Big(9),
                of: None,
            },
            Fact::RewardShared { own: Big(2), backing: Big(7), commission_ppm: 0, bonded: Big(2), backed: Big(7) },
        ];
        facts.iter().for_each(|fact| sums.add(fact));
        let expected = Sums {
            earned: Big(26),
            emission: Big(14),
            shared: Big(7),
            rewarded: Big(3),
            paid: Big(34),
            shard_fees: Big(11),
            transaction_fees: Big(4),
            lost: Big(8),
        };
        assert_eq!(sums, expected);
        assert!(sums.text().contains("burned for places of shards"));
    }

    #[test]
    fn fee_for_places_should_be_told_of_one_shard_and_of_several() {
        let told = |shards| Fact::ShardFeeBurned { job: 0, shards, burned: Big(1) }.text();
        assert!(told(1).ends_with("for the place of 1 shard of job 0"), "{}", told(1));
        assert!(told(2).ends_with("for the places of 2 shards of job 0"), "{}", told(2));
    }

    #[test]
    fn entry_should_be_flat_with_amounts_as_strings_when_it_is_json() {
        let amount = Big(u128::from(u64::MAX) + 1);
        let fact = Fact::Rewarded { offence: 9, shard: "4.1.2".into(), amount, slashed: amount };
        let entry = Entry { block: 5, text: fact.text(), fact };
        let json = serde_json::to_string(&entry).unwrap();
        let expected =
            "{\"block\":5,\"kind\":\"rewarded\",\"offence\":9,\"shard\":\"4.1.2\",\"amount\":\"18446744073709551616\",";
        assert!(json.starts_with(expected), "{json}");
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
