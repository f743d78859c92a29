// SPDX-License-Identifier: Apache-2.0
//! Emission that is claimed when an era has ended: that of a block author is shared by the stakes of the moment, so whoever backs it wants
//! it claimed soon.

use crate::site::Site;
use quern_primitives::{Account, Balance};
use quern_sdk::chain::{address, calls, ChainError, Sender};
use std::{collections::HashMap, convert::Infallible, time::Duration};

/// Slots between two looks at what can be claimed.
const LOOK_SLOTS: u32 = 16;
/// Looks until a claim that had no effect is sent again.
const RESEND_LOOKS: u32 = 4;
/// Most eras of one claim.
const ERAS: usize = 16;

/// Claims for these accounts whatever can be claimed, as long as the daemon runs.
pub async fn keep(site: &Site, sender: &Sender, accounts: Vec<Account>) -> Infallible {
    if accounts.is_empty() {
        return std::future::pending().await;
    }
    let mut sent = Sent::default();
    loop {
        let chain = site.chain();
        let sender = sender.over(chain.as_ref().clone());
        let slot_ms = chain.network().await.map_or(6_000, |network| network.slot_ms);
        for account in &accounts {
            if let Err(error) = claim(site, &sender, *account, &mut sent).await {
                tracing::warn!(account = address(account), %error, "emission is not claimed; it will be tried again");
            }
        }
        tokio::time::sleep(Duration::from_millis(slot_ms).saturating_mul(LOOK_SLOTS)).await;
    }
}

async fn claim(site: &Site, sender: &Sender, account: Account, sent: &mut Sent) -> Result<(), ChainError> {
    let claimable = site.chain().claimable(&account).await?;
    for eras in sent.due(account, &claimable).chunks(ERAS) {
        if account == site.me {
            sender.send(&calls::claim_emission(eras.to_vec())).await?;
        } else {
            sender.send(&calls::claim_emission_for(account, eras.to_vec())).await?;
        }
        tracing::info!(account = address(&account), ?eras, "claim of emission sent");
    }
    Ok(())
}

/// What was sent, and how many looks ago.
#[derive(Debug, Default)]
struct Sent(HashMap<(Account, u32), u32>);

impl Sent {
    /// The eras to claim now: all that can be claimed and were not sent a moment ago.
    fn due(&mut self, account: Account, claimable: &[(u32, Balance, Balance)]) -> Vec<u32> {
        self.0.retain(|(of, era), looks| {
            if *of != account {
                return true;
            }
            *looks = looks.saturating_add(1);
            *looks < RESEND_LOOKS && claimable.iter().any(|(claimable, ..)| claimable == era)
        });
        let eras = claimable.iter().map(|(era, ..)| *era).filter(|era| !self.0.contains_key(&(account, *era)));
        let due: Vec<u32> = eras.collect();
        self.0.extend(due.iter().map(|era| ((account, *era), 0)));
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ME, OTHER};

    #[test]
    fn era_should_be_claimed_once_and_again_when_that_had_no_effect() {
        let mut sent = Sent::default();
        let claimable = [(3, 5, 0), (4, 0, 7)];
        assert_eq!(sent.due(ME, &claimable), [3, 4]);
        assert!(sent.due(ME, &claimable[1..]).is_empty(), "it was sent a moment ago");
        assert_eq!(sent.due(OTHER, &claimable), [3, 4], "each account has its own");
        let later: Vec<_> = (0..RESEND_LOOKS).flat_map(|_| sent.due(ME, &claimable[1..])).collect();
        assert_eq!(later, [4]);
        assert!(sent.due(ME, &[]).is_empty());
        assert_eq!(sent.due(ME, &[(5, 1, 1)]), [5]);
    }
}
