CREATE TABLE IF NOT EXISTS schema_migration (
    name String COMMENT 'File name of the migration.',
    kind Enum8('versioned' = 1, 'repeatable' = 2) COMMENT 'Versioned: once, never changed. Repeatable: again whenever its text changes.',
    checksum String COMMENT 'SHA-256 of the rendered text, hexadecimal.',
    duration_ms UInt32 COMMENT 'How long it took, ms.',
    engine_version String COMMENT 'Version of the server that ran it.',
    applied_at DateTime64(3,'UTC') DEFAULT now64(3) COMMENT 'When it was applied.'
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY name
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Migrations that were applied, one row each.'
