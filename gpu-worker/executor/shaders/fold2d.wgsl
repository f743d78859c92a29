// SPDX-License-Identifier: Apache-2.0
fn element(i: u32) -> i32 {
    let channel = i % params.channels;
    let pixel = i / params.channels;
    // Counted from the first pixel of the padding.
    let x = (pixel % params.image.y) + params.padding.y;
    let y = ((pixel / params.image.y) % params.image.x) + params.padding.x;
    let image = pixel / (params.image.y * params.image.x);
    var sum = 0;
    for (var window_y = 0u; window_y < params.kernel.x && window_y <= y; window_y++) {
        let start_y = y - window_y;
        let down = start_y / params.stride.x;
        if start_y % params.stride.x != 0u || down >= params.places.x {
            continue;
        }
        for (var window_x = 0u; window_x < params.kernel.y && window_x <= x; window_x++) {
            let start_x = x - window_x;
            let across = start_x / params.stride.y;
            if start_x % params.stride.y != 0u || across >= params.places.y {
                continue;
            }
            let place = (((image * params.places.x) + down) * params.places.y) + across;
            let in_window = (((window_y * params.kernel.y) + window_x) * params.channels) + channel;
            sum += load_a((place * params.depth) + in_window);
        }
    }
    return sum;
}
