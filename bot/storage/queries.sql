-- Named blocks; bot/storage/database.py reads them.

-- name: insert_item
INSERT INTO inbox (tenant_id, item_id, kind, platform, event, message, thread, person, payload)
VALUES (%(tenant)s, %(item)s, %(kind)s, %(platform)s, %(event)s, %(message)s, %(thread)s,
        %(person)s, %(payload)s)
ON CONFLICT DO NOTHING
RETURNING item_id;

-- name: set_job
UPDATE inbox SET job_id = %(job)s WHERE tenant_id = %(tenant)s AND item_id = %(item)s;

-- name: claim_item
UPDATE inbox
SET owner = %(owner)s,
    attempts = attempts + 1,
    state = CASE state WHEN 'queued' THEN 'working' ELSE state END
WHERE tenant_id = %(tenant)s AND item_id = %(item)s
  AND state IN ('queued', 'working', 'answered')
RETURNING kind, payload, state, attempts, draft, stop_asked, EXISTS (
    SELECT FROM outbox
    WHERE outbox.tenant_id = inbox.tenant_id AND outbox.key = inbox.item_id || ':answer'
      AND outbox.message_id IS NOT NULL
) AS revises;

-- name: look_at_item
SELECT owner = %(owner)s AND state = 'working', stop_asked
FROM inbox WHERE tenant_id = %(tenant)s AND item_id = %(item)s;

-- name: note_draft
UPDATE inbox SET draft = %(draft)s
WHERE tenant_id = %(tenant)s AND item_id = %(item)s
  AND ((owner = %(owner)s AND state = 'working') OR error = 'withdrawn');

-- name: stop_item
UPDATE inbox SET stop_asked = true
WHERE tenant_id = %(tenant)s AND item_id = %(item)s AND person = %(person)s AND kind = 'question'
  AND (state IN ('queued', 'working') OR stop_asked)
RETURNING item_id;

-- name: read_item
SELECT kind, payload FROM inbox WHERE tenant_id = %(tenant)s AND item_id = %(item)s;

-- name: find_latest_item
SELECT item_id FROM inbox
WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND person = %(person)s
  AND kind = 'question' AND state IN ('answered', 'done')
  AND payload -> 'place' ->> 'channel' = %(channel)s
  AND EXISTS (
      SELECT FROM outbox
      WHERE outbox.tenant_id = inbox.tenant_id AND outbox.key = inbox.item_id || ':answer'
  )
ORDER BY received_at DESC
LIMIT 1;

-- name: find_question
SELECT item_id FROM inbox
WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND message = %(message)s
  AND kind = 'question' AND error IS DISTINCT FROM 'withdrawn';

-- name: revise_item
UPDATE inbox
SET payload = jsonb_set(payload, '{text}', to_jsonb(%(text)s::text)),
    state = 'queued', owner = NULL, error = NULL, finished_at = NULL, stop_asked = false,
    attempts = CASE state WHEN 'working' THEN 1 ELSE 0 END,
    draft = CASE WHEN state IN ('queued', 'working') THEN draft END
WHERE tenant_id = %(tenant)s AND item_id = %(item)s AND kind = 'question'
  AND payload ->> 'text' <> %(text)s AND error IS DISTINCT FROM 'withdrawn'
RETURNING platform, thread;

-- name: withdraw_item
UPDATE inbox
SET payload = payload || '{"text": "", "attachments": []}',
    state = 'dead', owner = NULL, error = 'withdrawn', finished_at = now()
WHERE tenant_id = %(tenant)s AND item_id = %(item)s AND kind = 'question'
RETURNING draft;

-- name: list_pressed
SELECT item_id FROM inbox
WHERE tenant_id = %(tenant)s AND kind = 'command' AND payload->>'name' IN ('answer', 'proof')
  AND payload->'words' ? %(item)s
ORDER BY received_at;

-- name: settle_item
UPDATE inbox SET state = 'answered'
WHERE tenant_id = %(tenant)s AND item_id = %(item)s AND owner = %(owner)s
  AND state IN ('working', 'answered');

-- name: hand_back_item
UPDATE inbox SET attempts = greatest(attempts - 1, 0), owner = NULL
WHERE tenant_id = %(tenant)s AND item_id = %(item)s AND owner = %(owner)s
  AND state IN ('working', 'answered');

-- name: finish_item
UPDATE inbox SET state = %(state)s, error = nullif(%(error)s, ''), finished_at = now()
WHERE tenant_id = %(tenant)s AND item_id = %(item)s
  AND state IN ('queued', 'working', 'answered')
  AND (state <> 'queued' OR owner IS NOT NULL)  -- it was revised meanwhile
