// SPDX-License-Identifier: Apache-2.0
//! `quern stake`.

use crate::{
    args::{Global, StakeCommand},
    client::{self, account, Signer},
    output::{self, Output},
    proxy,
};
use anyhow::{ensure, Context};
use quern_primitives::{traits::Role, Account, Balance, Height};
use quern_protocol::view::{AccountView, CandidateView, NominationView, ParticipantView, MAX_PAGE};
use quern_sdk::chain::{
    calls,
    json::{self, Big},
    parse_account,
    runtime::{self, rewards},
    Chain,
};
use serde::Serialize;
use std::process::ExitCode;

/// Most eras that one `rewards.claim_emission` pays.
const ERAS_PER_CLAIM: usize = 16;

#[derive(Serialize)]
struct Report {
    account: String,
    free: Big,
    held: Big,
    /// What of it is held for neither a bond nor a nomination.
    held_for_jobs: Big,
    bonded: Big,
    locked: Big,
    unbonding: Big,
    /// When what is unbonding can be withdrawn.
    releases: Vec<Release>,
    credits: Big,
    candidate: Option<Candidate>,
    nominations: Vec<Nomination>,
    /// Emission of finished eras that can be claimed.
    emission: Big,
}

impl Report {
    fn new(
        account: String,
        view: &AccountView,
        releases: Vec<Release>,
        candidate: Option<Candidate>,
        nominations: Vec<Nomination>,
        emission: Balance,
    ) -> Self {
        let AccountView { free, held, bonded, locked, unbonding, credits } = *view;
        let held_for_jobs = Big(held_otherwise(view, &nominations));
        Self {
            account,
            free: Big(free),
            held: Big(held),
            held_for_jobs,
            bonded: Big(bonded),
            locked: Big(locked),
            unbonding: Big(unbonding),
            releases,
            credits: Big(credits),
            candidate,
            nominations,
            emission: Big(emission),
        }
    }
}

/// A part of what is unbonding.
#[derive(Serialize)]
struct Release {
    amount: Big,
    /// First height at which it can be withdrawn.
    release_at: Height,
}

#[derive(Serialize)]
struct Candidate {
    account: String,
    commission_ppm: u32,
    bonded: Big,
    backing: Big,
    score: Big,
    authors: bool,
    has_keys: bool,
}

impl From<&CandidateView> for Candidate {
    fn from(view: &CandidateView) -> Self {
        Self {
            account: output::address(&view.account),
            commission_ppm: view.commission_ppm,
            bonded: Big(view.bonded),
            backing: Big(view.backing),
            score: Big(view.score),
            authors: view.authors,
            has_keys: view.has_keys,
        }
    }
}

impl Candidate {
    fn commission(&self) -> String {
        format!("{} %", f64::from(self.commission_ppm) / 10_000.0)
    }

    /// What it does, or why it does not.
    fn status(&self) -> &'static str {
        match (self.authors, self.score.0 > 0, self.has_keys) {
            (true, true, _) => "authors",
            (true, false, _) => "authors, and is chilled",
            (false, false, _) => "chilled",
            (false, true, false) => "has no session keys",
            (false, true, true) => "waits",
        }
    }
}

#[derive(Serialize)]
struct Nomination {
    candidate: String,
    amount: Big,
    unbonding: Big,
    release_at: Height,
}

impl From<&NominationView> for Nomination {
    fn from(view: &NominationView) -> Self {
        Self {
            candidate: output::address(&view.candidate),
            amount: Big(view.amount),
            unbonding: Big(view.unbonding),
            release_at: view.release_at,
        }
    }
}

