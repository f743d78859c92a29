// SPDX-License-Identifier: Apache-2.0
//! The command line.

use clap::{parser::ValueSource, ArgMatches, Args, FromArgMatches, Parser, Subcommand, ValueEnum};
use quern_primitives::{device::Region, Account, Balance, JobId};
use quern_sdk::chain::{amount::parse_qrn, parse_account, KeyError, Keypair};
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
    /// Run accepted results of others again, of one's own accord, and challenge what is wrong.
    Watch(WatchArgs),
    /// Measure this machine against its peers.
    Bench(BenchArgs),
    /// Look for what keeps this machine from earning, and name the remedy of each. Exit code 1 when something has to be done.
    Doctor(DoctorArgs),
    /// Show what the chain knows of the account, and why it is idle if it is.
    Status(StatusArgs),
    /// Have the running daemon take no new shards, and wait until it owes nothing and may be stopped.
    Drain(DrainArgs),
}

/// A secret key, or the file that it is in.
#[derive(Clone, Debug, Args)]
pub struct SecretArgs {
    /// Secret key: a phrase, a hex seed, or a development path such as //Worker//1. Prefer --suri-file, or QUERN_SURI in the
    /// environment: other users of the machine can see the command line.
    #[arg(long, conflicts_with = "suri_file")]
    pub suri: Option<String>,
    /// File with the secret key, readable for its owner alone (chmod 600); or QUERN_SURI_FILE. QUERN_SURI comes before
    /// QUERN_SURI_FILE, and what is typed before both.
    #[arg(long)]
    pub suri_file: Option<PathBuf>,
}

impl SecretArgs {
    /// The key that is meant.
    pub fn key(&self) -> Result<Keypair, KeyError> {
        Keypair::named(self.suri.as_deref(), self.suri_file.as_deref())
    }
}

/// Whether the key is typed while the account that owns the stake is named by the environment alone: nothing says then that the one is a
/// key of the other. It is no argument.
#[derive(Clone, Copy, Debug)]
pub struct IsStakeExported(pub bool);

impl FromArgMatches for IsStakeExported {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let is_typed = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
        let is_exported = matches.value_source("stake") == Some(ValueSource::EnvVariable);
        Ok(Self(is_exported && (is_typed("suri") || is_typed("suri_file"))))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for IsStakeExported {
    fn augment_args(command: clap::Command) -> clap::Command {
        command
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        command
    }
}

/// Where the account's secret is.
#[derive(Clone, Debug, Args)]
pub struct KeyArgs {
    /// Whether a typed key meets a stake of the environment. It is read first: what is read is taken out.
    #[command(flatten)]
    pub is_stake_exported: IsStakeExported,
    /// Its secret key.
    #[command(flatten)]
    pub secret: SecretArgs,
    /// The account that owns the stake, by its address or 64 hexadecimal digits, when the key is a hot key: a proxy of type Daemon
    /// of that account (quern stake proxy add).
    #[arg(long, env = "QUERN_STAKE", value_name = "ACCOUNT", value_parser = parse_stake)]
    pub stake: Option<Account>,
}

fn parse_stake(text: &str) -> Result<Account, String> {
    parse_account(text).ok_or_else(|| format!("{text:?} is no account: give its address, or 64 hexadecimal digits"))
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "give an IP address and a port, such as 0.0.0.0:7700".into())
}