RETURNING platform;

-- name: turn_away_item
UPDATE inbox SET state = 'done', finished_at = now()
WHERE tenant_id = %(tenant)s AND item_id = %(item)s AND owner = %(owner)s AND state = 'working'
RETURNING item_id;

-- name: thread_is_answered
SELECT EXISTS (
    SELECT FROM inbox
    JOIN outbox ON outbox.tenant_id = inbox.tenant_id AND outbox.key = inbox.item_id || ':answer'
    WHERE inbox.tenant_id = %(tenant)s AND inbox.thread = %(thread)s
      AND inbox.state IN ('answered', 'done')
);

-- name: lock_lost_items
SELECT inbox.tenant_id, inbox.item_id, inbox.kind, inbox.platform, inbox.thread
FROM inbox
LEFT JOIN procrastinate_jobs AS job ON job.id = inbox.job_id
WHERE inbox.state IN ('queued', 'working', 'answered')
  AND (job.id IS NULL OR job.status NOT IN ('todo', 'doing'))
ORDER BY inbox.received_at
LIMIT 100
FOR UPDATE OF inbox SKIP LOCKED;

-- name: insert_letter
INSERT INTO outbox (tenant_id, key, platform, place, reply, reply_token, draft)
VALUES (%(tenant)s, %(key)s, %(platform)s, %(place)s, %(reply)s, %(reply_token)s, %(draft)s)
ON CONFLICT DO NOTHING;

-- name: withdraw_letter
UPDATE outbox SET state = 'dead', owner = NULL, reply = %(reply)s, error = 'withdrawn'
WHERE tenant_id = %(tenant)s AND key = %(key)s
RETURNING place, message_id, reply_token;

-- name: revise_letter
UPDATE outbox SET reply = %(reply)s, state = 'pending', attempts = 0, tried_at = now()
WHERE tenant_id = %(tenant)s AND key = %(key)s;

-- name: list_keys
SELECT key FROM outbox
WHERE tenant_id = %(tenant)s AND key >= %(item)s || ':' AND key < %(item)s || ';'
ORDER BY key;

-- name: claim_letter
UPDATE outbox
SET owner = CASE state WHEN 'pending' THEN %(owner)s ELSE owner END,
    attempts = attempts + CASE state WHEN 'pending' THEN 1 ELSE 0 END,
    tried_at = CASE state WHEN 'pending' THEN now() ELSE tried_at END
WHERE tenant_id = %(tenant)s AND key = %(key)s
RETURNING place, reply, reply_token, draft, state, attempts, message_id;

-- name: record_posted
UPDATE outbox
SET state = 'posted',
    message_id = coalesce(message_id, %(message)s),
    posted_at = coalesce(posted_at, now()),
    -- More than one attempt may have posted, or this one after another.
    doubtful = doubtful OR attempts > 1 OR coalesce(draft, '-') = ''
        OR coalesce(message_id, %(message)s) <> %(message)s OR EXISTS (
        SELECT FROM inbox
        WHERE inbox.tenant_id = outbox.tenant_id AND item_id = split_part(outbox.key, ':', 1)
          AND inbox.attempts > 1
    ),
    error = NULL
WHERE tenant_id = %(tenant)s AND key = %(key)s
RETURNING message_id;

-- name: take_overdue
WITH overdue AS (
    SELECT outbox.tenant_id, outbox.key,
           split_part(key, ':', 2) = 'queue' OR inbox.error = 'withdrawn' AS outdated
    FROM outbox LEFT JOIN inbox
        ON inbox.tenant_id = outbox.tenant_id AND item_id = split_part(outbox.key, ':', 1)
    WHERE outbox.state = 'pending' AND tried_at < now() - make_interval(secs => %(age)s)
      AND outbox.platform = ANY(%(platforms)s)
      AND (inbox.state IS NULL OR inbox.state IN ('done', 'dead'))
    ORDER BY tried_at
    LIMIT %(limit)s
    FOR UPDATE OF outbox SKIP LOCKED
)
UPDATE outbox
SET tried_at = now(),
    state = CASE WHEN outdated THEN 'dead' ELSE state END,
    reply = CASE WHEN outdated THEN %(blank)s ELSE reply END,
    error = CASE WHEN outdated THEN 'outdated' ELSE error END
FROM overdue
WHERE outbox.tenant_id = overdue.tenant_id AND outbox.key = overdue.key
RETURNING outbox.tenant_id, outbox.key, state;

-- name: list_doubtful
SELECT tenant_id, key, place, message_id FROM outbox
WHERE doubtful AND posted_at < now() - make_interval(secs => %(age)s)
  AND platform = ANY(%(platforms)s) AND state = 'posted'
