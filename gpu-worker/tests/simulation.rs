// SPDX-License-Identifier: Apache-2.0
//! The daemons' cores against a simulated chain, site and network, with faults drawn from a seed: extrinsics that are lost,
//! delayed or sent twice, actions that fail, daemons that are killed at any step and start again from what they had kept,
//! workers that lie, hide or fall silent, validators that seal garbage, and watchers. The shards, disputes, commitments, proofs and
//! evidence are the real ones.

use quern_executor::{cpu::CpuExecutor, Executor};
use quern_primitives::{
    commitment::{leaf_list, LeafProof},
    draw::{self, Draw, SegmentCosts},
    job::{Blob, Input, Stage as JobStage},
    offence::OffenceId,
    plant::{decoy_hash, Plant, PlantedResult},
    slice::{open_subtrees, Node},
    traits::OffenceKind,
    Account, Balance, BlobId, DisputeId, Height, ShardId, QRN,
};
use quern_program::{reference, Checked, DType, ProgramBuilder, Segment, Tensor};
use quern_protocol::{
    dispute::{Defendant, Dispute, Move, Next, Play},
    evidence::{differing_node, Conviction, Evidence},
    inputs::{Link, Origin, Part, StageContext},
    shard::{Deal, Effect, Event as ShardEvent, Phase, ProbeSeat, Seat},
    view::ShardView,
    Params, Shard,
};
use quern_sdk::{
    chain::plants::PlantTerms,
    net::{messages::Committed, Checkpoint},
};
use quern_worker::{
    core::{
        defend_trace, name_difference,
        planter::{self, is_void, Facts, Plan, Planter, Progress},
        watcher::Choice,
        Action, Attempt, Call, Defence, Difference, Event, Promise, Prosecution, Round, Sealed, ShownResults, Stage,
        Validator, Watcher, Worker, PRESSING_BLOCKS,
    },
    misbehave::Misbehaving,
    site::subject,
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, LazyLock},
};

const SHARDS: u32 = 3;
const TASKS: u32 = 2;
const SEEDS: u64 = 150;
/// Far more blocks than all shards need, however often they are re-issued.
const LAST_HEIGHT: Height = 6_000;
/// What is locked for a shard that is worth 10.
const COLLATERAL: Balance = 30;
/// From a conviction to its slash: a daemon may be down for some blocks, and its extrinsics may be lost some times.
const DEFER_BLOCKS: Height = 60;
/// The segment whose end a [`Kind::Divider`] falsifies.
const FALSE_CHECKPOINT: u32 = 1;
/// Times in a row that one call of an account is lost at most: its sender keeps what it has handed in, and does so again.
const MOST_LOST: u8 = 2;
const TERMS: PlantTerms = PlantTerms { minimum_deposit: 1, deposit_factor: 4, fee_ppm: 50_000, plant_blocks: 43_200 };

/// What faults and choices are drawn from.
struct Rng(Draw);

impl Rng {
    fn new(seed: u64) -> Self {
        Self(Draw::new(draw::seed(b"simulation", &[0; 32], &seed)))
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0.below(limit as u64) as usize
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.0.below(100) < percent
    }

    fn secret(&mut self) -> [u8; 32] {
        std::array::from_fn(|_| self.0.below(256) as u8)
    }

    fn pick<T>(&mut self, mut from: Vec<T>, count: usize) -> Vec<T> {
        let mut picked = Vec::new();
        while picked.len() < count && !from.is_empty() {
            picked.push(from.swap_remove(self.below(from.len())));
        }
        picked
    }
}

/// What is computed.
struct World {
    program: Arc<Checked>,
    context: StageContext,
    data: Vec<u8>,
    honest: Arc<dyn Executor>,
    lying: Arc<dyn Executor>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let mut b = ProgramBuilder::new();
    let data = b.input(DType::I8, &[2, 8]);
    let seed = b.input(DType::I8, &[32]);
    let weights: Vec<i32> = (0..32).map(|value| value * 5 - 70).collect();
    let weights = b.constant(DType::I8, &[4, 8], &weights);
    let product = b.matmul_nt(data, weights);
    let one = b.slice(seed, 0, 0, 1);
    let salted = b.add(product, one);
    let [state] = b.begin_body(&[salted])[..] else { unreachable!() };
    let two = b.scalar(2);
    let rounded = b.shift_stochastic(state, two);
    let sum = b.add(rounded, state);
    let step = b.step();
    let next = b.add(sum, step);
    let [state] = b.begin_finish(&[next], 2)[..] else { unreachable!() };
    let output = b.row_sum(state);
    let program = b.build(output).expect("the program is valid");
    let data: Vec<u8> = (0..16 * SHARDS * TASKS).map(|at| (at * 37 % 251) as u8).collect();
    let blob = Blob { id: BlobId::of(&data), len: data.len() as u64 };
    let stage = JobStage {
        program: program.id(),
        tasks: SHARDS * TASKS,
        shard_size: TASKS,
        inputs: vec![Input::Slice { blob, stride: 16 }, Input::Seed].try_into().unwrap(),
    };
    let context = StageContext { genesis: [1; 32], job: 1, index: 0, stage, randomness: [2; 32], outputs: Vec::new() };
    let honest: Arc<dyn Executor> = Arc::new(CpuExecutor::new().with_threads(1).unwrap());
    let lying = Arc::new(Misbehaving::new(honest.clone()));
    World { program: Arc::new(program), context, data, honest, lying }
});

impl World {
    fn segments(&self) -> u32 {
        self.program.program().segments()
    }

    fn segment(&self, index: u32) -> Segment {
        self.program.program().segment(index).unwrap()
    }

    fn inputs(&self, task: u32) -> Vec<Tensor> {
        let types = &self.program.program().inputs;
        let data = self.data[task as usize * 16..][..16].to_vec();
        vec![Tensor::new(types[0], data), Tensor::new(types[1], self.context.seed(task).to_vec())]
    }

    fn run_segment(&self, executor: &dyn Executor, task: u32, index: u32, state: &[Tensor]) -> (Vec<Tensor>, BlobId) {
        let (segment, context) = (self.segment(index), self.context.context(task));
        let results = executor.run_segment(&self.program, segment, &context, &self.inputs(task), state).unwrap();
        let id = reference::result_id(segment.kind(), &reference::trace_ids(&results));
        (results, id)
    }

    fn trace(&self, executor: &dyn Executor, task: u32, segment: Segment, state: &[Tensor]) -> Vec<Tensor> {
        let context = self.context.context(task).at(segment);
        executor.trace(&self.program, segment.kind(), &context, &self.inputs(task), state).unwrap()
    }

    fn blob(&self, part: &Part) -> Option<(Link, Cow<'_, [u8]>)> {
        matches!(part.origin, Origin::Blob { .. }).then(|| (Link::Known, Cow::Borrowed(self.data.as_slice())))
    }
}

/// How a daemon behaves. All of them run the real core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    HonestWorker,
    /// Works as it should, and plants errors in so many of 100 shards.
    Planter(u8),
    /// Corrupts every segment, and serves nothing but traces once it is disputed; may hide its results, or the tensors of its
    /// traces, so that they are demanded on chain.
    Liar {
        hides_results: bool,
        hides_traces: bool,
    },
    /// Opens checkpoints, on chain if it must, but serves them to nobody: its result can only be audited from the inputs.
    Withholder,
    /// A liar that does the same: nobody can find its lie but from the inputs.
    HiddenLiar,
    /// Never sends one kind of call.
    Mute(&'static str),
    /// Works as it should, but shows its results to nobody off chain.
    Hider,
    HonestValidator,
    /// Seals what it never computed.
    Lazy,
    /// Friends of every liar: one that says nothing once it is drawn, and one that gets neither checkpoints nor inputs.
    Absent,
    Blind,
    /// A friend that confirms what liars computed.
    Accomplice,
    /// Runs accepted results again of its own accord.
    Watcher,
    /// Commits to right results, and defends them with false traces that have the right end: to be convicted by a friend, so that
    /// the auditors that confirmed them can be accused. It may serve its checkpoints to nobody.
    Framer {
        withholds: bool,
    },
    /// Computes right outputs, but commits to one false checkpoint of each task: what follows it is right, and does not follow from it.
    /// It serves it to every other auditor alone, so that the others run the tasks from their inputs and find the same ends.
    Divider,
    /// That friend: it challenges right results, and then accuses whoever confirmed them, with moves that are possible.
    Prosecutor,
    /// The same among the drawn validators: it seals what it never computed, and convicts and accuses from there.
    Conspirator,
}

impl Kind {
    fn is_worker(self) -> bool {
        !self.is_validator() && !self.watches()
    }

    /// Whether it has a watcher's core.
    fn watches(self) -> bool {
        matches!(self, Self::Watcher | Self::Prosecutor)
    }

    fn is_validator(self) -> bool {
        matches!(
            self,
            Self::HonestValidator | Self::Lazy | Self::Absent | Self::Blind | Self::Accomplice | Self::Conspirator
        )
    }

    fn is_liar(self) -> bool {
        matches!(self, Self::Liar { .. } | Self::HiddenLiar)
    }

    fn is_honest(self) -> bool {
        matches!(self, Self::HonestWorker | Self::Planter(_) | Self::HonestValidator | Self::Hider | Self::Watcher)
    }
}

/// The chain: real shards and disputes, stepped once a block.
struct Chain {
    height: Height,
    params: Params,
    shards: BTreeMap<ShardId, Shard>,
    disputes: BTreeMap<DisputeId, Dispute>,
    answers: HashMap<ShardId, Vec<LeafProof>>,
    /// Ids that were asked for on chain and shown.
    leaves: HashMap<(ShardId, u32), LeafProof>,
    next_dispute: DisputeId,
    pool: Vec<(Height, Account, Call)>,
    offences: Vec<(OffenceKind, Account, Account)>,
    late: HashMap<Account, Height>,
    committed: HashSet<Account>,
    /// Claims of missing bytes, disputes that began with a search, and accepted shards that were overturned.
    claims: u64,
    searches: u64,
    overturned: u64,
    /// Accusations of auditors, and those of them about results that were never accepted.
    accusations: u64,
    early_accusations: u64,
    /// Auditors that lost by those.
    early_lost: u64,
    /// Workers whose results were overturned or convicted although auditors had confirmed them: whether they had been accepted, and
    /// how many answer for each.
    answered_for: Vec<(Account, bool, u64)>,
    /// Draws for vacant seats, and audits that came to nothing so often that the worker was released.
    refills: u64,
    released: u64,
    /// Who has left a seat.
    vacated: Vec<Account>,
    /// What the job's requester has come to: paused until a height, or failed; how often it was paused, draws of validators that were
    /// asked for its inputs, and workers that were paid for what nobody could audit.
    paused: Option<Height>,
    failed: bool,
    pauses: u8,
    probes: u64,
    compensated: Vec<Account>,
    /// Segments that are drawn of a shard.
    samples: usize,
    /// Since when each draw's seals, and each draw's results, are on chain.
    sealed_at: HashMap<Round, Height>,
    told_at: HashMap<Round, Height>,
    /// Plants and decoys under way, slashes that wait for results of workers that plant, and what became of all of them.
    plants: HashMap<[u8; 32], Plant>,
    waiting: Vec<(OffenceId, Height, PlantedResult, Height)>,
    opened: Vec<Account>,
    decoys_opened: u64,
    withdrawn: u64,
    punished: Vec<Account>,
}

