// SPDX-License-Identifier: Apache-2.0
//! Bond, registration and readiness: what an account needs before the chain gives it work.

use quern_primitives::{job::Endpoint, traits::Role, Account, Balance, QRN};
use quern_sdk::chain::{calls, Chain, ChainError, Profile, Sender};
use std::sync::Arc;

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
    if wanted.role == Role::Worker && chain.participant(me).await?.is_some_and(|found| found.slots != wanted.slots) {
        sender.send_and_wait(&calls::set_ready(wanted.slots)).await?;
        tracing::info!(slots = wanted.slots, "ready");
    }
    Ok(())
}

/// Offers a worker's slots again when the chain has taken them back, as it does when a shard was too late.
pub async fn stay_ready(chain: Arc<Chain>, sender: Sender, slots: u32) {
    let found = match chain.participant(&sender.account()).await {
        Ok(Some(found)) if !found.barred => found,
        Ok(_) => return tracing::error!("the account is barred or no longer registered; it gets no more work"),
        Err(error) => return tracing::warn!(%error, "readiness cannot be checked"),
    };
    if found.slots == slots {
        return;
    }
    match sender.send(&calls::set_ready(slots)).await {
        Ok(()) => tracing::info!(slots, "ready again"),
        Err(error) => tracing::warn!(%error, "readiness could not be offered"),
    }
}
