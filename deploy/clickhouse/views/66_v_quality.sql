CREATE OR REPLACE VIEW v_quality AS
SELECT
    i.variant AS variant,
    i.level AS level,
    i.target AS target,
    i.timestamp AS timestamp,
    i.category AS quality_rule,
    toUInt16(JSONExtractUInt(i.extras, 'number')) AS rule,
    i.value AS value,
    JSONExtract(i.extras, 'threshold', 'Nullable(Float64)') AS threshold,
    JSONExtractBool(i.extras, 'fires') AS fires
FROM (SELECT * FROM indicator FINAL WHERE code = 'qua') AS i;

ALTER TABLE v_quality
    {{comments variant level target timestamp quality_rule rule value threshold fires}},
    MODIFY COMMENT 'Quality rules by unit (level 5) and for the nation (level 0), by day: value, threshold, and whether they fire.';
