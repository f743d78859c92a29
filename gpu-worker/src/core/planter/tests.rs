// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::testing::{accepted, overturned, running, settled, ME, OTHER};
use quern_primitives::draw::SegmentCosts;
use quern_protocol::shard::{Stake, MAX_CHALLENGES};

const PLANTING: Account = [9; 32];
const TERMS: PlantTerms = PlantTerms { minimum_deposit: 10, deposit_factor: 4, fee_ppm: 50_000, plant_blocks: 43_200 };
const SALT: [u8; 32] = [6; 32];
/// As the shards of the tests are committed to.
const ROOT: BlobId = BlobId([8; 32]);

fn planter(percent: u8, plan: Option<Plan>) -> Planter {
    let (choice, plans) = (Choice { percent, seed: [7; 32] }, plan.map(|plan| (attempt(), plan)));
    Planter::new(ME, PLANTING, choice, TERMS, Params::default(), plans)
}

fn attempt() -> Attempt {
    Attempt::of(&running(ME).shard)
}

/// A shard that runs until this block, and whose collateral covers its price.
fn running_until(until: Height) -> ShardView {
    let mut view = running(ME);
    let Phase::Running { deal, by } = &mut view.shard.phase else { unreachable!() };
    (deal.collateral, *by) = (3 * deal.price, until);
    view
}

fn plan(kind: Kind, progress: Progress) -> Plan {
    Plan { kind, root: ROOT, salt: SALT, deposit: 84, by: 200, progress }
}

fn facts() -> Facts {
    Facts { spendable: 10 * QRN, free_bond: 100 * QRN, places: 64, ..Facts::default() }
}

/// The facts when what is planned stands.
fn posted(plan: &Plan) -> Facts {
    let plant = Plant { owner: PLANTING, deposit: plan.deposit, posted_at: 5, expires_at: 9_000 };
    Facts { posted: HashMap::from([(plan.hash(&PLANTING, ME, attempt()), plant)]), ..facts() }
}

fn promise() -> Promise {
    Promise { by: 200, secret: [1; 32], ids: vec![BlobId([2; 32]); 8], root: ROOT }
}

fn block(planter: &mut Planter, best: Height, facts: Facts, view: Option<ShardView>) -> Vec<Action> {
    planter.take_in(&Event::Plants(facts));
    let views: Vec<ShardView> = view.into_iter().collect();
    let promises = HashMap::from([(attempt(), promise())]);
    let promises = if views.is_empty() { HashMap::new() } else { promises };
    planter.block(best, &views, &[], &promises)
}

#[test]
fn choice_should_take_about_its_share_of_the_shards_and_as_many_decoys_as_there_is_room_for() {
    let shard = attempt();
    let chosen = |percent| {
        let choice = Choice { percent, seed: [7; 32] };
        let of = |attempt| choice.of(Attempt { attempt, ..shard });
        let count = |kind| (0..10_000).filter(|attempt| of(*attempt) == Some(kind)).count();
        (count(Kind::Error), count(Kind::Decoy))
    };
    assert_eq!((chosen(0), chosen(100)), ((0, 0), (10_000, 0)));
    let (errors, decoys) = chosen(10);
    assert!((800..1_200).contains(&errors) && (800..1_200).contains(&decoys), "{errors} {decoys}");
    let (errors, decoys) = chosen(80);
    assert!((7_600..8_400).contains(&errors) && errors + decoys == 10_000, "{errors} {decoys}");
}

#[test]
fn error_should_be_planned_with_the_chains_deposit_when_nothing_is_in_its_way() {
    let mut planter = planter(100, None);
    planter.take_in(&Event::Plants(facts()));
    assert_eq!(planter.choose(&running_until(200), 100), Some((Kind::Error, 4 * 21)));
}

