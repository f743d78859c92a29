// SPDX-License-Identifier: Apache-2.0
//! Every reason of the protocol as an error of the pallet.

use crate::{Config, Error};
use quern_primitives::{commitment::LeafError, slice::SliceError};
use quern_protocol::{inputs::LinkError, referee::RefereeError, DisputeError, ShardError};

impl<T: Config> From<ShardError> for Error<T> {
    fn from(error: ShardError) -> Self {
        match error {
            ShardError::WrongPhase => Self::WrongPhase,
            ShardError::NotYours => Self::NotYours,
            ShardError::TooLate => Self::TooLate,
            ShardError::Duplicate => Self::Duplicate,
            ShardError::SealMismatch => Self::SealMismatch,
            ShardError::NotSampled => Self::NotSampled,
            ShardError::BadDraw => Self::BadDraw,
            ShardError::DigestMismatch => Self::DigestMismatch,
            ShardError::NothingDue => Self::NothingDue,
            ShardError::Full => Self::Full,
            ShardError::WrongBond => Self::WrongBond,
            ShardError::NoSuchLeaf => Self::NoSuchLeaf,
        }
    }
}

impl<T: Config> From<DisputeError> for Error<T> {
    fn from(error: DisputeError) -> Self {
        match error {
            DisputeError::WrongMove => Self::WrongMove,
            DisputeError::NotYours => Self::NotYourMove,
            DisputeError::TooLate => Self::MoveTooLate,
            DisputeError::NothingDue => Self::MoveNotDue,
            DisputeError::NoSuchSegment => Self::NoSuchSegment,
            DisputeError::WrongStart => Self::WrongStart,
            DisputeError::BadLeaf(error) => error.into(),
            DisputeError::IdCount => Self::WrongIdCount,
            DisputeError::IdMismatch => Self::IdMismatch,
            DisputeError::TraceLength => Self::TraceLength,
            DisputeError::StateMismatch => Self::StateMismatch,
            DisputeError::ResultMismatch => Self::ResultMismatch,
            DisputeError::TraceForm => Self::TraceForm,
            DisputeError::PartCount => Self::PartCount,
            DisputeError::NoSuchElement => Self::NoSuchElement,
            DisputeError::BadOutput(error) => error.into(),
            DisputeError::NotShown => Self::NotShown,
            DisputeError::RightLength => Self::RightLength,
            DisputeError::Referee(error) => error.into(),
        }
    }
}

impl<T: Config> From<RefereeError> for Error<T> {
    fn from(error: RefereeError) -> Self {
        match error {
            RefereeError::NoSuchElement => Self::NoSuchRead,
            RefereeError::BadProof(error) => error.into(),
            RefereeError::BadLink(error) => error.into(),
            RefereeError::NotProven => Self::NotProven,
            RefereeError::OutOfRange => Self::ReadOutOfRange,
        }
    }
}

impl<T: Config> From<LinkError> for Error<T> {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::WrongKind => Self::LinkKind,
            LinkError::Slice(error) => error.into(),
            LinkError::Leaf(error) => error.into(),
            LinkError::WrongId => Self::LinkId,
        }
    }
}

impl<T: Config> From<LeafError> for Error<T> {
    fn from(error: LeafError) -> Self {
        match error {
            LeafError::Proof(error) => error.into(),
            LeafError::Leaf => Self::LeafMismatch,
        }
    }
}

impl<T: Config> From<SliceError> for Error<T> {
    fn from(error: SliceError) -> Self {
        match error {
            SliceError::Missing => Self::ProofTruncated,
            SliceError::Trailing => Self::ProofTrailing,
            SliceError::Mismatch => Self::ProofMismatch,
            SliceError::OutOfRange => Self::ProofPastEnd,
            SliceError::NotANode => Self::NoSuchNode,
            SliceError::SingleChunk => Self::SingleChunk,
            SliceError::WrongCount => Self::SubtreeCount,
            SliceError::WrongChunkLength => Self::ChunkLength,
        }
    }
}
