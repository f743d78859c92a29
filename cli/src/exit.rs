// SPDX-License-Identifier: Apache-2.0
//! Exit codes that scripts can use. 0 is success.

/// It failed; the reason is on stderr.
pub const ERROR: u8 = 1;
/// The command line is wrong (given by `clap`).
pub const USAGE: u8 = 2;
/// `job verify`: this machine computes something else than what the chain accepted, or a receipt proves nothing. `economics`:
/// a lie is found less often than the formula says.
pub const DIFFERS: u8 = 3;