#[test]
fn shard_should_be_run_as_it_should_be_when_a_plant_is_not_allowed_or_could_not_be_seen_through() {
    let chosen = |facts: Option<Facts>, view: ShardView, best| {
        let mut planter = planter(100, None);
        facts.into_iter().for_each(|facts| planter.take_in(&Event::Plants(facts)));
        planter.choose(&view, best)
    };
    let with = |facts| chosen(Some(facts), running_until(200), 100);
    assert_eq!(chosen(None, running_until(200), 100), None, "nothing is known yet");
    assert_eq!(with(Facts { is_apprentice: true, ..facts() }), None);
    assert_eq!(with(Facts { spendable: FEES, ..facts() }), None, "the deposit cannot be held");
    assert_eq!(with(Facts { places: 0, ..facts() }), None);
    assert_eq!(with(Facts { free_bond: 0, ..facts() }), None, "it could not be challenged");
    assert_eq!(chosen(Some(facts()), running_until(200), 200 - PLAN_MARGIN_BLOCKS), None, "it would be too late");
    let mut uncovered = running_until(200);
    let Phase::Running { deal, .. } = &mut uncovered.shard.phase else { unreachable!() };
    deal.collateral = deal.price - 1;
    assert_eq!(chosen(Some(facts()), uncovered, 100), None);
    let mut planned = planter(100, Some(plan(Kind::Error, Progress::Abandoned)));
    planned.take_in(&Event::Plants(facts()));
    assert_eq!(planned.choose(&running_until(200), 100), None, "it was given up before");
}

/// A shard whose one task is a segment of so many GMAC.
fn large(gmac: u64) -> ShardView {
    let mut view = running_until(200 + 60 * gmac as Height);
    view.shard.work = SegmentCosts { init: 0, body: 0, steps: 0, finish: gmac * 1_000_000_000, has_loop: false };
    view.shard.costs = view.shard.work;
    view
}

#[test]
fn nothing_should_be_planted_when_it_could_expire_before_its_shard_is_decided() {
    let chosen = |terms: PlantTerms, choice: Choice, gmac| {
        let mut planter = Planter { terms, choice, ..planter(100, None) };
        planter.take_in(&Event::Plants(facts()));
        planter.choose(&large(gmac), 100).map(|(kind, _)| kind)
    };
    let seed = |kind| {
        let choices = (0..=255).map(|byte| Choice { percent: 50, seed: [byte; 32] });
        choices.into_iter().find(|choice| choice.of(attempt()) == Some(kind)).unwrap()
    };
    let params = Params::default();
    for kind in [Kind::Error, Kind::Decoy] {
        // With 358 GMAC two claims at the last block are enough.
        let found = [1, 10, 100, 358, 1_000_000].map(|gmac| chosen(TERMS, seed(kind), gmac));
        assert_eq!(found, [Some(kind), Some(kind), None, None, None]);
        for gmac in [1, 10, 358] {
            // A first round and two for each of five validators, and a dispute of which they make half of the moves.
            let audits = 11 * params.audit_blocks(gmac * 1_000_000_000) + 11 * params.move_blocks(gmac * 1_000_000_000);
            let until = |plant_blocks| chosen(PlantTerms { plant_blocks, ..TERMS }, seed(kind), gmac);
            assert_eq!(until(100 + 60 * gmac as Height + audits + 3_600), None, "{gmac}");
            assert_eq!(until(200 * audits), Some(kind), "{gmac}");
        }
    }
}

/// Another shard that runs until block 200.
fn another_running() -> ShardView {
    let mut view = running_until(200);
    view.shard.id.index = 9;
    view
}

#[test]
fn plan_should_count_what_is_still_being_run_when_it_is_chosen() {
    let bond = challenge_bond(&Params::default(), 21);
    let chosen_beside_one = |facts: Facts| {
        let mut planter = planter(100, None);
        planter.take_in(&Event::Plants(facts));
        assert!(planter.choose(&running_until(200), 100).is_some());
        planter.choose(&another_running(), 100)
    };
    assert!(chosen_beside_one(facts()).is_some());
    assert_eq!(chosen_beside_one(Facts { free_bond: 2 * bond - 1, ..facts() }), None, "one could be challenged");
    assert_eq!(chosen_beside_one(Facts { places: 1, ..facts() }), None);
    assert_eq!(chosen_beside_one(Facts { spendable: 2 * 84 + FEES - 1, ..facts() }), None);
}

