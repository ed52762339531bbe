-- What people asked and commanded, what was said, who may command, and who did.

-- Questions and commands as they came in: the truth behind the job queue. `message` is unique as
-- well as `event`, because Slack tells of one mention in two events.
CREATE TABLE inbox (
    tenant_id    text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    item_id      text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('question', 'command')),
    platform     text NOT NULL,
    event        text NOT NULL,
    message      text NOT NULL,
    thread       text,
    person       text NOT NULL,
    payload      jsonb NOT NULL,
    state        text NOT NULL DEFAULT 'queued'
                 CHECK (state IN ('queued', 'working', 'answered', 'done', 'dead')),
    owner        text,
    attempts     integer NOT NULL DEFAULT 0,
    job_id       bigint,
    error        text,
    received_at  timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    PRIMARY KEY (tenant_id, item_id),
    UNIQUE (tenant_id, platform, event),
    UNIQUE (tenant_id, platform, message)
);
CREATE INDEX inbox_by_thread ON inbox (tenant_id, thread) WHERE thread IS NOT NULL;
CREATE INDEX inbox_open ON inbox (received_at) WHERE state IN ('queued', 'working', 'answered');

-- Replies on their way out; `message_id` is the platform's id once a reply is posted.
CREATE TABLE outbox (
    tenant_id    text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    key          text COLLATE "C" NOT NULL,
    platform     text NOT NULL,
    place        jsonb NOT NULL,
    reply        jsonb NOT NULL,
    reply_token  jsonb NOT NULL DEFAULT '{}',
    state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'posted', 'dead')),
    owner        text,
    attempts     integer NOT NULL DEFAULT 0,
    message_id   text,
    error        text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    posted_at    timestamptz,
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX outbox_pending ON outbox (created_at) WHERE state = 'pending';

-- Admins made in chat; those of the settings are not listed here.
CREATE TABLE admin (
    tenant_id   text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    platform    text NOT NULL,
    person      text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, platform, person)
);

CREATE TABLE audit (
    tenant_id   text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    audit_id    bigint GENERATED ALWAYS AS IDENTITY,
    at          timestamptz NOT NULL DEFAULT now(),
    platform    text NOT NULL,
    workspace   text NOT NULL,
    channel     text NOT NULL,
    person      text NOT NULL,
    item_id     text NOT NULL,
    command     text NOT NULL,
    outcome     text NOT NULL,
    detail      text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, audit_id)
);
CREATE INDEX audit_by_time ON audit (tenant_id, at DESC);
-- A command that is carried out again after a crash leaves one entry.
CREATE UNIQUE INDEX audit_once ON audit (tenant_id, item_id, command, outcome);
