//! What a text asks for: a query for the buffered call, or an `INSERT` whose data follow and are streamed.
//!
//! Pure. The engine wants an `INSERT` without its `FORMAT` clause, so the text is cut there.

use crate::error::{Kind, ServerError};
use crate::lexer::{Lexer, Token, TokenKind};
use crate::refuse::refuse;

/// One statement, ready for the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Statement<'a> {
    /// Runs as it stands; the output format is that of its `FORMAT` clause, if it has one.
    Query {
        text: &'a [u8],
        format: Option<String>,
    },
    /// `INSERT INTO t (…)`, the format of its data, and the data that stand in the text already.
    Insert {
        head: &'a [u8],
        format: String,
        data: &'a [u8],
    },
}

/// Words that open a statement which only reads.
const READING: [&str; 9] = [
    "SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "FROM", "CHECK",
];

impl<'a> Statement<'a> {
    /// Classifies a text. `data_format` is the format of data that follow an `INSERT` which names none.
    ///
    /// # Errors
    /// Code 62 for an empty text or several statements, code 48 for what [`refuse`] refuses.
    pub(crate) fn parse(text: &'a [u8], data_format: Option<&str>) -> Result<Self, ServerError> {
        let mut lexer = Lexer::new(text);
        let Some(first) = lexer.next() else {
            return Err(ServerError::new(
                Kind::SyntaxError,
                "Syntax error: empty query",
            ));
        };
        if first.is_word("INSERT")
            && let Some(insert) = Self::insert(text, lexer, data_format)
        {
            if let Self::Insert { head, .. } = &insert {
                refuse(head)?;
            }
            return Ok(insert);
        }
        refuse(text)?;
        Ok(Self::Query {
            text,
            format: output_format(text),
        })
    }

    fn insert(text: &'a [u8], lexer: Lexer<'a>, data_format: Option<&str>) -> Option<Self> {
        let cut = |head: usize, format: String, data: usize| {
            Some(Self::Insert {
                head: text.get(..head)?,
                format,
                data: text.get(data..)?,
            })
        };
        let mut tokens = lexer.peekable();
        let (mut previous, mut has_select, mut has_input) = (None, false, false);
        while let Some(token) = tokens.next() {
            let is_name = previous.as_ref().is_some_and(is_before_name);
            has_input |= token.is_word("input");
            if token.depth == 0 && !is_name {
                has_select |= ["SELECT", "WITH", "FROM"]
                    .iter()
                    .any(|word| token.is_word(word));
                if token.is_word("VALUES") && !has_select {
                    return cut(token.start, "Values".to_owned(), token.end());
                }
                if token.is_word("FORMAT") && (!has_select || has_input) {
                    let format = tokens
                        .peek()
                        .filter(|format| format.kind == TokenKind::Word)?;
                    return cut(token.start, name_of(format), data_start(text, format.end()));
                }
                if token.kind == TokenKind::Symbol(b';') {
                    return None;
                }
            }
            previous = Some(token);
        }
        let is_query = has_select || previous.is_none();
        data_format
            .filter(|_| !is_query)
            .and_then(|format| cut(text.len(), format.to_owned(), text.len()))
    }

    /// Tells whether the statement may come by GET.
    pub(crate) fn is_reading(&self) -> bool {
        match self {
            Self::Insert { .. } => false,
            Self::Query { text, .. } => Lexer::new(text)
                .find(|token| token.kind != TokenKind::Symbol(b'('))
                .is_some_and(|first| READING.iter().any(|word| first.is_word(word))),
        }
    }
}

/// `INTO`, `TABLE`, `FUNCTION` and a dot are followed by a name, whatever it looks like.
fn is_before_name(token: &Token<'_>) -> bool {
    token.kind == TokenKind::Symbol(b'.')
        || ["INTO", "TABLE", "FUNCTION"]
            .iter()
            .any(|word| token.is_word(word))
}

fn name_of(token: &Token<'_>) -> String {
    String::from_utf8_lossy(token.name()).into_owned()
}

