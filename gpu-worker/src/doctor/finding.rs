// SPDX-License-Identifier: Apache-2.0
//! What can be wrong with a machine, its account and its node, and the remedy of each.

use crate::{
    db::{self, DbError},
    hot_key::HotKeyFault,
    planting::PlantingFault,
};
use quern_primitives::{traits::Role, Balance};
use quern_sdk::chain::{amount::qrn, health::RuntimeVersion, BadSecret, ChainError, KeyFileError};
use serde::Serialize;
use std::{io, net::SocketAddr, path::PathBuf};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, and earns less than it could or may stop to.
    Warning,
    /// It does not work.
    Error,
}

/// Something that is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// There is no key.
    #[error("there is no key")]
    NoKey,
    /// The secret is none.
    #[error("{0}")]
    BadKey(BadSecret),
    /// The key file gives no key.
    #[error("{0}")]
    KeyFile(KeyFileError),
    /// The hot key cannot act for the account.
    #[error("{0}")]
    HotKey(HotKeyFault),
    /// The account of --plant-from cannot plant.
    #[error("{0}")]
    Planting(PlantingFault),
    /// There is no key in --plant-from.
    #[error("{0}")]
    PlantKey(String),
    /// The machine has the key of the stake.
    #[error("the key on this machine owns the stake: whoever takes the machine takes the bond")]
    StakeKey,
    /// The bond is too small, and only the key of the stake can add to it.
    #[error("the bond of the stake is {}, the chain's minimum {}, and a hot key cannot bond", qrn(*bonded), qrn(*minimum))]
    StakeUnbonded {
        /// What is bonded.
        bonded: Balance,
        /// The chain's minimum.
        minimum: Balance,
    },
    /// No Quern node answers.
    #[error("{}", fault_of(.0))]
    Node(ChainError),
    /// The folder is of another chain.
    #[error("the data folder belongs to the chain {found}, the node is one of {expected}")]
    OtherGenesis {
        /// That of the folder.
        found: String,
        /// That of the node.
        expected: String,
    },
    /// The folder is of another chain with the same genesis.
    #[error("the data folder belongs to another chain with the same genesis (block 1 is 0x{}, here 0x{})", hex::encode(.found), hex::encode(.here))]
    OtherFirstBlock {
        /// Block 1 of the folder's chain.
        found: [u8; 32],
        /// Block 1 of the node's chain.
        here: [u8; 32],
    },
    /// The folder is of another account.
    #[error("the data folder belongs to the account {found}, and {meant} is named here or by the environment (QUERN_STAKE, QUERN_SURI)")]
    OtherAccount {
        /// Whose it is.
        found: String,
        /// Whose it should be.
        meant: String,
    },
    /// The folder lacks what the account has promised.
    #[error("{0}")]
    Lacking(String),
    /// The runtime is another one than this program was built for.
    #[error("the chain runs {} {}, this program was built for {} {}", found.spec_name, found.spec_version, expected.spec_name, expected.spec_version)]
    OtherRuntime {
        /// That of the chain.
        found: RuntimeVersion,
        /// That of this program.
        expected: RuntimeVersion,
    },
    /// The node fetches blocks that others have.
    #[error("the node is still fetching blocks, at {height}")]
    Syncing {
        /// Its best block.
        height: u32,
    },
    /// The node gets no new blocks.
    #[error("{}", stall(*height, *seconds))]
    Stalled {
        /// Its best block.
        height: u32,
        /// Age of that.
        seconds: u64,
    },
    /// The node is alone.
    #[error("the node is connected to nobody")]
    NoPeers,
    /// The clock differs from the authors'.
    #[error("this machine's clock is {} s {} the chain's", seconds.abs(), if *seconds > 0 { "ahead of" } else { "behind" })]
    Clock {
        /// How much it is ahead.
        seconds: i64,
    },
    /// The data folder cannot be written.
    #[error("the data folder {0} cannot be written: {1}")]
    NotWritable(PathBuf, io::Error),
    /// The disk is nearly full.
    #[error("only {free_mib} MiB are free where {folder} is")]
    DiskFull {
        /// The data folder.
        folder: PathBuf,
        /// Free space.
        free_mib: u64,
    },
    /// The database cannot be used.
    #[error("{0}")]
    Database(DbError),
    /// A daemon runs, and nobody knows of it.
    #[error("a daemon runs with this folder, but the account is not registered on this chain")]
    Unregistered,
    /// The account has the other role.
    #[error("the account is registered as a {0:?}")]
    OtherRole(Role),
    /// The account was convicted.
    #[error("the account is barred: it was convicted, or silent where it owed a move")]
    Barred,
    /// The account leaves.
    #[error("the account is leaving the registry and gets no more work")]
    Retiring,
    /// The account cannot pay what is missing of the bond.
    #[error("the account has {}, which does not cover the missing bond of {}", qrn(*free), qrn(*missing))]
    Poor {
        /// What it can spend.
        free: Balance,
        /// What is missing.
        missing: Balance,
    },
    /// The account cannot pay fees for long.
    #[error("the account has {} left for fees", qrn(*free))]
    NoFees {
        /// What it can spend.
        free: Balance,
    },
    /// The bond that is asked for is below the minimum.
    #[error("--bond {} is below the chain's minimum of {}", qrn(*wanted), qrn(*minimum))]
    BondTooLow {
        /// `--bond`
        wanted: Balance,
        /// The chain's minimum.
        minimum: Balance,
    },
    /// The account has no bond that reaches the minimum.
    #[error("the bond is {}, the chain's minimum {}", qrn(*bonded), qrn(*minimum))]
    BondMissing {
        /// What is bonded.
        bonded: Balance,
        /// The chain's minimum.
        minimum: Balance,
        /// Whether a daemon runs, which bonds at its start alone.
        is_running: bool,
    },
    /// A validator has too little that is not locked to be drawn for one more audit.
    #[error("{} of the bond are free, and an audit locks {}: it is not drawn until shards that it audited are settled", qrn(*free), qrn(*needed))]
    AuditBondLocked {
        /// What is free.
        free: Balance,
        /// What the next audit locks.
        needed: Balance,
    },
    /// The address cannot be served on.
    #[error("{address} cannot be listened on: {reason}")]
    Port {
        /// `--listen`
        address: SocketAddr,
        /// Why.
        reason: io::Error,
    },
    /// The registered endpoint does not answer.
    #[error("nobody answers at the registered addresses {addresses}: {reason}")]
    Unreachable {
        /// They.
        addresses: String,
        /// Why.
        reason: String,
    },
    /// The account is registered and no daemon answers for it.
    #[error("no daemon answers for this account at {addresses}, and none runs with this data folder")]
    NotRunning {
        /// The registered addresses.
        addresses: String,
    },
    /// An address that only this machine reaches is registered, or would be.
    #[error("peers are told {0}, which only this machine reaches")]
    Loopback(String),
    /// Nothing that software or hardware could be used through.
    #[error("{0}")]
    NoVulkan(String),
    /// The GPU is the processor in disguise.
    #[error("the only Vulkan device, {0}, is software, slower than the processor itself")]
    OnlySoftware(String),
    /// A device miscomputes.
    #[error("{device} fails the known-answer run: {mismatch}")]
    Miscomputes {
        /// The device.
        device: String,
        /// How.
        mismatch: String,
        /// Whether it is the one that would be used.
        is_needed: bool,
    },
    /// Less memory is free than the account registered.
    #[error("{present} MiB of memory are free, {registered} MiB are registered")]
    Memory {
        /// Registered.
        registered: u32,
        /// Free now.
        present: u32,
    },
    /// The ask is above what is bid.
    #[error("the ask of {} per GMAC is above the highest bid of the shards that wait, {}", qrn(*ask), qrn(*highest))]
    AskTooHigh {
        /// `--ask`
        ask: Balance,
        /// The highest bid.
        highest: Balance,
    },
    /// A daemon runs, and the chain gives it nothing.
    #[error("no slots are offered on chain")]
    NoSlots,
    /// The daemon was told to drain.
    #[error("the daemon was told to drain: it takes no new shards")]
    Drains,
}

