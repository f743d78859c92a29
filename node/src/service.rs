// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Assembles the node from its parts.

use crate::rpc;
use quern_runtime::{apis::RuntimeApi, Hash, Header};
use sc_consensus_babe::{BabeBlockImport, BabeLink, BabeWorkerHandle, SlotProportion};
use sc_consensus_grandpa::{
    FinalityProofProvider, GrandpaBlockImport, LinkHalf, SharedVoterState, ThreeQuartersOfTheUnfinalizedChain,
    VotingRulesBuilder,
};
use sc_network::{config::FullNetworkConfiguration, NetworkBackend};
use sc_service::{
    BuildNetworkParams, Configuration, Error, PartialComponents, SpawnTasksParams, TFullBackend, TFullClient,
    TaskManager, WarpSyncConfig,
};
use sc_telemetry::{Telemetry, TelemetryWorker};
use sc_transaction_pool::TransactionPoolHandle;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus_babe::{
    inherents::{BabeCreateInherentDataProviders, InherentDataProvider as SlotProvider},
    SlotDuration,
};
use sp_runtime::{generic, OpaqueExtrinsic};
use sp_timestamp::InherentDataProvider as TimestampProvider;
use std::{sync::Arc, time::Duration};

/// A block as the node sees it: its transactions are bytes, which JSON-RPC gives in hexadecimal, as clients expect.
pub type Block = generic::Block<Header, OpaqueExtrinsic>;
/// The database: ParityDB below the state and block logic.
pub type Backend = TFullBackend<Block>;
/// The client that executes blocks.
pub type Client = TFullClient<Block, RuntimeApi, sc_executor::WasmExecutor<sp_io::SubstrateHostFunctions>>;
/// The fork choice.
pub type SelectChain = sc_consensus::LongestChain<Backend, Block>;
/// What verifies and imports blocks.
pub type ImportQueue = sc_consensus::DefaultImportQueue<Block>;
/// The transaction pool.
pub type TransactionPool = TransactionPoolHandle<Block, Client>;
/// What running a node and working on its database have in common.
pub type Parts = PartialComponents<
    Client,
    Backend,
    SelectChain,
    sc_consensus::DefaultImportQueue<Block>,
    TransactionPool,
    Consensus,
>;

type Grandpa = GrandpaBlockImport<Backend, Block, Client, SelectChain>;
type Babe = BabeBlockImport<Block, Client, Grandpa, BabeCreateInherentDataProviders<Block>, SelectChain>;

/// The consensus engines before they run.
pub struct Consensus {
    babe_import: Babe,
    babe_link: BabeLink<Block>,
    babe_worker: BabeWorkerHandle<Block>,
    grandpa_link: LinkHalf<Block, Client, SelectChain>,
    telemetry: Option<Telemetry>,
}

/// GRANDPA makes a justification that is kept at least every so many blocks.
const JUSTIFICATION_PERIOD_BLOCKS: u32 = 512;
/// How long a vote takes to reach the others, at most. A GRANDPA round takes a few times as long, so where slots are
/// short it is a tenth of one: finality then keeps pace with the blocks. It is a matter of pace, never of safety.
const GOSSIP: Duration = Duration::from_millis(333);
/// See [`GOSSIP`].
const GOSSIPS_PER_SLOT: u32 = 10;

/// Says what time and slot it is.
fn inherents(slot_duration: SlotDuration) -> BabeCreateInherentDataProviders<Block> {
    Arc::new(move |_, ()| async move {
        let timestamp = TimestampProvider::from_system_time();
        Ok((SlotProvider::from_timestamp_and_slot_duration(*timestamp, slot_duration), timestamp))
    })
}

