// SPDX-License-Identifier: Apache-2.0
//! Who takes part: accounts, and how their processes are started.

use super::processes::{free_port, Binaries};
use crate::args::ExecutorChoice;
use anyhow::Context as _;
use quern_primitives::{Account, Balance, QRN};
use quern_sdk::chain::{calls, proxy::ProxyKind, Chain, Keypair};
use std::path::Path;
use tokio::process::Command;

/// Number of workers; the last one lies.
const WORKERS: u32 = 4;
/// Number of validator daemons.
const VALIDATORS: u32 = 3;
/// Number of workers where faults are injected; the last one lies, the one before it withholds.
const WORKERS_WITH_FAULTS: u32 = 6;
/// Number of validator daemons where faults are injected; the last one is lazy.
const VALIDATORS_WITH_FAULTS: u32 = 4;
/// Bonds of validators in QRN where faults are injected: the lazy one's falls below the minimum after a few fines, so that
/// it is drawn no more, and the others' are not so much higher that it is not drawn before, but enough for the audits of all shards
/// whose windows are open at a time.
const LAZY_BOND_QRN: u32 = 112;
const VALIDATOR_BOND_QRN: u32 = 400;
/// The worker and the validator whose daemons sign with a hot key.
const WITH_HOT_KEY: u32 = 1;
/// What a daemon bonds unless it is told otherwise.
const BOND_QRN: u32 = 1_000;
/// What a hot key is given.
const FUND: Balance = QRN;
/// The authorities of the local test network. The last one is stopped for a while; nobody else depends on it.
const AUTHORITIES: [&str; 4] = ["alice", "bob", "charlie", "dave"];

/// One account and its part.
#[derive(Clone)]
pub struct Member {
    /// What people call it.
    pub name: String,
    /// Its secret.
    pub suri: String,
    /// Its key.
    pub keys: Keypair,
    /// Its part.
    pub part: Part,
    /// The hot key that its daemon signs with, where that is not the account's own.
    pub hot: Option<HotKey>,
}

/// A daemon's hot key.
#[derive(Clone)]
pub struct HotKey {
    /// Its secret.
    suri: String,
    /// Its account.
    pub account: Account,
}

/// What an account does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Runs shards.
    Worker,
    /// Runs shards and corrupts every result.
    Liar,
    /// Runs shards and shows nothing of its results.
    Withholder,
    /// Audits shards.
    Validator,
    /// Answers audits without computing.
    Lazy,
    /// Pays.
    Requester,
}

impl Part {
    /// Whether it does wrong on purpose.
    pub fn misbehaves(self) -> bool {
        matches!(self, Self::Liar | Self::Withholder | Self::Lazy)
    }

    /// Whether it audits, well or badly.
    pub fn audits(self) -> bool {
        matches!(self, Self::Validator | Self::Lazy)
    }
}

impl Member {
    fn new(name: String, suri: String, part: Part) -> anyhow::Result<Self> {
        let keys = Keypair::from_suri(&suri)?;
        Ok(Self { name, suri, keys, part, hot: None })
    }

    /// The same with a hot key for its daemon.
    fn with_hot_key(self) -> anyhow::Result<Self> {
        let suri = format!("{}//hot", self.suri);
        let account = Keypair::from_suri(&suri)?.account();
        Ok(Self { hot: Some(HotKey { suri, account }), ..self })
    }

    /// What its daemon brings the bond up to, where it is told so, in QRN.
    fn bond_qrn(&self, faults: bool) -> Option<u32> {
        match self.part {
            Part::Lazy => Some(LAZY_BOND_QRN),
            Part::Validator if faults => Some(VALIDATOR_BOND_QRN),
            _ => None,
        }
    }

    /// Its name in file names.
    pub fn slug(&self) -> String {
        self.name.replace(' ', "-").replace(['(', ')'], "")
    }

    /// Its account.
    pub fn account(&self) -> Account {
        self.keys.account()
    }
}

