// SPDX-License-Identifier: Apache-2.0
//! The main job, as a new user runs it.

use quern_tests::{eventually, process, processes_naming, Process, Ran, PATIENCE};
use serde_json::Value;
use std::{path::Path, time::Duration};

/// The network's own limit is shorter.
const LIMIT: Duration = Duration::from_secs(11 * 60);
/// The same where faults are injected.
const LIMIT_WITH_FAULTS: Duration = Duration::from_secs(29 * 60);

#[tokio::test]
async fn devnet_should_convict_the_liar_and_finish_both_jobs() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut command = process::command("quern", folder.path());
    command.args(["devnet", "--json", "--timeout-minutes", "10"]).env("TMPDIR", folder.path());
    let ran = Ran::of(command, LIMIT).await;
    let report = ran.json();
    assert_eq!(ran.code, Some(0), "{ran:#?}");

    let number = |key: &str| report[key].as_f64().unwrap_or_else(|| panic!("{key} is not a number: {report:#}"));
    assert!(number("accuracy") >= 0.95, "{report:#}");
    assert_eq!(number("jobs_completed"), 2.0, "{report:#}");
    assert!(number("shards_settled") >= 1.0 && number("audits") >= 1.0, "{report:#}");
    assert!(number("disputes") >= 1.0 && number("convicted") >= 1.0, "{report:#}");
    assert!(number("convicted_by_element") >= 1.0, "{report:#}");
    assert_eq!(number("honest_slashed"), 0.0, "{report:#}");
    for key in ["fees_burned", "useful_macs", "audit_macs"] {
        let digits = report[key].as_str().and_then(|text| text.parse::<u128>().ok());
        assert!(digits.is_some_and(|number| number > 0), "{key} is no string of digits above 0: {report:#}");
    }
    assert!(number("seconds") > 0.0, "{report:#}");
    assert!(report["rpc"].as_str().is_some_and(|rpc| rpc.starts_with("ws://127.0.0.1:")), "{report:#}");
    assert_eq!(report["invariants_broken"], Value::Null, "{report:#}");

    let liars = |key: &str| -> Vec<bool> {
        let all = report[key].as_array().unwrap_or_else(|| panic!("{key} is not a list: {report:#}"));
        all.iter().filter_map(|slash| slash["misbehaves"].as_bool()).collect()
    };
    assert!(!liars("slashed").is_empty() && liars("slashed").iter().all(|liar| *liar), "{report:#}");

    assert_nothing_is_left(folder.path());
}

#[tokio::test]
async fn devnet_should_make_only_those_pay_who_did_wrong_when_faults_strike() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut command = process::command("quern", folder.path());
    // Two rounds miss the accuracy in one run of eight.
    command.args(["devnet", "--faults", "--rounds", "3", "--json", "--timeout-minutes", "28"]);
    command.env("TMPDIR", folder.path());
    let ran = Ran::of(command, LIMIT_WITH_FAULTS).await;
    let report = ran.json();
    assert_eq!(ran.code, Some(0), "{ran:#?}");

    assert_eq!(report["honest_slashed"], 0, "{report:#}");
    assert_eq!(report["steps_missing"], serde_json::json!([]), "{report:#}");
    assert_eq!(report["unpunished"], serde_json::json!([]), "{report:#}");
    assert_eq!(report["invariants_broken"], Value::Null, "{report:#}");
    assert!(report["kills"].as_u64().is_some_and(|kills| kills >= 14), "{report:#}");
    let slashed = report["slashed"].as_array().unwrap_or_else(|| panic!("slashed is not a list: {report:#}"));
    for (who, kind) in [("lies", "WrongResult"), ("withholds", "Withheld"), ("lazy", "FalseAlarm")] {
        let found = slashed
            .iter()
            .any(|slash| slash["kind"] == kind && slash["name"].as_str().is_some_and(|name| name.contains(who)));
        assert!(found, "who {who} lost nothing for {kind}: {report:#}");
    }
    assert_nothing_is_left(folder.path());
}

#[tokio::test]
async fn devnet_should_learn_a_language_as_f32_does_and_write() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut command = process::command("quern", folder.path());
    command.args(["devnet", "--task", "lm", "--rounds", "2", "--json", "--timeout-minutes", "10"]);
    command.env("TMPDIR", folder.path());
    let ran = Ran::of(command, LIMIT).await;
    let report = ran.json();
    assert_eq!(ran.code, Some(0), "{ran:#?}");

    let language = &report["language"];
    assert!(language["ratio"].as_f64().is_some_and(|ratio| ratio <= 1.03), "{report:#}");
    assert_eq!(language["verified"], true, "{report:#}");
    let texts = language["texts"].as_array().unwrap_or_else(|| panic!("texts is not a list: {report:#}"));
    assert_eq!(texts.len(), 3, "{report:#}");
    assert!(texts.iter().all(|written| written["text"].as_str().is_some_and(|text| !text.is_empty())), "{report:#}");
    let losses: Vec<f64> =
        report["rounds"].as_array().into_iter().flatten().filter_map(|round| round["loss"].as_f64()).collect();
    assert!(losses.len() == 3 && losses.is_sorted_by(|before, after| before > after), "{losses:?}");
    assert_eq!(report["honest_slashed"], 0, "{report:#}");
    assert_nothing_is_left(folder.path());
}

#[tokio::test]
async fn devnet_should_leave_nothing_when_it_is_interrupted() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let logs = tempfile::tempdir().expect("a folder can be made");
    let mut command = process::command("quern", folder.path());
    command.arg("devnet").env("TMPDIR", folder.path());
    let mut devnet = Process::start("devnet", command, logs.path());
    let own = folder.path().to_string_lossy().into_owned();
    eventually("all daemons run", PATIENCE, || async {
        (processes_naming(&format!("--data {own}")).len() == 7).then_some(())
    })
    .await;

    devnet.interrupt();
    let status = eventually("the devnet ends", PATIENCE, || std::future::ready(devnet.ended())).await;
    assert_eq!(status.code(), Some(130));
    assert_nothing_is_left(folder.path());
}

#[track_caller]
fn assert_nothing_is_left(folder: &Path) {
    assert_eq!(processes_naming(&folder.to_string_lossy()), Vec::<String>::new(), "processes are left");
    let left: Vec<_> = std::fs::read_dir(folder).expect("it can be read").flatten().collect();
    assert!(left.is_empty(), "folders are left: {left:?}");
}
