// SPDX-License-Identifier: Apache-2.0
// One workgroup sums 16 columns, each by 16 invocations.
@group(0) @binding(1) var<storage, read_write> out: array<i32>;
var<workgroup> partial: array<i32, 256>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let column = (group.y * groups.x + group.x) * 16u + (local & 15u);
    var sum = 0;
    if column < params.columns {
        for (var row = local >> 4u; row < params.rows; row += 16u) {
            sum += load_a(row * params.columns + column);
        }
    }
    partial[local] = sum;
    for (var half = 128u; half >= 16u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            partial[local] += partial[local + half];
        }
    }
    if local < 16u && column < params.columns {
        out[column] = partial[local];
    }
}