ORDER BY posted_at
LIMIT %(limit)s;

-- name: record_swept
UPDATE outbox SET doubtful = false WHERE tenant_id = %(tenant)s AND key = %(key)s;

-- name: record_failure
UPDATE outbox SET error = %(error)s, state = CASE WHEN %(dead)s THEN 'dead' ELSE state END
WHERE tenant_id = %(tenant)s AND key = %(key)s AND owner = %(owner)s AND state = 'pending';

-- name: resolve_workspace
SELECT tenant_id FROM workspace
WHERE platform = %(platform)s AND workspace_id = %(workspace)s
  AND (unlinked_at IS NULL OR %(even_unlinked)s)
ORDER BY created_at
LIMIT 1;

-- name: add_tenant
INSERT INTO tenant (tenant_id) VALUES (%(tenant)s) ON CONFLICT DO NOTHING;

-- name: link_workspace
INSERT INTO workspace (tenant_id, platform, workspace_id, name, organisation)
VALUES (%(tenant)s, %(platform)s, %(workspace)s, %(name)s, nullif(%(organisation)s, ''))
ON CONFLICT (tenant_id, platform, workspace_id) DO UPDATE
SET name = excluded.name, organisation = excluded.organisation, unlinked_at = NULL;

-- name: unlink_workspaces
UPDATE workspace SET unlinked_at = now(), heard_at = NULL, missed_since = NULL
WHERE platform = %(platform)s AND unlinked_at IS NULL
  AND (workspace_id = %(workspace)s OR organisation = %(workspace)s)
RETURNING tenant_id, workspace_id;

-- name: pause_left_sources
UPDATE source SET paused = true
WHERE tenant_id = %(tenant)s AND NOT paused AND (
    NOT EXISTS (
        SELECT FROM workspace WHERE tenant_id = %(tenant)s AND unlinked_at IS NULL
    )
    OR EXISTS (
        SELECT FROM transcript_channel AS heard
        WHERE heard.tenant_id = source.tenant_id AND heard.source_id = source.source_id
          AND heard.workspace = %(workspace)s
    )
);

-- name: put_installation
INSERT INTO slack_installation (tenant_id, installation_id, enterprise_id, name, bot_user, bot_id,
                                scopes, secrets, expires_at, installed_at)
VALUES (%(tenant)s, %(id)s, %(enterprise)s, %(name)s, %(bot_user)s, %(bot_id)s, %(scopes)s,
        %(secrets)s, %(expires_at)s, %(installed_at)s)
ON CONFLICT (installation_id) DO UPDATE
SET tenant_id = excluded.tenant_id, enterprise_id = excluded.enterprise_id, name = excluded.name,
    bot_user = excluded.bot_user, bot_id = excluded.bot_id, scopes = excluded.scopes,
    secrets = excluded.secrets, expires_at = excluded.expires_at,
    installed_at = excluded.installed_at;

-- name: find_installation
SELECT installation_id, enterprise_id, name, bot_user, bot_id, scopes, secrets, expires_at,
       installed_at
FROM slack_installation
WHERE installation_id = %(workspace)s OR installation_id IN (
    SELECT organisation FROM workspace
    WHERE platform = 'slack' AND workspace_id = %(workspace)s AND unlinked_at IS NULL
)
ORDER BY installation_id = %(workspace)s DESC
LIMIT 1;

-- name: list_installations
SELECT installation_id, enterprise_id, name, bot_user, bot_id, scopes, secrets, expires_at,
       installed_at
FROM slack_installation
WHERE tenant_id = %(tenant)s
ORDER BY installed_at;

-- name: lock_installation
SELECT installation_id, enterprise_id, name, bot_user, bot_id, scopes, secrets, expires_at,
       installed_at
FROM slack_installation WHERE installation_id = %(id)s
FOR UPDATE;

-- name: set_installation_token
UPDATE slack_installation SET secrets = %(secrets)s, expires_at = %(expires_at)s
WHERE installation_id = %(id)s;

-- name: remove_installation
DELETE FROM slack_installation
WHERE installation_id = %(id)s AND installed_at <= %(until)s
RETURNING installation_id;

-- name: list_sealed_installations
SELECT installation_id, secrets FROM slack_installation FOR UPDATE;

-- name: set_installation_secrets
UPDATE slack_installation SET secrets = %(secrets)s WHERE installation_id = %(id)s;

-- name: issue_oauth_state
INSERT INTO slack_oauth_state (digest, expires_at)
VALUES (%(digest)s, now() + make_interval(secs => %(seconds)s));

-- name: drop_old_oauth_states
DELETE FROM slack_oauth_state WHERE expires_at < now();

