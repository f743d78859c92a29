// SPDX-License-Identifier: Apache-2.0
//! What was seen, judged: no clock, no socket, no disk.

use super::finding::{Finding, Problem, LOW_DISK_MIB};
use crate::{
    args::{DoctorArgs, ExecutorChoice, RoleChoice},
    core::Attempt,
    db::{DbError, Identity},
    duty::{self, Duty},
    enroll,
    hot_key::{self, HotKeyFault},
    origin::Origin,
    planting::PlantingFault,
    status::Facts,
};
use quern_primitives::{plant::Plant, traits::Role, Account, Balance, QRN};
use quern_protocol::shard::Shard;
use quern_sdk::{
    chain::{
        address,
        amount::qrn,
        health::{NodeHealth, RuntimeVersion},
        proxy::ProxyView,
    },
    net::address::to_socket,
};
use std::{collections::HashSet, convert::Infallible, net::SocketAddr, path::PathBuf, time::Duration};

/// Least balance for fees: enough for some thousand extrinsics.
const FEES: Balance = QRN / 10;
/// Differences of clocks that are not worth a word, beside the length of a slot.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5);

/// A node.
#[derive(Clone, Debug)]
pub struct NodeSeen {
    /// How it is.
    pub health: NodeHealth,
    /// Its best block.
    pub height: u32,
    /// Its runtime.
    pub runtime: RuntimeVersion,
    /// The runtime that this program was built for.
    pub built_for: RuntimeVersion,
    /// Milliseconds of a slot.
    pub slot_ms: u64,
    /// How long the best block stands when no newer one came while it was watched; else none.
    pub stalled: Option<Duration>,
    /// Milliseconds that this machine's clock is ahead of a block that has just come.
    pub ahead_ms: Option<i64>,
}

/// Judges a planting account by what it needs and what it has posted.
pub fn planting(judged: Result<(), PlantingFault>, plants: &[Plant], height: u32) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        judged.err().map(|fault| Finding::problem("plants", Problem::Planting(fault))).into_iter().collect();
    let held: Balance = plants.iter().map(|plant| plant.deposit).sum();
    findings.push(Finding::ok(
        "plants",
        match plants.iter().map(|plant| plant.expires_at).min() {
            None => "no plant or decoy is under way".into(),
            Some(first) => format!(
                "{} plants and decoys under way, {} held, the first is lost in {} blocks if it is not opened",
                plants.len(),
                qrn(held),
                first.saturating_sub(height)
            ),
        },
    ));
    findings
}

/// Judges a node.
pub fn node(seen: &NodeSeen) -> Vec<Finding> {
    let mut findings = Vec::new();
    let NodeSeen { health, height, runtime, built_for, .. } = seen;
    let mut problem = |problem| findings.push(Finding::problem("node", problem));
    if runtime.spec_name != built_for.spec_name
        || runtime.spec_version != built_for.spec_version
        || runtime.transaction_version != built_for.transaction_version
    {
        problem(Problem::OtherRuntime { found: runtime.clone(), expected: built_for.clone() });
    }
    if health.is_syncing {
        problem(Problem::Syncing { height: *height });
    } else if let Some(age) = seen.stalled {
        problem(Problem::Stalled { height: *height, seconds: age.as_secs() });
    }
    if health.should_have_peers && health.peers == 0 {
        problem(Problem::NoPeers);
    }
    if findings.is_empty() {
        let text = format!(
            "at block {height}, {} peers, {} spec_version {}",
            health.peers, runtime.spec_name, runtime.spec_version
        );
        findings.push(Finding::ok("node", text));
    }
    if let Some(ahead) = seen.ahead_ms {
        let late = i64::try_from(seen.slot_ms).unwrap_or(i64::MAX);
        let tolerance = CLOCK_TOLERANCE.as_millis() as i64;
        // A block is a slot under way at most, so a little lateness is none of the clock's.
        let is_off = ahead < -tolerance || ahead > tolerance.saturating_add(late);
        findings.push(match is_off {
            true => Finding::problem("clock", Problem::Clock { seconds: ahead / 1_000 }),
            false => Finding::ok("clock", "agrees with the chain's"),
        });
    }
    findings
}

