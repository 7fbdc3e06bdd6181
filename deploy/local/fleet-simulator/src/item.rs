//! What operators send: statuses and sessions in QualiCharge's format.

use std::fmt;

use anyhow::{Context, bail};
use domain::charge_point::whole_thousandths;
use domain::status::StatusPayload;
use domain::{ConnectorState, Occupancy, ServiceState, Timestamp, TimestampMicros};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Epochs above this are milliseconds, below seconds (QualiCharge reads them so).
const LARGEST_EPOCH_SECONDS: i64 = 20_000_000_000;

/// An instant as it is sent: RFC 3339 with as many digits as it needs; read also as an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WireTime(pub TimestampMicros);

impl WireTime {
    /// What the engine sees: whole milliseconds, rounded down.
    pub fn floor(self) -> Timestamp {
        self.0.floor()
    }
}

impl From<Timestamp> for WireTime {
    fn from(instant: Timestamp) -> Self {
        Self(instant.into())
    }
}

impl fmt::Display for WireTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_microsecond(self.0.as_us()).map_err(|_| fmt::Error)?;
        write!(formatter, "{instant}")
    }
}

impl Serialize for WireTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The two ways in which an instant is read.
#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrEpoch {
    Epoch(i64),
    Text(String),
}

impl<'de> Deserialize<'de> for WireTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let micros = match TextOrEpoch::deserialize(deserializer)? {
            TextOrEpoch::Epoch(ms) if ms.abs() > LARGEST_EPOCH_SECONDS => ms * 1000,
            TextOrEpoch::Epoch(seconds) => seconds * 1_000_000,
            TextOrEpoch::Text(text) => text
                .parse::<jiff::Timestamp>()
                .map_err(D::Error::custom)?
                .as_microsecond(),
        };
        Ok(Self(TimestampMicros::from_us(micros)))
    }
}

/// A status as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of IRVE dynamique 2.3.1")]
pub struct StatusItem {
    pub id_pdc_itinerance: String,
    pub etat_pdc: String,
    pub occupation_pdc: String,
    pub horodatage: WireTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etat_prise_type_2: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etat_prise_type_combo_ccs: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etat_prise_type_chademo: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etat_prise_type_ef: Option<String>,
}

/// A session as it is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionItem {
    /// The charge point.
    pub id_pdc_itinerance: String,
    /// Start of the recharge.
    pub start: WireTime,
    /// End of the recharge.
    pub end: WireTime,
    /// Energy delivered, kWh.
    pub energy: f64,
}

impl StatusItem {
    /// A status that says `payload` from `horodatage` on.
    pub fn new(charge_point: &str, horodatage: WireTime, payload: &StatusPayload) -> Self {
        let connector =
            |state: Option<ConnectorState>| state.map(|state| state.symbol().to_owned());
        Self {
            id_pdc_itinerance: charge_point.to_owned(),
            etat_pdc: payload.service_state.symbol().to_owned(),
            occupation_pdc: payload.occupancy.symbol().to_owned(),
            horodatage,
            etat_prise_type_2: connector(payload.connector_type_2),
            etat_prise_type_combo_ccs: connector(payload.connector_ccs),
            etat_prise_type_chademo: connector(payload.connector_chademo),
            etat_prise_type_ef: connector(payload.connector_ef),
        }
    }

    /// What it says, as values.
    ///
    /// # Errors
    /// When a symbol is not one of IRVE.
    pub fn payload(&self) -> anyhow::Result<StatusPayload> {
        let service_state = ServiceState::ALL
            .into_iter()
            .find(|state| state.symbol() == self.etat_pdc);
        let occupancy = Occupancy::ALL
            .into_iter()
            .find(|state| state.symbol() == self.occupation_pdc);
        Ok(StatusPayload {
            service_state: service_state
                .with_context(|| format!("etat_pdc {:?} is none of IRVE", self.etat_pdc))?,
            occupancy: occupancy.with_context(|| {
                format!("occupation_pdc {:?} is none of IRVE", self.occupation_pdc)
            })?,
            connector_type_2: connector_state(self.etat_prise_type_2.as_deref())?,
            connector_ccs: connector_state(self.etat_prise_type_combo_ccs.as_deref())?,
            connector_chademo: connector_state(self.etat_prise_type_chademo.as_deref())?,
            connector_ef: connector_state(self.etat_prise_type_ef.as_deref())?,
        })
    }
}

impl SessionItem {
    /// Energy in whole Wh.
    pub fn energy_wh(&self) -> i64 {
        whole_thousandths(self.energy)
    }
}

/// The state of a connector; absent when there is no symbol.
fn connector_state(symbol: Option<&str>) -> anyhow::Result<Option<ConnectorState>> {
    let Some(symbol) = symbol else {
        return Ok(None);
    };
    match ConnectorState::ALL
        .into_iter()
        .find(|state| state.symbol() == symbol)
    {
        Some(state) => Ok(Some(state)),
        None => bail!("connector state {symbol:?} is none of IRVE"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_as_text_or_epoch_and_floored_to_milliseconds() {
        let read = |json: &str| {
            serde_json::from_str::<WireTime>(json)
                .unwrap()
                .floor()
                .as_ms()
        };
        assert_eq!(read("\"2026-11-23T17:09:50.662496Z\""), 1_795_453_790_662);
        assert_eq!(read("\"2026-11-23T18:09:50+01:00\""), 1_795_453_790_000);
        assert_eq!(read("1795453790662"), 1_795_453_790_662);
        assert_eq!(read("1795453790"), 1_795_453_790_000);
    }

    #[test]
    fn a_status_without_connector_states_does_not_mention_them() {
        let json = r#"{"id_pdc_itinerance":"FRFASE3300401","etat_pdc":"en_service","occupation_pdc":"libre","horodatage":"2026-11-23T17:09:50.662496Z"}"#;
        let item: StatusItem = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&item).unwrap(), json);
        let payload = item.payload().unwrap();
        assert_eq!(
            StatusItem::new("FRFASE3300401", item.horodatage, &payload),
            item
        );
    }

    #[test]
    fn an_unknown_symbol_is_refused() {
        let json = r#"{"id_pdc_itinerance":"x","etat_pdc":"en_panne","occupation_pdc":"libre","horodatage":0}"#;
        assert!(
            serde_json::from_str::<StatusItem>(json)
                .unwrap()
                .payload()
                .is_err()
        );
    }
}
