// SPDX-License-Identifier: Apache-2.0
//! Why no worker fits a job: what none of the registered ones offers.

use crate::output::qrn;
use quern_primitives::{
    job::{JobSpec, Requirements},
    traits::Role,
};
use quern_protocol::view::{ParticipantView, Quote, MAX_PAGE};
use quern_sdk::chain::{Chain, ChainError};

/// Pages of the registry that are looked at: more workers than these are not read for a warning.
const PAGES: u32 = 16;

/// What to say where nobody can run a job now.
pub async fn warning(chain: &Chain, quote: &Quote, spec: &JobSpec) -> Result<Option<String>, ChainError> {
    if quote.workers > 0 {
        return Ok(None);
    }
    let mut list = Vec::new();
    for page in 0..PAGES {
        let page = chain.workers(page * MAX_PAGE, MAX_PAGE).await?;
        if page.is_empty() {
            break;
        }
        list.extend(page);
    }
    let list: Vec<_> = list.into_iter().filter(|view| view.role == Role::Worker && !view.barred).collect();
    let reasons = reasons(&list, quote, spec);
    let why = match (list.is_empty(), reasons.is_empty()) {
        (true, _) => "none is registered".into(),
        (false, false) => reasons.join("; "),
        (false, true) => {
            "what it requires, bids or needs as collateral is, all in all, more than any states, asks or has bonded (`quern worker list`)"
                .into()
        }
    };
    Ok(Some(format!("no worker can run every shard of this job: {why}. It fails unless one comes")))
}

/// What each of the workers lacks: such a thing alone keeps all of them away.
fn reasons(workers: &[ParticipantView], quote: &Quote, spec: &JobSpec) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(cheapest) = workers.iter().map(|worker| worker.ask).min().filter(|ask| *ask > spec.bid) {
        reasons.push(format!("the cheapest worker asks {} a GMAC, the bid is {}", qrn(cheapest), qrn(spec.bid)));
    }
    let free = workers.iter().map(|worker| worker.bonded.saturating_sub(worker.locked)).max();
    if let Some(most) = free.filter(|most| *most < quote.collateral) {
        reasons.push(format!(
            "a shard needs {} as collateral, and the largest free bond is {}: make `shard_size` smaller",
            qrn(quote.collateral),
            qrn(most)
        ));
    }
    let Requirements { memory_mib, gmacs_per_second, regions, accelerator } = &spec.requirements;
    let letters: Vec<String> = regions.iter().map(ToString::to_string).collect();
    let asked = [
        (format!("{memory_mib} MiB"), Requirements { memory_mib: *memory_mib, ..Requirements::default() }),
        (
            format!("{gmacs_per_second} GMAC a second"),
            Requirements { gmacs_per_second: *gmacs_per_second, ..Requirements::default() },
        ),
        (
            format!("regions {}", letters.join(", ")),
            Requirements { regions: regions.clone(), ..Requirements::default() },
        ),
        (
            format!("accelerator {}", format!("{accelerator:?}").to_lowercase()),
            Requirements { accelerator: *accelerator, ..Requirements::default() },
        ),
    ];
    for (name, requirement) in asked {
        if !workers.is_empty() && !workers.iter().any(|worker| requirement.are_met_by(&worker.profile)) {
            reasons.push(format!("none has what the job requires: {name}"));
        }
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_primitives::{
        job::{Accelerator, Profile},
        QRN,
    };

    fn worker() -> ParticipantView {
        ParticipantView {
            account: [1; 32],
            role: Role::Worker,
            endpoint: Default::default(),
            profile: Profile { gmacs_per_second: 50, ..Profile::new(4_096, "cpu", false) },
            ask: QRN,
            slots: 4,
            open: 0,
            reputation: 0,
            barred: false,
            bonded: 100 * QRN,
            locked: 10 * QRN,
        }
    }

    fn spec(bid: u128, requirements: Requirements) -> JobSpec {
        JobSpec {
            stages: Default::default(),
            bid,
            audit: Default::default(),
            requirements,
            endpoints: Default::default(),
            extra_blocks: 0,
        }
    }

    #[test]
    fn reason_should_be_what_no_worker_offers() {
        let any = Requirements::default();
        let quote = |collateral| Quote { collateral, ..Quote::default() };
        assert!(reasons(&[worker()], &quote(90 * QRN), &spec(QRN, any.clone())).is_empty());
        let cases = [
            (quote(0), spec(QRN / 2, any.clone()), "the cheapest worker asks 1 QRN a GMAC, the bid is 0.5 QRN"),
            (
                quote(91 * QRN),
                spec(QRN, any.clone()),
                "a shard needs 91 QRN as collateral, and the largest free bond is 90 QRN",
            ),
            (quote(0), spec(QRN, Requirements { memory_mib: 4_097, ..any.clone() }), "4097 MiB"),
            (quote(0), spec(QRN, Requirements { gmacs_per_second: 51, ..any.clone() }), "51 GMAC a second"),
            (quote(0), spec(QRN, Requirements { accelerator: Accelerator::Gpu, ..any.clone() }), "accelerator gpu"),
            (
                quote(0),
                spec(
                    QRN,
                    Requirements {
                        regions: ["DE", "FR"].map(|region| region.parse().unwrap()).to_vec().try_into().unwrap(),
                        ..any
                    },
                ),
                "regions DE, FR",
            ),
        ];
        for (quote, spec, expected) in cases {
            let found = reasons(&[worker()], &quote, &spec);
            assert!(found.len() == 1 && found[0].contains(expected), "{found:?}");
        }
    }

    #[test]
    fn nothing_should_be_a_reason_when_one_worker_offers_it() {
        let dear = ParticipantView { ask: 9 * QRN, ..worker() };
        assert!(reasons(&[dear, worker()], &Quote::default(), &spec(QRN, Requirements::default())).is_empty());
    }
}
