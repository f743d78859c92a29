// SPDX-License-Identifier: Apache-2.0
//! Every reachable state of a small shard: two drawn validators, a worker, a stranger, deadlines of one block. All events
//! that anybody could send are tried in every state, and what must always be true is checked after each.

use codec::Encode;
use proptest::prelude::*;
use quern_primitives::{
    commitment::{audit_seal, opened_digest, results_digest},
    draw::SegmentCosts,
    traits::OffenceKind,
    Account, Balance, BlobId, Height, ShardId,
};
use quern_protocol::{
    shard::{Audit, Deal, Demand, Effect, Event, Phase, Seat, Verdict, MAX_AUDIT_ROUNDS, MAX_CHALLENGES, MAX_LEFT},
    Moment, Params, Shard, ShardError,
};
use std::collections::{BTreeMap, HashSet, VecDeque};

const WORKER: Account = [1; 32];
const ANNA: Account = [2; 32];
const BORIS: Account = [3; 32];
/// Drawn for a vacant seat.
const CLARA: Account = [4; 32];
const STRANGER: Account = [9; 32];
const EVERYBODY: [Account; 4] = [WORKER, ANNA, BORIS, STRANGER];
const ID: ShardId = ShardId { job: 1, stage: 0, index: 0 };
const SALT: [u8; 32] = [7; 32];
const RIGHT: [u8; 32] = [11; 32];
const WRONG: [u8; 32] = [12; 32];
const OPENED: [u8; 32] = [13; 32];
/// Long enough for an audit that comes to nothing and the next one, with deadlines of one block.
const LAST_HEIGHT: Height = 10;

fn params() -> Params {
    Params {
        start_blocks: 1,
        execute_floor_blocks: 1,
        execute_blocks_per_gmac: 0,
        open_blocks: 1,
        audit_blocks: 1,
        reveal_blocks: 1,
        move_blocks: 1,
        window_blocks: 2,
        delivery_blocks: 1,
        challenge_bond: 7,
        ..Params::default()
    }
}

fn deal() -> Deal {
    Deal { worker: WORKER, price: 10, collateral: 30 }
}

fn shard() -> Shard {
    let costs = SegmentCosts { init: 1, body: 2, steps: 2, finish: 1, has_loop: true };
    Shard::new(ID, 0, 1, costs)
}

/// Everything that anybody could send, and everything that the chain itself could do.
fn events() -> Vec<Event> {
    let mut events = vec![
        Event::Assign(deal()),
        Event::Draw { sample: vec![1, 3], seats: vec![Seat::new(ANNA, 5), Seat::new(BORIS, 5)] },
        Event::Unseated,
        Event::Answer(vec![BlobId([1; 32])]),
        Event::Expire,
    ];
    for by in EVERYBODY {
        events.push(Event::Start(by));
        events.push(Event::Decline(by));
        events.push(Event::Commit { by, root: BlobId([5; 32]), secret_hash: [6; 32] });
        events.push(Event::Open { by, digest: OPENED });
        events.push(Event::Demand(by));
        events.push(Event::Results { by, digest: RIGHT });
        for inputs_missing in [false, true] {
            events.push(Event::Unavailable { by, inputs_missing });
        }
        events.push(Event::Challenge { by, position: 1, bond: 0 });
        for results in [RIGHT, WRONG] {
            events.push(Event::Seal { by, seal: audit_seal(&SALT, &by, &ID, &OPENED, &results) });
            let holds_outputs = by == ANNA && results == RIGHT;
            events.push(Event::Reveal { by, salt: SALT, results, holds_outputs });
        }
    }
    for challenger in [ANNA, BORIS] {
        for worker_lost in [None, Some(OffenceKind::WrongResult)] {
            events.push(Event::Resolved { challenger, worker_lost });
        }
    }
    events
}

/// The same where a seat is vacant, and whoever is drawn for it has a part.
fn events_of_a_vacancy() -> Vec<Event> {
    let mut events = events();
    events.extend([
        Event::Demand(CLARA),
        Event::Unavailable { by: CLARA, inputs_missing: false },
        Event::Unavailable { by: CLARA, inputs_missing: true },
        Event::Challenge { by: CLARA, position: 1, bond: 0 },
    ]);
    for results in [RIGHT, WRONG] {
        events.push(Event::Seal { by: CLARA, seal: audit_seal(&SALT, &CLARA, &ID, &OPENED, &results) });
        events.push(Event::Reveal { by: CLARA, salt: SALT, results, holds_outputs: false });
    }
    for seats in [vec![ANNA], vec![BORIS], vec![CLARA], vec![ANNA, CLARA], vec![CLARA, BORIS]] {
        let seats = seats.into_iter().map(|who| Seat::new(who, 5)).collect();
        events.push(Event::Draw { sample: vec![1, 3], seats });
    }
    for worker_lost in [None, Some(OffenceKind::WrongResult)] {
        events.push(Event::Resolved { challenger: CLARA, worker_lost });
    }
    events
}

/// Everything that anybody could send about an accepted shard, and everything that the chain itself could do.
fn window_events() -> Vec<Event> {
    let mut events = vec![Event::Deliver, Event::Expire, Event::Reissue];
    for position in [2, 3, 4] {
        events.extend([Event::DemandLeaf(position), Event::AnswerLeaf(position)]);
    }
    for by in [WORKER, ANNA, STRANGER] {
        for bond in [0, 7, 14, 28] {
            events.push(Event::Challenge { by, position: 1, bond });
        }
        for worker_lost in [None, Some(OffenceKind::WrongResult)] {
            events.push(Event::Resolved { challenger: by, worker_lost });
        }
    }
    events
}

/// A shard that was accepted at height 4: the window closes at 6, and 7 is the last height for a delivery.
fn accepted() -> Shard {
    let reveal = |by| Event::Reveal { by, salt: SALT, results: RIGHT, holds_outputs: false };
    let shard = comparing([RIGHT, RIGHT]);
    let (shard, _) = shard.step(reveal(ANNA), 4, 2, &params()).unwrap();
    shard.step(reveal(BORIS), 4, 2, &params()).unwrap().0
}

fn locks(shard: &Shard) -> BTreeMap<Account, Balance> {
    let mut locks = BTreeMap::new();
    for (who, amount) in shard.locks() {
        *locks.entry(who).or_insert(0) += amount;
    }
    locks
}

/// Everything that anybody could send about a shard whose auditors may be accused, and everything that the chain could do.
fn accused_events() -> Vec<Event> {
    let mut events = vec![Event::Expire, Event::Reissue];
    for auditor in [ANNA, BORIS] {
        for bond in [7, 14, 28] {
            events.push(accuse(STRANGER, auditor, bond));
        }
        for lost in [false, true] {
            events.push(Event::Judged { auditor, lost });
        }
    }
    events
}

/// Visits every reachable state and hands each accepted step to `check`: first the road to acceptance and what happens to
/// the result when nobody touches it, then the same from a vacant seat on, then everything that can be done in the window.
fn explore(mut check: impl FnMut(&Shard, &Event, Height, &Shard, &[Effect])) -> usize {
    let road = visit(shard(), 1, events(), &mut check) + visit(vacant(), 6, events_of_a_vacancy(), &mut check);
    let window = visit(accepted(), 4, window_events(), &mut check);
    let accused = visit(convicted().0, 5, accused_events(), &mut check);
    road + window + accused + visit(convicted_early().0, 6, accused_events(), &mut check)
}

