// SPDX-License-Identifier: Apache-2.0
//! The shell round a core: blocks in, extrinsics out, work in between.

use crate::{
    core::{self, Action, Attempt, Event, Subject},
    db::DbError,
    disk::{Disk, Refused},
    drain::Drain,
    duty::Duty,
    enroll::{stay_ready, Standing},
    journal::Journal,
    memory_mib,
    origin::{self, OriginError},
    planting::Planting,
    readers::Readers,
    room::Room,
    served::Served,
    site::{lock, subject, Site, SiteError},
    watched::Watched,
};
use futures::StreamExt;
use quern_primitives::Height;
use quern_protocol::{view::ShardView, Shard};
use quern_sdk::{
    chain::{amount::qrn, calls, Chain, ChainError, Head, Sender},
    net::pace::within,
};
use std::{
    convert::Infallible,
    fmt::Display,
    future::Future,
    sync::{atomic::Ordering, Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch as told},
    task::JoinHandle,
    time::Instant,
};

/// Blocks between two looks at whether the chain still counts the account as ready.
const READINESS_BLOCKS: Height = 16;
/// Pauses before the node is tried again: the first, and the longest that they grow to.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// A node that names no block for so long is taken for lost.
const SILENCE: Duration = Duration::from_secs(120);

/// A core of either daemon.
pub trait Core: Send {
    /// Takes in what happened and says what to do next.
    fn on(&mut self, event: Event) -> Vec<Action>;

    /// Plants and decoys under way.
    fn plans(&self) -> usize {
        0
    }
}

impl Core for core::Worker {
    fn on(&mut self, event: Event) -> Vec<Action> {
        core::Worker::on(self, event)
    }

    fn plans(&self) -> usize {
        core::Worker::plans(self)
    }
}

impl Core for core::Watcher {
    fn on(&mut self, event: Event) -> Vec<Action> {
        core::Watcher::on(self, event)
    }
}

impl Core for core::Validator {
    fn on(&mut self, event: Event) -> Vec<Action> {
        core::Validator::on(self, event)
    }
}

/// Where the node is.
pub struct Connection {
    /// The node's RPC endpoint.
    pub rpc: String,
}

