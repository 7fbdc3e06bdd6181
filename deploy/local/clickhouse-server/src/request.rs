//! URL and headers → [`Request`]: credentials, settings, parameters, formats. And the multipart form of a query.
//!
//! Pure. What is no reserved name and no `param_…` is a setting, and the engine judges it.

use hyper::HeaderMap;
use hyper::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};

use crate::error::{Kind, ServerError};

/// Everything that a request says outside of its body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// Text of the URL's `query`, or of the form's.
    pub(crate) query: Vec<u8>,
    /// Whether the URL names a query at all.
    pub(crate) has_query: bool,
    /// Settings in the order of the URL.
    pub(crate) settings: Vec<(String, String)>,
    /// Parameters of the statement, without their prefix.
    pub(crate) parameters: Vec<(String, String)>,
    /// Database of the session.
    pub(crate) database: Option<String>,
    /// Format of a result, or of data, when the statement names none.
    pub(crate) format: Option<String>,
    /// Id to answer with.
    pub(crate) query_id: Option<String>,
    /// User and password.
    pub(crate) credentials: (String, String),
    /// How the response is packed.
    pub(crate) packing: Packing,
    /// How the body is packed.
    pub(crate) unpacking: Packing,
    /// Boundary of a multipart body.
    pub(crate) boundary: Option<String>,
}

/// A way to pack a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Packing {
    /// As it is.
    #[default]
    Plain,
    /// ClickHouse's block frames.
    Blocks,
    /// One LZ4 frame.
    Lz4,
    /// One ZSTD frame.
    Zstd,
    /// RFC 1952.
    Gzip,
}

/// Names in a URL that are no settings and change nothing here.
const IGNORED: [&str; 9] = [
    "buffer_size",
    "wait_end_of_query",
    "stacktrace",
    "session_timeout",
    "session_check",
    "close_session",
    "quota_key",
    "client_protocol_version",
    "http_write_exception_in_output_format",
];

/// Names in a URL that ask for something we do not have.
const REFUSED: [&str; 2] = ["session_id", "role"];

impl Request {
    /// Reads the query string and the headers.
    ///
    /// # Errors
    /// Code 48 for `session_id` and `role`, code 36 for a header that cannot be understood.
    pub(crate) fn read(query_string: &str, headers: &HeaderMap) -> Result<Self, ServerError> {
        let mut request = Self::default();
        request.read_headers(headers)?;
        for (name, value) in form_urlencoded::parse(query_string.as_bytes()) {
            request.read_argument(&name, value.into_owned())?;
        }
        Ok(request)
    }

    fn read_argument(&mut self, name: &str, value: String) -> Result<(), ServerError> {
        match name {
            "query" => {
                self.query = value.into_bytes();
                self.has_query = true;
            }
            "database" => self.database = Some(value).filter(|value| !value.is_empty()),
            "default_format" => self.format = Some(value).filter(|value| !value.is_empty()),
            "query_id" => self.query_id = Some(value).filter(|value| !value.is_empty()),
            "user" => self.credentials.0 = value,
            "password" => self.credentials.1 = value,
            "compress" if is_on(&value) => self.packing = Packing::Blocks,
            "decompress" if is_on(&value) => self.unpacking = Packing::Blocks,
            "compress" | "decompress" => {}
            name if IGNORED.contains(&name) => {}
            name if REFUSED.contains(&name) => {
                let message = format!(
                    "{name} is not supported by the local server: leave it out (see --limits)"
                );
                return Err(ServerError::new(Kind::NotImplemented, message));
            }
            name => match name.strip_prefix("param_") {
                Some(name) => self.parameters.push((name.to_owned(), value)),
                None => self.settings.push((name.to_owned(), value)),
            },
        }
        Ok(())
    }

