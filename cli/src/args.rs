// SPDX-License-Identifier: Apache-2.0
//! The command line.

use clap::{
    error::ErrorKind, parser::ValueSource, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
};
use quern_primitives::{offence::OffenceId, Balance, BlobId, Height, JobId, ShardId};
use quern_sdk::chain::{check_address, ChainError};
use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

/// Buy verified work, look after a stake, or start a whole network on this machine.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a verification differs, an offence does not stand or `economics` finds a lie less often
/// than the formula says, 4 done but results were overturned or stand on such results, 130 `devnet` was stopped by Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "quern", version)]
pub struct Cli {
    /// What every command understands.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads a command line: the program's name and what follows it.
    pub fn read<T: Into<OsString> + Clone>(line: impl IntoIterator<Item = T>) -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches_from(line)?;
        let named =
            |id| matches.subcommand().is_some_and(|(_, of)| of.value_source(id) == Some(ValueSource::CommandLine));
        let cli = Self::from_arg_matches(&matches)?;
        if matches!(cli.command, Command::Devnet(_)) && named("rpc") {
            return Err(Self::command().error(
                ErrorKind::ArgumentConflict,
                "--rpc names a node that runs, and devnet starts its own: leave it out, or submit a job to that node with quern job submit",
            ));
        }
        cli.checked()
    }

    /// The command line, if its options fit each other where the parser cannot tell.
    pub fn checked(self) -> Result<Self, clap::Error> {
        // One may stand before the command and one behind it, where the parser does not see the two together.
        if self.global.suri.is_some() && self.global.suri_file.is_some() {
            let both = "--suri and --suri-file name two keys: give one of them";
            return Err(Self::command().error(ErrorKind::ArgumentConflict, both));
        }
        match &self.command {
            Command::Devnet(DevnetArgs { task: Subject::Digits, model: Some(_), .. }) => Err(Self::command()
                .error(ErrorKind::ArgumentConflict, "--model names the language model of --task lm: add --task lm")),
            Command::Job(JobCommand::Submit(SubmitArgs { spec: None, task: None, .. })) => Err(Self::command().error(
                ErrorKind::MissingRequiredArgument,
                "which job? Name its JSON file, or a built-in one: quern job submit --task digits-train",
            )),
            Command::Job(JobCommand::Submit(SubmitArgs { task, checkpoint, rounds, .. }))
            | Command::Job(JobCommand::Resume(ResumeArgs { task, checkpoint, rounds, .. })) => {
                let ignored = match task {
                    _ if rounds.is_some() && *task != Some(BuiltIn::DigitsTrain) => {
                        "--rounds is for --task digits-train alone"
                    }
                    _ if checkpoint.is_some() && *task != Some(BuiltIn::DigitsClassify) => {
                        "--checkpoint is for --task digits-classify alone"
                    }
                    _ => return Ok(self),
                };
                Err(Self::command().error(ErrorKind::ArgumentConflict, ignored))
            }
            _ => Ok(self),
        }
    }
}

/// Over what every command understands, in the help.
const GLOBAL: &str = "Global options";

/// What every command understands.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// The node's RPC endpoint: ws:// or wss://.
    #[arg(long, global = true, help_heading = GLOBAL, env = "QUERN_RPC", default_value = "ws://127.0.0.1:9944", value_parser = parse_rpc)]
    pub rpc: String,
    /// Secret key of whoever pays and signs: a phrase, a hex seed, or a development path such as //Requester. Prefer
    /// --suri-file, or QUERN_SURI in the environment: other users of the machine can see the command line.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub suri: Option<String>,
    /// File with the secret key, readable for its owner alone (chmod 600); or QUERN_SURI_FILE. QUERN_SURI comes before
    /// QUERN_SURI_FILE, and what is typed before both.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub suri_file: Option<PathBuf>,
    /// Print one JSON object on the last line of stdout; everything for people goes to stderr. Amounts are strings of digits,
    /// in 10^-12 QRN.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a chain, workers and validators here, train a model on real digits, and catch a worker that lies.
    Devnet(DevnetArgs),
    /// Submit jobs, follow them, fetch and check their results.
    #[command(subcommand)]
    Job(JobCommand),
    /// Make programs, look into them, give them up.
    #[command(subcommand)]
    Program(ProgramCommand),
    /// Make exact programs of models that other software made.
    #[command(subcommand)]
    Model(ModelCommand),
    /// Look after an account's bond and earnings.
    #[command(subcommand)]
    Stake(StakeCommand),
    /// Look at the workers, validators and apprentices; register a barred account anew.
    #[command(subcommand)]
    Worker(WorkerCommand),
    /// Show the network in numbers.
    Network,
    /// Ask for what a challenge of an accepted shard needs.
    #[command(subcommand)]
    Dispute(DisputeCommand),
    /// Look at slashes before they are carried out, and check the evidence for them.
    #[command(subcommand)]
    Offence(OffenceCommand),
    /// Look at plants and decoys, and post or end them by hand: what `quern-worker run --plant` does by itself.
    #[command(subcommand)]
    Plant(PlantCommand),
    /// Put into words what an account earned, paid and lost, with the numbers that each amount follows from.
    Explain(ExplainArgs),
    /// Compare the formula that the chain locks collateral by with draws that are played here. Exit code 3 when a lie is
    /// found less often than it says.
    Economics(EconomicsArgs),
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

