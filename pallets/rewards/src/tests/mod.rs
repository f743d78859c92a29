// SPDX-License-Identifier: Apache-2.0
//! Tests of the rewards.

mod claim;
mod claim_emission;
mod claim_emission_for;
mod eras;
mod invariants;
pub(crate) mod mock;
mod settle;
mod split;
