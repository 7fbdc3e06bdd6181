CREATE TABLE IF NOT EXISTS sink_batch (
    consumer_group LowCardinality(String) COMMENT 'Consumer group of the sink.',
    topic LowCardinality(String) COMMENT 'Topic of the range.',
    partition UInt16 COMMENT 'Partition of the range.',
    table_name LowCardinality(String) COMMENT 'Table that its rows are in.',
    from_offset UInt64 COMMENT 'First offset of the range.',
    to_offset UInt64 COMMENT 'Offset after the range.',
    rows UInt32 COMMENT 'Rows written.',
    dead_letters UInt32 COMMENT 'Records sent to topic dead-letter.',
    nulls UInt32 COMMENT 'Ticks and tombstones.',
    bytes UInt64 COMMENT 'Size of the records, bytes.',
    first_timestamp DateTime64(3,'UTC') COMMENT 'Least record timestamp.',
    last_timestamp DateTime64(3,'UTC') COMMENT 'Greatest record timestamp, ticks included.',
    replayed Bool COMMENT 'The range was intended by an earlier process.',
    split Bool COMMENT 'The range was written in parts, because a record in it was refused.',
    instance LowCardinality(String) COMMENT 'Sink that wrote it.',
    inserted_at DateTime64(3,'UTC') DEFAULT now64(3) COMMENT 'When the range was audited.'
)
ENGINE = ReplacingMergeTree(inserted_at)
ORDER BY (consumer_group, topic, partition, table_name, from_offset)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Ranges of records that the sink wrote: the audit of what ClickHouse holds.'
