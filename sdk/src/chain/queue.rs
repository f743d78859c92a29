// SPDX-License-Identifier: Apache-2.0
//! Extrinsics of one account that are not final yet, in the order of their nonces: no socket, no clock.
//!
//! The node says where the account stands ([`Nonces`]). An extrinsic whose nonce is below that of the last finalised block is
//! settled. One that is neither in a block nor in the pool was dropped, or lost when a block was replaced: it is handed in
//! again, byte for byte, so that it can never be executed twice.

use codec::{Compact, Decode, Encode};
use quern_primitives::{Account, Height};
use std::{collections::BTreeMap, io};

/// An extrinsic that was handed to a node.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Queued {
    /// Its nonce.
    pub nonce: u64,
    /// The encoded call.
    pub call: Vec<u8>,
    /// The whole extrinsic, signed and encoded.
    pub signed: Vec<u8>,
    /// The last height at which a block may take it.
    pub until: Height,
}

impl Queued {
    /// Whether this account's key signed it.
    pub fn is_signed_by(&self, account: &Account) -> bool {
        // Its length, version and kind, and whose address it is: an account's.
        let mut input = &self.signed[..];
        let head = <(Compact<u32>, u8, u8, Account)>::decode(&mut input);
        head.is_ok_and(|(_, version, kind, signer)| version & SIGNED != 0 && kind == 0 && signer == *account)
    }
}

/// Marks a version of an extrinsic as signed.
const SIGNED: u8 = 0b1000_0000;

/// Where an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonces {
    /// Its nonce in the last finalised block.
    pub finalized: u64,
    /// Its nonce in the best block.
    pub best: u64,
    /// The first nonce that is neither in the best chain nor ready in the node's pool.
    pub next: u64,
}

impl Nonces {
    /// The first nonce that the node has no extrinsic for. Best chain and pool were asked one after the other.
    fn end(&self) -> u64 {
        self.next.max(self.best)
    }
}

/// What a review of the queue asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    /// Settled: their nonce is final.
    pub settled: Vec<Queued>,
    /// No block may take them any more.
    pub expired: Vec<Queued>,
    /// They wait behind a nonce that nobody has: what is still owed of them is sent anew.
    pub stranded: Vec<Queued>,
    /// To be handed in again, in this order.
    pub lost: Vec<Queued>,
}

/// The queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    open: BTreeMap<u64, Queued>,
    /// Given up because a nonce before them was missing. Nobody looks after them; but a pool that kept them executes them once another
    /// extrinsic has that nonce, and the same call would be paid for twice.
    stranded: BTreeMap<u64, Queued>,
}

impl Queue {
    /// The queue of a process that was stopped.
    pub fn restored(entries: impl IntoIterator<Item = Queued>) -> Self {
        Self { open: entries.into_iter().map(|entry| (entry.nonce, entry)).collect(), stranded: BTreeMap::new() }
    }

    /// Whether there is nothing to look after.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.stranded.is_empty()
    }

    /// Takes in an extrinsic. It replaces one with the same nonce, which lost its place.
    pub fn insert(&mut self, entry: Queued) {
        self.stranded.remove(&entry.nonce);
        self.open.insert(entry.nonce, entry);
    }

    /// Takes in an extrinsic and keeps it in `outbox`. That this fails holds up nothing: after a restart what is still owed is sent
    /// anew, while what is not sent for want of room on a disk costs the collateral.
    pub fn keep(&mut self, outbox: &dyn Outbox, entry: Queued) {
        if let Err(error) = outbox.keep(&entry) {
            tracing::warn!(nonce = entry.nonce, %error, "an extrinsic is sent that would be forgotten by a restart");
        }
        self.insert(entry);
    }

    /// Takes out an extrinsic that the node refuses for good, and those after it, which would wait behind its nonce; here and in
    /// `outbox`.
    pub fn give_up(&mut self, outbox: &dyn Outbox, nonce: u64) {
        let mut given_up = self.open.split_off(&nonce);
        drop_from(outbox, &given_up.keys().copied().collect::<Vec<_>>());
        given_up.remove(&nonce);
        self.stranded.extend(given_up);
    }

    /// An extrinsic with the same call that no block of the best chain has taken yet, and may still take.
    pub fn waiting(&self, call: &[u8], nonces: Nonces, best: Height) -> Option<&Queued> {
        // What is ready in the pool with the nonce of one that was given up is that one.
        let ready = self.stranded.range(nonces.best..nonces.end()).map(|(_, entry)| entry);
        let ready = ready.filter(|entry| entry.until > best);
        self.in_line(nonces, best).chain(ready).find(|entry| entry.call == call)
    }

    /// Whether there is one that no block of the best chain has taken yet, and may still take.
    pub fn awaits_block(&self, nonces: Nonces, best: Height) -> bool {
        self.in_line(nonces, best).next().is_some()
    }

    /// Those that a block may take next: none behind a nonce that is missing.
    fn in_line(&self, nonces: Nonces, best: Height) -> impl Iterator<Item = &Queued> {
        let mut end = nonces.end();
        let open = self.open.range(nonces.best..).map(|(_, entry)| entry).filter(move |entry| entry.until > best);
        open.take_while(move |entry| {
            let is_in_line = entry.nonce <= end;
            end = end.max(entry.nonce.saturating_add(1));
            is_in_line
        })
    }

    /// Drops what is settled, too old, or behind a nonce that is missing, and says what was lost.
    pub fn review(&mut self, nonces: Nonces, best: Height) -> Review {
        let mut review = Review::default();
        let mut end = nonces.end();
        self.stranded.retain(|nonce, entry| *nonce >= nonces.finalized && entry.until > best);
        for (nonce, entry) in std::mem::take(&mut self.open) {
            if nonce < nonces.finalized {
                review.settled.push(entry);
                continue;
            }
            // What is in a block may come back when the block is replaced.
            if nonce >= nonces.best && entry.until <= best {
                review.expired.push(entry);
                continue;
            }
            if nonce > end {
                review.stranded.push(entry.clone());
                self.stranded.insert(nonce, entry);
                continue;
            }
            if nonce == end {
                review.lost.push(entry.clone());
                end = end.saturating_add(1);
            }
            self.open.insert(nonce, entry);
        }
        review
    }
}

