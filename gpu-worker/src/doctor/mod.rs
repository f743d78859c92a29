// SPDX-License-Identifier: Apache-2.0
//! `quern-worker doctor`: looks at everything that a daemon needs, says what is wrong, and what to do. It changes nothing.

mod finding;
mod judge;
#[cfg(test)]
mod tests;

pub use finding::{address_remedy, Finding, FindingReport, Level, Problem, LEAST_DISK_MIB};
pub(crate) use judge::other_chain;

use crate::{
    args::{CommonArgs, DoctorArgs, ExecutorChoice, KeyArgs},
    db::{self, mark, Db},
    disk, drain, duty,
    hot_key::{self, HotKeyFault},
    origin::Origin,
    planting,
    status::Facts,
};
use judge::{DeviceSeen, FolderSeen, Held, NodeSeen, Wants};
use quern_executor::{cpu::CpuExecutor, gpu, Executor};
use quern_primitives::{Account, Height};
use quern_protocol::view::MAX_PAGE;
use quern_sdk::{
    chain::{
        health::{self, RuntimeVersion},
        Chain, ChainError, KeyError, Keypair,
    },
    net::{address::to_socket, probe},
};
use serde::Serialize;
use std::{
    fmt::Write as _,
    io::Write as _,
    net::{SocketAddr, UdpSocket},
    path::Path,
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How long the registered endpoint has to answer.
const PROBE: Duration = Duration::from_secs(4);
/// Columns of the report.
const WIDTH: usize = 80;

/// Looks, and reports.
pub async fn run(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let findings = examine(&args).await;
    let count = |level| findings.iter().filter(|finding| finding.level() == level).count();
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    if args.json {
        #[derive(Serialize)]
        struct Report {
            errors: usize,
            warnings: usize,
            findings: Vec<FindingReport>,
        }
        let findings = findings.iter().map(FindingReport::from).collect();
        println!("{}", serde_json::to_string(&Report { errors, warnings, findings })?);
    } else {
        print!("{}", text(&findings));
        println!("\n{}, {}", counted(errors, "error"), counted(warnings, "warning"));
    }
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All findings, in the order in which a daemon needs things.
pub async fn examine(args: &DoctorArgs) -> Vec<Finding> {
    let common = &args.common;
    let mut findings = Vec::new();
    let key = key(&common.key);
    let keys = match key {
        Ok(keys) => {
            findings.push(Finding::ok("key", keys.address()));
            Some(keys)
        }
        Err(problem) => {
            findings.push(Finding::problem("key", problem));
            None
        }
    };
    let hot = keys.as_ref().map(Keypair::account);
    let mut account = common.key.stake.or(hot);
    let chain = Chain::connect(&common.rpc).await;
    let origin = match &chain {
        // A node that fails to tell is found wanting below.
        Ok(chain) => Origin::of(chain).await.ok(),
        Err(_) => None,
    };

    if let (Ok(chain), Some(hot)) = (&chain, hot) {
        if let Some(fault) = exported_stake(chain, &common.key, &hot).await {
            findings.push(Finding::problem("hot key", Problem::HotKey(fault)));
            // Nobody knows whose account is meant.
            account = None;
        }
    }
    let mut folder = look_at_folder(&common.data);
    let held = folder.held.take();
    let wants = Wants::of(args, folder.is_in_use());
    // Nothing that this chain says of this account is about the daemon of another one's folder.
    let is_anothers = folder.is_anothers(account, origin);
    findings.extend(judge::folder(folder, account, origin));
    if !wants.is_running {
        findings.push(match UdpSocket::bind(common.listen) {
            Ok(_) => Finding::ok("port", format!("{} is free", common.listen)),
            Err(error) => Finding::problem("port", Problem::Port { address: common.listen, reason: error }),
        });
    }
    match chain {
        Err(error) => findings.push(Finding::problem("node", Problem::Node(error))),
        Ok(chain) => {
            let judged = account.filter(|_| !is_anothers);
            if let Err(error) = examine_chain(&chain, common, judged, hot, held, &wants, &mut findings).await {
                findings.push(Finding::problem("node", Problem::Node(error)));
            }
            if let Some(named) = args.plant_from.as_ref().filter(|_| !is_anothers) {
                let own = [account, hot].into_iter().flatten().collect::<Vec<_>>();
                match examine_planting(&chain, named, &own).await {
                    Ok(found) => findings.extend(found),
                    Err(error) => findings.push(Finding::problem("node", Problem::Node(error))),
                }
            }
        }
    }
    let choice = common.executor;
    let devices = tokio::task::spawn_blocking(move || {
        let (processor, found) = look_at_devices(choice);
        judge::devices(&processor, &found, choice)
    });
    match devices.await {
        Ok(devices) => findings.extend(devices),
        Err(error) => {
            let (device, mismatch) = ("the known-answer run".into(), error.to_string());
            findings.push(Finding::problem("device", Problem::Miscomputes { device, mismatch, is_needed: true }));
        }
    }
    findings
}

/// That the key is typed, and none of the account that the environment names as the stake's.
async fn exported_stake(chain: &Chain, key: &KeyArgs, hot: &Account) -> Option<HotKeyFault> {
    let stake = key.stake.filter(|stake| key.is_stake_exported.0 && stake != hot)?;
    // A node that fails to tell is found wanting below.
    hot_key::exported(&chain.proxies(&stake).await.ok()?, hot, &stake)
}

async fn examine_chain(
    chain: &Chain,
    common: &CommonArgs,
    account: Option<Account>,
    hot: Option<Account>,
    held: Option<Held>,
    wants: &Wants,
    findings: &mut Vec<Finding>,
) -> Result<(), ChainError> {
    findings.extend(judge::node(&look_at_node(chain).await?));
    let Some(account) = account else { return Ok(()) };
    match hot.filter(|_| wants.by_hot_key) {
        Some(hot) => {
            let (proxies, free) = (chain.proxies(&account).await?, chain.account(&hot).await?.free);
            let existential_deposit = chain.existential_deposit().await?;
            findings.extend(judge::hot_key(&account, &hot, &proxies, free, existential_deposit));
        }
        None => findings.extend(judge::stake_key(wants)),
    }
    let facts = Facts::of(chain, account).await?;
    findings.extend(judge::account(&facts, wants, crate::memory_mib()));
    if let Some(held) = held {
        findings.extend(judge::held(&held, &duty::open(chain, &account).await?, &account));
    }
    findings.extend(judge::ask(&facts, wants));
    let told = if common.announce.is_empty() { vec![common.listen] } else { common.announce.clone() };
    let answer = match &facts.participant {
        Some(found) => Some(probe(&found.endpoint, PROBE).await.map_err(|error| error.to_string())),
        None => None,
    };
    let others = other_addresses(chain, &account).await?;
    findings.extend(judge::endpoint(&facts, &told, &others, answer, wants));
    Ok(())
}

async fn examine_planting(chain: &Chain, named: &str, own: &[Account]) -> Result<Vec<Finding>, ChainError> {
    let account = match planting::keys(named) {
        Ok(keys) => keys.account(),
        Err(error) => return Ok(vec![Finding::problem("plants", Problem::PlantKey(error.to_string()))]),
    };
    let (terms, params, money) = (chain.plant_terms().await?, chain.params().await?, chain.account(&account).await?);
    let owns = (money.free, money.bonded.saturating_sub(money.locked));
    let plants = chain.plants().await?.into_iter().filter(|(_, plant)| plant.owner == account);
    let plants: Vec<_> = plants.map(|(_, plant)| plant).collect();
    let judged = planting::judge(&account, own, owns, &terms, &params);
    Ok(judge::planting(judged, &plants, chain.best().await?.0))
}

/// Addresses that other accounts registered.
async fn other_addresses(chain: &Chain, me: &Account) -> Result<Vec<SocketAddr>, ChainError> {
    let page = chain.workers(0, MAX_PAGE).await?;
    let others = page.iter().filter(|found| found.account != *me);
    Ok(others.flat_map(|found| found.endpoint.addresses.iter().map(|at| to_socket(*at))).collect())
}

fn key(args: &KeyArgs) -> Result<Keypair, Problem> {
    args.secret.key().map_err(|error| match error {
        KeyError::Secret(_, error) => Problem::BadKey(error),
        KeyError::File(error) => Problem::KeyFile(error),
        KeyError::None => Problem::NoKey,
    })
}

async fn look_at_node(chain: &Chain) -> Result<NodeSeen, ChainError> {
    let slot_ms = chain.network().await?.slot_ms;
    let (first, hash) = chain.best().await?;
    let (height, ahead_ms, stalled): (Height, _, _) = match chain.newer_head(first, slot_ms).await? {
        Some(head) => (head.height, Some(ahead_ms(now(), chain.block_time(head.hash).await?)), None),
        None => (first, None, Some(now().saturating_sub(chain.block_time(hash).await?))),
    };
    let unknown = || RuntimeVersion { spec_name: "unknown".into(), spec_version: 0, transaction_version: 0 };
    Ok(NodeSeen {
        health: chain.health().await?,
        height,
        runtime: chain.runtime_version().await?,
        built_for: health::built_for().unwrap_or_else(unknown),
        slot_ms,
        stalled,
        ahead_ms,
    })
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn ahead_ms(here: Duration, there: Duration) -> i64 {
    let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    millis(here).saturating_sub(millis(there))
}

fn look_at_folder(path: &Path) -> FolderSeen {
    // The nearest folder that exists: the daemon makes the rest. The last ancestor of a relative path is empty, and means this folder.
    let mut folders =
        path.ancestors().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let there = folders.find(|folder| folder.exists()).unwrap_or(path);
    let file = path.join(db::FILE_NAME);
    let (database, held) = match Db::look(&file) {
        Ok(found) => {
            let (identity, promised) = found.unzip();
            let is_new = identity.is_none_or(|identity| identity.account.is_none());
            (Ok(identity), Some(Held { is_new, promised: promised.unwrap_or_default() }))
        }
        Err(error) => (Err(error), None),
    };
    FolderSeen {
        path: path.into(),
        writable: try_write(there),
        free_mib: disk::free_mib(there),
        database,
        held,
        told: mark::told(path),
        drains: drain::is_asked(path),
    }
}

fn try_write(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".quern-doctor-{}", std::process::id()));
    let written = std::fs::File::create_new(&path).and_then(|mut file| {
        file.write_all(b"written by quern-worker doctor")?;
        file.sync_all()
    });
    let removed = std::fs::remove_file(&path);
    written.and(removed)
}

fn look_at_devices(choice: ExecutorChoice) -> (DeviceSeen, Result<Vec<DeviceSeen>, String>) {
    let answer = |executor: &dyn Executor| quern_executor::self_test(executor).map_err(|error| error.to_string());
    let processor = CpuExecutor::new();
    let processor = DeviceSeen { name: processor.name().into(), software: false, answer: answer(&processor) };
    if choice == ExecutorChoice::Cpu {
        return (processor, Ok(Vec::new()));
    }
    let found = gpu::adapters().map_err(|error| error.to_string()).map(|adapters| {
        let seen = |adapter: &gpu::Adapter| DeviceSeen {
            name: adapter.name.clone(),
            software: adapter.software,
            answer: gpu::GpuExecutor::on(adapter)
                .map_err(|error| error.to_string())
                .and_then(|executor| answer(&executor)),
        };
        adapters.iter().map(seen).collect()
    });
    (processor, found)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn text(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let (mark, what) = match &finding.outcome {
            Ok(what) => ("ok", what.clone()),
            Err(problem) if problem.level() == Level::Error => ("ERROR", problem.to_string()),
            Err(problem) => ("warning", problem.to_string()),
        };
        let _ = writeln!(out, "{mark:<8}{:<13}{}", finding.check, wrapped(&what, 21));
        if let Err(problem) = &finding.outcome {
            let _ = writeln!(out, "{:21}what to do: {}", "", wrapped(problem.fix(), 21));
        }
    }
    out
}

/// A text in lines of at most [`WIDTH`] columns, the later ones indented.
fn wrapped(text: &str, indent: usize) -> String {
    let room = WIDTH.saturating_sub(indent + "what to do: ".len());
    let (mut out, mut column) = (String::new(), 0);
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > room {
            let _ = write!(out, "\n{:indent$}", "");
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out
}
