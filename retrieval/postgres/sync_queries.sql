-- Sources and the record of their syncs.

-- name: add_source
INSERT INTO source (tenant_id, name, kind, config, secrets, audience)
VALUES (%(tenant)s, %(name)s, %(kind)s, %(config)s, %(secrets)s, %(audience)s)
RETURNING source_id, name, kind, config, secrets, audience, schedule, paused, next_sync_at;

-- name: list_sources
SELECT source_id, name, kind, config, secrets, audience, schedule, paused, next_sync_at
FROM source WHERE tenant_id = %(tenant)s
ORDER BY name;

-- name: find_source
SELECT source_id, name, kind, config, secrets, audience, schedule, paused, next_sync_at
FROM source WHERE tenant_id = %(tenant)s AND name = %(name)s;

-- name: pause_source
UPDATE source SET paused = %(paused)s
WHERE tenant_id = %(tenant)s AND name = %(name)s
RETURNING source_id, name, kind, config, secrets, audience, schedule, paused, next_sync_at;

-- name: set_schedule
UPDATE source SET schedule = %(schedule)s, next_sync_at = %(next)s
WHERE tenant_id = %(tenant)s AND name = %(name)s
RETURNING source_id, name, kind, config, secrets, audience, schedule, paused, next_sync_at;

-- name: set_secrets
UPDATE source SET secrets = %(secrets)s
WHERE tenant_id = %(tenant)s AND source_id = %(source)s;

-- name: lock_statistics
SELECT lock_statistics(%(tenant)s);

-- name: remove_source
WITH held AS (
    SELECT count(*) FILTER (WHERE cardinality(document.audience) > 0) AS documents
    FROM document JOIN source USING (tenant_id, source_id)
    WHERE tenant_id = %(tenant)s AND source.name = %(name)s
), removed AS (
    DELETE FROM source WHERE tenant_id = %(tenant)s AND name = %(name)s RETURNING source_id
)
SELECT held.documents FROM held, removed;

-- name: count_documents
SELECT source_id, count(*) FILTER (WHERE cardinality(audience) > 0) AS documents, max(synced_at) AS synced_at
FROM document WHERE tenant_id = %(tenant)s
GROUP BY source_id;

-- name: list_readable
SELECT source.name, held.documents, coalesce(done.finished_at, held.synced_at) AS read_at,
    source.paused, coalesce(latest.state = 'failed', false) AS failing
FROM source
JOIN LATERAL (
    SELECT count(*) AS documents, max(synced_at) AS synced_at
    FROM (
        SELECT found.synced_at
        FROM access_group
        CROSS JOIN LATERAL (
            SELECT synced_at FROM document
            WHERE document.tenant_id = source.tenant_id AND document.source_id = source.source_id
                AND document.audience = access_group.audience
            LIMIT %(most)s
        ) AS found
        WHERE access_group.tenant_id = source.tenant_id
            AND access_group.source_id = source.source_id
            AND access_group.audience && %(readers)s::text[]
        LIMIT %(most)s
    ) AS seen
) AS held ON held.documents > 0
LEFT JOIN LATERAL (
    SELECT state FROM sync_run
    WHERE sync_run.tenant_id = source.tenant_id AND sync_run.source_id = source.source_id
        AND state <> 'running'
    ORDER BY started_at DESC
    LIMIT 1
) AS latest ON true
LEFT JOIN LATERAL (
    SELECT finished_at FROM sync_run
    WHERE sync_run.tenant_id = source.tenant_id AND sync_run.source_id = source.source_id
        AND state = 'succeeded'
    ORDER BY started_at DESC
    LIMIT 1
) AS done ON true
WHERE source.tenant_id = %(tenant)s
    AND (%(sources)s::text[] IS NULL OR source.name = ANY(%(sources)s::text[]))
    AND EXISTS (
        SELECT FROM access_group
        WHERE access_group.tenant_id = source.tenant_id
            AND access_group.source_id = source.source_id AND access_group.chunks > 0
            AND access_group.audience && %(readers)s::text[]
    )
ORDER BY source.name;

-- name: close_dead_runs
UPDATE sync_run
SET state = 'failed', interrupted = true, finished_at = now(), error = %(error)s
WHERE tenant_id = %(tenant)s AND source_id = %(source)s AND state = 'running'
    AND heartbeat_at < now() - make_interval(secs => %(stale_seconds)s);

