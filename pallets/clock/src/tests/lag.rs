// SPDX-License-Identifier: Apache-2.0
//! Full blocks count for nobody's deadline.

use super::mock::*;
use crate::{CATCH_UP_BLOCKS, MAX_LAG_BLOCKS};
use proptest::prelude::*;
use quern_primitives::traits::Deadlines;

/// Runs a block, and returns how far deadlines are in the next one.
fn after(is_full: bool) -> u32 {
    Full::set(is_full);
    block(Some(1), Some(1));
    System::block_number() + 1 - Clock::lag_blocks()
}

#[test]
fn deadlines_should_stand_still_when_a_block_is_full() {
    new_test_ext_with(2, 1).execute_with(|| {
        assert_eq!((after(false), after(false)), (2, 3));
        assert_eq!((after(true), after(true), after(true)), (3, 3, 3));
        assert_eq!(Clock::lag_blocks(), 3);
    });
}

#[test]
fn deadlines_should_catch_up_when_blocks_have_room_again() {
    new_test_ext_with(2, 1).execute_with(|| {
        (0..3).for_each(|_| {
            after(true);
        });
        (0..3 * CATCH_UP_BLOCKS).for_each(|_| {
            after(false);
        });
        assert_eq!(Clock::lag_blocks(), 0);
        assert_eq!(after(false), System::block_number() + 1);
    });
}

#[test]
fn deadlines_should_go_on_when_all_blocks_are_full_for_too_long() {
    new_test_ext_with(2, 1).execute_with(|| {
        let stopped = after(true);
        (1..MAX_LAG_BLOCKS).for_each(|_| assert_eq!(after(true), stopped));
        assert_eq!((after(true), after(true)), (stopped + 1, stopped + 2));
        assert_eq!(Clock::lag_blocks(), MAX_LAG_BLOCKS);
    });
}

proptest! {
    /// Whatever blocks are full: deadlines never go back, advance by at most two a block, lag no further than they may, and
    /// between two blocks more than four fifths of what they advance are blocks with room, unless the lag is at its limit.
    #[test]
    fn deadlines_should_advance_by_blocks_with_room_alone(
        blocks in proptest::collection::vec(prop::bool::weighted(0.3), 1..300),
    ) {
        new_test_ext_with(2, 1).execute_with(|| {
            let mut at = vec![(1, 0)];
            for is_full in blocks {
                let (before, roomy) = *at.last().unwrap();
                let now = after(is_full);
                let most = if is_full { 0 } else { 2 };
                prop_assert!(now >= before && now <= before + most);
                at.push((now, roomy + u32::from(!is_full)));
            }
            for (first, (from, roomy)) in at.iter().enumerate() {
                for (to, later) in &at[first..] {
                    let found = later - roomy;
                    prop_assert!(to - from <= found + found.div_ceil(CATCH_UP_BLOCKS));
                }
            }
            Clock::do_try_state().unwrap();
            Ok(())
        })?;
    }
}
