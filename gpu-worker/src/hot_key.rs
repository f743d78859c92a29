// SPDX-License-Identifier: Apache-2.0
//! A daemon's hot key: it signs for the account that owns the stake, as a proxy of type `Daemon`.

use quern_primitives::{Account, Height};
use quern_sdk::chain::{
    address,
    proxy::{ProxyKind, ProxyView},
    Chain, ChainError,
};

/// Why a key cannot act for an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HotKeyFault {
    /// It is no proxy, or none of this type.
    #[error("{hot} is no proxy of type Daemon of {stake}")]
    NotProxy {
        /// The hot key's account.
        hot: String,
        /// The account that owns the stake.
        stake: String,
    },
    /// It is typed, and is no hot key of the account that the environment names.
    #[error("QUERN_STAKE names {stake}, and the key that is given, of {hot}, is no hot key of that account")]
    Exported {
        /// The key's account.
        hot: String,
        /// The account that the environment names.
        stake: String,
    },
    /// It has to announce what it does.
    #[error("{hot} acts for {stake} with a delay of {delay_blocks} blocks, too late for every deadline")]
    Delayed {
        /// The hot key's account.
        hot: String,
        /// The account that owns the stake.
        stake: String,
        /// Its delay.
        delay_blocks: Height,
    },
    /// Its account does not exist, so it has no nonce.
    #[error("the hot key {hot} owns nothing: the chain takes no extrinsic of an account that does not exist")]
    Empty {
        /// The hot key's account.
        hot: String,
    },
}

impl HotKeyFault {
    /// What to do.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::NotProxy { .. } => {
                "with the key of the stake: quern stake proxy add HOT_KEY; or correct --stake (QUERN_STAKE)"
            }
            Self::Exported { .. } => {
                "unset QUERN_STAKE, or name the account that is meant with --stake; if it is that one, with its key: quern stake proxy add HOT_KEY"
            }
            Self::Delayed { .. } => {
                "with the key of the stake: quern stake proxy remove HOT_KEY, then quern stake proxy add HOT_KEY"
            }
            Self::Empty { .. } => {
                "transfer a little QRN to it: quern stake proxy add HOT_KEY --fund 1, or by any wallet"
            }
        }
    }
}

/// Why a daemon cannot sign with its hot key.
#[derive(Debug, thiserror::Error)]
pub enum HotKeyError {
    /// The chain did not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// It may not, or cannot.
    #[error("{0}: {fix}", fix = .0.fix())]
    Fault(HotKeyFault),
}

/// Whether a key may act for an account at once, by what the chain says of that account's proxies.
pub fn judge(proxies: &[ProxyView], hot: &Account, stake: &Account) -> Result<(), HotKeyFault> {
    let delays = proxies.iter().filter(|proxy| proxy.delegate == *hot && proxy.kind == ProxyKind::Daemon);
    let (hot, stake) = (address(hot), address(stake));
    match delays.map(|proxy| proxy.delay_blocks).min() {
        Some(0) => Ok(()),
        Some(delay_blocks) => Err(HotKeyFault::Delayed { hot, stake, delay_blocks }),
        None => Err(HotKeyFault::NotProxy { hot, stake }),
    }
}

/// That a typed key is none of the account that the environment names.
pub fn exported(proxies: &[ProxyView], hot: &Account, stake: &Account) -> Option<HotKeyFault> {
    let is_none = matches!(judge(proxies, hot, stake), Err(HotKeyFault::NotProxy { .. }));
    is_none.then(|| HotKeyFault::Exported { hot: address(hot), stake: address(stake) })
}

/// Refuses a hot key that may not act for an account, or cannot send anything.
pub async fn check(chain: &Chain, hot: &Account, stake: &Account) -> Result<(), HotKeyError> {
    judge(&chain.proxies(stake).await?, hot, stake).map_err(HotKeyError::Fault)?;
    if chain.account(hot).await?.free < chain.existential_deposit().await? {
        return Err(HotKeyError::Fault(HotKeyFault::Empty { hot: address(hot) }));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOT: Account = [1; 32];
    const STAKE: Account = [2; 32];

    fn proxy(delegate: Account, kind: ProxyKind, delay_blocks: Height) -> ProxyView {
        ProxyView { delegate, kind, delay_blocks }
    }

    #[test]
    fn hot_key_should_be_sound_when_it_is_a_daemons_proxy_without_delay() {
        let proxies = [proxy([3; 32], ProxyKind::Any, 0), proxy(HOT, ProxyKind::Daemon, 0)];
        assert_eq!(judge(&proxies, &HOT, &STAKE), Ok(()));
        // One that acts at once beside one that does not.
        let both = [proxy(HOT, ProxyKind::Daemon, 0), proxy(HOT, ProxyKind::Daemon, 9)];
        assert_eq!(judge(&both, &HOT, &STAKE), Ok(()));
    }

    #[test]
    fn hot_key_should_be_refused_with_the_remedy_when_it_is_no_proxy() {
        for proxies in [vec![], vec![proxy([3; 32], ProxyKind::Daemon, 0)], vec![proxy(HOT, ProxyKind::Any, 0)]] {
            let fault = judge(&proxies, &HOT, &STAKE).unwrap_err();
            assert!(matches!(fault, HotKeyFault::NotProxy { .. }));
            assert!(HotKeyError::Fault(fault).to_string().contains("quern stake proxy add"));
        }
    }

    #[test]
    fn exported_stake_should_be_named_with_the_key_when_it_is_another_accounts() {
        let fault = exported(&[], &HOT, &STAKE).unwrap();
        let told = fault.to_string();
        assert!(
            told.starts_with(&format!("QUERN_STAKE names {}", address(&STAKE))) && told.contains(&address(&HOT)),
            "{told}"
        );
        assert!(fault.fix().starts_with("unset QUERN_STAKE"));
        for delay in [0, 9] {
            assert_eq!(exported(&[proxy(HOT, ProxyKind::Daemon, delay)], &HOT, &STAKE), None);
        }
    }

    #[test]
    fn hot_key_should_be_refused_when_it_has_a_delay() {
        let fault = judge(&[proxy(HOT, ProxyKind::Daemon, 9)], &HOT, &STAKE).unwrap_err();
        assert!(matches!(fault, HotKeyFault::Delayed { delay_blocks: 9, .. }), "{fault}");
    }
}
