// SPDX-License-Identifier: Apache-2.0
//! What a promise depends on, kept durably before the promise is made.

pub mod mark;

use crate::{
    core::{
        planter::{Plan, Progress},
        Attempt, Promise, Sealed, ShownResults,
    },
    disk,
    origin::Origin,
};
use codec::{Decode, Encode};
use quern_primitives::{BlobId, ShardId};
use quern_sdk::{
    chain::{
        address,
        queue::{Outbox, Queued},
    },
    net::messages::Commitment,
};
use redb::{
    Database, DatabaseError, ReadOnlyDatabase, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition,
    TableError, WriteTransaction,
};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

const PROMISES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("promises");
const RESULTS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("results");
/// What is planted, by attempt.
const PLANS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("plans");
const SEALS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("seals");
/// Roots of the shards whose outputs an audit has read, by attempt.
const READ: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("read");
/// What is behind those roots.
const COMMITMENTS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("commitments");
const IDENTITY: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("identity");
/// Key of block 1's hash in [`IDENTITY`].
const FIRST_BLOCK: &str = "first_block";
/// Extrinsics that are not final yet, by nonce.
const OUTBOX: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("outbox");

/// Name of the database in a daemon's folder.
pub const FILE_NAME: &str = "promises.redb";
/// Room on the disk below which nothing is written: a write that finds none leaves the database unreadable until it is opened again,
/// and what was promised must stay readable. A promise or an answer is far smaller; blobs leave more free.
const LEAST_ROOM_MIB: u64 = 16;

/// Version of what the tables hold. A database without one is of the first.
pub const VERSION: u32 = 1;

/// What to do about a folder of another chain.
pub const OTHER_CHAIN: &str =
    "name a node of that chain with --rpc, or give this daemon a folder of its own with --data: a new one where this \
                               chain has none yet";

/// Why the database failed.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// It could not be opened.
    #[error("the database {0} cannot be opened: {1}")]
    Open(String, String),
    /// A daemon has it open.
    #[error(
        "a daemon is running with this folder: stop that one first, or give this one a folder of its own with --data"
    )]
    InUse,
    /// It could not be read or written.
    #[error("the database failed: {0}")]
    Io(String),
    /// The disk is full.
    #[error("the disk of the database has {0} MiB left, and {LEAST_ROOM_MIB} are needed to promise anything more: make room on it")]
    Full(u64),
    /// It belongs to another account or chain.
    #[error("the folder belongs to another {} ({what} {found}, here {here}); {}", if *.what == "genesis" { "chain" } else { .what }, if *.what == "genesis" { OTHER_CHAIN } else { "give this daemon a folder of its own with --data; if this is a hot key, name its account with --stake" })]
    Foreign {
        /// What differs.
        what: &'static str,
        /// What it was made for.
        found: String,
        /// What the daemon runs for.
        here: String,
    },
    /// It belongs to another chain that began with the same genesis block.
    #[error("the folder belongs to another chain with the same genesis (block 1 is 0x{}, here 0x{}); {OTHER_CHAIN}", hex::encode(.found), hex::encode(.here))]
    OtherFirstBlock {
        /// Block 1 of the folder's chain.
        found: [u8; 32],
        /// Block 1 of the node's chain.
        here: [u8; 32],
    },
    /// The daemon that had it open was not stopped cleanly.
    #[error("the daemon was not stopped cleanly; it repairs the database at its next start")]
    Unclean,
    /// It was written by another version.
    #[error("the database is of version {found}, this program reads version {VERSION}; use the program that wrote it until nothing is owed (quern-worker drain), then start anew with an empty folder")]
    Version {
        /// The version that wrote it.
        found: u32,
    },
    /// An entry cannot be decoded.
    #[error("the database holds an entry that cannot be read; it was written by another version")]
    Corrupt,
}

fn io(error: impl Into<redb::Error>) -> DbError {
    DbError::Io(reason(error))
}

/// Why the database failed, and the remedy.
fn reason(error: impl Into<redb::Error>) -> String {
    let error = error.into();
    let remedy = match &error {
        redb::Error::Io(error) => disk::remedy(error),
        _ => "Is the disk full?",
    };
    format!("{}. {remedy}", error.to_string().trim_end_matches('.'))
}

/// That the database belongs to another account, or to a chain with another genesis block.
fn foreign(what: &'static str, found: &[u8], here: &[u8; 32]) -> DbError {
    let shown = |id: &[u8]| match id.try_into() {
        Ok(account) if what == "account" => address(account),
        _ => format!("0x{}", hex::encode(id)),
    };
    DbError::Foreign { what, found: shown(found), here: shown(here) }
}

/// The embedded database of a daemon. Every write is on disk when it returns.
pub struct Db {
    database: Database,
    account: [u8; 32],
    genesis: [u8; 32],
    /// Block 1 of the node's chain, once it is known.
    first_block: OnceLock<[u8; 32]>,
    /// Whether it was nobody's when it was opened.
    is_new: bool,
    /// Where it is.
    folder: PathBuf,
    /// Tells the room on its disk in MiB, where that is known.
    room_mib: Box<dyn Fn() -> Option<u64> + Send + Sync>,
}

