// SPDX-License-Identifier: Apache-2.0
//! Weights of `quern_pallet_jobs`, as measured: `scripts/weights` writes this file, nobody edits it.
//!
//! 2026-11-26, 20 steps, 10 repeats, on AMD EPYC. Times are those of the runtime's WebAssembly; `DbWeight` is added for each
//! storage item read and written.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet, each measured by the benchmark of its name.
pub trait WeightInfo {
    /// `publish_program`, `b` from 4096 to 33280.
    fn publish_program(b: u32) -> Weight;
    /// `submit_job`, `s` from 1 to 32, `g` from 0 to 32.
    fn submit_job(s: u32, g: u32) -> Weight;
    /// `retire_program`.
    fn retire_program() -> Weight;
    /// `cancel_job`.
    fn cancel_job() -> Weight;
    /// `start_shard`.
    fn start_shard() -> Weight;
    /// `decline_shard`.
    fn decline_shard() -> Weight;
    /// `commit_shards`, `n` from 1 to 16.
    fn commit_shards(n: u32) -> Weight;
    /// `on_idle_block`.
    fn on_idle_block() -> Weight;
    /// `expire_shards`, `n` from 1 to 32.
    fn expire_shards(n: u32) -> Weight;
    /// `start_jobs`, `n` from 1 to 256.
    fn start_jobs(n: u32) -> Weight;
    /// `open_shards`, `n` from 1 to 256.
    fn open_shards(n: u32) -> Weight;
    /// `complete_taken_over`, `n` from 1 to 256.
    fn complete_taken_over(n: u32) -> Weight;
    /// `assign_shards`, `n` from 1 to 32, `w` from 32 to 256.
    fn assign_shards(n: u32, w: u32) -> Weight;
    /// `remove_shards`, `n` from 3 to 32.
    fn remove_shards(n: u32) -> Weight;
    /// `sweep_shards`, `n` from 1 to 32.
    fn sweep_shards(n: u32) -> Weight;
    /// `acknowledge_shards`, `n` from 1 to 16.
    fn acknowledge_shards(n: u32) -> Weight;
    /// `fork_job`.
    fn fork_job() -> Weight;
    /// `resume_job`.
    fn resume_job() -> Weight;
    /// `end_pauses`, `n` from 1 to 32.
    fn end_pauses(n: u32) -> Weight;
}

