// SPDX-License-Identifier: Apache-2.0
//! Benchmarks of the calls and of what the hook does, each in its worst case.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use super::*;
use crate::types::{bit, segment_costs, Fees, Queued, StageRecord, MAX_FORK_DEPTH};
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_support::traits::fungible::Mutate;
use frame_system::RawOrigin;
use quern_primitives::{
    draw::SegmentCosts,
    job::{
        Accelerator, AuditLevel, Blob, Endpoint, Input, OutputMap, Profile, Region, Requirements, SocketAddress, Stage,
        MAX_ADDRESSES, MAX_DEVICE_NAME, MAX_ENDPOINTS, MAX_REGIONS, MAX_SHARDS, MAX_STAGES,
    },
    QRN,
};
use quern_program::{
    check::{MAX_OPERATORS, MAX_PROGRAM_BYTES},
    Checked, Constant, DType, ProgramBuilder, Shape, Summary, TensorType,
};
use quern_protocol::{
    inputs::{AcceptedShard, StageContext},
    shard::{
        Commitment, Confirmed, Deal, LeafDemand, Liable, Phase, Stake, Traffic, Window, MAX_AUDITORS, MAX_AUDIT_ROUNDS,
        MAX_CHALLENGES, MAX_SAMPLES,
    },
};

/// Puts things into place in the pallets around this one.
pub trait BenchmarkHelper {
    /// Gives `who` a bond of which `locked` is locked, and a place among the workers with a shard under way.
    fn put_party(who: &Account, locked: Balance);
    /// Makes `who` an apprentice that becomes a worker by the next payment into its bond, in the longest lists.
    fn put_apprentice(who: &Account);
    /// Registers so many workers, each with one slot and a free bond, at the least ask, ready since height 0.
    fn put_workers(count: u32);
    /// Makes the seed of a period known.
    fn put_seed(period: Height);
    /// Has a party leave as soon as it has nothing to do any more, as one that rests, when as many as possible have left. `standing` of
    /// its shards are accepted; where none is it has one under way.
    fn retire(_who: &Account, _standing: u32) {}
    /// Opens the disputes of the challenges of an accepted shard.
    fn put_disputes(_shard: &Shard) {}
}

/// What a shard is worth at the bid.
const VALUE: Balance = 2 * QRN;
/// Height of the benchmarks.
const NOW: Height = 100;
/// From the number of a job to that of its fork, among jobs that others descend from.
const GENERATION: JobId = 1_000;
/// The first of the jobs that are only in lists.
const OTHER_JOBS: JobId = 1_000_000;
/// Least bytes of a program here.
const LEAST_BYTES: u32 = 4 << 10;
/// Bytes of an operator of [`heaviest`] and of one of [`densest`], and of all but operators and constants.
const OPERATOR_BYTES: u32 = 28;
const DENSE_BYTES: u32 = 8;
const OTHER_BYTES: u32 = 512;
/// Bytes of the longest program of [`densest`] that has no more operators than there can be.
const MOST_DENSE_BYTES: u32 = MAX_OPERATORS as u32 * DENSE_BYTES + OTHER_BYTES;

/// An account of a job.
fn who(job: JobId, number: u32) -> Account {
    account::<AccountId32>("party", job as u32, number).into()
}

fn at<T: Config>(height: Height) {
    frame_system::Pallet::<T>::set_block_number(height.into());
}

/// An account with funds for anything here.
fn rich<T: Config>() -> AccountId32 {
    let who: AccountId32 = whitelisted_caller();
    T::Currency::set_balance(&who, QRN * 1_000_000);
    T::Currency::set_balance(&AccountId32::from(T::Rewards::pot()), QRN);
    who
}

/// The program of at most `b` bytes that takes longest to check: as many operators as fit, each with as many arguments as it
/// can have, and short constants in what is left. It reads and gives one `i32`.
fn heaviest(b: u32) -> Checked {
    let operators = ((b - OTHER_BYTES) / OPERATOR_BYTES / 3).min(MAX_OPERATORS as u32 / 3);
    let mut builder = ProgramBuilder::new();
    let block = |builder: &mut ProgramBuilder, from| {
        let first = builder.add(from, from);
        for _ in 1..operators {
            builder.concat(0, &[first; 8]);
        }
        first
    };
    let x = builder.input(DType::I32, &[1]);
    let first = block(&mut builder, x);
    let state = builder.begin_body(&[first]);
    let first = block(&mut builder, state[0]);
    let state = builder.begin_finish(&[first], 1);
    let output = block(&mut builder, state[0]);
    filled(builder.build(output).expect("the program is valid"), b)
}

/// The program of at most `b` bytes whose bytes take longest to check: as many operators as fit, each of which reads two values.
fn densest(b: u32) -> Checked {
    let mut builder = ProgramBuilder::new();
    let x = builder.input(DType::I32, &[1]);
    let operators = ((b - OTHER_BYTES) / DENSE_BYTES).clamp(1, MAX_OPERATORS as u32);
    let output = (0..operators).fold(x, |last, _| builder.add(last, x));
    filled(builder.build(output).expect("the program is valid"), b)
}

/// A program with short constants in what is left of `b` bytes.
fn filled(checked: Checked, b: u32) -> Checked {
    let mut program = checked.program().clone();
    let ty = TensorType::new(DType::I8, Shape::vector(40));
    let constant = Constant { ty, bytes: vec![1; 40] };
    let count = (b as usize - 8 - program.encoded_size()) / constant.encoded_size();
    program.constants = vec![constant; count];
    program.check().expect("the program is valid")
}

