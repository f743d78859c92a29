// SPDX-License-Identifier: Apache-2.0
// Argument NAME of a product: lines one after the other.
@group(0) @binding(BINDING) var<storage, read> NAME: array<Quad>;
fn load_NAME(matrix: u32, count: u32, line: u32, quad: u32) -> Words {
    let depth = params.depth / 4u;
    let first = matrix * count;
    let line0 = NAME[(first + min(line, count - 1u)) * depth + quad];
    let line1 = NAME[(first + min(line + 1u, count - 1u)) * depth + quad];
    let line2 = NAME[(first + min(line + 2u, count - 1u)) * depth + quad];
    let line3 = NAME[(first + min(line + 3u, count - 1u)) * depth + quad];
    return Words(
        Quad(line0.x, line1.x, line2.x, line3.x),
        Quad(line0.y, line1.y, line2.y, line3.y),
        Quad(line0.z, line1.z, line2.z, line3.z),
        Quad(line0.w, line1.w, line2.w, line3.w),
    );
}
