CREATE TABLE IF NOT EXISTS distinct_session (
    policy LowCardinality(String) COMMENT 'Id of the parameters under which the figures were made.',
    operational_unit LowCardinality(String) COMMENT 'Operational unit: the first five characters of the ids, the AFIREV prefix.',
    charge_point_id String COMMENT 'Charge point: id_pdc_itinerance, an EVSE id in AFIREV/eMI3 format.' CODEC(ZSTD(1)),
    started_at DateTime64(3,'UTC') COMMENT 'Start of the recharge, cut to ms.' CODEC(DoubleDelta, ZSTD(1)),
    ended_at DateTime64(3,'UTC') COMMENT 'End of the recharge, cut to ms.' CODEC(DoubleDelta, ZSTD(1)),
    station_id String COMMENT 'Station: id_station_itinerance.' CODEC(ZSTD(1)),
    code_insee_commune LowCardinality(String) COMMENT 'INSEE code of the municipality; empty when unknown.',
    power_w UInt32 COMMENT 'Nominal power, W; for a station the sum over its charge points; 0 when unknown.' CODEC(T64, ZSTD(1)),
    power_class LowCardinality(String) MATERIALIZED multiIf(power_w < 7400, '[0.0, 7.4)', power_w <= 22000, '[7.4, 22.0]', power_w < 50000, '(22.0, 50.0)', power_w < 150000, '[50, 150.0)', power_w < 350000, '[150, 350.0)', '[350, None)') COMMENT 'Power class, with the labels of QualiCharge.',
    power_kw Float64 ALIAS power_w / 1000 COMMENT 'Power, kW.',
    energy_wh UInt64 COMMENT 'Energy delivered, Wh; in an hour that of its unflagged sessions.' CODEC(T64, ZSTD(1)),
    duration_ms UInt64 COMMENT 'From start to end, ms.' CODEC(T64, ZSTD(1)),
    copies UInt32 COMMENT 'Records with the same identity, all contents together.' CODEC(T64, ZSTD(1)),
    flagged Bool COMMENT 'Impossible energy, or overlap with an earlier session: not counted as clean.',
    successful_2min Bool COMMENT 'Unflagged, more than 500 Wh and more than 2 min.',
    successful_3min Bool COMMENT 'Unflagged, more than 500 Wh and more than 3 min.',
    first_received_at DateTime64(3,'UTC') COMMENT 'First reception of any record of this identity.' CODEC(DoubleDelta, ZSTD(1)),
    version DateTime64(3,'UTC') COMMENT 'The greatest version of a row wins: the cut in ms since the epoch, the revision and offset of the directory, or the instant of the refresh.' CODEC(DoubleDelta, ZSTD(1)),
    INDEX ix_version version TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(started_at)
ORDER BY (policy, operational_unit, charge_point_id, started_at, ended_at)
SETTINGS min_age_to_force_merge_seconds = 86400, min_age_to_force_merge_on_partition_only = 1
COMMENT 'The book of the archive: each session once, judged under each policy, for as long as sessions arrive.'
