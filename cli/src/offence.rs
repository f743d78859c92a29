// SPDX-License-Identifier: Apache-2.0
//! `quern offence`: slashes that are not carried out yet, and evidence that anybody can check.

mod consensus;

use crate::{
    args::{AppealArgs, Global, OffenceCommand, OffenceVerifyArgs},
    client, exit,
    output::{self, Output},
};
use anyhow::{anyhow, bail, ensure, Context};
use quern_primitives::{
    offence::{AnyOffence, ConsensusOffence, DeferredSlash, OffenceId, SlashStage},
    traits::{Offence, OffenceKind},
    Account, DisputeId, Height, ShardId,
};
use quern_program::{Checked, Program};
use quern_protocol::{
    dispute::{Next, Outcome, Play},
    inputs::StageContext,
    record::{decide_again, evidence_hash, silences},
    view::ShardView,
    Dispute, Moment, Params,
};
use quern_sdk::chain::{
    calls,
    json::Big,
    runtime::{self, slashing, verification},
    Chain,
};
use serde::Serialize;
use std::process::ExitCode;

/// Slashes in a page.
const PAGE: u32 = 64;
/// Most ways in which a dispute may stand within a block that are looked at. There is one for each move that the chain has taken, and
/// more only where some of the block's moves have failed.
const MAX_STANDINGS: usize = 256;

/// Runs a command about offences.
pub async fn run(global: &Global, command: OffenceCommand) -> anyhow::Result<ExitCode> {
    match command {
        OffenceCommand::List => list(global).await,
        OffenceCommand::Verify(args) => verify(global, args).await,
        OffenceCommand::Appeal(args) => appeal(global, args).await,
    }
}

#[derive(Serialize)]
struct Listed {
    offence: OffenceId,
    kind: String,
    offender: String,
    /// None for an offence against consensus.
    shard: Option<String>,
    /// None for an offence on a shard.
    session: Option<u32>,
    locked: Big,
    share_ppm: u32,
    due: Big,
    reporter: Option<String>,
    reported_at: Height,
    extrinsic: Option<u32>,
    due_at: Height,
    /// `deferred`, `delayed` or `appealed`.
    stage: &'static str,
    evidence: Option<String>,
}

impl Listed {
    fn new(id: OffenceId, slash: &DeferredSlash) -> Self {
        let offence = &slash.offence;
        Self {
            offence: id,
            kind: format!("{:?}", offence.kind()),
            offender: output::address(offence.offender()),
            shard: shard(offence).map(|shard| shard.to_string()),
            session: session(offence),
            locked: Big(offence.locked()),
            share_ppm: slash.share_ppm,
            due: Big(slash.due),
            reporter: offence.reporter().map(output::address),
            reported_at: slash.reported_at,
            extrinsic: slash.extrinsic,
            due_at: slash.due_at,
            stage: match slash.stage {
                SlashStage::Deferred => "deferred",
                SlashStage::Delayed => "delayed",
                SlashStage::Appealed { .. } => "appealed",
            },
            evidence: (*offence.evidence() != [0; 32]).then(|| output::full(offence.evidence())),
        }
    }

    /// What the offence is about.
    fn subject(&self) -> String {
        match (&self.shard, self.session) {
            (Some(shard), _) => format!("shard {shard}"),
            (None, Some(session)) => format!("session {session}"),
            (None, None) => "-".into(),
        }
    }
}

fn shard(offence: &AnyOffence) -> Option<ShardId> {
    match offence {
        AnyOffence::Work(offence) => Some(offence.shard),
        AnyOffence::Consensus(_) => None,
    }
}

fn session(offence: &AnyOffence) -> Option<u32> {
    match offence {
        AnyOffence::Work(_) => None,
        AnyOffence::Consensus(offence) => Some(offence.session),
    }
}

