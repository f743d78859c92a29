// SPDX-License-Identifier: Apache-2.0
//! Whatever the bytes are: validation ends without a panic, what it accepts encodes to the same bytes, keeps the limits, and each
//! operator of it has a defined first and last element.

#![no_main]

use codec::Encode;
use libfuzzer_sys::fuzz_target;
use quern_program::{Context, Program, SegmentKind, MAX_CONVICTION_BYTES};

fuzz_target!(|bytes: &[u8]| {
    let Ok(checked) = Program::decode_checked(bytes) else { return };
    assert_eq!(checked.program().encode(), bytes);
    assert!(u64::from(checked.summary().conviction_bytes) <= MAX_CONVICTION_BYTES);
    for block in [SegmentKind::Init, SegmentKind::Body, SegmentKind::Finish] {
        for op in 0..checked.program().block(block).len() as u16 {
            let Some(call) = checked.call(block, op, &Context::default()) else { panic!("{block:?} {op} has no call") };
            for element in [0, call.output.elements() - 1] {
                // An operator of constants alone may read much; everything else is bounded by its proofs.
                let element = call.element(element, &mut |arg, at| {
                    assert!(at < call.args[arg].elements());
                    Ok::<i32, ()>(at as i32)
                });
                assert!(element.is_ok());
            }
        }
    }
});
