// SPDX-License-Identifier: Apache-2.0
// Nothing but products of words in registers: what the device can do at best. In no program. An invocation multiplies 64 pairs
// of words in each of params.depth rounds.
@group(0) @binding(1) var<storage, read_write> out: array<Sum>;
@group(0) @binding(2) var<storage, read> a: array<Word>;
@group(0) @binding(3) var<storage, read> b: array<Word>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let x = a[id.x % params.len];
    let y = b[id.x % params.len];
    var words = Quad(x, y, x + y, x - y);
    let factors0 = words.wzyx;
    let factors1 = factors0 + words;
    let factors2 = factors1 + words;
    let factors3 = factors2 + words;
    var sums0 = Sums();
    var sums1 = Sums();
    var sums2 = Sums();
    var sums3 = Sums();
    for (var round = 0u; round < params.depth; round++) {
        sums0 += four(words.x, factors0);
        sums1 += four(words.y, factors0);
        sums2 += four(words.z, factors0);
        sums3 += four(words.w, factors0);
        sums0 += four(words.y, factors1);
        sums1 += four(words.z, factors1);
        sums2 += four(words.w, factors1);
        sums3 += four(words.x, factors1);
        sums0 += four(words.z, factors2);
        sums1 += four(words.w, factors2);
        sums2 += four(words.x, factors2);
        sums3 += four(words.y, factors2);
        sums0 += four(words.w, factors3);
        sums1 += four(words.x, factors3);
        sums2 += four(words.y, factors3);
        sums3 += four(words.z, factors3);
        // No two rounds are the same, so that none can be left out.
        words += factors0;
    }
    let sums = sums0 + sums1 + sums2 + sums3;
    out[id.x] = sums.x + sums.y + sums.z + sums.w;
}
