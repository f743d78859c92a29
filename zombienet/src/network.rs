// SPDX-License-Identifier: Apache-2.0
//! A network of nodes on this machine.

use crate::{daemon::Daemon, eventually, program::binary, spec, Head, Node, PATIENCE};
use anyhow::{anyhow, ensure, Context, Result};
use serde_json::Value;
use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
};
use zombienet_sdk::{
    generators::generate_node_identity, AddNodeOptions, Arg, LocalFileSystem, NetworkConfig, NetworkConfigBuilder,
    NetworkConfigExt,
};

/// The authorities of the preset `local`. The SDK gives a node the session keys of the development account of its name.
const AUTHORITIES: [&str; 4] = ["alice", "bob", "charlie", "dave"];

/// What the SDK calls the chain, and its specification's file.
const CHAIN: &str = "quern-local";
/// How long nodes may take to start: they compile the runtime first, on a busy machine for minutes.
const START_SECONDS: u32 = 300;
/// Lines of each log that are shown when a test fails.
const TAIL_LINES: usize = 15;

/// A node that joins a running network.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extra<'a> {
    /// Whether it may author and vote, with the keys in its keystore.
    pub validator: bool,
    /// More of its command line.
    pub arguments: &'a [&'a str],
}

/// A running network. Its folder is removed by [`Network::finish`]; when it is dropped before that, a test has failed, and
/// the folder stays and is named, with the ends of all logs.
pub struct Network {
    // None when it has ended.
    running: Option<zombienet_sdk::Network<LocalFileSystem>>,
    daemons: Vec<Daemon>,
    folder: PathBuf,
}

impl Network {
    /// Starts the four authorities with these changes of the genesis, and waits until they have finalised something.
    pub async fn start(name: &str, changes: &Value) -> Result<Self> {
        Self::start_with(name, changes, &Authority::all()?).await
    }

    /// The same, but each node has no other peers than those that are reserved: at first all authorities, later whom
    /// [`Node::add_reserved_peer`] and [`Node::remove_reserved_peer`] say.
    pub async fn start_reserved(name: &str, changes: &Value) -> Result<Self> {
        Self::start_with(name, changes, &Authority::reserved()?).await
    }

    async fn start_with(name: &str, changes: &Value, authorities: &[Authority]) -> Result<Self> {
        let folder = env::temp_dir().join(format!("quern-zombienet-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder)
            .with_context(|| format!("the folder {} cannot be made; choose another with TMPDIR", folder.display()))?;
        let mut network = Self { running: None, daemons: Vec::new(), folder };
        let raw = spec::write_raw(&network.folder, changes).await?;
        let config = config(&network.folder, &raw, authorities)?;
        network.running = Some(config.spawn_native().await.context("the network does not start")?);
        for node in network.nodes() {
            node.wait_for_finalized(1).await?;
        }
        Ok(network)
    }

    fn running(&self) -> Result<&zombienet_sdk::Network<LocalFileSystem>> {
        self.running.as_ref().context("the network has ended")
    }

    /// The node of that name.
    pub fn node(&self, name: &str) -> Result<Node<'_>> {
        Ok(Node(self.running()?.get_node(name)?))
    }

    /// The authorities of genesis.
    pub fn authorities(&self) -> Result<[Node<'_>; 4]> {
        let [a, b, c, d] = AUTHORITIES;
        Ok([self.node(a)?, self.node(b)?, self.node(c)?, self.node(d)?])
    }

    /// All nodes that run and are not stopped.
    pub fn nodes(&self) -> Vec<Node<'_>> {
        let all = self.running.iter().flat_map(|network| network.nodes());
        all.map(Node).filter(Node::is_running).collect()
    }

    /// Starts one more node and waits until it answers.
    pub async fn add(&mut self, name: &str, extra: Extra<'_>) -> Result<()> {
        let options = AddNodeOptions {
            args: extra.arguments.iter().map(|argument| Arg::from(*argument)).collect(),
            is_validator: extra.validator,
            ..Default::default()
        };
        let running = self.running.as_mut().context("the network has ended")?;
        running.add_node(name, options).await.with_context(|| format!("{name} does not start"))
    }

    /// Starts a worker's or validator's daemon that talks to a node of the network. It ends with the network.
    pub fn add_daemon(&mut self, command: &str, suri: &str, node: &str) -> Result<()> {
        let rpc = self.node(node)?.rpc().to_owned();
        self.daemons.push(Daemon::start(command, suri, &rpc, &self.folder)?);
        Ok(())
    }

    /// Checks that all nodes which run have the same final chain on which nothing is broken that must always be true, and
    /// ends the network.
    pub async fn finish(mut self) -> Result<()> {
        self.check().await?;
        self.daemons.clear();
        if let Some(network) = self.running.take() {
            network.destroy().await.context("the network does not end")?;
        }
        fs::remove_dir_all(&self.folder).with_context(|| format!("{} cannot be removed", self.folder.display()))
    }

