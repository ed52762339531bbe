-- Every query of the store, by name. {model} and {dimensions} are integers that the store puts in
-- as literals, since the planner proves a partial index from literals only. Everything else is a
-- bound parameter.
-- A search names its scope in every query: the tenant, and either readers and sources or the access
-- groups that read_scope found visible to them under the same snapshot.

-- name: find_model
SELECT model_id, dimensions FROM embedding_model WHERE name = %(name)s;

-- name: add_model
INSERT INTO embedding_model (name, dimensions) VALUES (%(name)s, %(dimensions)s)
ON CONFLICT (name) DO NOTHING;

-- name: add_halfvec_index
CREATE INDEX IF NOT EXISTS embedding_nearest_{model} ON embedding
    USING hnsw ((passage::halfvec({dimensions})) halfvec_ip_ops)
    WITH (m = 24, ef_construction = 128) WHERE model_id = {model};

-- name: add_binary_index
CREATE INDEX IF NOT EXISTS embedding_nearest_{model} ON embedding
    USING hnsw (
        (binary_quantize(passage::halfvec({dimensions}))::bit({dimensions})) bit_hamming_ops
    ) WHERE model_id = {model};

-- name: drop_vector_index
DROP INDEX IF EXISTS embedding_nearest_{model};

-- name: look_for_vector_index
SELECT coalesce(sum(chunks), 0)::bigint, to_regclass('embedding_nearest_{model}') IS NOT NULL
FROM access_group;

-- name: read_vector_index
SELECT pg_get_indexdef(to_regclass('embedding_nearest_{model}'));

-- name: lock_statistics
SELECT lock_statistics(%(tenant)s);

-- name: list_documents
SELECT external_id, document_id, content_hash, fingerprint, audience, synced_at
FROM document
WHERE tenant_id = %(tenant)s AND source_id = %(source)s;

-- name: find_group
WITH found AS (
    SELECT group_id FROM access_group
    WHERE tenant_id = %(tenant)s AND source_id = %(source)s AND audience = %(audience)s
), made AS (
    INSERT INTO access_group AS existing (tenant_id, source_id, audience)
    SELECT %(tenant)s, %(source)s, %(audience)s WHERE NOT EXISTS (SELECT FROM found)
    ON CONFLICT (tenant_id, source_id, audience) DO UPDATE SET audience = existing.audience
    RETURNING group_id
)
SELECT group_id FROM found UNION ALL SELECT group_id FROM made;

-- name: put_documents
INSERT INTO document AS existing (
    tenant_id, source_id, external_id, url, title, body, audience, content_hash, fingerprint,
    modified_at
)
SELECT %(tenant)s, %(source)s, given.external_id, given.url, given.title, given.body,
    access_group.audience, given.content_hash, given.fingerprint, given.modified_at
FROM unnest(
    %(external_ids)s::text[], %(urls)s::text[], %(titles)s::text[], %(bodies)s::text[],
    %(groups)s::integer[], %(hashes)s::text[], %(fingerprints)s::text[],
    %(modified)s::timestamptz[]
) AS given (external_id, url, title, body, group_id, content_hash, fingerprint, modified_at)
JOIN access_group ON access_group.tenant_id = %(tenant)s AND access_group.group_id = given.group_id
ON CONFLICT (tenant_id, source_id, external_id) DO UPDATE SET
    url = excluded.url,
    title = excluded.title,
    body = excluded.body,
    audience = excluded.audience,
    content_hash = excluded.content_hash,
    fingerprint = excluded.fingerprint,
    modified_at = excluded.modified_at,
    version = existing.version + 1,
    synced_at = now()
RETURNING external_id, document_id, version, (SELECT model_id FROM active_model) AS active_model;

-- name: delete_lexical_chunks
DELETE FROM lexical_chunk
WHERE tenant_id = %(tenant)s AND document_id = ANY(%(documents)s::bigint[]);

