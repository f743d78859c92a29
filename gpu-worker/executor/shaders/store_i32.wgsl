// SPDX-License-Identifier: Apache-2.0
// Output NAME: an i32 in a word.
@group(0) @binding(BINDING) var<storage, read_write> NAME: array<i32>;
fn store_NAME(i: u32, value: i32, is_last: bool) {
    NAME[i] = value;
}
