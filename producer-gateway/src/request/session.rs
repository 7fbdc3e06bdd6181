//! The session: instants, energy and what holds between them.

use domain::charge_point::whole_thousandths;
use domain::{Span, Timestamp, TimestampMicros};
use serde_json::{Value, json};

use super::calendar::render_instant;
use super::fields::Fields;
use super::quick::{Key, Scalars};
use super::violation::{Code, Mismatch, Violation};
use super::{Terms, instant, lax, render_age, render_span};

/// The longest session.
const MAX_LENGTH: Span = Span::from_days(7);
/// From this age on a session is flagged as not fresh: the law asks for 15 days.
const FRESH: Span = Span::from_days(15);
/// The largest energy, kWh.
const MAX_ENERGY: f64 = 1_000.0;

/// A session that is good in itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session<'a> {
    /// `id_pdc_itinerance` as sent.
    pub charge_point_id: &'a str,
    /// `start`.
    pub start: TimestampMicros,
    /// `end`.
    pub end: TimestampMicros,
    /// When it counts as received.
    pub received_at: Timestamp,
    /// `energy`, Wh.
    pub energy_wh: i64,
}

impl<'a> Session<'a> {
    /// Reads a session.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the model.
    pub fn read(item: &'a Value, terms: &Terms) -> Result<Self, Vec<Violation>> {
        let mut fields = Fields::of(item)?;
        // The reception of history follows the end, which is therefore needed for the start.
        let end = fields
            .raw("end")
            .and_then(|value| instant::aware(value).ok());
        let received_at = terms.received_at(end.unwrap_or_default().floor());
        let start = fields.required("start", instant::aware);
        let start = start.filter(|start| judge_start(&mut fields, *start, received_at, terms));
        let end = fields.required("end", instant::aware);
        let end = end.filter(|end| is_past(&mut fields, ("end", *end), received_at, terms));
        let energy_wh = fields.required("energy", energy);
        let charge_point_id = fields.required("id_pdc_itinerance", lax::text);
        if let (Some(start), Some(end)) = (start, end)
            && fields.is_clean()
        {
            judge_length(&mut fields, start, end);
        }
        let built = || {
            Some(Self {
                charge_point_id: charge_point_id?,
                start: start?,
                end: end?,
                received_at,
                energy_wh: energy_wh?,
            })
        };
        let built = built();
        fields.finish(built)
    }

    /// Reads a session in which nothing is wrong or unusual; none says nothing about it.
    pub(super) fn quick(fields: &Scalars<'a>, terms: &Terms) -> Option<Self> {
        let (start, end) = (fields.instant(Key::Start)?, fields.instant(Key::End)?);
        let received_at = terms.received_at(end.floor());
        let last = TimestampMicros::from(received_at + terms.clock_skew);
        let first = TimestampMicros::from(received_at - terms.max_session_age);
        let is_timely = start >= first && end <= last && start <= end;
        let is_short = end.as_us() - start.as_us() <= MAX_LENGTH.as_ms() * 1_000;
        let energy = fields.number(Key::Energy)?;
        let is_in_range = (0.0..=MAX_ENERGY).contains(&energy);
        (is_timely && is_short && is_in_range).then_some(())?;
        Some(Self {
            charge_point_id: fields.text(Key::IdPdcItinerance)?,
            start,
            end,
            received_at,
            energy_wh: whole_thousandths(energy),
        })
    }

    /// What is remarkable about it, on a charge point of `power_w`: a code, its field and a
    /// sentence each.
    pub fn flags(&self, power_w: i64) -> Vec<(Code, Option<&'static str>, String)> {
        let mut flags = Vec::new();
        let age = self.received_at - self.end.floor();
        if age > FRESH {
            let sentence = format!("end is {} old, expected at most 15 d", render_span(age));
            flags.push((Code::SessionNotFresh, Some("end"), sentence));
        }
        let length = self.end.floor() - self.start.floor();
        if length == Span::ZERO && self.energy_wh > 0 {
            let sentence = format!("energy is {} Wh although end equals start", self.energy_wh);
            flags.push((Code::SessionZeroDurationEnergy, Some("energy"), sentence));
        } else if exceeds_power(self.energy_wh, power_w, length) {
            let sentence = format!(
                "energy is {} Wh, more than 110 % of {power_w} W for its length",
                self.energy_wh
            );
            flags.push((Code::SessionEnergyExceedsPower, Some("energy"), sentence));
        }
        flags
    }
}

/// `energy > 1.1 · power · length`, in integers: `energy · 10 · 3,600,000 > 11 · power · ms`.
fn exceeds_power(energy_wh: i64, power_w: i64, length: Span) -> bool {
    let energy = i128::from(energy_wh) * 10 * 3_600_000;
    energy > i128::from(power_w) * 11 * i128::from(length.as_ms())
}

fn energy(value: &Value) -> Result<i64, Mismatch> {
    let energy = lax::number(value)?;
    let out_of_range = |kind, relation, bound: (&str, f64)| {
        let mut context = serde_json::Map::new();
        context.insert(bound.0.to_owned(), json!(bound.1));
        let msg = format!("Input should be {relation} {}", bound.1);
        Mismatch::new(Code::SessionEnergyOutOfRange, kind, msg).with_context(Value::Object(context))
    };
    if energy > MAX_ENERGY {
        let bound = ("le", MAX_ENERGY);
        return Err(out_of_range(
            "less_than_equal",
            "less than or equal to",
            bound,
        ));
    }
    if energy >= 0.0 {
        Ok(whole_thousandths(energy))
    } else {
        let bound = ("ge", 0.0);
        Err(out_of_range(
            "greater_than_equal",
            "greater than or equal to",
            bound,
        ))
    }
}

