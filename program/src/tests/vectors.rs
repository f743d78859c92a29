// SPDX-License-Identifier: Apache-2.0
//! Values that a second implementation must reproduce.

use crate::{
    arbitrary::random_program,
    ops::{exp_q16, random_word},
    reference, Context, ProgramBuilder,
};
use codec::Encode;

/// One ChaCha8 block as the kernels compute it.
fn chacha8_block(key: &[u8; 32], counter: u64) -> [u32; 16] {
    let mut state = [0u32; 16];
    state[..4].copy_from_slice(&[0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]);
    for (word, bytes) in state[4..12].iter_mut().zip(key.chunks(4)) {
        *word = u32::from_le_bytes(bytes.try_into().unwrap());
    }
    state[12] = counter as u32;
    state[13] = (counter >> 32) as u32;
    let start = state;
    for _ in 0..4 {
        for [a, b, c, d] in [
            [0, 4, 8, 12],
            [1, 5, 9, 13],
            [2, 6, 10, 14],
            [3, 7, 11, 15],
            [0, 5, 10, 15],
            [1, 6, 11, 12],
            [2, 7, 8, 13],
            [3, 4, 9, 14],
        ] {
            for (x, y, z, turn) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
                state[x] = state[x].wrapping_add(state[y]);
                state[z] = (state[z] ^ state[x]).rotate_left(turn);
            }
        }
    }
    for (word, start) in state.iter_mut().zip(start) {
        *word = word.wrapping_add(start);
    }
    state
}

#[test]
fn random_word_should_be_the_word_of_its_chacha8_block() {
    let keys = [[0; 32], [0xff; 32], core::array::from_fn(|index| index as u8)];
    for key in keys {
        for element in [0u64, 1, 15, 16, 17, 31, 63, 64, 65, 255, 256, 1000, 1 << 24, (1 << 36) + 5] {
            let block = chacha8_block(&key, element / 16);
            assert_eq!(random_word(&key, element), block[(element % 16) as usize], "{element}");
        }
    }
}

#[test]
fn random_word_should_match_the_published_chacha8_stream_when_the_key_is_zero() {
    // 3e00ef2f 895f40d6 7f5bb8e8 1f09a5a1, the stream of ChaCha8 with a 256-bit key and nonce of zeros.
    let words: Vec<u32> = (0..4).map(|element| random_word(&[0; 32], element)).collect();
    assert_eq!(words, [0x2fef_003e, 0xd640_5f89, 0xe8b8_5b7f, 0xa1a5_091f]);
}

#[test]
fn key_should_be_the_tagged_hash_of_seed_step_and_operator() {
    let context = Context { index: 9, seed: [7; 32], step: 0x0102_0304 };
    let mut preimage = vec![15];
    preimage.extend_from_slice(b"quern/random/v1");
    preimage.extend_from_slice(&[7; 32]);
    preimage.extend_from_slice(&[4, 3, 2, 1]);
    preimage.extend_from_slice(&[5, 0, 0, 0]);
    assert_eq!(context.key(5), *blake3::hash(&preimage).as_bytes());
}

#[test]
fn exp_should_not_change() {
    assert_eq!([0, 1, 128, 256, 1024, 4095].map(|distance| exp_q16(distance, 8)), EXP);
}

const EXP: [u32; 6] = [65552, 65303, 39638, 24127, 1196, 0];

#[test]
fn encoding_should_not_change() {
    let mut b = ProgramBuilder::new();
    let x = b.input(crate::DType::I8, &[2, 3]);
    let w = b.constant(crate::DType::I8, &[1, 3], &[1, -2, 3]);
    let y = b.matmul_nt(x, w);
    let y = b.clamp(y, -1, 300);
    let program = b.build(y).unwrap().program().clone();
    let hex: String = program.encode().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, ENCODING);
}

const ENCODING: &str = concat!(
    "04",                         // one input:
    "00080200000003000000",       // i8 [2, 3]
    "04",                         // one constant:
    "00080100000003000000",       // i8 [1, 3]
    "0c01fe03",                   // its three bytes
    "00000000",                   // no init, state, body, next
    "00000000",                   // no steps
    "08",                         // two operators in finish:
    "0008000000010000",           // matmul_nt, two arguments: input 0, constant 0
    "0bffffffff2c01000004030000", // clamp -1..=300, one argument: operator 0
    "030100",                     // output: operator 1
);

#[test]
fn random_programs_should_not_change() {
    let mut hasher = blake3::Hasher::new();
    for seed in 0..32 {
        let (checked, inputs) = random_program(seed);
        let context = Context { index: 0, seed: [seed as u8; 32], step: 0 };
        hasher.update(&checked.id().0);
        hasher.update(&reference::run(&checked, &context, &inputs).id().0);
    }
    assert_eq!(hasher.finalize().to_hex().as_str(), PROGRAMS);
}

/// Stands for programs and outputs together: it changes when the generator, the encoding or any operator does.
const PROGRAMS: &str = "d80125497b24f0b7978f4ae09c98ff535e34a8eb7dafce28999ff670a45529b6";
