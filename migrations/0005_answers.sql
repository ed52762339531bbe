-- How each question was answered: what the reference of a reply leads to. It goes with its thread.
CREATE TABLE answer_record (
    tenant_id      text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    question_id    text NOT NULL,
    thread         text NOT NULL,
    question       text NOT NULL,
    outcome        text NOT NULL,
    model          text NOT NULL,
    trace          text[] NOT NULL,
    timings_ms     jsonb NOT NULL,
    calls          integer NOT NULL,
    input_tokens   integer NOT NULL,
    output_tokens  integer NOT NULL,
    cost           double precision,
    error          text NOT NULL DEFAULT '',
    answered_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, question_id)
);
CREATE INDEX answer_record_by_time ON answer_record (tenant_id, answered_at DESC);
CREATE INDEX answer_record_by_thread ON answer_record (tenant_id, thread);

-- What a conversation is remembered by: its latest state, as the agent wrote it.
CREATE TABLE thread_memory (
    tenant_id   text NOT NULL REFERENCES tenant ON DELETE CASCADE,
    thread      text NOT NULL,
    state       bytea NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, thread)
);
