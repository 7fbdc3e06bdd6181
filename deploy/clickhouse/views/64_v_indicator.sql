CREATE OR REPLACE VIEW v_indicator AS
SELECT
    i.code AS code,
    i.level AS level,
    i.target AS target,
    t.name AS name,
    i.period AS period,
    nullIf(i.category, '') AS category,
    i.timestamp AS timestamp,
    i.value AS value,
    i.extras AS extras
FROM (SELECT * FROM indicator FINAL WHERE variant = 'corrected' AND code != 'qua') AS i
LEFT ANY JOIN (SELECT toUInt8(toInt8(p.level)) AS level, code, name FROM territory AS p FINAL WHERE p.level != 'commune') AS t
    ON i.level = t.level AND i.target = t.code;

ALTER TABLE v_indicator
    {{comments code level target name period category timestamp value =extras}},
    MODIFY COMMENT 'Coded indicators as published: variant corrected.';
