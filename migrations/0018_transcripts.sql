-- When a reading began is told by its number; nothing asked for the time.
ALTER TABLE transcript_channel DROP COLUMN began_at;
