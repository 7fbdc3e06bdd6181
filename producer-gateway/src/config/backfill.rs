//! Flags of the backfill.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, value_parser};
use domain::{Span, TimestampMicros};
use platform::avro::RegistryArgs;
use platform::kafka::KafkaArgs;
use platform::telemetry::TelemetryArgs;
use serde_json::Value;

use crate::request::instant::{Reading, read};

/// Flags of `producer-gateway backfill`.
#[derive(Debug, Args)]
pub struct BackfillArgs {
    /// Static records: JSON lines or CSV of schema 2.3.1, gzip detected; `-` is standard input
    #[arg(long, env = "BACKFILL_STATIQUE", value_name = "FILE")]
    pub statique: Option<PathBuf>,

    /// Statuses: JSON lines, gzip detected; `-` is standard input
    #[arg(long, env = "BACKFILL_STATUSES", value_name = "FILE")]
    pub statuses: Option<PathBuf>,

    /// Sessions: JSON lines, gzip detected; `-` is standard input
    #[arg(long, env = "BACKFILL_SESSIONS", value_name = "FILE")]
    pub sessions: Option<PathBuf>,

    /// Takes static records without `raccordement`, as files from before the stricter rules have
    /// them: it becomes `Direct` with a `num_pdl`, else `Indirect`
    #[arg(long, env = "BACKFILL_ACCEPT_LEGACY")]
    pub accept_legacy: bool,

    /// Moves all event times: `now` so that the last is received at the present, or a duration such
    /// as `36h`, `-7d`, `90m`, `30s`
    #[arg(
        long,
        env = "BACKFILL_SHIFT",
        value_name = "now|DURATION",
        allow_hyphen_values = true
    )]
    pub shift: Option<Shift>,

    /// Selects events from this instant on (a status by `horodatage`, a session by `end`), before
    /// any shift; a date is its midnight, UTC
    #[arg(long, env = "BACKFILL_FROM", value_name = "TIME", value_parser = instant)]
    pub from: Option<TimestampMicros>,

    /// Selects events before this instant
    #[arg(long, env = "BACKFILL_TO", value_name = "TIME", value_parser = instant)]
    pub to: Option<TimestampMicros>,

    /// Seconds from `horodatage` to reception, 0 to 86400
    #[arg(long, env = "BACKFILL_STATUS_DELAY_SECONDS", default_value_t = 30, value_name = "SECONDS",
          value_parser = value_parser!(i64).range(0..=86_400))]
    pub status_delay_seconds: i64,

    /// Seconds from `end` to reception, 0 to 2592000
    #[arg(long, env = "BACKFILL_SESSION_DELAY_SECONDS", default_value_t = 600, value_name = "SECONDS",
          value_parser = value_parser!(i64).range(0..=2_592_000))]
    pub session_delay_seconds: i64,

    /// Writes the summary as JSON into this file
    #[arg(long, env = "BACKFILL_SUMMARY", value_name = "FILE")]
    pub summary: Option<PathBuf>,

    /// Writes refused lines with their errors into this file, JSON lines
    #[arg(long, env = "BACKFILL_REJECTS", value_name = "FILE")]
    pub rejects: Option<PathBuf>,

    /// Publishes although the topics hold newer records, or would drop these at once
    #[arg(long, env = "BACKFILL_FORCE")]
    pub force: bool,

    /// Kafka
    #[command(flatten)]
    pub kafka: KafkaArgs,

    /// Schema registry
    #[command(flatten)]
    pub registry: RegistryArgs,

    /// Logging
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// By how much event times are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// So that the last event is received at the present.
    Now,
    /// By this much.
    By(Span),
}

/// A text that is no shift.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no shift: write now, or a number with s, m, h or d such as -36h")]
pub struct ShiftError(String);

impl FromStr for Shift {
    type Err = ShiftError;

    fn from_str(text: &str) -> Result<Self, ShiftError> {
        if text == "now" {
            return Ok(Self::Now);
        }
        let wrong = || ShiftError(text.to_owned());
        let unit = text.chars().next_back().ok_or_else(wrong)?;
        let number = text.strip_suffix(unit).unwrap_or_default();
        let number: i32 = number.parse().map_err(|_error| wrong())?;
        let number = i64::from(number);
        match unit {
            's' => Ok(Self::By(Span::from_seconds(number))),
            'm' => Ok(Self::By(Span::from_minutes(number))),
            'h' => Ok(Self::By(Span::from_hours(number))),
            'd' => Ok(Self::By(Span::from_days(number))),
            _ => Err(wrong()),
        }
    }
}

fn instant(text: &str) -> Result<TimestampMicros, String> {
    match read(&Value::String(text.to_owned())) {
        Ok(Reading::Aware(us) | Reading::Naive(us)) => Ok(TimestampMicros::from_us(us)),
        Err(_) => Err(format!(
            "{text:?} is no instant: write one such as 2024-12-01T00:00:00Z"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_is_now_or_a_number_with_a_unit() {
        assert_eq!("now".parse(), Ok(Shift::Now));
        assert_eq!("-36h".parse(), Ok(Shift::By(Span::from_hours(-36))));
        assert_eq!("90m".parse(), Ok(Shift::By(Span::from_minutes(90))));
        for text in ["", "h", "1w", "1.5h", "é"] {
            assert!(text.parse::<Shift>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_instant_may_be_a_date() {
        assert_eq!(
            instant("1970-01-02").map(TimestampMicros::as_us),
            Ok(86_400_000_000)
        );
        assert!(instant("soon").is_err());
    }
}
