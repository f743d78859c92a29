// SPDX-License-Identifier: Apache-2.0
//! A device that is watched at work: where its time goes.

use super::{
    memory::{Command, Device},
    WgpuDevice,
};
use crate::ExecutorError;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Time that a device spent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// On matrix products.
    pub products: Duration,
    /// On all kernels.
    pub kernels: Duration,
    /// How many kernels these were.
    pub count: u32,
    /// The same for each kernel by its name: its operators.
    pub by_kernel: BTreeMap<String, (Duration, u32)>,
}

/// A device that is watched: by its own clock, where it has one. Else each kernel is sent alone and waited for, and what sending and
/// waiting cost is taken off again: it is measured with nothing to do, beside each kernel.
pub struct Timed {
    device: WgpuDevice,
    spent: Mutex<Spent>,
}

impl Timed {
    /// Watches a device.
    pub fn new(device: WgpuDevice) -> Self {
        Self { device, spent: Mutex::default() }
    }

    /// The time that was spent since this was asked last.
    pub fn take(&self) -> Spent {
        std::mem::take(&mut *self.spent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn time(&self, commands: &[Command<wgpu::Buffer>]) -> Result<Duration, ExecutorError> {
        let start = Instant::now();
        self.device.submit(commands)?;
        self.device.wait()?;
        Ok(start.elapsed())
    }

    fn time_alone(&self, command: &Command<wgpu::Buffer>) -> Result<Duration, ExecutorError> {
        let idle = self.time(&[])?;
        Ok(self.time(std::slice::from_ref(command))?.saturating_sub(idle))
    }
}

impl Device for Timed {
    type Buffer = wgpu::Buffer;

    fn create(&self, bytes: u64) -> wgpu::Buffer {
        self.device.create(bytes)
    }

    fn write(&self, buffer: &wgpu::Buffer, bytes: &[u8]) {
        self.device.write(buffer, bytes);
    }

    fn submit(&self, commands: &[Command<wgpu::Buffer>]) -> Result<(), ExecutorError> {
        let times = match self.device.submit_timed(commands)? {
            Some(times) => times,
            None => commands.iter().map(|command| self.time_alone(command)).collect::<Result<_, _>>()?,
        };
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        for (command, time) in commands.iter().zip(times) {
            spent.kernels += time;
            spent.count += 1;
            let of_kernel = spent.by_kernel.entry(command.call.kernel.name()).or_default();
            of_kernel.0 += time;
            of_kernel.1 += 1;
            if command.call.kernel.is_product() {
                spent.products += time;
            }
        }
        Ok(())
    }

    fn read(&self, wanted: &[(wgpu::Buffer, u64)]) -> Result<Vec<Vec<u8>>, ExecutorError> {
        self.device.read(wanted)
    }
}
