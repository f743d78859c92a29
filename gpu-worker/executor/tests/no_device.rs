// SPDX-License-Identifier: Apache-2.0
//! A machine without any GPU. A test of its own process, for it hides the drivers.

use quern_executor::{best, gpu::GpuExecutor};

#[test]
fn remedy_should_be_named_when_there_is_no_device() {
    for variable in ["VK_ICD_FILENAMES", "VK_DRIVER_FILES"] {
        std::env::set_var(variable, "/dev/null");
    }
    let error = match GpuExecutor::new() {
        // Metal and DirectX have no drivers to hide.
        Ok(_) if !cfg!(target_os = "linux") => return,
        Ok(executor) => panic!("{} was found", quern_executor::Executor::name(&executor)),
        Err(error) => error.to_string(),
    };
    assert!(error.contains("install") && !error.contains('\n'), "{error}");
    assert!(best().name().starts_with("cpu"));
}
