// SPDX-License-Identifier: Apache-2.0
//! How things look: amounts, ids, tables, and the one JSON object of `--json`.

use comfy_table::{presets::UTF8_BORDERS_ONLY, Table};
use quern_primitives::{Account, Balance, BlobId, QRN};
pub use quern_sdk::chain::amount::{grouped, parse_qrn, qrn};
use quern_sdk::chain::json::Hex;
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// Multiply-accumulates for people.
pub fn macs(macs: u128) -> String {
    const UNITS: [(u128, &str); 4] =
        [(1_000_000_000_000, "TMAC"), (1_000_000_000, "GMAC"), (1_000_000, "MMAC"), (1_000, "kMAC")];
    match UNITS.iter().find(|(size, _)| macs >= *size) {
        Some((size, unit)) => format!("{:.2} {unit}", macs as f64 / *size as f64),
        None => format!("{macs} MAC"),
    }
}

/// A number of bytes for people.
pub fn bytes(len: u64) -> String {
    indicatif::BinaryBytes(len).to_string()
}

/// The beginning of an id.
pub fn short(id: &[u8; 32]) -> String {
    let (head, _) = id.split_at(5);
    format!("{}…", hex::encode(head))
}

/// An id in full, as JSON has it.
pub fn full(id: &[u8; 32]) -> String {
    Hex(*id).to_string()
}

/// An amount for a narrow column: at most three digits after the point, without a unit.
pub fn brief(amount: Balance) -> String {
    const THOUSANDTH: Balance = QRN / 1_000;
    if amount > 0 && amount < THOUSANDTH {
        return "<0.001".into();
    }
    let text = qrn(amount - amount % THOUSANDTH);
    text.trim_end_matches(" QRN").to_owned()
}

/// The two ends of an account's address, for a narrow column.
pub fn brief_address(address: &str) -> String {
    match (address.get(..5), address.len().checked_sub(4).and_then(|from| address.get(from..))) {
        (Some(head), Some(tail)) if address.len() > 12 => format!("{head}…{tail}"),
        _ => address.to_owned(),
    }
}

/// The beginning of a text, for a narrow column.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let head: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", head.trim_end())
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
    fn narrow_columns_should_hold_what_is_brief() {
        assert_eq!((brief(0), brief(1), brief(QRN / 4)), ("0".into(), "<0.001".into(), "0.25".into()));
        assert_eq!(brief(1_234 * QRN + QRN / 3), "1,234.333");
        assert_eq!(brief_address("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"), "5Grwv…utQY");
        assert_eq!((cut("cpu", 5), cut("NVIDIA H100", 7)), ("cpu".into(), "NVIDIA…".into()));
    }

    #[test]
    fn work_should_be_in_the_largest_unit_when_shown() {
        assert_eq!(macs(999), "999 MAC");
        assert_eq!(macs(1_500_000_000), "1.50 GMAC");
        assert_eq!(macs(2_000_000_000_000), "2.00 TMAC");
    }
}
