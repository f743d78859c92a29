// SPDX-License-Identifier: Apache-2.0
//! A runtime of system and verification, with a keeper of shards that steps real ones and keeps them in storage.

use crate::{
    self as verification,
    fixture::{Party, World, LONG_LIE},
};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use frame_support::{
    assert_ok, derive_impl,
    dispatch::DispatchResultWithPostInfo,
    parameter_types,
    storage::unhashed,
    traits::{fungible::Mutate, ConstU32, Hooks},
    BoundedVec,
};
use quern_primitives::{
    commitment::{audit_seal, opened_digest, results_digest, secret_hash},
    job::Endpoint,
    slice::SliceProof,
    traits::{Collateral, CollateralError, Deadlines, OffenceKind, Randomness, ReadyWorker, Registry, ShardEnd},
    Account, Balance, BlobId, DisputeId, Height, ShardId,
};
use quern_program::{Checked, Program};
use quern_protocol::{
    dispute::{open_part, Outcome, PART_IDS},
    evidence::Conviction,
    inputs::StageContext,
    referee::ReadProof,
    shard::{Deal, Effect, Event as ShardEvent, Phase},
    traits::{AuditPlan, Audits, Shards},
    Params, Shard, ShardError,
};
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage};

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Verification: verification,
        Balances: pallet_balances,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlockU32<Test>;
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId32>;
    type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
    type Balance = Balance;
}

pub const WORKER: u8 = 1;
pub const VALIDATORS: [u8; 4] = [2, 3, 4, 5];
pub const STRANGER: u8 = 9;
pub const BOND: Balance = 100;
pub const COLLATERAL: Balance = 900;
pub const RICH: Balance = 1_000;
/// What the first id of a shard costs.
pub const PRICE: Balance = 10;
/// What the stranger and the worker can spend.
pub const FREE: Balance = 100_000;

pub const PARAMS: Params = Params {
    start_blocks: 10,
    execute_floor_blocks: 10,
    execute_blocks_per_gmac: 0,
    open_blocks: 10,
    audit_blocks: 10,
    reveal_blocks: 10,
    move_blocks: 10,
    window_blocks: 21,
    delivery_blocks: 10,
    samples: 8,
    auditors: 2,
    single_task_auditors: 3,
    colluding_ppm: 333_333,
    unrecoverable_ppm: 500_000,
    audit_bond: BOND,
    challenge_bond: BOND,
    demand_price: PRICE,
    declines_before_probe: 2,
    probe_seats: 2,
    probe_blocks: 10,
    pause_blocks: 100,
    max_pauses: 2,
    claim_rest_blocks: 50,
    transfer_blocks_per_gib: 0,
    max_extra_blocks: 0,
    min_bid: 1,
    shard_fee: 0,
};

parameter_types! {
    pub const Numbers: Params = PARAMS;
    /// Validators that did not register long ago, with the height at which they did.
    pub static Newcomers: Vec<(Account, Height)> = vec![];
    pub static Registered: Vec<Account> = VALIDATORS.iter().map(|who| raw(*who)).collect();
    pub static SeedsMissing: Vec<Height> = Vec::new();
    pub static Plan: (u32, u32) = (16, 2);
    pub static DisputeLimit: u32 = 16;
    pub static StageComplete: bool = false;
    /// Whether the keeper refuses the end of every dispute.
    pub static Broken: bool = false;
    pub static LagBlocks: Height = 0;
}

impl verification::Config for Test {
    type Shards = Keeper;
    type Collateral = Bonds;
    type Registry = Validators;
    type Randomness = Seeds;
    type Currency = Balances;
    type Deadlines = Lagging;
    type Params = Numbers;
    type MaxPendingDraws = ConstU32<4>;
    type DrawsPerBlock = ConstU32<2>;
    type MaxDisputes = DisputeLimit;
    type ExpiriesPerBlock = ConstU32<2>;
    type WeightInfo = verification::weights::SubstrateWeight<Test>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Helper;
}

fn key(what: &str, of: &impl Encode) -> Vec<u8> {
    (what, of).encode()
}

