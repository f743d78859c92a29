// SPDX-License-Identifier: Apache-2.0
//! Deadlines follow multiply-accumulates and bytes, and what a requester adds.

use proptest::prelude::*;
use quern_primitives::{
    draw::{draw_segments, Draw, SegmentCosts},
    BlobId, Height, ShardId,
};
use quern_protocol::{
    shard::{work, Deal, Event, Phase, Seat, Traffic, MACS_PER_MOVED_BYTE},
    Params, Shard,
};

const WORKER: [u8; 32] = [1; 32];
const AUDITOR: [u8; 32] = [2; 32];
const MIB: u64 = 1 << 20;

/// A block for each MiB, and none for multiply-accumulates.
fn params() -> Params {
    Params { transfer_blocks_per_gib: 1_024, execute_blocks_per_gmac: 0, ..Params::default() }
}

/// A shard of tasks of four segments each.
fn shard(tasks: u32, traffic: Traffic, extra_blocks: Height) -> Shard {
    let costs = SegmentCosts { init: 1, body: 1, steps: 2, finish: 1, has_loop: true };
    Shard { traffic, extra_blocks, ..Shard::new(ShardId { job: 1, stage: 0, index: 0 }, 0, tasks, costs) }
}

fn mib(shared: u64, task: u64, state: u64, output: u64) -> Traffic {
    let [shared_bytes, task_bytes, state_bytes, output_bytes] = [shared, task, state, output].map(|mib| mib * MIB);
    Traffic { shared_bytes, task_bytes, state_bytes, output_bytes }
}

/// The last height of what is owed at height 0 after these events, and the shard.
fn after(shard: &Shard, events: Vec<(Event, Height)>) -> Shard {
    let step = |shard: Shard, (event, period)| shard.step(event, 0, period, &params()).unwrap().0;
    events.into_iter().fold(shard.clone(), step)
}

/// A shard up to its audit of these segments.
fn audited(shard: &Shard, sample: &[u32]) -> Shard {
    let deal = Deal { worker: WORKER, price: 1, collateral: 1 };
    let seats = vec![Seat::new(AUDITOR, 1)];
    let commit = Event::Commit { by: WORKER, root: BlobId([1; 32]), secret_hash: [1; 32] };
    let events = vec![
        (Event::Assign(deal), 0),
        (Event::Start(WORKER), 0),
        (commit, 0),
        (Event::Draw { sample: sample.to_vec(), seats }, 2),
        (Event::Open { by: WORKER, digest: [0; 32] }, 2),
    ];
    after(shard, events)
}

fn audit_by(shard: &Shard) -> Height {
    match shard.phase {
        Phase::Auditing { by, .. } => by,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn start_should_wait_for_shared_bytes_once_and_for_those_of_each_task() {
    assert_eq!(shard(3, mib(10, 4, 0, 0), 5).start_blocks(&params()), params().start_blocks + 10 + 3 * 4 + 5);
}

#[test]
fn execution_should_wait_for_the_checkpoints_and_outputs_of_all_tasks() {
    let shard = shard(3, mib(0, 0, 2, 7), 5);
    assert_eq!(shard.execute_blocks(&params()), params().execute_floor_blocks + 3 * (3 * 2 + 7) + 5);
}

#[test]
fn audit_should_wait_for_the_inputs_of_the_drawn_tasks_and_the_checkpoint_before_each_run() {
    let shard = shard(3, mib(10, 4, 2, 7), 5);
    // Tasks 0 and 2. The run of positions 2 and 3 starts from a checkpoint; 8 starts a task; 10 starts from a checkpoint.
    let drawn = audited(&shard, &[2, 3, 8, 10]);
    assert_eq!(audit_by(&drawn), params().audit_blocks + 10 + 2 * 4 + 2 * 2 + 5);
}

#[test]
fn delivery_should_wait_for_the_outputs() {
    let mut accepted = shard(3, mib(0, 0, 0, 7), 5);
    let drawn = audited(&accepted, &[0]);
    let seal = quern_primitives::commitment::audit_seal(&[0; 32], &AUDITOR, &drawn.id, &[0; 32], &[3; 32]);
    let reveal = Event::Reveal { by: AUDITOR, salt: [0; 32], results: [3; 32], holds_outputs: false };
    let events = [Event::Seal { by: AUDITOR, seal }, Event::Results { by: WORKER, digest: [3; 32] }, reveal];
    accepted = after(&drawn, events.into_iter().map(|event| (event, 2)).collect());
    let window = accepted.window().unwrap();
    assert_eq!(window.deliver_by, window.closes + params().delivery_blocks + 3 * 7);
}

#[test]
fn a_move_in_a_dispute_should_wait_for_the_inputs_of_a_task_and_a_checkpoint() {
    let shard = shard(3, mib(10, 4, 2, 7), 5);
    assert_eq!(shard.move_blocks(1, &params()), params().move_blocks + 10 + 4 + 2);
}

#[test]
fn deadlines_should_follow_the_work_where_bytes_are_worth_more_than_multiply_accumulates() {
    let params = Params { execute_blocks_per_gmac: 60, ..params() };
    let mut slow = shard(3, Traffic::default(), 0);
    slow.work = SegmentCosts { body: 1_000_000_000, ..slow.work };
    // Two repetitions in each of three tasks, and a little for the other segments.
    assert_eq!(slow.execute_blocks(&params), params.execute_floor_blocks + 3 * 2 * 60 + 1);
    assert_eq!(slow.move_blocks(1, &params), params.move_blocks + 60);
    assert_eq!(slow.work_macs(), 6 + 3 * 2 * 1_000_000_000, "that is paid for");
}

#[test]
fn work_should_be_the_larger_of_multiply_accumulates_and_what_bytes_are_worth() {
    assert_eq!((work(100, 10), work(100, 25), work(100, 26)), (100, 100, 26 * MACS_PER_MOVED_BYTE));
    assert_eq!(work(1, u64::MAX), u64::MAX);
}

proptest! {
    #[test]
    fn deadlines_should_never_be_shorter_than_without_bytes_or_more_blocks(
        tasks in 1u32..64, shared in any::<u64>(), task in any::<u64>(), state in any::<u64>(), output in any::<u64>(),
        extra in any::<Height>(), seed in any::<[u8; 32]>(),
    ) {
        let traffic = Traffic { shared_bytes: shared, task_bytes: task, state_bytes: state, output_bytes: output };
        let (bare, full) = (shard(tasks, Traffic::default(), 0), shard(tasks, traffic, extra));
        let deadlines = |shard: &Shard| {
            let sample = draw_segments(&mut Draw::new(seed), shard.tasks, &shard.costs, 8);
            let params = params();
            [
                shard.start_blocks(&params),
                shard.execute_blocks(&params),
                shard.seat_blocks(&params),
                shard.move_blocks(0, &params),
                audit_by(&audited(shard, &sample)),
            ]
        };
        let pairs = deadlines(&bare).into_iter().zip(deadlines(&full));
        for (bare, full) in pairs {
            prop_assert!(bare <= full);
        }
    }

    #[test]
    fn transfer_blocks_should_be_in_proportion_to_the_bytes_rounded_down(bytes in 0u64..1 << 40, per_gib in 0u32..10_000) {
        let params = Params { transfer_blocks_per_gib: per_gib, ..Params::default() };
        let exact = u128::from(bytes) * u128::from(per_gib);
        let blocks = u128::from(params.transfer_blocks(bytes)) << 30;
        prop_assert!(blocks <= exact && exact < blocks + (1 << 30));
    }
}
