// SPDX-License-Identifier: Apache-2.0
//! What the chain tells a daemon: everything that concerns its account, so that a daemon can start from nothing.

use crate::{dispute::Dispute, inputs::StageContext, shard::Shard};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use quern_primitives::{job::Endpoint, Account, DisputeId};
use scale_info::TypeInfo;

/// A shard as one of its parties needs it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ShardView {
    /// The shard.
    pub shard: Shard,
    /// What decides the inputs of its tasks.
    pub context: StageContext,
    /// Where the requester serves the job's blobs.
    pub requester: Vec<Endpoint>,
    /// Endpoints of the worker, the drawn validators and the workers whose outputs are read.
    pub endpoints: Vec<(Account, Endpoint)>,
    /// Disputes about the shard.
    pub disputes: Vec<(DisputeId, Dispute)>,
}

impl ShardView {
    /// The endpoint of an account, if it is a party here.
    pub fn endpoint(&self, account: &Account) -> Option<&Endpoint> {
        self.endpoints.iter().find(|(of, _)| of == account).map(|(_, endpoint)| endpoint)
    }
}
