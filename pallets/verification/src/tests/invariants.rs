// SPDX-License-Identifier: Apache-2.0
//! What no sequence of calls can break: an honest worker is never convicted, and an honest auditor loses nothing, whatever others
//! do, and storage, bonds and shards stay consistent.
use super::{
    accuse_auditor::{accuse, framed, framed_early, liable, lied, lied_to_one, FRIEND},
    mock::*,
};
use crate::{Disputes, NextDispute};
use proptest::prelude::*;
use quern_primitives::{
    slice::{self, Node, SliceProof},
    traits::OffenceKind,
    DisputeId,
};
use quern_protocol::{
    dispute::{open_part, Move},
    shard::Phase,
};

/// A challenger's move: what, where, with how honest a proof.
type Challenge = (u8, u16, u64, u8);

/// The defendant's answer to what it owes: the worker's, or that of an auditor who computed the same.
fn answer(case: &Case, dispute: DisputeId) {
    let Some(stored) = Disputes::<Test>::get(dispute) else { return };
    if *stored.owed_by() != stored.worker {
        return;
    }
    let defendant = signed(stored.worker[0]);
    let outputs = case.world.segment_of(&case.worker, stored.position).1;
    match stored.turn {
        Move::Trace => {
            if let Some(outline) = case.world.outline(&case.worker, stored.position) {
                Verification::post_outline(signed(WORKER), dispute, outline).unwrap();
                return;
            }
            let trace = case.world.trace(&case.worker, stored.position);
            Verification::post_trace(defendant, dispute, trace).unwrap();
        }
        Move::Output { op, node } if node.chunks > 1 => {
            let node = Node { first_chunk: node.first_chunk, chunks: node.chunks };
            let values = slice::open_subtrees(&outputs[usize::from(op)], node).unwrap();
            Verification::open_subtrees(defendant, dispute, values.try_into().unwrap()).unwrap();
        }
        Move::Output { op, node } => {
            let output = &outputs[usize::from(op)];
            let start = node.first_chunk as usize * 1024;
            let chunk = output[start..output.len().min(start + 1024)].to_vec();
            Verification::open_chunk(defendant, dispute, chunk.try_into().unwrap()).unwrap();
        }
        Move::Ids(search) => {
            let first = stored.task * case.world.segments();
            let ids: Vec<_> = search.probes().iter().map(|segment| case.worker.id(first + segment)).collect();
            Verification::name_ids(defendant, dispute, ids.try_into().unwrap()).unwrap();
        }
        Move::Prove => {
            let start = stored.start.map(|_| case.worker.leaf(stored.position - 1));
            Verification::prove_ends(defendant, dispute, start, case.worker.leaf(stored.position)).unwrap();
        }
        Move::Part { part } => {
            let ids: Vec<_> = outputs.iter().map(|bytes| quern_primitives::BlobId::of(bytes)).collect();
            let bytes = open_part(&ids, part).unwrap();
            Verification::open_chunk(signed(WORKER), dispute, bytes.try_into().unwrap()).unwrap();
        }
        Move::Name | Move::Convict { .. } | Move::Pick { .. } | Move::NamePart | Move::NameInPart { .. } => {}
    }
}

/// The honest worker's answer to what it owes outside disputes.
fn attend(case: &Case) {
    let id = case.id();
    match case.shard().phase {
        Phase::Opening { .. } => {
            Verification::open_checkpoints(signed(WORKER), id, case.opened_digest()).unwrap();
        }
        Phase::Revealing { .. } => {
            let digest = case.results_of(&case.worker);
            Verification::reveal_results(signed(WORKER), id, digest).unwrap();
        }
        _ => {}
    }
}