/// What all daemons need.
#[derive(Clone, Debug, Args)]
pub struct CommonArgs {
    /// The node's RPC endpoint.
    #[arg(long, env = "QUERN_RPC", default_value = "ws://127.0.0.1:9944")]
    pub rpc: String,
    /// Whose daemon it is.
    #[command(flatten)]
    pub key: KeyArgs,
    /// Folder for blobs and promises. It must survive restarts: what is committed to is served from here.
    #[arg(long, env = "QUERN_DATA")]
    pub data: PathBuf,
    /// Start in a folder that holds nothing although the account has promised results or answers in open shards: they cannot be shown
    /// from here, which costs what is locked for them.
    #[arg(long)]
    pub without_open_shards: bool,
    /// Address to serve peers on; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:0", value_parser = parse_address)]
    pub listen: SocketAddr,
    /// Addresses at which peers reach this machine, when they differ from --listen.
    #[arg(long, value_parser = parse_address)]
    pub announce: Vec<SocketAddr>,
    /// Region that is registered: the two capital letters of a country (ISO 3166-1). Jobs may ask for some; nobody proves it.
    #[arg(long, value_name = "COUNTRY")]
    pub region: Option<Region>,
    /// Bond in QRN, brought up to this at start. With --stake only that account's own key can bond: quern stake bond.
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
    #[arg(long, default_value = "1", value_parser = parse_qrn)]
    pub ask: Balance,
    /// Shards to hold at the same time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub slots: u32,
    /// Begin with nothing: enrol the account as an apprentice, which earns its bond. No bond is made.
    #[arg(long, conflicts_with_all = ["bond", "stake"])]
    pub apprentice: bool,
    /// Plant errors in how many of 100 shards, chosen so that nobody can foresee them, and convict and open them: a planted error costs
    /// the fee of a plant and the pay of its shard, and auditors that confirm it unseen lose their bonds. As many decoys are posted.
    #[arg(long, value_name = "PERCENT", requires = "plant_from", conflicts_with_all = ["misbehave", "apprentice"],
        value_parser = clap::value_parser!(u8).range(1..=100))]
    pub plant: Option<u8>,
    /// Whose deposits stand behind what is planted: the file of a secret key (chmod 600), or the key itself. Another account than the
    /// worker's, which nothing on the chain links to it, with a bond of its own for challenges. Without --plant what was planted before is
    /// still seen through.
    #[arg(
        long,
        env = "QUERN_PLANT_FROM",
        hide_env_values = true,
        value_name = "FILE_OR_KEY",
        conflicts_with = "apprentice"
    )]
    pub plant_from: Option<String>,
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
    /// Claim the account's emission whenever an era has ended. Not with --stake: a hot key may not.
    #[arg(long)]
    pub claim: bool,
    /// Claim for this author too, which the account backs (repeat for more): only who backs it when it is claimed shares in it.
    #[arg(long, value_name = "ACCOUNT", value_parser = parse_stake)]
    pub claim_for: Vec<Account>,
    /// Fault injection: do wrong, by default answer audits without computing anything. Audit bonds WILL be lost.
    #[arg(long, value_enum, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "lazy")]
    pub misbehave: Option<Negligence>,
}

/// What a validator may do wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Negligence {
    /// Answer without computing anything.
    Lazy,
    /// Confirm what a worker with `--misbehave` lies.
    Confirm,
}

/// `quern-worker watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// What all daemons need. The bond is what challenges are made with; the account is not registered.
    #[command(flatten)]
    pub common: CommonArgs,
    /// Watch this job (repeat for more) instead of all.
    #[arg(long)]
    pub job: Vec<JobId>,
    /// How many of 100 tasks to run again; which ones, nobody can foresee.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub percent: u8,
    /// Most QRN to spend, until the daemon stops, on asking workers on chain for ids that they show nobody. With 0 it asks for none, and
    /// has nothing to compare such results with.
    #[arg(long, value_name = "QRN", default_value = "0", value_parser = parse_qrn)]
    pub demand_budget: Balance,
}

/// `quern-worker bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Print one JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// What an account does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleChoice {
    /// It runs shards.
    Worker,
    /// It audits shards.
    Validator,
}

/// `quern-worker doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// What the daemon is started with.
    #[command(flatten)]
    pub common: CommonArgs,
    /// What the account is to do.
    #[arg(long, value_enum, default_value_t = RoleChoice::Worker)]
    pub role: RoleChoice,
    /// Asked price in QRN per GMAC, as for `run`.
    #[arg(long, default_value = "1", value_parser = parse_qrn)]
    pub ask: Balance,
    /// Shards to hold at the same time, as for `run`.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub slots: u32,
    /// Whether the daemon is to begin with nothing, as for `run`.
    #[arg(long, conflicts_with_all = ["bond", "role", "stake"])]
    pub apprentice: bool,
    /// Whose deposits are to stand behind planted errors, as for `run`.
    #[arg(
        long,
        env = "QUERN_PLANT_FROM",
        hide_env_values = true,
        value_name = "FILE_OR_KEY",
        conflicts_with = "apprentice"
    )]
    pub plant_from: Option<String>,
    /// Print one JSON object on stdout.
    #[arg(long)]
    pub json: bool,
}

