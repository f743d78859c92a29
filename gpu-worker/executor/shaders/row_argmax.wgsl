// SPDX-License-Identifier: Apache-2.0
// params.depth invocations find the first largest of a row.
@group(0) @binding(1) var<storage, read_write> out: array<i32>;
var<workgroup> largest: array<i32, 256>;
var<workgroup> places: array<u32, 256>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    // Who has no row repeats the last one and does not write.
    let index = (group.y * groups.x + group.x) * (256u / params.depth) + local / params.depth;
    let lane = local % params.depth;
    let row = min(index, params.rows - 1u) * params.columns;
    // Where an invocation has no element it holds the first of the row, which changes nothing.
    var best = load_a(row);
    var place = 0u;
    for (var i = lane; i < params.columns; i += params.depth) {
        let x = load_a(row + i);
        if x > best {
            best = x;
            place = i;
        }
    }
    largest[local] = best;
    places[local] = place;
    for (var half = params.depth / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half {
            let x = largest[local + half];
            let at = places[local + half];
            if x > largest[local] || (x == largest[local] && at < places[local]) {
                largest[local] = x;
                places[local] = at;
            }
        }
    }
    if lane == 0u && index < params.rows {
        out[index] = bitcast<i32>(places[local]);
    }
}
