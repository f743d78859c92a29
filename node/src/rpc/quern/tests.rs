// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

use super::{error, params, *};
use codec::Encode;
use futures::channel::mpsc;
use jsonrpsee::RpcModule;
use quern_primitives::{
    job::{Accelerator, AuditLevel, Endpoint, Input, JobSpec, OutputMap, Profile, Requirements, Stage},
    traits::Role,
    Account, BlobId, ShardId, QRN,
};
use quern_protocol::{
    shard::Shard,
    view::{
        AccountView, JobStatus, NetworkView, ParticipantView, PhaseCounts, Quote as QuoteView, ShardView, StageProgress,
    },
};
use sc_rpc_api::DenyUnsafe;
use serde_json::{json, Value};
use sp_api::ApiRef;
use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicUsize, Ordering},
        Mutex, MutexGuard, PoisonError,
    },
};

const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const ALICE_KEY: &str = "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";

/// What the runtime would answer.
#[derive(Clone, Default)]
struct State {
    jobs: BTreeMap<JobId, JobView>,
    roots: BTreeMap<JobId, BlobId>,
    refusal: Option<String>,
    broken: Option<String>,
    /// Number of blocks.
    blocks: u8,
    /// How often a job was read.
    reads: Arc<AtomicUsize>,
    /// What a read waits for, if for anything.
    gate: Option<Arc<Mutex<std::sync::mpsc::Receiver<()>>>>,
}

#[derive(Default)]
struct Fake {
    state: Mutex<State>,
    listeners: Mutex<Vec<mpsc::UnboundedSender<()>>>,
}

impl Fake {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new best block, in which something is as it says.
    fn block(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        state.blocks += 1;
        change(&mut state);
        drop(state);
        for listener in self.listeners.lock().unwrap().iter() {
            let _ = listener.unbounded_send(());
        }
    }
}

impl Chain<Block> for Fake {
    fn best(&self) -> Hash {
        Hash::repeat_byte(self.state().blocks)
    }

    fn new_heads(&self) -> BoxStream<'static, ()> {
        let (sender, receiver) = mpsc::unbounded();
        self.listeners.lock().unwrap().push(sender);
        receiver.boxed()
    }
}

impl ProvideRuntimeApi<Block> for Fake {
    type Api = Api;

    fn runtime_api(&self) -> ApiRef<'_, Api> {
        Api(self.state().clone()).into()
    }
}

struct Api(State);

sp_api::mock_impl_runtime_apis! {
    impl QuernApi<Block> for Api {
        fn job(&self, id: JobId) -> Option<JobView> {
            self.0.reads.fetch_add(1, Ordering::Relaxed);
            if let Some(gate) = &self.0.gate {
                let opened = gate.lock().unwrap().recv_timeout(std::time::Duration::from_secs(30));
                opened.expect("what opens the gate is not held up by the read");
            }
            self.0.jobs.get(&id).cloned()
        }
        fn jobs(&self, from: JobId, limit: u32) -> (Vec<JobView>, Option<JobId>) {
            let mut later = self.0.jobs.range(from..).map(|(_, job)| job.clone());
            let page = later.by_ref().take(limit as usize).collect();
            (page, later.next().map(|job| job.id))
        }
        fn quote(&self, spec: JobSpec) -> Result<QuoteView, String> {
            self.0.refusal.clone().map_or(Ok(()), Err)?;
            Ok(QuoteView { escrow: spec.bid, macs: u64::MAX, shards: 2, ..Default::default() })
        }
        fn shards(&self, _: JobId, _: u16, _: u32) -> Vec<Shard> {
            Vec::new()
        }
        fn shard(&self, _: ShardId) -> Option<ShardView> {
            None
        }
        fn duties(&self, _: Account, _: Option<ShardId>) -> (Vec<ShardView>, Option<ShardId>) {
            (Vec::new(), None)
        }
        fn served(&self, _: Account, _: Option<ShardId>) -> (Vec<Shard>, Option<ShardId>) {
            (Vec::new(), None)
        }
        fn program(&self, _: BlobId) -> Option<Vec<u8>> {
            None
        }
        fn job_root(&self, id: JobId) -> Option<BlobId> {
            self.0.roots.get(&id).copied()
        }
        fn tainted_stages(&self, id: JobId) -> Vec<u16> {
            self.0.jobs.get(&id).map(|job| job.tainted.clone()).unwrap_or_default()
        }
        fn network(&self) -> NetworkView {
            NetworkView { workers: 2, validators: 1, issuance: u128::MAX, ..Default::default() }
        }
        fn workers(&self, from: u32, limit: u32) -> Vec<ParticipantView> {
            (from..5).take(limit as usize).map(|place| participant([place as u8; 32])).collect()
        }
        fn barred(&self, _: Option<Account>, _: u32) -> Vec<ParticipantView> {
            Vec::new()
        }
        fn participant(&self, account: Account) -> Option<ParticipantView> {
            (account == [1; 32]).then(|| participant(account))
        }
        fn account(&self, _: Account) -> AccountView {
            AccountView { free: 3 * QRN, ..Default::default() }
        }
        fn check_invariants(&self) -> Result<(), String> {
            self.0.broken.clone().map_or(Ok(()), Err)
        }
        fn dry_quote(&self, spec: JobSpec, _: Vec<Vec<u8>>) -> Result<(QuoteView, u128), String> {
            self.0.refusal.clone().map_or(Ok(()), Err)?;
            Ok((QuoteView { escrow: spec.bid, ..Default::default() }, 0))
        }
    }
}