#[test]
fn bond_should_be_kept_for_the_challenge_of_a_planted_error_that_others_challenge_too() {
    let plan = plan(Kind::Error, Progress::Confirmed);
    let one = challenge_bond(&Params::default(), 21);
    let chosen_beside = |others: usize, free_bond| {
        let mut planter = Planter { choice: Choice { percent: 100, seed: [7; 32] }, ..planter(0, Some(plan.clone())) };
        let facts = Facts { free_bond, ..posted(&plan) };
        block(&mut planter, 101, facts, Some(challenged(&vec![OTHER; others])));
        planter.choose(&another_running(), 101).is_some()
    };
    for (others, kept) in [(0, one), (1, 2 * one), (3, 8 * one)] {
        assert!(chosen_beside(others, kept + one), "{others}");
        assert!(!chosen_beside(others, kept + one - 1), "{others}");
    }
}

#[test]
fn plan_should_count_no_more_when_its_run_has_failed_or_was_an_honest_one() {
    let once = Facts { places: 1, ..facts() };
    let round = Round { attempt: attempt(), drawn_at: 0 };
    for ended in [Event::Failed(Subject::Shard(round, "execute")), Event::Executed(attempt(), promise())] {
        let mut planter = planter(100, None);
        planter.take_in(&Event::Plants(once.clone()));
        assert!(planter.choose(&running_until(200), 100).is_some());
        assert_eq!(planter.choose(&another_running(), 100), None);
        planter.take_in(&ended);
        assert!(planter.choose(&another_running(), 104).is_some());
    }
}

#[test]
fn result_should_be_committed_to_only_when_its_plant_is_final_and_that_is_kept() {
    let plan = plan(Kind::Error, Progress::Drafted);
    let mut planter = planter(0, Some(plan.clone()));
    let sent = [Action::Post(Call::Plant(plan.hash(&PLANTING, ME, attempt()), 84))];
    assert_eq!(block(&mut planter, 100, facts(), Some(running_until(200))), sent);
    assert_eq!(block(&mut planter, 101, facts(), Some(running_until(200))), [], "it was sent a moment ago");
    assert_eq!(block(&mut planter, 100 + RESEND_BLOCKS, facts(), Some(running_until(200))), sent);
    assert!(!planter.may_commit(attempt()));
    assert_eq!(block(&mut planter, 110, posted(&plan), Some(running_until(200))), [Action::Confirm(attempt())]);
    assert!(!planter.may_commit(attempt()));
    planter.take_in(&Event::Confirmed(attempt()));
    assert!(planter.may_commit(attempt()));
    assert_eq!(block(&mut planter, 199, facts(), Some(running_until(200))), [], "whatever a node knows less of");
}

#[test]
fn plant_should_not_be_sent_again_while_it_stands_in_a_block_that_is_not_final() {
    let plan = plan(Kind::Error, Progress::Drafted);
    let mut planter = planter(0, Some(plan.clone()));
    let hash = plan.hash(&PLANTING, ME, attempt());
    let sent = [Action::Post(Call::Plant(hash, 84))];
    assert_eq!(block(&mut planter, 100, facts(), Some(running_until(200))), sent);
    let standing = Facts { standing: HashSet::from([hash]), ..facts() };
    assert_eq!(block(&mut planter, 100 + RESEND_BLOCKS, standing, Some(running_until(200))), []);
    assert!(!planter.may_commit(attempt()), "the block may be replaced");
    assert_eq!(block(&mut planter, 101 + RESEND_BLOCKS, facts(), Some(running_until(200))), sent, "it was replaced");
}

#[test]
fn error_should_be_given_up_when_its_plant_does_not_stand_in_time() {
    let mut planter = planter(0, Some(plan(Kind::Error, Progress::Drafted)));
    let late = 200 - COMMIT_MARGIN_BLOCKS;
    assert_eq!(block(&mut planter, late, facts(), Some(running_until(200))), [Action::Abandon(attempt())]);
    assert!(!planter.may_commit(attempt()), "the wrong result is still what was promised");
    planter.take_in(&Event::Abandoned(attempt()));
    assert!(planter.may_commit(attempt()));
}

#[test]
fn honest_result_should_be_committed_to_when_its_decoy_does_not_stand_in_time() {
    let mut planter = planter(0, Some(plan(Kind::Decoy, Progress::Drafted)));
    let sent = block(&mut planter, 100, facts(), Some(running_until(200)));
    assert_eq!(sent, [Action::Post(Call::Plant(decoy_hash(&PLANTING, &SALT), 84))]);
    assert!(!planter.may_commit(attempt()));
    assert_eq!(block(&mut planter, 200 - COMMIT_MARGIN_BLOCKS, facts(), Some(running_until(200))), []);
    assert!(planter.may_commit(attempt()));
}

