// SPDX-License-Identifier: Apache-2.0
//! Draining: a daemon takes no new shards, finishes what it owes, and says when it may be stopped.
//!
//! `quern-worker drain` and the daemon meet at a file in the data folder, so that a daemon that is started again drains on.

use crate::{
    args::DrainArgs,
    db,
    status::{Facts, Meant},
};
use anyhow::Context;
use quern_primitives::{traits::Role, Account};
use quern_sdk::chain::{address, parse_account, Chain};
use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Name of the file that asks for it.
const FILE_NAME: &str = "drain";
/// Name of the file in which the daemon, which has the database for itself, says how many plants and decoys are under way.
const PLANS_NAME: &str = "plants-under-way";
/// Name of the file in which the daemon says whose it is.
const ACCOUNT_NAME: &str = "account";

/// A daemon's side.
#[derive(Debug)]
pub struct Drain {
    file: PathBuf,
    is_on: bool,
    is_done: bool,
    /// Plants and decoys under way, as the folder says since this daemon started.
    plans: Option<usize>,
}

impl Drain {
    /// The daemon's of this account whose data is in this folder, which says so from now on.
    pub fn of(data: &Path, account: &Account) -> Self {
        tell_account(data, account);
        let file = data.join(FILE_NAME);
        let is_on = file.exists();
        if is_on {
            tracing::warn!(
                "draining, as it was told before: no new shards are taken (quern-worker drain --cancel ends that)"
            );
        }
        Self { file, is_on, is_done: false, plans: None }
    }

    /// The folder that it is asked for in.
    pub fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(&self.file)
    }

    /// Whether no new shards are taken.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// Looks whether somebody asks for it. `open` shards are not seen through yet, nor are `plans` plants and decoys; `is_paused` is
    /// whether the chain gives no new shards. Says whether what is asked for has changed.
    pub fn note(&mut self, open: usize, plans: usize, is_paused: bool) -> bool {
        if self.plans != Some(plans) {
            match tell_plans(self.folder(), plans) {
                Ok(()) => self.plans = Some(plans),
                Err(error) => {
                    tracing::warn!(%error, "quern-worker drain cannot be told how many plants and decoys are under way")
                }
            }
        }
        let is_on = self.file.exists();
        let has_changed = is_on != self.is_on;
        self.is_on = is_on;
        if has_changed && is_on {
            tracing::info!(open, plans, "draining: no new shards are taken, what is owed is finished");
        } else if has_changed {
            tracing::info!("draining has ended: new shards are taken again");
        }
        let is_done = is_on && is_paused && open == 0 && plans == 0 && self.plans == Some(0);
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
    let meant = if waits { Some(Meant::of(&args.account)?) } else { None };
    if let Some(meant) = &meant {
        check_folder(&args.data, &meant.account)?;
    }
    let told = if args.cancel { cancel(&args.data) } else { ask(&args.data) };
    told.with_context(|| format!("{data} cannot be written; run this as the user of the daemon"))?;
    if args.cancel {
        println!("the daemon takes new shards again, within 16 blocks");
        return Ok(());
    }
    println!("the daemon takes no new shards from the next block on");
    let Some(meant) = meant else { return Ok(()) };
    let chain = Chain::connect(&args.account.rpc).await.context(STAYS)?;
    meant.check(&chain).await.context(STAYS)?;
    let (account, owner) = (meant.account, address(&meant.account));
    println!("waiting until {owner} owes nothing");
    let mut told = None;
    let facts = loop {
        let facts = Facts::of(&chain, account).await.context(STAYS)?;
        let plans = plans_under_way(&args.data).with_context(|| format!("{data} cannot be read"))?;
        let Some(state) = waits_for(&facts, plans)? else { break facts };
        if told.as_ref() != Some(&state) {
            println!("{state}");
            told = Some(state);
        }
        tokio::time::sleep(LOOK).await;
    };
    println!("{owner}: {}. Its data folder holds outputs that others may still want", all_clear(&facts, chain.url()));
    Ok(())
}

