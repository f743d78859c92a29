//! Bonds, locks and slashes: the collateral behind every promise.
#![cfg_attr(not(feature = "std"), no_std)]
