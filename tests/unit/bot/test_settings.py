"""Settings are read once, checked, and explained when they are wrong."""

from pathlib import Path

import pytest

from agents.config import Price
from agents.model import AnswerSettings
from bot.errors import SettingsInvalid
from bot.settings import Settings, describe_settings, load_settings


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, _, _ in describe_settings():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_defaults_need_no_environment() -> None:
    settings = load_settings()
    assert settings.database_url is None
    assert settings.embedding_model == "builtin:all-MiniLM-L6-v2"
    assert settings.chat_models == ()


def test_lists_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_ADMINS", "slack:U1, discord:2 ,")
    monkeypatch.setenv("FOOTNOTE_CHAT_MODEL", "openai:a, anthropic:b")
    settings = load_settings()
    assert settings.admins == {"slack:U1", "discord:2"}
    assert settings.chat_models == ("openai:a", "anthropic:b")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLACK_BOT_TOKEN", "abc"),
        ("SLACK_APP_TOKEN", "xoxb-1"),
        ("DATABASE_URL", "mysql://x"),
        ("FOOTNOTE_ADMINS", "U123"),
        ("FOOTNOTE_WORKSPACES", "teams:1"),
        ("FOOTNOTE_CHAT_MODEL", "gpt"),
        ("FOOTNOTE_PLANNER_MODEL", "gpt"),
        ("FOOTNOTE_MODEL_PRICES", "openai:gpt"),
        ("FOOTNOTE_ANSWER_TOKENS", "0"),
        ("FOOTNOTE_LANGUAGE", "Deutsch"),
        ("FOOTNOTE_EMBEDDING_MODEL", "minilm"),
        ("FOOTNOTE_PORT", "99999"),
        ("FOOTNOTE_ANSWER_SECONDS", "-1"),
        ("FOOTNOTE_LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid, match=name) as caught:
        load_settings()
    assert "\n" not in str(caught.value)


def test_a_bound_on_cost_needs_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_CHAT_MODEL", "openai:large")
    monkeypatch.setenv("FOOTNOTE_PLANNER_MODEL", "openai:small")
    monkeypatch.setenv("FOOTNOTE_ANSWER_COST", "0.02")
    monkeypatch.setenv("FOOTNOTE_MODEL_PRICES", "openai:large=1/4")
    with pytest.raises(SettingsInvalid, match=r"no price of openai:small"):
        load_settings()
    monkeypatch.setenv("FOOTNOTE_MODEL_PRICES", "openai:large=1/4, openai:small=0.1/0.4")
    settings = load_settings()
    assert settings.prices == {"openai:large": Price(1, 4), "openai:small": Price(0.1, 0.4)}
    assert settings.planner_models == ("openai:small",)


@pytest.mark.parametrize(
    ("name", "value"),
    [("FOOTNOTE_CITATION_JUDGE", "openai:strict"), ("FOOTNOTE_RERANKER", "llm:openai:strict")],
)
def test_what_judges_or_ranks_needs_a_price_too(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("FOOTNOTE_CHAT_MODEL", "openai:gpt-5-mini")
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("FOOTNOTE_ANSWER_COST", "0.02")
    with pytest.raises(SettingsInvalid, match=r"no price of openai:strict"):
        load_settings()
    monkeypatch.setenv(name, value.replace("strict", "gpt-5-nano"))
    assert load_settings().prices.keys() == {"openai:gpt-5-mini", "openai:gpt-5-nano"}


def test_a_list_price_will_do_for_a_bound_on_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_CHAT_MODEL", "openai:gpt-5-mini")
    monkeypatch.setenv("FOOTNOTE_ANSWER_COST", "0.02")
    assert load_settings().prices == {"openai:gpt-5-mini": Price(0.25, 2)}
    monkeypatch.setenv("FOOTNOTE_MODEL_PRICES", "openai:gpt-5-mini=0.1/1")
    assert load_settings().prices == {"openai:gpt-5-mini": Price(0.1, 1)}


def test_how_to_answer_is_set_for_all_channels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_PERSONA", "Be brief.")
    monkeypatch.setenv("FOOTNOTE_REMIT", "questions on invoices")
    monkeypatch.setenv("FOOTNOTE_LANGUAGE", "de")
    monkeypatch.setenv("FOOTNOTE_FRESHNESS_DAYS", "90")
    expected = AnswerSettings("Be brief.", "questions on invoices", "de", 90)
    assert load_settings().channel.answering == expected


def test_a_wrong_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "very-secret-value")
    with pytest.raises(SettingsInvalid) as caught:
        load_settings()
    assert "very-secret-value" not in str(caught.value)


def test_a_bot_token_alone_cannot_receive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    with pytest.raises(SettingsInvalid, match="SLACK_APP_TOKEN"):
        load_settings()


def test_env_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("FOOTNOTE_PORT=1\nFOOTNOTE_HOST=0.0.0.0\n", encoding="utf-8")
    monkeypatch.setenv("FOOTNOTE_PORT", "2")
    settings = load_settings()
    assert (settings.port, settings.host) == (2, "0.0.0.0")


def test_every_setting_is_documented(repository: Path) -> None:
    page = (repository / "docs" / "settings.md").read_text(encoding="utf-8")
    for name, _, description in describe_settings():
        assert f"`{name}`" in page
        assert description.endswith(".")
        assert description.replace("|", "\\|") in page


def test_secrets_do_not_show_in_a_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "very-secret-value")
    assert "very-secret-value" not in repr(load_settings())
    assert "very-secret-value" not in str(Settings().model_dump())
