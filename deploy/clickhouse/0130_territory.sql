CREATE TABLE IF NOT EXISTS territory (
    level Enum8('country' = 0, 'region' = 1, 'department' = 2, 'epci' = 3, 'commune' = 4) COMMENT 'Kind of territory: country, region, department, epci, commune; in indicators its number, 0 to 4, 5 = operational unit, 6 = owner (SIREN).',
    code LowCardinality(String) COMMENT 'Code of the territory (INSEE, SIREN of the EPCI, 00 for France), of the unit, or of the indicator.',
    name String COMMENT 'Name of the migration, which is that of its file, of the territory, or of the unit.',
    commune_code LowCardinality(String) COMMENT 'INSEE code of the present municipality: that of a delegated or former code is another one.',
    epci_code LowCardinality(String) COMMENT 'SIREN of the EPCI; empty when there is none.',
    department_code LowCardinality(String) COMMENT 'INSEE code of the department; empty when there is no single one.',
    region_code LowCardinality(String) COMMENT 'INSEE code of the region; empty when there is no single one.',
    population UInt64 COMMENT 'Inhabitants, municipal population; 0 when unknown.',
    area_km2 Nullable(Float64) COMMENT 'Area, km²; null when unknown.',
    vintage UInt16 COMMENT 'Year of the official geographic code.',
    version UInt64 COMMENT 'The greatest version of a row wins: the cut in ms since the epoch, the revision and offset of the directory, or the instant of the refresh.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1: the row is withdrawn, FINAL hides it.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (level, code)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Country, regions, departments, EPCI and every code of a municipality, with what lies where.'
