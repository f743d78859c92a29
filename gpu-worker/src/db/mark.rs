// SPDX-License-Identifier: Apache-2.0
//! What a daemon says beside its database of whose that is: nobody else can read the database while the daemon runs.

use super::Identity;
use crate::{disk, origin::Origin};
use quern_primitives::Account;
use quern_sdk::chain::{address, parse_account};
use std::{fs, io, path::Path};

/// Name of the file with the account's address.
const ACCOUNT_NAME: &str = "account";
/// Name of the file with the hashes of the chain's genesis block and of its block 1, a line each; of the first alone before block 1 is final.
const CHAIN_NAME: &str = "chain";

/// Says in a folder whose daemon runs there from now on.
pub(super) fn tell(folder: &Path, account: &Account, origin: &Origin) {
    let chain = [Some(origin.genesis), origin.first_block].into_iter().flatten();
    let chain: String = chain.map(|hash| format!("0x{}\n", hex::encode(hash))).collect();
    let told = tell_in(&folder.join(ACCOUNT_NAME), &format!("{}\n", address(account)))
        .and_then(|()| tell_in(&folder.join(CHAIN_NAME), &chain));
    if let Err(error) = told {
        tracing::warn!(%error, "quern-worker drain and doctor cannot be told whose folder this is");
    }
}

fn tell_in(file: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(file).is_ok_and(|told| told == text) {
        return Ok(());
    }
    // Rather nothing than another one's.
    disk::remove(file)?;
    disk::replace(file, text)
}

/// Whose daemon runs in a folder, or ran there last, as it said itself. What is missing is not known.
pub fn told(folder: &Path) -> Identity {
    let read = |name| fs::read_to_string(folder.join(name)).ok();
    Identity {
        account: read(ACCOUNT_NAME).and_then(|text| parse_account(text.trim())),
        origin: read(CHAIN_NAME).and_then(|text| origin_of(&text)),
    }
}

fn origin_of(text: &str) -> Option<Origin> {
    let mut hashes = text.lines().map(|line| hex::decode(line.strip_prefix("0x")?).ok()?.try_into().ok());
    Some(Origin { genesis: hashes.next()??, first_block: hashes.next().flatten() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        db::{Db, FILE_NAME},
        testing::{ME, OTHER},
    };

    fn origin(first_block: Option<[u8; 32]>) -> Origin {
        Origin { genesis: [2; 32], first_block }
    }

    #[test]
    fn folder_should_say_whose_it_is_while_its_daemon_runs_and_of_which_chain_once_that_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        assert_eq!(told(folder.path()), Identity { account: None, origin: None });
        // A start with another key, by which the folder is nobody's yet.
        drop(Db::open(&path, &OTHER, &[2; 32]).unwrap());
        assert_eq!(told(folder.path()).account, Some(OTHER));
        let db = Db::open(&path, &ME, &[2; 32]).unwrap();
        assert_eq!(told(folder.path()), Identity { account: Some(ME), origin: Some(origin(None)) });
        db.bind(&origin(None)).unwrap();
        assert_eq!(told(folder.path()).origin, Some(origin(None)));
        db.bind(&origin(Some([5; 32]))).unwrap();
        assert_eq!(told(folder.path()).origin, Some(origin(Some([5; 32]))));
        db.take().unwrap();
        drop(db);

        fs::remove_file(folder.path().join(CHAIN_NAME)).unwrap();
        assert_eq!(told(folder.path()), Identity { account: Some(ME), origin: None });
        let _db = Db::open(&path, &ME, &[2; 32]).unwrap();
        let known = Identity { account: Some(ME), origin: Some(origin(Some([5; 32]))) };
        assert_eq!(told(folder.path()), known, "it was bound before");
        assert!(Db::open(&path, &OTHER, &[2; 32]).is_err() && told(folder.path()) == known);
    }

    #[test]
    fn chain_should_not_be_known_when_its_file_is_damaged() {
        let hash = format!("0x{}", "02".repeat(32));
        assert_eq!(origin_of(&format!("{hash}\n")), Some(origin(None)));
        assert_eq!(origin_of(&format!("{hash}\n{hash}\n")), Some(origin(Some([2; 32]))));
        for damaged in ["", "0x\n", "02\n", &hash[..60], &format!("\n{hash}\n")] {
            assert_eq!(origin_of(damaged), None, "{damaged:?}");
        }
    }
}