impl Chain {
    fn new() -> Self {
        let summary = WORLD.program.summary();
        let costs = SegmentCosts {
            init: summary.macs_init,
            body: summary.macs_body,
            steps: summary.steps,
            finish: summary.macs_finish,
            has_loop: true,
        };
        let shards = (0..SHARDS).map(|index| {
            let id = ShardId { job: 1, stage: 0, index };
            (id, Shard::new(id, index * TASKS, TASKS, costs))
        });
        Self {
            height: 0,
            params: Params::default(),
            shards: shards.collect(),
            disputes: BTreeMap::new(),
            answers: HashMap::new(),
            leaves: HashMap::new(),
            next_dispute: 1,
            pool: Vec::new(),
            offences: Vec::new(),
            late: HashMap::new(),
            committed: HashSet::new(),
            claims: 0,
            searches: 0,
            overturned: 0,
            accusations: 0,
            early_accusations: 0,
            early_lost: 0,
            answered_for: Vec::new(),
            refills: 0,
            released: 0,
            vacated: Vec::new(),
            paused: None,
            failed: false,
            pauses: 0,
            probes: 0,
            compensated: Vec::new(),
            samples: 3,
            sealed_at: HashMap::new(),
            told_at: HashMap::new(),
            plants: HashMap::new(),
            waiting: Vec::new(),
            opened: Vec::new(),
            decoys_opened: 0,
            withdrawn: 0,
            punished: Vec::new(),
        }
    }

    fn period(&self) -> Height {
        self.height / 2
    }

    fn is_barred(&self, who: &Account) -> bool {
        let of = |who: &Account| self.offences.iter().filter(|(_, offender, _)| offender == who).count();
        // A conviction of what was planted is taken back.
        of(who) > self.opened.iter().filter(|opened| *opened == who).count()
    }

    fn plant(&mut self, owner: Account, hash: [u8; 32], deposit: Balance) -> Option<()> {
        if self.plants.contains_key(&hash) {
            return None;
        }
        let (posted_at, expires_at) = (self.height, LAST_HEIGHT);
        self.plants.insert(hash, Plant { owner, deposit, posted_at, expires_at });
        Some(())
    }

    fn open_plant(&mut self, by: Account, offence: OffenceId, salt: [u8; 32]) -> Option<()> {
        let at = self.waiting.iter().position(|(id, ..)| *id == offence)?;
        let (_, _, result, committed_at) = self.waiting[at];
        let hash = result.hash(&by, &salt);
        let plant = self.plants.get(&hash)?;
        assert!(plant.posted_at < committed_at, "committed before the plant stood");
        assert!(plant.deposit >= TERMS.deposit(COLLATERAL));
        self.plants.remove(&hash);
        self.waiting.remove(at);
        self.opened.push(result.worker);
        Some(())
    }

    /// Carries out the slashes that are due.
    fn punish(&mut self) {
        let height = self.height;
        let (due, later): (Vec<_>, Vec<_>) = self.waiting.drain(..).partition(|(_, due_at, ..)| *due_at <= height);
        self.waiting = later;
        self.punished.extend(due.into_iter().map(|(_, _, result, _)| result.worker));
    }

    fn step(&mut self, id: ShardId, event: ShardEvent) -> Option<()> {
        let shard = self.shards.get(&id)?;
        let worker = shard.deal().map(|deal| deal.worker).unwrap_or_default();
        let (next, effects) = shard.step(event, self.height, self.period(), &self.params).ok()?;
        if !matches!(next.phase, Phase::Comparing { .. } | Phase::Disputed { .. }) {
            self.answers.remove(&id);
        }
        // A sample stays, and so do those who neither fell silent nor have no inputs, until the results are shown.
        if let Some(before) = shard.audit().filter(|audit| audit.results.is_none() && next.attempt == shard.attempt) {
            let after = next.audit().expect("the audit is kept");
            assert_eq!((&before.sample, before.sampled_at), (&after.sample, after.sampled_at));
            let gone = before.seats.iter().filter(|seat| !after.has_seat(&seat.auditor));
            self.vacated.extend(gone.map(|seat| seat.auditor));
        }
        if let Some(accused) = next.accused().filter(|_| shard.accused().is_none()) {
            self.answered_for.push((worker, accused.was_accepted(), accused.confirmed.liable.len() as u64));
        }
        let is_early = shard.accused().is_some_and(|accused| !accused.was_accepted());
        let is_lost = |effect: &&Effect| matches!(effect, Effect::Offence { kind: OffenceKind::WrongAudit, .. });
        self.early_lost += if is_early { effects.iter().filter(is_lost).count() as u64 } else { 0 };
        match next.phase {
            Phase::Revealing { .. } => drop(self.sealed_at.entry(Round::of(&next)).or_insert(self.height)),
            Phase::Comparing { .. } => drop(self.told_at.entry(Round::of(&next)).or_insert(self.height)),
            _ => {}
        }
        let attempt = shard.attempt;
        let committed = shard.commitment().map(|commitment| (commitment.root, commitment.at));
        self.shards.insert(id, next);
        for effect in effects {
            match effect {
                Effect::Offence { kind, offender, .. } => {
                    self.offences.push((kind, offender, worker));
                    let is_result = kind == OffenceKind::WrongResult && offender == worker;
                    if let Some((root, committed_at)) = committed.filter(|_| is_result) {
                        let result = PlantedResult { shard: id, attempt, worker, root };
                        let (offence, due_at) = (self.offences.len() as OffenceId, self.height + DEFER_BLOCKS);
                        self.waiting.push((offence, due_at, result, committed_at));
                    }
                }
                Effect::Late(who) | Effect::Declined(who) => drop(self.late.insert(who, self.height)),
                Effect::CloseDisputes => self.disputes.retain(|_, dispute| dispute.shard != id),
                Effect::Overturn(_) => self.overturned += 1,
                Effect::Unaudited(_) => self.released += 1,
                Effect::InputsMissing => self.inputs_missing(),
                Effect::Compensate { deal, .. } => self.compensated.push(deal.worker),
                _ => {}
            }
        }
        // Nothing here is computed from the results of these shards.
        let is_overturned = matches!(self.shards[&id].phase, Phase::Overturned { .. });
        if is_overturned || self.shards[&id].accused().is_some_and(|accused| !accused.reissue) {
            self.step(id, ShardEvent::Reissue);
        }
        Some(())
    }

    /// As the jobs pallet does it.
    fn inputs_missing(&mut self) {
        if self.paused.is_some() || self.failed {
            return;
        }
        self.failed = self.pauses >= self.params.max_pauses;
        if !self.failed {
            self.pauses += 1;
            self.paused = Some(self.height + self.params.pause_blocks);
        }
    }

    fn play(&mut self, id: DisputeId, play: Play) -> Option<()> {
        let dispute = self.disputes.get(&id)?.clone();
        match dispute.step(play, self.height, &self.params, &WORLD.program, &WORLD.context).ok()? {
            Next::Open(next) => drop(self.disputes.insert(id, next)),
            Next::Closed(outcome) => {
                self.disputes.remove(&id);
                self.step(dispute.shard, dispute.verdict(&outcome));
            }
        }
        Some(())
    }

    fn apply(&mut self, by: Account, call: Call) -> Option<()> {
        match call {
            Call::Start(id) => self.step(id, ShardEvent::Start(by)),
            Call::Decline(id) => self.step(id, ShardEvent::Decline(by)),
            Call::Commit(list) => {
                for (id, root, secret_hash) in list {
                    self.step(id, ShardEvent::Commit { by, root, secret_hash })?;
                    self.committed.insert(by);
                }
                Some(())
            }
            Call::OpenCheckpoints(id, digest) => self.step(id, ShardEvent::Open { by, digest }),
            Call::DemandOpening(id) => self.step(id, ShardEvent::Demand(by)),
            Call::AnswerOpening(id, leaves) => {
                let shard = self.shards.get(&id)?;
                let (deal, commitment) = shard.deal().zip(shard.commitment())?;
                let has_results = shard.audit()?.results.is_some();
                let shown = leaves.iter().zip(shard.demanded()).map(|(leaf, position)| {
                    leaf.verify(&commitment.root, shard.leaves(), &deal.worker, &id, position).ok()
                });
                let ids = shown.collect::<Option<Vec<_>>>()?;
                self.step(id, ShardEvent::Answer(ids))?;
                if has_results {
                    self.answers.insert(id, leaves);
                }
                Some(())
            }
            Call::CommitAudit(id, seal) => self.step(id, ShardEvent::Seal { by, seal }),
            Call::RevealResults(id, digest) => self.step(id, ShardEvent::Results { by, digest }),
            Call::RevealAudit(id, salt, results, holds_outputs) => {
                self.step(id, ShardEvent::Reveal { by, salt, results, holds_outputs })
            }
            Call::ClaimUnavailable(id, inputs_missing) => {
                self.step(id, ShardEvent::Unavailable { by, inputs_missing })?;
                self.claims += 1;
                Some(())
            }
            Call::Plant(hash, deposit) => self.plant(by, hash, deposit),
            Call::OpenPlant(offence, salt) => self.open_plant(by, offence, salt),
            Call::OpenDecoy(salt) => {
                self.plants.remove(&decoy_hash(&by, &salt))?;
                self.decoys_opened += 1;
                Some(())
            }
            Call::WithdrawPlant(salt, result) => {
                let hash = result.hash(&by, &salt);
                let is_over = is_void(self.shards.get(&result.shard), true, &result);
                self.plants.get(&hash).filter(|_| is_over)?;
                self.plants.remove(&hash);
                self.withdrawn += 1;
                Some(())
            }
            Call::ExpirePlant(_) => {
                panic!("no job is pruned here, so everything that was planted can be opened or withdrawn")
            }
            Call::ReportInputs(id, available) => self.step(id, ShardEvent::Inputs { by, available }),
            Call::AnswerLeaf(id, position, leaf) => {
                let shard = self.shards.get(&id)?;
                let (deal, result) = shard.deal().zip(shard.result())?;
                leaf.verify(&result.root, shard.leaves(), &deal.worker, &id, position).ok()?;
                self.step(id, ShardEvent::AnswerLeaf(position))?;
                self.leaves.insert((id, position), leaf);
                Some(())
            }
            Call::DemandLeaf { shard, position, max_price, .. } => {
                (self.shards.get(&shard)?.demand_price(self.height, &self.params)? <= max_price).then_some(())?;
                self.step(shard, ShardEvent::DemandLeaf(position))
            }
            Call::Acknowledge(ids) => {
                for id in ids {
                    let shard = self.shards.get(&id)?;
                    assert!(shard.may_confirm_delivery(&by));
                    self.step(id, ShardEvent::Deliver);
                }
                Some(())
            }
            Call::OpenDispute(id, position, start, end) => {
                let shard = self.shards.get(&id)?;
                let segment = WORLD.segment(shard.locate(position)?.1);
                let (height, params) = (self.height, self.params);
                let dispute =
                    Dispute::open(shard, segment, by, position, start.as_ref(), &end, height, &params).ok()?;
                let bond = shard.challenge_bond(&params).unwrap_or(0);
                self.searches += u64::from(matches!(dispute.turn, Move::Ids(_)));
                self.step(id, ShardEvent::Challenge { by, position, bond })?;
                self.disputes.insert(self.next_dispute, dispute);
                self.next_dispute += 1;
                Some(())
            }
            Call::AccuseAuditor(id, auditor, position, start, end) => {
                let shard = self.shards.get(&id)?;
                let segment = WORLD.segment(shard.locate(position)?.1);
                let (height, params) = (self.height, self.params);
                let (start, bond) = (start.as_ref(), shard.accusation_bond(&params)?);
                let dispute =
                    Dispute::accuse(shard, segment, by, auditor, position, start, &end, height, &params).ok()?;
                self.step(id, ShardEvent::Accuse { by, auditor, position, bond })?;
                self.disputes.insert(self.next_dispute, dispute);
                self.next_dispute += 1;
                self.accusations += 1;
                self.early_accusations += u64::from(!self.shards[&id].accused()?.was_accepted());
                Some(())
            }
            Call::Defend(id, Defence::Trace(trace)) => self.play(id, Play::Trace { by, trace }),
            Call::Defend(id, Defence::Outline(outline)) => self.play(id, Play::Outline { by, outline }),
            Call::Defend(id, Defence::Subtrees(values)) => self.play(id, Play::Subtrees { values }),
            Call::Defend(id, Defence::Chunk(bytes)) => self.play(id, Play::Chunk { bytes }),
            Call::Defend(id, Defence::Ids(ids)) => self.play(id, Play::Ids { by, ids }),
            Call::Defend(id, Defence::Prove { start, end }) => self.play(id, Play::Prove { start, end }),
            Call::Prosecute(id, Prosecution::Pick(index)) => self.play(id, Play::Pick { by, index }),
            Call::Prosecute(id, Prosecution::Name(op)) => self.play(id, Play::Name { by, op }),
            Call::Prosecute(id, Prosecution::NameInPart { op, earlier }) => {
                self.play(id, Play::NameInPart { by, op, earlier })
            }
            Call::Prosecute(id, Prosecution::Demand(index)) => self.play(id, Play::Demand { by, index }),
            Call::Prosecute(id, Prosecution::Convict { element, output, reads }) => {
                self.play(id, Play::Convict { by, element, output, reads })
            }
            Call::Prosecute(id, Prosecution::ConvictLength { len, proof }) => {
                self.play(id, Play::ConvictLength { by, len, proof })
            }
        }
    }

