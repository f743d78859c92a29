// SPDX-License-Identifier: Apache-2.0
// The largest of all, by lift() and combine() with IDENTITY, which is 0. One workgroup reduces params.depth elements; the output is 0
// before.
@group(0) @binding(1) var<storage, read_write> out: array<atomic<i32>>;
var<workgroup> partial: array<i32, 256>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let first = (group.y * groups.x + group.x) * params.depth;
    let end = min(first + params.depth, params.len);
    var result = IDENTITY;
    for (var i = first + local; i < end; i += 256u) {
        result = combine(result, lift(load_a(i)));
    }
    partial[local] = result;
    for (var half = 128u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            partial[local] = combine(partial[local], partial[local + half]);
        }
    }
    if local == 0u {
        atomicMax(&out[0], partial[0]);
    }
}
