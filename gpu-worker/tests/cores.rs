// SPDX-License-Identifier: Apache-2.0
//! What the cores do when the chain they see is not simply one block longer: forks, nodes that lag, restarts in a dispute.

use quern_primitives::{
    commitment::{audit_seal, leaf_list, results_digest, secret_hash, LeafProof},
    draw::SegmentCosts,
    job::Stage as JobStage,
    slice::SliceProof,
    Account, BlobId, Height, ShardId,
};
use quern_program::Segment;
use quern_protocol::{
    dispute::{Dispute, Move, Posted, Trace},
    inputs::StageContext,
    shard::{
        Accused, Audit, Commitment, Confirmed, Deal, Demand, LeafDemand, Liable, Phase, Probe, ProbeSeat, Seat, Stake,
        Verdict, Window,
    },
    view::ShardView,
    Shard,
};
use quern_worker::core::{
    Action, Attempt, Call, Defence, Event, Promise, Prosecution, Sealed, ShownResults, Stage, Subject, Validator,
    Worker, CLAIM_AFTER, CLAIM_MARGIN_BLOCKS, DECLINE_AFTER, DECLINE_MARGIN_BLOCKS, PRESSING_BLOCKS, RESEND_BLOCKS,
    RETRY_BLOCKS, SLOW_BLOCKS,
};

const ME: Account = [1; 32];
const OTHER: Account = [2; 32];
const ID: ShardId = ShardId { job: 1, stage: 0, index: 0 };
const ATTEMPT: Attempt = Attempt { shard: ID, attempt: 0 };
const SECRET: [u8; 32] = [7; 32];

fn context(randomness: u8) -> StageContext {
    let stage = JobStage { program: BlobId([3; 32]), tasks: 1, shard_size: 1, inputs: Vec::new().try_into().unwrap() };
    StageContext { genesis: [0; 32], job: 1, index: 0, stage, randomness: [randomness; 32], outputs: Vec::new() }
}

fn view(phase: Phase) -> ShardView {
    let costs = SegmentCosts { init: 1, body: 1, steps: 2, finish: 1, has_loop: true };
    ShardView {
        shard: Shard { phase, ..Shard::new(ID, 0, 1, costs) },
        context: context(5),
        requester: Vec::new(),
        endpoints: Vec::new(),
        disputes: Vec::new(),
        answered: Vec::new(),
        demand_price: None,
    }
}

fn deal(worker: Account) -> Deal {
    Deal { worker, price: 1, collateral: 3 }
}

fn promise() -> Promise {
    let ids: Vec<BlobId> = (0..4).map(|byte| BlobId([byte; 32])).collect();
    let root = BlobId::of(&leaf_list(&SECRET, &ME, &ID, &ids));
    Promise { by: 50, secret: SECRET, ids, root }
}

fn assigned() -> ShardView {
    view(Phase::Assigned { deal: deal(ME), by: 60 })
}

fn running() -> ShardView {
    view(Phase::Running { deal: deal(ME), by: 50 })
}

fn commitment() -> Commitment {
    let promise = promise();
    Commitment { root: promise.root, secret_hash: secret_hash(&promise.secret), at: 12 }
}

fn audit(auditor: Account, verdict: Option<Verdict>) -> Audit {
    // That of what `sealed_for_check` says.
    let seal = audit_seal(&SECRET, &auditor, &ID, &[1; 32], &results_digest(&ID, &[BlobId([8; 32])]));
    let seat = Seat { seal: Some(seal), verdict, ..Seat::new(auditor, 5) };
    Audit {
        sample: vec![2].try_into().unwrap(),
        seats: vec![seat].try_into().unwrap(),
        drawn_at: 20,
        opened: Some([1; 32]),
        results: Some([2; 32]),
        demand: Demand::None,
        sampled_at: 20,
        needed: 1,
        left: Default::default(),
        without_inputs: Default::default(),
    }
}

fn dispute(worker: Account, challenger: Account, turn: Move, byte: u8) -> Dispute {
    let trace = Trace { state: Vec::new().try_into().unwrap(), outputs: vec![BlobId([byte; 32])].try_into().unwrap() };
    Dispute {
        shard: ID,
        position: 2,
        task: 0,
        segment: Segment::Body(1),
        worker,
        challenger,
        root: promise().root,
        leaves: 4,
        start: Some(BlobId([1; 32])),
        end: BlobId([2; 32]),
        trace: (turn != Move::Trace).then_some(Posted::Whole(trace)),
        turn,
        by: 90,
        defendant: Default::default(),
    }
}

fn disputed(worker: Account, challenger: Account, turn: Move, byte: u8) -> ShardView {
    let audit = audit(challenger, Some(Verdict::Disputing));
    let phase = Phase::Disputed { deal: deal(worker), commitment: commitment(), audit, by: 80 };
    ShardView { disputes: vec![(9, dispute(worker, challenger, turn, byte))], ..view(phase) }
}

fn block(best: Height, finalized: Height, views: Vec<ShardView>) -> Event {
    Event::Block { best, finalized, views: views.into(), served: Default::default() }
}

fn kinds(actions: &[Action]) -> Vec<&'static str> {
    let kind = |action: &Action| match action {
        Action::FetchInputs(_) => "fetch",
        Action::Execute(_) => "execute",
        Action::ShowOpening(_) => "show opening",
        Action::ShowResults(_) => "show results",
        Action::Publish(_) => "publish",
        Action::Defend(..) => "defend",
        Action::ShowTrace(..) => "show trace",
        Action::Audit(_) => "audit",
        Action::Rerun(_) => "rerun",
        Action::CheckResults(_) => "check",
        Action::Prosecute(..) => "prosecute",
        Action::Hold(_) => "hold",
        Action::Submit(call) => call.name(),
        Action::Compare(..) => "compare",
        Action::Recompute(..) => "recompute",
        Action::FindLeaf(..) => "find leaf",
        Action::Forget(_) => "forget",
        Action::Plan(..) => "plan",
        Action::Confirm(_) => "confirm",
        Action::Abandon(_) => "abandon",
        Action::ForgetPlan(_) => "forget plan",
        Action::Post(call) => call.name(),
    };
    actions.iter().map(kind).collect()
}

