SELECT d.*
FROM (SELECT * FROM x_directory(at = {{now}}) WHERE in_force) AS d
LEFT SEMI JOIN (
    SELECT charge_point_id
    FROM charge_point_status
    WHERE event_time >= {{start}} AND event_time < {{end}}
) AS s ON d.charge_point_id = s.charge_point_id