/// Anna has sealed the right answer, Boris fell silent and lost his seat at height 6.
fn vacant() -> Shard {
    let seal = Event::Seal { by: ANNA, seal: audit_seal(&SALT, &ANNA, &ID, &OPENED, &RIGHT) };
    let (shard, _) = opened().step(seal, 4, 2, &params()).unwrap();
    shard.step(Event::Expire, 6, 3, &params()).unwrap().0
}

/// Anna and Boris were drawn at height 4 and owe their seals.
fn opened() -> Shard {
    let draw = Event::Draw { sample: vec![1, 3], seats: vec![Seat::new(ANNA, 5), Seat::new(BORIS, 5)] };
    let (drawn, _) = committed().step(draw, 4, 2, &params()).unwrap();
    drawn.step(Event::Open { by: WORKER, digest: OPENED }, 4, 2, &params()).unwrap().0
}

/// The shard without what only the price of the next demand depends on.
fn unpriced(shard: &Shard) -> Shard {
    let mut shard = shard.clone();
    if let Phase::Accepted { window, .. } = &mut shard.phase {
        (window.asked, window.asked_at) = (0, 0);
    }
    shard
}

fn visit(
    from: Shard,
    height: Height,
    events: Vec<Event>,
    check: &mut impl FnMut(&Shard, &Event, Height, &Shard, &[Effect]),
) -> usize {
    let params = params();
    let attempts = from.attempt + 1;
    let is_accused = from.accused().is_some();
    let mut seen = HashSet::new();
    let mut queue = VecDeque::from([(from, height, 0)]);
    while let Some((shard, height, asked)) = queue.pop_front() {
        // A demand that is answered can be made again without end. How many there were is nothing to who comes after the window.
        let asked = if shard.window().is_some() { asked } else { 0 };
        if shard.attempt > attempts || asked > 2 || !seen.insert((unpriced(&shard).encode(), height, asked)) {
            continue;
        }
        if height < LAST_HEIGHT {
            queue.push_back((shard.clone(), height + 1, asked));
        }
        for event in &events {
            if let Ok((next, effects)) = shard.step(event.clone(), height, height / 2, &params) {
                check(&shard, event, height, &next, &effects);
                // What follows when auditors may be accused is visited from one such shard.
                if is_accused || next.accused().is_none() {
                    let asks = matches!(event, Event::DemandLeaf(_));
                    queue.push_back((next, height, asked + u32::from(asks)));
                }
            }
        }
    }
    seen.len()
}

#[test]
fn locked_collateral_should_be_released_or_at_stake_exactly_once_in_every_step() {
    let states = explore(|before, event, _, after, effects| {
        let mut expected = locks(before);
        let mut lock = |who: Account, amount: Balance| *expected.entry(who).or_insert(0) += amount;
        match event {
            Event::Assign(deal) => lock(deal.worker, deal.collateral),
            Event::Draw { seats, .. } => seats.iter().for_each(|seat| lock(seat.auditor, seat.bond)),
            Event::Challenge { by, bond, .. } | Event::Accuse { by, bond, .. } => lock(*by, *bond),
            _ => {}
        }
        for effect in effects {
            let (who, amount) = match effect {
                Effect::ReleaseWorker(deal) => (deal.worker, deal.collateral),
                Effect::ReleaseAuditor(who, amount) | Effect::ReleaseChallenger(who, amount) => (*who, *amount),
                Effect::Offence { offender, locked, .. } => (*offender, *locked),
                _ => continue,
            };
            let left = expected.get_mut(&who).and_then(|left| left.checked_sub(amount).map(|rest| (left, rest)));
            let (left, rest) = left.unwrap_or_else(|| panic!("{event:?} frees what is not locked in {before:?}"));
            *left = rest;
        }
        expected.retain(|_, amount| *amount > 0);
        assert_eq!(expected, locks(after), "{event:?} in {before:?}");
    });
    assert!(states > 500, "only {states} states were reached");
}

#[test]
fn worker_should_only_be_accused_after_its_own_deadline_or_a_lost_dispute() {
    explore(|before, event, height, _, effects| {
        for effect in effects {
            let Effect::Offence { kind, offender, .. } = effect else { continue };
            if *offender != WORKER {
                continue;
            }
            match event {
                Event::Resolved { worker_lost: Some(lost), .. } => assert_eq!(kind, lost),
                Event::Expire => {
                    assert_eq!(*kind, OffenceKind::Withheld);
                    let late = match &before.phase {
                        Phase::Opening { by, .. } | Phase::Revealing { by, .. } => height > *by,
                        Phase::Auditing { audit, .. } | Phase::Comparing { audit, .. } => {
                            matches!(audit.demand, Demand::Owed(by) if height > by)
                        }
                        Phase::Accepted { window, .. } => window.demands.iter().any(|demand| height > demand.by),
                        _ => false,
                    };
                    assert!(late, "accused in time in {before:?} at {height}");
                }
                _ => panic!("{event:?} accuses the worker"),
            }
        }
    });
}

#[test]
fn validator_should_only_be_accused_of_what_its_own_seat_shows() {
    explore(|before, event, _, _, effects| {
        for effect in effects {
            let Effect::Offence { kind, offender, .. } = effect else { continue };
            let Some(seat) = before.audit().and_then(|audit| audit.seats.iter().find(|seat| seat.auditor == *offender))
            else {
                if let Event::Judged { auditor, lost } = event {
                    let judged = before.liable().iter().find(|liable| liable.auditor == *auditor).unwrap();
                    let expected = match lost {
                        true => (OffenceKind::WrongAudit, *auditor),
                        false => (OffenceKind::FalseAlarm, judged.accuser.unwrap().challenger),
                    };
                    assert_eq!((*kind, *offender), expected);
                    continue;
                }
                let challenges =
                    before.window().is_some_and(|w| w.challenges.iter().any(|s| s.challenger == *offender));
                assert!(*offender == WORKER || challenges, "{offender:?} has no part in {before:?}");
                if challenges {
                    let lost = Event::Resolved { challenger: *offender, worker_lost: None };
                    assert_eq!((event, kind), (&lost, &OffenceKind::FalseAlarm));
                }
                continue;
            };
            match kind {
                OffenceKind::AuditNoShow => assert_eq!(seat.seal, None),
                OffenceKind::FalseAlarm => match event {
                    Event::Resolved { challenger, worker_lost: None } => assert_eq!(challenger, offender),
                    Event::Expire => assert!(matches!(seat.verdict, None | Some(Verdict::Differs))),
                    _ => panic!("{event:?} accuses a validator"),
                },
                _ => panic!("{kind:?} is no offence of a validator"),
            }
        }
    });
}

#[test]
fn whoever_can_be_accused_of_a_silence_should_have_something_to_do_in_the_shard() {
    explore(|before, event, _, _, effects| {
        for effect in effects.iter().filter(|_| *event == Event::Expire) {
            if let Effect::Offence { offender, .. } = effect {
                assert!(before.parties().contains(offender) && before.is_duty_of(offender), "{before:?}");
            }
        }
    });
}

#[test]
fn whoever_moves_a_shard_that_is_not_accepted_should_have_something_to_do_in_it() {
    explore(|before, event, _, _, _| {
        let by = match event {
            Event::Start(by) | Event::Decline(by) | Event::Demand(by) | Event::Unavailable { by, .. } => by,
            Event::Commit { by, .. } | Event::Open { by, .. } | Event::Seal { by, .. } => by,
            Event::Results { by, .. } | Event::Reveal { by, .. } | Event::Challenge { by, .. } => by,
            _ => return,
        };
        assert!(before.window().is_some() || before.is_duty_of(by), "{before:?} {event:?}");
    });
}

