// SPDX-License-Identifier: Apache-2.0
//! Why an account is idle, and what to do about it.

use super::Facts;
use quern_primitives::traits::{Role, APPRENTICE_AUDITORS, APPRENTICE_MAX_TASKS};
use quern_sdk::chain::{amount::qrn, health::Wanted};
use serde::Serialize;

/// A reason for having no work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Idle {
    /// The node does not know the newest blocks.
    NodeBehind,
    /// The account is not registered.
    NotRegistered,
    /// The account is not registered, and has plants or decoys under way for a worker.
    Plants,
    /// The account was convicted.
    Barred,
    /// The account is leaving.
    Retiring,
    /// The bond does not reach the minimum.
    BondTooLow,
    /// No slots are offered.
    NotReady,
    /// Every slot is taken: it is not idle at all.
    Busy,
    /// No shard waits for a worker.
    NoDemand,
    /// The ask is above the bids of all shards that wait.
    AskAboveBids,
    /// The shards that wait need more memory than the account registered.
    MemoryTooSmall,
    /// All shards that wait require another device: its rate, its kind or its region.
    OtherDevice,
    /// The free bond does not cover the collateral of the shards that wait.
    BondNotFree,
    /// There are too few validators to audit an apprentice.
    TooFewAuditors,
    /// The shards that wait are not for apprentices.
    NotForApprentices,
    /// It may be drawn with the next draws.
    Eligible,
    /// A validator's bond does not cover one more audit.
    AuditBondNotFree,
    /// A validator waits to be drawn.
    NotDrawn,
    /// It has not started a shard, and is not drawn for a while.
    Resting,
}

impl Idle {
    /// Why, in a sentence.
    pub fn why(&self, facts: &Facts) -> String {
        let lowest = |of: fn(&Wanted) -> u128| facts.wanted.iter().map(of).min().unwrap_or(0);
        let registered = facts.participant.as_ref();
        match self {
            Self::NodeBehind => "the node is still fetching blocks: what it says may be old".into(),
            Self::NotRegistered => "the account is registered neither as a worker nor as a validator".into(),
            Self::Plants => "the account is no worker or validator: it stands behind what a worker plants, which nothing links to it".into(),
            Self::Barred => "the account was convicted, or was silent where it owed a move, and is barred".into(),
            Self::Retiring => "the account is leaving: it gets no more work".into(),
            Self::BondTooLow => format!(
                "the bond of {} does not reach the minimum of {}",
                qrn(facts.money.bonded),
                qrn(facts.minimum_bond)
            ),
            Self::NotReady => {
                "no slots are offered: the daemon pauses, drains, has a full disk, does not run, or a shard was late".into()
            }
            Self::Busy => "all offered slots are taken".into(),
            Self::NoDemand => "no shard waits for a worker".into(),
            Self::AskAboveBids => {
                let highest = facts.wanted.iter().map(|wanted| wanted.bid).max().unwrap_or(0);
                let ask = registered.map_or(0, |found| found.ask);
                format!(
                    "the ask of {} per GMAC is above the highest bid of the shards that wait, {}",
                    qrn(ask),
                    qrn(highest)
                )
            }
            Self::MemoryTooSmall => format!(
                "the shards that wait need {} MiB and more, the account registered {} MiB",
                lowest(|wanted| wanted.memory_mib.into()),
                registered.map_or(0, |found| found.profile.memory_mib)
            ),
            Self::OtherDevice => format!(
                "the shards that wait require a rate, a region or a kind of device that the account has not registered: it has \
                 {} GMAC/s, {}, {}",
                registered.map_or(0, |found| found.profile.gmacs_per_second),
                registered.and_then(|found| found.profile.region).map_or("no region".into(), |region| region.to_string()),
                if registered.is_some_and(|found| found.profile.accelerator) { "a GPU" } else { "a processor" }
            ),
            Self::BondNotFree => format!(
                "the free bond of {} does not cover the collateral of a shard that waits, {} and more",
                qrn(facts.free_bond()),
                qrn(lowest(|wanted| wanted.collateral))
            ),
            Self::TooFewAuditors => format!(
                "an apprentice is audited by {APPRENTICE_AUDITORS} validators, and the network has {}",
                facts.validators
            ),
            Self::NotForApprentices => format!(
                "the shards that wait have more than {APPRENTICE_MAX_TASKS} tasks, or a stage of one task: they are not for apprentices"
            ),
            Self::Eligible if registered.is_some_and(|found| found.role == Role::Apprentice) => format!(
                "it may be drawn with the next draws, while apprentices run less than their share of all open shards; {} \
                 ready workers ask less and {} shards wait",
                facts.cheaper, facts.queued
            ),
            Self::Eligible => format!(
                "it may be drawn with the next draws; {} ready workers ask less and {} shards wait",
                facts.cheaper, facts.queued
            ),
            Self::AuditBondNotFree => {
                format!(
                    "the free bond of {} does not cover the bond of an audit, {}; what is locked is free again when the shards that it \
                     audited are settled",
                    qrn(facts.free_bond()),
                    qrn(facts.audit_needs())
                )
            }
            Self::NotDrawn => "no open draw names it; validators are drawn by their bond when workers commit".into(),
            Self::Resting => format!(
                "it declined a shard or did not start it in time, and is drawn again from block {} on; each further time in a row \
                 doubles that",
                facts.rests_until
            ),
        }
    }

