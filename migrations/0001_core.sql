-- Tenants, sources, documents, chunks and the record of syncs.
-- tenant_id leads every key, so that the tables can be partitioned or distributed by it.

CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE tenant (
    tenant_id   text PRIMARY KEY,
    created_at  timestamptz NOT NULL DEFAULT now()
);
INSERT INTO tenant (tenant_id) VALUES ('default');

-- A Slack workspace or Discord guild belongs to a tenant.
CREATE TABLE workspace (
    tenant_id     text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    platform      text NOT NULL,
    workspace_id  text NOT NULL,
    name          text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, platform, workspace_id)
);
CREATE INDEX workspace_by_platform ON workspace (platform, workspace_id);

CREATE TABLE source (
    tenant_id   text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    source_id   bigint GENERATED ALWAYS AS IDENTITY,
    name        text NOT NULL,
    kind        text NOT NULL,
    config      jsonb NOT NULL,
    audience    text[] NOT NULL DEFAULT '{everyone}',
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, source_id),
    UNIQUE (tenant_id, name)
);

CREATE TABLE document (
    tenant_id     text NOT NULL,
    document_id   bigint GENERATED ALWAYS AS IDENTITY,
    source_id     bigint NOT NULL,
    external_id   text NOT NULL,
    url           text NOT NULL,
    title         text NOT NULL,
    body          text NOT NULL,
    audience      text[] NOT NULL,
    content_hash  text NOT NULL,
    fingerprint   text,
    version       integer NOT NULL DEFAULT 1,
    modified_at   timestamptz,
    synced_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, document_id),
    UNIQUE (tenant_id, source_id, external_id),
    FOREIGN KEY (tenant_id, source_id) REFERENCES source ON DELETE CASCADE
);

-- source_id and audience repeat the document's, so that a search filters without a join.
CREATE TABLE chunk (
    tenant_id     text NOT NULL,
    chunk_id      bigint GENERATED ALWAYS AS IDENTITY,
    document_id   bigint NOT NULL,
    source_id     bigint NOT NULL,
    audience      text[] NOT NULL,
    ordinal       integer NOT NULL,
    heading_path  text[] NOT NULL DEFAULT '{}',
    page          integer,
    anchor        text,
    start_char    integer NOT NULL,
    end_char      integer NOT NULL,
    body          text NOT NULL,
    tokens        integer NOT NULL,
    PRIMARY KEY (tenant_id, chunk_id),
    UNIQUE (tenant_id, document_id, ordinal),
    FOREIGN KEY (tenant_id, document_id) REFERENCES document ON DELETE CASCADE,
    CHECK (start_char <= end_char)
);

CREATE TABLE sync_run (
    tenant_id    text NOT NULL,
    run_id       text NOT NULL,
    source_id    bigint NOT NULL,
    mode         text NOT NULL,
    state        text NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT now(),
    heartbeat_at timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    listed       integer NOT NULL DEFAULT 0,
    added        integer NOT NULL DEFAULT 0,
    updated      integer NOT NULL DEFAULT 0,
    deleted      integer NOT NULL DEFAULT 0,
    unchanged    integer NOT NULL DEFAULT 0,
    failed       integer NOT NULL DEFAULT 0,
    chunks       integer NOT NULL DEFAULT 0,
    error        text,
    PRIMARY KEY (tenant_id, run_id),
    FOREIGN KEY (tenant_id, source_id) REFERENCES source ON DELETE CASCADE
);
CREATE INDEX sync_run_by_source ON sync_run (tenant_id, source_id, started_at DESC);
CREATE UNIQUE INDEX sync_run_one_at_a_time ON sync_run (tenant_id, source_id)
    WHERE state = 'running';

CREATE TABLE sync_failure (
    tenant_id    text NOT NULL,
    run_id       text NOT NULL,
    external_id  text NOT NULL,
    reason       text NOT NULL,
    PRIMARY KEY (tenant_id, run_id, external_id),
    FOREIGN KEY (tenant_id, run_id) REFERENCES sync_run ON DELETE CASCADE
);
