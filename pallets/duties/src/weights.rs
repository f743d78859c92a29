// SPDX-License-Identifier: Apache-2.0
//! Weights of `quern_pallet_duties`, as measured: `scripts/weights` writes this file, nobody edits it.
//!
//! 2026-11-25, 20 steps, 10 repeats, on AMD EPYC. Times are those of the runtime's WebAssembly; `DbWeight` is added for each
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
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Shortest time: 17_226 ns.
    fn judge(n: u32) -> Weight {
        Weight::from_parts(13_280_707, 3_518)
            .saturating_add(Weight::from_parts(6_550_755, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 3_508).saturating_mul(n.into()))
    }
    // Hand-counted, until it is measured: twice `judge`, the list of proxies (r:1, at most 611 bytes), and copying the call.
    fn judge_proxied(n: u32) -> Weight {
        Self::judge(n)
            .saturating_mul(2)
            .saturating_add(Weight::from_parts(10_000_000, 4_706))
            .saturating_add(T::DbWeight::get().reads(1))
    }
    // Storage: `Duties::Records` (r:1 w:1)
    // Proof: `Duties::Records` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
    // Shortest time: 7_331 ns.
    fn failure() -> Weight {
        Weight::from_parts(7_932_000, 3_518)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Shortest time: 451 ns.
    fn pass() -> Weight {
        Weight::from_parts(571_000, 0)
    }
    // Storage: `Duties::Cursor` (r:1 w:1)
    // Proof: `Duties::Cursor` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
    // Storage: `Duties::Records` (r:2 w:1)
    // Proof: `Duties::Records` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
    // Shortest time: 8_783 ns.
    fn forgive() -> Weight {
        Weight::from_parts(9_454_000, 6_046)
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
