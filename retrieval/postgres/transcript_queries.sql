-- name: open_channel
INSERT INTO transcript_channel AS held (tenant_id, source_id, channel, workspace)
VALUES (%(tenant)s, %(source)s, %(channel)s, %(workspace)s)
ON CONFLICT (tenant_id, source_id, channel) DO UPDATE
SET workspace = excluded.workspace
RETURNING reading, read_down_to, read_at IS NOT NULL;

-- name: begin_missed_readings
UPDATE transcript_channel
SET reading = reading + 1, read_down_to = NULL, read_at = NULL, heard_at = now()
WHERE heard_at < now() - make_interval(secs => %(patience)s)
  AND (%(source)s::bigint IS NULL OR (tenant_id = %(tenant)s AND source_id = %(source)s));

-- name: begin_reading
UPDATE transcript_channel
SET reading = reading + 1, read_down_to = NULL, read_at = NULL
WHERE tenant_id = %(tenant)s AND source_id = %(source)s;

-- name: disregard_messages
UPDATE transcript_message SET reading = 0
WHERE tenant_id = %(tenant)s AND source_id = %(source)s;

-- name: begin_reading_of_channel
UPDATE transcript_channel AS held
SET reading = reading + 1, read_down_to = NULL, read_at = NULL
FROM workspace
WHERE held.channel = %(channel)s AND workspace.tenant_id = held.tenant_id
  AND workspace.platform = 'slack' AND workspace.workspace_id = %(workspace)s;

-- name: hear_channels
UPDATE transcript_channel SET heard_at = now()
WHERE heard_at < now() - interval '1 second';

-- name: put_message
INSERT INTO transcript_message AS held (tenant_id, source_id, channel, ts, thread, author, text,
                                        edited, is_human, is_deleted, reading)
VALUES (%(tenant)s, %(source)s, %(channel)s, %(ts)s, %(thread)s, %(author)s, %(text)s, %(edited)s,
        %(is_human)s, %(is_deleted)s, %(reading)s)
ON CONFLICT (tenant_id, source_id, channel, ts) DO UPDATE
SET reading = greatest(held.reading, excluded.reading),
    text = CASE WHEN held.is_deleted OR excluded.is_deleted THEN ''
                WHEN excluded.edited < held.edited THEN held.text
                ELSE excluded.text END,
    edited = greatest(held.edited, excluded.edited),
    is_human = excluded.is_human,
    is_deleted = held.is_deleted OR excluded.is_deleted;

-- name: note_message
INSERT INTO transcript_message AS held (tenant_id, source_id, channel, ts, thread, author, text,
                                        edited, is_human, is_deleted, reading)
SELECT heard.tenant_id, heard.source_id, heard.channel, %(ts)s, %(thread)s, %(author)s, %(text)s,
       %(edited)s, %(is_human)s, %(is_deleted)s, heard.reading
FROM transcript_channel AS heard
JOIN workspace ON workspace.tenant_id = heard.tenant_id AND workspace.platform = 'slack'
WHERE heard.channel = %(channel)s AND workspace.workspace_id = %(workspace)s
ON CONFLICT (tenant_id, source_id, channel, ts) DO UPDATE
SET reading = excluded.reading,
    text = excluded.text,
    edited = greatest(held.edited, excluded.edited),
    is_human = excluded.is_human AND NOT excluded.is_deleted,
    is_deleted = excluded.is_deleted
WHERE NOT held.is_deleted AND (excluded.is_deleted OR excluded.edited >= held.edited);

-- name: advance_reading
UPDATE transcript_channel SET read_down_to = %(down_to)s
WHERE tenant_id = %(tenant)s AND source_id = %(source)s AND channel = %(channel)s
  AND reading = %(reading)s;

-- name: keep_thread
UPDATE transcript_message SET reading = %(reading)s
WHERE tenant_id = %(tenant)s AND source_id = %(source)s AND channel = %(channel)s
  AND thread = %(thread)s AND reading < %(reading)s;

-- name: finish_reading
UPDATE transcript_channel SET read_at = now()
WHERE tenant_id = %(tenant)s AND source_id = %(source)s AND channel = %(channel)s
  AND reading = %(reading)s
RETURNING reading;

-- name: drop_unseen
DELETE FROM transcript_message
WHERE tenant_id = %(tenant)s AND source_id = %(source)s AND channel = %(channel)s
  AND reading < %(reading)s;

-- name: list_outline
SELECT ts, thread, author, '' AS text, edited, is_human, is_deleted FROM transcript_message
WHERE tenant_id = %(tenant)s AND source_id = %(source)s AND channel = %(channel)s
  AND NOT is_deleted
ORDER BY ts;

-- name: count_replies
SELECT count(*), coalesce(max(ts), ''), coalesce(bool_or(reading = 0), false)
FROM transcript_message
WHERE tenant_id = %(tenant)s AND source_id = %(source)s AND channel = %(channel)s
  AND thread = %(thread)s AND ts <> %(thread)s AND NOT is_deleted;

-- name: list_thread
SELECT ts, thread, author, text, edited, is_human, is_deleted FROM transcript_message
WHERE tenant_id = %(tenant)s AND source_id = %(source)s AND channel = %(channel)s
  AND thread = %(thread)s AND NOT is_deleted
ORDER BY ts;

-- name: list_loose
SELECT ts, thread, author, text, edited, is_human, is_deleted FROM transcript_message AS said
WHERE tenant_id = %(tenant)s AND source_id = %(source)s AND channel = %(channel)s
  AND ts BETWEEN %(first)s AND %(last)s AND thread = ts AND is_human AND NOT is_deleted
  AND NOT EXISTS (
      SELECT FROM transcript_message AS reply
      WHERE reply.tenant_id = said.tenant_id AND reply.source_id = said.source_id
        AND reply.channel = said.channel AND reply.thread = said.ts AND reply.ts <> said.ts
        AND NOT reply.is_deleted
  )
ORDER BY ts;
