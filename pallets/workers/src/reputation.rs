// SPDX-License-Identifier: Apache-2.0
//! The rule of reputation, as the crate's documentation writes it. Integers alone, rounded down: against the account.

/// Least reputation, and a newcomer's: whoever starts anew under another name gains nothing by it.
pub const REPUTATION_FLOOR: u32 = 100;
/// Greatest reputation: caps what a long history is worth in a draw at ten times a newcomer.
pub const REPUTATION_MAX: u32 = 1_000;
/// What an accepted shard adds.
pub const REPUTATION_ACCEPTED: u32 = 1;
/// What of the part above the floor is left after an era: 7/8, so that half of it is forgotten in about five eras.
pub const REPUTATION_KEPT: (u32, u32) = (7, 8);
/// Eras after which nothing above the floor is left of any history.
pub const REPUTATION_ERAS: u32 = 40;

/// The part above the floor.
fn excess(reputation: u32) -> u32 {
    reputation.clamp(REPUTATION_FLOOR, REPUTATION_MAX).saturating_sub(REPUTATION_FLOOR)
}

fn with_excess(excess: u32) -> u32 {
    REPUTATION_FLOOR.saturating_add(excess).min(REPUTATION_MAX)
}

/// Reputation after some eras without a shard.
pub fn faded(reputation: u32, eras: u32) -> u32 {
    let (kept, of) = REPUTATION_KEPT;
    let step = |excess: u32| excess.saturating_mul(kept).checked_div(of).unwrap_or(0);
    with_excess((0..eras.min(REPUTATION_ERAS)).fold(excess(reputation), |excess, _| step(excess)))
}

/// Reputation after an accepted shard.
pub fn accepted(reputation: u32) -> u32 {
    with_excess(excess(reputation).saturating_add(REPUTATION_ACCEPTED))
}

/// Reputation after a shard that was late or declined: half of the part above the floor.
pub fn late(reputation: u32) -> u32 {
    with_excess(excess(reputation) / 2)
}
