// SPDX-License-Identifier: Apache-2.0
//! The search for the first segment that differs, in a task of many segments: whatever the worker names, an honest
//! challenger ends at a segment whose start it agrees with and whose end it does not, and an honest worker can prove it.

use proptest::prelude::*;
use quern_primitives::{
    commitment::{leaf_list, LeafProof},
    draw::SegmentCosts,
    job::Stage,
    Account, BlobId, Height, ShardId,
};
use quern_program::{Checked, DType, ProgramBuilder, Segment};
use quern_protocol::{
    dispute::{Claimed, Defendant, Dispute, DisputeError, Move, Next, Play, Search, MAX_IDS},
    inputs::StageContext,
    shard::{Commitment, Deal, Phase},
    Params, Shard,
};
use std::sync::LazyLock;

const WORKER: Account = [1; 32];
const CHALLENGER: Account = [2; 32];
const STRANGER: Account = [3; 32];
const SHARD: ShardId = ShardId { job: 5, stage: 0, index: 0 };
const SECRET: [u8; 32] = [7; 32];
const STEPS: u32 = 9_000;
const SEGMENTS: u32 = STEPS + 2;
const OPENED: Height = 10;
/// A search of so many segments ends after so many questions.
const MOST_QUESTIONS: u32 = 3;

static PROGRAM: LazyLock<Checked> = LazyLock::new(|| {
    let mut b = ProgramBuilder::new();
    let index = b.input(DType::I32, &[1]);
    let first = b.add(index, index);
    let [state] = b.begin_body(&[first])[..] else { unreachable!() };
    let next = b.add(state, state);
    let [state] = b.begin_finish(&[next], STEPS)[..] else { unreachable!() };
    let output = b.add(state, state);
    b.build(output).expect("the program is valid")
});

fn stage() -> StageContext {
    let stage = Stage { program: PROGRAM.id(), tasks: 1, shard_size: 1, inputs: Default::default() };
    StageContext { genesis: [1; 32], job: 5, index: 0, stage, randomness: [2; 32], outputs: Vec::new() }
}

fn params() -> Params {
    Params { move_blocks: 5, ..Params::default() }
}

fn id(segment: u32, version: u8) -> BlobId {
    BlobId::of(&[&segment.to_le_bytes()[..], &[version]].concat())
}

/// What a party has at the end of each segment: its own version from `from` on.
fn ids(from: u32, version: u8) -> Vec<BlobId> {
    (0..SEGMENTS).map(|segment| id(segment, if segment < from { 0 } else { version })).collect()
}

struct Task {
    ids: Vec<BlobId>,
    list: Vec<u8>,
}

impl Task {
    fn new(ids: Vec<BlobId>) -> Self {
        let list = leaf_list(&SECRET, &WORKER, &SHARD, &ids);
        Self { ids, list }
    }

    fn leaf(&self, segment: u32) -> LeafProof {
        LeafProof::new(&self.list, &SECRET, segment, self.ids[segment as usize])
    }

    fn dispute(&self, segment: u32) -> Dispute {
        let costs = SegmentCosts { init: 1, body: 1, steps: STEPS, finish: 1, has_loop: true };
        let deal = Deal { worker: WORKER, price: 1, collateral: 3 };
        let commitment = Commitment { root: BlobId::of(&self.list), secret_hash: [0; 32], at: 1 };
        let shard = Shard {
            phase: Phase::Committed { deal, commitment, period: 1, held: None },
            ..Shard::new(SHARD, 0, 1, costs)
        };
        let of = PROGRAM.program().segment(segment).unwrap();
        Dispute::open(&shard, of, CHALLENGER, segment, None, &self.leaf(segment), OPENED, &params()).unwrap()
    }
}

fn step(dispute: &Dispute, play: Play) -> Result<Dispute, DisputeError> {
    match dispute.step(play, dispute.by, &params(), &PROGRAM, &stage())? {
        Next::Open(next) => Ok(next),
        Next::Closed(outcome) => panic!("{outcome:?}"),
    }
}