-- name: start_run
INSERT INTO sync_run (tenant_id, run_id, source_id, mode, state, began_at)
SELECT %(tenant)s,
    CASE
        WHEN EXISTS (SELECT FROM sync_run WHERE tenant_id = %(tenant)s AND run_id = %(run)s)
        THEN %(fresh)s ELSE %(run)s
    END,
    %(source)s, %(mode)s, 'running',
    coalesce((
        SELECT began_at
        FROM (
            SELECT mode, interrupted, began_at FROM sync_run
            WHERE tenant_id = %(tenant)s AND source_id = %(source)s
            ORDER BY started_at DESC LIMIT 1
        ) AS latest
        WHERE interrupted AND mode = %(mode)s
    ), now())
RETURNING run_id;

-- name: update_run
UPDATE sync_run
SET heartbeat_at = now(), listed = %(listed)s, added = %(added)s, updated = %(updated)s,
    deleted = %(deleted)s, unchanged = %(unchanged)s, skipped = %(skipped)s, failed = %(failed)s,
    chunks = %(chunks)s, done = %(done)s, total = %(total)s
WHERE tenant_id = %(tenant)s AND run_id = %(run)s AND state = 'running'
RETURNING cancel_requested;

-- name: cancel_run
UPDATE sync_run SET cancel_requested = true
WHERE tenant_id = %(tenant)s AND source_id = %(source)s AND state = 'running'
RETURNING run_id;

-- name: record_failure
INSERT INTO sync_failure (tenant_id, run_id, external_id, reason)
VALUES (%(tenant)s, %(run)s, %(external_id)s, %(reason)s)
ON CONFLICT (tenant_id, run_id, external_id) DO UPDATE SET reason = excluded.reason;

-- name: record_unreadable
INSERT INTO unreadable_document AS known (tenant_id, source_id, external_id, fingerprint, reason)
VALUES (%(tenant)s, %(source)s, %(external_id)s, %(fingerprint)s, %(reason)s)
ON CONFLICT (tenant_id, source_id, external_id)
DO UPDATE SET fingerprint = excluded.fingerprint, reason = excluded.reason;

-- name: list_unreadable
SELECT external_id, fingerprint, reason
FROM unreadable_document
WHERE tenant_id = %(tenant)s AND source_id = %(source)s
ORDER BY external_id;

-- name: forget_failures
DELETE FROM unreadable_document
WHERE tenant_id = %(tenant)s AND source_id = %(source)s
    AND external_id = ANY(%(external_ids)s::text[]);

-- name: finish_run
UPDATE sync_run
SET state = %(state)s, finished_at = now(), heartbeat_at = now(), error = %(error)s,
    listed = %(listed)s, added = %(added)s, updated = %(updated)s, deleted = %(deleted)s,
    unchanged = %(unchanged)s, skipped = %(skipped)s, failed = %(failed)s, chunks = %(chunks)s,
    done = %(done)s, total = %(total)s, held = %(held)s
WHERE tenant_id = %(tenant)s AND run_id = %(run)s AND state = 'running';

-- name: find_run
SELECT run_id, source.name AS source, mode, state, began_at, started_at, finished_at, listed, added,
    updated, deleted, unchanged, skipped, failed, chunks, done, total, held, error
FROM sync_run JOIN source USING (tenant_id, source_id)
WHERE tenant_id = %(tenant)s AND run_id = %(run)s;

-- name: list_runs
SELECT run_id, source.name AS source, mode, state, began_at, started_at, finished_at, listed, added,
    updated, deleted, unchanged, skipped, failed, chunks, done, total, held, error
FROM sync_run JOIN source USING (tenant_id, source_id)
WHERE tenant_id = %(tenant)s AND (%(name)s::text IS NULL OR source.name = %(name)s)
ORDER BY started_at DESC, run_id
LIMIT %(limit)s;

-- name: list_latest_runs
SELECT DISTINCT ON (source.name) run_id, source.name AS source, mode, state, began_at, started_at,
    finished_at, listed, added, updated, deleted, unchanged, skipped, failed, chunks, done, total,
    held, error
FROM sync_run JOIN source USING (tenant_id, source_id)
WHERE tenant_id = %(tenant)s
ORDER BY source.name, started_at DESC, run_id;

-- name: list_failures
SELECT run_id, external_id, reason
FROM sync_failure
WHERE tenant_id = %(tenant)s AND run_id = ANY(%(runs)s::text[])
ORDER BY run_id, external_id;

-- name: find_documents
SELECT source.name AS source, document_id, external_id, url, title, document.audience, modified_at,
    synced_at, version
FROM document JOIN source USING (tenant_id, source_id)
WHERE url = ANY(%(urls)s::text[]) AND tenant_id = %(tenant)s
ORDER BY source.name, external_id;

-- name: list_chunks
SELECT document_id, ordinal, heading_path, page, tokens, body
FROM chunk
WHERE tenant_id = %(tenant)s AND document_id = ANY(%(documents)s::bigint[])
ORDER BY document_id, ordinal;