/// What the folder of a daemon that does not run holds.
#[derive(Debug)]
pub struct Held {
    /// Whether nothing was ever kept in it.
    pub is_new: bool,
    /// In which attempts something was promised.
    pub promised: HashSet<Attempt>,
}

/// Judges what a folder holds by what the account owes.
pub fn held(held: &Held, open: &[(Shard, Duty)], me: &Account) -> Option<Finding> {
    let has_promised = |attempt| Ok::<_, Infallible>(held.promised.contains(&attempt));
    let Ok(lacking) = duty::lacking(open, me, held.is_new, has_promised);
    lacking.map(|lacking| Finding::problem("shards", Problem::Lacking(lacking)))
}

/// A data folder.
#[derive(Debug)]
pub struct FolderSeen {
    /// Where.
    pub path: PathBuf,
    /// Whether it can be written, or why not.
    pub writable: std::io::Result<()>,
    /// Free space on its disk.
    pub free_mib: Option<u64>,
    /// Whose database is in it.
    pub database: Result<Option<Identity>, DbError>,
    /// What it holds; none where that cannot be read.
    pub held: Option<Held>,
    /// Whose daemon runs or ran last with it, as that said itself.
    pub told: Identity,
    /// Whether the daemon was told to drain.
    pub drains: bool,
}

impl FolderSeen {
    /// Whether a daemon runs with it.
    pub fn is_in_use(&self) -> bool {
        matches!(self.database, Err(DbError::InUse))
    }

    /// Whose it is, as its database says, or while a daemon has that open as the daemon said.
    fn identity(&self) -> Option<&Identity> {
        match &self.database {
            Ok(found) => found.as_ref(),
            Err(DbError::InUse) => Some(&self.told),
            Err(_) => None,
        }
    }

    /// Whether it is of another account or chain, so that nothing here is about its daemon.
    pub fn is_anothers(&self, account: Option<Account>, node: Option<Origin>) -> bool {
        self.identity().and_then(|found| others(found, account, node)).is_some()
    }
}

/// Judges a data folder, for an account on a chain where these are known.
pub fn folder(seen: FolderSeen, account: Option<Account>, origin: Option<Origin>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let anothers = seen.identity().and_then(|found| others(found, account, origin));
    let shown = seen.path.display().to_string();
    match seen.writable {
        Ok(()) => findings.push(Finding::ok("data folder", format!("{shown} can be written"))),
        Err(reason) => findings.push(Finding::problem("data folder", Problem::NotWritable(seen.path.clone(), reason))),
    }
    match seen.free_mib {
        Some(free_mib) if free_mib < LOW_DISK_MIB => {
            findings.push(Finding::problem("disk", Problem::DiskFull { folder: seen.path, free_mib }))
        }
        Some(free_mib) => findings.push(Finding::ok("disk", format!("{} GiB are free", free_mib / 1_024))),
        None => {}
    }
    let database = match (anothers, seen.database) {
        (Some(problem), _) => Err(problem),
        (None, Ok(None)) => Ok("none yet: the daemon makes one".to_owned()),
        (None, Ok(Some(found))) => Ok(whose(&found, account)),
        (None, Err(DbError::InUse)) => Ok("in use: a daemon runs with this folder".to_owned()),
        (None, Err(error)) => Err(Problem::Database(error)),
    };
    findings.push(Finding { check: "database", outcome: database });
    if seen.drains {
        findings.push(Finding::problem("drain", Problem::Drains));
    }
    findings
}

/// Whose a folder is that this account may use, where it is known which is meant.
fn whose(folder: &Identity, account: Option<Account>) -> String {
    match (folder.account, account) {
        (Some(_), Some(_)) => "of this account, chain and version".into(),
        (Some(found), None) => format!("of the account {}", address(&found)),
        (None, _) => "of this version; nothing was kept in it yet, so it is nobody's".into(),
    }
}

