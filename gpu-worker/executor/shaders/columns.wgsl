// SPDX-License-Identifier: Apache-2.0
// Argument NAME of a product: its lines are columns, of which a word has four.
@group(0) @binding(BINDING) var<storage, read> NAME: array<u32>;
fn load_NAME(matrix: u32, count: u32, line: u32, quad: u32) -> Words {
    let width = count / 4u;
    let at = (matrix * params.depth + quad * 4u) * count + min(line / 4u, width - 1u);
    return Words(
        four_NAME(at, width),
        four_NAME(at + count, width),
        four_NAME(at + 2u * count, width),
        four_NAME(at + 3u * count, width),
    );
}

// A word of each of four lines, from four rows.
fn four_NAME(at: u32, width: u32) -> Quad {
    let rows = Quad(NAME[at], NAME[at + width], NAME[at + 2u * width], NAME[at + 3u * width]);
    let even = rows & Quad(0x00ff00ffu);
    let odd = (rows >> Quad(8u)) & Quad(0x00ff00ffu);
    let above = vec2(even.x, odd.x) | (vec2(even.y, odd.y) << vec2(8u));
    let below = vec2(even.z, odd.z) | (vec2(even.w, odd.w) << vec2(8u));
    return Quad((above & vec2(0xffffu)) | (below << vec2(16u)), (above >> vec2(16u)) | (below & vec2(0xffff0000u)));
}