async fn list(global: &Global) -> anyhow::Result<ExitCode> {
    let chain = client::connect(global).await?;
    let mut slashes = Vec::new();
    loop {
        let page = chain.deferred_slashes(slashes.last().map(|(id, _)| *id), PAGE).await?;
        let last = page.len() < PAGE as usize;
        slashes.extend(page);
        if last {
            break;
        }
    }
    slashes.sort_by_key(|(id, _)| *id);
    let listed: Vec<Listed> = slashes.iter().map(|(id, slash)| Listed::new(*id, slash)).collect();
    let mut table = output::table(&[
        "offence",
        "kind",
        "offender",
        "about",
        "loses",
        "at block",
        "stage",
        "reported at",
        "evidence",
    ]);
    for entry in &listed {
        table.add_row([
            entry.offence.to_string(),
            entry.kind.clone(),
            entry.offender.clone(),
            entry.subject(),
            output::qrn(entry.due.0),
            entry.due_at.to_string(),
            entry.stage.to_owned(),
            entry.reported_at.to_string(),
            entry.evidence.as_ref().map_or("the state", |_| "yes").to_owned(),
        ]);
    }
    let text = if listed.is_empty() { "no slash is waiting to be carried out".into() } else { table.to_string() };
    Output { json: global.json }.result(&listed, text)?;
    Ok(ExitCode::SUCCESS)
}

async fn appeal(global: &Global, args: AppealArgs) -> anyhow::Result<ExitCode> {
    #[derive(Serialize)]
    struct Report {
        offence: OffenceId,
        statement: String,
        due_at: Height,
    }
    let keys = client::keys(global)?;
    let file = args.statement.display();
    let statement = std::fs::read(&args.statement).with_context(|| format!("{file} cannot be read"))?;
    ensure!(!statement.is_empty(), "{file} is empty: say why the slash is wrong");
    let statement = *blake3::hash(&statement).as_bytes();
    let chain = client::connect(global).await?;
    client::Signer::new(global, &chain, keys).send_and_wait(&calls::appeal(args.id, statement)).await?;
    let slash = chain.deferred_slash(args.id).await?.context("the appeal was decided already")?;
    let report = Report { offence: args.id, statement: output::full(&statement), due_at: slash.due_at };
    let text = format!(
        "appealed against offence {}. Publish {file}; its BLAKE3 on chain is {}. If nobody decides, the slash is carried out at \
         block {}.",
        args.id, report.statement, report.due_at
    );
    Output { json: global.json }.result(&report, text)?;
    Ok(ExitCode::SUCCESS)
}

/// An offence as it was reported.
struct Reported {
    what: What,
    extrinsic: Option<u32>,
    at: Height,
}

/// What was reported.
enum What {
    /// An offence on a shard.
    Work { kind: OffenceKind, offender: Account, shard: ShardId, evidence: [u8; 32] },
    /// An offence against consensus, and the share of the stake that its slash takes.
    Consensus { offence: ConsensusOffence, share_ppm: u32 },
}

/// What a check of the evidence found.
#[derive(Debug, Serialize)]
struct Verified {
    offence: OffenceId,
    kind: String,
    offender: String,
    /// None for an offence against consensus.
    shard: Option<String>,
    /// None for an offence on a shard.
    session: Option<u32>,
    /// Height of the block with the evidence.
    block: Height,
    /// Index of the extrinsic with the evidence.
    extrinsic: Option<u32>,
    /// The hash on chain.
    evidence: Option<String>,
    /// Whether what was fetched has this hash.
    hash_matches: Option<bool>,
    /// How the referee decides; none where nothing is computed again.
    outcome: Option<String>,
    /// Whether the offence stands.
    stands: bool,
    /// In words.
    reason: String,
}

