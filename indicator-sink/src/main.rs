//! The process: parse, telemetry, run, exit code.

use std::process::ExitCode;

use clap::Parser as _;
use indicator_sink::config::Config;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    platform::telemetry::start(config.telemetry());
    match indicator_sink::run(config, platform::shutdown::requested()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "stopped");
            ExitCode::FAILURE
        }
    }
}
