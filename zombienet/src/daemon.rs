// SPDX-License-Identifier: Apache-2.0
//! Daemons of workers and validators.

use crate::program::command;
use anyhow::{bail, Context, Result};
use std::{fs::File, path::Path, sync::Mutex};
use tokio::process::Child;

/// A daemon. It is killed when it is dropped.
pub(crate) struct Daemon {
    name: String,
    // Behind a lock, because asking a process whether it runs changes the handle.
    child: Mutex<Child>,
}

impl Daemon {
    /// Starts `quern-worker run` or `quern-worker validate` on the processor for a development account, with its data and
    /// its log in a folder.
    pub(crate) fn start(what: &str, suri: &str, rpc: &str, folder: &Path) -> Result<Self> {
        let name = suri.trim_start_matches('/').replace("//", "-").to_lowercase();
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).with_context(|| format!("{} cannot be written", log.display()))?;
        let mut command = command("quern-worker")?;
        command
            .args([what, "--rpc", rpc, "--executor", "cpu", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.join(&name))
            .env("QUERN_SURI", suri)
            .env("XDG_RUNTIME_DIR", folder)
            .stdout(file.try_clone().context("a log cannot be shared")?)
            .stderr(file);
        let child = command.spawn().with_context(|| format!("{name} cannot be started"))?;
        Ok(Self { name, child: Mutex::new(child) })
    }

    /// Fails when it has ended.
    pub(crate) fn ensure_running(&self) -> Result<()> {
        let ended = match self.child.lock() {
            Ok(mut child) => child.try_wait().with_context(|| format!("{} cannot be asked", self.name))?,
            Err(_) => None,
        };
        match ended {
            Some(status) => bail!("{} has ended: {status}", self.name),
            None => Ok(()),
        }
    }
}
