// SPDX-License-Identifier: Apache-2.0
//! Tests of bonds, nominations, elections and offences.

mod bond;
mod bonded_before;
mod chill;
mod collateral;
mod commission;
mod earn;
mod elections;
mod genesis;
mod invariants;
mod late_backing;
pub(crate) mod mock;
mod model;
mod nominate;
mod offences;
mod pool;
mod reports;
mod reward;
mod simulation;
mod try_state;
mod unbond;
mod unbond_nomination;
mod validate;
mod withdraw_nomination;
mod withdraw_unbonded;
