// SPDX-License-Identifier: Apache-2.0
//! Weights of `quern_pallet_jobs`, as measured: `scripts/weights` writes this file, nobody edits it.
//!
//! 2026-11-25, 20 steps, 10 repeats, on AMD EPYC. Times are those of the runtime's WebAssembly; `DbWeight` is added for each
//! storage item read and written.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet, each measured by the benchmark of its name.
pub trait WeightInfo {
    /// `publish_program`, `b` from 4096 to 65536.
    fn publish_program(b: u32) -> Weight;
    /// `submit_job`, `s` from 1 to 32, `g` from 0 to 32.
    fn submit_job(s: u32, g: u32) -> Weight;
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
    /// `start_jobs`, `n` from 1 to 64.
    fn start_jobs(n: u32) -> Weight;
    /// `open_shards`, `n` from 1 to 64.
    fn open_shards(n: u32) -> Weight;
    /// `assign_shards`, `n` from 1 to 32, `w` from 1 to 256.
    fn assign_shards(n: u32, w: u32) -> Weight;
    /// `remove_shards`, `n` from 3 to 32.
    fn remove_shards(n: u32) -> Weight;
    /// `acknowledge_shards`, `n` from 1 to 16.
    fn acknowledge_shards(n: u32) -> Weight;
    /// `fork_job`.
    fn fork_job() -> Weight;
    /// `resume_job`.
    fn resume_job() -> Weight;
    /// `end_pauses`, `n` from 1 to 32.
    fn end_pauses(n: u32) -> Weight;
    /// `retire_program`.
    fn retire_program() -> Weight;
}

