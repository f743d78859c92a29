// SPDX-License-Identifier: Apache-2.0
//! Random calls against a model.

use super::mock::*;
use crate::{Entries, FORMER_REST_BLOCKS, MAX_REST_BLOCKS, MAX_SLOTS, REST_BLOCKS};
use proptest::prelude::*;
use quern_primitives::{
    traits::{Registry as _, Role, ShardEnd},
    ShardId,
};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Op {
    Register(u8, Role),
    SetReady(u8, u32),
    Update(u8),
    Retire(u8),
    TakeSlot(u8),
    End(u8, ShardEnd),
    CloseWindow(u8),
    Bond(u8, bool),
    Evict(u8),
    Blocks(u32),
}

fn op() -> impl Strategy<Value = Op> {
    let who = || 1u8..7;
    let role = prop_oneof![Just(Role::Worker), Just(Role::Validator)];
    let end = prop_oneof![
        3 => Just(ShardEnd::Accepted),
        2 => Just(ShardEnd::Late),
        1 => Just(ShardEnd::Convicted),
        1 => Just(ShardEnd::Overturned),
        1 => Just(ShardEnd::Undelivered),
        1 => Just(ShardEnd::Unaudited),
        2 => Just(ShardEnd::Unstarted),
        5 => (0..4u32).prop_map(|of| ShardEnd::Declined(shard(of))),
        1 => (0..4u32).prop_map(|of| ShardEnd::DeclineRefuted(shard(of))),
        2 => (0..4u32).prop_map(|of| ShardEnd::DeclineConfirmed(shard(of))),
    ];
    prop_oneof![
        4 => (who(), role).prop_map(|(who, role)| Op::Register(who, role)),
        4 => (who(), 0..MAX_SLOTS + 2).prop_map(|(who, slots)| Op::SetReady(who, slots)),
        1 => who().prop_map(Op::Update),
        1 => who().prop_map(Op::Retire),
        4 => who().prop_map(Op::TakeSlot),
        3 => (who(), end).prop_map(|(who, end)| Op::End(who, end)),
        2 => who().prop_map(Op::CloseWindow),
        1 => (who(), any::<bool>()).prop_map(|(who, rich)| Op::Bond(who, rich)),
        1 => who().prop_map(Op::Evict),
        3 => (0..2 * REST_BLOCKS).prop_map(Op::Blocks),
        1 => Just(Op::Blocks(FORMER_REST_BLOCKS)),
    ]
}

#[derive(Clone, Debug)]
struct Model {
    role: Role,
    slots: u32,
    open: u32,
    reputation: u32,
    barred: bool,
    retiring: bool,
    standing: u32,
    rests: Rests,
}

/// Rests as the documentation has them: each with its first height, and the lengths counted anew whenever one is taken back.
#[derive(Clone, Debug, Default)]
struct Rests {
    /// Rests from before the account left.
    before: u32,
    /// First height after a rest that began before an accepted shard or before the account left, and whose decline began it.
    until: u32,
    cause: Option<ShardId>,
    /// Rests since: the first height and whose decline began it.
    begun: Vec<(u32, Option<ShardId>)>,
}

impl Rests {
    fn number(&self) -> u32 {
        self.before + self.begun.len() as u32
    }

    fn until(&self) -> u32 {
        self.begun.last().map_or(self.until, |(from, _)| from + rest(self.number()))
    }

    fn leave(&mut self, now: u32, declined: Option<ShardId>) {
        if now < self.until() {
            // Not taken back any more where something was left for no reason meanwhile.
            let cause = self.begun.last_mut().map_or(&mut self.cause, |(_, cause)| cause);
            *cause = declined.and(*cause);
            return;
        }
        if self.number() == 0 {
            self.cause = None;
        }
        self.begun.push((now, declined));
        // Of the last eight it is known who began them.
        let forgotten = self.begun.len().saturating_sub(8);
        self.begun[..forgotten].iter_mut().for_each(|(_, cause)| *cause = None);
    }

    fn accepted(&mut self) {
        let cause = self.begun.last().map_or(self.cause, |(_, cause)| *cause);
        *self = Self { before: 0, until: self.until(), cause, begun: Vec::new() };
    }

