//! quern-worker
fn main() {}
