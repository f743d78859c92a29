// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What can be wrong with a machine, found before the node starts and said in one line with its remedy.

use sc_network::multiaddr::Protocol;
use sc_service::Configuration;
use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    net::{IpAddr, SocketAddr, TcpListener},
    path::Path,
};

/// Room that a new chain needs at once: the genesis state and the first files of the database.
const ROOM_BYTES: usize = 32 * 1024 * 1024;

/// The ports of a node, kept from other nodes of this machine from the check until it ends: it opens them when the chain is there,
/// which can take a minute.
pub struct Ports {
    rpc: Vec<SocketAddr>,
    _held: Vec<Reservation>,
}

impl Ports {
    /// Says which port another program has taken since the check, if one has.
    pub fn taken(&self) -> Option<String> {
        self.rpc.iter().find_map(|address| port_is_free(*address, RPC.0, RPC.1).err())
    }
}

/// What a port is for, and the option that chooses another one.
const RPC: (&str, &str) = ("JSON-RPC", "--rpc-port");
const PEERS: (&str, &str) = ("the peer-to-peer network", "--port");

/// Checks that the node can write where it must and listen where it must. The ports stay its own while the result is kept.
pub fn check(config: &Configuration) -> Result<Ports, String> {
    if let Some(database) = config.database.path() {
        nobody_has_it_open(database)?;
    }
    room(&config.data_path)?;
    let endpoints = config.rpc.addr.iter().flatten().filter(|endpoint| !endpoint.is_optional);
    let rpc: Vec<SocketAddr> = endpoints.map(|endpoint| endpoint.listen_addr).collect();
    let mut held = Vec::new();
    for address in &rpc {
        held.extend(take(*address, RPC)?);
    }
    // A development node stays alone, and several of them may run on one machine.
    if config.dev_key_seed.is_some() && config.chain_spec.id() == "dev" {
        return Ok(Ports { rpc, _held: held });
    }
    for address in &config.network.listen_addresses {
        let parts: Vec<_> = address.iter().collect();
        let ip = match parts.first() {
            Some(Protocol::Ip4(ip)) => IpAddr::V4(*ip),
            // Where there is no IPv6, the node listens on IPv4 alone.
            _ => continue,
        };
        if let [_, Protocol::Tcp(port)] = parts[..] {
            held.extend(take(SocketAddr::new(ip, port), PEERS)?);
        }
    }
    Ok(Ports { rpc, _held: held })
}

/// Reserves a port, and checks that nobody listens there. Of nodes that start at the same time the first gets it.
fn take(address: SocketAddr, (purpose, option): (&str, &str)) -> Result<Option<Reservation>, String> {
    let reservation = reserve(address).map_err(|_| {
        format!(
            "port {} on {} is taken for {purpose} by another node that is starting or running; stop that one or choose another port with {option}",
            address.port(),
            address.ip()
        )
    })?;
    port_is_free(address, purpose, option)?;
    Ok(reservation)
}

/// Held by one process at a time, and let go when it ends, however it ends.
#[cfg(target_os = "linux")]
type Reservation = std::os::unix::net::UnixDatagram;
#[cfg(not(target_os = "linux"))]
type Reservation = ();

/// Reserves a port among the nodes of this machine. A name of Linux's abstract sockets is known where the port is, without a file to
/// leave behind, and a bound one is refused to everybody else. Nothing where port 0 means any, or where it cannot be done.
#[cfg(target_os = "linux")]
fn reserve(address: SocketAddr) -> Result<Option<Reservation>, io::Error> {
    use std::os::{linux::net::SocketAddrExt, unix::net};
    if address.port() == 0 {
        return Ok(None);
    }
    let name = net::SocketAddr::from_abstract_name(format!("quern-node/{address}"))?;
    match Reservation::bind_addr(&name) {
        Ok(held) => Ok(Some(held)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
        // A sandbox may forbid it: the port itself is still looked at.
        Err(_) => Ok(None),
    }
}

#[cfg(not(target_os = "linux"))]
fn reserve(_: SocketAddr) -> Result<Option<Reservation>, io::Error> {
    Ok(None)
}

/// Checks that no other node has the database open: ParityDB locks a file in its folder.
fn nobody_has_it_open(database: &Path) -> Result<(), String> {
    // Without the file there is no database yet.
    let Ok(lock) = File::open(database.join("lock")) else { return Ok(()) };
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => Err(format!(
            "another node has the database in {} open; stop that one or choose another folder with --base-path",
            database.display()
        )),
        // Anything else that is wrong is said when it is opened.
        _ => Ok(()),
    }
}

