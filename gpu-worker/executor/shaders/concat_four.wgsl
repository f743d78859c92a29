// SPDX-License-Identifier: Apache-2.0
// The widths of the four are in the place of a key.
fn element(i: u32) -> i32 {
    let outer = quotient(i, params.by_whole);
    let widths = params.key[0];
    var rest = i - outer * params.whole;
    if rest < widths.x {
        return load_a(outer * widths.x + rest);
    }
    rest -= widths.x;
    if rest < widths.y {
        return load_b(outer * widths.y + rest);
    }
    rest -= widths.y;
    if rest < widths.z {
        return load_c(outer * widths.z + rest);
    }
    return load_d(outer * widths.w + rest - widths.z);
}
