// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{DrawCursor, Event, PendingDrawCount, PendingDraws, Postponed};
use frame_support::assert_ok;
use proptest::prelude::*;
use quern_primitives::{
    draw::{draw_segments, race, seed, Draw, SegmentCosts},
    traits::Collateral,
    ShardId,
};
use quern_protocol::{shard::Phase, traits::Audits, Shard};

fn waiting(case: &Case) -> Vec<u32> {
    PendingDraws::<Test>::iter_keys().filter(|(_, id)| *id == case.id()).map(|(period, _)| period).collect()
}

#[test]
fn draw_should_wait_until_the_period_after_the_commitment_is_over() {
    test(|| {
        // Committed at height 1, in period 0; period 1 draws, and is over at height 4.
        let case = Case::honest().committed();
        assert_eq!(waiting(&case), [1]);
        blocks(2);
        assert!(matches!(case.shard().phase, Phase::Committed { .. }));
        block();
        assert_eq!(System::block_number(), 4);
        assert!(matches!(case.shard().phase, Phase::Opening { .. }));
        assert_eq!(PendingDrawCount::<Test>::get(), 0);
    });
}

#[test]
fn draw_should_be_repeatable_from_the_seed_when_anybody_checks_it() {
    test(|| {
        Plan::set((3, 2));
        let case = Case::honest().drawn();
        let seed_of_draw = seed(b"audit", &[1; 32], &case.id());
        let shard = case.shard();
        assert_eq!(case.sample(), draw_segments(&mut Draw::new(seed_of_draw), shard.tasks, &shard.work, 3));
        let order = race(&seed_of_draw, &VALIDATORS.map(|who| (raw(who), RICH)));
        assert_eq!(case.auditors(), order.into_iter().take(2).map(|place| VALIDATORS[place]).collect::<Vec<_>>());
        let Event::Drawn { period, sample, auditors, bond, .. } = last_event() else { panic!("drawn") };
        assert_eq!((period, sample.into_inner(), bond), (1, case.sample(), BOND));
        assert_eq!(auditors.into_inner(), case.auditors().into_iter().map(account).collect::<Vec<_>>());
    });
}

#[test]
fn draw_should_weigh_segments_by_their_work_and_not_by_what_is_paid_for() {
    test(|| {
        Plan::set((1, 2));
        let case = Case::honest();
        let shard = case.world.new_shard();
        assert!(shard.segments_per_task() > 1);
        let work = SegmentCosts { finish: 1 << 50, ..shard.work };
        Keeper::put(&case.world, &Shard { work, ..shard });
        case.recommit();
        blocks(3);
        let drawn = case.shard().locate(case.sample()[0]).unwrap();
        assert_eq!(drawn.1, case.shard().segments_per_task() - 1);
    });
}

#[test]
fn draw_should_lock_the_audit_bond_of_every_validator_when_it_succeeds() {
    test(|| {
        let case = Case::honest().drawn();
        for who in VALIDATORS {
            let locked = if case.auditors().contains(&who) { BOND } else { 0 };
            assert_eq!(Bonds::of(&raw(who)), (RICH, locked));
        }
    });
}

#[test]
fn draw_should_never_seat_who_backs_the_worker() {
    test(|| {
        Registered::set([2, 3, 4].map(raw).to_vec());
        Bonds::set(2, 1_000_000);
        Bonds::back(2, WORKER);
        let mut seated = Case::honest().drawn().auditors();
        seated.sort();
        assert_eq!(seated, [3, 4]);
    });
}

#[test]
fn draw_should_never_seat_the_worker_when_it_is_a_validator_too() {
    test(|| {
        Registered::set([WORKER, 2, 3].map(raw).to_vec());
        Bonds::set(WORKER, 1_000_000);
        let case = Case::honest().drawn();
        let mut seated = case.auditors();
        seated.sort();
        assert_eq!(seated, [2, 3]);
    });
}

