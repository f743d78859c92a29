// SPDX-License-Identifier: Apache-2.0
//! End-to-end tests of Quern on real processes, and what they share: a network that is gone when the test is over, a
//! requester, the user's command, and waiting with a deadline.
//!
//! Processes stay in the test's process group, so whoever ends the test (the runner's time limit, Ctrl-C) ends them too;
//! otherwise each is killed when its handle is dropped. When a test panics, the ends of all logs are shown.

#![deny(missing_docs)]

pub mod command;
pub mod jobs;
pub mod network;
pub mod process;

pub use command::{quern, Ran};
pub use jobs::Requester;
pub use network::{Daemon, Network};
pub use process::{binary, processes_naming, Process};

use std::{future::Future, time::Duration};
use tokio::time::Instant;

/// Pause between two looks at a condition: short, so that a phase of one block is never missed.
const LOOK: Duration = Duration::from_millis(60);

/// Looks again and again until there is something; panics when there is nothing for `limit`.
pub async fn eventually<T, F>(what: &str, limit: Duration, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "still not so after {} s: {what}", limit.as_secs());
        tokio::time::sleep(LOOK).await;
    }
}

/// How long anything may take that depends on other processes: generous, because it is only spent when a test fails.
pub const PATIENCE: Duration = Duration::from_secs(150);
