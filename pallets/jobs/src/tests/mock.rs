// SPDX-License-Identifier: Apache-2.0
//! A runtime of system, balances and jobs, with neighbours that keep their books in memory.

use crate::{self as jobs, types::Code, Event, HoldReason, JobFault};
use codec::Encode;
use frame_support::{
    derive_impl, parameter_types,
    traits::{
        fungible::{InspectHold, Mutate},
        tokens::Preservation,
        ConstU128, ConstU16, ConstU32, Hooks,
    },
};
use quern_primitives::{
    commitment::audit_seal,
    job::{AuditLevel, Blob, Endpoint, Input, JobSpec, OutputMap, Profile, Requirements, Stage},
    plant::ConvictedResult,
    tagged,
    traits::{
        Collateral, CollateralError, Deadlines, Offence, OffenceKind, Offences, Offer, Randomness, ReadyWorker,
        Registry, Rewards, Settlement, ShardEnd,
    },
    Account, Balance, BlobId, Height, JobId, ShardId, QRN,
};
use quern_program::{builder::ProgramBuilder, Checked, DType};
use quern_protocol::{
    shard::{Deal, Event as ShardEvent, Phase, ProbeSeat, Seat, MAX_AUDIT_ROUNDS},
    traits::{Audits, Shards as _},
    Params, Shard,
};
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Jobs: jobs,
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
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<ED>;
    type AccountStore = System;
}

pub const ED: Balance = 10;
pub const PERIOD: Height = 4;
pub const PATIENCE: Height = 100;
pub const RETENTION: Height = 50;
pub const ATTEMPTS: u16 = 3;
pub const OPEN_JOBS: u32 = 4;
pub const DEPOSIT: Balance = 3;
pub const PROTOCOL_PPM: u32 = 50_000;
pub const BID: Balance = 1_000_000_000_000;
/// What accounts 1 to 4 own.
pub const RICH: Balance = 1_000_000_000;
pub const POT: Account = [0xAA; 32];
pub const AUDITORS: [u8; 4] = [0xB1, 0xB2, 0xB3, 0xB4];

parameter_types! {
    pub static MaxLive: u32 = 40;
    pub static MaxUnsettled: u32 = 100;
    pub static ShardsPerBlock: u32 = 16;
    pub static LagBlocks: Height = 0;
    pub static MaxOpenJobsOfAccount: u32 = OPEN_JOBS;
}

impl jobs::Config for Test {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Randomness = World;
    type Deadlines = World;
    type Collateral = World;
    type Registry = World;
    type Offences = World;
    type Rewards = World;
    type Audits = World;
    type MaxLive = MaxLive;
    type MaxUnsettled = MaxUnsettled;
    type MaxOpenJobs = ConstU32<OPEN_JOBS>;
    type MaxOpenJobsOfAccount = MaxOpenJobsOfAccount;
    type ShardsPerBlock = ShardsPerBlock;
    type MaxAttempts = ConstU16<ATTEMPTS>;
    type PatienceBlocks = ConstU32<PATIENCE>;
    type RetentionBlocks = ConstU32<RETENTION>;
    type DepositPerByte = ConstU128<DEPOSIT>;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = World;
}

#[cfg(feature = "runtime-benchmarks")]
impl jobs::benchmarking::BenchmarkHelper for World {
    fn put_party(who: &Account, locked: Balance) {
        books(|books| books.bonds.insert(*who, (QRN * 100, locked)));
    }
    fn put_apprentice(who: &Account) {
        books(|books| {
            let account = *who;
            let profile = jobs::benchmarking::profile();
            books.workers.insert(account, ReadyWorker { profile, ..ready(account, true) });
        });
    }
    fn put_workers(count: u32) {
        books(|books| books.workers.clear());
        for number in 0..count {
            let account = tagged(b"worker", &(number,));
            let profile = jobs::benchmarking::profile();
            let ready = ReadyWorker { profile, ..ready(account, false) };
            books(|books| books.bonds.insert(account, (QRN * 100, 0)));
            books(|books| books.workers.insert(account, ready));
        }
    }
    fn put_seed(_: Height) {}
}

