//! The Quern node.
fn main() {}
