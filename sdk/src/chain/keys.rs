// SPDX-License-Identifier: Apache-2.0
//! Keys of an account.

use quern_primitives::Account;
use quern_protocol::json::address;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    str::FromStr,
};
use subxt_signer::{sr25519, SecretUri};

/// Why a secret is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a secret phrase, hex seed or development path such as //Alice: {0}")]
pub struct BadSecret(String);

/// Why a file gives no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is no such file.
    #[error("the key file {0} does not exist; write the secret phrase or hex seed into it, for you alone (chmod 600)")]
    Missing(PathBuf),
    /// It cannot be read.
    #[error("the key file {0} cannot be read: {1}; make it readable for the user of this program, and for nobody else (chmod 600)")]
    Unreadable(PathBuf, std::io::Error),
    /// It is a folder.
    #[error("the key file {0} is a folder; name the file in it that holds the secret")]
    Folder(PathBuf),
    /// Others can read it.
    #[error("the key file {0} can be read by other users (mode {1:03o}): chmod 600 it, and use another key if they are not trusted")]
    Exposed(PathBuf, u32),
    /// It holds no secret.
    #[error("the key file {0}: {1}")]
    Secret(PathBuf, BadSecret),
}

/// Why a command has no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// None is named.
    #[error(
        "this needs a key: name its file with --suri-file or QUERN_SURI_FILE, or the secret itself with --suri or QUERN_SURI (a phrase, \
         a hex seed, or a development path such as //Alice)"
    )]
    None,
    /// What is named is no secret.
    #[error("{0} is {1}")]
    Secret(&'static str, BadSecret),
    /// The file that is named gives none.
    #[error(transparent)]
    File(#[from] KeyFileError),
}

/// An sr25519 key pair.
#[derive(Clone)]
pub struct Keypair {
    pub(super) signer: sr25519::Keypair,
    seed: [u8; 32],
}

impl Keypair {
    /// From a phrase, a hex seed, or a development path such as `//Worker//1`.
    pub fn from_suri(suri: &str) -> Result<Self, BadSecret> {
        let bad = |error: &dyn std::fmt::Display| BadSecret(error.to_string());
        // An empty secret is the public development phrase, and white space makes another account of the same path.
        if suri.is_empty() || suri.trim() != suri {
            return Err(bad(&"it is empty, or has white space around it"));
        }
        if suri.contains(char::is_control) {
            return Err(bad(&"it has more than one line; give the secret alone, without a comment"));
        }
        // Words are parted by spaces, and a password may have some; in a path a comment or a second secret would be another account.
        let (path, _password) = suri.split_once("///").unwrap_or((suri, ""));
        if path.split_once('/').is_some_and(|(_words, path)| path.contains(char::is_whitespace)) {
            return Err(bad(&"there is white space in its path; give the secret alone, without a comment"));
        }
        let uri = SecretUri::from_str(suri).map_err(|error| bad(&error))?;
        let signer = sr25519::Keypair::from_uri(&uri).map_err(|error| bad(&error))?;
        let seed = blake3::derive_key("quern 2026 keys derived from an account's secret", suri.as_bytes());
        Ok(Self { signer, seed })
    }

    /// From a file with one line, a phrase or a hex seed, that nobody but its owner can read.
    pub fn from_file(path: &Path) -> Result<Self, KeyFileError> {
        let unreadable = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => KeyFileError::Missing(path.into()),
            _ => KeyFileError::Unreadable(path.into(), error),
        };
        let found = std::fs::metadata(path).map_err(unreadable)?;
        if found.is_dir() {
            return Err(KeyFileError::Folder(path.into()));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let mode = found.mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(KeyFileError::Exposed(path.into(), mode));
            }
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::from_suri(text.trim_end_matches(['\r', '\n'])).map_err(|error| KeyFileError::Secret(path.into(), error))
    }

    /// The key of a command: what is typed, `--suri` or `--suri-file`, and else that of the environment, `QUERN_SURI` before
    /// `QUERN_SURI_FILE`.
    pub fn named(suri: Option<&str>, file: Option<&Path>) -> Result<Self, KeyError> {
        Self::named_within(suri, file, |variable| std::env::var_os(variable))
    }

    fn named_within(
        suri: Option<&str>,
        file: Option<&Path>,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, KeyError> {
        // An empty one is how a script says that there is none.
        let exported = |variable| environment(variable).filter(|value| !value.is_empty());
        let of = |from, secret: &str| Self::from_suri(secret).map_err(|error| KeyError::Secret(from, error));
        if let Some(secret) = suri {
            return of("--suri", secret);
        }
        if let Some(file) = file {
            return Ok(Self::from_file(file)?);
        }
        if let Some(secret) = exported("QUERN_SURI") {
            let no_text = || KeyError::Secret("QUERN_SURI", BadSecret("it is no text".into()));
            return of("QUERN_SURI", secret.to_str().ok_or_else(no_text)?);
        }
        let file = exported("QUERN_SURI_FILE").ok_or(KeyError::None)?;
        Ok(Self::from_file(file.as_ref())?)
    }

    /// The account.
    pub fn account(&self) -> Account {
        self.signer.public_key().0
    }

    /// The account's address as text.
    pub fn address(&self) -> String {
        address(&self.account())
    }

    /// A secret for another purpose that follows from this one.
    pub fn derive(&self, purpose: &[u8]) -> [u8; 32] {
        *blake3::keyed_hash(&self.seed, purpose).as_bytes()
    }
}

/// An account from its address or 64 hex digits.
pub fn parse_account(text: &str) -> Option<Account> {
    if let Ok(account) = subxt::utils::AccountId32::from_str(text) {
        return Some(account.0);
    }
    hex::decode(text.trim_start_matches("0x")).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_should_be_those_of_other_substrate_tools_when_given_a_development_path() {
        let alice = Keypair::from_suri("//Alice").unwrap();
        assert_eq!(alice.address(), "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
        assert_eq!(parse_account(&alice.address()), Some(alice.account()));
    }

    #[test]
    fn derived_secrets_should_differ_by_purpose_and_account() {
        let (alice, bob) = (Keypair::from_suri("//Alice").unwrap(), Keypair::from_suri("//Bob").unwrap());
        assert_ne!(alice.derive(b"a"), alice.derive(b"b"));
        assert_ne!(alice.derive(b"a"), bob.derive(b"a"));
    }

    #[cfg(unix)]
    #[test]
    fn key_file_should_be_refused_by_name_when_it_is_not_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        assert!(matches!(Keypair::from_file(&path), Err(KeyFileError::Missing(_))));
        assert!(matches!(Keypair::from_file(folder.path()), Err(KeyFileError::Folder(_))));
        std::fs::write(&path, "//Alice\n").unwrap();
        let allow = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        allow(0o644);
        assert!(matches!(Keypair::from_file(&path), Err(KeyFileError::Exposed(_, 0o644))));
        allow(0o600);
        let key = Keypair::from_file(&path).map_err(|error| error.to_string()).unwrap();
        assert_eq!(key.account(), Keypair::from_suri("//Alice").unwrap().account());
        std::fs::write(&path, "//Alice\n//Bob\n").unwrap();
        let Err(error) = Keypair::from_file(&path) else { panic!("it has two secrets") };
        assert!(error.to_string().contains("more than one line"), "{error}");
        std::fs::write(&path, "not a phrase").unwrap();
        assert!(matches!(Keypair::from_file(&path), Err(KeyFileError::Secret(..))));
    }

    #[test]
    fn key_should_be_the_one_that_is_typed_and_else_that_of_the_environment_which_may_be_empty() {
        let named = |suri, file: Option<&str>, environment: [&str; 2]| {
            let [exported, file_exported] = environment.map(OsString::from);
            let key = Keypair::named_within(suri, file.map(Path::new), |variable| {
                Some(if variable == "QUERN_SURI" { exported.clone() } else { file_exported.clone() })
            });
            match key {
                Ok(key) => Ok(key.account()),
                // There are no files: which one is read shows in what is missing.
                Err(KeyError::File(KeyFileError::Missing(path))) => Err(path.display().to_string()),
                Err(error) => Err(error.to_string()),
            }
        };
        let account = |suri| Ok(Keypair::from_suri(suri).unwrap().account());
        let file = |name: &str| Err(name.to_owned());
        let both = ["//Alice", "/nowhere/exported"];
        assert_eq!(named(Some("//Bob"), None, both), account("//Bob"));
        assert_eq!(named(None, Some("/nowhere/typed"), both), file("/nowhere/typed"));
        assert_eq!(named(None, None, both), account("//Alice"));
        assert_eq!(named(None, None, ["", "/nowhere/exported"]), file("/nowhere/exported"));
        assert!(named(None, None, ["", ""]).unwrap_err().contains("--suri-file or QUERN_SURI_FILE"));
        let typed = named(Some(""), None, both).unwrap_err();
        assert!(typed.starts_with("--suri is not a secret phrase"), "{typed}");
        let exported = named(None, None, ["not a phrase", ""]).unwrap_err();
        assert!(exported.starts_with("QUERN_SURI is not a secret phrase"), "{exported}");
    }

    #[test]
    fn secret_should_be_refused_when_it_is_no_secret() {
        assert!(Keypair::from_suri("not a phrase").is_err());
    }

    #[test]
    fn secret_should_be_refused_when_something_stands_behind_it() {
        let words = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
        let seed = format!("0x{}", "5e".repeat(32));
        for secret in ["//Alice", "//Alice//stash", words, &format!("{words}//hard/soft"), &seed] {
            assert!(Keypair::from_suri(secret).is_ok(), "{secret:?}");
            for behind in ["\n//Bob", "\r\n# the key of the stake", " # the key of the stake", "\t1", "\u{a0}1", "\0"] {
                let error = Keypair::from_suri(&format!("{secret}{behind}"));
                assert!(error.is_err(), "{secret:?} {behind:?}");
            }
        }
        assert!(Keypair::from_suri("//Alice///a password of words").is_ok());
        assert!(Keypair::from_suri("//Alice///a password\nof lines").is_err());
    }

    #[test]
    fn secret_should_be_refused_when_it_is_empty_or_has_white_space_around_it() {
        for secret in ["", " ", "//Alice ", " //Alice"] {
            assert!(Keypair::from_suri(secret).is_err(), "{secret:?}");
        }
    }
}
