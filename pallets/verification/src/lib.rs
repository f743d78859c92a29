//! Draws, audits, disputes and the referee.
#![cfg_attr(not(feature = "std"), no_std)]
