// SPDX-License-Identifier: Apache-2.0
//! `quern job acknowledge`.

use crate::{
    args::{AcknowledgeArgs, Global},
    client,
    output::Output,
};
use anyhow::ensure;
use quern_primitives::{Height, ShardId};
use quern_protocol::shard::{Phase, Shard};
use quern_sdk::chain::calls;
use serde::Serialize;
use std::process::ExitCode;

/// Most shards that one `jobs.acknowledge_shards` takes.
const SHARDS_PER_CALL: usize = 16;

#[derive(Serialize)]
struct Acknowledged {
    job: u64,
    shards: usize,
}

pub async fn run(global: &Global, args: AcknowledgeArgs) -> anyhow::Result<ExitCode> {
    let keys = client::keys(global)?;
    let caller = keys.account();
    let chain = client::connect(global).await?;
    let job = client::job(&chain, args.id).await?;
    let wrong = args.stage.iter().find(|stage| usize::from(**stage) >= job.stages.len());
    ensure!(wrong.is_none(), "job {} has {} stages, counted from 0", args.id, job.stages.len());
    let is_requester = job.requester == caller;
    let (height, _) = chain.best().await?;
    let (mut waiting, mut own, mut said): (Vec<ShardId>, u32, u32) = Default::default();
    for (stage, progress) in (0u16..).zip(&job.stages) {
        if !args.stage.is_empty() && !args.stage.contains(&stage) {
            continue;
        }
        let mut from = 0;
        while from < progress.shards {
            let page = chain.shards(args.id, stage, from).await?;
            let Some(last) = page.last() else { break };
            from = last.id.index + 1;
            for shard in page.iter().filter(|shard| is_requester || shard.may_confirm_delivery(&caller)) {
                own += 1;
                said += u32::from(is_said(shard));
                waiting.extend(is_open(shard, height).then_some(shard.id));
            }
        }
    }
    ensure!(!waiting.is_empty(), "there is nothing to acknowledge in job {}: {}", args.id, why_not(own, said));
    let signer = client::Signer::new(global, &chain, keys);
    for page in waiting.chunks(SHARDS_PER_CALL) {
        signer.send_and_wait(&calls::acknowledge_shards(page.to_vec())).await?;
    }
    let text = format!("the outputs of {} shards of job {} are acknowledged", waiting.len(), args.id);
    Output { json: global.json }.result(&Acknowledged { job: args.id, shards: waiting.len() }, text)?;
    Ok(ExitCode::SUCCESS)
}

/// Whether somebody may still say after a height that the outputs of a shard are delivered.
fn is_open(shard: &Shard, height: Height) -> bool {
    shard.window().is_some_and(|window| !window.delivered && height < window.deliver_by)
}

/// Whether somebody has said so.
fn is_said(shard: &Shard) -> bool {
    shard.window().is_some_and(|window| window.delivered) || matches!(shard.phase, Phase::Settled { paid: true, .. })
}

/// Why none of so many shards whose delivery is the caller's to confirm waits for it; of `said` somebody has said so.
fn why_not(own: u32, said: u32) -> String {
    match own {
        0 => {
            "this account neither requested it nor audited an accepted shard of it; use the key of one that did".into()
        }
        _ if own == said => format!("the outputs of {said} of {own} shards are acknowledged already"),
        _ => format!(
            "of {own} shards {said} are acknowledged already, and the others are not accepted or their time is over"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_primitives::{draw::SegmentCosts, Account, BlobId};
    use quern_protocol::shard::{Commitment, Deal, Window};

    const WORKER: Account = [1; 32];
    const AUDITOR: Account = [2; 32];
    const OTHER: Account = [3; 32];

    fn accepted(delivered: bool) -> Shard {
        let (challenges, demands) = (Default::default(), Default::default());
        let (closes, deliver_by, confirmed) = (50, 90, Default::default());
        let window =
            Window { closes, deliver_by, delivered, challenges, refuted: 0, demands, asked: 0, asked_at: 0, confirmed };
        let deal = Deal { worker: WORKER, price: 1, collateral: 1 };
        let commitment = Commitment { root: BlobId([0; 32]), secret_hash: [0; 32], at: 10 };
        let auditors = vec![AUDITOR, WORKER].try_into().unwrap();
        let costs = SegmentCosts { init: 0, body: 0, steps: 0, finish: 1, has_loop: false };
        let shard = Shard::new(ShardId { job: 0, stage: 0, index: 0 }, 0, 1, costs);
        Shard { phase: Phase::Accepted { deal, commitment, auditors, at: 20, window }, ..shard }
    }

    #[test]
    fn delivery_should_be_open_until_somebody_has_confirmed_it_or_its_time_is_over() {
        assert!(is_open(&accepted(false), 60) && !is_said(&accepted(false)));
        assert!(!is_open(&accepted(false), 90), "too late for the next block");
        assert!(!is_open(&accepted(true), 60) && is_said(&accepted(true)));
    }

    #[test]
    fn delivery_should_be_confirmed_by_auditors_and_not_by_the_worker() {
        let shard = accepted(false);
        assert!(shard.may_confirm_delivery(&AUDITOR));
        assert!(!shard.may_confirm_delivery(&OTHER), "it has no part in it");
        assert!(!shard.may_confirm_delivery(&WORKER), "its own word counts for nothing");
    }

    #[test]
    fn refusal_should_tell_strangers_from_latecomers() {
        assert!(why_not(0, 0).contains("neither requested it nor audited"));
        assert!(why_not(3, 3).contains("acknowledged already"));
        assert!(why_not(3, 1).contains("others are not accepted or their time is over"));
    }
}
