// SPDX-License-Identifier: Apache-2.0
//! What the protocol obliges an account to send is free, goes first and fits; nobody gets more out of that.

mod common;

use bounded_collections::BoundedVec;
use common::*;
use frame_support::{dispatch::DispatchClass, traits::Get};
use quern_pallet_verification::Call as Verification;
use quern_primitives::{commitment::LeafProof, slice::SliceProof, traits::Duties, BlobId, DisputeId};
use quern_program::Segment;
use quern_protocol::{
    dispute::{Claimed, Defendant, Move, Outline, Search, Shown, Trace},
    shard::{Demand, Phase, Probe, ProbeSeat, Verdict},
    Dispute,
};
use quern_runtime::{duties::Owed, Runtime, RuntimeCall, System, TxExtension};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
    traits::{Dispatchable, TransactionExtension},
    transaction_validity::TransactionPriority,
};

/// Bytes of a large transaction.
const LARGE: usize = 512 * 1024;

fn remark(bytes: usize) -> RuntimeCall {
    frame_system::Call::remark { remark: vec![0; bytes] }.into()
}

/// Many calls in one that need all the weight that they declare.
fn batch(calls: usize) -> RuntimeCall {
    let dest = RICH.to_account_id().into();
    let call: RuntimeCall = pallet_balances::Call::transfer_allow_death { dest, value: 1 }.into();
    pallet_utility::Call::batch { calls: vec![call; calls] }.into()
}

/// Sends until the block has no room for one more.
fn fill(key: Sr25519Keyring, call: impl Fn() -> RuntimeCall) -> u32 {
    for sent in 0..2_000 {
        let result = send(key, call());
        if is_exhausted(&result) {
            return sent;
        }
        result.expect("valid while there is room").expect("filling calls succeed");
    }
    panic!("the block is never full")
}

/// Fills what normal calls may take of the block.
fn fill_with_normal() {
    assert!(fill(RICH, || batch(200)) > 2);
    [50, 10, 1].iter().for_each(|calls| {
        fill(RICH, || batch(*calls));
    });
    fill(RICH, || remark(0));
}

fn weight_of(class: DispatchClass) -> u64 {
    System::block_weight().get(class).ref_time()
}

#[test]
fn an_owed_call_should_be_taken_when_normal_calls_fill_the_block() {
    chain().execute_with(|| {
        fill_with_normal();
        let shard = assigned(0);
        included(WORKER, start(shard)).unwrap();
        assert!(matches!(quern_pallet_jobs::Shards::<Runtime>::get(shard).unwrap().phase, Phase::Running { .. }));
        assert!(is_exhausted(&send(RICH, remark(0))));
    });
}

#[test]
fn an_owed_call_should_be_taken_when_normal_calls_fill_the_bytes_of_the_block() {
    chain().execute_with(|| {
        assert!(fill(RICH, || remark(LARGE)) > 2);
        [LARGE / 16, LARGE / 256, 0].iter().for_each(|bytes| {
            fill(RICH, || remark(*bytes));
        });
        included(WORKER, start(assigned(0))).unwrap();
    });
}

#[test]
fn an_account_without_a_balance_should_send_what_it_owes() {
    chain().execute_with(|| {
        let shard = assigned(0);
        assert_eq!(balance(WORKER), 0);
        included(WORKER, start(shard)).unwrap();
        // It owes nothing of the kind any more.
        assert!(is_unpaid(&send(WORKER, start(shard))));
        assert_eq!(System::account_nonce(WORKER.to_account_id()), 1);
    });
}

#[test]
fn a_stranger_should_pay_for_the_call_that_another_owes() {
    chain().execute_with(|| {
        let (shard, before) = (assigned(0), balance(RICH));
        included(RICH, start(shard)).unwrap_err();
        assert!(balance(RICH) < before);
        assert!(is_unpaid(&send(AUDITOR, start(shard))));
    });
}

