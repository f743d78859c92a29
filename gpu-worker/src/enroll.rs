// SPDX-License-Identifier: Apache-2.0
//! Bond, registration and readiness: what an account needs before the chain gives it work.

use crate::apprentice;
use quern_primitives::{
    enrol::{self, FREE_TURN_BLOCKS},
    job::Endpoint,
    traits::Role,
    Account, Balance, Height, QRN,
};
use quern_protocol::view::ParticipantView;
use quern_sdk::{
    chain::{address, amount::qrn, calls, Chain, ChainError, Payload, Profile, Sender},
    net::{address::to_socket, probe},
};
use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    time::Duration,
};

/// What to be enrolled as.
pub struct Enrolment {
    /// Worker or validator.
    pub role: Role,
    /// Where to be reached.
    pub endpoint: Endpoint,
    /// The device.
    pub profile: Profile,
    /// Price per GMAC.
    pub ask: Balance,
    /// Shards to hold at the same time.
    pub slots: u32,
    /// Bond to be brought up to.
    pub bond: Balance,
    /// Whether it begins with nothing and earns its bond.
    pub apprentice: bool,
}

impl Enrolment {
    /// Whether an account is registered with just this.
    fn is_of(&self, found: &ParticipantView) -> bool {
        found.endpoint == self.endpoint && found.profile == self.profile && found.ask == self.ask
    }

    /// Whether the registry says just this of an account: then nothing about its entry is sent.
    fn is_met(&self, found: Option<&ParticipantView>) -> bool {
        let is_ready =
            |found: &ParticipantView| self.role != Role::Worker || found.slots == slots_of(found, self.slots);
        found.is_some_and(|found| self.is_of(found) && is_ready(found))
    }

    /// Whether an account can be enrolled so that is registered as this: looked at before any money is bonded.
    fn may_follow(&self, found: &ParticipantView) -> Result<(), EnrolError> {
        let becomes_worker = self.role == Role::Worker && found.role == Role::Apprentice;
        if found.role != self.role && !becomes_worker {
            return Err(EnrolError::OtherRole(found.role));
        }
        if found.barred {
            return Err(EnrolError::Barred);
        }
        Ok(())
    }
}

/// Why an account cannot be enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The chain refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The account has the other role.
    #[error("the account is registered as a {0:?}; use another account, or `quern stake retire` first")]
    OtherRole(Role),
    /// The account was convicted.
    #[error("the account was convicted and is barred; when its open shards have ended, register again with `quern worker register` (with the key of the stake), or use another account")]
    Barred,
    /// Another daemon of the account answers.
    #[error("another daemon runs for this account and answers at {0}; stop that one first (quern-worker drain lets it finish), or give this one another account")]
    Running(String),
    /// The account cannot pay the bond.
    #[error("the account has {free} QRN, which does not cover the missing bond of {missing} QRN; transfer some to it or lower --bond; a worker may begin with nothing: quern-worker run --apprentice; if this is a hot key, name its account with --stake")]
    Poor {
        /// Free balance in whole QRN.
        free: Balance,
        /// Missing bond in whole QRN.
        missing: Balance,
    },
    /// The bond that is asked for is too small.
    #[error("--bond is {}, the chain's minimum {}: name at least that", qrn(*wanted), qrn(*minimum))]
    Small {
        /// The bond that is asked for.
        wanted: Balance,
        /// The chain's minimum.
        minimum: Balance,
    },
    /// The bond is too small, and the daemon's hot key cannot add to it.
    #[error("the bond of {stake} is {}, the chain's minimum {}, and a hot key cannot bond; with the key of the stake: quern stake bond {wanted}", qrn(*bonded), qrn(*minimum))]
    Unbonded {
        /// The account that owns the stake.
        stake: String,
        /// What is bonded.
        bonded: Balance,
        /// The chain's minimum.
        minimum: Balance,
        /// What is to be added in whole QRN.
        wanted: Balance,
    },
}

