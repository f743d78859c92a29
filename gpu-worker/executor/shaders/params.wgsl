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
    channels: u32,
    unused: u32,
}
