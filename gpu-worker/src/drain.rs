// SPDX-License-Identifier: Apache-2.0
//! Draining: a daemon takes no new shards, finishes what it owes, and says when it may be stopped.
//!
//! `quern-worker drain` and the daemon meet at a file in the data folder, so that a daemon that is started again drains on.

use crate::{
    args::DrainArgs,
    db::{self, mark, Db, DbError, Identity},
    disk, doctor,
    origin::Origin,
    status::{Facts, Meant},
};
use anyhow::Context;
use quern_primitives::{traits::Role, Account};
use quern_sdk::chain::{address, Chain, ChainError};
use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Name of the file that asks for it.
const FILE_NAME: &str = "drain";
/// Name of the file in which the daemon, which has the database for itself, says how many plants and decoys are under way.
const PLANS_NAME: &str = "plants-under-way";

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
    /// The daemon's whose data is in this folder.
    pub fn of(data: &Path) -> Self {
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
    let is_there = match args.data.join(db::FILE_NAME).try_exists() {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(false),
        found => found,
    };
    anyhow::ensure!(
        is_there.with_context(|| format!("{data} cannot be read; run this as the user of the daemon"))?,
        "{data} is not the data folder of a daemon; name it with --data"
    );
    let waits = !args.cancel && !args.no_wait;
    let folder = Folder::of(&args.data);
    let meant = match waits {
        true => Some(Meant::of(&args.account)?),
        false => Meant::named(&args.account, folder.identity.account.is_some())?,
    };
    if let Some(meant) = &meant {
        folder.check_account(&args.data, &meant.account)?;
    }
    // Nothing is asked of a daemon before it is known whose answer will be told for its own. A node that does not answer says nothing.
    let asked = match meant.filter(|_| waits) {
        Some(meant) => match connect(&args.account.rpc, &meant, &folder).await {
            Err(error) if !is_silence(&error) => return Err(error),
            chain => Some((meant.account, chain)),
        },
        None => None,
    };
    let told = if args.cancel { cancel(&args.data) } else { ask(&args.data) };
    told.with_context(|| format!("{data} cannot be written; run this as the user of the daemon"))?;
    println!("{}", order(args.cancel, folder.is_running));
    let Some((account, chain)) = asked else { return Ok(()) };
    let (chain, owner) = (chain.context(STAYS)?, address(&account));
    if let Some(stale) = chain.staleness().await.context(STAYS)? {
        println!("warning: {stale}");
    }
    println!("waiting until {owner} owes nothing");
    let mut told = None;
    let (facts, is_its_chain) = loop {
        let facts = Facts::of(&chain, account).await.context(STAYS)?;
        let node = Origin::of(&chain).await.context(STAYS)?;
        // The daemon may have learnt its block 1 meanwhile.
        let folder = mark::told(&args.data).origin.or(folder.identity.origin);
        check_chain(folder.as_ref(), &node).context(STAYS)?;
        let plans = plans_under_way(&args.data).with_context(|| format!("{data} cannot be read"))?;
        let state = match waits_for_chain(folder.as_ref(), &node) {
            None => waits_for(&facts, plans)?,
            state => state,
        };
        let Some(state) = state else { break (facts, folder.and_then(|folder| folder.is_same(&node)) == Some(true)) };
        if told.as_ref() != Some(&state) {
            println!("{state}");
            told = Some(state);
        }
        tokio::time::sleep(LOOK).await;
    };
    let is_running = Folder::of(&args.data).is_running;
    let clear = all_clear(&facts, chain.url(), is_its_chain, is_running);
    println!("{owner}: {clear}. Its data folder holds outputs that others may still want");
    Ok(())
}

/// The node, which follows the folder's chain as far as both say.
async fn connect(rpc: &str, meant: &Meant, folder: &Folder) -> anyhow::Result<Chain> {
    let chain = Chain::connect(rpc).await?;
    check_chain(folder.identity.origin.as_ref(), &Origin::of(&chain).await?)?;
    meant.check(&chain).await?;
    Ok(chain)
}