/// The neighbours' books.
#[derive(Default)]
pub struct Books {
    pub bonds: BTreeMap<Account, (Balance, Balance)>,
    pub workers: BTreeMap<Account, ReadyWorker>,
    pub ended: Vec<(Account, ShardEnd)>,
    pub offences: Vec<Offence>,
    /// Commitments that may have been planted, of the offences among them.
    pub convicted: Vec<ConvictedResult>,
    pub settled: Vec<(Settlement, Vec<Account>)>,
    pub compensated: Vec<(Settlement, Vec<Account>)>,
    pub refuted: Vec<Account>,
    pub committed: Vec<(ShardId, u32)>,
    pub closed: Vec<ShardId>,
    pub no_room: bool,
    pub grown: Vec<Account>,
    /// Bonds that have grown: at which height, and what they were before.
    pub grown_bonds: BTreeMap<Account, (Height, Balance)>,
    pub apprentice_places: u32,
    pub seedless: BTreeSet<Height>,
}

thread_local! {
    pub static BOOKS: RefCell<Books> = RefCell::default();
}

/// Reads or changes the books.
pub fn books<R>(with: impl FnOnce(&mut Books) -> R) -> R {
    BOOKS.with(|books| with(&mut books.borrow_mut()))
}

/// All neighbours.
pub struct World;

impl Randomness for World {
    fn period_blocks() -> Height {
        PERIOD
    }
    fn seed(period: Height) -> Option<[u8; 32]> {
        let finished = period < System::block_number() / PERIOD;
        let seedless = books(|books| books.seedless.contains(&period));
        (finished && !seedless).then(|| tagged(b"test", &(period,)))
    }
}

impl Collateral for World {
    fn free(who: &Account) -> Balance {
        books(|books| books.bonds.get(who).map_or(0, |(bonded, locked)| bonded - locked))
    }
    fn bonded(who: &Account) -> Balance {
        books(|books| books.bonds.get(who).map_or(0, |(bonded, _)| *bonded))
    }
    fn bonded_before(who: &Account, height: Height) -> Balance {
        books(|books| books.grown_bonds.get(who).filter(|(at, _)| *at >= height).map(|(_, before)| *before))
            .unwrap_or_else(|| Self::bonded(who))
    }
    fn lock(who: &Account, amount: Balance) -> Result<(), CollateralError> {
        books(|books| {
            let (bonded, locked) = books.bonds.get_mut(who).ok_or(CollateralError::NotBonded)?;
            if *locked + amount > *bonded {
                return Err(CollateralError::Insufficient);
            }
            *locked += amount;
            Ok(())
        })
    }
    fn release(who: &Account, amount: Balance) {
        if amount == 0 {
            return;
        }
        books(|books| {
            let (_, locked) = books.bonds.get_mut(who).expect("releases what was locked");
            *locked = locked.checked_sub(amount).expect("releases no more than was locked");
        });
    }
    fn slash(_: &Account, _: Balance, _: &[(Account, Balance)]) -> Balance {
        unreachable!("the jobs pallet never slashes")
    }
    fn minimum() -> Balance {
        0
    }
    fn earn(from: &Account, who: &Account, amount: Balance) -> Result<(), CollateralError> {
        let (from, to) = ((*from).into(), (*who).into());
        Balances::transfer(&from, &to, amount, Preservation::Preserve).map_err(|_| CollateralError::Insufficient)?;
        books(|books| books.bonds.entry(*who).or_default().0 += amount);
        Ok(())
    }
}

impl Deadlines for World {
    fn lag_blocks() -> Height {
        LagBlocks::get()
    }
}

impl Registry for World {
    fn ready_workers() -> Vec<ReadyWorker> {
        books(|books| books.workers.values().cloned().collect())
    }
    fn offers() -> Vec<Offer> {
        let workers = Self::ready_workers().into_iter().filter(|worker| !worker.apprentice);
        workers.map(|ReadyWorker { account, ask, profile, .. }| Offer { account, ask, profile }).collect()
    }
    fn take_slot(who: &Account) {
        books(|books| books.workers.get_mut(who).into_iter().for_each(|worker| worker.slots -= 1));
    }
    fn shard_ended(who: &Account, end: ShardEnd) {
        books(|books| {
            books.ended.push((*who, end));
            if matches!(end, ShardEnd::Convicted | ShardEnd::Overturned) {
                books.workers.remove(who);
            } else if let Some(worker) = books.workers.get_mut(who).filter(|_| end.frees_slot()) {
                worker.slots += 1;
            }
        });
    }
    fn validators() -> Vec<Account> {
        AUDITORS.iter().map(|auditor| raw(*auditor)).collect()
    }
    fn validators_before(_: Height) -> Vec<Account> {
        Self::validators()
    }
    fn endpoint(who: &Account) -> Option<Endpoint> {
        Some(Endpoint { id: *who, ..Default::default() })
    }
    fn is_apprentice(who: &Account) -> bool {
        books(|books| books.workers.get(who).is_some_and(|worker| worker.apprentice))
    }
    fn bond_grew(who: &Account) {
        books(|books| books.grown.push(*who));
    }
    fn apprentice_places() -> u32 {
        books(|books| books.apprentice_places)
    }
}

