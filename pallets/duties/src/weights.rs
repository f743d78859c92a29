// SPDX-License-Identifier: Apache-2.0
//! Weights of `quern_pallet_duties`, as measured: `scripts/weights` writes this file, nobody edits it.
//!
//! 2026-11-26, 20 steps, 10 repeats, on AMD EPYC. Times are those of the runtime's WebAssembly; `DbWeight` is added for each
//! storage item read and written.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet, each measured by the benchmark of its name.
pub trait WeightInfo {
    /// `judge`, `n` from 1 to 16.
    fn judge(n: u32) -> Weight;
    /// `judge_proxied`, `n` from 1 to 16.
    fn judge_proxied(n: u32) -> Weight;
    /// `failure`.
    fn failure() -> Weight;
    /// `pass`.
    fn pass() -> Weight;
    /// `forgive`.
    fn forgive() -> Weight;
}

/// The measured weights, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    // Storage: `Duties::Records` (r:1 w:0)
    // Proof: `Duties::Records` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
    // Storage: `Verification::PendingDrawCount` (r:1 w:0)
    // Proof: `Verification::PendingDrawCount` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:16 w:0)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(3608), added: 6083, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(150), added: 645, mode: `MaxEncodedLen`)
    // Shortest time: 19_820 ns.
    fn judge(n: u32) -> Weight {
        Weight::from_parts(15_149_485, 3_518)
            .saturating_add(Weight::from_parts(7_586_865, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 6_083).saturating_mul(n.into()))
    }
    // Storage: `Duties::Records` (r:1 w:1)
    // Proof: `Duties::Records` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
    // Storage: `Proxy::Proxies` (r:1 w:0)
    // Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(649), added: 3124, mode: `MaxEncodedLen`)
    // Storage: `Verification::PendingDrawCount` (r:1 w:0)
    // Proof: `Verification::PendingDrawCount` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:16 w:0)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(3608), added: 6083, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(150), added: 645, mode: `MaxEncodedLen`)
    // Shortest time: 41_241 ns.
    fn judge_proxied(n: u32) -> Weight {
        Weight::from_parts(31_265_900, 4_114)
            .saturating_add(Weight::from_parts(12_885_684, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(0, 6_083).saturating_mul(n.into()))
    }
    // Storage: `Duties::Records` (r:1 w:1)
    // Proof: `Duties::Records` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
    // Shortest time: 8_283 ns.
    fn failure() -> Weight {
        Weight::from_parts(8_893_000, 3_518)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Shortest time: 771 ns.
    fn pass() -> Weight {
        Weight::from_parts(892_000, 0)
    }
    // Storage: `Duties::Cursor` (r:1 w:1)
    // Proof: `Duties::Cursor` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
    // Storage: `Duties::Records` (r:2 w:1)
    // Proof: `Duties::Records` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
    // Shortest time: 9_514 ns.
    fn forgive() -> Weight {
        Weight::from_parts(10_215_000, 6_046)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(2))
    }
}

/// No weight, for tests.
impl WeightInfo for () {
    fn judge(_: u32) -> Weight {
        Weight::zero()
    }
    fn judge_proxied(_: u32) -> Weight {
        Weight::zero()
    }
    fn failure() -> Weight {
        Weight::zero()
    }
    fn pass() -> Weight {
        Weight::zero()
    }
    fn forgive() -> Weight {
        Weight::zero()
    }
}
