// SPDX-License-Identifier: Apache-2.0
//! Weights of `quern_pallet_verification`, as measured: `scripts/weights` writes this file, nobody edits it.
//!
//! 2026-11-25, 20 steps, 10 repeats, on AMD EPYC. Times are those of the runtime's WebAssembly; `DbWeight` is added for each
//! storage item read and written.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet, each measured by the benchmark of its name.
pub trait WeightInfo {
    /// `idle`.
    fn idle() -> Weight;
    /// `draw`, `v` from 8 to 128.
    fn draw(v: u32) -> Weight;
    /// `expire`.
    fn expire() -> Weight;
    /// `open_checkpoints`.
    fn open_checkpoints() -> Weight;
    /// `demand_opening`.
    fn demand_opening() -> Weight;
    /// `answer_opening`, `n` from 1 to 16.
    fn answer_opening(n: u32) -> Weight;
    /// `commit_audit`.
    fn commit_audit() -> Weight;
    /// `reveal_results`.
    fn reveal_results() -> Weight;
    /// `reveal_audit`.
    fn reveal_audit() -> Weight;
    /// `settle`.
    fn settle() -> Weight;
    /// `open_dispute`.
    fn open_dispute() -> Weight;
    /// `accuse_auditor`.
    fn accuse_auditor() -> Weight;
    /// `post_trace`.
    fn post_trace() -> Weight;
    /// `post_outline`.
    fn post_outline() -> Weight;
    /// `name_in_part`.
    fn name_in_part() -> Weight;
    /// `name_operator`.
    fn name_operator() -> Weight;
    /// `demand_output`.
    fn demand_output() -> Weight;
    /// `open_subtrees`.
    fn open_subtrees() -> Weight;
    /// `open_chunk`.
    fn open_chunk() -> Weight;
    /// `convict`.
    fn convict() -> Weight;
    /// `convict_length`.
    fn convict_length() -> Weight;
    /// `claim_unavailable`.
    fn claim_unavailable() -> Weight;
    /// `demand_leaf`.
    fn demand_leaf() -> Weight;
    /// `answer_leaf`.
    fn answer_leaf() -> Weight;
    /// `name_ids`.
    fn name_ids() -> Weight;
    /// `pick_id`.
    fn pick_id() -> Weight;
    /// `prove_ends`.
    fn prove_ends() -> Weight;
    /// `report_inputs`.
    fn report_inputs() -> Weight;
}

/// By hand, until they are measured again: what 1,792 operators more take to check, of which a program may have 4,096 now and had
/// 2,304 when they were measured. One that reads two values takes a third of the time of one that reads eight (natively), and these
/// take 1.8 us in `publish_program`.
const LONGER_PROGRAM: Weight = Weight::from_parts(1_200_000_000, 0);