/// Where a queue survives a restart.
pub trait Outbox: Send + Sync {
    /// Everything that was kept.
    fn load(&self) -> io::Result<Vec<Queued>>;
    /// Keeps an extrinsic, durably, instead of any other with its nonce.
    fn keep(&self, entry: &Queued) -> io::Result<()>;
    /// Drops the extrinsics with these nonces.
    fn forget(&self, nonces: &[u64]) -> io::Result<()>;
}

/// Drops what is over. An entry that stays where this fails is over after a restart too.
pub(super) fn drop_from(outbox: &dyn Outbox, nonces: &[u64]) {
    if let Err(error) = outbox.forget(nonces) {
        tracing::warn!(%error, "extrinsics that are over cannot be dropped from the disk");
    }
}

/// Blocks for which an extrinsic is valid while finality keeps up: one that is not in a block by then never will be.
pub const MORTAL_BLOCKS: Height = 64;
/// Of these, those that are left at least when it is made.
const LEFT_BLOCKS: u64 = 32;
/// How far the block that it is bound to lies behind the best one at most: a node knows the hashes of the last 2,400 blocks, and the
/// extrinsic must not outlive that.
const MAX_BIRTH_BLOCKS: u64 = 1_024;

/// From which block on, and for how many, an extrinsic is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Height of the block that it is bound to.
    pub birth: u64,
    /// Blocks for which it is valid from there on: a power of two.
    pub blocks: u64,
}

impl Lifetime {
    /// Of an extrinsic that is made at a best block: bound to the last finalised one, so that no fork takes it away, and valid for longer
    /// where finality lags.
    pub fn at(best: Height, finalized: Height) -> Self {
        let (best, finalized) = (u64::from(best), u64::from(finalized).min(u64::from(best)));
        let birth = finalized.max(best.saturating_sub(MAX_BIRTH_BLOCKS));
        let least = best.saturating_sub(birth).saturating_add(LEFT_BLOCKS);
        Self { birth, blocks: least.next_power_of_two().max(MORTAL_BLOCKS.into()) }
    }

    /// The last height at which a block may take it.
    pub fn until(&self) -> Height {
        Height::try_from(self.birth.saturating_add(self.blocks).saturating_sub(1)).unwrap_or(Height::MAX)
    }
}

/// An outbox that keeps nothing: for commands that wait until they are done.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoOutbox;

impl Outbox for NoOutbox {
    fn load(&self) -> io::Result<Vec<Queued>> {
        Ok(Vec::new())
    }

    fn keep(&self, _: &Queued) -> io::Result<()> {
        Ok(())
    }

    fn forget(&self, _: &[u64]) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(nonce: u64, call: u8, until: Height) -> Queued {
        Queued { nonce, call: vec![call], signed: vec![call, nonce as u8], until }
    }

    /// A disk that is full.
    struct Full;

    impl Outbox for Full {
        fn load(&self) -> io::Result<Vec<Queued>> {
            Ok(Vec::new())
        }

