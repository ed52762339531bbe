-- The workspace in which a person chose last, so that what was chosen goes with it.
ALTER TABLE preference ADD COLUMN workspace text NOT NULL DEFAULT '';

UPDATE preference SET workspace = coalesce((
    SELECT payload->'place'->>'workspace' FROM inbox
    WHERE inbox.tenant_id = preference.tenant_id AND inbox.platform = preference.platform
      AND inbox.person = preference.person
    ORDER BY received_at DESC
    LIMIT 1
), '');