    /// Makes a block: deadlines pass, workers and validators are drawn, and what is due of the pool is applied.
    fn advance(&mut self, rng: &mut Rng, kinds: &BTreeMap<Account, Kind>) {
        self.height += 1;
        if self.paused.is_some_and(|until| until < self.height) {
            (self.paused, self.failed) = (None, true);
        }
        for id in self.disputes.keys().copied().collect::<Vec<_>>() {
            self.play(id, Play::Expire);
        }
        for id in self.shards.keys().copied().collect::<Vec<_>>() {
            self.step(id, ShardEvent::Expire);
            let shard = &self.shards[&id];
            match &shard.phase {
                Phase::Queued if self.paused.is_none() && !self.failed => {
                    let is_ready = |who: &Account| self.late.get(who).is_none_or(|at| at + 16 < self.height);
                    let ready = |who: &&Account| kinds[*who].is_worker() && !self.is_barred(who) && is_ready(who);
                    let pool: Vec<Account> = kinds.keys().filter(ready).copied().collect();
                    if let [worker] = rng.pick(pool, 1)[..] {
                        self.step(id, ShardEvent::Assign(Deal { worker, price: 10, collateral: COLLATERAL }));
                    }
                }
                Phase::Doubted { period, probe, .. } if self.period() > *period => {
                    let pool = kinds.iter().filter(|(who, kind)| !kind.is_worker() && !shard.is_biased(who));
                    let seats = rng.pick(pool.map(|(who, _)| *who).collect(), probe.vacancies() as usize);
                    let seats: Vec<_> = seats.into_iter().map(|who| ProbeSeat::new(who, 5)).collect();
                    self.probes += 1;
                    if self.step(id, ShardEvent::Probe(seats)).is_none() {
                        self.step(id, ShardEvent::Unseated);
                    }
                }
                Phase::Committed { period, held, .. } if self.period() > *period => {
                    let mut sample = rng.pick((0..shard.leaves()).collect(), self.samples);
                    sample.sort_unstable();
                    let pool = kinds.iter().filter(|(who, kind)| kind.is_validator() && !self.is_barred(who));
                    let mut pool: Vec<Account> = pool.map(|(who, _)| *who).collect();
                    let mut needed = 2;
                    if let Some(audit) = held {
                        (sample, needed) = (audit.sample.to_vec(), audit.vacancies() as usize);
                        self.refills += 1;
                        pool.retain(|who| !audit.has_seat(who));
                        let others: Vec<_> = pool.iter().filter(|who| !audit.left.contains(who)).copied().collect();
                        pool = if others.len() >= needed { others } else { pool };
                    }
                    let seats = rng.pick(pool, needed);
                    let seats = seats.into_iter().map(|who| Seat::new(who, 5)).collect();
                    self.step(id, ShardEvent::Draw { sample, seats });
                }
                _ => {}
            }
        }
        let (due, later): (Vec<_>, Vec<_>) = self.pool.drain(..).partition(|(at, ..)| *at <= self.height);
        self.pool = later;
        for (_, by, call) in due {
            self.apply(by, call);
        }
        self.punish();
    }

    /// What an account has something to do in; for a watcher accepted shards too.
    fn duties(&self, who: &Account, watches: bool) -> Vec<ShardView> {
        let is_watched = |shard: &Shard| watches && (shard.window().is_some() || shard.accused().is_some());
        let is_owed = |shard: &Shard| shard.parties().contains(who) && shard.is_duty_of(who);
        let mine = self.shards.values().filter(|shard| is_owed(shard) || is_watched(shard));
        let view = |shard: &Shard| {
            let disputes = self.disputes.iter().filter(|(_, dispute)| dispute.shard == shard.id);
            ShardView {
                shard: shard.clone(),
                context: WORLD.context.clone(),
                requester: Vec::new(),
                endpoints: Vec::new(),
                disputes: disputes.map(|(id, dispute)| (*id, dispute.clone())).collect(),
                answered: self.answers.get(&shard.id).cloned().unwrap_or_default(),
                demand_price: shard.demand_price(self.height, &self.params),
            }
        };
        mine.map(view).collect()
    }

    fn served(&self, who: &Account) -> Vec<Shard> {
        let mine = self.shards.values().filter(|shard| shard.parties().contains(who) && !shard.is_duty_of(who));
        mine.cloned().collect()
    }

    fn is_done(&self) -> bool {
        // What waits for a worker is dropped when the job has failed.
        self.shards.values().all(|shard| shard.is_final() || (self.failed && shard.phase == Phase::Queued))
    }
}

/// What a daemon has on disk.
#[derive(Default)]
struct Disk {
    promises: HashMap<Attempt, Promise>,
    plans: HashMap<Attempt, Plan>,
    seals: HashMap<Attempt, Sealed>,
    results: HashMap<Attempt, ShownResults>,
    blobs: HashMap<BlobId, Vec<u8>>,
    /// Whether it has the job's inputs.
    inputs: bool,
}

impl Disk {
    fn put(&mut self, bytes: impl Into<Vec<u8>>) -> BlobId {
        let bytes = bytes.into();
        let id = BlobId::of(&bytes);
        self.blobs.insert(id, bytes);
        id
    }

    /// Keeps tensors and the list behind their checkpoint's id.
    fn put_state(&mut self, state: &[Tensor]) {
        let list: Vec<u8> = state.iter().flat_map(|tensor| self.put(tensor.bytes.clone()).0).collect();
        self.put(list);
    }

    /// As the database keeps it: the first answer to a sample stays.
    fn keep_seal(&mut self, attempt: Attempt, sealed: Sealed) -> Sealed {
        let kept = self.seals.get(&attempt).filter(|kept| kept.sampled_at == sealed.sampled_at).cloned();
        let kept = kept.unwrap_or(sealed);
        self.seals.insert(attempt, kept.clone());
        kept
    }
}

/// What a daemon shows while it runs.
#[derive(Default)]
struct Desk {
    openings: HashMap<Round, Vec<Checkpoint>>,
    results: HashMap<Round, Vec<LeafProof>>,
    traces: HashMap<DisputeId, Vec<Tensor>>,
    published: HashSet<ShardId>,
}

enum Core {
    Worker(Box<Worker>),
    Validator(Box<Validator>),
    Watcher(Box<Watcher>),
}

impl Core {
    fn on(&mut self, event: Event) -> Vec<Action> {
        match self {
            Self::Worker(core) => core.on(event),
            Self::Validator(core) => core.on(event),
            Self::Watcher(core) => core.on(event),
        }
    }
}

struct Daemon {
    me: Account,
    kind: Kind,
    core: Option<Core>,
    down_until: Height,
    disk: Disk,
    desk: Desk,
    running: Vec<(Height, Action)>,
    latest: Option<(Height, Height, Vec<ShardView>, Vec<Shard>)>,
}

/// How often each fault strikes, in percent.
#[derive(Clone, Copy)]
struct Faults {
    lost: u64,
    doubled: u64,
    failed: u64,
    killed: u64,
    unseen: u64,
}

const CALM: Faults = Faults { lost: 0, doubled: 0, failed: 0, killed: 0, unseen: 0 };

struct Simulation {
    rng: Rng,
    chain: Chain,
    kinds: BTreeMap<Account, Kind>,
    daemons: Vec<Daemon>,
    finalized: Height,
    faults: Faults,
    kills: u64,
    /// Calls that were lost the last times that they were handed in, and how often.
    lost: Vec<(Account, Call, u8)>,
    /// Heights between which the requester serves nothing. Then it resumes its job if that is paused.
    away: Option<(Height, Height)>,
    /// Whether workers serve the inputs that they have.
    shared: bool,
    roots: HashMap<(Account, Attempt), BlobId>,
    seals: HashMap<(Account, Round), [u8; 32]>,
    /// Roots of what was planted.
    planted: HashSet<BlobId>,
}

impl Simulation {
    fn new(seed: u64, kinds: &[Kind], faults: Faults) -> Self {
        let kinds: BTreeMap<Account, Kind> = (1u8..).zip(kinds).map(|(name, kind)| ([name; 32], *kind)).collect();
        let daemon = |(me, kind): (&Account, &Kind)| Daemon {
            me: *me,
            kind: *kind,
            core: None,
            down_until: 0,
            disk: Disk::default(),
            desk: Desk::default(),
            running: Vec::new(),
            latest: None,
        };
        Self {
            rng: Rng::new(seed),
            chain: Chain::new(),
            daemons: kinds.iter().map(daemon).collect(),
            kinds,
            finalized: 0,
            faults,
            kills: 0,
            lost: Vec::new(),
            away: None,
            shared: true,
            roots: HashMap::new(),
            seals: HashMap::new(),
            planted: HashSet::new(),
        }
    }

    fn run(&mut self) {
        while !self.chain.is_done() {
            assert!(self.chain.height < LAST_HEIGHT, "not done: {:?}", self.chain.shards);
            self.block();
        }
        self.faults = CALM;
        for _ in 0..40 {
            self.block();
        }
    }

