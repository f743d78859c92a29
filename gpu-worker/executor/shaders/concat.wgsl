// SPDX-License-Identifier: Apache-2.0
fn element(i: u32) -> i32 {
    let outer = quotient(i, params.by_whole);
    let rest = i - outer * params.whole;
    if rest < params.first {
        return load_a(outer * params.first + rest);
    }
    return load_b(outer * params.second + rest - params.first);
}
