// SPDX-License-Identifier: Apache-2.0
const IDENTITY: i32 = 0;
fn lift(x: i32) -> i32 {
    return x;
}
fn combine(x: i32, y: i32) -> i32 {
    return x + y;
}