    fn read_headers(&mut self, headers: &HeaderMap) -> Result<(), ServerError> {
        let text = |name: &str| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        self.credentials = match headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
        {
            Some(authorization) => basic(authorization)?,
            None => (
                text("x-clickhouse-user").unwrap_or_else(|| "default".to_owned()),
                text("x-clickhouse-key").unwrap_or_default(),
            ),
        };
        self.database = text("x-clickhouse-database");
        self.format = text("x-clickhouse-format");
        self.packing = text(ACCEPT_ENCODING.as_str())
            .map_or(Packing::Plain, |accepted| accepted_packing(&accepted));
        self.unpacking = match text(CONTENT_ENCODING.as_str()) {
            Some(encoding) => content_packing(&encoding)?,
            None => Packing::Plain,
        };
        self.boundary =
            text(CONTENT_TYPE.as_str()).and_then(|content_type| boundary(&content_type));
        Ok(())
    }

    /// Reads the fields of a multipart body: `query` and `param_…`.
    ///
    /// # Errors
    /// Code 36 for a body that is not multipart, code 48 for any other field (an external table).
    pub(crate) fn read_form(&mut self, boundary: &str, body: &[u8]) -> Result<(), ServerError> {
        for (name, value) in fields(boundary, body)? {
            if name != "query" && !name.starts_with("param_") {
                let message = format!(
                    "form field {name}: external tables are not supported by the local server"
                );
                return Err(ServerError::new(Kind::NotImplemented, message));
            }
            let value = String::from_utf8(value.to_vec())
                .map_err(|_| bad(format!("form field {name} is not UTF-8")))?;
            self.read_argument(&name, value)?;
        }
        Ok(())
    }
}

fn bad(message: impl std::fmt::Display) -> ServerError {
    ServerError::new(Kind::BadArguments, message)
}

fn is_on(value: &str) -> bool {
    matches!(value, "1" | "true")
}

fn basic(authorization: &str) -> Result<(String, String), ServerError> {
    let unreadable =
        || bad("the Authorization header is not of the form `Basic base64(user:password)`");
    let (scheme, encoded) = authorization.split_once(' ').ok_or_else(unreadable)?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return Err(unreadable());
    }
    let decoded =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, encoded.trim())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(unreadable)?;
    let (user, password) = decoded.split_once(':').ok_or_else(unreadable)?;
    Ok((user.to_owned(), password.to_owned()))
}

/// The first of ours that the client names, in our order of preference.
fn accepted_packing(accepted: &str) -> Packing {
    let names: Vec<&str> = accepted
        .split(',')
        .filter(|item| !item.contains("q=0") || item.contains("q=0."))
        .map(|item| item.split(';').next().unwrap_or_default().trim())
        .collect();
    let known = [
        ("lz4", Packing::Lz4),
        ("zstd", Packing::Zstd),
        ("gzip", Packing::Gzip),
    ];
    known
        .into_iter()
        .find(|(name, _)| names.contains(name))
        .map_or(Packing::Plain, |(_, packing)| packing)
}

fn content_packing(encoding: &str) -> Result<Packing, ServerError> {
    match encoding.trim() {
        "" | "identity" => Ok(Packing::Plain),
        "lz4" => Ok(Packing::Lz4),
        "zstd" => Ok(Packing::Zstd),
        "gzip" | "x-gzip" => Ok(Packing::Gzip),
        other => Err(ServerError::new(
            Kind::NotImplemented,
            format!("Content-Encoding {other} is not known: use lz4, zstd or gzip"),
        )),
    }
}

fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    kind.trim()
        .eq_ignore_ascii_case("multipart/form-data")
        .then_some(())?;
    let (_, value) = parameters.split_once("boundary=")?;
    Some(
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .trim_matches('"')
            .to_owned(),
    )
}

