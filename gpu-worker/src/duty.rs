// SPDX-License-Identifier: Apache-2.0
//! What an account has to do with a shard, in words: for the log and for `status`.

use crate::core::Attempt;
use quern_primitives::{Account, Balance, DisputeId, Height, ShardId};
use quern_protocol::{
    dispute::{Dispute, Move},
    shard::{Demand, Phase, ProbeSeat, Seat, Shard},
    view::ShardView,
};
use quern_sdk::chain::{amount::qrn, Chain, ChainError};
use serde::Serialize;

/// Open shards that a refusal names.
const NAMED: usize = 4;

/// What an account is in a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// It runs it.
    Worker,
    /// It is drawn to audit it, or has audited it.
    Auditor,
    /// It disputes it.
    Challenger,
}

/// What an account has to do with a shard now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// The shard.
    pub shard: ShardId,
    /// How often it was re-issued before.
    pub attempt: u16,
    /// What the account is in it.
    pub part: Part,
    /// Where the shard is in its life, in a word.
    pub phase: &'static str,
    /// What the account owes now; none when it waits for others.
    pub owes: Option<&'static str>,
    /// Last height for what is owed, by whomever.
    pub by: Option<Height>,
    /// What the worker is paid for it.
    pub price: Balance,
    /// What of the account's bond is locked for it.
    pub locked: Balance,
}

impl Duty {
    /// What the account has to do with a shard; none when it has nothing to do with it.
    pub fn of(view: &ShardView, me: &Account) -> Option<Self> {
        Self::in_shard(&view.shard, &view.disputes, me)
    }

    /// What the account has to do with a shard that it only serves.
    pub fn served(shard: &Shard, me: &Account) -> Option<Self> {
        Self::in_shard(shard, &[], me)
    }

    fn in_shard(shard: &Shard, disputes: &[(DisputeId, Dispute)], me: &Account) -> Option<Self> {
        let deal = shard.deal();
        let is_worker = deal.is_some_and(|deal| deal.worker == *me);
        let seat = shard.audit().and_then(|audit| audit.seats.iter().find(|seat| seat.auditor == *me));
        let challenges = disputes.iter().any(|(_, dispute)| dispute.challenger == *me);
        let part = match (is_worker, challenges) {
            (true, _) => Part::Worker,
            (false, true) => Part::Challenger,
            _ if seat.is_some() || shard.parties().contains(me) => Part::Auditor,
            _ => return None,
        };
        let turn = disputes
            .iter()
            .find_map(|(_, dispute)| (dispute.owed_by() == me).then_some((move_name(&dispute.turn), dispute.by)));
        let owes = match turn {
            Some((name, _)) => Some(name),
            None if is_worker => owed_by_worker(shard),
            None if owes_word(shard, me) => Some("its word on whether it can fetch the inputs"),
            None => seat.and_then(|seat| owed_by_auditor(&shard.phase, seat)),
        };
        let by = turn.map(|(_, by)| by).or_else(|| shard.expires()?.checked_sub(1));
        let locked = shard.locks().iter().filter(|(who, _)| who == me).map(|(_, amount)| *amount).sum();
        Some(Self {
            shard: shard.id,
            attempt: shard.attempt,
            part,
            phase: phase_name(&shard.phase),
            owes,
            by,
            price: deal.map_or(0, |deal| deal.price),
            locked,
        })
    }

    /// Whether the account still has to see it through. What its worker has in a shard is at stake until the window closes:
    /// an id may be asked for, and a dispute opened. So is what an auditor that confirmed it has locked: it may be accused when the
    /// result is overturned or convicted. Who has nothing locked only serves an accepted shard.
    pub fn is_open(&self) -> bool {
        match self.phase {
            "settled" | "unpaid" | "overturned" => false,
            "accused" => self.part != Part::Worker && (self.locked > 0 || self.owes.is_some()),
            "accepted" => self.part != Part::Auditor || self.locked > 0 || self.owes.is_some(),
            _ => true,
        }
    }

    /// Whether the worker will be paid for it if all goes well, and is not yet.
    pub fn is_pending(&self) -> bool {
        self.part == Part::Worker && self.is_open()
    }

