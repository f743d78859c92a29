// SPDX-License-Identifier: Apache-2.0
//! What the tests of several commands begin with.

use quern_protocol::view::{JobStatus, JobView};

/// A job of which nothing was paid yet, without stages.
pub fn job(status: JobStatus) -> JobView {
    JobView {
        id: 7,
        requester: [1; 32],
        status,
        stages: Vec::new(),
        escrow_left: 0,
        spent: 0,
        bid: 1,
        submitted_at: 1,
        root: None,
        maturing: 0,
        tainted: Vec::new(),
        parent: None,
        failure: None,
        pauses: 0,
        unfunded: 0,
    }
}