/// A challenger plays something; errors are its own problem.
fn challenge(case: &Case, who: u8, dispute: DisputeId, (what, op, element, twist): Challenge) {
    let Some(stored) = Disputes::<Test>::get(dispute) else { return };
    let op_in_turn = match &stored.turn {
        Move::Convict { op, .. } => *op,
        _ => op,
    };
    let outputs = case.world.segment_of(&case.worker, stored.position).1;
    let output = outputs.get(usize::from(op_in_turn)).cloned().unwrap_or_default();
    let who = signed(who);
    match what % 5 {
        0 if matches!(stored.turn, Move::Pick { .. }) => _ = Verification::pick_id(who, dispute, u32::from(op)),
        0 => _ = Verification::name_operator(who, dispute, op),
        1 => _ = Verification::demand_output(who, dispute, element as u32 % 5),
        2 => {
            // Around the real length, and now and then far from it.
            let len = if twist % 3 == 0 { element } else { output.len() as u64 + 4 - u64::from(twist % 9).min(4) };
            let mut proof = slice::prove_length(&output);
            if twist % 2 == 0 {
                proof = slice::prove_length(&output[..output.len() / 2]);
            }
            let _ = Verification::convict_length(who, dispute, len, proof);
        }
        _ => {
            let reads = case.world.with_evidence(&case.honest, stored.position, |evidence| {
                let of = if twist % 3 == 0 { element / 2 } else { element };
                evidence.reads(op_in_turn, of, |_, part| case.world.blob(part)).unwrap_or_default()
            });
            let width = if output.len() == 512 { 1 } else { 4 };
            let mut proof = slice::prove(&output, element * width..element * width + width);
            if twist % 5 == 0 {
                let at = usize::from(twist) % proof.0.len().max(1);
                proof = SliceProof(proof.0.iter().enumerate().map(|(i, byte)| byte ^ u8::from(i == at)).collect());
            }
            let output = (twist % 7 != 0).then_some(proof);
            let _ = Verification::convict(who, dispute, element, output, reads.try_into().unwrap_or_default());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn honest_worker_should_never_be_convicted_whatever_challengers_do(
        positions in proptest::collection::vec(0u32..8, 2),
        plays in proptest::collection::vec((any::<bool>(), any::<u8>(), 0u16..7, 0u64..1_100, any::<u8>()), 1..25),
    ) {
        new_test_ext().execute_with(|| {
            let case = Case::honest().falsely_accused();
            let challengers = case.auditors();
            let disputes: Vec<_> =
                challengers.iter().zip(positions).map(|(who, position)| case.open(*who, position)).collect();
            for (first, what, op, element, twist) in plays {
                let index = usize::from(first);
                disputes.iter().for_each(|dispute| answer(&case, *dispute));
                challenge(&case, challengers[index], disputes[index], (what, op, element, twist));
                attend(&case);
                check();
                block();
            }
            disputes.iter().for_each(|dispute| answer(&case, *dispute));
            for _ in 0..PARAMS.move_blocks + 2 {
                attend(&case);
                block();
            }
            check();
            assert_eq!(Disputes::<Test>::count(), 0, "silence ends every dispute");
            let stats = Verification::stats();
            assert_eq!((stats.convicted, stats.worker_silent), (0, 0));
            assert_eq!(stats.refuted + stats.challenger_silent, 2);
            assert_eq!(Bonds::of(&raw(WORKER)).0, RICH);
            challengers.iter().for_each(|who| assert!(Bonds::of(&raw(*who)).0 <= RICH - BOND));
        });
    }

    #[test]
    fn honest_auditor_should_lose_nothing_whatever_a_convicted_worker_and_its_friends_do(
        plays in proptest::collection::vec((0u8..8, any::<u8>(), 0u16..9, 0u64..1_100, any::<u8>()), 1..30),
        is_accepted in any::<bool>(),
    ) {
        new_test_ext().execute_with(|| {
            let case = if is_accepted { framed() } else { framed_early() };
            let auditors = liable(&case);
            [STRANGER, FRIEND].into_iter().for_each(|who| Bonds::set(who, 100_000 * RICH));
            let defend = || Disputes::<Test>::iter_keys().for_each(|dispute| answer(&case, dispute));
            for (play, what, op, element, twist) in plays {
                let who = if twist % 2 == 0 { STRANGER } else { FRIEND };
                match play {
                    0 | 1 => _ = accuse(&case, who, auditors[usize::from(what) % auditors.len()], u32::from(op).min(7)),
                    2 => (0..element % 12).for_each(|_| { defend(); block(); }),
                    _ => {
                        let live: Vec<DisputeId> = Disputes::<Test>::iter_keys().collect();
                        let dispute = live.get(usize::from(what) % live.len().max(1)).copied().unwrap_or_default();
                        challenge(&case, who, dispute, (what, op, element, twist));
                    }
                }
                defend();
                check();
                block();
            }
            for _ in 0..PARAMS.move_blocks + PARAMS.window_blocks + 4 {
                defend();
                block();
            }
            check();
            assert_eq!(Disputes::<Test>::count(), 0);
            assert!(Keeper::offences().iter().all(|(kind, ..)| *kind != OffenceKind::WrongAudit as u8));
            auditors.iter().for_each(|auditor| assert_eq!(Bonds::of(&raw(*auditor)), (RICH, 0)));
        });
    }

    #[test]
    fn storage_should_stay_consistent_whatever_is_called(
        calls in proptest::collection::vec((0u8..24, 0usize..4, 0u32..9, any::<u16>()), 1..60),
        start in 0u8..4,
    ) {
        new_test_ext().execute_with(|| {
            Bonds::set(WORKER, 100 * RICH);
            let case = match start {
                0 => Case::honest().committed(),
                1 => Case::flipped().committed(),
                2 => lied_to_one().0,
                _ => lied(),
            };
            let id = case.id();
            for (call, who, number, op) in calls {
                let (who, dispute) = ([WORKER, 2, 3, 4][who], NextDispute::<Test>::get().saturating_sub(1));
                let origin = signed(who);
                let audit = case.shard().audit().cloned();
                let truth = audit.map(|_| case.results_of(&case.honest)).unwrap_or_default();
                let claim = if number == 0 { [0; 32] } else { truth };
                let position = number.min(7);
                let _ = match call {
                    0 => Verification::open_checkpoints(signed(WORKER), id, case.opened_digest()),
                    1 => Verification::demand_opening(origin, id),
                    2 => {
                        let leaves: Vec<_> = case.shard().demanded().into_iter().map(|at| case.worker.leaf(at)).collect();
                        Verification::answer_opening(signed(WORKER), id, leaves.try_into().unwrap())
                    }
                    3 | 4 => Verification::commit_audit(origin, id, case.seal(who, claim)),
                    5 => Verification::reveal_results(signed(WORKER), id, case.shard().audit().map_or([0; 32], |_| case.results_of(&case.worker))),
                    6 | 7 => Verification::reveal_audit(origin, id, [who; 32], claim, true),
                    8 => {
                        let starts = op % 2 == 0 && !position.is_multiple_of(case.world.segments());
                        let start = starts.then(|| case.worker.leaf(position - 1));
                        Verification::open_dispute(origin, id, position, start, case.worker.leaf(position))
                    }
                    9 => Verification::post_trace(signed(WORKER), dispute, case.world.trace(&case.worker, position)),
                    10 => Verification::name_operator(origin, dispute, op % 6),
                    11 => Verification::demand_output(origin, dispute, number),
                    12 => {
                        answer(&case, dispute);
                        Ok(().into())
                    }
                    13 => {
                        challenge(&case, who, dispute, (3, op, u64::from(op % 1_024), 1));
                        Ok(().into())
                    }
                    15 => Verification::claim_unavailable(origin, id, op % 2 == 0),
                    16 => Verification::demand_leaf(origin, id, position, u128::from(op)).map(Into::into).map_err(Into::into),
                    17 => Verification::answer_leaf(origin, id, position, case.worker.leaf(position)),
                    18 => Verification::pick_id(origin, dispute, number),
                    19 => {
                        // The last round but one that validators may spoil.
                        let mut shard = case.shard();
                        if let (Phase::Auditing { .. }, true) = (&shard.phase, number < 4) {
                            shard.rounds = quern_protocol::shard::MAX_AUDIT_ROUNDS - 1;
                            Keeper::put(&case.world, &shard);
                        }
                        Ok(().into())
                    }
                    20 => {
                        let asked = case.shard().probe().and_then(|probe| probe.seats.get(usize::from(op) % 2).copied());
                        let who = asked.map_or(who, |seat| seat.auditor[0]);
                        Verification::report_inputs(signed(who), id, number == 0)
                    }
                    // Of the auditors that answer for the result, or of somebody else.
                    21 | 22 => {
                        let auditor = liable(&case).get(usize::from(op) % 2).copied().unwrap_or(who);
                        accuse(&case, if number % 2 == 0 { who } else { STRANGER }, auditor, position)
                            .map(Into::into)
                            .map_err(Into::into)
                    }
                    14 => {
                        if matches!(case.shard().phase, Phase::Queued) {
                            case.recommit();
                        }
                        Ok(().into())
                    }
                    _ => {
                        blocks(number);
                        Ok(().into())
                    }
                };
                check();
            }
        });
    }
}
