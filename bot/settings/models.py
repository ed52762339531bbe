"""Settings: the models."""

from typing import Literal

from pydantic import Field, field_validator

from agents.config import Price
from agents.prices import list_prices, parse_prices
from bot.settings.base import SettingsGroup, split_names
from retrieval.lexical import Analyzer


class ModelSettings(SettingsGroup):
    """Models that embed, rank, plan and write."""

    embedding_model: str = Field(
        "builtin:all-MiniLM-L6-v2",
        alias="FOOTNOTE_EMBEDDING_MODEL",
        description="The embedding model: the built-in one (on this machine's CPU), or any "
        "LangChain embedding model as `provider:model`, such as `openai:text-embedding-3-small`. "
        "A database keeps the model that it began with until `footnote reindex` changes it.",
    )
    embedding_precision: Literal["fp32", "int8"] = Field(
        "fp32",
        alias="FOOTNOTE_EMBEDDING_PRECISION",
        description="How exactly the built-in embedding model computes: `fp32`, or `int8`, which "
        "is faster and slightly less exact. After a change, run `footnote reindex`.",
    )
    search_languages: str = Field(
        "english",
        alias="FOOTNOTE_SEARCH_LANGUAGES",
        description="Languages of the documents, whose stop words and endings the search knows, "
        "such as `english,german`; the commonest first. After a change, run "
        "`footnote sync all --full`.",
    )
    reranker: str = Field(
        "maxsim",
        alias="FOOTNOTE_RERANKER",
        description="How found passages are ranked again: `maxsim` (built in), `none`, "
        "`onnx:FOLDER` (a cross-encoder exported to ONNX), `cross-encoder:MODEL` (needs the extra "
        "`cross-encoder`), or `llm:PROVIDER:MODEL` (a chat model; `llm` alone takes the "
        "one that answers).",
    )
    chat_model: str | None = Field(
        None,
        alias="FOOTNOTE_CHAT_MODEL",
        description="The model that writes answers, as `provider:model`: `openai:…`, "
        "`anthropic:…`, `ollama:…` or any other that LangChain knows; several, comma-separated, "
        "are tried in turn. Empty: answers are quoted from the documents without any model.",
    )

    planner_model: str | None = Field(
        None,
        alias="FOOTNOTE_PLANNER_MODEL",
        description="The model that decides what to search for and whether what was found is "
        "enough; a small, quick one will do. Written as `FOOTNOTE_CHAT_MODEL`. Empty: the model "
        "that writes.",
    )
    citation_judge: str | None = Field(
        None,
        alias="FOOTNOTE_CITATION_JUDGE",
        description="A model that is asked, before an answer is posted, whether the cited passages "
        "bear its sentences, where comparing their words does not tell. Written as "
        "`FOOTNOTE_CHAT_MODEL`. Empty: their meaning is compared without a chat model.",
    )
    citation_judge_reads: Literal["doubtful", "all"] = Field(
        "doubtful",
        alias="FOOTNOTE_CITATION_JUDGE_READS",
        description="What that model is asked about: the `doubtful` sentences, or `all` that are "
        "not word for word in their passage.",
    )
    chat_model_sees: Literal["auto", "yes", "no"] = Field(
        "auto",
        alias="FOOTNOTE_CHAT_MODEL_SEES",
        description="Whether images that come with questions go to the model that answers. `auto`: "
        "where LangChain knows that it takes images.",
    )
    model_prices: str = Field(
        "",
        alias="FOOTNOTE_MODEL_PRICES",
        description="What chat models cost, in US dollars for a million tokens read and written: "
        "`openai:gpt-5-mini=0.25/2, ollama:llama3.1=0/0`. Models of OpenAI without a price here "
        "have their list price, as far as it is known. Without a model's price, what an answer "
        "costs is not known.",
    )

    @field_validator("search_languages")
    @classmethod
    def _know_the_languages(cls, value: str) -> str:
        try:
            Analyzer(split_names(value.lower()))
        except ValueError as error:
            raise ValueError(str(error)) from error
        return value

    @field_validator("embedding_model")
    @classmethod
    def _name_a_provider(cls, value: str) -> str:
        if ":" not in value:
            raise ValueError("should read provider:model, for instance builtin:all-MiniLM-L6-v2")
        return value

    @field_validator("model_prices")
    @classmethod
    def _read_as_prices(cls, value: str) -> str:
        parse_prices(value)
        return value

    @field_validator("chat_model", "planner_model", "citation_judge")
    @classmethod
    def _name_chat_providers(cls, value: str | None) -> str | None:
        for part in (value or "").split(","):
            if part.strip() and ":" not in part:
                raise ValueError("should read provider:model, for instance openai:gpt-5-mini")
        return value

    @property
    def embedding_spec(self) -> str:
        """The embedding model with its precision, where that is not the usual one."""
        exact = self.embedding_precision == "fp32" or not self.embedding_model.startswith("builtin")
        return self.embedding_model if exact else f"{self.embedding_model}/int8"

    @property
    def chat_models(self) -> tuple[str, ...]:
        """The chat models in the order in which they are tried."""
        return split_names(self.chat_model)

    @property
    def planner_models(self) -> tuple[str, ...]:
        """The models that plan in the order in which they are tried; none: those that write."""
        return split_names(self.planner_model)

    @property
    def citation_judges(self) -> tuple[str, ...]:
        """The models that judge citations in the order in which they are tried."""
        return split_names(self.citation_judge)

    @property
    def paid_models(self) -> frozenset[str]:
        """All that are asked for an answer and counted in its cost."""
        kind, _, ranking = self.reranker.partition(":")
        rankers = (ranking,) if kind == "llm" and ranking else ()
        return frozenset((*self.chat_models, *self.planner_models, *self.citation_judges, *rankers))

    @property
    def prices(self) -> dict[str, Price]:
        """What is known of models' prices, by their names; a price that is set goes first."""
        known = list_prices(self.paid_models)
        return known | parse_prices(self.model_prices)

    @property
    def analyzer(self) -> Analyzer:
        """How lexical search reads documents and queries."""
        return Analyzer(split_names(self.search_languages.lower()))