fn judge_start(
    fields: &mut Fields<'_>,
    start: TimestampMicros,
    received_at: Timestamp,
    terms: &Terms,
) -> bool {
    if start < TimestampMicros::from(received_at - terms.max_session_age) {
        let age = render_span(received_at - start.floor());
        let limit = render_span(terms.max_session_age);
        let rule = format!(
            "{} is older than {}",
            render_instant(start),
            render_age(terms.max_session_age)
        );
        let mismatch = Mismatch::value_error(Code::SessionTooOld, &rule);
        fields.refuse(
            "start",
            mismatch,
            format!("start is {age} old, at most {limit}"),
        );
        return false;
    }
    is_past(fields, ("start", start), received_at, terms)
}

fn is_past(
    fields: &mut Fields<'_>,
    (field, instant): (&'static str, TimestampMicros),
    received_at: Timestamp,
    terms: &Terms,
) -> bool {
    if instant <= TimestampMicros::from(received_at + terms.clock_skew) {
        return true;
    }
    let ahead = render_span(instant.floor() - received_at);
    let limit = render_span(terms.clock_skew);
    let mismatch = Mismatch::new(
        Code::SessionInFuture,
        "datetime_past",
        "Input should be in the past",
    );
    fields.refuse(
        field,
        mismatch,
        format!("{field} is {ahead} ahead, at most {limit}"),
    );
    false
}

/// `start ≤ end` and `end − start ≤ 7 days`.
fn judge_length(fields: &mut Fields<'_>, start: TimestampMicros, end: TimestampMicros) {
    let longest_us = MAX_LENGTH.as_ms() * 1_000;
    if start > end {
        let rule = "A session cannot start after it has ended.";
        fields.refuse_item(Mismatch::value_error(Code::SessionStartAfterEnd, rule));
    } else if end.as_us() - start.as_us() > longest_us {
        let rule = "A session cannot last more than a week.";
        fields.refuse_item(Mismatch::value_error(Code::SessionTooLong, rule));
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reception;
    use super::*;

    /// 2026-11-23T17:10:00Z.
    const NOW: Timestamp = Timestamp::from_ms(1_795_453_800_000);

    fn read(changes: &Value) -> Result<(i64, Vec<Code>), Vec<Code>> {
        let mut item = json!({
            "id_pdc_itinerance": "FRFASE3300401", "start": "2026-11-23T14:26:44Z",
            "end": "2026-11-23T16:06:41Z", "energy": 12.34567,
        });
        for (key, value) in changes.as_object().unwrap() {
            item[key] = value.clone();
        }
        match Session::read(&item, &Terms::standard(Reception::At(NOW))) {
            Ok(session) => {
                let flags = session
                    .flags(22_000)
                    .into_iter()
                    .map(|flag| flag.0)
                    .collect();
                Ok((session.energy_wh, flags))
            }
            Err(refused) => Err(refused.iter().map(Violation::code).collect()),
        }
    }

    #[test]
    fn a_plain_session_is_read() {
        assert_eq!(read(&json!({})), Ok((12_346, vec![])));
    }

    #[test]
    fn energy_lies_between_0_and_1000_kwh() {
        assert!(read(&json!({ "energy": 0 })).is_ok());
        for energy in [json!(-0.001), json!(1_000.001), json!("nan"), json!("inf")] {
            assert_eq!(
                read(&json!({ "energy": energy })),
                Err(vec![Code::SessionEnergyOutOfRange])
            );
        }
    }

    #[test]
    fn equal_instants_and_exactly_a_week_are_accepted() {
        assert!(read(&json!({ "start": "2026-11-23T16:06:41Z" })).is_ok());
        assert!(read(&json!({ "start": "2026-11-16T16:06:41Z" })).is_ok());
        assert_eq!(
            read(&json!({ "start": "2026-11-16T16:06:40Z" })),
            Err(vec![Code::SessionTooLong])
        );
        assert_eq!(
            read(&json!({ "start": "2026-11-23T16:06:42Z" })),
            Err(vec![Code::SessionStartAfterEnd])
        );
    }

    #[test]
    fn instants_have_bounds_of_their_own() {
        assert_eq!(
            read(&json!({ "start": "2025-11-23T17:09:59Z", "end": "2026-11-23T17:11:01Z" })),
            Err(vec![Code::SessionTooOld, Code::SessionInFuture])
        );
        assert!(read(&json!({ "end": "2026-11-23T17:11:00Z" })).is_ok());
    }

    #[test]
    fn energy_beyond_the_power_and_without_time_is_flagged() {
        let hour = json!({ "start": "2026-11-23T15:06:41Z", "energy": 24.201 });
        assert_eq!(
            read(&hour),
            Ok((24_201, vec![Code::SessionEnergyExceedsPower]))
        );
        let at_the_limit = json!({ "start": "2026-11-23T15:06:41Z", "energy": 24.2 });
        assert_eq!(read(&at_the_limit), Ok((24_200, vec![])));
        let nothing = json!({ "start": "2026-11-23T16:06:41Z", "energy": 1 });
        assert_eq!(
            read(&nothing),
            Ok((1_000, vec![Code::SessionZeroDurationEnergy]))
        );
        let old =
            json!({ "start": "2026-11-01T00:00:00Z", "end": "2026-11-01T01:00:00Z", "energy": 1 });
        assert_eq!(read(&old), Ok((1_000, vec![Code::SessionNotFresh])));
    }
}
