CREATE TABLE IF NOT EXISTS policy (
    policy LowCardinality(String) COMMENT 'Id of the parameters under which the figures were made.',
    title String COMMENT 'What the policy is, in a sentence.',
    parameters String COMMENT 'Parameters and their values, a JSON object; times in ms.',
    is_default UInt8 COMMENT '1: the policy that views show.',
    version UInt64 COMMENT 'The greatest version of a row wins: the cut in ms since the epoch, the revision and offset of the directory, or the instant of the refresh.'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY policy
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Parameters under which figures are made, one row per policy.'