#[test]
fn a_spammer_should_pay_from_the_fourth_failing_call_on() {
    chain().execute_with(|| {
        let shard = demanded(0);
        for failures in 1..=3 {
            included(WORKER, wrong_answer(shard)).unwrap_err();
            assert_eq!(quern_runtime::Duties::failures(WORKER.to_account_id()), failures);
        }
        assert!(is_unpaid(&send(WORKER, wrong_answer(shard))));
        // Nor is anything else free for it, until a failure is forgiven.
        let other = assigned(1);
        assert!(is_unpaid(&send(WORKER, start(other))));
        let (me, money) = (WORKER.to_account_id(), quern_runtime::QRN);
        pallet_balances::Pallet::<Runtime>::force_set_balance(
            quern_runtime::RuntimeOrigin::root(),
            me.clone().into(),
            money,
        )
        .unwrap();
        included(WORKER, wrong_answer(shard)).unwrap_err();
        assert!(balance(WORKER) < money);
    });
}

#[test]
fn a_spammer_should_not_take_the_share_of_others_however_rich_it_is() {
    chain().execute_with(|| {
        let shard = demanded(0);
        let me = WORKER.to_account_id().into();
        let root = quern_runtime::RuntimeOrigin::root();
        pallet_balances::Pallet::<Runtime>::force_set_balance(root, me, 1_000 * quern_runtime::QRN).unwrap();
        fill_with_normal();
        for _ in 0..3 {
            included(WORKER, wrong_answer(shard)).unwrap_err();
        }
        let free = weight_of(DispatchClass::Operational);
        assert!(free * 10 < weight_of(DispatchClass::Normal));
        // From here on it would pay, like anybody: in the share that is full.
        assert!(is_exhausted(&send(WORKER, wrong_answer(shard))));
        assert_eq!(weight_of(DispatchClass::Operational), free);
        let seal = Verification::commit_audit { shard, seal: [1; 32] };
        included(AUDITOR, seal.into()).unwrap();
    });
}

#[test]
fn a_rich_stranger_should_not_take_the_share_of_what_is_owed() {
    chain().execute_with(|| {
        let shard = demanded(0);
        let before = weight_of(DispatchClass::Operational);
        included(RICH, wrong_answer(shard)).unwrap_err();
        fill_with_normal();
        assert!(is_exhausted(&send(RICH, wrong_answer(shard))));
        let calls = vec![wrong_answer(shard)];
        assert!(is_exhausted(&send(RICH, pallet_utility::Call::batch { calls }.into())));
        assert_eq!(weight_of(DispatchClass::Operational), before);
        included(WORKER, start(assigned(1))).unwrap();
    });
}

#[test]
fn an_owed_call_should_pay_when_it_is_wrapped_in_another() {
    chain().execute_with(|| {
        let calls = vec![start(assigned(0))];
        assert!(is_unpaid(&send(WORKER, pallet_utility::Call::batch { calls }.into())));
    });
}

#[test]
fn the_pool_should_take_one_owed_call_for_each_move_and_put_it_first() {
    chain().execute_with(|| {
        let (shard, other) = (assigned(0), assigned(1));
        let owed = pooled(WORKER, start(shard)).unwrap();
        assert_eq!(owed.priority, TransactionPriority::MAX);
        // The pool asks about the next block.
        assert_eq!(owed.longevity, u64::from(BY - NOW));
        let priority = pooled(RICH, remark(0)).unwrap().priority;
        assert!(priority < owed.priority);
        // The nonce's tag is the same too: the same account's next transaction has another one.
        assert_eq!(owed.provides.len(), 2);
        included(WORKER, start(other)).unwrap();
        let again = pooled(WORKER, start(shard)).unwrap();
        let common: Vec<_> = again.provides.iter().filter(|tag| owed.provides.contains(tag)).collect();
        assert_eq!(common.len(), 1, "the tag of the move");
    });
}

