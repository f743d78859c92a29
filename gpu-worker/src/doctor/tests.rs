// SPDX-License-Identifier: Apache-2.0
//! What is judged from what was seen, and that every problem has words.

use super::{finding::*, judge::*, *};
use crate::{
    args::{Cli, Command, RoleChoice},
    db::{DbError, Identity},
    origin::Origin,
    testing::{facts, participant, ID, ME, OTHER},
};
use clap::Parser;
use quern_primitives::{job::Requirements, traits::Role, QRN};
use quern_sdk::chain::health::{NodeHealth, Wanted};

fn version(spec_version: u32, transaction_version: u32) -> RuntimeVersion {
    RuntimeVersion { spec_name: "quern".into(), spec_version, transaction_version }
}

fn node() -> NodeSeen {
    NodeSeen {
        health: NodeHealth { peers: 0, is_syncing: false, should_have_peers: false },
        height: 9,
        runtime: version(1, 1),
        built_for: version(1, 1),
        slot_ms: 1_000,
        stalled: None,
        ahead_ms: Some(300),
    }
}

fn folder(database: Result<Option<Identity>, DbError>) -> FolderSeen {
    let told = Identity { account: None, origin: None };
    let (path, writable, free_mib) = ("/data".into(), Ok(()), Some(99_999));
    FolderSeen { path, writable, free_mib, database, held: None, told, drains: false }
}

fn origin(genesis: u8, first_block: Option<u8>) -> Origin {
    Origin { genesis: [genesis; 32], first_block: first_block.map(|byte| [byte; 32]) }
}

fn wants(role: Role, is_running: bool) -> Wants {
    Wants { role, bond: 1_000 * QRN, ask: QRN, is_running, apprentice: false, by_hot_key: false }
}

fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().filter_map(|finding| finding.outcome.as_ref().err()).map(Problem::code).collect()
}

#[test]
fn node_should_be_found_sound_when_it_is() {
    assert_eq!(codes(&judge::node(&node())), Vec::<&str>::new());
}

#[test]
fn node_should_be_found_wanting_by_name() {
    let syncing = NodeSeen { health: NodeHealth { is_syncing: true, ..node().health }, ..node() };
    assert_eq!(codes(&judge::node(&syncing)), ["node_syncing"]);
    let stalled = NodeSeen { stalled: Some(Duration::from_secs(99)), ahead_ms: None, ..node() };
    assert_eq!(codes(&judge::node(&stalled)), ["node_stalled"]);
    let told = |height| Problem::Stalled { height, seconds: 1_795_718_273 }.to_string();
    assert!(told(0).contains("still at block 0") && !told(0).contains("1795718273"), "{}", told(0));
    assert!(told(7).contains("for 1795718273 s; its best one is 7"), "{}", told(7));
    let alone = NodeSeen { health: NodeHealth { should_have_peers: true, ..node().health }, ..node() };
    assert_eq!(codes(&judge::node(&alone)), ["node_alone"]);
    let newer = NodeSeen { runtime: version(2, 1), ..node() };
    assert_eq!(judge::node(&newer)[0].level(), Level::Warning);
    let incompatible = NodeSeen { runtime: version(2, 2), ..node() };
    assert_eq!(judge::node(&incompatible)[0].level(), Level::Error);
}

#[test]
fn clock_should_be_found_off_in_both_directions() {
    for (ahead, is_off) in [(-6_000, true), (-4_000, false), (0, false), (5_900, false), (6_100, true)] {
        let findings = judge::node(&NodeSeen { ahead_ms: Some(ahead), ..node() });
        assert_eq!(codes(&findings) == ["clock"], is_off, "{ahead} ms");
    }
}

