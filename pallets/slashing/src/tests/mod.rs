// SPDX-License-Identifier: Apache-2.0
//! Tests of the slashes.

mod appeal;
mod cancel;
mod consensus;
mod deferral;
mod delay;
mod expire_plant;
mod invariants;
pub(crate) mod mock;
mod open_decoy;
mod open_plant;
mod plant;
mod plants;
mod reject_appeal;
mod report;
mod set_dry_run;
mod set_guardian;
mod shares;
mod try_state;
mod withdraw_plant;