    /// What to do, where something can be done.
    pub fn fix(&self) -> Option<&'static str> {
        Some(match self {
            Self::NodeBehind => "wait, or name another node with --rpc",
            Self::NotRegistered => "start the daemon: quern-worker run (or validate); an account that only plants, watches or backs others needs none",
            Self::Plants => "keep the daemon running that plants from it: quern-worker run --plant-from; quern plant list says what is under way",
            Self::Barred => "when its open shards have ended: quern worker register, with the key of the stake; or use another account",
            Self::Retiring => "start the daemon again when the open shards have ended",
            Self::BondTooLow => "bond more, with the key of the stake: quern stake bond; a daemon that has that key does so at its start, up to --bond",
            Self::NotForApprentices => "wait for smaller ones, or bond: quern-worker run with --bond",
            Self::NotReady => "start the daemon, or quern-worker drain --cancel; it offers its slots within 16 blocks",
            Self::AskAboveBids => "lower --ask",
            Self::MemoryTooSmall => "free some memory and start the daemon again, or use a larger machine",
            Self::OtherDevice => {
                "state the region with --region; the rate is measured at each start: leave the machine to the daemon and start it again"
            }
            Self::BondNotFree | Self::AuditBondNotFree => "bond more, with the key of the stake: quern stake bond",
            Self::Resting => "see that the daemon reaches the peers that serve inputs: quern-worker doctor",
            Self::Busy | Self::NoDemand | Self::TooFewAuditors | Self::Eligible | Self::NotDrawn => return None,
        })
    }
}

