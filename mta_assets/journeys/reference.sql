-- The definition of a journey as one readable query: the oracle that tests hold the kernel to. Never run in production.
-- Tables: touches(user, ts, event_id), conversions(user, ts, conversion_id); times and $lookback in microseconds.
WITH followed AS (
    -- A touch is followed when a conversion comes at or after it, less than a lookback later.
    SELECT t.*, EXISTS (
        FROM conversions c WHERE c.user = t.user AND c.ts >= t.ts AND c.ts < t.ts + $lookback
    ) AS is_followed
    FROM touches t
),
converted AS (
    SELECT c.user, c.ts AS closing_ts, c.conversion_id,
           coalesce(list(t.event_id ORDER BY t.ts, t.event_id) FILTER (t.event_id IS NOT NULL), []) AS events
    FROM conversions c
    LEFT JOIN touches t ON t.user = c.user AND t.ts > c.ts - $lookback AND t.ts <= c.ts
    GROUP BY c.user, c.ts, c.conversion_id
),
unfollowed AS (
    SELECT *, coalesce(ts - lag(ts) OVER same_user > $lookback, true) AS begins
    FROM followed WHERE NOT is_followed
    WINDOW same_user AS (PARTITION BY user ORDER BY ts, event_id)
),
runs AS (
    SELECT *, sum(begins::INT) OVER (PARTITION BY user ORDER BY ts, event_id) AS run FROM unfollowed
),
ended AS (
    SELECT user, run, max(ts) AS last_ts, list(event_id ORDER BY ts, event_id) AS events FROM runs GROUP BY user, run
),
expired AS (
    -- It ends a lookback after its last touch; where another touch came before that, that one led to a conversion, and only then is the end certain.
    SELECT e.user,
           coalesce(
               (SELECT min(c.ts) FROM conversions c WHERE c.user = e.user AND c.ts >= (
                   SELECT min(t.ts) FROM touches t WHERE t.user = e.user AND t.ts > e.last_ts AND t.ts <= e.last_ts + $lookback)),
               e.last_ts + $lookback
           ) AS closing_ts,
           '' AS conversion_id, e.events
    FROM ended e
)
SELECT user, closing_ts, conversion_id, events FROM converted
UNION ALL
SELECT user, closing_ts, conversion_id, events FROM expired