/// That the folder is of another account or chain, as far as both are known.
fn others(folder: &Identity, account: Option<Account>, node: Option<Origin>) -> Option<Problem> {
    match (folder.account, account) {
        (Some(found), Some(account)) if found != account => {
            Some(Problem::OtherAccount { found: address(&found), meant: address(&account) })
        }
        _ => other_chain(&folder.origin?, &node?),
    }
}

/// That a folder's chain is another one than the node's.
pub fn other_chain(folder: &Origin, node: &Origin) -> Option<Problem> {
    if folder.is_same(node) != Some(false) {
        return None;
    }
    if folder.genesis != node.genesis {
        let (found, expected) = (hex::encode(folder.genesis), hex::encode(node.genesis));
        return Some(Problem::OtherGenesis { found, expected });
    }
    Some(Problem::OtherFirstBlock { found: folder.first_block?, here: node.first_block? })
}

/// What is wanted of the account.
#[derive(Clone, Copy, Debug)]
pub struct Wants {
    /// What it is to do.
    pub role: Role,
    /// Bond to be brought up to.
    pub bond: Balance,
    /// Price per GMAC.
    pub ask: Balance,
    /// Whether a daemon runs with the data folder.
    pub is_running: bool,
    /// Whether it begins with nothing and earns its bond.
    pub apprentice: bool,
    /// Whether a hot key signs for it.
    pub by_hot_key: bool,
}

impl Wants {
    /// What the command line says.
    pub fn of(args: &DoctorArgs, is_running: bool) -> Self {
        let role = match args.role {
            RoleChoice::Worker => Role::Worker,
            RoleChoice::Validator => Role::Validator,
        };
        Self {
            role,
            bond: u128::from(args.common.bond) * QRN,
            ask: args.ask,
            is_running,
            apprentice: args.apprentice,
            by_hot_key: args.common.key.stake.is_some(),
        }
    }
}

/// Judges what the chain knows of the account.
pub fn account(facts: &Facts, wants: &Wants, memory_mib: u32) -> Vec<Finding> {
    let mut findings = Vec::new();
    let money = &facts.money;
    let missing = wants.bond.saturating_sub(money.bonded);
    let is_apprentice = facts.participant.as_ref().is_some_and(|found| found.role == Role::Apprentice);
    // As the daemon sees it: who was enrolled goes on earning, unless it has the bond by now.
    let earns = wants.apprentice || (wants.role == Role::Worker && is_apprentice && missing > money.free);
    if earns {
        findings.push(Finding::ok(
            "bond",
            format!("{} of {} that a worker needs; an apprentice earns it", qrn(money.bonded), qrn(facts.minimum_bond)),
        ));
        findings.push(Finding::ok("fees", "an apprentice needs nothing for them"));
    } else {
        findings.extend(bond_and_fees(facts, wants, missing));
    }
    let is_validator = facts.participant.as_ref().is_some_and(|found| found.role == Role::Validator);
    let (free, needed) = (facts.free_bond(), facts.audit_needs());
    if is_validator && money.bonded >= facts.minimum_bond && free < needed {
        findings.push(Finding::problem("audits", Problem::AuditBondLocked { free, needed }));
    }
    findings.extend(registration(facts, wants, memory_mib));
    findings
}

/// Judges a hot key: what the account's proxies are, what the key's own account owns, and the least that an account may own.
pub fn hot_key(
    stake: &Account,
    hot: &Account,
    proxies: &[ProxyView],
    free: Balance,
    existential_deposit: Balance,
) -> Vec<Finding> {
    let acts = match hot_key::judge(proxies, hot, stake) {
        Ok(()) => Finding::ok("hot key", format!("acts for {}", address(stake))),
        Err(fault) => Finding::problem("hot key", Problem::HotKey(fault)),
    };
    let fees = if free < existential_deposit {
        Finding::problem("fees", Problem::HotKey(HotKeyFault::Empty { hot: address(hot) }))
    } else if free < FEES {
        Finding::problem("fees", Problem::NoFees { free })
    } else {
        Finding::ok("fees", format!("{} left for them; what is owed in shards is free", qrn(free)))
    };
    vec![acts, fees]
}

