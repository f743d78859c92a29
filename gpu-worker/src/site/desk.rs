// SPDX-License-Identifier: Apache-2.0
//! What others may ask for, and who.

use super::lock;
use crate::core::Attempt;
use quern_primitives::{commitment::LeafProof, job::Blob, DisputeId, ShardId};
use quern_sdk::net::{
    messages::{Answer, Commitment},
    Checkpoint, PeerId, Request, Response,
};
use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
};

struct Case {
    attempt: u16,
    openings: Option<(HashSet<PeerId>, Vec<Checkpoint>)>,
    results: Option<(HashSet<PeerId>, Vec<LeafProof>)>,
    secret: Option<Commitment>,
}

struct TraceCase {
    shard: ShardId,
    to: PeerId,
    tensors: Vec<Blob>,
}

/// Answers of a daemon to its peers. Nothing is answered that was not put here for that peer.
#[derive(Default)]
pub struct Desk {
    cases: Mutex<HashMap<ShardId, Case>>,
    traces: Mutex<HashMap<DisputeId, TraceCase>>,
}

impl Desk {
    /// Shows opened checkpoints to these peers.
    pub fn show_opening(&self, attempt: Attempt, to: HashSet<PeerId>, checkpoints: Vec<Checkpoint>) {
        self.with(attempt, |case| case.openings = Some((to, checkpoints)));
    }

    /// Shows results to these peers.
    pub fn show_results(&self, attempt: Attempt, to: HashSet<PeerId>, leaves: Vec<LeafProof>) {
        self.with(attempt, |case| case.results = Some((to, leaves)));
    }

    /// Shows everybody what is behind a root.
    pub fn publish(&self, attempt: Attempt, commitment: Commitment) {
        self.with(attempt, |case| case.secret = Some(commitment));
    }

    /// Shows the tensors of a trace to a challenger.
    pub fn show_trace(&self, shard: ShardId, dispute: DisputeId, to: PeerId, tensors: Vec<Blob>) {
        lock(&self.traces).insert(dispute, TraceCase { shard, to, tensors });
    }

    /// Stops answering about an attempt.
    pub fn forget(&self, attempt: Attempt) {
        lock(&self.cases).retain(|shard, case| *shard != attempt.shard || case.attempt != attempt.attempt);
        lock(&self.traces).retain(|_, trace| trace.shard != attempt.shard);
    }

    /// A case is about one attempt: what was shown of an earlier one is no longer true.
    fn with(&self, attempt: Attempt, change: impl FnOnce(&mut Case)) {
        let empty = || Case { attempt: attempt.attempt, openings: None, results: None, secret: None };
        let mut cases = lock(&self.cases);
        let case = cases.entry(attempt.shard).or_insert_with(empty);
        if case.attempt != attempt.attempt {
            *case = empty();
        }
        change(case);
    }
}

/// The desk behind a pointer, as the peer wants it.
pub struct Counter(pub std::sync::Arc<Desk>);

impl Answer for Counter {
    async fn answer(&self, from: PeerId, request: Request) -> Result<Response, String> {
        let cases = lock(&self.0.cases);
        let case = |shard: &ShardId| cases.get(shard).ok_or("nothing to show of this shard yet");
        fn shown<T: Clone>(list: &Option<(HashSet<PeerId>, T)>, from: &PeerId) -> Result<T, String> {
            match list {
                Some((to, list)) if to.contains(from) => Ok(list.clone()),
                Some(_) => Err("not drawn for this shard".into()),
                None => Err("nothing to show of this shard yet".into()),
            }
        }
        match request {
            Request::Opening { shard } => Ok(Response::Opening(shown(&case(&shard)?.openings, &from)?)),
            Request::Results { shard } => Ok(Response::Results(shown(&case(&shard)?.results, &from)?)),
            Request::Secret { shard } => {
                let secret = case(&shard)?.secret.clone();
                Ok(Response::Secret(secret.ok_or("the shard is not accepted yet")?))
            }
            Request::TraceTensor { dispute, op } => {
                let traces = lock(&self.0.traces);
                let TraceCase { to, tensors, .. } = traces.get(&dispute).ok_or("no trace of this dispute yet")?;
                if *to != from {
                    return Err("not the challenger of this dispute".into());
                }
                let tensor = tensors.get(usize::from(op)).ok_or("the trace has no such operator")?;
                Ok(Response::TraceTensor(*tensor))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_primitives::BlobId;
    use std::sync::Arc;

    const SHARD: ShardId = ShardId { job: 1, stage: 0, index: 0 };
    const DRAWN: PeerId = [1; 32];
    const STRANGER: PeerId = [2; 32];

    fn attempt(attempt: u16) -> Attempt {
        Attempt { shard: SHARD, attempt }
    }

    fn ask(desk: &Arc<Desk>, from: PeerId, request: Request) -> Result<Response, String> {
        futures::executor::block_on(Counter(desk.clone()).answer(from, request))
    }

    #[test]
    fn results_should_be_shown_to_the_drawn_only() {
        let desk = Arc::new(Desk::default());
        let results = || Request::Results { shard: SHARD };
        assert!(ask(&desk, DRAWN, results()).is_err());
        desk.show_results(attempt(0), HashSet::from([DRAWN]), Vec::new());
        assert_eq!(ask(&desk, DRAWN, results()), Ok(Response::Results(Vec::new())));
        assert!(ask(&desk, STRANGER, results()).is_err());
        assert!(ask(&desk, DRAWN, Request::Opening { shard: SHARD }).is_err());
    }

    #[test]
    fn nothing_of_an_earlier_attempt_should_be_shown_when_the_next_one_has_begun() {
        let desk = Arc::new(Desk::default());
        desk.show_results(attempt(0), HashSet::from([DRAWN]), Vec::new());
        desk.show_opening(attempt(1), HashSet::from([DRAWN]), Vec::new());
        assert!(ask(&desk, DRAWN, Request::Results { shard: SHARD }).is_err());
        desk.forget(attempt(0));
        assert_eq!(ask(&desk, DRAWN, Request::Opening { shard: SHARD }), Ok(Response::Opening(Vec::new())));
    }

    #[test]
    fn secret_should_be_shown_to_everybody_when_it_is_published() {
        let desk = Arc::new(Desk::default());
        let secret = || Request::Secret { shard: SHARD };
        desk.show_results(attempt(0), HashSet::from([DRAWN]), Vec::new());
        assert!(ask(&desk, DRAWN, secret()).is_err());
        let commitment = Commitment { secret: [3; 32], ids: Vec::new() };
        desk.publish(attempt(0), commitment.clone());
        assert_eq!(ask(&desk, STRANGER, secret()), Ok(Response::Secret(commitment)));
    }

    #[test]
    fn trace_should_be_shown_to_its_challenger_only() {
        let desk = Arc::new(Desk::default());
        let tensor = Blob { id: BlobId([4; 32]), len: 5 };
        desk.show_trace(SHARD, 7, DRAWN, vec![tensor]);
        let of = |op| Request::TraceTensor { dispute: 7, op };
        assert_eq!(ask(&desk, DRAWN, of(0)), Ok(Response::TraceTensor(tensor)));
        assert!(ask(&desk, DRAWN, of(1)).is_err());
        assert!(ask(&desk, STRANGER, of(0)).is_err());
        desk.forget(attempt(0));
        assert!(ask(&desk, DRAWN, of(0)).is_err());
    }
}
