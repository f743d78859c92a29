// SPDX-License-Identifier: Apache-2.0
//! Whether there are validators enough to audit a job: without them its shards wait after they were committed to.

use crate::output;
use quern_primitives::{traits::Role, Balance};
use quern_protocol::{
    view::{JobView, NetworkView, ParticipantView, Quote, MAX_PAGE},
    Params,
};
use quern_sdk::chain::{Chain, ChainError};

/// Validators that can be drawn, and how many an audit needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auditors {
    /// How many have a free audit bond; counted no further than is needed.
    pub free: u32,
    /// How many one shard needs at most.
    pub needed: u32,
    /// What each of them locks at most for one audit.
    pub bond: Balance,
    /// How many have a bond, free or not, that covers that.
    pub able: u32,
    /// How many are registered.
    pub registered: u32,
}

impl Auditors {
    /// Whether a draw fails for want of them.
    pub fn are_missing(&self) -> bool {
        self.free < self.needed
    }

    /// The row of a quote.
    pub fn row(&self) -> String {
        let Self { free, needed, .. } = self;
        if self.are_missing() {
            format!("{free} ({needed} needed)")
        } else {
            format!("{needed} or more ({needed} needed)")
        }
    }

    /// What to say where there are too few.
    pub fn warning(&self) -> Option<String> {
        let Self { free, needed, bond, able, registered } = self;
        let bond = output::qrn(*bond);
        if registered < needed {
            return Some(format!(
                "a shard of this job is audited by {needed} validators, with {registered} registered so far: it cannot be accepted, and whoever \
                 runs it is not paid, until {} more are registered, each with a bond of {bond} (`quern-worker validate`; `quern worker list` \
                 shows those that there are)",
                needed.saturating_sub(*registered)
            ));
        }
        if able < needed {
            return Some(format!(
                "the dearest shard of this job is audited by {needed} validators that answer with {bond} each, and {able} of {registered} \
                 that are registered have such a bond: it cannot be accepted, and whoever runs it is not paid; make its shards smaller \
                 (`shard_size`), bid less, or have validators raise their bonds (`quern stake bond`)"
            ));
        }
        self.are_missing().then(|| {
            format!(
                "a shard of this job is audited by {needed} validators with an audit bond of {bond} free, and there are {free}: it waits \
                 until more come (`quern worker list`), and in the end starts again, unpaid"
            )
        })
    }
}

/// Validators that audit a shard of a stage of so many tasks.
fn needed(params: &Params, tasks: u32) -> u32 {
    u32::from(if tasks == 1 { params.single_task_auditors } else { params.auditors })
}

/// Those of some registered accounts that can be drawn.
fn drawable(page: &[ParticipantView], bond: Balance) -> u32 {
    let free = |view: &&ParticipantView| view.bonded.saturating_sub(view.locked) >= bond;
    page.iter().filter(|view| view.role == Role::Validator && !view.barred).filter(free).count() as u32
}

async fn free(chain: &Chain, network: &NetworkView, bond: Balance, needed: u32) -> Result<u32, ChainError> {
    let NetworkView { workers, validators, .. } = *network;
    // Validators come after workers. Who comes or goes meanwhile moves the pages: that is seen at the next look.
    let (mut found, mut from, end) = (0, workers, workers.saturating_add(validators));
    while found < needed && from < end {
        found += drawable(&chain.workers(from, MAX_PAGE).await?, bond);
        from = from.saturating_add(MAX_PAGE);
    }
    Ok(found)
}

/// The validators for a job that is to be submitted.
pub async fn for_quote(chain: &Chain, quote: &Quote) -> Result<Auditors, ChainError> {
    let Quote { audit_bond: bond, auditors: needed, validators: able, .. } = *quote;
    let network = chain.network().await?;
    Ok(Auditors {
        free: free(chain, &network, bond, needed).await?,
        needed,
        bond,
        able,
        registered: network.validators,
    })
}

/// What shards of a job that were committed to wait for, where that is validators.
pub async fn missing(chain: &Chain, job: &JobView) -> Result<Option<String>, ChainError> {
    let committed: Vec<u32> =
        job.stages.iter().filter(|stage| stage.phases.committed > 0).map(|stage| stage.tasks).collect();
    if committed.is_empty() {
        return Ok(None);
    }
    let params = chain.params().await?;
    let needed = committed.into_iter().map(|tasks| needed(&params, tasks)).max().unwrap_or(0);
    let free = free(chain, &chain.network().await?, params.audit_bond, needed).await?;
    let waits = || format!("waits for {needed} validators with a free audit bond; there are {free}");
    Ok((free < needed).then(waits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_primitives::{job::Profile, QRN};

    fn validator(free: u128) -> ParticipantView {
        let params = Params::default();
        ParticipantView {
            account: [1; 32],
            role: Role::Validator,
            endpoint: Default::default(),
            profile: Profile::new(0, "", false),
            ask: 0,
            slots: 0,
            open: 0,
            reputation: 0,
            barred: false,
            bonded: params.audit_bond + free,
            locked: params.audit_bond,
        }
    }

    #[test]
    fn validators_should_be_drawable_when_their_audit_bond_is_free_and_they_are_not_barred() {
        let params = Params::default();
        let enough = validator(params.audit_bond);
        let page = [
            enough.clone(),
            validator(params.audit_bond - 1),
            ParticipantView { barred: true, ..enough.clone() },
            ParticipantView { role: Role::Worker, ..enough.clone() },
        ];
        assert_eq!(drawable(&page, params.audit_bond), 1);
    }

    #[test]
    fn a_stage_of_one_task_should_need_its_own_number_of_validators() {
        let params = Params { auditors: 2, single_task_auditors: 3, ..Params::default() };
        assert_eq!((needed(&params, 1), needed(&params, 2)), (3, 2));
    }

    #[test]
    fn warning_should_be_given_when_validators_are_too_few() {
        let bond = Params::default().audit_bond;
        let few = Auditors { free: 2, needed: 3, bond, able: 3, registered: 3 };
        assert_eq!(few.row(), "2 (3 needed)");
        assert!(few.warning().unwrap().contains("by 3 validators with an audit bond of 10 QRN free, and there are 2"));
        assert_eq!(Auditors { free: 3, ..few }.warning(), None);
    }

    #[test]
    fn warning_should_name_the_bond_when_too_few_validators_have_one_that_covers_the_dearest_shard() {
        let dear = Auditors { free: 0, needed: 3, bond: 5_000 * QRN, able: 2, registered: 4 };
        let warning = dear.warning().unwrap();
        assert!(warning.contains("3 validators that answer with 5,000 QRN each, and 2 of 4"), "{warning}");
        assert!(warning.contains("shard_size"), "{warning}");
    }

    #[test]
    fn warning_should_not_blame_the_bond_when_it_is_validators_that_are_too_few() {
        let few = Auditors { free: 1, needed: 3, bond: 10 * QRN, able: 1, registered: 1 };
        let warning = few.warning().unwrap();
        assert!(
            warning.contains("3 validators, with 1 registered so far") && warning.contains("until 2 more"),
            "{warning}"
        );
        assert!(!warning.contains("shard_size") && !warning.contains("bid less"), "{warning}");
    }
}