-- name: delete_lexical_documents
DELETE FROM lexical_document
WHERE tenant_id = %(tenant)s AND document_id = ANY(%(documents)s::bigint[]);

-- name: delete_chunks
DELETE FROM chunk WHERE tenant_id = %(tenant)s AND document_id = ANY(%(documents)s::bigint[]);

-- name: take_chunk_ids
SELECT nextval(pg_get_serial_sequence('chunk', 'chunk_id')) FROM generate_series(1, %(count)s);

-- name: read_mean_length
SELECT chunk_length::real / chunks FROM lexical_total
WHERE tenant_id = %(tenant)s AND chunks > 0;

-- name: copy_chunks
COPY chunk (
    tenant_id, chunk_id, document_id, source_id, audience, ordinal, heading_path, page, anchor,
    start_char, end_char, body, tokens
) FROM STDIN (FORMAT binary);

-- name: copy_embeddings
COPY embedding (
    tenant_id, chunk_id, model_id, group_id, passage, sentences, tokens, token_bytes
) FROM STDIN (FORMAT binary);

-- name: copy_lexical_chunks
COPY lexical_chunk (
    tenant_id, chunk_id, document_id, group_id, title_length, pivot, terms, weights
) FROM STDIN (FORMAT binary);

-- name: copy_lexical_documents
COPY lexical_document (tenant_id, document_id, length, terms, frequencies)
FROM STDIN (FORMAT binary);

-- name: touch_document
UPDATE document AS d
SET url = %(url)s, fingerprint = %(fingerprint)s, modified_at = coalesce(%(modified)s, modified_at),
    synced_at = now()
WHERE tenant_id = %(tenant)s AND source_id = %(source)s AND external_id = %(external_id)s
RETURNING document_id, audience;

-- name: move_document
UPDATE document SET audience = %(audience)s
WHERE tenant_id = %(tenant)s AND document_id = %(document)s;

-- name: move_chunks
UPDATE chunk SET audience = %(audience)s
WHERE tenant_id = %(tenant)s AND document_id = %(document)s;

-- name: move_embeddings
UPDATE embedding SET group_id = %(group)s
WHERE tenant_id = %(tenant)s AND chunk_id IN (
    SELECT chunk_id FROM chunk WHERE tenant_id = %(tenant)s AND document_id = %(document)s
);

-- name: move_lexical_chunks
UPDATE lexical_chunk SET group_id = %(group)s
WHERE tenant_id = %(tenant)s AND document_id = %(document)s;

-- name: find_document_ids
SELECT document_id FROM document
WHERE tenant_id = %(tenant)s AND source_id = %(source)s
    AND external_id = ANY(%(external_ids)s::text[])
ORDER BY document_id
FOR UPDATE;

-- name: find_visible_ids
SELECT document_id FROM document
WHERE tenant_id = %(tenant)s AND source_id = %(source)s
    AND external_id = ANY(%(external_ids)s::text[]) AND cardinality(audience) > 0
ORDER BY document_id
FOR UPDATE;

-- name: delete_documents
DELETE FROM document
WHERE tenant_id = %(tenant)s AND document_id = ANY(%(documents)s::bigint[]);

-- name: read_active_model
SELECT spec FROM active_model;

-- name: begin_with_model
INSERT INTO active_model (model_id, spec)
SELECT model_id, %(spec)s FROM embedding_model WHERE name = %(name)s
ON CONFLICT (only_one) DO NOTHING;

-- name: activate_model
INSERT INTO active_model (model_id, spec) VALUES ({model}, %(spec)s)
ON CONFLICT (only_one)
DO UPDATE SET model_id = excluded.model_id, spec = excluded.spec, since = now();

-- name: list_tenants
SELECT tenant_id FROM tenant ORDER BY tenant_id;

-- name: lock_every_tenant
SELECT lock_statistics(tenant_id) FROM (SELECT tenant_id FROM tenant ORDER BY tenant_id) AS tenants;

