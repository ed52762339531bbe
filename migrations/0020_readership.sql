-- What somebody may read of a source is found by its readerships, however much else it holds.
CREATE INDEX document_by_audience ON document (tenant_id, source_id, audience, document_id);
