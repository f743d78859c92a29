// SPDX-License-Identifier: Apache-2.0
//! The chain's specification: the preset `local`, with times that a test can wait for.

use crate::{
    program::{command, output},
    PATIENCE,
};
use anyhow::{ensure, Context, Result};
use serde_json::{json, Value};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Slots of an epoch, which is a session: every test goes through several.
pub const EPOCH_SLOTS: u32 = 20;

/// Writes the raw specification of the preset `local` with these changes of its genesis into a folder. It must be raw: a
/// plain one the SDK would edit for chains with other pallets.
pub(crate) async fn write_raw(folder: &Path, changes: &Value) -> Result<PathBuf> {
    let mut spec: Value = serde_json::from_slice(&export("local", &[]).await?).context("the preset is not JSON")?;
    let patch = &mut spec["genesis"]["runtimeGenesis"]["patch"];
    ensure!(patch.is_object(), "the specification of quern-node has no genesis.runtimeGenesis.patch");
    merge(patch, &json!({ "clock": { "epochSlots": EPOCH_SLOTS } }));
    merge(patch, changes);
    let plain = folder.join("plain.json");
    fs::write(&plain, spec.to_string()).with_context(|| format!("{} cannot be written", plain.display()))?;

    let raw = folder.join("raw.json");
    let plain = plain.to_str().context("the folder's name is not UTF-8")?;
    fs::write(&raw, export(plain, &["--raw"]).await?)
        .with_context(|| format!("{} cannot be written", raw.display()))?;
    Ok(raw)
}

async fn export(chain: &str, arguments: &[&str]) -> Result<Vec<u8>> {
    let mut command = command("quern-node")?;
    command.args(["export-chain-spec", "--chain", chain]).args(arguments);
    output(command, PATIENCE).await
}

/// Lays `changes` over `base`: objects are merged, everything else is replaced.
fn merge(base: &mut Value, changes: &Value) {
    match (base, changes) {
        (Value::Object(base), Value::Object(changes)) => {
            for (key, change) in changes {
                merge(base.entry(key).or_insert(Value::Null), change);
            }
        }
        (base, changes) => *base = changes.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_should_replace_what_they_name_and_keep_the_rest() {
        let mut base = json!({ "clock": { "slotMs": 1000, "epochSlots": 600 }, "list": [1, 2] });
        merge(&mut base, &json!({ "clock": { "epochSlots": 20 }, "list": [3], "new": { "deep": true } }));
        let wanted = json!({ "clock": { "slotMs": 1000, "epochSlots": 20 }, "list": [3], "new": { "deep": true } });
        assert_eq!(base, wanted);
    }
}
