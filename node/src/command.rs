// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What each command does.

use crate::{
    chain_spec,
    cli::{Cli, Subcommand},
    preflight,
    service::{self, Backend, Block, Client, ImportQueue},
};
use sc_cli::{Error, Result, SubstrateCli};
use sc_network::{config::NetworkBackendType, Litep2pNetworkBackend, NetworkWorker};
use sc_service::{Configuration, PartialComponents, PruningMode};
use std::{future::Future, sync::Arc};

impl SubstrateCli for Cli {
    fn impl_name() -> String {
        "Quern Node".into()
    }

    fn impl_version() -> String {
        env!("SUBSTRATE_CLI_IMPL_VERSION").into()
    }

    fn description() -> String {
        env!("CARGO_PKG_DESCRIPTION").into()
    }

    fn author() -> String {
        "the Quern contributors".into()
    }

    fn support_url() -> String {
        "see docs/ in the source".into()
    }

    fn copyright_start_year() -> i32 {
        2026
    }

    fn load_spec(&self, id: &str) -> std::result::Result<Box<dyn sc_service::ChainSpec>, String> {
        Ok(Box::new(match id {
            "dev" => chain_spec::development()?,
            "" | "local" => chain_spec::local()?,
            path => chain_spec::ChainSpec::from_json_file(path.into())?,
        }))
    }
}

/// Does what the command line asks for.
pub fn run() -> Result<()> {
    let cli = Cli::from_args();
    match &cli.subcommand {
        None => run_node(&cli),
        Some(Subcommand::Key(command)) => command.run(&cli),
        Some(Subcommand::ExportChainSpec(command)) => command.run(cli.load_spec(&command.chain)?),
        Some(Subcommand::CheckBlock(command)) => {
            chain_operation(&cli, command, |_, client, _, import_queue| command.run(client, import_queue))
        }
        Some(Subcommand::ExportBlocks(command)) => {
            chain_operation(&cli, command, |config, client, _, _| command.run(client, config.database))
        }
        Some(Subcommand::ExportState(command)) => {
            chain_operation(&cli, command, |config, client, _, _| command.run(client, config.chain_spec))
        }
        Some(Subcommand::ImportBlocks(command)) => {
            chain_operation(&cli, command, |_, client, _, import_queue| command.run(client, import_queue))
        }
        Some(Subcommand::PurgeChain(command)) => {
            cli.create_runner(command)?.sync_run(|config| command.run(config.database))
        }
        Some(Subcommand::Revert(command)) => chain_operation(&cli, command, |_, client, backend, _| {
            let revert = Box::new(|client: Arc<Client>, backend, blocks| {
                sc_consensus_babe::revert(client.clone(), backend, blocks)?;
                sc_consensus_grandpa::revert(client, blocks)?;
                Ok(())
            });
            command.run(client, backend, Some(revert))
        }),
        Some(Subcommand::ChainInfo(command)) => {
            cli.create_runner(command)?.sync_run(|config| command.run::<Block>(&config))
        }
    }
}

/// Runs a node until it is told to stop.
fn run_node(cli: &Cli) -> Result<()> {
    let mut runner = cli.create_runner(&cli.run)?;
    let config = runner.config_mut();
    let ports = preflight::check(config).map_err(|error| Error::Application(error.into()))?;
    for endpoint in config.rpc.addr.iter_mut().flatten() {
        // A node that listens somewhere else than it was told is not found by its clients.
        endpoint.retry_random_port = false;
    }
    // Quern has no off-chain workers: daemons are processes of their own.
    config.offchain_worker.enabled = false;
    // `archive_v1` is served by nodes that keep the states of all finalised blocks.
    config.state_pruning.get_or_insert(PruningMode::ArchiveCanonical);

    // They are this node's until it ends.
    let ports = &ports;
    runner.run_node_until_exit(|config| async move {
        match config.network.network_backend {
            NetworkBackendType::Libp2p => service::start::<NetworkWorker<_, _>>(config),
            NetworkBackendType::Litep2p => service::start::<Litep2pNetworkBackend>(config),
        }
        .map_err(|error| match ports.taken() {
            Some(taken) => Error::Application(taken.into()),
            None => Error::Service(error),
        })
    })
}

/// Runs a command on the chain's database.
fn chain_operation<C, F>(
    cli: &Cli,
    command: &C,
    operation: impl FnOnce(Configuration, Arc<Client>, Arc<Backend>, ImportQueue) -> F,
) -> Result<()>
where
    C: sc_cli::CliConfiguration,
    F: Future<Output = Result<()>>,
{
    cli.create_runner(command)?.async_run(|config| {
        let PartialComponents { client, backend, import_queue, task_manager, .. } = service::parts(&config)?;
        Ok((operation(config, client, backend, import_queue), task_manager))
    })
}
