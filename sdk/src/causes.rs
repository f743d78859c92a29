// SPDX-License-Identifier: Apache-2.0
//! Why something failed, with each cause said once. Libraries put the words of a cause into their own and give it as their source
//! too, so a plain chain says the same several times.

use std::error::Error;

/// What separates a failure from its cause.
const BETWEEN: &str = ": ";

/// An error and its causes, from the outermost to the first, on one line of parts that all differ.
pub fn told(error: &(dyn Error + 'static)) -> String {
    let mut said = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let words = error.to_string();
        if !said.contains(&words) {
            if !said.is_empty() {
                said.push_str(BETWEEN);
            }
            said.push_str(&words);
        }
        next = error.source();
    }
    once(&said)
}

/// A message without those of its parts that it said before.
pub fn once(message: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in message.split(BETWEEN) {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts.join(BETWEEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the file cannot be read: {0}")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("the disk failed")]
    struct Inner;

    #[test]
    fn cause_should_be_told_once_when_an_error_has_it_in_its_own_words() {
        assert_eq!(told(&Outer(Inner)), "the file cannot be read: the disk failed");
    }

    #[test]
    fn cause_should_be_told_when_an_error_is_silent_about_it() {
        #[derive(Debug, thiserror::Error)]
        #[error("nothing was fetched")]
        struct Silent(#[source] Outer);
        let words = told(&Silent(Outer(Inner)));
        assert_eq!(words, "nothing was fetched: the file cannot be read: the disk failed");
    }

    #[test]
    fn parts_should_be_kept_once_when_layers_repeat_them() {
        let layers = "RPC error: client error: RPC error: Error when opening the TCP socket";
        assert_eq!(once(layers), "RPC error: client error: Error when opening the TCP socket");
        assert_eq!(once(""), "");
    }

    proptest! {
        #[test]
        fn no_part_should_be_lost_or_said_twice(parts in prop::collection::vec("[a-c]{0,2}", 0..8)) {
            let words = once(&parts.join(BETWEEN));
            let kept: Vec<&str> = words.split(BETWEEN).collect();
            prop_assert!(parts.iter().all(|part| kept.contains(&part.as_str())));
            prop_assert!((0..kept.len()).all(|index| !kept[..index].contains(&kept[index])));
        }
    }
}
