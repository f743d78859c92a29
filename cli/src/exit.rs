// SPDX-License-Identifier: Apache-2.0
//! Exit codes that scripts can use. 0 is success.

/// It failed; the reason is on stderr. `offence verify`: it could not be checked.
pub const ERROR: u8 = 1;
/// The command line is wrong (given by `clap`).
pub const USAGE: u8 = 2;
/// `job verify`: this machine computes something else than what the chain accepted, or a receipt proves nothing. `offence
/// verify`: the offence does not stand. `economics`: a lie is found less often than the formula says.
pub const DIFFERS: u8 = 3;
/// `job watch`, `submit`, `resume`, `fetch`, `verify`, `model submit`: all else is well, but results were overturned, or stand on such
/// results.
pub const TAINTED: u8 = 4;

/// Success, unless some of the results are tainted.
pub fn unless_tainted(tainted: &[u16]) -> std::process::ExitCode {
    std::process::ExitCode::from(if tainted.is_empty() { 0 } else { TAINTED })
}
