// SPDX-License-Identifier: Apache-2.0
fn element(i: u32) -> i32 {
    let x = load_a(i);
    let s = clamp(second(i), -31, 31);
    if s <= 0 {
        return bitcast<i32>(bitcast<u32>(x) << (u32(-s) & 31u));
    }
    return (x >> (u32(s) & 31u)) + ((x >> (u32(s - 1) & 31u)) & 1);
}