/// Runs a command about an account's bond and earnings.
pub async fn run(global: &Global, command: StakeCommand) -> anyhow::Result<ExitCode> {
    let command = match command {
        StakeCommand::Proxy(command) => return proxy::run(global, command).await,
        command => command,
    };
    match &command {
        StakeCommand::Show { account: Some(who) } => {
            let who = account(who)?;
            return show(global, &client::connect(global).await?, who).await;
        }
        StakeCommand::Candidates { limit } => return candidates(global, *limit).await,
        _ => {}
    }
    let keys = match &command {
        StakeCommand::Show { .. } => client::keys_or_account(global, "quern stake show")?,
        _ => client::keys(global)?,
    };
    let caller = keys.account();
    let chain = client::connect(global).await?;
    let signer = Signer::new(global, &chain, keys);
    if let Some(hint) = hint_of_stake(std::env::var("QUERN_STAKE").ok().as_deref(), &command, &caller) {
        Output { json: global.json }.say(hint);
    }
    let (view, minimum) = (chain.account(&caller).await?, chain.minimum_bond().await?);
    possible(&command, &view, minimum)?;
    if let StakeCommand::Unbond { qrn, from: None, yes: false } = &command {
        let question = out_of_work(*qrn, &view, minimum, chain.participant(&caller).await?.as_ref());
        if let Some(question) = question {
            ensure!(Output { json: global.json }.confirm(&question)?, "the bond is as it was");
        }
    }
    match &command {
        StakeCommand::Chill => may_chill(chain.candidate(&caller).await?.as_ref())?,
        StakeCommand::Retire => may_retire(chain.participant(&caller).await?.as_ref())?,
        _ => {}
    }
    if let StakeCommand::Nominate { candidate, qrn } = &command {
        let candidate = account(candidate)?;
        let backed = chain.nominations(&caller).await?.into_iter().find(|nomination| nomination.candidate == candidate);
        enough_to_back(*qrn, backed.map_or(0, |nomination| nomination.amount), chain.minimum_nomination().await?)?;
    }
    match command {
        StakeCommand::Bond { qrn } => signer.send_and_wait(&calls::bond(qrn)).await.map(drop)?,
        StakeCommand::Unbond { qrn, from: None, .. } => signer.send_and_wait(&calls::unbond(qrn)).await.map(drop)?,
        StakeCommand::Unbond { qrn, from: Some(from), .. } => {
            signer.send_and_wait(&calls::unbond_nomination(account(&from)?, qrn)).await.map(drop)?
        }
        StakeCommand::Withdraw { from: None } => signer.send_and_wait(&calls::withdraw_unbonded()).await.map(drop)?,
        StakeCommand::Withdraw { from: Some(from) } => {
            signer.send_and_wait(&calls::withdraw_nomination(account(&from)?)).await.map(drop)?
        }
        StakeCommand::Keys => {
            let (keys, proof) = chain.rotate_session_keys(&caller).await.context(
                "the node made no session keys: it does so for callers on its own machine, with --rpc-methods unsafe \
                 where its RPC port is open to others",
            )?;
            signer.send_and_wait(&calls::set_session_keys(keys, proof)).await?;
            Output { json: global.json }.say("session keys are registered; next: `quern stake validate`");
        }
        StakeCommand::Validate { commission } => signer.send_and_wait(&calls::validate(commission)).await.map(drop)?,
        StakeCommand::Chill => signer.send_and_wait(&calls::chill()).await.map(drop)?,
        StakeCommand::Nominate { candidate, qrn } => {
            signer.send_and_wait(&calls::nominate(account(&candidate)?, qrn)).await.map(drop)?
        }
        StakeCommand::Claim { account: None } => {
            let claimed = claim(&chain, &signer).await?;
            Output { json: global.json }.say(claimed);
        }
        StakeCommand::Claim { account: Some(who) } => claim_for(&chain, &signer, account(&who)?).await?,
        StakeCommand::Retire => {
            signer.send_and_wait(&calls::retire()).await?;
            Output { json: global.json }.say(retired(chain.participant(&caller).await?.as_ref()));
        }
        StakeCommand::Show { .. } | StakeCommand::Candidates { .. } | StakeCommand::Proxy(_) => {}
    }
    show(global, &chain, caller).await
}

/// What somebody with a hot key may have meant: only daemons act for the stake that `QUERN_STAKE` names.
fn hint_of_stake(stake: Option<&str>, command: &StakeCommand, caller: &Account) -> Option<String> {
    let stake = stake.filter(|stake| !stake.is_empty() && parse_account(stake).as_ref() != Some(caller))?;
    let instead = match command {
        StakeCommand::Show { account: None } => format!("`quern stake show {stake}` shows the stake"),
        StakeCommand::Claim { account: None } => {
            format!(
                "`quern stake claim --for {stake}` pays out the stake's emission, and its own key what it has earned"
            )
        }
        StakeCommand::Retire => "use the stake's own key to retire it".to_owned(),
        _ => return None,
    };
    let own = output::address(caller);
    Some(format!("note: QUERN_STAKE is for daemons alone: this is about the key's own account, {own}; {instead}"))
}

/// Whether there is a candidate that can stand for no further election.
fn may_chill(known: Option<&CandidateView>) -> anyhow::Result<()> {
    let known = known.context("nothing to do: the account is no candidate for authoring blocks")?;
    ensure!(known.score > 0, "nothing to do: the account is chilled already, and stands for no further election");
    Ok(())
}

