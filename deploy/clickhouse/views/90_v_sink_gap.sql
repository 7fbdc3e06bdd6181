CREATE OR REPLACE VIEW v_sink_gap AS
SELECT consumer_group, topic, partition, table_name, previous_to_offset, from_offset, to_offset
FROM (
    SELECT
        consumer_group,
        topic,
        partition,
        table_name,
        from_offset,
        to_offset,
        row_number() OVER ranges AS number,
        lagInFrame(to_offset) OVER ranges AS previous_to_offset
    FROM sink_batch FINAL
    WINDOW ranges AS (PARTITION BY consumer_group, topic, partition, table_name ORDER BY from_offset)
)
WHERE number > 1 AND previous_to_offset != from_offset;

ALTER TABLE v_sink_gap
    {{comments consumer_group topic partition table_name previous_to_offset from_offset to_offset}},
    MODIFY COMMENT 'Ranges that do not begin where the one before ended: must be empty.';