#[test]
fn accepted_shard_should_be_left_to_its_challenger_and_its_worker_when_it_is_delivered() {
    let duties = |shard: &Shard| EVERYBODY.map(|who| shard.parties().contains(&who) && shard.is_duty_of(&who));
    let params = params();
    let accepted = accepted();
    assert_eq!(duties(&accepted), [true, true, true, false]);
    let (delivered, _) = accepted.step(Event::Deliver, 5, 2, &params).unwrap();
    assert_eq!(duties(&delivered), [false; 4]);
    let challenge = Event::Challenge { by: STRANGER, position: 1, bond: params.challenge_bond };
    let (challenged, _) = delivered.step(challenge, 5, 2, &params).unwrap();
    assert_eq!(duties(&challenged), [true, false, false, true]);
    let (asked, _) = delivered.step(Event::DemandLeaf(1), 5, 2, &params).unwrap();
    assert_eq!(duties(&asked), [true, false, false, false]);
    let (settled, _) = delivered.step(Event::Expire, delivered.expires().unwrap(), 4, &params).unwrap();
    assert_eq!(duties(&settled), [false; 4]);
}

#[test]
fn shard_should_only_be_accepted_when_all_drawn_validators_match() {
    let mut accepted = 0;
    explore(|before, _, _, after, effects| {
        if !after.is_accepted() || before.is_accepted() {
            return;
        }
        accepted += 1;
        let audit = before.audit().expect("only an audited shard is accepted");
        let missing = audit.seats.iter().filter(|seat| seat.verdict.is_none()).count();
        assert!(missing <= 1, "accepted with {missing} reveals missing before the last");
        assert!(audit.seats.iter().all(|seat| matches!(seat.verdict, None | Some(Verdict::Matches))));
        let paid: Vec<_> = effects.iter().filter(|effect| matches!(effect, Effect::Accept { .. })).collect();
        assert_eq!(paid.len(), 1);
    });
    assert!(accepted > 0);
}

#[test]
fn settled_or_overturned_shard_should_never_change_but_be_issued_again() {
    explore(|before, event, _, after, effects| {
        if before.is_final() {
            assert_eq!((event, &after.phase, effects), (&Event::Reissue, &Phase::Queued, &[Effect::Requeue][..]));
            assert!(matches!(before.phase, Phase::Overturned { .. }));
        }
    });
}

#[test]
fn shard_should_be_paid_once_and_only_when_its_window_has_closed_over_a_delivered_result() {
    let mut paid_for = 0;
    explore(|before, event, height, after, effects| {
        let settled: Vec<bool> = effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Settle { paid, .. } => Some(*paid),
                _ => None,
            })
            .collect();
        assert_eq!(settled.is_empty(), !matches!(after.phase, Phase::Settled { .. }) || before.is_final());
        let [paid] = settled[..] else {
            return assert!(settled.is_empty());
        };
        let window = before.window().expect("only an accepted shard is settled");
        assert!(window.challenges.is_empty() && window.demands.is_empty() && height > window.closes);
        assert_eq!(paid, window.delivered || *event == Event::Deliver);
        paid_for += u32::from(paid);
    });
    assert!(paid_for > 0);
}

#[test]
fn result_should_be_overturned_only_when_its_worker_is_accused() {
    let mut overturned = 0;
    explore(|before, _, _, after, effects| {
        if !before.is_accepted() || after.is_accepted() {
            return;
        }
        let accused = |effect: &Effect| matches!(effect, Effect::Offence { offender: WORKER, locked: 30, .. });
        assert!(effects.iter().any(accused), "{before:?}");
        assert!(effects.contains(&Effect::Overturn(deal())) && effects.contains(&Effect::CloseDisputes));
        overturned += 1;
    });
    assert!(overturned > 0);
}

#[test]
fn stranger_should_never_move_a_shard_that_is_not_accepted() {
    explore(|before, event, _, _, _| {
        let by = match event {
            Event::Start(by) | Event::Decline(by) | Event::Demand(by) | Event::Unavailable { by, .. } => by,
            Event::Commit { by, .. }
            | Event::Open { by, .. }
            | Event::Seal { by, .. }
            | Event::Results { by, .. }
            | Event::Reveal { by, .. }
            | Event::Challenge { by, .. } => by,
            _ => return,
        };
        assert!(*by != STRANGER || before.is_accepted(), "{event:?}");
    });
}

#[test]
fn claim_of_missing_bytes_should_take_no_stake_and_make_room_for_nobody() {
    let mut left = 0;
    explore(|before, event, _, after, effects| {
        let Event::Unavailable { by: who, inputs_missing } = event else { return };
        assert!(effects.iter().all(|effect| !matches!(effect, Effect::Offence { .. })), "{effects:?}");
        let audit = before.audit().expect("an audit");
        assert!(!matches!(audit.demand, Demand::Owed(_)), "a claim lets the worker off");
        assert_eq!((after.commitment(), after.claims), (before.commitment(), before.claims + 1));
        let has_claimed = audit.seats.iter().any(|seat| seat.auditor == *who && seat.from_inputs);
        assert_eq!(has_claimed, *inputs_missing, "the same claim counts twice");
        left += u32::from(has_claimed);
        if !has_claimed {
            assert!(matches!(after.phase, Phase::Auditing { .. }), "a claim lets nobody go");
            let seats = audit
                .seats
                .iter()
                .map(|seat| Seat { from_inputs: seat.from_inputs || seat.auditor == *who, ..seat.clone() });
            assert_eq!(after.audit().expect("an audit").seats.to_vec(), seats.collect::<Vec<_>>());
            assert_eq!((after.rounds, effects), (before.rounds, &[][..]));
        }
    });
    assert!(left > 0, "nobody was without the inputs");
}

#[test]
fn sample_and_all_other_seats_should_stay_until_the_worker_shows_its_results() {
    let mut vacated = 0;
    explore(|before, event, _, after, effects| {
        let Some(audit) = before.audit().filter(|audit| audit.results.is_none()) else { return };
        if after.commitment() != before.commitment() || after.attempt != before.attempt {
            return;
        }
        let next = after.audit().expect("the audit is kept");
        assert_eq!(
            (&next.sample, next.sampled_at, next.opened.or(audit.opened)),
            (&audit.sample, audit.sampled_at, next.opened)
        );
        assert_eq!(next.needed, audit.needed);
        for seat in &audit.seats {
            match next.seats.iter().find(|of| of.auditor == seat.auditor) {
                Some(kept) => assert!(seat.seal.is_none() || kept.seal == seat.seal, "a seal is void: {event:?}"),
                None => {
                    vacated += 1;
                    let silent = Effect::Offence {
                        kind: OffenceKind::AuditNoShow,
                        offender: seat.auditor,
                        locked: seat.bond,
                        reporter: None,
                    };
                    let without_inputs = *event == Event::Unavailable { by: seat.auditor, inputs_missing: true };
                    assert!(without_inputs || (*event == Event::Expire && effects.contains(&silent)), "{event:?}");
                    assert!(next.left.contains(&seat.auditor));
                }
            }
        }
    });
    assert!(vacated > 0);
}

