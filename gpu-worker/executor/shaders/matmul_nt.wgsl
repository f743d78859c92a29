// SPDX-License-Identifier: Apache-2.0
// a [matrices, rows, depth] times the transposes of b [matrices, columns, depth], in words. One workgroup computes a tile of
// 64 x 64, one invocation 4 x 4 of it, 16 apart.
@group(0) @binding(1) var<storage, read_write> out: array<Sum>;
@group(0) @binding(2) var<storage, read> a: array<Word>;
@group(0) @binding(3) var<storage, read> b: array<Word>;
// 16 words of 64 rows each, transposed; 65 so that neighbouring invocations use different banks.
var<workgroup> a_tile: array<Word, 1040>;
var<workgroup> b_tile: array<Word, 1040>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let tiles = (params.columns + 63u) / 64u;
    let tiles_of_matrix = tiles * ((params.rows + 63u) / 64u);
    let index = group.y * groups.x + group.x;
    // A workgroup that has no tile repeats the last matrix's, beyond its rows.
    let matrix = min(index / tiles_of_matrix, params.matrices - 1u);
    let tile = index - matrix * tiles_of_matrix;
    let row0 = (tile / tiles) * 64u;
    let column0 = (tile % tiles) * 64u;
    let a0 = matrix * params.rows * params.depth;
    let b0 = matrix * params.columns * params.depth;
    let out0 = matrix * params.rows * params.columns;
    let x = local & 15u;
    let y = local >> 4u;
    var sums: array<array<Sum, 4>, 4>;
    for (var depth0 = 0u; depth0 < params.depth; depth0 += 16u) {
        for (var i = 0u; i < 4u; i++) {
            let line = y + 16u * i;
            let word = depth0 + x;
            var a_word = Word(0);
            var b_word = Word(0);
            if word < params.depth {
                if row0 + line < params.rows {
                    a_word = a[a0 + (row0 + line) * params.depth + word];
                }
                if column0 + line < params.columns {
                    b_word = b[b0 + (column0 + line) * params.depth + word];
                }
            }
            a_tile[x * 65u + line] = a_word;
            b_tile[x * 65u + line] = b_word;
        }
        workgroupBarrier();
        for (var word = 0u; word < 16u; word++) {
            var a_words: array<Word, 4>;
            var b_words: array<Word, 4>;
            for (var i = 0u; i < 4u; i++) {
                a_words[i] = a_tile[word * 65u + y + 16u * i];
                b_words[i] = b_tile[word * 65u + x + 16u * i];
            }
            for (var i = 0u; i < 4u; i++) {
                for (var j = 0u; j < 4u; j++) {
                    sums[i][j] += multiply(a_words[i], b_words[j]);
                }
            }
        }
        workgroupBarrier();
    }
    for (var i = 0u; i < 4u; i++) {
        let row = row0 + y + 16u * i;
        for (var j = 0u; j < 4u; j++) {
            let column = column0 + x + 16u * j;
            if row < params.rows && column < params.columns {
                out[out0 + row * params.columns + column] = sums[i][j];
            }
        }
    }
}
