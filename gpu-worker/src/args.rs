// SPDX-License-Identifier: Apache-2.0
//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::{net::SocketAddr, path::PathBuf};

/// The daemons of Quern: run shards for pay, or audit them.
#[derive(Debug, Parser)]
#[command(name = "quern-worker", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run shards.
    Run(RunArgs),
    /// Audit shards.
    Validate(ValidateArgs),
    /// Measure this machine against its peers.
    Bench(BenchArgs),
}

/// What both daemons need.
#[derive(Debug, Args)]
pub struct CommonArgs {
    /// The node's RPC endpoint.
    #[arg(long, default_value = "ws://127.0.0.1:9944")]
    pub rpc: String,
    /// Secret key: a phrase, a hex seed, or a development path such as //Worker//1. Prefer the environment: other users of
    /// the machine can see the command line.
    #[arg(long, env = "QUERN_SURI", hide_env_values = true)]
    pub suri: String,
    /// Folder for blobs and promises. It must survive restarts: what is committed to is served from here.
    #[arg(long, env = "QUERN_DATA")]
    pub data: PathBuf,
    /// Address to serve peers on; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Addresses at which peers reach this machine, when they differ from --listen.
    #[arg(long)]
    pub announce: Vec<SocketAddr>,
    /// Bond in QRN, brought up to this at start.
    #[arg(long, default_value_t = 1_000)]
    pub bond: u64,
    /// What runs programs.
    #[arg(long, value_enum, default_value_t = ExecutorChoice::Auto)]
    pub executor: ExecutorChoice,
    /// Fault injection: serve a tenth of all that peers ask for not at all and a third late; the seed decides which.
    #[arg(long, value_name = "SEED")]
    pub faulty_serving: Option<u64>,
}

/// What runs programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExecutorChoice {
    /// A GPU if there is an exact one, else the processor.
    Auto,
    /// The processor.
    Cpu,
    /// The first adapter that wgpu finds, software ones too.
    Wgpu,
}

/// `quern-worker run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// What both daemons need.
    #[command(flatten)]
    pub common: CommonArgs,
    /// Asked price in QRN per GMAC (10^9 multiply-accumulates).
    #[arg(long, default_value_t = 1.0)]
    pub ask: f64,
    /// Shards to hold at the same time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub slots: u32,
    /// Fault injection: do wrong, by default lie. The bond WILL be lost.
    #[arg(long, value_enum, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "lie")]
    pub misbehave: Option<Misbehaviour>,
}

/// What a worker may do wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Misbehaviour {
    /// Corrupt one element of every result.
    Lie,
    /// Commit to results and show nothing of them.
    Withhold,
}

/// `quern-worker validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// What both daemons need.
    #[command(flatten)]
    pub common: CommonArgs,
    /// Fault injection: answer audits without computing anything. Audit bonds WILL be lost.
    #[arg(long)]
    pub misbehave: bool,
}

/// `quern-worker bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Print one JSON object a line.
    #[arg(long)]
    pub json: bool,
}
