// SPDX-License-Identifier: Apache-2.0
//! Tests of the slashes.

mod appeal;
mod cancel;
mod consensus;
mod deferral;
mod delay;
mod invariants;
pub(crate) mod mock;
mod reject_appeal;
mod report;
mod set_dry_run;
mod set_guardian;
mod shares;
