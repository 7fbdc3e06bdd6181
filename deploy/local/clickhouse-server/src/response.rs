//! Results and errors → HTTP responses, with the headers of a ClickHouse server.

use std::io::{self, Write as _};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::block;
use crate::engine::Identity;
use crate::error::ServerError;
use crate::ffi::{Output, Statistics};
use crate::request::Packing;

/// A response whose body is there already.
pub(crate) type Reply = Response<Full<Bytes>>;

/// What the headers of a response say beside its content.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Headers<'a> {
    /// Id of the statement.
    pub(crate) query_id: &'a str,
    /// Version and time zone.
    pub(crate) identity: &'a Identity,
}

/// Plain text without any statement, as for `/ping`.
pub(crate) fn text(status: StatusCode, content: &'static str) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from_static(content.as_bytes())));
    *reply.status_mut() = status;
    set(&mut reply, CONTENT_TYPE, "text/plain; charset=UTF-8");
    reply
}

/// The result of a statement.
///
/// # Errors
/// Only when memory for the encoder runs out.
pub(crate) fn result(
    output: Output,
    format: &str,
    packing: Packing,
    headers: Headers<'_>,
) -> io::Result<Reply> {
    let statistics = output.statistics;
    let content = packed(output.content, packing)?;
    let mut reply = Response::new(Full::new(content));
    set(&mut reply, CONTENT_TYPE, content_type(format));
    if let Some(encoding) = encoding(packing) {
        set(&mut reply, CONTENT_ENCODING, encoding);
    }
    set(
        &mut reply,
        HeaderName::from_static("x-clickhouse-format"),
        format,
    );
    set(
        &mut reply,
        HeaderName::from_static("x-clickhouse-summary"),
        &summary(statistics),
    );
    set_common(&mut reply, headers);
    Ok(reply)
}

/// An error, always plain.
pub(crate) fn error(error: &ServerError, headers: Headers<'_>) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(
        error.body(&headers.identity.version),
    )));
    *reply.status_mut() = error.status();
    set(&mut reply, CONTENT_TYPE, "text/plain; charset=UTF-8");
    set(
        &mut reply,
        HeaderName::from_static("x-clickhouse-exception-code"),
        &error.code.to_string(),
    );
    set_common(&mut reply, headers);
    reply
}

fn set_common(reply: &mut Reply, headers: Headers<'_>) {
    set(
        reply,
        HeaderName::from_static("x-clickhouse-query-id"),
        headers.query_id,
    );
    set(
        reply,
        HeaderName::from_static("x-clickhouse-timezone"),
        &headers.identity.timezone,
    );
    set(
        reply,
        HeaderName::from_static("x-clickhouse-server-display-name"),
        "clickhouse-server (local)",
    );
    set(reply, HeaderName::from_static("keep-alive"), "timeout=10");
}

/// Sets a header; a value that HTTP cannot carry is left out.
fn set(reply: &mut Reply, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
}

fn summary(statistics: Statistics) -> String {
    let elapsed =
        std::time::Duration::try_from_secs_f64(statistics.elapsed_seconds).unwrap_or_default();
    let numbers = [
        ("read_rows", statistics.read_rows),
        ("read_bytes", statistics.read_bytes),
        ("written_rows", statistics.written_rows),
        ("written_bytes", statistics.written_bytes),
        ("total_rows_to_read", 0),
        ("result_rows", statistics.result_rows),
        ("result_bytes", statistics.result_bytes),
        (
            "elapsed_ns",
            u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX),
        ),
    ];
    let fields: Vec<String> = numbers
        .iter()
        .map(|(name, number)| format!("\"{name}\":\"{number}\""))
        .collect();
    format!("{{{}}}", fields.join(","))
}

fn packed(content: Vec<u8>, packing: Packing) -> io::Result<Bytes> {
    Ok(Bytes::from(match packing {
        Packing::Plain => content,
        Packing::Blocks => block::pack(&content),
        Packing::Lz4 => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(&content)?;
            encoder.finish().map_err(io::Error::other)?
        }
        Packing::Zstd => zstd::bulk::compress(&content, 1)?,
        Packing::Gzip => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&content)?;
            encoder.finish()?
        }
    }))
}

fn encoding(packing: Packing) -> Option<&'static str> {
    match packing {
        Packing::Plain | Packing::Blocks => None,
        Packing::Lz4 => Some("lz4"),
        Packing::Zstd => Some("zstd"),
        Packing::Gzip => Some("gzip"),
    }
}

fn content_type(format: &str) -> &'static str {
    match format {
        "JSON" | "JSONCompact" | "JSONStrings" | "JSONColumns" => "application/json; charset=UTF-8",
        "JSONEachRow" | "JSONCompactEachRow" | "JSONStringsEachRow" => {
            "application/x-ndjson; charset=UTF-8"
        }
        "CSV" | "CSVWithNames" | "CSVWithNamesAndTypes" => "text/csv; charset=UTF-8",
        "Parquet" | "Native" | "Arrow" | "ArrowStream" => "application/octet-stream",
        format if format.starts_with("RowBinary") => "application/octet-stream",
        format if format.starts_with("TabSeparated") || format.starts_with("TSV") => {
            "text/tab-separated-values; charset=UTF-8"
        }
        _ => "text/plain; charset=UTF-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_holds_its_numbers_as_strings() {
        let statistics = Statistics {
            written_rows: 3,
            elapsed_seconds: 0.5,
            ..Statistics::default()
        };
        let summary: std::collections::BTreeMap<String, String> =
            serde_json::from_str(&summary(statistics)).unwrap();
        assert_eq!(summary.get("written_rows").map(String::as_str), Some("3"));
        assert_eq!(
            summary.get("elapsed_ns").map(String::as_str),
            Some("500000000")
        );
    }

    #[test]
    fn an_error_has_its_code_in_a_header() {
        let identity = Identity {
            version: "1.2".to_owned(),
            timezone: "UTC".to_owned(),
        };
        let failure = ServerError {
            code: 60,
            message: "x (UNKNOWN_TABLE)".to_owned(),
        };
        let reply = error(
            &failure,
            Headers {
                query_id: "id",
                identity: &identity,
            },
        );
        assert_eq!(reply.status(), StatusCode::NOT_FOUND);
        assert_eq!(
            reply.headers().get("x-clickhouse-exception-code").unwrap(),
            "60"
        );
    }
}