/// Whether the registry has an account that can leave it.
fn may_retire(known: Option<&ParticipantView>) -> anyhow::Result<()> {
    known.map(drop).context("nothing to do: the account is not registered, and gets no work (`quern worker list`)")
}

/// What comes after `retire`, by what the registry still has of the account.
fn retired(left: Option<&ParticipantView>) -> String {
    match left {
        None => "retired: the account is registered no more, and its daemon may be stopped once `quern-worker drain` says so".to_owned(),
        Some(view) => format!(
            "retiring, with {} open: keep the daemon running until their windows have closed; next: `quern-worker drain`, \
             which says when nothing is owed any more",
            output::count(view.open.into(), "shard")
        ),
    }
}

/// Whether a nomination reaches the chain's minimum.
fn enough_to_back(more: Balance, backed: Balance, minimum: Balance) -> anyhow::Result<()> {
    let lacking = minimum.saturating_sub(backed);
    ensure!(
        more >= lacking,
        "{} is too little: the chain's minimum for a candidate is {}; back it with at least {}",
        output::qrn(more),
        output::qrn(minimum),
        output::qrn(lacking)
    );
    Ok(())
}

/// What the chain would refuse, in the amounts of the account. `minimum` is the least bond.
fn possible(command: &StakeCommand, view: &AccountView, minimum: Balance) -> anyhow::Result<()> {
    match command {
        StakeCommand::Bond { qrn } => {
            ensure!(
                *qrn <= view.free,
                "the account has {} that it can spend, less than {}",
                output::qrn(view.free),
                output::qrn(*qrn)
            );
            let lacking = minimum.saturating_sub(view.bonded);
            ensure!(
                *qrn >= lacking,
                "{} is too little: the chain's minimum bond is {}; bond at least {}",
                output::qrn(*qrn),
                output::qrn(minimum),
                output::qrn(lacking)
            );
        }
        StakeCommand::Unbond { qrn, from: None, .. } => {
            ensure!(view.bonded > 0, "nothing to do: there is no bond");
            // Where more is locked than stays, the chain says so.
            let stays = view.bonded.saturating_sub(*qrn);
            ensure!(
                stays == 0 || stays >= minimum,
                "{} would stay, less than the chain's minimum bond of {}: take out at most {}, or all {}",
                output::qrn(stays),
                output::qrn(minimum),
                output::qrn(view.bonded.saturating_sub(minimum)),
                output::qrn(view.bonded)
            );
        }
        StakeCommand::Withdraw { from: None } => ensure!(view.unbonding > 0, "nothing to do: nothing is unbonding"),
        _ => {}
    }
    Ok(())
}

/// What to ask before a registered account is left with too little a bond for work.
fn out_of_work(qrn: Balance, view: &AccountView, minimum: Balance, known: Option<&ParticipantView>) -> Option<String> {
    let role = known.filter(|known| known.role != Role::Apprentice && !known.barred)?.role;
    let stays = view.bonded.saturating_sub(qrn);
    (stays < minimum).then(|| {
        format!(
            "The account is registered as a {}, and {} of its bond would stay, less than the chain's minimum of {}: it will get no \
             more work. `quern stake retire` first. Unbond all the same?",
            json::role(role),
            output::qrn(stays),
            output::qrn(minimum)
        )
    })
}

/// What was paid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Paid {
    earned: Balance,
    emission: Balance,
}

impl Paid {
    fn add(&mut self, events: &[runtime::Event]) {
        for event in events {
            match event {
                runtime::Event::Rewards(rewards::Event::Claimed { amount, .. }) => {
                    self.earned = self.earned.saturating_add(*amount)
                }
                runtime::Event::Rewards(rewards::Event::EmissionClaimed { for_work, for_authoring, .. }) => {
                    self.emission = self.emission.saturating_add(*for_work).saturating_add(*for_authoring)
                }
                _ => {}
            }
        }
    }
}

impl std::fmt::Display for Paid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "claimed {} that were earned, and {} of emission",
            output::qrn(self.earned),
            output::qrn(self.emission)
        )
    }
}

