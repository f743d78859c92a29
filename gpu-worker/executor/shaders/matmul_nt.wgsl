// SPDX-License-Identifier: Apache-2.0
// a [matrices, rows, depth] times the transposes of b [matrices, columns, depth], in words; depth is a multiple of four. One
// workgroup computes a tile of 64 x 64, one invocation 4 x 4 of it. Its sums have names: an array of them that loops run over stays
// in memory where a compiler does not unroll the loops, and that was forty times slower on a GPU.
@group(0) @binding(1) var<storage, read_write> out: array<Sum>;
// 16 words of 64 rows, and of 64 columns: a word of four neighbouring lines lies together.
var<workgroup> a_tile: array<Quad, 256>;
var<workgroup> b_tile: array<Quad, 256>;

// Four words of each of four lines.
struct Words {
    x: Quad,
    y: Quad,
    z: Quad,
    w: Quad,
}

// Where a word of four lines is in a tile: in different banks for neighbouring invocations, when they store and when they load.
fn place(word: u32, four: u32) -> u32 {
    return word * 16u + (four ^ (word / 4u * 2u));
}

fn store(at: u32, column: u32, sums: Sums) {
    if column < params.columns {
        out[at + column] = sums.x;
    }
    if column + 1u < params.columns {
        out[at + column + 1u] = sums.y;
    }
    if column + 2u < params.columns {
        out[at + column + 2u] = sums.z;
    }
    if column + 3u < params.columns {
        out[at + column + 3u] = sums.w;
    }
}

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
    let depth = params.depth / 4u;

    // 64 invocations load four words of four lines each from a, and 64 from b. Lines beyond the last repeat it; what comes of them
    // is not stored.
    let loads = local < 128u;
    let of_a = local < 64u;
    let lines = local % 64u / 4u;
    let quad = local % 4u;
    let line = select(column0, row0, of_a) + 4u * lines;
    let count = select(params.columns, params.rows, of_a);
    let x = local % 16u;
    let y = local / 16u;
    var sums0 = Sums();
    var sums1 = Sums();
    var sums2 = Sums();
    var sums3 = Sums();
    for (var depth0 = 0u; depth0 < depth; depth0 += 4u) {
        var words = Words();
        let now = depth0 + quad;
        if loads && now < depth {
            if of_a {
                words = load_a(matrix, count, line, now);
            } else {
                words = load_b(matrix, count, line, now);
            }
        }
        if loads {
            if of_a {
                a_tile[place(4u * quad + 0u, lines)] = words.x;
                a_tile[place(4u * quad + 1u, lines)] = words.y;
                a_tile[place(4u * quad + 2u, lines)] = words.z;
                a_tile[place(4u * quad + 3u, lines)] = words.w;
            } else {
                b_tile[place(4u * quad + 0u, lines)] = words.x;
                b_tile[place(4u * quad + 1u, lines)] = words.y;
                b_tile[place(4u * quad + 2u, lines)] = words.z;
                b_tile[place(4u * quad + 3u, lines)] = words.w;
            }
        }
        workgroupBarrier();
        for (var word = 0u; word < 16u; word++) {
            let a_words = a_tile[place(word, y)];
            let b_words = b_tile[place(word, x)];
            sums0 += four(a_words.x, b_words);
            sums1 += four(a_words.y, b_words);
            sums2 += four(a_words.z, b_words);
            sums3 += four(a_words.w, b_words);
        }
        workgroupBarrier();
    }
    let row = row0 + 4u * y;
    let column = column0 + 4u * x;
    let at = (matrix * params.rows + row) * params.columns;
    if row + 0u < params.rows {
        store(at + 0u * params.columns, column, sums0);
    }
    if row + 1u < params.rows {
        store(at + 1u * params.columns, column, sums1);
    }
    if row + 2u < params.rows {
        store(at + 2u * params.columns, column, sums2);
    }
    if row + 3u < params.rows {
        store(at + 3u * params.columns, column, sums3);
    }
}