#[test]
fn folder_should_be_judged_by_whose_it_is() {
    let own = || Ok(Some(Identity { account: Some(ME), origin: Some(origin(7, None)) }));
    let codes_of = |seen, account, genesis| codes(&judge::folder(seen, Some(account), Some(origin(genesis, Some(9)))));
    assert_eq!(codes_of(folder(own()), ME, 7), Vec::<&str>::new());
    assert_eq!(codes_of(folder(Ok(None)), ME, 7), Vec::<&str>::new());
    assert_eq!(codes_of(folder(Err(DbError::InUse)), ME, 7), Vec::<&str>::new());
    assert_eq!(codes_of(folder(own()), OTHER, 7), ["other_account"]);
    assert_eq!(codes_of(folder(own()), ME, 8), ["other_genesis"]);
    let unused = Ok(Some(Identity { account: None, origin: None }));
    assert_eq!(codes_of(folder(unused), OTHER, 8), Vec::<&str>::new(), "a start with another key or node was refused");
    assert_eq!(codes_of(folder(Err(DbError::Version { found: 9 })), ME, 7), ["database_version"]);
    let full =
        FolderSeen { free_mib: Some(100), writable: Err(std::io::Error::other("no")), drains: true, ..folder(own()) };
    let findings = judge::folder(full, Some(ME), None);
    assert_eq!(codes(&findings), ["folder_not_writable", "disk_full", "drains"]);
    assert_eq!(findings[1].level(), Level::Error);
    let low = FolderSeen { free_mib: Some(1_000), ..folder(own()) };
    assert_eq!(judge::folder(low, None, None)[1].level(), Level::Warning);
}

#[test]
fn folder_should_be_found_sound_when_its_path_is_relative_and_it_does_not_exist_yet() {
    let seen = look_at_folder(Path::new("no-such-folder-of-a-daemon"));
    assert!(seen.writable.is_ok(), "{:?}", seen.writable);
    assert!(!Path::new("no-such-folder-of-a-daemon").exists(), "it changes nothing");
}

#[test]
fn remedy_of_a_folder_that_cannot_be_written_should_go_by_what_is_wrong_with_it() {
    use std::io::ErrorKind::{NotADirectory, PermissionDenied, ReadOnlyFilesystem, StorageFull};
    let fix = |kind: std::io::ErrorKind| Problem::NotWritable("/data".into(), kind.into()).fix();
    for (kind, word) in
        [(StorageFull, "free"), (ReadOnlyFilesystem, "mounted"), (NotADirectory, "file"), (PermissionDenied, "owner")]
    {
        assert!(fix(kind).contains(word) && fix(kind).contains("--data"), "{kind:?}: {}", fix(kind));
    }
}

#[test]
fn remedy_of_an_address_should_go_by_what_is_wrong_with_it() {
    use std::io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};
    for (kind, word) in [(AddrInUse, "ss -ulpn"), (AddrNotAvailable, "of this machine"), (PermissionDenied, "1024")] {
        let problem = Problem::Port { address: "192.0.2.1:7700".parse().unwrap(), reason: kind.into() };
        assert!(problem.fix().contains(word) && problem.fix().contains("--listen"), "{kind:?}: {}", problem.fix());
    }
}

#[test]
fn folder_should_be_found_another_chains_when_block_1_differs() {
    let codes_of = |found: Option<u8>, here: Option<u8>| {
        let identity = Identity { account: Some(ME), origin: Some(origin(7, found)) };
        codes(&judge::folder(folder(Ok(Some(identity))), Some(ME), Some(origin(7, here))))
    };
    assert_eq!(codes_of(Some(1), Some(2)), ["other_chain"]);
    for (found, here) in [(Some(1), Some(1)), (None, Some(1)), (Some(1), None), (None, None)] {
        assert_eq!(codes_of(found, here), Vec::<&str>::new(), "{found:?} {here:?}");
    }
}

