// SPDX-License-Identifier: Apache-2.0
fn element(i: u32) -> i32 {
    let x = load_a(i);
    // |MIN| is 2^31 as unsigned.
    return 32 - i32(countLeadingZeros(bitcast<u32>(select(x, 0 - x, x < 0))));
}
