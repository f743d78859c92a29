//! quern
fn main() {}
