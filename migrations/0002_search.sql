-- What a search reads: vectors per embedding model, terms for BM25, and who may see what.
-- Each follows a chunk; none is needed to show one.

-- Every distinct readership of a source, numbered, so that rows carry one integer instead of an
-- array of labels, and how much a reader may see is known without counting rows.
CREATE TABLE access_group (
    tenant_id  text NOT NULL,
    group_id   integer GENERATED ALWAYS AS IDENTITY,
    source_id  bigint NOT NULL,
    audience   text[] NOT NULL,
    chunks     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, group_id),
    UNIQUE (tenant_id, source_id, audience),
    FOREIGN KEY (tenant_id, source_id) REFERENCES source ON DELETE CASCADE
) WITH (fillfactor = 70);

-- Models are the same for all tenants, so this table alone is not keyed by tenant.
CREATE TABLE embedding_model (
    model_id    smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    dimensions  integer NOT NULL CHECK (dimensions BETWEEN 1 AND 4000)
);

-- The index over `passage` is made for each model when it is first used: one per model, partial,
-- because HNSW needs vectors of one length.
-- `sentences` holds k vectors as one byte per dimension, then k scales as float32, little-endian;
-- `tokens` what late interaction compares, `token_bytes` for each token.
CREATE TABLE embedding (
    tenant_id    text NOT NULL,
    chunk_id     bigint NOT NULL,
    model_id     smallint NOT NULL REFERENCES embedding_model,
    group_id     integer NOT NULL,
    passage      halfvec NOT NULL,
    sentences    bytea,
    tokens       bytea,
    token_bytes  smallint,
    PRIMARY KEY (tenant_id, chunk_id, model_id),
    FOREIGN KEY (tenant_id, chunk_id) REFERENCES chunk ON DELETE CASCADE
);
ALTER TABLE embedding ALTER COLUMN passage SET STORAGE MAIN;
ALTER TABLE embedding ALTER COLUMN sentences SET STORAGE EXTERNAL;
ALTER TABLE embedding ALTER COLUMN tokens SET STORAGE EXTERNAL;
CREATE INDEX embedding_by_group ON embedding (tenant_id, model_id, group_id);

-- `terms` are hashes of tenant and term, in the order of the text and with repeats; the first
-- `title_length` come from the title and the headings.
-- `weights` holds each term's share of the BM25 score before idf, at the mean length `pivot` that
-- held when the row was written: it ranks candidates inside the database. The exact score is
-- computed for the best of them from the other columns and the statistics below.
CREATE TABLE lexical_chunk (
    tenant_id    text NOT NULL,
    chunk_id     bigint NOT NULL,
    document_id  bigint NOT NULL,
    group_id     integer NOT NULL,
    title_length integer NOT NULL,
    pivot        real NOT NULL,
    terms        integer[] NOT NULL,
    weights      sparsevec NOT NULL,
    PRIMARY KEY (tenant_id, chunk_id),
    FOREIGN KEY (tenant_id, chunk_id) REFERENCES chunk ON DELETE CASCADE
) WITH (toast_tuple_target = 8160);
CREATE INDEX lexical_chunk_by_term ON lexical_chunk USING gin (terms);
CREATE INDEX lexical_chunk_by_group ON lexical_chunk (tenant_id, group_id);
CREATE INDEX lexical_chunk_by_document ON lexical_chunk (tenant_id, document_id);

-- Here `terms` are sorted and come once, with one uint16 (little-endian) in `frequencies` for each.
CREATE TABLE lexical_document (
    tenant_id    text NOT NULL,
    document_id  bigint NOT NULL,
    length       integer NOT NULL,
    terms        integer[] NOT NULL,
    frequencies  bytea NOT NULL,
    PRIMARY KEY (tenant_id, document_id),
    FOREIGN KEY (tenant_id, document_id) REFERENCES document ON DELETE CASCADE
);

CREATE TABLE lexical_term (
    tenant_id  text NOT NULL,
    term       integer NOT NULL,
    chunks     bigint NOT NULL DEFAULT 0,
    documents  bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, term)
) WITH (fillfactor = 70);