impl Problem {
    /// How bad it is.
    pub fn level(&self) -> Level {
        match self {
            Self::NoPeers
            | Self::Clock { .. }
            | Self::Retiring
            | Self::NoFees { .. }
            | Self::NoVulkan(_)
            | Self::OnlySoftware(_)
            | Self::Memory { .. }
            | Self::AskTooHigh { .. }
            | Self::NoSlots
            | Self::Drains
            | Self::StakeKey
            | Self::AuditBondLocked { .. }
            | Self::Database(DbError::Unclean)
            | Self::Miscomputes { is_needed: false, .. } => Level::Warning,
            Self::DiskFull { free_mib, .. } if *free_mib >= LEAST_DISK_MIB => Level::Warning,
            Self::OtherRuntime { found, expected }
                if found.spec_name == expected.spec_name
                    && found.transaction_version == expected.transaction_version =>
            {
                Level::Warning
            }
            _ => Level::Error,
        }
    }

    /// Its name for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoKey => "no_key",
            Self::BadKey(_) => "bad_key",
            Self::KeyFile(KeyFileError::Missing(_)) => "key_file_missing",
            Self::KeyFile(KeyFileError::Unreadable(..)) => "key_file_unreadable",
            Self::KeyFile(KeyFileError::Folder(_)) => "key_file_folder",
            Self::KeyFile(KeyFileError::Exposed(..)) => "key_file_exposed",
            Self::KeyFile(KeyFileError::Secret(..)) => "bad_key",
            Self::HotKey(HotKeyFault::NotProxy { .. }) => "not_proxy",
            Self::HotKey(HotKeyFault::Exported { .. }) => "other_stake",
            Self::HotKey(HotKeyFault::Delayed { .. }) => "proxy_delay",
            Self::HotKey(HotKeyFault::Empty { .. }) => "hot_key_empty",
            Self::Planting(PlantingFault::Own) => "own_plants",
            Self::Planting(PlantingFault::Poor { .. }) => "planter_poor",
            Self::Planting(PlantingFault::NoBond { .. }) => "planter_unbonded",
            Self::PlantKey(_) => "plant_key",
            Self::StakeKey => "stake_key",
            Self::StakeUnbonded { .. } => "stake_unbonded",
            Self::Node(ChainError::OtherChain { .. }) => "other_node",
            Self::Node(_) => "node_unreachable",
            Self::OtherGenesis { .. } => "other_genesis",
            Self::OtherFirstBlock { .. } => "other_chain",
            Self::OtherAccount { .. } => "other_account",
            Self::Lacking(_) => "other_folder",
            Self::OtherRuntime { .. } => "other_runtime",
            Self::Syncing { .. } => "node_syncing",
            Self::Stalled { .. } => "node_stalled",
            Self::NoPeers => "node_alone",
            Self::Clock { .. } => "clock",
            Self::NotWritable(..) => "folder_not_writable",
            Self::DiskFull { .. } => "disk_full",
            Self::Database(DbError::Version { .. }) => "database_version",
            Self::Database(DbError::Unclean) => "database_unclean",
            Self::Database(_) => "database",
            Self::Unregistered => "unregistered",
            Self::OtherRole(_) => "other_role",
            Self::Barred => "barred",
            Self::Retiring => "retiring",
            Self::Poor { .. } => "poor",
            Self::NoFees { .. } => "no_fees",
            Self::BondTooLow { .. } => "bond_too_low",
            Self::BondMissing { .. } => "bond_missing",
            Self::AuditBondLocked { .. } => "audit_bond_locked",
            Self::Port { .. } => "port",
            Self::Unreachable { .. } => "endpoint_unreachable",
            Self::NotRunning { .. } => "not_running",
            Self::Loopback(_) => "endpoint_local",
            Self::NoVulkan(_) => "no_vulkan",
            Self::OnlySoftware(_) => "only_software",
            Self::Miscomputes { .. } => "device_miscomputes",
            Self::Memory { .. } => "memory",
            Self::AskTooHigh { .. } => "ask_too_high",
            Self::NoSlots => "no_slots",
            Self::Drains => "drains",
        }
    }

    /// What to do.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::NoKey => "write the secret into a file that only you can read (chmod 600) and name it with --suri-file, or set QUERN_SURI",
            Self::BadKey(_) => "check the secret: a phrase of 12 or 24 words, a hex seed of 64 digits, or a development path",
            Self::KeyFile(KeyFileError::Missing(_)) => "write the secret into it, for you alone (chmod 600), or name another with --suri-file",
            Self::KeyFile(KeyFileError::Unreadable(..)) => "make the user of the daemon its owner (chown), with chmod 600",
            Self::KeyFile(KeyFileError::Folder(_)) => "name the file in it that holds the secret, with --suri-file",
            Self::KeyFile(KeyFileError::Exposed(..)) => "chmod 600 it; if other users of the machine are not trusted, use another key",
            Self::KeyFile(KeyFileError::Secret(..)) => "write one line into it: a phrase, a hex seed, or a development path",
            Self::HotKey(fault) => fault.fix(),
            Self::Planting(fault) => fault.fix(),
            Self::PlantKey(_) => "name the file of the planting account's key, or the key itself, with --plant-from",
            Self::StakeKey => "make a key for this machine alone, name it with the stake's key (quern stake proxy add), and start the daemon with it and --stake",
            Self::StakeUnbonded { .. } => "with the key of the stake: quern stake bond",
            Self::Node(ChainError::OtherChain { .. }) => "use programs of the chain's version, or name another node with --rpc",
            Self::Node(_) => "start a node (quern-node), or name another with --rpc",
            Self::OtherGenesis { .. } | Self::OtherFirstBlock { .. } => db::OTHER_CHAIN,
            Self::OtherAccount { .. } => "use that account's key, unset QUERN_STAKE if that names the wrong one, or give this account a folder of its own with --data; if this is a hot key, name its account with --stake",
            Self::Lacking(_) => "if another folder does, start the daemon with that one as --data: what cannot be shown costs what is locked for it. Until a daemon runs the account goes on being drawn, and each audit that a validator misses costs 10 % of what is locked for it. A daemon refuses one that holds nothing at all, unless --without-open-shards says that the other is gone for good",
            Self::OtherRuntime { .. } => "use programs of the chain's version",
            Self::Syncing { .. } => "wait until it has all blocks: a daemon on an old block misses its deadlines",
            Self::Stalled { .. } => "look at the node's log and its peers; if this is a test chain, see that its authors run",
            Self::NoPeers => "open the node's port (30333) and give it boot nodes (--bootnodes)",
            Self::Clock { .. } => "set the clock by the network: timedatectl set-ntp true",
            Self::NotWritable(_, error) => match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space, or choose a folder on another disk with --data",
                io::ErrorKind::ReadOnlyFilesystem => "have its file system mounted for writing, or choose another folder with --data",
                io::ErrorKind::NotADirectory => "choose another folder with --data: a part of this path is a file",
                _ => "make the user of the daemon its owner, or choose another folder with --data",
            },
            Self::DiskFull { .. } => "free some space, or choose a folder on another disk with --data",
            Self::Database(DbError::Version { .. }) => "use the program that wrote it until nothing is owed (quern-worker drain), then an empty folder",
            Self::Database(DbError::Unclean) => "start the daemon: quern-worker run (a validator: quern-worker validate)",
            Self::Database(_) => "see that the disk is sound and not full; restore the folder from a copy, never start with an empty one while shards are open",
            Self::Unregistered => "stop the daemon and start it again: it registers the account",
            Self::OtherRole(_) => "use another account, or quern stake retire first",
            Self::Barred => "when its open shards have ended: quern worker register, with the key of the stake; or use another account",
            Self::Retiring => "start the daemon when the open shards have ended: it registers anew",
            Self::Poor { .. } => "transfer QRN to the account, lower --bond, or begin with nothing: --apprentice; if this is a hot key, name its account with --stake",
            Self::NoFees { .. } => "transfer some QRN to the account, or claim what it earned: quern stake claim",
            Self::BondTooLow { .. } => "raise --bond",
            Self::BondMissing { is_running: true, .. } => "bond again, with the key of the stake: quern stake bond QRN. The daemon that runs bonds at its next start alone",
            Self::BondMissing { .. } => "start the daemon, which brings the bond up to --bond, or quern stake bond",
            Self::AuditBondLocked { .. } => "wait, or bond more: quern stake bond",
            Self::Port { reason, .. } => address_remedy(reason),
            Self::Unreachable { .. } => "forward the UDP port to this machine and name the outer address with --announce; open it in the firewall",
            Self::NotRunning { .. } => "start it with the --data that it had: quern-worker run (a validator: quern-worker validate); to leave for good, quern stake retire first",
            Self::Loopback(_) => "listen on 0.0.0.0:PORT with --listen, and name the outer address with --announce",
            Self::NoVulkan(_) => "install the GPU's driver with Vulkan and the loader (libvulkan1); without a GPU the processor is used",
            Self::OnlySoftware(_) => "install the GPU's own Vulkan driver; without a GPU the processor is used",
            Self::Miscomputes { .. } => "update the device's driver, or use --executor cpu; never earn with a device that miscomputes",
            Self::Memory { .. } => "free some memory, or start the daemon again: it registers what is free then",
            Self::AskTooHigh { .. } => "lower --ask",
            Self::NoSlots => "wait 16 blocks: the daemon offers them again after a late shard; if it does not run, start it",
            Self::Drains => "quern-worker drain --cancel, or stop it when nothing is owed",
        }
    }
}

