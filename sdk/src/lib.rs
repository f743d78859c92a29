//! The Rust SDK of Quern: chain client, blobs, model and program builders.
