// SPDX-License-Identifier: Apache-2.0
//! How things look: amounts, ids, tables, and the one JSON object of `--json`.

use comfy_table::{presets::UTF8_BORDERS_ONLY, Table};
use quern_primitives::{Account, Balance, BlobId, QRN};
pub use quern_sdk::chain::amount::{grouped, parse_qrn, qrn};
use quern_sdk::chain::json::Hex;
use serde::Serialize;
use std::{
    io::{self, ErrorKind, IsTerminal, Write},
    path::Path,
};

/// Multiply-accumulates for people.
pub fn macs(macs: u128) -> String {
    const UNITS: [(u128, &str); 4] =
        [(1_000_000_000_000, "TMAC"), (1_000_000_000, "GMAC"), (1_000_000, "MMAC"), (1_000, "kMAC")];
    match UNITS.iter().find(|(size, _)| macs >= *size) {
        Some((size, unit)) => format!("{:.2} {unit}", macs as f64 / *size as f64),
        None => format!("{macs} MAC"),
    }
}

/// So many of something, in words that fit one of it too.
pub fn count(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{} {noun}s", grouped(number.into())),
    }
}

/// That what `--out` names could not be written, with what to do where its disk is full.
pub fn unwritten(path: &Path, error: anyhow::Error) -> anyhow::Error {
    let mut kinds = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    let is_full = kinds.any(|kind| matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded));
    let remedy = if is_full { ": free some space there, or name another folder with --out" } else { "" };
    error.context(format!("{} cannot be written{remedy}", path.display()))
}

/// A number of bytes for people.
pub fn bytes(len: u64) -> String {
    indicatif::BinaryBytes(len).to_string()
}

/// An id in full, as JSON has it.
pub fn full(id: &[u8; 32]) -> String {
    Hex(*id).to_string()
}

/// How the cells of a list are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cells {
    /// Cut, so that a line fits the 80 columns of a terminal.
    Narrow,
    /// Whole: what a script or a file gets can be used.
    Whole,
}

impl Cells {
    /// As they fit where stdout goes.
    pub fn of_stdout() -> Self {
        match std::io::stdout().is_terminal() {
            true => Self::Narrow,
            false => Self::Whole,
        }
    }

    /// An amount in QRN without its unit; narrow with at most three digits after the point.
    pub fn amount(self, amount: Balance) -> String {
        const THOUSANDTH: Balance = QRN / 1_000;
        let shown = match self {
            Self::Narrow if amount > 0 && amount < THOUSANDTH => return "<0.001".into(),
            Self::Narrow => amount - amount % THOUSANDTH,
            Self::Whole => amount,
        };
        qrn(shown).trim_end_matches(" QRN").to_owned()
    }

    /// An account's address; narrow its two ends.
    pub fn address(self, account: &Account) -> String {
        let address = address(account);
        match (self, address.get(..5), address.len().checked_sub(4).and_then(|from| address.get(from..))) {
            (Self::Narrow, Some(head), Some(tail)) => format!("{head}…{tail}"),
            _ => address,
        }
    }

    /// A text; narrow at most its first `width` characters.
    pub fn text(self, text: &str, width: usize) -> String {
        if self == Self::Whole || text.chars().count() <= width {
            return text.to_owned();
        }
        let head: String = text.chars().take(width.saturating_sub(1)).collect();
        format!("{}…", head.trim_end())
    }

    /// What is told below a list about what its cells leave out.
    pub fn note(self, left_out: &str) -> String {
        match self {
            Self::Narrow => format!("amounts in QRN; {left_out}: --json, or without a terminal"),
            Self::Whole => "amounts in QRN".into(),
        }
    }
}

/// An optional id in full.
pub fn full_or_dash(id: Option<&BlobId>) -> String {
    id.map_or_else(|| "-".into(), |id| full(&id.0))
}

/// An account as people write it.
pub fn address(account: &Account) -> String {
    quern_sdk::chain::address(account)
}

/// A table without a header.
pub fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_BORDERS_ONLY);
    table
}

/// A list with these columns, without borders: it fits 80 columns when its cells are brief.
pub fn list(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    table.set_header(header.iter().copied());
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
    }
    table
}

/// A table with these columns.
pub fn table(header: &[&str]) -> Table {
    let mut table = plain_table();
    table.set_header(header.iter().copied());
    table
}

/// Where results go.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// Whether stdout is for one JSON object.
    pub json: bool,
}

impl Output {
    /// Text for people: stdout, or stderr beside JSON.
    pub fn say(&self, text: impl std::fmt::Display) {
        if self.json {
            eprintln!("{text}");
        } else {
            println!("{text}");
        }
    }

    /// The result: the object with `--json`, else the text.
    pub fn result(&self, value: &impl Serialize, text: impl std::fmt::Display) -> anyhow::Result<()> {
        let mut stdout = std::io::stdout().lock();
        if self.json {
            writeln!(stdout, "{}", serde_json::to_string(value)?)?;
        } else {
            writeln!(stdout, "{text}")?;
        }
        Ok(stdout.flush()?)
    }

    /// Asks a yes-or-no question on the terminal; without one the answer is no.
    pub fn confirm(&self, question: &str) -> anyhow::Result<bool> {
        if !std::io::stdin().is_terminal() {
            anyhow::bail!("{question} There is no terminal to ask on: say --yes");
        }
        eprint!("{question} [y/N] ");
        std::io::stderr().flush()?;
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn count_should_fit_one_and_many() {
        assert_eq!([0, 1, 2].map(|number| count(number, "shard")), ["0 shards", "1 shard", "2 shards"]);
    }

    #[test]
    fn remedy_should_be_named_when_the_disk_is_full() {
        let told = |kind: ErrorKind| {
            let source = io::Error::from(kind);
            let error = quern_sdk::import::ImportError::File { file: "weights.bin".into(), source };
            unwritten(Path::new("out"), error.into()).to_string()
        };
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
            assert_eq!(told(kind), "out cannot be written: free some space there, or name another folder with --out");
            assert!(unwritten(Path::new("out"), io::Error::from(kind).into()).to_string().contains("--out"));
        }
        assert_eq!(told(ErrorKind::PermissionDenied), "out cannot be written");
    }

    #[test]
    fn cells_should_be_brief_when_they_are_narrow() {
        let amount = |amount| Cells::Narrow.amount(amount);
        assert_eq!((amount(0), amount(1), amount(QRN / 4)), ("0".into(), "<0.001".into(), "0.25".into()));
        assert_eq!(amount(1_234 * QRN + QRN / 3), "1,234.333");
        assert_eq!(Cells::Narrow.address(&[0; 32]), "5C4hr…pnhM");
        assert_eq!(Cells::Narrow.text("cpu", 5), "cpu");
        assert_eq!(Cells::Narrow.text("NVIDIA H100", 7), "NVIDIA…");
    }

    #[test]
    fn cells_should_lose_nothing_when_they_are_whole() {
        assert_eq!(Cells::Whole.amount(1), "0.000000000001");
        assert_eq!(Cells::Whole.address(&[0; 32]), address(&[0; 32]));
        assert_eq!(Cells::Whole.text("NVIDIA H100", 7), "NVIDIA H100");
    }

    #[test]
    fn work_should_be_in_the_largest_unit_when_shown() {
        assert_eq!(macs(999), "999 MAC");
        assert_eq!(macs(1_500_000_000), "1.50 GMAC");
        assert_eq!(macs(2_000_000_000_000), "2.00 TMAC");
    }
}
