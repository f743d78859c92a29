// SPDX-License-Identifier: Apache-2.0
//! The metadata from which the SDK's types are generated is committed as `sdk/metadata.scale`. It must be this runtime's.

use std::path::Path;

fn current() -> Vec<u8> {
    // Version 15: the newest that carries everything the SDK's code generator reads.
    let metadata = sp_io::TestExternalities::default()
        .execute_with(|| quern_runtime::Runtime::metadata_at_version(15).expect("version 15 is served"));
    metadata.to_vec()
}

#[test]
fn committed_metadata_should_be_that_of_the_runtime() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/metadata.scale");
    let current = current();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &current).expect("sdk/metadata.scale can be written");
    }
    let committed = std::fs::read(&path).unwrap_or_default();
    assert!(
        blake3::hash(&committed) == blake3::hash(&current),
        "sdk/metadata.scale is not current; rewrite it with: UPDATE=1 cargo test -p quern-runtime --test metadata"
    );
}