#[test]
fn validator_that_differs_should_lose_its_seat_only_when_it_was_refuted_or_fell_silent() {
    let mut differing = 0;
    explore(|before, event, _, after, effects| {
        let undecided = |seat: &&Seat| matches!(seat.verdict, Some(Verdict::Differs | Verdict::Disputing));
        for seat in before.audit().into_iter().flat_map(|audit| audit.seats.iter()).filter(undecided) {
            differing += 1;
            let convicted = effects.iter().any(|effect| matches!(effect, Effect::Offence { offender: WORKER, .. }));
            let kept = after
                .audit()
                .is_some_and(|audit| audit.seats.iter().filter(undecided).any(|of| of.auditor == seat.auditor));
            let refuted = *event == Event::Resolved { challenger: seat.auditor, worker_lost: None };
            let silent = *event == Event::Expire && seat.verdict == Some(Verdict::Differs);
            assert!(convicted || kept || refuted || silent, "{event:?} in {before:?}");
        }
    });
    assert!(differing > 0);
}

#[test]
fn validator_drawn_for_a_vacant_seat_should_have_the_full_time_for_the_same_question() {
    let params = params();
    let vacant = vacant();
    let held = vacant.audit().unwrap();
    assert_eq!((held.vacancies(), held.left.to_vec(), held.has_seat(&ANNA)), (1, vec![BORIS], true));
    assert_eq!(locks(&vacant), BTreeMap::from([(WORKER, 30), (ANNA, 5)]));
    let draw = Event::Draw { sample: vec![1, 3], seats: vec![Seat::new(CLARA, 5)] };
    assert_eq!(vacant.step(draw.clone(), 6, 3, &params), Err(ShardError::BadDraw), "its period is not over");
    let (filled, effects) = vacant.step(draw, 10, 5, &params).unwrap();
    assert_eq!(effects, vec![]);
    let Phase::Auditing { audit, by, .. } = &filled.phase else { panic!("the checkpoints are opened already") };
    assert_eq!((*by, audit.drawn_at, audit.sampled_at), (10 + params.audit_blocks, 10, 4));
    assert_eq!((audit.opened, audit.demand), (Some(OPENED), Demand::None));
    let seal = Event::Seal { by: CLARA, seal: audit_seal(&SALT, &CLARA, &ID, &OPENED, &RIGHT) };
    let (sealed, _) = filled.step(seal, 11, 5, &params).unwrap();
    assert!(matches!(sealed.phase, Phase::Revealing { .. }), "the kept seal counts");
}

#[test]
fn draw_for_vacant_seats_should_be_refused_when_it_changes_the_sample_or_who_sits() {
    let draw = |sample: &[u32], seats: &[Account]| {
        let seats = seats.iter().map(|who| Seat::new(*who, 5)).collect();
        vacant().step(Event::Draw { sample: sample.to_vec(), seats }, 10, 5, &params())
    };
    for (sample, seats) in [(&[1, 2][..], &[CLARA][..]), (&[1, 3], &[ANNA]), (&[1, 3], &[BORIS, CLARA]), (&[1, 3], &[])]
    {
        assert_eq!(draw(sample, seats), Err(ShardError::BadDraw), "{sample:?} {seats:?}");
    }
    assert!(draw(&[1, 3], &[BORIS]).is_ok(), "who has left may be drawn where there is nobody else");
}

#[test]
fn who_has_left_should_be_remembered_up_to_a_bound() {
    let params = params();
    let mut shard = committed();
    let mut height = 4;
    for round in 0..4u8 {
        let seats = (0..8).map(|seat| Seat::new([10 + 8 * round + seat; 32], 5)).collect();
        (shard, _) = shard.step(Event::Draw { sample: vec![1], seats }, height, height / 2, &params).unwrap();
        if round == 0 {
            (shard, _) = shard.step(Event::Open { by: WORKER, digest: OPENED }, height, height / 2, &params).unwrap();
        }
        height = shard.expires().unwrap();
        (shard, _) = shard.step(Event::Expire, height, height / 2, &params).unwrap();
        height += 4;
    }
    let left: Vec<Account> = (0..MAX_LEFT as u8).map(|index| [26 + index; 32]).collect();
    assert_eq!(shard.audit().unwrap().left.to_vec(), left, "the last of them");
}

#[test]
fn validators_that_sit_should_be_free_when_vacant_seats_find_nobody_for_too_long() {
    let params = params();
    let waiting = Shard { unseated_since: Some(6), ..vacant() };
    let last = 6 + params.seat_blocks(waiting.work_macs());
    let (after, effects) = waiting.step(Event::Unseated, last, last / 2, &params).unwrap();
    assert_eq!(after.phase, Phase::Queued);
    assert_eq!(effects[0], Effect::ReleaseAuditor(ANNA, 5));
    assert!(effects.contains(&Effect::ReleaseWorker(deal())));
}

#[test]
fn validator_that_claims_should_have_the_time_to_run_the_tasks_from_their_inputs() {
    let params = Params { execute_blocks_per_gmac: 2_000_000_000, ..params() };
    let shard = opened();
    assert_eq!(shard.reruns(), vec![(0, 3)]);
    let (claimed, _) = shard.step(Event::Unavailable { by: BORIS, inputs_missing: false }, 5, 2, &params).unwrap();
    let Phase::Auditing { audit, by, .. } = &claimed.phase else { panic!("the audit goes on") };
    // The whole task costs 1 + 2 + 2 + 1.
    assert_eq!(*by, 5 + params.audit_blocks + 12);
    let flags = |audit: &Audit| audit.seats.iter().map(|seat| seat.from_inputs).collect::<Vec<_>>();
    assert_eq!((flags(audit), audit.opened), (vec![false, true], Some(OPENED)));
}

#[test]
fn bond_should_double_with_each_challenge_that_is_refuted() {
    let params = params();
    let mut shard = accepted();
    for bond in [7, 14, 28] {
        assert_eq!(shard.challenge_bond(&params), Some(bond));
        let challenge = |bond| Event::Challenge { by: STRANGER, position: 0, bond };
        assert_eq!(shard.step(challenge(bond - 1), 5, 2, &params), Err(ShardError::WrongBond));
        shard = shard.step(challenge(bond), 5, 2, &params).unwrap().0;
        assert_eq!(shard.step(challenge(bond), 5, 2, &params), Err(ShardError::Duplicate));
        let refuted = Event::Resolved { challenger: STRANGER, worker_lost: None };
        let (next, effects) = shard.step(refuted, 5, 2, &params).unwrap();
        let (kind, offender) = (OffenceKind::FalseAlarm, STRANGER);
        assert_eq!(effects, vec![Effect::Offence { kind, offender, locked: bond, reporter: Some(WORKER) }]);
        shard = next;
    }
}

#[test]
fn window_should_open_again_when_all_its_places_were_taken() {
    let params = params();
    let mut shard = accepted();
    for number in 0..MAX_CHALLENGES as u8 {
        let challenge = Event::Challenge { by: [10 + number; 32], position: 0, bond: 7 << number };
        shard = shard.step(challenge, 5, 2, &params).unwrap().0;
    }
    let late = Event::Challenge { by: STRANGER, position: 0, bond: 7 << MAX_CHALLENGES };
    assert_eq!(shard.step(late, 5, 2, &params), Err(ShardError::Full));
    assert_eq!(shard.expires(), None);
    let refuted = Event::Resolved { challenger: [10; 32], worker_lost: None };
    let (shard, _) = shard.step(refuted, 40, 20, &params).unwrap();
    assert_eq!(shard.window().unwrap().closes, 42);
    let bond = shard.challenge_bond(&params).unwrap();
    assert_eq!(bond, 7 << MAX_CHALLENGES, "each that was refuted and each under way doubles it");
    assert!(shard.step(Event::Challenge { by: STRANGER, position: 0, bond }, 42, 21, &params).is_ok());
}