/// A small program: it reads and gives 64 `i32`.
fn small() -> Checked {
    let mut builder = ProgramBuilder::new();
    let x = builder.input(DType::I32, &[64]);
    let output = builder.add(x, x);
    builder.build(output).expect("the program is valid")
}

fn code(program: &Checked) -> Code {
    program.program().encode().try_into().expect("no program is longer")
}

fn endpoints() -> BoundedVec<Endpoint, ConstU32<MAX_ENDPOINTS>> {
    let address = SocketAddress { ip: [1; 16], port: 1 };
    let endpoint =
        Endpoint { id: [1; 32], addresses: BoundedVec::truncate_from(vec![address; MAX_ADDRESSES as usize]) };
    BoundedVec::truncate_from(vec![endpoint; MAX_ENDPOINTS as usize])
}

fn regions() -> impl Iterator<Item = Region> {
    (b'A'..).take(MAX_REGIONS as usize).filter_map(|letter| Region::new([b'X', letter]))
}

/// What meets the requirements of benchmarks, last of all regions.
pub fn profile() -> Profile {
    Profile { region: regions().last(), ..Profile::new(1 << 10, &"x".repeat(MAX_DEVICE_NAME as usize), true) }
}

/// As many as can be.
fn requirements() -> Requirements {
    let regions = BoundedVec::truncate_from(regions().collect());
    Requirements { memory_mib: 0, gmacs_per_second: 0, regions, accelerator: Accelerator::Any }
}

fn blob(len: u64) -> Input {
    Input::Blob(Blob { id: BlobId::of(b"x"), len })
}

fn spec(stages: Vec<Stage>) -> JobSpec {
    let stages = BoundedVec::truncate_from(stages);
    let (requirements, endpoints) = (requirements(), endpoints());
    JobSpec { stages, bid: QRN, audit: AuditLevel::Sampled, requirements, endpoints, extra_blocks: 0 }
}

/// A job of one stage of `shards` shards that was just submitted by a rich account.
fn submitted<T: Config>(shards: u32) -> Result<(AccountId32, JobId), BenchmarkError> {
    let who = rich::<T>();
    let program = small();
    Pallet::<T>::publish_program(RawOrigin::Signed(who.clone()).into(), code(&program))?;
    let job = NextJob::<T>::get();
    let inputs = BoundedVec::truncate_from(vec![blob(256)]);
    let stage = Stage { program: program.id(), tasks: shards * 8, shard_size: 8, inputs };
    Pallet::<T>::submit_job(RawOrigin::Signed(who.clone()).into(), spec(vec![stage]))?;
    Ok((who, job))
}

/// A running job of one stage, all of whose shards are assigned to the caller.
fn assigned<T: Config>(shards: u32) -> Result<(AccountId32, Vec<ShardId>), BenchmarkError> {
    at::<T>(NOW);
    let (who, job) = submitted::<T>(shards)?;
    let draws_from = Pallet::<T>::period_after(Pallet::<T>::now());
    Pallet::<T>::start_jobs(Some((draws_from, [1; 32])), 1);
    Pallet::<T>::open_stages(Pallet::<T>::now(), shards);
    Queue::<T>::kill();
    let worker: Account = who.clone().into();
    let ids: Vec<ShardId> = (0..shards).map(|index| ShardId { job, stage: 0, index }).collect();
    for id in &ids {
        Pallet::<T>::apply(id, ShardEvent::Assign(Deal { worker, price: 1, collateral: 0 }))
            .map_err(|_| BenchmarkError::Stop("cannot assign"))?;
    }
    Ok((who, ids))
}

/// What a job of its own reads: one stage with one shard.
fn alone(job: JobId, program: &Checked) -> StageContext {
    let inputs = BoundedVec::truncate_from(vec![blob(256)]);
    // Jobs share nothing, the program neither.
    let stage = Stage { program: BlobId([job as u8; 32]), tasks: 8, shard_size: 8, inputs };
    debug_assert_eq!(program.program().inputs.len(), 1);
    StageContext { genesis: [0; 32], job, index: 0, stage, randomness: [2; 32], outputs: vec![] }
}

/// A shard of [`alone`] that its worker has had for the last time.
fn shard_in<T: Config>(job: JobId, program: &Checked, phase: Phase) -> Shard {
    let shard = Shard::new(ShardId { job, stage: 0, index: 0 }, 0, 8, segment_costs(&program.summary()));
    Shard { attempt: T::MaxAttempts::get(), rounds: MAX_AUDIT_ROUNDS - 1, phase, ..shard }
}

/// Puts a shard into place with a job of its own, and locks what it says.
fn put<T: Config>(shard: &Shard, program: &Checked) {
    Pallet::<T>::put_for_benchmark(shard, &alone(shard.id.job, program), program);
    shard.locks().iter().for_each(|(who, locked)| T::BenchmarkHelper::put_party(who, *locked));
}

fn deal(job: JobId) -> Deal {
    Deal { worker: who(job, 0), price: VALUE / 2, collateral: QRN }
}

fn commitment() -> Commitment {
    Commitment { root: BlobId([5; 32]), secret_hash: [6; 32], at: 0 }
}

fn auditors(job: JobId) -> Vec<Account> {
    (1..=MAX_AUDITORS).map(|number| who(job, number)).collect()
}

/// The window of a result that auditors answer for.
fn window(auditors: Vec<Account>) -> Window {
    let liable = |auditor| Liable { auditor, bond: QRN, from_inputs: false, accuser: None };
    Window {
        closes: NOW,
        deliver_by: NOW,
        delivered: false,
        challenges: BoundedVec::new(),
        refuted: 0,
        demands: BoundedVec::new(),
        asked: 0,
        asked_at: 0,
        confirmed: Confirmed {
            liable: BoundedVec::truncate_from(auditors.into_iter().map(liable).collect()),
            sample: BoundedVec::truncate_from((0..8).collect()),
        },
    }
}

