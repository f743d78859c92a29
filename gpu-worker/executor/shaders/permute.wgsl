// SPDX-License-Identifier: Apache-2.0
fn element(i: u32) -> i32 {
    let row = quotient(i, params.by_depth);
    let plane = quotient(row, params.by_columns);
    let outer = quotient(plane, params.by_rows);
    let first_of_plane = outer * params.whole + (plane - outer * params.rows) * params.start;
    return load_a(first_of_plane + (row - plane * params.columns) * params.first + (i - row * params.depth) * params.second);
}