#[test]
fn a_commitment_should_be_owed_when_all_of_its_shards_are() {
    chain().execute_with(|| {
        let running = |index| put(index, Phase::Running { deal: deal(), by: BY - index });
        let shards = [running(0), running(1)];
        let commit = |ids: &[_]| -> RuntimeCall {
            let commits: Vec<_> = ids.iter().map(|id| (*id, BlobId([1; 32]), [2; 32])).collect();
            quern_pallet_jobs::Call::commit_shards { commits: commits.try_into().unwrap() }.into()
        };
        let owed = Owed::owed(&raw(WORKER), &commit(&shards)).unwrap();
        assert_eq!((owed.by, owed.subjects.len()), (BY - 1, 2));
        let late = put(2, Phase::Running { deal: deal(), by: NOW - 1 });
        assert_eq!(Owed::owed(&raw(WORKER), &commit(&[shards[0], late])), None);
        assert_eq!(Owed::owed(&raw(WORKER), &commit(&[shards[0], shards[0]])), None);
        assert_eq!(Owed::owed(&raw(WORKER), &commit(&[])), None);
        included(WORKER, commit(&shards)).unwrap();
    });
}

/// Every kind of call, the phase or dispute in which it is owed, and by whom.
fn kinds() -> Vec<(RuntimeCall, Sr25519Keyring)> {
    let digest = [3; 32];
    let (deal, commitment, by) = (deal(), commitment(), BY);
    let leaf = || LeafProof { id: BlobId([0; 32]), secret: [0; 32], proof: SliceProof::default() };
    let opening =
        put(2, Phase::Opening { deal: deal.clone(), commitment, audit: audit(false, None, Demand::None), by });
    let auditing =
        put(3, Phase::Auditing { deal: deal.clone(), commitment, audit: audit(false, None, Demand::None), by });
    let revealing =
        put(4, Phase::Revealing { deal: deal.clone(), commitment, audit: audit(true, None, Demand::None), by });
    let comparing =
        put(0, Phase::Comparing { deal: deal.clone(), commitment, audit: audit(true, None, Demand::None), by });
    let differs = audit(true, Some(Verdict::Differs), Demand::None);
    let disputed = put(6, Phase::Disputed { deal: deal.clone(), commitment, audit: differs, by });
    let running = put(7, Phase::Running { deal, by });
    let commits = vec![(running, BlobId([1; 32]), [2; 32])].try_into().unwrap();
    let shown = Shown { first_chunk: 0, chunks: 2, value: [4; 32] };
    let unsealed =
        put(11, Phase::Auditing { deal: self::deal(), commitment, audit: audit(false, None, Demand::None), by });
    let probe = Probe {
        seats: vec![ProbeSeat::new(raw(AUDITOR), 0), ProbeSeat::new([9; 32], 0)].try_into().unwrap(),
        needed: 2,
        rounds: 0,
        drawn_at: 0,
        left: Default::default(),
    };
    let probing = put(13, Phase::Probing { work: None, probe, by });
    let accepted = accepted(12, &[1]);
    let dispute_by = |challenger: Sr25519Keyring, number: DisputeId, turn: Move| {
        let dispute = Dispute {
            shard: disputed,
            position: 0,
            task: 0,
            segment: Segment::Finish,
            worker: raw(WORKER),
            challenger: raw(challenger),
            root: commitment.root,
            leaves: 4,
            start: None,
            end: BlobId([1; 32]),
            trace: None,
            turn,
            by,
            defendant: Default::default(),
        };
        quern_pallet_verification::Disputes::<Runtime>::insert(number, dispute);
        number
    };
    let dispute = |number, turn| dispute_by(AUDITOR, number, turn);
    let trace = dispute(0, Move::Trace);
    let name = dispute(1, Move::Name);
    let convict = dispute(2, Move::Convict { op: 0, shown: BoundedVec::truncate_from(vec![shown]), chunk: None });
    let output = dispute(3, Move::Output { op: 0, node: shown });
    let search = Search { agreed: None, differs: Claimed { segment: 1, id: BlobId([1; 32]) } };
    let probes = dispute(4, Move::Ids(search));
    let pick = dispute(5, Move::Pick { search, ids: Default::default() });
    let ends = dispute(6, Move::Prove);
    // Anybody may challenge an accepted shard, and owes what its dispute asks for then.
    let strangers_name = dispute_by(RICH, 7, Move::Name);
    let strangers_pick = dispute_by(RICH, 8, Move::Pick { search, ids: Default::default() });
    let strangers_trace = dispute_by(RICH, 9, Move::Trace);
    let (outline, part) = (dispute(13, Move::Trace), dispute(14, Move::NamePart));
    let (opened, named) =
        (dispute(15, Move::Part { part: 0 }), dispute(16, Move::NameInPart { part: 0, ids: Default::default() }));
    let empty = Outline { state: Default::default(), results: Default::default(), parts: Default::default() };
    // An accused auditor owes what a worker would.
    let accuse = |number: DisputeId, turn: Move| {
        let number = dispute_by(RICH, number, turn);
        let dispute = quern_pallet_verification::Disputes::<Runtime>::get(number).unwrap();
        let dispute = Dispute { worker: raw(AUDITOR), defendant: Defendant::Rerunner, ..dispute };
        quern_pallet_verification::Disputes::<Runtime>::insert(number, dispute);
        number
    };
    let (accused_trace, accused_ids) = (accuse(10, Move::Trace), accuse(11, Move::Ids(search)));
    let accused_output = accuse(12, Move::Output { op: 0, node: shown });
    let posted = Trace { state: Default::default(), outputs: Default::default() };
    vec![
        (start(assigned(8)), WORKER),
        (quern_pallet_jobs::Call::decline_shard { shard: assigned(9) }.into(), WORKER),
        (quern_pallet_jobs::Call::commit_shards { commits }.into(), WORKER),
        (Verification::open_checkpoints { shard: opening, digest }.into(), WORKER),
        (Verification::demand_opening { shard: auditing }.into(), AUDITOR),
        (wrong_answer(demanded(10)), WORKER),
        (Verification::commit_audit { shard: auditing, seal: digest }.into(), AUDITOR),
        (Verification::reveal_results { shard: revealing, digest }.into(), WORKER),
        (
            Verification::reveal_audit { shard: comparing, salt: SALT, results: RESULTS, holds_outputs: true }.into(),
            AUDITOR,
        ),
        (Verification::open_dispute { shard: disputed, position: 0, start: None, end: leaf() }.into(), AUDITOR),
        (Verification::post_trace { dispute: trace, trace: posted.clone() }.into(), WORKER),
        (Verification::name_operator { dispute: name, op: 0 }.into(), AUDITOR),
        (Verification::demand_output { dispute: convict, index: 0 }.into(), AUDITOR),
        (Verification::open_subtrees { dispute: output, values: Default::default() }.into(), WORKER),
        (Verification::open_chunk { dispute: output, bytes: Default::default() }.into(), WORKER),
        (
            Verification::convict { dispute: convict, element: 0, output: None, reads: Default::default() }.into(),
            AUDITOR,
        ),
        (Verification::convict_length { dispute: convict, len: 1, proof: SliceProof::default() }.into(), AUDITOR),
        (Verification::claim_unavailable { shard: unsealed, inputs_missing: false }.into(), AUDITOR),
        (Verification::report_inputs { shard: probing, available: true }.into(), AUDITOR),
        (Verification::answer_leaf { shard: accepted, position: 1, leaf: leaf() }.into(), WORKER),
        (Verification::name_ids { dispute: probes, ids: Default::default() }.into(), WORKER),
        (Verification::pick_id { dispute: pick, index: 0 }.into(), AUDITOR),
        (Verification::prove_ends { dispute: ends, start: None, end: leaf() }.into(), WORKER),
        (Verification::name_operator { dispute: strangers_name, op: 0 }.into(), RICH),
        (Verification::pick_id { dispute: strangers_pick, index: 0 }.into(), RICH),
        (Verification::post_trace { dispute: strangers_trace, trace: posted.clone() }.into(), WORKER),
        (Verification::post_trace { dispute: accused_trace, trace: posted }.into(), AUDITOR),
        (Verification::name_ids { dispute: accused_trace, ids: Default::default() }.into(), AUDITOR),
        (Verification::name_ids { dispute: accused_ids, ids: Default::default() }.into(), AUDITOR),
        (Verification::open_subtrees { dispute: accused_output, values: Default::default() }.into(), AUDITOR),
        (Verification::post_outline { dispute: outline, outline: empty }.into(), WORKER),
        (Verification::demand_output { dispute: part, index: 0 }.into(), AUDITOR),
        (Verification::open_chunk { dispute: opened, bytes: Default::default() }.into(), WORKER),
        (Verification::name_in_part { dispute: named, op: 0, earlier: Default::default() }.into(), AUDITOR),
    ]
}

