CREATE TABLE IF NOT EXISTS operational_unit (
    code LowCardinality(String) COMMENT 'Code of the territory (INSEE, SIREN of the EPCI, 00 for France), of the unit, or of the indicator.',
    name String COMMENT 'Name of the migration, which is that of its file, of the territory, or of the unit.',
    amenageur Nullable(String) COMMENT 'Owners of its stations; null when unknown.',
    exploitant Nullable(String) COMMENT 'Operator of its stations; null when unknown.',
    type Enum8('unknown' = 0, 'charging' = 1, 'mobility' = 2, 'both' = 3) COMMENT 'Kind of the operational unit: charging, mobility or both.',
    status Enum8('unknown' = 0, 'active' = 1, 'awaiting_payment' = 2, 'inactive' = 3, 'suspended' = 4) COMMENT 'Standing of the operational unit.',
    version UInt64 COMMENT 'The greatest version of a row wins: the cut in ms since the epoch, the revision and offset of the directory, or the instant of the refresh.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1: the row is withdrawn, FINAL hides it.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY code
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Operational units: AFIREV prefixes and who is behind them.'
