// SPDX-License-Identifier: Apache-2.0
//! An extrinsic that was lost sight of: looked for in final blocks until these say what became of it.

use super::{errors::in_words, queue::Queued, rpc, ChainError, Included};
use quern_primitives::Height;
use std::{future::Future, time::Duration};
use subxt::utils::H256;
use tokio::time::Instant;

/// Pause before a node is asked again.
const PAUSE: Duration = Duration::from_secs(2);

/// How long a node is asked that does not answer what became of an extrinsic: twice the minute that one may take to start.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is asked of a node.
pub(super) trait Node: Sized {
    /// The last final block.
    fn finalized(&self) -> impl Future<Output = Result<(Height, [u8; 32]), ChainError>> + Send;
    /// The best chain's block at a height.
    fn block(&self, height: Height) -> impl Future<Output = Result<[u8; 32], ChainError>> + Send;
    /// The nonce after a block of the account that signed.
    fn nonce(&self, block: [u8; 32]) -> impl Future<Output = Result<u64, ChainError>> + Send;
    /// What the extrinsic with this hash has caused in a block; none where the block does not have it.
    fn outcome(
        &self,
        block: [u8; 32],
        extrinsic: H256,
    ) -> impl Future<Output = Result<Option<Included>, ChainError>> + Send;
    /// Hands the extrinsic in again.
    fn hand_in(&self, signed: &[u8]) -> impl Future<Output = Result<(), ChainError>> + Send;
    /// A new connection to the same address, whatever chain is behind it.
    fn again(&self) -> impl Future<Output = Result<Self, ChainError>> + Send;
}

/// An extrinsic that was lost sight of.
#[derive(Debug)]
pub(super) struct Lost {
    pub queued: Queued,
    pub hash: H256,
    /// Where it was handed in.
    pub url: String,
    /// Blocks by which its chain is known, lowest first; the last one is that which it is bound to.
    pub known: Vec<(Height, [u8; 32])>,
}

