// SPDX-License-Identifier: Apache-2.0
//! Tests of the registry.

mod apprentices;
mod enrol;
mod evict;
mod invariants;
pub(crate) mod mock;
mod pardon;
mod register;
mod registry;
mod reputation;
mod retire;
mod set_ready;
mod update;
