//! The worker and validator daemons of Quern.
