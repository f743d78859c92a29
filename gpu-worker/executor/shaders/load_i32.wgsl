// SPDX-License-Identifier: Apache-2.0
// Argument NAME: an i32 in a word.
@group(0) @binding(BINDING) var<storage, read> NAME: array<i32>;
fn load_NAME(i: u32) -> i32 {
    return NAME[i];
}
