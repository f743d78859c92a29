// SPDX-License-Identifier: Apache-2.0
// params.depth invocations compute a row: its largest, the exponentials and their sum, the quotients. All on u32.
@group(0) @binding(1) var<storage, read_write> out: array<i32>;
var<workgroup> partial: array<i32, 256>;
var<workgroup> sums: array<u32, 256>;

// exp(-distance) with 16 fractional bits.
fn exp_q16(distance: u32) -> u32 {
    if distance >= (16u << (params.frac_bits & 31u)) {
        return 0u;
    }
    var d = distance;
    if params.frac_bits > 16u {
        d = distance >> ((params.frac_bits - 16u) & 31u);
    } else {
        d = distance << ((16u - params.frac_bits) & 31u);
    }
    let z = d / 45426u;
    let t = (88670u - (d - z * 45426u)) >> 1u;
    let e = ((((t * t) >> 14u) * 11747u) >> 15u) + 22544u;
    return e >> (z & 31u);
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    // Who has no row repeats the last one and does not write.
    let index = (group.y * groups.x + group.x) * (256u / params.depth) + local / params.depth;
    let lane = local % params.depth;
    let row = min(index, params.rows - 1u) * params.columns;
    var largest = load_a(row);
    for (var i = lane; i < params.columns; i += params.depth) {
        largest = max(largest, load_a(row + i));
    }
    partial[local] = largest;
    for (var half = params.depth / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half {
            partial[local] = max(partial[local], partial[local + half]);
        }
    }
    workgroupBarrier();
    largest = partial[local - lane];
    var sum = 0u;
    for (var i = lane; i < params.columns; i += params.depth) {
        sum += exp_q16(bitcast<u32>(largest - load_a(row + i)));
    }
    sums[local] = sum;
    for (var half = params.depth / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half {
            sums[local] += sums[local + half];
        }
    }
    workgroupBarrier();
    sum = sums[local - lane];
    if index < params.rows {
        for (var i = lane; i < params.columns; i += params.depth) {
            let e = exp_q16(bitcast<u32>(largest - load_a(row + i)));
            var quotient = 0u;
            if sum != 0u {
                quotient = ((e << 15u) + (sum >> 1u)) / sum;
            }
            out[row + i] = bitcast<i32>(quotient);
        }
    }
}