fn participant(account: Account) -> ParticipantView {
    let mut ip = [0; 16];
    ip[10..].copy_from_slice(&[0xff, 0xff, 127, 0, 0, 1]);
    let addresses = vec![quern_primitives::job::SocketAddress { ip, port: 4100 }];
    ParticipantView {
        account,
        role: match account[0] {
            2 => Role::Validator,
            3.. => Role::Apprentice,
            _ => Role::Worker,
        },
        endpoint: Endpoint { id: [9; 32], addresses: addresses.try_into().unwrap() },
        profile: Profile::new(1024, "cpu", false),
        ask: QRN,
        slots: 2,
        open: 1,
        reputation: 5,
        barred: false,
        bonded: 7,
        locked: 3,
    }
}

fn running(id: JobId) -> JobView {
    let stage = StageProgress {
        program: BlobId([4; 32]),
        tasks: 8,
        shards: 2,
        phases: PhaseCounts { running: 2, ..Default::default() },
        accepted: 0,
        root: None,
    };
    JobView {
        id,
        requester: params::account(ALICE).unwrap(),
        status: JobStatus::Running,
        stages: vec![stage],
        escrow_left: u128::MAX,
        spent: 0,
        bid: QRN,
        submitted_at: 12,
        root: None,
        maturing: 0,
        tainted: Vec::new(),
        parent: None,
        failure: None,
        pauses: 0,
        unfunded: 0,
    }
}

fn completed(id: JobId) -> JobView {
    let root = BlobId([5; 32]);
    let mut job = running(id);
    job.stages[0].root = Some(BlobId([6; 32]));
    JobView { status: JobStatus::Completed { root }, root: Some(root), escrow_left: 0, spent: 9, ..job }
}

fn module(change: impl FnOnce(&mut State)) -> (Arc<Fake>, RpcModule<Quern<Block, Fake>>) {
    let fake = Arc::new(Fake::default());
    fake.block(change);
    (fake.clone(), Quern::new(fake).into_rpc())
}

/// The whole answer of a method, as it goes over the wire, without what is the same in all.
async fn ask(module: &RpcModule<Quern<Block, Fake>>, method: &str, params: Value) -> Value {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let (answer, _) = module.raw_json_request(&request, 1).await.unwrap();
    let mut answer: Value = serde_json::from_str(&answer).unwrap();
    let whole = answer.as_object_mut().unwrap();
    whole.remove("result").unwrap_or_else(|| whole.remove("error").unwrap())
}

fn spec() -> JobSpec {
    let inputs = vec![
        Input::Slice { blob: quern_primitives::job::Blob { id: BlobId([1; 32]), len: 64 }, stride: 8 },
        Input::Output { stage: 0, map: OutputMap::Fixed(3) },
        Input::Index,
    ];
    let stage = Stage { program: BlobId([4; 32]), tasks: 8, shard_size: 4, inputs: inputs.try_into().unwrap() };
    JobSpec {
        stages: vec![stage].try_into().unwrap(),
        bid: QRN,
        audit: AuditLevel::Full,
        requirements: Requirements {
            memory_mib: 64,
            gmacs_per_second: 7,
            regions: vec!["DE".parse().unwrap()].try_into().unwrap(),
            accelerator: Accelerator::Gpu,
        },
        extra_blocks: 9,
        endpoints: vec![participant([1; 32]).endpoint].try_into().unwrap(),
    }
}

