// SPDX-License-Identifier: Apache-2.0
//! Bond, registration and readiness: what an account needs before the chain gives it work.

use quern_primitives::{job::Endpoint, traits::Role, Account, Balance, QRN};
use quern_protocol::view::ParticipantView;
use quern_sdk::{
    chain::{calls, Chain, ChainError, Profile, Sender},
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
    #[error("the account was convicted and is barred; bond again with another account")]
    Barred,
    /// Another daemon of the account answers.
    #[error("another daemon runs for this account and answers at {0}; stop that one first (quern-worker drain lets it finish), or give this one another account")]
    Running(String),
    /// The account cannot pay the bond.
    #[error("the account has {free} QRN, which does not cover the missing bond of {missing} QRN; transfer some to it or lower --bond")]
    Poor {
        /// Free balance in whole QRN.
        free: Balance,
        /// Missing bond in whole QRN.
        missing: Balance,
    },
}

/// Brings bond, registration and readiness to what is asked for. Does nothing that is already so.
pub async fn enroll(chain: &Chain, sender: &Sender, me: &Account, wanted: Enrolment) -> Result<(), EnrolError> {
    let account = chain.account(me).await?;
    let missing = wanted.bond.saturating_sub(account.bonded);
    if missing > 0 {
        if account.free < missing {
            return Err(EnrolError::Poor { free: account.free / QRN, missing: missing.div_ceil(QRN) });
        }
        sender.send_and_wait(&calls::bond(missing)).await?;
        tracing::info!(qrn = (missing / QRN) as u64, "bonded");
    }
    match chain.participant(me).await? {
        None => {
            let call = calls::register(wanted.role, wanted.endpoint, wanted.profile, wanted.ask);
            sender.send_and_wait(&call).await?;
            tracing::info!(role = ?wanted.role, "registered");
        }
        Some(found) if found.role != wanted.role => return Err(EnrolError::OtherRole(found.role)),
        Some(found) if found.barred => return Err(EnrolError::Barred),
        Some(found) => {
            if found.endpoint != wanted.endpoint || found.profile != wanted.profile || found.ask != wanted.ask {
                sender.send_and_wait(&calls::update(wanted.endpoint, wanted.profile, wanted.ask)).await?;
                tracing::info!("registration updated");
            }
        }
    }
    let is_ready = |found: ParticipantView| found.slots == wanted.slots;
    if wanted.role == Role::Worker && !chain.participant(me).await?.is_some_and(is_ready) {
        sender.send_and_wait(&calls::set_ready(wanted.slots)).await?;
        tracing::info!(slots = wanted.slots, "ready");
    }
    Ok(())
}

/// What the registry must say of the account while a daemon runs for it.
#[derive(Clone)]
pub struct Standing {
    /// The endpoint that this daemon registered.
    pub endpoint: Endpoint,
    /// Shards that the account is ready to hold at the same time; none for a validator.
    pub slots: Option<u32>,
    taken_over: Arc<AtomicBool>,
    paused: Arc<AtomicBool>,
}

impl Standing {
    /// A standing that was just brought about.
    pub fn new(endpoint: Endpoint, slots: Option<u32>) -> Self {
        Self { endpoint, slots, taken_over: Arc::default(), paused: Arc::default() }
    }

    /// Whether another daemon has registered itself for the account since.
    pub fn is_taken_over(&self) -> bool {
        self.taken_over.load(Ordering::Relaxed)
    }

    /// Whether the chain gives it no new shards, as far as was seen. Validators have no slots: they are drawn until they retire.
    pub fn is_paused(&self) -> bool {
        self.slots.is_none() || self.paused.load(Ordering::Relaxed)
    }

    fn take_over(&self, found: &Endpoint) {
        let is_lost = *found != self.endpoint;
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
/// as it does when a shard was too late. While draining none are offered.
pub async fn stay_ready(chain: Arc<Chain>, sender: Sender, standing: Standing, is_draining: bool) {
    let found = match chain.participant(&sender.account()).await {
        Ok(Some(found)) if !found.barred => found,
        Ok(_) => return tracing::error!("the account is barred or no longer registered; it gets no more work"),
        Err(error) => return tracing::warn!(%error, "readiness cannot be checked"),
    };
    standing.take_over(&found.endpoint);
    standing.paused.store(found.slots == 0, Ordering::Relaxed);
    let Some(slots) = standing.slots.map(|slots| if is_draining { 0 } else { slots }) else { return };
    if found.slots == slots || standing.is_taken_over() {
        return;
    }
    match sender.send(&calls::set_ready(slots)).await {
        Ok(()) if is_draining => tracing::info!("draining: no new shards are taken"),
        Ok(()) => tracing::info!(slots, "ready again"),
        Err(error) => tracing::warn!(%error, "readiness could not be offered"),
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
