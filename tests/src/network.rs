// SPDX-License-Identifier: Apache-2.0
//! A chain with daemons, all of them real processes in a temporary folder.

use crate::{
    command::{self, Ran},
    eventually,
    process::{self, Process},
    PATIENCE,
};
use quern_primitives::{traits::Role, Account, Balance, Height, JobId, ShardId, QRN};
use quern_protocol::{
    shard::Phase,
    view::{JobStatus, JobView, ShardView},
};
use quern_sdk::chain::{
    runtime::{slashing, Event},
    Chain, Keypair,
};
use serde_json::{json, Value};
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tempfile::TempDir;

/// Who pays in tests.
pub const REQUESTER: &str = "//Requester";
/// The bond of every daemon.
pub const BOND: Balance = 1_000 * QRN;

/// A TCP port of the loopback interface that nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be opened");
    listener.local_addr().expect("it has an address").port()
}

/// A command that runs a node with this base path and RPC port on a chain of its own.
pub fn node(folder: &Path, base: &Path, rpc_port: u16) -> Command {
    let mut command = process::command("quern-node", folder);
    command
        .args(["--no-telemetry", "--no-prometheus", "--listen-addr", "/ip4/127.0.0.1/tcp/0"])
        .args(["--rpc-port", &rpc_port.to_string()])
        .arg("--base-path")
        .arg(base);
    command
}

/// A slash as the chain told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slash {
    /// What was done.
    pub kind: String,
    /// By whom.
    pub offender: Account,
    /// What was taken.
    pub amount: Balance,
}

/// A running network. Everything of it is gone when it is dropped.
pub struct Network {
    /// Where the node answers.
    pub rpc: String,
    /// A connection to it.
    pub chain: Chain,
    // Processes are dropped, and so killed, before their folder is removed.
    _node: Process,
    folder: TempDir,
}

impl Network {
    /// A development chain.
    pub async fn development() -> Self {
        Self::start(|_| vec!["--dev".into()]).await
    }

    /// A development chain with other numbers of the protocol (`jobs.params`) at genesis.
    pub async fn with_params(params: Value) -> Self {
        Self::start(|folder| {
            let mut export = process::command("quern-node", folder);
            let exported = export.args(["export-chain-spec", "--chain", "dev"]).output().expect("quern-node runs");
            assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
            let mut spec: Value = serde_json::from_slice(&exported.stdout).expect("a specification is JSON");
            let patch = &mut spec["genesis"]["runtimeGenesis"]["patch"];
            assert!(patch.is_object(), "the specification has no genesis patch");
            patch["jobs"] = json!({ "params": params });
            let path = folder.join("spec.json");
            std::fs::write(&path, spec.to_string()).expect("the specification can be written");
            let path = path.to_string_lossy().into_owned();
            ["--alice", "--validator", "--force-authoring", "--unsafe-force-node-key-generation", "--chain", &path]
                .map(String::from)
                .to_vec()
        })
        .await
    }

    async fn start(arguments: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let folder = tempfile::Builder::new().prefix("quern-test-").tempdir().expect("a folder can be made");
        let path = folder.path();
        let port = free_port();
        let mut command = node(path, &path.join("node"), port);
        command.args(arguments(path));
        let mut node = Process::start("node", command, path);
        let rpc = format!("ws://127.0.0.1:{port}");
        let chain = eventually("the node answers", PATIENCE, || {
            let ended = node.ended();
            let rpc = &rpc;
            async move {
                assert!(ended.is_none(), "the node ended: {ended:?}");
                Chain::connect(rpc).await.ok()
            }
        })
        .await;
        Self { rpc, chain, _node: node, folder }
    }

    /// The network's temporary folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `quern` as the requester.
    pub async fn quern(&self, args: &[&str]) -> Ran {
        self.quern_as(REQUESTER, args).await
    }

    /// Runs `quern` as another account.
    pub async fn quern_as(&self, suri: &str, args: &[&str]) -> Ran {
        command::quern(self.folder(), &self.rpc, suri, args, PATIENCE).await
    }

    /// Runs `quern-worker` with a command that ends by itself, for an account.
    pub async fn quern_worker(&self, suri: &str, args: &[&str]) -> Ran {
        let mut command = process::command("quern-worker", self.folder());
        command.args(args).args(["--rpc", &self.rpc]).env("QUERN_SURI", suri);
        Ran::of(command, PATIENCE).await
    }

