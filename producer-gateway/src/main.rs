//! Parses the command line and does what it says.

use std::process::ExitCode;

use clap::Parser;
use producer_gateway::config::{Command, Config, RunArgs, UserCommand};
use producer_gateway::{auth, backfill, run};

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse(); // a bad value ends here: clap names the flag and exits with 2
    match config.command {
        None => gateway(config.run).await,
        Some(Command::Run(args)) => gateway(*args).await,
        Some(Command::Backfill(args)) => {
            platform::telemetry::start(&args.telemetry);
            backfill::run(*args, platform::shutdown::requested()).await
        }
        Some(Command::User(UserCommand::HashPassword)) => ended(auth::password::print_hash()),
    }
}

async fn gateway(args: RunArgs) -> ExitCode {
    platform::telemetry::start(&args.telemetry);
    ended(run(args, platform::shutdown::requested()).await)
}

fn ended(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "stopped");
            ExitCode::FAILURE
        }
    }
}
