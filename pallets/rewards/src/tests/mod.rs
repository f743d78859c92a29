// SPDX-License-Identifier: Apache-2.0
//! Tests of the rewards.

mod claim;
mod invariants;
pub(crate) mod mock;
mod settle;
mod split;
