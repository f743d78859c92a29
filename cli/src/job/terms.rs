// SPDX-License-Identifier: Apache-2.0
//! What `quern job submit` asks for instead of the job's file.

use clap::{Args, ValueEnum};
use quern_primitives::{
    job::{Accelerator, JobSpec, Region, MAX_REGIONS},
    Height,
};
use serde::Deserialize;

/// Which kind of device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Any.
    #[default]
    Any,
    /// A processor alone.
    Cpu,
    /// A GPU.
    Gpu,
}

impl From<Kind> for Accelerator {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Any => Self::Any,
            Kind::Cpu => Self::Cpu,
            Kind::Gpu => Self::Gpu,
        }
    }
}

/// What `quern job submit` asks for instead of the file.
#[derive(Clone, Debug, Default, Args)]
pub struct TermsArgs {
    /// Least memory of a worker, in MiB, instead of the file's.
    #[arg(long, value_name = "MIB")]
    pub min_memory: Option<u32>,
    /// Least rate of a worker, in GMAC a second as its daemon measured it, instead of the file's.
    #[arg(long, value_name = "GMACS")]
    pub min_rate: Option<u32>,
    /// A country, as two capital letters (ISO 3166-1), that workers may stand in; repeat for up to eight. Instead of the file's.
    #[arg(long, value_name = "COUNTRY")]
    pub region: Vec<Region>,
    /// Which kind of device a worker must have, instead of the file's.
    #[arg(long, value_enum)]
    pub accelerator: Option<Kind>,
    /// Blocks by which each start, execution and audit has longer than the chain computes, instead of the file's.
    #[arg(long, value_name = "BLOCKS")]
    pub extra_blocks: Option<Height>,
}

impl TermsArgs {
    /// Puts what is given into a job.
    pub fn apply(&self, spec: &mut JobSpec) -> anyhow::Result<()> {
        let requirements = &mut spec.requirements;
        requirements.memory_mib = self.min_memory.unwrap_or(requirements.memory_mib);
        requirements.gmacs_per_second = self.min_rate.unwrap_or(requirements.gmacs_per_second);
        requirements.accelerator = self.accelerator.map_or(requirements.accelerator, Into::into);
        if !self.region.is_empty() {
            let found = self.region.len();
            let regions = self.region.clone().try_into();
            requirements.regions =
                regions.map_err(|_| anyhow::anyhow!("{found} regions are more than the {MAX_REGIONS} allowed"))?;
        }
        spec.extra_blocks = self.extra_blocks.unwrap_or(spec.extra_blocks);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_primitives::job::Requirements;

    fn spec() -> JobSpec {
        JobSpec {
            stages: Default::default(),
            bid: 1,
            audit: Default::default(),
            requirements: Requirements { memory_mib: 64, ..Requirements::default() },
            endpoints: Default::default(),
            extra_blocks: 3,
        }
    }

    fn region(text: &str) -> Region {
        text.parse().unwrap()
    }

    #[test]
    fn arguments_should_replace_only_what_they_name() {
        let mut job = spec();
        TermsArgs::default().apply(&mut job).unwrap();
        assert_eq!(job, spec());
        let args = TermsArgs {
            min_memory: Some(1),
            min_rate: Some(2),
            region: vec![region("DE")],
            accelerator: Some(Kind::Gpu),
            extra_blocks: Some(0),
        };
        args.apply(&mut job).unwrap();
        let regions = vec![region("DE")].try_into().unwrap();
        let expected = Requirements { memory_mib: 1, gmacs_per_second: 2, regions, accelerator: Accelerator::Gpu };
        assert_eq!((job.requirements, job.extra_blocks), (expected, 0));
    }

    #[test]
    fn arguments_should_be_refused_when_there_are_too_many_regions() {
        let args = TermsArgs { region: vec![region("DE"); 9], ..Default::default() };
        assert!(args.apply(&mut spec()).unwrap_err().to_string().contains("more than the 8 allowed"));
    }
}
