// SPDX-License-Identifier: Apache-2.0
// Rounded towards zero; x / 0 = 0 and MIN / -1 = MIN, which a division never sees.
fn element(i: u32) -> i32 {
    let x = load_a(i);
    let y = second(i);
    if y == 0 {
        return 0;
    }
    if y == -1 {
        return 0 - x;
    }
    return x / y;
}