-- name: count_embedded
SELECT (SELECT count(*) FROM embedding WHERE model_id = {model}),
    (SELECT coalesce(sum(chunks), 0)::bigint FROM lexical_total);

-- name: find_unembedded
SELECT chunk.chunk_id, document.title, chunk.ordinal, chunk.body, chunk.start_char, chunk.end_char,
    chunk.heading_path, chunk.page, chunk.anchor, chunk.tokens
FROM chunk
JOIN document USING (tenant_id, document_id)
WHERE NOT EXISTS (
    SELECT FROM embedding
    WHERE embedding.tenant_id = chunk.tenant_id AND embedding.chunk_id = chunk.chunk_id
        AND embedding.model_id = {model}
) AND chunk.tenant_id = %(tenant)s AND chunk.chunk_id > %(after)s
ORDER BY chunk.chunk_id
LIMIT %(limit)s;

-- name: find_any_unembedded
SELECT FROM chunk
WHERE NOT EXISTS (
    SELECT FROM embedding
    WHERE embedding.tenant_id = chunk.tenant_id AND embedding.chunk_id = chunk.chunk_id
        AND embedding.model_id = {model}
)
LIMIT 1;

-- name: find_groups
SELECT chunk.chunk_id, access_group.group_id
FROM chunk
JOIN access_group ON access_group.tenant_id = chunk.tenant_id
    AND access_group.source_id = chunk.source_id AND access_group.audience = chunk.audience
WHERE chunk.tenant_id = %(tenant)s AND chunk.chunk_id = ANY(%(chunks)s::bigint[])
    AND NOT EXISTS (
        SELECT FROM embedding
        WHERE embedding.tenant_id = chunk.tenant_id AND embedding.chunk_id = chunk.chunk_id
            AND embedding.model_id = {model}
    );

-- name: list_inactive_models
SELECT model_id, name FROM embedding_model
WHERE model_id NOT IN (SELECT model_id FROM active_model) AND EXISTS (SELECT FROM active_model)
ORDER BY model_id;

-- name: delete_some_embeddings
DELETE FROM embedding
WHERE model_id = {model} AND ctid = ANY(ARRAY(
    SELECT ctid FROM embedding WHERE model_id = {model} LIMIT 5000
));

-- name: remove_model
DELETE FROM embedding_model WHERE model_id = {model};

-- name: add_halfvec_index_quietly
CREATE INDEX CONCURRENTLY IF NOT EXISTS embedding_nearest_{model} ON embedding
    USING hnsw ((passage::halfvec({dimensions})) halfvec_ip_ops)
    WITH (m = 24, ef_construction = 128) WHERE model_id = {model};

-- name: add_binary_index_quietly
CREATE INDEX CONCURRENTLY IF NOT EXISTS embedding_nearest_{model} ON embedding
    USING hnsw (
        (binary_quantize(passage::halfvec({dimensions}))::bit({dimensions})) bit_hamming_ops
    ) WHERE model_id = {model};

-- name: drop_vector_index_quietly
DROP INDEX CONCURRENTLY IF EXISTS embedding_nearest_{model};

-- name: find_partitioning
SELECT relkind = 'p' FROM pg_class WHERE oid = 'embedding'::regclass;

-- name: index_is_whole
SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('embedding_nearest_{model}');

-- name: describe_tenant
SELECT coalesce(total.chunks, 0), coalesce(total.documents, 0),
    (SELECT count(*) FROM embedding
     WHERE embedding.tenant_id = %(tenant)s AND model_id = {model})
FROM (SELECT) AS always
LEFT JOIN lexical_total AS total ON total.tenant_id = %(tenant)s;

-- name: read_scope
SELECT group_id, chunks,
    access_group.audience && %(readers)s::text[]
        AND (%(sources)s::text[] IS NULL OR name = ANY(%(sources)s::text[])) AS visible,
    name, config -> 'authority',
    (SELECT reltuples::bigint FROM pg_class WHERE oid = 'embedding'::regclass) AS embeddings
