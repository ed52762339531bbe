-- How the bot is set up in each channel, by id: text by the name of the setting. What is not set
-- here is as usual, so a channel without a row is as usual in everything.
CREATE TABLE channel (
    tenant_id   text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    platform    text NOT NULL,
    workspace   text NOT NULL,
    channel     text NOT NULL,
    settings    jsonb NOT NULL DEFAULT '{}',
    changed_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, platform, workspace, channel)
);

-- What was used up of what people, channels and tenants may use: `level` rises with each use, and
-- drains with time where the limit is one of pace. A day's budget has the day in its name.
CREATE TABLE allowance (
    tenant_id   text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    name        text COLLATE "C" NOT NULL,
    level       double precision NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
CREATE INDEX allowance_by_time ON allowance (at);

-- Whose number in the queue was told when; and whose conversations are whose.
ALTER TABLE inbox ADD COLUMN told_place_at timestamptz;
CREATE INDEX inbox_by_person ON inbox (tenant_id, platform, person) WHERE kind = 'question';
