// SPDX-License-Identifier: Apache-2.0
//! Who takes part: accounts, and how their processes are started.

use super::processes::Binaries;
use crate::args::ExecutorChoice;
use quern_primitives::Account;
use quern_sdk::chain::Keypair;
use std::path::Path;
use tokio::process::Command;

/// Number of workers; the last one lies.
const WORKERS: u32 = 4;
/// Number of validator daemons.
const VALIDATORS: u32 = 3;

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
}

/// What an account does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Runs shards.
    Worker,
    /// Runs shards and corrupts every result.
    Liar,
    /// Audits shards.
    Validator,
    /// Pays.
    Requester,
}

impl Member {
    fn new(name: String, suri: String, part: Part) -> anyhow::Result<Self> {
        let keys = Keypair::from_suri(&suri)?;
        Ok(Self { name, suri, keys, part })
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
    /// The accounts that a development chain endows.
    pub fn new() -> anyhow::Result<Self> {
        let worker = |number| {
            let (part, name) = if number == WORKERS {
                (Part::Liar, format!("worker {number} (lies)"))
            } else {
                (Part::Worker, format!("worker {number}"))
            };
            Member::new(name, format!("//Worker//{number}"), part)
        };
        let validator =
            |number| Member::new(format!("validator {number}"), format!("//Validator//{number}"), Part::Validator);
        Ok(Self {
            workers: (1..=WORKERS).map(worker).collect::<Result<_, _>>()?,
            validators: (1..=VALIDATORS).map(validator).collect::<Result<_, _>>()?,
            requester: Member::new("requester".into(), "//Requester".into(), Part::Requester)?,
        })
    }

    /// All daemons.
    pub fn daemons(&self) -> impl Iterator<Item = &Member> {
        self.workers.iter().chain(&self.validators)
    }

    /// The account that lies.
    pub fn liar(&self) -> Account {
        self.workers.iter().find(|member| member.part == Part::Liar).map(Member::account).unwrap_or_default()
    }

    /// What people call the accounts.
    pub fn names(&self) -> Vec<(Account, String)> {
        self.daemons().chain([&self.requester]).map(|member| (member.account(), member.name.clone())).collect()
    }
}

/// The development node.
pub fn node(binaries: &Binaries, folder: &Path, rpc_port: u16) -> Command {
    let mut command = Command::new(&binaries.node);
    command
        .args(["--dev", "--no-telemetry", "--no-prometheus", "--listen-addr", "/ip4/127.0.0.1/tcp/0"])
        .args(["--rpc-port", &rpc_port.to_string()])
        .arg("--base-path")
        .arg(folder.join("node"));
    command
}

/// A daemon.
pub fn daemon(binaries: &Binaries, folder: &Path, rpc: &str, member: &Member, executor: ExecutorChoice) -> Command {
    let mut command = Command::new(&binaries.worker);
    command.arg(if member.part == Part::Validator { "validate" } else { "run" });
    command.args(["--rpc", rpc, "--executor", executor.as_str(), "--listen", "127.0.0.1:0"]);
    command.arg("--data").arg(folder.join(member.slug()));
    // Other users of the machine can see a command line, but not an environment.
    command.env("QUERN_SURI", &member.suri);
    if member.part == Part::Liar {
        command.arg("--misbehave");
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{ffi::OsStr, path::PathBuf};

    fn commands() -> Vec<(Part, Vec<String>)> {
        let binaries = Binaries { node: PathBuf::from("quern-node"), worker: PathBuf::from("quern-worker") };
        let cast = Cast::new().unwrap();
        let command = |member: &Member| {
            let command = daemon(&binaries, Path::new("/tmp/x"), "ws://x", member, ExecutorChoice::Cpu);
            command.as_std().get_args().map(|arg| arg.to_string_lossy().into_owned()).collect()
        };
        cast.daemons().map(|member| (member.part, command(member))).collect()
    }

    #[test]
    fn only_the_liar_should_be_told_to_misbehave() {
        for (part, args) in commands() {
            assert_eq!(args.contains(&"--misbehave".to_owned()), part == Part::Liar, "{args:?}");
        }
    }

    #[test]
    fn every_daemon_should_have_a_folder_of_its_own() {
        let mut folders: Vec<String> = commands()
            .into_iter()
            .map(|(_, args)| args.iter().skip_while(|arg| *arg != "--data").nth(1).unwrap().clone())
            .collect();
        folders.sort();
        folders.dedup();
        assert_eq!(folders.len(), (WORKERS + VALIDATORS) as usize);
    }

    #[test]
    fn secrets_should_not_be_on_the_command_line() {
        assert!(commands().iter().all(|(_, args)| args.iter().all(|arg| !arg.contains("//Worker"))));
        let binaries = Binaries { node: PathBuf::new(), worker: PathBuf::from("w") };
        let cast = Cast::new().unwrap();
        let command = daemon(&binaries, Path::new("/"), "ws://x", &cast.workers[0], ExecutorChoice::Cpu);
        let envs: Vec<_> = command.as_std().get_envs().collect();
        assert_eq!(envs, [(OsStr::new("QUERN_SURI"), Some(OsStr::new("//Worker//1")))]);
    }
}