/// The measured weights, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    // Storage: `Jobs::Programs` (r:1 w:1)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(463), added: 2938, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Codes` (r:0 w:1)
    // Proof: `Jobs::Codes` (`max_values`: None, `max_size`: Some(65572), added: 68047, mode: `MaxEncodedLen`)
    // Shortest time: 307_837 ns.
    // By hand, until it is measured again: 200 us more. 4,096 operators that read two values are 32 KiB and take a fifth more for each
    // byte than those that read eight, of which the measured program consists.
    fn publish_program(b: u32) -> Weight {
        Weight::from_parts(512_364_000, 3_928)
            .saturating_add(Weight::from_parts(65_608, 0).saturating_mul(b.into()))
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:64 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(463), added: 2938, mode: `MaxEncodedLen`)
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
    // Proof: `Jobs::Waiting` (`max_values`: Some(1), `max_size`: Some(770), added: 1265, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:0 w:64)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:0 w:1)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProgramUses` (r:64 w:64)
    // Proof: `Jobs::ProgramUses` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
    // Shortest time: 417_480 ns.
    // By hand, until it is measured again: `Balances::TotalIssuance` (r:1 w:1).
    // By hand, until it is measured again: the deposit for the place, in the same `Balances::Holds` and `System::Account`.
    fn submit_job(s: u32, g: u32) -> Weight {
        Weight::from_parts(2_076_665_429, 5_111)
            .saturating_add(Weight::from_parts(6_647_680_190, 0).saturating_mul(g.into()))
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(s.into())))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(g.into())))
            .saturating_add(T::DbWeight::get().writes(7))
            .saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(s.into())))
            .saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(g.into())))
            .saturating_add(Weight::from_parts(0, 68_047).saturating_mul(g.into()))
            .saturating_add(Weight::from_parts(0, 2_938).saturating_mul(s.into()))
    }
    // Storage: `Jobs::Jobs` (r:1 w:1)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Waiting` (r:1 w:1)
    // Proof: `Jobs::Waiting` (`max_values`: Some(1), `max_size`: Some(770), added: 1265, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Opening` (r:1 w:1)
    // Proof: `Jobs::Opening` (`max_values`: Some(1), `max_size`: Some(514), added: 1009, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobs` (r:1 w:1)
    // Proof: `Jobs::OpenJobs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobsOf` (r:1 w:1)
    // Proof: `Jobs::OpenJobsOf` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Jobs::RetiredEnds` (r:1 w:1)
    // Proof: `Jobs::RetiredEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Retired` (r:0 w:1)
    // Proof: `Jobs::Retired` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 69_934 ns.
    // By hand, until it is measured again: the deposit for the place, in the same `Balances::Holds` and `System::Account`.
    fn cancel_job() -> Weight {
        Weight::from_parts(88_359_000, 4_634)
            .saturating_add(T::DbWeight::get().reads(7))
            .saturating_add(T::DbWeight::get().writes(8))
    }
    // Storage: `Jobs::Shards` (r:1 w:1)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:1 w:0)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Shortest time: 31_687 ns.
    fn start_shard() -> Weight {
        Weight::from_parts(33_700_000, 4_498)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Jobs::Shards` (r:1 w:1)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:1 w:1)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Agenda` (r:1 w:1)
    // Proof: `Jobs::Agenda` (`max_values`: None, `max_size`: Some(461), added: 2936, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:1)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:1 w:1)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(263), added: 2738, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Workers::OpenShards` (r:1 w:1)
    // Proof: `Workers::OpenShards` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:1 w:1)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Opening` (r:1 w:1)
    // Proof: `Jobs::Opening` (`max_values`: Some(1), `max_size`: Some(514), added: 1009, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Sweeping` (r:1 w:1)
    // Proof: `Jobs::Sweeping` (`max_values`: Some(1), `max_size`: Some(514), added: 1009, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Live` (r:1 w:1)
    // Proof: `Jobs::Live` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobs` (r:1 w:1)
    // Proof: `Jobs::OpenJobs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobsOf` (r:1 w:1)
    // Proof: `Jobs::OpenJobsOf` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Jobs::RetiredEnds` (r:1 w:1)
    // Proof: `Jobs::RetiredEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Retired` (r:0 w:1)
    // Proof: `Jobs::Retired` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Duties` (r:0 w:1)
    // Proof: `Jobs::Duties` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Shortest time: 145_626 ns.
    // By hand, until it is measured again: of a paused job `Jobs::Parked` in place of `Jobs::Queue`, and `Jobs::Live` (r:1 w:1).
    // And, where the worker retires and rests, `Workers::FormerRests` (r:1 w:1).
    fn decline_shard() -> Weight {
        Weight::from_parts(166_675_000, 15_627)
            .saturating_add(T::DbWeight::get().reads(21))
            .saturating_add(T::DbWeight::get().writes(19))
    }
    // Storage: `Verification::PendingDrawCount` (r:1 w:1)
    // Proof: `Verification::PendingDrawCount` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:16 w:16)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
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
    // Shortest time: 49_083 ns.
    fn commit_shards(n: u32) -> Weight {
        Weight::from_parts(19_525_759, 3_926)
            .saturating_add(Weight::from_parts(30_343_609, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(T::DbWeight::get().writes(4_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 3_508).saturating_mul(n.into()))
    }
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Clock::Seeds` (r:1 w:0)
    // Proof: `Clock::Seeds` (`max_values`: None, `max_size`: Some(40), added: 2515, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Agenda` (r:1 w:0)
    // Proof: `Jobs::Agenda` (`max_values`: None, `max_size`: Some(461), added: 2936, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Sweeping` (r:1 w:1)
    // Proof: `Jobs::Sweeping` (`max_values`: Some(1), `max_size`: Some(514), added: 1009, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Queue` (r:1 w:1)
    // Proof: `Jobs::Queue` (`max_values`: Some(1), `max_size`: Some(22530), added: 23025, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Waiting` (r:1 w:1)
    // Proof: `Jobs::Waiting` (`max_values`: Some(1), `max_size`: Some(770), added: 1265, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Opening` (r:1 w:0)
    // Proof: `Jobs::Opening` (`max_values`: Some(1), `max_size`: Some(514), added: 1009, mode: `MaxEncodedLen`)
    // Storage: `Jobs::RetiredEnds` (r:1 w:0)
    // Proof: `Jobs::RetiredEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Retired` (r:1 w:0)
    // Proof: `Jobs::Retired` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Shortest time: 72_829 ns.
    // By hand: `Jobs::Paused` (r:1 w:0).
    fn on_idle_block() -> Weight {
        Weight::from_parts(76_523_000, 24_015)
            .saturating_add(T::DbWeight::get().reads(10))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // Storage: `Jobs::Agenda` (r:1 w:1)
    // Proof: `Jobs::Agenda` (`max_values`: None, `max_size`: Some(461), added: 2936, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:32 w:32)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Settings` (r:1 w:0)
    // Proof: `Slashing::Settings` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `Slashing::DryRun` (r:1 w:0)
    // Proof: `Slashing::DryRun` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Times` (r:1 w:0)
    // Proof: `Slashing::Times` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `Slashing::NextOffence` (r:1 w:1)
    // Proof: `Slashing::NextOffence` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Deferred` (r:256 w:256)
    // Proof: `Slashing::Deferred` (`max_values`: None, `max_size`: Some(275), added: 2750, mode: `MaxEncodedLen`)
    // Storage: `Slashing::CounterForDeferred` (r:1 w:1)
    // Proof: `Slashing::CounterForDeferred` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:32 w:32)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:32 w:32)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(263), added: 2738, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Workers::OpenShards` (r:1 w:1)
    // Proof: `Workers::OpenShards` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Verification::DisputesOf` (r:32 w:0)
    // Proof: `Verification::DisputesOf` (`max_values`: None, `max_size`: Some(95), added: 2570, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:32 w:32)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Opening` (r:1 w:1)
    // Proof: `Jobs::Opening` (`max_values`: Some(1), `max_size`: Some(514), added: 1009, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Sweeping` (r:1 w:1)
    // Proof: `Jobs::Sweeping` (`max_values`: Some(1), `max_size`: Some(514), added: 1009, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Live` (r:1 w:1)
    // Proof: `Jobs::Live` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:32 w:32)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:32 w:32)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobs` (r:1 w:1)
    // Proof: `Jobs::OpenJobs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobsOf` (r:32 w:32)
    // Proof: `Jobs::OpenJobsOf` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Jobs::RetiredEnds` (r:1 w:1)
    // Proof: `Jobs::RetiredEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:0 w:32)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Retired` (r:0 w:32)
    // Proof: `Jobs::Retired` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Duties` (r:0 w:288)
    // Proof: `Jobs::Duties` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Verification::Answers` (r:0 w:32)
    // Proof: `Verification::Answers` (`max_values`: None, `max_size`: None, mode: `Measured`)
    // Storage: `Slashing::Agenda` (r:0 w:256)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // By hand, until it is measured again: each is an accepted shard with eight challenges of a job of 64 stages, whose worker does
    // not show an id. Beside what is above, for each:
    // Storage: `Jobs::Stages` (r:64 w:0), `Verification::Disputes` (r:8 w:8), `Verification::DisputesOf` (r:1 w:1), `Jobs::Tainted`
    // (r:0 w:1)
    // One that is settled reads less and writes more: what `acknowledge_shards` does for each, its auditors' bonds included.
    // Shortest time: 269_710 ns.
    // And, where the worker retires and rests, `Workers::FormerRests` (r:1 w:1).
    // By hand, until it is measured again: the deposit for the place, in the same `Balances::Holds` and `System::Account`.
    fn expire_shards(n: u32) -> Weight {
        Weight::from_parts(287_514_000, 14_919)
            .saturating_add(Weight::from_parts(495_000_000, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(17))
            .saturating_add(T::DbWeight::get().reads(89_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(10))
            .saturating_add(T::DbWeight::get().writes(53_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 625_000).saturating_mul(n.into()))
    }
    // Storage: `Jobs::Waiting` (r:1 w:1)
    // Proof: `Jobs::Waiting` (`max_values`: Some(1), `max_size`: Some(770), added: 1265, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:64 w:64)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Opening` (r:1 w:1)
    // Proof: `Jobs::Opening` (`max_values`: Some(1), `max_size`: Some(514), added: 1009, mode: `MaxEncodedLen`)
    // Shortest time: 17_626 ns.
    fn start_jobs(n: u32) -> Weight {
        Weight::from_parts(1_912_232, 2_255)
            .saturating_add(Weight::from_parts(10_174_248, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 3_644).saturating_mul(n.into()))
    }
    // Storage: `Jobs::Opening` (r:1 w:1)
    // Proof: `Jobs::Opening` (`max_values`: Some(1), `max_size`: Some(514), added: 1009, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Live` (r:1 w:1)
    // Proof: `Jobs::Live` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Maturing` (r:1 w:0)
    // Proof: `Jobs::Maturing` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Queue` (r:1 w:1)
    // Proof: `Jobs::Queue` (`max_values`: Some(1), `max_size`: Some(22530), added: 23025, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:64 w:64)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:256 w:64)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:64 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(463), added: 2938, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:192 w:64)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Shortest time: 57_095 ns.
    // By hand, until it is measured again: `Jobs::Parked` (r:1 w:1), 16,868 bytes, for each.
    fn open_shards(n: u32) -> Weight {
        Weight::from_parts(58_888_000, 24_015)
            .saturating_add(Weight::from_parts(64_463_033, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().reads(10_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(T::DbWeight::get().writes(4_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 30_436).saturating_mul(n.into()))
    }
    // Storage: `Jobs::Queue` (r:1 w:1)
    // Proof: `Jobs::Queue` (`max_values`: Some(1), `max_size`: Some(22530), added: 23025, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Workers::Validators` (r:1 w:0)
    // Proof: `Workers::Validators` (`max_values`: Some(1), `max_size`: Some(4098), added: 4593, mode: `MaxEncodedLen`)
    // Storage: `Workers::Workers` (r:1 w:0)
    // Proof: `Workers::Workers` (`max_values`: Some(1), `max_size`: Some(8194), added: 8689, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:256 w:32)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(263), added: 2738, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:256 w:32)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:32 w:0)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:32 w:32)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:32 w:0)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:32 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(463), added: 2938, mode: `MaxEncodedLen`)
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
    // Shortest time: 776_583 ns.
    // By hand: `Jobs::Paused` (r:1 w:0), `Clock::Settings` (r:1 w:0); for each shard the time of each worker in the race.
    fn assign_shards(n: u32, w: u32) -> Weight {
        Weight::from_parts(783_702_000, 24_582)
            .saturating_add(Weight::from_parts(1_200_000, 0).saturating_mul(n.into()).saturating_mul(w.into()))
            .saturating_add(Weight::from_parts(39_980_553, 0).saturating_mul(n.into()))
            .saturating_add(Weight::from_parts(10_134_730, 0).saturating_mul(w.into()))
            .saturating_add(T::DbWeight::get().reads(143))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(w.into())))
            .saturating_add(T::DbWeight::get().writes(8))
            .saturating_add(T::DbWeight::get().writes(4_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 3_644).saturating_mul(n.into()))
            .saturating_add(Weight::from_parts(0, 2_892).saturating_mul(w.into()))
    }
    // Storage: `Jobs::RetiredEnds` (r:1 w:1)
    // Proof: `Jobs::RetiredEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Retired` (r:1 w:1)
    // Proof: `Jobs::Retired` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:2 w:2)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:1 w:1)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:30 w:30)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:30 w:0)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Served` (r:0 w:270)
    // Proof: `Jobs::Served` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProgramUses` (r:32 w:32)
    // Proof: `Jobs::ProgramUses` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
    // Shortest time: 62_743 ns.
    // By hand, until it is measured again: `Jobs::Parked` (r:64 w:1) of those that are swept, `Jobs::Live` (r:1 w:1).
    // By hand, until it is measured again: the deposit for the place, in the same `Balances::Holds` and `System::Account`.
    fn remove_shards(n: u32) -> Weight {
        Weight::from_parts(164_295_000, 1_087_830)
            .saturating_add(Weight::from_parts(38_403_437, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(66))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(17))
            .saturating_add(T::DbWeight::get().writes(10_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 3_019).saturating_mul(n.into()))
    }
    // Storage: `Jobs::Shards` (r:16 w:16)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:16 w:16)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:16 w:16)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Agenda` (r:1 w:1)
    // Proof: `Jobs::Agenda` (`max_values`: None, `max_size`: Some(461), added: 2936, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:16 w:16)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:16 w:16)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:32 w:32)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:34 w:34)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:16 w:16)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(263), added: 2738, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Candidates` (r:16 w:0)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(125), added: 2600, mode: `MaxEncodedLen`)
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
    // By hand, until it is measured again: of each, its auditors' bonds are released: `Collateral::Ledgers` (r:8 w:8).
    // Shortest time: 546_681 ns.
    // And, where the worker retires and rests, `Workers::FormerRests` (r:1 w:1).
    // By hand, until it is measured again: the deposit for the place, in the same `Balances::Holds` and `System::Account`.
    fn acknowledge_shards(n: u32) -> Weight {
        Weight::from_parts(571_406_000, 20_672)
            .saturating_add(Weight::from_parts(486_799_932, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(22))
            .saturating_add(T::DbWeight::get().reads(35_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(16))
            .saturating_add(T::DbWeight::get().writes(53_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 43_576).saturating_mul(n.into()))
    }
    // Storage: `Jobs::Jobs` (r:1 w:2)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobs` (r:1 w:1)
    // Proof: `Jobs::OpenJobs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::OpenJobsOf` (r:1 w:1)
    // Proof: `Jobs::OpenJobsOf` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Jobs::NextJob` (r:1 w:1)
    // Proof: `Jobs::NextJob` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:128 w:64)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:64 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(463), added: 2938, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:192 w:0)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Waiting` (r:1 w:1)
    // Proof: `Jobs::Waiting` (`max_values`: Some(1), `max_size`: Some(770), added: 1265, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProgramUses` (r:64 w:64)
    // Proof: `Jobs::ProgramUses` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
    // Shortest time: 1_662_337 ns.
    // By hand, until it is measured again: the fee that is burned, `Jobs::ProtocolParams` (r:1 w:0), `System::Account` (r:1 w:1).
    // By hand, until it is measured again: the deposit for the place, in the same `Balances::Holds` and `System::Account`.
    fn fork_job() -> Weight {
        Weight::from_parts(1_797_160_000, 677_129)
            .saturating_add(T::DbWeight::get().reads(457))
            .saturating_add(T::DbWeight::get().writes(136))
    } // Storage: `Jobs::Programs` (r:1 w:1)
      // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(463), added: 2938, mode: `MaxEncodedLen`)
      // Storage: `Jobs::ProgramUses` (r:1 w:0)
      // Proof: `Jobs::ProgramUses` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
      // Storage: `Balances::Holds` (r:1 w:1)
      // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
      // Storage: `Jobs::Codes` (r:0 w:1)
      // Proof: `Jobs::Codes` (`max_values`: None, `max_size`: Some(65572), added: 68047, mode: `MaxEncodedLen`)
      // Counted, not measured: as `cancel_job`, which reads and writes more.
    fn retire_program() -> Weight {
        Weight::from_parts(73_359_000, 3_928)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // By hand, until it is measured: of a job whose shards fill the queue.
    // Storage: `Jobs::Jobs` (r:1 w:1), `System::Account` (r:1 w:1), `Balances::Holds` (r:1 w:1), `Jobs::Paused` (r:1 w:1),
    // `Clock::Settings` (r:1 w:0), `Jobs::Queue` (r:1 w:1), `Jobs::Opening` (r:1 w:1), `Jobs::Parked` (r:1 w:0)
    fn resume_job() -> Weight {
        Weight::from_parts(120_000_000, 40_883)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(6))
    }
    // By hand, until it is measured: what `cancel_job` does, for each.
    // Storage: `Jobs::Paused` (r:1 w:1), and as `cancel_job`
    // By hand, until it is measured again: the deposit for the place, in the same `Balances::Holds` and `System::Account`.
    fn end_pauses(n: u32) -> Weight {
        Weight::from_parts(10_000_000, 1_265)
            .saturating_add(Weight::from_parts(90_000_000, 4_634).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().reads(6_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(T::DbWeight::get().writes(7_u64.saturating_mul(n.into())))
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
    fn assign_shards(_: u32, _: u32) -> Weight {
        Weight::zero()
    }
    fn remove_shards(_: u32) -> Weight {
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
    fn retire_program() -> Weight {
        Weight::zero()
    }
}
