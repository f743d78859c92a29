// SPDX-License-Identifier: Apache-2.0
//! Windows over images: the two operators that convolution, pooling and their backward passes are made of.

use super::{at, split, unary, Call, Operator, Run, TypeError};
use crate::{proof::MERGED_GAP_BYTES, DType, Shape, TensorType};
use alloc::{vec, vec::Vec};

/// Windows over an image: rows first, then columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window2d {
    /// Size of a window, in pixels.
    pub kernel: [u8; 2],
    /// Pixels from one window to the next.
    pub stride: [u8; 2],
    /// Pixels that are added on each side.
    pub padding: [u8; 2],
}

impl Window2d {
    /// Square windows.
    pub const fn square(kernel: u8, stride: u8, padding: u8) -> Self {
        Self { kernel: [kernel; 2], stride: [stride; 2], padding: [padding; 2] }
    }

    /// Pixels of a window.
    pub fn area(&self) -> u32 {
        let [height, width] = self.kernel;
        u32::from(height).saturating_mul(u32::from(width))
    }

    /// How many windows an image of `height x width` pixels has, down and across.
    pub fn places(&self, image: [u32; 2]) -> Result<[u32; 2], TypeError> {
        let mut places = image;
        for (axis, place) in places.iter_mut().enumerate() {
            let of = |sizes: [u8; 2]| u32::from(sizes.get(axis).copied().unwrap_or(0));
            let (kernel, stride, padding) = (of(self.kernel), of(self.stride), of(self.padding));
            if stride == 0 {
                return Err(TypeError::Stride);
            }
            if kernel > 0 && padding >= kernel {
                return Err(TypeError::Padding);
            }
            let padded = place.checked_add(padding.saturating_mul(2)).ok_or(TypeError::Window)?;
            let moves = padded.checked_sub(kernel).filter(|_| kernel > 0).ok_or(TypeError::Window)?;
            *place = moves.checked_div(stride).unwrap_or(0).saturating_add(1);
        }
        Ok(places)
    }

    /// Most windows that a pixel is in, down and across, where there are this many windows.
    fn overlaps(&self, places: [u32; 2]) -> [u64; 2] {
        let along = |kernel: u8, stride: u8, places: u32| {
            let most = kernel.checked_div(stride).unwrap_or(0);
            let most = if most.checked_mul(stride) == Some(kernel) { most } else { most.saturating_add(1) };
            u64::from(most).min(u64::from(places)).max(1)
        };
        let ([ky, kx], [sy, sx], [py, px]) = (self.kernel, self.stride, places);
        [along(ky, sy, py), along(kx, sx, px)]
    }
}

/// Images, height, width, channels.
fn image(ty: TensorType) -> Result<[u32; 4], TypeError> {
    <[u32; 4]>::try_from(ty.shape.dims()).map_err(|_| TypeError::Rank(0))
}

/// The sizes of a shape of four dimensions; ones where there are none.
fn sizes(ty: Option<TensorType>) -> [u64; 4] {
    let shape = ty.map_or(Shape::vector(1), |ty| ty.shape);
    [0, 1, 2, 3].map(|axis| u64::from(shape.dim(axis)))
}

/// What stands in the windows: `[B, H, W, C]` to `[B, OH, OW, KH * KW * C]`.
pub(super) struct Unfold2d {
    pub window: Window2d,
    pub fill: i32,
}

impl Operator for Unfold2d {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        let x = unary(args)?;
        let [images, height, width, channels] = image(x)?;
        let [down, across] = self.window.places([height, width])?;
        let depth = channels.checked_mul(self.window.area()).ok_or(TypeError::Window)?;
        let shape = Shape::new(&[images, down, across, depth]).ok_or(TypeError::Rank(0))?;
        Ok(TensorType::new(x.dtype, shape))
    }

    fn element<E>(
        &self,
        call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        let Window2d { kernel: [_, kernel_width], stride: [stride_y, stride_x], padding: [pad_y, pad_x] } = self.window;
        let [_, height, width, channels] = sizes(call.args.first().copied());
        let [_, down, across, depth] = sizes(Some(call.output));
        let (place, in_window) = split(index, depth);
        let (pixel, channel) = split(in_window, channels);
        let (window_y, window_x) = split(pixel, u64::from(kernel_width));
        let (place, place_x) = split(place, across);
        let (image, place_y) = split(place, down);
        // Where the pixel is, counted from the first one of the padding.
        let y = at(place_y, u64::from(stride_y), window_y).checked_sub(u64::from(pad_y));
        let x = at(place_x, u64::from(stride_x), window_x).checked_sub(u64::from(pad_x));
        match (y, x) {
            (Some(y), Some(x)) if y < height && x < width => {
                read(0, at(at(at(image, height, y), width, x), channels, channel))
            }
            _ => Ok(self.fill.clamp(call.output.dtype.min(), call.output.dtype.max())),
        }
    }

    fn runs(&self, _args: &[TensorType]) -> Vec<Run> {
        vec![Run::one(0, 1)]
    }
}

