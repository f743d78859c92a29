// SPDX-License-Identifier: Apache-2.0
//! Convolution and pooling, put together from windows, products and reductions. Images are `[images, height, width, channels]`,
//! so that the channels of a pixel, and the pixels of a window's row, are next to each other.

use crate::{ops::Window2d, DType, ProgramBuilder, TypeError, Var};
use alloc::vec::Vec;

impl ProgramBuilder {
    /// The convolution `i32 [B, OH, OW, O]` of images `i8 [B, H, W, C]` with weights `i8 [O, KH * KW * C / groups]`, a row of
    /// which holds the window row by row, channels innermost. Padding is 0. Output channels are split into as many groups as the
    /// input's; each group reads its own.
    pub fn conv2d(&mut self, x: Var, weights: Var, window: Window2d, groups: u32) -> Var {
        let channels = x.shape().last();
        let outputs = weights.shape().dim(0);
        let divides = |count: u32| count.checked_rem(groups) == Some(0);
        if !divides(channels) || !divides(outputs) {
            self.refuse(TypeError::Groups);
            return x;
        }
        let unfolded = self.unfold2d(x, window, 0);
        let [images, down, across, depth] = [0, 1, 2, 3].map(|axis| unfolded.shape().dim(axis));
        let rows = images.saturating_mul(down).saturating_mul(across);
        if groups == 1 {
            let unfolded = self.reshape(unfolded, &[rows, depth]);
            let y = self.matmul_nt(unfolded, weights);
            return self.reshape(y, &[images, down, across, outputs]);
        }
        let in_group = |count: u32| count.checked_div(groups).unwrap_or(0);
        let unfolded = self.reshape(unfolded, &[rows, window.area(), groups, in_group(channels)]);
        let unfolded = self.permute(unfolded, &[2, 0, 1]);
        let unfolded = self.reshape(unfolded, &[groups, rows, in_group(depth)]);
        let weights = self.reshape(weights, &[groups, in_group(outputs), weights.shape().last()]);
        let y = self.matmul_nt(unfolded, weights);
        let y = self.permute(y, &[1, 0]);
        self.reshape(y, &[images, down, across, outputs])
    }

    /// What stands in each window for each channel, with `fill` in the padding: `[B * OH * OW * C, KH * KW]`, and the pool's shape,
    /// `[B, OH, OW, C]`.
    pub fn pool_windows2d(&mut self, x: Var, window: Window2d, fill: i32) -> (Var, [u32; 4]) {
        let channels = x.shape().last();
        let unfolded = self.unfold2d(x, window, fill);
        let [images, down, across, _] = [0, 1, 2, 3].map(|axis| unfolded.shape().dim(axis));
        let places = images.saturating_mul(down).saturating_mul(across);
        let by_pixel = self.reshape(unfolded, &[places, window.area(), channels]);
        let by_channel = self.permute(by_pixel, &[0, 2, 1]);
        let rows = self.reshape(by_channel, &[places.saturating_mul(channels), window.area()]);
        (rows, [images, down, across, channels])
    }

    /// The largest of each window, `i32 [B, OH, OW, C]`, and its index in the window, `i32 [B * OH * OW * C]`: the lowest of
    /// equals. Padding holds the type's least value, so it is never larger than a pixel.
    pub fn max_pool2d(&mut self, x: Var, window: Window2d) -> (Var, Var) {
        let (rows, shape) = self.pool_windows2d(x, window, i32::MIN);
        let largest = self.row_max(rows);
        (self.reshape(largest, &shape), self.row_argmax(rows))
    }

    /// The backward pass of [`Self::max_pool2d`]: the gradient by its images of `height x width` pixels, `i32 [B, H, W, C]`,
    /// from that by its output, `[B, OH, OW, C]`, and the indices.
    pub fn max_pool2d_gradient(&mut self, gradient: Var, indices: Var, window: Window2d, image: [u32; 2]) -> Var {
        let [images, down, across, channels] = [0, 1, 2, 3].map(|axis| gradient.shape().dim(axis));
        let places = images.saturating_mul(down).saturating_mul(across);
        let area = window.area();
        let chosen = self.one_hot(indices, area);
        let gradient = self.reshape(gradient, &[places.saturating_mul(channels), 1]);
        let spread = self.mul(chosen, gradient);
        let by_channel = self.reshape(spread, &[places, channels, area]);
        let by_pixel = self.permute(by_channel, &[0, 2, 1]);
        let windows = self.reshape(by_pixel, &[images, down, across, area.saturating_mul(channels)]);
        self.fold2d(windows, window, image)
    }

    /// The mean of each window, `i32 [B, OH, OW, C]`, rounded towards zero. Padding is 0, and counts as pixels only when
    /// `counts_padding`.
    pub fn average_pool2d(&mut self, x: Var, window: Window2d, counts_padding: bool) -> Var {
        let (rows, shape) = self.pool_windows2d(x, window, 0);
        let [images, down, across, channels] = shape;
        let sum = self.row_sum(rows);
        if counts_padding || window.padding == [0; 2] {
            let area = self.scalar(window.area() as i32);
            let mean = self.div(sum, area);
            return self.reshape(mean, &shape);
        }
        let image = [x.shape().dim(1), x.shape().dim(2)];
        let counts = pixels_in_windows(window, image, channels);
        let dtype = if window.area() > 127 { DType::I32 } else { DType::I8 };
        let place = down.saturating_mul(across).saturating_mul(channels);
        let counts = self.constant(dtype, &[place], &counts);
        let sum = self.reshape(sum, &[images, place]);
        let mean = self.div(sum, counts);
        self.reshape(mean, &shape)
    }
}

/// How many pixels of the image stand in each window, once for each channel.
fn pixels_in_windows(window: Window2d, image: [u32; 2], channels: u32) -> Vec<i32> {
    let places = window.places(image).unwrap_or([0; 2]);
    let along = |axis: usize| -> Vec<u32> {
        let of = |sizes: [u8; 2]| u32::from(sizes.get(axis).copied().unwrap_or(0));
        let padding = of(window.padding);
        let end = image.get(axis).copied().unwrap_or(0).saturating_add(padding);
        let count = places.get(axis).copied().unwrap_or(0);
        (0..count)
            .map(|place| {
                let start = place.saturating_mul(of(window.stride));
                start.saturating_add(of(window.kernel)).min(end).saturating_sub(start.max(padding))
            })
            .collect()
    };
    let (down, across) = (along(0), along(1));
    let pixels = down.iter().flat_map(|rows| across.iter().map(move |columns| rows.saturating_mul(*columns) as i32));
    pixels.flat_map(|count| (0..channels).map(move |_| count)).collect()
}
