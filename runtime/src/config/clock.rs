// SPDX-License-Identifier: Apache-2.0

use crate::{Authorship, Runtime, System};
use frame_support::{dispatch::DispatchClass, traits::Get};
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

/// Whether the block is nearly full: an eighth of its time, or 128 KiB, are more than the largest call that anybody owes takes.
/// What is owed is operational, start and commitment too, and may use what is left of the whole block; the rest is ordinary.
pub struct IsFull;

/// The share of a block's time, and its bytes, that must be left for it to count.
const ROOM_SHARE: u64 = 8;
const ROOM_BYTES: u32 = 128 * 1024;

impl Get<bool> for IsFull {
    fn get() -> bool {
        let limits = <Runtime as frame_system::Config>::BlockWeights::get();
        let used = System::block_weight();
        let whole = limits.max_block.ref_time();
        let ordinary = limits.get(DispatchClass::Normal).max_total.map_or(whole, |most| most.ref_time());
        let left = ordinary.saturating_sub(used.get(DispatchClass::Normal).ref_time());
        let left = left.min(whole.saturating_sub(used.total().ref_time()));
        let lengths = <Runtime as frame_system::Config>::BlockLength::get();
        let bytes = lengths.max.get(DispatchClass::Normal).saturating_sub(System::block_size());
        left < whole / ROOM_SHARE || bytes < ROOM_BYTES
    }
}

impl quern_pallet_clock::Config for Runtime {
    type IsFull = IsFull;
    type BlockRandomness = VrfOutput;
    type Author = Author;
    type WeightInfo = quern_pallet_clock::weights::SubstrateWeight<Self>;
}
