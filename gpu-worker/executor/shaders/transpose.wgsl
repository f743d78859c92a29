// SPDX-License-Identifier: Apache-2.0
fn element(i: u32) -> i32 {
    let column = quotient(i, params.by_rows);
    return load_a((i - column * params.rows) * params.columns + column);
}
