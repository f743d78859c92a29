// SPDX-License-Identifier: Apache-2.0
fn element(i: u32) -> i32 {
    let row = quotient(i, params.by_columns);
    let index = min(u32(max(load_b(row), 0)), params.rows - 1u);
    return load_a(index * params.columns + i - row * params.columns);
}
