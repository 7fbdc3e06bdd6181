//! The sink against its doubles, and its rows and migrations against ClickHouse: the server of
//! `CLICKHOUSE_URL`, or a local one.

#[cfg(test)]
mod database;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod migrations;
#[cfg(test)]
#[expect(
    clippy::string_slice,
    clippy::too_many_lines,
    reason = "ids of tests are ASCII; a table of expected values is long"
)]
mod model;
#[cfg(test)]
mod records;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod replays;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod sink;
