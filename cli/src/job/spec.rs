// SPDX-License-Identifier: Apache-2.0
//! A job as a JSON file: programs and data are files beside it. The format is in the crate's documentation.

use super::terms::Kind;
use crate::args::parse_id;
use anyhow::{bail, ensure, Context};
use bounded_collections::{BoundedVec, ConstU32};
use quern_primitives::{
    job::{AuditLevel, Blob, Endpoint, Input, JobSpec, OutputMap, Region, Requirements, Stage, MAX_REGIONS},
    BlobId, Height, QRN,
};
use quern_program::Program;
use quern_sdk::{models::BuiltJob, net::address};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    stages: Vec<StageFile>,
    bid: Option<serde_json::Value>,
    #[serde(default)]
    audit: AuditFile,
    memory_mib: Option<u32>,
    #[serde(default)]
    gmacs_per_second: u32,
    #[serde(default)]
    regions: Vec<String>,
    #[serde(default)]
    accelerator: Kind,
    #[serde(default)]
    extra_blocks: Height,
    #[serde(default)]
    endpoints: Vec<EndpointFile>,
}

/// Memory that a worker must have where the file says nothing.
const MEMORY_MIB: u32 = 64;

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AuditFile {
    #[default]
    Sampled,
    Full,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndpointFile {
    id: String,
    addresses: Vec<SocketAddr>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StageFile {
    program: String,
    tasks: u32,
    shard_size: u32,
    inputs: Vec<InputFile>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum InputFile {
    Blob(PathBuf),
    Slice { file: PathBuf, stride: u64 },
    List(Vec<PathBuf>),
    Output { stage: u16, map: MapFile },
    Index,
    Seed,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MapFile {
    Same,
    All,
    Task(u32),
}

/// Reads a job from a file. Paths in it are relative to its folder.
pub fn read(path: &Path) -> anyhow::Result<BuiltJob> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    parse(&text, folder).with_context(|| format!("{} is not a job", path.display()))
}

/// A job from a file's text.
pub fn parse(text: &str, folder: &Path) -> anyhow::Result<BuiltJob> {
    let file: File = serde_json::from_str(text)?;
    ensure!(!file.stages.is_empty(), "it has no stages");
    let mut loader = Loader { folder, programs: Vec::new(), blobs: BTreeMap::new() };
    let mut stages = Vec::new();
    for (index, stage) in file.stages.iter().enumerate() {
        let stage = loader.stage(index, stage).with_context(|| format!("stage {index}"))?;
        stages.push(stage);
    }
    let bid = match &file.bid {
        Some(serde_json::Value::String(bid)) => crate::output::parse_qrn(bid).map_err(anyhow::Error::msg)?,
        Some(serde_json::Value::Number(bid)) => bail!("the bid is exact, so it is text: write \"bid\": \"{bid}\""),
        Some(_) => bail!("the bid is text, such as \"bid\": \"0.5\""),
        None => QRN,
    };
    let audit = match file.audit {
        AuditFile::Sampled => AuditLevel::Sampled,
        AuditFile::Full => AuditLevel::Full,
    };
    let endpoints = file.endpoints.iter().map(endpoint).collect::<anyhow::Result<Vec<_>>>()?;
    let spec = JobSpec {
        stages: bounded(stages, "stages")?,
        bid,
        audit,
        requirements: Requirements {
            memory_mib: file.memory_mib.unwrap_or(MEMORY_MIB),
            gmacs_per_second: file.gmacs_per_second,
            regions: regions(&file.regions)?,
            accelerator: file.accelerator.into(),
        },
        endpoints: bounded(endpoints, "endpoints")?,
        extra_blocks: file.extra_blocks,
    };
    Ok(BuiltJob { spec, programs: loader.programs, blobs: loader.blobs.into_values().collect() })
}

fn regions(texts: &[String]) -> anyhow::Result<BoundedVec<Region, ConstU32<MAX_REGIONS>>> {
    let regions = texts.iter().map(|text| text.parse().map_err(anyhow::Error::msg));
    bounded(regions.collect::<anyhow::Result<_>>()?, "regions")
}

fn endpoint(file: &EndpointFile) -> anyhow::Result<Endpoint> {
    let id = parse_id(&file.id).with_context(|| format!("{:?} is not the 32 bytes of an endpoint's key", file.id))?;
    Ok(address::endpoint(id.0, file.addresses.iter().copied()))
}

fn bounded<T, S: bounded_collections::Get<u32>>(list: Vec<T>, what: &str) -> anyhow::Result<BoundedVec<T, S>> {
    let found = list.len();
    BoundedVec::try_from(list).map_err(|_| anyhow::anyhow!("{found} {what} are more than the {} allowed", S::get()))
}

struct Loader<'a> {
    folder: &'a Path,
    programs: Vec<quern_program::Checked>,
    blobs: BTreeMap<BlobId, Vec<u8>>,
}

impl Loader<'_> {
    fn stage(&mut self, index: usize, file: &StageFile) -> anyhow::Result<Stage> {
        ensure!(file.tasks > 0, "it has no tasks");
        ensure!(file.shard_size > 0, "shard_size is zero");
        let program = self.program(&file.program, file.inputs.len())?;
        let mut inputs = Vec::new();
        for (slot, input) in file.inputs.iter().enumerate() {
            inputs.push(self.input(index, file.tasks, input).with_context(|| format!("input {slot}"))?);
        }
        Ok(Stage { program, tasks: file.tasks, shard_size: file.shard_size, inputs: bounded(inputs, "inputs")? })
    }

    /// The id of a program: a file, which is to be published, or the id of a published one.
    fn program(&mut self, named: &str, inputs: usize) -> anyhow::Result<BlobId> {
        let path = self.folder.join(named);
        if let Some(id) = parse_id(named).filter(|_| !path.exists()) {
            return Ok(id);
        }
        let form = path.with_extension("json");
        let make = format!("make it first: `quern program assemble {}`", form.display());
        ensure!(path != form, "program {} is a program's JSON form: {make}, and name the .quern file", path.display());
        let bytes = std::fs::read(&path).with_context(|| {
            let hint = if form.is_file() { format!(": {make}") } else { String::new() };
            format!("program {} cannot be read{hint}", path.display())
        })?;
        let program =
            Program::decode_checked(&bytes).map_err(|error| anyhow::anyhow!("program {}: {error}", path.display()))?;
        let expected = program.program().inputs.len();
        ensure!(inputs == expected, "the program has {expected} inputs, the stage names {inputs}");
        let id = program.id();
        if self.programs.iter().all(|known| known.id() != id) {
            self.programs.push(program);
        }
        Ok(id)
    }

    fn input(&mut self, stage: usize, tasks: u32, file: &InputFile) -> anyhow::Result<Input> {
        Ok(match file {
            InputFile::Blob(path) => Input::Blob(self.blob(path)?),
            InputFile::Slice { file, stride } => {
                let blob = self.blob(file)?;
                let needed = stride.checked_mul(u64::from(tasks)).context("the stride is too large")?;
                ensure!(blob.len >= needed, "{tasks} tasks read {needed} bytes, {} has {}", file.display(), blob.len);
                Input::Slice { blob, stride: *stride }
            }
            InputFile::List(paths) => {
                ensure!(paths.len() == tasks as usize, "{} files for {tasks} tasks", paths.len());
                let mut list = Vec::new();
                for path in paths {
                    list.extend_from_slice(&self.blob(path)?.id.0);
                }
                Input::List(self.keep(list))
            }
            InputFile::Output { stage: from, map } => {
                if usize::from(*from) >= stage {
                    bail!("stage {stage} can only read earlier stages");
                }
                let map = match map {
                    MapFile::Same => OutputMap::Same,
                    MapFile::All => OutputMap::All,
                    MapFile::Task(task) => OutputMap::Fixed(*task),
                };
                Input::Output { stage: *from, map }
            }
            InputFile::Index => Input::Index,
            InputFile::Seed => Input::Seed,
        })
    }

    fn blob(&mut self, path: &Path) -> anyhow::Result<Blob> {
        let path = self.folder.join(path);
        let bytes = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        Ok(self.keep(bytes))
    }

    fn keep(&mut self, bytes: Vec<u8>) -> Blob {
        let blob = Blob { id: BlobId::of(&bytes), len: bytes.len() as u64 };
        self.blobs.insert(blob.id, bytes);
        blob
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use codec::Encode;
    use quern_primitives::job::Accelerator;
    use quern_program::{DType, ProgramBuilder};

    /// A folder with a program of one input of 4 bytes, and data.
    fn folder() -> tempfile::TempDir {
        let mut builder = ProgramBuilder::new();
        let input = builder.input(DType::I8, &[4]);
        let doubled = builder.add(input, input);
        let program = builder.build(doubled).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("double.quern"), program.program().encode()).unwrap();
        std::fs::write(folder.path().join("data.bin"), [1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
        std::fs::write(folder.path().join("a.bin"), [1, 1, 1, 1]).unwrap();
        folder
    }

    fn one_stage(inputs: &str) -> String {
        format!(r#"{{"stages": [{{"program": "double.quern", "tasks": 2, "shard_size": 1, "inputs": [{inputs}]}}]}}"#)
    }

    fn error(text: &str) -> String {
        format!("{:#}", parse(text, folder().path()).unwrap_err())
    }

    #[test]
    fn spec_should_name_its_blobs_when_files_are_cut() {
        let folder = folder();
        let job = parse(&one_stage(r#"{"slice": {"file": "data.bin", "stride": 4}}"#), folder.path()).unwrap();
        let stage = &job.spec.stages[0];
        assert_eq!((stage.tasks, stage.shards()), (2, 2));
        assert_eq!(stage.program, job.programs[0].id());
        let Input::Slice { blob, stride: 4 } = stage.inputs[0] else { panic!("{:?}", stage.inputs) };
        assert_eq!((blob.len, job.blob(blob.id)), (8, Some(&[1, 2, 3, 4, 5, 6, 7, 8][..])));
        assert_eq!((job.spec.bid, job.spec.audit, job.spec.extra_blocks), (QRN, AuditLevel::Sampled, 0));
        assert_eq!(job.spec.requirements, Requirements { memory_mib: 64, ..Requirements::default() });
    }

    #[test]
    fn spec_should_serve_the_list_and_what_it_names_when_an_input_is_a_list() {
        let folder = folder();
        let job = parse(&one_stage(r#"{"list": ["a.bin", "data.bin"]}"#), folder.path()).unwrap();
        let Input::List(list) = job.spec.stages[0].inputs[0] else { panic!("a list") };
        let ids = [BlobId::of(&[1; 4]), BlobId::of(&[1, 2, 3, 4, 5, 6, 7, 8])];
        assert_eq!((list.id, list.len), (BlobId::of_list(&ids), 64));
        assert!(ids.iter().all(|id| job.blob(*id).is_some()));
        assert_eq!(job.blobs.len(), 3);
    }

    #[test]
    fn spec_should_take_everything_else_when_it_is_written_out() {
        let folder = folder();
        let text = r#"{
            "bid": "0.5", "audit": "full", "memory_mib": 100, "gmacs_per_second": 7,
            "regions": ["DE", "FR"], "accelerator": "gpu", "extra_blocks": 9,
            "endpoints": [{"id": "KEY", "addresses": ["127.0.0.1:4000"]}],
            "stages": [
                {"program": "double.quern", "tasks": 1, "shard_size": 1, "inputs": [{"blob": "a.bin"}]},
                {"program": "double.quern", "tasks": 1, "shard_size": 1, "inputs": ["index"]},
                {"program": "double.quern", "tasks": 1, "shard_size": 1, "inputs": ["seed"]},
                {"program": "double.quern", "tasks": 1, "shard_size": 1, "inputs": [{"output": {"stage": 0, "map": "same"}}]},
                {"program": "double.quern", "tasks": 1, "shard_size": 1, "inputs": [{"output": {"stage": 1, "map": "all"}}]},
                {"program": "double.quern", "tasks": 1, "shard_size": 1, "inputs": [{"output": {"stage": 2, "map": {"task": 0}}}]},
                {"program": "KEY", "tasks": 1, "shard_size": 1, "inputs": []}
            ]}"#
        .replace("KEY", &"ab".repeat(32));
        let job = parse(&text, folder.path()).unwrap();
        assert_eq!((job.spec.bid, job.spec.audit, job.spec.extra_blocks), (QRN / 2, AuditLevel::Full, 9));
        let regions = ["DE", "FR"].map(|region| region.parse().unwrap()).to_vec().try_into().unwrap();
        let expected = Requirements { memory_mib: 100, gmacs_per_second: 7, regions, accelerator: Accelerator::Gpu };
        assert_eq!(job.spec.requirements, expected);
        assert_eq!(job.spec.endpoints[0].id, [0xab; 32]);
        let inputs: Vec<Input> = job.spec.stages.iter().filter_map(|stage| stage.inputs.first().copied()).collect();
        assert_eq!(inputs[1..3], [Input::Index, Input::Seed]);
        assert_eq!(inputs[3], Input::Output { stage: 0, map: OutputMap::Same });
        assert_eq!(inputs[4], Input::Output { stage: 1, map: OutputMap::All });
        assert_eq!(inputs[5], Input::Output { stage: 2, map: OutputMap::Fixed(0) });
        assert_eq!(job.spec.stages[6].program, BlobId([0xab; 32]));
        assert_eq!(job.programs.len(), 1);
    }

    #[test]
    fn spec_should_be_refused_when_a_file_is_missing() {
        let error = error(&one_stage(r#"{"blob": "nowhere.bin"}"#));
        assert!(error.contains("stage 0: input 0") && error.contains("nowhere.bin"), "{error}");
    }

    #[test]
    fn spec_should_be_refused_when_a_slice_is_too_short() {
        let error = error(&one_stage(r#"{"slice": {"file": "data.bin", "stride": 5}}"#));
        assert!(error.contains("2 tasks read 10 bytes"), "{error}");
    }

    #[test]
    fn spec_should_be_refused_when_inputs_do_not_fit_the_program() {
        let error = error(&one_stage(r#""index", "seed""#));
        assert!(error.contains("the program has 1 inputs, the stage names 2"), "{error}");
    }

    #[test]
    fn spec_should_be_refused_when_a_stage_reads_itself() {
        let error = error(&one_stage(r#"{"output": {"stage": 0, "map": "all"}}"#));
        assert!(error.contains("can only read earlier stages"), "{error}");
    }

    #[test]
    fn spec_should_be_refused_when_a_field_is_misspelled() {
        assert!(error(r#"{"stagez": []}"#).contains("unknown field"));
        assert!(error(&one_stage(r#"{"blub": "a.bin"}"#)).contains("unknown variant"));
    }

    #[test]
    fn spec_should_be_refused_when_a_region_is_no_country_code_or_there_are_too_many() {
        let with = |regions: &str| one_stage(r#""index""#).replacen('{', &format!("{{\"regions\": [{regions}], "), 1);
        assert!(error(&with(r#""Europe""#)).contains("two capital letters"));
        assert!(error(&with(&[r#""DE""#; 9].join(","))).contains("9 regions are more than the 8 allowed"));
    }

    #[test]
    fn spec_should_be_refused_with_how_to_write_it_when_the_bid_is_a_number() {
        let with = |bid: &str| error(&one_stage(r#""index""#).replacen('{', &format!("{{\"bid\": {bid}, "), 1));
        assert!(with("0.5").contains("write \"bid\": \"0.5\""), "{}", with("0.5"));
        assert!(with("[]").contains("the bid is text"), "{}", with("[]"));
    }

    #[test]
    fn spec_should_be_refused_with_how_to_make_it_when_a_program_is_not_assembled() {
        let folder = folder();
        std::fs::write(folder.path().join("form.json"), "{}").unwrap();
        for named in ["form.json", "form.quern"] {
            let text = one_stage(r#""index""#).replace("double.quern", named);
            let error = format!("{:#}", parse(&text, folder.path()).unwrap_err());
            assert!(error.contains("quern program assemble") && error.contains("form.json"), "{error}");
        }
        assert!(!error(&one_stage(r#""index""#).replace("double", "nowhere")).contains("assemble"));
    }

    #[test]
    fn example_should_be_a_job_of_the_assembled_example_whose_scores_are_as_documented() {
        let examples = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples"));
        let folder = tempfile::tempdir().unwrap();
        for file in ["linear-job.json", "linear-rows.bin", "linear-weights.bin"] {
            std::fs::copy(examples.join(file), folder.path().join(file)).unwrap();
        }
        let program = crate::program::assemble(&examples.join("linear.json"), Some(folder.path().join("linear.quern")));
        program.unwrap();
        let job = read(&folder.path().join("linear-job.json")).unwrap();
        let run = |program: &quern_program::Checked, context: &quern_program::Context, inputs: &[_]| {
            Ok::<_, std::convert::Infallible>(quern_program::reference::run(program, context, inputs))
        };
        let outputs = quern_sdk::models::local::run(&job, [0; 32], run).unwrap();
        let rows = outputs[0].iter().flat_map(|output| output.bytes.chunks(3));
        let scores: Vec<String> =
            rows.map(|row| row.iter().map(|score| format!(" {:3}", *score as i8)).collect()).collect();
        let documented = std::fs::read_to_string(examples.join("README.md")).unwrap();
        assert!(documented.contains(&scores.join("\n")), "{}", scores.join("\n"));
    }

    #[test]
    fn spec_should_be_refused_when_a_program_is_malformed() {
        let text = one_stage(r#""index""#).replace("double.quern", "data.bin");
        assert!(error(&text).contains("data.bin"));
    }

    #[test]
    fn spec_should_be_refused_when_there_is_nothing_to_do() {
        assert!(error(r#"{"stages": []}"#).contains("no stages"));
        assert!(error(&one_stage(r#""index""#).replace("\"tasks\": 2", "\"tasks\": 0")).contains("no tasks"));
    }
}