async fn verify(global: &Global, args: OffenceVerifyArgs) -> anyhow::Result<ExitCode> {
    let chain = client::connect(global).await?;
    let reported = reported(&chain, args.id, args.block).await?;
    let verified = match &reported.what {
        What::Work { .. } => check(&chain, args.id, &reported).await?,
        What::Consensus { offence, share_ppm } => {
            consensus::check(&chain, args.id, offence, *share_ppm, reported.extrinsic, reported.at).await?
        }
    };
    let subject = match (&verified.shard, verified.session) {
        (Some(shard), _) => format!("on shard {shard}"),
        (None, session) => format!("in session {}", session.unwrap_or_default()),
    };
    let text = format!(
        "offence {}: {} of {} {subject}\nblock {}{}\n{}{}",
        verified.offence,
        verified.kind,
        verified.offender,
        verified.block,
        verified.extrinsic.map_or(String::new(), |index| format!(", extrinsic {index}")),
        verified.evidence.as_ref().map_or(String::new(), |hash| format!("evidence {hash}\n")),
        verified.reason
    );
    let output = Output { json: global.json };
    if verified.stands {
        output.result(&verified, text)?;
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("!!! DOES NOT STAND: {}", verified.reason);
    output.result(&verified, text)?;
    Ok(ExitCode::from(exit::DIFFERS))
}

/// Finds the report of an offence: in state, or in the events of a block.
async fn reported(chain: &Chain, id: OffenceId, block: Option<Height>) -> anyhow::Result<Reported> {
    if let (None, Some(slash)) = (block, chain.deferred_slash(id).await?) {
        let DeferredSlash { offence, share_ppm, extrinsic, reported_at: at, .. } = slash;
        let what = match offence {
            AnyOffence::Work(Offence { kind, offender, shard, evidence, .. }) => {
                What::Work { kind, offender, shard, evidence }
            }
            AnyOffence::Consensus(offence) => What::Consensus { offence, share_ppm },
        };
        return Ok(Reported { what, extrinsic, at });
    }
    let at = match block {
        Some(height) => height,
        None => block_of(chain, id).await?,
    };
    for event in chain.events(chain.block_hash(at).await?).await? {
        let runtime::Event::Slashing(event) = event else { continue };
        match event {
            slashing::Event::Reported { offence, kind, offender, shard, evidence, extrinsic, .. } if offence == id => {
                let what = What::Work { kind: *kind, offender: offender.0, shard: *shard, evidence };
                return Ok(Reported { what, extrinsic, at });
            }
            slashing::Event::ConsensusReported {
                offence,
                kind,
                offender,
                session,
                offenders,
                validators,
                before_ppm,
                share_ppm,
                reporter,
                evidence,
                extrinsic,
                ..
            } if offence == id => {
                let (kind, offender, reporter) = (*kind, offender.0, reporter.map(|reporter| reporter.0));
                let offence =
                    ConsensusOffence { kind, offender, session, offenders, validators, before_ppm, reporter, evidence };
                return Ok(Reported { what: What::Consensus { offence, share_ppm }, extrinsic, at });
            }
            _ => {}
        }
    }
    bail!("offence {id} was not reported in block {at}")
}

/// What to do where an offence is looked for of which the chain, with so many, knows nothing.
pub(crate) fn no_offence(id: OffenceId, reported: OffenceId) -> String {
    let known = match reported.checked_sub(1) {
        None => "none was reported yet".to_owned(),
        Some(last) => format!("the last one that was reported is {last}"),
    };
    format!("there is no offence {id}: {known}; `quern offence list` shows those whose slash is not carried out yet")
}

/// The block in which an offence was reported: offences are numbered one after the other, so their count in the states of the
/// chain only rises.
async fn block_of(chain: &Chain, id: OffenceId) -> anyhow::Result<Height> {
    let (best, _) = chain.best().await?;
    let count = |height: Height| async move {
        let hash = chain.block_hash(height).await?;
        let count = chain.offences_at(hash).await;
        count.with_context(|| {
            format!("the node does not keep the state of block {height}: name the offence's block with --block, or ask a node that keeps all states")
        })
    };
    let reported = count(best).await?;
    ensure!(id < reported, "{}", no_offence(id, reported));
    let (mut without, mut with) = (0, best);
    while with - without > 1 {
        let middle = without + (with - without) / 2;
        if id < count(middle).await? {
            with = middle;
        } else {
            without = middle;
        }
    }
    Ok(with)
}

/// Fetches the evidence, hashes it and has the referee decide again.
async fn check(chain: &Chain, id: OffenceId, reported: &Reported) -> anyhow::Result<Verified> {
    let Reported { ref what, extrinsic, at } = *reported;
    let What::Work { kind, offender, shard, evidence } = *what else { bail!("offence {id} is on no shard") };
    let mut verified = Verified {
        offence: id,
        kind: format!("{kind:?}"),
        offender: output::address(&offender),
        shard: Some(shard.to_string()),
        session: None,
        block: at,
        extrinsic,
        evidence: (evidence != [0; 32]).then(|| output::full(&evidence)),
        hash_matches: None,
        outcome: None,
        stands: false,
        reason: String::new(),
    };
    let block = chain.block_hash(at).await?;
    let before = chain.block_hash(at.saturating_sub(1)).await?;
    let view = chain.shard_view_at(before, shard).await?;
    let view = view.with_context(|| format!("shard {shard} is not in the state before block {at}"))?;
    if verified.evidence.is_none() {
        (verified.stands, verified.reason) = silence(&view, kind, &offender, at);
        return Ok(verified);
    }
    let index = extrinsic.context("the offence has evidence and names no extrinsic: it was not reported by a call")?;
    let code = chain.program(view.context.stage.program).await?.context("the program is not on chain")?;
    let program = Program::decode_checked(&code).map_err(|error| anyhow!("the program is invalid: {error:?}"))?;
    let calls = chain.calls(block).await;
    let calls =
        calls.with_context(|| format!("offence {id} cannot be checked: a call of block {at} is not understood"))?;
    ensure!((index as usize) < calls.len(), "block {at} has no extrinsic {index}");
    let params = chain.params().await?;
    let case = Case::new(view.disputes, &view.context, &program, &params, at);
    let found = case.find(calls, index as usize, &evidence);
    let found = found.with_context(|| format!("offence {id} cannot be checked by extrinsic {index} of block {at}"))?;
    let Some((dispute, play)) = found else {
        verified.hash_matches = Some(false);
        verified.reason = format!("no move in extrinsic {index} of block {at} has the hash that stands in the offence");
        return Ok(verified);
    };
    verified.hash_matches = Some(true);
    let outcome = decide_again(&dispute, &view.context, &program, play, at);
    let outcome = outcome.map_err(|error| anyhow!("the referee refuses the evidence: {error:?}"))?;
    let outcome = outcome.context("the move in evidence decides nothing")?;
    verified.outcome = Some(format!("{outcome:?}"));
    (verified.stands, verified.reason) = judge(&dispute, kind, &offender, &outcome);
    Ok(verified)
}

/// Whether an outcome makes this offence of this account.
fn judge(dispute: &Dispute, kind: OffenceKind, offender: &Account, outcome: &Outcome) -> (bool, String) {
    let (guilty, of) = match dispute.offence(outcome) {
        Some(of) => (dispute.worker, of),
        None => (dispute.challenger, OffenceKind::FalseAlarm),
    };
    let what = match outcome {
        Outcome::WrongElement { op, element, claimed, expected } => format!(
            "element {element} of operator {op} (task {}, leaf {}) is {claimed:#x}, and this machine computes {expected:#x}",
            dispute.task, dispute.position
        ),
        Outcome::WrongLength { op, len, expected } => {
            format!("the output of operator {op} has {len} bytes, and the program gives it {expected}")
        }
        Outcome::Refuted { op, element, value } => {
            format!("element {element} of operator {op} is {value}, as the defendant says: the challenger was wrong")
        }
        Outcome::WorkerSilent | Outcome::ChallengerSilent => "a silence decides".into(),
    };
    if guilty == *offender && of == kind {
        (true, format!("the evidence is the one meant, and it stands: {what}"))
    } else {
        let guilty = output::address(&guilty);
        (false, format!("{what}. That is {of:?} of {guilty}, and not {kind:?} of {}", output::address(offender)))
    }
}

/// Whether the state before the block shows a silence that makes this offence of this account.
fn silence(view: &ShardView, kind: OffenceKind, offender: &Account, at: Height) -> (bool, String) {
    if silences(&view.shard, &view.disputes, at).contains(&(kind, *offender)) {
        let reason = format!("a silence needs no evidence: in the state before block {at}, what it owed was overdue");
        (true, reason)
    } else {
        (false, format!("in the state before block {at} nothing of this account was overdue that makes {kind:?}"))
    }
}

/// The disputes about a shard within a block.
struct Case<'a> {
    /// All that each of them may be. Calls do not say whether they failed, who signed them, or which of two alternatives was taken: so
    /// each move may have been made or not, and the hash says what was.
    disputes: Vec<(DisputeId, Vec<Dispute>)>,
    stage: &'a StageContext,
    program: &'a Checked,
    params: &'a Params,
    /// What is too late, the chain has seen: deadlines may have lagged.
    now: Moment,
}