/// Everybody.
pub struct Cast {
    /// Workers, the liar last.
    pub workers: Vec<Member>,
    /// Validators.
    pub validators: Vec<Member>,
    /// Who pays.
    pub requester: Member,
}

impl Cast {
    /// The accounts that a test chain endows; with more who misbehave where faults are injected.
    pub fn new(faults: bool) -> anyhow::Result<Self> {
        let (workers, validators) =
            if faults { (WORKERS_WITH_FAULTS, VALIDATORS_WITH_FAULTS) } else { (WORKERS, VALIDATORS) };
        let worker = |number| {
            let (part, does) = match number {
                _ if number == workers => (Part::Liar, " (lies)"),
                _ if faults && number + 1 == workers => (Part::Withholder, " (withholds)"),
                _ => (Part::Worker, ""),
            };
            let member = Member::new(format!("worker {number}{does}"), format!("//Worker//{number}"), part)?;
            if number == WITH_HOT_KEY {
                member.with_hot_key()
            } else {
                Ok(member)
            }
        };
        let validator = |number| {
            let (part, does) =
                if faults && number == validators { (Part::Lazy, " (lazy)") } else { (Part::Validator, "") };
            let member = Member::new(format!("validator {number}{does}"), format!("//Validator//{number}"), part)?;
            if number == WITH_HOT_KEY {
                member.with_hot_key()
            } else {
                Ok(member)
            }
        };
        Ok(Self {
            workers: (1..=workers).map(worker).collect::<anyhow::Result<_>>()?,
            validators: (1..=validators).map(validator).collect::<anyhow::Result<_>>()?,
            requester: Member::new("requester".into(), "//Requester".into(), Part::Requester)?,
        })
    }

    /// All daemons.
    pub fn daemons(&self) -> impl Iterator<Item = &Member> {
        self.workers.iter().chain(&self.validators)
    }

    /// Accounts that do wrong on purpose, and how.
    pub fn misbehaving(&self) -> impl Iterator<Item = (Account, Part)> + '_ {
        self.daemons().filter(|member| member.part.misbehaves()).map(|member| (member.account(), member.part))
    }

    /// What people call the accounts.
    pub fn names(&self) -> Vec<(Account, String)> {
        self.daemons().chain([&self.requester]).map(|member| (member.account(), member.name.clone())).collect()
    }
}

/// Bonds for an account, makes its hot key its proxy, and gives that something to exist by. Where it has none there is nothing to do.
pub async fn prepare_hot_key(chain: &Chain, member: &Member, faults: bool) -> anyhow::Result<()> {
    let Some(hot) = &member.hot else { return Ok(()) };
    let sender = chain.sender(member.keys.clone());
    let bond = QRN * Balance::from(member.bond_qrn(faults).unwrap_or(BOND_QRN));
    let failed = || format!("{} cannot be given a hot key", member.name);
    sender.send_and_wait(&calls::bond(bond)).await.with_context(failed)?;
    sender.send_and_wait(&calls::add_proxy(hot.account, ProxyKind::Daemon, 0)).await.with_context(failed)?;
    sender.send_and_wait(&calls::transfer(hot.account, FUND)).await.with_context(failed)?;
    Ok(())
}

/// A node of the network.
pub struct Node {
    /// What its process is called.
    pub name: String,
    /// Where it answers.
    pub rpc: String,
    /// What it was started with.
    arguments: Vec<String>,
}

impl Node {
    /// The node of a development chain, which is its only authority.
    pub fn development(folder: &Path) -> anyhow::Result<Self> {
        let listen = "/ip4/127.0.0.1/tcp/0";
        Self::new("node", folder, free_port()?, &["--dev", "--listen-addr", listen])
    }