fn spec_as_json() -> Value {
    json!({
        "stages": [{
            "program": format!("0x{}", "04".repeat(32)),
            "tasks": 8,
            "shard_size": 4,
            "inputs": [
                { "slice": { "blob": { "id": format!("0x{}", "01".repeat(32)), "len": 64 }, "stride": 8 } },
                { "output": { "stage": 0, "map": { "task": 3 } } },
                "index",
            ],
        }],
        "bid": "1000000000000",
        "audit": "full",
        "memory_mib": 64,
        "gmacs_per_second": 7,
        "regions": ["DE"],
        "accelerator": "gpu",
        "extra_blocks": 9,
        "endpoints": [{ "id": format!("0x{}", "09".repeat(32)), "addresses": ["127.0.0.1:4100"] }],
    })
}

#[tokio::test]
async fn job_should_show_amounts_as_strings_and_accounts_as_addresses() {
    let (_, module) = module(|state| drop(state.jobs.insert(7, running(7))));
    let answer = ask(&module, "quern_job", json!([7])).await;
    assert_eq!(answer["requester"], ALICE);
    assert_eq!(answer["escrow_left"], u128::MAX.to_string());
    assert_eq!(answer["status"], "running");
    assert_eq!(answer["stages"][0]["program"], format!("0x{}", "04".repeat(32)));
    assert_eq!(answer["stages"][0]["phases"]["running"], 2);
    assert_eq!(answer["root"], Value::Null);
}

#[tokio::test]
async fn job_should_be_refused_when_it_never_was() {
    let (_, module) = module(|_| ());
    let answer = ask(&module, "quern_job", json!([7])).await;
    assert_eq!(answer, json!({ "code": error::UNKNOWN_JOB, "message": "there is no job 7" }));
}

#[tokio::test]
async fn job_should_be_told_from_an_unknown_one_when_it_is_pruned() {
    let (_, module) = module(|state| state.roots.extend([(7, BlobId([5; 32]))]));
    assert_eq!(ask(&module, "quern_job", json!([7])).await["code"], error::PRUNED_JOB);
}

#[tokio::test]
async fn jobs_should_come_in_pages() {
    let (_, module) = module(|state| state.jobs.extend((0..3).map(|id| (id, running(id)))));
    let first = ask(&module, "quern_jobs", json!([0, 2])).await;
    assert_eq!((first["jobs"].as_array().unwrap().len(), &first["next"]), (2, &json!(2)));
    let last = ask(&module, "quern_jobs", json!([2, 2])).await;
    assert_eq!((&last["jobs"][0]["id"], &last["next"]), (&json!(2), &Value::Null));
    let all = ask(&module, "quern_jobs", json!([])).await;
    assert_eq!((all["jobs"].as_array().unwrap().len(), &all["next"]), (3, &Value::Null));
}

#[tokio::test]
async fn page_should_be_refused_when_it_is_too_long_or_empty() {
    let (_, module) = module(|_| ());
    for (method, limit) in [("quern_jobs", 65), ("quern_jobs", 0), ("quern_workers", 65), ("quern_workers", 0)] {
        let answer = ask(&module, method, json!([0, limit])).await;
        assert_eq!(answer["code"], -32602);
        let message = format!("limit: {limit} is not from 1 to 64; ask for the next page with next");
        assert_eq!(answer["message"], message);
    }
}

#[tokio::test]
async fn parameter_should_be_refused_when_it_is_of_another_type() {
    let (_, module) = module(|_| ());
    for params in [json!(["seven"]), json!([-1]), json!([])] {
        assert_eq!(ask(&module, "quern_job", params).await["code"], -32602);
    }
}

