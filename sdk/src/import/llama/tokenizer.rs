// SPDX-License-Identifier: Apache-2.0
//! `tokenizer.json`.

use crate::import::ImportError;
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