impl ExecutorChoice {
    /// As the daemons' command line has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Wgpu => "wgpu",
        }
    }
}

/// What a test network learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    /// To classify handwritten digits.
    Digits,
    /// A language model of a text, which then writes.
    Lm,
}

/// A language model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LmSize {
    /// 26,624 parameters in one layer, 12 rounds: some minutes.
    Small,
    /// 114,688 parameters in two layers, 24 rounds: an hour or more on two cores.
    Medium,
}

/// `quern devnet`.
#[derive(Clone, Debug, Args)]
pub struct DevnetArgs {
    /// What it learns.
    #[arg(long, value_enum, default_value_t = Subject::Digits)]
    pub task: Subject,
    /// The language model of `--task lm`: the small one without it.
    #[arg(long, value_enum)]
    pub model: Option<LmSize>,
    /// Leave the network up after the jobs, until Ctrl-C.
    #[arg(long)]
    pub keep: bool,
    /// Seed of the model's first weights.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Rounds of training: without it 4 of the digits, 12 of the small language model, 24 of the medium one.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=32))]
    pub rounds: Option<u16>,
    /// Give up after this many minutes; with --faults after 45, with --model medium after 180.
    #[arg(long, default_value_t = 20, default_value_ifs([("model", "medium", "180"), ("faults", "true", "45")]), value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout_minutes: u64,
    /// What the daemons run programs on.
    #[arg(long, value_enum, default_value_t = ExecutorChoice::Auto)]
    pub executor: ExecutorChoice,
    /// Inject faults: four authorities, one of which is stopped for a while; six workers and four validators, of which one
    /// lies, one withholds and one is lazy; the others are killed at every step of the protocol and serve badly.
    #[arg(long)]
    pub faults: bool,
    /// Folder for the logs of all processes, kept afterwards. Without it they lie in the network's temporary folder.
    #[arg(long)]
    pub logs: Option<PathBuf>,
}

/// `quern job`.
#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// Show what a job costs, submit it, serve its inputs and wait until it is complete.
    Submit(SubmitArgs),
    /// List jobs.
    List(ListArgs),
    /// Follow a job until it is over.
    Watch(JobArgs),
    /// Fetch results from the network, proven against the chain, with a receipt.
    Fetch(FetchArgs),
    /// Run a task again on this machine and compare it with what the chain accepted. Exit code 3 when it differs.
    Verify(VerifyArgs),
    /// Give a job up; what is not spent comes back.
    Cancel(JobArgs),
    /// Say that the outputs of a job's accepted shards have arrived. Only the requester and who audited them can.
    Acknowledge(AcknowledgeArgs),
    /// Take a paused job up again, whose inputs nobody could fetch: serves them when the file or the task is named that it was submitted
    /// with (and waits until the job is paused, if it is not yet), or else counts on its endpoints.
    Resume(ResumeArgs),
    /// Run again what of a job stands on an overturned result, as a new job. Holds the cost of what is run again.
    Fork(JobArgs),
}

/// A built-in job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BuiltIn {
    /// Train a classifier of handwritten digits.
    DigitsTrain,
    /// Classify the 360 test images with a checkpoint (`--checkpoint`).
    DigitsClassify,
}

/// `quern job submit`.
#[derive(Clone, Debug, Args)]
pub struct SubmitArgs {
    /// The job as a JSON file (the format is in the command's README; examples/linear-job.json is one).
    #[arg(conflicts_with = "task")]
    pub spec: Option<PathBuf>,
    /// A built-in job.
    #[arg(long, value_enum)]
    pub task: Option<BuiltIn>,
    /// The checkpoint of `--task digits-classify`.
    #[arg(long, required_if_eq("task", "digits-classify"))]
    pub checkpoint: Option<PathBuf>,
    /// Rounds of `--task digits-train`: 4 without it.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=32))]
    pub rounds: Option<u16>,
    /// What it offers, and how.
    #[command(flatten)]
    pub offer: OfferArgs,
    /// Return when the job is submitted. Its inputs are then served by nobody unless its endpoints are other machines.
    #[arg(long, conflicts_with = "keep")]
    pub no_wait: bool,
}

