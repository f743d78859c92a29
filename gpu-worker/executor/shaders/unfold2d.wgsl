// SPDX-License-Identifier: Apache-2.0
fn element(i: u32) -> i32 {
    let place = i / params.depth;
    let in_window = i % params.depth;
    let pixel = in_window / params.channels;
    // Where the window is, and the pixel in it.
    let across = place % params.places.y;
    let down = (place / params.places.y) % params.places.x;
    let image = place / (params.places.y * params.places.x);
    // Counted from the first pixel of the padding.
    let y = (down * params.stride.x) + (pixel / params.kernel.y);
    let x = (across * params.stride.y) + (pixel % params.kernel.y);
    if y < params.padding.x || x < params.padding.y {
        return params.lo;
    }
    let row = y - params.padding.x;
    let column = x - params.padding.y;
    if row >= params.image.x || column >= params.image.y {
        return params.lo;
    }
    let source = (((image * params.image.x) + row) * params.image.y) + column;
    return load_a((source * params.channels) + (in_window % params.channels));
}
