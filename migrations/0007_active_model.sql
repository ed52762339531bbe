-- The embedding model that searches and syncs use: one row. `spec` says how to load it.
CREATE TABLE active_model (
    only_one  boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    model_id  smallint NOT NULL REFERENCES embedding_model,
    spec      text NOT NULL,
    since     timestamptz NOT NULL DEFAULT now()
);