#[test]
fn daemon_that_runs_should_be_found_another_ones_by_what_it_said() {
    let seen = |account, origin| FolderSeen { told: Identity { account, origin }, ..folder(Err(DbError::InUse)) };
    let codes_of = |account, told, node| {
        let (seen, node) = (seen(account, told), Some(node));
        let is_anothers = seen.is_anothers(Some(ME), node);
        let codes = codes(&judge::folder(seen, Some(ME), node));
        assert_eq!(is_anothers, !codes.is_empty());
        codes
    };
    let known = Some(origin(7, Some(1)));
    assert_eq!(codes_of(Some(ME), known, origin(7, Some(1))), Vec::<&str>::new());
    assert_eq!(codes_of(Some(OTHER), known, origin(7, Some(1))), ["other_account"]);
    assert_eq!(codes_of(Some(ME), known, origin(7, Some(2))), ["other_chain"]);
    assert_eq!(codes_of(Some(ME), known, origin(8, None)), ["other_genesis"]);
    for (told, node) in [(None, origin(7, Some(2))), (Some(origin(7, None)), origin(7, Some(2)))] {
        assert_eq!(codes_of(None, told, node), Vec::<&str>::new(), "it has not said");
    }
    let new = FolderSeen { database: Ok(None), ..seen(Some(OTHER), known) };
    assert!(!new.is_anothers(Some(ME), None), "it may be used by now");
    for (account, node) in [(OTHER, origin(7, Some(1))), (ME, origin(7, Some(2))), (ME, origin(8, None))] {
        let stopped = folder(Ok(Some(Identity { account: Some(account), origin: known })));
        assert!(stopped.is_anothers(Some(ME), Some(node)), "a daemon that does not run is another one's too");
    }
    let own = folder(Ok(Some(Identity { account: Some(ME), origin: known })));
    assert!(!own.is_anothers(Some(ME), known) && !own.is_anothers(None, known));
    let told = format!("{:?}", judge::folder(own, None, known));
    assert!(told.contains(&quern_sdk::chain::address(&ME)), "nobody is named, so the account is: {told}");
    for problem in [
        Problem::OtherAccount { found: "a".into(), meant: "b".into() },
        Problem::OtherGenesis { found: "a".into(), expected: "b".into() },
        Problem::OtherFirstBlock { found: [1; 32], here: [2; 32] },
    ] {
        assert!(problem.fix().contains("--data"), "{problem}");
    }
}

#[tokio::test]
async fn doctor_should_look_for_whose_a_folder_is_while_a_daemon_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let _db = Db::open(&folder.path().join(db::FILE_NAME), &ME, &[7; 32]).unwrap();
    let data = folder.path().to_str().unwrap();
    let line = ["quern-worker", "doctor", "--rpc", "ws://127.0.0.1:1", "--executor", "cpu", "--data", data];
    let examined = async |suri| {
        let Command::Doctor(args) = Cli::parse_from(line.into_iter().chain(["--suri", suri])).command else {
            panic!("it is the doctor")
        };
        codes(&examine(&args).await)
    };
    assert_eq!(examined("//Nobody").await, ["other_account", "node_unreachable"]);
}

#[test]
fn folder_should_be_found_wrong_when_it_lacks_what_the_account_owes() {
    use crate::{
        core::{Attempt, Promise},
        duty::Duty,
        testing::{accepted, assigned},
    };
    let open = |view: quern_protocol::view::ShardView| [(view.shard.clone(), Duty::of(&view, &ME).unwrap())];
    let folder = tempfile::tempdir().unwrap();
    let codes_of = |view| {
        let held = look_at_folder(folder.path()).held.unwrap();
        let finding = judge::held(&held, &open(view), &ME);
        finding.map(|finding| (finding.level(), format!("{finding:?}").contains("1.0.0 (")))
    };
    assert_eq!(codes_of(assigned(ME)), Some((Level::Error, true)), "there is no database yet");
    let db = Db::open(&folder.path().join(db::FILE_NAME), &ME, &[7; 32]).unwrap();
    assert!(look_at_folder(folder.path()).held.is_none(), "the daemon warns itself");
    drop(db);
    assert_eq!(codes_of(assigned(ME)), Some((Level::Error, true)), "nothing was kept yet");
    let keep = |attempt| {
        let db = Db::open(&folder.path().join(db::FILE_NAME), &ME, &[7; 32]).unwrap();
        let promise = Promise { by: 9, secret: [7; 32], ids: Vec::new(), root: quern_primitives::BlobId([2; 32]) };
        db.keep_promise(Attempt { shard: ID, attempt }, &promise).unwrap();
    };
    keep(accepted(ME).shard.attempt + 1);
    assert_eq!(codes_of(assigned(ME)), None, "nothing was promised yet");
    assert_eq!(codes_of(accepted(ME)), Some((Level::Error, true)), "another attempt was");
    keep(accepted(ME).shard.attempt);
    assert_eq!(codes_of(accepted(ME)), None);
    assert!(Problem::Lacking("a".into()).fix().contains("--data"));
}

