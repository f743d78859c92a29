// SPDX-License-Identifier: Apache-2.0
fn random_element(i: u32, word: u32) -> i32 {
    let x = load_a(i);
    let s = clamp(second(i), -31, 31);
    if s <= 0 {
        return bitcast<i32>(bitcast<u32>(x) << (u32(-s) & 31u));
    }
    let mask = (1u << (u32(s) & 31u)) - 1u;
    return (x >> (u32(s) & 31u)) + select(0, 1, (bitcast<u32>(x) & mask) > (word & mask));
}
