// SPDX-License-Identifier: Apache-2.0
fn element(i: u32) -> i32 {
    return load_a((i / params.first) * params.whole + params.start + i % params.first);
}
