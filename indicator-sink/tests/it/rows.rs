//! Every row struct written and read back, every field compared.

use domain::indicator::{StationSweep, Vector};
use domain::{EpisodeOutcome, Phase};
use indicator_sink::row::{
    Archived, ChargePointHourRow, ChargePointRow, ChargePointStatusRow, ChargeSessionRow,
    FailureEpisodeRow, RejectedEventRow, Rejection, SinkBatchRow, Source, StationHourRow,
};
use indicator_sink::topic::Topic;
use indicator_sink::writer::{Part, RowWriter as _};

use crate::database::Database;
use crate::records;

/// Writes a record at `offset` as the sink does.
async fn write(database: &Database, topic: Topic, offset: i64, value: Vec<u8>) {
    let range = records::range(topic, &[records::message(topic, offset, Some(value))]);
    let (from, to) = (range.from, range.to);
    let part = Part {
        range: &range,
        from,
        to,
    };
    database.writer().write(part).await.unwrap();
}

fn source(topic: Topic, offset: u64) -> Source<'static> {
    Source {
        topic: topic.name(),
        partition: 5,
        offset,
    }
}

fn select(table: &str) -> String {
    format!("SELECT ?fields FROM {table} FINAL")
}

#[tokio::test]
async fn a_status_is_read_back_as_it_was_written() {
    let (database, status) = (Database::migrated().await, records::status());
    write(
        &database,
        Topic::ChargePointStatus,
        0,
        records::value(&status),
    )
    .await;
    let client = database.args().client();
    let query = client.query(&select("charge_point_status"));
    let mut rows = query.fetch::<ChargePointStatusRow<'_>>().unwrap();
    let row = rows.next().await.unwrap().unwrap();
    assert_eq!(row, status.row(source(Topic::ChargePointStatus, 0)));
    let shown = "SELECT (operational_unit, charge_point_id, station_id, event_time, horodatage, \
                 received_at, etat_pdc, occupation_pdc, etat_prise_type_2, \
                 etat_prise_type_combo_ccs, etat_prise_type_chademo, etat_prise_type_ef, event_id, \
                 submitted_by) FROM charge_point_status";
    assert_eq!(
        database.value(shown).await,
        "('FRS63','FRS63E0012','FRS63P0001','2026-03-29 01:30:00.123',\
         '2026-03-29 01:30:00.123456','2026-03-29 01:30:02.123','hors_service','reserve',\
         'fonctionnel','hors_service','inconnu',NULL,'00112233-4455-6677-8899-aabbccddeeff',\
         'opérateur')"
    );
}

#[tokio::test]
async fn a_session_is_read_back_as_it_was_written() {
    let (database, session) = (Database::migrated().await, records::session());
    write(&database, Topic::ChargeSession, 9, records::value(&session)).await;
    let client = database.args().client();
    let query = client.query(&select("charge_session"));
    let mut rows = query.fetch::<ChargeSessionRow<'_>>().unwrap();
    let row = rows.next().await.unwrap().unwrap();
    assert_eq!(row, session.row(source(Topic::ChargeSession, 9)));
    let shown = "SELECT (started_at, ended_at, energy_wh, duration_ms, source_partition, \
                 source_offset) FROM charge_session";
    assert_eq!(
        database.value(shown).await,
        "('2026-03-29 00:40:00.123','2026-03-29 01:30:00.123',1000000,3000000,5,9)"
    );
}