    /// The nodes of a local test network, each an authority. All know the first one, and by it each other.
    pub async fn authorities(binaries: &Binaries, folder: &Path) -> anyhow::Result<Vec<Self>> {
        let key = folder.join("node-key");
        let (port, peer) = (free_port()?, node_key(binaries, &key).await?);
        let first = format!("/ip4/127.0.0.1/tcp/{port}");
        let (key, bootnode) = (key.to_string_lossy().into_owned(), format!("{first}/p2p/{peer}"));
        let node = |name: &&str| {
            let authority = format!("--{name}");
            let mut arguments = vec!["--chain", "local", "--validator", &authority, "--no-mdns", "--listen-addr"];
            if *name == AUTHORITIES[0] {
                arguments.extend([&first[..], "--node-key-file", &key]);
            } else {
                let own = ["/ip4/127.0.0.1/tcp/0", "--unsafe-force-node-key-generation", "--bootnodes", &bootnode];
                arguments.extend(own);
            }
            Self::new(&format!("node-{name}"), folder, free_port()?, &arguments)
        };
        AUTHORITIES.iter().map(node).collect()
    }

    fn new(name: &str, folder: &Path, rpc_port: u16, arguments: &[&str]) -> anyhow::Result<Self> {
        let base = folder.join(name).to_string_lossy().into_owned();
        let common = ["--no-telemetry", "--no-prometheus", "--base-path", &base, "--rpc-port", &rpc_port.to_string()]
            .map(String::from);
        let arguments = arguments.iter().map(ToString::to_string).chain(common).collect();
        Ok(Self { name: name.into(), rpc: format!("ws://127.0.0.1:{rpc_port}"), arguments })
    }

    /// How it is started.
    pub fn command(&self, binaries: &Binaries) -> Command {
        let mut command = Command::new(&binaries.node);
        command.args(&self.arguments);
        command
    }
}

/// Makes a node's key in a file; its peer id comes back.
async fn node_key(binaries: &Binaries, file: &Path) -> anyhow::Result<String> {
    let mut command = Command::new(&binaries.node);
    let made = command.args(["key", "generate-node-key", "--file"]).arg(file).output().await;
    let made = made.context("quern-node cannot be started")?;
    let said = String::from_utf8_lossy(&made.stderr).trim().to_owned();
    anyhow::ensure!(made.status.success(), "quern-node makes no key: {said}");
    said.lines().last().map(String::from).context("quern-node names no peer id")
}