impl Offences for World {
    fn report(offence: Offence) -> Balance {
        let locked = offence.locked;
        books(|books| {
            let bond = books.bonds.get_mut(&offence.offender).expect("a bonded offender");
            bond.0 -= locked;
            bond.1 -= locked;
            books.offences.push(offence);
        });
        locked
    }
    fn report_result(offence: Offence, result: ConvictedResult) -> Balance {
        books(|books| books.convicted.push(result));
        Self::report(offence)
    }
}

impl Rewards for World {
    fn pot() -> Account {
        POT
    }
    fn settle(settlement: &Settlement, auditors: &[Account]) {
        books(|books| books.settled.push((settlement.clone(), auditors.to_vec())));
    }
    fn compensate(settlement: &Settlement, auditors: &[Account]) {
        books(|books| books.compensated.push((settlement.clone(), auditors.to_vec())));
    }
    fn protocol_fee_ppm() -> u32 {
        PROTOCOL_PPM
    }
    fn audit_fee_ppm(audited_ppm: u32) -> u32 {
        audited_ppm
    }
}

/// What decides every dispute.
pub const EVIDENCE: [u8; 32] = [0xee; 32];

impl Audits for World {
    fn committed(shard: &ShardId, period: u32) {
        books(|books| books.committed.push((*shard, period)));
    }
    fn close(shard: &ShardId) {
        books(|books| books.closed.push(*shard));
    }
    fn has_room() -> bool {
        books(|books| !books.no_room)
    }
    fn refuted(validator: &Account) {
        books(|books| books.refuted.push(*validator));
    }
    fn evidence() -> [u8; 32] {
        EVIDENCE
    }
}

/// The bytes of an account.
pub fn raw(who: u8) -> Account {
    [who; 32]
}

/// An account.
pub fn account(who: u8) -> AccountId32 {
    raw(who).into()
}

/// The origin of an account.
pub fn signed(who: u8) -> RuntimeOrigin {
    RuntimeOrigin::signed(account(who))
}

/// What an account has on hold.
pub fn held(reason: HoldReason, who: u8) -> Balance {
    Balances::balance_on_hold(&reason.into(), &account(who))
}

/// A chain at height 1.
pub fn new_test_ext() -> sp_io::TestExternalities {
    let mut balances: Vec<_> = (1..=4).map(|who| (account(who), RICH)).collect();
    balances.push((POT.into(), ED));
    let storage = RuntimeGenesisConfig {
        balances: pallet_balances::GenesisConfig { balances, ..Default::default() },
        jobs: jobs::GenesisConfig { params: params(), ..Default::default() },
        ..Default::default()
    }
    .build_storage()
    .unwrap();
    BOOKS.with(|books| *books.borrow_mut() = Books::default());
    MaxLive::set(40);
    MaxUnsettled::set(100);
    ShardsPerBlock::set(16);
    MaxOpenJobsOfAccount::set(OPEN_JOBS);
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Short deadlines and small bonds.
pub fn params() -> Params {
    Params {
        start_blocks: 6,
        execute_floor_blocks: 12,
        open_blocks: 6,
        audit_blocks: 12,
        reveal_blocks: 6,
        move_blocks: 6,
        window_blocks: 60,
        delivery_blocks: 10,
        samples: 4,
        audit_bond: 100,
        challenge_bond: 50,
        demand_price: 5,
        probe_seats: 2,
        probe_blocks: 6,
        pause_blocks: 20,
        max_pauses: 2,
        min_bid: 1,
        shard_fee: 3,
        ..Params::default()
    }
}

/// Runs a test and then checks the invariants.
pub fn run(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        LagBlocks::set(0);
        test();
        Jobs::do_try_state().unwrap();
    });
}

/// Goes on to a height.
pub fn run_to(height: Height) {
    while System::block_number() < height {
        let next = System::block_number() + 1;
        System::set_block_number(next);
        Jobs::on_initialize(next);
        Jobs::do_try_state().unwrap();
    }
}

/// Goes on for some blocks.
pub fn run_for(blocks: Height) {
    run_to(System::block_number() + blocks);
}

