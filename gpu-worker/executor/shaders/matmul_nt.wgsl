// SPDX-License-Identifier: Apache-2.0
// a [matrices, rows, depth] times the transposes of b [matrices, columns, depth], in words; depth is a multiple of four. One
// workgroup computes a tile of 64 x 64, one invocation 4 x 4 of it. Its sums have names: an array of them that loops run over stays
// in memory where a compiler does not unroll the loops, and that was forty times slower on a GPU.
@group(0) @binding(1) var<storage, read_write> out: array<Sum>;
@group(0) @binding(2) var<storage, read> a: array<Quad>;
@group(0) @binding(3) var<storage, read> b: array<Quad>;
// 16 words of 64 rows, and of 64 columns: a word of four neighbouring lines lies together.
var<workgroup> a_tile: array<Quad, 256>;
var<workgroup> b_tile: array<Quad, 256>;

fn load(of_a: bool, at: u32) -> Quad {
    if of_a {
        return a[at];
    }
    return b[at];
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
    let at0 = (matrix * count + min(line, count - 1u)) * depth;
    let at1 = (matrix * count + min(line + 1u, count - 1u)) * depth;
    let at2 = (matrix * count + min(line + 2u, count - 1u)) * depth;
    let at3 = (matrix * count + min(line + 3u, count - 1u)) * depth;
    let x = local % 16u;
    let y = local / 16u;
    var sums0 = Sums();
    var sums1 = Sums();
    var sums2 = Sums();
    var sums3 = Sums();
    for (var depth0 = 0u; depth0 < depth; depth0 += 4u) {
        var quad0 = Quad();
        var quad1 = Quad();
        var quad2 = Quad();
        var quad3 = Quad();
        let now = depth0 + quad;
        if loads && now < depth {
            quad0 = load(of_a, at0 + now);
            quad1 = load(of_a, at1 + now);
            quad2 = load(of_a, at2 + now);
            quad3 = load(of_a, at3 + now);
        }
        if loads {
            let word0 = Quad(quad0.x, quad1.x, quad2.x, quad3.x);
            let word1 = Quad(quad0.y, quad1.y, quad2.y, quad3.y);
            let word2 = Quad(quad0.z, quad1.z, quad2.z, quad3.z);
            let word3 = Quad(quad0.w, quad1.w, quad2.w, quad3.w);
            if of_a {
                a_tile[place(4u * quad + 0u, lines)] = word0;
                a_tile[place(4u * quad + 1u, lines)] = word1;
                a_tile[place(4u * quad + 2u, lines)] = word2;
                a_tile[place(4u * quad + 3u, lines)] = word3;
            } else {
                b_tile[place(4u * quad + 0u, lines)] = word0;
                b_tile[place(4u * quad + 1u, lines)] = word1;
                b_tile[place(4u * quad + 2u, lines)] = word2;
                b_tile[place(4u * quad + 3u, lines)] = word3;
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