/// Brings a bond up to what is wanted. A hot key cannot: it is refused where the bond is below the chain's minimum.
pub async fn bond(chain: &Chain, sender: &Sender, me: &Account, wanted: Balance) -> Result<(), EnrolError> {
    let account = chain.account(me).await?;
    let missing = wanted.saturating_sub(account.bonded);
    if sender.is_proxy() {
        let minimum = chain.minimum_bond().await?;
        let more = wanted.max(minimum).saturating_sub(account.bonded).div_ceil(QRN);
        if account.bonded < minimum {
            return Err(EnrolError::Unbonded { stake: address(me), bonded: account.bonded, minimum, wanted: more });
        }
        if missing > 0 {
            tracing::warn!(
                "the bond is {more} QRN below --bond; only the key of the stake can add to it: quern stake bond {more}"
            );
        }
        return Ok(());
    }
    if missing == 0 {
        return Ok(());
    }
    // A bond that was sent before a restart counts.
    sender.catch_up().await?;
    let account = chain.account(me).await?;
    let missing = wanted.saturating_sub(account.bonded);
    if missing == 0 {
        return Ok(());
    }
    if account.free < missing {
        return Err(EnrolError::Poor { free: account.free / QRN, missing: missing.div_ceil(QRN) });
    }
    let minimum = chain.minimum_bond().await?;
    if wanted < minimum {
        return Err(EnrolError::Small { wanted, minimum });
    }
    sender.send_and_wait(&calls::bond(missing)).await?;
    tracing::info!(qrn = (missing / QRN) as u64, "bonded");
    Ok(())
}

/// Brings bond, registration and readiness to what is asked for. Does nothing that is already so.
///
/// An account that begins with nothing enrols. What it cannot pay for yet it does later ([`stay_ready`]): then the endpoint that
/// is registered until that is given back.
pub async fn enroll(
    chain: &Chain,
    sender: &Sender,
    me: &Account,
    wanted: &Enrolment,
) -> Result<Option<Endpoint>, EnrolError> {
    let mut found = chain.participant(me).await?;
    if !wanted.is_met(found.as_ref()) {
        // What was sent before a restart counts.
        sender.catch_up().await?;
        found = chain.participant(me).await?;
    }
    let account = chain.account(me).await?;
    let missing = wanted.bond.saturating_sub(account.bonded);
    found.as_ref().map_or(Ok(()), |found| wanted.may_follow(found))?;
    let is_apprentice = found.as_ref().is_some_and(|found| found.role == Role::Apprentice);
    // Who was enrolled before goes on earning, unless it has the bond by now.
    let earns = wanted.apprentice || (wanted.role == Role::Worker && is_apprentice && account.free < missing);
    if !earns {
        bond(chain, sender, me, wanted.bond).await?;
    }
    let mut former = None;
    match found {
        None if wanted.apprentice => {
            let Enrolment { endpoint, profile, ask, .. } = wanted;
            let (endpoint, profile) = (endpoint.clone(), profile.clone());
            let enrolment = enrol::Enrolment { account: *me, endpoint, profile, ask: *ask, block: 0, nonce: 0 };
            apprentice::enrol(chain, sender, enrolment).await?;
            tracing::info!("enrolled as an apprentice, for one shard at a time");
        }
        None => {
            let call = calls::register(wanted.role, wanted.endpoint.clone(), wanted.profile.clone(), wanted.ask);
            sender.send_and_wait(&call).await?;
            tracing::info!(role = ?wanted.role, "registered");
        }
        Some(found) if wanted.is_of(&found) => {}
        Some(found) => {
            let update = calls::update(wanted.endpoint.clone(), wanted.profile.clone(), wanted.ask);
            match turn(chain, sender, &found, &update).await? {
                Turn::Now => {
                    sender.send_and_wait(&update).await?;
                    tracing::info!("registration updated");
                }
                Turn::At(height) => {
                    former = Some(found.endpoint);
                    tracing::warn!(
                        block = height,
                        "the account cannot pay for changing its registration, which is free from that block on"
                    );
                }
            }
        }
    }
    if wanted.role == Role::Worker {
        offer(chain, sender, me, wanted.slots).await?;
    }
    Ok(former)
}

/// Offers a worker's slots, an apprentice's one, if they are not; what cannot be paid for yet is left to [`stay_ready`].
async fn offer(chain: &Chain, sender: &Sender, me: &Account, slots: u32) -> Result<(), EnrolError> {
    let Some(found) = chain.participant(me).await? else { return Ok(()) };
    let slots = slots_of(&found, slots);
    let call = calls::set_ready(slots);
    if found.slots != slots && matches!(turn(chain, sender, &found, &call).await?, Turn::Now) {
        sender.send_and_wait(&call).await?;
        tracing::info!(slots, "ready");
    }
    Ok(())
}

