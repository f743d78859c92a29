// SPDX-License-Identifier: Apache-2.0
const IDENTITY: i32 = 0;
fn lift(x: i32) -> i32 {
    let limited = max(x, -2147483647);
    return max(limited, -limited);
}
fn combine(x: i32, y: i32) -> i32 {
    return max(x, y);
}
