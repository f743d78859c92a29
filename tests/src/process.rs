// SPDX-License-Identifier: Apache-2.0
//! Processes with a log, which do not outlive their handle.

use std::{
    env, fs,
    fs::OpenOptions,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

/// Lines of a log that are shown when a test panics.
const TAIL_LINES: usize = 40;

/// One of Quern's programs: from `QUERN_BIN_DIR`, or from the target folder in which this test was built.
pub fn binary(name: &str) -> PathBuf {
    let folder = match env::var_os("QUERN_BIN_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => {
            let own = env::current_exe().expect("a test knows where it is");
            own.ancestors().nth(2).expect("a test lies in target/debug/deps").to_owned()
        }
    };
    let path = folder.join(name);
    assert!(path.is_file(), "{} is not built: run `cargo build --workspace --bins` first", path.display());
    path
}

/// A command for one of Quern's programs, with nothing of the caller's settings for it.
pub fn command(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(binary(name));
    for setting in
        ["QUERN_RPC", "QUERN_SURI", "QUERN_SURI_FILE", "QUERN_DATA", "RUST_LOG", "VK_ICD_FILENAMES", "VK_DRIVER_FILES"]
    {
        command.env_remove(setting);
    }
    // Software Vulkan complains on stderr when it has no place for its sockets.
    command.env("XDG_RUNTIME_DIR", folder).stdin(Stdio::null());
    command
}

/// A running process.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a process, whose output is appended to `NAME.log` in the folder.
    pub fn start(name: &str, mut command: Command, folder: &Path) -> Self {
        let log = folder.join(format!("{name}.log"));
        let file = OpenOptions::new().create(true).append(true).open(&log).expect("a log can be written");
        let child = command
            .stdout(file.try_clone().expect("a log can be shared"))
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        Self { name: name.into(), child, log }
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().expect("an own process can be killed");
        self.child.wait().expect("an own process can be waited for");
    }

    /// Asks it to stop, as Ctrl-C does.
    pub fn interrupt(&self) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(sent.expect("kill can be started").success(), "{} cannot be interrupted", self.name);
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("an own process can be asked")
    }

    /// The end of its log.
    pub fn tail(&self) -> String {
        let text = fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let ended = self.child.try_wait().ok().flatten();
        if std::thread::panicking() {
            let state = ended.map_or("runs".to_owned(), |status| status.to_string());
            eprintln!("--- {} ({state}) ---\n{}\n", self.name, self.tail());
        }
        // Neither can fail in a way that matters here: then the process is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processes whose command line has this text, other than this one.
pub fn processes_naming(text: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").expect("/proc can be read");
    let own = std::process::id().to_string();
    let pids = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    pids.filter(|pid| *pid != own && pid.bytes().all(|digit| digit.is_ascii_digit()))
        .filter_map(|pid| fs::read(format!("/proc/{pid}/cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(text))
        .collect()
}
