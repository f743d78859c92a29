// SPDX-License-Identifier: Apache-2.0
//! Tests: one file for each call, what all of them refuse, draws, deadlines, and what is always true.

pub mod mock;

mod accuse_auditor;
mod answer_leaf;
mod answer_opening;
mod claim_unavailable;
mod commit_audit;
mod convict;
mod convict_length;
mod deadlines;
mod demand_leaf;
mod demand_opening;
mod demand_output;
mod draws;
mod errors;
mod evidence;
mod invariants;
mod name_ids;
mod name_in_part;
mod name_operator;
mod open_checkpoints;
mod open_chunk;
mod open_dispute;
mod open_subtrees;
mod pick_id;
mod post_outline;
mod post_trace;
mod prove_ends;
mod report_inputs;
mod reveal_audit;
mod reveal_results;
mod strangers;
mod views;