/// Why an account has no work, or no more than it has.
pub fn reason(facts: &Facts) -> Idle {
    let Some(found) = &facts.participant else {
        return if facts.plants.is_empty() { Idle::NotRegistered } else { Idle::Plants };
    };
    if facts.is_syncing {
        return Idle::NodeBehind;
    }
    if found.barred {
        return Idle::Barred;
    }
    if facts.is_retiring {
        return Idle::Retiring;
    }
    if found.role != Role::Apprentice && facts.money.bonded < facts.minimum_bond {
        return Idle::BondTooLow;
    }
    if found.role == Role::Validator {
        return if facts.free_bond() < facts.audit_needs() { Idle::AuditBondNotFree } else { Idle::NotDrawn };
    }
    if found.slots == 0 {
        return Idle::NotReady;
    }
    if found.open >= found.slots {
        return Idle::Busy;
    }
    if facts.rests_until > facts.height {
        return Idle::Resting;
    }
    let is_apprentice = found.role == Role::Apprentice;
    if is_apprentice && facts.validators < APPRENTICE_AUDITORS {
        return Idle::TooFewAuditors;
    }
    // In the order in which a draw looks at it: the price, the memory, the device, the bond.
    let mut left: Vec<&Wanted> = facts.wanted.iter().collect();
    if left.is_empty() {
        return Idle::NoDemand;
    }
    left.retain(|wanted| wanted.bid >= found.ask);
    if left.is_empty() {
        return Idle::AskAboveBids;
    }
    left.retain(|wanted| wanted.memory_mib <= found.profile.memory_mib.into());
    if left.is_empty() {
        return Idle::MemoryTooSmall;
    }
    left.retain(|wanted| wanted.requirements.are_met_by(&found.profile));
    if left.is_empty() {
        return Idle::OtherDevice;
    }
    left.retain(|wanted| !is_apprentice || wanted.for_apprentices);
    if left.is_empty() {
        return Idle::NotForApprentices;
    }
    // An apprentice locks what it has.
    left.retain(|wanted| is_apprentice || wanted.collateral <= facts.free_bond());
    if left.is_empty() {
        return Idle::BondNotFree;
    }
    Idle::Eligible
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{facts, participant, ID, ME};
    use quern_primitives::{job::Requirements, plant::Plant, Balance, QRN};

    fn wanted(bid: Balance, memory_mib: u64, collateral: Balance) -> Wanted {
        let requirements = Requirements::default();
        Wanted { shard: ID, bid, memory_mib, collateral, value: 3 * QRN, for_apprentices: true, requirements }
    }

    #[test]
    fn reason_should_be_the_first_thing_that_keeps_a_worker_from_being_drawn() {
        let mut facts = facts();
        facts.participant = None;
        assert_eq!(reason(&facts), Idle::NotRegistered);
        facts.participant = Some(participant(Role::Worker));
        assert_eq!(reason(&facts), Idle::NoDemand);
        facts.wanted = vec![wanted(QRN / 2, 64, QRN)];
        assert_eq!(reason(&facts), Idle::AskAboveBids);
        facts.wanted.push(wanted(2 * QRN, 1 << 20, QRN));
        assert_eq!(reason(&facts), Idle::MemoryTooSmall);
        let requirements = Requirements { gmacs_per_second: u32::MAX, ..Requirements::default() };
        facts.wanted.push(Wanted { requirements, ..wanted(2 * QRN, 64, QRN) });
        assert_eq!(reason(&facts), Idle::OtherDevice);
        facts.wanted.push(wanted(2 * QRN, 64, 5_000 * QRN));
        assert_eq!(reason(&facts), Idle::BondNotFree);
        facts.wanted.push(wanted(2 * QRN, 64, QRN));
        assert_eq!(reason(&facts), Idle::Eligible);
        facts.participant = Some(quern_protocol::view::ParticipantView { open: 4, ..participant(Role::Worker) });
        assert_eq!(reason(&facts), Idle::Busy);
        facts.participant = Some(quern_protocol::view::ParticipantView { slots: 0, ..participant(Role::Worker) });
        assert_eq!(reason(&facts), Idle::NotReady);
        facts.money.bonded = QRN;
        assert_eq!(reason(&facts), Idle::BondTooLow);
        facts.is_retiring = true;
        assert_eq!(reason(&facts), Idle::Retiring);
        facts.is_syncing = true;
        assert_eq!(reason(&facts), Idle::NodeBehind);
    }

    #[test]
    fn reason_should_not_be_the_bond_when_it_is_an_apprentice() {
        let mut facts = facts();
        facts.participant = Some(participant(Role::Apprentice));
        (facts.money.bonded, facts.money.locked) = (0, 0);
        facts.wanted = vec![wanted(2 * QRN, 64, QRN)];
        assert_eq!(reason(&facts), Idle::Eligible);
        assert!(Idle::Eligible.why(&facts).contains("their share of all open shards"));
    }

    #[test]
    fn reason_should_be_the_plants_when_the_account_only_plants() {
        let plant = Plant { owner: ME, deposit: 40 * QRN, posted_at: 5, expires_at: 9_000 };
        let facts = Facts { plants: vec![plant], ..facts() };
        assert_eq!(reason(&facts), Idle::Plants);
        assert!(Idle::Plants.fix().is_some_and(|fix| fix.contains("--plant-from")));
    }

    #[test]
    fn reason_should_be_what_apprentices_are_not_given_when_it_is_one() {
        let mut facts = facts();
        facts.participant = Some(participant(Role::Apprentice));
        facts.wanted = vec![Wanted { for_apprentices: false, ..wanted(2 * QRN, 64, QRN) }];
        assert_eq!(reason(&facts), Idle::NotForApprentices);
        facts.validators = APPRENTICE_AUDITORS - 1;
        assert_eq!(reason(&facts), Idle::TooFewAuditors);
        facts.participant = Some(participant(Role::Worker));
        assert_eq!(reason(&facts), Idle::Eligible);
    }

    #[test]
    fn reason_should_be_the_rest_while_it_lasts() {
        let mut facts = facts();
        facts.participant = Some(participant(Role::Worker));
        facts.wanted = vec![wanted(2 * QRN, 64, QRN)];
        facts.rests_until = facts.height + 1;
        assert_eq!(reason(&facts), Idle::Resting);
        facts.height += 1;
        assert_eq!(reason(&facts), Idle::Eligible);
    }

    #[test]
    fn validator_should_have_the_larger_of_an_audit_bond_and_what_the_shards_that_wait_are_worth() {
        let mut facts = facts();
        facts.participant = Some(participant(Role::Validator));
        facts.money.locked = facts.money.bonded - 12 * QRN;
        assert_eq!(reason(&facts), Idle::NotDrawn);
        facts.wanted = vec![Wanted { value: 20 * QRN, ..wanted(QRN, 1, QRN) }];
        assert_eq!(reason(&facts), Idle::AuditBondNotFree);
        assert!(Idle::AuditBondNotFree.why(&facts).contains("the bond of an audit, 20 QRN"));
        facts.wanted.push(wanted(QRN, 1, QRN));
        assert_eq!(reason(&facts), Idle::NotDrawn, "a smaller one waits too");
        facts.money.locked += 3 * QRN;
        assert_eq!(reason(&facts), Idle::AuditBondNotFree);
    }

    #[test]
    fn every_reason_should_have_words() {
        let facts = facts();
        for idle in [
            Idle::NodeBehind,
            Idle::NotRegistered,
            Idle::Plants,
            Idle::Barred,
            Idle::Retiring,
            Idle::BondTooLow,
            Idle::NotReady,
            Idle::Busy,
            Idle::NoDemand,
            Idle::AskAboveBids,
            Idle::MemoryTooSmall,
            Idle::OtherDevice,
            Idle::BondNotFree,
            Idle::TooFewAuditors,
            Idle::NotForApprentices,
            Idle::Eligible,
            Idle::AuditBondNotFree,
            Idle::NotDrawn,
            Idle::Resting,
        ] {
            assert!(!idle.why(&facts).is_empty());
            let can_act =
                !matches!(idle, Idle::Busy | Idle::NoDemand | Idle::TooFewAuditors | Idle::Eligible | Idle::NotDrawn);
            assert_eq!(idle.fix().is_some(), can_act, "{idle:?}");
        }
    }
}