CREATE TABLE lexical_total (
    tenant_id        text PRIMARY KEY,
    chunks           bigint NOT NULL DEFAULT 0,
    chunk_length     bigint NOT NULL DEFAULT 0,
    documents        bigint NOT NULL DEFAULT 0,
    document_length  bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

-- The statistics are kept by triggers, so that they are right whichever way a row comes or goes,
-- cascades included. Writers of one tenant take turns: two that counted the same terms in
-- different orders would deadlock.

CREATE FUNCTION lock_statistics(tenant text) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('footnote statistics of ' || tenant, 0));
$$;

CREATE FUNCTION count_chunks() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    PERFORM lock_statistics(tenant_id)
    FROM (SELECT DISTINCT tenant_id FROM changed ORDER BY tenant_id) AS tenants;

    INSERT INTO lexical_term AS counted (tenant_id, term, chunks)
    SELECT tenant_id, term, sign * count(*)
    FROM (
        SELECT DISTINCT changed.tenant_id, changed.chunk_id, one.term
        FROM changed, unnest(changed.terms) AS one (term)
    ) AS occurring
    GROUP BY tenant_id, term
    ON CONFLICT (tenant_id, term) DO UPDATE SET chunks = counted.chunks + excluded.chunks;

    INSERT INTO lexical_total AS total (tenant_id, chunks, chunk_length)
    SELECT tenant_id, sign * count(*), sign * sum(cardinality(terms))
    FROM changed GROUP BY tenant_id
    ON CONFLICT (tenant_id) DO UPDATE SET
        chunks = total.chunks + excluded.chunks,
        chunk_length = total.chunk_length + excluded.chunk_length;

    UPDATE access_group SET chunks = access_group.chunks + sign * sums.chunks
    FROM (
        SELECT tenant_id, group_id, count(*) AS chunks FROM changed GROUP BY tenant_id, group_id
    ) AS sums
    WHERE access_group.tenant_id = sums.tenant_id AND access_group.group_id = sums.group_id;
    RETURN NULL;
END $$;

CREATE FUNCTION recount_groups() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE access_group SET chunks = access_group.chunks + sums.chunks
    FROM (
        SELECT tenant_id, group_id, sum(step) AS chunks
        FROM (
            SELECT tenant_id, group_id, 1 AS step FROM after
            UNION ALL
            SELECT tenant_id, group_id, -1 FROM before
        ) AS steps
        GROUP BY tenant_id, group_id
        HAVING sum(step) <> 0
    ) AS sums
    WHERE access_group.tenant_id = sums.tenant_id AND access_group.group_id = sums.group_id;
    RETURN NULL;
END $$;

CREATE FUNCTION count_documents() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    PERFORM lock_statistics(tenant_id)
    FROM (SELECT DISTINCT tenant_id FROM changed ORDER BY tenant_id) AS tenants;

    INSERT INTO lexical_term AS counted (tenant_id, term, documents)
    SELECT changed.tenant_id, one.term, sign * count(*)
    FROM changed, unnest(changed.terms) AS one (term)
    GROUP BY changed.tenant_id, one.term
    ON CONFLICT (tenant_id, term) DO UPDATE SET documents = counted.documents + excluded.documents;

    INSERT INTO lexical_total AS total (tenant_id, documents, document_length)
    SELECT tenant_id, sign * count(*), sign * sum(length) FROM changed GROUP BY tenant_id
    ON CONFLICT (tenant_id) DO UPDATE SET
        documents = total.documents + excluded.documents,
        document_length = total.document_length + excluded.document_length;
    RETURN NULL;
END $$;

CREATE TRIGGER lexical_chunk_added AFTER INSERT ON lexical_chunk
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_chunks();
CREATE TRIGGER lexical_chunk_removed AFTER DELETE ON lexical_chunk
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_chunks();
CREATE TRIGGER lexical_chunk_moved AFTER UPDATE ON lexical_chunk
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION recount_groups();
CREATE TRIGGER lexical_document_added AFTER INSERT ON lexical_document
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_documents();
CREATE TRIGGER lexical_document_removed AFTER DELETE ON lexical_document
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_documents();
