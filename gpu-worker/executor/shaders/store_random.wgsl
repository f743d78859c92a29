// SPDX-License-Identifier: Apache-2.0
// One invocation writes the 16 elements of a ChaCha block.
@group(0) @binding(1) var<storage, read_write> out: array<i32>;
@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let counter = (group.y * groups.x + group.x) * 256u + local;
    let first = counter * 16u;
    if first < params.len {
        let count = min(16u, params.len - first);
        var words = chacha8(counter);
        for (var i = 0u; i < count; i++) {
            out[first + i] = random_element(first + i, words[i >> 2u][i & 3u]);
        }
    }
}