/// The measured weights, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    // Storage: `Jobs::Programs` (r:1 w:1)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(467), added: 2942, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Codes` (r:0 w:1)
    // Proof: `Jobs::Codes` (`max_values`: None, `max_size`: Some(65572), added: 68047, mode: `MaxEncodedLen`)
    // Shortest time: 567_843 ns.
    fn publish_program(b: u32) -> Weight {
        Weight::from_parts(579_860_000, 3_932)
            .saturating_add(Weight::from_parts(119_189, 0).saturating_mul(b.into()))
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(150), added: 645, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:64 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(467), added: 2942, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Codes` (r:32 w:0)
    // Proof: `Jobs::Codes` (`max_values`: None, `max_size`: Some(65572), added: 68047, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::NextJob` (r:1 w:1)
    // Proof: `Jobs::NextJob` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobs` (r:1 w:1)
    // Proof: `Jobs::OpenJobs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobsOf` (r:1 w:1)
    // Proof: `Jobs::OpenJobsOf` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Waiting` (r:1 w:1)
    // Proof: `Jobs::Waiting` (`max_values`: Some(1), `max_size`: Some(3074), added: 3569, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProgramUses` (r:64 w:64)
    // Proof: `Jobs::ProgramUses` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:0 w:64)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(2999), added: 5474, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:0 w:1)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1230), added: 3705, mode: `MaxEncodedLen`)
    // Shortest time: 631_116 ns.
    fn submit_job(s: u32, g: u32) -> Weight {
        Weight::from_parts(1_553_917_853, 4_559)
            .saturating_add(Weight::from_parts(6_433_841_793, 0).saturating_mul(g.into()))
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(s.into())))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(g.into())))
            .saturating_add(T::DbWeight::get().writes(6))
            .saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(s.into())))
            .saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(g.into())))
            .saturating_add(Weight::from_parts(0, 68_047).saturating_mul(g.into()))
            .saturating_add(Weight::from_parts(0, 2_942).saturating_mul(s.into()))
    }
    // Storage: `Jobs::Programs` (r:1 w:1)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(467), added: 2942, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProgramUses` (r:1 w:0)
    // Proof: `Jobs::ProgramUses` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Codes` (r:0 w:1)
    // Proof: `Jobs::Codes` (`max_values`: None, `max_size`: Some(65572), added: 68047, mode: `MaxEncodedLen`)
    // Shortest time: 59_669 ns.
    fn retire_program() -> Weight {
        Weight::from_parts(62_153_000, 3_932)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // Storage: `Jobs::Jobs` (r:1 w:1)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1230), added: 3705, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Waiting` (r:1 w:1)
    // Proof: `Jobs::Waiting` (`max_values`: Some(1), `max_size`: Some(3074), added: 3569, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Opening` (r:1 w:1)
    // Proof: `Jobs::Opening` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobs` (r:1 w:1)
    // Proof: `Jobs::OpenJobs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobsOf` (r:1 w:1)
    // Proof: `Jobs::OpenJobsOf` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Jobs::RetiredEnds` (r:1 w:1)
    // Proof: `Jobs::RetiredEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Retired` (r:0 w:1)
    // Proof: `Jobs::Retired` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 123_493 ns.
    fn cancel_job() -> Weight {
        Weight::from_parts(128_130_000, 4_695)
            .saturating_add(T::DbWeight::get().reads(7))
            .saturating_add(T::DbWeight::get().writes(8))
    }
    // Storage: `Jobs::Shards` (r:1 w:1)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(3878), added: 6353, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(150), added: 645, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:1 w:0)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Shortest time: 38_146 ns.
    fn start_shard() -> Weight {
        Weight::from_parts(40_610_000, 7_343)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Jobs::Shards` (r:1 w:1)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(3878), added: 6353, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(150), added: 645, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:1 w:1)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Agenda` (r:1 w:1)
    // Proof: `Jobs::Agenda` (`max_values`: None, `max_size`: Some(461), added: 2936, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:1)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:1 w:1)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(404), added: 2879, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Workers::OpenShards` (r:1 w:1)
    // Proof: `Workers::OpenShards` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Workers::FormerRests` (r:1 w:1)
    // Proof: `Workers::FormerRests` (`max_values`: Some(1), `max_size`: Some(10498), added: 10993, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:2 w:2)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:1 w:1)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1230), added: 3705, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Opening` (r:1 w:1)
    // Proof: `Jobs::Opening` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Sweeping` (r:1 w:1)
    // Proof: `Jobs::Sweeping` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Live` (r:1 w:1)
    // Proof: `Jobs::Live` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobs` (r:1 w:1)
    // Proof: `Jobs::OpenJobs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobsOf` (r:1 w:1)
    // Proof: `Jobs::OpenJobsOf` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Jobs::RetiredEnds` (r:1 w:1)
    // Proof: `Jobs::RetiredEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Workers::ConvictionsOf` (r:0 w:1)
    // Proof: `Workers::ConvictionsOf` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Retired` (r:0 w:1)
    // Proof: `Jobs::Retired` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Duties` (r:0 w:1)
    // Proof: `Jobs::Duties` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Shortest time: 240_517 ns.
    fn decline_shard() -> Weight {
        Weight::from_parts(248_939_000, 11_983)
            .saturating_add(T::DbWeight::get().reads(21))
            .saturating_add(T::DbWeight::get().writes(20))
    }
    // Storage: `Verification::PendingDrawCount` (r:1 w:1)
    // Proof: `Verification::PendingDrawCount` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:16 w:16)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(3878), added: 6353, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(150), added: 645, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:16 w:16)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Agenda` (r:1 w:1)
    // Proof: `Jobs::Agenda` (`max_values`: None, `max_size`: Some(461), added: 2936, mode: `MaxEncodedLen`)
    // Storage: `Verification::DrawCursor` (r:1 w:0)
    // Proof: `Verification::DrawCursor` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::PendingDraws` (r:16 w:16)
    // Proof: `Verification::PendingDraws` (`max_values`: None, `max_size`: Some(42), added: 2517, mode: `MaxEncodedLen`)
    // Storage: `Verification::Answers` (r:0 w:16)
    // Proof: `Verification::Answers` (`max_values`: None, `max_size`: None, mode: `Measured`)
    // Shortest time: 59_738 ns.
    fn commit_shards(n: u32) -> Weight {
        Weight::from_parts(24_907_584, 3_926)
            .saturating_add(Weight::from_parts(36_431_821, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(T::DbWeight::get().writes(4_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 6_353).saturating_mul(n.into()))
    }
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Clock::Seeds` (r:1 w:0)
    // Proof: `Clock::Seeds` (`max_values`: None, `max_size`: Some(40), added: 2515, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Agenda` (r:1 w:0)
    // Proof: `Jobs::Agenda` (`max_values`: None, `max_size`: Some(461), added: 2936, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Paused` (r:1 w:0)
    // Proof: `Jobs::Paused` (`max_values`: Some(1), `max_size`: Some(3074), added: 3569, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Sweeping` (r:1 w:1)
    // Proof: `Jobs::Sweeping` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Queue` (r:1 w:1)
    // Proof: `Jobs::Queue` (`max_values`: Some(1), `max_size`: Some(22530), added: 23025, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Parked` (r:256 w:0)
    // Proof: `Jobs::Parked` (`max_values`: None, `max_size`: Some(14354), added: 16829, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Waiting` (r:1 w:1)
    // Proof: `Jobs::Waiting` (`max_values`: Some(1), `max_size`: Some(3074), added: 3569, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Opening` (r:1 w:0)
    // Proof: `Jobs::Opening` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Jobs::RetiredEnds` (r:1 w:0)
    // Proof: `Jobs::RetiredEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Retired` (r:1 w:0)
    // Proof: `Jobs::Retired` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 534_173 ns.
    fn on_idle_block() -> Weight {
        Weight::from_parts(548_354_000, 4_309_214)
            .saturating_add(T::DbWeight::get().reads(266))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // Storage: `Jobs::Agenda` (r:2 w:2)
    // Proof: `Jobs::Agenda` (`max_values`: None, `max_size`: Some(461), added: 2936, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:32 w:32)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(3878), added: 6353, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(150), added: 645, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Settings` (r:1 w:0)
    // Proof: `Slashing::Settings` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `Slashing::DryRun` (r:1 w:0)
    // Proof: `Slashing::DryRun` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Times` (r:1 w:0)
    // Proof: `Slashing::Times` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `Slashing::NextOffence` (r:1 w:1)
    // Proof: `Slashing::NextOffence` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Deferred` (r:32 w:32)
    // Proof: `Slashing::Deferred` (`max_values`: None, `max_size`: Some(364), added: 2839, mode: `MaxEncodedLen`)
    // Storage: `Slashing::CounterForDeferred` (r:1 w:1)
    // Proof: `Slashing::CounterForDeferred` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:32 w:32)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(404), added: 2879, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Workers::OpenShards` (r:1 w:1)
    // Proof: `Workers::OpenShards` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Workers::ConvictionsOf` (r:32 w:32)
    // Proof: `Workers::ConvictionsOf` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:256 w:256)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Verification::DisputesOf` (r:32 w:32)
    // Proof: `Verification::DisputesOf` (`max_values`: None, `max_size`: Some(95), added: 2570, mode: `MaxEncodedLen`)
    // Storage: `Verification::Disputes` (r:256 w:256)
    // Proof: `Verification::Disputes` (`max_values`: None, `max_size`: Some(45291), added: 47766, mode: `MaxEncodedLen`)
    // Storage: `Verification::CounterForDisputes` (r:1 w:1)
    // Proof: `Verification::CounterForDisputes` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::Totals` (r:1 w:1)
    // Proof: `Verification::Totals` (`max_values`: Some(1), `max_size`: Some(64), added: 559, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:32 w:32)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1230), added: 3705, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:2048 w:0)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(2999), added: 5474, mode: `MaxEncodedLen`)
    // Storage: `Workers::FormerRests` (r:1 w:1)
    // Proof: `Workers::FormerRests` (`max_values`: Some(1), `max_size`: Some(10498), added: 10993, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:64 w:64)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Live` (r:1 w:0)
    // Proof: `Jobs::Live` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:32 w:32)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Paused` (r:1 w:1)
    // Proof: `Jobs::Paused` (`max_values`: Some(1), `max_size`: Some(3074), added: 3569, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Opening` (r:1 w:1)
    // Proof: `Jobs::Opening` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Sweeping` (r:1 w:1)
    // Proof: `Jobs::Sweeping` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:0 w:32)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Served` (r:0 w:288)
    // Proof: `Jobs::Served` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Duties` (r:0 w:544)
    // Proof: `Jobs::Duties` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Verification::Answers` (r:0 w:32)
    // Proof: `Verification::Answers` (`max_values`: None, `max_size`: None, mode: `Measured`)
    // Storage: `Slashing::Agenda` (r:0 w:32)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 776_392 ns.
    fn expire_shards(n: u32) -> Weight {
        Weight::from_parts(794_618_000, 16_287)
            .saturating_add(Weight::from_parts(664_986_241, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(19))
            .saturating_add(T::DbWeight::get().reads(89_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(11))
            .saturating_add(T::DbWeight::get().writes(54_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 382_128).saturating_mul(n.into()))
    }
    // Storage: `Jobs::Waiting` (r:1 w:1)
    // Proof: `Jobs::Waiting` (`max_values`: Some(1), `max_size`: Some(3074), added: 3569, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:256 w:256)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1230), added: 3705, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Opening` (r:1 w:1)
    // Proof: `Jobs::Opening` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
    // Shortest time: 20_440 ns.
    fn start_jobs(n: u32) -> Weight {
        Weight::from_parts(21_091_000, 4_559)
            .saturating_add(Weight::from_parts(12_602_726, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 3_705).saturating_mul(n.into()))
    }
    // Storage: `Jobs::Opening` (r:1 w:1)
    // Proof: `Jobs::Opening` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Live` (r:1 w:1)
    // Proof: `Jobs::Live` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Maturing` (r:1 w:0)
    // Proof: `Jobs::Maturing` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Queue` (r:1 w:1)
    // Proof: `Jobs::Queue` (`max_values`: Some(1), `max_size`: Some(22530), added: 23025, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Parked` (r:256 w:0)
    // Proof: `Jobs::Parked` (`max_values`: None, `max_size`: Some(14354), added: 16829, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:256 w:256)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1230), added: 3705, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:512 w:256)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(2999), added: 5474, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:256 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(467), added: 2942, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:256 w:256)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(3878), added: 6353, mode: `MaxEncodedLen`)
    // Shortest time: 56_825 ns.
    fn open_shards(n: u32) -> Weight {
        Weight::from_parts(57_766_000, 24_015)
            .saturating_add(Weight::from_parts(41_909_938, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().reads(6_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 16_829).saturating_mul(n.into()))
    }
    // Storage: `Jobs::Opening` (r:1 w:1)
    // Proof: `Jobs::Opening` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Live` (r:1 w:1)
    // Proof: `Jobs::Live` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Maturing` (r:1 w:0)
    // Proof: `Jobs::Maturing` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Queue` (r:1 w:1)
    // Proof: `Jobs::Queue` (`max_values`: Some(1), `max_size`: Some(22530), added: 23025, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Parked` (r:1 w:0)
    // Proof: `Jobs::Parked` (`max_values`: None, `max_size`: Some(14354), added: 16829, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:1 w:1)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1230), added: 3705, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:65 w:1)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(2999), added: 5474, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:1 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(467), added: 2942, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:256 w:0)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(3878), added: 6353, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobs` (r:1 w:1)
    // Proof: `Jobs::OpenJobs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobsOf` (r:1 w:1)
    // Proof: `Jobs::OpenJobsOf` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Jobs::RetiredEnds` (r:1 w:1)
    // Proof: `Jobs::RetiredEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Jobs::JobRoots` (r:0 w:1)
    // Proof: `Jobs::JobRoots` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Retired` (r:0 w:1)
    // Proof: `Jobs::Retired` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 435_847 ns.
    fn complete_taken_over(n: u32) -> Weight {
        Weight::from_parts(429_977_123, 356_800)
            .saturating_add(Weight::from_parts(5_772_522, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(78))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(12))
            .saturating_add(Weight::from_parts(0, 6_353).saturating_mul(n.into()))
    }
    // Storage: `Jobs::Queue` (r:1 w:1)
    // Proof: `Jobs::Queue` (`max_values`: Some(1), `max_size`: Some(22530), added: 23025, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Paused` (r:1 w:0)
    // Proof: `Jobs::Paused` (`max_values`: Some(1), `max_size`: Some(3074), added: 3569, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Workers::Validators` (r:1 w:0)
    // Proof: `Workers::Validators` (`max_values`: Some(1), `max_size`: Some(4098), added: 4593, mode: `MaxEncodedLen`)
    // Storage: `Workers::Workers` (r:1 w:0)
    // Proof: `Workers::Workers` (`max_values`: Some(1), `max_size`: Some(8194), added: 8689, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:256 w:32)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(404), added: 2879, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:256 w:32)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:32 w:0)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1230), added: 3705, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:32 w:32)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(3878), added: 6353, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:32 w:0)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(2999), added: 5474, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(150), added: 645, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:32 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(467), added: 2942, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:32 w:32)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Agenda` (r:1 w:1)
    // Proof: `Jobs::Agenda` (`max_values`: None, `max_size`: Some(461), added: 2936, mode: `MaxEncodedLen`)
    // Storage: `Workers::OpenShards` (r:1 w:1)
    // Proof: `Workers::OpenShards` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Duties` (r:0 w:32)
    // Proof: `Jobs::Duties` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Shortest time: 3_156_942 ns.
    fn assign_shards(n: u32, w: u32) -> Weight {
        Weight::from_parts(3_181_829_000, 24_015)
            .saturating_add(Weight::from_parts(137_640_756, 0).saturating_mul(n.into()))
            .saturating_add(Weight::from_parts(20_763_875, 0).saturating_mul(w.into()))
            .saturating_add(T::DbWeight::get().reads(11))
            .saturating_add(T::DbWeight::get().reads(5_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(w.into())))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(T::DbWeight::get().writes(5_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 6_353).saturating_mul(n.into()))
            .saturating_add(Weight::from_parts(0, 2_912).saturating_mul(w.into()))
    }
    // Storage: `Jobs::RetiredEnds` (r:1 w:1)
    // Proof: `Jobs::RetiredEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Retired` (r:1 w:1)
    // Proof: `Jobs::Retired` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:2 w:2)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1230), added: 3705, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:1 w:1)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(2999), added: 5474, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:30 w:30)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(3878), added: 6353, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:30 w:0)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProgramUses` (r:1 w:1)
    // Proof: `Jobs::ProgramUses` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Served` (r:0 w:270)
    // Proof: `Jobs::Served` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Shortest time: 76_764 ns.
    fn remove_shards(n: u32) -> Weight {
        Weight::from_parts(79_017_000, 8_400)
            .saturating_add(Weight::from_parts(25_575_997, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(16))
            .saturating_add(T::DbWeight::get().writes(9_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 5_467).saturating_mul(n.into()))
    }
    // Storage: `Jobs::Sweeping` (r:1 w:1)
    // Proof: `Jobs::Sweeping` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Queue` (r:1 w:1)
    // Proof: `Jobs::Queue` (`max_values`: Some(1), `max_size`: Some(22530), added: 23025, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Parked` (r:256 w:32)
    // Proof: `Jobs::Parked` (`max_values`: None, `max_size`: Some(14354), added: 16829, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Live` (r:1 w:1)
    // Proof: `Jobs::Live` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:32 w:32)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(3878), added: 6353, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:32 w:0)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:32 w:32)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1230), added: 3705, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:32 w:32)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:32 w:32)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobs` (r:1 w:1)
    // Proof: `Jobs::OpenJobs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobsOf` (r:32 w:32)
    // Proof: `Jobs::OpenJobsOf` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Jobs::RetiredEnds` (r:1 w:1)
    // Proof: `Jobs::RetiredEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Retired` (r:0 w:32)
    // Proof: `Jobs::Retired` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 685_958 ns.
    fn sweep_shards(n: u32) -> Weight {
        Weight::from_parts(572_483_104, 4_309_214)
            .saturating_add(Weight::from_parts(128_275_649, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(261))
            .saturating_add(T::DbWeight::get().reads(6_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(5))
            .saturating_add(T::DbWeight::get().writes(7_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 6_353).saturating_mul(n.into()))
    }
    // Storage: `Jobs::Shards` (r:16 w:16)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(3878), added: 6353, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:16 w:16)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1230), added: 3705, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(150), added: 645, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:16 w:16)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Agenda` (r:1 w:1)
    // Proof: `Jobs::Agenda` (`max_values`: None, `max_size`: Some(461), added: 2936, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:144 w:144)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:16 w:16)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(2999), added: 5474, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:32 w:32)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:34 w:34)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:16 w:16)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(404), added: 2879, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Candidates` (r:16 w:0)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(204), added: 2679, mode: `MaxEncodedLen`)
    // Storage: `Rewards::TotalCredits` (r:1 w:1)
    // Proof: `Rewards::TotalCredits` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Rewards::TotalBurned` (r:1 w:1)
    // Proof: `Rewards::TotalBurned` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Rewards::TotalMacs` (r:1 w:1)
    // Proof: `Rewards::TotalMacs` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Rewards::CurrentEra` (r:1 w:0)
    // Proof: `Rewards::CurrentEra` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Contributions` (r:129 w:129)
    // Proof: `Rewards::Contributions` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Eras` (r:1 w:1)
    // Proof: `Rewards::Eras` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    // Storage: `Rewards::TotalPoints` (r:1 w:1)
    // Proof: `Rewards::TotalPoints` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Credits` (r:113 w:113)
    // Proof: `Rewards::Credits` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Workers::Workers` (r:1 w:1)
    // Proof: `Workers::Workers` (`max_values`: Some(1), `max_size`: Some(8194), added: 8689, mode: `MaxEncodedLen`)
    // Storage: `Workers::Apprentices` (r:1 w:1)
    // Proof: `Workers::Apprentices` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Maturing` (r:1 w:1)
    // Proof: `Jobs::Maturing` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobs` (r:1 w:1)
    // Proof: `Jobs::OpenJobs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobsOf` (r:16 w:16)
    // Proof: `Jobs::OpenJobsOf` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Jobs::RetiredEnds` (r:1 w:1)
    // Proof: `Jobs::RetiredEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Served` (r:0 w:144)
    // Proof: `Jobs::Served` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Retired` (r:0 w:16)
    // Proof: `Jobs::Retired` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Duties` (r:0 w:144)
    // Proof: `Jobs::Duties` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Shortest time: 753_247 ns.
    fn acknowledge_shards(n: u32) -> Weight {
        Weight::from_parts(764_013_000, 9_679)
            .saturating_add(Weight::from_parts(677_424_710, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(21))
            .saturating_add(T::DbWeight::get().reads(35_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(15))
            .saturating_add(T::DbWeight::get().writes(53_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 26_208).saturating_mul(n.into()))
    }
    // Storage: `Jobs::Jobs` (r:1 w:2)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1230), added: 3705, mode: `MaxEncodedLen`)
    // Storage: `Jobs::NextJob` (r:1 w:1)
    // Proof: `Jobs::NextJob` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:128 w:64)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(2999), added: 5474, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:64 w:0)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(3878), added: 6353, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:64 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(467), added: 2942, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobs` (r:1 w:1)
    // Proof: `Jobs::OpenJobs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobsOf` (r:1 w:1)
    // Proof: `Jobs::OpenJobsOf` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Waiting` (r:1 w:1)
    // Proof: `Jobs::Waiting` (`max_values`: Some(1), `max_size`: Some(3074), added: 3569, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(150), added: 645, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProgramUses` (r:64 w:64)
    // Proof: `Jobs::ProgramUses` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
    // Shortest time: 1_701_313 ns.
    fn fork_job() -> Weight {
        Weight::from_parts(1_857_355_000, 701_662)
            .saturating_add(T::DbWeight::get().reads(328))
            .saturating_add(T::DbWeight::get().writes(135))
    }
    // Storage: `Jobs::Jobs` (r:1 w:1)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1230), added: 3705, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Paused` (r:1 w:1)
    // Proof: `Jobs::Paused` (`max_values`: Some(1), `max_size`: Some(3074), added: 3569, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Queue` (r:1 w:1)
    // Proof: `Jobs::Queue` (`max_values`: Some(1), `max_size`: Some(22530), added: 23025, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Parked` (r:1 w:0)
    // Proof: `Jobs::Parked` (`max_values`: None, `max_size`: Some(14354), added: 16829, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Opening` (r:1 w:1)
    // Proof: `Jobs::Opening` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
    // Shortest time: 113_278 ns.
    fn resume_job() -> Weight {
        Weight::from_parts(119_057_000, 24_015)
            .saturating_add(T::DbWeight::get().reads(7))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // Storage: `Jobs::Paused` (r:1 w:1)
    // Proof: `Jobs::Paused` (`max_values`: Some(1), `max_size`: Some(3074), added: 3569, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:32 w:32)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1230), added: 3705, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Opening` (r:1 w:1)
    // Proof: `Jobs::Opening` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:32 w:32)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:32 w:32)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobs` (r:1 w:1)
    // Proof: `Jobs::OpenJobs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobsOf` (r:32 w:32)
    // Proof: `Jobs::OpenJobsOf` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Jobs::RetiredEnds` (r:1 w:1)
    // Proof: `Jobs::RetiredEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Retired` (r:0 w:32)
    // Proof: `Jobs::Retired` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 122_381 ns.
    fn end_pauses(n: u32) -> Weight {
        Weight::from_parts(123_713_000, 4_559)
            .saturating_add(Weight::from_parts(106_225_883, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(4))
            .saturating_add(T::DbWeight::get().writes(5_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 3_705).saturating_mul(n.into()))
    }
}

/// No weight, for tests.
impl WeightInfo for () {
    fn publish_program(_: u32) -> Weight {
        Weight::zero()
    }
    fn submit_job(_: u32, _: u32) -> Weight {
        Weight::zero()
    }
    fn retire_program() -> Weight {
        Weight::zero()
    }
    fn cancel_job() -> Weight {
        Weight::zero()
    }
    fn start_shard() -> Weight {
        Weight::zero()
    }
    fn decline_shard() -> Weight {
        Weight::zero()
    }
    fn commit_shards(_: u32) -> Weight {
        Weight::zero()
    }
    fn on_idle_block() -> Weight {
        Weight::zero()
    }
    fn expire_shards(_: u32) -> Weight {
        Weight::zero()
    }
    fn start_jobs(_: u32) -> Weight {
        Weight::zero()
    }
    fn open_shards(_: u32) -> Weight {
        Weight::zero()
    }
    fn complete_taken_over(_: u32) -> Weight {
        Weight::zero()
    }
    fn assign_shards(_: u32, _: u32) -> Weight {
        Weight::zero()
    }
    fn remove_shards(_: u32) -> Weight {
        Weight::zero()
    }
    fn sweep_shards(_: u32) -> Weight {
        Weight::zero()
    }
    fn acknowledge_shards(_: u32) -> Weight {
        Weight::zero()
    }
    fn fork_job() -> Weight {
        Weight::zero()
    }
    fn resume_job() -> Weight {
        Weight::zero()
    }
    fn end_pauses(_: u32) -> Weight {
        Weight::zero()
    }
}
