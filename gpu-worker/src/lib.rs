// SPDX-License-Identifier: Apache-2.0
//! The worker and validator daemons of Quern: thin shells round the pure cores in [`core`].

mod apprentice;
pub mod args;
pub mod claims;
pub mod core;
pub mod db;
pub mod disk;
pub mod doctor;
pub mod drain;
pub mod duty;
pub mod enroll;
pub mod hot_key;
pub mod journal;
pub mod misbehave;
pub mod origin;
pub mod planting;
pub mod readers;
pub mod room;
pub mod served;
pub mod shell;
pub mod site;
pub mod status;
#[cfg(test)]
mod testing;
pub mod watched;

use crate::{
    args::{
        BenchArgs, CommonArgs, ExecutorChoice, KeyArgs, Misbehaviour, Negligence, RunArgs, ValidateArgs, WatchArgs,
    },
    db::Db,
    drain::Drain,
    enroll::{enroll, refuse_second, EnrolError, Enrolment, Standing},
    misbehave::{Lazy, Misbehaving, Withholding},
    planting::Planting,
    shell::Connection,
    site::{Desk, Site},
    watched::Watched,
};
use anyhow::Context as _;
use quern_executor::{bench::gmacs_per_second, cpu::CpuExecutor, gpu, Executor};
use quern_primitives::{device::Region, traits::Role, Account, QRN};
use quern_sdk::{
    chain::{address, Chain, Keypair, Profile, Sender},
    net::{messages::Answering, Config, Faults, FolderStore, Peer},
};
use std::{
    future::Future,
    net::{SocketAddr, UdpSocket},
    sync::{atomic::Ordering, Arc, OnceLock},
    time::Duration,
};

/// What `--faulty-serving` injects: bad, but so that what is owed can still be shown in time.
const FAULTS: Faults =
    Faults { seed: 0, dropped_percent: 10, delayed_percent: 33, longest_delay: Duration::from_secs(2) };

/// How long a process that ends waits for what it has begun: enough to close its files. What it computes is cut off.
const LAST_WRITES: Duration = Duration::from_secs(2);

/// Runs a command to its end. Nobody waits for what is still computed then, which may take minutes: what was promised is on disk, and a
/// daemon that is started again computes the rest again.
pub fn block_on<T>(command: impl Future<Output = T>) -> std::io::Result<T> {
    let runtime = tokio::runtime::Runtime::new()?;
    let result = runtime.block_on(command);
    runtime.shutdown_timeout(LAST_WRITES);
    Ok(result)
}

/// Runs the worker daemon until it is told to stop.
pub async fn run(args: RunArgs) -> anyhow::Result<()> {
    anyhow::ensure!(args.ask > 0, "--ask must be a positive number of QRN per GMAC");
    let mut executor = executor(args.common.executor)?;
    let honest = executor.clone();
    match args.misbehave {
        Some(Misbehaviour::Lie) => {
            tracing::error!("--misbehave: this worker LIES about every result and will lose its bond");
            executor = Arc::new(Misbehaving::new(executor));
        }
        Some(Misbehaviour::Withhold) => {
            tracing::error!("--misbehave=withhold: this worker SHOWS NOTHING of its results and will lose its bond");
        }
        None => {}
    }
    let (site, sender) = open(&args.common, executor).await?;
    until_stopped(&site.clone(), async {
        let planting = planting(&args, &site, &sender).await?;
        let profile = profile(honest.as_ref(), args.common.region)?;
        let drain = Drain::of(&args.common.data);
        let wanted = Enrolment {
            role: Role::Worker,
            endpoint: site.peer.endpoint(),
            profile,
            ask: args.ask,
            slots: if drain.is_on() || disk::is_full(&args.common.data) { 0 } else { args.slots },
            bond: u128::from(args.common.bond) * QRN,
            apprentice: args.apprentice,
        };
        let former = match enroll(&site.chain(), &sender, &site.me, &wanted).await {
            // It is free again when its plant is opened, for which this daemon is needed.
            Err(EnrolError::Barred) if planting.is_some() && planting::lies(&site.db)? => {
                tracing::warn!("the account is barred until what it planted is opened");
                site.chain().participant(&site.me).await?.map(|found| found.endpoint)
            }
            enrolled => enrolled?,
        };
        let standing = Standing::new(wanted, former, Some(args.slots)).expecting_pardon(planting.is_some());
        let mut core = core::Worker::new(site.me, site.db.promises()?);
        if let Some(planting) = &planting {
            core = core.planting(planting.core(&site)?);
        }
        let connection = Connection { rpc: args.common.rpc };
        match args.misbehave {
            Some(Misbehaviour::Withhold) => {
                shell::run(Withholding(core), site, sender, connection, standing, drain, None).await?
            }
            _ => shell::run(core, site, sender, connection, standing, drain, planting).await?,
        };
        Ok(())
    })
    .await
}