    fn block(&mut self) {
        self.chain.advance(&mut self.rng, &self.kinds);
        if !self.is_away() && self.chain.paused.is_some() && self.chain.height.is_multiple_of(8) {
            self.chain.paused = None;
        }
        let lag = 2 + self.rng.below(4) as Height;
        self.finalized = self.finalized.max(self.chain.height.saturating_sub(lag));
        for index in 0..self.daemons.len() {
            self.daemon(index);
        }
    }

    /// What one daemon does during a block.
    fn daemon(&mut self, index: usize) {
        let (height, finalized) = (self.chain.height, self.finalized);
        if self.daemons[index].down_until > height {
            return;
        }
        let daemon = &mut self.daemons[index];
        if daemon.core.is_none() {
            let disk = &daemon.disk;
            daemon.core = Some(if let Kind::Planter(percent) = daemon.kind {
                let choice = planter::Choice { percent, seed: self.rng.secret() };
                let (params, plans) = (Params { challenge_bond: 5, ..self.chain.params }, disk.plans.clone());
                let planter = Planter::new(daemon.me, planting(&daemon.me), choice, TERMS, params, plans);
                Core::Worker(Box::new(Worker::new(daemon.me, disk.promises.clone()).planting(planter)))
            } else if daemon.kind.is_worker() {
                Core::Worker(Box::new(Worker::new(daemon.me, disk.promises.clone())))
            } else if daemon.kind.watches() {
                Core::Watcher(Box::new(Watcher::new(daemon.me, Choice { percent: 100, seed: [0; 32] })))
            } else {
                Core::Validator(Box::new(Validator::new(daemon.me, disk.seals.clone(), disk.results.clone())))
            });
        }
        if !self.rng.percent(self.faults.unseen) {
            let Daemon { me, kind, .. } = self.daemons[index];
            let (views, served) = (self.chain.duties(&me, kind.watches()), self.chain.served(&me));
            self.daemons[index].latest = Some((height, finalized, views, served));
            let facts = matches!(kind, Kind::Planter(_)).then(|| Event::Plants(self.facts(index)));
            self.feed(index, facts);
        }
        let (due, later): (Vec<_>, Vec<_>) = self.daemons[index].running.drain(..).partition(|(at, _)| *at <= height);
        self.daemons[index].running = later;
        for (_, action) in due {
            if self.daemons[index].core.is_none() {
                return;
            }
            let about = subject(&action);
            let gets_nothing = self.daemons[index].kind == Kind::Blind && !matches!(action, Action::Hold(_));
            let failed = gets_nothing || self.rng.percent(self.faults.failed);
            let done = if failed { None } else { self.carry_out(index, &action) };
            if self.rng.percent(self.faults.killed) {
                return self.kill(index);
            }
            self.feed(index, Some(done.unwrap_or(Event::Failed(about))));
        }
    }

    /// Gives the core what was reported and the latest block, as the shell does, and starts what it says.
    fn feed(&mut self, index: usize, event: Option<Event>) {
        let Some((best, finalized, views, served)) = self.daemons[index].latest.clone() else { return };
        let Some(core) = &mut self.daemons[index].core else { return };
        let mut actions: Vec<Action> = event.into_iter().flat_map(|event| core.on(event)).collect();
        actions.extend(core.on(Event::Block { best, finalized, views: views.into(), served: served.into() }));
        for action in actions {
            if self.rng.percent(self.faults.killed) {
                return self.kill(index);
            }
            match action {
                Action::Submit(call) => self.submit(index, call),
                Action::Post(call) => self.post(planting(&self.daemons[index].me), call),
                Action::ForgetPlan(attempt) => drop(self.daemons[index].disk.plans.remove(&attempt)),
                Action::Forget(attempt) => {
                    let disk = &mut self.daemons[index].disk;
                    disk.promises.remove(&attempt);
                    disk.seals.remove(&attempt);
                    disk.results.remove(&attempt);
                }
                action => {
                    let at = self.chain.height + self.rng.below(4) as Height;
                    self.daemons[index].running.push((at, action));
                }
            }
        }
    }

    fn submit(&mut self, index: usize, call: Call) {
        let daemon = &self.daemons[index];
        let (me, kind) = (daemon.me, daemon.kind);
        self.check_equivocation(index, &call);
        self.check_finality(index, &call);
        if kind == Kind::Mute(call.name()) || kind == Kind::Absent {
            return;
        }
        self.post(me, call);
    }

    /// Hands in an extrinsic of an account.
    fn post(&mut self, by: Account, call: Call) {
        let copies = if self.rng.percent(self.faults.doubled) { 2 } else { 1 };
        for _ in 0..copies {
            let is_lost = self.rng.percent(self.faults.lost);
            if !self.loses(by, &call, is_lost) {
                let at = self.chain.height + 1 + self.rng.below(4) as Height;
                self.chain.pool.push((at, by, call.clone()));
            }
        }
    }

    /// Whether a call that may be lost is, by how often it was before.
    fn loses(&mut self, by: Account, call: &Call, may_be: bool) -> bool {
        let known = self.lost.iter().position(|(who, lost, _)| *who == by && lost == call);
        let times = known.map_or(0, |at| self.lost.swap_remove(at).2);
        let is_lost = may_be && times < MOST_LOST;
        if is_lost {
            self.lost.push((by, call.clone(), times + 1));
        }
        is_lost
    }

    /// What the chain says of a planting account. Only what was posted long ago is final.
    fn facts(&self, index: usize) -> Facts {
        let Daemon { me, disk, .. } = &self.daemons[index];
        let account = planting(me);
        let own = || self.chain.plants.iter().filter(|(_, plant)| plant.owner == account);
        let posted = own().filter(|(_, plant)| plant.posted_at <= self.finalized);
        let standing = own().filter(|(_, plant)| plant.posted_at > self.finalized);
        let slashes = self.chain.waiting.iter().map(|(id, _, result, _)| (*id, *result));
        let slashes: Vec<_> = slashes.filter(|(_, result)| result.worker == *me).collect();
        let is_over = |(attempt, plan): &(&Attempt, &Plan)| {
            let result = plan.result(*me, **attempt);
            let waits = slashes.iter().any(|(_, convicted)| *convicted == result);
            is_void(self.chain.shards.get(&attempt.shard), true, &result) && !waits
        };
        Facts {
            finalized: self.finalized,
            spendable: QRN * 1_000,
            free_bond: 1_000,
            places: 64,
            is_apprentice: false,
            posted: posted.map(|(hash, plant)| (*hash, plant.clone())).collect(),
            standing: standing.map(|(hash, _)| *hash).collect(),
            over: disk.plans.iter().filter(is_over).map(|(attempt, _)| *attempt).collect(),
            lost: HashSet::new(),
            slashes,
            views: self.chain.duties(&account, false),
        }
    }

    /// Nobody, whatever happened to it, commits to two results or seals two answers.
    fn check_equivocation(&mut self, index: usize, call: &Call) {
        let daemon = &self.daemons[index];
        let mut views = daemon.latest.iter().flat_map(|(_, _, views, _)| views);
        let rounds: HashMap<ShardId, Round> =
            views.clone().map(|view| (view.shard.id, Round::of(&view.shard))).collect();
        match call {
            Call::Commit(list) => {
                for (id, root, _) in list {
                    let first = self.roots.entry((daemon.me, rounds[id].attempt)).or_insert(*root);
                    assert_eq!(first, root, "{:?} commits twice", daemon.kind);
                }
            }
            Call::CommitAudit(id, seal) => {
                let sample = views.find(|view| view.shard.id == *id).map(|view| Round::of_sample(&view.shard));
                let first = self.seals.entry((daemon.me, sample.unwrap())).or_insert(*seal);
                assert_eq!(first, seal, "{:?} seals twice", daemon.kind);
            }
            _ => {}
        }
    }

    /// Nobody tells what others could copy, or adapt to, while a fork may still let them; unless its time is nearly over.
    fn check_finality(&self, index: usize, call: &Call) {
        let (id, since) = match call {
            Call::RevealResults(id, _) => (id, &self.chain.sealed_at),
            Call::RevealAudit(id, ..) => (id, &self.chain.told_at),
            _ => return,
        };
        let (best, finalized, views, _) = self.daemons[index].latest.as_ref().expect("it has seen a block");
        let shard = &views.iter().find(|view| view.shard.id == *id).expect("it has something to do there").shard;
        let presses = best + PRESSING_BLOCKS + 1 >= shard.expires().expect("it is owed in time");
        assert!(presses || since[&Round::of(shard)] <= *finalized, "told before it is final: {call:?}");
    }

    fn kill(&mut self, index: usize) {
        self.kills += 1;
        let daemon = &mut self.daemons[index];
        daemon.core = None;
        daemon.desk = Desk::default();
        daemon.running.clear();
        daemon.latest = None;
        daemon.down_until = self.chain.height + self.rng.below(5) as Height;
    }

    fn up(&self, who: &Account) -> Option<&Daemon> {
        self.daemons.iter().find(|daemon| daemon.me == *who && daemon.core.is_some())
    }

    /// The worker of a shard, while it is willing to show what it has.
    fn server(&self, shard: &Shard) -> Option<&Daemon> {
        let worker = self.up(&shard.deal()?.worker)?;
        let is_over = matches!(shard.phase, Phase::Disputed { .. }) && !worker.kind.is_honest();
        (!is_over).then_some(worker)
    }

    /// Carries out an action; `None` when it fails.
    fn carry_out(&mut self, index: usize, action: &Action) -> Option<Event> {
        match action {
            Action::FetchInputs(view) => {
                self.fetch_inputs(index, &view.shard)?;
                Some(Event::Fetched(Attempt::of(&view.shard)))
            }
            Action::Execute(view) => Some(self.execute(index, view)),
            Action::ShowOpening(view) => self.show_opening(index, view),
            Action::ShowResults(view) => self.show_results(index, view),
            Action::Publish(attempt) => {
                self.daemons[index].desk.published.insert(attempt.shard);
                Some(Event::Shown(*attempt, Stage::Published))
            }
            Action::Defend(view, id) => self.defend(index, view, *id),
            Action::ShowTrace(view, id) => {
                let (_, dispute) = view.disputes.iter().find(|(of, _)| of == id)?;
                let (_, outputs) = self.own_trace(index, dispute)?;
                self.daemons[index].desk.traces.insert(*id, outputs);
                Some(Event::Traced(*id))
            }
            Action::Audit(view) => self.audit(index, view),
            Action::Rerun(view) => self.rerun(index, view),
            Action::CheckResults(view) => self.check_results(index, view),
            Action::Prosecute(view, id) => self.prosecute(index, view, *id),
            Action::Hold(attempt) => {
                let worker = self.up(&self.chain.shards[&attempt.shard].deal()?.worker)?;
                worker.desk.published.contains(&attempt.shard).then_some(())?;
                self.daemons[index].desk.published.insert(attempt.shard);
                Some(Event::Held(*attempt))
            }
            Action::Compare(view, task) => self.compare(index, view, *task),
            Action::Plan(view, kind, deposit) => Some(self.plan(index, view, *kind, *deposit)),
            Action::Confirm(attempt) => {
                self.daemons[index].disk.plans.get_mut(attempt)?.progress = Progress::Confirmed;
                Some(Event::Confirmed(*attempt))
            }
            Action::Abandon(attempt) => {
                let disk = &mut self.daemons[index].disk;
                disk.plans.get_mut(attempt)?.progress = Progress::Abandoned;
                disk.promises.remove(attempt);
                Some(Event::Abandoned(*attempt))
            }
            Action::Recompute(view, position) => {
                let id = self.recompute(index, view, *position)?;
                Some(Event::Recomputed(Attempt::of(&view.shard), *position, id))
            }
            Action::FindLeaf(view, position, _) => {
                let leaf = self.chain.leaves.get(&(view.shard.id, *position))?.clone();
                Some(Event::LeafShown(Attempt::of(&view.shard), *position, leaf))
            }
            Action::Submit(_) | Action::Post(_) | Action::Forget(_) | Action::ForgetPlan(_) => None,
        }
    }

