// SPDX-License-Identifier: Apache-2.0
//! `quern`: the user's command of Quern.

use quern_cli::{args::Cli, exit};
use quern_sdk::causes;
use std::{io::IsTerminal, process::ExitCode};

#[tokio::main]
async fn main() -> ExitCode {
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "error,iroh=off,noq=off".into());
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    let cli = Cli::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    match quern_cli::run(cli).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("quern: {}", causes::told(error.as_ref()));
            ExitCode::from(exit::ERROR)
        }
    }
}
