// SPDX-License-Identifier: Apache-2.0
//! Every reachable state from the moment that inputs are said to be missing: all that anybody could send is tried in every
//! state, and what must always be true is checked after each step.

use codec::Encode;
use quern_primitives::{
    commitment::{audit_seal, results_digest},
    draw::SegmentCosts,
    plant::PlantedResult,
    traits::OffenceKind,
    Account, Balance, BlobId, Height, ShardId,
};
use quern_protocol::{
    shard::{
        Deal, Effect, Event, Phase, ProbeSeat, Seat, MAX_AUDIT_ROUNDS, MAX_COMPENSATED, MAX_PROBES, MAX_PROBE_ROUNDS,
    },
    Params, Shard, ShardError,
};
use std::collections::{BTreeMap, HashSet, VecDeque};

const WORKER: Account = [1; 32];
const OTHER_WORKER: Account = [2; 32];
const ANNA: Account = [3; 32];
const BORIS: Account = [4; 32];
const CLARA: Account = [5; 32];
const DORA: Account = [6; 32];
const EMIL: Account = [7; 32];
const STRANGER: Account = [9; 32];
const ID: ShardId = ShardId { job: 1, stage: 0, index: 0 };
const BOND: Balance = 5;
const OPENED: [u8; 32] = [13; 32];
const FROM: Height = 4;

fn params() -> Params {
    Params {
        execute_blocks_per_gmac: 0,
        open_blocks: 1,
        audit_blocks: 1,
        reveal_blocks: 1,
        move_blocks: 1,
        probe_blocks: 1,
        probe_seats: 2,
        declines_before_probe: 2,
        ..Params::default()
    }
}

fn deal(worker: Account) -> Deal {
    Deal { worker, price: 10, collateral: 30 }
}

fn shard() -> Shard {
    let costs = SegmentCosts { init: 1, body: 2, steps: 2, finish: 1, has_loop: true };
    Shard::new(ID, 0, 1, costs)
}

fn step(shard: &Shard, event: Event, height: Height) -> (Shard, Vec<Effect>) {
    shard.step(event.clone(), height, height / 2, &params()).unwrap_or_else(|error| panic!("{event:?}: {error:?}"))
}

fn decline(shard: &Shard, worker: Account) -> (Shard, Vec<Effect>) {
    let (assigned, _) = step(shard, Event::Assign(deal(worker)), 1);
    step(&assigned, Event::Decline(worker), 1)
}

/// Two workers have declined.
fn declined() -> Shard {
    decline(&decline(&shard(), WORKER).0, OTHER_WORKER).0
}

fn seats(of: &[Account]) -> Vec<ProbeSeat> {
    of.iter().map(|who| ProbeSeat::new(*who, BOND)).collect()
}

/// Anna has sealed, and Boris is the last of those who say that they have not got the inputs.
fn unaudited() -> Shard {
    unaudited_of(shard(), BlobId([5; 32]), FROM)
}

/// The same of a queued shard, with the root that its worker commits to and the height at which its audit comes to nothing.
fn unaudited_of(mut shard: Shard, root: BlobId, at: Height) -> Shard {
    let commit = Event::Commit { by: WORKER, root, secret_hash: [6; 32] };
    for event in [Event::Assign(deal(WORKER)), Event::Start(WORKER), commit] {
        shard = step(&shard, event, at - 3).0;
    }
    let draw = Event::Draw { sample: vec![1, 3], seats: vec![Seat::new(ANNA, BOND), Seat::new(BORIS, BOND)] };
    let results = results_digest(&ID, &[BlobId([1; 32])]);
    let seal = Event::Seal { by: ANNA, seal: audit_seal(&[7; 32], &ANNA, &ID, &OPENED, &results) };
    for event in [draw, Event::Open { by: WORKER, digest: OPENED }, seal] {
        shard = step(&shard, event, at).0;
    }
    shard.rounds = MAX_AUDIT_ROUNDS - 1;
    for inputs_missing in [false, true] {
        shard = step(&shard, Event::Unavailable { by: BORIS, inputs_missing }, at).0;
    }
    shard
}

