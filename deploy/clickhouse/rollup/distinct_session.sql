SELECT
    policy,
    operational_unit,
    charge_point_id,
    started_at,
    ended_at,
    station_id,
    code_insee_commune,
    power_w,
    energy_wh,
    duration_ms,
    copies,
    (power_w > 0 AND energy_wh * 360000000 > abnormal * power_w * duration_ms) OR started_at < previous_end AS flagged,
    NOT flagged AND energy_wh > success_energy AND duration_ms > success_short AS successful_2min,
    NOT flagged AND energy_wh > success_energy AND duration_ms > success_long AS successful_3min,
    first_received_at,
    now64(3) AS version
FROM (
    SELECT
        s.operational_unit AS operational_unit,
        s.charge_point_id AS charge_point_id,
        s.started_at AS started_at,
        s.ended_at AS ended_at,
        s.station_id AS station_id,
        s.energy_wh AS energy_wh,
        s.copies AS copies,
        s.first_received_at AS first_received_at,
        s.duration_ms AS duration_ms,
        s.previous_end AS previous_end,
        r.power_w AS power_w,
        r.code_insee_commune AS code_insee_commune
    FROM (
        SELECT
            *,
            toUInt64(toUnixTimestamp64Milli(ended_at) - toUnixTimestamp64Milli(started_at)) AS duration_ms,
            toDateTime64(toStartOfHour(started_at), 3, 'UTC') AS hour,
            max(ended_at) OVER (
                PARTITION BY operational_unit, charge_point_id ORDER BY started_at, ended_at
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS previous_end
        FROM (
            -- The energy whose first copy is the latest.
            SELECT
                operational_unit,
                charge_point_id,
                started_at,
                ended_at,
                argMax(energy_wh, first_copy) AS energy_wh,
                argMax(station_id, first_copy) AS station_id,
                toUInt32(sum(n)) AS copies,
                min(first_copy).1 AS first_received_at
            FROM (
                SELECT
                    operational_unit,
                    charge_point_id,
                    started_at,
                    ended_at,
                    event_id,
                    any(energy_wh) AS energy_wh,
                    argMin(station_id, (received_at, source_offset)) AS station_id,
                    min((received_at, source_offset)) AS first_copy,
                    count() AS n
                FROM charge_session FINAL
                PREWHERE (operational_unit, charge_point_id) IN (SELECT operational_unit, charge_point_id FROM touched)
                GROUP BY operational_unit, charge_point_id, started_at, ended_at, event_id
            )
            GROUP BY operational_unit, charge_point_id, started_at, ended_at
        )
    ) AS s
    -- The version of the directory in force at the start of the hour, else the first one.
    ASOF LEFT JOIN (
        SELECT
            charge_point_id,
            power_w,
            code_insee_commune,
            if(
                version = min(version) OVER (PARTITION BY charge_point_id), toDateTime64(0, 3, 'UTC'), updated_at
            ) AS valid_from
        FROM charge_point_revision FINAL
    ) AS r ON s.charge_point_id = r.charge_point_id AND s.hour >= r.valid_from
) AS f
INNER JOIN touched USING (operational_unit, charge_point_id)
CROSS JOIN (
    SELECT
        policy,
        JSONExtractUInt(parameters, 'abnormal_energy_percent') AS abnormal,
        JSONExtractUInt(parameters, 'success_energy_wh') AS success_energy,
        JSONExtractUInt(parameters, 'success_short_ms') AS success_short,
        JSONExtractUInt(parameters, 'success_long_ms') AS success_long
    FROM policy FINAL
) AS p
WHERE started_at >= lo AND started_at <= hi