#[test]
fn decoy_should_be_opened_when_its_shard_is_accepted_or_gone_and_not_before() {
    let plan = plan(Kind::Decoy, Progress::Confirmed);
    let opened = |view| block(&mut planter(0, Some(plan.clone())), 100, posted(&plan), view);
    assert_eq!(opened(Some(running_until(200))), []);
    for view in [None, Some(accepted(ME)), Some(settled(ME, true))] {
        assert_eq!(opened(view), [Action::Post(Call::OpenDecoy(SALT))]);
    }
}

/// Accepted at 99, challenged by these until 120.
fn challenged(challengers: &[Account]) -> ShardView {
    let mut view = accepted(ME);
    let Phase::Accepted { window, .. } = &mut view.shard.phase else { unreachable!() };
    let stakes: Vec<_> = challengers.iter().map(|challenger| Stake { challenger: *challenger, bond: 5 }).collect();
    window.challenges = stakes.try_into().unwrap();
    window.confirmed.sample = vec![2].try_into().unwrap();
    view
}

fn is_challenge(actions: &[Action]) -> bool {
    matches!(actions, [Action::Post(Call::OpenDispute(_, 2, Some(_), _))])
}

#[test]
fn planted_error_should_be_challenged_from_the_second_quarter_of_its_window_on_whoever_else_does() {
    let plan = plan(Kind::Error, Progress::Confirmed);
    let at = |best, view| block(&mut planter(0, Some(plan.clone())), best, posted(&plan), Some(view));
    assert_eq!(at(103, challenged(&[])), []);
    assert!(is_challenge(&at(104, challenged(&[]))));
    assert!(is_challenge(&at(104, challenged(&[OTHER]))), "a friend of its auditors may lose on purpose");
    assert_eq!(at(104, challenged(&[OTHER, PLANTING])), [], "it has challenged it");
    assert_eq!(at(104, challenged(&[OTHER; MAX_CHALLENGES as usize])), [], "there is no place");
    assert_eq!(at(117, challenged(&[])), [], "it would be too late");
    let mut adopted = challenged(&[]);
    let Phase::Accepted { deal, .. } = &mut adopted.shard.phase else { unreachable!() };
    deal.worker = OTHER;
    assert_eq!(at(109, adopted), [], "it is another's result");
}

#[test]
fn auditors_should_be_accused_from_the_planting_account_when_they_confirmed_a_planted_error() {
    let plan = plan(Kind::Error, Progress::Confirmed);
    let mut planter = planter(0, Some(plan.clone()));
    let actions = block(&mut planter, 110, posted(&plan), Some(overturned(ME, OTHER)));
    assert!(matches!(actions[..], [Action::Post(Call::AccuseAuditor(_, OTHER, 2, Some(_), _))]), "{actions:?}");
}

#[test]
fn plant_should_be_opened_again_and_again_while_its_slash_waits_and_not_be_withdrawn() {
    let plan = plan(Kind::Error, Progress::Confirmed);
    let mut planter = planter(0, Some(plan.clone()));
    let result = plan.result(ME, attempt());
    let other = PlantedResult { attempt: 9, ..result };
    let over = HashSet::from([attempt()]);
    let waits = Facts { slashes: vec![(3, other), (4, result)], over, ..posted(&plan) };
    for best in [100, 100 + REOPEN_BLOCKS, 100 + 2 * REOPEN_BLOCKS] {
        assert_eq!(block(&mut planter, best, waits.clone(), None), [Action::Post(Call::OpenPlant(4, SALT))]);
    }
}

#[test]
fn plant_should_be_withdrawn_when_its_result_is_never_paid_also_when_it_was_given_up() {
    for progress in [Progress::Confirmed, Progress::Abandoned] {
        let plan = plan(Kind::Error, progress);
        let mut planter = planter(0, Some(plan.clone()));
        let over = Facts { over: HashSet::from([attempt()]), ..posted(&plan) };
        let withdrawn = [Action::Post(Call::WithdrawPlant(SALT, plan.result(ME, attempt())))];
        assert_eq!(block(&mut planter, 100, posted(&plan), None), []);
        assert_eq!(block(&mut planter, 101, over, None), withdrawn);
    }
}