impl<'a> Case<'a> {
    /// The disputes as they stand before the block at this height.
    fn new(
        disputes: Vec<(DisputeId, Dispute)>,
        stage: &'a StageContext,
        program: &'a Checked,
        params: &'a Params,
        at: Height,
    ) -> Self {
        let disputes = disputes.into_iter().map(|(id, dispute)| (id, vec![dispute])).collect();
        Self { disputes, stage, program, params, now: Moment { height: at, lag_blocks: at } }
    }

    /// Plays the moves of a block's calls up to extrinsic `last`, so that each is seen as the chain saw it. Returns the move of
    /// extrinsic `last` that has this hash, with the dispute before it; none where no move of it can have. Fails where that cannot be
    /// said.
    fn find(
        mut self,
        calls: Vec<runtime::Call>,
        last: usize,
        evidence: &[u8; 32],
    ) -> anyhow::Result<Option<(Dispute, Play)>> {
        let (mut others, mut is_cut) = (Vec::new(), false);
        for (index, call) in calls.into_iter().enumerate().take(last + 1) {
            for (id, play) in moves(call) {
                let Some((_, standings)) = self.disputes.iter_mut().find(|(known, _)| *known == id) else {
                    others.extend((index == last).then(|| id.to_string()));
                    continue;
                };
                for dispute in standings.clone() {
                    let play = by(play.clone(), *dispute.owed_by());
                    if index == last && evidence_hash(id, &dispute, self.stage, &play).as_ref() == Some(evidence) {
                        return Ok(Some((dispute, play)));
                    }
                    let next = dispute.step_at(play, self.now, self.params, self.program, self.stage);
                    if let Ok(Next::Open(next)) = next {
                        if !standings.contains(&next) {
                            is_cut |= standings.len() >= MAX_STANDINGS;
                            standings.push(next);
                            standings.truncate(MAX_STANDINGS);
                        }
                    }
                }
            }
        }
        ensure!(!is_cut, "the block has more moves of one dispute than can be tried");
        ensure!(
            others.is_empty(),
            "it has moves in disputes ({}) that are not about the shard in the state before: they were opened in the block, or are about \
             another shard",
            others.join(", ")
        );
        Ok(None)
    }
}

