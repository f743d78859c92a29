// SPDX-License-Identifier: Apache-2.0
//! Tests of the clock.

mod genesis;
mod invariants;
pub(crate) mod lag;
mod mock;
mod seeds;