impl Db {
    /// Opens or creates it for an account on a chain. It is theirs from the first thing on that is kept in it, or once it is
    /// [taken](Self::take): a start with a wrong key or node, or one that is refused, binds no folder.
    pub fn open(path: &Path, account: &[u8; 32], genesis: &[u8; 32]) -> Result<Self, DbError> {
        let db = match Database::create(path) {
            Err(DatabaseError::UpgradeRequired(found)) => return Err(DbError::Version { found: found.into() }),
            Err(DatabaseError::DatabaseAlreadyOpen) => return Err(DbError::InUse),
            other => other.map_err(|error| DbError::Open(path.display().to_string(), reason(error)))?,
        };
        // A path without a folder is one in the working directory.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        let at = folder.clone();
        let room_mib = Box::new(move || disk::free_mib(&at));
        let first_block = OnceLock::new();
        let mut db =
            Self { database: db, account: *account, genesis: *genesis, first_block, is_new: true, folder, room_mib };
        db.is_new = db.prepare()?;
        db.tell()?;
        Ok(db)
    }

    /// Says beside it whose daemon runs here.
    fn tell(&self) -> Result<(), DbError> {
        mark::tell(&self.folder, &self.account, &Origin { genesis: self.genesis, first_block: self.first_block()? });
        Ok(())
    }

    /// Makes it the account's on its chain for good, where it is nobody's yet: when nothing can refuse the start any more. One that is theirs
    /// is read only: a daemon has to start again on a full disk too, for what it has promised.
    pub fn take(&self) -> Result<(), DbError> {
        if self.is_owned()? {
            return Ok(());
        }
        self.begin_keep()?.commit().map_err(io)
    }

    /// Whether it can be [taken](Self::take), without doing so: asked before anything is sent of which a daemon that then ends would
    /// leave the account on chain, and drawn.
    pub fn check_takeable(&self) -> Result<(), DbError> {
        if self.is_owned()? {
            return Ok(());
        }
        self.check_room()
    }

    /// Writes whose it is, as far as that is known and not written yet.
    fn own(&self, write: &WriteTransaction) -> Result<(), DbError> {
        let mut identity = write.open_table(IDENTITY).map_err(io)?;
        let (account, genesis) = (Some(&self.account), Some(&self.genesis));
        for (what, value) in [("account", account), ("genesis", genesis), (FIRST_BLOCK, self.first_block.get())] {
            let is_there = identity.get(what).map_err(io)?.is_some();
            if let Some(value) = value.filter(|_| !is_there) {
                identity.insert(what, value.as_slice()).map_err(io)?;
            }
        }
        Ok(())
    }

    /// Whether it is the account's, by what is written in it.
    fn is_owned(&self) -> Result<bool, DbError> {
        let read = self.database.begin_read().map_err(io)?;
        let identity = read.open_table(IDENTITY).map_err(io)?;
        let is_owned = identity.get("account").map_err(io)?.is_some();
        Ok(is_owned)
    }

    /// Whether it was nobody's when it was opened: nothing was ever kept in it.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Makes the tables of a new database, and makes sure that an old one is of this account and chain; says whether it is of none yet.
    /// An old one is read only: a daemon has to start again on a full disk too, for what it has promised.
    fn prepare(&self) -> Result<bool, DbError> {
        let (is_complete, is_new) = self.whose()?;
        if is_complete {
            return Ok(is_new);
        }
        let write = self.begin_write()?;
        {
            for table in [PROMISES, SEALS, RESULTS, PLANS, READ, COMMITMENTS] {
                write.open_table(table).map_err(io)?;
            }
            write.open_table(OUTBOX).map_err(io)?;
            let mut identity = write.open_table(IDENTITY).map_err(io)?;
            identity.insert("version", VERSION.to_le_bytes().as_slice()).map_err(io)?;
        }
        write.commit().map_err(io)?;
        Ok(is_new)
    }

    /// Whether everything is there, and whether it is no account's yet; what is there must be this account's on this chain.
    fn whose(&self) -> Result<(bool, bool), DbError> {
        let read = self.database.begin_read().map_err(io)?;
        let identity = match read.open_table(IDENTITY) {
            Err(TableError::TableDoesNotExist(_)) => return Ok((false, true)),
            other => other.map_err(io)?,
        };
        let found = identity.get("version").map_err(io)?.map(|found| version_of(found.value()));
        if let Some(found) = found.filter(|found| *found != VERSION) {
            return Err(DbError::Version { found });
        }
        let is_there = |what, value: &[u8; 32]| match identity.get(what).map_err(io)? {
            Some(found) if found.value() != value.as_slice() => Err(foreign(what, found.value(), value)),
            found => Ok(found.is_some()),
        };
        let is_new = !is_there("account", &self.account)?;
        is_there("genesis", &self.genesis)?;
        let mut is_complete = found.is_some();
        let has = |table: Result<_, TableError>| match table {
            Ok(()) => Ok(true),
            Err(TableError::TableDoesNotExist(_)) => Ok(false),
            Err(error) => Err(io(error)),
        };
        for table in [PROMISES, SEALS, RESULTS, PLANS, READ, COMMITMENTS] {
            is_complete &= has(read.open_table(table).map(drop))?;
        }
        Ok((is_complete & has(read.open_table(OUTBOX).map(drop))?, is_new))
    }

    /// The same on a disk with so much room.
    #[cfg(test)]
    pub(crate) fn with_room(self, mib: u64) -> Self {
        Self { room_mib: Box::new(move || Some(mib)), ..self }
    }

    /// Begins to write, where there is room for it.
    fn begin_write(&self) -> Result<WriteTransaction, DbError> {
        self.check_room()?;
        self.database.begin_write().map_err(io)
    }

