// SPDX-License-Identifier: Apache-2.0
fn element(i: u32) -> i32 {
    let row = quotient(i, params.by_columns);
    // A negative index is far beyond the columns.
    return select(0, 1, bitcast<u32>(load_a(row)) == i - row * params.columns);
}
