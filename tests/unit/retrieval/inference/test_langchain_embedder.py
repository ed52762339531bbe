import pytest
from langchain_core.embeddings import Embeddings

from retrieval.errors import EmbeddingFailed
from retrieval.inference.langchain_embedder import LangChainEmbedder


class ScriptedEmbeddings(Embeddings):
    """Answers every text with the vectors it is given, or raises the error it is given."""

    def __init__(self, *rows: list[float], error: Exception | None = None) -> None:
        self.rows = list(rows)
        self.error = error

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        if self.error is not None:
            raise self.error
        return self.rows

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


@pytest.mark.parametrize("name", ["", "text-embedding-3-small", ":x", "openai:"])
async def test_a_name_without_provider_or_model_is_told(name: str) -> None:
    with pytest.raises(EmbeddingFailed, match="give it as provider:model"):
        await LangChainEmbedder.connect(name)


async def test_an_unknown_provider_is_told() -> None:
    with pytest.raises(EmbeddingFailed, match="'nobody:x' cannot be opened: .*'nobody'") as caught:
        await LangChainEmbedder.connect("nobody:x")
    assert isinstance(caught.value.__cause__, ValueError)


async def test_a_missing_package_is_told() -> None:
    with pytest.raises(EmbeddingFailed, match="pip install langchain-cohere"):
        await LangChainEmbedder.connect("cohere:embed-v4")


async def test_the_dimensions_are_asked_for() -> None:
    embedder = await LangChainEmbedder.probe(ScriptedEmbeddings([3.0, 4.0]), "test:two")
    assert (embedder.model.name, embedder.model.dimensions) == ("test:two", 2)
    assert (await embedder.embed_query("x")).tolist() == pytest.approx([0.6, 0.8])


async def test_a_model_that_fails_is_told() -> None:
    embeddings = ScriptedEmbeddings([1.0])
    embedder = await LangChainEmbedder.probe(embeddings, "test:one")
    embeddings.error = TimeoutError("took too long\nsecond line")
    for call in (embedder.embed_query("x"), embedder.embed_passages(["x"])):
        with pytest.raises(EmbeddingFailed, match="'test:one' did not answer: took too long$"):
            await call
    with pytest.raises(EmbeddingFailed):
        await LangChainEmbedder.probe(embeddings, "test:one")


@pytest.mark.parametrize(
    "rows", [[[1.0, 2.0, 3.0]], [[1.0, 2.0]] * 2, [[1.0], [1.0, 2.0]], [[float("nan"), 1.0]], []]
)
async def test_vectors_of_another_shape_are_refused(rows: list[list[float]]) -> None:
    embeddings = ScriptedEmbeddings([1.0, 2.0])
    embedder = await LangChainEmbedder.probe(embeddings, "test:two")
    embeddings.rows = rows
    with pytest.raises(EmbeddingFailed, match="'test:two' answered with"):
        await embedder.embed_passages(["x"])


async def test_a_vector_of_zeros_stays_finite() -> None:
    embedder = await LangChainEmbedder.probe(ScriptedEmbeddings([0.0, 0.0]), "test:two")
    assert (await embedder.embed_query("x")).tolist() == [0.0, 0.0]
