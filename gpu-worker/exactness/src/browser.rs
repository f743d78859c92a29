// SPDX-License-Identifier: Apache-2.0
//! A browser's WebGPU as a device: the page is given the kernels' WGSL, buffers and commands as they are, and runs them.
//!
//! The page asks by `POST /next` for what is to be done, each time with the answer to what it was given before. So this side
//! does nothing but answer, and any browser on this machine can be the other one. `src/page.html` has the messages' form.

use anyhow::{bail, ensure, Context as _, Result};
use quern_executor::{
    gpu::{Command, Device, Kernel},
    ExecutorError,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Stdio},
    sync::{
        mpsc::{Receiver, Sender},
        Arc, Mutex, MutexGuard, PoisonError,
    },
    time::{Duration, Instant},
};

/// What the parameters of a kernel are aligned to in their buffer: WebGPU's default.
const PARAMS_ALIGNMENT: usize = 256;
/// How long a browser may take to start, and to answer.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often it is looked whether the browser still runs.
const LOOK: Duration = Duration::from_secs(1);
/// Most bytes of an answer.
const MAX_ANSWER_BYTES: u64 = 1 << 28;
/// Most bytes of a request before its body.
const MAX_HEAD_BYTES: u64 = 1 << 16;

/// What a compiler says about a kernel.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Diagnostic {
    /// Which of those that were compiled.
    pub kernel: usize,
    /// `error`, `warning` or `info`.
    pub severity: String,
    /// The line of its source, counted from 1; 0 when unknown.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// What the page answers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    device: Option<String>,
    browser: Option<String>,
    error: Option<String>,
    diagnostics: Vec<Diagnostic>,
}

/// What the page is given to do.
#[derive(Debug, Default, Serialize)]
struct Message {
    kernels: Vec<KernelSource>,
    actions: Vec<Action>,
    read: Vec<Wanted>,
    #[serde(skip)]
    bytes: Vec<u8>,
}

