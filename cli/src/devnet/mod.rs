// SPDX-License-Identifier: Apache-2.0
//! `quern devnet`: a whole network of real processes on this machine, and the main job on it.

mod cast;
mod events;
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
use cast::Cast;
use futures::future::BoxFuture;
use play::Play;
use processes::{free_port, Binaries, Processes};
use progress::Progress;
use quern_sdk::{chain::Chain, net::Peer};
use report::Report;
use std::{
    future::Future,
    process::ExitCode,
    time::{Duration, Instant},
};
use tokio::signal::unix::{signal, SignalKind};

/// How long a node may take until it answers: it compiles the runtime first.
const NODE_START: Duration = Duration::from_secs(120);
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
    let mut guard = Guard {
        stop: stop_signal()?,
        processes: Processes::new(args.logs.as_deref())?,
        deadline: Instant::now() + Duration::from_secs(60 * args.timeout_minutes),
    };
    let progress = Progress::new();
    let outcome = perform(&mut guard, &progress, &binaries, &args).await;
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
                    eprintln!("quern: {error:#}");
                    code = ExitCode::from(exit::ERROR);
                }
            }
            requester.shutdown().await;
            code
        }
        Err(End::Stopped) => {
            eprintln!("quern: stopped; cleaning up");
            ExitCode::from(INTERRUPTED)
        }
        Err(End::Failed(error)) => {
            eprintln!("{}\nquern: {error:#}", guard.processes.tails(TAIL_LINES));
            eprintln!("quern: whole logs stay with --logs FOLDER");
            ExitCode::from(exit::ERROR)
        }
        Err(End::Late) => {
            eprintln!("{}", guard.processes.tails(TAIL_LINES));
            eprintln!("quern: gave up after {} minutes (--timeout-minutes). It was stuck here:", args.timeout_minutes);
            eprintln!("    {}", progress.last().line());
            ExitCode::from(exit::ERROR)
        }
    };
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
    stop: BoxFuture<'static, ()>,
    deadline: Instant,
}

impl Guard {
    async fn run<T>(&mut self, work: impl Future<Output = anyhow::Result<T>>) -> Result<T, End> {
        let error = tokio::select! {
            done = work => match done {
                Ok(done) => return Ok(done),
                Err(error) => error,
            },
            error = self.processes.watch() => return Err(End::Failed(error)),
            () = &mut self.stop => return Err(End::Stopped),
            () = tokio::time::sleep_until(self.deadline.into()) => return Err(End::Late),
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
    progress: &Progress,
    binaries: &Binaries,
    args: &DevnetArgs,
) -> Result<(Report, Peer), End> {
    let started = Instant::now();
    let cast = Cast::new()?;
    let folder = guard.processes.folder().to_owned();
    let port = free_port()?;
    let rpc = format!("ws://127.0.0.1:{port}");
    progress.say(format_args!("starting a chain at {rpc} (logs in {})", guard.processes.logs().display()));
    guard.processes.start("node", cast::node(binaries, &folder, port)).await?;
    let chain = guard.run(answering(&rpc)).await?;
    progress.say(format_args!(
        "starting {} workers, one of which lies about everything, and {} validators",
        cast.workers.len(),
        cast.validators.len()
    ));
    for member in cast.workers.iter().chain(&cast.validators) {
        guard.processes.start(&member.slug(), cast::daemon(binaries, &folder, &rpc, member, args.executor)).await?;
    }
    let play = Play::new(chain, &cast, progress, &folder).await?;
    guard.run(play.perform(args, started)).await
}

/// The chain, once the node answers.
async fn answering(rpc: &str) -> anyhow::Result<Chain> {
    client::until(NODE_START, || async {
        Ok(Chain::connect(rpc).await.map_err(|error| format!("the node does not answer: {error}")))
    })
    .await
}

fn next_steps(report: &Report, keep: bool) -> String {
    if !keep {
        return "what to try next:
    \
             quern devnet --keep      leave the network up, then look into it with quern job, worker, stake and network
    \
             quern devnet --json      the same for scripts
    \
             quern job submit --help  your own programs and data"
            .into();
    }
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
         quern job verify {first}
    \
         quern job submit --task digits-train --rounds 1 --suri //Requester",
        report.rpc
    )
}
