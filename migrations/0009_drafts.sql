-- What is seen of an answer while it is made, and that somebody asked to stop it.

-- `draft` is the platform's id of the message in which the answer is shown in the making, written
-- down as soon as there is one, so that another worker can go on with it and complete it.
ALTER TABLE inbox
    ADD COLUMN draft text,
    ADD COLUMN stop_asked boolean NOT NULL DEFAULT false;

-- The message whose place the reply takes; '' where there may be one that nobody wrote down.
ALTER TABLE outbox ADD COLUMN draft text;
