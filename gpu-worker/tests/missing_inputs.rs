// SPDX-License-Identifier: Apache-2.0
//! A requester that is gone: what becomes of its shard, by the rules of the chain, when each fetch of its inputs takes long and fails.

use proptest::prelude::*;
use quern_primitives::{draw::SegmentCosts, job::Stage, Account, BlobId, Height, ShardId};
use quern_protocol::{
    inputs::StageContext,
    shard::{Deal, Effect, Event as ShardEvent, Phase},
    view::ShardView,
    Params, Shard,
};
use quern_worker::{
    core::{Action, Call, Event, Worker},
    site,
};

const ID: ShardId = ShardId { job: 1, stage: 0, index: 0 };
const WORKERS: [Account; 2] = [[1; 32], [2; 32]];
/// Blocks from an extrinsic to the block that takes it.
const SUBMIT_BLOCKS: Height = 2;

fn view(shard: &Shard) -> ShardView {
    let stage = Stage { program: BlobId([3; 32]), tasks: 1, shard_size: 1, inputs: Default::default() };
    ShardView {
        shard: shard.clone(),
        context: StageContext { genesis: [0; 32], job: 1, index: 0, stage, randomness: [5; 32], outputs: Vec::new() },
        requester: Vec::new(),
        endpoints: Vec::new(),
        disputes: Vec::new(),
        answered: Vec::new(),
        demand_price: None,
    }
}

fn step(shard: &Shard, event: ShardEvent, height: Height) -> (Shard, Vec<Effect>) {
    let stepped = shard.step(event.clone(), height, height / 2, &Params::default());
    stepped.unwrap_or_else(|error| panic!("{event:?} at {height}: {error:?}"))
}

/// The shard when a worker, drawn for it at a height, has declined it, and the height of that. Each fetch fails after so many blocks.
fn declined(shard: &Shard, worker: Account, from: Height, fetch_blocks: Height) -> (Shard, Height) {
    let (shard, _) = step(shard, ShardEvent::Assign(Deal { worker, price: 1, collateral: 3 }), from);
    let mut core = Worker::new(worker, []);
    let mut fetch = None;
    for best in from.. {
        if let Some((subject, _)) = fetch.filter(|(_, fails_at)| *fails_at <= best) {
            core.on(Event::Failed(subject));
            fetch = None;
        }
        let finalized = best.saturating_sub(2);
        for action in
            core.on(Event::Block { best, finalized, views: vec![view(&shard)].into(), served: Default::default() })
        {
            match action {
                Action::FetchInputs(_) => fetch = Some((site::subject(&action), best + fetch_blocks)),
                Action::Submit(Call::Decline(_)) => {
                    let height = best + SUBMIT_BLOCKS;
                    let (shard, effects) = step(&shard, ShardEvent::Decline(worker), height);
                    assert!(effects.contains(&Effect::Declined(worker)) && !effects.contains(&Effect::Late(worker)));
                    return (shard, height);
                }
                other => panic!("{other:?}"),
            }
        }
        let is_late = shard.step(ShardEvent::Expire, best, best / 2, &Params::default()).is_ok();
        assert!(!is_late, "the worker is late at {best}");
    }
    unreachable!("it is late before that")
}

proptest! {
    /// So the job is paused, and no worker loses reputation for its requester.
    #[test]
    fn inputs_should_be_doubted_and_nobody_late_however_long_a_fetch_takes_to_fail(fetch_blocks in 1..=50u32) {
        let costs = SegmentCosts { init: 1, body: 1, steps: 2, finish: 1, has_loop: true };
        let (once, height) = declined(&Shard::new(ID, 0, 1, costs), WORKERS[0], 10, fetch_blocks);
        prop_assert_eq!(&once.phase, &Phase::Queued);
        let (twice, _) = declined(&once, WORKERS[1], height + 1, fetch_blocks);
        prop_assert!(matches!(twice.phase, Phase::Doubted { .. }), "{:?}", twice.phase);
    }
}