    fn check_room(&self) -> Result<(), DbError> {
        match (self.room_mib)() {
            Some(room) if room < LEAST_ROOM_MIB => Err(DbError::Full(room)),
            _ => Ok(()),
        }
    }

    /// Begins to keep something: from then on the database is the account's.
    fn begin_keep(&self) -> Result<WriteTransaction, DbError> {
        let write = self.begin_write()?;
        self.own(&write)?;
        Ok(write)
    }

    /// Binds the database to block 1 of its chain, once that is final, and refuses every chain that has another one. The genesis
    /// block does not tell chains apart: all development chains have the same. One that is nobody's yet is bound when it becomes somebody's.
    pub fn bind(&self, origin: &Origin) -> Result<Binding, DbError> {
        if self.genesis != origin.genesis {
            return Err(foreign("genesis", &self.genesis, &origin.genesis));
        }
        match (self.first_block()?, origin.first_block) {
            (Some(found), Some(here)) if found != here => Err(DbError::OtherFirstBlock { found, here }),
            (Some(_), Some(_)) => Ok(Binding::Confirmed),
            (Some(_), None) => Ok(Binding::Unconfirmed),
            (None, Some(here)) => {
                // None was known before.
                let _ = self.first_block.set(here);
                if self.is_owned()? {
                    self.begin_keep()?.commit().map_err(io)?;
                }
                self.tell()?;
                Ok(Binding::Confirmed)
            }
            (None, None) => Ok(Binding::Unbound),
        }
    }

    /// Whether block 1 of its chain is known, and every other chain refused.
    pub fn is_bound(&self) -> Result<bool, DbError> {
        Ok(self.first_block()?.is_some())
    }

    fn first_block(&self) -> Result<Option<[u8; 32]>, DbError> {
        let read = self.database.begin_read().map_err(io)?;
        let identity = read.open_table(IDENTITY).map_err(io)?;
        let found = identity.get(FIRST_BLOCK).map_err(io)?;
        let found = found.map(|found| hash_of(found.value())).transpose()?;
        Ok(found.or(self.first_block.get().copied()))
    }

    /// Opens it for reading alone; none where there is none yet.
    fn read_only(path: &Path) -> Result<Option<ReadOnlyDatabase>, DbError> {
        if !path.exists() {
            return Ok(None);
        }
        match ReadOnlyDatabase::open(path) {
            Ok(db) => Ok(Some(db)),
            Err(DatabaseError::UpgradeRequired(found)) => Err(DbError::Version { found: found.into() }),
            Err(DatabaseError::DatabaseAlreadyOpen) => Err(DbError::InUse),
            // Only whoever opens it for writing may repair it.
            Err(DatabaseError::RepairAborted) => Err(DbError::Unclean),
            Err(error) => Err(DbError::Open(path.display().to_string(), reason(error))),
        }
    }

    /// What the database of a daemon that does not run says of itself, and in which attempts a result or an answer was promised in it; none
    /// where there is none yet. Changes nothing.
    pub fn look(path: &Path) -> Result<Option<(Identity, HashSet<Attempt>)>, DbError> {
        let Some(db) = Self::read_only(path)? else { return Ok(None) };
        let read = db.begin_read().map_err(io)?;
        let identity = identity_in(&read)?;
        let mut promised = HashSet::new();
        for table in [PROMISES, SEALS] {
            let table = match read.open_table(table) {
                Err(TableError::TableDoesNotExist(_)) => continue,
                other => other.map_err(io)?,
            };
            for entry in table.iter().map_err(io)? {
                promised.insert(attempt_of(entry.map_err(io)?.0.value())?);
            }
        }
        Ok(Some((identity, promised)))
    }

    /// What the database of a daemon says of itself, without changing anything; none where there is none yet.
    pub fn identity(path: &Path) -> Result<Option<Identity>, DbError> {
        let Some(db) = Self::read_only(path)? else { return Ok(None) };
        identity_in(&db.begin_read().map_err(io)?).map(Some)
    }

    /// Keeps a promise.
    pub fn keep_promise(&self, attempt: Attempt, promise: &Promise) -> Result<(), DbError> {
        self.put(PROMISES, attempt, &promise.encode())
    }

    /// Keeps a promise and the plan that it belongs to, both or neither.
    pub fn keep_plan(&self, attempt: Attempt, plan: &Plan, promise: &Promise) -> Result<(), DbError> {
        let write = self.begin_keep()?;
        let (key, plan, promise) = (key(attempt), plan.encode(), promise.encode());
        write.open_table(PLANS).map_err(io)?.insert(key.as_slice(), plan.as_slice()).map_err(io)?;
        write.open_table(PROMISES).map_err(io)?.insert(key.as_slice(), promise.as_slice()).map_err(io)?;
        write.commit().map_err(io)
    }

    /// Keeps it that the plan of an attempt stands on chain.
    pub fn confirm_plan(&self, attempt: Attempt) -> Result<(), DbError> {
        let plan = self.plan(attempt)?.ok_or(DbError::Corrupt)?;
        self.put(PLANS, attempt, &Plan { progress: Progress::Confirmed, ..plan }.encode())
    }