#[test]
fn price_of_an_id_should_double_with_each_that_was_asked_for_and_stay_within_its_bound() {
    let params = Params { window_blocks: 1_000, ..params() };
    let mut shard = accepted();
    let price = |asked: u32| params.demand_price << asked.min(32);
    for asked in 0..40 {
        assert_eq!(shard.demand_price(5, &params), Some(price(asked)));
        shard = shard.step(Event::DemandLeaf(0), 5, 2, &params).unwrap().0;
        shard = shard.step(Event::AnswerLeaf(0), 5, 2, &params).unwrap().0;
    }
    assert_eq!(committed().demand_price(5, &params), None);
    assert_eq!(
        shard.demand_price(5 + 32 * params.halving_blocks(), &params),
        Some(price(0)),
        "as soon as from the dearest"
    );
}

#[test]
fn price_of_an_id_should_rise_when_all_places_are_taken_and_held_until_the_last_block() {
    let params = Params { reveal_blocks: 60, window_blocks: 160, ..params() };
    let (mut shard, mut at) = (accepted(), 5);
    let mut paid = Vec::new();
    for _ in 0..5 {
        paid.push(shard.demand_price(at, &params).unwrap());
        (0..4).for_each(|position| shard = shard.step(Event::DemandLeaf(position), at, 2, &params).unwrap().0);
        at += params.reveal_blocks;
        (0..4).for_each(|position| shard = shard.step(Event::AnswerLeaf(position), at, 2, &params).unwrap().0);
    }
    // Two halvings in each of the first two rounds, one in the third, none once the window would have closed.
    assert_eq!(paid, [1, 4, 16, 128, 2_048].map(|times| times * params.demand_price));
}

proptest! {
    #[test]
    fn price_of_an_id_should_double_with_each_demand_and_halve_with_time(waits in prop::collection::vec(0u32..80, 1..40)) {
        let params = Params { reveal_blocks: 20, move_blocks: 80, window_blocks: Height::MAX, ..params() };
        let (mut shard, mut at, mut doublings) = (accepted(), 5, 0);
        for wait in waits {
            prop_assert_eq!(shard.demand_price(at, &params), Some(params.demand_price << doublings.min(32)));
            shard = shard.step(Event::DemandLeaf(0), at, 2, &params).unwrap().0;
            shard = shard.step(Event::AnswerLeaf(0), at, 2, &params).unwrap().0;
            // From the dearest it falls as soon as from any other.
            doublings = u32::saturating_sub((doublings + 1).min(32), wait / 10);
            at += wait;
        }
    }
}

proptest! {
    #[test]
    fn price_of_an_id_should_only_double_when_the_window_would_have_closed(
        before in prop::collection::vec(0u32..40, 0..8),
        waits in prop::collection::vec(0u32..80, 1..20),
    ) {
        let params = Params { reveal_blocks: 20, move_blocks: 80, window_blocks: 200, ..params() };
        let (mut shard, mut at, end) = (accepted(), 4, 4 + params.window_blocks);
        let mut ask = |at: Height| {
            let price = shard.demand_price(at, &params).unwrap();
            shard = shard.step(Event::DemandLeaf(0), at, 2, &params).unwrap().0;
            shard = shard.step(Event::AnswerLeaf(0), at, 2, &params).unwrap().0;
            price
        };
        ask(at);
        // Each answer keeps the window open.
        for wait in before.into_iter().chain([79; 3]) {
            at = (at + wait).min(end);
            ask(at);
        }
        assert_eq!(at, end);
        let first = ask(at);
        for (number, wait) in (1..).zip(waits) {
            at += wait;
            prop_assert_eq!(ask(at), first << number);
        }
    }
}

#[test]
fn window_should_open_again_when_all_places_for_demands_were_taken() {
    let params = Params { reveal_blocks: 3, move_blocks: 2, window_blocks: 6, ..params() };
    let mut shard = accepted();
    let closes = shard.window().unwrap().closes;
    for position in 0..4 {
        shard = shard.step(Event::DemandLeaf(position), closes, closes / 2, &params).unwrap().0;
    }
    assert_eq!(
        shard.step(Event::Challenge { by: STRANGER, position: 0, bond: 0 }, closes + 1, 1, &params),
        Err(ShardError::TooLate)
    );
    let last = closes + params.reveal_blocks;
    let (shard, _) = shard.step(Event::AnswerLeaf(0), last, last / 2, &params).unwrap();
    assert_eq!(shard.window().unwrap().closes, last + params.window_blocks);
    let (shard, _) = shard.step(Event::AnswerLeaf(1), last, last / 2, &params).unwrap();
    let at = last + params.window_blocks;
    let (shard, _) = shard.step(Event::DemandLeaf(0), at, at / 2, &params).unwrap();
    let shown = at + params.reveal_blocks;
    let (mut shard, _) = shard.step(Event::AnswerLeaf(0), shown, shown / 2, &params).unwrap();
    assert_eq!(shard.window().unwrap().closes, shown + params.move_blocks);
    for position in [2, 3] {
        shard = shard.step(Event::AnswerLeaf(position), last, last / 2, &params).unwrap().0;
    }
    let bond = shard.challenge_bond(&params).unwrap();
    let challenge = Event::Challenge { by: STRANGER, position: 0, bond };
    assert!(shard.step(challenge, shown + params.move_blocks, 0, &params).is_ok());
}

#[test]
fn worker_should_lose_when_it_does_not_show_an_id_that_is_asked_for_in_the_window() {
    let params = params();
    let (shard, _) = accepted().step(Event::DemandLeaf(3), 6, 3, &params).unwrap();
    assert_eq!(shard.step(Event::DemandLeaf(3), 6, 3, &params), Err(ShardError::Duplicate));
    assert_eq!(shard.step(Event::DemandLeaf(4), 6, 3, &params), Err(ShardError::NoSuchLeaf));
    assert_eq!(shard.step(Event::DemandLeaf(2), 7, 3, &params), Err(ShardError::TooLate), "the window has closed");
    let (answered, effects) = shard.step(Event::AnswerLeaf(3), 7, 3, &params).unwrap();
    assert!(effects.is_empty());
    // Whoever has seen the id has time for a challenge.
    assert_eq!(answered.window().unwrap().closes, 8);
    let (after, effects) = shard.step(Event::Expire, 8, 4, &params).unwrap();
    assert!(after.accused().is_some());
    let withheld = Effect::Offence { kind: OffenceKind::Withheld, offender: WORKER, locked: 30, reporter: None };
    assert_eq!(effects[0], withheld);
}

#[test]
fn deadline_should_move_the_shard_at_the_height_that_it_names_and_not_before() {
    let params = params();
    explore(|before, event, height, after, _| {
        // In each block the chain lets deadlines pass before anybody may send anything.
        if *event != Event::Expire && before.expires().is_some_and(|due| due <= height) {
            return;
        }
        let Some(due) = after.expires() else { return };
        assert!(due > height, "a step leaves a deadline in the past: {after:?}");
        for early in height..due {
            assert_eq!(after.step(Event::Expire, early, early / 2, &params), Err(ShardError::NothingDue), "{after:?}");
        }
        assert!(after.step(Event::Expire, due, due / 2, &params).is_ok(), "{after:?} at {due}");
    });
}

#[test]
fn worker_should_lose_nothing_when_it_is_too_late_to_start() {
    let params = params();
    let (assigned, _) = shard().step(Event::Assign(deal()), 1, 0, &params).unwrap();
    let (queued, effects) = assigned.step(Event::Expire, 3, 1, &params).unwrap();
    assert_eq!(queued.phase, Phase::Queued);
    assert_eq!(effects, vec![Effect::ReleaseWorker(deal()), Effect::Late(WORKER), Effect::Requeue]);
}

