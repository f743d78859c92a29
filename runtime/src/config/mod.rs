// SPDX-License-Identifier: Apache-2.0

//! The configuration of the pallets, one file each.

mod authorship;
mod babe;
mod balances;
mod clock;
mod collateral;
mod duties;
mod grandpa;
mod jobs;
mod offences;
pub mod proxy;
mod rewards;
mod session;
mod slashing;
mod sudo;
mod system;
mod timestamp;
mod transaction_payment;
mod utility;
mod verification;
mod workers;

pub use collateral::CurrentEra;