#[tokio::test]
async fn a_directory_entry_is_read_back_and_feeds_its_revisions() {
    let (database, charge_point) = (Database::migrated().await, records::charge_point());
    let value = records::value(&charge_point);
    write(&database, Topic::ChargePoint, 2, value.clone()).await;
    write(&database, Topic::ChargePoint, 1, value).await;
    let client = database.args().client();
    let query = client.query(&select("charge_point"));
    let mut rows = query.fetch::<ChargePointRow<'_>>().unwrap();
    let row = rows.next().await.unwrap().unwrap();
    assert_eq!(row, charge_point.row(source(Topic::ChargePoint, 2)));
    let shown = "SELECT (nom_amenageur, adresse_station, code_insee_commune, nbre_pdc, gratuit, \
                 paiement_cb, tarification, date_mise_en_service, date_maj, deleted_at, version, \
                 power_w, power_class, is_dc, coordonneesXY) FROM charge_point FINAL";
    assert_eq!(
        database.value(shown).await,
        "('l\\'aménageur','1 rue \"A\"\\n75001','2A004',65535,false,NULL,'','1969-12-31',\
         '2026-03-29','2026-03-29 01:29:53.123',50331650,7400,'[7.4, 22.0]',true,\
         '[8.7386, 41.9192]')"
    );
    let revisions = "SELECT groupArray((version, is_direct, is_pdl_valid, power_w)) \
                     FROM (SELECT * FROM charge_point_revision FINAL ORDER BY version)";
    assert_eq!(
        database.value(revisions).await,
        "[(50331649,true,true,7400),(50331650,true,true,7400)]"
    );
}

#[tokio::test]
async fn hours_are_read_back_with_every_count_in_its_column() {
    let database = Database::migrated().await;
    let hour = records::charge_point_hour(Phase::Closed);
    write(
        &database,
        Topic::ChargePointIndicator,
        0,
        records::value(&hour),
    )
    .await;
    let station = records::station_hour();
    write(
        &database,
        Topic::StationIndicator,
        0,
        records::value(&station),
    )
    .await;
    let client = database.args().client();
    let query = client.query(&select("charge_point_hour"));
    let mut rows = query.fetch::<ChargePointHourRow<'_>>().unwrap();
    let row = rows.next().await.unwrap().unwrap();
    assert_eq!(row, hour.row(source(Topic::ChargePointIndicator, 0)));
    let query = client.query(&select("station_hour"));
    let mut rows = query.fetch::<StationHourRow<'_>>().unwrap();
    let row = rows.next().await.unwrap().unwrap();
    assert_eq!(row, station.row(source(Topic::StationIndicator, 0)));

    let counted = |length: usize| {
        let numbers: Vec<_> = (1..=length).map(|number| number.to_string()).collect();
        format!("[{}]", numbers.join(","))
    };
    for table in ["charge_point_hour", "station_hour"] {
        let columns = Vector::NAMES.join(", ");
        let found = database
            .value(&format!("SELECT [{columns}] FROM {table}"))
            .await;
        assert_eq!(found, counted(Vector::LENGTH), "{table}");
    }
    let columns = StationSweep::NAMES.join(", ");
    let found = database
        .value(&format!("SELECT [{columns}] FROM station_hour"))
        .await;
    assert_eq!(found, counted(StationSweep::LENGTH));
    let shown = "SELECT (window_start, power_class, state_at_end, phase, revision, version, \
                 open_failures_at_end, oldest_open_failure_ms) FROM charge_point_hour";
    assert_eq!(
        database.value(shown).await,
        "('2026-03-29 01:00:00','[7.4, 22.0]','unknown_long','closed',4,1774747800128,101,102)"
    );
    let shown = "SELECT (charge_points, state_at_end, phase, power_kw) FROM station_hour";
    assert_eq!(database.value(shown).await, "(103,'saturated','final',350)");
}

