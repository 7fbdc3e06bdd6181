//! Tokens of a ClickHouse statement: enough to find words outside of literals, quotes, comments and parentheses.
//!
//! Lazy, so that the data behind an `INSERT … FORMAT X` is never read as SQL. Knows no grammar.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A bare word: keyword or identifier.
    Word,
    /// An identifier in backticks or double quotes.
    Quoted,
    /// A string, a heredoc or a number.
    Literal,
    /// Any other single byte.
    Symbol(u8),
}

/// One token and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    /// What it is.
    pub(crate) kind: TokenKind,
    /// Its bytes, quotes included.
    pub(crate) text: &'a [u8],
    /// Offset of its first byte.
    pub(crate) start: usize,
    /// Parentheses and brackets that are open around it.
    pub(crate) depth: usize,
}

impl Token<'_> {
    /// Tells whether the token is this bare word, in any case.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word.as_bytes())
    }

    /// Offset of the first byte behind it.
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// The name that a bare or quoted identifier stands for, without its quotes.
    pub(crate) fn name(&self) -> &[u8] {
        match self.kind {
            TokenKind::Quoted => self
                .text
                .get(1..self.text.len().saturating_sub(1))
                .unwrap_or_default(),
            _ => self.text,
        }
    }
}

/// Reads the tokens of `text` one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Lexer<'a> {
    text: &'a [u8],
    position: usize,
    depth: usize,
}

impl<'a> Lexer<'a> {
    /// Starts at the first byte.
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            position: 0,
            depth: 0,
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.position..).unwrap_or_default()
    }

    /// Length of the white space or comment at the position; 0 when there is none.
    fn blank_length(&self) -> usize {
        let rest = self.rest();
        match rest {
            [b'-', b'-', ..] | [b'#', b' ' | b'!', ..] => find(rest, b"\n").unwrap_or(rest.len()),
            [b'/', b'*', body @ ..] => find(body, b"*/").map_or(rest.len(), |length| length + 4),
            _ => rest
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace())
                .count(),
        }
    }

    /// Kind and length of the token at the position.
    fn measure(&self) -> Option<(TokenKind, usize)> {
        let rest = self.rest();
        let first = *rest.first()?;
        Some(match first {
            b'\'' => (TokenKind::Literal, quoted_length(rest)),
            b'`' | b'"' => (TokenKind::Quoted, quoted_length(rest)),
            b'$' => heredoc_length(rest)
                .map_or((TokenKind::Word, 1), |length| (TokenKind::Literal, length)),
            b'0'..=b'9' => (TokenKind::Literal, word_length(rest)),
            _ if is_word_byte(first) => (TokenKind::Word, word_length(rest)),
            _ => (TokenKind::Symbol(first), 1),
        })
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.blank_length() {
                0 => break,
                length => self.position += length,
            }
        }
        let (kind, length) = self.measure()?;
        let start = self.position;
        self.position += length;
        if matches!(kind, TokenKind::Symbol(b')' | b']' | b'}')) {
            self.depth = self.depth.saturating_sub(1);
        }
        let token = Token {
            kind,
            text: self.text.get(start..self.position)?,
            start,
            depth: self.depth,
        };
        if matches!(kind, TokenKind::Symbol(b'(' | b'[' | b'{')) {
            self.depth += 1;
        }
        Some(token)
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

fn word_length(text: &[u8]) -> usize {
    text.iter().take_while(|byte| is_word_byte(**byte)).count()
}

/// Length of a quoted token: backslashes escape, a doubled quote stands for itself, an open end reaches to the end.
fn quoted_length(text: &[u8]) -> usize {
    let Some((&quote, body)) = text.split_first() else {
        return 0;
    };
    let mut bytes = body.iter().enumerate();
    while let Some((index, &byte)) = bytes.next() {
        if byte == b'\\' || (byte == quote && body.get(index + 1) == Some(&quote)) {
            bytes.next();
        } else if byte == quote {
            return index + 2;
        }
    }
    text.len()
}

/// Length of `$tag$ … $tag$`, if the text starts with one.
fn heredoc_length(text: &[u8]) -> Option<usize> {
    let tag = text
        .get(1..)?
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
        .count();
    let mark = text.get(..tag + 2).filter(|mark| mark.ends_with(b"$"))?;
    Some(find(text.get(mark.len()..)?, mark)? + 2 * mark.len())
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        Lexer::new(text.as_bytes())
            .filter(|token| token.kind == TokenKind::Word)
            .map(|token| String::from_utf8_lossy(token.text).into_owned())
            .collect()
    }

    #[test]
    fn words_inside_literals_quotes_and_comments_are_not_words() {
        assert_eq!(
            words(
                r#"SELECT 'it''s \' a', "b", `c` -- d
                 /* e */ # f
                 $x$ g $x$ FROM h"#
            ),
            ["SELECT", "FROM", "h"]
        );
    }

    #[test]
    fn depth_counts_open_parentheses() {
        let depth: Vec<_> = Lexer::new(b"a (b [c] d) e")
            .filter(|token| token.kind == TokenKind::Word)
            .collect();
        assert_eq!(
            depth.iter().map(|token| token.depth).collect::<Vec<_>>(),
            [0, 1, 2, 1, 0]
        );
    }

    #[test]
    fn an_open_quote_reaches_to_the_end() {
        assert_eq!(words("SELECT 'abc FORMAT x"), ["SELECT"]);
        assert_eq!(words("SELECT /* abc FORMAT x"), ["SELECT"]);
    }
}
