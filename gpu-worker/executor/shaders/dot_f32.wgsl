// SPDX-License-Identifier: Apache-2.0
// The peer that the product is measured against; in no program.
alias Word = f32;
alias Sum = f32;
fn multiply(a: Word, b: Word) -> Sum {
    return a * b;
}
