// SPDX-License-Identifier: Apache-2.0
fn element(i: u32) -> i32 {
    // A negative index is far beyond the columns.
    return select(0, 1, bitcast<u32>(load_a(i / params.columns)) == i % params.columns);
}