#[tokio::test]
async fn quote_should_be_the_same_for_both_forms_of_a_job() {
    let (_, module) = module(|_| ());
    let scale = format!("0x{}", spec().encode().iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let answer = ask(&module, "quern_quote", json!([scale])).await;
    assert_eq!((&answer["escrow"], &answer["shards"]), (&json!("1000000000000"), &json!(2)));
    assert_eq!(answer["macs"], u64::MAX.to_string());
    assert_eq!(ask(&module, "quern_quote", json!([spec_as_json()])).await, answer);
}

#[tokio::test]
async fn quote_should_say_why_the_chain_refuses() {
    let (_, module) = module(|state| state.refusal = Some("InvalidJob(NoBid)".into()));
    let answer = ask(&module, "quern_quote", json!([spec_as_json()])).await;
    let refused = json!({ "code": error::REFUSED_JOB, "message": "the job would be refused: InvalidJob(NoBid)" });
    assert_eq!(answer, refused);
}

#[tokio::test]
async fn refusal_should_have_its_place_in_words() {
    let fault = "InvalidJob(UnknownProgram(At { stage: 0, input: 1 }))";
    let (_, module) = module(|state| state.refusal = Some(fault.into()));
    let answer = ask(&module, "quern_quote", json!([spec_as_json()])).await;
    assert_eq!(answer["message"], "the job would be refused: InvalidJob(UnknownProgram), stage 0, input 1");
}

#[test]
fn spec_should_be_the_same_when_written_as_json() {
    assert_eq!(params::spec(spec_as_json()).unwrap(), spec());
}

#[test]
fn spec_should_be_refused_when_it_is_cut_or_too_long() {
    let mut bytes = spec().encode();
    bytes.push(0);
    assert!(params::spec(json!(sp_core::bytes::to_hex(&bytes, false))).is_err());
    bytes.truncate(20);
    assert!(params::spec(json!(sp_core::bytes::to_hex(&bytes, false))).is_err());
    assert!(params::spec(json!("not hexadecimal")).is_err());
}

#[test]
fn spec_should_be_refused_when_json_is_wrong() {
    let wrong = |pointer: &str, value: Value| {
        let mut spec = spec_as_json();
        *spec.pointer_mut(pointer).unwrap() = value;
        params::spec(spec).unwrap_err().to_string()
    };
    assert!(wrong("/bid", json!("1.5")).contains("not an amount"));
    assert!(wrong("/audit", json!("none")).contains("unknown variant"));
    assert!(wrong("/stages/0/inputs", json!(vec!["seed"; 17])).contains("more inputs than 16"));
    assert!(wrong("/stages/0/program", json!("0x04")).contains("invalid length"));
}

#[test]
fn spec_should_be_refused_with_the_path_of_what_is_wrong() {
    let wrong = |pointer: &str, value: Value| {
        let mut spec = spec_as_json();
        *spec.pointer_mut(pointer).unwrap() = value;
        params::spec(spec).unwrap_err().to_string()
    };
    let begins = |said: String, beginning: &str| assert!(said.starts_with(beginning), "{said}");
    let number = wrong("/bid", json!(1));
    begins(number.clone(), "spec: bid: invalid type: ");
    assert!(number.ends_with("expected a string of decimal digits, in 10^-12 QRN"), "{number}");
    begins(wrong("/stages/0/tasks", json!("8")), "spec: stages[0].tasks: invalid type: ");
    begins(wrong("/stages/0/inputs/0/slice/blob/id", json!("0x04")), "spec: stages[0].inputs[0].slice.blob.id: ");
    begins(wrong("/stages/0/inputs/2", json!("indexes")), "spec: stages[0].inputs[2]: unknown variant `indexes`");
    begins(wrong("/stages/0/inputs/0/slice", json!({})), "spec: stages[0].inputs[0].slice: missing field `blob`");
    begins(wrong("/stages/0", json!({ "programm": 1 })), "spec: stages[0].programm: unknown field");
    begins(wrong("/endpoints/0/addresses/0", json!("here")), "spec: endpoints[0].addresses[0]: invalid socket address");
    begins(params::spec(json!({ "bid": "1.5" })).unwrap_err().to_string(), "spec: bid: \"1.5\" is not an amount");
    begins(params::spec(json!(null)).unwrap_err().to_string(), "spec: invalid type: null");
}

#[tokio::test]
async fn receipt_should_have_the_stage_roots_until_the_job_is_pruned() {
    let (fake, module) = module(|state| drop(state.jobs.insert(7, running(7))));
    let open = ask(&module, "quern_receipt", json!([7])).await;
    assert_eq!(open, json!({ "job": 7, "root": null, "stages": [null], "tainted": [] }));
    fake.block(|state| drop((state.jobs.insert(7, completed(7)), state.roots.insert(7, BlobId([5; 32])))));
    let [root, stage] = ["05", "06"].map(|byte| format!("0x{}", byte.repeat(32)));
    let done = ask(&module, "quern_receipt", json!([7])).await;
    assert_eq!(done, json!({ "job": 7, "root": root, "stages": [stage], "tainted": [] }));
    fake.block(|state| state.jobs.clear());
    let pruned = ask(&module, "quern_receipt", json!([7])).await;
    assert_eq!(pruned, json!({ "job": 7, "root": root, "stages": null, "tainted": [] }));
    assert_eq!(ask(&module, "quern_receipt", json!([8])).await["code"], error::UNKNOWN_JOB);
}

#[tokio::test]
async fn workers_should_come_in_pages() {
    let (_, module) = module(|_| ());
    let first = ask(&module, "quern_workers", json!([0, 2])).await;
    assert_eq!((first["workers"].as_array().unwrap().len(), &first["next"]), (2, &json!(2)));
    assert_eq!(first["workers"][0]["endpoint"]["addresses"], json!(["127.0.0.1:4100"]));
    let last = ask(&module, "quern_workers", json!([2, 2])).await;
    assert_eq!((&last["workers"][0]["role"], &last["next"]), (&json!("validator"), &json!(4)));
}

#[tokio::test]
async fn workers_should_end_with_the_apprentices_when_next_is_followed() {
    let (_, module) = module(|_| ());
    for limit in 1..=6 {
        let (mut from, mut roles) = (json!(0), Vec::new());
        while from != Value::Null {
            let page = ask(&module, "quern_workers", json!([from, limit])).await;
            roles.extend(page["workers"].as_array().unwrap().iter().map(|worker| worker["role"].clone()));
            from = page["next"].clone();
        }
        assert_eq!(roles, ["worker", "worker", "validator", "apprentice", "apprentice"], "pages of {limit}");
    }
}

#[tokio::test]
async fn account_should_be_found_by_address_and_by_key() {
    let (_, module) = module(|_| ());
    let answer = ask(&module, "quern_account", json!([ALICE])).await;
    assert_eq!((&answer["free"], &answer["participant"]), (&json!("3000000000000"), &Value::Null));
    assert_eq!(ask(&module, "quern_account", json!([ALICE_KEY])).await, answer);
    let worker = ask(&module, "quern_account", json!([format!("0x{}", "01".repeat(32))])).await;
    assert_eq!(worker["participant"]["slots"], 2);
}

#[tokio::test]
async fn account_should_be_refused_when_the_address_is_wrong_or_of_another_network() {
    let (_, module) = module(|_| ());
    let reason = |text: &'static str| {
        let module = &module;
        async move {
            let answer = ask(module, "quern_account", json!([text])).await;
            assert_eq!(answer["code"], -32602);
            answer["message"].as_str().unwrap().to_owned()
        }
    };
    assert!(reason("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQX").await.contains("neither"));
    assert!(reason("0x1234").await.contains("2 bytes are not the 32"));
    assert!(reason("15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5").await.contains("prefix 0"));
}

