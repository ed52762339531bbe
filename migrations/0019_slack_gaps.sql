-- When Slack's events were not heard. `heard_at` is when a process was last known to receive them;
-- between `missed_since` and `missed_until` some may not have been taken down, and the conversations
-- are to be read. One process does that: `catch_up_owner`, until `catch_up_until`.
ALTER TABLE workspace
    ADD COLUMN heard_at timestamptz,
    ADD COLUMN missed_since timestamptz,
    ADD COLUMN missed_until timestamptz,
    ADD COLUMN catch_up_owner text,
    ADD COLUMN catch_up_until timestamptz;