    fn plan(&mut self, index: usize, view: &ShardView, kind: planter::Kind, deposit: Balance) -> Event {
        let attempt = Attempt::of(&view.shard);
        assert!(!self.daemons[index].disk.plans.contains_key(&attempt), "an attempt is planned twice");
        let salt = self.rng.secret();
        let Phase::Running { by, .. } = view.shard.phase else { panic!("plans what is not running") };
        let executor = match kind {
            planter::Kind::Error => WORLD.lying.as_ref(),
            planter::Kind::Decoy => WORLD.honest.as_ref(),
        };
        let Event::Executed(_, promise) = self.execute_on(index, view, executor) else { unreachable!() };
        let plan = Plan { kind, root: promise.root, salt, deposit, by, progress: Progress::Drafted };
        if plan.lies() {
            self.planted.insert(plan.root);
        }
        self.daemons[index].disk.plans.insert(attempt, plan.clone());
        Event::Planned(attempt, promise, plan)
    }

    /// Whether the requester serves nothing now.
    fn is_away(&self) -> bool {
        self.away.is_some_and(|(from, to)| (from..to).contains(&self.chain.height))
    }

    /// Fetches the job's inputs from the requester, or else from whoever has a part in the shard or said that it has them.
    fn fetch_inputs(&mut self, index: usize, shard: &Shard) -> Option<()> {
        let others = shard.parties().into_iter().chain(shard.holder);
        let serves = |who: &Account| {
            self.up(who).is_some_and(|daemon| daemon.disk.inputs && (self.shared || !daemon.kind.is_worker()))
        };
        let found = self.daemons[index].disk.inputs || !self.is_away() || others.into_iter().any(|who| serves(&who));
        self.daemons[index].disk.inputs |= found;
        found.then_some(())
    }

