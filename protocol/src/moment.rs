// SPDX-License-Identifier: Apache-2.0
//! When something happens, as deadlines see it.

use quern_primitives::Height;

/// A block, and how far deadlines lag behind it: in a full block what is owed may not have found room, so it counts for
/// nobody's deadline. Deadlines are set from the height, and have passed only when the height without the lag is beyond them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Height of the block.
    pub height: Height,
    /// Blocks by which deadlines lag behind it.
    pub lag_blocks: Height,
}

impl Moment {
    /// The last height of which the deadlines are over in this block is the one before this.
    pub fn reached(&self) -> Height {
        self.height.saturating_sub(self.lag_blocks)
    }

    /// The next height at which to look whether a deadline that is overdue from `expires` on is over: never after it is,
    /// because [`Self::reached`] grows by less than two a block.
    pub fn look_again(&self, expires: Height) -> Height {
        let left = expires.saturating_sub(self.reached());
        expires.max(self.height.saturating_add((left / 2).max(1)))
    }
}

impl From<Height> for Moment {
    fn from(height: Height) -> Self {
        Self { height, lag_blocks: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadline_should_be_looked_at_when_it_is_over_and_seldom_before() {
        let at = |height, lag_blocks, expires| Moment { height, lag_blocks }.look_again(expires);
        assert_eq!((at(10, 0, 11), at(10, 0, 50), at(10, 4, 50)), (11, 50, 50));
        assert_eq!((at(50, 40, 50), at(70, 20, 51), at(50, 1, 50), at(49, 0, 50)), (70, 71, 51, 50));
    }

    #[test]
    fn deadline_should_never_be_looked_at_too_late_however_the_lag_goes_away() {
        for lag in 0..200 {
            // The lag shrinks by one in each second block, the first included.
            let reached = |blocks: Height| {
                Moment { height: 1_000 + blocks, lag_blocks: lag.max(blocks.div_ceil(2)) - blocks.div_ceil(2) }
                    .reached()
            };
            for expires in 1_001 - lag..1_010 {
                let over = (1..).find(|blocks| reached(*blocks) >= expires).unwrap();
                let look = Moment { height: 1_000, lag_blocks: lag }.look_again(expires) - 1_000;
                assert!(look <= over, "lag {lag}, expires {expires}: looked at after {look}, over after {over}");
            }
        }
    }
}
