// SPDX-License-Identifier: Apache-2.0
//! A lie that all drawn validators confirm, and a stranger who runs it again of its own accord.

use quern_primitives::ShardId;
use quern_protocol::shard::Phase;
use quern_tests::{jobs, network::BOND, Network, Requester};

#[tokio::test]
async fn accepted_lie_should_be_overturned_when_a_stranger_watches() {
    let network = Network::development().await;
    let requester = Requester::of(&network).await;
    let (mut workers, mut validators) = network.enrol(1, 2).await;
    let liar = workers[0].account();
    workers[0].restart_lying();
    validators.iter_mut().for_each(|validator| validator.restart_confirming());
    let _watcher = network.watch("//Worker//2");

    let job = requester.submit(jobs::small_job(2, 2)).await;
    let shard = ShardId { job, stage: 0, index: 0 };
    network.shard(shard, "is accepted", |view| view.shard.is_accepted().then_some(())).await;
    // Nothing was computed from it, so it is issued again at once.
    network
        .shard(shard, "is overturned", |view| {
            let is_again = view.shard.attempt > 0 || matches!(view.shard.phase, Phase::Overturned { .. });
            is_again.then_some(())
        })
        .await;
    let slashes = network.slashes().await;
    assert!(slashes.iter().any(|slash| slash.kind == "WrongResult" && slash.offender == liar), "{slashes:#?}");
    network.slashes_carried_out().await;
    assert!(network.bond(&liar).await < BOND);
    network.assert_invariants().await;
}