    /// What happens, in a line.
    pub fn text(&self) -> String {
        let waits = match (self.phase, self.part) {
            ("accepted", Part::Worker) => format!("{} are paid when its window closes", qrn(self.price)),
            ("settled", Part::Worker) => format!("{} credited, its outputs are served", qrn(self.price)),
            ("unpaid", Part::Worker) => "nobody said that its outputs were delivered".into(),
            ("overturned" | "accused", Part::Worker) => "its result was convicted, and is not paid".into(),
            ("accused", Part::Auditor) if self.locked == 0 => {
                "its worker lost, and who confirmed it may be accused".into()
            }
            ("accused", Part::Auditor) => format!("its worker lost; {} of the bond answer for it", qrn(self.locked)),
            ("accepted", Part::Auditor) if self.locked > 0 => {
                format!("{} of the bond answer for it until its window closes", qrn(self.locked))
            }
            ("accepted" | "settled" | "unpaid" | "overturned", Part::Auditor) => "its outputs are served".into(),
            ("settled" | "unpaid" | "overturned", _) => "nothing more is owed".into(),
            _ => "waiting for others".into(),
        };
        let by = self.by.map_or(String::new(), |by| format!(", until block {by}"));
        match self.owes {
            Some(owes) => format!("{}: {owes} is owed{by}", self.phase),
            None => format!("{}: {waits}{by}", self.phase),
        }
    }
}

/// The open shards of an account, as the chain knows them.
pub async fn open(chain: &Chain, me: &Account) -> Result<Vec<(Shard, Duty)>, ChainError> {
    let (_, hash) = chain.best().await?;
    let (views, served) = (chain.duties(hash, me).await?, chain.served(hash, me).await?);
    let owed = views.into_iter().filter_map(|view| Duty::of(&view, me).map(|duty| (view.shard, duty)));
    let served = served.into_iter().filter_map(|shard| Duty::served(&shard, me).map(|duty| (shard, duty)));
    Ok(owed.chain(served).filter(|(_, duty)| duty.is_open()).collect())
}

/// Those open shards of an account of which a folder holds nothing, in words: none where it holds something of each, or owes nothing. A
/// folder is new while nothing was ever kept in it.
pub fn lacking<E>(
    open: &[(Shard, Duty)],
    me: &Account,
    is_new: bool,
    has_promised: impl Fn(Attempt) -> Result<bool, E>,
) -> Result<Option<String>, E> {
    let mut shards = Vec::new();
    for (shard, duty) in open {
        if is_new || (is_promised(shard, me) && !has_promised(Attempt::of(shard))?) {
            shards.push(format!("{} ({})", duty.shard, duty.phase));
        }
    }
    Ok((!shards.is_empty())
        .then(|| format!("this folder holds nothing of what the account owes in {}", shards.join(", "))))
}

/// What a daemon in a folder that holds nothing could not show of the account's open shards, and what that costs, in words; none where
/// nothing is promised yet.
pub fn lost(open: &[(Shard, Duty)], me: &Account) -> Option<String> {
    let promised: Vec<&Duty> = open.iter().filter(|(shard, _)| is_promised(shard, me)).map(|(_, duty)| duty).collect();
    let (first, others) = promised.split_at(promised.len().min(NAMED));
    let named: Vec<String> = first.iter().map(|duty| format!("{} ({})", duty.shard, duty.phase)).collect();
    let others = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
    let locked = promised.iter().fold(0, |sum: Balance, duty| sum.saturating_add(duty.locked));
    (!promised.is_empty()).then(|| {
        format!(
            "the account has promised results or answers in open shards ({}: {}{others}), for which {} of its bond are locked: what cannot \
             be shown costs that, and the pay. Until a daemon is started the account goes on being drawn: each audit that a validator \
             misses costs 10 % of what is locked for it, and a worker's late shard its slots and reputation",
            promised.len(),
            named.join(", "),
            qrn(locked)
        )
    })
}

/// Whether an account has promised something in a shard that it may have to show: a result, or a sealed answer, also one that it
/// answers for after the audit.
pub fn is_promised(shard: &Shard, me: &Account) -> bool {
    let has_committed = shard.commitment().is_some() && shard.deal().is_some_and(|deal| deal.worker == *me);
    let mut seats = shard.audit().map(|audit| audit.seats.iter()).into_iter().flatten();
    let answers_for_it = shard.liable().iter().any(|liable| liable.auditor == *me);
    has_committed || answers_for_it || seats.any(|seat| seat.auditor == *me && seat.seal.is_some())
}

/// A phase in a word: the same as in `quern job watch`.
pub fn phase_name(phase: &Phase) -> &'static str {
    match phase {
        Phase::Queued => "queued",
        Phase::Assigned { .. } => "assigned",
        Phase::Running { .. } => "running",
        Phase::Committed { .. } => "committed",
        Phase::Opening { .. } => "opening",
        Phase::Auditing { .. } => "auditing",
        Phase::Revealing { .. } => "revealing",
        Phase::Comparing { .. } => "comparing",
        Phase::Disputed { .. } => "disputed",
        Phase::Accepted { .. } => "accepted",
        Phase::Settled { paid: true, .. } => "settled",
        Phase::Settled { paid: false, .. } => "unpaid",
        Phase::Overturned { .. } => "overturned",
        Phase::Accused { .. } => "accused",
        Phase::Doubted { .. } | Phase::Probing { .. } => "doubted",
    }
}

