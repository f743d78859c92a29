// SPDX-License-Identifier: Apache-2.0
//! Calls that a hot key makes for the account that owns the stake.

use super::{rpc, runtime, Chain, ChainError};
use quern_primitives::{Account, Height};
use runtime::runtime_types::quern_runtime::config::proxy::ProxyType;
use subxt::{
    ext::{
        scale_encode::{EncodeAsFields, Error, FieldIter},
        scale_type_resolver::TypeResolver,
    },
    transactions::Payload,
};

/// A proxy of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyView {
    /// Who acts for the account.
    pub delegate: Account,
    /// What it may do: everything, or what a daemon does.
    pub kind: ProxyKind,
    /// Blocks for which what it does must have been announced; 0 where it acts at once.
    pub delay_blocks: Height,
}

/// What a proxy may do for the account that named it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyKind {
    /// Everything.
    Any,
    /// What a daemon sends.
    Daemon,
}

impl From<ProxyKind> for ProxyType {
    fn from(kind: ProxyKind) -> Self {
        match kind {
            ProxyKind::Any => Self::Any,
            ProxyKind::Daemon => Self::Daemon,
        }
    }
}

impl Chain {
    /// The proxies of an account, at most 16.
    pub async fn proxies(&self, account: &Account) -> Result<Vec<ProxyView>, ChainError> {
        let at = self.state_at(None).await?;
        let account = subxt::utils::AccountId32(*account);
        let found = at.storage().try_fetch(runtime::storage().proxy().proxies(), (account,)).await;
        let Some(found) = found.map_err(|error| rpc("proxy.proxies", error))? else { return Ok(Vec::new()) };
        let (proxies, _deposit) = found.decode().map_err(|_| ChainError::Malformed("proxy.proxies".into()))?;
        let view = |proxy: runtime::runtime_types::pallet_proxy::ProxyDefinition<_, ProxyType, Height>| ProxyView {
            delegate: id(&proxy.delegate),
            kind: match proxy.proxy_type {
                ProxyType::Any => ProxyKind::Any,
                ProxyType::Daemon => ProxyKind::Daemon,
            },
            delay_blocks: proxy.delay,
        };
        Ok(proxies.0.into_iter().map(view).collect())
    }
}

fn id(account: &subxt::utils::AccountId32) -> Account {
    account.0
}

/// `proxy.proxy`, as a proxy of type `Daemon`: what a daemon may not do is refused even where the key might do more.
pub(super) struct ByProxy {
    /// For whom.
    pub real: Account,
    /// The encoded call.
    pub call: Vec<u8>,
}

/// Index of `MultiAddress::Id`, of `Option::Some`, and of `ProxyType::Daemon`.
const ID: u8 = 0;
const SOME: u8 = 1;
const DAEMON: u8 = 1;

impl EncodeAsFields for ByProxy {
    // The call is encoded already, so the types are not asked; a test holds this against the generated call.
    fn encode_as_fields_to<R: TypeResolver>(
        &self,
        _: &mut dyn FieldIter<'_, R::TypeId>,
        _: &R,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        out.push(ID);
        out.extend(self.real);
        out.extend([SOME, DAEMON]);
        out.extend(&self.call);
        Ok(())
    }
}

impl Payload for ByProxy {
    type CallData = Self;

    fn pallet_name(&self) -> &str {
        "Proxy"
    }

    fn call_name(&self) -> &str {
        "proxy"
    }

    fn call_data(&self) -> &Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::runtime_types::{quern_pallet_workers::pallet::Call, quern_runtime::RuntimeCall};
    use subxt::{ext::frame_decode, utils::MultiAddress, Metadata};

    fn encoded(call: &impl Payload) -> Vec<u8> {
        let metadata = Metadata::decode_from(include_bytes!("../../metadata.scale")).unwrap();
        let (pallet, name) = (call.pallet_name(), call.call_name());
        frame_decode::extrinsics::encode_call_data(pallet, name, call.call_data(), &metadata, metadata.types()).unwrap()
    }

    #[test]
    fn call_for_the_stake_should_be_encoded_as_the_runtime_has_it() {
        let within = super::super::calls::set_ready(7);
        let ours = encoded(&ByProxy { real: [9; 32], call: encoded(&within) });
        let call = RuntimeCall::Workers(Call::set_ready { slots: 7 });
        let (real, kind) = (MultiAddress::Id(subxt::utils::AccountId32([9; 32])), Some(ProxyType::Daemon));
        assert_eq!(ours, encoded(&runtime::transactions().proxy().proxy(real, kind, call)));
    }
}