fn get<V: Decode>(what: &str, of: &impl Encode) -> Option<V> {
    unhashed::get(&key(what, of))
}

fn put(what: &str, of: &impl Encode, value: &impl Encode) {
    unhashed::put(&key(what, of), value);
}

/// Bonds in storage: (whole, locked).
pub struct Bonds;

impl Bonds {
    pub fn of(who: &Account) -> (Balance, Balance) {
        get("bond", who).unwrap_or_default()
    }

    /// Lets one account back another.
    pub fn back(backer: u8, who: u8) {
        put("backer", &raw(who), &raw(backer));
    }

    /// Has a bond be another in this block. Draws from a period that has begun count what was there before.
    pub fn change(who: u8, bonded: Balance) {
        let whole = Self::of(&raw(who)).0;
        // What was there before all changes.
        let before = get::<(Height, Balance)>("changed", &raw(who)).map_or(whole, |(_, before)| before.min(whole));
        put("changed", &raw(who), &(System::block_number(), before));
        Self::set(who, bonded);
    }

    pub fn set(who: u8, bonded: Balance) {
        let (_, locked) = Self::of(&raw(who));
        put("bond", &raw(who), &(bonded, locked));
    }
}

impl Collateral for Bonds {
    fn free(who: &Account) -> Balance {
        let (bonded, locked) = Self::of(who);
        bonded.saturating_sub(locked)
    }
    fn bonded(who: &Account) -> Balance {
        Self::of(who).0
    }
    fn bonded_before(who: &Account, height: Height) -> Balance {
        let bonded = Self::bonded(who);
        match get::<(Height, Balance)>("changed", who) {
            Some((at, before)) if at >= height => before.min(bonded),
            _ => bonded,
        }
    }
    fn lock(who: &Account, amount: Balance) -> Result<(), CollateralError> {
        if Self::free(who) < amount {
            return Err(CollateralError::Insufficient);
        }
        let (bonded, locked) = Self::of(who);
        put("bond", who, &(bonded, locked + amount));
        Ok(())
    }
    fn release(who: &Account, amount: Balance) {
        let (bonded, locked) = Self::of(who);
        put("bond", who, &(bonded, locked.checked_sub(amount).expect("released more than was locked")));
    }
    fn slash(who: &Account, amount: Balance, _: &[(Account, Balance)]) -> Balance {
        Self::release(who, amount);
        let (bonded, locked) = Self::of(who);
        put("bond", who, &(bonded - amount, locked));
        amount
    }
    fn minimum() -> Balance {
        BOND
    }
    fn is_backed(who: &Account) -> bool {
        get::<Account>("backer", who).is_some()
    }
    fn backs(backer: &Account, who: &Account) -> bool {
        get::<Account>("backer", who).as_ref() == Some(backer)
    }
}

pub struct Validators;

impl Registry for Validators {
    fn ready_workers() -> Vec<ReadyWorker> {
        vec![]
    }
    fn take_slot(_: &Account) {}
    fn shard_ended(_: &Account, _: ShardEnd) {}
    fn validators() -> Vec<Account> {
        Registered::get()
    }
    fn validators_before(height: Height) -> Vec<Account> {
        let came_before = |who: &Account| Newcomers::get().iter().all(|(new, at)| new != who || *at < height);
        Registered::get().into_iter().filter(came_before).collect()
    }
    fn endpoint(who: &Account) -> Option<Endpoint> {
        Registered::get().contains(who).then(Endpoint::default)
    }
}

/// Deadlines that lag as a test says.
pub struct Lagging;

impl Deadlines for Lagging {
    fn lag_blocks() -> Height {
        LagBlocks::get()
    }
}

/// Periods of two blocks; a seed is known once its period is over.
pub struct Seeds;

impl Randomness for Seeds {
    fn period_blocks() -> Height {
        2
    }
    fn seed(period: Height) -> Option<[u8; 32]> {
        let over = period < Self::period_of(System::block_number());
        (over && !SeedsMissing::get().contains(&period)).then_some([period as u8; 32])
    }
}

/// Keeps shards as the jobs pallet does, without money.
pub struct Keeper;

