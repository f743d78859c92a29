// SPDX-License-Identifier: Apache-2.0
//! The Rust SDK of Quern: chain client, blobs, model and program builders.

pub mod chain;
pub mod models;
pub mod net;
