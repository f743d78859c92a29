// SPDX-License-Identifier: Apache-2.0

//! The configuration of the pallets, one file each.

mod authorship;
mod babe;
mod balances;
mod clock;
mod grandpa;
mod session;
mod sudo;
mod system;
mod timestamp;
mod transaction_payment;
mod utility;