    fn executor(&self, index: usize) -> &'static dyn Executor {
        match self.daemons[index].kind {
            kind if kind.is_liar() => WORLD.lying.as_ref(),
            _ => WORLD.honest.as_ref(),
        }
    }

    /// What an auditor of a shard runs it on.
    fn auditing(&self, index: usize, shard: &Shard) -> &'static dyn Executor {
        let worker = shard.deal().is_some_and(|deal| {
            let plans = self.daemons.iter().find(|daemon| daemon.me == deal.worker).map(|daemon| &daemon.disk.plans);
            let plants = plans.and_then(|plans| plans.get(&Attempt::of(shard))).is_some_and(Plan::lies);
            plants || self.kinds[&deal.worker].is_liar()
        });
        match self.daemons[index].kind {
            Kind::Accomplice if worker => WORLD.lying.as_ref(),
            _ => WORLD.honest.as_ref(),
        }
    }

    fn execute(&mut self, index: usize, view: &ShardView) -> Event {
        self.execute_on(index, view, self.executor(index))
    }

    fn execute_on(&mut self, index: usize, view: &ShardView, executor: &dyn Executor) -> Event {
        let (shard, attempt) = (&view.shard, Attempt::of(&view.shard));
        let daemon = &mut self.daemons[index];
        let Phase::Running { by, .. } = shard.phase else { panic!("executes what is not running") };
        assert!(!daemon.disk.promises.contains_key(&attempt), "an attempt is executed twice");
        let mut ids = Vec::new();
        for task in shard.first_task..shard.first_task + shard.tasks {
            let mut state = Vec::new();
            for segment in 0..WORLD.segments() {
                let (next, id) = WORLD.run_segment(executor, task, segment, &state);
                daemon.disk.put_state(&next);
                ids.push(id);
                state = next;
                if daemon.kind == Kind::Divider && segment == FALSE_CHECKPOINT {
                    let mut bytes = state[0].bytes.to_vec();
                    bytes[0] ^= 1;
                    let false_state = vec![Tensor::new(state[0].ty, bytes)];
                    daemon.disk.put_state(&false_state);
                    *ids.last_mut().unwrap() = BlobId::of_list(&[false_state[0].id()]);
                }
            }
        }
        let secret = self.rng.secret();
        let root = BlobId::of(&leaf_list(&secret, &daemon.me, &shard.id, &ids));
        let promise = Promise { by, secret, ids, root };
        daemon.disk.promises.insert(attempt, promise.clone());
        Event::Executed(attempt, promise)
    }

    fn leaves(&self, index: usize, shard: &Shard, positions: &[u32]) -> Option<Vec<LeafProof>> {
        let daemon = &self.daemons[index];
        daemon.disk.promises.get(&Attempt::of(shard))?.leaf_proofs(&daemon.me, &shard.id, positions)
    }

    fn show_opening(&mut self, index: usize, view: &ShardView) -> Option<Event> {
        let round = Round::of(&view.shard);
        assert!(round.drawn_at <= self.finalized, "shows checkpoints before the draw is final");
        let leaves = self.leaves(index, &view.shard, &view.shard.opened_positions())?;
        let disk = &self.daemons[index].disk;
        let checkpoint = |leaf: LeafProof| {
            let tensors = disk.blobs[&leaf.id].chunks(32).map(|id| BlobId(id.try_into().unwrap())).collect();
            Checkpoint { leaf, tensors }
        };
        let checkpoints = leaves.into_iter().map(checkpoint).collect();
        let kind = self.daemons[index].kind;
        if !matches!(kind, Kind::Withholder | Kind::HiddenLiar | Kind::Framer { withholds: true }) {
            self.daemons[index].desk.openings.insert(round, checkpoints);
        }
        Some(Event::Shown(round.attempt, Stage::Opening(round.drawn_at)))
    }

    fn show_results(&mut self, index: usize, view: &ShardView) -> Option<Event> {
        let round = Round::of(&view.shard);
        let leaves = self.leaves(index, &view.shard, &view.shard.audit()?.sample)?;
        let daemon = &mut self.daemons[index];
        if !matches!(daemon.kind, Kind::Liar { hides_results: true, .. } | Kind::Hider) {
            daemon.desk.results.insert(round, leaves);
        }
        Some(Event::Shown(round.attempt, Stage::Results(round.drawn_at)))
    }

    fn own_trace(&self, index: usize, dispute: &Dispute) -> Option<(Vec<BlobId>, Vec<Tensor>)> {
        let disk = &self.daemons[index].disk;
        let list = dispute.start.map_or(Some(Vec::new()), |start| disk.blobs.get(&start).cloned())?;
        let ids: Vec<BlobId> = list.chunks(32).map(|id| BlobId(id.try_into().unwrap())).collect();
        let state = tensors(&ids, |id| disk.blobs.get(&id).cloned())?;
        let is_auditor = dispute.defendant != Defendant::Worker;
        let shard = &self.chain.shards[&dispute.shard];
        let lies = disk.plans.get(&Attempt::of(shard)).is_some_and(Plan::lies);
        let executor = match is_auditor {
            true => self.auditing(index, shard),
            false if lies => WORLD.lying.as_ref(),
            false => self.executor(index),
        };
        let mut outputs = WORLD.trace(executor, dispute.task, dispute.segment, &state);
        // The first operator is nowhere a result.
        if matches!(self.daemons[index].kind, Kind::Framer { .. }) {
            let mut bytes = outputs[0].bytes.to_vec();
            bytes[0] ^= 1;
            outputs[0].bytes = bytes.into();
        }
        Some((ids, outputs))
    }

    fn defend(&mut self, index: usize, view: &ShardView, id: DisputeId) -> Option<Event> {
        let (_, dispute) = view.disputes.iter().find(|(of, _)| *of == id)?;
        if let Some(defence) = self.own_ids(index, view, dispute)? {
            return Some(Event::Defended(id, Box::new(dispute.clone()), defence));
        }
        let (ids, outputs) = self.own_trace(index, dispute)?;
        let defence = match &dispute.turn {
            Move::Trace | Move::Part { .. } => {
                let defence = defend_trace(&WORLD.program, dispute, &ids, &outputs)?;
                self.daemons[index].desk.traces.insert(id, outputs);
                defence
            }
            Move::Output { op, node } => {
                let bytes = &outputs[usize::from(*op)].bytes;
                let node = Node { first_chunk: node.first_chunk, chunks: node.chunks };
                let range = node.bytes(bytes.len() as u64);
                match node.chunks {
                    0 | 1 => Defence::Chunk(bytes[range.start as usize..range.end as usize].to_vec()),
                    _ => Defence::Subtrees(open_subtrees(bytes, node).unwrap()),
                }
            }
            _ => panic!("the challenger owes this move"),
        };
        Some(Event::Defended(id, Box::new(dispute.clone()), defence))
    }

    /// What a search asks for, as the site answers it, if the turn is one of a search; fails when what was promised is forgotten by now.
    fn own_ids(&self, index: usize, view: &ShardView, dispute: &Dispute) -> Option<Option<Defence>> {
        let (disk, attempt) = (&self.daemons[index].disk, Attempt::of(&view.shard));
        if dispute.defendant != Defendant::Worker {
            let probes = dispute.probes(&WORLD.program);
            let own = disk.seals.get(&attempt)?.tasks.iter().find(|(task, _)| *task == dispute.task);
            let ids = |own: &Vec<BlobId>| probes.iter().map(|segment| own[*segment as usize]).collect();
            return Some(own.filter(|_| !probes.is_empty()).map(|(_, own)| Defence::Ids(ids(own))));
        }
        match &dispute.turn {
            Move::Ids(search) => {
                let promise = disk.promises.get(&attempt)?;
                let first = (dispute.task - view.shard.first_task) * WORLD.segments();
                let ids = search.probes().into_iter().map(|segment| promise.ids[(first + segment) as usize]);
                Some(Some(Defence::Ids(ids.collect())))
            }
            Move::Prove => {
                let leaf = |position: u32| self.leaves(index, &view.shard, &[position]).and_then(|mut leaf| leaf.pop());
                let start = dispute.start.and_then(|_| leaf(dispute.position - 1));
                Some(Some(Defence::Prove { start, end: leaf(dispute.position)? }))
            }
            _ => Some(None),
        }
    }

    /// Runs the drawn tasks from their inputs.
    fn rerun(&mut self, index: usize, view: &ShardView) -> Option<Event> {
        self.fetch_inputs(index, &view.shard)?;
        let (shard, round) = (&view.shard, Round::of(&view.shard));
        let audit = shard.audit()?;
        let mut tasks = Vec::new();
        for (task, last) in shard.reruns() {
            let (mut state, mut ids) = (Vec::new(), Vec::new());
            for segment in 0..=last {
                let (results, id) = WORLD.run_segment(self.auditing(index, shard), task, segment, &state);
                self.daemons[index].disk.put_state(&results);
                ids.push(id);
                state = results;
            }
            tasks.push((task, ids));
        }
        let own = |position: &u32| {
            let (task, segment) = shard.locate(*position)?;
            let (_, ids) = tasks.iter().find(|(of, _)| *of == task)?;
            ids.get(segment as usize).copied()
        };
        let mut ids = audit.sample.iter().map(own).collect::<Option<Vec<_>>>()?;
        if matches!(self.daemons[index].kind, Kind::Lazy | Kind::Conspirator) {
            ids.iter_mut().for_each(|id| *id = BlobId(self.rng.secret()));
        }
        let sealed = Sealed { sampled_at: audit.sampled_at, salt: self.rng.secret(), ids, starts: Vec::new(), tasks };
        Some(Event::Audited(round.attempt, self.daemons[index].disk.keep_seal(round.attempt, sealed)))
    }

    fn audit(&mut self, index: usize, view: &ShardView) -> Option<Event> {
        self.fetch_inputs(index, &view.shard)?;
        let (shard, round) = (&view.shard, Round::of(&view.shard));
        let audit = shard.audit()?;
        let opened = if shard.opened_positions().is_empty() {
            Vec::new()
        } else {
            let worker = self.up(&shard.deal()?.worker)?;
            let is_served = worker.kind != Kind::Divider || index.is_multiple_of(2);
            let opened = worker.desk.openings.get(&round).filter(|_| is_served)?.clone();
            committed(shard).verify_opening(&opened, &shard.opened_positions(), &audit.opened?).ok()?;
            opened
        };
        let mut ids = Vec::new();
        let mut next = opened.iter();
        for (first, count) in shard.runs() {
            let (task, start) = shard.locate(first)?;
            let mut state = Vec::new();
            if start > 0 {
                state = self.fetch(index, shard, &next.next()?.tensors)?;
                self.daemons[index].disk.put_state(&state);
            }
            for segment in start..start + count {
                let (results, id) = WORLD.run_segment(self.auditing(index, shard), task, segment, &state);
                self.daemons[index].disk.put_state(&results);
                ids.push(id);
                state = results;
            }
        }
        if matches!(self.daemons[index].kind, Kind::Lazy | Kind::Conspirator) {
            ids.iter_mut().for_each(|id| *id = BlobId(self.rng.secret()));
        }
        let starts = opened.into_iter().map(|checkpoint| checkpoint.leaf).collect();
        let sealed = Sealed { sampled_at: audit.sampled_at, salt: self.rng.secret(), ids, starts, tasks: Vec::new() };
        Some(Event::Audited(round.attempt, self.daemons[index].disk.keep_seal(round.attempt, sealed)))
    }

    /// Tensors of a checkpoint: from the own disk, else from the worker, while it shows them.
    fn fetch(&mut self, index: usize, shard: &Shard, ids: &[BlobId]) -> Option<Vec<Tensor>> {
        let own = &self.daemons[index].disk.blobs;
        let worker = self.server(shard);
        let opened = worker.and_then(|worker| worker.desk.openings.get(&Round::of(shard)));
        let shows = |id: &BlobId| opened.is_some_and(|list| list.iter().any(|of| of.tensors.contains(id)));
        let found = tensors(ids, |id| {
            own.get(&id).cloned().or_else(|| worker.filter(|_| shows(&id))?.disk.blobs.get(&id).cloned())
        })?;
        for tensor in &found {
            self.daemons[index].disk.put(tensor.bytes.clone());
        }
        Some(found)
    }

    /// Runs a task again and compares it with what its worker has published.
    fn compare(&mut self, index: usize, view: &ShardView, task: u32) -> Option<Event> {
        let (shard, attempt) = (&view.shard, Attempt::of(&view.shard));
        let worker = self.up(&shard.deal()?.worker)?;
        worker.desk.published.contains(&shard.id).then_some(())?;
        let (me, promise) = (worker.me, worker.disk.promises.get(&attempt)?.clone());
        let first = (task - shard.first_task) * WORLD.segments();
        let mut state = Vec::new();
        for segment in 0..WORLD.segments() {
            let (results, id) = WORLD.run_segment(WORLD.honest.as_ref(), task, segment, &state);
            for tensor in &results {
                self.daemons[index].disk.put(tensor.bytes.clone());
            }
            let position = first + segment;
            // A prosecutor challenges what is right, where it was audited.
            let is_drawn = shard.window().is_some_and(|window| window.confirmed.sample.contains(&position))
                || shard.accused().is_some_and(|accused| accused.confirmed.sample.contains(&position));
            let frames = self.daemons[index].kind == Kind::Prosecutor && is_drawn;
            if promise.ids[position as usize] != id || frames {
                let leaf = |at: u32| promise.leaf_proofs(&me, &shard.id, &[at]).and_then(|mut leaf| leaf.pop());
                let start = if segment == 0 { None } else { leaf(position - 1) };
                self.daemons[index].disk.put_state(&state);
                let difference = Difference { position, start, end: leaf(position)? };
                return Some(Event::Compared(attempt, task, Some(difference)));
            }
            state = results;
        }
        Some(Event::Compared(attempt, task, None))
    }

    fn recompute(&mut self, index: usize, view: &ShardView, position: u32) -> Option<BlobId> {
        let (task, last) = view.shard.locate(position)?;
        let (mut state, mut id) = (Vec::new(), None);
        for segment in 0..=last {
            let (results, end) = WORLD.run_segment(WORLD.honest.as_ref(), task, segment, &state);
            for tensor in &results {
                self.daemons[index].disk.put(tensor.bytes.clone());
            }
            self.daemons[index].disk.put_state(&state);
            (state, id) = (results, Some(end));
        }
        id
    }

    fn check_results(&mut self, index: usize, view: &ShardView) -> Option<Event> {
        let (shard, round) = (&view.shard, Round::of(&view.shard));
        let audit = shard.audit()?;
        let leaves = match view.answered.is_empty() {
            true => self.server(shard)?.desk.results.get(&round)?.clone(),
            false => view.answered.clone(),
        };
        committed(shard).verify_results(&leaves, &audit.sample, &audit.results?).ok()?;
        let shown = ShownResults { drawn_at: audit.drawn_at, leaves };
        self.daemons[index].disk.results.insert(round.attempt, shown.clone());
        Some(Event::Checked(round.attempt, shown))
    }

    fn prosecute(&mut self, index: usize, view: &ShardView, id: DisputeId) -> Option<Event> {
        let (_, dispute) = view.disputes.iter().find(|(of, _)| *of == id)?;
        if let Move::Pick { search, ids } = &dispute.turn {
            if matches!(self.daemons[index].kind, Kind::Prosecutor | Kind::Conspirator) {
                let pick = Prosecution::Pick(self.rng.below(ids.len() + 1) as u32);
                return Some(Event::Prosecuted(id, Box::new(dispute.clone()), pick));
            }
            let own = self.own_ends(index, view, dispute.task);
            let differs = |(segment, id): (&u32, &BlobId)| own[*segment as usize] != *id;
            let first = search.probes().iter().zip(ids).position(differs).unwrap_or(ids.len());
            return Some(Event::Prosecuted(id, Box::new(dispute.clone()), Prosecution::Pick(first as u32)));
        }
        let trace = dispute.trace.as_ref()?;
        let state = self.fetch(index, &view.shard, trace.state())?;
        let own = WORLD.trace(WORLD.honest.as_ref(), dispute.task, dispute.segment, &state);
        let is_right = trace.whole().is_some_and(|trace| reference::trace_ids(&own) == trace.outputs.as_slice());
        if matches!(self.daemons[index].kind, Kind::Prosecutor | Kind::Conspirator) && is_right {
            let next = self.harass(dispute, &own, &state)?;
            return Some(Event::Prosecuted(id, Box::new(dispute.clone()), next));
        }
        let next = match &dispute.turn {
            Move::Name | Move::NamePart | Move::NameInPart { .. } => name_difference(&WORLD.program, dispute, &own)?,
            Move::Convict { op, shown, chunk } => {
                let state: Vec<&[u8]> = state.iter().map(|tensor| tensor.bytes.as_ref()).collect();
                let outputs: Vec<&[u8]> = own.iter().map(|tensor| tensor.bytes.as_ref()).collect();
                let evidence = Evidence {
                    program: &WORLD.program,
                    stage: &WORLD.context,
                    task: dispute.task,
                    segment: dispute.segment,
                    state: &state,
                    outputs: &outputs,
                };
                let blob = |_: u16, part: &Part| WORLD.blob(part);
                let worker = self.up(&dispute.worker);
                let worker = worker.filter(|worker| !matches!(worker.kind, Kind::Liar { hides_traces: true, .. }));
                let served = worker.and_then(|worker| worker.desk.traces.get(&id)?.get(usize::from(*op)));
                let conviction = match (chunk, served) {
                    (Some((index, bytes)), _) => evidence.convict_chunk(*op, *index, bytes, blob),
                    (None, Some(theirs)) => evidence.convict(*op, &theirs.bytes, blob),
                    (None, None) => {
                        let index = differing_node(outputs[usize::from(*op)], shown)?;
                        let demand = Prosecution::Demand(index);
                        return Some(Event::Prosecuted(id, Box::new(dispute.clone()), demand));
                    }
                };
                match conviction.ok()? {
                    Conviction::Element { element, output, reads } => Prosecution::Convict { element, output, reads },
                    Conviction::Length { len, proof } => Prosecution::ConvictLength { len, proof },
                }
            }
            _ => panic!("the worker owes this move"),
        };
        Some(Event::Prosecuted(id, Box::new(dispute.clone()), next))
    }

    /// Ids of a task's ends, as an own run from the inputs has them: an auditor's, or one that is made now.
    fn own_ends(&mut self, index: usize, view: &ShardView, task: u32) -> Vec<BlobId> {
        let sealed = self.daemons[index].disk.seals.get(&Attempt::of(&view.shard));
        if let Some((_, own)) = sealed.and_then(|sealed| sealed.tasks.iter().find(|(of, _)| *of == task)) {
            return own.clone();
        }
        let mut state = Vec::new();
        let run = |segment| {
            let (results, id) = WORLD.run_segment(WORLD.honest.as_ref(), task, segment, &state);
            self.daemons[index].disk.put_state(&results);
            state = results;
            id
        };
        (0..WORLD.segments()).map(run).collect()
    }

    /// A move against a trace that is right: an operator, an output that is asked for, or an element of it that is recomputed.
    fn harass(&mut self, dispute: &Dispute, own: &[Tensor], state: &[Tensor]) -> Option<Prosecution> {
        match &dispute.turn {
            Move::Name => Some(Prosecution::Name(self.rng.below(own.len()) as u16)),
            Move::Convict { chunk: None, shown, .. } if self.rng.percent(50) => {
                Some(Prosecution::Demand(self.rng.below(shown.len()) as u32))
            }
            Move::Convict { op, .. } => {
                let state: Vec<&[u8]> = state.iter().map(|tensor| tensor.bytes.as_ref()).collect();
                let outputs: Vec<&[u8]> = own.iter().map(|tensor| tensor.bytes.as_ref()).collect();
                let (task, segment) = (dispute.task, dispute.segment);
                let (program, stage) = (&WORLD.program, &WORLD.context);
                let evidence = Evidence { program, stage, task, segment, state: &state, outputs: &outputs };
                let output = outputs[usize::from(*op)];
                let width = own[usize::from(*op)].ty.dtype.bytes();
                let element = self.rng.below(output.len() / width as usize) as u64;
                let reads = evidence.reads(*op, element, |_, part| WORLD.blob(part)).ok()?;
                let output = quern_primitives::slice::prove(output, element * width..(element + 1) * width);
                Some(Prosecution::Convict { element, output: Some(output), reads })
            }
            _ => None,
        }
    }

    /// What must be true at the end, whatever happened.
    fn check(&self) {
        if self.away.is_none() {
            let is_honest = |who: &Account| self.kinds[who].is_honest();
            assert!(!self.chain.vacated.iter().any(is_honest), "an honest validator lost its seat");
        }
        assert!(!self.chain.punished.iter().any(|who| self.kinds[who].is_honest()), "a planter was punished");
        for (kind, offender, worker) in &self.chain.offences {
            // Convicted of what was planted, and of nothing else.
            let what = self.kinds[offender];
            if matches!(what, Kind::Planter(_)) && *kind == OffenceKind::WrongResult {
                continue;
            }
            assert!(!what.is_honest(), "{what:?} is accused of {kind:?} with {:?}", self.kinds[worker]);
        }
        for shard in self.chain.shards.values().filter(|shard| !self.chain.failed || shard.phase != Phase::Queued) {
            let Phase::Settled { deal, auditors, paid: true, .. } = &shard.phase else { panic!("not paid: {shard:?}") };
            let root = shard.commitment().expect("it was committed").root;
            assert!(!self.planted.contains(&root), "a planted error was paid");
            // A result that is right is paid, however its worker behaves.
            let worker = self.kinds[&deal.worker];
            assert!(
                worker.is_honest() || matches!(worker, Kind::Withholder | Kind::Divider | Kind::Framer { .. }),
                "{worker:?} was paid"
            );
            for who in auditors.iter().chain([&deal.worker]) {
                let daemon = self.up(who).expect("everybody is up at the end");
                assert!(daemon.desk.published.contains(&shard.id), "{:?} does not serve the outputs", daemon.kind);
            }
        }
        for (who, kind) in &self.kinds {
            if kind.is_liar() && self.chain.committed.contains(who) {
                assert!(self.chain.is_barred(who), "{kind:?} has got away with a lie");
            }
        }
    }
}

