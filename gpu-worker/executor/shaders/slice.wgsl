// SPDX-License-Identifier: Apache-2.0
fn element(i: u32) -> i32 {
    let outer = quotient(i, params.by_first);
    return load_a(outer * (params.whole - params.first) + params.start + i);
}
