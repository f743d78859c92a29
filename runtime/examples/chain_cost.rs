// SPDX-License-Identifier: Apache-2.0
//! What a shard costs on chain when everybody is honest: the bytes of its transactions, and the weight that the runtime
//! charges a block for them and for the hooks. Nothing is timed: both follow from the runtime's own types.
//!
//! Prints a JSON object for each number with `--json`.

use codec::Encode;
use frame_support::{
    dispatch::{DispatchClass, GetDispatchInfo},
    traits::Get,
    weights::Weight,
};
use quern_pallet_jobs::weights::{SubstrateWeight as JobsWeight, WeightInfo as _};
use quern_pallet_verification::weights::{SubstrateWeight as VerificationWeight, WeightInfo as _};
use quern_primitives::{
    job::{MAX_SHARDS, MAX_TASKS},
    BlobId, ShardId,
};
use quern_protocol::Params;
use quern_runtime::{AccountId, Address, Runtime, RuntimeCall, Signature, TxExtension, UncheckedExtrinsic};
use sp_runtime::generic::Era;

/// Tasks of a shard, and the bounds of the design for a task: bytes and microseconds of a block.
const SHARDS: [(u32, Option<(f64, f64)>); 3] = [(64, None), (1_024, Some((2.0, 3.0))), (4_096, Some((1.0, 1.0)))];
/// Ready workers and active validators among whom the hooks draw.
const WORKERS: u32 = 16;
const VALIDATORS: u32 = 16;
/// Transactions that the sender has sent before: nonces grow.
const NONCE: u32 = 1_000;
const PS_PER_US: f64 = 1e6;

/// Bytes and microseconds.
#[derive(Clone, Copy, Default)]
struct Cost {
    bytes: f64,
    us: f64,
}

impl Cost {
    fn plus(self, other: Self) -> Self {
        Self { bytes: self.bytes + other.bytes, us: self.us + other.us }
    }

    fn times(self, factor: f64) -> Self {
        Self { bytes: self.bytes * factor, us: self.us * factor }
    }
}

fn us(weight: Weight) -> f64 {
    weight.ref_time() as f64 / PS_PER_US
}

fn main() {
    sp_io::TestExternalities::default().execute_with(run);
}