        fn keep(&self, _: &Queued) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn forget(&self, _: &[u64]) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }

    #[test]
    fn extrinsic_should_be_looked_after_all_the_same_when_the_disk_is_full() {
        let mut queue = Queue::default();
        queue.keep(&Full, entry(4, 1, 64));
        let nonces = Nonces { finalized: 4, best: 4, next: 4 };
        assert_eq!(queue.review(nonces, 10).lost, [entry(4, 1, 64)]);
        queue.give_up(&Full, 4);
        assert!(queue.is_empty());
    }

    #[test]
    fn extrinsic_should_live_for_64_blocks_while_finality_keeps_up_and_longer_when_it_lags() {
        assert_eq!(Lifetime::at(102, 100), Lifetime { birth: 100, blocks: 64 });
        assert_eq!(Lifetime::at(132, 100), Lifetime { birth: 100, blocks: 64 });
        assert_eq!(Lifetime::at(133, 100), Lifetime { birth: 100, blocks: 128 });
        assert_eq!(Lifetime::at(9_000, 100), Lifetime { birth: 7_976, blocks: 2_048 });
        assert_eq!(Lifetime::at(100, 102), Lifetime { birth: 100, blocks: 64 }, "the best block was asked for first");
        assert_eq!(Lifetime::at(102, 100).until(), 163);
    }

    proptest! {
        #[test]
        fn extrinsic_should_be_valid_when_it_is_made_and_as_long_as_nodes_know_its_birth(
            best in 0..Height::MAX, lag in prop_oneof![0..200u32, any::<Height>()],
        ) {
            /// `System::BlockHashCount`.
            const KNOWN_BLOCKS: u64 = 2_400;
            let life = Lifetime::at(best, best.saturating_sub(lag));
            prop_assert!(life.blocks.is_power_of_two() && life.blocks >= 4 && life.blocks < KNOWN_BLOCKS);
            prop_assert!(life.birth <= best.into() && u64::from(best) + LEFT_BLOCKS <= life.birth + life.blocks);
            prop_assert!(life.birth <= best.saturating_sub(lag).into() || lag > 1_024, "it is bound to a final block");
        }
    }

    #[test]
    fn extrinsic_should_be_known_by_its_signer() {
        let of = |bytes: Vec<u8>| Queued { signed: bytes, ..entry(0, 0, 0) };
        let signed = of((Compact(99u32), 0x84u8, 0u8, [7u8; 32], 1u8).encode());
        assert!(signed.is_signed_by(&[7; 32]));
        assert!(!signed.is_signed_by(&[8; 32]));
        // No signer, or no address of an account, or nothing at all.
        for other in [
            (Compact(99u32), 0x05u8, 0u8, [7u8; 32]).encode(),
            (Compact(99u32), 0x84u8, 1u8, [7u8; 32]).encode(),
            vec![],
        ] {
            assert!(!of(other).is_signed_by(&[7; 32]));
        }
    }

    #[test]
    fn extrinsic_should_be_settled_when_its_nonce_is_final() {
        let mut queue = Queue::restored([entry(3, 1, 64), entry(4, 2, 64)]);
        let review = queue.review(Nonces { finalized: 4, best: 5, next: 5 }, 10);
        assert_eq!((review.settled, review.lost), (vec![entry(3, 1, 64)], vec![]));
        assert!(!queue.is_empty(), "a block that is not final may be replaced");
    }

    #[test]
    fn extrinsics_should_be_handed_in_again_in_order_when_the_pool_has_dropped_them() {
        let mut queue = Queue::restored([entry(5, 2, 64), entry(4, 1, 64)]);
        let review = queue.review(Nonces { finalized: 4, best: 4, next: 4 }, 10);
        assert_eq!(review.lost, vec![entry(4, 1, 64), entry(5, 2, 64)]);
    }

    #[test]
    fn extrinsic_should_be_handed_in_again_when_the_block_with_it_is_replaced() {
        let mut queue = Queue::restored([entry(4, 1, 64)]);
        assert_eq!(queue.review(Nonces { finalized: 4, best: 5, next: 5 }, 10), Review::default());
        assert_eq!(queue.review(Nonces { finalized: 4, best: 4, next: 4 }, 11).lost, vec![entry(4, 1, 64)]);
    }

    #[test]
    fn extrinsic_should_be_given_up_when_it_is_too_old() {
        let mut queue = Queue::restored([entry(4, 1, 64)]);
        assert_eq!(queue.review(Nonces { finalized: 4, best: 4, next: 4 }, 64).expired, vec![entry(4, 1, 64)]);
        assert!(queue.is_empty());
    }

