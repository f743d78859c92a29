// SPDX-License-Identifier: Apache-2.0
//! The processes of a network on this machine. None of them outlives this one, however it ends.

use anyhow::{bail, ensure, Context};
use std::{
    collections::HashMap,
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, ChildStdin, Command},
    time::timeout,
};

/// How a process is started, each time that it is.
pub type Starts = Box<dyn Fn() -> Command + Send>;

/// What is to be done to a process while the network runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// End it at once, as `kill -9` does.
    Kill(String),
    /// Start it again as it was started before.
    Restart(String),
}

/// Lines of a log that are shown when its process dies.
const TAIL_LINES: usize = 25;
/// How long a process may take to stop by itself.
const STOP: Duration = Duration::from_secs(5);

/// Reads process ids until its input ends. If the last word was not `done` then whoever wrote them is dead, so it ends them
/// (each leads a process group of its own) and removes the folder.
const WATCHDOG: &str = r#"
pids=""
while read -r word; do
    [ "$word" = done ] && exit 0
    pids="$pids $word"
done
for pid in $pids; do kill -s KILL -- "-$pid" 2>/dev/null; done
rm -rf -- "$1"
"#;

/// The programs that a network consists of.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// The node.
    pub node: PathBuf,
    /// The daemons.
    pub worker: PathBuf,
}

impl Binaries {
    /// Those in `QUERN_BIN_DIR`, or beside this program.
    pub fn find() -> anyhow::Result<Self> {
        match env::var_os("QUERN_BIN_DIR") {
            Some(folder) => Self::find_in(Path::new(&folder)),
            None => {
                let own = env::current_exe().context("this program does not know where it is; set QUERN_BIN_DIR")?;
                Self::find_in(own.parent().unwrap_or(Path::new(".")))
            }
        }
    }

    fn find_in(folder: &Path) -> anyhow::Result<Self> {
        let find = |name: &str| {
            let path = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
            ensure!(
                path.is_file(),
                "{name} is not in {}; build it with `cargo build --workspace --bins`, or say where it is with QUERN_BIN_DIR",
                folder.display()
            );
            Ok(path)
        };
        Ok(Self { node: find("quern-node")?, worker: find("quern-worker")? })
    }
}

/// A TCP port of the loopback interface that nobody listens on.
pub fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port of 127.0.0.1 can be opened")?;
    Ok(listener.local_addr()?.port())
}

struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

/// A running network's processes and their folder.
pub struct Processes {
    // The processes come before the folder: they are dropped, and so killed, first.
    running: Vec<Process>,
    starts: HashMap<String, Starts>,
    watchdog: Option<(Child, ChildStdin)>,
    logs: PathBuf,
    folder: tempfile::TempDir,
}

impl Processes {
    /// No process yet, and a new temporary folder. Logs go to `logs`, or into that folder.
    pub fn new(logs: Option<&Path>) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("quern-devnet-").tempdir().with_context(|| {
            format!("no folder can be made in {}; choose another with TMPDIR", env::temp_dir().display())
        })?;
        let logs = logs.map_or_else(|| folder.path().join("logs"), Path::to_owned);
        fs::create_dir_all(&logs).with_context(|| format!("the folder {} cannot be made", logs.display()))?;
        Ok(Self { running: Vec::new(), starts: HashMap::new(), watchdog: None, logs, folder })
    }

    /// The network's folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the logs are.
    pub fn logs(&self) -> &Path {
        &self.logs
    }

    /// Starts a process, which leads a process group of its own: a Ctrl-C on the terminal reaches this process alone.
    pub async fn start(&mut self, name: &str, starts: Starts) -> anyhow::Result<()> {
        let command = starts();
        self.starts.insert(name.into(), starts);
        // A log of an earlier network with the same folder.
        let _ = fs::remove_file(self.logs.join(format!("{name}.log")));
        self.spawn(name, command).await
    }

    /// Carries out an order.
    pub async fn obey(&mut self, order: &Order) -> anyhow::Result<()> {
        match order {
            Order::Kill(name) => {
                let at = self.running.iter().position(|process| process.name == *name);
                let mut process = self.running.swap_remove(at.with_context(|| format!("{name} does not run"))?);
                process.child.kill().await.with_context(|| format!("{name} cannot be killed"))
            }
            Order::Restart(name) => {
                let command = self.starts.get(name).with_context(|| format!("{name} was never started"))?();
                self.spawn(name, command).await
            }
        }
    }

    async fn spawn(&mut self, name: &str, mut command: Command) -> anyhow::Result<()> {
        if self.watchdog.is_none() {
            self.watchdog = Some(watchdog(self.folder.path())?);
        }
        let log = self.logs.join(format!("{name}.log"));
        let file = fs::OpenOptions::new().create(true).append(true).open(&log);
        let file = file.with_context(|| format!("{} cannot be written", log.display()))?;
        let child = command
            .process_group(0)
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("{name} cannot be started ({:?})", command.as_std().get_program()))?;
        let pid = child.id();
        self.running.push(Process { name: name.into(), child, log });
        if let (Some((_, stdin)), Some(pid)) = (&mut self.watchdog, pid) {
            stdin.write_all(format!("{pid}\n").as_bytes()).await.context("the watchdog died")?;
        }
        Ok(())
    }

    /// Fails as soon as one of the processes has ended, with the end of its log. Never returns otherwise.
    pub async fn watch(&mut self) -> anyhow::Error {
        let exits = self.running.iter_mut().map(|process| {
            Box::pin(async move {
                let status = process.child.wait().await;
                died(&process.name, status.ok(), &process.log)
            })
        });
        if exits.len() == 0 {
            return std::future::pending().await;
        }
        futures::future::select_all(exits).await.0
    }

    /// The end of each log.
    pub fn tails(&self, lines: usize) -> String {
        self.running
            .iter()
            .map(|process| format!("--- {} ---\n{}\n", process.name, tail(&process.log, lines)))
            .collect()
    }

    /// Stops every process and removes the folder.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        for process in &mut self.running {
            process.child.start_kill().ok();
        }
        for process in &mut self.running {
            if timeout(STOP, process.child.wait()).await.is_err() {
                bail!("{} does not stop; its process id is {:?}", process.name, process.child.id());
            }
        }
        if let Some((mut child, mut stdin)) = self.watchdog.take() {
            stdin.write_all(b"done\n").await.ok();
            drop(stdin);
            timeout(STOP, child.wait()).await.ok();
        }
        self.folder.close().context("the network's folder could not be removed")
    }
}

