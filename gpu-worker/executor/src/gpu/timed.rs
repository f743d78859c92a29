// SPDX-License-Identifier: Apache-2.0
//! A device that is watched at work: where its time goes.

use super::{memory::Command, Device, WgpuDevice};
use crate::ExecutorError;
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Time that a device spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// On matrix products.
    pub products: Duration,
    /// On all kernels.
    pub kernels: Duration,
}

/// A device to which each kernel is sent alone and waited for. What sending and waiting cost is taken off again: it is
/// measured with nothing to do, beside each kernel.
pub struct Timed<D = WgpuDevice> {
    device: D,
    spent: Mutex<Spent>,
}

impl<D: Device> Timed<D> {
    /// Watches a device.
    pub fn new(device: D) -> Self {
        Self { device, spent: Mutex::default() }
    }

    /// The time that was spent since this was asked last.
    pub fn take(&self) -> Spent {
        std::mem::take(&mut *self.spent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn time(&self, commands: &[Command<D::Buffer>]) -> Result<Duration, ExecutorError> {
        let start = Instant::now();
        self.device.submit(commands)?;
        // Reading nothing waits for all that was sent.
        self.device.read(&[])?;
        Ok(start.elapsed())
    }
}

impl<D: Device> Device for Timed<D> {
    type Buffer = D::Buffer;

    fn create(&self, bytes: u64) -> Self::Buffer {
        self.device.create(bytes)
    }

    fn write(&self, buffer: &Self::Buffer, bytes: &[u8]) {
        self.device.write(buffer, bytes);
    }

    fn submit(&self, commands: &[Command<Self::Buffer>]) -> Result<(), ExecutorError> {
        for command in commands {
            let idle = self.time(&[])?;
            let kernel = self.time(std::slice::from_ref(command))?.saturating_sub(idle);
            let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
            spent.kernels += kernel;
            if command.call.kernel.is_product() {
                spent.products += kernel;
            }
        }
        Ok(())
    }

    fn read(&self, wanted: &[(Self::Buffer, u64)]) -> Result<Vec<Vec<u8>>, ExecutorError> {
        self.device.read(wanted)
    }
}
