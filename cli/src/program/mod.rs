// SPDX-License-Identifier: Apache-2.0
//! `quern program`.

mod form;

pub use form::Form;

use crate::{
    args::{parse_id, Global, ProgramCommand},
    client,
    output::{self, Output},
};
use anyhow::Context;
use codec::Encode;
use quern_primitives::BlobId;
use quern_program::{Checked, Program, SegmentKind, TensorType, MAX_CONVICTION_BYTES, MAX_PROGRAM_BYTES};
use quern_protocol::shard::segment_work;
use quern_sdk::chain::{calls, json::Big, runtime};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Runs a command about programs.
pub async fn run(global: &Global, command: ProgramCommand) -> anyhow::Result<ExitCode> {
    let output = Output { json: global.json };
    match command {
        ProgramCommand::Inspect { program } => {
            let bytes = load(global, &program).await?;
            let checked = decode(&bytes)?;
            let report = Report::of(&checked);
            output.result(&Inspected { report: &report, program: form::of(checked.program())? }, report.text())?;
        }
        ProgramCommand::Assemble { form, out } => {
            let (checked, path) = assemble(&form, out)?;
            let report = Report::of(&checked);
            let text = format!("{}\n{} is written", report.text(), path.display());
            output.result(&Inspected { report: &report, program: form::of(checked.program())? }, text)?;
        }
        ProgramCommand::Retire { program } => retire(global, &output, program).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn decode(bytes: &[u8]) -> anyhow::Result<Checked> {
    Program::decode_checked(bytes).map_err(|error| {
        let is_text = bytes.trim_ascii_start().starts_with(b"{");
        let hint = if is_text { ". A JSON form? `quern program assemble` makes a program of it" } else { "" };
        anyhow::anyhow!("not a valid program: {error}{hint}")
    })
}

#[derive(Serialize)]
struct Retired {
    program: String,
    deposit: Big,
}

/// Gives up a published program, and gets its deposit back.
async fn retire(global: &Global, output: &Output, program: BlobId) -> anyhow::Result<()> {
    let keys = client::keys(global)?;
    let chain = client::connect(global).await?;
    let included = client::Signer::new(global, &chain, keys).send_and_wait(&calls::retire_program(program)).await?;
    let deposit = included.events.iter().find_map(|event| match event {
        runtime::Event::Jobs(runtime::jobs::Event::ProgramRetired { deposit, .. }) => Some(*deposit),
        _ => None,
    });
    let deposit =
        deposit.context("the chain took the call but did not say what it gave back; see `quern stake show`")?;
    let text = format!("program {program} is given up; {} are free again", output::qrn(deposit));
    output.result(&Retired { program: program.to_string(), deposit: Big(deposit) }, text)
}

/// Makes a program's file from its JSON form.
pub(crate) fn assemble(path: &Path, out: Option<PathBuf>) -> anyhow::Result<(Checked, PathBuf)> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let is_bad = || format!("{} is not a program", path.display());
    let program = form::parse(&text).with_context(is_bad)?;
    let checked = program.check().map_err(anyhow::Error::new).with_context(is_bad)?;
    let out = out.unwrap_or_else(|| path.with_extension("quern"));
    std::fs::write(&out, checked.program().encode()).with_context(|| format!("{} cannot be written", out.display()))?;
    Ok((checked, out))
}

/// What is known of a program, and the program itself.
#[derive(Serialize)]
struct Inspected<'a> {
    #[serde(flatten)]
    report: &'a Report,
    program: form::Form,
}

async fn load(global: &Global, program: &str) -> anyhow::Result<Vec<u8>> {
    if Path::new(program).is_file() {
        return std::fs::read(program).with_context(|| format!("{program} cannot be read"));
    }
    let id = parse_id(program).with_context(|| format!("{program} is neither a file nor the id of a program"))?;
    let chain = client::connect(global).await?;
    chain.program(id).await?.with_context(|| format!("program {id} is not published"))
}

#[derive(Debug, Serialize)]
struct Block {
    name: &'static str,
    segments: u32,
    operators: BTreeMap<String, u32>,
    macs: Big,
    moved_bytes: u64,
}

#[derive(Debug, Serialize)]
struct Report {
    id: String,
    bytes: usize,
    inputs: Vec<String>,
    state: Vec<String>,
    output: String,
    blocks: Vec<Block>,
    segments: u32,
    macs: Big,
    work_macs: Big,
    memory_bytes: u64,
    conviction_bytes: u32,
}

