//! The Quern runtime: the pallets wired together.
#![cfg_attr(not(feature = "std"), no_std)]
