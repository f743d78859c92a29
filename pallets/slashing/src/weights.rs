// SPDX-License-Identifier: Apache-2.0
//! Weights of `quern_pallet_slashing`, as measured: `scripts/weights` writes this file, nobody edits it.
//!
//! 2026-11-25, 20 steps, 10 repeats, on AMD EPYC. Times are those of the runtime's WebAssembly; `DbWeight` is added for each
//! storage item read and written.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet, each measured by the benchmark of its name.
pub trait WeightInfo {
    /// `set_dry_run`.
    fn set_dry_run() -> Weight;
    /// `appeal`.
    fn appeal() -> Weight;
    /// `cancel`.
    fn cancel() -> Weight;
    /// `reject_appeal`.
    fn reject_appeal() -> Weight;
    /// `delay`.
    fn delay() -> Weight;
    /// `set_guardian`.
    fn set_guardian() -> Weight;
    /// `idle`.
    fn idle() -> Weight;
    /// `carry_out`.
    fn carry_out() -> Weight;
    /// `carry_out_stake`.
    fn carry_out_stake() -> Weight;
    /// `plant`.
    fn plant() -> Weight;
    /// `open_plant`.
    fn open_plant() -> Weight;
    /// `open_decoy`.
    fn open_decoy() -> Weight;
    /// `withdraw_plant`.
    fn withdraw_plant() -> Weight;
    /// `expire_plant`.
    fn expire_plant() -> Weight;
}