/// A paid shard, as its window left it.
fn accepted(shard: &AcceptedShard) -> Shard {
    let has_loop = shard.segments_per_task > 1;
    let steps = shard.segments_per_task.saturating_sub(2);
    let costs = SegmentCosts { init: 1, body: 1, steps, finish: 1, has_loop };
    let phase = Phase::Settled {
        deal: Deal { worker: shard.worker, ..deal(shard.id.job) },
        commitment: Commitment { root: shard.root, ..commitment() },
        auditors: BoundedVec::truncate_from(auditors(shard.id.job)),
        at: 0,
        paid: true,
    };
    Shard { phase, ..Shard::new(shard.id, shard.first_task, shard.tasks, costs) }
}

/// A stage all of whose shards are paid.
fn complete(program: BlobId, tasks: u32, shards: u32) -> StageRecord {
    let stage = Stage { program, tasks, shard_size: 1, inputs: BoundedVec::new() };
    StageRecord {
        stage,
        fees: Fees::default(),
        created: shards,
        accepted: shards,
        standing: shards,
        inherits: None,
        origins: BoundedVec::new(),
        root: Some(BlobId([9; 32])),
        traffic: Traffic::default(),
    }
}

/// The number of the job that a job descends from over as many others as may be.
fn oldest(job: JobId) -> JobId {
    GENERATION + job
}

/// Puts a stage into as many jobs as a job may descend from, each taking it over from the one before. Returns the youngest.
fn ancestors<T: Config>(job: JobId, index: u16, stage: &StageRecord) -> JobId {
    descendants::<T>(oldest(job), index, stage)
}

/// The same for the jobs from the oldest one on.
fn descendants<T: Config>(oldest: JobId, index: u16, stage: &StageRecord) -> JobId {
    let jobs = (0..JobId::from(MAX_FORK_DEPTH)).map(|depth| oldest + GENERATION * depth);
    let youngest = jobs.fold(None, |inherits, job| {
        let origins = inherits.map_or_else(BoundedVec::new, |_| all_of(oldest, stage.created));
        Stages::<T>::insert(job, index, StageRecord { inherits, origins, ..stage.clone() });
        Some(job)
    });
    youngest.expect("a job may descend from another")
}

/// What says that so many shards are all of one job.
fn all_of(job: JobId, shards: u32) -> BoundedVec<JobId, ConstU32<MAX_SHARDS>> {
    BoundedVec::truncate_from(vec![job; shards as usize])
}

/// Pauses jobs until a height, beside as many others as can be paused.
fn paused<T: Config>(jobs: &[JobId], until: Height) {
    for job in jobs {
        let shard = ShardId { job: *job, stage: 0, index: 0 };
        Jobs::<T>::mutate_extant(job, |job| job.status = JobStatus::Paused { shard, until });
        Waiting::<T>::mutate(|waiting| waiting.retain(|(waits, _)| waits != job));
    }
    let before = Paused::<T>::get().into_iter().filter(|(job, _)| *job < OTHER_JOBS);
    let others = (OTHER_JOBS..OTHER_JOBS + JobId::from(T::MaxOpenJobs::get())).map(|job| (job, Height::MAX));
    let all = before.chain(jobs.iter().map(|job| (*job, until))).chain(others);
    Paused::<T>::put(BoundedVec::truncate_from(all.collect()));
}

fn with_stage<T: Config>(job: JobId, index: u16, change: impl FnOnce(&mut StageRecord)) {
    Stages::<T>::mutate(job, index, |stage| change(stage.as_mut().expect("the stage was put into place")));
}

