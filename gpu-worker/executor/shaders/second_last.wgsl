// SPDX-License-Identifier: Apache-2.0
// The second argument, of one element for each place of the last axis.
fn second(i: u32) -> i32 {
    return load_b(i - quotient(i, params.by_columns) * params.columns);
}
