// SPDX-License-Identifier: Apache-2.0
//! Tests of the slashes.

mod invariants;
pub(crate) mod mock;
mod report;
mod set_dry_run;