/// Goes on to the first block of the next draw period.
pub fn next_period() {
    run_to((System::block_number() / PERIOD + 1) * PERIOD);
}

/// The pallet's events so far.
pub fn events() -> Vec<Event<Test>> {
    let events = System::events().into_iter();
    events.filter_map(|record| if let RuntimeEvent::Jobs(event) = record.event { Some(event) } else { None }).collect()
}

/// Whether the pallet said this.
pub fn has_event(event: Event<Test>) -> bool {
    events().contains(&event)
}

/// A program that adds its inputs, all of one type and shape; with a loop if `steps` is positive.
pub fn adder(dtype: DType, dims: &[u32], inputs: usize, steps: u32) -> Checked {
    let mut builder = ProgramBuilder::new();
    let inputs: Vec<_> = (0..inputs).map(|_| builder.input(dtype, dims)).collect();
    let mut sum = builder.add(inputs[0], inputs[0]);
    for input in &inputs {
        sum = builder.add(sum, *input);
    }
    if steps > 0 {
        let state = builder.begin_body(&[sum]);
        let next = builder.add(state[0], state[0]);
        let state = builder.begin_finish(&[next], steps);
        sum = builder.add(state[0], state[0]);
    }
    builder.build(sum).unwrap()
}

/// A program that reads `dims` and gives the sum of each row: `i32 [dims[0]]`.
pub fn row_sum(dims: [u32; 2]) -> Checked {
    let mut builder = ProgramBuilder::new();
    let x = builder.input(DType::I32, &dims);
    let sum = builder.row_sum(x);
    builder.build(sum).unwrap()
}

/// The bytes of a program.
pub fn code(program: &Checked) -> Code {
    program.program().encode().try_into().unwrap()
}

/// Publishes a program by account 4.
pub fn publish(program: &Checked) -> BlobId {
    if !jobs::Programs::<Test>::contains_key(program.id()) {
        Jobs::publish_program(signed(4), code(program)).unwrap();
    }
    program.id()
}

/// A blob of this length.
pub fn blob(len: u64) -> Blob {
    Blob { id: BlobId::of(b"a blob"), len }
}

/// A stage of the program with these inputs.
pub fn stage(program: BlobId, tasks: u32, shard_size: u32, inputs: &[Input]) -> Stage {
    Stage { program, tasks, shard_size, inputs: inputs.to_vec().try_into().unwrap() }
}

/// A job of these stages.
pub fn spec(stages: Vec<Stage>) -> JobSpec {
    JobSpec {
        stages: stages.try_into().unwrap(),
        bid: BID,
        audit: AuditLevel::Sampled,
        requirements: Requirements { memory_mib: 64, ..Default::default() },
        endpoints: vec![Endpoint::default()].try_into().unwrap(),
        extra_blocks: 0,
    }
}

/// A job of one stage of `tasks` tasks in shards of `shard_size`, each reading 16 bytes and giving 16.
pub fn simple(tasks: u32, shard_size: u32) -> JobSpec {
    let program = publish(&adder(DType::I32, &[4], 1, 0));
    spec(vec![stage(program, tasks, shard_size, &[Input::Slice { blob: blob(u64::from(tasks) * 16), stride: 16 }])])
}

/// A job of two stages: [`simple`], and one task that adds up all its outputs by rows.
pub fn two_stages(tasks: u32, shard_size: u32) -> JobSpec {
    let mut spec = simple(tasks, shard_size);
    let merge = publish(&row_sum([tasks, 4]));
    let all = Input::Output { stage: 0, map: OutputMap::All };
    spec.stages.try_push(stage(merge, 1, 1, &[all])).unwrap();
    spec
}

/// Submits a job by account 1.
pub fn submit(spec: JobSpec) -> JobId {
    let id = jobs::NextJob::<Test>::get();
    Jobs::submit_job(signed(1), spec).unwrap();
    id
}

/// What a job is refused for.
pub fn fault(spec: JobSpec) -> JobFault {
    match Jobs::plan(&spec) {
        Err(fault) => {
            let error = crate::Error::<Test>::InvalidJob(fault);
            frame_support::assert_noop!(Jobs::submit_job(signed(1), spec.clone()), error);
            fault
        }
        Ok(_) => panic!("the job is valid"),
    }
}

/// A worker or an apprentice that is ready since height 0.
fn ready(account: Account, apprentice: bool) -> ReadyWorker {
    let profile = Profile::new(1_024, "mill", false);
    ReadyWorker { account, ask: 1, slots: 1, profile, ready_at: 0, weight: 1, apprentice }
}

