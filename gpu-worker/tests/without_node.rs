// SPDX-License-Identifier: Apache-2.0
//! What the program does while no node answers.

use quern_worker::{db, drain};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

/// Nobody listens on port 1 of this machine.
const DEAD: &str = "ws://127.0.0.1:1";

fn quern_worker(command: &str, data: &Path) -> Command {
    let mut line = Command::new(env!("CARGO_BIN_EXE_quern-worker"));
    line.args([command, "--rpc", DEAD, "--data"]).arg(data).env("QUERN_SURI", "//Worker//1");
    line.env_remove("QUERN_SURI_FILE").env_remove("QUERN_STAKE").env_remove("RUST_LOG");
    line
}

#[test]
fn variable_should_count_as_not_set_when_it_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let empty = ["QUERN_STAKE", "QUERN_RPC", "QUERN_DATA", "QUERN_PLANT_FROM"].map(|name| (name, ""));
    let output = quern_worker("doctor", folder.path()).args(["--executor", "cpu"]).envs(empty).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("no node answers at ws://127.0.0.1:1") && !stdout.contains("plants"), "{output:?}");
    let mut status = Command::new(env!("CARGO_BIN_EXE_quern-worker"));
    let output = status.args(["status", "--account", &"01".repeat(32)]).envs(empty).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("--stake") && !stderr.contains("ws://:"), "{stderr}");
}

/// A process that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn daemons_should_wait_for_their_node_and_say_so() {
    for command in ["run", "validate", "watch"] {
        let folder = tempfile::tempdir().unwrap();
        let mut line = quern_worker(command, &folder.path().join("data"));
        let mut daemon = Running(line.args(["--executor", "cpu"]).stderr(Stdio::piped()).spawn().unwrap());
        let log = BufReader::new(daemon.0.stderr.take().unwrap()).lines().map(Result::unwrap);
        let waits = log.filter(|line| line.contains("still without a node")).take(2).collect::<Vec<_>>();
        assert_eq!(waits.len(), 2, "{command} has ended");
        assert!(waits[0].contains("no node answers at ws://127.0.0.1:1") && waits[0].contains("--rpc"), "{waits:?}");
        assert!(daemon.0.try_wait().unwrap().is_none(), "{command} has ended");
    }
}

#[test]
fn drain_should_say_that_the_daemon_stays_told_to() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(db::FILE_NAME), "").unwrap();
    let output = quern_worker("drain", folder.path()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && stderr.contains("stays told to drain"), "{stderr}");
    assert!(stderr.contains("--cancel") && stderr.contains("no node answers"), "{stderr}");
    assert!(drain::is_asked(folder.path()));
}

#[test]
fn drain_should_need_no_key_where_it_does_not_wait_and_say_whether_a_daemon_runs() {
    let folder = tempfile::tempdir().unwrap();
    let drained = |how| {
        let output = quern_worker("drain", folder.path()).arg(how).env_remove("QUERN_SURI").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let daemon = db::Db::open(&folder.path().join(db::FILE_NAME), &[1; 32], &[2; 32]).unwrap();
    assert!(drained("--no-wait").starts_with("the daemon takes no new shards"));
    assert!(drained("--cancel").starts_with("the daemon takes new shards again"));
    let output = quern_worker("drain", folder.path()).arg("--no-wait").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && stderr.contains("is the folder of"), "another account is named: {stderr}");
    drop(daemon);
    for how in ["--no-wait", "--cancel"] {
        assert!(drained(how).starts_with("no daemon runs with this folder"), "{how}");
    }
    assert!(!drain::is_asked(folder.path()));
}

#[test]
fn drain_should_need_no_exported_key_file_when_the_folder_says_whose_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join(db::FILE_NAME);
    let drained = |how: &[&str], keys: &Path| -> Output {
        let mut line = quern_worker("drain", folder.path());
        line.args(how).env_remove("QUERN_SURI").env("QUERN_SURI_FILE", keys).output().unwrap()
    };
    // There is no such file, and nothing can be read below a file.
    let (missing, unreadable) = (folder.path().join("key"), database.join("key"));
    std::fs::write(&database, "").unwrap();
    for keys in [&missing, &unreadable] {
        let output = drained(&["--no-wait"], keys);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && stderr.contains("the key file"), "it is nobody's folder: {stderr}");
    }
    std::fs::remove_file(&database).unwrap();
    let _daemon = db::Db::open(&database, &[1; 32], &[2; 32]).unwrap();
    for keys in [&missing, &unreadable] {
        for (how, is_asked) in [("--no-wait", true), ("--cancel", false)] {
            let output = drained(&[how], keys);
            assert!(output.status.success() && drain::is_asked(folder.path()) == is_asked, "{output:?}");
        }
        for how in [&[][..], &["--no-wait", "--suri-file", keys.to_str().unwrap()]] {
            let output = drained(how, keys);
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success() && stderr.contains("the key file"), "{how:?}: {stderr}");
        }
    }
    // Who reads a key that others can read too knows whose it is.
    std::fs::write(&missing, "//Worker//1").unwrap();
    let output = drained(&["--no-wait"], &missing);
    assert!(!output.status.success() && !drain::is_asked(folder.path()), "{output:?}");
}

#[cfg(unix)]
#[test]
fn folder_should_be_called_unreadable_when_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let around = folder.path().join("around");
    std::os::unix::fs::symlink(&around, &around).unwrap();
    let output = quern_worker("drain", &around).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && stderr.contains("cannot be read"), "{stderr}");
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let output = quern_worker("drain", &file).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not the data folder of a daemon"), "{output:?}");
}
