//! One error type for the whole crate: ClickHouse's code and text, and the HTTP status a server would send.

use std::io;

use hyper::StatusCode;

/// An error as ClickHouse words it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Code: {code}. DB::Exception: {message}")]
pub struct ServerError {
    /// ClickHouse's error number.
    pub code: u32,
    /// The text after `DB::Exception: `, with the name of the error in parentheses at its end.
    pub message: String,
}

/// Errors that this crate raises itself: number and name are ClickHouse's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The body ended inside a frame.
    CannotReadAllData,
    /// A parameter or a header that cannot be understood.
    BadArguments,
    /// The checksum of a block frame is wrong.
    ChecksumDoesntMatch,
    /// Something that a server does and we do not.
    NotImplemented,
    /// The statement is not one statement.
    SyntaxError,
    /// A frame that cannot be unpacked.
    CannotDecompress,
    /// An unknown method byte of a block frame.
    UnknownCompressionMethod,
    /// A writing statement came by GET.
    Readonly,
    /// The client stopped sending.
    SocketTimeout,
    /// The connection broke.
    NetworkError,
    /// A body too large to hold.
    MemoryLimitExceeded,
    /// The statement was cancelled because we stop.
    QueryWasCancelled,
    /// The result is larger than `--max-result-bytes`.
    TooManyRowsOrBytes,
    /// Wrong user or password.
    AuthenticationFailed,
    /// The engine said something that is no ClickHouse error.
    UnknownException,
}

impl Kind {
    const fn code_and_name(self) -> (u32, &'static str) {
        match self {
            Self::CannotReadAllData => (33, "CANNOT_READ_ALL_DATA"),
            Self::BadArguments => (36, "BAD_ARGUMENTS"),
            Self::ChecksumDoesntMatch => (40, "CHECKSUM_DOESNT_MATCH"),
            Self::NotImplemented => (48, "NOT_IMPLEMENTED"),
            Self::SyntaxError => (62, "SYNTAX_ERROR"),
            Self::CannotDecompress => (271, "CANNOT_DECOMPRESS"),
            Self::UnknownCompressionMethod => (89, "UNKNOWN_COMPRESSION_METHOD"),
            Self::Readonly => (164, "READONLY"),
            Self::SocketTimeout => (209, "SOCKET_TIMEOUT"),
            Self::NetworkError => (210, "NETWORK_ERROR"),
            Self::MemoryLimitExceeded => (241, "MEMORY_LIMIT_EXCEEDED"),
            Self::QueryWasCancelled => (394, "QUERY_WAS_CANCELLED"),
            Self::TooManyRowsOrBytes => (396, "TOO_MANY_ROWS_OR_BYTES"),
            Self::AuthenticationFailed => (516, "AUTHENTICATION_FAILED"),
            Self::UnknownException => (1002, "UNKNOWN_EXCEPTION"),
        }
    }
}

impl ServerError {
    /// An error of our own.
    pub fn new(kind: Kind, message: impl std::fmt::Display) -> Self {
        let (code, name) = kind.code_and_name();
        Self {
            code,
            message: format!("{message}. ({name})"),
        }
    }

    /// An error that the engine put into words: `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`, perhaps with a version.
    pub fn from_engine(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|| Self::new(Kind::UnknownException, text.trim()))
    }

    fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.split_once("Code: ")?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (code, rest) = rest.split_at_checked(digits)?;
        let message = rest.trim_start_matches(['.', ' ', ',']);
        let message = message
            .strip_prefix("e.displayText() = ")
            .unwrap_or(message);
        let message = message
            .strip_prefix("DB::Exception: ")
            .unwrap_or(message)
            .trim_end();
        let message = match message.rfind(" (version ") {
            Some(position) => message.get(..position)?,
            None => message,
        };
        Some(Self {
            code: code.parse().ok()?,
            message: message.to_owned(),
        })
    }

    /// The body of the response, with the version of the engine, as a server ends it.
    pub fn body(&self, version: &str) -> String {
        format!("{self} (version {version})\n")
    }

    /// The HTTP status that a server sends with this code.
    pub fn status(&self) -> StatusCode {
        match self.code {
            194 => StatusCode::UNAUTHORIZED,
            192 | 193 | 516 => StatusCode::FORBIDDEN,
            46 | 47 | 50 | 60 | 80 | 81 | 115 | 141 => StatusCode::NOT_FOUND,
            6 | 9 | 16 | 26 | 27 | 32 | 33 | 36 | 38 | 40 | 41 | 43 | 53 | 62 | 70 | 72 | 73
            | 89 | 117 | 130 | 271 | 386 | 456 | 457 => StatusCode::BAD_REQUEST,
            48 => StatusCode::NOT_IMPLEMENTED,
            159 => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<ServerError> for io::Error {
    /// Carries the code through [`io::Read`], on which bodies are decoded.
    fn from(error: ServerError) -> Self {
        Self::other(error)
    }
}

impl From<io::Error> for ServerError {
    /// Takes out the error that travelled inside; what a decoder says itself is unreadable data.
    fn from(error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::UnexpectedEof => Kind::CannotReadAllData,
            _ => Kind::CannotDecompress,
        };
        let text = error.to_string();
        match error.downcast::<Self>() {
            Ok(error) => error,
            Err(_) => nested(&text).unwrap_or_else(|| Self::new(kind, text)),
        }
    }
}

/// Decoders may wrap the error of the reader below them: its text is still there.
fn nested(text: &str) -> Option<ServerError> {
    text.contains("DB::Exception")
        .then(|| ServerError::parse(text))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_and_the_text_of_the_engine_are_kept_and_its_version_is_cut() {
        let error = ServerError::from_engine(
            "Code: 60. DB::Exception: Unknown table expression identifier 'x'. (UNKNOWN_TABLE) (version 26.7.2.1)\n",
        );
        assert_eq!(error.code, 60);
        assert_eq!(
            error.message,
            "Unknown table expression identifier 'x'. (UNKNOWN_TABLE)"
        );
        assert_eq!(
            error.body("1.2"),
            "Code: 60. DB::Exception: Unknown table expression identifier 'x'. (UNKNOWN_TABLE) (version 1.2)\n"
        );
        assert_eq!(error.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn a_text_without_a_code_is_an_unknown_exception() {
        let error = ServerError::from_engine("the sky fell");
        assert_eq!(error.code, 1002);
        assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn an_error_survives_its_way_through_a_reader() {
        let error = ServerError::new(Kind::ChecksumDoesntMatch, "wrong sum");
        assert_eq!(ServerError::from(io::Error::from(error.clone())), error);
    }
}
