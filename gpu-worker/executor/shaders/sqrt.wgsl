// SPDX-License-Identifier: Apache-2.0
// Bit by bit, highest first; a root has at most 16 bits, so its square fits a u32.
fn element(i: u32) -> i32 {
    let x = u32(max(load_a(i), 0));
    var root = 0u;
    for (var bit = 0x8000u; bit > 0u; bit >>= 1u) {
        let longer = root | bit;
        if longer * longer <= x {
            root = longer;
        }
    }
    return i32(root);
}
