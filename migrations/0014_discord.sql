-- What several processes, or one after the other, must agree on to be one bot on Discord.

-- Up to which message each channel was heard. It is written after the inbox, so it may be too low
-- and is never too high.
CREATE TABLE discord_cursor (
    tenant_id   text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    workspace   text NOT NULL,
    channel     text NOT NULL,
    message     bigint NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, workspace, channel)
);

-- Processes that are alive, and which of the application's shards each serves. An application
-- serves every tenant.
CREATE TABLE discord_process (
    application  text NOT NULL,
    owner        text NOT NULL,
    shards       integer NOT NULL CHECK (shards > 0),
    held         integer[] NOT NULL DEFAULT '{}',
    seen_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (application, owner)
);

-- When a shard may identify itself next: shards of one bucket do so one after the other.
CREATE TABLE discord_identify (
    application  text NOT NULL,
    bucket       integer NOT NULL,
    next_at      timestamptz NOT NULL,
    PRIMARY KEY (application, bucket)
);

-- Which slash commands Discord was told of last.
CREATE TABLE discord_commands (
    application  text PRIMARY KEY,
    digest       text NOT NULL
);
