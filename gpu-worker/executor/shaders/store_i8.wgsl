// SPDX-License-Identifier: Apache-2.0
// Output NAME: four i8 in a word, which is written with the last of them.
@group(0) @binding(BINDING) var<storage, read_write> NAME: array<u32>;
var<private> word_NAME: u32;
fn store_NAME(i: u32, value: i32, is_last: bool) {
    let at = i & 3u;
    let before = select(word_NAME, 0u, at == 0u);
    word_NAME = before | ((bitcast<u32>(value) & 0xffu) << (at * 8u));
    if is_last || at == 3u {
        NAME[i >> 2u] = word_NAME;
    }
}
