// SPDX-License-Identifier: Apache-2.0
// Output NAME: the largest of all that lift() gives. Most invocations find that it is more than they have, and write nothing.
@group(0) @binding(BINDING) var<storage, read_write> NAME: array<atomic<i32>>;
var<private> largest_NAME: i32;
fn store_NAME() {
    if largest_NAME > atomicLoad(&NAME[0]) {
        atomicMax(&NAME[0], largest_NAME);
    }
}
