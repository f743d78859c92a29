// SPDX-License-Identifier: Apache-2.0
// Rows filled with zeros to whole words, for the product.
fn element(i: u32) -> i32 {
    let row = quotient(i, params.by_depth);
    let column = i - row * params.depth;
    if column < params.columns {
        return load_a(row * params.columns + column);
    }
    return 0;
}