impl<T: Config> Pallet<T> {
    /// Puts a shard into place as the only one that its job, and so the chain, still waits for, with its program and with
    /// all that `context` reads. Every other shard of its stage and every stage before it is paid; where the shard is
    /// accepted its job is complete. All these shards are taken over from the job that they are of in `context`, from which
    /// this one descends over as many others as may be. Audits are drawn as
    /// large as they get. The bonds that [`Shard::locks`] names are the caller's task.
    pub fn put_for_benchmark(shard: &Shard, context: &StageContext, program: &Checked) {
        let job = context.job;
        let genesis = T::Hash::decode(&mut &context.genesis[..]).expect("a hash has 32 bytes");
        frame_system::BlockHash::<T>::insert(BlockNumberFor::<T>::from(0u32), genesis);
        ProtocolParams::<T>::mutate(|params| {
            params.samples = MAX_SAMPLES as u8;
            (params.auditors, params.single_task_auditors) = (MAX_AUDITORS as u8, MAX_AUDITORS as u8);
        });
        T::Currency::set_balance(&AccountId32::from(T::Rewards::pot()), QRN);
        let requester: AccountId32 = account("requester", job as u32, 0);
        let known = |summary| PublishedProgram {
            publisher: requester.clone(),
            deposit: 0,
            summary,
            inputs: program.program().inputs.clone().try_into().expect("a valid program has few inputs"),
        };
        Programs::<T>::insert(context.stage.program, known(program.summary()));
        Codes::<T>::insert(context.stage.program, code(program));

        let of_read = context.outputs.iter().flat_map(|read| &read.shards).next();
        let oldest = of_read.map_or(oldest(job), |shard| shard.id.job);
        let others = (0..context.index).filter(|index| !context.outputs.iter().any(|read| read.stage == *index));
        others.for_each(|index| Stages::<T>::insert(job, index, complete(BlobId::default(), 1, 1)));
        for read in &context.outputs {
            let program = BlobId([100 + read.stage as u8; 32]);
            Programs::<T>::insert(program, known(Summary { output_bytes: read.output_bytes, ..Summary::default() }));
            let stage = complete(program, read.tasks, read.shards.len() as u32);
            let inherits = Some(descendants::<T>(oldest, read.stage, &stage));
            let origins = all_of(oldest, stage.created);
            Stages::<T>::insert(job, read.stage, StageRecord { inherits, origins, ..stage });
            read.shards.iter().for_each(|shard| Shards::<T>::insert(shard.id, accepted(shard)));
        }
        let shards = context.stage.shards();
        for index in (0..shards).filter(|index| *index != shard.id.index) {
            let (first_task, tasks) = context.stage.tasks_of(index);
            let id = ShardId { job: oldest, index, ..shard.id };
            let sibling = AcceptedShard {
                id,
                worker: who(job, 0),
                root: BlobId([3; 32]),
                first_task,
                tasks,
                segments_per_task: shard.segments_per_task(),
            };
            Shards::<T>::insert(id, accepted(&sibling));
        }
        let fees = Fees { protocol_ppm: 50_000, audit_ppm: 100_000, last_audit_ppm: 100_000 };
        let matures = shard.is_accepted();
        let stage = StageRecord {
            stage: context.stage.clone(),
            fees,
            created: shards,
            accepted: shards - u32::from(!matures),
            standing: shards - 1,
            inherits: None,
            origins: BoundedVec::new(),
            root: matures.then_some(BlobId([9; 32])),
            traffic: shard.traffic,
        };
        let bid = (VALUE * 1_000_000_000).div_ceil(u128::from(shard.work_macs()).max(1));
        let escrow = stage.cost(shard, bid).total();
        let inherits = (shards > 1).then(|| descendants::<T>(oldest, context.index, &stage));
        let mut origins = inherits.map_or_else(BoundedVec::new, |_| all_of(oldest, stage.created));
        origins.iter_mut().skip(shard.id.index as usize).take(1).for_each(|origin| *origin = job);
        Stages::<T>::insert(job, context.index, StageRecord { inherits, origins, ..stage });

        T::Currency::set_balance(&requester, escrow + QRN);
        T::Currency::hold(&HoldReason::Escrow.into(), &requester, escrow).expect("the requester has enough");
        let place_deposit = Self::hold_place_deposit(&requester, 0).expect("the requester has enough");
        let opened = (0..=context.index).fold(0, |bits, index| bits | bit(index));
        OpenJobsOf::<T>::mutate(&requester, |open| *open += 1);
        let record = Job {
            requester,
            status: if matures { JobStatus::Completed { root: BlobId([9; 32]) } } else { JobStatus::Running },
            bid,
            audit: AuditLevel::Sampled,
            requirements: requirements(),
            endpoints: endpoints(),
            submitted_at: 0,
            draws_from: 0,
            randomness: Some(context.randomness),
            reads: BoundedVec::truncate_from(vec![0; usize::from(context.index) + 1]),
            opened,
            complete: if matures { opened } else { opened & !bit(context.index) },
            live: u32::from(!matures),
            maturing: u32::from(matures),
            overturned: 0,
            tainted: 0,
            parent: None,
            depth: 0,
            forks: 0,
            prune_at: None,
            escrow,
            spent: 0,
            failure: None,
            pauses: 0,
            unfunded: 0,
            extra_blocks: 0,
            place_deposit,
        };
        Jobs::<T>::insert(job, record);
        Live::<T>::mutate(|live| *live += u32::from(!matures));
        Maturing::<T>::mutate(|maturing| *maturing += u32::from(matures));
        OpenJobs::<T>::mutate(|open| *open += 1);
        Self::put_shard(&Shard { phase: Phase::Queued, ..shard.clone() }, shard);
        assert_eq!(Self::context(&shard.id).as_ref(), Some(context));
    }

    /// Has every stage of a job of as many as there may be read that of an accepted shard, but for those that it reads itself where
    /// these are `kept`. Only the last of them has begun, and something of the job, which is paused, is under way.
    pub fn read_for_benchmark(id: &ShardId, kept: bool) {
        let others = (0..MAX_STAGES as u16).filter(|index| *index != id.stage);
        let (mut readers, mut reads) = (Vec::new(), vec![0; MAX_STAGES as usize]);
        for index in others {
            let known = Stages::<T>::get(id.job, index).unwrap_or_else(|| complete(BlobId::default(), 1, 1));
            if !kept || known.stage.program == BlobId::default() {
                readers.push((index, known));
            }
        }
        let last = readers.len() - 1;
        for (number, (index, reader)) in readers.into_iter().enumerate() {
            let created = u32::from(number == last);
            reads[usize::from(index)] = bit(id.stage);
            Stages::<T>::insert(id.job, index, StageRecord { created, accepted: 0, standing: 0, root: None, ..reader });
        }
        Jobs::<T>::mutate_extant(id.job, |job| {
            job.complete = job.reads.iter().zip(0u16..).fold(0, |bits, (_, index)| match reads[usize::from(index)] {
                0 => bits | bit(index),
                _ => bits,
            });
            job.live = 1;
            job.reads = BoundedVec::truncate_from(reads);
        });
        Live::<T>::mutate(|live| *live += 1);
        Self::pause_for_benchmark(id);
    }

    /// Says that the job of a shard was paused as often as may be.
    pub fn pauses_for_benchmark(id: &ShardId) {
        Jobs::<T>::mutate_extant(id.job, |job| job.pauses = u8::MAX);
    }

