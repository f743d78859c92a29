// SPDX-License-Identifier: Apache-2.0
// The second argument, of one element for each row.
fn second(i: u32) -> i32 {
    return load_b(quotient(i, params.by_columns));
}