fn run() {
    let params = Params::default();
    let shard = ShardId { job: 1_000, stage: 0, index: 7 };
    let digest = [0xab; 32];
    let commits = vec![(shard, BlobId(digest), digest)].try_into().expect("one shard can be committed");
    let reveal =
        quern_pallet_verification::Call::reveal_audit { shard, salt: digest, results: digest, holds_outputs: true };
    let by_auditors = |call: RuntimeCall| transaction(call).times(params.auditors.into());
    // A block is charged for what a reveal does: one settles the shard, the others cost what a seal costs.
    let reveals = by_auditors(reveal.into());
    let (seal, settle, complete) = (
        us(VerificationWeight::<Runtime>::commit_audit()),
        us(VerificationWeight::<Runtime>::settle()),
        us(VerificationWeight::<Runtime>::reveal_audit()),
    );
    let seals = f64::from(params.auditors) - 1.0;
    let reveals = Cost { us: reveals.us - seals * (complete - seal) - (complete - settle), ..reveals };
    let moves = [
        ("start_shard", transaction(quern_pallet_jobs::Call::start_shard { shard }.into())),
        ("commit_shards", transaction(quern_pallet_jobs::Call::commit_shards { commits }.into())),
        ("open_checkpoints", transaction(quern_pallet_verification::Call::open_checkpoints { shard, digest }.into())),
        (
            "commit_audit of all auditors",
            by_auditors(quern_pallet_verification::Call::commit_audit { shard, seal: digest }.into()),
        ),
        ("reveal_results", transaction(quern_pallet_verification::Call::reveal_results { shard, digest }.into())),
        ("reveal_audit of all auditors", reveals),
    ];
    let transactions = moves.iter().fold(Cost::default(), |sum, (_, cost)| sum.plus(*cost));
    // As many shards as a block handles, so that what a block costs anyway is shared.
    let shards = <Runtime as quern_pallet_jobs::Config>::ShardsPerBlock::get();
    let jobs = JobsWeight::<Runtime>::open_shards(shards)
        .saturating_add(JobsWeight::<Runtime>::assign_shards(shards, WORKERS))
        .saturating_add(JobsWeight::<Runtime>::remove_shards(shards));
    let hooks = us(jobs) / f64::from(shards) + us(VerificationWeight::<Runtime>::draw(VALIDATORS));
    let hooks = Cost { bytes: 0.0, us: hooks };
    let shard = transactions.plus(hooks);

    for (name, cost) in moves {
        print(&format!("chain: {name}, bytes a shard"), cost.bytes, "B", "all of a shard", shard.bytes);
        print(&format!("chain: {name}, weight a shard"), cost.us, "us", "all of a shard", shard.us);
    }
    let name = format!("chain: hooks with {WORKERS} workers and {VALIDATORS} validators, weight a shard");
    print(&name, hooks.us, "us", "all of a shard", shard.us);
    let block = <Runtime as frame_system::Config>::BlockWeights::get();
    print("chain: all bytes of a shard", shard.bytes, "B", "the largest block", {
        let lengths = <Runtime as frame_system::Config>::BlockLength::get();
        f64::from(*lengths.max.get(DispatchClass::Operational))
    });
    print("chain: all weight of a shard", shard.us, "us", "the fullest block", us(block.max_block));
    print("chain: completing a stage, weight a stage", complete - settle, "us", "all of a shard", shard.us);
    for (tasks, bound) in SHARDS {
        // A stage is as large as can be.
        let shards = f64::from((MAX_TASKS / tasks).min(MAX_SHARDS));
        let share = Cost { bytes: 0.0, us: (complete - settle) / shards };
        let task = shard.plus(share).times(f64::from(tasks).recip());
        let (peer, bytes, us) = match bound {
            Some((bytes, us)) => ("the bound of the design", bytes, us),
            None => ("a task of a shard of 1,024", shard.bytes / 1_024.0, shard.us / 1_024.0),
        };
        print(&format!("chain: bytes a task, {tasks} tasks a shard"), task.bytes, "B", peer, bytes);
        print(&format!("chain: weight a task, {tasks} tasks a shard"), task.us, "us", peer, us);
    }
}

/// A signed transaction with this call, as it stands in a block.
fn transaction(call: RuntimeCall) -> Cost {
    let extension: TxExtension = (
        frame_system::AuthorizeCall::new(),
        frame_system::CheckNonZeroSender::new(),
        frame_system::CheckSpecVersion::new(),
        frame_system::CheckTxVersion::new(),
        frame_system::CheckGenesis::new(),
        frame_system::CheckMortality::from(Era::mortal(64, 0)),
        frame_system::CheckNonce::from(NONCE),
        (
            frame_system::CheckWeight::new(),
            pallet_transaction_payment::ChargeTransactionPayment::from(0),
            frame_system::WeightReclaim::new(),
        )
            .into(),
    );
    let sender = Address::Id(AccountId::new([1; 32]));
    let signature = Signature::Sr25519([2; 64].into());
    let transaction = UncheckedExtrinsic::new_signed(call, sender, signature, extension);
    let info = transaction.get_dispatch_info();
    let block = <Runtime as frame_system::Config>::BlockWeights::get();
    let weight = info.total_weight().saturating_add(block.get(info.class).base_extrinsic);
    Cost { bytes: transaction.encode().len() as f64, us: us(weight) }
}

fn print(name: &str, value: f64, unit: &str, peer: &str, peer_value: f64) {
    let ratio = value / peer_value;
    if std::env::args().any(|arg| arg == "--json") {
        let line = serde_json::json!({
            "name": name, "value": value, "unit": unit, "peer": peer, "peer_value": peer_value, "ratio": ratio,
        });
        println!("{line}");
    } else {
        println!("{name:<72} {value:>9.2} {unit:<6} {ratio:>7.4} x {peer} ({peer_value:.2})");
    }
}