/// What is said when nothing is owed. An account that the chain does not know may be asked for at a node of another chain.
fn all_clear(facts: &Facts, url: &str) -> String {
    match facts.participant {
        Some(_) => "nothing is owed any more: the daemon may be stopped".to_owned(),
        None => format!(
            "not registered at {url}, and nothing is owed there: if that is the daemon's node or one of the same chain, the daemon may be \
             stopped; else name its node with --rpc"
        ),
    }
}

/// Refuses to answer for another account than the one whose daemon a folder has, as far as that can be read.
fn check_folder(data: &Path, meant: &Account) -> anyhow::Result<()> {
    let Some(owner) = account_of(data).filter(|owner| owner != meant) else { return Ok(()) };
    let (data, owner, meant) = (data.display(), address(&owner), address(meant));
    anyhow::bail!(
        "{data} is the folder of {owner}, and {meant} is named here or by the environment (QUERN_STAKE, QUERN_SURI): name the one with \
         --account, or the folder of the other with --data"
    )
}

/// Whose daemon a folder has, as it said itself when it was started, or as its database says while none runs.
fn account_of(data: &Path) -> Option<Account> {
    told_account(data).or_else(|| db::Db::identity(&data.join(db::FILE_NAME)).ok().flatten()?.account)
}

fn told_account(data: &Path) -> Option<Account> {
    parse_account(std::fs::read_to_string(data.join(ACCOUNT_NAME)).ok()?.trim())
}

/// Says in a data folder whose daemon runs there: nobody else can read its database meanwhile.
fn tell_account(data: &Path, account: &Account) {
    if told_account(data).as_ref() == Some(account) {
        return;
    }
    let file = data.join(ACCOUNT_NAME);
    // Rather nothing than another account.
    let told = remove(&file).and_then(|()| std::fs::write(&file, format!("{}\n", address(account))));
    if let Err(error) = told {
        tracing::warn!(%error, "quern-worker drain cannot be told whose folder this is");
    }
}

/// What keeps the daemon from being stopped, if anything does.
fn waits_for(facts: &Facts, plans: usize) -> anyhow::Result<Option<String>> {
    let open = facts.duties.iter().filter(|duty| duty.is_open()).count();
    Ok(Some(match &facts.participant {
        Some(found) if found.role == Role::Validator && !facts.is_retiring => anyhow::bail!(
            "a validator is drawn as long as it is registered: quern stake retire, then quern-worker drain again"
        ),
        Some(found) if found.slots > 0 && !facts.is_retiring && !found.barred => {
            "waiting for the daemon to take its slots back (if this stays, it does not run)".to_owned()
        }
        _ if open > 0 => format!("{open} shards are not seen through yet (quern-worker status names them)"),
        _ if plans > 0 => format!("{plans} plants or decoys are under way: keep the daemon running"),
        _ => return Ok(None),
    }))
}

/// Says in a data folder how many plants and decoys are under way.
fn tell_plans(data: &Path, plans: usize) -> io::Result<()> {
    let file = data.join(PLANS_NAME);
    if plans == 0 {
        return remove(&file);
    }
    // Whoever reads it sees the old number or the new one.
    let new = file.with_extension("new");
    std::fs::write(&new, format!("{plans}\n"))?;
    std::fs::rename(new, file)
}

