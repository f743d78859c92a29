// SPDX-License-Identifier: Apache-2.0
//! Types generated from the committed metadata (`sdk/metadata.scale`). Quern's own types are the real ones of
//! `quern-primitives` and `quern-protocol`, wrapped in [`Static`](subxt::utils::Static).

#![allow(missing_docs, clippy::all)]

#[subxt::subxt(
    runtime_metadata_path = "metadata.scale",
    derive_for_all_types = "Clone, PartialEq",
    substitute_type(
        path = "quern_primitives::plant::PlantedResult",
        with = "::subxt::utils::Static<::quern_primitives::plant::PlantedResult>"
    ),
    substitute_type(
        path = "quern_primitives::ids::BlobId",
        with = "::subxt::utils::Static<::quern_primitives::BlobId>"
    ),
    substitute_type(
        path = "quern_primitives::ids::ShardId",
        with = "::subxt::utils::Static<::quern_primitives::ShardId>"
    ),
    substitute_type(
        path = "quern_primitives::job::JobSpec",
        with = "::subxt::utils::Static<::quern_primitives::job::JobSpec>"
    ),
    substitute_type(
        path = "quern_primitives::job::Endpoint",
        with = "::subxt::utils::Static<::quern_primitives::job::Endpoint>"
    ),
    substitute_type(
        path = "quern_primitives::enrol::Enrolment",
        with = "::subxt::utils::Static<::quern_primitives::enrol::Enrolment>"
    ),
    substitute_type(
        path = "quern_primitives::device::Profile",
        with = "::subxt::utils::Static<::quern_primitives::job::Profile>"
    ),
    substitute_type(
        path = "quern_primitives::device::Requirements",
        with = "::subxt::utils::Static<::quern_primitives::device::Requirements>"
    ),
    substitute_type(
        path = "quern_primitives::traits::Role",
        with = "::subxt::utils::Static<::quern_primitives::traits::Role>"
    ),
    substitute_type(
        path = "quern_primitives::traits::OffenceKind",
        with = "::subxt::utils::Static<::quern_primitives::traits::OffenceKind>"
    ),
    substitute_type(
        path = "quern_primitives::offence::DeferredSlash",
        with = "::subxt::utils::Static<::quern_primitives::offence::DeferredSlash>"
    ),
    substitute_type(
        path = "quern_primitives::commitment::LeafProof",
        with = "::subxt::utils::Static<::quern_primitives::commitment::LeafProof>"
    ),
    substitute_type(
        path = "quern_primitives::slice::proof::SliceProof",
        with = "::subxt::utils::Static<::quern_primitives::slice::SliceProof>"
    ),
    substitute_type(
        path = "quern_protocol::dispute::trace::Trace",
        with = "::subxt::utils::Static<::quern_protocol::dispute::Trace>"
    ),
    substitute_type(
        path = "quern_protocol::dispute::trace::Outline",
        with = "::subxt::utils::Static<::quern_protocol::dispute::Outline>"
    ),
    substitute_type(
        path = "quern_protocol::dispute::Outcome",
        with = "::subxt::utils::Static<::quern_protocol::dispute::Outcome>"
    ),
    substitute_type(
        path = "quern_protocol::referee::ReadProof",
        with = "::subxt::utils::Static<::quern_protocol::referee::ReadProof>"
    ),
    substitute_type(
        path = "quern_protocol::view::JobFailure",
        with = "::subxt::utils::Static<::quern_protocol::view::JobFailure>"
    )
)]
mod generated {}

pub use generated::*;
pub use subxt::utils::{AccountId32, Static};
