// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Parameters as clients write them.

use super::error::Error;
use codec::DecodeAll;
use quern_primitives::{
    job::{self, Accelerator, AuditLevel, Endpoint, Input, JobSpec, OutputMap, Region, Requirements, SocketAddress},
    Account, BlobId, Height,
};
use quern_protocol::view::MAX_PAGE;
use quern_runtime::{AccountId, SS58_PREFIX};
use serde::{
    de::{self, DeserializeOwned, Visitor},
    Deserialize, Deserializer, Serialize,
};
use serde_json::{ser::PrettyFormatter, Serializer, Value};
use sp_core::{crypto::Ss58Codec, Bytes, H256};
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

/// How many entries a page may have. A page of none or of more than [`MAX_PAGE`] is refused, never cut in silence.
pub fn limit(limit: Option<u32>) -> Result<u32, Error> {
    let limit = limit.unwrap_or(MAX_PAGE);
    if (1..=MAX_PAGE).contains(&limit) {
        return Ok(limit);
    }
    Err(Error::parameter("limit", format!("{limit} is not from 1 to {MAX_PAGE}; ask for the next page with next")))
}

/// An account: an address of this network, or 32 bytes as hexadecimal digits.
pub fn account(text: &str) -> Result<Account, Error> {
    if let Ok(bytes) = sp_core::bytes::from_hex(text) {
        let bytes = Account::try_from(bytes);
        return bytes.map_err(|bytes| {
            Error::parameter("address", format!("{} bytes are not the 32 of a public key", bytes.len()))
        });
    }
    let (account, network) = AccountId::from_ss58check_with_version(text)
        .map_err(|_| Error::parameter("address", format!("{text:?} is neither an SS58 address nor a public key")))?;
    if u16::from(network) != SS58_PREFIX {
        let found = u16::from(network);
        let reason = format!("{text} is of the network with prefix {found}; addresses here have prefix {SS58_PREFIX}");
        return Err(Error::parameter("address", reason));
    }
    Ok(account.into())
}

/// A job: its SCALE encoding as a string of hexadecimal digits, or an object.
pub fn spec(value: Value) -> Result<JobSpec, Error> {
    if !value.is_string() {
        return placed::<Spec>(&value).map_err(|error| Error::parameter("spec", error)).and_then(JobSpec::try_from);
    }
    let Bytes(bytes) = serde_json::from_value(value).map_err(|error| Error::parameter("spec", error))?;
    JobSpec::decode_all(&mut &bytes[..]).map_err(|error| {
        // It tells the place in lines.
        let place = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Error::parameter("spec", format!("not a SCALE-encoded job: {place}"))
    })
}

/// What a value says; what is wrong in it is named with its path.
fn placed<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    // Each member has a line of its own, and an error knows its line. Nothing is indented: a stranger's deep value would become far longer.
    let mut text = Vec::new();
    let mut lines = Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b""));
    value.serialize(&mut lines).map_err(|error| error.to_string())?;
    serde_json::from_slice(&text).map_err(|error| {
        let said = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let said = said.strip_suffix(&place).unwrap_or(&said);
        let path = path(&String::from_utf8_lossy(&text), error.line());
        if path.is_empty() {
            return said.to_owned();
        }
        format!("{path}: {said}")
    })
}

/// A way from a value to one in it.
enum Step<'a> {
    /// The last member so far of an object, empty before the first.
    Member(&'a str),
    /// How many elements of an array there were so far.
    Elements(usize),
}

