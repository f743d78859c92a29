// SPDX-License-Identifier: Apache-2.0
//! Since when something that the chain says of an attempt stands: what is computed or told because of it waits until that is final.

use super::{Attempt, Live};
use quern_primitives::{BlobId, Height};
use std::collections::HashMap;

/// What is said of each attempt, and the height at which that was first seen.
#[derive(Debug, Default)]
pub(super) struct Since(HashMap<Attempt, (BlobId, Height)>);

impl Since {
    /// Whether what is said has stood for as long as it takes to be final. What is said anew, on another fork, counts from now on.
    pub(super) fn is_final(
        &mut self,
        attempt: Attempt,
        said: impl codec::Encode,
        best: Height,
        finalized: Height,
    ) -> bool {
        let said = BlobId::of(&said.encode());
        let known = self.0.entry(attempt).or_insert((said, best));
        if known.0 != said {
            *known = (said, best);
        }
        known.1 <= finalized
    }

    pub(super) fn forget(&mut self, live: &Live) {
        self.0.retain(|attempt, _| live.attempts.contains(attempt));
    }
}