/// Runs of a job whose requester serves nothing between two heights.
fn without_requester(kinds: &[Kind], away: (Height, Height), shared: bool, params: Params) -> Vec<Simulation> {
    let run = |seed: u64| {
        let mut simulation = Simulation::new(seed, kinds, BAD);
        (simulation.away, simulation.shared, simulation.chain.params) = (Some(away), shared, params);
        simulation.run();
        simulation.check();
        simulation
    };
    // Each takes as long as several others: rounds of audits that come to nothing, and pauses.
    (0..SEEDS / 10).map(run).collect()
}

/// The account that a worker plants from.
fn planting(worker: &Account) -> Account {
    worker.map(|byte| byte ^ 0x80)
}

fn committed(shard: &Shard) -> Committed {
    let (deal, commitment) = shard.deal().zip(shard.commitment()).unwrap();
    Committed { shard: shard.id, worker: deal.worker, root: commitment.root, leaves: shard.leaves() }
}

fn tensors(ids: &[BlobId], find: impl Fn(BlobId) -> Option<Vec<u8>>) -> Option<Vec<Tensor>> {
    let types = WORLD.program.state_types();
    ids.iter().zip(types).map(|(id, ty)| Some(Tensor { ty: *ty, bytes: find(*id)?.into() })).collect()
}

fn simulate(kinds: &[Kind], faults: Faults) -> Vec<Simulation> {
    simulate_drawing(3, kinds, faults)
}

/// The same where so many segments are drawn of a shard.
fn simulate_drawing(samples: usize, kinds: &[Kind], faults: Faults) -> Vec<Simulation> {
    let simulate = |seed: u64| {
        let mut simulation = Simulation::new(seed, kinds, faults);
        simulation.chain.samples = samples;
        simulation.run();
        simulation.check();
        simulation
    };
    let seeds = match std::env::var("SEED") {
        Ok(seed) => vec![seed.parse().expect("SEED is a number")],
        Err(_) => (0..SEEDS).collect(),
    };
    let run = |seed: u64| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| simulate(seed)))
            .unwrap_or_else(|_| panic!("failed with SEED={seed}"))
    };
    seeds.into_iter().map(run).collect()
}

/// Bad days for everybody, but within what the deadlines allow for: no call is lost more than [`MOST_LOST`] times in a row.
const BAD: Faults = Faults { lost: 15, doubled: 10, failed: 20, killed: 2, unseen: 20 };

/// Days on which no audit from the inputs takes so long that its validator gives it up.
const MILD: Faults = Faults { lost: 10, doubled: 10, failed: 10, killed: 2, unseen: 10 };

use Kind::{
    Absent, Accomplice, Blind, HiddenLiar, Hider, HonestValidator, HonestWorker, Lazy, Mute, Prosecutor,
    Watcher as Watching, Withholder,
};

fn liar(hides_results: bool, hides_traces: bool) -> Kind {
    Kind::Liar { hides_results, hides_traces }
}

#[test]
fn shards_should_be_accepted_soon_when_nothing_goes_wrong() {
    for simulation in simulate(&[HonestWorker, HonestWorker, HonestValidator, HonestValidator], CALM) {
        assert!(simulation.chain.height < 270, "{} blocks", simulation.chain.height);
        assert!(simulation.chain.late.is_empty());
    }
}

#[test]
fn honest_daemons_should_never_be_accused_when_they_are_killed_and_their_messages_lost() {
    let kinds = [HonestWorker, HonestWorker, HonestValidator, HonestValidator, HonestValidator];
    let simulations = simulate(&kinds, BAD);
    assert!(simulations.iter().all(|simulation| simulation.chain.offences.is_empty()));
    let kills: u64 = simulations.iter().map(|simulation| simulation.kills).sum();
    assert!(kills > 2 * SEEDS, "only {kills} kills");
}

#[test]
fn liars_should_lose_when_honest_validators_have_bad_days() {
    let kinds = [
        HonestWorker,
        liar(false, false),
        liar(true, false),
        liar(false, true),
        liar(true, true),
        HonestValidator,
        HonestValidator,
        HonestValidator,
    ];
    let simulations = simulate(&kinds, BAD);
    let offences = simulations.iter().flat_map(|simulation| &simulation.chain.offences);
    let convicted = offences.filter(|(kind, ..)| *kind == OffenceKind::WrongResult).count();
    assert!(convicted > SEEDS as usize, "only {convicted} convictions");
}

#[test]
fn honest_worker_should_win_when_lazy_validators_seal_garbage() {
    let kinds = [HonestWorker, Hider, Lazy, Lazy, HonestValidator, HonestValidator];
    let simulations = simulate(&kinds, BAD);
    let offences = simulations.iter().flat_map(|simulation| &simulation.chain.offences);
    let refuted = offences.filter(|(kind, ..)| *kind == OffenceKind::FalseAlarm).count();
    assert!(refuted > SEEDS as usize / 2, "only {refuted} false alarms");
}

#[test]
fn shards_should_be_accepted_when_workers_fall_silent_at_any_step() {
    let kinds = [
        HonestWorker,
        HonestWorker,
        Mute("start"),
        Mute("commit"),
        Mute("open"),
        Mute("results"),
        HonestValidator,
        HonestValidator,
        HonestValidator,
    ];
    simulate(&kinds, BAD);
}

#[test]
fn right_result_should_be_paid_when_its_worker_serves_no_checkpoints() {
    let kinds = [Withholder, Withholder, HonestValidator, HonestValidator, HonestValidator];
    let simulations = simulate(&kinds, BAD);
    assert!(simulations.iter().all(|simulation| simulation.chain.offences.is_empty()));
    let claims: u64 = simulations.iter().map(|simulation| simulation.chain.claims).sum();
    assert!(claims > SEEDS, "only {claims} claims");
}

#[test]
fn hidden_lie_should_be_found_from_the_inputs_when_its_worker_serves_no_checkpoints() {
    let kinds = [HonestWorker, HiddenLiar, HiddenLiar, HonestValidator, HonestValidator, HonestValidator];
    let simulations = simulate(&kinds, BAD);
    let searches: u64 = simulations.iter().map(|simulation| simulation.chain.searches).sum();
    assert!(searches > SEEDS, "only {searches} searches");
    let offences = simulations.iter().flat_map(|simulation| &simulation.chain.offences);
    let convicted = offences.filter(|(kind, ..)| *kind == OffenceKind::WrongResult).count();
    assert!(convicted > SEEDS as usize, "only {convicted} convictions");
}

#[test]
fn everybody_should_get_what_is_due_when_all_kinds_of_daemons_meet() {
    let kinds = [
        HonestWorker,
        Hider,
        liar(true, true),
        liar(false, false),
        Mute("results"),
        Mute("commit"),
        HonestValidator,
        HonestValidator,
        HonestValidator,
        Lazy,
    ];
    simulate(&kinds, BAD);
}

#[test]
fn liars_should_lose_when_friends_among_the_drawn_fall_silent_or_claim_that_they_get_nothing() {
    let kinds = [
        HonestWorker,
        liar(false, false),
        liar(true, true),
        HiddenLiar,
        HonestValidator,
        HonestValidator,
        Absent,
        Absent,
        Blind,
        Blind,
    ];
    let simulations = simulate(&kinds, BAD);
    let chains = simulations.iter().map(|simulation| &simulation.chain);
    let refills: u64 = chains.clone().map(|chain| chain.refills).sum();
    assert!(refills > SEEDS, "only {refills} draws for vacant seats");
    let convicted = chains.flat_map(|chain| &chain.offences).filter(|(kind, ..)| *kind == OffenceKind::WrongResult);
    let convicted = convicted.count();
    assert!(convicted > SEEDS as usize, "only {convicted} convictions");
}

#[test]
fn right_results_should_be_paid_when_some_validators_fall_silent_or_claim_that_they_get_nothing() {
    let kinds = [HonestWorker, Hider, Withholder, HonestValidator, HonestValidator, HonestValidator, Absent, Blind];
    let simulations = simulate(&kinds, BAD);
    let fined = simulations.iter().flat_map(|simulation| &simulation.chain.offences);
    assert!(fined.clone().all(|(kind, ..)| *kind == OffenceKind::AuditNoShow) && fined.count() > 0);
    assert!(simulations.iter().all(|simulation| simulation.chain.released == 0));
}