    fn excuse(&mut self, shard: ShardId, now: u32) {
        self.begun.retain(|(_, cause)| *cause != Some(shard));
        if self.cause == Some(shard) {
            (self.cause, self.until) = (None, self.until.min(now));
        }
    }

    fn blame(&mut self, shard: ShardId) {
        let causes = self.begun.iter_mut().map(|(_, cause)| cause).chain([&mut self.cause]);
        causes.filter(|cause| **cause == Some(shard)).for_each(|cause| *cause = None);
    }
}

/// The rule of the crate's documentation, by doubling.
fn rest(number: u32) -> u32 {
    (1..number).fold(REST_BLOCKS.min(number * REST_BLOCKS), |blocks, _| (2 * blocks).min(MAX_REST_BLOCKS))
}

impl Model {
    fn halve(&mut self) {
        if !self.barred {
            self.reputation = 100 + (self.reputation - 100) / 2;
        }
    }

    fn is_free(&self) -> bool {
        self.open + self.standing == 0
    }
}

/// Forgets an account, but not how it rests.
fn leave(model: &mut BTreeMap<u8, Model>, left: &mut BTreeMap<u8, (u32, Rests)>, who: u8) {
    let rests = model.remove(&who).unwrap().rests;
    if rests.number() > 0 || rests.until() > System::block_number() {
        left.insert(who, (System::block_number(), rests));
    }
}

