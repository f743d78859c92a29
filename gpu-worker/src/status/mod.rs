// SPDX-License-Identifier: Apache-2.0
//! `quern-worker status`: what the chain knows of an account. Nothing is asked of the daemon, so it cannot be wrong about
//! itself.

mod idle;

pub use idle::{reason, Idle};

use crate::{
    args::{AccountArgs, StatusArgs},
    duty::Duty,
    enroll, hot_key,
};
use anyhow::Context;
use quern_primitives::{plant::Plant, traits::Role, Account, Balance, Height};
use quern_protocol::view::{AccountView, ParticipantView, MAX_PAGE};
use quern_sdk::chain::{
    address,
    amount::qrn,
    health::Wanted,
    json::{self, Big},
    parse_account,
    proxy::ProxyView,
    Chain, ChainError, KeyError, KeyFileError,
};
use serde::Serialize;
use std::{collections::BTreeSet, fmt::Write, process::ExitCode};

/// Most shards of the queue that are looked at: one of each stage.
const MOST_WANTED: usize = 16;

/// What the chain knows of an account, and what it needs to be known for.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The account.
    pub account: Account,
    /// Height of the best block.
    pub height: Height,
    /// Length of a slot in milliseconds.
    pub slot_ms: u64,
    /// Whether the node is still fetching blocks.
    pub is_syncing: bool,
    /// The registration.
    pub participant: Option<ParticipantView>,
    /// Whether it is leaving.
    pub is_retiring: bool,
    /// Height of its last declaration of slots.
    pub ready_at: Option<Height>,
    /// First height at which it is drawn again, after it has not started a shard.
    pub rests_until: Height,
    /// What it has.
    pub money: AccountView,
    /// The least bond.
    pub minimum_bond: Balance,
    /// What a validator locks for an audit, at least.
    pub audit_bond: Balance,
    /// What it has planted, decoys too.
    pub plants: Vec<Plant>,
    /// Its shards.
    pub duties: Vec<Duty>,
    /// Shards that wait for a worker.
    pub queued: usize,
    /// What some of them want, one of each stage.
    pub wanted: Vec<Wanted>,
    /// Ready workers that ask less.
    pub cheaper: usize,
    /// Registered validators.
    pub validators: u32,
}

impl Facts {
    /// Asks the chain.
    pub async fn of(chain: &Chain, account: Account) -> Result<Self, ChainError> {
        let (height, hash) = chain.best().await?;
        let params = chain.params().await?;
        let participant = chain.participant(&account).await?;
        let readiness = chain.readiness(&account).await?;
        let (duties, served) = (chain.duties(hash, &account).await?, chain.served(hash, &account).await?);
        let duties = duties.iter().filter_map(|view| Duty::of(view, &account));
        let served = served.iter().filter_map(|shard| Duty::served(shard, &account));
        let queue = chain.queue().await?;
        let (mut stages, mut wanted) = (BTreeSet::new(), Vec::new());
        for shard in &queue {
            if wanted.len() < MOST_WANTED && stages.insert((shard.job, shard.stage)) {
                wanted.extend(chain.wanted(*shard, &params).await?);
            }
        }
        let ask = participant.as_ref().map_or(0, |found| found.ask);
        let network = chain.network().await?;
        let money = chain.account(&account).await?;
        Ok(Self {
            account,
            height,
            slot_ms: network.slot_ms,
            validators: network.validators,
            is_syncing: chain.health().await?.is_syncing,
            is_retiring: readiness.is_some_and(|found| found.retiring),
            ready_at: readiness.map(|found| found.ready_at),
            rests_until: readiness.map_or(0, |found| found.rests_until),
            plants: plants_of(chain, &account, &money).await?,
            money,
            minimum_bond: chain.minimum_bond().await?,
            audit_bond: params.audit_bond,
            duties: in_order(duties.chain(served)),
            queued: queue.len(),
            wanted,
            cheaper: cheaper(chain, ask).await?,
            participant,
        })
    }

    /// The bond that is not locked.
    pub fn free_bond(&self) -> Balance {
        self.money.bonded.saturating_sub(self.money.locked)
    }

