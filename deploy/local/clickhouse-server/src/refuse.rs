//! Statements that the engine must not see: it would accept them and leave something behind that breaks the next start.
//!
//! Only words outside of literals and comments count. Everything else is left to the engine to judge.

use crate::error::{Kind, ServerError};
use crate::lexer::{Lexer, Token, TokenKind};

/// Table and database engines that need servers we do not have.
const ENGINES: [&str; 6] = [
    "Kafka",
    "RabbitMQ",
    "NATS",
    "KeeperMap",
    "S3Queue",
    "AzureQueue",
];

/// Objects of access control: the engine has no storage for them.
const ACCESS: [&str; 6] = ["USER", "ROLE", "QUOTA", "ROW", "POLICY", "SETTINGS"];

/// Looks at the tokens of one statement, without the data of an `INSERT`.
///
/// # Errors
/// Code 48 for a refused statement, code 62 for a second statement behind a semicolon.
pub(crate) fn refuse(statement: &[u8]) -> Result<(), ServerError> {
    let tokens: Vec<Token<'_>> = Lexer::new(statement).collect();
    let is_over = |token: &&Token<'_>| token.kind == TokenKind::Symbol(b';');
    if tokens
        .iter()
        .skip_while(|token| !is_over(token))
        .any(|token| !is_over(&token))
    {
        return Err(ServerError::new(
            Kind::SyntaxError,
            "Syntax error: multi-statements are not allowed",
        ));
    }
    match reason(&tokens) {
        Some(what) => Err(ServerError::new(
            Kind::NotImplemented,
            format!("{what} is not supported by the local server: use a real one (see --limits)"),
        )),
        None => Ok(()),
    }
}

fn reason(tokens: &[Token<'_>]) -> Option<String> {
    let first = tokens.first()?;
    if ["BACKUP", "RESTORE"].iter().any(|word| first.is_word(word)) {
        return Some(text(first).to_uppercase());
    }
    if first.is_word("SYSTEM") {
        return system(tokens);
    }
    if ["CREATE", "ATTACH", "REPLACE"]
        .iter()
        .any(|word| first.is_word(word))
    {
        return access(tokens).or_else(|| engine(tokens));
    }
    files(tokens)
}

fn system(tokens: &[Token<'_>]) -> Option<String> {
    let (verb, object) = (tokens.get(1)?, tokens.get(2));
    let is_listen = object.is_some_and(|object| object.is_word("LISTEN"));
    if is_listen && (verb.is_word("START") || verb.is_word("STOP")) {
        return Some(format!("SYSTEM {} LISTEN", text(verb).to_uppercase()));
    }
    (verb.is_word("SHUTDOWN") || verb.is_word("KILL"))
        .then(|| format!("SYSTEM {}", text(verb).to_uppercase()))
}

/// `CREATE [OR REPLACE] USER | ROLE | QUOTA | [ROW] POLICY | SETTINGS PROFILE`.
fn access(tokens: &[Token<'_>]) -> Option<String> {
    let object = tokens
        .iter()
        .skip(1)
        .find(|token| !token.is_word("OR") && !token.is_word("REPLACE"))?;
    ACCESS
        .iter()
        .find(|word| object.is_word(word))
        .map(|word| format!("CREATE {word}"))
}

/// `ENGINE [=] Kafka` and its like, in a definition.
fn engine(tokens: &[Token<'_>]) -> Option<String> {
    tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.is_word("ENGINE"))
        .find_map(|(index, _)| {
            let name = tokens
                .iter()
                .skip(index + 1)
                .find(|token| token.kind != TokenKind::Symbol(b'='))?;
            let name = String::from_utf8_lossy(name.name()).into_owned();
            let is_refused = ENGINES
                .iter()
                .any(|engine| name.eq_ignore_ascii_case(engine))
                || name.to_ascii_lowercase().starts_with("replicated");
            is_refused.then(|| format!("ENGINE = {name}"))
        })
}

/// `INTO OUTFILE` and `FROM INFILE` would touch files of the server.
fn files(tokens: &[Token<'_>]) -> Option<String> {
    tokens.windows(2).find_map(|pair| match pair {
        [into, file] if into.is_word("INTO") && file.is_word("OUTFILE") => {
            Some("INTO OUTFILE".to_owned())
        }
        [from, file] if from.is_word("FROM") && file.is_word("INFILE") => {
            Some("FROM INFILE".to_owned())
        }
        _ => None,
    })
}

fn text(token: &Token<'_>) -> String {
    String::from_utf8_lossy(token.text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(statement: &str) -> Option<u32> {
        refuse(statement.as_bytes()).err().map(|error| error.code)
    }

    #[test]
    fn engines_that_need_other_servers_are_refused() {
        for statement in [
            "CREATE TABLE t (a Int8) ENGINE = Kafka('h', 't', 'g', 'CSV')",
            "create table t (a Int8) engine kafka",
            "CREATE TABLE t (a Int8) /* x */ ENGINE /* y */ = `RabbitMQ`",
            "CREATE TABLE t (a Int8) ENGINE = ReplicatedMergeTree ORDER BY a",
            "CREATE DATABASE d ENGINE = Replicated('/p', 's', 'r')",
            "ATTACH TABLE t (a Int8) ENGINE = KeeperMap('/x')",
            "CREATE TABLE t (a Int8) ENGINE = S3Queue('x')",
            "CREATE TABLE t (a Int8) ENGINE = NATS",
        ] {
            assert_eq!(code(statement), Some(48), "{statement}");
        }
    }

    #[test]
    fn access_control_backups_and_ports_are_refused() {
        for statement in [
            "CREATE USER u",
            "CREATE OR REPLACE ROLE r",
            "CREATE QUOTA q",
            "CREATE ROW POLICY p ON t USING 1",
            "BACKUP TABLE t TO Disk('a', 'b')",
            "SYSTEM START LISTEN TCP",
            "SYSTEM SHUTDOWN",
            "SELECT 1 INTO OUTFILE 'x'",
        ] {
            assert_eq!(code(statement), Some(48), "{statement}");
        }
    }

    #[test]
    fn the_same_words_elsewhere_are_not_refused() {
        for statement in [
            "SELECT 'ENGINE = Kafka'",
            "SELECT 1 -- BACKUP TABLE t",
            "SELECT engine FROM system.tables WHERE engine = 'Kafka'",
            "CREATE TABLE t (a String DEFAULT 'ENGINE = Kafka') ENGINE = MergeTree ORDER BY a",
            "EXPLAIN AST CREATE TABLE t (a Int8) ENGINE = ReplicatedMergeTree ORDER BY a",
            "CREATE TABLE user (a Int8) ENGINE = MergeTree ORDER BY a",
            "SYSTEM REFRESH VIEW v",
            "SELECT 1;",
        ] {
            assert_eq!(code(statement), None, "{statement}");
        }
    }

    #[test]
    fn a_second_statement_is_a_syntax_error() {
        assert_eq!(code("SELECT 1; SELECT 2"), Some(62));
        assert_eq!(code("SELECT ';' ; ;"), None);
    }
}