#[test]
fn worker_should_execute_only_what_is_final() {
    let mut worker = Worker::new(ME, []);
    assert_eq!(kinds(&worker.on(block(10, 8, vec![running()]))), Vec::<&str>::new());
    assert_eq!(kinds(&worker.on(block(11, 9, vec![running()]))), Vec::<&str>::new());
    // A fork gives the attempt other inputs: the count begins anew.
    let other = ShardView { context: context(6), ..running() };
    assert_eq!(kinds(&worker.on(block(12, 10, vec![other.clone()]))), Vec::<&str>::new());
    assert_eq!(kinds(&worker.on(block(13, 11, vec![other.clone()]))), Vec::<&str>::new());
    assert_eq!(kinds(&worker.on(block(14, 12, vec![other]))), ["execute"]);
}

#[test]
fn worker_should_keep_its_promise_when_a_fork_hides_the_shard_for_a_while() {
    let mut worker = Worker::new(ME, [(ATTEMPT, promise())]);
    assert_eq!(kinds(&worker.on(block(60, 57, vec![running()]))), ["commit"]);
    assert_eq!(kinds(&worker.on(block(61, 58, vec![]))), Vec::<&str>::new());
    assert_eq!(kinds(&worker.on(block(63, 60, vec![]))), Vec::<&str>::new());
    // It is back: missing blocks are counted from the beginning when it is gone again.
    worker.on(block(64, 61, vec![running()]));
    assert_eq!(kinds(&worker.on(block(65, 62, vec![]))), Vec::<&str>::new());
    assert_eq!(kinds(&worker.on(block(67, 64, vec![]))), Vec::<&str>::new());
    assert_eq!(worker.on(block(68, 65, vec![])), vec![Action::Forget(ATTEMPT)]);
}

#[test]
fn worker_should_keep_its_promise_when_its_node_is_still_catching_up() {
    let mut worker = Worker::new(ME, [(ATTEMPT, promise())]);
    for height in 1..50 {
        assert_eq!(worker.on(block(height, height, vec![])), vec![], "at {height}");
    }
    assert_eq!(worker.on(block(50, 50, vec![])), vec![Action::Forget(ATTEMPT)]);
}

#[test]
fn validator_should_keep_its_answer_when_its_node_is_still_catching_up() {
    let sealed = Sealed { sampled_at: 20, salt: SECRET, ids: Vec::new(), starts: Vec::new(), tasks: Vec::new() };
    let mut validator = Validator::new(ME, [(ATTEMPT, sealed)], []);
    assert_eq!(validator.on(block(19, 19, vec![])), vec![]);
    assert_eq!(validator.on(block(20, 20, vec![])), vec![Action::Forget(ATTEMPT)]);
}

#[test]
fn worker_should_commit_to_the_same_root_when_it_starts_again() {
    for _ in 0..2 {
        let mut worker = Worker::new(ME, [(ATTEMPT, promise())]);
        let commit = vec![(ID, promise().root, secret_hash(&SECRET))];
        assert_eq!(worker.on(block(10, 8, vec![running()])), vec![Action::Submit(Call::Commit(commit.clone()))]);
        assert_eq!(worker.on(block(10 + RESEND_BLOCKS - 1, 8, vec![running()])), vec![]);
        let again = worker.on(block(10 + RESEND_BLOCKS, 8, vec![running()]));
        assert_eq!(again, vec![Action::Submit(Call::Commit(commit))]);
    }
}

#[test]
fn worker_should_send_at_once_what_it_owes_when_a_shard_comes_back_to_it() {
    let mut worker = Worker::new(ME, []);
    worker.on(block(10, 8, vec![assigned()]));
    worker.on(Event::Fetched(ATTEMPT));
    assert_eq!(kinds(&worker.on(block(10, 8, vec![assigned()]))), ["start"]);
    let mut again = assigned();
    again.shard.attempt = 1;
    assert_eq!(kinds(&worker.on(block(11, 9, vec![again.clone()]))), ["fetch"]);
    worker.on(Event::Fetched(Attempt::of(&again.shard)));
    assert_eq!(kinds(&worker.on(block(11, 9, vec![again]))), ["start"]);
}

#[test]
fn worker_should_decline_when_the_inputs_cannot_be_fetched() {
    let mut worker = Worker::new(ME, []);
    let mut height = 10;
    for _ in 0..DECLINE_AFTER {
        let actions = worker.on(block(height, 8, vec![assigned()]));
        assert_eq!(kinds(&actions), ["fetch"]);
        worker.on(Event::Failed(quern_worker::site::subject(&actions[0])));
        height += RETRY_BLOCKS;
    }
    let actions = worker.on(block(height, 8, vec![assigned()]));
    assert_eq!(actions, vec![Action::Submit(Call::Decline(ID))]);
}

#[test]
fn worker_should_decline_in_time_when_the_inputs_could_not_be_fetched_once() {
    let last = 60 - DECLINE_MARGIN_BLOCKS;
    let mut worker = Worker::new(ME, []);
    let actions = worker.on(block(10, 8, vec![assigned()]));
    worker.on(Event::Failed(quern_worker::site::subject(&actions[0])));
    let again = worker.on(block(last - 1, 8, vec![assigned()]));
    assert_eq!(kinds(&again), ["fetch"], "there is time for another try");
    assert_eq!(worker.on(block(last, 8, vec![assigned()])), vec![Action::Submit(Call::Decline(ID))]);
    // A fetch that ends all the same is still of use.
    worker.on(Event::Fetched(ATTEMPT));
    assert_eq!(kinds(&worker.on(block(last + 1, 8, vec![assigned()]))), ["start"]);
}

#[test]
fn worker_should_not_decline_near_the_deadline_when_its_first_fetch_is_under_way() {
    let mut worker = Worker::new(ME, []);
    let last = 60 - DECLINE_MARGIN_BLOCKS;
    assert_eq!(kinds(&worker.on(block(last, 8, vec![assigned()]))), ["fetch"]);
    assert_eq!(kinds(&worker.on(block(last + 1, 8, vec![assigned()]))), Vec::<&str>::new());
}