    /// Gives the plan of an attempt up and drops what was promised by it, both or neither.
    pub fn abandon_plan(&self, attempt: Attempt) -> Result<(), DbError> {
        let plan = self.plan(attempt)?.ok_or(DbError::Corrupt)?;
        let (key, plan) = (key(attempt), Plan { progress: Progress::Abandoned, ..plan }.encode());
        let write = self.begin_write()?;
        write.open_table(PLANS).map_err(io)?.insert(key.as_slice(), plan.as_slice()).map_err(io)?;
        write.open_table(PROMISES).map_err(io)?.remove(key.as_slice()).map_err(io)?;
        write.commit().map_err(io)
    }

    /// The plan of an attempt.
    pub fn plan(&self, attempt: Attempt) -> Result<Option<Plan>, DbError> {
        self.get(PLANS, attempt)
    }

    /// All plans.
    pub fn plans(&self) -> Result<Vec<(Attempt, Plan)>, DbError> {
        self.all(PLANS)
    }

    /// Drops the plan of an attempt.
    pub fn forget_plan(&self, attempt: Attempt) -> Result<(), DbError> {
        let write = self.begin_write()?;
        write.open_table(PLANS).map_err(io)?.remove(key(attempt).as_slice()).map_err(io)?;
        write.commit().map_err(io)
    }

    /// Keeps a sealed answer, and gives it back; or the one that was kept before for the same sample, whose seal may be on its
    /// way already. With it is kept what was behind the roots that it was computed from: whoever is accused of it has to compute
    /// it again, when perhaps nobody shows that any more.
    pub fn keep_seal(
        &self,
        attempt: Attempt,
        sealed: Sealed,
        read: &[(BlobId, Arc<Commitment>)],
    ) -> Result<Sealed, DbError> {
        let write = self.begin_keep()?;
        keep_read(&write, attempt, read)?;
        let kept = {
            let mut table = write.open_table(SEALS).map_err(io)?;
            let found = table.get(key(attempt).as_slice()).map_err(io)?;
            let found = found.map(|value| Sealed::decode(&mut &value.value()[..]).map_err(|_| DbError::Corrupt));
            match found.transpose()?.filter(|kept| kept.sampled_at == sealed.sampled_at) {
                Some(kept) => kept,
                None => {
                    table.insert(key(attempt).as_slice(), sealed.encode().as_slice()).map_err(io)?;
                    sealed
                }
            }
        };
        write.commit().map_err(io)?;
        Ok(kept)
    }

    /// Keeps what a worker has shown.
    pub fn keep_results(&self, attempt: Attempt, shown: &ShownResults) -> Result<(), DbError> {
        self.put(RESULTS, attempt, &shown.encode())
    }

    /// What is behind a root that a kept answer was computed from.
    pub fn commitment(&self, root: &BlobId) -> Result<Option<Commitment>, DbError> {
        let read = self.database.begin_read().map_err(io)?;
        let table = read.open_table(COMMITMENTS).map_err(io)?;
        let found = table.get(root.0.as_slice()).map_err(io)?;
        found.map(|value| Commitment::decode(&mut &value.value()[..]).map_err(|_| DbError::Corrupt)).transpose()
    }

    /// The promise of an attempt.
    pub fn promise(&self, attempt: Attempt) -> Result<Option<Promise>, DbError> {
        self.get(PROMISES, attempt)
    }

    /// The sealed answer for an attempt.
    pub fn seal(&self, attempt: Attempt) -> Result<Option<Sealed>, DbError> {
        self.get(SEALS, attempt)
    }

    /// Whether a result or an answer was promised in an attempt.
    pub fn has_promised(&self, attempt: Attempt) -> Result<bool, DbError> {
        let read = self.database.begin_read().map_err(io)?;
        for table in [PROMISES, SEALS] {
            if read.open_table(table).map_err(io)?.get(key(attempt).as_slice()).map_err(io)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// 32 bytes that nobody can guess.
    pub fn fresh_secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        rand_core::RngCore::fill_bytes(&mut rand_core::OsRng, &mut secret);
        secret
    }

    /// All promises.
    pub fn promises(&self) -> Result<Vec<(Attempt, Promise)>, DbError> {
        self.all(PROMISES)
    }

    /// All sealed answers.
    pub fn seals(&self) -> Result<Vec<(Attempt, Sealed)>, DbError> {
        self.all(SEALS)
    }

    /// Everything that workers have shown.
    pub fn results(&self) -> Result<Vec<(Attempt, ShownResults)>, DbError> {
        self.all(RESULTS)
    }

    /// Drops what was kept for an attempt.
    pub fn forget(&self, attempt: Attempt) -> Result<(), DbError> {
        let write = self.begin_write()?;
        keep_read(&write, attempt, &[])?;
        for table in [PROMISES, SEALS, RESULTS] {
            write.open_table(table).map_err(io)?.remove(key(attempt).as_slice()).map_err(io)?;
        }
        write.commit().map_err(io)
    }

    fn put(&self, table: TableDefinition<'_, &[u8], &[u8]>, attempt: Attempt, value: &[u8]) -> Result<(), DbError> {
        let write = self.begin_keep()?;
        write.open_table(table).map_err(io)?.insert(key(attempt).as_slice(), value).map_err(io)?;
        write.commit().map_err(io)
    }

    fn get<T: Decode>(&self, table: TableDefinition<'_, &[u8], &[u8]>, attempt: Attempt) -> Result<Option<T>, DbError> {
        let read = self.database.begin_read().map_err(io)?;
        let table = read.open_table(table).map_err(io)?;
        let found = table.get(key(attempt).as_slice()).map_err(io)?;
        found.map(|value| T::decode(&mut &value.value()[..]).map_err(|_| DbError::Corrupt)).transpose()
    }

    fn all<T: Decode>(&self, table: TableDefinition<'_, &[u8], &[u8]>) -> Result<Vec<(Attempt, T)>, DbError> {
        let read = self.database.begin_read().map_err(io)?;
        let table = read.open_table(table).map_err(io)?;
        let mut all = Vec::new();
        for entry in table.iter().map_err(io)? {
            let (key, value) = entry.map_err(io)?;
            let value = T::decode(&mut &value.value()[..]).map_err(|_| DbError::Corrupt)?;
            all.push((attempt_of(key.value())?, value));
        }
        Ok(all)
    }
}

/// Whose database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account; none where nothing was ever kept.
    pub account: Option<[u8; 32]>,
    /// The chain; none where nothing was ever kept, without its block 1 where that was not final yet when the daemon ran.
    pub origin: Option<Origin>,
}