/// What to think of a daemon that signs with the stake's own key.
pub fn stake_key(wants: &Wants) -> Option<Finding> {
    // An apprentice has none yet that a thief could want, and enrols with its own key.
    (!wants.by_hot_key && !wants.apprentice).then(|| Finding::problem("hot key", Problem::StakeKey))
}

/// The bond of an account for which a hot key signs: the daemon cannot add to it, and pays no fees from it.
fn bond_of_stake(facts: &Facts, missing: Balance) -> Vec<Finding> {
    let (bonded, minimum) = (facts.money.bonded, facts.minimum_bond);
    vec![if bonded < minimum {
        Finding::problem("bond", Problem::StakeUnbonded { bonded, minimum })
    } else if missing > 0 {
        Finding::ok("bond", format!("{}, {} below --bond: quern stake bond adds to it", qrn(bonded), qrn(missing)))
    } else {
        Finding::ok("bond", format!("{}, {} of it free", qrn(bonded), qrn(facts.free_bond())))
    }]
}

fn bond_and_fees(facts: &Facts, wants: &Wants, missing: Balance) -> Vec<Finding> {
    if wants.by_hot_key {
        return bond_of_stake(facts, missing);
    }
    let (mut findings, money) = (Vec::new(), &facts.money);
    let (bonded, minimum, is_running) = (money.bonded, facts.minimum_bond, wants.is_running);
    let is_low = facts.participant.is_some() && bonded < minimum;
    let is_taken_out = is_low && is_running && facts.participant.as_ref().map(|found| found.role) == Some(wants.role);
    let bond = if wants.bond < minimum && bonded < minimum {
        Err(Problem::BondTooLow { wanted: wants.bond, minimum })
    } else if missing > money.free && !is_taken_out {
        Err(Problem::Poor { free: money.free, missing })
    } else if is_low {
        Err(Problem::BondMissing { bonded, minimum, is_running })
    } else if missing > 0 {
        Ok(format!("{}; the daemon adds {}", qrn(money.bonded), qrn(missing)))
    } else {
        Ok(format!("{}, {} of it free", qrn(money.bonded), qrn(facts.free_bond())))
    };
    let is_poor = matches!(bond, Err(Problem::Poor { .. }));
    findings.push(Finding { check: "bond", outcome: bond });
    // A daemon that runs adds nothing to the bond.
    let left = money.free.saturating_sub(if is_running { 0 } else { missing });
    if !is_poor {
        findings.push(match left < FEES {
            true => Finding::problem("fees", Problem::NoFees { free: left }),
            false => Finding::ok("fees", format!("{} left for them", qrn(left))),
        });
    }
    findings
}

fn registration(facts: &Facts, wants: &Wants, memory_mib: u32) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(found) = &facts.participant else {
        // An apprentice's enrolment takes a while.
        if wants.is_running && !wants.apprentice {
            findings.push(Finding::problem("registration", Problem::Unregistered));
            return findings;
        }
        let how = if wants.apprentice { "enrols the account as an apprentice" } else { "registers the account" };
        findings.push(Finding::ok("registration", format!("none yet: the daemon {how}")));
        return findings;
    };
    let does = if found.role == Role::Apprentice { Role::Worker } else { found.role };
    findings.push(if does != wants.role {
        Finding::problem("registration", Problem::OtherRole(found.role))
    } else if found.barred {
        Finding::problem("registration", Problem::Barred)
    } else if facts.is_retiring {
        Finding::problem("registration", Problem::Retiring)
    } else {
        Finding::ok("registration", format!("as a {:?}, at {}", found.role, enroll::addresses(&found.endpoint)))
    });
    if found.role != Role::Validator {
        let registered = found.profile.memory_mib;
        // What a running daemon uses is not missing.
        findings.push(match registered > memory_mib && !wants.is_running {
            true => Finding::problem("memory", Problem::Memory { registered, present: memory_mib }),
            false => Finding::ok("memory", format!("{registered} MiB registered, {memory_mib} MiB free")),
        });
        if wants.is_running {
            findings.push(match found.slots {
                0 => Finding::problem("slots", Problem::NoSlots),
                slots => Finding::ok("slots", format!("{} of {slots} taken", found.open)),
            });
        }
    }
    findings
}