/// What a job offers, and how it is submitted.
#[derive(Clone, Debug, Args)]
pub struct OfferArgs {
    /// Highest price in QRN per GMAC (10^9 multiply-accumulates), instead of the file's.
    #[arg(long, value_parser = crate::output::parse_qrn)]
    pub bid: Option<Balance>,
    /// What workers must be, and how long they have.
    #[command(flatten)]
    pub terms: crate::job::TermsArgs,
    /// Do not ask before money is held.
    #[arg(long, short)]
    pub yes: bool,
    /// Show the quote, with the deposit for programs that are not published yet, and stop. Nothing is published.
    #[arg(long)]
    pub quote_only: bool,
    /// Go on serving the inputs when the job is over, until Ctrl-C: who runs a task again needs them.
    #[arg(long, conflicts_with = "quote_only")]
    pub keep: bool,
    /// Address to serve the inputs on; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Addresses at which workers reach this machine, when they differ from --listen.
    #[arg(long)]
    pub announce: Vec<SocketAddr>,
}

/// `quern job resume`.
#[derive(Clone, Debug, Args)]
pub struct ResumeArgs {
    /// The job's number.
    pub id: JobId,
    /// The job as the JSON file that it was submitted with: its inputs are served from here.
    #[arg(conflicts_with = "task")]
    pub spec: Option<PathBuf>,
    /// The built-in job that it is.
    #[arg(long, value_enum)]
    pub task: Option<BuiltIn>,
    /// The checkpoint of `--task digits-classify`.
    #[arg(long, required_if_eq("task", "digits-classify"))]
    pub checkpoint: Option<PathBuf>,
    /// Rounds of `--task digits-train`: 4 without it.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=32))]
    pub rounds: Option<u16>,
    /// Do not ask before money is held.
    #[arg(long, short)]
    pub yes: bool,
    /// Address to serve the inputs on; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Addresses at which workers reach this machine, when they differ from --listen.
    #[arg(long)]
    pub announce: Vec<SocketAddr>,
}

/// `quern job list`.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// First job number.
    #[arg(long, default_value_t = 0)]
    pub from: JobId,
    /// How many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

/// A job.
#[derive(Clone, Debug, Args)]
pub struct JobArgs {
    /// The job's number.
    pub id: JobId,
}

/// `quern job acknowledge`.
#[derive(Clone, Debug, Args)]
pub struct AcknowledgeArgs {
    /// The job's number.
    pub id: JobId,
    /// Only the shards of this stage (repeat for more).
    #[arg(long)]
    pub stage: Vec<u16>,
}

/// `quern job fetch`.
#[derive(Clone, Debug, Args)]
pub struct FetchArgs {
    /// The job's number.
    pub id: JobId,
    /// Folder for the outputs and `receipt.json`; made if it is not there.
    #[arg(long)]
    pub out: PathBuf,
    /// Fetch this stage (repeat for more) instead of the last one.
    #[arg(long)]
    pub stage: Vec<u16>,
    /// Fetch every stage.
    #[arg(long, conflicts_with = "stage")]
    pub all: bool,
}

/// `quern job verify`.
#[derive(Clone, Debug, Args)]
pub struct VerifyArgs {
    /// The job's number; or a receipt's file, or the folder that `quern job fetch` wrote it to.
    pub what: String,
    /// The stage; any without it.
    #[arg(long)]
    pub stage: Option<u16>,
    /// The task; any without it.
    #[arg(long)]
    pub task: Option<u32>,
    /// Input files of the job, for when its requester serves them no more: the file that it was submitted from, or a folder.
    /// Only what has the ids that the chain pins is used.
    #[arg(long, value_name = "JOB_FILE_OR_FOLDER")]
    pub inputs: Option<PathBuf>,
}

/// `quern program`.
#[derive(Debug, Subcommand)]
pub enum ProgramCommand {
    /// Show a program's inputs, segments, cost and limits.
    Inspect {
        /// A file, or the id of a published program.
        program: String,
    },
    /// Make a program's file from its JSON form (the format is in the book, "Programs as JSON").
    Assemble {
        /// The JSON file.
        form: PathBuf,
        /// The program's file; without it the form's, with the ending .quern.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Give up a program that this account published, and get its deposit back. No job that is not forgotten may run it.
    Retire {
        /// The program's id.
        #[arg(value_parser = parse_program_id)]
        program: BlobId,
    },
}

/// `quern model`.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Quantise a model, calibrate it on samples, and write its weights for exact programs, with a report of how near those come to the
    /// model on f32.
    Import(ImportArgs),
    /// Have an imported language model write on this machine.
    Run(ModelRunArgs),
    /// Write the job in which a worker has an imported language model write: what `quern job submit` takes.
    Job(ModelJobArgs),
    /// Have a worker run an imported model, and show what comes of it: the text that a language model writes, the classes of images.
    /// Quotes, publishes, submits and serves as `quern job submit` does, then fetches the outputs with their receipt.
    Submit(ModelSubmitArgs),
    /// Show the text of an output of such a job.
    Text {
        /// Folder of the imported model.
        model: PathBuf,
        /// The output that `quern job fetch` wrote.
        output: PathBuf,
    },
}