impl Report {
    fn of(checked: &Checked) -> Self {
        let (program, summary) = (checked.program(), checked.summary());
        let block = |name, kind, segments, macs, moved_bytes| {
            let mut operators = BTreeMap::new();
            for op in program.block(kind) {
                *operators.entry(operator_name(&format!("{:?}", op.kind))).or_insert(0) += 1;
            }
            Block { name, segments, operators, macs: Big(u64::into(macs)), moved_bytes }
        };
        let blocks = [
            block("init", SegmentKind::Init, 1, summary.macs_init, summary.moved_init),
            block("body", SegmentKind::Body, summary.steps, summary.macs_body, summary.moved_body),
            block("finish", SegmentKind::Finish, 1, summary.macs_finish, summary.moved_finish),
        ];
        let types = |types: &[TensorType]| types.iter().map(form::show_type).collect();
        Self {
            id: output::full(&checked.id().0),
            bytes: program.encoded_size(),
            inputs: types(&program.inputs),
            state: types(checked.state_types()),
            output: form::show_type(&checked.output_type()),
            blocks: blocks.into_iter().filter(|block| !block.operators.is_empty()).collect(),
            segments: summary.segments,
            macs: Big(summary.task_macs().into()),
            work_macs: Big(segment_work(&summary).task()),
            memory_bytes: summary.memory_bytes,
            conviction_bytes: summary.conviction_bytes,
        }
    }

    fn text(&self) -> String {
        let mut facts = output::plain_table();
        let list = |types: &[String]| if types.is_empty() { "-".to_owned() } else { types.join("\n") };
        facts.add_row([
            "size",
            &format!("{} of at most {}", output::bytes(self.bytes as u64), output::bytes(MAX_PROGRAM_BYTES as u64)),
        ]);
        facts.add_row(["inputs", &list(&self.inputs)]);
        facts.add_row(["carried state", &list(&self.state)]);
        facts.add_row(["output", &self.output]);
        facts.add_row(["products a task", &output::macs(self.macs.0)]);
        facts.add_row([
            "work a task",
            &format!("{} in {}", output::macs(self.work_macs.0), output::count(self.segments.into(), "segment")),
        ]);
        facts.add_row(["memory", &output::bytes(self.memory_bytes)]);
        facts.add_row([
            "proofs for one element",
            &format!(
                "{} of at most {}",
                output::bytes(self.conviction_bytes.into()),
                output::bytes(MAX_CONVICTION_BYTES)
            ),
        ]);
        let mut blocks = output::table(&["block", "runs", "MACs", "moved", "operators"]);
        for block in &self.blocks {
            let operators: Vec<String> =
                block.operators.iter().map(|(name, count)| format!("{count} {name}")).collect();
            blocks.add_row([
                block.name.to_owned(),
                block.segments.to_string(),
                output::macs(block.macs.0),
                output::bytes(block.moved_bytes),
                operators.join(", "),
            ]);
        }
        blocks.set_content_arrangement(comfy_table::ContentArrangement::Dynamic).set_width(80);
        format!("program {}\n{facts}\n{blocks}", self.id)
    }
}

/// The operator's name without its parameters.
fn operator_name(debug: &str) -> String {
    debug.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_sdk::models::{Mlp, Training};

    #[test]
    fn report_should_add_up_when_a_program_has_a_loop() {
        let checked = Mlp::digits().local_training(&Training::digits()).unwrap();
        let report = Report::of(&checked);
        let macs: u128 = report.blocks.iter().map(|block| block.macs.0 * u128::from(block.segments)).sum();
        assert_eq!(macs, report.macs.0);
        assert_eq!(report.segments, report.blocks.iter().map(|block| block.segments).sum::<u32>());
        assert_eq!(report.inputs.len(), 3);
        assert!(report.text().contains("MatmulNt"), "{}", report.text());
    }

    #[test]
    fn report_should_fit_80_columns() {
        let report = Report::of(&Mlp::digits().local_training(&Training::digits()).unwrap());
        assert!(report.text().lines().all(|line| line.chars().count() <= 80), "{}", report.text());
    }

    #[test]
    fn program_should_be_refused_with_a_hint_when_it_is_a_form() {
        let refused = |bytes: &[u8]| decode(bytes).unwrap_err().to_string();
        let form = refused(include_bytes!("../../../examples/linear.json"));
        assert!(form.starts_with("not a valid program") && form.contains("`quern program assemble`"), "{form}");
        assert!(!refused(&[7; 9]).contains("assemble"));
    }

    #[test]
    fn example_should_assemble_to_a_valid_program() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("program.quern");
        let example = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/linear.json"));
        let (checked, path) = assemble(example, Some(out.clone())).unwrap();
        assert_eq!(path, out);
        assert_eq!(Program::decode_checked(&std::fs::read(out).unwrap()).unwrap().id(), checked.id());
    }
}
