// SPDX-License-Identifier: Apache-2.0
//! What the commands share: the connection, the key, and waiting with a deadline.

use crate::{args::Global, output::Output};
use anyhow::{anyhow, ensure, Context};
use quern_primitives::{job::Endpoint, Account, JobId};
use quern_protocol::view::JobView;
use quern_sdk::{
    chain::{parse_account, Chain, ChainError, Included, KeyError, Keypair, Payload, Sender},
    net::{self, BlobStore, Config, Peer},
};
use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::time::{sleep, Instant};

/// Pause between two looks at a condition.
const LOOK: Duration = Duration::from_millis(500);

/// Pause before a node that went away is asked again.
const RECONNECT: Duration = Duration::from_secs(2);
/// A connection that holds for so long was a sound one.
const SOUND: Duration = Duration::from_secs(30);
/// Connections in a row that were not sound before it is given up: something else is wrong.
const UNSOUND: u32 = 5;
/// Pause between two looks at whether the node gets blocks, while a transaction waits for one.
const WATCH: Duration = Duration::from_secs(15);

/// Connects to the node.
pub async fn connect(global: &Global) -> anyhow::Result<Chain> {
    Ok(Chain::connect(&global.rpc).await?)
}

/// Whether something failed because the node went away.
fn is_lost(error: &anyhow::Error) -> bool {
    let lost = |error| matches!(error, &ChainError::Closed | &ChainError::Rpc { .. } | &ChainError::Unreachable { .. });
    error.downcast_ref().is_some_and(lost)
}

/// Does something over a connection to the node, and again over a new one when the node went away meanwhile. `connect` makes it; it
/// is tried until the node is back. `lost` hears once of each loss.
pub async fn over_again<C, T>(
    mut connection: C,
    mut work: impl AsyncFnMut(&C) -> anyhow::Result<T>,
    mut lost: impl AsyncFnMut(&anyhow::Error),
    mut connect: impl AsyncFnMut() -> anyhow::Result<C>,
) -> anyhow::Result<T> {
    let mut unsound = 0;
    loop {
        let began = Instant::now();
        let error = match work(&connection).await {
            Err(error) if is_lost(&error) => error,
            done => return done,
        };
        unsound = if began.elapsed() < SOUND { unsound + 1 } else { 0 };
        if unsound >= UNSOUND {
            return Err(error);
        }
        lost(&error).await;
        connection = loop {
            sleep(RECONNECT).await;
            match connect().await {
                Err(error) if is_lost(&error) => {}
                connected => break connected?,
            }
        };
    }
}

/// A new connection to the node of an earlier one, if it still runs the same chain: a development chain begins anew when its node is
/// started anew, with the same genesis.
pub async fn connect_again(before: &Identity, url: &str) -> anyhow::Result<Chain> {
    let chain = Chain::connect(url).await?;
    let now = Identity::of(&chain).await;
    match now.is(before) {
        true => Ok(chain),
        false => Err(OtherChain { url: url.into() }.into()),
    }
}

/// A node that came back with another chain.
#[derive(Debug)]
pub struct OtherChain {
    /// Where the node is.
    pub url: String,
}

impl std::fmt::Display for OtherChain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the node at {} runs another chain now: what was under way is not on it", self.url)
    }
}

impl std::error::Error for OtherChain {}

/// Which chain it is: its genesis block and, where the node has it, the one after.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    genesis: [u8; 32],
    first: Option<[u8; 32]>,
}

impl Identity {
    /// That of a chain, as its node has it.
    pub async fn of(chain: &Chain) -> Self {
        Self { genesis: chain.genesis(), first: chain.block_hash(1).await.ok() }
    }

    /// Whether it is another one's, as far as is known.
    fn is(&self, other: &Self) -> bool {
        let first = self.first.zip(other.first).is_none_or(|(first, other)| first == other);
        first && self.genesis == other.genesis
    }
}

/// A job.
pub async fn job(chain: &Chain, id: JobId) -> anyhow::Result<JobView> {
    let job = chain.job(id).await?;
    job.with_context(|| format!("there is no job {id}, or it is pruned: `quern job list` shows those that there are"))
}

/// The key of whoever pays and signs.
pub fn keys(global: &Global) -> anyhow::Result<Keypair> {
    Ok(Keypair::named(global.suri.as_deref(), global.suri_file.as_deref())?)
}