    /// Starts workers and validators and waits until all of them are registered and ready.
    pub async fn enrol(&self, workers: u32, validators: u32) -> (Vec<Daemon>, Vec<Daemon>) {
        let daemon = |role, name: &'static str| {
            move |number| Daemon::start(role, &format!("//{name}//{number}"), &self.rpc, self.folder())
        };
        let workers: Vec<Daemon> = (1..=workers).map(daemon(Role::Worker, "Worker")).collect();
        let validators: Vec<Daemon> = (1..=validators).map(daemon(Role::Validator, "Validator")).collect();
        for daemon in workers.iter().chain(&validators) {
            let what = format!("{} is registered and ready", daemon.name);
            eventually(&what, PATIENCE, || async {
                let found = self.chain.participant(&daemon.account()).await.expect("the node answers")?;
                (found.role == Role::Validator || found.slots > 0).then_some(())
            })
            .await;
        }
        (workers, validators)
    }

    /// Starts a watcher of everything with an account that is registered as nothing.
    pub fn watch(&self, suri: &str) -> Process {
        let mut command = process::command("quern-worker", self.folder());
        let data = self.folder().join("watcher");
        command.args(["watch", "--rpc", &self.rpc, "--executor", "cpu", "--bond", &(BOND / QRN).to_string(), "--data"]);
        command.arg(data).env("QUERN_SURI", suri);
        Process::start("watcher", command, self.folder())
    }

    /// The shard, as soon as `wanted` finds something in it.
    pub async fn shard<T>(&self, id: ShardId, what: &str, mut wanted: impl FnMut(&ShardView) -> Option<T>) -> T {
        let what = format!("shard {id} {what}");
        let (chain, wanted) = (&self.chain, &mut wanted);
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            let view = chain.shard_view(id).await.expect("the node answers");
            if let Some(found) = view.as_ref().and_then(&mut *wanted) {
                return found;
            }
            let phase = view.map(|view| view.shard.phase);
            assert!(tokio::time::Instant::now() < end, "still not so: {what}; it is {phase:#?}");
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    }

    /// The worker of a shard, as soon as it has committed to a result that nobody has drawn or opened yet.
    pub async fn committed(&self, id: ShardId) -> Account {
        self.shard(id, "is committed to", |view| match &view.shard.phase {
            Phase::Committed { deal, .. } => Some(deal.worker),
            Phase::Opening { deal, audit, .. } if audit.opened.is_none() => Some(deal.worker),
            _ => None,
        })
        .await
    }

    /// The job, as soon as it is complete and paid.
    pub async fn completed(&self, job: JobId) -> JobView {
        let what = format!("job {job} is complete");
        eventually(&what, 2 * PATIENCE, || async {
            let view = self.chain.job(job).await.expect("the node answers").expect("the job is not pruned");
            assert!(
                !matches!(view.status, JobStatus::Failed | JobStatus::Cancelled),
                "job {job} will never be complete: {view:#?}"
            );
            (matches!(view.status, JobStatus::Completed { .. }) && view.maturing == 0).then_some(view)
        })
        .await
    }

    /// Every offence that was reported, with what it costs, from genesis to the best block. The slashes follow some blocks later.
    pub async fn slashes(&self) -> Vec<Slash> {
        let (best, _): (Height, _) = self.chain.best().await.expect("the node answers");
        let mut slashes = Vec::new();
        for height in 1..=best {
            let block = self.chain.block_hash(height).await.expect("the block is there");
            for event in self.chain.events(block).await.expect("the block's events are there") {
                if let Event::Slashing(slashing::Event::Reported { kind, offender, due, .. }) = event {
                    slashes.push(Slash { kind: format!("{:?}", *kind), offender: offender.0, amount: due });
                }
            }
        }
        slashes
    }

    /// Waits until every slash that was deferred is carried out.
    pub async fn slashes_carried_out(&self) {
        eventually("the slashes are carried out", PATIENCE, || async {
            self.chain.deferred_slashes(None, 1).await.expect("the node answers").is_empty().then_some(())
        })
        .await;
    }

    /// Asserts what must always be true.
    pub async fn assert_invariants(&self) {
        assert_eq!(self.chain.check_invariants().await.expect("the node answers"), Ok(()));
    }

    /// An account's bond.
    pub async fn bond(&self, account: &Account) -> Balance {
        self.chain.account(account).await.expect("the node answers").bonded
    }
}

/// A worker or validator daemon, which can be killed and started again with its data.
pub struct Daemon {
    /// Its name in messages and logs.
    pub name: String,
    role: Role,
    suri: String,
    rpc: String,
    folder: PathBuf,
    process: Process,
}

impl Daemon {
    fn start(role: Role, suri: &str, rpc: &str, folder: &Path) -> Self {
        let name = suri.trim_start_matches('/').replace("//", "-").to_lowercase();
        let process = Process::start(&name, daemon(role, suri, rpc, folder, &folder.join(&name)), folder);
        Self { name, role, suri: suri.into(), rpc: rpc.into(), folder: folder.into(), process }
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// What it has written to its log lately.
    pub fn log(&self) -> String {
        self.process.tail()
    }

    /// Its account.
    pub fn account(&self) -> Account {
        Keypair::from_suri(&self.suri).expect("a development path").account()
    }

    /// Starts it again with the same data folder, as a worker that lies about every result.
    pub fn restart_lying(&mut self) {
        self.restart_with("--misbehave");
    }

    /// Starts it again with the same data folder, as a validator that confirms such lies.
    pub fn restart_confirming(&mut self) {
        self.restart_with("--misbehave=confirm");
    }

    /// Starts it again with the same data folder, as a worker that plants an error in every shard from this account.
    pub fn restart_planting(&mut self, from: &str) {
        self.restart_with_all(&["--plant", "100", "--plant-from", from]);
    }

    fn restart_with(&mut self, argument: &str) {
        self.restart_with_all(&[argument]);
    }

    fn restart_with_all(&mut self, arguments: &[&str]) {
        self.process.kill();
        let data = self.folder.join(&self.name);
        let mut command = daemon(self.role, &self.suri, &self.rpc, &self.folder, &data);
        command.args(arguments);
        self.process = Process::start(&self.name, command, &self.folder);
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again with the same data folder.
    pub fn restart(&mut self) {
        let data = self.folder.join(&self.name);
        let command = daemon(self.role, &self.suri, &self.rpc, &self.folder, &data);
        self.process = Process::start(&self.name, command, &self.folder);
    }
}

/// A command that runs a daemon on the processor.
pub fn daemon(role: Role, suri: &str, rpc: &str, folder: &Path, data: &Path) -> Command {
    let mut command = process::command("quern-worker", folder);
    command
        .arg(if role == Role::Validator { "validate" } else { "run" })
        .args(["--rpc", rpc, "--executor", "cpu", "--listen", "127.0.0.1:0", "--bond"])
        .arg((BOND / QRN).to_string())
        .arg("--data")
        .arg(data)
        .env("QUERN_SURI", suri);
    command
}