/// Pays out credits, and the emission of every finished era that can be claimed.
async fn claim(chain: &Chain, signer: &Signer) -> anyhow::Result<Paid> {
    let mut paid = Paid::default();
    let account = signer.account();
    let credits = chain.account(&account).await?.credits;
    let eras: Vec<u32> = chain.claimable(&account).await?.into_iter().map(|(era, ..)| era).collect();
    // Without either, the chain says that there is nothing.
    if credits > 0 || eras.is_empty() {
        paid.add(&signer.send_and_wait(&calls::claim()).await?.events);
    }
    for page in eras.chunks(ERAS_PER_CLAIM) {
        paid.add(&signer.send_and_wait(&calls::claim_emission(page.to_vec())).await?.events);
    }
    Ok(paid)
}

/// What is held of an account for neither a bond nor a nomination: the escrow of jobs, deposits for programs, bonds of appeals.
fn held_otherwise(view: &AccountView, nominations: &[Nomination]) -> Balance {
    let backing = nominations.iter().map(|nomination| nomination.amount.0.saturating_add(nomination.unbonding.0));
    let stake = backing.fold(view.bonded.saturating_add(view.unbonding), Balance::saturating_add);
    view.held.saturating_sub(stake)
}

/// What of an account is held now for jobs and deposits.
pub(crate) async fn held_now(chain: &Chain, account: &Account) -> anyhow::Result<Balance> {
    let nominations: Vec<_> = chain.nominations(account).await?.iter().map(Nomination::from).collect();
    Ok(held_otherwise(&chain.account(account).await?, &nominations))
}

/// Pays out the emission of every finished era of another account, to it and to those who back it.
async fn claim_for(chain: &Chain, signer: &Signer, who: Account) -> anyhow::Result<()> {
    let eras: Vec<u32> = chain.claimable(&who).await?.into_iter().map(|(era, ..)| era).collect();
    anyhow::ensure!(!eras.is_empty(), "no finished era has emission that {} has not claimed", output::address(&who));
    for page in eras.chunks(ERAS_PER_CLAIM) {
        signer.send_and_wait(&calls::claim_emission_for(who, page.to_vec())).await?;
    }
    Ok(())
}

async fn show(global: &Global, chain: &Chain, account: Account) -> anyhow::Result<ExitCode> {
    let view = chain.account(&account).await?;
    let candidate = chain.candidate(&account).await?.as_ref().map(Candidate::from);
    let nominations: Vec<_> = chain.nominations(&account).await?.iter().map(Nomination::from).collect();
    let unbonding = chain.unbonding(&account).await?;
    let claimable = chain.claimable(&account).await?;
    let emission = claimable.iter().fold(0, |sum: Balance, (_, work, authoring)| sum + work + authoring);
    let mut table = output::plain_table();
    for (name, amount) in [
        ("free", view.free),
        ("bonded", view.bonded),
        ("locked, of the bond", view.locked),
        ("unbonding", view.unbonding),
        ("held (jobs, deposits)", held_otherwise(&view, &nominations)),
        ("earned, to be claimed", view.credits),
        ("emission, to be claimed", emission),
    ] {
        table.add_row([name.to_owned(), output::qrn(amount)]);
        if name == "unbonding" {
            for (amount, release_at) in &unbonding {
                table.add_row(["  until block".to_owned(), format!("{release_at}: {}", output::qrn(*amount))]);
            }
        }
    }
    if let Some(candidate) = &candidate {
        table.add_row(["as block author".to_owned(), candidate.status().to_owned()]);
        table.add_row(["commission".to_owned(), candidate.commission()]);
        table.add_row(["backed by others with".to_owned(), output::qrn(candidate.backing.0)]);
    }
    for nomination in &nominations {
        table.add_row([format!("backs {}", nomination.candidate), output::qrn(nomination.amount.0)]);
        if nomination.unbonding.0 > 0 {
            let until = format!("{}, until height {}", output::qrn(nomination.unbonding.0), nomination.release_at);
            table.add_row(["  unbonding".to_owned(), until]);
        }
    }
    let address = output::address(&account);
    let text = format!("{address}\n{table}");
    let releases =
        unbonding.iter().map(|(amount, release_at)| Release { amount: Big(*amount), release_at: *release_at });
    let report = Report::new(address, &view, releases.collect(), candidate, nominations, emission);
    Output { json: global.json }.result(&report, text)?;
    Ok(ExitCode::SUCCESS)
}

