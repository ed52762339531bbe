-- Slack in many workspaces, and transcripts of the channels that are sources.

-- `organisation` is the Slack organisation whose installation serves the workspace, where it has
-- none of its own. A workspace that let the app go stays, unlinked, until it is forgotten.
ALTER TABLE workspace
    ADD COLUMN organisation text,
    ADD COLUMN unlinked_at timestamptz;

-- Where the app is installed by OAuth: in a workspace (T…) or a whole organisation (E…). `secrets`
-- are encrypted; `expires_at` is when the token does, where tokens are rotated.
CREATE TABLE slack_installation (
    tenant_id        text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    installation_id  text NOT NULL UNIQUE,
    enterprise_id    text NOT NULL DEFAULT '',
    name             text NOT NULL DEFAULT '',
    bot_user         text NOT NULL,
    bot_id           text NOT NULL,
    scopes           text[] NOT NULL DEFAULT '{}',
    secrets          jsonb NOT NULL,
    expires_at       timestamptz,
    installed_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, installation_id)
);

-- Installations that were begun, by the digest of what the browser has to bring back.
CREATE TABLE slack_oauth_state (
    digest      bytea PRIMARY KEY,
    expires_at  timestamptz NOT NULL
);

-- A channel that a source reads. `reading` numbers the times that it was read whole: `read_down_to`
-- is the message down to which the present reading has come, `read_at` when it ended. `heard_at` is
-- when its events were last known to come in.
CREATE TABLE transcript_channel (
    tenant_id     text NOT NULL,
    source_id     bigint NOT NULL,
    channel       text NOT NULL,
    workspace     text NOT NULL,
    reading       integer NOT NULL DEFAULT 1,
    read_down_to  text,
    began_at      timestamptz NOT NULL DEFAULT now(),
    read_at       timestamptz,
    heard_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, source_id, channel),
    FOREIGN KEY (tenant_id, source_id) REFERENCES source ON DELETE CASCADE
);
CREATE INDEX transcript_channel_by_channel ON transcript_channel (channel);

-- What was said there. `edited` tells versions apart; of a deleted message nothing is left but that
-- it was there, so that a late delivery does not bring it back. `reading` is the last one that saw
-- it.
CREATE TABLE transcript_message (
    tenant_id   text NOT NULL,
    source_id   bigint NOT NULL,
    channel     text NOT NULL,
    ts          text COLLATE "C" NOT NULL,
    thread      text COLLATE "C" NOT NULL,
    author      text NOT NULL,
    text        text NOT NULL,
    edited      text COLLATE "C" NOT NULL DEFAULT '',
    is_human    boolean NOT NULL,
    is_deleted  boolean NOT NULL DEFAULT false,
    reading     integer NOT NULL,
    PRIMARY KEY (tenant_id, source_id, channel, ts),
    FOREIGN KEY (tenant_id, source_id, channel) REFERENCES transcript_channel ON DELETE CASCADE
);
CREATE INDEX transcript_message_by_thread
    ON transcript_message (tenant_id, source_id, channel, thread);
