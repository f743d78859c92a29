// SPDX-License-Identifier: Apache-2.0
// params.depth invocations reduce a row, by lift() and combine() with IDENTITY.
@group(0) @binding(1) var<storage, read_write> out: array<i32>;
var<workgroup> partial: array<i32, 256>;

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
    var result = IDENTITY;
    for (var i = lane; i < params.columns; i += params.depth) {
        result = combine(result, lift(load_a(row + i)));
    }
    partial[local] = result;
    for (var half = params.depth / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half {
            partial[local] = combine(partial[local], partial[local + half]);
        }
    }
    if lane == 0u && index < params.rows {
        out[index] = partial[local];
    }
}
