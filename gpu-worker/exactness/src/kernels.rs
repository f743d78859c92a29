// SPDX-License-Identifier: Apache-2.0
//! The kernels of a suite, listed without running them.

use anyhow::Result;
use quern_executor::{
    gpu::{Command, Device, GpuExecutor, Kernel},
    ExecutorError,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::suite::Case;

/// A device that only notes what it is asked to run. As it computes nothing, each kernel of several operators that it is tried with
/// fails, and the operators are run one by one too: all kernels that a device could be sent come.
#[derive(Default)]
struct Notes(Arc<Mutex<BTreeMap<String, Arc<Kernel>>>>);

impl Device for Notes {
    type Buffer = ();

    fn create(&self, _: u64) {}

    fn write(&self, (): &(), _: &[u8]) {}

    fn submit(&self, commands: &[Command<()>]) -> Result<(), ExecutorError> {
        let mut kernels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for Command { call, .. } in commands {
            kernels.insert(call.kernel.source(), Arc::clone(&call.kernel));
        }
        Ok(())
    }

    fn read(&self, wanted: &[((), u64)]) -> Result<Vec<Vec<u8>>, ExecutorError> {
        Ok(wanted.iter().map(|((), bytes)| vec![0; *bytes as usize]).collect())
    }
}

/// The kernels that these cases run, in the order of their sources.
pub fn kernels(cases: &[Case]) -> Result<Vec<Arc<Kernel>>> {
    let notes = Notes::default();
    let kernels = Arc::clone(&notes.0);
    let executor = GpuExecutor::with_device("notes", notes);
    cases.iter().try_for_each(|case| case.answer(&executor).map(|_| ()))?;
    let kernels = std::mem::take(&mut *kernels.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(kernels.into_values().collect())
}