#[test]
fn accepted_lie_should_be_overturned_by_a_watcher_when_all_drawn_validators_are_accomplices() {
    let liars = [liar(false, false), liar(false, true)];
    let kinds = [[HonestWorker].as_slice(), &liars, &[Accomplice; 6], &[HonestValidator; 2], &[Watching]].concat();
    let simulations = simulate(&kinds, CALM);
    let chains = || simulations.iter().map(|simulation| &simulation.chain);
    let overturned: u64 = chains().map(|chain| chain.overturned).sum();
    assert!(overturned > SEEDS / 2, "only {overturned} accepted lies were overturned");
    let is_wrong = |kind: &OffenceKind| matches!(kind, OffenceKind::WrongResult | OffenceKind::WrongAudit);
    assert!(chains().flat_map(|chain| &chain.offences).all(|(kind, ..)| is_wrong(kind)));
}

#[test]
fn auditors_should_lose_when_they_confirmed_a_lie_of_which_the_worker_is_convicted() {
    let liars = [liar(false, false), liar(false, true)];
    let kinds = [[HonestWorker].as_slice(), &liars, &[Accomplice; 8], &[HonestValidator; 2], &[Watching]].concat();
    // Everything is drawn, so that whoever confirms a lie confirmed it where it begins.
    let simulations = simulate_drawing((TASKS * WORLD.segments()) as usize, &kinds, CALM);
    let chains = || simulations.iter().map(|simulation| &simulation.chain);
    let count = |kind| chains().flat_map(|chain| &chain.offences).filter(|(of, ..)| *of == kind).count();
    let overturned: u64 = chains().map(|chain| chain.overturned).sum();
    assert!(overturned > SEEDS / 2, "only {overturned} accepted lies were overturned");
    let answer = chains().flat_map(|chain| &chain.answered_for).filter(|(_, was_accepted, _)| *was_accepted);
    assert_eq!(answer.map(|(.., auditors)| auditors).sum::<u64>(), 2 * overturned);
    let all: u64 = chains().flat_map(|chain| &chain.answered_for).map(|(.., auditors)| auditors).sum();
    assert_eq!(count(OffenceKind::WrongAudit) as u64, all);
}

#[test]
fn auditors_should_lose_when_they_confirmed_a_lie_that_another_drawn_one_had_convicted() {
    let liars = [liar(false, false), liar(true, false), liar(false, true)];
    let kinds = [[HonestWorker].as_slice(), &liars, &[Accomplice; 6], &[HonestValidator; 4], &[Watching]].concat();
    let (early, lost) = answered_early(&simulate(&kinds, CALM));
    assert!(early > SEEDS / 2, "only {early} auditors confirmed what was convicted before its acceptance");
    assert_eq!(lost, early);
}

/// How many auditors had confirmed what was convicted before its acceptance, and how many of them lost.
fn answered_early(simulations: &[Simulation]) -> (u64, u64) {
    let chains = || simulations.iter().map(|simulation| &simulation.chain);
    let early = chains().flat_map(|chain| &chain.answered_for).filter(|(_, was_accepted, _)| !was_accepted);
    (early.map(|(.., auditors)| auditors).sum(), chains().map(|chain| chain.early_lost).sum())
}

#[test]
fn friends_of_liars_should_lose_when_honest_validators_are_killed_and_their_messages_lost() {
    let liars = [liar(false, false), liar(true, true)];
    // One friend is never enough to have a lie accepted.
    let kinds = [[HonestWorker].as_slice(), &liars, &[Accomplice], &[HonestValidator; 3]].concat();
    let (early, lost) = answered_early(&simulate(&kinds, BAD));
    assert!(early > SEEDS / 4, "only {early} auditors confirmed what was convicted before its acceptance");
    assert_eq!(lost, early);
}

#[test]
fn honest_auditors_should_lose_nothing_when_a_drawn_friend_of_the_worker_convicts_it_to_frame_them() {
    for withholds in [false, true] {
        let framers = [Kind::Framer { withholds }; 3];
        let kinds = [[HonestWorker].as_slice(), &framers, &[HonestValidator; 4], &[Kind::Conspirator; 3]].concat();
        let simulations = simulate(&kinds, if withholds { MILD } else { BAD });
        let chains = || simulations.iter().map(|simulation| &simulation.chain);
        let accusations: u64 = chains().map(|chain| chain.early_accusations).sum();
        assert!(accusations > SEEDS / 4, "only {accusations} accusations before acceptance");
        let framed = chains().flat_map(|chain| &chain.offences).filter(|(kind, ..)| *kind == OffenceKind::WrongAudit);
        assert_eq!(framed.count(), 0);
    }
}

#[test]
fn honest_auditors_should_not_accuse_each_other_when_only_some_were_served_a_false_checkpoint() {
    let kinds = [[HonestWorker].as_slice(), &[Kind::Divider; 3], &[HonestValidator; 8]].concat();
    let simulations = simulate(&kinds, MILD);
    // Nobody who accused an honest auditor would get away without a fine, which none of the runs may have.
    let (confirmed, lost) = answered_early(&simulations);
    assert!(confirmed > SEEDS / 8, "only {confirmed} auditors confirmed what another one had convicted");
    assert_eq!(lost, 0);
}

#[test]
fn honest_auditors_should_lose_nothing_when_a_worker_is_convicted_by_a_friend_to_frame_them() {
    let kinds =
        [[HonestWorker].as_slice(), &[Kind::Framer { withholds: false }; 3], &[HonestValidator; 3], &[Prosecutor; 2]]
            .concat();
    let simulations = simulate(&kinds, BAD);
    let chains = || simulations.iter().map(|simulation| &simulation.chain);
    let accusations: u64 = chains().map(|chain| chain.accusations).sum();
    assert!(accusations > SEEDS / 2, "only {accusations} accusations");
    let framed = chains().flat_map(|chain| &chain.offences).filter(|(kind, ..)| *kind == OffenceKind::WrongAudit);
    assert_eq!(framed.count(), 0);
}

#[test]
fn honest_auditors_should_lose_nothing_when_they_are_framed_after_they_ran_the_tasks_from_their_inputs() {
    let framers = [Kind::Framer { withholds: true }; 2];
    let kinds = [[HonestWorker].as_slice(), &framers, &[HonestValidator; 3], &[Prosecutor; 2]].concat();
    let simulations = simulate(&kinds, MILD);
    let accusations: u64 = simulations.iter().map(|simulation| simulation.chain.accusations).sum();
    let reruns: u64 = simulations.iter().map(|simulation| simulation.chain.claims).sum();
    assert!(accusations > SEEDS / 2 && reruns > SEEDS, "only {accusations} accusations, {reruns} claims");
    let offences = || simulations.iter().flat_map(|simulation| &simulation.chain.offences);
    assert!(offences().all(|(kind, ..)| *kind != OffenceKind::WrongAudit));
}

/// Runs on until everything that was planted is over.
fn see_plants_through(simulations: &mut [Simulation]) {
    for simulation in simulations {
        for _ in 0..100 {
            simulation.block();
        }
        assert!(simulation.chain.plants.is_empty(), "left over: {:?}", simulation.chain.plants);
        // A block may take a hash as long as that, where finality lagged when it was sent.
        let last = simulation.chain.height + 2_048;
        while simulation.daemons.iter().any(|daemon| !daemon.disk.plans.is_empty()) {
            assert!(simulation.chain.height < last, "a plan is never forgotten");
            simulation.block();
        }
    }
}

#[test]
fn planters_should_never_be_punished_when_they_are_killed_at_any_step_and_their_messages_lost() {
    let kinds = [Kind::Planter(40), Kind::Planter(40), HonestWorker, HonestValidator, HonestValidator, HonestValidator];
    let mut simulations = simulate(&kinds, BAD);
    see_plants_through(&mut simulations);
    let chains = || simulations.iter().map(|simulation| &simulation.chain);
    assert!(chains().all(|chain| chain.punished.is_empty()));
    let opened: usize = chains().map(|chain| chain.opened.len()).sum();
    let decoys: u64 = chains().map(|chain| chain.decoys_opened).sum();
    assert!(opened > SEEDS as usize / 2 && decoys > SEEDS / 2, "only {opened} plants and {decoys} decoys were opened");
}

#[test]
fn lazy_auditors_should_lose_when_they_confirm_what_was_planted_and_attentive_ones_never() {
    let kinds = [[Kind::Planter(50)].as_slice(), &[HonestWorker], &[Accomplice; 8], &[HonestValidator; 2]].concat();
    let mut simulations = simulate_drawing((TASKS * WORLD.segments()) as usize, &kinds, CALM);
    see_plants_through(&mut simulations);
    let chains = || simulations.iter().map(|simulation| &simulation.chain);
    let count = |kind| chains().flat_map(|chain| &chain.offences).filter(|(of, ..)| *of == kind).count();
    let overturned: u64 = chains().map(|chain| chain.overturned).sum();
    assert!(overturned > SEEDS / 4, "only {overturned} plants that nobody had found were convicted");
    // Where an attentive one was among the drawn, those who confirmed answer before the acceptance.
    let early: u64 = chains().map(|chain| chain.early_lost).sum();
    assert_eq!(count(OffenceKind::WrongAudit) as u64, 2 * overturned + early, "each who confirmed one loses");
    assert!(chains().all(|chain| chain.punished.is_empty()));
    assert_eq!(chains().map(|chain| chain.opened.len()).sum::<usize>(), count(OffenceKind::WrongResult));
}

#[test]
fn nobody_should_be_challenged_by_a_watcher_when_all_results_are_right() {
    let kinds = [HonestWorker, Hider, HonestValidator, HonestValidator, Watching];
    let simulations = simulate(&kinds, BAD);
    assert!(simulations.iter().all(|simulation| simulation.chain.offences.is_empty()));
}

#[test]
fn job_should_be_completed_when_its_requester_stops_serving_for_a_while() {
    let kinds = [HonestWorker, HonestWorker, HonestWorker, HonestValidator, HonestValidator, HonestValidator];
    let simulations = without_requester(&kinds, (0, 700), true, Params::default());
    let chains = simulations.iter().map(|simulation| &simulation.chain);
    assert!(chains.clone().all(|chain| !chain.failed), "a job failed");
    assert!(chains.clone().all(|chain| chain.pauses > 0 && chain.probes > 0), "a job was never paused");
}

#[test]
fn job_should_fail_and_nobody_be_accused_when_its_requester_never_serves() {
    let kinds = [HonestWorker, HonestWorker, HonestWorker, HonestValidator, HonestValidator, HonestValidator];
    let params = Params { pause_blocks: 300, ..Params::default() };
    for simulation in without_requester(&kinds, (0, LAST_HEIGHT), true, params) {
        assert!(simulation.chain.failed && simulation.chain.pauses == 1);
        assert!(simulation.chain.offences.is_empty() && simulation.chain.compensated.is_empty());
    }
}

#[test]
fn nobody_should_be_paid_or_accused_when_the_requester_serves_its_workers_and_nobody_after_them() {
    // Workers that serve nobody either, so that no auditor has run anything: who would be paid could have committed to garbage.
    let kinds = [[HonestWorker; 2].as_slice(), &[HonestValidator; 14]].concat();
    let params = Params { pause_blocks: 300, ..Params::default() };
    let simulations = without_requester(&kinds, (24, LAST_HEIGHT), false, params);
    let chains = || simulations.iter().map(|simulation| &simulation.chain);
    assert!(chains().all(|chain| chain.offences.is_empty() && chain.compensated.is_empty()));
    assert!(chains().any(|chain| chain.probes > 0 && chain.pauses > 0), "nobody was asked");
}
