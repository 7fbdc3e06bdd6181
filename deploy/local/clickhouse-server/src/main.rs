//! The local ClickHouse server: parse, log, run, exit code.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use clickhouse_server::{config::Arguments, limits, run, shutdown};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.limits {
        return limits::print();
    }
    tracing_subscriber::fmt()
        .with_env_filter(&arguments.log_filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let outcome = tokio::runtime::Runtime::new()
        .map_err(Into::into)
        .and_then(|runtime| {
            let outcome =
                runtime.block_on(async { run(arguments.try_into()?, shutdown::requested()).await });
            runtime.shutdown_timeout(Duration::from_secs(1)); // a statement that ignores its cancellation must not keep us
            outcome
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "stopped");
            ExitCode::FAILURE
        }
    }
}