    /// Pauses the job of a shard, beside as many as can be.
    pub fn pause_for_benchmark(id: &ShardId) {
        paused::<T>(&[id.job], Height::MAX);
    }

    /// Puts a job into place whose only shard was dropped.
    pub fn drop_for_benchmark(job: JobId) {
        let program = small();
        let shard = Shard::new(ShardId { job, stage: 0, index: 0 }, 0, 8, segment_costs(&program.summary()));
        Self::put_for_benchmark(&shard, &alone(job, &program), &program);
        Shards::<T>::remove(shard.id);
    }

    /// Has the stage of a shard wait for another shard too.
    pub fn unfinish_for_benchmark(id: &ShardId) {
        with_stage::<T>(id.job, id.stage, |stage| stage.accepted -= 1);
        Jobs::<T>::mutate_extant(id.job, |job| job.live += 1);
    }
}

#[benchmarks]
mod benches {
    use super::*;

    /// Longer programs have operators that read more, and take less time for each byte: what is measured here is more than theirs.
    #[benchmark]
    fn publish_program(b: Linear<LEAST_BYTES, MOST_DENSE_BYTES>) -> Result<(), BenchmarkError> {
        let (who, program) = (rich::<T>(), densest(b));

        #[extrinsic_call]
        _(RawOrigin::Signed(who), code(&program));

        assert!(Programs::<T>::contains_key(program.id()));
        Ok(())
    }

    /// Every stage has a program of its own. Of `s` the bytes are not read; `g` gather the outputs of the stage before, and have
    /// to be looked into again.
    #[benchmark]
    fn submit_job(s: Linear<1, { MAX_STAGES / 2 }>, g: Linear<0, { MAX_STAGES / 2 }>) -> Result<(), BenchmarkError> {
        let who = rich::<T>();
        let program = heaviest(MAX_PROGRAM_BYTES as u32);
        Pallet::<T>::publish_program(RawOrigin::Signed(who.clone()).into(), code(&program))?;
        let known = Programs::<T>::get(program.id()).ok_or(BenchmarkError::Stop("not published"))?;
        let stage = |index: u16| {
            let mut bytes = code(&program);
            // A byte of the first constant.
            bytes[40] = index as u8;
            let id = BlobId::of(&bytes);
            Programs::<T>::insert(id, known.clone());
            Codes::<T>::insert(id, bytes);
            let input = match index.checked_sub(1) {
                Some(stage) if u32::from(index) >= s => Input::Output { stage, map: OutputMap::All },
                _ => blob(4),
            };
            Stage { program: id, tasks: 1, shard_size: 1, inputs: BoundedVec::truncate_from(vec![input]) }
        };
        let spec = spec((0..(s + g) as u16).map(stage).collect());
        assert_eq!(spec.gatherings(), g);
        let job = NextJob::<T>::get();

        #[extrinsic_call]
        _(RawOrigin::Signed(who), spec);

        assert!(Jobs::<T>::contains_key(job));
        Ok(())
    }

    /// The longest program there may be.
    #[benchmark]
    fn retire_program() -> Result<(), BenchmarkError> {
        let (who, program) = (rich::<T>(), small());
        Pallet::<T>::publish_program(RawOrigin::Signed(who.clone()).into(), code(&program))?;
        Codes::<T>::insert(program.id(), BoundedVec::truncate_from(vec![1; MAX_PROGRAM_BYTES]));

        #[extrinsic_call]
        _(RawOrigin::Signed(who), program.id());

        assert!(!Programs::<T>::contains_key(program.id()));
        Ok(())
    }

    /// A job that waits, in the longest lists: it is over at once.
    #[benchmark]
    fn cancel_job() -> Result<(), BenchmarkError> {
        let (who, job) = submitted::<T>(1)?;
        let others = || (1..T::MaxOpenJobs::get()).map(|other| job + JobId::from(other));
        let waiting = others().map(|other| (other, 0)).chain([(job, 0)]).collect();
        Waiting::<T>::put(BoundedVec::truncate_from(waiting));
        Opening::<T>::put(BoundedVec::truncate_from(others().collect()));

        #[extrinsic_call]
        _(RawOrigin::Signed(who), job);

        assert_eq!(Jobs::<T>::get(job).map(|job| (job.status, job.escrow)), Some((JobStatus::Cancelled, 0)));
        Ok(())
    }

    #[benchmark]
    fn start_shard() -> Result<(), BenchmarkError> {
        let (who, ids) = assigned::<T>(1)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(who), ids[0]);

