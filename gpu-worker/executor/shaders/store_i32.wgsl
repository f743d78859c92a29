// SPDX-License-Identifier: Apache-2.0
// One invocation writes a word: an element.
@group(0) @binding(1) var<storage, read_write> out: array<i32>;
@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = (group.y * groups.x + group.x) * 256u + local;
    if i < params.len {
        out[i] = element(i);
    }
}