/// Whether there is only no answer, and not a wrong one.
fn is_silence(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<ChainError>();
    matches!(error, Some(ChainError::Unreachable { .. } | ChainError::Closed | ChainError::Rpc { .. }))
}

/// Refuses to answer from a node of another chain than the folder's.
fn check_chain(folder: Option<&Origin>, node: &Origin) -> anyhow::Result<()> {
    match folder.and_then(|folder| doctor::other_chain(folder, node)) {
        Some(problem) => anyhow::bail!("{problem}: {}", problem.fix()),
        None => Ok(()),
    }
}

/// That a node has yet to say whether it follows the folder's chain.
fn waits_for_chain(folder: Option<&Origin>, node: &Origin) -> Option<String> {
    let waits = folder.is_some_and(|folder| folder.first_block.is_some()) && node.first_block.is_none();
    waits.then(|| "waiting for the node's block 1 to be final, which says whether it follows the daemon's chain".into())
}

/// What is said when a daemon has been asked.
fn order(is_cancelled: bool, is_running: Option<bool>) -> &'static str {
    match (is_cancelled, is_running) {
        (false, Some(false)) => "no daemon runs with this folder: it takes no new shards when it is started",
        (false, _) => "the daemon takes no new shards from the next block on",
        (true, Some(false)) => "no daemon runs with this folder: it takes new shards again when it is started",
        (true, _) => "the daemon takes new shards again, within 16 blocks",
    }
}

/// What is said when nothing is owed at a node.
fn all_clear(facts: &Facts, url: &str, is_its_chain: bool, is_running: Option<bool>) -> String {
    let owes = match facts.participant {
        Some(_) => "nothing is owed any more",
        None => "not registered, and nothing is owed",
    };
    match (is_its_chain, is_running) {
        (true, Some(false)) => format!("{owes}; no daemon runs with its folder"),
        (true, _) => format!("{owes}: the daemon may be stopped"),
        (false, _) => format!(
            "{owes} at {url}: if that is the daemon's node or one of the same chain, the daemon may be stopped; else name its node with \
             --rpc"
        ),
    }
}

/// What can be read of a data folder.
struct Folder {
    /// Whose it is: as its database says, or while that cannot be read as the daemon said when it was started.
    identity: Identity,
    /// Whether a daemon runs with it; none where that cannot be told.
    is_running: Option<bool>,
}

impl Folder {
    fn of(data: &Path) -> Self {
        let (identity, is_running) = match Db::identity(&data.join(db::FILE_NAME)) {
            Ok(found) => (found, Some(false)),
            Err(DbError::InUse) => (None, Some(true)),
            Err(DbError::Unclean) => (None, Some(false)),
            Err(_) => (None, None),
        };
        Self { identity: identity.unwrap_or_else(|| mark::told(data)), is_running }
    }