#[test]
fn draw_for_a_vacant_seat_should_be_repeatable_from_the_seed_when_anybody_checks_it() {
    test(|| {
        let case = Case::honest().opened();
        let [present, absent] = case.auditors()[..].try_into().unwrap();
        assert_ok!(Verification::commit_audit(signed(present), case.id(), [3; 32]));
        blocks(PARAMS.audit_blocks + 7);
        let Some(Event::Drawn { period, sample, auditors, .. }) =
            events().into_iter().rev().find(|event| matches!(event, Event::Drawn { .. }))
        else {
            panic!("drawn")
        };
        let seed_of_draw = seed(b"audit", &[period as u8; 32], &case.id());
        let others: Vec<u8> = VALIDATORS.into_iter().filter(|who| ![present, absent].contains(who)).collect();
        let entrants: Vec<_> = others.iter().map(|who| (raw(*who), RICH)).collect();
        let seat = race(&seed_of_draw, &entrants)[0];
        assert_eq!((auditors.into_inner(), sample.into_inner()), (vec![account(others[seat])], case.sample()));
    });
}

#[test]
fn draw_for_a_vacant_seat_should_take_who_has_left_it_when_there_is_nobody_else() {
    test(|| {
        Registered::set([2, 3].map(raw).to_vec());
        let case = Case::honest().opened();
        let [present, absent] = case.auditors()[..].try_into().unwrap();
        assert_ok!(Verification::commit_audit(signed(present), case.id(), [3; 32]));
        blocks(PARAMS.audit_blocks + 7);
        let mut seated = case.auditors();
        seated.sort();
        let mut both = [present, absent];
        both.sort();
        assert_eq!(seated, both);
    });
}

#[test]
fn draw_for_a_vacant_seat_should_wait_when_only_those_who_sit_are_left() {
    test(|| {
        Registered::set([2, 3].map(raw).to_vec());
        let case = Case::honest().opened();
        let [present, absent] = case.auditors()[..].try_into().unwrap();
        assert_ok!(Verification::commit_audit(signed(present), case.id(), [3; 32]));
        Bonds::set(absent, BOND);
        blocks(PARAMS.audit_blocks + 7);
        let Phase::Committed { held: Some(audit), .. } = case.shard().phase else { panic!("it waits") };
        assert!(audit.has_seat(&raw(present)));
        let reason = Postponed::TooFewValidators { available: 0, needed: 1 };
        assert!(events().iter().any(|event| matches!(event, Event::DrawPostponed { reason: of, .. } if *of == reason)));
        check();
    });
}

#[test]
fn draw_should_seat_a_validator_once_when_it_is_registered_twice() {
    test(|| {
        Registered::set([2, 2, 3, 3].map(raw).to_vec());
        let case = Case::honest().drawn();
        let mut seated = case.auditors();
        seated.sort();
        assert_eq!(seated, [2, 3]);
    });
}

#[test]
fn draw_should_wait_for_an_unknown_seed_when_there_are_too_few_validators() {
    test(|| {
        for who in [3, 4, 5] {
            Bonds::set(who, BOND - 1);
        }
        let case = Case::honest().committed();
        blocks(3);
        assert!(matches!(case.shard().phase, Phase::Committed { .. }));
        let reason = Postponed::TooFewValidators { available: 1, needed: 2 };
        assert_eq!(last_event(), Event::DrawPostponed { shard: case.id(), period: 3, reason });
        assert_eq!(waiting(&case), [3]);
        assert_eq!(Bonds::of(&raw(2)), (RICH, 0));
        // Whoever comes now is drawn by a seed that did not exist when it came.
        Bonds::set(3, BOND);
        blocks(3);
        assert!(matches!(case.shard().phase, Phase::Committed { .. }));
        block();
        assert!(matches!(case.shard().phase, Phase::Opening { .. }));
    });
}

