// SPDX-License-Identifier: Apache-2.0
//! `quern stake proxy`: the hot keys that may act for an account.

use crate::{
    args::{Global, ProxyCommand},
    client,
    output::{self, Output},
};
use anyhow::ensure;
use quern_primitives::{Account, Height};
use quern_sdk::chain::{
    calls,
    proxy::{ProxyKind, ProxyView},
    Chain,
};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Serialize)]
struct Report {
    account: String,
    proxies: Vec<Proxy>,
}

#[derive(Serialize)]
struct Proxy {
    proxy: String,
    kind: &'static str,
    delay_blocks: Height,
}

impl From<&ProxyView> for Proxy {
    fn from(view: &ProxyView) -> Self {
        let kind = match view.kind {
            ProxyKind::Any => "any",
            ProxyKind::Daemon => "daemon",
        };
        Self { proxy: output::address(&view.delegate), kind, delay_blocks: view.delay_blocks }
    }
}

/// Runs a command about an account's proxies.
pub async fn run(global: &Global, command: ProxyCommand) -> anyhow::Result<ExitCode> {
    if let ProxyCommand::List { account: Some(account) } = &command {
        let account = client::account(account)?;
        return list(global, &client::connect(global).await?, account).await;
    }
    let keys = match &command {
        ProxyCommand::List { .. } => client::keys_or_account(global, "quern stake proxy list")?,
        _ => client::keys(global)?,
    };
    let caller = keys.account();
    let chain = client::connect(global).await?;
    let signer = client::Signer::new(global, &chain, keys);
    match command {
        ProxyCommand::Add { proxy, fund } => {
            let proxy = client::account(&proxy)?;
            ensure!(proxy != caller, "the account is no proxy of its own: name that of the hot key");
            let found = chain.proxies(&caller).await?;
            if !found.iter().any(|found| is_daemon(found, &proxy)) {
                signer.send_and_wait(&calls::add_proxy(proxy, ProxyKind::Daemon, 0)).await?;
            }
            if let Some(amount) = fund {
                signer.send_and_wait(&calls::transfer(proxy, amount)).await?;
            } else if chain.account(&proxy).await?.free == 0 {
                let hint = "the hot key owns nothing and can send nothing: --fund 1 gives it 1 QRN";
                Output { json: global.json }.say(hint);
            }
        }
        ProxyCommand::Remove { proxy } => {
            let proxy = client::account(&proxy)?;
            let found = chain.proxies(&caller).await?;
            for found in to_remove(&found, &proxy)? {
                signer.send_and_wait(&calls::remove_proxy(proxy, found.kind, found.delay_blocks)).await?;
            }
        }
        ProxyCommand::List { .. } => {}
    }
    list(global, &chain, caller).await
}

/// Whether it is just what is added for a daemon.
fn is_daemon(found: &ProxyView, proxy: &Account) -> bool {
    *found == ProxyView { delegate: *proxy, kind: ProxyKind::Daemon, delay_blocks: 0 }
}

/// Everything by which an account is a proxy.
fn to_remove(proxies: &[ProxyView], proxy: &Account) -> anyhow::Result<Vec<ProxyView>> {
    let found: Vec<ProxyView> = proxies.iter().filter(|found| found.delegate == *proxy).copied().collect();
    ensure!(!found.is_empty(), "{} is no proxy of the account (quern stake proxy list)", output::address(proxy));
    Ok(found)
}

async fn list(global: &Global, chain: &Chain, account: Account) -> anyhow::Result<ExitCode> {
    let proxies: Vec<Proxy> = chain.proxies(&account).await?.iter().map(Proxy::from).collect();
    let mut table = output::table(&["proxy", "may do", "delay in blocks"]);
    for Proxy { proxy, kind, delay_blocks } in &proxies {
        let may = if *kind == "any" { "everything" } else { "what a daemon does" };
        table.add_row([proxy.clone(), may.to_owned(), delay_blocks.to_string()]);
    }
    let address = output::address(&account);
    let text = if proxies.is_empty() { format!("{address} has no proxies") } else { format!("{address}\n{table}") };
    Output { json: global.json }.result(&Report { account: address, proxies }, text)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(delegate: u8, kind: ProxyKind, delay_blocks: Height) -> ProxyView {
        ProxyView { delegate: [delegate; 32], kind, delay_blocks }
    }

    #[test]
    fn remove_should_take_everything_by_which_an_account_is_a_proxy() {
        let daemon = view(1, ProxyKind::Daemon, 0);
        let all = [daemon, view(1, ProxyKind::Any, 5), view(2, ProxyKind::Daemon, 0)];
        assert_eq!(to_remove(&all, &[1; 32]).unwrap(), all[..2]);
        let error = to_remove(&all, &[3; 32]).unwrap_err().to_string();
        assert!(error.contains("is no proxy of the account"), "{error}");
    }

    #[test]
    fn add_should_have_nothing_to_do_for_just_the_same_proxy_alone() {
        assert!(is_daemon(&view(1, ProxyKind::Daemon, 0), &[1; 32]));
        for other in [view(1, ProxyKind::Daemon, 1), view(1, ProxyKind::Any, 0), view(2, ProxyKind::Daemon, 0)] {
            assert!(!is_daemon(&other, &[1; 32]));
        }
    }

    #[test]
    fn proxies_should_be_told_by_kind_and_delay_when_they_are_json() {
        let proxies = [view(1, ProxyKind::Daemon, 0), view(2, ProxyKind::Any, 7)];
        let report = Report { account: "5C".into(), proxies: proxies.iter().map(Proxy::from).collect() };
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!((&json["proxies"][0]["kind"], &json["proxies"][1]["kind"]), (&"daemon".into(), &"any".into()));
        assert_eq!(json["proxies"][1]["delay_blocks"], 7);
        assert_eq!(json["proxies"][0]["proxy"], output::address(&[1; 32]));
    }
}
