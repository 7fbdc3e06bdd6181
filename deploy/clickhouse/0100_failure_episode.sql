CREATE TABLE IF NOT EXISTS failure_episode (
    policy LowCardinality(String) COMMENT 'Id of the parameters under which the figures were made.',
    operational_unit LowCardinality(String) COMMENT 'Operational unit: the first five characters of the ids, the AFIREV prefix.',
    entity_type Enum8('charge_point' = 1, 'station' = 2) COMMENT 'Whether a charge point or a whole station failed.',
    station_id String COMMENT 'Station: id_station_itinerance.' CODEC(ZSTD(1)),
    charge_point_id String COMMENT 'Charge point: id_pdc_itinerance, an EVSE id in AFIREV/eMI3 format.' CODEC(ZSTD(1)),
    opened_at DateTime64(3,'UTC') COMMENT 'Start of the failure.' CODEC(DoubleDelta, ZSTD(1)),
    outcome Enum8('open' = 1, 'returned' = 2, 'withdrawn' = 3, 'retracted' = 4) COMMENT 'Open, returned to service, ended by a withdrawal, or retracted because a late status moved or removed it.',
    closed_at Nullable(DateTime64(3,'UTC')) COMMENT 'End of the episode; null while it is open.',
    time_to_return_ms Nullable(UInt64) COMMENT 'Time from the opening of an episode to its end, ms; in an hour the sum over its returns.',
    out_of_service_ms Nullable(UInt64) COMMENT 'Time down, ms.',
    unknown_ms Nullable(UInt64) COMMENT 'Time unknown or stale, ms.',
    left_censored Bool COMMENT 'Nothing precedes the opening, or a withdrawal directly does: the true opening is not known.',
    onset_uncertain Bool COMMENT 'Just before the opening the state was unknown, stale, or inactive through silence.',
    unknown_inside Bool COMMENT 'An unknown status fell inside.',
    code_insee_commune LowCardinality(String) COMMENT 'INSEE code of the municipality; empty when unknown.',
    power_w UInt32 COMMENT 'Nominal power, W; for a station the sum over its charge points; 0 when unknown.' CODEC(T64, ZSTD(1)),
    power_class LowCardinality(String) MATERIALIZED multiIf(power_w < 7400, '[0.0, 7.4)', power_w <= 22000, '[7.4, 22.0]', power_w < 50000, '(22.0, 50.0)', power_w < 150000, '[50, 150.0)', power_w < 350000, '[150, 350.0)', '[350, None)') COMMENT 'Power class, with the labels of QualiCharge.',
    power_kw Float64 ALIAS power_w / 1000 COMMENT 'Power, kW.',
    revision UInt32 COMMENT 'Number of this emission or version of the record.',
    version UInt64 COMMENT 'The greatest version of a row wins: the cut in ms since the epoch, the revision and offset of the directory, or the instant of the refresh.',
    is_deleted UInt8 COMMENT '1: the row is withdrawn, FINAL hides it.',
    computed_at DateTime64(3,'UTC') COMMENT 'Clock of the processor at the emission; never a wall clock.',
    source_topic LowCardinality(String) COMMENT 'Topic of the record behind the row.',
    source_partition UInt16 COMMENT 'Partition of that record.' CODEC(ZSTD(1)),
    source_offset UInt64 COMMENT 'Offset of that record.' CODEC(Delta, ZSTD(1)),
    ingested_at DateTime64(3,'UTC') DEFAULT now64(3) COMMENT 'When the row was inserted.' CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(opened_at)
ORDER BY (policy, operational_unit, entity_type, station_id, charge_point_id, opened_at)
SETTINGS non_replicated_deduplication_window = 10000, min_age_to_force_merge_seconds = 86400, min_age_to_force_merge_on_partition_only = 1, ttl_only_drop_parts = 1
COMMENT 'Failure episodes of charge points and of stations, open ones included.'