#[test]
fn worker_should_decline_in_time_when_its_fetch_waits_or_is_slow() {
    let mut worker = Worker::new(ME, []);
    let last = 60 - DECLINE_MARGIN_BLOCKS;
    assert_eq!(kinds(&worker.on(block(last - SLOW_BLOCKS, 8, vec![assigned()]))), ["fetch"]);
    assert_eq!(worker.on(block(last - 1, 8, vec![assigned()])), vec![]);
    assert_eq!(worker.on(block(last, 8, vec![assigned()])), vec![Action::Submit(Call::Decline(ID))]);
    worker.on(Event::Fetched(ATTEMPT));
    assert_eq!(kinds(&worker.on(block(last + 1, 8, vec![assigned()]))), ["start"], "it has come after all");
}

#[test]
fn worker_should_show_everything_again_when_it_starts_again() {
    let audited = |phase: fn(Deal, Commitment, Audit) -> Phase| view(phase(deal(ME), commitment(), audit(OTHER, None)));
    let auditing = audited(|deal, commitment, audit| Phase::Auditing { deal, commitment, audit, by: 90 });
    let revealing = audited(|deal, commitment, audit| Phase::Revealing { deal, commitment, audit, by: 90 });
    let comparing = audited(|deal, commitment, audit| Phase::Comparing { deal, commitment, audit, by: 90 });
    let accepted = accepted(ME, vec![], |_| ());
    let in_part = Move::NameInPart { part: 0, ids: Default::default() };
    let expected: [(ShardView, &[&str]); 9] = [
        (auditing, &["show opening"]),
        // Results are shown when the seals are final, which takes as long as finality.
        (revealing, &["show opening"]),
        (comparing, &["show opening", "show results"]),
        (disputed(ME, OTHER, Move::Trace, 1), &["show opening", "show results", "defend"]),
        (disputed(ME, OTHER, Move::Name, 1), &["show opening", "show results", "show trace"]),
        (disputed(ME, OTHER, Move::NamePart, 1), &["show opening", "show results", "show trace"]),
        (disputed(ME, OTHER, Move::Part { part: 0 }, 1), &["show opening", "show results", "defend"]),
        (disputed(ME, OTHER, in_part, 1), &["show opening", "show results", "show trace"]),
        (accepted, &["publish"]),
    ];
    for (view, expected) in expected {
        let mut worker = Worker::new(ME, [(ATTEMPT, promise())]);
        assert_eq!(kinds(&worker.on(block(40, 38, vec![view.clone()]))), expected);
        assert_eq!(kinds(&worker.on(block(41, 39, vec![view]))), Vec::<&str>::new(), "twice");
    }
}

#[test]
fn worker_should_not_serve_a_trace_again_when_it_has_just_posted_it() {
    let mut worker = Worker::new(ME, [(ATTEMPT, promise())]);
    let view = disputed(ME, OTHER, Move::Trace, 1);
    worker.on(block(40, 38, vec![view.clone()]));
    let Some(Posted::Whole(trace)) = dispute(ME, OTHER, Move::Name, 1).trace else { panic!("a trace") };
    worker.on(Event::Defended(9, Box::new(view.disputes[0].1.clone()), Defence::Trace(trace)));
    worker.on(Event::Shown(ATTEMPT, Stage::Opening(20)));
    worker.on(Event::Shown(ATTEMPT, Stage::Results(20)));
    assert_eq!(kinds(&worker.on(block(41, 39, vec![view]))), ["trace"]);
    let next = disputed(ME, OTHER, Move::Name, 1);
    assert_eq!(kinds(&worker.on(block(42, 40, vec![next]))), Vec::<&str>::new());
}

#[test]
fn challenger_should_work_its_move_out_again_when_a_fork_shows_another_trace() {
    let sealed =
        Sealed { sampled_at: 20, salt: SECRET, ids: vec![BlobId([8; 32])], starts: Vec::new(), tasks: Vec::new() };
    let mut validator = Validator::new(ME, [(ATTEMPT, sealed)], []);
    let view = disputed(OTHER, ME, Move::Name, 1);
    assert_eq!(kinds(&validator.on(block(40, 38, vec![view.clone()]))), ["prosecute"]);
    validator.on(Event::Prosecuted(9, Box::new(view.disputes[0].1.clone()), Prosecution::Name(3)));
    let forked = disputed(OTHER, ME, Move::Name, 2);
    assert_eq!(kinds(&validator.on(block(40, 38, vec![forked]))), ["prosecute"]);
    assert_eq!(kinds(&validator.on(block(41, 38, vec![view]))), ["name"]);
}

#[test]
fn challenger_should_play_on_when_a_part_of_a_long_trace_is_its_turn() {
    let sealed =
        Sealed { sampled_at: 20, salt: SECRET, ids: vec![BlobId([8; 32])], starts: Vec::new(), tasks: Vec::new() };
    let mut validator = Validator::new(ME, [(ATTEMPT, sealed)], []);
    let (asks, opened) =
        (disputed(OTHER, ME, Move::NamePart, 1), Move::NameInPart { part: 3, ids: Default::default() });
    assert_eq!(kinds(&validator.on(block(40, 38, vec![asks.clone()]))), ["prosecute"]);
    validator.on(Event::Prosecuted(9, Box::new(asks.disputes[0].1.clone()), Prosecution::Demand(3)));
    assert_eq!(kinds(&validator.on(block(41, 39, vec![asks]))), ["demand output"]);
    let owed = disputed(OTHER, ME, Move::Part { part: 3 }, 1);
    assert_eq!(kinds(&validator.on(block(42, 40, vec![owed]))), Vec::<&str>::new(), "it is the worker's turn");
    let opened = disputed(OTHER, ME, opened, 1);
    assert_eq!(kinds(&validator.on(block(43, 41, vec![opened.clone()]))), ["prosecute"]);
    let name = Prosecution::NameInPart { op: 99, earlier: Vec::new() };
    validator.on(Event::Prosecuted(9, Box::new(opened.disputes[0].1.clone()), name));
    assert_eq!(kinds(&validator.on(block(44, 42, vec![opened]))), ["name"]);
}