/// Registers a worker that is ready since height 0.
pub fn worker(who: u8, ask: Balance, slots: u32) {
    let account = raw(who);
    books(|books| {
        books.bonds.insert(account, (QRN, 0));
        let ready = ReadyWorker { ask, slots, ..ready(account, false) };
        books.workers.insert(account, ready);
    });
}

/// Enrols an apprentice without a bond that is ready since height 0, and gives apprentices one place.
pub fn apprentice(who: u8, ask: Balance) {
    worker(who, ask, 1);
    books(|books| {
        books.bonds.remove(&raw(who));
        books.workers.get_mut(&raw(who)).unwrap().apprentice = true;
        books.apprentice_places = 1;
    });
}

/// The first shard of the first stage of a job.
pub fn first(job: JobId) -> ShardId {
    at(job, 0, 0)
}

/// A shard's id.
pub fn at(job: JobId, stage: u16, index: u32) -> ShardId {
    ShardId { job, stage, index }
}

/// A shard.
pub fn shard(id: ShardId) -> Shard {
    Jobs::shard(&id).unwrap()
}

/// The worker of a shard.
pub fn worker_of(id: ShardId) -> u8 {
    shard(id).deal().unwrap().worker[0]
}

/// A job with one shard assigned to worker 10, the only one.
pub fn assigned() -> ShardId {
    worker(10, BID / 2, 4);
    let id = first(submit(simple(8, 8)));
    next_period();
    next_period();
    assert_eq!(worker_of(id), 10);
    id
}

/// A job whose shard worker 10 has started.
pub fn running() -> ShardId {
    let id = assigned();
    Jobs::start_shard(signed(10), id).unwrap();
    id
}

/// The root that a test commits to.
pub fn root_of(id: ShardId) -> BlobId {
    BlobId::of(&id.encode())
}

/// Starts and commits an assigned shard.
pub fn commit(id: ShardId) {
    let who = signed(worker_of(id));
    Jobs::start_shard(who.clone(), id).unwrap();
    Jobs::commit_shards(who, vec![(id, root_of(id), [0; 32])].try_into().unwrap()).unwrap();
}

/// Draws auditors for a committed shard, two periods later.
pub fn draw(id: ShardId, seats: usize) {
    next_period();
    next_period();
    let bond = Jobs::params().audit_bond;
    let seats: Vec<Seat> = AUDITORS[..seats]
        .iter()
        .map(|auditor| {
            books(|books| books.bonds.entry(raw(*auditor)).or_insert((QRN, 0)).1 += bond);
            Seat::new(raw(*auditor), bond)
        })
        .collect();
    Jobs::apply(&id, ShardEvent::Draw { sample: vec![0], seats }).unwrap();
}

/// Opens, seals and reveals a drawn shard; auditors in `differ` find another result.
pub fn audit(id: ShardId, differ: &[u8]) {
    Jobs::apply(&id, ShardEvent::Open { by: raw(worker_of(id)), digest: [1; 32] }).unwrap();
    answer(id, differ);
}

/// Seals and reveals an opened shard, of which nobody has sealed an answer; auditors in `differ` find another result.
pub fn answer(id: ShardId, differ: &[u8]) {
    let by = raw(worker_of(id));
    let (opened, results) = ([1; 32], [2; 32]);
    let found = |auditor: &Account| if differ.contains(&auditor[0]) { [3; 32] } else { results };
    let seats: Vec<Account> = shard(id).audit().unwrap().seats.iter().map(|seat| seat.auditor).collect();
    for by in &seats {
        let seal = audit_seal(&[0; 32], by, &id, &opened, &found(by));
        Jobs::apply(&id, ShardEvent::Seal { by: *by, seal }).unwrap();
    }
    Jobs::apply(&id, ShardEvent::Results { by, digest: results }).unwrap();
    for by in &seats {
        Jobs::apply(&id, ShardEvent::Reveal { by: *by, salt: [0; 32], results: found(by), holds_outputs: false })
            .unwrap();
    }
}

/// Has a shard declined by two workers for want of its inputs.
pub fn decline_twice(id: ShardId) {
    for who in [10, 11] {
        books(|books| books.bonds.entry(raw(who)).or_insert((QRN, 0)).1 += 1);
        let deal = Deal { worker: raw(who), price: 1, collateral: 1 };
        jobs::Queue::<Test>::mutate(|queue| queue.retain(|queued| queued.shard != id));
        Jobs::apply(&id, ShardEvent::Assign(deal)).unwrap();
        Jobs::decline_shard(signed(who), id).unwrap();
    }
}