/// How a daemon is started; with `faults` it serves badly.
pub fn daemon(
    binaries: &Binaries,
    folder: &Path,
    rpc: &str,
    member: &Member,
    executor: ExecutorChoice,
    faults: Option<u64>,
) -> Command {
    let mut command = Command::new(&binaries.worker);
    command.arg(if member.part.audits() { "validate" } else { "run" });
    command.args(["--rpc", rpc, "--executor", executor.as_str(), "--listen", "127.0.0.1:0"]);
    command.arg("--data").arg(folder.join(member.slug()));
    // Other users of the machine can see a command line, but not an environment.
    match &member.hot {
        Some(hot) => command.env("QUERN_SURI", &hot.suri).args(["--stake", &member.keys.address()]),
        None => command.env("QUERN_SURI", &member.suri),
    };
    match member.part {
        Part::Liar | Part::Lazy => drop(command.arg("--misbehave")),
        Part::Withholder => drop(command.arg("--misbehave=withhold")),
        Part::Worker | Part::Validator | Part::Requester => {}
    }
    if let Some(bond) = member.bond_qrn(faults.is_some()) {
        command.args(["--bond", &bond.to_string()]);
    }
    if let Some(seed) = faults {
        command.args(["--faulty-serving", &seed.to_string()]);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{ffi::OsStr, path::PathBuf};

    fn commands(faults: bool) -> Vec<(Part, Vec<String>)> {
        let binaries = Binaries { node: PathBuf::from("quern-node"), worker: PathBuf::from("quern-worker") };
        let cast = Cast::new(faults).unwrap();
        let command = |member: &Member| {
            let seed = faults.then_some(7);
            let command = daemon(&binaries, Path::new("/tmp/x"), "ws://x", member, ExecutorChoice::Cpu, seed);
            command.as_std().get_args().map(|arg| arg.to_string_lossy().into_owned()).collect()
        };
        cast.daemons().map(|member| (member.part, command(member))).collect()
    }

    #[test]
    fn only_who_misbehaves_should_be_told_to() {
        for (part, args) in [commands(false), commands(true)].concat() {
            let told = args.iter().any(|arg| arg.starts_with("--misbehave"));
            assert_eq!(told, part.misbehaves(), "{args:?}");
        }
    }

    #[test]
    fn liar_withholder_and_lazy_should_take_part_when_faults_are_injected() {
        let parts = |faults| {
            let wrong = Cast::new(faults).unwrap().misbehaving().map(|(_, part)| part).collect::<Vec<_>>();
            wrong
        };
        assert_eq!(parts(false), [Part::Liar]);
        assert_eq!(parts(true), [Part::Withholder, Part::Liar, Part::Lazy]);
    }

    #[test]
    fn validators_should_have_bonds_for_the_audits_of_sixty_shards_at_a_time_when_faults_are_injected() {
        let params = quern_protocol::Params::default();
        let cast = Cast::new(true).unwrap();
        let bonds = cast.daemons().filter(|member| member.part == Part::Validator).map(|member| member.bond_qrn(true));
        let bond: Balance = bonds.map(|bond| QRN * Balance::from(bond.unwrap_or(BOND_QRN))).sum();
        // Each locks its bond from the draw to the settlement.
        assert!(bond / (params.audit_bond * Balance::from(params.auditors)) >= 60);
    }

    #[test]
    fn every_daemon_should_have_a_folder_of_its_own() {
        let mut folders: Vec<String> = commands(false)
            .into_iter()
            .map(|(_, args)| args.iter().skip_while(|arg| *arg != "--data").nth(1).unwrap().clone())
            .collect();
        folders.sort();
        folders.dedup();
        assert_eq!(folders.len(), (WORKERS + VALIDATORS) as usize);
    }

    #[test]
    fn secrets_should_not_be_on_the_command_line() {
        assert!(commands(false).iter().all(|(_, args)| args.iter().all(|arg| !arg.contains("//Worker"))));
        let binaries = Binaries { node: PathBuf::new(), worker: PathBuf::from("w") };
        let cast = Cast::new(false).unwrap();
        let command = daemon(&binaries, Path::new("/"), "ws://x", &cast.workers[1], ExecutorChoice::Cpu, None);
        let envs: Vec<_> = command.as_std().get_envs().collect();
        assert_eq!(envs, [(OsStr::new("QUERN_SURI"), Some(OsStr::new("//Worker//2")))]);
    }

    #[test]
    fn a_worker_and_a_validator_should_have_hot_keys_and_not_those_of_their_stake() {
        let binaries = Binaries { node: PathBuf::new(), worker: PathBuf::from("w") };
        let cast = Cast::new(true).unwrap();
        let hot: Vec<_> = cast.daemons().filter(|member| member.hot.is_some()).collect();
        assert_eq!(hot.iter().map(|member| member.part).collect::<Vec<_>>(), [Part::Worker, Part::Validator]);
        for member in hot {
            let command = daemon(&binaries, Path::new("/"), "ws://x", member, ExecutorChoice::Cpu, None);
            let envs: Vec<_> = command.as_std().get_envs().collect();
            let suri = format!("{}//hot", member.suri);
            assert_eq!(envs, [(OsStr::new("QUERN_SURI"), Some(OsStr::new(&suri)))]);
            let args: Vec<_> = command.as_std().get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
            let at = args.iter().position(|arg| arg == "--stake").unwrap();
            assert_eq!(args[at + 1], member.keys.address());
            assert_ne!(member.hot.as_ref().unwrap().account, member.account());
        }
    }
}
