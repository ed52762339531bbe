"""The models that the settings name: for embeddings, for reranking, and for answers."""

from pathlib import Path

from agents.config import AgentConfig
from agents.llm.chat_model import ChatModelBrain
from agents.llm.citation_judge import ChatModelJudge
from agents.llm.eyes import ChatModelEyes, can_see
from agents.llm.models import CallPolicy, open_model, open_models
from agents.ports import Brain, Eyes, SourceGuide, SupportJudge
from bot.errors import SettingsInvalid
from bot.settings import Settings
from retrieval.inference.embedder import MiniLmEmbedder
from retrieval.inference.langchain_embedder import LangChainEmbedder
from retrieval.inference.listwise_reranker import ListwiseReranker
from retrieval.inference.minilm import MiniLm
from retrieval.inference.minilm_graph import Precision
from retrieval.inference.onnx_cross_encoder import OnnxCrossEncoderReranker
from retrieval.inference.reranker import CrossEncoderReranker, MaxSimReranker
from retrieval.ports import Embedder, Reranker, TokenEmbedder

BUILT_IN_EMBEDDINGS = "builtin:all-MiniLM-L6-v2"


async def build_embedder(spec: str) -> Embedder:
    """An embedding model, as Settings.embedding_spec names it. Raises EmbeddingFailed."""
    name, _, precision = spec.partition("/")
    if name == BUILT_IN_EMBEDDINGS:
        return MiniLmEmbedder(MiniLm(Precision(precision or Precision.FP32)))
    if spec.startswith("builtin:"):
        raise SettingsInvalid(f"The built-in embedding model is {BUILT_IN_EMBEDDINGS}.")
    return await LangChainEmbedder.connect(spec)


def build_reranker(settings: Settings, embedder: Embedder) -> Reranker | None:
    """The reranker of the settings. Raises SettingsInvalid, EmbeddingFailed."""
    kind, _, name = settings.reranker.partition(":")
    match kind:
        case "none":
            return None
        case "maxsim":
            # A search compares the token vectors that the store keeps, where the embedder has any.
            return None if isinstance(embedder, TokenEmbedder) else MaxSimReranker(MiniLmEmbedder())
        case "onnx" if name:
            return OnnxCrossEncoderReranker(Path(name).expanduser())
        case "cross-encoder" if name:
            return CrossEncoderReranker(name)
        case "llm" if name or settings.chat_models:
            model = name or settings.chat_models[0]
            return ListwiseReranker(open_model(model), model)
        case _:
            raise SettingsInvalid(
                "FOOTNOTE_RERANKER should be maxsim, none, onnx:FOLDER, cross-encoder:MODEL, "
                "llm:PROVIDER:MODEL, or llm where FOOTNOTE_CHAT_MODEL is set."
            )


def build_agent_config(settings: Settings) -> AgentConfig:
    """The bounds of a run of the agent."""
    return AgentConfig(
        seconds=settings.answer_seconds,
        reserve_seconds=min(AgentConfig().reserve_seconds, settings.answer_seconds / 2),
        max_tokens=settings.answer_tokens,
        max_cost=settings.answer_cost,
        prices=settings.prices,
        judge_all=settings.citation_judge_reads == "all",
    )


def build_brain(settings: Settings, sources: SourceGuide | None = None) -> Brain | None:
    """The chat models of the settings, None where there are none. Raises UnknownModel."""
    if not settings.chat_models:
        return None
    policy = _call_policy(settings)
    planners = open_models(settings.planner_models, policy) if settings.planner_models else None
    writers = open_models(settings.chat_models, policy)
    return ChatModelBrain(writers, planners, sources=sources)


def build_judge(settings: Settings) -> SupportJudge | None:
    """The chat models that judge citations, None where there are none. Raises UnknownModel."""
    if not settings.citation_judges:
        return None
    return ChatModelJudge(open_models(settings.citation_judges, _call_policy(settings)))


def build_eyes(settings: Settings) -> Eyes | None:
    """What looks at images that come with questions: the chat models, where they can see."""
    if not settings.chat_models or settings.chat_model_sees == "no":
        return None
    models = open_models(settings.chat_models, _call_policy(settings))
    return ChatModelEyes(models) if settings.chat_model_sees == "yes" or can_see(models) else None


def _call_policy(settings: Settings) -> CallPolicy:
    config = build_agent_config(settings)
    return CallPolicy(
        retries=config.retries,
        breaker_failures=config.breaker_failures,
        breaker_seconds=config.breaker_seconds,
    )
