CREATE OR REPLACE VIEW v_data_as_of AS
SELECT min(last_timestamp) AS data_as_of, count() AS partitions
FROM (
    SELECT topic, partition, max(last_timestamp) AS last_timestamp
    FROM sink_batch FINAL
    WHERE topic IN ('charge-point-status', 'charge-session')
    GROUP BY topic, partition
);

ALTER TABLE v_data_as_of
    {{comments data_as_of partitions}},
    MODIFY COMMENT 'Up to when the archive is complete.';
