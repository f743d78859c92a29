// SPDX-License-Identifier: Apache-2.0
//! How things look: amounts, ids, tables, and the one JSON object of `--json`.

use comfy_table::{presets::UTF8_BORDERS_ONLY, Table};
use quern_primitives::{Account, Balance, BlobId, QRN};
use quern_sdk::chain::json::Hex;
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// Digits after the point of an amount in QRN.
const DECIMALS: usize = 12;

/// An amount of QRN from text such as `1000` or `0.25`: exact, at most 12 digits after the point.
pub fn parse_qrn(text: &str) -> Result<Balance, String> {
    let bad = || format!("{text:?} is not an amount of QRN, such as 1000 or 0.25");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() && fraction.is_empty() || !(whole.bytes().chain(fraction.bytes())).all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    if fraction.len() > DECIMALS {
        return Err(format!("{text:?} has more than {DECIMALS} digits after the point"));
    }
    let whole: Balance = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| bad())? };
    let fraction: Balance = format!("{fraction:0<DECIMALS$}").parse().map_err(|_| bad())?;
    whole.checked_mul(QRN).and_then(|whole| whole.checked_add(fraction)).ok_or_else(bad)
}

/// An amount for people: as many of the 12 digits after the point as it needs.
pub fn qrn(amount: Balance) -> String {
    let fraction = format!("{:0DECIMALS$}", amount % QRN);
    let fraction = fraction.trim_end_matches('0');
    let whole = grouped(amount / QRN);
    if fraction.is_empty() {
        format!("{whole} QRN")
    } else {
        format!("{whole}.{fraction} QRN")
    }
}

/// A whole number in groups of three digits.
pub fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

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
    fn amounts_should_be_exact_when_read() {
        assert_eq!(parse_qrn("1000"), Ok(1_000 * QRN));
        assert_eq!(parse_qrn("0.25"), Ok(QRN / 4));
        assert_eq!(parse_qrn(".5"), Ok(QRN / 2));
        assert_eq!(parse_qrn("0.000000000001"), Ok(1));
    }

    #[test]
    fn amounts_should_be_refused_when_they_are_not_exact_numbers() {
        for text in ["", ".", "-1", "+1", "1e3", "1,5", "0.0000000000001", "1.2.3", "99999999999999999999999999999999"]
        {
            assert!(parse_qrn(text).is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_should_have_only_the_digits_they_need_when_shown() {
        assert_eq!(qrn(1_234_567 * QRN), "1,234,567 QRN");
        assert_eq!(qrn(QRN / 4), "0.25 QRN");
        assert_eq!(qrn(1), "0.000000000001 QRN");
        assert_eq!(qrn(0), "0 QRN");
    }

    #[test]
    fn amounts_should_survive_when_shown_and_read() {
        for amount in [1, QRN, 7 * QRN + 500, 123_456_789_012_345] {
            let text = qrn(amount).replace(',', "");
            assert_eq!(parse_qrn(text.trim_end_matches(" QRN")), Ok(amount));
        }
    }

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