async fn candidates(global: &Global, limit: u32) -> anyhow::Result<ExitCode> {
    let chain = client::connect(global).await?;
    let mut list: Vec<Candidate> = Vec::new();
    while list.len() < limit as usize {
        let from = list.len() as u32;
        let page = chain.candidates(from, (limit - from).min(MAX_PAGE)).await?;
        if page.is_empty() {
            break;
        }
        list.extend(page.iter().map(Candidate::from));
    }
    let mut table = output::table(&["candidate", "status", "commission", "own bond", "backing"]);
    for candidate in &list {
        table.add_row([
            candidate.account.clone(),
            candidate.status().to_owned(),
            candidate.commission(),
            output::qrn(candidate.bonded.0),
            output::qrn(candidate.backing.0),
        ]);
    }
    Output { json: global.json }.result(&list, table.to_string())?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_primitives::{job::Profile, QRN};

    #[test]
    fn command_should_be_refused_with_the_amounts_when_the_account_has_too_little() {
        let refused = |command: &StakeCommand, view| possible(command, &view, 3 * QRN).unwrap_err().to_string();
        let view = AccountView { free: 5 * QRN, ..AccountView::default() };
        let error = refused(&StakeCommand::Bond { qrn: 6 * QRN }, view);
        assert_eq!(error, "the account has 5 QRN that it can spend, less than 6 QRN");
        assert!(possible(&StakeCommand::Bond { qrn: 5 * QRN }, &view, 3 * QRN).is_ok());
        assert!(refused(&StakeCommand::Unbond { qrn: 1, from: None, yes: false }, view).contains("there is no bond"));
        assert!(refused(&StakeCommand::Withdraw { from: None }, view).contains("nothing is unbonding"));
        let unbonding = AccountView { unbonding: 1, ..view };
        assert!(possible(&StakeCommand::Withdraw { from: None }, &unbonding, 3 * QRN).is_ok());
    }

    #[test]
    fn command_should_be_refused_with_the_minimum_when_too_little_would_be_bonded() {
        let view = AccountView { free: 50 * QRN, bonded: 4 * QRN, ..AccountView::default() };
        let tried = |command, minimum| possible(&command, &view, minimum * QRN).map_err(|error| error.to_string());
        let error = tried(StakeCommand::Bond { qrn: 5 * QRN }, 10).unwrap_err();
        assert!(error.contains("the chain's minimum bond is 10 QRN; bond at least 6 QRN"), "{error}");
        assert!(tried(StakeCommand::Bond { qrn: 6 * QRN }, 10).is_ok());
        let unbond = |qrn: Balance| StakeCommand::Unbond { qrn: qrn * QRN, from: None, yes: false };
        let error = tried(unbond(2), 3).unwrap_err();
        assert!(error.contains("take out at most 1 QRN, or all 4 QRN"), "{error}");
        assert!(tried(unbond(1), 3).is_ok() && tried(unbond(4), 3).is_ok());
        let error = enough_to_back(QRN, 7 * QRN, 10 * QRN).unwrap_err().to_string();
        assert!(error.contains("minimum for a candidate is 10 QRN; back it with at least 3 QRN"), "{error}");
        assert!(enough_to_back(3 * QRN, 7 * QRN, 10 * QRN).is_ok() && enough_to_back(QRN, 10 * QRN, 10 * QRN).is_ok());
    }

    #[test]
    fn hint_should_be_given_when_the_stake_of_a_hot_key_may_be_meant() {
        let (caller, stake) = ([1; 32], output::address(&[2; 32]));
        let hint = |command| hint_of_stake(Some(&stake), &command, &caller);
        assert!(hint(StakeCommand::Show { account: None }).unwrap().contains(&format!("quern stake show {stake}")));
        assert!(hint(StakeCommand::Claim { account: None }).unwrap().contains("--for"));
        assert!(hint(StakeCommand::Retire).unwrap().contains("own key"));
        assert_eq!(hint(StakeCommand::Chill), None);
        assert_eq!(hint_of_stake(None, &StakeCommand::Retire, &caller), None);
        assert_eq!(hint_of_stake(Some(&output::address(&caller)), &StakeCommand::Retire, &caller), None);
    }

    fn worker() -> ParticipantView {
        ParticipantView {
            account: [1; 32],
            role: Role::Worker,
            endpoint: Default::default(),
            profile: Profile::new(4_096, "cpu", false),
            ask: QRN,
            slots: 4,
            open: 2,
            reputation: 0,
            barred: false,
            bonded: 0,
            locked: 0,
        }
    }

    #[test]
    fn unbonding_should_be_asked_about_when_a_registered_account_would_get_no_more_work() {
        let view = AccountView { bonded: 10 * QRN, ..AccountView::default() };
        let asked = |qrn, known: Option<ParticipantView>| out_of_work(qrn * QRN, &view, 3 * QRN, known.as_ref());
        let question = asked(10, Some(worker())).unwrap();
        assert!(question.contains("registered as a worker, and 0 QRN of its bond would stay"), "{question}");
        assert!(question.contains("no more work. `quern stake retire` first"), "{question}");
        let validator = ParticipantView { role: Role::Validator, ..worker() };
        assert!(asked(8, Some(validator)).unwrap().contains("as a validator"));
        assert_eq!(asked(7, Some(worker())), None, "the minimum stays");
        for known in [
            None,
            Some(ParticipantView { barred: true, ..worker() }),
            Some(ParticipantView { role: Role::Apprentice, ..worker() }),
        ] {
            assert_eq!(asked(10, known), None, "there is no work to lose");
        }
    }

    #[test]
    fn retiring_should_say_what_is_open_and_what_comes_next() {
        let told = retired(Some(&worker()));
        assert!(told.starts_with("retiring, with 2 shards open: keep the daemon running"), "{told}");
        assert!(told.contains("`quern-worker drain`"), "{told}");
        assert!(retired(None).starts_with("retired: the account is registered no more"));
    }

    #[test]
    fn what_is_held_otherwise_should_be_without_bond_and_nominations() {
        let view = AccountView { held: 100, bonded: 30, unbonding: 5, ..AccountView::default() };
        let nomination = NominationView { candidate: [1; 32], amount: 20, unbonding: 4, release_at: 9 };
        assert_eq!(held_otherwise(&view, &[Nomination::from(&nomination)]), 41);
        assert_eq!(held_otherwise(&AccountView::default(), &[]), 0);
    }

    #[test]
    fn what_was_claimed_should_add_up_over_events() {
        let who = || runtime::AccountId32([1; 32]);
        let mut paid = Paid::default();
        paid.add(&[
            runtime::Event::Rewards(rewards::Event::Claimed { who: who(), amount: 2 * QRN }),
            runtime::Event::Rewards(rewards::Event::EmissionClaimed {
                who: who(),
                era: 0,
                points: 1,
                blocks: 1,
                for_work: QRN,
                for_authoring: QRN / 2,
            }),
        ]);
        assert_eq!(paid.to_string(), "claimed 2 QRN that were earned, and 1.5 QRN of emission");
    }

    #[test]
    fn leaving_should_have_nothing_to_do_when_the_account_is_not_there() {
        let told = |tried: anyhow::Result<()>| tried.unwrap_err().to_string();
        assert!(told(may_retire(None)).starts_with("nothing to do: the account is not registered"));
        assert!(may_retire(Some(&worker())).is_ok());
        let candidate = CandidateView {
            account: [1; 32],
            commission_ppm: 0,
            bonded: QRN,
            backing: 0,
            score: QRN,
            authors: true,
            has_keys: true,
        };
        assert!(may_chill(Some(&candidate)).is_ok());
        assert!(told(may_chill(None)).starts_with("nothing to do: the account is no candidate"));
        let chilled = CandidateView { score: 0, ..candidate };
        assert!(told(may_chill(Some(&chilled))).starts_with("nothing to do: the account is chilled already"));
    }

    #[test]
    fn amounts_should_be_strings_of_digits_when_they_are_json() {
        let many = Balance::MAX;
        let view = AccountView { free: many, held: 1, bonded: many, locked: many, unbonding: many, credits: many };
        let candidate = CandidateView {
            account: [1; 32],
            commission_ppm: 5,
            bonded: many,
            backing: many,
            score: many,
            authors: true,
            has_keys: true,
        };
        let nomination = NominationView { candidate: [1; 32], amount: many, unbonding: many, release_at: 9 };
        let (candidate, nominations) = (Candidate::from(&candidate), vec![Nomination::from(&nomination)]);
        let releases = vec![Release { amount: Big(many), release_at: 9 }];
        let report = Report::new("5C".into(), &view, releases, Some(candidate), nominations, many);
        let json = serde_json::to_value(&report).unwrap();
        let text = many.to_string();
        for pointer in [
            "/free",
            "/bonded",
            "/locked",
            "/unbonding",
            "/releases/0/amount",
            "/credits",
            "/emission",
            "/candidate/bonded",
            "/candidate/backing",
            "/candidate/score",
            "/nominations/0/amount",
            "/nominations/0/unbonding",
        ] {
            assert_eq!(json.pointer(pointer), Some(&text.as_str().into()), "{pointer} of {json}");
        }
        assert_eq!((&json["held"], &json["nominations"][0]["release_at"]), (&"1".into(), &9.into()));
    }
}
