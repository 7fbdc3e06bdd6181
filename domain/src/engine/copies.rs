//! Several records of one identity: first copies, duplicates, conflicts and the winner.
//!
//! A function of the set of records, not of their order of arrival: last writer wins, and a resend
//! is not a write.

use crate::time::{Span, Timestamp};

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

/// All records of one identity. Nearly always there is one content and few copies, received soon
/// after its instant (`at`, wherever it is asked for): that takes 14 bytes beside the content, and
/// anything else is kept apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Copies<P> {
    One {
        records: u8,
        payload: P,
        /// From `at` to the first reception, ms.
        delay_ms: i32,
        offset: i64,
    },
    Many(Box<Many<P>>),
}

/// Any number of contents, copies and any delay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Many<P> {
    one: Content<P>,
    /// The contents beyond the first, in the order in which they were applied.
    others: Vec<Content<P>>,
    records: i64,
}

impl<P: Copy + PartialEq> Copies<P> {
    /// The first record of an identity.
    pub(super) fn new(at: Timestamp, payload: P, first: Writing) -> Self {
        let one = Content { payload, first };
        Self::of(at, one, Vec::new(), 1)
    }

    /// What was stored: `records` of `contents`, in the order in which they were applied; none if
    /// there is no content, or more than records.
    pub(super) fn stored(at: Timestamp, records: i64, contents: Vec<Content<P>>) -> Option<Self> {
        if records < contents.len().cast_signed() as i64 {
            return None;
        }
        let mut contents = contents.into_iter();
        let one = contents.next()?;
        Some(Self::of(at, one, contents.collect(), records))
    }

    fn of(at: Timestamp, one: Content<P>, others: Vec<Content<P>>, records: i64) -> Self {
        let delay_ms = delay_ms(at, one.first.received_at);
        match (u8::try_from(records), delay_ms) {
            (Ok(records), Some(delay_ms)) if others.is_empty() => Self::One {
                records,
                payload: one.payload,
                delay_ms,
                offset: one.first.offset,
            },
            _ => Self::Many(Box::new(Many {
                one,
                others,
                records,
            })),
        }
    }

    /// Applies a further record.
    pub(super) fn observe(&mut self, at: Timestamp, payload: P, writing: Writing) -> Novelty {
        let mut one = self.one(at);
        let mut others = match self {
            Self::One { .. } => Vec::new(),
            Self::Many(many) => std::mem::take(&mut many.others),
        };
        let records = self.records() + 1;
        let known = if one.payload == payload {
            Some(&mut one)
        } else {
            others.iter_mut().find(|other| other.payload == payload)
        };
        let novelty = if let Some(known) = known {
            known.first = known.first.min(writing);
            Novelty::Copy
        } else {
            let first = writing;
            others.push(Content { payload, first });
            Novelty::Content
        };
        *self = Self::of(at, one, others, records);
        novelty
    }

    /// Distinct contents, in the order in which they were applied.
    pub(super) fn contents(&self, at: Timestamp) -> impl Iterator<Item = Content<P>> {
        std::iter::once(self.one(at)).chain(self.others().iter().copied())
    }

    /// The content whose first copy is the latest.
    pub(super) fn winner(&self) -> P {
        match self {
            Self::One { payload, .. } => *payload,
            Self::Many(many) => {
                let latest = many.others.iter().max_by_key(|other| other.first);
                let latest = latest.filter(|other| many.one.first < other.first);
                latest.unwrap_or(&many.one).payload
            }
        }
    }

    /// The first copy of all.
    pub(super) fn first(&self, at: Timestamp) -> Writing {
        let others = self.others().iter();
        others.fold(self.one(at).first, |first, other| first.min(other.first))
    }

    /// Records applied.
    pub(super) fn records(&self) -> i64 {
        match self {
            Self::One { records, .. } => i64::from(*records),
            Self::Many(many) => many.records,
        }
    }

    /// Contents beyond the first.
    pub(super) fn conflicts(&self) -> i64 {
        self.others().len().cast_signed() as i64
    }

    /// Copies that are not the first of their content.
    pub(super) fn duplicates(&self) -> i64 {
        self.records() - 1 - self.conflicts()
    }