#[test]
fn plant_should_be_withdrawn_more_and_more_rarely_up_to_a_point_when_that_fails() {
    let plan = plan(Kind::Error, Progress::Confirmed);
    let mut planter = planter(0, Some(plan.clone()));
    let over = Facts { over: HashSet::from([attempt()]), ..posted(&plan) };
    let is_sent = |best: &Height| !block(&mut planter, *best, over.clone(), None).is_empty();
    let sent: Vec<Height> = (100..1_500).filter(is_sent).collect();
    assert_eq!(sent, [100, 132, 196, 324, 580, 836, 1_092, 1_348]);
}

#[test]
fn plan_should_be_forgotten_only_when_no_block_can_take_its_plant_any_more() {
    let plan = plan(Kind::Error, Progress::Drafted);
    let at = |finalized, posted: bool| {
        let known = if posted { super::tests::posted(&plan) } else { facts() };
        block(&mut planter(0, Some(plan.clone())), 400, Facts { finalized, ..known }, None)
    };
    // Sent at block 199, when nothing after block 1 was final.
    let last = Lifetime::at(199, 1).until();
    assert_eq!(at(last, false), []);
    assert_eq!(at(200 + 256, false), []);
    assert_eq!(at(201 + 256, false), [Action::ForgetPlan(attempt())]);
    assert_eq!(at(201 + 256, true), [Action::Confirm(attempt())], "it stands");
}

#[test]
fn plan_should_outlast_every_extrinsic_that_may_have_been_sent_for_it() {
    for by in [70, 200, 1_000, 50_000] {
        let plan = Plan { by, ..plan(Kind::Decoy, Progress::Drafted) };
        for lag in 0..=by {
            let life = Lifetime::at(by - 1, (by - 1).saturating_sub(lag));
            assert!(life.until() <= plan.may_be_taken_until(), "{by} {lag}");
        }
        assert!(plan.may_be_taken_until() <= by + 2_048);
    }
}

#[test]
fn plant_should_be_ended_when_it_has_expired_and_its_job_is_pruned_and_not_be_withdrawn() {
    let plan = plan(Kind::Error, Progress::Confirmed);
    let mut planter = planter(0, Some(plan.clone()));
    let lost = |finalized| Facts { finalized, lost: HashSet::from([attempt()]), ..posted(&plan) };
    let expired = [Action::Post(Call::ExpirePlant(plan.hash(&PLANTING, ME, attempt())))];
    assert_eq!(block(&mut planter, 5_000, lost(4_998), None), []);
    assert_eq!(block(&mut planter, 9_000, lost(8_999), None), []);
    assert_eq!(block(&mut planter, 9_002, lost(9_000), None), expired);
    assert_eq!(block(&mut planter, 9_003, lost(9_001), None), [], "it was sent a moment ago");
    let over = Facts { finalized: 9_010, ..facts() };
    assert_eq!(block(&mut planter, 9_012, over, None), [Action::ForgetPlan(attempt())]);
}

#[test]
fn result_should_be_void_as_the_chain_has_it() {
    let result = plan(Kind::Error, Progress::Confirmed).result(ME, attempt());
    let void = |view: ShardView| is_void(Some(&view.shard), true, &result);
    assert!(!void(accepted(ME)) && !void(running(ME)));
    assert!(!void(settled(ME, true)) && !void(settled(ME, false)), "it was accepted and stands");
    assert!(void(accepted(OTHER)) && void(overturned(ME, OTHER)));
    let mut waiting = overturned(ME, OTHER);
    let Phase::Accused { deal, commitment, auditors, at, .. } = waiting.shard.phase else { unreachable!() };
    waiting.shard.phase = Phase::Overturned { deal, commitment, auditors, at };
    assert!(void(waiting));
    let mut again = running(OTHER);
    again.shard.attempt = 1;
    assert!(void(again));
    assert!(is_void(Some(&accepted(ME).shard), true, &PlantedResult { root: BlobId([1; 32]), ..result }));
    assert!(is_void(None, true, &result), "it was dropped");
    assert!(!is_void(None, false, &result), "of a job that is pruned the chain cannot tell");
}
