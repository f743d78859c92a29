// SPDX-License-Identifier: Apache-2.0
fn element(i: u32) -> i32 {
    let row = i / params.depth;
    let plane = row / params.columns;
    let outer = plane / params.rows;
    let first_of_plane = outer * params.whole + (plane - outer * params.rows) * params.start;
    return load_a(first_of_plane + (row - plane * params.columns) * params.first + (i - row * params.depth) * params.second);
}
