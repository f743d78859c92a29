// SPDX-License-Identifier: Apache-2.0
//! Tests of the bonds.

mod bond;
mod collateral;
mod earn;
mod invariants;
pub(crate) mod mock;
mod unbond;
mod withdraw_unbonded;