-- name: consume_oauth_state
DELETE FROM slack_oauth_state WHERE digest = %(digest)s RETURNING expires_at >= now();

-- name: is_admin
SELECT EXISTS (
    SELECT FROM admin
    WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND person = %(person)s
);

-- name: note_rights_changes
INSERT INTO rights_change AS known (platform, workspace_id, subject)
SELECT %(platform)s, %(workspace)s, subject FROM unnest(%(subjects)s::text[]) AS subject
ON CONFLICT (platform, workspace_id, subject) DO UPDATE SET changes = known.changes + 1;

-- name: count_rights_changes
SELECT changes FROM rights_change
WHERE platform = %(platform)s AND workspace_id = %(workspace)s AND subject = %(subject)s;

-- name: read_preferences
SELECT language, offers FROM preference
WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND person = %(person)s;

-- name: change_preferences
INSERT INTO preference AS known (tenant_id, platform, person, workspace, language, offers)
VALUES (%(tenant)s, %(platform)s, %(person)s, %(workspace)s, coalesce(%(wanted_language)s, ''),
        coalesce(%(wants_offers)s, true))
ON CONFLICT (tenant_id, platform, person) DO UPDATE
SET workspace = excluded.workspace,
    language = coalesce(%(wanted_language)s, known.language),
    offers = coalesce(%(wants_offers)s, known.offers)
RETURNING language, offers;

-- name: forget_preferences
DELETE FROM preference
WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND person = %(person)s;

-- name: insert_audit
INSERT INTO audit (tenant_id, platform, workspace, channel, person, item_id, command, outcome,
                   detail)
VALUES (%(tenant)s, %(platform)s, %(workspace)s, %(channel)s, %(person)s, %(item)s, %(command)s,
        %(outcome)s, %(detail)s)
ON CONFLICT (tenant_id, item_id, command, outcome) DO NOTHING;

-- name: lock_due_sources
SELECT tenant_id, source_id, name, schedule FROM source
WHERE next_sync_at <= %(now)s AND NOT paused
ORDER BY next_sync_at
LIMIT 100
FOR UPDATE SKIP LOCKED;

-- name: plan_source
UPDATE source SET next_sync_at = %(next)s
WHERE tenant_id = %(tenant)s AND source_id = %(source)s;

-- name: list_audit
SELECT at, platform, workspace, channel, person, command, outcome, detail
FROM audit WHERE tenant_id = %(tenant)s
ORDER BY at DESC, audit_id DESC
LIMIT %(limit)s;

-- name: find_schedule
SELECT item_id FROM audit
WHERE tenant_id = %(tenant)s AND outcome = 'scheduled'
  AND command LIKE 'sources schedule %%' AND split_part(command, ' ', 3) = %(name)s
ORDER BY at DESC
LIMIT 1;

-- name: find_thread
SELECT thread, person FROM inbox
WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND message = %(message)s;

-- name: list_cursors
SELECT channel, message FROM discord_cursor
WHERE tenant_id = (
    SELECT tenant_id FROM workspace
    WHERE platform = 'discord' AND workspace_id = %(workspace)s
    ORDER BY created_at LIMIT 1
) AND workspace = %(workspace)s AND changed_at > %(since)s
ORDER BY changed_at DESC
LIMIT %(limit)s;

-- name: advance_cursors
INSERT INTO discord_cursor (tenant_id, workspace, channel, message)
SELECT home.tenant_id, heard.workspace, heard.channel, heard.message
FROM unnest(%(workspaces)s::text[], %(channels)s::text[], %(messages)s::bigint[])
     AS heard (workspace, channel, message)
CROSS JOIN LATERAL (
    SELECT tenant_id FROM workspace
    WHERE platform = 'discord' AND workspace_id = heard.workspace
    ORDER BY created_at LIMIT 1
) AS home
ON CONFLICT (tenant_id, workspace, channel) DO UPDATE
SET message = greatest(discord_cursor.message, excluded.message), changed_at = now();

-- name: hear_workspaces
WITH heard AS (
    -- In one order, lest two processes wait for each other.
    SELECT tenant_id, workspace_id,
           %(doubtful)s OR heard_at < now() - %(patience)s::interval AS is_after_gap
    FROM workspace
    WHERE platform = 'slack' AND unlinked_at IS NULL
      AND (%(home)s::text IS NULL OR workspace_id = %(home)s)
      AND (%(doubtful)s OR heard_at IS NULL OR heard_at < now() - %(rest)s::interval)
    ORDER BY tenant_id, workspace_id
    FOR UPDATE
)
UPDATE workspace
SET heard_at = now(),
    missed_since = CASE WHEN is_after_gap
        THEN coalesce(missed_since, heard_at - %(overlap)s::interval) ELSE missed_since END,
    missed_until = CASE WHEN is_after_gap THEN now() ELSE missed_until END