#[test]
fn draw_should_wait_when_too_much_of_the_stake_has_its_bonds_locked() {
    test(|| {
        // Two of five can lock the bond, as many as are needed, and whoever locked the others' would know who they are.
        for who in [3, 4, 5] {
            assert_ok!(Bonds::lock(&raw(who), RICH - BOND + 1));
        }
        let case = Case::honest().committed();
        blocks(3);
        assert!(matches!(case.shard().phase, Phase::Committed { .. }));
        let all = VALIDATORS.len() as u128 * RICH;
        let reason = Postponed::BondsLocked { able: all - 3 * RICH, all };
        assert_eq!(last_event(), Event::DrawPostponed { shard: case.id(), period: 3, reason });
        [3, 4, 5].iter().for_each(|who| Bonds::release(&raw(*who), RICH - BOND + 1));
        blocks(4);
        assert!(matches!(case.shard().phase, Phase::Opening { .. }));
    });
}

#[test]
fn shard_should_be_given_up_when_there_are_too_few_validators_for_too_long() {
    test(|| {
        for who in [3, 4, 5] {
            Bonds::set(who, BOND - 1);
        }
        let case = Case::honest().committed();
        blocks(3);
        assert_eq!(case.shard().unseated_since, Some(4));
        let wait = PARAMS.seat_blocks(case.shard().work_macs());
        blocks(wait - 1);
        assert!(matches!(case.shard().phase, Phase::Committed { .. }));
        blocks(4);
        assert_eq!(case.shard().phase, Phase::Queued);
        assert_eq!((waiting(&case), PendingDrawCount::<Test>::get()), (vec![], 0));
        assert_eq!(Bonds::of(&raw(WORKER)), (RICH, 0));
        assert_eq!(Keeper::offences(), vec![]);
        let reason = Postponed::TooFewValidators { available: 1, needed: 2 };
        assert_eq!(last_event(), Event::DrawGivenUp { shard: case.id(), reason });
    });
}

#[test]
fn shard_should_wait_as_long_as_it_takes_when_there_is_no_seed() {
    test(|| {
        SeedsMissing::set((0..1_000).collect());
        let case = Case::honest().committed();
        blocks(PARAMS.seat_blocks(case.shard().work_macs()) + 20);
        assert!(matches!(case.shard().phase, Phase::Committed { .. }));
        assert_eq!(case.shard().unseated_since, None);
    });
}

#[test]
fn draw_should_wait_for_another_period_when_there_is_no_seed() {
    test(|| {
        SeedsMissing::set(vec![1]);
        let case = Case::honest().committed();
        blocks(3);
        assert_eq!(last_event(), Event::DrawPostponed { shard: case.id(), period: 3, reason: Postponed::NoSeed });
        blocks(4);
        assert!(matches!(case.shard().phase, Phase::Opening { .. }));
    });
}

#[test]
fn draw_should_be_dropped_when_the_shard_is_gone() {
    test(|| {
        let case = Case::honest().committed();
        Keeper::forget(&case.id());
        blocks(3);
        assert_eq!(PendingDrawCount::<Test>::get(), 0);
        Bonds::release(&raw(WORKER), COLLATERAL);
    });
}

#[test]
fn draw_should_happen_again_when_the_audit_failed() {
    test(|| {
        let case = Case::honest().opened();
        let first = case.shard().audit().unwrap().drawn_at;
        blocks(PARAMS.audit_blocks + 1 + 6);
        assert!(case.shard().audit().unwrap().drawn_at > first);
        assert_eq!(Verification::stats().drawn, 2);
    });
}

#[test]
fn draws_should_be_bounded_a_block_when_many_wait() {
    test(|| {
        let case = Case::honest().committed();
        for index in 1..5 {
            let shard = quern_protocol::Shard { id: ShardId { index, ..case.id() }, ..case.shard() };
            Keeper::put(&case.world, &shard);
            Bonds::set(WORKER, 10_000);
            Bonds::lock(&raw(WORKER), COLLATERAL).unwrap();
            Verification::committed(&shard.id, 1);
        }
        assert!(!Verification::has_room());
        let waiting = |blocks_: u32| {
            blocks(blocks_);
            PendingDrawCount::<Test>::get()
        };
        assert_eq!((waiting(3), waiting(1), waiting(1)), (3, 1, 0));
        assert!(Verification::has_room());
        block();
        assert_eq!(DrawCursor::<Test>::get(), System::block_number() / 2);
    });
}