impl Keeper {
    pub fn put(world: &World, shard: &Shard) {
        put("shard", &shard.id, shard);
        put("context", &shard.id, &world.context);
        put("program", &shard.id, &world.program.program());
        let mut ids = Self::ids();
        if !ids.contains(&shard.id) {
            ids.push(shard.id);
            put("ids", &(), &ids);
        }
    }

    pub fn ids() -> Vec<ShardId> {
        get("ids", &()).unwrap_or_default()
    }

    pub fn offences() -> Vec<(u8, Account, Option<Account>)> {
        get("offences", &()).unwrap_or_default()
    }

    /// The evidence of the last offence.
    pub fn evidence() -> [u8; 32] {
        get("evidence", &()).unwrap_or_default()
    }

    pub fn forget(id: &ShardId) {
        unhashed::kill(&key("shard", id));
    }

    fn offended(kind: OffenceKind, offender: Account, reporter: Option<Account>) {
        let mut offences = Self::offences();
        offences.push((kind as u8, offender, reporter));
        put("offences", &(), &offences);
        put("evidence", &(), &<Verification as Audits>::evidence());
    }
}

impl Shards for Keeper {
    fn shard(id: &ShardId) -> Option<Shard> {
        get("shard", id)
    }

    fn apply(id: &ShardId, event: ShardEvent) -> Result<(), ShardError> {
        let now = System::block_number();
        let shard = Self::shard(id).ok_or(ShardError::WrongPhase)?;
        if Broken::get() && matches!(event, ShardEvent::Resolved { .. } | ShardEvent::Judged { .. }) {
            return Err(ShardError::WrongPhase);
        }
        let moment = quern_protocol::Moment { height: now, lag_blocks: LagBlocks::get() };
        let (next, effects) = shard.step_at(event, moment, Seeds::period_of(now), &PARAMS)?;
        put("shard", id, &next);
        for effect in effects {
            match effect {
                Effect::ReleaseWorker(deal) => Bonds::release(&deal.worker, deal.collateral),
                Effect::ReleaseAuditor(who, bond) | Effect::ReleaseChallenger(who, bond) => Bonds::release(&who, bond),
                Effect::Offence { kind, offender, locked, reporter } => {
                    Bonds::slash(&offender, locked, &[]);
                    Self::offended(kind, offender, reporter);
                }
                Effect::CloseDisputes => Verification::close(id),
                Effect::Late(_)
                | Effect::Declined(_)
                | Effect::DeclineRefuted(_)
                | Effect::DeclineConfirmed(_)
                | Effect::Unaudited(_)
                | Effect::Accept { .. }
                | Effect::Requeue => {}
                Effect::Settle { .. } | Effect::Overturn(_) | Effect::Closed => {}
                Effect::ClaimRefuted(who) => Verification::refuted(&who),
                Effect::Doubt | Effect::InputsFound(_) | Effect::InputsMissing | Effect::Compensate { .. } => {}
            }
        }
        if let Phase::Committed { period, .. } | Phase::Doubted { period, .. } = next.phase {
            Verification::committed(id, period);
        }
        Ok(())
    }

    fn all() -> Vec<Shard> {
        Keeper::ids().iter().filter_map(Keeper::shard).collect()
    }

    fn context(id: &ShardId) -> Option<StageContext> {
        get("context", id)
    }

    fn program(id: &ShardId) -> Option<Checked> {
        get::<Program>("program", id)?.check().ok()
    }

    fn audit_plan(_: &ShardId) -> Option<AuditPlan> {
        let (samples, auditors) = Plan::get();
        Some(AuditPlan { samples, auditors, bond: PARAMS.audit_bond, liability: PARAMS.audit_bond })
    }