        assert!(matches!(Shards::<T>::get(ids[0]).map(|shard| shard.phase), Some(Phase::Running { .. })));
        Ok(())
    }

    /// For the last time: the job fails, and is over. The worker leaves.
    #[benchmark]
    fn decline_shard() -> Result<(), BenchmarkError> {
        at::<T>(NOW);
        let program = small();
        let shard = shard_in::<T>(1, &program, Phase::Assigned { deal: deal(1), by: NOW });
        put::<T>(&shard, &program);
        T::BenchmarkHelper::retire(&who(1, 0), 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(who(1, 0).into()), shard.id);

        assert_eq!(Jobs::<T>::get(1).map(|job| (job.status, job.escrow)), Some((JobStatus::Failed, 0)));
        Ok(())
    }

    #[benchmark]
    fn commit_shards(n: Linear<1, MAX_COMMITS>) -> Result<(), BenchmarkError> {
        let (who, ids) = assigned::<T>(n)?;
        for id in &ids {
            Pallet::<T>::start_shard(RawOrigin::Signed(who.clone()).into(), *id)?;
        }
        let commits: Vec<_> = ids.iter().map(|id| (*id, BlobId::default(), [0; 32])).collect();

        #[extrinsic_call]
        _(RawOrigin::Signed(who), BoundedVec::truncate_from(commits));

        assert!(ids.iter().all(|id| Shards::<T>::get(id).is_some_and(|shard| shard.commitment().is_some())));
        Ok(())
    }

    /// Nothing is due, but all lists are as long as they get and have to be looked through.
    #[benchmark]
    fn on_idle_block() {
        at::<T>(NOW);
        let jobs = || (0..T::MaxOpenJobs::get()).map(JobId::from);
        let shard = |index| Queued { shard: ShardId { job: 1_000, stage: 0, index }, from: NOW, since: NOW };
        Waiting::<T>::put(BoundedVec::truncate_from(jobs().map(|job| (job, NOW)).collect()));
        Sweeping::<T>::put(BoundedVec::truncate_from(jobs().collect()));
        Queue::<T>::put(BoundedVec::truncate_from((0..T::MaxLive::get()).map(shard).collect()));
        Retired::<T>::insert(0, (NOW + 1, 1));
        RetiredEnds::<T>::put((0, 1));
        T::BenchmarkHelper::put_seed(T::Randomness::period_of(NOW) - 1);

        #[block]
        {
            Pallet::<T>::on_initialize(NOW.into());
        }

        assert_eq!(Waiting::<T>::decode_len(), Some(T::MaxOpenJobs::get() as usize));
    }

    /// Accepted shards, each of another job, whose workers do not show an id and leave. The last of 63 stages that read the shard has
    /// begun, so the job fails; eight challenges are moot.
    #[benchmark]
    fn expire_shards(n: Linear<1, MAX_DUE>) {
        let n = n.min(T::MaxOpenJobs::get());
        at::<T>(NOW);
        let program = small();
        for job in 1..=JobId::from(n) {
            let stake = |number| Stake { challenger: who(job, 100 + number), bond: QRN };
            let demand = LeafDemand { position: 0, by: NOW };
            let window = Window {
                challenges: BoundedVec::truncate_from((0..MAX_CHALLENGES).map(stake).collect()),
                demands: BoundedVec::truncate_from(vec![demand]),
                ..window(auditors(job))
            };
            let auditors = BoundedVec::truncate_from(auditors(job));
            let phase = Phase::Accepted { deal: deal(job), commitment: commitment(), auditors, at: 0, window };
            let shard = shard_in::<T>(job, &program, phase);
            put::<T>(&shard, &program);
            Pallet::<T>::read_for_benchmark(&shard.id, true);
            T::BenchmarkHelper::put_disputes(&shard);
            T::BenchmarkHelper::retire(&who(job, 0), 1);
        }
        at::<T>(NOW + 1);

        #[block]
        {
            Pallet::<T>::expire(NOW + 1);
        }

        let failed = |job| Jobs::<T>::get(job).is_some_and(|job: Job| job.status == JobStatus::Failed);
        assert!((1..=JobId::from(n)).all(failed));
    }

    #[benchmark]
    fn start_jobs(n: Linear<1, { T::MaxOpenJobs::get() }>) {
        let program = small();
        for job in 1..=JobId::from(n) {
            put::<T>(&shard_in::<T>(job, &program, Phase::Queued), &program);
            Jobs::<T>::mutate_extant(job, |job| (job.status, job.randomness) = (JobStatus::Waiting, None));
        }
        Waiting::<T>::put(BoundedVec::truncate_from((1..=JobId::from(n)).map(|job| (job, 0)).collect()));

        #[block]
        {
            Pallet::<T>::start_jobs(Some((1, [1; 32])), n);
        }

        assert_eq!(Opening::<T>::decode_len(), Some(n as usize));
    }

    /// Each shard is the last of a stage of another job, which descends from as many as it may; none of them has it. The other shard of the
    /// stage is under way, so that nothing is complete.
    #[benchmark]
    fn open_shards(n: Linear<1, { T::MaxOpenJobs::get() }>) {
        at::<T>(NOW);
        let program = small();
        for job in 1..=JobId::from(n) {
            let shard = shard_in::<T>(job, &program, Phase::Queued);
            put::<T>(&shard, &program);
            Jobs::<T>::mutate_extant(job, |job| job.opened = 0);
            with_stage::<T>(job, 0, |stage| stage.stage.tasks *= 2);
            let stage = Stages::<T>::get(job, 0).unwrap();
            let inherits = Some(ancestors::<T>(job, 0, &StageRecord { created: 2, ..stage }));
            with_stage::<T>(job, 0, |stage| (stage.inherits, stage.origins) = (inherits, all_of(job, 1)));
        }
        Live::<T>::put(0);
        Opening::<T>::put(BoundedVec::truncate_from((1..=JobId::from(n)).collect()));

        #[block]
        {
            Pallet::<T>::open_stages(NOW, n);
        }

        assert_eq!(Queue::<T>::decode_len(), Some(n as usize));
    }

    /// A stage of shards that all are the oldest ancestor's, the last of them not looked at. It is the last of a job of as many stages as
    /// there may be, which is over at once.
    #[benchmark]
    fn complete_taken_over(n: Linear<1, MAX_SHARDS>) {
        at::<T>(NOW);
        let program = small();
        put::<T>(&shard_in::<T>(1, &program, Phase::Queued), &program);
        Shards::<T>::remove(ShardId { job: 1, stage: 0, index: 0 });
        let last = MAX_STAGES as u16 - 1;
        let stage = Stages::<T>::get(1, 0).unwrap();
        (0..last).for_each(|index| Stages::<T>::insert(1, index, complete(stage.stage.program, 1, 1)));
        let of_oldest = StageRecord { root: None, ..complete(stage.stage.program, n, n) };
        let inherits = Some(ancestors::<T>(1, last, &of_oldest));
        let (created, origins) = (n - 1, all_of(oldest(1), n - 1));
        let fork = StageRecord { inherits, origins, created, accepted: created, standing: created, ..of_oldest };
        Stages::<T>::insert(1, last, fork);
        for index in 0..n {
            let id = ShardId { job: oldest(1), stage: last, index };
            let shard = AcceptedShard {
                id,
                worker: who(1, 0),
                root: BlobId([3; 32]),
                first_task: index,
                tasks: 1,
                segments_per_task: 1,
            };
            Shards::<T>::insert(id, accepted(&shard));
        }
        Jobs::<T>::mutate_extant(1, |job| {
            job.reads = BoundedVec::truncate_from(vec![0; MAX_STAGES as usize]);
            (job.complete, job.opened, job.live) = (bit(last) - 1, bit(last) - 1, 0);
        });
        Live::<T>::put(0);
        Opening::<T>::put(BoundedVec::truncate_from(vec![1]));

        #[block]
        {
            assert_eq!(Pallet::<T>::open_stages(NOW, 1), (1, n));
        }

        assert!(Jobs::<T>::get(1).is_some_and(|job| job.is_over()));
    }

    /// Each shard is of another job, in a queue as long as it gets. More shards wait than workers have room, so that each is drawn among
    /// all of them.
    #[benchmark]
    fn assign_shards(
        n: Linear<1, { T::ShardsPerBlock::get() }>,
        // No fewer than shards: what is written for each shard is that of one that a worker gets.
        w: Linear<{ T::ShardsPerBlock::get() }, 256>,
    ) {
        at::<T>(NOW);
        let program = small();
        T::BenchmarkHelper::put_workers(w);
        let mut queue = Vec::new();
        for job in 1..=JobId::from(n) {
            let shard = shard_in::<T>(job, &program, Phase::Queued);
            put::<T>(&shard, &program);
            queue.push(Queued { shard: shard.id, from: 1, since: NOW });
        }
        let later = |index| Queued { shard: ShardId { job: 1_000, stage: 0, index }, from: 1, since: NOW };
        queue.extend((n..T::MaxLive::get()).map(later));
        Queue::<T>::put(BoundedVec::truncate_from(queue));

        #[block]
        {
            Pallet::<T>::assign(NOW, Some((2, [1; 32])), n);
        }

        let running = (1..=JobId::from(n)).filter_map(|job| Shards::<T>::get(ShardId { job, stage: 0, index: 0 }));
        assert_eq!(running.filter(|shard| shard.deal().is_some()).count() as u32, n);
    }

    /// Paid shards of a job whose retention has ended, each with the duties of a worker and eight validators. The job is a fork.
    #[benchmark]
    fn remove_shards(n: Linear<3, { T::ShardsPerBlock::get() }>) {
        at::<T>(NOW);
        let program = small();
        let (shards, first) = (n - 2, shard_in::<T>(1, &program, Phase::Queued));
        put::<T>(&first, &program);
        for index in 0..shards {
            let id = ShardId { index, ..first.id };
            let (worker, root) = (who(1, 100 * index), BlobId([3; 32]));
            let shard = AcceptedShard { id, worker, root, first_task: 0, tasks: 1, segments_per_task: 1 };
            let mut shard = accepted(&shard);
            if let Phase::Settled { auditors, .. } = &mut shard.phase {
                auditors.iter_mut().zip(1..).for_each(|(auditor, number)| *auditor = who(1, 100 * index + number));
            }
            Pallet::<T>::put_shard(&first, &shard);
        }
        with_stage::<T>(1, 0, |stage| (stage.created, stage.accepted) = (shards, shards));
        Jobs::<T>::insert(2, Job { forks: 1, ..Jobs::<T>::get(1).unwrap() });
        Jobs::<T>::mutate_extant(1, |job| job.parent = Some(2));
        Retired::<T>::insert(0, (NOW, 1));
        RetiredEnds::<T>::put((0, 1));

        #[block]
        {
            Pallet::<T>::prune(NOW, n);
        }

        assert!(!Jobs::<T>::contains_key(1));
        assert_eq!(Jobs::<T>::get(2).map(|parent| parent.forks), Some(0));
    }

    /// Parked shards, each of another job that was cancelled and the last of it, but for the last job, of which as much is parked as can
    /// be. The other jobs that wait, as many as there can be open, have nothing parked.
    #[benchmark]
    fn sweep_shards(n: Linear<1, { T::ShardsPerBlock::get() }>) {
        at::<T>(NOW);
        let program = small();
        let jobs = JobId::from(T::MaxOpenJobs::get());
        for job in jobs.saturating_sub(n.into()) + 1..=jobs {
            let shard = shard_in::<T>(job, &program, Phase::Queued);
            put::<T>(&shard, &program);
            Jobs::<T>::mutate_extant(job, |job| job.status = JobStatus::Cancelled);
            let shards = if job == jobs { T::MaxLive::get() } else { 1 };
            let parked = (0..shards).map(|index| ShardId { job, stage: 0, index }).collect();
            Parked::<T>::insert(job, BoundedVec::truncate_from(parked));
        }
        Sweeping::<T>::put(BoundedVec::truncate_from((1..=jobs).collect()));
        let queued = |index| Queued { shard: ShardId { job: 1_000, stage: 0, index }, from: NOW, since: NOW };
        Queue::<T>::put(BoundedVec::truncate_from((0..T::MaxLive::get()).map(queued).collect()));

        #[block]
        {
            assert_eq!(Pallet::<T>::sweep(n), n);
        }

        assert_eq!(Parked::<T>::iter().count(), 1);
    }

    /// Each shard is the last that its job waits for, and its window has closed: it is paid, and the job is over. The worker was
    /// an apprentice until then.
    #[benchmark]
    fn acknowledge_shards(n: Linear<1, MAX_COMMITS>) {
        at::<T>(NOW);
        let (caller, program) = (rich::<T>(), small());
        let ids: Vec<ShardId> = (1..=JobId::from(n))
            .map(|job| {
                let mut auditors = auditors(job);
                auditors[0] = caller.clone().into();
                let phase = Phase::Accepted {
                    deal: deal(job),
                    commitment: commitment(),
                    auditors: BoundedVec::truncate_from(auditors),
                    at: 0,
                    window: Window { closes: NOW - 1, ..window(self::auditors(job)) },
                };
                let shard = shard_in::<T>(job, &program, phase);
                put::<T>(&shard, &program);
                T::BenchmarkHelper::put_apprentice(&who(job, 0));
                shard.id
            })
            .collect();

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), BoundedVec::truncate_from(ids.clone()));

        assert!(ids.iter().all(|id| Shards::<T>::get(id).is_some_and(|shard| shard.is_final())));
        assert_eq!((OpenJobs::<T>::get(), Maturing::<T>::get()), (0, 0));
    }

    /// A job of as many stages as there may be, each with a program of its own, that descends from as many others as it may;
    /// the shards that are taken over are the oldest one's.
    #[benchmark]
    fn fork_job() {
        at::<T>(NOW);
        let (who, program) = (rich::<T>(), small());
        put::<T>(&shard_in::<T>(1, &program, Phase::Queued), &program);
        let (job, published) = (Jobs::<T>::get(1).unwrap(), Programs::<T>::get(BlobId([1; 32])).unwrap());
        let mut from = 1;
        for index in 0..MAX_STAGES as u16 {
            let id = BlobId([100 + index as u8; 32]);
            Programs::<T>::insert(id, published.clone());
            let record = StageRecord { root: None, standing: 1, ..complete(id, 2, 2) };
            from = ancestors::<T>(1, index, &record);
            let shard =
                Shard::new(ShardId { job: oldest(1), stage: index, index: 1 }, 1, 1, segment_costs(&published.summary));
            let phase = Phase::Settled {
                deal: deal(1),
                commitment: commitment(),
                auditors: BoundedVec::truncate_from(auditors(1)),
                at: 0,
                paid: true,
            };
            Shards::<T>::insert(shard.id, Shard { phase, ..shard });
        }
        let record = Job {
            requester: who.clone(),
            status: JobStatus::Failed,
            reads: BoundedVec::truncate_from(vec![0; MAX_STAGES as usize]),
            overturned: 1,
            live: 0,
            depth: MAX_FORK_DEPTH - 1,
            prune_at: Some(NOW + 1),
            ..job
        };
        Jobs::<T>::insert(from, record);
        OpenJobs::<T>::put(0);
        NextJob::<T>::put(100_000);
        let waiting = (1..T::MaxOpenJobs::get()).map(|other| (JobId::from(other), 0)).collect();
        Waiting::<T>::put(BoundedVec::truncate_from(waiting));

        #[extrinsic_call]
        _(RawOrigin::Signed(who), from);

        let fork = Jobs::<T>::get(100_000).unwrap();
        assert_eq!((fork.parent, fork.depth), (Some(from), MAX_FORK_DEPTH));
    }

    /// Of the last of the jobs that are paused, whose shards fill the queue and more of which are parked; its work was paid once.
    #[benchmark]
    fn resume_job() -> Result<(), BenchmarkError> {
        let (who, job) = submitted::<T>(1)?;
        paused::<T>(&[job], NOW);
        Jobs::<T>::mutate_extant(job, |job| (job.unfunded, job.opened) = (1, bit(0)));
        let parked = |index| ShardId { job, stage: 0, index };
        Parked::<T>::insert(job, BoundedVec::truncate_from((0..T::MaxLive::get()).map(parked).collect()));
        let queued = |index| Queued { shard: ShardId { job, stage: 0, index }, from: 0, since: 0 };
        Queue::<T>::put(BoundedVec::truncate_from((0..T::MaxLive::get()).map(queued).collect()));

        #[extrinsic_call]
        _(RawOrigin::Signed(who), job, Some(endpoints()));

        assert_eq!(Jobs::<T>::get(job).map(|job| (job.status, job.unfunded)), Some((JobStatus::Running, 0)));
        Ok(())
    }

    /// Jobs whose requesters have not resumed them: they are over at once.
    #[benchmark]
    fn end_pauses(n: Linear<1, 32>) {
        at::<T>(NOW);
        let program = small();
        let jobs: Vec<JobId> = (1..=JobId::from(n.min(T::MaxOpenJobs::get()))).collect();
        for job in &jobs {
            put::<T>(&shard_in::<T>(*job, &program, Phase::Queued), &program);
            Jobs::<T>::mutate_extant(job, |job| job.live = 0);
        }
        paused::<T>(&jobs, 0);
        let most = jobs.len() as u32;

        #[block]
        {
            assert_eq!(Pallet::<T>::end_pauses(NOW, most), most);
        }

        assert!(jobs.iter().all(|job| Jobs::<T>::get(job).is_some_and(|job| job.status == JobStatus::Failed)));
    }

    impl_benchmark_test_suite!(Pallet, crate::tests::mock::new_test_ext(), crate::tests::mock::Test);
}
