//! Programs, jobs, escrow, sharding, assignment, commitments and settlement.
#![cfg_attr(not(feature = "std"), no_std)]
