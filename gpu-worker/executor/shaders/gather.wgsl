// SPDX-License-Identifier: Apache-2.0
fn element(i: u32) -> i32 {
    let index = max(load_b(i / params.columns), 0);
    return load_a(min(u32(index), params.rows - 1u) * params.columns + i % params.columns);
}
