// SPDX-License-Identifier: Apache-2.0
//! Extrinsics in the order of their nonces: the one place that hands them out.

use super::{
    errors::{in_words, refused_by},
    lost::{Lost, Node},
    proxy::ByProxy,
    queue::{drop_from, Lifetime, NoOutbox, Nonces, Outbox, Queue, Queued},
    runtime, Chain, ChainError, Keypair,
};
use crate::causes::told;
use futures::StreamExt;
use quern_primitives::{Account, Balance, Height};
use std::{io, sync::Arc, time::Duration};
use subxt::{
    client::OnlineClientAtBlockImpl,
    config::DefaultExtrinsicParamsBuilder,
    error::{BackendError, ExtrinsicError, RpcError, TransactionProgressError},
    transactions::{Payload, SubmittableTransaction, TransactionInBlock, TransactionProgress, TransactionStatus},
    utils::H256,
    SubstrateConfig,
};
use tokio::sync::Mutex;

/// Pause before an extrinsic that a node has dropped is handed in again.
const PAUSE: Duration = Duration::from_secs(2);

/// What the pool answers when it has the extrinsic already, or has just had it: no failure. (Code of the node's JSON-RPC.)
const ALREADY_THERE: [i32; 2] = [1012, 1013];
/// The same in words, where a pool says so to whoever watches.
const ALREADY_IMPORTED: &str = "already imported";
/// What the pool answers when it takes these bytes no more for a while: longer than an extrinsic lives. (Code of the node's JSON-RPC.)
const BANNED: i32 = 1012;
/// What the pool answers when the extrinsic can never be executed as it is. (Codes of the node's JSON-RPC.)
const INVALID: [i32; 2] = [1010, 1011];

type Progress = TransactionProgress<SubstrateConfig, OnlineClientAtBlockImpl<SubstrateConfig>>;
type Signed = SubmittableTransaction<SubstrateConfig, OnlineClientAtBlockImpl<SubstrateConfig>>;

/// An extrinsic in a finalised block.
#[derive(Clone, Debug)]
pub struct Included {
    /// Hash of the block.
    pub block: [u8; 32],
    /// What the extrinsic caused.
    pub events: Vec<runtime::Event>,
}

/// Sends the extrinsics of one account. Clones share one queue. A sender [for another account](Self::acting_for) makes every call
/// for that one, as its proxy of type `Daemon`; nonces, fees and queue are those of the key.
///
/// Nonces come from the node, asked every time: one remembered here would leave a gap for ever once the pool drops an
/// extrinsic. What was handed in is looked after until it is final ([`maintain`](Self::maintain)): dropped by a pool, or lost
/// with a block that was replaced, it is handed in again. With an [`Outbox`] the queue survives a restart.
#[derive(Clone)]
pub struct Sender {
    pub(super) chain: Chain,
    pub(super) keys: Keypair,
    acts_for: Option<Account>,
    outbox: Arc<dyn Outbox>,
    queue: Arc<Mutex<Queue>>,
}

impl Sender {
    pub(super) fn new(chain: Chain, keys: Keypair) -> Self {
        Self { chain, keys, acts_for: None, outbox: Arc::new(NoOutbox), queue: Arc::default() }
    }

    /// Makes every call for `account` from now on, by its proxy. For the key's own account it changes nothing.
    pub fn acting_for(self, account: Account) -> Self {
        let acts_for = (account != self.keys.account()).then_some(account);
        Self { acts_for, ..self }
    }

    /// Keeps the queue in `outbox`, beginning with what is in it. What another key has signed is dropped: its nonces are not those
    /// of this one, and what is still owed is sent anew.
    pub fn with_outbox(self, outbox: Arc<dyn Outbox>) -> io::Result<Self> {
        let signer = self.keys.account();
        let (own, others): (Vec<_>, Vec<_>) = outbox.load()?.into_iter().partition(|entry| entry.is_signed_by(&signer));
        if !others.is_empty() {
            outbox.forget(&others.iter().map(|entry| entry.nonce).collect::<Vec<_>>())?;
        }
        let queue = Queue::restored(own);
        Ok(Self { outbox, queue: Arc::new(Mutex::new(queue)), ..self })
    }

    /// The same queue over another connection to the same chain.
    pub fn over(&self, chain: Chain) -> Self {
        Self { chain, ..self.clone() }
    }

    /// The account that acts: the key's own, or the one that it acts for.
    pub fn account(&self) -> Account {
        self.acts_for.unwrap_or_else(|| self.signer())
    }