/// Data begin behind the blanks of the line and one line end; a semicolon before them ends the statement.
fn data_start(text: &[u8], end: usize) -> usize {
    let rest = text.get(end..).unwrap_or_default();
    let blanks = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b';'))
        .count();
    end + blanks + usize::from(rest.get(blanks) == Some(&b'\n'))
}

/// The format named by the last `FORMAT` clause outside of parentheses.
fn output_format(text: &[u8]) -> Option<String> {
    let mut tokens = Lexer::new(text).filter(|token| token.depth == 0).peekable();
    let mut format = None;
    while let Some(token) = tokens.next() {
        if token.is_word("FORMAT")
            && let Some(name) = tokens.peek().filter(|name| name.kind == TokenKind::Word)
        {
            format = Some(name_of(name));
        }
    }
    format
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(text: &str) -> Option<(String, String, String)> {
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match Statement::parse(text.as_bytes(), None).unwrap() {
            Statement::Insert { head, format, data } => Some((lossy(head), format, lossy(data))),
            Statement::Query { .. } => None,
        }
    }

    #[test]
    fn an_insert_is_cut_before_its_format() {
        let expected = |head: &str, format: &str, data: &str| {
            Some((head.to_owned(), format.to_owned(), data.to_owned()))
        };
        assert_eq!(
            insert("INSERT INTO t (a, b) FORMAT CSV"),
            expected("INSERT INTO t (a, b) ", "CSV", "")
        );
        assert_eq!(
            insert("INSERT INTO t FORMAT CSV\n1,2\n"),
            expected("INSERT INTO t ", "CSV", "1,2\n")
        );
        assert_eq!(
            insert("insert into t VALUES (1)"),
            expected("insert into t ", "Values", " (1)")
        );
        assert_eq!(
            insert("INSERT INTO t SETTINGS a = 1 FORMAT RowBinary "),
            expected("INSERT INTO t SETTINGS a = 1 ", "RowBinary", "")
        );
        assert_eq!(
            insert("INSERT INTO format.values VALUES"),
            expected("INSERT INTO format.values ", "Values", "")
        );
        assert_eq!(
            insert("INSERT INTO t SELECT a FROM input('a Int8') FORMAT CSV"),
            expected("INSERT INTO t SELECT a FROM input('a Int8') ", "CSV", "")
        );
    }

    #[test]
    fn an_insert_from_a_select_is_a_query() {
        for text in [
            "INSERT INTO t SELECT 1",
            "INSERT INTO t (SELECT 1)",
            "INSERT INTO t WITH 1 AS x SELECT x",
            "INSERT INTO t SELECT * FROM values('a Int8', 1)",
        ] {
            assert_eq!(insert(text), None, "{text}");
        }
    }

    #[test]
    fn an_insert_without_a_format_takes_that_of_its_header() {
        let statement = Statement::parse(b"INSERT INTO t", Some("CSV")).unwrap();
        assert_eq!(
            statement,
            Statement::Insert {
                head: b"INSERT INTO t",
                format: "CSV".to_owned(),
                data: b""
            }
        );
    }

    #[test]
    fn the_output_format_is_that_of_the_last_clause() {
        let format = |text: &'static str| match Statement::parse(text.as_bytes(), None).unwrap() {
            Statement::Query { format, .. } => format,
            Statement::Insert { .. } => None,
        };
        assert_eq!(
            format("SELECT format(a) FROM t FORMAT JSONEachRow"),
            Some("JSONEachRow".to_owned())
        );
        assert_eq!(format("SELECT 'FORMAT x'"), None);
    }

    #[test]
    fn only_reading_statements_may_come_by_get() {
        let is_reading = |text: &'static str| {
            Statement::parse(text.as_bytes(), None)
                .unwrap()
                .is_reading()
        };
        assert!(is_reading("(SELECT 1) UNION ALL SELECT 2"));
        assert!(is_reading("/* x */ SHOW TABLES"));
        assert!(!is_reading("INSERT INTO t VALUES (1)"));
        assert!(!is_reading("CREATE TABLE t (a Int8) ENGINE = Memory"));
    }

    #[test]
    fn an_empty_text_is_a_syntax_error() {
        assert_eq!(Statement::parse(b" -- nothing", None).unwrap_err().code, 62);
    }
}
