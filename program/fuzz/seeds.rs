// SPDX-License-Identifier: Apache-2.0
//! Writes a corpus to begin with: random programs that are valid.

use codec::Encode;
use quern_program::arbitrary::random_program;
use std::{env, fs, path::Path};

fn main() -> std::io::Result<()> {
    let mut arguments = env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "program/fuzz/corpus/decode_checked".into());
    let number = arguments.next().and_then(|number| number.parse().ok()).unwrap_or(512);
    fs::create_dir_all(&folder)?;
    for seed in 0..number {
        let (checked, _) = random_program(seed);
        fs::write(Path::new(&folder).join(format!("random-{seed}")), checked.program().encode())?;
    }
    println!("{number} programs in {folder}");
    Ok(())
}
