-- Changes of rights that platforms told of, counted by what they made out of date, so that every
-- process knows when what it remembers is old.
CREATE TABLE rights_change (
    platform      text NOT NULL,
    workspace_id  text NOT NULL,
    subject       text NOT NULL,
    changes       bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (platform, workspace_id, subject)
);

-- What people chose for themselves on their home page.
CREATE TABLE preference (
    tenant_id  text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    platform   text NOT NULL,
    person     text NOT NULL,
    language   text NOT NULL DEFAULT '',
    offers     boolean NOT NULL DEFAULT true,
    PRIMARY KEY (tenant_id, platform, person)
);
