//! End-to-end tests of Quern on real processes.