    /// The account of the key, which pays fees.
    pub fn signer(&self) -> Account {
        self.keys.account()
    }

    /// Whether calls are made for another account than the key's.
    pub fn is_proxy(&self) -> bool {
        self.acts_for.is_some()
    }

    /// What a call costs as this sender sends it, unless it is owed.
    pub async fn fee(&self, call: &(impl Payload + Sync)) -> Result<Balance, ChainError> {
        match self.acts_for {
            Some(real) => self.chain.fee(&self.wrapped(real, call).await?).await,
            None => self.chain.fee(call).await,
        }
    }

    /// A call as one that is made for another account.
    async fn wrapped(&self, real: Account, call: &(impl Payload + Sync)) -> Result<ByProxy, ChainError> {
        let at = self.chain.api().at_current_block().await.map_err(ChainError::block)?;
        let transactions = at.transactions();
        transactions.validate(call).map_err(ChainError::extrinsic)?;
        Ok(ByProxy { real, call: transactions.call_data(call).map_err(ChainError::extrinsic)? })
    }

    /// Hands an extrinsic to the node's pool. It may still fail in its block; a daemon sees that by what the chain says next.
    /// The same call is not handed in twice while it waits for a block.
    pub async fn send(&self, call: &(impl Payload + Sync)) -> Result<(), ChainError> {
        match self.acts_for {
            Some(real) => self.hand_in(&self.wrapped(real, call).await?).await,
            None => self.hand_in(call).await,
        }
    }

    async fn hand_in(&self, call: &(impl Payload + Sync)) -> Result<(), ChainError> {
        let mut queue = self.queue.lock().await;
        let (height, _) = self.chain.best().await?;
        let at = self.chain.api().at_current_block().await.map_err(ChainError::block)?;
        let bytes = at.transactions().call_data(call).map_err(ChainError::extrinsic)?;
        if !queue.is_empty() {
            self.look_after(&mut queue, height).await?;
            if queue.waiting(&bytes, self.nonces().await?, height).is_some() {
                return Ok(());
            }
        }
        let (queued, ..) = self.signed(call, height).await?;
        let (nonce, signed) = (queued.nonce, queued.signed.clone());
        queue.keep(&*self.outbox, queued);
        let submitted = self.submit(&signed, Handed::First).await;
        if submitted.as_ref().is_err_and(ChainError::is_final) {
            queue.give_up(&*self.outbox, nonce);
        }
        submitted
    }

    /// Sends an extrinsic and waits until it is finalised and has succeeded. Dropped by the pool, it is handed in again; lost sight of, it
    /// is looked for on chain. Where no node answers, or the connection breaks while nothing is final yet, the error is
    /// [`ChainError::Unsettled`].
    pub async fn send_and_wait(&self, call: &(impl Payload + Sync)) -> Result<Included, ChainError> {
        match self.acts_for {
            Some(real) => self.carry_out(&self.wrapped(real, call).await?).await,
            None => self.carry_out(call).await,
        }
    }

    async fn carry_out(&self, call: &(impl Payload + Sync)) -> Result<Included, ChainError> {
        let (lost, signed, watch) = {
            let mut queue = self.queue.lock().await;
            let (height, _) = self.chain.best().await?;
            let (queued, born, signed) = self.signed(call, height).await?;
            let mut known = vec![(0, self.chain.genesis())];
            // Chains of one genesis differ in their first blocks. This one is final where the extrinsic is bound to a later one.
            if born.0 > 1 {
                known.extend(self.chain.block_hash(1).await.ok().map(|first| (1, first)));
            }
            known.push(born);
            queue.keep(&*self.outbox, queued.clone());
            let watch = signed.submit_and_watch().await.map_err(|error| not_watched(&error));
            if watch.as_ref().is_err_and(ChainError::is_final) {
                queue.give_up(&*self.outbox, queued.nonce);
            }
            (Lost { queued, hash: signed.hash(), url: self.chain.url().into(), known }, signed, watch)
        };
        let block = match watch {
            Ok(progress) => self.followed(&lost.queued, &signed, progress).await,
            Err(error) => Err(error),
        };
        let outcome = match block {
            Ok(block) => self.outcome(block, lost.hash).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(Some(included)) => Ok(included),
            Ok(None) => {
                let why = "the block that was named does not have it".into();
                lost.looked_for(self.clone(), why).await
            }
            // The connection may break also while the block is read.
            Err(ChainError::Unsettled(why)) => lost.looked_for(self.clone(), why).await,
            Err(error) => Err(error),
        }
    }