fn events() -> Vec<Event> {
    let mut events = vec![Event::Expire, Event::Unseated];
    for by in [WORKER, ANNA, BORIS, CLARA, DORA, EMIL, STRANGER] {
        for available in [false, true] {
            events.push(Event::Inputs { by, available });
        }
        for inputs_missing in [false, true] {
            events.push(Event::Unavailable { by, inputs_missing });
        }
        events.push(Event::Start(by));
        events.push(Event::Probe(seats(&[by])));
    }
    for pair in [[CLARA, DORA], [DORA, EMIL], [CLARA, EMIL], [ANNA, CLARA], [BORIS, CLARA]] {
        events.push(Event::Probe(seats(&pair)));
    }
    events
}

/// Visits every state that is reached while validators are asked, and hands each step to `check`.
fn explore(from: Shard, mut check: impl FnMut(&Shard, &Event, Height, &Shard, &[Effect])) -> usize {
    let (mut seen, mut queue) = (HashSet::new(), VecDeque::from([(from, FROM)]));
    while let Some((shard, height)) = queue.pop_front() {
        if shard.probe().is_none() || !seen.insert((shard.encode(), height)) {
            continue;
        }
        if height < FROM + 12 {
            queue.push_back((shard.clone(), height + 1));
        }
        for event in events() {
            if let Ok((next, effects)) = shard.step(event.clone(), height, height / 2, &params()) {
                check(&shard, &event, height, &next, &effects);
                queue.push_back((next, height));
            }
        }
    }
    seen.len()
}

fn explore_both(mut check: impl FnMut(&Shard, &Event, Height, &Shard, &[Effect])) {
    assert!(explore(declined(), &mut check) > 40);
    assert!(explore(unaudited(), &mut check) > 40);
}

fn locks(shard: &Shard) -> BTreeMap<Account, Balance> {
    let mut locks = BTreeMap::new();
    for (who, amount) in shard.locks() {
        *locks.entry(who).or_insert(0) += amount;
    }
    locks
}

#[test]
fn shard_should_be_doubted_when_enough_different_workers_have_declined_it() {
    let (once, effects) = decline(&shard(), WORKER);
    assert_eq!((once.phase.clone(), effects.contains(&Effect::Requeue)), (Phase::Queued, true));
    let (twice, _) = decline(&once, WORKER);
    assert_eq!(twice.phase, Phase::Queued, "the same worker counts once");
    let (doubted, effects) = decline(&twice, OTHER_WORKER);
    assert!(matches!(doubted.phase, Phase::Doubted { work: None, .. }));
    assert!(effects.contains(&Effect::Doubt) && !effects.contains(&Effect::Requeue), "it would be handed out");
    assert!(effects.contains(&Effect::ReleaseWorker(deal(OTHER_WORKER))));
    assert!(effects.contains(&Effect::Declined(OTHER_WORKER)) && !effects.contains(&Effect::Late(OTHER_WORKER)));
}

/// The shard, run by Clara and confirmed by Dora: what its acceptance brings.
fn accepted_by_clara(shard: &Shard) -> (Shard, Vec<Effect>) {
    let results = results_digest(&ID, &[BlobId([1; 32])]);
    let draw = Event::Draw { sample: vec![3], seats: vec![Seat::new(DORA, BOND)] };
    let reveal = Event::Reveal { by: DORA, salt: [7; 32], results, holds_outputs: false };
    let events = [
        Event::Assign(deal(CLARA)),
        Event::Start(CLARA),
        Event::Commit { by: CLARA, root: BlobId([5; 32]), secret_hash: [6; 32] },
        draw,
        Event::Open { by: CLARA, digest: OPENED },
        Event::Seal { by: DORA, seal: audit_seal(&[7; 32], &DORA, &ID, &OPENED, &results) },
        Event::Results { by: CLARA, digest: results },
        reveal,
    ];
    let mut last = (shard.clone(), vec![]);
    for (number, event) in events.into_iter().enumerate() {
        // The draw takes a later period than the commitment.
        let height = if number < 3 { 20 } else { 24 };
        assert!(!last.1.iter().any(|effect| matches!(effect, Effect::DeclineRefuted(_))), "nobody knows yet");
        last = step(&last.0, event, height);
    }
    last
}

