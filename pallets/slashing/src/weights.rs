// SPDX-License-Identifier: Apache-2.0
//! Weights of `quern_pallet_slashing`, as measured: `scripts/weights` writes this file, nobody edits it.
//!
//! 2026-11-26, 20 steps, 10 repeats, on AMD EPYC. Times are those of the runtime's WebAssembly; `DbWeight` is added for each
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
    // Shortest time: 5_608 ns.
    fn set_dry_run() -> Weight {
        Weight::from_parts(6_239_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Slashing::Deferred` (r:1 w:1)
    // Proof: `Slashing::Deferred` (`max_values`: None, `max_size`: Some(364), added: 2839, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Times` (r:1 w:0)
    // Proof: `Slashing::Times` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Agenda` (r:0 w:2)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 74_461 ns.
    fn appeal() -> Weight {
        Weight::from_parts(77_786_000, 3_829)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // Storage: `Slashing::Deferred` (r:1 w:1)
    // Proof: `Slashing::Deferred` (`max_values`: None, `max_size`: Some(364), added: 2839, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Slashing::CounterForDeferred` (r:1 w:1)
    // Proof: `Slashing::CounterForDeferred` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:1)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Agenda` (r:0 w:1)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 78_196 ns.
    fn cancel() -> Weight {
        Weight::from_parts(81_761_000, 3_902)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // Storage: `Slashing::Deferred` (r:1 w:1)
    // Proof: `Slashing::Deferred` (`max_values`: None, `max_size`: Some(364), added: 2839, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Slashing::CounterForDeferred` (r:1 w:1)
    // Proof: `Slashing::CounterForDeferred` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Slashing::DryRun` (r:1 w:0)
    // Proof: `Slashing::DryRun` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Settings` (r:1 w:0)
    // Proof: `Slashing::Settings` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:2 w:2)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:1)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Candidates` (r:1 w:0)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(204), added: 2679, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Agenda` (r:0 w:1)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 199_956 ns.
    fn reject_appeal() -> Weight {
        Weight::from_parts(206_276_000, 6_196)
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().writes(7))
    }
    // Storage: `Slashing::Guardian` (r:1 w:0)
    // Proof: `Slashing::Guardian` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Deferred` (r:1 w:1)
    // Proof: `Slashing::Deferred` (`max_values`: None, `max_size`: Some(364), added: 2839, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Times` (r:1 w:0)
    // Proof: `Slashing::Times` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Agenda` (r:0 w:2)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 24_637 ns.
    fn delay() -> Weight {
        Weight::from_parts(26_269_000, 3_829)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // Storage: `Slashing::Guardian` (r:0 w:1)
    // Proof: `Slashing::Guardian` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
    // Shortest time: 5_749 ns.
    fn set_guardian() -> Weight {
        Weight::from_parts(6_390_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Slashing::AgendaCursor` (r:1 w:1)
    // Proof: `Slashing::AgendaCursor` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Agenda` (r:2 w:0)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 10_886 ns.
    fn idle() -> Weight {
        Weight::from_parts(11_617_000, 5_996)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Slashing::AgendaCursor` (r:1 w:1)
    // Proof: `Slashing::AgendaCursor` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Agenda` (r:2 w:1)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Deferred` (r:1 w:1)
    // Proof: `Slashing::Deferred` (`max_values`: None, `max_size`: Some(364), added: 2839, mode: `MaxEncodedLen`)
    // Storage: `Slashing::CounterForDeferred` (r:1 w:1)
    // Proof: `Slashing::CounterForDeferred` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Slashing::DryRun` (r:1 w:0)
    // Proof: `Slashing::DryRun` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Settings` (r:1 w:0)
    // Proof: `Slashing::Settings` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:2 w:2)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:1)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Candidates` (r:1 w:0)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(204), added: 2679, mode: `MaxEncodedLen`)
    // Shortest time: 221_288 ns.
    fn carry_out() -> Weight {
        Weight::from_parts(229_961_000, 6_196)
            .saturating_add(T::DbWeight::get().reads(12))
            .saturating_add(T::DbWeight::get().writes(8))
    }
    // Storage: `Slashing::AgendaCursor` (r:1 w:1)
    // Proof: `Slashing::AgendaCursor` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Agenda` (r:2 w:1)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Deferred` (r:1 w:1)
    // Proof: `Slashing::Deferred` (`max_values`: None, `max_size`: Some(364), added: 2839, mode: `MaxEncodedLen`)
    // Storage: `Slashing::CounterForDeferred` (r:1 w:1)
    // Proof: `Slashing::CounterForDeferred` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:3 w:3)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:2 w:2)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Slashing::DryRun` (r:1 w:0)
    // Proof: `Slashing::DryRun` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:1)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Elections` (r:1 w:0)
    // Proof: `Collateral::Elections` (`max_values`: Some(1), `max_size`: Some(36), added: 531, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Candidates` (r:1 w:1)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(204), added: 2679, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Order` (r:1 w:1)
    // Proof: `Collateral::Order` (`max_values`: Some(1), `max_size`: Some(24578), added: 25073, mode: `MaxEncodedLen`)
    // Storage: `Collateral::NextGeneration` (r:1 w:1)
    // Proof: `Collateral::NextGeneration` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Collateral::ElectionDue` (r:0 w:1)
    // Proof: `Collateral::ElectionDue` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    // Shortest time: 352_923 ns.
    fn carry_out_stake() -> Weight {
        Weight::from_parts(391_961_000, 26_063)
            .saturating_add(T::DbWeight::get().reads(17))
            .saturating_add(T::DbWeight::get().writes(14))
    }
    // Storage: `Slashing::Terms` (r:1 w:0)
    // Proof: `Slashing::Terms` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Plants` (r:1 w:1)
    // Proof: `Slashing::Plants` (`max_values`: None, `max_size`: Some(104), added: 2579, mode: `MaxEncodedLen`)
    // Storage: `Slashing::PlantsOf` (r:1 w:1)
    // Proof: `Slashing::PlantsOf` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Slashing::CounterForPlants` (r:1 w:1)
    // Proof: `Slashing::CounterForPlants` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Shortest time: 72_618 ns.
    fn plant() -> Weight {
        Weight::from_parts(76_043_000, 3_658)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // Storage: `Slashing::Deferred` (r:1 w:1)
    // Proof: `Slashing::Deferred` (`max_values`: None, `max_size`: Some(364), added: 2839, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Plants` (r:1 w:1)
    // Proof: `Slashing::Plants` (`max_values`: None, `max_size`: Some(104), added: 2579, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Terms` (r:1 w:0)
    // Proof: `Slashing::Terms` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Settings` (r:1 w:0)
    // Proof: `Slashing::Settings` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:4 w:4)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:2 w:2)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Slashing::CounterForDeferred` (r:1 w:1)
    // Proof: `Slashing::CounterForDeferred` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:1)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:1 w:1)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(404), added: 2879, mode: `MaxEncodedLen`)
    // Storage: `Workers::ConvictionsOf` (r:1 w:1)
    // Proof: `Workers::ConvictionsOf` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    // Storage: `Workers::Workers` (r:1 w:1)
    // Proof: `Workers::Workers` (`max_values`: Some(1), `max_size`: Some(8194), added: 8689, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Slashing::CounterForPlants` (r:1 w:1)
    // Proof: `Slashing::CounterForPlants` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Slashing::PlantsOf` (r:1 w:1)
    // Proof: `Slashing::PlantsOf` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Agenda` (r:0 w:1)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 276_761 ns.
    fn open_plant() -> Weight {
        Weight::from_parts(285_243_000, 11_402)
            .saturating_add(T::DbWeight::get().reads(18))
            .saturating_add(T::DbWeight::get().writes(16))
    }
    // Storage: `Slashing::Plants` (r:1 w:1)
    // Proof: `Slashing::Plants` (`max_values`: None, `max_size`: Some(104), added: 2579, mode: `MaxEncodedLen`)
    // Storage: `Slashing::CounterForPlants` (r:1 w:1)
    // Proof: `Slashing::CounterForPlants` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Slashing::PlantsOf` (r:1 w:1)
    // Proof: `Slashing::PlantsOf` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Shortest time: 69_253 ns.
    fn open_decoy() -> Weight {
        Weight::from_parts(72_698_000, 3_658)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // Storage: `Slashing::Plants` (r:1 w:1)
    // Proof: `Slashing::Plants` (`max_values`: None, `max_size`: Some(104), added: 2579, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:1 w:0)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(3608), added: 6083, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:1 w:0)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1230), added: 3705, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:1 w:0)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(949), added: 3424, mode: `MaxEncodedLen`)
    // Storage: `Slashing::CounterForPlants` (r:1 w:1)
    // Proof: `Slashing::CounterForPlants` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Slashing::PlantsOf` (r:1 w:1)
    // Proof: `Slashing::PlantsOf` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Shortest time: 92_227 ns.
    fn withdraw_plant() -> Weight {
        Weight::from_parts(96_313_000, 7_073)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // Storage: `Slashing::Plants` (r:1 w:1)
    // Proof: `Slashing::Plants` (`max_values`: None, `max_size`: Some(104), added: 2579, mode: `MaxEncodedLen`)
    // Storage: `Slashing::DryRun` (r:1 w:0)
    // Proof: `Slashing::DryRun` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Slashing::CounterForPlants` (r:1 w:1)
    // Proof: `Slashing::CounterForPlants` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Slashing::PlantsOf` (r:1 w:1)
    // Proof: `Slashing::PlantsOf` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Shortest time: 78_486 ns.
    fn expire_plant() -> Weight {
        Weight::from_parts(81_782_000, 3_658)
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
