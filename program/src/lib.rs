//! Exact tensor programs: operators, shapes, cost, validation and reference execution.
#![cfg_attr(not(feature = "std"), no_std)]
