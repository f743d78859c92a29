// SPDX-License-Identifier: Apache-2.0
//! The Rust SDK of Quern: chain client, blobs, model and program builders.

pub mod causes;
#[cfg(feature = "chain")]
pub mod chain;
pub mod economics;
#[cfg(feature = "import")]
pub mod import;
pub mod models;
#[cfg(feature = "net")]
pub mod net;

/// The page's program is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../docs/call-from-a-dapp.md")]
struct CallFromADapp;