fn move_name(turn: &Move) -> &'static str {
    match turn {
        Move::Trace => "the trace of the disputed segment",
        Move::Name => "the name of the operator that differs",
        Move::Convict { .. } => "the proof of the element that differs",
        Move::Output { .. } => "the disputed output",
        Move::Ids(_) => "the ids of the checkpoints that are searched",
        Move::Pick { .. } => "the first of the named ids that differs",
        Move::Prove => "the proof of the segment's ends",
        Move::NamePart => "the part of the trace that differs",
        Move::Part { .. } => "a part of the trace",
        Move::NameInPart { .. } => "the name of the operator that differs",
    }
}

fn owes_word(shard: &Shard, me: &Account) -> bool {
    let says_nothing = |seat: &ProbeSeat| seat.auditor == *me && !seat.missing;
    shard.expires().is_some() && shard.probe().is_some_and(|probe| probe.seats.iter().any(says_nothing))
}

fn owed_by_worker(shard: &Shard) -> Option<&'static str> {
    let demanded = shard.audit().is_some_and(|audit| matches!(audit.demand, Demand::Owed(_)));
    match &shard.phase {
        Phase::Assigned { .. } => Some("the start, with all inputs fetched,"),
        Phase::Running { .. } => Some("the commitment"),
        Phase::Opening { .. } => Some("the digest of the drawn checkpoints"),
        Phase::Revealing { .. } => Some("the digest of the drawn results"),
        Phase::Auditing { .. } | Phase::Comparing { .. } if demanded => Some("an answer on chain"),
        Phase::Accepted { window, .. } if !window.demands.is_empty() => Some("an id that is asked for on chain"),
        _ => None,
    }
}