#[test]
fn validator_should_serve_outputs_again_when_it_starts_again() {
    let accepted = accepted(OTHER, vec![ME], |window| window.delivered = true);
    let mut validator = Validator::new(ME, [], []);
    assert_eq!(kinds(&validator.on(block(40, 38, vec![accepted.clone()]))), ["hold"]);
    validator.on(Event::Held(ATTEMPT));
    assert_eq!(kinds(&validator.on(block(41, 39, vec![accepted]))), Vec::<&str>::new());
}

/// An accepted shard whose window is open.
fn accepted(worker: Account, auditors: Vec<Account>, change: impl FnOnce(&mut Window)) -> ShardView {
    let mut window = Window {
        closes: 60,
        deliver_by: 90,
        delivered: false,
        challenges: Vec::new().try_into().unwrap(),
        refuted: 0,
        demands: Vec::new().try_into().unwrap(),
        asked: 0,
        asked_at: 0,
        confirmed: Default::default(),
    };
    change(&mut window);
    let auditors = auditors.try_into().unwrap();
    view(Phase::Accepted { deal: deal(worker), commitment: commitment(), auditors, at: 30, window })
}

#[test]
fn validator_should_defend_what_it_confirmed_when_it_is_accused() {
    let mut validator = Validator::new(ME, [], []);
    let dissenting = Default::default();
    let accused = Accused { confirmed: Default::default(), by: 60, refuted: 0, reissue: true, dissenting };
    let (deal, commitment, auditors) = (deal(OTHER), commitment(), vec![ME].try_into().unwrap());
    let mut view = view(Phase::Accused { deal, commitment, auditors, at: 30, accused });
    view.disputes = vec![(8, dispute([3; 32], OTHER, Move::Trace, 1)), (9, dispute(ME, OTHER, Move::Trace, 1))];
    let actions = validator.on(block(40, 39, vec![view.clone()]));
    assert_eq!(kinds(&actions), ["defend", "hold"]);
    assert!(matches!(&actions[0], Action::Defend(_, 9)));
    let Some(Posted::Whole(trace)) = dispute(ME, OTHER, Move::Name, 1).trace else { panic!("a trace") };
    validator.on(Event::Defended(9, Box::new(view.disputes[1].1.clone()), Defence::Trace(trace)));
    assert_eq!(kinds(&validator.on(block(41, 40, vec![view]))), ["trace"]);
}

const FRIEND: Account = [6; 32];

fn leaf(byte: u8) -> LeafProof {
    LeafProof { id: BlobId([byte; 32]), secret: SECRET, proof: SliceProof(Vec::new()) }
}

/// A worker was convicted before acceptance; a friend had confirmed the segment at position 2, and this validator had not.
fn convicted_early(accuser: Option<Account>) -> ShardView {
    let accuser = accuser.map(|challenger| Stake { challenger, bond: 5 });
    let liable = Liable { auditor: FRIEND, bond: 5, from_inputs: false, accuser };
    let (sample, liable) = (vec![2].try_into().unwrap(), vec![liable].try_into().unwrap());
    let (confirmed, dissenting) = (Confirmed { sample, liable }, vec![ME].try_into().unwrap());
    let accused = Accused { confirmed, by: 130, refuted: 0, reissue: true, dissenting };
    let (deal, commitment, auditors) = (deal(OTHER), commitment(), vec![FRIEND].try_into().unwrap());
    view(Phase::Accused { deal, commitment, auditors, at: 100, accused })
}

/// What this validator has kept of the audit: it came to another end of the segment than it was shown.
fn differed() -> (Sealed, ShownResults) {
    let (ids, starts) = (vec![BlobId([8; 32])], vec![leaf(1)]);
    let sealed = Sealed { sampled_at: 20, salt: SECRET, ids, starts, tasks: Vec::new() };
    (sealed, ShownResults { drawn_at: 20, leaves: vec![leaf(2)] })
}

#[test]
fn validator_should_accuse_who_confirmed_what_differs_when_the_worker_is_convicted_and_it_starts_again() {
    for _ in 0..2 {
        let (sealed, shown) = differed();
        let mut validator = Validator::new(ME, [(ATTEMPT, sealed)], [(ATTEMPT, shown)]);
        let accuses = Action::Submit(Call::AccuseAuditor(ID, FRIEND, 2, Some(leaf(1)), leaf(2)));
        assert_eq!(validator.on(block(101, 99, vec![convicted_early(None)])), vec![accuses.clone()]);
        assert_eq!(validator.on(block(102, 99, vec![convicted_early(None)])), vec![], "it was sent a moment ago");
        assert_eq!(validator.on(block(109, 99, vec![convicted_early(Some(OTHER))])), vec![], "somebody else does");
        assert_eq!(validator.on(block(110, 99, vec![convicted_early(None)])), vec![accuses], "and was refuted");
        let mut mine = convicted_early(Some(ME));
        mine.disputes = vec![(9, dispute(FRIEND, ME, Move::Name, 1))];
        assert_eq!(kinds(&validator.on(block(111, 99, vec![mine]))), ["prosecute"]);
        assert_eq!(validator.on(block(120, 99, vec![convicted_early(None)])), vec![], "its own was refuted");
    }
}

/// The same, where the friend said that it runs the task from its inputs.
fn convicted_early_from_inputs() -> ShardView {
    let mut view = convicted_early(None);
    let Phase::Accused { accused, .. } = &mut view.shard.phase else { unreachable!() };
    accused.confirmed.liable.iter_mut().for_each(|liable| liable.from_inputs = true);
    view
}

#[test]
fn validator_should_accuse_who_ran_the_task_from_its_inputs_only_when_its_own_run_from_there_differs() {
    let accuses = Action::Submit(Call::AccuseAuditor(ID, FRIEND, 2, Some(leaf(1)), leaf(2)));
    // From the checkpoint that the worker opened the end came out as another one. If that was wrong itself, the end may be right.
    for (own, expected) in [(2, vec![]), (8, vec![accuses])] {
        let (sealed, shown) = differed();
        let mut validator = Validator::new(ME, [(ATTEMPT, sealed)], [(ATTEMPT, shown)]);
        let view = convicted_early_from_inputs();
        assert_eq!(validator.on(block(101, 99, vec![view.clone()])), vec![Action::Recompute(view.clone(), 2)]);
        assert_eq!(validator.on(block(102, 99, vec![view.clone()])), vec![], "it is under way");
        validator.on(Event::Recomputed(ATTEMPT, 2, BlobId([own; 32])));
        assert_eq!(validator.on(block(103, 99, vec![view])), expected);
    }
}

