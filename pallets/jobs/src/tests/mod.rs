// SPDX-License-Identifier: Apache-2.0
//! Tests of jobs, one file per call and one for each thing that blocks do.

mod acknowledge_shards;
mod apprentices;
mod assign;
mod cancel_job;
mod commit_shards;
mod deadlines;
mod decline_shard;
mod fork_job;
mod genesis;
mod invariants;
pub(crate) mod mock;
mod pause;
mod planted;
mod prune;
mod publish_program;
mod resume_job;
mod retire_program;
mod settle;
mod stages;
mod start_shard;
mod submit_job;
mod terms;
mod try_state;
mod views;
