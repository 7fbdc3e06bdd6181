//! Malformed requests, from an empty body to what is no HTTP at all.

use anyhow::{Context, Result, ensure};
use e2e::hostile;

use super::{GZIP, JSON, Target, gzip};

/// Bodies that are no batch, each to every route that reads one: refused with 4xx.
pub(crate) async fn bodies_are_refused(target: &Target) -> Result<()> {
    let deep = [vec![b'['; 200], vec![b']'; 200]].concat();
    let utf16: Vec<u8> = "[]".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut short = gzip(b"[]")?;
    short.truncate(short.len() - 6);
    let bodies: [(&str, &[u8]); 21] = [
        (JSON, b""),
        (JSON, b"null"),
        (JSON, b"{}"),
        (JSON, b"[]"),
        (JSON, b"[1,2]"),
        (JSON, b"[{}"),
        (JSON, b"[{}] trailing"),
        (JSON, b"[NaN]"),
        (JSON, b"[1e999]"),
        (JSON, br#"["\ud800"]"#),
        (JSON, b"\xff\xfe[]"),
        (JSON, b"[\"\x00\"]"),
        (JSON, b"[\"\xc3\x28\"]"),
        (JSON, &deep),
        (JSON, &utf16),
        ("Content-Type: text/plain\r\n", b"[]"),
        ("", b"[]"),
        (GZIP, b"[]"),
        (GZIP, &short),
        (
            "Content-Type: application/json\r\nContent-Encoding: deflate\r\n",
            b"[]",
        ),
        (
            "Content-Type: application/json\r\nContent-Encoding: gzip, gzip\r\n",
            b"[]",
        ),
    ];
    let paths = [
        "/dynamique/status/bulk",
        "/dynamique/session/bulk",
        "/dynamique/status/",
        "/statique/bulk",
        "/statique/",
    ];
    for path in paths {
        for (headers, body) in bodies {
            let answer = target.post(path, headers, body).await;
            let answer = answer.with_context(|| format!("{path} {headers:?} {body:?}"))?;
            let status = answer.as_ref().map(|(status, _)| *status);
            ensure!(
                matches!(status, Some(400 | 413 | 422)),
                "{path} {headers:?} {:?} got {answer:?}",
                String::from_utf8_lossy(body)
            );
        }
    }
    Ok(())
}

/// Requests that are no HTTP: refused with 4xx, or closed.
pub(crate) async fn requests_are_refused(target: &Target) -> Result<()> {
    let long = format!(
        "GET /api/v1/x HTTP/1.1\r\nHost: g\r\nX: {}\r\n\r\n",
        "a".repeat(100_000)
    );
    let requests: [&[u8]; 8] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: g\r\n\r\n",
        b"POST /api/v1/auth/token HTTP/1.1\r\nHost: g\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/auth/token HTTP/1.1\r\nHost: g\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /api/v1/auth/token HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        long.as_bytes(),
    ];
    for request in requests {
        let begun = String::from_utf8_lossy(&request[..request.len().min(60)]);
        let answer = hostile::exchange(&target.address, request).await;
        let answer = answer.with_context(|| format!("{begun:?}"))?;
        ensure!(
            answer
                .as_ref()
                .is_none_or(|(status, _)| (400..500).contains(status)),
            "{begun:?} got {answer:?}"
        );
    }
    Ok(())
}
