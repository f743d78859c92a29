// SPDX-License-Identifier: Apache-2.0
//! The shell round a core: blocks in, extrinsics out, work in between.

use crate::{
    core::{self, Action, Event, Subject},
    site::{subject, Site, SiteError},
};
use futures::StreamExt;
use quern_primitives::Height;
use quern_protocol::view::ShardView;
use quern_sdk::chain::{calls, ChainError, Sender};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Actions carried out at the same time. Fetches overlap; computations share the machine's cores anyway.
const CONCURRENT_ACTIONS: usize = 8;

/// A core of either daemon.
pub trait Core: Send {
    /// Takes in what happened and says what to do next.
    fn on(&mut self, event: Event) -> Vec<Action>;
}

impl Core for core::Worker {
    fn on(&mut self, event: Event) -> Vec<Action> {
        core::Worker::on(self, event)
    }
}

impl Core for core::Validator {
    fn on(&mut self, event: Event) -> Vec<Action> {
        core::Validator::on(self, event)
    }
}

/// Runs a daemon until the connection to the node is lost.
pub async fn run(mut core: impl Core, site: Arc<Site>, sender: Sender) -> Result<(), SiteError> {
    let (report, mut reports) = mpsc::unbounded_channel::<Event>();
    let permits = Arc::new(tokio::sync::Semaphore::new(CONCURRENT_ACTIONS));
    let mut heads = site.chain.heads().await?;
    let mut latest: Option<(Height, Height, Vec<ShardView>)> = None;
    loop {
        let event = tokio::select! {
            head = heads.next() => {
                let head = head.ok_or(ChainError::Closed)??;
                let views = site.chain.duties(head.hash, &site.me).await?;
                latest = Some((head.height, head.finalized, views));
                None
            }
            event = reports.recv() => event,
        };
        let mut actions = event.map(|event| core.on(event)).unwrap_or_default();
        // What was just reported may allow the next step at once, without waiting for the next block.
        if let Some((best, finalized, views)) = &latest {
            let (best, finalized, views) = (*best, *finalized, views.clone());
            actions.extend(core.on(Event::Block { best, finalized, views }));
        }
        for action in actions {
            let (site, sender, report, permits) = (site.clone(), sender.clone(), report.clone(), permits.clone());
            match action {
                Action::Submit(call) => {
                    tokio::spawn(async move {
                        let what = format!("{call:?}");
                        let what = what.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
                        match send(&sender, call).await {
                            Ok(_) => tracing::debug!(call = what, "sent"),
                            // The core sends it again when the chain still owes its effect.
                            Err(error) => tracing::warn!(call = what, %error, "an extrinsic was not accepted"),
                        }
                    });
                }
                action => {
                    tokio::spawn(async move {
                        let _permit = permits.acquire().await;
                        let subject = subject(&action);
                        match site.carry_out(action).await {
                            Ok(event) => event.into_iter().for_each(|event| drop(report.send(event))),
                            Err(error) => {
                                tracing::warn!(?subject, %error, "will be tried again");
                                if subject != Subject::None {
                                    let _ = report.send(Event::Failed(subject));
                                }
                            }
                        }
                    });
                }
            }
        }
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
        Call::Defend(dispute, Defence::Trace(trace)) => sender.send(&calls::post_trace(dispute, trace)).await,
        Call::Defend(dispute, Defence::Subtrees(values)) => sender.send(&calls::open_subtrees(dispute, values)).await,
        Call::Defend(dispute, Defence::Chunk(bytes)) => sender.send(&calls::open_chunk(dispute, bytes)).await,
        Call::Prosecute(dispute, Prosecution::Name(op)) => sender.send(&calls::name_operator(dispute, op)).await,
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