/// `quern model import`.
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// The model: a folder of the Hugging Face form (config.json, tokenizer.json, model.safetensors) with a decoder of the Llama
    /// family, or an .onnx file.
    pub model: PathBuf,
    /// Samples to calibrate with and to measure on: a text for a language model, Newton's Opticks without it; images for an .onnx
    /// file, as numpy.save writes them (.npy).
    #[arg(long, value_name = "FILE")]
    pub calibration: Option<PathBuf>,
    /// Folder to write to; it must not exist yet. Without it the model's name with the ending .quern, in the working folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Images that the job of an .onnx file classifies, as numpy.save writes them (.npy), like those of its calibration, which are
    /// the job's without this.
    #[arg(long, value_name = "FILE")]
    pub images: Option<PathBuf>,
    /// Images of a task of that job: without it 64, or as many as are possible.
    #[arg(long)]
    pub images_per_task: Option<u32>,
    /// Most memory in MiB that a worker may need.
    #[arg(long, default_value_t = 8_192)]
    pub max_memory_mib: u32,
    /// Most tokens of a language model's text, prompt included: 256 without it; fewer where the model has fewer.
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..))]
    pub positions: Option<u32>,
}

/// What an imported language model writes.
#[derive(Clone, Debug, Args)]
pub struct ModelTextArgs {
    /// Folder of the imported model.
    pub model: PathBuf,
    /// The text that it goes on from.
    #[arg(long)]
    pub prompt: String,
    /// How it goes on.
    #[command(flatten)]
    pub writing: WritingArgs,
}

/// How a language model writes.
#[derive(Clone, Debug, Args)]
pub struct WritingArgs {
    /// Tokens to write: without it 64, or as many as the model has positions for.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub tokens: Option<u32>,
    /// Draw each token, the more freely the higher: 1 draws as the model has learned. Without it the likeliest token is taken.
    #[arg(long)]
    pub temperature: Option<f64>,
    /// Draw from so many of the likeliest tokens.
    #[arg(long, requires = "temperature", default_value_t = 40)]
    pub top_k: u32,
}

/// `quern model run`.
#[derive(Clone, Debug, Args)]
pub struct ModelRunArgs {
    /// What it writes.
    #[command(flatten)]
    pub text: ModelTextArgs,
    /// What draws depend on. A job's draws depend on randomness of the chain from after its submission.
    #[arg(long, requires = "temperature", default_value_t = 0)]
    pub seed: u64,
}

/// `quern model job`.
#[derive(Clone, Debug, Args)]
pub struct ModelJobArgs {
    /// What it writes.
    #[command(flatten)]
    pub text: ModelTextArgs,
    /// Folder for the job, in that of the model; it must not exist yet.
    #[arg(long, value_name = "NAME", default_value = "job")]
    pub name: String,
}

/// `quern model submit`.
#[derive(Clone, Debug, Args)]
pub struct ModelSubmitArgs {
    /// Folder of the imported model.
    pub model: PathBuf,
    /// The text that a language model goes on from.
    #[arg(long)]
    pub prompt: Option<String>,
    /// How it goes on.
    #[command(flatten)]
    pub writing: WritingArgs,
    /// Images that the model of an .onnx file classifies, as numpy.save writes them (.npy); without it those of its import.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prompt", "tokens", "temperature"])]
    pub images: Option<PathBuf>,
    /// Folder for the job, its outputs and the receipt, in that of the model; it must not exist yet. Without it run-1, or the next
    /// number that is free.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// What it offers, and how.
    #[command(flatten)]
    pub offer: OfferArgs,
}