/// Opens the database and prepares what imports blocks.
pub fn parts(config: &Configuration) -> Result<Parts, Error> {
    let telemetry = telemetry(config)?;
    let handle = telemetry.as_ref().map(Telemetry::handle);
    let executor = sc_service::new_wasm_executor(&config.executor);
    let (client, backend, keystore_container, task_manager) =
        sc_service::new_full_parts::<Block, RuntimeApi, _>(config, handle.clone(), executor, Vec::new())?;
    let client = Arc::new(client);
    let select_chain = sc_consensus::LongestChain::new(backend.clone());
    let transaction_pool = Arc::new(
        sc_transaction_pool::Builder::new(
            task_manager.spawn_essential_handle(),
            client.clone(),
            config.role.is_authority().into(),
        )
        .with_options(config.transaction_pool.clone())
        .with_prometheus(config.prometheus_registry())
        .build(),
    );

    let (grandpa_import, grandpa_link) = sc_consensus_grandpa::block_import(
        client.clone(),
        JUSTIFICATION_PERIOD_BLOCKS,
        &client,
        select_chain.clone(),
        handle.clone(),
    )?;
    let justification_import = Box::new(grandpa_import.clone());
    let babe_config = sc_consensus_babe::configuration(&*client)?;
    let slot_duration = babe_config.slot_duration();
    let (babe_import, babe_link) = sc_consensus_babe::block_import(
        babe_config,
        grandpa_import,
        client.clone(),
        inherents(slot_duration),
        select_chain.clone(),
        OffchainTransactionPoolFactory::new(transaction_pool.clone()),
    )?;
    let (import_queue, babe_worker) = sc_consensus_babe::import_queue(sc_consensus_babe::ImportQueueParams {
        link: babe_link.clone(),
        block_import: babe_import.clone(),
        justification_import: Some(justification_import),
        client: client.clone(),
        slot_duration,
        spawner: &task_manager.spawn_essential_handle(),
        registry: config.prometheus_registry(),
        telemetry: handle,
    })?;

    Ok(PartialComponents {
        client,
        backend,
        task_manager,
        keystore_container,
        select_chain,
        import_queue,
        transaction_pool,
        other: Consensus { babe_import, babe_link, babe_worker, grandpa_link, telemetry },
    })
}

/// The connection to telemetry servers, if any are configured.
fn telemetry(config: &Configuration) -> Result<Option<Telemetry>, Error> {
    let Some(endpoints) = config.telemetry_endpoints.clone().filter(|endpoints| !endpoints.is_empty()) else {
        return Ok(None);
    };
    let worker = TelemetryWorker::new(16)?;
    let telemetry = worker.handle().new_telemetry(endpoints);
    config.tokio_handle.spawn(worker.run());
    Ok(Some(telemetry))
}

