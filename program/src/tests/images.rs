// SPDX-License-Identifier: Apache-2.0
//! Windows over images, and what is put together from them.

use super::{apply, tensor, ty};
use crate::{
    builder::BuildError, ops, reference, Context, DType, OpKind, OperatorError, ProgramBuilder, Tensor, TypeError, Var,
    Window2d, MAX_CONVICTION_BYTES,
};
use proptest::prelude::*;
use DType::{I16, I32, I8};

fn unfold(Window2d { kernel, stride, padding }: Window2d, fill: i32) -> OpKind {
    OpKind::Unfold2d { kernel, stride, padding, fill }
}

fn fold(Window2d { kernel, stride, padding }: Window2d, image: [u32; 2]) -> OpKind {
    OpKind::Fold2d { kernel, stride, padding, image }
}

#[test]
fn unfold2d_should_show_each_window_row_by_row() {
    // Two channels: the second is ten times the first.
    let x = tensor(I16, &[1, 2, 3, 2], &[1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60]);
    let out = apply(&unfold(Window2d { kernel: [2, 2], stride: [1, 1], padding: [0, 0] }, 0), &[x]);
    assert_eq!(out.ty, ty(I16, &[1, 1, 2, 8]));
    assert_eq!(out.values(), [1, 10, 2, 20, 4, 40, 5, 50, 2, 20, 3, 30, 5, 50, 6, 60]);
}

#[test]
fn unfold2d_should_fill_the_padding_with_what_the_type_holds() {
    let x = tensor(I8, &[1, 2, 2, 1], &[1, 2, 3, 4]);
    let out = apply(&unfold(Window2d::square(2, 2, 1), i32::MIN), std::slice::from_ref(&x));
    assert_eq!(out.ty, ty(I8, &[1, 2, 2, 4]));
    assert_eq!(out.values(), [-127, -127, -127, 1, -127, -127, 2, -127, -127, 3, -127, -127, 4, -127, -127, -127]);
}

#[test]
fn fold2d_should_sum_what_stands_in_the_windows_and_wrap() {
    let window = Window2d { kernel: [1, 2], stride: [1, 1], padding: [0, 0] };
    let x = tensor(I32, &[1, 1, 2, 2], &[1, i32::MAX, 2, 3]);
    let out = apply(&fold(window, [1, 3]), &[x]);
    assert_eq!(out.ty, ty(I32, &[1, 1, 3, 1]));
    assert_eq!(out.values(), [1, i32::MIN + 1, 3]);
}

#[test]
fn fold2d_should_be_zero_when_no_window_holds_a_pixel() {
    let window = Window2d { kernel: [1, 1], stride: [2, 2], padding: [0, 0] };
    let out = apply(&fold(window, [2, 4]), &[tensor(I8, &[1, 1, 2, 1], &[5, 6])]);
    assert_eq!(out.values(), [5, 0, 6, 0, 0, 0, 0, 0]);
}

#[test]
fn windows_should_be_refused_when_their_sizes_are_absurd() {
    let refused = |window: Window2d| {
        let unfolded = ops::infer(&unfold(window, 0), &[ty(I8, &[1, 4, 6, 2])]).unwrap_err();
        let folded = ops::infer(&fold(window, [4, 6]), &[ty(I8, &[1, 4, 6, 2])]).unwrap_err();
        assert_eq!(unfolded, folded);
        unfolded
    };
    let window = Window2d::square(3, 1, 1);
    assert_eq!(refused(Window2d { stride: [1, 0], ..window }), TypeError::Stride);
    assert_eq!(refused(Window2d { padding: [3, 0], ..window }), TypeError::Padding);
    assert_eq!(refused(Window2d { padding: [0, 255], ..window }), TypeError::Padding);
    assert_eq!(refused(Window2d { kernel: [3, 0], padding: [0, 0], ..window }), TypeError::Window);
    assert_eq!(refused(Window2d { kernel: [7, 3], ..window }), TypeError::Window);
}

#[test]
fn windows_should_be_refused_when_their_argument_does_not_fit() {
    let window = Window2d::square(3, 1, 1);
    let infer = |kind: OpKind, dims: &[u32]| ops::infer(&kind, &[ty(I8, dims)]);
    assert_eq!(infer(unfold(window, 0), &[4, 4, 2]), Err(TypeError::Rank(0)));
    assert_eq!(infer(unfold(window, 0), &[1, 4, 4, u32::MAX / 8]), Err(TypeError::Window));
    assert_eq!(infer(fold(window, [4, 4]), &[1, 4, 4, 17]), Err(TypeError::Shape(0)));
    assert_eq!(infer(fold(window, [4, 5]), &[1, 4, 4, 18]), Err(TypeError::Shape(0)));
    assert_eq!(infer(fold(window, [u32::MAX, 4]), &[1, 4, 4, 18]), Err(TypeError::Window));
    assert_eq!(ops::infer(&unfold(window, 0), &[]), Err(TypeError::Arity));
}

