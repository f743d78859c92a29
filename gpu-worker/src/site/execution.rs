// SPDX-License-Identifier: Apache-2.0
//! One task, run and kept: its checkpoints are stored while it runs, so that however many there are, few are in memory.

use super::{compute, SiteError};
use futures::{stream, StreamExt as _, TryStreamExt as _};
use quern_executor::Executor;
use quern_primitives::BlobId;
use quern_program::{Checked, Context, Tensor, Value};
use quern_sdk::net::BlobStore;
use std::{ops::ControlFlow, sync::Arc};
use tokio::sync::mpsc;

/// Checkpoints that wait to be stored: one, so that the next segment is computed while the last one's end is written. With the one
/// that is written and the one that waits for room, three are in memory beside what the executor works on.
const WAITING_CHECKPOINTS: usize = 1;

/// Tensors of a checkpoint that are hashed and written at once.
const STORED_AT_ONCE: usize = 4;

/// Runs a task and stores its checkpoints and its output. Gives their ids in leaf order.
pub(super) async fn run_and_keep(
    store: &dyn BlobStore,
    executor: Arc<dyn Executor>,
    program: Arc<Checked>,
    context: Context,
    inputs: Vec<Tensor>,
) -> Result<Vec<BlobId>, SiteError> {
    let (sender, checkpoints) = mpsc::channel(WAITING_CHECKPOINTS);
    let checked = program.clone();
    let running = compute(move || {
        // Where storing has failed, or the daemon stops, nobody takes them any more; the output is then of no use either.
        let mut keep = |index: u32, state: &[Tensor]| match sender.blocking_send((index, state.to_vec())) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        };
        Ok(executor.run_task_while(&checked, &context, &inputs, &mut keep)?)
    });
    // Both are waited for: a run that goes on after storing has failed would be one more beside its own repetition.
    let (output, kept) = tokio::join!(running, keep(store, &program, checkpoints));
    let mut ids = kept?;
    ids.push(store.put(output?.bytes).await?);
    Ok(ids)
}

