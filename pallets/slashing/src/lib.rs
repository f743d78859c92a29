//! Typed offences and what they cost.
#![cfg_attr(not(feature = "std"), no_std)]