/// Commits an assigned shard of which one auditor seals, and the other one is the last to say that the inputs are missing.
pub fn without_inputs(id: ShardId) {
    commit(id);
    draw(id, 2);
    lack_inputs(id);
}

/// The same for a shard that was drawn for.
pub fn lack_inputs(id: ShardId) {
    let worker = raw(worker_of(id));
    Jobs::apply(&id, ShardEvent::Open { by: worker, digest: [1; 32] }).unwrap();
    Jobs::apply(&id, ShardEvent::Seal { by: raw(AUDITORS[1]), seal: [4; 32] }).unwrap();
    jobs::Shards::<Test>::mutate_extant(id, |shard| shard.rounds = MAX_AUDIT_ROUNDS - 1);
    for inputs_missing in [false, true] {
        Jobs::apply(&id, ShardEvent::Unavailable { by: raw(AUDITORS[0]), inputs_missing }).unwrap();
    }
}

/// Draws the last two auditors for a shard whose inputs are in doubt, two periods later.
pub fn probe(id: ShardId) {
    next_period();
    next_period();
    let bond = Jobs::params().audit_bond;
    for auditor in &AUDITORS[2..] {
        books(|books| books.bonds.entry(raw(*auditor)).or_insert((QRN, 0)).1 += bond);
    }
    let seats = AUDITORS[2..].iter().map(|auditor| ProbeSeat::new(raw(*auditor), bond)).collect();
    Jobs::apply(&id, ShardEvent::Probe(seats)).unwrap();
}

/// Has both say whether they have the inputs; one that has them ends it.
pub fn say(id: ShardId, available: [bool; 2]) {
    for (auditor, available) in AUDITORS[2..].iter().zip(available) {
        if shard(id).probe().is_some() {
            Jobs::apply(&id, ShardEvent::Inputs { by: raw(*auditor), available }).unwrap();
        }
    }
}

/// Takes a job to a pause by the shard with this id.
pub fn pause(id: ShardId) {
    decline_twice(id);
    probe(id);
    say(id, [false, false]);
}

/// Takes an assigned shard to acceptance.
pub fn accept(id: ShardId) {
    commit(id);
    draw(id, 2);
    audit(id, &[]);
    assert!(shard(id).is_accepted());
}

/// Takes an accepted shard of account 1 to its payment.
pub fn settle(id: ShardId) {
    Jobs::acknowledge_shards(signed(1), vec![id].try_into().unwrap()).unwrap();
    // It may have been paid with the last block.
    if let Some(at) = shard(id).expires() {
        run_to(at);
    }
    assert!(matches!(shard(id).phase, Phase::Settled { paid: true, .. }));
}

/// Somebody has this accepted shard convicted, and nobody accuses its auditors.
pub fn overturn(id: ShardId) {
    convict(id);
    if let Some(accused) = shard(id).accused() {
        run_to(accused.by + 1);
    }
}

/// Somebody has this accepted shard convicted.
pub fn convict(id: ShardId) {
    let challenger = raw(20);
    let bond = shard(id).challenge_bond(&Jobs::params()).unwrap();
    books(|books| books.bonds.entry(challenger).or_insert((QRN, 0)).1 += bond);
    Jobs::apply(&id, ShardEvent::Challenge { by: challenger, position: 0, bond }).unwrap();
    let worker_lost = Some(OffenceKind::WrongResult);
    Jobs::apply(&id, ShardEvent::Resolved { challenger, worker_lost }).unwrap();
}

/// Somebody accuses an auditor of an overturned shard, which loses or wins.
pub fn accuse(id: ShardId, auditor: Account, lost: bool) {
    let (by, bond) = (raw(20), shard(id).accusation_bond(&Jobs::params()).unwrap());
    let position = shard(id).accused().unwrap().confirmed.sample[0];
    books(|books| books.bonds.entry(by).or_insert((QRN, 0)).1 += bond);
    Jobs::apply(&id, ShardEvent::Accuse { by, auditor, position, bond }).unwrap();
    Jobs::apply(&id, ShardEvent::Judged { auditor, lost }).unwrap();
}

/// Whether a shard waits for a worker.
pub fn is_queued(id: ShardId) -> bool {
    shard(id).phase == Phase::Queued
}