#[test]
fn database_should_be_a_warning_when_the_daemon_was_killed() {
    let findings = judge::folder(folder(Err(DbError::Unclean)), Some(ME), None);
    let database = findings.iter().find(|finding| finding.check == "database").expect("it is looked at");
    let Err(problem) = &database.outcome else { panic!("{database:?}") };
    assert_eq!((problem.level(), problem.code()), (Level::Warning, "database_unclean"));
    assert!(problem.fix().contains("quern-worker run"), "{}", problem.fix());
}

#[test]
fn registration_should_be_missed_when_a_daemon_runs_and_the_chain_does_not_know_its_account() {
    let codes_of = |wants| codes(&judge::account(&facts(), &wants, 8_000));
    assert_eq!(codes_of(wants(Role::Worker, true)), ["unregistered"]);
    assert_eq!(codes_of(wants(Role::Worker, false)), Vec::<&str>::new(), "the daemon will register it");
    let enrols = Wants { apprentice: true, ..wants(Role::Worker, true) };
    assert_eq!(codes_of(enrols), Vec::<&str>::new(), "its enrolment takes a while");
}

#[test]
fn remedy_of_a_missing_node_should_be_named_once() {
    let error = ChainError::Unreachable { url: "ws://a".into(), reason: "refused".into() };
    let text = text(&[Finding::problem("node", Problem::Node(error))]);
    assert_eq!(text.matches("--rpc").count(), 1, "{text}");
    assert!(text.contains("no node answers at ws://a: refused"), "{text}");
}

#[test]
fn counts_should_be_in_words_of_their_number() {
    assert_eq!([0, 1, 2].map(|count| counted(count, "error")), ["0 errors", "1 error", "2 errors"]);
}