#[tokio::test]
async fn network_should_show_large_numbers_as_strings() {
    let (_, module) = module(|_| ());
    let answer = ask(&module, "quern_network", json!([])).await;
    assert_eq!((&answer["workers"], &answer["issuance"]), (&json!(2), &json!(u128::MAX.to_string())));
}

#[tokio::test]
async fn invariants_should_be_checked_only_where_unsafe_methods_are_served() {
    let (fake, mut module) = module(|_| ());
    module.extensions_mut().insert(DenyUnsafe::Yes);
    assert_eq!(ask(&module, "quern_checkInvariants", json!([])).await["code"], -32601);
    module.extensions_mut().insert(DenyUnsafe::No);
    assert_eq!(ask(&module, "quern_checkInvariants", json!([])).await, Value::Null);
    fake.block(|state| state.broken = Some("jobs: escrow differs".into()));
    assert_eq!(ask(&module, "quern_checkInvariants", json!([])).await, "jobs: escrow differs");
}

#[tokio::test]
async fn subscription_should_push_changes_and_end_when_the_job_is_over() {
    let (fake, module) = module(|state| drop(state.jobs.insert(7, running(7))));
    let mut job = module.subscribe_unbounded("quern_subscribeJob", [7u64]).await.unwrap();
    assert_eq!(job.next::<Value>().await.unwrap().unwrap().0["status"], "running");
    fake.block(|_| ());
    fake.block(|state| drop(state.jobs.insert(7, completed(7))));
    assert_eq!(job.next::<Value>().await.unwrap().unwrap().0["status"], "completed");
    assert!(job.next::<Value>().await.is_none());
}