/// The moves in disputes that a call may make, whatever carries them: batches, alternatives, a hot key, or another account's origin.
fn moves(call: runtime::Call) -> Vec<(DisputeId, Play)> {
    use runtime::{proxy::Call as Proxy, sudo::Call as Sudo, utility::Call as Utility, Call};
    use verification::Call as Move;
    let nobody = [0; 32];
    // All are named, so that a new one is not passed over.
    let inner = match call {
        Call::Utility(call) => match call {
            Utility::batch { calls } | Utility::batch_all { calls } | Utility::force_batch { calls } => {
                return calls.into_iter().flat_map(moves).collect()
            }
            Utility::if_else { main, fallback } => {
                return [*main, *fallback].into_iter().flat_map(moves).collect();
            }
            Utility::as_derivative { call, .. }
            | Utility::dispatch_as { call, .. }
            | Utility::dispatch_as_fallible { call, .. }
            | Utility::with_weight { call, .. } => return moves(*call),
        },
        Call::Proxy(Proxy::proxy { call, .. } | Proxy::proxy_announced { call, .. })
        | Call::Sudo(Sudo::sudo { call } | Sudo::sudo_unchecked_weight { call, .. } | Sudo::sudo_as { call, .. }) => {
            return moves(*call)
        }
        Call::Verification(inner) => inner,
        Call::System(_)
        | Call::Timestamp(_)
        | Call::Babe(_)
        | Call::Session(_)
        | Call::Grandpa(_)
        | Call::Balances(_)
        | Call::Sudo(_)
        | Call::Proxy(_)
        | Call::Collateral(_)
        | Call::Workers(_)
        | Call::Jobs(_)
        | Call::Slashing(_)
        | Call::Rewards(_) => return Vec::new(),
    };
    let play = match inner {
        Move::post_trace { dispute, trace } => (dispute, Play::Trace { by: nobody, trace: trace.0 }),
        Move::post_outline { dispute, outline } => (dispute, Play::Outline { by: nobody, outline: outline.0 }),
        Move::name_in_part { dispute, op, earlier } => {
            let earlier = earlier.0.into_iter().map(|part| part.0).collect();
            (dispute, Play::NameInPart { by: nobody, op, earlier })
        }
        Move::name_operator { dispute, op } => (dispute, Play::Name { by: nobody, op }),
        Move::demand_output { dispute, index } => (dispute, Play::Demand { by: nobody, index }),
        Move::open_subtrees { dispute, values } => (dispute, Play::Subtrees { values: values.0 }),
        Move::open_chunk { dispute, bytes } => (dispute, Play::Chunk { bytes: bytes.0 }),
        Move::name_ids { dispute, ids } => {
            let ids = ids.0.into_iter().map(|id| id.0).collect();
            (dispute, Play::Ids { by: nobody, ids })
        }
        Move::pick_id { dispute, index } => (dispute, Play::Pick { by: nobody, index }),
        Move::prove_ends { dispute, start, end } => {
            (dispute, Play::Prove { start: start.map(|leaf| leaf.0), end: end.0 })
        }
        Move::convict { dispute, element, output, reads } => {
            let reads = reads.0.into_iter().map(|read| read.0).collect();
            (dispute, Play::Convict { by: nobody, element, output: output.map(|proof| proof.0), reads })
        }
        Move::convict_length { dispute, len, proof } => {
            (dispute, Play::ConvictLength { by: nobody, len, proof: proof.0 })
        }
        _ => return Vec::new(),
    };
    vec![play]
}

