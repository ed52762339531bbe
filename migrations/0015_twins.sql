-- A letter of which a second message may stand on the platform, until somebody has looked.
ALTER TABLE outbox ADD COLUMN doubtful boolean NOT NULL DEFAULT false;
CREATE INDEX outbox_doubtful ON outbox (posted_at) WHERE doubtful;
