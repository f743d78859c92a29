// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![deny(missing_docs, unsafe_code)]

pub mod browser;
pub mod executors;
mod kernels;
pub mod suite;

pub use kernels::kernels;
pub use suite::{cases, digest, run, Case};

/// What every executor must answer: a line for each case, its digest and its name.
pub const EXPECTED: &str = include_str!("../expected.txt");

/// The first case in which these lines differ, or that only one of them has.
pub fn first_difference<'a>(expected: &'a str, found: &'a str) -> Option<&'a str> {
    let (mut expected, mut found) = (expected.lines(), found.lines());
    let line = loop {
        match (expected.next(), found.next()) {
            (None, None) => return None,
            (expected, found) if expected == found => {}
            (expected, found) => break found.or(expected)?,
        }
    };
    Some(line.split_once(' ').map_or(line, |(_, name)| name))
}