/// Whose standing is looked at.
#[derive(Clone, Debug, Args)]
pub struct AccountArgs {
    /// The node's RPC endpoint.
    #[arg(long, env = "QUERN_RPC", default_value = "ws://127.0.0.1:9944")]
    pub rpc: String,
    /// The account, by its address or 64 hexadecimal digits, instead of a key.
    #[arg(long)]
    pub account: Option<String>,
    /// Its key.
    #[command(flatten)]
    pub key: KeyArgs,
}

/// `quern-worker status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Whose.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Print one JSON object on stdout.
    #[arg(long)]
    pub json: bool,
}

/// `quern-worker drain`.
#[derive(Debug, Args)]
pub struct DrainArgs {
    /// Whose daemon.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Its data folder.
    #[arg(long, env = "QUERN_DATA")]
    pub data: PathBuf,
    /// Take it back: the daemon offers its slots again.
    #[arg(long)]
    pub cancel: bool,
    /// Do not wait until nothing is owed.
    #[arg(long, conflicts_with = "cancel")]
    pub no_wait: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_should_be_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn address_should_be_refused_with_an_example_when_it_is_none() {
        for option in ["--listen", "--announce"] {
            let parse = |text| Cli::try_parse_from(["quern-worker", "run", "--data", "x", option, text]);
            assert!(parse("0.0.0.0:7700").is_ok() && parse("[::]:7700").is_ok());
            for text in ["foo", "7700", "0.0.0.0"] {
                assert!(parse(text).unwrap_err().to_string().contains("such as 0.0.0.0:7700"), "{option} {text}");
            }
        }
    }

    #[test]
    fn planting_should_need_an_account_and_be_no_misbehaviour_and_no_apprentices() {
        let parse = |args: &[&str]| Cli::try_parse_from([&["quern-worker", "run", "--data", "x"], args].concat());
        assert!(parse(&["--plant", "5"]).unwrap_err().to_string().contains("--plant-from"));
        assert!(parse(&["--plant", "101", "--plant-from", "//Planter"]).is_err());
        assert!(parse(&["--plant", "0", "--plant-from", "//Planter"]).is_err());
        assert!(parse(&["--plant", "5", "--plant-from", "//Planter", "--misbehave"]).is_err());
        assert!(parse(&["--plant-from", "//Planter", "--apprentice"]).is_err());
        let Command::Run(args) = parse(&["--plant", "5", "--plant-from", "//Planter"]).unwrap().command else {
            panic!()
        };
        assert_eq!((args.plant, args.plant_from.as_deref()), (Some(5), Some("//Planter")));
    }

    #[test]
    fn key_should_be_named_once_when_it_is_typed() {
        let parse = |args: &[&str]| Cli::try_parse_from([&["quern-worker", "status"], args].concat());
        assert!(parse(&["--suri", "//Typed"]).is_ok() && parse(&["--suri-file", "key"]).is_ok());
        let both = parse(&["--suri", "//Typed", "--suri-file", "key"]).unwrap_err();
        assert_eq!(both.kind(), clap::error::ErrorKind::ArgumentConflict);
    }

    #[test]
    fn stake_should_be_an_account_and_never_an_apprentices() {
        let parse = |args: &[&str]| Cli::try_parse_from([&["quern-worker", "run", "--data", "x"], args].concat());
        let address = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        let Command::Run(args) = parse(&["--stake", address]).unwrap().command else { panic!("it is another command") };
        assert_eq!(args.common.key.stake, parse_account(address));
        assert!(parse(&["--stake", "nobody"]).unwrap_err().to_string().contains("is no account"));
        assert!(parse(&["--stake", address, "--apprentice"]).is_err());
    }
}