/// `quern stake`.
#[derive(Debug, Subcommand)]
pub enum StakeCommand {
    /// Add to the bond.
    Bond {
        /// How much, in QRN.
        #[arg(value_parser = crate::output::parse_qrn)]
        qrn: Balance,
    },
    /// Begin to take out of the bond, or of what backs a candidate.
    Unbond {
        /// How much, in QRN; more than there is means all of it for a candidate.
        #[arg(value_parser = crate::output::parse_qrn)]
        qrn: Balance,
        /// Take out of what backs this candidate (address or hex).
        #[arg(long, value_name = "CANDIDATE")]
        from: Option<String>,
        /// Do not ask before a registered worker or validator loses its bond, and with it all work.
        #[arg(long, short)]
        yes: bool,
    },
    /// Take out what has finished unbonding.
    Withdraw {
        /// Take out of what backed this candidate (address or hex).
        #[arg(long, value_name = "CANDIDATE")]
        from: Option<String>,
    },
    /// Have the node at --rpc make session keys and register them: what a block author needs first.
    Keys,
    /// Stand for election as block author.
    Validate {
        /// What is kept of the rewards before they are shared with those who back it, in per cent.
        #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = parse_percent)]
        commission: u32,
    },
    /// Stand for no further election.
    Chill,
    /// Back a candidate with stake.
    Nominate {
        /// The candidate (address or hex).
        candidate: String,
        /// How much, in QRN.
        #[arg(value_parser = crate::output::parse_qrn)]
        qrn: Balance,
    },
    /// List the candidates for authoring blocks, the best first.
    Candidates {
        /// How many at most.
        #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Show balance, bond and earnings.
    Show {
        /// Another account (address or hex) than that of --suri.
        account: Option<String>,
    },
    /// Pay out what was earned, and the emission of finished eras.
    Claim {
        /// Pay out the emission of another account (address or hex), to it and to those who back it.
        #[arg(long = "for", value_name = "ACCOUNT")]
        account: Option<String>,
    },
    /// Take no more work and leave the registry when open shards have ended.
    Retire,
    /// Name hot keys, which sign for the account on a daemon's machine while its own key stays away from it.
    #[command(subcommand)]
    Proxy(ProxyCommand),
}

/// `quern stake proxy`.
#[derive(Debug, Subcommand)]
pub enum ProxyCommand {
    /// Let a hot key do what a daemon does for the account. A small deposit is reserved.
    Add {
        /// The hot key's account (address or hex).
        proxy: String,
        /// Give it this much too, in QRN: it must own something to exist, and pays for all that is not owed.
        #[arg(long, value_name = "QRN", value_parser = crate::output::parse_qrn)]
        fund: Option<Balance>,
    },
    /// Let an account do nothing for this one any more.
    Remove {
        /// The hot key's account (address or hex).
        proxy: String,
    },
    /// List who may act for the account.
    List {
        /// Another account (address or hex) than that of --suri.
        account: Option<String>,
    },
}

/// Parts per million of a share in per cent, with up to four decimals.
fn parse_percent(text: &str) -> Result<u32, String> {
    let wrong = || format!("{text:?} is no share between 0 and 100 per cent, with at most four decimals");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.chars().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 4 || !digits(whole) || !digits(fraction) {
        return Err(wrong());
    }
    let ppm: u32 = format!("{whole}{fraction:0<4}").parse().map_err(|_| wrong())?;
    (ppm <= 1_000_000).then_some(ppm).ok_or_else(wrong)
}

/// `quern worker`.
#[derive(Debug, Subcommand)]
pub enum WorkerCommand {
    /// List workers, validators and apprentices.
    List {
        /// How many at most.
        #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Register a barred account anew, with the endpoint, device and ask that it had: when its shards have ended, for example
    /// after its slash was cancelled. Its daemon takes it from there.
    Register,
    /// Have a worker or validator make room whose bond has fallen below the minimum. Only where all places of its role are taken;
    /// free.
    Evict {
        /// Its account (address or hex).
        account: String,
    },
}

/// `quern dispute`.
#[derive(Debug, Subcommand)]
pub enum DisputeCommand {
    /// Ask on chain for an id behind the root of an accepted shard: its worker shows it in time or loses its collateral.
    DemandLeaf(DemandLeafArgs),
}

/// `quern dispute demand-leaf`.
#[derive(Clone, Debug, Args)]
pub struct DemandLeafArgs {
    /// The shard as everything prints it: job.stage.index, like 1.0.3; the stage and the index are counted from 0.
    #[arg(value_parser = parse_shard)]
    pub shard: ShardId,
    /// Which id of the shard's list, counted from 0.
    pub position: u32,
    /// The most in QRN that it may cost; without it what it costs now.
    #[arg(long, value_parser = crate::output::parse_qrn)]
    pub max_price: Option<Balance>,
}

/// `quern offence`.
#[derive(Debug, Subcommand)]
pub enum OffenceCommand {
    /// List slashes that are not carried out yet.
    List,
    /// Fetch the evidence for an offence, check its hash, and have the referee decide again on this machine. Exit code 3 when the
    /// offence does not stand, 1 when it cannot be checked.
    Verify(OffenceVerifyArgs),
    /// Appeal against a slash of one's own: holds a bond, which a rejection burns.
    Appeal(AppealArgs),
}

/// `quern offence verify`.
#[derive(Clone, Debug, Args)]
pub struct OffenceVerifyArgs {
    /// The offence's number.
    pub id: OffenceId,
    /// Height of the block in which it was reported, where it is known: else it is looked for.
    #[arg(long)]
    pub block: Option<Height>,
}

/// `quern offence appeal`.
#[derive(Clone, Debug, Args)]
pub struct AppealArgs {
    /// The offence's number.
    pub id: OffenceId,
    /// A file that says why the slash is wrong. Only its BLAKE3 goes on chain: publish it where it can be found.
    #[arg(long)]
    pub statement: PathBuf,
}

/// `quern plant`.
#[derive(Debug, Subcommand)]
pub enum PlantCommand {
    /// List plants and decoys under way, which nobody can tell from each other.
    List(PlantListArgs),
    /// Post a decoy, and print the salt that opens it.
    Decoy(DecoyArgs),
    /// End the slash of a planted error while it waits, and pay its finder and its requester out of the deposit.
    Open(PlantOpenArgs),
    /// Open a decoy: its deposit comes back.
    OpenDecoy(SaltArgs),
    /// Take back the deposit of a plant whose result is never paid.
    Withdraw(PlantWithdrawArgs),
    /// Have the deposit of a plant or decoy burned that nobody has opened in time.
    Expire(PlantExpireArgs),
}

/// `quern plant list`.
#[derive(Clone, Debug, Args)]
pub struct PlantListArgs {
    /// Only those of this account, by its address or 64 hexadecimal digits.
    pub account: Option<String>,
}

/// `quern plant decoy`.
#[derive(Clone, Debug, Args)]
pub struct DecoyArgs {
    /// What to hold for it in QRN; the chain's least deposit without it. It covers a plant only if it is like one: several times what is
    /// locked for a shard.
    #[arg(long, value_parser = crate::output::parse_qrn)]
    pub deposit: Option<Balance>,
    /// The salt, 64 hexadecimal digits; a new one without it.
    #[arg(long, value_parser = parse_hash)]
    pub salt: Option<[u8; 32]>,
}

/// What opens a decoy.
#[derive(Clone, Debug, Args)]
pub struct SaltArgs {
    /// The salt, 64 hexadecimal digits.
    #[arg(value_parser = parse_hash)]
    pub salt: [u8; 32],
}

/// `quern plant open`.
#[derive(Clone, Debug, Args)]
pub struct PlantOpenArgs {
    /// The offence's number: `quern offence list`.
    pub offence: OffenceId,
    /// The plant's salt, 64 hexadecimal digits.
    #[arg(value_parser = parse_hash)]
    pub salt: [u8; 32],
}

/// `quern plant withdraw`.
#[derive(Clone, Debug, Args)]
pub struct PlantWithdrawArgs {
    /// The plant's salt, 64 hexadecimal digits.
    #[arg(value_parser = parse_hash)]
    pub salt: [u8; 32],
    /// The shard, as job.stage.index.
    #[arg(long, value_parser = parse_shard)]
    pub shard: ShardId,
    /// How often the shard had been put back into the queue when it was to be committed.
    #[arg(long)]
    pub attempt: u16,
    /// The worker's account.
    #[arg(long)]
    pub worker: String,
    /// The shard root, 64 hexadecimal digits.
    #[arg(long, value_parser = parse_hash)]
    pub root: [u8; 32],
}

/// `quern plant expire`.
#[derive(Clone, Debug, Args)]
pub struct PlantExpireArgs {
    /// What was posted, 64 hexadecimal digits: `quern plant list`.
    #[arg(value_parser = parse_hash)]
    pub hash: [u8; 32],
}

/// `quern explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// Another account (address or hex) than that of --suri.
    pub account: Option<String>,
    /// The era, counted from 0; the one under way without it.
    #[arg(long, conflicts_with_all = ["from", "to"])]
    pub era: Option<u32>,
    /// First block.
    #[arg(long)]
    pub from: Option<Height>,
    /// Last block; the last finalised one without it.
    #[arg(long)]
    pub to: Option<Height>,
}

/// `quern economics`.
#[derive(Clone, Debug, Args)]
pub struct EconomicsArgs {
    /// Segments of a shard, all of the same cost. With few of them the draw, which takes none twice, finds more than the formula says.
    #[arg(long, default_value_t = 65_536, value_parser = clap::value_parser!(u32).range(1..))]
    pub segments: u32,
    /// Draws that are played for each number.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub trials: u64,
    /// Seed of the draws: the same one gives the same table.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Of 100 shards of a worker, in how many it plants errors: what that costs it, and what it costs auditors that confirm unseen.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub plant: u8,
    /// Take the parameters from the node at --rpc instead of the defaults.
    #[arg(long)]
    pub chain: bool,
}

/// 32 bytes as they are printed.
fn parse_hash(text: &str) -> Result<[u8; 32], String> {
    let bytes = hex::decode(text.trim_start_matches("0x")).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| format!("{text:?} is not 64 hexadecimal digits"))
}