#[test]
fn validator_should_not_run_a_task_again_to_accuse_when_the_time_is_over() {
    let (sealed, shown) = differed();
    let mut validator = Validator::new(ME, [(ATTEMPT, sealed)], [(ATTEMPT, shown)]);
    assert_eq!(validator.on(block(127, 99, vec![convicted_early_from_inputs()])), vec![]);
}

#[test]
fn validator_should_accuse_nobody_when_it_signs_with_a_hot_key() {
    let (sealed, shown) = differed();
    let mut validator = Validator::new(ME, [(ATTEMPT, sealed)], [(ATTEMPT, shown)]).without_accusing();
    assert_eq!(validator.on(block(101, 99, vec![convicted_early(None)])), vec![]);
}

#[test]
fn validator_should_accuse_nobody_of_what_it_does_not_know_the_ends_of() {
    let (sealed, shown) = differed();
    let of_an_earlier_draw = ShownResults { drawn_at: 10, ..shown.clone() };
    let from_the_inputs = Sealed { starts: Vec::new(), tasks: vec![(0, vec![BlobId([8; 32]); 3])], ..sealed.clone() };
    let the_same = Sealed { ids: vec![BlobId([2; 32])], ..sealed.clone() };
    let known = [(sealed, of_an_earlier_draw), (from_the_inputs, shown.clone()), (the_same, shown)];
    for (sealed, shown) in known {
        let mut validator = Validator::new(ME, [(ATTEMPT, sealed)], [(ATTEMPT, shown)]);
        assert_eq!(validator.on(block(101, 99, vec![convicted_early(None)])), vec![]);
    }
}

#[test]
fn validator_should_keep_what_was_shown_on_chain_before_it_reveals_also_while_a_fetch_hangs() {
    let (sealed, shown) = differed();
    let mut validator = Validator::new(ME, [(ATTEMPT, sealed)], []);
    let (deal, commitment, mut audit) = (deal(OTHER), commitment(), audit(ME, None));
    audit.results = Some(results_digest(&ID, &[leaf(2).id]));
    let asked = view(Phase::Comparing { deal, commitment, audit, by: 190 });
    assert_eq!(kinds(&validator.on(block(40, 38, vec![asked.clone()]))), ["check"]);
    let answered = ShardView { answered: shown.leaves.clone(), ..asked };
    assert_eq!(kinds(&validator.on(block(41, 39, vec![answered.clone()]))), ["check"], "it is only kept");
    assert_eq!(kinds(&validator.on(block(42, 40, vec![answered.clone()]))), Vec::<&str>::new());
    validator.on(Event::Checked(ATTEMPT, shown));
    assert_eq!(kinds(&validator.on(block(43, 41, vec![answered]))), ["reveal"]);
}

#[test]
fn validator_should_say_that_the_outputs_are_delivered_when_it_holds_them() {
    let mut validator = Validator::new(ME, [], []);
    let waits = accepted(OTHER, vec![ME], |_| ());
    assert_eq!(kinds(&validator.on(block(40, 38, vec![waits.clone()]))), ["hold"]);
    validator.on(Event::Held(ATTEMPT));
    let actions = validator.on(block(41, 39, vec![waits.clone()]));
    assert_eq!(actions, vec![Action::Submit(Call::Acknowledge(vec![ID]))]);
    assert_eq!(kinds(&validator.on(block(42, 40, vec![waits.clone()]))), Vec::<&str>::new(), "twice");
    assert_eq!(kinds(&validator.on(block(41 + RESEND_BLOCKS, 45, vec![waits]))), ["acknowledge"]);
    let delivered = accepted(OTHER, vec![ME], |window| window.delivered = true);
    assert_eq!(kinds(&validator.on(block(60, 58, vec![delivered]))), Vec::<&str>::new());
}

#[test]
fn worker_should_answer_every_id_that_is_asked_for_in_the_window() {
    let mut worker = Worker::new(ME, [(ATTEMPT, promise())]);
    let asked = accepted(ME, vec![], |window| {
        let demands = [0, 1].map(|position| LeafDemand { position, by: 50 });
        window.demands = demands.to_vec().try_into().unwrap();
    });
    let actions = worker.on(block(40, 38, vec![asked.clone()]));
    assert_eq!(kinds(&actions), ["publish", "answer leaf", "answer leaf"]);
    let Action::Submit(Call::AnswerLeaf(_, position, leaf)) = &actions[2] else { panic!("{actions:?}") };
    assert_eq!((*position, leaf.id), (1, promise().ids[1]));
    assert_eq!(kinds(&worker.on(block(41, 39, vec![asked]))), Vec::<&str>::new(), "twice");
}

#[test]
fn validator_should_claim_that_it_is_not_served_before_its_silence_is_fined() {
    let auditing = |by| {
        let mut audit = audit(ME, None);
        audit.seats[0].seal = None;
        view(Phase::Auditing { deal: deal(OTHER), commitment: commitment(), audit, by })
    };
    let mut validator = Validator::new(ME, [], []);
    assert_eq!(kinds(&validator.on(block(40, 38, vec![auditing(90)]))), ["audit"]);
    let claim = vec![Action::Submit(Call::ClaimUnavailable(ID, false))];
    assert_eq!(validator.on(block(90 - CLAIM_MARGIN_BLOCKS, 68, vec![auditing(90)])), claim);
    // With much time left it tries again and again, and then gives up.
    let mut validator = Validator::new(ME, [], []);
    let mut height = 40;
    for _ in 0..CLAIM_AFTER {
        let actions = validator.on(block(height, height - 2, vec![auditing(900)]));
        assert_eq!(kinds(&actions).last(), Some(&"audit"));
        validator.on(Event::Failed(quern_worker::site::subject(actions.last().unwrap())));
        height += RETRY_BLOCKS;
    }
    assert_eq!(validator.on(block(height, height - 2, vec![auditing(900)])), claim);
}

