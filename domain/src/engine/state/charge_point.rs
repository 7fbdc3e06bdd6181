//! A charge point's ledger on the wire, its policy apart.

use smallvec::SmallVec;

use super::super::charge_point_ledger::{Carry, ChargePointLedger};
use super::super::copies::{Content, Copies, Writing};
use super::super::directory::{Change, Directory, Version};
use super::super::maybe_instant::MaybeInstant;
use super::super::payload::Packed;
use super::super::presence::Presence;
use super::super::sessions::{self, Sessions};
use super::super::statuses::{self, Statuses};
use super::parts::{
    put_dimensions, put_drafts, put_episodes, put_settled, put_trace, read_dimensions, read_drafts,
    read_episodes, read_settled, read_trace,
};
use crate::status::{ConnectorState, Occupancy, ServiceState, StatusPayload};
use crate::time::Timestamp;
use crate::timeline::{Mark, MarkKind};
use crate::wire::binary::{
    put_array, put_long, put_optional, put_optional_timestamp, put_symbol, put_timestamp,
};
use crate::wire::{Reader, WireError};

pub(super) fn put(out: &mut Vec<u8>, ledger: &ChargePointLedger) {
    put_optional_timestamp(out, ledger.carry.horizon.get());
    put_optional(out, ledger.carry.mark, |out, mark| {
        put_timestamp(out, mark.at);
        put_symbol(out, &MarkKind::ALL, &mark.kind);
    });
    put_optional_timestamp(out, ledger.carry.run_start.get());
    put_trace(out, &ledger.carry.trace);
    put_optional_timestamp(out, ledger.sessions.largest_end.get());
    put_symbol(out, &Presence::ALL, &ledger.carry.presence);
    put_array(out, &ledger.statuses.0, |out, status| {
        put_timestamp(out, status.at);
        put_copies(out, status.at, &status.copies, |out, payload| {
            put_payload(out, payload.unpack());
        });
    });
    put_array(out, ledger.withdrawals.as_slice(), |out, &at| {
        put_timestamp(out, at);
    });
    put_array(
        out,
        ledger.sessions.identities.as_slice(),
        |out, session| {
            put_timestamp(out, session.key.0);
            put_timestamp(out, session.key.1);
            put_copies(out, session.key.0, &session.copies, put_long);
        },
    );
    put_directory(out, &ledger.directory);
    put_drafts(out, &ledger.windows);
    put_episodes(out, &ledger.episodes);
    put_optional_timestamp(out, ledger.pending_from.get());
    put_settled(out, &ledger.windows);
    put_optional_timestamp(out, ledger.directory.deleted_at.get());
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<ChargePointLedger, WireError> {
    let horizon = maybe_instant(reader)?;
    let mark = reader.optional(|reader| {
        Ok(Mark {
            at: reader.timestamp()?,
            kind: reader.symbol(&MarkKind::ALL)?,
        })
    })?;
    let run_start = maybe_instant(reader)?;
    let trace = read_trace(reader)?;
    let largest_end = maybe_instant(reader)?;
    let carry = Carry {
        horizon,
        mark,
        run_start,
        trace,
        presence: reader.symbol(&Presence::ALL)?,
    };
    let statuses = reader.array(|reader| {
        let at = reader.timestamp()?;
        let copies = read_copies(reader, at, |reader| read_payload(reader).map(Packed::from))?;
        Ok(statuses::Identity { at, copies })
    })?;
    let withdrawals = reader.array(Reader::timestamp)?;
    let identities = reader.array(|reader| {
        let key = (reader.timestamp()?, reader.timestamp()?);
        let copies = read_copies(reader, key.0, Reader::long)?;
        Ok(sessions::Identity { key, copies })
    })?;
    let mut directory = read_directory(reader)?;
    let drafts = read_drafts(reader)?;
    let episodes = read_episodes(reader)?;
    let pending_from = maybe_instant(reader)?;
    let windows = read_settled(reader, drafts)?;
    directory.deleted_at = maybe_instant(reader)?;
    Ok(ChargePointLedger {
        carry,
        statuses: Statuses(statuses),
        withdrawals: withdrawals.into(),
        sessions: Sessions {
            identities: identities.into(),
            largest_end,
        },
        directory,
        windows,
        episodes,
        pending_from,
        is_dirty: false,
    })
}

fn maybe_instant(reader: &mut Reader<'_>) -> Result<MaybeInstant, WireError> {
    Ok(reader.optional(Reader::timestamp)?.into())
}

fn put_copies<P: Copy + PartialEq>(
    out: &mut Vec<u8>,
    at: Timestamp,
    copies: &Copies<P>,
    put_content: impl Fn(&mut Vec<u8>, P),
) {
    put_long(out, copies.records());
    let contents: SmallVec<[_; 1]> = copies.contents(at).collect();
    put_array(out, contents, |out, content| {
        put_timestamp(out, content.first.received_at);
        put_long(out, content.first.offset);
        put_content(out, content.payload);
    });
}

fn read_copies<'a, P: Copy + PartialEq>(
    reader: &mut Reader<'a>,
    at: Timestamp,
    read_content: impl Fn(&mut Reader<'a>) -> Result<P, WireError>,
) -> Result<Copies<P>, WireError> {
    let records = reader.long()?;
    let contents = reader.array(|reader| {
        let first = Writing {
            received_at: reader.timestamp()?,
            offset: reader.long()?,
        };
        let payload = read_content(reader)?;
        Ok(Content { payload, first })
    })?;
    Copies::stored(at, records, contents).ok_or(WireError::Number)
}

fn put_payload(out: &mut Vec<u8>, payload: StatusPayload) {
    let connector = |out: &mut Vec<u8>, state: Option<ConnectorState>| {
        put_optional(out, state, |out, state| {
            put_symbol(out, &ConnectorState::ALL, &state);
        });
    };
    put_symbol(out, &ServiceState::ALL, &payload.service_state);
    put_symbol(out, &Occupancy::ALL, &payload.occupancy);
    connector(out, payload.connector_type_2);
    connector(out, payload.connector_ccs);
    connector(out, payload.connector_chademo);
    connector(out, payload.connector_ef);
}

fn read_payload(reader: &mut Reader<'_>) -> Result<StatusPayload, WireError> {
    let connector =
        |reader: &mut Reader<'_>| reader.optional(|reader| reader.symbol(&ConnectorState::ALL));
    Ok(StatusPayload {
        service_state: reader.symbol(&ServiceState::ALL)?,
        occupancy: reader.symbol(&Occupancy::ALL)?,
        connector_type_2: connector(reader)?,
        connector_ccs: connector(reader)?,
        connector_chademo: connector(reader)?,
        connector_ef: connector(reader)?,
    })
}

fn put_directory(out: &mut Vec<u8>, directory: &Directory) {
    put_array(out, &directory.versions, |out, version| {
        put_timestamp(out, version.change.at);
        put_long(out, version.change.revision);
        put_dimensions(out, &version.dimensions);
    });
    let latest = directory.latest();
    put_optional_timestamp(out, latest.map(|latest| latest.at));
    put_long(out, latest.map_or(0, |latest| latest.revision));
}

fn read_directory(reader: &mut Reader<'_>) -> Result<Directory, WireError> {
    let versions = reader.array(|reader| {
        let change = Change {
            at: reader.timestamp()?,
            revision: reader.long()?,
        };
        let dimensions = read_dimensions(reader)?;
        Ok(Version { change, dimensions })
    })?;
    Ok(Directory {
        versions,
        latest_at: maybe_instant(reader)?,
        latest_revision: reader.long()?,
        deleted_at: MaybeInstant::default(),
    })
}