#[test]
fn committed_should_queue_a_shard_once_when_it_is_told_twice() {
    test(|| {
        let case = Case::honest().committed();
        Verification::committed(&case.id(), 1);
        assert_eq!(PendingDrawCount::<Test>::get(), 1);
    });
}

/// Draws of a shard that was committed in period 0, by the seed of period 1, after `moves` at each of its heights.
fn drawn_after(moves: impl Fn(u32)) -> Vec<u8> {
    let mut auditors = vec![];
    test(|| {
        let case = Case::honest().committed();
        for _ in 0..2 {
            block();
            moves(System::block_number());
        }
        block();
        assert!(matches!(case.shard().phase, Phase::Opening { .. }), "{:?}", case.shard().phase);
        auditors = case.auditors();
    });
    auditors
}

#[test]
fn draw_should_stay_the_same_when_bonds_grow_after_the_commitment() {
    let honest = drawn_after(|_| {});
    for who in VALIDATORS {
        assert_eq!(drawn_after(|_| Bonds::change(who, 1_000 * RICH)), honest);
    }
}

#[test]
fn draw_should_pass_over_who_registered_after_the_period_began() {
    let rich = |at: u32| {
        let newcomer = 9;
        Bonds::set(newcomer, 1_000_000 * RICH);
        Newcomers::set(vec![(raw(newcomer), at)]);
        Registered::mutate(|registered| registered.push(raw(newcomer)));
    };
    assert_eq!(
        drawn_after(|height| if height == 3 {
            rich(height)
        }),
        drawn_after(|_| {})
    );
    // Who came before the period is drawn for its stake.
    assert!(drawn_after(|height| if height == 2 {
        rich(1)
    })
    .contains(&9));
}

#[test]
fn draw_should_not_seat_who_could_lock_the_bond_only_by_what_it_bonded_since() {
    let poor = drawn_after(|height| {
        if height == 2 {
            Bonds::set(3, BOND - 1)
        }
    });
    assert!(!poor.contains(&3));
    let topped_up = drawn_after(|height| match height {
        2 => Bonds::set(3, BOND - 1),
        _ => Bonds::change(3, RICH),
    });
    assert_eq!(topped_up, poor);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn draw_should_give_up_the_seats_of_those_alone_who_become_unable(
        moves in proptest::collection::vec((0usize..4, 2u32..4, prop_oneof![Just(0), Just(BOND - 1), RICH..9 * RICH]), 0..6),
    ) {
        let honest = drawn_after(|_| {});
        let bonds = |who: u8| {
            let of = moves.iter().filter(|(place, ..)| VALIDATORS[*place] == who);
            // In the order in which they are made: by height.
            let mut made: Vec<_> = of.clone().collect();
            made.sort_by_key(|(_, height, _)| *height);
            made.into_iter().map(|(.., bonded)| *bonded).min().unwrap_or(RICH)
        };
        // Whoever had too little at any time has it in the draw: what it bonded then came too late.
        let unable: Vec<u8> = VALIDATORS.into_iter().filter(|who| bonds(*who) < BOND).collect();
        prop_assume!(unable.len() <= 2);
        let drawn = drawn_after(|height| {
            for (place, _, bonded) in moves.iter().filter(|(_, at, _)| *at == height) {
                Bonds::change(VALIDATORS[*place], *bonded);
            }
        });
        // Those who were drawn and are able sit as before; nobody who is unable sits.
        prop_assert!(honest.iter().filter(|who| !unable.contains(who)).all(|who| drawn.contains(who)));
        prop_assert!(drawn.iter().all(|who| !unable.contains(who)));
        if honest.iter().all(|who| !unable.contains(who)) {
            prop_assert_eq!(drawn, honest);
        }
    }
}