#[test]
fn account_should_be_judged_by_bond_funds_and_role() {
    let sound = crate::status::Facts { participant: Some(participant(Role::Worker)), ..facts() };
    let codes_of = |facts: &crate::status::Facts, wants| codes(&judge::account(facts, &wants, 8_000));
    assert_eq!(codes_of(&sound, wants(Role::Worker, true)), Vec::<&str>::new());
    assert_eq!(codes_of(&sound, wants(Role::Validator, true)), ["other_role"]);
    assert_eq!(codes_of(&facts(), wants(Role::Worker, false)), Vec::<&str>::new());

    let mut poor = facts();
    poor.money.bonded = 0;
    assert_eq!(codes_of(&poor, wants(Role::Worker, false)), ["poor"]);
    let mut no_fees = sound.clone();
    no_fees.money.free = 0;
    assert_eq!(codes_of(&no_fees, wants(Role::Worker, true)), ["no_fees"]);
    let mut slashed = sound.clone();
    (slashed.money.bonded, slashed.money.free) = (QRN, 5_000 * QRN);
    assert_eq!(codes_of(&slashed, wants(Role::Worker, true)), ["bond_missing"]);
    let remedy_of = |free, is_running| {
        let mut unbonded = slashed.clone();
        unbonded.money.free = free;
        let findings = judge::account(&unbonded, &wants(Role::Worker, is_running), 8_000);
        let mut problems = findings.into_iter().filter_map(|finding| finding.outcome.err());
        let (problem, others) = (problems.next().expect("the bond is too small"), problems.count());
        assert_eq!(others, 0);
        (problem.code(), problem.fix())
    };
    for free in [5_000 * QRN, QRN] {
        let (code, fix) = remedy_of(free, true);
        assert!(code == "bond_missing" && fix.contains("quern stake bond QRN") && !fix.starts_with("start"), "{fix}");
    }
    assert!(remedy_of(5_000 * QRN, false).1.starts_with("start the daemon"));
    assert_eq!(remedy_of(QRN, false).0, "poor");
    assert_eq!(codes_of(&slashed, Wants { bond: 2 * QRN, ..wants(Role::Worker, true) }), ["bond_too_low"]);

    let nothing = Wants { apprentice: true, ..wants(Role::Worker, false) };
    (poor.money.free, poor.money.bonded) = (0, 0);
    assert_eq!(codes_of(&poor, nothing), Vec::<&str>::new(), "it begins with nothing");
    poor.participant = Some(participant(Role::Apprentice));
    assert_eq!(codes_of(&poor, wants(Role::Worker, true)), Vec::<&str>::new(), "it was enrolled before");
    assert_eq!(codes_of(&poor, wants(Role::Validator, true)), ["poor", "other_role"]);

    let with = |change: fn(&mut quern_protocol::view::ParticipantView)| {
        let mut found = participant(Role::Worker);
        change(&mut found);
        crate::status::Facts { participant: Some(found), ..facts() }
    };
    assert_eq!(codes_of(&with(|found| found.barred = true), wants(Role::Worker, true)), ["barred"]);
    assert_eq!(codes_of(&with(|found| found.slots = 0), wants(Role::Worker, true)), ["no_slots"]);
    let large = with(|found| found.profile.memory_mib = 99_000);
    assert_eq!(codes_of(&large, wants(Role::Worker, false)), ["memory"]);
    assert_eq!(codes_of(&large, wants(Role::Worker, true)), Vec::<&str>::new(), "the daemon itself uses it");
    assert_eq!(codes_of(&crate::status::Facts { is_retiring: true, ..sound }, wants(Role::Worker, true)), ["retiring"]);
}

#[test]
fn validator_should_be_warned_when_it_cannot_lock_the_bond_of_an_audit() {
    let mut facts = crate::status::Facts { participant: Some(participant(Role::Validator)), ..facts() };
    let codes_of = |facts: &crate::status::Facts| codes(&judge::account(facts, &wants(Role::Validator, true), 8_000));
    assert_eq!(codes_of(&facts), Vec::<&str>::new());
    facts.money.locked = facts.money.bonded - facts.audit_bond + 1;
    assert_eq!(codes_of(&facts), ["audit_bond_locked"]);
}

#[test]
fn ask_should_be_held_against_the_highest_bid() {
    let mut facts = facts();
    assert_eq!(judge::ask(&facts, &wants(Role::Worker, true)).unwrap().level(), Level::Ok);
    let requirements = Requirements::default();
    let wanted =
        Wanted { shard: ID, bid: QRN - 1, memory_mib: 1, collateral: 1, value: 1, for_apprentices: true, requirements };
    facts.wanted = vec![wanted.clone()];
    assert_eq!(judge::ask(&facts, &wants(Role::Worker, true)).unwrap().level(), Level::Warning);
    facts.wanted.push(Wanted { bid: QRN, ..wanted });
    assert_eq!(judge::ask(&facts, &wants(Role::Worker, true)).unwrap().level(), Level::Ok);
    assert!(judge::ask(&facts, &wants(Role::Validator, true)).is_none());
}