    fn is_stage_complete(_: &ShardId) -> bool {
        StageComplete::get()
    }
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Helper;

#[cfg(feature = "runtime-benchmarks")]
impl verification::benchmarking::BenchmarkHelper for Helper {
    fn put_shard(shard: &Shard, context: &StageContext, program: &Checked) {
        put("shard", &shard.id, shard);
        put("context", &shard.id, context);
        put("program", &shard.id, &program.program());
        for (who, locked) in shard.locks() {
            put("bond", &who, &(RICH, locked));
        }
    }
    fn put_validators(count: u32) {
        Registered::set((0..count as u8).map(|who| [100u8.wrapping_add(who); 32]).collect());
        // Enough for the last of eight challenges.
        Registered::get().iter().for_each(|who| put("bond", who, &(RICH * 1_000, 0u128)));
    }
    fn put_seed(_: Height) {}
    fn put_unfinished_stage(_: &ShardId) {}
}

pub fn raw(who: u8) -> Account {
    [who; 32]
}

pub fn account(who: u8) -> AccountId32 {
    raw(who).into()
}

pub fn signed(who: u8) -> RuntimeOrigin {
    RuntimeOrigin::signed(account(who))
}

pub fn new_test_ext() -> sp_io::TestExternalities {
    let storage = RuntimeGenesisConfig::default().build_storage().unwrap();
    let mut ext = sp_io::TestExternalities::from(storage);
    ext.execute_with(|| {
        Registered::set(VALIDATORS.iter().map(|who| raw(*who)).collect());
        SeedsMissing::set(vec![]);
        Plan::set((16, 2));
        DisputeLimit::set(16);
        StageComplete::set(false);
        Broken::set(false);
        LagBlocks::set(0);
        System::set_block_number(1);
        Bonds::set(WORKER, RICH);
        for who in [STRANGER, WORKER] {
            Balances::set_balance(&account(who), FREE);
        }
        VALIDATORS.iter().for_each(|who| Bonds::set(*who, RICH));
    });
    ext
}

/// Runs a test on a fresh chain and checks afterwards what is always true.
pub fn test(run: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        run();
        check();
    });
}

/// What is always true, of the pallet and of bonds: exactly what the shards say is locked.
pub fn check() {
    Verification::do_try_state().unwrap();
    let locks: Vec<(Account, Balance)> =
        Keeper::ids().iter().filter_map(Keeper::shard).flat_map(|shard| shard.locks()).collect();
    for who in [WORKER].iter().chain(&VALIDATORS) {
        let locked: Balance = locks.iter().filter(|(of, _)| *of == raw(*who)).map(|(_, amount)| amount).sum();
        assert_eq!(Bonds::of(&raw(*who)).1, locked, "account {who}");
    }
}

/// The next block: hooks of the pallet, then deadlines of shards.
pub fn block() {
    let now = System::block_number() + 1;
    System::set_block_number(now);
    Verification::on_initialize(now);
    for id in Keeper::ids() {
        if Keeper::shard(&id).and_then(|shard| shard.expires()).is_some_and(|at| at + LagBlocks::get() <= now) {
            Keeper::apply(&id, ShardEvent::Expire).unwrap();
        }
    }
}

pub fn blocks(count: u32) {
    (0..count).for_each(|_| block());
}

/// The events of the pallet so far.
pub fn events() -> Vec<crate::Event<Test>> {
    let events = System::events().into_iter();
    events
        .filter_map(|record| if let RuntimeEvent::Verification(event) = record.event { Some(event) } else { None })
        .collect()
}

pub fn last_event() -> crate::Event<Test> {
    events().pop().expect("an event")
}

/// A shard with its worker's results and honest ones.
pub struct Case {
    pub world: World,
    pub worker: Party,
    pub honest: Party,
}

impl Case {
    /// A worker that changes one operator's output.
    pub fn lying(task: u32, segment: u32, op: u16, lie: impl Fn(&mut Vec<u8>)) -> Self {
        Self::lying_in(World::looped(), task, segment, op, lie)
    }

    fn lying_in(world: World, task: u32, segment: u32, op: u16, lie: impl Fn(&mut Vec<u8>)) -> Self {
        let mut tamper = |at_task, at_segment, at_op, bytes: &mut Vec<u8>| {
            if (at_task, at_segment, at_op) == (task, segment, op) {
                lie(bytes);
            }
        };
        let worker = world.party(raw(WORKER), &mut tamper);
        let honest = world.honest(raw(WORKER));
        Self { world, worker, honest }
    }

