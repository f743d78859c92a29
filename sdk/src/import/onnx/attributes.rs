// SPDX-License-Identifier: Apache-2.0
//! Attributes of nodes.

use super::{
    network::Window,
    proto::{AttributeProto, NodeProto},
    NodeProblem,
};

/// An attribute, if the node has it.
pub(super) fn attribute<'n>(node: &'n NodeProto, name: &str) -> Option<&'n AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

/// An integer, or what it is without the attribute.
pub(super) fn integer(node: &NodeProto, name: &str, default: i64) -> i64 {
    attribute(node, name).map_or(default, |attribute| attribute.i)
}

/// A number, or what it is without the attribute.
pub(super) fn number(node: &NodeProto, name: &str, default: f32) -> f32 {
    attribute(node, name).map_or(default, |attribute| attribute.f)
}

/// Refuses what does not hold.
pub(super) fn must(holds: bool, name: &'static str, expected: &'static str) -> Result<(), NodeProblem> {
    if holds {
        Ok(())
    } else {
        Err(NodeProblem::Attribute { name, expected })
    }
}

/// As many sizes as an attribute must have; `default` when it is not there.
fn sizes<const N: usize>(
    node: &NodeProto,
    name: &'static str,
    expected: &'static str,
    default: usize,
) -> Result<[usize; N], NodeProblem> {
    let Some(attribute) = attribute(node, name) else { return Ok([default; N]) };
    let wrong = || NodeProblem::Attribute { name, expected };
    let sizes: Option<Vec<usize>> = attribute.ints.iter().map(|size| usize::try_from(*size).ok()).collect();
    sizes.and_then(|sizes| sizes.try_into().ok()).ok_or_else(wrong)
}

/// The windows of a convolution or pool, given their size where the attribute may be left out.
pub(super) fn window(node: &NodeProto, kernel: Option<[usize; 2]>, image: [usize; 2]) -> Result<Window, NodeProblem> {
    const SIZES: &str = "two numbers: one-dimensional and volumetric layers cannot be imported";
    let kernel = match (attribute(node, "kernel_shape"), kernel) {
        (None, Some(kernel)) => kernel,
        (None, None) => return Err(NodeProblem::Attribute { name: "kernel_shape", expected: SIZES }),
        (Some(_), _) => sizes(node, "kernel_shape", SIZES, 1)?,
    };
    let stride: [usize; 2] = sizes(node, "strides", SIZES, 1)?;
    must(sizes::<2>(node, "dilations", SIZES, 1)? == [1; 2], "dilations", "1: dilated windows cannot be imported")?;
    must(integer(node, "ceil_mode", 0) == 0, "ceil_mode", "0: windows that reach beyond the image cannot be imported")?;
    must(integer(node, "storage_order", 0) == 0, "storage_order", "0")?;
    let automatic = attribute(node, "auto_pad").map_or(&b"NOTSET"[..], |attribute| &attribute.s);
    let padding = match automatic {
        b"NOTSET" | b"" => sizes(node, "pads", "four numbers that are not negative", 0)?,
        b"VALID" => [0; 4],
        b"SAME_UPPER" | b"SAME_LOWER" => {
            let mut padding = [0; 4];
            for axis in 0..2 {
                let (len, step, size) = (image[axis], stride[axis].max(1), kernel[axis]);
                let covered = (len.div_ceil(step) - 1).saturating_mul(step).saturating_add(size);
                let all = covered.saturating_sub(len);
                let (less, more) = (all / 2, all - all / 2);
                (padding[axis], padding[axis + 2]) =
                    if automatic == b"SAME_UPPER" { (less, more) } else { (more, less) };
            }
            padding
        }
        _ => {
            return Err(NodeProblem::Attribute {
                name: "auto_pad",
                expected: "NOTSET, VALID, SAME_UPPER or SAME_LOWER",
            })
        }
    };
    Ok(Window { kernel, stride, padding })
}
