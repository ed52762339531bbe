"""Settings: answers, and how many there may be."""

from pydantic import Field

from bot.model import Bounds
from bot.settings.base import SettingsGroup


class AnsweringSettings(SettingsGroup):
    """How answers are made."""

    answer_seconds: float = Field(
        60.0,
        alias="FOOTNOTE_ANSWER_SECONDS",
        gt=0,
        le=600,
        description="How long one answer may take at most, in seconds.",
    )
    search_seconds: float = Field(
        20.0,
        alias="FOOTNOTE_SEARCH_SECONDS",
        gt=0,
        le=600,
        description="How long one search may take at most, in seconds. A reranker that is not done "
        "by then is done without; where the database is not, people are told so.",
    )
    answer_tokens: int = Field(
        60_000,
        alias="FOOTNOTE_ANSWER_TOKENS",
        gt=0,
        description="How many tokens chat models may read and write for one answer.",
    )
    answer_cost: float | None = Field(
        None,
        alias="FOOTNOTE_ANSWER_COST",
        gt=0,
        description="What chat models may cost for one answer, in US dollars; the "
        "models' prices have to be known (`FOOTNOTE_MODEL_PRICES`). Empty: no bound.",
    )
    persona: str = Field(
        "",
        alias="FOOTNOTE_PERSONA",
        description="House style of answers that a chat model writes, in words, such as `address "
        "people informally`.",
    )
    remit: str = Field(
        "",
        alias="FOOTNOTE_REMIT",
        description="What the bot answers, in words, such as `questions about our products`; "
        "anything else is declined. Empty: whatever the documents hold.",
    )
    language: str = Field(
        "",
        alias="FOOTNOTE_LANGUAGE",
        pattern="^([a-z]{2})?$",
        description="Language of answers where neither the channel nor the person chose one, as a "
        "two-letter code such as `de`. Empty: the question's.",
    )
    freshness_days: int | None = Field(
        None,
        alias="FOOTNOTE_FRESHNESS_DAYS",
        gt=0,
        description="An answer whose newest source is older than so many days carries a warning.",
    )


class LimitSettings(SettingsGroup):
    """How much may be asked and spent."""

    person_questions: int = Field(
        20,
        alias="FOOTNOTE_PERSON_QUESTIONS",
        ge=0,
        description="How many questions a person may ask in a minute; 0: no bound.",
    )
    channel_questions: int = Field(
        60,
        alias="FOOTNOTE_CHANNEL_QUESTIONS",
        ge=0,
        description="How many questions may be asked in a channel in a minute; 0: no bound.",
    )
    tenant_questions: int = Field(
        300,
        alias="FOOTNOTE_TENANT_QUESTIONS",
        ge=0,
        description="How many questions may be asked in a minute in all; 0: no bound.",
    )
    channel_day: int | None = Field(
        None,
        alias="FOOTNOTE_CHANNEL_DAY",
        gt=0,
        description="How many questions are answered in a channel in a day (UTC), where the "
        "channel does not say (`/channel set budget`). Empty: no bound.",
    )
    tenant_day: int | None = Field(
        None,
        alias="FOOTNOTE_TENANT_DAY",
        gt=0,
        description="How many questions are answered in a day (UTC) in all. Empty: no bound.",
    )
    channel_cost: float | None = Field(
        None,
        alias="FOOTNOTE_CHANNEL_COST",
        gt=0,
        description="What chat models may cost in a channel in a day (UTC), in US dollars; "
        "the models' prices have to be known (`FOOTNOTE_MODEL_PRICES`). When it is spent, "
        "answers are quoted from the documents, and say so. Empty: no bound.",
    )
    tenant_cost: float | None = Field(
        None,
        alias="FOOTNOTE_TENANT_COST",
        gt=0,
        description="What chat models may cost in a day (UTC) in all, as `FOOTNOTE_CHANNEL_COST`.",
    )
    queue_notice: int = Field(
        10,
        alias="FOOTNOTE_QUEUE_NOTICE",
        ge=1,
        description="From which number in the queue on people are told their number.",
    )
    queue_limit: int = Field(
        200,
        alias="FOOTNOTE_QUEUE_LIMIT",
        ge=0,
        description="How many questions may wait to be answered. Whoever asks beyond that is told "
        "when to ask again, and their question is dropped. 0: no bound.",
    )

    @property
    def bounds(self) -> Bounds:
        """How much may be asked and spent."""
        return Bounds(
            person=self.person_questions or None,
            channel=self.channel_questions or None,
            tenant=self.tenant_questions or None,
            tenant_day=self.tenant_day,
            channel_cost=self.channel_cost,
            tenant_cost=self.tenant_cost,
        )
