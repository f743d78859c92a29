// SPDX-License-Identifier: Apache-2.0
//! `quern job submit`: quote, publish, submit, serve.

use super::{
    auditors::{self, Auditors},
    spec, unfit, watch,
};
use crate::{
    args::{BuiltIn, Global, OfferArgs, SubmitArgs},
    client,
    output::{self, Output},
};
use anyhow::Context;
use codec::Encode;
use quern_primitives::{job::JobSpec, Balance, BlobId, JobId};
use quern_program::Checked;
use quern_protocol::view::{JobView, Quote};
use quern_sdk::{
    chain::{
        calls,
        json::{self, Big},
        runtime, Chain, ChainError, Sender,
    },
    models::{BuiltJob, Digits, InferenceJob, Terms, TrainingJob},
    net::{MemoryStore, Peer},
};
use serde::Serialize;
use std::{path::Path, process::ExitCode};

#[derive(Serialize)]
struct Submitted {
    job: JobId,
    quote: json::Quote,
}

#[derive(Serialize)]
struct Quoted {
    #[serde(flatten)]
    quote: json::Quote,
    /// Programs that would be published.
    programs: usize,
    /// What would be held for them.
    deposit: Big,
    /// About what the transaction that submits the job costs.
    transaction_fee: Big,
    /// About what those that publish the programs cost.
    publishing_fee: Big,
    /// Validators with a free audit bond, counted up to the `auditors` that a shard needs.
    free_validators: u32,
}

impl Quoted {
    fn new(quote: &Quote, beside: &Beside) -> Self {
        Self {
            quote: json::Quote::from(quote),
            programs: beside.programs,
            deposit: Big(beside.deposit),
            transaction_fee: Big(beside.transaction_fee),
            publishing_fee: Big(beside.publishing_fee),
            free_validators: beside.auditors.free,
        }
    }
}

/// What would be paid and held beside the quote itself.
#[derive(Clone, Copy, Debug)]
struct Beside {
    programs: usize,
    deposit: Balance,
    transaction_fee: Balance,
    publishing_fee: Balance,
    auditors: Auditors,
}

/// What to do where no registered worker can run a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Submit it all the same: one may come.
    Warn,
    /// Refuse to submit it.
    Refuse,
}

/// A program that was published for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its name.
    pub program: BlobId,
    /// What is held for its bytes until it is retired.
    pub deposit: Balance,
}

/// A job that was submitted. Its inputs are served until this is dropped.
pub struct Offered {
    /// Its number.
    pub id: JobId,
    /// What it costs.
    pub quote: Quote,
    /// Programs that were published for it.
    pub published: Vec<Published>,
    /// A connection to the node.
    pub chain: Chain,
    peer: Peer,
}

