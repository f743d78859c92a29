// SPDX-License-Identifier: Apache-2.0
alias Quad = vec4<Word>;
alias Sums = vec4<Sum>;
// A word times each of four.
fn four(a: Word, b: Quad) -> Sums {
    return Sums(multiply(a, b.x), multiply(a, b.y), multiply(a, b.z), multiply(a, b.w));
}
