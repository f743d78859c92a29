// SPDX-License-Identifier: Apache-2.0
//! Daemons that die at the worst moment.

use quern_primitives::{traits::Role, ShardId};
use quern_protocol::shard::Phase;
use quern_tests::{
    eventually, jobs,
    network::{self, Slash, BOND},
    Daemon, Network, Process, Ran, Requester, PATIENCE,
};
use serde_json::json;

/// The first job's only shard.
fn only_shard(job: u64) -> ShardId {
    ShardId { job, stage: 0, index: 0 }
}

fn of(daemons: &mut [Daemon], account: [u8; 32]) -> &mut Daemon {
    daemons.iter_mut().find(|daemon| daemon.account() == account).expect("the account is one of the daemons'")
}

#[tokio::test]
async fn shard_should_be_accepted_when_its_worker_is_killed_after_the_commitment_and_restarted() {
    let network = Network::development().await;
    let requester = Requester::of(&network).await;
    let (mut workers, validators) = network.enrol(2, 2).await;
    let shard = only_shard(requester.submit(jobs::small_job(4, 4)).await);

    let worker = network.committed(shard).await;
    of(&mut workers, worker).kill();
    let opened = network.shard(shard, "is there", |view| Some(view.shard.audit().and_then(|audit| audit.opened))).await;
    assert_eq!(opened, None, "the worker had opened before it was killed");
    // It stays dead until the chain waits for it.
    network.shard(shard, "is drawn", |view| matches!(view.shard.phase, Phase::Opening { .. }).then_some(())).await;
    of(&mut workers, worker).restart();

    network.completed(shard.job).await;
    let (attempt, deal) =
        network.shard(shard, "has a deal", |view| Some((view.shard.attempt, view.shard.deal()?.clone()))).await;
    assert_eq!((attempt, deal.worker), (0, worker), "the same worker delivered what it had committed to");
    assert_eq!(network.slashes().await, vec![]);
    for daemon in workers.iter().chain(&validators) {
        assert_eq!(network.bond(&daemon.account()).await, BOND, "{}", daemon.name);
    }
    network.assert_invariants().await;
}

#[tokio::test]
async fn validator_should_reveal_when_it_is_killed_after_its_seal_and_restarted() {
    let network = Network::development().await;
    let requester = Requester::of(&network).await;
    let (workers, mut validators) = network.enrol(1, 2).await;
    let shard = only_shard(requester.submit(jobs::small_job(4, 4)).await);

    let sealed = network
        .shard(shard, "has a seal", |view| {
            let seats = &view.shard.audit()?.seats;
            seats.iter().find(|seat| seat.seal.is_some() && seat.verdict.is_none()).map(|seat| seat.auditor)
        })
        .await;
    of(&mut validators, sealed).kill();
    // The chain waits for its reveal, and for nothing else.
    network
        .shard(shard, "lacks the dead validator's reveal alone", |view| {
            let Phase::Comparing { audit, .. } = &view.shard.phase else { return None };
            let silent: Vec<_> = audit.seats.iter().filter(|seat| seat.verdict.is_none()).collect();
            assert!(silent.iter().any(|seat| seat.auditor == sealed), "it had revealed before it was killed");
            (silent.len() == 1).then_some(())
        })
        .await;
    of(&mut validators, sealed).restart();

    network.completed(shard.job).await;
    let attempt = network.shard(shard, "is there", |view| Some(view.shard.attempt)).await;
    assert_eq!(attempt, 0);
    assert_eq!(network.slashes().await, vec![]);
    for daemon in workers.iter().chain(&validators) {
        assert_eq!(network.bond(&daemon.account()).await, BOND, "{}", daemon.name);
    }
    network.assert_invariants().await;
}

#[tokio::test]
async fn worker_should_lose_its_collateral_and_the_shard_be_redone_when_it_falls_silent_after_the_commitment() {
    let network = Network::with_params(json!({ "open_blocks": 40 })).await;
    let requester = Requester::of(&network).await;
    let (mut workers, validators) = network.enrol(2, 2).await;
    let shard = only_shard(requester.submit(jobs::small_job(4, 4)).await);

    let silent = network.committed(shard).await;
    of(&mut workers, silent).kill();
    let collateral = network.shard(shard, "has a deal", |view| Some(view.shard.deal()?.collateral)).await;
    assert!(collateral > 0);

    let job = network.completed(shard.job).await;
    assert_eq!(job.escrow_left, 0);
    let (attempt, deal) =
        network.shard(shard, "has a deal", |view| Some((view.shard.attempt, view.shard.deal()?.clone()))).await;
    assert_eq!(attempt, 1);
    assert_ne!(deal.worker, silent, "another worker did it again");
    let slash = Slash { kind: "Withheld".into(), offender: silent, amount: collateral };
    assert_eq!(network.slashes().await, vec![slash]);
    network.slashes_carried_out().await;
    for daemon in workers.iter().chain(&validators) {
        let account = daemon.account();
        let expected = if account == silent { BOND - collateral } else { BOND };
        assert_eq!(network.bond(&account).await, expected, "{}", daemon.name);
    }
    network.assert_invariants().await;
}