/// The key of whom a command is about that names no account.
pub fn keys_or_account(global: &Global, command: &str) -> anyhow::Result<Keypair> {
    Keypair::named(global.suri.as_deref(), global.suri_file.as_deref()).map_err(|error| nobody_named(error, command))
}

/// What to name where nobody is named.
fn nobody_named(error: KeyError, command: &str) -> anyhow::Error {
    match error {
        KeyError::None => anyhow!(
            "this needs an account or a key: name an account (`{command} ACCOUNT`), or a key with --suri-file or QUERN_SURI_FILE, --suri \
             or QUERN_SURI"
        ),
        error => error.into(),
    }
}

/// The account that a command names.
pub fn account(text: &str) -> anyhow::Result<Account> {
    parse_account(text).with_context(|| {
        format!(
            "{text:?} is no account: give its address (5..), or 0x and 64 hexadecimal digits; for a secret use --suri"
        )
    })
}

/// Signs and sends the calls of a command. Where the node gets no blocks while one waits, it says so.
pub struct Signer {
    sender: Sender,
    chain: Chain,
    output: Output,
}

impl Signer {
    /// With the key of whoever pays and signs.
    pub fn new(global: &Global, chain: &Chain, keys: Keypair) -> Self {
        Self { sender: chain.sender(keys), chain: chain.clone(), output: Output { json: global.json } }
    }

    /// The account that signs.
    pub fn account(&self) -> Account {
        self.sender.account()
    }

    /// Sends a call and waits until it is finalised and has succeeded.
    pub async fn send_and_wait(&self, call: &(impl Payload + Sync)) -> Result<Included, ChainError> {
        // A node that does not answer fails the call itself.
        let look = async || self.chain.staleness().await.ok().flatten();
        let tell = |stale| {
            self.output.say(format_args!(
                "warning: {stale}. The transaction waits to be in a final block; Ctrl-C ends this command alone, and it may be \
                 in one already, or later"
            ))
        };
        watched(self.sender.send_and_wait(call), look, tell).await
    }
}

/// Does something, and tells once what is found meanwhile to hold it up.
async fn watched<T, F>(work: impl Future<Output = T>, mut look: impl FnMut() -> F, tell: impl FnOnce(String)) -> T
where
    F: Future<Output = Option<String>>,
{
    let cause = async {
        loop {
            if let Some(cause) = look().await {
                return cause;
            }
            sleep(WATCH).await;
        }
    };
    tokio::pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return done,
        cause = cause => tell(cause),
    }
    work.await
}

/// Where a command listens that fetches and serves nothing: on every interface, because a socket of the loopback one reaches nobody
/// beyond this machine.
pub const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// Refuses to publish an endpoint that only this machine reaches on a chain whose node is elsewhere: the job would be paid for, and
/// nobody could fetch its inputs.
pub fn check_reach(rpc: &str, endpoint: &Endpoint) -> anyhow::Result<()> {
    let addresses: Vec<SocketAddr> = endpoint.addresses.iter().map(|at| net::address::to_socket(*at)).collect();
    let is_hidden = !addresses.is_empty() && addresses.iter().all(|address| address.ip().is_loopback());
    ensure!(
        is_local(rpc) || !is_hidden,
        "workers on other machines cannot fetch the inputs from {}. Name an address where they can: --listen 0.0.0.0:7700 --announce \
         ADDRESS:7700, with UDP port 7700 open",
        addresses.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(", ")
    );
    Ok(())
}