/// The planting account, where one is named; refuses to leave what was planted before unopened.
async fn planting(args: &RunArgs, site: &Site, sender: &Sender) -> anyhow::Result<Option<Planting>> {
    let Some(named) = &args.plant_from else {
        anyhow::ensure!(
            site.db.plans()?.is_empty(),
            "this folder has plants or decoys under way, whose deposits would be lost: name their account with --plant-from \
             until `quern plant list` shows none of it, and up to 2,048 blocks longer: a block may take one so late"
        );
        return Ok(None);
    };
    let keys = planting::keys(named)?;
    Ok(Some(Planting::new(&site.chain(), keys, args.plant, &site.me, &sender.signer(), &site.db).await?))
}

/// Runs the validator daemon until it is told to stop.
pub async fn validate(args: ValidateArgs) -> anyhow::Result<()> {
    let claims = args.claim || !args.claim_for.is_empty();
    anyhow::ensure!(
        !claims || args.common.key.stake.is_none(),
        "--claim: a hot key may not claim; anybody else may, for any account: quern stake claim --for"
    );
    let mut executor = executor(args.common.executor)?;
    let honest = executor.clone();
    match args.misbehave {
        Some(Negligence::Lazy) => {
            tracing::error!(
                "--misbehave: this validator does NOT COMPUTE what it answers and will lose its audit bonds"
            );
            executor = Arc::new(Lazy::new(executor.as_ref()));
        }
        Some(Negligence::Confirm) => {
            tracing::error!("--misbehave=confirm: this validator CONFIRMS LIES and will lose its audit bonds");
            executor = Arc::new(Misbehaving::new(executor));
        }
        None => {}
    }
    let (site, sender) = open(&args.common, executor).await?;
    until_stopped(&site.clone(), async {
        let profile = profile(honest.as_ref(), args.common.region)?;
        let drain = Drain::of(&args.common.data);
        let wanted = Enrolment {
            role: Role::Validator,
            endpoint: site.peer.endpoint(),
            profile,
            ask: 0,
            slots: 0,
            bond: u128::from(args.common.bond) * QRN,
            apprentice: false,
        };
        let former = enroll(&site.chain(), &sender, &site.me, &wanted).await?;
        let standing = Standing::new(wanted, former, None);
        let mut core = core::Validator::new(site.me, site.db.seals()?, site.db.results()?);
        if sender.is_proxy() {
            tracing::info!("with a hot key no auditor is accused: that locks what is free of the bond");
            core = core.without_accusing();
        }
        let (claimer, me) = (sender.clone(), site.me);
        let accounts = args.claim.then_some(me).into_iter().chain(args.claim_for).collect();
        let claiming = claims::keep(&site, &claimer, accounts);
        tokio::select! {
            ended = shell::run(core, site.clone(), sender, Connection { rpc: args.common.rpc }, standing, drain, None) => {
                ended?;
            }
            _ = claiming => {}
        }
        Ok(())
    })
    .await
}

/// Runs the watcher until it is told to stop.
pub async fn watch(args: WatchArgs) -> anyhow::Result<()> {
    anyhow::ensure!(
        args.common.key.stake.is_none(),
        "--stake: a challenge locks what is free of a bond, which a hot key may not; watch with an account that has a bond of its own"
    );
    let (site, sender) = open(&args.common, executor(args.common.executor)?).await?;
    until_stopped(&site.clone(), async {
        enroll::bond(&site.chain(), &sender, &site.me, u128::from(args.common.bond) * QRN).await?;
        for job in &args.job {
            if let Some(obstacle) = watched::obstacle(*job, site.chain().job(*job).await?.as_ref()) {
                tracing::warn!("{obstacle}");
            }
        }
        let choice = core::watcher::Choice { percent: args.percent, seed: site.db.fresh_secret() };
        let core = core::Watcher::new(site.me, choice).with_demands(args.demand_budget);
        shell::watch(core, site, sender, Connection { rpc: args.common.rpc }, Watched::of(args.job)).await?;
        Ok(())
    })
    .await
}

