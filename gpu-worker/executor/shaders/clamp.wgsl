// SPDX-License-Identifier: Apache-2.0
fn element(i: u32) -> i32 {
    return min(max(load_a(i), params.lo), params.hi);
}
