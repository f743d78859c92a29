// SPDX-License-Identifier: Apache-2.0
//! `tokenizer.json`.

use crate::import::ImportError;
use serde::Deserialize;
use tokenizers::Tokenizer;

/// A tokenizer that fits a model.
#[derive(Debug)]
pub struct Tokens {
    tokenizer: Box<Tokenizer>,
    /// The file.
    bytes: Vec<u8>,
    vocabulary: u32,
}

impl Tokens {
    /// The tokenizer of a file, for a model of so many symbols. Models are padded with symbols that no tokenizer has: up to 1,024, or a
    /// sixteenth of them.
    pub fn new(bytes: Vec<u8>, vocabulary: u32) -> Result<Self, ImportError> {
        let tokenizer = Tokenizer::from_bytes(&bytes).map_err(wrong)?;
        let symbols = tokenizer.get_vocab(true);
        let highest = symbols.values().copied().max().unwrap_or(0);
        let tokens = symbols.len();
        let padding = (vocabulary / 16).max(1_024) as usize;
        if tokens == 0 || highest >= vocabulary || tokens.saturating_add(padding) < vocabulary as usize {
            return Err(ImportError::Vocabulary { tokens, highest, vocabulary });
        }
        Ok(Self { tokenizer: Box::new(tokenizer), bytes, vocabulary })
    }

    /// The tokens of a text, with those that the model expects at its start.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, ImportError> {
        self.tokens(text, true)
    }

    /// The tokens of a prompt, with those that the model expects at its start; refused where a symbol of it has no token, which the model
    /// would not see.
    pub fn encode_prompt(&self, text: &str) -> Result<Vec<u32>, ImportError> {
        let encoding = self.tokenizer.encode_char_offsets(text, false).map_err(wrong)?;
        let unknown = self.unknown();
        let places = encoding.get_ids().iter().zip(encoding.get_offsets());
        let mut seen = vec![false; text.chars().count()];
        for (_, (from, to)) in places.filter(|(token, _)| Some(**token) != unknown) {
            seen.iter_mut().take(*to).skip(*from).for_each(|seen| *seen = true);
        }
        let is_seen = |(symbol, seen): &(char, bool)| *seen || symbol.is_whitespace() || symbol.is_control();
        let Some((unseen, _)) = text.chars().zip(seen).find(|symbol| !is_seen(symbol)) else {
            return self.encode(text);
        };
        // Where a symbol is left out without a word, those after it have places too far left.
        let is_left_out = |symbol: &char| self.encode_plain(&symbol.to_string()).is_ok_and(|tokens| tokens.is_empty());
        let left_out = text.chars().filter(|symbol| !symbol.is_whitespace() && !symbol.is_control()).find(is_left_out);
        Err(ImportError::UnknownSymbol { symbol: left_out.unwrap_or(unseen) })
    }

    /// The token that stands for whatever has none: by number in some kinds of tokenizers, by name in others.
    fn unknown(&self) -> Option<u32> {
        #[derive(Deserialize)]
        struct File {
            model: Model,
        }
        #[derive(Deserialize)]
        struct Model {
            unk_id: Option<u32>,
            unk_token: Option<String>,
        }
        let Model { unk_id, unk_token } = serde_json::from_slice::<File>(&self.bytes).ok()?.model;
        unk_id.or_else(|| self.tokenizer.token_to_id(&unk_token?))
    }

    /// The tokens of a piece of text.
    pub fn encode_plain(&self, text: &str) -> Result<Vec<u32>, ImportError> {
        self.tokens(text, false)
    }

    fn tokens(&self, text: &str, with_special: bool) -> Result<Vec<u32>, ImportError> {
        let encoding = self.tokenizer.encode(text, with_special).map_err(wrong)?;
        let tokens = encoding.get_ids().to_vec();
        match tokens.iter().find(|token| **token >= self.vocabulary) {
            Some(token) => Err(ImportError::Vocabulary {
                tokens: self.tokenizer.get_vocab_size(true),
                highest: *token,
                vocabulary: self.vocabulary,
            }),
            None => Ok(tokens),
        }
    }

    /// The text of tokens, without those that stand for none.
    pub fn decode(&self, tokens: &[u32]) -> Result<String, ImportError> {
        self.tokenizer.decode(tokens, true).map_err(wrong)
    }

    /// The file.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

fn wrong(error: tokenizers::Error) -> ImportError {
    ImportError::Tokenizer(error.to_string())
}
