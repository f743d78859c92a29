// SPDX-License-Identifier: Apache-2.0
//! What a lie costs: the formula behind the collateral, and a simulation of the draws that it describes.
//!
//! The chain computes the collateral in integers (`quern_protocol::collateral`). [`Formula`] is the same in real numbers, term by
//! term as `docs/economics.md` has it; [`Simulator`] plays the draws themselves, with the chain's own draw of segments. Nothing here
//! is hashed.

mod audits;
mod plants;
mod simulate;

pub use audits::{Friends, Outcomes};
pub use plants::{Planting, Played};
pub use simulate::{Estimate, Rerolls, Simulator};

use quern_protocol::{
    shard::{MAX_AUDIT_ROUNDS, MAX_PROBES},
    Params,
};

/// The assumptions about cheats, and what the chain does against them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Formula {
    /// Share of the stake that colludes (gamma), below 1.
    pub colluding: f64,
    /// Share of a slash that the cheat's friends cannot recover (beta), above 0.
    pub unrecoverable: f64,
    /// Segments drawn from a shard (m).
    pub samples: u32,
    /// Validators drawn for a shard (k).
    pub auditors: u32,
    /// Validators that are asked for inputs that are said to be missing.
    pub probe_seats: u32,
}

impl Formula {
    /// The numbers of a chain, with `auditors` validators for a shard.
    pub fn of(params: &Params, auditors: u32) -> Self {
        Self {
            colluding: f64::from(params.colluding_ppm) / 1e6,
            unrecoverable: f64::from(params.unrecoverable_ppm) / 1e6,
            samples: u32::from(params.samples),
            auditors,
            probe_seats: u32::from(params.probe_seats),
        }
    }

    /// The probability that all drawn validators of one draw collude: `gamma^k`.
    pub fn collusion_of_one_draw(&self) -> f64 {
        self.colluding.powf(f64::from(self.auditors))
    }

    /// The probability that all drawn validators collude in the end (q), when a draw that does not please its last author is
    /// forfeited each time that this author colludes: `q = q0 + (1 - q0) gamma q`.
    pub fn collusion(&self) -> f64 {
        with_rerolls(self.collusion_of_one_draw(), self.colluding)
    }

    /// The probability that falsifying a share `f` of a shard's cost is found: `P(f) = (1 - q)(1 - (1 - f)^m)`.
    pub fn detection(&self, f: f64) -> f64 {
        (1.0 - self.collusion()) * (1.0 - (1.0 - f).powf(f64::from(self.samples)))
    }

    /// The same when the author also forfeits draws whose validators are honest and whose segments hit a falsified one: a draw
    /// pleases it with `s = q0 + (1 - q0)(1 - f)^m`, so that `P(f) = 1 - s / (1 - gamma (1 - s))`. It is below
    /// [`detection`](Self::detection) for `0 < f < 1` and equal to it for `f = 1`.
    pub fn detection_when_segments_are_rerolled(&self, f: f64) -> f64 {
        let one = self.collusion_of_one_draw();
        let pleases = one + (1.0 - one) * (1.0 - f).powf(f64::from(self.samples));
        1.0 - with_rerolls(pleases, self.colluding)
    }

    /// The probability that a worker whose every segment is a lie is released, unpaid and without loss, because friends among the
    /// drawn spoil one audit after the other. The sample and the seats of honest validators stay, so [`MAX_AUDIT_ROUNDS`] friends have
    /// to be drawn before `auditors` others are, and an honest one has to sit with them: `N(rounds) - gamma^k N(rounds - k)`, with `N(n)
    /// = gamma^n sum_(h < k) binomial(n - 1 + h, h) (1 - gamma)^h`. Nobody forfeits a block.
    pub fn released(&self) -> f64 {
        self.spoiled(MAX_AUDIT_ROUNDS.into())
    }

    /// The same where the friends claim that inputs are missing: after [`MAX_AUDIT_ROUNDS`] other validators are asked, one of whom
    /// has the inputs unless all of them are friends too, and the audit goes on, [`MAX_PROBES`] times.
    pub fn released_by_claims(&self) -> f64 {
        let probes = u32::from(MAX_PROBES);
        let rounds = u32::from(MAX_AUDIT_ROUNDS).saturating_mul(probes.saturating_add(1));
        self.spoiled(rounds) * (1.0 - self.confirmed()).powi(probes as i32)
    }

    /// The probability that such a worker is paid for its lie, although nobody has audited it: friends have spoiled its audits by
    /// claims of missing inputs, and everybody who was asked about them is a friend too.
    pub fn paid_by_claims(&self) -> f64 {
        let rounds = |probes: u32| u32::from(MAX_AUDIT_ROUNDS).saturating_mul(probes.saturating_add(1));
        let paid = |probes: u32| self.spoiled(rounds(probes)) * (1.0 - self.confirmed()).powi(probes as i32);
        (0..u32::from(MAX_PROBES)).map(|probes| paid(probes) * self.confirmed()).sum()
    }

    /// The probability that all who are asked about the inputs are friends.
    fn confirmed(&self) -> f64 {
        self.colluding.powf(f64::from(self.probe_seats))
    }

    fn spoiled(&self, rounds: u32) -> f64 {
        let after_friends = self.friends_first(rounds.saturating_sub(self.auditors));
        // Both are the same for a single seat, but for rounding.
        (self.friends_first(rounds) - self.collusion_of_one_draw() * after_friends).max(0.0)
    }

    /// The probability that so many friends are drawn before `auditors` others.
    fn friends_first(&self, friends: u32) -> f64 {
        let (gamma, n) = (self.colluding, f64::from(friends));
        let mut term = gamma.powf(n);
        let mut sum = 0.0;
        for others in 0..self.auditors {
            sum += term;
            let others = f64::from(others);
            term *= (n + others) / (others + 1.0) * (1.0 - gamma);
        }
        sum
    }

    /// The collateral at which falsifying a share `f` that is found with probability `found` gains nothing, as a multiple of the
    /// shard's value R: S with `f C = found (R + beta S)`, where C = R. Negative where it gains nothing without any.
    pub fn break_even(&self, f: f64, found: f64) -> f64 {
        (f / found - 1.0) / self.unrecoverable
    }

    /// The collateral at which committing to garbage pays no more than absence, as a multiple of R: S with
    /// `(1 - found) R = found beta S`.
    pub fn garbage_break_even(&self, found: f64) -> f64 {
        (1.0 - found) / (self.unrecoverable * found)
    }

    /// The collateral, as a multiple of R: `3 max(S1, S2, 1)`.
    pub fn collateral(&self) -> f64 {
        let found = self.detection(1.0);
        3.0 * self.break_even(1.0, found).max(self.garbage_break_even(found)).max(1.0)
    }

    /// What the cheat gains on average by falsifying a share `f` that is found with probability `found`, beyond what honest work
    /// gives, as a multiple of R, with a collateral of `stake` times R.
    pub fn gain(&self, f: f64, found: f64, stake: f64) -> f64 {
        f - found * (1.0 + self.unrecoverable * stake)
    }
}

/// The probability of an outcome that one draw has with probability `once`, when any other outcome is drawn again with probability
/// `again`.
fn with_rerolls(once: f64, again: f64) -> f64 {
    once / (1.0 - again * (1.0 - once))
}

#[cfg(test)]
mod tests;
