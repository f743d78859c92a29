// SPDX-License-Identifier: Apache-2.0
fn element(i: u32) -> i32 {
    let row = i / params.depth;
    let plane = row / params.columns;
    let first_of_plane = (plane / params.rows) * params.whole + (plane % params.rows) * params.start;
    return load_a(first_of_plane + (row % params.columns) * params.first + (i % params.depth) * params.second);
}
