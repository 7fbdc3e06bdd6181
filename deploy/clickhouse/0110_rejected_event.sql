CREATE TABLE IF NOT EXISTS rejected_event (
    operational_unit LowCardinality(String) COMMENT 'Operational unit: the first five characters of the ids, the AFIREV prefix.',
    origin_time DateTime64(3,'UTC') COMMENT 'When a gateway received the event, else the timestamp of its record.' CODEC(DoubleDelta, ZSTD(1)),
    rejection_id UUID COMMENT 'UUIDv5 of where the event came from: set aside again, it stays one row.',
    disposition Enum8('dead_letter' = 1, 'late' = 2) COMMENT 'Dead letter: refused or not processed. Late: after the last revision of its hour.',
    origin LowCardinality(String) COMMENT 'Service that set it aside.',
    kind LowCardinality(String) COMMENT 'What the row is about: a migration (versioned: once; repeatable: whenever its text changes), or an event (status, session, …; empty when unknown).',
    reason LowCardinality(String) COMMENT 'Why, as a word.',
    rule UInt16 COMMENT 'Number of the QualiCharge rule; 0 = none.',
    field LowCardinality(String) COMMENT 'Field at fault; empty when it does not apply.',
    message String COMMENT 'Why, as a sentence.' CODEC(ZSTD(1)),
    request_id String COMMENT 'X-Request-Id of the request that brought the record.',
    item_index Int32 COMMENT 'Position in the request; -1 when it does not apply.',
    account LowCardinality(String) COMMENT 'Account that sent it.',
    origin_topic LowCardinality(String) COMMENT 'Topic that it was read from; empty when it reached none.',
    origin_partition Int32 COMMENT 'Partition that it was read from; -1 when it reached none.',
    origin_offset Int64 COMMENT 'Offset that it was read from; -1 when it reached none.',
    lateness_ms Int64 COMMENT 'Clock minus event time, ms; -1 when it does not apply.',
    record_key String COMMENT 'Key of the record, its bytes.' CODEC(ZSTD(1)),
    payload String COMMENT 'Value of the record, its bytes, at most 64 KiB.' CODEC(ZSTD(3)),
    payload_bytes UInt32 COMMENT 'True size of the value, bytes.',
    source_topic LowCardinality(String) COMMENT 'Topic of the record behind the row.',
    source_partition UInt16 COMMENT 'Partition of that record.' CODEC(ZSTD(1)),
    source_offset UInt64 COMMENT 'Offset of that record.' CODEC(Delta, ZSTD(1)),
    ingested_at DateTime64(3,'UTC') DEFAULT now64(3) COMMENT 'When the row was inserted.' CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(ingested_at)
PARTITION BY toYYYYMM(origin_time)
ORDER BY (operational_unit, origin_time, rejection_id)
SETTINGS non_replicated_deduplication_window = 10000, min_age_to_force_merge_seconds = 86400, min_age_to_force_merge_on_partition_only = 1, ttl_only_drop_parts = 1
COMMENT 'Events that were refused, too late, or could not be processed: why, and their bytes.'