/// Measures this machine and prints the numbers.
pub fn bench(args: BenchArgs) -> anyhow::Result<()> {
    let report = quern_executor::bench::run()?;
    // Not on the standard output: with `--json` every line there is a number.
    eprintln!("CPU features: {}", report.cpu_features.join(" "));
    report.devices.iter().for_each(|device| eprintln!("device: {device}"));
    for measurement in &report.measurements {
        if args.json {
            println!("{}", serde_json::to_string(measurement)?);
        } else {
            println!(
                "{:<72} {:>9.2} {:<6} {:>7.4} x {} ({:.2})",
                measurement.name,
                measurement.value,
                measurement.unit,
                measurement.ratio,
                measurement.peer,
                measurement.peer_value
            );
        }
    }
    Ok(())
}

/// Works until the process is told to stop, and takes leave of the peers, so that they need not wait for an answer.
async fn until_stopped(site: &Site, work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let result = tokio::select! {
        result = work => result,
        stopped = stop_signal() => {
            if let Some(warning) = left_open(site.open.load(Ordering::Relaxed)) {
                tracing::warn!("{warning}");
            }
            Ok(stopped?)
        }
    };
    site.peer.shutdown().await;
    result
}

/// What to tell whoever stops a daemon with open shards.
fn left_open(open: usize) -> Option<String> {
    (open > 0).then(|| format!("stopped with {open} shards open: start again with the same --data in time"))
}

/// Ctrl-C, or what a service manager sends.
async fn stop_signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            stopped = tokio::signal::ctrl_c() => stopped,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

async fn open(args: &CommonArgs, executor: Arc<dyn Executor>) -> anyhow::Result<(Arc<Site>, Sender)> {
    let keys = keys(&args.key)?;
    std::fs::create_dir_all(&args.data)
        .with_context(|| format!("the folder {} cannot be made; choose another with --data", args.data.display()))?;
    let chain = shell::first_connection(|| Chain::connect(&args.rpc)).await?;
    let hot = keys.account();
    let me = args.key.stake.unwrap_or(hot);
    if me != hot {
        hot_key::check(&chain, &hot, &me).await?;
    }
    let db = Arc::new(Db::open(&args.data.join(db::FILE_NAME), &me, &chain.genesis())?);
    origin::confirm(&chain, &db).await?;
    if db.is_new() {
        // A node that is behind knows neither what the account has promised nor who answers for it.
        shell::current(|| chain.staleness()).await?;
    }
    refuse_second(&chain, &me).await?;
    judge_folder(&chain, &db, &me, args.without_open_shards).await?;
    // Or the account would be registered, and drawn, by a daemon that cannot keep a promise.
    db.check_takeable()?;
    let store = FolderStore::open(args.data.join("blobs"))
        .with_context(|| format!("blobs cannot be kept in {}", args.data.display()))?;
    let peer = Peer::bind(peer_config(&keys, args), store).await.with_context(|| cannot_serve(args.listen))?;
    let desk = Arc::new(Desk::default());
    peer.answer_with(Arc::new(Answering(site::Counter(desk.clone()))));
    if me != hot {
        tracing::info!(hot_key = keys.address(), "signing with a hot key");
    }
    tracing::info!(account = address(&me), executor = executor.name(), rpc = args.rpc, "started");
    let sender =
        chain.sender(keys).acting_for(me).with_outbox(db.clone()).context("what was sent before cannot be read")?;
    Ok((Arc::new(Site::new(me, peer, Arc::new(chain), executor, db, desk)), sender))
}

/// Refuses a folder that holds nothing where the chain knows of promises of the account: another one was the account's, or this one has
/// lost its database. In a folder that was the account's before, what is lacking is only warned of: what it does hold is served from
/// there, and no daemon that starts again in its own folder is ever refused.
async fn judge_folder(chain: &Chain, db: &Db, me: &Account, goes_without: bool) -> anyhow::Result<()> {
    let open = duty::open(chain, me).await?;
    if let Some(lost) = duty::lost(&open, me).filter(|_| db.is_new() && !goes_without) {
        anyhow::bail!(
            "{lost}. This folder holds none of it: name the one that does with --data; if that is gone for good, --without-open-shards \
             starts without it"
        );
    }
    if let Some(lacking) = duty::lacking(&open, me, db.is_new(), |attempt| db.has_promised(attempt))? {
        tracing::warn!(
            "{lacking}: if another folder does, stop this daemon and start it with that one as --data. What cannot be shown from here costs \
             what is locked for it"
        );
    }
    Ok(())
}