#[test]
fn decliners_should_be_refuted_when_the_result_of_another_worker_is_accepted() {
    let (shard, _) = decline(&shard(), WORKER);
    let (accepted, effects) = accepted_by_clara(&shard);
    assert!(accepted.is_accepted() && accepted.unjudged.is_empty());
    let refuted: Vec<&Effect> = effects.iter().filter(|effect| matches!(effect, Effect::DeclineRefuted(_))).collect();
    assert_eq!(refuted, [&Effect::DeclineRefuted(WORKER)]);
}

#[test]
fn decliner_should_not_be_refuted_when_it_completes_the_shard_itself() {
    let (shard, _) = decline(&shard(), CLARA);
    let (_, effects) = accepted_by_clara(&shard);
    assert!(!effects.contains(&Effect::DeclineRefuted(CLARA)));
}

#[test]
fn decliners_should_be_refuted_by_no_single_word_but_by_what_is_accepted_after_it() {
    let doubted = step(&declined(), Event::Probe(seats(&[CLARA, DORA])), 8).0;
    let (found, effects) = step(&doubted, Event::Inputs { by: DORA, available: true }, 8);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::DeclineRefuted(_))), "one word refutes nobody");
    assert_eq!((found.declined.len(), found.unjudged.len()), (0, 2));
    let (_, effects) = accepted_by_clara(&found);
    assert!(
        effects.contains(&Effect::DeclineRefuted(WORKER)) && effects.contains(&Effect::DeclineRefuted(OTHER_WORKER))
    );
}

#[test]
fn decliners_should_be_confirmed_and_forgotten_when_the_inputs_are_missing() {
    let mut confirmed = 0;
    explore(declined(), |before, _, _, after, effects| {
        let of =
            |effect: fn(Account) -> Effect| [WORKER, OTHER_WORKER].iter().all(|who| effects.contains(&effect(*who)));
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::DeclineRefuted(_))));
        let is_missing = effects.contains(&Effect::InputsMissing);
        assert_eq!(of(Effect::DeclineConfirmed), is_missing);
        assert_eq!(after.unjudged.is_empty(), is_missing, "else they are still to be judged");
        assert_eq!(before.unjudged.len(), 2);
        confirmed += u32::from(is_missing);
    });
    assert!(confirmed > 0);
}

#[test]
fn unjudged_should_be_the_last_of_those_who_declined_each_once() {
    let mut shard = shard();
    shard.attempt = 0;
    for worker in [1, 2, 3, 1, 4, 5, 6u8] {
        let (assigned, _) = step(&Shard { phase: Phase::Queued, ..shard }, Event::Assign(deal([worker; 32])), 1);
        shard = step(&assigned, Event::Decline([worker; 32]), 1).0;
    }
    assert_eq!(shard.unjudged.into_inner(), [[1; 32], [4; 32], [5; 32], [6; 32]]);
}

#[test]
fn declines_should_be_forgotten_when_a_worker_has_the_inputs() {
    let (once, _) = decline(&shard(), WORKER);
    let (assigned, _) = step(&once, Event::Assign(deal(OTHER_WORKER)), 1);
    let (started, _) = step(&assigned, Event::Start(OTHER_WORKER), 1);
    assert!(started.declined.is_empty());
}

#[test]
fn locks_should_be_released_or_at_stake_exactly_once_while_inputs_are_in_doubt() {
    explore_both(|before, event, _, after, effects| {
        let mut expected = locks(before);
        if let Event::Probe(seats) = event {
            seats.iter().for_each(|seat| *expected.entry(seat.auditor).or_insert(0) += seat.bond);
        }
        for effect in effects {
            let (who, amount) = match effect {
                Effect::ReleaseWorker(deal) => (deal.worker, deal.collateral),
                Effect::ReleaseAuditor(who, amount) => (*who, *amount),
                Effect::Offence { offender, locked, .. } => (*offender, *locked),
                _ => continue,
            };
            let left = expected.get_mut(&who).unwrap_or_else(|| panic!("{event:?} frees what is not locked"));
            *left = left.checked_sub(amount).expect("more is freed than is locked");
        }
        expected.retain(|_, amount| *amount > 0);
        assert_eq!(expected, locks(after), "{event:?} in {before:?}");
    });
}