#[tokio::test]
async fn worker_should_be_refused_in_an_empty_folder_when_it_has_promised_a_result_unless_it_is_told_to_go_on() {
    let network = Network::with_params(json!({ "open_blocks": 600 })).await;
    let requester = Requester::of(&network).await;
    let (mut workers, _validators) = network.enrol(1, 2).await;
    let shard = only_shard(requester.submit(jobs::small_job(4, 4)).await);
    network.committed(shard).await;
    workers[0].kill();

    let empty = network.folder().join("empty");
    let elsewhere = || network::daemon(Role::Worker, "//Worker//1", &network.rpc, network.folder(), &empty);
    let words =
        ["in open shards (1: ", &shard.to_string(), "of its bond are locked", "--data", "--without-open-shards"];
    Ran::of(elsewhere(), PATIENCE).await.refused(1, &words);
    let mut told = elsewhere();
    told.arg("--without-open-shards");
    let starts = async |name, command| {
        let daemon = Process::start(name, command, network.folder());
        let follows =
            async || daemon.tail().contains("this folder holds nothing of what the account owes").then_some(());
        eventually("the daemon goes on", PATIENCE, follows).await;
        // Its registration is that of this daemon only after everything that could refuse it.
        let is_registered = async || daemon.tail().contains("registration updated").then_some(());
        eventually("the daemon is registered", PATIENCE, is_registered).await;
        daemon
    };
    drop(starts("told", told).await);
    drop(starts("restarted", elsewhere()).await);

    workers[0].restart();
    network.completed(shard.job).await;
    let attempt = network.shard(shard, "is there", |view| Some(view.shard.attempt)).await;
    assert_eq!((attempt, network.slashes().await), (0, vec![]), "the folder that had promised it has shown it");
}

/// The phase of a shard in a word.
fn phase(shard: &quern_protocol::Shard) -> &'static str {
    match shard.phase {
        Phase::Assigned { .. } => "assigned",
        Phase::Running { .. } => "running",
        Phase::Opening { .. } => "opening",
        Phase::Auditing { .. } => "auditing",
        Phase::Revealing { .. } => "revealing",
        Phase::Comparing { .. } => "comparing",
        _ => "another",
    }
}

#[tokio::test]
async fn shard_should_be_accepted_at_its_first_attempt_when_its_worker_is_killed_in_any_phase() {
    let network = Network::development().await;
    let requester = Requester::of(&network).await;
    let (mut workers, validators) = network.enrol(2, 2).await;
    for wanted in ["assigned", "running", "opening", "auditing", "revealing", "comparing"] {
        let shard = only_shard(requester.submit(jobs::small_job(4, 4)).await);
        let (seen, worker) = network
            .shard(shard, &format!("is {wanted}, or beyond"), |view| {
                let deal = view.shard.deal()?;
                (phase(&view.shard) == wanted || view.shard.is_accepted()).then(|| (phase(&view.shard), deal.worker))
            })
            .await;
        assert_eq!(seen, wanted, "the phase went by unseen");
        let worker = of(&mut workers, worker);
        worker.kill();
        worker.restart();
        network.completed(shard.job).await;
        let attempt = network.shard(shard, "is there", |view| Some(view.shard.attempt)).await;
        assert_eq!(attempt, 0, "killed while it was {wanted}");
    }
    assert_eq!(network.slashes().await, vec![]);
    for daemon in workers.iter().chain(&validators) {
        assert_eq!(network.bond(&daemon.account()).await, BOND, "{}", daemon.name);
    }
    network.assert_invariants().await;
}

#[tokio::test]
async fn audit_should_be_revealed_when_a_validator_is_killed_before_its_seal_and_before_its_reveal() {
    let network = Network::development().await;
    let requester = Requester::of(&network).await;
    let (_workers, mut validators) = network.enrol(1, 2).await;
    for wanted in ["auditing", "comparing"] {
        let shard = only_shard(requester.submit(jobs::small_job(4, 4)).await);
        let drawn = network
            .shard(shard, &format!("is {wanted}"), |view| {
                let seat = view.shard.audit()?.seats.iter().find(|seat| seat.verdict.is_none())?;
                (phase(&view.shard) == wanted).then_some(seat.auditor)
            })
            .await;
        let validator = of(&mut validators, drawn);
        validator.kill();
        validator.restart();
        network.completed(shard.job).await;
        let attempt = network.shard(shard, "is there", |view| Some(view.shard.attempt)).await;
        assert_eq!(attempt, 0, "killed while it was {wanted}");
    }
    assert_eq!(network.slashes().await, vec![]);
    for daemon in &validators {
        assert_eq!(network.bond(&daemon.account()).await, BOND, "{}", daemon.name);
    }
    network.assert_invariants().await;
}
