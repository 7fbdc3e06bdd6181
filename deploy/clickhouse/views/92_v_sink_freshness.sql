CREATE OR REPLACE VIEW v_sink_freshness AS
SELECT
    b.consumer_group AS consumer_group,
    b.topic AS topic,
    b.partition AS partition,
    max(b.to_offset) AS to_offset,
    max(b.last_timestamp) AS last_timestamp,
    max(b.inserted_at) AS inserted_at,
    greatest(0, dateDiff('millisecond', last_timestamp, inserted_at)) AS freshness_ms
FROM sink_batch AS b FINAL
GROUP BY consumer_group, topic, partition;

ALTER TABLE v_sink_freshness
    {{comments consumer_group topic partition to_offset last_timestamp inserted_at freshness_ms}},
    MODIFY COMMENT 'Up to where each partition is stored, and how long its newest record took to get there.';
