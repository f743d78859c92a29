// SPDX-License-Identifier: Apache-2.0
// The second argument, of one element.
fn second(i: u32) -> i32 {
    return load_b(0u);
}