    fn one(&self, at: Timestamp) -> Content<P> {
        match self {
            Self::One {
                payload,
                delay_ms,
                offset,
                ..
            } => Content {
                payload: *payload,
                first: Writing {
                    received_at: at + Span::from_ms(i64::from(*delay_ms)),
                    offset: *offset,
                },
            },
            Self::Many(many) => many.one,
        }
    }

    fn others(&self) -> &[Content<P>] {
        match self {
            Self::One { .. } => &[],
            Self::Many(many) => &many.others,
        }
    }
}

/// The delay of a reception, if it is one of less than 24 days either way.
fn delay_ms(at: Timestamp, received_at: Timestamp) -> Option<i32> {
    let delay_ms = received_at.as_ms().checked_sub(at.as_ms())?;
    i32::try_from(delay_ms).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The instant of the identity.
    const IT: Timestamp = Timestamp::from_ms(0);

    fn at(received_at: i64, offset: i64) -> Writing {
        Writing {
            received_at: Timestamp::from_ms(received_at),
            offset,
        }
    }

    #[test]
    fn the_winner_is_the_content_whose_first_copy_is_the_latest() {
        let mut copies = Copies::new(IT, 'a', at(1, 0));
        assert_eq!(copies.observe(IT, 'b', at(1, 1)), Novelty::Content);
        assert_eq!(copies.observe(IT, 'a', at(9, 2)), Novelty::Copy);
        assert_eq!(copies.winner(), 'b', "a resend is not a write");
        assert_eq!((copies.conflicts(), copies.duplicates()), (1, 1));
    }

    #[test]
    fn of_three_contents_the_last_received_wins_whichever_was_read_last() {
        for order in [
            ['a', 'b', 'c'],
            ['a', 'c', 'b'],
            ['c', 'a', 'b'],
            ['b', 'c', 'a'],
        ] {
            let received = |content: char| at(i64::from(u32::from(content)), 0);
            let [first, rest @ ..] = order;
            let mut copies = Copies::new(IT, first, received(first));
            for content in rest {
                let novelty = copies.observe(IT, content, received(content));
                assert_eq!(novelty, Novelty::Content);
            }
            assert_eq!((copies.winner(), copies.first(IT)), ('c', received('a')));
        }
    }

    #[test]
    fn a_copy_read_later_but_received_earlier_is_the_first() {
        let mut copies = Copies::new(IT, 'a', at(5, 0));
        for (content, writing) in [('b', at(4, 1)), ('a', at(3, 2))] {
            let _any = copies.observe(IT, content, writing);
        }
        assert_eq!(copies.winner(), 'b');
        assert_eq!(copies.first(IT), at(3, 2));
    }

    #[test]
    fn what_is_stored_comes_back() {
        let mut copies = Copies::new(IT, 'a', at(5, 0));
        for (content, writing) in [('b', at(4, 1)), ('a', at(3, 2))] {
            let _any = copies.observe(IT, content, writing);
        }
        let contents = copies.contents(IT).collect();
        assert_eq!(Copies::stored(IT, 3, contents), Some(copies));
        assert_eq!(Copies::<char>::stored(IT, 0, Vec::new()), None);
    }

    #[test]
    fn every_one_of_very_many_copies_counts() {
        let mut copies = Copies::new(IT, 'a', at(0, 0));
        for offset in 1..70_000 {
            assert_eq!(copies.observe(IT, 'a', at(0, offset)), Novelty::Copy);
        }
        assert_eq!((copies.records(), copies.duplicates()), (70_000, 69_999));
        let contents = copies.contents(IT).collect();
        assert_eq!(Copies::stored(IT, 70_000, contents), Some(copies));
    }

    #[test]
    fn a_reception_years_away_is_kept_as_it_is() {
        let far = i64::from(i32::MAX) + 1;
        for received_at in [far, -far - 1, far - 1, i64::MIN] {
            let copies = Copies::new(IT, 'a', at(received_at, 7));
            assert_eq!(copies.first(IT), at(received_at, 7));
            assert_eq!(copies.contents(IT).count(), 1);
        }
        let mut copies = Copies::new(IT, 'a', at(far, 7));
        assert_eq!(copies.observe(IT, 'a', at(1, 8)), Novelty::Copy);
        assert_eq!((copies.first(IT), copies.records()), (at(1, 8), 2));
        assert!(matches!(copies, Copies::One { .. }));
    }
}
