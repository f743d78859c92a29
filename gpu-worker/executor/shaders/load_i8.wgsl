// SPDX-License-Identifier: Apache-2.0
// Argument NAME: four i8 in a word.
@group(0) @binding(BINDING) var<storage, read> NAME: array<u32>;
fn load_NAME(i: u32) -> i32 {
    return extractBits(bitcast<i32>(NAME[i >> 2u]), (i & 3u) * 8u, 8u);
}