#[test]
fn draw_should_be_refused_when_its_period_has_not_passed() {
    let params = params();
    let (assigned, _) = shard().step(Event::Assign(deal()), 1, 0, &params).unwrap();
    let (running, _) = assigned.step(Event::Start(WORKER), 1, 0, &params).unwrap();
    let commit = Event::Commit { by: WORKER, root: BlobId([5; 32]), secret_hash: [6; 32] };
    let (committed, _) = running.step(commit, 1, 0, &params).unwrap();
    let draw = || Event::Draw { sample: vec![1], seats: vec![Seat::new(ANNA, 5)] };
    assert_eq!(committed.step(draw(), 3, 1, &params), Err(ShardError::BadDraw));
    assert!(committed.step(draw(), 4, 2, &params).is_ok());
}

fn comparing(seals: [[u8; 32]; 2]) -> Shard {
    let params = params();
    let steps = [
        (Event::Assign(deal()), 1),
        (Event::Start(WORKER), 1),
        (Event::Commit { by: WORKER, root: BlobId([5; 32]), secret_hash: [6; 32] }, 1),
        (Event::Draw { sample: vec![1, 3], seats: vec![Seat::new(ANNA, 5), Seat::new(BORIS, 5)] }, 4),
        (Event::Open { by: WORKER, digest: OPENED }, 4),
        (Event::Seal { by: ANNA, seal: audit_seal(&SALT, &ANNA, &ID, &OPENED, &seals[0]) }, 4),
        (Event::Seal { by: BORIS, seal: audit_seal(&SALT, &BORIS, &ID, &OPENED, &seals[1]) }, 4),
        (Event::Results { by: WORKER, digest: RIGHT }, 4),
    ];
    steps.into_iter().fold(shard(), |shard, (event, height)| shard.step(event, height, height / 2, &params).unwrap().0)
}

#[test]
fn reveal_should_be_refused_when_it_is_not_what_was_sealed() {
    let shard = comparing([RIGHT, RIGHT]);
    let reveal = Event::Reveal { by: ANNA, salt: SALT, results: WRONG, holds_outputs: false };
    assert_eq!(shard.step(reveal, 4, 2, &params()), Err(ShardError::SealMismatch));
    let copied = Event::Reveal { by: ANNA, salt: [8; 32], results: RIGHT, holds_outputs: false };
    assert_eq!(shard.step(copied, 4, 2, &params()), Err(ShardError::SealMismatch));
}

/// Reveals, with the bonds that were drawn with, of which `liability` answers for a confirmation.
fn revealed(results: [[u8; 32]; 2], liability: Balance) -> Shard {
    let mut shard = comparing(results);
    if let Phase::Comparing { audit, .. } = &mut shard.phase {
        audit.seats.iter_mut().for_each(|seat| seat.liability = liability);
    }
    let reveal = |by, results| Event::Reveal { by, salt: SALT, results, holds_outputs: false };
    let both = [reveal(ANNA, results[0]), reveal(BORIS, results[1])];
    both.into_iter().fold(shard, |shard, reveal| shard.step(reveal, 4, 2, &params()).unwrap().0)
}

/// Anna has confirmed what Boris had convicted at height 6; 2 of her bond of 5 answer for it.
fn convicted_early() -> (Shard, Vec<Effect>) {
    let challenge = Event::Challenge { by: BORIS, position: 3, bond: 0 };
    let (shard, _) = revealed([RIGHT, WRONG], 2).step(challenge, 5, 2, &params()).unwrap();
    let won = Event::Resolved { challenger: BORIS, worker_lost: Some(OffenceKind::WrongResult) };
    shard.step(won, 6, 3, &params()).unwrap()
}

#[test]
fn auditor_should_answer_for_what_it_confirmed_when_the_other_one_convicts() {
    let (shard, effects) = convicted_early();
    let worker =
        Effect::Offence { kind: OffenceKind::WrongResult, offender: WORKER, locked: 30, reporter: Some(BORIS) };
    // A worker and a challenger of its own could convict a right result: who confirmed it does not pay for that.
    let free = [Effect::ReleaseAuditor(ANNA, 3), Effect::ReleaseAuditor(BORIS, 5)];
    assert_eq!(effects, [[worker].as_slice(), &free, &[Effect::CloseDisputes]].concat());
    assert_eq!(shard.locks(), [(ANNA, 2)]);
    let accused = shard.accused().unwrap();
    assert_eq!((accused.by, accused.reissue, accused.was_accepted()), (8, true, false));
    assert_eq!((shard.auditors(), accused.dissenting.to_vec()), ([ANNA].as_slice(), vec![BORIS]));
    // It is no result that anybody reads or holds, and Boris may accuse.
    assert!(shard.result().is_none() && !shard.may_confirm_delivery(&ANNA));
    assert_eq!([ANNA, BORIS, WORKER].map(|who| shard.is_duty_of(&who)), [false, true, false]);
    assert!([ANNA, BORIS, WORKER].iter().all(|who| shard.parties().contains(who)));
}

#[test]
fn shard_should_start_again_when_nobody_accuses_who_confirmed_it_or_all_were_judged() {
    let (params, (shard, _)) = (params(), convicted_early());
    let (queued, effects) = shard.step(Event::Expire, 9, 4, &params).unwrap();
    assert_eq!((queued.phase, queued.attempt), (Phase::Queued, 1));
    assert_eq!(effects, [Effect::ReleaseAuditor(ANNA, 2), Effect::Requeue]);
    let (shard, _) = shard.step(accuse(BORIS, ANNA, 7), 8, 4, &params).unwrap();
    let (queued, effects) = shard.step(Event::Judged { auditor: ANNA, lost: true }, 9, 4, &params).unwrap();
    assert_eq!((queued.phase, queued.attempt), (Phase::Queued, 1));
    let (kind, offender) = (OffenceKind::WrongAudit, ANNA);
    let wrong = Effect::Offence { kind, offender, locked: 2, reporter: Some(BORIS) };
    assert_eq!(effects, [wrong, Effect::ReleaseChallenger(BORIS, 7), Effect::Requeue]);
}

#[test]
fn shard_should_start_again_at_once_when_nobody_confirmed_what_is_convicted() {
    let params = params();
    let other = [14; 32];
    let challenge = Event::Challenge { by: BORIS, position: 3, bond: 0 };
    let (shard, _) = revealed([other, WRONG], 5).step(challenge, 5, 2, &params).unwrap();
    for kind in [OffenceKind::WrongResult, OffenceKind::Withheld] {
        let won = Event::Resolved { challenger: BORIS, worker_lost: Some(kind) };
        let (queued, effects) = shard.step(won, 6, 3, &params).unwrap();
        assert_eq!((queued.phase, queued.attempt), (Phase::Queued, 1));
        assert_eq!(effects.last(), Some(&Effect::Requeue));
        assert!([ANNA, BORIS].iter().all(|who| effects.contains(&Effect::ReleaseAuditor(*who, 5))));
    }
}

