// SPDX-License-Identifier: Apache-2.0
//! Each operator on edge values.

use super::{apply, apply_with, tensor, ty};
use crate::{
    ops::{self, exp_q16, shift_round, shift_stochastic},
    Context, DType, OpKind, Shape, Tensor, TypeError,
};
use DType::{I16, I32, I8};

const MIN: i32 = i32::MIN;
const MAX: i32 = i32::MAX;

fn infer(kind: OpKind, args: &[(DType, &[u32])]) -> Result<crate::TensorType, TypeError> {
    let types: Vec<_> = args.iter().map(|(dtype, dims)| ty(*dtype, dims)).collect();
    ops::infer(&kind, &types)
}

fn pairs(kind: OpKind, a: &[i32], b: &[i32]) -> Vec<i32> {
    let len = a.len() as u32;
    apply(&kind, &[tensor(I32, &[len], a), tensor(I32, &[len], b)]).values()
}

#[test]
fn matmul_nt_should_multiply_rows_by_rows() {
    let a = tensor(I8, &[2, 3], &[1, 2, 3, -4, 5, -127]);
    let b = tensor(I8, &[2, 3], &[7, 8, 9, 127, -127, 127]);
    let out = apply(&OpKind::MatmulNt, &[a, b]);
    assert_eq!(out.ty, ty(I32, &[2, 2]));
    assert_eq!(out.values(), [50, 127 - 254 + 381, -28 + 40 - 1143, -508 - 635 - 16129]);
}

#[test]
fn matmul_nt_should_read_minus_127_when_minus_128_is_stored() {
    let row = Tensor { ty: ty(I8, &[1, 2]), bytes: vec![0x80, 0x80].into() };
    assert_eq!(apply(&OpKind::MatmulNt, &[row.clone(), row]).values(), [2 * 127 * 127]);
}

#[test]
fn matmul_nt_should_be_refused_when_types_do_not_fit() {
    assert_eq!(infer(OpKind::MatmulNt, &[(I8, &[2, 3]), (I16, &[2, 3])]), Err(TypeError::DType(1)));
    assert_eq!(infer(OpKind::MatmulNt, &[(I8, &[2, 3]), (I8, &[3, 2])]), Err(TypeError::Shape(1)));
    assert_eq!(infer(OpKind::MatmulNt, &[(I8, &[2, 3]), (I8, &[3])]), Err(TypeError::Rank(1)));
    assert_eq!(infer(OpKind::MatmulNt, &[(I8, &[2, 3])]), Err(TypeError::Arity));
}

#[test]
fn matmul_nt_should_multiply_matrix_by_matrix_when_there_are_many() {
    let a = tensor(I8, &[2, 1, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8]);
    let b = tensor(I8, &[2, 1, 1, 2], &[1, 10, 100, -1]);
    let out = apply(&OpKind::MatmulNt, &[a, b]);
    assert_eq!(out.ty, ty(I32, &[2, 1, 2, 1]));
    assert_eq!(out.values(), [21, 43, 494, 692]);
}

#[test]
fn matmul_nt_should_be_refused_when_the_matrices_are_not_as_many() {
    assert_eq!(infer(OpKind::MatmulNt, &[(I8, &[2, 3, 4]), (I8, &[3, 3, 4])]), Err(TypeError::Shape(1)));
    assert_eq!(infer(OpKind::MatmulNt, &[(I8, &[2, 3, 4]), (I8, &[3, 4])]), Err(TypeError::Rank(1)));
    assert_eq!(infer(OpKind::MatmulNt, &[(I8, &[4]), (I8, &[4])]), Err(TypeError::Rank(0)));
}