FROM access_group JOIN source USING (tenant_id, source_id)
WHERE tenant_id = %(tenant)s AND chunks > 0;

-- name: list_visible_sources
SELECT DISTINCT name
FROM access_group JOIN source USING (tenant_id, source_id)
WHERE tenant_id = %(tenant)s AND chunks > 0 AND access_group.audience && %(readers)s::text[]
    AND (%(sources)s::text[] IS NULL OR name = ANY(%(sources)s::text[]));

-- name: read_statistics
SELECT total.chunks, total.chunk_length, total.documents, total.document_length, found.*
FROM lexical_total AS total
CROSS JOIN (
    SELECT array_agg(term), array_agg(chunks), array_agg(documents) FROM lexical_term
    WHERE tenant_id = %(tenant)s AND term = ANY(%(terms)s::integer[])
) AS found
WHERE tenant_id = %(tenant)s;

-- name: find_nearest_by_index
SELECT chunk_id
FROM embedding
WHERE tenant_id = %(tenant)s AND model_id = {model}
    AND group_id = ANY(%(groups)s::integer[])
ORDER BY passage::halfvec({dimensions}) <#> %(vector)s::halfvec({dimensions})
LIMIT %(limit)s;

-- name: find_nearest_by_code
SELECT chunk_id
FROM (
    SELECT chunk_id, passage
    FROM embedding
    WHERE tenant_id = %(tenant)s AND model_id = {model}
        AND group_id = ANY(%(groups)s::integer[])
    ORDER BY binary_quantize(passage::halfvec({dimensions}))::bit({dimensions})
        <~> binary_quantize(%(vector)s::halfvec({dimensions}))
    LIMIT %(coarse)s
) AS coarse
ORDER BY passage <#> %(vector)s::halfvec({dimensions}), chunk_id
LIMIT %(limit)s;

-- name: find_nearest_exactly
SELECT chunk_id
FROM embedding
WHERE tenant_id = %(tenant)s AND model_id = {model}
    AND group_id = ANY(%(groups)s::integer[])
