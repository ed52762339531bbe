-- What makes syncs manageable: schedules, pauses and secrets of sources, runs that can be followed,
-- cancelled and taken over, and documents that cannot be read.

-- `secrets` are encrypted; `schedule` holds cron, zone and window.
ALTER TABLE source
    ADD COLUMN secrets jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN schedule jsonb,
    ADD COLUMN next_sync_at timestamptz,
    ADD COLUMN paused boolean NOT NULL DEFAULT false;
CREATE INDEX source_due ON source (next_sync_at) WHERE next_sync_at IS NOT NULL AND NOT paused;

-- A run that follows an interrupted one of the same mode goes on with its work: both have one
-- `began_at`, and documents written since then are done. `held` names what the brake kept.
ALTER TABLE sync_run
    ADD COLUMN began_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN interrupted boolean NOT NULL DEFAULT false,
    ADD COLUMN cancel_requested boolean NOT NULL DEFAULT false,
    ADD COLUMN skipped integer NOT NULL DEFAULT 0,
    ADD COLUMN done integer NOT NULL DEFAULT 0,
    ADD COLUMN total integer NOT NULL DEFAULT 0,
    ADD COLUMN held text[] NOT NULL DEFAULT '{}';

-- A document that is broken is not read again until it changes.
CREATE TABLE unreadable_document (
    tenant_id    text NOT NULL,
    source_id    bigint NOT NULL,
    external_id  text NOT NULL,
    fingerprint  text,
    reason       text NOT NULL,
    since        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, source_id, external_id),
    FOREIGN KEY (tenant_id, source_id) REFERENCES source ON DELETE CASCADE
);

-- Addresses may be longer than a B-tree takes.
CREATE INDEX document_by_url ON document USING hash (url);
