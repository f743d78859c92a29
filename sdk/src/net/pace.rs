// SPDX-License-Identifier: Apache-2.0
//! How fast a peer must send, and by when a fetch must have ended.

use super::NetError;
use std::{future::Future, time::Duration};
use tokio::time::Instant;

/// Slowest transfer that is tolerated, in bytes a second: half of a 1 Mbit/s line.
pub const MIN_RATE: u64 = 64 * 1024;
/// How long a peer is watched before it is judged: as long as it may take for a single item.
pub const WINDOW: Duration = Duration::from_secs(8);

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Does `work`, whose fetches and requests all end by `deadline`: what arrived of a blob until then is kept, and the next fetch of it
/// goes on from there. Work without a deadline is as it was.
pub async fn within<T>(deadline: Option<Instant>, work: impl Future<Output = T>) -> T {
    match deadline {
        Some(deadline) => DEADLINE.scope(deadline, work).await,
        None => work.await,
    }
}

/// Ends `work` at the deadline that it runs within; nothing then.
pub(super) async fn in_time<T>(work: impl Future<Output = T>) -> Option<T> {
    match DEADLINE.try_with(|deadline| *deadline) {
        Ok(deadline) => tokio::time::timeout_at(deadline, work).await.ok(),
        Err(_) => Some(work.await),
    }
}

/// Judges whether a peer sends at [`MIN_RATE`] or faster, in each [`WINDOW`] anew.
#[derive(Debug)]
pub(super) struct Pace {
    since: Instant,
    bytes: u64,
}

impl Pace {
    /// The time begins to count.
    pub fn new(now: Instant) -> Self {
        Self { since: now, bytes: 0 }
    }

    /// So many bytes came. Fails when the window is over and brought too few.
    pub fn took(&mut self, bytes: u64, now: Instant) -> Result<(), NetError> {
        self.bytes = self.bytes.saturating_add(bytes);
        let window = now.saturating_duration_since(self.since);
        if window < WINDOW {
            return Ok(());
        }
        let expected = MIN_RATE.saturating_mul(window.as_secs());
        let kept_up = self.bytes >= expected;
        *self = Self::new(now);
        if kept_up {
            Ok(())
        } else {
            Err(NetError::Slow)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn peer_should_keep_up_when_it_sends_at_the_least_rate_and_not_when_it_sends_less() {
        let start = Instant::now();
        let judge = |bytes_a_second: u64| {
            let mut pace = Pace::new(start);
            (1..=60).try_for_each(|second| pace.took(bytes_a_second, start + SECOND * second))
        };
        assert_eq!(judge(MIN_RATE), Ok(()));
        assert_eq!(judge(MIN_RATE - 1), Err(NetError::Slow));
    }

    #[test]
    fn peer_should_be_slow_when_it_has_become_so_after_a_fast_start() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        assert_eq!(pace.took(MIN_RATE * 1_000, start + WINDOW), Ok(()));
        assert_eq!(pace.took(16, start + WINDOW + SECOND * 7), Ok(()), "the next window is not over");
        assert_eq!(pace.took(16, start + WINDOW * 2), Err(NetError::Slow));
    }

    #[tokio::test(start_paused = true)]
    async fn work_should_end_at_its_deadline_when_it_has_one() {
        let never = std::future::pending::<()>;
        let start = Instant::now();
        assert_eq!(within(Some(start + SECOND), in_time(never())).await, None);
        assert_eq!(start.elapsed(), SECOND);
        assert_eq!(within(None, in_time(async { 5 })).await, Some(5));
    }
}