pub async fn run(global: &Global, args: SubmitArgs) -> anyhow::Result<ExitCode> {
    let output = Output { json: global.json };
    let job = build(args.spec.as_deref(), args.task, args.checkpoint.as_deref(), args.rounds)?;
    anyhow::ensure!(
        !args.no_wait || args.offer.quote_only || is_served_elsewhere(&job),
        "with --no-wait nobody would serve the job's inputs, and it would be paused: leave --no-wait out, or name in its file the \
         machines that serve them (`endpoints`)"
    );
    let Some(offered) = offer(global, &output, job, &args.offer, Unfit::Warn).await? else {
        return Ok(ExitCode::SUCCESS);
    };
    if args.no_wait {
        let (id, quote) = (offered.id, json::Quote::from(&offered.quote));
        output.result(&Submitted { job: id, quote }, format_args!("follow it with: quern job watch {id}"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let done = offered.follow(&output).await?;
    let code = watch::finish(&output, &done)?;
    offered.end(&output, args.offer.keep).await?;
    Ok(code)
}

/// Quotes a job, asks, publishes its programs and submits it, and serves its inputs. None where only the quote was asked for.
pub async fn offer(
    global: &Global,
    output: &Output,
    mut job: BuiltJob,
    args: &OfferArgs,
    unfit: Unfit,
) -> anyhow::Result<Option<Offered>> {
    if let Some(bid) = args.bid {
        job.spec.bid = bid;
    }
    args.terms.apply(&mut job.spec)?;
    // A quote signs nothing.
    let keys = if args.quote_only { None } else { Some(client::keys(global)?) };
    let chain = client::connect(global).await?;
    if let Some(stale) = chain.staleness().await? {
        // A quote costs nothing.
        anyhow::ensure!(args.quote_only, "{stale}. Nothing was published or held");
        output.say(format_args!("warning: {stale}"));
    }
    let peer = client::peer(args.listen, &args.announce, MemoryStore::default()).await?;
    serve_blobs(&peer, &job).await?;
    if job.spec.endpoints.is_empty() {
        client::check_reach(&global.rpc, &peer.endpoint())?;
        job.spec.endpoints = vec![peer.endpoint()].try_into().map_err(|_| anyhow::anyhow!("too many endpoints"))?;
    }

    // Nothing is published or held before the price is known, and agreed to.
    let missing: Vec<Vec<u8>> =
        missing_programs(&chain, &job).await?.iter().map(|program| program.program().encode()).collect();
    let (quote, deposit) = chain.dry_quote(&job.spec, &missing).await?;
    let transaction_fee = chain.fee(&calls::submit_job(job.spec.clone())).await?;
    let mut publishing_fee: Balance = 0;
    for program in &missing {
        publishing_fee = publishing_fee.saturating_add(chain.fee(&calls::publish_program(program.clone())).await?);
    }
    let auditors = auditors::for_quote(&chain, &quote).await?;
    let beside = Beside { programs: missing.len(), deposit, transaction_fee, publishing_fee, auditors };
    let no_worker = unfit::warning(&chain, &quote, &job.spec, &job.programs).await?;
    let warnings: Vec<String> = no_worker.iter().cloned().chain(auditors.warning()).collect();
    let Some(keys) = keys else {
        output.result(&Quoted::new(&quote, &beside), quote_text(&quote, &beside))?;
        warnings.iter().for_each(|warning| output.say(format_args!("warning: {warning}")));
        return Ok(None);
    };
    let sender = chain.sender(keys);
    output.say(quote_text(&quote, &beside));
    if let (Some(no_worker), Unfit::Refuse) = (&no_worker, unfit) {
        anyhow::bail!("{no_worker}. Nothing was published or held");
    }
    warnings.iter().for_each(|warning| output.say(format_args!("warning: {warning}")));
    let free = chain.account(&sender.account()).await?.free;
    if let Some(short) = shortfall(free, chain.existential_deposit().await?, &quote, &beside) {
        anyhow::bail!(
            "{short}; nothing was published; lower --bid or transfer some to {}",
            output::address(&sender.account())
        );
    }
    if !missing.is_empty() && !args.yes {
        let programs = output::count(missing.len() as u64, "program");
        let question = format!("Publish {programs}, under a deposit of {}?", output::qrn(deposit));
        if !output.confirm(&question)? {
            anyhow::bail!("nothing was published");
        }
    }
    let published = publish_programs(&chain, &sender, &job).await?;
    if !args.yes && !output.confirm(&format!("Hold {} and start?", output::qrn(quote.escrow)))? {
        anyhow::bail!("nothing was submitted");
    }
    let id = submit_spec(&sender, job.spec).await?;
    output.say(format_args!("job {id} is submitted"));
    Ok(Some(Offered { id, quote, published, chain, peer }))
}

impl Offered {
    /// Follows the job until it is over.
    pub async fn follow(&self, output: &Output) -> anyhow::Result<JobView> {
        output.say(format_args!(
            "serving its inputs until it is over; with Ctrl-C they are gone, and the job goes on without them until somebody \
             misses them"
        ));
        let id = self.id;
        let unserved = format!(
            "job {id} goes on without its inputs: cancel it with `quern job cancel {id}`, or serve them again with \
             `quern job resume {id}` and the file or --task that it was submitted with"
        );
        tokio::select! {
            done = watch::follow(&self.chain, id, output) => done.map_err(|error| match error.is::<client::OtherChain>() {
                // There the number is that of another job, or of none.
                true => error,
                false => error.context(unserved),
            }),
            _ = tokio::signal::ctrl_c() => anyhow::bail!(unserved),
        }
    }

    /// Serves the inputs no more; with `keep` only after Ctrl-C.
    pub async fn end(self, output: &Output, keep: bool) -> anyhow::Result<()> {
        if keep {
            output.say("serving its inputs until Ctrl-C, for whoever runs a task again");
            tokio::signal::ctrl_c().await?;
        }
        self.peer.shutdown().await;
        Ok(())
    }
}

/// The job that a file or a built-in task describes.
pub(super) fn build(
    spec: Option<&Path>,
    task: Option<BuiltIn>,
    checkpoint: Option<&Path>,
    rounds: Option<u16>,
) -> anyhow::Result<BuiltJob> {
    let terms = Terms::default();
    if let Some(path) = spec {
        return spec::read(path);
    }
    let digits = Digits::embedded()?;
    Ok(match task.context("there is neither a file nor --task digits-train")? {
        BuiltIn::DigitsTrain => {
            let mut training = TrainingJob::digits();
            training.rounds = rounds.unwrap_or(training.rounds);
            training.build(training.mlp.initial_checkpoint([0; 32])?, &digits.train, &terms)?
        }
        BuiltIn::DigitsClassify => {
            let path = checkpoint.context("--checkpoint is missing")?;
            let checkpoint = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
            InferenceJob::digits().build(checkpoint, &digits.test, &terms)?
        }
    })
}

/// Whether the job's inputs can be fetched when this program has ended.
fn is_served_elsewhere(job: &BuiltJob) -> bool {
    job.blobs.is_empty() || !job.spec.endpoints.is_empty()
}

/// What an account lacks for a job, if it does: all that is held and burned and paid for it, and what must stay on the account,
/// before anything is published.
fn shortfall(free: Balance, stays: Balance, quote: &Quote, beside: &Beside) -> Option<String> {
    let fees = beside.transaction_fee.saturating_add(beside.publishing_fee);
    let parts = [
        (quote.escrow, "held for the job"),
        (beside.deposit, "as the deposit for its programs"),
        (quote.place_deposit, "as the deposit for its place"),
        (quote.shard_fee, "burned for its shards"),
        (fees, "for the transactions"),
        (stays, "that an account must keep"),
    ];
    let needed = parts.iter().fold(0, |sum: Balance, (amount, _)| sum.saturating_add(*amount));
    let named: Vec<String> = parts
        .iter()
        .filter(|(amount, _)| *amount > 0)
        .map(|(amount, what)| format!("{} {what}", output::qrn(*amount)))
        .collect();
    (free < needed).then(|| {
        let (free, needed) = (output::qrn(free), output::qrn(needed));
        format!("the account has {free}, which does not cover {needed}: {}", named.join(", "))
    })
}

/// Lets everybody fetch the job's input blobs.
pub async fn serve_blobs(peer: &Peer, job: &BuiltJob) -> anyhow::Result<()> {
    for blob in &job.blobs {
        let id = peer.store().put(blob.clone().into()).await?;
        peer.access().publish(id);
    }
    Ok(())
}

/// The programs of a job that are not on chain yet.
async fn missing_programs<'a>(chain: &Chain, job: &'a BuiltJob) -> anyhow::Result<Vec<&'a Checked>> {
    let mut missing = Vec::new();
    for program in &job.programs {
        if chain.program(program.id()).await?.is_none() {
            missing.push(program);
        }
    }
    Ok(missing)
}

/// Publishes those programs of a job that are not on chain yet; returns them.
pub async fn publish_programs(chain: &Chain, sender: &Sender, job: &BuiltJob) -> anyhow::Result<Vec<Published>> {
    let mut all = Vec::new();
    for program in missing_programs(chain, job).await? {
        let included = sender.send_and_wait(&calls::publish_program(program.program().encode())).await;
        let included = included.with_context(|| format!("program {} could not be published", program.id()))?;
        all.extend(included.events.iter().find_map(|event| match event {
            runtime::Event::Jobs(runtime::jobs::Event::ProgramPublished { program, deposit, .. }) => {
                Some(Published { program: **program, deposit: *deposit })
            }
            _ => None,
        }));
    }
    Ok(all)
}

/// Submits a job and returns its number.
pub async fn submit_spec(sender: &Sender, spec: JobSpec) -> anyhow::Result<JobId> {
    let included = sender.send_and_wait(&calls::submit_job(spec)).await.map_err(not_submitted)?;
    let id = included.events.iter().find_map(|event| match event {
        runtime::Event::Jobs(runtime::jobs::Event::JobSubmitted { job, .. }) => Some(*job),
        _ => None,
    });
    id.ok_or_else(|| not_submitted(ChainError::Unsettled("its block does not say the job's number".into())))
}

/// Why a job has no number, and what to do where the chain may have it all the same: it would be paid for twice.
fn not_submitted(error: ChainError) -> anyhow::Error {
    let context = match error.is_in_doubt() {
        true => {
            "the job may be on chain: look for it with `quern job list` before you submit it again, which holds its price anew. Where \
             it is there, serve its inputs with `quern job resume`, its number, and the file or --task that it was submitted with"
        }
        false => "the job could not be submitted",
    };
    anyhow::Error::from(error).context(context)
}

/// Whether a job may be on chain though it could not be submitted.
pub fn is_in_doubt(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(ChainError::is_in_doubt)
}

fn quote_text(quote: &Quote, beside: &Beside) -> String {
    let Beside { programs, deposit, transaction_fee, publishing_fee, auditors } = *beside;
    let mut table = output::plain_table();
    let percent = 100.0 * quote.audit_macs as f64 / (quote.work_macs as f64).max(1.0);
    let moves = match quote.work_macs > quote.macs {
        true => format!(", for bytes moved beside {} of products", output::macs(quote.macs.into())),
        false => String::new(),
    };
    let rows = [
        (
            "work",
            format!(
                "{} in {}{moves}",
                output::macs(quote.work_macs.into()),
                output::count(quote.shards.into(), "shard")
            ),
        ),
        ("verification", format!("{} ({percent:.1} % of the work)", output::macs(quote.audit_macs.into()))),
        ("workers, at the bid", output::qrn(quote.price)),
        ("auditors", output::qrn(quote.audit_fee)),
        ("protocol fee", output::qrn(quote.protocol_fee)),
        ("held for the job", output::qrn(quote.escrow)),
        ("held for its place", output::qrn(quote.place_deposit)),
        ("burned for its shards", output::qrn(quote.shard_fee)),
        ("collateral a shard", output::qrn(quote.collateral)),
        ("workers that fit", quote.workers.to_string()),
        ("validators", auditors.row()),
        ("bond of each for an audit", output::qrn(quote.audit_bond)),
        ("transaction fee", format!("about {}", output::qrn(transaction_fee))),
    ];
    let of_programs = format!(
        "{} for {} to be published, with fees of about {}",
        output::qrn(deposit),
        output::count(programs as u64, "program"),
        output::qrn(publishing_fee)
    );
    let rows = rows.into_iter().chain((programs > 0).then_some(("deposit", of_programs)));
    for (name, value) in rows {
        table.add_row([name.to_owned(), value]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_primitives::QRN;

    #[test]
    fn quote_should_show_the_fee_of_the_transaction_and_a_deposit_only_when_programs_are_missing() {
        let auditors = Auditors { free: 2, needed: 3, bond: 10 * QRN, able: 3, registered: 3 };
        let beside = Beside { programs: 0, deposit: 0, transaction_fee: QRN / 100, publishing_fee: 0, auditors };
        let text = quote_text(&Quote { price: QRN, shards: 4, ..Quote::default() }, &beside);
        assert!(text.contains("about 0.01 QRN") && !text.contains("deposit"), "{text}");
        assert!(text.contains("2 (3 needed)"), "{text}");
        let moving = Quote { macs: 1_000, work_macs: 4_000, shards: 1, ..Quote::default() };
        assert!(quote_text(&moving, &beside).contains("1 shard, for bytes moved beside"), "{text}");
        let text = quote_text(&Quote::default(), &Beside { programs: 2, deposit: 3 * QRN, ..beside });
        assert!(text.contains("3 QRN for 2 programs to be published"), "{text}");
    }

    #[test]
    fn json_of_a_quote_should_have_no_key_twice() {
        let auditors = Auditors { free: 2, needed: 3, bond: 10 * QRN, able: 4, registered: 5 };
        let beside = Beside { programs: 1, deposit: QRN, transaction_fee: 1, publishing_fee: 1, auditors };
        let quote = Quote { auditors: 3, validators: 4, ..Quote::default() };
        let quoted = serde_json::to_string(&Quoted::new(&quote, &beside)).unwrap();
        let submitted = serde_json::to_string(&Submitted { job: 7, quote: json::Quote::from(&quote) }).unwrap();
        for text in [&quoted, &submitted] {
            // Of a key that is there twice, one is lost in a map.
            let read: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(read.to_string().len(), text.len(), "{text}");
        }
        assert!(quoted.contains("\"validators\":4") && quoted.contains("\"free_validators\":2"), "{quoted}");
    }

    #[test]
    fn account_should_be_short_when_it_can_pay_for_the_programs_and_not_for_the_job() {
        let auditors = Auditors { free: 2, needed: 2, bond: QRN, able: 2, registered: 2 };
        let beside = Beside { programs: 1, deposit: 2 * QRN, transaction_fee: QRN, publishing_fee: QRN, auditors };
        let quote = Quote { escrow: 5 * QRN, shard_fee: QRN, ..Quote::default() };
        assert_eq!(shortfall(11 * QRN, QRN, &quote, &beside), None);
        let short = shortfall(11 * QRN - 1, QRN, &quote, &beside).unwrap();
        assert!(short.contains("does not cover 11 QRN: 5 QRN held for the job, 2 QRN as the deposit"), "{short}");
        assert!(
            short.ends_with("1 QRN burned for its shards, 2 QRN for the transactions, 1 QRN that an account must keep"),
            "{short}"
        );
    }

    #[test]
    fn user_should_be_told_to_look_for_the_job_when_it_may_be_on_chain() {
        let in_doubt = not_submitted(ChainError::Unsettled("timed out".into()));
        let told = quern_sdk::causes::told(in_doubt.as_ref());
        assert!(told.contains("`quern job list` before you submit it again") && told.contains("timed out"), "{told}");
        assert!(!told.contains("could not be submitted"), "{told}");
        assert!(is_in_doubt(&in_doubt) && is_in_doubt(&in_doubt.context("more")));
        let elsewhere = ChainError::Elsewhere { url: "ws://a".into(), height: 1, had: [1; 32], has: [2; 32] };
        assert!(is_in_doubt(&not_submitted(elsewhere)), "a block of its own chain may have it");
        let refused = not_submitted(ChainError::Refused("no".into()));
        assert_eq!(format!("{refused:#}"), "the job could not be submitted: refused: no");
        assert!(!is_in_doubt(&refused));
    }

    #[test]
    fn inputs_should_be_served_elsewhere_when_there_are_none_or_the_file_names_who_has_them() {
        let mut job = build(None, Some(BuiltIn::DigitsTrain), None, Some(1)).unwrap();
        assert!(!is_served_elsewhere(&job));
        let endpoint = quern_primitives::job::Endpoint { id: [1; 32], addresses: Default::default() };
        job.spec.endpoints = vec![endpoint].try_into().unwrap();
        assert!(is_served_elsewhere(&job));
        job.spec.endpoints = Default::default();
        job.blobs.clear();
        assert!(is_served_elsewhere(&job));
    }
}