/// Whether a node's address is one of this machine's loopback interface.
fn is_local(rpc: &str) -> bool {
    let host = rpc.split_once("://").map_or(rpc, |(_, rest)| rest);
    let host = host.split(['/', '?']).next().unwrap_or_default();
    let host = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host,
        None => host.rsplit_once(':').map_or(host, |(host, _)| host),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// An endpoint with blobs behind it, whose key is new.
pub async fn peer(listen: SocketAddr, announce: &[SocketAddr], store: impl BlobStore) -> anyhow::Result<Peer> {
    bound(Config { announce: announce.to_vec(), ..Config::new(fresh_seed(), listen) }, store).await
}

/// An endpoint, whose key is new, that waits for each silent peer once: for a command that asks the same peers for several things.
pub async fn hasty_peer(store: impl BlobStore) -> anyhow::Result<Peer> {
    bound(Config { gives_up_silent: true, ..Config::new(fresh_seed(), ANY) }, store).await
}

async fn bound(config: Config, store: impl BlobStore) -> anyhow::Result<Peer> {
    let listen = config.bind;
    let bound = Peer::bind(config, store).await;
    bound.with_context(|| format!("{listen} cannot be served on; is the port taken? Choose another with --listen"))
}

/// 32 bytes that differ each time: an ephemeral key, or the seed of a random choice.
pub fn fresh_seed() -> [u8; 32] {
    // The hasher's keys come from the operating system.
    use std::hash::{BuildHasher, Hasher, RandomState};
    let mut hasher = blake3::Hasher::new();
    for _ in 0..4 {
        hasher.update(&RandomState::new().build_hasher().finish().to_le_bytes());
    }
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    hasher.update(&since.as_nanos().to_le_bytes());
    *hasher.finalize().as_bytes()
}

/// Looks again and again until there is something, for at most `limit`. `look` gives what was found, or what is still missing.
pub async fn until<T, F>(limit: Duration, mut look: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<Result<T, String>>>,
{
    let end = Instant::now() + limit;
    loop {
        match look().await? {
            Ok(found) => return Ok(found),
            Err(missing) if Instant::now() >= end => {
                anyhow::bail!("gave up after {} s: {missing}", limit.as_secs())
            }
            Err(_) => sleep(LOOK).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_account_should_be_refused_with_the_forms_of_one_when_it_is_named() {
        let address = Keypair::from_suri("//Alice").expect("a secret").address();
        assert!(account(&address).is_ok() && account(&format!("0x{}", "5e".repeat(32))).is_ok());
        let error = account("//Alice").expect_err("a secret").to_string();
        assert!(
            error.contains("its address (5..), or 0x and 64 hexadecimal digits; for a secret use --suri"),
            "{error}"
        );
    }

    #[test]
    fn account_or_key_should_be_asked_for_when_neither_is_named() {
        let error = nobody_named(KeyError::None, "quern explain").to_string();
        assert!(error.contains("`quern explain ACCOUNT`") && error.contains("--suri-file"), "{error}");
        let bad = KeyError::Secret("--suri", Keypair::from_suri("").err().expect("it is empty"));
        assert!(nobody_named(bad, "quern explain").to_string().starts_with("--suri is not a secret phrase"));
    }

    #[test]
    fn endpoint_of_the_loopback_interface_should_be_refused_when_the_node_is_elsewhere() {
        let at = |addresses: &[&str]| {
            net::address::endpoint([1; 32], addresses.iter().map(|address| address.parse().expect("an address")))
        };
        let hidden = at(&["127.0.0.1:7", "[::1]:7"]);
        for local in ["ws://127.0.0.1:9944", "ws://localhost", "wss://[::1]:9944/path", "ws://LOCALHOST:1/"] {
            assert!(check_reach(local, &hidden).is_ok(), "{local}");
        }
        for remote in ["wss://node.example", "ws://10.0.0.1:9944", "ws://localhost.example:9944", "ws://[fe80::1]:9944"]
        {
            let error = check_reach(remote, &hidden).unwrap_err().to_string();
            assert!(error.contains("127.0.0.1:7") && error.contains("--announce"), "{error}");
            assert!(check_reach(remote, &at(&["127.0.0.1:7", "203.0.113.5:7"])).is_ok());
        }
    }

    #[test]
    fn command_that_fetches_should_listen_where_other_machines_are_reached_from() {
        assert!(ANY.ip().is_unspecified() && ANY.port() == 0);
        // What the system refuses on a socket of the loopback interface.
        let socket = std::net::UdpSocket::bind(ANY).expect("any free port");
        assert!(!socket.local_addr().expect("it is bound").ip().is_loopback());
    }

    #[test]
    fn seeds_should_differ() {
        assert_ne!(fresh_seed(), fresh_seed());
    }

    #[tokio::test(start_paused = true)]
    async fn until_should_say_what_is_missing_when_the_time_is_over() {
        let waited = until(Duration::from_secs(5), || async { Ok(Err::<(), _>("2 of 3 workers".into())) }).await;
        assert_eq!(waited.unwrap_err().to_string(), "gave up after 5 s: 2 of 3 workers");
    }

    #[tokio::test(start_paused = true)]
    async fn until_should_stop_when_there_is_something() {
        let mut looks = 0;
        let found = until(Duration::from_secs(5), || {
            looks += 1;
            let found = if looks == 3 { Ok(looks) } else { Err(String::new()) };
            async move { Ok(found) }
        });
        assert_eq!(found.await.unwrap(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn transaction_should_be_said_to_wait_when_its_node_stops_getting_blocks_meanwhile() {
        let (mut looks, mut told) = (0, Vec::new());
        let look = || {
            looks += 1;
            std::future::ready((looks > 2).then(|| format!("stale at look {looks}")))
        };
        let work = async {
            sleep(10 * WATCH).await;
            7
        };
        assert_eq!(watched(work, look, |cause| told.push(cause)).await, 7);
        assert_eq!((told, looks), (vec!["stale at look 3".to_owned()], 3));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_should_be_said_when_a_transaction_is_in_a_block_before_a_look_is_over() {
        let look = || async {
            sleep(WATCH).await;
            Some("stale".to_owned())
        };
        assert_eq!(watched(std::future::ready(7), look, |cause| panic!("{cause}")).await, 7);
    }

    fn lost() -> anyhow::Error {
        ChainError::Closed.into()
    }

    #[tokio::test(start_paused = true)]
    async fn work_should_go_on_over_a_new_connection_when_the_node_comes_back() {
        let (mut told, mut attempts) = (0, 0);
        let work = async |connection: &u32| if *connection == 7 { Ok("done") } else { Err(lost()) };
        let connect = async || {
            attempts += 1;
            if attempts < 4 {
                return Err(ChainError::Unreachable { url: String::new(), reason: String::new() }.into());
            }
            Ok(7)
        };
        assert_eq!(over_again(0, work, async |_| told += 1, connect).await.unwrap(), "done");
        assert_eq!((told, attempts), (1, 4));
    }

    #[tokio::test(start_paused = true)]
    async fn work_should_end_when_it_fails_for_another_reason() {
        let work = async |_: &u32| Err::<(), _>(anyhow::anyhow!("there is no job 3"));
        let failed = over_again(0, work, async |_| {}, async || Ok(1)).await;
        assert_eq!(failed.unwrap_err().to_string(), "there is no job 3");
        let other = async || anyhow::bail!("another chain");
        let failed = over_again(0, async |_: &u32| Err::<(), _>(lost()), async |_| {}, other).await;
        assert_eq!(failed.unwrap_err().to_string(), "another chain");
    }

    #[tokio::test(start_paused = true)]
    async fn work_should_be_given_up_when_no_connection_holds() {
        let mut connections = 0;
        let connect = async || {
            connections += 1;
            Ok(connections)
        };
        let failed = over_again(0, async |_: &u32| Err::<(), _>(lost()), async |_| {}, connect).await;
        assert_eq!(failed.unwrap_err().to_string(), ChainError::Closed.to_string());
        assert_eq!(connections, UNSOUND - 1);
    }

    #[tokio::test(start_paused = true)]
    async fn work_should_go_on_for_ever_when_connections_hold_for_a_while() {
        let mut losses = 0;
        let work = async |connection: &u32| {
            sleep(SOUND).await;
            if *connection < 3 * UNSOUND {
                Err(lost())
            } else {
                Ok(())
            }
        };
        let mut next = 0;
        let connect = async || {
            next += 1;
            Ok(next)
        };
        over_again(0, work, async |_| losses += 1, connect).await.unwrap();
        assert_eq!(losses, 3 * UNSOUND);
    }

    #[test]
    fn chains_should_be_told_apart_by_block_1_where_it_is_known() {
        let chain =
            |genesis, first: Option<u8>| Identity { genesis: [genesis; 32], first: first.map(|byte| [byte; 32]) };
        assert!(chain(1, Some(2)).is(&chain(1, Some(2))) && chain(1, None).is(&chain(1, Some(2))));
        assert!(!chain(1, Some(2)).is(&chain(1, Some(3))), "a development chain that began anew");
        assert!(!chain(1, None).is(&chain(2, None)));
    }
}
