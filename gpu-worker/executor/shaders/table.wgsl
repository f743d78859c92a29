// SPDX-License-Identifier: Apache-2.0
fn element(i: u32) -> i32 {
    return load_b(u32(clamp(load_a(i) + 128, 0, 255)));
}