#[test]
fn word_should_never_take_a_stake_and_silence_only_the_silent_ones() {
    let mut silent = 0;
    explore_both(|before, event, _, _, effects| {
        let Some(probe) = before.probe() else { return };
        for effect in effects {
            let Effect::Offence { kind, offender, locked, .. } = effect else { continue };
            assert_eq!((event, kind, *locked), (&Event::Expire, &OffenceKind::AuditNoShow, BOND));
            let seat = probe.seats.iter().find(|seat| seat.auditor == *offender).expect("a seat");
            assert!(!seat.missing, "it has said something");
            silent += 1;
        }
    });
    assert!(silent > 0);
}

#[test]
fn inputs_should_be_missing_only_when_every_seat_says_so_and_nobody_who_claimed_it_sits() {
    let mut missing = 0;
    explore_both(|before, event, _, after, effects| {
        let is_missing = effects.contains(&Effect::InputsMissing);
        let compensates = effects.iter().any(|effect| matches!(effect, Effect::Compensate { .. }));
        let Some(probe) = before.probe() else { return };
        if let Some(audit) = before.audit() {
            let partial =
                |who: &Account| audit.has_seat(who) || audit.left.contains(who) || audit.without_inputs.contains(who);
            assert!(!probe.seats.iter().any(|seat| partial(&seat.auditor)), "a claimer confirms its own claim");
        }
        if !is_missing {
            return assert!(!compensates, "work is paid that nobody has confirmed");
        }
        let Event::Inputs { by, available: false } = event else { panic!("{event:?}") };
        assert_eq!(probe.seats.len(), usize::from(probe.needed));
        assert!(probe.seats.iter().all(|seat| seat.missing || seat.auditor == *by));
        let sealed = before.audit().map(|audit| audit.seats.iter().filter(|seat| seat.seal.is_some()).count());
        let is_vouched =
            sealed.is_some_and(|sealed| sealed > 0 && sealed + 1 >= usize::from(before.audit().unwrap().needed));
        assert_eq!(compensates, is_vouched, "all but one seat must have run it");
        if sealed.is_some() && !is_vouched {
            assert!(effects.ends_with(&[Effect::InputsMissing]));
            assert_eq!((after.commitment(), after.probes), (before.commitment(), before.probes + 1), "it waits");
        } else {
            assert_eq!(after.phase, Phase::Queued);
            assert!(effects.ends_with(&[Effect::InputsMissing, Effect::Requeue]));
        }
        missing += 1;
    });
    assert!(missing > 0);
}

#[test]
fn work_should_be_paid_with_those_who_sealed_when_the_inputs_are_missing() {
    let mut paid = 0;
    explore(unaudited(), |before, _, _, after, effects| {
        let Some(effect) = effects.iter().find(|effect| matches!(effect, Effect::Compensate { .. })) else { return };
        assert_eq!(*effect, Effect::Compensate { deal: deal(WORKER), auditors: vec![ANNA], needed: 2 });
        assert!(effects.contains(&Effect::Unaudited(WORKER)) && effects.contains(&Effect::CloseDisputes));
        assert_eq!(after.compensated.to_vec(), [(before.attempt, before.commitment().unwrap().root)]);
        paid += 1;
    });
    assert!(paid > 0);
}

#[test]
fn results_should_count_each_with_its_root_when_several_were_paid_without_an_audit() {
    let mut shard = shard();
    let roots = [[5; 32], [8; 32]].map(BlobId);
    for (root, at) in roots.into_iter().zip([FROM, 20]) {
        shard = step(&unaudited_of(shard, root, at), Event::Probe(seats(&[CLARA, DORA])), at + 4).0;
        for by in [CLARA, DORA] {
            shard = step(&shard, Event::Inputs { by, available: false }, at + 4).0;
        }
    }
    assert_eq!(shard.attempt, 2);
    let never_pays = |attempt, root| shard.never_pays(&PlantedResult { shard: ID, attempt, worker: WORKER, root });
    assert_eq!([never_pays(0, roots[0]), never_pays(1, roots[1])], [false; 2], "both were paid");
    assert_eq!([never_pays(0, roots[1]), never_pays(1, roots[0])], [true; 2], "another result was paid");
}

