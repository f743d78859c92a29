// SPDX-License-Identifier: Apache-2.0
//! Weights of `quern_pallet_staking`, as measured: `scripts/weights` writes this file, nobody edits it.
//!
//! 2026-11-26, 20 steps, 10 repeats, on AMD EPYC. Times are those of the runtime's WebAssembly; `DbWeight` is added for each
//! storage item read and written.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet, each measured by the benchmark of its name.
pub trait WeightInfo {
    /// `bond`.
    fn bond() -> Weight;
    /// `unbond`.
    fn unbond() -> Weight;
    /// `withdraw_unbonded`.
    fn withdraw_unbonded() -> Weight;
    /// `validate`.
    fn validate() -> Weight;
    /// `chill`.
    fn chill() -> Weight;
    /// `nominate`.
    fn nominate() -> Weight;
    /// `unbond_nomination`.
    fn unbond_nomination() -> Weight;
    /// `withdraw_nomination`.
    fn withdraw_nomination() -> Weight;
    /// `on_block`.
    fn on_block() -> Weight;
    /// `forget_report`.
    fn forget_report() -> Weight;
}

/// The measured weights, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    // Storage: `Collateral::Ledgers` (r:1 w:1)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Candidates` (r:1 w:0)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(204), added: 2679, mode: `MaxEncodedLen`)
    // Shortest time: 77_304 ns.
    fn bond() -> Weight {
        Weight::from_parts(80_129_000, 3_902)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // Storage: `Collateral::Ledgers` (r:1 w:1)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Collateral::UnbondingBlocks` (r:1 w:0)
    // Proof: `Collateral::UnbondingBlocks` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Candidates` (r:1 w:0)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(204), added: 2679, mode: `MaxEncodedLen`)
    // Shortest time: 27_110 ns.
    fn unbond() -> Weight {
        Weight::from_parts(28_883_000, 3_902)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Collateral::Ledgers` (r:1 w:1)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Shortest time: 61_300 ns.
    fn withdraw_unbonded() -> Weight {
        Weight::from_parts(63_875_000, 3_902)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // Storage: `Session::NextKeys` (r:1 w:0)
    // Proof: `Session::NextKeys` (`max_values`: None, `max_size`: None, mode: `Measured`)
    // Storage: `Collateral::Ledgers` (r:1 w:0)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Candidates` (r:2 w:2)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(204), added: 2679, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Elections` (r:1 w:0)
    // Proof: `Collateral::Elections` (`max_values`: Some(1), `max_size`: Some(36), added: 531, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Order` (r:1 w:1)
    // Proof: `Collateral::Order` (`max_values`: Some(1), `max_size`: Some(24578), added: 25073, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Collateral::NextGeneration` (r:1 w:1)
    // Proof: `Collateral::NextGeneration` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Shortest time: 123_163 ns.
    fn validate() -> Weight {
        Weight::from_parts(155_881_000, 31_418)
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // Storage: `Collateral::Candidates` (r:1 w:1)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(204), added: 2679, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Order` (r:1 w:1)
    // Proof: `Collateral::Order` (`max_values`: Some(1), `max_size`: Some(24578), added: 25073, mode: `MaxEncodedLen`)
    // Shortest time: 118_576 ns.
    fn chill() -> Weight {
        Weight::from_parts(154_810_000, 26_063)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // Storage: `Collateral::Candidates` (r:1 w:1)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(204), added: 2679, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Elections` (r:1 w:0)
    // Proof: `Collateral::Elections` (`max_values`: Some(1), `max_size`: Some(36), added: 531, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:0)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Rewards::CurrentEra` (r:1 w:0)
    // Proof: `Rewards::CurrentEra` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Contributions` (r:1 w:0)
    // Proof: `Rewards::Contributions` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    // Storage: `Rewards::AuthoredEras` (r:1 w:0)
    // Proof: `Rewards::AuthoredEras` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Nominations` (r:1 w:1)
    // Proof: `Collateral::Nominations` (`max_values`: None, `max_size`: Some(787), added: 3262, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Merges` (r:1 w:2)
    // Proof: `Collateral::Merges` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
    // Storage: `Collateral::NextGeneration` (r:1 w:1)
    // Proof: `Collateral::NextGeneration` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Order` (r:1 w:1)
    // Proof: `Collateral::Order` (`max_values`: Some(1), `max_size`: Some(24578), added: 25073, mode: `MaxEncodedLen`)
    // Shortest time: 220_778 ns.
    fn nominate() -> Weight {
        Weight::from_parts(257_783_000, 26_063)
            .saturating_add(T::DbWeight::get().reads(14))
            .saturating_add(T::DbWeight::get().writes(8))
    }
    // Storage: `Collateral::Candidates` (r:1 w:1)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(204), added: 2679, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Rewards::CurrentEra` (r:1 w:0)
    // Proof: `Rewards::CurrentEra` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Contributions` (r:1 w:0)
    // Proof: `Rewards::Contributions` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    // Storage: `Rewards::AuthoredEras` (r:1 w:0)
    // Proof: `Rewards::AuthoredEras` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Nominations` (r:1 w:1)
    // Proof: `Collateral::Nominations` (`max_values`: None, `max_size`: Some(787), added: 3262, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Merges` (r:1 w:2)
    // Proof: `Collateral::Merges` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
    // Storage: `Collateral::UnbondingBlocks` (r:1 w:0)
    // Proof: `Collateral::UnbondingBlocks` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:0)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Elections` (r:1 w:0)
    // Proof: `Collateral::Elections` (`max_values`: Some(1), `max_size`: Some(36), added: 531, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Order` (r:1 w:1)
    // Proof: `Collateral::Order` (`max_values`: Some(1), `max_size`: Some(24578), added: 25073, mode: `MaxEncodedLen`)
    // Shortest time: 148_080 ns.
    fn unbond_nomination() -> Weight {
        Weight::from_parts(179_456_000, 26_063)
            .saturating_add(T::DbWeight::get().reads(12))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // Storage: `Collateral::Nominations` (r:1 w:1)
    // Proof: `Collateral::Nominations` (`max_values`: None, `max_size`: Some(787), added: 3262, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Candidates` (r:1 w:1)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(204), added: 2679, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Rewards::CurrentEra` (r:1 w:0)
    // Proof: `Rewards::CurrentEra` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Contributions` (r:1 w:0)
    // Proof: `Rewards::Contributions` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    // Storage: `Rewards::AuthoredEras` (r:1 w:0)
    // Proof: `Rewards::AuthoredEras` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Merges` (r:1 w:2)
    // Proof: `Collateral::Merges` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:0)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Elections` (r:1 w:0)
    // Proof: `Collateral::Elections` (`max_values`: Some(1), `max_size`: Some(36), added: 531, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Order` (r:1 w:1)
    // Proof: `Collateral::Order` (`max_values`: Some(1), `max_size`: Some(24578), added: 25073, mode: `MaxEncodedLen`)
    // Shortest time: 226_005 ns.
    fn withdraw_nomination() -> Weight {
        Weight::from_parts(256_932_000, 26_063)
            .saturating_add(T::DbWeight::get().reads(13))
            .saturating_add(T::DbWeight::get().writes(7))
    }
    // Storage: `Collateral::ForgottenTo` (r:1 w:1)
    // Proof: `Collateral::ForgottenTo` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Collateral::ShownFrom` (r:1 w:0)
    // Proof: `Collateral::ShownFrom` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Collateral::ReportsBySession` (r:4 w:0)
    // Proof: `Collateral::ReportsBySession` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Authored` (r:1 w:1)
    // Proof: `Collateral::Authored` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Collateral::SessionBlocks` (r:1 w:1)
    // Proof: `Collateral::SessionBlocks` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Shortest time: 23_275 ns.
    fn on_block() -> Weight {
        Weight::from_parts(24_526_000, 11_066)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // Storage: `Collateral::ForgottenTo` (r:1 w:1)
    // Proof: `Collateral::ForgottenTo` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Collateral::ShownFrom` (r:1 w:0)
    // Proof: `Collateral::ShownFrom` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Collateral::ReportsBySession` (r:2 w:1)
    // Proof: `Collateral::ReportsBySession` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Reports` (r:0 w:1)
    // Proof: `Collateral::Reports` (`max_values`: None, `max_size`: Some(16426), added: 18901, mode: `MaxEncodedLen`)
    // Shortest time: 17_035 ns.
    fn forget_report() -> Weight {
        Weight::from_parts(18_278_000, 6_028)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(3))
    }
}

/// No weight, for tests.
impl WeightInfo for () {
    fn bond() -> Weight {
        Weight::zero()
    }
    fn unbond() -> Weight {
        Weight::zero()
    }
    fn withdraw_unbonded() -> Weight {
        Weight::zero()
    }
    fn validate() -> Weight {
        Weight::zero()
    }
    fn chill() -> Weight {
        Weight::zero()
    }
    fn nominate() -> Weight {
        Weight::zero()
    }
    fn unbond_nomination() -> Weight {
        Weight::zero()
    }
    fn withdraw_nomination() -> Weight {
        Weight::zero()
    }
    fn on_block() -> Weight {
        Weight::zero()
    }
    fn forget_report() -> Weight {
        Weight::zero()
    }
}
