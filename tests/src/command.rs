// SPDX-License-Identifier: Apache-2.0
//! Programs that run to their end.

use crate::process;
use serde_json::Value;
use std::{path::Path, process::Command, time::Duration};

/// How a program ended, and what it said.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Ran {
    /// Runs a command to its end; panics when it takes longer than `limit`.
    pub async fn of(command: Command, limit: Duration) -> Self {
        let what = format!("{command:?}");
        let mut command = tokio::process::Command::from(command);
        let ran = tokio::time::timeout(limit, command.kill_on_drop(true).output()).await;
        let output = ran.unwrap_or_else(|_| panic!("does not end within {} s: {what}", limit.as_secs()));
        let output = output.unwrap_or_else(|error| panic!("cannot be started: {what}: {error}"));
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Itself, having succeeded.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// The JSON value on the last line of stdout.
    #[track_caller]
    pub fn json(&self) -> Value {
        let line = self.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|error| panic!("the last line is not JSON: {error}: {self:#?}"))
    }

    /// Itself, having failed with this exit code and one line for people that has all these words.
    #[track_caller]
    pub fn refused(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        let lines: Vec<&str> = self.stderr.lines().collect();
        let last = lines.last().copied().unwrap_or_default();
        for word in words {
            assert!(last.contains(word), "{word:?} is not in the last line: {last:?}\n{self:#?}");
        }
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
        self
    }

    /// Itself, having said nothing else on stderr than one line.
    #[track_caller]
    pub fn in_one_line(self) -> Self {
        assert_eq!(self.stderr.lines().count(), 1, "{self:#?}");
        self
    }
}

/// Runs `quern` with these arguments against the node at `rpc`, as `suri`.
pub async fn quern(folder: &Path, rpc: &str, suri: &str, args: &[&str], limit: Duration) -> Ran {
    let mut command = process::command("quern", folder);
    command.args(args).env("QUERN_RPC", rpc).env("QUERN_SURI", suri).current_dir(folder);
    Ran::of(command, limit).await
}