/// The measured weights, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Verification::DrawCursor` (r:1 w:1)
    // Proof: `Verification::DrawCursor` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::PendingDrawCount` (r:1 w:0)
    // Proof: `Verification::PendingDrawCount` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::PendingDraws` (r:2 w:0)
    // Proof: `Verification::PendingDraws` (`max_values`: None, `max_size`: Some(42), added: 2517, mode: `MaxEncodedLen`)
    // Storage: `Verification::Agenda` (r:1 w:0)
    // Proof: `Verification::Agenda` (`max_values`: None, `max_size`: Some(93), added: 2568, mode: `MaxEncodedLen`)
    // Shortest time: 22_394 ns.
    fn idle() -> Weight {
        Weight::from_parts(25_578_000, 6_024)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Verification::DrawCursor` (r:1 w:1)
    // Proof: `Verification::DrawCursor` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::PendingDrawCount` (r:1 w:1)
    // Proof: `Verification::PendingDrawCount` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::PendingDraws` (r:3 w:1)
    // Proof: `Verification::PendingDraws` (`max_values`: None, `max_size`: Some(42), added: 2517, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:1 w:1)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `Clock::Seeds` (r:1 w:0)
    // Proof: `Clock::Seeds` (`max_values`: None, `max_size`: Some(40), added: 2515, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:1 w:0)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:1 w:0)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:1 w:0)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(263), added: 2738, mode: `MaxEncodedLen`)
    // Storage: `Workers::Validators` (r:1 w:0)
    // Proof: `Workers::Validators` (`max_values`: Some(1), `max_size`: Some(4098), added: 4593, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:128 w:8)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Candidates` (r:1 w:0)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(125), added: 2600, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:1 w:1)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Agenda` (r:1 w:1)
    // Proof: `Jobs::Agenda` (`max_values`: None, `max_size`: Some(461), added: 2936, mode: `MaxEncodedLen`)
    // Storage: `Verification::Totals` (r:1 w:1)
    // Proof: `Verification::Totals` (`max_values`: Some(1), `max_size`: Some(64), added: 559, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Duties` (r:0 w:8)
    // Proof: `Jobs::Duties` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Shortest time: 321_647 ns.
    // By hand: `Verification::Resting` (r:1 w:0), `Workers::ValidatorsSince` (r:1 w:0), `Clock::Settings` (r:1 w:0); for each
    // validator its ledger twice more out of the overlay, and its time in the race.
    fn draw(v: u32) -> Weight {
        Weight::from_parts(282_379_838, 10_115)
            .saturating_add(Weight::from_parts(16_517_862, 0).saturating_mul(v.into()))
            .saturating_add(T::DbWeight::get().reads(22))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(v.into())))
            .saturating_add(T::DbWeight::get().writes(23))
            .saturating_add(Weight::from_parts(0, 2_892).saturating_mul(v.into()))
    }
    // Storage: `Verification::Agenda` (r:1 w:1)
    // Proof: `Verification::Agenda` (`max_values`: None, `max_size`: Some(93), added: 2568, mode: `MaxEncodedLen`)
    // Storage: `Verification::Disputes` (r:8 w:8)
    // Proof: `Verification::Disputes` (`max_values`: None, `max_size`: Some(45289), added: 47764, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::CounterForDisputes` (r:1 w:1)
    // Proof: `Verification::CounterForDisputes` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::DisputesOf` (r:1 w:1)
    // Proof: `Verification::DisputesOf` (`max_values`: None, `max_size`: Some(95), added: 2570, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:1 w:1)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:1 w:0)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Settings` (r:1 w:0)
    // Proof: `Slashing::Settings` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `Slashing::DryRun` (r:1 w:0)
    // Proof: `Slashing::DryRun` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Times` (r:1 w:0)
    // Proof: `Slashing::Times` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `Slashing::NextOffence` (r:1 w:1)
    // Proof: `Slashing::NextOffence` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Deferred` (r:1 w:1)
    // Proof: `Slashing::Deferred` (`max_values`: None, `max_size`: Some(275), added: 2750, mode: `MaxEncodedLen`)
    // Storage: `Slashing::CounterForDeferred` (r:1 w:1)
    // Proof: `Slashing::CounterForDeferred` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:1 w:1)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(263), added: 2738, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Workers::OpenShards` (r:1 w:1)
    // Proof: `Workers::OpenShards` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Workers::Workers` (r:1 w:1)
    // Proof: `Workers::Workers` (`max_values`: Some(1), `max_size`: Some(8194), added: 8689, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:8 w:8)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Verification::Totals` (r:1 w:1)
    // Proof: `Verification::Totals` (`max_values`: Some(1), `max_size`: Some(64), added: 559, mode: `MaxEncodedLen`)
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
    // Storage: `Jobs::Duties` (r:0 w:9)
    // Proof: `Jobs::Duties` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Verification::Answers` (r:0 w:1)
    // Proof: `Verification::Answers` (`max_values`: None, `max_size`: None, mode: `Measured`)
    // Storage: `Slashing::Agenda` (r:0 w:1)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // By hand, until it is measured again: the shard is accepted, with eight challenges, in a job of 64 stages. Beside what is above:
    // Storage: `Jobs::Stages` (r:64 w:0), `Jobs::Tainted` (r:0 w:1)
    // Shortest time: 428_116 ns.
    fn expire() -> Weight {
        Weight::from_parts(680_000_000, 612_000)
            .saturating_add(T::DbWeight::get().reads(108))
            .saturating_add(T::DbWeight::get().writes(49))
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
    // Shortest time: 67_750 ns.
    fn open_checkpoints() -> Weight {
        Weight::from_parts(83_304_000, 4_498)
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
    // Storage: `Jobs::Agenda` (r:2 w:2)
    // Proof: `Jobs::Agenda` (`max_values`: None, `max_size`: Some(461), added: 2936, mode: `MaxEncodedLen`)
    // Shortest time: 81_761 ns.
    fn demand_opening() -> Weight {
        Weight::from_parts(95_101_000, 6_862)
            .saturating_add(T::DbWeight::get().reads(7))
            .saturating_add(T::DbWeight::get().writes(4))
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
    // Storage: `Verification::Answers` (r:0 w:1)
    // Proof: `Verification::Answers` (`max_values`: None, `max_size`: None, mode: `Measured`)
    // Shortest time: 88_411 ns.
    fn answer_opening(n: u32) -> Weight {
        Weight::from_parts(101_028_292, 4_498)
            .saturating_add(Weight::from_parts(3_419_763, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(0, 4).saturating_mul(n.into()))
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
    // Storage: `Jobs::Agenda` (r:2 w:2)
    // Proof: `Jobs::Agenda` (`max_values`: None, `max_size`: Some(461), added: 2936, mode: `MaxEncodedLen`)
    // Shortest time: 81_100 ns.
    fn commit_audit() -> Weight {
        Weight::from_parts(99_117_000, 6_862)
            .saturating_add(T::DbWeight::get().reads(7))
            .saturating_add(T::DbWeight::get().writes(4))
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
    // Shortest time: 65_347 ns.
    fn reveal_results() -> Weight {
        Weight::from_parts(80_860_000, 4_498)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Jobs::Shards` (r:256 w:1)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:1 w:1)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Agenda` (r:2 w:2)
    // Proof: `Jobs::Agenda` (`max_values`: None, `max_size`: Some(461), added: 2936, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:8 w:8)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:1 w:1)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:64 w:1)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:1 w:1)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(263), added: 2738, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Workers::OpenShards` (r:1 w:1)
    // Proof: `Workers::OpenShards` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Live` (r:1 w:1)
    // Proof: `Jobs::Live` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Maturing` (r:1 w:1)
    // Proof: `Jobs::Maturing` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::Totals` (r:1 w:1)
    // Proof: `Verification::Totals` (`max_values`: Some(1), `max_size`: Some(64), added: 559, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Served` (r:0 w:9)
    // Proof: `Jobs::Served` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Jobs::JobRoots` (r:0 w:1)
    // Proof: `Jobs::JobRoots` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Duties` (r:0 w:9)
    // Proof: `Jobs::Duties` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Verification::Answers` (r:0 w:1)
    // Proof: `Verification::Answers` (`max_values`: None, `max_size`: None, mode: `Measured`)
    // Shortest time: 1_909_473 ns.
    // By hand: `Verification::Resting` (r:1 w:1), and four workers that had declined the shard, `Workers::Entries` (r:4 w:4).
    fn reveal_audit() -> Weight {
        Weight::from_parts(2_025_165_000, 909_990)
            .saturating_add(T::DbWeight::get().reads(346))
            .saturating_add(T::DbWeight::get().writes(44))
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
    // Storage: `Jobs::Agenda` (r:2 w:2)
    // Proof: `Jobs::Agenda` (`max_values`: None, `max_size`: Some(461), added: 2936, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:8 w:8)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:1 w:1)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:1 w:1)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:1 w:1)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(263), added: 2738, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Workers::OpenShards` (r:1 w:1)
    // Proof: `Workers::OpenShards` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Live` (r:1 w:1)
    // Proof: `Jobs::Live` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Maturing` (r:1 w:1)
    // Proof: `Jobs::Maturing` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::Totals` (r:1 w:1)
    // Proof: `Verification::Totals` (`max_values`: Some(1), `max_size`: Some(64), added: 559, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Served` (r:0 w:9)
    // Proof: `Jobs::Served` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Duties` (r:0 w:9)
    // Proof: `Jobs::Duties` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Verification::Answers` (r:0 w:1)
    // Proof: `Verification::Answers` (`max_values`: None, `max_size`: None, mode: `Measured`)
    // Shortest time: 282_890 ns.
    // By hand: `Verification::Resting` (r:1 w:1).
    fn settle() -> Weight {
        Weight::from_parts(301_257_000, 24_126)
            .saturating_add(T::DbWeight::get().reads(24))
            .saturating_add(T::DbWeight::get().writes(39))
    }
    // Storage: `Jobs::Shards` (r:1 w:1)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Storage: `Verification::CounterForDisputes` (r:1 w:1)
    // Proof: `Verification::CounterForDisputes` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:1 w:0)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Codes` (r:1 w:0)
    // Proof: `Jobs::Codes` (`max_values`: None, `max_size`: Some(65572), added: 68047, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:1)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:1 w:0)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Storage: `Verification::NextDispute` (r:1 w:1)
    // Proof: `Verification::NextDispute` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Verification::DisputesOf` (r:1 w:1)
    // Proof: `Verification::DisputesOf` (`max_values`: None, `max_size`: Some(95), added: 2570, mode: `MaxEncodedLen`)
    // Storage: `Verification::Agenda` (r:1 w:1)
    // Proof: `Verification::Agenda` (`max_values`: None, `max_size`: Some(93), added: 2568, mode: `MaxEncodedLen`)
    // Storage: `Verification::Totals` (r:1 w:1)
    // Proof: `Verification::Totals` (`max_values`: Some(1), `max_size`: Some(64), added: 559, mode: `MaxEncodedLen`)
    // Storage: `Verification::Disputes` (r:1 w:1)
    // Proof: `Verification::Disputes` (`max_values`: None, `max_size`: Some(45289), added: 47764, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Duties` (r:0 w:1)
    // Proof: `Jobs::Duties` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Shortest time: 2_783_420 ns.
    fn open_dispute() -> Weight {
        Weight::from_parts(2_918_050_000, 69_037)
            .saturating_add(LONGER_PROGRAM)
            .saturating_add(T::DbWeight::get().reads(14))
            .saturating_add(T::DbWeight::get().writes(9))
    }
    // By hand, until it is measured: what `open_dispute` does, with the same proofs, in a shard that is no larger. Beside that
    // Storage: `Jobs::Due` (r:0 w:1), `Jobs::Agenda` (r:1 w:1), `Jobs::Served` (r:0 w:1), `Jobs::Duties` (r:0 w:1)
    fn accuse_auditor() -> Weight {
        Weight::from_parts(2_918_050_000, 71_973)
            .saturating_add(LONGER_PROGRAM)
            .saturating_add(T::DbWeight::get().reads(15))
            .saturating_add(T::DbWeight::get().writes(13))
    }
    // Storage: `Verification::Disputes` (r:1 w:1)
    // Proof: `Verification::Disputes` (`max_values`: None, `max_size`: Some(45289), added: 47764, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:16 w:0)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Codes` (r:1 w:0)
    // Proof: `Jobs::Codes` (`max_values`: None, `max_size`: Some(65572), added: 68047, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:1 w:0)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:15 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(463), added: 2938, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:256 w:0)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Shortest time: 4_461_571 ns.
    fn post_trace() -> Weight {
        Weight::from_parts(4_724_171_000, 899_038)
            .saturating_add(LONGER_PROGRAM)
            .saturating_add(T::DbWeight::get().reads(293))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Verification::Disputes` (r:1 w:1)
    // Proof: `Verification::Disputes` (`max_values`: None, `max_size`: Some(45289), added: 47764, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:16 w:0)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Codes` (r:1 w:0)
    // Proof: `Jobs::Codes` (`max_values`: None, `max_size`: Some(65572), added: 68047, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:1 w:0)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:15 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(463), added: 2938, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:256 w:0)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Shortest time: 4_340_591 ns.
    fn name_operator() -> Weight {
        Weight::from_parts(4_572_446_000, 899_038)
            .saturating_add(LONGER_PROGRAM)
            .saturating_add(T::DbWeight::get().reads(293))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Verification::Disputes` (r:1 w:1)
    // Proof: `Verification::Disputes` (`max_values`: None, `max_size`: Some(45289), added: 47764, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:16 w:0)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Codes` (r:1 w:0)
    // Proof: `Jobs::Codes` (`max_values`: None, `max_size`: Some(65572), added: 68047, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:1 w:0)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:15 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(463), added: 2938, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:256 w:0)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Shortest time: 4_359_339 ns.
    fn demand_output() -> Weight {
        Weight::from_parts(4_456_913_000, 899_038)
            .saturating_add(LONGER_PROGRAM)
            .saturating_add(T::DbWeight::get().reads(293))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Verification::Disputes` (r:1 w:1)
    // Proof: `Verification::Disputes` (`max_values`: None, `max_size`: Some(45289), added: 47764, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:16 w:0)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Codes` (r:1 w:0)
    // Proof: `Jobs::Codes` (`max_values`: None, `max_size`: Some(65572), added: 68047, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:1 w:0)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:15 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(463), added: 2938, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:256 w:0)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Shortest time: 4_324_517 ns.
    fn open_subtrees() -> Weight {
        Weight::from_parts(4_491_294_000, 899_038)
            .saturating_add(LONGER_PROGRAM)
            .saturating_add(T::DbWeight::get().reads(293))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Verification::Disputes` (r:1 w:1)
    // Proof: `Verification::Disputes` (`max_values`: None, `max_size`: Some(45289), added: 47764, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:16 w:0)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Codes` (r:1 w:0)
    // Proof: `Jobs::Codes` (`max_values`: None, `max_size`: Some(65572), added: 68047, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:1 w:0)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:15 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(463), added: 2938, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:256 w:0)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Shortest time: 4_310_416 ns.
    fn open_chunk() -> Weight {
        Weight::from_parts(4_498_505_000, 899_038)
            .saturating_add(LONGER_PROGRAM)
            .saturating_add(T::DbWeight::get().reads(293))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Verification::Disputes` (r:8 w:8)
    // Proof: `Verification::Disputes` (`max_values`: None, `max_size`: Some(45289), added: 47764, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:16 w:0)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Codes` (r:1 w:0)
    // Proof: `Jobs::Codes` (`max_values`: None, `max_size`: Some(65572), added: 68047, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:1 w:1)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:15 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(463), added: 2938, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:257 w:1)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Storage: `Verification::CounterForDisputes` (r:1 w:1)
    // Proof: `Verification::CounterForDisputes` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::DisputesOf` (r:1 w:1)
    // Proof: `Verification::DisputesOf` (`max_values`: None, `max_size`: Some(95), added: 2570, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:1 w:0)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Settings` (r:1 w:0)
    // Proof: `Slashing::Settings` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `Slashing::DryRun` (r:1 w:0)
    // Proof: `Slashing::DryRun` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Times` (r:1 w:0)
    // Proof: `Slashing::Times` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `Slashing::NextOffence` (r:1 w:1)
    // Proof: `Slashing::NextOffence` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Deferred` (r:1 w:1)
    // Proof: `Slashing::Deferred` (`max_values`: None, `max_size`: Some(275), added: 2750, mode: `MaxEncodedLen`)
    // Storage: `Slashing::CounterForDeferred` (r:1 w:1)
    // Proof: `Slashing::CounterForDeferred` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:1 w:1)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(263), added: 2738, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Workers::OpenShards` (r:1 w:1)
    // Proof: `Workers::OpenShards` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Workers::Workers` (r:1 w:1)
    // Proof: `Workers::Workers` (`max_values`: Some(1), `max_size`: Some(8194), added: 8689, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:8 w:8)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Verification::Totals` (r:1 w:1)
    // Proof: `Verification::Totals` (`max_values`: Some(1), `max_size`: Some(64), added: 559, mode: `MaxEncodedLen`)
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
    // Storage: `Jobs::Duties` (r:0 w:9)
    // Proof: `Jobs::Duties` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Verification::Answers` (r:0 w:1)
    // Proof: `Verification::Answers` (`max_values`: None, `max_size`: None, mode: `Measured`)
    // Storage: `Slashing::Agenda` (r:0 w:1)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // By hand, until it is measured again: the shard is accepted, with eight challenges, in a job of 64 stages. Beside what is above:
    // Storage: `Jobs::Stages` (r:64 w:0), `Jobs::Tainted` (r:0 w:1)
    // Shortest time: 8_315_710 ns.
    fn convict() -> Weight {
        Weight::from_parts(8_990_000_000, 1_130_000)
            .saturating_add(LONGER_PROGRAM)
            .saturating_add(T::DbWeight::get().reads(396))
            .saturating_add(T::DbWeight::get().writes(48))
    }
    // Storage: `Verification::Disputes` (r:8 w:8)
    // Proof: `Verification::Disputes` (`max_values`: None, `max_size`: Some(45289), added: 47764, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:16 w:0)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Codes` (r:1 w:0)
    // Proof: `Jobs::Codes` (`max_values`: None, `max_size`: Some(65572), added: 68047, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:1 w:1)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:15 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(463), added: 2938, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:257 w:1)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Storage: `Verification::CounterForDisputes` (r:1 w:1)
    // Proof: `Verification::CounterForDisputes` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::DisputesOf` (r:1 w:1)
    // Proof: `Verification::DisputesOf` (`max_values`: None, `max_size`: Some(95), added: 2570, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Due` (r:1 w:0)
    // Proof: `Jobs::Due` (`max_values`: None, `max_size`: Some(26), added: 2501, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Settings` (r:1 w:0)
    // Proof: `Slashing::Settings` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `Slashing::DryRun` (r:1 w:0)
    // Proof: `Slashing::DryRun` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Times` (r:1 w:0)
    // Proof: `Slashing::Times` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
    // Storage: `Slashing::NextOffence` (r:1 w:1)
    // Proof: `Slashing::NextOffence` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Slashing::Deferred` (r:1 w:1)
    // Proof: `Slashing::Deferred` (`max_values`: None, `max_size`: Some(275), added: 2750, mode: `MaxEncodedLen`)
    // Storage: `Slashing::CounterForDeferred` (r:1 w:1)
    // Proof: `Slashing::CounterForDeferred` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:1 w:1)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(263), added: 2738, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Workers::OpenShards` (r:1 w:1)
    // Proof: `Workers::OpenShards` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Workers::Workers` (r:1 w:1)
    // Proof: `Workers::Workers` (`max_values`: Some(1), `max_size`: Some(8194), added: 8689, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:8 w:8)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Verification::Totals` (r:1 w:1)
    // Proof: `Verification::Totals` (`max_values`: Some(1), `max_size`: Some(64), added: 559, mode: `MaxEncodedLen`)
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
    // Storage: `Jobs::Duties` (r:0 w:9)
    // Proof: `Jobs::Duties` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Verification::Answers` (r:0 w:1)
    // Proof: `Verification::Answers` (`max_values`: None, `max_size`: None, mode: `Measured`)
    // Storage: `Slashing::Agenda` (r:0 w:1)
    // Proof: `Slashing::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // By hand, until it is measured again: the shard is accepted, with eight challenges, in a job of 64 stages. Beside what is above:
    // Storage: `Jobs::Stages` (r:64 w:0), `Jobs::Tainted` (r:0 w:1)
    // Shortest time: 4_950_436 ns.
    fn convict_length() -> Weight {
        Weight::from_parts(5_425_000_000, 1_130_000)
            .saturating_add(LONGER_PROGRAM)
            .saturating_add(T::DbWeight::get().reads(396))
            .saturating_add(T::DbWeight::get().writes(48))
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
    // Storage: `Collateral::Ledgers` (r:9 w:9)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:1 w:1)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(263), added: 2738, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Workers::OpenShards` (r:1 w:1)
    // Proof: `Workers::OpenShards` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Verification::DisputesOf` (r:1 w:0)
    // Proof: `Verification::DisputesOf` (`max_values`: None, `max_size`: Some(95), added: 2570, mode: `MaxEncodedLen`)
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
    // Storage: `Jobs::Duties` (r:0 w:9)
    // Proof: `Jobs::Duties` (`max_values`: None, `max_size`: Some(70), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Verification::Answers` (r:0 w:1)
    // Proof: `Verification::Answers` (`max_values`: None, `max_size`: None, mode: `Measured`)
    // Shortest time: 308_689 ns.
    fn claim_unavailable() -> Weight {
        Weight::from_parts(333_806_000, 27_018)
            .saturating_add(T::DbWeight::get().reads(28))
            .saturating_add(T::DbWeight::get().writes(34))
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
    // By hand, until it is measured again: the price that is burned; the shard is delivered, and its worker has something to do
    // with it again, until an earlier height.
    // Storage: `System::Account` (r:1 w:1), `Jobs::Duties` (r:0 w:1), `Jobs::Served` (r:0 w:1), `Jobs::Due` (r:1 w:1), `Jobs::Agenda`
    // (r:2 w:2)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Shortest time: 54_140 ns.
    fn demand_leaf() -> Weight {
        Weight::from_parts(95_000_000, 7_101)
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().writes(7))
    }
    // By hand, until it is measured again: the shard is delivered, and its worker has nothing left to do with it.
    // Storage: `Jobs::Duties` (r:0 w:1), `Jobs::Served` (r:0 w:1)
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
    // Shortest time: 58_998 ns.
    fn answer_leaf() -> Weight {
        Weight::from_parts(80_895_000, 4_498)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // Storage: `Verification::Disputes` (r:1 w:1)
    // Proof: `Verification::Disputes` (`max_values`: None, `max_size`: Some(45289), added: 47764, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:16 w:0)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Codes` (r:1 w:0)
    // Proof: `Jobs::Codes` (`max_values`: None, `max_size`: Some(65572), added: 68047, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:1 w:0)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:15 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(463), added: 2938, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:256 w:0)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Shortest time: 4_274_372 ns.
    fn name_ids() -> Weight {
        Weight::from_parts(4_433_920_000, 899_038)
            .saturating_add(LONGER_PROGRAM)
            .saturating_add(T::DbWeight::get().reads(293))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Verification::Disputes` (r:1 w:1)
    // Proof: `Verification::Disputes` (`max_values`: None, `max_size`: Some(45289), added: 47764, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:16 w:0)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Codes` (r:1 w:0)
    // Proof: `Jobs::Codes` (`max_values`: None, `max_size`: Some(65572), added: 68047, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:1 w:0)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:15 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(463), added: 2938, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:256 w:0)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Shortest time: 4_284_248 ns.
    fn pick_id() -> Weight {
        Weight::from_parts(4_409_313_000, 899_038)
            .saturating_add(LONGER_PROGRAM)
            .saturating_add(T::DbWeight::get().reads(293))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Verification::Disputes` (r:1 w:1)
    // Proof: `Verification::Disputes` (`max_values`: None, `max_size`: Some(45289), added: 47764, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Stages` (r:16 w:0)
    // Proof: `Jobs::Stages` (`max_values`: None, `max_size`: Some(917), added: 3392, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Codes` (r:1 w:0)
    // Proof: `Jobs::Codes` (`max_values`: None, `max_size`: Some(65572), added: 68047, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Jobs` (r:1 w:0)
    // Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Programs` (r:15 w:0)
    // Proof: `Jobs::Programs` (`max_values`: None, `max_size`: Some(463), added: 2938, mode: `MaxEncodedLen`)
    // Storage: `Jobs::Shards` (r:256 w:0)
    // Proof: `Jobs::Shards` (`max_values`: None, `max_size`: Some(1033), added: 3508, mode: `MaxEncodedLen`)
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Jobs::ProtocolParams` (r:1 w:0)
    // Proof: `Jobs::ProtocolParams` (`max_values`: Some(1), `max_size`: Some(79), added: 574, mode: `MaxEncodedLen`)
    // Shortest time: 4_280_903 ns.
    fn prove_ends() -> Weight {
        Weight::from_parts(4_442_052_000, 899_038)
            .saturating_add(LONGER_PROGRAM)
            .saturating_add(T::DbWeight::get().reads(293))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // By hand, until it is measured: that of `post_trace`, whose 1,024 ids are more than what an outline has, and 256 ids more are
    // hashed for the results.
    fn post_outline() -> Weight {
        Weight::from_parts(4_824_171_000, 899_038)
            .saturating_add(LONGER_PROGRAM)
            .saturating_add(T::DbWeight::get().reads(293))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // By hand, until it is measured: that of `open_chunk`, with eight chunks of 1 KiB more that are decoded and hashed (10 us each).
    fn name_in_part() -> Weight {
        Weight::from_parts(4_578_505_000, 899_038)
            .saturating_add(LONGER_PROGRAM)
            .saturating_add(T::DbWeight::get().reads(293))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // By hand, until it is measured: the last word of eight, about a result with eight sealed answers, of a job that was paused as often
    // as may be. What `claim_unavailable` does, which releases eight bonds and ends the job, and beside it
    // Storage: `Jobs::Stages` (r:1 w:0), `Jobs::Paused` (r:1 w:1), `Collateral::Ledgers` (r:8 w:8), `Jobs::Duties` (r:0 w:8),
    // `Rewards::TotalCredits` (r:1 w:1), `Rewards::Credits` (r:9 w:9), `Rewards::TotalBurned` (r:1 w:1), `System::Account` (r:1 w:1), and of four
    // workers that had declined the shard `Workers::Entries` (r:4 w:4); and all that waits of
    // the job is parked, `Jobs::Queue`, `Jobs::Parked` and `Jobs::Live` (r:1 w:1)
    fn report_inputs() -> Weight {
        Weight::from_parts(740_000_000, 115_000)
            .saturating_add(T::DbWeight::get().reads(56))
            .saturating_add(T::DbWeight::get().writes(69))
    }
}

/// No weight, for tests.
impl WeightInfo for () {
    fn idle() -> Weight {
        Weight::zero()
    }
    fn draw(_: u32) -> Weight {
        Weight::zero()
    }
    fn expire() -> Weight {
        Weight::zero()
    }
    fn open_checkpoints() -> Weight {
        Weight::zero()
    }
    fn demand_opening() -> Weight {
        Weight::zero()
    }
    fn answer_opening(_: u32) -> Weight {
        Weight::zero()
    }
    fn commit_audit() -> Weight {
        Weight::zero()
    }
    fn reveal_results() -> Weight {
        Weight::zero()
    }
    fn reveal_audit() -> Weight {
        Weight::zero()
    }
    fn settle() -> Weight {
        Weight::zero()
    }
    fn open_dispute() -> Weight {
        Weight::zero()
    }
    fn accuse_auditor() -> Weight {
        Weight::zero()
    }
    fn post_trace() -> Weight {
        Weight::zero()
    }
    fn post_outline() -> Weight {
        Weight::zero()
    }
    fn name_in_part() -> Weight {
        Weight::zero()
    }
    fn name_operator() -> Weight {
        Weight::zero()
    }
    fn demand_output() -> Weight {
        Weight::zero()
    }
    fn open_subtrees() -> Weight {
        Weight::zero()
    }
    fn open_chunk() -> Weight {
        Weight::zero()
    }
    fn convict() -> Weight {
        Weight::zero()
    }
    fn convict_length() -> Weight {
        Weight::zero()
    }
    fn claim_unavailable() -> Weight {
        Weight::zero()
    }
    fn demand_leaf() -> Weight {
        Weight::zero()
    }
    fn answer_leaf() -> Weight {
        Weight::zero()
    }
    fn name_ids() -> Weight {
        Weight::zero()
    }
    fn pick_id() -> Weight {
        Weight::zero()
    }
    fn prove_ends() -> Weight {
        Weight::zero()
    }
    fn report_inputs() -> Weight {
        Weight::zero()
    }
}