    /// A worker whose second task has one wrong element in the output of the body's product of the first step.
    pub fn flipped() -> Self {
        Self::lying(1, 1, 1, |bytes| bytes[1_234] ^= 1)
    }

    /// A worker whose second task has a wrong element in an operator of a segment with a long trace.
    pub fn long() -> Self {
        Self::lying_in(World::long(), 1, 0, LONG_LIE, |bytes| bytes[5] ^= 1)
    }

    pub fn honest() -> Self {
        Self::lying(9, 9, 9, |_| ())
    }

    pub fn id(&self) -> ShardId {
        self.world.shard
    }

    pub fn shard(&self) -> Shard {
        Keeper::shard(&self.id()).unwrap()
    }

    pub fn auditors(&self) -> Vec<u8> {
        self.shard().audit().unwrap().seats.iter().map(|seat| seat.auditor[0]).collect()
    }

    pub fn sample(&self) -> Vec<u32> {
        let shard = self.shard();
        let confirmed = || shard.accused().map(|accused| accused.confirmed.sample.to_vec());
        shard.audit().map(|audit| audit.sample.to_vec()).or_else(confirmed).unwrap()
    }

    pub fn opened_digest(&self) -> [u8; 32] {
        opened_digest(&self.id(), &self.worker.ids(&self.shard().opened_positions()))
    }

    pub fn results_of(&self, party: &Party) -> [u8; 32] {
        results_digest(&self.id(), &party.ids(&self.sample()))
    }

    pub fn seal(&self, auditor: u8, results: [u8; 32]) -> [u8; 32] {
        let opened = self.shard().audit().and_then(|audit| audit.opened).unwrap_or_default();
        audit_seal(&[auditor; 32], &raw(auditor), &self.id(), &opened, &results)
    }

    /// The worker shows every id that is asked for.
    pub fn answer_leaves(&self) {
        let demands = self.shard().window().map(|window| window.demands.to_vec()).unwrap_or_default();
        for demand in demands {
            let leaf = self.worker.leaf(demand.position);
            assert_ok!(Verification::answer_leaf(signed(WORKER), self.id(), demand.position, leaf));
        }
    }

    /// The worker has committed.
    pub fn committed(self) -> Self {
        Keeper::put(&self.world, &self.world.new_shard());
        self.recommit();
        self
    }

    pub fn recommit(&self) {
        let (id, by) = (self.id(), raw(WORKER));
        Bonds::lock(&by, COLLATERAL).unwrap();
        let commit = ShardEvent::Commit { by, root: self.worker.root(), secret_hash: secret_hash(&[7; 32]) };
        let deal = Deal { worker: by, price: 10, collateral: COLLATERAL };
        for event in [ShardEvent::Assign(deal), ShardEvent::Start(by), commit] {
            Keeper::apply(&id, event).unwrap();
        }
    }

    /// The shard was drawn.
    pub fn drawn(self) -> Self {
        let case = self.committed();
        for _ in 0..8 {
            if !matches!(case.shard().phase, Phase::Opening { .. }) {
                block();
            }
        }
        assert!(matches!(case.shard().phase, Phase::Opening { .. }));
        case
    }

    /// The worker has opened the checkpoints.
    pub fn opened(self) -> Self {
        let case = self.drawn();
        assert_ok!(Verification::open_checkpoints(signed(WORKER), case.id(), case.opened_digest()));
        case
    }

    /// All validators have sealed what they computed: what `results` says of each, else the truth.
    pub fn sealed_with(self, results: impl Fn(&Self, u8) -> Option<[u8; 32]>) -> Self {
        let case = self.opened();
        for auditor in case.auditors() {
            let results = results(&case, auditor).unwrap_or_else(|| case.results_of(&case.honest));
            assert_ok!(Verification::commit_audit(signed(auditor), case.id(), case.seal(auditor, results)));
        }
        case
    }

    pub fn sealed(self) -> Self {
        self.sealed_with(|_, _| None)
    }

    /// The worker has revealed its results.
    pub fn shown(self) -> Self {
        let case = self.sealed();
        let digest = case.results_of(&case.worker);
        assert_ok!(Verification::reveal_results(signed(WORKER), case.id(), digest));
        case
    }

