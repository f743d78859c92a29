// SPDX-License-Identifier: Apache-2.0
//! What the commands share: the connection, the key, and waiting with a deadline.

use crate::args::Global;
use anyhow::Context;
use quern_primitives::JobId;
use quern_protocol::view::JobView;
use quern_sdk::{
    chain::{Chain, Keypair},
    net::{BlobStore, Config, Peer},
};
use std::{future::Future, net::SocketAddr, time::Duration};
use tokio::time::{sleep, Instant};

/// Pause between two looks at a condition.
const LOOK: Duration = Duration::from_millis(500);

/// Connects to the node.
pub async fn connect(global: &Global) -> anyhow::Result<Chain> {
    Ok(Chain::connect(&global.rpc).await?)
}

/// A job.
pub async fn job(chain: &Chain, id: JobId) -> anyhow::Result<JobView> {
    let job = chain.job(id).await?;
    job.with_context(|| format!("there is no job {id}, or it is pruned: `quern job list` shows those that there are"))
}

/// The key of whoever pays and signs.
pub fn keys(global: &Global) -> anyhow::Result<Keypair> {
    let suri = global.suri.as_deref();
    if let (None, Some(file)) = (suri, &global.suri_file) {
        return Ok(Keypair::from_file(file)?);
    }
    let suri = suri.context(
        "this needs a key: set QUERN_SURI or give --suri (a phrase, a hex seed, or //Requester), or name its file with --suri-file",
    )?;
    Ok(Keypair::from_suri(suri)?)
}

/// An endpoint with blobs behind it, whose key is new.
pub async fn peer(listen: SocketAddr, announce: &[SocketAddr], store: impl BlobStore) -> anyhow::Result<Peer> {
    let mut config = Config::new(fresh_seed(), listen);
    config.announce = announce.to_vec();
    let bound = Peer::bind(config, store).await;
    bound.with_context(|| format!("{listen} cannot be served on; is the port taken? Choose another with --listen"))
}

/// 32 bytes that differ each time: an ephemeral key, or the seed of a random choice.
pub fn fresh_seed() -> [u8; 32] {
    // The hasher's keys come from the operating system.
    use std::hash::{BuildHasher, Hasher, RandomState};
    let mut hasher = blake3::Hasher::new();
    for _ in 0..4 {
        hasher.update(&RandomState::new().build_hasher().finish().to_le_bytes());
    }
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    hasher.update(&since.as_nanos().to_le_bytes());
    *hasher.finalize().as_bytes()
}

/// Looks again and again until there is something, for at most `limit`. `look` gives what was found, or what is still missing.
pub async fn until<T, F>(limit: Duration, mut look: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<Result<T, String>>>,
{
    let end = Instant::now() + limit;
    loop {
        match look().await? {
            Ok(found) => return Ok(found),
            Err(missing) if Instant::now() >= end => {
                anyhow::bail!("gave up after {} s: {missing}", limit.as_secs())
            }
            Err(_) => sleep(LOOK).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_should_differ() {
        assert_ne!(fresh_seed(), fresh_seed());
    }

    #[tokio::test(start_paused = true)]
    async fn until_should_say_what_is_missing_when_the_time_is_over() {
        let waited = until(Duration::from_secs(5), || async { Ok(Err::<(), _>("2 of 3 workers".into())) }).await;
        assert_eq!(waited.unwrap_err().to_string(), "gave up after 5 s: 2 of 3 workers");
    }

    #[tokio::test(start_paused = true)]
    async fn until_should_stop_when_there_is_something() {
        let mut looks = 0;
        let found = until(Duration::from_secs(5), || {
            looks += 1;
            let found = if looks == 3 { Ok(looks) } else { Err(String::new()) };
            async move { Ok(found) }
        });
        assert_eq!(found.await.unwrap(), 3);
    }
}
