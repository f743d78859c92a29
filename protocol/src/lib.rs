//! The life of a shard and of a dispute as pure functions.
#![cfg_attr(not(feature = "std"), no_std)]