/// Stores checkpoints as they come. A tensor that a segment leaves as it was is stored already: it is neither written nor hashed again.
async fn keep(
    store: &dyn BlobStore,
    program: &Checked,
    mut checkpoints: mpsc::Receiver<(u32, Vec<Tensor>)>,
) -> Result<Vec<BlobId>, SiteError> {
    let (mut ids, mut before) = (Vec::new(), Vec::new());
    while let Some((index, state)) = checkpoints.recv().await {
        let segment = program.program().segment(index);
        let results = segment.map(|segment| program.program().results(segment.kind())).unwrap_or_default();
        let before_it = &before;
        let stored = results.into_iter().zip(state).map(|(value, tensor)| async move {
            match value {
                Value::State(carried) => {
                    let id = before_it.get(usize::from(carried)).copied();
                    id.ok_or(SiteError::Inconsistent("a checkpoint lacks what it carries on"))
                }
                _ => Ok(store.put(tensor.bytes).await?),
            }
        });
        let now: Vec<BlobId> = stream::iter(stored).buffered(STORED_AT_ONCE).try_collect().await?;
        let list: Vec<u8> = now.iter().flat_map(|id| id.0).collect();
        ids.push(store.put(list.into()).await?);
        before = now;
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use futures::future::{BoxFuture, FutureExt};
    use quern_executor::{cpu::CpuExecutor, ExecutorError, OnCheckpoint};
    use quern_program::{DType, ProgramBuilder, SegmentKind};
    use quern_sdk::net::MemoryStore;
    use std::{
        io,
        sync::atomic::{AtomicU32, Ordering},
    };

    const STEPS: u32 = 40;
    const CONTEXT: Context = Context { index: 0, seed: [7; 32], step: 0 };
    /// A checkpoint's list has two ids, its tensors four elements.
    const LIST_BYTES: usize = 64;

    /// Adds a tensor to another one at each step, and carries it on.
    fn program() -> Arc<Checked> {
        let mut b = ProgramBuilder::new();
        let x = b.input(DType::I32, &[4]);
        let first = b.add(x, x);
        let state = b.begin_body(&[first, x]);
        let next = b.add(state[0], state[1]);
        let end = b.begin_finish(&[next, state[1]], STEPS);
        let output = b.add(end[0], end[1]);
        Arc::new(b.build(output).unwrap())
    }

    fn inputs(program: &Checked) -> Vec<Tensor> {
        vec![Tensor::new(program.program().inputs[0], [1u8; 16].to_vec())]
    }

    /// A store that is in no hurry, counts the checkpoints in it, and is full after some.
    struct SlowStore {
        blobs: MemoryStore,
        checkpoints: Arc<AtomicU32>,
        room: u32,
    }

    impl BlobStore for SlowStore {
        fn put(&self, bytes: Bytes) -> BoxFuture<'_, io::Result<BlobId>> {
            async move {
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                if self.checkpoints.load(Ordering::SeqCst) >= self.room {
                    return Err(io::ErrorKind::StorageFull.into());
                }
                let is_list = bytes.len() == LIST_BYTES;
                let id = self.blobs.put(bytes).await;
                self.checkpoints.fetch_add(u32::from(is_list), Ordering::SeqCst);
                id
            }
            .boxed()
        }
        fn get(&self, id: BlobId) -> BoxFuture<'_, io::Result<Option<Bytes>>> {
            self.blobs.get(id)
        }
        fn has(&self, id: BlobId) -> BoxFuture<'_, io::Result<bool>> {
            self.blobs.has(id)
        }
        fn remove(&self, id: BlobId) -> BoxFuture<'_, io::Result<()>> {
            self.blobs.remove(id)
        }
    }

    /// Notes how many checkpoints it was ahead of the store at most, and at which one it is.
    struct Noting {
        executor: CpuExecutor,
        stored: Arc<AtomicU32>,
        ahead: AtomicU32,
        made: AtomicU32,
    }

    impl Executor for Noting {
        fn name(&self) -> &str {
            self.executor.name()
        }
        fn run_block(
            &self,
            checked: &Checked,
            kind: SegmentKind,
            context: &Context,
            inputs: &[Tensor],
            state: &[Tensor],
        ) -> Result<Vec<Tensor>, ExecutorError> {
            self.executor.run_block(checked, kind, context, inputs, state)
        }
        fn trace(
            &self,
            checked: &Checked,
            kind: SegmentKind,
            context: &Context,
            inputs: &[Tensor],
            state: &[Tensor],
        ) -> Result<Vec<Tensor>, ExecutorError> {
            self.executor.trace(checked, kind, context, inputs, state)
        }
        fn run_task_while(
            &self,
            checked: &Checked,
            context: &Context,
            inputs: &[Tensor],
            on_checkpoint: &mut OnCheckpoint<'_>,
        ) -> Result<Tensor, ExecutorError> {
            self.executor.run_task_while(checked, context, inputs, &mut |index, state| {
                let flow = on_checkpoint(index, state);
                let made = index + 1;
                self.made.store(made, Ordering::SeqCst);
                self.ahead.fetch_max(made - self.stored.load(Ordering::SeqCst), Ordering::SeqCst);
                flow
            })
        }
    }

    fn setting(room: u32) -> (SlowStore, Arc<Noting>) {
        let checkpoints = Arc::<AtomicU32>::default();
        let store = SlowStore { blobs: MemoryStore::default(), checkpoints: checkpoints.clone(), room };
        let (ahead, made) = (AtomicU32::new(0), AtomicU32::new(0));
        (store, Arc::new(Noting { executor: CpuExecutor::new(), stored: checkpoints, ahead, made }))
    }

    #[tokio::test]
    async fn checkpoints_should_be_stored_while_the_task_runs_and_few_be_in_memory() {
        let (store, executor) = setting(u32::MAX);
        let program = program();
        let kept = run_and_keep(&store, executor.clone(), program.clone(), CONTEXT, inputs(&program)).await.unwrap();
        assert!(executor.ahead.load(Ordering::SeqCst) <= 3, "{} were in memory", executor.ahead.load(Ordering::SeqCst));

        let mut expected = Vec::new();
        let list = |state: &[Tensor]| BlobId::of_list(&state.iter().map(Tensor::id).collect::<Vec<_>>());
        let mut note = |_: u32, state: &[Tensor]| expected.push(list(state));
        let output = CpuExecutor::new().run_task(&program, &CONTEXT, &inputs(&program), &mut note).unwrap();
        expected.push(output.id());
        assert_eq!(kept, expected);
        for id in kept {
            assert!(store.has(id).await.unwrap());
        }
    }

    #[tokio::test]
    async fn run_should_end_when_storing_fails_and_not_go_on_beside_its_repetition() {
        let (store, executor) = setting(5);
        let program = program();
        let kept = run_and_keep(&store, executor.clone(), program.clone(), CONTEXT, inputs(&program)).await;
        assert!(matches!(kept, Err(SiteError::Store(_))), "{kept:?}");
        // Those that were stored, and the three in memory.
        let made = executor.made.load(Ordering::SeqCst);
        assert!(made <= 5 + 3, "{made} were made");
        assert_eq!(Arc::strong_count(&executor), 1);
    }
}
