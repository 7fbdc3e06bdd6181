CREATE TABLE IF NOT EXISTS latest_status (
    operational_unit LowCardinality(String) COMMENT 'Operational unit: the first five characters of the ids, the AFIREV prefix.',
    charge_point_id String COMMENT 'Charge point: id_pdc_itinerance, an EVSE id in AFIREV/eMI3 format.' CODEC(ZSTD(1)),
    station_id String COMMENT 'Station: id_station_itinerance.' CODEC(ZSTD(1)),
    event_time DateTime64(3,'UTC') COMMENT 'From when the state holds: horodatage cut to ms.',
    horodatage DateTime64(6,'UTC') COMMENT 'From when the state holds, as sent, µs.',
    received_at DateTime64(3,'UTC') COMMENT 'When a gateway accepted the record.',
    etat_pdc Enum8('inconnu' = 0, 'en_service' = 1, 'hors_service' = 2) COMMENT 'IRVE dynamique etat_pdc: whether the charge point is in service.',
    occupation_pdc Enum8('inconnu' = 0, 'libre' = 1, 'occupe' = 2, 'reserve' = 3) COMMENT 'IRVE dynamique occupation_pdc: whether a vehicle occupies it.',
    etat_prise_type_2 Nullable(Enum8('inconnu' = 0, 'fonctionnel' = 1, 'hors_service' = 2)) COMMENT 'IRVE dynamique etat_prise_type_2; null when not sent.',
    etat_prise_type_combo_ccs Nullable(Enum8('inconnu' = 0, 'fonctionnel' = 1, 'hors_service' = 2)) COMMENT 'IRVE dynamique etat_prise_type_combo_ccs; null when not sent.',
    etat_prise_type_chademo Nullable(Enum8('inconnu' = 0, 'fonctionnel' = 1, 'hors_service' = 2)) COMMENT 'IRVE dynamique etat_prise_type_chademo; null when not sent.',
    etat_prise_type_ef Nullable(Enum8('inconnu' = 0, 'fonctionnel' = 1, 'hors_service' = 2)) COMMENT 'IRVE dynamique etat_prise_type_ef; null when not sent.',
    event_id UUID COMMENT 'UUIDv5 of identity and content: the same event always has the same id.',
    rank UInt128 COMMENT 'Order of statuses of a charge point: event time, then first reception; the greatest wins.',
    version DateTime64(3,'UTC') COMMENT 'The greatest version of a row wins: the cut in ms since the epoch, the revision and offset of the directory, or the instant of the refresh.',
    INDEX ix_version version TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(rank)
ORDER BY (operational_unit, charge_point_id)
SETTINGS min_age_to_force_merge_seconds = 3600
COMMENT 'The winning status of the latest event time of each charge point.'