/// An answer to the audit that [`audit`] makes.
fn sealed_for_check() -> Sealed {
    Sealed { sampled_at: 20, salt: SECRET, ids: vec![BlobId([8; 32])], starts: Vec::new(), tasks: Vec::new() }
}

#[test]
fn validator_should_demand_results_in_time_when_a_worker_shows_nothing() {
    let comparing =
        |by| view(Phase::Comparing { deal: deal(OTHER), commitment: commitment(), audit: audit(ME, None), by });
    let mut validator = Validator::new(ME, [(ATTEMPT, sealed_for_check())], []);
    let actions = validator.on(block(40, 38, vec![comparing(90)]));
    assert_eq!(kinds(&actions), ["check"]);
    let subject: Subject = quern_worker::site::subject(&actions[0]);
    validator.on(Event::Failed(subject));
    // One failure is no reason to go on chain yet, but with the deadline near it is.
    assert_eq!(kinds(&validator.on(block(41, 39, vec![comparing(90)]))), Vec::<&str>::new());
    assert_eq!(kinds(&validator.on(block(42, 40, vec![comparing(60)]))), ["demand opening"]);
}

#[test]
fn validator_should_demand_results_in_time_when_a_worker_sends_them_without_end() {
    let comparing =
        || view(Phase::Comparing { deal: deal(OTHER), commitment: commitment(), audit: audit(ME, None), by: 100 });
    let mut validator = Validator::new(ME, [(ATTEMPT, sealed_for_check())], []);
    let nothing = Vec::<&str>::new();
    assert_eq!(kinds(&validator.on(block(40, 38, vec![comparing()]))), ["check"]);
    assert_eq!(kinds(&validator.on(block(63, 61, vec![comparing()]))), nothing, "there is time");
    assert_eq!(kinds(&validator.on(block(64, 62, vec![comparing()]))), ["demand opening"]);
    // What was begun a moment ago is waited for.
    let mut validator = Validator::new(ME, [(ATTEMPT, sealed_for_check())], []);
    assert_eq!(kinds(&validator.on(block(90, 88, vec![comparing()]))), ["check"]);
    assert_eq!(kinds(&validator.on(block(97, 95, vec![comparing()]))), nothing);
    assert_eq!(kinds(&validator.on(block(98, 96, vec![comparing()]))), ["demand opening"]);
}

/// An audit that owes a seal, drawn at height 20 and filled up by a later draw.
fn owing(drawn_at: u32, from_inputs: bool) -> ShardView {
    let mut audit = Audit { drawn_at, ..audit(ME, None) };
    audit.seats[0].seal = None;
    audit.seats[0].from_inputs = from_inputs;
    view(Phase::Auditing { deal: deal(OTHER), commitment: commitment(), audit, by: 900 })
}

#[test]
fn validator_should_run_the_tasks_from_their_inputs_when_it_has_claimed_that_it_is_not_served() {
    let mut validator = Validator::new(ME, [], []);
    assert_eq!(kinds(&validator.on(block(40, 38, vec![owing(20, false)]))), ["audit"]);
    // The other run is still under way: one that hangs must not hold this one up.
    let actions = validator.on(block(41, 39, vec![owing(20, true)]));
    assert_eq!(kinds(&actions), ["rerun"]);
    let mut height = 42;
    for _ in 0..CLAIM_AFTER {
        validator.on(Event::Failed(quern_worker::site::subject(&actions[0])));
        height += RETRY_BLOCKS;
        validator.on(block(height, height - 2, vec![owing(20, true)]));
    }
    let claim = Call::ClaimUnavailable(ID, true);
    assert!(validator.on(block(height + 8, height + 6, vec![owing(20, true)])).contains(&Action::Submit(claim)));
}

#[test]
fn validator_should_give_the_answer_that_it_has_kept_when_others_are_drawn_for_the_same_sample() {
    let sealed = |salt| Sealed { sampled_at: 20, salt, ids: Vec::new(), starts: Vec::new(), tasks: Vec::new() };
    let seal = |validator: &mut Validator, height| match &validator.on(block(height, height, vec![owing(60, false)]))[..]
    {
        [Action::Submit(Call::CommitAudit(ID, seal))] => *seal,
        other => panic!("{other:?}"),
    };
    let mut validator = Validator::new(ME, [(ATTEMPT, sealed(SECRET))], []);
    let first = seal(&mut validator, 70);
    // A second run of the same sample changes nothing.
    validator.on(Event::Audited(ATTEMPT, sealed([9; 32])));
    assert_eq!(seal(&mut validator, 90), first);
    // Another sample is another question.
    let mut other = Validator::new(ME, [(ATTEMPT, Sealed { sampled_at: 19, ..sealed(SECRET) })], []);
    assert_eq!(kinds(&other.on(block(70, 70, vec![owing(60, false)]))), ["audit"]);
}

#[test]
fn worker_should_show_its_checkpoints_to_those_drawn_later_when_their_draw_is_final() {
    let mut worker = Worker::new(ME, [(ATTEMPT, promise())]);
    let drawn = |drawn_at| {
        let audit = Audit { drawn_at, ..audit(OTHER, None) };
        view(Phase::Auditing { deal: deal(ME), commitment: commitment(), audit, by: 900 })
    };
    assert_eq!(kinds(&worker.on(block(40, 38, vec![drawn(20)]))), ["show opening"]);
    worker.on(Event::Shown(ATTEMPT, Stage::Opening(20)));
    assert_eq!(kinds(&worker.on(block(61, 59, vec![drawn(60)]))), Vec::<&str>::new(), "the draw may be another one");
    assert_eq!(kinds(&worker.on(block(62, 60, vec![drawn(60)]))), ["show opening"]);
}

fn probing(missing: bool, by: Height) -> ShardView {
    let seat = ProbeSeat { missing, ..ProbeSeat::new(ME, 5) };
    let probe =
        Probe { seats: vec![seat].try_into().unwrap(), needed: 1, rounds: 0, drawn_at: 20, left: Default::default() };
    view(Phase::Probing { work: None, probe, by })
}

