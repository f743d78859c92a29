// SPDX-License-Identifier: Apache-2.0
//! `quern devnet`: a whole network of real processes on this machine, and the main job on it.

mod cast;
mod events;
mod faults;
mod lesson;
mod play;
pub mod processes;
pub mod progress;
pub mod report;
pub mod story;

use crate::{
    args::{DevnetArgs, Global},
    client, exit,
    output::Output,
};
use anyhow::Context as _;
use cast::{Cast, Node};
use faults::Faults;
use futures::future::{try_join_all, BoxFuture};
use play::Play;
use processes::{Binaries, Order, Processes};
use progress::Progress;
use quern_sdk::{causes, chain::Chain, net::Peer};
use report::Report;
use std::{
    future::Future,
    process::ExitCode,
    time::{Duration, Instant},
};
use tokio::{
    signal::unix::{signal, SignalKind},
    sync::mpsc,
};

/// How long a node may take until it answers: it compiles the runtime first, on a busy machine for minutes.
const NODE_START: Duration = Duration::from_secs(300);
/// What decides, with a daemon's number, which peers a daemon serves badly where faults are injected.
const FAULT_SEED: u64 = 1_000;
/// How long `--keep` keeps the network up at most.
const KEEP: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How long a dying process may take until it is seen to be dead.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Lines of each log that are shown after a failure.
const TAIL_LINES: usize = 8;
/// Exit code after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// Runs the main job on a new network.
pub async fn run(global: &Global, args: DevnetArgs) -> anyhow::Result<ExitCode> {
    let output = Output { json: global.json };
    let binaries = Binaries::find()?;
    let (orders, ordered) = mpsc::unbounded_channel();
    let mut guard = Guard {
        stop: stop_signal()?,
        processes: Processes::new(args.logs.as_deref())?,
        ordered,
        deadline: Instant::now() + Duration::from_secs(60 * args.timeout_minutes),
    };
    let progress = Progress::new();
    let outcome = perform(&mut guard, orders, &progress, &binaries, &args).await;
    progress.clear();
    let code = match outcome {
        Ok((report, requester)) => {
            output.say(report.text());
            output.say(next_steps(&report, args.keep));
            if global.json {
                output.result(&report, "")?;
            }
            let mut code = if report.success { ExitCode::SUCCESS } else { ExitCode::from(exit::ERROR) };
            if args.keep {
                output.say("the network stays up until Ctrl-C");
                guard.deadline = Instant::now() + KEEP;
                if let Err(End::Failed(error)) = guard.run(std::future::pending::<anyhow::Result<()>>()).await {
                    eprintln!("quern: {}", causes::told(error.as_ref()));
                    code = ExitCode::from(exit::ERROR);
                }
            }
            requester.shutdown().await;
            code
        }
        Err(End::Stopped) => {
            eprintln!("quern: stopped");
            ExitCode::from(INTERRUPTED)
        }
        Err(End::Failed(error)) => {
            eprintln!("{}\nquern: {}", guard.processes.tails(TAIL_LINES), causes::told(error.as_ref()));
            match &args.logs {
                Some(folder) => eprintln!("quern: the whole logs are in {}", folder.display()),
                None => eprintln!("quern: whole logs stay with --logs FOLDER"),
            }
            ExitCode::from(exit::ERROR)
        }
        Err(End::Late) => {
            eprintln!("{}", guard.processes.tails(TAIL_LINES));
            eprintln!("quern: gave up after {} minutes (--timeout-minutes). It was stuck here:", args.timeout_minutes);
            eprintln!("    {}", progress.last().line());
            ExitCode::from(exit::ERROR)
        }
    };
    eprintln!("quern: ending every process and removing {}", guard.processes.folder().display());
    guard.processes.stop().await?;
    Ok(code)
}

/// How something ended before it was done.
enum End {
    /// Ctrl-C.
    Stopped,
    /// The deadline has passed.
    Late,
    /// It failed, or a process died.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for End {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// Work goes on only while all processes live, nobody says stop, and there is time.
struct Guard {
    processes: Processes,
    /// What is to be done to them meanwhile.
    ordered: mpsc::UnboundedReceiver<Order>,
    stop: BoxFuture<'static, ()>,
    deadline: Instant,
}

impl Guard {
    async fn run<T>(&mut self, work: impl Future<Output = anyhow::Result<T>>) -> Result<T, End> {
        tokio::pin!(work);
        let error = loop {
            let order = tokio::select! {
                done = &mut work => match done {
                    Ok(done) => return Ok(done),
                    Err(error) => break error,
                },
                error = self.processes.watch() => return Err(End::Failed(error)),
                Some(order) = self.ordered.recv() => order,
                () = &mut self.stop => return Err(End::Stopped),
                () = tokio::time::sleep_until(self.deadline.into()) => return Err(End::Late),
            };
            self.processes.obey(&order).await?;
        };
        // What failed may have failed because a process died: that is the better reason.
        match tokio::time::timeout(LAST_WORDS, self.processes.watch()).await {
            Ok(death) => Err(End::Failed(error.context(death))),
            Err(_) => Err(End::Failed(error)),
        }
    }
}

/// Done when this process is asked to stop.
fn stop_signal() -> anyhow::Result<BoxFuture<'static, ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(Box::pin(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }))
}