#[tokio::test]
async fn subscription_should_follow_what_is_still_paid_when_the_job_is_cancelled() {
    let fake = Arc::new(Fake::default());
    let cancelled = |escrow_left| JobView { status: JobStatus::Cancelled, escrow_left, ..running(7) };
    fake.block(|state| drop(state.jobs.insert(7, cancelled(5))));
    let heads = fake.new_heads();
    let mut changes = watch::changes(fake.clone(), Arc::default(), heads, cancelled(5)).boxed();
    assert_eq!(changes.next().await.unwrap().unwrap().escrow_left.0, 5);
    fake.block(|state| drop(state.jobs.insert(7, cancelled(0))));
    assert_eq!(changes.next().await.unwrap().unwrap().escrow_left.0, 0);
    assert!(changes.next().await.is_none());
}

#[tokio::test]
async fn job_should_be_read_once_a_block_however_many_follow_it() {
    let (fake, module) = module(|state| drop(state.jobs.insert(7, running(7))));
    let mut followers = Vec::new();
    for _ in 0..8 {
        followers.push(module.subscribe_unbounded("quern_subscribeJob", [7u64]).await.unwrap());
    }
    for job in &mut followers {
        assert_eq!(job.next::<Value>().await.unwrap().unwrap().0["status"], "running");
    }
    assert_eq!(fake.state().reads.load(Ordering::Relaxed), 1);
    fake.block(|state| drop(state.jobs.insert(7, completed(7))));
    for job in &mut followers {
        assert_eq!(job.next::<Value>().await.unwrap().unwrap().0["status"], "completed");
    }
    assert_eq!(fake.state().reads.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn subscription_should_be_refused_when_the_job_never_was() {
    let (_, module) = module(|_| ());
    let answer = ask(&module, "quern_subscribeJob", json!([7])).await;
    assert_eq!(answer["code"], error::UNKNOWN_JOB);
}

#[tokio::test]
async fn subscription_should_be_refused_when_the_connection_has_taken_its_places() {
    let (_, module) = module(|state| drop(state.jobs.insert(7, running(7))));
    let mut taken = Vec::new();
    for _ in 0..MAX_SUBSCRIPTIONS_OF_CONNECTION {
        taken.push(module.subscribe_unbounded("quern_subscribeJob", [7u64]).await.unwrap());
    }
    assert_eq!(ask(&module, "quern_subscribeJob", json!([7])).await["code"], error::TOO_MANY_SUBSCRIPTIONS);
}

#[test]
fn addresses_should_be_those_of_the_runtime() {
    assert_eq!(u16::from(quern_protocol::json::SS58_PREFIX), quern_runtime::SS58_PREFIX);
    assert_eq!(quern_protocol::json::address(&params::account(ALICE_KEY).unwrap()), ALICE);
}

#[test]
fn place_should_come_back_when_it_is_left() {
    let places = Places::new(1, 1);
    let place = places.take(7).unwrap();
    assert!(places.take(7).is_err() && places.take(8).is_err());
    drop(place);
    assert!(places.take(8).is_ok());
}

#[test]
fn connection_should_take_no_more_than_its_share_of_the_places() {
    let places = Places::new(3, 2);
    let taken = [places.take(7).unwrap(), places.take(7).unwrap()];
    assert!(matches!(places.take(7), Err(Error::TooManyOfConnection(2))));
    let other = places.take(8).unwrap();
    assert!(matches!(places.take(9), Err(Error::TooManySubscriptions(3))));
    drop(taken);
    assert!(places.take(9).is_ok());
    drop(other);
}

#[tokio::test]
async fn node_should_go_on_while_a_job_is_read() {
    let (sender, gate) = std::sync::mpsc::channel();
    let (_, module) = module(|state| {
        state.jobs.insert(7, running(7));
        state.gate = Some(Arc::new(Mutex::new(gate)));
    });
    // Both on this one thread: the second ends the first's wait.
    let opens = async {
        tokio::task::yield_now().await;
        sender.send(()).unwrap();
    };
    let (job, ()) = futures::join!(module.subscribe_unbounded("quern_subscribeJob", [7u64]), opens);
    assert_eq!(job.unwrap().next::<Value>().await.unwrap().unwrap().0["status"], "running");
}