/// An apprentice has one slot at most.
fn slots_of(found: &ParticipantView, slots: u32) -> u32 {
    if found.role == Role::Apprentice {
        slots.min(1)
    } else {
        slots
    }
}

/// When an account may send a call about its registration.
enum Turn {
    /// It can pay for it, or has it for free.
    Now,
    /// It is free from this block on.
    At(Height),
}

async fn turn(
    chain: &Chain,
    sender: &Sender,
    found: &ParticipantView,
    call: &(impl Payload + Sync),
) -> Result<Turn, ChainError> {
    let free_from = match (found.role, chain.readiness(&sender.account()).await?) {
        (Role::Worker | Role::Apprentice, Some(readiness)) => readiness.ready_at.saturating_add(FREE_TURN_BLOCKS),
        // Its failure says what is wrong.
        _ => return Ok(Turn::Now),
    };
    let price = sender.fee(call).await?.saturating_add(chain.existential_deposit().await?);
    let can_pay = chain.account(&sender.signer()).await?.free >= price;
    Ok(if can_pay || chain.best().await?.0 >= free_from { Turn::Now } else { Turn::At(free_from) })
}

/// What the registry must say of the account while a daemon runs for it.
#[derive(Clone)]
pub struct Standing {
    /// What this daemon registers.
    pub wanted: Arc<Enrolment>,
    /// The endpoint that is registered until the account can change it.
    pub former: Option<Endpoint>,
    /// Shards that the account is ready to hold at the same time; none for a validator.
    pub slots: Option<u32>,
    /// Whether what it is convicted of may have been planted by this daemon, which opens the plant then.
    expects_pardon: bool,
    taken_over: Arc<AtomicBool>,
    paused: Arc<AtomicBool>,
    barred: Arc<AtomicBool>,
    unregistered: Arc<AtomicBool>,
    unbonded: Arc<AtomicBool>,
}

/// Sets a flag, and says whether it was not set before.
fn has_become(flag: &AtomicBool, is: bool) -> bool {
    !flag.swap(is, Ordering::Relaxed) && is
}

impl Standing {
    /// A standing that was just brought about.
    pub fn new(wanted: Enrolment, former: Option<Endpoint>, slots: Option<u32>) -> Self {
        Self {
            wanted: Arc::new(wanted),
            former,
            slots,
            expects_pardon: false,
            taken_over: Arc::default(),
            paused: Arc::default(),
            barred: Arc::default(),
            unregistered: Arc::default(),
            unbonded: Arc::default(),
        }
    }

    /// The same where what it is convicted of may have been planted.
    pub fn expecting_pardon(self, expects_pardon: bool) -> Self {
        Self { expects_pardon, ..self }
    }

    /// Whether another daemon has registered itself for the account since.
    pub fn is_taken_over(&self) -> bool {
        self.taken_over.load(Ordering::Relaxed)
    }

    /// Whether the chain gives it no new shards, as far as was seen. Validators have no slots: they are drawn until they retire.
    pub fn is_paused(&self) -> bool {
        self.slots.is_none() || self.paused.load(Ordering::Relaxed)
    }

    /// Why the account gets no more work by what the registry says of it, and the remedy: when that has come about since it was
    /// asked last, not each time.
    fn news_of_loss(&self, found: Option<&ParticipantView>) -> Option<String> {
        let is_unregistered = has_become(&self.unregistered, found.is_none());
        let is_barred = has_become(&self.barred, found.is_some_and(|found| found.barred));
        if is_unregistered {
            return Some(
                "the account is not registered any more and gets no more work; to register it, stop this daemon and start it again"
                    .into(),
            );
        }
        is_barred.then(|| match self.expects_pardon {
            true => "the account was convicted and is barred until the plant is opened, if that was planted".into(),
            false => EnrolError::Barred.to_string(),
        })
    }

