// SPDX-License-Identifier: Apache-2.0
//! What can be wrong with a machine: each is said in one clear line with its remedy, and nothing starts.

use quern_primitives::traits::Role;
use quern_tests::{network, process, Network, Ran};
use std::{net::TcpListener, path::Path, process::Command, time::Duration};

const SOON: Duration = Duration::from_secs(60);
/// Nobody listens on port 1 of this machine.
const DEAD: &str = "ws://127.0.0.1:1";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder can be made")
}

#[tokio::test]
async fn node_should_name_the_remedy_when_its_rpc_port_is_taken() {
    let folder = folder();
    let holder = TcpListener::bind("127.0.0.1:0").expect("a port can be opened");
    let port = holder.local_addr().expect("it has an address").port();
    let mut command = network::node(folder.path(), &folder.path().join("node"), port);
    command.arg("--dev");
    let ran = Ran::of(command, SOON).await;
    ran.refused(1, &[&port.to_string(), "choose another port with --rpc-port"]);
}

#[tokio::test]
async fn node_should_name_the_remedy_when_its_folder_cannot_be_written() {
    let folder = folder();
    let mut command = network::node(folder.path(), Path::new("/dev/null/quern"), network::free_port());
    command.arg("--dev");
    let ran = Ran::of(command, SOON).await;
    ran.refused(1, &["/dev/null/quern", "choose another folder with --base-path"]);
}

/// The command, with a file system of so many KiB mounted over a folder for it alone; none where this machine lets nobody
/// make a mount namespace.
fn on_small_disk(command: &Command, folder: &Path, kib: u32) -> Option<Command> {
    let mut small = Command::new("unshare");
    small.args(["--map-root-user", "--mount"]);
    let allowed = Command::new("unshare").args(["--map-root-user", "--mount", "true"]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        eprintln!("not tested: this machine lets nobody mount a small disk");
        return None;
    }
    small.args(["sh", "-c", "mount -t tmpfs -o size=\"$1k\" small \"$2\" && shift 2 && exec \"$@\"", "sh"]);
    small.arg(kib.to_string()).arg(folder).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => small.env(name, value),
            None => small.env_remove(name),
        };
    }
    Some(small)
}

#[tokio::test]
async fn node_should_name_the_remedy_when_its_disk_is_full() {
    let (folder, disk) = (folder(), folder());
    let mut command = network::node(folder.path(), &disk.path().join("node"), network::free_port());
    command.arg("--dev");
    let Some(command) = on_small_disk(&command, disk.path(), 4 << 10) else { return };
    let ran = Ran::of(command, SOON).await;
    ran.refused(1, &["No space left on device", "free some space there", "--base-path"]);
}

#[tokio::test]
async fn daemon_should_name_the_remedy_when_its_disk_is_full() {
    let (network, disk) = (Network::development().await, folder());
    let data = disk.path().join("data");
    let command = network::daemon(Role::Worker, "//Worker//1", &network.rpc, network.folder(), &data);
    let Some(command) = on_small_disk(&command, disk.path(), 16) else { return };
    let ran = Ran::of(command, SOON).await;
    ran.refused(1, &["the disk of the database has 0 MiB left", "make room on it"]);
}

#[tokio::test]
async fn quern_should_name_the_remedy_when_no_node_answers() {
    let folder = folder();
    let ran = quern_tests::quern(folder.path(), DEAD, "//Requester", &["network"], SOON).await;
    ran.refused(1, &["no node answers at ws://127.0.0.1:1", "Start one", "--rpc"]).in_one_line();
}

#[tokio::test]
async fn daemon_should_name_the_remedy_when_its_folder_cannot_be_written() {
    let folder = folder();
    let command = network::daemon(Role::Worker, "//Worker//1", DEAD, folder.path(), Path::new("/dev/null/data"));
    let ran = Ran::of(command, SOON).await;
    ran.refused(1, &["/dev/null/data", "choose another with --data"]).in_one_line();
}

#[tokio::test]
async fn daemon_should_name_the_remedy_when_there_is_no_vulkan_loader_or_driver() {
    let folder = folder();
    let mut command = process::command("quern-worker", folder.path());
    command
        .args(["run", "--executor", "wgpu", "--rpc", DEAD, "--data"])
        .arg(folder.path().join("data"))
        .env("QUERN_SURI", "//Worker//1")
        .env("VK_ICD_FILENAMES", "/nonexistent")
        .env("VK_DRIVER_FILES", "/nonexistent");
    let ran = Ran::of(command, SOON).await;
    ran.refused(1, &["no Vulkan device", "install"]).in_one_line();
}

#[tokio::test]
async fn daemon_should_name_the_remedy_when_its_account_or_folder_is_another_ones() {
    let network = Network::development().await;
    let (workers, _) = network.enrol(1, 0).await;
    let data = network.folder().join(&workers[0].name);

    let in_use = network::daemon(Role::Worker, "//Worker//1", &network.rpc, network.folder(), &data);
    let ran = Ran::of(in_use, SOON).await;
    ran.refused(1, &["a daemon is running with this folder"]);
    drop(workers);

    let fresh = |name: &str| network.folder().join(name);
    let other_role =
        network::daemon(Role::Validator, "//Worker//1", &network.rpc, network.folder(), &fresh("other-role"));
    let ran = Ran::of(other_role, SOON).await;
    ran.refused(1, &["registered as a Worker", "use another account"]);

    let poor = network::daemon(Role::Worker, "//Nobody", &network.rpc, network.folder(), &fresh("poor"));
    let ran = Ran::of(poor, SOON).await;
    ran.refused(1, &["does not cover the missing bond of 1000 QRN", "lower --bond"]);

    let other_account = network::daemon(Role::Worker, "//Worker//2", &network.rpc, network.folder(), &data);
    let ran = Ran::of(other_account, SOON).await;
    ran.refused(1, &["account", "give this daemon a folder of its own with --data"]);

    let other = Network::with_params(serde_json::json!({ "open_blocks": 61 })).await;
    let other_chain = network::daemon(Role::Worker, "//Worker//1", &other.rpc, other.folder(), &data);
    let ran = Ran::of(other_chain, SOON).await;
    ran.refused(1, &["chain", "give this daemon a folder of its own with --data"]);
}