/// The address of a node.
fn parse_rpc(text: &str) -> Result<String, ChainError> {
    check_address(text).map(|()| text.to_owned())
}

/// A shard as it is printed.
fn parse_shard(text: &str) -> Result<ShardId, String> {
    let wrong = || format!("{text:?} is no shard: write job.stage.index, like 1.0.3");
    let mut parts = text.split('.');
    let mut part = || parts.next().ok_or_else(wrong);
    let (job, stage, index) = (part()?, part()?, part()?);
    if part().is_ok() {
        return Err(wrong());
    }
    let shard = job.parse().ok().zip(stage.parse().ok()).zip(index.parse().ok());
    shard.map(|((job, stage), index)| ShardId { job, stage, index }).ok_or_else(wrong)
}

/// The id of a published program.
fn parse_program_id(text: &str) -> Result<BlobId, String> {
    parse_id(text)
        .ok_or_else(|| format!("{text:?} is no program's id: 64 hexadecimal digits (`quern program inspect`)"))
}

/// The 32 bytes of an id in hexadecimal, with or without `0x`.
pub fn parse_id(text: &str) -> Option<BlobId> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let mut id = [0; 32];
    hex::decode_to_slice(digits, &mut id).ok()?;
    Some(BlobId(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::read(line.split_whitespace())
    }

    #[test]
    fn command_line_should_be_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn submit_should_be_refused_when_there_is_neither_file_nor_task() {
        let error = parse("quern job submit").unwrap_err();
        assert_eq!(error.exit_code(), i32::from(crate::exit::USAGE));
        assert!(error.to_string().contains("--task digits-train"), "{error}");
        assert!(parse("quern job submit a.json --task digits-train").is_err());
        assert!(parse("quern job submit --task digits-classify").is_err());
        assert!(parse("quern job submit --task digits-classify --checkpoint c.bin").is_ok());
    }

    #[test]
    fn serving_on_should_be_refused_when_nothing_is_served() {
        assert!(parse("quern job submit a.json --keep").is_ok());
        assert!(parse("quern job submit a.json --keep --no-wait").is_err());
        assert!(parse("quern job submit a.json --keep --quote-only").is_err());
    }

    #[test]
    fn global_options_should_be_understood_when_they_come_last() {
        let cli = parse("quern network --json --rpc ws://x:1").unwrap();
        assert!(cli.global.json);
        assert_eq!(cli.global.rpc, "ws://x:1");
    }

    #[test]
    fn key_should_be_named_once_when_it_is_typed() {
        for line in ["quern network --suri-file key", "quern --suri-file key network"] {
            assert_eq!(parse(line).unwrap().global.suri_file, Some("key".into()), "{line}");
        }
        assert_eq!(parse("quern network --suri //Typed").unwrap().global.suri.as_deref(), Some("//Typed"));
        for line in ["quern --suri //Typed network --suri-file key", "quern network --suri //Typed --suri-file key"] {
            let both = parse(line).unwrap_err();
            assert_eq!((both.kind(), both.exit_code()), (ErrorKind::ArgumentConflict, i32::from(crate::exit::USAGE)));
        }
    }

    #[test]
    fn usage_errors_should_exit_with_the_documented_code() {
        assert_eq!(parse("quern nonsense").unwrap_err().exit_code(), i32::from(crate::exit::USAGE));
    }

    #[test]
    fn node_should_be_named_by_its_websocket_and_not_to_devnet() {
        let error = parse("quern --rpc foo network").unwrap_err();
        assert_eq!(error.exit_code(), i32::from(crate::exit::USAGE));
        assert!(error.to_string().contains("try ws://foo:9944"), "{error}");
        assert!(parse("quern devnet").is_ok());
        for line in ["quern devnet --rpc ws://x:1", "quern --rpc ws://x:1 devnet"] {
            let error = parse(line).unwrap_err();
            assert_eq!(error.exit_code(), i32::from(crate::exit::USAGE));
            assert!(error.to_string().contains("starts its own"), "{error}");
        }
    }

    #[test]
    fn options_of_built_in_tasks_should_be_refused_when_they_would_be_ignored() {
        for command in ["submit", "resume 3"] {
            assert!(parse(&format!("quern job {command} a.json")).is_ok());
            assert!(parse(&format!("quern job {command} a.json --rounds 3")).is_err());
            assert!(parse(&format!("quern job {command} a.json --checkpoint c.bin")).is_err());
            assert!(parse(&format!("quern job {command} --task digits-train --rounds 3")).is_ok());
            assert!(parse(&format!("quern job {command} --task digits-train --checkpoint c.bin")).is_err());
            assert!(parse(&format!("quern job {command} --task digits-classify --checkpoint c.bin")).is_ok());
            assert!(
                parse(&format!("quern job {command} --task digits-classify --checkpoint c.bin --rounds 3")).is_err()
            );
        }
    }

    #[test]
    fn numbers_of_a_model_should_leave_something_to_write() {
        assert!(parse("quern model import a --positions 2").is_ok());
        let error = parse("quern model import a --positions 1").unwrap_err().to_string();
        assert!(error.contains("--positions"), "{error}");
        let error = parse("quern model run a --prompt The --tokens 0").unwrap_err().to_string();
        assert!(error.contains("--tokens"), "{error}");
    }

    #[test]
    fn model_should_be_named_only_when_a_language_is_learned() {
        assert!(parse("quern devnet --task lm --model medium").is_ok());
        assert_eq!(parse("quern devnet --model medium").unwrap_err().exit_code(), i32::from(crate::exit::USAGE));
    }

    #[test]
    fn limits_should_be_above_zero() {
        for line in ["quern job list", "quern worker list", "quern stake candidates"] {
            assert!(parse(&format!("{line} --limit 1")).is_ok());
            assert!(parse(&format!("{line} --limit 0")).is_err());
        }
    }

    #[test]
    fn commission_should_be_read_in_per_cent() {
        let good = [("0", 0), ("5", 50_000), ("2.5", 25_000), ("0.0001", 1), ("100", 1_000_000), ("100.0", 1_000_000)];
        for (text, ppm) in good {
            assert_eq!(parse_percent(text), Ok(ppm), "{text}");
        }
        for text in ["", "-1", "101", "100.0001", "1.23456", "1e2", ".5", "99999999999999999999", "5 %"] {
            assert!(parse_percent(text).is_err(), "{text}");
        }
    }

    #[test]
    fn unbonding_should_name_the_candidate_when_it_concerns_a_nomination() {
        assert!(parse("quern stake unbond 5").is_ok() && parse("quern stake unbond 5 --yes").is_ok());
        assert!(parse("quern stake unbond 5 --from 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY").is_ok());
        assert!(parse("quern stake nominate 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY").is_err());
    }

    #[test]
    fn model_should_be_imported_with_or_without_a_text() {
        assert!(parse("quern model import a").is_ok());
        assert!(parse("quern model import a.onnx --calibration b.txt --out c --json").is_ok());
        assert!(parse("quern model import").is_err());
        assert!(parse("quern model run a --prompt The").is_ok());
        assert!(parse("quern model job a --tokens 5").is_err());
    }

    #[test]
    fn model_should_be_submitted_with_a_prompt_or_with_images_alone() {
        assert!(parse("quern model submit a --prompt The --temperature 0.8 --top-k 9 --yes --bid 2").is_ok());
        assert!(parse("quern model submit a --images b.npy --name c --quote-only").is_ok());
        assert!(parse("quern model submit a --images b.npy --prompt The").is_err());
        assert!(parse("quern model submit a --prompt The --top-k 9").is_err());
        assert!(parse("quern model submit a --prompt The --no-wait").is_err());
        assert!(parse("quern job submit --task digits-train --no-wait --keep").is_err());
    }

    #[test]
    fn explain_should_be_of_an_era_or_of_blocks() {
        assert!(parse("quern explain").is_ok());
        assert!(parse("quern explain --era 3").is_ok());
        assert!(parse("quern explain --from 3 --to 9").is_ok());
        assert!(parse("quern explain --era 3 --from 3").is_err());
    }

    #[test]
    fn acknowledgement_should_name_a_job_and_may_name_stages() {
        assert!(parse("quern job acknowledge 3 --stage 0 --stage 2").is_ok());
        assert!(parse("quern job acknowledge").is_err());
        assert!(parse("quern job fork 3").is_ok());
    }

    #[test]
    fn proxy_should_be_named_and_may_be_funded() {
        assert!(parse("quern stake proxy add 5C --fund 1.5").is_ok());
        assert!(parse("quern stake proxy add 5C --fund much").is_err());
        assert!(parse("quern stake proxy add").is_err());
        assert!(parse("quern stake proxy remove 5C").is_ok());
        assert!(parse("quern stake proxy list").is_ok());
    }

    #[test]
    fn demand_should_name_a_shard_and_a_position() {
        assert!(parse("quern dispute demand-leaf 1.0.2 5 --max-price 0.5").is_ok());
        assert!(parse("quern dispute demand-leaf 1.0.2").is_err());
        let shard = ShardId { job: 12, stage: 3, index: 45 };
        assert_eq!(parse_shard(&shard.to_string()), Ok(shard));
        for text in ["", "1", "1.0", "1.0.2.3", "1.-1.0", "1.0.x", "a.b.c", "1.70000.0"] {
            assert!(parse_shard(text).is_err(), "{text}");
        }
    }

    #[test]
    fn id_should_be_read_when_it_has_64_digits() {
        let digits = "ab".repeat(32);
        assert_eq!(parse_id(&digits), Some(BlobId([0xab; 32])));
        assert_eq!(parse_id(&format!("0x{digits}")), Some(BlobId([0xab; 32])));
        assert_eq!(parse_id("abcd"), None);
        assert_eq!(parse_id("program.bin"), None);
    }
}
