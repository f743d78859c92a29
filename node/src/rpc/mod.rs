// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! JSON-RPC: what sc-service does not serve by itself.

mod quern;

use self::quern::{Quern, QuernRpcServer};
use crate::service::{Backend, Block, Client, SelectChain, TransactionPool};
use jsonrpsee::RpcModule;
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use quern_runtime::{BlockNumber, Hash};
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_babe_rpc::{Babe, BabeApiServer};
use sc_consensus_grandpa::{FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState};
use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
use sc_rpc::SubscriptionTaskExecutor;
use sp_keystore::KeystorePtr;
use std::sync::Arc;
use substrate_frame_rpc_system::{System, SystemApiServer};

/// What the methods need.
pub struct Deps {
    /// The client.
    pub client: Arc<Client>,
    /// The transaction pool.
    pub pool: Arc<TransactionPool>,
    /// The fork choice.
    pub select_chain: SelectChain,
    /// The keys of this node.
    pub keystore: KeystorePtr,
    /// Answers questions about epochs. The BABE worker lives as long as somebody holds this.
    pub babe_worker: BabeWorkerHandle<Block>,
    /// The state of the GRANDPA voter.
    pub grandpa_voter: SharedVoterState,
    /// The authorities that finalise.
    pub grandpa_authorities: SharedAuthoritySet<Hash, BlockNumber>,
    /// The justifications as they come.
    pub justifications: GrandpaJustificationStream<Block>,
    /// Proves finality.
    pub finality_proofs: Arc<FinalityProofProvider<Backend, Block>>,
}

/// Builds the module.
pub fn create(
    deps: &Deps,
    executor: SubscriptionTaskExecutor,
) -> Result<RpcModule<()>, Box<dyn std::error::Error + Send + Sync>> {
    let mut module = RpcModule::new(());
    module.merge(Quern::new(deps.client.clone()).into_rpc())?;
    module.merge(System::new(deps.client.clone(), deps.pool.clone()).into_rpc())?;
    module.merge(TransactionPayment::new(deps.client.clone()).into_rpc())?;
    module.merge(
        Babe::new(deps.client.clone(), deps.babe_worker.clone(), deps.keystore.clone(), deps.select_chain.clone())
            .into_rpc(),
    )?;
    module.merge(
        Grandpa::new(
            executor,
            deps.grandpa_authorities.clone(),
            deps.grandpa_voter.clone(),
            deps.justifications.clone(),
            deps.finality_proofs.clone(),
        )
        .into_rpc(),
    )?;
    Ok(module)
}
