CREATE TABLE IF NOT EXISTS charge_point_status (
    operational_unit LowCardinality(String) COMMENT 'Operational unit: the first five characters of the ids, the AFIREV prefix.',
    charge_point_id String COMMENT 'Charge point: id_pdc_itinerance, an EVSE id in AFIREV/eMI3 format.' CODEC(ZSTD(1)),
    event_time DateTime64(3,'UTC') COMMENT 'From when the state holds: horodatage cut to ms.' CODEC(DoubleDelta, ZSTD(1)),
    station_id String COMMENT 'Station: id_station_itinerance.' CODEC(ZSTD(1)),
    horodatage DateTime64(6,'UTC') COMMENT 'From when the state holds, as sent, µs.' CODEC(DoubleDelta, ZSTD(1)),
    received_at DateTime64(3,'UTC') COMMENT 'When a gateway accepted the record.' CODEC(DoubleDelta, ZSTD(1)),
    etat_pdc Enum8('inconnu' = 0, 'en_service' = 1, 'hors_service' = 2) COMMENT 'IRVE dynamique etat_pdc: whether the charge point is in service.',
    occupation_pdc Enum8('inconnu' = 0, 'libre' = 1, 'occupe' = 2, 'reserve' = 3) COMMENT 'IRVE dynamique occupation_pdc: whether a vehicle occupies it.',
    etat_prise_type_2 Nullable(Enum8('inconnu' = 0, 'fonctionnel' = 1, 'hors_service' = 2)) COMMENT 'IRVE dynamique etat_prise_type_2; null when not sent.',
    etat_prise_type_combo_ccs Nullable(Enum8('inconnu' = 0, 'fonctionnel' = 1, 'hors_service' = 2)) COMMENT 'IRVE dynamique etat_prise_type_combo_ccs; null when not sent.',
    etat_prise_type_chademo Nullable(Enum8('inconnu' = 0, 'fonctionnel' = 1, 'hors_service' = 2)) COMMENT 'IRVE dynamique etat_prise_type_chademo; null when not sent.',
    etat_prise_type_ef Nullable(Enum8('inconnu' = 0, 'fonctionnel' = 1, 'hors_service' = 2)) COMMENT 'IRVE dynamique etat_prise_type_ef; null when not sent.',
    event_id UUID COMMENT 'UUIDv5 of identity and content: the same event always has the same id.',
    request_id UUID COMMENT 'X-Request-Id of the request that brought the record.',
    submitted_by LowCardinality(String) COMMENT 'Account that sent the record, or backfill.',
    source_topic LowCardinality(String) COMMENT 'Topic of the record behind the row.',
    source_partition UInt16 COMMENT 'Partition of that record.' CODEC(ZSTD(1)),
    source_offset UInt64 COMMENT 'Offset of that record.' CODEC(Delta, ZSTD(1)),
    ingested_at DateTime64(3,'UTC') DEFAULT now64(3) COMMENT 'When the row was inserted.' CODEC(DoubleDelta, ZSTD(1)),
    INDEX ix_ingested ingested_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(ingested_at)
PARTITION BY toYYYYMMDD(event_time)
ORDER BY (operational_unit, charge_point_id, event_time, source_topic, source_partition, source_offset)
SETTINGS non_replicated_deduplication_window = 10000, min_age_to_force_merge_seconds = 86400, min_age_to_force_merge_on_partition_only = 1, ttl_only_drop_parts = 1
COMMENT 'Archive: every accepted status once, copies included.'
