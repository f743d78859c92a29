// SPDX-License-Identifier: Apache-2.0
//! `quern-worker`: the daemons of Quern.

use clap::Parser;
use quern_worker::args::{Cli, Command};
use std::{io::IsTerminal, process::ExitCode};

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "info,iroh=error,noq_proto=error".into());
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    let result = match Cli::parse().command {
        Command::Run(args) => quern_worker::run(args).await,
        Command::Validate(args) => quern_worker::validate(args).await,
        Command::Bench(args) => quern_worker::bench(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("quern-worker: {error:#}");
            ExitCode::FAILURE
        }
    }
}
