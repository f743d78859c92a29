# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the scripts of this folder share: they source this file, call `prepare`, and then build or run.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/quern"
wasm_target=wasm32v1-none
wasm_fallback="$cache/wasm-toolchain"

# One target folder per machine: a fresh clone starts warm.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"
# The target folder lies outside the workspace: where its Cargo.lock is has to be said.
export WASM_BUILD_WORKSPACE_HINT="$root"

say() { printf '==> %s\n' "$*" >&2; }
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# as_root COMMAND...: run it as root, directly or through a sudo that asks nothing.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo && sudo -n true 2>/dev/null; then
        sudo "$@"
    else
        return 1
    fi
}

# debian WHY PACKAGE...: install the Debian packages that are missing.
debian() {
    local why="$1" package missing=()
    shift
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    say "installing ${missing[*]}: $why"
    if [ -z "${quern_apt_updated:-}" ]; then
        as_root apt-get update -qq >&2 || return 1
        quern_apt_updated=1
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >&2
}

# system_packages: compilers and drivers that cargo cannot fetch.
system_packages() {
    if have apt-get && have dpkg-query; then
        debian "C and C++ compilers for native dependencies (wasm-opt, ring, OpenSSL)" build-essential ||
            fail "no right to install packages; run as root: apt-get install build-essential"
        debian "protoc, for the networking messages of the node" protobuf-compiler ||
            fail "no right to install packages; run as root: apt-get install protobuf-compiler"
        debian "a software Vulkan device, so that the wgpu executor runs without a GPU" libvulkan1 mesa-vulkan-drivers ||
            say "no Vulkan driver could be installed; the CPU executor will be used"
        return
    fi
    have cc || fail "no C compiler; install gcc or clang"
    have c++ || fail "no C++ compiler; install g++ or clang++"
    have protoc || fail "no protoc; install the protobuf compiler"
}

# rust: cargo, with the toolchain that rust-toolchain.toml names.
rust() {
    [ ! -d "$HOME/.cargo/bin" ] || PATH="$HOME/.cargo/bin:$PATH"
    if ! have rustup; then
        have curl || fail "no rustup; install it from https://rustup.rs"
        say "installing rustup: it provides the compiler that rust-toolchain.toml names"
        curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
            sh -s -- -y --profile minimal --default-toolchain none --no-modify-path >&2 ||
            fail "rustup could not be installed; see https://rustup.rs"
        PATH="$HOME/.cargo/bin:$PATH"
    fi
    (cd "$root" && cargo --version >/dev/null) ||
        fail "the toolchain of rust-toolchain.toml is missing; run: rustup toolchain install"
}

# has_target SYSROOT: is the library of the wasm target there?
has_target() { compgen -G "$1/lib/rustlib/$wasm_target/lib/libcore-*.rlib" >/dev/null; }

# wasm: a compiler with the target the runtime is built for. Exports WASM_BUILD_TOOLCHAIN for the fallback.
wasm() {
    local sysroot
    sysroot="$(cd "$root" && rustc --print sysroot)"
    has_target "$sysroot" && return
    if ! has_target "$wasm_fallback"; then
        say "adding the target $wasm_target: the runtime is compiled to WebAssembly"
        if (cd "$root" && rustup target add "$wasm_target" >&2) && has_target "$sysroot"; then
            return
        fi
        have apt-get || fail "rustup cannot fetch $wasm_target; run: rustup target add $wasm_target"
        say "rustup cannot fetch it here: assembling a compiler for it from Debian's packages in $wasm_fallback"
        assemble_wasm_toolchain "$sysroot"
    fi
    export WASM_BUILD_TOOLCHAIN="$wasm_fallback"
}

# assemble_wasm_toolchain SYSROOT: Debian's rustc-web with the linker of rustup's, and `core` and `alloc` built for the target.
assemble_wasm_toolchain() {
    local sysroot="$1" host=x86_64-unknown-linux-gnu folder crate tool
    debian "a compiler whose library source is packaged with it" rustc-web cargo-web rust-web-src ||
        fail "no right to install packages; run as root: apt-get install rustc-web cargo-web rust-web-src"
    folder="$wasm_fallback.new"
    rm -rf "$folder"
    mkdir -p "$folder/bin" "$folder/lib/rustlib/$host/bin" "$folder/lib/rustlib/src" "$folder/lib/rustlib/$wasm_target/lib"
    for tool in rustc rustdoc; do
        printf '#!/bin/sh\nexec /usr/bin/%s --sysroot "%s" "$@"\n' "$tool" "$wasm_fallback" >"$folder/bin/$tool"
        chmod +x "$folder/bin/$tool"
    done
    ln -s /usr/bin/cargo "$folder/bin/cargo"
    ln -s "/usr/lib/rustlib/$host/lib" "$folder/lib/rustlib/$host/lib"
    ln -s /usr/lib/rustlib/src/rust "$folder/lib/rustlib/src/rust"
    ln -s "$sysroot/lib/rustlib/$host/bin/rust-lld" "$folder/lib/rustlib/$host/bin/rust-lld"
    rm -rf "$wasm_fallback"
    mv "$folder" "$wasm_fallback"

    # The bitcode is what the link-time optimisation of the runtime reads.
    crate="$(mktemp -d)"
    mkdir "$crate/src"
    printf '#![no_std]\n' >"$crate/src/lib.rs"
    printf '%s\n' '[package]' 'name = "target-library"' 'version = "0.0.0"' 'edition = "2021"' '[workspace]' \
        '[profile.release]' 'panic = "abort"' 'codegen-units = 1' >"$crate/Cargo.toml"
    (
        cd "$crate"
        env -u RUSTUP_TOOLCHAIN -u CARGO_ENCODED_RUSTFLAGS RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes \
            RUSTC="$wasm_fallback/bin/rustc" CARGO_TARGET_DIR="$crate/target" \
            /usr/bin/cargo build --quiet --release --target "$wasm_target" -Zbuild-std=core,alloc >&2
    ) || fail "the library for $wasm_target did not build; run: rustup target add $wasm_target"
    # `core` last: it is what `has_target` looks for.
    for tool in alloc compiler_builtins core; do
        cp "$crate/target/$wasm_target/release/deps/lib$tool"-*.rlib "$wasm_fallback/lib/rustlib/$wasm_target/lib/"
    done
    rm -rf "$crate"
}

# nextest: the test runner.
nextest() {
    have cargo-nextest && return
    say "installing cargo-nextest: it runs the tests and prints their summary"
    (cd "$root" && CARGO_TARGET_DIR="$cache/tools" cargo install --locked cargo-nextest >&2) ||
        fail "cargo-nextest could not be installed; see https://nexte.st"
}

# omni_bencher: what runs the runtime's benchmarks.
omni_bencher() {
    have frame-omni-bencher && return
    if have apt-get && have dpkg-query; then
        debian "libclang, for the bindings to the database that frame-omni-bencher links" libclang-dev ||
            fail "no right to install packages; run as root: apt-get install libclang-dev"
    fi
    say "installing frame-omni-bencher: it measures the runtime's weights (half an hour on two cores)"
    # It links a runtime of its own, for a benchmark of storage that is not run here: that needs no WebAssembly.
    (cd "$root" && SKIP_WASM_BUILD=1 CARGO_TARGET_DIR="$cache/tools" \
        cargo install --locked --config scripts/omni-bencher.toml frame-omni-bencher@0.28.0 >&2) ||
        fail "frame-omni-bencher could not be installed; it needs a C++ compiler and libclang"
}

# prepare: everything a build needs.
prepare() {
    cd "$root" || exit
    system_packages
    rust
    wasm
}