/// The same move by another account.
fn by(play: Play, who: Account) -> Play {
    match play {
        Play::Trace { trace, .. } => Play::Trace { by: who, trace },
        Play::Outline { outline, .. } => Play::Outline { by: who, outline },
        Play::NameInPart { op, earlier, .. } => Play::NameInPart { by: who, op, earlier },
        Play::Name { op, .. } => Play::Name { by: who, op },
        Play::Demand { index, .. } => Play::Demand { by: who, index },
        Play::Ids { ids, .. } => Play::Ids { by: who, ids },
        Play::Pick { index, .. } => Play::Pick { by: who, index },
        Play::Convict { element, output, reads, .. } => Play::Convict { by: who, element, output, reads },
        Play::ConvictLength { len, proof, .. } => Play::ConvictLength { by: who, len, proof },
        // Anybody may make these.
        play @ (Play::Subtrees { .. } | Play::Chunk { .. } | Play::Prove { .. } | Play::Expire) => play,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bounded_collections::BoundedVec;
    use quern_primitives::BlobId;
    use quern_program::Segment;
    use quern_protocol::dispute::{Defendant, Move};

    const WORKER: Account = [1; 32];
    const CHALLENGER: Account = [2; 32];

    #[test]
    fn offences_that_there_are_should_be_pointed_to_when_one_is_unknown() {
        let told = no_offence(99, 4);
        assert!(told.starts_with("there is no offence 99: the last one that was reported is 3;"), "{told}");
        assert!(told.contains("`quern offence list`"), "{told}");
        assert!(no_offence(0, 0).contains("none was reported yet"));
    }

    fn dispute() -> Dispute {
        Dispute {
            shard: ShardId { job: 1, stage: 0, index: 0 },
            position: 3,
            task: 0,
            segment: Segment::Finish,
            worker: WORKER,
            challenger: CHALLENGER,
            root: BlobId([0; 32]),
            leaves: 4,
            start: None,
            end: BlobId([0; 32]),
            trace: None,
            turn: Move::Convict { op: 0, shown: BoundedVec::new(), chunk: None },
            by: 9,
            defendant: Default::default(),
        }
    }

    fn stands(kind: OffenceKind, offender: Account, outcome: Outcome) -> bool {
        judge(&dispute(), kind, &offender, &outcome).0
    }

    #[test]
    fn offence_should_stand_when_the_referee_says_the_same_of_the_same_account() {
        let wrong = Outcome::WrongElement { op: 0, element: 1, claimed: 2, expected: 3 };
        let length = Outcome::WrongLength { op: 0, len: 1, expected: 2 };
        let refuted = Outcome::Refuted { op: 0, element: 1, value: 2 };
        for outcome in [wrong, length] {
            assert!(stands(OffenceKind::WrongResult, WORKER, outcome));
            assert!(!stands(OffenceKind::WrongResult, CHALLENGER, outcome));
            assert!(!stands(OffenceKind::FalseAlarm, WORKER, outcome));
        }
        assert!(stands(OffenceKind::FalseAlarm, CHALLENGER, refuted));
        assert!(!stands(OffenceKind::WrongResult, WORKER, refuted));
    }

    #[test]
    fn wrong_audit_should_stand_when_an_accused_auditor_is_convicted_of_its_own_trace() {
        let accused = Dispute { defendant: Defendant::Auditor, ..dispute() };
        let wrong = Outcome::WrongElement { op: 0, element: 1, claimed: 2, expected: 3 };
        assert!(judge(&accused, OffenceKind::WrongAudit, &WORKER, &wrong).0);
        assert!(!judge(&accused, OffenceKind::WrongResult, &WORKER, &wrong).0);
        assert!(!stands(OffenceKind::WrongAudit, WORKER, wrong), "a worker is no auditor");
    }

    #[test]
    fn moves_should_be_found_in_batches_and_nowhere_else() {
        let named = |dispute| runtime::Call::Verification(verification::Call::name_operator { dispute, op: 4 });
        let other = || runtime::Call::Rewards(runtime::rewards::Call::claim {});
        let inner = runtime::Call::Utility(runtime::utility::Call::batch_all { calls: vec![named(2)] });
        let batch = runtime::Call::Utility(runtime::utility::Call::batch { calls: vec![other(), named(1), inner] });
        let play = |dispute| (dispute, Play::Name { by: [0; 32], op: 4 });
        assert_eq!(moves(batch), vec![play(1), play(2)]);
        assert_eq!(moves(other()), vec![]);
    }

    #[test]
    fn moves_should_be_found_when_a_hot_key_makes_them() {
        use runtime::runtime_types::bounded_collections::bounded_vec::BoundedVec;
        use verification::Call as Sent;
        let proxied = |call| {
            let real = runtime::AccountId32(WORKER).into();
            runtime::Call::Proxy(runtime::proxy::Call::proxy { real, force_proxy_type: None, call: Box::new(call) })
        };
        let convict = Sent::convict { dispute: 1, element: 5, output: None, reads: BoundedVec(Vec::new()) };
        let named = |dispute| runtime::Call::Verification(Sent::name_operator { dispute, op: 4 });
        let batch = runtime::Call::Utility(runtime::utility::Call::batch { calls: vec![named(2), proxied(named(3))] });
        let nobody = [0; 32];
        assert_eq!(
            moves(proxied(runtime::Call::Verification(convict))),
            vec![(1, Play::Convict { by: nobody, element: 5, output: None, reads: Default::default() })]
        );
        let name = |dispute| (dispute, Play::Name { by: nobody, op: 4 });
        assert_eq!(moves(proxied(batch)), vec![name(2), name(3)]);
    }

    #[test]
    fn moves_should_be_found_whatever_carries_them() {
        use runtime::{
            proxy::Call as Proxy,
            runtime_types::{
                frame_support::dispatch::RawOrigin, quern_runtime::OriginCaller, sp_weights::weight_v2::Weight,
            },
            sudo::Call as Sudo,
            utility::Call as Utility,
            AccountId32, Call,
        };
        let named = |dispute| Box::new(Call::Verification(verification::Call::name_operator { dispute, op: 4 }));
        let weight = || Weight { ref_time: 1, proof_size: 1 };
        let origin = || Box::new(OriginCaller::system(RawOrigin::Signed(AccountId32(WORKER))));
        let account = || AccountId32(WORKER).into();
        let (delegate, real, who) = (account(), account(), account());
        let announced = Proxy::proxy_announced { delegate, real, force_proxy_type: None, call: named(9) };
        let carriers = [
            (Call::Utility(Utility::if_else { main: named(1), fallback: named(2) }), vec![1, 2]),
            (Call::Utility(Utility::as_derivative { index: 0, call: named(3) }), vec![3]),
            (Call::Utility(Utility::dispatch_as { as_origin: origin(), call: named(4) }), vec![4]),
            (Call::Utility(Utility::dispatch_as_fallible { as_origin: origin(), call: named(5) }), vec![5]),
            (Call::Utility(Utility::with_weight { call: named(6), weight: weight() }), vec![6]),
            (Call::Sudo(Sudo::sudo { call: named(7) }), vec![7]),
            (Call::Sudo(Sudo::sudo_unchecked_weight { call: named(8), weight: weight() }), vec![8]),
            (Call::Proxy(announced), vec![9]),
            (Call::Sudo(Sudo::sudo_as { who, call: named(10) }), vec![10]),
        ];
        for (call, disputes) in carriers {
            let found: Vec<_> = moves(call.clone()).into_iter().map(|(dispute, _)| dispute).collect();
            assert_eq!(found, disputes);
        }
    }

    #[test]
    fn move_should_be_found_when_others_before_it_failed_and_not_be_denied_when_its_dispute_is_unknown() {
        use quern_primitives::{job::Stage, slice::SliceProof};
        use quern_program::{DType, ProgramBuilder};
        use quern_protocol::dispute::{Posted, Trace};
        use quern_sdk::chain::runtime::{utility::Call as Utility, Call};
        let mut builder = ProgramBuilder::new();
        let input = builder.input(DType::I8, &[2, 3]);
        let product = builder.matmul_nt(input, input);
        let output = builder.clamp(product, 0, 127);
        let program = builder.build(output).unwrap();
        let stage = Stage { program: BlobId([3; 32]), tasks: 1, shard_size: 1, inputs: Default::default() };
        let stage =
            StageContext { genesis: [0; 32], job: 1, index: 0, stage, randomness: [5; 32], outputs: Vec::new() };
        // Those of the chain, by which the next deadline is set.
        let params = Params { move_blocks: 77, ..Params::default() };
        let outputs = BoundedVec::truncate_from(vec![BlobId([6; 32]), BlobId([7; 32])]);
        let trace = Some(Posted::Whole(Trace { state: BoundedVec::new(), outputs }));
        // Its deadline is over by the height, and was put off by the chain's lag.
        let before = Dispute { trace, turn: Move::Name, ..dispute() };
        let case = || Case::new(vec![(12, before.clone())], &stage, &program, &params, 20);

        let named = |op| Call::Verification(verification::Call::name_operator { dispute: 12, op });
        let length = |dispute| {
            let proof = SliceProof(vec![1]).into();
            Call::Verification(verification::Call::convict_length { dispute, len: 5, proof })
        };
        let name = Play::Name { by: CHALLENGER, op: 1 };
        let after = before.step_at(name, Moment { height: 20, lag_blocks: 20 }, &params, &program, &stage).unwrap();
        let Next::Open(after) = after else { panic!("it is decided") };
        let decisive = Play::ConvictLength { by: CHALLENGER, len: 5, proof: SliceProof(vec![1]) };
        let evidence = evidence_hash(12, &after, &stage, &decisive).unwrap();
        let found = Some((after, decisive));

        let calls = vec![named(1), length(12)];
        assert_eq!(case().find(calls, 1, &evidence).unwrap(), found);
        // A stranger's, that failed.
        let calls = vec![named(0), named(1), length(12)];
        assert_eq!(case().find(calls, 2, &evidence).unwrap(), found);
        let either = Utility::if_else { main: Box::new(named(0)), fallback: Box::new(named(1)) };
        let calls = vec![Call::Utility(either), length(12)];
        assert_eq!(case().find(calls, 1, &evidence).unwrap(), found);

        assert_eq!(case().find(vec![named(1), named(0), length(12)], 2, &[9; 32]).unwrap(), None);
        let unknown = case().find(vec![named(1), length(13)], 1, &evidence).unwrap_err().to_string();
        assert!(unknown.contains("disputes (13)"), "{unknown}");
    }

    #[test]
    fn move_should_be_the_same_when_it_is_given_to_another_account() {
        let play = Play::ConvictLength { by: [0; 32], len: 5, proof: quern_primitives::slice::SliceProof(vec![1]) };
        let given = by(play, CHALLENGER);
        assert!(matches!(given, Play::ConvictLength { by: CHALLENGER, len: 5, .. }));
    }
}
