// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod daemon;
mod network;
mod node;
mod program;
mod spec;

pub use network::{Extra, Network};
pub use node::{Head, Node};
pub use program::{quern, quern_within};
pub use spec::EPOCH_SLOTS;

use anyhow::{Context as _, Result};
use std::time::{Duration, Instant};

/// How long anything may take that depends on the network: generous, because it is only spent when a test fails.
pub const PATIENCE: Duration = Duration::from_secs(180);
/// Pause between two looks at a condition: a fraction of a slot.
const LOOK: Duration = Duration::from_millis(250);

/// Looks again and again until `look` finds what it looks for. An error means "not yet"; when there is nothing for `limit`,
/// the last one is the reason.
pub async fn eventually<T>(what: &str, limit: Duration, mut look: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        match look().await {
            Ok(found) => return Ok(found),
            Err(reason) if Instant::now() >= end => {
                return Err(reason).with_context(|| format!("still not so after {} s: {what}", limit.as_secs()))
            }
            Err(_) => tokio::time::sleep(LOOK).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    const SHORT: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn wait_should_end_when_the_condition_is_met() {
        let mut looks = 0;
        let found = eventually("the third look", PATIENCE, async || {
            looks += 1;
            anyhow::ensure!(looks == 3, "it is look {looks}");
            Ok(looks)
        });
        assert_eq!(found.await.unwrap(), 3);
    }

    #[tokio::test]
    async fn wait_should_say_what_for_and_why_when_it_is_over() {
        let waited: Result<()> = eventually("pigs fly", SHORT, async || bail!("they walk")).await;
        let said = format!("{:#}", waited.unwrap_err());
        assert!(said.contains("pigs fly") && said.contains("they walk"), "{said}");
    }
}
