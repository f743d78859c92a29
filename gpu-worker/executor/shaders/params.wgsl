// SPDX-License-Identifier: Apache-2.0
// What a kernel is told besides its arguments. Not every kernel reads every field.
struct Params {
    // Elements of the outputs.
    len: u32,
    // Rows and columns (places of the last axis) of the first argument.
    rows: u32,
    columns: u32,
    // Words of a row in a product; columns of a padded row; invocations that share a row.
    depth: u32,
    // Slices and concatenations: elements of a whole stretch, where the part begins, elements of the first and second part.
    // Permutations: elements from one place of each output axis to the next, in the argument; rows, columns and depth are the
    // places of the last three.
    whole: u32,
    start: u32,
    first: u32,
    second: u32,
    // Limits; a number.
    lo: i32,
    hi: i32,
    // Fractional bits of a softmax.
    frac_bits: u32,
    // Matrices of a product.
    matrices: u32,
    // ChaCha8 key.
    key: array<vec4<u32>, 2>,
    // Windows over images, each vertical and horizontal: pixels of an image, windows over it, sizes of a window, pixels from one
    // to the next, pixels added on each side. Depth is the elements of a window, lo what the added pixels hold.
    image: vec2<u32>,
    places: vec2<u32>,
    kernel: vec2<u32>,
    stride: vec2<u32>,
    padding: vec2<u32>,
    // What quotient() divides by rows, columns, .. with: a factor and a shift.
    by_rows: vec2<u32>,
    by_columns: vec2<u32>,
    by_depth: vec2<u32>,
    by_whole: vec2<u32>,
    by_first: vec2<u32>,
    channels: u32,
}

// A number below 2^31 divided by another one: the upper word of a product of words, shifted.
fn quotient(number: u32, by: vec2<u32>) -> u32 {
    let x = vec2(number << 1u, by.x) & vec2(0xffffu);
    let y = vec2(number << 1u, by.x) >> vec2(16u);
    let middle = y.x * x.y + ((x.x * x.y) >> 16u);
    let other = x.x * y.y + (middle & 0xffffu);
    return (y.x * y.y + (middle >> 16u) + (other >> 16u)) >> by.y;
}