impl Connection {
    /// Connects to the node again, however long it takes. Fails when the node follows another chain by now, as a development node
    /// does that was started again.
    async fn restore(&self, site: &Site, sender: &Sender) -> Result<Sender, DbError> {
        let mut pause = FIRST_PAUSE;
        loop {
            tokio::time::sleep(pause).await;
            match self.connect(site).await {
                Ok(chain) => {
                    site.set_chain(Arc::new(chain.clone()));
                    tracing::info!(rpc = self.rpc, "connected again");
                    return Ok(sender.over(chain));
                }
                Err(OriginError::Db(error)) => return Err(error),
                Err(OriginError::Chain(error)) => tracing::warn!(%error, "still without a node"),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Connects to the node, if it follows the daemon's chain.
    async fn connect(&self, site: &Site) -> Result<Chain, OriginError> {
        let chain = Chain::connect(&self.rpc).await?;
        let confirmed = tokio::time::timeout(SILENCE, origin::confirm(&chain, &site.db)).await;
        confirmed.unwrap_or(Err(ChainError::Closed.into()))?;
        Ok(chain)
    }
}

/// The first connection to the node, however long it takes: a daemon may be started before its node. Fails where waiting does not help.
pub async fn first_connection<T, F>(mut connect: impl FnMut() -> F) -> Result<T, ChainError>
where
    F: Future<Output = Result<T, ChainError>>,
{
    let mut pause = FIRST_PAUSE;
    loop {
        match connect().await {
            Err(error @ ChainError::Unreachable { .. }) => tracing::warn!(%error, "still without a node"),
            other => return other,
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Waits until a node is up to date, and says meanwhile why it is not. A lost connection ends the wait.
pub async fn current<F>(mut staleness: impl FnMut() -> F) -> Result<(), ChainError>
where
    F: Future<Output = Result<Option<String>, ChainError>>,
{
    let mut pause = FIRST_PAUSE;
    while let Some(stale) = staleness().await? {
        tracing::warn!("{stale}");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    Ok(())
}

/// What a core and the work that it started have in common, however often the connection is made anew.
struct Shell<C> {
    core: C,
    site: Arc<Site>,
    report: mpsc::UnboundedSender<Event>,
    reports: mpsc::UnboundedReceiver<Event>,
    room: Room,
    journal: Journal,
    served: Served,
    readers: Arc<Mutex<Readers>>,
    /// The look at them that is under way, or the last one.
    reading: Option<JoinHandle<()>>,
    occupation: Occupation,
    /// Length of a slot of the chain.
    slot: Duration,
    /// What the last block said is owed, for what has waited for its place.
    owed: told::Sender<Arc<[ShardView]>>,
}

/// What a daemon looks after beside the shards that are its own.
enum Occupation {
    /// A registered account: its registration.
    Registered {
        standing: Standing,
        drain: Drain,
        disk: Disk,
        next_check: Height,
        planting: Option<Arc<Planting>>,
        looking: Option<JoinHandle<()>>,
    },
    /// A watcher: shards of others.
    Watcher(Watched),
}

/// What the chain said at the last block.
#[derive(Clone)]
struct Latest {
    best: Height,
    finalized: Height,
    views: Arc<[ShardView]>,
    served: Arc<[Shard]>,
}

/// Runs the daemon of a registered account until its database fails or its node follows another chain. When the connection to the
/// node is lost it is made anew; what is under way goes on.
pub async fn run(
    core: impl Core,
    site: Arc<Site>,
    sender: Sender,
    connection: Connection,
    standing: Standing,
    drain: Drain,
    planting: Option<Planting>,
) -> Result<Infallible, DbError> {
    let disk = Disk::of(drain.folder(), standing.slots.is_some());
    let planting = planting.map(Arc::new);
    let occupation = Occupation::Registered { standing, drain, disk, next_check: 0, planting, looking: None };
    occupied(core, site, sender, connection, occupation).await
}

/// Runs a watcher, as [`run`] does.
pub async fn watch(
    core: core::Watcher,
    site: Arc<Site>,
    sender: Sender,
    connection: Connection,
    watched: Watched,
) -> Result<Infallible, DbError> {
    occupied(core, site, sender, connection, Occupation::Watcher(watched)).await
}

async fn occupied(
    core: impl Core,
    site: Arc<Site>,
    mut sender: Sender,
    connection: Connection,
    occupation: Occupation,
) -> Result<Infallible, DbError> {
    // Nothing refuses the start any more.
    site.db.take()?;
    let (report, reports) = mpsc::unbounded_channel();
    let room = Room::new(memory_mib());
    let (journal, served) = (Journal::default(), Served::default());
    let (readers, reading) = (Arc::<Mutex<Readers>>::default(), None);
    let (slot, owed) = (Duration::ZERO, told::Sender::new(Arc::from([])));
    let mut shell =
        Shell { core, site, report, reports, room, journal, served, readers, reading, occupation, slot, owed };
    loop {
        match shell.follow(&sender).await {
            Err(OriginError::Db(error)) => return Err(error),
            Err(OriginError::Chain(error)) => tracing::warn!(%error, "connecting to the node again"),
        }
        sender = connection.restore(&shell.site, &sender).await?;
    }
}

impl<C: Core> Shell<C> {
    /// Follows the chain until the connection is lost.
    async fn follow(&mut self, sender: &Sender) -> Result<Infallible, OriginError> {
        let chain = self.site.chain();
        let mut is_bound = self.site.db.is_bound()?;
        self.slot = Duration::from_millis(chain.network().await?.slot_ms);
        let mut heads = chain.heads().await?;
        let mut latest: Option<Latest> = None;
        let planter = match &self.occupation {
            Occupation::Registered { planting: Some(planting), .. } => Some(planting.sender.over((*chain).clone())),
            _ => None,
        };
        loop {
            let event = tokio::select! {
                head = tokio::time::timeout(SILENCE, heads.next()) => {
                    let head = head.map_err(|_| ChainError::Closed)?.ok_or(ChainError::Closed)??;
                    if !is_bound {
                        is_bound = origin::bind(&chain, &self.site.db).await?;
                    }
                    let latest = latest.insert(self.look_at(&chain, head).await?);
                    self.owed.send_replace(latest.views.clone());
                    self.look_round(&chain, sender, head, latest);
                    if let Some(planter) = &planter {
                        look_after(planter.clone(), head.height);
                    }
                    self.look_at_plants(&chain, head);
                    None
                }
                event = self.reports.recv() => event,
            };
            let mut actions = event.map(|event| self.core.on(event)).unwrap_or_default();
            // Whatever else was reported meanwhile goes with it.
            while let Ok(event) = self.reports.try_recv() {
                actions.extend(self.core.on(event));
            }
            // What was just reported may allow the next step at once, without waiting for the next block.
            if let Some(Latest { best, finalized, views, served }) = latest.clone() {
                actions.extend(self.core.on(Event::Block { best, finalized, views, served }));
            }
            let best = latest.as_ref().map_or(0, |latest| latest.best);
            for action in actions {
                match action {
                    Action::Submit(call) => drop(tokio::spawn(submit(sender.clone(), call))),
                    Action::Post(call) => {
                        if let Some(planter) = &planter {
                            drop(tokio::spawn(submit(planter.clone(), call)));
                        }
                    }
                    action => self.start(action, best),
                }
            }
        }
    }

    /// What a block says: first what the account has to do, then what it serves.
    async fn look_at(&mut self, chain: &Arc<Chain>, head: Head) -> Result<Latest, ChainError> {
        let me = self.site.me;
        let mut views = chain.duties(head.hash, &me).await?;
        self.served.refresh(chain, head.hash, &me, &views).await?;
        let mut served = self.served.shards();
        match &mut self.occupation {
            Occupation::Registered { standing, .. } if standing.is_taken_over() => {
                views.retain(|view| self.site.has_promised(Attempt::of(&view.shard)));
                served.retain(|shard| self.site.has_promised(Attempt::of(shard)));
            }
            Occupation::Registered { .. } => {}
            Occupation::Watcher(watched) => {
                let mut others = watched.look(chain, head.height);
                others.retain(|other| views.iter().all(|own| own.shard.id != other.shard.id));
                views.extend(others);
            }
        }
        let latest =
            Latest { best: head.height, finalized: head.finalized, views: views.into(), served: served.into() };
        // A watcher has no outputs that others would read.
        if matches!(self.occupation, Occupation::Registered { .. }) {
            self.look_at_readers(chain, &latest);
        }
        self.site.peer.expected().set(lock(&self.readers).peers(&latest.views, &me));
        Ok(latest)
    }

    /// Has the next page of those looked at who read what the account serves.
    fn look_at_readers(&mut self, chain: &Arc<Chain>, latest: &Latest) {
        let (readers, chain, latest) = (self.readers.clone(), chain.clone(), latest.clone());
        beside(&mut self.reading, async move {
            let look = Readers::look(&readers, &chain, &latest.views, &latest.served);
            seen("who reads what is served", look, SILENCE).await;
        });
    }

    /// Has what a block says of the planting account reported, if there is one.
    fn look_at_plants(&mut self, chain: &Arc<Chain>, head: Head) {
        let Occupation::Registered { planting: Some(planting), looking, .. } = &mut self.occupation else { return };
        let (planting, chain, site, report) = (planting.clone(), chain.clone(), self.site.clone(), self.report.clone());
        beside(looking, async move {
            let look = planting.look(&chain, head, &site.me, &site.db);
            if let Some(facts) = seen("what the chain says of the planting account", look, SILENCE).await {
                let _ = report.send(Event::Plants(facts));
            }
        });
    }

    /// What a daemon does at every block beside its shards: it tells what happens to them, looks after what it sent, and after
    /// its registration.
    fn look_round(&mut self, chain: &Arc<Chain>, sender: &Sender, head: Head, latest: &Latest) {
        let (views, served) = (&latest.views, &latest.served);
        for line in self.journal.note(&self.site.me, head.height, views, served) {
            if line.is_warning {
                tracing::warn!(shard = %line.shard, "{}", line.text);
            } else {
                tracing::info!(shard = %line.shard, "{}", line.text);
            }
        }
        look_after(sender.clone(), head.height);
        let Occupation::Registered { standing, drain, disk, next_check, .. } = &mut self.occupation else { return };
        let owed = views.iter().filter_map(|view| Duty::of(view, &self.site.me));
        let served = served.iter().filter_map(|shard| Duty::served(shard, &self.site.me));
        let open = owed.chain(served).filter(Duty::is_open).count();
        self.site.open.store(open, Ordering::Relaxed);
        let has_changed = drain.note(open, self.core.plans(), standing.is_paused()) | disk.look(head.height);
        let in_the_way = match (drain.is_on(), disk.is_full()) {
            (true, _) => Some("draining"),
            (false, true) => Some("the disk is full"),
            (false, false) => None,
        };
        let is_waiting = in_the_way.is_some() && !standing.is_paused();
        if has_changed || is_waiting || head.height >= *next_check {
            *next_check = head.height.saturating_add(READINESS_BLOCKS);
            tokio::spawn(stay_ready(chain.clone(), sender.clone(), standing.clone(), in_the_way));
        }
    }

    /// Where it is noted that a write found no room.
    fn refused(&self) -> Refused {
        match &self.occupation {
            Occupation::Registered { disk, .. } => disk.refused(),
            Occupation::Watcher(_) => Refused::default(),
        }
    }

    /// Carries out an action beside everything else, and reports how it went.
    fn start(&self, action: Action, best: Height) {
        let (site, report, room) = (self.site.clone(), self.report.clone(), self.room.clone());
        // What waits for room uses up its time too.
        let deadline = time_left(&action, best, self.slot).and_then(|left| Instant::now().checked_add(left));
        let (subject, refused, owed) = (subject(&action), self.refused(), self.owed.subscribe());
        let work = tokio::spawn(within(deadline, async move {
            let takes = site.takes(&action).await?;
            let fetched = {
                let _taken = room.take_to_prefetch(&action, takes).await?;
                site.prefetch(&action).await?
            };
            let _taken = room.take(&action, takes).await?;
            let views = owed.borrow().clone();
            if action.is_over(&views, &site.me) {
                return Err(SiteError::Over);
            }
            site.carry_out(action, fetched).await
        }));
        tokio::spawn(async move {
            let failure = match work.await {
                Ok(Ok(event)) => return event.into_iter().for_each(|event| drop(report.send(event))),
                Ok(Err(error)) => {
                    refused.note(&error);
                    error.to_string()
                }
                Err(error) => error.to_string(),
            };
            let shard = subject.shard().map(tracing::field::display);
            let (dispute, step) = (subject.dispute(), subject.step());
            tracing::warn!(shard, dispute, step, error = failure, "will be tried again");
            if subject != Subject::None {
                let _ = report.send(Event::Failed(subject));
            }
        });
    }
}

/// Begins a look beside everything else, if the last one is over: what is owed waits for none.
fn beside(last: &mut Option<JoinHandle<()>>, look: impl Future<Output = ()> + Send + 'static) {
    if last.as_ref().is_none_or(JoinHandle::is_finished) {
        *last = Some(tokio::spawn(look));
    }
}

/// What a look has seen. Where it fails, what was seen before holds on.
async fn seen<T, E: Display>(
    what: &'static str,
    look: impl Future<Output = Result<T, E>>,
    patience: Duration,
) -> Option<T> {
    let failure = match tokio::time::timeout(patience, look).await {
        Ok(Ok(facts)) => return Some(facts),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the node does not answer".into(),
    };
    tracing::warn!(error = failure, "{what} cannot be read");
    None
}

/// Looks after what was sent, beside everything else.
fn look_after(queue: Sender, height: Height) {
    tokio::spawn(async move {
        if let Err(error) = queue.maintain(height).await {
            tracing::warn!(%error, "what was sent cannot be looked after");
        }
    });
}

/// How long what an action fetches may take: until the last block at which it is of use, if every slot has its block. Where some stay
/// empty there is more time, and it is tried again.
fn time_left(action: &Action, best: Height, slot: Duration) -> Option<Duration> {
    Some(slot.saturating_mul(action.of_use_until(best)?.saturating_sub(best)))
}

async fn submit(sender: Sender, call: core::Call) {
    let name = call.name();
    if let core::Call::DemandLeaf { shard, position, max_price, spent } = &call {
        tracing::info!(%shard, position, price = qrn(*max_price), spent = qrn(*spent), "nobody shows what is behind the root: asking for an id on chain");
    }
    match send(&sender, call).await {
        Ok(()) => tracing::info!(call = name, "sent"),
        // The core sends it again when the chain still owes its effect.
        Err(error) => tracing::warn!(call = name, %error, "an extrinsic was not accepted"),
    }
}

async fn send(sender: &Sender, call: core::Call) -> Result<(), ChainError> {
    use core::{Call, Defence, Prosecution};
    match call {
        Call::Start(shard) => sender.send(&calls::start_shard(shard)).await,
        Call::Decline(shard) => sender.send(&calls::decline_shard(shard)).await,
        Call::Commit(list) => sender.send(&calls::commit_shards(list)).await,
        Call::OpenCheckpoints(shard, digest) => sender.send(&calls::open_checkpoints(shard, digest)).await,
        Call::DemandOpening(shard) => sender.send(&calls::demand_opening(shard)).await,
        Call::AnswerOpening(shard, leaves) => sender.send(&calls::answer_opening(shard, leaves)).await,
        Call::CommitAudit(shard, seal) => sender.send(&calls::commit_audit(shard, seal)).await,
        Call::RevealResults(shard, digest) => sender.send(&calls::reveal_results(shard, digest)).await,
        Call::RevealAudit(shard, salt, results, holds) => {
            sender.send(&calls::reveal_audit(shard, salt, results, holds)).await
        }
        Call::OpenDispute(shard, position, start, end) => {
            sender.send(&calls::open_dispute(shard, position, start, end)).await
        }
        Call::AccuseAuditor(shard, auditor, position, start, end) => {
            sender.send(&calls::accuse_auditor(shard, auditor, position, start, end)).await
        }
        Call::Defend(dispute, Defence::Trace(trace)) => sender.send(&calls::post_trace(dispute, trace)).await,
        Call::Defend(dispute, Defence::Outline(outline)) => sender.send(&calls::post_outline(dispute, outline)).await,
        Call::Defend(dispute, Defence::Subtrees(values)) => sender.send(&calls::open_subtrees(dispute, values)).await,
        Call::Defend(dispute, Defence::Chunk(bytes)) => sender.send(&calls::open_chunk(dispute, bytes)).await,
        Call::Prosecute(dispute, Prosecution::Name(op)) => sender.send(&calls::name_operator(dispute, op)).await,
        Call::Prosecute(dispute, Prosecution::NameInPart { op, earlier }) => {
            sender.send(&calls::name_in_part(dispute, op, earlier)).await
        }
        Call::Defend(dispute, Defence::Ids(ids)) => sender.send(&calls::name_ids(dispute, ids)).await,
        Call::Defend(dispute, Defence::Prove { start, end }) => {
            sender.send(&calls::prove_ends(dispute, start, end)).await
        }
        Call::Prosecute(dispute, Prosecution::Pick(index)) => sender.send(&calls::pick_id(dispute, index)).await,
        Call::ReportInputs(shard, available) => sender.send(&calls::report_inputs(shard, available)).await,
        Call::ClaimUnavailable(shard, inputs_missing) => {
            sender.send(&calls::claim_unavailable(shard, inputs_missing)).await
        }
        Call::AnswerLeaf(shard, position, leaf) => sender.send(&calls::answer_leaf(shard, position, leaf)).await,
        Call::Plant(hash, deposit) => sender.send(&calls::plant(hash, deposit)).await,
        Call::OpenPlant(offence, salt) => sender.send(&calls::open_plant(offence, salt)).await,
        Call::OpenDecoy(salt) => sender.send(&calls::open_decoy(salt)).await,
        Call::WithdrawPlant(salt, result) => sender.send(&calls::withdraw_plant(salt, result)).await,
        Call::ExpirePlant(hash) => sender.send(&calls::expire_plant(hash)).await,
        Call::DemandLeaf { shard, position, max_price, .. } => {
            sender.send(&calls::demand_leaf(shard, position, max_price)).await
        }
        Call::Acknowledge(shards) => sender.send(&calls::acknowledge_shards(shards)).await,
        Call::Prosecute(dispute, Prosecution::Demand(index)) => {
            sender.send(&calls::demand_output(dispute, index)).await
        }
        Call::Prosecute(dispute, Prosecution::Convict { element, output, reads }) => {
            sender.send(&calls::convict(dispute, element, output, reads)).await
        }
        Call::Prosecute(dispute, Prosecution::ConvictLength { len, proof }) => {
            sender.send(&calls::convict_length(dispute, len, proof)).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assigned, audited, ME, OTHER};
    use tokio::sync::oneshot;

    const SLOT: Duration = Duration::from_secs(6);

    #[test]
    fn time_for_a_fetch_should_be_that_of_the_blocks_that_are_left() {
        let fetch = Action::FetchInputs(assigned(ME));
        assert_eq!(time_left(&fetch, 50, SLOT), Some(SLOT * 6), "it declines at block 56");
        assert_eq!(time_left(&fetch, 99, SLOT), Some(Duration::ZERO));
        assert_eq!(time_left(&Action::ShowOpening(audited(ME, OTHER, None)), 50, SLOT), None);
    }

    #[tokio::test]
    async fn what_is_known_should_stay_as_it_is_when_a_look_fails_or_hangs() {
        assert_eq!(seen("it", async { Ok::<_, ChainError>(7) }, SILENCE).await, Some(7));
        assert_eq!(seen("it", async { Err::<u32, _>(unreachable()) }, SILENCE).await, None);
        assert_eq!(seen("it", std::future::pending::<Result<u32, ChainError>>(), Duration::ZERO).await, None);
    }

    #[tokio::test]
    async fn look_should_hold_up_nothing_and_begin_only_when_the_last_one_is_over() {
        let (answer, answered) = oneshot::channel::<()>();
        let mut last = None;
        beside(&mut last, async { answered.await.unwrap() });
        beside(&mut last, async { panic!("one is under way") });
        answer.send(()).unwrap();
        last.as_mut().unwrap().await.unwrap();
        let (begin, begun) = oneshot::channel();
        beside(&mut last, async { begin.send(()).unwrap() });
        begun.await.unwrap();
    }

    fn unreachable() -> ChainError {
        ChainError::Unreachable { url: "ws://a".into(), reason: "refused".into() }
    }

    #[tokio::test]
    async fn daemon_should_wait_when_it_starts_before_its_node() {
        let mut answers = [Err(unreachable()), Ok(7)].into_iter();
        let reached = first_connection(|| std::future::ready(answers.next().expect("it was there already"))).await;
        assert_eq!(reached.unwrap(), 7);
    }

    #[tokio::test]
    async fn daemon_should_wait_when_its_node_is_behind_and_fail_when_that_is_gone() {
        let mut answers = [Ok(Some("it is behind".into())), Ok(None), Err(unreachable())].into_iter();
        let mut asked = || std::future::ready(answers.next().expect("it was up to date"));
        assert!(current(&mut asked).await.is_ok());
        assert!(current(&mut asked).await.is_err());
    }

    #[tokio::test]
    async fn daemon_should_not_wait_when_the_node_will_never_do() {
        let other = || ChainError::OtherChain { url: "ws://a".into(), reason: "another".into() };
        let mut tries = 0;
        let reached: Result<(), _> = first_connection(|| {
            tries += 1;
            std::future::ready(Err(other()))
        })
        .await;
        assert!(matches!(reached, Err(ChainError::OtherChain { .. })));
        assert_eq!(tries, 1);
    }
}
