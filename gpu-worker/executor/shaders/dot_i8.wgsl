// SPDX-License-Identifier: Apache-2.0
alias Word = u32;
alias Sum = i32;
// The sum of the products of four i8 each.
fn multiply(a: Word, b: Word) -> Sum {
    return dot4I8Packed(a, b);
}
