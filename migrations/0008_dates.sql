-- Questions about what changed in a time begin with the documents of that time.
CREATE INDEX document_by_date ON document (tenant_id, modified_at);
