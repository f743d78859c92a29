// SPDX-License-Identifier: Apache-2.0
//! Fault injection: a peer that serves late, or not at all. It exists so that a network can be seen to bear it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// How often a peer serves late, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults {
    /// What decides which exchanges suffer.
    pub seed: u64,
    /// Exchanges that are dropped, in percent.
    pub dropped_percent: u8,
    /// Exchanges that are delayed, in percent.
    pub delayed_percent: u8,
    /// The longest delay.
    pub longest_delay: Duration,
}

/// What becomes of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Served,
    Delayed(Duration),
    Dropped,
}

/// Decides the fate of one exchange after the other.
pub(super) struct Injector {
    faults: Faults,
    exchanges: AtomicU64,
}

impl Injector {
    pub fn new(faults: Faults) -> Self {
        Self { faults, exchanges: AtomicU64::new(0) }
    }

    /// The fate of the next exchange.
    pub fn next(&self) -> Fate {
        let Faults { seed, dropped_percent, delayed_percent, longest_delay } = self.faults;
        let number = self.exchanges.fetch_add(1, Ordering::Relaxed);
        let hash = blake3::hash(&[seed.to_le_bytes(), number.to_le_bytes()].concat());
        let [kind, share, ..] = *hash.as_bytes();
        let dropped = u16::from(dropped_percent);
        let percent = u16::from(kind) * 100 / 256;
        if percent < dropped {
            Fate::Dropped
        } else if percent < dropped + u16::from(delayed_percent) {
            Fate::Delayed(longest_delay.mul_f64(f64::from(share) / 255.0))
        } else {
            Fate::Served
        }
    }

    /// Waits where the next exchange is delayed; whether it is to be served at all.
    pub async fn strike(&self) -> bool {
        match self.next() {
            Fate::Served => true,
            Fate::Delayed(delay) => {
                tokio::time::sleep(delay).await;
                true
            }
            Fate::Dropped => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(2);

    fn fates(dropped_percent: u8, delayed_percent: u8) -> Vec<Fate> {
        let injector = Injector::new(Faults { seed: 7, dropped_percent, delayed_percent, longest_delay: LONGEST });
        (0..1_000).map(|_| injector.next()).collect()
    }

    #[test]
    fn exchanges_should_all_be_served_when_no_fault_is_asked_for() {
        assert!(fates(0, 0).iter().all(|fate| *fate == Fate::Served));
    }

    #[test]
    fn exchanges_should_all_be_dropped_when_that_is_asked_for() {
        assert!(fates(100, 0).iter().all(|fate| *fate == Fate::Dropped));
    }

    #[test]
    fn exchanges_should_suffer_as_often_as_asked_for() {
        let fates = fates(10, 30);
        let dropped = fates.iter().filter(|fate| **fate == Fate::Dropped).count();
        let delays: Vec<Duration> =
            fates.iter().filter_map(|fate| if let Fate::Delayed(delay) = fate { Some(*delay) } else { None }).collect();
        assert!((60..=140).contains(&dropped), "{dropped}");
        assert!((240..=360).contains(&delays.len()), "{}", delays.len());
        assert!(delays.iter().all(|delay| *delay <= LONGEST));
    }

    #[test]
    fn fates_should_be_the_same_when_the_seed_is() {
        assert_eq!(fates(20, 20), fates(20, 20));
    }
}