#[test]
fn auditor_should_answer_for_what_it_confirmed_when_the_worker_falls_silent_while_others_compare() {
    let params = params();
    let confirm = Event::Reveal { by: ANNA, salt: SALT, results: RIGHT, holds_outputs: false };
    let (shard, _) = comparing([RIGHT, WRONG]).step(confirm, 4, 2, &params).unwrap();
    let (shard, _) = shard.step(Event::Demand(BORIS), 4, 2, &params).unwrap();
    let (shard, effects) = shard.step(Event::Expire, 6, 3, &params).unwrap();
    assert!(matches!(effects[0], Effect::Offence { kind: OffenceKind::Withheld, offender: WORKER, .. }));
    assert_eq!(shard.locks(), [(ANNA, 5)]);
    assert_eq!(shard.accused().unwrap().dissenting.to_vec(), [BORIS]);
}

#[test]
fn honest_worker_should_be_audited_again_when_its_challenger_is_refuted() {
    let params = params();
    let shard = comparing([RIGHT, WRONG]);
    let (shard, _) = shard
        .step(Event::Reveal { by: ANNA, salt: SALT, results: RIGHT, holds_outputs: false }, 4, 2, &params)
        .unwrap();
    let (shard, _) = shard
        .step(Event::Reveal { by: BORIS, salt: SALT, results: WRONG, holds_outputs: false }, 4, 2, &params)
        .unwrap();
    let (shard, _) = shard.step(Event::Challenge { by: BORIS, position: 3, bond: 0 }, 5, 2, &params).unwrap();
    let lost = Event::Resolved { challenger: BORIS, worker_lost: None };
    let (shard, effects) = shard.step(lost, 6, 3, &params).unwrap();
    assert!(matches!(shard.phase, Phase::Committed { period: 4, .. }));
    assert!(effects.contains(&Effect::ReleaseAuditor(ANNA, 5)));
    assert!(effects.iter().all(|effect| !matches!(effect, Effect::Offence { offender: WORKER, .. })));
}

#[test]
fn answer_should_be_refused_when_the_ids_do_not_give_the_posted_digest() {
    let params = params();
    let ids = vec![BlobId([21; 32]), BlobId([22; 32])];
    let digest = results_digest(&ID, &ids);
    assert_ne!(digest, opened_digest(&ID, &ids));
    let steps = [
        (Event::Assign(deal()), 1),
        (Event::Start(WORKER), 1),
        (Event::Commit { by: WORKER, root: BlobId([5; 32]), secret_hash: [6; 32] }, 1),
        (Event::Draw { sample: vec![1, 3], seats: vec![Seat::new(ANNA, 5)] }, 4),
        (Event::Open { by: WORKER, digest: OPENED }, 4),
        (Event::Seal { by: ANNA, seal: audit_seal(&SALT, &ANNA, &ID, &OPENED, &RIGHT) }, 4),
        (Event::Results { by: WORKER, digest }, 4),
        (Event::Demand(ANNA), 4),
    ];
    let shard = steps
        .into_iter()
        .fold(shard(), |shard, (event, height)| shard.step(event, height, height / 2, &params).unwrap().0);
    assert_eq!(shard.demanded(), vec![1, 3]);
    assert_eq!(shard.step(Event::Answer(ids[..1].to_vec()), 4, 2, &params), Err(ShardError::DigestMismatch));
    let (answered, _) = shard.step(Event::Answer(ids), 4, 2, &params).unwrap();
    assert_eq!(answered.audit().unwrap().demand, Demand::Answered);
}

#[test]
fn run_should_start_from_the_checkpoint_before_its_first_segment() {
    let params = params();
    let steps = [
        (Event::Assign(deal()), 1),
        (Event::Start(WORKER), 1),
        (Event::Commit { by: WORKER, root: BlobId([5; 32]), secret_hash: [6; 32] }, 1),
        (Event::Draw { sample: vec![0, 2, 3], seats: vec![Seat::new(ANNA, 5)] }, 4),
    ];
    let shard = steps
        .into_iter()
        .fold(shard(), |shard, (event, height)| shard.step(event, height, height / 2, &params).unwrap().0);
    assert_eq!(shard.runs(), vec![(0, 1), (2, 2)]);
    assert_eq!(shard.opened_positions(), vec![1]);
}

#[test]
fn worker_should_be_released_when_its_audits_come_to_nothing_again_and_again() {
    let params = params();
    let steps = [
        (Event::Assign(deal()), 1),
        (Event::Start(WORKER), 1),
        (Event::Commit { by: WORKER, root: BlobId([5; 32]), secret_hash: [6; 32] }, 1),
    ];
    let mut height = 4;
    let mut shard = steps
        .into_iter()
        .fold(shard(), |shard, (event, height)| shard.step(event, height, height / 2, &params).unwrap().0);
    for round in 1..=MAX_AUDIT_ROUNDS {
        let draw = Event::Draw { sample: vec![1], seats: vec![Seat::new(ANNA, 5)] };
        (shard, _) = shard.step(draw, height, height / 2, &params).unwrap();
        if round == 1 {
            (shard, _) = shard.step(Event::Open { by: WORKER, digest: OPENED }, height, height / 2, &params).unwrap();
        }
        height = shard.expires().unwrap();
        let (after, effects) = shard.step(Event::Expire, height, height / 2, &params).unwrap();
        let last = round == MAX_AUDIT_ROUNDS;
        assert_eq!(effects.contains(&Effect::ReleaseWorker(deal())), last, "round {round}");
        assert_eq!(effects.contains(&Effect::Unaudited(WORKER)), last, "round {round}");
        assert_eq!(after.phase == Phase::Queued, last, "round {round}");
        assert!(effects.iter().all(|effect| !matches!(effect, Effect::Offence { offender: WORKER, .. })));
        height += 4;
        shard = after;
    }
}

/// A shard that is committed at height 1, with periods of two blocks.
fn committed() -> Shard {
    let commit = Event::Commit { by: WORKER, root: BlobId([5; 32]), secret_hash: [6; 32] };
    let steps = [Event::Assign(deal()), Event::Start(WORKER), commit];
    steps.into_iter().fold(shard(), |shard, event| shard.step(event, 1, 0, &params()).unwrap().0)
}

#[test]
fn worker_should_be_released_without_fault_when_no_draw_finds_validators_for_too_long() {
    let params = params();
    let last = 4 + params.seat_blocks(shard().work_macs());
    let mut shard = committed();
    for height in (4..last).step_by(2) {
        let (after, effects) = shard.step(Event::Unseated, height, height / 2, &params).unwrap();
        assert_eq!(effects, vec![]);
        assert!(matches!(after.phase, Phase::Committed { period, .. } if period == height / 2 + 1));
        // The same period draws once.
        assert_eq!(after.step(Event::Unseated, height, height / 2, &params), Err(ShardError::BadDraw));
        shard = Shard { phase: committed().phase, ..after };
    }
    let (after, effects) = shard.step(Event::Unseated, last, last / 2, &params).unwrap();
    assert_eq!(after, Shard { attempt: 1, ..self::shard() });
    let expected = [Effect::ReleaseWorker(deal()), Effect::Unaudited(WORKER), Effect::CloseDisputes, Effect::Requeue];
    assert_eq!(effects, expected);
}

#[test]
fn wait_for_validators_should_begin_anew_when_a_draw_has_found_some() {
    let params = params();
    let (waiting, _) = committed().step(Event::Unseated, 4, 2, &params).unwrap();
    assert_eq!(waiting.unseated_since, Some(4));
    let draw = Event::Draw { sample: vec![1], seats: vec![Seat::new(ANNA, 5)] };
    let (drawn, _) = waiting.step(draw, 8, 4, &params).unwrap();
    assert_eq!(drawn.unseated_since, None);
}

