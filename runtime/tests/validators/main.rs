// SPDX-License-Identifier: Apache-2.0
//! Validators in the assembled runtime: elections, equivocations and idleness, block by block; and the daemons' proxies.

mod chain;
mod elections;
mod equivocation;
mod proxy;