#[test]
fn every_kind_of_move_should_be_owed_by_its_party_until_its_deadline() {
    chain().execute_with(|| {
        for (call, party) in kinds() {
            System::set_block_number(BY);
            let owed = Owed::owed(&raw(party), &call).unwrap_or_else(|| panic!("{call:?} is not owed"));
            assert_eq!((owed.by, owed.subjects.len()), (BY, 1), "{call:?}");
            assert_eq!(Owed::moves(&call), 1, "{call:?}");
            for other in [WORKER, AUDITOR, RICH].into_iter().filter(|key| *key != party) {
                assert_eq!(Owed::owed(&raw(other), &call), None, "{call:?} by {other:?}");
            }
            System::set_block_number(BY + 1);
            assert_eq!(Owed::owed(&raw(party), &call), None, "{call:?} is late");
        }
    });
}

/// Free calls through a proxy count as failed when they are owed as before.
#[test]
fn a_move_that_succeeded_should_not_be_owed_again() {
    chain().execute_with(|| {
        let mut succeeded = 0;
        // The shards have no jobs, which these would put back or pause.
        let needs_job = |call: &RuntimeCall| {
            matches!(
                call,
                RuntimeCall::Jobs(quern_pallet_jobs::Call::decline_shard { .. })
                    | RuntimeCall::Verification(Verification::report_inputs { .. })
            )
        };
        for (call, party) in kinds().into_iter().filter(|(call, _)| !needs_job(call)) {
            let origin = quern_runtime::RuntimeOrigin::signed(party.to_account_id());
            if Owed::owed(&raw(party), &call).is_some() && call.clone().dispatch(origin).is_ok() {
                assert_eq!(Owed::owed(&raw(party), &call), None, "{call:?}");
                succeeded += 1;
            }
        }
        assert!(succeeded >= 8, "only {succeeded} could be carried out");
    });
}

