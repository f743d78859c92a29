//! The registry of workers and validators: endpoint, device profile, ask and readiness.
#![cfg_attr(not(feature = "std"), no_std)]
