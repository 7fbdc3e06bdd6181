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

/// All records of one identity. Nearly always there is one content, so only others are apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Copies<P> {
    content: Content<P>,
    others: Option<Box<Others<P>>>,
    records: u32,
}

/// The contents beyond the first, in the order in which they were applied.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Others<P>(Vec<Content<P>>);

impl<P: Copy + PartialEq> Copies<P> {
    /// The first record of an identity.
    pub(super) const fn new(payload: P, first: Writing) -> Self {
        Self {
            content: Content { payload, first },
            others: None,
            records: 1,
        }
    }

    /// What was stored: `records` of `contents`, in the order in which they were applied; none if
    /// there is no content.
    pub(super) fn stored(records: u32, contents: Vec<Content<P>>) -> Option<Self> {
        let mut contents = contents.into_iter();
        let content = contents.next()?;
        let others: Vec<_> = contents.collect();
        Some(Self {
            content,
            others: (!others.is_empty()).then(|| Box::new(Others(others))),
            records,
        })
    }

    /// Applies a further record.
    pub(super) fn observe(&mut self, payload: P, writing: Writing) -> Novelty {
        self.records += 1;
        let others = self.others.iter_mut().flat_map(|others| &mut others.0);
        let mut contents = std::iter::once(&mut self.content).chain(others);
        if let Some(known) = contents.find(|content| content.payload == payload) {
            known.first = known.first.min(writing);
            return Novelty::Copy;
        }
        let others = self
            .others
            .get_or_insert_with(|| Box::new(Others(Vec::new())));
        others.0.push(Content {
            payload,
            first: writing,
        });
        Novelty::Content
    }

    /// Distinct contents, in the order in which they were applied.
    pub(super) fn contents(&self) -> impl Iterator<Item = &Content<P>> {
        let others = self.others.iter().flat_map(|others| &others.0);
        std::iter::once(&self.content).chain(others)
    }

    /// The content whose first copy is the latest.
    pub(super) fn winner(&self) -> P {
        let others = self.others.iter().flat_map(|others| &others.0);
        let latest = others.fold(&self.content, |latest, other| {
            if other.first < latest.first {
                latest
            } else {
                other
            }
        });
        latest.payload
    }

    /// The first copy of all.
    pub(super) fn first(&self) -> Writing {
        let others = self.others.iter().flat_map(|others| &others.0);
        others.fold(self.content.first, |first, other| first.min(other.first))
    }

    /// Records applied.
    pub(super) fn records(&self) -> i64 {
        i64::from(self.records)
    }

    /// Contents beyond the first.
    pub(super) fn conflicts(&self) -> i64 {
        let others = self.others.as_ref().map_or(0, |others| others.0.len());
        others.cast_signed() as i64
    }

    /// Copies that are not the first of their content.
    pub(super) fn duplicates(&self) -> i64 {
        self.records() - 1 - self.conflicts()
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
        let mut copies = Copies::new('a', at(1, 0));
        assert_eq!(copies.observe('b', at(1, 1)), Novelty::Content);
        assert_eq!(copies.observe('a', at(9, 2)), Novelty::Copy);
        assert_eq!(copies.winner(), 'b', "a resend is not a write");
        assert_eq!((copies.conflicts(), copies.duplicates()), (1, 1));
    }

    #[test]
    fn a_copy_read_later_but_received_earlier_is_the_first() {
        let mut copies = Copies::new('a', at(5, 0));
        for (content, writing) in [('b', at(4, 1)), ('a', at(3, 2))] {
            let _any = copies.observe(content, writing);
        }
        assert_eq!(copies.winner(), 'b');
        assert_eq!(copies.first(), at(3, 2));
    }

    #[test]
    fn what_is_stored_comes_back() {
        let mut copies = Copies::new('a', at(5, 0));
        for (content, writing) in [('b', at(4, 1)), ('a', at(3, 2))] {
            let _any = copies.observe(content, writing);
        }
        let contents = copies.contents().copied().collect();
        assert_eq!(Copies::stored(3, contents), Some(copies));
        assert_eq!(Copies::<char>::stored(0, Vec::new()), None);
    }
}
