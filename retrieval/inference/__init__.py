"""Models that run in this process: embedding, token vectors, reranking."""
