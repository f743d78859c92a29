// SPDX-License-Identifier: Apache-2.0
// One invocation computes EACH elements that follow each other: begin() what all of them share, place() one of them, end() what
// comes of all of them.
@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let block = (group.y * groups.x + group.x) * 256u + local;
    let first = block * EACH;
    if first < steps[0].len {
        let last = min(first + EACH, steps[0].len) - 1u;
        begin(block);
        for (var i = first; i <= last; i++) {
            place(i, i == last);
        }
        end();
    }
}
