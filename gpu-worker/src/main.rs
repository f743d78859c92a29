// SPDX-License-Identifier: Apache-2.0
//! `quern-worker`: the daemons of Quern.

use clap::Parser;
use quern_sdk::causes;
use quern_worker::args::{Cli, Command};
use std::{io::IsTerminal, process::ExitCode};

/// It keeps what is freed for a while. Results of operators are megabytes that live for a moment: with the system's allocator the
/// kernel hands out fresh pages for each, which takes up to a fifth of a task's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    quern_executor::gpu::name_runtime_folder();
    forget_empty_variables();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "info,iroh=error,noq_proto=error".into());
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    let carried_out = quern_worker::block_on(carry_out(Cli::parse().command));
    match carried_out.map_err(Into::into).and_then(|result| result) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("quern-worker: {}", causes::told(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// An empty variable counts as not set. The parser takes it for a value.
fn forget_empty_variables() {
    for name in ["QUERN_RPC", "QUERN_STAKE", "QUERN_DATA", "QUERN_PLANT_FROM"] {
        if std::env::var_os(name).is_some_and(|value| value.is_empty()) {
            std::env::remove_var(name);
        }
    }
}

async fn carry_out(command: Command) -> anyhow::Result<ExitCode> {
    let done = |result: anyhow::Result<()>| result.map(|()| ExitCode::SUCCESS);
    match command {
        Command::Run(args) => done(quern_worker::run(args).await),
        Command::Validate(args) => done(quern_worker::validate(args).await),
        Command::Watch(args) => done(quern_worker::watch(args).await),
        Command::Bench(args) => done(quern_worker::bench(args)),
        Command::Doctor(args) => quern_worker::doctor::run(args).await,
        Command::Status(args) => quern_worker::status::run(args).await,
        Command::Drain(args) => done(quern_worker::drain::run(args).await),
    }
}
