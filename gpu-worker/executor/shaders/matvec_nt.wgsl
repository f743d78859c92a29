// SPDX-License-Identifier: Apache-2.0
// The product of matmul_nt.wgsl for few rows. One workgroup computes 16 columns of a row; 16 invocations share a column's sum.
@group(0) @binding(1) var<storage, read_write> out: array<Sum>;
@group(0) @binding(2) var<storage, read> a: array<Word>;
@group(0) @binding(3) var<storage, read> b: array<Word>;
var<workgroup> partial: array<Sum, 256>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let blocks = (params.columns + 15u) / 16u;
    let index = group.y * groups.x + group.x;
    // A workgroup that has no row repeats the last one and does not write.
    let last = params.matrices * params.rows - 1u;
    let row = min(index / blocks, last);
    let column = (index % blocks) * 16u + local / 16u;
    let a0 = row * params.depth;
    let b0 = (row / params.rows * params.columns + min(column, params.columns - 1u)) * params.depth;
    var sum = Sum();
    for (var word = local % 16u; word < params.depth; word += 16u) {
        sum += multiply(a[a0 + word], b[b0 + word]);
    }
    partial[local] = sum;
    for (var half = 8u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local % 16u < half {
            partial[local] += partial[local + half];
        }
    }
    if local % 16u == 0u && column < params.columns && index / blocks <= last {
        out[row * params.columns + column] = partial[local];
    }
}
