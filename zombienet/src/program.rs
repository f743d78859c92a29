// SPDX-License-Identifier: Apache-2.0
//! Quern's own programs, which the main workspace builds.

use crate::PATIENCE;
use anyhow::{bail, ensure, Context, Result};
use serde_json::Value;
use std::{
    env,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{process::Command, time::timeout};

/// One of Quern's programs, from `QUERN_BIN_DIR`. Fails with the remedy where it is not there.
pub(crate) fn binary(name: &str) -> Result<PathBuf> {
    let folder = env::var_os("QUERN_BIN_DIR").context(
        "QUERN_BIN_DIR does not say where quern-node, quern-worker and quern are; run scripts/zombienet, which builds them",
    )?;
    find(Path::new(&folder), name)
}

fn find(folder: &Path, name: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    ensure!(
        path.is_file(),
        "{name} is not in {}; build it with `cargo build --workspace --bins` in the main workspace",
        folder.display()
    );
    // Nodes run in folders of their own.
    path.canonicalize().with_context(|| format!("{} cannot be resolved", path.display()))
}

/// A command for one of Quern's programs, with nothing of the caller's settings for it. It does not outlive its handle.
pub(crate) fn command(name: &str) -> Result<Command> {
    let mut command = Command::new(binary(name)?);
    for setting in ["QUERN_RPC", "QUERN_SURI", "QUERN_SURI_FILE", "QUERN_DATA", "RUST_LOG"] {
        command.env_remove(setting);
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    Ok(command)
}

/// What a command writes to stdout, once it has succeeded within `limit`.
pub(crate) async fn output(mut command: Command, limit: Duration) -> Result<Vec<u8>> {
    let what = format!("{:?}", command.as_std());
    let ran = timeout(limit, command.output()).await;
    let ran = ran.with_context(|| format!("does not end within {} s: {what}", limit.as_secs()))?;
    let ran = ran.with_context(|| format!("cannot be started: {what}"))?;
    if !ran.status.success() {
        bail!("{}: {what}: {}", ran.status, String::from_utf8_lossy(&ran.stderr).trim());
    }
    Ok(ran.stdout)
}

/// Runs `quern --json` with these arguments against the node at `rpc`, as `suri`; the JSON on its last line comes back.
pub async fn quern(rpc: &str, suri: &str, arguments: &[&str]) -> Result<Value> {
    quern_within(PATIENCE, rpc, suri, arguments).await
}

/// [`quern`] with a limit of its own.
pub async fn quern_within(limit: Duration, rpc: &str, suri: &str, arguments: &[&str]) -> Result<Value> {
    let mut command = command("quern")?;
    command.args(arguments).arg("--json").env("QUERN_RPC", rpc).env("QUERN_SURI", suri);
    let said = String::from_utf8(output(command, limit).await?).context("quern writes no UTF-8")?;
    let last = said.lines().last().unwrap_or_default();
    serde_json::from_str(last).with_context(|| format!("the last line of quern {arguments:?} is not JSON: {last:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_should_be_named_with_the_remedy_when_it_is_missing() {
        let said = find(Path::new("/nowhere"), "quern-node").unwrap_err().to_string();
        assert!(said.contains("quern-node") && said.contains("cargo build"), "{said}");
    }

    #[tokio::test]
    async fn command_should_say_its_status_and_its_error_when_it_fails() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo no luck >&2; exit 3"]);
        let said = output(command, PATIENCE).await.unwrap_err().to_string();
        assert!(said.contains('3') && said.contains("no luck"), "{said}");
    }

    #[tokio::test]
    async fn command_should_be_given_up_when_it_takes_too_long() {
        let mut command = Command::new("sleep");
        command.arg("60").kill_on_drop(true);
        let said = output(command, Duration::from_millis(50)).await.unwrap_err().to_string();
        assert!(said.contains("does not end"), "{said}");
    }
}
