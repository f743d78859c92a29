// SPDX-License-Identifier: Apache-2.0
fn random_element(i: u32, word: u32) -> i32 {
    return bitcast<i32>(word);
}