    /// The final block that takes an extrinsic which the pool was asked to say all about.
    async fn followed(&self, queued: &Queued, signed: &Signed, mut progress: Progress) -> Result<[u8; 32], ChainError> {
        let mut watched = Watched::default();
        loop {
            match watched.step(progress.next().await)? {
                Step::Over(included) => return Ok(included.block_hash().0),
                Step::Wait => {}
                Step::Again(message) => {
                    let (height, _) = self.chain.best().await.map_err(unsettled)?;
                    if height >= queued.until {
                        return Err(watched.refused(&message));
                    }
                    tokio::time::sleep(PAUSE).await;
                    watched.may_be_taken = true;
                    progress = signed.submit_and_watch().await.map_err(unsettled)?;
                }
            }
        }
    }

    /// What an extrinsic has caused in a block; none where the block does not have it.
    async fn outcome(&self, block: [u8; 32], hash: H256) -> Result<Option<Included>, ChainError> {
        let at = self.chain.api().at_block(H256(block)).await.map_err(unsettled)?;
        let extrinsics = at.extrinsics().fetch().await.map_err(unsettled)?;
        let Some(extrinsic) = extrinsics.iter().flatten().find(|extrinsic| extrinsic.hash() == hash) else {
            return Ok(None);
        };
        let events = extrinsic.events().await.map_err(unsettled)?;
        for event in events.iter() {
            let event = event.map_err(unsettled)?;
            refused_by(event.pallet_name(), event.event_name(), event.field_bytes(), at.metadata())?;
        }
        let events = events.iter().filter_map(|event| event.ok()?.decode_as::<runtime::Event>().ok()).collect();
        Ok(Some(Included { block, events }))
    }

    /// Looks after what was sent, at a best block: drops what is final, and hands in again what was lost. For daemons, once a
    /// block.
    pub async fn maintain(&self, height: Height) -> Result<(), ChainError> {
        let mut queue = self.queue.lock().await;
        if queue.is_empty() {
            return Ok(());
        }
        self.look_after(&mut queue, height).await
    }

    /// Waits until nothing that was sent before, also before a restart, can come into a block any more. Whoever sends what cannot be
    /// seen in the chain before it is in a block would send it twice otherwise.
    pub async fn catch_up(&self) -> Result<(), ChainError> {
        if self.queue.lock().await.is_empty() {
            return Ok(());
        }
        let mut heads = self.chain.heads().await?;
        loop {
            let height = heads.next().await.ok_or(ChainError::Closed)??.height;
            let mut queue = self.queue.lock().await;
            match self.look_after(&mut queue, height).await {
                Ok(()) if !queue.awaits_block(self.nonces().await?, height) => return Ok(()),
                Ok(()) => {}
                // It is handed in at the next block: that comes as long as the node is there.
                Err(error) => tracing::warn!(%error, "what was sent before waits for the node"),
            }
        }
    }

    async fn look_after(&self, queue: &mut Queue, height: Height) -> Result<(), ChainError> {
        let review = queue.review(self.nonces().await?, height);
        let over = review.settled.iter().chain(&review.expired).chain(&review.stranded);
        let over: Vec<u64> = over.map(|entry| entry.nonce).collect();
        if !over.is_empty() {
            drop_from(&*self.outbox, &over);
        }
        for Queued { nonce, .. } in &review.expired {
            tracing::warn!(nonce, "no block has taken an extrinsic in its time");
        }
        for Queued { nonce, .. } in &review.stranded {
            tracing::warn!(nonce, "an extrinsic waits behind one that is gone, and is given up");
        }
        for entry in review.lost {
            tracing::info!(nonce = entry.nonce, "the node has lost an extrinsic; handing it in again");
            if let Err(error) = self.submit(&entry.signed, Handed::Again).await {
                if !error.is_final() {
                    return Err(error);
                }
                // The core sends it anew if the chain still owes its effect, and so it does with those after it.
                tracing::warn!(nonce = entry.nonce, %error, "an extrinsic is given up");
                queue.give_up(&*self.outbox, entry.nonce);
                break;
            }
        }
        Ok(())
    }

    /// Hands encoded bytes to the pool.
    async fn submit(&self, signed: &[u8], handed: Handed) -> Result<(), ChainError> {
        let bytes = format!("0x{}", hex::encode(signed));
        handed.verdict(self.chain.rpc.pool(bytes).await)
    }

