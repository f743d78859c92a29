// SPDX-License-Identifier: Apache-2.0

//! Compiles the runtime to WebAssembly when it is built natively.

fn main() {
    #[cfg(feature = "std")]
    substrate_wasm_builder::WasmBuilder::build_using_defaults();
}
