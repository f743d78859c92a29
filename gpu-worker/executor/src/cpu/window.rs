// SPDX-License-Identifier: Apache-2.0
//! Windows over images, a row of pixels at a time.

use super::ops::CHUNK;
use quern_program::{Shape, Window2d};
use rayon::prelude::*;
use std::ops::Range;

/// Windows over images: what there is of them, in pixels and elements.
pub(super) struct Windows {
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    image: [usize; 2],
    places: [usize; 2],
    channels: usize,
    depth: usize,
}

impl Windows {
    /// Windows over images of the shape `images`, whose contents have the shape `unfolded`.
    pub fn new(window: Window2d, images: Shape, unfolded: Shape) -> Self {
        let sizes = |shape: Shape| [shape.dim(1) as usize, shape.dim(2) as usize];
        Self {
            kernel: window.kernel.map(usize::from),
            stride: window.stride.map(usize::from),
            padding: window.padding.map(usize::from),
            image: sizes(images),
            places: sizes(unfolded),
            channels: images.last() as usize,
            depth: unfolded.last() as usize,
        }
    }

    /// The pixels of a window's row that are of the image, and the first of them in the image.
    fn inside(&self, place_x: usize) -> (Range<usize>, usize) {
        let start = place_x * self.stride[1];
        let first = self.padding[1].saturating_sub(start).min(self.kernel[1]);
        let end = (self.image[1] + self.padding[1]).saturating_sub(start).min(self.kernel[1]);
        (first..end.max(first), start + first - self.padding[1].min(start + first))
    }

    /// The row of the image that a row of the windows is in.
    fn row(&self, place_y: usize, window_y: usize) -> Option<usize> {
        (place_y * self.stride[0] + window_y).checked_sub(self.padding[0]).filter(|row| *row < self.image[0])
    }

    /// What stands in the windows of `x`.
    pub fn unfold<T: Copy + Send + Sync>(&self, x: &[T], fill: T) -> Vec<T> {
        let ([height, width], [down, across]) = (self.image, self.places);
        let (channels, in_row) = (self.channels, self.kernel[1] * self.channels);
        let images = x.len() / (height * width * channels);
        let mut out = vec![fill; images * down * across * self.depth];
        let per_task = (CHUNK / (across * self.depth)).max(1);
        out.par_chunks_exact_mut(across * self.depth).enumerate().with_min_len(per_task).for_each(|(line, out)| {
            let (image, place_y) = (line / down, line % down);
            for (place_x, window) in out.chunks_exact_mut(self.depth).enumerate() {
                let (inside, column) = self.inside(place_x);
                for (window_y, to) in window.chunks_exact_mut(in_row).enumerate() {
                    let Some(row) = self.row(place_y, window_y) else { continue };
                    let from = ((image * height + row) * width + column) * channels;
                    let to = &mut to[inside.start * channels..inside.end * channels];
                    to.copy_from_slice(&x[from..from + to.len()]);
                }
            }
        });
        out
    }

    /// The sums of what stands in the windows `x`, for each pixel.
    pub fn fold<T: Copy + Into<i32> + Send + Sync>(&self, x: &[T]) -> Vec<i32> {
        let ([height, width], [down, across]) = (self.image, self.places);
        let (channels, in_row) = (self.channels, self.kernel[1] * self.channels);
        let images = x.len() / (down * across * self.depth);
        let mut out = vec![0i32; images * height * width * channels];
        let per_task = (CHUNK / (width * channels)).max(1);
        out.par_chunks_exact_mut(width * channels).enumerate().with_min_len(per_task).for_each(|(line, out)| {
            let (image, row) = (line / height, line % height);
            for window_y in 0..self.kernel[0] {
                let Some(start) = (row + self.padding[0]).checked_sub(window_y) else { break };
                let place_y = start / self.stride[0];
                if start % self.stride[0] != 0 || place_y >= down {
                    continue;
                }
                for place_x in 0..across {
                    let (inside, column) = self.inside(place_x);
                    let window = ((image * down + place_y) * across + place_x) * self.depth + window_y * in_row;
                    let from = &x[window + inside.start * channels..window + inside.end * channels];
                    let to = &mut out[column * channels..][..from.len()];
                    to.iter_mut().zip(from).for_each(|(to, from)| *to = to.wrapping_add((*from).into()));
                }
            }
        });
        out
    }
}