    /// Signs with the next nonce as the node's pool has it, at a best block. Also the block that it is bound to.
    async fn signed(
        &self,
        call: &(impl Payload + Sync),
        best: Height,
    ) -> Result<(Queued, (Height, [u8; 32]), Signed), ChainError> {
        let nonce = self.next_nonce().await?;
        let at = self.chain.api().at_current_block().await.map_err(ChainError::block)?;
        let finalized = Height::try_from(at.block_number()).unwrap_or(Height::MAX);
        let life = Lifetime::at(best, finalized);
        let hash = match Height::try_from(life.birth) {
            Ok(birth) if birth != finalized => H256(self.chain.block_hash(birth).await?),
            _ => at.block_hash(),
        };
        let params = DefaultExtrinsicParamsBuilder::new()
            .nonce(nonce)
            .mortal_from_unchecked(life.blocks, life.birth, hash)
            .build();
        let transactions = at.transactions();
        let bytes = transactions.call_data(call).map_err(ChainError::extrinsic)?;
        let mut signable = transactions.create_signable_offline(call, params).map_err(ChainError::extrinsic)?;
        let signed = signable.sign(&self.keys.signer).map_err(ChainError::extrinsic)?;
        let until = life.until();
        let born = (Height::try_from(life.birth).unwrap_or(Height::MAX), hash.0);
        Ok((Queued { nonce, call: bytes, signed: signed.encoded().to_vec(), until }, born, signed))
    }

    async fn next_nonce(&self) -> Result<u64, ChainError> {
        self.chain.rpc.request("system_accountNextIndex", &[self.keys.address().into()]).await
    }

    async fn nonces(&self) -> Result<Nonces, ChainError> {
        let account = self.signer();
        let finalized = self.chain.nonce(&account, Some(self.chain.finalized_hash().await?)).await?;
        let best = self.chain.nonce(&account, None).await?;
        Ok(Nonces { finalized, best, next: self.next_nonce().await? })
    }
}

impl Node for Sender {
    async fn finalized(&self) -> Result<(Height, [u8; 32]), ChainError> {
        self.chain.finalized().await
    }

    async fn block(&self, height: Height) -> Result<[u8; 32], ChainError> {
        self.chain.block_hash(height).await
    }

    async fn nonce(&self, block: [u8; 32]) -> Result<u64, ChainError> {
        self.chain.nonce(&self.signer(), Some(block)).await
    }

    async fn outcome(&self, block: [u8; 32], extrinsic: H256) -> Result<Option<Included>, ChainError> {
        Sender::outcome(self, block, extrinsic).await
    }

    async fn hand_in(&self, signed: &[u8]) -> Result<(), ChainError> {
        self.submit(signed, Handed::First).await
    }

    async fn again(&self) -> Result<Self, ChainError> {
        Ok(self.over(Chain::open(self.chain.url()).await?))
    }
}

/// What a status of an extrinsic that was handed in asks for.
#[derive(Debug)]
enum Step<C> {
    /// It is in a final block.
    Over(TransactionInBlock<SubstrateConfig, C>),
    /// The next status.
    Wait,
    /// That it is handed in again: the pool has dropped it, and says why.
    Again(String),
}

/// What is known of an extrinsic that was handed in.
#[derive(Debug, Default)]
struct Watched {
    /// Whether it may be in a block also where the pool refuses it: it was in one, or is handed in anew.
    may_be_taken: bool,
}

impl Watched {
    /// What a status asks for; none where there will be no more.
    fn step<C>(
        &mut self,
        status: Option<Result<TransactionStatus<SubstrateConfig, C>, TransactionProgressError>>,
    ) -> Result<Step<C>, ChainError> {
        match status {
            Some(Ok(TransactionStatus::InFinalizedBlock(included))) => return Ok(Step::Over(included)),
            // A pool that looks at a new block while an extrinsic is handed in may find it twice: it has it then.
            Some(Ok(TransactionStatus::Invalid { message })) if message.contains(ALREADY_IMPORTED) => {
                return Err(ChainError::Unsettled(in_words(&message)))
            }
            Some(Ok(TransactionStatus::Invalid { message })) => return Err(self.refused(&message)),
            Some(Ok(TransactionStatus::Error { message } | TransactionStatus::Dropped { message })) => {
                return Ok(Step::Again(message))
            }
            Some(Ok(TransactionStatus::InBestBlock(_))) => self.may_be_taken = true,
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(unsettled(error)),
            None => return Err(unsettled(ChainError::Closed)),
        }
        Ok(Step::Wait)
    }

    /// That the pool refuses it.
    fn refused(&self, message: &str) -> ChainError {
        match self.may_be_taken {
            true => ChainError::Unsettled(in_words(message)),
            false => ChainError::Refused(in_words(message)),
        }
    }
}