#[test]
fn permute_should_put_the_named_axes_in_place() {
    let x = tensor(I16, &[2, 3, 2], &[0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, -32768]);
    let out = apply(&OpKind::Permute { axes: [1, 2, 0, 3] }, std::slice::from_ref(&x));
    assert_eq!(out.ty, ty(I16, &[3, 2, 2]));
    assert_eq!(out.values(), [0, 100, 1, 101, 10, 110, 11, 111, 20, 120, 21, -32768]);
    let same = apply(&OpKind::Permute { axes: [0, 1, 2, 3] }, std::slice::from_ref(&x));
    assert_eq!(same, x);
    let matrix = tensor(I8, &[2, 3], &[1, 2, 3, 4, 5, 6]);
    let transposed = apply(&OpKind::Transpose, std::slice::from_ref(&matrix));
    assert_eq!(apply(&OpKind::Permute { axes: [1, 0, 2, 3] }, &[matrix]), transposed);
}

#[test]
fn permute_should_be_refused_when_the_axes_are_no_order_of_the_arguments() {
    for axes in [[0, 0, 2, 3], [0, 2, 1, 3], [1, 0, 3, 2], [0, 1, 2, 4], [255, 1, 2, 3]] {
        let error = infer(OpKind::Permute { axes }, &[(I8, &[2, 3])]);
        assert_eq!(error, Err(TypeError::Attribute), "{axes:?}");
    }
}

