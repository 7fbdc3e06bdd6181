CREATE TABLE IF NOT EXISTS indicator (
    code LowCardinality(String) COMMENT 'Code of the territory (INSEE, SIREN of the EPCI, 00 for France), of the unit, or of the indicator.',
    variant Enum8('corrected' = 0, 'parity' = 1) COMMENT 'Corrected: what we publish. Parity: the formula of QualiCharge, to compare with it.',
    level UInt8 COMMENT 'Kind of territory: country, region, department, epci, commune; in indicators its number, 0 to 4, 5 = operational unit, 6 = owner (SIREN).',
    target LowCardinality(String) COMMENT 'Code of the territory (00, INSEE, SIREN of the EPCI), the unit, or the SIREN of the owner, by level.',
    period LowCardinality(String) COMMENT 'Length of the period: h, d, w, m, q or y, in the calendar of Europe/Paris.',
    category LowCardinality(String) COMMENT 'Power class, hour of day, kind of supply, statistic or rule, by code; empty when the code has none.',
    timestamp DateTime('UTC') COMMENT 'Start of the period, an instant in UTC.' CODEC(DoubleDelta, ZSTD(1)),
    value Float64 COMMENT 'Value of the indicator, in the unit of its code.',
    extras String COMMENT 'Further figures, a JSON object; empty when there are none.' CODEC(ZSTD(1)),
    version DateTime64(3,'UTC') COMMENT 'The greatest version of a row wins: the cut in ms since the epoch, the revision and offset of the directory, or the instant of the refresh.' CODEC(DoubleDelta, ZSTD(1)),
    is_deleted UInt8 DEFAULT 0 COMMENT '1: the row is withdrawn, FINAL hides it.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYear(timestamp)
ORDER BY (code, variant, level, target, period, category, timestamp)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Coded indicators of QualiCharge and ours, by territory, unit or owner, and by period.'
