"""What admins type for services, and what is stored of it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from retrieval.errors import InvalidSource
from retrieval.model import Source, SourceId, TenantId
from retrieval.sources.addresses import AddressPolicy
from retrieval.sources.confluence import read_confluence_settings
from retrieval.sources.discord import read_discord_settings
from retrieval.sources.github import read_github_settings
from retrieval.sources.github_wiki import find_web_url
from retrieval.sources.google_drive import read_google_drive_settings
from retrieval.sources.http import open_http_client
from retrieval.sources.notion import read_notion_settings
from retrieval.sources.registry import check_config, open_connector, split_secrets
from retrieval.sources.slack import read_slack_settings
from retrieval.sources.surroundings import Account, Surroundings

NOTION_PAGE = "https://www.notion.so/Handbook-1f0e000000004000800000000000000a"
FOLDER = "https://drive.google.com/drive/folders/1AbC_dEf-0123456789?usp=sharing"


@pytest.fixture(scope="module")
def key() -> str:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "client_email": "reader@acme.example",
        "private_key": private.decode(),
        "token_uri": "https://oauth2.example.com/token",
    }
    return json.dumps(account, indent=2)


@pytest.mark.parametrize(
    ("kind", "config", "words"),
    [
        ("github", {}, "needs repository"),
        ("github", {"repository": "acme"}, "owner/name"),
        ("github", {"repository": "acme/.."}, "owner/name"),
        ("github", {"repository": "acme/app", "contents": "code"}, "code is none of"),
        ("github", {"repository": "acme/app", "contents": "discussions"}, "token"),
        ("github", {"repository": "acme/app", "api_url": "ftp://x"}, "api_url"),
        ("confluence", {"site": "acme.atlassian.net"}, "needs space"),
        (
            "confluence",
            {"site": "acme", "space": "ENG", "email": "a@b.example", "token": "t"},
            "https://",
        ),
        ("notion", {"pages": NOTION_PAGE}, "needs token"),
        ("notion", {"pages": "https://www.notion.so/Handbook", "token": "t"}, "Copy its link"),
        ("slack", {"channels": "#general"}, "C0123456789"),
        ("slack", {"channels": "C0123456789", "since": "yesterday"}, "2025-01-31"),
        ("discord", {"channels": "general"}, "digits"),
        ("drive", {"folder": FOLDER}, "needs key"),
        ("drive", {"folder": "my folder", "key": "{}"}, "Copy its address"),
        ("drive", {"folder": FOLDER, "key": "{}"}, "no key"),
        ("drive", {"folder": FOLDER, "key": "not json"}, "no key"),
    ],
)
def test_bad_settings_are_refused_with_words_that_mend_them(
    kind: str, config: dict[str, object], words: str
) -> None:
    with pytest.raises(InvalidSource, match=words):
        check_config(kind, config)


def test_addresses_are_taken_as_people_copy_them(key: str) -> None:
    github = read_github_settings({"repository": "https://github.com/acme/app/"})
    assert (github.repository, github.contents) == ("acme/app", ("issues",))
    given = {"email": "a@b.example", "space": "ENG", "token": "t"}
    confluence = read_confluence_settings({"site": "https://acme.atlassian.net/wiki/", **given})
    assert confluence.site == "https://acme.atlassian.net"
    notion = read_notion_settings({"pages": f"{NOTION_PAGE}?pvs=4, {NOTION_PAGE}", "token": "t"})
    assert notion.roots == ("1f0e0000-0000-4000-8000-00000000000a",) * 2
    drive = read_google_drive_settings({"folder": FOLDER, "key": key})
    assert (drive.folder, drive.account.email) == ("1AbC_dEf-0123456789", "reader@acme.example")


def test_a_token_opens_the_discussions() -> None:
    settings = read_github_settings({"repository": "acme/app", "token": "t"})
    assert settings.contents == ("issues", "discussions")


@pytest.mark.parametrize(
    ("api_url", "web_url"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://api.acme.ghe.com", "https://acme.ghe.com"),
        ("https://github.example.com/api/v3", "https://github.example.com"),
        ("https://api.example.com:8443/api/v3/", "https://api.example.com:8443"),
    ],
)
def test_a_wiki_lies_where_people_read_the_repository(api_url: str, web_url: str) -> None:
    assert find_web_url(api_url) == web_url


def test_channels_are_read_with_the_bots_own_token_or_another() -> None:
    own = Account("https://slack.example/api/", "own")
    link = "https://acme.slack.com/archives/C0ABCDEF00"
    settings = read_slack_settings({"channels": f"C0123456789, {link}"}, own)
    assert settings.channels == ("C0123456789", "C0ABCDEF00")
    assert (settings.token, settings.api_url) == ("own", "https://slack.example/api/")
    other = read_slack_settings(
        {"channels": "C0123456789", "token": "other", "since": "2025-01-31"}, own
    )
    assert (other.token, other.since) == ("other", datetime(2025, 1, 31, tzinfo=UTC))
    discord = read_discord_settings({"channels": "https://discord.com/channels/12/129"}, own)
    assert (discord.channels, discord.token) == (("129",), "own")


async def test_without_any_token_a_channel_cannot_be_opened(tmp_path: Path) -> None:
    policy = AddressPolicy()
    async with open_http_client(policy) as http:
        around = Surroundings(http, tmp_path, policy)
        for kind, channel in [("slack", "C0123456789"), ("discord", "129")]:
            config = check_config(kind, {"channels": channel})
            source = Source(TenantId("t"), SourceId(1), "chat", kind, config)
            with pytest.raises(InvalidSource, match="token"):
                open_connector(source, around)
            own = {kind: Account("https://api.example", "own")}
            assert open_connector(source, Surroundings(http, tmp_path, policy, own))


async def test_every_service_opens_with_what_was_stored(tmp_path: Path, key: str) -> None:
    policy = AddressPolicy()
    given: dict[str, dict[str, object]] = {
        "github": {"repository": "acme/app", "token": "geheim"},
        "confluence": {
            "site": "https://acme.atlassian.net", "space": "ENG", "email": "a@b.example",
            "token": "geheim",
        },
        "notion": {"pages": NOTION_PAGE, "token": "geheim"},
        "slack": {"channels": "C0123456789", "token": "geheim"},
        "discord": {"channels": "129", "token": "geheim"},
        "drive": {"folder": FOLDER, "key": key},
    }  # fmt: skip
    async with open_http_client(policy) as http:
        for kind, config in given.items():
            shown, secrets = split_secrets(kind, check_config(kind, config))
            assert secrets
            assert "geheim" not in str(shown)
            assert "private_key" not in str(shown)
            source = Source(TenantId("t"), SourceId(1), "it", kind, shown)
            connector = open_connector(source, Surroundings(http, tmp_path, policy), secrets)
            assert "geheim" not in repr(getattr(connector, "_settings", connector))
