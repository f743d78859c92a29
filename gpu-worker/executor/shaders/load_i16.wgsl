// SPDX-License-Identifier: Apache-2.0
// Argument NAME: two i16 in a word.
@group(0) @binding(BINDING) var<storage, read> NAME: array<u32>;
fn load_NAME(i: u32) -> i32 {
    return extractBits(bitcast<i32>(NAME[i >> 1u]), (i & 1u) * 16u, 16u);
}