    /// The validators have revealed theirs.
    pub fn revealed(self) -> Self {
        let case = self.shown();
        for auditor in case.auditors() {
            let results = case.results_of(&case.honest);
            assert_ok!(Verification::reveal_audit(signed(auditor), case.id(), [auditor; 32], results, true));
        }
        case
    }

    /// A lie that its drawn validators have confirmed: the body's product of the second task.
    pub fn accepted_lie() -> Self {
        let case = Self::flipped().sealed_with(|case, _| Some(case.results_of(&case.worker)));
        let digest = case.results_of(&case.worker);
        assert_ok!(Verification::reveal_results(signed(WORKER), case.id(), digest));
        for auditor in case.auditors() {
            assert_ok!(Verification::reveal_audit(signed(auditor), case.id(), [auditor; 32], digest, true));
        }
        assert!(case.shard().is_accepted());
        case
    }

    /// A dispute in which the first difference is searched for, from the output of the second task back.
    pub fn searched(self) -> (Self, u8, DisputeId) {
        let case = self.revealed();
        let (challenger, last) = (case.auditors()[0], case.world.leaves() - 1);
        assert_ok!(Verification::open_dispute(signed(challenger), case.id(), last, None, case.worker.leaf(last)));
        (case, challenger, crate::NextDispute::<Test>::get() - 1)
    }

    /// The worker has named its ids.
    pub fn asked(self) -> (Self, u8, DisputeId) {
        let (case, challenger, dispute) = self.searched();
        let ids: Vec<_> = (4..7).map(|position| case.worker.id(position)).collect();
        assert_ok!(Verification::name_ids(signed(WORKER), dispute, ids.try_into().unwrap()));
        (case, challenger, dispute)
    }

    /// The challenger has found the first one that differs.
    pub fn found(self) -> (Self, u8, DisputeId) {
        let (case, challenger, dispute) = self.asked();
        assert_ok!(Verification::pick_id(signed(challenger), dispute, 1));
        (case, challenger, dispute)
    }

    /// Every validator claims to have computed something else than the (honest) worker.
    pub fn falsely_accused(self) -> Self {
        let case = self.sealed_with(|_, _| Some([6; 32]));
        let digest = case.results_of(&case.worker);
        assert_ok!(Verification::reveal_results(signed(WORKER), case.id(), digest));
        for auditor in case.auditors() {
            assert_ok!(Verification::reveal_audit(signed(auditor), case.id(), [auditor; 32], [6; 32], false));
        }
        case
    }

    /// The first drawn position at which the worker's result is wrong.
    pub fn wrong_position(&self) -> u32 {
        let differs = |position: &u32| self.worker.id(*position) != self.honest.id(*position);
        self.sample().into_iter().find(differs).unwrap()
    }

    /// Opens a dispute of `challenger` at a position with the worker's leaves.
    pub fn open(&self, challenger: u8, position: u32) -> DisputeId {
        let start = (!position.is_multiple_of(self.world.segments())).then(|| self.worker.leaf(position - 1));
        let end = self.worker.leaf(position);
        assert_ok!(Verification::open_dispute(signed(challenger), self.id(), position, start, end));
        crate::NextDispute::<Test>::get() - 1
    }

    /// The first drawn validator has opened a dispute where the worker lied.
    pub fn disputed(self) -> (Self, u8, DisputeId) {
        let case = self.revealed();
        let challenger = case.auditors()[0];
        let dispute = case.open(challenger, case.wrong_position());
        (case, challenger, dispute)
    }

    /// The worker has posted its trace.
    pub fn traced(self) -> (Self, u8, DisputeId) {
        let (case, challenger, dispute) = self.disputed();
        case.post_trace(dispute);
        (case, challenger, dispute)
    }

    /// The worker has lied in an operator of a segment with a long trace, and posted its outline.
    pub fn outlined() -> (Self, u8, DisputeId) {
        let (case, challenger, dispute) = Self::long().disputed();
        let outline = case.world.outline(&case.worker, case.wrong_position()).unwrap();
        assert_ok!(Verification::post_outline(signed(WORKER), dispute, outline));
        (case, challenger, dispute)
    }

