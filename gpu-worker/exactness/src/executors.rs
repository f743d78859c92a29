// SPDX-License-Identifier: Apache-2.0
//! Everything that runs programs on this machine.

use crate::browser::Browser;
use anyhow::{anyhow, bail, Context as _, Result};
use quern_executor::{
    cpu::{CpuExecutor, Simd},
    gpu::{self, GpuExecutor},
    Executor, ExecutorError,
};
use quern_program::{reference, Checked, Context, SegmentKind, Tensor};
use std::path::{Path, PathBuf};

/// Where Chromium is looked for.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// Devices in software: what their adapters are called, and what they are called here.
const SOFTWARE: [(&str, &str); 2] = [("llvmpipe", "wgpu-lavapipe"), ("SwiftShader", "wgpu-swiftshader")];

/// The reference: slow, and right by definition.
pub struct Reference;

impl Executor for Reference {
    fn name(&self) -> &str {
        "reference"
    }

    fn run_block(
        &self,
        checked: &Checked,
        kind: SegmentKind,
        context: &Context,
        inputs: &[Tensor],
        state: &[Tensor],
    ) -> Result<Vec<Tensor>, ExecutorError> {
        let trace = reference::run_block(checked, kind, context, inputs, state);
        Ok(reference::segment_result(checked, kind, &trace, state))
    }

    fn trace(
        &self,
        checked: &Checked,
        kind: SegmentKind,
        context: &Context,
        inputs: &[Tensor],
        state: &[Tensor],
    ) -> Result<Vec<Tensor>, ExecutorError> {
        Ok(reference::run_block(checked, kind, context, inputs, state))
    }
}

/// An executor, or why it is not there.
pub struct Found {
    /// What it is called in reports.
    pub name: String,
    /// The executor, or why it is absent.
    pub executor: Result<Box<dyn Executor>>,
}

/// All executors of this machine, and those that it could have and has not: the reference, the processor with each of its instruction
/// sets, each Vulkan, Metal or DirectX adapter, and a Chromium at this path or at the usual ones. Only those of these names, if there
/// are any; fails when one is unknown.
pub fn all(only: &[String], chromium: Option<&Path>) -> Result<Vec<Found>> {
    let mut all = vec![Found { name: "reference".into(), executor: Ok(Box::new(Reference)) }];
    all.extend(Simd::available().into_iter().map(cpu));
    all.extend(wgpu());
    let names: Vec<&str> = all.iter().map(|found| found.name.as_str()).chain(["chromium"]).collect();
    if let Some(unknown) = only.iter().find(|only| !names.contains(&only.as_str())) {
        bail!("no executor is called {unknown}; there are {}", names.join(", "));
    }
    let wanted = |name: &str| only.is_empty() || only.iter().any(|only| only == name);
    if wanted("chromium") {
        let executor = browser(chromium).map(|browser| {
            let name = browser.name().to_string();
            Box::new(GpuExecutor::with_device(name, browser)) as Box<dyn Executor>
        });
        all.push(Found { name: "chromium".into(), executor });
    }
    all.retain(|found| wanted(&found.name));
    Ok(all)
}

fn cpu(simd: Simd) -> Found {
    let name = match simd {
        Simd::Scalar => "cpu-scalar".into(),
        simd => format!("cpu-simd-{}", simd.name()),
    };
    Found { name, executor: Ok(Box::new(CpuExecutor::with_simd(simd))) }
}

/// All adapters, and the devices in software that are missing.
fn wgpu() -> Vec<Found> {
    let adapters = gpu::adapters().unwrap_or_default();
    let mut found = Vec::new();
    for (adapter, name) in SOFTWARE {
        if !adapters.iter().any(|known| known.name.contains(adapter)) {
            found.push(Found { name: name.into(), executor: Err(anyhow!("there is no Vulkan adapter {adapter}")) });
        }
    }
    for adapter in &adapters {
        let software = SOFTWARE.iter().find(|(name, _)| adapter.name.contains(name));
        let name = software.map_or_else(|| format!("wgpu-{}", slug(&adapter.name)), |(_, name)| name.to_string());
        let executor = GpuExecutor::on(adapter).map(|executor| Box::new(executor) as Box<dyn Executor>);
        found.push(Found { name, executor: executor.map_err(Into::into) });
    }
    found
}

/// Letters and digits, in words joined by dashes.
fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

/// Starts a Chromium at this path, or the first of the usual ones.
pub fn browser(chromium: Option<&Path>) -> Result<Browser> {
    let path = match chromium {
        Some(path) => path.to_path_buf(),
        None => installed().context("there is no Chromium; install it, or name one by --chromium PATH")?,
    };
    Browser::start(&path)
}

fn installed() -> Option<PathBuf> {
    let folders: Vec<_> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    BROWSERS.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
}