    #[test]
    fn call_should_count_as_waiting_until_a_block_takes_it() {
        let queue = Queue::restored([entry(4, 1, 64)]);
        let at = |best, next| Nonces { finalized: 4, best, next };
        assert_eq!(queue.waiting(&[1], at(4, 5), 10), Some(&entry(4, 1, 64)));
        assert_eq!(queue.waiting(&[2], at(4, 5), 10), None);
        assert_eq!(queue.waiting(&[1], at(5, 5), 10), None, "if it failed in its block it may be sent again");
        assert_eq!(queue.waiting(&[1], at(4, 5), 64), None);
    }

    #[test]
    fn call_should_not_count_as_waiting_when_it_is_behind_a_nonce_that_nobody_has() {
        let mut queue = Queue::restored([entry(6, 2, 64), entry(7, 3, 64)]);
        let nonces = Nonces { finalized: 4, best: 5, next: 5 };
        assert_eq!(queue.waiting(&[2], nonces, 10), None, "nonce 5 was given up");
        assert!(!queue.awaits_block(nonces, 10));
        assert_eq!(queue.waiting(&[3], Nonces { next: 6, ..nonces }, 10), Some(&entry(7, 3, 64)), "6 is handed in");
        assert!(queue.awaits_block(Nonces { next: 6, ..nonces }, 10));
        assert!(!queue.awaits_block(Nonces { best: 8, next: 8, ..nonces }, 10), "blocks have taken them");
        assert_eq!(queue.review(nonces, 10).stranded, [entry(6, 2, 64), entry(7, 3, 64)]);
        assert!(queue.open.is_empty());
        queue.review(nonces, 64);
        assert!(queue.is_empty(), "no block can take them any more");
    }

    #[test]
    fn call_should_not_be_sent_twice_when_the_nonce_before_it_is_filled() {
        let mut queue = Queue::restored([entry(5, 1, 64), entry(6, 2, 64), entry(7, 3, 64)]);
        queue.give_up(&NoOutbox, 5);
        let at = |next| Nonces { finalized: 4, best: 5, next };
        assert_eq!(queue.waiting(&[2], at(5), 10), None, "it would wait behind nonce 5");
        queue.insert(entry(5, 4, 64));
        assert_eq!(queue.waiting(&[2], at(8), 10), Some(&entry(6, 2, 64)), "the pool has kept it");
        assert_eq!(queue.waiting(&[2], at(6), 10), None, "the pool has lost it");
        queue.insert(entry(6, 5, 64));
        assert_eq!(queue.waiting(&[2], at(8), 10), None, "another one has its nonce");
        assert_eq!(queue.waiting(&[3], at(8), 10), Some(&entry(7, 3, 64)));
        assert_eq!(queue.waiting(&[3], at(8), 64), None);
    }

    #[test]
    fn extrinsics_should_be_dropped_when_the_one_before_them_is_given_up_or_too_old() {
        let all = [entry(4, 1, 64), entry(5, 2, 20), entry(6, 3, 64), entry(7, 4, 64)];
        let mut given_up = Queue::restored(all.clone());
        given_up.give_up(&NoOutbox, 6);
        assert_eq!(given_up.open, Queue::restored(all[..2].iter().cloned()).open);
        let mut expired = Queue::restored(all.clone());
        let review = expired.review(Nonces { finalized: 4, best: 5, next: 5 }, 20);
        assert_eq!((review.expired, review.stranded), (all[1..2].to_vec(), all[2..].to_vec()));
        assert_eq!(expired.open, Queue::restored(all[..1].iter().cloned()).open, "its block may be replaced");
    }

    /// A chain with a pool, as a node has them: what happens to extrinsics there.
    #[derive(Clone, Debug)]
    enum Happening {
        /// The daemon sends a new call.
        Send(u8),
        /// The pool loses everything.
        PoolLost,
        /// A block takes what is ready.
        Block,
        /// The best block is replaced by an empty one, and the pool has forgotten what was in it.
        Reorg,
        /// Everything so far is final.
        Finalize,
        /// The daemon is killed and starts again.
        Restart,
        /// The daemon looks after its queue.
        Review,
    }

    fn happening() -> impl Strategy<Value = Happening> {
        prop_oneof![
            (0u8..4).prop_map(Happening::Send),
            Just(Happening::PoolLost),
            Just(Happening::Block),
            Just(Happening::Reorg),
            Just(Happening::Finalize),
            Just(Happening::Restart),
            Just(Happening::Review),
        ]
    }