    /// The least free bond with which a validator can be drawn for an audit now: an audit bond, or what the shards that wait are
    /// worth at the bid.
    pub fn audit_needs(&self) -> Balance {
        let values = self.wanted.iter().map(|wanted| wanted.value);
        values.min().map_or(self.audit_bond, |value| value.max(self.audit_bond))
    }

    /// What is held for what it has planted.
    fn plants_held(&self) -> Balance {
        self.plants.iter().map(|plant| plant.deposit).sum()
    }

    /// Height from which the first of them can be burned.
    fn plants_expire_at(&self) -> Option<Height> {
        self.plants.iter().map(|plant| plant.expires_at).min()
    }

    /// Pay of open shards, as agreed: earned when their window has closed.
    pub fn pending(&self) -> Balance {
        let mine = self.duties.iter().filter(|duty| duty.is_pending());
        mine.map(|duty| duty.price).sum()
    }
}

/// What an account has planted: nothing where no more is held of it than its bond.
async fn plants_of(chain: &Chain, account: &Account, money: &AccountView) -> Result<Vec<Plant>, ChainError> {
    if money.held <= money.bonded.saturating_add(money.unbonding) {
        return Ok(Vec::new());
    }
    let plants = chain.plants().await?.into_iter().map(|(_, plant)| plant);
    Ok(plants.filter(|plant| plant.owner == *account).collect())
}

/// Shards by their numbers.
fn in_order(duties: impl Iterator<Item = Duty>) -> Vec<Duty> {
    let mut duties: Vec<_> = duties.collect();
    duties.sort_by_key(|duty| duty.shard);
    duties
}

/// Ready workers that ask less.
async fn cheaper(chain: &Chain, ask: Balance) -> Result<usize, ChainError> {
    let (mut from, mut count) = (0, 0);
    loop {
        let page = chain.workers(from, MAX_PAGE).await?;
        if page.is_empty() {
            return Ok(count);
        }
        let is_cheaper =
            |found: &&ParticipantView| found.role != Role::Validator && found.slots > found.open && found.ask < ask;
        count += page.iter().filter(is_cheaper).count();
        from += page.len() as u32;
    }
}