    /// Refuses to answer for another account than the one whose daemon the folder has, as far as that is known.
    fn check_account(&self, data: &Path, meant: &Account) -> anyhow::Result<()> {
        let Some(owner) = self.identity.account.filter(|owner| owner != meant) else { return Ok(()) };
        let (data, owner, meant) = (data.display(), address(&owner), address(meant));
        anyhow::bail!(
            "{data} is the folder of {owner}, and {meant} is named here or by the environment (QUERN_STAKE, QUERN_SURI): name the one with \
             --account, or the folder of the other with --data"
        )
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
    match plans {
        0 => disk::remove(&file),
        plans => disk::replace(&file, &format!("{plans}\n")),
    }
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
    disk::remove(&data.join(FILE_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        args::{Cli, Command},
        core::{Attempt, Promise},
        duty::Duty,
        testing::{confirmed, facts, participant, settled, ID, ME, OTHER},
    };
    use clap::Parser;
    use quern_primitives::BlobId;
    use quern_protocol::{
        shard::Phase,
        view::{ParticipantView, ShardView},
    };

    #[test]
    fn daemon_should_drain_as_long_as_it_is_asked_to_and_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut drain = Drain::of(folder.path());
        assert!(!drain.note(2, 0, false) && !drain.is_on());
        ask(folder.path()).unwrap();
        assert!(drain.note(2, 0, false) && drain.is_on() && !drain.is_done);
        assert!(!drain.note(0, 0, false) && !drain.is_done, "the chain may still give it a shard");
        assert!(!drain.note(0, 0, true) && drain.is_done);
        assert!(Drain::of(folder.path()).is_on());
        cancel(folder.path()).unwrap();
        cancel(folder.path()).unwrap();
        assert!(drain.note(0, 0, true) && !drain.is_on() && !drain.is_done);
    }

    /// What comes of `quern-worker drain` for a folder, while no node answers.
    fn drained(data: &Path, account: &Account, how: &[&str]) -> Result<(), String> {
        let (data, account) = (data.to_str().unwrap(), address(account));
        // Nobody listens on port 1 of this machine.
        let line = ["quern-worker", "drain", "--rpc", "ws://127.0.0.1:1", "--data", data, "--account", &account];
        let cli = Cli::try_parse_from([&line[..], how].concat()).unwrap();
        let Command::Drain(args) = cli.command else { panic!("it is another one") };
        crate::block_on(run(args)).unwrap().map_err(|error| error.to_string())
    }

    #[test]
    fn drain_should_ask_nothing_of_a_daemon_when_another_account_is_meant() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let _db = Db::open(&data.join(db::FILE_NAME), &ME, &[9; 32]).unwrap();
        for how in [&[][..], &["--no-wait"], &["--cancel"]] {
            let told = drained(data, &OTHER, how).unwrap_err();
            assert!(told.contains(&address(&ME)) && told.contains(&address(&OTHER)), "{told}");
            assert!(told.contains("QUERN_STAKE") && !is_asked(data), "{told}");
        }
        assert_eq!(drained(data, &ME, &[]), Err(STAYS.to_owned()));
        assert!(is_asked(data));
        assert!(drained(data, &OTHER, &["--cancel"]).is_err() && is_asked(data));
        assert!(drained(data, &ME, &["--cancel"]).is_ok() && !is_asked(data));
        assert!(drained(data, &ME, &["--no-wait"]).is_ok() && is_asked(data));
    }

