// SPDX-License-Identifier: Apache-2.0
//! What a promise depends on, kept durably before the promise is made.

use crate::core::{Attempt, Promise, Sealed, ShownResults};
use codec::{Decode, Encode};
use quern_primitives::ShardId;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use std::path::Path;

const PROMISES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("promises");
const RESULTS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("results");
const SEALS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("seals");
const IDENTITY: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("identity");

/// Why the database failed.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// It could not be opened.
    #[error("the database {0} cannot be opened: {1}. Is another daemon using this folder, or is the disk full?")]
    Open(String, String),
    /// It could not be read or written.
    #[error("the database failed: {0}. Is the disk full?")]
    Io(String),
    /// It belongs to another account or chain.
    #[error("the folder belongs to {found} on another chain or account ({what}); give this daemon a folder of its own with --data")]
    Foreign {
        /// What differs.
        what: &'static str,
        /// What it was made for.
        found: String,
    },
    /// An entry cannot be decoded.
    #[error("the database holds an entry that cannot be read; it was written by another version")]
    Corrupt,
}

fn io(error: impl std::fmt::Display) -> DbError {
    DbError::Io(error.to_string())
}

/// The embedded database of a daemon. Every write is on disk when it returns.
pub struct Db(Database);

impl Db {
    /// Opens or creates it for an account on a chain.
    pub fn open(path: &Path, account: &[u8; 32], genesis: &[u8; 32]) -> Result<Self, DbError> {
        let open = |error: &dyn std::fmt::Display| DbError::Open(path.display().to_string(), error.to_string());
        let db = Database::create(path).map_err(|error| open(&error))?;
        let write = db.begin_write().map_err(io)?;
        {
            write.open_table(PROMISES).map_err(io)?;
            write.open_table(SEALS).map_err(io)?;
            write.open_table(RESULTS).map_err(io)?;
            let mut identity = write.open_table(IDENTITY).map_err(io)?;
            for (what, value) in [("account", account), ("genesis", genesis)] {
                let found = identity.get(what).map_err(io)?.map(|found| found.value().to_vec());
                match found {
                    Some(found) if found != value => {
                        return Err(DbError::Foreign { what, found: hex::encode(found) });
                    }
                    Some(_) => {}
                    None => {
                        identity.insert(what, value.as_slice()).map_err(io)?;
                    }
                }
            }
        }
        write.commit().map_err(io)?;
        Ok(Self(db))
    }

    /// Keeps a promise.
    pub fn keep_promise(&self, attempt: Attempt, promise: &Promise) -> Result<(), DbError> {
        self.put(PROMISES, attempt, &promise.encode())
    }

    /// Keeps a sealed answer.
    pub fn keep_seal(&self, attempt: Attempt, sealed: &Sealed) -> Result<(), DbError> {
        self.put(SEALS, attempt, &sealed.encode())
    }

    /// Keeps what a worker has shown.
    pub fn keep_results(&self, attempt: Attempt, shown: &ShownResults) -> Result<(), DbError> {
        self.put(RESULTS, attempt, &shown.encode())
    }

    /// The promise of an attempt.
    pub fn promise(&self, attempt: Attempt) -> Result<Option<Promise>, DbError> {
        self.get(PROMISES, attempt)
    }

    /// The sealed answer for an attempt.
    pub fn seal(&self, attempt: Attempt) -> Result<Option<Sealed>, DbError> {
        self.get(SEALS, attempt)
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
        let write = self.0.begin_write().map_err(io)?;
        for table in [PROMISES, SEALS, RESULTS] {
            write.open_table(table).map_err(io)?.remove(key(attempt).as_slice()).map_err(io)?;
        }
        write.commit().map_err(io)
    }

    fn put(&self, table: TableDefinition<'_, &[u8], &[u8]>, attempt: Attempt, value: &[u8]) -> Result<(), DbError> {
        let write = self.0.begin_write().map_err(io)?;
        write.open_table(table).map_err(io)?.insert(key(attempt).as_slice(), value).map_err(io)?;
        write.commit().map_err(io)
    }

    fn get<T: Decode>(&self, table: TableDefinition<'_, &[u8], &[u8]>, attempt: Attempt) -> Result<Option<T>, DbError> {
        let read = self.0.begin_read().map_err(io)?;
        let table = read.open_table(table).map_err(io)?;
        let found = table.get(key(attempt).as_slice()).map_err(io)?;
        found.map(|value| T::decode(&mut &value.value()[..]).map_err(|_| DbError::Corrupt)).transpose()
    }

    fn all<T: Decode>(&self, table: TableDefinition<'_, &[u8], &[u8]>) -> Result<Vec<(Attempt, T)>, DbError> {
        let read = self.0.begin_read().map_err(io)?;
        let table = read.open_table(table).map_err(io)?;
        let mut all = Vec::new();
        for entry in table.iter().map_err(io)? {
            let (key, value) = entry.map_err(io)?;
            let (shard, attempt) = <(ShardId, u16)>::decode(&mut &key.value()[..]).map_err(|_| DbError::Corrupt)?;
            let value = T::decode(&mut &value.value()[..]).map_err(|_| DbError::Corrupt)?;
            all.push((Attempt { shard, attempt }, value));
        }
        Ok(all)
    }
}

fn key(attempt: Attempt) -> Vec<u8> {
    (attempt.shard, attempt.attempt).encode()
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_primitives::BlobId;

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
        db.keep_seal(attempt(), &Sealed { drawn_at: 5, salt: [6; 32], ids: vec![], starts: vec![], tasks: vec![] })
            .unwrap();
        db.forget(attempt()).unwrap();
        assert_eq!(db.seals().unwrap(), vec![]);
    }

    #[test]
    fn database_should_be_refused_when_it_belongs_to_another_chain() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        drop(Db::open(&path, &[1; 32], &[2; 32]).unwrap());
        assert!(matches!(Db::open(&path, &[1; 32], &[3; 32]), Err(DbError::Foreign { what: "genesis", .. })));
    }
}
