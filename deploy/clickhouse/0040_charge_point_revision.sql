CREATE TABLE IF NOT EXISTS charge_point_revision (
    charge_point_id String COMMENT 'Charge point: id_pdc_itinerance, an EVSE id in AFIREV/eMI3 format.',
    version UInt64 COMMENT 'The greatest version of a row wins: the cut in ms since the epoch, the revision and offset of the directory, or the instant of the refresh.',
    updated_at DateTime64(3,'UTC') COMMENT 'When this version was accepted.',
    deleted_at Nullable(DateTime64(3,'UTC')) COMMENT 'When the charge point was decommissioned; null while it is in service.',
    station_id String COMMENT 'Station: id_station_itinerance.',
    operational_unit LowCardinality(String) COMMENT 'Operational unit: the first five characters of the ids, the AFIREV prefix.',
    siren_amenageur LowCardinality(String) COMMENT 'Numéro SIREN de l\'aménageur.',
    code_insee_commune LowCardinality(String) COMMENT 'INSEE code of the municipality; empty when unknown.',
    power_w UInt32 COMMENT 'Nominal power, W; for a station the sum over its charge points; 0 when unknown.',
    power_class LowCardinality(String) COMMENT 'Power class, with the labels of QualiCharge.',
    is_dc Bool COMMENT 'Direct current: 50 kW and more, Combo CCS or CHAdeMO.',
    is_direct Bool COMMENT 'Connected directly to the public grid.',
    is_pdl_valid Bool COMMENT 'The number of the delivery point looks real.'
)
ENGINE = ReplacingMergeTree
ORDER BY (charge_point_id, version)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Directory: what figures about the past need of each version of each charge point.'