/// Starts a node.
pub fn start<Network: NetworkBackend<Block, Hash>>(config: Configuration) -> Result<TaskManager, Error> {
    let PartialComponents {
        client,
        backend,
        mut task_manager,
        import_queue,
        keystore_container,
        select_chain,
        transaction_pool,
        other: Consensus { babe_import, babe_link, babe_worker, grandpa_link, mut telemetry },
    } = parts(&config)?;

    let registry = config.prometheus_registry().cloned();
    let metrics = Network::register_notification_metrics(registry.as_ref());
    let mut net_config = FullNetworkConfiguration::<_, _, Network>::new(&config.network, registry.clone());
    let grandpa_protocol =
        sc_consensus_grandpa::protocol_standard_name(&client.chain_info().genesis_hash, &config.chain_spec);
    let (grandpa_notifications, grandpa_service) = sc_consensus_grandpa::grandpa_peers_set_config::<_, Network>(
        grandpa_protocol.clone(),
        metrics.clone(),
        net_config.peer_store_handle(),
    );
    net_config.add_notification_protocol(grandpa_notifications);
    let authorities = grandpa_link.shared_authority_set().clone();
    let warp_sync = Arc::new(sc_consensus_grandpa::warp_proof::NetworkProvider::new(
        backend.clone(),
        authorities.clone(),
        Vec::new(),
    ));
    let (network, system_rpc_tx, tx_handler_controller, sync_service, _) =
        sc_service::build_network(BuildNetworkParams {
            config: &config,
            net_config,
            client: client.clone(),
            transaction_pool: transaction_pool.clone(),
            spawn_handle: task_manager.spawn_handle(),
            spawn_essential_handle: task_manager.spawn_essential_handle(),
            import_queue,
            block_announce_validator_builder: None,
            warp_sync_config: Some(WarpSyncConfig::WithProvider(warp_sync)),
            block_relay: None,
            metrics,
            gap_sync_body_policy: None,
        })?;

    let grandpa_voter = SharedVoterState::empty();
    let deps = rpc::Deps {
        client: client.clone(),
        pool: transaction_pool.clone(),
        select_chain: select_chain.clone(),
        keystore: keystore_container.keystore(),
        babe_worker,
        grandpa_voter: grandpa_voter.clone(),
        grandpa_authorities: authorities.clone(),
        justifications: grandpa_link.justification_stream(),
        finality_proofs: FinalityProofProvider::new_for_service(backend.clone(), Some(authorities)),
    };
    let role = config.role;
    let name = config.network.node_name.clone();
    let force_authoring = config.force_authoring;
    let votes = !config.disable_grandpa;
    sc_service::spawn_tasks(SpawnTasksParams {
        config,
        client: client.clone(),
        backend,
        task_manager: &mut task_manager,
        keystore: keystore_container.keystore(),
        transaction_pool: transaction_pool.clone(),
        rpc_builder: Box::new(move |executor| rpc::create(&deps, executor).map_err(Error::Application)),
        network: network.clone(),
        system_rpc_tx,
        tx_handler_controller,
        sync_service: sync_service.clone(),
        telemetry: telemetry.as_mut(),
        tracing_execute_block: None,
    })?;
    let telemetry_handle = telemetry.as_ref().map(Telemetry::handle);

    let slot_duration = babe_link.config().slot_duration();
    if role.is_authority() {
        let proposer = sc_basic_authorship::ProposerFactory::new(
            task_manager.spawn_handle(),
            client.clone(),
            transaction_pool.clone(),
            registry.as_ref(),
            telemetry_handle.clone(),
        );
        let babe = sc_consensus_babe::start_babe(sc_consensus_babe::BabeParams {
            keystore: keystore_container.keystore(),
            client,
            select_chain,
            env: proposer,
            block_import: babe_import,
            sync_oracle: sync_service.clone(),
            justification_sync_link: sync_service.clone(),
            create_inherent_data_providers: inherents(slot_duration),
            force_authoring,
            backoff_authoring_blocks: None::<()>,
            babe_link,
            block_proposal_slot_portion: SlotProportion::new(0.5),
            max_block_proposal_slot_portion: None,
            telemetry: telemetry_handle.clone(),
        })?;
        task_manager.spawn_essential_handle().spawn_blocking("babe", Some("block-authoring"), babe);
    }

    if votes {
        let params = sc_consensus_grandpa::GrandpaParams {
            config: sc_consensus_grandpa::Config {
                gossip_duration: GOSSIP.min(slot_duration.as_duration() / GOSSIPS_PER_SLOT),
                justification_generation_period: JUSTIFICATION_PERIOD_BLOCKS,
                observer_enabled: false,
                local_role: role,
                name: Some(name),
                keystore: role.is_authority().then(|| keystore_container.keystore()),
                telemetry: telemetry_handle.clone(),
                protocol_name: grandpa_protocol,
            },
            link: grandpa_link,
            network,
            sync: sync_service,
            notification_service: grandpa_service,
            // Daemons wait for finality before they show a secret, so votes go to the head of a short chain at once. Only
            // when finality lags do they stay behind it, so that it catches up in steps that all voters can follow.
            voting_rule: VotingRulesBuilder::new().add(ThreeQuartersOfTheUnfinalizedChain).build(),
            prometheus_registry: registry,
            shared_voter_state: grandpa_voter,
            telemetry: telemetry_handle,
            offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(transaction_pool),
        };
        let grandpa = sc_consensus_grandpa::run_grandpa_voter(params)?;
        task_manager.spawn_essential_handle().spawn_blocking("grandpa-voter", None, grandpa);
    }

    Ok(task_manager)
}