#[derive(Debug, Serialize)]
struct KernelSource {
    id: usize,
    outputs: usize,
    arguments: usize,
    wgsl: String,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Action {
    Create { create: u64, bytes: u64 },
    Destroy { destroy: u64 },
    Write { write: u64, bytes: usize },
    Submit { submit: Vec<Dispatch> },
}

#[derive(Debug, Serialize)]
struct Dispatch {
    kernel: usize,
    grid: [u32; 2],
    /// The outputs, and after them the arguments.
    buffers: Vec<u64>,
    params_bytes: usize,
}

#[derive(Debug, Serialize)]
struct Wanted {
    id: u64,
    bytes: u64,
}

/// What the page has not been told yet, and what it knows.
#[derive(Default)]
struct Pending {
    message: Message,
    buffers: u64,
    kernels: HashMap<Arc<Kernel>, usize>,
}

/// A buffer of the page.
pub struct Buffer {
    id: u64,
    pending: Arc<Mutex<Pending>>,
}

impl Drop for Buffer {
    fn drop(&mut self) {
        lock(&self.pending).message.actions.push(Action::Destroy { destroy: self.id });
    }
}

/// A browser that has opened the page.
pub struct Browser {
    /// What it calls itself, and its adapter.
    name: String,
    pending: Arc<Mutex<Pending>>,
    page: Mutex<Page>,
}

impl Browser {
    /// Starts a Chromium without a window and has it open the page.
    pub fn start(program: &Path) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port for the page")?;
        let address = listener.local_addr()?;
        let (sender, posted) = std::sync::mpsc::channel();
        std::thread::spawn(move || listen(listener, sender));
        let profile = tempfile::tempdir().context("no folder for the browser's profile")?;
        let mut command = std::process::Command::new(program);
        command
            .args(["--headless=new", "--enable-unsafe-webgpu", "--no-first-run", "--disable-extensions"])
            .args(["--disable-background-networking", "--disable-sync", "--disable-dev-shm-usage"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("http://{address}/"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::uid(&profile.path().metadata()?) == 0 {
            // Chromium has no sandbox for root. It opens this page and nothing else.
            command.arg("--no-sandbox");
        }
        let child = command.spawn().with_context(|| format!("{} does not start", program.display()))?;
        let mut page = Page { posted, asking: None, child, _profile: profile };
        let (answer, _) = page.wait()?;
        if let Some(error) = answer.error {
            bail!("{error}");
        }
        let version = answer.browser.unwrap_or_default();
        let version = version.split(' ').find(|part| part.contains("Chrome/")).unwrap_or("browser");
        let name =
            format!("{version}, {}", answer.device.filter(|name| !name.is_empty()).as_deref().unwrap_or("WebGPU"));
        Ok(Self { name, pending: Arc::default(), page: Mutex::new(page) })
    }

    /// The browser and its adapter.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Compiles kernels: what its compiler says about them.
    pub fn compile(&self, kernels: &[Arc<Kernel>]) -> Result<Vec<Diagnostic>> {
        let kernels = kernels.iter().enumerate().map(|(id, kernel)| source(id, kernel)).collect();
        let (answer, _) = lock(&self.page).exchange(&Message { kernels, ..Message::default() })?;
        Ok(answer.diagnostics)
    }

    /// Sends what is pending: the bytes of what is read.
    fn flush(&self, read: Vec<Wanted>) -> Result<Vec<u8>> {
        // Held until the answer is there, so that no two messages overtake each other.
        let mut page = lock(&self.page);
        let mut message = std::mem::take(&mut lock(&self.pending).message);
        message.read = read;
        let (answer, bytes) = page.exchange(&message)?;
        if let Some(error) = answer.diagnostics.iter().find(|diagnostic| diagnostic.severity == "error") {
            bail!("a kernel does not compile: line {}: {}", error.line, error.message);
        }
        if let Some(error) = answer.error {
            bail!("{error}");
        }
        Ok(bytes)
    }
}

impl Device for Browser {
    type Buffer = Arc<Buffer>;

    fn create(&self, bytes: u64) -> Arc<Buffer> {
        let mut pending = lock(&self.pending);
        let id = pending.buffers;
        pending.buffers += 1;
        pending.message.actions.push(Action::Create { create: id, bytes });
        Arc::new(Buffer { id, pending: Arc::clone(&self.pending) })
    }

    fn write(&self, buffer: &Arc<Buffer>, bytes: &[u8]) {
        let Pending { message, .. } = &mut *lock(&self.pending);
        let size = bytes.len().next_multiple_of(4);
        message.bytes.extend_from_slice(bytes);
        message.bytes.resize(message.bytes.len() + size - bytes.len(), 0);
        message.actions.push(Action::Write { write: buffer.id, bytes: size });
    }

    fn submit(&self, commands: &[Command<Arc<Buffer>>]) -> Result<(), ExecutorError> {
        let Pending { message, kernels, .. } = &mut *lock(&self.pending);
        let mut submit = Vec::with_capacity(commands.len());
        for Command { call, outs, args, .. } in commands {
            let next = kernels.len();
            let kernel = *kernels.entry(Arc::clone(&call.kernel)).or_insert(next);
            if kernel == next {
                message.kernels.push(source(kernel, &call.kernel));
            }
            let buffers = outs.iter().chain(args).map(|buffer| buffer.id).collect();
            let params_bytes = call.params().len();
            submit.push(Dispatch { kernel, grid: call.grid(), buffers, params_bytes });
            let end = message.bytes.len() + params_bytes.next_multiple_of(PARAMS_ALIGNMENT);
            message.bytes.extend_from_slice(call.params());
            message.bytes.resize(end, 0);
        }
        message.actions.push(Action::Submit { submit });
        Ok(())
    }

    fn read(&self, wanted: &[(Arc<Buffer>, u64)]) -> Result<Vec<Vec<u8>>, ExecutorError> {
        let words = |bytes: u64| bytes.next_multiple_of(4).max(4);
        let read = wanted.iter().map(|(buffer, bytes)| Wanted { id: buffer.id, bytes: words(*bytes) }).collect();
        let all = self.flush(read).map_err(|error| ExecutorError::Device(format!("{error:#}")))?;
        let mut rest = all.as_slice();
        let tensors = wanted.iter().map(|(_, bytes)| {
            let (tensor, later) = rest.split_at_checked(words(*bytes) as usize)?;
            rest = later;
            Some(tensor.get(..*bytes as usize)?.to_vec())
        });
        let tensors: Option<Vec<_>> = tensors.collect();
        tensors.ok_or_else(|| ExecutorError::Device("the page returned too few bytes".into()))
    }
}

fn source(id: usize, kernel: &Kernel) -> KernelSource {
    KernelSource { id, outputs: kernel.outputs(), arguments: kernel.arguments(), wgsl: kernel.source() }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the page posts, and where it waits for what is next.
type Posted = (Vec<u8>, TcpStream);

/// The page, and the browser that it is open in.
struct Page {
    posted: Receiver<Posted>,
    /// Where the page waits for the next message.
    asking: Option<TcpStream>,
    child: Child,
    _profile: tempfile::TempDir,
}

impl Page {
    /// Gives the page something to do and waits for the answer.
    fn exchange(&mut self, message: &Message) -> Result<(Answer, Vec<u8>)> {
        let header = serde_json::to_vec(message)?;
        let length = (header.len() as u32).to_le_bytes();
        let asking = self.asking.take().context("the page has stopped")?;
        respond(asking, "application/octet-stream", &[&length, &header, &message.bytes])?;
        self.wait()
    }

    /// Waits until the page answers.
    fn wait(&mut self) -> Result<(Answer, Vec<u8>)> {
        let start = Instant::now();
        let (body, asking) = loop {
            match self.posted.recv_timeout(LOOK) {
                Ok(posted) => break posted,
                Err(_) => {
                    if let Some(status) = self.child.try_wait()? {
                        bail!("the browser has ended ({status})");
                    }
                    ensure!(start.elapsed() < PATIENCE, "the browser does not answer");
                }
            }
        };
        self.asking = Some(asking);
        parse_answer(&body)
    }
}

/// Serves the page for as long as somebody wants to know what it posts.
fn listen(listener: TcpListener, posted: Sender<Posted>) -> Result<()> {
    let address = listener.local_addr()?;
    for stream in listener.incoming() {
        let (stream, posted) = (stream?, posted.clone());
        // Browsers open connections before they have anything to ask.
        std::thread::spawn(move || match serve(stream, address) {
            Ok(Some(body)) => drop(posted.send(body)),
            Ok(None) => {}
            Err(error) => eprintln!("the browser's request failed: {error:#}"),
        });
    }
    Ok(())
}

/// Answers a request for the page; what the page posts is to be answered by whoever it is meant for.
fn serve(stream: TcpStream, address: SocketAddr) -> Result<Option<Posted>> {
    let mut reader = BufReader::new(stream);
    match read_request(&mut reader, &address.to_string())? {
        Request::None => Ok(None),
        Request::Page => {
            respond(reader.into_inner(), "text/html; charset=utf-8", &[include_bytes!("page.html")])?;
            Ok(None)
        }
        Request::Posted(body) => Ok(Some((body, reader.into_inner()))),
    }
}

/// What a browser asks for.
#[derive(Debug, PartialEq, Eq)]
enum Request {
    /// Nothing: the connection was opened to be used later, and was not.
    None,
    /// The page.
    Page,
    /// The next message, with this answer to the one before.
    Posted(Vec<u8>),
}

/// Reads a request that is meant for this address.
fn read_request(reader: &mut impl BufRead, address: &str) -> Result<Request> {
    let mut head = reader.by_ref().take(MAX_HEAD_BYTES);
    let mut request = String::new();
    if head.read_line(&mut request)? == 0 {
        return Ok(Request::None);
    }
    let (mut length, mut host) = (0u64, None);
    loop {
        let mut line = String::new();
        ensure!(head.read_line(&mut line)? > 0, "its head has no end");
        let Some((name, value)) = line.split_once(':') else { break };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().context("its length is no number")?;
        } else if name.eq_ignore_ascii_case("host") {
            host = Some(value.to_string());
        }
    }
    // Another site could ask too, under a name of its own for this address.
    ensure!(host.as_deref() == Some(address), "it was meant for {}", host.as_deref().unwrap_or("nobody"));
    if !request.starts_with("POST /next ") {
        return Ok(Request::Page);
    }
    ensure!(length <= MAX_ANSWER_BYTES, "it is too long");
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    ensure!(body.len() as u64 == length, "it ends too early");
    Ok(Request::Posted(body))
}

/// The JSON of an answer, and the bytes after it.
fn parse_answer(body: &[u8]) -> Result<(Answer, Vec<u8>)> {
    let (length, rest) = body.split_first_chunk().context("the page's answer is too short")?;
    let header = rest.split_at_checked(u32::from_le_bytes(*length) as usize);
    let (header, bytes) = header.context("the page's answer is too short")?;
    Ok((serde_json::from_slice(header).context("the page's answer is no JSON")?, bytes.to_vec()))
}

impl Drop for Page {
    fn drop(&mut self) {
        // The profile goes with it; what it would still have to say, nobody wants to hear.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn respond(mut stream: TcpStream, kind: &str, parts: &[&[u8]]) -> Result<()> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
    parts.iter().try_for_each(|part| stream.write_all(part))?;
    Ok(stream.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(request: &[u8]) -> Result<Request> {
        read_request(&mut &*request, "127.0.0.1:1")
    }

    fn message(header: &str, bytes: &[u8]) -> Vec<u8> {
        [&(header.len() as u32).to_le_bytes(), header.as_bytes(), bytes].concat()
    }

    #[test]
    fn requests_should_be_refused_when_they_are_meant_for_another_host() {
        assert_eq!(read(b"GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n").unwrap(), Request::Page);
        for host in ["Host: example.org\r\n", ""] {
            let error = read(format!("GET / HTTP/1.1\r\n{host}\r\n").as_bytes()).unwrap_err();
            assert!(error.to_string().starts_with("it was meant for"), "{error}");
        }
    }

    #[test]
    fn requests_should_be_refused_when_they_are_longer_than_they_may_be_or_shorter_than_they_say() {
        let post = |length: u64, body: &str| {
            read(
                format!("POST /next HTTP/1.1\r\nHost: 127.0.0.1:1\r\nContent-Length: {length}\r\n\r\n{body}")
                    .as_bytes(),
            )
        };
        assert_eq!(post(2, "ab").unwrap(), Request::Posted(b"ab".to_vec()));
        assert_eq!(post(3, "ab").unwrap_err().to_string(), "it ends too early");
        assert_eq!(post(MAX_ANSWER_BYTES + 1, "").unwrap_err().to_string(), "it is too long");
        assert_eq!(read(&vec![b'a'; 1 << 17]).unwrap_err().to_string(), "its head has no end");
    }

    #[test]
    fn answers_should_be_refused_when_they_are_not_of_their_form() {
        let (answer, bytes) = parse_answer(&message(r#"{"error":"lost"}"#, b"xy")).unwrap();
        assert_eq!((answer.error.as_deref(), bytes.as_slice()), (Some("lost"), b"xy".as_slice()));
        assert!(parse_answer(&[1, 0]).is_err());
        assert!(parse_answer(&[5, 0, 0, 0, b'{', b'}']).is_err());
        assert!(parse_answer(&message("[]x", b"")).is_err());
    }

    proptest! {
        #[test]
        fn parsers_should_not_panic_when_bytes_are_random(bytes: Vec<u8>, length: u8) {
            let _ = parse_answer(&bytes);
            let _ = parse_answer(&[&[length, 0, 0, 0], bytes.as_slice()].concat());
            let _ = read(&bytes);
            let _ = read(&[b"POST /next HTTP/1.1\r\nHost: 127.0.0.1:1\r\n", bytes.as_slice()].concat());
        }

        #[test]
        fn what_is_posted_should_be_what_is_read(body: Vec<u8>, bytes: Vec<u8>) {
            let head = format!("POST /next HTTP/1.1\r\nHost: 127.0.0.1:1\r\nContent-Length: {}\r\n\r\n", body.len());
            prop_assert_eq!(read(&[head.as_bytes(), &body, &bytes].concat()).unwrap(), Request::Posted(body));
            prop_assert_eq!(parse_answer(&message("{}", &bytes)).unwrap().1, bytes);
        }
    }
}
