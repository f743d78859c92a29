// SPDX-License-Identifier: Apache-2.0
//! `quern job acknowledge`.

use crate::{
    args::{AcknowledgeArgs, Global},
    client,
    output::Output,
};
use anyhow::{ensure, Context};
use quern_primitives::{Account, Height, ShardId};
use quern_protocol::shard::Shard;
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
    let job = chain.job(args.id).await?.with_context(|| format!("job {} is not on chain", args.id))?;
    let wrong = args.stage.iter().find(|stage| usize::from(**stage) >= job.stages.len());
    ensure!(wrong.is_none(), "job {} has {} stages, counted from 0", args.id, job.stages.len());
    let is_requester = job.requester == caller;
    let (height, _) = chain.best().await?;
    let mut waiting: Vec<ShardId> = Vec::new();
    for (stage, progress) in (0u16..).zip(&job.stages) {
        if !args.stage.is_empty() && !args.stage.contains(&stage) {
            continue;
        }
        let mut from = 0;
        while from < progress.shards {
            let page = chain.shards(args.id, stage, from).await?;
            let Some(last) = page.last() else { break };
            from = last.id.index + 1;
            waiting.extend(
                page.iter().filter(|shard| can_say(shard, is_requester, &caller, height)).map(|shard| shard.id),
            );
        }
    }
    ensure!(
        !waiting.is_empty(),
        "there is nothing to acknowledge: no accepted shard of job {} that this account requested or audited waits for it",
        args.id
    );
    let sender = chain.sender(keys);
    for page in waiting.chunks(SHARDS_PER_CALL) {
        sender.send_and_wait(&calls::acknowledge_shards(page.to_vec())).await?;
    }
    let text = format!("the outputs of {} shards of job {} are acknowledged", waiting.len(), args.id);
    Output { json: global.json }.result(&Acknowledged { job: args.id, shards: waiting.len() }, text)?;
    Ok(ExitCode::SUCCESS)
}

/// Whether the delivery of a shard is still open after a height, and the caller's to confirm.
fn can_say(shard: &Shard, is_requester: bool, caller: &Account, height: Height) -> bool {
    let is_open = shard.window().is_some_and(|window| !window.delivered && height < window.deliver_by);
    is_open && (is_requester || shard.may_confirm_delivery(caller))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_primitives::{draw::SegmentCosts, BlobId};
    use quern_protocol::shard::{Commitment, Deal, Phase, Window};

    const WORKER: Account = [1; 32];
    const AUDITOR: Account = [2; 32];
    const OTHER: Account = [3; 32];

    fn accepted(delivered: bool) -> Shard {
        let (challenges, demands) = (Default::default(), Default::default());
        let window = Window { closes: 50, deliver_by: 90, delivered, challenges, refuted: 0, demands, asked: 0 };
        let deal = Deal { worker: WORKER, price: 1, collateral: 1 };
        let commitment = Commitment { root: BlobId([0; 32]), secret_hash: [0; 32], at: 10 };
        let auditors = vec![AUDITOR, WORKER].try_into().unwrap();
        let costs = SegmentCosts { init: 0, body: 0, steps: 0, finish: 1, has_loop: false };
        let shard = Shard::new(ShardId { job: 0, stage: 0, index: 0 }, 0, 1, costs);
        Shard { phase: Phase::Accepted { deal, commitment, auditors, at: 20, window }, ..shard }
    }

    #[test]
    fn delivery_should_be_confirmed_by_the_requester_or_an_auditor_while_it_is_open() {
        let waiting = accepted(false);
        assert!(can_say(&waiting, true, &OTHER, 60) && can_say(&waiting, false, &AUDITOR, 60));
        assert!(!can_say(&waiting, false, &OTHER, 60), "it has no part in it");
        assert!(!can_say(&waiting, false, &WORKER, 60), "who adopted the result is its worker");
        assert!(!can_say(&waiting, true, &OTHER, 90), "too late for the next block");
        assert!(!can_say(&accepted(true), true, &OTHER, 60), "it is delivered");
    }
}