#[tokio::test]
async fn episodes_are_read_back_and_a_retracted_one_is_hidden() {
    let database = Database::migrated().await;
    let topic = Topic::FailureEpisode;
    let returned = records::episode(EpisodeOutcome::Returned);
    write(&database, topic, 0, records::value(&returned)).await;
    let open = records::episode(EpisodeOutcome::Open);
    write(&database, topic, 1, records::value(&open)).await;
    let client = database.args().client();
    let query = client.query("SELECT ?fields FROM failure_episode FINAL ORDER BY entity_type");
    let mut rows = query.fetch::<FailureEpisodeRow<'_>>().unwrap();
    let row = rows.next().await.unwrap().unwrap();
    assert_eq!(row, returned.row(source(topic, 0)));
    let row = rows.next().await.unwrap().unwrap();
    assert_eq!(row, open.row(source(topic, 1)));
    let shown = "SELECT groupArray((entity_type, charge_point_id, outcome, time_to_return_ms, \
                 out_of_service_ms, unknown_ms, onset_uncertain)) \
                 FROM (SELECT * FROM failure_episode FINAL ORDER BY entity_type)";
    assert_eq!(
        database.value(shown).await,
        "[('charge_point','FRS63E0012','returned',11,12,13,true),\
         ('station','','open',NULL,NULL,NULL,true)]"
    );
    let mut retracted = records::episode(EpisodeOutcome::Retracted);
    retracted.version = records::at(1_000);
    write(&database, topic, 2, records::value(&retracted)).await;
    let left = "SELECT groupArray(entity_type) FROM failure_episode FINAL";
    assert_eq!(database.value(left).await, "['charge_point']");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_read_back_as_they_were_set_aside() {
    let database = Database::migrated().await;
    let bytes = vec![0xff, 0x00, 0xfe, b'\n'];
    write(&database, Topic::DeadLetter, 3, bytes.clone()).await;
    let message = records::message(Topic::DeadLetter, 3, Some(bytes.clone()));
    let rejection = Rejection::of(&message, false);
    let client = database.args().client();
    let query = client.query(&select("rejected_event"));
    let mut rows = query.fetch::<RejectedEventRow<'_>>().unwrap();
    let row = rows.next().await.unwrap().unwrap();
    assert_eq!(row, rejection.row(source(Topic::DeadLetter, 3)));
    assert_eq!(row.payload.0, bytes);
}

#[tokio::test]
async fn an_audit_is_read_back_as_it_was_written() {
    let database = Database::migrated().await;
    let row = SinkBatchRow {
        consumer_group: "indicator-sink".to_owned(),
        topic: "charge-session".to_owned(),
        partition: 23,
        table_name: "charge_session".to_owned(),
        from_offset: 1,
        to_offset: 9,
        rows: 2,
        dead_letters: 3,
        nulls: 4,
        bytes: 5,
        first_timestamp: records::NOW_MS,
        last_timestamp: records::NOW_MS + 1,
        replayed: false,
        split: true,
        instance: "a".to_owned(),
    };
    let mut gap = row.clone();
    (gap.from_offset, gap.to_offset) = (10, 11);
    let rows = [row.clone(), gap];
    database.writer().audit(&rows, "t").await.unwrap();
    let client = database.args().client();
    let query = client.query("SELECT ?fields FROM sink_batch FINAL ORDER BY from_offset");
    assert_eq!(query.fetch_all::<SinkBatchRow>().await.unwrap(), rows);
    let gaps = "SELECT groupArray((previous_to_offset, from_offset)) FROM v_sink_gap";
    assert_eq!(database.value(gaps).await, "[(9,10)]");
    let until = "SELECT data_as_of FROM v_data_as_of";
    assert_eq!(database.value(until).await, "2026-03-29 01:30:00.124");
}

#[tokio::test]
async fn the_same_part_written_twice_is_there_once_even_without_final() {
    let (database, topic) = (Database::migrated().await, Topic::ChargePointStatus);
    let value = records::value(&records::status());
    let messages = [0, 1, 2].map(|offset| records::message(topic, offset, Some(value.clone())));
    let range = records::range(topic, &messages);
    let writer = database.writer();
    let whole = Part {
        range: &range,
        from: 0,
        to: 3,
    };
    writer.write(whole).await.unwrap();
    writer.write(whole).await.unwrap();
    let count = "SELECT count() FROM charge_point_status";
    assert_eq!(database.value(count).await, "3");
    writer.write(Part { from: 1, ..whole }).await.unwrap();
    assert_eq!(database.value(count).await, "5");
    let distinct = "SELECT count() FROM charge_point_status FINAL";
    assert_eq!(database.value(distinct).await, "3");
}
