//! Slot length, epoch length and draw periods from genesis.
#![cfg_attr(not(feature = "std"), no_std)]