/// Name and content of each part between the boundaries.
fn fields<'a>(boundary: &str, body: &'a [u8]) -> Result<Vec<(String, &'a [u8])>, ServerError> {
    let delimiter = format!("--{boundary}").into_bytes();
    let mut rest = cut(body, &delimiter)
        .ok_or_else(|| bad("the form does not contain its boundary"))?
        .1;
    let line_and_delimiter = [b"\r\n".as_slice(), &delimiter].concat();
    let mut fields = Vec::new();
    while !rest.starts_with(b"--") {
        let (part, behind) =
            cut(rest, &line_and_delimiter).ok_or_else(|| bad("the form ends inside a field"))?;
        let (head, value) =
            cut(part, b"\r\n\r\n").ok_or_else(|| bad("a form field has no header"))?;
        let head = String::from_utf8_lossy(head);
        let name = head
            .split_once(" name=\"")
            .and_then(|(_, name)| name.split_once('"'))
            .ok_or_else(|| bad("a form field has no name"))?
            .0;
        fields.push((name.to_owned(), value));
        rest = behind;
    }
    Ok(fields)
}

/// What is before and behind the first `separator`.
fn cut<'a>(text: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text
        .windows(separator.len())
        .position(|window| window == separator)?;
    Some((text.get(..at)?, text.get(at + separator.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn reserved_names_are_no_settings() {
        let request = Request::read(
            "query=SELECT+%7Bx:Int8%7D&database=d&default_format=CSV&param_x=1&max_threads=2&wait_end_of_query=1\
             &compress=1&decompress=1&query_id=abc&user=u&password=p",
            &HeaderMap::new(),
        )
        .unwrap();
        assert_eq!(request.query, b"SELECT {x:Int8}");
        assert_eq!(
            request.settings,
            [("max_threads".to_owned(), "2".to_owned())]
        );
        assert_eq!(request.parameters, [("x".to_owned(), "1".to_owned())]);
        assert_eq!(request.database.as_deref(), Some("d"));
        assert_eq!(request.format.as_deref(), Some("CSV"));
        assert_eq!(request.query_id.as_deref(), Some("abc"));
        assert_eq!(request.credentials, ("u".to_owned(), "p".to_owned()));
        assert_eq!(
            (request.packing, request.unpacking),
            (Packing::Blocks, Packing::Blocks)
        );
    }

    #[test]
    fn sessions_and_roles_are_refused() {
        for query in ["session_id=x", "role=x"] {
            assert_eq!(
                Request::read(query, &HeaderMap::new()).unwrap_err().code,
                48
            );
        }
    }

    #[test]
    fn credentials_come_from_either_header() {
        let basic = Request::read("", &headers(&[("authorization", "Basic dTpwOnE=")])).unwrap();
        assert_eq!(basic.credentials, ("u".to_owned(), "p:q".to_owned()));
        let own = Request::read(
            "",
            &headers(&[("x-clickhouse-user", "u"), ("x-clickhouse-key", "k")]),
        )
        .unwrap();
        assert_eq!(own.credentials, ("u".to_owned(), "k".to_owned()));
        assert_eq!(
            Request::read("", &headers(&[("authorization", "Basic !")]))
                .unwrap_err()
                .code,
            36
        );
    }

    #[test]
    fn a_form_gives_the_query_and_its_parameters() {
        let content_type = "multipart/form-data; boundary=----x";
        let mut request = Request::read("", &headers(&[("content-type", content_type)])).unwrap();
        let boundary = request.boundary.clone().unwrap();
        let body = b"------x\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\nSELECT\r\n1\r\n------x\r\n\
            Content-Disposition: form-data; name=\"param_a\"\r\n\r\nb\r\n------x--\r\n";
        request.read_form(&boundary, body).unwrap();
        assert_eq!(request.query, b"SELECT\r\n1");
        assert_eq!(request.parameters, [("a".to_owned(), "b".to_owned())]);
        assert_eq!(
            request.read_form(&boundary, b"nothing").unwrap_err().code,
            36
        );
        let table = b"------x\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\n1\r\n------x--";
        assert_eq!(request.read_form(&boundary, table).unwrap_err().code, 48);
    }

    #[test]
    fn the_response_is_packed_as_the_client_accepts() {
        assert_eq!(accepted_packing("gzip, zstd;q=0.5"), Packing::Zstd);
        assert_eq!(accepted_packing("br, lz4"), Packing::Lz4);
        assert_eq!(accepted_packing("lz4;q=0, identity"), Packing::Plain);
    }
}
