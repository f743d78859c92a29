// SPDX-License-Identifier: Apache-2.0
//! Tests of the clock.

mod genesis;
mod invariants;
pub(crate) mod lag;
pub(crate) mod mock;
mod seeds;