#[test]
fn endpoint_should_be_judged_by_who_can_reach_it() {
    let told: [SocketAddr; 1] = ["127.0.0.1:7700".parse().unwrap()];
    let elsewhere: [SocketAddr; 1] = ["192.0.2.1:1".parse().unwrap()];
    let codes_of = |others: &[SocketAddr], answer, is_running| {
        codes(&judge::endpoint(&facts(), &told, others, answer, &wants(Role::Worker, is_running)))
    };
    assert_eq!(codes_of(&told, None, false), Vec::<&str>::new(), "everybody is on this machine");
    assert_eq!(codes_of(&elsewhere, None, false), ["endpoint_local"]);
    assert_eq!(codes_of(&[], Some(Err("no".into())), true), ["endpoint_unreachable"]);
    assert_eq!(codes_of(&[], Some(Err("no".into())), false), ["not_running"]);
    assert_eq!(codes_of(&[], Some(Ok(())), true), Vec::<&str>::new());
}

#[test]
fn daemon_that_does_not_run_should_be_told_with_how_to_start_it() {
    let told: [SocketAddr; 1] = ["127.0.0.1:7700".parse().unwrap()];
    let never = judge::endpoint(&facts(), &told, &[], None, &wants(Role::Validator, false));
    assert_eq!(never[0].level(), Level::Ok, "it was never registered");
    assert!(never[0].outcome.as_ref().unwrap().contains("quern-worker validate"));
    let registered = crate::status::Facts { participant: Some(participant(Role::Worker)), ..facts() };
    let stopped = judge::endpoint(&registered, &told, &[], Some(Err("no".into())), &wants(Role::Worker, false));
    let Err(problem) = &stopped[0].outcome else { panic!("{stopped:?}") };
    assert_eq!((problem.level(), problem.code()), (Level::Error, "not_running"));
    assert!(
        problem.to_string().starts_with("no daemon answers") && problem.fix().contains("quern-worker run"),
        "{problem}"
    );
    let starting = judge::endpoint(&facts(), &told, &[], None, &wants(Role::Worker, true));
    assert!(starting.is_empty(), "a daemon that starts is not registered yet");
}

#[test]
fn devices_should_be_judged_by_their_answers_and_by_what_is_chosen() {
    let device = |software, answer: Result<(), &str>| DeviceSeen {
        name: "a device".into(),
        software,
        answer: answer.map_err(str::to_owned),
    };
    let good = device(false, Ok(()));
    let codes_of = |processor: &DeviceSeen, found, choice| codes(&judge::devices(processor, &found, choice));
    use ExecutorChoice::{Auto, Cpu, Wgpu};
    assert_eq!(codes_of(&good, Err("none".into()), Auto), ["no_vulkan"]);
    assert_eq!(codes_of(&good, Err("none".into()), Cpu), Vec::<&str>::new());
    assert_eq!(codes_of(&good, Ok(vec![device(true, Ok(()))]), Auto), ["only_software"]);
    assert_eq!(codes_of(&good, Ok(vec![good.clone()]), Auto), Vec::<&str>::new());
    let bad = device(false, Err("element 3 is 4, should be 5"));
    let level = |choice| judge::devices(&good, &Ok(vec![bad.clone()]), choice)[1].level();
    assert_eq!((level(Auto), level(Wgpu)), (Level::Warning, Level::Error));
    assert_eq!(judge::devices(&bad, &Ok(vec![]), Cpu)[0].level(), Level::Error);
}

#[test]
fn report_should_name_a_remedy_for_every_problem_and_fit_the_terminal() {
    let findings = [
        Finding::problem("key", Problem::NoKey),
        Finding::problem("bond", Problem::Poor { free: 1, missing: 1_000 * QRN }),
        Finding::problem(
            "device",
            Problem::NoVulkan("no Vulkan device: install the GPU's Vulkan driver and loader".into()),
        ),
        Finding::ok("node", "at block 9"),
    ];
    let text = text(&findings);
    assert_eq!(text.matches("what to do: ").count(), 3, "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
    let report = serde_json::to_value(FindingReport::from(&findings[0])).unwrap();
    assert_eq!((&report["level"], &report["code"]), (&"error".into(), &"no_key".into()));
    assert!(report["fix"].as_str().is_some_and(|fix| fix.contains("--suri-file")));
}

#[tokio::test]
async fn doctor_should_find_what_is_wrong_without_a_node_or_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let missing = folder.path().join("no-key");
    let line = ["quern-worker", "doctor", "--rpc", "ws://127.0.0.1:1", "--executor", "cpu", "--listen", &listen];
    let data = folder.path().join("a/b");
    let args = line.iter().map(Into::into).chain([
        "--data".into(),
        data.into_os_string(),
        "--suri-file".into(),
        missing.into_os_string(),
    ]);
    let Command::Doctor(args) = Cli::parse_from(args).command else { panic!("it is the doctor") };
    assert_eq!(args.role, RoleChoice::Worker);
    let findings = examine(&args).await;
    assert_eq!(codes(&findings), ["key_file_missing", "port", "node_unreachable"], "{findings:#?}");
    assert!(!folder.path().join("a").exists(), "it changes nothing");
}