ORDER BY (passage <#> %(vector)s::halfvec({dimensions})) + 0, chunk_id
LIMIT %(limit)s;

-- name: count_dated
SELECT count(*) FROM document
WHERE tenant_id = %(tenant)s
    AND modified_at >= coalesce(%(since)s::timestamptz, '-infinity')
    AND modified_at < coalesce(%(until)s::timestamptz, 'infinity');

-- name: find_nearest_dated_by_index
-- A subquery that yields a value is never turned into a join, so the walk through the graph stays,
-- whatever the planner believes of the dates.
SELECT chunk_id
FROM embedding
WHERE tenant_id = %(tenant)s AND model_id = {model}
    AND group_id = ANY(%(groups)s::integer[])
    AND (
        SELECT modified_at >= coalesce(%(since)s::timestamptz, '-infinity')
            AND modified_at < coalesce(%(until)s::timestamptz, 'infinity')
        FROM chunk JOIN document USING (tenant_id, document_id)
        WHERE chunk.tenant_id = embedding.tenant_id AND chunk.chunk_id = embedding.chunk_id
    )
ORDER BY passage::halfvec({dimensions}) <#> %(vector)s::halfvec({dimensions})
LIMIT %(limit)s;

-- name: find_nearest_dated_by_code
SELECT chunk_id
FROM (
    SELECT chunk_id, passage
    FROM embedding
    WHERE tenant_id = %(tenant)s AND model_id = {model}
        AND group_id = ANY(%(groups)s::integer[])
        AND (
            SELECT modified_at >= coalesce(%(since)s::timestamptz, '-infinity')
                AND modified_at < coalesce(%(until)s::timestamptz, 'infinity')
            FROM chunk JOIN document USING (tenant_id, document_id)
            WHERE chunk.tenant_id = embedding.tenant_id AND chunk.chunk_id = embedding.chunk_id
        )
    ORDER BY binary_quantize(passage::halfvec({dimensions}))::bit({dimensions})
        <~> binary_quantize(%(vector)s::halfvec({dimensions}))
    LIMIT %(coarse)s
) AS coarse
ORDER BY passage <#> %(vector)s::halfvec({dimensions}), chunk_id
LIMIT %(limit)s;

-- name: find_nearest_dated_exactly
SELECT embedding.chunk_id
FROM document
JOIN chunk USING (tenant_id, document_id)
JOIN embedding USING (tenant_id, chunk_id)
WHERE document.tenant_id = %(tenant)s AND model_id = {model}
    AND modified_at >= coalesce(%(since)s::timestamptz, '-infinity')
    AND modified_at < coalesce(%(until)s::timestamptz, 'infinity')
    AND group_id = ANY(%(groups)s::integer[])
ORDER BY (passage <#> %(vector)s::halfvec({dimensions})) + 0, embedding.chunk_id
LIMIT %(limit)s;

-- name: find_matching
SELECT lexical_chunk.chunk_id
FROM lexical_chunk
WHERE tenant_id = %(tenant)s AND terms && %(any_of)s::integer[]
    AND group_id = ANY(%(groups)s::integer[])
ORDER BY weights <#> %(weights)s::sparsevec, chunk_id
LIMIT %(limit)s;

-- name: find_matching_dated
SELECT chunk_id
FROM lexical_chunk
WHERE tenant_id = %(tenant)s AND terms && %(any_of)s::integer[]
    AND group_id = ANY(%(groups)s::integer[])
    AND (
        SELECT modified_at >= coalesce(%(since)s::timestamptz, '-infinity')
            AND modified_at < coalesce(%(until)s::timestamptz, 'infinity')
        FROM document
        WHERE document.tenant_id = lexical_chunk.tenant_id
            AND document.document_id = lexical_chunk.document_id
    )
ORDER BY weights <#> %(weights)s::sparsevec, chunk_id
LIMIT %(limit)s;

-- name: find_matching_phrases
SELECT lexical_chunk.chunk_id
FROM lexical_chunk
JOIN chunk USING (tenant_id, chunk_id)
JOIN document ON document.tenant_id = chunk.tenant_id
    AND document.document_id = chunk.document_id
WHERE lexical_chunk.tenant_id = %(tenant)s AND lexical_chunk.terms @> %(all_of)s::integer[]
    AND (SELECT bool_and(
            strpos(lower(document.title || E'\n' || chunk.body), lower(phrase)) > 0
        ) FROM unnest(%(phrases)s::text[]) AS phrase)
    AND lexical_chunk.group_id = ANY(%(groups)s::integer[])
    AND (%(since)s::timestamptz IS NULL OR modified_at >= %(since)s::timestamptz)
    AND (%(until)s::timestamptz IS NULL OR modified_at < %(until)s::timestamptz)
ORDER BY lexical_chunk.weights <#> %(weights)s::sparsevec, lexical_chunk.chunk_id
LIMIT %(limit)s;

-- name: weigh
SELECT array_agg(lexical_chunk.chunk_id),
    array_agg((-(embedding.passage <#> %(vector)s::halfvec({dimensions})))::real),
    array_agg((-(lexical_chunk.weights <#> %(weights)s::sparsevec))::real)
FROM lexical_chunk
LEFT JOIN embedding ON embedding.tenant_id = lexical_chunk.tenant_id
    AND embedding.chunk_id = lexical_chunk.chunk_id AND embedding.model_id = {model}
WHERE lexical_chunk.tenant_id = %(tenant)s
    AND lexical_chunk.chunk_id = ANY(%(chunks)s::bigint[])
    AND lexical_chunk.group_id = ANY(%(groups)s::integer[]);

-- What is read closely comes as a few rows of long values: a row for each chunk would reach the
-- client in many small packets, and values of more than 128 kB cost the server more in fresh memory
-- than in reading. Every aggregate of a row sees the chunks in the same order.

-- name: load_candidates
SELECT array_agg(lexical_chunk.chunk_id), array_agg(lexical_chunk.document_id),
    array_agg(lexical_chunk.title_length),
    array_agg(cardinality(lexical_chunk.terms)),
    string_agg(substr(array_send(lexical_chunk.terms), 21), ''),
    array_agg(embedding.passage IS NOT NULL),
    coalesce(string_agg(substr(halfvec_send(embedding.passage), 5), ''), ''),
    array_agg(coalesce(octet_length(embedding.sentences), 0)),
    coalesce(string_agg(embedding.sentences, ''), ''),
    array_agg(coalesce(embedding.token_bytes, 0)),
    array_agg(coalesce(octet_length(embedding.tokens), 0)),
    coalesce(string_agg(embedding.tokens, '') FILTER (WHERE %(with_tokens)s), '')
FROM unnest(%(chunks)s::bigint[]) WITH ORDINALITY AS wanted (chunk_id, place)
JOIN lexical_chunk ON lexical_chunk.tenant_id = %(tenant)s
    AND lexical_chunk.chunk_id = wanted.chunk_id
    AND lexical_chunk.group_id = ANY(%(groups)s::integer[])
LEFT JOIN embedding ON embedding.tenant_id = lexical_chunk.tenant_id
    AND embedding.chunk_id = lexical_chunk.chunk_id AND embedding.model_id = {model}
GROUP BY wanted.place / 4;

-- name: load_document_counts
SELECT array_agg(document_id), array_agg(length), array_agg(cardinality(terms)),
    string_agg(substr(array_send(terms), 21), ''), string_agg(frequencies, '')
FROM lexical_document
WHERE tenant_id = %(tenant)s AND document_id IN (
    SELECT document_id FROM lexical_chunk
    WHERE tenant_id = %(tenant)s AND chunk_id = ANY(%(chunks)s::bigint[])
        AND group_id = ANY(%(groups)s::integer[])
);

-- name: load_passages
SELECT chunk.chunk_id, chunk.document_id, source.name, document.title, document.url, chunk.body,
    chunk.start_char, chunk.end_char, chunk.heading_path, chunk.page, chunk.anchor, chunk.ordinal,
    document.modified_at, document.synced_at
FROM chunk
JOIN document USING (tenant_id, document_id)
JOIN source ON source.tenant_id = chunk.tenant_id AND source.source_id = chunk.source_id
WHERE chunk.tenant_id = %(tenant)s AND chunk.chunk_id = ANY(%(chunks)s::bigint[])
    AND chunk.audience && %(readers)s::text[]
    AND (%(sources)s::text[] IS NULL OR source.name = ANY(%(sources)s::text[]));

-- name: load_widened
SELECT hit.chunk_id, hit.document_id, source.name, document.title, document.url,
    substr(document.body, wide.start_char + 1, wide.end_char - wide.start_char),
    wide.start_char, wide.end_char, hit.heading_path, hit.page, hit.anchor, hit.ordinal,
    document.modified_at, document.synced_at
FROM chunk AS hit
JOIN document USING (tenant_id, document_id)
JOIN source ON source.tenant_id = hit.tenant_id AND source.source_id = hit.source_id
CROSS JOIN LATERAL (
    SELECT min(start_char) AS start_char, max(end_char) AS end_char
    FROM chunk
    WHERE chunk.tenant_id = hit.tenant_id AND chunk.document_id = hit.document_id
        AND chunk.ordinal BETWEEN hit.ordinal - %(reach)s AND hit.ordinal + %(reach)s
) AS wide
WHERE hit.tenant_id = %(tenant)s AND hit.chunk_id = ANY(%(chunks)s::bigint[])
    AND hit.audience && %(readers)s::text[]
    AND (%(sources)s::text[] IS NULL OR source.name = ANY(%(sources)s::text[]));

-- name: load_neighbours
SELECT chunk.chunk_id, chunk.document_id, source.name, document.title, document.url, chunk.body,
    chunk.start_char, chunk.end_char, chunk.heading_path, chunk.page, chunk.anchor, chunk.ordinal,
    document.modified_at, document.synced_at
FROM chunk AS hit
JOIN chunk ON chunk.tenant_id = hit.tenant_id AND chunk.document_id = hit.document_id
    AND chunk.ordinal BETWEEN hit.ordinal - %(before)s AND hit.ordinal + %(after)s
JOIN document ON document.tenant_id = chunk.tenant_id AND document.document_id = chunk.document_id
JOIN source ON source.tenant_id = chunk.tenant_id AND source.source_id = chunk.source_id
WHERE hit.tenant_id = %(tenant)s AND hit.chunk_id = %(chunk)s
    AND chunk.audience && %(readers)s::text[]
    AND (%(sources)s::text[] IS NULL OR source.name = ANY(%(sources)s::text[]))
ORDER BY chunk.ordinal;

-- name: list_topics
WITH latest AS (
    SELECT document.document_id, document.title, source.name
    FROM document
    JOIN source USING (tenant_id, source_id)
    WHERE document.tenant_id = %(tenant)s AND document.audience && %(readers)s
      AND source.kind <> ALL (%(without)s)
    ORDER BY document.document_id DESC
    LIMIT %(limit)s
), sections AS (
    SELECT latest.*, chunk.ordinal,
           coalesce(nullif(heading_path[1], latest.title), heading_path[2], '') AS heading
    FROM latest
    JOIN chunk ON chunk.tenant_id = %(tenant)s AND chunk.document_id = latest.document_id
)
SELECT name AS source, title, heading
FROM sections
GROUP BY document_id, name, title, heading
ORDER BY document_id DESC, min(ordinal);

-- Documents are looked for readership by readership, so that none is looked at that may not be read.

-- name: outline_sources
SELECT name, kind, looked_at.document_id, looked_at.title
FROM source
LEFT JOIN LATERAL (
    SELECT found.*
    FROM (
        SELECT audience FROM access_group
        WHERE access_group.tenant_id = source.tenant_id
            AND access_group.source_id = source.source_id
            AND access_group.audience && %(readers)s::text[]
        ORDER BY chunks DESC, group_id
        LIMIT %(limit)s
    ) AS readership
    CROSS JOIN LATERAL (
        SELECT document_id, title FROM document
        WHERE document.tenant_id = source.tenant_id AND document.source_id = source.source_id
            AND document.audience = readership.audience
        ORDER BY document_id
        LIMIT %(limit)s
    ) AS found
    WHERE source.kind <> ALL (%(without)s::text[])
    ORDER BY document_id
    LIMIT %(limit)s
) AS looked_at ON true
WHERE tenant_id = %(tenant)s
    AND (%(sources)s::text[] IS NULL OR name = ANY(%(sources)s::text[]))
    AND EXISTS (
        SELECT FROM access_group
        WHERE access_group.tenant_id = source.tenant_id
            AND access_group.source_id = source.source_id AND access_group.chunks > 0
            AND access_group.audience && %(readers)s::text[]
    )
ORDER BY name, looked_at.document_id;

-- name: outline_documents
SELECT source.name, coalesce(nullif(heading_path[1], title), heading_path[2]) AS heading
FROM document
JOIN source USING (tenant_id, source_id)
JOIN chunk USING (tenant_id, document_id)
WHERE document.tenant_id = %(tenant)s AND document_id = ANY(%(documents)s::bigint[])
    AND document.audience && %(readers)s::text[] AND heading_path <> '{{}}'
GROUP BY source.name, document_id, heading
ORDER BY document_id, min(ordinal);
