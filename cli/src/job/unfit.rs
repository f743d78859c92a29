// SPDX-License-Identifier: Apache-2.0
//! Why no worker fits a job: what none of the registered ones offers.

use crate::output::{count, qrn};
use quern_primitives::{
    job::{JobSpec, Requirements},
    traits::Role,
    Balance, Height,
};
use quern_program::{Checked, Program};
use quern_protocol::view::{ParticipantView, Quote, MAX_PAGE};
use quern_sdk::chain::{Chain, ChainError};

/// Pages of the registry that are looked at: more workers than these are not read for a warning.
const PAGES: u32 = 16;

/// A worker's daemon looks this often whether its slots are offered.
const READINESS_BLOCKS: Height = 16;

/// What to say where nobody can run a job of some programs now.
pub async fn warning(
    chain: &Chain,
    quote: &Quote,
    spec: &JobSpec,
    programs: &[Checked],
) -> Result<Option<String>, ChainError> {
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
    let idle = idle(&list, quote, spec, memory_mib(chain, spec, programs).await?, chain.minimum_bond().await?);
    if idle > 0 {
        return Ok(Some(without_slots(idle)));
    }
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

/// The memory that the programs of a job need, in MiB: those that are given, and of the others what the chain has.
async fn memory_mib(chain: &Chain, spec: &JobSpec, programs: &[Checked]) -> Result<u64, ChainError> {
    let mut most = 0;
    for stage in &spec.stages {
        let bytes = match programs.iter().find(|program| program.id() == stage.program) {
            Some(program) => program.summary().memory_bytes,
            None => {
                let bytes = chain.program(stage.program).await?;
                let program = bytes.and_then(|bytes| Program::decode_checked(&bytes).ok());
                program.map_or(0, |program| program.summary().memory_bytes)
            }
        };
        most = most.max(bytes.div_ceil(1 << 20));
    }
    Ok(most)
}

/// How many of the workers could run every shard, by the rule of the quote, if they offered slots.
fn idle(workers: &[ParticipantView], quote: &Quote, spec: &JobSpec, memory_mib: u64, minimum_bond: Balance) -> u64 {
    let fits = |worker: &&ParticipantView| {
        worker.slots == 0
            && worker.ask <= spec.bid
            && spec.requirements.are_met_by(&worker.profile)
            && u64::from(worker.profile.memory_mib) >= memory_mib
            && worker.bonded >= quote.collateral.max(minimum_bond)
    };
    workers.iter().filter(fits).count() as u64
}

/// What to say where all the workers that fit offer no slots.
fn without_slots(workers: u64) -> String {
    let (fit, offer) = if workers == 1 { ("fits", "offers") } else { ("fit", "offer") };
    format!(
        "{} {fit} this job but {offer} no slots now (drained, or just started): try again in {READINESS_BLOCKS} blocks, by which a \
         daemon that just started offers them (`quern worker list`)",
        count(workers, "worker")
    )
}

/// What each of the workers lacks: such a thing alone keeps all of them away.
fn reasons(workers: &[ParticipantView], quote: &Quote, spec: &JobSpec) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(cheapest) = workers.iter().map(|worker| worker.ask).min().filter(|ask| *ask > spec.bid) {
        reasons.push(format!("the cheapest worker asks {} a GMAC, the bid is {}", qrn(cheapest), qrn(spec.bid)));
    }
    let free = workers.iter().map(|worker| worker.bonded.saturating_sub(worker.locked)).max();
    let needed = || format!("a shard needs {} as collateral", qrn(quote.collateral));
    match free.filter(|most| *most < quote.collateral) {
        // A smaller shard does not help there.
        Some(0) => reasons.push(format!("{}, and no worker has a free bond", needed())),
        Some(most) => {
            let shown = qrn(most);
            reasons.push(format!("{}, and the largest free bond is {shown}: make `shard_size` smaller", needed()));
        }
        None => {}
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
    fn smaller_shards_should_not_be_advised_when_no_bond_is_free() {
        let bare = ParticipantView { locked: 100 * QRN, ..worker() };
        let quote = Quote { collateral: QRN, ..Quote::default() };
        let found = reasons(&[bare], &quote, &spec(QRN, Requirements::default()));
        assert_eq!(found, ["a shard needs 1 QRN as collateral, and no worker has a free bond"]);
    }

    #[test]
    fn worker_should_be_counted_by_itself_when_it_fits_and_offers_no_slots() {
        let drained = ParticipantView { slots: 0, ..worker() };
        let quote = Quote { collateral: 100 * QRN, ..Quote::default() };
        let spec = spec(QRN, Requirements::default());
        let lacking = |memory, bond| idle(std::slice::from_ref(&drained), &quote, &spec, memory, bond);
        let counted = |view: &ParticipantView| idle(&[view.clone(), worker()], &quote, &spec, 4_096, 100 * QRN);
        assert_eq!(counted(&drained), 1, "a bond that is locked comes free");
        assert_eq!(lacking(4_097, 0), 0, "its memory");
        assert_eq!(lacking(4_096, 101 * QRN), 0, "its bond is below the minimum");
        for unfit in [
            ParticipantView { slots: 1, ..drained.clone() },
            ParticipantView { ask: 2 * QRN, ..drained.clone() },
            ParticipantView { bonded: 99 * QRN, ..drained.clone() },
        ] {
            assert_eq!(counted(&unfit), 0, "{unfit:?}");
        }
        let told = without_slots(1);
        assert!(
            told.starts_with("1 worker fits this job but offers no slots now (drained, or just started)"),
            "{told}"
        );
        assert!(without_slots(2).starts_with("2 workers fit this job but offer no slots"), "{}", without_slots(2));
    }

    #[test]
    fn nothing_should_be_a_reason_when_one_worker_offers_it() {
        let dear = ParticipantView { ask: 9 * QRN, ..worker() };
        assert!(reasons(&[dear, worker()], &Quote::default(), &spec(QRN, Requirements::default())).is_empty());
    }
}
