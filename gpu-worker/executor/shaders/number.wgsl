// SPDX-License-Identifier: Apache-2.0
// A constant of one element.
fn element(i: u32) -> i32 {
    return params.lo;
}