/// Shows it.
pub async fn run(args: StatusArgs) -> anyhow::Result<ExitCode> {
    let meant = Meant::of(&args.account)?;
    let chain = Chain::connect(&args.account.rpc).await?;
    meant.check(&chain).await?;
    let facts = Facts::of(&chain, meant.account).await?;
    if args.json {
        println!("{}", serde_json::to_string(&report(&facts))?);
    } else {
        print!("{}", text(&facts));
    }
    if let Ok(Some(stale)) = chain.staleness().await {
        eprintln!("warning: {stale}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Whose standing is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meant {
    /// The account.
    pub account: Account,
    /// The account of a key that is typed where the environment names another one as the stake's: it has to be a hot key of that.
    hot: Option<Account>,
}

impl Meant {
    /// What the command line says, and else the environment.
    pub fn of(args: &AccountArgs) -> anyhow::Result<Self> {
        let key = || Ok::<_, anyhow::Error>(crate::keys(&args.key)?.account());
        let (account, hot) = match (&args.account, args.key.stake) {
            (Some(account), _) => (parse_account(account).with_context(|| format!("{account:?} is no account"))?, None),
            (None, Some(stake)) if args.key.is_stake_exported.0 => (stake, Some(key()?)),
            (None, Some(stake)) => (stake, None),
            (None, None) => (key().context("name the account with --account, or its key")?, None),
        };
        Ok(Self { account, hot: hot.filter(|hot| *hot != account) })
    }

    /// The same, where anybody is named at all. Where it is known otherwise whose daemon it is, an exported key file names nobody that cannot
    /// be read: it may be another user's.
    pub fn named(args: &AccountArgs, is_known: bool) -> anyhow::Result<Option<Self>> {
        let is_exported = args.key.secret.suri.is_none() && args.key.secret.suri_file.is_none();
        let names_nobody = |error: &anyhow::Error| match error.downcast_ref() {
            Some(KeyError::None) => true,
            Some(KeyError::File(KeyFileError::Missing(_) | KeyFileError::Unreadable(..))) => is_known && is_exported,
            _ => false,
        };
        match Self::of(args) {
            Err(error) if names_nobody(&error) => Ok(None),
            meant => meant.map(Some),
        }
    }

    /// Refuses to answer for an account that is none of the typed key's.
    pub async fn check(&self, chain: &Chain) -> anyhow::Result<()> {
        match self.hot {
            Some(hot) => self.judge(&hot, &chain.proxies(&self.account).await?),
            None => Ok(()),
        }
    }

    fn judge(&self, hot: &Account, proxies: &[ProxyView]) -> anyhow::Result<()> {
        match hot_key::exported(proxies, hot, &self.account) {
            Some(fault) => {
                anyhow::bail!("{fault}: unset QUERN_STAKE, or name the account that is meant with --account")
            }
            None => Ok(()),
        }
    }
}

#[derive(Serialize)]
struct Report {
    account: String,
    height: Height,
    registered: Option<json::Participant>,
    ready: bool,
    ready_at: Option<Height>,
    retiring: bool,
    free: Big,
    bonded: Big,
    minimum_bond: Big,
    bond_locked: Big,
    bond_free: Big,
    credits: Big,
    pending: Big,
    reputation: Option<u32>,
    plants: usize,
    plants_held: Big,
    /// Height from which the first of them is lost.
    plants_expire_at: Option<Height>,
    shards: Vec<ShardReport>,
    idle: IdleReport,
}

#[derive(Serialize)]
struct ShardReport {
    job: u64,
    stage: u16,
    index: u32,
    part: crate::duty::Part,
    phase: &'static str,
    owes: Option<&'static str>,
    by: Option<Height>,
    price: Big,
    locked: Big,
}

#[derive(Serialize)]
struct IdleReport {
    #[serde(flatten)]
    idle: Idle,
    why: String,
    fix: Option<&'static str>,
}

fn is_ready(facts: &Facts) -> bool {
    let registered = facts.participant.as_ref().filter(|found| !found.barred && !facts.is_retiring);
    registered.is_some_and(|found| found.role == Role::Validator || found.slots > 0)
}

fn report(facts: &Facts) -> Report {
    let idle = reason(facts);
    Report {
        account: address(&facts.account),
        height: facts.height,
        registered: facts.participant.as_ref().map(json::Participant::from),
        ready: is_ready(facts),
        ready_at: facts.ready_at,
        retiring: facts.is_retiring,
        free: Big(facts.money.free),
        bonded: Big(facts.money.bonded),
        minimum_bond: Big(facts.minimum_bond),
        bond_locked: Big(facts.money.locked),
        bond_free: Big(facts.free_bond()),
        credits: Big(facts.money.credits),
        pending: Big(facts.pending()),
        reputation: facts.participant.as_ref().map(|found| found.reputation),
        plants: facts.plants.len(),
        plants_held: Big(facts.plants_held()),
        plants_expire_at: facts.plants_expire_at(),
        shards: facts.duties.iter().map(ShardReport::from).collect(),
        idle: IdleReport { why: idle.why(facts), fix: idle.fix(), idle },
    }
}

impl From<&Duty> for ShardReport {
    fn from(duty: &Duty) -> Self {
        let quern_primitives::ShardId { job, stage, index } = duty.shard;
        let Duty { part, phase, owes, by, price, locked, .. } = *duty;
        Self { job, stage, index, part, phase, owes, by, price: Big(price), locked: Big(locked) }
    }
}

fn text(facts: &Facts) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "{name:<11} {value}");
    };
    line("account", address(&facts.account));
    match &facts.participant {
        None => line("registered", "no".into()),
        Some(found) => {
            let role = json::role(found.role);
            let article = if found.role == Role::Apprentice { "an" } else { "a" };
            let barred = if found.barred { ", BARRED" } else { "" };
            line("registered", format!("as {article} {role} at {}{barred}", enroll::addresses(&found.endpoint)));
            let since = facts.ready_at.map_or(String::new(), |at| format!(", declared at block {at}"));
            let ready = match (found.role, found.slots) {
                (Role::Validator, _) => "may be drawn".into(),
                (Role::Worker | Role::Apprentice, 0) => format!("no slots offered{since}"),
                (Role::Worker | Role::Apprentice, slots) => format!("{} of {slots} slots taken{since}", found.open),
            };
            line("ready", ready);
            if found.role != Role::Validator {
                line("ask", format!("{} per GMAC", qrn(found.ask)));
                line("reputation", found.reputation.to_string());
            }
        }
    }
    line("balance", qrn(facts.money.free));
    let (locked, free) = (qrn(facts.money.locked), qrn(facts.free_bond()));
    line("bond", format!("{}: {locked} locked, {free} free", qrn(facts.money.bonded)));
    if facts.participant.as_ref().is_some_and(|found| found.role == Role::Apprentice) {
        let missing = facts.minimum_bond.saturating_sub(facts.money.bonded);
        line("apprentice", format!("paid into its bond; a worker when that has grown by {}", qrn(missing)));
    }
    if let Some(first) = facts.plants_expire_at() {
        let (count, held) = (facts.plants.len(), qrn(facts.plants_held()));
        line("plants", format!("{count} plants and decoys, {held} held, the first until block {first}"));
    }
    line("earned", format!("{} to be claimed, {} pending", qrn(facts.money.credits), qrn(facts.pending())));
    let open = facts.duties.iter().filter(|duty| duty.is_open()).count();
    line("shards", format!("{open} open, {} served", facts.duties.len() - open));
    for duty in &facts.duties {
        let left = duty.by.map_or(String::new(), |by| {
            let blocks = by.saturating_sub(facts.height);
            format!(" ({blocks} blocks, about {} s)", u64::from(blocks) * facts.slot_ms / 1_000)
        });
        let _ = writeln!(out, "  {:<9} {}{left}", duty.shard.to_string(), duty.text());
    }
    let idle = reason(facts);
    if open == 0 || idle != Idle::Busy {
        let _ = writeln!(out, "\n{}: {}", if open == 0 { "idle" } else { "no more work" }, idle.why(facts));
        if let Some(fix) = idle.fix() {
            let _ = writeln!(out, "what to do: {fix}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{accepted, assigned, facts, participant, settled, ME};

    #[test]
    fn status_should_name_each_shard_with_its_deadline_and_count_pending_pay() {
        let mut facts = facts();
        facts.participant = Some(participant(Role::Worker));
        facts.duties =
            [assigned(ME), accepted(ME), settled(ME, true)].iter().filter_map(|view| Duty::of(view, &ME)).collect();
        assert_eq!(facts.pending(), 14);
        let text = text(&facts);
        assert!(text.contains("2 open, 1 served"), "{text}");
        assert!(text.contains("until block 60 (50 blocks, about 50 s)"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
        let report = serde_json::to_value(report(&facts)).unwrap();
        assert_eq!((&report["pending"], &report["shards"][0]["by"]), (&"14".into(), &60.into()));
        assert_eq!(report["idle"]["reason"], "no_demand");
    }

    #[test]
    fn status_should_tell_what_is_planted_and_when_it_is_due() {
        assert!(!text(&facts()).contains("\nplants "));
        let plant = |expires_at| Plant { owner: ME, deposit: 40 * quern_primitives::QRN, posted_at: 1, expires_at };
        let facts = Facts { plants: vec![plant(90), plant(70)], ..facts() };
        assert!(
            text(&facts).contains("2 plants and decoys, 80 QRN held, the first until block 70"),
            "{}",
            text(&facts)
        );
        let report = serde_json::to_value(report(&facts)).unwrap();
        assert_eq!((&report["plants"], &report["plants_expire_at"]), (&2.into(), &70.into()));
    }

    #[test]
    fn shards_should_be_in_the_order_of_their_numbers() {
        let numbered = |(job, stage, index)| {
            let mut view = assigned(ME);
            view.shard.id = quern_primitives::ShardId { job, stage, index };
            Duty::of(&view, &ME).unwrap()
        };
        let duties = in_order([(10, 0, 0), (2, 1, 0), (2, 0, 11), (2, 0, 3)].into_iter().map(numbered));
        let shown: Vec<_> = duties.iter().map(|duty| duty.shard.to_string()).collect();
        assert_eq!(shown, ["2.0.3", "2.0.11", "2.1.0", "10.0.0"]);
    }

    #[test]
    fn status_should_say_what_an_apprentice_still_has_to_earn() {
        let mut facts = facts();
        facts.participant = Some(participant(Role::Apprentice));
        facts.money.bonded = facts.minimum_bond / 4;
        let text = text(&facts);
        assert!(text.contains("as an apprentice at"), "{text}");
        assert!(text.contains(&qrn(facts.minimum_bond - facts.minimum_bond / 4)), "{text}");
        let report = serde_json::to_value(report(&facts)).unwrap();
        assert_eq!(report["registered"]["role"], "apprentice");
        assert_eq!(report["minimum_bond"], facts.minimum_bond.to_string());
    }

    #[test]
    fn typed_key_should_be_asked_about_whatever_stake_the_environment_names() {
        use crate::args::{Cli, Command};
        use clap::Parser;
        use quern_sdk::chain::{proxy::ProxyKind, Keypair};
        const ENVIRONMENT: &str = "QUERN_STAKE";
        let alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        // The environment is the whole process's: the test runs itself in one of its own.
        if std::env::var_os(ENVIRONMENT).is_none() {
            let name = "status::tests::typed_key_should_be_asked_about_whatever_stake_the_environment_names";
            let mut again = std::process::Command::new(std::env::current_exe().unwrap());
            assert!(again.args(["--exact", name]).env(ENVIRONMENT, alice).status().unwrap().success());
            return;
        }
        let meant = |args: &[&str]| {
            let cli = Cli::try_parse_from([&["quern-worker", "status"], args].concat()).unwrap();
            let Command::Status(args) = cli.command else { panic!("it is another command") };
            Meant::of(&args.account).unwrap()
        };
        let of = |suri: &str| Keypair::from_suri(suri).unwrap().account();
        let alone = |account| Meant { account, hot: None };
        let (alice, bob) = (parse_account(alice).unwrap(), of("//Bob"));
        assert_eq!(meant(&[]), alone(alice));
        assert_eq!(meant(&["--suri", "//Alice"]), alone(alice));
        let typed = meant(&["--suri", "//Bob"]);
        assert_eq!(typed, Meant { account: alice, hot: Some(bob) });
        assert_eq!(meant(&["--suri", "//Bob", "--account", &address(&bob)]), alone(bob));
        assert_eq!(meant(&["--suri", "//Bob", "--stake", &address(&of("//Charlie"))]), alone(of("//Charlie")));

        let proxy = |delegate, kind| ProxyView { delegate, kind, delay_blocks: 0 };
        assert!(typed.judge(&bob, &[proxy(bob, ProxyKind::Daemon)]).is_ok());
        for others in [vec![], vec![proxy(of("//Charlie"), ProxyKind::Daemon)]] {
            let told = typed.judge(&bob, &others).unwrap_err().to_string();
            assert!(told.contains(&address(&alice)) && told.contains(&address(&bob)), "{told}");
            assert!(told.contains("unset QUERN_STAKE"), "{told}");
        }
    }

    #[test]
    fn status_should_say_when_the_account_is_barred() {
        let barred = ParticipantView { barred: true, ..participant(Role::Worker) };
        let text = text(&Facts { participant: Some(barred), ..facts() });
        assert!(text.lines().any(|line| line.starts_with("registered") && line.ends_with(", BARRED")), "{text}");
    }

    #[test]
    fn status_should_say_what_to_do_when_nobody_is_registered() {
        let text = text(&facts());
        assert!(text.contains("registered  no"), "{text}");
        assert!(text.contains("what to do: start the daemon"), "{text}");
    }
}
