SELECT
    operational_unit,
    charge_point_id,
    w.1 AS station_id,
    event_time,
    w.2 AS horodatage,
    w.3 AS received_at,
    w.4 AS etat_pdc,
    w.5 AS occupation_pdc,
    w.6 AS etat_prise_type_2,
    w.7 AS etat_prise_type_combo_ccs,
    w.8 AS etat_prise_type_chademo,
    w.9 AS etat_prise_type_ef,
    w.10 AS event_id,
    bitOr(
        bitShiftLeft(toUInt128(toUnixTimestamp64Milli(event_time)), 64),
        bitOr(bitShiftLeft(toUInt128(toUnixTimestamp64Milli(w.3)), 22), toUInt128(bitAnd(w.11, 4194303)))
    ) AS rank,
    now64(3) AS version
FROM (
    -- The payload whose first copy is the latest.
    SELECT operational_unit, charge_point_id, event_time, argMax(payload, first_copy) AS w
    FROM (
        SELECT
            operational_unit,
            charge_point_id,
            event_time,
            event_id,
            min((received_at, source_offset)) AS first_copy,
            argMin(
                (station_id, horodatage, received_at, {{state}}, event_id, source_offset),
                (received_at, source_offset)
            ) AS payload
        FROM charge_point_status FINAL
        PREWHERE (operational_unit, charge_point_id, event_time) IN touched
        GROUP BY operational_unit, charge_point_id, event_time, event_id
    )
    GROUP BY operational_unit, charge_point_id, event_time
)