/// Plays the search: the worker names what `names` says, the challenger picks what differs from `own`.
fn search(mut dispute: Dispute, own: &[BlobId], mut names: impl FnMut(u32) -> BlobId) -> Dispute {
    let mut questions = 0;
    loop {
        match dispute.turn.clone() {
            Move::Ids(search) => {
                questions += 1;
                assert!(questions <= MOST_QUESTIONS);
                let ids = search.probes().into_iter().map(&mut names).collect();
                dispute = step(&dispute, Play::Ids { by: WORKER, ids }).unwrap();
            }
            Move::Pick { search, ids } => {
                let probes = search.probes();
                let differs = |(segment, id): (&u32, &BlobId)| own[*segment as usize] != *id;
                let index = probes.iter().zip(&ids).position(differs).unwrap_or(ids.len()) as u32;
                dispute = step(&dispute, Play::Pick { by: CHALLENGER, index }).unwrap();
            }
            _ => return dispute,
        }
    }
}

fn ends(dispute: &Dispute, task: &Task) -> Play {
    let start = dispute.start.map(|_| task.leaf(dispute.position - 1));
    Play::Prove { start, end: task.leaf(dispute.position) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn search_should_find_the_first_lie_when_the_worker_names_what_it_committed_to(
        lie in 0..SEGMENTS, behind in 0..SEGMENTS,
    ) {
        let at = lie.saturating_add(behind).clamp(1, SEGMENTS - 1);
        let task = Task::new(ids(lie, 1));
        let own = ids(0, 0);
        let found = search(task.dispute(at), &own, |segment| task.ids[segment as usize]);
        prop_assert_eq!(found.position, lie);
        prop_assert_eq!(found.segment, PROGRAM.program().segment(lie).unwrap());
        prop_assert_eq!((found.start, found.end), (lie.checked_sub(1).map(|before| id(before, 0)), id(lie, 1)));
        let proven = step(&found, ends(&found, &task)).unwrap();
        prop_assert_eq!(proven.turn, Move::Trace);
    }

    #[test]
    fn search_should_end_between_an_agreed_and_a_differing_end_when_the_worker_names_anything(
        at in 1..SEGMENTS, names in prop::collection::vec(any::<bool>(), 256),
    ) {
        let task = Task::new(ids(0, 1));
        let own = ids(0, 0);
        let mut named = names.iter().cycle();
        let mut told = std::collections::HashMap::new();
        let found = search(task.dispute(at), &own, |segment| {
            let id = if *named.next().unwrap() { own[segment as usize] } else { id(segment, 2) };
            told.insert(segment, id);
            id
        });
        prop_assert_eq!(&found.turn, &Move::Prove);
        prop_assert!(found.start.is_none_or(|start| start == own[found.position as usize - 1]));
        prop_assert_ne!(found.end, own[found.position as usize]);
        // What it has named is not what it has committed to: it cannot prove it.
        prop_assert!(found.position == at && found.start.is_none() || step(&found, ends(&found, &task)).is_err());
    }

    #[test]
    fn auditor_that_ran_the_task_from_its_inputs_should_only_answer_for_its_own_ends_when_the_accuser_picks_anything(
        at in 1..SEGMENTS, picks in prop::collection::vec(0..=MAX_IDS, 4),
    ) {
        let own = ids(0, 0);
        let mut theirs = own.clone();
        // The end is right, and the worker's checkpoint before it is not what the auditor came to.
        theirs[at as usize - 1] = id(at - 1, 1);
        let start = Some(theirs[at as usize - 1]);
        let (turn, defendant) = (Move::Trace, Defendant::Rerunner);
        let mut dispute = Dispute { start, turn, defendant, ..Task::new(theirs).dispute(at) };
        let mut picks = picks.into_iter();
        while dispute.defendant == Defendant::Rerunner {
            let play = match &dispute.turn {
                Move::Trace | Move::Ids(_) => {
                    let ids = dispute.probes(&PROGRAM).into_iter().map(|segment| own[segment as usize]).collect();
                    Play::Ids { by: WORKER, ids }
                }
                Move::Pick { ids, .. } => Play::Pick { by: CHALLENGER, index: picks.next().unwrap().min(ids.len() as u32) },
                turn => panic!("{turn:?}"),
            };
            dispute = step(&dispute, play).unwrap();
        }
        let position = dispute.position as usize;
        prop_assert_eq!((&dispute.turn, dispute.defendant), (&Move::Trace, Defendant::Auditor));
        prop_assert_eq!((dispute.start, dispute.end), (position.checked_sub(1).map(|before| own[before]), own[position]));
        let again = Play::Ids { by: WORKER, ids: Vec::new() };
        prop_assert_eq!(step(&dispute, again), Err(DisputeError::WrongMove));
    }

    #[test]
    fn honest_worker_should_always_be_able_to_prove_the_ends_when_the_challenger_picks_anything(
        at in 1..SEGMENTS, picks in prop::collection::vec(0..=MAX_IDS, 4),
    ) {
        let task = Task::new(ids(0, 0));
        let mut dispute = task.dispute(at);
        let mut picks = picks.into_iter();
        let mut moves = 0;
        while dispute.turn != Move::Trace {
            moves += 1;
            prop_assert!(moves <= 2 * MOST_QUESTIONS + 1);
            let play = match &dispute.turn {
                Move::Ids(search) => {
                    let ids = search.probes().iter().map(|segment| task.ids[*segment as usize]).collect();
                    Play::Ids { by: WORKER, ids }
                }
                Move::Pick { ids, .. } => Play::Pick { by: CHALLENGER, index: picks.next().unwrap().min(ids.len() as u32) },
                Move::Prove => ends(&dispute, &task),
                turn => panic!("{turn:?}"),
            };
            dispute = step(&dispute, play).unwrap();
        }
    }
}

#[test]
fn probes_should_be_distinct_and_between_the_two_ends() {
    for between in (0..200).chain([4_095, 4_096, 4_097, 65_535]) {
        for agreed in [None, Some(Claimed { segment: 7, id: id(7, 0) })] {
            let first = agreed.map_or(0, |agreed| agreed.segment + 1);
            let differs = Claimed { segment: first + between, id: id(0, 1) };
            let probes = Search { agreed, differs }.probes();
            assert_eq!(probes.len() as u32, between.min(MAX_IDS));
            assert!(probes.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(probes.iter().all(|probe| (first..first + between).contains(probe)), "{between} {probes:?}");
        }
    }
}

#[test]
fn moves_should_be_refused_with_their_reason_when_they_are_not_owed_or_not_right() {
    let task = Task::new(ids(3, 1));
    let asks = task.dispute(SEGMENTS - 1);
    assert_eq!((asks.segment, *asks.owed_by()), (Segment::Finish, WORKER));
    let names = |by, count| Play::Ids { by, ids: vec![BlobId([0; 32]); count] };
    assert_eq!(step(&asks, names(WORKER, 63)), Err(DisputeError::IdCount));
    assert_eq!(step(&asks, names(STRANGER, 64)), Err(DisputeError::NotYours));
    assert_eq!(step(&asks, Play::Pick { by: CHALLENGER, index: 0 }), Err(DisputeError::WrongMove));
    let picks = step(&asks, names(WORKER, 64)).unwrap();
    assert_eq!(*picks.owed_by(), CHALLENGER);
    assert_eq!(step(&picks, Play::Pick { by: WORKER, index: 0 }), Err(DisputeError::NotYours));
    assert_eq!(step(&picks, Play::Pick { by: CHALLENGER, index: 65 }), Err(DisputeError::NoSuchElement));
    let found = search(task.dispute(SEGMENTS - 1), &ids(0, 0), |segment| task.ids[segment as usize]);
    assert_eq!(found.position, 3);
    let prove = |start: u32, end: u32| step(&found, Play::Prove { start: Some(task.leaf(start)), end: task.leaf(end) });
    assert!(matches!(prove(3, 3), Err(DisputeError::BadLeaf(_))));
    assert!(matches!(prove(2, 2), Err(DisputeError::BadLeaf(_))));
    assert_eq!(step(&found, Play::Prove { start: None, end: task.leaf(3) }), Err(DisputeError::WrongStart));
    assert!(prove(2, 3).is_ok());
}
