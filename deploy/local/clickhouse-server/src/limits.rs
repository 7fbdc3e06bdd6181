//! What a real server does and this one does not: the text of `--limits`, also shown in the README.

use std::io::Write as _;
use std::process::ExitCode;

/// The known limits, one a line.
pub const LIMITS: &str = "\
for demo, development and tests: never production
x86-64 Linux with glibc; one process per data folder
one user, one password: no roles, quotas, row policies (CREATE USER and the like: code 48)
no Replicated tables, no Keeper, no ON CLUSTER, no Distributed
no Kafka, RabbitMQ, NATS, KeeperMap, S3Queue tables (code 48)
no BACKUP and RESTORE (code 48), no INTO OUTFILE and FROM INFILE
HTTP only: no TCP port 9000; no session_id, no role, no external tables in a request (code 48)
no system.query_log; the id in X-ClickHouse-Query-Id is not the one that system.processes shows
results are buffered: errors come before the first byte, no progress headers, size bounded by --max-result-bytes
a statement sent in the body is buffered, up to 256 MiB; data of an INSERT named in the URL is streamed
durability is that of a killed process, not of a power cut (fsync_after_insert works as on a server)
";

/// Writes [`LIMITS`] to standard output.
pub fn print() -> ExitCode {
    match std::io::stdout().lock().write_all(LIMITS.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