    /// That the bond does not reach the chain's minimum, and the remedy: when that has come about since it was asked last, not each
    /// time.
    fn news_of_bond(&self, found: &ParticipantView, minimum: Balance) -> Option<String> {
        // An apprentice earns its bond.
        let is_low = found.role != Role::Apprentice && found.bonded < minimum;
        has_become(&self.unbonded, is_low).then(|| {
            let missing = minimum.saturating_sub(found.bonded).div_ceil(QRN);
            format!(
                "the bond is {}, the chain's minimum {}: the account gets no more work; with the key of the stake: quern stake bond {missing}",
                qrn(found.bonded),
                qrn(minimum)
            )
        })
    }

    fn take_over(&self, found: &Endpoint) {
        let is_lost = *found != self.wanted.endpoint && Some(found) != self.former.as_ref();
        if self.taken_over.swap(is_lost, Ordering::Relaxed) != is_lost {
            if is_lost {
                let addresses = addresses(found);
                tracing::error!(
                    addresses,
                    "another daemon has registered itself for this account; this one takes no new shards and finishes what it promised. Run one daemon for an account"
                );
            } else {
                tracing::info!("the registration is this daemon's again");
            }
        }
    }
}

/// Looks whether the registration is still this daemon's, and offers a worker's slots again when the chain has taken them back,
/// as it does when a shard was too late. None are offered while something is in the way.
pub async fn stay_ready(chain: Arc<Chain>, sender: Sender, standing: Standing, in_the_way: Option<&'static str>) {
    let account = sender.account();
    let (found, minimum_bond) = match tokio::try_join!(chain.participant(&account), chain.minimum_bond()) {
        Ok(found) => found,
        Err(error) => return tracing::warn!(%error, "readiness cannot be checked"),
    };
    if let Some(news) = standing.news_of_loss(found.as_ref()) {
        tracing::error!("{news}");
    }
    let Some(found) = found.filter(|found| !found.barred) else { return };
    if let Some(news) = standing.news_of_bond(&found, minimum_bond) {
        tracing::warn!("{news}");
    }
    standing.take_over(&found.endpoint);
    standing.paused.store(found.slots == 0, Ordering::Relaxed);
    let Some(slots) = standing.slots.map(|slots| if in_the_way.is_some() { 0 } else { slots }) else { return };
    if standing.is_taken_over() {
        return;
    }
    let wanted = &standing.wanted;
    // Only what waits for a free turn: whoever can pay has its registration changed at the start.
    if standing.former.is_some() && !wanted.is_of(&found) {
        let update = calls::update(wanted.endpoint.clone(), wanted.profile.clone(), wanted.ask);
        if send_in_turn(&chain, &sender, &found, &update).await {
            tracing::info!("registration updated");
        }
        return;
    }
    let slots = slots_of(&found, slots);
    if found.slots != slots && send_in_turn(&chain, &sender, &found, &calls::set_ready(slots)).await {
        match in_the_way {
            Some(reason) => tracing::info!("{reason}: no new shards are taken"),
            None => tracing::info!(slots, "ready again"),
        }
    }
}

/// Sends a call about the registration, if the account can; says whether it did.
async fn send_in_turn(chain: &Chain, sender: &Sender, found: &ParticipantView, call: &(impl Payload + Sync)) -> bool {
    let sent = match turn(chain, sender, found, call).await {
        Ok(Turn::Now) => sender.send(call).await,
        Ok(Turn::At(height)) => {
            tracing::info!(
                block = height,
                "the account cannot pay for changing its entry; that is free from that block on"
            );
            return false;
        }
        Err(error) => Err(error),
    };
    match sent {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "registration or readiness could not be changed");
            false
        }
    }
}

/// How long another daemon of the account has to answer.
const PROBE: Duration = Duration::from_secs(2);

/// Refuses to run beside another daemon of the account: the two would take the registration, and each other's shards, in turns.
pub async fn refuse_second(chain: &Chain, me: &Account) -> Result<(), EnrolError> {
    let Some(found) = chain.participant(me).await? else { return Ok(()) };
    match probe(&found.endpoint, PROBE).await {
        Ok(()) => Err(EnrolError::Running(addresses(&found.endpoint))),
        Err(_) => Ok(()),
    }
}