/// The sum of all that stands in the windows for a pixel: `[B, OH, OW, KH * KW * C]` to `[B, H, W, C]`.
pub(super) struct Fold2d {
    pub window: Window2d,
    pub image: [u32; 2],
}

/// The windows along an axis that hold a pixel, each with the pixel's place in it: from the last place to the first.
fn windows(pixel: u64, [kernel, stride, padding]: [u8; 3], places: u64) -> impl Iterator<Item = (u64, u64)> {
    let padded = pixel.saturating_add(u64::from(padding));
    (0..u64::from(kernel)).rev().filter_map(move |within| {
        let start = padded.checked_sub(within)?;
        let (place, rest) = split(start, u64::from(stride));
        (rest == 0 && place < places).then_some((place, within))
    })
}

impl Operator for Fold2d {
    fn infer(&self, args: &[TensorType]) -> Result<TensorType, TypeError> {
        let x = unary(args)?;
        let [images, down, across, depth] = image(x)?;
        if self.window.places(self.image)? != [down, across] {
            return Err(TypeError::Shape(0));
        }
        let area = self.window.area();
        let channels = depth.checked_div(area).unwrap_or(0);
        if channels.checked_mul(area) != Some(depth) {
            return Err(TypeError::Shape(0));
        }
        let [height, width] = self.image;
        let shape = Shape::new(&[images, height, width, channels]).ok_or(TypeError::Rank(0))?;
        Ok(TensorType::new(DType::I32, shape))
    }

    fn element<E>(
        &self,
        call: &Call<'_>,
        index: u64,
        read: &mut impl FnMut(usize, u64) -> Result<i32, E>,
    ) -> Result<i32, E> {
        let ([kernel_y, kernel_x], [stride_y, stride_x]) = (self.window.kernel, self.window.stride);
        let [pad_y, pad_x] = self.window.padding;
        let [_, down, across, depth] = sizes(call.args.first().copied());
        let [_, height, width, channels] = sizes(Some(call.output));
        let (pixel, channel) = split(index, channels);
        let (pixel, x) = split(pixel, width);
        let (image, y) = split(pixel, height);
        let mut sum = 0i32;
        for (place_y, window_y) in windows(y, [kernel_y, stride_y, pad_y], down) {
            for (place_x, window_x) in windows(x, [kernel_x, stride_x, pad_x], across) {
                let place = at(at(image, down, place_y), across, place_x);
                let in_window = at(at(window_y, u64::from(kernel_x), window_x), channels, channel);
                sum = sum.wrapping_add(read(0, at(place, depth, in_window))?);
            }
        }
        Ok(sum)
    }

    fn runs(&self, args: &[TensorType]) -> Vec<Run> {
        let Some(x) = args.first() else { return Vec::new() };
        let [_, _, across, depth] = sizes(Some(*x));
        let [rows, columns] = self.window.overlaps([x.shape.dim(1), x.shape.dim(2)]);
        let channels = depth.checked_div(u64::from(self.window.area())).unwrap_or(0);
        let ([_, kernel_x], [stride_y, stride_x]) = (self.window.kernel, self.window.stride);
        // From a window to the next one across or down, the pixel's place in it is as much nearer to its start.
        let across_by = depth.saturating_sub(u64::from(stride_x).saturating_mul(channels));
        let row_by = u64::from(stride_y).saturating_mul(u64::from(kernel_x)).saturating_mul(channels);
        let down_by = across.saturating_mul(depth).saturating_sub(row_by);
        let near = |by: u64| by.saturating_sub(1).saturating_mul(x.dtype.bytes()) < MERGED_GAP_BYTES;
        let row = columns.saturating_sub(1).saturating_mul(across_by).saturating_add(1);
        if rows > 1 && near(down_by) {
            // At an edge a row has fewer windows, but rows are near even then.
            return vec![Run::one(0, rows.saturating_sub(1).saturating_mul(down_by).saturating_add(row))];
        }
        if near(across_by) {
            // Rows may be near or not, as the pixel is at an edge or not: they count as apart.
            return vec![Run::one(0, row).times(rows)];
        }
        vec![Run::one(0, 1).times(rows.saturating_mul(columns))]
    }

    fn cost_macs(&self, args: &[TensorType], output: TensorType) -> u64 {
        args.first().map_or(0, TensorType::elements).saturating_add(output.elements())
    }
}
