// SPDX-License-Identifier: Apache-2.0
//! A result that all drawn validators computed in place of a convicted worker.

use quern_primitives::{
    commitment::{audit_seal, leaf_list, opened_digest, results_digest, secret_hash},
    draw::SegmentCosts,
    traits::OffenceKind,
    Account, Balance, BlobId, Height, ShardId,
};
use quern_protocol::{
    shard::{Deal, Effect, Event, Phase, Seat, ShardError},
    Params, Shard,
};

const WORKER: Account = [1; 32];
const ANNA: Account = [2; 32];
const BORIS: Account = [3; 32];
const ID: ShardId = ShardId { job: 1, stage: 0, index: 0 };
const SALT: [u8; 32] = [7; 32];
const SECRET: [u8; 32] = [8; 32];
const LIE: [u8; 32] = [9; 32];
const BOND: Balance = 5;
const NOW: Height = 100;

fn params() -> Params {
    Params { move_blocks: 4, window_blocks: 20, delivery_blocks: 10, ..Params::default() }
}

fn ids(first: u8) -> Vec<BlobId> {
    (0..4).map(|index| BlobId([first + index; 32])).collect()
}

fn step(shard: Shard, event: Event) -> Shard {
    let period = if matches!(event, Event::Draw { .. }) { 2 } else { 0 };
    shard.step(event, NOW, period, &params()).expect("it is due").0
}

/// Convicted by Anna's dispute, after the drawn validators revealed these results of this sample.
fn convicted(sample: &[u32], results: &[(Account, [u8; 32])]) -> (Shard, Vec<Effect>) {
    let costs = SegmentCosts { init: 1, body: 2, steps: 2, finish: 1, has_loop: true };
    let opened = opened_digest(&ID, &[]);
    let mut shard = Shard::new(ID, 0, 1, costs);
    shard = step(shard, Event::Assign(Deal { worker: WORKER, price: 10, collateral: 30 }));
    shard = step(shard, Event::Start(WORKER));
    shard = step(shard, Event::Commit { by: WORKER, root: BlobId([5; 32]), secret_hash: [6; 32] });
    let seats = results.iter().map(|(who, _)| Seat::new(*who, BOND)).collect();
    shard = step(shard, Event::Draw { sample: sample.to_vec(), seats });
    shard = step(shard, Event::Open { by: WORKER, digest: opened });
    for (by, results) in results {
        let seal = audit_seal(&SALT, by, &ID, &opened, results);
        shard = step(shard, Event::Seal { by: *by, seal });
    }
    shard = step(shard, Event::Results { by: WORKER, digest: LIE });
    for (by, results) in results {
        shard = step(shard, Event::Reveal { by: *by, salt: SALT, results: *results, holds_outputs: false });
    }
    shard = step(shard, Event::Challenge { by: ANNA, position: sample[0], bond: 0 });
    let kind = OffenceKind::WrongResult;
    shard.step(Event::Resolved { challenger: ANNA, worker_lost: Some(kind) }, NOW, 0, &params()).unwrap()
}

fn truth() -> [u8; 32] {
    results_digest(&ID, &ids(20))
}

/// Both validators ran all four segments and came to the same.
fn adopting() -> Shard {
    convicted(&[0, 1, 2, 3], &[(ANNA, truth()), (BORIS, truth())]).0
}

fn adopt(by: Account) -> Event {
    Event::Adopt { by, ids: ids(20), secret: SECRET, bond: BOND }
}

#[test]
fn result_should_wait_for_adoption_when_all_validators_agree_on_every_segment() {
    let (shard, effects) = convicted(&[0, 1, 2, 3], &[(ANNA, truth()), (BORIS, truth())]);
    let adoption = shard.adoption().expect("it can be adopted");
    assert_eq!((adoption.auditor, adoption.price, &adoption.auditors[..]), (ANNA, 10, &[ANNA, BORIS][..]));
    let (kind, reporter) = (OffenceKind::WrongResult, Some(ANNA));
    assert_eq!(
        effects,
        [
            Effect::Offence { kind, offender: WORKER, locked: 30, reporter },
            Effect::ReleaseAuditor(ANNA, BOND),
            Effect::ReleaseAuditor(BORIS, BOND),
            Effect::CloseDisputes,
        ]
    );
    assert!(shard.locks().is_empty());
    assert_eq!(shard.parties(), [ANNA]);
    assert!(shard.is_duty_of(&ANNA));
}

