// SPDX-License-Identifier: Apache-2.0
//! Tests: one file for each subject.

mod failures;
mod invariants;
pub(crate) mod mock;
mod proxies;
mod standing;