impl Lost {
    /// What becomes of it: it is looked for in final blocks, from the one on that it is bound to, and handed in again until none can
    /// take it any more. Where no node answers for a while that stays open, for the reason that it was lost sight of; at once where it is
    /// bound to genesis, which tells apart no two development chains.
    pub async fn looked_for(&self, mut node: impl Node, why: String) -> Result<Included, ChainError> {
        tracing::warn!(nonce = self.queued.nonce, why, "an extrinsic was lost sight of; looking for it on chain");
        let mut answered = Instant::now();
        while answered.elapsed() < PATIENCE {
            match self.whereabouts(&node).await {
                Ok(Some(included)) => return Ok(included),
                Ok(None) => answered = Instant::now(),
                Err(error) if error.is_final() => return Err(error),
                Err(error) => {
                    tracing::debug!(%error, "looking for an extrinsic");
                    // A development chain that began anew, and may answer next, would take it.
                    if self.born() == 0 {
                        break;
                    }
                    node = node.again().await.unwrap_or(node);
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(ChainError::Unsettled(why))
    }

    /// The height of the block that it is bound to.
    fn born(&self) -> Height {
        self.known.last().map_or(0, |(height, _)| *height)
    }

    /// That a node runs its chain, by the last block that it has of those known: the hash of one stands for all before it. A node may
    /// fetch the oldest last, so one that it does not have says nothing.
    async fn check_chain(&self, node: &impl Node, finalized: Height) -> Result<(), ChainError> {
        let mut unknown = Ok(());
        for (height, had) in self.known.iter().rev() {
            let found = match node.block(*height).await {
                // The others only tell chains apart: nothing is decided without the block that it is bound to.
                Ok(has) if has == *had => return unknown,
                Ok(has) if *height <= finalized => {
                    return Err(ChainError::Elsewhere { url: self.url.clone(), height: *height, had: *had, has })
                }
                Ok(_) => rpc("chain_getBlockHash", format!("its block {height} is another one, and not final")),
                Err(error) => error,
            };
            unknown = unknown.and(Err(found));
        }
        unknown
    }

    /// What has become of it by the last final block; none where a block may take it yet.
    async fn whereabouts(&self, node: &impl Node) -> Result<Option<Included>, ChainError> {
        let (height, finalized) = node.finalized().await?;
        // What another chain says, which may be behind the address by now, decides nothing.
        self.check_chain(node, height).await?;
        match Fate::by(&self.queued, node.nonce(finalized).await?, height) {
            Fate::Open => {
                // What the pool says of it is not the last word: it may be in a block by now.
                let handed_in = node.hand_in(&self.queued.signed).await;
                tracing::debug!(?handed_in, nonce = self.queued.nonce, "handed in again");
                Ok(None)
            }
            Fate::Expired => Err(ChainError::Refused("no block has taken it in its time: send it again".into())),
            Fate::Decided => {
                for height in self.born()..=height.min(self.queued.until) {
                    if let Some(included) = node.outcome(node.block(height).await?, self.hash).await? {
                        return Ok(Some(included));
                    }
                }
                Err(ChainError::Refused(in_words("outdated")))
            }
        }
    }
}

/// What final blocks say of an extrinsic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// A block may take it yet.
    Open,
    /// Its number is taken, by it or by another one.
    Decided,
    /// It never will be in a block.
    Expired,
}

impl Fate {
    /// By the nonce of its account in a final block, and the height of that.
    fn by(queued: &Queued, nonce: u64, height: Height) -> Self {
        if nonce > queued.nonce {
            Self::Decided
        } else if height >= queued.until {
            Self::Expired
        } else {
            Self::Open
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        collections::BTreeMap,
        sync::{Arc, Mutex},
    };

    const HASH: H256 = H256([0xee; 32]);
    const NONCE: u64 = 7;
    const BORN: Height = 10;
    const UNTIL: Height = 73;
    const SIGNED: &[u8] = b"signed";

    /// A chain as a node has it at one moment: which blocks hold extrinsics of the account, and how far it is final.
    #[derive(Clone, Default)]
    struct View {
        /// Tells apart the hashes of chains.
        chain: u8,
        /// From this height on the blocks are those of another fork.
        forks_at: Option<Height>,
        finalized: Height,
        best: Height,
        /// What was executed, by the block's height. Each raises the nonce, which is [`NONCE`] before.
        executed: BTreeMap<Height, H256>,
        /// The lowest block but genesis that the node has.
        oldest: Height,
        /// A block that the node does not give.
        unreadable: Option<Height>,
    }

    impl View {
        fn at(finalized: Height) -> Self {
            Self { finalized, best: finalized + 3, ..Self::default() }
        }

        fn with(mut self, height: Height, extrinsic: H256) -> Self {
            self.executed.insert(height, extrinsic);
            self
        }

        fn hash(&self, height: Height) -> [u8; 32] {
            let mut hash = [self.chain; 32];
            hash[..4].copy_from_slice(&height.to_le_bytes());
            hash[4] = self.forks_at.is_some_and(|at| height >= at).into();
            hash
        }

        fn height(&self, block: [u8; 32]) -> Option<Height> {
            (0..=self.best).find(|height| self.hash(*height) == block)
        }
    }

    /// A node that shows one view after the other, each time that it is asked for its last final block; none where it does not answer. The
    /// last one stays.
    #[derive(Clone)]
    struct Fake(Arc<Mutex<State>>);

    struct State {
        views: Vec<Option<View>>,
        looks: usize,
        handed_in: usize,
        connections: usize,
    }

    impl Fake {
        fn new(views: impl IntoIterator<Item = Option<View>>) -> Self {
            let views = views.into_iter().collect();
            Self(Arc::new(Mutex::new(State { views, looks: 0, handed_in: 0, connections: 0 })))
        }

        fn view(&self) -> Result<View, ChainError> {
            let state = self.0.lock().unwrap();
            let view = state.views.get(state.looks.saturating_sub(1)).or(state.views.last());
            view.cloned().flatten().ok_or(ChainError::Closed)
        }

        fn counts(&self) -> (usize, usize, usize) {
            let state = self.0.lock().unwrap();
            (state.looks, state.handed_in, state.connections)
        }
    }

    impl Node for Fake {
        async fn finalized(&self) -> Result<(Height, [u8; 32]), ChainError> {
            self.0.lock().unwrap().looks += 1;
            let view = self.view()?;
            Ok((view.finalized, view.hash(view.finalized)))
        }

        async fn block(&self, height: Height) -> Result<[u8; 32], ChainError> {
            let view = self.view()?;
            (height == 0 || (view.oldest..=view.best).contains(&height))
                .then(|| view.hash(height))
                .ok_or_else(|| rpc("chain_getBlockHash", "no such block"))
        }

        async fn nonce(&self, block: [u8; 32]) -> Result<u64, ChainError> {
            let view = self.view()?;
            let height = view.height(block).ok_or(ChainError::Closed)?;
            Ok(NONCE + view.executed.range(..=height).count() as u64)
        }

        async fn outcome(&self, block: [u8; 32], extrinsic: H256) -> Result<Option<Included>, ChainError> {
            let view = self.view()?;
            let height = view.height(block).ok_or(ChainError::Closed)?;
            if view.unreadable == Some(height) {
                return Err(ChainError::Unsettled("the block's state is pruned".into()));
            }
            let is_there = view.executed.get(&height) == Some(&extrinsic);
            Ok(is_there.then(|| Included { block, events: Vec::new() }))
        }

        async fn hand_in(&self, signed: &[u8]) -> Result<(), ChainError> {
            assert_eq!(signed, SIGNED);
            self.0.lock().unwrap().handed_in += 1;
            // The pool's word is not the last one.
            Err(ChainError::Refused("outdated".into()))
        }

        async fn again(&self) -> Result<Self, ChainError> {
            self.0.lock().unwrap().connections += 1;
            Ok(self.clone())
        }
    }

    fn lost() -> Lost {
        let queued = Queued { nonce: NONCE, call: Vec::new(), signed: SIGNED.to_vec(), until: UNTIL };
        let known = [0, 1, BORN].map(|height| (height, View::default().hash(height)));
        Lost { queued, hash: HASH, url: "ws://a".into(), known: known.into() }
    }

    async fn look(node: &Fake) -> Result<[u8; 32], ChainError> {
        lost().looked_for(node.clone(), "timed out".into()).await.map(|included| included.block)
    }

    #[test]
    fn extrinsic_should_be_open_when_final_blocks_do_not_exclude_it() {
        for (nonce, height, fate) in [
            (NONCE, UNTIL - 1, Fate::Open),
            (NONCE - 2, 0, Fate::Open),
            (NONCE, UNTIL, Fate::Expired),
            (NONCE - 2, UNTIL + 1, Fate::Expired),
            (NONCE + 1, BORN, Fate::Decided),
            (NONCE + 2, UNTIL, Fate::Decided),
        ] {
            assert_eq!(Fate::by(&lost().queued, nonce, height), fate, "nonce {nonce} at {height}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn extrinsic_should_be_found_when_a_final_block_has_it() {
        for height in [BORN + 1, UNTIL] {
            let view = View::at(UNTIL + 9).with(height, HASH);
            let node = Fake::new([Some(view.clone())]);
            assert_eq!(look(&node).await.unwrap(), view.hash(height));
            assert_eq!(node.counts(), (1, 0, 0), "it is not handed in again");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn extrinsic_should_be_refused_when_another_one_has_its_number() {
        let node = Fake::new([Some(View::at(20).with(15, H256([1; 32])))]);
        let error = look(&node).await.unwrap_err();
        assert!(matches!(&error, ChainError::Refused(why) if why.contains("another program sends")), "{error}");
        assert_eq!(node.counts().0, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn extrinsic_should_be_handed_in_until_no_block_can_take_it_when_none_has() {
        // Finality may lag behind the block that it is bound to.
        let node = Fake::new([BORN - 1, UNTIL - 1, UNTIL].map(|finalized| Some(View::at(finalized))));
        let error = look(&node).await.unwrap_err();
        assert!(matches!(&error, ChainError::Refused(why) if why.contains("in its time")), "{error}");
        assert_eq!(node.counts(), (3, 2, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn extrinsic_should_be_found_where_it_is_final_when_its_first_block_was_replaced() {
        let before = View::at(11).with(13, HASH);
        let replaced = View { forks_at: Some(12), ..View::at(11) };
        let after = View { finalized: 20, best: 23, ..replaced.clone() }.with(15, HASH);
        let found = after.hash(15);
        let node = Fake::new([before, replaced, after].map(Some));
        assert_eq!(look(&node).await.unwrap(), found);
        assert_eq!(node.counts(), (3, 2, 0), "a block that is not final decides nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn extrinsic_should_be_found_over_a_new_connection_when_its_block_could_not_be_read() {
        let view = View::at(20).with(15, HASH);
        for height in [12, 15] {
            let pruned = View { unreadable: Some(height), ..view.clone() };
            let node = Fake::new([Some(pruned), None, Some(view.clone())]);
            assert_eq!(look(&node).await.unwrap(), view.hash(15));
            assert_eq!(node.counts(), (3, 0, 2));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn extrinsic_should_be_found_when_the_node_fetches_its_oldest_blocks_last() {
        let view = View::at(20).with(15, HASH);
        let [not_yet, enough] = [BORN + 1, BORN].map(|oldest| View { oldest, ..view.clone() });
        let node = Fake::new([not_yet, enough].map(Some));
        assert_eq!(look(&node).await.unwrap(), view.hash(15));
        assert_eq!(node.counts(), (2, 0, 1), "blocks before the one that it is bound to are not needed");
    }

    #[tokio::test(start_paused = true)]
    async fn extrinsic_should_be_found_when_its_node_takes_a_minute_to_start() {
        let view = View::at(20).with(15, HASH);
        let minute = (60 / PAUSE.as_secs()) as usize;
        let node = Fake::new(std::iter::repeat_n(None, minute).chain([Some(view.clone())]));
        assert_eq!(look(&node).await.unwrap(), view.hash(15));
    }

    #[tokio::test(start_paused = true)]
    async fn extrinsic_should_not_be_handed_in_over_a_new_connection_when_its_genesis_is_all_that_is_known() {
        let genesis = (0, View::default().hash(0));
        let lost = Lost { known: vec![genesis; 2], ..lost() };
        // A development chain that began anew would take it, or has come to where none can.
        for next in [View::at(3), View::at(UNTIL)] {
            let node = Fake::new([None, Some(View { forks_at: Some(1), ..next })]);
            let error = lost.looked_for(node.clone(), "timed out".into()).await.unwrap_err();
            assert!(matches!(&error, ChainError::Unsettled(why) if why == "timed out"), "{error}");
            assert_eq!(node.counts(), (1, 0, 0));
        }
        // Over the same connection it is handed in, and found.
        let view = View::at(5).with(4, HASH);
        let node = Fake::new([View::at(0), view.clone()].map(Some));
        assert_eq!(lost.looked_for(node.clone(), "timed out".into()).await.unwrap().block, view.hash(4));
        assert_eq!(node.counts(), (2, 1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn extrinsic_should_stay_in_doubt_when_its_block_is_never_read_or_no_node_answers() {
        let pruned = View { unreadable: Some(15), ..View::at(20).with(15, HASH) };
        let behind = View::at(BORN - 5);
        let forked = View { forks_at: Some(BORN), ..View::at(BORN - 1) };
        let recent = View { oldest: BORN + 1, ..View::at(20).with(15, HASH) };
        for view in [Some(pruned), Some(behind), Some(forked), Some(recent), None] {
            let node = Fake::new([view]);
            let error = look(&node).await.unwrap_err();
            assert!(matches!(&error, ChainError::Unsettled(why) if why == "timed out"), "{error}");
            let tries = (PATIENCE.as_secs() / PAUSE.as_secs()) as usize;
            assert_eq!(node.counts(), (tries, 0, tries));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn other_chain_should_be_named_at_once_when_it_answers_at_the_address() {
        let genesis = View { chain: 9, ..View::at(0) };
        let named = (genesis.hash(0), View::default().hash(0));
        // A development chain that began anew: it has not come to the block that the extrinsic is bound to.
        let anew = View { forks_at: Some(1), ..View::at(3) };
        let first = (anew.hash(1), View::default().hash(1));
        // A block of the extrinsic's number and hash on it means nothing.
        let fork = View { forks_at: Some(BORN), ..View::at(20).with(15, HASH) };
        let born = (fork.hash(BORN), View::default().hash(BORN));
        for (view, height, (has, had)) in [(genesis, 0, named), (anew, 1, first), (fork, BORN, born)] {
            let node = Fake::new([None, Some(view)]);
            let error = look(&node).await.unwrap_err();
            assert!(error.is_final() && error.is_in_doubt(), "{error}");
            let told = error.to_string();
            for part in [
                "ws://a runs another chain now".to_owned(),
                format!("its block {height} is {:?}", H256(has)),
                format!("{:?}", H256(had)),
                "with --rpc".into(),
                "`quern job list`".into(),
            ] {
                assert!(told.contains(&part), "{part}: {told}");
            }
            assert_eq!(node.counts(), (2, 0, 1));
        }
    }
}