#[test]
fn fold2d_should_be_refused_when_a_pixel_needs_too_many_proofs() {
    let mut b = ProgramBuilder::new();
    let x = b.input(I32, &[1, 8, 8, 25 * 64]);
    let y = b.fold2d(x, Window2d::square(5, 1, 2), [8, 8]);
    match b.build(y) {
        Err(BuildError::Operator { error: OperatorError::TooWide(bytes), .. }) => assert!(bytes > MAX_CONVICTION_BYTES),
        other => panic!("{other:?}"),
    }
}

/// One operator of the builder on its inputs.
fn built(inputs: &[Tensor], build: impl FnOnce(&mut ProgramBuilder, &[Var]) -> Var) -> Tensor {
    let mut b = ProgramBuilder::new();
    let vars: Vec<Var> = inputs.iter().map(|x| b.input(x.ty.dtype, x.ty.shape.dims())).collect();
    let output = build(&mut b, &vars);
    reference::run(&b.build(output).unwrap(), &Context::default(), inputs)
}

/// Images `[images, height, width, channels]` with a value for each pixel.
#[derive(Clone, Debug)]
struct Case {
    window: Window2d,
    image: [u32; 2],
    groups: u32,
    channels: u32,
    outputs: u32,
    images: u32,
    values: Vec<i32>,
}

impl Case {
    fn value(&self, index: u32) -> i32 {
        self.values[index as usize % self.values.len()]
    }

    fn x(&self) -> Tensor {
        let [height, width] = self.image;
        let dims = [self.images, height, width, self.channels];
        let values: Vec<i32> = (0..dims.iter().product()).map(|index| self.value(index)).collect();
        tensor(I8, &dims, &values)
    }

    /// The pixels of the window at a place: its index in the window, and the image's value, if it has one.
    fn pixels(&self, x: &Tensor, image: u32, place: [u32; 2], channel: u32) -> Vec<Option<i32>> {
        let [rows, columns] = self.window.kernel.map(u32::from);
        let mut pixels = Vec::new();
        for at in 0..rows * columns {
            let position = [0, 1].map(|axis: usize| {
                let within = [at / columns, at % columns][axis];
                let at = place[axis] * u32::from(self.window.stride[axis]) + within;
                at.checked_sub(u32::from(self.window.padding[axis])).filter(|at| *at < self.image[axis])
            });
            pixels.push(match position {
                [Some(row), Some(column)] => {
                    let pixel = (image * self.image[0] + row) * self.image[1] + column;
                    Some(x.get(u64::from(pixel * self.channels + channel)))
                }
                _ => None,
            });
        }
        pixels
    }

    /// A number for each place and channel of the output.
    fn each<T>(&self, channels: u32, f: impl Fn(u32, [u32; 2], u32) -> T) -> Vec<T> {
        let [down, across] = self.window.places(self.image).unwrap();
        let mut out = Vec::new();
        for place in 0..self.images * down * across {
            let at = [place / across % down, place % across];
            out.extend((0..channels).map(|channel| f(place / across / down, at, channel)));
        }
        out
    }
}

