// SPDX-License-Identifier: Apache-2.0
//! Prints how fast this machine multiplies; as JSON with `--json`.

fn main() {
    let report = match quern_executor::bench::run() {
        Ok(report) => report,
        Err(error) => {
            eprintln!("error: {error}");
            std::process::exit(1);
        }
    };
    if std::env::args().any(|arg| arg == "--json") {
        println!("{}", serde_json::to_string_pretty(&report).unwrap_or_default());
        return;
    }
    println!("instructions: {}; devices: {}", report.cpu_features.join(", "), report.devices.join(", "));
    for m in report.measurements {
        println!("{:<72} {:>8.1} {}  {:>6.2} x {} ({:.1})", m.name, m.value, m.unit, m.ratio, m.peer, m.peer_value);
    }
}
