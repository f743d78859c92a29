// SPDX-License-Identifier: Apache-2.0
use super::mock::Test;
use crate::Error;
use codec::Encode;
use quern_primitives::slice::SliceError;
use quern_protocol::{inputs::LinkError, referee::RefereeError, DisputeError, ShardError};
use std::collections::BTreeSet;

#[test]
fn reasons_should_be_told_apart_when_they_become_errors_of_the_pallet() {
    let shard = [
        ShardError::WrongPhase,
        ShardError::NotYours,
        ShardError::TooLate,
        ShardError::Duplicate,
        ShardError::SealMismatch,
        ShardError::NotSampled,
        ShardError::BadDraw,
        ShardError::DigestMismatch,
        ShardError::NothingDue,
    ];
    let dispute = [
        DisputeError::WrongMove,
        DisputeError::NotYours,
        DisputeError::TooLate,
        DisputeError::NothingDue,
        DisputeError::NoSuchSegment,
        DisputeError::WrongStart,
        DisputeError::TraceLength,
        DisputeError::StateMismatch,
        DisputeError::ResultMismatch,
        DisputeError::TraceForm,
        DisputeError::PartCount,
        DisputeError::NoSuchElement,
        DisputeError::NotShown,
        DisputeError::RightLength,
    ];
    let referee = [
        RefereeError::NoSuchElement,
        RefereeError::NotProven,
        RefereeError::OutOfRange,
        RefereeError::BadLink(LinkError::WrongKind),
        RefereeError::BadLink(LinkError::WrongId),
    ];
    let slice = [
        SliceError::Missing,
        SliceError::Trailing,
        SliceError::Mismatch,
        SliceError::OutOfRange,
        SliceError::NotANode,
        SliceError::SingleChunk,
        SliceError::WrongCount,
        SliceError::WrongChunkLength,
    ];
    let errors: Vec<Error<Test>> = shard
        .map(Error::from)
        .into_iter()
        .chain(dispute.map(Error::from))
        .chain(referee.map(Error::from))
        .chain(slice.map(Error::from))
        .collect();
    let distinct: BTreeSet<Vec<u8>> = errors.iter().map(Encode::encode).collect();
    assert_eq!(distinct.len(), errors.len());
}