async fn perform(
    guard: &mut Guard,
    orders: mpsc::UnboundedSender<Order>,
    progress: &Progress,
    binaries: &Binaries,
    args: &DevnetArgs,
) -> Result<(Report, Peer), End> {
    let started = Instant::now();
    let cast = Cast::new(args.faults)?;
    let folder = guard.processes.folder().to_owned();
    let nodes = match args.faults {
        true => Node::authorities(binaries, &folder).await?,
        false => vec![Node::development(&folder)?],
    };
    let faults = if args.faults { Faults::new(&cast, &nodes, orders) } else { None };
    let first = nodes.first().context("a network has a node")?.rpc.clone();
    progress.say(format_args!(
        "starting a chain at {first}: up to a minute, on a busy machine longer (logs in {})",
        guard.processes.logs().display()
    ));
    // The last authority is stopped for a while, so nobody depends on it.
    let reliable: Vec<String> =
        nodes.iter().take(nodes.len().saturating_sub(1).max(1)).map(|node| node.rpc.clone()).collect();
    for node in nodes {
        let (name, binaries) = (node.name.clone(), binaries.clone());
        guard.processes.start(&name, Box::new(move || node.command(&binaries))).await?;
    }
    let mut chain = None;
    for rpc in &reliable {
        let answers = guard.run(answering(rpc)).await?;
        chain.get_or_insert(answers);
    }
    let chain = chain.context("a network has a node")?;
    progress.say(format_args!("starting {} workers and {} validators", cast.workers.len(), cast.validators.len()));
    for member in cast.daemons().filter(|member| member.part.misbehaves()) {
        progress.say(format_args!("{} does so on purpose", member.name));
    }
    let hot: Vec<_> = cast.daemons().filter(|member| member.hot.is_some()).collect();
    let names: Vec<_> = hot.iter().map(|member| member.name.as_str()).collect();
    progress.say(format_args!("{} sign with hot keys: bonding for them first", names.join(" and ")));
    guard.run(try_join_all(hot.iter().map(|member| cast::prepare_hot_key(&chain, member, args.faults)))).await?;
    for ((number, member), rpc) in (0u64..).zip(cast.daemons()).zip(reliable.iter().cycle()) {
        let (binaries, folder, rpc, executor) = (binaries.clone(), folder.clone(), rpc.clone(), args.executor);
        let (name, member) = (member.slug(), member.clone());
        let seed = args.faults.then_some(FAULT_SEED + number);
        let starts = move || cast::daemon(&binaries, &folder, &rpc, &member, executor, seed);
        guard.processes.start(&name, Box::new(starts)).await?;
    }
    let play = Play::new(chain, &cast, progress, faults, &folder).await?;
    guard.run(play.perform(args, started)).await
}

/// The chain, once the node answers.
async fn answering(rpc: &str) -> anyhow::Result<Chain> {
    client::until(NODE_START, || async {
        Ok(Chain::connect(rpc).await.map_err(|error| format!("its own node does not answer yet: {error}")))
    })
    .await
}

fn next_steps(report: &Report, keep: bool) -> String {
    if !keep {
        return "what to try next:
    \
             the same command with --keep  leave the network up, then look into it with quern job, worker, stake and network
    \
             the same command with --json  the same for scripts
    \
             quern job submit --help       your own programs and data"
            .into();
    }
    // Carried out by now, so `quern offence list` has it no more.
    let offence = report.slashed.first().map(|slash| format!("\n    quern offence verify {}", slash.offence));
    let offence = offence.unwrap_or_default();
    let [first, last] = [report.jobs.first(), report.jobs.last()].map(|job| job.copied().unwrap_or_default());
    format!(
        "what to try next, in another terminal:
    \
         export QUERN_RPC={}
    \
         quern network
    \
         quern worker list
    \
         quern job list
    \
         quern job fetch {last} --out results
    \
         quern job verify {first}{offence}
    \
         quern job submit --task digits-train --rounds 1 --suri //Requester",
        report.rpc
    )
}