fn case() -> impl Strategy<Value = Case> {
    let axis = || (1u8..5, 1u8..4, 0u8..4, 0u32..5);
    let sizes = (1u32..4, 1u32..4, 1u32..3, 1u32..3);
    (axis(), axis(), sizes, proptest::collection::vec(-127i32..=127, 1..99)).prop_map(|(y, x, sizes, values)| {
        let (groups, inputs, outputs, images) = sizes;
        let window = Window2d { kernel: [y.0, x.0], stride: [y.1, x.1], padding: [y.2 % y.0, x.2 % x.0] };
        let image = [u32::from(y.0) + y.3, u32::from(x.0) + x.3];
        Case { window, image, groups, channels: groups * inputs, outputs: groups * outputs, images, values }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn conv2d_should_be_the_sum_of_products_of_its_group(case in case()) {
        let (x, area) = (case.x(), case.window.area());
        let (in_group, out_group) = (case.channels / case.groups, case.outputs / case.groups);
        let columns = area * in_group;
        let weights: Vec<i32> = (0..case.outputs * columns).map(|index| case.value(index * 7 + 3)).collect();
        let weights = tensor(I8, &[case.outputs, columns], &weights);
        let expected = case.each(case.outputs, |image, place, output| {
            let first = output / out_group * in_group;
            (0..in_group).fold(0i32, |sum, channel| {
                let pixels = case.pixels(&x, image, place, first + channel);
                let products = (0..).zip(pixels).map(|(at, pixel)| {
                    pixel.unwrap_or(0) * weights.get(u64::from(output * columns + at * in_group + channel))
                });
                sum + products.sum::<i32>()
            })
        });
        let found = built(&[x, weights], |b, args| b.conv2d(args[0], args[1], case.window, case.groups));
        prop_assert_eq!(found.values(), expected);
    }

    #[test]
    fn pools_should_be_the_largest_and_the_mean_of_the_pixels(case in case()) {
        let x = case.x();
        let largest = case.each(case.channels, |image, place, channel| {
            case.pixels(&x, image, place, channel).into_iter().flatten().max().unwrap_or(-127)
        });
        let mean = |counts_padding: bool| case.each(case.channels, |image, place, channel| {
            let pixels = case.pixels(&x, image, place, channel);
            let count = if counts_padding { pixels.len() } else { pixels.iter().flatten().count() };
            pixels.iter().flatten().sum::<i32>().checked_div(count as i32).unwrap_or(0)
        });
        let inputs = [x.clone()];
        prop_assert_eq!(built(&inputs, |b, args| b.max_pool2d(args[0], case.window).0).values(), largest);
        for counts_padding in [true, false] {
            let found = built(&inputs, |b, args| b.average_pool2d(args[0], case.window, counts_padding));
            prop_assert_eq!(found.values(), mean(counts_padding));
        }
    }

    /// `<unfold(x), y> = <x, fold(y)>` for every x and y says that one is the transpose of the other: a backward pass.
    #[test]
    fn fold2d_should_be_the_transpose_of_unfold2d(case in case()) {
        let x = case.x();
        let unfolded = apply(&unfold(case.window, 0), std::slice::from_ref(&x));
        let values: Vec<i32> = (0..unfolded.ty.elements() as u32).map(|index| case.value(index * 5 + 1)).collect();
        let y = Tensor::from_values(unfolded.ty, &values);
        let folded = apply(&fold(case.window, case.image), std::slice::from_ref(&y));
        prop_assert_eq!(folded.ty.shape, x.ty.shape);
        let dot = |a: &Tensor, b: &Tensor| a.values().iter().zip(b.values()).map(|(a, b)| a * b).sum::<i32>();
        prop_assert_eq!(dot(&unfolded, &y), dot(&x, &folded));
    }

    #[test]
    fn max_pool2d_gradient_should_go_to_the_first_of_the_largest(case in case()) {
        let x = case.x();
        let [down, across] = case.window.places(case.image).unwrap();
        let dims = [case.images, down, across, case.channels];
        let values: Vec<i32> = (0..dims.iter().product()).map(|index| case.value(index * 3 + 2)).collect();
        let by_output = tensor(I16, &dims, &values);
        let mut expected = vec![0i32; x.ty.elements() as usize];
        let chosen = case.each(case.channels, |image, place, channel| {
            let pixels = case.pixels(&x, image, place, channel);
            let largest = pixels.iter().map(|pixel| pixel.unwrap_or(-127)).max().unwrap();
            let at = pixels.iter().position(|pixel| pixel.unwrap_or(-127) == largest).unwrap() as u32;
            let [_, columns] = case.window.kernel.map(u32::from);
            let position = [0, 1].map(|axis: usize| {
                let at = place[axis] * u32::from(case.window.stride[axis]) + [at / columns, at % columns][axis];
                at.checked_sub(u32::from(case.window.padding[axis])).filter(|at| *at < case.image[axis])
            });
            match position {
                [Some(row), Some(column)] => {
                    Some(((image * case.image[0] + row) * case.image[1] + column) * case.channels + channel)
                }
                // Padding that ties with pixels of -127.
                _ => None,
            }
        });
        for (at, value) in chosen.iter().zip(&values) {
            if let Some(at) = at {
                expected[*at as usize] += value;
            }
        }
        let found = built(&[x, by_output], |b, args| {
            let (_, indices) = b.max_pool2d(args[0], case.window);
            b.max_pool2d_gradient(args[1], indices, case.window, case.image)
        });
        prop_assert_eq!(found.values(), expected);
    }
}

#[test]
fn conv2d_should_be_refused_when_groups_do_not_divide_the_channels() {
    for (channels, outputs, groups) in [(6, 4, 4), (6, 4, 3), (6, 4, 0)] {
        let mut b = ProgramBuilder::new();
        let x = b.input(I8, &[1, 4, 4, channels]);
        let weights = b.input(I8, &[outputs, 9]);
        let y = b.conv2d(x, weights, Window2d::square(3, 1, 1), groups);
        let error = OperatorError::Type(TypeError::Groups);
        assert_eq!(b.build(y).unwrap_err(), BuildError::Operator { number: 0, error });
    }
}