/// How many plants and decoys the daemon of a data folder has under way, by what it said last.
fn plans_under_way(data: &Path) -> io::Result<usize> {
    match std::fs::read_to_string(data.join(PLANS_NAME)) {
        Ok(text) => text.trim().parse().map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
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
    remove(&data.join(FILE_NAME))
}

/// Removes a file that may be gone.
fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::{Attempt, Promise},
        testing::{facts, participant, ID, ME, OTHER},
    };
    use quern_primitives::BlobId;
    use quern_protocol::view::ParticipantView;

    #[test]
    fn daemon_should_drain_as_long_as_it_is_asked_to_and_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut drain = Drain::of(folder.path(), &ME);
        assert!(!drain.note(2, 0, false) && !drain.is_on());
        ask(folder.path()).unwrap();
        assert!(drain.note(2, 0, false) && drain.is_on() && !drain.is_done);
        assert!(!drain.note(0, 0, false) && !drain.is_done, "the chain may still give it a shard");
        assert!(!drain.note(0, 0, true) && drain.is_done);
        assert!(Drain::of(folder.path(), &ME).is_on());
        cancel(folder.path()).unwrap();
        cancel(folder.path()).unwrap();
        assert!(drain.note(0, 0, true) && !drain.is_on() && !drain.is_done);
    }

    #[test]
    fn drain_should_ask_nothing_of_a_daemon_when_another_account_is_meant() {
        use crate::args::{Cli, Command};
        use clap::Parser;
        let drained = |data: &Path, account: &Account| {
            let (data, account) = (data.to_str().unwrap(), address(account));
            // Nobody listens on port 1 of this machine.
            let line =
                ["quern-worker", "drain", "--rpc", "ws://127.0.0.1:1", "--data", data, "--account", account.as_str()];
            let Command::Drain(args) = Cli::try_parse_from(line).unwrap().command else { panic!("it is another one") };
            crate::block_on(run(args)).unwrap().unwrap_err().to_string()
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(db::FILE_NAME);
        let _db = db::Db::open(&path, &ME, &[9; 32]).unwrap();
        assert_eq!(account_of(folder.path()), None, "nobody can read the database of a daemon that runs");
        // The daemon's account at its last start is what counts.
        for account in [&OTHER, &ME, &ME] {
            let _ = Drain::of(folder.path(), account);
        }
        assert_eq!(account_of(folder.path()), Some(ME));
        let told = drained(folder.path(), &OTHER);
        assert!(told.contains(&address(&ME)) && told.contains(&address(&OTHER)), "{told}");
        assert!(told.contains("QUERN_STAKE") && !is_asked(folder.path()), "{told}");
        assert_eq!(drained(folder.path(), &ME), STAYS);
        assert!(is_asked(folder.path()));
    }

    #[test]
    fn folder_should_be_that_of_its_database_when_no_daemon_has_said_whose_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let db = db::Db::open(&folder.path().join(db::FILE_NAME), &ME, &[9; 32]).unwrap();
        let promise = Promise { by: 9, secret: [7; 32], ids: Vec::new(), root: BlobId([2; 32]) };
        db.keep_promise(Attempt { shard: ID, attempt: 0 }, &promise).unwrap();
        drop(db);
        assert_eq!(account_of(folder.path()), Some(ME));
        assert!(check_folder(folder.path(), &ME).is_ok() && check_folder(folder.path(), &OTHER).is_err());
    }

    #[test]
    fn daemon_should_be_free_to_stop_only_at_its_own_chain_when_its_account_is_not_registered() {
        let said = |participant| all_clear(&Facts { participant, ..facts() }, "ws://a:1");
        assert_eq!(said(Some(participant(Role::Worker))), "nothing is owed any more: the daemon may be stopped");
        let unknown = said(None);
        assert!(unknown.starts_with("not registered at ws://a:1") && unknown.contains("--rpc"), "{unknown}");
    }

    #[test]
    fn drain_should_wait_for_plants_and_decoys_when_no_shard_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let told = || {
            let participant = Some(ParticipantView { slots: 0, ..participant(Role::Worker) });
            waits_for(&Facts { participant, ..facts() }, plans_under_way(folder.path()).unwrap()).unwrap()
        };
        ask(folder.path()).unwrap();
        let mut drain = Drain::of(folder.path(), &ME);
        drain.note(0, 2, true);
        assert!(!drain.is_done);
        let said = "2 plants or decoys are under way: keep the daemon running";
        assert_eq!(told().as_deref(), Some(said));
        // It holds on while no daemon runs.
        let mut drain = Drain::of(folder.path(), &ME);
        assert_eq!(told().as_deref(), Some(said));
        drain.note(0, 0, true);
        assert!(drain.is_done);
        assert_eq!(told(), None);
    }
}
