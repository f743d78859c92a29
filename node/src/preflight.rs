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

/// Checks that the node can write where it must and listen where it must.
pub fn check(config: &Configuration) -> Result<(), String> {
    if let Some(database) = config.database.path() {
        nobody_has_it_open(database)?;
    }
    room(&config.data_path)?;
    for endpoint in config.rpc.addr.iter().flatten().filter(|endpoint| !endpoint.is_optional) {
        port_is_free(endpoint.listen_addr, "JSON-RPC", "--rpc-port")?;
    }
    // A development node stays alone, and several of them may run on one machine.
    if config.dev_key_seed.is_some() && config.chain_spec.id() == "dev" {
        return Ok(());
    }
    for address in &config.network.listen_addresses {
        let parts: Vec<_> = address.iter().collect();
        let ip = match parts.first() {
            Some(Protocol::Ip4(ip)) => IpAddr::V4(*ip),
            // Where there is no IPv6, the node listens on IPv4 alone.
            _ => continue,
        };
        if let [_, Protocol::Tcp(port)] = parts[..] {
            port_is_free(SocketAddr::new(ip, port), "the peer-to-peer network", "--port")?;
        }
    }
    Ok(())
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