#[test]
fn validator_should_fetch_the_inputs_and_say_that_it_has_them_when_it_is_asked() {
    let mut validator = Validator::new(ME, [], []);
    assert_eq!(kinds(&validator.on(block(22, 20, vec![probing(false, 90)]))), ["fetch"]);
    validator.on(Event::Fetched(ATTEMPT));
    let actions = validator.on(block(23, 20, vec![probing(false, 90)]));
    assert_eq!(actions, vec![Action::Submit(Call::ReportInputs(ID, true))]);
    assert_eq!(validator.on(block(24, 20, vec![probing(false, 90)])), vec![], "it was sent a moment ago");
}

#[test]
fn validator_should_say_that_inputs_are_missing_when_it_could_not_fetch_them_often_enough() {
    let mut validator = Validator::new(ME, [], []);
    let mut height = 22;
    for _ in 0..DECLINE_AFTER {
        let actions = validator.on(block(height, 20, vec![probing(false, 900)]));
        assert_eq!(kinds(&actions), ["fetch"]);
        validator.on(Event::Failed(quern_worker::site::subject(&actions[0])));
        height += RETRY_BLOCKS;
    }
    let actions = validator.on(block(height, 20, vec![probing(false, 900)]));
    assert_eq!(actions, vec![Action::Submit(Call::ReportInputs(ID, false))]);
    assert_eq!(validator.on(block(height + 1, 20, vec![probing(true, 900)])), vec![], "it has said so");
}

#[test]
fn validator_should_say_in_time_that_inputs_are_missing_when_a_fetch_hangs() {
    let mut validator = Validator::new(ME, [], []);
    assert_eq!(kinds(&validator.on(block(22, 20, vec![probing(false, 90)]))), ["fetch"]);
    let actions = validator.on(block(90 - CLAIM_MARGIN_BLOCKS, 20, vec![probing(false, 90)]));
    assert_eq!(actions, vec![Action::Submit(Call::ReportInputs(ID, false))]);
}

/// A shard of which the worker owes the digest of the drawn checkpoints, until block 80.
fn opening() -> ShardView {
    view(Phase::Opening { deal: deal(ME), commitment: commitment(), audit: audit(OTHER, None), by: 80 })
}

#[test]
fn worker_should_send_the_digest_that_it_owes_when_it_cannot_show_what_is_behind_it() {
    let mut worker = Worker::new(ME, [(ATTEMPT, promise())]);
    let actions = worker.on(block(30, 28, vec![opening()]));
    assert_eq!(kinds(&actions), ["show opening"]);
    assert_eq!(kinds(&worker.on(block(31, 29, vec![opening()]))), Vec::<&str>::new(), "it is under way");
    worker.on(Event::Failed(quern_worker::site::subject(&actions[0])));
    assert_eq!(kinds(&worker.on(block(31, 29, vec![opening()]))), ["open"]);
    assert_eq!(kinds(&worker.on(block(31 + RETRY_BLOCKS, 33, vec![opening()]))), ["show opening"], "it tries on");
}

#[test]
fn worker_should_send_the_digest_that_it_owes_in_time_when_showing_hangs_or_the_draw_is_not_final() {
    for finalized in [60, 19] {
        let mut worker = Worker::new(ME, [(ATTEMPT, promise())]);
        let before = kinds(&worker.on(block(80 - PRESSING_BLOCKS - 1, finalized.min(46), vec![opening()])));
        assert!(!before.contains(&"open"), "there is time: {before:?}");
        let actions = kinds(&worker.on(block(80 - PRESSING_BLOCKS, finalized.min(46), vec![opening()])));
        assert_eq!(actions, ["open"], "finalised {finalized}");
    }
}

#[test]
fn promise_should_tell_the_ids_of_each_task() {
    let costs = SegmentCosts { init: 1, body: 1, steps: 2, finish: 1, has_loop: true };
    let shard = Shard::new(ID, 3, 2, costs);
    let promise = Promise { ids: (0..8).map(|byte| BlobId([byte; 32])).collect(), ..promise() };
    assert_eq!(promise.ids_of(&shard, 3), Some(&promise.ids[..4]));
    assert_eq!(promise.ids_of(&shard, 4), Some(&promise.ids[4..]));
    assert_eq!((promise.ids_of(&shard, 2), promise.ids_of(&shard, 5)), (None, None));
}

/// A shard of which the worker owes the digest of the drawn results, with a seal.
fn revealing(seal: u8, by: Height) -> ShardView {
    let mut audit = audit(OTHER, None);
    (audit.results, audit.seats[0].seal) = (None, Some([seal; 32]));
    view(Phase::Revealing { deal: deal(ME), commitment: commitment(), audit, by })
}

#[test]
fn worker_should_tell_its_results_when_no_fork_can_open_the_seals_again() {
    let mut worker = Worker::new(ME, [(ATTEMPT, promise())]);
    let nothing = Vec::<&str>::new();
    assert_eq!(kinds(&worker.on(block(40, 38, vec![revealing(4, 100)]))), ["show opening"]);
    worker.on(Event::Shown(ATTEMPT, Stage::Opening(20)));
    assert_eq!(kinds(&worker.on(block(41, 39, vec![revealing(4, 100)]))), nothing);
    // A fork brings another seal, or the same one later: the count begins anew.
    assert_eq!(kinds(&worker.on(block(42, 40, vec![revealing(5, 100)]))), nothing);
    assert_eq!(kinds(&worker.on(block(43, 41, vec![revealing(5, 101)]))), nothing);
    assert_eq!(kinds(&worker.on(block(44, 42, vec![revealing(5, 101)]))), nothing);
    assert_eq!(kinds(&worker.on(block(45, 43, vec![revealing(5, 101)]))), ["show results"]);
    worker.on(Event::Shown(ATTEMPT, Stage::Results(20)));
    assert_eq!(kinds(&worker.on(block(45, 43, vec![revealing(5, 101)]))), ["results"]);
}

#[test]
fn worker_should_send_the_digest_of_its_results_in_time_when_nothing_becomes_final() {
    for finalized in [19, 38] {
        let mut worker = Worker::new(ME, [(ATTEMPT, promise())]);
        worker.on(block(40, finalized, vec![revealing(4, 100)]));
        assert_eq!(kinds(&worker.on(block(100 - PRESSING_BLOCKS - 1, finalized, vec![revealing(4, 100)]))).len(), 0);
        let actions = worker.on(block(100 - PRESSING_BLOCKS, finalized, vec![revealing(4, 100)]));
        assert_eq!(kinds(&actions), ["results"], "finalised {finalized}");
    }
}