/// Checks that a few database files fit into the folder.
fn room(folder: &Path) -> Result<(), String> {
    let probe = folder.join(".preflight");
    let written = fs::create_dir_all(folder)
        .and_then(|()| File::create(&probe))
        .and_then(|mut file| file.write_all(&vec![1; ROOM_BYTES]).and_then(|()| file.sync_all()));
    let _ = fs::remove_file(&probe);
    written.map_err(|error| {
        let remedy = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "free some space there or choose another folder with --base-path"
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "make it writable for this user or choose another folder with --base-path"
            }
            _ => "choose another folder with --base-path",
        };
        format!("the node cannot keep its database in {}: {error}; {remedy}", folder.display())
    })
}

/// Checks that nobody listens there yet.
fn port_is_free(address: SocketAddr, purpose: &str, option: &str) -> Result<(), String> {
    TcpListener::bind(address).map(drop).map_err(|error| {
        let remedy = match error.kind() {
            io::ErrorKind::AddrInUse => "stop the program that listens there or choose another port with",
            io::ErrorKind::PermissionDenied => "choose a port above 1023 with",
            _ => "choose another address with",
        };
        format!(
            "port {} on {} cannot be opened for {purpose}: {error}; {remedy} {option}",
            address.port(),
            address.ip()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_is_free_should_name_the_remedy_when_the_port_is_taken() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let error = port_is_free(holder.local_addr().unwrap(), "JSON-RPC", "--rpc-port").unwrap_err();
        assert!(error.contains("choose another port with --rpc-port"), "{error}");
    }

    #[test]
    fn port_is_free_should_pass_when_nobody_listens() {
        assert_eq!(port_is_free("127.0.0.1:0".parse().unwrap(), "JSON-RPC", "--rpc-port"), Ok(()));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn port_should_be_refused_to_a_second_node_when_the_first_has_not_opened_it_yet() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let first = take(free, RPC).unwrap();
        assert!(first.is_some());
        let error = take(free, RPC).unwrap_err();
        let port = free.port().to_string();
        assert!(error.contains(&port) && error.contains("choose another port with --rpc-port"), "{error}");
        drop(first);
        assert!(take(free, RPC).is_ok(), "the first has ended");
    }

    #[test]
    fn ports_should_name_the_one_that_another_program_has_taken_since() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let ports = Ports { rpc: vec![holder.local_addr().unwrap()], _held: Vec::new() };
        assert!(ports.taken().is_some_and(|error| error.contains("--rpc-port")));
        drop(holder);
        assert_eq!(ports.taken(), None);
    }

    #[test]
    fn room_should_name_the_remedy_when_the_folder_is_a_file() {
        let error = room(&std::env::current_exe().unwrap()).unwrap_err();
        assert!(error.contains("--base-path"), "{error}");
    }

    #[test]
    fn database_should_be_refused_only_while_another_node_has_it_open() {
        let folder = std::env::temp_dir().join(format!("quern-preflight-lock-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        assert_eq!(nobody_has_it_open(&folder), Ok(()), "there is no database yet");
        let held = File::create(folder.join("lock")).unwrap();
        held.lock().unwrap();
        let error = nobody_has_it_open(&folder).unwrap_err();
        assert!(error.contains("stop that one or choose another folder with --base-path"), "{error}");
        drop(held);
        assert_eq!(nobody_has_it_open(&folder), Ok(()));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn room_should_leave_nothing_behind() {
        let folder = std::env::temp_dir().join(format!("quern-preflight-{}", std::process::id()));
        assert_eq!(room(&folder), Ok(()));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir(&folder).unwrap();
    }
}
