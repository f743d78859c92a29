// SPDX-License-Identifier: Apache-2.0
//! Strassen's product of matrices in blocks (Numer. Math. 13, 1969): seven products of quarters instead of eight, and of the quarters'
//! quarters. Only that numbers form a ring is used.

/// A block by its place, and whether it counts negatively.
#[derive(Clone, Copy)]
pub(super) struct Term {
    pub y: usize,
    pub x: usize,
    pub minus: bool,
}

/// A product of a sum of blocks of `a` with a sum of blocks of `b`, and the blocks of the result that it is added to. `b` is stored
/// transposed, and its blocks' places are those where they are stored.
pub(super) struct Product {
    pub a: Vec<Term>,
    pub b: Vec<Term>,
    pub to: Vec<Term>,
}

const fn plus(y: usize, x: usize) -> Term {
    Term { y, x, minus: false }
}

const fn minus(y: usize, x: usize) -> Term {
    Term { y, x, minus: true }
}

/// The products of quarters: for each its terms of `a` and of `b`, and what it is added to.
const OF_QUARTERS: [[&[Term]; 3]; 7] = [
    [&[plus(0, 0), plus(1, 1)], &[plus(0, 0), plus(1, 1)], &[plus(0, 0), plus(1, 1)]],
    [&[plus(1, 0), plus(1, 1)], &[plus(0, 0)], &[plus(1, 0), minus(1, 1)]],
    [&[plus(0, 0)], &[plus(1, 0), minus(1, 1)], &[plus(0, 1), plus(1, 1)]],
    [&[plus(1, 1)], &[plus(0, 1), minus(0, 0)], &[plus(0, 0), plus(1, 0)]],
    [&[plus(0, 0), plus(0, 1)], &[plus(1, 1)], &[plus(0, 1), minus(0, 0)]],
    [&[plus(1, 0), minus(0, 0)], &[plus(0, 0), plus(1, 0)], &[plus(1, 1)]],
    [&[plus(0, 1), minus(1, 1)], &[plus(0, 1), plus(1, 1)], &[plus(0, 0)]],
];

/// The `7^halvings` products of matrices whose sides are halved so many times: sums of at most `2^halvings` blocks.
pub(super) fn products(halvings: u32) -> Vec<Product> {
    let whole = Product { a: vec![plus(0, 0)], b: vec![plus(0, 0)], to: vec![plus(0, 0)] };
    (0..halvings).fold(vec![whole], |products, _| {
        let of_quarters = |outer: &Product| {
            OF_QUARTERS.map(|[a, b, to]| Product {
                a: inside(&outer.a, a),
                b: inside(&outer.b, b),
                to: inside(&outer.to, to),
            })
        };
        products.iter().flat_map(of_quarters).collect()
    })
}

/// Quarters of each of these blocks, those that count negatively last. Of more than two, as many count so as do not, or none does.
fn inside(blocks: &[Term], quarters: &[Term]) -> Vec<Term> {
    let of = |block: Term| {
        let inside = move |quarter: &Term| Term {
            y: 2 * block.y + quarter.y,
            x: 2 * block.x + quarter.x,
            minus: block.minus != quarter.minus,
        };
        quarters.iter().map(inside)
    };
    let mut terms: Vec<_> = blocks.iter().copied().flat_map(of).collect();
    terms.sort_by_key(|term| term.minus);
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_should_be_those_of_matrices_however_often_they_are_halved() {
        for halvings in 0..=3 {
            let side = 1usize << halvings;
            let number = |y: usize, x: usize, seed: usize| ((y * 31 + x * 17 + seed) * 7919 % 101) as i64 - 50;
            let sum = |terms: &[Term], seed| {
                terms.iter().map(|term| number(term.y, term.x, seed) * if term.minus { -1 } else { 1 }).sum::<i64>()
            };
            let mut sums = vec![0; side * side];
            for product in products(halvings) {
                let value = sum(&product.a, 1) * sum(&product.b, 2);
                for to in &product.to {
                    sums[to.y * side + to.x] += if to.minus { -value } else { value };
                }
            }
            for y in 0..side {
                for x in 0..side {
                    let expected: i64 = (0..side).map(|k| number(y, k, 1) * number(x, k, 2)).sum();
                    assert_eq!(sums[y * side + x], expected, "{halvings} halvings, {y} {x}");
                }
            }
        }
    }
}