/// Addresses for people.
pub fn addresses(endpoint: &Endpoint) -> String {
    let addresses: Vec<String> = endpoint.addresses.iter().map(|at| to_socket(*at).to_string()).collect();
    addresses.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::participant;

    fn wanted(role: Role) -> Enrolment {
        Enrolment {
            role,
            endpoint: Endpoint::default(),
            profile: Profile::new(1, "", false),
            ask: QRN,
            slots: 1,
            bond: QRN,
            apprentice: false,
        }
    }

    fn standing() -> Standing {
        Standing::new(wanted(Role::Worker), None, Some(1))
    }

    #[test]
    fn account_should_not_be_enrolled_when_it_is_barred_or_has_the_other_role() {
        let judged =
            |role, found: Role, barred| wanted(role).may_follow(&ParticipantView { barred, ..participant(found) });
        assert!(matches!(judged(Role::Worker, Role::Worker, true), Err(EnrolError::Barred)));
        assert!(matches!(judged(Role::Worker, Role::Apprentice, true), Err(EnrolError::Barred)));
        assert!(matches!(judged(Role::Worker, Role::Validator, true), Err(EnrolError::OtherRole(Role::Validator))));
        assert!(matches!(judged(Role::Validator, Role::Apprentice, false), Err(EnrolError::OtherRole(_))));
        assert!(judged(Role::Worker, Role::Apprentice, false).is_ok(), "it becomes a worker");
        assert!(judged(Role::Validator, Role::Validator, false).is_ok());
    }

    #[test]
    fn entry_should_be_met_when_nothing_about_it_is_left_to_be_sent() {
        let found = |slots| ParticipantView {
            endpoint: Endpoint::default(),
            profile: Profile::new(1, "", false),
            ask: QRN,
            slots,
            ..participant(Role::Worker)
        };
        assert!(wanted(Role::Worker).is_met(Some(&found(1))));
        assert!(!wanted(Role::Worker).is_met(Some(&found(0))), "its slots are offered");
        assert!(wanted(Role::Validator).is_met(Some(&found(0))), "a validator has none");
        assert!(!wanted(Role::Worker).is_met(Some(&ParticipantView { ask: 2 * QRN, ..found(1) })));
        assert!(!wanted(Role::Worker).is_met(None));
    }

    #[test]
    fn loss_of_the_registration_should_be_told_once_with_its_remedy_each_time_that_it_comes_about() {
        let (standing, registered) = (standing(), participant(Role::Worker));
        assert_eq!(standing.news_of_loss(Some(&registered)), None);
        let news = standing.news_of_loss(None).expect("it is news");
        assert!(news.contains("not registered any more") && news.contains("start it again"), "{news}");
        assert_eq!(standing.news_of_loss(None), None);
        assert_eq!(standing.news_of_loss(Some(&registered)), None);
        assert!(standing.news_of_loss(None).is_some());
    }

    #[test]
    fn bond_below_the_minimum_should_be_told_once_with_its_remedy_each_time_that_it_comes_about() {
        let (standing, registered) = (standing(), participant(Role::Worker));
        let (minimum, low) = (100 * QRN, ParticipantView { bonded: 40 * QRN - 1, ..participant(Role::Worker) });
        assert_eq!(standing.news_of_bond(&registered, minimum), None);
        let news = standing.news_of_bond(&low, minimum).expect("it is news");
        assert!(news.contains("minimum 100 QRN") && news.ends_with("quern stake bond 61"), "{news}");
        assert_eq!(standing.news_of_bond(&low, minimum), None);
        assert_eq!(standing.news_of_bond(&registered, minimum), None);
        assert!(standing.news_of_bond(&low, minimum).is_some());
        let apprentice = ParticipantView { bonded: 0, ..participant(Role::Apprentice) };
        assert_eq!(standing.news_of_bond(&apprentice, minimum), None, "it earns its bond");
    }

    #[test]
    fn refusal_should_name_the_option_of_hot_keys_when_the_bond_cannot_be_paid() {
        let told = EnrolError::Poor { free: 1, missing: 1_000 }.to_string();
        assert!(told.contains("missing bond of 1000 QRN") && told.contains("with --stake"), "{told}");
    }

    #[test]
    fn bar_should_be_told_once_with_its_remedy() {
        let standing = standing();
        let barred = ParticipantView { barred: true, ..participant(Role::Worker) };
        assert_eq!(standing.news_of_loss(Some(&barred)), Some(EnrolError::Barred.to_string()));
        assert_eq!(standing.news_of_loss(Some(&barred)), None);
        assert!(standing.news_of_loss(None).is_some(), "that is another matter");
    }
}
