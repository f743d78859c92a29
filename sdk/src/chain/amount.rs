// SPDX-License-Identifier: Apache-2.0
//! Amounts of QRN as people read and write them.

use quern_primitives::{Balance, QRN};

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
}