/// What to do about an address that cannot be listened on.
pub fn address_remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "stop the program that uses it (ss -ulpn), or choose another with --listen",
        io::ErrorKind::AddrNotAvailable => {
            "choose an address of this machine with --listen, or 0.0.0.0, and name the outer one with --announce"
        }
        io::ErrorKind::PermissionDenied => "choose another with --listen: ports below 1024 are the system's",
        _ => "choose another with --listen",
    }
}

/// That a node gets no new blocks. The genesis block has no time that an age could be told by.
fn stall(height: u32, seconds: u64) -> String {
    match height {
        0 => "the node is still at block 0: nobody authors, or it has no peers".into(),
        _ => format!("the node has had no new block for {seconds} s; its best one is {height}"),
    }
}

/// What is wrong with the node, without the remedy that the error itself names.
fn fault_of(error: &ChainError) -> String {
    match error {
        ChainError::Unreachable { url, reason } => format!("no node answers at {url}: {reason}"),
        other => other.to_string(),
    }
}

/// Below this an execution cannot store its checkpoints, and a worker offers no slots.
pub const LEAST_DISK_MIB: u64 = 256;
/// Below this it is time to do something.
pub const LOW_DISK_MIB: u64 = 2_048;

/// The outcome of one check.
#[derive(Debug)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How it is.
    pub outcome: Result<String, Problem>,
}

impl Finding {
    /// As it should be.
    pub fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, outcome: Ok(what.into()) }
    }

    /// Not as it should be.
    pub fn problem(check: &'static str, problem: Problem) -> Self {
        Self { check, outcome: Err(problem) }
    }

    /// How bad it is.
    pub fn level(&self) -> Level {
        self.outcome.as_ref().err().map_or(Level::Ok, Problem::level)
    }
}

/// As `--json` shows it.
#[derive(Debug, Serialize)]
pub struct FindingReport {
    check: &'static str,
    level: Level,
    code: Option<&'static str>,
    what: String,
    fix: Option<&'static str>,
}

impl From<&Finding> for FindingReport {
    fn from(finding: &Finding) -> Self {
        let (what, code, fix) = match &finding.outcome {
            Ok(what) => (what.clone(), None, None),
            Err(problem) => (problem.to_string(), Some(problem.code()), Some(problem.fix())),
        };
        Self { check: finding.check, level: finding.level(), code, what, fix }
    }
}
