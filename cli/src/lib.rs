// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod args;
pub mod client;
pub mod devnet;
pub mod dispute;
pub mod economics;
pub mod exit;
pub mod explain;
pub mod job;
pub mod model;
pub mod network;
pub mod offence;
pub mod output;
pub mod plant;
pub mod program;
pub mod proxy;
pub mod stake;
pub mod worker;

use args::{Cli, Command};
use std::process::ExitCode;

/// Does what the command line says. The result is the process's exit code.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli { global, command } = cli;
    match command {
        Command::Devnet(args) => devnet::run(&global, args).await,
        Command::Job(command) => job::run(&global, command).await,
        Command::Program(command) => program::run(&global, command).await,
        Command::Model(command) => model::run(&global, command).await,
        Command::Stake(command) => stake::run(&global, command).await,
        Command::Worker(command) => worker::run(&global, command).await,
        Command::Network => network::run(&global).await,
        Command::Dispute(command) => dispute::run(&global, command).await,
        Command::Offence(command) => offence::run(&global, command).await,
        Command::Plant(command) => plant::run(&global, command).await,
        Command::Explain(args) => explain::run(&global, args).await,
        Command::Economics(args) => economics::run(&global, args).await,
    }
}
