// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The Quern node: a sc-service node with BABE, GRANDPA, ParityDB and JSON-RPC.

// The errors of sc-cli and sc-service are large; they are met once, at the start.
#![allow(clippy::result_large_err)]

mod chain_spec;
mod cli;
mod command;
mod preflight;
mod rpc;
mod service;

use std::process::ExitCode;

fn main() -> ExitCode {
    match command::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