    #[derive(Default)]
    struct Node {
        pool: BTreeMap<u64, Queued>,
        /// Extrinsics of the chain, one a nonce, block by block.
        blocks: Vec<Vec<Queued>>,
        finalized: usize,
        /// The call that it takes no more.
        refused: Option<u8>,
    }

    impl Node {
        fn nonce(&self, blocks: usize) -> u64 {
            self.blocks.iter().take(blocks).map(|block| block.len() as u64).sum()
        }

        fn nonces(&self) -> Nonces {
            let best = self.nonce(self.blocks.len());
            let mut next = best;
            while self.pool.contains_key(&next) {
                next += 1;
            }
            Nonces { finalized: self.nonce(self.finalized), best, next }
        }

        fn height(&self) -> Height {
            self.blocks.len() as Height
        }

        /// Says whether it does not refuse it for good.
        fn take(&mut self, entry: Queued) -> bool {
            let is_refused = self.refused.is_some_and(|refused| entry.call == [refused]);
            if !is_refused && entry.nonce >= self.nonce(self.blocks.len()) {
                self.pool.entry(entry.nonce).or_insert(entry);
            }
            !is_refused
        }

        /// From now on a call is invalid, because somebody else was first.
        fn refuse(&mut self, call: u8) {
            self.refused = Some(call);
            self.pool.retain(|_, entry| entry.call != [call]);
        }

        fn has(&self, call: u8) -> bool {
            self.blocks.iter().flatten().any(|entry| entry.call == [call])
        }

        /// What a daemon does at a block: it looks after its queue, as a sender does, and sends what is still owed.
        fn look(&mut self, queue: &mut Queue, owed: &[u8]) {
            for lost in queue.review(self.nonces(), self.height()).lost {
                if !self.take(lost.clone()) {
                    queue.give_up(&NoOutbox, lost.nonce);
                    break;
                }
            }
            for call in owed.iter().copied() {
                let is_owed = self.refused != Some(call) && !self.has(call);
                if is_owed && queue.waiting(&[call], self.nonces(), self.height()).is_none() {
                    let entry = entry(self.nonces().next, call, Height::MAX);
                    queue.insert(entry.clone());
                    self.take(entry);
                }
            }
        }

        fn author(&mut self) {
            let Nonces { best, next, .. } = self.nonces();
            let block = (best..next).filter_map(|nonce| self.pool.remove(&nonce)).collect();
            self.blocks.push(block);
        }
    }

    proptest! {
        #[test]
        fn calls_that_are_owed_should_be_in_the_next_block_when_the_node_refuses_one_of_them(
            refused in 0u8..4, looks in 0usize..3, pool_lost in any::<bool>(),
        ) {
            let (mut node, mut queue, owed) = (Node::default(), Queue::default(), [0, 1, 2, 3]);
            for _ in 0..looks {
                node.look(&mut queue, &owed);
            }
            node.refuse(refused);
            if pool_lost {
                node.pool.clear();
            }
            node.look(&mut queue, &owed);
            node.author();
            prop_assert!(owed.into_iter().all(|call| call == refused || node.has(call)));
        }

        #[test]
        fn every_call_should_be_in_the_chain_when_things_calm_down(happenings in prop::collection::vec(happening(), 0..60)) {
            let (mut node, mut queue, mut disk) = (Node::default(), Queue::default(), Vec::<Queued>::new());
            let mut sent = Vec::new();
            let calm = [Happening::Review, Happening::Block, Happening::Review, Happening::Block, Happening::Finalize];
            for happening in happenings.into_iter().chain(calm) {
                match happening {
                    Happening::Send(call) => {
                        let nonces = node.nonces();
                        if queue.waiting(&[call], nonces, node.height()).is_some() {
                            continue;
                        }
                        for lost in queue.review(nonces, node.height()).lost {
                            node.take(lost);
                        }
                        let entry = entry(node.nonces().next, call, Height::MAX);
                        sent.push(entry.clone());
                        queue.insert(entry.clone());
                        disk = queue.open.values().cloned().collect();
                        node.take(entry);
                    }
                    Happening::PoolLost => node.pool.clear(),
                    Happening::Block => node.author(),
                    Happening::Reorg if node.blocks.len() > node.finalized => drop(node.blocks.pop()),
                    Happening::Reorg => {}
                    Happening::Finalize => node.finalized = node.blocks.len(),
                    Happening::Restart => queue = Queue::restored(disk.clone()),
                    Happening::Review => {
                        for lost in queue.review(node.nonces(), node.height()).lost {
                            node.take(lost);
                        }
                    }
                }
            }
            let chain: Vec<Queued> = node.blocks.into_iter().flatten().collect();
            prop_assert_eq!(chain, sent, "each once, in the order in which they were sent");
        }
    }
}
