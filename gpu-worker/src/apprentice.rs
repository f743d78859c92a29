// SPDX-License-Identifier: Apache-2.0
//! The enrolment of an account that owns nothing: its work is done beside everything else, and handed in until the chain takes
//! it.

use futures::StreamExt;
use quern_primitives::{
    enrol::{Enrolment, ENROLMENT_BLOCKS},
    Account, Height,
};
use quern_sdk::chain::{
    enrol::{search, EnrolError, EnrolRefusal},
    Chain, ChainError, Sender,
};
use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    time::{Duration, Instant},
};

/// Blocks after which work that is not found begins anew, with a newer block: what is left is for getting into one.
const WORK_BLOCKS: Height = ENROLMENT_BLOCKS / 2;
/// Time between two lines about the progress of the work.
const PROGRESS: Duration = Duration::from_secs(5);
/// Blocks until a place is asked for again.
const PAUSE_BLOCKS: Height = 16;

/// Enrols the account of `sender`, and waits until its entry is final. `enrolment` is complete but for block and nonce.
pub async fn enrol(chain: &Chain, sender: &Sender, mut enrolment: Enrolment) -> Result<(), ChainError> {
    loop {
        let bits = chain.enrolment_work().await?;
        let patience = Duration::from_millis(chain.network().await?.slot_ms.saturating_mul(WORK_BLOCKS.into()));
        let (height, hash) = chain.best().await?;
        (enrolment.block, enrolment.nonce) = (height, 0);
        let Some(worked) = work(enrolment.clone(), hash, bits, patience).await else {
            tracing::warn!("the work was not found in {} s; going on with a newer block", patience.as_secs());
            continue;
        };
        match sender.enrol(&worked, &hash).await {
            Ok(()) | Err(EnrolError::Refused(EnrolRefusal::Registered)) => {}
            Err(EnrolError::Refused(refusal)) => {
                tracing::warn!("the chain does not take the enrolment yet: {refusal}");
                pause(chain, refusal).await?;
                continue;
            }
            Err(EnrolError::Chain(error)) => return Err(error),
        }
        tracing::info!(block = height, "the enrolment is handed in");
        if registered(chain, &sender.account(), height.saturating_add(ENROLMENT_BLOCKS)).await? {
            return Ok(());
        }
        tracing::warn!("no block has taken the enrolment; doing the work again");
    }
}

/// Ends a search when nobody waits for it any more: the process was told to stop.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does the work on a thread of its own, for `patience` at most; none when it was not found by then.
async fn work(enrolment: Enrolment, hash: [u8; 32], bits: u32, patience: Duration) -> Option<Enrolment> {
    let expected = 2u64.saturating_pow(bits);
    tracing::info!(bits, "working for the enrolment: about {:.1} million hashes", millions(expected));
    let guard = StopOnDrop(Arc::default());
    let is_stopped = guard.0.clone();
    let found = tokio::task::spawn_blocking(move || {
        let begun = Instant::now();
        let mut told = begun;
        search(enrolment, &hash, bits, |hashes| {
            if told.elapsed() >= PROGRESS {
                told = Instant::now();
                let (done, expected) = (millions(hashes), millions(expected));
                tracing::info!("still working: {done:.1} million hashes; on average it takes {expected:.1} million");
            }
            !is_stopped.load(Ordering::Relaxed) && begun.elapsed() < patience
        })
    });
    found.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

fn millions(count: u64) -> f64 {
    count as f64 / 1e6
}

/// Waits until an enrolment that was refused may be taken.
async fn pause(chain: &Chain, refusal: EnrolRefusal) -> Result<(), ChainError> {
    // Work that came too late, or was too little for a chain whose parameters have just changed, is simply done again.
    if matches!(refusal, EnrolRefusal::Block | EnrolRefusal::Work) {
        return Ok(());
    }
    let (era, _) = chain.era().await?;
    let (begun, _) = chain.best().await?;
    let mut heads = chain.heads().await?;
    while let Some(head) = heads.next().await {
        let is_over = match refusal {
            EnrolRefusal::Again => chain.era().await?.0 != era,
            _ => head?.height >= begun.saturating_add(PAUSE_BLOCKS),
        };
        if is_over {
            return Ok(());
        }
    }
    Err(ChainError::Closed)
}

/// Whether the account is registered in a final block, as far as blocks up to `until` say.
async fn registered(chain: &Chain, me: &Account, until: Height) -> Result<bool, ChainError> {
    let mut heads = chain.heads().await?;
    let mut seen: Option<Height> = None;
    while let Some(head) = heads.next().await {
        let head = head?;
        // A block that is replaced may take the entry with it.
        seen = match chain.participant(me).await? {
            Some(_) => seen.or(Some(head.height)),
            None => None,
        };
        if seen.is_some_and(|seen| head.finalized >= seen) {
            return Ok(true);
        }
        if seen.is_none() && head.height > until {
            return Ok(false);
        }
    }
    Err(ChainError::Closed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_primitives::job::{Endpoint, Profile};

    fn enrolment() -> Enrolment {
        let profile = Profile::new(1, "", false);
        Enrolment { account: [1; 32], endpoint: Endpoint::default(), profile, ask: 1, block: 1, nonce: 0 }
    }

    #[tokio::test]
    async fn work_should_be_found_beside_everything_else() {
        let found = work(enrolment(), [2; 32], 8, Duration::from_secs(60)).await;
        assert_eq!(found, Some(enrolment().with_work(&[2; 32], 8)));
    }

    #[tokio::test]
    async fn work_should_end_when_it_takes_too_long() {
        assert_eq!(work(enrolment(), [2; 32], 256, Duration::ZERO).await, None);
    }

    #[test]
    fn work_should_end_when_the_process_is_told_to_stop() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let endless = work(enrolment(), [2; 32], 256, Duration::MAX);
            tokio::select! {
                found = endless => panic!("{found:?}"),
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
        });
        // Waits for the threads of the runtime: a search that goes on would hold it for ever.
        drop(runtime);
    }
}