/// What is known of a database and the chain that a node follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// It is bound to this chain.
    Confirmed,
    /// It is bound to a chain, and whether this is that one is not known: block 1 is not final here.
    Unconfirmed,
    /// It is bound to no chain yet: block 1 is not final.
    Unbound,
}

impl Outbox for Db {
    fn load(&self) -> std::io::Result<Vec<Queued>> {
        let load = || {
            let read = self.database.begin_read().map_err(io)?;
            let table = read.open_table(OUTBOX).map_err(io)?;
            let entries = table.iter().map_err(io)?;
            entries
                .map(|entry| Queued::decode(&mut entry.map_err(io)?.1.value()).map_err(|_| DbError::Corrupt))
                .collect::<Result<_, DbError>>()
        };
        load().map_err(std::io::Error::other)
    }

    fn keep(&self, entry: &Queued) -> std::io::Result<()> {
        let keep = || {
            let write = self.begin_keep()?;
            write.open_table(OUTBOX).map_err(io)?.insert(entry.nonce, entry.encode().as_slice()).map_err(io)?;
            write.commit().map_err(io)
        };
        keep().map_err(std::io::Error::other)
    }

    fn forget(&self, nonces: &[u64]) -> std::io::Result<()> {
        let forget = || {
            let write = self.begin_write()?;
            for nonce in nonces {
                write.open_table(OUTBOX).map_err(io)?.remove(nonce).map_err(io)?;
            }
            write.commit().map_err(io)
        };
        forget().map_err(std::io::Error::other)
    }
}

/// Keeps what is behind the roots that an answer was computed from, and drops what no other answer was computed from of those that
/// were kept for it before.
fn keep_read(write: &WriteTransaction, attempt: Attempt, read: &[(BlobId, Arc<Commitment>)]) -> Result<(), DbError> {
    let mut table = write.open_table(READ).map_err(io)?;
    let mut commitments = write.open_table(COMMITMENTS).map_err(io)?;
    let roots_of = |bytes: &[u8]| Vec::<BlobId>::decode(&mut &bytes[..]).map_err(|_| DbError::Corrupt);
    let roots: Vec<BlobId> = read.iter().map(|(root, _)| *root).collect();
    let before = if roots.is_empty() {
        table.remove(key(attempt).as_slice()).map_err(io)?.map(|before| roots_of(before.value())).transpose()?
    } else {
        let before = table.insert(key(attempt).as_slice(), roots.encode().as_slice()).map_err(io)?;
        before.map(|before| roots_of(before.value())).transpose()?
    };
    for (root, commitment) in read {
        if commitments.get(root.0.as_slice()).map_err(io)?.is_none() {
            commitments.insert(root.0.as_slice(), commitment.encode().as_slice()).map_err(io)?;
        }
    }
    let mut unused: HashSet<BlobId> = before.unwrap_or_default().into_iter().collect();
    if unused.is_empty() {
        return Ok(());
    }
    for entry in table.iter().map_err(io)? {
        for root in roots_of(entry.map_err(io)?.1.value())? {
            unused.remove(&root);
        }
    }
    for root in unused {
        commitments.remove(root.0.as_slice()).map_err(io)?;
    }
    Ok(())
}

fn identity_in(read: &ReadTransaction) -> Result<Identity, DbError> {
    let table = read.open_table(IDENTITY).map_err(io)?;
    let entry = |what| -> Result<Option<Vec<u8>>, DbError> {
        Ok(table.get(what).map_err(io)?.map(|found| found.value().to_vec()))
    };
    let version = entry("version")?.map_or(VERSION, |found| version_of(&found));
    if version != VERSION {
        return Err(DbError::Version { found: version });
    }
    let bytes = |what| entry(what)?.map(|found| hash_of(&found)).transpose();
    let (account, genesis, first_block) = (bytes("account")?, bytes("genesis")?, bytes(FIRST_BLOCK)?);
    Ok(Identity { account, origin: genesis.map(|genesis| Origin { genesis, first_block }) })
}

fn version_of(bytes: &[u8]) -> u32 {
    bytes.try_into().map_or(0, u32::from_le_bytes)
}

fn hash_of(bytes: &[u8]) -> Result<[u8; 32], DbError> {
    bytes.try_into().map_err(|_| DbError::Corrupt)
}

fn key(attempt: Attempt) -> Vec<u8> {
    (attempt.shard, attempt.attempt).encode()
}

