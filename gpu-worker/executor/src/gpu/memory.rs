// SPDX-License-Identifier: Apache-2.0
//! What a device must do, and the reuse of its memory.

use super::kernels::Call;
use crate::ExecutorError;
use bytes::Bytes;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Bytes of free memory that are kept for reuse.
const MAX_FREE_BYTES: u64 = 1 << 30;

/// What kernels run on: a device of this machine, or one that is reached by messages.
///
/// Commands take effect in the order in which they are given. What fails is reported by the next [`Device::submit`] or
/// [`Device::read`].
pub trait Device: Send + Sync {
    /// A buffer of its memory. Clones are the same buffer; it is freed with the last of them.
    type Buffer: Clone + Send + Sync;

    /// A buffer of so many bytes, a multiple of 256, with anything in it.
    fn create(&self, bytes: u64) -> Self::Buffer;

    /// Writes bytes at the beginning of a buffer, the last word filled up with zeros.
    fn write(&self, buffer: &Self::Buffer, bytes: &[u8]);

    /// Runs these commands one after the other.
    fn submit(&self, commands: &[Command<Self::Buffer>]) -> Result<(), ExecutorError>;

    /// The first bytes of buffers, so many of each.
    fn read(&self, wanted: &[(Self::Buffer, u64)]) -> Result<Vec<Vec<u8>>, ExecutorError>;
}

/// A kernel to run.
///
/// It holds buffers, not the memory that they are lent from: what is freed while commands are listed may be reused by later ones of
/// the list.
#[derive(Clone, Debug)]
pub struct Command<B> {
    /// The kernel, and what it is told.
    pub call: Call,
    /// What it writes: the bindings from 1 on.
    pub outs: Vec<B>,
    /// What it reads: the bindings after those.
    pub args: Vec<B>,
    /// Work, in MACs.
    pub work: u64,
}

/// Free buffers by size.
struct Free<B> {
    buffers: HashMap<u64, Vec<B>>,
    bytes: u64,
}

impl<B> Default for Free<B> {
    fn default() -> Self {
        Self { buffers: HashMap::new(), bytes: 0 }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Memory of a tensor on the device. Its buffer goes back to the free ones when nobody needs it any more.
pub(super) struct Memory<B: Clone> {
    buffer: B,
    size: u64,
    free: Arc<Mutex<Free<B>>>,
}

impl<B: Clone> Memory<B> {
    /// What commands read or write.
    pub fn buffer(&self) -> B {
        self.buffer.clone()
    }
}

impl<B: Clone> Drop for Memory<B> {
    fn drop(&mut self) {
        let mut free = lock(&self.free);
        if free.bytes + self.size > MAX_FREE_BYTES {
            *free = Free::default();
        }
        free.bytes += self.size;
        free.buffers.entry(self.size).or_default().push(self.buffer.clone());
    }
}

/// Tensors of the host that are on the device, kept there from a task to the next: tasks share weights and constants, and a clone of
/// a tensor shares its bytes, so the place of these tells it apart.
pub(super) struct Kept<B: Clone> {
    tensors: Vec<(Bytes, Arc<Memory<B>>)>,
}

impl<B: Clone> Default for Kept<B> {
    fn default() -> Self {
        Self { tensors: Vec::new() }
    }
}

/// Whether these are the very same bytes, and not only equal ones. Both are alive, so nothing else has come to lie there.
fn same(a: &Bytes, b: &Bytes) -> bool {
    a.as_ptr() == b.as_ptr() && a.len() == b.len()
}

impl<B: Clone> Kept<B> {
    /// Forgets all but these.
    fn retain(&mut self, tensors: &[Bytes]) {
        self.tensors.retain(|(kept, _)| tensors.iter().any(|bytes| same(kept, bytes)));
    }
}

/// A device with the memory that it has to spare.
pub(super) struct Pool<D: Device> {
    pub device: D,
    free: Arc<Mutex<Free<D::Buffer>>>,
}

impl<D: Device> Pool<D> {
    pub fn new(device: D) -> Self {
        Self { device, free: Arc::default() }
    }

    /// Memory for `bytes` bytes, with anything in it.
    pub fn allocate(&self, bytes: u64) -> Arc<Memory<D::Buffer>> {
        let size = bytes.max(1).next_multiple_of(256);
        let mut free = lock(&self.free);
        let buffer = match free.buffers.get_mut(&size).and_then(Vec::pop) {
            Some(buffer) => {
                free.bytes -= size;
                buffer
            }
            None => self.device.create(size),
        };
        Arc::new(Memory { buffer, size, free: Arc::clone(&self.free) })
    }

    /// Memory with the bytes of each of these tensors, of which only those are written that are not kept. Afterwards these are kept
    /// and no others. Only while no command waits to be sent.
    pub fn keep(&self, kept: &mut Kept<D::Buffer>, tensors: &[Bytes]) -> Vec<Arc<Memory<D::Buffer>>> {
        // What nobody reads makes room first.
        kept.retain(tensors);
        let mut memories = Vec::with_capacity(tensors.len());
        for bytes in tensors {
            let found = kept.tensors.iter().find(|(kept, _)| same(kept, bytes));
            let memory = found.map(|(_, memory)| Arc::clone(memory)).unwrap_or_else(|| {
                let memory = self.upload(bytes);
                kept.tensors.push((bytes.clone(), Arc::clone(&memory)));
                memory
            });
            memories.push(memory);
        }
        memories
    }

    /// Memory with these bytes in it. Only while no command waits to be sent: memory that it frees could be what is written.
    pub fn upload(&self, bytes: &[u8]) -> Arc<Memory<D::Buffer>> {
        let memory = self.allocate(bytes.len() as u64);
        self.device.write(&memory.buffer, bytes);
        memory
    }
}