#[test]
fn shard_should_be_given_up_only_by_a_draw_that_finds_too_few_however_late_it_is() {
    let params = params();
    let (waiting, _) = committed().step(Event::Unseated, 4, 2, &params).unwrap();
    assert_eq!(waiting.expires(), None);
    let late = 1_000;
    assert_eq!(waiting.step(Event::Expire, late, late / 2, &params), Err(ShardError::NothingDue));
    let draw = Event::Draw { sample: vec![1], seats: vec![Seat::new(ANNA, 5)] };
    assert!(waiting.step(draw, late, late / 2, &params).is_ok());
}

#[test]
fn deadline_should_be_over_only_when_the_height_less_the_lag_is_beyond_it() {
    let params = params();
    let (assigned, _) = shard().step(Event::Assign(deal()), 1, 0, &params).unwrap();
    let by = assigned.expires().unwrap() - 1;
    for lag_blocks in 0..5 {
        let at = |height| Moment { height, lag_blocks };
        let last = at(by + lag_blocks);
        assert_eq!(assigned.step_at(Event::Expire, last, 1, &params), Err(ShardError::NothingDue));
        let (running, _) = assigned.step_at(Event::Start(WORKER), last, 1, &params).unwrap();
        assert_eq!(running.expires(), Some(last.height + params.execute_floor_blocks + 1), "set from the height");
        let over = at(by + lag_blocks + 1);
        assert_eq!(assigned.step_at(Event::Start(WORKER), over, 1, &params), Err(ShardError::TooLate));
        let (after, _) = assigned.step_at(Event::Expire, over, 1, &params).unwrap();
        assert_eq!(after.phase, Phase::Queued);
    }
}

#[test]
fn draw_should_be_named_by_its_height_however_far_deadlines_lag() {
    let draw = Event::Draw { sample: vec![1], seats: vec![Seat::new(ANNA, 5)] };
    let now = Moment { height: 8, lag_blocks: 6 };
    let (drawn, _) = committed().step_at(draw, now, 4, &params()).unwrap();
    assert_eq!(drawn.audit().unwrap().drawn_at, 8, "daemons compare it with what is final");
}

/// An accepted shard whose worker was convicted at height 5 by a stranger.
fn convicted() -> (Shard, Vec<Effect>) {
    let challenge = Event::Challenge { by: STRANGER, position: 2, bond: params().challenge_bond };
    let (challenged, _) = accepted().step(challenge, 5, 2, &params()).unwrap();
    let worker_lost = Some(OffenceKind::WrongResult);
    challenged.step(Event::Resolved { challenger: STRANGER, worker_lost }, 5, 2, &params()).unwrap()
}

fn accuse(by: Account, auditor: Account, bond: Balance) -> Event {
    Event::Accuse { by, auditor, position: 3, bond }
}

#[test]
fn auditors_should_keep_their_bonds_locked_until_the_shard_is_settled() {
    let params = params();
    let accepted = accepted();
    assert_eq!(locks(&accepted), BTreeMap::from([(WORKER, 30), (ANNA, 5), (BORIS, 5)]));
    let (delivered, _) = accepted.step(Event::Deliver, 5, 2, &params).unwrap();
    let (settled, effects) = delivered.step(Event::Expire, delivered.expires().unwrap(), 4, &params).unwrap();
    assert_eq!(locks(&settled), BTreeMap::new());
    assert!([ANNA, BORIS].into_iter().all(|who| effects.contains(&Effect::ReleaseAuditor(who, 5))));
}

#[test]
fn auditors_should_answer_for_the_result_however_its_worker_lost_it() {
    let params = params();
    let (asked, _) = accepted().step(Event::DemandLeaf(2), 5, 2, &params).unwrap();
    let (silent, effects) = asked.step(Event::Expire, asked.expires().unwrap(), 4, &params).unwrap();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Offence { kind: OffenceKind::Withheld, .. })));
    for shard in [silent, convicted().0] {
        assert_eq!(locks(&shard), BTreeMap::from([(ANNA, 5), (BORIS, 5)]));
        assert!(shard.step(accuse(STRANGER, ANNA, 7), shard.expires().unwrap() - 1, 4, &params).is_ok());
    }
}

#[test]
fn accusation_should_be_refused_when_the_segment_was_not_drawn() {
    let accusation = Event::Accuse { by: STRANGER, auditor: ANNA, position: 2, bond: 7 };
    assert_eq!(convicted().0.step(accusation, 6, 3, &params()), Err(ShardError::NotSampled));
}

#[test]
fn auditors_should_lose_nothing_by_the_conviction_of_the_worker_alone() {
    let (shard, effects) = convicted();
    let offences = effects.iter().filter(|effect| matches!(effect, Effect::Offence { .. })).count();
    assert_eq!((offences, locks(&shard)), (1, BTreeMap::from([(ANNA, 5), (BORIS, 5)])));
    assert!(!shard.is_accepted() && shard.result().is_some());
    let (shard, effects) = shard.step(Event::Expire, shard.expires().unwrap(), 4, &params()).unwrap();
    let expected = [Effect::ReleaseAuditor(ANNA, 5), Effect::ReleaseAuditor(BORIS, 5), Effect::Closed];
    assert_eq!(effects, expected);
    assert!(matches!(shard.phase, Phase::Overturned { .. }));
}

#[test]
fn shard_should_start_again_when_its_auditors_have_answered_for_it() {
    let params = params();
    let (shard, _) = convicted().0.step(Event::Reissue, 5, 2, &params).unwrap();
    assert_eq!((shard.result(), shard.attempt), (None, 0));
    assert_eq!(shard.step(Event::Reissue, 5, 2, &params), Err(ShardError::WrongPhase));
    let (shard, _) = shard.step(accuse(STRANGER, ANNA, 7), 6, 3, &params).unwrap();
    assert_eq!(shard.expires(), None, "an accusation is under way");
    let (shard, effects) = shard.step(Event::Judged { auditor: ANNA, lost: true }, 9, 4, &params).unwrap();
    let (kind, reporter) = (OffenceKind::WrongAudit, Some(STRANGER));
    let offence = Effect::Offence { kind, offender: ANNA, locked: 5, reporter };
    assert_eq!(effects, [offence, Effect::ReleaseChallenger(STRANGER, 7)]);
    let (shard, effects) = shard.step(Event::Expire, shard.expires().unwrap(), 5, &params).unwrap();
    assert_eq!(effects, [Effect::ReleaseAuditor(BORIS, 5), Effect::Requeue]);
    assert_eq!((shard.phase, shard.attempt), (Phase::Queued, 1));
}

#[test]
fn accusation_should_leave_a_window_to_others_when_it_is_refuted() {
    let params = params();
    let (shard, _) = convicted().0.step(accuse(STRANGER, ANNA, 7), 7, 3, &params).unwrap();
    assert_eq!(shard.step(accuse(WORKER, ANNA, 14), 7, 3, &params), Err(ShardError::Full));
    assert_eq!(shard.step(accuse(STRANGER, BORIS, 7), 7, 3, &params), Err(ShardError::WrongBond));
    let (shard, effects) = shard.step(Event::Judged { auditor: ANNA, lost: false }, 20, 9, &params).unwrap();
    let (kind, reporter) = (OffenceKind::FalseAlarm, Some(ANNA));
    assert_eq!(effects, [Effect::Offence { kind, offender: STRANGER, locked: 7, reporter }]);
    let last = 20 + params.window_blocks;
    assert!(shard.step(accuse(WORKER, ANNA, 14), last, 9, &params).is_ok());
    assert_eq!(shard.step(accuse(WORKER, ANNA, 14), last + 1, 9, &params), Err(ShardError::TooLate));
}