FROM heard
WHERE platform = 'slack' AND workspace.tenant_id = heard.tenant_id
  AND workspace.workspace_id = heard.workspace_id;

-- name: take_gap
WITH next AS (
    SELECT tenant_id, workspace_id FROM workspace
    WHERE platform = 'slack' AND unlinked_at IS NULL AND missed_since IS NOT NULL
      AND (%(home)s::text IS NULL OR workspace_id = %(home)s)
      AND (catch_up_until IS NULL OR catch_up_until < now())
    ORDER BY missed_since
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
UPDATE workspace
SET catch_up_owner = %(owner)s, catch_up_until = now() + %(lease)s::interval
FROM next
WHERE platform = 'slack' AND workspace.tenant_id = next.tenant_id
  AND workspace.workspace_id = next.workspace_id
RETURNING workspace.workspace_id, missed_since, missed_until, now();

-- name: keep_gaps
UPDATE workspace SET catch_up_until = now() + %(lease)s::interval
WHERE platform = 'slack' AND catch_up_owner = %(owner)s
  AND workspace_id = ANY(%(workspaces)s::text[]);

-- name: close_gap
UPDATE workspace
SET missed_since = CASE WHEN missed_until > %(at)s::timestamptz
        THEN %(at)s::timestamptz - %(overlap)s::interval END,
    catch_up_owner = NULL, catch_up_until = NULL
WHERE platform = 'slack' AND workspace_id = %(workspace)s AND catch_up_owner = %(owner)s;

-- name: leave_gaps
UPDATE workspace SET catch_up_owner = NULL, catch_up_until = NULL
WHERE platform = 'slack' AND catch_up_owner = %(owner)s;

-- name: list_asked
SELECT payload->'place'->>'channel', payload->'place'->>'thread'
FROM inbox
WHERE tenant_id = (
    SELECT tenant_id FROM workspace
    WHERE platform = 'slack' AND workspace_id = %(workspace)s
    ORDER BY created_at LIMIT 1
) AND platform = 'slack' AND kind = 'question' AND received_at > %(since)s
  AND payload->'place'->>'workspace' = %(workspace)s
GROUP BY 1, 2
ORDER BY max(received_at) DESC
LIMIT %(limit)s;

-- name: read_command_digest
SELECT digest FROM discord_commands WHERE application = %(application)s;

-- name: write_command_digest
INSERT INTO discord_commands (application, digest) VALUES (%(application)s, %(told)s)
ON CONFLICT (application) DO UPDATE SET digest = excluded.digest;

-- name: lock_shards
SELECT pg_advisory_xact_lock(hashtextextended('discord:' || %(application)s, 0));

-- name: drop_dead_processes
DELETE FROM discord_process
WHERE application = %(application)s AND owner <> %(owner)s
  AND seen_at < now() - make_interval(secs => %(seconds)s);

-- name: list_processes
SELECT owner, shards, held FROM discord_process
WHERE application = %(application)s AND owner <> %(owner)s;

-- name: put_process
INSERT INTO discord_process (application, owner, shards, held)
VALUES (%(application)s, %(owner)s, %(shards)s, %(held)s)
ON CONFLICT (application, owner) DO UPDATE
SET shards = excluded.shards, held = excluded.held, seen_at = now();

-- name: remove_process
DELETE FROM discord_process WHERE application = %(application)s AND owner = %(owner)s;

-- name: reserve_identify
INSERT INTO discord_identify (application, bucket, next_at)
VALUES (%(application)s, %(bucket)s, clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (application, bucket) DO UPDATE
SET next_at = greatest(discord_identify.next_at, clock_timestamp())
              + make_interval(secs => %(seconds)s)
RETURNING greatest(
    extract(epoch FROM next_at - make_interval(secs => %(seconds)s) - clock_timestamp()), 0
)::float8;

-- name: put_answer_record
INSERT INTO answer_record (tenant_id, question_id, thread, question, outcome, model, trace,
                           timings_ms, calls, input_tokens, output_tokens, cost, error, answered_at,
                           answer, citations)
VALUES (%(tenant)s, %(item)s, %(thread)s, %(question)s, %(outcome)s, %(model)s, %(trace)s,
        %(timings)s, %(calls)s, %(input)s, %(output)s, %(cost)s, %(error)s, %(at)s, %(answer)s,
        %(citations)s)
ON CONFLICT (tenant_id, question_id) DO UPDATE
SET thread = excluded.thread, question = excluded.question, outcome = excluded.outcome,
    model = excluded.model, trace = excluded.trace, timings_ms = excluded.timings_ms,
    calls = excluded.calls, input_tokens = excluded.input_tokens,
    output_tokens = excluded.output_tokens, cost = excluded.cost, error = excluded.error,
    answered_at = excluded.answered_at, answer = excluded.answer, citations = excluded.citations;

-- name: get_answer_record
SELECT question_id, tenant_id, thread, question, outcome, model, trace, timings_ms, calls,
       input_tokens, output_tokens, cost, error, answered_at, answer, citations
FROM answer_record WHERE tenant_id = %(tenant)s AND question_id = %(item)s;

-- name: list_answer_records
SELECT question_id, tenant_id, thread, question, outcome, model, trace, timings_ms, calls,
       input_tokens, output_tokens, cost, error, answered_at, answer, citations
FROM answer_record WHERE tenant_id = %(tenant)s
ORDER BY answered_at DESC LIMIT %(limit)s;

-- name: withdraw_answer_record
DELETE FROM answer_record WHERE tenant_id = %(tenant)s AND question_id = %(item)s;

-- name: forget_answer_records
DELETE FROM answer_record WHERE tenant_id = %(tenant)s AND thread = %(thread)s;

-- name: load_memory
SELECT state FROM thread_memory WHERE tenant_id = %(tenant)s AND thread = %(thread)s;

-- name: save_memory
INSERT INTO thread_memory (tenant_id, thread, state)
VALUES (%(tenant)s, %(thread)s, %(memory)s)
ON CONFLICT (tenant_id, thread) DO UPDATE SET state = excluded.state, changed_at = now();

-- name: forget_memory
DELETE FROM thread_memory WHERE tenant_id = %(tenant)s AND thread = %(thread)s;

-- name: load_channel
SELECT settings FROM channel
WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND workspace = %(workspace)s
  AND channel = %(channel)s;

-- name: open_channel
INSERT INTO channel (tenant_id, platform, workspace, channel)
VALUES (%(tenant)s, %(platform)s, %(workspace)s, %(channel)s)
ON CONFLICT DO NOTHING;

-- name: lock_channel
SELECT settings FROM channel
WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND workspace = %(workspace)s
  AND channel = %(channel)s
FOR UPDATE;

-- name: change_channel
UPDATE channel
SET settings = (settings || %(given)s) - %(gone)s::text[], changed_at = now()
WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND workspace = %(workspace)s
  AND channel = %(channel)s;

-- name: put_feedback
INSERT INTO answer_feedback (tenant_id, question_id, platform, person, vote, reason, comment)
SELECT tenant_id, question_id, %(platform)s, %(person)s, %(vote)s, %(reason)s, %(comment)s
FROM answer_record WHERE tenant_id = %(tenant)s AND question_id = %(item)s
ON CONFLICT (tenant_id, question_id, platform, person) DO UPDATE
SET vote = excluded.vote, reason = excluded.reason, comment = excluded.comment, given_at = now()
RETURNING question_id;

-- name: list_feedback
SELECT question_id, given_at, platform, person, vote, reason, comment, question, answer, outcome
FROM answer_feedback JOIN answer_record USING (tenant_id, question_id)
WHERE tenant_id = %(tenant)s AND (%(vote)s = '' OR vote = %(vote)s)
ORDER BY given_at DESC
LIMIT %(limit)s;

-- name: put_call
INSERT INTO hand_off (tenant_id, question_id, platform, asked_by, letter)
SELECT tenant_id, question_id, %(platform)s, %(person)s, %(letter)s
FROM answer_record WHERE tenant_id = %(tenant)s AND question_id = %(item)s
ON CONFLICT (tenant_id, question_id) DO UPDATE SET letter = hand_off.letter
RETURNING letter;

-- name: resolve_call
UPDATE hand_off
SET resolved_by = coalesce(resolved_by, %(person)s), resolved_at = coalesce(resolved_at, now())
WHERE tenant_id = %(tenant)s AND question_id = %(item)s
RETURNING letter;

-- name: open_allowances
INSERT INTO allowance (tenant_id, name, level, at)
SELECT %(tenant)s, given.name, 0, %(now)s FROM unnest(%(names)s::text[]) AS given(name)
ORDER BY given.name
ON CONFLICT DO NOTHING;

-- name: take_allowances
WITH given AS (
    SELECT * FROM unnest(%(names)s::text[], %(most)s::float8[], %(drains)s::float8[])
        AS given(name, most, drain)
), held AS (
    SELECT name, level, at FROM allowance
    WHERE tenant_id = %(tenant)s AND name = ANY(%(names)s::text[])
    ORDER BY name
    FOR UPDATE
), now_held AS (
    SELECT held.name, given.most,
        greatest(0, held.level
            - given.drain * greatest(0, extract(epoch FROM %(now)s::timestamptz - held.at)))
            AS level
    FROM held JOIN given ON given.name = held.name
), short AS (
    SELECT name, level + 1 - most AS excess FROM now_held WHERE level + 1 > most + 1e-6
), taken AS (
    UPDATE allowance
    SET level = now_held.level + 1, at = greatest(allowance.at, %(now)s::timestamptz)
    FROM now_held
    WHERE allowance.tenant_id = %(tenant)s AND allowance.name = now_held.name
      AND NOT EXISTS (SELECT FROM short)
)
SELECT name, excess FROM short;

-- name: spend_allowances
INSERT INTO allowance (tenant_id, name, level, at)
SELECT %(tenant)s, given.name, %(amount)s, %(now)s FROM unnest(%(names)s::text[]) AS given(name)
ORDER BY given.name
ON CONFLICT (tenant_id, name) DO UPDATE
SET level = allowance.level + excluded.level, at = excluded.at;

-- name: read_allowances
SELECT name, level FROM allowance
WHERE tenant_id = %(tenant)s AND name = ANY(%(names)s::text[]);

-- name: drop_old_allowances
DELETE FROM allowance WHERE at < %(now)s::timestamptz - interval '2 days';

-- name: list_own_threads
SELECT DISTINCT thread FROM inbox
WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND person = %(person)s
  AND kind = 'question' AND payload->>'text' <> ''
  AND payload->'place'->>'workspace' = %(workspace)s
  AND (%(everywhere)s OR coalesce(payload->'place'->>'parent', payload->'place'->>'channel')
       = %(channel)s)
ORDER BY thread;

-- name: blank_questions
WITH blanked AS (
    UPDATE inbox SET payload = payload || '{"text": "", "attachments": []}'
    WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND person = %(person)s
      AND kind = 'question' AND thread = ANY(%(threads)s::text[]) AND state IN ('done', 'dead')
    RETURNING item_id
), led AS (
    SELECT item_id FROM blanked
    UNION
    -- What was shown of the answers on demand, and messages that call people to them.
    SELECT item_id FROM inbox
    WHERE tenant_id = %(tenant)s AND kind = 'command' AND (
        payload->>'name' IN ('answer', 'proof')
            AND payload->'words' ?| ARRAY(SELECT item_id FROM blanked)
        OR payload->>'name' = 'proof' AND payload->'words' = '[]'
            AND platform = %(platform)s AND person = %(person)s
    )
)
UPDATE outbox SET reply = %(blank)s
FROM led
WHERE outbox.tenant_id = %(tenant)s AND outbox.key >= led.item_id || ':'
  AND outbox.key < led.item_id || ';'
  -- What is about to be posted keeps its words, unless nobody is left to post it.
  AND (outbox.state <> 'pending' OR outbox.created_at < now() - interval '1 hour');

-- name: keeps_more
SELECT EXISTS (
    SELECT FROM answer_feedback
    WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND person = %(person)s
) OR EXISTS (
    SELECT FROM inbox
    WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND person = %(person)s
      AND kind = 'command' AND payload->>'name' = 'search' AND payload->'words' <> '[]'
);

-- name: forget_votes
DELETE FROM answer_feedback
WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND person = %(person)s;

-- name: blank_searches
WITH blanked AS (
    UPDATE inbox SET payload = payload || '{"words": []}'
    WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND person = %(person)s
      AND kind = 'command' AND payload->>'name' = 'search' AND state IN ('done', 'dead')
    RETURNING item_id
)
UPDATE outbox SET reply = %(blank)s
FROM blanked
WHERE outbox.tenant_id = %(tenant)s AND outbox.key >= blanked.item_id || ':'
  AND outbox.key < blanked.item_id || ';' AND outbox.state <> 'pending';

-- name: find_workspaces_of
SELECT tenant_id, workspace_id FROM workspace
WHERE platform = %(platform)s
  AND (workspace_id = %(workspace)s OR organisation = %(workspace)s);

-- name: forget_items_of_workspace
DELETE FROM inbox
WHERE tenant_id = %(tenant)s AND platform = %(platform)s
  AND payload->'place'->>'workspace' = %(workspace)s;

-- name: forget_allowances_of_workspace
DELETE FROM allowance
WHERE tenant_id = %(tenant)s
  AND position(':' || %(platform)s::text || ':' || %(workspace)s::text || ':' IN ':' || name) > 0;

-- name: forget_letters_of_workspace
DELETE FROM outbox
WHERE tenant_id = %(tenant)s AND platform = %(platform)s
  AND place->>'workspace' = %(workspace)s;

-- name: forget_answers_of_workspace
DELETE FROM answer_record WHERE tenant_id = %(tenant)s AND starts_with(thread, %(prefix)s);

-- name: forget_memories_of_workspace
DELETE FROM thread_memory WHERE tenant_id = %(tenant)s AND starts_with(thread, %(prefix)s);

-- name: forget_channels_of_workspace
DELETE FROM channel
WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND workspace = %(workspace)s;

-- name: forget_preferences_of_workspace
DELETE FROM preference
WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND workspace = %(workspace)s;

-- name: forget_audit_of_workspace
DELETE FROM audit
WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND workspace = %(workspace)s;

-- name: forget_cursors_of_workspace
DELETE FROM discord_cursor WHERE tenant_id = %(tenant)s AND workspace = %(workspace)s;

-- name: forget_rights_of_workspace
DELETE FROM rights_change WHERE platform = %(platform)s AND workspace_id = %(workspace)s;

-- name: forget_sources_of_workspace
DELETE FROM source
WHERE tenant_id = %(tenant)s AND EXISTS (
    SELECT FROM transcript_channel AS heard
    WHERE heard.tenant_id = source.tenant_id AND heard.source_id = source.source_id
      AND heard.workspace = %(workspace)s
);

-- name: forget_installation_of_workspace
DELETE FROM slack_installation
WHERE %(platform)s = 'slack' AND installation_id = %(workspace)s;

-- name: forget_workspace
DELETE FROM workspace
WHERE tenant_id = %(tenant)s AND platform = %(platform)s AND workspace_id = %(workspace)s;

-- name: forget_left_tenant
DELETE FROM tenant
WHERE tenant_id = %(tenant)s AND tenant_id <> 'default'
  AND NOT EXISTS (SELECT FROM workspace WHERE tenant_id = %(tenant)s);

-- name: list_surplus
WITH waiting AS (
    SELECT tenant_id, item_id, row_number() OVER line AS number,
           extract(epoch FROM now() - first_value(received_at) OVER line)::float8 AS waited
    FROM inbox
    WHERE state = 'queued' AND kind = 'question'
    WINDOW line AS (PARTITION BY tenant_id ORDER BY received_at, item_id)
)
SELECT inbox.tenant_id, inbox.item_id, inbox.payload, waiting.waited
FROM inbox JOIN waiting
    ON waiting.tenant_id = inbox.tenant_id AND waiting.item_id = inbox.item_id
WHERE waiting.number > %(most_waiting)s AND inbox.platform = ANY(%(platforms)s::text[])
  AND inbox.state = 'queued' AND NOT inbox.stop_asked
  AND inbox.draft IS NULL AND NOT EXISTS (  -- it was revised
      SELECT FROM outbox
      WHERE outbox.tenant_id = inbox.tenant_id AND outbox.key = inbox.item_id || ':answer'
  )
ORDER BY inbox.received_at, inbox.item_id
LIMIT %(limit)s;

-- name: turn_away_waiting
UPDATE inbox SET state = 'done', finished_at = now()
WHERE tenant_id = %(tenant)s AND item_id = %(item)s AND state = 'queued' AND NOT stop_asked
RETURNING item_id;

-- name: take_untold
WITH waiting AS (
    SELECT tenant_id, item_id, row_number() OVER (ORDER BY received_at, item_id) AS number
    FROM inbox
    WHERE state = 'queued' AND kind = 'question' AND platform = ANY(%(platforms)s::text[])
), untold AS (
    SELECT inbox.tenant_id, inbox.item_id, waiting.number
    FROM inbox JOIN waiting
        ON waiting.tenant_id = inbox.tenant_id AND waiting.item_id = inbox.item_id
    WHERE waiting.number >= %(first)s AND inbox.state = 'queued' AND NOT inbox.told_place
      AND (inbox.told_place_at IS NULL
           OR inbox.told_place_at < now() - make_interval(secs => %(age)s))
    ORDER BY inbox.received_at, inbox.item_id
    LIMIT %(limit)s
    FOR UPDATE OF inbox SKIP LOCKED
)
UPDATE inbox SET told_place_at = now()
FROM untold
WHERE inbox.tenant_id = untold.tenant_id AND inbox.item_id = untold.item_id
RETURNING inbox.tenant_id, inbox.item_id, inbox.payload, untold.number;

-- name: note_told
UPDATE inbox SET told_place = true WHERE tenant_id = %(tenant)s AND item_id = %(item)s;