/// That an address cannot be served on, and what to do: what the system says when it is asked for that address alone.
fn cannot_serve(listen: SocketAddr) -> String {
    let remedy =
        UdpSocket::bind(listen).err().map_or("choose another with --listen", |error| doctor::address_remedy(&error));
    format!("peers cannot be served on {listen}; {remedy}")
}

/// The account's key.
fn keys(args: &KeyArgs) -> anyhow::Result<Keypair> {
    Ok(args.secret.key()?)
}

/// How peers are served. The endpoint's key follows from the account's, so it stays the same without another secret to keep.
fn peer_config(keys: &Keypair, args: &CommonArgs) -> Config {
    let mut config = Config::new(keys.derive(b"quern/endpoint"), args.listen);
    config.announce = args.announce.clone();
    if let Some(seed) = args.faulty_serving {
        tracing::error!("--faulty-serving: this daemon serves a part of all blobs and answers late or NOT AT ALL");
        config.faults = Some(Faults { seed, ..FAULTS });
    }
    config
}

fn executor(choice: ExecutorChoice) -> anyhow::Result<Arc<dyn Executor>> {
    Ok(match choice {
        ExecutorChoice::Auto => quern_executor::best(),
        ExecutorChoice::Cpu => Arc::new(CpuExecutor::new()),
        ExecutorChoice::Wgpu => {
            let adapters = gpu::adapters()?;
            let adapter = adapters.first().context("wgpu finds no adapter; use --executor cpu")?;
            let executor = gpu::GpuExecutor::on(adapter)?;
            quern_executor::self_test(&executor)
                .map_err(|mismatch| anyhow::anyhow!("{}: {mismatch}; use --executor cpu", adapter.name))?;
            Arc::new(executor)
        }
    })
}

/// What is registered of this machine: its free memory, and the rate that is measured now.
fn profile(executor: &dyn Executor, region: Option<Region>) -> anyhow::Result<Profile> {
    let gmacs_per_second = gmacs_per_second(executor).context("the executor's rate cannot be measured")?;
    tracing::info!(gmacs_per_second, "measured");
    let profile = Profile::new(memory_mib(), executor.name(), executor.is_accelerated());
    Ok(Profile { gmacs_per_second, region, ..profile })
}

/// Memory that was free for work when this was first asked, in MiB; 0 where the system does not say. What is registered, and what the
/// daemon goes by, are one number.
fn memory_mib() -> u32 {
    static FREE_MIB: OnceLock<u32> = OnceLock::new();
    *FREE_MIB.get_or_init(free_memory_mib)
}

fn free_memory_mib() -> u32 {
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.map_or(0, |kib| (kib / 1024).min(u64::from(u32::MAX)) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn process_should_end_when_a_computation_does_not_and_let_go_of_its_database_first() {
        let (end, ends) = mpsc::channel::<()>();
        let (ended, has_ended) = mpsc::channel();
        let database = Arc::new(());
        let held = database.clone();
        std::thread::spawn(move || {
            let result = block_on(async move {
                let computation = tokio::task::spawn_blocking(move || ends.recv());
                tokio::spawn(async move {
                    let _ = computation.await;
                    drop(held);
                });
                7
            });
            ended.send(result.unwrap()).unwrap();
        });
        assert_eq!(has_ended.recv_timeout(Duration::from_secs(60)), Ok(7));
        assert_eq!(Arc::strong_count(&database), 1);
        drop(end);
    }

    #[test]
    fn stop_should_be_warned_of_when_shards_are_open() {
        assert_eq!(left_open(0), None);
        assert!(left_open(3).is_some_and(|told| told.contains("3 shards open") && told.contains("--data")));
    }

    #[test]
    fn remedy_should_go_by_what_is_wrong_with_the_address_when_it_cannot_be_served_on() {
        let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
        let listen = taken.local_addr().unwrap();
        let told = cannot_serve(listen);
        assert!(told.contains(&listen.to_string()) && told.contains("stop the program that uses it"), "{told}");
        // An address for documentation (RFC 5737), which no machine has.
        let told = cannot_serve("192.0.2.1:7700".parse().unwrap());
        assert!(told.contains("an address of this machine"), "{told}");
    }
}