    #[test]
    fn folder_should_be_that_of_its_database_when_no_daemon_runs() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let open = |account| Db::open(&data.join(db::FILE_NAME), account, &[9; 32]).unwrap();
        assert_eq!(Folder::of(data).is_running, Some(false));
        // A start with another key, after which the folder is nobody's yet.
        let db = open(&OTHER);
        let seen = Folder::of(data);
        assert_eq!((seen.identity.account, seen.is_running), (Some(OTHER), Some(true)));
        drop(db);
        assert_eq!(Folder::of(data).identity.account, None);
        let db = open(&ME);
        let promise = Promise { by: 9, secret: [7; 32], ids: Vec::new(), root: BlobId([2; 32]) };
        db.keep_promise(Attempt { shard: ID, attempt: 0 }, &promise).unwrap();
        db.bind(&origin(Some(5))).unwrap();
        drop(db);
        // What a daemon said counts only while the database cannot be read.
        std::fs::write(data.join("account"), address(&OTHER)).unwrap();
        let seen = Folder::of(data);
        assert_eq!((seen.is_running, seen.identity.origin), (Some(false), Some(origin(Some(5)))));
        assert!(seen.check_account(data, &ME).is_ok() && seen.check_account(data, &OTHER).is_err());
        std::fs::write(data.join(db::FILE_NAME), "").unwrap();
        assert_eq!(Folder::of(data).is_running, None, "that is no database");
    }

    fn origin(first_block: Option<u8>) -> Origin {
        Origin { genesis: [9; 32], first_block: first_block.map(|byte| [byte; 32]) }
    }

    #[test]
    fn drain_should_go_by_a_node_only_when_it_follows_the_folders_chain() {
        let refusal =
            |folder: Option<Origin>, node| check_chain(folder.as_ref(), &node).err().map(|error| error.to_string());
        let known = Some(origin(Some(5)));
        let other = refusal(known, origin(Some(6))).unwrap();
        assert!(other.contains("another chain with the same genesis") && other.contains("--rpc"), "{other}");
        let other = refusal(known, Origin { genesis: [8; 32], first_block: None }).unwrap();
        assert!(other.contains("belongs to the chain 0909") && other.contains("--rpc"), "{other}");
        for (folder, node) in [(known, Some(5)), (known, None), (Some(origin(None)), Some(6)), (None, Some(6))] {
            assert_eq!(refusal(folder, origin(node)), None, "{folder:?} {node:?}");
        }
        // A node that has no block 1 yet may still turn out to be another chain's.
        assert!(waits_for_chain(known.as_ref(), &origin(None)).is_some_and(|told| told.contains("block 1")));
        assert_eq!(waits_for_chain(known.as_ref(), &origin(Some(5))), None);
        assert_eq!(waits_for_chain(Some(&origin(None)), &origin(None)), None);
        assert_eq!(waits_for_chain(None, &origin(None)), None);
    }

    #[test]
    fn daemon_should_be_free_to_stop_only_at_its_own_chain() {
        let said = |participant, is_its_chain, is_running| {
            all_clear(&Facts { participant, ..facts() }, "ws://a:1", is_its_chain, is_running)
        };
        let found = || Some(participant(Role::Worker));
        assert_eq!(said(found(), true, Some(true)), "nothing is owed any more: the daemon may be stopped");
        assert_eq!(said(None, true, Some(true)), "not registered, and nothing is owed: the daemon may be stopped");
        for participant in [found(), None] {
            let unknown = said(participant, false, Some(true));
            assert!(
                unknown.contains("owed") && unknown.contains("ws://a:1: if") && unknown.contains("--rpc"),
                "{unknown}"
            );
        }
        assert_eq!(said(found(), true, Some(false)), "nothing is owed any more; no daemon runs with its folder");
    }

    #[test]
    fn order_should_be_for_the_next_start_when_no_daemon_runs() {
        for is_cancelled in [false, true] {
            assert!(order(is_cancelled, Some(false)).starts_with("no daemon runs with this folder"));
            for is_running in [Some(true), None] {
                assert!(order(is_cancelled, is_running).starts_with("the daemon takes"));
            }
        }
    }

    #[test]
    fn drain_should_wait_for_the_windows_of_what_a_validator_has_confirmed() {
        let told = |view: ShardView| {
            let duties = Duty::served(&view.shard, &ME).into_iter().collect();
            let participant = Some(participant(Role::Validator));
            waits_for(&Facts { participant, is_retiring: true, duties, ..facts() }, 0).unwrap()
        };
        let state = told(confirmed(OTHER, ME));
        assert!(
            state.as_deref().is_some_and(|state| state.starts_with("1 shards are not seen through yet")),
            "{state:?}"
        );
        let mut settled = settled(OTHER, true);
        if let Phase::Settled { auditors, .. } = &mut settled.shard.phase {
            *auditors = vec![ME].try_into().unwrap();
        }
        assert_eq!(told(settled), None, "it serves the outputs alone");
    }

    #[test]
    fn drain_should_wait_for_plants_and_decoys_when_no_shard_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let told = || {
            let participant = Some(ParticipantView { slots: 0, ..participant(Role::Worker) });
            waits_for(&Facts { participant, ..facts() }, plans_under_way(folder.path()).unwrap()).unwrap()
        };
        ask(folder.path()).unwrap();
        let mut drain = Drain::of(folder.path());
        drain.note(0, 2, true);
        assert!(!drain.is_done);
        let said = "2 plants or decoys are under way: keep the daemon running";
        assert_eq!(told().as_deref(), Some(said));
        // It holds on while no daemon runs.
        let mut drain = Drain::of(folder.path());
        assert_eq!(told().as_deref(), Some(said));
        drain.note(0, 0, true);
        assert!(drain.is_done);
        assert_eq!(told(), None);
    }
}