#[test]
fn shard_should_start_again_when_some_segment_was_not_run_or_validators_disagree() {
    let other = results_digest(&ID, &ids(40));
    for (sample, second) in [(vec![0, 1, 3], truth()), (vec![0, 1, 2, 3], other)] {
        let (shard, effects) = convicted(&sample, &[(ANNA, truth()), (BORIS, second)]);
        assert_eq!((&shard.phase, shard.attempt), (&Phase::Queued, 1), "{sample:?}");
        assert_eq!(effects.last(), Some(&Effect::Requeue));
    }
    // Where one had confirmed the lie it answers for that first.
    let (shard, effects) = convicted(&[0, 1, 2, 3], &[(ANNA, truth()), (BORIS, LIE)]);
    assert!(shard.accused().is_some_and(|accused| accused.reissue) && !effects.contains(&Effect::Requeue));
    assert_eq!(shard.locks(), [(BORIS, BOND)]);
}

#[test]
fn validator_should_be_the_worker_when_it_adopts_the_result() {
    let (shard, effects) = adopting().step(adopt(ANNA), NOW + 4, 0, &params()).unwrap();
    let deal = Deal { worker: ANNA, price: 10, collateral: BOND };
    let auditors = vec![ANNA, BORIS];
    assert_eq!(effects, [Effect::Adopt(ANNA), Effect::Accept { deal: deal.clone(), auditors: auditors.clone() }]);
    assert!(shard.is_accepted());
    assert_eq!((shard.deal(), shard.auditors()), (Some(&deal), &auditors[..]));
    assert_eq!(shard.locks(), [(ANNA, BOND)]);
    let commitment = shard.result().unwrap();
    assert_eq!(commitment.root, BlobId::of(&leaf_list(&SECRET, &ANNA, &ID, &ids(20))));
    assert_eq!((commitment.secret_hash, commitment.at), (secret_hash(&SECRET), NOW + 4));
    let window = shard.window().unwrap();
    assert_eq!((window.closes, window.delivered), (NOW + 24, false));
    assert_eq!(shard.attempt, 0, "it was not issued again");
}

#[test]
fn adopted_result_should_be_challenged_and_overturned_like_any() {
    let (shard, _) = adopting().step(adopt(ANNA), NOW, 0, &params()).unwrap();
    let bond = shard.challenge_bond(&params()).unwrap();
    let shard = step(shard, Event::Challenge { by: WORKER, position: 2, bond });
    let lost = Event::Resolved { challenger: WORKER, worker_lost: Some(OffenceKind::WrongResult) };
    let (shard, effects) = shard.step(lost, NOW, 0, &params()).unwrap();
    assert!(matches!(shard.phase, Phase::Overturned { .. }));
    let (kind, reporter) = (OffenceKind::WrongResult, Some(WORKER));
    assert_eq!(effects[0], Effect::Offence { kind, offender: ANNA, locked: BOND, reporter });
}

#[test]
fn adoption_should_be_refused_when_it_is_not_by_who_convicted_or_not_of_what_was_revealed() {
    let refused = |shard: Shard, event| shard.step(event, NOW + 4, 0, &params()).unwrap_err();
    assert_eq!(refused(adopting(), adopt(BORIS)), ShardError::NotYours);
    assert_eq!(refused(adopting(), adopt(WORKER)), ShardError::NotYours);
    let ids = ids(21);
    let other = Event::Adopt { by: ANNA, ids, secret: SECRET, bond: BOND };
    assert_eq!(refused(adopting(), other), ShardError::DigestMismatch);
    let late = adopting().step(adopt(ANNA), NOW + 5, 0, &params());
    assert_eq!(late, Err(ShardError::TooLate));
    let (adopted, _) = adopting().step(adopt(ANNA), NOW, 0, &params()).unwrap();
    assert_eq!(refused(adopted, adopt(ANNA)), ShardError::WrongPhase);
}

#[test]
fn shard_should_start_again_when_nobody_adopts_its_result() {
    let shard = adopting();
    assert_eq!(shard.expires(), Some(NOW + 5));
    assert_eq!(shard.step(Event::Expire, NOW + 4, 0, &params()), Err(ShardError::NothingDue));
    let (shard, effects) = shard.step(Event::Expire, NOW + 5, 0, &params()).unwrap();
    assert_eq!((shard.phase, shard.attempt, effects), (Phase::Queued, 1, vec![Effect::Requeue]));
}

#[test]
fn shard_should_start_again_when_there_was_one_validator() {
    // Nobody but the requester could say that the outputs are delivered.
    let (shard, _) = convicted(&[0, 1, 2, 3], &[(ANNA, truth())]);
    assert_eq!(shard.phase, Phase::Queued);
}
