//! Contribution points, emission under the cap, fee split and burn.
#![cfg_attr(not(feature = "std"), no_std)]