#[test]
fn hot_key_should_be_judged_by_proxy_and_funds() {
    use quern_sdk::chain::proxy::{ProxyKind, ProxyView};
    let proxy = |delegate, delay_blocks| ProxyView { delegate, kind: ProxyKind::Daemon, delay_blocks };
    let codes_of = |proxies: &[ProxyView], free| codes(&judge::hot_key(&ME, &OTHER, proxies, free, QRN / 1_000));
    assert_eq!(codes_of(&[proxy(OTHER, 0)], QRN), Vec::<&str>::new());
    assert_eq!(codes_of(&[proxy(OTHER, 0)], QRN / 1_000), ["no_fees"]);
    assert_eq!(codes_of(&[proxy(OTHER, 0)], 0), ["hot_key_empty"]);
    assert_eq!(codes_of(&[proxy(OTHER, 3)], QRN), ["proxy_delay"]);
    assert_eq!(codes_of(&[proxy(ME, 0)], 0), ["not_proxy", "hot_key_empty"]);
}

#[test]
fn bond_should_be_the_stakes_matter_when_a_hot_key_signs() {
    let by_hot_key = Wants { by_hot_key: true, ..wants(Role::Worker, false) };
    let registered = crate::status::Facts { participant: Some(participant(Role::Worker)), ..facts() };
    let with_bond = |bonded, free| {
        let money = quern_protocol::view::AccountView { bonded, free, ..registered.money };
        let facts = crate::status::Facts { money, ..registered.clone() };
        codes(&judge::account(&facts, &by_hot_key, 8_000))
    };
    let minimum = registered.minimum_bond;
    assert_eq!(with_bond(minimum - 1, 10_000 * QRN), ["stake_unbonded"]);
    // Below --bond, and with nothing for fees: neither is the daemon's matter.
    assert_eq!(with_bond(minimum, 0), Vec::<&str>::new());
}

#[test]
fn key_of_the_stake_should_be_advised_against_but_an_apprentices() {
    let advice = judge::stake_key(&wants(Role::Worker, false)).expect("there is advice");
    assert_eq!((advice.level(), codes(&[advice])), (Level::Warning, vec!["stake_key"]));
    assert!(judge::stake_key(&Wants { apprentice: true, ..wants(Role::Worker, false) }).is_none());
    assert!(judge::stake_key(&Wants { by_hot_key: true, ..wants(Role::Worker, false) }).is_none());
}

#[test]
fn plants_should_be_told_with_what_is_held_and_when_the_first_is_lost() {
    let plant = |deposit, expires_at| quern_primitives::plant::Plant { owner: ME, deposit, posted_at: 1, expires_at };
    let plants = [plant(40 * QRN, 90), plant(10 * QRN, 70)];
    let findings = judge::planting(Ok(()), &plants, 50);
    let text = format!("{findings:?}");
    assert!(text.contains("2 plants and decoys under way, 50 QRN held, the first is lost in 20 blocks"), "{text}");
    let findings = judge::planting(Err(crate::planting::PlantingFault::Own), &[], 50);
    assert_eq!(codes(&findings), ["own_plants"]);
    assert!(format!("{findings:?}").contains("no plant or decoy is under way"));
}
