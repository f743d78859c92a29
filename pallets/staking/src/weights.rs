// SPDX-License-Identifier: Apache-2.0
//! Weights of `quern_pallet_staking`, as measured: `scripts/weights` writes this file, nobody edits it.
//!
//! 2026-11-25, 20 steps, 10 repeats, on AMD EPYC. Times are those of the runtime's WebAssembly; `DbWeight` is added for each
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
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Candidates` (r:1 w:0)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(125), added: 2600, mode: `MaxEncodedLen`)
    // Shortest time: 66_288 ns.
    // By hand: `Clock::Settings` (r:1 w:0).
    fn bond() -> Weight {
        Weight::from_parts(70_453_000, 4_449)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // Storage: `Collateral::Ledgers` (r:1 w:1)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Collateral::UnbondingBlocks` (r:1 w:0)
    // Proof: `Collateral::UnbondingBlocks` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Candidates` (r:1 w:0)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(125), added: 2600, mode: `MaxEncodedLen`)
    // Shortest time: 23_866 ns.
    fn unbond() -> Weight {
        Weight::from_parts(25_568_000, 3_882)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Collateral::Ledgers` (r:1 w:1)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Shortest time: 54_160 ns.
    fn withdraw_unbonded() -> Weight {
        Weight::from_parts(56_874_000, 3_882)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // Storage: `Session::NextKeys` (r:1 w:0)
    // Proof: `Session::NextKeys` (`max_values`: None, `max_size`: None, mode: `Measured`)
    // Storage: `Collateral::Ledgers` (r:1 w:0)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Candidates` (r:2 w:2)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(125), added: 2600, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Elections` (r:1 w:0)
    // Proof: `Collateral::Elections` (`max_values`: Some(1), `max_size`: Some(40), added: 535, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Order` (r:1 w:1)
    // Proof: `Collateral::Order` (`max_values`: Some(1), `max_size`: Some(24578), added: 25073, mode: `MaxEncodedLen`)
    // Storage: `Collateral::NextGeneration` (r:1 w:1)
    // Proof: `Collateral::NextGeneration` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Shortest time: 102_152 ns.
    fn validate() -> Weight {
        Weight::from_parts(122_171_000, 31_187)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // Storage: `Collateral::Candidates` (r:1 w:1)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(125), added: 2600, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Order` (r:1 w:1)
    // Proof: `Collateral::Order` (`max_values`: Some(1), `max_size`: Some(24578), added: 25073, mode: `MaxEncodedLen`)
    // Shortest time: 103_324 ns.
    fn chill() -> Weight {
        Weight::from_parts(128_621_000, 26_063)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // Storage: `Collateral::Candidates` (r:1 w:1)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(125), added: 2600, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Elections` (r:1 w:0)
    // Proof: `Collateral::Elections` (`max_values`: Some(1), `max_size`: Some(40), added: 535, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:0)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Nominations` (r:1 w:1)
    // Proof: `Collateral::Nominations` (`max_values`: None, `max_size`: Some(441), added: 2916, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Order` (r:1 w:1)
    // Proof: `Collateral::Order` (`max_values`: Some(1), `max_size`: Some(24578), added: 25073, mode: `MaxEncodedLen`)
    // Shortest time: 170_363 ns.
    // By hand, until it is measured again: a young pool becomes a part of the candidate's, and a nomination is exchanged.
    // Storage: `Collateral::Merges` (r:1 w:2), `Rewards::Settings` (r:1 w:0), `Rewards::CurrentEra` (r:1 w:0), `Rewards::AuthoredEras`
    // (r:1 w:0), `Rewards::Contributions` (r:1 w:0), `Collateral::NextGeneration` (r:1 w:1)
    fn nominate() -> Weight {
        Weight::from_parts(250_282_000, 40_063)
            .saturating_add(T::DbWeight::get().reads(14))
            .saturating_add(T::DbWeight::get().writes(8))
    }
    // Storage: `Collateral::Candidates` (r:1 w:1)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(125), added: 2600, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Nominations` (r:1 w:1)
    // Proof: `Collateral::Nominations` (`max_values`: None, `max_size`: Some(441), added: 2916, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Elections` (r:1 w:0)
    // Proof: `Collateral::Elections` (`max_values`: Some(1), `max_size`: Some(40), added: 535, mode: `MaxEncodedLen`)
    // Storage: `Collateral::UnbondingBlocks` (r:1 w:0)
    // Proof: `Collateral::UnbondingBlocks` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:0)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Order` (r:1 w:1)
    // Proof: `Collateral::Order` (`max_values`: Some(1), `max_size`: Some(24578), added: 25073, mode: `MaxEncodedLen`)
    // Shortest time: 103_774 ns.
    // By hand, until it is measured again: a young pool becomes a part of the candidate's, and a nomination is exchanged.
    // Storage: `Collateral::Merges` (r:1 w:2), `Rewards::Settings` (r:1 w:0), `Rewards::CurrentEra` (r:1 w:0), `Rewards::AuthoredEras`
    // (r:1 w:0), `Rewards::Contributions` (r:1 w:0)
    fn unbond_nomination() -> Weight {
        Weight::from_parts(190_874_000, 40_063)
            .saturating_add(T::DbWeight::get().reads(12))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // Storage: `Collateral::Nominations` (r:1 w:1)
    // Proof: `Collateral::Nominations` (`max_values`: None, `max_size`: Some(441), added: 2916, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Candidates` (r:1 w:1)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(125), added: 2600, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:0)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Elections` (r:1 w:0)
    // Proof: `Collateral::Elections` (`max_values`: Some(1), `max_size`: Some(40), added: 535, mode: `MaxEncodedLen`)
    // Shortest time: 120_499 ns.
    // By hand, until it is measured again: a young pool becomes a part of the candidate's, and a nomination is exchanged.
    // Storage: `Collateral::Merges` (r:1 w:2), `Rewards::Settings` (r:1 w:0), `Rewards::CurrentEra` (r:1 w:0), `Rewards::AuthoredEras`
    // (r:1 w:0), `Rewards::Contributions` (r:1 w:0)
    fn withdraw_nomination() -> Weight {
        Weight::from_parts(215_391_000, 17_906)
            .saturating_add(T::DbWeight::get().reads(12))
            .saturating_add(T::DbWeight::get().writes(6))
    }
    // Counted by hand since: the two cursors and four sessions without a report.
    // Storage: `Collateral::ForgottenTo` (r:1 w:1)
    // Storage: `Collateral::ShownFrom` (r:1 w:0)
    // Storage: `Collateral::ReportsBySession` (r:4 w:0)
    // Storage: `Collateral::Authored` (r:1 w:1)
    // Proof: `Collateral::Authored` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Collateral::SessionBlocks` (r:1 w:1)
    // Proof: `Collateral::SessionBlocks` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Shortest time: 9_735 ns.
    fn on_block() -> Weight {
        Weight::from_parts(25_000_000, 13_000)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // Counted by hand.
    // Storage: `Collateral::ReportsBySession` (r:1 w:1)
    // Storage: `Collateral::Reports` (r:0 w:1)
    fn forget_report() -> Weight {
        Weight::from_parts(15_000_000, 3_500)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(2))
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
