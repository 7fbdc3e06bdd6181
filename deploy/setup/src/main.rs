//! `stream-setup`: the deploy step that creates topics and registers schemas.

use std::process::ExitCode;

use clap::Parser;
use stream_setup::{Config, Outcome, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let config = Config::parse();
    platform::telemetry::start(&config.telemetry);
    match run(config, std::io::stdout()).await {
        Ok(Outcome::AsListed) => ExitCode::SUCCESS,
        Ok(Outcome::Differs) => ExitCode::FAILURE,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "stopped");
            ExitCode::FAILURE
        }
    }
}
