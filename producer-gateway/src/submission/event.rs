//! Statuses and sessions: judged against the caller and the directory, made into records.

use std::collections::HashSet;

use domain::{ChargePoint, ChargePointStatus, ChargeSession, RequestId};
use serde_json::Value;

use super::{Judgement, Refusal, check_existence, check_unit};
use crate::auth::Caller;
use crate::directory::Table;
use crate::error::detail::Shape;
use crate::publisher::{Event, Message};
use crate::request::{Code, Session, Status, Terms, Violation, quick};

/// The two kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `/dynamique/status`.
    Status,
    /// `/dynamique/session`.
    Session,
}

impl Kind {
    /// The word for metrics and headers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Session => "session",
        }
    }
}

/// An event that is good in itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// A status.
    Status(Status<'a>),
    /// A session.
    Session(Session<'a>),
}

impl<'a> Parsed<'a> {
    /// Reads an event of `kind`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(kind: Kind, item: &'a Value, terms: &Terms) -> Result<Self, Vec<Violation>> {
        match kind {
            Kind::Status => Status::read(item, terms).map(Self::Status),
            Kind::Session => Session::read(item, terms).map(Self::Session),
        }
    }

    /// Reads a body of `kind` in which nothing is wrong or unusual; none says nothing about it.
    pub fn read_quickly(
        (kind, shape): (Kind, Shape),
        text: &'a str,
        (max, terms): (usize, &Terms),
    ) -> Option<Vec<Self>> {
        Some(match (kind, shape) {
            (_, Shape::Either) => return None,
            (Kind::Status, Shape::Single) => vec![Self::Status(quick::one(text, terms)?)],
            (Kind::Session, Shape::Single) => vec![Self::Session(quick::one(text, terms)?)],
            (Kind::Status, Shape::List) => quick::list(text, max, terms, Self::Status)?,
            (Kind::Session, Shape::List) => quick::list(text, max, terms, Self::Session)?,
        })
    }

    /// `id_pdc_itinerance` as sent.
    pub fn charge_point_id(&self) -> &'a str {
        match self {
            Self::Status(status) => status.charge_point_id,
            Self::Session(session) => session.charge_point_id,
        }
    }

    /// What is remarkable about it.
    pub fn flags(&self, entry: &ChargePoint) -> Vec<(Code, Option<&'static str>, String)> {
        match self {
            Self::Status(status) => status.flags(),
            Self::Session(session) => session.flags(entry.power_w()),
        }
    }

    /// The record of the event at the charge point of `entry`.
    pub fn accept(&self, entry: &ChargePoint, submitted_by: &str, request_id: RequestId) -> Event {
        let charge_point_id = entry.charge_point_id().clone();
        let station_id = entry.station_id().clone();
        let submitted_by = submitted_by.into();
        match self {
            Self::Status(status) => Event::Status(ChargePointStatus {
                event_id: ChargePointStatus::id_of(
                    &charge_point_id,
                    status.event_time.floor(),
                    &status.payload,
                ),
                charge_point_id,
                station_id,
                event_time: status.event_time,
                received_at: status.received_at,
                payload: status.payload,
                request_id,
                submitted_by,
            }),
            Self::Session(session) => {
                let (start, end) = (session.start.floor(), session.end.floor());
                Event::Session(ChargeSession {
                    event_id: ChargeSession::id_of(&charge_point_id, start, end, session.energy_wh),
                    charge_point_id,
                    station_id,
                    start: session.start,
                    end: session.end,
                    received_at: session.received_at,
                    energy_wh: session.energy_wh,
                    request_id,
                    submitted_by,
                })
            }
        }
    }
}

/// Who sends events, under which bounds, by which request.
#[derive(Debug)]
pub struct Context<'a> {
    /// The caller.
    pub caller: &'a Caller,
    /// The directory.
    pub table: &'a Table,
    /// The bounds.
    pub terms: Terms,
    /// The request.
    pub request_id: RequestId,
}

/// Judges the items of one request.
pub fn judge(kind: Kind, items: &[Value], context: &Context<'_>) -> Judgement<Event> {
    let mut judgement = Judgement::default();
    for (index, item) in items.iter().enumerate() {
        match judge_one(kind, (index, item), context) {
            Ok((event, id, flags)) => {
                judgement.warn(index, id, flags);
                judgement.accepted.push((index, event));
            }
            Err(refusal) => judgement.refused.push(refusal),
        }
    }
    judgement
}

/// Judges items that are good in themselves; none when one of them is refused for another reason.
pub fn judge_quickly(items: &[Parsed<'_>], context: &Context<'_>) -> Option<Judgement<Event>> {
    let mut judgement = Judgement::default();
    judgement.accepted.reserve_exact(items.len());
    let username = &context.caller.user.username;
    for (index, parsed) in items.iter().enumerate() {
        let id = parsed.charge_point_id();
        let entry = context
            .table
            .find(id)
            .filter(|entry| entry.deleted_at.is_none())?;
        context.caller.owns(id).then_some(())?;
        judgement.warn(index, id, parsed.flags(entry));
        let event = parsed.accept(entry, username, context.request_id);
        judgement.accepted.push((index, event));
    }
    Some(judgement)
}

type Judged<'a> = (Event, &'a str, Vec<(Code, Option<&'static str>, String)>);

fn judge_one<'a>(
    kind: Kind,
    (index, item): (usize, &'a Value),
    context: &Context<'_>,
) -> Result<Judged<'a>, Refusal> {
    let parsed = Parsed::read(kind, item, &context.terms)
        .map_err(|violations| Refusal::of_item(index, item, violations))?;
    let id = parsed.charge_point_id();
    check_unit(context.caller, index, id)?;
    let entry = check_existence(context.table.find(id), index, id)?;
    let username = &context.caller.user.username;
    Ok((
        parsed.accept(entry, username, context.request_id),
        id,
        parsed.flags(entry),
    ))
}

/// The messages of accepted events, each id once.
pub fn messages(accepted: Vec<(usize, Event)>) -> Vec<Message> {
    let mut seen = HashSet::with_capacity(accepted.len());
    accepted
        .into_iter()
        .filter(|(_, event)| seen.insert(event.id()))
        .map(|(_, event)| Message::from(event))
        .collect()
}
