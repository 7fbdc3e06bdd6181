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

/// All records of one identity. Nearly always there is one content and few copies, so more of either
/// is kept apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Copies<P> {
    payload: P,
    /// Records of the first [`u16::MAX`].
    records: u16,
    first: Writing,
    more: Option<Box<More<P>>>,
}

/// What few identities have.
#[derive(Debug, Clone, PartialEq, Eq)]
struct More<P> {
    /// The contents beyond the first, in the order in which they were applied.
    others: Vec<Content<P>>,
    /// Records beyond those counted in place.
    records: i64,
}

impl<P: Copy + PartialEq> Copies<P> {
    /// The first record of an identity.
    pub(super) const fn new(payload: P, first: Writing) -> Self {
        Self {
            payload,
            records: 1,
            first,
            more: None,
        }
    }

    /// What was stored: `records` of `contents`, in the order in which they were applied; none if
    /// there is no content, or more than records.
    pub(super) fn stored(records: i64, contents: Vec<Content<P>>) -> Option<Self> {
        if records < contents.len().cast_signed() as i64 {
            return None;
        }
        let mut contents = contents.into_iter();
        let Content { payload, first } = contents.next()?;
        let others: Vec<_> = contents.collect();
        let in_place = u16::try_from(records).unwrap_or(u16::MAX);
        let records = records - i64::from(in_place);
        let has_more = records != 0 || !others.is_empty();
        Some(Self {
            payload,
            records: in_place,
            first,
            more: has_more.then(|| Box::new(More { others, records })),
        })
    }

    /// Applies a further record.
    pub(super) fn observe(&mut self, payload: P, writing: Writing) -> Novelty {
        match self.records.checked_add(1) {
            Some(records) => self.records = records,
            None => self.more().records += 1,
        }
        if self.payload == payload {
            self.first = self.first.min(writing);
            return Novelty::Copy;
        }
        let others = &mut self.more().others;
        if let Some(known) = others.iter_mut().find(|other| other.payload == payload) {
            known.first = known.first.min(writing);
            return Novelty::Copy;
        }
        others.push(Content {
            payload,
            first: writing,
        });
        Novelty::Content
    }

    /// Distinct contents, in the order in which they were applied.
    pub(super) fn contents(&self) -> impl Iterator<Item = Content<P>> {
        let content = Content {
            payload: self.payload,
            first: self.first,
        };
        std::iter::once(content).chain(self.others().iter().copied())
    }

    /// The content whose first copy is the latest.
    pub(super) fn winner(&self) -> P {
        let latest = self.others().iter().max_by_key(|other| other.first);
        let latest = latest.filter(|other| self.first < other.first);
        latest.map_or(self.payload, |other| other.payload)
    }

    /// The first copy of all.
    pub(super) fn first(&self) -> Writing {
        let others = self.others().iter();
        others.fold(self.first, |first, other| first.min(other.first))
    }

    /// Records applied.
    pub(super) fn records(&self) -> i64 {
        let more = self.more.as_ref().map_or(0, |more| more.records);
        i64::from(self.records) + more
    }

    /// Contents beyond the first.
    pub(super) fn conflicts(&self) -> i64 {
        self.others().len().cast_signed() as i64
    }

    /// Copies that are not the first of their content.
    pub(super) fn duplicates(&self) -> i64 {
        self.records() - 1 - self.conflicts()
    }

    fn others(&self) -> &[Content<P>] {
        self.more.as_ref().map_or(&[], |more| &more.others)
    }

    fn more(&mut self) -> &mut More<P> {
        self.more.get_or_insert_with(|| {
            let others = Vec::new();
            Box::new(More { others, records: 0 })
        })
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
        let contents = copies.contents().collect();
        assert_eq!(Copies::stored(3, contents), Some(copies));
        assert_eq!(Copies::<char>::stored(0, Vec::new()), None);
    }

    #[test]
    fn every_one_of_very_many_copies_counts() {
        let mut copies = Copies::new('a', at(0, 0));
        for offset in 1..70_000 {
            assert_eq!(copies.observe('a', at(0, offset)), Novelty::Copy);
        }
        assert_eq!((copies.records(), copies.duplicates()), (70_000, 69_999));
        let contents = copies.contents().collect();
        assert_eq!(Copies::stored(70_000, contents), Some(copies));
    }
}
