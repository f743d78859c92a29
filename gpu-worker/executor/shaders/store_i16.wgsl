// SPDX-License-Identifier: Apache-2.0
// One invocation writes a word: 2 elements.
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let word = (group.y * groups.x + group.x) * 256u + local;
    let first = word * 2u;
    if first < params.len {
        let count = min(2u, params.len - first);
        var packed = 0u;
        for (var i = 0u; i < count; i++) {
            packed |= (bitcast<u32>(element(first + i)) & 0xffffu) << (i * 16u);
        }
        out[word] = packed;
    }
}