/// The path of what a line has, as `stages[0].program`. The last line of an object is the object's own.
fn path(text: &str, line: usize) -> String {
    let mut steps = Vec::new();
    for line in text.lines().take(line) {
        let mut value = line.trim_end_matches(',');
        if matches!(value, "}" | "]") {
            steps.pop();
            continue;
        }
        match steps.last_mut() {
            Some(Step::Elements(count)) => *count += 1,
            Some(Step::Member(name)) => {
                if let Some((key, rest)) = value.split_once("\": ") {
                    (*name, value) = (key.trim_start_matches('"'), rest);
                }
            }
            None => {}
        }
        match value {
            "{" => steps.push(Step::Member("")),
            "[" => steps.push(Step::Elements(0)),
            _ => {}
        }
    }
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Member("") | Step::Elements(0) => {}
            Step::Member(name) if path.is_empty() => path.push_str(name),
            Step::Member(name) => path.extend([".", name]),
            Step::Elements(count) => path.push_str(&format!("[{}]", count - 1)),
        }
    }
    path
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    stages: Vec<Stage>,
    #[serde(deserialize_with = "amount")]
    bid: u128,
    #[serde(default)]
    audit: Audit,
    memory_mib: u32,
    #[serde(default)]
    gmacs_per_second: u32,
    #[serde(default)]
    regions: Vec<String>,
    #[serde(default)]
    accelerator: Kind,
    #[serde(default)]
    extra_blocks: Height,
    #[serde(default)]
    endpoints: Vec<Peer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stage {
    program: H256,
    tasks: u32,
    shard_size: u32,
    inputs: Vec<Source>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Source {
    Blob(Blob),
    Slice { blob: Blob, stride: u64 },
    List(Blob),
    Output { stage: u16, map: Map },
    Index,
    Seed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Blob {
    id: H256,
    len: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Map {
    Same,
    All,
    Task(u32),
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Audit {
    #[default]
    Sampled,
    Full,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Any,
    Cpu,
    Gpu,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Peer {
    id: H256,
    addresses: Vec<SocketAddr>,
}

/// An amount is a string of decimal digits, so that no client rounds it.
fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
    struct Amount;

    impl Visitor<'_> for Amount {
        type Value = u128;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string of decimal digits, in 10^-12 QRN")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<u128, E> {
            text.parse().map_err(|_| E::custom(format!("{text:?} is not an amount: decimal digits, in 10^-12 QRN")))
        }
    }

    deserializer.deserialize_str(Amount)
}

impl TryFrom<Spec> for JobSpec {
    type Error = Error;

    fn try_from(spec: Spec) -> Result<Self, Error> {
        let stages = spec.stages.into_iter().map(job::Stage::try_from).collect::<Result<Vec<_>, _>>()?;
        let region = |text: &String| text.parse::<Region>().map_err(|error| Error::parameter("spec", error));
        let regions = spec.regions.iter().map(region).collect::<Result<Vec<_>, _>>()?;
        let endpoints = spec.endpoints.into_iter().map(Endpoint::try_from).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            stages: stages.try_into().map_err(|_| too_many("stages", job::MAX_STAGES))?,
            bid: spec.bid,
            audit: match spec.audit {
                Audit::Sampled => AuditLevel::Sampled,
                Audit::Full => AuditLevel::Full,
            },
            requirements: Requirements {
                memory_mib: spec.memory_mib,
                gmacs_per_second: spec.gmacs_per_second,
                regions: regions.try_into().map_err(|_| too_many("regions", job::MAX_REGIONS))?,
                accelerator: match spec.accelerator {
                    Kind::Any => Accelerator::Any,
                    Kind::Cpu => Accelerator::Cpu,
                    Kind::Gpu => Accelerator::Gpu,
                },
            },
            extra_blocks: spec.extra_blocks,
            endpoints: endpoints.try_into().map_err(|_| too_many("endpoints", job::MAX_ENDPOINTS))?,
        })
    }
}

impl TryFrom<Stage> for job::Stage {
    type Error = Error;

    fn try_from(stage: Stage) -> Result<Self, Error> {
        let inputs: Vec<_> = stage.inputs.into_iter().map(Input::from).collect();
        Ok(Self {
            program: BlobId(stage.program.0),
            tasks: stage.tasks,
            shard_size: stage.shard_size,
            inputs: inputs.try_into().map_err(|_| too_many("inputs", job::MAX_STAGE_INPUTS))?,
        })
    }
}

impl From<Source> for Input {
    fn from(source: Source) -> Self {
        match source {
            Source::Blob(blob) => Self::Blob(blob.into()),
            Source::Slice { blob, stride } => Self::Slice { blob: blob.into(), stride },
            Source::List(blob) => Self::List(blob.into()),
            Source::Output { stage, map } => {
                let map = match map {
                    Map::Same => OutputMap::Same,
                    Map::All => OutputMap::All,
                    Map::Task(task) => OutputMap::Fixed(task),
                };
                Self::Output { stage, map }
            }
            Source::Index => Self::Index,
            Source::Seed => Self::Seed,
        }
    }
}

impl From<Blob> for job::Blob {
    fn from(blob: Blob) -> Self {
        Self { id: BlobId(blob.id.0), len: blob.len }
    }
}

impl TryFrom<Peer> for Endpoint {
    type Error = Error;

    fn try_from(peer: Peer) -> Result<Self, Error> {
        let addresses: Vec<_> = peer.addresses.into_iter().map(socket).collect();
        let addresses = addresses.try_into().map_err(|_| too_many("addresses", job::MAX_ADDRESSES))?;
        Ok(Self { id: peer.id.0, addresses })
    }
}

fn socket(address: SocketAddr) -> SocketAddress {
    let ip = match address.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    SocketAddress { ip: ip.octets(), port: address.port() }
}

fn too_many(what: &str, most: u32) -> Error {
    Error::parameter("spec", format!("there are more {what} than {most}"))
}
