//! A database with territories, and short ways to put rows into it and to read them.

use domain::Timestamp;
use indicator_sink::indicator::{self, Stretch};
use indicator_sink::{literal, seed};
use serde_json::{Value, json};

use crate::database::Database;

/// 2025-01-06T00:00:00Z, a Monday: the first day of the worked cases.
pub(crate) const DAY_1_MS: i64 = 1_736_121_600_000;

pub(crate) const HOUR_MS: i64 = 3_600_000;

/// Roll-ups, each after those that it reads.
pub(crate) const ROLLUPS: [&str; 6] = [
    "distinct_session",
    "unit_hour",
    "territory_hour",
    "unit_day",
    "territory_day",
    "territory_day_epci",
];

/// The database.
#[derive(Debug)]
pub(crate) struct World {
    database: Database,
}

/// An instant as the database reads it.
pub(crate) fn iso(ms: i64) -> String {
    let quoted = literal::quoted_instant(Timestamp::from_ms(ms));
    quoted.trim_matches('\'').to_owned()
}

/// The start of an hour as the database reads it.
pub(crate) fn hour(ms: i64) -> String {
    iso(ms)[..19].to_owned()
}

impl World {
    /// An empty one.
    pub(crate) async fn new() -> Self {
        let database = Database::migrated().await;
        // They are kept when a database is used again.
        if database.value("SELECT count() FROM territory").await == "0" {
            let client = database.args().client();
            seed::seed_territories(&client).await.unwrap();
        }
        Self { database }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) fn client(&self) -> clickhouse::Client {
        self.database.args().client()
    }

    /// Inserts rows; columns that a row does not name get their defaults.
    pub(crate) async fn insert(&self, table: &str, rows: &[Value]) {
        let Some(Value::Object(first)) = rows.first() else {
            return;
        };
        let columns: Vec<_> = first.keys().map(String::as_str).collect();
        let columns = columns.join(",");
        let statement = format!("INSERT INTO {table} ({columns}) FORMAT JSONEachRow");
        let mut body = self.client().insert_formatted_with(statement).buffered();
        for row in rows {
            body.write_buffered(row.to_string().as_bytes());
            body.write_buffered(b"\n");
        }
        body.end().await.unwrap();
    }

    /// Runs refreshable views now, in order.
    pub(crate) async fn refresh(&self, views: &[&str]) {
        for view in views {
            self.database
                .execute(&format!("SYSTEM REFRESH VIEW {view}_rmv"))
                .await;
            self.database
                .execute(&format!("SYSTEM WAIT VIEW {view}_rmv"))
                .await;
        }
    }

    pub(crate) async fn value(&self, query: &str) -> String {
        self.database.value(query).await
    }

    /// The rows of a query, each as the text of a tuple.
    pub(crate) async fn rows(&self, columns: &str, rest: &str) -> Vec<String> {
        let query = format!("SELECT toString(tuple({columns})) {rest}");
        let rows = self.client().query_raw(&query).fetch_all::<String>().await;
        rows.unwrap_or_else(|error| panic!("{error}: {query}"))
    }

    /// Computes every code of a stretch of time, and returns how many rows that wrote.
    pub(crate) async fn compute(&self, stretch: Stretch, now_ms: i64) -> u64 {
        let count = "SELECT toString(count()) FROM (SELECT DISTINCT code, variant, level, target, \
                     period, category, timestamp, version FROM indicator)";
        let client = self.client();
        let before: String = client.query_raw(count).fetch_one().await.unwrap();
        // Merges would drop the older of two rows of a key while they are counted.
        self.database.execute("SYSTEM STOP MERGES indicator").await;
        indicator::run(&client, stretch, Timestamp::from_ms(now_ms))
            .await
            .unwrap();
        let after: String = client.query_raw(count).fetch_one().await.unwrap();
        after.parse::<u64>().unwrap() - before.parse::<u64>().unwrap()
    }
}

/// A charge point of the directory.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: &'static str,
    pub(crate) station: &'static str,
    pub(crate) commune: &'static str,
    pub(crate) power_kw: f64,
    pub(crate) siren: &'static str,
    /// Of a direct connection; none: indirect.
    pub(crate) delivery_point: Option<&'static str>,
    pub(crate) updated_ms: i64,
    pub(crate) deleted_ms: Option<i64>,
    pub(crate) revision: i64,
}

impl Entry {
    pub(crate) fn row(&self) -> Value {
        let id = self.id;
        let raccordement = if self.delivery_point.is_some() {
            "Direct"
        } else {
            "Indirect"
        };
        json!({
            "charge_point_id": id, "station_id": self.station, "operational_unit": &id[..5],
            "nom_amenageur": "owner", "siren_amenageur": self.siren, "contact_amenageur": "a@example.com",
            "nom_operateur": "operator", "telephone_operateur": "+33-1", "nom_station": self.station,
            "adresse_station": "1 rue", "code_insee_commune": self.commune,
            "longitude": 2.3, "latitude": 48.8, "nbre_pdc": 1, "puissance_nominale": self.power_kw,
            "prise_type_combo_ccs": false, "raccordement": raccordement, "num_pdl": self.delivery_point,
            "date_maj": "2025-01-01", "revision": self.revision, "created_at": iso(self.updated_ms),
            "updated_at": iso(self.updated_ms), "deleted_at": self.deleted_ms.map(iso),
            "version": self.revision << 24,
        })
    }
}

/// A record of a session, received at an instant at an offset.
pub(crate) fn received_session(
    id: &str,
    (start_ms, end_ms): (i64, i64),
    energy_wh: i64,
    (received_ms, offset): (i64, i64),
) -> Value {
    let name = format!("{id}/{start_ms}/{end_ms}/{energy_wh}");
    json!({
        "operational_unit": &id[..5], "charge_point_id": id, "started_at": iso(start_ms), "ended_at": iso(end_ms),
        "station_id": format!("{}P1", &id[..5]), "energy_wh": energy_wh, "received_at": iso(received_ms),
        "event_id": uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string(),
        "source_topic": "charge-session", "source_offset": offset,
    })
}

/// Numbers that look random, the same for the same seed.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    pub(crate) fn pick<'a, T>(&mut self, values: &'a [T]) -> &'a T {
        &values[usize::try_from(self.below(values.len() as u64)).unwrap()]
    }
}
