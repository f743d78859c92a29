// SPDX-License-Identifier: Apache-2.0
//! The UCI handwritten digits: 1,797 images of 8 x 8 pixels (see `data/digits/README.md`).

use super::ModelError;
use quern_primitives::draw::Draw;

/// Pixels of an image.
pub const PIXELS: usize = 64;
/// Classes.
pub const CLASSES: u8 = 10;
/// Value of a wholly inked pixel.
pub const MAX_PIXEL: u8 = 16;
/// Images of the data set.
pub const IMAGES: usize = 1_797;
/// Images that train; the others test.
pub const TRAIN_IMAGES: usize = 1_437;

const CSV: &str = include_str!("../../../data/digits/digits.csv");

/// Why a data file is not the digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigitsError {
    /// A line has another number of fields.
    #[error("line {line} has {found} fields, not 65")]
    Fields {
        /// The line, counted from 1.
        line: usize,
        /// Its fields.
        found: usize,
    },
    /// A field is not a number.
    #[error("line {line}, field {field} is not a number: {text:?}")]
    Number {
        /// The line, counted from 1.
        line: usize,
        /// The field, counted from 1.
        field: usize,
        /// What stands there.
        text: String,
    },
    /// A pixel is above 16.
    #[error("line {line}, field {field}: pixel {value} is above 16")]
    Pixel {
        /// The line, counted from 1.
        line: usize,
        /// The field, counted from 1.
        field: usize,
        /// The value.
        value: u8,
    },
    /// A label is above 9.
    #[error("line {line}: label {value} is above 9")]
    Label {
        /// The line, counted from 1.
        line: usize,
        /// The value.
        value: u8,
    },
    /// The file has another number of lines.
    #[error("the file has {found} lines, not 1797")]
    Lines {
        /// Its lines.
        found: usize,
    },
}

/// Images and what they show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    /// Pixels of an image.
    pub pixels: usize,
    /// The images, one after the other; each pixel is an `i8` that is not negative.
    pub images: Vec<u8>,
    /// A class for each image.
    pub labels: Vec<u8>,
}

impl Samples {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Whether a network for images of so many pixels and so many classes can use them.
    pub(crate) fn check(&self, pixels: u32, classes: u32) -> Result<(), ModelError> {
        let fits = !self.is_empty()
            && self.pixels == pixels as usize
            && self.images.len() == self.len() * self.pixels
            && self.labels.iter().all(|label| u32::from(*label) < classes);
        if fits {
            Ok(())
        } else {
            Err(ModelError::Samples)
        }
    }

    /// These samples, repeated from the first one on (or cut) to `len`.
    pub fn cycled(&self, len: usize) -> Self {
        let pixels = self.pixels;
        let images = self.images.chunks(pixels.max(1)).cycle().take(len).flatten().copied().collect();
        Self { pixels, images, labels: self.labels.iter().cycle().take(len).copied().collect() }
    }

    /// The samples of `range`, as far as there are any.
    pub fn range(&self, range: std::ops::Range<usize>) -> Self {
        let (start, len) = (range.start, range.len());
        let images = self.images.chunks(self.pixels.max(1)).skip(start).take(len).flatten().copied().collect();
        Self { pixels: self.pixels, images, labels: self.labels.iter().skip(start).take(len).copied().collect() }
    }

    /// The share of the images whose predicted class is right. Predictions beyond the samples count for nothing.
    pub fn accuracy_of(&self, predictions: &[u8]) -> f64 {
        let right = self.labels.iter().zip(predictions).filter(|(label, predicted)| label == predicted).count();
        right as f64 / self.len().max(1) as f64
    }
}

/// The data set, shuffled and split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digits {
    /// 1,437 images that train.
    pub train: Samples,
    /// 360 images that test.
    pub test: Samples,
}

impl Digits {
    /// The data set that this crate carries.
    pub fn embedded() -> Result<Self, DigitsError> {
        Self::parse(CSV)
    }

    /// The data set of a file's text, shuffled with seed 0: from the last image to the second, each changes places with the
    /// one of a number drawn from 0 to its own by [`Draw`] of 32 zero bytes.
    pub fn parse(text: &str) -> Result<Self, DigitsError> {
        let mut rows = parse_rows(text)?;
        if rows.len() != IMAGES {
            return Err(DigitsError::Lines { found: rows.len() });
        }
        let mut draw = Draw::new([0; 32]);
        for last in (1..rows.len()).rev() {
            let other = draw.below(last as u64 + 1) as usize;
            rows.swap(last, other);
        }
        let samples = |rows: &[([u8; PIXELS], u8)]| Samples {
            pixels: PIXELS,
            images: rows.iter().flat_map(|(image, _)| *image).collect(),
            labels: rows.iter().map(|(_, label)| *label).collect(),
        };
        let (train, test) = rows.split_at(TRAIN_IMAGES);
        Ok(Self { train: samples(train), test: samples(test) })
    }
}

fn parse_rows(text: &str) -> Result<Vec<([u8; PIXELS], u8)>, DigitsError> {
    let mut rows = Vec::with_capacity(IMAGES);
    for (line, row) in (1..).zip(text.lines()) {
        let fields: Vec<&str> = row.split(',').collect();
        let [pixels @ .., label] = fields.as_slice() else {
            return Err(DigitsError::Fields { line, found: 0 });
        };
        if pixels.len() != PIXELS {
            return Err(DigitsError::Fields { line, found: fields.len() });
        }
        let number = |field: usize, text: &str| {
            text.parse::<u8>().map_err(|_| DigitsError::Number { line, field, text: text.into() })
        };
        let mut image = [0; PIXELS];
        for (field, (pixel, text)) in (1..).zip(image.iter_mut().zip(pixels)) {
            let value = number(field, text)?;
            if value > MAX_PIXEL {
                return Err(DigitsError::Pixel { line, field, value });
            }
            *pixel = value;
        }
        let value = number(PIXELS + 1, label)?;
        if value >= CLASSES {
            return Err(DigitsError::Label { line, value });
        }
        rows.push((image, value));
    }
    Ok(rows)
}
