CREATE TABLE IF NOT EXISTS charge_session (
    operational_unit LowCardinality(String) COMMENT 'Operational unit: the first five characters of the ids, the AFIREV prefix.',
    charge_point_id String COMMENT 'Charge point: id_pdc_itinerance, an EVSE id in AFIREV/eMI3 format.' CODEC(ZSTD(1)),
    started_at DateTime64(3,'UTC') COMMENT 'Start of the recharge, cut to ms.' CODEC(DoubleDelta, ZSTD(1)),
    ended_at DateTime64(3,'UTC') COMMENT 'End of the recharge, cut to ms.' CODEC(DoubleDelta, ZSTD(1)),
    station_id String COMMENT 'Station: id_station_itinerance.' CODEC(ZSTD(1)),
    energy_wh UInt64 COMMENT 'Energy delivered, Wh; in an hour that of its unflagged sessions.' CODEC(T64, ZSTD(1)),
    received_at DateTime64(3,'UTC') COMMENT 'When a gateway accepted the record.' CODEC(DoubleDelta, ZSTD(1)),
    event_id UUID COMMENT 'UUIDv5 of identity and content: the same event always has the same id.',
    request_id UUID COMMENT 'X-Request-Id of the request that brought the record.',
    submitted_by LowCardinality(String) COMMENT 'Account that sent the record, or backfill.',
    source_topic LowCardinality(String) COMMENT 'Topic of the record behind the row.',
    source_partition UInt16 COMMENT 'Partition of that record.' CODEC(ZSTD(1)),
    source_offset UInt64 COMMENT 'Offset of that record.' CODEC(Delta, ZSTD(1)),
    ingested_at DateTime64(3,'UTC') DEFAULT now64(3) COMMENT 'When the row was inserted.' CODEC(DoubleDelta, ZSTD(1)),
    duration_ms UInt64 MATERIALIZED toUInt64(toUnixTimestamp64Milli(ended_at) - toUnixTimestamp64Milli(started_at)) COMMENT 'From start to end, ms.',
    INDEX ix_ingested ingested_at TYPE minmax GRANULARITY 1,
    INDEX ix_event event_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = ReplacingMergeTree(ingested_at)
PARTITION BY toYYYYMM(started_at)
ORDER BY (operational_unit, charge_point_id, started_at, ended_at, source_topic, source_partition, source_offset)
SETTINGS non_replicated_deduplication_window = 10000, min_age_to_force_merge_seconds = 86400, min_age_to_force_merge_on_partition_only = 1, ttl_only_drop_parts = 1
COMMENT 'Archive: every accepted session once, copies included.'