#[test]
fn every_kind_of_move_should_have_a_tag_of_its_own() {
    chain().execute_with(|| {
        let tags: Vec<_> = kinds()
            .into_iter()
            .filter_map(|(call, party)| Owed::owed(&raw(party), &call))
            .flat_map(|d| d.subjects)
            .collect();
        let distinct: std::collections::BTreeSet<_> = tags.iter().collect();
        assert_eq!(distinct.len(), tags.len());
    });
}

#[test]
fn a_reveal_should_not_be_owed_when_it_does_not_open_the_seal() {
    chain().execute_with(|| {
        let audit = audit(true, None, Demand::None);
        let shard = put(0, Phase::Comparing { deal: deal(), commitment: commitment(), audit, by: BY });
        let reveal = Verification::reveal_audit { shard, salt: [0; 32], results: RESULTS, holds_outputs: true };
        assert_eq!(Owed::owed(&raw(AUDITOR), &reveal.into()), None);
    });
}

#[test]
fn a_claim_should_not_be_owed_when_its_validator_has_sealed() {
    chain().execute_with(|| {
        let audit = audit(true, None, Demand::None);
        let shard = put(1, Phase::Auditing { deal: deal(), commitment: commitment(), audit, by: BY });
        let claim = Verification::claim_unavailable { shard, inputs_missing: false };
        assert_eq!(Owed::owed(&raw(AUDITOR), &claim.into()), None);
    });
}

