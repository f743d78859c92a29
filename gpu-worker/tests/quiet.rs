// SPDX-License-Identifier: Apache-2.0
//! What a program says on stderr is its own.

use std::process::Command;

#[test]
fn doctor_should_say_nothing_of_a_runtime_folder_when_the_environment_names_none() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_quern-worker"))
        .args(["doctor", "--json", "--rpc", "ws://127.0.0.1:1", "--data"])
        .arg(folder.path())
        .env("QUERN_SURI", "//Worker//1")
        .env_remove("XDG_RUNTIME_DIR")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("XDG_RUNTIME_DIR"), "{stderr}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"check\":\"device\""), "{output:?}");
}

#[test]
fn failure_should_say_each_cause_once_when_no_node_answers() {
    let output = Command::new(env!("CARGO_BIN_EXE_quern-worker"))
        .args(["status", "--rpc", "ws://127.0.0.1:1"])
        .env("QUERN_SURI", "//Worker//1")
        .env_remove("QUERN_RPC")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let parts: Vec<&str> = stderr.trim_end().split(": ").collect();
    assert!(parts.len() > 2 && stderr.contains("no node answers at ws://127.0.0.1:1"), "{stderr}");
    assert!((0..parts.len()).all(|index| !parts[..index].contains(&parts[index])), "{stderr}");
}
