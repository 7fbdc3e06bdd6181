//! A small fleet in a temporary folder, as the tests ask for it.

use std::path::Path;

use clap::Parser;
use fleet_simulator::config::{Command, Config, FilesArgs};
use tempfile::TempDir;

/// The end of every period: Monday 2026-11-16, 00:00 UTC.
pub(crate) const END: &str = "2026-11-16T00:00:00Z";
/// The same, ms since the epoch.
pub(crate) const END_MS: i64 = 1_794_787_200_000;

/// What the command line with these arguments asks `files` for.
pub(crate) fn arguments(out: &Path, more: &[&str]) -> FilesArgs {
    let out = out.to_str().unwrap();
    let line = [
        &["fleet-simulator", "files", "--out", out, "--end", END],
        more,
    ]
    .concat();
    match Config::parse_from(line).command {
        Command::Files(arguments) => arguments,
        other => panic!("{other:?}"),
    }
}

/// Makes a fleet in a folder of its own.
pub(crate) fn make(more: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fleet_simulator::files::run(&arguments(folder.path(), more)).unwrap();
    folder
}
