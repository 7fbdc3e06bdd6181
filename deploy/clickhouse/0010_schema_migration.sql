CREATE TABLE IF NOT EXISTS schema_migration (
    name String COMMENT 'Name of the migration, which is that of its file, of the territory, or of the unit.',
    kind Enum8('versioned' = 1, 'repeatable' = 2) COMMENT 'What the row is about: a migration (versioned: once; repeatable: whenever its text changes), or an event (status, session, …; empty when unknown).',
    checksum String COMMENT 'SHA-256 of the rendered text, hexadecimal.',
    duration_ms UInt32 COMMENT 'From start to end, ms.',
    engine_version String COMMENT 'Version of the server that ran it.',
    applied_at DateTime64(3,'UTC') DEFAULT now64(3) COMMENT 'When it was applied.'
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY name
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Migrations that were applied, one row each.'