/// A validator that was shown the result that [`comparing_to`] a position says.
fn shown_validator() -> Validator {
    let leaves = promise().leaf_proofs(&ME, &ID, &[2]).unwrap();
    Validator::new(ME, [(ATTEMPT, sealed_for_check())], [(ATTEMPT, ShownResults { drawn_at: 20, leaves })])
}

fn comparing_to(position: usize) -> ShardView {
    let results = Some(results_digest(&ID, &[promise().ids[position]]));
    let audit = Audit { results, ..audit(ME, None) };
    view(Phase::Comparing { deal: deal(OTHER), commitment: commitment(), audit, by: 100 })
}

#[test]
fn validator_should_reveal_its_answer_when_the_results_are_final() {
    let mut validator = shown_validator();
    assert_eq!(kinds(&validator.on(block(40, 38, vec![comparing_to(2)]))), Vec::<&str>::new());
    assert_eq!(kinds(&validator.on(block(41, 39, vec![comparing_to(2)]))), Vec::<&str>::new());
    assert_eq!(kinds(&validator.on(block(42, 40, vec![comparing_to(2)]))), ["reveal"]);
}

#[test]
fn validator_should_ask_again_when_a_fork_brings_other_results_than_it_was_shown() {
    let mut validator = shown_validator();
    validator.on(block(40, 38, vec![comparing_to(2)]));
    assert_eq!(kinds(&validator.on(block(42, 40, vec![comparing_to(1)]))), ["check"]);
    assert_eq!(kinds(&validator.on(block(44, 42, vec![comparing_to(1)]))), Vec::<&str>::new(), "and reveals nothing");
}

#[test]
fn validator_should_reveal_its_answer_in_time_when_nothing_becomes_final() {
    let mut validator = shown_validator();
    validator.on(block(40, 30, vec![comparing_to(2)]));
    assert_eq!(kinds(&validator.on(block(100 - PRESSING_BLOCKS - 1, 30, vec![comparing_to(2)]))), Vec::<&str>::new());
    assert_eq!(kinds(&validator.on(block(100 - PRESSING_BLOCKS, 30, vec![comparing_to(2)]))), ["reveal"]);
}

#[test]
fn validator_should_seal_or_claim_in_time_when_its_draw_does_not_become_final() {
    let auditing = |sampled_at| {
        let mut audit = Audit { sampled_at, ..audit(ME, None) };
        audit.seats[0].seal = None;
        view(Phase::Auditing { deal: deal(OTHER), commitment: commitment(), audit, by: 100 })
    };
    for (sampled_at, expected) in [(20, "seal"), (19, "claim")] {
        let mut validator = Validator::new(ME, [(ATTEMPT, sealed_for_check())], []);
        assert_eq!(validator.on(block(100 - PRESSING_BLOCKS - 1, 19, vec![auditing(sampled_at)])), vec![]);
        let actions = validator.on(block(100 - PRESSING_BLOCKS, 19, vec![auditing(sampled_at)]));
        assert_eq!(kinds(&actions), [expected]);
    }
}

#[test]
fn worker_should_send_nothing_about_a_result_that_another_daemon_has_committed_to() {
    let other = Promise { root: BlobId([9; 32]), secret: [8; 32], ..promise() };
    let mut worker = Worker::new(ME, [(ATTEMPT, other)]);
    let disputed = disputed(ME, OTHER, Move::Trace, 1);
    for view in [opening(), revealing(4, 100), disputed, accepted(ME, vec![], |_| ())] {
        assert_eq!(worker.on(block(79, 77, vec![view])), vec![]);
    }
    assert_eq!(kinds(&worker.on(block(80, 78, vec![running()]))), ["commit"], "nothing is on chain yet");
}

#[test]
fn validator_should_send_nothing_about_an_answer_that_another_daemon_has_sealed() {
    let other = Sealed { salt: [9; 32], ..sealed_for_check() };
    let mut validator = Validator::new(ME, [(ATTEMPT, other)], []);
    assert_eq!(validator.on(block(40, 38, vec![comparing_to(2)])), vec![]);
    assert_eq!(validator.on(block(41, 39, vec![disputed(OTHER, ME, Move::Name, 1)])), vec![]);
}

#[test]
fn commitment_should_go_out_alone_when_its_time_presses() {
    let of = |index: u32, by: Height| {
        let mut view = view(Phase::Running { deal: deal(ME), by });
        view.shard.id.index = index;
        view
    };
    let attempt = |index| Attempt { shard: ShardId { index, ..ID }, attempt: 0 };
    let mut worker = Worker::new(ME, [0, 1, 2, 3].map(|index| (attempt(index), promise())));
    let late = 10 + PRESSING_BLOCKS;
    let actions = worker.on(block(10, 8, vec![of(0, late), of(1, 900), of(2, late + 1), of(3, 9)]));
    let sent = |action: &Action| match action {
        Action::Submit(Call::Commit(list)) => list.iter().map(|(id, ..)| id.index).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(actions.iter().map(sent).collect::<Vec<_>>(), [vec![0], vec![3], vec![1, 2]]);
}

#[test]
fn subject_should_name_its_shard_or_dispute_and_its_step() {
    let fetch = quern_worker::site::subject(&Action::FetchInputs(assigned()));
    assert_eq!((fetch.shard(), fetch.dispute(), fetch.step()), (Some(ID), None, Some("fetch")));
    let compare = quern_worker::site::subject(&Action::Compare(assigned(), 0));
    assert_eq!((compare.shard(), compare.step()), (Some(ID), Some("compare")));
    let defend = quern_worker::site::subject(&Action::Defend(disputed(ME, OTHER, Move::Trace, 1), 9));
    assert_eq!((defend.shard(), defend.dispute(), defend.step()), (None, Some(9), Some("defend")));
    assert_eq!((Subject::None.shard(), Subject::None.dispute(), Subject::None.step()), (None, None, None));
}
