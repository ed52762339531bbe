-- Letters and numbers in the queue that a process left behind are found by another.

-- When a letter was written, changed or tried last: one that stays pending is taken up by a sweep.
-- Letters that nobody looked after before it are too old to be posted now.
ALTER TABLE outbox ADD COLUMN tried_at timestamptz NOT NULL DEFAULT now();
UPDATE outbox SET state = 'dead', owner = NULL, error = 'outdated'
WHERE state = 'pending' AND created_at < now() - interval '1 hour' AND NOT EXISTS (
    SELECT FROM inbox
    WHERE inbox.tenant_id = outbox.tenant_id AND item_id = split_part(outbox.key, ':', 1)
      AND inbox.state IN ('queued', 'working', 'answered')
);
DROP INDEX outbox_pending;
CREATE INDEX outbox_pending ON outbox (tried_at) WHERE state = 'pending';

-- `told_place_at` is when somebody last set about telling a number, `told_place` that it is told.
ALTER TABLE inbox ADD COLUMN told_place boolean NOT NULL DEFAULT false;