/// Why it is not known what becomes of an extrinsic that was handed in.
fn unsettled(error: impl std::error::Error + 'static) -> ChainError {
    ChainError::Unsettled(told(&error))
}

/// Why an extrinsic is not followed: the node refuses it, or what was sent to it or came from it was lost.
fn not_watched(error: &ExtrinsicError) -> ChainError {
    match error {
        ExtrinsicError::ErrorSubmittingTransaction(BackendError::Rpc(RpcError::ClientError(
            subxt::rpcs::Error::User(said),
        ))) if !ALREADY_THERE.contains(&said.code) => ChainError::Refused(in_words(&told(error))),
        _ => ChainError::Unsettled(told(error)),
    }
}

/// Whether a pool has had these bytes before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handed {
    /// They are new.
    First,
    /// The node has lost them.
    Again,
}

impl Handed {
    /// What an answer of the pool means, given its code and words.
    fn verdict(self, answer: Result<(), (Option<i32>, String)>) -> Result<(), ChainError> {
        match answer {
            Ok(()) => Ok(()),
            // What is not in the pool and may not come back waits for nothing: the same call is signed anew, which makes other bytes.
            Err((Some(BANNED), message)) if self == Self::Again => Err(ChainError::Refused(in_words(&message))),
            Err((Some(code), _)) if ALREADY_THERE.contains(&code) => Ok(()),
            Err((Some(code), message)) if INVALID.contains(&code) => Err(ChainError::Refused(in_words(&message))),
            Err((_, reason)) => Err(ChainError::Rpc { method: "author_submitExtrinsic".into(), reason }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Status = TransactionStatus<SubstrateConfig, ()>;

    #[test]
    fn extrinsic_should_be_in_doubt_when_it_is_lost_sight_of_after_it_was_handed_in() {
        let broken = TransactionProgressError::CannotGetNextProgressUpdate(BackendError::other("timed out"));
        for end in [Some(Err::<Status, _>(broken)), None] {
            let error = Watched::default().step(end).expect_err("it cannot be followed");
            assert!(matches!(error, ChainError::Unsettled(_)) && !error.is_final(), "{error}");
            assert!(error.to_string().contains("before it is sent again (`quern job list`"), "{error}");
        }
        let lost = BackendError::Rpc(RpcError::SubscriptionDropped);
        assert!(matches!(not_watched(&ExtrinsicError::ErrorSubmittingTransaction(lost)), ChainError::Unsettled(_)));
    }

    #[test]
    fn extrinsic_should_be_refused_when_the_pool_says_so_and_no_block_can_have_it() {
        let invalid = || Some(Ok(Status::Invalid { message: "outdated".into() }));
        let mut watched = Watched::default();
        assert!(watched.step(invalid()).expect_err("it is over").is_final());
        watched.may_be_taken = true;
        assert!(matches!(watched.step(invalid()), Err(ChainError::Unsettled(_))), "a block may have it by now");
        let there = Some(Ok(Status::Invalid { message: "Transaction is already imported".into() }));
        assert!(!Watched::default().step(there).expect_err("it is not watched").is_final(), "the pool has it");
        let dropped = Some(Ok(Status::Dropped { message: "full".into() }));
        assert!(matches!(watched.step(dropped), Ok(Step::Again(message)) if message == "full"));

        let said = |code| subxt::rpcs::UserError { code, message: "said".into(), data: None };
        let answer = |code| {
            let error = RpcError::ClientError(subxt::rpcs::Error::User(said(code)));
            not_watched(&ExtrinsicError::ErrorSubmittingTransaction(BackendError::Rpc(error)))
        };
        assert!(answer(1010).is_final());
        assert!(!answer(1013).is_final(), "the pool has it already");
    }

    #[test]
    fn lost_extrinsic_should_be_given_up_when_the_pool_takes_its_bytes_no_more() {
        let verdict = |handed: Handed, code| handed.verdict(Err((code, "said".into())));
        assert!(verdict(Handed::Again, Some(1012)).is_err_and(|error| error.is_final()));
        for handed in [Handed::First, Handed::Again] {
            assert!(verdict(handed, Some(1013)).is_ok(), "it is there");
            assert!(verdict(handed, Some(1010)).is_err_and(|error| error.is_final()));
            for code in [Some(1016), None] {
                assert!(verdict(handed, code).is_err_and(|error| !error.is_final()), "another try may do");
            }
        }
        assert!(verdict(Handed::First, Some(1012)).is_ok());
    }
}