/// The measured weights, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    // Storage: `Slashing::DryRun` (r:0 w:1)
    // Proof: `Slashing::DryRun` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    // Shortest time: 4_577 ns.
    fn set_dry_run() -> Weight {
        Weight::from_parts(5_198_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Slashing::Deferred` (r:1 w:1)
    // Proof: `Slashing::Deferred` (`max_values`: None, `max_size`: Some(275), added: 2750, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Times` (r:1 w:0)
    // Proof: `Slashing::Times` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Agenda` (r:0 w:2)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 66_949 ns.
    fn appeal() -> Weight {
        Weight::from_parts(69_633_000, 3_740)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // Storage: `Slashing::Deferred` (r:1 w:1)
    // Proof: `Slashing::Deferred` (`max_values`: None, `max_size`: Some(275), added: 2750, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Slashing::CounterForDeferred` (r:1 w:1)
    // Proof: `Slashing::CounterForDeferred` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:1)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Agenda` (r:0 w:1)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 69_353 ns.
    fn cancel() -> Weight {
        Weight::from_parts(72_538_000, 3_882)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // Storage: `Slashing::Deferred` (r:1 w:1)
    // Proof: `Slashing::Deferred` (`max_values`: None, `max_size`: Some(275), added: 2750, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Slashing::CounterForDeferred` (r:1 w:1)
    // Proof: `Slashing::CounterForDeferred` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Slashing::DryRun` (r:1 w:0)
    // Proof: `Slashing::DryRun` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Settings` (r:1 w:0)
    // Proof: `Slashing::Settings` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:2 w:2)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:1)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Candidates` (r:1 w:0)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(125), added: 2600, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Agenda` (r:0 w:1)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 177_033 ns.
    fn reject_appeal() -> Weight {
        Weight::from_parts(182_520_000, 6_196)
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().writes(7))
    }
    // Storage: `Slashing::Guardian` (r:1 w:0)
    // Proof: `Slashing::Guardian` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Deferred` (r:1 w:1)
    // Proof: `Slashing::Deferred` (`max_values`: None, `max_size`: Some(275), added: 2750, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Times` (r:1 w:0)
    // Proof: `Slashing::Times` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Agenda` (r:0 w:2)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 21_962 ns.
    fn delay() -> Weight {
        Weight::from_parts(23_645_000, 3_740)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // Storage: `Slashing::Guardian` (r:0 w:1)
    // Proof: `Slashing::Guardian` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
    // Shortest time: 4_827 ns.
    fn set_guardian() -> Weight {
        Weight::from_parts(5_408_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Slashing::AgendaCursor` (r:1 w:1)
    // Proof: `Slashing::AgendaCursor` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Agenda` (r:2 w:0)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 9_685 ns.
    fn idle() -> Weight {
        Weight::from_parts(10_366_000, 5_996)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Slashing::AgendaCursor` (r:1 w:1)
    // Proof: `Slashing::AgendaCursor` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Agenda` (r:2 w:1)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Deferred` (r:1 w:1)
    // Proof: `Slashing::Deferred` (`max_values`: None, `max_size`: Some(275), added: 2750, mode: `MaxEncodedLen`)
    // Storage: `Slashing::CounterForDeferred` (r:1 w:1)
    // Proof: `Slashing::CounterForDeferred` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Slashing::DryRun` (r:1 w:0)
    // Proof: `Slashing::DryRun` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Settings` (r:1 w:0)
    // Proof: `Slashing::Settings` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:2 w:2)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:1)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Candidates` (r:1 w:0)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(125), added: 2600, mode: `MaxEncodedLen`)
    // Shortest time: 195_881 ns.
    fn carry_out() -> Weight {
        Weight::from_parts(202_050_000, 6_196)
            .saturating_add(T::DbWeight::get().reads(12))
            .saturating_add(T::DbWeight::get().writes(8))
    }
    // Counted by hand: `carry_out`, and what the slash of a stake was measured at.
    // Storage: `Collateral::Ledgers`, `Collateral::Candidates`, `Collateral::Order`, `Collateral::NextGeneration` (r:1 w:1)
    // Storage: `Collateral::MinimumBond`, `Collateral::Elections` (r:1 w:0)
    // Storage: `System::Account`, `Balances::Holds` (r:3 w:3)
    fn carry_out_stake() -> Weight {
        Weight::from_parts(420_000_000, 32_259)
            .saturating_add(T::DbWeight::get().reads(22))
            .saturating_add(T::DbWeight::get().writes(17))
    }
    // Counted by hand.
    // Storage: `Slashing::Terms`, `Slashing::Plants` (r:1 w:0, r:1 w:1), `Slashing::CounterForPlants`, `Slashing::PlantsOf` (r:1 w:1)
    // Storage: `Balances::Holds` (r:1 w:1)
    fn plant() -> Weight {
        Weight::from_parts(90_000_000, 6_196)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // Counted by hand: `reject_appeal`, a second payment out of a hold, and the registry.
    // Storage: `Slashing::Deferred`, `Slashing::CounterForDeferred`, `Slashing::Plants`, `Slashing::CounterForPlants`,
    // `Slashing::PlantsOf` (r:1 w:1), `Slashing::Agenda` (r:0 w:1), `Slashing::Terms`, `Slashing::Settings` (r:1 w:0)
    // Storage: `Balances::Holds` (r:2 w:2), `System::Account` (r:3 w:3), `Collateral::Ledgers` (r:1 w:1)
    // Storage: `Workers::Entries`, `Workers::Convictions`, `Workers::Workers` (r:1 w:1), an era (r:1 w:0)
    fn open_plant() -> Weight {
        Weight::from_parts(420_000_000, 32_259)
            .saturating_add(T::DbWeight::get().reads(17))
            .saturating_add(T::DbWeight::get().writes(15))
    }
    // Counted by hand.
    // Storage: `Slashing::Plants`, `Slashing::CounterForPlants`, `Slashing::PlantsOf`, `Balances::Holds` (r:1 w:1)
    fn open_decoy() -> Weight {
        Weight::from_parts(90_000_000, 6_196)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // Counted by hand: `open_decoy`, and what became of the result.
    // Storage: `Jobs::Shards`, `Jobs::Jobs`, `Jobs::Stages` (r:1 w:0)
    fn withdraw_plant() -> Weight {
        Weight::from_parts(130_000_000, 32_259)
            .saturating_add(T::DbWeight::get().reads(7))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // Counted by hand.
    // Storage: `Slashing::Plants`, `Slashing::CounterForPlants`, `Slashing::PlantsOf`, `Balances::Holds`, `System::Account` (r:1 w:1)
    // Storage: `Slashing::DryRun` (r:1 w:0)
    fn expire_plant() -> Weight {
        Weight::from_parts(110_000_000, 6_196)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(5))
    }
}

/// No weight, for tests.
impl WeightInfo for () {
    fn set_dry_run() -> Weight {
        Weight::zero()
    }
    fn appeal() -> Weight {
        Weight::zero()
    }
    fn cancel() -> Weight {
        Weight::zero()
    }
    fn reject_appeal() -> Weight {
        Weight::zero()
    }
    fn delay() -> Weight {
        Weight::zero()
    }
    fn set_guardian() -> Weight {
        Weight::zero()
    }
    fn idle() -> Weight {
        Weight::zero()
    }
    fn carry_out() -> Weight {
        Weight::zero()
    }
    fn carry_out_stake() -> Weight {
        Weight::zero()
    }
    fn plant() -> Weight {
        Weight::zero()
    }
    fn open_plant() -> Weight {
        Weight::zero()
    }
    fn open_decoy() -> Weight {
        Weight::zero()
    }
    fn withdraw_plant() -> Weight {
        Weight::zero()
    }
    fn expire_plant() -> Weight {
        Weight::zero()
    }
}
