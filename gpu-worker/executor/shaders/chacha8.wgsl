// SPDX-License-Identifier: Apache-2.0
// ChaCha8 with a 64-bit counter of which the upper half is 0.
fn rotate(x: vec4<u32>, bits: u32) -> vec4<u32> {
    return (x << vec4(bits)) | (x >> vec4(32u - bits));
}

fn chacha8(counter: u32) -> array<vec4<u32>, 4> {
    let a0 = vec4(0x61707865u, 0x3320646eu, 0x79622d32u, 0x6b206574u);
    let b0 = params.key[0];
    let c0 = params.key[1];
    let d0 = vec4(counter, 0u, 0u, 0u);
    var a = a0;
    var b = b0;
    var c = c0;
    var d = d0;
    for (var round = 0u; round < 8u; round++) {
        a += b;
        d = rotate(d ^ a, 16u);
        c += d;
        b = rotate(b ^ c, 12u);
        a += b;
        d = rotate(d ^ a, 8u);
        c += d;
        b = rotate(b ^ c, 7u);
        // Columns become diagonals, and back.
        if (round & 1u) == 0u {
            b = b.yzwx;
            c = c.zwxy;
            d = d.wxyz;
        } else {
            b = b.wxyz;
            c = c.zwxy;
            d = d.yzwx;
        }
    }
    return array(a + a0, b + b0, c + c0, d + d0);
}