/// Judges the ask against what is bid.
pub fn ask(facts: &Facts, wants: &Wants) -> Option<Finding> {
    if wants.role != Role::Worker {
        return None;
    }
    let Some(highest) = facts.wanted.iter().map(|wanted| wanted.bid).max() else {
        return Some(Finding::ok(
            "ask",
            format!("{} per GMAC; no shard waits that it could be held against", qrn(wants.ask)),
        ));
    };
    Some(match wants.ask > highest {
        true => Finding::problem("ask", Problem::AskTooHigh { ask: wants.ask, highest }),
        false => Finding::ok("ask", format!("{} per GMAC, within the highest bid of {}", qrn(wants.ask), qrn(highest))),
    })
}

/// Judges where peers find the daemon. `others` are addresses that other accounts registered, `answer` is what came back from
/// the registered endpoint.
pub fn endpoint(
    facts: &Facts,
    told: &[SocketAddr],
    others: &[SocketAddr],
    answer: Option<Result<(), String>>,
    wants: &Wants,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let registered: Vec<SocketAddr> = facts
        .participant
        .as_ref()
        .map(|found| found.endpoint.addresses.iter().map(|at| to_socket(*at)).collect())
        .unwrap_or_default();
    let now = if wants.is_running { &registered[..] } else { told };
    let is_local = !now.is_empty() && now.iter().all(|at| at.ip().is_loopback());
    // On a test network on one machine that is as it should be.
    if is_local && others.iter().any(|at| !at.ip().is_loopback()) {
        let addresses: Vec<String> = now.iter().map(SocketAddr::to_string).collect();
        findings.push(Finding::problem("endpoint", Problem::Loopback(addresses.join(", "))));
    }
    match answer {
        Some(Ok(())) => {
            findings.push(Finding::ok("endpoint", "the daemon answers at its registered addresses, from here"))
        }
        Some(Err(reason)) => {
            let addresses = registered.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(", ");
            findings.push(match wants.is_running {
                true => Finding::problem("endpoint", Problem::Unreachable { addresses, reason }),
                false => Finding::problem("daemon", Problem::NotRunning { addresses }),
            });
        }
        None if wants.is_running => {}
        None => {
            let start = match wants.role {
                Role::Worker | Role::Apprentice => "run",
                Role::Validator => "validate",
            };
            findings.push(Finding::ok(
                "daemon",
                format!("none answers for this account yet; start one: quern-worker {start}"),
            ));
        }
    }
    findings
}

/// A device that programs can run on.
#[derive(Clone, Debug)]
pub struct DeviceSeen {
    /// Its name.
    pub name: String,
    /// Whether it is the processor in disguise.
    pub software: bool,
    /// How its known-answer run came out.
    pub answer: Result<(), String>,
}

/// Judges the devices: the processor, and what wgpu finds.
pub fn devices(
    processor: &DeviceSeen,
    found: &Result<Vec<DeviceSeen>, String>,
    choice: ExecutorChoice,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let judge = |device: &DeviceSeen, is_needed| match &device.answer {
        Ok(()) => Finding::ok("device", format!("{} computes as it should", device.name)),
        Err(mismatch) => {
            let (device, mismatch) = (device.name.clone(), mismatch.clone());
            Finding::problem("device", Problem::Miscomputes { device, mismatch, is_needed })
        }
    };
    findings.push(judge(processor, choice != ExecutorChoice::Wgpu));
    if choice == ExecutorChoice::Cpu {
        return findings;
    }
    match found {
        Err(reason) => findings.push(Finding::problem("device", Problem::NoVulkan(reason.clone()))),
        Ok(devices) => {
            let hardware = devices.iter().filter(|device| !device.software);
            if let (None, Some(first)) = (hardware.clone().next(), devices.first()) {
                findings.push(Finding::problem("device", Problem::OnlySoftware(first.name.clone())));
            }
            for (index, device) in devices.iter().enumerate() {
                findings.push(judge(device, choice == ExecutorChoice::Wgpu && index == 0));
            }
        }
    }
    findings
}
