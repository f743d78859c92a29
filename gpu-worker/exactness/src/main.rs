// SPDX-License-Identifier: Apache-2.0
//! Prints the suite's digest on every executor of this machine, or what a browser's compiler says about the kernels.

use anyhow::Result;
use clap::Parser;
use quern_exactness::{browser::Diagnostic, cases, digest, executors, first_difference, kernels, run, EXPECTED};
use serde_json::{json, Value};
use std::{path::PathBuf, process::ExitCode};

/// Runs one suite of exact programs on everything that runs programs here. Fails when two differ.
#[derive(Parser)]
#[command(name = "quern-exactness", version)]
struct Arguments {
    /// One JSON object for each executor.
    #[arg(long)]
    json: bool,
    /// Fail when an executor is absent.
    #[arg(long)]
    all: bool,
    /// Compile the kernels in a browser instead, and print what its compiler says.
    #[arg(long)]
    shaders: bool,
    /// Only these executors.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// The browser.
    #[arg(long, value_name = "PATH")]
    chromium: Option<PathBuf>,
}

fn main() -> ExitCode {
    quern_executor::gpu::name_runtime_folder();
    let arguments = Arguments::parse();
    let done = if arguments.shaders { shaders(&arguments) } else { suite(&arguments) };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all executors agree.
fn suite(arguments: &Arguments) -> Result<bool> {
    let cases = cases()?;
    let expected = digest(EXPECTED).to_string();
    let mut good = true;
    for found in executors::all(&arguments.only, arguments.chromium.as_deref())? {
        let name = found.name;
        let executor = match found.executor {
            Ok(executor) => executor,
            Err(why) => {
                let why = format!("{why:#}");
                good &= !arguments.all;
                print(arguments, &json!({ "executor": name, "absent": why }), &format!("{name:<22} absent: {why}"));
                continue;
            }
        };
        let device = executor.name();
        match run(&cases, &*executor) {
            Ok(lines) => {
                let digest = digest(&lines).to_string();
                let mut value = json!({ "executor": name, "device": device, "digest": digest });
                let mut text = format!("{name:<22} {digest}  {device}");
                if digest != expected {
                    good = false;
                    let case = first_difference(EXPECTED, &lines);
                    value["differs"] = json!(case);
                    text.push_str(&format!(", differs from {expected}: {}", case.unwrap_or_default()));
                }
                let refused = executor.refused();
                if !refused.is_empty() {
                    value["refused"] = json!(refused);
                    text.push_str(&format!(", wrong, and so run one by one: {}", refused.join(", ")));
                }
                print(arguments, &value, &text);
            }
            Err(error) => {
                good = false;
                let error = format!("{error:#}");
                let value = json!({ "executor": name, "device": device, "failed": error });
                print(arguments, &value, &format!("{name:<22} failed: {error}  {device}"));
            }
        }
    }
    Ok(good)
}

/// Whether the browser's compiler accepts all kernels.
fn shaders(arguments: &Arguments) -> Result<bool> {
    let kernels = kernels(&cases()?)?;
    let browser = match executors::browser(arguments.chromium.as_deref()) {
        Ok(browser) => browser,
        Err(why) => {
            let why = format!("{why:#}");
            print(arguments, &json!({ "compiler": "chromium", "absent": why }), &format!("chromium absent: {why}"));
            return Ok(!arguments.all);
        }
    };
    let diagnostics = browser.compile(&kernels)?;
    for Diagnostic { kernel, severity, line, message } in &diagnostics {
        let source = kernels.get(*kernel).map(|kernel| kernel.source()).unwrap_or_default();
        let code = source.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim();
        eprintln!("kernel {kernel}, line {line}: {severity}: {}: `{code}`", message.trim());
    }
    let count = |severity: &str| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let (errors, warnings) = (count("error"), count("warning"));
    let value = json!({
        "compiler": browser.name(), "kernels": kernels.len(), "errors": errors, "warnings": warnings,
    });
    let text = format!("{} kernels, {errors} errors, {warnings} warnings  {}", kernels.len(), browser.name());
    print(arguments, &value, &text);
    Ok(errors == 0)
}

fn print(arguments: &Arguments, value: &Value, text: &str) {
    if arguments.json {
        println!("{value}");
    } else {
        println!("{text}");
    }
}