fn owed_by_auditor(phase: &Phase, seat: &Seat) -> Option<&'static str> {
    match phase {
        Phase::Auditing { .. } if seat.seal.is_none() => Some("the sealed audit"),
        Phase::Comparing { .. } if seat.verdict.is_none() => Some("the reveal of the audit"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{accepted, assigned, audited, confirmed, overturned, settled, view, ME, OTHER};
    use quern_protocol::shard::{LeafDemand, Probe};

    #[test]
    fn folder_should_be_told_to_lack_what_was_promised_and_everything_while_it_is_new() {
        let open = |views: &[ShardView]| -> Vec<_> {
            views.iter().map(|view| (view.shard.clone(), Duty::of(view, &ME).unwrap())).collect()
        };
        let told = |views: &[ShardView], is_new, has| {
            lacking(&open(views), &ME, is_new, |_| Ok::<_, std::convert::Infallible>(has)).unwrap()
        };
        let both = [assigned(ME), audited(OTHER, ME, Some([4; 32]))];
        assert_eq!((told(&[], true, false), told(&both, false, true)), (None, None));
        assert!(told(&both, true, false).is_some_and(|told| told.contains("1.0.0 (assigned), 1.0.0 (auditing)")));
        assert!(told(&both, false, false).is_some_and(|told| told.ends_with("in 1.0.0 (auditing)")));
        let is_promised = |view: ShardView| is_promised(&view.shard, &ME);
        assert!(is_promised(accepted(ME)) && is_promised(audited(ME, OTHER, None)));
        assert!(is_promised(audited(OTHER, ME, Some([4; 32]))) && !is_promised(audited(OTHER, ME, None)));
        assert!(!is_promised(assigned(ME)) && !is_promised(audited(OTHER, OTHER, None)));
        assert!(is_promised(overturned(OTHER, ME)) && !is_promised(overturned(OTHER, OTHER)));
    }

    #[test]
    fn refusal_should_name_the_first_promised_shards_how_many_there_are_and_what_is_locked() {
        let told = |views: &[ShardView]| {
            let open = |view: &ShardView| (view.shard.clone(), Duty::of(view, &ME).unwrap());
            lost(&views.iter().map(open).collect::<Vec<_>>(), &ME)
        };
        let (committed, sealed) = (audited(ME, OTHER, None), audited(OTHER, ME, Some([4; 32])));
        assert_eq!(
            (told(&[]), told(&[assigned(ME), audited(OTHER, ME, None)])),
            (None, None),
            "nothing is promised yet"
        );
        let few = told(&[assigned(ME), committed.clone(), sealed]).unwrap();
        assert!(few.contains("in open shards (2: 1.0.0 (auditing), 1.0.0 (auditing)), for which"), "{few}");
        assert!(few.contains("0.000000000008 QRN of its bond are locked"), "{few}");
        assert!(few.contains("goes on being drawn") && few.contains("misses costs 10 %"), "{few}");
        let many = told(&vec![committed; NAMED + 3]).unwrap();
        assert!(many.contains("in open shards (7: ") && many.contains(" and 3 more), for which"), "{many}");
    }

    #[test]
    fn worker_should_owe_the_start_when_a_shard_is_assigned_to_it() {
        let duty = Duty::of(&assigned(ME), &ME).unwrap();
        assert_eq!((duty.part, duty.phase, duty.by), (Part::Worker, "assigned", Some(60)));
        assert_eq!(duty.text(), "assigned: the start, with all inputs fetched, is owed, until block 60");
        assert!(duty.is_open());
        assert_eq!(Duty::of(&assigned(ME), &OTHER), None);
    }

    #[test]
    fn auditor_should_owe_its_seal_until_it_has_given_it() {
        let owed = |seal| Duty::of(&audited(OTHER, ME, seal), &ME).unwrap();
        assert_eq!((owed(None).part, owed(None).owes), (Part::Auditor, Some("the sealed audit")));
        assert_eq!(owed(Some([1; 32])).owes, None);
        assert_eq!(Duty::of(&audited(ME, OTHER, None), &ME).unwrap().owes, None, "the worker waits");
    }

    #[test]
    fn validator_should_owe_its_word_when_it_is_asked_for_the_inputs() {
        let asked = |missing| {
            let seats = vec![ProbeSeat { missing, ..ProbeSeat::new(ME, 5) }].try_into().unwrap();
            let probe = Probe { seats, needed: 2, rounds: 0, drawn_at: 20, left: Default::default() };
            Duty::of(&view(Phase::Probing { work: None, probe, by: 60 }), &ME).unwrap()
        };
        assert_eq!(asked(false).text(), "doubted: its word on whether it can fetch the inputs is owed, until block 60");
        assert_eq!((asked(true).owes, asked(true).locked), (None, 5));
    }

    #[test]
    fn worker_should_be_told_its_pay_when_a_shard_is_accepted() {
        let duty = Duty::of(&accepted(ME), &ME).unwrap();
        let expected = "accepted: 0.000000000007 QRN are paid when its window closes, until block 120";
        assert_eq!(duty.text(), expected);
        assert!(duty.is_open() && duty.is_pending());
    }

    #[test]
    fn worker_should_be_told_what_it_owes_when_an_id_is_asked_for() {
        let mut asked = accepted(ME);
        if let Phase::Accepted { window, .. } = &mut asked.shard.phase {
            window.demands = vec![LeafDemand { position: 1, by: 110 }].try_into().unwrap();
        }
        let duty = Duty::of(&asked, &ME).unwrap();
        assert_eq!(duty.text(), "accepted: an id that is asked for on chain is owed, until block 110");
    }

    #[test]
    fn worker_should_be_told_whether_it_was_paid_when_the_window_has_closed() {
        let duty = |paid| Duty::of(&settled(ME, paid), &ME).unwrap();
        assert_eq!(duty(true).text(), "settled: 0.000000000007 QRN credited, its outputs are served");
        assert_eq!(duty(false).text(), "unpaid: nobody said that its outputs were delivered");
        assert!(!duty(true).is_open() && !duty(false).is_pending());
    }

    #[test]
    fn auditor_should_be_told_what_answers_for_an_overturned_result_and_what_it_owes_when_it_is_accused() {
        let view = overturned(OTHER, ME);
        let duty = Duty::of(&view, &ME).unwrap();
        let expected = "accused: its worker lost; 0.000000000005 QRN of the bond answer for it, until block 130";
        assert_eq!((duty.text().as_str(), duty.is_open()), (expected, true));
        let worker = Duty::of(&view, &OTHER).unwrap();
        assert_eq!(worker.text(), "accused: its result was convicted, and is not paid, until block 130");
        assert!(!worker.is_open() && !worker.is_pending());
    }

    #[test]
    fn accepted_shard_should_be_open_for_its_auditor_while_its_bond_answers_for_it() {
        let view = confirmed(OTHER, ME);
        let duty = Duty::served(&view.shard, &ME).unwrap();
        let expected =
            "accepted: 0.000000000005 QRN of the bond answer for it until its window closes, until block 120";
        assert_eq!((duty.text().as_str(), duty.is_open(), duty.is_pending()), (expected, true, false));
        assert!(
            lost(&[(view.shard.clone(), duty)], &ME).is_some_and(|told| told.contains("1.0.0 (accepted)")),
            "an empty folder could show nothing of it"
        );
        let mut free = view;
        if let Phase::Accepted { window, .. } = &mut free.shard.phase {
            window.confirmed.liable = Default::default();
        }
        let duty = Duty::served(&free.shard, &ME).unwrap();
        assert_eq!(
            (duty.text().as_str(), duty.is_open()),
            ("accepted: its outputs are served, until block 120", false)
        );
    }

    #[test]
    fn nobody_should_have_a_duty_when_a_shard_is_queued() {
        assert_eq!(Duty::of(&view(Phase::Queued), &ME), None);
    }
}