fn watchdog(folder: &Path) -> anyhow::Result<(Child, ChildStdin)> {
    let mut child = Command::new("sh")
        .args(["-c", WATCHDOG, "quern-devnet-watchdog"])
        .arg(folder)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("sh cannot be started")?;
    let stdin = child.stdin.take().context("the watchdog has no input")?;
    Ok((child, stdin))
}

fn died(name: &str, status: Option<ExitStatus>, log: &Path) -> anyhow::Error {
    let status = status.map_or_else(|| "ended".into(), |status| format!("ended ({status})"));
    anyhow::anyhow!("{name} {status}. The end of its log:\n{}", tail(log, TAIL_LINES))
}

/// The last lines of a file.
fn tail(path: &Path, lines: usize) -> String {
    let text = fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all.iter().skip(all.len().saturating_sub(lines)).map(|line| format!("    {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn shell(script: &'static str) -> Starts {
        Box::new(move || {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        })
    }

    /// Waits until a condition holds.
    async fn until(what: &str, mut holds: impl FnMut() -> bool) {
        let end = Instant::now() + Duration::from_secs(10);
        while !holds() {
            assert!(Instant::now() < end, "{what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn runs(pid: u32) -> bool {
        // A zombie that its parent has not collected yet does not run.
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z')
    }

    #[tokio::test]
    async fn watch_should_show_the_log_when_a_process_dies() {
        let mut processes = Processes::new(None).unwrap();
        processes.start("sleeper", shell("sleep 60")).await.unwrap();
        processes.start("worker-1", shell("echo no money >&2; exit 7")).await.unwrap();
        let error = processes.watch().await.to_string();
        assert!(error.contains("worker-1 ended") && error.contains("no money"), "{error}");
        processes.stop().await.unwrap();
    }

    #[tokio::test]
    async fn process_should_run_again_with_its_old_log_when_it_is_restarted() {
        let mut processes = Processes::new(None).unwrap();
        processes.start("sleeper", shell("echo again; exec sleep 60")).await.unwrap();
        let log = processes.logs().join("sleeper.log");
        let said = |times| fs::read_to_string(&log).unwrap_or_default() == "again\n".repeat(times);
        until("it runs", || said(1)).await;
        processes.obey(&Order::Kill("sleeper".into())).await.unwrap();
        assert!(processes.running.is_empty());
        processes.obey(&Order::Restart("sleeper".into())).await.unwrap();
        until("it runs again", || said(2)).await;
        processes.stop().await.unwrap();
    }

    #[tokio::test]
    async fn order_should_be_refused_when_the_process_is_unknown() {
        let mut processes = Processes::new(None).unwrap();
        for order in [Order::Kill("nobody".into()), Order::Restart("nobody".into())] {
            assert!(processes.obey(&order).await.unwrap_err().to_string().contains("nobody"));
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn nothing_should_be_left_when_the_network_stops() {
        let mut processes = Processes::new(None).unwrap();
        processes.start("sleeper", shell("exec sleep 60")).await.unwrap();
        let pid = processes.running[0].child.id().unwrap();
        let folder = processes.folder().to_owned();
        processes.stop().await.unwrap();
        assert!(!folder.exists());
        assert!(!runs(pid));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn nothing_should_be_left_when_the_network_is_dropped() {
        let mut processes = Processes::new(None).unwrap();
        processes.start("sleeper", shell("exec sleep 60")).await.unwrap();
        let pid = processes.running[0].child.id().unwrap();
        let folder = processes.folder().to_owned();
        drop(processes);
        until("the process ends", || !runs(pid)).await;
        assert!(!folder.exists());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn watchdog_should_clean_up_when_its_writer_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network");
        fs::create_dir(&path).unwrap();
        let mut sleeper = shell("exec sleep 60")().process_group(0).spawn().unwrap();
        let pid = sleeper.id().unwrap();
        let (mut child, mut stdin) = watchdog(&path).unwrap();
        stdin.write_all(format!("{pid}\n").as_bytes()).await.unwrap();
        drop(stdin);
        child.wait().await.unwrap();
        assert!(!path.exists());
        assert!(!sleeper.wait().await.unwrap().success());
    }

    #[test]
    fn binaries_should_be_named_with_the_remedy_when_they_are_missing() {
        let folder = tempfile::tempdir().unwrap();
        let error = Binaries::find_in(folder.path()).unwrap_err().to_string();
        assert!(error.contains("quern-node") && error.contains("QUERN_BIN_DIR"), "{error}");
    }

    #[test]
    fn tail_should_have_the_last_lines_when_a_log_is_long() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        fs::write(&log, (0..100).map(|line| format!("line {line}\n")).collect::<String>()).unwrap();
        assert_eq!(tail(&log, 2), "    line 98\n    line 99\n");
        assert_eq!(tail(&folder.path().join("nothing"), 2), "");
    }
}