#[test]
fn params_should_be_refused_when_more_results_could_be_paid_than_a_shard_remembers() {
    let of = |max_pauses| Params { max_pauses, ..Params::default() }.check().is_ok();
    assert!(of(MAX_COMPENSATED as u8 - 1) && !of(MAX_COMPENSATED as u8));
}

#[test]
fn audit_should_go_on_with_its_sample_and_seals_when_somebody_has_the_inputs() {
    let from = unaudited();
    let mut found = 0;
    explore(from.clone(), |before, event, _, after, effects| {
        let Event::Inputs { by, available: true } = event else { return };
        found += 1;
        assert!(effects.contains(&Effect::InputsFound(*by)) && !effects.contains(&Effect::ClaimRefuted(BORIS)));
        let (Phase::Committed { held: Some(held), .. }, Some(audit)) = (&after.phase, before.audit()) else {
            panic!("{after:?}")
        };
        assert_eq!((&held.sample, &held.seats, held.sampled_at), (&audit.sample, &audit.seats, audit.sampled_at));
        assert_eq!((after.rounds, after.probes, after.commitment()), (0, before.probes + 1, from.commitment()));
    });
    assert!(found > 0);
}

#[test]
fn commitment_should_be_given_up_unpaid_when_it_was_doubted_too_often() {
    let mut shard = unaudited();
    for probes in 1..=MAX_PROBES {
        shard = step(&shard, Event::Probe(seats(&[CLARA, DORA])), 8).0;
        shard = step(&shard, Event::Inputs { by: CLARA, available: true }, 8).0;
        assert_eq!(shard.probes, probes);
        let draw = Event::Draw { sample: vec![1, 3], seats: vec![Seat::new(BORIS, BOND)] };
        shard = step(&shard, draw, 12).0;
        shard.rounds = MAX_AUDIT_ROUNDS - 1;
        shard = step(&shard, Event::Unavailable { by: BORIS, inputs_missing: false }, 12).0;
        if probes == MAX_PROBES {
            let (ended, effects) = step(&shard, Event::Unavailable { by: BORIS, inputs_missing: true }, 12);
            assert_eq!((ended.phase, ended.probes), (Phase::Queued, 0));
            assert!(effects.contains(&Effect::Unaudited(WORKER)));
            assert!(!effects.iter().any(|effect| matches!(effect, Effect::Compensate { .. })));
            return;
        }
        shard = step(&shard, Event::Unavailable { by: BORIS, inputs_missing: true }, 4).0;
    }
}

#[test]
fn shard_should_go_on_as_before_when_too_many_are_silent() {
    for from in [declined(), unaudited()] {
        let (mut shard, mut height) = (from, FROM);
        let others = [[CLARA, DORA], [EMIL, STRANGER], [[21; 32], [22; 32]]];
        for round in 1..=MAX_PROBE_ROUNDS {
            height += 4;
            shard = step(&shard, Event::Probe(seats(&others[usize::from(round) - 1])), height).0;
            let (next, effects) = step(&shard, Event::Expire, shard.expires().unwrap());
            height += 2;
            assert_eq!(next.probe().is_none(), round == MAX_PROBE_ROUNDS);
            assert_eq!(effects.contains(&Effect::Requeue), round == MAX_PROBE_ROUNDS);
            assert!(!effects.contains(&Effect::InputsMissing));
            shard = next;
        }
        assert_eq!(shard.phase, Phase::Queued);
    }
}

#[test]
fn shard_should_go_on_as_before_when_too_few_validators_are_found_for_too_long() {
    let waits = params().seat_blocks(shard().work_macs());
    let (first, _) = step(&unaudited(), Event::Unseated, 8);
    assert!(matches!(first.phase, Phase::Doubted { .. }));
    let again = first.step(Event::Unseated, 8, 4, &params());
    assert_eq!(again, Err(ShardError::BadDraw), "a draw of a later period is owed");
    let (ended, effects) = step(&first, Event::Unseated, 8 + waits);
    assert_eq!(ended.phase, Phase::Queued);
    assert!(effects.contains(&Effect::Unaudited(WORKER)) && effects.contains(&Effect::ReleaseWorker(deal(WORKER))));
}