    async fn check(&self) -> Result<()> {
        for daemon in &self.daemons {
            daemon.ensure_running()?;
        }
        let nodes = self.nodes();
        let mut heads = Vec::new();
        for node in &nodes {
            heads.push(node.finalized().await?);
        }
        let common = heads.iter().min_by_key(|head| head.number).context("no node runs")?;
        for node in &nodes {
            node.wait_for_finalized(common.number).await?;
            let own = node.hash(common.number).await?;
            ensure!(
                own == common.hash,
                "{} has the final block {own} at height {}, another node has {}",
                node.name(),
                common.number,
                common.hash
            );
        }
        self.node(AUTHORITIES[0])?.check_invariants(common).await
    }

    /// The block at which all these nodes have met: the last final one of the first of them, as soon as it is above `height`
    /// and the others have it too.
    pub async fn wait_for_agreement(&self, nodes: &[Node<'_>], height: u32) -> Result<Head> {
        let (first, others) = nodes.split_first().context("nobody is to agree")?;
        let head = first.wait_for_finalized(height).await?;
        for node in others {
            node.wait_for_finalized(head.number).await?;
            let what = format!("{} has the final chain of {}", node.name(), first.name());
            eventually(&what, PATIENCE, async || {
                let own = node.hash(head.number).await?;
                ensure!(own == head.hash, "at height {} one has {own}, the other {}", head.number, head.hash);
                Ok(())
            })
            .await?;
        }
        Ok(head)
    }
}

/// How an authority is started.
struct Authority {
    name: &'static str,
    /// Its peer-to-peer port.
    port: u16,
    /// Its address as a peer.
    address: String,
    arguments: Vec<Arg>,
}

impl Authority {
    /// All of them, which find each other by the first one.
    fn all() -> Result<Vec<Self>> {
        // Held until all are chosen, so that no port is chosen twice.
        let listeners: Vec<TcpListener> =
            AUTHORITIES.iter().map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
        let authority = |(name, listener): (&&'static str, &TcpListener)| {
            let port = listener.local_addr()?.port();
            let (_, peer_id) = generate_node_identity(name)?;
            let address = format!("/ip4/127.0.0.1/tcp/{port}/ws/p2p/{peer_id}");
            Ok(Self { name, port, address, arguments: Vec::new() })
        };
        AUTHORITIES.iter().zip(&listeners).map(authority).collect()
    }

    /// All of them, each with reserved connections to the others and no others.
    ///
    /// There are no places for ordinary peers, because litep2p, `--reserved-only` or not, makes an ordinary peer of one that is
    /// no longer reserved while there are. A node without such places takes those reserved peers alone that its command line
    /// names.
    fn reserved() -> Result<Vec<Self>> {
        let mut all = Self::all()?;
        let addresses: Vec<String> = all.iter().map(|authority| authority.address.clone()).collect();
        for authority in &mut all {
            authority.arguments.extend(["--reserved-only", "--in-peers=0", "--out-peers=0"].map(Arg::from));
            let others = addresses.iter().filter(|address| **address != authority.address);
            authority.arguments.extend(others.map(|address| Arg::from(("--reserved-nodes", &address[..]))));
        }
        Ok(all)
    }
}

fn config(folder: &Path, raw: &Path, authorities: &[Authority]) -> Result<NetworkConfig> {
    let node = binary("quern-node")?;
    let node = node.to_str().context("the path of quern-node is not UTF-8")?;
    let (first, others) = authorities.split_first().context("a network has authorities")?;
    let built = NetworkConfigBuilder::new()
        .with_relaychain(|chain| {
            let chain =
                chain.with_chain(CHAIN).with_default_command(node).with_chain_spec_path(raw.to_owned()).with_validator(
                    |node| node.with_name(first.name).with_p2p_port(first.port).with_args(first.arguments.clone()),
                );
            others.iter().fold(chain, |chain, other| {
                chain.with_validator(|node| {
                    node.with_name(other.name).with_p2p_port(other.port).with_args(other.arguments.clone())
                })
            })
        })
        .with_global_settings(|settings| {
            settings
                .with_base_dir(folder.join("nodes"))
                .with_network_spawn_timeout(START_SECONDS)
                .with_node_spawn_timeout(START_SECONDS)
                // Nodes are stopped on purpose here.
                .with_tear_down_on_failure(false)
        })
        .build();
    built.map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        anyhow!("the SDK refuses the network: {}", errors.join("; "))
    })
}

impl Drop for Network {
    fn drop(&mut self) {
        // The nodes' processes end with their handles.
        self.daemons.clear();
        self.running = None;
        if !self.folder.exists() {
            return;
        }
        for log in logs(&self.folder) {
            eprintln!("--- {} ---\n{}", log.display(), tail(&log, TAIL_LINES));
        }
        eprintln!("the whole logs, and the nodes' databases, are in {}", self.folder.display());
    }
}

/// The log files of daemons, in the folder itself, and of nodes, two levels below it.
fn logs(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && depth < 2 {
                folders.push((path, depth + 1));
            } else if path.extension().is_some_and(|extension| extension == "log") && path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn tail(log: &Path, lines: usize) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
