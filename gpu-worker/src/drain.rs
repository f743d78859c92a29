// SPDX-License-Identifier: Apache-2.0
//! Draining: a daemon takes no new shards, finishes what it owes, and says when it may be stopped.
//!
//! `quern-worker drain` and the daemon meet at a file in the data folder, so that a daemon that is started again drains on.

use crate::{
    args::DrainArgs,
    db,
    status::{self, Facts},
};
use anyhow::Context;
use quern_primitives::traits::Role;
use quern_sdk::chain::Chain;
use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Name of the file that asks for it.
const FILE_NAME: &str = "drain";

/// A daemon's side.
#[derive(Debug)]
pub struct Drain {
    file: PathBuf,
    is_on: bool,
    is_done: bool,
}

impl Drain {
    /// The daemon's whose data is in this folder.
    pub fn of(data: &Path) -> Self {
        let file = data.join(FILE_NAME);
        let is_on = file.exists();
        if is_on {
            tracing::warn!(
                "draining, as it was told before: no new shards are taken (quern-worker drain --cancel ends that)"
            );
        }
        Self { file, is_on, is_done: false }
    }

    /// The folder that it is asked for in.
    pub fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(&self.file)
    }

    /// Whether no new shards are taken.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// Looks whether somebody asks for it. `open` shards are not seen through yet; `is_paused` is whether the chain gives no new
    /// ones. Says whether what is asked for has changed.
    pub fn note(&mut self, open: usize, is_paused: bool) -> bool {
        let is_on = self.file.exists();
        let has_changed = is_on != self.is_on;
        self.is_on = is_on;
        if has_changed && is_on {
            tracing::info!(open, "draining: no new shards are taken, what is owed is finished");
        } else if has_changed {
            tracing::info!("draining has ended: new shards are taken again");
        }
        let is_done = is_on && is_paused && open == 0;
        if is_done && !self.is_done {
            tracing::info!("drained: nothing is owed any more, the daemon may be stopped");
        }
        self.is_done = is_done;
        has_changed
    }
}

/// How often the chain is asked whether something is still owed.
const LOOK: Duration = Duration::from_secs(2);

/// What is said when the chain cannot be asked.
const STAYS: &str =
    "the daemon stays told to drain, and does so once it has its node; whether something is owed is not known here \
                     (quern-worker drain again waits for that, --cancel takes it back)";

/// `quern-worker drain`: asks the daemon, and waits until the chain says that nothing is owed.
pub async fn run(args: DrainArgs) -> anyhow::Result<()> {
    let data = args.data.display();
    anyhow::ensure!(
        args.data.join(db::FILE_NAME).exists(),
        "{data} is not the data folder of a daemon; name it with --data"
    );
    let waits = !args.cancel && !args.no_wait;
    let account = if waits { Some(status::account(&args.account)?) } else { None };
    let told = if args.cancel { cancel(&args.data) } else { ask(&args.data) };
    told.with_context(|| format!("{data} cannot be written; run this as the user of the daemon"))?;
    if args.cancel {
        println!("the daemon takes new shards again, within 16 blocks");
        return Ok(());
    }
    println!("the daemon takes no new shards from the next block on");
    let Some(account) = account else { return Ok(()) };
    let chain = Chain::connect(&args.account.rpc).await.context(STAYS)?;
    let mut told = None;
    loop {
        let facts = Facts::of(&chain, account).await.context(STAYS)?;
        let open = facts.duties.iter().filter(|duty| duty.is_open()).count();
        let state = match &facts.participant {
            Some(found) if found.role == Role::Validator && !facts.is_retiring => anyhow::bail!(
                "a validator is drawn as long as it is registered: quern stake retire, then quern-worker drain again"
            ),
            Some(found) if found.slots > 0 && !facts.is_retiring && !found.barred => {
                "waiting for the daemon to take its slots back (if this stays, it does not run)".to_owned()
            }
            _ if open > 0 => format!("{open} shards are not seen through yet (quern-worker status names them)"),
            _ => break,
        };
        if told.as_ref() != Some(&state) {
            println!("{state}");
            told = Some(state);
        }
        tokio::time::sleep(LOOK).await;
    }
    println!(
        "nothing is owed any more: the daemon may be stopped. Its data folder holds outputs that others may still want"
    );
    Ok(())
}

/// Whether the daemon of a data folder is asked to drain.
pub fn is_asked(data: &Path) -> bool {
    data.join(FILE_NAME).exists()
}

/// Asks the daemon of a data folder to drain.
pub fn ask(data: &Path) -> io::Result<()> {
    std::fs::write(data.join(FILE_NAME), "written by quern-worker drain\n")
}

/// Takes that back.
pub fn cancel(data: &Path) -> io::Result<()> {
    match std::fs::remove_file(data.join(FILE_NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn daemon_should_drain_as_long_as_it_is_asked_to_and_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut drain = Drain::of(folder.path());
        assert!(!drain.note(2, false) && !drain.is_on());
        ask(folder.path()).unwrap();
        assert!(drain.note(2, false) && drain.is_on() && !drain.is_done);
        assert!(!drain.note(0, false) && !drain.is_done, "the chain may still give it a shard");
        assert!(!drain.note(0, true) && drain.is_done);
        assert!(Drain::of(folder.path()).is_on());
        cancel(folder.path()).unwrap();
        cancel(folder.path()).unwrap();
        assert!(drain.note(0, true) && !drain.is_on() && !drain.is_done);
    }
}