#[test]
fn each_leaf_that_is_asked_for_should_be_owed_for_itself() {
    chain().execute_with(|| {
        let shard = accepted(0, &[1, 3]);
        let owed = |position| {
            let leaf = LeafProof { id: BlobId([0; 32]), secret: [0; 32], proof: SliceProof::default() };
            Owed::owed(&raw(WORKER), &Verification::answer_leaf { shard, position, leaf }.into())
        };
        let (first, second) = (owed(1).unwrap(), owed(3).unwrap());
        assert_ne!(first.subjects, second.subjects);
        assert_eq!((first.by, second.by), (BY, BY));
        assert_eq!(owed(2), None);
    });
}

#[test]
fn a_challenge_of_an_accepted_shard_should_not_be_owed() {
    chain().execute_with(|| {
        // Not even where it asks for no bond.
        quern_pallet_jobs::ProtocolParams::<Runtime>::mutate(|params| params.challenge_bond = 0);
        let end = LeafProof { id: BlobId([0; 32]), secret: [0; 32], proof: SliceProof::default() };
        let challenge = Verification::open_dispute { shard: accepted(0, &[]), position: 0, start: None, end };
        for who in [WORKER, AUDITOR, RICH] {
            assert_eq!(Owed::owed(&raw(who), &challenge.clone().into()), None);
        }
    });
}

#[test]
fn a_dispute_should_not_be_owed_when_there_is_no_room_for_one_more() {
    chain().execute_with(|| {
        let open = kinds()
            .into_iter()
            .find(|(call, _)| matches!(call, RuntimeCall::Verification(Verification::open_dispute { .. })));
        let (call, party) = open.unwrap();
        let dispute = quern_pallet_verification::Disputes::<Runtime>::get(0).unwrap();
        let most: u32 = <Runtime as quern_pallet_verification::Config>::MaxDisputes::get();
        for number in 0..u64::from(most) - 1 {
            quern_pallet_verification::Disputes::<Runtime>::insert(number, dispute.clone());
        }
        assert!(Owed::owed(&raw(party), &call).is_some());
        quern_pallet_verification::Disputes::<Runtime>::insert(u64::from(most), dispute);
        assert_eq!(Owed::owed(&raw(party), &call), None);
    });
}

#[test]
fn other_calls_should_never_be_owed() {
    chain().execute_with(|| {
        let shard = accepted(0, &[]);
        let calls = [
            remark(1),
            quern_pallet_jobs::Call::cancel_job { job: 0 }.into(),
            quern_pallet_jobs::Call::acknowledge_shards { shards: BoundedVec::truncate_from(vec![shard]) }.into(),
            Verification::demand_leaf { shard, position: 0, max_price: 0 }.into(),
            Verification::accuse_auditor {
                shard,
                auditor: AUDITOR.to_account_id(),
                position: 0,
                start: None,
                end: LeafProof { id: BlobId([0; 32]), secret: [0; 32], proof: SliceProof::default() },
            }
            .into(),
        ];
        for call in calls {
            for who in [WORKER, AUDITOR, RICH] {
                assert_eq!((Owed::moves(&call), Owed::owed(&raw(who), &call)), (0, None));
            }
        }
    });
}

#[test]
fn a_transaction_should_look_as_it_does_without_duties() {
    let names: Vec<_> = TxExtension::metadata().into_iter().map(|extension| extension.identifier).collect();
    let known = [
        "AuthorizeCall",
        "CheckNonZeroSender",
        "CheckSpecVersion",
        "CheckTxVersion",
        "CheckGenesis",
        "CheckMortality",
        "CheckNonce",
        "CheckWeight",
        "ChargeTransactionPayment",
        "WeightReclaim",
    ];
    assert_eq!(names, known);
}