fn attempt_of(key: &[u8]) -> Result<Attempt, DbError> {
    let (shard, attempt) = <(ShardId, u16)>::decode(&mut &key[..]).map_err(|_| DbError::Corrupt)?;
    Ok(Attempt { shard, attempt })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt() -> Attempt {
        Attempt { shard: ShardId { job: 1, stage: 2, index: 3 }, attempt: 4 }
    }

    #[test]
    fn promise_should_be_there_again_when_the_database_is_reopened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let promise = Promise { by: 9, secret: [7; 32], ids: vec![BlobId([1; 32])], root: BlobId([2; 32]) };
        Db::open(&path, &[1; 32], &[2; 32]).unwrap().keep_promise(attempt(), &promise).unwrap();
        assert_eq!(Db::open(&path, &[1; 32], &[2; 32]).unwrap().promises().unwrap(), vec![(attempt(), promise)]);
    }

    #[test]
    fn entries_should_be_gone_when_they_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("db"), &[1; 32], &[2; 32]).unwrap();
        db.keep_seal(attempt(), sealed(5, 6), &[]).unwrap();
        db.forget(attempt()).unwrap();
        assert_eq!(db.seals().unwrap(), vec![]);
    }

    fn sealed(sampled_at: u32, salt: u8) -> Sealed {
        Sealed { sampled_at, salt: [salt; 32], ids: vec![], starts: vec![], tasks: vec![] }
    }

    #[test]
    fn first_answer_to_a_sample_should_stay_when_there_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("db"), &[1; 32], &[2; 32]).unwrap();
        assert_eq!(db.keep_seal(attempt(), sealed(5, 6), &[]).unwrap(), sealed(5, 6));
        assert_eq!(db.keep_seal(attempt(), sealed(5, 7), &[]).unwrap(), sealed(5, 6));
        assert_eq!(db.seal(attempt()).unwrap(), Some(sealed(5, 6)));
        assert_eq!(
            db.keep_seal(attempt(), sealed(9, 8), &[]).unwrap(),
            sealed(9, 8),
            "a new sample is another question"
        );
        assert_eq!(db.seal(attempt()).unwrap(), Some(sealed(9, 8)));
    }

    #[test]
    fn commitments_should_be_kept_as_long_as_an_answer_was_computed_from_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let behind = |byte: u8| {
            (BlobId([byte; 32]), Arc::new(Commitment { secret: [byte; 32], ids: vec![BlobId([byte + 1; 32])] }))
        };
        let other = Attempt { attempt: 5, ..attempt() };
        let db = Db::open(&path, &[1; 32], &[2; 32]).unwrap();
        db.keep_seal(attempt(), sealed(5, 6), &[behind(1), behind(2)]).unwrap();
        db.keep_seal(other, sealed(5, 6), &[behind(2), behind(3)]).unwrap();
        drop(db);
        let db = Db::open(&path, &[1; 32], &[2; 32]).unwrap();
        let kept = |byte: u8| {
            let found = db.commitment(&BlobId([byte; 32])).unwrap();
            found.map(|found| assert_eq!(found, *behind(byte).1)).is_some()
        };
        assert_eq!([1, 2, 3].map(kept), [true; 3]);
        // A new sample of the same attempt reads something else.
        db.keep_seal(other, sealed(9, 6), &[behind(3), behind(4)]).unwrap();
        assert_eq!([1, 2, 3, 4].map(kept), [true; 4]);
        db.forget(attempt()).unwrap();
        assert_eq!([1, 2, 3, 4].map(kept), [false, false, true, true]);
        db.forget(other).unwrap();
        assert_eq!([1, 2, 3, 4].map(kept), [false; 4]);
    }

    #[test]
    fn plan_should_be_kept_with_its_promise_and_given_up_with_it() {
        use crate::core::planter::Kind;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let promise = Promise { by: 9, secret: [7; 32], ids: vec![], root: BlobId([2; 32]) };
        let (kind, root, progress) = (Kind::Error, promise.root, Progress::Drafted);
        let plan = Plan { kind, root, salt: [3; 32], deposit: 40, by: 9, progress };
        Db::open(&path, &[1; 32], &[2; 32]).unwrap().keep_plan(attempt(), &plan, &promise).unwrap();
        let db = Db::open(&path, &[1; 32], &[2; 32]).unwrap();
        assert_eq!(
            (db.plans().unwrap(), db.promise(attempt()).unwrap()),
            (vec![(attempt(), plan.clone())], Some(promise))
        );
        db.confirm_plan(attempt()).unwrap();
        assert_eq!(db.plan(attempt()).unwrap().map(|plan| plan.progress), Some(Progress::Confirmed));
        db.abandon_plan(attempt()).unwrap();
        let abandoned = Plan { progress: Progress::Abandoned, ..plan };
        assert_eq!((db.plan(attempt()).unwrap(), db.promise(attempt()).unwrap()), (Some(abandoned), None));
        db.forget(attempt()).unwrap();
        assert_eq!(db.plans().unwrap().len(), 1, "the shard is over, the plant is not");
        db.forget_plan(attempt()).unwrap();
        assert_eq!(db.plans().unwrap(), vec![]);
    }

    #[test]
    fn database_should_be_refused_when_it_belongs_to_another_chain() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        Db::open(&path, &[1; 32], &[2; 32]).unwrap().take().unwrap();
        assert!(matches!(Db::open(&path, &[1; 32], &[3; 32]), Err(DbError::Foreign { what: "genesis", .. })));
    }

    #[test]
    fn folder_should_be_an_accounts_only_when_something_is_kept_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let open = |account: u8| Db::open(&path, &[account; 32], &[2; 32]);
        let mistaken = open(4).unwrap();
        mistaken.bind(&origin(Some(5))).unwrap();
        drop(mistaken);
        let db = open(1).unwrap();
        assert!(db.is_new());
        // Its registration, say.
        db.keep(&Queued { nonce: 1, call: vec![], signed: vec![], until: 64 }).unwrap();
        Outbox::forget(&db, &[1]).unwrap();
        drop(db);
        assert_eq!(Db::identity(&path).unwrap().and_then(|found| found.account), Some([1; 32]));
        assert!(matches!(open(4), Err(DbError::Foreign { what: "account", .. })));
        assert!(!open(1).unwrap().is_new());
    }

    #[test]
    fn folder_should_be_nobodys_when_its_start_was_refused_and_the_accounts_on_its_chain_once_it_is_through() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let open = |account: u8, genesis: u8| Db::open(&path, &[account; 32], &[genesis; 32]);
        let refused = open(4, 3).unwrap();
        assert_eq!(refused.bind(&Origin { genesis: [3; 32], ..origin(Some(6)) }).unwrap(), Binding::Confirmed);
        drop(refused);
        assert_eq!(Db::identity(&path).unwrap(), Some(Identity { account: None, origin: None }));
        let db = open(1, 2).unwrap();
        assert!(db.is_new());
        assert_eq!(db.bind(&origin(Some(5))).unwrap(), Binding::Confirmed);
        assert!(
            matches!(db.bind(&origin(Some(6))), Err(DbError::OtherFirstBlock { .. })),
            "its node is another one now"
        );
        db.take().unwrap();
        drop(db);
        let known = Identity { account: Some([1; 32]), origin: Some(origin(Some(5))) };
        assert_eq!(Db::look(&path).unwrap(), Some((known, HashSet::new())));
        assert!(matches!(open(4, 2), Err(DbError::Foreign { what: "account", .. })));
        assert!(matches!(open(1, 3), Err(DbError::Foreign { what: "genesis", .. })));
        // A restart, whatever was kept meanwhile.
        assert!(!open(1, 2).unwrap().is_new());
    }

    #[test]
    fn block_1_should_be_written_when_it_is_final_only_after_the_folder_was_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let first_block = || Db::identity(&path).unwrap().and_then(|found| found.origin).and_then(|of| of.first_block);
        let db = Db::open(&path, &[1; 32], &[2; 32]).unwrap();
        db.take().unwrap();
        drop(db);
        assert_eq!(first_block(), None);
        let db = Db::open(&path, &[1; 32], &[2; 32]).unwrap();
        db.bind(&origin(Some(5))).unwrap();
        drop(db);
        assert_eq!(first_block(), Some([5; 32]));
    }

    #[test]
    fn refusal_should_name_both_chains_or_both_accounts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        Db::open(&path, &[1; 32], &[2; 32]).unwrap().keep_seal(attempt(), sealed(5, 6), &[]).unwrap();
        let text = |account: u8, genesis: u8| match Db::open(&path, &[account; 32], &[genesis; 32]) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("it is another one's"),
        };
        let chains = format!("another chain (genesis 0x{}, here 0x{})", "02".repeat(32), "03".repeat(32));
        assert!(text(1, 3).contains(&chains), "{}", text(1, 3));
        let accounts = format!("another account (account {}, here {})", address(&[1; 32]), address(&[4; 32]));
        assert!(text(4, 2).contains(&accounts) && text(4, 2).contains("with --stake"), "{}", text(4, 2));
        assert!(!text(1, 3).contains("--stake"), "{}", text(1, 3));
    }

    #[test]
    fn disk_should_be_suspected_only_where_it_may_be_at_fault() {
        let told = |kind: std::io::ErrorKind| io(redb::Error::Io(kind.into())).to_string();
        assert!(told(std::io::ErrorKind::StorageFull).ends_with(". Is the disk full?"));
        assert!(told(std::io::ErrorKind::ReadOnlyFilesystem).contains("mounted for writing"));
        assert!(io(redb::Error::PreviousIo).to_string().ends_with(". Is the disk full?"));
    }

    #[test]
    fn outbox_should_be_there_again_when_the_database_is_reopened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let queued = |nonce| Queued { nonce, call: vec![1], signed: vec![2, 3], until: 64 };
        let db = Db::open(&path, &[1; 32], &[2; 32]).unwrap();
        db.keep(&queued(300)).unwrap();
        db.keep(&queued(7)).unwrap();
        Outbox::forget(&db, &[300]).unwrap();
        drop(db);
        assert_eq!(Db::open(&path, &[1; 32], &[2; 32]).unwrap().load().unwrap(), vec![queued(7)]);
    }

    #[test]
    fn identity_should_be_told_without_opening_the_database_for_writing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        assert_eq!(Db::identity(&path).unwrap(), None);
        let db = Db::open(&path, &[1; 32], &[2; 32]).unwrap();
        assert!(matches!(Db::identity(&path), Err(DbError::InUse)));
        assert!(matches!(Db::open(&path, &[1; 32], &[2; 32]), Err(DbError::InUse)));
        drop(db);
        assert_eq!(Db::identity(&path).unwrap(), Some(Identity { account: None, origin: None }));
    }

    fn origin(first_block: Option<u8>) -> Origin {
        Origin { genesis: [2; 32], first_block: first_block.map(|byte| [byte; 32]) }
    }

    #[test]
    fn database_should_be_bound_when_block_1_is_final_and_refuse_another_one_ever_after() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let db = Db::open(&path, &[1; 32], &[2; 32]).unwrap();
        db.take().unwrap();
        assert_eq!((db.bind(&origin(None)).unwrap(), db.is_bound().unwrap()), (Binding::Unbound, false));
        assert_eq!((db.bind(&origin(Some(5))).unwrap(), db.is_bound().unwrap()), (Binding::Confirmed, true));
        drop(db);
        let found = Db::identity(&path).unwrap().and_then(|found| found.origin);
        assert_eq!(found, Some(origin(Some(5))));
        let db = Db::open(&path, &[1; 32], &[2; 32]).unwrap();
        assert_eq!(db.bind(&origin(Some(5))).unwrap(), Binding::Confirmed);
        assert_eq!(db.bind(&origin(None)).unwrap(), Binding::Unconfirmed);
        let error = db.bind(&origin(Some(6))).unwrap_err();
        assert!(matches!(error, DbError::OtherFirstBlock { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(&format!("block 1 is 0x{}, here 0x{}", "05".repeat(32), "06".repeat(32))), "{text}");
        assert!(
            text.ends_with(OTHER_CHAIN) && foreign("genesis", &[1; 32], &[2; 32]).to_string().ends_with(OTHER_CHAIN),
            "{text}"
        );
        assert_eq!(db.bind(&origin(Some(5))).unwrap(), Binding::Confirmed, "a refusal changes nothing");
    }

    #[test]
    fn database_should_not_be_bound_when_the_genesis_block_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("db"), &[1; 32], &[2; 32]).unwrap();
        let other = Origin { genesis: [3; 32], ..origin(Some(5)) };
        assert!(matches!(db.bind(&other), Err(DbError::Foreign { what: "genesis", .. })));
        assert!(!db.is_bound().unwrap());
    }

    #[test]
    fn identity_should_say_so_when_the_daemon_was_killed_and_the_next_start_should_repair_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, killed) = (folder.path().join("db"), folder.path().join("killed"));
        let db = Db::open(&path, &[1; 32], &[2; 32]).unwrap();
        db.keep_seal(attempt(), sealed(5, 6), &[]).unwrap();
        // What is on disk while a daemon runs is what a kill leaves.
        std::fs::copy(&path, &killed).unwrap();
        assert!(matches!(Db::identity(&killed), Err(DbError::Unclean)));
        let repaired = Db::open(&killed, &[1; 32], &[2; 32]).unwrap();
        assert_eq!(repaired.seal(attempt()).unwrap(), Some(sealed(5, 6)));
        drop(repaired);
        assert!(Db::identity(&killed).unwrap().is_some());
    }

    #[test]
    fn database_should_be_refused_when_another_version_wrote_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let db = Db::open(&path, &[1; 32], &[2; 32]).unwrap();
        let write = db.database.begin_write().unwrap();
        write.open_table(IDENTITY).unwrap().insert("version", 9u32.to_le_bytes().as_slice()).unwrap();
        write.commit().unwrap();
        drop(db);
        assert!(matches!(Db::open(&path, &[1; 32], &[2; 32]), Err(DbError::Version { found: 9 })));
        assert!(matches!(Db::identity(&path), Err(DbError::Version { found: 9 })));
    }

    #[test]
    fn daemon_should_start_and_read_what_it_promised_when_the_disk_is_full() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let db = Db::open(&path, &[1; 32], &[2; 32]).unwrap();
        db.bind(&origin(Some(5))).unwrap();
        db.keep_seal(attempt(), sealed(5, 6), &[]).unwrap();
        let full = db.with_room(LEAST_ROOM_MIB - 1);
        assert!(matches!(full.keep_seal(attempt(), sealed(9, 8), &[]), Err(DbError::Full(15))));
        assert!(Outbox::keep(&full, &Queued { nonce: 1, call: vec![], signed: vec![], until: 64 }).is_err());
        assert!(!full.prepare().unwrap());
        full.take().unwrap();
        assert_eq!(full.bind(&origin(Some(5))).unwrap(), Binding::Confirmed, "a node that went away is back");
        assert_eq!(full.seal(attempt()).unwrap(), Some(sealed(5, 6)));
        let roomy = full.with_room(LEAST_ROOM_MIB);
        assert_eq!(roomy.keep_seal(attempt(), sealed(9, 8), &[]).unwrap(), sealed(9, 8));
    }

    #[test]
    fn first_start_should_be_refused_on_a_full_disk_before_the_folder_is_anybodys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let full = Db::open(&path, &[1; 32], &[2; 32]).unwrap().with_room(LEAST_ROOM_MIB - 1);
        assert!(matches!(full.check_takeable(), Err(DbError::Full(15))));
        let roomy = full.with_room(LEAST_ROOM_MIB);
        roomy.check_takeable().unwrap();
        assert!(!roomy.is_owned().unwrap(), "nothing is bound by a look");
        roomy.take().unwrap();
        roomy.with_room(0).check_takeable().unwrap();
    }

    #[test]
    fn database_should_be_made_whole_when_the_daemon_was_killed_while_it_was_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        drop(Database::create(&path).unwrap());
        let db = Db::open(&path, &[1; 32], &[2; 32]).unwrap();
        assert_eq!((db.seals().unwrap(), db.load().unwrap(), db.is_bound().unwrap()), (vec![], vec![], false));
    }
}
