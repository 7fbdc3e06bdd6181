//! Several records of one identity: first copies, duplicates, conflicts and the winner.
//!
//! A function of the set of records, not of their order of arrival: last writer wins, and a resend
//! is not a write.

use crate::time::Timestamp;

/// When a copy was written: its reception, then its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Writing {
    pub(super) received_at: Timestamp,
    pub(super) offset: i64,
}

/// One content of an identity, with its first copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Content<P> {
    pub(super) payload: P,
    pub(super) first: Writing,
}

/// What a record adds to its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Novelty {
    /// The first record of the identity.
    Identity,
    /// Another content.
    Content,
    /// A further copy of a content.
    Copy,
}

/// All records of one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Copies<P> {
    /// Records applied.
    pub(super) records: i64,
    /// Distinct contents, in the order in which they were applied.
    pub(super) contents: Vec<Content<P>>,
}

impl<P> Default for Copies<P> {
    fn default() -> Self {
        Self {
            records: 0,
            contents: Vec::with_capacity(1),
        }
    }
}

impl<P: Copy + PartialEq> Copies<P> {
    /// Applies one record.
    pub(super) fn observe(&mut self, payload: P, writing: Writing) -> Novelty {
        self.records += 1;
        let known = self
            .contents
            .iter_mut()
            .find(|content| content.payload == payload);
        if let Some(content) = known {
            content.first = content.first.min(writing);
            return Novelty::Copy;
        }
        let novelty = if self.contents.is_empty() {
            Novelty::Identity
        } else {
            Novelty::Content
        };
        self.contents.push(Content {
            payload,
            first: writing,
        });
        novelty
    }

    /// The content whose first copy is the latest.
    pub(super) fn winner(&self) -> Option<P> {
        let latest = self.contents.iter().max_by_key(|content| content.first);
        latest.map(|content| content.payload)
    }

    /// The first copy of all.
    pub(super) fn first(&self) -> Option<Writing> {
        self.contents.iter().map(|content| content.first).min()
    }

    /// Contents beyond the first.
    pub(super) fn conflicts(&self) -> i64 {
        (self.contents.len().cast_signed() as i64 - 1).max(0)
    }

    /// Copies that are not the first of their content.
    pub(super) fn duplicates(&self) -> i64 {
        self.records - self.contents.len().cast_signed() as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(received_at: i64, offset: i64) -> Writing {
        Writing {
            received_at: Timestamp::from_ms(received_at),
            offset,
        }
    }

    #[test]
    fn the_winner_is_the_content_whose_first_copy_is_the_latest() {
        let mut copies = Copies::default();
        assert_eq!(copies.observe('a', at(1, 0)), Novelty::Identity);
        assert_eq!(copies.observe('b', at(1, 1)), Novelty::Content);
        assert_eq!(copies.observe('a', at(9, 2)), Novelty::Copy);
        assert_eq!(copies.winner(), Some('b'), "a resend is not a write");
        assert_eq!((copies.conflicts(), copies.duplicates()), (1, 1));
    }

    #[test]
    fn a_copy_read_later_but_received_earlier_is_the_first() {
        let mut copies = Copies::default();
        for (content, writing) in [('a', at(5, 0)), ('b', at(4, 1)), ('a', at(3, 2))] {
            let _any = copies.observe(content, writing);
        }
        assert_eq!(copies.winner(), Some('b'));
        assert_eq!(copies.first(), Some(at(3, 2)));
    }
}
