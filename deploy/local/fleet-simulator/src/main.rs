//! The fleet simulator: parse, run, exit code.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use fleet_simulator::config::Config;

fn main() -> ExitCode {
    let config = Config::parse();
    match fleet_simulator::run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let told = writeln!(std::io::stderr().lock(), "fleet-simulator: {error:#}");
            drop(told);
            ExitCode::FAILURE
        }
    }
}