fn active(model: &BTreeMap<u8, Model>, role: Role) -> usize {
    model.values().filter(|m| m.role == role && !m.barred && !m.retiring).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn registry_should_follow_the_model(ops in prop::collection::vec(op(), 1..80)) {
        new_test_ext().execute_with(|| {
            let mut model: BTreeMap<u8, Model> = BTreeMap::new();
            let mut left: BTreeMap<u8, (u32, Rests)> = BTreeMap::new();
            let mut rich: BTreeMap<u8, bool> = (1..7).map(|who| (who, true)).collect();
            for op in ops {
                match op.clone() {
                    Op::Register(who, role) => {
                        let places = if role == Role::Worker { 3 } else { 2 };
                        let possible = model.get(&who).is_none_or(|m| m.barred && m.open == 0)
                            && rich[&who]
                            && active(&model, role) < places;
                        let done = Registry::register(signed(who), role, endpoint(who), profile(), ASK);
                        assert_eq!(done.is_ok(), possible, "{op:?}");
                        if possible {
                            let standing = model.get(&who).map_or(0, |m| m.standing);
                            let (slots, open, reputation, barred, retiring) = (0, 0, 100, false, false);
                            let now = System::block_number();
                            let left = left.remove(&who).filter(|(at, _)| at + FORMER_REST_BLOCKS >= now);
                            let left = left.map(|(_, rests): (u32, Rests)| Rests {
                                before: rests.number(),
                                until: rests.until(),
                                ..Rests::default()
                            });
                            // Who was barred has not left.
                            let rests = model.get(&who).map(|m| m.rests.clone()).or(left).unwrap_or_default();
                            model.insert(who, Model { role, slots, open, reputation, barred, retiring, standing, rests });
                        }
                    }
                    Op::SetReady(who, slots) => {
                        let m = model.get_mut(&who).filter(|m| {
                            m.role == Role::Worker
                                && !m.barred
                                && !m.retiring
                                && slots <= MAX_SLOTS
                                && (slots == 0 || rich[&who])
                        });
                        assert_eq!(Registry::set_ready(signed(who), slots).is_ok(), m.is_some(), "{op:?}");
                        if let Some(m) = m {
                            m.slots = slots;
                        }
                    }
                    Op::Update(who) => {
                        let possible = model.get(&who).is_some_and(|m| !m.barred && !m.retiring);
                        let done = Registry::update(signed(who), endpoint(who), profile(), ASK);
                        assert_eq!(done.is_ok(), possible, "{op:?}");
                    }
                    Op::Retire(who) => {
                        let possible = model.get(&who).is_some_and(|m| !m.retiring);
                        assert_eq!(Registry::retire(signed(who)).is_ok(), possible, "{op:?}");
                        if model.get(&who).is_some_and(Model::is_free) {
                            leave(&mut model, &mut left, who);
                        } else if let Some(m) = model.get_mut(&who) {
                            m.slots = 0;
                            m.retiring = true;
                        }
                    }
                    // Only who is ready is assigned.
                    Op::TakeSlot(who) => {
                        if Registry::ready_workers().iter().any(|ready| ready.account == raw(who)) {
                            Registry::take_slot(&raw(who));
                            let m = model.get_mut(&who).unwrap();
                            m.open += 1;
                        }
                    }
                    Op::End(who, end) => {
                        // What ends after acceptance holds no slot any more.
                        let after = [ShardEnd::Overturned, ShardEnd::Undelivered];
                        let judged = matches!(end, ShardEnd::DeclineRefuted(_) | ShardEnd::DeclineConfirmed(_));
                        let holds = !after.contains(&end) && !judged;
                        let now = System::block_number();
                        if let Some(m) = model.get_mut(&who).filter(|m| m.open > 0 || !holds) {
                            Registry::shard_ended(&raw(who), end);
                            m.open -= u32::from(holds);
                            m.standing += u32::from(end == ShardEnd::Accepted);
                            if end == ShardEnd::Accepted {
                                m.rests.accepted();
                            }
                            match end {
                                ShardEnd::Accepted if !m.barred => m.reputation = (m.reputation + 1).min(1_000),
                                ShardEnd::Accepted | ShardEnd::Unaudited => {}
                                ShardEnd::Late | ShardEnd::Unstarted => {
                                    m.halve();
                                    m.slots = 0;
                                    m.rests.leave(now, None);
                                }
                                ShardEnd::Declined(shard) => m.rests.leave(now, Some(shard)),
                                ShardEnd::Undelivered => m.halve(),
                                ShardEnd::DeclineRefuted(shard) => {
                                    m.rests.blame(shard);
                                    m.halve();
                                }
                                ShardEnd::DeclineConfirmed(shard) => m.rests.excuse(shard, now),
                                ShardEnd::Convicted | ShardEnd::Overturned => {
                                    m.reputation = 0;
                                    m.slots = 0;
                                    m.barred = true;
                                }
                            }
                            if m.retiring && m.is_free() {
                                leave(&mut model, &mut left, who);
                            }
                        }
                    }
                    Op::CloseWindow(who) => {
                        if let Some(m) = model.get_mut(&who).filter(|m| m.standing > 0) {
                            Registry::window_closed(&raw(who));
                            m.standing -= 1;
                            if m.retiring && m.is_free() {
                                leave(&mut model, &mut left, who);
                            }
                        }
                    }
                    Op::Bond(who, enough) => {
                        rich.insert(who, enough);
                        set_bond(who, if enough { MINIMUM } else { MINIMUM - 1 }, 0);
                    }
                    Op::Evict(who) => {
                        let makes_room = model.get(&who).is_some_and(|m| {
                            let places = if m.role == Role::Worker { 3 } else { 2 };
                            !m.barred && !m.retiring && active(&model, m.role) == places && !rich[&who]
                        });
                        assert_eq!(Registry::evict(signed(9), account(who)).is_ok(), makes_room, "{op:?}");
                        if makes_room && model[&who].is_free() {
                            leave(&mut model, &mut left, who);
                        } else if makes_room {
                            let m = model.get_mut(&who).unwrap();
                            m.slots = 0;
                            m.retiring = true;
                        }
                    }
                    Op::Blocks(blocks) => System::set_block_number(System::block_number() + blocks),
                }
                assert_eq!(Entries::<Test>::iter().count(), model.len(), "{op:?}");
                for (who, m) in &model {
                    let e = entry(*who);
                    assert_eq!((e.role, e.slots, e.open, e.standing), (m.role, m.slots, m.open, m.standing), "{op:?}");
                    assert_eq!((e.reputation, e.barred, e.retiring), (m.reputation, m.barred, m.retiring), "{op:?}");
                    let now = System::block_number();
                    let rests = (u32::from(e.rests), e.rests_until.max(now));
                    assert_eq!(rests, (m.rests.number(), m.rests.until().max(now)), "{op:?}");
                }
                let now = System::block_number();
                let is_ready = |who: &u8, m: &Model| m.slots > m.open && m.rests.until() <= now && rich[who];
                let ready = model.iter().filter(|(who, m)| is_ready(who, m)).count();
                assert_eq!(Registry::ready_workers().len(), ready, "{op:?}");
                Registry::do_try_state().unwrap();
            }
        });
    }
}
