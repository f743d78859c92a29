// SPDX-License-Identifier: Apache-2.0

use crate::{Authorship, Runtime};
use frame_support::traits::Get;
use quern_primitives::Account;

/// Who authored the current block.
pub struct Author;

impl Get<Option<Account>> for Author {
    fn get() -> Option<Account> {
        Authorship::author().map(Into::into)
    }
}

/// What the VRF of the current block's author gave; known once BABE has finalised the block.
pub struct VrfOutput;

impl Get<Option<[u8; 32]>> for VrfOutput {
    fn get() -> Option<[u8; 32]> {
        pallet_babe::AuthorVrfRandomness::<Runtime>::get()
    }
}

impl quern_pallet_clock::Config for Runtime {
    type BlockRandomness = VrfOutput;
    type Author = Author;
    type WeightInfo = quern_pallet_clock::weights::SubstrateWeight<Self>;
}
