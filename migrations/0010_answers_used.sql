-- What people do with an answer: look at what it rests on, say how it was, ask for a person.

-- What was answered, and the passages that it cites, so that they can be shown on demand.
ALTER TABLE answer_record
    ADD COLUMN answer text NOT NULL DEFAULT '',
    ADD COLUMN citations jsonb NOT NULL DEFAULT '[]';

-- One vote a person and answer, the last one. It goes with the record of the answer.
CREATE TABLE answer_feedback (
    tenant_id    text NOT NULL,
    question_id  text NOT NULL,
    platform     text NOT NULL,
    person       text NOT NULL,
    vote         text NOT NULL CHECK (vote IN ('good', 'bad')),
    reason       text NOT NULL DEFAULT '',
    comment      text NOT NULL DEFAULT '',
    given_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, question_id, platform, person),
    FOREIGN KEY (tenant_id, question_id) REFERENCES answer_record ON DELETE CASCADE
);
CREATE INDEX answer_feedback_by_time ON answer_feedback (tenant_id, given_at DESC);

-- An answer that people were called to. `letter` is the key of the message that calls them.
CREATE TABLE hand_off (
    tenant_id    text NOT NULL,
    question_id  text NOT NULL,
    platform     text NOT NULL,
    asked_by     text NOT NULL,
    letter       text NOT NULL,
    asked_at     timestamptz NOT NULL DEFAULT now(),
    resolved_by  text,
    resolved_at  timestamptz,
    PRIMARY KEY (tenant_id, question_id),
    FOREIGN KEY (tenant_id, question_id) REFERENCES answer_record ON DELETE CASCADE
);
