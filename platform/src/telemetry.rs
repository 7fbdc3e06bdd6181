//! The tracing subscriber: where log lines go and how they look.
//!
//! Lines go to standard error, so that standard output stays free for what a command prints.
//! Records of the `log` crate (librdkafka reports through it) arrive here as well.

use std::io::IsTerminal;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One readable line per event, coloured when standard error is a terminal.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// A filter that was parsed once, so that a wrong one is refused at start.
#[derive(Clone, Debug)]
pub struct LogFilter(String);

impl FromStr for LogFilter {
    type Err = tracing_subscriber::filter::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        EnvFilter::builder().parse(text)?;
        Ok(Self(text.to_owned()))
    }
}

/// Flags for the log output, flattened into every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Logging")]
pub struct TelemetryArgs {
    /// Look of the log lines on standard error
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// What is logged: a level (`error warn info debug trace`), or levels per module such as
    /// `info,platform=debug`
    #[arg(
        long,
        env = "LOG_FILTER",
        default_value = "info",
        value_name = "FILTER"
    )]
    pub log_filter: LogFilter,
}

/// Installs the subscriber for this process. A second call changes nothing.
pub fn start(args: &TelemetryArgs) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&args.log_filter.0))
        .with_writer(std::io::stderr);
    let started = match args.log_format {
        LogFormat::Text => builder
            .with_ansi(std::io::stderr().is_terminal())
            .try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if started.is_err() {
        tracing::debug!("telemetry was started before");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        telemetry: TelemetryArgs,
    }

    #[test]
    fn a_filter_that_cannot_be_parsed_is_refused_at_the_command_line() {
        let error = Command::try_parse_from(["x", "--log-filter", "platform=loud"]).unwrap_err();
        assert!(error.to_string().contains("--log-filter"), "{error}");
    }

    #[test]
    fn starting_twice_changes_nothing() {
        let command = Command::try_parse_from(["x", "--log-format", "json"]).unwrap();
        assert_eq!(command.telemetry.log_format, LogFormat::Json);
        start(&command.telemetry);
        start(&command.telemetry);
    }
}