    /// The part with the lie is asked for.
    pub fn part_demanded() -> (Self, u8, DisputeId) {
        let (case, challenger, dispute) = Self::outlined();
        let part = u32::from(LONG_LIE) / PART_IDS;
        assert_ok!(Verification::demand_output(signed(challenger), dispute, part));
        (case, challenger, dispute)
    }

    /// The worker has opened it.
    pub fn part_opened() -> (Self, u8, DisputeId) {
        let (case, challenger, dispute) = Self::part_demanded();
        assert_ok!(Verification::open_chunk(signed(WORKER), dispute, case.part(LONG_LIE / PART_IDS as u16)));
        (case, challenger, dispute)
    }

    /// A part of the worker's list of ids of the disputed segment.
    pub fn part(&self, part: u16) -> BoundedVec<u8, ConstU32<1024>> {
        let (_, outputs) = self.world.segment_of(&self.worker, self.wrong_position());
        let ids: Vec<BlobId> = outputs.iter().map(|bytes| BlobId::of(bytes)).collect();
        open_part(&ids, part).unwrap().try_into().unwrap()
    }

    pub fn post_trace(&self, dispute: DisputeId) {
        let position = crate::Disputes::<Test>::get(dispute).unwrap().position;
        assert_ok!(Verification::post_trace(signed(WORKER), dispute, self.world.trace(&self.worker, position)));
    }

    /// The challenger has named the first operator that differs.
    pub fn named(self) -> (Self, u8, DisputeId, u16) {
        let (case, challenger, dispute) = self.traced();
        let position = case.wrong_position();
        let (worker, own) = (case.world.trace(&case.worker, position), case.world.trace(&case.honest, position));
        let op = quern_protocol::evidence::differing_operator(&worker.outputs, &own.outputs).unwrap();
        assert_ok!(Verification::name_operator(signed(challenger), dispute, op));
        (case, challenger, dispute, op)
    }
}

impl Case {
    /// The worker's output of an operator of the disputed segment.
    pub fn claimed(&self, op: u16) -> Vec<u8> {
        self.world.segment_of(&self.worker, self.wrong_position()).1[usize::from(op)].clone()
    }

    /// The honest output of an operator of the disputed segment.
    pub fn truth(&self, op: u16) -> Vec<u8> {
        self.world.segment_of(&self.honest, self.wrong_position()).1[usize::from(op)].clone()
    }

    /// The conviction of the worker's output of `op`, as a validator's daemon builds it.
    pub fn conviction(&self, op: u16) -> Conviction {
        let claimed = self.claimed(op);
        self.world.with_evidence(&self.honest, self.wrong_position(), |evidence| {
            evidence.convict(op, &claimed, |_, part| self.world.blob(part)).unwrap()
        })
    }

    /// An element's conviction, taken apart: (element, proof of the output, reads).
    pub fn element(&self, op: u16) -> (u64, SliceProof, Vec<ReadProof>) {
        match self.conviction(op) {
            Conviction::Element { element, output: Some(output), reads } => (element, output, reads),
            other => panic!("{other:?}"),
        }
    }

    /// Plays a conviction.
    pub fn convict(who: u8, dispute: DisputeId, conviction: Conviction) -> DispatchResultWithPostInfo {
        match conviction {
            Conviction::Element { element, output, reads } => {
                Verification::convict(signed(who), dispute, element, output, reads.try_into().unwrap())
            }
            Conviction::Length { len, proof } => Verification::convict_length(signed(who), dispute, len, proof),
        }
    }

    /// The event of the dispute's end.
    pub fn closed(&self, dispute: DisputeId, challenger: u8, position: u32, outcome: Outcome) -> crate::Event<Test> {
        let (worker, challenger) = (account(WORKER), account(challenger));
        crate::Event::DisputeClosed { dispute, shard: self.id(), position, worker, challenger, outcome }
    }

    /// How the last dispute ended.
    pub fn outcome() -> Option<Outcome> {
        events().into_iter().rev().find_map(|event| match event {
            crate::Event::DisputeClosed { outcome, .. } => Some(outcome),
            _ => None,
        })
    }
}
