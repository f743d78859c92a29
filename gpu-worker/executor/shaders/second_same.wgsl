// SPDX-License-Identifier: Apache-2.0
// The second argument, of the same shape.
fn second(i: u32) -> i32 {
    return load_b(i);
}
