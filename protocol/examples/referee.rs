// SPDX-License-Identifier: Apache-2.0
//! How long the last move of a dispute takes: the widest product that a publication allows, with all of its proofs.
//!
//! The rules of disputes are timed as they are, proofs included, against BLAKE3 of as many bytes in the same rounds. Prints a
//! JSON object with `--json`.

use quern_primitives::{
    job::{Blob, Input, Stage},
    BlobId, ShardId,
};
use quern_program::{Checked, DType, ProgramBuilder, Segment, MAX_CONVICTION_BYTES};
use quern_protocol::{
    dispute::{Dispute, Move, Next, Outcome, Play, Posted, Shown, Trace},
    evidence::{Conviction, Evidence},
    inputs::{Link, Origin, StageContext},
    Params,
};
use std::{borrow::Cow, error::Error, hint::black_box, time::Instant};

/// Rounds, of which the median counts.
const ROUNDS: usize = 9;
/// Moves a round.
const REPEATS: usize = 20;
/// Rows of both factors. The blobs are megabytes, so that proofs are as deep as those of real weights.
const ROWS: u32 = 512;
/// The element that differs: not at an end of any blob.
const ELEMENT: usize = 300 * ROWS as usize + 200;

fn main() -> Result<(), Box<dyn Error>> {
    let (columns, program) = widest()?;
    let len = (ROWS * columns) as usize;
    let blobs = [7, 13].map(|step| (0..len).map(|i| ((i * step + i / 251) % 255) as u8).collect::<Vec<u8>>());
    let [x, y] = &blobs;
    let blob = |bytes: &[u8]| Blob { id: BlobId::of(bytes), len: bytes.len() as u64 };
    let inputs = vec![Input::Blob(blob(x)), Input::Blob(blob(y))];
    let inputs = inputs.try_into().map_err(|_| "more inputs than a stage has")?;
    let stage = Stage { program: program.id(), tasks: 1, shard_size: 1, inputs };
    let stage = StageContext { genesis: [1; 32], job: 0, index: 0, stage, randomness: [2; 32], outputs: Vec::new() };

    // Only the disputed element matters: the rest of both outputs is zero.
    let worker = vec![0u8; (ROWS * ROWS * 4) as usize];
    let mut own = worker.clone();
    own[ELEMENT * 4] = 1;
    let evidence =
        Evidence { program: &program, stage: &stage, task: 0, segment: Segment::Finish, state: &[], outputs: &[&own] };
    let conviction = evidence.convict(0, &worker, |slot, part| match part.origin {
        Origin::Blob { .. } => Some((Link::Known, Cow::Borrowed(blobs.get(usize::from(slot))?.as_slice()))),
        _ => None,
    })?;
    let Conviction::Element { output, reads, .. } = &conviction else { return Err("the lengths are equal".into()) };
    let bytes: usize = output.iter().chain(reads.iter().map(|read| &read.proof)).map(|proof| proof.0.len()).sum();

    let dispute = dispute(BlobId::of(&worker), worker.len() as u64)?;
    let play = conviction.play(dispute.challenger);
    let params = Params::default();
    let convict = |play: Play| dispute.step(play, 1, &params, &program, &stage);
    match convict(play.clone()) {
        Ok(Next::Closed(Outcome::WrongElement { element, .. })) if element == ELEMENT as u64 => {}
        other => return Err(format!("the conviction failed: {other:?}").into()),
    }

    let hashed = vec![7u8; bytes];
    let (mut own, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let plays = vec![play.clone(); REPEATS];
        own.push(micros(|| {
            plays.into_iter().for_each(|play| {
                black_box(convict(play).ok());
            })
        }));
        peer.push(micros(|| {
            (0..REPEATS).for_each(|_| {
                black_box(BlobId::of(black_box(&hashed)));
            })
        }));
    }
    let (value, peer_value) = (median(own), median(peer));
    let name = format!("referee: convict an element of {columns} products, {bytes} B of proofs");
    let peer = "BLAKE3 of as many bytes";
    let ratio = value / peer_value;
    if std::env::args().any(|arg| arg == "--json") {
        println!(
            r#"{{"name":"{name}","value":{value:.3},"unit":"us","peer":"{peer}","peer_value":{peer_value:.3},"ratio":{ratio:.4}}}"#
        );
    } else {
        println!("{name:<72} {value:>9.2} {:<6} {ratio:>7.4} x {peer} ({peer_value:.2})", "us");
    }
    Ok(())
}

/// The widest product that can be published: its number of columns, and the program.
fn widest() -> Result<(u32, Checked), Box<dyn Error>> {
    let build = |columns: u32| {
        let mut b = ProgramBuilder::new();
        let [x, y] = [(); 2].map(|()| b.input(DType::I8, &[ROWS, columns]));
        let output = b.matmul_nt(x, y);
        b.build(output)
    };
    let (mut fits, mut refused) = (1, MAX_CONVICTION_BYTES as u32);
    while refused - fits > 1 {
        let middle = fits + (refused - fits) / 2;
        if build(middle).is_ok() {
            fits = middle;
        } else {
            refused = middle;
        }
    }
    let program = build(fits).map_err(|error| format!("{error:?}"))?;
    Ok((fits, program))
}

/// A dispute in which the challenger owes the conviction of the only operator.
fn dispute(output: BlobId, len: u64) -> Result<Dispute, Box<dyn Error>> {
    let outputs = vec![output].try_into().map_err(|_| "a trace has an entry")?;
    let shown = Shown { first_chunk: 0, chunks: len.div_ceil(1024), value: output.0 };
    let shown = vec![shown].try_into().map_err(|_| "a node can be shown")?;
    Ok(Dispute {
        shard: ShardId { job: 0, stage: 0, index: 0 },
        position: 0,
        task: 0,
        segment: Segment::Finish,
        worker: [1; 32],
        root: BlobId::default(),
        leaves: 1,
        challenger: [2; 32],
        start: None,
        end: output,
        trace: Some(Posted::Whole(Trace { state: Default::default(), outputs })),
        turn: Move::Convict { op: 0, shown, chunk: None },
        by: 100,
        defendant: Default::default(),
    })
}

/// Microseconds of one of the repeats.
fn micros(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64() * 1e6 / REPEATS as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