#[test]
fn one_hot_should_mark_the_named_column_and_nothing_when_there_is_none() {
    let out = apply(&OpKind::OneHot { columns: 3 }, &[tensor(I32, &[5], &[2, 0, -1, 3, MIN])]);
    assert_eq!(out.ty, ty(I8, &[5, 3]));
    assert_eq!(out.values(), [0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(infer(OpKind::OneHot { columns: 3 }, &[(I8, &[2, 2])]), Err(TypeError::Rank(0)));
}

#[test]
fn sqrt_should_round_down_and_be_zero_when_negative() {
    let x = tensor(I32, &[9], &[MIN, -1, 0, 1, 3, 4, 46340 * 46340 - 1, 46340 * 46340, MAX]);
    assert_eq!(apply(&OpKind::Sqrt, &[x]).values(), [0, 0, 0, 1, 1, 2, 46339, 46340, 46340]);
}

#[test]
fn transpose_should_swap_rows_and_columns() {
    let out = apply(&OpKind::Transpose, &[tensor(I16, &[2, 3], &[1, 2, 3, 4, 5, -32768])]);
    assert_eq!(out.ty, ty(I16, &[3, 2]));
    assert_eq!(out.values(), [1, 4, 2, 5, 3, -32768]);
    assert_eq!(infer(OpKind::Transpose, &[(I8, &[2])]), Err(TypeError::Rank(0)));
}

#[test]
fn gather_should_clamp_when_an_index_is_outside() {
    let table = tensor(I8, &[3, 2], &[1, 2, 3, 4, 5, 6]);
    let out = apply(&OpKind::Gather, &[table, tensor(I32, &[5], &[2, 0, MIN, MAX, 3])]);
    assert_eq!(out.ty, ty(I8, &[5, 2]));
    assert_eq!(out.values(), [5, 6, 1, 2, 1, 2, 5, 6, 5, 6]);
    assert_eq!(infer(OpKind::Gather, &[(I8, &[2, 2]), (I8, &[1, 2])]), Err(TypeError::Rank(1)));
}

#[test]
fn add_should_wrap_when_a_sum_overflows() {
    assert_eq!(pairs(OpKind::Add, &[1, MAX, MIN], &[2, 1, -1]), [3, MIN, MAX]);
}

#[test]
fn sub_should_wrap_when_a_difference_overflows() {
    assert_eq!(pairs(OpKind::Sub, &[1, MIN, 0], &[2, 1, MIN]), [-1, MAX, MIN]);
}

#[test]
fn mul_should_wrap_when_a_product_overflows() {
    assert_eq!(pairs(OpKind::Mul, &[-3, 65536, MIN], &[5, 65537, -1]), [-15, 65536, MIN]);
}

#[test]
fn div_should_be_defined_when_the_divisor_is_zero_or_the_quotient_overflows() {
    assert_eq!(pairs(OpKind::Div, &[7, -7, 7, 5, MIN, MIN, 0], &[2, 2, -2, 0, -1, 0, 0]), [3, -3, -3, 0, MIN, 0, 0]);
}

#[test]
fn min_and_max_should_compare_signed() {
    assert_eq!(pairs(OpKind::Min, &[1, MIN, -1], &[2, MAX, 0]), [1, MIN, -1]);
    assert_eq!(pairs(OpKind::Max, &[1, MIN, -1], &[2, MAX, 0]), [2, MAX, 0]);
}

#[test]
fn elementwise_should_repeat_the_second_argument_when_shapes_differ() {
    let a = tensor(I8, &[2, 3], &[1, 2, 3, 4, 5, 6]);
    let add = |b: Tensor| apply(&OpKind::Add, &[a.clone(), b]).values();
    assert_eq!(add(tensor(I16, &[1], &[100])), [101, 102, 103, 104, 105, 106]);
    assert_eq!(add(tensor(I32, &[1, 1, 1], &[100])), [101, 102, 103, 104, 105, 106]);
    assert_eq!(add(tensor(I32, &[3], &[10, 20, 30])), [11, 22, 33, 14, 25, 36]);
    assert_eq!(add(tensor(I32, &[2, 1], &[10, 20])), [11, 12, 13, 24, 25, 26]);
    let cube = tensor(I32, &[2, 2, 2], &[0; 8]);
    let rows = apply(&OpKind::Add, &[cube, tensor(I32, &[2, 2, 1], &[1, 2, 3, 4])]);
    assert_eq!(rows.values(), [1, 1, 2, 2, 3, 3, 4, 4]);
}

#[test]
fn elementwise_should_be_refused_when_the_second_argument_does_not_fit() {
    for b in [&[2][..], &[3, 2], &[1, 3], &[2, 3, 1], &[1, 2, 3]] {
        assert_eq!(infer(OpKind::Add, &[(I32, &[2, 3]), (I32, b)]), Err(TypeError::Shape(1)), "{b:?}");
    }
    assert_eq!(infer(OpKind::Add, &[(I32, &[1]), (I32, &[3])]), Err(TypeError::Shape(1)));
    assert_eq!(infer(OpKind::Add, &[(I32, &[1])]), Err(TypeError::Arity));
}

#[test]
fn shift_round_should_round_halves_up_and_clamp_the_shift() {
    assert_eq!(
        pairs(OpKind::ShiftRound, &[5, 6, 7, -5, -6, -7, -1, 1], &[2, 2, 2, 2, 2, 2, 1, 1]),
        [1, 2, 2, -1, -1, -2, 0, 1]
    );
    assert_eq!(
        pairs(OpKind::ShiftRound, &[MAX, MIN, MAX, MIN, MAX, 1 << 30], &[1, 1, 31, 31, MAX, 31]),
        [1 << 30, -(1 << 30), 1, -1, 1, 1]
    );
    assert_eq!(pairs(OpKind::ShiftRound, &[3, 3, 3, -3, MAX], &[0, -1, -31, MIN, -1]), [3, 6, MIN, MIN, -2]);
}

#[test]
fn shift_round_should_equal_wide_arithmetic_when_shifting_right() {
    for x in [MIN, MIN + 1, -3, -2, -1, 0, 1, 2, 3, 12345, MAX - 1, MAX] {
        for s in 1..=31 {
            let wide = (i64::from(x) + (1i64 << (s - 1))) >> s;
            assert_eq!(i64::from(shift_round(x, s)), wide, "{x} {s}");
        }
    }
}

#[test]
fn shift_stochastic_should_round_up_exactly_as_often_as_the_fraction_says() {
    for x in [-9, -8, -1, 0, 1, 5, 7, 8, 100] {
        let ups = (0..8).filter(|random| shift_stochastic(x, 3, *random) == (x >> 3) + 1).count();
        assert_eq!(ups as i32, x & 7, "{x}");
    }
    assert_eq!(shift_stochastic(MAX, 31, 0), 1);
    assert_eq!(shift_stochastic(MIN, 31, 0), -1);
    assert_eq!(shift_stochastic(MAX, -31, 0), MIN);
    assert_eq!(shift_stochastic(12345, 0, 7), 12345);
}

#[test]
fn shift_stochastic_should_use_the_word_of_each_element() {
    let context = Context { index: 0, seed: [3; 32], step: 5 };
    let x = tensor(I32, &[40], &[1000; 40]);
    let s = tensor(I32, &[1], &[7]);
    let key = context.key(0);
    let expected: Vec<i32> = (0..40).map(|index| shift_stochastic(1000, 7, ops::random_word(&key, index))).collect();
    assert_eq!(apply_with(&OpKind::ShiftStochastic, &[x, s], &context).values(), expected);
    assert!(expected.contains(&7) && expected.contains(&8));
}

#[test]
fn clamp_should_limit_to_both_ends() {
    let x = tensor(I32, &[4], &[MIN, -5, 3, MAX]);
    assert_eq!(apply(&OpKind::Clamp { lo: -4, hi: 2 }, &[x]).values(), [-4, -4, 2, 2]);
    assert_eq!(infer(OpKind::Clamp { lo: 1, hi: 0 }, &[(I8, &[1])]), Err(TypeError::Attribute));
}

#[test]
fn cast_should_saturate_when_a_value_is_too_wide() {
    let x = tensor(I32, &[8], &[MIN, -32769, -128, -127, 127, 128, 32768, MAX]);
    let cast = |dtype| apply(&OpKind::Cast { dtype }, std::slice::from_ref(&x));
    assert_eq!(cast(I8).values(), [-127, -127, -127, -127, 127, 127, 127, 127]);
    assert_eq!(cast(I16).values(), [-32768, -32768, -128, -127, 127, 128, 32767, 32767]);
    assert_eq!(cast(I32).values(), x.values());
    assert_eq!(cast(I8).ty, ty(I8, &[8]));
}

#[test]
fn table_should_look_up_each_byte() {
    let values: Vec<i32> = (0..256).map(|index| index * 100).collect();
    let table = tensor(I16, &[256], &values);
    let x = Tensor { ty: ty(I8, &[4]), bytes: vec![0x80, 0x81, 0, 127].into() };
    let out = apply(&OpKind::Table, &[x, table]);
    assert_eq!(out.ty, ty(I16, &[4]));
    assert_eq!(out.values(), [100, 100, 12800, 25500]);
    assert_eq!(infer(OpKind::Table, &[(I16, &[1]), (I8, &[256])]), Err(TypeError::DType(0)));
    assert_eq!(infer(OpKind::Table, &[(I8, &[1]), (I8, &[255])]), Err(TypeError::Shape(1)));
}

#[test]
fn bit_length_should_count_bits_of_the_absolute_value() {
    let x = tensor(I32, &[8], &[0, 1, -1, 127, -128, 128, MAX, MIN]);
    assert_eq!(apply(&OpKind::BitLength, &[x]).values(), [0, 1, 1, 7, 8, 8, 31, 32]);
}

#[test]
fn row_reductions_should_reduce_each_row() {
    let x = tensor(I32, &[2, 3], &[MAX, 1, MAX, -5, MIN, -5]);
    let reduce = |kind: OpKind| apply(&kind, std::slice::from_ref(&x));
    assert_eq!(reduce(OpKind::RowSum).ty, ty(I32, &[2]));
    assert_eq!(reduce(OpKind::RowSum).values(), [-1, MIN.wrapping_sub(10)]);
    assert_eq!(reduce(OpKind::RowMax).values(), [MAX, -5]);
    assert_eq!(reduce(OpKind::RowMaxAbs).values(), [MAX, MAX]);
    assert_eq!(reduce(OpKind::RowArgmax).values(), [0, 0]);
    assert_eq!(infer(OpKind::RowSum, &[(I8, &[2])]), Err(TypeError::Rank(0)));
}

#[test]
fn row_argmax_should_take_the_lowest_index_when_values_tie() {
    let x = tensor(I8, &[3, 3], &[1, 2, 2, -3, -3, -3, 0, 0, 9]);
    assert_eq!(apply(&OpKind::RowArgmax, &[x]).values(), [1, 0, 2]);
    assert_eq!(apply(&OpKind::RowMax, &[tensor(I32, &[1, 2], &[MIN, MIN])]).values(), [MIN]);
}

#[test]
fn col_sum_should_sum_each_column() {
    let x = tensor(I32, &[3, 2], &[1, 10, 2, 20, MAX, 30]);
    let out = apply(&OpKind::ColSum, &[x]);
    assert_eq!(out.ty, ty(I32, &[2]));
    assert_eq!(out.values(), [MIN + 2, 60]);
}

#[test]
fn softmax_should_be_close_to_the_real_one() {
    let logits = [1.5f64, -0.25, 3.0, 0.0, -20.0, 2.9];
    for frac_bits in [8u8, 12, 16, 20, 24] {
        let scale = f64::from(1u32 << frac_bits);
        let values: Vec<i32> = logits.iter().map(|x| (x * scale).round() as i32).collect();
        let out = apply(&OpKind::Softmax { frac_bits }, &[tensor(I32, &[1, 6], &values)]).values();
        let sum: f64 = logits.iter().map(|x| x.exp()).sum();
        for (x, y) in logits.iter().zip(&out) {
            let real = x.exp() / sum;
            assert!((real - f64::from(*y) / 32768.0).abs() < 0.004, "{frac_bits} {x}: {real} {y}");
        }
    }
}

#[test]
fn softmax_should_be_defined_when_values_are_at_the_edges() {
    let softmax = |values: &[i32], frac_bits| {
        apply(&OpKind::Softmax { frac_bits }, &[tensor(I32, &[1, values.len() as u32], values)]).values()
    };
    assert_eq!(softmax(&[MIN, MAX], 0), [0, 32768]);
    assert_eq!(softmax(&[MIN, MIN], 24), [16384, 16384]);
    assert_eq!(softmax(&[MIN], 5), [32768]);
    assert_eq!(softmax(&[0; 3], 8), [10923, 10923, 10923]);
    let wide = softmax(&[MAX; 32768], 24);
    assert!(wide.iter().all(|value| *value == 1));
    assert_eq!(infer(OpKind::Softmax { frac_bits: 25 }, &[(I32, &[1, 2])]), Err(TypeError::Attribute));
    assert_eq!(infer(OpKind::Softmax { frac_bits: 8 }, &[(I32, &[1, 32769])]), Err(TypeError::Attribute));
    assert_eq!(infer(OpKind::Softmax { frac_bits: 8 }, &[(I16, &[1, 2])]), Err(TypeError::DType(0)));
}

#[test]
fn exp_should_fall_and_never_overflow() {
    for frac_bits in 0..=24u8 {
        let end = 16u32 << frac_bits;
        let mut before = u32::MAX;
        for step in 0..=4096u64 {
            let distance = (u64::from(end) * step / 4096) as u32;
            let value = exp_q16(distance, frac_bits);
            assert!(value <= before.saturating_add(40), "{frac_bits} {distance}");
            assert!(u64::from(value) << 15 < 1 << 32);
            before = value;
        }
        assert_eq!(exp_q16(end, frac_bits), 0);
        assert_eq!(exp_q16(u32::MAX, frac_bits), 0);
    }
    // The largest sum of a row and its rounding stay below 2^32.
    let one = u64::from(exp_q16(0, 8));
    assert!(one * u64::from(ops::MAX_SOFTMAX_COLUMNS) < 1 << 32);
    assert!((one << 15) + (one * u64::from(ops::MAX_SOFTMAX_COLUMNS)) / 2 < 1 << 32);
}

#[test]
fn reshape_should_keep_the_order_of_elements() {
    let shape = Shape::new(&[3, 1, 2]).unwrap();
    let out = apply(&OpKind::Reshape { shape }, &[tensor(I16, &[2, 3], &[1, 2, 3, 4, 5, 6])]);
    assert_eq!(out.ty, ty(I16, &[3, 1, 2]));
    assert_eq!(out.values(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(infer(OpKind::Reshape { shape }, &[(I16, &[7])]), Err(TypeError::ElementCount));
}

#[test]
fn slice_should_cut_along_its_axis() {
    let x = tensor(I8, &[2, 3, 2], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    let slice = |axis, start, len| apply(&OpKind::Slice { axis, start, len }, std::slice::from_ref(&x));
    assert_eq!(slice(0, 1, 1).values(), [6, 7, 8, 9, 10, 11]);
    assert_eq!(slice(1, 1, 2).values(), [2, 3, 4, 5, 8, 9, 10, 11]);
    assert_eq!(slice(1, 1, 2).ty, ty(I8, &[2, 2, 2]));
    assert_eq!(slice(2, 1, 1).values(), [1, 3, 5, 7, 9, 11]);
}

#[test]
fn slice_should_be_refused_when_it_reaches_outside() {
    let slice = |axis, start, len| infer(OpKind::Slice { axis, start, len }, &[(I8, &[2, 3])]);
    assert_eq!(slice(2, 0, 1), Err(TypeError::Axis));
    assert_eq!(slice(1, 0, 0), Err(TypeError::Attribute));
    assert_eq!(slice(1, 2, 2), Err(TypeError::Attribute));
    assert_eq!(slice(1, u32::MAX, 2), Err(TypeError::Attribute));
}

#[test]
fn concat_should_join_along_its_axis() {
    let a = tensor(I8, &[2, 2], &[1, 2, 3, 4]);
    let b = tensor(I8, &[2, 1], &[5, 6]);
    let out = apply(&OpKind::Concat { axis: 1 }, &[a.clone(), b, a.clone()]);
    assert_eq!(out.ty, ty(I8, &[2, 5]));
    assert_eq!(out.values(), [1, 2, 5, 1, 2, 3, 4, 6, 3, 4]);
    assert_eq!(apply(&OpKind::Concat { axis: 0 }, &[a.clone(), a]).values(), [1, 2, 3, 4, 1, 2, 3, 4]);
}

#[test]
fn concat_should_be_refused_when_parts_do_not_fit() {
    let concat = |axis, args: &[(DType, &[u32])]| infer(OpKind::Concat { axis }, args);
    assert_eq!(concat(0, &[(I8, &[2])]), Err(TypeError::Arity));
    assert_eq!(concat(0, &[(I8, &[2][..]); 9]), Err(TypeError::Arity));
    assert_eq!(concat(1, &[(I8, &[2]), (I8, &[2])]), Err(TypeError::Axis));
    assert_eq!(concat(0, &[(I8, &[2]), (I16, &[2])]), Err(TypeError::DType(1)));
    assert_eq!(concat(0, &[(I8, &[2, 2]), (I8, &[2, 3])]), Err(TypeError::Shape(1)));
    assert_eq!(concat(0, &[(I8, &[2, 2]), (I8, &[2])]), Err(TypeError::Shape(1)));
}

#[test]
fn random_should_depend_on_seed_step_and_operator() {
    let kind = OpKind::Random { shape: Shape::vector(20) };
    let context = Context { index: 1, seed: [7; 32], step: 2 };
    let out = apply_with(&kind, &[], &context);
    assert_eq!(out.ty, ty(I32, &[20]));
    assert_eq!(out, apply_with(&kind, &[], &Context { index: 9, ..context }));
    assert_ne!(out, apply_with(&kind, &[], &Context { step: 3, ..context }));
    assert_ne!(out, apply_with(&kind, &[], &Context { seed: [8; 32], ..context }));
    assert_ne!(context.key(0), context.key(1));
    assert_eq!(infer(kind, &[(I8, &[1])]), Err(TypeError::Arity));
}
