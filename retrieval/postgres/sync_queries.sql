-- Sources and the record of their syncs.

-- name: add_source
INSERT INTO source (tenant_id, name, kind, config, audience)
VALUES (%(tenant)s, %(name)s, %(kind)s, %(config)s, %(audience)s)
RETURNING source_id, name, kind, config, audience;

-- name: list_sources
SELECT source_id, name, kind, config, audience
FROM source WHERE tenant_id = %(tenant)s
ORDER BY name;

-- name: find_source
SELECT source_id, name, kind, config, audience
FROM source WHERE tenant_id = %(tenant)s AND name = %(name)s;

-- name: lock_statistics
SELECT lock_statistics(%(tenant)s);

-- name: remove_source
WITH held AS (
    SELECT count(*) AS documents
    FROM document JOIN source USING (tenant_id, source_id)
    WHERE tenant_id = %(tenant)s AND source.name = %(name)s
), removed AS (
    DELETE FROM source WHERE tenant_id = %(tenant)s AND name = %(name)s RETURNING source_id
)
SELECT held.documents FROM held, removed;

-- name: count_documents
SELECT source_id, count(*) AS documents, max(synced_at) AS synced_at
FROM document WHERE tenant_id = %(tenant)s
GROUP BY source_id;

-- name: close_dead_runs
UPDATE sync_run
SET state = 'failed', finished_at = now(), error = %(error)s
WHERE tenant_id = %(tenant)s AND source_id = %(source)s AND state = 'running'
    AND heartbeat_at < now() - make_interval(secs => %(stale_seconds)s);

-- name: start_run
INSERT INTO sync_run (tenant_id, run_id, source_id, mode, state)
VALUES (%(tenant)s, %(run)s, %(source)s, %(mode)s, 'running');

-- name: update_run
UPDATE sync_run
SET heartbeat_at = now(), listed = %(listed)s, added = %(added)s, updated = %(updated)s,
    deleted = %(deleted)s, unchanged = %(unchanged)s, failed = %(failed)s, chunks = %(chunks)s
WHERE tenant_id = %(tenant)s AND run_id = %(run)s AND state = 'running';

-- name: record_failure
INSERT INTO sync_failure (tenant_id, run_id, external_id, reason)
VALUES (%(tenant)s, %(run)s, %(external_id)s, %(reason)s)
ON CONFLICT (tenant_id, run_id, external_id) DO UPDATE SET reason = excluded.reason;

-- name: finish_run
UPDATE sync_run
SET state = %(state)s, finished_at = now(), heartbeat_at = now(), error = %(error)s,
    listed = %(listed)s, added = %(added)s, updated = %(updated)s, deleted = %(deleted)s,
    unchanged = %(unchanged)s, failed = %(failed)s, chunks = %(chunks)s
WHERE tenant_id = %(tenant)s AND run_id = %(run)s AND state = 'running';

-- name: find_run
SELECT run_id, source.name AS source, mode, state, started_at, finished_at, listed, added, updated,
    deleted, unchanged, failed, chunks, error
FROM sync_run JOIN source USING (tenant_id, source_id)
WHERE tenant_id = %(tenant)s AND run_id = %(run)s;

-- name: list_runs
SELECT run_id, source.name AS source, mode, state, started_at, finished_at, listed, added, updated,
    deleted, unchanged, failed, chunks, error
FROM sync_run JOIN source USING (tenant_id, source_id)
WHERE tenant_id = %(tenant)s AND (%(name)s::text IS NULL OR source.name = %(name)s)
ORDER BY started_at DESC, run_id
LIMIT %(limit)s;

-- name: list_failures
SELECT run_id, external_id, reason
FROM sync_failure
WHERE tenant_id = %(tenant)s AND run_id = ANY(%(runs)s::text[])
ORDER BY run_id, external_id;
