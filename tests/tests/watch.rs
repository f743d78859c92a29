// SPDX-License-Identifier: Apache-2.0
//! A lie that all drawn validators confirm, and a stranger who runs it again of its own accord: worker and validators pay.

use quern_primitives::ShardId;
use quern_tests::{jobs, network::BOND, Network, Requester};

#[tokio::test]
async fn accepted_lie_should_be_overturned_when_a_stranger_watches() {
    let network = Network::development().await;
    let requester = Requester::of(&network).await;
    let (mut workers, mut validators) = network.enrol(1, 2).await;
    let liar = workers[0].account();
    let accomplices: Vec<_> = validators.iter().map(|validator| validator.account()).collect();
    workers[0].restart_lying();
    validators.iter_mut().for_each(|validator| validator.restart_confirming());
    let _watcher = network.watch("//Worker//2");

    let job = requester.submit(jobs::small_job(2, 2)).await;
    let shard = ShardId { job, stage: 0, index: 0 };
    network.shard(shard, "is accepted", |view| view.shard.is_accepted().then_some(())).await;
    network
        .shard(shard, "is overturned", |view| (view.shard.attempt > 0 || !view.shard.is_accepted()).then_some(()))
        .await;
    let slashes = network.slashes().await;
    assert!(slashes.iter().any(|slash| slash.kind == "WrongResult" && slash.offender == liar), "{slashes:#?}");
    // The small job has fewer segments than are drawn of a shard, so both have confirmed where the lie begins.
    network
        .shard(shard, "has had its auditors convicted", |view| {
            (!view.shard.is_accepted() && view.shard.accused().is_none()).then_some(())
        })
        .await;
    let slashes = network.slashes().await;
    for accomplice in &accomplices {
        let mut own = slashes.iter().filter(|slash| slash.offender == *accomplice);
        assert!(own.any(|slash| slash.kind == "WrongAudit"), "{slashes:#?}");
    }
    network.slashes_carried_out().await;
    for offender in accomplices.iter().chain([&liar]) {
        assert!(network.bond(offender).await < BOND);
    }
    network.assert_invariants().await;
}
